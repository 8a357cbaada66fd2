"""Follows the numbers of a document down to the values that were given, as far as a reader will go.

Each number is traced one equation deep and its inputs are linked onward; of very many inputs the first are shown.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tonne.engine.data.domain import Index
from tonne.engine.result.result import ROLES
from tonne.engine.result.trace import trace
from tonne.esg.document import Figure, Formula, Phrase, TraceEntry, TraceList, same
from tonne.esg.figures import ROUNDED, Figures, joined, shown_place, stored_amount
from tonne.esg.formulas import whole_formula
from tonne.esg.meters import correction_words
from tonne.esg.treatments import chosen, substituted
from tonne.esg.wording import COMMA, EVIDENCE, KINDS, METER, ORIGINS, SEMICOLON, TAKEN
from tonne.esg.wording import ROLES as ROLE_WORDS

MAX_ENTRIES = 3000
MAX_INPUTS = 40
MAX_METERS = 20

ESTIMATE = Phrase("事前估算减排量", "Estimated reductions")
DERIVED: Mapping[str, tuple[Phrase, Phrase]] = {
    "estimate": (ESTIMATE, Phrase("项目文件给定（ex_ante）", "given in the project file (ex_ante)")),
    "prorated": (
        Phrase("按天数折算的事前估算减排量", "Estimate for the days of the period"),
        Phrase(
            "该年估算值×核算期天数÷计入期天数",
            "estimate of the year × days of the period ÷ days of the crediting period",
        ),
    ),
    "sum": (ESTIMATE, Phrase("各年数值之和", "sum of the years")),
    "mean": (
        Phrase("年均减排量", "Mean yearly reductions"),
        Phrase("总量÷计入期年数", "total ÷ years of the crediting period"),
    ),
    "difference": (
        Phrase("与估算的差异", "Difference from the estimate"),
        Phrase("核算减排量−估算减排量", "achieved − estimated"),
    ),
    "percent": (
        Phrase("与估算的差异（%）", "Difference from the estimate, percent"),
        Phrase("差异÷估算减排量", "difference ÷ estimate"),
    ),
    "split": (
        Phrase("分时段减排量", "Reductions of a span of years"),
        Phrase("各年修约值之和", "sum of the rounded years"),
    ),
}
ROUNDED_FROM = Phrase("按修约规则由下列数值得到", "by the rounding rule from the value below")
SUM_OF_YEARS = Phrase("各年修约值之和", "sum of the rounded years")


def trace_list(figures: Figures, shown: Iterable[Figure]) -> TraceList:
    """Trace the figures that are shown, and what they were made of."""
    waiting = deque(dict.fromkeys(figure.id for figure in shown))
    entries: dict[str, TraceEntry] = {}
    while waiting and len(entries) < MAX_ENTRIES:
        id_ = waiting.popleft()
        if id_ not in entries:
            entries[id_] = _entry(figures, id_)
            waiting.extend(figure.id for figure in entries[id_].inputs if figure.id not in entries)
    names = dict.fromkeys(entry.quantity for entry in entries.values() if entry.quantity)
    symbols = {name: figures.symbol(name) for name in names}
    formulas: dict[str, Formula] = {name: whole_formula(figures, name) for name in names if name in figures.steps}
    return TraceList(tuple(entries.values()), symbols, formulas)


def _entry(figures: Figures, id_: str) -> TraceEntry:
    name, _, label = id_.partition("@")
    role = name.removesuffix(ROUNDED)
    if name.endswith(ROUNDED) and role in ROLES:
        return _rounded(figures, id_, role, label)
    if id_ in figures.derived:
        return _derived(figures, id_)
    index = figures.result.dataset.domain.parse(figures.result.plan.over(name), label) or ()
    return _computed(figures, id_, name, index)


def _rounded(figures: Figures, id_: str, role: str, year: str) -> TraceEntry:
    figure = figures.by_id(id_)
    result = figures.result
    outputs = result.methodology.spec.outputs
    name = getattr(outputs, role)
    inputs: tuple[Figure, ...] = ()
    if not year and len(result.years) > 1:
        inputs = tuple(figures.rounded(role, totals.year) for totals in result.years)
    elif name:
        label = year or result.years[0].year
        inputs = tuple(
            figures.value(name, index)
            for index in result.values[name]
            if result.dataset.domain.label(result.plan.over(name), index) == label
        )
    source = SUM_OF_YEARS if not year and len(result.years) > 1 else ROUNDED_FROM
    return TraceEntry(id_, "", ROLE_WORDS[role], figure.exact, figure.unit, source, (), inputs, 0)


def _derived(figures: Figures, id_: str) -> TraceEntry:
    number, figure = figures.derived[id_], figures.made(id_)
    inputs = tuple(figures.by_id(other) for other in number.inputs)
    name, source = DERIVED[number.kind]
    return TraceEntry(id_, "", name, figure.exact, figure.unit, source, (), inputs, 0)


def _computed(figures: Figures, id_: str, name: str, index: Index) -> TraceEntry:
    found = trace(figures.result, name, index, depth=1, most=MAX_INPUTS)
    figure = figures.value(name, index)
    domain, plan = figures.result.dataset.domain, figures.result.plan
    inputs = tuple(
        figures.value(item.quantity, domain.parse(plan.over(item.quantity), item.id.partition("@")[2]) or ())
        for item in found.inputs
    )
    origin = origin_rows(found.origin) if found.origin else ()
    return TraceEntry(
        id_,
        name,
        figures.name(name),
        figure.exact,
        figure.unit,
        _source(figures, name),
        origin,
        inputs,
        found.left_out,
    )


def _source(figures: Figures, name: str) -> Phrase:
    if name not in figures.result.methodology.quantities:
        return KINDS["option"]
    where = figures.where(name)
    evidence = figures.evidence(name)
    return joined((where, evidence), SEMICOLON) if where else evidence


def origin_rows(origin: Mapping[str, Any]) -> tuple[tuple[Phrase, Phrase], ...]:
    """Say where a given value comes from, in rows of a label and a text."""
    rows = []
    for key, label in ORIGINS.items():
        if key in _LISTED:
            field, said = _LISTED[key]
            rows += [(label, said(item)) for item in origin.get(field, [])[:MAX_METERS]]
        elif origin.get(key) not in (None, "", [], {}):
            rows.append((label, _said(key, origin)))
    return tuple(rows)


def _said(key: str, origin: Mapping[str, Any]) -> Phrase:
    value = origin[key]
    if key == "kind":
        return KINDS.get(value, same(str(value)))
    if key == "evidence":
        return EVIDENCE.get(value, same(str(value)))
    if key == "take":
        return TAKEN.get(value, same(str(value)))
    if key == "place":
        return same(shown_place(str(value)))
    if key == "given":
        return stored_amount(str(value), str(origin.get("unit", "1")))
    if key == "choice":
        return same(f"{origin.get('option')} = {value}")
    if key == "totals":
        return joined((stored_amount(str(total), unit) for unit, total in value.items()), COMMA)
    if isinstance(value, Mapping) and {"zh", "en"} <= set(value):
        return Phrase(str(value["zh"]), str(value["en"]))
    if isinstance(value, list):
        return joined((same(str(item)) for item in value), COMMA)
    return same(str(value))


def _meter(meter: Mapping[str, Any]) -> Phrase:
    shown = {key: str(meter.get(key, "")) for key in ("meter", "first", "last")}
    taken = METER.filled(
        meter=shown["meter"],
        count=f"{meter.get('taken', meter.get('count', 0)):,}",
        first=shown["first"],
        last=shown["last"],
        total=stored_amount(str(meter.get("total", "0")), str(meter.get("total_unit", "1"))),
    )
    return joined((taken, *map(correction_words, meter.get("corrections", []))), SEMICOLON)


_LISTED: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Phrase]]] = {
    "meter": ("meters", _meter),
    "substitution": ("substitutions", substituted),
    "cross_check": ("cross_checks", chosen),
}

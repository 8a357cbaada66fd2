"""The parameter cards of a result, fixed and monitored, and the tables of monitored values.

Which equations use a parameter, and for which result, is derived from the formulas; its conservative side is that of
the proofs, or of the spec, and the card says which.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from tonne.engine.check.order import reachable
from tonne.engine.data.domain import Index
from tonne.engine.result.result import ROLES
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.models import Calibration, Monitoring, Text
from tonne.esg.document import Block, Break, Column, Content, KeyValues, Note, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, either, followed, in_brackets, joined, labelled, phrase, spread
from tonne.esg.meters import instrument_words
from tonne.esg.tracing import origin_rows
from tonne.esg.treatments import treatment_lines
from tonne.esg.wording import (
    BY_THE_MINUTE,
    CALIBRATION,
    CARD,
    COMMA,
    CONSERVATIVE,
    EVERY,
    EVIDENCE,
    FIRST_ONES,
    IN_MONTHS,
    KINDS,
    NOT_IN_PLAN,
    NOT_IN_SPEC,
    NUMBER,
    ORIGINS,
    PURPOSES,
    SEMICOLON,
    SIDES,
    STANDARD,
    VALUES_ELSEWHERE,
)

if TYPE_CHECKING:
    from tonne.engine.prove.known import ProvedDirection

GIVEN = {"project", "readings", "records"}
TOLD = ("kind", "file", "choice", "option", "source")  # of where a parameter's values come from
LISTED_VALUES = 12  # in a card
SHOWN_VALUES = 3
MONTH_COLUMNS = 5
MAX_MONTH_COLUMNS = 20
MAX_MONTHS = 120

CROSS_CHECK = Phrase("交叉核对", "Cross-check")
KEY_POINTS = Phrase("核查要点", "Points for verification")
MONTH = Phrase("月份", "Month")
WITHOUT_MEMBERS = Phrase(
    "下列参数所属的类别在本项目中没有成员，因此没有取值，不列参数卡：{names}。",
    "The following parameters go over kinds of which this project has none; they have no values and no cards: {names}.",
)
WITHOUT_NEED = Phrase(
    "按本项目所选的方法学选项和数据，下列参数不需要取值，不列参数卡：{names}。",
    "Under the options and data of this project no value of the following parameters is needed; they have no cards: "
    "{names}.",
)
ALL_THE_SAME = Phrase("（全部{count}个取值相同）", " (the same at all {count} indices)")
CHECKED = Phrase("数值为{value}，参数卡为{card}", "value {value}, card {card}")
BY_PROJECT = Phrase("数值由项目给出，参数卡为{card}", "value given by the project, card {card}")
TABLE_SOURCE = Phrase("因子表“{title}”", "factor table “{title}”")

MORE_METERS = Phrase("共{count}台，其余见计量器具清单", "{count} meters; the others are in the register of meters")
NO_METER = Phrase("台账未登记监测该参数的计量器具", "the register names no meter of this parameter")

_HAN = re.compile("[\u4e00-\u9fff]")


def parameter_names(figures: Figures, *, monitored: bool) -> list[str]:
    """List the parameters of a run that are monitored, or those that are fixed, in the order of the methodology."""
    quantities = figures.result.methodology.parameters
    return [
        name
        for name, quantity in quantities.items()
        if name in figures.result.plan.needed and (quantity.parameter.from_ == "monitored") == monitored
    ]


def fixed_cards(figures: Figures) -> tuple[Block, ...]:
    """Make the 8-field cards of the parameters fixed ex ante, with their conservative side."""
    given, empty = _parted(figures, parameter_names(figures, monitored=False))
    return (*(_fixed_card(figures, name) for name in given), *_left_out(figures, empty))


def monitored_cards(figures: Figures, months: Phrase | None) -> tuple[Block, ...]:
    """Make the 12-field cards of the monitored parameters, with their values and conservative side."""
    given, empty = _parted(figures, parameter_names(figures, monitored=True))
    return (*(_monitored_card(figures, name, months) for name in given), *_left_out(figures, empty))


def _parted(figures: Figures, names: list[str]) -> tuple[list[str], list[str]]:
    """Tell the parameters that have values from those that have none."""
    given = [name for name in names if figures.result.count(name)]
    return given, [name for name in names if name not in given]


def _has_no_index(figures: Figures, name: str) -> bool:
    """Whether a quantity goes over a dimension that has no member in this project, so that it has no value."""
    members = figures.result.dataset.domain.members
    return any(not members.get(dimension, (0,)) for dimension in figures.result.plan.over(name))


def _left_out(figures: Figures, empty: list[str]) -> tuple[Block, ...]:
    """Name the parameters that have no value: those of dimensions without members, and those that are not needed."""
    without_members = [name for name in empty if _has_no_index(figures, name)]
    without_need = [name for name in empty if name not in without_members]
    return tuple(
        Note((reason.filled(names=joined(dict.fromkeys(map(figures.name, those)), COMMA)),))
        for reason, those in ((WITHOUT_MEMBERS, without_members), (WITHOUT_NEED, without_need))
        if those
    )


def _fixed_card(figures: Figures, name: str) -> KeyValues:
    quantity = figures.result.methodology.quantities[name]
    card = quantity.parameter.monitoring or Monitoring()
    remarks = [text for text in (quantity.parameter.note, card.remarks) if text]
    return _card(
        figures,
        name,
        (
            ("equations", _users(figures, name)),
            ("description", (_first(card.description, figures.name(name)),)),
            ("unit", (_unit(figures, name),)),
            ("source", _fixed_source(figures, quantity, card)),
            ("value", _values(figures, name, None)),
            ("purpose", (_purpose(figures, name, card),)),
            ("remarks", (joined(map(phrase, remarks), same(" ")) if remarks else same("—"),)),
        ),
    )


def _monitored_card(figures: Figures, name: str, months: Phrase | None) -> KeyValues:
    quantity = figures.result.methodology.quantities[name]
    card = quantity.parameter.monitoring or Monitoring()
    remarks = [phrase(text) for text in (card.remarks, quantity.parameter.note) if text]
    if card.vvb_key_points:
        remarks.append(labelled(KEY_POINTS, phrase(card.vvb_key_points)))
    return _card(
        figures,
        name,
        (
            ("equations", _users(figures, name)),
            ("description", (_first(card.description, figures.name(name)),)),
            ("unit", (_unit(figures, name),)),
            ("source", (_first(card.source),)),
            ("monitoring_point", (_first(card.monitoring_point),)),
            ("instrument", (_first(card.instrument),)),
            ("procedure", (_first(card.procedure),)),
            ("frequency", (_first(card.frequency),)),
            ("qa_qc", _quality(card)),
            ("purpose", (_purpose(figures, name, card),)),
            ("remarks", spread(((remark,) for remark in remarks), Break()) or (same("—"),)),
            (
                "estimated" if figures.result.project.spec.stage == "design" else "monitored",
                _values(figures, name, months),
            ),
            ("instruments", _instruments(figures, name)),
            (
                "actual",
                spread(((line,) for line in (_actual(figures, name), *treatment_lines(figures, name))), Break()),
            ),
        ),
    )


def _card(figures: Figures, name: str, fields: tuple[tuple[str, Content], ...]) -> KeyValues:
    told = (*fields, ("conservative", (_conservative(figures, name),)))
    named = (CARD["name"], figures.named(name))
    return KeyValues((named, *((CARD[field], content) for field, content in told)))


def _first(text: Text | None, otherwise: Phrase = NOT_IN_SPEC) -> Phrase:
    return phrase(text) if text else otherwise


def _unit(figures: Figures, name: str) -> Phrase:
    unit = figures.unit(name)
    return unit if unit.zh else Phrase("无量纲", "dimensionless")


def _users(figures: Figures, name: str) -> Content:
    users = [user for user in figures.result.methodology.users_of(name) if user in figures.steps]
    if not users:
        return (NOT_IN_PLAN,)
    return spread((_equation(figures, user) for user in users), SEMICOLON)


def _equation(figures: Figures, name: str) -> Content:
    number = figures.number(name)
    symbol = figures.symbol(name)
    return (NUMBER.filled(number=number), same(" "), symbol) if number else (symbol,)


def _purpose(figures: Figures, name: str, card: Monitoring) -> Phrase:
    if card.purpose:
        return phrase(card.purpose)
    result = figures.result
    outputs = result.methodology.spec.outputs
    trees = {step.id: step.tree for step in figures.steps.values()}
    roles = [role for role in ROLES[:3] if (output := getattr(outputs, role)) and name in reachable(trees, [output])]
    if not roles:
        roles = ["condition"]
    text = joined((PURPOSES[role] for role in roles), COMMA)
    return Phrase(f"{text.zh}。", f"{text.en[:1].upper()}{text.en[1:]}.")


def _conservative(figures: Figures, name: str) -> Phrase:
    """Say which side of a parameter is conservative, and whether that is declared, proved, or both."""
    from tonne.engine.prove.directions import proved_directions  # noqa: PLC0415 (only a card needs the solver)

    found = proved_directions(figures.result.methodology).get(name)
    claimed = figures.result.methodology.quantities[name].parameter.conservative
    if found is not None:
        key = _known(found)
        side = found.claimed or found.conservative
    else:  # no formula of the reduction uses it, or nothing could be proved
        key = "declared" if claimed else "undecided" if _is_in_reduction(figures, name) else "unused"
        side = claimed
    return CONSERVATIVE[key].filled(side=SIDES[side]) if side else CONSERVATIVE[key]


def _known(found: "ProvedDirection") -> str:
    if found.claimed is None:
        return "filled_in" if found.conservative else found.direction
    if found.verdict == "refuted":
        return "refuted"
    if found.direction == "constant":
        return "idle"
    return "proved" if found.verdict == "proved" else "declared"


def _is_in_reduction(figures: Figures, name: str) -> bool:
    outputs = figures.result.methodology.spec.outputs
    trees = {step.id: step.tree for step in figures.steps.values()}
    return outputs is not None and name in reachable(trees, [outputs.reduction])


def _fixed_source(figures: Figures, quantity: Quantity, card: Monitoring) -> Content:
    parameter = quantity.parameter
    parts = [
        either(parameter.source),
        phrase(card.source) if card.source else None,
        figures.where(quantity.id),
    ]
    origins = _origins(figures, quantity.id)
    if parameter.from_ == "factor":
        table = figures.result.methodology.tables[str(parameter.table)].spec
        parts.append(TABLE_SOURCE.filled(title=phrase(table.title)))
        sources = dict.fromkeys(str(item["source"]) for item in origins if item.get("source"))
        parts += [_row_source(source, table.source.document) for source in sources]
    elif origins and origins[0].get("kind") in {*GIVEN, "option"}:
        parts.append(_actual(figures, quantity.id))
    text = joined(dict.fromkeys(part for part in parts if part), SEMICOLON)
    found = dict.fromkeys(EVIDENCE[item["evidence"]] for item in origins if item.get("evidence") in EVIDENCE)
    told = figures.evidence(quantity.id)
    if any(item.get("kind") in GIVEN for item in origins):
        told = BY_PROJECT.filled(card=told)
    elif set(found) - {told}:
        told = CHECKED.filled(value=joined(found, COMMA), card=told)
    return (text, Break(), labelled(ORIGINS["evidence"], told))


def _row_source(source: str, document: str) -> Phrase:
    """Take the source of a row of a table; one that is not Chinese is not put before a Chinese reader."""
    return Phrase(source if _HAN.search(source) else document, source)


def _origins(figures: Figures, name: str) -> list[Mapping[str, Any]]:
    return list(figures.result.dataset.provenance.get(name, {}).values())


def _actual(figures: Figures, name: str) -> Phrase:
    """Say where the values of this run come from: kinds, files and meters, each once."""
    told: dict[Phrase, None] = {}
    seen: set[tuple[str, ...]] = set()
    for origin in _origins(figures, name):
        names = tuple(str(meter.get("meter")) for meter in origin.get("meters", []))
        said = (*(str(origin.get(key)) for key in TOLD), *names)
        if said in seen:
            continue
        seen.add(said)
        rows = dict(origin_rows({key: origin[key] for key in TOLD if key in origin}))
        kind = rows.get(ORIGINS["kind"], KINDS["project"])
        meters = dict.fromkeys(names)
        parts = [rows.get(ORIGINS["file"]), rows.get(ORIGINS["choice"]), rows.get(ORIGINS["source"])]
        if meters:
            parts.append(labelled(ORIGINS["meter"], joined(map(same, list(meters)[:10]), COMMA)))
        extra = joined([part for part in parts if part], SEMICOLON)
        brackets = in_brackets(extra)
        told[Phrase(kind.zh + brackets.zh, kind.en + brackets.en)] = None
        if len(told) > LISTED_VALUES:
            break
    return joined(told, SEMICOLON)


def _instruments(figures: Figures, name: str) -> Content:
    """Name the meters of the register that measure a parameter, with class and validity of their calibrations."""
    period = figures.result.project.spec.monitoring_period
    taken = [
        (key, meter)
        for key, meter in figures.result.project.spec.meters.items()
        if name in meter.parameters and meter.role == "main"
    ]
    lines: list[Content] = [(instrument_words(key, meter, period),) for key, meter in taken[:LISTED_VALUES]]
    if len(taken) > LISTED_VALUES:
        lines.append((MORE_METERS.filled(count=len(taken)),))
    return spread(lines, Break()) or (NO_METER,)


def _quality(card: Monitoring) -> Content:
    lines: list[Content] = []
    if card.qa_qc:
        lines.append((phrase(card.qa_qc),))
    if card.cross_check:
        lines.append((labelled(CROSS_CHECK, phrase(card.cross_check)),))
    if card.calibration:
        lines += [(told,) for told in _calibration(card.calibration)]
    return spread(lines, Break()) or (NOT_IN_SPEC,)


def _calibration(calibration: Calibration) -> list[Phrase]:
    count, _, step = (calibration.every or "").partition(" ")
    told = [labelled(CALIBRATION, EVERY[step].filled(count=count))] if step else []
    return [*told, labelled(STANDARD, same(calibration.standard))] if calibration.standard else told


def _values(figures: Figures, name: str, months: Phrase | None) -> Content:
    over = figures.result.plan.over(name)
    indices = sorted(figures.result.dataset.values.get(name, {}))
    if months and is_monthly(figures, name):
        return (IN_MONTHS.filled(heading=months),)
    if not over:
        return figures.with_unit(name, ())
    if figures.result.is_streamed(name):
        count = f"{figures.result.count(name):,}"
        lines = ((labelled(figures.label(over, index), same("")), *figures.with_unit(name, index)) for index in indices)
        return (*spread(lines, Break()), Break(), BY_THE_MINUTE.filled(count=count, shown=len(indices)))
    if len(indices) > SHOWN_VALUES and _is_one_value(figures, name, indices):
        return (*figures.with_unit(name, indices[0]), ALL_THE_SAME.filled(count=f"{len(indices):,}"))
    if not _is_short(over, indices, figures):
        return (VALUES_ELSEWHERE.filled(count=f"{len(indices):,}"),)
    shown = indices if len(indices) <= LISTED_VALUES else indices[:SHOWN_VALUES]
    content = spread(
        ((labelled(figures.label(over, index), same("")), *figures.with_unit(name, index)) for index in shown),
        Break(),
    )
    if len(shown) < len(indices):
        content += (Break(), FIRST_ONES.filled(count=f"{len(indices):,}", shown=len(shown)))
    return content


def _is_one_value(figures: Figures, name: str, indices: list[Index]) -> bool:
    values = figures.result.dataset.values[name]
    first = values[indices[0]], figures.unit_text(name, indices[0])
    return all((values[index], figures.unit_text(name, index)) == first for index in indices)


def _is_short(over: tuple[str, ...], indices: list[Index], figures: Figures) -> bool:
    """Whether the first values tell a reader something: not where there is one for each hour."""
    return bool(indices) and not any(
        figures.result.dataset.domain.steps.get(name) in {"minute", "hour"} for name in over
    )


def is_monthly(figures: Figures, name: str) -> bool:
    """Whether a monitored parameter has its place in the monthly tables."""
    over = figures.result.plan.over(name)
    return "month" in over and len(_series(figures, name)) <= MAX_MONTH_COLUMNS


def _series(figures: Figures, name: str) -> list[dict[str, Any]]:
    """List the members, other than months, at which a parameter has values."""
    others = [dimension for dimension in figures.result.plan.over(name) if dimension != "month"]
    members = figures.result.dataset.domain.members
    return [
        dict(zip(others, combination, strict=True)) for combination in product(*(members[other] for other in others))
    ]


def month_tables(figures: Figures) -> tuple[Block, ...]:
    """Make the tables of monitored values by month, a few columns each."""
    series = [
        (name, at)
        for name in parameter_names(figures, monitored=True)
        if is_monthly(figures, name)
        for at in _series(figures, name)
    ]
    if not series:
        return ()
    months = figures.result.dataset.domain.members["month"]
    tables: list[Block] = [
        _month_table(figures, series[start : start + MONTH_COLUMNS], months[:MAX_MONTHS])
        for start in range(0, len(series), MONTH_COLUMNS)
    ]
    if len(months) > MAX_MONTHS:
        tables.append(Paragraph((FIRST_ONES.filled(count=len(months), shown=MAX_MONTHS),), "small"))
    return tuple(tables)


def _month_table(figures: Figures, series: list[tuple[str, dict[str, Any]]], months: Iterable[Any]) -> Table:
    columns = [Column((MONTH,), 2)]
    columns += [Column(_month_head(figures, name, at), 3, "right") for name, at in series]
    rows = []
    for month in months:
        row: list[Content] = [(figures.member("month", month),)]
        row += [_month_cell(figures, name, {**at, "month": month}) for name, at in series]
        rows.append(tuple(row))
    return Table(tuple(columns), tuple(rows))


def _month_head(figures: Figures, name: str, at: dict[str, Any]) -> Content:
    over = figures.result.plan.over(name)
    index = tuple(at.get(dimension, 0) for dimension in over)
    others = joined((figures.member(dimension, member) for dimension, member in at.items()), COMMA)
    unit = figures.unit(name, index)
    content: Content = (figures.symbol(name),)
    if others.zh:
        content += (Break(), others)
    return (*content, Break(), in_brackets(unit)) if unit.zh else content


def _month_cell(figures: Figures, name: str, at: dict[str, Any]) -> Content:
    index = tuple(at[dimension] for dimension in figures.result.plan.over(name))
    if index not in figures.result.dataset.values.get(name, {}):
        return (same("—"),)
    return followed(figures.value(name, index))[:1]


def fed_values(figures: Figures) -> list[tuple[str, Index]]:
    """List the values that come from data files."""
    provenance = figures.result.dataset.provenance
    return [
        (name, index)
        for name in figures.result.plan.needed
        for index, origin in sorted(provenance.get(name, {}).items())
        if origin["kind"] in {"readings", "records"}
    ]

"""Emission factors and versions: one vintage rule for all years, the right GWP set, the documents that were registered.

Which release of a table was taken is noted where it is looked up. The GWP set by period is that of the CDM (expert
recall): the second assessment report to the end of 2012, the fourth from 2013, the fifth from 2021.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tonne.engine import calendar
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Cases, names_in

GWP_TABLE = "gwp"
_FILLERS = {"v", "version", "ver", "第", "版"}
GWP_SETS = ((2012, "ar2"), (2020, "ar4"), (9999, "ar5"))  # up to which year, and the set of a CDM activity


def check_factors(result: Result) -> Iterator[Finding]:
    """Check what factor tables gave."""
    for name in result.plan.needed:
        quantity = result.methodology.quantities.get(name)
        if quantity is not None and quantity.is_parameter and quantity.parameter.from_ == "factor":
            yield from _vintages(result, quantity)
            yield from _gwp_set(result, quantity)


def _vintages(result: Result, quantity: Quantity) -> Iterator[Finding]:
    """Report years that took a value of another age than the rest; one value for all years is a rule as well."""
    over, domain = quantity.over, result.dataset.domain
    clock = [position for position, name in enumerate(over) if domain.steps.get(name) == "year"]
    table = result.methodology.tables[str(quantity.parameter.table)]
    years = [position for position, key in enumerate(table.keys) if table.members(key) is None]
    if not clock or not years:
        return
    used: dict[int, int] = {}
    for index, origin in result.dataset.provenance.get(quantity.id, {}).items():
        if origin.get("kind") == "factor":
            used[int(index[clock[0]])] = int(origin["key"][years[0]])
    ages = {year - vintage for year, vintage in used.items()}
    if len(ages) < 2 or len(set(used.values())) < 2:
        return
    listed = {str(year): vintage for year, vintage in sorted(used.items())}
    words = [f"{year}: {vintage}" for year, vintage in listed.items()]
    yield Finding(
        "factor.vintage_mixed",
        Severity.CORRECTIVE_ACTION,
        f"参数{quantity.id}各年度采用的数据年份规则不一致（{'，'.join(words)}）：部分年度采用当年数值，部分年度采用以往年度数值；"
        "各年度应采用同一规则。",
        f"{quantity.id} does not follow one vintage rule ({', '.join(words)}): some years take the value of the year itself, "
        "others that of an earlier one. One rule must hold for all years.",
        {"parameter": quantity.id, "table": table.spec.id, "used": listed},
        quantity.place,
    )


def _gwp_set(result: Result, quantity: Quantity) -> Iterator[Finding]:
    if quantity.parameter.table != GWP_TABLE or result.methodology.spec.scheme != "CDM":
        return
    table = result.methodology.tables[GWP_TABLE]
    position = list(table.keys).index("set")
    keys = (
        origin["key"]
        for origin in result.dataset.provenance.get(quantity.id, {}).values()
        if origin["kind"] == "factor"
    )
    used = sorted({str(key[position]) for key in keys})
    years = sorted(_years_of_use(result, quantity.id))
    asked = list(_asked(years))
    if not used or not years or set(used) == set(asked):
        return
    members = table.members("set") or {}
    used_zh, asked_zh = ("、".join(members[key].zh for key in group) for group in (used, asked))
    used_en, asked_en = (" and ".join(members[key].en for key in group) for group in (used, asked))
    yield Finding(
        "factor.gwp_set",
        Severity.CORRECTIVE_ACTION,
        f"{'、'.join(f'{year}年' for year in years)}的计算中，参数{quantity.id}采用{used_zh}的全球增温潜势，而应采用{asked_zh}；"
        "请更正或说明依据。",
        f"In {', '.join(map(str, years))}, {quantity.id} takes the global warming potential of the {used_en}, but the "
        f"{asked_en} applies. Please correct this, or show the rule.",
        {"parameter": quantity.id, "years": years, "used": used, "expected": asked, "evidence": "expert-recall"},
        quantity.place,
    )


def _years_of_use(result: Result, name: str) -> set[int]:
    """Give the years whose formulas take a parameter: of cases, only the one that holds in the year counts."""
    period, steps = result.project.spec.monitoring_period, result.dataset.domain.steps
    found: set[int] = set()
    for step in result.plan.steps.values():
        if name not in names_in(step.tree):
            continue
        clock = next((key for key in step.over if key in result.dataset.domain.clock), None)
        for index in result.reference.held(step.over):
            at = dict(zip(step.over, index, strict=True))
            if isinstance(step.tree, Cases):
                held = (value for when, value in step.tree.branches if result.reference.holds(when, at))
                taken = next(held, step.tree.otherwise)
                if taken is None or name not in names_in(taken):
                    continue
            if clock is None:
                return set(range(period.start.year, period.end.year + 1))
            found.add(calendar.coarser(steps[clock], int(at[clock]), "year"))
    return found


def _asked(years: Iterable[int]) -> Iterator[str]:
    """Give the sets that hold in some years."""
    before = 0
    for last, set_ in GWP_SETS:
        if any(before < year <= last for year in years):
            yield set_
        before = last


def check_versions(result: Result) -> Iterator[Finding]:
    """Compare the methodology and its tools with what the registered plan cites."""
    plan, document = result.project.spec.plan, result.project.document
    if plan is None:
        return
    source = result.methodology.spec.source.document
    cited: list[tuple[str, str, str, tuple[str, ...]]] = []
    if plan.methodology is not None:
        cited.append((result.methodology.id, plan.methodology, source, ("plan", "methodology", "=")))
    for alias, text in plan.tools.items():
        module, _ = result.methodology.modules[alias]
        cited.append((module.id, text, module.source.document, ("plan", "tools", alias, "=")))
    for id_, text, used, steps in cited:
        if _same_document(text, used):
            continue
        yield Finding(
            "version.differs",
            Severity.CORRECTIVE_ACTION,
            f"{plan.document}引用的文件为“{text}”，本报告采用“{used}”；版本不一致，请更正，或说明已批准的变更。",
            f"{plan.document} cites “{text}”, while this report uses “{used}”. Please correct the version, or show that the "
            "change was approved.",
            {"document": plan.document, "module": id_, "cited": text, "used": used},
            document.place(*steps),
        )


def _same_document(one: str, other: str) -> bool:
    """Whether two citations name one document and version: the shorter one is part of the longer."""
    short, long_ = sorted((_words(one), _words(other)), key=Counter.total)
    return bool(short) and short <= long_


def _words(text: str) -> Counter[str]:
    """Take a citation apart, so that V01, v1.0 and version 01 are the same."""
    found: Counter[str] = Counter()
    for word in re.findall(r"\d+(?:\.\d+)*|[a-z]+|[\u4e00-\u9fff]", text.lower()):
        number = ".".join(part.lstrip("0") or "0" for part in word.split("."))
        found[re.sub(r"(\.0)+$", "", number) if word[0].isdigit() else word] += 1
    return Counter({word: count for word, count in found.items() if word not in _FILLERS})

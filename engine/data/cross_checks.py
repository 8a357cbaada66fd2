"""Compares monitored values with a second source, index by index, and takes the one that counts.

`take: conservative` takes the lower value for a parameter whose conservative side is low, and the higher for one whose
side is high, at each index on its own and however small the difference is. A value that is missing stays missing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.dataset import DatasetBuilder, Sides
from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.fillings import Fed, more_extreme
from tonne.engine.data.lookup import member_unit
from tonne.engine.data.meters import meter_register
from tonne.engine.data.project import Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.registers import CrossCheck
from tonne.engine.data.second_sources import SecondSource, meter_amounts, stated_amounts
from tonne.engine.errors import Place, Problem, ProjectError, TonneError, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import Plan
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.models import Direction
from tonne.engine.units import Unit

Loaded = Mapping[str, tuple[LoadedReadings, Mapping[str, Fed]]]  # files of readings, with what each feeds by parameter
SHOWN_CASES = 50
PLACES = 4  # decimals of a difference in percent
KINDS_ZH = {
    "invoice": "发票",
    "settlement": "结算凭证",
    "check_meter": "校核表（备用表）",
    "capacity": "按装机容量推算值",
    "balance": "平衡推算值",
    "other": "第二来源",
}
KINDS_EN = {
    "invoice": "the invoice",
    "settlement": "the settlement record",
    "check_meter": "the check meter",
    "capacity": "the capacity",
    "balance": "the balance",
    "other": "the second source",
}


@dataclass(frozen=True)
class Compared:
    """The two values at one index, and which one was taken."""

    at: str
    monitored: Fraction
    second: Fraction
    taken: Fraction
    differs: bool  # by more than the tolerance
    favourable: bool  # the other one would have been conservative

    def as_data(self) -> dict[str, Any]:
        """Give the comparison as plain data."""
        return {
            "at": self.at,
            "monitored": exact_text(self.monitored),
            "second": exact_text(self.second),
            "difference": exact_text(self.second - self.monitored),
            "difference_percent": difference_percent(self.monitored, self.second),
            "value": exact_text(self.taken),
            "taken": "second" if self.taken == self.second != self.monitored else "monitored",
        }


@dataclass(frozen=True)
class _Bench:
    """What the comparisons of one run work with."""

    project: Project
    plan: Plan
    domain: Domain
    store: duckdb.DuckDBPyConnection
    loaded: Loaded
    sides: Sides
    work: DatasetBuilder

    def place(self, name: str, *steps: str) -> Place:
        return self.project.document.place("cross_checks", name, *steps)

    def labels(self, quantity: Quantity, indices: Iterable[Index]) -> list[str]:
        return [self.domain.label(quantity.over, index) for index in indices]


def compare_second_sources(
    project: Project,
    plan: Plan,
    domain: Domain,
    store: duckdb.DuckDBPyConnection,
    loaded: Loaded,
    sides: Sides,
    work: DatasetBuilder,
) -> None:
    """Compare the collected values with every second source of the project, and take the values that count.

    Args:
        project: the project.
        plan: what is needed.
        domain: the members of the run.
        store: where the readings are.
        loaded: the files of readings, with what each feeds by parameter.
        sides: gives the conservative side of a parameter.
        work: the values, which are replaced where the second source counts.
    """
    bench = _Bench(project, plan, domain, store, loaded, sides, work)
    stated: dict[str, dict[str, Collection[Index]]] = {}
    for name, check in project.spec.cross_checks.items():
        quantity = plan.methodology.parameters.get(check.parameter)
        if quantity is None:
            hint = nearest(check.parameter, plan.methodology.parameters)
            work.problems.append(Problem(f"unknown parameter '{check.parameter}'", bench.place(name), hint=hint))
            continue
        if check.parameter not in plan.needed or not work.values.get(check.parameter):
            continue
        try:
            source = _amounts(bench, name, quantity)
            work.findings.extend(source.findings)
            _compare(bench, name, quantity, source)
            if check.at is not None:
                stated.setdefault(check.parameter, {})[name] = source.amounts.keys()
        except TonneError as fault:
            work.problems.extend(fault.problems)
    for parameter, by_name in stated.items():
        covered = {index for indices in by_name.values() for index in indices}
        left = [index for index in sorted(work.values[parameter]) if index not in covered]
        work.findings.extend(_not_covered(bench, next(iter(by_name)), plan.methodology.quantities[parameter], left))


def _amounts(bench: _Bench, name: str, quantity: Quantity) -> SecondSource:
    """Give the amounts that the monitored values are compared with, at the indices where they can be."""
    check = bench.project.spec.cross_checks[name]
    if check.meter is not None:
        return _of_check_meter(bench, name, check, quantity)

    def unit(index: Index) -> Unit:
        labels = {key: bench.domain.label((key,), (member,)) for key, member in zip(quantity.over, index, strict=True)}
        return member_unit(bench.plan, quantity, labels)

    return stated_amounts(bench.project, name, quantity, unit, bench.domain)


def _of_check_meter(bench: _Bench, name: str, check: CrossCheck, quantity: Quantity) -> SecondSource:
    """Say what the parameter would be if the check meter stood in for its main meter."""
    readings, fed = bench.loaded.get(str(check.readings), (None, {}))
    if readings is None or quantity.id not in fed:
        what = f"'{check.readings}' is no file of readings that feeds {quantity.id}"
        hint = nearest(str(check.readings), bench.loaded)
        raise ProjectError(Problem(what, bench.place(name, "readings", "="), hint=hint))
    main = meter_register(bench.project).beside.get(str(check.meter))
    if main is None:
        what = f"'{check.meter}' is not registered as a check or backup meter"
        hint = "describe it under `meters:` with `role: check` and `checks:`"
        raise ProjectError(Problem(what, bench.place(name, "meter", "="), hint=hint))
    amounts, uneven = {}, []
    for index, (amount, count) in meter_amounts(bench.store, readings, fed[quantity.id], str(check.meter)).items():
        origin = bench.work.provenance[quantity.id].get(index, {})
        others = [meter for meter in origin.get("meters", []) if meter["meter"] == main]
        if sum(meter["count"] for meter in others) == count:
            own = sum((Fraction(meter["amount"]) for meter in others), Fraction(0))
            amounts[index] = bench.work.values[quantity.id][index] - own + amount
        else:
            uneven.append(index)
    return SecondSource(amounts, tuple(_uneven(bench, name, check, main, bench.labels(quantity, uneven))))


def _compare(bench: _Bench, name: str, quantity: Quantity, source: SecondSource) -> None:
    work, check, side = bench.work, bench.project.spec.cross_checks[name], bench.sides(quantity.id)
    if side is None and check.take == "conservative":
        what = f"{quantity.id} has no conservative side, neither declared nor proved"
        hint = "say `take: monitored` or `take: second`, with the reason"
        raise ProjectError(Problem(what, bench.place(name), hint=hint))
    compared, same = [], []
    for index, value in sorted(work.values[quantity.id].items()):
        if index not in source.amounts:
            continue
        origin = work.provenance[quantity.id][index]
        if any(name in item.get("cross_checks", ()) for item in origin.get("substitutions", [])):
            same.append(index)
            continue
        former = origin.get("cross_checks", [])
        monitored = Fraction(former[0]["monitored"]) if former else value
        at = bench.domain.label(quantity.over, index)
        found = judged(check, side, at, (monitored, value, source.amounts[index]))
        compared.append(found)
        told = {"name": name, "kind": check.kind, "unit": quantity.unit.text, "take": check.take} | found.as_data()
        if check.reason is not None:
            told["reason"] = check.reason.model_dump()
        work.amend(quantity.id, index, found.taken, {**origin, "cross_checks": [*former, told]})
    work.findings.extend(_differing(bench, name, quantity, compared))
    work.findings.extend(_not_independent(bench, name, quantity, bench.labels(quantity, same)))


def judged(check: CrossCheck, side: Direction | None, at: str, values: tuple[Fraction, Fraction, Fraction]) -> Compared:
    """Compare two values at one index, and choose.

    Args:
        check: the second source with its tolerance and what is to be taken.
        side: the conservative side.
        at: the label of the index.
        values: as monitored; as it counts so far, after other second sources; and of this second source.
    """
    monitored, value, second = values
    if check.take == "second":
        taken = second
    elif check.take == "monitored" or side is None:
        taken = value
    else:
        taken = second if more_extreme(side, second, value) else value
    other = second if taken == value else value
    favourable = side is not None and more_extreme(side, other, taken)
    differs = abs(second - monitored) > check.tolerance * abs(monitored)
    return Compared(at, monitored, second, taken, differs, favourable)


def difference_percent(monitored: Fraction, second: Fraction) -> str | None:
    """Give the difference in percent of the monitored value, rounded; None when that is zero."""
    if not monitored:
        return None
    return exact_text(round((second - monitored) / abs(monitored) * 100, PLACES))


def _differing(bench: _Bench, name: str, quantity: Quantity, compared: list[Compared]) -> list[Finding]:
    """Report what differs by more than the tolerance, and apart from it where the less conservative value was taken."""
    favourable = [item for item in compared if item.favourable]
    careful = [item for item in compared if item.differs and not item.favourable]
    found = [(careful, Severity.CLARIFICATION)] if careful else []
    if favourable:
        beyond = any(item.differs for item in favourable)
        found.append((favourable, Severity.CORRECTIVE_ACTION if beyond else Severity.CLARIFICATION))
    return [_differs(bench, name, quantity, cases, severity) for cases, severity in found]


def _differs(bench: _Bench, name: str, quantity: Quantity, cases: list[Compared], severity: Severity) -> Finding:
    check, unit = bench.project.spec.cross_checks[name], quantity.unit.text
    first = cases[0]
    percent = difference_percent(first.monitored, first.second)
    values = [f"{exact_text(value)} {unit}" for value in (first.monitored, first.second)]
    by_second = first.as_data()["taken"] == "second"
    where_zh = f"{first.at}，" if quantity.over else ""
    where_en = f"at {first.at} " if quantity.over else ""
    share_zh, share_en = (f"（{percent}%）", f" ({percent} %)") if percent is not None else ("", "")
    kind_zh, kind_en = KINDS_ZH[check.kind], KINDS_EN[check.kind]
    if first.favourable:
        reason = check.reason
        demand_zh = f"所取数值并非保守值，项目说明为“{reason.zh if reason else ''}”；请改取保守值，或提供充分证据。"
        demand_en = (
            f"The value taken is not the conservative one; the project states: “{reason.en if reason else ''}”. "
            "Please take the conservative value, or give sufficient evidence."
        )
    else:
        demand_zh, demand_en = "请说明差异原因。", "Please explain the difference."
    tolerance = exact_text(check.tolerance * 100)
    how_zh = "存在差异" if not first.differs else f"差异超过允许偏差{tolerance}%"
    how_en = "differ" if not first.differs else f"differ by more than the tolerance of {tolerance} %"
    return Finding(
        "cross_check.differs",
        severity,
        f"参数{quantity.id}的监测值与{kind_zh}（{name}）有{len(cases)}处{how_zh}，首处：{where_zh}监测值{values[0]}，"
        f"{kind_zh}{values[1]}{share_zh}，本报告取{kind_zh if by_second else '监测值'}。{demand_zh}",
        f"{quantity.id}: the monitored value and {kind_en} ({name}) {how_en} in {len(cases)} cases, first {where_en}with "
        f"{values[0]} monitored and {values[1]} in {kind_en}{share_en}; {kind_en if by_second else 'the monitored value'} "
        f"counts. {demand_en}",
        {
            "cross_check": name,
            "parameter": quantity.id,
            "kind": check.kind,
            "unit": unit,
            "tolerance_percent": tolerance,
            "take": check.take,
            "less_conservative": first.favourable,
            "count": len(cases),
            "cases": [item.as_data() for item in cases[:SHOWN_CASES]],
        },
        bench.place(name),
    )


def _not_covered(bench: _Bench, name: str, quantity: Quantity, indices: list[Index]) -> list[Finding]:
    if not indices:
        return []
    left = bench.labels(quantity, indices)
    return [
        Finding(
            "cross_check.not_covered",
            Severity.CLARIFICATION,
            f"参数{quantity.id}的交叉核对数据{name}未覆盖{len(left)}个时段（首个为{left[0]}），这些时段未作核对；请补充。",
            f"Second source {name} of {quantity.id} has no amount for {len(left)} values (first {left[0]}), which were not "
            "compared. Please add them.",
            {"cross_check": name, "parameter": quantity.id, "count": len(left), "at": left[:SHOWN_CASES]},
            bench.place(name),
        )
    ]


def _not_independent(bench: _Bench, name: str, quantity: Quantity, same: list[str]) -> list[Finding]:
    if not same:
        return []
    return [
        Finding(
            "cross_check.not_independent",
            Severity.CLARIFICATION,
            f"参数{quantity.id}有{len(same)}个时段（首个为{same[0]}）的缺失数据以{name}推算替代，{name}在这些时段"
            "不再是独立来源，未作核对；请提供其他来源的核对数据。",
            f"{quantity.id}: in {len(same)} cases (first {same[0]}) missing readings were substituted from {name}, which is no "
            "independent source there and was not compared. Please give another source.",
            {"cross_check": name, "parameter": quantity.id, "count": len(same), "at": same[:SHOWN_CASES]},
            bench.place(name),
        )
    ]


def _uneven(bench: _Bench, name: str, check: CrossCheck, main: str, uneven: list[str]) -> list[Finding]:
    if not uneven:
        return []
    return [
        Finding(
            "cross_check.readings_differ",
            Severity.CLARIFICATION,
            f"参数{check.parameter}有{len(uneven)}个时段（首个为{uneven[0]}）校核表{check.meter}与主表{main}的读数条数不同，"
            "合计值不可比，未作核对；请说明。",
            f"{check.parameter}: in {len(uneven)} cases (first {uneven[0]}) check meter {check.meter} and main meter {main} "
            "have different numbers of readings, so that their sums were not compared. Please explain.",
            {
                "cross_check": name,
                "parameter": check.parameter,
                "meter": check.meter,
                "count": len(uneven),
                "at": uneven[:SHOWN_CASES],
            },
            bench.place(name),
        )
    ]

"""The tonnes at stake in a finding: the reduction with other values in place of those in doubt, less the reduction.

Only what depends on the changed parameters is computed again, with the reference evaluator. Where there is no other
value to compare with, or too much would have to be computed, the words say so and there is no amount.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tonne.engine.compute.reference import CONTEXT
from tonne.engine.data.domain import Index
from tonne.engine.errors import TonneError
from tonne.engine.findings import Finding, Severity, Stake
from tonne.engine.result.result import Result

MOST_VALUES = 20_000  # computed anew for one finding
PLACES = Decimal("1e-6")

Changes = dict[str, dict[Index, Fraction]]


def with_stakes(result: Result, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give every finding but notes its stake, where a rule for its code is known."""
    return tuple(
        replace(finding, stake=_stake(result, finding)) if finding.severity is not Severity.NOTE else finding
        for finding in findings
    )


def _stake(result: Result, finding: Finding) -> Stake | None:
    if finding.code == "estimate.exceeded":
        difference = _settled(Decimal(finding.evidence["difference"]))
        return Stake(-difference, "减排量按事前估算计", "the reduction were as estimated")
    if finding.code == "period.overlap":
        return _by_days(result, finding)
    rule = _RULES.get(finding.code)
    if rule is None:
        return None
    make, zh, en = rule
    changes = {name: values for name, values in make(result, finding).items() if values}
    if not changes:
        return Stake(
            None,
            "未涉及计算所用数值，或以往值无法还原",
            "no value that was used is concerned, or the other one is not known",
        )
    return _difference(result, changes, zh, en)


def _by_days(result: Result, finding: Finding) -> Stake:
    """Give the part of the reduction that falls on the days in doubt, by their number."""
    outputs, period = result.methodology.spec.outputs, result.project.spec.monitoring_period
    values = result.values.get(outputs.reduction, {}) if outputs else {}
    days = (period.end - period.start).days + 1
    with localcontext(CONTEXT):
        whole = sum(values.values(), Decimal(0))
        part = _settled(-whole * min(finding.evidence["days"], days) / days)
    return Stake(
        part, "重叠各日的减排量（按天数平均）不计", "the overlapping days did not count, each as an average day"
    )


def _difference(result: Result, changes: Changes, zh: str, en: str) -> Stake:
    outputs = result.methodology.spec.outputs
    reduction = outputs.reduction if outputs else ""
    if reduction not in result.values:
        return Stake(None, "没有减排量公式", "there is no equation for the reduction")
    plan = result.plan
    affected = plan.dependents(changes)
    if any(result.dataset.domain.is_streamed(plan.over(name)) for name in (*changes, *affected)):
        return Stake(None, "涉及按分钟数据，未重算", "values by the minute would have to be computed anew")
    count = sum(len(result.values[name]) for name in affected)
    if count > MOST_VALUES:
        return Stake(None, f"需重算{count}个数值，未计算", f"{count:,} values would have to be computed anew")
    try:
        anew = result.reference.changed(changes, affected)
        values = anew.compute_all(affected)
    except TonneError:
        return Stake(None, "改变取值后无法计算", "with the other values the reduction has no value")
    with localcontext(CONTEXT):
        before = sum(result.values[reduction].values(), Decimal(0))
        after = sum(values.get(reduction, result.values[reduction]).values(), Decimal(0))
        return Stake(_settled(after - before), zh, en)


def _settled(value: Decimal) -> Decimal:
    shown = value.quantize(PLACES).normalize(CONTEXT) if value else Decimal(0)
    return shown or Decimal(0)


def _origins(result: Result, names: Iterable[str]) -> Iterable[tuple[str, Index, Mapping[str, Any]]]:
    for name in names:
        for index, origin in result.dataset.provenance.get(name, {}).items():
            yield name, index, origin


def _given(result: Result, name: str, index: Index) -> Fraction:
    return result.dataset.values[name][index]


def _before_checks(result: Result, name: str, index: Index, origin: Mapping[str, Any], change: Fraction) -> Fraction:
    """Change the monitored value; where a second source counts instead, the value stays."""
    value = _given(result, name, index)
    checks = origin.get("cross_checks", [])
    return value if checks and checks[-1]["taken"] == "second" else value + change


def _uncorrected(result: Result, finding: Finding) -> Changes:
    name, meter = str(finding.evidence["parameter"]), finding.evidence["meter"]
    cause = {part["cause"] for part in finding.evidence.get("parts", [])}
    changes: Changes = {name: {}}
    for _, index, origin in _origins(result, [name]):
        meters = origin.get("meters", [])
        count = sum(source["count"] for source in meters)
        state = _is_mean(result, origin)
        change = sum(
            (
                (Fraction(item["before"]) - Fraction(item["after"]))
                * (Fraction(item["readings"], count) if state else 1)
                for source in meters
                for item in source.get("corrections", [])
                if item["meter"] == meter and item["cause"] in cause
            ),
            Fraction(0),
        )
        if change:
            changes[name][index] = _before_checks(result, name, index, origin, change)
    return changes


def _is_mean(result: Result, origin: Mapping[str, Any]) -> bool:
    spec = result.project.spec.readings.get(str(origin.get("readings")))
    return spec is not None and spec.value.reads == "state"


def _unsubstituted(result: Result, finding: Finding) -> Changes:
    changes: Changes = {name: {} for name in finding.evidence["parameters"]}
    for name, index, origin in _origins(result, changes):
        if _is_mean(result, origin):
            continue
        change = sum(
            (
                Fraction(part["amount"])
                for part in origin.get("substitutions", [])
                if part["meter"] == finding.evidence["meter"] and part["method"] == finding.evidence["method"]
            ),
            Fraction(0),
        )
        if change:
            changes[name][index] = _before_checks(result, name, index, origin, -change)
    return changes


def _other_source(result: Result, finding: Finding) -> Changes:
    name, source = str(finding.evidence["parameter"]), finding.evidence["cross_check"]
    cases = {case["at"] for case in finding.evidence["cases"]}
    complete = len(cases) == finding.evidence["count"]
    changes: Changes = {name: {}}
    for _, index, origin in _origins(result, [name]):
        for check in origin.get("cross_checks", []):
            if check["name"] == source and (check["at"] in cases or not complete):
                other = check["monitored"] if check["taken"] == "second" else check["second"]
                changes[name][index] = Fraction(other)
    return changes


def _default(result: Result, finding: Finding) -> Changes:
    name = str(finding.evidence["parameter"])
    value = result.methodology.quantities[name].parameter.value
    return {name: dict.fromkeys(result.dataset.values.get(name, {}), value)} if value is not None else {}


def _within_capacity(result: Result, finding: Finding) -> Changes:
    name = str(finding.evidence["parameter"])
    over = result.plan.over(name)
    excess = {label: Fraction(value) for label, value in finding.evidence["excess"].items()}
    label = result.dataset.domain.label
    values = result.dataset.values.get(name, {})
    return {
        name: {index: value - excess[at] for index, value in values.items() if (at := label(over, index)) in excess}
    }


def _balanced(result: Result, finding: Finding) -> Changes:
    """Cut what leaves to what enters, where one parameter at the index of the balance is all that leaves."""
    leaves = finding.evidence["leaves"]
    if len(leaves) != 1 or leaves[0] not in result.dataset.values:
        return {}
    values, over = result.dataset.values[leaves[0]], result.plan.over(leaves[0])
    label = result.dataset.domain.label
    shares = {
        case["at"]: Fraction(case["enters"]) / Fraction(case["leaves"])
        for case in finding.evidence["cases"]
        if Fraction(case["leaves"])
    }
    if set(shares) == {"-"}:
        return {leaves[0]: {index: value * shares["-"] for index, value in values.items()}}
    return {
        leaves[0]: {
            index: value * shares[at] for index, value in values.items() if (at := label(over, index)) in shares
        }
    }


_Rule = tuple[Callable[[Result, Finding], Changes], str, str]
_CORRECTION: _Rule = (_uncorrected, "不作该项修正", "the correction were not made")
_RULES: Mapping[str, _Rule] = {
    "calibration.late": _CORRECTION,
    "calibration.missing": _CORRECTION,
    "calibration.out_of_class": _CORRECTION,
    "meter.out_of_service": _CORRECTION,
    "readings.substituted": (_unsubstituted, "替代数据按零计", "the substitutes counted as zero"),
    "cross_check.differs": (_other_source, "改取另一来源的数值", "the other source counted"),
    "parameter.default_replaced": (_default, "采用方法学缺省值", "the default of the methodology counted"),
    "capacity.exceeded": (_within_capacity, "超出部分不计", "what is above the capacity did not count"),
    "capacity.at_night": (_within_capacity, "夜间读数不计", "the readings of the night did not count"),
    "balance.violated": (_balanced, "输出量以输入量为限", "no more left than entered"),
}

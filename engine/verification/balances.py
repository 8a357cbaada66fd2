"""Balances of mass and energy, and what no value can exceed: capacity, the hours of a step, an efficiency of one.

Single readings are held against capacity and darkness where they are in the store, in `data/capacities`.
"""

import datetime
import zoneinfo
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from tonne.engine import calendar
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.domain import Index
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result
from tonne.engine.spec.methodology import Quantity
from tonne.engine.units import ONE, conversion, parse_unit, reading_conversion

SHOWN = 20
_HOUR = datetime.timedelta(hours=1)
_EFFICIENCIES = ("eta", "efficiency", "\\eta", "η")


def check_balances(result: Result) -> Iterator[Finding]:
    """Check that no more leaves than enters, at each index where all quantities have the same one, else in total."""
    for name, balance in result.project.spec.balances.items():
        names = [*balance.enters, *balance.leaves]
        if any(item not in result.values and item not in result.dataset.values for item in names):
            continue
        unit = result.plan.unit(names[0])
        over = {result.plan.over(item) for item in names}
        by_index = len(over) == 1
        enters, leaves = (_added(result, group, names[0], by_index) for group in (balance.enters, balance.leaves))
        label = result.dataset.domain.label
        cases = [
            {
                "at": label(result.plan.over(names[0]), index) if by_index else "-",
                "enters": _text(enters.get(index, Fraction(0))),
                "leaves": _text(value),
                "excess": _text(value - enters.get(index, Fraction(0))),
            }
            for index, value in sorted(leaves.items())
            if value > enters.get(index, Fraction(0)) * (1 + balance.tolerance)
        ]
        if not cases:
            continue
        first = cases[0]
        at_zh = f"{first['at']}，" if first["at"] != "-" else "整个监测期，"
        at_en = f"at {first['at']}" if first["at"] != "-" else "over the whole period"
        yield Finding(
            "balance.violated",
            Severity.CORRECTIVE_ACTION,
            f"平衡核算“{balance.name.zh}”有{len(cases)}处不平衡，首处：{at_zh}输出（使用）{first['leaves']} {unit.text}，"
            f"大于输入（产生）{first['enters']} {unit.text}；请核实计量数据。",
            f"The balance “{balance.name.en}” does not hold in {len(cases)} cases, first {at_en}: {first['leaves']} {unit.text} "
            f"leave, but only {first['enters']} {unit.text} enter. Please verify the data.",
            {
                "balance": name,
                "quantities": names,
                "leaves": balance.leaves,
                "unit": unit.text,
                "count": len(cases),
                "cases": cases[:SHOWN],
            },
            result.project.document.place("balances", name),
        )


def _added(result: Result, names: Sequence[str], reference: str, by_index: bool) -> dict[Index, Fraction]:
    unit = result.plan.unit(reference)
    total: dict[Index, Fraction] = {}
    for name in names:
        factor, offset = conversion(result.plan.unit(name), unit)
        for index, value in _exact(result, name).items():
            key = index if by_index else ()
            total[key] = total.get(key, Fraction(0)) + value * factor + offset
    return total


def _exact(result: Result, name: str) -> dict[Index, Fraction]:
    """Give the values of a quantity as ratios, without the guard digits of the evaluator."""
    if name in result.values:
        return {index: Fraction(f"{value:.40g}") for index, value in result.values[name].items()}
    return dict(result.dataset.values.get(name, {}))


def _text(value: Fraction) -> str:
    return exact_text(round(value, 6))


def check_maxima(result: Result) -> Iterator[Finding]:
    """Check values without readings against capacity, times against the clock, and efficiencies against one."""
    yield from _capacities(result)
    for name in (*result.plan.needed, *result.values):
        quantity = result.methodology.quantities.get(name)
        if quantity is not None:
            yield from _hours(result, quantity)
            yield from _efficiency(result, quantity)


def _capacities(result: Result) -> Iterator[Finding]:
    for name, capacity in result.project.spec.capacities.items():
        if capacity.parameter not in result.dataset.values:
            continue
        quantity = result.methodology.quantities[capacity.parameter]
        factor, _ = reading_conversion(parse_unit(capacity.unit) * parse_unit("h"), quantity.unit)
        cases, excess = [], {}
        for index, value in sorted(result.dataset.values[capacity.parameter].items()):
            if result.dataset.origin(capacity.parameter, index).get("kind") == "readings":
                continue
            limit = capacity.value * factor * (1 + capacity.tolerance) * _hours_of(result, quantity.over, index)
            if value > limit:
                at = result.dataset.domain.label(quantity.over, index)
                cases.append({"at": at, "value": _text(value), "most": _text(limit)})
                excess[at] = exact_text(value - limit)
        if not cases:
            continue
        first, unit, rated = cases[0], quantity.unit.text, f"{exact_text(capacity.value)} {capacity.unit}"
        at_zh, at_en = (f"{first['at']}，", f"at {first['at']} ") if quantity.over else ("", "")
        yield Finding(
            "capacity.exceeded",
            Severity.CORRECTIVE_ACTION,
            f"参数{capacity.parameter}有{len(cases)}个数值超过装机（额定）能力{rated}与时段小时数之积，首处：{at_zh}{first['value']} {unit}，"
            f"上限{first['most']} {unit}；请核实。",
            f"{len(cases)} values of {capacity.parameter} are above the rated capacity of {rated} times the hours, first {at_en}"
            f"with {first['value']} {unit}, where {first['most']} {unit} is the most. Please verify.",
            {
                "capacity": name,
                "parameter": capacity.parameter,
                "unit": unit,
                "count": len(cases),
                "cases": cases[:SHOWN],
                "excess": excess,
            },
            result.project.document.place("capacities", name),
        )


def _hours(result: Result, quantity: Quantity) -> Iterator[Finding]:
    """Report times of operation that are longer than the step they lie in."""
    if not quantity.is_parameter:
        return
    hour = parse_unit("h")
    if quantity.unit.same_dimension(hour):
        factor, _ = conversion(quantity.unit, hour)
    elif quantity.unit.same_dimension(hour / parse_unit("year")):
        factor, _ = conversion(quantity.unit, hour / parse_unit("year"))
    else:
        return
    # A time that is fixed once, such as full-load hours, is one of a year.
    once = quantity.parameter.from_ != "monitored" and not result.dataset.domain.clock & set(quantity.over)
    yearly = once or not quantity.unit.same_dimension(hour)
    cases: list[dict[str, Any]] = []
    for index, value in sorted(result.dataset.values.get(quantity.id, {}).items()):
        most = _most_of_a_year(result, quantity.over, index) if yearly else _hours_of(result, quantity.over, index)
        if value * factor > most:
            at = result.dataset.domain.label(quantity.over, index)
            cases.append({"at": at, "hours": _text(value * factor), "most": _text(most)})
    if not cases:
        return
    first = cases[0]
    at_zh, at_en = (f"{first['at']}，", f"at {first['at']} ") if quantity.over else ("", "")
    yield Finding(
        "balance.hours_exceed_step",
        Severity.CORRECTIVE_ACTION,
        f"参数{quantity.id}有{len(cases)}个数值超过时段的实有小时数，首处：{at_zh}{first['hours']}小时，而该时段只有{first['most']}小时"
        "（闰年全年8784小时，平年8760小时）；请更正。",
        f"{len(cases)} values of {quantity.id} are more hours than there are, first {at_en}with {first['hours']} h of "
        f"{first['most']} h (8784 h in a leap year, 8760 h in another). Please correct.",
        {"parameter": quantity.id, "count": len(cases), "cases": cases[:SHOWN]},
        quantity.place,
    )


def _hours_of(result: Result, over: tuple[str, ...], index: Index) -> Fraction:
    """Count the hours of the step of the clock that a value belongs to, inside the monitoring period."""
    project, domain = result.project, result.dataset.domain
    period = project.spec.monitoring_period
    midnight = datetime.time()
    begins = datetime.datetime.combine(period.start, midnight)
    ends = datetime.datetime.combine(period.end + datetime.timedelta(days=1), midnight)
    for name, member in zip(over, index, strict=True):
        if name in domain.steps:
            step = domain.steps[name]
            begins = max(begins, calendar.start(step, int(member))) if name in domain.clock else begins
            ends = min(ends, calendar.start(step, int(member) + 1)) if name in domain.clock else ends
    return _between(begins, ends, project.zone)


def _most_of_a_year(result: Result, over: tuple[str, ...], index: Index) -> Fraction:
    """Give the hours of the calendar year of a value; of the longest year of the period where it has none."""
    period = result.project.spec.monitoring_period
    years = [
        calendar.coarser(result.dataset.domain.steps[name], int(member), "year")
        for name, member in zip(over, index, strict=True)
        if name in result.dataset.domain.steps
    ] or range(period.start.year, period.end.year + 1)
    return max(Fraction((datetime.date(year + 1, 1, 1) - datetime.date(year, 1, 1)).days * 24) for year in years)


def _between(begins: datetime.datetime, ends: datetime.datetime, zone: zoneinfo.ZoneInfo) -> Fraction:
    first, last = (moment.replace(tzinfo=zone).astimezone(datetime.UTC) for moment in (begins, ends))
    return Fraction((last - first) // datetime.timedelta(seconds=1), _HOUR // datetime.timedelta(seconds=1))


def _efficiency(result: Result, quantity: Quantity) -> Iterator[Finding]:
    """Report efficiencies above one; what is an efficiency is told by its name or symbol."""
    names = (quantity.id.rpartition(".")[2].lower(), quantity.symbol.lower())
    if not quantity.unit.is_dimensionless or not any(name.startswith(_EFFICIENCIES) for name in names):
        return
    factor, _ = conversion(quantity.unit, ONE)
    label = result.dataset.domain.label
    over = result.plan.over(quantity.id)
    above = {label(over, index): value for index, value in _exact(result, quantity.id).items() if value * factor > 1}
    if not above:
        return
    at, value = max(above.items(), key=lambda item: item[1])
    shown = exact_text(round(value * factor * 100, 4))
    yield Finding(
        "balance.efficiency_above_one",
        Severity.CORRECTIVE_ACTION,
        f"{quantity.id}有{len(above)}个数值大于100%（最大{shown}%{f'，{at}' if over else ''}），不符合能量守恒；请核实。",
        f"{quantity.id} is above 100 % in {len(above)} cases (at most {shown} %{f' at {at}' if over else ''}), against the "
        "conservation of energy. Please verify.",
        {"quantity": quantity.id, "count": len(above), "at": list(above)[:SHOWN]},
        quantity.place,
    )

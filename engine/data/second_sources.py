"""The amounts of a second source, such as invoices, at the indices of the parameter that they are compared with.

Amounts of billing cycles are divided by days. Compares nothing: that is done in `cross_checks`.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import duckdb

from tonne.engine import calendar
from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.feeds import aggregate
from tonne.engine.data.fillings import Fed
from tonne.engine.data.project import Period, Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.registers import CrossCheck, Cycle
from tonne.engine.data.store import Statements, quoted
from tonne.engine.errors import Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.methodology import Quantity
from tonne.engine.units import Unit, parse_unit, reading_conversion

_ONE_DAY = datetime.timedelta(days=1)
_SHOWN = 20

Span = tuple[datetime.date, datetime.date]  # first and last day


@dataclass(frozen=True)
class SecondSource:
    """The amounts of a second source in the unit of the parameter, and what was found about them."""

    amounts: Mapping[Index, Fraction]
    findings: tuple[Finding, ...] = ()


def stated_amounts(
    project: Project, name: str, quantity: Quantity, unit: Callable[[Index], Unit], domain: Domain
) -> SecondSource:
    """Take the amounts that the project states: by index, or by billing cycle.

    Args:
        project: the project.
        name: of the second source.
        quantity: the parameter that it is compared with.
        unit: gives the unit of the parameter at an index.
        domain: the members of the run.

    Raises:
        ProjectError: an index is unknown, or cycles overlap or cannot be divided.
        UnitError: the unit does not fit.
    """
    check = project.spec.cross_checks[name]
    place = project.document.place("cross_checks", name, "unit", "=")
    if check.cycles is not None:
        found = _from_cycles(project, name, check.cycles, quantity, domain)
    else:
        found = SecondSource(_from_labels(project, name, check, quantity, domain))
    given = parse_unit(check.unit, place)
    amounts = {}
    for index, value in found.amounts.items():
        factor, offset = reading_conversion(given, unit(index), place)
        amounts[index] = value * factor + offset
    return replace(found, amounts=amounts)


def _from_labels(
    project: Project, name: str, check: CrossCheck, quantity: Quantity, domain: Domain
) -> dict[Index, Fraction]:
    known = {domain.label(quantity.over, index): index for index in domain.indices(quantity.over)}
    found, problems = {}, []
    for label, amount in (check.at or {}).items():
        if label in known:
            found[known[label]] = amount
            continue
        place = project.document.place("cross_checks", name, "at", label)
        hint = nearest(label, known) or f"its values are at {listing(list(known), 12)}"
        problems.append(Problem(f"{quantity.id} has no value at '{label}'", place, hint=hint))
    if problems:
        raise ProjectError(problems)
    return found


def _from_cycles(
    project: Project, name: str, cycles: Sequence[Cycle], quantity: Quantity, domain: Domain
) -> SecondSource:
    place = project.document.place("cross_checks", name, "cycles")
    step = domain.steps.get(quantity.over[0]) if len(quantity.over) == 1 else None
    if quantity.over and step not in {"day", "month", "year"}:
        what = (
            f"{quantity.id} is over {listing(quantity.over)}, and amounts of billing cycles are divided by days alone"
        )
        raise ProjectError(Problem(what, place, hint="give the amounts by index, with `at:`"))
    ordered = sorted(cycles, key=lambda cycle: cycle.start)
    overlaps = [
        Problem(
            f"billing cycles of {name} overlap",
            project.document.place("cross_checks", name, "cycles", cycles.index(later)),
            f"a start after {earlier.end}",
            f"{later.start} to {later.end}",
            "a day belongs to one cycle: meters are read once at the end of a cycle",
        )
        for earlier, later in pairwise(ordered)
        if later.start <= earlier.end
    ]
    if overlaps:
        raise ProjectError(overlaps)
    period = project.spec.monitoring_period
    spans = {
        index: _days_of(step, int(index[0]), period) if step else (period.start, period.end)
        for index in domain.indices(quantity.over)
    }
    uncovered = uncovered_days(ordered, period.start, period.end)
    amounts = {
        index: prorated(ordered, *span)
        for index, span in spans.items()
        if not any(_meet(gap, span) for gap in uncovered)
    }
    divided = [
        cycle
        for cycle in ordered
        if any(_meet((cycle.start, cycle.end), span) and not _inside(cycle, span) for span in spans.values())
    ]
    findings = [*_not_aligned(project, name, quantity, uncovered), *_divided(project, name, quantity, divided)]
    return SecondSource(amounts, tuple(findings))


def prorated(cycles: Iterable[Cycle], first: datetime.date, last: datetime.date) -> Fraction:
    """Add up the part of each cycle that lies between two days, both included, in proportion to its days."""
    total = Fraction(0)
    for cycle in cycles:
        common = (min(cycle.end, last) - max(cycle.start, first)).days + 1
        if common > 0:
            total += cycle.value * common / ((cycle.end - cycle.start).days + 1)
    return total


def uncovered_days(cycles: Sequence[Cycle], first: datetime.date, last: datetime.date) -> list[Span]:
    """List the spans of days between two days, both included, that no cycle holds; the cycles are in order."""
    found, day = [], first
    for cycle in cycles:
        if cycle.start > last:
            break
        if cycle.start > day:
            found.append((day, cycle.start - _ONE_DAY))
        day = max(day, cycle.end + _ONE_DAY)
    if day <= last:
        found.append((day, last))
    return found


def _days_of(step: str, number: int, period: Period) -> Span:
    first, after = calendar.start(step, number).date(), calendar.start(step, number + 1).date()
    return max(first, period.start), min(after - _ONE_DAY, period.end)


def _meet(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _inside(cycle: Cycle, span: Span) -> bool:
    return span[0] <= cycle.start and cycle.end <= span[1]


def _not_aligned(project: Project, name: str, quantity: Quantity, uncovered: Sequence[Span]) -> Iterable[Finding]:
    if not uncovered:
        return
    period = project.spec.monitoring_period
    days = sum((last - first).days + 1 for first, last in uncovered)
    first, last = uncovered[0]
    yield Finding(
        "cross_check.cycles_not_aligned",
        Severity.CLARIFICATION,
        f"参数{quantity.id}的交叉核对数据{name}：结算周期未覆盖整个监测期（{period.start}至{period.end}），缺{days}天"
        f"（首处{first}至{last}），涉及时段未作核对；请补充结算凭证，或说明监测期与结算周期不一致的处理方法。",
        f"Second source {name} of {quantity.id}: the billing cycles do not cover the monitoring period ({period.start} to "
        f"{period.end}); {days} days are missing (the first from {first} to {last}) and what lies there was not compared. "
        "Please add the invoices, or explain how the period and the billing cycles fit together.",
        {
            "cross_check": name,
            "parameter": quantity.id,
            "days": days,
            "uncovered": [{"first": str(begin), "last": str(end)} for begin, end in uncovered[:_SHOWN]],
        },
        project.document.place("cross_checks", name, "cycles"),
    )


def _divided(project: Project, name: str, quantity: Quantity, divided: Sequence[Cycle]) -> Iterable[Finding]:
    if not divided:
        return
    first = divided[0]
    yield Finding(
        "cross_check.cycles_prorated",
        Severity.NOTE,
        f"参数{quantity.id}的交叉核对数据{name}：{len(divided)}个结算周期跨越统计时段边界，已按天数分摊"
        f"（首例：{first.start}至{first.end}）。",
        f"Second source {name} of {quantity.id}: {len(divided)} billing cycles cross a boundary and are divided by days (the "
        f"first from {first.start} to {first.end}).",
        {
            "cross_check": name,
            "parameter": quantity.id,
            "count": len(divided),
            "cycles": [{"first": str(cycle.start), "last": str(cycle.end)} for cycle in divided[:_SHOWN]],
        },
        project.document.place("cross_checks", name, "cycles"),
    )


def meter_amounts(
    store: duckdb.DuckDBPyConnection, loaded: LoadedReadings, item: Fed, meter: str
) -> dict[Index, tuple[Fraction, int]]:
    """Add up the readings of one meter as the parameter does with its own; with how many went into each amount."""
    sql = Statements(store, {"table": loaded.table, "only": quoted(f"only {loaded.name}")})
    sql.ask("CREATE OR REPLACE TABLE {only} AS SELECT * FROM {table} WHERE meter = ?", meter)
    found = aggregate(store, replace(loaded, fed=sql.fill("{only}")), item.feed, item.target)
    sql.ask("DROP TABLE {only}")
    counts: dict[Index, int] = {}
    for source in found.sources:
        counts[source.key] = counts.get(source.key, 0) + source.count
    return {key: (value, counts[key]) for key, value in found.values.items()}

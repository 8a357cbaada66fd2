"""The values that stand in for missing readings: one small function for each method of substitution.

Each fills the table of the intervals that it has a value for; whether the methodology allows the method, and how much
of it, is judged in `substitution`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tonne.engine import calendar
from tonne.engine.data.amounts import DECIMALS, Key, Target, exact_text
from tonne.engine.data.dataset import Sides
from tonne.engine.data.feeds import aggregate
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.project import Feed, Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.registers import Substitution
from tonne.engine.data.series import VALUE, key_columns, series_name
from tonne.engine.data.store import Statements
from tonne.engine.errors import Place, Problem, ProjectError, listing
from tonne.engine.findings import Finding
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.models import Direction, Gaps
from tonne.engine.units import parse_unit, reading_conversion

_HALF = Fraction(1, 2)
_OPPOSITE: Mapping[Direction, Direction] = {"low": "high", "high": "low"}


@dataclass(frozen=True)
class Fed:
    """A feed of a file of readings with the parameter that it goes to."""

    feed: Feed
    quantity: Quantity
    target: Target

    @property
    def gaps(self) -> Gaps:
        """What the methodology says of missing readings; without a word it allows nothing."""
        monitoring = self.quantity.parameter.monitoring
        return (monitoring.gaps if monitoring else None) or Gaps()


Invoiced = Callable[[str, Fed], Mapping[Key, Fraction]]  # the amounts of a second source, in the parameter's unit


@dataclass(frozen=True)
class Filling:
    """One rule at work on one file: {missing} are its intervals without a reading, {filled} those that got one."""

    sql: Statements
    project: Project
    loaded: LoadedReadings
    fed: tuple[Fed, ...]
    rule: Substitution
    place: Place
    beside: Mapping[str, str]  # check and backup meters, each with its main meter
    sides: Sides
    invoiced: Invoiced

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell series apart."""
        return key_columns(self.loaded.labels)

    def refusal(
        self, what: str, expected: str | None = None, found: str | None = None, hint: str | None = None
    ) -> ProjectError:
        """Say why the rule cannot be used."""
        return ProjectError(Problem(what, self.place, expected, found, hint))

    def side(self) -> Direction:
        """Give the side on which a value of the file is conservative for every parameter that it goes to.

        Raises:
            ProjectError: no side is known, or what is conservative for one parameter is not for another.
        """
        found: dict[Direction, str] = {}
        for item in self.fed:
            side = self.sides(item.quantity.id)
            if side is None:
                what = f"`{self.rule.method}` needs the conservative side of {item.quantity.id}, which is neither declared nor proved"
                raise self.refusal(what, hint="only `check_meter` and `invoice` do without it")
            found[_OPPOSITE[side] if item.feed.take == "negative" else side] = item.quantity.id
        if len(found) > 1:
            what = f"no single value of {self.loaded.name} is conservative"
            raise self.refusal(what, found=f"low for {found['low']}, high for {found['high']}")
        return next(iter(found))


def by_check_meter(filling: Filling) -> list[Finding]:
    """Take what the check meter measured in the same intervals.

    Raises:
        ProjectError: it has no reading either, or it is not registered as such.
    """
    rule, others = filling.rule, "".join(f"{column}, " for column in filling.columns[1:])
    if filling.beside.get(str(rule.check_meter)) != rule.meter:
        what = f"'{rule.check_meter}' is not registered as a check or backup meter of '{rule.meter}'"
        raise filling.refusal(what, hint="describe it under `meters:` with `role: check` and `checks:`")
    filling.sql.ask(
        "INSERT INTO {filled} BY NAME SELECT beside.row, {key}, slot, begins, ends, beside.value, beside.measured_by "
        "FROM {missing} JOIN (SELECT {others}slot, max_by(row, moment) AS row, max_by(value, moment) AS value, "
        "max_by(measured_by, moment) AS measured_by FROM {table} WHERE meter = ? AND substituted IS NULL "
        "GROUP BY {others}slot) AS beside USING ({others}slot)",
        rule.check_meter,
        others=others,
    )
    left = filling.sql.ask(
        "SELECT {key}, begins, count(*) OVER () FROM {missing} ANTI JOIN {filled} USING ({key}, slot) ORDER BY begins LIMIT 1"
    )
    if left:
        *series, instant, count = left[0]
        raise filling.refusal(
            f"the check meter {rule.check_meter} has no reading either for {count} of the intervals that {series_name(series)} lacks",
            found=f"none at {filling.loaded.time.text(instant)}",
            hint="write another rule for these `days:` in front of this one",
        )
    return []


def by_percentile(filling: Filling) -> list[Finding]:
    """Take the percentile of each meter's readings in the file: the value at the nearest rank.

    Raises:
        ProjectError: the percentile is not on the conservative side.
    """
    side, share = filling.side(), filling.rule.percentile or Fraction(0)
    if not more_extreme(side, share, _HALF):
        expected = "below 50 %" if side == "low" else "above 50 %"
        what = f"the percentile is not on the conservative side, which is {side}"
        raise filling.refusal(what, expected, f"{exact_text(share * 100)} %")
    for series in incomplete(filling):
        same = " AND ".join(f"{column} = ?" for column in filling.columns)
        ((count,),) = filling.sql.ask("SELECT count(value) FROM {cells} WHERE {same}", *series, same=same)
        if not count:
            raise filling.refusal(f"meter {series_name(series)} has no reading to take a percentile of")
        ((row, value),) = filling.sql.ask(
            "SELECT row, value FROM {cells} WHERE {same} AND value IS NOT NULL ORDER BY value, row LIMIT 1 OFFSET ?",
            *series,
            max(math.ceil(share * count), 1) - 1,
            same=same,
        )
        fill_constant(filling, series, row, Fraction(value))
    return []


def by_zero(filling: Filling) -> list[Finding]:
    """Take zero, where nothing can be more conservative.

    Raises:
        ProjectError: more, or less, than zero can have been missed.
    """
    for item in filling.fed:
        reason = _why_not_zero(filling, item)
        if reason:
            hint = "take the check meter, or the conservative extreme, where the methodology allows them"
            raise filling.refusal(f"zero is not conservative for {item.quantity.id}: {reason}", hint=hint)
    for series in incomplete(filling):
        fill_constant(filling, series, None, Fraction(0))
    return []


def more_extreme(side: Direction, value: Fraction, other: Fraction) -> bool:
    """Whether a value lies further on the conservative side than another."""
    return value < other if side == "low" else value > other


def _why_not_zero(filling: Filling, item: Fed) -> str | None:
    """Say why a reading of zero could be too favourable; None where it is the end of what is possible."""
    side = filling.sides(item.quantity.id)
    if side is None:
        return "its conservative side is neither declared nor proved"
    if item.feed.take != "all":  # an amount of one sign is never below zero
        return None if side == "low" else "its conservative side is high, and more than zero can have been missed"
    _, zero = converted(filling.loaded, item)
    bounds = item.quantity.parameter.bounds
    if side == "low":
        least = None if bounds is None else bounds.min if bounds.min is not None else bounds.above
        return None if least is not None and zero <= least else "its conservative side is low, and it can be below zero"
    most = None if bounds is None else bounds.max if bounds.max is not None else bounds.below
    return (
        None
        if most is not None and zero >= most
        else "its conservative side is high, and more than zero can have been missed"
    )


def by_invoice(filling: Filling) -> list[Finding]:
    """Spread what an invoice holds beyond what was measured evenly over the missing intervals, in each step.

    Raises:
        ProjectError: it holds no amount for the time, or stands for something else.
    """
    loaded, rule = filling.loaded, filling.rule
    what = "an invoice stands for one amount, so it cannot fill"
    if loaded.spec.value.reads == "state":
        raise filling.refusal(f"{what} readings of a state")
    if len(filling.fed) != 1 or filling.fed[0].feed.by:
        raise filling.refusal(
            f"{what} readings that go to several values", found=listing([item.quantity.id for item in filling.fed])
        )
    (item,) = filling.fed
    check = filling.project.spec.cross_checks[str(rule.cross_check)]
    if check.parameter != item.quantity.id or check.meter is not None:
        found = f"amounts of {check.parameter}" if check.meter is None else f"the readings of meter {check.meter}"
        raise filling.refusal(f"{rule.cross_check} holds no invoiced amounts of {item.quantity.id}", found=found)
    amounts = filling.invoiced(str(rule.cross_check), item)
    measured = aggregate(filling.sql.store, loaded, item.feed, item.target).values
    number = loaded.time.number(item.target.step, "begins") if item.target.step else "0"
    factor, _ = converted(filling.loaded, item)
    sign = -1 if item.feed.take == "negative" else 1
    steps = filling.sql.ask(
        "SELECT {number} AS number, count(*), sum(ends - begins) FROM {missing} GROUP BY number ORDER BY number",
        number=number,
    )
    for step, count, span in steps:
        key = tuple(step if name == item.target.clock else item.feed.at[name] for name in item.target.over)
        if key not in amounts:
            label = calendar.label(item.target.step, step) if item.target.step else "the period"
            raise filling.refusal(f"{rule.cross_check} has no whole amount for {label}, in which readings are missing")
        left = max(amounts[key] - measured.get(key, Fraction(0)), Fraction(0)) / factor
        if loaded.spec.value.reads == "average":
            left = left * count * FIXED["hour"] / int(span)
        each, extra = divmod(int(stored(left, filling.sides(item.quantity.id)) * 10**DECIMALS), count)
        _spread(filling, number, step, extra, [sign * Fraction(part, 10**DECIMALS) for part in (each + 1, each)])
    return []


def _spread(filling: Filling, number: str, step: int, extra: int, values: Sequence[Fraction]) -> None:
    """Fill the intervals of a step alike; what cannot be divided goes to the first of them."""
    filling.sql.ask(
        "INSERT INTO {filled} BY NAME SELECT {key}, slot, begins, ends, CAST(CASE WHEN row_number() OVER "
        "(ORDER BY begins, {key}) <= ? THEN ? ELSE ? END AS {value}) AS value FROM {missing} WHERE {number} = ?",
        extra,
        *map(exact_text, values),
        step,
        value=VALUE,
        number=number,
    )


def stored(value: Fraction, side: Direction | None) -> Fraction:
    """Cut a value to the decimals that the store holds, towards the conservative side."""
    scaled = value * 10**DECIMALS
    cut = math.floor(scaled) if side == "low" else math.ceil(scaled) if side == "high" else round(scaled)
    return Fraction(cut, 10**DECIMALS)


def converted(loaded: LoadedReadings, item: Fed) -> tuple[Fraction, Fraction]:
    """Give factor and offset from what a file adds up to the unit of the parameter."""
    unit = parse_unit(loaded.spec.value.unit, loaded.unit_place)
    unit = unit * parse_unit("h") if loaded.spec.value.reads == "average" else unit
    return reading_conversion(unit, item.target.unit, loaded.unit_place)


def incomplete(filling: Filling) -> list[tuple[str, ...]]:
    """List the series that lack readings, in order."""
    return [tuple(series) for series in filling.sql.ask("SELECT DISTINCT {key} FROM {missing} ORDER BY {key}")]


def fill_constant(filling: Filling, series: Sequence[str], row: int | None, value: Fraction) -> None:
    """Fill every missing interval of a series with one value, taken from a row of the file if there is one."""
    filling.sql.ask(
        "INSERT INTO {filled} BY NAME SELECT CAST(? AS BIGINT) AS row, {key}, slot, begins, ends, "
        "CAST(? AS {value}) AS value FROM {missing} WHERE {same}",
        row,
        exact_text(value),
        *series,
        value=VALUE,
        same=" AND ".join(f"{column} = ?" for column in filling.columns),
    )

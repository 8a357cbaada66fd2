"""Turns readings in the store into values of parameters: exact sums or means per step and member.

The store sums decimals exactly; everything that is multiplied or divided is a ratio. Judges no bounds and
fills no gap: a step without readings has no value here.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine import calendar
from tonne.engine.data.amounts import DECIMALS, DIGITS, Key, Target, exact_text
from tonne.engine.data.intake import cut_problems
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.project import Feed
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.series import SHOWN_CASES, VALUE
from tonne.engine.data.store import Statements
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import Unit, parse_unit, reading_conversion

TAKEN = {
    "all": "value",
    "positive": "greatest(value, 0)",
    "negative": "greatest(-value, 0)",
}
_COUNTED = {"all": "TRUE", "positive": "value > 0", "negative": "value < 0"}


@dataclass(frozen=True)
class Adjustment:
    """Classes of readings that are changed by a share of their magnitude."""

    number: str = "0"  # the SQL that numbers the class of a reading; those of class 0 stay as they are
    shares: tuple[Fraction, ...] = (Fraction(0),)  # with their sign, by number


@dataclass(frozen=True)
class Adjusted:
    """The readings of one class that went into one value, in the unit of the parameter."""

    number: int
    count: int
    length: int  # of their intervals, in microseconds
    before: Fraction
    after: Fraction


@dataclass(frozen=True)
class FeedSource:
    """What one meter contributed to one value: the readings of a step and their sum or mean."""

    key: Key
    meter: str
    count: int  # readings in the step
    taken: int  # those of the sign that is taken
    first: str  # local time stamps with offset
    last: str
    total: str  # exact, in `total_unit`
    total_unit: str
    amount: str  # exact, in the unit of the parameter, as corrected
    uncorrected: str
    adjusted: tuple[Adjusted, ...]  # by class


@dataclass(frozen=True)
class FinerPart:
    """What one meter contributed to a value in one shorter step."""

    step: str  # such as `day`
    label: str  # such as `2024-03-01`
    source: FeedSource


@dataclass(frozen=True)
class FeedValues:
    """The values of one parameter from one file of readings, and where each comes from."""

    parameter: str
    values: Mapping[Key, Fraction]
    sources: tuple[FeedSource, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ReadingRow:
    """One reading of a value; of a register the value is the difference to the row `earlier`."""

    file: str
    row: int
    meter: str
    time: str
    value: Decimal
    earlier: int | None


@dataclass(frozen=True)
class Feeding:
    """One feed of one loaded file to one parameter."""

    sql: Statements
    loaded: LoadedReadings
    feed: Feed
    target: Target
    columns: Mapping[str, str]  # dimension to column in the store
    adjustment: Adjustment = Adjustment()

    @property
    def reads(self) -> str:
        """What the values of the file are."""
        return self.loaded.spec.value.reads

    @property
    def unit(self) -> Unit:
        """The unit of what is added up: that of the file, for a rate times an hour."""
        unit = parse_unit(self.loaded.spec.value.unit, self.loaded.unit_place)
        return unit * parse_unit("h") if self.reads == "average" else unit

    def conversion(self) -> tuple[Fraction, Fraction]:
        """Give factor and offset to the unit of the parameter."""
        factor, offset = reading_conversion(self.unit, self.target.unit, self.loaded.unit_place)
        if offset and self.reads != "state":
            what = f"values in {self.unit.text} have a zero of their own and cannot be added up"
            raise ProjectError(Problem(what, self.loaded.unit_place, hint="`reads: state` averages them"))
        return factor, offset

    def hours(self, span: int) -> Fraction:
        """Give what a value is multiplied by: the length of its interval for a rate, else 1."""
        return Fraction(span, FIXED["hour"]) if self.reads == "average" else Fraction(1)

    def number(self, instant: str) -> str:
        """Write the number of the step in which an instant lies."""
        return self.loaded.time.number(self.target.step, instant) if self.target.step else "NULL"

    def key(self, number: int, members: Sequence[str]) -> Key:
        """Put the index of a value together."""
        named = dict(zip(self.columns, members, strict=True)) | self.feed.at
        return tuple(number if name == self.target.clock else named[name] for name in self.target.over)


@dataclass
class _Part:
    count: int = 0
    taken: int = 0
    first: int | None = None
    last: int | None = None
    total: Fraction = Fraction(0)
    corrected: Fraction = Fraction(0)

    def add(self, count: int, taken: int, extent: tuple[int, int], total: Fraction, corrected: Fraction) -> None:
        first, last = extent
        self.count += count
        self.taken += taken
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)
        self.total = self.total + total if self.total else total
        self.corrected = self.corrected + corrected if self.corrected else corrected


@dataclass
class _Class:
    count: int = 0
    length: int = 0
    before: Fraction = Fraction(0)
    after: Fraction = Fraction(0)

    def add(self, count: int, length: int, before: Fraction, after: Fraction) -> None:
        self.count += count
        self.length += length
        self.before += before
        self.after += after


def aggregate(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    adjustment: Adjustment | None = None,
) -> FeedValues:
    """Sum the readings of each step exactly; average those that are states.

    Args:
        store: where the readings are.
        loaded: the file.
        feed: which part of it goes to the parameter.
        target: the parameter.
        adjustment: which readings are corrected, meter by meter, before anything is added up.

    Raises:
        ProjectError: the feed does not say which members its values belong to.
        UnitError: the readings cannot be converted to the unit of the parameter.
        DataError: an interval crosses the boundary of a step, a member is unknown, or sums are too large.
    """
    feeding = feeding_of(store, loaded, feed, target, adjustment or Adjustment())
    factor, offset = feeding.conversion()
    refuse_unknown_members(feeding)
    refuse_crossing(feeding)
    wholes: defaultdict[Key, _Part] = defaultdict(_Part)
    parts: defaultdict[tuple[Key, str], _Part] = defaultdict(_Part)
    classes: defaultdict[tuple[Key, str], defaultdict[int, _Class]] = defaultdict(lambda: defaultdict(_Class))
    rate = feeding.reads == "average"
    for number, meter, *members, span, class_, count, taken, first, last, total, magnitude, length in _sums(feeding):
        key = feeding.key(number, members)
        amount = corrected = Fraction(total) * feeding.hours(span) if rate else Fraction(total)
        if class_:
            corrected += feeding.adjustment.shares[class_] * Fraction(magnitude) * feeding.hours(span)
            classes[key, meter][class_].add(count, length, amount, corrected)
        for part in (wholes[key], parts[key, meter]):
            part.add(count, taken, (first, last), amount, corrected)
    state = feeding.reads == "state"

    def converted(total: Fraction, count: int) -> Fraction:
        mean = total / count if state and count > 1 else total
        return mean * factor + offset if offset else mean * factor

    sources, unit = [], feeding.unit.text
    for (key, meter), part in sorted(parts.items(), key=lambda item: item[0]):
        first = loaded.time.text(part.first or 0)
        last = first if part.last == part.first else loaded.time.text(part.last or 0)
        total = part.total / part.count if state else part.total
        uncorrected = exact_text(converted(part.total, part.count))
        same = part.corrected == part.total
        corrected_text = uncorrected if same else exact_text(converted(part.corrected, part.count))
        texts = exact_text(total), unit, corrected_text, uncorrected
        adjusted = tuple(
            Adjusted(number, of.count, of.length, converted(of.before, of.count), converted(of.after, of.count))
            for number, of in sorted(classes[key, meter].items())
        )
        sources.append(FeedSource(key, meter, part.count, part.taken, first, last, *texts, adjusted))
    values = {key: converted(wholes[key].corrected, wholes[key].count) for key in sorted(wholes)}
    findings = _averaged(feeding, wholes) if state else ()
    return FeedValues(feed.parameter, values, tuple(sources), findings)


def list_readings(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    key: Key,
    limit: int = 100,
) -> list[ReadingRow]:
    """List the readings that a value was made of, in the order of time."""
    feeding = feeding_of(store, loaded, feed, target)
    at = dict(zip(target.over, key, strict=True))
    conditions, values = [_COUNTED[feed.take]], []
    if target.clock:
        conditions.append(f"{feeding.number('begins')} = ?")
        values.append(at[target.clock])
    for dimension, column in feeding.columns.items():
        conditions.append(f"{column} = ?")
        values.append(at[dimension])
    return _rows(feeding, " AND ".join(conditions), "moment, meter, row", limit, values)


def first_rows_outside(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    minimum: Fraction | None = None,
    maximum: Fraction | None = None,
    limit: int = SHOWN_PROBLEMS,
) -> list[ReadingRow]:
    """List the first readings that alone are outside the bounds of the parameter, in the order of the file.

    Amounts add up, so that a lower bound above 0 or an upper bound below 0 says nothing of one reading.
    """
    feeding = feeding_of(store, loaded, feed, target)
    factor, offset = feeding.conversion()
    state = feeding.reads == "state"
    rate = feeding.reads == "average"
    sizes = [(loaded.grid.size,)] if loaded.grid.size else feeding.sql.ask("SELECT DISTINCT ends - begins FROM {table}")
    spans = sizes if rate else [(0,)]
    scale = 10**DECIMALS
    conditions = []
    for (span,) in spans:
        size = factor * feeding.hours(span)
        same = f"ends - begins = {span} AND " if rate else ""
        if minimum is not None and (state or minimum <= 0):
            least = Fraction(math.ceil((minimum - offset) / size * scale), scale)
            conditions.append(f"{same}{TAKEN[feed.take]} < {sql_number(least)}")
        if maximum is not None and (state or maximum >= 0):
            most = Fraction(math.floor((maximum - offset) / size * scale), scale)
            conditions.append(f"{same}{TAKEN[feed.take]} > {sql_number(most)}")
    return _rows(feeding, " OR ".join(conditions), "row", limit, []) if conditions else []


def first_rows_not_of_a_flag(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    limit: int = SHOWN_PROBLEMS,
) -> list[ReadingRow]:
    """List the first readings of a flag that are neither 0 nor 1, in the order of the file."""
    feeding = feeding_of(store, loaded, feed, target)
    factor, _ = feeding.conversion()
    scale = 10**DECIMALS
    one = Fraction(math.floor(scale / factor), scale)  # in the unit of the file
    return _rows(feeding, f"value NOT IN (0, {sql_number(one)})", "row", limit, [])


def sql_number(value: Fraction) -> str:
    """Write a number of at most 18 decimals as a constant of SQL; one beyond every value as the largest there is."""
    largest = Fraction(10 ** (DIGITS + 1))  # beyond every value
    return f"CAST('{exact_text(max(-largest, min(largest, value)))}' AS {VALUE})"


def _rows(feeding: Feeding, condition: str, order: str, limit: int, values: Sequence[object]) -> list[ReadingRow]:
    loaded = feeding.loaded
    rows = feeding.sql.ask(
        "SELECT row, meter, moment, value, earlier FROM {table} WHERE {condition} ORDER BY {order} LIMIT ?",
        *values,
        limit,
        condition=condition,
        order=order,
    )
    return [
        ReadingRow(loaded.facts.shown, row, meter, loaded.time.text(moment), value, earlier)
        for row, meter, moment, value, earlier in rows
    ]


def feeding_of(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    adjustment: Adjustment = Adjustment(),
) -> Feeding:
    """Describe one feed of one loaded file to one parameter.

    Raises:
        ProjectError: the feed does not say which members its values belong to.
    """
    needed = [dimension for dimension in target.over if dimension != target.clock]
    given = [*feed.at, *feed.by]
    problems = [
        Problem(
            f"the readings for {feed.parameter} do not say which {dimension} they belong to",
            loaded.place,
            hint=f"state it as `at: {{{dimension}: …}}` or name a column as `by: {{{dimension}: …}}`",
        )
        for dimension in needed
        if dimension not in given
    ]
    problems += [
        Problem(f"{feed.parameter} is not over '{dimension}'", loaded.place, hint=nearest(dimension, needed))
        for dimension in given
        if dimension not in needed
    ]
    if problems:
        raise ProjectError(problems)
    columns = {dimension: f"l{loaded.labels.index(column)}" for dimension, column in feed.by.items()}
    return Feeding(Statements(store, {"table": loaded.fed}), loaded, feed, target, columns, adjustment)


def _sums(feeding: Feeding) -> list[tuple[Any, ...]]:
    register, rate = feeding.reads == "register", feeding.reads == "average"
    members = "".join(f", {column}" for column in feeding.columns.values())
    corrected = len(feeding.adjustment.shares) > 1
    keys = f"number, meter{members}{', span' if rate else ''}{', class' if corrected else ''}"
    try:
        return feeding.sql.ask(
            "SELECT {number} AS number, meter{members}, {span} AS span, {class_} AS class, count(*), "
            "count(*) FILTER ({counted}), min({first}), max(moment), sum({taken}), {magnitude}, {length} "
            "FROM {table} GROUP BY {keys}",
            keys=keys,
            number=feeding.number("begins"),
            members=members,
            span="ends - begins" if rate else "0",
            class_=feeding.adjustment.number,
            counted=_COUNTED[feeding.feed.take],
            first="begins" if register else "moment",
            taken=TAKEN[feeding.feed.take],
            magnitude=f"sum(abs({TAKEN[feeding.feed.take]}))" if corrected else "0",
            length="CAST(sum(ends - begins) AS BIGINT)" if corrected else "0",
        )
    except duckdb.OutOfRangeException:
        what = f"the sum of column '{feeding.loaded.spec.value.column}' is too large"
        place = Place(feeding.loaded.facts.shown)
        raise DataError(Problem(what, place, hint="state the values in a larger unit")) from None


def refuse_unknown_members(feeding: Feeding) -> None:
    """Refuse rows that name a member the parameter does not have.

    Raises:
        DataError: with the first row of each.
    """
    problems = []
    for dimension, column in feeding.columns.items():
        known = feeding.target.members.get(dimension)
        if known is None:
            continue
        rows = feeding.sql.ask(
            "SELECT min(row), {column} FROM {names} WHERE {column} NOT IN (SELECT unnest(?)) "
            "GROUP BY {column} ORDER BY min(row)",
            list(known),
            column=column,
            names=feeding.loaded.names,
        )
        problems += [
            Problem(
                f"'{member}' is not a member of {dimension}",
                feeding.loaded.facts.place(row, feeding.feed.by[dimension]),
                hint=nearest(member, known) or f"the members are {listing(list(known))}",
            )
            for row, member in rows
        ]
    if problems:
        raise DataError(problems)


def refuse_crossing(feeding: Feeding) -> None:
    """Refuse readings whose interval belongs to two steps of the parameter.

    Raises:
        DataError: with the first rows.
    """
    loaded, step = feeding.loaded, feeding.target.step
    if step is None or (feeding.reads != "register" and loaded.grid.nests_in(step, loaded.time)):
        return
    rows = feeding.sql.ask(
        "SELECT row, begins, ends, earlier, count(*) OVER () FROM {table} WHERE {before} <> {after} "
        "ORDER BY row LIMIT ?",
        SHOWN_PROBLEMS,
        before=feeding.number("begins"),
        after=feeding.number("(ends - 1)"),
    )
    if not rows:
        return
    hint = (
        f"give a reading of the register at the start of every {step}"
        if feeding.reads == "register"
        else f"give readings of intervals that divide a {step} of local time ({loaded.time.zone})"
    )
    problems = [
        Problem(
            f"the {'difference to row ' + str(earlier) if earlier else 'interval of the reading'} "
            f"crosses the boundary of a {step}, and {feeding.feed.parameter} is needed by {step}",
            loaded.facts.place(row, loaded.spec.time.column),
            found=f"{loaded.time.text(begins)} to {loaded.time.text(ends)}",
            hint=hint,
        )
        for row, begins, ends, earlier, _ in rows
    ]
    raise DataError(cut_problems(problems, rows[0][-1], loaded.facts.shown))


def _averaged(feeding: Feeding, wholes: Mapping[Key, _Part]) -> tuple[Finding, ...]:
    several = {key: part.count for key, part in sorted(wholes.items()) if part.count > 1}
    if not several:
        return ()
    step, shown, parameter = feeding.target.step, feeding.loaded.facts.shown, feeding.feed.parameter
    clock = feeding.target.over.index(feeding.target.clock) if feeding.target.clock else None
    listed = [
        {
            "at": [
                calendar.label(step, int(entry)) if step and index == clock else entry
                for index, entry in enumerate(key)
            ],
            "count": count,
        }
        for key, count in list(several.items())[:SHOWN_CASES]
    ]
    return (
        Finding(
            "readings.averaged",
            Severity.NOTE,
            f"参数{parameter}有{len(several)}个取值由{shown}中多条读数算术平均得到。",
            f"{len(several)} values of {parameter} are the arithmetic mean of several readings in {shown}.",
            {"parameter": parameter, "values": len(several), "cases": listed},
            Place(shown),
        ),
    )

"""Local time in the store: which instant lies in which step, and the intervals of a file of readings.

Instants are microseconds since 1970 in UTC. The offsets of the time zone come from the IANA database of
Python, as a short list of changes, so that the store computes local time without a database of its own.
"""

import datetime
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from tonne.engine import calendar
from tonne.engine.data.project import Period
from tonne.engine.errors import Problem, ProjectError

SECOND = 1_000_000
FIXED = {"second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND}
DAY = 24 * FIXED["hour"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST = (datetime.datetime.min.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)
_LAST = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)
_FIRST_YEAR = 1972
_LAST_YEAR = 9990
_MARGIN = datetime.timedelta(days=400)  # intervals that cross an end of the period are seen and refused


@dataclass(frozen=True)
class LocalTime:
    """The local time of a period: its first and last instant, and the offsets in and around it."""

    zone: zoneinfo.ZoneInfo
    period: Period
    begins: int
    ends: int
    offsets: tuple[tuple[int, int], ...]  # (instant from which it holds, offset), the first without beginning

    def local(self, instant: str) -> str:
        """Write the SQL that gives local time, in microseconds, for an SQL expression."""
        if len(self.offsets) == 1:
            return f"({instant} + {self.offsets[0][1]})"
        cases = " ".join(f"WHEN {instant} >= {start} THEN {offset}" for start, offset in self.offsets[:0:-1])
        return f"({instant} + CASE {cases} ELSE {self.offsets[0][1]} END)"

    @property
    def has_changes(self) -> bool:
        """Whether clocks change inside the period, so that a local time can come twice."""
        return any(self.begins < start < self.ends for start, _ in self.offsets[1:])

    def number(self, step: str, instant: str) -> str:
        """Write the SQL that numbers the step of the calendar in which an instant lies."""
        return step_number(step, self.local(instant))

    def moment(self, instant: int) -> datetime.datetime:
        """Give an instant as a local time with its offset; one whose local time has no text, in UTC."""
        try:
            return (_EPOCH + datetime.timedelta(microseconds=instant)).astimezone(self.zone)
        except OverflowError:
            return _EPOCH + datetime.timedelta(microseconds=max(_FIRST, min(instant, _LAST)))

    def text(self, instant: int) -> str:
        """Write an instant as a local time with its offset.

        >>> january = Period(start="2024-01-01", end="2024-01-31")
        >>> local_time(zoneinfo.ZoneInfo("Asia/Shanghai"), january).text(0)
        '1970-01-01T08:00:00+08:00'
        """
        return self.moment(instant).isoformat()


@dataclass(frozen=True)
class Grid:
    """The intervals of a file of readings, numbered from 0 at the start of the period.

    Days and months are those of the local calendar, the others have one length. The first and the last
    may cross an end of the period when the period does not consist of whole intervals.
    """

    unit: str
    multiple: int
    edges: tuple[int, ...]  # of calendar intervals, one more than there are intervals
    begins: int
    ends: int
    count: int

    @property
    def size(self) -> int | None:
        """The length of every interval; None for days and months."""
        return FIXED[self.unit] * self.multiple if self.unit in FIXED else None

    def nests_in(self, step: str, time: LocalTime) -> bool:
        """Whether no interval can lie in two steps of the calendar; where clocks change it is not said."""
        size = FIXED.get(step, DAY)
        return self.size is not None and len(time.offsets) == 1 and size % self.size == 0

    def edge(self, index: int) -> int:
        """Give the instant at which an interval begins, or the last one ends."""
        return self.begins + index * self.size if self.size else self.edges[index]

    def index(self, local_time: LocalTime, instant: str) -> str:
        """Write the SQL that numbers the interval in which an instant lies."""
        if self.size:
            return f"(({instant} - {self.begins}) // {self.size})"
        first = calendar.number(self.unit, local_time.moment(self.begins))
        return f"(({local_time.number(self.unit, instant)} - {first}) // {self.multiple})"


@dataclass(frozen=True)
class Intervals:
    """The SQL that lays readings on the intervals of a grid, from their instant as `moment`."""

    inside: str  # whether the instant lies in the period
    slot: str
    begins: str  # from `slot`
    ends: str
    join: str = ""

    def query(self, source: str) -> str:
        """Add the interval to each row of a query that lies in the period."""
        inner = f"SELECT *, {self.slot} AS slot FROM ({source}) WHERE {self.inside}"  # noqa: S608 (made here)
        return f"SELECT *, {self.begins} AS begins, {self.ends} AS ends FROM ({inner}) {self.join}"  # noqa: S608


def lay_intervals(grid: Grid, time: LocalTime, marks: str) -> Intervals:
    """Lay readings on a grid; `marks` says what an instant is of its interval: start, end, instant or register."""
    if marks == "register":
        probe, inside = "moment", f"moment BETWEEN {time.begins} AND {time.ends}"
    elif marks == "end":
        probe, inside = "(moment - 1)", f"moment > {grid.begins} AND moment <= {grid.ends}"
    else:
        probe, inside = "moment", f"moment >= {grid.begins} AND moment < {time.ends}"
    slot = grid.index(time, probe)
    if grid.size:
        return Intervals(inside, slot, f"{grid.begins} + slot * {grid.size}", f"begins + {grid.size}")
    edges = [*grid.edges, grid.edges[-1]]
    begun = (
        f"(SELECT unnest(range({grid.count + 1})) AS slot, unnest({edges[:-1]}) AS begun, unnest({edges[1:]}) AS ended)"
    )
    return Intervals(inside, slot, "begun", "ended", f"LEFT JOIN {begun} AS edges USING (slot)")


def step_number(step: str, local: str) -> str:
    """Write the SQL that numbers the step of the calendar in which a local time lies, given in microseconds."""
    if step in {"month", "year"}:
        moment = f"make_timestamp({local})"
        return f"year({moment})" if step == "year" else f"(year({moment}) * 12 + month({moment}) - 1)"
    size = DAY if step == "day" else FIXED[step]
    return f"({local} // {size})"


def local_time(zone: zoneinfo.ZoneInfo, period: Period) -> LocalTime:
    """Prepare the local time of a period.

    Raises:
        ProjectError: the period is outside the years in which instants and steps are numbered.
    """
    if period.start.year < _FIRST_YEAR or period.end.year >= _LAST_YEAR:
        what = f"a monitoring period lies between {_FIRST_YEAR} and {_LAST_YEAR}"
        raise ProjectError(Problem(what, found=f"{period.start} to {period.end}"))
    midnight = datetime.time()
    start = datetime.datetime.combine(period.start, midnight)
    end = datetime.datetime.combine(period.end + datetime.timedelta(days=1), midnight)
    offsets = tuple(_offsets(zone, start - _MARGIN, end + _MARGIN))
    return LocalTime(zone, period, instant_of(start, zone), instant_of(end, zone), offsets)


def lay_grid(interval: str, time: LocalTime) -> Grid:
    """Lay out the intervals of a file, such as `10 minute`, over the period."""
    number, _, unit = interval.partition(" ")
    multiple = int(number)
    if unit in FIXED:
        size = FIXED[unit] * multiple
        count = -((time.begins - time.ends) // size)
        return Grid(unit, multiple, (), time.begins, time.begins + count * size, count)
    edges = tuple(_calendar_edges(unit, multiple, time))
    return Grid(unit, multiple, edges, edges[0], edges[-1], len(edges) - 1)


def _calendar_edges(unit: str, multiple: int, time: LocalTime) -> Iterator[int]:
    number = calendar.steps_between(unit, time.period.start, time.period.end).start
    last = calendar.number(unit, datetime.datetime(_LAST_YEAR, 1, 1))  # noqa: DTZ001 (local by definition)
    while True:
        edge = instant_of(calendar.start(unit, min(number, last)), time.zone)
        yield edge
        if edge >= time.ends:
            return
        number += multiple


def instant_of(local: datetime.datetime, zone: zoneinfo.ZoneInfo) -> int:
    """Give the instant of a local time."""
    # A midnight that the clocks skip is the instant of the change; one that occurs twice is the first.
    return (local.replace(tzinfo=zone) - _EPOCH) // datetime.timedelta(microseconds=1)


def _offsets(zone: zoneinfo.ZoneInfo, start: datetime.datetime, end: datetime.datetime) -> Iterator[tuple[int, int]]:
    def offset(instant: int) -> int:
        moment = (_EPOCH + datetime.timedelta(microseconds=instant)).astimezone(zone)
        return (moment.utcoffset() or datetime.timedelta()) // datetime.timedelta(microseconds=1)

    instant, last = instant_of(start, zone), instant_of(end, zone)
    held = offset(instant)
    yield instant, held
    while instant < last:
        following = instant + DAY
        if offset(following) != held:
            before, after = instant, following
            while after - before > SECOND:
                middle = (before + after) // 2 // SECOND * SECOND
                before, after = (middle, after) if offset(middle) == held else (before, middle)
            held = offset(after)
            yield after, held
        instant = following

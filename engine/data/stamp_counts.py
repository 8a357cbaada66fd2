"""Tells how an undescribed file writes time, and counts what its stamps show: extent, interval, gaps, repetitions.

Guesses, for the set-up of a project only.
"""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

from tonne.engine.data.column_kinds import (
    ISO,
    PATTERNS,
    Column,
    Row,
    fitting_patterns,
    has_offset,
    is_serial,
    moment_of,
    number_of,
)
from tonne.engine.data.file_form import FileForm

COUNTED = 2_000_000  # rows
_HOUR = re.compile(r"(\d{1,2})(?:[:：](\d{2})|时|点|h)?", re.IGNORECASE)


@dataclass(frozen=True)
class Times:
    """The column of time, how it is written, and what its stamps show."""

    column: str
    pattern: str | None = None  # None: ISO 8601
    other_pattern: str | None = None  # that fits as well: day and month cannot be told apart
    has_offset: bool = False
    hour_24: bool = False
    clock: str | None = None
    across: Mapping[str, str] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None
    interval: str | None = None
    missing: int = 0
    repeated: int = 0


def tell_times(columns: Sequence[Column], sample: Sequence[Row]) -> Times | None:
    """Find the column of time, and the pattern that fits most of its cells."""
    column = next((column for column in columns if column.kind == "time"), None)
    if column is None:
        return None
    index = columns.index(column)
    clock = next((other for other in columns if other.kind == "clock"), None)
    clock_index = columns.index(clock) if clock else None
    texts = [_joined(cells, index, clock_index) for cells in sample]
    stamps = [text for text in texts if text]
    if sum(map(has_offset, stamps)) * 2 > len(stamps):
        return Times(column.name, has_offset=True)
    if all(number_of(stamp) is not None and is_serial(number_of(stamp) or "0") for stamp in stamps):
        return Times(column.name, pattern="serial")
    fits = Counter(pattern for stamp in stamps for pattern in fitting_patterns(stamp))
    ranked = sorted(fits, key=lambda pattern: (-fits[pattern], PATTERNS.index(pattern)))
    if not ranked:
        return None
    best = ranked[0]
    swapped = best.replace("D/M/", "M/D/") if best.startswith("D/M/") else None
    other = swapped if swapped and fits[swapped] == fits[best] else None
    across = _across(columns) if clock is None else {}
    hour_24 = any(re.search(r"(^|[ T日])24[:时]", stamp) for stamp in stamps)
    pattern = None if best in ISO else best
    return Times(column.name, pattern, other, hour_24=hour_24, clock=clock.name if clock else None, across=across)


def _joined(cells: Row, index: int, clock: int | None) -> str | None:
    date = cells[index]
    if clock is None or date is None:
        return date
    return f"{date} {cells[clock]}" if cells[clock] else None


def _across(columns: Sequence[Column]) -> dict[str, str]:
    """Find columns that are named for times of day, at equal distances over a whole day."""
    found = {}
    for column in columns:
        match = _HOUR.fullmatch(column.name)
        if match and column.kind in {"value", "empty"}:
            found[column.name] = int(match[1]) * 60 + int(match[2] or 0)
    steps = {after - before for before, after in pairwise(found.values())}
    whole = len(steps) == 1 and len(found) * next(iter(steps)) == 24 * 60
    return {name: f"{minutes // 60:02d}:{minutes % 60:02d}" for name, minutes in found.items()} if whole else {}


class StampCounts:
    """Counts what the stamps of a whole file show."""

    def __init__(self, names: Sequence[str], times: Times | None, meter: str | None) -> None:
        self.names = list(names)
        self.given = times
        self.meter = meter
        self.rows = 0
        self.footer: list[str] = []
        self.stamps: dict[str, Counter[datetime.datetime]] = defaultdict(Counter)

    def count(self, rows: Iterator[tuple[int, Row]], form: FileForm) -> None:
        """Count the rows, the stamps of each meter, and what else stands in the column of time."""
        if self.given is None:
            self.rows = sum(any(cells) for _, cells in rows)
            return
        time = self.names.index(self.given.column)
        clock = self.names.index(self.given.clock) if self.given.clock else None
        meter = self.names.index(self.meter) if self.meter else None
        footer = tuple(form.footer)
        for _, cells in islice(rows, COUNTED):
            first = next((cell for cell in cells if cell), None)
            if first is None or (footer and first.startswith(footer)):
                continue
            text = _joined(cells, time, clock)
            moment = self._read(text) if text else None
            if moment is None:
                self._take_footer(first)
                continue
            self.rows += 1
            self.stamps[(cells[meter] or "") if meter is not None else ""][moment] += 1

    def _read(self, text: str) -> datetime.datetime | None:
        if self.given is None:
            return None
        if self.given.has_offset:
            try:
                return datetime.datetime.fromisoformat(text.replace(" ", "T", 1)).astimezone(datetime.UTC)
            except ValueError:
                return None
        if self.given.pattern:
            return moment_of(text, self.given.pattern)
        return next((moment for pattern in ISO if (moment := moment_of(text, pattern))), None)

    def _take_footer(self, first: str) -> None:
        words = re.match(r"[^\d\s:：]{1,20}", first)
        if words and words[0] not in self.footer and len(self.footer) < 10:
            self.footer.append(words[0])

    def times(self) -> Times | None:
        """Complete what is known of the times: extent, interval, what is missing and repeated."""
        if self.given is None or not self.stamps:
            return self.given
        steps: Counter[datetime.timedelta] = Counter()
        repeated = 0
        for stamps in self.stamps.values():
            steps.update(after - before for before, after in pairwise(sorted(stamps)))
            repeated += sum(count - 1 for count in stamps.values())
        every = [stamp for stamps in self.stamps.values() for stamp in stamps]
        step = steps.most_common(1)[0][0] if steps else None
        missing = 0
        if step and step < datetime.timedelta(days=28):
            missing = sum((max(stamps) - min(stamps)) // step + 1 - len(stamps) for stamps in self.stamps.values())
        interval = _interval(step)
        if self.given.across:
            clocks = sorted(int(clock[:2]) * 60 + int(clock[3:]) for clock in self.given.across.values())
            interval = _interval(datetime.timedelta(minutes=clocks[1] - clocks[0]))
        first, last = (moment.isoformat(" ") for moment in (min(every), max(every)))
        return replace(
            self.given, first=first, last=last, interval=interval, missing=max(0, missing), repeated=repeated
        )


def _interval(step: datetime.timedelta | None) -> str | None:
    if step is None:
        return None
    if datetime.timedelta(days=28) <= step <= datetime.timedelta(days=31):
        return "1 month"
    seconds = int(step.total_seconds())
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} second" if seconds else None

"""The clock: steps of time, their labels, and how they nest; knows nothing of time zones.

A step is a whole number: `year` is the calendar year, `month` counts months since year 0,
`day` counts days since 1970-01-01, `hour` and `minute` count from 1970-01-01T00:00 local time.
"""

import datetime
import re
from functools import lru_cache

STEPS = ("minute", "hour", "day", "month", "year")

_WITHIN = {"minute": (60, "hour"), "hour": (24, "day")}
_EPOCH = datetime.date(1970, 1, 1)
_LABELS = {
    "year": re.compile(r"(\d{4})\Z"),
    "month": re.compile(r"(\d{4})-(\d{2})\Z"),
    "day": re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z"),
    "hour": re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2})\Z"),
    "minute": re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})\Z"),
}


def is_finer(step: str, other: str) -> bool:
    """Whether one step nests in another."""
    return STEPS.index(step) < STEPS.index(other)


def start(step: str, number: int) -> datetime.datetime:
    """Give the local time at which a step begins."""
    if step == "year":
        return datetime.datetime(number, 1, 1)  # noqa: DTZ001 (local by definition)
    if step == "month":
        return datetime.datetime(number // 12, number % 12 + 1, 1)  # noqa: DTZ001
    midnight = datetime.datetime.combine(_EPOCH, datetime.time())
    return midnight + datetime.timedelta(**{f"{step}s": number})


def number(step: str, moment: datetime.datetime) -> int:
    """Number the step in which a local time lies."""
    if step == "year":
        return moment.year
    if step == "month":
        return moment.year * 12 + moment.month - 1
    days = (moment.date() - _EPOCH).days
    if step == "day":
        return days
    hours = days * 24 + moment.hour
    return hours if step == "hour" else hours * 60 + moment.minute


def coarser(step: str, value: int, target: str) -> int:
    """Number the coarser step in which a step lies.

    >>> coarser("month", 2014 * 12, "year")
    2014
    """
    while step in _WITHIN and step != target:  # a year of minutes is asked for often
        count, step = _WITHIN[step]
        value //= count
    return value if step == target else _by_date(step, value, target)


@lru_cache(maxsize=100_000)
def _by_date(step: str, value: int, target: str) -> int:
    return number(target, start(step, value))


@lru_cache(maxsize=200_000)  # documents write the same hours very often
def label(step: str, value: int) -> str:
    """Write a step as in tables and ids.

    >>> label("month", 2014 * 12 + 2)
    '2014-03'
    """
    formats = {
        "year": "%Y",
        "month": "%Y-%m",
        "day": "%Y-%m-%d",
        "hour": "%Y-%m-%dT%H",
        "minute": "%Y-%m-%dT%H:%M",
    }
    text = start(step, value).strftime(formats[step])
    return text.zfill(len(text) + 4 - len(text.split("-")[0]))


def parse_label(step: str, text: str) -> int | None:
    """Read a step as written in tables and ids; None when it is not one.

    >>> parse_label("month", "2014-03") == 2014 * 12 + 2
    True
    """
    match = _LABELS[step].match(text)
    if not match:
        return None
    parts = [int(part) for part in match.groups()]
    if step == "year":
        return parts[0] or None
    try:
        moment = datetime.datetime(*(parts + [1] * (3 - len(parts))))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
    return number(step, moment)


def steps_between(step: str, first: datetime.date, last: datetime.date) -> range:
    """Number the steps of a period, both days included."""
    begin = datetime.datetime.combine(first, datetime.time())
    end = datetime.datetime.combine(last, datetime.time(23, 59))
    return range(number(step, begin), number(step, end) + 1)

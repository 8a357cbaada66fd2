"""Tells what a column of an undescribed file seems to hold: times, numbers, names; and how it writes them.

Guesses, for the set-up of a project only. A pattern fits when every part of it is a possible date.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tonne.engine.data.date_patterns import date_pattern
from tonne.engine.data.file_form import NumberForm
from tonne.engine.data.number_text import plain_number
from tonne.engine.data.stamps import STAMP
from tonne.engine.errors import UnitError
from tonne.engine.units import parse_unit

Row = list[str | None]

_DATES = (
    "YYYY-MM-DD",
    "YYYY-M-D",
    "YYYY/M/D",
    "YYYY.M.D",
    "YYYY年M月D日",
    "YYYYMMDD",
    "D/M/YYYY",
    "M/D/YYYY",
    "D.M.YYYY",
)
_CLOCKS = ("HH:mm", "HH:mm:ss", "H:mm", "H:mm:ss", "H时mm分", "H时m分s秒", "H时")
_JOINTS = (" ", "", "T")
_COMPACT = ("YYYYMMDDHHmm", "YYYYMMDDHHmmss")
PATTERNS = (
    *(
        f"{date}{joint}{clock}"
        for date in _DATES
        for joint in _JOINTS
        for clock in _CLOCKS
        if joint != "" or "年" in date
    ),
    *_COMPACT,
    *_DATES,
    "YYYY-MM",
    "YYYY/M",
    "YYYY年M月",
    "YYYYMM",
)
ISO = {f"YYYY-MM-DD{joint}{clock}" for joint in " T" for clock in ("HH:mm", "HH:mm:ss")} | {"YYYY-MM-DD"}
_TIME_NAME = re.compile("时间|日期|时刻|月份|年月|time|date|month|stamp", re.IGNORECASE)
_NUMBERING = re.compile("序号|编号|no\\.?|#|id|index", re.IGNORECASE)
_UNIT_IN_NAME = re.compile(r"[(（\[【]([^()（）\[\]【】]{1,30})[)）\]】]|[/_]\s*([^/_\s]{1,12})$")
NO_VALUE = ("--", "---", "-", "/", "NaN", "nan", "NULL", "null", "N/A", "无", "Bad", "bad")
_SERIAL = range(25_569, 80_000)


@dataclass(frozen=True)
class Column:
    """What a column seems to hold."""

    name: str
    kind: str  # time, clock, value, text, numbering, or empty
    unit: str | None
    example: str | None
    filled: int  # of the rows looked at


def tell_columns(names: Sequence[str], units: Row, sample: Sequence[Row]) -> tuple[Column, ...]:
    """Tell what each column seems to hold, from its name, its unit and some rows."""
    columns = []
    for index, name in enumerate(names):
        cells = [cells[index] for cells in sample]
        filled = [cell for cell in cells if cell]
        stated = units[index].strip("()（）[]【】 ") if index < len(units) and units[index] else None  # type: ignore[union-attr]
        columns.append(
            Column(name, _kind(name, filled), unit_of(stated) or unit_in_name(name), _example(filled), len(filled))
        )
    return tuple(columns)


def _kind(name: str, filled: Sequence[str]) -> str:
    if all(cell in NO_VALUE for cell in filled):
        return "value" if filled and unit_in_name(name) else "empty"
    most = max(len(filled) / 2, min(len(filled) - 2, 0.9 * len(filled)))  # rows of totals are among them
    numbers = [number for cell in filled if (number := number_of(cell)) is not None]
    if len(numbers) + sum(cell in NO_VALUE for cell in filled) >= most and numbers:
        if _TIME_NAME.search(name) and all(is_serial(number) or len(number) in {6, 8, 12, 14} for number in numbers):
            return "time"
        counted = all(number.isdecimal() for number in numbers)
        return "numbering" if counted and _NUMBERING.fullmatch(name) else "value"
    if sum(bool(fitting_patterns(cell)) or has_offset(cell) for cell in filled) >= most:
        return "time"
    if sum(bool(re.fullmatch(r"\d{1,2}[:时]\d{2}(:\d{2})?分?", cell)) for cell in filled) >= most:
        return "clock"
    return "text"


def _example(filled: Sequence[str]) -> str | None:
    return filled[0][:40] if filled else None


def number_of(text: str) -> str | None:
    """Read a number in any of the usual ways of writing."""
    for form in (None, NumberForm(thousands=","), NumberForm(decimal=",")):
        plain = plain_number(text, form)
        if plain is not None:
            return plain
    return None


def is_serial(number: str) -> bool:
    """Whether a number can be a day of a spreadsheet, from 1970 on."""
    return int(float(number)) in _SERIAL


def has_offset(text: str) -> bool:
    """Whether a text is a time stamp with its offset from UTC."""
    return re.fullmatch(STAMP, text, re.ASCII) is not None


def fitting_patterns(text: str) -> list[str]:
    """List the patterns that fit a text that is a possible date."""
    return [pattern for pattern in PATTERNS if moment_of(text, pattern)] if text[:1].isdigit() else []


def moment_of(text: str, pattern: str) -> datetime.datetime | None:
    """Read a local time by a pattern; None where it does not fit or is no possible date."""
    if pattern.startswith("serial"):
        number = number_of(text)
        days = float(number) if number is not None and is_serial(number) else None
        origin = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 (local by definition)
        return None if days is None else origin + datetime.timedelta(seconds=round(days * 86400))
    iso = date_pattern(pattern).iso(text)
    if iso is None:
        return None
    date, _, clock = iso.partition(" ")
    late = clock.startswith("24:") and not clock[3:].replace(":", "").strip("0")
    year, month, day = map(int, date.split("-"))
    hour, minute, second = (int(float(part)) for part in ("0:0:0" if late else clock).split(":"))
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (local by definition)
    except ValueError:
        return None
    return moment + datetime.timedelta(days=late)


def unit_of(text: str | None) -> str | None:
    """Give a text back if it is a unit."""
    try:
        return text if text and not text.isdecimal() and parse_unit(text) else None
    except UnitError:
        return None


def unit_in_name(name: str) -> str | None:
    """Find the unit in the name of a column, as in 上网电量(万kWh)."""
    return next(
        (unit for found in _UNIT_IN_NAME.finditer(name) if (unit := unit_of((found[1] or found[2]).strip()))), None
    )

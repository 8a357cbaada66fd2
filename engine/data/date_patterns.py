"""Dates and times as people write them: a declared pattern such as `YYYY/M/D H:mm` and what it matches.

A pattern becomes a regular expression and a template that puts the parts in the order of ISO 8601, so that the
column store and Python read a text in the same way. Knows no time zone and guesses nothing.
"""

import re
from dataclasses import dataclass
from functools import cache

SERIAL = {"serial": "1899-12-30", "serial-1904": "1904-01-01"}  # day 0 of the two systems of spreadsheets
SERIAL_NUMBER = r"[1-9][0-9]{4,5}(\.[0-9]{1,15})?"

_TOKENS = {
    "YYYY": ("year", r"([12][0-9]{3})"),
    "YY": ("century", r"([0-9]{2})"),
    "MM": ("month", r"([0-9]{2})"),
    "M": ("month", r"([0-9]{1,2})"),
    "DD": ("day", r"([0-9]{2})"),
    "D": ("day", r"([0-9]{1,2})"),
    "HH": ("hour", r"([0-9]{2})"),
    "H": ("hour", r"([0-9]{1,2})"),
    "mm": ("minute", r"([0-9]{2})"),
    "m": ("minute", r"([0-9]{1,2})"),
    "ss": ("second", r"([0-9]{2}(?:\.[0-9]{1,6})?)"),
    "s": ("second", r"([0-9]{1,2}(?:\.[0-9]{1,6})?)"),
}
_TOKEN = re.compile("YYYY|YY|MM|M|DD|D|HH|H|mm|m|ss|s")
_LETTERS = re.compile(r"[A-Za-z]+")
_LITERAL_LETTERS = {"T"}  # between date and time


@dataclass(frozen=True)
class DatePattern:
    r"""A pattern, as an expression with groups and a template of them: `\1-\2-\3 \4:\5:0`."""

    text: str
    expression: str
    template: str
    parts: frozenset[str]

    def iso(self, text: str) -> str | None:
        """Put a text in the order of ISO 8601, without filling up digits; None where it does not match.

        >>> date_pattern("YYYY年M月D日 H:mm").iso("2024年5月1日 9:05")
        '2024-5-1 9:05:0'
        """
        found = re.fullmatch(self.expression, text)
        return found.expand(self.template) if found else None


@cache
def date_pattern(text: str) -> DatePattern:
    """Read a pattern.

    Raises:
        ValueError: it has letters that stand for nothing, a part twice, or no year and month.
    """
    groups: dict[str, int] = {}
    expression = ""
    position = 0
    for found in _TOKEN.finditer(text):
        expression += _literal(text[position : found.start()])
        part, digits = _TOKENS[found[0]]
        if part in groups or (part == "century" and "year" in groups):
            raise ValueError(f"each part once; {part} comes twice")
        groups[part] = len(groups) + 1
        expression += digits
        position = found.end()
    expression += _literal(text[position:])
    parts = frozenset("year" if part == "century" else part for part in groups)
    if not {"year", "month"} <= parts or ("minute" in parts and "hour" not in parts):
        raise ValueError("a pattern with year and month (YYYY, M), and hours where it has minutes (H, mm)")

    def group(part: str, missing: str) -> str:
        return f"\\{groups[part]}" if part in groups else missing

    year = f"20\\{groups['century']}" if "century" in groups else group("year", "")
    day = f"{year}-{group('month', '1')}-{group('day', '1')}"
    clock = f"{group('hour', '0')}:{group('minute', '0')}:{group('second', '0')}"
    return DatePattern(text, expression, f"{day} {clock}", parts)


def _literal(text: str) -> str:
    unknown = [letters for letters in _LETTERS.findall(text) if letters not in _LITERAL_LETTERS]
    if unknown:
        raise ValueError(f"YYYY YY MM M DD D HH H mm m ss s and marks between them; {unknown[0]} stands for nothing")
    return re.sub(r"(?:\\ )+", " +", re.escape(text))

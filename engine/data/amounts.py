"""What the data stage delivers: which values a parameter takes, and exact numbers as text."""

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction

from tonne.engine.errors import Place, Problem
from tonne.engine.units import Unit

DIGITS, DECIMALS = (
    15,
    18,
)  # of a reading; the store is exact to 38 digits, so that sums have room for five more
NUMBER = r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?"
NO_STORED_VALUE = "a formula without a stored value"  # what stands for such a cell of a workbook
YES_OR_NO = "1 for yes or 0 for no"  # what a flag can be

Key = tuple[int | str, ...]

_NO_READING = {"nan", "inf", "infinity", "na", "n/a", "#n/a", "null", "none", "-", "--", "/", "无"}


@dataclass(frozen=True)
class Target:
    """A parameter as the data stage sees it.

    Values are keyed by its dimensions in their order: numbers of steps for time, names for members.
    """

    unit: Unit
    over: tuple[str, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict)  # dimension of time to its step
    members: Mapping[str, Collection[str]] = field(default_factory=dict)  # dimension to its known members

    @functools.cached_property
    def clock(self) -> str | None:
        """The dimension of time, if the parameter has one."""
        return next((dimension for dimension in self.over if dimension in self.steps), None)

    @functools.cached_property
    def step(self) -> str | None:
        """The step of the dimension of time."""
        return self.steps[self.clock] if self.clock else None


def exact_text(value: Fraction | Decimal | int) -> str:
    """Write a number exactly: as a decimal number where it has one, else as a ratio.

    >>> exact_text(Fraction(-5, 4)), exact_text(Fraction(1, 3)), exact_text(Decimal("7.500"))
    ('-1.25', '1/3', '7.5')
    """
    ratio = Fraction(value)
    places = 0
    rest = ratio.denominator
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest //= prime
            power += 1
        places = max(places, power)
    if rest != 1:
        return f"{ratio.numerator}/{ratio.denominator}"
    digits = str(abs(ratio.numerator) * 10**places // ratio.denominator).zfill(places + 1)
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if ratio < 0 else text


def rounded(value: Fraction) -> Decimal | None:
    """Round half-even to what the store holds; None if the value is too large for it."""
    scaled = round(value * 10**DECIMALS)
    return Decimal(scaled).scaleb(-DECIMALS, Context(prec=60)) if abs(scaled) < 10 ** (DIGITS + DECIMALS) else None


def shortened(text: str) -> str:
    """Quote what a cell holds, cut to a readable length."""
    return f"'{text[:80]}…'" if len(text) > 80 else f"'{text}'"


def number_problem(place: Place, text: str) -> Problem:
    """Say why a cell holds no number that can be taken."""
    found = shortened(text)
    if re.fullmatch(NUMBER, text):
        what = f"the number has more than {DIGITS} digits before the decimal point"
        return Problem(what, place, found=found, hint="write it in a larger unit")
    return Problem("not a number", place, "digits with a decimal point, such as 1234.5", found, _number_hint(text))


def _number_hint(text: str) -> str | None:
    if text.lower().lstrip("+-") in _NO_READING or text in _NO_READING:
        return "leave the cell empty where there is no reading, or declare `numbers: {no_value: […]}`"
    if text.startswith("#"):
        return "the cell is in error in the workbook; mend its formula"
    if text == NO_STORED_VALUE:
        return "open the workbook in a spreadsheet program and save it, so that it holds the values"
    if re.fullmatch(r"[+-]?\d{1,3}([,， ']\d{3})+(\.\d+)?", text):
        return "write numbers without separators of thousands, or declare `numbers: {thousands: …}`"
    if re.fullmatch(r"[+-]?\d+[,，]\d+", text):
        return "write the decimal mark as a point, or declare `numbers: {decimal: …}`"
    if re.fullmatch(r"[+-]?[0-9.]+ ?[A-Za-z%°/³\u4e00-\u9fff]+", text):
        return "units are stated in the project file and not in the cells"
    return None

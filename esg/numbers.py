"""The one place where a number becomes text, and where such text is read back.

Rounding is half up on the decimal digits: a tie goes away from zero (0.125 is 0.13, −0.125 is −0.13), as a
reader of the longer decimal text would do by hand. Nothing is rounded twice, and a value that is not zero
never prints as 0. Units are not printed here, they only choose the decimals; nothing here knows a document.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tonne.engine.errors import Problem, ReportError
from tonne.engine.units import SUPERSCRIPT

Language = Literal["zh", "en"]

ABSENT = "—"
MINUS = "−"
FLAG_WORDS: dict[Language, tuple[str, str]] = {"zh": ("否", "是"), "en": ("no", "yes")}
# Decimals of tables whose figures are added up; other units are given by significant digits.
DECIMALS = {"tCO2e": 2, "tCO2": 2, "MWh": 3, "CNY": 2}
SHORTEST, LONGEST = -4, 14  # powers of ten between which a number is written out

_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_PRINTED = re.compile(
    r"(?P<minus>−?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<part>\.[0-9]+)?"
    r"(?:×10(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?P<percent>%?)"
)


def number_text(
    value: Fraction | Decimal | None,
    unit: str | None = None,
    language: Language = "en",
    *,
    digits: int = 6,
    decimals: int | None = None,
    rounded: bool = False,
) -> str:
    """Print a number as tables and formulas show it: 804,345.20, 0.5703, 3.309×10⁻⁵, −12, 0, — for none.

    Args:
        value: the exact value, in the unit.
        unit: chooses the decimals; for `flag` the value is yes or no.
        language: of the words for a flag.
        digits: significant digits where the unit has no fixed decimals; whole digits are always all shown,
            and zeros at the end are left out where nothing was rounded.
        decimals: fixed decimals instead of the unit's.
        rounded: the value was rounded to whole units, so that decimals would claim too much.
    """
    if value is None:
        return ABSENT
    exact = Fraction(value)
    if unit == "flag" and exact in (0, 1):
        return FLAG_WORDS[language][int(exact)]
    if exact == 0:
        return "0"
    size = abs(exact)
    fixed = 0 if rounded else decimals if decimals is not None else DECIMALS.get(unit or "")
    if fixed is not None and _scaled(size, fixed) and _magnitude(size) <= LONGEST:
        text = _written_out(size, fixed)
    else:
        text = _significant(size, digits)
    return MINUS + text if exact < 0 else text


def share_text(share: Fraction | Decimal | None, decimals: int = 2) -> str:
    """Print a share of one as percent: 12.34%."""
    if share is None:
        return ABSENT
    return f"{number_text(Fraction(share) * 100, decimals=decimals)}%"


def exact_text(value: Fraction | Decimal) -> str:
    """Print a number in full for machines: `-`, no separators, and a ratio where decimals never end."""
    exact = Fraction(value)
    places = _decimal_places(exact)
    if places is None:
        return f"{exact.numerator}/{exact.denominator}"
    text = _decimal(abs(exact), places)
    return f"-{text}" if exact < 0 else text


def read_number(text: str) -> Decimal | None:
    """Read what `number_text` or `share_text` printed, with the digits it shows; None for the dash.

    Raises:
        ReportError: when the text is not of that form.
    """
    text = text.strip()
    if text == ABSENT:
        return None
    for words in FLAG_WORDS.values():
        if text in words:
            return Decimal(words.index(text))
    printed = _PRINTED.fullmatch(text)
    if printed is None or len(text) > 400:
        what = f"'{text[:60]}' is not a printed number"
        raise ReportError(Problem(what, expected="a number such as −1,234.50"))
    power = int((printed["power"] or "0").translate(_PLAIN)) - 2 * len(printed["percent"])
    sign = "-" if printed["minus"] else ""
    # As text, because arithmetic would round to the digits of the decimal context.
    return Decimal(f"{sign}{printed['whole'].replace(',', '')}{printed['part'] or ''}E{power}")


def _scaled(value: Fraction, decimals: int) -> int:
    """Count the units of the last decimal in a positive value, half up."""
    tens: int = 10**decimals
    return (2 * value.numerator * tens + value.denominator) // (2 * value.denominator)


def _magnitude(value: Fraction) -> int:
    """Give the power of ten of the first digit of a positive value."""
    power = len(str(value.numerator)) - len(str(value.denominator))
    reached = value.numerator * 10 ** max(0, -power) >= value.denominator * 10 ** max(0, power)
    return power if reached else power - 1


def _decimal_places(value: Fraction) -> int | None:
    """Count the decimals that give a value exactly; None when they never end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def _decimal(value: Fraction, places: int, separator: str = "") -> str:
    whole, part = divmod(_scaled(value, places), 10**places)
    text = f"{whole:,}".replace(",", separator)
    return f"{text}.{part:0{places}}" if places else text


def _written_out(value: Fraction, places: int) -> str:
    return _decimal(value, places, ",")


def _significant(value: Fraction, digits: int) -> str:
    power = _magnitude(value)
    if not SHORTEST <= power <= LONGEST:
        return _scientific(value, digits)
    return _written_out(value, _places(value, digits - 1 - power))


def _scientific(value: Fraction, digits: int) -> str:
    power = _magnitude(value)
    if _scaled(value / Fraction(10) ** power, digits - 1) == 10**digits:  # 9.9999996 rounds to 10
        power += 1
    mantissa = value / Fraction(10) ** power
    return f"{_written_out(mantissa, _places(mantissa, digits - 1))}×10{str(power).translate(SUPERSCRIPT)}"


def _places(value: Fraction, most: int) -> int:
    """Choose the decimals: all that the value has, at most so many."""
    exact = _decimal_places(value)
    return max(0, most if exact is None else min(most, exact))

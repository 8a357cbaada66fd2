"""Intervals with exact ends, open or closed; what has no exact end is rounded outwards.

An interval encloses every value; it never says that each of its values is taken.
"""

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

LONGEST_END = 4096  # bits above which an end is rounded outwards
KEPT_BITS = 128
LARGEST_EXPONENT = 1000  # of e, and of 2 for an end that is kept

_CONTEXT = Context(prec=50, Emax=999_999, Emin=-999_999)
_WIDENED = Fraction(1, 10**40)


@dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high`; None where there is no end."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def is_positive(self) -> bool:
        """Whether every value is above zero."""
        return self.low is not None and (self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def is_negative(self) -> bool:
        """Whether every value is below zero."""
        return self.high is not None and (self.high < 0 or (self.high == 0 and self.high_open))

    @property
    def is_nonnegative(self) -> bool:
        """Whether no value is below zero."""
        return self.low is not None and self.low >= 0

    @property
    def is_nonpositive(self) -> bool:
        """Whether no value is above zero."""
        return self.high is not None and self.high <= 0

    @property
    def is_point(self) -> bool:
        """Whether there is one value only."""
        return self.low is not None and self.low == self.high

    def within(self, other: "Interval") -> bool:
        """Whether every value lies in another interval."""
        return hull((self, other)) == hull((other,))

    def __neg__(self) -> "Interval":
        low = None if self.high is None else -self.high
        return Interval(low, None if self.low is None else -self.low, self.high_open, self.low_open)

    def __add__(self, other: "Interval") -> "Interval":
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return _kept(Interval(low, high, self.low_open or other.low_open, self.high_open or other.high_open))

    def __sub__(self, other: "Interval") -> "Interval":
        return self + -other

    def __mul__(self, other: "Interval") -> "Interval":
        products = [_product(one, two) for one in _ends(self) for two in _ends(other)]
        return _kept(_between(products))

    def __truediv__(self, other: "Interval") -> "Interval":
        return self * inverse(other)


WHOLE = Interval()
ZERO = Interval(Fraction(0), Fraction(0))
ONE = Interval(Fraction(1), Fraction(1))
POSITIVE = Interval(Fraction(0), None, low_open=True)
NONNEGATIVE = Interval(Fraction(0))
NONPOSITIVE = Interval(None, Fraction(0))


@dataclass(frozen=True)
class _End:
    """An end: without a value it is infinite, on the side of its sign."""

    value: Fraction | None
    open: bool
    side: int = 0

    @property
    def rank(self) -> tuple[int, Fraction]:
        return (self.side, Fraction(0)) if self.value is None else (0, self.value)


def point(value: Fraction) -> Interval:
    """Give the interval of one number."""
    return Interval(value, value)


def _ends(interval: Interval) -> tuple[_End, _End]:
    return (
        _End(interval.low, interval.low is None or interval.low_open, -1),
        _End(interval.high, interval.high is None or interval.high_open, 1),
    )


def _sign(end: _End) -> int:
    if end.value is None:
        return end.side
    return (end.value > 0) - (end.value < 0)


def _product(one: _End, other: _End) -> _End:
    zeros = [end for end in (one, other) if end.value == 0]
    if zeros:
        return _End(Fraction(0), all(end.open for end in zeros))
    if one.value is None or other.value is None:
        return _End(None, True, _sign(one) * _sign(other))
    return _End(one.value * other.value, one.open or other.open)


def _between(ends: Iterable[_End]) -> Interval:
    """Enclose what lies between ends; of two at one place the closed counts."""
    known = list(ends)
    low = min(known, key=lambda end: (end.rank, end.open))
    high = max(known, key=lambda end: (end.rank, not end.open))
    return Interval(low.value, high.value, low.value is not None and low.open, high.value is not None and high.open)


def hull(parts: Iterable[Interval]) -> Interval:
    """Enclose all of several intervals."""
    return _between(end for part in parts for end in _ends(part))


def inverse(interval: Interval) -> Interval:
    """Enclose 1/x where it has a value."""
    if interval.is_nonpositive and not interval.is_point:
        return -inverse(-interval)
    if not interval.is_nonnegative or interval.high == 0:
        return WHOLE if not interval.is_negative else -inverse(-interval)
    low, high = interval.low, interval.high
    return _kept(
        Interval(
            1 / high if high is not None else Fraction(0),
            1 / low if low else None,
            high is None or interval.high_open,
            interval.low_open,
        )
    )


def least(parts: Iterable[Interval]) -> Interval:
    """Enclose the smallest of several values."""
    return -greatest(-part for part in parts)


def greatest(parts: Iterable[Interval]) -> Interval:
    """Enclose the largest of several values."""
    known = list(parts)
    lows = [part for part in known if part.low is not None]
    low = max(lows, key=lambda part: (part.low, part.low_open)) if lows else WHOLE
    top = hull(known)
    return Interval(low.low, top.high, low.low_open, top.high_open)


def magnitude(interval: Interval) -> Interval:
    """Enclose the absolute value."""
    if interval.is_nonnegative:
        return interval
    return -interval if interval.is_nonpositive else greatest((ZERO, interval, -interval))


def raised(base: Interval, exponent: Fraction) -> Interval:
    """Enclose a power with a constant exponent, where it has a value."""
    if exponent < 0:
        return inverse(raised(base, -exponent))
    if exponent == 0:
        return ONE
    if exponent.denominator > 1:
        return _rising(base, lambda value, up: _real_power(value, exponent, up), Fraction(0))
    whole = int(exponent)
    if whole % 2:
        return _mapped(base, lambda value, _up: value**whole)
    return _mapped(magnitude(base), lambda value, _up: value**whole)


def exponential(interval: Interval) -> Interval:
    """Enclose the exponential."""
    raised_ends = _mapped(interval, _exp)
    if raised_ends.low is None or raised_ends.low == 0:
        return Interval(Fraction(0), raised_ends.high, low_open=True, high_open=raised_ends.high_open)
    return raised_ends


def logarithm(interval: Interval) -> Interval:
    """Enclose the natural logarithm of what is positive."""
    return _rising(interval, _log, None)


def root(interval: Interval) -> Interval:
    """Enclose the square root of what is not negative."""
    return raised(interval, Fraction(1, 2))


def floored(interval: Interval) -> Interval:
    """Enclose the whole number below."""
    return _closed(_mapped(interval, lambda value, _up: Fraction(math.floor(value))))


def ceiled(interval: Interval) -> Interval:
    """Enclose the whole number above."""
    return -floored(-interval)


def rounded(interval: Interval) -> Interval:
    """Enclose the nearest whole number."""
    return hull((floored(interval + point(Fraction(1, 2))), ceiled(interval - point(Fraction(1, 2)))))


def _closed(interval: Interval) -> Interval:
    return Interval(interval.low, interval.high)


Monotone = Callable[[Fraction, bool], Fraction | None]


def _mapped(interval: Interval, rising: Monotone) -> Interval:
    """Map the ends by a rising function that rounds down or up as told; None is no end."""
    low = None if interval.low is None else rising(interval.low, False)
    high = None if interval.high is None else rising(interval.high, True)
    return _kept(Interval(low, high, interval.low_open, interval.high_open))


def _rising(interval: Interval, rising: Monotone, start: Fraction | None) -> Interval:
    """Map an interval by a function that has values above zero only, and a limit at zero."""
    high = None if interval.high is None or interval.high <= 0 else rising(interval.high, True)
    if interval.low is None or interval.low <= 0:
        open_start = start is not None and interval.low == 0 and interval.low_open
        return _kept(Interval(start, high, open_start, high is not None and interval.high_open))
    return _kept(Interval(rising(interval.low, False), high, interval.low_open, interval.high_open))


def _decimal(value: Fraction, up: bool) -> Decimal:
    context = Context(prec=50, rounding=ROUND_CEILING if up else ROUND_FLOOR, Emax=999_999, Emin=-999_999)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def _outwards(value: Decimal, up: bool) -> Fraction:
    exact = Fraction(value)
    return exact + abs(exact) * (_WIDENED if up else -_WIDENED)


def _exp(value: Fraction, up: bool) -> Fraction | None:
    if value == 0:
        return Fraction(1)
    if value > LARGEST_EXPONENT:
        return None if up else _exp(Fraction(LARGEST_EXPONENT), up)
    if value < -LARGEST_EXPONENT:
        return _exp(Fraction(-LARGEST_EXPONENT), up) if up else Fraction(0)
    return _outwards(_CONTEXT.exp(_decimal(value, up)), up)


def _log(value: Fraction, up: bool) -> Fraction | None:
    if value == 1:
        return Fraction(0)
    return _outwards(_CONTEXT.ln(_decimal(value, up)), up)


@functools.lru_cache(maxsize=1024)
def _real_power(value: Fraction, exponent: Fraction, up: bool) -> Fraction | None:
    if value in {0, 1}:
        return value
    if exponent == Fraction(1, 2):
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above**2 == value.numerator and below**2 == value.denominator:
            return Fraction(above, below)
    power = _CONTEXT.exp(_CONTEXT.multiply(_CONTEXT.ln(_decimal(value, up)), _decimal(exponent, up)))
    return _outwards(power, up)


def _kept(interval: Interval) -> Interval:
    """Round long ends outwards, so that numbers stay short."""
    if interval.low is not None and _is_long(interval.low):
        return _kept(-_shortened(-interval))
    return _shortened(interval) if interval.high is not None and _is_long(interval.high) else interval


def _is_long(value: Fraction) -> bool:
    return value.numerator.bit_length() + value.denominator.bit_length() > LONGEST_END


def _shortened(interval: Interval) -> Interval:
    """Round the upper end up to few digits; far out there is no end, close to zero it is zero."""
    value = interval.high or Fraction(0)
    size = value.numerator.bit_length() - value.denominator.bit_length()
    if abs(size) > LARGEST_EXPONENT:
        if value > 0:
            high = None if size > 0 else Fraction(1, 2**LARGEST_EXPONENT)
        else:
            high = Fraction(0) if size < 0 else Fraction(-(2**LARGEST_EXPONENT))
        open_end = high == 0
    else:
        step = Fraction(2) ** (size - KEPT_BITS)
        high, open_end = math.ceil(value / step) * step, interval.high_open
    return Interval(interval.low, high, interval.low_open, open_end)

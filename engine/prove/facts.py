"""What is known of a parameter before any data: its bounds, the values of its default, option or table.

A factor stands anywhere between the smallest and the largest value of its column, whatever its keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tonne.engine.prove.interval import WHOLE, Interval, hull, point
from tonne.engine.spec.methodology import Methodology, Quantity, column_unit
from tonne.engine.spec.models import Bounds
from tonne.engine.units import reading_conversion

NICE = tuple(
    Fraction(text)
    for text in ("1", "0", "2", "10", "0.5", "100", "5", "0.1", "3", "1000", "0.9", "20", "0.01", "-1", "-10")
)


@dataclass(frozen=True)
class Range:
    """The values a parameter can take: those inside an interval, or a few values."""

    interval: Interval = WHOLE
    values: tuple[Fraction, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no value is allowed."""
        low, high = self.interval.low, self.interval.high
        if low is None or high is None:
            return False
        return low > high or (low == high and (self.interval.low_open or self.interval.high_open))

    @property
    def only(self) -> Fraction | None:
        """The one value that is allowed, if there is one only."""
        return self.values[0] if len(self.values) == 1 else None

    def allows(self, value: Fraction) -> bool:
        """Whether a value is allowed."""
        return point(value).within(self.interval) and (not self.values or value in self.values)

    def candidates(self) -> tuple[Fraction, ...]:
        """Give allowed values that read well: the few, or round numbers and the ends."""
        return self.values or _round_numbers(self)


# Every probe of every parameter asks for them again.
@lru_cache(maxsize=4096)
def _round_numbers(allowed: Range) -> tuple[Fraction, ...]:
    low, high = allowed.interval.low, allowed.interval.high
    ends = [end for end in (low, high) if end is not None]
    near = [low + step for step in (Fraction(1), Fraction(1, 10)) if low is not None]
    near += [high - step for step in (Fraction(1), Fraction(1, 10)) if high is not None]
    middle = [(low + high) / 2] if low is not None and high is not None else []
    return tuple(dict.fromkeys(value for value in (*NICE, *ends, *near, *middle) if allowed.allows(value)))


def ranges_of(methodology: Methodology) -> dict[str, Range]:
    """Give the range of every parameter, in its own unit."""
    return {name: range_of(methodology, quantity) for name, quantity in methodology.parameters.items()}


def range_of(methodology: Methodology, quantity: Quantity) -> Range:
    """Give the range of a parameter, in its own unit."""
    parameter = quantity.parameter
    if parameter.from_ == "default" and parameter.value is not None and not parameter.replaceable:
        return _one_of((parameter.value,))
    if parameter.from_ == "option" and parameter.by:
        return _one_of(tuple(dict.fromkeys(parameter.by.values())))
    if quantity.unit.is_flag:
        return _one_of((Fraction(0), Fraction(1)))
    bounds = _bounded(parameter.bounds)
    if parameter.from_ == "factor":
        return Range(meet(_table_interval(methodology, quantity), bounds))
    return Range(bounds)


def moved_range(methodology: Methodology, quantity: Quantity, known: Range) -> Range:
    """Give the range in which a parameter is let move; a constant keeps its sign and stays inside its bounds."""
    if quantity.unit.is_flag:
        return _one_of((Fraction(0), Fraction(1)))
    if not known.values:
        return known
    bounds = _bounded(quantity.parameter.bounds)
    if len(known.values) > 1:
        return Range(meet(hull(map(point, known.values)), bounds))
    return Range(meet(_same_sign(known.values[0]), bounds))


def unsatisfiable(ranges: Mapping[str, Range]) -> list[str]:
    """List the parameters whose bounds leave no value; of such a methodology anything could be proved."""
    return [name for name, known in ranges.items() if known.is_empty]


def meet(one: Interval, other: Interval) -> Interval:
    """Give what lies in both of two intervals; with nothing in both, the ends are in the wrong order."""
    lows = [part for part in (one, other) if part.low is not None]
    highs = [part for part in (one, other) if part.high is not None]
    low = max(lows, key=lambda part: (part.low, part.low_open)) if lows else Interval()
    high = min(highs, key=lambda part: (part.high, not part.high_open)) if highs else Interval()
    return Interval(low.low, high.high, low.low_open, high.high_open)


def _one_of(values: tuple[Fraction, ...]) -> Range:
    return Range(hull(map(point, values)), values)


def _bounded(bounds: Bounds | None) -> Interval:
    if bounds is None:
        return Interval()
    closed = Interval(bounds.min, bounds.max)
    inside = Interval(bounds.above, bounds.below, bounds.above is not None, bounds.below is not None)
    return meet(closed, inside)


def _same_sign(value: Fraction) -> Interval:
    if value > 0:
        return Interval(Fraction(0), None, low_open=True)
    return Interval(None, Fraction(0), high_open=True) if value < 0 else Interval()


def _table_interval(methodology: Methodology, quantity: Quantity) -> Interval:
    parameter = quantity.parameter
    table = methodology.tables[str(parameter.table)]
    column = str(parameter.column)
    factor, offset = reading_conversion(column_unit(table, parameter), quantity.unit)
    values = [Fraction(row.values[column]) * factor + offset for row in table.rows.values() if column in row.values]
    return hull(map(point, values)) if values else Interval()

"""The upright axis of a chart with bars: where values stand, at round numbers."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tonne.esg.drawing import GREY, LINE, SHADE, SMALL, WIDTH, Label, Shape, Stroke
from tonne.esg.numbers import number_text

LEFT, RIGHT = 84, 8  # beside the bars
TICKS = 4
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Axis:
    """From the smallest to the largest value, between a top and a height below it."""

    low: Fraction
    high: Fraction
    step: Fraction
    top: float
    height: float

    def y(self, value: Fraction | Decimal) -> float:
        """Say how far down a value stands."""
        share = (self.high - Fraction(value)) / (self.high - self.low)
        return self.top + self.height * float(share)

    def lines(self) -> list[Shape]:
        """Draw a line and a number at each round value."""
        drawn: list[Shape] = []
        for count in range(int((self.high - self.low) / self.step) + 1):
            value = self.low + count * self.step
            y = self.y(value)
            drawn.append(Stroke(((LEFT, y), (WIDTH - RIGHT, y)), LINE if value == 0 else SHADE))
            text = number_text(value, digits=6)
            drawn.append(Label(LEFT - 6, y, text, text, "end", SMALL, GREY))
        return drawn


def axis(values: list[Fraction], top: float, height: float) -> Axis:
    """Choose an axis that holds values and zero, with some round numbers on it."""
    low, high = min([*values, NOTHING]), max([*values, NOTHING])
    span = high - low or Fraction(1)
    step = _round_step(span / TICKS)
    first = -(-low // step) if low >= 0 else low // step
    last = -(-high // step)
    return Axis(first * step, max(last, first + 1) * step, step, top, height)


def _round_step(least: Fraction) -> Fraction:
    """Give the smallest of 1, 2, 2.5, 5 times a power of ten that is not below a step."""
    power = Fraction(10) ** (len(str(int(least))) - 1) if least >= 1 else Fraction(1)
    while power > least:
        power /= 10
    return next(power * part for part in (1, 2, Fraction(5, 2), 5, 10) if power * part >= least)

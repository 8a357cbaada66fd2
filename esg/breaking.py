"""Breaks long formulas into lines before operators, since neither browsers nor LibreOffice do."""

import unicodedata

from tonne.esg.layout import Fraction, Layout, Operator, Row, row
from tonne.esg.linear import plain

BEFORE = {"=", "+", "−", "×", "/", "⋯"}


def lines_of(layout: Layout, longest: int) -> list[Layout]:
    """Break a formula before its outer operators into lines of so many characters, where that is possible."""
    if not isinstance(layout, Row) or width(layout) <= longest:
        return [layout]
    lines: list[list[Layout]] = []
    for part in _parts(layout):
        if lines and width(row(*lines[-1], *part)) <= longest:
            lines[-1] += part
        else:
            lines.append([*part])
    return [row(*line) for line in lines]


def width(layout: Layout) -> int:
    """Count the characters beside each other in a formula; Chinese ones count twice."""
    if isinstance(layout, Row):
        return sum(map(width, layout.parts))
    if isinstance(layout, Fraction):
        return max(width(layout.above), width(layout.below))
    if isinstance(layout, Operator):
        return len(layout.text) + 2 * (layout.spacing == "around")
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in plain(layout))


def _parts(layout: Row) -> list[list[Layout]]:
    """Take a row apart; the first operator is that after the left-hand side, which stays with it."""
    parts: list[list[Layout]] = [[]]
    for position, part in enumerate(layout.parts):
        breaks = isinstance(part, Operator) and part.text in BEFORE and part.spacing == "around"
        if breaks and position > 1:
            parts.append([part])
        else:
            parts[-1].append(part)
    return parts

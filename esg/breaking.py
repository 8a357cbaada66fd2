"""Breaks long formulas into lines before operators, since neither browsers nor LibreOffice do.

A bracket, function, sum or fraction that alone is wider than a line is opened, so that lines can end inside it; its
brackets then do not grow. What stands below a sum sign is broken first. A brace that is too wide becomes a list of its cases.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from tonne.esg.layout import (
    Accent,
    Choices,
    Digits,
    Fence,
    Fraction,
    Function,
    Layout,
    Letters,
    Lines,
    Operator,
    Root,
    Row,
    Scripts,
    Sum,
    Under,
    Words,
    row,
)
from tonne.esg.linear import plain
from tonne.esg.typeset import WORDS

BEFORE = {"=", "+", "−", "×", "/", "⋯"}
CONNECTIVES = {WORDS[language][key].strip() for language in WORDS for key in ("and", "or")}
SMALL = 0.7  # the size of what stands below or beside
LONGEST_BELOW = 26  # characters below a sum sign
SPARE = 4  # characters for the operator before a part that has a line for itself


def lines_of(layout: Layout, longest: int) -> list[Layout]:
    """Break a formula before its operators into lines of so many characters, where that is possible."""
    if width(layout) <= longest:
        return [layout]
    narrow = _narrowed(layout)
    lines = [narrow]
    for openable in (longest - SPARE, longest * 2 // 3, longest // 3):
        lines = _filled(_parts(_flat(narrow, openable)), longest)
        if all(width(line) <= longest for line in lines):
            break
    return lines


def _filled(parts: list[list[Layout]], longest: int) -> list[Layout]:
    """Put as many parts into each line as it holds."""
    lines: list[list[Layout]] = []
    for part in parts:
        if lines and width(row(*lines[-1], *part)) <= longest:
            lines[-1] += part
        else:
            lines.append([*part])
    return [row(*line) for line in lines]


def width(layout: Layout) -> int:
    """Count the characters beside each other in a formula; Chinese ones count twice, small ones less."""
    return ceil(_width(layout))


def _width(layout: Layout) -> float:
    match layout:
        case Row():
            return sum(map(_width, layout.parts))
        case Fraction():
            return max(_width(layout.above), _width(layout.below))
        case Operator():
            return _letters(layout.text) + 2 * (layout.spacing == "around")
        case Scripts():
            beside = [_width(part) for part in (layout.sub, layout.sup) if part is not None]
            return _width(layout.main) + SMALL * max(beside, default=0)
        case Sum():
            return max(2.0, SMALL * _width(layout.below)) + _width(layout.body)
        case Under():
            return max(_width(layout.main), SMALL * _width(layout.below))
        case Lines():
            return max(map(_width, layout.parts), default=0)
        case Function():
            return _width(layout.name) + _width(layout.argument)
        case Fence():
            return 2 + _width(layout.body)
        case Root() | Accent():
            return 1 + _width(layout.body)
        case Choices():
            values, conditions = zip(*layout.rows, strict=True)
            return 4 + max(map(_width, values)) + max(map(_width, conditions))
        case Letters() | Digits() | Words():
            return _letters(layout.text)
    return _letters(plain(layout))


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _narrowed(layout: Layout) -> Layout:
    """Break what stands below the signs of sums and functions."""
    match layout:
        case Row():
            return Row(tuple(map(_narrowed, layout.parts)))
        case Sum():
            return Sum(_below(layout.below), _narrowed(layout.body))
        case Under():
            return Under(layout.main, _below(layout.below))
        case Function():
            return Function(_narrowed(layout.name), _narrowed(layout.argument))
        case Fence() | Root():
            return replace(layout, body=_narrowed(layout.body))
        case Fraction():
            return Fraction(_narrowed(layout.above), _narrowed(layout.below))
    return layout


def _below(layout: Layout) -> Layout:
    parts = layout.parts if isinstance(layout, Lines) else (layout,)
    lines = [line for part in parts for line in _condition_lines(part)]
    return Lines(tuple(lines)) if len(lines) > 1 else lines[0]


def _condition_lines(layout: Layout) -> list[Layout]:
    """Break a condition before its words (and, or), and words that are too long anywhere."""
    if _width(layout) <= LONGEST_BELOW:
        return [layout]
    if isinstance(layout, Words):
        return list(_chunks(layout, LONGEST_BELOW))
    if not isinstance(layout, Row):
        return [layout]
    lines: list[Layout] = []
    for part in layout.parts:
        if lines and _width(row(lines[-1], part)) <= LONGEST_BELOW:
            lines[-1] = row(lines[-1], part)
        else:
            lines += _condition_lines(part)
    return lines


def _chunks(words: Words, longest: int) -> Iterator[Layout]:
    """Break words after spaces, or anywhere where there are none, as in Chinese."""
    text = words.text
    while _letters(text) > longest:
        end = longest * len(text) // _letters(text)
        end = text.rfind(" ", 1, end) + 1 or end
        yield Words(text[:end])
        text = text[end:]
    yield Words(text)


def _flat(layout: Layout, openable: int) -> list[Layout]:
    """Take a row apart, and open what is wider than so many characters."""
    parts = layout.parts if isinstance(layout, Row) else (layout,)
    found: list[Layout] = []
    for part in parts:
        opened = _opened(part) if _width(part) > openable else [part]
        found += [piece for item in opened for piece in _flat(item, openable)] if len(opened) > 1 else opened
    return found


def _opened(layout: Layout) -> list[Layout]:
    """Write a part in pieces between which a line can end."""
    match layout:
        case Row():
            return list(layout.parts)
        case Fence():
            return [Words(layout.left), *_pieces(layout.body), Words(layout.right)]
        case Function():
            return [layout.name, *_opened(layout.argument)]
        case Sum():
            first, *rest = _opened(layout.body)
            return [Sum(layout.below, first), *rest]
        case Choices():
            told = [_opened(row(value, Operator(",", "after"), when)) for value, when in layout.rows]
            return [piece for items in told for piece in (*items, Operator(";", "after"))][:-1]
        case Fraction():
            return [*_opened(Fence(layout.above)), Operator("/"), *_opened(Fence(layout.below))]
        case Words():
            return list(_chunks(layout, LONGEST_BELOW))
    return [layout]


def _pieces(layout: Layout) -> tuple[Layout, ...]:
    return layout.parts if isinstance(layout, Row) else (layout,)


def _is_broken(layout: Layout) -> bool:
    """Whether a layout is a piece of words, and no opened bracket: those are words since a lone sign is an error to some."""
    return isinstance(layout, Words) and len(layout.text) > 1


def _parts(layouts: list[Layout]) -> list[list[Layout]]:
    """Put pieces between which no line ends together; the equality sign after the left-hand side stays with it."""
    parts: list[list[Layout]] = [[]]
    for position, part in enumerate(layouts):
        after_words = position > 0 and _is_broken(layouts[position - 1]) and _is_broken(part)
        if after_words or (isinstance(part, Words) and part.text.strip() in CONNECTIVES):
            parts.append([part])
            continue
        if isinstance(part, Operator):
            leads = position <= 1 and part.text == "="
            if part.text in BEFORE and part.spacing == "around" and not leads:
                parts.append([part])
                continue
            if part.spacing == "after":
                parts[-1].append(part)
                parts.append([])
                continue
        parts[-1].append(part)
    return [part for part in parts if part]

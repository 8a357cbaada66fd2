"""A drawing of plain shapes with words in two languages, the same for every format; knows no data and no file format.

Lengths are quarters of a millimetre: a drawing as wide as the text of an A4 page is 640 wide. Colours are told apart
by people who see few of them, and hatching tells them apart in grey.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from tonne.esg.numbers import Language

WIDTH = 640
SIZE = 12  # of letters, 8.5 points
SMALL = 10.5
QUARTER_MILLIMETRES_PER_INCH = 101.6

INK, GREY, LINE, SHADE, PAPER = "#1a1a1a", "#555b61", "#aab4be", "#e6ebf0", "#ffffff"
# Blue, orange and green of Okabe and Ito, darkened; their lightness differs as well.
BLUE, ORANGE, GREEN, RED = "#1f5a8c", "#e69f00", "#3aa17e", "#a61c1c"
PALE = "#bcd3e6"

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `id` is the value that it stands for, `tip` what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    fill: str = PAPER
    stroke: str = ""
    hatched: bool = False
    id: str = ""
    tip: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points, with an arrow at its end or dashed where asked."""

    points: tuple[tuple[float, float], ...]
    colour: str = LINE
    width: float = 1
    dashed: bool = False
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """Words on one line, in Chinese and English; `y` is the height of their middle."""

    x: float
    y: float
    zh: str
    en: str
    anchor: Anchor = "start"
    size: float = SIZE
    colour: str = INK
    bold: bool = False
    id: str = ""

    def said(self, language: Language) -> str:
        """Give the words in one language."""
        return self.zh if language == "zh" else self.en


Shape = Box | Stroke | Label


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on a white ground, the first behind the others."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


SUB, SUP = "₀₁₂₃₄₅₆₇₈₉₋₊", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
PLAIN = "0123456789−+"
LATIN = 0.52  # mean width of a letter that is not Chinese
LOWERED, SHRUNK = 0.24, 0.7  # of the size of letters


def runs(text: str) -> list[tuple[str, float]]:
    """Divide a text by height: small digits, which many fonts lack, as plain ones with how far they go down."""
    found: list[tuple[str, float]] = []
    for letter in text:
        low, high = SUB.find(letter), SUP.find(letter)
        shift = LOWERED if low >= 0 else -LOWERED * 1.3 if high >= 0 else 0.0
        plain = PLAIN[max(low, high)] if shift else letter
        if found and found[-1][1] == shift:
            found[-1] = (found[-1][0] + plain, shift)
        else:
            found.append((plain, shift))
    return found


def text_width(text: str, size: float = SIZE) -> float:
    """Estimate how wide a text is: a Chinese letter is as wide as high, others about half of that."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (wide + LATIN * (len(text) - wide))


def shortened(text: str, width: float, size: float = SIZE) -> str:
    """Cut a text that is too wide, with an ellipsis in its place."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, width: float, lines: int, size: float = SIZE) -> list[str]:
    """Break a text into at most so many lines; Chinese anywhere, others at blanks; what is left over is cut."""
    found: list[str] = []
    rest = text.strip()
    while rest and len(found) < lines - 1 and text_width(rest, size) > width:
        cut = _cut(rest, width, size)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, shortened(rest, width, size)] if rest else found


def _cut(text: str, width: float, size: float) -> int:
    fits = max((at for at in range(1, len(text)) if text_width(text[:at], size) <= width), default=1)
    breaks = [
        at
        for at in range(1, fits + 1)
        if text[at] == " " or any(unicodedata.east_asian_width(letter) in "WF" for letter in text[at - 1 : at + 1])
    ]
    return breaks[-1] if breaks else fits

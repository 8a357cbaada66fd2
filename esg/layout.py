"""The parts of a printed formula, neutral of any format: what stands over, beside, under or around what.

A formula tree becomes a layout in `typeset`, a symbol in `symbols`; `linear` and `markup` write layouts out.
Nothing here knows what a formula means. Texts may come from strangers; `printable` is applied by the writers.
"""

from dataclasses import dataclass
from typing import Literal

Spacing = Literal["around", "after", "none"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A part of a printed formula."""


@dataclass(frozen=True, slots=True)
class Letters(Layout):
    """An identifier: one letter is slanted, several are upright, unless said otherwise."""

    text: str
    upright: bool | None = None

    @property
    def is_upright(self) -> bool:
        """Whether the letters stand upright."""
        return len(self.text) > 1 if self.upright is None else self.upright


@dataclass(frozen=True, slots=True)
class Digits(Layout):
    """A number without sign."""

    text: str


@dataclass(frozen=True, slots=True)
class Words(Layout):
    """Running text; spaces at its ends are kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Operator(Layout):
    """A sign between, before or after parts."""

    text: str
    spacing: Spacing = "around"


@dataclass(frozen=True, slots=True)
class Row(Layout):
    """Parts beside each other."""

    parts: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Lines(Layout):
    """Parts under each other, as below a sum."""

    parts: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Layout):
    """One part over another, with a bar."""

    above: Layout
    below: Layout


@dataclass(frozen=True, slots=True)
class Scripts(Layout):
    """A part with a subscript, a superscript or both."""

    main: Layout
    sub: Layout | None = None
    sup: Layout | None = None


@dataclass(frozen=True, slots=True)
class Root(Layout):
    """A square root."""

    body: Layout


@dataclass(frozen=True, slots=True)
class Accent(Layout):
    """A part with a mark above it: bar, hat, tilde or dot."""

    mark: str
    body: Layout


@dataclass(frozen=True, slots=True)
class Fence(Layout):
    """A part between brackets that grow with it."""

    body: Layout
    left: str = "("
    right: str = ")"


@dataclass(frozen=True, slots=True)
class Under(Layout):
    """A part with another below it, as min over months."""

    main: Layout
    below: Layout


@dataclass(frozen=True, slots=True)
class Function(Layout):
    """A function's name and what it is applied to, fenced."""

    name: Layout
    argument: Layout


@dataclass(frozen=True, slots=True)
class Sum(Layout):
    """A large sum sign with what it goes over, and its body."""

    below: Layout
    body: Layout


@dataclass(frozen=True, slots=True)
class Choices(Layout):
    """Values with their conditions, after one brace."""

    rows: tuple[tuple[Layout, Layout], ...]


def row(*parts: Layout) -> Layout:
    """Put parts beside each other; rows inside rows are opened, a single part stays as it is."""
    flat: list[Layout] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Row) else (part,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def series(parts: list[Layout], separator: Layout) -> Layout:
    """Put parts beside each other with a separator between."""
    return row(*[item for part in parts for item in (separator, part)][1:])


def printable(text: str) -> str:
    """Leave out what no terminal or XML file should get: control, direction and unassigned characters."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text)

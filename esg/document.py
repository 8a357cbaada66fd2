"""The neutral model of a report: blocks in both languages, in which every number of the result is a `Figure`.

Knows no layout and no file format, and computes nothing. `word` and `page` write it out, `monitoring` makes it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from tonne.esg.drawing import Drawing
from tonne.esg.layout import Layout
from tonne.esg.numbers import Language

LANGUAGES: tuple[Language, Language] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text in Chinese and English."""

    zh: str
    en: str

    def said(self, language: Language) -> str:
        """Give the text in one language."""
        return self.zh if language == "zh" else self.en

    def filled(self, **parts: "str | int | Phrase") -> "Phrase":
        """Put parts into the braces of both texts."""
        zh = {name: part.zh if isinstance(part, Phrase) else part for name, part in parts.items()}
        en = {name: part.en if isinstance(part, Phrase) else part for name, part in parts.items()}
        return Phrase(self.zh.format(**zh), self.en.format(**en))


def same(text: str) -> Phrase:
    """Make a phrase of a text that is the same in both languages, such as a file name."""
    return Phrase(text, text)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the result: the id of the value, its printed text, the exact value, and the unit as printed."""

    id: str
    text: Phrase
    exact: str
    unit: Phrase


@dataclass(frozen=True, slots=True)
class Formula:
    """A symbol or formula; only the words in it differ between the languages."""

    zh: Layout
    en: Layout

    def said(self, language: Language) -> Layout:
        """Give the layout in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Marked:
    """A phrase that stands out: `code` for digests and ids, `strong`, or `warning`."""

    text: Phrase
    mark: Literal["code", "strong", "warning"]


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line inside a cell or paragraph."""


Inline = Phrase | Figure | Formula | Marked | Break
Content = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    content: Content
    style: Literal["body", "lead", "where", "small"] = "body"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that must be seen; a warning says what keeps the numbers from being used."""

    content: Content
    warning: bool = False


@dataclass(frozen=True, slots=True)
class KeyValues:
    """Rows of a label and what it holds, as on a cover or a parameter card."""

    rows: tuple[tuple[Phrase, Content], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, its share of the width, and how its cells are aligned."""

    head: Content
    share: int = 1
    align: Literal["left", "right", "centre"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose head repeats on every page; the last rows may be totals."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Content, ...], ...]
    caption: Phrase | None = None
    totals: int = 0


@dataclass(frozen=True, slots=True)
class Equation:
    """A displayed formula with its number in the source."""

    formula: Formula
    number: Phrase


@dataclass(frozen=True, slots=True)
class Signatures:
    """Empty places for signatures, seals and dates; nothing ever fills them."""

    places: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture for those who look rather than read; `alt` says in words what it shows, and stands in for it."""

    id: str
    caption: Phrase
    alt: Phrase
    drawing: Drawing


Block = Paragraph | Note | KeyValues | Table | Equation | Signatures | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of a report."""

    id: str
    number: str
    heading: Phrase
    level: int
    blocks: tuple[Block, ...]

    def title_in(self, language: Language) -> str:
        """Give number and heading as they are printed."""
        return f"{self.number} {self.heading.said(language)}".strip()


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """Where a number comes from: its equation and inputs, or how it was given."""

    id: str
    quantity: str
    name: Phrase
    exact: str
    unit: Phrase
    source: Phrase
    origin: tuple[tuple[Phrase, Phrase], ...]
    inputs: tuple[Figure, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class TraceList:
    """The traces of the numbers of a report, and the formulas they name."""

    entries: tuple[TraceEntry, ...]
    symbols: Mapping[str, Formula]
    formulas: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Report:
    """A report, ready to be written in either language."""

    outline: str
    title: Phrase
    subject: Phrase
    statement: Phrase | None
    warning: Phrase | None
    cover: KeyValues
    sections: tuple[Section, ...]
    traces: TraceList
    digest: str
    engine: str

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every number of the cover and the sections, in reading order."""
        return tuple(figures_in((self.cover, self.sections)))


def figures_in(part: Any) -> Iterator[Figure]:
    """Go through the figures of a part of a report, in reading order."""
    if isinstance(part, Figure):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from figures_in(item)
    elif is_dataclass(part) and not isinstance(part, Phrase | Formula | Marked | Chart):
        for field in fields(part):
            yield from figures_in(getattr(part, field.name))


LONGEST_TAG = 64  # Word refuses longer tags


def tag_of(id_: str) -> str:
    """Give the tag by which a number is found again in a document: its id, shortened by a digest when too long."""
    if len(id_) <= LONGEST_TAG:
        return id_
    return f"{id_[: LONGEST_TAG - 17]}~{hashlib.sha256(id_.encode()).hexdigest()[:16]}"

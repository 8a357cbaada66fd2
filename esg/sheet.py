"""The neutral model of a workbook: sheets of texts and amounts, in which a formula stands beside its value.

Knows no file format and computes nothing; `workbook` writes it out, `workbook_check` compares a file with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from tonne.esg.document import Phrase
from tonne.esg.excel_formula import Cell
from tonne.esg.layout import printable
from tonne.esg.numbers import number_text

FIRST_ROW = 4  # under the title, the note and the headings; rows count from 1
LONGEST_TEXT = 32_000  # Excel takes 32,767 characters
WHOLE = "#,##0"
SCIENTIFIC = "0.00000E+00"
NAME_LENGTH = 100  # Excel takes 255 characters
LATIN_WIDTH, CHINESE_WIDTH = 0.8, 1.72  # of a 9-point letter, in digits of the default font


# Excel takes letters, digits, points and underscores, and nothing that could be a cell; Calc reads a point before digits
# as one between a sheet and a cell.
_NAME = re.compile(r"[^\W\d][\w.]*\Z")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHINESE = re.compile("[\u2e80-\uffef]")
_LIKE_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+\Z|[RrCc][0-9]*\Z|[Rr][0-9]*[Cc][0-9]*\Z|(?i:true|false)\Z")

Kind = Literal["input", "default", "computed"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, with the formula that gives it in the sheet; a text instead says that there is none."""

    value: Decimal | str
    format: str
    formula: str | None = None
    kind: Kind | None = None


Content = str | Amount | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading in both languages, and its width in characters; one that does not wrap may grow."""

    heading: str
    width: float
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a title, a note under it, and a table."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Content, ...], ...]
    strong: frozenset[int] = frozenset()  # positions of rows that stand out
    filtered: bool = True
    names: dict[str, Cell] = field(default_factory=dict)  # what formulas call its cells

    def cells(self) -> Iterator[tuple[Cell, Content]]:
        """Go through every cell that is not empty, the title and the headings included."""
        yield Cell(self.name, "A", 1), shown_text(self.title)
        if self.note:
            yield Cell(self.name, "A", 2), shown_text(self.note)
        for position, column in enumerate(self.columns):
            yield Cell(self.name, letter(position), FIRST_ROW - 1), column.heading
        for number, row in enumerate(self.rows, FIRST_ROW):
            for position, content in enumerate(row):
                shown = shown_text(content) if isinstance(content, str) else content
                if shown is not None and shown != "":
                    yield Cell(self.name, letter(position), number), shown


def defined_name(id_: str) -> str | None:
    """Make the name of a value's cell from its id: EG_PJ@2024-03 is EG_PJ_2024_03; None where it cannot be one.

    >>> defined_name("BE@2024"), defined_name("EF2"), defined_name("gas.rho@一号,2024-01")
    ('BE_2024', 'EF2_', 'gas.rho_一号_2024_01')
    """
    quantity, _, index = id_.partition("@")
    text = quantity.replace(":", "_")
    if index:
        text += "_" + "".join(letter if letter.isalpha() or letter in "0123456789" else "_" for letter in index)
    if _LIKE_CELL.match(text):
        text += "_"
    return text if _NAME.match(text) and len(text) <= NAME_LENGTH else None


def both(phrase: Phrase, separator: str = " / ") -> str:
    """Give a phrase in both languages, once where they are the same."""
    return phrase.zh if phrase.zh == phrase.en else f"{phrase.zh}{separator}{phrase.en}"


def letter(position: int) -> str:
    """Name a column by its position, from 0 to 701."""
    before, at = divmod(position, len(_LETTERS))
    return (_LETTERS[before - 1] if before else "") + _LETTERS[at]


def text_width(text: str) -> float:
    """Estimate how wide a line is, in the characters in which columns are measured."""
    latin = len(text) if text.isascii() else len(_CHINESE.sub("", text))
    return LATIN_WIDTH * latin + CHINESE_WIDTH * (len(text) - latin)


def without_empty_end(sheet: Sheet) -> Sheet:
    """Leave out the last column, such as that of notes, when nothing stands in it."""
    if not sheet.rows or any(row[-1] for row in sheet.rows):
        return sheet
    return replace(sheet, columns=sheet.columns[:-1], rows=tuple(row[:-1] for row in sheet.rows))


def shown_text(text: str) -> str:
    """Leave out of a text what a sheet cannot hold."""
    if text.isprintable() and len(text) <= LONGEST_TEXT:
        return text.strip()
    lines = [printable(line) for line in text.split("\n")]
    whole = "\n".join(lines).strip()
    return whole if len(whole) <= LONGEST_TEXT else f"{whole[:LONGEST_TEXT]}…"


def number_format(value: Decimal, unit: str) -> str:
    """Choose the number format that shows the digits which tables of a report show."""
    if unit == "flag":
        return "0"
    text = number_text(value, unit)
    if "×" in text:
        return SCIENTIFIC
    decimals = len(text.partition(".")[2])
    return f"{WHOLE}.{'0' * decimals}" if decimals else WHOLE

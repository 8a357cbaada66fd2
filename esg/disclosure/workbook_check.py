"""Reads the disclosure workbook back and compares every text, formula and stored value with the facts.

Knows the file, not the writer: what stands where is told by the grids made anew from the facts. The file is read as it
is on disk, formula and value of a cell together; there may be millions of cells.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from tonne.engine.errors import Place, Problem, ReportError
from tonne.esg.disclosure.workbook_sheets import Grid, Placed
from tonne.esg.sheet import Amount, letter

CLOSE = Decimal("1e-14")  # a stored number keeps 16 digits
LARGEST_PART = 2_000_000_000  # bytes of XML
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
FORMULA, VALUE = f"{MAIN}f", f"{MAIN}v"
TEXTS = "xl/sharedStrings.xml"
TARGETS = "xl/_rels/workbook.xml.rels"

Found = tuple[str | None, str]  # formula without =, and what is stored; a text as it is shown
Cells = dict[int, Found]  # by column, from 0
MISSING: Found = (None, "")


def read_back_workbook(path: Path, grids: Iterable[Grid]) -> None:
    """Compare a workbook with what it must hold.

    Raises:
        ReportError: it cannot be read, or cells differ; each with sheet and cell.
    """
    problems: list[Problem] = []
    left = {grid.name: grid.rows for grid in grids}
    try:
        for name, rows in _sheets(path):
            problems += _differences(path, name, left.pop(name, ()), rows)
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, IndexError, ValueError, InvalidOperation) as fault:
        what = "this is not a workbook that can be read"
        raise ReportError(Problem(what, Place(str(path)), found=str(fault)[:200])) from None
    for name, wanted in left.items():
        problems += _differences(path, name, wanted, ())
    if problems:
        raise ReportError(problems)


def _sheets(path: Path) -> Iterator[tuple[str, Iterator[tuple[int, Cells]]]]:
    with zipfile.ZipFile(path) as archive:
        if max(part.file_size for part in archive.infolist()) > LARGEST_PART:
            raise ReportError(Problem("the workbook is too large to be read back", Place(str(path))))
        texts = _texts(archive)
        targets = {node.get("Id"): node.get("Target") for node in _root(archive, TARGETS)}
        for sheet in _root(archive, "xl/workbook.xml").iter(f"{MAIN}sheet"):
            part = posixpath.normpath(posixpath.join("xl", targets[sheet.get(RELATION)]))
            yield str(sheet.get("name")), _rows(archive, part, texts)


def _root(archive: zipfile.ZipFile, name: str) -> Any:
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """Read the texts that cells name by number."""
    made = []
    with archive.open(TEXTS) as part:
        for _, node in etree.iterparse(part, tag=f"{MAIN}si", resolve_entities=False, huge_tree=True):
            made.append("".join(piece.text or "" for piece in node.iter(f"{MAIN}t")))
            _forget(node)
    return made


def _rows(archive: zipfile.ZipFile, part: str, texts: Sequence[str]) -> Iterator[tuple[int, Cells]]:
    """Read row after row; rows count from 0."""
    with archive.open(part) as opened:
        for _, row in etree.iterparse(opened, tag=f"{MAIN}row", resolve_entities=False, huge_tree=True):
            number = row.get("r", "")
            yield int(number) - 1, _row_cells(row, number, texts)
            _forget(row)


def _row_cells(row: Any, number: str, texts: Sequence[str]) -> Cells:
    cells: Cells = {}
    for cell in row:
        if not len(cell) or cell[-1].tag != VALUE:
            continue
        reference, value = cell.get("r", ""), cell[-1].text or ""
        if not reference.endswith(number):
            raise ValueError(f"cell {reference} in row {number}")
        formula = cell[0].text if len(cell) > 1 and cell[0].tag == FORMULA else None
        cells[_position(reference[: -len(number)])] = formula, texts[int(value)] if cell.get("t") == "s" else value
    return cells


def _forget(node: Any) -> None:
    """Let go of what was read, so that a long sheet does not stand in memory."""
    node.clear()
    while node.getprevious() is not None:
        del node.getparent()[0]


@lru_cache
def _position(column: str) -> int:
    if not re.fullmatch("[A-Z]{1,3}", column):
        raise ValueError(f"column {column}")
    position = 0
    for character in column:
        position = position * 26 + ord(character) - 64
    return position - 1


def _differences(
    path: Path, sheet: str, wanted: Sequence[Sequence[Placed | None]], found: Iterable[tuple[int, Cells]]
) -> Iterator[Problem]:
    reached = 0
    for number, cells in found:
        if number < reached:
            raise ValueError(f"row {number + 1} of sheet '{sheet}' is not in order")
        for missing in range(reached, min(number, len(wanted))):
            yield from _row_differences(path, (sheet, missing), wanted[missing], {})
        yield from _row_differences(path, (sheet, number), wanted[number] if number < len(wanted) else (), cells)
        reached = number + 1
    for missing in range(reached, len(wanted)):
        yield from _row_differences(path, (sheet, missing), wanted[missing], {})


def _row_differences(
    path: Path, where: tuple[str, int], wanted: Sequence[Placed | None], found: Cells
) -> Iterator[Problem]:
    for at, placed in enumerate(wanted):
        if placed is not None:
            fault = _difference(placed.content, *found.pop(at, MISSING))
            if fault:
                yield _problem(path, where, at, *fault)
    for at, (_, value) in found.items():
        yield _problem(path, where, at, "a cell that does not belong there", "nothing", value)


def _difference(content: str | Amount, formula: str | None, value: str) -> tuple[str, str, str] | None:
    if isinstance(content, str):
        return None if formula is None and value == content else ("the text differs", content, value)
    wanted_formula = content.formula.removeprefix("=") if content.formula else None
    if formula != wanted_formula:
        return "the formula differs", f"={wanted_formula}", f"={formula}"
    if isinstance(content.value, str):
        return None if value == content.value else ("the value differs", content.value, value)
    if value and abs(Decimal(value) - content.value) <= CLOSE * abs(content.value):
        return None
    return "the value differs", str(content.value), value


def _problem(path: Path, where: tuple[str, int], at: int, what: str, expected: str, found: str) -> Problem:
    sheet, row = where
    what = f"sheet '{sheet}', cell {letter(at)}{row + 1}: {what}"
    return Problem(what, Place(str(path)), expected[:200], found[:200])

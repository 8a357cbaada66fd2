"""Reads the disclosure workbook back and compares every text, formula and stored value with the facts.

Knows the file, not the writer: what stands where is told by the grids made anew from the facts. The file is read as it
is on disk, formula and value of a cell together; there may be millions of cells.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any

from lxml import etree

from tonne.engine.errors import Place, Problem, ReportError
from tonne.esg.disclosure.workbook_sheets import Grid
from tonne.esg.sheet import Amount, letter, shown_text

CLOSE = Decimal("1e-14")  # a stored number keeps 16 digits
LARGEST_PART = 2_000_000_000  # bytes of XML
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TARGETS = "xl/_rels/workbook.xml.rels"

Coordinate = tuple[str, int, int]  # sheet, row and column from 0
Found = tuple[str | None, str | Decimal]  # formula without =, and the stored text or number
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)\Z")


def read_back_workbook(path: Path, grids: Sequence[Grid]) -> None:
    """Compare a workbook with what it must hold.

    Raises:
        ReportError: it cannot be read, or cells differ; each with sheet and cell.
    """
    problems: list[Problem] = []
    left = {grid.name: grid for grid in grids}
    try:
        for name, cells in groupby(_cells(path), key=lambda cell: cell[0][0]):  # one sheet in memory at a time
            grid = left.pop(name, None)
            problems += _differences(path, [grid] if grid else [], dict(cells))
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, IndexError, ValueError, InvalidOperation) as fault:
        what = "this is not a workbook that can be read"
        raise ReportError(Problem(what, Place(str(path)), found=str(fault)[:200])) from None
    for grid in left.values():
        problems += _differences(path, [grid], {})
    if problems:
        raise ReportError(problems)


def _cells(path: Path) -> Iterator[tuple[Coordinate, Found]]:
    with zipfile.ZipFile(path) as archive:
        if max(part.file_size for part in archive.infolist()) > LARGEST_PART:
            raise ReportError(Problem("the workbook is too large to be read back", Place(str(path))))
        texts = _texts(archive)
        targets = {node.get("Id"): node.get("Target") for node in _root(archive, TARGETS)}
        for sheet in _root(archive, "xl/workbook.xml").iter(f"{MAIN}sheet"):
            part = posixpath.normpath(posixpath.join("xl", targets[sheet.get(RELATION)]))
            yield from _sheet(archive, part, str(sheet.get("name")), texts)


def _root(archive: zipfile.ZipFile, name: str) -> Any:
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """Read the texts that cells name by number."""
    name = "xl/sharedStrings.xml"
    if name not in archive.namelist():
        return []
    made = []
    with archive.open(name) as part:
        for _, node in etree.iterparse(part, tag=f"{MAIN}si", resolve_entities=False, huge_tree=True):
            made.append("".join(piece.text or "" for piece in node.iter(f"{MAIN}t")))
            _forget(node)
    return made


def _sheet(archive: zipfile.ZipFile, part: str, name: str, texts: Sequence[str]) -> Iterator[tuple[Coordinate, Found]]:
    with archive.open(part) as opened:
        for _, row in etree.iterparse(opened, tag=f"{MAIN}row", resolve_entities=False, huge_tree=True):
            for cell in row:
                value = cell.findtext(f"{MAIN}v")
                if value is None:
                    continue
                kind = cell.get("t")
                column, number = _REFERENCE.match(cell.get("r", "")).groups()  # type: ignore[union-attr]
                stored = texts[int(value)] if kind == "s" else value if kind == "str" else Decimal(value)
                yield (name, int(number) - 1, _position(column)), (cell.findtext(f"{MAIN}f"), stored)
            _forget(row)


def _forget(node: Any) -> None:
    """Let go of what was read, so that a long sheet does not stand in memory."""
    node.clear()
    while node.getprevious() is not None:
        del node.getparent()[0]


def _position(column: str) -> int:
    position = 0
    for character in column:
        position = position * 26 + ord(character) - 64
    return position - 1


def _differences(path: Path, grids: Sequence[Grid], found: Mapping[Coordinate, Found]) -> Iterator[Problem]:
    count = 0
    for grid in grids:
        for (row, at), placed in grid.cells.items():
            place = (grid.name, row, at)
            count += place in found
            fault = _difference(placed.content, *found.get(place, (None, "")))
            if fault:
                yield _problem(path, place, *fault)
    if count != len(found):
        expected = {(grid.name, row, at) for grid in grids for row, at in grid.cells}
        for place in found.keys() - expected:
            yield _problem(path, place, "a cell that does not belong there", "nothing", str(found[place][1]))


def _difference(content: str | Amount, formula: str | None, value: str | Decimal) -> tuple[str, str, str] | None:
    if isinstance(content, str):
        wanted = shown_text(content)
        return None if formula is None and value == wanted else ("the text differs", wanted, str(value))
    wanted_formula = content.formula.removeprefix("=") if content.formula else None
    if formula != wanted_formula:
        return "the formula differs", f"={wanted_formula}", f"={formula}"
    if isinstance(content.value, str):
        return None if value == shown_text(content.value) else ("the value differs", content.value, str(value))
    if isinstance(value, Decimal) and abs(value - content.value) <= CLOSE * abs(content.value):
        return None
    return "the value differs", str(content.value), str(value)


def _problem(path: Path, place: Coordinate, what: str, expected: str, found: str) -> Problem:
    sheet, row, column = place
    where = f"sheet '{sheet}', cell {letter(column)}{row + 1}: {what}"
    return Problem(where, Place(str(path)), expected[:200], found[:200])

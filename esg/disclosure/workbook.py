"""Writes the disclosure workbook: the grids of `workbook_sheets`, each formula stored with its value.

Only looks and the file are said here. Texts are written as texts whatever they begin with; the same facts give the
same bytes.
"""

import datetime
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from tonne.esg.disclosure.sheet_rows import RowSheet, look_number
from tonne.esg.disclosure.workbook_sheets import Grid, Kind, Placed
from tonne.esg.sheet import Amount, text_width
from tonne.esg.workbook import A4, BODY, FONT, HEADING, ID, NOTE, STRONG, TITLE

LINE_HEIGHT, TITLE_HEIGHT, TALLEST = 12.5, 24, 400  # points
WIDEST_LETTER = 2.0  # with the slack, in digits of the default font
SLACK = 1.12  # words that do not fit go to the next line whole
WRAPPED: frozenset[Kind] = frozenset({"heading", "text", "code", "undecided", "total_label"})
TITLE_SIZE = {**TITLE, "valign": "vcenter"}
LOOKS: dict[Kind, dict[str, Any]] = {
    "title": TITLE_SIZE,
    "note": {**FONT, "bold": True, "font_size": 11},
    "label": NOTE,
    "heading": HEADING,
    "text": {**BODY, "text_wrap": True},
    "code": {**ID, "text_wrap": True, "font_size": 8},
    "number": {**BODY, "align": "right"},
    "total": {**BODY, **STRONG, "align": "right"},
    "total_label": {**BODY, **STRONG, "text_wrap": True},
    "undecided": {**BODY, "align": "right", "font_color": "#A61C1C", "text_wrap": True},
}


def write_workbook(grids: Iterable[Grid], path: Path, title: str, made: datetime.date) -> None:
    """Write the sheets; `made` is a date of the facts, never the clock."""
    workbook = xlsxwriter.Workbook(str(path))
    workbook.set_properties({"title": title, "created": datetime.datetime.combine(made, datetime.time())})
    looks = _Looks(workbook)
    for grid in grids:
        _write(workbook.add_worksheet(grid.name, RowSheet), grid, looks)
    workbook.close()


class _Looks:
    """The formats of the workbook, each made when it is first needed."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._made: dict[tuple[Kind, str], tuple[Any, int]] = {}

    def look(self, placed: Placed) -> tuple[Any, int]:
        """Give the format of a cell, and its number."""
        format_ = placed.content.format if isinstance(placed.content, Amount) else ""
        found = self._made.get((placed.kind, format_))
        if found is None:
            properties = {**LOOKS[placed.kind], **({"num_format": format_} if format_ else {})}
            look = self._workbook.add_format(properties)
            found = self._made[placed.kind, format_] = look, look_number(look)
        return found


def _write(worksheet: Any, grid: Grid, looks: _Looks) -> None:
    for at, width in enumerate(grid.widths):
        worksheet.set_column(at, at, width)
    for row, cells in enumerate(grid.rows):
        if row in grid.across:
            _across(worksheet, row, grid.across[row], grid.widths, looks)
        else:
            shown = [None if placed is None else (placed.content, looks.look(placed)[1]) for placed in cells]
            worksheet.add_row(shown, _height(cells, grid.widths))
    if grid.frozen:
        worksheet.freeze_panes(grid.frozen, 1)
    worksheet.set_landscape()
    worksheet.set_paper(A4)
    worksheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.hide_gridlines(2)
    worksheet.set_footer("&L&8&A&R&8&P / &N")


def _across(worksheet: Any, row: int, placed: Placed, widths: Sequence[float], looks: _Looks) -> None:
    """Write a text over all columns, in a row that is high enough: readers do not fit merged rows themselves."""
    look, number = looks.look(placed)
    last = len(widths) - 1
    worksheet.merge_range(row, 0, row, last, "", look)
    height = TITLE_HEIGHT if row == 0 else LINE_HEIGHT * _lines(str(placed.content), sum(widths)) + 4
    worksheet.add_row([(placed.content, number), *[(None, number)] * last], height)


def _height(cells: Sequence[Placed | None], widths: Sequence[float]) -> float | None:
    lines = [
        _lines(placed.content, width)
        for placed, width in zip(cells, widths, strict=False)
        if placed is not None and isinstance(placed.content, str) and placed.kind in WRAPPED
    ]
    return min(TALLEST, LINE_HEIGHT * max(lines) + 3) if lines else None


def _lines(text: str, width: float) -> int:
    """Count the lines that a text takes; readers do not all fit rows to texts themselves."""
    if "\n" in text:
        return sum([_lines(line, width) for line in text.split("\n")])
    if len(text) * WIDEST_LETTER < width:
        return 1
    return max(1, math.ceil(text_width(text) * SLACK / width))

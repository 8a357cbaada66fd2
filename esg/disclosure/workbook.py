"""Writes the disclosure workbook: the grids of `workbook_sheets`, each formula stored with its value.

Only looks and the file are said here. Texts are written as texts whatever they begin with; the same facts give the
same bytes.
"""

import datetime
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from tonne.esg.disclosure.workbook_sheets import Grid, Kind, Placed
from tonne.esg.sheet import Amount, shown_text, text_width
from tonne.esg.workbook import A4, BODY, FONT, HEADING, ID, NOTE, OPTIONS, STRONG, TITLE

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


def write_workbook(grids: Sequence[Grid], path: Path, title: str, made: datetime.date) -> None:
    """Write the sheets; `made` is a date of the facts, never the clock."""
    workbook = xlsxwriter.Workbook(str(path), OPTIONS)
    workbook.set_properties({"title": title, "created": datetime.datetime.combine(made, datetime.time())})
    looks: dict[tuple[Kind, str], Any] = {}
    for grid in grids:
        _write(workbook, workbook.add_worksheet(grid.name), grid, looks)
    workbook.close()


def _write(workbook: Any, worksheet: Any, grid: Grid, looks: dict[tuple[Kind, str], Any]) -> None:
    for at, width in enumerate(grid.widths):
        worksheet.set_column(at, at, width)
    for row, text in grid.heights.items():
        _across(worksheet, grid, row, text, _look(workbook, looks, grid.cells[row, 0]))
    lines: dict[int, int] = {}
    for (row, column), placed in grid.cells.items():
        if row in grid.heights:
            continue
        if isinstance(placed.content, str) and placed.kind in WRAPPED:
            lines[row] = max(lines.get(row, 1), _lines(placed.content, grid.widths[column]))
        look = _look(workbook, looks, placed)
        content = placed.content
        if isinstance(content, str):
            worksheet.write_string(row, column, shown_text(content), look)
            continue
        value = float(content.value) if isinstance(content.value, Decimal) else shown_text(content.value)
        if content.formula is not None:
            worksheet.write_formula(row, column, content.formula, look, value)
        else:
            worksheet.write(row, column, value, look)
    for row, count in lines.items():
        worksheet.set_row(row, min(TALLEST, LINE_HEIGHT * count + 3))
    if grid.frozen:
        worksheet.freeze_panes(grid.frozen, 1)
    worksheet.set_landscape()
    worksheet.set_paper(A4)
    worksheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.hide_gridlines(2)
    worksheet.set_footer("&L&8&A&R&8&P / &N")


def _across(worksheet: Any, grid: Grid, row: int, text: str, look: Any) -> None:
    """Write a text over all columns, in a row that is high enough: readers do not fit merged rows themselves."""
    worksheet.merge_range(row, 0, row, len(grid.widths) - 1, "", look)
    worksheet.write_string(row, 0, shown_text(text), look)
    worksheet.set_row(row, TITLE_HEIGHT if row == 0 else LINE_HEIGHT * _lines(text, sum(grid.widths)) + 4)


def _lines(text: str, width: float) -> int:
    """Count the lines that a text takes; readers do not all fit rows to texts themselves."""
    if len(text) * WIDEST_LETTER < width and "\n" not in text:
        return 1
    return sum(max(1, math.ceil(text_width(line) * SLACK / width)) for line in text.split("\n"))


def _look(workbook: Any, looks: dict[tuple[Kind, str], Any], placed: Placed) -> Any:
    format_ = placed.content.format if isinstance(placed.content, Amount) else ""
    key = (placed.kind, format_)
    if key not in looks:
        looks[key] = workbook.add_format({**LOOKS[placed.kind], **({"num_format": format_} if format_ else {})})
    return looks[key]

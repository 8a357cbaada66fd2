"""Writes the calculation workbook of a result as xlsx: live formulas, each stored with its value.

What stands on the sheets is said by `workbook_sheets`; here are only looks, names and the file. Texts are written as
texts whatever they begin with. The same result gives the same bytes.
"""

import datetime
import math
import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from tonne.engine.result.result import Result
from tonne.esg.excel_formula import Cell
from tonne.esg.sheet import FIRST_ROW, Amount, Content, Kind, Sheet, letter, shown_text, text_width
from tonne.esg.workbook_sheets import workbook_sheets

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
FONT = {"font_name": "Microsoft YaHei", "font_size": 9, "valign": "top"}
TITLE = {**FONT, "font_size": 14, "bold": True}
NOTE = {**FONT, "font_color": "#595959", "text_wrap": True}
HEADING = {
    **FONT,
    "bold": True,
    "bg_color": "#DCE6F1",
    "border": 1,
    "border_color": "#A6A6A6",
    "text_wrap": True,
    "valign": "vcenter",
}
BODY = {**FONT, "border": 1, "border_color": "#D9D9D9"}
ID = {**BODY, "font_name": "Consolas"}
STRONG = {"bold": True, "bg_color": "#F2F2F2"}
KIND_LOOKS: dict[Kind, dict[str, Any]] = {
    "input": {"font_color": "#0000FF", "bg_color": "#FFF8DC", "locked": False},
    "default": {"font_color": "#1E6B2E", "bg_color": "#EAF5EA", "locked": False},
    "computed": {},
}
# Without a password: it keeps formulas from being overwritten by accident, and anybody can take it off.
PROTECTION = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True, "format_cells": True}
HEADER_LENGTH, NAME_LENGTH, STATEMENT_LINE = 240, 60, 90  # Excel takes 255 characters
A4 = 9
TEXT = "@"
NOTE_ROW = 2
WIDEST, TALLEST, LINE_HEIGHT, TITLE_HEIGHT = 44, 400, 12.5, 24  # characters, and points
ID_WIDTH = 1.2  # ids are in a wider font
SLACK = 1.06  # words that do not fit go to the next line whole


def write_workbook(result: Result, path: Path) -> list[Sheet]:
    """Write `workbook.xlsx`; gives what stands on its sheets."""
    sheets = workbook_sheets(result)
    workbook = xlsxwriter.Workbook(str(path), OPTIONS)
    spec = result.project.spec
    workbook.set_properties(
        {
            "title": spec.name.zh,
            "subject": result.methodology.spec.title.zh,
            "comments": f"result {result.digest}",
            "created": datetime.datetime.combine(spec.monitoring_period.end, datetime.time()),  # never the clock
        }
    )
    looks = _Looks(workbook)
    for sheet in sheets:
        _write_sheet(workbook.add_worksheet(sheet.name), sheet, looks, result)
    for sheet in sheets:
        for name, cell in sheet.names.items():
            workbook.define_name(name, f"='{cell.sheet}'!${cell.column}${cell.row}")
    workbook.close()
    return sheets


class _Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, workbook: Any) -> None:
        self.workbook = workbook
        self.made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def of(self, *parts: dict[str, Any]) -> Any:
        look: dict[str, Any] = {}
        for part in parts:
            look |= part
        key = tuple(sorted(look.items()))
        if key not in self.made:
            self.made[key] = self.workbook.add_format(look)
        return self.made[key]


def _write_sheet(worksheet: Any, sheet: Sheet, looks: _Looks, result: Result) -> None:
    widths = [_width(sheet, position) for position in range(len(sheet.columns))]
    for position, width in enumerate(widths):
        worksheet.set_column(position, position, width)
    note = looks.of(NOTE)
    for cell, content in sheet.cells():
        if cell.row == NOTE_ROW and len(sheet.columns) > 1 and isinstance(content, str):
            worksheet.merge_range(f"A{NOTE_ROW}:{letter(len(sheet.columns) - 1)}{NOTE_ROW}", "", note)
            worksheet.write_string(f"A{NOTE_ROW}", content, note)
        else:
            _write_cell(worksheet, sheet, cell, content, looks)
    worksheet.set_row(0, TITLE_HEIGHT)
    worksheet.set_row(NOTE_ROW - 1, _height(_lines(sheet.note, sum(widths))))
    worksheet.set_row(FIRST_ROW - 2, _height(2))
    for position, row in enumerate(sheet.rows):
        wrapped = [
            (text, widths[at]) for at, text in enumerate(row) if isinstance(text, str) and sheet.columns[at].wrap
        ]
        worksheet.set_row(
            FIRST_ROW - 1 + position,
            _height(max((_lines(text, width) for text, width in wrapped), default=1)),
        )
        for at, content in enumerate(row):
            if content in {None, ""}:
                worksheet.write_blank(
                    FIRST_ROW - 1 + position,
                    at,
                    None,
                    looks.of(*_look(sheet, Cell(sheet.name, letter(at), FIRST_ROW + position), None)),
                )
    _frame(worksheet, sheet, result)


def _width(sheet: Sheet, position: int) -> float:
    """Give a column the width of its longest text where it does not wrap."""
    column = sheet.columns[position]
    if column.wrap:
        return column.width
    texts = [text for row in sheet.rows for text in row[position : position + 1] if isinstance(text, str)]
    return max(column.width, min(WIDEST, max(map(text_width, texts), default=0) * ID_WIDTH + 1))


def _lines(text: str, width: float) -> int:
    """Count the lines that a text takes; readers do not all fit rows to texts themselves."""
    return sum(max(1, math.ceil(text_width(line) * SLACK / width)) for line in text.split("\n"))


def _height(lines: int) -> float:
    return min(TALLEST, LINE_HEIGHT * lines + 3)


def _write_cell(worksheet: Any, sheet: Sheet, cell: Cell, content: Content, looks: _Looks) -> None:
    place = f"{cell.column}{cell.row}"
    look = looks.of(*_look(sheet, cell, content))
    if isinstance(content, str):
        worksheet.write_string(place, content, look)
    elif isinstance(content, Amount):
        value = float(content.value) if isinstance(content.value, Decimal) else content.value
        if content.formula is not None:
            worksheet.write_formula(place, content.formula, look, value)
        elif isinstance(value, float):
            worksheet.write_number(place, value, look)
        else:
            worksheet.write_string(place, value, look)


def _look(sheet: Sheet, cell: Cell, content: Content) -> list[dict[str, Any]]:
    if cell.row < FIRST_ROW:
        return [{1: TITLE, 2: NOTE}.get(cell.row, HEADING)]
    column = next(column for position, column in enumerate(sheet.columns) if letter(position) == cell.column)
    parts = [ID if column.heading.startswith("标识") else BODY]
    if cell.row - FIRST_ROW in sheet.strong:
        parts.append(STRONG)
    if isinstance(content, Amount):
        shown = {"text_wrap": True} if content.format == TEXT else {"align": "right", "indent": 1}
        parts.append({"num_format": content.format, **shown, **KIND_LOOKS[content.kind or "computed"]})
    elif column.wrap:
        parts.append({"text_wrap": True})
    return parts


def _frame(worksheet: Any, sheet: Sheet, result: Result) -> None:
    """Set what stands still, what is filtered, and how the sheet prints."""
    last = FIRST_ROW + len(sheet.rows) - 2
    worksheet.freeze_panes(FIRST_ROW - 1, 1 if sheet.filtered else 0)
    if sheet.filtered and sheet.rows:
        worksheet.autofilter(FIRST_ROW - 2, 0, last, len(sheet.columns) - 1)
    worksheet.set_landscape()
    worksheet.set_paper(A4)
    worksheet.set_margins(left=0.4, right=0.4, top=0.9, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0, FIRST_ROW - 2)
    worksheet.hide_gridlines(2)
    worksheet.protect("", PROTECTION)
    worksheet.set_header(_header(result))
    worksheet.set_footer("&L&8&A&R&8&P / &N")


def _header(result: Result) -> str:
    """Put the name and the statement of the project at the head of a page, where & begins a command."""
    spec = result.project.spec
    lines = [_line(spec.name.zh)[:NAME_LENGTH]]
    if spec.statement:
        lines += textwrap.wrap(_line(spec.statement.zh), STATEMENT_LINE)
    text = "\n".join(lines)
    room = HEADER_LENGTH - text.count("&")
    shown = text if len(text) <= room else f"{text[: room - 1]}…"
    space = " " if shown[:1].isdigit() else ""  # keeps a digit out of the size before it
    return f"&L&8{space}{shown.replace('&', '&&')}"


def _line(text: str) -> str:
    return shown_text(" ".join(text.split()))

"""Reads a workbook back and compares it with its result: texts, formulas, stored values, and every id.

The file is opened twice, for formulas and for stored values. Values are looked up in the result by the ids that stand
beside them, so that a value in a wrong row is found even where the writer and the sheets agree.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.result import ROLES, Result
from tonne.esg.excel_formula import Cell
from tonne.esg.figures import ROUNDED, SCALAR_YEAR
from tonne.esg.sheet import FIRST_ROW, Amount, Content, Sheet
from tonne.esg.workbook_sheets import RESULTS, ROUNDED_COLUMN, workbook_sheets
from tonne.esg.workbook_values import EQUATIONS, PARAMETERS, VALUE_COLUMN, ValueSheets

CLOSE = Decimal("1e-14")  # a stored number keeps 16 digits

Read = Mapping[tuple[str, str, int], Any]


def read_back_workbook(path: Path, result: Result) -> None:
    """Compare a workbook with its result.

    Raises:
        ReportError: cells differ from the result, or ids are missing; each with sheet and cell.
    """
    sheets = workbook_sheets(result)
    formulas, values = _read(path, formulas=True), _read(path, formulas=False)
    problems = [*_cells(path, sheets, formulas, values), *_ids(path, result, values)]
    if problems:
        raise ReportError(list(dict.fromkeys(problems)))


def _read(path: Path, *, formulas: bool) -> Read:
    """Read every cell that is not empty; formulas begin with '=', texts are marked with an apostrophe."""
    workbook: Any = openpyxl.load_workbook(path, read_only=True, data_only=not formulas)
    try:
        return {
            (sheet.title, cell.column_letter, cell.row): f"'{cell.value}" if cell.data_type == "s" else cell.value
            for sheet in workbook.worksheets
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        }
    finally:
        workbook.close()


def _cells(path: Path, sheets: list[Sheet], formulas: Read, values: Read) -> Iterator[Problem]:
    expected = {(cell.sheet, cell.column, cell.row): content for sheet in sheets for cell, content in sheet.cells()}
    for place, content in expected.items():
        fault = _difference(content, formulas.get(place), values.get(place))
        if fault:
            yield _problem(path, place, *fault)
    for place in formulas.keys() - expected.keys():
        yield _problem(path, place, "a cell that does not belong there", "nothing", str(formulas[place]))


def _difference(content: Content, formula: Any, value: Any) -> tuple[str, str, str] | None:
    """Say what differs, expected and found."""
    if isinstance(content, str):
        return (
            None if formula == value == f"'{content}" else ("the text differs", content, str(value).removeprefix("'"))
        )
    if not isinstance(content, Amount):
        return None
    if content.formula is not None and formula != content.formula:
        return "the formula differs", content.formula, str(formula)
    if content.formula is None and isinstance(formula, str) and formula.startswith("="):
        return "a formula stands where a value belongs", str(content.value), formula
    return None if _agrees(content.value, value) else ("the stored value differs", f"{content.value}", f"{value}")


def _agrees(expected: Decimal | str, found: Any) -> bool:
    if isinstance(expected, str):
        return str(found).removeprefix("'") == expected
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return abs(Decimal(found) - expected) <= CLOSE * abs(expected)


def _ids(path: Path, result: Result, values: Read) -> Iterator[Problem]:
    """Look every id of the result up in the file, and compare the value beside it."""
    beside = {
        str(text).removeprefix("'"): (cell, values.get((sheet, value_column, row)))
        for (sheet, column, row), text in values.items()
        for id_column, value_column in _ID_COLUMNS.get(sheet, ())
        if column == id_column and row >= FIRST_ROW
        for cell in [Cell(sheet, value_column, row)]
    }
    for id_, expected in _expected(result):
        if id_ not in beside:
            yield Problem(f"the id {id_} is missing", Place(str(path)))
            continue
        cell, found = beside[id_]
        if not _agrees(expected, found):
            yield _problem(
                path,
                (cell.sheet, cell.column, cell.row),
                f"the value of {id_} differs",
                f"{expected}",
                f"{found}",
            )


_ID_COLUMNS = {
    PARAMETERS: (("A", VALUE_COLUMN),),
    EQUATIONS: (("A", VALUE_COLUMN),),
    RESULTS: (("F", ROUNDED_COLUMN),),
}


def _expected(result: Result) -> Iterator[tuple[str, Decimal]]:
    written = ValueSheets(result)
    for name in (*result.plan.needed, *result.values):
        if written.is_written(name):
            for index, value in result.values_of(name).items():
                yield result.label(name, index), value
    for year in result.years:
        for role in ROLES:
            yield (
                f"{role}{ROUNDED}" if year.year == SCALAR_YEAR else f"{role}{ROUNDED}@{year.year}",
                year.rounded[role],
            )
    if [year.year for year in result.years] != [SCALAR_YEAR]:
        for role in ROLES:
            yield f"{role}{ROUNDED}", result.rounded_total(role)


def _problem(path: Path, place: tuple[str, str, int], what: str, expected: str, found: str) -> Problem:
    sheet, column, row = place
    return Problem(f"sheet '{sheet}', cell {column}{row}: {what}", Place(str(path)), expected[:200], found[:200])

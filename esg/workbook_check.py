"""Reads a workbook back and compares it with its result: texts, formulas, stored values, and every id.

The file is opened twice, for formulas and for stored values. Values are looked up in the result by the ids that stand
beside them, so that a value in a wrong row is found even where the writer and the sheets agree.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.result import ROLES, Result
from tonne.esg.excel_formula import Cell
from tonne.esg.figures import ROUNDED, SCALAR_YEAR
from tonne.esg.readback import Difference
from tonne.esg.sheet import FIRST_ROW, Amount, Content, Sheet
from tonne.esg.workbook_results import RESULTS, ROUNDED_COLUMN
from tonne.esg.workbook_sheets import workbook_sheets
from tonne.esg.workbook_values import EQUATIONS, PARAMETERS, VALUE_COLUMN, ValueSheets

CLOSE = Decimal("1e-14")  # a stored number keeps 16 digits

_FOLDERS = re.compile(r"[^\n]*/(?=[^/\n]+\.yaml:\d)")

Read = Mapping[tuple[str, str, int], Any]


def read_back_workbook(path: Path, result: Result, sheets: list[Sheet] | None = None) -> None:
    """Compare a workbook with its result.

    Args:
        path: the workbook.
        result: the result.
        sheets: what was written, if that is at hand.

    Raises:
        ReportError: cells differ from the result, or ids are missing; each with sheet and cell.
    """
    differences = workbook_differences(path, result, sheets)
    if differences:
        raise ReportError([difference.problem for difference in differences])


def workbook_differences(path: Path, result: Result, sheets: list[Sheet] | None = None) -> list[Difference]:
    """List the cells of a workbook that are not as in the result; ReportError if it cannot be read."""
    sheets = sheets or workbook_sheets(result)
    try:
        formulas, values = _read(path, formulas=True), _read(path, formulas=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as fault:
        what = "this is not a workbook that can be read"
        raise ReportError(Problem(what, Place(str(path)), found=str(fault)[:200])) from None
    differences = [*_cells(path, sheets, formulas, values), *_ids(path, result, values)]
    return list({difference.problem: difference for difference in differences}.values())


def cell_count(result: Result) -> int:
    """Count the cells of a workbook that are compared."""
    return sum(1 for sheet in workbook_sheets(result) for _ in sheet.cells())


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


def _cells(path: Path, sheets: list[Sheet], formulas: Read, values: Read) -> Iterator[Difference]:
    expected = {(cell.sheet, cell.column, cell.row): content for sheet in sheets for cell, content in sheet.cells()}
    for place, content in expected.items():
        fault = _difference(content, formulas.get(place), values.get(place))
        if fault:
            yield _problem(path, place, *fault)
    for place in formulas.keys() - expected.keys():
        what = "a cell that does not belong there"
        yield _problem(path, place, "workbook.cell_unexpected", what, "nothing", str(formulas[place]))


def _difference(content: Content, formula: Any, value: Any) -> tuple[str, str, str, str] | None:
    """Say what differs: a code, words, expected and found."""
    if isinstance(content, str):
        if formula == value and _without_folders(str(value)) == _without_folders(f"'{content}"):
            return None
        return "workbook.text_differs", "the text differs", content, str(value).removeprefix("'")
    if not isinstance(content, Amount):
        return None
    is_formula = isinstance(formula, str) and formula.startswith("=")
    if content.formula is not None and formula != content.formula:
        code = "workbook.formula_differs" if is_formula else "workbook.formula_replaced"
        return code, "the formula differs", content.formula, str(formula)
    if content.formula is None and is_formula:
        return (
            "workbook.formula_differs",
            "a formula stands where a value belongs",
            str(content.value),
            str(formula),
        )
    if _agrees(content.value, value):
        return None
    return "workbook.value_differs", "the stored value differs", f"{content.value}", f"{value}"


def _without_folders(text: str) -> str:
    """Leave out the folders of places in YAML files, which are others where a result is computed again."""
    return _FOLDERS.sub("", text.removeprefix("'"))


def _agrees(expected: Decimal | str, found: Any) -> bool:
    if isinstance(expected, str):
        return str(found).removeprefix("'") == expected
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return abs(Decimal(found) - expected) <= CLOSE * abs(expected)


def _ids(path: Path, result: Result, values: Read) -> Iterator[Difference]:
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
            yield Difference("workbook.id_missing", id_, Problem(f"the id {id_} is missing", Place(str(path))))
            continue
        cell, found = beside[id_]
        if not _agrees(expected, found):
            yield _problem(
                path,
                (cell.sheet, cell.column, cell.row),
                "workbook.value_differs",
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


def _problem(path: Path, place: tuple[str, str, int], code: str, what: str, expected: str, found: str) -> Difference:
    sheet, column, row = place
    problem = Problem(f"sheet '{sheet}', cell {column}{row}: {what}", Place(str(path)), expected[:200], found[:200])
    return Difference(code, f"{sheet}!{column}{row}", problem)

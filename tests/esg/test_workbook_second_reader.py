"""A second reader, which shares nothing with LibreOffice, computes a sample of workbooks to the engine's values."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import formulas
import pytest

from tests.esg.test_workbook import amounts, case_result
from tonne.engine.result.result import Result
from tonne.engine.spec.catalogue import bundled
from tonne.esg.workbook import write_workbook

SAMPLE = ("ccer_01_001_v01",)


def recomputed(path: Path) -> dict[tuple[str, str], Any]:
    """Compute every formula of a workbook anew; values by sheet in capitals, and cell."""
    model = formulas.ExcelModel().loads(str(path)).finish()
    found = {}
    for key, ranges in model.calculate().items():
        book, _, cell = str(key).rpartition("!")
        if book.startswith("'[") and not book.endswith("]'") and ":" not in cell:
            found[book.partition("]")[2].rstrip("'"), cell] = ranges.value[0, 0]
    return found


def disagreements(result: Result, found: dict[tuple[str, str], Any]) -> list[str]:
    wrong = []
    for (sheet, cell), amount in amounts(result).items():
        if amount.formula is None or not isinstance(amount.value, Decimal):
            continue
        value: Any = found.get((sheet.upper(), cell))
        try:
            agrees = abs(Decimal(float(value)) - amount.value) <= Decimal("1e-9") * abs(amount.value)
        except (TypeError, ValueError, ArithmeticError):
            agrees = False
        if not agrees:
            wrong.append(f"{sheet} {cell}: {value}, not {amount.value} by {amount.formula}")
    return wrong


@pytest.mark.filterwarnings("ignore")
def test_second_reader_agrees_on_the_project_of_all_nodes(every_node: Result, tmp_path: Path) -> None:
    write_workbook(every_node, tmp_path / "sample.xlsx")
    found = recomputed(tmp_path / "sample.xlsx")
    assert disagreements(every_node, found) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SAMPLE)
def test_second_reader_agrees_on_a_golden_case(name: str, tmp_path: Path) -> None:
    path = min(bundled().root.glob(f"{name}/cases/good/*.yaml"), key=lambda path: (path.stat().st_size, path.name))
    result = case_result(path)
    write_workbook(result, tmp_path / "sample.xlsx")
    found = recomputed(tmp_path / "sample.xlsx")
    assert len(found) > 20
    assert disagreements(result, found) == []

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.document import Phrase, Report, Section, Table
from tonne.esg.monitoring import monitoring_report
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_readings import READINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def offshore() -> Result:
    return run(ROOT / "examples" / "offshore_wind")


@pytest.fixture(scope="module")
def report(offshore: Result) -> Report:
    return monitoring_report(offshore)


def section(report: Report, id_: str) -> Section:
    return next(item for item in report.sections if item.id == id_)


def words(cell: Any, language: str) -> str:
    return " ".join(getattr(part, language) for part in cell if isinstance(part, Phrase))


def test_every_meter_stands_with_its_serial_class_role_and_calibrations(offshore: Result, report: Report) -> None:
    table = section(report, "meters").blocks[0]
    assert isinstance(table, Table)
    assert len(table.rows) == len(offshore.project.spec.meters) == 4
    first = [words(cell, "zh") for cell in table.rows[0]]
    assert "SH23080116" in first[0]
    assert "0.2S" in first[1]
    assert "最大允许误差：0.2%" in first[1]
    assert "倍率：2,200,000" in first[1]
    assert "主表" in first[2]
    assert "有效期至2024-08-14" in first[4]
    assert "DEMO-2024-116" in first[4]
    assert "check meter (feeds nothing)" in words(table.rows[2][2], "en")


def test_corrections_give_hours_readings_and_amounts_of_each_meter(report: Report) -> None:
    table = section(report, "corrections").blocks[0]
    assert isinstance(table, Table)
    told = [[words(cell, "en") for cell in row] for row in table.rows]
    assert [row[0] for row in told] == ["GX2-M  (SH23080117)"] * 2
    assert [row[2] for row in told] == ["calibrated late"] * 2
    assert [row[4:] for row in told] == [
        ["264", "264", "−0.2%", "13,288.837 MWh", "13,262.259 MWh", "−26.578 MWh"],
        ["264", "264", "0.2%", "25.163 MWh", "25.213 MWh", "0.050 MWh"],
    ]


def test_where_every_reading_is_covered_the_report_says_so() -> None:
    shown = monitoring_report(run(ROOT / "examples" / "solar_thermal"))
    (block,) = section(shown, "corrections").blocks
    assert "无需修正" in words(block.content, "zh")  # type: ignore[union-attr]


def test_a_trace_tells_the_correction(report: Report) -> None:
    (entry,) = (entry for entry in report.traces.entries if entry.id == "EG_export@2024-08")
    told = [text.en for _, text in entry.origin if "GX2-M" in text.en]
    assert len(told) == 1
    assert "calibrated late: 264 readings" in told[0]
    assert "corrected by −0.2%, from 13,288.837 MWh to 13,262.259 MWh" in told[0]


def test_the_workbook_tells_the_correction_beside_the_corrected_amount(offshore: Result, tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    write_workbook(offshore, path)
    rows = list(openpyxl.load_workbook(path, data_only=True)[READINGS].iter_rows(values_only=True))
    marked = [row for row in rows if isinstance(row[-1], str) and "延迟校准" in row[-1]]
    assert [row[0] for row in marked] == ["EG_export@2024-08", "EG_import@2024-08"]
    whole = sum(float(str(row[9])) for row in rows if row[0] == "EG_export@2024-08")
    (value,) = offshore.dataset.domain.parse(("month",), "2024-08") or ()
    assert whole == pytest.approx(float(offshore.dataset.values["EG_export"][value,]), rel=1e-12)

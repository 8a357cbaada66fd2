"""Every outline, with the project that says everything and the one that says nothing it need not."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.data.description import ChangeKind, Narrative
from tonne.engine.errors import ReportError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.document import Equation, Figure, Note, Report, Section, Signatures, Table
from tonne.esg.document_names import page_file, pdf_file, word_file, written_outlines
from tonne.esg.monitoring import monitoring_report
from tonne.esg.numbers import read_number
from tonne.esg.outline import CoverRow, every_section, load_outline, outline_ids, usual_outlines
from tonne.esg.release import release

ROOT = Path(__file__).resolve().parents[2]
OFFSHORE = ROOT / "examples" / "offshore_wind"
OUTLINES = outline_ids()
FULL = {
    "edition": {"version": "2.1", "date": "2025-02-01"},
    "sector": {"zh": "能源产业", "en": "Energy industries"},
    "host": {"zh": "中国", "en": "China"},
    "participants": [{"zh": "甲公司", "en": "Company A"}, {"zh": "乙公司", "en": "Company B"}],
    "milestones": {"construction": "2021-11-15", "operation": "2023-10-01", "lifetime_years": 25},
    "narrative": {name: {"zh": f"说明：{name}", "en": f"Text on {name}"} for name in Narrative.model_fields},
    "changes": [
        {
            "kind": kind,
            "what": {"zh": f"变更{position}", "en": f"Change {position}"},
            "date": f"2024-0{position}-01",
            "reason": {"zh": "设备更换", "en": "Equipment was replaced"},
            "effect": {"zh": "无影响", "en": "None"},
            "approval": f"PRC-{position}",
        }
        for position, kind in enumerate(ChangeKind.__args__, start=1)  # type: ignore[attr-defined]
    ],
    "annexes": [{"title": {"zh": "说明文件", "en": "Read me"}, "file": "README.md"}],
    "earlier_periods": [
        {
            "number": 1,
            "start": "2023-01-01",
            "end": "2023-09-30",
            "reduction": 1000,
            "values": {
                "w_OM": {"unit": "1", "value": 0.5},
                "water_depth": {"unit": "m", "value": 30},
                "EG_export": {"unit": "MWh", "at": {"2023-09": 5}},
            },
        }
    ],
    "plan": {"document": "项目设计文件第1.2版", "version": "1.2", "diagram": "README.md"},
}


@pytest.fixture(scope="module")
def largest(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("largest")
    for name in ("export.csv.gz", "import_registers.csv.gz"):
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / name).write_bytes((OFFSHORE / "data" / name).read_bytes())
    (folder / "README.md").write_text("a file", encoding="utf-8")
    project = yaml.safe_load((OFFSHORE / "project.yaml").read_text(encoding="utf-8"))
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump({**project, **FULL}, allow_unicode=True), encoding="utf-8")
    return run(path)


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Result:
    project = {
        "format": 1,
        "name": {"zh": "最小项目", "en": "Smallest project"},
        "methodology": "ccer_01_002_v01",
        "time_zone": "Asia/Shanghai",
        "crediting_period": {"start": "2024-01-01", "end": "2024-01-31"},
        "monitoring_period": {"start": "2024-01-01", "end": "2024-01-31"},
        "options": {"grid_region": "south"},
        "values": {
            "EG_export": {"unit": "MWh", "value": 100},
            "EG_import": {"unit": "MWh", "value": 1},
            "distance_to_shore": {"unit": "km", "value": 31},
            "water_depth": {"unit": "m", "value": 31},
        },
    }
    path = tmp_path_factory.mktemp("smallest") / "project.yaml"
    path.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    return run(path)


@pytest.fixture(scope="module")
def design() -> Result:
    return run(OFFSHORE / "design.yaml")


@pytest.fixture(params=["largest", "smallest", "design"])
def result(request: pytest.FixtureRequest) -> Result:
    found: Result = request.getfixturevalue(request.param)
    return found


def section(report: Report, id_: str) -> Section:
    return next(item for item in report.sections if item.id == id_)


def tables(report: Report) -> Iterator[Table]:
    for part in report.sections:
        yield from (block for block in part.blocks if isinstance(block, Table))


def text(part: Any, language: str = "zh") -> str:
    if hasattr(part, "zh") and isinstance(part.zh, str):
        return str(getattr(part, language))
    if isinstance(part, Figure):
        return str(getattr(part.text, language))
    if isinstance(part, tuple):
        return "".join(text(item, language) for item in part)
    if hasattr(part, "__dataclass_fields__"):
        return "".join(text(getattr(part, name), language) for name in part.__dataclass_fields__)
    return ""


@pytest.mark.parametrize("name", OUTLINES)
def test_no_section_is_empty_and_none_is_missing(name: str, result: Result) -> None:
    report = monitoring_report(result, name)
    outline = load_outline(name)
    shown = {part.id for part in report.sections}
    for asked in every_section(outline.sections):
        if asked.sections:
            assert asked.id in shown or not any(inner.mandatory for inner in asked.sections)
            continue
        assert asked.id in shown or not asked.mandatory, asked.id
    inner = {item.id for item in every_section(outline.sections) if item.sections}
    for part in report.sections:
        assert part.blocks or part.id in inner, part.id
        for block in part.blocks:
            for language in ("zh", "en"):
                assert text(block, language).strip() or isinstance(block, Signatures | Equation), part.id


@pytest.mark.parametrize("name", OUTLINES)
def test_every_number_is_traced_and_shown_alike_when_asked_again(name: str, result: Result) -> None:
    report = monitoring_report(result, name)
    traced = {entry.id for entry in report.traces.entries}
    assert {figure.id for figure in report.figures} <= traced
    assert {"baseline.rounded", "project.rounded", "leakage.rounded", "reduction.rounded"} <= traced


def in_rows(table: Table) -> Iterator[tuple[int, list[Figure | None]]]:
    for column in range(len(table.columns)):
        cells = [row[column] for row in table.rows]
        yield column, [next((item for item in cell if isinstance(item, Figure)), None) for cell in cells]


@pytest.mark.parametrize("name", OUTLINES)
def test_displayed_rows_add_up_to_the_displayed_totals(name: str, result: Result) -> None:
    added = 0
    for table in tables(monitoring_report(result, name)):
        if table.totals != 1:
            continue
        for _, figures in in_rows(table):
            *rows, total = figures
            if total is None or any(figure is None for figure in rows) or "percent" in total.id:
                continue
            numbers = [read_number(figure.text.en) or 0 for figure in rows if figure is not None]
            assert sum(numbers) == (read_number(total.text.en) or 0), total.id
            added += 1
    assert added


def test_letters_and_numbers_are_those_of_the_form(largest: Result) -> None:
    numbers = {part.id: part.number for part in monitoring_report(largest, "cdm_mr").sections}
    assert numbers["crediting"] == "A.5"
    assert numbers["changes_forestry"] == "B.2.7"
    assert numbers["sampling"] == "D.3"
    assert numbers["comparison"] == "E.5"
    assert numbers["scale"] == "E.7"
    assert numbers["annexes"] == ""
    assert monitoring_report(largest, "gs_mr_1_2").sections[-1].title_in("en") == "Digests"


def test_what_is_not_given_is_said_and_what_is_given_stands(largest: Result, smallest: Result) -> None:
    full, bare = monitoring_report(largest, "ccer_er_2023"), monitoring_report(smallest, "ccer_er_2023")
    assert "说明：compliance" in text(section(full, "compliance").blocks)
    (note,) = section(bare, "compliance").blocks
    assert isinstance(note, Note)
    assert "项目文件未说明" in text(note)


def test_changes_stand_under_their_kind(largest: Result) -> None:
    report = monitoring_report(largest, "cdm_mr")
    assert "变更1" in text(section(report, "changes_temporary").blocks)
    assert "变更2" in text(section(report, "changes_corrections").blocks)
    assert "变更2" not in text(section(report, "changes_temporary").blocks)
    assert text(section(monitoring_report(largest, "ccer_er_2023"), "changes").blocks).count("变更") >= 8


def test_estimate_is_divided_by_days_and_the_rule_is_printed(largest: Result) -> None:
    # [project.yaml] 2023: 128,258 t for 92 of the 92 days of the crediting period in that year; 2024 whole.
    shown = section(monitoring_report(largest, "ccer_er_2023"), "comparison")
    figures = {figure.id: figure.text.en for figure in monitoring_report(largest, "ccer_er_2023").figures}
    assert figures["ex_ante.prorated@2023"] == "128,258"
    assert figures["ex_ante.prorated"] == "637,108"
    assert figures["ex_ante.difference"] == "71,534"
    assert figures["ex_ante.difference_percent"] == "11.23"  # 71,534 / 637,108
    assert "92/92" in text(shown.blocks)
    assert "366/366" in text(shown.blocks)
    assert "折算方法" in text(shown.blocks)


def test_earlier_period_is_compared_where_the_form_asks(largest: Result) -> None:
    shown = text(section(monitoring_report(largest, "gs_mr_1_2"), "previous").blocks, "en")
    assert "same" in shown
    assert "+25.00%" in shown  # of the water depth, from 30 to 37.5


def test_annexes_stand_with_their_digests(largest: Result) -> None:
    shown = text(section(monitoring_report(largest, "ccer_er_2023"), "annexes").blocks)
    assert hashlib.sha256(b"a file").hexdigest() in shown
    assert "README.md" not in text(section(monitoring_report(largest, "ccer_er_2023"), "readings").blocks)


def test_design_is_of_estimates_and_its_mean_year_stands_on_the_cover(design: Result) -> None:
    report = monitoring_report(design, "ccer_pdd_2023")
    figures = {figure.id: figure for figure in report.figures}
    # 10 years of 1,000,000 − 1,200 MWh times 0.50885 t/MWh, each calendar year rounded down
    assert figures["reduction.rounded"].text.en == "5,082,389"
    assert figures["reduction.mean"].text.en == "508,238.90"
    assert report.warning is None
    assert "估算值" in text(section(report, "monitored").blocks)


def test_stage_that_is_not_that_of_the_form_is_a_warning(design: Result, smallest: Result) -> None:
    of_estimates = monitoring_report(design, "ccer_er_2023").warning
    of_monitoring = monitoring_report(smallest, "ccer_pdd_2023").warning
    assert of_estimates is not None
    assert of_monitoring is not None
    assert "估算值" in of_estimates.zh
    assert "不是事前估算" in of_monitoring.zh


def test_usual_outlines_are_the_plain_one_and_that_of_scheme_and_stage(
    design: Result, largest: Result, every_node: Result
) -> None:
    assert usual_outlines(largest) == ("monitoring_plain", "ccer_er_2023")
    assert usual_outlines(design) == ("monitoring_plain", "ccer_pdd_2023")
    assert usual_outlines(every_node) == ("monitoring_plain",)


def test_evidence_of_headings_is_in_the_data_and_not_on_the_page(largest: Result) -> None:
    report = monitoring_report(largest, "ccer_er_2023")
    assert load_outline("ccer_er_2023").evidence == "expert-recall"
    row = {label.en: text(content) for label, content in report.cover.rows}
    assert row["Outline"] == "ccer_er_2023第1版"


@pytest.mark.parametrize("name", OUTLINES)
def test_documented_headings_are_those_of_the_outlines(name: str) -> None:
    page = (ROOT / "docs" / "outlines.md").read_text(encoding="utf-8")
    outline = load_outline(name)
    for item in every_section(outline.sections):
        evidence = item.evidence or outline.evidence
        assert f"| {item.zh} | {item.en} | {evidence} |" in page, item.id


def test_unknown_row_of_the_cover_is_refused(largest: Result) -> None:
    outline = load_outline("ccer_er_2023").model_copy(update={"cover": (CoverRow(row="nmae"),)})
    with pytest.raises(ReportError, match="did you mean name"):
        monitoring_report(largest, outline)


def test_chosen_outlines_are_written_under_their_names(smallest: Result, tmp_path: Path) -> None:
    out = release(smallest, tmp_path / "out", outlines=["cdm_mr", "gs_mr_1_2", "cdm_mr"])
    names = {path.name for path in out.iterdir()}
    assert {"cdm_mr.zh.docx", "cdm_mr.en.docx", "cdm_mr.html", "gs_mr_1_2.html"} <= names
    assert "report.html" not in names
    assert written_outlines(out) == ["cdm_mr", "gs_mr_1_2"]


def test_unknown_outline_is_refused_before_anything_is_written(smallest: Result, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="did you mean cdm_mr"):
        release(smallest, tmp_path / "out", outlines=["cdm_mrr"])
    assert not (tmp_path / "out").exists()


def test_names_tell_outline_and_language() -> None:
    assert word_file("monitoring_plain", "zh") == "report.zh.docx"
    assert page_file("gs_mr_1_2") == "gs_mr_1_2.html"
    assert pdf_file("cdm_mr", "en") == "cdm_mr.en.pdf"

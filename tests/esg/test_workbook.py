import dataclasses
import functools
import os
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree

from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.errors import ProjectError, ReportError
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import ROLES, Result, YearTotals, rounded
from tonne.engine.run import run, run_project
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml
from tonne.esg import workbook_values
from tonne.esg.sheet import Amount
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_check import read_back_workbook
from tonne.esg.workbook_readings import READINGS, STEPS
from tonne.esg.workbook_results import AGREEMENT, AGREES, RESULTS
from tonne.esg.workbook_sheets import FINDINGS, READ_ME, workbook_sheets
from tonne.esg.workbook_values import EQUATIONS, PARAMETERS, TERMS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOGETHER = [  # in one start of LibreOffice
    ("landfill_gas",),
    ("waste_heat_power", "solar_thermal"),
    ("coal_mine_methane", "motor_retrofit", "reservoir_hydro"),
    ("onshore_wind", "offshore_wind", "heat_pump", "building_retrofit"),
    ("cement", "ccus_chain", "hydrogen_steel"),
]
Recompute = Callable[[Mapping[str, Path]], dict[str, Any]]


def written(result: Result, folder: Path, name: str = "workbook") -> Path:
    path = folder / f"{name}.xlsx"
    write_workbook(result, path)
    return path


def opened(path: Path, **options: Any) -> Any:
    """Open a workbook, whose cells may be of any type."""
    return openpyxl.load_workbook(path, **options)


def amounts(result: Result) -> dict[tuple[str, str], Amount]:
    """Every number of the sheets, by sheet and cell."""
    return {
        (cell.sheet, f"{cell.column}{cell.row}"): content
        for sheet in workbook_sheets(result)
        for cell, content in sheet.cells()
        if isinstance(content, Amount)
    }


def agrees(expected: Decimal | str, found: Any) -> bool:
    if isinstance(expected, str):
        return str(found).startswith("#") if expected.startswith("#") else found == expected
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    # Where terms of many tonnes cancel to nothing, what binary numbers leave is no more than a billionth of a tonne.
    return abs(Decimal(found) - expected) <= Decimal("1e-9") * (abs(expected) or 1)


def disagreements(result: Result, found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"{sheet} {place}: {found[sheet].get(place)}, not {amount.value} by {amount.formula}"
        for (sheet, place), amount in amounts(result).items()
        if not agrees(amount.value, found[sheet].get(place))
    ]


@functools.cache
def methodology_of(name: str) -> Methodology:
    return load_methodology(name)


def golden_cases() -> list[Path]:
    """Good cases of methodologies with outputs: those whose workbooks hold nearly every formula that any holds; or all."""
    paths = sorted(bundled().root.glob("*/cases/good/*.yaml"))
    paths = [path for path in paths if methodology_of(path.parts[-4]).spec.outputs is not None]
    if os.environ.get("TONNE_SEARCH"):
        return paths
    listed = set((Path(__file__).parent / "workbook_cases.txt").read_text(encoding="utf-8").split())
    chosen = [path for path in paths if f"{path.parts[-4]}.{path.stem}" in listed]
    known = {path.parts[-4] for path in chosen}
    return chosen + [path for path in paths if path.parts[-4] not in known]


def case_result(path: Path) -> Result:
    name = path.parts[-4]
    document = read_yaml(path)
    data = {"format": 1, "name": document.data["title"], "methodology": name, **document.data["project"]}
    places = {steps[1:]: place for steps, place in document.places.items() if steps[:1] == ("project",)}
    inner = Document(document.path, data, places, document.digest, document.text)
    project = checked_project(shaped(ProjectSpec, inner, ProjectError), inner, path.parent)
    return run_project(project, methodology_of(name), lambda _stage: None)


# -- the numbers, computed anew by LibreOffice


def test_libreoffice_computes_every_formula_to_its_stored_value(
    every_node: Result, recompute: Recompute, tmp_path: Path
) -> None:
    found = recompute({"every_node": written(every_node, tmp_path)})["every_node"]
    assert sum(amount.formula is not None for amount in amounts(every_node).values()) > 150
    assert disagreements(every_node, found) == []


@pytest.mark.parametrize("part", range(4))
def test_libreoffice_computes_the_golden_cases(recompute: Recompute, tmp_path: Path, part: int) -> None:
    results = {f"{path.parts[-4]}.{path.stem}": case_result(path) for path in golden_cases()[part::4]}
    found = recompute({name: written(result, tmp_path, name) for name, result in results.items()})
    assert {name: disagreements(result, found[name]) for name, result in results.items()} == {
        name: [] for name in results
    }


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
def test_libreoffice_computes_every_example_and_its_check_sheet_agrees(
    recompute: Recompute, tmp_path: Path, names: tuple[str, ...]
) -> None:
    results = {name: run(EXAMPLES / name) for name in names}
    found = recompute({name: written(result, tmp_path, name) for name, result in results.items()})
    for name, result in results.items():
        assert disagreements(result, found[name]) == []
        check = found[name][AGREEMENT]
        assert check["C4"] == 0
        assert {value for cell, value in check.items() if cell.startswith("F") and int(cell[1:]) > 3} == {AGREES}
        assert len(check) > 100
        if name in {"landfill_gas", "waste_heat_power"}:  # by the minute and by the hour, too many for rows
            said = " ".join(str(value) for value in found[name][READ_ME].values())
            assert "Where live formulas begin" in said
            assert "tonne verify" in said


def test_every_example_has_its_workbook_computed() -> None:
    listed = {name for names in TOGETHER for name in names}
    assert listed == {path.name for path in EXAMPLES.iterdir() if (path / "project.yaml").is_file()}


def test_changed_inputs_lead_to_what_the_engine_then_computes(
    every_node: Result,
    every_node_with: Callable[[Mapping[str, str]], Result],
    recompute: Recompute,
    tmp_path: Path,
) -> None:
    changed = every_node_with(
        {
            "2024-01: 2.6,": "2024-01: 8,",
            "2023-10: 0, 2023-11: 0.25": "2023-10: 0.5, 2023-11: 0.25",
            "coal: old": "coal: new",
            "2023-10: 20.5": "2023-10: 30",
            "value: 400,": "value: 4000,",
        }
    )
    workbook = opened(written(every_node, tmp_path))
    rows = {row[0].value: row for row in workbook[PARAMETERS].iter_rows(min_row=4)}
    inputs = {
        "x@2024-01": 80,
        "load@2023-10": 0.5,
        "option:kiln@coal": 1,
        "temperature@2023-10": 30,
        "burnt@coal,2024-02": 4000,
    }
    for id_, given in inputs.items():
        rows[id_][5].value = given
    workbook.save(tmp_path / "changed.xlsx")
    found = recompute({"changed": tmp_path / "changed.xlsx"})["changed"]
    column = {cell: value for cell, value in found[EQUATIONS].items() if cell.startswith("A")}
    for name, values in changed.values.items():
        for index, value in values.items():
            cell = next(place for place, text in column.items() if text == changed.label(name, index))
            assert agrees(value, found[EQUATIONS][f"F{cell[1:]}"]), changed.label(name, index)
    ids = {text: cell for cell, text in found[RESULTS].items() if cell.startswith("F")}
    assert changed.years[1].rounded["reduction"] < 0
    for year in changed.years:
        for role in ROLES:
            assert agrees(year.rounded[role], found[RESULTS][f"G{ids[f'{role}.rounded@{year.year}'][1:]}"])


@pytest.mark.parametrize("mode", ["floor", "half_up", "conservative", "none"])
def test_rounding_rule_is_a_formula_and_holds_below_zero_and_near_the_edge(
    every_node: Result, recompute: Recompute, tmp_path: Path, mode: str
) -> None:
    outputs = every_node.methodology.spec.outputs
    assert outputs is not None
    spec = every_node.methodology.spec.model_copy(
        update={"outputs": outputs.model_copy(update={"rounding": outputs.rounding.model_copy(update={"mode": mode})})}
    )
    figures = [
        ("2.5", "7.25"),
        ("1000", "999.0000001"),
        ("-0.5", "0"),
        ("12.4999999", "0.4999999"),
        ("3.0000001", "0.0000001"),
        ("804345", "2.0000001"),
    ]
    years = []
    values = {name: dict(every_node.values[name]) for name in every_node.values}
    for position, (baseline, project) in enumerate(figures):
        exact = {"baseline": Decimal(baseline), "project": Decimal(project), "leakage": Decimal(0)}
        exact["reduction"] = exact["baseline"] - exact["project"]
        years.append(YearTotals(str(2100 + position), exact, rounded(exact, mode)))
        for role in ("baseline", "project", "reduction"):
            values.setdefault(getattr(outputs, role), {})[(2100 + position,)] = exact[role]
    result = dataclasses.replace(
        every_node,
        methodology=dataclasses.replace(every_node.methodology, spec=spec),
        years=tuple(years),
        values=values,
    )
    sheets = {sheet.name: sheet for sheet in workbook_sheets(result)}
    workbook: Any = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = RESULTS
    for cell, content in sheets[RESULTS].cells():
        if isinstance(content, Amount):
            exact_cell = cell.column == "E" and cell.row < 4 + 4 * len(years)
            sheet[f"{cell.column}{cell.row}"] = float(content.value) if exact_cell else content.formula
    workbook.save(tmp_path / f"{mode}.xlsx")
    found = recompute({mode: tmp_path / f"{mode}.xlsx"})[mode][RESULTS]
    for cell, content in sheets[RESULTS].cells():
        if isinstance(content, Amount) and cell.column == "G":
            assert agrees(content.value, found[f"G{cell.row}"]), f"{cell} {content}"


# -- what stands on the sheets


def test_every_number_has_its_id_beside_it(every_node: Result, tmp_path: Path) -> None:
    workbook = opened(written(every_node, tmp_path), data_only=True)
    for name in (PARAMETERS, EQUATIONS):
        for row in workbook[name].iter_rows(min_row=4, values_only=True):
            quantity, _, label = row[0].partition("@")
            index = every_node.dataset.domain.parse(every_node.plan.over(quantity), label)
            assert index is not None
            assert row[5] == pytest.approx(float(every_node.value(quantity, index)), rel=1e-14)


def test_sheets_stand_in_their_order_with_headings_in_both_languages(every_node: Result, tmp_path: Path) -> None:
    workbook = opened(written(every_node, tmp_path))
    assert workbook.sheetnames == [READ_ME, READINGS, PARAMETERS, EQUATIONS, TERMS, RESULTS, AGREEMENT, FINDINGS]
    for sheet in workbook.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.print_title_rows == "$1:$3"
        assert sheet.freeze_panes in {"A4", "B4"}
        assert "仅供测试" in str(sheet.oddHeader.left.text)
        assert all(
            str(cell.value).isascii() is False or "English" in str(cell.value) for cell in sheet[3] if cell.value
        )


def test_statement_digests_and_evidence_are_on_the_first_sheet(every_node: Result, tmp_path: Path) -> None:
    workbook = opened(written(every_node, tmp_path))
    text = "\n".join(str(cell.value) for row in workbook[READ_ME].iter_rows() for cell in row if cell.value)
    for part in (
        "仅供测试",
        every_node.digest,
        every_node.methodology.digest,
        every_node.project.document.digest,
        "自行构建",
        "60位十进制",
    ):
        assert part in text
    assert "CCER" not in text


def test_texts_that_look_like_formulas_stay_texts(every_node: Result, tmp_path: Path) -> None:
    path = written(every_node, tmp_path)
    with zipfile.ZipFile(path) as archive:
        formulas = [
            formula
            for name in archive.namelist()
            if name.startswith("xl/worksheets/")
            for formula in re.findall(r"<f>(.*?)</f>", archive.read(name).decode())
        ]
    assert not [
        formula for formula in formulas if "HYPERLINK" in formula or "@SUM" in formula or formula == "1+1&amp;全部节点"
    ]
    workbook = opened(path)
    texts = {cell.value: cell.data_type for row in workbook[READ_ME].iter_rows() for cell in row}
    assert texts["=1+1&全部节点"] == texts['=HYPERLINK("http://example.org")'] == "s"


def test_scalars_bear_their_id_as_a_name(every_node: Result, tmp_path: Path) -> None:
    workbook = opened(written(every_node, tmp_path))
    for name in ("decay", "limit", "reduction.rounded"):
        sheet, _, cell = workbook.defined_names[name].attr_text.partition("!")
        row = workbook[sheet.strip("'")][cell.replace("$", "")].row
        beside = {workbook[sheet.strip("'")].cell(row, column).value for column in (1, 6)}
        assert name in beside
    assert not [name for name in workbook.defined_names if "@" in name]


def test_control_characters_of_a_finding_do_not_break_the_file(every_node: Result, tmp_path: Path) -> None:
    finding = Finding("x.y", Severity.NOTE, "=1+1\x00\x0b\u202e坏", "\x1b[31m" + "long " * 8000)
    result = dataclasses.replace(every_node, findings=(finding,))
    path = written(result, tmp_path)
    read_back_workbook(path, result)
    assert opened(path)[FINDINGS]["D4"].value == "=1+1 坏"


def test_same_result_gives_the_same_bytes(every_node: Result, tmp_path: Path) -> None:
    first = written(every_node, tmp_path, "first").read_bytes()
    time.sleep(2.1)  # zip archives count time in steps of two seconds
    assert written(every_node, tmp_path, "second").read_bytes() == first


def test_index_sets_too_large_for_rows_are_said_to_be_so(
    every_node: Result, recompute: Recompute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_values, "_limit", lambda _result: 3)
    path = written(every_node, tmp_path)
    read_back_workbook(path, every_node)
    workbook = opened(path)
    rows = {row[0].value: [cell.value for cell in row] for row in workbook[EQUATIONS].iter_rows(min_row=4)}
    assert "power@2023-10" not in rows
    assert rows["power"][5] is None
    assert "values.parquet" in rows["power"][9]
    assert "'分项 Terms'!F" in str(rows["BE@2023"][5])
    terms = {row[0].value: [cell.value for cell in row] for row in workbook[TERMS].iter_rows(min_row=4)}
    parts = {id_: row for id_, row in terms.items() if id_.startswith("BE@2023 ∑1 ")}
    assert sum(row[5] for row in parts.values()) == pytest.approx(148.45)
    assert [*parts] == ["BE@2023 ∑1 2023-10", "BE@2023 ∑1 2023-11", "BE@2023 ∑1 2023-12"]
    assert all("live formulas begin here" in row[6] for row in parts.values())
    assert disagreements(every_node, recompute({"large": path})["large"]) == []


def test_formula_too_long_for_a_cell_is_said_to_be_so(
    every_node: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tonne.esg.excel_formula.LONGEST_FORMULA", 120)
    path = written(every_node, tmp_path)
    read_back_workbook(path, every_node)
    rows = {row[0].value: [cell.value for cell in row] for row in opened(path)[EQUATIONS].iter_rows(min_row=4)}
    assert isinstance(rows["power@2023-10"][5], int | float)
    assert "live formulas begin here" in rows["power@2023-10"][9]
    assert str(rows["ER@2023"][5]).startswith("=")


def test_a_usual_project_takes_less_than_a_second_and_a_half(every_node: Result, tmp_path: Path) -> None:
    started = time.process_time()
    read_back_workbook(written(every_node, tmp_path), every_node)
    assert time.process_time() - started < 1.5


# -- reading back


def edited(path: Path, sheet: str, pattern: str, replacement: str) -> None:
    """Change the XML of a sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    number = opened(path, read_only=True).sheetnames.index(sheet) + 1
    name = f"xl/worksheets/sheet{number}.xml"
    text, count = re.subn(pattern, replacement, parts[name].decode())
    assert count == 1, pattern
    parts[name] = text.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def cell_of(result: Result, sheet: str, id_: str) -> str:
    for found in workbook_sheets(result):
        for number, row in enumerate(found.rows, 4):
            if found.name == sheet and row[0] == id_:
                return f"F{number}"
    raise AssertionError(id_)


def test_what_was_written_reads_back(every_node: Result, tmp_path: Path) -> None:
    read_back_workbook(written(every_node, tmp_path), every_node)


@pytest.mark.parametrize(
    ("sheet", "id_", "inside", "replacement", "what"),
    [
        (EQUATIONS, "BE@2023", r"<v>[^<]*</v>", "<v>84.6611</v>", "the stored value differs"),
        (EQUATIONS, "BE@2023", r"<v>[^<]*</v>", "<v></v>", "the stored value differs"),
        (EQUATIONS, "BE@2023", r"<f>[^<]*</f>", "<f>1+1</f>", "the formula differs"),
        (EQUATIONS, "BE@2023", r"<f>[^<]*</f>", "", "the formula differs"),
        (PARAMETERS, "decay", r"<v>[^<]*</v>", "<v>0.91</v>", "the stored value differs"),
        (PARAMETERS, "decay", r"(?=<v>)", "<f>0.45*2</f>", "a formula stands where a value belongs"),
        (TERMS, "sums@2023 ∑2 2023-10", r"<v>[^<]*</v>", "<v>5</v>", "the stored value differs"),
    ],
)
def test_changed_cell_is_found_and_named(
    every_node: Result, tmp_path: Path, sheet: str, id_: str, inside: str, replacement: str, what: str
) -> None:
    path, cell = written(every_node, tmp_path), cell_of(every_node, sheet, id_)
    edited(path, sheet, rf'(<c r="{cell}"[^>]*>(?:(?!</c>).)*?){inside}', rf"\g<1>{replacement}")
    with pytest.raises(ReportError) as refused:
        read_back_workbook(path, every_node)
    assert any(f"sheet '{sheet}', cell {cell}: {what}" in problem.what for problem in refused.value.problems)


def test_workbook_of_another_result_is_refused_by_id(
    every_node: Result, every_node_with: Callable[[Mapping[str, str]], Result], tmp_path: Path
) -> None:
    other = every_node_with({"2024-01: 2.6,": "2024-01: 8,"})
    path = written(other, tmp_path)
    with pytest.raises(ReportError) as refused:
        read_back_workbook(path, every_node)
    told = [problem.what for problem in refused.value.problems]
    assert (
        f"sheet '{EQUATIONS}', cell {cell_of(every_node, EQUATIONS, 'BE@2024')}: the value of BE@2024 differs" in told
    )


def test_missing_row_is_told_by_its_id(every_node: Result, tmp_path: Path) -> None:
    path = written(every_node, tmp_path)
    row = cell_of(every_node, EQUATIONS, "BE@2023")[1:]
    edited(path, EQUATIONS, rf'<row r="{row}".*?</row>', "")
    with pytest.raises(ReportError, match="the id BE@2023 is missing"):
        read_back_workbook(path, every_node)


# -- a file that Excel opens as it is


def test_inputs_and_defaults_are_coloured_and_open_while_formulas_are_locked(
    every_node: Result, tmp_path: Path
) -> None:
    workbook = opened(written(every_node, tmp_path))
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in workbook.worksheets)
    seen: dict[Any, set[Any]] = {}
    for (name, place), amount in amounts(every_node).items():
        cell = workbook[name][place]
        assert cell.protection.locked is (amount.kind not in {"input", "default"}), f"{name} {place}"
        seen.setdefault(amount.kind, set()).add(
            (cell.fill.fgColor.rgb, cell.font.color.rgb if cell.font.color else None)
        )
    assert len(seen["input"] | seen["default"]) == 2
    legend = {cell.value for row in workbook[READ_ME].iter_rows() for cell in row if cell.value}
    assert any("输入：" in str(text) for text in legend)
    assert any("default: " in str(text) for text in legend)


def test_file_keeps_the_limits_of_excel(every_node: Result, tmp_path: Path) -> None:
    """Break one of these, and Excel offers to repair the file."""
    for result in (every_node, run(EXAMPLES / "onshore_wind")):
        path = written(result, tmp_path)
        workbook = opened(path)
        names = [name.lower() for name in workbook.defined_names]
        assert len(names) == len(set(names)) > 20
        assert not [name for name in workbook.defined_names if re.fullmatch(r"[A-Za-z]{1,3}\d+|[rc]\d*", name)]
        assert all(re.fullmatch(r"[^\W\d][\w.]*", name) and len(name) < 255 for name in workbook.defined_names)
        for sheet in workbook.worksheets:
            assert len(sheet.title) <= 31
            assert not set(sheet.title) & set("[]:*?/\\")
            assert len(str(sheet.oddHeader.left.text)) <= 255
            assert all(size.height is None or size.height <= 409 for size in sheet.row_dimensions.values())
            assert not [
                cell.coordinate
                for row in sheet.iter_rows()
                for cell in row
                if isinstance(cell.value, str) and len(cell.value) > (8192 if cell.data_type == "f" else 32767)
            ]
            merged = [cell for part in sheet.merged_cells.ranges for row in part.rows for cell in row]
            assert len(merged) == len(set(merged))
        used = {
            name
            for sheet in workbook.worksheets
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
            for name in re.findall(r"([A-Z][A-Z.]+)\(", str(cell.value))
        }
        assert used <= {"SUM", "SUMPRODUCT", "AVERAGE", "MIN", "MAX", "STDEV", "COUNT", "COUNTIF", "ROWS", "IF", "AND", "OR", "NOT", "NA", "ROUND", "INT", "ABS", "EXP", "LN", "SQRT"}  # fmt: skip
        with zipfile.ZipFile(path) as archive:
            assert len(archive.namelist()) == len(set(archive.namelist()))
            for name in archive.namelist():
                etree.fromstring(archive.read(name))


def test_readings_are_summed_by_the_day_where_rows_allow_and_flow_into_the_parameters(tmp_path: Path) -> None:
    result = run(EXAMPLES / "onshore_wind")
    workbook = opened(written(result, tmp_path))
    parts = [row for row in workbook[STEPS].iter_rows(min_row=4, values_only=True) if row[0] == "EG_export@2014-02"]
    assert len(parts) == 4 * 28
    assert sum(row[5] for row in parts) == pytest.approx(float(result.values_of("EG_export")[2014 * 12 + 1,]))
    rows = {row[0]: row for row in workbook[PARAMETERS].iter_rows(min_row=4, values_only=True)}
    assert rows["EG_export@2014-02"][5] == "=SUM('读数 Readings'!J8:J11)"
    assert workbook[READINGS]["J8"].value.startswith("=SUM('分时读数 Readings by step'!F")

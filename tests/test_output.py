"""The output folder of a run: whole, repeatable, traceable, and enough to compute everything again."""

import json
import zipfile
from pathlib import Path

import duckdb
import jsonschema
import pytest

from tonne.api import run
from tonne.cli import main
from tonne.engine.errors import DataError, TonneError
from tonne.engine.reopen import reopened
from tonne.engine.result.result import Result
from tonne.engine.result.trace import find_value, trace

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "solar_thermal"
FILES = {
    "result.json",
    "values.parquet",
    "report.zh.docx",
    "report.en.docx",
    "report.html",
    "ccer_er_2023.zh.docx",
    "ccer_er_2023.en.docx",
    "ccer_er_2023.html",
    "workbook.xlsx",
    "dossier.zip",
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """The smallest example, run once with all its documents."""
    out = tmp_path_factory.mktemp("run") / "out"
    return run(EXAMPLE, out), out


def test_every_file_is_there_and_nothing_else(output: tuple[Result, Path]) -> None:
    _, out = output
    assert {path.name for path in out.iterdir()} == FILES
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_second_run_replaces_the_first_with_the_same_bytes_but_for_the_time(
    output: tuple[Result, Path], tmp_path: Path
) -> None:
    _, out = output
    run(EXAMPLE, tmp_path / "again")
    run(EXAMPLE, tmp_path / "again")
    first, second = (
        (folder / "result.json").read_text(encoding="utf-8").splitlines() for folder in (out, tmp_path / "again")
    )
    different = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    assert all(one.startswith(' "made"') for one, _ in different)
    assert (out / "values.parquet").read_bytes() == (tmp_path / "again" / "values.parquet").read_bytes()


def test_result_has_the_published_shape(output: tuple[Result, Path]) -> None:
    _, out = output
    schema = json.loads((ROOT / "docs" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((out / "result.json").read_text(encoding="utf-8")), schema)


def test_values_file_holds_every_value_of_the_result(output: tuple[Result, Path]) -> None:
    _, out = output
    data = json.loads((out / "result.json").read_text(encoding="utf-8"))
    query = 'SELECT quantity, "at", exact, unit FROM read_parquet(?)'
    with duckdb.connect() as connection:
        stored = connection.execute(query, [str(out / "values.parquet")]).fetchall()
    listed = {
        (item["id"], at, value, item["unit"]) for item in data["quantities"] for at, value in item["values"].items()
    }
    assert set(stored) == listed
    assert len(stored) == len(listed)


def test_dossier_alone_gives_the_same_result(output: tuple[Result, Path]) -> None:
    result, out = output
    with reopened(out / "dossier.zip") as (again, stated):
        assert again.digest == stated == result.digest
        assert again.values == result.values


def test_dossier_with_a_changed_reading_gives_another_digest(output: tuple[Result, Path], tmp_path: Path) -> None:
    _, out = output
    changed = tmp_path / "dossier.zip"
    with zipfile.ZipFile(out / "dossier.zip") as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(
                name, content.replace(b"2024-03,", b"2024-04,", 1) if name.endswith("fuel.csv") else content
            )
    with reopened(changed) as (again, stated):
        assert again.digest != stated


def test_dossier_that_leads_outside_is_refused(output: tuple[Result, Path], tmp_path: Path) -> None:
    _, out = output
    hostile = tmp_path / "dossier.zip"
    hostile.write_bytes((out / "dossier.zip").read_bytes())
    with zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr("../../evil.txt", "x")
    with pytest.raises(DataError, match="leads outside"), reopened(hostile):
        pass


def test_file_that_is_no_dossier_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dossier.zip").write_bytes(b"PK nothing")
    with pytest.raises(TonneError, match="cannot be opened"), reopened(tmp_path):
        pass


def test_every_number_walks_back_to_what_was_given(output: tuple[Result, Path]) -> None:
    result, _ = output
    name, index = find_value(result, "ER@2024")
    waiting = [trace(result, name, index)]
    leaves = set()
    while waiting:
        current = waiting.pop()
        waiting.extend(current.inputs)
        if not current.inputs and current.origin is not None:
            leaves.add(current.origin["kind"])
    assert leaves == {"readings", "records", "factor", "project", "default"}


def command(*words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["tonne", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_trace_shows_the_way_to_the_rows_of_the_file(
    output: tuple[Result, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = output
    assert command("trace", str(out), "BE@2024", "--readings", "2", monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    assert "EF_CM@2024" in said
    assert "factor: table cn_grid_baseline" in said
    assert "data/meter.csv.gz:" in said


def test_trace_of_what_is_not_there_names_what_is(
    output: tuple[Result, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = output
    assert command("trace", str(out), "ER@2042", monkeypatch=monkeypatch) == 2
    assert "ER@2024" in capsys.readouterr().err


def test_list_and_check_speak_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("list", "--json", monkeypatch=monkeypatch) == 0
    rows = json.loads(capsys.readouterr().out)
    assert command("check", "--json", monkeypatch=monkeypatch) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == [report["methodology"] for report in reports]
    assert all(report["passed"] for report in reports)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_show_prints_formulas_as_the_source_does(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("show", "ccer_01_001_v01", "--lang", language, monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    assert "COEF_i,y = NCV_i,y × CC_i,y × OF_i,y × 44/12" in said
    assert ("光热" if language == "zh" else "solar thermal") in said


def test_check_ends_with_1_when_a_check_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "methodologies" / "ccer_01_001_v01" / "spec.yaml").read_text(encoding="utf-8")
    product = text.replace("EF_OM * w_OM + EF_BM * w_BM", "EF_OM * w_OM * EF_BM * w_BM")
    assert product != text
    (tmp_path / "spec.yaml").write_text(product, encoding="utf-8")
    assert command("check", str(tmp_path / "spec.yaml"), monkeypatch=monkeypatch) == 1
    said = capsys.readouterr().out
    assert "EF_CM" in said
    assert "units.misfit" in said


@pytest.mark.parametrize("name", ["ccer_01_001_v01", "ccer_01_002_v01", "cdm_acm0002"])
def test_new_project_says_what_must_be_filled_in(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("init", name, str(tmp_path / "mine"), monkeypatch=monkeypatch) == 0
    assert command("init", name, str(tmp_path / "mine"), monkeypatch=monkeypatch) == 2
    assert "not empty" in capsys.readouterr().err
    assert command("run", str(tmp_path / "mine"), "--out", str(tmp_path / "out"), monkeypatch=monkeypatch) == 2
    assert "project.yaml:" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

"""`tonne verify`: everything computed again from the dossier, every number of every file compared."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import tonne
from tonne.cli import main
from tonne.engine.errors import DataError, UnknownNameError
from tonne.engine.run import run
from tonne.esg.release import release

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "solar_thermal"
DOCX, SHEET = "word/document.xml", "xl/worksheets/sheet"
Alter = Callable[[Path], None]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(run(EXAMPLE), tmp_path_factory.mktemp("verify") / "out")


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path / "out")
    return tmp_path / "out"


def in_archive(part: str, old: str, new: str) -> Alter:
    """Replace the first occurrence of a pattern in a part of an archive."""

    def alter(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        count = 0
        for name, content in parts.items():
            if name.startswith(part) and not count:
                text, count = re.subn(old, new, content.decode(), count=1)
                parts[name] = text.encode() if count else content
        assert count, old
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)

    return alter


def in_text(old: str, new: str) -> Alter:
    def alter(path: Path) -> None:
        text, count = re.subn(old, new, path.read_text(encoding="utf-8"), count=1)
        assert count, old
        path.write_text(text, encoding="utf-8")

    return alter


def in_values(path: Path) -> None:
    with duckdb.connect() as store:
        store.execute("CREATE TABLE v AS SELECT * FROM read_parquet(?)", [str(path)])
        store.execute("UPDATE v SET exact = exact || '1' WHERE id = 'BE@2024'")
        path.unlink()
        store.execute("COPY v TO ? (FORMAT parquet)", [str(path)])


def test_what_a_run_wrote_is_verified_with_every_file(written: Path) -> None:
    verified = tonne.verify(written)
    assert verified.findings == ()
    assert verified.passed
    compared = {file.name: file.compared for file in verified.files}
    assert set(compared) == {path.name for path in written.iterdir()}
    assert all(count > 70 for count in compared.values()), compared
    assert "97329 tCO2e" in verified.said("zh")


@pytest.mark.parametrize(
    ("name", "alter", "place", "expected", "found"),
    [
        ("report.zh.docx", in_archive(DOCX, ">97,329<", ">97,339<"), "reduction.rounded", "97,329", "97,339"),
        ("report.en.docx", in_archive(DOCX, ">12,159.288<", ">12,159.289<"), None, "12,159.288", "12,159.289"),
        ("report.html", in_text(">97,329</button>", ">97,328</button>"), "reduction.rounded", "97,329", "97,328"),
        ("result.json", in_text('"reduction": "97329"', '"reduction": "97330"'), None, "97329", "97330"),
        ("result.json", in_text(r'"2024-05": "(\d+)\.', r'"2024-05": "1\1.'), "EG_export@2024-05", None, None),
        ("values.parquet", in_values, "BE@2024", None, None),
        ("workbook.xlsx", in_archive(SHEET, r"<v>12159\.288</v>", "<v>12159.287</v>"), None, "12159.288", "12159.287"),
        ("workbook.xlsx", in_archive(SHEET, r"<v>647\.919</v>", "<v>647.918</v>"), "分时读数 Readings by step!F4", "647.919", "647.918"),
        ("workbook.xlsx", in_archive(SHEET, "<f>EG_export_2024_01-EG", "<f>EG_export_2024_02-EG"), "公式 Equations!F4", None, None),
    ],
)  # fmt: skip
def test_one_altered_digit_is_found_and_named(
    out: Path, name: str, alter: Alter, place: str | None, expected: str | None, found: str | None
) -> None:
    alter(out / name)
    verified = tonne.verify(out)
    assert not verified.passed
    (first, *_) = verified.as_data()["differences"]
    assert {item["file"] for item in verified.as_data()["differences"]} == {name}
    assert place is None or any(
        item["place"] == place or place in item["en"] for item in verified.as_data()["differences"]
    )
    assert expected is None or (first["expected"], first["found"]) == (expected, found)
    assert name in first["zh"]
    assert name in first["en"]


def test_number_that_was_deleted_is_missed(out: Path) -> None:
    in_archive(DOCX, r'<w:sdt><w:sdtPr><w:tag w:val="EG_PJ@2024-03"/>.*?</w:sdt>', "")(out / "report.en.docx")
    (difference,) = {item["place"] for item in tonne.verify(out).as_data()["differences"]}
    assert difference == "EG_PJ@2024-03"


def test_data_altered_in_the_dossier_no_longer_give_the_result(out: Path) -> None:
    in_archive("project/data/fuel.csv", r"(\d)\.(\d)", r"\1.\g<2>9")(out / "dossier.zip")
    codes = {finding.code for finding in tonne.verify(out).findings}
    assert {"document.dossier_altered", "document.of_another_result", "document.number_differs"} <= codes


def test_missing_and_foreign_documents_are_told(out: Path) -> None:
    (out / "report.en.docx").unlink()
    shutil.copy(out / "report.zh.docx", out / "copy.zh.docx")
    verified = tonne.verify(out)
    assert {(finding.code, finding.evidence["file"]) for finding in verified.findings} == {
        ("document.missing", "report.en.docx"),
        ("document.unexpected", "copy.zh.docx"),
    }


def test_dossier_alone_is_verified(written: Path) -> None:
    verified = tonne.verify(written / "dossier.zip")
    assert verified.passed
    assert [file.name for file in verified.files] == ["dossier.zip"]


def test_folder_without_a_dossier_and_what_is_none_are_refused(out: Path) -> None:
    (out / "dossier.zip").write_bytes(b"PK")
    with pytest.raises(DataError):
        tonne.verify(out)
    (out / "dossier.zip").unlink()
    with pytest.raises(UnknownNameError, match="no dossier"):
        tonne.verify(out)


@pytest.mark.parametrize(("altered", "code"), [(False, 0), (True, 1)])
def test_command_ends_with_1_when_something_differs(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, altered: bool, code: int
) -> None:
    if altered:
        in_archive(DOCX, ">97,329<", ">97,339<")(out / "report.zh.docx")
    for words in (["--json"], ["--lang", "zh"]):
        monkeypatch.setattr("sys.argv", ["tonne", "verify", str(out), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == code
        told = capsys.readouterr().out
        if words == ["--json"]:
            assert json.loads(told)["passed"] is not altered
        else:
            assert ("1处不一致" in told) is altered

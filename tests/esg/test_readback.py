import zipfile
from pathlib import Path

import pytest

from tonne.engine.errors import ReportError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.document import LANGUAGES
from tonne.esg.monitoring import monitoring_report
from tonne.esg.page import write_page
from tonne.esg.readback import read_back_page, read_back_word
from tonne.esg.word import write_word

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "offshore_wind"


@pytest.fixture(scope="module")
def result() -> Result:
    return run(EXAMPLE)


@pytest.fixture(scope="module")
def folder(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents")
    report = monitoring_report(result)
    for language in LANGUAGES:
        write_word(report, language, path / f"report.{language}.docx")
    write_page(report, path / "report.html")
    return path


def changed(source: Path, target: Path, old: str, new: str) -> Path:
    """Copies a document with the first occurrence of a text replaced, as an editor would leave it."""
    if source.suffix == ".html":
        text = source.read_text(encoding="utf-8")
        assert old in text
        target.write_text(text.replace(old, new, 1), encoding="utf-8")
        return target
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name).decode() if name == "word/document.xml" else archive.read(name)
            if isinstance(content, str):
                assert old in content
                content = content.replace(old, new, 1)
            copy.writestr(name, content)
    return target


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_figures_of_a_word_document_are_read(language: str, folder: Path, result: Result) -> None:
    found = read_back_word(folder / f"report.{language}.docx", result)
    assert len(found) == len(monitoring_report(result).figures)
    total = next(figure for figure in found if figure.tag == "reduction.rounded")
    assert total.text == "708,642"


def test_all_figures_of_both_languages_of_a_page_are_read(folder: Path, result: Result) -> None:
    assert len(read_back_page(folder / "report.html", result)) == 2 * len(monitoring_report(result).figures)


@pytest.mark.parametrize("name", ["report.zh.docx", "report.en.docx", "report.html"])
def test_changed_number_is_found_with_place_id_and_both_values(
    name: str, folder: Path, result: Result, tmp_path: Path
) -> None:
    copy = changed(folder / name, tmp_path / name, ">81,315.163<", ">81,315.164<")
    with pytest.raises(ReportError) as caught:
        (read_back_page if name.endswith("html") else read_back_word)(copy, result)
    (problem,) = caught.value.problems
    assert problem.what == "EG_export@2024-05 differs from the result"
    assert (problem.expected, problem.found) == ("81,315.163", "81,315.164")
    assert problem.place is not None
    assert problem.place.path == str(copy)
    assert str(problem.place.field).partition(" ")[2] in {"逐月监测值", "Monitored values by month"}


@pytest.mark.parametrize("found", ["81,315", "81,315.16", "八万", "", "8,1315.163", "81,315.163 MWh"])
def test_shortened_or_unreadable_number_is_found(found: str, folder: Path, result: Result, tmp_path: Path) -> None:
    name = "report.zh.docx"
    copy = changed(folder / name, tmp_path / name, ">81,315.163<", f">{found}<")
    with pytest.raises(ReportError, match=r"EG_export@2024-05 differs"):
        read_back_word(copy, result)


def test_number_moved_to_another_id_is_found(folder: Path, result: Result, tmp_path: Path) -> None:
    name = "report.zh.docx"
    copy = changed(folder / name, tmp_path / name, 'w:val="EG_export@2024-05"', 'w:val="EG_export@2024-06"')
    with pytest.raises(ReportError, match=r"EG_export@2024-06 differs from the result; expected 66,128.852"):
        read_back_word(copy, result)


@pytest.mark.parametrize(
    "tag", ["EG_export@2031-05", "EG_exports@2024-05", "option:nothing", "~", "reduction.rounded@1999"]
)
def test_id_that_the_result_does_not_have_is_found(tag: str, folder: Path, result: Result, tmp_path: Path) -> None:
    name = "report.zh.docx"
    copy = changed(folder / name, tmp_path / name, 'w:val="EG_export@2024-05"', f'w:val="{tag}"')
    with pytest.raises(ReportError, match="which the result does not have"):
        read_back_word(copy, result)


def test_missing_totals_are_found(folder: Path, result: Result, tmp_path: Path) -> None:
    source, copy = folder / "report.html", tmp_path / "report.html"
    copy.write_text(
        source.read_text(encoding="utf-8").replace("reduction.rounded@2024", "reduction.rounded@2023"),
        encoding="utf-8",
    )
    with pytest.raises(ReportError, match=r"a result is missing in the document; expected reduction.rounded@2024"):
        read_back_page(copy, result)


def test_document_of_another_result_is_found(every_node: Result, folder: Path) -> None:
    with pytest.raises(ReportError, match=r"differs|does not have"):
        read_back_word(folder / "report.zh.docx", every_node)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_what_is_not_a_word_document_is_refused(content: bytes, result: Result, tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(content)
    with pytest.raises(ReportError, match="not a Word document"):
        read_back_word(path, result)


def test_entities_of_a_document_are_not_resolved(folder: Path, result: Result, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("81,315.163", encoding="utf-8")
    name = "report.zh.docx"
    declared = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{secret}">]><w:document'
    once = changed(folder / name, tmp_path / "once.docx", "<w:document", declared)
    copy = changed(once, tmp_path / name, ">81,315.163<", ">&x;<")
    with pytest.raises(ReportError, match="EG_export@2024-05 differs"):
        read_back_word(copy, result)


def test_flags_and_every_kind_of_number_are_read(every_node: Result, tmp_path: Path) -> None:
    report = monitoring_report(every_node)
    for language in LANGUAGES:
        write_word(report, language, tmp_path / "report.docx")
        assert len(read_back_word(tmp_path / "report.docx", every_node)) == len(report.figures)
    write_page(report, tmp_path / "report.html")
    assert len(read_back_page(tmp_path / "report.html", every_node)) == 2 * len(report.figures)

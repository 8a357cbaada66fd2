"""A document that is not whole is kept back, and the place is named."""

import dataclasses
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.errors import ReportError
from tonne.engine.result.result import Result
from tonne.esg import release as releasing
from tonne.esg.completeness import empty_sections, report_differences, unfilled_places, unlike_languages
from tonne.esg.document import Content, Figure, Paragraph, Phrase, Report, Section, Table, same
from tonne.esg.monitoring import monitoring_report
from tonne.esg.page import write_page
from tonne.esg.produced import page_faults, word_faults
from tonne.esg.readback import FoundFigure, FoundSection, read_page, read_word
from tonne.esg.release import release
from tonne.esg.word import write_word

HERE = Path("report.docx")


@pytest.fixture(scope="module")
def report(every_node: Result) -> Report:
    return monitoring_report(every_node)


def with_sections(report: Report, change: Callable[[Section], Section]) -> Report:
    return dataclasses.replace(report, sections=tuple(map(change, report.sections)))


def emptied(section: Section) -> Section:
    return dataclasses.replace(section, blocks=()) if section.id == "findings" else section


def unfilled(section: Section) -> Section:
    blocks = (Paragraph((Phrase("共{count}项", "{count} items"),)), *section.blocks)
    return dataclasses.replace(section, blocks=blocks) if section.id == "findings" else section


def test_documents_of_a_whole_report_have_nothing_to_tell(report: Report, every_node: Result, tmp_path: Path) -> None:
    write_word(report, "en", tmp_path / "report.en.docx")
    write_page(report, tmp_path / "report.html")
    word, page = read_word(tmp_path / "report.en.docx"), read_page(tmp_path / "report.html")
    assert word_faults(HERE, word, every_node, report) == []
    assert page_faults(HERE, page, every_node, report) == []
    assert report_differences(HERE, report) == []
    headings = [section.heading for section in word.sections]
    assert headings == [section.title_in("en") for section in report.sections]
    listed = [section.heading for section in page["en"].sections]
    assert [heading for heading in headings if heading not in listed] == []


@pytest.mark.parametrize(
    ("change", "what", "named"),
    [(emptied, "a section is empty", r"Findings|发现项"), (unfilled, "a place was not filled", "{count}")],
)
def test_release_keeps_back_what_is_not_whole(
    every_node: Result,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Section], Section],
    what: str,
    named: str,
) -> None:
    def changed(*given: Any) -> Report:
        return with_sections(monitoring_report(*given), change)

    monkeypatch.setattr(releasing, "monitoring_report", changed)
    with pytest.raises(ReportError) as refused:
        release(every_node, tmp_path / "out")
    told = [str(problem) for problem in refused.value.problems]
    assert all(what in text for text in told)
    assert any(re.search(named, text) for text in told)
    assert {suffix for suffix in (".docx", ".html") for text in told if suffix in text} == {".docx", ".html"}
    assert list(tmp_path.iterdir()) == []


def test_number_left_out_of_a_document_is_missed(report: Report, every_node: Result, tmp_path: Path) -> None:
    path = tmp_path / "report.zh.docx"
    write_word(report, "zh", path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["word/document.xml"].decode()
    (tag, *_) = re.findall(r'<w:tag w:val="(stock@[^"]+|BE@[^"]+)"/>', text)
    parts["word/document.xml"] = re.sub(
        rf'<w:sdt><w:sdtPr><w:tag w:val="{tag}"/>.*?</w:sdt>', "", text, count=1
    ).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert [(item.code, item.subject) for item in word_faults(path, read_word(path), every_node, report)] == [
        ("document.result_missing", tag)
    ]


@pytest.mark.parametrize(
    ("rows", "total", "differs"),
    [
        (("1", "2"), ("3", "3"), False),
        (("1", "2"), ("4", "4"), True),
        (("1.4", "1.4"), ("2.8", "2.8"), False),  # shown 1, 1 and 3
        (("1", "2"), ("3.6", "3.6"), True),
    ],
)
def test_total_must_be_the_sum_of_the_rows_shown(report: Report, rows: Any, total: Any, differs: bool) -> None:
    def figure(exact: str, id_: str = "x") -> Figure:
        shown = str(round(float(exact)))
        return Figure(id_, same(shown), exact, same("t"))

    cells: tuple[tuple[Content, ...], ...] = tuple(((same("row"),), (figure(exact),)) for exact in rows)
    table = Table((), (*cells, ((same("total"),), (figure(total[0], "total"),))), totals=1)
    changed = with_sections(report, lambda section: dataclasses.replace(section, blocks=(table,)))
    found = report_differences(HERE, changed)
    assert bool(found) is differs
    assert {item.code for item in found} <= {"document.sum_differs"}


def test_text_in_one_language_only_is_found(report: Report) -> None:
    def change(section: Section) -> Section:
        return dataclasses.replace(section, blocks=(Paragraph((Phrase("只有中文", ""),)),))

    assert {item.code for item in report_differences(HERE, with_sections(report, change))} == {
        "document.languages_differ"
    }


def test_languages_must_show_the_same_numbers_in_the_same_order() -> None:
    figures = [FoundFigure(tag, "1", "") for tag in ("a", "b", "c")]
    assert unlike_languages(HERE, figures, list(figures)) == []
    (difference,) = unlike_languages(HERE, figures, [figures[0], figures[2], figures[1]])
    assert (difference.problem.expected, difference.problem.found) == ("b", "c")
    (shorter,) = unlike_languages(HERE, figures, figures[:2])
    assert (shorter.problem.expected, shorter.problem.found) == ("c", "the end")


def test_heading_with_parts_below_it_is_not_empty() -> None:
    sections = [FoundSection("1", 1, False), FoundSection("1.1", 2, True), FoundSection("2", 1, False)]
    assert [item.subject for item in empty_sections(HERE, sections)] == ["2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("total {{ total }}", ["{{ total }}"]),
        ("{% if x %}", ["{% if x %}"]),
        ("共{count}项", ["{count}"]),
        ("value None", ["None"]),
        ("f = {a, if b; 0, otherwise}; None-the-less", ["None"]),
        ("Nonesuch nanometre undefinedness", []),
    ],
)
def test_places_that_were_not_filled_are_told_apart_from_words(every_node: Result, text: str, found: list[str]) -> None:
    assert [item.subject for item in unfilled_places(HERE, text, every_node)] == found

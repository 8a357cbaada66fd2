import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tonne.engine.errors import ReportError
from tonne.engine.result.result import Result
from tonne.esg import pdf
from tonne.esg.document import LANGUAGES, KeyValues, Paragraph, Phrase, Report, Section, same
from tonne.esg.monitoring import monitoring_report
from tonne.esg.numbers import Language
from tonne.esg.pdf import report_data, write_pdf
from tonne.esg.render import TEMPLATES

typst = pytest.importorskip("typst")
pdf_check = pytest.importorskip("tonne.esg.pdf_check")
if not set(pdf.SERIF) & set(typst.Fonts().families()):
    pytest.skip("no font with Chinese letters", allow_module_level=True)

Written = dict[Language, Path]
HOSTILE = '#panic("no") {{ 7*7 }} $x$ \\u{41} <script> =cmd|x [link] *bold* "quoted" // \u202e https://example.org @a'


@pytest.fixture(scope="module")
def report(every_node: Result) -> Report:
    return monitoring_report(every_node)


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("pdf")
    paths: Written = {language: folder / f"report.{language}.pdf" for language in LANGUAGES}
    for language, path in paths.items():
        write_pdf(report, language, path)
    return paths


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_the_report_is_read_back_in_order(report: Report, written: Written, language: Language) -> None:
    assert pdf_check.read_back_pdf(written[language], report, language) == len(report.figures) > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_is_the_same_each_time_and_says_that_it_is_pdf_a(
    report: Report, written: Written, language: Language, tmp_path: Path
) -> None:
    pdf._compiler.cache_clear()
    write_pdf(report, language, tmp_path / "again.pdf")
    content = (tmp_path / "again.pdf").read_bytes()
    assert content == written[language].read_bytes()
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in content


def test_another_number_is_found_and_its_heading_named(every_node: Result, report: Report, written: Written) -> None:
    place, figure = next(
        (section, figure)
        for section in report.sections
        for figure in replace(report, cover=KeyValues(()), sections=(section,)).figures
        if len(figure.text.en) > 6
    )
    digit = "1" if figure.text.en[-1] != "1" else "2"
    other = replace(figure, text=same(figure.text.en[:-1] + digit))
    changed = replace(report, sections=(*report.sections, replace(place, blocks=(Paragraph((other,)),))))
    (difference,) = pdf_check.pdf_differences(written["en"], changed, "en")
    assert difference.subject == figure.id
    assert place.heading.en in str(difference.problem)
    with pytest.raises(ReportError, match="differs from the result, or is missing"):
        pdf_check.read_back_pdf(written["en"], changed, "en")


def test_hostile_words_are_printed_and_never_run(report: Report, tmp_path: Path) -> None:
    words = Phrase(HOSTILE, HOSTILE)
    section = Section("hostile", "1", words, 1, (Paragraph((words,)), KeyValues(((words, (words,)),))))
    write_pdf(replace(report, subject=words, sections=(section,)), "en", tmp_path / "report.pdf")
    text = " ".join(pdf_check.pdf_text(tmp_path / "report.pdf").split())
    assert text.count('#panic("no") {{ 7*7 }} $x$ \\u{41} <script> =cmd|x [link] *bold*') >= 3
    assert "\u202e" not in text


def test_template_takes_the_report_as_data_only(report: Report) -> None:
    data = report_data(report, "zh", "Noto Serif CJK SC")
    assert json.loads(json.dumps(data)) == data
    template = (TEMPLATES / "report.typ").read_text(encoding="utf-8")
    assert "sys.inputs.data" in template
    assert not {"#import", "#include", "eval(", "read(", "@preview"} & set(template.split())
    assert "eval(" not in template


def test_a_missing_library_and_a_missing_font_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf._serif.cache_clear()
    monkeypatch.setattr(pdf, "SERIF", ("No Such Font",))
    with pytest.raises(ReportError, match="no font with Chinese letters") as caught:
        pdf.require_pdf()
    assert "fonts-noto-cjk" in str(caught.value)
    pdf._serif.cache_clear()
    pdf._fonts.cache_clear()
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ReportError, match="PDF needs typst") as caught:
        pdf.require_pdf()
    assert "tonne[pdf]" in str(caught.value)


def test_what_is_no_pdf_is_refused(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_text("no PDF", encoding="utf-8")
    with pytest.raises(ReportError, match="not a PDF"):
        pdf_check.read_back_pdf(tmp_path / "report.pdf", report, "en")

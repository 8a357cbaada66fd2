import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from docx import Document
from docxtpl import DocxTemplate
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from lxml import etree

from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.breaking import lines_of, width
from tonne.esg.document import Equation, Figure, Formula, Report, Table, tag_of
from tonne.esg.linear import plain
from tonne.esg.markup import OMML, WORDML
from tonne.esg.monitoring import monitoring_report
from tonne.esg.render import environment
from tonne.esg.symbols import symbol
from tonne.esg.word import SKELETON, write_word

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "offshore_wind"
W, M = f"{{{WORDML}}}", f"{{{OMML}}}"

Changed = Callable[[Mapping[str, str]], Result]


@pytest.fixture(scope="module")
def report() -> Report:
    return monitoring_report(run(EXAMPLE))


@pytest.fixture(scope="module", params=["zh", "en"])
def written(request: pytest.FixtureRequest, report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    language = request.param
    path = tmp_path_factory.mktemp("word") / f"report.{language}.docx"
    write_word(report, language, path)
    return path


def part(path: Path, name: str = "word/document.xml") -> Any:
    with zipfile.ZipFile(path) as archive:
        return etree.fromstring(archive.read(name))


def language_of(path: Path) -> Literal["zh", "en"]:
    return "zh" if ".zh." in path.name else "en"


def text(node: Any) -> str:
    return "".join(piece.text or "" for piece in node.iter(f"{W}t"))


def inside(item: Any, kind: type) -> list[Any]:
    if isinstance(item, kind):
        return [item]
    if isinstance(item, tuple):
        return [found for child in item for found in inside(child, kind)]
    if hasattr(item, "__dataclass_fields__"):
        return [found for name in item.__dataclass_fields__ for found in inside(getattr(item, name), kind)]
    return []


def test_every_number_stands_in_a_control_with_its_id(report: Report, written: Path) -> None:
    controls = [(sdt.find(f"{W}sdtPr/{W}tag").get(f"{W}val"), text(sdt)) for sdt in part(written).iter(f"{W}sdt")]
    language = language_of(written)
    assert controls == [(tag_of(figure.id), figure.text.said(language)) for figure in report.figures]
    assert len(controls) > 100


def test_every_formula_is_a_native_equation(report: Report, written: Path) -> None:
    shown = (report.cover, report.sections)
    assert sum(1 for _ in part(written).iter(f"{M}oMath")) == len(inside(shown, Formula))
    equations = [
        table
        for table in part(written).iter(f"{W}tbl")
        if not table.findall(f"{W}tblPr/{W}tblStyle[@{W}val='ReportTable']")
    ]
    assert len(equations) == len(inside(shown, Equation))


def test_head_of_every_table_repeats(report: Report, written: Path) -> None:
    heads = list(part(written).iter(f"{W}tblHeader"))
    assert len(heads) == len(inside((report.cover, report.sections), Table))


def test_headings_have_heading_styles_and_the_contents_link_to_them(report: Report, written: Path) -> None:
    language = language_of(written)
    expected = [(f"Heading {item.level}", f"{item.number} {item.heading.said(language)}") for item in report.sections]
    paragraphs = Document(str(written)).paragraphs
    assert [(item.style.name, item.text) for item in paragraphs if item.style.name.startswith("Heading")] == expected
    root = part(written)
    bookmarks = {mark.get(f"{W}name") for mark in root.iter(f"{W}bookmarkStart")}
    anchors = [link.get(f"{W}anchor") for link in root.iter(f"{W}hyperlink")]
    assert len(anchors) == len(report.sections)
    assert set(anchors) <= bookmarks
    assert "TOC" in "".join(code.text for code in root.iter(f"{W}instrText"))


def test_page_is_a4_and_the_statement_stands_in_front_and_in_the_header(report: Report, written: Path) -> None:
    language = language_of(written)
    document = Document(str(written))
    (page,) = document.sections
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    assert report.statement is not None
    assert report.statement.said(language) in page.header._element.xpath("string(.)")
    assert report.statement.said(language) in "".join(item.text for item in document.paragraphs[:4])


def test_nothing_is_left_of_the_template(written: Path) -> None:
    with zipfile.ZipFile(written) as archive:
        content = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
    for rest in ("{{", "{%", "}}", ">None<", ">nan<", "<w:t></w:t>"):
        assert rest not in content


def test_chinese_fonts_are_named_with_what_may_stand_in(written: Path) -> None:
    styles = part(written, "word/styles.xml")
    fonts = {
        style.get(f"{W}styleId"): style.find(f"{W}rPr/{W}rFonts").attrib
        for style in styles.iter(f"{W}style")
        if style.find(f"{W}rPr/{W}rFonts") is not None
    }
    assert fonts["Normal"][f"{W}eastAsia"] == "仿宋"
    assert fonts["Heading1"][f"{W}eastAsia"] == "宋体"
    assert not [name for attributes in fonts.values() for name in attributes if "Theme" in name]
    alternatives = {
        font.get(f"{W}name"): font.find(f"{W}altName").get(f"{W}val") for font in part(written, "word/fontTable.xml")
    }
    assert alternatives["仿宋"].endswith("Noto Serif CJK SC")


def test_same_report_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    first, second = tmp_path / "first.docx", tmp_path / "second.docx"
    write_word(report, "zh", first)
    write_word(report, "zh", second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


HOSTILE = "</w:t> & <b>粗</b> ]]> {{ 7 * 7 }} {% raise %} \\u202egnp.exe"


def test_text_of_strangers_stays_text(every_node_with: Changed, tmp_path: Path) -> None:
    result = every_node_with({"'=1+1&全部节点'": f'"{HOSTILE}"'})
    path = tmp_path / "report.docx"
    write_word(monitoring_report(result), "zh", path)
    shown = text(part(path))
    assert "</w:t> & <b>粗</b> ]]> {{ 7 * 7 }} {% raise %} gnp.exe" in shown
    assert "\u202e" not in shown
    assert "gnp.exe" in text(part(path, "word/header1.xml"))


def test_tags_are_no_longer_than_word_allows() -> None:
    ids = [f"module.with_a_long_name.{'quantity' * 6}@member_{number},2024-01" for number in range(50)]
    tags = {tag_of(id_) for id_ in ids}
    assert len(tags) == 50
    assert max(map(len, tags)) == 64
    assert tag_of("BE@2024") == "BE@2024"


def test_skeleton_has_the_placeholders_that_are_filled() -> None:
    template = DocxTemplate(SKELETON)
    assert template.get_undeclared_template_variables(environment()) == {
        "title", "subject", "statement", "warning", "header", "page_before", "page_between", "page_after",
        "contents_heading", "cover", "contents", "body",
    }  # fmt: skip


def test_templates_cannot_reach_the_program() -> None:
    with pytest.raises(SecurityError):
        environment().from_string("{{ ''.__class__.__mro__ }}").render()
    with pytest.raises(UndefinedError):
        environment().from_string("{{ missing }}").render()
    assert environment().from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"


def test_long_formulas_break_before_operators_and_lose_nothing() -> None:
    layout = symbol("a+b+c+d+e+f+g+h")
    lines = lines_of(layout, 10)
    assert "".join(plain(line).replace(" ", "") for line in lines) == plain(layout).replace(" ", "")


def test_formula_of_every_kind_fits_its_cell(every_node: Result) -> None:
    shown = monitoring_report(every_node)
    for table in inside(shown.sections, Table):
        for formula in inside(table.rows, Formula):
            for line in lines_of(formula.zh, 46):
                assert width(line) <= 60


def test_figures_of_flags_are_words(every_node: Result, tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    shown = monitoring_report(every_node)
    write_word(shown, "zh", path)
    flags: list[Figure] = [figure for figure in shown.figures if figure.id.startswith("runs@")]
    assert {figure.text.zh for figure in flags} == {"是", "否"}

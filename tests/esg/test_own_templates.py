"""A user's folder of outlines and styles is data: what is more than that is refused, and nothing of it runs."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError

from tonne.engine.errors import ReportError, UnknownNameError
from tonne.engine.result.result import Result
from tonne.esg.own_templates import check_skeleton, read_templates
from tonne.esg.release import release
from tonne.esg.render import TEMPLATES, environment
from tonne.esg.word import SKELETON

OUTLINE = """\
format: 1
id: house_report
version: 4
title: {zh: 公司报告, en: House report}
evidence: composed
numbering: letters
cover: [{row: name, zh: 工程, en: Works}, {row: reduction}, {row: outline}]
sections:
  - {id: words, zh: 说明, en: Words, says: {zh: 本公司的固定说明。, en: What the house always says.}}
  - {id: years, zh: 结果, en: Results, block: years, absent: {zh: 无, en: none}}
"""
Changed = Callable[..., Path]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Copies the skeleton with parts replaced, or added."""

    def make(replaced: dict[str, tuple[str, str]] | None = None, added: dict[str, bytes] | None = None) -> Path:
        target = tmp_path / "report.docx"
        with zipfile.ZipFile(SKELETON) as source, zipfile.ZipFile(target, "w") as archive:
            for name in source.namelist():
                content = source.read(name)
                if replaced and name in replaced:
                    old, new = replaced[name]
                    text, count = re.subn(old, new.replace("\\", r"\\"), content.decode(), count=1)
                    assert count
                    content = text.encode()
                archive.writestr(name, content)
            for name, content in (added or {}).items():
                archive.writestr(name, content)
        return target

    return make


def test_skeleton_of_the_package_is_accepted() -> None:
    check_skeleton(SKELETON)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("{{ ''.__class__.__mro__ }}", "fields and conditions"),
        ("{{ title.__class__ }}", "code: Getattr"),
        ("{{ title | upper }}", "code: Filter"),
        ("{% for i in range(100000) %}{% endfor %}", "code: For"),
        ("{{ lipsum() }}", "unknown field lipsum"),
        ("{% set x = 1 %}", "code: Assign"),
    ],
)
@pytest.mark.parametrize("part", ["word/document.xml", "word/header1.xml"])
def test_skeleton_with_code_is_refused(code: str, message: str, part: str, changed: Changed) -> None:
    where = r"\{\{ title \}\}" if part == "word/document.xml" else r"\{\{ statement \}\}"
    with pytest.raises(ReportError, match=message) as refused:
        check_skeleton(changed({part: (where, code)}))
    assert part in str(refused.value)


def test_unfinished_field_is_refused(changed: Changed) -> None:
    for part, where in (("word/document.xml", r"\{\{ title \}\}"), ("word/header1.xml", r"\{\{ header \}\}")):
        with pytest.raises(ReportError, match=r"fields and conditions|cannot be filled"):
            check_skeleton(changed({part: (where, "{{ title")}))


def test_code_split_over_runs_is_found_as_well(changed: Changed) -> None:
    split = "{</w:t></w:r><w:r><w:t>{ ''.__class__.__mro__ }}"
    with pytest.raises(ReportError, match="fields and conditions"):
        check_skeleton(changed({"word/document.xml": (r"\{\{ title \}\}", split)}))


def test_sandbox_refuses_what_would_get_that_far() -> None:
    with pytest.raises(SecurityError):
        environment().from_string("{{ ''.__class__.__mro__ }}").render()


def test_skeleton_with_macros_or_remote_parts_is_refused(changed: Changed) -> None:
    with pytest.raises(ReportError, match="macros"):
        check_skeleton(changed(added={"word/vbaProject.bin": b"x"}))
    remote = (
        '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        'Target="http://example.org/t.dotm" TargetMode="External"/></Relationships>'
    )
    with pytest.raises(ReportError, match="fetches something"):
        check_skeleton(changed({"word/_rels/document.xml.rels": ("</Relationships>", remote)}))


def test_skeleton_without_place_or_style_is_refused(changed: Changed) -> None:
    with pytest.raises(ReportError, match="no place for `body`"):
        check_skeleton(changed({"word/document.xml": (r"\{\{p body \}\}", "")}))
    with pytest.raises(ReportError, match="lacks the styles TableText"):
        check_skeleton(changed({"word/styles.xml": ('w:styleId="TableText"', 'w:styleId="Other"')}))


def test_file_that_is_no_word_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.docx").write_bytes(b"nothing")
    with pytest.raises(ReportError, match="not a Word document"):
        read_templates(tmp_path)


def test_folder_is_used_for_outline_skeleton_and_style(every_node: Result, tmp_path: Path, changed: Changed) -> None:
    folder = tmp_path / "house"
    (folder / "outlines").mkdir(parents=True)
    (folder / "outlines" / "house_report.yaml").write_text(OUTLINE, encoding="utf-8")
    (folder / "report.css").write_text(".subject { color: rgb(1, 2, 3); }", encoding="utf-8")
    changed({"word/header1.xml": (r"\{\{ header \}\}", "{{ header }} HOUSE")}).rename(folder / "report.docx")
    own = read_templates(folder)
    assert own.outline_ids == ["house_report"]
    out = release(every_node, tmp_path / "out", outlines=["house_report"], templates=own)
    page = (out / "house_report.html").read_text(encoding="utf-8")
    assert "本公司的固定说明。" in page
    assert "rgb(1, 2, 3)" in page
    with zipfile.ZipFile(io.BytesIO((out / "house_report.zh.docx").read_bytes())) as archive:
        assert "HOUSE" in archive.read("word/header1.xml").decode()
        assert "house_report第4版" in archive.read("word/document.xml").decode()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("report.css", "</style><script>alert(1)</script>", "rules of CSS alone"),
        ("report.css", "@IMPORT url(http://example.org/x.css);", "rules of CSS alone"),
        ("reprot.css", "", "did you mean report.css"),
        ("outlines/cdm_mr.yaml", OUTLINE, "name of its own"),
        ("outlines/other.yaml", OUTLINE, "named differently inside"),
        ("outlines/house_report.yaml", OUTLINE.replace("id: words", "id: years"), "years occurs twice"),
        ("outlines/house_report.yaml", OUTLINE.replace("says:", "text:"), "expected text"),
        ("outlines/house_report.yaml", OUTLINE + "  - !!python/object:os.system {}\n", "tag"),
    ],
)
def test_what_is_no_data_is_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "outlines").mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=message):
        read_templates(tmp_path)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no folder"):
        read_templates(tmp_path / "nowhere")


def test_templates_of_the_package_need_nothing_but_fields() -> None:
    assert {path.name for path in TEMPLATES.glob("*.docx")} == {"report.docx"}

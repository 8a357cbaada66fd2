"""Texts of strangers stay texts in every format: nothing is run, computed, fetched or turned around."""

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from lxml import etree, html

from tests.esg.conftest import EVERY_NODE
from tonne.engine.errors import ProjectError
from tonne.engine.run import run
from tonne.esg.monitoring import monitoring_report
from tonne.esg.pdf import report_data
from tonne.esg.readback import page_text, word_text
from tonne.esg.release import release

HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in ().__class__.__mro__ %}x{% endfor %}",
    "{# gone #}",
    "{count}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    '=HYPERLINK("http://example.org","x")',
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "]]> & <w:t> &amp; &#65;",
    '#import "/etc/passwd"; #eval("1+1") $x^2$ <label> @reference \\u{41}',
    "${jndi:ldap://example.org} $(id) `id` %s %n",
    "../../etc/passwd",
    "None undefined NaN",
]
TURNED = "left\u202etfel\u2066\u200f\ufeff"
CONTROLS = "bell\a escape\x1b[31m vertical\v null-like\x01"
FORBIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
LONG = "长" * 5_000 + "x" * 5_000


def hostile_project(folder: Path) -> Path:
    """The project of all nodes with hostile texts wherever a text may stand."""
    shutil.copytree(EVERY_NODE, folder)
    path = folder / "project.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    every = "\n".join([*HOSTILE, TURNED, CONTROLS])
    data["name"] = {"zh": f"{HOSTILE[0]} {HOSTILE[9]} {TURNED}", "en": f"{HOSTILE[4]} {HOSTILE[1]}"}
    for field in ("statement", "description", "owner", "host", "sector"):
        data[field] = {"zh": every, "en": every}
    data["participants"] = [{"zh": text, "en": text} for text in HOSTILE]
    data["location"] = {"text": {"zh": every, "en": every}}
    data["registration"] = LONG
    values = [value for value in data["values"].values() if "source" in value or "value" in value]
    for value, text in zip(values, HOSTILE * 3, strict=False):
        value["source"] = text
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    result = run(hostile_project(folder / "project"))
    return result, release(result, folder / "out")


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_word_documents_show_every_text_as_it_is(released: tuple[Any, Path]) -> None:
    _, out = released
    for path in out.glob("*.docx"):
        text = word_text(path)
        assert [part for part in HOSTILE if squeezed(part) not in squeezed(text)] == []
        assert not FORBIDDEN.search(text)
        assert LONG in text
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith((".xml", ".rels")):
                    content = archive.read(name)
                    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
                    assert not FORBIDDEN.search(content.decode())
                    assert b"example.org" not in content or name.startswith("word/")
                    assert not root.xpath("//*[local-name()='instrText' and contains(., 'example.org')]")
            relations = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels")]
        assert not [text for text in relations if "External" in text]


def test_pages_run_nothing_but_their_own_script(released: tuple[Any, Path]) -> None:
    _, out = released
    for path in out.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        document = html.parse(str(path), parser=html.HTMLParser(encoding="utf-8", huge_tree=True)).getroot()
        kinds = [script.get("type") for script in document.iter("script")]
        assert kinds == ["application/json", None]
        assert not [name for node in document.iter(etree.Element) for name in node.attrib if name.startswith("on")]
        assert not list(document.iter("img", "iframe", "object", "link", "base", "form"))
        shown = squeezed(page_text(path))
        assert [part for part in HOSTILE if squeezed(part) not in shown] == []
        assert not FORBIDDEN.search(text)
        (data,) = [script.text for script in document.iter("script") if script.get("type")]
        assert json.loads(data)


def test_cells_of_the_workbook_are_texts_and_formulas_are_the_engines_own(released: tuple[Any, Path]) -> None:
    _, out = released
    workbook: Any = openpyxl.load_workbook(out / "workbook.xlsx")
    cells = [cell for sheet in workbook.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert any(text.startswith("=cmd") for text in texts)
    assert any("<script>" in text for text in texts)
    assert not [text for text in texts if FORBIDDEN.search(text)]
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    assert len(formulas) > 100
    assert not [text for text in formulas if re.search(r"cmd|HYPERLINK|\[|\||WEBSERVICE|http", text)]
    assert not [cell for cell in cells if cell.hyperlink]


def test_result_holds_the_texts_and_nothing_else_of_them(released: tuple[Any, Path]) -> None:
    result, out = released
    data = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert data["project"]["name"] == result.project.spec.name.model_dump()
    assert data["project"]["registration"] == LONG


def test_data_for_typst_are_plain_strings(released: tuple[Any, Path]) -> None:
    result, _ = released
    for language in ("zh", "en"):
        data = report_data(monitoring_report(result), language, "Serif")
        text = json.dumps(data, ensure_ascii=False)
        assert not FORBIDDEN.search(text)
        strings: list[str] = []

        def collect(part: Any, strings: list[str] = strings) -> None:
            if isinstance(part, str):
                strings.append(part)
            elif isinstance(part, dict | list | tuple):
                for item in part.values() if isinstance(part, dict) else part:
                    collect(item)

        collect(data)
        shown = squeezed(" ".join(strings))
        assert [part for part in HOSTILE if squeezed(part) not in shown] == []


def test_pdf_shows_them_as_they_are(released: tuple[Any, Path], tmp_path: Path) -> None:
    pytest.importorskip("typst")
    from tonne.esg.pdf import write_pdf
    from tonne.esg.pdf_check import pdf_text

    result, _ = released
    write_pdf(monitoring_report(result), "en", tmp_path / "report.pdf")
    text = re.sub(r"\s", "", pdf_text(tmp_path / "report.pdf"))
    for part in ("{{7*7}}", "<script>alert(1)</script>", '#import"/etc/passwd"', "@SUM(1,1)"):
        assert part in text


def test_texts_beyond_the_limit_are_refused_with_their_place(tmp_path: Path) -> None:
    shutil.copytree(EVERY_NODE, tmp_path / "project")
    path = tmp_path / "project" / "project.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["owner"] = {"zh": LONG, "en": LONG}
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ProjectError, match="owner"):
        run(path)

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.document import Report
from tonne.esg.monitoring import monitoring_report
from tonne.esg.page import write_page

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "offshore_wind"

Changed = Callable[[Mapping[str, str]], Result]


@pytest.fixture(scope="module")
def result() -> Result:
    return run(EXAMPLE)


@pytest.fixture(scope="module")
def report(result: Result) -> Report:
    return monitoring_report(result)


@pytest.fixture(scope="module")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(report, path)
    return parsed(path)


def parsed(path: Path) -> Any:
    return html.document_fromstring(path.read_text(encoding="utf-8"))


def traces(page: Any) -> dict[str, Any]:
    (data,) = page.xpath("//script[@type='application/json']")
    found: dict[str, Any] = json.loads(data.text)["traces"]
    return found


def main(page: Any, language: str) -> Any:
    (part,) = page.xpath(f"//main[@data-language='{language}']")
    return part


def test_both_languages_show_every_figure(report: Report, page: Any) -> None:
    for language in ("zh", "en"):
        shown = [(node.get("data-figure"), node.text) for node in main(page, language).iter("button")]
        assert shown == [(figure.id, figure.text.said(language)) for figure in report.figures]


def test_every_figure_has_a_trace_with_its_exact_value(result: Result, page: Any) -> None:
    known = traces(page)
    assert {node.get("data-figure") for node in page.iter("button")} <= known.keys()
    exact = result.values["BE"][(2024,)]
    assert abs(Decimal(known["BE@2024"]["exact"]) - exact) < Decimal("1e-25")
    assert [entry[0] for entry in known["BE@2024"]["inputs"]][:2] == ["EG_PJ@2024-01", "EG_PJ@2024-02"]
    assert known["EG_export@2024-01"]["inputs"] == []
    assert ["数据文件", "Data file"] in [row[0] for row in known["EG_export@2024-01"]["origin"]]


def test_inputs_are_linked_onward(page: Any) -> None:
    known = traces(page)
    assert {entry[0] for trace in known.values() for entry in trace["inputs"]} <= known.keys()


def test_headings_are_the_same_in_both_languages(page: Any) -> None:
    ids = {
        language: [node.get("id").removesuffix(f"-{language}") for node in main(page, language).xpath(".//*[@id]")]
        for language in ("zh", "en")
    }
    assert ids["zh"] == ids["en"]
    links = [link.get("href").removeprefix("#") for link in main(page, "en").iter("a")]
    assert links == [node.get("id") for node in main(page, "en").xpath(".//*[@id]")]


def test_page_needs_nothing_from_elsewhere(page: Any) -> None:
    assert not page.xpath("//link | //img | //iframe | //object | //embed | //script[@src]")
    assert all(link.get("href").startswith("#") for link in page.iter("a"))
    (style,) = page.iter("style")
    assert not re.search(r"url\(|@import", style.text)


def test_only_its_own_script_may_run(page: Any) -> None:
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    (script,) = page.xpath("//script[not(@type)]")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'")


def test_languages_switch_without_the_script(page: Any) -> None:
    body = page.find("body")
    kinds = [(node.tag, node.get("id") or node.get("data-language")) for node in body if node.tag in {"input", "main"}]
    assert kinds == [("input", "language-zh"), ("input", "language-en"), ("main", "zh"), ("main", "en")]
    (style,) = page.iter("style")
    assert '#language-zh:checked ~ main[data-language="en"]' in style.text


def test_text_of_strangers_stays_text(every_node_with: Changed, tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \\u202e"
    replaced = {"'=1+1&全部节点'": f'"{hostile}"', "'@SUM(A1)'": '"</script><script>alert(3)</script>"'}
    path = tmp_path / "report.html"
    write_page(monitoring_report(every_node_with(replaced)), path)
    page = parsed(path)
    assert len(page.xpath("//script")) == 2
    assert not page.xpath("//img")
    assert "{{ 7 * 7 }}" in page.findtext("head/title")
    assert "\u202e" not in path.read_text(encoding="utf-8")
    assert "</script><script>alert(3)" in json.dumps(traces(page))


def test_same_report_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    write_page(report, first)
    write_page(report, second)
    assert first.read_bytes() == second.read_bytes()


def test_statement_stands_in_front(report: Report, page: Any) -> None:
    assert report.statement is not None
    assert main(page, "zh").xpath("string(.//p[@class='statement'])") == report.statement.zh


def test_formulas_of_the_traces_are_at_hand(result: Result, page: Any) -> None:
    for language in ("zh", "en"):
        named = set(page.xpath(f"//template[@data-language='{language}']/@data-formula"))
        assert named == set(result.plan.steps)

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import html

from tonne.cli import main
from tonne.engine.check.infer import infer
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain
from tonne.engine.errors import ReportError, RunError
from tonne.engine.plan import make_plan
from tonne.engine.prove.directions import conservative_sides, directions
from tonne.engine.prove.prove import check_and_prove, statements
from tonne.engine.prove.report import ProofReport, parts, proof_report, standing
from tonne.engine.prove.schema import check_schema
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.esg.check_folder import write_check_reports
from tonne.esg.check_page import page_text
from tonne.esg.document import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
GOOD = "ccer_01_001_v01"
HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} &lt;"
FAULTY = f"""\
format: 1
id: faulty
kind: methodology
title: {{zh: '错误示例 {HOSTILE}', en: 'Faulty {HOSTILE}'}}
category: renewables
source: {{publisher: {{zh: 示例机构, en: Example body}}, document: EX-01, evidence: composed}}
dimensions: {{month: {{time: month}}, year: {{time: year}}}}
parameters:
  EG: {{symbol: 'EG_{{PJ,m}}', unit: MWh, over: [month], from: monitored, bounds: {{min: 0}}, conservative: high}}
  EF: {{unit: tCO2/MWh, from: fixed, bounds: {{min: 0}}}}
  size: {{unit: '1', from: fixed, bounds: {{min: 1, max: 9}}}}
  COD_in: {{unit: kg/m3, from: fixed, bounds: {{min: 1, max: 2}}}}
  COD_out: {{unit: kg/m3, from: fixed, bounds: {{min: 0, max: 3}}}}
equations:
  class_factor: {{unit: '1', cases: [{{when: size < 5, expr: '1'}}, {{when: size > 5, expr: '2'}}], cite: {{number: 1}}}}
  removal: {{unit: '1', expr: COD_in / (COD_in - COD_out), cite: {{number: 2}}}}
  BE: {{over: [year], unit: tCO2e, expr: 'sum(EG, over=month) * EF', cite: {{number: 3}}}}
  ER: {{over: [year], unit: tCO2e, expr: BE, cite: {{number: 4}}}}
outputs: {{baseline: BE, reduction: ER, reported: [class_factor, removal], rounding: {{mode: floor}}}}
claims: {{activity: [EG], within_baseline: true}}
not_covered: [{{text: {{zh: 额外性。, en: Additionality.}}, cite: {{section: '6.2'}}}}]
"""

UNCLEAR = """\
format: 1
id: unclear
kind: methodology
title: {zh: 示例, en: Example}
category: renewables
source: {publisher: {zh: 示例机构, en: Example body}, document: EX-02, evidence: composed}
dimensions: {month: {time: month}, year: {time: year}}
parameters:
  x: {unit: tCO2e, over: [month], from: monitored}
equations:
  m: {over: [year], unit: tCO2e, expr: 'mean(x, over=month)'}
  ER: {over: [year], unit: tCO2e, expr: 'sum(x - m, over=month)'}
outputs: {baseline: ER, reduction: ER, rounding: {mode: floor}}
"""


@pytest.fixture(scope="module")
def good() -> ProofReport:
    return proof_report(load_methodology(GOOD))


@pytest.fixture(scope="module")
def faulty_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faulty") / "spec.yaml"
    path.write_text(FAULTY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def faulty(faulty_path: Path) -> ProofReport:
    return proof_report(load_methodology(faulty_path))


def page_of(report: ProofReport) -> Any:
    return html.document_fromstring(page_text(report))


def part_in(page: Any, language: str) -> Any:
    (part,) = page.xpath(f"//main[@data-language='{language}']")
    return part


def shown(page: Any, language: str) -> list[Any]:
    return list(part_in(page, language).xpath(".//*[@data-code]"))


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr("sys.argv", ["tonne", "check", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize("name", ["good", "faulty"])
def test_every_statement_stands_once_in_each_language(name: str, request: pytest.FixtureRequest) -> None:
    report: ProofReport = request.getfixturevalue(name)
    page = page_of(report)
    expected = [(item.code, item.subject, standing(item)) for item in report.statements]
    assert expected
    for language in LANGUAGES:
        found = shown(page, language)
        said = [
            (item.get("data-code"), item.get("data-subject"), item.xpath(".//*[contains(@class, 'verdict')]")[0])
            for item in found
        ]
        assert [(code, subject, badge.get("class").split()[1]) for code, subject, badge in said] == expected
        ids = [item.get("id") for item in found]
        assert ids == [f"s{number}-{language}" for number in range(1, len(expected) + 1)]
        for item, statement in zip(found, report.statements, strict=True):
            if statement.code != "direction.sign":
                sentence = statement.zh if language == "zh" else statement.en
                assert sentence in item.xpath("string(.//*[@class='sentence'])")


def test_statements_are_all_that_the_prover_says(good: ProofReport) -> None:
    said = [item for item in good.statements if item.code != "structure.identity"]
    assert said == [item for item in statements(good.methodology) if item.code != "structure.identity"]
    assert sum(item.code == "structure.identity" for item in good.statements) == 1


def test_counts_stand_at_the_top(faulty: ProofReport) -> None:
    for language in LANGUAGES:
        (tiles,) = part_in(page_of(faulty), language).xpath(".//ul[@class='tiles']")
        found = {tile.get("class").split()[0]: int(tile.findtext("strong")) for tile in tiles}
        assert found == {name: count for name, count in faulty.counts.items() if count or name != "noted"}
    assert sum(faulty.counts.values()) == len(faulty.statements)


def test_directions_are_a_table_with_claimed_and_proved_side(faulty: ProofReport) -> None:
    rows = [row for row in shown(page_of(faulty), "en") if row.get("data-code") == "direction.sign"]
    cells = {row.get("data-subject"): [cell.text_content().strip() for cell in row.iter("td")] for row in rows}
    assert list(cells) == ["EG", "EF"]
    assert cells["EG"][2:] == ["MWh", "never falls", "high", "low", "refuted"]
    assert cells["EF"][2:] == ["tCO₂/MWh", "never falls", "—", "low", "proved"]
    assert all(row.xpath(".//*[local-name()='math']") for row in rows)


def test_refutation_shows_the_counterexample(faulty: ProofReport) -> None:
    for language, label in (("zh", "反例"), ("en", "Counterexample")):
        text = {item.get("data-code"): item.text_content() for item in shown(page_of(faulty), language)}
        assert label in text["cases.complete"]
        assert "size = 5" in " ".join(text["cases.complete"].split())
        assert label in text["domain.total"]
        assert "spec.yaml:16" in text["domain.total"]


def test_counterexample_of_the_division_really_fails(faulty: ProofReport) -> None:
    (statement,) = [item for item in faulty.statements if item.code == "domain.total"]
    methodology = faulty.methodology
    plan = make_plan(methodology, {}, infer(methodology))
    domain = Domain(
        {"month": (2024 * 12,), "year": (2024,)}, {"month": "month", "year": "year"}, frozenset({"month", "year"})
    )
    given = {name: Fraction(1) for name in plan.needed} | dict(statement.points[0].values)
    values = {name: dict.fromkeys(domain.indices(over), given[name]) for name, over in plan.needed.items()}
    with pytest.raises(RunError):
        Reference(plan, Dataset(domain, values, {})).value("removal", ())


def test_formula_stands_with_its_statements(faulty: ProofReport) -> None:
    for language in LANGUAGES:
        (item,) = [item for item in shown(page_of(faulty), language) if item.get("data-subject") == "removal"]
        formula = item.getparent().getprevious()
        (drawn,) = formula.xpath(".//*[local-name()='math']")
        assert drawn.get("alttext").startswith("removal = ")


def test_every_check_of_the_list_is_there(good: ProofReport) -> None:
    for language in LANGUAGES:
        headings = [node.text for node in part_in(page_of(good), language).xpath(".//h2[starts-with(@id, 'check')]")]
        assert [heading.split()[0] for heading in headings] == [str(number) for number in range(1, 9)]


def test_scope_evidence_gaps_and_digests_are_told(good: ProofReport) -> None:
    spec = good.methodology.spec
    for language, words in (
        ("zh", ("月份数和成员数不限", "原文核对")),
        ("en", ("any number of months", "source-checked")),
    ):
        text = part_in(page_of(good), language).text_content()
        assert all(word in text for word in words)
        assert all((item.text.zh if language == "zh" else item.text.en) in text for item in spec.not_covered)
        assert all(item["sha256"] in text for item in parts(good.methodology))
        assert f"tonne {good.engine_version}" in text
        assert good.methodology.digest in text


def test_inserted_conversions_are_listed(good: ProofReport) -> None:
    (table,) = part_in(page_of(good), "en").xpath(".//table[caption = 'Changes of unit that were inserted']")
    rows = [[cell.text_content() for cell in row.iter("td")] for row in table.xpath("./tbody/tr")]
    assert [row[0] for row in rows] == ["COEF"]
    assert rows[0][3:] == ["0.01", "—"]


def test_text_of_strangers_stays_text(faulty: ProofReport) -> None:
    page = page_of(faulty)
    assert not page.xpath("//script")
    assert HOSTILE in part_in(page, "en").text_content()
    assert HOSTILE in page.findtext("head/title")


def test_page_needs_nothing_from_elsewhere(good: ProofReport) -> None:
    page = page_of(good)
    assert not page.xpath("//link | //img | //iframe | //object | //embed | //script")
    assert all(link.get("href").startswith("#") for link in page.iter("a"))
    assert {link.get("href")[1:] for link in page.iter("a")} <= set(page.xpath("//@id"))
    (style,) = page.iter("style")
    assert not re.search(r"url\(|@import", style.text)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy


@pytest.mark.parametrize("name", methodology_ids())
def test_data_has_the_published_shape(name: str) -> None:
    data = json.loads(json.dumps(proof_report(load_methodology(name)).as_data()))
    jsonschema.Draft202012Validator(check_schema()).validate(data)
    assert sum(data["counts"].values()) == sum(len(check["statements"]) for check in data["checks"])


def test_data_of_a_refuted_spec_has_the_published_shape(faulty: ProofReport) -> None:
    data = json.loads(json.dumps(faulty.as_data()))
    jsonschema.Draft202012Validator(check_schema()).validate(data)
    assert not data["passed"]
    (refuted,) = [item for check in data["checks"] for item in check["statements"] if item["code"] == "cases.complete"]
    assert (refuted["verdict"], refuted["points"][0]["values"]["size"]) == ("refuted", "5")


def test_data_holds_no_folder_of_a_machine(faulty: ProofReport, faulty_path: Path) -> None:
    assert str(faulty_path.parent) not in json.dumps(faulty.as_data())
    assert str(faulty_path.parent) not in page_text(faulty)


def test_spec_whose_units_do_not_fit_is_reported_as_not_proved(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(FAULTY.replace("unit: tCO2/MWh", "unit: tCO2"), encoding="utf-8")
    report = proof_report(load_methodology(path))
    jsonschema.Draft202012Validator(check_schema()).validate(json.loads(json.dumps(report.as_data())))
    assert not report.passed
    assert not report.statements
    assert [group.check.number for group in report.groups if not group.made] == [4, 5, 6, 7]
    assert "units do not fit" in part_in(page_of(report), "en").text_content()


def test_same_spec_gives_the_same_bytes_whatever_was_proved_before(tmp_path: Path) -> None:
    for folder, names in (("alone", ["cdm_acm0002"]), ("after", [GOOD, "cdm_acm0002"])):
        command = [sys.executable, "-m", "tonne", "check", *names, "--report", str(tmp_path / folder)]
        seed = {"PYTHONHASHSEED": str(len(names))}
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env={**os.environ, **seed})
    for name in ("cdm_acm0002.check.html", "cdm_acm0002.check.json"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "after" / name).read_bytes()


def test_several_methodologies_have_a_list(good: ProofReport, faulty: ProofReport, tmp_path: Path) -> None:
    paths = write_check_reports([good, faulty, good], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    assert [path.name for path in paths] == [
        f"{GOOD}.check.html", f"{GOOD}.check.json", "faulty.check.html", "faulty.check.json", "index.html"
    ]  # fmt: skip
    page = html.document_fromstring((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = [link.get("href") for link in part_in(page, "en").iter("a")]
    assert links == [f"{GOOD}.check.html", "faulty.check.html"]


def test_earlier_reports_are_replaced_and_other_files_stay(good: ProofReport, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    write_check_reports([good], tmp_path)
    before = (tmp_path / f"{GOOD}.check.html").read_bytes()
    write_check_reports([good], tmp_path)
    assert (tmp_path / f"{GOOD}.check.html").read_bytes() == before
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert len(list(tmp_path.iterdir())) == 3


def test_foreign_file_of_the_same_name_is_never_replaced(
    good: ProofReport, faulty: ProofReport, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<p>my site</p>", encoding="utf-8")
    with pytest.raises(ReportError, match="no check report"):
        write_check_reports([good, faulty], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<p>my site</p>"


def test_file_in_place_of_the_folder_is_refused(good: ProofReport, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match="is a file"):
        write_check_reports([good], tmp_path / "out")


def test_two_specs_of_one_id_are_refused(faulty: ProofReport, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(FAULTY.replace("max: 9", "max: 8"), encoding="utf-8")
    with pytest.raises(ReportError, match="two different specs have the id 'faulty'"):
        write_check_reports([faulty, proof_report(load_methodology(path))], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_command_writes_the_report_and_ends_with_1_when_refuted(
    faulty_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, str(faulty_path), "--json", "--report", str(tmp_path / "out")) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["methodology"] == "faulty"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["faulty.check.html", "faulty.check.json"]


def test_command_ends_with_0_when_nothing_is_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, GOOD, "--report", str(tmp_path / "out")) == 0
    assert f"{GOOD}.check.html" in capsys.readouterr().out


def test_report_without_proofs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, GOOD, "--no-proofs", "--report", str(tmp_path / "out")) == 2
    assert "needs the proofs" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_directions_and_sides_are_read_from_the_statements(faulty: ProofReport) -> None:
    assert directions(faulty.methodology) == {"EG": "increasing", "EF": "increasing"}
    assert conservative_sides(faulty.methodology) == {"EG": "low", "EF": "low"}
    bundled = load_methodology(GOOD)
    sides = conservative_sides(bundled)
    claimed = {
        name: item.parameter.conservative for name, item in bundled.parameters.items() if item.parameter.conservative
    }
    assert claimed.items() <= sides.items()
    assert sides["NCV"] == "high"
    assert "EF_OM" not in sides


def test_report_agrees_with_the_checks(faulty: ProofReport) -> None:
    checked = check_and_prove(faulty.methodology)
    assert {group.check.number: group.passed for group in faulty.groups} == {
        outcome.check.number: outcome.passed for outcome in checked.outcomes
    }


def test_reason_of_what_is_not_decided_is_said_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(UNCLEAR, encoding="utf-8")
    report = proof_report(load_methodology(path))
    data = json.loads(json.dumps(report.as_data()))
    jsonschema.Draft202012Validator(check_schema()).validate(data)
    statements_of = {item["code"]: item for check in data["checks"] for item in check["statements"]}
    assert statements_of["direction.sign"]["limits"] == {"zh": "对 month 求和", "en": "sum over month"}
    assert statements_of["structure.identity"]["limits"] is None
    page = page_of(report)
    assert "未能判定的原因：对 month 求和" in part_in(page, "zh").text_content()
    assert "why: sum over month" in part_in(page, "en").text_content()

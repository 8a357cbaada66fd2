import importlib
import json
import re
import sys
import zipfile
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree

from tests.esg.disclosure.sample import line, sample
from tonne.engine.errors import ReportError
from tonne.esg.disclosure import extract as extract_module
from tonne.esg.disclosure.mapping import load_mapping, mapping_ids
from tonne.esg.disclosure.release import read_back_differences, release_disclosure
from tonne.esg.disclosure.taxonomy_check import chosen_entry_point, resolve, validate

pytest.importorskip("arelle", reason="the extra [xbrl] is not installed")

NAMESPACE = "https://xbrl.efrag.org/taxonomy/esrs/2023-12-22"


@pytest.fixture(scope="module")
def tagged(stub_package, tmp_path_factory):
    """The files with elements of the stub, validated."""
    out = tmp_path_factory.mktemp("tagged") / "out"
    validation = release_disclosure(sample(), out, [stub_package])
    return out, validation


def codes(tmp_path, tagged, package, old, new, count=1):
    page = tmp_path / "disclosure.xhtml"
    text = (tagged[0] / "disclosure.xhtml").read_text("utf-8")
    assert old in text
    page.write_text(text.replace(old, new, count), "utf-8")
    (tmp_path / "tonne.xsd").write_bytes((tagged[0] / "tonne.xsd").read_bytes())
    validation = validate(page, [package] if package else [])
    return {message.code for message in validation.refusals}


def test_the_page_is_valid_and_every_value_reads_back_as_in_facts_json(tagged):
    out, validation = tagged
    assert not validation.refusals
    written = json.loads((out / "facts.json").read_text("utf-8"))["tagged"]
    read = {(fact.element, fact.members): fact for fact in validation.facts}
    assert len(read) == len(written) > 20
    for fact in written:
        found = read[fact["element"], tuple(sorted(fact["dimensions"].items()))]
        assert found.value == Decimal(fact["value"])
        assert found.unit == fact["unit"]
        assert found.decimals == str(fact["decimals"])
        assert (found.start, found.end) == ("2024-07-01", "2025-06-30")


def test_tagged_amounts_are_those_of_the_facts(tagged):
    values = {
        (fact.element, dict(fact.members).get("esrs:IdentifierOfActionPlanTypedAxis")): fact.value
        for fact in tagged[1].facts
    }
    assert values["esrs:AchievedGHGEmissionReductions", "boiler"] == 80
    assert ("esrs:AchievedGHGEmissionReductions", "motors") not in values  # undecided
    assert ("esrs:AchievedGHGEmissionReductions", "kiln") not in values  # ex ante
    assert values["esrs:ExpectedGHGEmissionReductions", "kiln"] == 500
    assert values["esrs:GrossScope1GreenhouseGasEmissions", None] == Decimal("12345.60")
    assert values["esrs:PercentageOfCarbonCreditsCancelledFromReductionProjects", None] == Decimal("0.75")


@pytest.mark.parametrize("name", [name for name in mapping_ids() if load_mapping(name).taxonomy])
def test_every_mapped_name_is_in_the_taxonomy(name, stub_package):
    key = load_mapping(name).taxonomy
    assert key
    taxonomy = resolve(
        chosen_entry_point([stub_package], key.namespace, key.entry_point), key.namespace, [stub_package]
    )
    names = {cell.element for cell in load_mapping(name).cells if cell.element}
    axes = {cell.axis for cell in load_mapping(name).cells if cell.axis}
    assert names <= taxonomy.elements
    assert axes <= taxonomy.typed_domains.keys()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('name="esrs:AchievedGHGEmissionReductions"', 'name="esrs:AchievedReductions"', "ix11.12.1.2:missingReferences"),
        (">12,345.60<", ">eighty<", "ix11.10.1.1:transformValueError"),
        ('decimals="2" format="ixt:num-dot-decimal">12,345.60<', 'decimals="2">eighty<', "xmlSchema:valueError"),
        ('contextRef="c1"', 'contextRef="nowhere"', "xbrl.4.6.1:itemContextRef"),
        ("<xbrli:measure>utr:tCO2e</xbrli:measure>", "<xbrli:measure>utr:t</xbrli:measure>", "utre:error-NumericFactUtrInvalid"),
    ],
    ids=["unknown concept", "number in words", "number in words, not transformed", "context that is not there", "tonnes of anything"],
)  # fmt: skip
def test_arelle_refuses(tmp_path, tagged, stub_package, old, new, code):
    assert code in codes(tmp_path, tagged, stub_package, old, new)


def test_arelle_refuses_a_removal_without_its_typed_member(tmp_path, tagged, stub_package):
    text = (tagged[0] / "disclosure.xhtml").read_text("utf-8")
    (context,) = re.findall(r'name="esrs:GHGRemovalsAndStorage" contextRef="(c\d+)"', text)
    (whole,) = re.findall(rf'<xbrli:context id="{context}">.*?</xbrli:context>', text, re.DOTALL)
    bare = re.sub(r"<xbrli:scenario>.*?</xbrli:scenario>", "", whole, flags=re.DOTALL)
    found = codes(tmp_path, tagged, stub_package, whole, bare)
    assert "xbrldie:PrimaryItemDimensionallyInvalidError" in found


def test_without_the_package_the_page_is_refused_offline_and_nothing_hangs(tmp_path, tagged):
    found = codes(tmp_path, tagged, None, "<body>", "<body>")
    assert "IOerror" in found
    assert "ix11.12.1.2:missingReferences" in found


def test_a_fact_that_was_changed_is_found_on_reading_back(tmp_path, tagged, stub_package):
    _, validation = tagged
    facts = [fact for fact in validation.facts if fact.element != "esrs:Reversals"]
    frameworks_facts = _meant(stub_package)
    problems = read_back_differences(tagged[0] / "disclosure.xhtml", frameworks_facts, facts)
    assert len(problems) == 1
    assert "esrs:Reversals" in str(problems[0])


def _meant(package):
    from tonne.esg.disclosure.cells import filled_frameworks
    from tonne.esg.disclosure.tables import disclosure_tables

    tables = disclosure_tables(sample())
    frameworks = filled_frameworks(sample(), tables, mapping_ids())
    taxonomies = extract_module.resolved_taxonomies(frameworks, [package])
    return extract_module.disclosure_extract(sample(), frameworks, taxonomies).facts


def test_a_mapped_name_that_the_package_lacks_is_refused_by_name(tmp_path, stub_package):
    lacking = tmp_path / "lacking.zip"
    with zipfile.ZipFile(stub_package) as source, zipfile.ZipFile(lacking, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"GrossScope1Greenhouse", b"TotalScope1Greenhouse"))
    with pytest.raises(ReportError, match=r"expected GrossScope1GreenhouseGasEmissions"):
        release_disclosure(sample(), tmp_path / "out", [lacking])
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_package_is_refused(tmp_path):
    (tmp_path / "notes.zip").write_text("nothing")
    with pytest.raises(ReportError, match="this is not a taxonomy package"):
        release_disclosure(sample(), tmp_path / "out", [tmp_path / "notes.zip"])


def test_a_package_of_another_taxonomy_is_refused(stub_package):
    with pytest.raises(ReportError, match="no taxonomy package has an entry point of this namespace"):
        chosen_entry_point([stub_package], "https://example.org/other", "all.xsd")


def test_where_arelle_is_missing_the_message_says_what_to_install(monkeypatch, stub_package):
    for name in [name for name in sys.modules if name.split(".")[0] == "arelle"]:
        monkeypatch.delitem(sys.modules, name)
    real = importlib.import_module

    def without(name, *rest):
        if name.startswith("arelle"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ReportError, match=r"tonne\[xbrl\]"):
        resolve(f"{NAMESPACE}/esrs_all.xsd", NAMESPACE, [stub_package])


def test_an_inventory_in_another_unit_is_shown_and_not_tagged(stub_package, tmp_path):
    given = replace(line("s1", "1", "812.3"), unit="ktCO2e")
    out = tmp_path / "out"
    validation = release_disclosure(
        sample(inventory=(given, line("s2l", "2", "4000", "location"))), out, [stub_package]
    )
    assert validation
    names = {fact.element for fact in validation.facts}
    assert "esrs:GrossScope1GreenhouseGasEmissions" not in names
    assert "esrs:GrossLocationBasedScope2GreenhouseGasEmissions" in names
    page = (out / "disclosure.xhtml").read_text("utf-8")
    assert "812.3" in page
    assert "not tagged for machines: its unit is not tCO2e" in page


def test_a_unit_with_a_subscript_is_the_same_unit(stub_package, tmp_path):
    given = replace(line("s1", "1", "812.3"), unit="t CO₂e")
    validation = release_disclosure(sample(inventory=(given,)), tmp_path / "out", [stub_package])
    assert validation
    assert Decimal("812.3") in {fact.value for fact in validation.facts}


def test_the_page_says_beside_verified_tonnes_which_rules_fired(tagged):
    rows = etree.fromstring((tagged[0] / "disclosure.xhtml").read_bytes()).iter("{*}tr")
    remarks = {}
    for row in rows:
        cells = ["".join(cell.itertext()) for cell in row]
        if cells[0].startswith("已核查减排量"):
            remarks[cells[1]] = cells[4]
    disclosure = sample()
    for year in disclosure.reported:
        name = disclosure.projects[year.project].name.en
        shown = [remark for label, remark in remarks.items() if name in label]
        assert all(hit.en in remark for hit in year.hits for remark in shown)
    assert any(remarks.values())

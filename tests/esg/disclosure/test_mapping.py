import shutil
from pathlib import Path

import pytest

from tonne.engine.errors import ReportError
from tonne.esg.disclosure.mapping import CLAIMS, FOLDER, load_mapping, mapping_ids, read_mapping
from tonne.esg.disclosure.neutrality import claims_of_neutrality

FRAMEWORKS = {
    "GRI 305": {"2016"},
    "GRI 102": {"2025"},
    "IFRS S2": {"2023"},
    "ESRS E1": {"2023", "2026"},
    "企业可持续披露准则第1号": {"2025"},
    "沪深北交易所指引": {"2024"},
    "HKEX": {"2025"},
    "CDP": {"2023", "2024"},
}
# The same disclosure under the numbers of both versions: [crosswalk of the revised set].
CROSSWALK = {"E1-3": "E1-5", "E1-4": "E1-6", "E1-6": "E1-8", "E1-7": "E1-9"}


def changed(tmp_path: Path, old: str, new: str, name: str = "esrs_e1_2023") -> Path:
    path = tmp_path / f"{name}.yaml"
    shutil.copy(FOLDER / f"{name}.yaml", path)
    written = path.read_text("utf-8")
    assert old in written
    path.write_text(written.replace(old, new), "utf-8")
    return path


def test_every_framework_and_version_is_there():
    found: dict[str, set[str]] = {}
    for name in mapping_ids():
        mapping = load_mapping(name)
        found.setdefault(mapping.framework, set()).add(mapping.version)
    assert found == FRAMEWORKS


@pytest.mark.parametrize("name", mapping_ids())
def test_gross_emissions_are_an_echo_and_claims_are_guarded(name):
    for cell in load_mapping(name).cells:
        if cell.table == "T6":
            assert cell.feeds == "inventory"
            assert "NET-01" in cell.rules
        if cell.feeds in CLAIMS:
            assert {"SOLD-03", "EXA-09", "BND-04", "PER-11", "SHR-12"} <= set(cell.rules)
        if cell.feeds == "credits_used":
            assert "RET-08" in cell.rules
        if cell.feeds == "target_contribution":
            assert "TGT-07" in cell.rules


@pytest.mark.parametrize("name", mapping_ids())
def test_labels_are_short_and_claim_no_neutrality(name):
    mapping = load_mapping(name)
    for text in [mapping.title, *(cell.label for cell in mapping.cells)]:
        assert len(text.zh) <= 80
        assert len(text.en) <= 130  # labels, no text of a standard
    assert not claims_of_neutrality((FOLDER / f"{name}.yaml").read_text("utf-8"))


def test_the_two_versions_of_esrs_number_the_same_feeds_differently():
    old = {(cell.feeds, cell.scope, cell.basis): cell.where.split()[0] for cell in load_mapping("esrs_e1_2023").cells}
    new = {(cell.feeds, cell.scope, cell.basis): cell.where for cell in load_mapping("esrs_e1_2026").cells}
    assert {CROSSWALK[old[feed]] == where for feed, where in new.items()} == {True}


def test_the_revised_set_has_no_elements():
    assert all(cell.element is None for cell in load_mapping("esrs_e1_2026").cells)


def test_hkex_prints_no_paragraph_numbers():
    assert {cell.where for cell in load_mapping("hkex_c2_2025").cells} == {"Part D"}


def test_an_unknown_framework_names_its_like():
    with pytest.raises(ReportError, match=r"no framework 'gri_305'.*\n.*gri_305_2016"):
        load_mapping("gri_305")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("feeds: reduction_claimed", "feeds: reduction_expected", "AchievedGHGEmissionReductions takes `feeds: reduction_claimed` only"),
        ("feeds: removal_claimed", "feeds: reduction_claimed", "GHGRemovalsAndStorage takes `feeds: removal_claimed` only"),
        ("[SOLD-03, BND-04, EXA-09, GWP-10", "[BND-04, EXA-09, GWP-10", "a claim is guarded by SOLD-03"),
        ("[NET-01, CF-02]", "[CF-02]", "a cell of the inventory is guarded by NET-01"),
        ("  namespace: https", "  name: https", "unknown key 'name'"),
        ("id: E1-7.reversals", "id: E1-7.removals", "cells are given twice: E1-7.removals"),
        ("table: T4", "table: T9", "esrs_e1_2023.yaml:"),
    ],
)  # fmt: skip
def test_a_mapping_that_would_over_claim_is_refused_with_its_place(tmp_path, old, new, message):
    with pytest.raises(ReportError) as caught:
        read_mapping(changed(tmp_path, old, new), "esrs_e1_2023.yaml")
    assert message in str(caught.value)
    assert "esrs_e1_2023.yaml:" in str(caught.value)

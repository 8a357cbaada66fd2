from decimal import Decimal
from pathlib import Path

import pytest

from tests.esg.disclosure.group import (
    CREDITS,
    REMOVAL,
    TEXT,
    Group,
    claims,
    hits_of,
    months,
    result_data,
    year_of,
)
from tonne.engine.errors import DataError, ProjectError
from tonne.esg.disclosure.facts import Rule
from tonne.esg.disclosure.neutrality import claims_of_neutrality
from tonne.esg.disclosure.tables import disclosure_tables

LINE = {"id": "s1", "scope": "1", "amounts": "gross", "source": TEXT}
INVENTORY = [{**LINE, "current": "1,200.50"}]


@pytest.fixture
def group(tmp_path: Path) -> Group:
    made = Group(tmp_path)
    made.project("mill", result_data("mill", {2024: 100}))
    return made


def fires(group: Group, rule: str, action: str | None = None) -> bool:
    return bool(hits_of(group.disclose(), rule, action))


def test_without_anything_special_the_whole_reduction_is_claimed_and_no_rule_fires(group):
    disclosure = group.disclose()
    assert claims(disclosure) == {"mill": Decimal(100)}
    assert disclosure.hits == ()


def test_net_01_refuses_an_inventory_line_with_deductions(group):
    group.more["inventory"] = [{**INVENTORY[0], "amounts": "net"}]
    disclosure = group.disclose()
    (hit,) = hits_of(disclosure, "NET-01", "block")
    assert "1,200.50" in hit.zh
    assert not disclosure.inventory[0].is_gross


@pytest.mark.parametrize("written", ["1,200.50", "0012.340", "7", "-0.00"])
def test_net_01_leaves_a_gross_inventory_as_written_whatever_the_projects_reduce(group, written):
    group.more["inventory"] = [{**INVENTORY[0], "current": written}]
    disclosure = group.disclose()
    assert not hits_of(disclosure, "NET-01")
    assert disclosure.inventory[0].current == written


def test_cf_02_says_that_reductions_are_no_change_of_the_inventory(group):
    group.more["inventory"] = [{**INVENTORY[0], "previous": "1,300"}]
    (hit,) = hits_of(group.disclose(), "CF-02", "caveat")
    assert hit.tonnes == 100


def test_cf_02_has_nothing_to_say_where_only_one_year_is_shown(group):
    group.more["inventory"] = INVENTORY
    assert not fires(group, "CF-02")


def test_sold_03_leaves_sixty_of_a_hundred_when_forty_are_sold(group):
    group.moved("issued", "mill", 1, 40)
    group.moved("transferred", "mill", 1, 40, date="2025-04-01")
    disclosure = group.disclose()
    assert claims(disclosure) == {"mill": Decimal(60)}
    (hit,) = hits_of(disclosure, "SOLD-03", "move")
    assert [hit.tonnes, hit.moved_to] == [40, "transferred"]


def test_sold_03_lets_held_credits_be_claimable_but_not_claimed(group):
    group.moved("issued", "mill", 1, 100)
    group.moved("transferred", "mill", 1, 40, date="2025-04-01")
    where = year_of(group.disclose(), "mill").disposition
    assert [where.claimed, where.transferred, where.held, where.claimable] == [0, 40, 60, 60]


def test_sold_03_makes_a_registered_project_undetermined_without_a_ledger(group):
    group.has_ledger = False
    disclosure = group.disclose()
    assert hits_of(disclosure, "SOLD-03", "block")
    year = year_of(disclosure, "mill")
    assert year.figure("claimed_reduction").value is None
    assert year.figure("claimable").value is None
    assert year.disposition.not_claimable == {"undetermined": 100}


def test_sold_03_needs_no_ledger_where_nothing_was_ever_registered(group):
    group.has_ledger = False
    group.projects["mill"]["credits"] = "none"
    disclosure = group.disclose()
    assert not hits_of(disclosure, "SOLD-03")
    assert claims(disclosure) == {"mill": Decimal(100)}


@pytest.mark.parametrize("entry", [{"effect": "avoided"}, {"boundary": "outside", "scope": None}])
def test_bnd_04_moves_what_is_outside_to_its_own_table(group, entry):
    group.projects["mill"] |= entry
    disclosure = group.disclose()
    (hit,) = hits_of(disclosure, "BND-04", "move")
    assert [hit.tonnes, hit.moved_to] == [100, "outside_boundary"]
    assert claims(disclosure) == {"mill": 0}
    assert disclosure.projects["mill"].scope is None
    tables = disclosure_tables(disclosure)
    assert len(tables["T5"].rows) == 1
    assert not ("T1" in tables and tables["T1"].rows)


def test_bnd_04_leaves_what_is_inside(group):
    assert not fires(group, "BND-04")


@pytest.mark.parametrize(("certificates", "blocked"), [(50, False), (51, True)])
def test_s2_05_blocks_at_one_megawatt_hour_of_overlap(tmp_path, certificates, blocked):
    group = Group(tmp_path)
    power = {"EG": ("MWh", "month", months(2024, [10] * 12))}
    electricity = {"credited": "EG", "generated": {2024: 170}}
    group.project("wind", result_data("wind", {2024: 100}, series=power), scope="2", electricity=electricity)
    group.moved("issued", "wind", 1, certificates, instrument="certificate", date="2024-06-01")
    disclosure = group.disclose()
    assert bool(hits_of(disclosure, "S2-05", "block")) is blocked
    assert (year_of(disclosure, "wind").figure("claimed_reduction").value is None) is blocked
    assert disclosure.certificates[0].overlap_mwh == (1 if blocked else 0)
    assert bool(hits_of(disclosure, "S2-05", "caveat")) is not blocked  # that 170 MWh were generated is in no result


def test_s2_05_has_nothing_to_say_without_certificates(tmp_path):
    group = Group(tmp_path)
    power = {"EG": ("MWh", "month", months(2024, [10] * 12))}
    electricity = {"credited": "EG", "generated": {2024: 170}}
    group.project("wind", result_data("wind", {2024: 100}, series=power), electricity=electricity)
    assert not fires(group, "S2-05")


def test_s2_05_is_not_evaded_by_a_source_with_the_certificates_of_ones_own_plant(group):
    group.moved("issued", "bought", 1, 50, instrument="certificate", date="2024-06-01")
    with pytest.raises(DataError, match="certificates of bought cannot move so"):
        group.disclose()
    group.rows[0]["movement"] = "acquired"
    assert group.disclose().certificates[0].acquired_mwh == 50


def test_s2_05_refuses_less_generated_than_credited(tmp_path):
    group = Group(tmp_path)
    power = {"EG": ("MWh", "month", months(2024, [10] * 12))}
    electricity = {"credited": "EG", "generated": {2024: 119}}
    group.project("wind", result_data("wind", {2024: 100}, series=power), electricity=electricity)
    group.moved("issued", "wind", 1, 5, instrument="certificate")
    with pytest.raises(ProjectError, match="generated less in 2024 than it is credited for"):
        group.disclose()


def test_s2_05_keeps_credits_of_overlapping_electricity_out_of_use(tmp_path):
    group = Group(tmp_path)
    power = {"EG": ("MWh", "month", months(2024, [10] * 12))}
    group.project("wind", result_data("wind", {2024: 100}, series=power), electricity={"credited": "EG"})
    group.moved("issued", "wind", 1, 5, instrument="certificate")
    group.moved("issued", "wind", 1, 30)
    group.moved("retired", "wind", 1, 30, beneficiary="works", purpose="own use", date="2024-12-30")
    with pytest.raises(Exception, match="negative balance"):
        group.disclose()
    group.rows[1]["date"] = "2024-12-01"
    disclosure = group.disclose()
    assert [item.usable for item in disclosure.retirements] == [False]
    assert disclosure.retirements[0].tonnes == 0
    assert year_of(disclosure, "wind").disposition.retired_own == 0


def test_rem_06_keeps_removals_and_reductions_apart(group):
    group.project("trees", result_data("trees", {2024: 70}), effect="removal", removal=REMOVAL, scope=None)
    disclosure = group.disclose()
    assert hits_of(disclosure, "REM-06", "move")[0].tonnes == 70
    assert year_of(disclosure, "trees").disposition.claimed_removal == 70
    assert year_of(disclosure, "trees").disposition.claimed_reduction == 0
    assert year_of(disclosure, "mill").disposition.claimed_reduction == 100


def test_rem_06_is_silent_about_reductions(group):
    assert not fires(group, "REM-06")


TARGET = {"id": "t", "name": TEXT, "kind": "gross", "base_year": 2020, "target_year": 2030, "stated": "900"}


def test_tgt_07_refuses_a_net_target_alone(group):
    group.more["targets"] = [{**TARGET, "kind": "net"}]
    assert fires(group, "TGT-07", "block")


def test_tgt_07_takes_a_net_target_beside_a_gross_one(group):
    group.more["targets"] = [TARGET, {**TARGET, "id": "n", "kind": "net", "gross_beside": "t"}]
    disclosure = group.disclose()
    assert not hits_of(disclosure, "TGT-07")
    assert disclosure.targets[0].contribution.value == 100


def test_tgt_07_keeps_removals_and_credits_out_of_a_gross_target(group):
    group.project("trees", result_data("trees", {2024: 70}), effect="removal", removal=REMOVAL, scope=None)
    group.more["targets"] = [TARGET]
    disclosure = group.disclose()
    assert hits_of(disclosure, "TGT-07", "caveat")[0].tonnes == 70
    assert disclosure.targets[0].contribution.value == 100


@pytest.mark.parametrize("lacking", ["beneficiary", "purpose"])
def test_ret_08_needs_beneficiary_and_purpose(group, lacking):
    record = {"beneficiary": "works", "purpose": "own use", "date": "2024-11-01"}
    group.moved("issued", "mill", 1, 30, date="2024-10-01")
    group.moved("retired", "mill", 1, 30, **{**record, lacking: ""})
    disclosure = group.disclose()
    assert hits_of(disclosure, "RET-08")
    assert not disclosure.retirements[0].usable
    assert year_of(disclosure, "mill").disposition.not_claimable == {"unusable_record": 30}


def test_ret_08_takes_a_whole_record(group):
    group.moved("issued", "mill", 1, 30, date="2024-10-01")
    group.moved("retired", "mill", 1, 30, beneficiary="Works", purpose="own use", date="2024-11-01")
    disclosure = group.disclose()
    assert not hits_of(disclosure, "RET-08", "move")
    assert disclosure.retirements[0].tonnes == 30
    assert year_of(disclosure, "mill").disposition.retired_own == 30


@pytest.mark.parametrize(("status", "column"), [("ex_ante", "expected"), ("monitored", "estimated")])
def test_exa_09_leaves_the_verified_column_empty(group, status, column):
    group.project("mill", result_data("mill", {2024: 100}), confirmed={"status": status})
    disclosure = group.disclose()
    assert hits_of(disclosure, "EXA-09", "move")[0].moved_to == column
    year = year_of(disclosure, "mill")
    assert [year.verified, getattr(year, column), year.disposition.total] == [0, 100, 0]


def test_exa_09_does_not_take_a_result_with_a_blocking_finding_for_verified(group):
    group.project("mill", result_data("mill", {2024: 100}, blocking=1))
    disclosure = group.disclose()
    assert hits_of(disclosure, "EXA-09")
    assert year_of(disclosure, "mill").verified == 0


def test_exa_09_is_silent_about_verified_tonnes(group):
    assert not fires(group, "EXA-09")


def test_gwp_10_refuses_a_sum_across_sets(group):
    group.project("four", result_data("four", {2024: 50}, gwp="ar4"))
    group.project("five", result_data("five", {2024: 60}, gwp="ar5"))
    group.more["targets"] = [TARGET]
    disclosure = group.disclose()
    assert hits_of(disclosure, "GWP-10", "block")
    assert [hit.subject for hit in hits_of(disclosure, "GWP-10", "caveat")] == ["four"]
    assert disclosure.targets[0].contribution.value is None


def test_gwp_10_adds_up_carbon_dioxide_and_one_set(group):
    group.project("five", result_data("five", {2024: 60}, gwp="ar5"))
    group.more["targets"] = [TARGET]
    disclosure = group.disclose()
    assert not hits_of(disclosure, "GWP-10")
    assert disclosure.targets[0].contribution.value == 160


FISCAL = {"start": "2023-07-01", "end": "2024-06-30"}


def test_per_11_refuses_a_fiscal_year_from_annual_data(group):
    group.more["reporting_year"] = FISCAL
    disclosure = group.disclose()
    assert hits_of(disclosure, "PER-11", "block")
    year = year_of(disclosure, "mill")
    assert [year.figure(name).value for name in ("verified", "reduction", "claimed_reduction")] == [None] * 3


def test_per_11_divides_a_calendar_year_by_months(group):
    series = {"EG": ("MWh", "month", months(2024, [1] * 6 + [3] * 6))}
    group.project("mill", result_data("mill", {2024: 101}, series=series), split_by="EG")
    group.more["reporting_year"] = FISCAL
    first = group.disclose()
    assert hits_of(first, "PER-11", "caveat")
    group.more["reporting_year"] = {"start": "2024-07-01", "end": "2025-06-30"}
    second = group.disclose()
    assert [claims(first)["mill"], claims(second)["mill"]] == [25, 76]


def test_per_11_refuses_months_that_the_fiscal_year_divides(group):
    series = {"EG": ("MWh", "month", months(2024, [1] * 12))}
    group.project("mill", result_data("mill", {2024: 100}, series=series), split_by="EG")
    group.more["reporting_year"] = {"start": "2023-07-16", "end": "2024-07-15"}
    assert fires(group, "PER-11", "block")


def test_per_11_has_nothing_to_say_of_a_calendar_year(group):
    assert not fires(group, "PER-11")


def test_shr_12_applies_a_share_of_forty_percent(group):
    group.projects["mill"]["owner"] = "partly"
    disclosure = group.disclose()
    assert claims(disclosure) == {"mill": Decimal(40)}
    (hit,) = hits_of(disclosure, "SHR-12", "move")
    assert [hit.tonnes, hit.moved_to] == [60, "others_share"]
    assert "40.00%" in hit.zh


@pytest.mark.parametrize("cause", ["production_cut", "outsourcing"])
def test_shr_12_leaves_out_what_is_no_measure(group, cause):
    group.projects["mill"]["excluded"] = cause
    disclosure = group.disclose()
    assert claims(disclosure) == {"mill": 0}
    assert year_of(disclosure, "mill").disposition.not_claimable == {"excluded_activity": 100}


def test_shr_12_is_silent_at_a_full_share(group):
    assert not fires(group, "SHR-12")


@pytest.mark.parametrize("text", ["Carbon neutral works", "碳中和工厂", "net-zero mill", "净零 项目"])
def test_clm_13_withholds_wording_of_neutrality(group, text):
    group.projects["mill"]["baseline"] = {"zh": text, "en": text}
    disclosure = group.disclose()
    assert hits_of(disclosure, "CLM-13", "block")
    assert not claims_of_neutrality(str(disclosure.projects))


def test_clm_13_repeats_other_texts(group):
    disclosure = group.disclose()
    assert not hits_of(disclosure, "CLM-13")
    assert disclosure.projects["mill"].baseline.en == "fictitious"


def test_leak_14_blocks_lines_that_do_not_add_up(group):
    group.project("mill", result_data("mill", {2024: 100}, lines=("112", "10.5", "0")))
    disclosure = group.disclose()
    assert hits_of(disclosure, "LEAK-14", "block")
    assert year_of(disclosure, "mill").figure("claimed_reduction").value is None


def test_leak_14_allows_for_the_digits_that_results_state(group):
    third = "33.33333333333333333333333333333333"
    group.project("mill", result_data("mill", {2024: 100}, lines=(f"1{third}", third, "0")))
    assert not fires(group, "LEAK-14")


def test_every_rule_has_a_test_in_which_it_fires_and_one_in_which_it_does_not():
    text = Path(__file__).read_text(encoding="utf-8")
    for rule in Rule:
        assert text.count(f"def test_{rule.value.lower().replace('-', '_')}_") >= 2


def test_results_of_different_status_in_one_year_are_refused(group, tmp_path):
    early = result_data("early", {2024: 40}, period=("2024-01-01", "2024-06-30"))
    late = result_data("late", {2024: 60}, period=("2024-07-01", "2024-12-31"))
    group.project("mill", early, credits=CREDITS)
    group.project("late", late)
    paths = group.projects.pop("late")["results"]
    group.projects["mill"]["results"].append({"path": paths[0]["path"], "status": "monitored"})
    with pytest.raises(ProjectError, match="different status"):
        group.disclose()

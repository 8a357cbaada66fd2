import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.esg.disclosure.group import (
    CREDITS,
    REMOVAL,
    TEXT,
    VERIFIED,
    Group,
    claims,
    hits_of,
    months,
    result_data,
    year_of,
)
from tonne.engine.errors import DataError, ProjectError
from tonne.engine.result.result import data_digest
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.facts import Rule
from tonne.esg.disclosure.neutrality import claims_of_neutrality
from tonne.esg.disclosure.tables import disclosure_tables
from tonne.esg.document import same

LINE = {"id": "s1", "scope": "1", "amounts": "gross", "source": TEXT}
INVENTORY = [{**LINE, "current": "1,200.50"}]


def fires(group: Group, rule: str, action: str | None = None) -> bool:
    return bool(hits_of(group.disclose(), rule, action))


def test_without_anything_special_the_whole_reduction_is_claimed_and_no_rule_fires(group):
    group.projects["mill"]["credits"] = "none"
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


@pytest.mark.parametrize("status", ["ex_ante", "monitored"])
def test_cf_02_speaks_of_reductions_that_are_not_verified(group, status):
    group.projects["mill"] |= {"owner": "partly", "results": [{"path": "mill.json", "status": status}]}
    group.project("wind", result_data("wind", {2024: 9}), effect="avoided", confirmed={"status": status})
    group.more["inventory"] = [{**INVENTORY[0], "previous": "1,300"}]
    disclosure = group.disclose()
    (hit,) = hits_of(disclosure, "CF-02", "caveat")
    assert hit.tonnes == 40
    assert cell_of(disclosure, "gri_305_2016", "305-1").fired == ("CF-02",)


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
    year = year_of(group.disclose(), "mill")
    where = year.disposition
    assert [where.claimed, where.transferred, where.held, year.claimable] == [0, 40, 60, 60]


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
    group.more["sources"] = {}
    disclosure = group.disclose()
    assert not hits_of(disclosure, "SOLD-03")
    assert claims(disclosure) == {"mill": Decimal(100)}
    assert cell_of(disclosure, "cn_exchanges_2024", "art24.credits").text.en.startswith("no ledger was given")


def cell_of(disclosure, framework, id_):
    (filled,) = filled_frameworks(disclosure, disclosure_tables(disclosure), [framework])
    return next(cell for cell in filled.cells if cell.mapped.id == id_)


def shown(disclosure, table, key, column):
    table = disclosure_tables(disclosure)[table]
    return next(row.cells[table.position(column)] for row in table.rows if row.key == key).value


def sum_of(disclosure, table, column):
    table = disclosure_tables(disclosure)[table]
    return table.sums[0].cells[table.position(column)].value


CREDIT_CELLS = [
    ("cn_exchanges_2024", "art27.registered"),
    ("cn_exchanges_2024", "art27.traded"),
    ("cn_exchanges_2024", "art24.credits"),
    ("esrs_e1_2023", "E1-7.credits_cancelled"),
    ("esrs_e1_2023", "E1-7.share_removal"),
]


@pytest.mark.parametrize(("framework", "id_"), CREDIT_CELLS)
def test_sold_03_leaves_cells_of_credits_undetermined_without_a_ledger(group, framework, id_):
    with_ledger = cell_of(group.disclose(), framework, id_)
    assert "SOLD-03" not in [hit.rule for hit in with_ledger.why if hit.action == "block"]
    group.has_ledger = False
    cell = cell_of(group.disclose(), framework, id_)
    assert cell.number is not None
    assert cell.number.value is None
    assert cell.fired == ("SOLD-03",)
    assert "台账" in cell.why[0].zh


def test_sold_03_says_what_may_still_be_issued_and_sold(group):
    (silent,) = hits_of(group.disclose(), "SOLD-03", "caveat")
    assert [silent.tonnes, silent.vintage] == [100, 2024]
    group.moved("issued", "mill", 1, 70)
    (partly,) = hits_of(group.disclose(), "SOLD-03", "caveat")
    assert partly.tonnes == 30
    assert cell_of(group.disclose(), "gri_305_2016", "305-5.scope_1").fired == ("SOLD-03",)
    group.moved("issued", "mill", 71, 100)
    assert not hits_of(group.disclose(), "SOLD-03", "caveat")


def test_t2_has_a_row_of_each_registered_project_and_says_how_it_is_registered(group):
    def mill():
        table = disclosure_tables(group.disclose())["T2"]
        (row,) = (row for row in table.rows if row.key.startswith("mill/"))
        assert not any(row.key.startswith("never/") for row in table.rows)
        return dict(zip([column.key for column in table.columns], row.cells, strict=True))

    group.projects["mill"]["credits"] = {**CREDITS, "registration": "CCER-9", "expected_per_year": 99}
    group.project("never", result_data("never", {2024: 5}), credits="none")
    cells = mill()
    assert [cells["registration"].en, cells["status"].en] == ["CCER-9", "registered, no movement in the period"]
    assert [cells["expected"].value, cells["issued"].value] == [99, 0]
    group.has_ledger = False
    cells = mill()
    assert [cells["issued"].value, cells["issued"].codes, cells["status"].en] == [None, ("SOLD-03",), "registered"]
    group.has_ledger = True
    group.moved("issued", "mill", 1, 70, date="2024-12-01")
    assert mill()["status"].en == "registered, credits moved"


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


FISCAL = {"start": "2023-07-01", "end": "2024-06-30"}


def reversed_(group, years, reversals, **more):
    series = {"EG": ("MWh", "month", {**months(2023, [1] * 12), **months(2024, [1] * 12)})}
    removal = {**REMOVAL, "reversals": reversals}
    trees = result_data("trees", years, series=series)
    group.project("trees", trees, **{"effect": "removal", "removal": removal, "split_by": "EG", **more})
    found = group.disclose()
    (framework,) = filled_frameworks(found, disclosure_tables(found), ["esrs_e1_2023"])
    cell = next(cell for cell in framework.cells if cell.mapped.id == "E1-7.reversals")
    return cell.number.value if cell.number else None


def test_rem_06_shows_a_reversal_of_a_removal_of_an_earlier_year(group):
    assert reversed_(group, {2022: 100}, {2024: 30}) == 30
    disclosure = group.disclose()
    assert "30" in hits_of(disclosure, "REM-06")[0].zh
    assert all(verified == where.total for *_, verified, where in disclosure.conservation())


def test_rem_06_shows_a_reversal_in_the_year_of_its_day_only(group):
    shown = {}
    for start in (2022, 2023, 2024):
        group.more["reporting_year"] = {"start": f"{start}-07-01", "end": f"{start + 1}-06-30"}
        shown[start] = reversed_(group, {2023: 100, 2024: 100}, {"2024-03-05": 30, "2024-08-01": 7})
    assert shown == {2022: 0, 2023: 30, 2024: 7}


@pytest.mark.parametrize(
    ("reversals", "message"),
    [
        ({"2024-03-05": -30}, "greater than or equal to 0"),
        ({2024: 30}, "takes in only a part of 2024, for which reversals are given"),
        ({2023: 5, "2023-08-01": 5}, "given for the year and for days of it"),
        ({"2024-02-30": 5}, "reversals"),
    ],
)
def test_rem_06_refuses_reversals_that_cannot_be_placed(group, reversals, message):
    group.more["reporting_year"] = FISCAL
    with pytest.raises(ProjectError, match=message):
        reversed_(group, {2023: 100, 2024: 100}, reversals)


def test_rem_06_keeps_removals_outside_the_boundary_apart_in_t5(group):
    group.projects["mill"] |= {"boundary": "outside", "scope": None}
    trees = result_data("trees", {2024: 70})
    group.project("trees", trees, effect="removal", removal=REMOVAL, boundary="outside", scope=None)
    disclosure = group.disclose()
    (hit,) = hits_of(disclosure, "REM-06")
    assert [hit.tonnes, hit.moved_to] == [70, "T5"]
    tables = disclosure_tables(disclosure)
    assert not tables["T4"].rows
    at = tables["T5"].position("avoided")
    assert [cell.value for line in tables["T5"].sums if (cell := line.cells[at])] == [100, 70]


def test_rem_06_is_silent_about_reductions(group):
    assert not fires(group, "REM-06")


TARGET = {"id": "t", "name": TEXT, "kind": "gross", "base_year": 2020, "target_year": 2030, "stated": "900"}


def test_tgt_07_refuses_a_net_target_alone(group):
    group.more["targets"] = [{**TARGET, "kind": "net"}]
    assert fires(group, "TGT-07", "block")
    disclosure = group.disclose()
    for framework, id_ in (
        ("esrs_e1_2023", "E1-4.contribution"),
        ("ifrs_s2_2023", "36c.gross"),
        ("gri_102_2025", "102-4"),
    ):
        cell = cell_of(disclosure, framework, id_)
        assert cell.number is not None
        assert (cell.number.value, cell.fired) == (None, ("TGT-07",))


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


BOUGHT_AND_USED = {"beneficiary": "works", "purpose": "own use", "date": "2024-03-01"}


def test_tgt_07_and_s2_05_speak_of_credits_that_were_bought(group):
    group.projects["mill"]["credits"] = "none"
    group.moved("acquired", "bought", 1, 4000, date="2024-02-01")
    group.moved("retired", "bought", 1, 4000, **BOUGHT_AND_USED)
    group.more["targets"] = [TARGET]
    assert not fires(group, "S2-05")  # no scope 2 in the inventory
    group.more["inventory"] = [{**LINE, "id": "s2", "scope": "2", "basis": "location", "current": "5"}]
    disclosure = group.disclose()
    assert [hit.tonnes for hit in hits_of(disclosure, "TGT-07", "caveat")] == [4000]
    assert [hit.tonnes for hit in hits_of(disclosure, "S2-05", "caveat")] == [4000]
    assert cell_of(disclosure, "gri_305_2016", "305-2.location").fired == ("S2-05",)
    assert "TGT-07" in cell_of(disclosure, "esrs_e1_2023", "E1-4.contribution").fired


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
    (hit,) = hits_of(disclosure, "RET-08", "move")
    assert [hit.tonnes, hit.moved_to] == [30, "retired_own"]
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


def test_ret_08_is_silent_where_nothing_is_retired(group):
    assert not fires(group, "RET-08")


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


def unstated(name, tonnes):
    """Make a result whose methodology has a potential of methane, and which does not tell of which set it is."""
    data = result_data(name, tonnes, gwp="ar5")
    del data["quantities"][-1]["origins"]
    return {**data, "digest": data_digest({key: value for key, value in data.items() if key != "digest"})}


def test_gwp_10_takes_two_sets_that_are_not_stated_for_different(group):
    for name in ("one", "two"):
        group.project(name, unstated(name, {2024: 50}))
    group.more["targets"] = [TARGET]
    disclosure = group.disclose()
    assert sum_of(disclosure, "T1", "claimed") is None
    assert disclosure.targets[0].contribution.value is None
    assert "gwp:" in hits_of(disclosure, "GWP-10", "block")[0].zh
    for name in ("one", "two"):
        group.projects[name]["gwp"] = "ar5"
    assert group.disclose().targets[0].contribution.value == 200


def test_gwp_10_refuses_the_sum_of_results_of_one_project_of_different_sets(group, tmp_path):
    series = {"EG": ("MWh", "month", {**months(2023, [1] * 12), **months(2024, [1] * 12)})}
    group.project("mill", result_data("mill", {2023: 100}, gwp="ar4", series=series), split_by="EG")
    (tmp_path / "later.json").write_text(json.dumps(result_data("later", {2024: 100}, gwp="ar5", series=series)))
    group.projects["mill"]["results"].append({"path": "later.json", **VERIFIED})
    group.more["reporting_year"] = FISCAL
    disclosure = group.disclose()
    assert [shown(disclosure, "T1", f"mill/{vintage}", "claimed") for vintage in (2023, 2024)] == [50, 50]
    assert sum_of(disclosure, "T1", "claimed") is None


def test_gwp_10_blocks_a_year_of_which_the_results_have_different_sets(group, tmp_path):
    early = result_data("mill", {2024: 40}, period=("2024-01-01", "2024-06-30"), gwp="ar4")
    late = result_data("late", {2024: 60}, period=("2024-07-01", "2024-12-31"), gwp="ar5")
    group.project("mill", early)
    (tmp_path / "late.json").write_text(json.dumps(late))
    group.projects["mill"]["results"].append({"path": "late.json", **VERIFIED})
    disclosure = group.disclose()
    year = year_of(disclosure, "mill")
    assert year.figure("claimed_reduction").value is None
    assert year.disposition.not_claimable == {"undetermined": 100}


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


def test_per_11_takes_no_undated_investment_for_capital_of_the_year(group):
    group.projects["mill"] |= {"investment": 9800, "currency": "万元"}
    cell = cell_of(group.disclose(), "ifrs_s2_2023", "29e.investment")
    assert cell.number is not None
    assert (cell.number.value, cell.fired) == (None, ("PER-11",))
    assert "9,800 万元" in cell.why[0].zh


def test_capital_of_the_year_is_at_the_share_and_includes_what_is_outside(group):
    spent = {"2023-12-31": 500, 2024: 100}
    group.projects["mill"] |= {"owner": "partly", "investment": spent, "currency": "万元"}
    wind = result_data("wind", {2024: 9})
    group.project("wind", wind, effect="avoided", investment={"2024-05-01": 7}, currency="万元")
    disclosure = group.disclose()
    assert not hits_of(disclosure, "PER-11")
    cell = cell_of(disclosure, "ifrs_s2_2023", "29e.investment")
    assert cell.number is not None
    assert (cell.number.value, cell.number.unit) == (47, "万元")
    table = disclosure_tables(disclosure)["T1"]
    assert [table.rows[0].cells[table.position(name)] for name in ("currency",)] == [same("万元")]
    group.more["reporting_year"] = FISCAL
    with pytest.raises(ProjectError, match="takes in only a part of 2024, for which investments are given"):
        group.disclose()


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


@pytest.mark.parametrize(("status", "column"), [("ex_ante", "expected"), ("monitored", "estimated")])
def test_shr_12_applies_the_share_to_tonnes_that_are_not_verified(group, status, column):
    group.projects["mill"]["owner"] = "partly"
    group.projects["mill"]["results"] = [{"path": "mill.json", "status": status}]
    disclosure = group.disclose()
    assert shown(disclosure, "T1", "mill/2024", column) == 40
    (hit,) = hits_of(disclosure, "SHR-12", "move")
    assert hit.tonnes == 60
    group.projects["mill"]["excluded"] = "production_cut"
    assert shown(group.disclose(), "T1", "mill/2024", column) == 0


def test_shr_12_applies_the_share_to_what_is_avoided(group):
    group.projects["mill"] |= {"owner": "partly", "effect": "avoided"}
    disclosure = group.disclose()
    assert shown(disclosure, "T5", "mill/2024", "avoided") == 40
    assert year_of(disclosure, "mill").disposition.not_claimable == {"outside_boundary": 40, "others_share": 60}
    table = disclosure_tables(disclosure)["T5"]
    assert table.rows[0].cells[table.position("share")] == same("40.00%")
    group.projects["mill"]["excluded"] = "outsourcing"
    assert shown(group.disclose(), "T5", "mill/2024", "avoided") == 0


def test_shr_12_applies_the_share_to_credits_that_are_held(group):
    group.projects["mill"]["owner"] = "partly"
    group.moved("issued", "mill", 1, 50)
    disclosure = group.disclose()
    assert [shown(disclosure, "T1", "mill/2024", name) for name in ("held", "claimed", "claimable")] == [50, 20, 40]
    (hit,) = hits_of(disclosure, "SHR-12", "caveat")
    assert hit.tonnes == 30
    group.projects["mill"]["excluded"] = "production_cut"
    assert shown(group.disclose(), "T1", "mill/2024", "claimable") == 0


def test_shr_12_applies_the_share_to_reversals_and_emissions_of_a_removal(group):
    removal = {**REMOVAL, "reversals": {2024: 30}}
    group.project("trees", result_data("trees", {2024: 100}), effect="removal", removal=removal, owner="partly")
    disclosure = group.disclose()
    columns = ("claimed", "own_emissions", "reversals")
    assert [shown(disclosure, "T4", "trees/2024", name) for name in columns] == [40, Decimal("4.8"), 12]


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

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

import tonne
from tests.esg.disclosure.group import cells_of
from tonne.cli import cli
from tonne.esg.disclosure.amounts import Number
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.tables import disclosure_tables

GROUP = Path(__file__).resolve().parents[3] / "examples" / "esg_group"
FILES = {"disclosure.en.docx", "disclosure.zh.docx", "disclosure.xhtml", "disclosure.xlsx", "facts.json"}


@pytest.fixture(scope="module")
def disclosed() -> Disclosure:
    return tonne.disclose(GROUP)


def test_every_verified_tonne_of_the_group_is_in_one_place(disclosed):
    for project, vintage, verified, where in disclosed.conservation():
        assert verified == where.total, (project, vintage)


def test_sold_and_held_credits_of_the_wind_farm_are_in_no_claim(disclosed):
    where = next(
        found for project, year, _, found in disclosed.conservation() if (project, year) == ("offshore_wind", 2023)
    )
    assert (where.transferred, where.retired_for_others, where.held, where.retired_own) == (120000, 3000, 42000, 5000)
    assert where.not_claimable == {"outside_boundary": 3101}
    assert where.claimed_reduction == 0


def test_credits_of_the_wind_farm_are_not_of_outside_the_value_chain(disclosed):
    cells = cells_of(disclosed)
    assert cells["esrs_e1_2023/E1-7.credits_cancelled"].number.value == 4000
    assert cells["esrs_e1_2023/E1-7.share_removal"].number.value == 1
    assert cells["esrs_e1_2023/E1-7.share_adjusted"].number.value == 0
    used = cells["ifrs_s2_2023/36e.used"]
    assert used.number.value == 9000
    assert [hit.tonnes for hit in used.why] == [5000]


def test_a_share_of_sixty_percent_is_applied_to_waste_heat(disclosed):
    (year,) = (year for year in disclosed.reported if year.project == "waste_heat_power")
    assert year.disposition.claimed_reduction == year.verified * Decimal("0.6")


def test_the_columns_of_a_measure_add_up_and_held_credits_are_claimable_at_the_share(disclosed):
    table = disclosure_tables(disclosed)["T1"]
    row = next(row for row in table.rows if row.key == "coal_mine_methane/2024")
    cells = zip(table.columns, row.cells, strict=True)
    amounts = {column.key: cell.value or Decimal(0) for column, cell in cells if isinstance(cell, Number)}
    names = ("claimed", "transferred", "retired_own", "retired_for_others", "held", "others_share", "not_counted")
    assert sum(amounts[name] for name in names) == amounts["verified"] == 104890
    assert [amounts["claimed"], amounts["claimable"]] == [32934, 32934 + 18000 * Decimal("0.6")]


def test_capital_of_the_year_counts_with_the_share(disclosed):
    table = disclosure_tables(disclosed)["I"]
    cells = {row.key: row.cells[table.position("deployed")] for row in table.rows}
    deployed = {key: cell.value for key, cell in cells.items() if isinstance(cell, Number)}
    assert deployed == {"offshore_wind": 0, "coal_mine_methane": 5880, "waste_heat_power": 0, "motor_retrofit": 186}


def test_registered_projects_stand_in_t2_though_nothing_moved(disclosed):
    keys = [row.key for row in disclosure_tables(disclosed)["T2"].rows]
    assert {"coal_mine_methane/registered", "solar_thermal/registered"} <= set(keys)


def test_what_cannot_be_divided_is_undetermined(disclosed):
    (year,) = (year for year in disclosed.reported if year.project == "solar_thermal")
    assert year.figure("verified").value is None


def test_the_group_is_what_the_issue_asks_for(disclosed):
    assert len(disclosed.projects) >= 5
    assert len(disclosed.entity.members) == 2
    assert not disclosed.entity.is_calendar_year


def test_the_command_writes_all_files_and_ends_with_one_for_an_undetermined_cell(tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(cli, ["esg", str(GROUP), "--out", str(out), "--json"])
    assert done.exit_code == 1, done.output
    printed = json.loads(done.output)
    assert {row["project"] for row in printed["tonnes"]} == set(tonne.disclose(GROUP).projects)
    assert {path.name for path in out.iterdir()} >= FILES

import dataclasses
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.esg.disclosure.sample import NO_LEDGER, YEARS, project, retirement, sample, text, where, year
from tonne.engine.errors import ReportError
from tonne.esg.disclosure.amounts import UNDETERMINED, Number
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.facts import Disposition
from tonne.esg.disclosure.flow import tonne_flow
from tonne.esg.disclosure.mapping import CLAIMS, mapping_ids
from tonne.esg.disclosure.statement import statement_rows
from tonne.esg.disclosure.tables import disclosure_tables
from tonne.esg.document import Phrase
from tonne.esg.sheet import letter


def cells(disclosure, name):
    tables = disclosure_tables(disclosure)
    return {cell.mapped.id: cell for cell in filled_frameworks(disclosure, tables, [name])[0].cells}


def column(table, key):
    return {row.key: row.cells[table.position(key)] for row in table.rows}


def shown_number(cell):
    assert isinstance(cell, Number)
    return cell


def value(cell):
    return cell.value if isinstance(cell, Number) else None


def test_sold_tonnes_leave_the_claim_and_stand_as_transferred():
    table = disclosure_tables(sample())["T1"]
    assert value(column(table, "transferred")["boiler/2024"]) == 40
    assert value(column(table, "claimable")["boiler/2024"]) == 60
    assert value(column(table, "claimed")["boiler/2024"]) == 50
    assert cells(sample(), "gri_305_2016")["305-5.scope_1"].number.value == 80


def test_the_columns_of_a_measure_add_up_to_its_verified_tonnes():
    parts = where(
        claimed_reduction=50,
        held=10,
        transferred=20,
        retired_own=6,
        retired_for_others=3,
        not_claimable={"others_share": 9, "unusable_record": 2},
    )
    tables = disclosure_tables(sample(years=(year("boiler", "100", parts, verified=Decimal(100)),)))
    names = ("claimed", "transferred", "retired_own", "retired_for_others", "held", "others_share", "not_counted")
    assert sum(value(column(tables["T1"], name)["boiler/2024"]) for name in names) == 100
    (row,) = tables["C"].rows
    assert [value(row.cells[tables["C"].position(name)]) for name in ("claimed", "retired_own")] == [50, 6]


def test_an_undecided_row_makes_its_sum_undetermined_and_says_why():
    disclosure = sample()
    claimed = column(disclosure_tables(disclosure)["T1"], "claimed")["motors/2024"]
    assert claimed.text == UNDETERMINED
    cell = cells(disclosure, "gri_305_2016")["305-5.scope_2"]
    assert cell.number.value is None
    assert cell.text == UNDETERMINED
    assert cell.why == (NO_LEDGER,)


def test_tonnes_outside_the_boundary_stand_in_t5_only():
    tables = disclosure_tables(sample())
    assert "solar/2024" not in column(tables["T1"], "claimed")
    assert value(column(tables["T5"], "avoided")["solar/2024"]) == Decimal("50.5")


def test_removals_stand_apart_with_reversals_and_own_emissions():
    tables = disclosure_tables(sample())
    assert "forest/2024" not in column(tables["T1"], "claimed")
    row = {
        key: value(column(tables["T4"], key)["forest/2024"])
        for key in ("verified", "claimed", "own_emissions", "reversals")
    }
    assert row == {"verified": 20, "claimed": 8, "own_emissions": 12, "reversals": Decimal("0.8")}
    used = {line.label.en: value(line.cells[tables["T3"].position("tonnes")]) for line in tables["T3"].sums}
    assert used == {"Subtotal (reduction)": 15, "Subtotal (removal)": 5}


def test_unverified_tonnes_stand_under_expected_or_estimated_and_nowhere_else():
    table = disclosure_tables(sample())["T1"]
    for row, kind in (("pumps/2024", "estimated"), ("kiln/2024", "expected")):
        with_numbers = {key for key in ("expected", "estimated", "verified", "claimed", "claimable", "transferred")
                        if isinstance(column(table, key)[row], Number)}  # fmt: skip
        assert with_numbers == {kind}
    filled = cells(sample(), "esrs_e1_2023")
    assert filled["E1-3.expected"].number.value == 500


def test_inventory_is_repeated_with_the_characters_it_was_written_in():
    disclosure = sample()
    shown = {row.key: shown_number(row.cells[1]).text.zh for row in disclosure_tables(disclosure)["T6"].rows}
    assert shown == {line.id: line.current for line in disclosure.inventory}
    more = sample(years=(*YEARS, year("boiler", "1000", where(claimed_reduction=1000), 2022, verified=Decimal(1000))))
    for name in mapping_ids():
        before, after = cells(disclosure, name), cells(more, name)
        for id_, cell in before.items():
            if cell.mapped.feeds == "inventory":
                assert cell.text == after[id_].text


def test_a_net_inventory_line_is_not_shown():
    hit = dataclasses.replace(NO_LEDGER, subject="s1")
    lines = tuple(
        dataclasses.replace(line, is_gross=False, hits=(hit,)) if line.id == "s1" else line
        for line in sample().inventory
    )
    assert cells(sample(inventory=lines), "gri_305_2016")["305-1"].text == UNDETERMINED


def test_potentials_of_two_sets_are_not_added_up():
    projects = {**sample().projects, "kiln2": project("kiln2", text("二号窑"), gwp="ar5")}
    four = tuple(dataclasses.replace(item, gwp="ar4") if item.project == "boiler" else item for item in YEARS)
    years = (*four, year("kiln2", "7", where(claimed_reduction=7), verified=Decimal(7), gwp="ar5"))
    cell = cells(sample(projects=projects, years=years), "gri_305_2016")["305-5.scope_1"]
    assert cell.number.value is None
    assert [hit.rule for hit in cell.why] == ["GWP-10"]
    assert "AR4" in cell.why[0].zh


def test_a_cell_without_facts_says_so_and_shows_no_zero():
    assert cells(sample(), "gri_305_2016")["305-5.scope_3"].text.zh == "本期无相关数据"
    assert cells(sample(inventory=()), "gri_305_2016")["305-1"].text.zh == "清单未提供"
    assert cells(sample(), "gri_305_2016")["305-4"].number is None


def test_shares_of_credits_used():
    filled = cells(sample(), "esrs_e1_2023")
    assert filled["E1-7.share_reduction"].text.zh == "75.00%"
    assert filled["E1-7.share_adjusted"].number.value is None  # of fifteen tonnes nobody says whether there is one
    told = sample(
        retirements=(
            retirement(corresponding_adjustment=False),
            retirement("removal", 5, corresponding_adjustment=True),
        )
    )
    assert cells(told, "esrs_e1_2023")["E1-7.share_adjusted"].number.value == Decimal("0.25")


def test_shares_of_credits_used_by_standard_and_from_the_european_union():
    one, other = sample().retirements
    found = (one, dataclasses.replace(other, standard="GS", country="PT"))
    filled = cells(sample(retirements=found), "esrs_e1_2023")
    assert filled["E1-7.standards"].text.en == "GS: 25.00%; VCS: 75.00%"
    assert filled["E1-7.share_eu"].number.value == Decimal("0.25")
    unclear = (one, dataclasses.replace(other, country="Portugal"))
    assert cells(sample(retirements=unclear), "esrs_e1_2023")["E1-7.share_eu"].number is None
    assert cells(sample(retirements=()), "esrs_e1_2026")["E1-9.standards"].text.zh == "本期无相关数据"


def test_credits_of_an_incomplete_record_feed_no_cell():
    unusable = tuple(dataclasses.replace(item, usable=False) for item in sample().retirements)
    assert cells(sample(retirements=unusable), "cn_exchanges_2024")["art24.credits"].number is None


def test_amounts_in_several_currencies_are_listed_and_not_added():
    projects = dict(sample().projects)
    projects["motors"] = dataclasses.replace(projects["motors"], currency="EUR")
    cell = cells(sample(projects=projects), "ifrs_s2_2023")["29e.investment"]
    assert cell.number is None
    assert "1,200 EUR" in cell.text.en


def test_a_tonne_that_is_lost_stops_the_flow():
    with pytest.raises(ReportError, match="the tonnes of boiler, vintage 2024, are not all somewhere"):
        tonne_flow(sample(years=(year("boiler", "100", where(claimed_reduction=99), verified=Decimal(100)),)))


amounts = st.decimals(min_value=0, max_value=10**9, places=3)
BUCKETS = (
    "claimed_reduction",
    "claimed_removal",
    "claimed_before",
    "retired_own",
    "transferred",
    "retired_for_others",
    "held",
)
dispositions = st.builds(
    lambda values, reasons: Disposition(**values, not_claimable=reasons),
    st.fixed_dictionaries(dict.fromkeys(BUCKETS, amounts)),
    st.dictionaries(st.sampled_from(["outside_boundary", "others_share", "undetermined", "other_period"]), amounts),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(dispositions, min_size=1, max_size=30))
def test_the_flow_of_any_disposition_closes_exactly(given_):
    projects = {f"p{number}": project(f"p{number}", text(f"项目{number}")) for number in range(len(given_))}
    years = tuple(
        year(f"p{number}", "0", item, verified=item.total) for number, item in enumerate(given_)
    )  # fmt: skip
    disclosure = sample(projects=projects, years=years, hits=())
    flow = tonne_flow(disclosure)
    assert flow.total == sum(item.total for item in given_)
    assert sum(flow.of_source(source) for source in flow.sources) == flow.total
    table = disclosure_tables(disclosure)["C"]
    assert {value(cell) for cell in column(table, "difference").values()} == {Decimal(0)}


effects = st.sampled_from(["reduction", "removal", "avoided"])
statuses = st.sampled_from(["verified", "monitored", "ex_ante"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(effects, statuses, st.sampled_from([None, "1", "2", "3.6"]), dispositions), min_size=1, max_size=12
    )
)
def test_no_framework_claims_more_than_the_dispositions_hold(given_):
    projects, years = {}, []
    for number, (effect, status, scope, item) in enumerate(given_):
        id_ = f"p{number}"
        projects[id_] = project(id_, text(id_), effect=effect, status=status, scope=scope)
        years.append(year(id_, "0", item, verified=item.total))
    disclosure = sample(projects=projects, years=tuple(years), hits=(), retirements=())
    tables = disclosure_tables(disclosure)
    for framework in filled_frameworks(disclosure, tables, mapping_ids()):
        claims = [cell for cell in framework.cells if cell.mapped.feeds in CLAIMS and cell.number and cell.number.value]
        claimed = sum(cell.number.value for cell in claims if cell.number and cell.number.value)
        assert claimed <= sum(item.claimed_reduction + item.claimed_removal for *_, item in given_)
        terms = [(term.key, cell.mapped.feeds) for cell in claims for term in cell.terms]
        assert len({key for key, _ in terms}) == len(terms)  # a row feeds one claim of a framework
        for cell in framework.cells:
            if cell.mapped.feeds == "reduction_expected":
                assert {projects[term.key.partition("/")[0]].status for term in cell.terms} <= {"ex_ante"}


def test_columns_beyond_the_alphabet_have_two_letters():
    assert [letter(position) for position in (0, 25, 26, 51, 52, 701)] == ["A", "Z", "AA", "AZ", "BA", "ZZ"]


def test_each_result_stands_with_the_statement_that_verifies_it_and_its_open_findings():
    disclosure = sample()
    table = disclosure_tables(disclosure)["V"]
    assert [row.key for row in table.rows] == list(disclosure.projects)
    for row, facts in zip(table.rows, disclosure.projects.values(), strict=True):
        name, methodology, _, statement, findings = (cell for cell in row.cells if isinstance(cell, Phrase))
        assert [name.en, methodology.zh] == [facts.name.en, facts.methodology_title.zh]
        assert [statement.en, findings.en] == [facts.verification or "—", str(facts.open_findings)]
        assert row.lineage[0].digest == facts.result_digest


def test_the_statement_of_basis_is_of_one_language_in_each_language():
    rows = list(statement_rows(sample()))
    said = [value for _, value, _ in rows if "SHA-256" in value.en]
    assert said
    assert not any(re.search("[\u4e00-\u9fff]", value.en) for value in said)
    assert any("向下取整" in value.zh for value in said)

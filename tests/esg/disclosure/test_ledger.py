from pathlib import Path

import pytest
import xlsxwriter

from tests.esg.disclosure.group import COLUMNS, Group, hits_of, refused, result_data, year_of

OWN = {"beneficiary": "works", "purpose": "own use"}


@pytest.fixture
def group(tmp_path: Path) -> Group:
    made = Group(tmp_path)
    made.project("mill", result_data("mill", {2024: 100}))
    made.moved("issued", "mill", 1, 60)
    return made


def test_serials_that_are_issued_twice_name_both_rows(group):
    group.moved("issued", "mill", 60, 70)
    message = refused(group)
    assert "ledger.csv:3 (column serial_first)" in message
    assert "row 2 has issued mill-000001 … mill-000060" in message


@pytest.mark.parametrize(
    "block", ["MILL-", "mill - ", " ｍｉｌｌ－", "mill‐", "mill—", "mi\u200bll-", "m𝐢ll-", "mill-000 "]
)
def test_a_block_in_another_writing_is_the_same_block(group, block):
    group.moved("issued", "mill", 1, 40, serial_first=f"{block}1", serial_last=f"{block}40")
    message = refused(group)
    assert "serials enter the ledger twice" in message
    assert "row 2 has issued mill-000001 … mill-000060" in message


def test_a_block_in_another_writing_leaves_what_it_entered(group):
    group.moved("retired", "mill", 1, 10, serial_first="Mill—１", serial_last="ＭＩＬＬ-10", **OWN)
    assert year_of(group.disclose(), "mill").disposition.held == 50


@pytest.mark.parametrize("block", ["mill2-", "millA-", "mill/", "厂-", "矿-"])
def test_another_block_is_another(group, block):
    group.moved("issued", "mill", 1, 40, serial_first=f"{block}1", serial_last=f"{block}40")
    assert year_of(group.disclose(), "mill").disposition.held == 100


@pytest.mark.parametrize("first", ["transferred", "retired"])
@pytest.mark.parametrize("second", ["transferred", "retired"])
def test_serials_that_leave_twice_name_both_rows(group, first, second):
    group.moved(first, "mill", 1, 20, date="2025-04-01", **OWN)
    group.moved(second, "mill", 20, 30, date="2025-04-02", **OWN)
    message = refused(group)
    assert "ledger.csv:4" in message
    assert f"row 3 has {first}" in message


def test_the_same_serial_written_with_fewer_zeros_is_the_same_serial(group):
    group.moved("transferred", "mill", 1, 20, date="2025-04-01")
    group.moved("transferred", "mill", 5, 5, date="2025-04-02", serial_first="mill-5", serial_last="mill-5")
    assert "row 3 has transferred" in refused(group)


def test_more_than_is_held_cannot_leave(group):
    group.moved("transferred", "mill", 50, 61, date="2025-04-01")
    assert "row 2 has mill-000001 … mill-000060" in refused(group)


def test_what_never_entered_cannot_leave(group):
    group.moved("transferred", "mill", 90, 91, date="2025-04-01")
    assert "never entered" in refused(group)


def test_a_balance_is_never_negative_on_any_day(group):
    group.moved("transferred", "mill", 1, 10, date="2025-02-28")
    assert "before row 2 brought them in on 2025-03-01: a negative balance" in refused(group)


def test_issuance_never_exceeds_what_is_verified(group):
    group.moved("issued", "mill", 61, 101)
    message = refused(group)
    assert "ledger.csv:3 (column amount): 101 t of mill 2024" in message
    assert "entity.yaml:" in message


def test_issuance_needs_a_result_of_its_vintage(group):
    group.moved("issued", "mill", 61, 70, vintage=2023)
    assert "10 t of mill 2023" in refused(group)


def test_unverified_tonnes_cannot_be_issued(group):
    group.projects["mill"]["results"][0] = {"path": "mill.json", "status": "monitored"}
    assert "at most the 0 t" in refused(group)


def test_a_movement_under_another_vintage_names_the_entry(group):
    group.moved("transferred", "mill", 1, 10, date="2025-04-01", vintage=2023)
    assert "entered in row 2 as mill 2024" in refused(group)


def test_a_holding_that_was_sold_before_names_both_rows(group):
    group.moved("transferred", "mill", 31, 40, date="2025-04-01")
    group.moved("held", "mill", 1, 60, date="2025-04-01")
    assert "ledger.csv:4" in refused(group)
    assert "row 3 took some of it away on 2025-04-01" in refused(group)


def test_a_holding_that_begins_inside_a_sold_range_is_found(group):
    group.moved("transferred", "mill", 1, 40, date="2025-04-01")
    group.moved("held", "mill", 40, 60, date="2025-05-01")
    assert "row 3 took some of it away" in refused(group)


def test_a_holding_on_a_day_before_the_sale_stands(group):
    group.moved("transferred", "mill", 31, 40, date="2025-04-02")
    group.moved("held", "mill", 1, 60, date="2025-04-01")
    assert year_of(group.disclose(), "mill").disposition.held == 50


def test_a_holding_of_what_never_entered_is_refused(group):
    group.moved("held", "mill", 1, 61, date="2025-04-01")
    assert "never entered as a whole" in refused(group)


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        ({"date": ""}, "date", "every movement is dated"),
        ({"date": "2025-02-30"}, "date", "a day such as"),
        ({"movement": "sold"}, "movement", "issued, acquired, held, transferred, retired"),
        ({"vintage": "24"}, "vintage", "a calendar year"),
        ({"amount": "11"}, "amount", "the count of the serials"),
        ({"amount": "9.5"}, "amount", "the count of the serials"),
        ({"serial_last": "other-70"}, "serial_last", "the first serial with"),
        ({"serial_first": "mill-x"}, "serial_first", "ends in a number"),
        ({"instrument": "share"}, "instrument", "credit or certificate"),
        ({"corresponding_adjustment": "perhaps"}, "corresponding_adjustment", "yes, no"),
        ({"period_start": "2023-12-01", "period_end": "2024-01-31"}, "period_start", "inside the vintage year"),
        ({"source": "mil"}, "source", "did you mean mill?"),
        ({"source": "bought"}, "movement", "credits of others enter as `acquired`"),
        ({"movement": "acquired"}, "movement", "they cannot be bought back here"),
    ],
)
def test_a_wrong_cell_is_named_with_row_and_column(group, cells, column, expected):
    group.moved("issued", "mill", 61, 70, **cells)
    message = refused(group)
    assert f"ledger.csv:3 (column {column})" in message
    assert expected in message


def test_credits_of_a_project_that_says_it_has_none_are_refused(group):
    group.projects["mill"]["credits"] = "none"
    assert "`credits: none`" in refused(group)


def test_credits_issued_before_their_tonnes_arose_are_refused(group):
    group.moved("issued", "mill", 61, 70, date="2024-06-30", period_start="2024-04-01", period_end="2024-06-30")
    assert "before the tonnes of 2024 arose" in refused(group)


def test_balances_of_the_reporting_year_add_up(group):
    group.rows[0]["date"] = "2024-09-01"
    group.moved("acquired", "bought", 1, 50, date="2023-05-01", vintage=2021)
    group.moved("transferred", "bought", 1, 5, date="2023-06-01", vintage=2021)
    group.moved("retired", "bought", 6, 15, date="2024-05-01", vintage=2021, **OWN, corresponding_adjustment="yes")
    group.moved("retired", "bought", 16, 18, date="2024-05-01", vintage=2021, beneficiary="a customer", purpose="x")
    group.moved("transferred", "bought", 19, 20, date="2025-05-01", vintage=2021)
    disclosure = group.disclose()
    account = disclosure.accounts[0]
    assert [account.source, account.held_at_start, account.held_at_end] == ["bought", 45, 32]
    assert [account.retired_own, account.retired_for_others, account.transferred] == [10, 3, 0]
    (retirement,) = disclosure.retirements
    assert [retirement.tonnes, retirement.corresponding_adjustment] == [10, True]
    assert retirement.serials == ("bought-000006 … bought-000015",)


def test_a_member_that_is_held_in_part_counts_its_share_of_what_it_retires(group):
    group.rows[0]["date"] = "2024-09-01"
    group.moved("retired", "mill", 1, 10, date="2024-10-01", beneficiary="partly", purpose="own use")
    disclosure = group.disclose()
    assert [disclosure.retirements[0].tonnes, disclosure.retirements[0].retired] == [4, 10]
    where = year_of(disclosure, "mill").disposition
    assert [where.retired_own, where.not_claimable["others_share"]] == [4, 6]


def test_credits_of_an_earlier_claim_are_a_double_claim(group):
    group.project("mill", result_data("mill", {2023: 80, 2024: 100}))
    group.more["claimed_before"] = [{"project": "mill", "vintage": 2023, "tonnes": 30, "report": "ESG 2023"}]
    group.moved("issued", "mill", 61, 110, vintage=2023)
    assert {
        (vintage, where.claimed_before, where.held, where.unclaimable)
        for _, vintage, _, where in group.disclose().conservation()
        if vintage == 2023
    } == {(2023, 30, 50, 0)}
    group.rows[1] |= {"serial_last": "mill-000111", "amount": 51}
    assert "claimed before, and 51 t of the same were issued" in refused(group)


def test_undated_credits_are_taken_from_the_reporting_year_first(group):
    series = {"EG": ("MWh", "month", {f"2024-{month:02d}": "1" for month in range(1, 13)})}
    group.project("mill", result_data("mill", {2024: 100}, series=series), split_by="EG")
    group.more["reporting_year"] = {"start": "2023-07-01", "end": "2024-06-30"}
    assert year_of(group.disclose(), "mill").disposition.claimed == 0
    group.rows[0] |= {"period_start": "2024-07-01", "period_end": "2024-12-31"}
    group.rows[0] |= {"serial_last": "mill-000050", "amount": 50}
    assert year_of(group.disclose(), "mill").disposition.claimed == 50


def test_a_workbook_is_read_as_the_same_ledger(group, tmp_path):
    group.moved("transferred", "mill", 1, 40, date="2025-04-01")
    as_text = group.disclose()
    book = xlsxwriter.Workbook(tmp_path / "ledger.xlsx")
    sheet = book.add_worksheet("台账")
    for at, row in enumerate([dict(zip(COLUMNS, COLUMNS, strict=True)), *group.rows]):
        for column, name in enumerate(COLUMNS):
            sheet.write(at, column, row.get(name, ""))
    book.close()
    group.more["ledger"] = {"file": "ledger.xlsx"}
    as_workbook = group.disclose()
    assert as_workbook.years[0].disposition == as_text.years[0].disposition
    group.rows.append({**group.rows[0]})


def test_a_ledger_outside_the_folder_is_refused(group):
    group.more["ledger"] = {"file": "../ledger.csv"}
    assert "leads outside" in refused(group)


EARLIER = {"project": "mill", "vintage": 2024, "tonnes": 40, "report": "ESG 2023/24"}
COVERS = {"start": "2023-07-01", "end": "2024-06-30"}


def test_tonnes_of_an_overlapping_earlier_report_are_not_claimed_again(group):
    group.rows.clear()
    group.more["claimed_before"] = [{**EARLIER, "covers": COVERS}]
    disclosure = group.disclose()
    where = year_of(disclosure, "mill").disposition
    assert [where.claimed_reduction, where.claimed_before] == [60, 40]
    assert [hit.moved_to for hit in hits_of(disclosure, "RET-08", "move")] == ["claimed_before"]


def test_two_earlier_reports_of_one_vintage_both_count(group):
    group.rows.clear()
    group.more["claimed_before"] = [{**EARLIER, "covers": COVERS}] * 2
    assert year_of(group.disclose(), "mill").disposition.claimed_reduction == 20
    group.more["claimed_before"] *= 2
    assert "120 t of 2024 were claimed before" in refused(group)


def test_an_earlier_report_of_a_divided_year_takes_from_the_days_it_covered(group):
    series = {"EG": ("MWh", "month", {f"2024-{month:02d}": "1" for month in range(1, 13)})}
    group.rows.clear()
    group.project("mill", result_data("mill", {2024: 100}, series=series), split_by="EG")
    group.more["reporting_year"] = {"start": "2024-04-01", "end": "2025-03-31"}
    group.more["claimed_before"] = [EARLIER]
    assert "40 t of 2024 were claimed before" in refused(group)
    group.more["claimed_before"] = [{**EARLIER, "covers": COVERS}]
    assert year_of(group.disclose(), "mill").disposition.claimed_reduction == 35
    group.more["claimed_before"] = [{**EARLIER, "tonnes": 20, "covers": {**COVERS, "end": "2024-03-31"}}]
    assert year_of(group.disclose(), "mill").disposition.claimed_reduction == 75


@pytest.mark.parametrize(
    ("covers", "message"),
    [
        (None, "say so by `covers: {start, end}`"),
        ({"start": "2022-07-01", "end": "2023-06-30"}, "covers no day of the results of this vintage"),
        ({"start": "2024-07-01", "end": "2023-06-30"}, "the last day is not before the first"),
    ],
)
def test_an_earlier_claim_of_this_year_says_which_days_it_covered(group, covers, message):
    group.rows.clear()
    group.more["claimed_before"] = [{**EARLIER, **({"covers": covers} if covers else {})}]
    assert message in refused(group)


@pytest.mark.parametrize("name", ["WORKS ", "ｗｏｒｋｓ", "Works", " 工 厂"])
def test_a_beneficiary_in_another_writing_is_the_same_member(group, name):
    group.rows[0]["date"] = "2024-09-01"
    group.moved("retired", "mill", 1, 10, date="2024-10-01", beneficiary=name, purpose="own use")
    disclosure = group.disclose()
    assert disclosure.retirements[0].tonnes == 10
    assert year_of(disclosure, "mill").disposition.retired_for_others == 0


def test_a_beneficiary_of_another_name_is_another(group):
    group.moved("retired", "mill", 1, 10, beneficiary="Workshop", purpose="theirs")
    assert year_of(group.disclose(), "mill").disposition.retired_for_others == 10

import datetime

import pytest

from tests.esg.disclosure.group import REMOVAL, TEXT, claims, hits_of, refused, result_data, year_of

LINE = {"scope": "1", "current": "5", "amounts": "gross", "source": TEXT}
WORKS = {"zh": "工厂", "en": "Works"}
OTHER = {"zh": "另一工厂", "en": "Other works"}
OWN = {"beneficiary": "works", "purpose": "own use"}


@pytest.mark.parametrize(
    ("boundary", "scope", "message"),
    [
        ("own", None, "touches a scope of the inventory, and mill names none"),
        ("upstream", None, "touches a scope"),
        ("downstream", "1", "the scope of mill does not go with its boundary"),
        ("own", "3.11", "expected scope 1 or 2, found scope 3.11, boundary own at"),
        ("upstream", "3.9", "expected scope 3.1 to 3.8"),
        ("downstream", "3.15", "what investments reduce is reduced by others"),
    ],
)
def test_a_scope_goes_with_its_boundary(group, boundary, scope, message):
    group.projects["mill"] |= {"boundary": boundary, "scope": scope}
    assert message in refused(group)


@pytest.mark.parametrize(
    ("boundary", "scope"), [("own", "2"), ("upstream", "3.1"), ("downstream", "3.14"), ("outside", None)]
)
def test_a_scope_that_goes_with_its_boundary_is_taken(group, boundary, scope):
    group.projects["mill"] |= {"boundary": boundary, "scope": scope}
    assert group.disclose().projects["mill"].scope == scope


def test_a_removal_needs_no_scope(group):
    group.project("trees", result_data("trees", {2024: 70}), effect="removal", removal=REMOVAL, scope=None)
    assert claims(group.disclose())["trees"] == 70


@pytest.mark.parametrize("approach", ["operational_control", "financial_control"])
def test_under_control_a_member_counts_whole_or_not_at_all(group, approach):
    group.more["approach"] = approach
    assert "expected 100 % or 0 %, found 40.0000%" in refused(group)
    group.more["members"] = {"works": {"name": WORKS, "share": "100 %"}, "sold": {"name": OTHER, "share": "0 %"}}
    assert claims(group.disclose()) == {"mill": 100}


@pytest.mark.parametrize("name", [WORKS, {"zh": "别名", "en": "works "}])
def test_members_with_a_name_in_common_have_one_share(group, name):
    members = {"works": {"name": WORKS, "share": "100 %"}, "twin": {"name": name, "share": "10 %"}}
    group.more["members"] = members
    assert "members works and twin have a name in common" in refused(group)
    members["twin"]["share"] = "100 %"
    assert claims(group.disclose()) == {"mill": 100}


def test_a_member_with_the_name_of_the_group_counts_whole(group):
    group.more["members"] = {"works": {"name": {"zh": "某集团", "en": "GROUP"}, "share": "40 %"}}
    assert "has a name of the group" in refused(group)


@pytest.mark.parametrize("field", ["current", "previous"])
def test_a_gross_amount_is_not_negative(group, field):
    group.more["inventory"] = [{**LINE, "id": "s", field: "-5"}]
    assert "inventory line s is gross and negative" in refused(group)
    group.more["inventory"][0]["amounts"] = "net"
    assert hits_of(group.disclose(), "NET-01", "block")


def test_one_scope_and_basis_has_one_gross_line(group):
    lines = [{**LINE, "id": "a"}, {**LINE, "id": "b", "current": "70"}]
    group.more["inventory"] = lines
    message = refused(group)
    assert "two gross lines of scope 1" in message
    assert message.count("entity.yaml:") == 2
    lines[0] |= {"scope": "2", "basis": "location"}
    lines[1] |= {"scope": "2", "basis": "market"}
    assert len(group.disclose().inventory) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"date": "2024-12-30"}, "nobody verifies what is not over yet"),
        ({"date": "2199-01-01"}, "in days to come"),
        ({"tonnes": {2042: 10}}, "tonnes of 2042 are verified, of which mill.json has none"),
        ({"tonnes": {2024: -10}}, "less than nothing is verified"),
        ({"tonnes": {2024: 101}}, "more tonnes of 2024 are verified"),
    ],
)
def test_a_verification_fits_its_result(group, change, message):
    confirmed = {"status": "verified", "verification": {"statement": "VR-1", "date": "2025-02-01", **change}}
    group.project("mill", result_data("mill", {2024: 100}), confirmed=confirmed)
    assert message in refused(group)


@pytest.mark.parametrize("change", [{"date": "2024-12-31"}, {"tonnes": {2024: 0}}])
def test_a_verification_that_fits_is_taken(group, change):
    confirmed = {"status": "verified", "verification": {"statement": "VR-1", "date": "2025-02-01", **change}}
    group.project("mill", result_data("mill", {2024: 100}), confirmed=confirmed)
    assert claims(group.disclose()) == {"mill": 0 if "tonnes" in change else 100}


def test_a_movement_of_days_to_come_is_refused(group):
    group.moved("issued", "mill", 1, 50)
    group.moved(
        "retired", "mill", 1, 50, date=str(datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(3)), **OWN
    )
    assert "retired on a day to come" in refused(group)
    group.rows[1]["date"] = str(datetime.datetime.now(datetime.UTC).date())
    assert group.disclose()


def test_what_was_retired_after_the_reporting_year_is_a_claim_of_a_later_report(group):
    group.moved("issued", "mill", 1, 50, date="2025-01-10")
    group.moved("retired", "mill", 1, 20, date="2025-01-20", **OWN)
    group.moved("retired", "mill", 21, 30, date="2025-01-20", beneficiary="partly", purpose="own use")
    disclosure = group.disclose()
    where = year_of(disclosure, "mill").disposition
    assert [where.retired_own, where.held, where.claimed, where.claimed_reduction] == [0, 20, 50, 50]
    assert where.not_claimable == {"later_claim": 24, "others_share": 6}
    assert not disclosure.retirements
    (hit,) = hits_of(disclosure, "RET-08", "move")
    assert [hit.tonnes, hit.moved_to] == [24, "later_claim"]


def test_a_plan_is_for_days_after_the_reporting_year(group):
    group.moved("issued", "mill", 1, 50)
    group.more["planned_use"] = [{"source": "mill", "tonnes": 5, "by": "2020-01-01", "purpose": "own use"}]
    assert "a plan for a day that the report covers" in refused(group)
    group.more["planned_use"][0]["by"] = "2025-01-01"
    assert len(group.disclose().planned) == 1

from decimal import Decimal
from pathlib import Path

import pytest

from tests.esg.disclosure.group import Group, cells_of, hits_of, result_data

E1, E1_NEW = "esrs_e1_2023/E1-7", "esrs_e1_2026/E1-9"
OTHERS = (
    *("gri_305_2016/305-5.offsets", "cn_exchanges_2024/art24.credits", "gri_102_2025/102-10.reductions"),
    *("ifrs_s2_2023/36e.used", "cdp_2023/C11.2a.cancelled"),
)


@pytest.fixture
def group(tmp_path: Path) -> Group:
    made = Group(tmp_path)
    made.project("mill", result_data("mill", {2024: 100}))
    made.moved("issued", "mill", 1, 60, date="2025-01-10")
    made.more["reporting_year"] = {"start": "2025-01-01", "end": "2025-12-31"}
    return made


def retired(group: Group, source: str, first: int, last: int, **cells: object) -> None:
    if source == "bought":
        group.moved("acquired", source, first, last, date="2025-01-05")
    group.moved("retired", source, first, last, date="2025-02-01", beneficiary="works", purpose="own use", **cells)


@pytest.mark.parametrize("boundary", [("own", "1"), ("upstream", "3.1"), ("downstream", "3.11")])
def test_credits_of_a_reduction_inside_the_boundary_are_not_of_outside_the_value_chain(group, boundary):
    group.projects["mill"] |= dict(zip(("boundary", "scope"), boundary, strict=True))
    retired(group, "mill", 1, 50)
    disclosure = group.disclose()
    cells = cells_of(disclosure)
    for name in (f"{E1}.credits_cancelled", f"{E1_NEW}.credits_cancelled", f"{E1}.share_reduction"):
        assert cells[name].number is None, name
    (hit,) = hits_of(disclosure, "RET-08", "caveat")
    assert hit.tonnes == 50
    assert "already in the gross inventory" in hit.en
    for name in OTHERS:
        assert cells[name].number.value == 50
        assert hit in cells[name].why


def test_bought_credits_alone_stand_in_the_cells_of_outside_the_value_chain(group):
    retired(group, "mill", 1, 50)
    retired(group, "bought", 1, 30, corresponding_adjustment="no")
    cells = cells_of(group.disclose())
    assert cells[f"{E1}.credits_cancelled"].number.value == 30
    assert cells[f"{E1}.share_removal"].number.value == 1
    assert cells[f"{E1}.share_reduction"].number.value == 0
    assert cells["gri_305_2016/305-5.offsets"].number.value == 80


def test_bought_credits_without_credits_of_ones_own_need_no_caveat(group):
    retired(group, "bought", 1, 30, corresponding_adjustment="yes")
    disclosure = group.disclose()
    assert not disclosure.hits
    assert cells_of(disclosure)[f"{E1}.credits_cancelled"].why == ()


def test_credits_of_avoided_emissions_of_the_group_are_of_its_value_chain_too(group):
    group.projects["mill"] |= {"effect": "avoided", "boundary": "outside", "scope": None}
    retired(group, "mill", 1, 50)
    disclosure = group.disclose()
    (hit,) = hits_of(disclosure, "RET-08", "caveat")
    assert "gross inventory" not in hit.en
    assert cells_of(disclosure)[f"{E1}.credits_cancelled"].number is None


def test_planned_credits_of_ones_own_are_left_out_alike(group):
    group.moved("acquired", "bought", 1, 30, date="2025-01-05")
    planned = {"by": "2026-06-30", "purpose": "own use"}
    group.more["planned_use"] = [
        {"source": "mill", "tonnes": 7, **planned},
        {"source": "bought", "tonnes": 5, **planned},
    ]
    disclosure = group.disclose()
    cells = cells_of(disclosure)
    assert cells[f"{E1}.credits_planned"].number.value == 5
    assert cells["ifrs_s2_2023/36e.planned"].number.value == 12
    assert [hit.tonnes for hit in cells["ifrs_s2_2023/36e.planned"].why] == [7]


def test_an_unknown_corresponding_adjustment_leaves_the_share_undetermined(group):
    retired(group, "bought", 1, 40, corresponding_adjustment="yes")
    retired(group, "bought", 41, 90)
    disclosure = group.disclose()
    cell = cells_of(disclosure)[f"{E1}.share_adjusted"]
    assert cell.number.value is None
    (hit,) = hits_of(disclosure, "RET-08", "block")
    assert cell.why == (hit,)
    assert hit.tonnes == 50
    group.rows[-1]["corresponding_adjustment"] = "no"
    assert cells_of(group.disclose())[f"{E1}.share_adjusted"].number.value == Decimal("0.4444")


def test_no_share_is_asked_for_where_no_framework_has_one(group):
    group.more["frameworks"] = ["gri_305_2016"]
    retired(group, "bought", 41, 90)
    assert not group.disclose().hits

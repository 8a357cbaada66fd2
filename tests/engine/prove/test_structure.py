import pytest

from tonne.engine.prove.reasons import Reason

LOW, SHARE = "bounds: {min: 0}", "bounds: {min: 0, max: 1}"


@pytest.fixture
def structure(proved):
    def decide(parameters, equations, claims):
        return {
            item.code.partition(".")[2]: item
            for item in proved(parameters, equations, claims)
            if item.area == "structure"
        }

    return decide


ALL = "{activity: [EG], proportional: true, within_baseline: true}"


def test_sum_of_products_is_idle_proportional_and_within_the_baseline(structure):
    said = structure(
        {"EG[month]": LOW, "EF[year]": LOW, "s": SHARE},
        {"BE[year]": "sum(EG, over=month) * EF", "ER[year]": "BE * s"},
        ALL,
    )
    assert {code: item.verdict for code, item in said.items()} == {
        "idle": "proved",
        "proportional": "proved",
        "within_baseline": "proved",
    }


def test_constant_part_is_found_with_its_value(structure):
    said = structure({"EG[year]": LOW, "c": LOW}, {"BE[year]": "EG", "ER[year]": "BE - c"}, ALL)
    assert said["idle"].verdict == "refuted"
    assert [point.words() for point in said["idle"].points] == ["c = 1: the reduction is -1"]
    assert said["proportional"].points[0].en.startswith("doubling EG moves the reduction from")
    assert said["within_baseline"].verdict == "proved"


def test_reduction_above_the_baseline_is_found(structure):
    said = structure({"EG[year]": LOW, "c": ""}, {"BE[year]": "EG", "ER[year]": "BE - c"}, "{within_baseline: true}")
    assert [point.words() for point in said["within_baseline"].points] == [
        "c = -1: the reduction is 1, the baseline emissions are 0"
    ]


def test_reduction_without_a_value_is_not_zero(structure):
    said = structure({"EG[year]": LOW, "c": LOW}, {"BE[year]": "EG * (c / EG)"}, "{activity: [EG]}")
    assert said["idle"].verdict == "refuted"
    assert said["idle"].points[0].en == "the reduction has no value"


def test_stock_is_in_proportion_by_induction(structure):
    equations = {"S[month]": "EG + 0.5 * prev(S, month, 0)", "BE[year]": "sum(S, over=month)"}
    assert structure({"EG[month]": LOW}, equations, ALL)["proportional"].verdict == "proved"


def test_stock_with_an_opening_balance_is_not_in_proportion(structure):
    equations = {"S[month]": "EG + 0.5 * prev(S, month, 3)", "BE[year]": "sum(S, over=month)"}
    assert structure({"EG[month]": LOW}, equations, ALL)["proportional"].verdict == "refuted"


def test_smallest_of_activities_is_in_proportion(structure):
    equations = {"BE[year]": "minimum(EG, over=month) + max(sum(EG, over=month), 0)"}
    assert structure({"EG[month]": LOW}, equations, ALL)["proportional"].verdict == "proved"


def test_square_is_not_in_proportion(structure):
    said = structure({"EG[year]": LOW}, {"BE[year]": "EG ** 2"}, ALL)
    assert [point.words() for point in said["proportional"].points] == [
        "EG@2024 = 1: doubling EG moves the reduction from 1 to 4"
    ]


def test_sums_compared_term_by_term_bound_the_reduction(structure):
    equations = {"BE[year]": "sum(EG * 2, over=month)", "ER[year]": "sum(EG * s, over=month)"}
    assert structure({"EG[month]": LOW, "s": SHARE}, equations, ALL)["within_baseline"].verdict == "proved"


def test_bounds_that_contradict_each_other_prove_nothing(proved):
    said = proved({"EG[year]": "bounds: {min: 2, max: 1}"}, {"BE[year]": "EG"}, ALL)
    assert {item.verdict for item in said} == {"undecided"}
    assert {item.limits for item in said} == {
        Reason("EG 的界限自相矛盾", "the bounds of EG contradict each other"),
    }


def test_selection_that_never_takes_anything_proves_nothing_else(structure):
    equations = {
        "E": "minimum(EG, over=month, where=EG < EG)",
        "BE[year]": "[{when: way == p, expr: 'E'}, {otherwise: 'sum(EG, over=month) + 1'}]",
    }
    assert structure({"EG[month]": ""}, equations, ALL)["proportional"].verdict != "proved"


def test_multiples_of_an_activity_may_leave_its_bounds(structure):
    equations = {"E": "exp(EG) - 7", "BE[year]": "EG * max(0, E)"}
    assert structure({"EG": "bounds: {min: 2, max: 2}"}, equations, ALL)["proportional"].verdict != "proved"

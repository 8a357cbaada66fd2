"""Two formulas or two specs: what is claimed equal is equal, what is claimed different differs at the point."""

import calendar as months
import random
import re
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.engine.errors import FormulaError, SpecError, TonneError, UnknownNameError
from tonne.engine.prove.difference import difference
from tonne.engine.prove.equivalence import same_as
from tonne.engine.spec.catalogue import load_methodology, methodology_ids

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = ROOT / "methodologies" / "ccer_01_002_v01" / "spec.yaml"

HEAD = """\
dimensions: {month: {time: month}, year: {time: year}, fuel: {members: from_data}}
options: {way: {name: {zh: 方式, en: Way}, values: [one, two, three]}}
parameters:
  a: {unit: '1', over: [month], from: monitored}
  b: {unit: '1', over: [month], from: monitored}
  k: {unit: '1', over: [year], from: fixed}
  s: {unit: '1', from: fixed}
  t: {unit: '1', from: fixed}
  p: {unit: '1', over: [month], from: fixed, bounds: {above: 0}}
  q: {unit: '1', from: fixed, bounds: {min: 0}}
  c: {unit: '1', over: [fuel], from: fixed}
  m: {unit: '1', over: [month, fuel], from: monitored}
  flag: {unit: flag, over: [month], from: monitored}
  ratio: {unit: '1', from: default, value: 44/12}
  w: {unit: '1', from: option, option: way, by: {one: 1, two: 2, three: 3}}
equations:
"""


def spec(bench: Any, *equations: Any) -> Any:
    return bench.methodology(HEAD + "".join(f"  {line}\n" for line in equations))


def scalar(bench: Any, formula: str, other: str, over: str = "[]", **more: str) -> Any:
    lines = [f"{name}: {line}" for name, line in more.items()]
    return same_as(spec(bench, f"x: {{unit: '1', over: {over}, expr: '{formula}'}}", *lines), "x", other)


# -- proved equal


@pytest.mark.parametrize(
    ("formula", "other"),
    [
        ("s * t + s * q", "s * (t + q)"),
        ("s + t + q", "q + (s + t)"),
        ("(s + t) ** 2", "s ** 2 + 2 * s * t + t ** 2"),
        ("s - (t - q)", "s - t + q"),
        ("-(-s)", "s"),
        ("s * 44 / 12", "s * ratio"),
        ("(s + t) / 4", "0.25 * s + 0.25 * t"),
        ("max(s, t) + min(s, t)", "s + t"),
        ("max(s, t)", "max(t, s)"),
        ("abs(s)", "max(s, -s)"),
        ("min(max(s, 0), 0)", "0"),
        ("max(q, 0)", "q"),
        ("abs(q) * s", "s * q"),
        ("exp(s + t)", "exp(t + s)"),
        ("sqrt(q) * sqrt(q)", "q"),
        ("s / (1 + q) / (2 + q)", "s / ((1 + q) * (2 + q))"),
        ("q ** 0.7 * s", "s * q ** 0.7"),
        ("(s * (1 + q)) / (1 + q)", "s"),
    ],
)
def test_forms_of_one_formula_are_proved_equal(bench: Any, formula: Any, other: Any) -> None:
    comparison = scalar(bench, formula, other)
    assert comparison.outcome == "equal", comparison.said.en
    assert not comparison.as_written
    assert comparison.limits is None


@pytest.mark.parametrize(
    ("formula", "other"),
    [
        ("sum(a, over=month) * k", "sum(a * k, over=month)"),
        ("sum(a, over=month) + sum(b, over=month)", "sum(b + a, over=month)"),
        ("sum(a * (b + k), over=month)", "sum(a * b, over=month) + k * sum(a, over=month)"),
        ("sum(m * c, over=[month, fuel])", "sum(sum(m * c, over=fuel), over=month)"),
        ("sum(m * c, over=[month, fuel])", "sum(sum(m, over=month) * c, over=fuel)"),
        ("sum(sum(m, over=fuel) * a, over=month)", "sum(m * a, over=[fuel, month])"),
        ("mean(a * s + t, over=month)", "s * mean(a, over=month) + t"),
        ("sum(max(a, b) + min(a, b), over=month)", "sum(a, over=month) + sum(b, over=month)"),
        ("sum(max(a, b), over=month)", "sum(max(b, a), over=month)"),
        ("sum(a, over=month, where=a > b)", "sum(a, over=month, where=b < a)"),
        ("sum(a, over=month, where=flag) * 2", "sum(2 * a, over=month, where=flag)"),
        ("maximum(a + b, over=month)", "maximum(b + a, over=month)"),
        ("count(a > b, over=month)", "count(b < a, over=month)"),
        ("count(a, over=month) * s", "sum(s + 0 * a, over=month)"),
        ("sum(a / p, over=month) * k", "sum(k * a / p, over=month)"),
        ("sum(abs(p) * a, over=month)", "sum(p * a, over=month)"),
        ("sum(a * 2, over=month) / 2", "sum(a, over=month)"),
    ],
)
def test_forms_of_one_sum_are_proved_equal_for_any_number_of_members(bench: Any, formula: Any, other: Any) -> None:
    comparison = scalar(bench, formula, other, over="[year]")
    assert comparison.outcome == "equal", comparison.said.en
    assert comparison.limits is None


def test_the_same_formula_is_equal_as_written(bench: Any) -> None:
    comparison = scalar(bench, "s*t+q", "s * t + (q)")
    assert (comparison.outcome, comparison.as_written) == ("equal", True)


def test_cases_in_another_order_are_proved_equal(bench: Any) -> None:
    first = spec(bench, "x: {unit: '1', cases: [{when: s > 1, expr: t}, {when: s <= 1, expr: q}]}")
    second = spec(bench, "x: {unit: '1', cases: [{when: s <= 1, expr: q}, {otherwise: t}]}")
    assert difference(first, second).equations[0].comparison.outcome == "equal"


def test_a_formula_is_followed_to_the_parameters_when_it_names_them(bench: Any) -> None:
    more = {"y": "{unit: '1', over: [year], expr: 'sum(a - b, over=month)'}"}
    comparison = scalar(bench, "y * k", "sum(a * k, over=month) - k * sum(b, over=month)", over="[year]", **more)
    assert comparison.outcome == "equal"
    assert "followed to the parameters" in comparison.said.en


# -- different, with a point that is confirmed


@pytest.mark.parametrize(
    ("formula", "other"),
    [
        ("s + t", "s - t"),
        ("s * t", "s + t"),
        ("s * t * q", "s * t"),
        ("s * (1 - t)", "s * (1 + t)"),
        ("max(s, t)", "max(s, 0)"),
        ("s * ratio", "s * 3.67"),
        ("exp(s)", "1 + s"),
        ("sqrt(q)", "q"),
        ("floor(s)", "round(s)"),
        ("s + w", "s + 2"),
    ],
)
def test_formulas_that_differ_are_refuted_with_values_that_hold(bench: Any, formula: Any, other: Any) -> None:
    comparison = scalar(bench, formula, other)
    assert comparison.outcome == "different", comparison.said.en
    assert comparison.first != comparison.second
    assert_point_holds(bench, comparison, formula, other, "[]")


@pytest.mark.parametrize(
    ("formula", "other"),
    [
        ("sum(a * b, over=month)", "sum(a, over=month) * sum(b, over=month)"),
        ("sum(a, over=month) * k", "sum(a, over=month)"),
        ("sum(a, over=month, where=a > 0)", "sum(max(a, 1), over=month)"),
        ("mean(a, over=month)", "sum(a, over=month)"),
        ("maximum(a, over=month)", "minimum(a, over=month)"),
        ("sum(m, over=[month, fuel])", "sum(m * c, over=[month, fuel])"),
        ("sum(sum(m, over=fuel) * a, over=month)", "sum(sum(m, over=fuel), over=month) * sum(a, over=month)"),
    ],
)
def test_sums_that_differ_are_refuted_with_values_that_hold(bench: Any, formula: Any, other: Any) -> None:
    comparison = scalar(bench, formula, other, over="[year]")
    assert comparison.outcome == "different", comparison.said.en
    assert_point_holds(bench, comparison, formula, other, "[year]")


def test_a_difference_on_a_boundary_alone_is_found(bench: Any) -> None:
    first = spec(bench, "x: {unit: '1', cases: [{when: s > 333.25, expr: '1'}, {otherwise: '0'}]}")
    second = spec(bench, "x: {unit: '1', cases: [{when: s >= 333.25, expr: '1'}, {otherwise: '0'}]}")
    comparison: Any = difference(first, second).equations[0].comparison
    assert comparison.outcome == "different"
    assert comparison.point is not None
    assert comparison.point.values == {"s": Fraction("333.25")}
    assert (comparison.first, comparison.second) == (0, 1)


def test_a_difference_where_only_one_has_a_value_is_told(bench: Any) -> None:
    comparison = scalar(bench, "s * t / t", "s")
    assert comparison.outcome == "different"
    assert (comparison.first, comparison.second) == (None, comparison.point.values["s"])
    assert "the first has no value" in comparison.said.en
    assert "前者无值" in comparison.said.zh


def test_operating_and_build_margin_multiplied_instead_of_added_has_another_unit() -> None:
    with pytest.raises(SpecError, match="does not have the declared unit"):
        same_as(load_methodology("ccer_01_002_v01"), "EF_CM", "EF_OM * w_OM * EF_BM * w_BM")


def test_weights_exchanged_are_refuted_with_both_values_of_the_reference_evaluator() -> None:
    comparison: Any = same_as(load_methodology("ccer_01_002_v01"), "EF_CM", "EF_OM * w_BM + EF_BM * w_OM")
    assert comparison.outcome == "different"
    at = {name.partition("@")[0]: value for name, value in comparison.point.values.items()}
    assert Fraction(comparison.first) == at["EF_OM"] * at["w_OM"] + at["EF_BM"] * at["w_BM"]
    assert Fraction(comparison.second) == at["EF_OM"] * at["w_BM"] + at["EF_BM"] * at["w_OM"]


@pytest.mark.parametrize("sign", ["BE + PE - LE", "BE - PE + LE", "PE - BE - LE", "BE - PE", "BE - 2 * LE - PE"])
def test_flipped_or_forgotten_terms_of_the_reduction_are_refuted(sign: Any) -> None:
    comparison: Any = same_as(load_methodology("ccer_01_002_v01"), "ER", sign)
    assert comparison.outcome == ("equal" if sign in SAME_WITH_ZERO else "different"), comparison.said.en


# Project emissions and leakage are zero in this methodology, so signs before them alone change nothing in the end.
SAME_WITH_ZERO = {"BE + PE - LE", "BE - PE + LE", "BE - PE", "BE - 2 * LE - PE"}


# -- never a wrong claim


TERMS = st.sampled_from(["a", "b", "k", "s", "p", "2", "0.5", "sum(m * c, over=fuel)", "max(a, b)"])
YEARLY = st.sampled_from(["k", "s", "t", "q", "3", "w"])


def joined(inner: Any) -> Any:
    return st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({' '.join(parts)})")


MONTHLY = st.recursive(TERMS, joined, max_leaves=4)
SUMS = st.tuples(st.sampled_from(["sum", "mean"]), MONTHLY, st.sampled_from(["", ", where=a > 0", ", where=flag"])).map(
    lambda parts: f"{parts[0]}(a * 0 + {parts[1]}, over=month{parts[2] if parts[0] == 'sum' else ''})"
)
FORMULAS = st.recursive(st.one_of(YEARLY, SUMS, SUMS), joined, max_leaves=4)
OVER = "[year]"


@settings(max_examples=25)
@given(FORMULAS, FORMULAS, st.randoms(use_true_random=False))
def test_of_random_pairs_no_claim_is_wrong(bench: Any, formula: Any, other: Any, chance: Any) -> None:
    comparison = scalar(bench, formula, other, over=OVER)
    assert_claim_holds(bench, comparison, formula, other, chance)


REWRITES = (
    lambda one, two: (f"({one}) + ({two})", f"({two}) + ({one})"),
    lambda one, two: (f"k * (({one}) - ({two}))", f"k * ({one}) - ({two}) * k"),
    lambda one, _two: (f"sum(({one}) * k, over=month)", f"k * sum({one}, over=month)"),
    lambda one, two: (f"sum(({one}) + ({two}), over=month)", f"sum({one}, over=month) + sum({two}, over=month)"),
    lambda one, _two: (f"sum(({one}) / 4, over=month)", f"0.25 * sum({one}, over=month)"),
    lambda one, two: (f"sum(max({one}, {two}), over=month)", f"sum(max({two}, {one}), over=month)"),
)


@settings(max_examples=25)
@given(MONTHLY, MONTHLY, st.sampled_from(range(len(REWRITES))))
def test_rewritten_formulas_are_never_called_different_and_mostly_proved(
    bench: Any, one: Any, two: Any, number: Any
) -> None:
    inner, outer = (f"sum(a * 0 + {part}, over=month)" for part in (one, two))
    parts = (f"a * 0 + {one}", f"a * 0 + {two}") if number > 1 else (inner, outer)
    formula, other = REWRITES[number](*parts)
    comparison = scalar(bench, formula, other, over=OVER)
    assert comparison.outcome == "equal" or (comparison.outcome == "undecided" and "max" in formula), comparison.said.en


def assert_claim_holds(bench: Any, comparison: Any, formula: Any, other: Any, chance: Any) -> None:
    if comparison.outcome == "different":
        assert_point_holds(bench, comparison, formula, other, OVER)
        return
    if comparison.outcome == "undecided":
        return
    for _ in range(4):
        one, two = evaluated(bench, formula, other, OVER, chance)
        assert one is not None
        assert abs(one - two) <= Decimal("1e-40") * max(abs(one), abs(two), Decimal(1))


def evaluated(
    bench: Any,
    formula: Any,
    other: Any,
    over: Any,
    chance: Any = None,
    values: Any = None,
    labels: Any = ("2024-01", "2024-02", "2024-03"),
    fuels: Any = ("coal", "gas"),
    way: Any = "two",
) -> Any:
    methodology = spec(
        bench, f"x: {{unit: '1', over: {over}, expr: '{formula}'}}", f"y: {{unit: '1', over: {over}, expr: '{other}'}}"
    )
    plan = bench.plan(methodology, {"way": way})
    if values is None:
        values = {name: {} for name in plan.needed}
        domain = bench.domain(methodology, {"fuel": list(fuels)}, period(labels))
        for name, index_set in plan.needed.items():
            for index in domain.indices(index_set):
                low = 1 if name in {"p", "q", "flag"} else -9
                values[name][domain.label(index_set, index) if index_set else "-"] = Fraction(
                    chance.randint(low, 9) if name != "flag" else chance.randint(0, 1)
                )
        values.pop("ratio", None)
        values.pop("w", None)
    result = bench.compute(
        methodology, values, members={"fuel": list(fuels)}, choices={"way": way}, period=period(labels)
    )
    return next(iter(result.exact["x"].values())), next(iter(result.exact["y"].values()))


def period(labels: Any) -> Any:
    first, last = min(labels), max(labels)
    year, month = map(int, last.split("-"))
    return {"start": f"{first}-01", "end": f"{last}-{months.monthrange(year, month)[1]}"}


def assert_point_holds(bench: Any, comparison: Any, formula: Any, other: Any, over: Any) -> None:
    """Evaluate both formulas anew at the inputs that the point names, and nothing else."""
    values: dict[str, Any] = {}
    fuels: set[str] = set()
    labels: set[str] = set()
    for told, value in comparison.point.values.items():
        name, _, label = told.partition("@")
        values.setdefault(name, {})[label or "-"] = value
        labels |= set(re.findall(r"\d{4}-\d{2}", label))
        fuels |= set(re.findall(r"fuel_\d", label))
    for name in ("a", "b", "p", "m", "flag", "k", "c"):
        values.setdefault(name, 1)
    way = comparison.point.options.get("way", "two")
    if comparison.first is None or comparison.second is None:
        return
    found = evaluated(
        bench,
        formula,
        other,
        over,
        values=values,
        labels=labels or {"2024-01"},
        fuels=sorted(fuels) or ["fuel_1"],
        way=way,
    )
    assert found == (comparison.first, comparison.second)
    assert found[0] != found[1]


# -- undecided, refused


def test_what_cannot_be_decided_says_why(bench: Any) -> None:
    comparison = scalar(bench, "exp(s) * exp(t)", "exp(s + t)")
    assert comparison.outcome == "undecided"
    assert "exp" in comparison.why.en
    assert comparison.said.zh.startswith("未判定")


def test_formula_typed_in_is_refused_with_its_faults(bench: Any) -> None:
    methodology = spec(bench, "x: {unit: '1', over: [year], expr: 'sum(a, over=month) * k'}")
    with pytest.raises(FormulaError, match="did you mean k"):
        same_as(methodology, "x", "sum(a, over=month) * kk")
    with pytest.raises(FormulaError, match="unexpected"):
        same_as(methodology, "x", "a ^ 2")
    with pytest.raises(FormulaError, match="unknown dimension 'moon'"):
        same_as(methodology, "x", "sum(a, over=moon)")
    with pytest.raises(FormulaError, match="one of one, two, three"):
        same_as(methodology, "x", "count(way == four, over=month)")
    with pytest.raises(SpecError, match="has a value for each month"):
        same_as(methodology, "x", "a * k")
    with pytest.raises(UnknownNameError, match="k is a parameter"):
        same_as(methodology, "k", "2")


def test_a_hostile_formula_ends_soon(bench: Any) -> None:
    started = time.monotonic()
    power = "(s + t)"
    for _ in range(30):
        power = f"({power} ** 8)"
    comparison = scalar(bench, f"{power} * 1", f"1 * {power}")
    assert comparison.outcome in {"equal", "undecided"}
    assert time.monotonic() - started < 20


# -- two specs


@pytest.mark.parametrize("name", methodology_ids())
def test_every_bundled_spec_equals_itself(name: Any) -> None:
    found: Any = difference(load_methodology(name), load_methodology(name))
    assert found.is_equal
    assert not found.changes
    assert all(item.comparison.as_written for item in found.equations)
    assert all(item.as_written for item in found.outputs.values())


@pytest.fixture
def revised(tmp_path: Any) -> Any:
    """Make a copy of a bundled spec with edits."""

    def make(*edits: Any) -> Any:
        text = SPEC.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")
        return load_methodology(tmp_path)

    return make


def said(found: Any) -> Any:
    return [change.said.en for change in found.changes]


W_OM = ("name: {zh: 电量边际排放因子的权重, en: Weight of the operating margin}\n    unit: '1'\n    from: default\n    value: 0.5",
        "name: {zh: 电量边际排放因子的权重, en: Weight of the operating margin}\n    unit: '1'\n    from: default\n    value: 0.75")  # fmt: skip


def test_a_changed_default_is_told_and_changes_the_reduction_but_no_formula(revised: Any) -> None:
    found: Any = difference(load_methodology("ccer_01_002_v01"), revised(W_OM))
    assert said(found) == ["parameter w_OM: value 0.5 → 0.75"]
    assert [change.said.zh for change in found.changes] == ["参数 w_OM：取值 0.5 → 0.75"]
    assert all(item.comparison.as_written for item in found.equations)
    assert found.outputs["leakage"].as_written
    reduction: Any = found.outputs["reduction"]
    assert reduction.outcome == "different"
    at = {name.partition("@")[0]: value for name, value in reduction.point.values.items()}
    net = at["EG_export"] - at["EG_import"]
    weight = at["w_BM"]
    assert Fraction(reduction.first) == net * (at["EF_OM"] / 2 + at["EF_BM"] * weight)
    assert Fraction(reduction.second) == net * (at["EF_OM"] * 3 / 4 + at["EF_BM"] * weight)


def test_a_changed_unit_is_told_and_formulas_are_proved_equal_across_it(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"),
        revised(
            ("unit: MWh\n    over: [month]\n    from: monitored", "unit: kWh\n    over: [month]\n    from: monitored")
        ),
    )
    assert said(found) == ["parameter EG_export: unit MWh → kWh"]
    outcome = {item.name: (item.comparison.outcome, item.comparison.as_written) for item in found.equations}
    assert outcome["EG_PJ"] == ("equal", False)
    assert found.outputs["reduction"].outcome == "equal"
    assert not found.outputs["reduction"].as_written
    assert not found.is_equal


def test_a_changed_unit_of_another_quantity_cannot_be_compared(revised: Any) -> None:
    first = load_methodology("ccer_01_002_v01")
    second = revised(
        ("unit: MWh\n    over: [month]\n    from: monitored", "unit: t_coal\n    over: [month]\n    from: monitored"),
        ("expr: EG_export - EG_import", "expr: EG_import * 2"),
    )
    outcomes = {item.name: item.comparison for item in difference(first, second).equations}
    assert outcomes["EG_PJ"].outcome in {"different", "undecided"}


def test_a_changed_threshold_of_a_condition_is_told(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"),
        revised(("distance_to_shore > distance_limit", "distance_to_shore >= distance_limit")),
    )
    (change,) = found.changes
    assert change.area == "conditions"
    assert (change.before, change.after) == (
        "distance_to_shore > distance_limit or water_depth > depth_limit",
        "distance_to_shore >= distance_limit or water_depth > depth_limit",
    )
    assert all(item.outcome == "equal" for item in found.outputs.values())


def test_spaces_and_brackets_are_no_difference(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"),
        revised(
            ("expr: EF_OM * w_OM + EF_BM * w_BM", "expr: (EF_OM*w_OM) + EF_BM*w_BM"),
            ("distance_to_shore > distance_limit or", "(distance_to_shore>distance_limit) or"),
        ),
    )
    assert found.is_equal


def test_rewritten_formulas_are_proved_equal_and_nothing_differs(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"),
        revised(
            ("expr: EF_OM * w_OM + EF_BM * w_BM", "expr: w_BM * EF_BM + w_OM * EF_OM"),
            ("expr: sum(EG_PJ, over=month) * EF_CM", "expr: sum(EF_CM * EG_PJ, over=month)"),
        ),
    )
    assert found.is_equal
    assert {item.name for item in found.equations if not item.comparison.as_written} == {"EF_CM", "BE"}
    assert not found.outputs["reduction"].as_written


def test_changes_that_cancel_are_told_equation_by_equation_and_through_to_the_reduction(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"),
        revised(
            ("expr: EF_OM * w_OM + EF_BM * w_BM", "expr: 2 * (EF_OM * w_OM + EF_BM * w_BM)"),
            ("expr: sum(EG_PJ, over=month) * EF_CM", "expr: sum(EG_PJ, over=month) * EF_CM / 2"),
        ),
    )
    outcomes = {item.name: item.comparison.outcome for item in found.equations}
    assert (outcomes["EF_CM"], outcomes["BE"]) == ("different", "different")
    assert {role: item.outcome for role, item in found.outputs.items()} == dict.fromkeys(found.outputs, "equal")
    assert not found.is_equal


def test_a_renamed_equation_and_a_renamed_parameter_are_told_as_moved(revised: Any) -> None:
    second = revised(
        ("  EG_PJ:\n    symbol", "  EG_net:\n    symbol"),
        ("sum(EG_PJ, over=month)", "sum(EG_net, over=month)"),
        ("  EG_import:\n    symbol", "  EG_from_grid:\n    symbol"),
        ("expr: EG_export - EG_import", "expr: EG_export - EG_from_grid"),
        ("activity: [EG_export, EG_import]", "activity: [EG_export, EG_from_grid]"),
    )
    found: Any = difference(load_methodology("ccer_01_002_v01"), second)
    moved = {change.subject: change.after for change in found.changes if change.kind == "moved"}
    assert moved == {"EG_PJ": "EG_net", "EG_import": "EG_from_grid"}
    assert not any(change.kind in {"added", "removed"} for change in found.changes)
    assert found.outputs["reduction"].outcome == "equal"


def test_a_new_parameter_that_changes_the_reduction_is_named_in_the_point(revised: Any) -> None:
    second = revised(
        ("  EF_OM:\n", "  loss: {unit: '%', from: fixed, bounds: {min: 0, max: 100}}\n  EF_OM:\n"),
        ("expr: EG_export - EG_import", "expr: EG_export * (1 - loss) - EG_import"),
    )
    found: Any = difference(load_methodology("ccer_01_002_v01"), second)
    assert said(found) == ["parameter loss: added (fixed, %)"]
    reduction: Any = found.outputs["reduction"]
    assert reduction.outcome == "different"
    assert reduction.point.values["loss"] > 0


def test_a_sign_flipped_in_one_equation_is_shown_there_and_in_the_reduction(revised: Any) -> None:
    found: Any = difference(
        load_methodology("ccer_01_002_v01"), revised(("expr: EG_export - EG_import", "expr: EG_export + EG_import"))
    )
    outcomes = {item.name: item.comparison.outcome for item in found.equations}
    assert {name for name, outcome in outcomes.items() if outcome == "different"} == {"EG_PJ"}
    assert found.outputs["reduction"].outcome == "different"


def test_every_part_of_a_spec_that_changes_is_told(revised: Any) -> None:
    second = revised(
        ("date: 2023-10-24", "date: 2024-10-24"),
        ("longest_years: 10", "longest_years: 7"),
        ("bounds: {min: 0}\n    conservative: low", "bounds: {min: 1, max: 5}\n    conservative: high"),
        ("column: om\n", "column: bm\n"),
        ("mode: floor", "mode: half_up"),
        ("proportional: true, ", ""),
        ("      south: {zh: 南方区域电网, en: South China grid}\n", ""),
        ("id: lawful", "id: legal"),
    )
    told = said(difference(load_methodology("ccer_01_002_v01"), second))
    for expected in (
        "methodology: source date 2023-10-24 → 2024-10-24",
        "methodology: crediting period longest, in years 10 → 7",
        "parameter EG_export: bounds least 0 → 1",
        "parameter EG_export: bounds greatest — → 5",
        "parameter EG_export: conservative side low → high",
        "parameter EF_OM: column om → bm",
        "outputs: rounding mode floor → half_up",
        "claims: in proportion yes → —",
        "option grid_region: values south (en) South China grid → —",
        "condition lawful: removed",
        "condition legal: added",
    ):
        assert expected in told, (expected, told)


def test_a_factor_table_of_its_own_is_compared_row_by_row(tmp_path: Any) -> None:
    table = (ROOT / "methodologies" / "factors" / "cn_grid_baseline.yaml").read_text(encoding="utf-8")
    match = re.search(r"om: 0\.8042", table)
    assert match is not None
    folder = tmp_path / "copy"
    (folder / "factors").mkdir(parents=True)
    (folder / "factors" / "cn_grid_baseline.yaml").write_text(
        table.replace("om: 0.8042", "om: 0.9", 1), encoding="utf-8"
    )
    (folder / "spec.yaml").write_text(SPEC.read_text(encoding="utf-8"), encoding="utf-8")
    found: Any = difference(load_methodology("ccer_01_002_v01"), load_methodology(folder))
    (change,) = found.changes
    assert change.area == "tables"
    assert (change.before, change.after) == ("0.8042", "0.9")
    assert "south" in change.subject
    assert "EF_OM" in found.outputs["reduction"].limits.en
    assert not found.is_equal


def test_recurrences_that_are_the_same_are_equal_and_a_changed_one_is_not(bench: Any) -> None:
    first = bench.fixture("lagoon")
    text = (Path(__file__).parent.parent / "fixtures" / "lagoon" / "spec.yaml").read_text(encoding="utf-8")
    same = bench.methodology(
        text.replace("COD_BL + (1 - prev(f_T, month, 0))", "(1 - prev(f_T, month, 0))").replace(
            "* prev(COD_av, month, 0)'", "* prev(COD_av, month, 0) + COD_BL'"
        )
    )
    other = bench.methodology(text.replace("prev(COD_av, month, 0)", "prev(COD_av, month, COD_BL)"))
    assert {item.name: item.comparison.outcome for item in difference(first, same).equations} == dict.fromkeys(
        first.equations, "equal"
    )
    changed = {item.name: item.comparison.outcome for item in difference(first, other).equations}
    assert changed["COD_av"] == "different"
    assert changed["f_T"] == "equal"


def test_flares_with_a_choice_for_each_are_compared(bench: Any) -> None:
    first = bench.fixture("flare_bank")
    text = (Path(__file__).parent.parent / "fixtures" / "flare_bank" / "spec.yaml").read_text(encoding="utf-8")
    other = bench.methodology(
        text.replace("open: 0.5", "open: 0.4").replace("type == open, over=flare", "type == default, over=flare")
    )
    outcomes = {item.name: item.comparison.outcome for item in difference(first, other).equations}
    assert outcomes["open_flares"] == "different"
    assert outcomes["eta"] == "equal", "its formula is the same; the value by option is a parameter"
    assert outcomes["PE_flare"] == "equal"


def test_a_choice_that_only_one_has_limits_what_is_claimed(bench: Any) -> None:
    cases = "x: {unit: '1', cases: [{when: way == one, expr: s}, {when: way == three, expr: t}, {otherwise: q}]}"
    first = spec(bench, cases)
    text = HEAD.replace("values: [one, two, three]", "values: [one, two]").replace(", three: 3", "")
    second = bench.methodology(text + "  x: {unit: '1', cases: [{when: way == one, expr: s}, {otherwise: q}]}\n")
    found: Any = difference(first, second)
    assert found.equations[0].comparison.outcome == "equal"
    assert "for the choices of way that both have" in found.equations[0].comparison.said.en
    assert not found.is_equal


def test_values_by_option_follow_the_choice(bench: Any) -> None:
    lines = "x: {unit: '1', cases: [{when: way == one, expr: w}, {when: way == two, expr: w}, {otherwise: w}]}"
    other = "x: {unit: '1', cases: [{when: way == one, expr: '1'}, {when: way == two, expr: '2'}, {otherwise: '3'}]}"
    assert difference(spec(bench, lines), spec(bench, other)).equations[0].comparison.outcome == "equal"
    wrong = other.replace("'3'", "'2'")
    comparison: Any = difference(spec(bench, lines), spec(bench, wrong)).equations[0].comparison
    assert comparison.outcome == "different"
    assert comparison.point.options == {"way": "three"}


def test_bounds_that_leave_no_value_prove_nothing(bench: Any) -> None:
    low = HEAD.replace(
        "q: {unit: '1', from: fixed, bounds: {min: 0}}", "q: {unit: '1', from: fixed, bounds: {max: -1}}"
    )
    second = bench.methodology(low + "  x: {unit: '1', expr: q * s}\n")
    comparison: Any = difference(spec(bench, "x: {unit: '1', expr: q + s}"), second).equations[0].comparison
    assert comparison.outcome == "undecided"
    assert "no value of q lies inside the bounds of both" in comparison.said.en


def test_an_index_set_or_a_kind_that_changed_cannot_be_compared_and_says_so(bench: Any) -> None:
    first = spec(
        bench, "y: {unit: '1', over: [month], expr: a}", "x: {unit: '1', over: [year], expr: 'sum(y, over=month)'}"
    )
    wide = bench.methodology(
        HEAD.replace("a: {unit: '1', over: [month]", "a: {unit: '1', over: [year]")
        + "  y: {unit: '1', over: [year], expr: a}\n  x: {unit: '1', over: [year], expr: y}\n"
    )
    comparison: Any = {item.name: item.comparison for item in difference(first, wide).equations}
    assert comparison["y"].outcome == "undecided"
    assert "over [month] in the first and [year] in the second" in comparison["y"].said.en
    assert comparison["x"].outcome == "undecided"


def test_specs_that_do_not_fit_are_refused(bench: Any) -> None:
    with pytest.raises(TonneError, match="joins different units"):
        difference(
            spec(bench, "x: {unit: '1', expr: s}"),
            bench.methodology(HEAD.replace("s: {unit: '1'", "s: {unit: kWh") + "  x: {unit: '1', expr: s + t}\n"),
        )


def test_random_is_not_used_so_that_a_point_is_the_same_each_time(bench: Any) -> None:
    random.seed(5)
    one = scalar(bench, "s * t", "s + t")
    random.seed(6)
    assert scalar(bench, "s * t", "s + t").point == one.point

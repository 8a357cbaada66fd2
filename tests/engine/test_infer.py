from fractions import Fraction
from typing import Any

import pytest

from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.spec.tree import Convert, Name, walk

HEAD = """\
dimensions: {minute: {time: minute}, hour: {time: hour}, month: {time: month}, year: {time: year},
             deposit_year: {time: year}, fuel: {members: [coal, gas]}}
parameters:
  kwh: {unit: kWh, over: [month], from: fixed}
  mwh: {unit: MWh, over: [month], from: fixed}
  share: {unit: '%', from: fixed}
  flow: {unit: kg_CH4, over: [minute], from: fixed}
  ef: {unit: tCO2/MWh, over: [year], from: fixed}
  coal: {unit: t_coal, over: [month, fuel], from: fixed}
  ncv: {unit: GJ/t_coal, over: [fuel], from: fixed}
  ef_heat: {unit: kgCO2/GJ, over: [fuel], from: fixed}
  T: {unit: degC, over: [hour], from: fixed}
  T_F: {unit: degF, from: fixed}
  dT: {unit: K, from: fixed}
  on: {unit: flag, over: [hour], from: fixed}
  k: {unit: 1/year, from: fixed}
  W: {unit: t, over: [deposit_year], from: fixed}
  area: {unit: m2, from: fixed}
equations:
"""


def inference_of(bench: Any, *equations: str) -> Inference:
    return infer(bench.methodology(HEAD + "".join(f"  {line}\n" for line in equations)))


def conversions(inference: Inference) -> list[tuple[str, str, Fraction, Fraction]]:
    return [(item.origin, item.target, item.factor, item.offset) for item in inference.conversions]


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("x: {unit: MWh, over: [month], expr: mwh - mwh}", []),
        ("x: {unit: MWh, over: [month], expr: mwh - kwh}", [("kWh", "MWh", Fraction(1, 1000), 0)]),
        ("x: {unit: MWh, over: [month], expr: kwh - mwh}",
         [("MWh", "kWh", Fraction(1000), 0), ("kWh", "MWh", Fraction(1, 1000), 0)]),
        ("x: {unit: MWh, over: [month], expr: 'max(mwh, kwh, 0)'}", [("kWh", "MWh", Fraction(1, 1000), 0)]),
        ("x: {unit: MWh, over: [month], expr: mwh * (1 - share)}", [("%", "1", Fraction(1, 100), 0)]),
        ("x: {unit: '%', expr: share}", []),
        ("x: {unit: tCO2, over: [month], expr: 'kwh * ef'}", [("kWh*tCO2/MWh", "tCO2", Fraction(1, 1000), 0)]),
        ("x: {unit: tCO2, over: [month], expr: 'sum(coal * ncv * ef_heat, over=fuel)'}", [("kgCO2", "tCO2", Fraction(1, 1000), 0)]),
        ("x: {unit: flag, over: [hour], expr: T > T_F}",
         [("degC", "K", Fraction(1), Fraction("273.15")), ("degF", "K", Fraction(5, 9), Fraction("459.67") * 5 / 9)]),
        ("x: {unit: '1', over: [year, deposit_year], expr: exp(-k * (year - deposit_year))}", []),
        ("x: {unit: m, expr: sqrt(area)}", []),
        ("x: {unit: m, expr: area ** 0.5}", []),
        ("x: {unit: '1', expr: (share * 3) ** share}", [("percent", "1", Fraction(1, 100), 0), ("%", "1", Fraction(1, 100), 0)]),
    ],
)  # fmt: skip
def test_these_conversions_are_inserted_and_listed(bench: Any, equation: Any, expected: Any) -> None:
    inference = inference_of(bench, equation)
    assert not inference.problems
    found = [item for item in conversions(inference) if item[0] != item[1]]
    temperatures = [item for item in expected if item[1] == "K"]
    if temperatures:
        nodes = [node for node in walk(inference.trees["x"]) if isinstance(node, Convert)]
        assert [(node.origin, node.target, node.factor, node.offset) for node in nodes] == temperatures
    else:
        assert found == expected


@pytest.mark.parametrize(
    "equation",
    [
        "x: {unit: MWh, over: [month], expr: '0'}",
        "x: {unit: MWh, over: [month], expr: 'max(0, mwh)'}",
        "x: {unit: MWh, over: [month], expr: '0 * ef'}",
        "x: {unit: tCO2, over: [month], expr: mwh * ef}",
        "x: {unit: tCO2, over: [year], expr: 'sum(mwh, over=month) * ef'}",
        "x: {unit: tCO2, over: [year], expr: 'sum(mwh * ef, over=month)'}",
        "x: {unit: kg_CH4, over: [hour], expr: 'sum(flow, over=minute)'}",
        "x: {unit: kg_CH4, expr: 'sum(flow, over=minute)'}",
        "x: {unit: kg_CH4, expr: 'sum(sum(flow, over=minute), over=year)'}",
        "x: {unit: '1', over: [year], expr: 'count(on, over=hour)'}",
        "x: {unit: '1', over: [year], expr: 'count(coal > 0, over=[fuel, month])'}",
        "x: {unit: degC, over: [year], expr: 'mean(T, over=hour)'}",
        "x: {unit: degC, over: [hour], expr: T + dT}",
        "x: {unit: K, over: [hour], expr: T - T_F}",
        "x: {unit: degC, over: [hour], expr: 'prev(T, hour, T_F)'}",
        "x: {unit: K, over: [hour], expr: 'T - prev(T, hour, T)'}",
        "x: {unit: t, over: [year], expr: 'sum(W, over=deposit_year, where=deposit_year <= year)'}",
        "x: {unit: MWh, over: [month, fuel], expr: mwh}",
        "x: {unit: flag, over: [hour], expr: on}",
        "x: {unit: flag, over: [hour], expr: not on or T > T_F}",
        "x: {unit: t_coal, over: [month], expr: 'sum(coal, over=fuel, where=ncv > 0)'}",
        "x: {unit: MWh, over: [month], expr: 'sum(mwh, over=fuel, where=coal > 0)'}",
        "x: {unit: MWh*MWh, over: [month], expr: mwh ** 2}",
        "x: {unit: 1/MWh, over: [month], expr: mwh ** -1}",
        "x: {unit: '1', over: [month], expr: mwh / kwh}",
    ],
)
def test_this_fits(bench: Any, equation: Any) -> None:
    assert inference_of(bench, equation).problems == ()


@pytest.mark.parametrize(
    ("equation", "what"),
    [
        ("x: {unit: MWh, over: [month], expr: 'sum(mwh, over=month)'}", "itself over month"),
        ("x: {unit: MWh, over: [month], expr: 'sum(mwh, over=year)'}", "a sum over year inside an equation over month"),
        ("x: {unit: kg_CH4, over: [hour], expr: flow}", "has a value for each minute"),
        ("x: {unit: MWh, expr: 'sum(mwh, over=hour)'}", "has no hour"),
        ("x: {unit: '1', expr: 'sum(mwh > kwh, over=month)'}", "sum of a condition"),
        ("x: {unit: K, over: [hour], expr: T * dT}", "does not have the declared unit"),
        ("x: {unit: '1', over: [hour], expr: on + on}", "does not have the declared unit"),
        ("x: {unit: t, expr: 'sum(W, over=deposit_year, where=deposit_year <= year)'}", "has a value for each year"),
        ("x: {unit: m, expr: area ** share}", "raised to a power that is not a constant"),
        ("x: {unit: MWh, over: [month], cases: [{when: mwh > 0, expr: mwh}, {otherwise: ef}]}", "the cases joins different units"),
        ("x: {unit: '1', over: [month], expr: log(mwh)}", "log of a quantity with a unit"),
        ("x: {unit: MWh, over: [month], expr: 'min(mwh, ef)'}", "min joins different units"),
        ("x: {unit: MWh, over: [month], expr: 'prev(mwh, month, ef)'}", "cannot be converted"),
        ("x: {unit: MWh, expr: 'sum(prev(mwh, month, 0), over=year)'}", "prev along month in an equation that is not over month"),
    ],
)  # fmt: skip
def test_this_does_not_fit(bench: Any, equation: Any, what: Any) -> None:
    (problem,) = inference_of(bench, equation).problems
    assert what in str(problem)
    assert problem.place is not None
    assert (problem.place.line or 0) > HEAD.count("\n")


def test_earlier_temperature_is_a_temperature_in_kelvin(bench: Any) -> None:
    day = {"start": "2024-01-01", "end": "2024-01-01"}
    result = bench.compute(
        HEAD + "  x: {unit: degC, over: [hour], expr: 'prev(T, hour, T_F)'}\n"
        "  y: {unit: K, over: [hour], expr: 'T - prev(T, hour, T_F)'}\n",
        {"T": {f"2024-01-01T{hour:02}": hour for hour in range(24)}, "T_F": 32},
        members={"deposit_year": ["2020"]},
        period=day,
    )
    assert result.values("x") == {f"2024-01-01T{hour:02}": max(0, hour - 1) for hour in range(24)}
    assert set(result.values("y").values()) == {0, 1}


def test_formula_of_one_unit_is_left_as_written(bench: Any) -> None:
    inference = inference_of(bench, "x: {unit: MWh, over: [month], expr: mwh}")
    assert inference.trees["x"] == Name("mwh")
    assert inference.conversions == ()


def test_condition_of_a_methodology_is_over_nothing(bench: Any) -> None:
    methodology = bench.methodology(
        HEAD + "  x: {unit: MWh, over: [month], expr: mwh}\n"
        "conditions: [{id: a, text: {zh: 甲, en: A}, test: 'minimum(mwh, over=month) > 0'},\n"
        "             {id: b, text: {zh: 乙, en: B}, test: mwh > 0}]\n"
    )
    inference = infer(methodology)
    assert set(inference.tests) == {"a"}
    (problem,) = inference.problems
    assert "condition of b: the condition goes over month" in str(problem)

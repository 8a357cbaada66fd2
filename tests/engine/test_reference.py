import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine.compute.reference import Reference
from tonne.engine.errors import Place, RunError

DAY = {"start": "2024-05-01", "end": "2024-05-01"}
MINUTES = [f"2024-05-01T{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]


def near(value: Any, expected: Any, places: int = 12) -> bool:
    return abs(Fraction(value) - Fraction(expected)) <= Fraction(1, 10**places)


# -- a flare by the minute


def flare(bench: Any, kind: str, **values: Any) -> Any:
    given_ = {
        "V_gas": 10,
        "share_CH4": 50,
        "flare.flame": 1,
        **{f"flare.{name}": value for name, value in values.items()},
    }
    methodology = bench.fixture("landfill_gas", ("flare_module",))
    return bench.compute(methodology, given_, choices={"flare.flare": kind}, period=DAY)


def test_open_flare_burns_half_while_the_flame_is_lit(bench: Any) -> None:
    flame = {minute: int(minute >= "2024-05-01T06:00") for minute in MINUTES}
    result = flare(bench, "open", flame=flame)
    # 10 Nm3 x 50 % x 0.716 kg = 3.58 kg a minute; 1440 minutes x 28 t/t = 144.3456 t; half lost in 1080 minutes, all in 360
    assert result.value("BE", "2024") == Decimal("144.3456")
    assert result.value("PE", "2024") == Decimal("3.58") * (1080 / Decimal(2) + 360) * 28 / 1000
    assert result.value("ER", "2024") == Decimal("144.3456") - Decimal("90.216")
    assert result.value("flare.burning", "2024") == 1080
    assert result.value("flare.eta_hour", "2024-05-01T05") == 0
    assert result.value("flare.eta_hour", "2024-05-01T06") == 50


def test_enclosed_flare_needs_its_temperature_and_flow(bench: Any) -> None:
    temperature = {minute: 499 if minute < "2024-05-01T12:00" else 500 for minute in MINUTES}
    result = flare(bench, "enclosed_default", T_EG=temperature, T_low=500, F_low=3, F_high=4)
    # not hot enough in the first 720 minutes (nothing destroyed), 90 % after them; 500 degC is enough
    assert result.value("PE", "2024") == Decimal("3.58") * (720 + 72) * 28 / 1000
    outside = flare(bench, "enclosed_default", T_EG=900, T_low=500, F_low="3.58", F_high="3.58")
    assert outside.value("PE", "2024") == Decimal("14.43456")
    above = flare(bench, "enclosed_default", T_EG=900, T_low=500, F_low=3, F_high="3.57")
    assert above.value("PE", "2024") == Decimal("144.3456")


def test_measured_flare_takes_what_leaves_it_and_no_flow_is_no_division(bench: Any) -> None:
    gas = {minute: 0 if minute.endswith(":00") else 10 for minute in MINUTES}
    methodology = bench.fixture("landfill_gas", ("flare_module",))
    result = bench.compute(
        methodology,
        {"V_gas": gas, "share_CH4": 50, "flare.flame": 1, "flare.F_EG": "0.0358"},
        choices={"flare.flare": "enclosed_measured"},
        period=DAY,
    )
    # 24 minutes without flow; in the other 1416 a hundredth leaves
    assert near(result.value("PE", "2024"), Fraction("0.0358") * 1416 * 28 / 1000)
    assert result.value("flare.eta", "2024-05-01T07:00") == 0
    assert near(result.value("flare.eta", "2024-05-01T07:01"), "0.99")


def test_choice_needs_no_data_of_the_other_choices(bench: Any) -> None:
    plan = bench.plan(bench.fixture("landfill_gas", ("flare_module",)), {"flare.flare": "open"})
    assert not {"flare.T_EG", "flare.F_EG", "flare.T_low"} & set(plan.needed)


def test_choice_for_each_flare(bench: Any) -> None:
    result = bench.compute(
        bench.fixture("flare_bank"),
        {"F_RG": "0.1", "F_EG": {f"c,{minute}": "0.02" for minute in MINUTES}},
        members={"flare": ["a", "b", "c"]},
        choices={"shut": "no_open", "type": {"a": "open", "b": "default", "c": "measured"}},
        period=DAY,
    )
    # 144 kg a day: half of it lost, a tenth, a fifth; x 28
    expected = {"a,2024": Decimal("2.016"), "b,2024": Decimal("0.4032"), "c,2024": Decimal("0.8064")}
    assert result.values("PE_by_flare") == expected
    assert result.value("PE_flare", "2024") == sum(expected.values())
    assert result.value("open_flares") == 1
    assert result.value("lost_open", "2024") == 72


# -- waste decays


def test_waste_of_each_year_decays_in_the_years_after(bench: Any) -> None:
    waste = {("2010", "food"): 100, ("2012", "food"): 50, ("2013", "food"): 7, ("2010", "wood"): 10, ("2012", "wood"): 20,
             ("2013", "wood"): 30}  # fmt: skip
    carbon, rate = {"food": 0.15, "wood": 0.43}, {"food": 0.185, "wood": 0.03}
    result = bench.compute(
        bench.fixture("waste_decay"),
        {
            "W": {",".join(key): value for key, value in waste.items()},
            "DOC": {name: str(value) for name, value in carbon.items()},
            "k": {name: str(value) for name, value in rate.items()},
            "f": 50,
        },
        members={"deposit_year": ["2010", "2012", "2013"], "waste": ["food", "wood"]},
        period={"start": "2011-07-01", "end": "2013-06-30"},
    )
    for year in (2011, 2012, 2013):
        decayed = sum(
            amount * carbon[kind] * math.exp(-rate[kind] * (year - int(deposited))) * (1 - math.exp(-rate[kind]))
            for (deposited, kind), amount in waste.items()
            if int(deposited) <= year
        )
        expected = 0.9 * (1 - 0.5) * 28 * (1 - 0.1) * 16 / 12 * 0.5 * 0.5 * 1 * decayed
        assert float(result.value("BE_SWDS", str(year))) == pytest.approx(expected, rel=1e-13)
    assert result.values("W_before") == {"2011": 110, "2012": 110, "2013": 180}
    assert result.value("age", "2013,2010") == 3
    assert result.value("age", "2011,2012") == 0


# -- a stock carries over


def test_stock_carries_over_from_month_to_month(bench: Any) -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    result = bench.compute(
        bench.fixture("lagoon"),
        {
            "COD_BL": 100,
            "lagoon_emptied": {month: int(month == "2024-06") for month in months},
            "T": {month: 5 * number for number, month in enumerate(months, 1)},
        },
    )
    # f_T: below 10 degC 0, then 1 - (30 - T)/20: 0, 0, 0.25, 0.5, 0.75, 1 … ; each month keeps what the last did not digest
    assert list(result.values("f_T").values()) == [
        0,
        0,
        Decimal("0.25"),
        Decimal("0.5"),
        Decimal("0.75"),
        *[1] * 7,
    ]
    assert list(result.values("COD_av").values()) == [100, 200, 300, 325, Decimal("262.5"), *[100] * 7]
    digested = Decimal("0.25") * 300 + Decimal("0.5") * 325 + Decimal("0.75") * Decimal("262.5") + 700
    assert result.value("CH4", "2024") == digested / 4
    assert set(result.values("change").values()) == {0}


TWO = """\
dimensions: {month: {time: month}, fuel: {members: [coal, gas]}}
parameters:
  a: {unit: t, over: [month], from: fixed}
  b: {unit: t, over: [month, fuel], from: fixed}
  start: {unit: kg, over: [fuel], from: fixed}
equations:
  stock: {unit: t, over: [fuel, month], expr: 'prev(stock, month, start) + b - used'}
  used: {unit: kg, over: [month, fuel], expr: 'prev(stock, month, 0) / 2 + prev(used, month, 2 * start) / 4'}
  step: {unit: t, over: [month, fuel], expr: 'b - prev(a, month, start)'}
  before_last: {unit: t, over: [month], expr: 'prev(before, month, a)'}
  before: {unit: t, over: [month], expr: 'prev(a, month, a)'}
"""


def test_two_equations_that_need_each_others_past_run_along_together(bench: Any) -> None:
    months = ["2023-11", "2023-12", "2024-01", "2024-02"]
    a = dict(zip(months, [1, 2, 4, 8], strict=True))
    b = {
        f"{month},{fuel}": number * factor
        for number, month in enumerate(months, 1)
        for fuel, factor in [("coal", 1), ("gas", 3)]
    }
    start = {"coal": 500, "gas": 1000}
    result = bench.compute(TWO, {"a": a, "b": b, "start": start}, period={"start": "2023-11-01", "end": "2024-02-29"})
    for fuel in ("coal", "gas"):
        first = Fraction(start[fuel], 1000)
        stock, used = first, 2 * first
        for number, month in enumerate(months):
            before = Fraction(0) if number == 0 else stock
            used = before / 2 + used / 4
            stock = stock + b[f"{month},{fuel}"] - used
            assert near(result.value("stock", f"{fuel},{month}"), stock)
            assert near(result.value("used", f"{month},{fuel}"), used * 1000)
            earlier = first if number == 0 else Fraction(a[months[number - 1]])
            assert near(result.value("step", f"{month},{fuel}"), b[f"{month},{fuel}"] - earlier)
    assert list(result.values("before").values()) == [1, 1, 2, 4]
    assert list(result.values("before_last").values()) == [1, 1, 1, 2]


def test_stock_runs_through_a_long_period_without_depth(bench: Any) -> None:
    text = (
        "dimensions: {day: {time: day}}\nparameters: {a: {unit: t, over: [day], from: fixed}}\n"
        "equations: {x: {unit: t, over: [day], expr: 'prev(x, day, 0) + a'}, y: {unit: t, over: [day], expr: x}}\n"
    )
    plan = bench.plan(bench.methodology(text))
    dataset = bench.dataset(plan, {"a": 1}, period={"start": "2020-01-01", "end": "2025-12-31"})
    values = Reference(plan, dataset).compute_all()
    assert max(values["y"].values()) == len(values["y"]) == 2192


# -- what has no value

STRICT = """\
dimensions: {month: {time: month}, year: {time: year}, fuel: {members: [coal, gas]}}
options: {type: {name: {zh: 型, en: Type}, values: [p, q], over: [fuel]}}
parameters:
  m: {unit: '1', over: [month], from: fixed}
  zero: {unit: '1', from: fixed}
  cond: {unit: '1', over: [fuel], from: fixed, when: type == p}
  flag: {unit: flag, from: fixed}
equations:
"""
PERIOD = {"start": "2023-12-01", "end": "2024-01-31"}
VALUES = {"m": {"2023-12": 1, "2024-01": -1}, "zero": 0, "cond": {"coal": 5}, "flag": 0}
NO_VALUE = [
    ("x: {unit: '1', over: [month], expr: m / (m + 1)}", "x@2024-01", "division by zero"),
    ("x: {unit: '1', over: [month], expr: m / (1 / 3 * 3 - 1)}", "x@2023-12", "division by zero"),
    ("x: {unit: '1', over: [month], expr: m / (0.1 + 0.2 - 0.3)}", "x@2023-12", "division by zero"),
    ("x: {unit: '1', expr: log(zero)}", "x", "the logarithm of a number that is not positive"),
    ("x: {unit: '1', over: [month], expr: log(m)}", "x@2024-01", "the logarithm of a number that is not positive"),
    ("x: {unit: '1', over: [month], expr: sqrt(m)}", "x@2024-01", "the root of a negative number"),
    ("x: {unit: '1', over: [month], expr: m ** 0.5}", "x@2024-01", "a negative number to a power that is not whole"),
    ("x: {unit: '1', over: [month], expr: (m + 1) ** -2}", "x@2024-01", "zero to a power that is not positive"),
    ("x: {unit: '1', expr: zero ** 0}", "x", "zero to a power that is not positive"),
    ("x: {unit: '1', over: [month], cases: [{when: m > 0, expr: m}]}", "x@2024-01", "no case applies"),
    ("x: {unit: '1', over: [month], cases: [{when: 1 / (m + 1) > 0, expr: m}, {otherwise: '0'}]}", "x@2024-01", "division by zero"),
    ("x: {unit: '1', over: [month], cases: [{when: 1 / (m + 1) > 0 and m > 5, expr: m}, {otherwise: '0'}]}", "x@2024-01", "division"),
    ("x: {unit: '1', over: [month], cases: [{when: 1 / (m + 1) > 0 or m < 5, expr: m}, {otherwise: '0'}]}", "x@2024-01", "division"),
    ("x: {unit: '1', over: [month], cases: [{when: not 1 / (m + 1) > 0, expr: m}, {otherwise: '0'}]}", "x@2024-01", "division"),
    ("x: {unit: '1', over: [fuel], expr: cond}", "x@gas", "parameter cond has no value at gas"),
    ("x: {unit: '1', over: [fuel], expr: 'max(cond, 1)'}", "x@gas", "parameter cond has no value at gas"),
    ("x: {unit: '1', over: [fuel], expr: 'min(1, cond, 3)'}", "x@gas", "parameter cond has no value at gas"),
    ("x: {unit: '1', expr: 'sum(cond, over=fuel)'}", "x", "parameter cond has no value at gas"),
    ("x: {unit: '1', expr: 'maximum(cond, over=fuel)'}", "x", "parameter cond has no value at gas"),
    ("x: {unit: '1', expr: 'count(cond > 1, over=fuel)'}", "x", "parameter cond has no value at gas"),
    ("x: {unit: '1', expr: 'mean(cond, over=fuel)'}", "x", "parameter cond has no value at gas"),
    ("x: {unit: '1', expr: 'mean(m, over=month, where=m > 5)'}", "x", "mean of nothing"),
    ("x: {unit: '1', expr: 'minimum(m, over=month, where=m > 5)'}", "x", "minimum of nothing"),
    ("x: {unit: '1', expr: 'stdev(m, over=month, where=m > 0)'}", "x", "the standard deviation of fewer than two values"),
    ("x: {unit: '1', expr: 'stdev(m, over=month, where=m > 5)'}", "x", "stdev of nothing"),
    ("x: {unit: '1', over: [year], expr: 'stdev(m, over=month)'}", "x@2023", "the standard deviation of fewer than two values"),
    ("x: {unit: '1', expr: 'sum(1 / (m + 1), over=month)'}", "x", "division by zero"),
    ("x: {unit: '1', expr: 'sum(m, over=month, where=1 / (m + 1) > 0)'}", "x", "division by zero"),
    ("x: {unit: '1', expr: 'count(m, over=month, where=1 / (m + 1) > 0)'}", "x", "division by zero"),
    ("x: {unit: '1', over: [month], expr: 'prev(y, month, 0)'}\n  y: {unit: '1', over: [month], expr: 1 / (m - 1)}", "x@2024-01|y@2023-12", "division by zero"),
    ("x: {unit: '1', over: [month], expr: 'prev(x, month, 0) + 1 / (m + 1)'}", "x@2024-01", "division by zero"),
    ("x: {unit: '1', over: [month], expr: floor(1 / (m + 1))}", "x@2024-01", "division by zero"),
    ("x: {unit: '1', over: [month], expr: exp(exp(exp(exp(m + 3))))}", "x@2023-12", "arithmetic fails: Overflow"),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "where", "why"), NO_VALUE)
def test_what_has_no_value_stops_with_equation_index_and_reason(
    bench: Any, equation: Any, where: Any, why: Any
) -> None:
    plan = bench.plan(bench.methodology(f"{STRICT}  {equation}\n"), {"type": {"coal": "p", "gas": "q"}})
    with pytest.raises(RunError) as caught:
        Reference(plan, bench.dataset(plan, VALUES, period=PERIOD)).compute_all()
    (problem,) = caught.value.problems
    assert problem.place in {Place("spec.yaml", 14, 3), Place("spec.yaml", 15, 3)}
    assert problem.what.partition(" has no value: ")[0] in where.split("|")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("floor(94.6 - 54.6)", 40),
        ("ceil(94.6 - 54.6)", 40),
        ("floor(1 / 3 * 3)", 1),
        ("ceil(1 / 3 * 3)", 1),
        ("floor(1 / 3 * 3 - 1)", 0),
        ("ceil(1 - 1 / 3 * 3)", 0),
        ("floor(7 / 49 * 49)", 7),
        ("floor(-0.5)", -1),
        ("ceil(-0.5)", 0),
        ("floor(-2)", -2),
        ("round(0.5)", 1),
        ("round(1.5)", 2),
        ("round(2.5)", 3),
        ("round(-0.5)", -1),
        ("round(-2.5)", -3),
        ("round(2.4999999)", 2),
        ("round(1.005 * 100)", 101),
        ("round(0.285 * 100)", 29),
        ("round(-1.005 * 100)", -101),
        ("floor(0.1 * 3 / 0.1)", 3),
        ("floor(4.35 * 100)", 435),
        ("floor(123456789.97)", 123456789),
        ("ceil(123456789.03)", 123456790),
        ("floor(1000000000.5 * 1)", 1000000000),
        ("round(1000000000.5 * 1)", 1000000001),
        ("floor(sqrt(2) ** 2)", 2),
        ("floor(exp(log(7)))", 7),
        ("floor(34523.9999)", 34523),
        ("2 ** 0.5 * 2 ** 0.5 - 2", 0),
        ("abs(-3.25)", Decimal("3.25")),
        ("min(3, 1, 2) + max(3, 1, 2) * 10", 31),
        ("2 ** 10 - 2 ** -1", Decimal("1023.5")),
        ("-2 ** 2", -4),
        ("(-2) ** 3", -8),
        ("0 ** 2", 0),
    ],
)
def test_value_of_constants_in_both_evaluators(bench: Any, expression: Any, expected: Any) -> None:
    result = bench.compute(f"equations: {{x: {{unit: '1', expr: '{expression}'}}}}\n", {})
    assert abs(result.value("x") - expected) < Decimal("1e-30")
    assert result.columnar["x"][()] == pytest.approx(float(expected), abs=1e-15)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("1 / 3 * 3 == 1", True),
        ("0.1 + 0.2 == 0.3", True),
        ("0.1 + 0.2 > 0.3", False),
        ("0.1 + 0.2 <= 0.3", True),
        ("94.6 - 54.6 >= 40", True),
        ("94.6 - 54.6 < 40", False),
        ("1 / 3 + 1 / 3 + 1 / 3 - 1 == 0", True),
        ("1 / 3 + 1 / 3 + 1 / 3 - 1 < 0", False),
        ("0.1 * 3 != 0.3", False),
        ("sqrt(2) * sqrt(2) == 2", True),
        ("1 == 1.0000001", False),
        ("0.3000001 > 0.1 + 0.2", True),
        ("1e-9 > 0", True),
        ("1e-9 * 1 > 0", True),
        ("0 >= 0 and not 0 > 0", True),
        ("exp(1) > 2.718281828", True),
        ("1 < 2 or 1 / 0 > 0", True),
        ("1 > 2 and 1 / 0 > 0", False),
    ],
)
def test_truth_of_constants_in_both_evaluators(bench: Any, condition: Any, holds: Any) -> None:
    result = bench.compute(f"equations: {{x: {{unit: flag, expr: '{condition}'}}}}\n", {})
    assert result.value("x") == holds
    assert result.columnar["x"][()] == holds


@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=1000), st.integers(1, 999))
def test_what_is_divided_and_multiplied_again_rounds_as_before(bench: Any, value: Any, divisor: Any) -> None:
    text = "parameters: {a: {unit: '1', from: fixed}, d: {unit: '1', from: fixed}}\nequations:\n"
    for function in ("floor", "ceil", "round"):
        text += f"  {function}_x: {{unit: '1', expr: '{function}(a / d * d)'}}\n"
    text += "  difference: {unit: '1', expr: 'a / d * d - a'}\n"
    plan = bench.plan(bench.methodology(text))
    reference = Reference(plan, bench.dataset(plan, {"a": value, "d": divisor}))
    values = {name: column[()] for name, column in reference.compute_all().items()}
    assert values["floor_x"] == math.floor(value)
    assert values["ceil_x"] == math.ceil(value)
    assert values["round_x"] == math.copysign(math.floor(abs(value) + Fraction(1, 2)), value)
    assert values["difference"] == 0

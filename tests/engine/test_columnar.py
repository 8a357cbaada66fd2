import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.reference import Reference
from tonne.engine.compute.staging import stage
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain
from tonne.engine.errors import RunError
from tonne.engine.plan import Plan
from tonne.engine.spec.tree import Name

MONTHS = ["2023-12", "2024-01"]
PERIOD = {"start": "2023-12-01", "end": "2024-01-31"}
STRICT = """\
dimensions: {month: {time: month}, year: {time: year}, fuel: {members: [coal, gas]}}
options: {type: {name: {zh: 型, en: Type}, values: [p, q], over: [fuel]}}
parameters:
  m: {unit: '1', over: [month], from: fixed}
  zero: {unit: '1', from: fixed}
  cond: {unit: '1', over: [fuel], from: fixed, when: type == p}
  there: {unit: '1', over: [month, fuel], from: fixed, when: type == p}
equations:
"""
VALUES = {
    "m": {"2023-12": 1, "2024-01": -1},
    "zero": 0,
    "cond": {"coal": 5},
    "there": {"2023-12,coal": 2, "2024-01,coal": 3},
}
ATOMS = ["m", "zero", "cond", "there", "1", "0", "0.5"]
SHAPES = [
    "{a} / {b}", "{a} / ({a} - {b})", "log({a})", "sqrt({a} - 1)", "{a} ** {b}", "{a} ** -1", "max({a}, {b})", "min({a}, {b}, 1)",
    "floor({a} / {b})", "abs({a} / {b})", "-({a} / {b})", "exp({a} / {b})", "round(log({a}))",
    "sum({a} / {b}, over=fuel, where={a} > {b})", "mean(cond / {a}, over=fuel)", "minimum(cond, over=fuel, where={a} > 0)",
    "count(cond > {a}, over=fuel)", "count(cond, over=fuel, where={a} / {b} > 0)", "stdev(cond * {a}, over=fuel)",
    "maximum(sqrt(cond - {a}), over=fuel)", "prev(m, month, {a} / zero)",
]  # fmt: skip
CONDITIONS = ["{a} / {b} > 0", "not ({a} / {b} > 0)", "{a} > 0 and {a} / {b} > 0", "{a} / {b} > 0 and {a} > 0", "{a} / {b} > 0 or {a} > 0",
              "{a} > 0 or sqrt({b}) > 1", "cond == {a}", "type == p and cond > 1", "type == p or cond > 1"]  # fmt: skip


def strict_equations() -> Iterator[str]:
    for shape, (a, b) in itertools.product(SHAPES, itertools.product(ATOMS, ATOMS)):
        yield f"expr: '{shape.format(a=a, b=b)}'"
    for condition, (a, b) in itertools.product(CONDITIONS, itertools.product(ATOMS, ATOMS)):
        when = condition.format(a=a, b=b)
        yield f"cases: [{{when: '{when}', expr: {a}}}, {{otherwise: '7'}}]"
        yield f"cases: [{{when: '{when}', expr: 1 / {b}}}, {{when: m > 0, expr: '3'}}]"


def placed(body: str) -> str:
    """Sums over fuel stand where fuel is not yet a dimension; all else where every parameter can stand."""
    if "over=fuel" not in body:
        return f"over: [month, fuel], {body}"
    return f"over: [month], {body}".replace("there", "m").replace("sum(", "sum(cond * ")


def test_what_has_no_value_in_the_reference_is_null_and_all_else_a_number(bench: Any) -> None:
    chosen = random.Random(2).sample(sorted(set(strict_equations())), 160)
    lines = [f"  x{number}: {{unit: '1', {placed(body)}}}\n" for number, body in enumerate(chosen)]
    text = STRICT + "".join(lines)
    bad = [problem for problem in bench.problems(text) if "itself over" not in problem]
    unfit = {int(problem.split(":")[1]) for problem in bad}
    text = "".join(line for number, line in enumerate(text.splitlines(keepends=True), 1) if number not in unfit)
    plan = bench.plan(bench.methodology(text), {"type": {"coal": "p", "gas": "q"}})
    assert len(plan.steps) > 130
    dataset = bench.dataset(plan, VALUES, period=PERIOD)
    reference, columnar = Reference(plan, dataset), bench.columnar(plan, dataset)
    undefined = 0
    for name, step in plan.steps.items():
        for index in dataset.domain.indices(step.over):
            exact = reference.evaluate(Name(name), dict(zip(step.over, index, strict=True)))
            found = columnar[name][index]
            undefined += exact is None
            if exact is None:
                assert found is None, (name, index, found, step.tree)
            else:
                assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-15), (name, index, step.tree)
    assert undefined > 100


SHARED = """\
dimensions: {day: {time: day}, month: {time: month}, year: {time: year}, fuel: {members: from_data}}
parameters:
  a: {unit: '1', over: [day, fuel], from: fixed}
  f: {unit: '1', over: [fuel], from: fixed}
  F: {unit: '1', over: [fuel, month], from: fixed}
equations:
  total: {unit: '1', over: [year], expr: 'sum(a * f * F, over=[day, fuel])'}
  mean_: {unit: '1', over: [month], expr: 'mean(a / f, over=[day, fuel])'}
  spread: {unit: '1', over: [month, fuel], expr: 'stdev(a * f, over=day)'}
  low: {unit: '1', expr: 'minimum(a * F - f, over=[day, fuel])'}
  decay: {unit: '1', over: [fuel], expr: 'sum(exp(-f * a), over=day)'}
  f_: {unit: '1', over: [fuel], expr: 'sum(F, over=month)'}
  F_: {unit: '1', over: [month], expr: 'sum(F, over=fuel)'}
"""
QUARTER = {"start": "2023-11-15", "end": "2024-02-10"}


def shared(bench: Any, members: list[str]) -> tuple[Plan, Dataset]:
    plan = bench.plan(bench.methodology(SHARED))
    random_ = random.Random(5)
    domain = bench.dataset(plan, {"a": 1, "f": 1, "F": 1}, {"fuel": sorted(members)}, QUARTER).domain
    values = {
        name: {domain.label(over, index): Fraction(random_.randint(1, 10**9), 10**7) for index in domain.indices(over)}
        for name, over in plan.needed.items()
    }
    return plan, bench.dataset(plan, values, {"fuel": members}, QUARTER)


def shuffled(dataset: Dataset, random_: random.Random) -> Dataset:
    """The same values, every dimension in another order."""
    members = {name: tuple(random_.sample(known, len(known))) for name, known in dataset.domain.members.items()}
    domain = Domain(members, dataset.domain.steps, dataset.domain.clock)
    return Dataset(domain, dataset.values, {})


def bits(values: Any) -> dict[str, dict[Any, str]]:
    return {name: {index: value.hex() for index, value in column.items()} for name, column in values.items()}


def test_bits_depend_neither_on_order_nor_on_threads(bench: Any) -> None:
    plan, dataset = shared(bench, ["coal", "gas", "oil", "peat"])
    random_ = random.Random(3)
    found = []
    for threads in (1, 2, 4):
        for data in (dataset, shuffled(dataset, random_), shuffled(dataset, random_)):
            with duckdb.connect(config={"threads": threads, "preserve_insertion_order": "false"}) as store:
                found.append(bits(compute_columnar(plan, data, store)))
    assert all(other == found[0] for other in found[1:])


def test_names_that_differ_by_case_only_are_columns_of_their_own(bench: Any) -> None:
    plan, dataset = shared(bench, ["coal", "gas"])
    reference, columnar = Reference(plan, dataset).compute_all(), bench.columnar(plan, dataset)
    for name in ("f_", "F_", "total"):
        assert set(columnar[name]) == set(reference[name])
        for index, value in reference[name].items():
            assert columnar[name][index] == pytest.approx(float(value), rel=1e-12)


def test_every_equation_is_a_named_column(bench: Any) -> None:
    plan = bench.plan(bench.methodology(SHARED))
    staged = stage(plan)
    assert {name for names in staged.columns.values() for name in names} == set(plan.steps)
    assert {staged.column(name) for name in ("f", "F")} == {"f", "F~2"}


def test_names_of_the_query_language_are_names_like_any_other(bench: Any) -> None:
    names = [
        "select",
        "from_",
        "order",
        "group",
        "table",
        "here",
        "there",
        "past",
        "now",
        "year_",
        "NULL",
        "where",
        "sum",
        "over",
    ]
    text = 'dimensions: {month: {time: month}, union: {members: [select, "from"]}}\nparameters:\n'
    text += "".join(f"  {name}: {{unit: '1', over: [month], from: fixed}}\n" for name in names)
    total = " + ".join(names)
    text += f"equations:\n  values: {{unit: '1', over: [month], expr: '{total} + prev(values, month, 0) + prev(now, month, past)'}}\n"
    text += "  level_0: {unit: '1', over: [union], expr: 'sum(values, over=month)'}\n"
    result = bench.compute(text, dict.fromkeys(names, 1), period=PERIOD)
    assert list(result.values("values").values()) == [15, 30]


@pytest.mark.parametrize(
    "text", ["equations: {x: {unit: t, expr: '%s'}}", "equations: {x: {unit: t, over: [fuel], expr: '%s'}}"]
)
def test_deep_formula_is_computed(bench: Any, text: Any) -> None:
    head = "dimensions: {fuel: {members: [coal, gas]}}\nparameters: {a: {unit: t, from: fixed}, b: {unit: t, over: [fuel], from: fixed}}\n"
    operand = "b" if "fuel" in text else "a"
    for shape in (
        "({0} + a)",
        "max({0}, a)",
        "(a - {0})",
        "max({0}, a, a / 2)",
        "min(a, {0} / 2)",
        "abs(-{0})",
        "floor({0})",
    ):
        expression = operand
        for _ in range(25):
            expression = shape.format(expression)
        values = {"a": 3, "b": {"coal": 1, "gas": 2}}
        result = bench.compute(head + text % expression + "\n", values)
        assert result.agreement.compared in {1, 2}


def test_longest_formula_is_computed(bench: Any) -> None:
    chain = " + ".join(["a * b"] * 78)
    text = "parameters: {a: {unit: '1', from: fixed}, b: {unit: '1', from: fixed}}\nequations:\n"
    text += f"  x: {{unit: '1', expr: '{chain}'}}\n  y: {{unit: flag, expr: '{' or '.join(['a > b'] * 78)}'}}\n"
    text += f"  z: {{unit: '1', expr: '{' / '.join(['a'] * 79)}'}}\n  w: {{unit: '1', expr: '{'-' * 78}a'}}\n"
    result = bench.compute(text, {"a": "1.5", "b": 2})
    assert result.value("x") == 234
    assert result.value("y") == 0
    assert result.value("w") == Fraction(3, 2)


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ("1" + "0" * 400, "a"),
        ("1" + "0" * 20, "sum(a * f, over=fuel)"),
        ("1", "a * 1e60 * 1e60 * 1e60 * 1e60 * 1e60 * 1e60"),
    ],
)
def test_numbers_beyond_the_range_stop_with_a_word(bench: Any, value: Any, expression: Any) -> None:
    text = (
        "dimensions: {fuel: {members: [coal, gas]}}\nparameters: {a: {unit: '1', from: fixed}, f: {unit: '1', over: [fuel], from: fixed}}\n"
        f"equations: {{x: {{unit: '1', expr: '{expression}'}}}}\n"
    )
    with pytest.raises(RunError):
        bench.compute(text, {"a": value, "f": 1})


def test_empty_dimension_sums_to_nothing(bench: Any) -> None:
    text = (
        "dimensions: {fuel: {members: from_data}, year: {time: year}}\nparameters: {f: {unit: '1', over: [fuel], from: fixed},\n"
        "  y: {unit: '1', over: [year], from: fixed}}\nequations:\n"
        "  x: {unit: '1', expr: 'sum(f, over=fuel)'}\n  n: {unit: '1', expr: 'count(f, over=fuel)'}\n"
        "  z: {unit: '1', over: [year], expr: 'sum(f * y, over=fuel)'}\n"
    )
    result = bench.compute(text, {"y": 1}, members={"fuel": []}, period=PERIOD)
    assert [result.value("x"), result.value("n"), result.value("z", "2024")] == [0, 0, 0]

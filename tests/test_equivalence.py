import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tonne.engine.compute.compare import compare
from tonne.engine.compute.reference import Reference
from tonne.engine.errors import RunError
from tonne.engine.spec.tree import Name

if TYPE_CHECKING:
    from decimal import Decimal

MONTHS = ("2023-11", "2023-12", "2024-01")
YEARS = ("2023", "2024")
FUELS = ("coal", "gas")
PERIOD = {"start": "2023-11-01", "end": "2024-01-31"}
MEMBERS = {"month": MONTHS, "year": YEARS, "fuel": FUELS}
PARAMETERS: dict[str, tuple[str, ...]] = {
    "s": (),
    "S": (),
    "y": ("year",),
    "m": ("month",),
    "M": ("month",),
    "f": ("fuel",),
    "mf": ("month", "fuel"),
    "yf": ("fuel", "year"),
    "flag": ("month",),
}
FLAGS = ("flag",)

At = Mapping[str, str]
Tree = tuple[Any, ...]


class UndefinedError(Exception):
    pass


@dataclass(frozen=True)
class Oracle:
    """Evaluates generated formulas in rational numbers, by what the language says and by no code of the engine."""

    equations: Mapping[str, tuple[tuple[str, ...], Tree]]
    values: Mapping[str, Mapping[tuple[str, ...], Fraction]]

    def equation(self, name: str, at: At) -> Fraction:
        over, tree = self.equations[name]
        here = {dimension: member(dimension, at) for dimension in over}
        return self.number(tree, here)

    def number(self, tree: Tree, at: At) -> Fraction:
        kind, *parts = tree
        return Fraction(getattr(self, f"on_{kind}")(at, *parts))

    def on_number(self, _at: At, text: str) -> Fraction:
        return Fraction(text)

    def on_parameter(self, at: At, name: str) -> Fraction:
        return self.values[name][tuple(member(dimension, at) for dimension in PARAMETERS[name])]

    def on_equation(self, at: At, name: str) -> Fraction:
        return self.equation(name, at)

    def on_minus(self, at: At, operand: Tree) -> Fraction:
        return -self.number(operand, at)

    def on_arithmetic(self, at: At, operator: str, left: Tree, right: Tree) -> Fraction:
        one, other = self.number(left, at), self.number(right, at)
        if operator == "/":
            if other == 0:
                raise UndefinedError
            return one / other
        return one + other if operator == "+" else one - other if operator == "-" else one * other

    def on_power(self, at: At, base: Tree, exponent: int) -> Fraction:
        value = self.number(base, at)
        if value == 0 and exponent <= 0:
            raise UndefinedError
        return value**exponent

    def on_call(self, at: At, function: str, *arguments: Tree) -> Fraction:
        values = [self.number(argument, at) for argument in arguments]
        if function in {"min", "max"}:
            return min(values) if function == "min" else max(values)
        (value,) = values
        if function == "abs":
            return abs(value)
        floor = Fraction(value.numerator // value.denominator)
        if function == "floor":
            return floor
        if function == "ceil":
            return floor if floor == value else floor + 1
        sign = -1 if value < 0 else 1
        return Fraction(sign * ((2 * abs(value) + 1) // 2))

    def on_reduce(self, at: At, function: str, body: Tree, over: tuple[str, ...], where: Tree | None) -> Fraction:
        inside = [inner for inner in inner_indices(at, over) if where is None or self.holds(where, inner)]
        if function == "count":
            return Fraction(sum(1 for inner in inside if body[0] not in CONDITIONS or self.holds(body, inner)))
        values = [self.number(body, inner) for inner in inside]
        if function == "sum":
            return sum(values, Fraction(0))
        if not values:
            raise UndefinedError
        if function == "mean":
            return sum(values, Fraction(0)) / len(values)
        return min(values) if function == "minimum" else max(values)

    def on_previous(self, at: At, name: str, initial: Tree) -> Fraction:
        position = MONTHS.index(at["month"])
        if position == 0:
            return self.number(initial, at)
        earlier = {**at, "month": MONTHS[position - 1]}
        earlier.pop("year", None)
        return self.number(("equation" if name in self.equations else "parameter", name), earlier)

    def on_cases(self, at: At, branches: list[tuple[Tree, Tree]], otherwise: Tree | None) -> Fraction:
        for when, value in branches:
            if self.holds(when, at):
                return self.number(value, at)
        if otherwise is None:
            raise UndefinedError
        return self.number(otherwise, at)

    def holds(self, tree: Tree, at: At) -> bool:
        kind, *parts = tree
        if kind == "compare":
            operator, left, right = parts
            one, other = self.number(left, at), self.number(right, at)
            table = {"==": one == other, "!=": one != other, "<": one < other, "<=": one <= other}
            return {**table, ">": one > other, ">=": one >= other}[operator]
        if kind == "flag":
            return self.on_parameter(at, parts[0]) != 0
        if kind == "not":
            return not self.holds(parts[0], at)
        if kind == "and":
            return self.holds(parts[0], at) and self.holds(parts[1], at)
        return self.holds(parts[0], at) or self.holds(parts[1], at)


CONDITIONS = {"compare", "flag", "not", "and", "or"}


def member(dimension: str, at: At) -> str:
    return at[dimension] if dimension in at else at["month"][:4]


def inner_indices(at: At, over: tuple[str, ...]) -> Iterator[At]:
    found: list[At] = [at]
    for dimension in over:
        members = [
            name
            for name in MEMBERS[dimension]
            if dimension != "month" or "year" not in at or name.startswith(at["year"])
        ]
        found = [{**inner, dimension: name} for inner in found for name in members]
    yield from found


def text_of(tree: Tree) -> str:
    kind, *parts = tree
    if kind in {"parameter", "equation", "flag", "number"}:
        return str(parts[0])
    if kind == "minus":
        return f"-({text_of(parts[0])})"
    if kind in {"arithmetic", "compare"}:
        return f"({text_of(parts[1])} {parts[0]} {text_of(parts[2])})"
    if kind == "power":
        return f"({text_of(parts[0])}) ** {parts[1]}"
    if kind == "call":
        return f"{parts[0]}({', '.join(map(text_of, parts[1:]))})"
    if kind == "reduce":
        function, body, over, where = parts
        dimensions = over[0] if len(over) == 1 else f"[{', '.join(over)}]"
        condition = f", where={text_of(where)}" if where else ""
        return f"{function}({text_of(body)}, over={dimensions}{condition})"
    if kind == "previous":
        return f"prev({parts[0]}, month, {text_of(parts[1])})"
    if kind == "not":
        return f"(not {text_of(parts[0])})"
    return f"({text_of(parts[0])} {kind} {text_of(parts[1])})"


class Writer:
    """Writes well-typed formulas at random; `context` has the dimensions of the equation and of open reductions."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.equations: dict[str, tuple[tuple[str, ...], Tree]] = {}

    def names(self, context: frozenset[str], needed: frozenset[str] = frozenset()) -> list[Tree]:
        allowed = context | ({"year"} if "month" in context else set())
        known = [("parameter", name, over) for name, over in PARAMETERS.items() if name not in FLAGS]
        known += [("equation", name, over) for name, (over, _) in self.equations.items()]
        return [(kind, name) for kind, name, over in known if needed <= set(over) <= allowed]

    def atom(self, context: frozenset[str]) -> Tree:
        if self.random.random() < 0.25:
            return ("number", self.random.choice(["0", "1", "2", "0.5", "1.25", "3"]))
        return self.random.choice(self.names(context))

    def number(self, context: frozenset[str], depth: int, nested: int) -> Tree:
        if depth == 0:
            return self.atom(context)
        kind = self.random.choice(
            ["arithmetic"] * 5 + ["divide", "call", "power", "minus", "previous"] + ["reduce"] * 4
        )
        if kind == "arithmetic":
            operator = self.random.choice("+-*")
            return (
                "arithmetic",
                operator,
                self.number(context, depth - 1, nested),
                self.number(context, depth - 1, nested),
            )
        if kind == "divide":
            divisor = self.random.choice([tree for tree in self.names(context) if tree[0] == "parameter"])
            return ("arithmetic", "/", self.number(context, depth - 1, nested), divisor)
        if kind == "minus":
            return ("minus", self.number(context, depth - 1, nested))
        if kind == "power":
            base = self.random.choice([tree for tree in self.names(context) if tree[0] == "parameter"])
            return ("power", base, self.random.choice([0, 1, 2, 3, -1]))
        if kind == "call":
            function = self.random.choice(["min", "max", "abs", "floor", "ceil", "round"])
            count = self.random.choice([2, 3]) if function in {"min", "max"} else 1
            return ("call", function, *(self.number(context, depth - 1, nested) for _ in range(count)))
        if kind == "previous" and "month" in context:
            _, name = self.random.choice(self.names(context, frozenset({"month"})))
            return ("previous", name, self.number(context - {"month", "fuel"}, 1, 0))
        reducible = self.reducible(context)
        if kind == "reduce" and reducible and nested > 0:
            return self.reduce(context, depth, nested, reducible)
        return self.atom(context)

    def reducible(self, context: frozenset[str]) -> list[str]:
        free = [name for name in ("fuel", "month") if name not in context]
        return free + (["year"] if not context & {"month", "year"} else [])

    def reduce(self, context: frozenset[str], depth: int, nested: int, reducible: list[str]) -> Tree:
        first = self.random.choice(reducible)
        over: tuple[str, ...] = (first,)
        if first != "year" and len({"fuel", "month"} & set(reducible)) == 2 and self.random.random() < 0.3:
            over = ("month", "fuel")
        inner = context | set(over)
        function = self.random.choice(["sum", "sum", "sum", "mean", "minimum", "maximum", "count"])
        where = self.condition(inner, 1, nested - 1) if self.random.random() < 0.5 else None
        anchor = self.random.choice(self.names(inner, frozenset(over)))
        if function == "count" and self.random.random() < 0.5:
            return (
                "reduce",
                function,
                ("compare", self.random.choice(["<", ">="]), anchor, self.atom(inner)),
                over,
                where,
            )
        body = ("arithmetic", self.random.choice("+*-"), anchor, self.number(inner, depth - 1, nested - 1))
        return ("reduce", function, body, over, where)

    def condition(self, context: frozenset[str], depth: int, nested: int) -> Tree:
        kind = self.random.choice(["compare", "compare", "and", "or", "not", "flag"]) if depth else "compare"
        if kind == "flag" and "month" in context:
            return ("flag", "flag")
        if kind == "not":
            return ("not", self.condition(context, depth - 1, nested))
        if kind in {"and", "or"}:
            return (
                kind,
                self.condition(context, depth - 1, nested),
                self.condition(context, depth - 1, nested),
            )
        operator = self.random.choice(["==", "!=", "<", "<=", ">", ">="])
        return ("compare", operator, self.number(context, 1, nested), self.number(context, 1, nested))

    def equation(self, name: str) -> None:
        over = self.random.choice([(), ("year",), ("month",), ("fuel",), ("month", "fuel"), ("fuel", "year")])
        context = frozenset(over)
        if self.random.random() < 0.35:
            branches = [
                (self.condition(context, 1, 1), self.number(context, 2, 1)) for _ in range(self.random.choice([1, 2]))
            ]
            otherwise = self.number(context, 2, 1) if self.random.random() < 0.7 else None
            self.equations[name] = (over, ("cases", branches, otherwise))
        else:
            self.equations[name] = (over, self.number(context, 3, 2))

    def spec(self) -> str:
        lines = [
            "dimensions: {month: {time: month}, year: {time: year}, fuel: {members: [coal, gas]}}",
            "parameters:",
        ]
        for name, over in PARAMETERS.items():
            unit = "flag" if name in FLAGS else "'1'"
            lines.append(f"  {name}: {{unit: {unit}, over: [{', '.join(over)}], from: fixed}}")
        lines.append("equations:")
        for name, (over, tree) in self.equations.items():
            lines.append(f"  {name}:\n    unit: '1'\n    over: [{', '.join(over)}]")
            if tree[0] != "cases":
                lines.append(f"    expr: '{text_of(tree)}'")
                continue
            lines.append("    cases:")
            for when, value in tree[1]:
                lines.append(f"      - {{when: '{text_of(when)}', expr: '{text_of(value)}'}}")
            if tree[2] is not None:
                lines.append(f"      - {{otherwise: '{text_of(tree[2])}'}}")
        return "\n".join(lines) + "\n"


def random_values(random_: random.Random) -> dict[str, dict[tuple[str, ...], Fraction]]:
    values: dict[str, dict[tuple[str, ...], Fraction]] = {}
    for name, over in PARAMETERS.items():
        indices: list[tuple[str, ...]] = [()]
        for dimension in over:
            indices = [(*index, label) for index in indices for label in MEMBERS[dimension]]
        for index in indices:
            number = Fraction(random_.choice([0, 1])) if name in FLAGS else Fraction(random_.randint(-12, 20), 4)
            values.setdefault(name, {})[index] = number
    return values


def test_both_evaluators_agree_with_rational_arithmetic_on_random_specs(bench: Any) -> None:
    @settings(max_examples=120)
    @given(st.integers(0, 2**32))
    def law(seed: Any) -> None:
        check_seed(bench, seed)

    law()


def check_seed(bench: Any, seed: int) -> None:
    random_ = random.Random(seed)
    writer = Writer(random_)
    for number in range(random_.choice([1, 2, 3])):
        writer.equation(f"e{number}")
    values = random_values(random_)
    oracle = Oracle(writer.equations, values)
    plan = bench.plan(bench.methodology(writer.spec()))
    labelled = {name: {",".join(index): value for index, value in known.items()} for name, known in values.items()}
    dataset = bench.dataset(plan, labelled, period=PERIOD)
    reference = Reference(plan, dataset)
    expected: dict[str, dict[Any, Fraction | None]] = {}
    for name, (over, _) in writer.equations.items():
        for index in dataset.domain.indices(over):
            labels = dataset.domain.label(over, index).split(",") if over else []
            try:
                expected.setdefault(name, {})[index] = oracle.equation(name, dict(zip(over, labels, strict=True)))
            except UndefinedError:
                expected.setdefault(name, {})[index] = None
    known = [abs(value) for column in expected.values() for value in column.values() if value is not None]
    assume(max(known, default=Fraction(0)) < 10**12)
    columnar = bench.columnar(plan, dataset)
    exact: dict[str, dict[Any, Decimal]] = {}
    for name, column in expected.items():
        over = plan.over(name)
        for index, value in column.items():
            found = reference.evaluate(Name(name), dict(zip(over, index, strict=True)))
            if value is None:
                assert found is None, (seed, name, index)
                assert columnar[name][index] is None, (seed, name, index, columnar[name][index])
                continue
            assert found is not None, (seed, name, index, value)
            assert abs(Fraction(found) - value) <= Fraction(1, 10**40) * (1 + abs(value)), (seed, name, index)
            exact.setdefault(name, {})[index] = found
    compare(reference, exact, columnar)
    if all(value is not None for column in expected.values() for value in column.values()):
        assert reference.compute_all() == exact
    else:
        with pytest.raises(RunError):
            reference.compute_all()


def decimals(least: int, most: int, places: int = 3) -> st.SearchStrategy[Fraction]:
    return st.integers(least * 10**places, most * 10**places).map(lambda number: Fraction(number, 10**places))


def labelled(draw: Any, labels: list[str], numbers: st.SearchStrategy[Fraction]) -> dict[str, Any]:
    return {label: draw(numbers) for label in labels}


LAGOON_MONTHS = [f"2024-{month:02}" for month in range(1, 7)]
DECAY_YEARS, WASTE = ["2010", "2011", "2013"], ["food", "wood"]
HOUR = {"start": "2024-05-01", "end": "2024-05-01"}


@settings(max_examples=15)
@given(st.data())
def test_lagoon_agrees_on_any_data(bench: Any, data: Any) -> None:
    values = {
        "COD_BL": labelled(data.draw, LAGOON_MONTHS, decimals(0, 1000)),
        "lagoon_emptied": labelled(data.draw, LAGOON_MONTHS, st.sampled_from([0, 1])),
        "T": labelled(data.draw, LAGOON_MONTHS, decimals(-20, 40, 1) | st.just(Fraction(10)) | st.just(Fraction(30))),
    }
    bench.compute(bench.fixture("lagoon"), values, period={"start": "2024-01-01", "end": "2024-06-30"})


@settings(max_examples=15)
@given(st.data())
def test_decay_agrees_on_any_data(bench: Any, data: Any) -> None:
    pairs = [f"{year},{waste}" for year in DECAY_YEARS for waste in WASTE]
    values = {
        "W": labelled(data.draw, pairs, decimals(0, 100_000)),
        "DOC": labelled(data.draw, WASTE, decimals(0, 1)),
        "k": labelled(data.draw, WASTE, decimals(0, 1)),
        "f": data.draw(decimals(0, 100, 1)),
    }
    members = {"deposit_year": DECAY_YEARS, "waste": WASTE}
    bench.compute(bench.fixture("waste_decay"), values, members, period={"start": "2010-07-01", "end": "2014-06-30"})


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.sampled_from(["open", "enclosed_default", "enclosed_measured"]))
def test_flare_agrees_on_any_data(bench: Any, seed: Any, kind: Any) -> None:
    random_ = random.Random(seed)
    minutes = [f"2024-05-01T{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
    values = {
        "V_gas": {minute: Fraction(random_.choice([0, random_.randint(0, 10**6)]), 1000) for minute in minutes},
        "share_CH4": {minute: Fraction(random_.randint(0, 1000), 10) for minute in minutes},
        "flare.flame": {minute: random_.choice([0, 1, 1, 1]) for minute in minutes},
        "flare.T_EG": {minute: random_.choice([499, 500, 500.5, 850]) for minute in minutes},
        "flare.F_EG": {minute: Fraction(random_.randint(0, 1000), 10**6) for minute in minutes},
        "flare.T_low": 500,
        "flare.F_low": "3.58",
        "flare.F_high": 358,
    }
    methodology = bench.fixture("landfill_gas", ("flare_module",))
    bench.compute(methodology, values, choices={"flare.flare": kind}, period=HOUR)


TRANSCENDENTAL = """\
dimensions: {month: {time: month}, fuel: {members: [coal, gas, oil]}}
parameters:
  a: {unit: '1', over: [month, fuel], from: fixed}
  b: {unit: '%', over: [fuel], from: fixed}
  T: {unit: degC, over: [month], from: fixed}
  T_ref: {unit: K, from: fixed}
  area: {unit: m2, over: [month], from: fixed}
equations:
  decay: {unit: '1', over: [month, fuel], expr: exp(-a * b) * (1 - exp(-b))}
  logs: {unit: '1', over: [month, fuel], expr: log(a + 1) / log(2) + log(exp(b))}
  side: {unit: m, over: [month], expr: sqrt(area) + area ** 0.5}
  power: {unit: '1', over: [month, fuel], expr: (a + 1) ** b * 2 ** -a}
  arrhenius: {unit: '1', over: [month], expr: exp((T - T_ref) / T_ref)}
  spread: {unit: '1', over: [month], expr: 'stdev(log(a + 1), over=fuel)'}
  year_mean: {unit: '1', expr: 'mean(decay * a, over=[month, fuel]) - mean(decay, over=[month, fuel])'}
  warm: {unit: flag, over: [month], expr: T >= T_ref}
"""


@settings(max_examples=25)
@given(st.data())
def test_functions_agree_on_any_data(bench: Any, data: Any) -> None:
    months = [f"2024-{month:02}" for month in range(1, 4)]
    fuels = ["coal", "gas", "oil"]
    values = {
        "a": labelled(data.draw, [f"{month},{fuel}" for month in months for fuel in fuels], decimals(0, 50)),
        "b": labelled(data.draw, fuels, decimals(0, 100)),
        "T": labelled(data.draw, months, decimals(-30, 60) | st.just(Fraction(25))),
        "T_ref": "298.15",
        "area": labelled(data.draw, months, decimals(0, 10_000)),
    }
    bench.compute(TRANSCENDENTAL, values, period={"start": "2024-01-01", "end": "2024-03-31"})

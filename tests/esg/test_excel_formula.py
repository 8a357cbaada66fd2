import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine.compute.reference import At
from tonne.engine.data.domain import Index
from tonne.engine.result.result import Result, rounded
from tonne.engine.spec import tree
from tonne.engine.spec.expression import parse
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Compare,
    Convert,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    walk,
)
from tonne.esg.excel_formula import (
    Cell,
    UnwritableError,
    cell_runs,
    excel_formula,
    literal,
    settled_decimals,
    whole,
)
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_values import ValueSheets

NOVEMBER = 2023 * 12 + 10
COLUMNS = {
    "x": "A",
    "load": "B",
    "runs": "C",
    "spare": "D",
    "heat": "E",
    "limit": "F",
    "stock": "G",
    "first": "H",
    "burnt": "I",
}


class FixedLayout:
    """Each quantity has a column, each index a row; what a reduction is given is kept."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.terms: list[tuple[Node, At, str]] = []

    def cell(self, name: str, index: Index) -> Cell | None:
        over = self.result.plan.over(name)
        known = list(self.result.dataset.domain.indices(over))
        if name == "spare" and index not in self.result.dataset.values["spare"]:
            return None
        return Cell("Values", COLUMNS[name], 1 + known.index(index)) if name in COLUMNS else None

    def is_written(self, name: str) -> bool:
        return name in COLUMNS

    def spread(self, _node: tree.Reduce, term: Node, at: At, owner: str) -> Sequence[Cell] | None:
        self.terms.append((term, at, owner))
        return [Cell("Terms", "F", 4), Cell("Terms", "F", 5)]

    def fixed(self, _node: tree.Reduce, _at: At, _owner: str) -> Sequence[Cell]:
        return ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + load * 2", "A2+B2*2"),
        ("x - (load - 2)", "A2-(B2-2)"),
        ("x / (load * 2) ", "IF(B2*2=0,NA(),A2/(B2*2))"),
        ("x * (load / 4)", "A2*(B2/4)"),
        ("44/12 * x", "44/12*A2"),
        ("-load ** 2", "-(B2^2)"),
        ("(-load) ** 2", "(-B2)^2"),
        ("x - -load", "A2-(-B2)"),
        ("2 ** 3 ** 2", "2^(3^2)"),
        ("(load ** 2) ** 3", "(B2^2)^3"),
        ("load ** -2", "IF(B2=0,NA(),B2^(-2))"),
        ("load ** 0.5", "IF(B2<0,NA(),B2^0.5)"),
        ("load ** load", "IF(OR(AND(B2=0,B2<=0),AND(B2<0,B2<>INT(B2))),NA(),B2^B2)"),
        ("min(x, load, 1) + max(x, 2)", "MIN(A2,B2,1)+MAX(A2,2)"),
        ("abs(x) + exp(load) + log(load) + sqrt(load)", "ABS(A2)+EXP(B2)+LN(B2)+SQRT(B2)"),
        ("floor(load)", "INT(ROUND(B2,6))"),
        ("2 - ceil(load)", "2-(-INT(-ROUND(B2,6)))"),
        ("round(load)", "ROUND(ROUND(B2,6),0)"),
        ("year - first", "2023-H1"),
        ("month", str(NOVEMBER)),
        ("prev(stock, month, limit)", "G1"),
        ("spare", "D2"),
        ("sum(x, over=month)", "SUM(A1:A3)"),
        ("mean(x, over=month) + maximum(load, over=month)", "AVERAGE(A1:A3)+MAX(B1:B3)"),
        ("stdev(x, over=month)", "STDEV(A1:A3)"),
        ("count(x, over=month)", "3"),
        ("sum(burnt, over=fuel)", "SUM(I2,I7)"),
        ("sum(x, over=month, where=load > 1)", "SUM(Terms!F4:F5)"),
        ("minimum(x, over=month, where=load > 1)", "IF(COUNT(Terms!F4:F5)=0,NA(),MIN(Terms!F4:F5))"),
        ("1e-30 * x", "1.00000000000000E-30*A2"),
        ("1234567890123456789 * x", "1.23456789012346E+18*A2"),
    ],
)
def test_formula_is_written_for_one_index(every_node: Result, text: str, expected: str) -> None:
    at = {"year": 2023} if "over=month" in text else {"month": NOVEMBER}
    written = excel_formula(parse(text), at, "q", "Values", FixedLayout(every_node), every_node.reference)
    assert written.replace("'Terms'", "Terms") == f"={expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > 1 and load <= 2 and not x == 3", "AND(A2>1,B2<=2,NOT(A2=3))"),
        ("x != 1 or (load >= 2 and x < 5)", "OR(A2<>1,AND(B2>=2,A2<5))"),
        ("load != 0 and x / load > 1", "IF(B2<>0,IF(B2=0,NA(),A2/B2)>1,FALSE)"),
        ("load == 0 or x / load > 1 or x > 2", "IF(B2=0,TRUE,IF(IF(B2=0,NA(),A2/B2)>1,TRUE,A2>2))"),
        ("runs != 0 and spare > 1", "IF(C2<>0,D2>1,FALSE)"),
    ],
)
def test_condition_decides_in_the_order_of_the_engine(every_node: Result, text: str, expected: str) -> None:
    cases = Cases(((parse(text), Number(Fraction(1))),))
    written = excel_formula(cases, {"month": NOVEMBER}, "q", "Values", FixedLayout(every_node), every_node.reference)
    assert written == f"=IF({expected},1,NA())"


@pytest.mark.parametrize(
    ("factor", "offset", "expected"),
    [
        (Fraction(1, 1000), 0, "=(A2+B2)/1000"),
        (Fraction(1000), 0, "=(A2+B2)*1000"),
        (Fraction(36, 10), 0, "=(A2+B2)*3.6"),
        (Fraction(1, 3), 0, "=(A2+B2)/3"),
        (Fraction(5, 9), 0, "=(A2+B2)*(5/9)"),
        (Fraction(1), Fraction("273.15"), "=A2+B2+273.15"),
        (Fraction(5, 9), Fraction("-160/9"), "=(A2+B2)*(5/9)-160/9"),
    ],
)
def test_change_of_unit_is_an_exact_factor(
    every_node: Result, factor: Fraction, offset: Fraction, expected: str
) -> None:
    node = Convert(parse("x + load"), factor, Fraction(offset), "a", "b")
    assert (
        excel_formula(node, {"month": NOVEMBER}, "q", "Values", FixedLayout(every_node), every_node.reference)
        == expected
    )


def test_values_of_other_sheets_are_referred_to_by_sheet(every_node: Result) -> None:
    written = excel_formula(
        parse("x * 2"), {"month": NOVEMBER}, "q", "Other", FixedLayout(every_node), every_node.reference
    )
    assert written == "='Values'!A2*2"


def test_value_that_is_not_given_is_no_value_rather_than_zero(every_node: Result) -> None:
    december = {"month": NOVEMBER + 1}
    assert (
        excel_formula(parse("spare"), december, "q", "Values", FixedLayout(every_node), every_node.reference) == "=NA()"
    )


def test_value_without_a_row_is_refused(every_node: Result) -> None:
    with pytest.raises(UnwritableError, match="decay"):
        excel_formula(parse("decay"), {}, "q", "Values", FixedLayout(every_node), every_node.reference)


def test_first_step_takes_the_initial_value(every_node: Result) -> None:
    october = {"month": NOVEMBER - 1}
    written = excel_formula(
        parse("prev(stock, month, limit / 2)"),
        october,
        "q",
        "Values",
        FixedLayout(every_node),
        every_node.reference,
    )
    assert written == "=F1/2"


def test_rows_of_a_reduction_carry_its_condition(every_node: Result) -> None:
    layout = FixedLayout(every_node)
    text = "sum(x * 2, over=month, where=load > 1) + mean(x, over=month, where=load > 1) + count(load > 1, over=month, where=runs != 0)"
    excel_formula(parse(text), {"year": 2023}, "q@2023", "Values", layout, every_node.reference)
    written = [
        excel_formula(term, {"month": NOVEMBER}, owner, "Values", layout, every_node.reference)
        for term, _, owner in layout.terms
    ]
    assert written == ["=IF(B2>1,A2*2,0)", '=IF(B2>1,A2,"—")', "=IF(AND(C2<>0,B2>1),1,0)"]
    assert [owner for _, _, owner in layout.terms] == ["q@2023 ∑1", "q@2023 ∑2", "q@2023 ∑3"]


def test_formula_that_excel_would_not_take_is_refused(every_node: Result) -> None:
    layout, reference = FixedLayout(every_node), every_node.reference
    deep: Node = Name("x")
    for _ in range(70):
        deep = Call("abs", (deep,))
    long: Node = Name("x")
    for _ in range(3000):
        long = Arithmetic("+", long, Name("x"))
    with pytest.raises(UnwritableError, match="levels"):
        excel_formula(deep, {"month": NOVEMBER}, "q", "Values", layout, reference)
    with pytest.raises((UnwritableError, RecursionError)):
        excel_formula(long, {"month": NOVEMBER}, "q", "Values", layout, reference)


def test_node_without_a_rule_stops_the_work(every_node: Result) -> None:
    with pytest.raises(TypeError, match="no Excel rule for Chosen"):
        excel_formula(tree.Chosen("route", "direct"), {}, "q", "Values", FixedLayout(every_node), every_node.reference)


def test_every_node_type_has_a_rule_or_is_settled_before(every_node: Result) -> None:
    used = {type(part) for step in every_node.plan.steps.values() for part in walk(step.tree)}
    known = {
        item for item in vars(tree).values() if isinstance(item, type) and issubclass(item, Node) and item is not Node
    }
    assert used == known - {tree.Chosen}


def test_consecutive_rows_are_one_range() -> None:
    cells = [Cell("A", "F", row) for row in (4, 5, 6, 9, 11, 10)] + [Cell("B", "F", 12), Cell("B", "F", 13)]
    assert cell_runs(cells, "A") == ["F4:F6", "F9", "F11", "F10", "'B'!F12:F13"]


@given(st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**9))
def test_number_is_written_to_fifteen_digits_or_exactly(value: Fraction) -> None:
    text = literal(value)[0]
    above, _, below = text.strip("-()").partition("/")
    sign = -1 if text.startswith("-") else 1
    read = sign * Fraction(above) / Fraction(below or 1)
    assert abs(read - value) <= abs(value) * Fraction(1, 10**14)


def rounded_in_excel(function: str, value: float, decimals: int) -> int:
    """Round as INT and ROUND do, on the 15 digits that Excel shows."""
    mode = {"floor": "ROUND_FLOOR", "ceil": "ROUND_CEILING", "round": "ROUND_HALF_UP"}[function]
    return int(Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-decimals), "ROUND_HALF_UP").to_integral_value(mode))


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=8), st.sampled_from(["floor", "ceil", "round"]))
def test_rounding_in_the_sheet_is_that_of_the_engine(value: Decimal, function: str) -> None:
    mode = {"floor": "ROUND_FLOOR", "ceil": "ROUND_CEILING", "round": "ROUND_HALF_UP"}[function]
    assert rounded_in_excel(function, float(value), settled_decimals(function, value)) == value.to_integral_value(mode)


@given(st.integers(-(10**7), 10**7), st.integers(-8, 8))
def test_noise_of_floating_point_does_not_change_a_whole_number(number: int, ulps: int) -> None:
    noisy = number * (1 + ulps * 2.0**-52)
    assert rounded_in_excel("floor", noisy, settled_decimals("floor", Decimal(number))) == number


def test_negative_reductions_are_rounded_down_and_not_toward_zero() -> None:
    assert whole("floor", "E7", Decimal("-0.5"))[0] == "INT(ROUND(E7,6))"
    values = {
        "baseline": Decimal("1.5"),
        "project": Decimal(2),
        "leakage": Decimal(0),
        "reduction": Decimal("-0.5"),
    }
    assert rounded(values, "floor")["reduction"] == -1 == rounded_in_excel("floor", -0.5, 6)


# -- random formulas, computed by LibreOffice and by the engine

NUMBERS = tuple(Fraction(text) for text in ("0", "1", "2", "3", "1/2", "1/3", "11/3", "0.1", "0.7", "10", "1e-3"))
TOO_LARGE = Decimal(10**6)


class Maker:
    """Makes trees of every node type but reductions, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, depth: int) -> Node:
        if depth == 0 or self.random.random() < 0.15:
            if self.random.random() < 0.4:
                return Number(self.random.choice(NUMBERS))
            return Name(self.random.choice(("load", "share", "decay", "x", "stock")))
        kind = self.random.choice(
            (
                "sum",
                "sum",
                "product",
                "product",
                "power",
                "negate",
                "convert",
                "cases",
                "call",
                "call",
                "previous",
            )
        )
        return getattr(self, kind)(depth - 1)  # type: ignore[no-any-return]

    def sum(self, depth: int) -> Node:
        return Arithmetic(self.random.choice("+-"), self.number(depth), self.number(depth))

    def product(self, depth: int) -> Node:
        return Arithmetic(self.random.choice("*/"), self.number(depth), self.number(depth))

    def power(self, depth: int) -> Node:
        exponent = self.random.choice((Number(Fraction(2)), Number(Fraction(3)), Number(Fraction(1, 2)), Negate(Number(Fraction(1))),
                                       Name("load"), Negate(Name("load")), Number(Fraction(0))))  # fmt: skip
        return Arithmetic("**", self.number(depth), exponent)

    def negate(self, depth: int) -> Node:
        return Negate(self.number(depth))

    def convert(self, depth: int) -> Node:
        factor = self.random.choice((Fraction(1, 1000), Fraction(1000), Fraction(18, 5), Fraction(5, 9), Fraction(1)))
        offset = self.random.choice((Fraction(0), Fraction("273.15"), Fraction("-160/9")))
        return Convert(self.number(depth), factor, offset, "a", "b")

    def previous(self, depth: int) -> Node:
        return tree.Previous(self.random.choice(("load", "x", "stock")), "month", self.number(depth))

    def call(self, depth: int) -> Node:
        function = self.random.choice(("min", "max", "abs", "exp", "log", "sqrt", "floor", "ceil", "round"))
        count = self.random.choice((2, 3)) if function in {"min", "max"} else 1
        return Call(function, tuple(self.number(depth) for _ in range(count)))

    def cases(self, depth: int) -> Node:
        branches = tuple((self.condition(depth), self.number(depth)) for _ in range(self.random.choice((1, 2))))
        return Cases(branches, self.number(depth) if self.random.random() < 0.7 else None)

    def condition(self, depth: int) -> Node:
        kind = self.random.random()
        if depth == 0 or kind < 0.5:
            return Compare(self.random.choice(("==", "!=", "<", "<=", ">", ">=")), self.number(depth), self.number(0))
        if kind < 0.85:
            return Logic(self.random.choice(("and", "or")), self.condition(depth - 1), self.condition(depth - 1))
        return Not(self.condition(depth - 1))


def is_plain(node: Node, at: At, result: Result) -> bool:
    """Whether floating point can tell what the engine tells: no huge parts, and nothing compared that is all but equal."""
    reference = result.reference
    for part in walk(node):
        if isinstance(part, Compare | Logic | Not):
            if isinstance(part, Compare):
                left, right = reference.evaluate(part.left, at), reference.evaluate(part.right, at)
                if (
                    left is not None
                    and right is not None
                    and abs(left - right) < Decimal("1e-9") * max(Decimal(1), abs(left))
                ):
                    return isinstance(part.left, Name | Number)
            continue
        value = reference.evaluate(part, at)
        if value is not None and abs(value) > TOO_LARGE:
            return False
        if isinstance(part, Arithmetic) and part.operator in "/**" and not isinstance(part.right, Name | Number):
            divisor = reference.evaluate(part.right, at)
            if divisor is not None and abs(divisor) < Decimal("1e-9"):
                return False
    return True


def random_formulas(result: Result, count: int) -> Iterator[tuple[Node, At]]:
    maker = Maker(20240229)
    months = result.dataset.domain.members["month"]
    while count:
        node, at = maker.number(4), {"month": maker.random.choice(months)}
        if is_plain(node, at, result):
            count -= 1
            yield node, at


def test_libreoffice_computes_what_the_engine_computes(
    every_node: Result, recompute: Callable[[Mapping[str, Path]], dict[str, Any]], tmp_path: Path
) -> None:
    write_workbook(every_node, tmp_path / "workbook.xlsx")
    workbook: Any = openpyxl.load_workbook(tmp_path / "workbook.xlsx")
    layout, sheet = ValueSheets(every_node), workbook.create_sheet("Random")
    formulas = list(random_formulas(every_node, 1500))
    for row, (node, at) in enumerate(formulas, 1):
        sheet.cell(row, 1, excel_formula(node, at, "q", "Random", layout, every_node.reference))
    workbook.save(tmp_path / "random.xlsx")
    found = recompute({"random": tmp_path / "random.xlsx"})["random"]["Random"]
    without = 0
    for row, (node, at) in enumerate(formulas, 1):
        expected, value = every_node.reference.evaluate(node, at), found.get(f"A{row}")
        told = f"{sheet.cell(row, 1).value} {at}: {value}, not {expected}"
        if expected is None:
            without += 1
            assert isinstance(value, str), told
            assert value.startswith("#"), told
        else:
            largest = max(
                abs(every_node.reference.evaluate(part, at) or Decimal(0))
                for part in walk(node)
                if not isinstance(part, Compare | Logic | Not)
            )
            assert not isinstance(value, str), told
            assert abs(Decimal(value) - expected) <= Decimal("1e-9") * max(abs(expected), largest * Decimal("1e-4")), (
                told
            )
    assert 0 < without < len(formulas) / 2

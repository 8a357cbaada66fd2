import contextlib
import string
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tonne.engine.errors import FormulaError, Place
from tonne.engine.spec.expression import MAX_DEPTH, MAX_NODES, parse
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Compare,
    Logic,
    Name,
    Negate,
    Not,
    Number,
    Previous,
    Reduce,
    depth,
    names_in,
    walk,
)

A, B, C = Name("a"), Name("b"), Name("c")


def number(text: Any) -> Number:
    return Number(Fraction(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("flare.PE", Name("flare.PE")),
        ("1.50", number("1.5")),
        ("1e-3", number("0.001")),
        ("2E+2", number(200)),
        ("a - b - c", Arithmetic("-", Arithmetic("-", A, B), C)),
        ("a / b * c", Arithmetic("*", Arithmetic("/", A, B), C)),
        ("a + b * c", Arithmetic("+", A, Arithmetic("*", B, C))),
        ("(a + b) * c", Arithmetic("*", Arithmetic("+", A, B), C)),
        ("a ** b ** c", Arithmetic("**", A, Arithmetic("**", B, C))),
        ("-a ** 2", Negate(Arithmetic("**", A, number(2)))),
        ("a ** -1", Arithmetic("**", A, Negate(number(1)))),
        ("2 * -a", Arithmetic("*", number(2), Negate(A))),
        ("--a", Negate(Negate(A))),
        ("+a", A),
        ("a < b", Compare("<", A, B)),
        ("not a and b or c", Logic("or", Logic("and", Not(A), B), C)),
        ("a or b and not c", Logic("or", A, Logic("and", B, Not(C)))),
        ("not a == b", Not(Compare("==", A, B))),
        (
            "notice + android + order",
            Arithmetic("+", Arithmetic("+", Name("notice"), Name("android")), Name("order")),
        ),
        ("min(a, b, c)", Call("min", (A, B, C))),
        ("exp(-a)", Call("exp", (Negate(A),))),
        ("sum(a, over=month)", Reduce("sum", A, ("month",))),
        (
            "mean(a, over=[month, fuel], where=b > c)",
            Reduce("mean", A, ("month", "fuel"), Compare(">", B, C)),
        ),
        ("sum(a, where=b == c, over=month)", Reduce("sum", A, ("month",), Compare("==", B, C))),
        ("prev(a, month, b + 1)", Previous("a", "month", Arithmetic("+", B, number(1)))),
        ("over + where", Arithmetic("+", Name("over"), Name("where"))),
        ("over == where", Compare("==", Name("over"), Name("where"))),
        ("a\n  +\tb", Arithmetic("+", A, B)),
    ],
)
def test_formula_has_this_tree(text: Any, expected: Any) -> None:
    assert parse(text) == expected


def test_numbers_are_exact_and_remember_how_they_were_written() -> None:
    node = parse("0.10")
    assert isinstance(node, Number)
    assert (node.value, node.text) == (Fraction(1, 10), "0.10")


def test_spans_are_places_in_the_text() -> None:
    text = "sum(a_x, over=m) + b_y / 12.5"
    found = {text[slice(*node.span)] for node in walk(parse(text)) if isinstance(node, Name | Number)}
    assert found == {"a_x", "b_y", "12.5"}


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "it ends too early"),
        ("a +", 4, "it ends too early"),
        ("a + * b", 5, "unexpected '*'"),
        ("a b", 3, "unexpected 'b'"),
        ("(a", 3, "it ends too early"),
        ("a)", 2, "unexpected ')'"),
        ("a ^ 2", 3, "a power is written **"),
        ("a × b", 3, "a product is written *"),
        ("a = b", 3, "equality is written =="),
        ("a == 'open'", 6, "an option's value is written without quotes"),
        ("a % b", 3, "percent is a unit of a parameter"),
        ("a && b", 3, "write and, or, not"),
        ("!a", 1, "write and, or, not"),
        ("max（a, b）", 4, "use ASCII punctuation"),
        ("a < b < c", 7, "unexpected '<'"),
        ("a.b.", 4, "unexpected '.'"),
        ("_a", 1, "unexpected '_'"),
        ("1a", 2, "unexpected 'a'"),
        ("a[0]", 2, "unexpected '['"),
        ("lambda: a", 7, "unexpected ':'"),
        ("__import__(os)", 1, "unexpected '_'"),
        ("a if b else c", 3, "unexpected 'if'"),
        ("summ(a, over=m)", 1, "did you mean sum"),
        ("eval(a)", 1, "unknown function 'eval'"),
        ("flare.sum(a)", 1, "unknown function 'flare.sum'"),
        ("sum(a)", 1, "expected sum(x, over=…)"),
        ("sum(over=m)", 1, "expected sum(x, over=…)"),
        ("sum(a, b, over=m)", 1, "expected sum(x, over=…)"),
        ("sum(a, over=m + 1)", 1, "over= is not a dimension"),
        ("sum(a, over=[m, m])", 1, "over= names a dimension twice"),
        ("sum(a, over=m, where=[b])", 1, "where= is not a condition"),
        ("sum(a, over=m, over=n)", 1, "given an argument twice"),
        ("max(a, over=m)", 1, "over a dimension it is maximum(x, over=…)"),
        ("max(a)", 1, "max is given 1 arguments; expected 2 to 20"),
        ("exp(a, b)", 1, "exp is given 2 arguments; expected 1"),
        ("prev(a, month)", 1, "prev(quantity, dimension, initial value)"),
        ("prev(a + b, month, 0)", 1, "prev(quantity, dimension, initial value)"),
        ("a ** 65", 6, "at most 64"),
        ("a ** -65", 6, "at most 64"),
        ("1e61", 1, "a number of extreme length"),
        ("9" * 41, 1, "a number of extreme length"),
    ],
)
def test_fault_is_shown_where_it_stands(text: Any, column: Any, words: Any) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, lambda position: Place("f", 1, position + 1))
    (problem,) = caught.value.problems
    assert problem.place == Place("f", 1, column)
    assert words in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000 + "a" + ")" * 1999,
        "-" * 3999 + "a",
        "a" + "+a" * 1900,
        "a" + "**a" * 1300,
        "not " * 900 + "a",
        "max(" * 700 + "a" + ",a)" * 700,
        "a" * 4001,
        "1e" + "9" * 3990,
        "1" * 4000,
        "\x00",
        "a\u2028b",
        "９+１",
        "\ud800",
    ],
)
def test_hostile_formula_is_refused(text: Any) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert len(str(caught.value)) < 2000


def test_brackets_alone_are_no_depth() -> None:
    assert parse("(" * 1900 + "a" + ")" * 1900) == A


def test_limits_hold_for_depth_and_size() -> None:
    assert depth(parse("+".join(["a"] * MAX_DEPTH))) == MAX_DEPTH
    with pytest.raises(FormulaError, match="nested 81 levels deep"):
        parse("+".join(["a"] * (MAX_DEPTH + 1)))
    row = f"max({','.join('a' * 20)})"
    with pytest.raises(FormulaError, match=f"at most {MAX_NODES:,}"):
        parse("+".join([row] * 75))


WORDS = ["a", "b", "1", "0.5", "+", "-", "*", "/", "**", "(", ")", ",", "==", "<", "and", "or", "not", "sum", "prev",
         "max", "over=", "where=", "[", "]", "m", " ", "."]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join) | st.text(string.printable, max_size=60) | st.text())
@example("sum(a,over=")
@example("not")
def test_any_text_is_a_tree_or_a_formula_error(text: Any) -> None:
    with contextlib.suppress(FormulaError):
        assert all(0 <= node.span[0] <= node.span[1] <= len(text) for node in walk(parse(text)))


def test_names_of_earlier_steps_are_names_of_the_formula() -> None:
    assert names_in(parse("a + prev(b, month, c)")) == {"a", "b", "c"}

"""Long formulas keep to their line, and lose nothing on the way."""

import re

import pytest

from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.esg.breaking import lines_of, width
from tonne.esg.layout import Choices, Digits, Fence, Fraction, Function, Letters, Lines, Operator, Row, Sum, Words
from tonne.esg.linear import plain
from tonne.esg.typeset import equation_layout
from tonne.esg.word_blocks import LONGEST_EQUATION

LONG = Row(tuple(part for n in range(12) for part in (Operator("+"), Letters(f"term{n}")))[1:])


def letters(text: str) -> str:
    return re.sub(r"[\s;,；，、{}()\[\]]", "", text)


@pytest.mark.parametrize(
    "layout",
    [
        LONG,
        Fence(LONG),
        Function(Letters("max"), Fence(Row((LONG, Operator(",", "after"), Digits("0"))))),
        Sum(Words("月"), Fence(LONG)),
        Fraction(LONG, Letters("x")),
        Choices(((LONG, Words("若 a")), (Digits("0"), Words("其他")))),
        Row(
            (
                Letters("ER"),
                Operator("="),
                Letters("x"),
                Operator("×"),
                Fence(Row((Letters("y"), Operator("−"), Fence(LONG)))),
            )
        ),
    ],
)
@pytest.mark.parametrize("longest", [30, 46, 64])
def test_every_line_fits_and_together_they_say_the_same(layout, longest: int) -> None:
    lines = lines_of(layout, longest)
    assert all(width(line) <= longest for line in lines)
    assert letters("".join(map(plain, lines))).replace("∑月", "") == letters(plain(layout)).replace("∑月", "")


def test_long_condition_below_a_sum_is_written_under_itself() -> None:
    below = Row(
        (Words("供能项替代的能源 ≠ 情景1：热力"), Words(" 且 "), Words("供能项替代的能源 ≠ 情景2：热电联产的电和热"))
    )
    (line,) = lines_of(Row((LONG, Operator("+"), Sum(below, Letters("x")))), 200)[:1]
    assert isinstance(line, Row)
    (narrow,) = lines_of(Sum(below, Letters("x")), 30)
    assert isinstance(narrow, Sum)
    assert isinstance(narrow.below, Lines)
    assert width(narrow) <= 30


def test_short_formula_is_left_alone() -> None:
    assert lines_of(Fence(Letters("x")), 30) == [Fence(Letters("x"))]


@pytest.mark.parametrize("name", methodology_ids())
def test_no_formula_of_the_package_is_wider_than_the_page(name: str) -> None:
    methodology = load_methodology(name)
    for quantity in methodology.quantities.values():
        if quantity.tree is None or quantity.is_parameter:
            continue
        for language in ("zh", "en"):
            layout = equation_layout(quantity, quantity.tree, methodology, language)
            assert all(width(line) <= LONGEST_EQUATION for line in lines_of(layout, LONGEST_EQUATION)), quantity.id

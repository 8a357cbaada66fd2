import pytest

from tonne.engine.prove.reasons import Reason, hard_parts, together
from tonne.engine.spec.expression import parse

HARD = {
    "exp(a)": ("指数函数exp", "exp"),
    "log(a)": ("对数函数log", "log"),
    "round(a)": ("四舍五入取整", "round"),
    "a ** b": ("指数不是常数的乘方", "a power that is not a constant"),
    "mean(a, over=[fuel, month])": ("对 fuel、month 求平均值", "mean over fuel, month"),
    "stdev(a, over=month)": ("对 month 求标准差", "stdev over month"),
    "prev(S, month, 0)": ("S 的前期值", "earlier values of S"),
}


@pytest.mark.parametrize("formula", HARD)
def test_what_the_solver_cannot_follow_is_named_in_both_languages(formula):
    (found,) = hard_parts(parse(formula))
    assert (found.zh, found.en) == HARD[formula]


def test_formula_of_products_and_sums_has_nothing_hard():
    assert list(hard_parts(parse("a * b + c / 2 - a ** 2"))) == []


def test_reasons_are_written_once_each():
    found = together(hard_parts(parse("sqrt(a) + sqrt(b) * floor(c)")))
    assert found == Reason("开平方；向下取整", "sqrt, floor")

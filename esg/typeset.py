"""Turns formula trees into layouts: as printed in a methodology, or with the numbers of one index put in.

The tree is the one that is computed, so that the printed formula is the executed one. Brackets are set where
the order of operations needs them or the author set them; nothing is rearranged. Writing layouts out is the
work of `linear` and `markup`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction as Ratio
from types import MappingProxyType
from typing import Any

from tonne.engine.spec import tree
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Option
from tonne.engine.spec.tree import Node
from tonne.engine.units import SUPERSCRIPT
from tonne.esg.layout import (
    Choices,
    Digits,
    Fence,
    Fraction,
    Function,
    Layout,
    Letters,
    Lines,
    Operator,
    Root,
    Row,
    Scripts,
    Sum,
    Under,
    Words,
    row,
    series,
)
from tonne.esg.numbers import Language, exact_text
from tonne.esg.symbols import symbol

Show = Callable[[tree.Name], Layout]
ValueOf = Callable[[Node], str | None]

WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "if": "若 ",
        "otherwise": "其他",
        "and": " 且 ",
        "or": " 或 ",
        "not": "非 ",
        "mean": "平均",
        "initially": "，首期 ",
    },
    "en": {
        "if": "if ",
        "otherwise": "otherwise",
        "and": " and ",
        "or": " or ",
        "not": "not ",
        "mean": "mean",
        "initially": ", initially ",
    },
}
COMPARISONS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
FUNCTIONS = {"log": "ln"}
BRACKETS = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
REDUCTIONS = {"minimum": "min", "maximum": "max", "count": "N", "stdev": "s"}
STEP_LETTERS = {"year": "y", "month": "m", "day": "d", "hour": "h"}

_EXPONENT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")
_VALUE = re.compile(
    r"(?P<sign>[-−])?(?P<digits>[0-9][0-9,]*(?:\.[0-9]+)?)"
    r"(?:×10(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?P<rest>[^0-9×].*)?"
)


class Level(IntEnum):
    """How tightly a layout holds together; looser than its place allows, it needs brackets."""

    CHOICE = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    SIGN = 6
    SERIES = 7  # ends in the body of a sum sign, which takes in every factor after it
    PRODUCT = 8
    FRACTION = 9
    FUNCTION = 10
    POWER = 11
    ATOM = 12


Placed = tuple[Layout, Level]


def equation_layout(quantity: Quantity, node: Node, methodology: Methodology, language: Language) -> Layout:
    """Lay out a quantity's equation with the symbols of its methodology."""
    return formula(symbol(quantity.symbol), node, symbols_of(methodology), language, methodology.options)


def symbols_of(methodology: Methodology) -> Show:
    """Show names by the symbols of a methodology; a time dimension shows its own name."""

    def show(name: tree.Name) -> Layout:
        quantity = methodology.quantities.get(name.id)
        return symbol(quantity.symbol) if quantity else Letters(name.id)

    return show


def formula(
    left: Layout | None,
    node: Node,
    show: Show,
    words: Language,
    options: Mapping[str, Option] = MappingProxyType({}),
) -> Layout:
    """Lay out a formula; initial values of earlier steps are said after it.

    Args:
        left: what stands before the equality sign, if anything.
        node: the formula's tree; changes of unit in it are not shown.
        show: gives the layout of a name, or of a dimension's name.
        words: the language of the words.
        options: the names of options and their values; without them their ids are shown.
    """
    setter = _Setter(show, words, options)
    earlier = dict.fromkeys(part for part in tree.walk(node) if isinstance(part, tree.Previous))
    return row(_equality(left, setter.layout(node)), *(setter.initial(part) for part in earlier))


def substituted(
    node: Node,
    value_of: ValueOf,
    show: Show,
    words: Language,
    *,
    options: Mapping[str, Option] = MappingProxyType({}),
    left: Layout | None = None,
) -> Layout:
    """Lay out a formula with numbers in it, changes of unit shown as `× factor` or `/ 1000`.

    Args:
        node: the formula's tree, completed by the unit check.
        value_of: gives the printed value of a name, a reduction or an earlier step; None keeps its symbol.
            Inside a reduction that keeps its form nothing is asked, since it goes over many indices.
        show: gives the layout of a name, or of a dimension's name.
        words: the language of the words.
        options: the names of options and their values.
        left: what stands before the equality sign, if anything.
    """
    return _equality(left, _Setter(show, words, options, value_of).layout(node))


def _equality(left: Layout | None, right: Layout) -> Layout:
    return right if left is None else row(left, Operator("="), right)


def value_layout(text: str) -> Layout:
    """Lay out a printed number, such as −1,234.5 or 3.309×10⁻⁵, with what follows it."""
    return _value(text)[0]


def _value(text: str) -> Placed:
    match = _VALUE.fullmatch(text.strip())
    if match is None:
        return Words(text), Level.FRACTION
    parts: list[Layout] = [Digits(match["digits"])]
    if match["power"]:
        parts += [Operator("×"), Scripts(Digits("10"), sup=_signed(match["power"].translate(_EXPONENT)))]
    if match["rest"]:
        parts.append(Words(match["rest"]))
    if match["sign"]:
        return row(Operator("−", "none"), *parts), Level.SIGN
    return row(*parts), Level.PRODUCT if match["power"] else Level.FRACTION if match["rest"] else Level.ATOM


def _signed(digits: str) -> Layout:
    bare = digits.lstrip("−")
    return Digits(bare) if bare == digits else row(Operator("−", "none"), Digits(bare))


def _no_value(_node: Node) -> None:
    """Keep every symbol."""


def _level(layout: Layout) -> Level:
    """Say how tightly the layout of a name holds together."""
    if isinstance(layout, Row):
        return Level.SUM if any(isinstance(part, Operator) for part in layout.parts) else Level.FUNCTION
    if isinstance(layout, Scripts):
        return Level.POWER if layout.sup is not None else Level.ATOM
    return Level.FRACTION if isinstance(layout, Fraction) else Level.ATOM


@dataclass(frozen=True)
class _Setter:
    """Lays out nodes by their type."""

    show: Show
    language: Language
    options: Mapping[str, Option]
    value_of: ValueOf | None = None

    def layout(self, node: Node) -> Layout:
        return self.placed(node)[0]

    def placed(self, node: Node) -> Placed:
        if self.value_of and isinstance(node, tree.Name | tree.Reduce | tree.Previous):
            text = self.value_of(node)
            if text is not None:
                return _value(text)
        rule = _RULES.get(type(node))
        if rule is None:
            raise TypeError(f"no layout for {type(node).__name__}")
        return rule(self, node)

    def at_least(self, level: Level, node: Node) -> Layout:
        layout, own = self.placed(node)
        return layout if own >= level else Fence(layout)

    def word(self, key: str) -> Words:
        return Words(WORDS[self.language][key])

    def initial(self, node: tree.Previous) -> Layout:
        """Say the value that an earlier step has before the first."""
        return row(self.word("initially"), self.layout(node), Operator("="), self.layout(node.initial))

    def number(self, node: tree.Number) -> Placed:
        return _exact(node.value, node.text)

    def name(self, node: tree.Name) -> Placed:
        layout = self.show(node)
        return layout, _level(layout)

    def negate(self, node: tree.Negate) -> Placed:
        return row(Operator("−", "none"), self.at_least(Level.PRODUCT, node.operand)), Level.SIGN

    def arithmetic(self, node: tree.Arithmetic) -> Placed:
        return {"*": self.product, "/": self.quotient, "**": self.power}.get(node.operator, self.total)(node)

    def total(self, node: tree.Arithmetic) -> Placed:
        sign = Operator("−" if node.operator == "-" else "+")
        left, right = self.at_least(Level.SUM, node.left), self.at_least(Level.SERIES, node.right)
        return row(left, sign, right), Level.SUM

    def product(self, node: tree.Arithmetic) -> Placed:
        return self.times(*self.placed(node.left), *self.placed(node.right))

    def times(self, left: Layout, left_level: Level, right: Layout, right_level: Level) -> Placed:
        """Join two factors; a minus before the first is a minus before the product."""
        level = Level.SIGN if left_level == Level.SIGN else Level.PRODUCT
        if level == Level.PRODUCT and right_level == Level.SERIES:
            level = Level.SERIES
        elif right_level <= Level.PRODUCT:
            right = Fence(right)
        first = left if left_level >= Level.PRODUCT or level == Level.SIGN else Fence(left)
        return row(first, Operator("×"), right), level

    def quotient(self, node: tree.Arithmetic) -> Placed:
        """Lay out a quotient; a ratio of numbers at the end of a product, as in x * 44/12, stays together."""
        left, right = node.left, node.right
        if isinstance(left, tree.Arithmetic) and left.operator == "*" and _are_numbers(left.right, right):
            ratio = Fraction(self.layout(left.right), self.layout(right))
            return self.times(*self.placed(left.left), ratio, Level.FRACTION)
        return Fraction(self.layout(left), self.layout(right)), Level.FRACTION

    def power(self, node: tree.Arithmetic) -> Placed:
        base, exponent = self.at_least(Level.ATOM, node.left), self.layout(node.right)
        if isinstance(base, Scripts) and base.sup is None:
            return Scripts(base.main, base.sub, exponent), Level.POWER
        return Scripts(base, sup=exponent), Level.POWER

    def compare(self, node: tree.Compare) -> Placed:
        left, right = self.at_least(Level.SUM, node.left), self.at_least(Level.SUM, node.right)
        return row(left, Operator(COMPARISONS[node.operator]), right), Level.COMPARISON

    def logic(self, node: tree.Logic) -> Placed:
        level = Level.AND if node.operator == "and" else Level.OR
        left, right = self.at_least(level, node.left), self.at_least(Level(level + 1), node.right)
        return row(left, self.word(node.operator), right), level

    def deny(self, node: tree.Not) -> Placed:
        return row(self.word("not"), self.at_least(Level.NOT, node.operand)), Level.NOT

    def call(self, node: tree.Call) -> Placed:
        arguments = series([self.layout(argument) for argument in node.arguments], Operator(",", "after"))
        if node.function == "sqrt":
            return Root(arguments), Level.FUNCTION
        if node.function in BRACKETS:
            return Fence(arguments, *BRACKETS[node.function]), Level.ATOM
        name = Letters(FUNCTIONS.get(node.function, node.function), upright=True)
        return Function(name, Fence(arguments)), Level.FUNCTION

    def reduce(self, node: tree.Reduce) -> Placed:
        symbolic = replace(self, value_of=_no_value) if self.value_of else self
        dimensions = series([self.show(tree.Name(name)) for name in node.over], Operator(",", "after"))
        below = dimensions if node.where is None else Lines((dimensions, symbolic.layout(node.where)))
        if node.function == "sum":
            return Sum(below, symbolic.at_least(Level.SERIES, node.body)), Level.SERIES
        name = self.word("mean") if node.function == "mean" else Letters(REDUCTIONS[node.function], upright=True)
        return Function(Under(name, below), Fence(symbolic.layout(node.body))), Level.FUNCTION

    def previous(self, node: tree.Previous) -> Placed:
        layout = self.show(tree.Name(node.name))
        main, sub, sup = (layout.main, layout.sub, layout.sup) if isinstance(layout, Scripts) else (layout, None, None)
        before = (Operator("−", "none"), Digits("1"))
        last = sub.parts[-1] if isinstance(sub, Row) else sub
        if last == Letters(STEP_LETTERS.get(node.dimension, "")):
            index = row(*filter(None, (sub,)), *before)
        else:
            step = row(self.show(tree.Name(node.dimension)), *before)
            index = series([*filter(None, (sub,)), step], Operator(",", "none"))
        return Scripts(main, index, sup), Level.ATOM if sup is None else Level.POWER

    def chosen(self, node: tree.Chosen) -> Placed:
        option = self.options.get(node.option)
        name = getattr(option.name, self.language) if option else node.option
        values = option.values if option and isinstance(option.values, Mapping) else {}
        value = getattr(values[node.value], self.language) if node.value in values else node.value
        return Words(f"{name} {'=' if node.equal else '≠'} {value}"), Level.COMPARISON

    def cases(self, node: tree.Cases) -> Placed:
        rows = [(self.layout(value), row(self.word("if"), self.layout(when))) for when, value in node.branches]
        if node.otherwise is not None:
            rows.append((self.layout(node.otherwise), self.word("otherwise")))
        return Choices(tuple(rows)), Level.CHOICE

    def convert(self, node: tree.Convert) -> Placed:
        if self.value_of is None:
            return self.placed(node.operand)
        layout, level = self.placed(node.operand)
        if node.factor != 1:
            operand = layout if level >= Level.PRODUCT else Fence(layout)
            layout, level = row(operand, *_times(node.factor)), Level.PRODUCT
        if node.offset:
            operand = layout if level >= Level.SUM else Fence(layout)
            sign = Operator("−" if node.offset < 0 else "+")
            layout, level = row(operand, sign, _exact(abs(node.offset))[0]), Level.SUM
        return layout, level


_RULES: Mapping[type[Node], Callable[[_Setter, Any], Placed]] = {
    tree.Number: _Setter.number,
    tree.Name: _Setter.name,
    tree.Negate: _Setter.negate,
    tree.Arithmetic: _Setter.arithmetic,
    tree.Compare: _Setter.compare,
    tree.Logic: _Setter.logic,
    tree.Not: _Setter.deny,
    tree.Call: _Setter.call,
    tree.Reduce: _Setter.reduce,
    tree.Previous: _Setter.previous,
    tree.Chosen: _Setter.chosen,
    tree.Cases: _Setter.cases,
    tree.Convert: _Setter.convert,
}


def _exact(value: Ratio, written: str = "") -> Placed:
    """Lay out an exact number, as it was written where that is the same number."""
    mantissa, _, power = written.lower().partition("e")
    if written and Ratio(written) == value:
        exponent = str(int(power)).translate(SUPERSCRIPT) if power else ""
        return _value(f"{mantissa}×10{exponent}" if exponent else mantissa)
    text = exact_text(value)
    if "/" not in text:
        return _value(text)
    layout: Layout = Fraction(Digits(str(abs(value.numerator))), Digits(str(value.denominator)))
    return (layout, Level.FRACTION) if value > 0 else (row(Operator("−", "none"), layout), Level.SIGN)


def _are_numbers(*nodes: Node) -> bool:
    return all(isinstance(node, tree.Number) for node in nodes)


def _times(factor: Ratio) -> tuple[Layout, Layout]:
    """Give the operator and the number that stand for a factor."""
    if factor.numerator == 1:
        return Operator("/"), Digits(str(factor.denominator))
    layout, level = _exact(factor)
    return Operator("×"), layout if level > Level.PRODUCT else Fence(layout)

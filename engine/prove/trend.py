"""Finds by rules alone how a formula follows one parameter: what grows, what falls, what stays.

"Grows" means: when the parameter grows at any indices and falls at none, the formula nowhere falls. So a rule for
sums, means and earlier steps needs no thought of which member or step is meant. Signs come from the enclosures.
What two parts do against each other is not decided here.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal

from tonne.engine.prove.enclosure import Enclosures
from tonne.engine.prove.interval import Interval, hull, point
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Chosen,
    Compare,
    Convert,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
)

Trend = Literal["constant", "up", "down", "unknown"]

_OPPOSITE: Mapping[Trend, Trend] = {"up": "down", "down": "up", "constant": "constant", "unknown": "unknown"}


class Trends:
    """How every equation follows one parameter.

    A condition goes up when it can become true and never false.
    """

    def __init__(
        self, trees: Mapping[str, Node], enclosures: Enclosures, parameter: str, order: list[list[str]]
    ) -> None:
        self.enclosures = enclosures
        self._known: dict[str, Trend] = {parameter: "up"}
        for group in order:
            self._follow(group, trees)

    def _follow(self, group: list[str], trees: Mapping[str, Node]) -> None:
        """Follow equations that may need each other's earlier steps, until nothing changes."""
        changed = True
        while changed:
            changed = False
            for name in group:
                before = self._known.get(name, "constant")
                after = joined(before, self.of(trees[name]))
                if after != before:
                    self._known[name] = after
                    changed = True

    def of(self, node: Node) -> Trend:
        """Say how a part of a formula follows the parameter."""
        rule = _RULES.get(type(node))
        return rule(self, node) if rule is not None else "unknown"

    def named(self, name: str) -> Trend:
        """Say how a quantity follows the parameter."""
        return self._known.get(name, "constant")

    def scaled(self, trend: Trend, factor: Node) -> Trend:
        """Give the trend of a product of which one factor stays."""
        return times(trend, self.enclosures.of(factor))


def joined(*trends: Trend) -> Trend:
    """Give the trend of what follows several things at once."""
    known = set(trends) - {"constant"}
    return known.pop() if len(known) == 1 else "unknown" if known else "constant"


def times(trend: Trend, factor: Interval) -> Trend:
    """Give the trend of what is multiplied by something of one sign."""
    if trend == "constant" or factor.is_nonnegative:
        return trend
    return _OPPOSITE[trend] if factor.is_nonpositive else "unknown"


def _arithmetic(work: Trends, node: Arithmetic) -> Trend:
    left, right = work.of(node.left), work.of(node.right)
    if node.operator == "+":
        return joined(left, right)
    if node.operator == "-":
        return joined(left, _OPPOSITE[right])
    if node.operator == "*":
        return joined(work.scaled(left, node.right), work.scaled(right, node.left))
    if node.operator == "/":
        return joined(work.scaled(left, node.right), _quotient_by(work, node, right))
    return _power(work, node, left, right)


def _quotient_by(work: Trends, node: Arithmetic, divisor: Trend) -> Trend:
    """Follow a quotient through its divisor: with one sign, a larger divisor gives a quotient closer to zero."""
    if divisor == "constant":
        return "constant"
    below = work.enclosures.of(node.right)
    if not (below.is_nonnegative or below.is_nonpositive):
        return "unknown"
    return work.scaled(_OPPOSITE[divisor], node.left)


def _power(work: Trends, node: Arithmetic, base: Trend, exponent: Trend) -> Trend:
    if base == exponent == "constant":
        return "constant"
    power = work.enclosures.of(node.right)
    values = work.enclosures.of(node.left)
    if exponent != "constant":
        if base != "constant" or not values.is_positive:
            return "unknown"
        return times(exponent, values + point(Fraction(-1)))
    if power.low is None or power.low != power.high:
        return times(base, power) if values.is_positive else "unknown"
    whole = power.low.denominator == 1
    odd = whole and int(power.low) % 2 == 1
    if power.low == 0:
        return "constant"
    if values.is_nonnegative or (odd and power.low > 0):
        return times(base, power)
    if values.is_nonpositive and whole:
        return times(base, power if odd else -power)
    return "unknown"


def _call(work: Trends, node: Call) -> Trend:
    trend = joined(*(work.of(argument) for argument in node.arguments))
    if node.function != "abs":
        return trend
    return times(trend, work.enclosures.of(node.arguments[0]))


def _cases(work: Trends, node: Cases) -> Trend:
    """Follow cases from the last to the first, each against all that come after it."""
    last = node.otherwise if node.otherwise is not None else node.branches[-1][1]
    trend, later = work.of(last), work.enclosures.of(last)
    for when, expression in reversed(node.branches):
        if expression is not last:
            value = work.enclosures.of(expression)
            trend = joined(trend, work.of(expression), _switched(work.of(when), value - later))
            later = hull((later, value))
    return trend


def _switched(when: Trend, gain: Interval) -> Trend:
    """Follow the change from later cases to an earlier one when its condition becomes true."""
    return when if when in {"constant", "unknown"} else times(when, gain)


def _reduce(work: Trends, node: Reduce) -> Trend:
    taken: Trend = work.of(node.where) if node.where is not None else "constant"
    if node.function == "count":
        counted = isinstance(node.body, Compare | Logic | Not | Chosen)
        return joined(taken, work.of(node.body)) if counted else taken
    body = work.of(node.body)
    if node.function == "sum":
        return joined(body, times(taken, work.enclosures.of(node.body)))
    if node.function == "stdev" or taken != "constant":
        return "constant" if body == taken == "constant" else "unknown"
    return body


def _compare(work: Trends, node: Compare) -> Trend:
    left, right = work.of(node.left), work.of(node.right)
    if node.operator in {">", ">="}:
        return joined(left, _OPPOSITE[right])
    if node.operator in {"<", "<="}:
        return joined(_OPPOSITE[left], right)
    return "constant" if left == right == "constant" else _flag(work, node, left, right)


def _flag(work: Trends, node: Compare, left: Trend, right: Trend) -> Trend:
    """Follow the comparison of a quantity that is never below zero with zero."""
    is_zero = isinstance(node.right, Number) and node.right.value == 0
    if not is_zero or right != "constant" or not work.enclosures.of(node.left).is_nonnegative:
        return "unknown"
    return left if node.operator == "!=" else _OPPOSITE[left]


_RULES: Mapping[type[Node], Callable[..., Trend]] = {
    Number: lambda _work, _node: "constant",
    Name: lambda work, node: work.named(node.id),
    Negate: lambda work, node: _OPPOSITE[work.of(node.operand)],
    Arithmetic: _arithmetic,
    Convert: lambda work, node: times(work.of(node.operand), point(node.factor)),
    Cases: _cases,
    Call: _call,
    Reduce: _reduce,
    Previous: lambda work, node: joined(work.of(node.initial), work.named(node.name)),
    Compare: _compare,
    Logic: lambda work, node: joined(work.of(node.left), work.of(node.right)),
    Not: lambda work, node: _OPPOSITE[work.of(node.operand)],
    Chosen: lambda _work, _node: "constant",
}

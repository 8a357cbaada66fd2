"""Encloses the values of formulas by interval arithmetic, from the ranges of the parameters alone.

Each name counts as if it varied alone, so x - x is not known to be zero; conditions are not looked at. What is
enclosed holds for any number of members, of which the intake of data requires at least one.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from tonne.engine.prove import interval
from tonne.engine.prove.facts import Range
from tonne.engine.prove.interval import NONNEGATIVE, NONPOSITIVE, WHOLE, ZERO, Interval, hull, point
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Arithmetic, Call, Cases, Convert, Name, Negate, Node, Number, Previous, Reduce


class Enclosures:
    """The intervals of the equations of a methodology, and of any part of their formulas."""

    def __init__(
        self, methodology: Methodology, trees: Mapping[str, Node], ranges: Mapping[str, Range], order: list[list[str]]
    ) -> None:
        self.methodology = methodology
        self.trees = trees
        self._known = {name: known.interval for name, known in ranges.items()}
        self._parts: dict[int, Interval] = {}
        self._surely: dict[str, frozenset[str]] = {}
        for group in order:
            self._enclose(group)

    def _enclose(self, group: list[str]) -> None:
        """Enclose equations that need each other's earlier steps: a sign that holds at first and is kept."""
        for name in group:
            self._surely[name] = self._dimensions_of_data(self.trees[name])
        if len(group) == 1 and group[0] not in _earlier(self.trees[group[0]]):
            self._known[group[0]] = self.of(self.trees[group[0]])
            return
        for sign in (NONNEGATIVE, NONPOSITIVE, WHOLE):
            self._known.update(dict.fromkeys(group, sign))
            broken = True
            while broken:
                broken = False
                for name in group:
                    self._parts.clear()
                    if not self.of(self.trees[name]).within(self._known[name]):
                        self._known[name] = WHOLE
                        broken = True
            if any(self._known[name] == sign for name in group):
                break
        for name in group:
            self._parts.clear()
            self._known[name] = self.of(self.trees[name])
        self._parts.clear()

    def of(self, node: Node) -> Interval:
        """Enclose a part of a formula, wherever it has a value."""
        if isinstance(node, Name):
            return self.name(node)
        known = self._parts.get(id(node))
        if known is None:
            rule = _RULES.get(type(node))
            known = self._parts[id(node)] = rule(self, node) if rule is not None else WHOLE
        return known

    def name(self, node: Name) -> Interval:
        """Enclose a quantity, or the number of a step of time."""
        if node.id in self.methodology.dimensions:
            counted = self.methodology.dimensions[node.id].time in {"month", "year"}
            return Interval(Fraction(1)) if counted else WHOLE
        return self._known.get(node.id, WHOLE)

    def takes_something(self, node: Reduce) -> bool:
        """Whether a reduction always takes at least one value.

        The steps of the clock and members that the spec names are never missing; a run is refused when other
        dimensions of the data it needs have no members.
        """
        return node.where is None and all(self._is_never_empty(name, node.body) for name in node.over)

    def _is_never_empty(self, dimension: str, body: Node) -> bool:
        members = self.methodology.dimensions[dimension].members
        if self.methodology.step(dimension) or (isinstance(members, dict | list) and members):
            return True
        return dimension in self._dimensions_of_data(body)

    def _dimensions_of_data(self, tree: Node) -> frozenset[str]:
        """List the dimensions of the data that a formula needs under every choice: what stands in no case."""
        found: set[str] = set()
        stack = [tree]
        while stack:
            node = stack.pop()
            if isinstance(node, Name) and node.id in self.methodology.parameters:
                found.update(self.methodology.quantities[node.id].over)
            elif isinstance(node, Name):
                found.update(self._surely.get(node.id, ()))
            elif isinstance(node, Reduce):
                stack.append(node.body)
            elif not isinstance(node, Cases):
                stack.extend(node.children)
        return frozenset(found)

    def reduced(self, node: Reduce) -> Interval:
        """Enclose a reduction over any number of members."""
        if node.function in {"count", "stdev"}:
            return NONNEGATIVE
        body = self.of(node.body)
        if node.function != "sum":
            return body
        if body == ZERO:
            return ZERO
        total = Interval(
            body.low if body.is_nonnegative else None,
            body.high if body.is_nonpositive else None,
            body.is_nonnegative and body.low_open,
            body.is_nonpositive and body.high_open,
        )
        return total if self.takes_something(node) else hull((ZERO, total))


def _earlier(tree: Node) -> set[str]:
    found: set[str] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Previous):
            found.add(node.name)
        stack.extend(node.children)
    return found


def _arithmetic(work: Enclosures, node: Arithmetic) -> Interval:
    left, right = work.of(node.left), work.of(node.right)
    if node.operator == "**":
        return _power(left, right)
    if node.operator == "*" and node.left == node.right:
        return interval.raised(left, Fraction(2))
    return _OPERATORS[node.operator](left, right)


def _power(base: Interval, exponent: Interval) -> Interval:
    if exponent.low is not None and exponent.low == exponent.high:
        return interval.raised(base, exponent.low)
    return interval.exponential(exponent * interval.logarithm(base)) if base.is_positive else WHOLE


def _call(work: Enclosures, node: Call) -> Interval:
    arguments = [work.of(argument) for argument in node.arguments]
    if node.function in {"min", "max"}:
        return interval.least(arguments) if node.function == "min" else interval.greatest(arguments)
    return _FUNCTIONS[node.function](arguments[0])


def _cases(work: Enclosures, node: Cases) -> Interval:
    values = [expression for _, expression in node.branches]
    return hull(work.of(value) for value in (*values, *((node.otherwise,) if node.otherwise is not None else ())))


_OPERATORS: Mapping[str, Callable[[Interval, Interval], Interval]] = {
    "+": Interval.__add__,
    "-": Interval.__sub__,
    "*": Interval.__mul__,
    "/": Interval.__truediv__,
}
_FUNCTIONS: Mapping[str, Callable[[Interval], Interval]] = {
    "abs": interval.magnitude,
    "exp": interval.exponential,
    "log": interval.logarithm,
    "sqrt": interval.root,
    "floor": interval.floored,
    "ceil": interval.ceiled,
    "round": interval.rounded,
}
_RULES: Mapping[type[Node], Callable[..., Interval]] = {
    Number: lambda _work, node: point(node.value),
    Negate: lambda work, node: -work.of(node.operand),
    Arithmetic: _arithmetic,
    Convert: lambda work, node: work.of(node.operand) * point(node.factor) + point(node.offset),
    Cases: _cases,
    Call: _call,
    Reduce: lambda work, node: work.reduced(node),
    Previous: lambda work, node: hull((work.of(node.initial), work.name(Name(node.name)))),
}

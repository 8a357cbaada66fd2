"""Compares the two evaluators at every index; what differs stops the run.

A difference is taken relative to the value. Where terms cancel, so that the value is small beside them, the
rounding of the terms is what is seen: there the difference is taken relative to the terms, and much less is allowed.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tonne.engine.compute.reference import CONTEXT, At, Reference, decimal
from tonne.engine.data.domain import Index
from tonne.engine.errors import Problem, RunError
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Convert,
    Name,
    Negate,
    Node,
    Number,
    Previous,
    Reduce,
)

TOLERANCE = Decimal("1e-9")
CANCELLED_TOLERANCE = Decimal("1e-13")
DEEPEST = 60  # equations within equations; below it the value itself is its size


@dataclass(frozen=True)
class Agreement:
    """How well the evaluators agree: how many values were compared, and the largest relative difference.

    With data by the minute that is too much for the reference, `sampled` of the values are those of a part of the data.
    """

    compared: int
    largest: Decimal
    at: str | None
    sampled: int = 0

    def beside(self, sample: "Agreement") -> "Agreement":
        """Put the agreement on a part of the data beside that on the whole."""
        widest = max(self, sample, key=lambda each: each.largest)
        return Agreement(self.compared + sample.compared, widest.largest, widest.at, sample.compared)


def compare(
    reference: Reference,
    exact: Mapping[str, Mapping[Index, Decimal]],
    columnar: Mapping[str, Mapping[Index, float | None]],
    taken: Collection[str] = (),
) -> Agreement:
    """Compare every value but those that were taken from the columnar evaluator.

    Raises:
        RunError: a difference beyond the tolerance, or a value that only the reference has.
    """
    plan, domain = reference.plan, reference.domain
    terms = _Terms(reference)
    problems: list[Problem] = []
    largest, at, compared = Decimal(0), None, 0
    for name, values in exact.items():
        for index, value in values.items() if name not in taken else ():
            compared += 1
            other = columnar.get(name, {}).get(index)
            difference = _difference(terms, name, index, value, other)
            if difference is None or difference > TOLERANCE:
                label = f"{name}@{domain.label(plan.over(name), index)}" if plan.over(name) else name
                problems.append(
                    Problem(
                        f"the two evaluators differ at {label}",
                        plan.methodology.quantities[name].place,
                        f"{value:.17g} (reference)",
                        f"{other!r} (columnar)",
                        "a comparison or rounding may lie at the edge of what floating point can tell; "
                        "nothing was written",
                    )
                )
            elif difference > largest:
                largest, at = difference, f"{name}@{domain.label(plan.over(name), index)}"
    if problems:
        raise RunError(problems)
    return Agreement(compared, largest, at)


def _difference(terms: "_Terms", name: str, index: Index, value: Decimal, other: float | None) -> Decimal | None:
    """Give the relative difference, None when there is nothing to compare with."""
    if other is None or not math.isfinite(other):
        return None
    gap = abs(value - Decimal(other))
    if gap <= TOLERANCE * abs(value):
        return gap / abs(value) if value else Decimal(0)
    with localcontext(CONTEXT):
        return Decimal(0) if gap <= CANCELLED_TOLERANCE * terms.size_of(name, index, 0) else Decimal("Infinity")


class _Terms:
    """Tells how large the terms are whose sums and differences make up a value; remembers what it told."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.known: dict[tuple[str, Index], Decimal] = {}

    def size_of(self, name: str, index: Index, level: int) -> Decimal:
        """Give the size of the terms of a quantity."""
        if (name, index) not in self.known:
            step = self.reference.plan.steps.get(name)
            if step is None or level > DEEPEST:
                return abs(self.reference.value(name, index))
            at = dict(zip(step.over, index, strict=True))
            self.known[name, index] = self.size(step.tree, at, level + 1)
        return self.known[name, index]

    def size(self, node: Node, at: At, level: int) -> Decimal:
        """Give the size of the terms of a part of a formula."""
        rule = self._rules.get(type(node))
        return rule(self, node, at, level) if rule else self._value(node, at)

    def _value(self, node: Node, at: At) -> Decimal:
        return abs(self.reference.evaluate(node, at) or Decimal(0))

    def _name(self, node: Name, at: At, level: int) -> Decimal:
        if node.id in self.reference.domain.members:
            return self._value(node, at)
        index = self.reference.domain.position(self.reference.plan.over(node.id), at)
        return self.size_of(node.id, index, level)

    def _arithmetic(self, node: Arithmetic, at: At, level: int) -> Decimal:
        left = self.size(node.left, at, level)
        if node.operator == "**":
            exponent = node.right.value if isinstance(node.right, Number) else None
            whole = exponent is not None and exponent > 0 and exponent.denominator == 1
            return left ** int(exponent) if exponent is not None and whole else self._value(node, at)
        right = self.size(node.right, at, level)
        if node.operator == "*":
            return left * right
        if node.operator == "/":
            divisor = self._value(node.right, at)
            return left * right / (divisor * divisor) if divisor else Decimal(0)
        return left + right

    def _negate(self, node: Negate, at: At, level: int) -> Decimal:
        return self.size(node.operand, at, level)

    def _convert(self, node: Convert, at: At, level: int) -> Decimal:
        return self.size(node.operand, at, level) * abs(decimal(node.factor)) + abs(decimal(node.offset))

    def _call(self, node: Call, at: At, level: int) -> Decimal:
        if node.function in {"min", "max", "abs"}:
            return max(self.size(argument, at, level) for argument in node.arguments)
        if node.function in {"log", "exp"}:
            return max(self._value(node, at), Decimal(1)) * max(self.size(node.arguments[0], at, level), Decimal(1))
        return self._value(node, at)

    def _cases(self, node: Cases, at: At, level: int) -> Decimal:
        chosen = next((value for when, value in node.branches if self.reference.holds(when, at)), node.otherwise)
        return self.size(chosen, at, level) if chosen is not None else Decimal(0)

    def _reduce(self, node: Reduce, at: At, level: int) -> Decimal:
        if node.function == "count":
            return self._value(node, at)
        sizes = [self.size(node.body, inner, level) for inner in self.reference.inside(node, at)]
        return sum(sizes, Decimal(0)) if node.function == "sum" else max(sizes, default=Decimal(0))

    def _previous(self, node: Previous, at: At, level: int) -> Decimal:
        before = self.reference.before(node, at)
        return self.size(node.initial, at, level) if before is None else self.size_of(node.name, before, level)

    _rules: Mapping[type[Node], Callable[..., Decimal]] = {
        Name: _name,
        Arithmetic: _arithmetic,
        Negate: _negate,
        Convert: _convert,
        Call: _call,
        Cases: _cases,
        Reduce: _reduce,
        Previous: _previous,
    }

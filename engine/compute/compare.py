"""Compares the two evaluators at every index; what differs stops the run.

A difference is taken relative to the value. Where terms cancel, so that the value is small beside them, the
rounding of the terms is what is seen: there the difference is taken relative to the terms, and much less is allowed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tonne.engine.compute.reference import CONTEXT, At, Reference
from tonne.engine.data.domain import Index
from tonne.engine.errors import Problem, RunError
from tonne.engine.spec.tree import Arithmetic, Cases, Convert, Name, Negate, Node, Reduce

TOLERANCE = Decimal("1e-9")
CANCELLED_TOLERANCE = Decimal("1e-13")


@dataclass(frozen=True)
class Agreement:
    """How well the evaluators agree: how many values were compared, and the largest relative difference."""

    compared: int
    largest: Decimal
    at: str | None


def compare(
    reference: Reference,
    exact: Mapping[str, Mapping[Index, Decimal]],
    columnar: Mapping[str, Mapping[Index, float | None]],
) -> Agreement:
    """Compare every value.

    Raises:
        RunError: a difference beyond the tolerance, or a value that only the reference has.
    """
    plan, domain = reference.plan, reference.domain
    problems: list[Problem] = []
    largest, at, compared = Decimal(0), None, 0
    for name, values in exact.items():
        for index, value in values.items():
            compared += 1
            other = columnar.get(name, {}).get(index)
            difference = _difference(reference, name, index, value, other)
            if difference is None or difference > TOLERANCE:
                label = domain.label(plan.over(name), index)
                problems.append(
                    Problem(
                        f"the two evaluators differ at {name}@{label}",
                        plan.methodology.quantities[name].place,
                        f"{value:.17g} (reference)",
                        f"{other!r} (columnar)",
                        "a comparison or rounding may lie at the edge of what floating point can tell; nothing was written",
                    )
                )
            elif difference > largest:
                largest, at = difference, f"{name}@{domain.label(plan.over(name), index)}"
    if problems:
        raise RunError(problems)
    return Agreement(compared, largest, at)


def _difference(reference: Reference, name: str, index: Index, value: Decimal, other: float | None) -> Decimal | None:
    """Give the relative difference, None when there is nothing to compare with."""
    if other is None or not math.isfinite(other):
        return None
    found = Decimal(other)
    gap = abs(value - found)
    if gap <= TOLERANCE * abs(value):
        return gap / abs(value) if value else Decimal(0)
    with localcontext(CONTEXT):
        size = _size(reference, Name(name), dict(zip(reference.plan.over(name), index, strict=True)))
    return Decimal(0) if gap <= CANCELLED_TOLERANCE * size else Decimal("Infinity")


def _size(reference: Reference, node: Node, at: At) -> Decimal:
    """How large the terms are whose sums and differences make up a value."""
    if isinstance(node, Name):
        step = reference.plan.steps.get(node.id)
        if step is None:
            return abs(reference.evaluate(node, at) or Decimal(0))
        index = reference.domain.position(step.over, at)
        return _size(reference, step.tree, dict(zip(step.over, index, strict=True)))
    if isinstance(node, Arithmetic) and node.operator in "+-*":
        left, right = _size(reference, node.left, at), _size(reference, node.right, at)
        return left * right if node.operator == "*" else left + right
    if isinstance(node, Arithmetic) and node.operator == "/":
        divisor = abs(reference.evaluate(node.right, at) or Decimal(0))
        return _size(reference, node.left, at) * _size(reference, node.right, at) / (divisor * divisor) if divisor else Decimal(0)
    if isinstance(node, Negate):
        return _size(reference, node.operand, at)
    if isinstance(node, Convert):
        return _size(reference, node.operand, at) * abs(Decimal(node.factor.numerator) / node.factor.denominator)
    if isinstance(node, Cases):
        chosen = next((value for when, value in node.branches if reference.holds(when, at)), node.otherwise)
        return _size(reference, chosen, at) if chosen is not None else Decimal(0)
    if isinstance(node, Reduce) and node.function == "sum":
        return sum((_size(reference, node.body, inner) for inner in reference.inside(node, at)), Decimal(0))
    return abs(reference.evaluate(node, at) or Decimal(0))

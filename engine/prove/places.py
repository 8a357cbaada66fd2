"""Walks a formula and finds what can fail in it, with the conditions under which each part is reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import z3

from tonne.engine.prove.encode import At, Generic
from tonne.engine.spec.tree import Arithmetic, Call, Cases, Logic, Node, Number, Reduce


@dataclass(frozen=True)
class Reached:
    """A part of a formula, the index at which it stands, and the conditions under which it is evaluated."""

    node: Node
    at: At
    under: tuple[Any, ...]


def reached(node: Node, at: At, encoder: Generic, under: tuple[Any, ...] = ()) -> Iterator[Reached]:
    """Go through a formula and all its parts."""
    yield Reached(node, at, under)
    if isinstance(node, Cases):
        before = under
        for when, expression in node.branches:
            yield from reached(when, at, encoder, before)
            holds = encoder.truth(when, at)
            yield from reached(expression, at, encoder, (*before, holds))
            before = (*before, z3.Not(holds))
        if node.otherwise is not None:
            yield from reached(node.otherwise, at, encoder, before)
        return
    if isinstance(node, Logic):
        yield from reached(node.left, at, encoder, under)
        left = encoder.truth(node.left, at)
        yield from reached(node.right, at, encoder, (*under, left if node.operator == "and" else z3.Not(left)))
        return
    if isinstance(node, Reduce):
        inner = encoder.inner(node, at)
        taken: tuple[Any, ...] = ()
        if node.where is not None:
            yield from reached(node.where, inner, encoder, under)
            taken = (encoder.truth(node.where, inner),)
        yield from reached(node.body, inner, encoder, (*under, *taken))
        return
    for child in node.children:
        yield from reached(child, at, encoder, under)


def requirement(part: Reached, encoder: Generic) -> tuple[Any, str, str] | None:
    """Give what a part needs in order to have a value, in the solver's terms and in words; None when nothing."""
    node, at = part.node, part.at
    if isinstance(node, Arithmetic) and node.operator == "/" and not isinstance(node.right, Number):
        return encoder.number(node.right, at) != 0, "除数不为零", "the divisor is not zero"
    if isinstance(node, Call) and node.function == "log":
        return encoder.number(node.arguments[0], at) > 0, "对数的真数大于零", "the logarithm is of a positive number"
    if isinstance(node, Call) and node.function == "sqrt":
        return encoder.number(node.arguments[0], at) >= 0, "被开方数不小于零", "the root is of a number that is not negative"
    if isinstance(node, Arithmetic) and node.operator == "**":
        return _power(node, at, encoder)
    return None


def _power(node: Arithmetic, at: At, encoder: Generic) -> tuple[Any, str, str] | None:
    base = encoder.number(node.left, at)
    if isinstance(node.right, Number):
        exponent = node.right.value
        if exponent.denominator == 1:
            return None if exponent > 0 else (base != 0, "底数不为零", "the base of the power is not zero")
        return (
            (base >= 0, "底数不小于零", "the base of the power is not negative")
            if exponent > 0
            else (base > 0, "底数大于零", "the base of the power is positive")
        )
    return base > 0, "底数大于零", "the base of the power is positive"

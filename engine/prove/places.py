"""Walks a formula and finds what can fail in it, with the conditions under which each part is reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tonne.engine.prove.encode import At
from tonne.engine.prove.generic import Generic
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import denied
from tonne.engine.spec.tree import Arithmetic, Call, Cases, Chosen, Compare, Logic, Node, Not, Number, Previous, Reduce

Way = tuple[tuple[Node, At, bool], ...]


@dataclass(frozen=True)
class Reached:
    """A part of a formula, the index at which it stands, and the conditions under which it is evaluated.

    `under` has the conditions for the solver, `way` the same as nodes: at which index each holds or does not.
    """

    node: Node
    at: At
    under: tuple[Any, ...] = ()
    way: Way = ()

    def on(self, encoder: Generic | Small, condition: Node, holds: bool) -> "Reached":
        """Give the same place under one more condition."""
        truth = encoder.truth(condition, self.at)
        known = truth if holds else denied(truth)
        return Reached(self.node, self.at, (*self.under, known), (*self.way, (condition, self.at, holds)))

    def part(self, node: Node, at: At | None = None) -> "Reached":
        """Give another node under the same conditions."""
        return Reached(node, self.at if at is None else at, self.under, self.way)


def reached(place: Reached, encoder: Generic | Small) -> Iterator[Reached]:
    """Go through a formula and all its parts that are evaluated."""
    node = place.node
    yield place
    if isinstance(node, Cases):
        yield from _cases(node, place, encoder)
    elif isinstance(node, Logic):
        yield from reached(place.part(node.left), encoder)
        yield from reached(place.on(encoder, node.left, node.operator == "and").part(node.right), encoder)
    elif isinstance(node, Reduce):
        yield from _reduce(node, place, encoder)
    elif isinstance(node, Previous):
        if encoder.is_first(node, place.at) is not False:
            yield from reached(place.part(node.initial), encoder)
    else:
        for child in node.children:
            yield from reached(place.part(child), encoder)


def _cases(node: Cases, place: Reached, encoder: Generic | Small) -> Iterator[Reached]:
    for when, expression in node.branches:
        yield from reached(place.part(when), encoder)
        yield from reached(place.on(encoder, when, holds=True).part(expression), encoder)
        place = place.on(encoder, when, holds=False)
    if node.otherwise is not None:
        yield from reached(place.part(node.otherwise), encoder)


def _reduce(node: Reduce, place: Reached, encoder: Generic | Small) -> Iterator[Reached]:
    counts_all = node.function == "count" and not isinstance(node.body, Compare | Logic | Not | Chosen)
    for inner in encoder.places(node, place.at):
        inside = place.part(node.body, inner)
        if node.where is not None:
            yield from reached(inside.part(node.where), encoder)
            inside = inside.on(encoder, node.where, holds=True)
        if not counts_all:
            yield from reached(inside, encoder)

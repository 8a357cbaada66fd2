"""Walks a formula and finds what can fail in it, with the conditions under which each part is reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tonne.engine.prove.encode import At
from tonne.engine.prove.generic import Generic
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import denied
from tonne.engine.spec.tree import Cases, Chosen, Compare, Logic, Node, Not, Previous, Reduce

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


class Route:
    """The parts of a formula on the way to one of them; told apart by identity, since two may be alike."""

    def __init__(self, root: Node, target: Node) -> None:
        self.target = target
        parents: dict[int, Node] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            for child in node.children:
                parents[id(child)] = node
                stack.append(child)
        way = {id(target)}
        while id(target) in parents:
            target = parents[id(target)]
            way.add(id(target))
        self.steps = frozenset(way)


class Walk:
    """Goes through a formula and all its parts that are evaluated, or on the way to one part alone."""

    def __init__(self, encoder: Generic | Small, route: Route | None = None) -> None:
        self.encoder = encoder
        self.route = route

    def reached(self, place: Reached) -> Iterator[Reached]:
        """Give a place and all places inside it."""
        node = place.node
        if not self._wants(node):
            return
        if self.route is None or node is self.route.target:
            yield place
        if self.route is not None and node is self.route.target:
            return
        if isinstance(node, Cases):
            yield from self._cases(node, place)
        elif isinstance(node, Logic):
            yield from self.reached(place.part(node.left))
            if self._wants(node.right):
                yield from self.reached(place.on(self.encoder, node.left, node.operator == "and").part(node.right))
        elif isinstance(node, Reduce):
            yield from self._reduce(node, place)
        elif isinstance(node, Previous):
            if self.encoder.is_first(node, place.at) is not False:
                yield from self.reached(place.part(node.initial))
        else:
            for child in node.children:
                yield from self.reached(place.part(child))

    def _wants(self, *nodes: Node) -> bool:
        return self.route is None or any(id(node) in self.route.steps for node in nodes)

    def _cases(self, node: Cases, place: Reached) -> Iterator[Reached]:
        last = [] if node.otherwise is None else [node.otherwise]
        for when, expression in node.branches:
            yield from self.reached(place.part(when))
            if self._wants(expression):
                yield from self.reached(place.on(self.encoder, when, holds=True).part(expression))
            if self.route is not None and {id(when), id(expression)} & self.route.steps:
                return
            place = place.on(self.encoder, when, holds=False)
        for otherwise in last:
            yield from self.reached(place.part(otherwise))

    def _reduce(self, node: Reduce, place: Reached) -> Iterator[Reached]:
        counts_all = node.function == "count" and not isinstance(node.body, Compare | Logic | Not | Chosen)
        for inner in self.encoder.places(node, place.at):
            inside = place.part(node.body, inner)
            if node.where is not None:
                yield from self.reached(inside.part(node.where))
                if self._wants(node.body):
                    inside = inside.on(self.encoder, node.where, holds=True)
            if not counts_all:
                yield from self.reached(inside)


def reached(place: Reached, encoder: Generic | Small) -> Iterator[Reached]:
    """Go through a formula and all its parts that are evaluated."""
    return Walk(encoder).reached(place)


def reached_part(route: Route, place: Reached, encoder: Generic | Small) -> Iterator[Reached]:
    """Go to one part of a formula, at every index at which it stands."""
    return Walk(encoder, route).reached(place)

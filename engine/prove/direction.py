"""Decides whether the reduction grows or falls with each parameter, at any one index, everything else equal.

The reduction is written twice, with two values of the parameter; sums differ only in the term at that index.
So jumps between cases, minima and maxima are covered, not only derivatives.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import z3

from tonne.engine.prove.encode import LEMMA_MS, At, Generic, Small, depends
from tonne.engine.prove.question import Question
from tonne.engine.prove.replay import Replay
from tonne.engine.prove.solver import holds
from tonne.engine.prove.statement import Statement
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Name, Node, Previous, Reduce, walk

Direction = Literal["increasing", "decreasing", "constant", "either", "undecided"]

_ZH = {"increasing": "单调不减", "decreasing": "单调不增", "constant": "与之无关", "either": "可增可减", "undecided": "未判定"}
_EN = {
    "increasing": "never falls when {0} grows",
    "decreasing": "never grows when {0} grows",
    "constant": "does not depend on {0}",
    "either": "can grow and can fall when {0} grows",
    "undecided": "not decided how it changes with {0}",
}
_SAFE = {"increasing": "low", "decreasing": "high"}


class _Moved(Generic):
    """The same formulas with the parameter moved at one index; shares every other unknown with the first writing."""

    def __init__(self, still: Generic, parameter: Quantity, other: Any) -> None:
        super().__init__(still.methodology, still.trees)
        self.still = still
        self.moving = parameter
        self.other = other
        self.facts = still.facts
        self.parameters = still.parameters
        self.options = still.options
        self._labels = still._labels  # noqa: SLF001 (one domain, two writings)
        self._functions = still._functions  # noqa: SLF001
        self.target = still.start(parameter.over)
        self.growing = other >= still.parameter(parameter.id, still.key(parameter.over, self.target))

    def unknown(self, name: str) -> Any:
        return self.still.unknown(f"{name}'")

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        if name == self.moving.id and key == self.key(self.moving.over, self.target):
            return self.other
        return self.still.parameter(name, key)

    def depends(self, node: Node) -> bool:
        return depends(node, self.moving.id, self.trees)

    def reduce(self, node: Reduce, at: At) -> Any:
        before = self.still.reduce(node, at)
        if not self.depends(node):
            return before
        key = (node, tuple(sorted((name, tag) for name, tag in at.items() if name in self.free(node))))
        if key not in self._reductions:
            self._reductions[key] = self._moved_reduction(node, at, before)
        return self._reductions[key]

    def _moved_reduction(self, node: Reduce, at: At, before: Any) -> Any:
        exactly = set(node.over) <= set(self.moving.over) and self._meets(node, at) and not self._uses_past(node)
        inner = self._target_inside(node, at)
        zero = z3.RealVal(0)
        old_value, old_taken = self.still.term(node, inner)
        new_value, new_taken = self.term(node, inner)
        change = z3.If(new_taken, new_value, zero) - z3.If(old_taken, old_value, zero)
        if exactly and node.function in {"sum", "count"}:
            return before + change
        result = self.unknown(node.function)
        if self._uses_past(node) or node.function == "stdev":
            return result
        same_terms = node.where is None or not self.depends(node.where)
        if node.function in {"sum", "count", "mean", "minimum", "maximum"} and (same_terms or node.function in {"sum", "count"}):
            self._bound(result - before, change, [self.growing] + ([] if node.where is None or not same_terms else [old_taken]))
        return result

    def _bound(self, whole: Any, part: Any, given: list[Any]) -> None:
        """The whole changes in the direction in which every part of it changes."""
        for claim, consequence in ((part >= 0, whole >= 0), (part <= 0, whole <= 0)):
            if holds(claim, [*self.facts, *given], LEMMA_MS).proved:
                self.facts.append(z3.Implies(self.growing, consequence))

    def _meets(self, node: Reduce, at: At) -> bool:
        """Whether the moved index lies inside the reduction."""
        return all(at.get(name, tag) == tag for name, tag in self.target.items() if name not in node.over)

    def _target_inside(self, node: Reduce, at: At) -> dict[str, Any]:
        inner = dict(at)
        tag = self.tag()
        for name in node.over:
            inner[name] = self.target.get(name, f"m{tag}")
        return self._with_coarser(inner, at)

    def _uses_past(self, node: Node) -> bool:
        return any(
            isinstance(part, Previous) or (isinstance(part, Name) and part.id in self.trees and self._past_in(part.id, frozenset()))
            for part in walk(node)
        )

    def _past_in(self, name: str, seen: frozenset[str]) -> bool:
        for part in walk(self.trees[name]):
            if isinstance(part, Previous) and (part.name == self.moving.id or depends(Name(part.name), self.moving.id, self.trees)):
                return True
            if isinstance(part, Name) and part.id in self.trees and part.id not in seen and self._past_in(part.id, seen | {name}):
                return True
        return False

    def previous(self, node: Previous, at: At) -> Any:
        if not depends(Name(node.name), self.moving.id, self.trees) and node.name != self.moving.id:
            return self.still.previous(node, at)
        return self.unknown(f"earlier {node.name}")


def direction_statements(question: Question) -> Iterator[Statement]:
    """Say of every parameter how the reduction changes with it, and whether `conservative:` claims hold."""
    outputs = question.methodology.spec.outputs
    if outputs is None:
        return
    for name, quantity in question.methodology.parameters.items():
        if depends(Name(outputs.reduction), name, question.inference.trees):
            yield _statement(question, quantity, outputs.reduction)


def _statement(question: Question, quantity: Quantity, reduction: str) -> Statement:
    direction, points, limits = decide(question, quantity, reduction)
    claimed = quantity.parameter.conservative
    proved = _SAFE.get(direction)
    wrong = claimed is not None and direction in {"increasing", "decreasing", "either"} and proved != claimed
    data = {"direction": direction, "claimed": claimed, "conservative": proved}
    zh = f"减排量关于 {quantity.id} {_ZH[direction]}"
    en = f"the reduction {_EN[direction].format(quantity.id)}"
    if wrong:
        zh += f"；“conservative: {claimed}”的声明不成立"
        en += f"; the claim `conservative: {claimed}` does not hold"
        return Statement("direction.sign", quantity.id, zh, en, "refuted", points, limits, place=quantity.place, data=data)
    verdict: Any = "undecided" if direction == "undecided" else "proved"
    return Statement("direction.sign", quantity.id, zh, en, verdict, points, limits, place=quantity.place, data=data)


def decide(question: Question, quantity: Quantity, reduction: str) -> tuple[Direction, tuple[Any, ...], str]:
    """Decide the direction of the reduction in a parameter, with points where it goes both ways."""
    still = Generic(question.methodology, question.inference.trees)
    still.freed = frozenset({quantity.id})
    old = still.parameter(quantity.id, still.key(quantity.over, still.start(quantity.over)))
    other = z3.Real(f"{quantity.id}'")
    still.facts += [z3.substitute(fact, (old, other)) for fact in still.facts]
    moved = _Moved(still, quantity, other)
    at = dict(moved.target)
    over = question.methodology.quantities[reduction].over
    for name in over:
        at.setdefault(name, "i")
    at = still._with_coarser(at, at)  # noqa: SLF001
    before, after = still.number(Name(reduction), at), moved.number(Name(reduction), at)
    given = [*moved.facts, moved.growing]
    rises = holds(after >= before, given)
    falls = holds(after <= before, given)
    if rises.proved and falls.proved:
        return "constant", (), ""
    if rises.proved:
        return "increasing", (), ""
    if falls.proved:
        return "decreasing", (), ""
    up, down = _example(question, quantity, reduction, 1), _example(question, quantity, reduction, -1)
    if up and down:
        return "either", (up, down), ""
    return "undecided", tuple(point for point in (up, down) if point), question.limits(question.inference.trees[reduction])


def _example(question: Question, quantity: Quantity, reduction: str, sign: int) -> Any:
    """Find a point at which the reduction really moves in a direction when the parameter grows."""
    def moves(small: Small) -> Iterator[tuple[Any, Any]]:
        small.freed = frozenset({quantity.id})
        index = next(small.domain.indices(quantity.over))
        old = small.parameter(quantity.id, index)
        other = z3.Real(f"{quantity.id}'")
        allowed = [z3.substitute(fact, (old, other)) for fact in small.facts]
        before = _total(small, reduction)
        second = Small(small.methodology, small.trees, small.domain)
        second.parameters = {**small.parameters, (quantity.id, index): other}
        second.options = small.options
        second.freed = small.freed
        after = _total(second, reduction)
        facts = [fact for fact in second.facts if fact not in small.facts]
        difference = after - before if sign > 0 else before - after
        yield z3.And(*facts, *allowed, other > old, difference > 0), (index, other)

    for replay, (index, other) in question.search(moves):
        raised = replay.extra(other)
        first, second = (_sum(replay, reduction, values) for values in (replay.values, replay.changed(quantity.id, index, raised)))
        if first is not None and second is not None and (second - first) * sign > 0:
            told = f"{quantity.id} to {float(raised):.6g} moves the reduction from {first:.6g} to {second:.6g}"
            return replay.point(told)
    return None


def _total(small: Small, name: str) -> Any:
    over = small.methodology.quantities[name].over
    return z3.Sum([small.number(Name(name), dict(zip(over, index, strict=True))) for index in small.domain.indices(over)])


def _sum(replay: Replay, name: str, values: Mapping[str, Any]) -> Decimal | None:
    over = replay.methodology.quantities[name].over
    found = [replay.evaluate(name, index, values) for index in replay.domain.indices(over)]
    return sum((value for value in found if value is not None), Decimal(0)) if None not in found else None

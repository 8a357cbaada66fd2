"""Proves what a spec claims of its reduction as a whole: zero without activity, in proportion to it, within the baseline."""

from collections.abc import Iterator, Mapping
from typing import Any

import z3

from tonne.engine.prove.encode import LEMMA_MS, At, Generic, Small
from tonne.engine.prove.question import Question
from tonne.engine.prove.solver import holds
from tonne.engine.prove.statement import Statement
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Name, Node, Reduce


class _Scaled(Generic):
    """The same formulas with the activity multiplied by one factor; shares every other unknown."""

    def __init__(self, still: Generic, activity: frozenset[str], factor: Any) -> None:
        super().__init__(still.methodology, still.trees)
        self.still = still
        self.activity = activity
        self.factor = factor
        self.facts = still.facts
        self.options = still.options
        self._labels = still._labels  # noqa: SLF001 (one domain, two writings)
        self._functions = still._functions  # noqa: SLF001

    def unknown(self, name: str) -> Any:
        return self.still.unknown(f"{name}'")

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        value = self.still.parameter(name, key)
        return self.factor * value if name in self.activity else value

    def reduce(self, node: Reduce, at: At) -> Any:
        key = (node, tuple(sorted((name, tag) for name, tag in at.items() if name in self.free(node))))
        if key in self._reductions:
            return self._reductions[key]
        before = self.still.reduce(node, at)
        inner = self.inner(node, at)
        old, old_taken = self.still.term(node, inner)
        new, new_taken = self.term(node, inner)
        result = self.unknown(node.function)
        same_terms = holds(old_taken == new_taken, self.facts, LEMMA_MS).proved
        if same_terms and holds(new == self.factor * old, [*self.facts, old_taken], LEMMA_MS).proved:
            self.facts.append(result == self.factor * before)
        elif same_terms and holds(new == old, [*self.facts, old_taken], LEMMA_MS).proved:
            self.facts.append(result == before)
        self._reductions[key] = result
        return result


class _Idle(Generic):
    """The formulas with every activity at zero."""

    def __init__(self, methodology: Methodology, trees: Mapping[str, Node], activity: frozenset[str]) -> None:
        super().__init__(methodology, trees)
        self.activity = activity

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        return z3.RealVal(0) if name in self.activity else super().parameter(name, key)


def structure_statements(question: Question) -> Iterator[Statement]:
    """Say whether the claims of a spec on its reduction hold."""
    outputs, claims = question.methodology.spec.outputs, question.methodology.spec.claims
    if outputs is None or claims is None:
        return
    activity = frozenset(claims.activity)
    if activity:
        yield _idle(question, activity, outputs.reduction)
    if activity and claims.proportional:
        yield _proportional(question, activity, outputs.reduction)
    if claims.within_baseline:
        yield _within(question, outputs.baseline, outputs.reduction)


def _idle(question: Question, activity: frozenset[str], reduction: str) -> Statement:
    generic = _Idle(question.methodology, question.inference.trees, activity)
    value = generic.number(Name(reduction), generic.start(question.methodology.quantities[reduction].over))
    told = ", ".join(sorted(activity))
    zh, en = f"{told} 均为零时减排量为零", f"the reduction is zero when {told} are zero"
    place = question.methodology.quantities[reduction].place
    if holds(value == 0, generic.facts).proved:
        return Statement("structure.idle", reduction, zh, en, "proved", place=place)

    def differs(small: Small) -> Iterator[tuple[Any, Any]]:
        zero = [
            small.parameter(name, index) == 0
            for name in sorted(activity)
            for index in small.domain.indices(question.methodology.quantities[name].over)
        ]
        for index in small.domain.indices(question.methodology.quantities[reduction].over):
            at = dict(zip(question.methodology.quantities[reduction].over, index, strict=True))
            yield z3.And(*zero, small.number(Name(reduction), at) != 0), index

    for replay, index in question.search(differs):
        found = replay.evaluate(reduction, index)
        if found:
            return Statement("structure.idle", reduction, zh, en, "refuted", (replay.point(f"{reduction} = {found:.6g}"),), place=place)
    return Statement("structure.idle", reduction, zh, en, "undecided", limits=question.limits(question.inference.trees[reduction]), place=place)


def _proportional(question: Question, activity: frozenset[str], reduction: str) -> Statement:
    still = Generic(question.methodology, question.inference.trees)
    factor = z3.Real("factor")
    scaled = _Scaled(still, activity, factor)
    at = still.start(question.methodology.quantities[reduction].over)
    before, after = still.number(Name(reduction), at), scaled.number(Name(reduction), at)
    told = ", ".join(sorted(activity))
    zh, en = f"减排量与 {told} 成正比", f"the reduction is in proportion to {told}"
    place = question.methodology.quantities[reduction].place
    if holds(after == factor * before, [*still.facts, factor > 0]).proved:
        return Statement("structure.proportional", reduction, zh, en, "proved", place=place)
    limits = question.limits(question.inference.trees[reduction])
    return Statement("structure.proportional", reduction, zh, en, "undecided", limits=limits, place=place)


def _within(question: Question, baseline: str, reduction: str) -> Statement:
    generic = Generic(question.methodology, question.inference.trees)
    at = generic.start(question.methodology.quantities[reduction].over)
    claim = generic.number(Name(reduction), at) <= generic.number(Name(baseline), at)
    zh, en = "减排量不超过基准线排放量", "the reduction never exceeds the baseline emissions"
    place = question.methodology.quantities[reduction].place
    if holds(claim, generic.facts).proved:
        return Statement("structure.within_baseline", reduction, zh, en, "proved", place=place)

    def exceeds(small: Small) -> Iterator[tuple[Any, Any]]:
        for index in small.domain.indices(question.methodology.quantities[reduction].over):
            here = dict(zip(question.methodology.quantities[reduction].over, index, strict=True))
            yield small.number(Name(reduction), here) > small.number(Name(baseline), here), index

    for replay, index in question.search(exceeds):
        found, limit = replay.evaluate(reduction, index), replay.evaluate(baseline, index)
        if found is not None and limit is not None and found > limit:
            point = replay.point(f"{reduction} = {found:.6g}, {baseline} = {limit:.6g}")
            return Statement("structure.within_baseline", reduction, zh, en, "refuted", (point,), place=place)
    return Statement("structure.within_baseline", reduction, zh, en, "undecided", limits=question.limits(question.inference.trees[reduction]), place=place)

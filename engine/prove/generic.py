"""One index that stands for all: what is proved of it holds for any number of members.

Members are tags. Two tags may be the same member, so nothing is said of whether they differ. A sum is an unknown of
which only what follows from its term is known; an earlier step an unknown of which its enclosure is known.
"""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from tonne.engine import calendar
from tonne.engine.prove.encode import At, Encoder, Key
from tonne.engine.prove.facts import Range, meet
from tonne.engine.prove.interval import WHOLE, Interval
from tonne.engine.prove.interval import ZERO as NOTHING
from tonne.engine.prove.solver import real
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Chosen, Name, Node, Previous, Reduce

LEMMA_MS = 300


class Generic(Encoder):
    """The formulas at one index that stands for all."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._reductions: dict[tuple[Node, tuple[tuple[str, Any], ...]], Any] = {}
        self._sums: list[tuple[Reduce, dict[str, Any], Any]] = []

    def start(self, over: tuple[str, ...], tag: str = "i") -> dict[str, Any]:
        """Give the generic index of an index set."""
        return self.with_coarser(dict.fromkeys(over, tag), {})

    def tag(self) -> str:
        """Make a tag for a member of its own."""
        return self.unknowns.number_of("j")

    def with_coarser(self, at: dict[str, Any], outer: At) -> dict[str, Any]:
        """Add the coarser steps in which a step of the clock lies: those of the outer index, or generic ones."""
        finest = finest_step(self.methodology, at)
        for name in coarser_steps(self.methodology, finest) if finest else ():
            at.setdefault(name, outer.get(name, at[str(finest)]))
        return at

    def key(self, over: tuple[str, ...], at: At) -> Key:
        return tuple(at[name] for name in over)

    def inside(self, over: tuple[str, ...], at: At) -> dict[str, Any]:
        return self.with_coarser({name: at[name] for name in over}, at)

    def label(self, dimension: str, at: At) -> Any:
        key = (dimension, at[dimension])
        if key not in self.unknowns.labels:
            self.unknowns.labels[key] = real(f"{dimension}={at[dimension]}")
            if self.methodology.dimensions[dimension].time in {"month", "year"}:
                self.facts.append(self.unknowns.labels[key] >= 1)
        return self.unknowns.labels[key]

    def relevant(self, node: Node, at: At) -> tuple[tuple[str, Any], ...]:
        """Give what of an index a node depends on."""
        free = dimensions_of(node, self.methodology)
        return tuple(sorted((name, tag) for name, tag in at.items() if name in free))

    def reduce(self, node: Reduce, at: At) -> Any:
        key = (node, self.relevant(node, at))
        if key not in self._reductions:
            self._reductions[key] = self.new_reduction(node, at)
        return self._reductions[key]

    def inner(self, node: Reduce, at: At) -> dict[str, Any]:
        """Give a generic index inside a reduction."""
        return self.with_coarser({**at, **dict.fromkeys(node.over, self.tag())}, at)

    def places(self, node: Reduce, at: At) -> Iterable[dict[str, Any]]:
        """Give the indices inside a reduction that stand for all."""
        return (self.inner(node, at),)

    def new_reduction(self, node: Reduce, at: At) -> Any:
        """Make the unknown of a reduction with what follows from its term.

        Where nothing is ever taken, anything would follow: a sum is zero then, and of anything else nothing is said.
        """
        interval = self.setting.enclosures.of(node)
        decided = interval.is_positive or interval.is_negative or (interval.is_nonnegative and node.where is not None)
        if node.function not in {"count", "stdev"} and not decided:
            cache, key = self.setting.lemmas, (self.setting.changes, node)
            if key not in cache:
                cache[key] = self._sign(node, at)
            interval = meet(interval, cache[key])
        if Range(interval).is_empty:
            interval = NOTHING if node.function == "sum" else WHOLE
        result = self.unknowns.unknown(node.function, interval)
        if node.function == "sum":
            self._sums.append((node, dict(at), result))
        return result

    def _sign(self, node: Reduce, at: At) -> Interval:
        """Enclose a reduction by the sign that all its terms have."""
        value, taken = self.term(node, self.inner(node, at))
        never_below = self._lemma(value >= 0, taken)
        never_above = self._lemma(value <= 0, taken)
        strict = node.function != "sum" or self.setting.enclosures.takes_something(node)
        low_open = strict and never_below and self._lemma(value > 0, taken)
        high_open = strict and never_above and self._lemma(value < 0, taken)
        zero = Fraction(0)
        return Interval(zero if never_below else None, zero if never_above else None, low_open, high_open)

    def _lemma(self, claim: Any, taken: Any) -> bool:
        return self.setting.solver.holds(claim, [*self.facts, taken], LEMMA_MS).proved

    def relate_sums(self) -> None:
        """Compare sums over the same members term by term; what holds for the terms holds for the sums."""
        for (one, at, result), (other, at_other, result_other) in itertools.combinations(self._sums, 2):
            if (one.over, one.where, at) != (other.over, other.where, at_other) or self.setting.solver.is_out_of_time:
                continue
            inner = self.inner(one, at)
            value, taken = self.term(one, inner)
            value_other, _ = self.term(other, inner)
            for claim, consequence in (
                (value >= value_other, result >= result_other),
                (value <= value_other, result <= result_other),
            ):
                if self.setting.solver.holds(claim, [*self.facts, taken], LEMMA_MS).proved:
                    self.facts.append(consequence)

    def previous(self, node: Previous, at: At) -> Any:
        """Give an unknown that lies where the initial value and every step lie."""
        key = (node, tuple(sorted(at.items())))
        if key not in self._reductions:
            interval = self.setting.enclosures.of(node)
            self._reductions[key] = self.unknowns.unknown(f"earlier {node.name}", interval)
        return self._reductions[key]

    def is_first(self, _node: Previous, _at: At) -> bool | None:
        """Say whether a step is the first; None when it is any step."""
        return None

    def has_enough(self, _node: Reduce, _at: At, _least: int) -> Any:
        """Say that a reduction takes enough values, of which nothing is known here."""
        return real(self.unknowns.number_of("taken")) > 0


def finest_step(methodology: Methodology, names: Iterable[str]) -> str | None:
    """Find the finest step of the clock among dimensions."""
    steps = [name for name in names if methodology.step(name)]
    return min(steps, key=calendar.STEPS.index) if steps else None


def coarser_steps(methodology: Methodology, step: str) -> list[str]:
    """List the declared steps of the clock in which a step lies, the finest first."""
    found = [name for name in methodology.dimensions if methodology.step(name) and calendar.is_finer(step, name)]
    return sorted(found, key=calendar.STEPS.index)


def dimensions_of(node: Node, methodology: Methodology) -> set[str]:
    """Give the dimensions on which a node depends."""
    if isinstance(node, Name):
        if node.id in methodology.dimensions:
            return {node.id}
        return set(methodology.quantities[node.id].over)
    if isinstance(node, Chosen):
        return set(methodology.options[node.option].over)
    if isinstance(node, Previous):
        return {*methodology.quantities[node.name].over, *dimensions_of(node.initial, methodology)}
    inner: set[str] = set().union(*(dimensions_of(child, methodology) for child in node.children))
    if not isinstance(node, Reduce):
        return inner
    coarser = {name for step in node.over if methodology.step(step) for name in coarser_steps(methodology, step)}
    return (inner - set(node.over)) | coarser

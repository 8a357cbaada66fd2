"""The same formulas written a second time with one parameter moved at one index.

A reduction takes indices that stand differently to the moved one: the moved one itself, others in the same month or
year or of the same member, and all the rest. At the moved index its term changes by what can be written down; of the
change in each other group only a sign is known, when all terms of the group change that way.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from tonne.engine.prove.encode import At
from tonne.engine.prove.generic import LEMMA_MS, Generic, coarser_steps, finest_step
from tonne.engine.prove.solver import ZERO, chosen, implied, limits, real
from tonne.engine.prove.trend import Trends
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Name, Node, Previous, Reduce

MOVED = "moved"
OTHER = "other"


_SIGNS: tuple[Callable[[Any], Any], ...] = (lambda value: value >= 0, lambda value: value <= 0)


class Moved(Generic):
    """The second writing; it shares every unknown that the parameter does not touch."""

    def __init__(self, still: Generic, parameter: Quantity, trends: Trends) -> None:
        super().__init__(still.setting, still.unknowns)
        self.still = still
        self.trends = trends
        self.affected = still.setting.affected(parameter.id)
        self.over = parameter.over
        self.name = parameter.id
        self.target = self.start(parameter.over, MOVED)
        self.place = self.key(parameter.over, self.target)
        self.other = real(f"{parameter.id} moved")
        allowed = still.setting.ranges[parameter.id]
        self.facts.extend(limits(self.other, allowed.interval, allowed.values))
        self.growing = self.other >= still.parameter(parameter.id, self.place)

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        if name == self.name and key == self.place:
            return self.other
        return self.still.parameter(name, key)

    def equation(self, name: str, at: At) -> Any:
        return super().equation(name, at) if name in self.affected else self.still.equation(name, at)

    def number(self, node: Node, at: At) -> Any:
        return super().number(node, at) if self.touches(node) else self.still.number(node, at)

    def touches(self, node: Node) -> bool:
        """Whether a part of a formula depends on the parameter."""
        stack = [node]
        while stack:
            part = stack.pop()
            if (
                part.id if isinstance(part, Name) else part.name if isinstance(part, Previous) else None
            ) in self.affected:
                return True
            stack.extend(part.children)
        return False

    def settings_of(self, over: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Go through the ways in which an index can stand to the moved one."""
        return self.standings(over, {}, OTHER)

    def standings(self, over: tuple[str, ...], at: At, tag: str = "") -> Iterator[dict[str, Any]]:
        """Go through the ways in which an index inside another can stand to the moved one.

        The members of other dimensions are the moved ones or not; the steps of the clock are the moved ones from some
        step on upwards, or not at all.
        """
        free = [name for name in over if not self.methodology.step(name)]
        step = finest_step(self.methodology, over)
        shared = [(True, False) if name in self.target else (False,) for name in free]
        for same, clock in itertools.product(itertools.product(*shared), self._clocks(step, at)):
            own = tag or self.tag()
            inner = {**at, **{name: self.target[name] if held else own for name, held in zip(free, same, strict=True)}}
            inner.update({name: self.target[name] if held else own for name, held in clock.items()})
            yield inner

    def _clocks(self, step: str | None, at: At) -> list[dict[str, bool]]:
        """List the ways in which steps of the clock can be the moved ones, inside the steps of an index."""
        if step is None:
            return [{}]
        chain = [step, *coarser_steps(self.methodology, step)]
        unset = list(itertools.takewhile(lambda name: name not in at, chain))
        ways = [dict.fromkeys(unset, False)]
        outer = chain[len(unset)] if len(unset) < len(chain) else None
        if outer is not None and at[outer] != self.target.get(outer):
            return ways
        for position, name in enumerate(unset):
            if name in self.target:
                ways.append({other: rank >= position for rank, other in enumerate(unset)})
        return ways

    def reduce(self, node: Reduce, at: At) -> Any:
        before = self.still.reduce(node, at)
        if not self.touches(node):
            return before
        key = (node, self.relevant(node, at))
        if key not in self._reductions:
            self._reductions[key] = self._moved_reduction(node, at, before)
        return self._reductions[key]

    def _moved_reduction(self, node: Reduce, at: At, before: Any) -> Any:
        clocks = [name for name in node.over if self.methodology.step(name)]
        if len(clocks) > 1 or node.function == "stdev":
            return self._followed(node, before)
        adds_up = node.function in {"sum", "count"}
        exactly, groups = ZERO, []
        for inner in self.standings(node.over, at):
            (old, old_taken), (new, new_taken) = self.still.term(node, inner), self.term(node, inner)
            if old.eq(new) and old_taken.eq(new_taken):
                continue
            change = chosen(new_taken, new, ZERO) - chosen(old_taken, old, ZERO)
            if adds_up and all(inner[name] == self.target.get(name) for name in node.over):
                exactly = exactly + change
            elif adds_up or old_taken.eq(new_taken):
                groups.append((change, old_taken if old_taken.eq(new_taken) else None))
            else:
                return self._followed(node, before)
        if adds_up:
            return before + exactly + self._change(node, groups)
        return before + self._change(node, groups)

    def _change(self, node: Reduce, groups: list[tuple[Any, Any]]) -> Any:
        """Give the change of a whole of which groups of terms change."""
        if not groups:
            return ZERO
        whole = self.unknowns.unknown(f"change of {node.function}")
        if self._follow(node, whole):
            return whole
        for sign in _SIGNS:
            given = [self.growing, *self.facts]
            if all(
                self.setting.solver.holds(sign(change), [*given, *([] if taken is None else [taken])], LEMMA_MS).proved
                for change, taken in groups
            ):
                self.facts.append(implied(self.growing, sign(whole)))
        return whole

    def previous(self, node: Previous, at: At) -> Any:
        before = self.still.previous(node, at)
        if not self.touches(node):
            return before
        key = (node, tuple(sorted(at.items())))
        if key not in self._reductions:
            self._reductions[key] = self._followed(node, before)
        return self._reductions[key]

    def _followed(self, node: Node, before: Any) -> Any:
        """Give an unknown of which only its enclosure and its trend are known."""
        result = self.unknowns.unknown("moved", self.setting.enclosures.of(node))
        self._follow(node, result - before)
        return result

    def _follow(self, node: Node, change: Any) -> bool:
        """Take the trend of a node for the sign of its change; False when it has none."""
        trend = self.trends.of(node)
        if trend == "unknown":
            return False
        self.facts.append(implied(self.growing, change >= 0 if trend == "up" else change <= 0))
        return True

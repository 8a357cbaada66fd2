"""A few members of each dimension with everything written out, so that a point the solver finds can be replayed."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tonne.engine import calendar
from tonne.engine.data.domain import Domain, Member
from tonne.engine.prove.encode import At, Encoder, Key, Unknowns
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.solver import ONE, ZERO, chosen, every, exact, implied, some, total
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Name, Previous, Reduce

FIRST_DAY, LAST_DAY = datetime.date(2024, 1, 1), datetime.date(2024, 12, 31)


def small_domains(methodology: Methodology) -> Iterator[Domain]:
    """Give domains from the smallest on: one of each, two of each in one year, two on both sides of a new year."""
    yield _domain(methodology, 1, FIRST_DAY)
    yield _domain(methodology, 2, FIRST_DAY)
    if any(methodology.step(name) not in {None, "year"} for name in methodology.dimensions):
        yield _domain(methodology, 2, LAST_DAY)


def _domain(methodology: Methodology, size: int, day: datetime.date) -> Domain:
    steps = {name: dimension.time for name, dimension in methodology.dimensions.items() if dimension.time}
    clock = {name for name in steps if methodology.step(name)}
    members: dict[str, tuple[Member, ...]] = {}
    inside: tuple[int, ...] = ()
    finest = min(clock, key=calendar.STEPS.index) if clock else ""
    if finest:
        last = calendar.steps_between(finest, day, day)[-1 if day == LAST_DAY else 0]
        inside = tuple(range(last, last + size))
    for name, dimension in methodology.dimensions.items():
        if name in clock:
            members[name] = tuple(dict.fromkeys(calendar.coarser(finest, step, name) for step in inside))
        elif dimension.time:
            last = calendar.steps_between(dimension.time, day, day)[0]
            members[name] = tuple(range(last - size + 1, last + 1))
        elif isinstance(dimension.members, dict | list):
            members[name] = tuple(dimension.members)
        else:
            members[name] = tuple(f"{name}_{position}" for position in range(1, size + 1))
    return Domain(members, steps, frozenset(clock))


class Small(Encoder):
    """The formulas on a small domain; `moved` are parameters that stand at another value at one index."""

    def __init__(
        self, setting: Setting, unknowns: Unknowns, domain: Domain, moved: Mapping[tuple[str, Key], Any] | None = None
    ) -> None:
        super().__init__(setting, unknowns)
        self.domain = domain
        self.moved = moved or {}

    def parameter(self, name: str, key: Key) -> Any:
        other = self.moved.get((name, key))
        return super().parameter(name, key) if other is None else other

    def key(self, over: tuple[str, ...], at: At) -> Key:
        return self.domain.position(over, at)

    def inside(self, over: tuple[str, ...], at: At) -> dict[str, Any]:
        return dict(zip(over, self.domain.position(over, at), strict=True))

    def indices(self, name: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Go through the indices of a quantity."""
        over = self.methodology.quantities[name].over
        for index in self.domain.indices(over):
            yield index, dict(zip(over, index, strict=True))

    def values(self, name: str) -> dict[Key, Any]:
        """Give a quantity at all its indices."""
        return {index: self.number(Name(name), at) for index, at in self.indices(name)}

    def label(self, dimension: str, at: At) -> Any:
        return exact(int(self.domain.position((dimension,), at)[0]))

    def places(self, node: Reduce, at: At) -> Iterable[dict[str, Any]]:
        """Give the indices inside a reduction."""
        return [{**at, **dict(zip(node.over, index, strict=True))} for index in self.domain.indices(node.over, at)]

    def reduce(self, node: Reduce, at: At) -> Any:
        parts = [self.term(node, inner) for inner in self.places(node, at)]
        sum_of = total(chosen(taken, value, ZERO) for value, taken in parts)
        if node.function in {"sum", "count"}:
            return sum_of
        if node.function == "mean":
            return sum_of / total(chosen(taken, ONE, ZERO) for _, taken in parts)
        result = self.unknowns.unknown(node.function, self.setting.enclosures.of(node))
        if node.function == "stdev":
            return result
        for value, taken in parts:
            self.facts.append(implied(taken, result <= value if node.function == "minimum" else result >= value))
        attained = some(every([taken, result == value]) for value, taken in parts)
        self.facts.append(implied(some(taken for _, taken in parts), attained))
        return result

    def has_enough(self, node: Reduce, at: At, least: int) -> Any:
        """Say that a reduction takes enough values."""
        taken = [self.term(node, inner)[1] for inner in self.places(node, at)]
        return total(chosen(part, ONE, ZERO) for part in taken) >= least

    def earlier(self, node: Previous, at: At) -> dict[str, Any]:
        """Give the index of the earlier value at a step that is not the first."""
        before = self.domain.members[node.dimension][self._position(node, at) - 1]
        return self.inside(self.methodology.quantities[node.name].over, {**at, node.dimension: before})

    def previous(self, node: Previous, at: At) -> Any:
        if self.is_first(node, at):
            return self.number(node.initial, at)
        return self.number(Name(node.name), self.earlier(node, at))

    def is_first(self, node: Previous, at: At) -> bool | None:
        """Say whether a step is the first."""
        return self._position(node, at) == 0

    def _position(self, node: Previous, at: At) -> int:
        return self.domain.positions(node.dimension)[self.domain.position((node.dimension,), at)[0]]

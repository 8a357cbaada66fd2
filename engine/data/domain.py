"""The members of every dimension of one run, and how an index of one set leads to that of another."""

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from tonne.engine import calendar

Member = int | str
Index = tuple[Member, ...]

MOST_LISTED = 50_000  # values by the minute; beyond that they stay in the store


@dataclass(frozen=True, eq=False)
class Domain:
    """Members by dimension: numbers for steps of time, ids for others; `steps` has the time dimensions.

    `clock` names the dimensions of the monitoring clock, which nest; any other is an axis of its own.
    """

    members: Mapping[str, tuple[Member, ...]]
    steps: Mapping[str, str]
    clock: frozenset[str]
    holds_all: bool = False  # every value is held, however many there are

    def indices(self, over: tuple[str, ...], fixed: Mapping[str, Member] | None = None) -> Iterator[Index]:
        """Go through the indices of an index set, in order; inside coarser or fixed members where given."""
        yield from product(*(self._choices(name, fixed or {}) for name in over))

    def size(self, over: tuple[str, ...]) -> int:
        """Count the indices of an index set with at most one dimension of the clock."""
        return math.prod(len(self.members[name]) for name in over)

    def is_streamed(self, over: tuple[str, ...]) -> bool:
        """Whether the values of an index set are too many to be held one by one; only values by the minute are."""
        by_the_minute = any(name in self.clock and self.steps[name] == "minute" for name in over)
        return by_the_minute and not self.holds_all and self.size(over) > MOST_LISTED

    def _choices(self, name: str, fixed: Mapping[str, Member]) -> tuple[Member, ...]:
        if name in fixed:
            return (fixed[name],)
        if name not in self.clock:
            return self.members[name]
        outer = [other for other in fixed if other in self.clock]
        if not outer:
            return self.members[name]
        finest = min(outer, key=lambda other: calendar.STEPS.index(self.steps[other]))
        return self._inside(name, finest).get(fixed[finest], ())

    @functools.cache  # noqa: B019 (a domain lives as long as its run)
    def _inside(self, name: str, outer: str) -> dict[Member, tuple[Member, ...]]:
        """Group the members of a clock dimension by those of a coarser one."""
        grouped: dict[Member, list[Member]] = {}
        for member in self.members[name]:
            coarse = calendar.coarser(self.steps[name], int(member), self.steps[outer])
            grouped.setdefault(coarse, []).append(member)
        return {coarse: tuple(inside) for coarse, inside in grouped.items()}

    @functools.cache  # noqa: B019
    def positions(self, name: str) -> dict[Member, int]:
        """Number the members of a dimension, in order."""
        return {member: position for position, member in enumerate(self.members[name])}

    def position(self, over: tuple[str, ...], at: Mapping[str, Member]) -> Index:
        """Give the index of a coarser or smaller index set that holds at finer members."""
        return tuple(self._member(name, at) for name in over)

    def _member(self, name: str, at: Mapping[str, Member]) -> Member:
        if name in at:
            return at[name]
        if name in self.clock:
            for other, member in at.items():
                if other in self.clock and calendar.is_finer(self.steps[other], self.steps[name]):
                    return calendar.coarser(self.steps[other], int(member), self.steps[name])
        raise KeyError(name)

    def label(self, over: tuple[str, ...], index: Index) -> str:
        """Write an index as in ids and tables: labels joined by commas, `-` for a scalar."""
        if not over:
            return "-"
        return ",".join(
            calendar.label(self.steps[name], int(member)) if name in self.steps else str(member)
            for name, member in zip(over, index, strict=True)
        )

    def parse(self, over: tuple[str, ...], text: str) -> Index | None:
        """Read an index as written by `label`; None when it is not one."""
        if not over:
            return () if text in {"", "-"} else None
        parts = text.split(",")
        if len(parts) != len(over):
            return None
        index = tuple(
            calendar.parse_label(self.steps[name], part.strip()) if name in self.steps else part.strip()
            for name, part in zip(over, parts, strict=True)
        )
        return None if any(member is None for member in index) else index  # type: ignore[return-value]

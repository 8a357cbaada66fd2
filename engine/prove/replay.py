"""Replays a point of the solver through the reference evaluator: only what really happens counts."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import z3

from tonne.engine.check.kinds import Inference
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.errors import RunError, TonneError
from tonne.engine.plan import Plan, make_plan
from tonne.engine.prove.encode import Small
from tonne.engine.prove.facts import range_of
from tonne.engine.prove.solver import number
from tonne.engine.prove.statement import Point
from tonne.engine.spec.methodology import Methodology

YEAR = 2024


def small_domain(methodology: Methodology, size: int = 2) -> Domain:
    """Make a domain with few members: one year with its first steps, and few members of all else."""
    members: dict[str, tuple[Member, ...]] = {}
    steps: dict[str, str] = {}
    clock: set[str] = set()
    firsts = {"year": YEAR, "month": YEAR * 12, "day": 19723, "hour": 19723 * 24, "minute": 19723 * 1440}
    for name, dimension in methodology.dimensions.items():
        step = dimension.time
        if step:
            steps[name] = step
            inside = methodology.step(name) is not None
            if inside:
                clock.add(name)
            count = 1 if step == "year" and inside else size
            first = firsts[step] if inside else firsts[step] - size + 1
            members[name] = tuple(range(first, first + count))
        elif isinstance(dimension.members, dict | list):
            members[name] = tuple(dimension.members)[:size]
        else:
            members[name] = tuple(f"{name}_{position}" for position in range(1, size + 1))
    return Domain(members, steps, frozenset(clock))


class Replay:
    """A point of the small domain, evaluated exactly."""

    def __init__(self, methodology: Methodology, inference: Inference, encoder: Small, model: z3.ModelRef) -> None:
        self.methodology = methodology
        self.domain = encoder.domain
        self._model = model
        self.options = {
            name: list(option.values)[int(number(model, encoder.options[name, ()]))]
            if (name, ()) in encoder.options
            else next(iter(option.values))
            for name, option in methodology.options.items()
            if not option.over
        }
        self.given = {key: number(model, variable) for key, variable in encoder.parameters.items()}
        self.used = dict(self.given)
        self.plan: Plan = make_plan(methodology, self.options, inference)
        self.values = self._completed()

    def _completed(self) -> dict[str, dict[Index, Fraction]]:
        """Fill what the question did not need with a value inside its range."""
        values: dict[str, dict[Index, Fraction]] = {}
        for name, over in self.plan.needed.items():
            if name.startswith("option:"):
                values[name] = dict.fromkeys(self.domain.indices(over), Fraction(0))
                continue
            default = _inside(range_of(self.methodology, self.methodology.quantities[name]))
            values[name] = {index: self.given.get((name, index), default) for index in self.domain.indices(over)}
        return values

    def extra(self, variable: Any) -> Fraction:
        """Read another unknown of the point."""
        return number(self._model, variable)

    def changed(self, name: str, index: Index, value: Fraction) -> "Mapping[str, Mapping[Index, Fraction]]":
        """Give the values with one of them changed."""
        return {**self.values, name: {**self.values[name], index: value}}

    def evaluate(self, name: str, index: Index, values: Mapping[str, Mapping[Index, Fraction]] | None = None) -> Decimal | None:
        """Compute a quantity at an index; None when it has no value."""
        dataset = Dataset(self.domain, values or self.values, {})
        try:
            return Reference(self.plan, dataset).value(name, index)
        except RunError:
            return None

    def point(self, outcome: str) -> Point:
        """Describe the point by the values the question was about."""
        labels = {
            f"{name}@{self.domain.label(self.methodology.quantities[name].over, key)}" if key else name: value
            for (name, key), value in self.used.items()
            if not _constant(self.methodology, name)
        }
        options = {name: choice for name, choice in self.options.items() if name not in self.methodology.fixed_options}
        return Point(labels, options, outcome)


def _constant(methodology: Methodology, name: str) -> bool:
    return len(range_of(methodology, methodology.quantities[name]).values) == 1


def _inside(allowed: Any) -> Fraction:
    if allowed.values:
        return Fraction(allowed.values[0])
    low = allowed.low if allowed.low is not None else allowed.above
    high = allowed.high if allowed.high is not None else allowed.below
    if low is not None and high is not None:
        return Fraction(low + high) / 2
    if low is not None:
        return Fraction(low) + 1
    return Fraction(high) - 1 if high is not None else Fraction(1)


def replayed(methodology: Methodology, inference: Inference, encoder: Small, model: z3.ModelRef) -> Replay | None:
    """Make a replay, or None when the point cannot be planned."""
    try:
        return Replay(methodology, inference, encoder, model)
    except TonneError:
        return None

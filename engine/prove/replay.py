"""Replays a point through the reference evaluator: only what really happens there counts.

A point is made simple before it is shown: round numbers where they do as well, and only what matters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from tonne.engine.check.kinds import Inference
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.errors import RunError
from tonne.engine.plan import Choice, Plan, make_plan, settled
from tonne.engine.prove.encode import Key
from tonne.engine.prove.facts import Range
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import number
from tonne.engine.prove.statement import Point
from tonne.engine.spec.tree import Name, Node, Number, Reduce, names_in

At = Mapping[str, Member]
Values = Mapping[tuple[str, Key], Fraction]
Told = tuple[str, str]
Confirm = Callable[["Replay"], Told | None]

MAX_TRIALS = 120
TRIALS_THAT_MATTER = 3


@dataclass(frozen=True)
class Replay:
    """A point of a small domain; `raised` is a second value of the parameter that a question moves, at `mover`."""

    setting: Setting
    inference: Inference
    domain: Domain
    choices: Mapping[str, Mapping[Key, str]]
    values: Values
    raised: Fraction | None = None
    mover: tuple[str, Key] | None = None
    plans: dict[tuple[tuple[str, str], ...], Plan] = field(default_factory=dict)

    @cached_property
    def options(self) -> dict[str, Choice]:
        """The choices as a project states them."""
        overs = {name: tuple(option.over) for name, option in self.setting.methodology.options.items()}
        return {
            name: {self.domain.label(overs[name], key): choice for key, choice in chosen.items()}
            if overs[name]
            else chosen[()]
            for name, chosen in self.choices.items()
        }

    @cached_property
    def plan(self) -> Plan:
        """What is computed under the choices."""
        fixed = tuple((name, choice) for name, choice in sorted(self.options.items()) if isinstance(choice, str))
        if fixed not in self.plans:
            self.plans[fixed] = make_plan(self.setting.methodology, self.options, self.inference)
        return self.plans[fixed]

    @cached_property
    def dataset(self) -> Dataset:
        """The values of every parameter that is needed; a conditional one has none where its condition fails."""
        found: dict[str, dict[Index, Fraction]] = {}
        for name, over in self.plan.needed.items():
            found[name] = {index: self.value_of(name, index) for index in self.domain.indices(over)}
        whole = Dataset(self.domain, found, {})
        reference = Reference(self.plan, whole)
        for name in self.plan.conditional:
            tree = self.settled(self.inference.whens[name])
            if not names_in(tree) <= set(self.plan.needed) | set(self.plan.steps):
                continue  # the condition needs what nothing else does; the value stays, as in a project that gives it
            over = self.plan.over(name)
            for index in list(found[name]):
                try:
                    needed = reference.holds(tree, dict(zip(over, index, strict=True)))
                except RunError:
                    needed = False
                if not needed:
                    del found[name][index]
        return Dataset(self.domain, found, {})

    @cached_property
    def reference(self) -> Reference:
        """The reference evaluator at the point."""
        return Reference(self.plan, self.dataset)

    @property
    def is_inside(self) -> bool:
        """Whether every value lies in its range."""
        return all(self.setting.ranges[name].allows(value) for (name, _), value in self.values.items())

    def value_of(self, name: str, index: Index) -> Fraction:
        """Give the value of a parameter or choice at an index."""
        if name.startswith("option:"):
            option = name.removeprefix("option:")
            return Fraction(list(self.setting.methodology.options[option].values).index(self.choices[option][index]))
        by = self._by_option(name, index)
        if by is not None:
            return by
        given = self.values.get((name, index))
        return given if given is not None else self.setting.ranges[name].candidates()[0]

    def _by_option(self, name: str, index: Index) -> Fraction | None:
        quantity = self.setting.methodology.quantities[name]
        if quantity.parameter.from_ != "option" or name in self.setting.free:
            return None
        option = quantity.prefix + str(quantity.parameter.option)
        at = dict(zip(quantity.over, index, strict=True))
        key = tuple(at[dimension] for dimension in self.setting.methodology.options[option].over)
        return (quantity.parameter.by or {}).get(self.choices[option][key])

    def settled(self, node: Node) -> Node:
        """Settle the choices in a part of a formula."""
        return settled(node, self.setting.methodology, self.options)

    def computes(self, name: str) -> bool:
        """Whether an equation is computed under the choices."""
        return name in self.plan.steps

    def evaluate(self, node: Node, at: At) -> Decimal | None:
        """Compute a part of a formula at an index; None when it has no value."""
        return self._computed(self.settled(node), at)

    def _computed(self, node: Node, at: At) -> Decimal | None:
        try:
            return self.reference.evaluate(node, at)
        except RecursionError:  # a long chain of equations: what comes first is computed first
            for group in self.plan.groups:
                for index in self.domain.indices(group[0].over):
                    for step in group:
                        self.reference.evaluate(Name(step.id), dict(zip(group[0].over, index, strict=True)))
            return self.reference.evaluate(node, at)

    def value(self, name: str, index: Index) -> Decimal | None:
        """Compute a quantity at an index; None when it has no value."""
        over = self.setting.methodology.quantities[name].over
        return self._computed(Name(name), dict(zip(over, index, strict=True)))

    def total(self, name: str) -> Decimal | None:
        """Add a quantity up over all its indices; None when it has no value at one of them."""
        found = [
            self.value(name, index) for index in self.domain.indices(self.setting.methodology.quantities[name].over)
        ]
        known = [value for value in found if value is not None]
        return sum(known, Decimal(0)) if len(known) == len(found) else None

    def truth(self, node: Node, at: At) -> bool | None:
        """Say whether a condition holds at an index; None when it cannot be decided."""
        try:
            return self.reference.holds(self.settled(node), at)
        except (RunError, KeyError):
            return None

    def taken(self, node: Reduce, at: At) -> Decimal | None:
        """Count what a reduction takes."""
        return self.evaluate(Reduce("count", Number(Fraction(1)), node.over, node.where), at)

    def with_value(self, name: str, index: Key, value: Fraction) -> "Replay":
        """Give the point with another value of a parameter."""
        return replace(self, values={**self.values, (name, index): value})

    def with_values(self, values: Values) -> "Replay":
        """Give the point with other values of some parameters."""
        return replace(self, values={**self.values, **values})

    def with_choice(self, option: str, key: Key, choice: str) -> "Replay":
        """Give the point with another choice."""
        return replace(self, choices={**self.choices, option: {**self.choices[option], key: choice}})


def read(
    small: Small, inference: Inference, model: Any, raised: Any = None, mover: tuple[str, Key] | None = None
) -> Replay:
    """Read a point of the solver."""
    setting = small.setting
    choices: dict[str, dict[Key, str]] = {}
    for name, option in setting.methodology.options.items():
        known = list(option.values)
        over = tuple(option.over)
        choices[name] = {
            key: known[int(number(model, small.unknowns.options[name, key]))]
            if (name, key) in small.unknowns.options
            else setting.methodology.fixed_options.get(name, known[0])
            for key in small.domain.indices(over)
        }
    values = {key: number(model, variable) for key, variable in small.unknowns.parameters.items()}
    return Replay(
        setting, inference, small.domain, choices, values, None if raised is None else number(model, raised), mover
    )


def simplified(replay: Replay, confirm: Confirm) -> tuple[Replay, list[tuple[str, Key]], list[tuple[str, Key]]]:
    """Put round numbers for those of a point where they do as well; say which values and choices matter."""
    trials = _Trials(confirm)
    for name, key in sorted(replay.values, key=str):
        replay = trials.rounder(replay, name, key)
    replay = trials.rounder_raise(replay)
    return replay, trials.values_that_matter(replay), trials.choices_that_matter(replay)


class _Trials:
    """Tries other values at a point, with a limit."""

    def __init__(self, confirm: Confirm) -> None:
        self.confirm = confirm
        self.left = MAX_TRIALS

    def holds(self, replay: Replay) -> bool:
        """Whether what a point shows still happens."""
        self.left -= 1
        return self.left >= 0 and not replay.setting.solver.is_out_of_time and self.confirm(replay) is not None

    def rounder(self, replay: Replay, name: str, key: Key) -> Replay:
        """Take the first round value with which it still happens."""
        allowed = replay.setting.ranges[name]
        if allowed.only is not None:
            return replay
        current = replay.values[name, key]
        nothing = [Fraction(0)] if allowed.allows(Fraction(0)) else []
        for candidate in (*nothing, *allowed.candidates(), *_roundings(current, allowed)):
            if candidate == current:
                return replay
            other = replay.with_value(name, key, candidate)
            if self.holds(other):
                return other
        return replay

    def rounder_raise(self, replay: Replay) -> Replay:
        """The same for the second value of the parameter that moves."""
        if replay.raised is None:
            return replay
        for candidate in (*Range().candidates(), *_roundings(replay.raised, Range())):
            if candidate == replay.raised:
                return replay
            other = replace(replay, raised=candidate)
            if self.holds(other):
                return other
        return replay

    def values_that_matter(self, replay: Replay) -> list[tuple[str, Key]]:
        """List the values without which it may not happen."""
        return [place for place in replay.values if self._matters(replay, place)]

    def _matters(self, replay: Replay, place: tuple[str, Key]) -> bool:
        name, key = place
        allowed = replay.setting.ranges[name]
        if allowed.only is not None or name not in replay.plan.needed:
            return False
        others = [value for value in allowed.candidates() if value != replay.values[place]]
        tried = dict.fromkeys([*others[:TRIALS_THAT_MATTER], *sorted(others)[:1], *sorted(others)[-1:]])
        return not all(self.holds(replay.with_value(name, key, value)) for value in tried)

    def choices_that_matter(self, replay: Replay) -> list[tuple[str, Key]]:
        """List the choices without which it may not happen."""
        methodology = replay.setting.methodology
        return [
            (name, key)
            for name, chosen in replay.choices.items()
            if name not in methodology.fixed_options
            for key, choice in chosen.items()
            if not all(
                self.holds(replay.with_choice(name, key, other))
                for other in methodology.options[name].values
                if other != choice
            )
        ]


def _roundings(value: Fraction, allowed: Range) -> list[Fraction]:
    """Round a value to one digit, two digits and so on."""
    found = []
    for digits in (1, 2, 3, 4, 6):
        text = f"{Decimal(value.numerator) / Decimal(value.denominator):.{digits - 1}e}"
        found.append(Fraction(Decimal(text)))
    return [rounded for rounded in found if allowed.allows(rounded)]


def described(replay: Replay, told: Told, shown: list[tuple[str, Key]], chosen: list[tuple[str, Key]]) -> Point:
    """Describe a point by what matters, with the rest kept beside."""
    methodology = replay.setting.methodology
    labels = {
        (name, key): f"{name}@{replay.domain.label(methodology.quantities[name].over, key)}" if key else name
        for name, key in replay.values
        if replay.setting.ranges[name].only is None
    }
    values = {label: replay.values[place] for place, label in labels.items() if place in shown}
    others: dict[str, Fraction | str] = {
        label: replay.values[place] for place, label in labels.items() if place not in shown
    }
    options: dict[str, str] = {}
    for name, choices in replay.choices.items():
        over = tuple(methodology.options[name].over)
        for key, choice in choices.items():
            label = f"{name}@{replay.domain.label(over, key)}" if over else name
            (options if (name, key) in chosen else others)[label] = choice
    moved = {labels[place]: replay.raised for place in labels if place == replay.mover and replay.raised is not None}
    return Point(values, options, *told, others, moved)

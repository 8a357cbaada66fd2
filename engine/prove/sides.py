"""Evaluates two methodologies at the same inputs, each with the reference evaluator and in its own units."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

from tonne.engine.compute.reference import CONTEXT, Reference, decimal
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index
from tonne.engine.errors import RunError, TonneError
from tonne.engine.plan import Choice, Plan, make_plan
from tonne.engine.prove.facts import Range
from tonne.engine.prove.joint import SAME, SECOND, Joint, Scale
from tonne.engine.prove.statement import Point
from tonne.engine.spec.tree import Chosen, Node, walk

Values = Mapping[tuple[str, Index], Fraction]
Choices = Mapping[tuple[str, Index], str]

TRIALS = 40
LONG_CHAIN = 100
NOISE = Decimal("1e-30")


class Sides:
    """Two quantities of a joint vocabulary, evaluated side by side on a small domain."""

    def __init__(self, joint: Joint, first: str, second: str, domain: Domain, scale: Scale) -> None:
        self.joint = joint
        self.domain = domain
        self.first, self.second, self.scale = first, second, scale
        self.needed = joint.needed(first, second)
        quantities = joint.methodology.quantities
        self.inputs = [name for name in quantities if name in self.needed and name not in joint.trees]
        self._plans: dict[tuple[tuple[tuple[str, Index], str], ...], tuple[Plan, Plan] | None] = {}

    def results(self, values: Values, choices: Choices, index: Index) -> tuple[Decimal | None, Decimal | None]:
        """Compute both at an index of the first, the second in the unit of the first; None where one has no value."""
        plans = self._both_plans(choices)
        if plans is None:
            return None, None
        with localcontext(CONTEXT):
            return self._results(plans, values, choices, index)

    def _results(
        self, plans: tuple[Plan, Plan], values: Values, choices: Choices, index: Index
    ) -> tuple[Decimal | None, Decimal | None]:
        over = self.joint.methodology.quantities[self.first].over
        at = dict(zip(over, index, strict=True))
        one = self._value(
            plans[0], self._data(values, choices, plans[0], {name: name for name in self.inputs}), self.first, index
        )
        own = next(name for name, joint in self.joint.names.items() if joint == self.second)
        other_index = tuple(at[name] for name in self.joint.second.quantities[own].over)
        names = {joint: name for name, joint in self.joint.names.items()}
        other = self._value(plans[1], self._data(values, choices, plans[1], names), own, other_index)
        factor, offset = self.scale
        if other is not None and self.scale != SAME:
            other = decimal(Fraction(other) * factor + offset)
        return one, other

    def differ(self, one: Decimal | None, other: Decimal | None) -> bool:
        """Whether two results are really different, and not by the last digits of 60 or of a change of unit."""
        if one is None or other is None:
            return (one is None) != (other is None)
        with localcontext(CONTEXT):
            return abs(one - other) > NOISE * max(abs(one), abs(other))

    def _value(self, plan: Plan, data: Dataset, name: str, index: Index) -> Decimal | None:
        if name not in plan.steps:
            return None
        reference = Reference(plan, data)
        try:
            if len(plan.steps) > LONG_CHAIN:
                self._warm(reference)
            return reference.value(name, index)
        except (RunError, KeyError):
            return None

    def _warm(self, reference: Reference) -> None:
        """Compute what is needed first, so that a long chain of equations is no deep recursion."""
        for name, step in reference.plan.steps.items():
            for index in self.domain.indices(step.over):
                with suppress(RunError, KeyError):  # what has no value may not be needed
                    reference.value(name, index)

    def _both_plans(self, choices: Choices) -> tuple[Plan, Plan] | None:
        key = tuple(sorted(choices.items()))
        if key not in self._plans:
            self._plans[key] = self._planned(choices)
        return self._plans[key]

    def _planned(self, choices: Choices) -> tuple[Plan, Plan] | None:
        joint = self.joint
        try:
            return (
                make_plan(
                    joint.first,
                    self._choices(choices, {name: name for name in joint.first.options}),
                    joint.inferences[0],
                ),
                make_plan(joint.second, self._choices(choices, joint.options), joint.inferences[1]),
            )
        except TonneError:
            return None

    def _choices(self, choices: Choices, names: Mapping[str, str]) -> dict[str, Choice]:
        """Give the choices by the names of one side; what the question does not need is chosen anyhow."""
        found: dict[str, Choice] = {}
        for own, name in names.items():
            option = self.joint.methodology.options[name]
            over = tuple(option.over)
            values = {
                index: choices.get((name, index)) or self.default_choice(name) for index in self.domain.indices(over)
            }
            found[own] = (
                {self.domain.label(over, index): value for index, value in values.items()} if over else values[()]
            )
        return found

    def default_choice(self, name: str) -> str:
        """Give a choice that an option can have."""
        methodology = self.joint.methodology
        return methodology.fixed_options.get(name) or next(iter(methodology.options[name].values))

    def _data(self, values: Values, choices: Choices, plan: Plan, names: Mapping[str, str]) -> Dataset:
        """Put the inputs into the names, index sets and units of one side."""
        second = plan.methodology is self.joint.second
        found: dict[str, dict[Index, Fraction]] = {}
        for (name, index), value in values.items():
            own = names.get(name)
            if own is None or own not in plan.needed:
                continue
            factor, offset = self.joint.scale(own) if second else (Fraction(1), Fraction(0))
            at = dict(zip(self.joint.methodology.quantities[name].over, index, strict=True))
            found.setdefault(own, {})[tuple(at[part] for part in plan.needed[own])] = value * factor + offset
        for name, over in plan.needed.items():
            if name.startswith("option:"):
                found[name] = self._option_numbers(name.removeprefix("option:"), over, choices, plan, second)
        return Dataset(self.domain, found, {})

    def _option_numbers(
        self, own: str, over: tuple[str, ...], choices: Choices, plan: Plan, second: bool
    ) -> dict[Index, Fraction]:
        name = self.joint.options[own] if second else own
        values = list(plan.methodology.options[own].values)
        return {
            index: Fraction(values.index(choices.get((name, index)) or self.default_choice(name)))
            for index in self.domain.indices(over)
        }

    # -- points

    def completed(self, values: Values, choices: Choices) -> dict[tuple[str, Index], Fraction]:
        """Fill what a point leaves open with values inside the ranges; values by option follow the choice."""
        full = dict(values)
        for name in self.inputs:
            quantity = self.joint.methodology.quantities[name]
            for index in self.domain.indices(quantity.over):
                if quantity.parameter.from_ == "option":
                    full[name, index] = self._by_option(name, index, choices)
                elif (name, index) not in full:
                    full[name, index] = self._allowed(name)[0]
        return full

    def _by_option(self, name: str, index: Index, choices: Choices) -> Fraction:
        quantity = self.joint.methodology.quantities[name]
        option = quantity.prefix + str(quantity.parameter.option)
        at = dict(zip(quantity.over, index, strict=True))
        place = tuple(at[part] for part in self.joint.methodology.options[option].over)
        choice = choices.get((option, place)) or self.default_choice(option)
        return (quantity.parameter.by or {}).get(choice, Fraction(0))

    def _allowed(self, name: str) -> tuple[Fraction, ...]:
        return self._range(name).candidates() or (Fraction(0),)

    def _range(self, name: str) -> Range:
        return self.joint.ranges[name]

    def trials(
        self, count: int = TRIALS
    ) -> Iterator[tuple[dict[tuple[str, Index], Fraction], dict[tuple[str, Index], str]]]:
        """Give points inside the bounds: the same ones each time, simple numbers first."""
        random = Random(1)  # noqa: S311 (points to look at, no secrets)
        methodology = self.joint.methodology
        for number in range(count):
            choices = {
                (name, index): methodology.fixed_options.get(name) or random.choice(list(option.values))
                for name, option in methodology.options.items()
                for index in self.domain.indices(tuple(option.over))
            }
            values: dict[tuple[str, Index], Fraction] = {}
            for position, name in enumerate(self.inputs):
                allowed = self._allowed(name)
                for place, index in enumerate(self.domain.indices(methodology.quantities[name].over)):
                    first = allowed[(position + place) % len(allowed)]
                    values[name, index] = first if number == 0 else random.choice(allowed)
            yield self.completed(values, choices), choices

    def point(self, values: Values, choices: Choices) -> Point:
        """Describe a point by the inputs of both."""
        quantities = self.joint.methodology.quantities
        shown: dict[str, Fraction] = {}
        for (name, index), value in values.items():
            if (
                name not in self.inputs
                or quantities[name].parameter.from_ == "option"
                or self._range(name).only is not None
            ):
                continue
            over = quantities[name].over
            shown[f"{told(name)}@{self.domain.label(over, index)}" if over else told(name)] = value
        used = self._used_options()
        options = {
            f"{told(name)}@{self.domain.label(tuple(self.joint.methodology.options[name].over), index)}"
            if index
            else told(name): choice
            for (name, index), choice in choices.items()
            if name in used and name not in self.joint.methodology.fixed_options
        }
        return Point(shown, options)

    def _used_options(self) -> set[str]:
        named = {
            part.option
            for name in self.needed
            if name in self.joint.trees
            for part in _choices_in(self.joint.trees[name])
        }
        inputs = [self.joint.methodology.quantities[name] for name in self.inputs]
        return named | {
            quantity.prefix + str(quantity.parameter.option)
            for quantity in inputs
            if quantity.parameter.from_ == "option"
        }


def _choices_in(tree: Node) -> list[Chosen]:
    return [part for part in walk(tree) if isinstance(part, Chosen)]


def told(name: str) -> str:
    """Name a quantity of the joint vocabulary for a reader."""
    return f"{name.removeprefix(SECOND)} (second)" if name.startswith(SECOND) else name

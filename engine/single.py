"""Runs one equation alone: what it names directly is given, the rest of the methodology plays no part.

Both evaluators compute it and are compared, as in a run. Bounds are looked at and told, and refuse nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Conversion
from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.compare import Agreement, compare
from tonne.engine.compute.reference import Reference
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.lookup import Lookup
from tonne.engine.data.store import open_store
from tonne.engine.errors import DataError, Place, Problem, ProjectError, SpecError, UnknownNameError, listing, nearest
from tonne.engine.plan import FALSE, TRUE, Choice, Plan, make_plan, settled
from tonne.engine.result.result import plain
from tonne.engine.single_domain import Members, single_domain
from tonne.engine.spec.excerpt import alone
from tonne.engine.spec.methodology import Methodology, Quantity, lookup_keys
from tonne.engine.spec.models import Cite, Text
from tonne.engine.spec.tree import Cases, Chosen, Node, walk
from tonne.engine.typed_values import Typed, TypedValue, by_quantity, typed_list

TYPED = Place("input")
SHOWN_MISSING = 20


@dataclass(frozen=True)
class Input:
    """The value of an input at an index, in its own unit, and where it comes from."""

    name: str
    label: str
    value: Fraction
    unit: str
    origin: Text
    typed: TypedValue | None = None


@dataclass(frozen=True)
class Evaluation:
    """One equation evaluated alone: its values by index, the inputs, and what was done on the way."""

    methodology: Methodology
    name: str
    plan: Plan
    domain: Domain
    reference: Reference
    values: Mapping[Index, Decimal]
    branches: Mapping[Index, int | None]
    inputs: tuple[Input, ...]
    conversions: tuple[Conversion, ...]
    agreement: Agreement
    notes: tuple[Text, ...]

    @property
    def quantity(self) -> Quantity:
        """The equation."""
        return self.methodology.quantities[self.name]

    @property
    def value(self) -> Decimal:
        """The value, when there is one index only.

        Raises:
            UnknownNameError: there are several.
        """
        if len(self.values) != 1:
            labels = listing([self.label(index) for index in self.values])
            raise UnknownNameError(Problem(f"{self.name} has several values", found=labels, hint="look at values"))
        return next(iter(self.values.values()))

    def label(self, index: Index) -> str:
        """Name a value with its index."""
        return f"{self.name}@{self.domain.label(self.quantity.over, index)}" if self.quantity.over else self.name

    def cite_of(self, index: Index) -> Cite | None:
        """Give the place in the source: of the case that held, else of the equation."""
        branch = self.branches[index]
        cites = self.quantity.cites
        own = cites[branch] if branch is not None and branch < len(cites) else None
        return own or self.quantity.spec.cite

    def as_data(self) -> dict[str, Any]:
        """Give the evaluation as plain data."""
        return {
            "methodology": self.methodology.id,
            "equation": self.name,
            "unit": self.quantity.unit.text,
            "values": {
                self.domain.label(self.quantity.over, index): {
                    "exact": plain(value),
                    "case": None if self.branches[index] is None else (self.branches[index] or 0) + 1,
                    "cite": cite.model_dump(exclude_none=True) if (cite := self.cite_of(index)) else None,
                }
                for index, value in self.values.items()
            },
            "inputs": [
                {
                    "name": item.name,
                    "index": item.label,
                    "value": exact_text(item.value),
                    "unit": item.unit,
                    "origin": item.origin.model_dump(),
                }
                for item in self.inputs
            ],
            "options": {
                name: dict(choice) if isinstance(choice, Mapping) else choice
                for name, choice in self.plan.choices.items()
            },
            "conversions": [
                {
                    "from": item.origin,
                    "to": item.target,
                    "factor": exact_text(item.factor),
                    "offset": exact_text(item.offset),
                }
                for item in self.conversions
            ],
            "agreement": {
                "values_compared": self.agreement.compared,
                "largest_relative_difference": f"{self.agreement.largest:.3e}",
            },
            "notes": [note.model_dump() for note in self.notes],
        }


def evaluate(methodology: Methodology, equation: str, values: Mapping[str, Typed]) -> Evaluation:
    """Evaluate one equation from the quantities it names directly, equations among them.

    Args:
        methodology: the methodology.
        equation: the name of the equation.
        values: by name, `name@index`, option or dimension: numbers, texts such as `5 万kWh`, or several values
            for the members of a dimension. Defaults of the spec fill what is not given.

    Raises:
        UnknownNameError: there is no such equation, or it does not use what is given.
        DataError: a value cannot be read, or is missing; with every one that is.
        RunError: the equation has no value, or the two evaluators differ.
    """
    single = alone(methodology, equation)
    inference = infer(single)
    if inference.problems:
        raise SpecError(inference.problems)
    given = by_quantity(values)
    _refuse_unknown(single, equation, given)
    choices, defaults = _choices(single, inference.trees[equation], given)
    options = {
        name: option.model_copy(update={"default": defaults.get(name)}) for name, option in single.options.items()
    }
    plan = make_plan(replace(single, options=options), choices, inference)
    typed = {
        name: {label: typed_list(single.quantities[name], text) for label, text in labelled.items()}
        for name, labelled in given.items()
        if name in single.quantities
    }
    labels = {name: [label for label in given[name] if label] for name in given if name in single.options}
    dimensions = {name: str(given[name].get(None, "")) for name in given if name in single.dimensions}
    members = single_domain(plan, equation, typed, labels, dimensions)
    dataset, inputs = _Collector(plan, members, typed, choices).collect()
    reference = Reference(plan, dataset)
    exact = reference.compute_all()
    store = open_store([])
    try:
        columnar = compute_columnar(plan, dataset, store)
    finally:
        store.close()
    agreement = compare(reference, exact, columnar)
    found = exact[equation]
    return Evaluation(
        methodology=methodology,
        name=equation,
        plan=plan,
        domain=dataset.domain,
        reference=reference,
        values=found,
        branches={index: _branch(plan, reference, equation, inference.trees[equation], index) for index in found},
        inputs=inputs,
        conversions=tuple(item for item in inference.conversions if item.quantity == equation),
        agreement=agreement,
        notes=(*members.notes, *_outside(single, inputs)),
    )


def _refuse_unknown(single: Methodology, equation: str, given: Mapping[str, Any]) -> None:
    inputs = [name for name in single.quantities if single.quantities[name].tree is None]
    known = [*inputs, *single.options, *single.dimensions]
    problems = [
        Problem(
            f"{equation} does not use '{name[:80]}'",
            hint=nearest(name, known) or f"it uses {listing(inputs) or 'no input'}",
        )
        for name in given
        if name not in known
    ]
    if problems:
        raise UnknownNameError(problems)


# -- options


def _choices(
    single: Methodology, tree: Node, given: Mapping[str, Mapping[str | None, Typed]]
) -> tuple[dict[str, Choice], dict[str, str]]:
    """Give the choice of every option, and for options chosen by member that of the members not named.

    Only what the formula itself asks for must be chosen.
    """
    needed = {part.option for part in walk(tree) if isinstance(part, Chosen)}
    choices: dict[str, Choice] = {}
    defaults: dict[str, str] = {}
    problems: list[Problem] = []
    for name, option in single.options.items():
        values = list(option.values)
        typed = {label: str(text) for label, text in given.get(name, {}).items()}
        wrong = [text for text in typed.values() if text not in values]
        problems += [
            Problem(f"option {name} has no value '{text[:80]}'", expected=f"one of {listing(values)}") for text in wrong
        ]
        whole = single.fixed_options.get(name) or typed.get(None) or option.default
        by_member = {label: text for label, text in typed.items() if label is not None}
        if by_member and not option.over:
            problems.append(Problem(f"option {name} is chosen once", expected=f"{name}={values[0]}"))
        if whole is None and not by_member:
            if name in needed:
                expected = f"one of {listing(values)}"
                problems.append(
                    Problem(f"option {name} is not chosen", expected=expected, hint=f"give {name}={values[0]}")
                )
            continue
        choices[name] = by_member if option.over else str(whole)
        if whole is not None:
            defaults[name] = whole
    if problems:
        raise DataError(problems)
    return choices, defaults


# -- inputs


class _Collector:
    """Puts the inputs together: what is typed, then what the spec gives; and lists what is missing."""

    def __init__(
        self,
        plan: Plan,
        members: Members,
        typed: Mapping[str, Mapping[str | None, list[TypedValue]]],
        choices: Mapping[str, Choice],
    ) -> None:
        self.plan = plan
        self.members = members
        self.domain = members.domain
        self.typed = typed
        self.choices = choices
        self.lookup = Lookup(plan, members.domain, TYPED)
        self.inputs: list[Input] = []
        self.missing: list[Problem] = []

    def collect(self) -> tuple[Dataset, tuple[Input, ...]]:
        """Collect the values of all inputs.

        Raises:
            DataError: a value is missing; with every one that is.
        """
        found: dict[str, dict[Index, Fraction]] = {}
        for name, over in self.plan.needed.items():
            if name.startswith("option:"):
                found[name] = {
                    index: self.lookup.option_number(name, over, index)[0] for index in self.domain.indices(over)
                }
            else:
                found[name] = self._values(self.plan.methodology.quantities[name], over)
        if self.missing:
            raise DataError(self.missing)
        return Dataset(self.domain, found, {}), tuple(self.inputs)

    def _values(self, quantity: Quantity, over: tuple[str, ...]) -> dict[Index, Fraction]:
        given = self.members.placed(quantity.id, over, self.typed.get(quantity.id, {}))
        found: dict[Index, Fraction] = {}
        lacking: list[Index] = []
        for index in self.domain.indices(over):
            label = self.domain.label(over, index) if over else ""
            if index in given:
                item = given[index]
                found[index] = item.value
                self.inputs.append(
                    Input(quantity.id, label, item.value, quantity.unit.text, Text(zh="给定", en="given"), item)
                )
                continue
            own = self._of_spec(quantity, index)
            if own is None:
                lacking.append(index)
                continue
            found[index] = own[0]
            self.inputs.append(Input(quantity.id, label, own[0], quantity.unit.text, own[1]))
        if lacking:
            self._miss(quantity, over, lacking)
        return found

    def _of_spec(self, quantity: Quantity, index: Index) -> tuple[Fraction, Text] | None:
        """Give the value that the spec has for an input, if any."""
        parameter = quantity.parameter
        if parameter.from_ == "default" and parameter.value is not None:
            return parameter.value, Text(zh="方法学缺省值", en="default of the spec")
        if parameter.from_ not in {"option", "factor"} or any(
            name not in self.choices for name in self._options_of(quantity)
        ):
            return None
        try:
            value, origin = self.lookup.value(quantity, index)
        except ProjectError:
            return None
        if parameter.from_ == "option":
            return value, Text(
                zh=f"选项 {origin['option']} = {origin['choice']}", en=f"option {origin['option']} = {origin['choice']}"
            )
        key = ", ".join(origin["key"])
        return value, Text(
            zh=f"因子表 {origin['table']}，{origin['column']}，{key}",
            en=f"factor table {origin['table']}, {origin['column']} of {key}",
        )

    def _options_of(self, quantity: Quantity) -> list[str]:
        """List the options on which the value of a parameter depends."""
        options = self.plan.methodology.options
        parameter = quantity.parameter
        sources = (
            [str(parameter.option)]
            if parameter.from_ == "option"
            else [part for part in lookup_keys(parameter).values() if isinstance(part, str)]
        )
        named = [quantity.prefix + part if quantity.prefix + part in options else part for part in sources]
        return [name for name in named if name in options]

    def _miss(self, quantity: Quantity, over: tuple[str, ...], lacking: list[Index]) -> None:
        unit = "yes or no" if quantity.unit.is_flag else f"a value in {quantity.unit.text}"
        labels = [self.domain.label(over, index) for index in lacking]
        what = f"{quantity.id} is not given" if not over else f"{quantity.id} is not given for {listing(labels, 5)}"
        open_options = (
            [name for name in self._options_of(quantity) if name not in self.choices]
            if quantity.parameter.from_ in {"factor", "option"}
            else []
        )
        hint = f"give {quantity.id}=…" + ("" if not over else f" or {quantity.id}@{labels[0]}=…")
        for name in open_options:
            values = listing(list(self.plan.methodology.options[name].values))
            hint += f", or choose {name} ({values}) for the value of the spec"
        self.missing.append(Problem(what, expected=unit, hint=hint))


def _outside(single: Methodology, inputs: tuple[Input, ...]) -> list[Text]:
    """Note inputs outside their bounds."""
    notes: list[Text] = []
    for item in inputs:
        bounds = single.quantities[item.name].parameter.bounds
        if bounds is None or item.typed is None:
            continue
        low = (bounds.min is not None and item.value < bounds.min) or (
            bounds.above is not None and item.value <= bounds.above
        )
        high = (bounds.max is not None and item.value > bounds.max) or (
            bounds.below is not None and item.value >= bounds.below
        )
        if low or high:
            notes.append(
                Text(
                    zh=f"{item.name} 的取值 {exact_text(item.value)} 超出方法学给出的范围",
                    en=f"{item.name} = {exact_text(item.value)} is outside the bounds of the spec",
                )
            )
    return notes


def _branch(plan: Plan, reference: Reference, name: str, tree: Node, index: Index) -> int | None:
    """Give the position of the case that held; None without cases. The last, `otherwise`, counts as one."""
    written = plan.methodology.quantities[name].tree
    if not isinstance(written, Cases) or not isinstance(tree, Cases):
        return None
    at = dict(zip(plan.over(name), index, strict=True))
    for position, (when, _) in enumerate(tree.branches):
        condition = settled(when, plan.methodology, plan.choices)
        if condition == FALSE:
            continue
        if condition == TRUE or reference.holds(condition, at):
            return position
    return len(tree.branches)

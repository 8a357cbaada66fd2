"""Says what differs between two specs: as written, equation by equation, and in the outputs.

An equation is compared twice: alone, with the quantities it names as inputs, and an output through to the
parameters, so that changes that cancel are told. Runs no project; that is the work of `versions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tonne.engine.check.infer import infer
from tonne.engine.check.order import dependencies, groups
from tonne.engine.errors import SpecError
from tonne.engine.prove.changes import Change, changes
from tonne.engine.prove.equivalence import Comparison, compared_alone, decide
from tonne.engine.prove.joint import join
from tonne.engine.prove.solver import Solver
from tonne.engine.spec.excerpt import alone
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Parameter, Text

ROLES = ("baseline", "project", "leakage", "reduction")
MAX_PAIRS = 200
SECONDS = 30.0


@dataclass(frozen=True)
class EquationComparison:
    """One equation of both: its name in each, whether it is written in the same way, and what is known of it."""

    name: str
    second: str
    formulas: tuple[str, str]
    same_formula: bool
    comparison: Comparison

    def as_data(self) -> dict[str, Any]:
        """Give the comparison as plain data."""
        return {
            "name": self.name,
            "second": self.second,
            "formulas": list(self.formulas),
            "same_formula": self.same_formula,
            **self.comparison.as_data(),
        }


@dataclass(frozen=True)
class Difference:
    """What differs between two specs."""

    first: Methodology
    second: Methodology
    changes: tuple[Change, ...]
    equations: tuple[EquationComparison, ...]
    outputs: dict[str, Comparison]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs: what is written is the same but for formulas, and those are proved equal."""
        outcomes = [item.comparison.outcome for item in self.equations] + [
            item.outcome for item in self.outputs.values()
        ]
        return not self.changes and all(outcome == "equal" for outcome in outcomes)

    def as_data(self) -> dict[str, Any]:
        """Give the difference as plain data."""
        return {
            "first": {"id": self.first.id, "digest": self.first.digest},
            "second": {"id": self.second.id, "digest": self.second.digest},
            "equal": self.is_equal,
            "changes": [change.as_data() for change in self.changes],
            "equations": [item.as_data() for item in self.equations],
            "outputs": {role: item.as_data() for role, item in self.outputs.items()},
        }


def difference(first: Methodology, second: Methodology) -> Difference:
    """Compare two methodologies.

    Raises:
        SpecError: units or index sets of one of the two do not fit, so that its formulas mean nothing.
    """
    for methodology in (first, second):
        problems = infer(methodology).problems
        if problems:
            raise SpecError(problems)
    work = _Work(first, second)
    equations = tuple(work.equations())
    listed = tuple(work.listed())
    return Difference(first, second, listed, equations, dict(work.outputs()))


class _Work:
    def __init__(self, first: Methodology, second: Methodology) -> None:
        self.first, self.second = first, second
        self.moved: dict[str, str] = {}
        self.equal: set[str] = set()
        self.rewritten: set[str] = set()
        self.solver = Solver(SECONDS)
        self.pairs = 0
        self._parameters()

    def _parameters(self) -> None:
        """Find parameters that are the same but for their name."""
        gone = [quantity for name, quantity in self.first.parameters.items() if name not in self.second.quantities]
        for name, quantity in self.second.parameters.items():
            if name in self.first.quantities:
                continue
            same = [other for other in gone if _nameless(other) == _nameless(quantity)]
            if len(same) == 1:
                self.moved[name] = same[0].id
                gone.remove(same[0])

    def equations(self) -> Iterator[EquationComparison]:
        """Compare every equation of both, what is needed first, so that what it names is known by then."""
        trees = infer(self.second).trees
        graph = {name: dependencies(tree, trees) for name, tree in trees.items()}
        order = [name for group in groups(graph) for name in group]
        found = {}
        for name in order:
            known = self.first.quantities.get(name)
            compared = (
                self._moved(name) if known is None else self._compared(name, name) if known.tree is not None else None
            )
            if compared is not None:
                found[name] = compared
        for name in self.second.equations:
            if name in found:
                yield found[name]

    def _compared(self, first: str, second: str) -> EquationComparison:
        one, other = self.first.quantities[first], self.second.quantities[second]
        comparison = compared_alone(
            alone(self.first, first), alone(self.second, second), first, second, self.moved, self.solver
        )
        same = comparison.as_written and one.tree == other.tree
        if comparison.outcome == "equal":
            self.equal.add(first)
            comparison = replace(comparison, as_written=same)
            self.rewritten |= set() if same else {first}
        return EquationComparison(first, second, (_formula(one), _formula(other)), one.tree == other.tree, comparison)

    def _moved(self, name: str) -> EquationComparison | None:
        """Look for an equation of another name that the second no longer has and that is proved equal."""
        quantity = self.second.quantities[name]
        gone = [
            other
            for other in self.first.equations
            if other not in self.second.quantities and other not in self.moved.values()
        ]
        alike = [other for other in gone if _alike(self.first.quantities[other], quantity)]
        alike.sort(key=lambda other: self.first.quantities[other].symbol != quantity.symbol)
        for other in alike[: max(0, MAX_PAIRS - self.pairs)]:
            self.pairs += 1
            compared = self._compared(other, name)
            if compared.comparison.outcome == "equal":
                self.moved[name] = other
                return compared
        return None

    def listed(self) -> Iterator[Change]:
        """List what is written differently; what is only named differently is told as such."""
        names = {target: name for name, target in self.moved.items()}
        for change in changes(self.first, self.second):
            if change.kind == "removed" and change.subject in names and change.area in {"parameters", "equations"}:
                yield Change(change.area, change.subject, "moved", after=names[change.subject])
            elif not (change.kind == "added" and change.subject in self.moved):
                yield change

    def outputs(self) -> Iterator[tuple[str, Comparison]]:
        """Compare the four outputs through to the parameters."""
        one, other = self.first.spec.outputs, self.second.spec.outputs
        if one is None or other is None:
            return
        joint = join(self.first, self.second, moved=self.moved, equal=frozenset(self.equal))
        for role in ROLES:
            first, second = getattr(one, role), getattr(other, role)
            if first is not None and second is not None:
                found = decide(joint, first, joint.names[second], self.solver)
                same = found.as_written and not joint.needed(first) & self.rewritten
                yield role, replace(found, as_written=same, limits=self._looked_up(joint.needed(first)) or found.limits)
            elif first is not None or second is not None:
                why = Text(
                    zh=f"仅一方给出 {first or second}", en=f"only one of the two names {first or second} as output"
                )
                yield role, Comparison(str(first or second), "undecided", why=why)

    def _looked_up(self, needed: set[str]) -> Text | None:
        """Say which values come from elsewhere; the comparison takes the same value for both."""
        names = [
            name
            for name in needed
            if name in self.first.quantities and name in self.second.quantities and self._is_looked_up_elsewhere(name)
        ]
        listed = ", ".join(sorted(names))
        return (
            Text(
                zh=f"{listed} 的因子表或查找方式有改动，此处取相同数值",
                en=f"with the same {listed}, looked up elsewhere",
            )
            if names
            else None
        )

    def _is_looked_up_elsewhere(self, name: str) -> bool:
        rules = []
        for methodology in (self.first, self.second):
            spec = methodology.quantities[name].spec
            if not isinstance(spec, Parameter) or spec.from_ != "factor":
                return False
            table = methodology.tables[str(spec.table)].document.digest
            rules.append((table, spec.column, spec.key, spec.missing_year))
        return rules[0] != rules[1]


def _nameless(quantity: Quantity) -> tuple[Any, ...]:
    """What a parameter is, without its name and texts."""
    spec = quantity.parameter
    data = spec.model_dump(
        exclude={"name", "note", "monitoring", "evidence", "source", "cite", "conservative"}, mode="json"
    )
    return (quantity.symbol if spec.symbol else "", sorted(data.items(), key=lambda item: item[0]))


def _alike(one: Quantity, other: Quantity) -> bool:
    both_parameters = isinstance(one.spec, Parameter) == isinstance(other.spec, Parameter)
    return both_parameters and set(one.over) == set(other.over) and one.unit.same_dimension(other.unit)


def _formula(quantity: Quantity) -> str:
    """Write a formula as it stands in the spec."""
    spec = quantity.spec
    if isinstance(spec, Parameter):
        return "bound"
    if spec.expr is not None:
        return " ".join(spec.expr.split())
    parts = [
        f"otherwise: {case.otherwise}" if case.otherwise is not None else f"{case.when}: {case.expr}"
        for case in spec.cases or []
    ]
    return "; ".join(" ".join(part.split()) for part in parts)

"""Makes wrong specs out of a right one, in a fixed order, each with one change and a line that says which.

A mutant is the data of a spec file with one change. Texts, monitoring cards, sources and cites are left alone:
no check and no case can know them to be wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from mutation.formulas import Surroundings, numbers_near, wrong_formulas
from mutation.rendering import number_text, rendered
from tonne.engine.result.result import ROLES
from tonne.engine.spec.expression import parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.methodology import Methodology, lookup_keys
from tonne.engine.spec.models import Equation, Parameter, Rounding
from tonne.engine.spec.tree import Node, Not

KINDS = (
    "operator",
    "sign",
    "constant",
    "unit",
    "boundary",
    "index set",
    "reference",
    "dropped",
    "option",
    "bound",
    "output",
)
ABSENT = object()
SAME_DIMENSION = {
    "MWh": "kWh", "GJ": "MJ", "tCO2e": "kgCO2e", "tCO2": "kgCO2", "tC": "kgC", "t": "kg", "km": "m", "m": "km", "%": "1", "1": "%",
}  # fmt: skip
OTHER_DIMENSION = {
    "MWh": "t", "GJ": "MWh", "tCO2e": "tCH4", "tCO2": "tC", "tC": "tCO2", "t": "MWh", "km": "km2", "m": "m2", "%": "t", "1": "MWh",
    "fuel_amount": "t",
}  # fmt: skip

Steps = tuple[str | int, ...]
Changes = tuple[tuple[Steps, Any], ...]


@dataclass(frozen=True)
class Mutant:
    """A spec with one change: where, and what was made of what."""

    methodology: str
    kind: str
    where: str
    what: str
    changes: Changes

    @property
    def id(self) -> str:
        """The line by which a survivor is listed."""
        return f"{self.methodology} {self.where}: {self.what}"

    def data(self, original: Any) -> Any:
        """Give the data of the spec file with the change."""
        for steps, value in self.changes:
            original = _changed(original, steps, value)
        return original


def mutants(methodology: Methodology, tables: dict[str, FactorTable]) -> list[Mutant]:
    """Make every mutant of a spec.

    Args:
        methodology: the spec as linked; its modules stay as they are.
        tables: the factor tables that could be named instead.
    """
    made = {mutant.id: mutant for mutant in _Maker(methodology, tables).all()}
    return list(made.values())


def _changed(data: Any, steps: Steps, value: Any) -> Any:
    """Give data with one entry replaced or, for ABSENT, left out; the rest is shared."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(data, list):
        position = int(step)
        inner = [] if not rest and value is ABSENT else [_changed(data[position], rest, value)]
        return [*data[:position], *inner, *data[position + 1 :]]
    known = dict(data or {})
    if not rest and value is ABSENT:
        known.pop(str(step), None)
    else:
        known[str(step)] = _changed(known.get(str(step)), rest, value)
    return known


class _Maker:
    def __init__(self, methodology: Methodology, tables: dict[str, FactorTable]) -> None:
        self.methodology = methodology
        self.spec = methodology.spec
        self.tables = tables
        units = {name: quantity.unit for name, quantity in methodology.quantities.items()}
        self.around = Surroundings(
            {
                name: tuple(other for other in units if other != name and units[other].dimension == unit.dimension)
                for name, unit in units.items()
            },
            {name: tuple(option.values) for name, option in methodology.options.items()},
            tuple(methodology.dimensions),
        )

    def all(self) -> Iterator[Mutant]:
        """Go through the spec from top to bottom."""
        for name, option in self.spec.options.items():
            if option.default is not None:
                for value in [other for other in option.values if other != option.default]:
                    yield self.mutant("option", ("options", name, "default"), value, f"{option.default} -> {value}")
        for name, parameter in self.spec.parameters.items():
            yield from self._parameter(name, parameter)
        for name, use in self.spec.uses.items():
            for choice, chosen in use.options.items():
                values = self.around.options.get(f"{name}.{choice}", ())
                for value in [other for other in values if other != chosen]:
                    yield self.mutant("option", ("uses", name, "options", choice), value, f"{chosen} -> {value}")
            for bound, target in use.bind.items():
                for other in self.around.alike.get(target, ()):
                    yield self.mutant("reference", ("uses", name, "bind", bound), other, f"{target} -> {other}")
        for name, equation in self.spec.equations.items():
            yield from self._equation(name, equation)
        yield from self._outputs()
        for position, condition in enumerate(self.spec.conditions):
            if condition.test:
                yield from self._formula(("conditions", position, "test"), condition.test)

    def mutant(self, kind: str, steps: Steps, value: Any, what: str) -> Mutant:
        """Make a mutant of one change."""
        return self._of(kind, steps, ((steps, value),), what)

    def _of(self, kind: str, where: Steps, changes: Changes, what: str) -> Mutant:
        return Mutant(self.spec.id, kind, ".".join(map(str, where)), what, changes)

    # -- formulas

    def _formula(self, steps: Steps, text: str) -> Iterator[Mutant]:
        right = parse(text)
        for kind, wrong in wrong_formulas(right, self.around):
            if wrong != right:
                yield self.mutant(kind, steps, rendered(wrong), f"{_line(text)} -> {rendered(wrong)}")

    def _equation(self, name: str, equation: Equation) -> Iterator[Mutant]:
        here: Steps = ("equations", name)
        yield from self._unit(here, equation.unit)
        yield from self._over(here, equation.over)
        if equation.expr is not None:
            yield from self._formula((*here, "expr"), equation.expr)
        for position, case in enumerate(equation.cases or []):
            for part in ("when", "expr", "otherwise"):
                text = getattr(case, part)
                if text is not None:
                    yield from self._formula((*here, "cases", position, part), text)
        yield from self._branches((*here, "cases"), equation)

    def _branches(self, here: Steps, equation: Equation) -> Iterator[Mutant]:
        cases = equation.cases or []
        values = ["otherwise" if case.otherwise is not None else "expr" for case in cases]
        for position in range(len(cases)):
            if len(cases) > 1:
                yield self.mutant("boundary", (*here, position), ABSENT, f"case {position + 1} dropped")
        for first, second in pairwise(range(len(cases))):
            texts = getattr(cases[first], values[first]), getattr(cases[second], values[second])
            if texts[0] == texts[1]:
                continue
            swapped = (((*here, first, values[first]), texts[1]), ((*here, second, values[second]), texts[0]))
            yield self._of("boundary", here, swapped, f"values of cases {first + 1} and {second + 1} exchanged")

    def _condition_of(self, steps: Steps, text: str) -> Iterator[Mutant]:
        yield from self._formula(steps, text)
        negated: Node = Not(parse(text))
        yield self.mutant("boundary", steps, rendered(negated), f"{_line(text)} -> {rendered(negated)}")

    # -- parameters

    def _parameter(self, name: str, parameter: Parameter) -> Iterator[Mutant]:
        here: Steps = ("parameters", name)
        yield from self._unit(here, parameter.unit)
        if parameter.unit_of is not None:
            yield self.mutant("unit", (*here, "unit_of"), ABSENT, "unit_of dropped")
        yield from self._over(here, parameter.over)
        if parameter.value is not None:
            for value in numbers_near(parameter.value):
                told = f"{number_text(parameter.value)} -> {number_text(value)}"
                yield self.mutant("constant", (*here, "value"), value, told)
        yield from self._by(here, parameter)
        if parameter.when is not None:
            yield from self._condition_of((*here, "when"), parameter.when)
        if parameter.from_ == "factor":
            yield from self._factor(here, parameter)
        yield from self._bounds(here, parameter)
        if parameter.conservative is not None:
            other = "high" if parameter.conservative == "low" else "low"
            yield self.mutant("bound", (*here, "conservative"), other, f"{parameter.conservative} -> {other}")

    def _by(self, here: Steps, parameter: Parameter) -> Iterator[Mutant]:
        for choice, value in (parameter.by or {}).items():
            for wrong in numbers_near(value):
                yield self.mutant(
                    "constant", (*here, "by", choice), wrong, f"{number_text(value)} -> {number_text(wrong)}"
                )
        for (one, first), (other, second) in combinations((parameter.by or {}).items(), 2):
            if first != second:
                swapped = (((*here, "by", one), second), ((*here, "by", other), first))
                yield self._of("option", (*here, "by"), swapped, f"values of {one} and {other} exchanged")

    def _factor(self, here: Steps, parameter: Parameter) -> Iterator[Mutant]:
        table = self.methodology.tables[str(parameter.table)]
        for column in sorted(table.numeric):
            if column != parameter.column:
                yield self.mutant("option", (*here, "column"), column, f"{parameter.column} -> {column}")
        for other, spec in self.tables.items():
            if other != parameter.table and parameter.column in spec.numeric:
                yield self.mutant("option", (*here, "table"), other, f"{parameter.table} -> {other}")
        keys = lookup_keys(parameter)
        for key, source in keys.items():
            rest = {name: value for name, value in keys.items() if name != key}
            yield self.mutant("option", (*here, "key"), rest, f"{key} dropped")
            known = sorted({row[list(table.keys).index(key)] for row in table.rows}, key=str)
            for constant in dict.fromkeys((known[0], known[-1])):
                changed = {**keys, key: {"is": str(constant)}}
                if changed != keys:
                    said = f"{key}: {_source(source)} -> always {constant}"
                    yield self.mutant("option", (*here, "key"), changed, said)
            for other in [*self.around.dimensions, *self.spec.options]:
                if other != source:
                    yield self.mutant(
                        "option", (*here, "key"), {**keys, key: other}, f"{key}: {_source(source)} -> {other}"
                    )
        if parameter.missing_year is not None:
            yield self.mutant("option", (*here, "missing_year"), ABSENT, f"{parameter.missing_year} dropped")
        elif "integer" in table.spec.keys.values():
            yield self.mutant("option", (*here, "missing_year"), "latest", "latest added")

    def _bounds(self, here: Steps, parameter: Parameter) -> Iterator[Mutant]:
        if parameter.bounds is None:
            return
        open_ends = {"min": "above", "max": "below"}
        for end, value in parameter.bounds.model_dump(exclude_none=True, mode="python").items():
            steps: Steps = (*here, "bounds", end)
            limit = Fraction(value)
            inward = 1 if end in {"min", "above"} else -1
            told = f"{end} {number_text(limit)}"
            yield self.mutant("bound", steps, ABSENT, f"{told} dropped")
            yield self.mutant("bound", steps, limit - inward, f"{told} -> {number_text(limit - inward)}")
            tighter = limit + inward if end in {"min", "above"} or not limit else limit / 2
            yield self.mutant("bound", steps, tighter, f"{told} -> {number_text(tighter)}")
            if end in open_ends:
                moved = ((steps, ABSENT), ((*here, "bounds", open_ends[end]), limit))
                yield self._of("bound", steps, moved, f"{told} -> {open_ends[end]} {number_text(limit)}")

    # -- units and index sets

    def _unit(self, here: Steps, text: str) -> Iterator[Mutant]:
        parts = text.split("/")
        for position, part in enumerate(parts):
            for others in (SAME_DIMENSION, OTHER_DIMENSION):
                if part in others:
                    wrong = "/".join([*parts[:position], others[part], *parts[position + 1 :]])
                    yield self.mutant("unit", (*here, "unit"), wrong, f"{text} -> {wrong}")
        if len(parts) > 1:
            yield self.mutant("unit", (*here, "unit"), parts[0], f"{text} -> {parts[0]}")

    def _over(self, here: Steps, over: list[str]) -> Iterator[Mutant]:
        others = [name for name in self.around.dimensions if name not in over]
        changed = [over[:position] + over[position + 1 :] for position in range(len(over))]
        changed += [
            [*over[:position], other, *over[position + 1 :]] for position in range(len(over)) for other in others
        ]
        changed += [[*over, other] for other in others]
        for wrong in changed:
            yield self.mutant("index set", (*here, "over"), wrong, f"[{', '.join(over)}] -> [{', '.join(wrong)}]")

    # -- outputs

    def _outputs(self) -> Iterator[Mutant]:
        outputs = self.spec.outputs
        if outputs is None:
            return
        named = {role: getattr(outputs, role) for role in ROLES if getattr(outputs, role)}
        for one, other in combinations(named, 2):
            swapped = ((("outputs", one), named[other]), (("outputs", other), named[one]))
            yield self._of("output", ("outputs",), swapped, f"{one} and {other} exchanged")
        for role in ("project", "leakage"):
            if role in named:
                yield self.mutant("output", ("outputs", role), ABSENT, f"{named[role]} dropped")
        modes = Rounding.model_fields["mode"].annotation.__args__  # type: ignore[union-attr]
        for mode in modes:
            if mode != outputs.rounding.mode:
                yield self.mutant("output", ("outputs", "rounding", "mode"), mode, f"{outputs.rounding.mode} -> {mode}")
        yield from self._unit(("outputs", "rounding"), outputs.rounding.unit)


def _line(text: str) -> str:
    return " ".join(text.split())


def _source(source: Any) -> str:
    return source if isinstance(source, str) else f"always {source['is']}"

"""Checks that what a project declares beside its data names real quantities, in units that fit them.

Compares no values: that is done where the declarations are judged.
"""

from collections.abc import Iterable, Iterator

from tonne.engine.data.project import Project
from tonne.engine.errors import Problem, UnitError, nearest
from tonne.engine.spec.methodology import Methodology
from tonne.engine.units import Unit, parse_unit, reading_conversion

HOUR = "h"


def declared_problems(project: Project, methodology: Methodology) -> list[Problem]:
    """List names that the methodology does not have, and units that do not fit."""
    check = _Declarations(project, methodology)
    return [
        *check.capacities(),
        *check.balances(),
        *check.limits(),
        *check.stated(),
        *check.planned(),
    ]


def declared_quantities(project: Project, methodology: Methodology) -> list[str]:
    """List the quantities that a project's balances and limits compare, so that their values are known."""
    names = [
        *(name for balance in project.spec.balances.values() for name in (*balance.enters, *balance.leaves)),
        *(name for limit in project.spec.limits.values() for name in limit.quantities),
    ]
    return [name for name in dict.fromkeys(names) if name in methodology.quantities]


class _Declarations:
    def __init__(self, project: Project, methodology: Methodology) -> None:
        self.project = project
        self.spec = project.spec
        self.methodology = methodology

    def capacities(self) -> Iterator[Problem]:
        for name, capacity in self.spec.capacities.items():
            steps = ("capacities", name)
            yield from self._known([capacity.parameter], *steps, "parameter", "=")
            quantity = self.methodology.parameters.get(capacity.parameter)
            if quantity is None:
                if capacity.parameter in self.methodology.quantities:
                    what = f"{capacity.parameter} is an equation; a capacity is that of a parameter"
                    yield Problem(what, self.project.document.place(*steps, "parameter", "="))
                continue
            yield from self._fits(quantity.unit, capacity.unit, (*steps, "unit", "="), rate=True)

    def balances(self) -> Iterator[Problem]:
        for name, balance in self.spec.balances.items():
            names = [*balance.enters, *balance.leaves]
            yield from self._known(names, "balances", name)
            units = [self.methodology.quantities[item].unit for item in names if item in self.methodology.quantities]
            for item, unit in zip(names[1:], units[1:], strict=False):
                if not unit.same_dimension(units[0]):
                    what = f"{item} in {unit.text} cannot be balanced against {names[0]} in {units[0].text}"
                    yield Problem(what, self.project.document.place("balances", name))

    def limits(self) -> Iterator[Problem]:
        for name, limit in self.spec.limits.items():
            yield from self._known(limit.quantities, "limits", name)
            for item in limit.quantities:
                if item in self.methodology.quantities:
                    unit = self.methodology.quantities[item].unit
                    yield from self._fits(unit, limit.unit, ("limits", name, "unit", "="))

    def stated(self) -> Iterator[Problem]:
        plan = self.spec.plan
        places: list[tuple[str | int, ...]] = [("plan", "values")] if plan else []
        values = [plan.values] if plan else []
        for position, period in enumerate(self.spec.earlier_periods):
            places += [("earlier_periods", position, "values")]
            values += [period.values]
        for steps, stated in zip(places, values, strict=True):
            for name, value in stated.items():
                yield from self._known([name], *steps, name)
                if name in self.methodology.quantities:
                    unit = self.methodology.quantities[name].unit
                    yield from self._fits(unit, value.unit, (*steps, name, "unit", "="))

    def planned(self) -> Iterator[Problem]:
        plan = self.spec.plan
        if plan is None:
            return
        for name in plan.parameters:
            if name not in self.methodology.parameters:
                place = self.project.document.place("plan", "parameters", name)
                yield Problem(f"unknown parameter '{name}'", place, hint=nearest(name, self.methodology.parameters))
        for alias in plan.tools:
            if alias not in self.methodology.modules:
                place = self.project.document.place("plan", "tools", alias)
                hint = nearest(alias, self.methodology.modules) or "name a module by its alias in the methodology"
                yield Problem(f"{self.methodology.id} uses no module as '{alias}'", place, hint=hint)

    def _known(self, names: Iterable[str], *steps: str | int) -> Iterator[Problem]:
        for name in names:
            if name not in self.methodology.quantities:
                hint = nearest(name, self.methodology.quantities)
                yield Problem(f"unknown quantity '{name}'", self.project.document.place(*steps), hint=hint)

    def _fits(self, unit: Unit, text: str, steps: tuple[str | int, ...], *, rate: bool = False) -> Iterator[Problem]:
        place = self.project.document.place(*steps)
        try:
            given = parse_unit(text, place)
            reading_conversion(given * parse_unit(HOUR) if rate else given, unit, place)
        except UnitError as fault:
            yield from fault.problems

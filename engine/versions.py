"""Says what one methodology changes against another, and what that gains or costs a project in tonnes.

The project is run under both as it stands; when one of the two refuses it, that is the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from tonne.engine.compute.reference import CONTEXT
from tonne.engine.data.project import load_project
from tonne.engine.errors import TonneError
from tonne.engine.prove.difference import Difference, difference
from tonne.engine.result.result import ROLES, Result, plain
from tonne.engine.run import Progress, run_project
from tonne.engine.spec.methodology import Methodology


@dataclass(frozen=True)
class YearChange:
    """The rounded outputs of one year under both, in the unit of the rounding."""

    year: str
    first: Mapping[str, Decimal]
    second: Mapping[str, Decimal]

    def gain(self, role: str) -> Decimal:
        """Give how much more the second has."""
        with localcontext(CONTEXT):
            return self.second.get(role, Decimal(0)) - self.first.get(role, Decimal(0))


@dataclass(frozen=True)
class Versions:
    """A project under two methodologies; a refusal stands in the place of a result."""

    first: Result | TonneError
    second: Result | TonneError

    @property
    def years(self) -> tuple[YearChange, ...]:
        """The years of both; none when one refuses."""
        if isinstance(self.first, TonneError) or isinstance(self.second, TonneError):
            return ()
        one = {year.year: year.rounded for year in self.first.years}
        other = {year.year: year.rounded for year in self.second.years}
        return tuple(YearChange(year, one.get(year, {}), other.get(year, {})) for year in sorted({*one, *other}))

    def total(self, role: str) -> Decimal:
        """Add up what the second gains over all years."""
        with localcontext(CONTEXT):
            return sum((year.gain(role) for year in self.years), Decimal(0))

    @property
    def refusals(self) -> dict[str, TonneError]:
        """Why a side refuses, by side."""
        sides = {"first": self.first, "second": self.second}
        return {side: outcome for side, outcome in sides.items() if isinstance(outcome, TonneError)}

    @property
    def is_equal(self) -> bool:
        """Whether both give the same tonnes and the same findings against the reduction."""
        if isinstance(self.first, TonneError) or isinstance(self.second, TonneError):
            return False
        same = [finding.code for finding in self.first.findings if finding.failed] == [
            finding.code for finding in self.second.findings if finding.failed
        ]
        return same and all(year.gain(role) == 0 for year in self.years for role in ROLES)

    def as_data(self) -> dict[str, Any]:
        """Give both as plain data."""
        return {
            "refusals": {side: str(fault) for side, fault in self.refusals.items()},
            "years": [
                {
                    "year": year.year,
                    "first": {role: plain(value) for role, value in year.first.items()},
                    "second": {role: plain(value) for role, value in year.second.items()},
                    "gain": {role: plain(year.gain(role)) for role in ROLES},
                }
                for year in self.years
            ],
            "total": {role: plain(self.total(role)) for role in ROLES} if self.years else None,
            "findings": {
                side: [finding.as_data() for finding in outcome.findings if finding.failed]
                for side, outcome in (("first", self.first), ("second", self.second))
                if isinstance(outcome, Result)
            },
        }


@dataclass(frozen=True)
class Revision:
    """What a second methodology changes against a first: as written, in its formulas, and for a project if one is given."""

    difference: Difference
    project: Versions | None = None

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, in the specs or for the project."""
        return self.difference.is_equal and (self.project is None or self.project.is_equal)

    def as_data(self) -> dict[str, Any]:
        """Give the revision as plain data."""
        return {
            **self.difference.as_data(),
            "equal": self.is_equal,
            "project": self.project.as_data() if self.project else None,
        }


def revision(
    first: Methodology, second: Methodology, project: str | Path | None = None, progress: Progress | None = None
) -> Revision:
    """Say what a second methodology changes against a first.

    Args:
        first: the one methodology.
        second: the other.
        project: a project file, or the folder of one, that is run under both.
        progress: is told each stage as it begins.

    Raises:
        TonneError: units or index sets of one of the two do not fit, or both refuse the project.
    """
    told = progress or (lambda _stage: None)
    told("comparison of the specs")
    found = difference(first, second)
    return Revision(found, versions(project, first, second, told) if project is not None else None)


def versions(
    reference: str | Path, first: Methodology, second: Methodology, progress: Progress | None = None
) -> Versions:
    """Run a project under two methodologies, whichever of them it names.

    Args:
        reference: a project file, or the folder of one.
        first: the one methodology.
        second: the other.
        progress: is told each stage as it begins.

    Raises:
        TonneError: the project itself cannot be read, or both refuse it.
    """
    told = progress or (lambda _stage: None)
    project = load_project(reference)
    outcomes: list[Result | TonneError] = []
    for methodology in (first, second):
        try:
            outcomes.append(run_project(project, methodology, told))
        except TonneError as fault:
            outcomes.append(fault)
    one, other = outcomes
    if isinstance(one, TonneError) and isinstance(other, TonneError):
        raise one
    return Versions(one, other)

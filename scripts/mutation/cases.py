"""Runs golden cases on a methodology in memory; says what of a case is not as expected.

The reference evaluator computes the values. That the columnar evaluator gives the same is tested elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from tonne.engine import plan as planning
from tonne.engine.check.kinds import Inference
from tonne.engine.compute.reference import CONTEXT, Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.project import Project, ProjectSpec, checked_project
from tonne.engine.errors import ProjectError, TonneError
from tonne.engine.plan import Plan, make_plan
from tonne.engine.result.result import ROLES, plain, year_totals
from tonne.engine.run import conservative_side
from tonne.engine.spec.catalogue import bundled
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

Values = dict[str, dict[Any, Decimal]]


@dataclass(frozen=True)
class Case:
    """A case file: good ones say what is expected, bad ones which words a refusal has."""

    id: str
    methodology: str
    project: Project
    expected: Mapping[str, Any]
    refused: tuple[str, ...]


def cases_of(methodology: str) -> list[Case]:
    """Read the cases of a bundled methodology."""
    folder = bundled().spec_path(methodology).parent / "cases"
    cases = [_case(methodology, path) for path in sorted(folder.glob("*/*.yaml"))]
    return [case for case in cases if case is not None]


def _case(methodology: str, path: Path) -> Case | None:
    """Read a case; None when its project is refused whatever the methodology says."""
    document = read_yaml(path)
    case = document.data
    data = {"format": 1, "name": case["title"], "methodology": methodology, **case["project"]}
    places = {steps[1:]: place for steps, place in document.places.items() if steps[:1] == ("project",)}
    inner = Document(document.path, data, places, document.digest, document.text)
    try:
        project = checked_project(shaped(ProjectSpec, inner, ProjectError), inner, path.parent)
    except ProjectError:
        return None
    words = tuple(case.get("refused", {}).get("contains", ()))
    return Case(f"{methodology}/{path.stem}", methodology, project, case.get("expected", {}), words)


def planned(case: Case, methodology: Methodology, inference: Inference) -> frozenset[str] | None:
    """Name the quantities that a case needs, without the names of modules; None when no plan can be made."""
    try:
        plan = _plan(case.project, methodology, inference)
    except TonneError:
        return None
    return frozenset(name.split(".")[-1] for name in [*plan.needed, *plan.steps])


def difference(
    case: Case, methodology: Methodology, inference: Inference, store: duckdb.DuckDBPyConnection
) -> str | None:
    """Say what is not as the case expects; None when all is."""
    try:
        reference, values, codes = _computed(case.project, methodology, inference, store)
    except TonneError as fault:
        if not case.refused:
            return "refused"
        missing = [words for words in case.refused if words not in str(fault)]
        return f"refused without the word {missing[0]}" if missing else None
    except (ArithmeticError, LookupError, TypeError, ValueError) as fault:
        return f"breaks off with {type(fault).__name__}"
    if case.refused:
        return "not refused"
    try:
        return (
            _wrong_value(case.expected, reference, values)
            or next((f"no finding {code}" for code in case.expected.get("findings", []) if code not in codes), None)
            or _wrong_total(case.expected, methodology, reference.dataset, values)
            or _wrong_condition(case.expected, reference)
        )
    except TonneError as fault:  # an index that is none, or a condition that is not decided
        return fault.problems[0].what


def _computed(
    project: Project, methodology: Methodology, inference: Inference, store: duckdb.DuckDBPyConnection
) -> tuple[Reference, Values, list[str]]:
    plan = _plan(project, methodology, inference)
    dataset = collect(project, plan, store, conservative_side(methodology))
    reference = Reference(plan, dataset)
    given: Values = {
        key: {index: decimal(value) for index, value in items.items()} for key, items in dataset.values.items()
    }
    return reference, {**given, **reference.compute_all()}, [finding.code for finding in dataset.findings]


def _plan(project: Project, methodology: Methodology, inference: Inference) -> Plan:
    with patch.object(planning, "infer", lambda _methodology: inference):  # else inferred again for every case
        return make_plan(methodology, chosen_options(project, methodology), inference)


def _wrong_value(expected: Mapping[str, Any], reference: Reference, values: Values) -> str | None:
    for name, wanted in expected.get("values", {}).items():
        if name not in values:
            return f"no {name}"
        tolerance = Decimal(str(wanted.get("tolerance", 0)))
        for label, number in wanted["at"].items():
            found = values[name].get(reference.domain.parse(reference.plan.over(name), label))
            right = Decimal(str(number))
            if found is None or (abs(found - right) > tolerance if tolerance else plain(found) != plain(right)):
                return f"{name}@{label}"
    return None


def _wrong_total(expected: Mapping[str, Any], methodology: Methodology, dataset: Dataset, values: Values) -> str | None:
    outputs = methodology.spec.outputs
    if outputs is None or "totals" not in expected:
        return None
    exact: dict[str, dict[str, Decimal]] = {}
    for role in ROLES:
        name = getattr(outputs, role)
        over = methodology.quantities[name].over if name else ()
        if over not in {(), ("year",)}:
            return f"{role} is over {', '.join(over)}"
        for index, value in values.get(name or "", {}).items():
            year = dataset.domain.label(over, index)
            exact.setdefault(year, dict.fromkeys(ROLES, Decimal(0)))[role] = value
    with localcontext(CONTEXT):
        years = year_totals(exact, outputs.rounding)
        totals = {role: sum((year.rounded[role] for year in years), Decimal(0)) for role in ROLES}
    wrong = [role for role, number in expected["totals"].items() if totals[role] != Decimal(str(number))]
    return f"total {wrong[0]}" if wrong else None


def _wrong_condition(expected: Mapping[str, Any], reference: Reference) -> str | None:
    """A tested condition is met in every good case, unless the case says otherwise under `conditions:`."""
    for name, test in reference.plan.tests.items():
        if reference.holds(test, {}) is not expected.get("conditions", {}).get(name, True):
            return f"condition {name}"
    return None

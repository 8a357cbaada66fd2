"""The main job on one screen: project and methodology → plan → dataset → two evaluators → checks → result."""

import datetime
import functools
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from importlib.metadata import version
from pathlib import Path
from typing import cast

from tonne.engine.check.infer import infer
from tonne.engine.collector import collector_paused
from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.compare import compare
from tonne.engine.compute.reference import CONTEXT, Reference
from tonne.engine.compute.sampling import compare_sample, sample_of, taken_values, with_examples
from tonne.engine.data.annexes import annex_files
from tonne.engine.data.answers import load_answers
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.dataset import Dataset, Sides
from tonne.engine.data.declarations import declared_quantities
from tonne.engine.data.domain import Index
from tonne.engine.data.project import Project, load_project
from tonne.engine.data.store import open_store
from tonne.engine.data.unchanged import unchanged_files
from tonne.engine.errors import Problem, ProjectError
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import Plan, make_plan
from tonne.engine.result.result import ROLES, ConditionResult, Result, YearTotals, year_totals
from tonne.engine.spec.catalogue import load_methodology
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import Direction
from tonne.engine.verification.verify import verified

Progress = Callable[[str], None]


def run(reference: str | Path, progress: Progress | None = None) -> Result:
    """Compute a project.

    Args:
        reference: a project file, or the folder of one.
        progress: is told each stage as it begins.

    Raises:
        TonneError: an input cannot be used, or the two evaluators differ.
    """
    told = progress or (lambda _stage: None)
    told("project")
    project = load_project(reference)
    return run_project(project, find_methodology(project), told)


def find_methodology(project: Project) -> Methodology:
    """Load the methodology that a project names: an id, or a path relative to the project."""
    named = project.spec.methodology
    beside = (project.folder / named).resolve()
    return load_methodology(beside if beside.exists() and "/" in named else named)


def run_project(project: Project, methodology: Methodology, told: Progress) -> Result:
    """Compute a project that was read."""
    with collector_paused():
        return _run(project, methodology, told)


def _run(project: Project, methodology: Methodology, told: Progress) -> Result:
    told("methodology")
    _require_outputs(project, methodology)
    _require_crediting_period(project, methodology)
    answers = load_answers(project)
    also = declared_quantities(project, methodology)
    plan = make_plan(methodology, chosen_options(project, methodology), infer(methodology), also)
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        store = open_store([project.folder], Path(scratch))
        try:
            told("readings")
            dataset = collect(project, plan, store, conservative_side(methodology))
            dataset = replace(dataset, files=(*dataset.files, *annex_files(project, dataset.files)))
            with unchanged_files(project.folder, dataset.files):
                sample = sample_of(plan, dataset, store) if dataset.streams else None
                dataset = with_examples(dataset, sample) if sample else dataset
                told("columnar evaluation")
                columnar = compute_columnar(plan, dataset, store)
        finally:
            store.close()
    told("reference evaluation")
    taken = taken_values(plan, dataset, columnar)
    reference = Reference(plan, dataset, taken)
    values = reference.compute_all()
    told("comparison")
    agreement = compare(reference, values, columnar, taken)
    if sample is not None:
        agreement = agreement.beside(compare_sample(plan, sample))
    conditions, condition_findings = _conditions(project, methodology, plan, reference)
    years = _years(methodology, plan, dataset, values)
    result = Result(
        project=project,
        methodology=methodology,
        plan=plan,
        dataset=dataset,
        reference=reference,
        values=values,
        years=years,
        conditions=conditions,
        findings=(*dataset.findings, *condition_findings),
        agreement=agreement,
        engine_version=version("tonne"),
        made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    told("checks")
    return verified(result, answers)


def conservative_side(methodology: Methodology) -> Sides:
    """Give the conservative side of each parameter: as the methodology declares it, else as it is proved.

    Proving takes long, so it waits until a parameter without a declaration is asked for.
    """

    @functools.cache
    def proved() -> dict[str, str]:
        from tonne.engine.prove.directions import conservative_sides  # noqa: PLC0415 (few runs need the solver)

        return conservative_sides(methodology)

    def side(name: str) -> Direction | None:
        declared = methodology.parameters[name].parameter.conservative
        return declared or cast("Direction | None", proved().get(name))

    return side


def _require_outputs(project: Project, methodology: Methodology) -> None:
    outputs = methodology.spec.outputs
    place = project.document.place("methodology", "=")
    if outputs is None:
        raise ProjectError(
            Problem(
                f"{methodology.id} is a module, not a methodology",
                place,
                hint="`tonne list` shows methodologies",
            )
        )
    for role in ROLES:
        name = getattr(outputs, role)
        if name and methodology.quantities[name].over not in {(), ("year",)}:
            raise ProjectError(
                Problem(
                    f"output {role} of {methodology.id} is over {', '.join(methodology.quantities[name].over)}",
                    place,
                    "over [year], or a scalar",
                )
            )


def _years(
    methodology: Methodology, plan: Plan, dataset: Dataset, values: Mapping[str, Mapping[Index, Decimal]]
) -> tuple[YearTotals, ...]:
    outputs = methodology.spec.outputs
    if outputs is None:
        return ()
    exact: dict[str, dict[str, Decimal]] = {}
    for role in ROLES:
        name = getattr(outputs, role)
        for index, value in values.get(name or "", {}).items():
            year = dataset.domain.label(plan.over(name), index)
            exact.setdefault(year, dict.fromkeys(ROLES, Decimal(0)))[role] = value
    with localcontext(CONTEXT):
        return year_totals(exact, outputs.rounding)


def _conditions(
    project: Project, methodology: Methodology, plan: Plan, reference: Reference
) -> tuple[tuple[ConditionResult, ...], list[Finding]]:
    """Test the conditions of applicability, or take the project's statement on them."""
    results: list[ConditionResult] = []
    findings: list[Finding] = []
    for name in project.spec.conditions:
        if name not in {condition.spec.id for condition in methodology.conditions}:
            raise ProjectError(Problem(f"unknown condition '{name}'", project.document.place("conditions", name)))
    for condition in methodology.conditions:
        spec = condition.spec
        if spec.id in plan.not_asked:
            continue
        statement = project.spec.conditions.get(spec.id)
        tree = plan.tests.get(spec.id)
        met = reference.holds(tree, {}) if tree is not None else statement.met if statement else None
        fact = statement.fact if statement else None
        results.append(
            ConditionResult(spec.id, spec.text, met, tree is not None, fact, statement.evidence if statement else None)
        )
        if met is False:
            findings.append(
                Finding(
                    "applicability.not_met",
                    Severity.BLOCKING,
                    f"适用条件“{spec.text.zh}”不满足。",
                    f"The condition of applicability “{spec.text.en}” is not met.",
                    {"condition": spec.id},
                    condition.place,
                )
            )
        elif met is None:
            findings.append(
                Finding(
                    "applicability.not_stated",
                    Severity.CLARIFICATION,
                    f"项目文件未说明是否满足适用条件“{spec.text.zh}”。",
                    f"The project file does not say whether the condition “{spec.text.en}” is met.",
                    {"condition": spec.id},
                    condition.place,
                )
            )
    return tuple(results), findings


def _require_crediting_period(project: Project, methodology: Methodology) -> None:
    """Refuse a crediting period that is longer than the methodology allows."""
    rule = methodology.spec.crediting_period
    period = project.spec.crediting_period
    if rule is None:
        return
    limit = _years_later(period.start, rule.longest_years)
    if period.end < limit:
        return
    raise ProjectError(
        Problem(
            "the crediting period is too long",
            project.document.place("crediting_period", "end", "="),
            f"at most {rule.longest_years} years, until {limit - datetime.timedelta(days=1)}",
            str(period.end),
        )
    )


def _years_later(day: datetime.date, years: int) -> datetime.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return datetime.date(day.year + years, 3, 1)

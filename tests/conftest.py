"""Builds methodologies and projects from inline text and computes them with both evaluators."""

import datetime
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, settings

from tonne.engine import calendar
from tonne.engine.check.infer import infer
from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.compare import Agreement, compare
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index
from tonne.engine.errors import Place, Problem, SpecError, TonneError, UnknownNameError
from tonne.engine.plan import Plan, make_plan
from tonne.engine.spec.factors import FactorTable, factor_table
from tonne.engine.spec.linking import link
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import MethodologySpec
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, parse_yaml, read_yaml

FIXTURES = Path(__file__).parent / "fixtures"
HEAD = """\
format: 1
id: inline
kind: module
title: {zh: 测试, en: Test}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
"""
CLOCK = {"start": "2024-01-01", "end": "2024-12-31"}

settings.register_profile(
    "quick",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,  # everyone's run is the same; a search for new faults sets TONNE_SEARCH
)
settings.register_profile("search", parent=settings.get_profile("quick"), derandomize=False, max_examples=400)
settings.load_profile("search" if os.environ.get("TONNE_SEARCH") else "quick")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Computed:
    """A plan on a dataset, computed twice."""

    plan: Plan
    dataset: Dataset
    exact: Mapping[str, Mapping[Index, Decimal]]
    columnar: Mapping[str, Mapping[Index, float | None]]
    agreement: Agreement

    def index(self, name: str, label: str) -> Index:
        """Read a label such as `2024-01,diesel`."""
        index = self.dataset.domain.parse(self.plan.over(name), label)
        assert index is not None, f"{label} is no index of {name}"
        return index

    def value(self, name: str, label: str = "") -> Decimal:
        """Give the exact value at a label."""
        return self.exact[name][self.index(name, label)]

    def values(self, name: str) -> dict[str, Decimal]:
        """Give all exact values by label."""
        over = self.plan.over(name)
        return {self.dataset.domain.label(over, index): value for index, value in self.exact[name].items()}


class Bench:
    """Where specs are put together and computed."""

    def __init__(self, store: duckdb.DuckDBPyConnection) -> None:
        self.store = store

    def methodology(
        self, text: str, modules: Mapping[str, str] | None = None, tables: Mapping[str, str] | None = None
    ) -> Methodology:
        """Link a spec; without `format:` it stands under the head of a module."""
        document = self._document(text, "spec.yaml")

        def find_module(name: str, place: Place) -> tuple[MethodologySpec, Document]:
            if name not in (modules or {}):
                raise UnknownNameError(Problem(f"no module '{name}'", place))
            found = self._document((modules or {})[name], f"{name}.yaml")
            return shaped(MethodologySpec, found, SpecError), found

        def find_table(name: str, place: Place) -> FactorTable:
            if name not in (tables or {}):
                raise UnknownNameError(Problem(f"no factor table '{name}'", place))
            return factor_table(parse_yaml((tables or {})[name], f"{name}.yaml"))

        return link(shaped(MethodologySpec, document, SpecError), document, find_module, find_table)

    def fixture(self, name: str, modules: tuple[str, ...] = ()) -> Methodology:
        """Link a spec of the fixtures folder."""
        texts = {module: (FIXTURES / module / "spec.yaml").read_text(encoding="utf-8") for module in modules}
        return self.methodology(read_yaml(FIXTURES / name / "spec.yaml").text, modules=texts)

    def _document(self, text: str, name: str) -> Document:
        return parse_yaml(text if text.startswith("format:") else HEAD + text, name)

    def problems(self, text: str, **parts: Mapping[str, str]) -> list[str]:
        """List what is wrong with a spec, as it is shown, with lines counted without the head."""
        try:
            methodology = self.methodology(text, **parts)
            inference = infer(methodology)
            if not inference.problems:
                make_plan(methodology, {name: next(iter(item.values)) for name, item in methodology.options.items()})
            problems = inference.problems
        except TonneError as fault:
            problems = fault.problems
        head = 0 if text.startswith("format:") else HEAD.count("\n")
        return [self._shown(problem, head) for problem in problems]

    def _shown(self, problem: Problem, head: int) -> str:
        place = problem.place
        if place and place.line and place.path == "spec.yaml":
            place = Place(place.path, place.line - head, place.column, place.field)
        return str(Problem(problem.what, place, problem.expected, problem.found, problem.hint))

    def plan(self, methodology: Methodology, choices: Mapping[str, Any] | None = None) -> Plan:
        """Plan with the given choices; a fixed option keeps its value."""
        return make_plan(methodology, {**methodology.fixed_options, **(choices or {})})

    def dataset(
        self,
        plan: Plan,
        values: Values,
        members: Mapping[str, list[str]] | None = None,
        period: Mapping[str, str] = CLOCK,
    ) -> Dataset:
        """Make a dataset: a value for all indices, or by label; defaults and choices come from the plan."""
        domain = self.domain(plan.methodology, members or {}, period)
        found: dict[str, dict[Index, Fraction]] = {}
        for name, over in plan.needed.items():
            given = values.get(name)
            if given is None and name.startswith("option:"):
                found[name] = self._choices(plan, name.removeprefix("option:"), domain)
                continue
            if given is None:
                given = self._by_option(plan, name)
            if given is None:
                continue
            if not isinstance(given, Mapping):
                given = {domain.label(over, index): given for index in domain.indices(over)}
            found[name] = {}
            for label, value in given.items():
                index = domain.parse(over, str(label))
                assert index is not None, f"{label} is no index of {name}"
                found[name][index] = Fraction(value)
        return Dataset(domain, found, {})

    def _by_option(self, plan: Plan, name: str) -> Any:
        parameter = plan.methodology.quantities[name].parameter
        if parameter.from_ != "option":
            return parameter.value
        option = plan.methodology.quantities[name].prefix + str(parameter.option)
        choice = plan.choices[option]
        by = parameter.by or {}
        return by[choice] if isinstance(choice, str) else {label: by[value] for label, value in choice.items()}

    def _choices(self, plan: Plan, option: str, domain: Domain) -> dict[Index, Fraction]:
        spec = plan.methodology.options[option]
        choice = plan.choices[option]
        assert not isinstance(choice, str)
        values = list(spec.values)
        over = tuple(spec.over)
        return {index: Fraction(values.index(choice[domain.label(over, index)])) for index in domain.indices(over)}

    def domain(self, methodology: Methodology, members: Mapping[str, list[str]], period: Mapping[str, str]) -> Domain:
        """Make the members of every dimension."""
        start, end = (datetime.date.fromisoformat(period[key]) for key in ("start", "end"))
        steps: dict[str, str] = {}
        found: dict[str, tuple[int | str, ...]] = {}
        for name, dimension in methodology.dimensions.items():
            if methodology.step(name):
                steps[name] = name
                found[name] = tuple(calendar.steps_between(name, start, end))
            elif dimension.time:
                steps[name] = dimension.time
                numbers = [calendar.parse_label(dimension.time, label) for label in members[name]]
                found[name] = tuple(sorted(number for number in numbers if number is not None))
            else:
                known = dimension.members
                found[name] = tuple(known) if isinstance(known, list | dict) else tuple(members[name])
        return Domain(found, steps, frozenset(name for name in steps if methodology.step(name)))

    def columnar(self, plan: Plan, dataset: Dataset) -> dict[str, dict[Index, float | None]]:
        """Compute with the columnar evaluator, in tables that no other computation sees."""
        return compute_columnar(plan, dataset, self.store.cursor())

    def compute(
        self,
        methodology: Methodology | str,
        values: Values,
        members: Mapping[str, list[str]] | None = None,
        choices: Mapping[str, Any] | None = None,
        period: Mapping[str, str] = CLOCK,
    ) -> Computed:
        """Compute with both evaluators and compare."""
        linked = self.methodology(methodology) if isinstance(methodology, str) else methodology
        plan = self.plan(linked, choices)
        dataset = self.dataset(plan, values, members, period)
        reference = Reference(plan, dataset)
        exact = reference.compute_all()
        columnar = self.columnar(plan, dataset)
        return Computed(plan, dataset, exact, columnar, compare(reference, exact, columnar))


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    store = duckdb.connect(":memory:", config={"threads": 2})
    yield Bench(store)
    store.close()

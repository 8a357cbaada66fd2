import copy
import datetime
import functools
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.engine import calendar
from tonne.engine.compute.compare import compare
from tonne.engine.compute.reference import Reference
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.errors import ProjectError
from tonne.engine.plan import make_plan
from tonne.engine.run import conservative_side
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.models import Outputs
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

CASES = sorted(bundled().root.glob("*/cases/good/*.yaml"))
WHOLE = [path for path in CASES if load_methodology(path.parts[-4]).spec.kind == "methodology"]
CLAIMED = [path for path in WHOLE if (claims := load_methodology(path.parts[-4]).spec.claims) and claims.proportional]
# One in every eight of the others: what is tested is how units are read, which is the same for all.
UNITS = [path for number, path in enumerate(CASES) if path in CLAIMED or number % 8 == 0]
MONTHS = [path for path in CLAIMED if len(set(re.findall(r"\d{4}-\d{2}(?=:)", path.read_text(encoding="utf-8")))) > 1]
# One unit, and how many of another make it.
OTHER_UNITS = {
    "MWh": [("kWh", "1000"), ("GJ", "3.6"), ("TJ", "0.0036"), ("万kWh", "0.1")],
    "kWh": [("MWh", "0.001"), ("MJ", "3.6")],
    "t": [("kg", "1000"), ("g", "1000000")],
    "Nm3": [("10^4 Nm3", "0.0001")],
    "tCO2/MWh": [("kgCO2/kWh", "1"), ("gCO2/kWh", "1000"), ("kgCO2/MWh", "1000")],
    "1": [("%", "100"), ("‰", "1000")],
    "km": [("m", "1000")],
    "m": [("km", "0.001"), ("cm", "100")],
}


def case_id(path: Any) -> str:
    return f"{path.parts[-4]}/{path.stem}"


def project_data(path: Any) -> dict[str, Any]:
    data = read_yaml(path).data
    return {"format": 1, "name": data["title"], "methodology": path.parts[-4], **data["project"]}


class Run:
    """A bundled methodology on the project part of one of its cases, both evaluators compared."""

    def __init__(self, bench: Any, data: dict[str, Any]) -> None:
        document = Document("case.yaml", data, {}, "", "")
        project = checked_project(shaped(ProjectSpec, document, ProjectError), document, bundled().root)
        self.methodology = load_methodology(data["methodology"])
        plan = make_plan(self.methodology, chosen_options(project, self.methodology))
        store = bench.store.cursor()
        self.dataset = collect(project, plan, store, conservative_side(self.methodology))
        reference = Reference(plan, self.dataset)
        self.values = reference.compute_all()
        compare(reference, self.values, bench.columnar(plan, self.dataset))

    @property
    def outputs(self) -> Outputs:
        assert self.methodology.spec.outputs is not None
        return self.methodology.spec.outputs

    def totals(self) -> dict[str, Fraction]:
        """The outputs of the whole period, not rounded."""
        outputs = self.outputs
        names = [outputs.baseline, outputs.project, outputs.leakage, outputs.reduction]
        return {name: Fraction(sum(self.values[name].values())) for name in names if name}


def change_numbers(value: dict[str, Any], change: Callable[[Decimal, int], Decimal]) -> None:
    """Replace each number of a value, given its position."""
    if "value" in value:
        value["value"] = change(Decimal(value["value"]), 0)
    for position, label in enumerate(value.get("at", {})):
        value["at"][label] = change(Decimal(value["at"][label]), position)
    for position, row in enumerate(value.get("rows", [])):
        row["value"] = change(Decimal(row["value"]), position)


def monitored(data: dict[str, Any]) -> dict[str, Any]:
    parameters = load_methodology(data["methodology"]).parameters
    return {name: value for name, value in data["values"].items() if parameters[name].parameter.from_ == "monitored"}


def scaled(data: dict[str, Any], factor_of: Callable[[str, int], Any]) -> dict[str, Any]:
    """The project with every monitored value multiplied."""
    changed = copy.deepcopy(data)
    for name, value in monitored(changed).items():
        factors = functools.partial(factor_of, name)
        change_numbers(value, lambda number, position, factors=factors: number * factors(position))  # type: ignore[misc]
    return changed


def near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= Fraction(1, 10**40) * (1 + abs(other))


@pytest.mark.parametrize("path", CLAIMED, ids=case_id)
def test_no_activity_is_no_emission_and_no_reduction(bench: Any, path: Any) -> None:
    run = Run(bench, scaled(project_data(path), lambda _name, _position: 0))
    assert set(run.totals().values()) == {0}


@pytest.mark.parametrize("path", CLAIMED, ids=case_id)
def test_twice_the_activity_is_twice_the_reduction(bench: Any, path: Any) -> None:
    data = project_data(path)
    once, thrice = Run(bench, data).totals(), Run(bench, scaled(data, lambda _name, _position: 3)).totals()
    assert all(near(thrice[name], 3 * value) for name, value in once.items())


@pytest.mark.parametrize("path", UNITS, ids=case_id)
def test_values_in_other_units_are_the_same_values(bench: Any, path: Any) -> None:
    data = project_data(path)
    expected = Run(bench, data)
    for rank in range(4):
        changed = copy.deepcopy(data)
        for value in changed.get("values", {}).values():
            others = OTHER_UNITS.get(value["unit"], [])
            if others and not any("unit" in row for row in value.get("rows", [])):
                value["unit"], factor = others[rank % len(others)]
                size = Decimal(factor)
                change_numbers(value, lambda number, _, size=size: number * size)  # type: ignore[misc]
        run = Run(bench, changed)
        assert run.dataset.values == expected.dataset.values
        assert run.values == expected.values


def part_of(data: dict[str, Any], first: datetime.date, last: datetime.date) -> dict[str, Any]:
    """The same project with a part of the monitoring period and the values of that part."""
    changed: dict[str, Any] = copy.deepcopy(data)
    changed["monitoring_period"] = {"start": str(first), "end": str(last)}
    months = {calendar.label("month", number) for number in calendar.steps_between("month", first, last)}
    known = months | {month[:4] for month in months}
    is_time = re.compile(r"\d{4}(-\d{2})?\Z")

    def stays(labels: Any) -> bool:
        return all(str(label) in known for label in labels if is_time.match(str(label)))

    for value in changed["values"].values():
        if "at" in value:
            value["at"] = {label: number for label, number in value["at"].items() if stays([label])}
        if "rows" in value:
            value["rows"] = [row for row in value["rows"] if stays(row["at"].values())]
    return changed


def splits(data: dict[str, Any]) -> tuple[datetime.date, datetime.date, list[datetime.date]]:
    """The months after the first one at which the period can be cut."""
    period = data["monitoring_period"]
    start, end = (datetime.date.fromisoformat(str(period[key])) for key in ("start", "end"))
    numbers = list(calendar.steps_between("month", start, end))[1:]
    return start, end, [calendar.start("month", number).date() for number in numbers]


@pytest.mark.parametrize("path", MONTHS, ids=case_id)
def test_parts_of_a_period_add_up_to_the_whole(bench: Any, path: Any) -> None:
    data = project_data(path)
    start, end, cuts = splits(data)

    @settings(max_examples=6)
    @given(st.sampled_from(cuts), st.lists(st.decimals("0", "5", places=3), min_size=7, max_size=7))
    def law(cut: Any, factors: Any) -> None:
        changed = scaled(data, lambda name, position: factors[(len(name) + position) % 7])
        whole = Run(bench, changed).totals()
        first = Run(bench, part_of(changed, start, cut - datetime.timedelta(days=1))).totals()
        second = Run(bench, part_of(changed, cut, end)).totals()
        assert all(near(first[name] + second[name], value) for name, value in whole.items())

    law()


@pytest.mark.parametrize("path", CLAIMED, ids=case_id)
def test_reduction_is_what_is_left_of_the_baseline_for_any_activity(bench: Any, path: Any) -> None:
    data = project_data(path)

    @settings(max_examples=6)
    @given(st.lists(st.decimals("0", "1000000", places=6), min_size=7, max_size=7))
    def law(factors: Any) -> None:
        run = Run(bench, scaled(data, lambda name, position: factors[(len(name) + position) % 7]))
        outputs, totals = run.outputs, run.totals()
        rest = totals[outputs.baseline] - totals.get(outputs.project or "", 0) - totals.get(outputs.leakage or "", 0)
        assert near(totals[outputs.reduction], rest)

    law()

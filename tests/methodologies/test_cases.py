"""Every golden case and every refusal of the bundled methodologies."""

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.compare import compare
from tonne.engine.compute.reference import Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import Project, ProjectSpec, checked_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError, TonneError
from tonne.engine.plan import make_plan
from tonne.engine.result.result import plain
from tonne.engine.run import conservative_side, run_project
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

ROOT = bundled().root
GOOD = sorted(ROOT.glob("*/cases/good/*.yaml"))
BAD = sorted(ROOT.glob("*/cases/bad/*.yaml"))
KNOWN_KEYS = {"format", "title", "origin", "source", "proves", "project", "expected", "refused"}
ORIGINS = {"published", "hand_calculated", "spreadsheet", "self"}


def case_id(path: Path) -> str:
    return f"{path.parts[-4]}/{path.stem}"


def project_of(path: Path) -> tuple[Project, dict[str, Any]]:
    """The project that a case describes, in a folder without data files."""
    document = read_yaml(path)
    case = document.data
    assert set(case) <= KNOWN_KEYS
    assert case["origin"] in ORIGINS
    data = {"format": 1, "name": case["title"], "methodology": path.parts[-4], **case["project"]}
    places = {steps[1:]: place for steps, place in document.places.items() if steps[:1] == ("project",)}
    inner = Document(document.path, data, places, document.digest, document.text)
    return checked_project(shaped(ProjectSpec, inner, ProjectError), inner, path.parent), case


def computed(project: Project, name: str) -> tuple[Any, dict[str, dict[Any, Decimal]], list[str]]:
    """Run a case by hand, so that modules, which have no outputs, can be run too."""
    methodology = load_methodology(name)
    plan = make_plan(methodology, chosen_options(project, methodology))
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store([project.folder], Path(scratch))
        dataset = collect(project, plan, store, conservative_side(methodology))
        columnar = compute_columnar(plan, dataset, store)
        store.close()
    reference = Reference(plan, dataset)
    values = reference.compute_all()
    compare(reference, values, columnar)
    given = {key: {index: decimal(value) for index, value in items.items()} for key, items in dataset.values.items()}
    return reference, {**given, **values}, [finding.code for finding in dataset.findings]


@pytest.mark.parametrize("path", GOOD, ids=case_id)
def test_golden_case_gives_its_expected_values(path: Path) -> None:
    project, case = project_of(path)
    name = path.parts[-4]
    reference, values, findings = computed(project, name)
    expected = case["expected"]
    for quantity, wanted in expected.get("values", {}).items():
        over = reference.plan.over(quantity)
        tolerance = Decimal(str(wanted.get("tolerance", 0)))
        for label, number in wanted["at"].items():
            index = reference.domain.parse(over, label)
            assert index in values[quantity], f"{quantity}@{label}"
            found = values[quantity][index]
            if tolerance:
                assert abs(found - Decimal(str(number))) <= tolerance, f"{quantity}@{label}"
            else:
                assert plain(found) == plain(Decimal(str(number))), f"{quantity}@{label}"
    for code in expected.get("findings", []):
        assert code in findings
    wanted_conditions = expected.get("conditions", {})
    for name_of, tree in reference.plan.tests.items():
        assert reference.holds(tree, {}) is wanted_conditions.get(name_of, True), f"condition {name_of}"
    if "totals" in expected:
        result = run_project(project, load_methodology(name), lambda _stage: None)
        for role, number in expected["totals"].items():
            assert result.rounded_total(role) == Decimal(str(number)), role


@pytest.mark.parametrize("path", BAD, ids=case_id)
def test_faulty_case_is_refused_with_the_words_that_help(path: Path) -> None:
    case = read_yaml(path).data
    with pytest.raises(TonneError) as refusal:
        computed(project_of(path)[0], path.parts[-4])
    for words in case["refused"]["contains"]:
        assert words in str(refusal.value)


def test_every_methodology_has_enough_cases_and_one_calculated_by_hand() -> None:
    for name in bundled().ids():
        cases = [read_yaml(path).data for path in GOOD if path.parts[-4] == name]
        assert len(cases) >= 4, name
        assert any(case["origin"] == "hand_calculated" for case in cases), name

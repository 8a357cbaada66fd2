"""Faulty specs with the exact words that say what is wrong, each beside a correct twin on which nothing is found."""

import functools
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine import calendar
from tonne.engine.check.checks import check
from tonne.engine.check.infer import infer
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index
from tonne.engine.errors import Problem, RunError, SpecError
from tonne.engine.findings import Finding
from tonne.engine.plan import make_plan
from tonne.engine.prove.prove import check_and_prove, statements
from tonne.engine.prove.statement import VERDICTS, Point, Statement
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.methodology import Methodology, Quantity

FOLDER = Path(__file__).parent / "bad_specs"
TWINS = sorted(path.parent.name for path in (FOLDER / "twins").glob("*/spec.yaml"))
FAULTS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))
}
UNDECIDED = {
    "digester": {("direction.sign", name) for name in ("rho_CH4", "GWP_CH4")},
    "lagoon": {
        ("direction.sign", name)
        for name in ("COD_BL", "COD_start", "emptied", "T", "T_ref", "T_freeze", "E_R", "B_o", "GWP_CH4")
    },
}

T_MONTH = "  T_month: {symbol: 'T_{m}', unit: degC, from: fixed}\n"
LOOKALIKES = [
    ("combustion", "expr: 1 - OF,", "expr: OF * (1 - OF),"),
    ("combustion", "expr: 1 - OF,", "expr: 'max(0.05, 1 - OF)',"),
    ("combustion", "expr: 1 - OF,", "expr: 1000 * (1 - OF),"),
    ("combustion", "expr: CC * OF * C_to_CO2", "expr: CC * OF * 44 / 12 * C_to_CO2 / (44 / 12)"),
    ("capture", "expr: BE * f_seep,", "expr: BE * f_seep ** 2,"),
    ("capture", "expr: BE * f_seep,", "expr: BE * f_seep * (1 - f_seep),"),
    ("capture", "expr: m_moved * distance * EF_road,", "expr: m_moved * distance * EF_road + PE * f_seep,"),
    (
        "grid",
        "expr: BE - PE - LE,",
        "expr: 'sum(EG_PJ * EF_CM, over=month) - PE - LE + BE - sum(EG_PJ * EF_CM, over=month)',",
    ),
    (
        "digester",
        "bind: {F_RG: F_flared, GWP_CH4: GWP_CH4}",
        "bind: {F_RG: F_flared, GWP_CH4: GWP_CH4, T_low: T_month}",
    ),
]


@dataclass(frozen=True)
class Outcome:
    """What is said of a spec: the faults that stop linking, or the findings with their statements."""

    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()
    proofs: tuple[Statement, ...] = ()
    methodology: Methodology | None = None

    def proof_of(self, finding: Finding) -> Statement | None:
        """Give the statement that a finding repeats."""
        return next((item for item in self.proofs if item.finding() == finding), None)


def outcome_of(path: Path) -> Outcome:
    try:
        methodology = load_methodology(path)
    except SpecError as fault:
        return Outcome(problems=fault.problems)
    report = check_and_prove(methodology)
    return Outcome((), report.findings, statements(methodology), methodology)


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """Make a faulty spec of its twin, and check and prove it once."""

    @functools.cache
    def outcome(name: str) -> Outcome:
        fault = FAULTS[name]
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(FOLDER / "twins", folder, dirs_exist_ok=True)
        path = folder / fault["twin"] / "spec.yaml"
        if "table" in fault:
            path = folder / "factors" / f"{fault['table']}.yaml"
            path.parent.mkdir()
            shutil.copyfile(bundled().root / "factors" / path.name, path)
        text = path.read_text(encoding="utf-8")
        for change in fault["replace"]:
            assert text.count(change["old"]) == 1, f"{name}: {change['old']}"
            text = text.replace(change["old"], change["new"])
        path.write_text(text, encoding="utf-8")
        return outcome_of(folder / fault["twin"] / "spec.yaml")

    return outcome


def told(outcome: Outcome, faults: tuple[str, ...]) -> list[dict[str, Any]]:
    """Write what is wrong as in the files, points left out: all that fails, and the given codes even if they do not."""
    shown: list[dict[str, Any]] = []
    for problem in outcome.problems:
        words = Problem(problem.what, None, problem.expected, problem.found, problem.hint)
        shown.append({"code": "error", "says": str(words), **position(problem.place)})
    for finding in outcome.findings:
        if not finding.failed and finding.code not in faults:
            continue
        proof = outcome.proof_of(finding)
        zh, en = finding.zh, finding.en
        if proof is not None:
            if proof.verdict == "proved":
                continue
            verdict = VERDICTS[proof.verdict]
            zh, en = f"{verdict['zh']}：{proof.zh}", f"{verdict['en']}: {proof.en}"
            assert finding.zh.startswith(zh)
            assert finding.en.startswith(en)
        words_zh = {} if finding.code.endswith(".misfit") else {"zh": zh}
        shown.append({"code": finding.code, "says": en, **words_zh, **position(finding.place)})
    return shown


def position(place: Any) -> dict[str, Any]:
    path = Path(place.path)
    return {"in": f"{path.parent.name}/{path.name}", "line": place.line, "column": place.column}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told_in_exactly_these_words(outcomes: Callable[[str], Outcome], name: str) -> None:
    fault = FAULTS[name]
    here = f"factors/{fault['table']}.yaml" if "table" in fault else f"{fault['twin']}/spec.yaml"
    expected = [{"in": here, **item} for item in fault["expect"]]
    found = told(outcomes(name), tuple(item["code"] for item in expected))
    assert sorted(found, key=repr_of) == sorted(expected, key=repr_of)


def repr_of(item: Mapping[str, Any]) -> str:
    return f"{item['code']} {item['line']:04} {item['column']:04} {item['says']}"


@pytest.mark.parametrize("name", TWINS)
def test_nothing_is_found_on_the_twin(name: str) -> None:
    outcome = outcome_of(FOLDER / "twins" / name / "spec.yaml")
    assert not outcome.problems
    assert [finding.en for finding in outcome.findings if finding.failed] == []
    assert [item.en for item in outcome.proofs if item.verdict == "refuted"] == []
    undecided = {(item.code, item.subject) for item in outcome.proofs if item.verdict == "undecided"}
    assert undecided <= UNDECIDED.get(name, set())
    assert [finding.en for finding in outcome.findings if finding.code == "structure.identity"] == (
        ["proved: the reduction is baseline − project − leakage, for all inputs"] if name != "flare" else []
    )


@pytest.mark.parametrize(("twin", "old", "new"), LOOKALIKES)
def test_what_only_looks_like_a_fault_is_left_alone(tmp_path: Path, twin: str, old: str, new: str) -> None:
    shutil.copytree(FOLDER / "twins", tmp_path, dirs_exist_ok=True)
    path = tmp_path / twin / "spec.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    text = text.replace(old, new).replace("  F_used: {symbol", T_MONTH * ("T_month" in new) + "  F_used: {symbol")
    path.write_text(text, encoding="utf-8")
    assert [finding.en for finding in check(load_methodology(path)).findings if finding.failed] == []


def test_there_are_enough_faults_and_every_twin_is_used() -> None:
    assert len(FAULTS) >= 45
    assert {fault["twin"] for fault in FAULTS.values()} == set(TWINS)


@pytest.mark.parametrize(
    "name", [name for name, fault in FAULTS.items() if any("refuted: " in item["says"] for item in fault["expect"])]
)
def test_what_is_refuted_really_fails_at_the_point(outcomes: Callable[[str], Outcome], name: str) -> None:
    outcome = outcomes(name)
    assert outcome.methodology is not None
    refuted = [item for item in outcome.proofs if item.verdict == "refuted" and item.code in POINTED]
    for item in refuted:
        assert item.points, item.en
        for point in item.points:
            assert POINTED[item.code](Replay(outcome.methodology, point), item), f"{item.en}: {point.words()}"


class Replay:
    """A point put into the reference evaluator: its members are those that it names, what it leaves out is constant."""

    def __init__(self, methodology: Methodology, point: Point) -> None:
        self.methodology = methodology
        self.point = point
        self.options = {name: next(iter(option.values)) for name, option in methodology.options.items()}
        self.options |= {**methodology.fixed_options, **point.options}
        self.domain = self._domain()
        self.plan = make_plan(methodology, self.options, infer(methodology))
        values = {name: dict(self._values(methodology.quantities[name])) for name in self.plan.needed}
        self.reference = Reference(self.plan, Dataset(self.domain, values, {}))

    def _domain(self) -> Domain:
        """Take the members from the labels of the point; one of each dimension that it does not name."""
        named: dict[str, set[str]] = {name: set() for name in self.methodology.dimensions}
        for text in self.point.values:
            name, _, label = text.partition("@")
            over = self.methodology.quantities[name].over
            for axis, member in zip(over, label.split(",") if label else (), strict=True):
                named[axis].add(member)
        first = {
            "year": "2024",
            "month": "2024-01",
            "day": "2024-01-01",
            "hour": "2024-01-01T00",
            "minute": "2024-01-01T00:00",
        }
        members: dict[str, tuple[int | str, ...]] = {}
        steps: dict[str, str] = {}
        for name, dimension in self.methodology.dimensions.items():
            if dimension.time:
                steps[name] = dimension.time
                labels = named[name] or {first[dimension.time]}
                numbers = [calendar.parse_label(dimension.time, label) for label in labels]
                members[name] = tuple(sorted(number for number in numbers if number is not None))
            else:
                known = list(dimension.members) if isinstance(dimension.members, dict | list) else ["one"]
                members[name] = tuple(sorted(named[name])) or (known[0],)
        return Domain(members, steps, frozenset(name for name in steps if self.methodology.step(name)))

    def _values(self, quantity: Quantity) -> Iterator[tuple[Index, Fraction]]:
        for index in self.domain.indices(quantity.over):
            label = f"@{self.domain.label(quantity.over, index)}" if quantity.over else ""
            value = self.point.values.get(quantity.id + label, self._given(quantity))
            if value is not None:
                yield index, value

    def _given(self, quantity: Quantity) -> Fraction | None:
        parameter = quantity.parameter
        if parameter.from_ == "option":
            return (parameter.by or {})[self.options[quantity.prefix + str(parameter.option)]]
        bounds = parameter.bounds
        inside = bounds.min if bounds and bounds.min is not None else Fraction(1)
        return parameter.value if parameter.value is not None else inside

    def fails(self, name: str) -> bool:
        """Whether a quantity has no value at some index."""
        for index in self.domain.indices(self.methodology.quantities[name].over):
            try:
                self.reference.value(name, index)
            except RunError:
                return True
        return False

    def total(self, name: str) -> Fraction:
        """Add up a quantity."""
        over = self.methodology.quantities[name].over
        return sum((Fraction(self.reference.value(name, index)) for index in self.domain.indices(over)), Fraction(0))


def has_no_value(replay: Replay, item: Statement) -> bool:
    return replay.fails(item.subject)


def is_not_idle(replay: Replay, item: Statement) -> bool:
    claims = replay.methodology.spec.claims
    assert claims is not None
    active = {
        text for text, value in replay.point.values.items() if text.partition("@")[0] in claims.activity and value
    }
    return not active and (replay.fails(item.subject) or replay.total(item.subject) != 0)


def exceeds_the_baseline(replay: Replay, item: Statement) -> bool:
    outputs = replay.methodology.spec.outputs
    assert outputs is not None
    return replay.total(outputs.reduction) > replay.total(outputs.baseline)


POINTED = {
    "cases.complete": has_no_value,
    "domain.total": has_no_value,
    "structure.idle": is_not_idle,
    "structure.within_baseline": exceeds_the_baseline,
}

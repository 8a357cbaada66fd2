import time
from typing import Any

import pytest

from tonne.engine.check.checks import CHECKS, CheckReport, check
from tonne.engine.check.identity import same
from tonne.engine.errors import Place, SpecError
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.engine.spec.expression import parse

SPEC = """\
format: 1
id: whole
title: {{zh: 测试, en: Test}}
category: methane
source: {{publisher: {{zh: 测试, en: Test}}, document: Test, evidence: composed}}
dimensions: {{year: {{time: year}}}}
options: {{kind: {{name: {{zh: 类, en: Kind}}, values: [p, q]}}}}
parameters:
  a: {{unit: tCO2e, over: [year], from: fixed}}
  b: {{unit: kgCO2e, over: [year], from: fixed}}
  c: {{unit: '1', from: default, value: 0.5, evidence: expert-recall}}
equations:
  BE: {{unit: tCO2e, over: [year], expr: a * c, cite: {{number: 1}}}}
  PE: {{unit: tCO2e, over: [year], cases: [{{when: kind == p, expr: b}}, {{otherwise: '0'}}], evidence: composed}}
  LE: {{unit: tCO2e, over: [year], expr: b / 2, evidence: composed}}
  ER: {{unit: tCO2e, over: [year], expr: '{er}', evidence: composed}}
outputs: {{baseline: BE, project: PE, leakage: LE, reduction: ER, rounding: {{mode: floor}}}}
"""


def report(bench: Any, er: str = "BE - PE - LE", **changes: tuple[str, str]) -> CheckReport:
    text = SPEC.format(er=er)
    for old, new in changes.values():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return check(bench.methodology(text))


def codes(outcome: CheckReport) -> list[tuple[str, Any]]:
    return [(finding.code, finding.evidence.get("quantity") or finding.evidence.get("name")) for finding in outcome.findings
            if finding.failed]  # fmt: skip


def verdict(found: CheckReport) -> Any:
    (finding,) = [finding for finding in found.findings if finding.code == "structure.identity"]
    return finding.evidence.get("verdict", "refuted")


@pytest.mark.parametrize("name", methodology_ids())
def test_bundled_methodology_passes_every_check(name: Any) -> None:
    outcome = check(load_methodology(name))
    assert outcome.passed, [finding.en for finding in outcome.findings if finding.failed]
    if load_methodology(name).spec.kind == "methodology":
        assert verdict(outcome) == "proved"


def test_checks_are_numbered_in_order() -> None:
    numbers = [item.number for item in CHECKS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("er", "expected"),
    [
        ("BE - PE - LE", "proved"),
        ("BE - (PE + LE)", "proved"),
        ("a * c - PE - b / 2", "proved"),
        ("c * a - LE - PE", "proved"),
        ("-(LE + PE - BE)", "proved"),
        ("(2 * BE - 2 * PE) / 2 - b * 0.5", "proved"),
        ("a - a * (1 - c) - PE - LE", "proved"),
        ("BE ** 1 - PE - LE", "undecided"),
        ("BE - PE + LE", "refuted"),
        ("max(0, BE - PE - LE)", "undecided"),
    ],
)
def test_identity_of_the_reduction(bench: Any, er: Any, expected: Any) -> None:
    assert verdict(report(bench, er)) == expected


@pytest.mark.parametrize(
    "er", ["BE - PE", "BE - PE + LE", "BE - PE - LE + a", "BE - PE - 2 * LE", "a * c * c - PE - LE"]
)
def test_identity_is_refuted_where_only_arithmetic_is_left(bench: Any, er: Any) -> None:
    plain = ("cases: [{when: kind == p, expr: b}, {otherwise: '0'}]", "expr: b * c")
    outcome = report(bench, er, plain=plain)
    assert verdict(outcome) == "refuted"
    assert ("structure.identity", "ER") in codes(outcome)


def test_conversions_do_not_hide_the_identity(bench: Any) -> None:
    leakage = ("  LE: {unit: tCO2e, over: [year], expr: b / 2", ("  L: {unit: kgCO2e, over: [year], expr: b / 2, evidence: composed}\n"
               "  LE: {unit: tCO2e, over: [year], expr: L"))  # fmt: skip
    assert verdict(report(bench, er="BE - PE - L", leakage=leakage)) == "proved"


def test_outputs_have_the_unit_of_the_rounding(bench: Any) -> None:
    with pytest.raises(
        SpecError,
        match="output leakage LE does not have the unit of the rounding; expected tCO2e, found kgCO2e",
    ):
        report(bench, leakage=("  LE: {unit: tCO2e,", "  LE: {unit: kgCO2e,"))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("x / x", "1", "proved"),  # wherever both have a value
        ("(x + y) * (x - y)", "x * x - y * y", "proved"),
        ("1 / (1 / x + 1 / y)", "x * y / (x + y)", "proved"),
        ("x / y", "y / x", "refuted"),
        ("sum(x + y, over=m)", "sum(y + x, over=m)", "undecided"),
        ("sum(x, over=m) * 2", "2 * sum(x, over=m)", "proved"),
        ("exp(x) - exp(x)", "0", "proved"),
        ("exp(x) * exp(y)", "exp(x + y)", "undecided"),
        ("x ** 2", "x * x", "undecided"),
        ("0.1 + 0.2", "0.3", "proved"),
        ("x - x", "0", "proved"),
        ("x", "y", "refuted"),
    ],
)
def test_sameness_of_formulas(left: Any, right: Any, expected: Any) -> None:
    assert same(parse(left), parse(right), {}) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{0} + {0}", "proved"),
        ("{0} * {0}", "proved"),
        ("{0} * {0} + x", "proved"),
        ("({0} + x) * ({0} + y) * ({0} + z)", "proved"),
        ("3 * {0} * {0}", "proved"),
        ("{0} / (1 + {0})", "proved"),
    ],
)
def test_deep_chains_are_decided_or_left_undecided_at_once(step: Any, expected: Any) -> None:
    trees = {"e0": parse("x + 1")} | {f"e{n}": parse(step.format(f"e{n - 1}")) for n in range(1, 300)}
    begun = time.perf_counter()
    assert same(parse("e299"), parse("e299"), trees) == expected
    assert same(parse("e299 * 1"), parse("e298 * 2"), trees) in {"proved", "refuted", "undecided"}
    assert same(parse("e299 * e1"), parse("e299 * x + e299"), trees) in {"proved", "refuted", "undecided"}
    assert time.perf_counter() - begun < 2


def test_unused_parts_are_found(bench: Any) -> None:
    extra = (
        "equations:\n",
        "  d: {unit: '1', from: fixed}\nequations:\n  E: {unit: '1', expr: d, evidence: composed}\n",
    )
    unused = ("values: [p, q]}}", "values: [p, q]}, other: {name: {zh: 乙, en: B}, values: [r]}}")
    dimension = ("{year: {time: year}}", "{year: {time: year}, month: {time: month}}")
    found = codes(report(bench, extra=extra, unused=unused, dimension=dimension))
    assert found == [("names.unused", name) for name in ("d", "E", "other", "month")]


def test_cycle_is_a_finding_of_the_check(bench: Any) -> None:
    outcome = report(bench, er="BE - PE - LE + 0 * ER")
    assert ("names.cycle", "ER") in codes(outcome)
    assert not outcome.passed


def test_missing_sources_are_found(bench: Any) -> None:
    found = codes(report(bench, c=(", evidence: expert-recall", ""), be=(", cite: {number: 1}", "")))
    assert found == [("evidence.missing", "c"), ("evidence.missing", "BE")]


def test_misfits_are_blocking_and_keep_their_place(bench: Any) -> None:
    outcome = report(bench, er="BE - PE - a * a")
    (finding,) = [finding for finding in outcome.findings if finding.code == "units.misfit"]
    assert finding.severity == "blocking"
    assert finding.place == Place("spec.yaml", 16, 42)
    data = outcome.as_data()
    assert not data["passed"]
    assert [item["name"] for item in data["checks"] if not item["passed"]] == ["units"]


def test_inserted_conversions_are_told(bench: Any) -> None:
    (finding,) = [finding for finding in report(bench).findings if finding.code == "units.converted"]
    assert finding.evidence["conversions"] == [
        "PE: kgCO2e → tCO2e (× 1/1000)",
        "LE: kgCO2e → tCO2e (× 1/1000)",
    ]


MODULE = """\
format: 1
id: part
kind: module
title: {zh: 模块, en: Module}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {year: {time: year}}
options: {way: {name: {zh: 路, en: Way}, values: [r, s]}}
parameters:
  on: {unit: flag, from: fixed}
  x: {unit: tCO2e, over: [year], from: fixed, when: on}
equations:
  half: {unit: tCO2e, over: [year], expr: x / 2, evidence: composed}
  double: {unit: tCO2e, over: [year], expr: x * 2, evidence: composed}
"""
STATED = "conditions: [{id: lawful, text: {zh: 合法, en: Lawful}}]\n"


@pytest.mark.parametrize(
    ("old", "new", "module", "unused"),
    [
        ("", "", MODULE, True),
        ("expr: b / 2", "expr: b / 2 + part.half", MODULE, False),
        ("expr: b / 2", "expr: b / 2 + part.x", MODULE, False),
        ("when: kind == p", "when: kind == p and part.way == r", MODULE, False),
        ("b: {unit: kgCO2e,", "b: {when: part.on, unit: kgCO2e,", MODULE, False),
        ("", "", MODULE + STATED, False),
    ],
    ids=["nothing", "one of two results", "a parameter", "a choice", "when a value is given", "a condition"],
)
def test_module_is_used_by_any_of_its_parts(bench: Any, old: str, new: str, module: str, unused: bool) -> None:
    text = SPEC.format(er="BE - PE - LE").replace("equations:", "uses: {part: {module: part}}\nequations:")
    found = codes(check(bench.methodology(text.replace(old, new) if old else text, modules={"part": module})))
    assert found == ([("names.unused", "part")] if unused else [])

"""What needs no solver: choices that a spec fixes, values of one option, amounts that are taken away."""

import pytest

from tonne.engine.prove.prove import statements

LARGE = " * ".join(["f"] * 30)  # a polynomial beyond what the solver is asked about
MODULE = """\
format: 1
id: part
kind: module
title: {zh: 测试, en: Test}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {year: {time: year}}
options:
  how: {name: {zh: 方式, en: Way}, values: [short, long]}
parameters:
  a: {unit: '1', over: [year], from: fixed}
  b: {unit: '1', over: [year], from: fixed, when: how == long}
equations:
  x:
    over: [year]
    unit: '1'
    evidence: composed
    cases:
      - {when: how == short, expr: a}
      - {when: how == long, expr: a / b}
"""
USER = """\
format: 1
id: user
title: {zh: 测试, en: Test}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {year: {time: year}}
uses: {part: {module: part%s}}
equations:
  BE: {over: [year], unit: '1', expr: part.x, evidence: composed}
outputs: {baseline: BE, reduction: BE, rounding: {mode: none, unit: '1'}}
"""


@pytest.mark.parametrize(
    ("fixed", "moved"), [(", options: {how: short}", {"part.a"}), ("", {"part.a", "part.b"})], ids=["fixed", "open"]
)
def test_branch_that_the_spec_rules_out_is_not_spoken_of(bench, fixed, moved):
    said = statements(bench.methodology(USER % fixed, modules={"part": MODULE}))
    assert {item.subject for item in said if item.code == "direction.sign"} == moved
    assert [item.code for item in said if item.code == "cases.unreachable"] == []
    assert ("domain.total" in {item.code for item in said}) is (not fixed)


def test_values_of_one_option_exclude_each_other_whatever_the_formulas(proved):
    said = proved(
        {"f": "bounds: {min: 0}"},
        {"BE[year]": f"[{{when: way == p, expr: {LARGE}}}, {{when: way == q, expr: 2 * {LARGE}}}]"},
    )
    assert [item.verdict for item in said if item.code == "cases.overlap"] == ["proved"]


def test_condition_on_what_nothing_else_needs_does_not_stop_the_proofs(proved):
    said = proved(
        {"f": "bounds: {min: 0}", "g": "bounds: {min: 0}, when: spare > 1"},
        {"spare": "f * 2", "BE[year]": "[{when: f > 1, expr: g * (f - 3) * (f - 4)}, {otherwise: '0'}]"},
    )
    assert {item.subject for item in said if item.code == "direction.sign"} == {"f", "g"}


TAKEN = f"""\
format: 1
id: taken
title: {{zh: 测试, en: Test}}
category: methane
source: {{publisher: {{zh: 测试, en: Test}}, document: Test, evidence: composed}}
dimensions: {{year: {{time: year}}}}
parameters:
  f: {{unit: '1', from: fixed, bounds: {{min: LOW}}}}
  g: {{unit: '1', over: [year], from: fixed}}
equations:
  BE: {{over: [year], unit: '1', expr: g, evidence: composed}}
  PE: {{over: [year], unit: '1', expr: {LARGE} * f, evidence: composed}}
  ER: {{over: [year], unit: '1', expr: BE - PE, evidence: composed}}
outputs: {{baseline: BE, project: PE, reduction: ER, rounding: {{mode: none, unit: '1'}}}}
claims: {{within_baseline: true}}
"""


@pytest.mark.parametrize(("low", "verdict"), [("0", "proved"), ("-1", "undecided")])
def test_baseline_less_what_is_never_negative_is_within_it_however_large(bench, low, verdict):
    said = statements(bench.methodology(TAKEN.replace("LOW", low)))
    assert [item.verdict for item in said if item.code == "structure.within_baseline"] == [verdict]

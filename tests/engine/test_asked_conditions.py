"""What a project is asked for: conditions and options that only branches not taken would read are left out."""

from typing import Any

import pytest

from tonne.engine.errors import SpecError
from tonne.engine.plan import options_read

SPEC = """\
dimensions: {year: {time: year}, flare: {members: from_data}}
options:
  kind: {name: {zh: 类, en: Kind}, values: [p, q]}
  detail: {name: {zh: 细节, en: Detail}, values: [fine, coarse]}
  share_of: {name: {zh: 份额, en: Share}, values: [low, high]}
  by_flare: {name: {zh: 型, en: Type}, values: [open, closed], over: [flare]}
parameters:
  a: {unit: '1', from: fixed}
  b: {unit: '1', from: option, option: share_of, by: {low: 1, high: 2}, when: kind == q, evidence: composed}
equations:
  total: {unit: '1', over: [year], cases: [{when: kind == p, expr: a}, {otherwise: part * b}]}
  part: {unit: '1', cases: [{when: detail == fine, expr: a}, {otherwise: 2 * a}]}
outputs: {baseline: total, reduction: total, rounding: {unit: '1', mode: none}}
conditions:
  - {id: always, text: {zh: 总是, en: Always}, test: a > 0}
  - {id: only_p, text: {zh: 仅类p, en: Only p}, when: kind == p}
  - {id: only_q, text: {zh: 仅类q, en: Only q}, when: not kind == p, test: a > 1}
"""


@pytest.mark.parametrize(
    ("kind", "not_asked", "tested"), [("p", {"only_q"}, {"always"}), ("q", {"only_p"}, {"always", "only_q"})]
)
def test_condition_is_asked_only_where_its_when_holds(bench: Any, kind: str, not_asked: Any, tested: Any) -> None:
    plan = bench.plan(bench.methodology(SPEC), {"kind": kind, "detail": "fine", "share_of": "low"})
    assert plan.not_asked == not_asked
    assert set(plan.tests) == tested


@pytest.mark.parametrize(
    "when", ["a > 0", "kind == p and a > 0", "by_flare == open"], ids=["number", "number beside option", "by member"]
)
def test_when_of_a_condition_that_options_alone_do_not_decide_is_refused(bench: Any, when: str) -> None:
    with pytest.raises(SpecError, match="not decided by options of the whole project"):
        bench.methodology(SPEC.replace("when: kind == p}", f"when: {when}}}"))


@pytest.mark.parametrize(
    ("choices", "read"),
    [({"kind": "p"}, set()), ({"kind": "q"}, {"detail", "share_of"}), ({}, {"kind", "detail", "share_of"})],
)
def test_options_of_branches_not_taken_are_not_read(bench: Any, choices: Any, read: Any) -> None:
    assert options_read(bench.methodology(SPEC), choices) == read

import itertools
from typing import Any

import pytest

from tonne.engine.errors import SpecError
from tonne.engine.plan import FALSE, TRUE, Plan, settled
from tonne.engine.spec.tree import Chosen, Name, Previous, walk

SPEC = """\
dimensions: {month: {time: month}, year: {time: year}, flare: {members: from_data}}
options:
  kind: {name: {zh: 类, en: Kind}, values: [p, q, r]}
  by_flare: {name: {zh: 型, en: Type}, values: [open, closed], over: [flare]}
parameters:
  a: {unit: '1', over: [month], from: fixed, when: kind == p}
  b: {unit: '1', over: [month], from: fixed, when: kind != p}
  c: {unit: '1', from: fixed}
  d: {unit: '1', over: [flare], from: fixed, when: by_flare == open}
  e: {unit: '1', from: fixed}
equations:
  total: {unit: '1', over: [year], expr: 'sum(x, over=month) + sum(y, over=flare)'}
  x:
    unit: '1'
    over: [month]
    cases:
      - {when: kind == p and c > 0, expr: a}
      - {when: kind == p, expr: c}
      - {when: kind == q or c > 1, expr: b}
      - {otherwise: '0'}
  y: {unit: '1', over: [flare], cases: [{when: by_flare == open, expr: d}, {otherwise: c}]}
  stock: {unit: '1', over: [month], expr: 'other + prev(stock, month, c)'}
  other: {unit: '1', over: [month], expr: 'prev(stock, month, 0) / 2'}
"""


def plan_of(bench: Any, kind: str = "p", text: str = SPEC) -> Plan:
    plan: Plan = bench.plan(bench.methodology(text), {"kind": kind, "by_flare": {"a": "open", "b": "closed"}})
    return plan


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("p", {"a", "c", "d"}), ("q", {"b", "c", "d"}), ("r", {"b", "c", "d"})],
)
def test_only_what_the_chosen_branches_use_is_needed(bench: Any, kind: Any, needed: Any) -> None:
    plan = plan_of(bench, kind)
    assert set(plan.needed) == needed | {"option:by_flare"}
    assert "e" in plan.left_out
    assert plan.conditional == {"d"}
    assert plan.over("option:by_flare") == ("flare",)
    assert plan.unit("option:by_flare").text == "1"


def test_what_is_needed_comes_first_and_a_recurrence_is_one_group(bench: Any) -> None:
    plan = plan_of(bench)
    order = [step.id for group in plan.groups for step in group]
    assert sorted(order) == ["other", "stock", "total", "x", "y"]
    assert order.index("x") < order.index("total")
    assert order.index("y") < order.index("total")
    assert [{step.id for step in group} for group in plan.groups if len(group) > 1] == [{"stock", "other"}]


def test_choices_are_settled_as_logic_says(bench: Any) -> None:
    methodology = bench.methodology(SPEC)
    x = methodology.quantities["x"].tree
    for kind in ("p", "q", "r"):
        tree = settled(x, methodology, {"kind": kind, "by_flare": {}})
        assert not [part for part in walk(tree) if isinstance(part, Chosen)]
        assert not [part for part in walk(tree) if part in {TRUE, FALSE}]
    assert settled(x, methodology, {"kind": "q", "by_flare": {}}) == Name("b")


def test_equations_that_need_each_other_only_in_branches_not_chosen_are_planned(bench: Any) -> None:
    text = SPEC + (
        "  u: {unit: '1', cases: [{when: kind == p, expr: v}, {otherwise: c}]}\n"
        "  v: {unit: '1', cases: [{when: kind == p, expr: c}, {otherwise: u}]}\n"
    )
    for kind in ("p", "q", "r"):
        assert {"u", "v"} <= set(plan_of(bench, kind, text).steps)


def test_parameter_used_where_its_condition_does_not_hold_is_planned_without_a_value(bench: Any) -> None:
    text = SPEC + "  z: {unit: '1', over: [month], expr: b}\n"
    plan = plan_of(bench, "p", text)
    assert "b" in plan.needed
    assert "b" in plan.conditional


def test_initial_value_of_an_initial_value_counts_at_the_first_step(bench: Any) -> None:
    text = SPEC + "  z: {unit: '1', over: [month], expr: 'prev(x, month, prev(stock, month, c))'}\n"
    tree = plan_of(bench, "p", text).steps["z"].tree
    assert tree == Previous("x", "month", Name("c"))


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        ("z: {unit: '1', over: [month], expr: z + 1}", "equations need each other: z → z"),
        ("z: {unit: '1', over: [month], expr: 'prev(z, month, z)'}", "equations need each other: z → z"),
        ("z: {unit: '1', expr: foo}", "unknown name 'foo'"),
        ("z: {unit: MWh, expr: c}", "does not have the declared unit MWh"),
    ],
)
def test_what_cannot_be_computed_is_not_planned(bench: Any, equation: Any, words: Any) -> None:
    with pytest.raises(SpecError, match=words):
        plan_of(bench, "p", SPEC + f"  {equation}\n")


def test_order_is_the_same_however_the_equations_are_written(bench: Any) -> None:
    head, equations = SPEC.split("equations:\n")
    blocks = [
        "  total:" + equations.split("  total:")[1].split("  x:")[0],
        "  x:" + equations.split("  x:")[1].split("  y:")[0],
    ]
    blocks += [
        f"  {line.strip()}\n" for line in equations.splitlines() if line.startswith(("  y:", "  stock:", "  other:"))
    ]
    for order in itertools.permutations(blocks):
        plan = plan_of(bench, "p", head + "equations:\n" + "".join(order))
        position = {step.id: number for number, group in enumerate(plan.groups) for step in group}
        assert position["x"] < position["total"] > position["y"]
        assert position["stock"] == position["other"]


def test_long_chain_of_equations_is_planned_and_computed(bench: Any) -> None:
    lines = "".join(f"  e{n}: {{unit: '1', expr: 'e{n + 1} + c / 2'}}\n" for n in range(150))
    text = f"parameters: {{c: {{unit: '1', from: fixed}}}}\nequations:\n{lines}  e150: {{unit: '1', expr: c}}\n"
    assert bench.compute(text, {"c": 2}).value("e0") == 152

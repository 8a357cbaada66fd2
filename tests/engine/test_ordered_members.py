from decimal import Decimal
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine.data.lookup import member_unit

LIST = """\
dimensions: {unit: {members: from_data, ordered: true}, year: {time: year}}
parameters:
  EG: {unit: MWh, over: [unit], from: fixed}
  w: {unit: '1', over: [year, unit], from: fixed}
equations:
  total: {unit: MWh, over: [unit], expr: 'prev(total, unit, 0) + EG'}
  before: {unit: MWh, over: [unit], expr: 'prev(EG, unit, 0)'}
  yearly: {unit: '1', over: [year, unit], expr: 'prev(yearly, unit, 0) + w'}
"""


def test_running_total_follows_the_order_in_which_the_members_are_listed(bench: Any) -> None:
    members = ["z9", "a1", "m5"]
    done = bench.compute(LIST, {"EG": {"z9": 5, "a1": 7, "m5": 11}, "w": 1}, {"unit": members})

    assert [done.value("total", name) for name in members] == [5, 12, 23]
    assert [done.value("before", name) for name in members] == [0, 5, 7]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_both_evaluators_agree_on_running_totals_in_any_order(bench: Any, amounts: list[int]) -> None:
    names = [f"u{len(amounts) - position}" for position in range(len(amounts))]
    done = bench.compute(LIST, {"EG": dict(zip(names, amounts, strict=True)), "w": 2}, {"unit": names})

    assert [done.value("total", name) for name in names] == [Decimal(total) for total in accumulate(amounts)]
    assert [done.value("yearly", f"2024,{name}") for name in names] == [2 * (place + 1) for place in range(len(names))]


def test_earlier_value_along_members_in_no_order_is_refused(bench: Any) -> None:
    (told,) = bench.problems(LIST.replace(", ordered: true", "").replace("  yearly", "  # yearly"))[:1]

    assert "neither time nor `ordered: true`" in told


def test_time_is_ordered_already(bench: Any) -> None:
    (told,) = bench.problems(
        "dimensions: {year: {time: year, ordered: true}}\nequations: {a: {unit: '1', expr: '1'}}\n"
    )

    assert "`ordered:` only with `members: …`" in told


def test_module_and_spec_must_agree_on_the_order(bench: Any) -> None:
    head = "format: 1\nid: part\nkind: module\ntitle: {zh: 测, en: T}\nsource: {publisher: {zh: 测, en: T}, document: T, evidence: composed}\n"
    spec = "dimensions: {unit: {members: from_data}}\nuses: {p: {module: part}}\nequations: {b: {unit: MWh, over: [unit], expr: p.total}}\n"

    told = bench.problems(spec, modules={"part": head + LIST})

    assert any("unit is declared differently" in problem for problem in told)


UNITS = """\
format: 1
id: amounts
title: {zh: 测, en: T}
source: {publisher: {zh: 测, en: T}, document: T, evidence: composed}
keys: {fuel: {coal: {zh: 煤, en: Coal}, gas: {zh: 气, en: Gas}}}
columns: {amount_unit: {text: true}}
rows: [{fuel: coal, amount_unit: t}, {fuel: gas, amount_unit: 10^4 Nm3}]
"""
FUELS = """\
dimensions: {kind: {members: from_data}}
parameters:
  NCV: {unit: GJ/fuel_amount, unit_of: {table: amounts, column: amount_unit, key: {fuel: kind}}, over: [kind], from: fixed}
equations: {a: {unit: GJ/fuel_amount, over: [kind], expr: NCV}}
"""


@pytest.mark.parametrize(("member", "unit"), [("coal", "GJ/(t)"), ("gas", "GJ/(10^4 Nm3)")])
def test_unit_of_a_member_stands_inside_a_longer_unit(bench: Any, member: str, unit: str) -> None:
    plan = bench.plan(bench.methodology(FUELS, tables={"amounts": UNITS}))

    assert member_unit(plan, plan.methodology.quantities["NCV"], {"kind": member}).text == unit

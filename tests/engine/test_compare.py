from decimal import Decimal
from typing import Any

import pytest

from tonne.engine.compute.compare import compare
from tonne.engine.compute.reference import Reference
from tonne.engine.errors import RunError

SPEC = """\
dimensions: {month: {time: month}}
parameters:
  a: {unit: '1', over: [month], from: fixed}
  b: {unit: '1', over: [month], from: fixed}
equations:
  x: {unit: '1', over: [month], expr: a * 3}
  difference: {unit: '1', over: [month], expr: a * 3 - b * 3}
  clipped: {unit: '1', over: [month], expr: 'max(0, difference)'}
  whole: {unit: '1', over: [month], expr: floor(a)}
  total: {unit: '1', expr: 'sum(difference, over=month)'}
  stock: {unit: '1', over: [month], expr: 'prev(stock, month, 0) + difference'}
"""
PERIOD = {"start": "2024-01-01", "end": "2024-02-29"}


@pytest.fixture
def computed(bench: Any) -> tuple[Reference, Any, Any]:
    plan = bench.plan(bench.methodology(SPEC))
    dataset = bench.dataset(plan, {"a": "94.6", "b": "94.6"}, period=PERIOD)
    reference = Reference(plan, dataset)
    exact = reference.compute_all()
    columnar = {name: {index: float(value) for index, value in column.items()} for name, column in exact.items()}
    return reference, exact, columnar


def first(column: Any) -> Any:
    return next(iter(column))


def test_equal_values_agree(computed: Any) -> None:
    reference, exact, columnar = computed
    agreement = compare(reference, exact, columnar)
    assert agreement.compared == 11
    assert agreement.largest < Decimal("1e-15")


def test_difference_is_relative_to_the_value(computed: Any) -> None:
    reference, exact, columnar = computed
    columnar["x"][first(exact["x"])] *= 1 + 2e-10
    agreement = compare(reference, exact, columnar)
    assert float(agreement.largest) == pytest.approx(2e-10, rel=1e-3)
    assert agreement.at == "x@2024-01"


def test_difference_beyond_the_tolerance_stops_and_names_the_value(computed: Any) -> None:
    reference, exact, columnar = computed
    columnar["x"][first(exact["x"])] *= 1 + 2e-9
    with pytest.raises(RunError) as caught:
        compare(reference, exact, columnar)
    assert str(caught.value).startswith(
        "spec.yaml:11:3: the two evaluators differ at x@2024-01; expected 283.8 (reference), found 283.80000056"
    )


@pytest.mark.parametrize("name", ["difference", "clipped", "total", "stock"])
def test_where_terms_cancel_the_difference_is_relative_to_the_terms(computed: Any, name: Any) -> None:
    reference, exact, columnar = computed
    columnar[name][first(exact[name])] = 5e-12
    compare(reference, exact, columnar)
    columnar[name][first(exact[name])] = 5e-9
    with pytest.raises(RunError, match=f"the two evaluators differ at {name}"):
        compare(reference, exact, columnar)


def test_rounded_values_are_the_same_or_differ(computed: Any) -> None:
    reference, exact, columnar = computed
    columnar["whole"][first(exact["whole"])] = 95.0
    with pytest.raises(RunError, match="a comparison or rounding may lie at the edge"):
        compare(reference, exact, columnar)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_differs_from_any(computed: Any, value: Any) -> None:
    reference, exact, columnar = computed
    columnar["x"][first(exact["x"])] = value
    with pytest.raises(RunError, match="the two evaluators differ at x@2024-01"):
        compare(reference, exact, columnar)


def test_value_that_is_missing_differs(computed: Any) -> None:
    reference, exact, columnar = computed
    del columnar["total"]
    with pytest.raises(RunError, match="the two evaluators differ at total; expected 0"):
        compare(reference, exact, columnar)


def test_every_difference_is_told(computed: Any) -> None:
    reference, exact, _ = computed
    with pytest.raises(RunError) as caught:
        compare(reference, exact, {})
    assert len(caught.value.problems) == 11


def test_size_of_terms_is_found_at_once_in_a_deep_chain(bench: Any) -> None:
    lines = "".join(f"  e{n}: {{unit: '1', expr: e{n - 1} + e{n - 1}}}\n" for n in range(1, 90))
    text = f"parameters: {{a: {{unit: '1', from: fixed}}}}\nequations:\n  e0: {{unit: '1', expr: 0.1 * 3 - a}}\n{lines}"
    result = bench.compute(text, {"a": "0.3"})
    assert result.value("e89") == 0

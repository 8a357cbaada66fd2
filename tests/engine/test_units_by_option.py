from typing import Any

import pytest

from tonne.engine.data.lookup import member_unit
from tonne.engine.errors import ProjectError
from tonne.engine.plan import make_plan, options_read

UNITS = """\
format: 1
id: amounts
title: {zh: 测, en: T}
source: {publisher: {zh: 测, en: T}, document: T, evidence: composed}
keys: {medium: {gas: {zh: 气, en: Gas}, mass: {zh: 质量, en: Mass}}}
columns: {amount_unit: {text: true}}
rows: [{medium: gas, amount_unit: 10^4 Nm3}, {medium: mass, amount_unit: t}]
"""
STREAMS = """\
dimensions: {stream: {members: from_data}, year: {time: year}}
options:
  medium: {name: {zh: 介质, en: Medium}, over: [stream], values: [gas, mass]}
parameters:
  Q: {unit: GJ/fuel_amount, unit_of: {table: amounts, column: amount_unit}, over: [stream, year], from: fixed}
equations: {a: {unit: GJ/fuel_amount, over: [stream, year], expr: Q}}
"""


@pytest.mark.parametrize(("stream", "unit"), [("hot", "GJ/(10^4 Nm3)"), ("wet", "GJ/(t)")])
def test_unit_of_a_member_follows_the_option_chosen_for_it(bench: Any, stream: str, unit: str) -> None:
    methodology = bench.methodology(STREAMS, tables={"amounts": UNITS})
    plan = make_plan(methodology, {"medium": {"hot": "gas", "wet": "mass"}})

    assert member_unit(plan, methodology.quantities["Q"], {"stream": stream, "year": "2024"}).text == unit


def test_option_behind_a_unit_must_be_chosen(bench: Any) -> None:
    assert options_read(bench.methodology(STREAMS, tables={"amounts": UNITS}), {}) == {"medium"}


def test_value_without_members_has_no_unit(bench: Any) -> None:
    methodology = bench.methodology(STREAMS, tables={"amounts": UNITS})
    plan = make_plan(methodology, {"medium": {"hot": "gas"}})

    with pytest.raises(ProjectError, match="a unit for each member"):
        member_unit(plan, methodology.quantities["Q"], {})


def test_option_over_other_members_is_refused(bench: Any) -> None:
    spec = STREAMS.replace("year: {time: year}}", "year: {time: year}, place: {members: from_data}}").replace(
        "over: [stream], values", "over: [place], values"
    )

    assert any(
        "option medium is chosen for each place" in told for told in bench.problems(spec, tables={"amounts": UNITS})
    )

"""A spec says on which side the parameters of its modules are conservative."""

from typing import Any

import pytest

from tonne.engine.errors import SpecError
from tonne.engine.spec.catalogue import load_methodology

MODULE = "parameters: {V: {unit: m3, from: fixed}}\nequations: {F: {unit: m3, expr: V, evidence: composed}}\n"
HOST = """\
uses: {gas: {module: flow, conservative: {NAME: high}}}
equations: {BE: {unit: m3, expr: gas.F, evidence: composed}}
"""


def test_a_host_sets_the_side_that_the_module_leaves_open() -> None:
    module, host = load_methodology("cdm_tool08_v03"), load_methodology("cdm_acm0001")
    assert module.parameters["V_norm"].parameter.conservative is None
    assert host.parameters["gas.V_norm"].parameter.conservative == "low"
    assert host.parameters["residual.V_norm"].parameter.conservative == "low"
    assert host.parameters["gas.T"].parameter.conservative is None


def test_only_sides_of_what_the_module_has_are_taken(bench: Any) -> None:
    linked = bench.methodology(HOST.replace("NAME", "V"), {"flow": MODULE})
    assert linked.parameters["gas.V"].parameter.conservative == "high"
    with pytest.raises(SpecError, match="has no parameter 'V_wet'"):
        bench.methodology(HOST.replace("NAME", "V_wet"), {"flow": MODULE})

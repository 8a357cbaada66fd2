"""Short specs for the prover: parameters and equations under one head."""

import pytest

from tonne.engine.prove.prove import statements

HEAD = """\
format: 1
id: short
title: {zh: 测试, en: Test}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions:
  year: {time: year}
  month: {time: month}
  deposit_year: {time: year}
  plant: {members: from_data}
options:
  way: {name: {zh: 方式, en: Way}, values: [p, q]}
  kind: {name: {zh: 类, en: Kind}, values: [s, t], over: [plant]}
"""
OUTPUTS = "outputs: {baseline: BE, reduction: ER, rounding: {mode: none, unit: '1'}}\n"


def text_of(parameters, equations, claims=""):
    """Write a spec: parameters as `name[dims]: fields`, equations as `name[dims]: formula or list of cases`."""
    lines = [HEAD, "parameters:\n"]
    for name, fields in parameters.items():
        name, over = _split(name)
        origin = "" if "from:" in fields else ", from: fixed"
        evidence = ", evidence: composed" if "value:" in fields else ""
        unit = "" if "unit:" in fields else "unit: '1', "
        lines.append(f"  {name}: {{{unit}over: [{over}]{origin}{evidence}{', ' if fields else ''}{fields}}}\n")
    lines.append("equations:\n")
    for name, formula in equations.items():
        name, over = _split(name)
        body = f"cases: {formula}" if formula.startswith("[") else f"expr: '{formula}'"
        lines.append(f"  {name}: {{unit: '1', over: [{over}], evidence: composed, {body}}}\n")
    if "BE" not in "".join(equations):
        lines.append("  BE: {unit: '1', over: [year], evidence: composed, expr: '0'}\n")
    if not any(name.startswith("ER") for name in equations):
        lines.append("  ER: {unit: '1', over: [year], evidence: composed, expr: 'BE'}\n")
    return "".join([*lines, OUTPUTS, f"claims: {claims}\n" if claims else ""])


def _split(name):
    name, _, over = name.partition("[")
    return name, over.rstrip("]")


@pytest.fixture
def proved(bench):
    """Prove a short spec; gives its statements."""

    def prove(parameters, equations, claims=""):
        return statements(bench.methodology(text_of(parameters, equations, claims)))

    return prove

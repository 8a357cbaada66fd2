"""Specs that are made to be hard: every one ends soon, with statements or an error."""

import time

import pytest

from tests.engine.prove.conftest import text_of
from tonne.engine.errors import TonneError
from tonne.engine.prove.prove import check_and_prove

LOW = "bounds: {min: 0}"
LIMIT_S = 5.0


def nested(depth):
    text = "x"
    for number in range(depth):
        text = f"(({text} + y) * z / (1 + w{number % 7}))" if number % 2 else f"max({text} - {number}, y)"
    return text


def chain(count, link):
    equations = {"E0[month]": "x"}
    for number in range(1, count):
        equations[f"E{number}[month]"] = link.format(before=f"E{number - 1}", number=number)
    return {**equations, "BE[year]": f"sum(E{count - 1}, over=month)"}


W = {f"w{number}": LOW for number in range(7)}
HOSTILE = {
    "nested forty levels": ({"x": "", "y": "", "z": "", **W}, {"BE[year]": nested(26)}),
    "sixty-fourth powers of powers": (
        {"x": "", "y": ""},
        {"A": "(x + y) ** 64", "B": "(A - 1) ** 64", "BE[year]": "1 / (B - A) ** 64"},
    ),
    "eighth powers of sums": (
        dict.fromkeys("abcdefgh", ""),
        {"A": "(a + b + c + d - e) ** 8", "BE[year]": "1 / ((A - f) ** 8 - g * h)"},
    ),
    "thousand cases": (
        {"x[month]": LOW, "y[month]": ""},
        {
            "E[month]": "[" + ", ".join(f"{{when: x < {n} + y, expr: 'x * {n} - y'}}" for n in range(1000)) + "]",
            "BE[year]": "sum(E, over=month)",
        },
    ),
    "five hundred equations": ({"x[month]": "", "y[month]": ""}, chain(500, "{before} * 0.5 + y - {number}")),
    "five hundred equations with a choice each": (
        {"x[month]": "", "y[month]": ""},
        chain(500, "max({before} - y, min({before}, {number}))"),
    ),
    "hundred divisions": ({"x[month]": "", "y[month]": ""}, chain(100, "{before} / (y - {number}) - {before}")),
    "product of sixty variables of both signs": (
        {f"v{n}": "" for n in range(60)},
        {"BE[year]": "1 / (" + " * ".join(f"v{n}" for n in range(60)) + " - 1)"},
    ),
    "hundred parameters in one quotient": (
        {f"v{n}[plant]": "" for n in range(100)},
        {
            "A": "sum(" + " + ".join(f"v{n}" for n in range(50)) + ", over=plant)",
            "BE[year]": "A / sum(" + " * ".join(f"v{n}" for n in range(50, 53)) + ", over=plant)",
        },
    ),
    "sums in sums in sums": (
        {"x[plant,month]": "", "y[plant]": ""},
        {
            "A[plant]": "sum(x * y - x, over=month)",
            "B": "sum(A * A - y, over=plant)",
            "C[plant]": "sum(x / B, over=month) * A",
            "BE[year]": "sum(C ** 3 - B, over=plant)",
        },
    ),
    "names of other languages and of the solver": (
        {"sat": "", "Real": LOW, "forall": "", "assert": LOW, "x" * 60: ""},
        {"BE[year]": "sat / (Real - forall) + assert ** 0.5 * " + "x" * 60},
    ),
    "enormous and tiny numbers": (
        {"x": "bounds: {min: 1e-60, max: 1e60}"},
        {"BE[year]": "1 / (x ** 64 - 1e60 ** 60) + exp(x) + log(x)"},
    ),
    "exponentials of exponentials": ({"x": "", "y": ""}, {"BE[year]": "log(exp(exp(exp(x))) - exp(exp(y * x)))"}),
    "power with a power in the exponent": ({"x": LOW, "y": ""}, {"BE[year]": "x ** (y ** x)"}),
}


@pytest.mark.parametrize("case", HOSTILE, ids=[name.replace(" ", "_") for name in HOSTILE])
def test_hostile_spec_ends_soon(bench, case):
    started = time.process_time()
    try:
        report = check_and_prove(bench.methodology(text_of(*HOSTILE[case])))
    except TonneError as fault:
        assert fault.problems
    else:
        assert report.as_data()["checks"]
        assert all(finding.zh and finding.en for finding in report.findings)
    assert time.process_time() - started < LIMIT_S

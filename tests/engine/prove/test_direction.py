import pytest


@pytest.fixture
def direction(proved):
    def decide(name, parameters, equations):
        (found,) = [
            item for item in proved(parameters, equations) if item.code == "direction.sign" and item.subject == name
        ]
        return found

    return decide


LOW = "bounds: {min: 0}"
SHARE = "bounds: {min: 0, max: 1}"
ABOVE = "bounds: {above: 0}"

# name, parameters, equations, expected
DECIDED = {
    "monthly amount times yearly factor": (
        "EG",
        {"EG[month]": LOW, "EF[year]": LOW},
        {"BE[year]": "sum(EG, over=month) * EF"},
        "increasing",
    ),
    "yearly factor of monthly amounts": (
        "EF",
        {"EG[month]": LOW, "EF[year]": LOW},
        {"BE[year]": "sum(EG * EF, over=month)"},
        "increasing",
    ),
    "yearly factor in a sum without a year": (
        "EF",
        {"EG[month]": LOW, "EF[year]": LOW},
        {"X": "sum(EG * EF, over=month)", "BE[year]": "0 - X"},
        "decreasing",
    ),
    "scalar in monthly sums of one sign": (
        "f",
        {"EG[month]": LOW, "f": ""},
        {"BE[year]": "sum(EG * f, over=month)"},
        "increasing",
    ),
    "share that also stands in the divisor of all terms": (
        "x",
        {"x[plant]": ABOVE, "w[plant]": LOW},
        {"T": "sum(x, over=plant)", "BE[year]": "sum(x * w, over=plant) / T"},
        "either",
    ),
    "share of the whole": (
        "x",
        {"x[plant]": ABOVE},
        {"T": "sum(x, over=plant)", "BE[year]": "sum(x, over=plant) / T"},
        "constant",
    ),
    "product of six positive factors": (
        "c",
        dict.fromkeys("abcdef", LOW),
        {"BE[year]": "a * b * c * d * e * f"},
        "increasing",
    ),
    "cap on the baseline": (
        "B",
        {"B[year]": LOW, "cap[year]": LOW, "P[year]": LOW},
        {"BE[year]": "min(B, cap)", "ER[year]": "BE - P"},
        "increasing",
    ),
    "cap on project emissions": (
        "P",
        {"B[year]": LOW, "P[year]": LOW},
        {"BE[year]": "B", "ER[year]": "max(0, BE - P)"},
        "decreasing",
    ),
    "efficiency by steps that rise": (
        "T",
        {"T[month]": "", "V[month]": LOW},
        {
            "eta[month]": "[{when: T < 500, expr: '0'}, {when: T < 600, expr: '0.5'}, {otherwise: '0.9'}]",
            "BE[year]": "sum(V * eta, over=month)",
        },
        "increasing",
    ),
    "efficiency by steps that do not rise alone": (
        "T",
        {"T[month]": "", "V[month]": LOW},
        {
            "eta[month]": "[{when: T < 500, expr: '0.5'}, {when: T < 600, expr: '0'}, {otherwise: '0.9'}]",
            "BE[year]": "sum(V * eta, over=month)",
        },
        "either",
    ),
    "one minus a ratio, numerator": (
        "E",
        {"E[month]": LOW, "R[month]": ABOVE},
        {"BE[year]": "sum(1 - E / R, over=month)"},
        "decreasing",
    ),
    "one minus a ratio, divisor": (
        "R",
        {"E[month]": LOW, "R[month]": ABOVE},
        {"BE[year]": "sum(1 - E / R, over=month)"},
        "increasing",
    ),
    "methane burned, without knowing that less goes out than in": (
        "R",
        {"E[month]": "", "R[month]": ABOVE},
        {"BE[year]": "sum(R * (1 - E / R) ** 3, over=month)"},
        "either",
    ),
    "net of losses that are a share": (
        "V",
        {"V[month]": LOW, "eta[month]": SHARE},
        {"PE[year]": "sum(V * (1 - eta), over=month)", "BE[year]": "sum(V, over=month)", "ER[year]": "BE - PE"},
        "increasing",
    ),
    "global warming potential of what is destroyed": (
        "G",
        {"V[month]": LOW, "eta[month]": SHARE, "G": LOW},
        {"PE[year]": "sum(V * (1 - eta), over=month) * G", "BE[year]": "sum(V, over=month) * G", "ER[year]": "BE - PE"},
        "increasing",
    ),
    "waste of a year that decays": (
        "W",
        {"W[deposit_year]": LOW, "k": ABOVE},
        {"BE[year]": "sum(W * exp(0 - k) ** 2 * (1 - exp(0 - k)), over=deposit_year, where=deposit_year <= year)"},
        "increasing",
    ),
    "decay constant": (
        "k",
        {"W[deposit_year]": LOW, "k": ABOVE},
        {"BE[year]": "sum(W * exp(0 - k) * (1 - exp(0 - k)), over=deposit_year, where=deposit_year <= year)"},
        "either",
    ),
    "first of three under the root": (
        "a",
        {"a[month]": LOW, "b[month]": LOW, "c[month]": LOW},
        {"BE[year]": "sum(sqrt(a * b * c), over=month)"},
        "increasing",
    ),
    "logarithm": ("p", {"p[month]": ABOVE}, {"BE[year]": "sum(log(p), over=month)"}, "increasing"),
    "broken power": ("d", {"d[month]": LOW}, {"BE[year]": "sum(d ** 0.5 + d ** 2.5, over=month)"}, "increasing"),
    "rounded down": ("x", {"x[month]": ""}, {"BE[year]": "sum(floor(2 * x), over=month)"}, "increasing"),
    "stock that loses a share": (
        "c",
        {"c[month]": LOW, "f[month]": SHARE},
        {"S[month]": "c + (1 - f) * prev(S, month, 0)", "BE[year]": "sum(S, over=month)"},
        "increasing",
    ),
    "stock that is drawn down": (
        "out",
        {"c[month]": LOW, "out[month]": LOW},
        {"S[month]": "max(0, prev(S, month, 0) + c - out)", "BE[year]": "sum(S, over=month)"},
        "decreasing",
    ),
    "change from step to step": (
        "c",
        {"c[month]": LOW},
        {"BE[year]": "maximum(c - prev(c, month, 0), over=month)"},
        "either",
    ),
    "reading before": ("c", {"c[month]": LOW}, {"BE[year]": "sum(prev(c, month, 0), over=month)"}, "increasing"),
    "mean of readings": ("T", {"T[month]": ""}, {"BE[year]": "0 - mean(T, over=month)"}, "decreasing"),
    "largest of readings": ("T", {"T[month]": ""}, {"BE[year]": "maximum(T, over=month)"}, "increasing"),
    "mean of what the parameter selects": (
        "x",
        {"x[month]": LOW},
        {"BE[year]": "mean(x, over=month, where=x > 5)"},
        "either",
    ),
    "smallest of what the parameter selects": (
        "x",
        {"x[plant]": LOW},
        {"BE[year]": "minimum(x, over=plant, where=x > 5)"},
        "either",
    ),
    "number of months above a limit": ("x", {"x[month]": ""}, {"BE[year]": "count(x > 5, over=month)"}, "increasing"),
    "limit of a count": (
        "limit",
        {"x[month]": "", "limit": ""},
        {"BE[year]": "count(x > limit, over=month)"},
        "decreasing",
    ),
    "sum of what is above a limit": (
        "x",
        {"x[month]": ""},
        {"BE[year]": "sum(x, over=month, where=x > 5)"},
        "increasing",
    ),
    "flag that adds": (
        "on",
        {"on[month]": "unit: flag", "V[month]": LOW},
        {"BE[year]": "sum(V, over=month, where=on)"},
        "increasing",
    ),
    "value by choice of each member": (
        "eta",
        {"eta[plant]": "from: option, option: kind, by: {s: 0.5, t: 0.9}", "V[plant]": LOW},
        {"BE[year]": "sum(V * eta, over=plant)"},
        "increasing",
    ),
    "sums that cancel": (
        "x",
        {"x[month]": ""},
        {"A[year]": "sum(x, over=month)", "BE[year]": "A - sum(x, over=month)"},
        "constant",
    ),
    "distance from a mean": (
        "x",
        {"x[month]": ""},
        {"m[year]": "mean(x, over=month)", "BE[year]": "sum(x - m, over=month)"},
        "undecided",
    ),
}


@pytest.mark.parametrize("case", DECIDED, ids=[name.replace(" ", "_") for name in DECIDED])
def test_direction_is_decided(direction, case):
    name, parameters, equations, expected = DECIDED[case]
    found = direction(name, parameters, equations)
    assert found.data["direction"] == expected, (found.limits, [point.words() for point in found.points])
    assert len(found.points) == (2 if expected == "either" else 0)


def test_the_mean_of_a_reading_in_both_parts_of_a_difference_is_not_claimed(direction):
    found = direction("x", *DECIDED["distance from a mean"][1:3])
    assert found.verdict == "undecided"
    assert found.finding().severity.value == "clarification"


@pytest.mark.parametrize(("claim", "verdict"), [("low", "proved"), ("high", "refuted")])
def test_conservative_side_is_verified(direction, claim, verdict):
    found = direction("EG", {"EG[month]": f"{LOW}, conservative: {claim}"}, {"BE[year]": "sum(EG, over=month)"})
    assert found.verdict == verdict
    assert found.data == {"direction": "increasing", "claimed": claim, "conservative": "low"}
    if verdict == "refuted":
        assert found.finding().failed
        assert (
            found.en
            == "a high value of EG is conservative (`conservative: high`), but the reduction never falls when EG grows"
        )
        assert found.points[0].moved


def test_missing_conservative_side_is_filled_in(direction):
    assert direction("P", {"P[year]": LOW}, {"ER[year]": "0 - P"}).data["conservative"] == "high"


def test_one_point_against_a_claim_refutes_it(direction):
    found = direction(
        "x", {"x[month]": "bounds: {min: 0}, conservative: low"}, {"BE[year]": "mean(x, over=month, where=x > 5)"}
    )
    assert found.verdict == "refuted"
    (point,) = found.points
    assert "moves the reduction from" in point.en


def test_both_ways_reads_as_a_decision_in_both_languages(direction):
    found = direction("x", {"x[year]": ""}, {"BE[year]": "x * x"})
    zh, en = found.finding().zh, found.finding().en
    assert en.startswith("shown by points: the reduction can grow and can fall when x grows (x@2024 = ")
    assert zh.startswith("已举例证实：x 增大时减排量可能增加，也可能减少（x@2024 = ")


def test_points_show_only_what_matters(direction):
    found = direction("x", {"x[year]": "", "y[year]": "", "z[year]": LOW}, {"BE[year]": "x * y + z"})
    for point in found.points:
        assert set(point.values) == {"x@2024", "y@2024"}
        assert "z@2024" in point.others


def test_constant_is_let_vary_with_its_sign_and_inside_its_bounds(direction):
    equations = {"BE[year]": "sum(V * (1 - eta), over=month)"}
    free = direction("eta", {"V[month]": LOW, "eta": "from: default, value: 0.9"}, {"BE[year]": "abs(1 - eta)"})
    bounded = direction(
        "eta", {"eta": "from: default, value: 0.9, bounds: {min: 0, max: 1}"}, {"BE[year]": "abs(1 - eta)"}
    )
    assert (free.data["direction"], bounded.data["direction"]) == ("either", "decreasing")
    assert (
        direction("eta", {"V[month]": LOW, "eta": "from: default, value: 0.9"}, equations).data["direction"]
        == "decreasing"
    )


def test_replaceable_default_counts_as_any_value_inside_its_bounds(direction):
    fields = "from: default, value: 0.5, replaceable: true, bounds: {min: -1, max: 1}"
    found = direction("V", {"V[year]": LOW, "f": fields}, {"BE[year]": "V * f"})
    assert found.data["direction"] == "either"


def test_value_that_is_not_needed_is_no_counterexample(direction):
    parameters = {"V[year]": LOW, "f": "when: way == p"}
    cases = "[{when: way == p, expr: 'V'}, {otherwise: 'V * f'}]"
    assert direction("V", parameters, {"BE[year]": cases}).data["direction"] != "either"


def test_parameter_without_influence_has_no_statement(proved):
    said = proved({"x[year]": "", "y[year]": ""}, {"BE[year]": "x", "other[year]": "y"})
    assert {item.subject for item in said if item.code == "direction.sign"} == {"x"}

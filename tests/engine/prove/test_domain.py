import pytest

LOW, ABOVE, SHARE = "bounds: {min: 0}", "bounds: {above: 0}", "bounds: {min: 0, max: 1}"


@pytest.fixture
def total(proved):
    def decide(parameters, equations, subject="BE"):
        return [
            item for item in proved(parameters, equations) if item.code == "domain.total" and item.subject == subject
        ]

    return decide


SAFE = {
    "positive sum over members": ({"m[plant]": ABOVE}, {"BE[year]": "1 / sum(m, over=plant)"}),
    "sum with one positive part": ({"a[month]": LOW, "b[month]": ABOVE}, {"BE[year]": "1 / sum(a + b, over=month)"}),
    "one plus a loss": ({"TDL": LOW}, {"BE[year]": "1 / (1 + TDL)"}),
    "divisor under its condition": (
        {"R[year]": "", "E[year]": ""},
        {"BE[year]": "[{when: R > 0, expr: 'E / R'}, {otherwise: '0'}]"},
    ),
    "divisor under the second condition": (
        {"R[year]": "", "E[year]": ""},
        {"BE[year]": "[{when: R < 0, expr: '0'}, {when: R != 0, expr: 'E / R'}, {otherwise: '0'}]"},
    ),
    "divisor under a condition and another": (
        {"R[year]": "", "E[year]": ""},
        {"BE[year]": "[{when: R > 0 and E / R > 1, expr: '1'}, {otherwise: '0'}]"},
    ),
    "divisor inside a selection": ({"R[month]": LOW}, {"BE[year]": "sum(1 / R, over=month, where=R > 0)"}),
    "root of a product": ({"a": LOW, "b": LOW, "c": LOW}, {"BE[year]": "sqrt(a * b * c)"}),
    "logarithm of what exceeds one": ({"a": LOW}, {"BE[year]": "log(1 + a)"}),
    "divisor of exponentials": ({"k": ABOVE}, {"BE[year]": "1 / (1 - exp(0 - k))"}),
    "negative power": ({"d": "bounds: {min: 0.1}"}, {"BE[year]": "d ** -2 + d ** -0.5"}),
    "rising power of what may be zero": (
        {"x": LOW, "n": "bounds: {above: 0, max: 3}"},
        {"BE[year]": "x ** n"},
    ),
    "cap that keeps a divisor up": ({"x": ""}, {"BE[year]": "1 / max(x, 0.1)"}),
    "stock that stays positive": (
        {"c[month]": LOW},
        {"S[month]": "prev(S, month, 1) + c", "BE[year]": "sum(1 / (1 + S), over=month)"},
    ),
    "square plus one": ({"x": ""}, {"BE[year]": "1 / (x ** 2 + 1)"}),
    "product of sixty positive factors": (
        {f"x{i}": ABOVE for i in range(60)},
        {"BE[year]": "1 / (" + " * ".join(f"x{i}" for i in range(60)) + ")"},
    ),
    "number of months": ({"x[month]": ""}, {"BE[year]": "1 / (count(x > 5, over=month) + 1)"}),
    "difference of ordered sums": (
        {"a[month]": ABOVE, "b[month]": ABOVE},
        {"BE[year]": "1 / (sum(a + b, over=month) + sum(a, over=month))"},
    ),
}
FAILING = {
    "what comes in and goes out": (
        {"COD_in[year]": LOW, "COD_out[year]": LOW},
        {"BE[year]": "COD_in / (COD_in - COD_out)"},
        ["COD_in@2024 = 0, COD_out@2024 = 0: BE has no value"],
    ),
    "sum that may be zero": (
        {"m[plant]": LOW},
        {"BE[year]": "1 / sum(m, over=plant)"},
        ["m@plant_1 = 0: BE has no value"],
    ),
    "boundary left by a condition": (
        {"R": LOW},
        {"BE[year]": "[{when: R >= 0, expr: '1 / R'}, {otherwise: '0'}]"},
        ["R = 0: BE has no value"],
    ),
    "logarithm of zero": ({"a": LOW}, {"BE[year]": "log(a)"}, ["a = 0: BE has no value"]),
    "root of a difference": ({"a": LOW, "b": LOW}, {"BE[year]": "sqrt(a - b)"}, ["a = 0, b = 1: BE has no value"]),
    "mean of nothing": (
        {"x[month]": LOW},
        {"BE[year]": "mean(x, over=month, where=x > 5)"},
        ["x@2024-01 = 0: BE has no value"],
    ),
    "spread of one plant": ({"x[plant]": LOW}, {"BE[year]": "stdev(x, over=plant)"}, ["any input: BE has no value"]),
    "inside a sum": ({"x[month]": LOW}, {"BE[year]": "sum(1 / x, over=month)"}, ["x@2024-01 = 0: BE has no value"]),
    "at the first step only": (
        {"x": LOW},
        {"S[year]": "prev(S, year, 1 / x)", "BE[year]": "S"},
        ["x = 0: S has no value"],
    ),
    "one option": (
        {"x": LOW},
        {"BE[year]": "[{when: way == p, expr: '1'}, {otherwise: '1 / x'}]"},
        ["x = 0, way = q: BE has no value"],
    ),
    "one kind of plant": (
        {"x[plant]": LOW},
        {"BE[year]": "sum(1 / x, over=plant, where=kind == t)"},
        ["x@plant_1 = 0, kind@plant_1 = t: BE has no value"],
    ),
}


@pytest.mark.parametrize("case", SAFE, ids=[name.replace(" ", "_") for name in SAFE])
def test_what_cannot_fail_is_proved(total, case):
    said = total(*SAFE[case])
    assert said
    assert all(item.verdict == "proved" for item in said), [(item.en, item.verdict, item.limits) for item in said]


@pytest.mark.parametrize("case", FAILING, ids=[name.replace(" ", "_") for name in FAILING])
def test_what_can_fail_is_refuted_with_a_short_point(total, case):
    parameters, equations, expected = FAILING[case]
    subject = "S" if "S[year]" in equations else "BE"
    said = [item for item in total(parameters, equations, subject) if item.verdict != "proved"]
    assert [point.words() for item in said for point in item.points] == expected, [
        (item.en, item.verdict, item.limits) for item in said
    ]
    assert all(item.finding().failed for item in said)


def test_two_divisions_of_one_equation_are_told_apart(total):
    one, other = total({"a": LOW, "b": ABOVE}, {"BE[year]": "1 / a + 1 / b"})
    assert (one.verdict, other.verdict) == ("refuted", "proved")


def test_parameter_used_where_data_do_not_give_it_is_found(total):
    parameters = {"x": "bounds: {above: 0}, when: way == p", "y": LOW}
    division, use = sorted(total(parameters, {"BE[year]": "x / (1 + y)"}), key=lambda item: item.verdict)
    assert (division.verdict, use.verdict) == ("proved", "refuted")
    assert use.en == "BE: x is used only where its `when:` holds"
    assert [point.words() for point in use.points] == ["way = q: BE has no value"]


def test_parameter_used_under_its_own_condition_is_proved(total):
    parameters = {"on[month]": "unit: flag", "x[month]": "when: on"}
    for formula in ("sum(x * x, over=month, where=on)", "count(x > 1, over=month, where=on)", "count(x, over=month)"):
        (said,) = total(parameters, {"BE[year]": formula})
        assert said.verdict == "proved"


def test_earlier_value_that_data_do_not_give_is_found(total):
    parameters = {"on[month]": "unit: flag", "x[month]": "when: on"}
    (said,) = total(parameters, {"BE[year]": "sum(prev(x, month, 0), over=month, where=on)"})
    assert said.verdict == "refuted"


def test_value_that_a_project_chooses_is_taken_with_its_choice(total):
    parameters = {"eta[plant]": "from: option, option: kind, by: {s: 0, t: 2}"}
    (said,) = total(parameters, {"BE[year]": "sum(1 / eta, over=plant, where=kind == t)"})
    assert said.verdict == "proved"

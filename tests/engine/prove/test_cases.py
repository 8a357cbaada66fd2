import pytest

LOW = "bounds: {min: 0}"


@pytest.fixture
def cases(proved):
    def decide(parameters, *branches, **more):
        text = (
            "["
            + ", ".join(
                f"{{when: '{when}', expr: '{expr}'}}" if when else f"{{otherwise: '{expr}'}}" for when, expr in branches
            )
            + "]"
        )
        if more:
            text += ", " + ", ".join(f"{name}: {value}" for name, value in more.items())
        return {item.code: item for item in proved(parameters, {"BE[year]": text}) if item.area == "cases"}

    return decide


def test_gap_at_a_boundary_is_found_with_its_point(cases):
    said = cases({"T": ""}, ("T < 500", "0"), ("T > 500", "1"))
    assert said["cases.complete"].verdict == "refuted"
    assert [point.words() for point in said["cases.complete"].points] == ["T = 500: no case of BE applies"]
    assert [point.words("zh") for point in said["cases.complete"].points] == ["T = 500：BE 无适用情形"]


def test_cases_that_touch_are_complete_and_do_not_overlap(cases):
    said = cases({"T": ""}, ("T < 500", "0"), ("T >= 500", "1"))
    assert {code: item.verdict for code, item in said.items()} == {
        "cases.complete": "proved",
        "cases.overlap": "proved",
    }


def test_bounds_make_cases_complete(cases):
    assert cases({"T": "bounds: {above: 500}"}, ("T > 500", "1"))["cases.complete"].verdict == "proved"


def test_options_make_cases_complete(cases):
    assert cases({"x": ""}, ("way == p", "1"), ("way == q", "x"))["cases.complete"].verdict == "proved"
    assert cases({"x": ""}, ("way == p", "1"))["cases.complete"].points[0].options == {"way": "q"}


def test_overlap_names_both_values_and_is_no_fault(cases):
    overlap = cases({"x": LOW}, ("x < 20", "1"), ("x < 30", "2"), ("", "3"))["cases.overlap"]
    assert overlap.verdict == "refuted"
    assert not overlap.finding().failed
    assert [point.words() for point in overlap.points] == ["x = 0: case 1 gives 1, case 2 gives 2"]
    assert overlap.zh == "BE：第1与第2种情形可同时成立且取值不同，以在前者为准"


def test_intended_order_is_not_reported(cases):
    said = cases({"x": LOW}, ("x < 20", "1"), ("x < 30", "2"), ("", "3"), ordered="true")
    assert "cases.overlap" not in said


def test_order_without_cases_is_refused(bench):
    assert "`ordered:` only with `cases:`" in bench.problems("equations: {a: {unit: '1', expr: '1', ordered: true}}")[0]


def test_overlap_with_the_same_value_is_none(cases):
    assert cases({"x": LOW}, ("x < 20", "x"), ("x < 30", "x"), ("", "3"))["cases.overlap"].verdict == "proved"


def test_case_that_never_occurs_is_found(cases):
    unreachable = cases({"x": LOW}, ("x >= 0", "1"), ("x < 30", "2"), ("", "3"))["cases.unreachable"]
    assert unreachable.en == "BE: case 2 is never reached"
    assert unreachable.finding().failed


def test_case_that_bounds_exclude_is_found(cases):
    assert "cases.unreachable" in cases({"x": LOW}, ("x < 0", "1"), ("", "3"))


def test_cases_over_a_sum_hold_for_any_number_of_members(cases):
    said = cases({"m[plant]": LOW}, ("sum(m, over=plant) == 0", "0"), ("sum(m, over=plant) > 0", "1"))
    assert said["cases.complete"].verdict == "proved"


def test_case_of_a_module_that_a_fixed_option_excludes_is_not_spoken_of(bench):
    from tonne.engine.prove.prove import statements

    module = """\
options: {way: {name: {zh: 方式, en: Way}, values: [p, q]}}
equations: {a: {unit: '1', cases: [{when: way == p, expr: '1'}, {when: way == q, expr: '2'}]}}
"""
    head = "format: 1\nid: part\nkind: module\ntitle: {zh: 测, en: T}\nsource: {publisher: {zh: 测, en: T}, document: T, evidence: composed}\n"
    methodology = bench.methodology(
        "uses: {m: {module: part, options: {way: q}}}\nequations: {b: {unit: '1', expr: m.a}}\n",
        modules={"part": head + module},
    )
    assert [item.code for item in statements(methodology) if item.area == "cases"] == []

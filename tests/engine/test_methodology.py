import random
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine.check.checks import check
from tonne.engine.errors import SpecError, TonneError, UnknownNameError
from tonne.engine.plan import make_plan
from tonne.engine.spec.catalogue import bundled, load_methodology, methodology_ids
from tonne.engine.spec.tree import Chosen, Name, walk

BAD = yaml.safe_load((Path(__file__).parent / "bad_formulas.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BAD["cases"], ids=lambda case: case["name"])
def test_fault_is_told_in_these_words_at_this_place(bench: Any, case: Any) -> None:
    assert bench.problems(BAD["before"] + textwrap.indent(case["equations"], "  ")) == case["problems"]


MODULE = """\
format: 1
id: tool
kind: module
title: {zh: 工具, en: Tool}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {month: {time: month}}
options: {grade: {name: {zh: 级, en: Grade}, values: [low, high]}}
parameters:
  F: {unit: kg_CH4, over: [month], from: input}
  fuel: {unit: '1', from: default, value: 0.5, evidence: composed}
  eta: {unit: '1', from: option, option: grade, by: {low: 0.5, high: 0.9}, evidence: composed}
equations:
  PE:
    over: [month]
    unit: t_CH4
    cases:
      - {when: grade == low, expr: F * (1 - eta) * fuel}
      - {otherwise: F * (1 - eta)}
conditions:
  - {id: stated, text: {zh: 述, en: Stated}}
  - {id: tested, text: {zh: 测, en: Tested}, test: fuel < 1}
"""
USER = """\
dimensions: {month: {time: month}, fuel: {members: [coal, gas]}}
parameters:
  gas_1: {unit: t_CH4, over: [month], from: fixed}
uses:
  one: {module: tool, bind: {F: gas_1}, options: {grade: low}}
  two: {module: tool, bind: {F: both}}
equations:
  both: {unit: t_CH4, over: [month], expr: gas_1 * 2}
  x: {unit: t_CH4, over: [month], expr: one.PE + two.PE}
"""


def test_module_comes_in_under_its_alias_once_for_each_use(bench: Any) -> None:
    methodology = bench.methodology(USER, modules={"tool": MODULE})
    assert set(methodology.equations) == {"both", "x", "one.F", "one.PE", "two.F", "two.PE"}
    assert set(methodology.options) == {"one.grade", "two.grade"}
    assert methodology.fixed_options == {"one.grade": "low"}
    assert methodology.quantities["two.F"].tree == Name("both")
    assert [part.option for part in walk(methodology.quantities["two.PE"].tree) if isinstance(part, Chosen)] == [
        "two.grade"
    ]
    assert methodology.users_of("two.F") == ["two.PE"]
    assert methodology.quantities["one.PE"].symbol == "PE"


def test_name_in_a_module_is_not_taken_for_a_dimension_of_its_user(bench: Any) -> None:
    result = bench.compute(
        bench.methodology(USER, modules={"tool": MODULE}),
        {"gas_1": 2},
        choices={"two.grade": "high"},
        period={"start": "2024-01-01", "end": "2024-01-31"},
    )
    # one: 2 t x 0.5 x 0.5; two: 4 t x 0.1
    assert result.value("one.PE", "2024-01") == pytest.approx(0.5)
    assert float(result.value("x", "2024-01")) == pytest.approx(0.9)


def test_module_used_twice_states_its_conditions_once(bench: Any) -> None:
    methodology = bench.methodology(USER, modules={"tool": MODULE})
    assert [item.spec.id for item in methodology.conditions] == ["stated", "tested", "two.tested"]


def test_faults_of_a_module_stand_in_its_own_file(bench: Any) -> None:
    broken = MODULE.replace("F * (1 - eta) * fuel", "F * (1 - etta)")
    with pytest.raises(SpecError) as caught:
        bench.methodology(USER, modules={"tool": broken})
    shown = [str(problem) for problem in caught.value.problems]
    assert shown[0].startswith("tool.yaml:17:45: unknown name 'one.etta'\n  hint: did you mean one.eta")
    assert broken.splitlines()[16][44:48] == "etta"
    assert [message.split("'")[1] for message in shown] == ["one.etta", "two.etta"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("module: tool, bind: {F: gas_1}", "module: tol, bind: {F: gas_1}", "spec.yaml:5:17: no module 'tol'"),
        ("bind: {F: gas_1}", "bind: {G: gas_1}",
         "spec.yaml:5:30: module tool has no parameter 'G'\n  hint: it has F, fuel, eta"),
        ("bind: {F: gas_1}", "bind: {F: gas_2}", "spec.yaml:5:33: unknown name 'gas_2'\n  hint: did you mean gas_1?"),
        ("{F: gas_1}, options: {grade: low}", "{F: gas_1}, options: {grade: lo}",
         "spec.yaml:5:51: option grade has no value 'lo'; expected one of low, high\n  hint: did you mean low?"),
        ("options: {grade: low}", "options: {grad: low}",
         "spec.yaml:5:51: module tool has no option 'grad'\n  hint: did you mean grade?"),
    ],
)  # fmt: skip
def test_fault_in_a_use_is_told_where_it_stands(bench: Any, old: Any, new: Any, message: Any) -> None:
    assert message in bench.problems(USER.replace(old, new), modules={"tool": MODULE})


def test_binding_of_another_substance_is_a_unit_fault(bench: Any) -> None:
    text = USER.replace("unit: t_CH4, over: [month], from: fixed", "unit: t_CO2, over: [month], from: fixed")
    problems = bench.problems(text, modules={"tool": MODULE})
    assert any("equation one.F: the formula does not have the declared unit kg_CH4" in problem for problem in problems)


METHODOLOGY = """\
format: 1
id: whole
title: {zh: 测试, en: Test}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {month: {time: month}, year: {time: year}}
parameters: {gas: {unit: t_CH4, over: [month], from: fixed}, GWP: {unit: tCO2e/t_CH4, from: default, value: 28}}
uses: {tool: {module: tool, bind: {F: gas}}}
equations:
  BE: {unit: tCO2e, over: [year], expr: 'sum(gas, over=month) * GWP'}
  ER: {unit: tCO2e, over: [year], expr: BE}
outputs: {baseline: BE, reduction: ER, rounding: {mode: floor}}
"""


def test_input_of_a_module_must_be_bound(bench: Any) -> None:
    problems = bench.problems(METHODOLOGY.replace(", bind: {F: gas}", ""), modules={"tool": MODULE})
    assert problems == ["spec.yaml:8:8: input tool.F is not bound\n  hint: add `bind: {F: …}`"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("baseline: BE,", "baseline: BEE,", "spec.yaml:12:21: output baseline 'BEE' is not an equation\n  hint: did you mean BE?"),
        ("reduction: ER,", "reduction: gas,", "spec.yaml:12:36: output reduction 'gas' is not an equation"),
        ("reduction: ER,", "reduction: ER, reported: [BEE],", "spec.yaml:12:51: unknown name 'BEE'\n  hint: did you mean BE?"),
        ("outputs: {baseline: BE, reduction: ER, rounding: {mode: floor}}\n", "",
         "spec.yaml:1:1: the file is not right; expected `outputs:` in a methodology"),
        ("category: methane", "category: methan",
         ("spec.yaml:4:11: category is not right; expected 'efficiency', 'renewables', 'waste_energy', 'methane', "
         "'heat_pumps', 'hydrogen_metallurgy', 'ccus', 'raw_material_substitution' or 'carbon_sinks', found 'methan'")),
        ("id: whole", "id: 1whole",
         ("spec.yaml:2:5: id is not right; expected a name of letters, digits and _ that begins with a letter, "
         "at most 60 characters, found '1whole'")),
        ("id: whole\n", "", "spec.yaml:1:1: id is missing\n  hint: add `id:`"),
        ("value: 28", "value: '28'", ("spec.yaml:7:109: parameters.GWP.value is not right; expected a number (not in quotes), "
         "or a ratio such as 44/12, found '28'")),
        ("from: default, value: 28", "from: default", ("spec.yaml:7:67: parameters.GWP is not right; expected "
         "`value:` with `from: default`")),
        ("from: default, value: 28", "from: fixed, value: 28", ("spec.yaml:7:67: parameters.GWP is not right; expected "
         "`value:` only with `from: default`")),
    ],
)  # fmt: skip
def test_fault_in_a_methodology_is_told_where_it_stands(bench: Any, old: Any, new: Any, message: Any) -> None:
    assert METHODOLOGY.count(old) == 1
    problems = bench.problems(METHODOLOGY.replace(old, new), modules={"tool": MODULE})
    assert message in problems, problems


TABLE = """\
format: 1
id: grids
title: {zh: 表, en: Table}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
keys: {region: {north: {zh: 北, en: North}, south: {zh: 南, en: South}}, year: integer}
columns: {om: {unit: tCO2/MWh}, remark: {text: true}}
rows:
  - {region: north, year: 2024, om: 0.9, remark: a}
"""
LOOKUP = """\
dimensions: {month: {time: month}, year: {time: year}, plant: {members: from_data}}
options:
  region: {name: {zh: 区, en: Region}, values: [north, south]}
  by_plant: {name: {zh: 区, en: Region}, values: [north, south], over: [plant]}
parameters:
  EF: {unit: tCO2/MWh, over: [year], from: factor, table: grids, column: om, key: [region, year]}
equations:
  x: {unit: tCO2/MWh, over: [year], expr: EF}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("table: grids", "table: grid", "spec.yaml:6:59: no factor table 'grid'"),
        ("column: om", "column: omm",
         "spec.yaml:6:74: column 'omm' of table grids does not exist; expected one of om\n  hint: did you mean om?"),
        ("column: om", "column: remark", "spec.yaml:6:74: column 'remark' of table grids is text, not a number; expected one of om"),
        (", column: om", "", "spec.yaml:6:7: parameters.EF is not right; expected `column:` with `from: factor`"),
        ("key: [region, year]", "key: [region]",
         "spec.yaml:6:78: the key of EF does not fit table grids; expected region, year, found region"),
        ("key: [region, year]", "key: {region: regio, year: year}",
         "spec.yaml:6:78: key 'regio' of EF is neither a dimension nor an option\n  hint: did you mean region?"),
        ("key: [region, year]", "key: {region: by_plant, year: year}",
         "spec.yaml:6:78: option by_plant is chosen for each plant, but EF is not over it"),
        ("key: [region, year]", "key: {region: region, year: month}", "spec.yaml:6:78: EF is looked up by month, but is not over it"),
        ("key: [region, year]", "key: {region: {is: nort}, year: year}",
         "spec.yaml:6:84: key region of EF is not right; expected one of north, south, found 'nort'\n  hint: did you mean north?"),
        ("key: [region, year]", "key: {region: region, year: {is: x}}",
         "spec.yaml:6:100: key year of EF is not right; expected a whole number, found 'x'"),
        ("unit: tCO2/MWh, over: [year], from", "unit: tCO2, over: [year], from",
         "spec.yaml:6:3: parameter EF does not have the unit of its column grids.om; expected tCO2/MWh, found tCO2"),
        ("over: [plant]", "over: [plants]",
         ("spec.yaml:4:3: option by_plant is over 'plants', which is not a dimension; expected one of month, year, plant\n"
         "  hint: did you mean plant?")),
        ("over: [plant]", "default: nort",
         "spec.yaml:4:74: option by_plant has no value 'nort'; expected one of north, south\n  hint: did you mean north?"),
    ],
)  # fmt: skip
def test_fault_in_a_lookup_is_told_where_it_stands(bench: Any, old: Any, new: Any, message: Any) -> None:
    assert LOOKUP.count(old) == 1
    problems = bench.problems(LOOKUP.replace(old, new), tables={"grids": TABLE})
    assert message in problems, problems


def test_reading_of_a_coarser_step_may_be_the_key_of_a_finer_parameter(bench: Any) -> None:
    assert not bench.problems(LOOKUP.replace("over: [year]", "over: [month]"), tables={"grids": TABLE})


def test_module_that_uses_itself_is_refused(bench: Any) -> None:
    with pytest.raises(SpecError, match="modules use modules too deeply, or each other"):
        bench.methodology(USER, modules={"tool": MODULE + "uses: {again: {module: tool}}\n"})


def test_modules_that_multiply_are_refused_at_once(bench: Any) -> None:
    many = "\n".join(f"  p{n}: {{unit: '1', from: default, value: 1}}" for n in range(400))
    head = MODULE.split("dimensions:", maxsplit=1)[0]
    leaf = head + "parameters:\n" + many + "\n"
    tree = head + "uses:\n" + "\n".join(f"  u{n}: {{module: leaf}}" for n in range(200)) + "\n"
    begun = time.perf_counter()
    with pytest.raises(SpecError, match="too many parameters and equations"):
        bench.methodology("uses: {a: {module: tree}}\n", modules={"tree": tree, "leaf": leaf})
    assert time.perf_counter() - begun < 5


def test_mass_of_formulas_is_refused_at_once(bench: Any) -> None:
    formula = " + ".join(["a * b"] * 60)
    lines = "\n".join(f"  e{n}: {{unit: '1', expr: {formula}}}" for n in range(1500))
    text = f"parameters: {{a: {{unit: '1', from: fixed}}, b: {{unit: '1', from: fixed}}}}\nequations:\n{lines}\n"
    with pytest.raises(SpecError, match="too many formulas"):
        bench.methodology(text)


def test_mass_of_misspelt_names_is_refused_at_once(bench: Any) -> None:
    parameters = "".join(f"  parameter_{n}: {{unit: t, from: fixed}}\n" for n in range(1500))
    equations = "".join(f"  e{n}: {{unit: t, expr: parametre_{n}}}\n" for n in range(1500))
    begun = time.perf_counter()
    problems = bench.problems(f"parameters:\n{parameters}equations:\n{equations}")
    assert time.perf_counter() - begun < 5
    assert len(problems) == 1500
    assert "did you mean parameter_0" in problems[0]


def test_long_cycle_is_cut_in_the_message(bench: Any) -> None:
    equations = "".join(f"  e{n}: {{unit: t, expr: e{(n + 1) % 500}}}\n" for n in range(500))
    (problem,) = bench.problems(f"equations:\n{equations}")
    assert problem.startswith("spec.yaml:2:3: equations need each other: e0 → e1 → e2 → e3 →")
    assert "→ e11 → … (500) → e0" in problem


def test_all_faults_are_told_in_file_order(bench: Any) -> None:
    problems = bench.problems(
        "parameters:\n  a: {unit: xx, from: fixed}\n  b: {unit: '1', from: fixed, when: a == }\n"
        "equations:\n  x: {unit: '1', expr: q}\n  y: {unit: yy, expr: a, over: [z]}\n"
    )
    assert [problem.split(": ")[0] for problem in problems] == [
        f"spec.yaml:{place}" for place in ("2:13", "3:41", "5:24", "6:13", "6:26")
    ]


def test_unknown_methodology_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean .*cdm_acm0002"):
        load_methodology("cdm_acm002")


TEXTS = {name: bundled().spec_path(name).read_text(encoding="utf-8") for name in methodology_ids()}
TOKENS = ["'", '"', "{", "}", "[", "]", ":", "- ", "&a", "*a", "!!x", "|", ">", "%", "\t", "\x00", "\u2028", "é", "９", "\ud800",
          "9" * 400, "1e999", "-", "null", "true", "over: [year]", "(", ")", "**", "sum(", "prev(", "month", "year", "unit: t",
          "when: 1", "expr: x", "\n", "  ", ",", "#"]  # fmt: skip


def mutated(text: str, random_: random.Random) -> str:
    """Damage a text as a slip of the hand or a malicious hand would."""
    for _ in range(random_.choice([1, 1, 2, 4])):
        kind = random_.choice(["cut", "double", "swap", "insert", "line", "copy", "word"])
        at, _other = sorted(random_.randrange(len(text) + 1) for _ in range(2))
        if kind == "cut":
            text = text[:at] + text[at + random_.choice([1, 3, 30]) :]
        elif kind == "double":
            text = text[:at] + text[at : at + 20] + text[at:]
        elif kind == "swap":
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        elif kind == "insert":
            text = text[:at] + random_.choice(TOKENS) + text[at:]
        elif kind == "word":
            words = text[at : at + 200].split(" ")
            random_.shuffle(words)
            text = text[:at] + " ".join(words) + text[at + 200 :]
        else:
            lines = text.splitlines(keepends=True)
            first = random_.randrange(len(lines))
            second = random_.randrange(len(lines))
            if kind == "line":
                del lines[first]
            else:
                lines.insert(second, lines[first])
            text = "".join(lines)
        if not text:
            return "#"
    return text


@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 2**32))
def test_damaged_spec_is_read_or_refused_in_words(tmp_path_factory: Any, name: Any, seed: Any) -> None:
    text = mutated(TEXTS[name], random.Random(seed))
    folder = tmp_path_factory.mktemp("damaged") / name
    folder.mkdir()
    (folder / "spec.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    begun, told = time.perf_counter(), "nothing is wrong"
    try:
        methodology = load_methodology(folder)
        report = check(methodology)
        report.as_data()
        choices = {option: next(iter(spec.values)) for option, spec in methodology.options.items()}
        make_plan(
            methodology,
            {option: value for option, value in choices.items() if not methodology.options[option].over},
        )
    except TonneError as fault:
        told = str(fault)
    assert time.perf_counter() - begun < 2
    assert 10 < len(told) < 30_000


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "{grid_region: grid_region, year: grid_region}",
            "key year of EF cannot come from grid_region; expected a dimension of time",
        ),
        (
            "{grid_region: year, year: year}",
            "key grid_region of EF cannot come from year; expected an option, or a dimension of members",
        ),
    ],
)
def test_key_of_the_wrong_kind_is_refused(key, expected, tmp_path):
    (tmp_path / "spec.yaml").write_text(
        "format: 1\nid: keyed\nkind: module\ntitle: {zh: 试, en: Test}\n"
        "source: {publisher: {zh: 试, en: Test}, document: Test, evidence: composed}\n"
        "dimensions: {year: {time: year}}\n"
        "options: {grid_region: {name: {zh: 网, en: Grid}, values: [north, south]}}\n"
        f"parameters: {{EF: {{unit: tCO2/MWh, over: [year], from: factor, table: cn_grid_baseline, column: om, key: {key}}}}}\n"
        "equations: {x: {unit: tCO2/MWh, over: [year], expr: EF, evidence: composed}}\n",
        encoding="utf-8",
    )
    with pytest.raises(SpecError) as refused:
        load_methodology(tmp_path)
    assert expected in str(refused.value)

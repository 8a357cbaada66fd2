"""`tonne diff` and `tonne eval`: what they say, what they end with, and that the numbers are right."""

import csv
import gzip
import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import tonne
from tonne.cli import main
from tonne.engine.errors import DataError, TonneError, UnknownNameError

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "methodologies" / "ccer_01_002_v01" / "spec.yaml"
EXAMPLE = ROOT / "examples" / "offshore_wind"
ID = "ccer_01_002_v01"
OM, BM = Fraction("0.8042"), Fraction("0.2135")  # South China 2019


@pytest.fixture
def command(monkeypatch: Any, capsys: Any) -> Any:
    """Run a command; gives its exit code, what it printed, and what it complained of."""

    def run(*arguments: Any) -> Any:
        monkeypatch.setattr("sys.argv", ["tonne", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return ended.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def revised(tmp_path: Any) -> Any:
    """Make a copy of the offshore methodology with edits, in a folder of its own."""

    def make(*edits: Any, name: Any = "revised") -> Any:
        text = SPEC.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "spec.yaml").write_text(text, encoding="utf-8")
        return folder

    return make


# GX2-M had no valid calibration in this time; its readings are corrected by 0.2 %.
LATE = ("2024-08-16T00:00:00+08:00", "2024-08-27T00:00:00+08:00")


def rows(name: Any) -> Any:
    with gzip.open(EXAMPLE / "data" / name, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def net() -> Any:
    """The net electricity of each year in MWh, added up from the raw files without the engine."""
    totals: dict[int, Fraction] = defaultdict(Fraction)
    for row in rows("export.csv.gz"):
        if row["meter"] in {"GX1-M", "GX2-M"}:
            # Stamped at the end of the hour: the first hour of a year still belongs to the year before.
            stamp = row["time"]
            year = int(stamp[:4]) - (stamp[5:16] == "01-01T00:00")
            kept = Fraction("0.998") if row["meter"] == "GX2-M" and LATE[0] < stamp <= LATE[1] else 1
            totals[year] += Fraction(row["kwh"]) / 1000 * kept
    registers = {(row["meter"], row["time"]): Fraction(row["mwh"]) for row in rows("import_registers.csv.gz")}
    instants = ["2023-10-01T00:00:00+08:00", "2024-01-01T00:00:00+08:00", "2025-01-01T00:00:00+08:00"]
    for year, first, last in ((2023, instants[0], instants[1]), (2024, instants[1], instants[2])):
        for meter in ("GX1-M", "GX2-M"):
            totals[year] -= registers[meter, last] - registers[meter, first]
    totals[2024] -= (registers["GX2-M", LATE[1]] - registers["GX2-M", LATE[0]]) * Fraction("0.002")
    return totals


def floor(value: Any) -> Any:
    return value.numerator // value.denominator


WEIGHT = ("en: Weight of the operating margin}\n    unit: '1'\n    from: default\n    value: 0.5",
          "en: Weight of the operating margin}\n    unit: '1'\n    from: default\n    value: 0.75")  # fmt: skip
MONITORED = "unit: MWh\n    over: [month]\n    from: monitored"


# -- diff


def test_specs_that_are_equal_end_with_0(command: Any) -> None:
    code, out, _ = command("diff", ID, ID)
    assert code == 0
    assert "the two are equal" in out
    assert "reduction ER: equal as written" in out


def test_a_changed_weight_is_told_with_the_tonnes_of_each_year(command: Any, revised: Any, net: Any) -> None:
    code, out, _ = command("diff", ID, revised(WEIGHT), "--project", EXAMPLE)
    assert code == 1
    assert "parameter w_OM: value 0.5 → 0.75" in out
    before = {year: floor(total * (OM + BM) / 2) for year, total in net.items()}
    after = {year: floor(total * (OM * 3 / 4 + BM / 2)) for year, total in net.items()}
    for year in (2023, 2024):
        assert f"{year}: {before[year]:,} → {after[year]:,} (+{after[year] - before[year]:,})" in out
    one, other = sum(before.values()), sum(after.values())
    assert f"total: {one:,} → {other:,} (+{other - one:,})" in out


def test_the_way_back_costs_what_the_way_there_gains(revised: Any, net: Any) -> None:
    found: Any = tonne.diff(revised(WEIGHT), ID, EXAMPLE)
    lost = sum(floor(total * (OM + BM) / 2) - floor(total * (OM * 3 / 4 + BM / 2)) for total in net.values())
    assert lost < 0
    assert found.project.total("reduction") == lost
    assert found.project.total("leakage") == 0


def test_a_project_runs_under_a_spec_in_other_units_to_the_same_tonnes(revised: Any) -> None:
    found: Any = tonne.diff(ID, revised((MONITORED, MONITORED.replace("MWh", "kWh"))), EXAMPLE)
    assert found.difference.outputs["reduction"].outcome == "equal"
    assert found.project.is_equal
    assert not found.is_equal, "the unit of a parameter differs"


def test_a_threshold_that_decides_a_condition_is_told_as_a_finding_of_one_side(command: Any, revised: Any) -> None:
    limits = (("value: 30\n", "value: 38.2\n"), ("value: 30\n", "value: 40\n"))
    strict = revised(*limits, name="strict")
    loose = revised(
        *limits, ("distance_to_shore > distance_limit", "distance_to_shore >= distance_limit"), name="loose"
    )
    code, out, _ = command("diff", strict, loose, "--project", EXAMPLE)
    assert code == 1
    assert "condition site: test distance_to_shore > distance_limit" in out
    assert "the same tonnes" not in out
    assert "first, findings against the reduction: " in out
    assert "[applicability.not_met]" in out
    assert "second, findings against" not in out


def test_a_version_that_needs_more_says_why_it_refuses_the_project(command: Any, revised: Any) -> None:
    folder = revised(
        ("  EF_OM:\n", "  loss: {unit: '%', from: fixed, bounds: {min: 0, max: 100}}\n  EF_OM:\n"),
        ("expr: EG_export - EG_import", "expr: EG_export * (1 - loss) - EG_import"),
    )
    code, out, _ = command("diff", ID, folder, "--project", EXAMPLE)
    assert code == 1
    assert "parameter loss: added (fixed, %)" in out
    refused = out.partition("second refuses the project: ")[2]
    assert "loss" in refused


def test_a_project_that_both_refuse_is_refused(command: Any, revised: Any, tmp_path: Any) -> None:
    project = tmp_path / "project.yaml"
    text = (EXAMPLE / "project.yaml").read_text(encoding="utf-8")
    project.write_text(text.replace("grid_region: south", "grid_region: nowhere"), encoding="utf-8")
    code, out, err = command("diff", ID, revised(WEIGHT), "--project", project)
    assert (code, out) == (2, "")
    assert "nowhere" in err


@pytest.mark.parametrize("arguments", [("ccer_01_02_v01", ID), (ID, "/nowhere/spec.yaml"), (ID,)])
def test_specs_that_are_not_there_are_refused(command: Any, arguments: Any) -> None:
    code, out, err = command("diff", *arguments)
    assert (code, out) == (2, "")
    assert err


def test_a_difference_as_data_has_every_part(command: Any, revised: Any) -> None:
    code, out, _ = command(
        "diff", ID, revised(WEIGHT, ("BE - PE - LE", "BE - PE + LE")), "--project", EXAMPLE, "--json"
    )
    data = json.loads(out)
    assert code == 1
    assert data["equal"] is False
    assert [change["subject"] for change in data["changes"]] == ["w_OM"]
    equations = {item["name"]: item for item in data["equations"]}
    assert equations["ER"]["outcome"] == "different"
    assert equations["ER"]["first"] != equations["ER"]["second"]
    assert equations["EF_CM"]["as_written"] is True
    assert data["outputs"]["reduction"]["point"]["values"]
    assert [year["year"] for year in data["project"]["years"]] == ["2023", "2024"]


def test_a_difference_is_told_in_chinese(command: Any, revised: Any) -> None:
    _, out, _ = command("diff", ID, revised(WEIGHT), "--lang", "zh")
    assert "参数 w_OM：取值 0.5 → 0.75" in out
    assert "减排量 ER：不同：" in out
    assert "与原式相同" in out


def test_wording_is_told_in_one_line(command: Any, revised: Any) -> None:
    _, out, _ = command(
        "diff",
        ID,
        revised(("en: Weight of the build margin", "en: Weight of BM"), ("两项权重之和应为1。", "权重之和为1。")),
    )
    assert "parameter w_BM: wording changed (name)" in out
    assert "parameter w_OM: wording changed (note)" in out


# -- eval


def test_an_equation_is_evaluated_from_what_it_names() -> None:
    result = tonne.evaluate(ID, "EF_CM", {"EF_OM": "0.8042", "EF_BM": "0.2135"})
    assert result.value == Decimal("0.50885")
    assert {item.name: item.origin.en for item in result.inputs} == {
        "EF_OM": "given",
        "EF_BM": "given",
        "w_OM": "default of the spec",
        "w_BM": "default of the spec",
    }


def test_other_equations_are_inputs_and_several_values_are_members() -> None:
    result = tonne.evaluate(ID, "BE", {"EG_PJ": [100, 200, Decimal("300.5")], "EF_CM": "1/3"})
    assert abs(Fraction(result.value) - Fraction("600.5") / 3) < Fraction(1, 10**50)
    assert result.agreement.compared == 1


def test_values_take_units_and_are_converted_exactly(command: Any) -> None:
    code, out, _ = command("eval", ID, "EG_PJ", "EG_export=5 万kWh", "EG_import=700kWh")
    assert code == 0
    assert "EG_export@2024-01 = 5 万kWh = 50 MWh" in out
    assert "exactly 49.3 MWh" in out


def test_one_unit_at_the_end_of_a_list_is_that_of_all() -> None:
    result = tonne.evaluate(ID, "BE", {"EG_PJ": "1000, 2000 kWh", "EF_CM": 1})
    assert result.value == 3
    mixed = tonne.evaluate(ID, "BE", {"EG_PJ": "1 MWh, 2000 kWh", "EF_CM": 1})
    assert mixed.value == 3


def test_values_at_an_index_give_the_index_of_the_result() -> None:
    result = tonne.evaluate(
        ID, "BE", {"EG_PJ@2023-11": 1, "EG_PJ@2023-12": 2, "EG_PJ@2024-01": 4, "EF_CM@2023": 10, "EF_CM@2024": 100}
    )
    assert {result.label(index): value for index, value in result.values.items()} == {"BE@2023": 30, "BE@2024": 400}


def test_a_factor_is_looked_up_when_its_keys_are_chosen(command: Any) -> None:
    code, out, _ = command("eval", ID, "EF_CM", "grid_region=south", "year=2019")
    assert code == 0
    assert "EF_OM@2019 = 0.8042 tCO₂/MWh  (factor table cn_grid_baseline, om of south, 2019)" in out
    assert "EF_grid,CM,y = 0.8042 × 0.5 + 0.2135 × 0.5" in out
    assert "exactly 0.50885 tCO₂/MWh" in out
    assert "[section 6.3, equation (3)]" in out
    assert "source-checked" in out


def test_terms_of_a_sum_are_written_out_with_their_numbers(command: Any) -> None:
    _, out, _ = command("eval", ID, "BE", "EG_PJ=100,-20,300", "EF_CM=0.5")
    assert "BE_y = ∑[month](EG_PJ,y) × EF_grid,CM,y" in out
    assert "BE_y = (100.000 + (−20.000) + 300.000) × 0.5" in out
    assert "exactly 190 tCO₂e" in out
    assert "printed 190.00 tCO₂e" in out


def test_an_evaluation_is_told_in_chinese(command: Any) -> None:
    _, out, _ = command("eval", ID, "EF_CM", "EF_OM=1", "EF_BM=2", "--lang", "zh")
    assert "组合边际排放因子; 原文核对" in out
    assert "w_OM = 0.5（方法学缺省值）" in out
    assert "精确值 1.5 tCO₂/MWh" in out


def test_missing_inputs_are_listed_with_their_units(command: Any) -> None:
    code, out, err = command("eval", ID, "EF_CM", "w_OM=1")
    assert (code, out) == (2, "")
    assert "EF_OM is not given for 2024; expected a value in tCO2/MWh" in err
    assert "EF_BM is not given for 2024" in err
    assert "choose grid_region (north, northeast" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("EF_XX",), "did you mean"),
        (("EG_export",), "EG_export is a parameter"),
        (("EF_CM", "EFOM=1"), "did you mean EF_OM"),
        (("EF_CM", "EF_OM"), "name=value"),
        (("EF_CM", "EF_OM=1", "EF_OM=2"), "given twice"),
        (("EF_CM", "EF_OM=much"), "is not a value"),
        (("EF_CM", "EF_OM=1 MWh"), "cannot be converted"),
        (("EF_CM", "EF_OM=1 foo"), "EF_OM: "),
        (("EF_CM", "EF_OM=1/0", "EF_BM=1"), "a divisor that is not zero"),
        (("EF_CM", "grid_region=moon"), "has no value 'moon'"),
        (("EF_CM", "EF_OM@24=1", "EF_BM=1"), "'24' is not a year"),
        (("EF_CM", "EF_OM@2024,x=1", "EF_BM=1"), "EF_OM@year"),
        (("BE", "EG_PJ=1,2", "EF_CM=1,2,3"), "is given 3 values"),
        (("EF_CM", "w_OM=1,2", "EF_OM=1", "EF_BM=2"), "has no dimension"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused(command: Any, arguments: Any, message: Any) -> None:
    code, out, err = command("eval", ID, *arguments)
    assert (code, out) == (2, "")
    assert message in err, err


def test_a_value_outside_its_bounds_is_taken_and_noted() -> None:
    result = tonne.evaluate(ID, "EG_PJ", {"EG_export": -5, "EG_import": 1})
    assert result.value == -6
    assert [note.en for note in result.notes if "bounds" in note.en] == [
        "EG_export = -5 is outside the bounds of the spec"
    ]


FLARE = """\
format: 1
id: flares
kind: module
title: {zh: 火炬, en: Flares}
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {hour: {time: hour}, day: {time: day}, flare: {members: [north, south]}}
options:
  type: {name: {zh: 火炬类型, en: Flare type}, values: [open, enclosed], over: [flare]}
  rule: {name: {zh: 规则, en: Rule}, values: [plain, strict], default: plain}
parameters:
  flow: {unit: kg_CH4, over: [flare, hour], from: monitored}
  flame: {unit: flag, over: [flare, hour], from: monitored}
  T: {unit: degC, over: [flare, hour], from: monitored}
  T_low: {unit: degC, from: default, value: 500}
  share: {unit: '%', over: [flare], from: option, option: type, by: {open: 50, enclosed: 90}}
equations:
  eta:
    over: [flare, hour]
    unit: '%'
    cases:
      - {when: not flame, expr: '0', cite: {section: '2', number: 1}}
      - {when: rule == strict and T < T_low, expr: '0'}
      - {when: type == enclosed and T < T_low, expr: share / 2, cite: {section: '2', number: 3}}
      - {otherwise: share}
  lost: {over: [day], unit: t_CH4, expr: 'sum(flow * (1 - eta), over=[flare, hour])'}
  stock: {over: [day], unit: t_CH4, expr: 'prev(stock, day, 0) + lost'}
  odd: {unit: '1', over: [flare], expr: 'log(0 * share)'}
"""


@pytest.fixture
def flares(tmp_path: Any) -> Any:
    path = tmp_path / "spec.yaml"
    path.write_text(FLARE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("inputs", "value", "case", "condition"),
    [
        (("flame=no", "T=600"), "0", 1, "not "),
        (("flame=yes", "T=773.15 K"), "90", 4, "otherwise"),
        (("flame=yes", "T=499.9"), "45", 3, "Flare type = enclosed"),
        (("flame=yes", "T=499.9", "rule=strict"), "0", 2, "Rule = strict"),
    ],
)
def test_the_case_that_held_is_shown(
    flares: Any, command: Any, inputs: Any, value: Any, case: Any, condition: Any
) -> None:
    arguments = ("eval", flares, "eta", "type@south=enclosed", "T_low=500", *inputs)
    _, out, _ = command(*arguments, "--json")
    (found,) = json.loads(out)["values"].values()
    assert (found["exact"], found["case"]) == (value, case)
    _, out, _ = command(*arguments)
    line = next(line for line in out.splitlines() if "case that holds" in line)
    assert condition in line


def test_the_place_in_the_source_is_that_of_the_case(flares: Any) -> None:
    result: Any = tonne.evaluate(flares, "eta", {"type": "enclosed", "flame": "是", "T": 20})
    (index,) = result.values
    assert result.cite_of(index).number == "3"


def test_conversions_that_were_inserted_are_told(flares: Any, command: Any) -> None:
    values = [f"flow@{flare},2024-05-01T0{hour}={10 * hour}" for flare in ("north", "south") for hour in (1, 2)]
    etas = [f"eta@{flare},2024-05-01T0{hour}=90" for flare in ("north", "south") for hour in (1, 2)]
    code, out, err = command("eval", flares, "lost", *values, *etas)
    assert code == 0, err
    # 60 kg, a tenth of which is lost: 6 kg are 0.006 t
    assert "exactly 0.006 t CH₄" in out
    assert "% → 1, × 0.01" in out
    assert "conversions of units: " in out


def test_a_stock_is_evaluated_step_by_step(flares: Any) -> None:
    result = tonne.evaluate(flares, "stock", {"lost": "1, 2, 4"})
    assert list(result.values.values()) == [1, 3, 7]
    with pytest.raises(UnknownNameError, match="several values"):
        result.value  # noqa: B018


def test_an_option_that_the_formula_asks_for_must_be_chosen(flares: Any) -> None:
    with pytest.raises(DataError, match="option type is not chosen; expected one of open, enclosed"):
        tonne.evaluate(flares, "eta", {"flame": 1, "T": 600})


def test_an_equation_without_a_value_is_an_error_that_names_it(flares: Any, command: Any) -> None:
    code, out, err = command("eval", flares, "odd", "share=3")
    assert (code, out) == (2, "")
    assert "odd@north has no value" in err


def test_an_evaluation_equals_that_of_a_run() -> None:
    run = tonne.run(EXAMPLE)
    months = {run.dataset.domain.label(("month",), index): value for index, value in run.values_of("EG_PJ").items()}
    values = {f"EG_PJ@{month}": str(value) for month, value in months.items() if month.startswith("2024")}
    result = tonne.evaluate(ID, "BE", {**values, "EF_CM": str(run.by_year("EF_CM")[2024])})
    assert result.value == run.by_year("BE")[2024]


# -- a formula against an equation


@pytest.mark.parametrize(
    ("formula", "code", "said"),
    [
        ("EF_BM * w_BM + w_OM * EF_OM", 0, "proved equal for all inputs inside the bounds"),
        ("EF_OM * w_OM + EF_BM * w_BM", 0, "equal as written"),
        ("EF_OM * w_OM - EF_BM * w_BM", 1, "different: at EF_OM@2024"),
        ("EF_OM * w_OM * EF_BM * w_BM", 2, ""),
        ("EF_OM ^ 2", 2, ""),
    ],
)
def test_a_formula_typed_in_is_compared(command: Any, formula: Any, code: Any, said: Any) -> None:
    found, out, err = command("eval", ID, "EF_CM", "--against", formula)
    assert found == code, err
    assert said in out
    assert (out == "") == (code == 2)


def test_a_formula_and_values_can_be_given_together(command: Any) -> None:
    code, out, _ = command(
        "eval", ID, "EF_CM", "EF_OM=1", "EF_BM=3", "--against", "EF_BM * w_BM + w_OM * EF_OM", "--json"
    )
    data = json.loads(out)
    assert code == 0
    assert data["against"]["outcome"] == "equal"
    assert data["values"]["2024"]["exact"] == "2"


def test_public_functions_take_ids_paths_and_methodologies() -> None:
    loaded = tonne.load_methodology(ID)
    assert tonne.same_as(loaded, "EF_CM", "EF_BM * w_BM + w_OM * EF_OM").outcome == "equal"
    assert tonne.same_as(SPEC, "EF_CM", "EF_OM").outcome == "different"
    assert tonne.diff(loaded, SPEC).is_equal
    with pytest.raises(TonneError):
        tonne.same_as(ID, "EF_CM", "EF_XX")

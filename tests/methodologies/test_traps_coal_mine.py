"""The traps of coal mine methane, each seen through `cdm_acm0008` and `ccer_10_001_v01` and their cases."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.check.infer import infer
from tonne.engine.compute.reference import Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError
from tonne.engine.plan import make_plan
from tonne.engine.result.result import Result
from tonne.engine.run import conservative_side, run_project
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml
from tonne.esg.monitoring import monitoring_report

ACM, CCER = "cdm_acm0008", "ccer_10_001_v01"
SKELETON_EN = "NOT the official text"
Values = dict[str, dict[Any, Decimal]]
Change = Callable[[dict[str, Any]], None]


def project_of(name: str, case: str, change: Change | None, folder: Path) -> Any:
    document = read_yaml(bundled().root / name / "cases" / "good" / f"{case}.yaml")
    data = {"format": 1, "name": document.data["title"], "methodology": name, **document.data["project"]}
    if change is not None:
        change(data)
    inner = Document(document.path, data, {}, document.digest, document.text)
    return checked_project(shaped(ProjectSpec, inner, ProjectError), inner, folder)


@pytest.fixture
def values(tmp_path: Path) -> Callable[..., Values]:
    def compute(name: str, case: str, change: Change | None = None) -> Values:
        project = project_of(name, case, change, tmp_path)
        methodology = load_methodology(name)
        plan = make_plan(methodology, chosen_options(project, methodology))
        store = open_store([tmp_path], tmp_path)
        try:
            dataset = collect(project, plan, store, conservative_side(methodology))
        finally:
            store.close()
        given = {key: {at: decimal(value) for at, value in items.items()} for key, items in dataset.values.items()}
        return {**given, **Reference(plan, dataset).compute_all()}

    return compute


@pytest.fixture
def result(tmp_path: Path) -> Callable[..., Result]:
    def compute(name: str, case: str, change: Change | None = None) -> Result:
        return run_project(project_of(name, case, change, tmp_path), load_methodology(name), lambda _stage: None)

    return compute


def only(items: dict[Any, Decimal]) -> Decimal:
    (value,) = items.values()
    return value


def put(**given: dict[str, Any]) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["values"].update(given)

    return change


def chosen(**options: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["options"].update(options)

    return change


def test_trap_01_mean_flow_is_not_multiplied_by_mean_concentration(values: Callable[..., Values]) -> None:
    found = values(ACM, "oxidiser_hours_that_differ")
    hours = len(found["VAM_flow"])
    mean_flow = sum(found["VAM_flow"].values(), Decimal(0)) / hours
    mean_methane = sum(found["PC_in"].values(), Decimal(0)) / hours / 100
    product_of_means = mean_flow * hours * mean_methane * Decimal("0.716") / 1000
    assert product_of_means == Decimal("5.1552")
    assert only(found["MM_OX"]) == Decimal("4.296")


def test_trap_01_minutes_of_the_skeleton_are_multiplied_one_by_one(tmp_path: Path) -> None:
    minutes = [f"2025-06-01T{number // 60:02d}:{number % 60:02d}" for number in range(1440)]
    rows = [f"{minute}:00+08:00,{'1000,0.2' if number < 720 else '500,0.8'}" for number, minute in enumerate(minutes)]
    (tmp_path / "inlet.csv").write_text("\n".join(["time,flow,methane", *rows, ""]), encoding="utf-8")

    def from_a_file(data: dict[str, Any]) -> None:
        del data["values"]["V_in"], data["values"]["c_in"]
        feeding = {"V_in": ("flow", "Nm3", "interval"), "c_in": ("methane", "%", "state")}
        data["readings"] = {
            name: {
                "file": "inlet.csv",
                "time": {"column": "time", "interval": "1 minute"},
                "value": {"column": column, "unit": unit, "reads": reads},
                "meter": {"name": name},
                "feeds": [{"parameter": name, "at": {"unit": "R"}}],
            }
            for name, (column, unit, reads) in feeding.items()
        }

    project = project_of(CCER, "ventilation_air_to_power", from_a_file, tmp_path)
    found = run_project(project, load_methodology(CCER), lambda _stage: None).by_year("M_in")[2025]
    # 720 min of 1000 x 0.2 % and 720 of 500 x 0.8 %; the means would give 1440 x 750 x 0.5 % = 3.8664 t.
    assert found == Decimal(720) * (Decimal(2) + Decimal(4)) * Decimal("0.716") / 1000
    assert found != Decimal("3.8664")


def test_trap_07_co2_of_burned_fossil_methane_is_counted(values: Callable[..., Values]) -> None:
    found = values(ACM, "software_example_with_the_co2_left_out_there")
    burned = only(found["MD_FL"])
    simplified = only(found["ER"]) + Decimal("2.75") * burned
    assert simplified.quantize(Decimal("0.001")) in {Decimal("2396.246"), Decimal("2396.245")}
    assert only(found["PE_MD"]) == Decimal("2.75") * burned
    assert (simplified / only(found["ER"]) - 1).quantize(Decimal("0.001")) == Decimal("0.109")


@pytest.mark.parametrize("name", [ACM, CCER])
def test_trap_07_fossil_value_of_the_gwp_is_not_taken(name: str) -> None:
    methodology = load_methodology(name)
    used = [quantity.parameter for quantity in methodology.parameters.values() if quantity.parameter.table == "gwp"]
    assert used
    assert all(str(parameter.key["gas"]) == "{'is': 'ch4'}" for parameter in used if isinstance(parameter.key, dict))


def test_trap_07_vented_methane_bears_no_further_co2(values: Callable[..., Values]) -> None:
    found = values(ACM, "sugar_camp_2018_all_vented")
    assert only(found["PE_MD"]) == 0
    assert only(found["BE"]) == only(found["MM_use"]) * 25
    assert only(found["ER"]) == 0


def test_trap_08_density_follows_the_state_of_the_flow(values: Callable[..., Values]) -> None:
    at_twenty = put(T={"unit": "degC", "value": 20})
    found = values(ACM, "captive_power_displaced", at_twenty)
    (density, *_) = found["D_CH4"].values()
    assert density.quantize(Decimal("0.001")) == Decimal("0.667")
    zero = values(ACM, "captive_power_displaced")
    assert only(found["MM_use"]) / only(zero["MM_use"]) == density / Decimal("0.716")


def test_trap_08_gwp_of_another_period_is_a_corrective_action(result: Callable[..., Result]) -> None:
    wrong = result(ACM, "captive_power_displaced", chosen(gwp_set="ar4"))
    assert "factor.gwp_set" in {finding.code for finding in wrong.findings}
    assert "factor.gwp_set" not in {finding.code for finding in result(ACM, "captive_power_displaced").findings}


def test_trap_10_each_year_is_rounded_down_to_whole_tonnes(result: Callable[..., Result]) -> None:
    found = result(ACM, "each_year_is_rounded")
    exact = sum(found.by_year("ER").values())
    assert exact > 86
    assert found.rounded_total("reduction") == 86


def test_trap_11_methane_of_idle_hours_counts_as_vented(values: Callable[..., Values]) -> None:
    running = values(ACM, "captive_power_displaced")
    idle = values(ACM, "captive_power_displaced", put(Op={"unit": "flag", "value": 0}))
    assert only(idle["MM_use"]) == only(running["MM_use"])
    assert only(idle["MD_ELEC"]) == 0
    assert only(idle["PE_UM"]) == only(idle["BE_MR"])


def test_trap_12_members_are_added_up_and_not_multiplied_as_totals(values: Callable[..., Values]) -> None:
    found = values(ACM, "four_sources_four_uses_with_other_hydrocarbons")
    means = {name: sum(found[name].values(), Decimal(0)) / len(found[name]) for name in ("V", "PC_CH4")}
    mixed = means["V"] * 4 * 24 * means["PC_CH4"] / 100 * Decimal("0.716") / 1000
    assert only(found["MM_use"]) == sum(only(found[f"{gas}_PJ"]) for gas in ("CBM", "CMM", "PMM", "VAM"))
    assert only(found["MM_use"]) != mixed


def test_trap_15_density_in_kilograms_reaches_the_totals_in_tonnes(values: Callable[..., Values]) -> None:
    found = values(ACM, "oxidiser_outlet_measured_hot")
    by_hour = sum(found["F_in"].values())
    methodology = load_methodology(ACM)
    assert methodology.quantities["D_in"].unit.text == "kg_CH4/m3"
    assert methodology.quantities["MM_OX"].unit.text == "tCH4"
    assert only(found["MM_OX"]) == by_hour / 1000


def test_trap_15_density_without_its_unit_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    folder.mkdir()
    text = (bundled().root / CCER / "spec.yaml").read_text(encoding="utf-8")
    (folder / "spec.yaml").write_text(text.replace("unit: kg_CH4/Nm3", "unit: kg/m3"), encoding="utf-8")
    problems = infer(load_methodology(folder)).problems
    assert any("F_in" in str(problem) for problem in problems)


def test_regulators_formula_for_a_ventilation_shaft_gives_the_same_within_a_third_of_a_per_cent() -> None:
    # A quarter of the Nebo shaft: acfm, vol %, degrees Rankine; the pressure was not published, 1 atm is taken.
    flow, methane, rankine, days = Fraction(298668), Fraction("0.169"), Fraction("497.67"), 91
    regulator = days * flow * methane / 100 * Fraction("0.0423") * 520 / rankine * 1440 * Fraction("0.454") / 1000
    assert round(float(regulator), 1) == 1327.2
    cubic_metres = flow * Fraction("0.3048") ** 3 * 1440 * days
    kelvin = rankine * 5 / 9
    ours = cubic_metres * methane / 100 * Fraction("0.716") * Fraction("101.325") / Fraction("101.3")
    ours = ours * Fraction("273.15") / kelvin / 1000
    assert abs(ours / regulator - 1) < Fraction(1, 300)


def test_rich_gas_at_the_inlet_is_noticed_for_ventilation_air_as_well(result: Callable[..., Result]) -> None:
    rich = result(CCER, "ventilation_air_to_power", put(c_in={"unit": "%", "value": 20}))
    assert [item.id for item in rich.conditions if not item.met] == ["fed_below_limit"]


@pytest.mark.parametrize(
    ("name", "case", "parameter", "dimension", "minutes"),
    [(ACM, "captive_power_displaced", "PC_CH4", "stream", 60), (CCER, "ventilation_air_to_power", "c_in", "unit", 1)],
)
def test_late_calibration_is_found_where_a_certificate_states_no_end(
    name: str, case: str, parameter: str, dimension: str, minutes: int, tmp_path: Path
) -> None:
    def metered(calibrated: str) -> Change:
        def change(data: dict[str, Any]) -> None:
            start = data["monitoring_period"]["start"]
            share = data["values"].pop(parameter)["value"]
            times = range(0, 1440, minutes)
            lines = [f"{start}T{time // 60:02d}:{time % 60:02d}:00+08:00,{share}" for time in times]
            (tmp_path / "gas.csv").write_text("\n".join(["time,share", *lines, ""]), encoding="utf-8")
            data["readings"] = {
                "gas": {
                    "file": "gas.csv",
                    "time": {"column": "time", "interval": f"{minutes} minute"},
                    "value": {"column": "share", "unit": "%", "reads": "state"},
                    "meter": {"name": "A-01"},
                    "feeds": [{"parameter": parameter, "at": {dimension: data["members"][dimension][0]}}],
                }
            }
            data["meters"] = {
                "A01": {
                    "reads_as": "A-01",
                    "serial": "S1",
                    "parameters": [parameter],
                    "accuracy_class": "1",
                    "mpe": "1 %",
                    "in_service": {"start": "2020-01-01"},
                    "calibrations": [{"date": calibrated, "error": "0.1 %", "certificate": "J-1", "serial": "S1"}],
                }
            }

        return change

    start = project_of(name, case, None, tmp_path).spec.monitoring_period.start
    for calibrated, late in ((f"{start.year - 1}-01-15", True), (str(start), False)):
        project = project_of(name, case, metered(calibrated), tmp_path)
        found = run_project(project, load_methodology(name), lambda _stage: None)
        assert ("calibration.late" in {finding.code for finding in found.findings}) is late


def test_report_is_written_where_a_project_has_no_oxidation_unit(result: Callable[..., Result]) -> None:
    found = result(ACM, "captive_power_displaced")
    assert found.values["F_in"] == {}
    assert monitoring_report(found)


def test_skeleton_is_marked_wherever_its_equations_are_read() -> None:
    spec = load_methodology(CCER).spec
    assert spec.scheme == "CCER"
    assert spec.title.zh == "甲烷体积浓度低于8%的煤矿低浓度瓦斯和风排瓦斯利用"
    assert spec.summary is not None
    assert spec.source.note is not None
    stated = next(condition for condition in spec.conditions if condition.id == "not_official")
    marked = [spec.summary, spec.source.note, *(equation.note for equation in spec.equations.values())]
    assert all(text is not None and SKELETON_EN in " ".join(text.en.split()) for text in [*marked, stated.text])
    assert all(text is not None and ("非正式文本" in text.zh or "不是" in text.zh) for text in [*marked, stated.text])
    assert {equation.evidence for equation in spec.equations.values()} <= {"expert-recall", "composed"}


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({"t_upload": {"unit": "s", "value": 5}}, "upload_interval"),
        ({"V_transport": {"unit": "Nm3", "value": "20001/100"}}, "flow_balance"),
        ({"c_drained": {"unit": "%", "value": 8}}, "drained_below_limit"),
        ({"c_in": {"unit": "%", "value": 8}}, "fed_below_limit"),
        ({"d_linked": {"unit": "d", "value": -1}}, "linked"),
        ({"HG": {"unit": "GJ", "value": 0}}, "heat_used"),
    ],
)
def test_condition_of_the_data_is_decided_from_the_data(
    result: Callable[..., Result], given: dict[str, Any], condition: str
) -> None:
    held = {item.id: item.met for item in result(CCER, "blended_gas_to_heat").conditions}
    assert all(held.values())
    broken = {item.id: item.met for item in result(CCER, "blended_gas_to_heat", put(**given)).conditions}
    assert [name for name, met in broken.items() if not met] == [condition]

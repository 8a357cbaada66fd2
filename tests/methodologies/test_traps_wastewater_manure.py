"""The traps of wastewater and manure accounting, each seen through the bundled specs and their cases."""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.check.checks import check
from tonne.engine.compute.reference import Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError, TonneError
from tonne.engine.plan import make_plan
from tonne.engine.result.result import Result
from tonne.engine.run import conservative_side, run_project
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

ROOT = bundled().root
DRY_RUN = "cdm_acm0014/guardian_dry_run_b69d2a46"
CARRIED = "cdm_acm0014/cold_months_are_carried_into_warm_ones"
MEASURED = ["cdm_ams_iii_d/measured_methane_decides", "cdm_ams_iii_h/all_terms_measured_methane_decides"]
CALCULATED = ["cdm_ams_iii_d/calculated_reduction_decides", "cdm_ams_iii_h/all_terms_calculation_decides"]
DAIRY = "cdm_ams_iii_d/ipcc_dairy_north_america_at_10_degrees"
# Kilogrammes of methane a head and year of dairy cows in North America, from 10 to 28 degrees Celsius, as published.
DAIRY_FACTORS = [48, 50, 53, 55, 58, 63, 65, 68, 71, 74, 78, 81, 85, 89, 93, 98, 105, 110, 112]
WITH_OWN_POTENTIALS = sorted(  # three sets of potentials, of which each year takes one
    f"{name}/{path.stem}"
    for name in ("cdm_acm0014", "cdm_ams_iii_d", "cdm_ams_iii_h")
    for path in (ROOT / name / "cases" / "good").glob("*.yaml")
)
CLOSE = Decimal("1e-20")
Values = dict[str, dict[Any, Decimal]]
Change = Callable[[dict[str, Any]], None]


def project_of(case: str, folder: Path, change: Change | None = None) -> Any:
    name, _, file = case.partition("/")
    document = read_yaml(ROOT / name / "cases" / "good" / f"{file}.yaml")
    data = {"format": 1, "name": document.data["title"], "methodology": name, **document.data["project"]}
    if change is not None:
        change(data)
    inner = Document(document.path, data, {}, document.digest, document.text)
    return checked_project(shaped(ProjectSpec, inner, ProjectError), inner, folder)


def computed(case: str, folder: Path, change: Change | None = None, methodology: Methodology | None = None) -> Values:
    project = project_of(case, folder, change)
    methodology = methodology or load_methodology(case.partition("/")[0])
    plan = make_plan(methodology, chosen_options(project, methodology))
    store = open_store([folder], folder)
    try:
        dataset = collect(project, plan, store, conservative_side(methodology))
    finally:
        store.close()
    given = {key: {at: decimal(value) for at, value in items.items()} for key, items in dataset.values.items()}
    return {**given, **Reference(plan, dataset).compute_all()}


def finished(case: str, folder: Path, change: Change | None = None) -> Result:
    return run_project(project_of(case, folder, change), load_methodology(case.partition("/")[0]), lambda _stage: None)


def codes(result: Result) -> set[str]:
    return {finding.code for finding in result.findings}


def changed_spec(name: str, folder: Path, *changes: tuple[str, str]) -> Path:
    """A bundled spec with pieces of its text replaced."""
    text = (ROOT / name / "spec.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    return folder / "spec.yaml"


def only(items: dict[Any, Decimal]) -> Decimal:
    (value,) = items.values()
    return value


def given(name: str, **value: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["values"][name] = value

    return change


def test_trap_04_cod_of_the_month_before_enters_this_one(tmp_path: Path) -> None:
    found = computed(CARRIED, tmp_path)
    without = computed(CARRIED, tmp_path, given("lagoon_emptied", unit="flag", value=1))
    assert list(found["COD_av"].values()) == [Decimal("71.2"), Decimal("142.4"), Decimal("213.6")]
    assert only(without["BE_CH4"]) * 3 == only(found["BE_CH4"])


def test_trap_04_carry_over_of_the_published_year_is_not_left_out(tmp_path: Path) -> None:
    found = computed(DRY_RUN, tmp_path)
    without = computed(DRY_RUN, tmp_path, given("lagoon_emptied", unit="flag", value=1))
    assert abs(only(found["f_T_year"]) - Decimal("0.9770408814749084")) < Decimal("1e-12")
    assert only(without["f_T_year"]) < Decimal("0.91")


def test_trap_04_carry_over_does_not_break_between_two_reports(tmp_path: Path) -> None:
    whole = computed(CARRIED, tmp_path)

    def second_report(data: dict[str, Any]) -> None:
        data["monitoring_period"]["start"] = "2024-03-01"
        data["values"]["T2"] = {"unit": "K", "value": 303}
        data["values"]["COD_before"] = {"unit": "t_COD", "value": Fraction(1424, 10)}

    later = computed(CARRIED, tmp_path, second_report)
    assert only(later["COD_av"]) == Decimal("213.6")
    assert only(later["BE_CH4"]) == only(whole["BE_CH4"])


@pytest.mark.parametrize(
    ("kelvin", "factor"),
    [("277.99", "0"), ("278", "0.102289615"), ("302.5", "0.946519323"), ("302.51", "0.95"), ("310", "0.95")],
)
def test_trap_04_temperature_factor_has_its_branches(kelvin: str, factor: str, tmp_path: Path) -> None:
    found = computed(CARRIED, tmp_path, given("T2", unit="K", value=Fraction(kelvin)))
    assert {value.quantize(Decimal("1e-9")) for value in found["f_T"].values()} == {
        Decimal(factor).quantize(Decimal("1e-9"))
    }


def test_trap_04_yearly_factor_divides_by_the_cod_that_enters(tmp_path: Path) -> None:
    found = computed(DRY_RUN, tmp_path)
    degraded = Decimal(0)
    for factor, available in zip(found["f_T"].values(), found["COD_av"].values(), strict=True):
        degraded += factor * available
    assert abs(only(found["f_T_year"]) - degraded / sum(found["COD_BL"].values())) < CLOSE
    assert abs(only(found["f_T_year"]) - degraded / sum(found["COD_av"].values())) > Decimal("0.05")


def test_trap_04_baseline_is_that_of_the_printed_equation(tmp_path: Path) -> None:
    found = computed(DRY_RUN, tmp_path)
    printed = 28 * only(found["MCF"]) * Decimal("0.21") * sum(found["COD_BL"].values())
    assert abs(only(found["BE_CH4"]) - printed) < CLOSE


@pytest.mark.parametrize("leaves", [1000, 1200])
def test_trap_04_no_less_cod_leaves_than_enters(leaves: int, tmp_path: Path) -> None:
    found = computed(CARRIED, tmp_path, given("COD_out", unit="t_COD", value=leaves))
    assert only(found["BE_CH4"]) == 0
    project = project_of(CARRIED, tmp_path, given("COD_out", unit="t_COD", value=leaves))
    result = run_project(project, load_methodology("cdm_acm0014"), lambda _stage: None)
    assert "lagoon_removes_cod" in {condition.id for condition in result.conditions if condition.met is False}


@pytest.mark.parametrize("case", MEASURED)
def test_trap_06_lower_value_is_taken_against_the_methane_measured(case: str, tmp_path: Path) -> None:
    found = computed(case, tmp_path)
    reduction, baseline, measured = (only(found[name]) for name in ("ER", "BE", "MD"))
    other = only(found["PE_transp" if "PE_transp" in found else "PE_biomass"])
    assert reduction == measured - only(found["PE_power"]) - other
    assert reduction < only(found["ER_calculated"])
    assert reduction != min(baseline, measured) - only(found["PE"])


@pytest.mark.parametrize("case", CALCULATED)
def test_trap_06_more_methane_measured_gives_no_more_than_the_baseline_allows(case: str, tmp_path: Path) -> None:
    found = computed(case, tmp_path)
    assert abs(only(found["ER"]) - (only(found["BE"]) - only(found["PE"]))) < CLOSE
    assert only(found["ER"]) < only(found["ER_measured"])


@pytest.mark.parametrize("case", [*MEASURED, *CALCULATED])
def test_trap_06_reduction_stays_baseline_less_project_less_leakage(case: str, tmp_path: Path) -> None:
    found = computed(case, tmp_path)
    assert abs(only(found["ER"]) - (only(found["BE_credited"]) - only(found["PE"]) - only(found["LE"]))) < CLOSE
    assert only(found["BE_credited"]) <= only(found["BE"]) + CLOSE


def test_trap_08_manure_and_meter_keep_their_own_reference_state(tmp_path: Path) -> None:
    def at_zero_degrees(data: dict[str, Any]) -> None:
        data["options"]["gas_state"] = "zero_celsius"

    warm, cold = computed(MEASURED[0], tmp_path), computed(MEASURED[0], tmp_path, at_zero_degrees)
    assert only(cold["MD"]) / only(warm["MD"]) == Decimal("0.716") / Decimal("0.67")
    assert only(cold["BE"]) == only(warm["BE"])


@pytest.mark.parametrize(
    ("first", "methane", "nitrous_oxide"), [(2012, 21, 310), (2013, 25, 298), (2020, 25, 298), (2021, 28, 265)]
)
def test_trap_08_potential_goes_by_the_year_and_is_no_constant(
    first: int, methane: int, nitrous_oxide: int, tmp_path: Path
) -> None:
    def moved(data: dict[str, Any]) -> None:
        data["monitoring_period"] = {"start": f"{first}-12-01", "end": f"{first}-12-31"}
        data["crediting_period"] = {"start": f"{first}-01-01", "end": f"{first + 6}-12-31"}
        values = data["values"]
        for name, value in values.items():
            if "at" in value:
                values[name] = {"unit": value["unit"], "value": next(iter(value["at"].values()))}

    found = computed(DRY_RUN, tmp_path, moved)
    assert only(found["GWP_CH4"]) == methane
    assert only(found["PE_flare"]) == Decimal("0.625") * methane
    sludge = Decimal("2.1") * methane + Decimal("0.8") * 44 / 28 * nitrous_oxide
    assert abs(only(found["PE_LA"]) - sludge) < CLOSE
    for case in (DAIRY, "cdm_ams_iii_h/every_kind_of_treatment"):
        assert only(computed(case, tmp_path, moved)["GWP_CH4"]) == methane


def test_trap_08_published_year_before_2013_has_the_potential_of_its_time(tmp_path: Path) -> None:
    def in_2012(data: dict[str, Any]) -> None:
        data["monitoring_period"] = {"start": "2012-01-01", "end": "2012-12-31"}
        data["crediting_period"] = {"start": "2010-01-01", "end": "2016-12-31"}
        for value in data["values"].values():
            value["at"] = {str(at).replace("2024", "2012"): number for at, number in value.get("at", {}).items()}
            if not value["at"]:
                del value["at"]

    assert only(computed(DRY_RUN, tmp_path, in_2012)["BE_CH4"]).quantize(Decimal("0.01")) == Decimal("24642.35")


@pytest.mark.parametrize("case", WITH_OWN_POTENTIALS)
def test_trap_08_potential_that_a_year_does_not_take_is_not_reported(case: str, tmp_path: Path) -> None:
    assert not {code for code in codes(finished(case, tmp_path)) if code.startswith("factor.")}


@pytest.mark.parametrize("case", MEASURED[:1])
def test_trap_08_potential_that_a_year_takes_wrongly_is_reported(case: str, tmp_path: Path) -> None:
    spec = changed_spec(case.partition("/")[0], tmp_path, ("    value: 2021\n", "    value: 2025\n"))
    result = run_project(project_of(case, tmp_path), load_methodology(spec), lambda _stage: None)
    (finding,) = [finding for finding in result.findings if finding.code == "factor.gwp_set"]
    facts = {name: finding.evidence[name] for name in ("parameter", "years", "used", "expected")}
    assert facts == {"parameter": "GWP_CH4_AR4", "years": [2024], "used": ["ar4"], "expected": ["ar5"]}


def test_animals_of_a_month_are_not_counted_as_those_of_a_year(tmp_path: Path) -> None:
    case = MEASURED[0]  # one month

    def alive_all_month(data: dict[str, Any]) -> None:
        data["values"]["N_da"] = {"unit": "d", "value": 31}
        data["values"]["N_p"] = {"unit": "unit_animal", "value": 3600}

    def of_the_whole_year(data: dict[str, Any]) -> None:
        data["values"]["N_da"] = {"unit": "d", "value": 180}
        data["values"]["N_p"] = {"unit": "unit_animal", "value": 7300}

    for change in (None, alive_all_month):
        assert only(computed(case, tmp_path, change)["N"]) == 3600
        assert "balance.hours_exceed_step" not in codes(finished(case, tmp_path, change))
    assert "balance.hours_exceed_step" in codes(finished(case, tmp_path, of_the_whole_year))


def test_whole_years_divide_by_the_days_of_the_source(tmp_path: Path) -> None:
    found = computed("cdm_ams_iii_d/two_herds_of_which_one_year_is_too_cold", tmp_path)
    assert set(found["days_monitored"].values()) == {Decimal(365)}  # 2023 and the leap year 2024


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("cdm_acm0014", "expr: GWP_CH4 * B_o * f_d", "expr: B_o * f_d"),
        ("cdm_ams_iii_d", "expr: GWP_CH4 * UF_b", "expr: UF_b"),
        ("cdm_ams_iii_h", "expr: (1 - CFE) * MEP * GWP_CH4", "expr: (1 - CFE) * MEP"),
    ],
)
def test_trap_09_methane_is_not_taken_for_carbon_dioxide(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    report = check(load_methodology(changed_spec(name, tmp_path, (right, wrong))))
    assert "units.misfit" in {finding.code for finding in report.findings}


def test_trap_09_gas_constant_is_read_with_its_unit(tmp_path: Path) -> None:
    published = computed(DRY_RUN, tmp_path)["f_T"]
    in_joules = load_methodology(
        changed_spec(
            "cdm_acm0014",
            tmp_path,
            ("unit: cal/(mol*K)", "unit: J/(mol*K)"),
            ("value: 1.987", "value: 8.3191716"),  # 1.987 × 4.1868
            ("bounds: {min: 1, max: 3}", "bounds: {min: 4, max: 13}"),
        )
    )
    found = computed(DRY_RUN, tmp_path, methodology=in_joules)["f_T"]
    assert all(abs(value - published[index]) < CLOSE for index, value in found.items())


@pytest.mark.parametrize(("unit", "value"), [("kgCO2/GJ", "56.1"), ("tCO2/TJ", "56.1"), ("tCO2/GJ", "0.0561")])
def test_trap_09_emission_factors_of_fuel_convert_exactly(unit: str, value: str, tmp_path: Path) -> None:
    found = computed(CARRIED, tmp_path, given("EF_boiler", unit=unit, value=Fraction(value)))
    assert only(found["BE_HG"]) == 99


def test_trap_09_methane_of_the_flare_is_not_given_in_carbon_dioxide(tmp_path: Path) -> None:
    with pytest.raises(TonneError, match="F_flare"):
        computed(DRY_RUN, tmp_path, given("F_flare", unit="tCO2e", value=3500))


def test_trap_09_ratios_of_whole_numbers_are_not_cut_off(tmp_path: Path) -> None:
    assert load_methodology("cdm_acm0014").parameters["N2O_per_N"].parameter.value == Fraction(44, 28)
    found = computed(MEASURED[1], tmp_path)
    sludge = only(found["CH4_per_sludge"])
    assert abs(sludge - Decimal("0.257") / 4 * 16 / 12) < CLOSE


def test_trap_10_issued_amount_and_exact_reduction_are_kept_apart(tmp_path: Path) -> None:
    exact = only(computed(DRY_RUN, tmp_path)["ER"])
    assert exact.quantize(Decimal("0.01"), "ROUND_DOWN") == Decimal("32084.51")  # what the platform issued
    assert exact.quantize(Decimal("0.01")) == Decimal("32084.52")
    assert finished(DRY_RUN, tmp_path).rounded_total("reduction") == 32084
    outputs = load_methodology("cdm_acm0014").spec.outputs
    assert outputs is not None
    assert outputs.rounding.mode == "floor"


@pytest.mark.parametrize("case", [DRY_RUN, MEASURED[0], MEASURED[1]])
def test_trap_13_order_of_the_equations_does_not_count(case: str, tmp_path: Path) -> None:
    name = case.partition("/")[0]
    text = (ROOT / name / "spec.yaml").read_text(encoding="utf-8")
    head, mark, rest = text.partition("\nequations:\n")
    body, outputs, tail = rest.partition("\noutputs:\n")
    blocks = re.split(r"(?m)^(?=  \w+:\n)", body)
    assert len(blocks) > 10
    backwards = "".join(block.rstrip("\n") + "\n" for block in reversed(blocks) if block)
    (tmp_path / "spec.yaml").write_text(head + mark + backwards + outputs + tail, encoding="utf-8")
    assert computed(case, tmp_path, methodology=load_methodology(tmp_path / "spec.yaml")) == computed(case, tmp_path)


def test_trap_13_name_that_nothing_defines_is_refused_and_not_taken_as_text(tmp_path: Path) -> None:
    spec = changed_spec(
        "cdm_acm0014", tmp_path, ("expr: PE_digester + PE_flare + PE_LA", "expr: PE_digester + PE_flare + PE_land")
    )
    with pytest.raises(TonneError, match="PE_land"):
        load_methodology(spec)


@pytest.mark.parametrize(("degrees", "published"), list(zip(range(10, 29), DAIRY_FACTORS, strict=True)))
def test_conversion_factors_give_the_published_dairy_factors(degrees: int, published: int, tmp_path: Path) -> None:
    def warmer(data: dict[str, Any]) -> None:
        data["options"]["temperature"] = f"t{degrees}"

    found = only(computed(DAIRY, tmp_path, warmer)["CH4_BL"])  # of a thousand cows, so tonnes are kilogrammes a head
    assert abs(found - published) <= Decimal("1.4")

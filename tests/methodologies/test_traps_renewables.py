"""Mistakes that are easily made with renewable energy, each shown not to happen, or to be noticed."""

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tonne
from tonne.engine.check.checks import CheckReport, check
from tonne.engine.errors import ProjectError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.spec.catalogue import bundled, load_methodology

ROOT = bundled().root
SPECS = ["ccer_01_001_v01", "ccer_01_002_v01", "cdm_acm0002", "cdm_ams_i_d"]
HEAD = "format: 1\nname: {zh: 算例, en: Case}\n"


def project_text(case: str) -> str:
    """The project that a golden case or a refusal describes."""
    name = case.partition("/")[0]
    (path,) = (ROOT / name / "cases").glob(f"*/{case.partition('/')[2]}.yaml")
    lines = path.read_text(encoding="utf-8").partition("\nproject:\n")[2].splitlines()
    ends = next(number for number, line in enumerate(lines) if line and not line.startswith((" ", "#")))
    inside = "\n".join(line.removeprefix("  ") for line in lines[:ends])
    return f"{HEAD}methodology: {name}\n{inside}\n"


def run_case(folder: Path, case: str, *changes: tuple[str, str]) -> Result:
    """Run a case, with pieces of its text replaced."""
    text = project_text(case)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "project.yaml").write_text(text, encoding="utf-8")
    return run(folder)


def not_met(result: Result) -> set[str]:
    return {condition.id for condition in result.conditions if condition.met is False}


def of_year(result: Result, name: str, year: int) -> Decimal:
    return result.by_year(name)[year]


def checked_with(folder: Path, name: str, *changes: tuple[str, str]) -> CheckReport:
    """Check a bundled spec with pieces of its text replaced."""
    text = (ROOT / name / "spec.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    return check(load_methodology(folder / "spec.yaml"))


def floor_in_binary(value: float) -> int:
    return math.floor(value)


def electricity_cards(name: str) -> dict[str, Any]:
    """The parameters of exported and imported electricity of a spec."""
    parameters = load_methodology(name).spec.parameters
    return {key: item for key, item in parameters.items() if key.endswith(("export", "import"))}


def test_trap_01_error_deduction_is_not_taken_from_the_net() -> None:
    for name in SPECS:
        cards = electricity_cards(name)
        assert {"EG_export", "EG_import"} <= set(cards)
        assert all(card.monitoring.calibration.out_of_class == "actual_error" for card in cards.values())
    # Each side by 0.2 %: export down, import up. Of the net alone, the import would be corrected to the wrong side.
    sides = {"EG_export": Decimal(1000) * Decimal("0.998"), "EG_import": Decimal(10) * Decimal("1.002")}
    corrected = tonne.evaluate("ccer_01_002_v01", "EG_PJ", sides).value
    assert corrected == Decimal("987.98")
    assert corrected < Decimal(1000 - 10) * Decimal("0.998")


def test_trap_01_a_net_reading_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="EG_import"):
        run_case(tmp_path, "cdm_ams_i_d/net_reading_alone")


@pytest.mark.parametrize("name", SPECS)
def test_trap_02_late_calibration_has_a_rule_of_its_own_on_every_meter(name: str) -> None:
    rules = [card.monitoring.calibration for card in electricity_cards(name).values()]
    assert all(rule.late == "class_mpe" for rule in rules)
    if name.startswith("ccer"):
        assert all(rule.every == "1 year" and rule.uncalibrated == "class_mpe" for rule in rules)
    else:
        assert all(rule.uncalibrated == "refuse" for rule in rules)


def test_trap_02_the_late_month_alone_can_be_corrected(tmp_path: Path) -> None:
    late = ("2019-02: 4875.25,", "2019-02: 4850.87375,")  # the month lies in the late interval: less 0.5 %
    result = run_case(tmp_path, "cdm_acm0002/wind_quarter_with_outage", late)
    assert of_year(result, "EG_facility_year", 2019) == Decimal("10031.8") - Decimal("24.37625")


def test_trap_03_weights_are_not_hard_coded(tmp_path: Path) -> None:
    weights = load_methodology("ccer_01_002_v01").spec.parameters
    assert all(weights[name].replaceable and weights[name].evidence == "expert-recall" for name in ("w_OM", "w_BM"))
    assert run_case(tmp_path, "ccer_01_002_v01/weights_of_the_project").rounded_total("reduction") == 6565
    assert all(load_methodology("ccer_01_001_v01").spec.parameters[name].from_ == "fixed" for name in ("w_OM", "w_BM"))


def test_trap_03_weights_of_another_technology_are_noticed(tmp_path: Path) -> None:
    result = run_case(tmp_path, "cdm_acm0002/weights_of_wind_for_hydro")
    assert not_met(result) == {"weights_fit_technology"}
    assert result.failed


@pytest.mark.parametrize("name", SPECS)
def test_trap_04_no_baseline_reads_an_average_factor(name: str) -> None:
    assert "cn_grid_average" not in load_methodology(name).tables


def test_trap_04_factor_of_another_year_or_grid_is_not_taken_silently(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="2018"):
        run_case(tmp_path, "cdm_acm0002/year_without_release")
    with pytest.raises(ProjectError, match="southwest"):
        run_case(tmp_path, "ccer_01_002_v01/months_of_net_import", ("grid_region: east", "grid_region: southwest"))
    latest = run_case(tmp_path, "ccer_01_002_v01/first_quarter_south_grid")
    assert "factor.latest_used" in {finding.code for finding in latest.findings}


def test_trap_05_percent_gas_units_and_carbon_are_kept_apart(tmp_path: Path) -> None:
    parameters = load_methodology("ccer_01_001_v01").spec.parameters
    assert (parameters["OF"].unit, parameters["CC"].unit) == ("%", "tC/GJ")
    gas = run_case(tmp_path, "ccer_01_001_v01/natural_gas_in_normal_cubic_metres")
    # 35500 Nm3 are 3.55 x 10^4 Nm3; 99 % are 0.99; 44/12 goes from carbon to CO2.
    coefficient = Decimal("389.31") * Decimal("0.0153") * Decimal("0.99") * 44 / 12
    assert abs(of_year(gas, "PE", 2019) - Decimal("3.55") * coefficient) < Decimal("1e-20")


def test_trap_05_a_factor_that_is_already_co2_is_not_multiplied_by_44_over_12(tmp_path: Path) -> None:
    report = checked_with(tmp_path, "ccer_01_001_v01", ("    unit: tC/GJ\n", "    unit: tCO2/GJ\n"))
    assert not report.passed
    assert any(finding.code.startswith("units") for finding in report.findings if finding.failed)


def test_trap_06_history_takes_the_sample_standard_deviation(tmp_path: Path) -> None:
    result = run_case(tmp_path, "cdm_acm0002/retrofit_until_the_date")
    of_sample, of_population = Decimal(5000), (Decimal(100_000_000) / 5).sqrt()
    assert result.values["sigma_historical"][()] == of_sample != of_population
    assert of_year(result, "ER", 2021) == Decimal(8928)


@pytest.mark.parametrize(
    ("case", "total"),
    [("replacement_below_history_counts_zero", 0), ("rehabilitation_below_history_counts_negative", -1188)],
)
def test_trap_06_generation_below_history_follows_an_explicit_choice(tmp_path: Path, case: str, total: int) -> None:
    result = run_case(tmp_path, f"cdm_acm0002/{case}")
    assert result.plan.choices["below_history"] == ("zero" if total == 0 else "negative")
    assert result.rounded_total("reduction") == total


def test_trap_07_reservoir_counts_gross_generation(tmp_path: Path) -> None:
    result = run_case(tmp_path, "cdm_acm0002/power_density_of_exactly_ten")
    gross, net = Decimal(20600), of_year(result, "EG_facility_year", 2021)
    assert of_year(result, "PE_HP", 2021) == gross * 90 / 1000 != net * 90 / 1000


def test_trap_07_gross_generation_below_net_is_noticed_and_net_does_not_stand_in(tmp_path: Path) -> None:
    assert not_met(run_case(tmp_path, "cdm_acm0002/net_generation_entered_as_total")) == {"gross_generation"}
    with pytest.raises(ProjectError, match="TEG"):
        run_case(tmp_path, "cdm_acm0002/new_reservoir_without_total_generation")


@pytest.mark.parametrize(
    ("megawatts", "eligible", "emissions"),
    [
        ("23.9999999", False, 1854),
        ("24", False, 1854),
        ("24.0000001", True, 1854),
        ("60", True, 1854),
        ("60.0000001", True, 0),
    ],
)
def test_trap_08_borders_of_the_power_density_are_exact(
    tmp_path: Path, megawatts: str, eligible: bool, emissions: int
) -> None:
    change = ("Cap_PJ: {unit: MW, at: {2021: 60}}", f"Cap_PJ: {{unit: MW, at: {{2021: {megawatts}}}}}")
    result = run_case(tmp_path, "cdm_acm0002/power_density_of_exactly_ten", change)
    assert ("power_density" not in not_met(result)) is eligible
    assert of_year(result, "PE_HP", 2021) == emissions


def test_trap_08_the_hundred_of_another_document_is_refused(tmp_path: Path) -> None:
    change = ("Cap_PJ:", "EF_Res: {unit: kgCO2e/MWh, value: 100}\n  Cap_PJ:")
    with pytest.raises(ProjectError, match="EF_Res is set by the methodology"):
        run_case(tmp_path, "cdm_acm0002/power_density_of_exactly_ten", change)
    assert any("VMR0017" in item.text.en for item in load_methodology("cdm_acm0002").spec.not_covered)


def test_trap_09_no_tonne_is_lost_to_binary_floating_point(tmp_path: Path) -> None:
    assert floor_in_binary(94.6 - 54.6) == 39
    assert tonne.evaluate("cdm_acm0002", "ER", {"BE": "94.6", "PE": "54.6", "LE": 0}).value == 40
    assert floor_in_binary((20012.1 - 12.1) * (0.8587 * 0.5 + 0.2854 * 0.5)) == 11440
    assert run_case(tmp_path, "ccer_01_002_v01/whole_tonnes_exactly").rounded_total("reduction") == 11441


@pytest.mark.parametrize("name", SPECS)
def test_trap_10_rounding_is_said_by_the_spec(name: str) -> None:
    outputs = load_methodology(name).spec.outputs
    assert outputs is not None
    assert (outputs.rounding.mode, outputs.rounding.at) == ("floor", "year")


def test_trap_10_rounding_acts_once_at_the_end(tmp_path: Path) -> None:
    published = run_case(tmp_path, "cdm_acm0002/jcredit_photovoltaic_plan")
    assert published.rounded_total("reduction") == 21  # half up would give 22
    one = run_case(tmp_path, "cdm_acm0002/only_the_reduction_is_rounded")
    assert one.rounded_total("baseline") == Decimal("690.114425")
    two = run_case(tmp_path, "cdm_acm0002/two_calendar_years_fixed_margins")
    assert two.rounded_total("reduction") == 680 + 649  # the sum alone would round to 1330


def test_trap_11_a_product_of_the_weighted_factors_fails_the_check_of_units(tmp_path: Path) -> None:
    change = ("expr: EF_OM * w_OM + EF_BM * w_BM", "expr: EF_OM * w_OM * EF_BM * w_BM")
    report = checked_with(tmp_path, "ccer_01_001_v01", change)
    assert not report.passed
    assert any("EF_CM" in finding.en for finding in report.findings if finding.failed)
    assert check(load_methodology("ccer_01_001_v01")).passed


def test_trap_12_crediting_periods_have_their_own_limits(tmp_path: Path) -> None:
    limits = {name: load_methodology(name).spec.crediting_period for name in SPECS}
    assert {name: (rule.longest_years, rule.renewals) for name, rule in limits.items() if rule} == {
        "ccer_01_001_v01": (10, 0),
        "ccer_01_002_v01": (10, 0),
        "cdm_acm0002": (10, 2),
        "cdm_ams_i_d": (10, 2),
    }
    longer = ("end: 2028-12-31", "end: 2029-01-01")
    with pytest.raises(ProjectError, match="crediting period is too long"):
        run_case(tmp_path, "ccer_01_002_v01/months_of_net_import", longer)
    not_covered = [item.text.zh for item in load_methodology("ccer_01_002_v01").spec.not_covered]
    assert any("寿命期限" in text for text in not_covered)


def test_trap_13_share_of_proceeds_is_not_taken_from_the_reduction(tmp_path: Path) -> None:
    result = run_case(tmp_path, "cdm_acm0002/vaayu_wind_gross_of_the_levy")
    assert result.rounded_total("reduction") == 111_949
    assert math.floor(result.rounded_total("reduction") * Decimal("0.98")) == 109_710  # the published net issuance
    assert any("2 %" in item.text.en for item in load_methodology("cdm_acm0002").spec.not_covered)


def test_trap_14_kilowatt_hours_labelled_as_megawatt_hours_are_noticed(tmp_path: Path) -> None:
    result = run_case(tmp_path, "cdm_ams_i_d/kilowatt_hours_labelled_megawatt_hours")
    assert not_met(result) == {"plausible_generation"}
    assert result.failed
    right = run_case(tmp_path, "cdm_ams_i_d/hydro_export_in_kilowatt_hours")
    assert not not_met(right)
    assert right.rounded_total("reduction") == 738


@pytest.mark.parametrize("name", SPECS)
def test_trap_15_the_smaller_export_and_the_larger_import_count(name: str) -> None:
    for key, card in electricity_cards(name).items():
        smaller = key.endswith("export")
        assert card.conservative == ("low" if smaller else "high")
        assert ("取较小值" if smaller else "取较大值") in card.monitoring.cross_check.zh


def test_trap_15_the_conservative_pair_of_a_questioned_report() -> None:
    # https://cdm.unfccc.int/IRCheck/iss_forms/1C7MJILH4KFX0A5/viewPublic: the project took 48804.720 and 415.440.
    metered, invoiced = (Decimal("48797.160"), Decimal("424.320")), (Decimal("48804.720"), Decimal("415.440"))
    pair = {"EG_export": min(metered[0], invoiced[0]), "EG_import": max(metered[1], invoiced[1])}
    net = tonne.evaluate("cdm_ams_i_d", "EG_facility", pair).value
    assert net == Decimal("48372.840")
    assert net < invoiced[0] - invoiced[1] == Decimal("48389.280")

"""The known traps of waste-energy recovery, each met by the shared kernel and the specs on it."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.check.infer import infer
from tonne.engine.errors import TonneError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.spec.catalogue import bundled, load_methodology

ROOT = bundled().root
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def result_of(tmp_path: Path) -> Callable[..., Result]:
    """Run a golden case, or a variation of it."""

    def run_case(methodology: str, name: str, change: Change | None = None) -> Result:
        text = (ROOT / methodology / "cases" / "good" / f"{name}.yaml").read_text(encoding="utf-8")
        project = yaml.safe_load(text)["project"]
        if change is not None:
            change(project)
        whole = {"format": 1, "name": {"zh": "算例", "en": "Case"}, "methodology": methodology, **project}
        (tmp_path / "project.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
        return run(tmp_path)

    return run_case


def value(result: Result, name: str, *index: str) -> Decimal:
    wanted = ",".join(index)
    (found,) = (
        number
        for place, number in result.values_of(name).items()
        if result.dataset.domain.label(result.plan.over(name), place) == wanted
    )
    return found


def unmet(result: Result) -> set[str]:
    return {item.id for item in result.conditions if not item.met}


def hourly(project: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = project["values"][name]["rows"]
    return rows


def test_trap_01_cap_and_net_electricity_are_part_of_the_baseline(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_acm0012", "electricity_of_an_existing_plant")

    assert result.by_year("BE")[2024] == Decimal("86.4")  # 108 without the cap, 96 with gross electricity


def test_trap_01_share_of_waste_energy_is_part_of_the_baseline(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_iii_q", "steam_header_with_another_boiler")

    assert result.by_year("BE")[2024] == 72  # 120 without it


def test_trap_01_cap_is_never_above_one(result_of: Callable[..., Result]) -> None:
    def more_in_the_baseline(project: dict[str, Any]) -> None:
        project["values"]["recovery.Q_hist"]["rows"][0]["value"] = 480

    result = result_of("cdm_acm0012", "electricity_of_an_existing_plant", more_in_the_baseline)

    assert value(result, "recovery.f_cap", "s1", "2024") == 1  # and not 4
    assert result.by_year("BE")[2024] == 108


@pytest.mark.parametrize(
    ("methodology", "case"),
    [
        ("cdm_acm0012", "electricity_of_an_existing_plant"),
        ("cdm_ams_iii_q", "electricity_for_the_grid"),
        ("gb_t_33755_2017", "coke_oven_gas_by_production"),
    ],
)
def test_trap_01_specification_does_not_switch_the_cap_of_an_existing_facility_off(
    methodology: str, case: str, result_of: Callable[..., Result]
) -> None:
    def specification(project: dict[str, Any]) -> None:
        project["options"]["recovery.cap_method"] = {"s1": "specification"}
        project["values"]["recovery.specified"] = {"unit": "flag", "at": {"s1": 1}}

    def greenfield(project: dict[str, Any]) -> None:
        specification(project)
        project["options"]["recovery.facility"] = {"s1": "greenfield"}

    existing, new = result_of(methodology, case, specification), result_of(methodology, case, greenfield)

    assert unmet(existing) == {"specification_for_greenfield", "capped"}
    assert existing.by_year("BE")[2024] == 0  # and not 108
    assert unmet(new) == set()
    assert new.by_year("BE")[2024] == 108


def test_trap_01_one_reference_temperature_serves_every_stream_and_carrier(result_of: Callable[..., Result]) -> None:
    def twenty_five_degrees(project: dict[str, Any]) -> None:
        project["options"]["recovery.reference_temperature"] = "twenty_five"

    def by_stream(project: dict[str, Any]) -> None:
        project["options"]["recovery.reference_temperature"] = {"s1": "zero"}

    case = "cdm_acm0012", "natural_gas_in_the_waste_heat_boiler"
    waste, gas = 10 * (Fraction("0.012") * 75 + Fraction("2.8")), Fraction("0.1") * (Fraction("0.1") * 75 + 390)
    found = value(result_of(*case, twenty_five_degrees), "recovery.f_wcm", "s1", "2024")

    assert abs(Fraction(found) - waste / (waste + gas)) < Fraction(1, 10**40)
    with pytest.raises(TonneError, match="reference_temperature"):
        result_of(*case, by_stream)


def test_trap_02_terajoules_and_megawatt_hours_are_converted_by_the_units() -> None:
    inserted = {(item.quantity, item.factor) for item in infer(load_methodology("waste_energy_kernel")).conversions}

    assert ("EF_Elec", Fraction(36, 10_000)) in inserted
    assert ("BE_cogen", Fraction(36, 10_000)) in inserted


def test_trap_02_kilograms_by_gigajoule_are_tonnes_by_terajoule(result_of: Callable[..., Result]) -> None:
    def kilograms(project: dict[str, Any]) -> None:
        project["values"]["recovery.EF_CO2"]["unit"] = "kgCO2/GJ"

    case = "cdm_ams_iii_q", "heat_in_place_of_a_boiler"
    assert result_of(*case).by_year("BE") == result_of(*case, kilograms).by_year("BE") == {2024: Decimal("6.72")}


def test_trap_03_factor_rounded_first_moves_ten_years_by_tens_of_tonnes(result_of: Callable[..., Result]) -> None:
    def margins(project: dict[str, Any]) -> None:
        project["values"]["grid.EF_OM_own"]["at"] = {2009: 1.0585}
        project["values"]["grid.EF_BM_own"]["at"] = {2009: 0.9066}

    case = "cdm_acm0012", "jiuxin_coke_oven_gas_20_mw"
    rounded, kept = (result_of(*case, change).by_year("ER")[2009] for change in (None, margins))

    assert rounded == Decimal("67598.9496")  # the document rounds half up: 67599, in ten years 675990
    assert kept == Decimal("67595.5098")  # margins are weighted and nothing is rounded between: 675955
    assert round(rounded) * 10 - round(kept * 10) == 35


def test_trap_04_burning_the_waste_gas_is_no_project_emission(result_of: Callable[..., Result]) -> None:
    spec = load_methodology("gb_t_33755_2017").spec
    result = result_of("gb_t_33755_2017", "blast_furnace_gas_with_natural_gas")
    (waste_gas,) = (item for item in spec.boundary if item.scenario == "project" and not item.included)

    assert "waste gas" in waste_gas.source.en
    # The natural gas beside it and the electricity purchased, and nothing of 960 GJ of blast furnace gas.
    assert result.by_year("PE")[2024] == Decimal("61.036")


def test_trap_05_fuel_in_the_same_boiler_lowers_the_share_and_is_emitted(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_acm0012", "natural_gas_in_the_waste_heat_boiler")

    assert value(result, "recovery.f_wcm", "s1", "2024") == Decimal("0.5")
    assert result.by_year("PE_AF")[2024] == Decimal("52.416")
    assert result.by_year("ER")[2024] == Decimal("67.584")  # 187.584 or 120 with one of the two left out
    assert unmet(result) == set()


def test_trap_05_fuel_that_is_not_emitted_is_noticed(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_acm0012", "fuel_in_the_boiler_left_out_of_project_emissions")

    assert unmet(result) == {"shared_fuel_counts"}


MIXED = [
    ("cdm_acm0012", "natural_gas_in_the_waste_heat_boiler"),
    ("cdm_ams_iii_q", "auxiliary_fuel_and_purchased_power"),
    ("gb_t_33755_2017", "blast_furnace_gas_with_natural_gas"),
]


@pytest.mark.parametrize(("methodology", "case"), MIXED)
def test_trap_05_fuel_that_does_not_lower_the_share_is_noticed(
    methodology: str, case: str, result_of: Callable[..., Result]
) -> None:
    def waste_only(project: dict[str, Any]) -> None:
        project["options"]["recovery.fuel_share"] = {"s1": "waste_only"}

    def fuel_elsewhere(project: dict[str, Any]) -> None:
        waste_only(project)
        project["options"]["auxiliary_fuel"] = "separate"
        del project["conditions"]["no_fuel_beside_the_share"]

    assert unmet(result_of(methodology, case)) == set()
    assert unmet(result_of(methodology, case, waste_only)) == {"shared_fuel_lowers_share"}
    assert unmet(result_of(methodology, case, fuel_elsewhere)) == {"no_fuel_beside_the_share"}


@pytest.mark.parametrize(("methodology", "case"), MIXED)
@pytest.mark.parametrize("amount", [Fraction(24, 10_000), Fraction("2.3999")])
def test_trap_05_fuel_that_is_emitted_in_part_is_noticed(
    amount: Fraction, methodology: str, case: str, result_of: Callable[..., Result]
) -> None:
    def less(project: dict[str, Any]) -> None:
        (row,) = project["values"]["auxiliary.FC"]["rows"]
        row["value"] = float(amount)

    assert unmet(result_of(methodology, case, less)) == {"shared_fuel_counts"}


@pytest.mark.parametrize(("methodology", "case"), MIXED)
def test_trap_05_fuel_said_to_be_used_elsewhere_is_noticed(
    methodology: str, case: str, result_of: Callable[..., Result]
) -> None:
    def elsewhere(project: dict[str, Any]) -> None:
        project["options"]["auxiliary_fuel"] = "separate"

    assert unmet(result_of(methodology, case, elsewhere)) == {"shared_fuel_counts"}


def test_trap_06_energy_of_abnormal_operation_earns_nothing(result_of: Callable[..., Result]) -> None:
    def six_hours_abnormal(project: dict[str, Any]) -> None:
        rows = [{"stream": row["at"]["stream"], "hour": row["at"]["hour"]} for row in hourly(project, "recovery.Q_WCM")]
        project["values"]["recovery.normal"] = {
            "unit": "flag",
            "rows": [{"value": int(position >= 6), "at": at} for position, at in enumerate(rows)],
        }

    result = result_of("cdm_acm0012", "electricity_of_an_existing_plant", six_hours_abnormal)

    # 18 normal hours: 90 of gas is below the baseline of 96; auxiliaries run on for 24 hours.
    assert value(result, "recovery.f_cap", "s1", "2024") == 1
    assert result.by_year("BE")[2024] == (18 * 10 - 24 * 1) * Decimal("0.5")


def test_trap_07_hours_are_multiplied_before_they_are_added_up(result_of: Callable[..., Result]) -> None:
    def hot_and_little_then_cool_and_much(project: dict[str, Any]) -> None:
        stream = hourly(project, "recovery.Q_WCM")
        for position, row in enumerate(stream):
            row["value"] = 10 if position < 12 else 20
        project["values"]["recovery.t_WCM"] = {
            "unit": "degC",
            "rows": [{"value": 80 if n < 12 else 40, "at": dict(row["at"])} for n, row in enumerate(stream)],
        }

    result = result_of("gb_t_33755_2017", "sinter_without_pressure", hot_and_little_then_cool_and_much)
    energy = Decimal("0.01") * 12 * (10 * 80 + 20 * 40)

    assert value(result, "recovery.E_WCM", "s1", "2024") == energy == 192
    assert energy != Decimal("0.01") * 24 * 15 * 60  # averages would give 216


def test_trap_08_late_calibration_takes_the_permissible_error_for_the_whole_time(tmp_path: Path) -> None:
    text = (ROOT / "cdm_acm0012" / "cases" / "good" / "electricity_of_an_existing_plant.yaml").read_text("utf-8")
    project = yaml.safe_load(text)["project"]
    del project["values"]["recovery.EG"]
    lines = ["time,MWh", *(f"2024-03-01T{hour:02d}:00:00+08:00,10" for hour in range(24))]
    (tmp_path / "power.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    project["readings"] = {
        "power": {
            "file": "power.csv",
            "time": {"column": "time", "marks": "start", "interval": "1 hour"},
            "value": {"column": "MWh", "unit": "MWh", "reads": "interval"},
            "meter": {"name": "E-01"},
            "feeds": [{"parameter": "recovery.EG", "at": {"supply": "mill"}}],
        }
    }
    valid = {"error": "0.1 %", "certificate": "J-1", "serial": "S1"}
    project["meters"] = {
        "E01": {
            "reads_as": "E-01",
            "serial": "S1",
            "parameters": ["recovery.EG"],
            "accuracy_class": "0.5S",
            "mpe": "0.5 %",
            "in_service": {"start": "2020-01-01"},
            "calibrations": [{"date": "2023-02-20", "valid_until": "2024-02-19", **valid}],
        }
    }
    whole = {"format": 1, "name": {"zh": "算例", "en": "Case"}, "methodology": "cdm_acm0012", **project}
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")

    result = run(tmp_path)

    assert "calibration.late" in {finding.code for finding in result.findings}
    assert result.by_year("BE")[2024] == Decimal("0.8") * (240 * Decimal("0.995") - 24) * Decimal("0.5")

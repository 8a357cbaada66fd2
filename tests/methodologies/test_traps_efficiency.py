"""The known traps of energy-efficiency calculations, each met by the specs for retrofits, boilers and sampling."""

from collections.abc import Callable
from decimal import Decimal
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


def reduction(result: Result, year: int = 2024) -> Decimal:
    return result.by_year("ER")[year]


def close(found: Decimal, wanted: Decimal | str, within: str = "1e-20") -> bool:
    return abs(found - Decimal(wanted)) <= Decimal(within)


def unmet(result: Result) -> set[str]:
    return {item.id for item in result.conditions if not item.met}


def test_trap_01_losses_divide_by_what_is_left_and_do_not_add_a_tenth(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "two_groups_with_grid_losses")

    assert close(result.by_year("E_BL")[2019], Decimal(4565) / Decimal("0.9"))
    assert result.by_year("E_BL")[2019] > Decimal(4565) * Decimal("1.1")


def test_trap_02_motor_saves_by_the_difference_of_inverse_efficiencies(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "motor_75_hp")
    shaft = Decimal(75) * Decimal("0.7457") * Decimal("0.75")
    old, new = Decimal("0.91"), Decimal("0.954")

    saved = result.by_year("ES")[2024] * 10**6  # kWh
    assert close(saved, shaft * 4368 * (1 / old - 1 / new), "1e-12")
    assert not close(saved, shaft * 4368 * (1 - old / new), "100")


def test_trap_02_boiler_saves_fuel_over_the_new_efficiency(result_of: Callable[..., Result]) -> None:
    # 220000 GJ of fuel, 73 % before and 74.3 % after: 3849.26 GJ are saved; a textbook prints 3917.81.
    heat = Decimal(220000) * Decimal("0.73")

    def same_heat_with_a_better_boiler(project: dict[str, Any]) -> None:
        values = project["values"]
        values["EG_measured"]["rows"][0]["value"] = float(heat)
        values["EG_measured"]["rows"][1]["value"] = 0
        values["EG_hist"] = {"unit": "GJ", "value": 2_000_000}
        values["eta_measured"]["at"], values["eta_maker"]["at"] = {"b1": 0.73}, {"b1": 0.73}
        values["EF_BL"]["at"] = {"b1": 1}
        values["fuel_use.FC"]["rows"][0]["value"] = 216150.7402422611
        values["fuel_use.FC"]["rows"][1]["value"] = 0
        values["fuel_use.NCV_own"]["rows"][0]["value"] = 1
        values["fuel_use.EF_CO2_own"]["rows"][0]["value"] = 1

    result = result_of("cdm_am0044", "heat_below_the_historical_level", same_heat_with_a_better_boiler)

    assert close(reduction(result), "3849.26", "0.005")
    assert not close(reduction(result), "3917.81", "60")


def test_trap_03_efficiency_above_one_needs_the_net_basis_and_condensation(result_of: Callable[..., Result]) -> None:
    assert unmet(result_of("cdm_am0044", "standard_condensing_boiler_above_one")) == set()
    assert unmet(result_of("cdm_am0044", "efficiency_above_one_without_condensing")) == {"efficiency_basis"}
    assert unmet(result_of("cdm_am0044", "gross_efficiency_above_one")) == {"efficiency_basis"}


def test_trap_03_gross_efficiency_never_meets_a_net_emission_factor(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_am0044", "gross_efficiency_brought_to_the_net_basis")

    assert close(result.by_year("BE")[2024], "180")  # 1584 GJ / 0.72 x 0.09 would be 198


def test_trap_04_lower_hours_of_the_project_make_no_reduction(result_of: Callable[..., Result]) -> None:
    def same_lamps_for_half_the_time(project: dict[str, Any]) -> None:
        project["values"]["rho_PJ_measured"]["at"] = {"lamp": 36}
        project["values"]["o"]["value"] = 125

    result = result_of("cdm_ams_ii_c", "led_100_fixtures", same_lamps_for_half_the_time)

    assert result.by_year("E_PJ")[2024] == Decimal("5.4")
    assert reduction(result) == 0


def test_trap_04_hours_beyond_the_baseline_do_not_count(result_of: Callable[..., Result]) -> None:
    def longer(project: dict[str, Any]) -> None:
        project["values"]["o"]["value"] = 500

    assert reduction(result_of("cdm_ams_ii_c", "led_100_fixtures", longer)) == Decimal("1.35")


def test_trap_05_kilowatts_times_hours_become_megawatt_hours(result_of: Callable[..., Result]) -> None:
    inserted = {(item.quantity, item.factor) for item in infer(load_methodology("cdm_ams_ii_c")).conversions}
    result = result_of("cdm_ams_ii_c", "led_100_fixtures")

    assert {name for name, factor in inserted if factor * 1000 == 1} >= {"E_devices_BL", "E_devices_PJ"}
    assert result.by_year("E_BL")[2024] == Decimal("10.8")
    assert reduction(result) == Decimal("1.35")  # and not 1350


def test_trap_05_energy_in_the_place_of_power_is_refused(result_of: Callable[..., Result]) -> None:
    def energy(project: dict[str, Any]) -> None:
        project["values"]["rho_PJ_measured"]["unit"] = "kWh"

    with pytest.raises(TonneError, match="kWh"):
        result_of("cdm_ams_ii_c", "led_100_fixtures", energy)


def test_trap_06_growth_of_output_earns_nothing(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "output_beyond_the_band")

    assert close(reduction(result), Decimal(110) / Decimal("0.9") * Decimal("0.6"))  # 88 with all output
    assert unmet(result) == {"service"}


def test_trap_06_growth_of_heat_gets_the_efficiency_of_a_new_boiler(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_am0044", "growth_gets_the_standard_efficiency")

    assert close(result.by_year("BE")[2024], "325")  # 337.5 without the cap


def test_trap_07_consumption_is_compared_at_the_output_of_the_project(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "specific_consumption")

    # Both sides at 1050 t; the 1000 t of the baseline would leave 80 t of the 105 MWh unseen.
    assert close(result.by_year("E_site_BL")[2024], "525")
    assert close(reduction(result), "70")
    assert not close(reduction(result), (500 - Decimal(420)) / Decimal("0.9") * Decimal("0.6"), "10")


def test_trap_08_missed_precision_replaces_the_mean_by_the_safe_bound(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "power_and_hours_sampled")
    means = Decimal(40) * 15 * 300 * (Decimal("7.2") - Decimal("3.825")) / 1000 / 2

    assert close(means, "303.75")
    assert close(reduction(result), "162.65328886", "1e-8")


def test_trap_09_remaining_life_ends_the_historical_baseline(result_of: Callable[..., Result]) -> None:
    boiler = result_of("cdm_am0044", "remaining_life_ends_at_new_year")
    lamps = result_of("cdm_ams_ii_c", "remaining_life_ends")

    assert close(reduction(boiler, 2025), "18")
    assert close(reduction(boiler, 2026), "0")
    assert reduction(lamps, 2025) == 20
    assert reduction(lamps, 2026) == 5


def test_trap_10_decimal_arithmetic_rounds_down_to_forty_and_not_thirty_nine(result_of: Callable[..., Result]) -> None:
    assert int(94.6 - 54.6) == 39
    assert result_of("cdm_ams_ii_c", "jcredit_lighting_last_step").rounded_total("reduction") == 40


def test_trap_11_limit_of_savings_decides_eligibility_and_caps_nothing(result_of: Callable[..., Result]) -> None:
    above = result_of("cdm_ams_ii_c", "savings_beyond_the_limit")

    assert unmet(above) == {"savings"}
    assert reduction(above) == 30006
    assert unmet(result_of("cdm_ams_ii_c", "exactly_at_the_limits")) == set()


def test_trap_11_drop_in_activity_is_no_saving(result_of: Callable[..., Result]) -> None:
    result = result_of("cdm_ams_ii_c", "activity_fell")

    assert unmet(result) == {"service"}
    assert reduction(result) == 24  # 60 if the hours of the baseline stood against those of the project

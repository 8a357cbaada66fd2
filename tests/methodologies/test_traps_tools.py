"""Traps of the CDM tools and the factor tables: what goes wrong elsewhere must not go wrong here."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.data.lookup import member_unit
from tonne.engine.errors import SpecError, UnitError
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.units import conversion, parse_unit

ROOT = Path(__file__).parents[2]
CLOCK = {"start": "2022-01-01", "end": "2022-12-31"}


def factor(of: str, to: str) -> Fraction:
    ratio, offset = conversion(parse_unit(of), parse_unit(to))
    assert offset == 0
    return ratio


def rows(table: str) -> list[dict[str, Any]]:
    path = bundled().root / "factors" / f"{table}.yaml"
    found: list[dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["rows"]  # noqa: S506
    return found


@pytest.mark.parametrize(
    ("of", "to", "ratio"),
    [
        ("TJ/Gg", "GJ/t", "1"),
        ("kgCO2/TJ", "tCO2/TJ", "0.001"),
        ("MWh", "GJ", "3.6"),
        ("tce", "GJ", "29.3076"),
        ("kgCO2/GJ", "tCO2/TJ", "1"),
        ("kgCO2/kWh", "tCO2/MWh", "1"),
        ("GJ/(10^4 Nm3)", "MJ/Nm3", "0.1"),
        ("10^4 Nm3", "Nm3", "10000"),
        ("kPa", "Pa", "1000"),
        ("%", "1", "0.01"),
    ],
)
def test_trap_11_unit_chains_hold_exactly(of: str, to: str, ratio: str) -> None:
    assert factor(of, to) == Fraction(ratio)


def test_trap_11_natural_gas_chain_is_38_931_megajoules_per_cubic_metre() -> None:
    assert Fraction("389.31") * factor("GJ/(10^4 Nm3)", "MJ/Nm3") == Fraction("38.931")


@pytest.mark.parametrize(("of", "to"), [("10^4 Nm3", "t"), ("Nm3", "Sm3"), ("Nm3", "m3"), ("tC", "tCO2")])
def test_trap_11_what_needs_a_density_or_a_ratio_is_never_converted_silently(of: str, to: str) -> None:
    with pytest.raises(UnitError):
        conversion(parse_unit(of), parse_unit(to))


def test_trap_03_weights_follow_technology_and_period_and_are_not_one_pair(bench: Any) -> None:
    tool = load_methodology("cdm_tool07_v07")
    seen = {}
    for technology in ("wind_solar", "other"):
        for period in ("first", "later"):
            choices = {"grid_region": "own", "technology": technology, "period": period, "weights": "combined"}
            done = bench.compute(tool, {"EF_OM_own": 1, "EF_BM_own": 0}, choices=choices, period=CLOCK)
            seen[technology, period] = done.value("EF_grid_CM", "2022")
            assert done.value("w_OM") + done.value("w_BM") == 1

    assert seen == {
        ("wind_solar", "first"): Decimal("0.75"),
        ("wind_solar", "later"): Decimal("0.75"),
        ("other", "first"): Decimal("0.5"),
        ("other", "later"): Decimal("0.25"),
    }


def test_trap_10_six_grids_have_no_southwest_and_seven_averages_are_no_baseline() -> None:
    baseline = {row["grid_region"] for row in rows("cn_grid_baseline")}
    average = {row["area"] for row in rows("cn_grid_average")}

    assert "southwest" not in baseline
    assert len(baseline) == 6
    assert "southwest" in average
    assert "southwest" not in load_methodology("cdm_tool07_v07").options["grid_region"].values


def test_trap_10_average_factor_in_baseline_emissions_is_refused(bench: Any) -> None:
    table = (bundled().root / "factors" / "cn_grid_average.yaml").read_text(encoding="utf-8")
    spec = (ROOT / "tests" / "fixtures" / "average_factor.yaml").read_text(encoding="utf-8")

    with pytest.raises(SpecError, match="depends on EF, whose table cn_grid_average is never used for it"):
        bench.methodology(spec, tables={"cn_grid_average": table})
    project_only = spec.replace("baseline: BE", "baseline: PE").replace("project: PE", "project: BE")
    assert bench.methodology(project_only, tables={"cn_grid_average": table}).spec.id == "average_factor"


def test_trap_10_oxidation_is_a_percentage_and_never_a_factor_of_94() -> None:
    assert {Decimal(row["OF"]) for row in rows("cn_fuels")} <= {Decimal(part) for part in range(90, 100)}
    assert Fraction(94) * factor("%", "1") == Fraction("0.94")


def test_trap_10_natural_gas_in_cubic_metres_is_not_taken_for_ten_thousands(bench: Any) -> None:
    plan = bench.plan(
        load_methodology("cdm_tool03_v03"), {"coefficient": {"gas": "heat"}, "data_source": {"gas": "own"}}
    )
    unit = member_unit(plan, plan.methodology.quantities["FC"], {"fuel": "natural_gas"})
    per_unit = member_unit(plan, plan.methodology.quantities["NCV_own"], {"fuel": "natural_gas"})

    assert conversion(parse_unit("Nm3"), unit)[0] == Fraction(1, 10_000)
    assert conversion(parse_unit("MJ/Nm3"), per_unit)[0] == Fraction(10)
    with pytest.raises(UnitError):
        conversion(parse_unit("t"), unit)


def test_fuel_units_agree_with_the_table_of_chinese_fuels() -> None:
    units = {row["fuel"]: row["amount_unit"] for row in rows("fuel_units")}

    assert all(units[row["fuel"]] == row["amount_unit"] for row in rows("cn_fuels"))
    assert all(row["fuel"] in units for row in rows("ipcc2006_fuels"))
    assert all(row.get("mass") == ("1" if row["amount_unit"] == "t" else None) for row in rows("fuel_units"))


def emissions(bench: Any, source: str) -> Decimal:
    tool = load_methodology("cdm_tool03_v03")
    plan = bench.plan(tool, {"coefficient": {"diesel": "heat"}, "data_source": {"diesel": source}})
    (row,) = [row for row in rows("ipcc2006_fuels") if row["fuel"] == "diesel"]
    values = {
        "FC": {f"2022-{month:02},diesel": 1 for month in range(1, 13)},
        "mass_per_amount": 1,
        "NCV_upper": row["NCV_high"],
        "NCV_lower": row["NCV_low"],
        "EF_CO2_upper": Fraction(row["EF_CO2_high"]) * factor("kgCO2/TJ", "tCO2/GJ"),
        "EF_CO2_lower": Fraction(row["EF_CO2_low"]) * factor("kgCO2/TJ", "tCO2/GJ"),
    }
    values = {name: value for name, value in values.items() if name in plan.needed}
    done = bench.compute(
        tool, {**values, "NCV_own": 0, "NCV_mass": 0, "rho": 0, "w_C": 0, "EF_CO2_own": 0}, {"fuel": ["diesel"]},
        {"coefficient": {"diesel": "heat"}, "data_source": {"diesel": source}}, CLOCK,
    )  # fmt: skip
    return Decimal(done.value("PE_FC", "2022"))


def test_trap_01_upper_limits_for_the_project_exceed_lower_limits_for_the_baseline(bench: Any) -> None:
    assert emissions(bench, "ipcc_upper") == 12 * Decimal("43.3") * Decimal("0.0748")
    assert emissions(bench, "ipcc_lower") == 12 * Decimal("41.4") * Decimal("0.0726")


def test_trap_10_ipcc_factors_are_not_multiplied_by_an_oxidation_factor_again(bench: Any) -> None:
    tool = load_methodology("cdm_tool03_v03")

    assert not [name for name in tool.quantities if name.startswith("OF") or "oxid" in name]
    assert emissions(bench, "ipcc_upper") != 12 * Decimal("43.3") * Decimal("0.0748") * Decimal("0.98")


@pytest.mark.parametrize(("use", "factor_of_grid", "losses"), [("project", "1.3", "0.2"), ("leakage", "1.3", "0.2"), ("baseline", "0.25", "0.03")])  # fmt: skip
def test_trap_02_defaults_of_electricity_follow_the_use(bench: Any, use: str, factor_of_grid: str, losses: str) -> None:
    done = bench.compute(
        load_methodology("cdm_tool05_v03"),
        {"EC": 1, "EF_grid_CM": 0, "TDL_own": 0},
        {"consumer": ["pump"], "fuel": []},
        {
            "use": use,
            "supply": {"pump": "grid"},
            "grid_factor": {"pump": "default_value"},
            "losses": {"pump": "default_value"},
            "captive_factor": "default_value",
            "larger_use": "this_use",
            "hydro_share": "half_or_more",
        },
        CLOCK,
    )

    assert done.value("EF_EL", "2022,pump") == Decimal(factor_of_grid)
    assert done.value("PE_EC", "2022") == 12 * Decimal(factor_of_grid) * (1 + Decimal(losses))


def test_trap_03_build_margin_takes_the_larger_of_both_sets_and_the_whole_unit_at_the_edge(bench: Any) -> None:
    names = [f"u{position}" for position in range(1, 10)]
    values = {"AEG_total": 370, "EG": 10, "age": 1, "CDM": 0, "EF_CO2_unit": 0, "eta": 1}
    choices = {"unit_data": dict.fromkeys(names, "zero")}
    done = bench.compute(load_methodology("cdm_tool07_bm"), values, {"unit": names, "plant_fuel": []}, choices, CLOCK)

    assert done.value("AEG_5") == 50
    assert done.value("AEG_20") == 80
    assert done.value("AEG_group") == 80


def test_calculated_margins_can_be_bound_to_the_combined_margin(bench: Any) -> None:
    root = bundled().root
    modules = {
        name: (root / name / "spec.yaml").read_text(encoding="utf-8")
        for name in ("cdm_tool07_v07", "cdm_tool07_om", "cdm_tool07_bm")
    }
    tables = {
        name: (root / "factors" / f"{name}.yaml").read_text(encoding="utf-8")
        for name in ("fuel_units", "cn_grid_baseline")
    }
    spec = """\
dimensions: {year: {time: year}}
uses:
  om: {module: cdm_tool07_om, options: {method: average, vintage: ex_post}}
  bm: {module: cdm_tool07_bm}
  grid:
    module: cdm_tool07_v07
    bind: {EF_OM_own: om.EF_grid_OM, EF_BM_own: bm.EF_grid_BM}
    options: {grid_region: own, technology: wind_solar, period: first, weights: combined}
equations: {EF: {unit: tCO2/MWh, over: [year], expr: grid.EF_grid_CM}}
"""
    units = [f"u{position}" for position in range(1, 6)]
    done = bench.compute(
        bench.methodology(spec, modules, tables),
        {"om.EG": 100, "om.EF_CO2_plant": "0.1", "om.eta": "0.36", "bm.AEG_total": 100, "bm.EG": 10, "bm.age": 1,
         "bm.CDM": 0, "bm.EF_CO2_unit": "0.1", "bm.eta": "0.72"},
        {"data_year": ["2022"], "plant": ["p"], "plant_fuel": [], "unit": units},
        {"om.plant_data": {"p": "efficiency"}, "bm.unit_data": dict.fromkeys(units, "efficiency")},
        CLOCK,
    )  # fmt: skip

    assert done.value("EF", "2022") == Decimal("0.75") * 1 + Decimal("0.25") * Decimal("0.5")


def test_trap_09_blends_are_computed_from_components_and_the_table_is_current() -> None:
    script = ROOT / "scripts" / "refrigerants.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("blend", "ar4", "ar5", "ar6"),
    [
        ("r410a", "2087.5", "1923.5", "2255.5"),
        ("r404a", "3921.6", "3942.8", "4728.0"),
        ("r407c", "1773.9", "1624.2", "1907.9"),
        ("r507a", "3985", "3985", "4775"),
    ],
)
def test_trap_09_blends_have_the_value_of_their_own_report(blend: str, ar4: str, ar5: str, ar6: str) -> None:
    found = {row["set"]: Decimal(row["value"]) for row in rows("refrigerant_gwp") if row["refrigerant"] == blend}

    for name, expected in (("ar4", ar4), ("ar5", ar5), ("ar6", ar6)):
        assert abs(found[name] - Decimal(expected)) <= Decimal("0.05")
    assert len(set(found.values())) > 1


def test_trap_09_compositions_add_up_to_one_hundred_percent() -> None:
    shares: dict[str, Decimal] = {}
    for row in rows("refrigerants"):
        shares[row["refrigerant"]] = shares.get(row["refrigerant"], Decimal()) + Decimal(row["share"])

    assert set(shares.values()) == {Decimal(100)}


def test_trap_09_ar4_values_are_not_passed_off_as_ar6() -> None:
    found = {(row["refrigerant"], row["set"]): Decimal(row["value"]) for row in rows("refrigerant_gwp")}

    for name, ar4 in (("r32", 675), ("r134a", 1430), ("r22", 1810)):
        assert found[name, "ar4"] == ar4
        assert found[name, "ar6"] != ar4

"""The traps of alternative raw materials and blending, each met by the specs of cement."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.errors import TonneError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.spec.catalogue import bundled, load_methodology

ROOT = bundled().root
GB, ACM = "gb_t_33756_2017", "cdm_acm0005"
SLAG, ASH = "carbide_slag_with_surplus", "fly_ash_partly_without_surplus"
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


def put(name: str, value: object) -> Change:
    def change(project: dict[str, Any]) -> None:
        project["values"][name]["value"] = value

    return change


def only(result: Result, name: str) -> Decimal:
    (value,) = result.values_of(name).values()
    return value


def close(found: Decimal, wanted: Decimal | str, within: str = "1e-20") -> bool:
    return abs(found - Decimal(wanted)) <= Decimal(within)


def printed(table: str) -> dict[str, Decimal]:
    rows = yaml.safe_load((ROOT / "factors" / f"{table}.yaml").read_text(encoding="utf-8"))["rows"]
    return {next(iter(row.values())): Decimal(str(row["EF"])) for row in rows}


def test_trap_01_printed_defaults_are_carried_and_not_derived_again(result_of: Callable[..., Result]) -> None:
    lime, clinker = printed("ipcc2006_lime"), printed("ipcc2006_clinker")
    derived = {
        "high_calcium": ("0.785", "0.95", "0.005"),
        "dolomitic_developed": ("0.913", "0.95", "0.008"),
        "dolomitic_developing": ("0.913", "0.85", "0.008"),
        "hydraulic": ("0.785", "0.75", "0.005"),
    }
    for name, (ratio, content, tolerance) in derived.items():
        assert close(lime[name], Decimal(ratio) * Decimal(content), tolerance)
    # The two of dolomitic lime are cut off; rounding would give 0.87 and 0.78.
    assert (lime["dolomitic_developed"], lime["dolomitic_developing"]) == (Decimal("0.86"), Decimal("0.77"))
    assert close(lime["default_mix"], Decimal("0.85") * Decimal("0.75") + Decimal("0.15") * Decimal("0.77"), "0.005")
    for name, content in (("cao_60", "0.60"), ("cao_65", "0.65"), ("cao_67", "0.67")):
        assert close(clinker[name], Decimal("0.785") * Decimal(content), "0.005")

    result = result_of(ACM, "default_of_the_ipcc_for_clinker")

    assert only(result, "clinker.X_calc") == Decimal("0.5202")  # 0.51 first and then 1.02, not 0.52046


def test_trap_02_factor_of_calcination_is_refused_as_a_benchmark(result_of: Callable[..., Result]) -> None:
    with pytest.raises(TonneError, match="outside its bounds"):
        result_of(GB, "benchmark_below_the_history", put("BM", 0.52))


def test_trap_02_calcination_and_whole_clinker_are_listed_apart(result_of: Callable[..., Result]) -> None:
    result = result_of(GB, SLAG)

    assert only(result, "clinker.BE_calc") == Decimal("0.531954")
    assert only(result, "BE_CL") == Decimal("0.884754")


def test_trap_03_lime_without_carbonate_is_deducted_on_both_sides(result_of: Callable[..., Result]) -> None:
    base = result_of(GB, SLAG).by_year("ER")[2024]
    before = result_of(GB, SLAG, put("clinker.CaO_nc_h", 0.014)).by_year("ER")[2024]
    now = result_of(GB, SLAG, put("clinker.CaO_nc", 0.16)).by_year("ER")[2024]

    # A point more in the old raw meal: 1.5 t of it for each of 100,000 t of clinker; in the new one 140,000 t.
    assert base - before == Decimal("0.785") * Decimal("0.01") * 150_000
    assert now - base == Decimal("0.785") * Decimal("0.01") * 140_000


def test_trap_04_carbonate_of_magnesia_is_counted(result_of: Callable[..., Result]) -> None:
    base = result_of(GB, SLAG)
    more = result_of(GB, SLAG, put("clinker.MgO_CL", 0.03))

    assert only(more, "clinker.M_calc") - only(base, "clinker.M_calc") == Decimal("1.092") * 1000


def test_trap_05_gypsum_is_in_every_denominator_or_in_none(result_of: Callable[..., Result]) -> None:
    without = result_of(ACM, ASH)
    included = result_of(ACM, "gypsum_included_and_plant_the_lowest")

    assert (only(without, "CEM"), only(without, "P_blend")) == (Decimal(100_000), Decimal("0.65"))
    assert only(included, "CEM") == 105_000
    # The baseline is multiplied by the same cement that divides the clinker.
    for result in (without, included):
        assert close(only(result, "P_blend") * only(result, "CEM"), "65000", "1e-40")


def test_trap_05_share_from_75_to_65_per_cent_is_a_cut_of_13_per_cent(result_of: Callable[..., Result]) -> None:
    result = result_of(ACM, "clinker_share_from_75_to_65_per_cent")

    assert close(only(result, "cut"), "0.13", "0.005")
    assert close(only(result, "cut"), Decimal(2) / 15)


def test_trap_06_material_without_surplus_is_leakage_and_not_zero(result_of: Callable[..., Result]) -> None:
    enough = result_of(GB, SLAG, put("S_AMC", 750_000))
    short = result_of(GB, SLAG, put("S_AMC", 749_999))

    assert enough.by_year("LE")[2024] == 180
    assert short.by_year("LE")[2024] == 180 + 35_000 * Decimal("0.3")


def test_trap_07_change_of_fuels_earns_nothing(result_of: Callable[..., Result]) -> None:
    coal = result_of(GB, SLAG)
    clean = result_of(GB, SLAG, put("clinker.kiln.EF_CO2_own", 0.0561))
    dirty = result_of(GB, SLAG, put("clinker.kiln.EF_CO2_own", 0.1))

    assert clean.by_year("ER") == coal.by_year("ER")
    assert coal.by_year("ER")[2024] - dirty.by_year("ER")[2024] == 319_000 * Decimal("0.006")


def test_trap_08_energy_to_dry_the_material_is_a_project_emission(result_of: Callable[..., Result]) -> None:
    result = result_of(GB, "benchmark_below_the_history")

    assert only(result, "PE_dry") == 200 * 22 * Decimal("0.094") + 1000 * Decimal("0.6")
    assert result.by_year("PE")[2024] == Decimal("72147.08")


def test_trap_09_organic_carbon_of_the_raw_meal_is_counted(result_of: Callable[..., Result]) -> None:
    base = result_of(GB, SLAG)
    ash = result_of(GB, SLAG, put("clinker.TOC", 0.0045))

    assert close(only(base, "clinker.M_TOC"), "770")
    assert close(base.by_year("ER")[2024] - ash.by_year("ER")[2024], "1540")


def test_trap_10_scrap_earns_nothing_and_is_a_memo() -> None:
    # Scrap is no credit of its own: nothing of cement takes it, and in steel it enters the baseline neutrally.
    for name in (GB, ACM, "clinker_emissions"):
        assert not any("scrap" in parameter.lower() for parameter in load_methodology(name).parameters)
    steel = load_methodology("comp_hmet_01")
    outputs = steel.spec.outputs
    assert outputs is not None
    assert not any("scrap" in role.lower() for role in (outputs.baseline, outputs.reduction))
    assert "s_PJ" in outputs.reported  # the share of scrap, beside the result

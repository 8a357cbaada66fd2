"""The known traps of hydrogen metallurgy, each met by the spec, and the carbon that has to close."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.errors import TonneError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.spec.catalogue import bundled, load_methodology

ROOT = bundled().root / "comp_hmet_01"
GRID = "hydrogen_of_the_grid_adds_emissions"
BALANCES = [
    "hydrogen_of_the_grid_adds_emissions",
    "stock_biomass_and_two_months",
    "gases_storage_heat_and_export",
    "every_kind_of_supply",
]
CLOSE = Decimal("1e-9")
Change = Callable[[dict[str, Any]], None]
Run = Callable[..., Result]


def project_of(name: str) -> dict[str, Any]:
    text = (ROOT / "cases" / "good" / f"{name}.yaml").read_text(encoding="utf-8")
    project: dict[str, Any] = yaml.safe_load(text)["project"]
    return project


def run_project_in(folder: Path, project: dict[str, Any]) -> Result:
    whole = {"format": 1, "name": {"zh": "算例", "en": "Case"}, "methodology": "comp_hmet_01", **project}
    (folder / "project.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return run(folder)


@pytest.fixture
def result_of(tmp_path: Path) -> Run:
    """Run a golden case, or a variation of it."""

    def run_case(name: str, change: Change | None = None) -> Result:
        project = project_of(name)
        if change is not None:
            change(project)
        return run_project_in(tmp_path, project)

    return run_case


def year(result: Result, name: str) -> Decimal:
    return result.by_year(name)[2024]


def unmet(result: Result) -> set[str]:
    return {item.id for item in result.conditions if not item.met}


def spec_with(folder: Path, old: str, new: str) -> Inference:
    """Check the spec after a change of its text, as `tonne check` does before it proves anything."""
    text = (ROOT / "spec.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / "spec.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return infer(load_methodology(folder))


def test_trap_01_scrap_alone_gives_no_reduction(result_of: Run) -> None:
    result = result_of("scrap_alone_earns_nothing")

    assert year(result, "ER") == 0
    assert "iron_from_ore" in unmet(result)


def test_trap_01_more_scrap_lowers_the_baseline(result_of: Run) -> None:
    def scrap(share: int) -> Change:
        def change(project: dict[str, Any]) -> None:
            project["values"]["Fe_scrap"]["value"] = 10 * share
            project["values"]["Fe_ore"]["value"] = 1000 - 10 * share

        return change

    ore, mixed = (year(result_of(GRID, scrap(share)), "EF_BL") for share in (0, 30))

    assert ore == Decimal("1.9")
    assert mixed == Decimal("0.7") * Decimal("1.9") + Decimal("0.3") * Decimal("0.08")


def test_trap_01_charged_mass_is_not_taken_for_iron(result_of: Run) -> None:
    def charged(project: dict[str, Any]) -> None:
        project["values"]["Fe_scrap"] = {"unit": "t_scrap", "value": 300}

    with pytest.raises(TonneError, match="Fe_scrap"):
        result_of(GRID, charged)


def test_trap_02_hydrogen_of_the_grid_is_not_low_carbon(result_of: Run) -> None:
    def fifty(project: dict[str, Any]) -> None:
        project["values"]["EL_H2"]["rows"][0]["value"] = 2705  # 54.1 t at 50 MWh/t
        project["values"]["M_H2"]["rows"][0]["value"] = 54.1

    result = result_of(GRID, fifty)

    assert year(result, "I_H2") == Decimal("26.83")  # 50 MWh/t at 0.5366
    assert year(result, "E_H2") == Decimal("1451.503")  # 1.45 t for each of 1000 t of iron
    assert Decimal("1.9") < year(result, "EI") < Decimal("2.2")


def test_trap_02_electrolysis_on_site_is_counted_once(result_of: Run) -> None:
    result = result_of(GRID)

    assert year(result, "PE_H2") == 0
    assert year(result, "PE_EL") == Decimal("2092.74")


def test_trap_02_hydrogen_of_unknown_source_counts_as_coal_gasification(result_of: Run) -> None:
    def unknown(project: dict[str, Any]) -> None:
        project["options"]["h2_source"]["own"] = "unknown"

    assert year(result_of(GRID, unknown), "PE_H2") == 60 * 20


def test_trap_03_diverted_gas_is_leakage_and_coal_where_its_replacement_is_unknown(result_of: Run) -> None:
    known, unknown, flared = (
        year(result_of(name), "LE_COG")
        for name in ("injection_limited_to_the_coke_saved", "injection_below_the_limit", "more_coke_than_before")
    )

    assert [known, unknown, flared] == [102, Decimal("169.49"), 0]


def test_trap_03_green_certificates_change_nothing(result_of: Run) -> None:
    bought, plain = result_of("certificates_do_not_change_grid_power"), result_of(GRID)

    assert year(bought, "ER") == year(plain, "ER")


def test_trap_04_the_two_forms_of_carbon_are_not_mixed(result_of: Run) -> None:
    def both(project: dict[str, Any]) -> None:
        project["options"]["carbon_method"] = "factor"

    result = result_of(GRID, both)

    # Only what the factor form reads counts: the carbon kept in steel. What the balance was given is a finding.
    assert year(result, "PE_C") == Decimal("-15.4")
    assert {item.evidence["parameter"] for item in result.findings if item.code == "project.value_not_used"} >= {"M_in"}


def test_trap_04_consumption_has_no_stock_term(result_of: Run) -> None:
    def consumed(project: dict[str, Any]) -> None:
        project["options"]["input_basis"] = {"coal": "consumed", "charcoal": "consumed"}
        del project["values"]["S_in"], project["values"]["S_0"]

    result = result_of("stock_biomass_and_two_months", consumed)

    assert year(result, "C_stock") == 0
    assert year(result, "PE_C") == 286  # 95 - 17 tC; with the stocks 319


@pytest.mark.parametrize("name", BALANCES)
def test_carbon_closes(name: str, result_of: Run) -> None:
    result = result_of(name)
    entered, *left = (year(result, item) for item in ("C_in", "C_out", "C_emit", "C_stock", "C_stored"))

    assert abs(entered - sum(left)) <= CLOSE
    assert abs(year(result, "C_residual")) <= CLOSE


TENTH = st.integers(0, 10**6).map(lambda number: Fraction(number, 10))


@settings(max_examples=6, deadline=None)
@given(bought=TENTH, stocks=st.tuples(TENTH, TENTH), steel=TENTH, tonnes=TENTH)
def test_carbon_closes_whatever_is_measured(
    bought: Fraction, stocks: tuple[Fraction, Fraction], steel: Fraction, tonnes: Fraction, tmp_path_factory: Any
) -> None:
    project = project_of("stock_biomass_and_two_months")
    values = project["values"]
    values["P_CS"]["value"] = float(steel)
    values["M_in"]["rows"][0]["value"] = float(bought)
    for row, stock in zip(values["S_in"]["rows"], stocks, strict=False):
        row["value"] = float(stock)
    values["M_out"]["rows"][0]["value"] = float(tonnes)

    result = run_project_in(tmp_path_factory.mktemp("closing"), project)

    parts = [year(result, item) for item in ("C_out", "C_emit", "C_stock", "C_stored")]
    assert abs(year(result, "C_in") - sum(parts)) <= CLOSE
    # Independent of the engine: January and February at 0.6 and 0.7 tC/t, charcoal at 0.91, steel at 0.005, iron at 0.04.
    coal = Fraction(6, 10) * (bought - (stocks[0] - 50)) + Fraction(7, 10) * (50 - (stocks[1] - stocks[0]))
    fossil = coal - 2 * steel * Fraction(5, 1000) - tonnes * Fraction(4, 100) - 3
    assert abs(Fraction(year(result, "PE_C")) - fossil * Fraction(44, 12)) <= Fraction(1, 10**9)


def peer(unit: str, value: str) -> Change:
    def change(project: dict[str, Any]) -> None:
        project["values"]["EF_grid"] = {"unit": unit, "value": float(value)}

    return change


def test_trap_05_kilograms_per_kwh_taken_for_tonnes_are_refused(result_of: Run) -> None:
    # A public model writes 0.413 "ton CO2/kwh" and adds energy times this as tonnes: a thousand times too much.
    with pytest.raises(TonneError, match=r"EF_grid.*413"):
        result_of(GRID, peer("tCO2/kWh", "0.413"))
    assert year(result_of(GRID, peer("kgCO2/kWh", "0.413")), "PE_EL") == 3900 * Decimal("0.413")


@pytest.mark.parametrize("unit", ["1", "kgCO2", "kWh/kgCO2", "tCO2/t_steel"])
def test_trap_05_a_factor_of_another_dimension_is_refused(unit: str, result_of: Run) -> None:
    with pytest.raises(TonneError, match="EF_grid"):
        result_of(GRID, peer(unit, "0.413"))


GRID_FACTOR = "symbol: EF_{grid,y}\n    name: {zh: 电网排放因子, en: Grid emission factor}\n    unit: tCO2/MWh"


@pytest.mark.parametrize("label", ["t/kWh", "kg/kWh", "tCO2"])
def test_trap_05_spec_that_adds_a_factor_of_something_else_as_tonnes_fails_the_check(
    label: str, tmp_path: Path
) -> None:
    problems = spec_with(tmp_path, GRID_FACTOR, GRID_FACTOR.replace("tCO2/MWh", label)).problems

    assert any("EF_EL" in str(problem) for problem in problems)


def test_trap_05_kilograms_per_kwh_in_a_spec_need_no_factor_by_hand(tmp_path: Path) -> None:
    inference = spec_with(tmp_path, GRID_FACTOR, GRID_FACTOR.replace("tCO2/MWh", "gCO2/kWh"))

    assert not inference.problems
    assert ("EF_EL", Fraction(1, 1000)) in {(item.quantity, item.factor) for item in inference.conversions}


def test_trap_06_hydrogen_claimed_elsewhere_enters_without_its_attribute(result_of: Run) -> None:
    def as_source(kind: str) -> Change:
        def change(project: dict[str, Any]) -> None:
            project["options"]["h2_source"]["own"] = kind
            project["values"]["EF_cert"] = {"unit": "tCO2e/tH2", "at": {"own": 1}}
            if kind != "purchased_certified":
                del project["values"]["EF_cert"]

        return change

    kept, sold, grid = (
        year(result_of(GRID, as_source(kind)), "PE_H2")
        for kind in ("purchased_certified", "purchased_claimed_elsewhere", "purchased_grid_electrolysis")
    )

    assert kept == 60
    assert sold == grid == 60 * 55 * Decimal("0.5366")


def test_trap_06_the_claim_is_asked_for(result_of: Run) -> None:
    def silent(project: dict[str, Any]) -> None:
        del project["conditions"]["no_double_claim"]

    assert "no_double_claim" in unmet(result_of(GRID, silent))


def test_trap_07_nothing_here_is_called_ccer() -> None:
    spec = load_methodology("comp_hmet_01").spec
    assert spec.scheme == "composed"
    assert "非CCER方法学" in spec.title.zh
    assert "no programme has adopted" in spec.not_covered[0].text.en.lower()
    assert "没有任何机制采纳" in spec.not_covered[0].text.zh
    assert "not_ccer" in {item.id for item in spec.conditions}


def test_trap_08_benchmark_and_project_have_the_same_scope(result_of: Run) -> None:
    def unsaid(project: dict[str, Any]) -> None:
        del project["conditions"]["same_scope"]

    assert "same_scope" in unmet(result_of(GRID, unsaid))


def test_trap_09_less_hydrogen_than_stoichiometry_needs_is_noticed(result_of: Run) -> None:
    def little(project: dict[str, Any]) -> None:
        project["values"]["M_H2"]["rows"][0]["value"] = 55  # 50 t reacted, 50.9 t are needed

    assert "hydrogen_enough" in unmet(result_of(GRID, little))
    assert "hydrogen_enough" not in unmet(result_of(GRID))


def test_break_even_factors_are_where_the_reduction_is_zero(result_of: Run) -> None:
    found = year(result_of(GRID), "EF_grid_be")
    at_break_even = result_of(GRID, peer("tCO2/MWh", str(found)))

    assert year(at_break_even, "ER") == 0
    assert year(at_break_even, "I_H2") == year(at_break_even, "I_H2_be")

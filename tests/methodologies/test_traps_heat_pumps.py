"""The traps of heat pump accounting, each seen through the bundled spec `comp_hp_01` and its cases."""

import csv
import gzip
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.compute.reference import Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError, TonneError
from tonne.engine.plan import make_plan
from tonne.engine.result.result import Result
from tonne.engine.run import conservative_side, run, run_project
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

NAME = "comp_hp_01"
EXAMPLE = Path(__file__).parents[2] / "examples" / "heat_pump"
CASES = bundled().root / NAME / "cases" / "good"
Values = dict[str, dict[Any, Decimal]]
Change = Callable[[dict[str, Any]], None]


def written(case: str) -> tuple[Document, dict[str, Any]]:
    document = read_yaml(CASES / f"{case}.yaml")
    data = document.data["project"]
    return document, {"format": 1, "name": document.data["title"], "methodology": NAME, **data}


def project_of(case: str, change: Change | None, folder: Path) -> Any:
    document, data = written(case)
    if change is not None:
        change(data)
    inner = Document(document.path, data, {}, document.digest, document.text)
    return checked_project(shaped(ProjectSpec, inner, ProjectError), inner, folder)


@pytest.fixture
def values(tmp_path: Path) -> Callable[..., Values]:
    def compute(case: str, change: Change | None = None) -> Values:
        project = project_of(case, change, tmp_path)
        methodology = load_methodology(NAME)
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
    def compute(case: str, change: Change | None = None) -> Result:
        return run_project(project_of(case, change, tmp_path), load_methodology(NAME), lambda _stage: None)

    return compute


def only(items: dict[Any, Decimal]) -> Decimal:
    (value,) = items.values()
    return value


def set_option(name: str, choice: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["options"][name] = choice

    return change


def test_trap_01_reduction_below_the_break_even_is_negative_and_stays_so(
    values: Callable[..., Values], result: Callable[..., Result]
) -> None:
    case = "break_even_of_a_gas_boiler_in_the_united_kingdom"
    below = values(case)
    assert only(below["SPF"]) < only(below["SPF_min"])
    assert only(below["ER"]) < 0
    assert result(case).rounded_total("reduction") == -5

    def better(data: dict[str, Any]) -> None:
        data["values"]["Q_met"]["rows"][0]["value"] = 2100

    above = values(case, better)
    assert only(above["SPF"]) > only(above["SPF_min"])
    assert only(above["ER"]) > 0


def test_trap_01_published_break_even_is_that_of_the_spec(values: Callable[..., Values]) -> None:
    found = only(values("break_even_of_a_gas_boiler_in_the_united_kingdom")["SPF_min"])
    assert found.quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("2.02")


def test_trap_02_efficiency_on_gross_calorific_value_is_brought_to_the_basis_of_the_factor(
    values: Callable[..., Values],
) -> None:
    case = "gas_boiler_two_services_below_break_even"
    stated = values(case)["BE_heat"]
    mistaken = values(case, set_option("efficiency_basis", {"heating": "ncv", "hot_water": "ncv"}))["BE_heat"]
    (hot_water,) = (index for index in stated if "hot_water" in index)
    assert stated[hot_water] == Decimal("13.575")
    assert mistaken[hot_water] > Decimal("15.08")


def test_trap_02_basis_of_the_efficiency_has_to_be_stated(values: Callable[..., Values]) -> None:
    def unstated(data: dict[str, Any]) -> None:
        del data["options"]["efficiency_basis"]

    with pytest.raises(ProjectError, match="efficiency_basis"):
        values("gas_boiler_two_services_below_break_even", unstated)


def test_trap_03_growth_of_the_service_does_not_count_unless_it_is_proven(values: Callable[..., Values]) -> None:
    case = "old_coal_boiler_moved_and_used"
    assert only(values(case)["Q_cr"]) == 750
    assert only(values(case, set_option("growth", {"heating": "proven"}))["Q_cr"]) == 800

    def unsaid(data: dict[str, Any]) -> None:
        del data["options"]["growth"]

    assert only(values(case, unsaid)["Q_cr"]) == 750


def test_trap_03_new_or_useless_cold_does_not_count(values: Callable[..., Values]) -> None:
    counted = {index[0]: value for index, value in values("heat_and_cold_at_the_same_time")["Q_cold_cr"].items()}
    assert counted == {"chilled_water": 144, "comfort": 0, "store": 0}


def test_trap_04_heat_is_that_of_the_service_boundary_net_of_defrost(
    values: Callable[..., Values],
) -> None:
    found = only(values("hot_water_from_flow_and_temperatures")["Q_HP"])
    without_defrost = Decimal("2.6544312")  # 8 hours of 0.1904994 and 15 of 0.0753624 GJ
    of_averages = Decimal("2.417877")  # sum of the volumes times the mean of the differences
    assert found == Decimal("2.6041896")
    assert found not in {without_defrost, of_averages}


def test_trap_04_place_of_the_heat_meter_is_a_condition_and_stands_in_its_card() -> None:
    spec = load_methodology(NAME).spec
    assert "service_boundary" in {condition.id for condition in spec.conditions}
    card = spec.parameters["Q_met"].monitoring
    assert card is not None
    assert card.monitoring_point is not None
    assert "net of defrost" in card.monitoring_point.en


def test_trap_05_fuel_of_a_hybrid_is_project_emissions_and_its_heat_is_not_counted(
    values: Callable[..., Values],
) -> None:
    found = values("hybrid_with_gas_boiler")
    assert only(found["PE_FC"]) == Decimal("43.680582")
    assert only(found["BE"]) == Decimal("90.5")  # 1500 GJ of the heat pumps, and nothing of 778.62 GJ of gas


def test_trap_05_electric_backup_adds_emissions_and_no_heat(values: Callable[..., Values]) -> None:
    def with_backup(data: dict[str, Any]) -> None:
        data["values"]["EC_bu"]["at"] = {"2023-01": 10}

    case = "district_heat_by_default"
    without, more = values(case), values(case, with_backup)
    assert only(more["BE"]) == only(without["BE"])
    assert only(more["PE_EL"]) - only(without["PE_EL"]) == Decimal("6.48")


def test_trap_06_performance_factor_names_its_boundary_and_moves_with_it(values: Callable[..., Values]) -> None:
    case = "gas_boiler_two_services_below_break_even"
    factors = [only(values(case, set_option("spf_boundary", name))["SPF"]) for name in ("h1", "h2", "h3", "h4")]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] / factors[-1] > Decimal("1.1")

    def unnamed(data: dict[str, Any]) -> None:
        del data["options"]["spf_boundary"]

    with pytest.raises(ProjectError, match="spf_boundary"):
        values(case, unnamed)


def test_trap_07_renewable_energy_is_reported_and_is_no_part_of_the_reduction(
    values: Callable[..., Values],
) -> None:
    spec = load_methodology(NAME).spec
    assert spec.outputs is not None
    assert "E_RES" in spec.outputs.reported
    equation = spec.equations["E_RES"]
    assert equation.name is not None
    assert equation.name.en.startswith("Renewable energy captured")
    assert "reduction" not in equation.name.en
    assert "减排" not in equation.name.zh
    assert "CO2" not in equation.unit
    negative = values("gas_boiler_two_services_below_break_even")
    assert only(negative["E_RES"]) > 200
    assert only(negative["ER"]) < 0


def test_trap_07_performance_of_exactly_2_5_is_below_the_threshold(values: Callable[..., Values]) -> None:
    found = values("district_heat_of_the_network_below_the_threshold")
    assert only(found["SPF"]) == Decimal("2.5")
    assert only(found["E_RES"]) == 0


def test_trap_08_factor_is_the_combined_margin_and_says_its_purpose(values: Callable[..., Values]) -> None:
    methodology = load_methodology(NAME)
    name = methodology.quantities["EF_el"].spec.name
    assert name is not None
    assert "purpose: emission reductions" in name.en
    assert "用途：减排量核算" in name.zh
    assert "cn_grid_average" not in {quantity.parameter.table for quantity in methodology.parameters.values()}
    found = values("district_heat_by_default")
    assert only(found["EF_el"]) == (Decimal("0.8") + Decimal("0.28")) / 2


def test_trap_08_average_factor_cannot_take_its_place(values: Callable[..., Values]) -> None:
    def averaged(data: dict[str, Any]) -> None:
        data["values"]["EF_el"] = {"unit": "tCO2/MWh", "at": {"2023": Decimal("0.5366")}}

    with pytest.raises(TonneError, match="EF_el"):
        values("district_heat_by_default", averaged)


def boiler_day(heat_kw: Decimal, efficiency: Decimal) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["values"]["Q_met"]["rows"][0]["value"] = heat_kw * 24
        data["values"]["eta_BL"]["at"]["heating"] = efficiency

    return change


def test_trap_09_fuel_use_is_not_rounded_on_the_way(values: Callable[..., Values]) -> None:
    def rate(change: Change) -> Decimal:
        kilograms = only(values("gas_boiler_of_a_textbook", change)["BE"]) * 1000 / 24
        return kilograms.quantize(Decimal("0.1"), ROUND_HALF_UP)

    published_fuel = rate(boiler_day(Decimal("17.5"), Decimal(1)))  # kWh of gas an hour, as printed
    assert published_fuel == Decimal("3.3")  # http://alephzero.co.uk/ref/heatenviron.htm
    assert rate(boiler_day(Decimal(15), Decimal("0.85"))) == Decimal("3.4")


def test_trap_10_only_the_reduction_of_each_year_is_rounded(result: Callable[..., Result]) -> None:
    found = result("district_heat_by_default").as_data()
    (year,) = found["years"]
    exact, rounded = Decimal(year["exact"]["reduction"]), Decimal(year["rounded"]["reduction"])
    assert (exact, rounded) == (Decimal("51.68"), Decimal(51))
    assert Decimal(year["rounded"]["baseline"]) == Decimal(year["exact"]["baseline"])
    assert int(exact * 10) - 10 * int(rounded) == 6  # tonnes that ten rounded years would lose


def test_trap_11_waste_heat_that_was_used_before_is_leakage(values: Callable[..., Values]) -> None:
    case = "industrial_steam_from_waste_heat_used_before"
    used = values(case)
    unused = values(case, set_option("heat_source", {"steam": "ambient_or_unused"}))
    assert only(used["LE"]) == Decimal("1.2")
    assert only(unused["LE"]) == 0
    assert only(used["ER"]) < 0 < only(unused["ER"])

    def unsaid(data: dict[str, Any]) -> None:
        del data["options"]["heat_source"]

    with pytest.raises(ProjectError, match="heat_source"):
        values(case, unsaid)


def test_published_saving_of_a_home_is_energy_and_reproduces(values: Callable[..., Values]) -> None:
    gas, heat_pump, other = Decimal("12.1"), Decimal("4.4"), Decimal("2.2")
    saving = 100 * (1 - (heat_pump + other) / (gas + other))
    assert abs(saving - 54) <= Decimal("0.5")  # https://raponline.org/?p=3605, a saving of energy

    def home(data: dict[str, Any]) -> None:
        data["values"]["Q_met"]["rows"][0]["value"] = gas  # MWh, a boiler of 100 %
        data["values"]["eta_BL"]["at"]["heating"] = 1
        data["values"]["EC_HP"]["at"] = {"2006-01": heat_pump}

    found = values("break_even_of_a_gas_boiler_in_the_united_kingdom", home)
    assert only(found["SPF"]) == gas / heat_pump
    assert only(found["BE"]) == gas * Decimal("0.194")


def test_example_equals_a_calculation_from_the_raw_files() -> None:
    readings = gzip.decompress((EXAMPLE / "data" / "meters.csv.gz").read_bytes()).decode()
    *hours, last = csv.DictReader(readings.splitlines())
    log = csv.DictReader((EXAMPLE / "data" / "refrigerant.csv").read_text(encoding="utf-8").splitlines())

    def added(column: str) -> Fraction:
        return sum((Fraction(hour[column]) for hour in hours), Fraction(0))

    heating = Fraction(last["采暖累计热量_GJ"]) - Fraction(hours[0]["采暖累计热量_GJ"])
    hot_water = added("热水热量_kWh") * Fraction("0.0036")
    used = (added("热泵机组_kWh") + added("循环水泵_kWh") + added("电加热_kWh")) / 1000
    factor = (Fraction("0.8042") + Fraction("0.2135")) / 2
    baseline = heating * Fraction("0.0543") / Fraction("0.9")
    baseline += 960 * Fraction("0.0543") / (Fraction("0.84") / Fraction("0.9"))
    warming = (Fraction(677) + 3170) / 2 / 1000  # R410A, half HFC-32 and half HFC-125
    refrigerant = sum((Fraction(row["补充量"]) for row in log), Fraction(0)) * warming
    project = used * factor * Fraction("1.06") + refrigerant
    assert heating < 1800
    assert hot_water > 960

    result = run(EXAMPLE)
    wanted: dict[str, Fraction] = {"BE": baseline, "PE": project, "ER": baseline - project}
    for name, expected in wanted.items():
        assert abs(Fraction(result.by_year(name)[2024]) - expected) <= abs(expected) / 10**50
    assert result.rounded_total("reduction") == int(baseline - project)
    performance = Fraction(result.by_year("SPF")[2024])
    assert performance == pytest.approx((heating + hot_water) / Fraction("3.6") / used)
    assert Fraction("2.5") < performance < Fraction("3.5")

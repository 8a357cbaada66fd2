"""Traps of methane accounting, seen through the modules of TOOL04, TOOL06, TOOL08 and TOOL14."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tonne.engine.check.infer import infer
from tonne.engine.compute.reference import Reference
from tonne.engine.errors import UnitError
from tonne.engine.spec.catalogue import load_methodology
from tonne.engine.units import conversion, parse_unit

DAY = {"start": "2024-03-01", "end": "2024-03-01"}
YEAR = {"start": "2024-01-01", "end": "2024-12-31"}
HOURS = [f"2024-03-01T{hour:02}" for hour in range(24)]
MINUTES = [f"{hour}:{minute:02}" for hour in HOURS for minute in range(60)]


def gas(bench: Any, values: dict[str, Any]) -> Any:
    choices = {"measurement": {"gas": "a"}, "flow_state": {"gas": "normalised"}, "dryness": {"gas": "temperature"}}
    members = {"stream": ["gas"], "component": []}
    return bench.compute(load_methodology("cdm_tool08_v03"), values, members, choices, DAY)


def flared(bench: Any, kind: str, values: dict[str, Any], height: str = "regular") -> Any:
    given = {"F_RG": 1, "flame": 1, "overdue": 0, "GWP_CH4": 28, "MM_N2": "28.02", **values}
    choices = {"flare_type": {"f": kind}, "height": {"f": height}}
    return bench.compute(load_methodology("cdm_tool06_v04"), given, {"flare": ["f"], "component": []}, choices, DAY)


def landfill(bench: Any, year: int = 2024, **choices: Any) -> Decimal:
    return Decimal(filled(bench, year, {}, **choices).value("BE_CH4_SWDS", str(year)))


def filled(bench: Any, year: int, changed: dict[str, Any], **choices: Any) -> Any:
    chosen = {
        "application": "a", "use": "baseline", "climate": "tropical_wet", "correction": "default_value",
        "site": "anaerobic_managed", "time_step": "yearly", "composition": "amounts", "properties": {"food": "table"},
        "weight": {"food": "wet"}, "decomposing": {"food": "default_value"}, **choices,
    }  # fmt: skip
    values = {"W_given": 1000, "x_first": 2020, "DOC_table": "0.15", "k_table": "0.4", "MCF_site": 1}
    given = {**values, "y_credit": 2020, "OX": 0, "f": 0, "GWP_CH4": 28, **changed}
    period = {"start": f"{year}-01-01", "end": f"{year}-12-31"}
    members = {"deposit_year": ["2024"], "waste_type": ["food"], "deposit_month": [], "waste_sample": []}
    return bench.compute(load_methodology("cdm_tool04_v08"), given, members, chosen, period)


def test_trap_01_product_of_averages_is_not_the_sum_of_the_hours(bench: Any) -> None:
    flow = {f"gas,{hour}": 100 if number < 12 else 300 for number, hour in enumerate(HOURS)}
    share = {f"gas,{hour}": "0.6" if number < 12 else "0.4" for number, hour in enumerate(HOURS)}
    done = gas(bench, {"V_norm": flow, "v_CH4": share})

    found = done.value("F_year", "2024") * 1000 / done.value("rho_n")
    assert float(found) == pytest.approx(12 * (100 * 0.6 + 300 * 0.4))
    assert float(found) != pytest.approx(24 * 200 * 0.5)


def test_trap_01_minutes_without_flame_count_as_vented_and_no_average_efficiency_is_used(bench: Any) -> None:
    flame = {f"f,{minute}": int(number % 60 >= 15) for number, minute in enumerate(MINUTES)}
    flow = {f"f,{minute}": 3 if number % 60 < 15 else 1 for number, minute in enumerate(MINUTES)}
    done = flared(bench, "open", {"flame": flame, "F_RG": flow})

    slip = sum(3 if number % 60 < 15 else Fraction(1, 2) for number in range(1440))
    assert done.value("PE_flare", "2024") == Decimal(28) * slip.numerator / slip.denominator / 1000
    assert done.value("eta_hour", "f,2024-03-01T05") == 1 - Decimal("67.5") / 90
    assert done.value("eta_hour", "f,2024-03-01T05") != Decimal("0.5") * 45 / 60


def test_trap_03_oxidation_and_capture_come_from_the_host_alone() -> None:
    parameters = load_methodology("cdm_tool04_v08").spec.parameters
    assert {parameters[name].from_ for name in ("OX", "f", "GWP_CH4")} == {"input"}
    assert load_methodology("cdm_tool14_v02").spec.parameters["PE_flare"].from_ == "input"


def test_trap_05_waste_decays_from_the_year_of_disposal_on(bench: Any) -> None:
    first = landfill(bench, 2024)
    assert float(first) == pytest.approx(0.75 * 28 * 16 / 12 * 0.5 * 1000 * 0.15 * 0.5 * (1 - math.exp(-0.4)))
    assert float(landfill(bench, 2025) / first) == pytest.approx(math.exp(-0.4))


def test_trap_05_application_use_and_climate_change_the_correction(bench: Any) -> None:
    a = landfill(bench)
    assert landfill(bench, application="b") / a == Decimal("0.85") / Decimal("0.75")
    assert landfill(bench, application="b", climate="tropical_dry") / a == Decimal("0.80") / Decimal("0.75")
    assert landfill(bench, use="project_or_leakage") / a == 1 / Decimal("0.75")


@pytest.mark.parametrize(
    ("application", "changed", "met"),
    [
        ("a", {"x_first": 2024}, True),  # the first year of disposal in the data
        ("a", {"x_first": 2025}, False),
        ("b", {"x_first": 2023, "y_credit": 2023}, True),
        ("b", {"x_first": 2024, "y_credit": 2023}, True),
        ("b", {"x_first": 2000, "y_credit": 2023}, False),
    ],
)
def test_trap_05_application_decides_the_first_year_of_disposal(
    bench: Any, application: str, changed: dict[str, Any], met: bool
) -> None:
    done = filled(bench, 2024, changed, application=application)
    reference = Reference(done.plan, done.dataset)
    reference.compute_all()
    assert reference.holds(done.plan.tests[f"first_year_application_{application}"], {}) is met


def test_trap_05_decay_rate_is_looked_up_by_waste_and_climate() -> None:
    rule = load_methodology("cdm_tool04_v08").spec.parameters["k_table"]
    assert (rule.table, rule.key) == ("fod_k", {"waste_type": "waste_type", "climate": "climate"})


@pytest.mark.parametrize(("of", "to"), [("Sm3", "Nm3"), ("m3", "Nm3"), ("kg_CH4/Sm3", "kg_CH4/Nm3")])
def test_trap_08_density_of_one_state_is_never_used_with_the_volume_of_another(of: str, to: str) -> None:
    with pytest.raises(UnitError):
        conversion(parse_unit(of), parse_unit(to))


def test_trap_08_density_follows_from_the_reference_state(bench: Any) -> None:
    done = gas(bench, {"V_norm": 1, "v_CH4": 1})
    assert round(done.value("rho_n"), 4) == Decimal("0.7157")


def test_trap_08_warming_potential_belongs_to_the_host() -> None:
    for name in ("cdm_tool04_v08", "cdm_tool06_v04", "cdm_tool14_v02"):
        assert load_methodology(name).spec.parameters["GWP_CH4"].from_ == "input"


def test_trap_09_methane_is_not_its_co2_equivalent() -> None:
    units = {name: item.unit.text for name, item in load_methodology("cdm_tool04_v08").quantities.items()}
    assert units["CH4_gen"] != units["BE_CH4_SWDS"]
    with pytest.raises(UnitError):
        conversion(parse_unit("tCH4"), parse_unit("tCO2e"))


def test_trap_09_half_is_no_division_of_integers(bench: Any) -> None:
    tests = {"f,2024,first": 1, "f,2024,second": 3}
    values: dict[str, Any] = {
        "T_EG": 900,
        "V_RG": 1,
        "T_EG_low": 500,
        "T_EG_high": 1200,
        "V_RG_low": 0,
        "V_RG_high": 100,
    }
    values |= {"F_EG_test": tests, "F_RG_test": 10, "t_test": 1, "F_RG_6months": 10}
    done = flared(bench, "enclosed_tests", values)
    assert done.value("eta_calc", "f,2024") == Decimal("0.8")


def test_trap_11_hours_of_an_idle_device_are_vented(bench: Any) -> None:
    done = flared(bench, "enclosed_default", {
        "flame": {f"f,{minute}": int(minute < "2024-03-01T06:00") for minute in MINUTES}, "T_EG": 900, "V_RG": 1,
        "T_EG_low": 500, "T_EG_high": 1200, "V_RG_low": 0, "V_RG_high": 100,
    })  # fmt: skip
    assert done.value("PE_flare", "2024") == Decimal(28) * (360 * Decimal("0.1") + 1080) / 1000


@pytest.mark.parametrize(("name", "value"), [("cdm_tool08_v03", 8314), ("cdm_tool06_v04", "8314.472")])
def test_trap_tools_11_gas_constant_goes_with_pascals_and_kilomoles(name: str, value: object) -> None:
    constant = load_methodology(name).spec.parameters["R_u"]
    assert constant.value == Fraction(str(value))
    kilo = parse_unit("kPa m3/(kmol K)")
    assert conversion(kilo, parse_unit(constant.unit))[0] * Fraction("8.314") == 8314
    assert not infer(load_methodology(name)).problems


def test_trap_tools_11_pressure_in_kilopascals_is_converted_and_never_taken_as_pascals() -> None:
    bounds = load_methodology("cdm_tool08_v03").spec.parameters["P"].bounds
    assert bounds is not None
    assert bounds.min is not None
    assert bounds.min > Fraction("101.325")
    assert conversion(parse_unit("kPa"), parse_unit("Pa"))[0] == 1000


def test_minute_form_has_the_formulas_of_the_hourly_one() -> None:
    hour, minute = load_methodology("cdm_tool08_v03").spec, load_methodology("cdm_tool08_minute").spec
    assert minute.parameters.keys() == hour.parameters.keys()
    renamed = {"stream": "flare", "hour": "minute"}
    for name, parameter in hour.parameters.items():
        other = minute.parameters[name]
        assert [renamed.get(each, each) for each in parameter.over] == other.over
        same = ("unit", "value", "when", "bounds", "from_", "table", "key", "evidence")
        assert all(getattr(parameter, field) == getattr(other, field) for field in same), name
    for name, equation in hour.equations.items():
        other_equation = minute.equations["F_flare" if name == "F_stream" else name]
        text = str(
            (equation.unit, equation.expr, [(case.when, case.expr, case.otherwise) for case in equation.cases or []])
        )
        for old, new in (("over=hour", "over=minute"), ("F_stream", "F_flare"), ("over=stream", "over=flare")):
            text = text.replace(old, new)
        wanted = (other_equation.unit, other_equation.expr,
                  [(case.when, case.expr, case.otherwise) for case in other_equation.cases or []])  # fmt: skip
        assert text == str(wanted), name
    assert [each.id for each in hour.conditions] == [each.id for each in minute.conditions]
    tests = [(each.test or "").replace("over=[stream, ", "over=[flare, ") for each in hour.conditions]
    assert tests == [each.test or "" for each in minute.conditions]
    assert [sorted(each.values) for each in hour.options.values()] == [
        sorted(each.values) for each in minute.options.values()
    ]

"""The traps of landfill gas, each seen through `cdm_acm0001`, `cdm_ams_iii_g` and their cases."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.check.checks import check
from tonne.engine.compute.reference import Reference, decimal
from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError
from tonne.engine.plan import make_plan
from tonne.engine.run import conservative_side
from tonne.engine.spec.catalogue import bundled, load_methodology
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml
from tonne.engine.spec.tree import Name, walk

ACM0001, AMS_III_G = "cdm_acm0001", "cdm_ams_iii_g"
Values = dict[str, dict[Any, Decimal]]
Change = Callable[[dict[str, Any]], None]
DENSITY = Decimal(101325) * Decimal("16.04") / (Decimal(8314) * Decimal("273.15"))


class Computed:
    """The values of a case after a change, and whether its tested conditions hold."""

    def __init__(self, project: Any, methodology: Methodology, folder: Path) -> None:
        plan = make_plan(methodology, chosen_options(project, methodology))
        store = open_store([folder], folder)
        try:
            dataset = collect(project, plan, store, conservative_side(methodology))
        finally:
            store.close()
        given = {key: {at: decimal(value) for at, value in items.items()} for key, items in dataset.values.items()}
        reference = Reference(plan, dataset)
        self.values: Values = {**given, **reference.compute_all()}
        self.conditions = {name: reference.holds(tree, {}) for name, tree in plan.tests.items()}

    def only(self, name: str) -> Decimal:
        (value,) = self.values[name].values()
        return value


@pytest.fixture
def compute(tmp_path: Path) -> Callable[..., Computed]:
    def computed(case: str, name: str = ACM0001, change: Change | None = None, of: str | None = None) -> Computed:
        document = read_yaml(bundled().root / (of or name) / "cases" / "good" / f"{case}.yaml")
        data = {"format": 1, "name": document.data["title"], "methodology": name, **document.data["project"]}
        if change is not None:
            change(data)
        inner = Document(document.path, data, {}, document.digest, document.text)
        project = checked_project(shaped(ProjectSpec, inner, ProjectError), inner, tmp_path)
        return Computed(project, load_methodology(name), tmp_path)

    return computed


def reached(methodology: Methodology, output: str) -> set[str]:
    """Give every quantity that an output is made from."""
    known: set[str] = set()
    waiting = [output]
    while waiting:
        name = waiting.pop()
        if name in known or name not in methodology.quantities:
            continue
        known.add(name)
        tree = methodology.quantities[name].tree
        waiting += [node.id for node in walk(tree) if isinstance(node, Name)] if tree is not None else []
    return known


def near(found: Decimal, expected: Decimal) -> bool:
    return abs(found - expected) <= Decimal("1e-12")


def test_trap_01_flame_and_methane_are_multiplied_minute_by_minute_and_not_as_averages(
    compute: Callable[..., Computed],
) -> None:
    minutes = [f"2018-06-01T{number // 60:02d}:{number % 60:02d}" for number in range(1440)]
    # In the first half of the day much poor gas and two hours without a flame, in the second little rich gas.
    gas = [Decimal(10) if number < 720 else Decimal(5) for number in range(1440)]
    share = [Decimal("0.4") if number < 720 else Decimal("0.6") for number in range(1440)]
    flame = [int(not 60 <= number < 180) for number in range(1440)]

    def by_the_minute(data: dict[str, Any]) -> None:
        for name, values in (("residual.V_norm", gas), ("residual.v_CH4", share), ("flaring.flame", flame)):
            rows = [
                {"value": value, "at": {"flare": "F1", "minute": at}} for at, value in zip(minutes, values, strict=True)
            ]
            data["values"][name] = {"unit": data["values"][name]["unit"], "rows": rows}

    found = compute("stated_share_in_2018", change=by_the_minute).only("F_CH4_flared")
    mass = [volume * part * DENSITY / 1000 for volume, part in zip(gas, share, strict=True)]
    expected = sum((Decimal("0.9") * amount * lit for amount, lit in zip(mass, flame, strict=True)), Decimal(0))
    averaged = sum(gas, Decimal(0)) * (sum(share, Decimal(0)) / 1440) * DENSITY / 1000 * Decimal("0.9")
    assert near(found, expected)
    assert averaged > found * Decimal("1.15")


def test_trap_02_both_brackets_on_the_same_data_differ_by_oxidation_of_what_the_baseline_destroys(
    compute: Callable[..., Computed],
) -> None:
    def as_large_scale(data: dict[str, Any]) -> None:
        data["options"] |= {"distribution": "none", "displaced.supply": {"grid": "grid"}}
        data["options"]["stream_use"] = dict.fromkeys(data["members"]["stream"], "electricity")
        data["values"]["EC_BL"] = {"unit": "MWh", "value": 0}
        del data["conditions"]["no_equipment_transferred"]

    for case in ("history_above_the_default_share", "default_share_above_the_old_system", "stated_share"):
        small = compute(case, AMS_III_G)
        large = compute(case, ACM0001, as_large_scale, of=AMS_III_G)
        destroyed = small.only("F_CH4_BL")
        assert destroyed > 0
        assert large.only("F_CH4_BL") == destroyed
        assert near(large.only("F_CH4_PJ"), small.only("F_CH4_PJ"))
        assert near(small.only("ER") - large.only("ER"), Decimal("0.1") * destroyed * 28)


def test_trap_02_both_methodologies_agree_where_nothing_is_oxidised(compute: Callable[..., Computed]) -> None:
    def synthetic(data: dict[str, Any]) -> None:
        data["options"]["cover"] = "synthetic"

    def as_large_scale(data: dict[str, Any]) -> None:
        synthetic(data)
        data["options"] |= {"distribution": "none", "displaced.supply": {"grid": "grid"}}
        data["options"]["stream_use"] = dict.fromkeys(data["members"]["stream"], "electricity")
        data["values"]["EC_BL"] = {"unit": "MWh", "value": 0}

    case = "history_above_the_default_share"
    small, large = compute(case, AMS_III_G, synthetic), compute(case, ACM0001, as_large_scale, of=AMS_III_G)
    assert near(small.only("ER"), large.only("ER"))


def test_trap_03_slip_of_the_flare_is_taken_off_once_and_is_no_project_emission(
    compute: Callable[..., Computed],
) -> None:
    cold = compute("flame_out_all_day_is_negative")
    assert cold.only("flaring.PE_flare") > 70
    assert cold.only("PE") == 0
    assert cold.only("F_CH4_flared") == 0
    for name in (ACM0001, AMS_III_G):
        methodology = load_methodology(name)
        assert "flaring.PE_flare" not in reached(methodology, "PE")
        assert "flaring.PE_flare" in reached(methodology, "BE")


def test_trap_03_oxidation_is_applied_once_in_the_estimate(compute: Callable[..., Computed]) -> None:
    large = compute("estimate_with_heat_and_electricity")
    potential = Decimal("0.5") * Decimal("0.75") * large.only("swds.CH4_gen") * 28
    assert near(large.only("BE_CH4"), Decimal("0.9") * potential)
    small = compute("estimate_with_flaring_required", AMS_III_G)
    kept = potential - small.only("F_CH4_BL") * 28
    assert near(small.only("BE"), Decimal("0.9") * kept)


def test_trap_03_oxidation_of_the_decay_model_is_not_for_the_project_to_choose(
    compute: Callable[..., Computed],
) -> None:
    def twice(data: dict[str, Any]) -> None:
        data["values"]["OX_SWDS"] = {"unit": "1", "value": Decimal("0.1")}

    with pytest.raises(ProjectError, match="OX_SWDS"):
        compute("estimate_with_heat_and_electricity", change=twice)


@pytest.mark.parametrize(
    ("case", "potential", "fits"),
    [
        ("potential_of_ar2_in_2013", 21, False),
        ("potential_of_ar4_in_2012", 25, False),
        ("potential_of_ar4_from_2013", 25, True),
        ("potential_of_ar4_until_2020", 25, True),
        ("potential_of_ar4_in_2021", 25, False),
        ("potential_of_ar5_in_2020", 28, False),
        ("potential_of_ar5_from_2021", 28, True),
    ],
)
def test_trap_08_potential_goes_by_the_year_and_is_no_constant(
    compute: Callable[..., Computed], case: str, potential: int, fits: bool
) -> None:
    found = compute(case)
    assert found.only("GWP_CH4") == potential
    assert found.conditions["gwp_fits_year"] is fits


def test_trap_08_density_is_that_of_normal_conditions_and_other_states_are_converted(
    compute: Callable[..., Computed],
) -> None:
    def at_20_degrees(data: dict[str, Any]) -> None:
        data["options"]["gas.flow_state"] = {"J1": "actual"}
        data["values"]["gas.V"] = {**data["values"].pop("gas.V_norm"), "unit": "m3"}
        data["values"]["gas.T"] = {"unit": "degC", "value": 20}
        data["values"]["gas.P"] = {"unit": "Pa", "value": 101325}

    case = "engine_stands_still_four_hours"
    normal = compute(case)
    assert round(normal.only("gas.rho_n"), 4) == Decimal("0.7157")
    warm = compute(case, change=at_20_degrees)
    assert round(normal.only("F_CH4_EL") / warm.only("F_CH4_EL"), 4) == Decimal("1.0732")


def test_trap_11_hours_without_operation_are_vented_and_not_spread_over_the_year(
    compute: Callable[..., Computed],
) -> None:
    def always(data: dict[str, Any]) -> None:
        data["values"]["Op"] = {"unit": "flag", "value": 1}

    case = "engine_stands_still_four_hours"
    idle, running = compute(case), compute(case, change=always)
    assert near(idle.only("F_CH4_EL") * 24, running.only("F_CH4_EL") * 20)
    assert idle.values["gas.F"] == running.values["gas.F"]


def test_public_test_of_iii_g_that_multiplies_a_yearly_potential_by_days_fails_the_units(bench: Any) -> None:
    text = """\
format: 1
id: days
title: {zh: 测试, en: Test}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions: {year: {time: year}}
parameters:
  BE_SWDS: {unit: tCO2e, over: [year], from: fixed}
  days: {unit: d, from: default, value: 30, evidence: composed}
equations:
  ER: {unit: tCO2e, over: [year], expr: BE_SWDS * days, evidence: composed}
outputs: {baseline: ER, reduction: ER, rounding: {mode: floor}}
"""
    failed = [finding.code for finding in check(bench.methodology(text)).findings if finding.failed]
    assert failed == ["units.misfit"]

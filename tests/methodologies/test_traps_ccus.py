"""The traps of capture, use and storage of CO2, each seen through `comp_ccus_01`, `us_40cfr98_rr` and their cases."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
RR, CHAIN = "us_40cfr98_rr", "comp_ccus_01"
EOR = f"{RR}/eor_recycle_counts_as_neither_form_knows_it"
RR_SALINE = f"{RR}/saline_site_with_three_ways_of_metering"
SALINE = f"{CHAIN}/saline_chain_with_energy_solvent_and_trucks"
NOYA = f"{CHAIN}/noya_air_capture"
CLOSE = Decimal("1e-25")
CLOSURE = Decimal("1e-9")
Data = dict[str, Any]
Values = dict[str, dict[Any, Decimal]]
Change = Callable[[Data], None]


@cache
def methodology_of(name: str) -> Methodology:
    return load_methodology(name)


def project_of(case: str, folder: Path, change: Change | None = None) -> Any:
    name, _, file = case.partition("/")
    document = read_yaml(ROOT / name / "cases" / "good" / f"{file}.yaml")
    data = {"format": 1, "name": document.data["title"], "methodology": name, **document.data["project"]}
    if change is not None:
        change(data)
    inner = Document(document.path, data, {}, document.digest, document.text)
    return checked_project(shaped(ProjectSpec, inner, ProjectError), inner, folder)


def computed(case: str, folder: Path, change: Change | None = None) -> Values:
    project = project_of(case, folder, change)
    methodology = methodology_of(project.spec.methodology)
    plan = make_plan(methodology, chosen_options(project, methodology))
    store = open_store([folder], folder)
    try:
        dataset = collect(project, plan, store, conservative_side(methodology))
    finally:
        store.close()
    given = {key: {at: decimal(value) for at, value in items.items()} for key, items in dataset.values.items()}
    return {**given, **Reference(plan, dataset).compute_all()}


def finished(case: str, folder: Path, change: Change | None = None) -> Result:
    project = project_of(case, folder, change)
    return run_project(project, methodology_of(project.spec.methodology), lambda _stage: None)


def only(values: Values, name: str) -> Decimal:
    (value,) = values[name].values()
    return value


def setting(**values: Any) -> Change:
    """Set parameters of a project that have one index."""

    def change(data: Data) -> None:
        for name, value in values.items():
            entry = data["values"][name.replace("__", ".")]
            if "at" in entry:
                entry["at"] = dict.fromkeys(entry["at"], value)
            elif "rows" in entry:
                entry["rows"] = [{**row, "value": value} for row in entry["rows"]]
            else:
                entry["value"] = value

    return change


def metered(**tonnes: Decimal | int) -> Change:
    """Set what meters read."""

    def change(data: Data) -> None:
        for row in data["values"]["rr.Q_m"]["rows"]:
            row["value"] = tonnes.get(row["at"]["meter"], row["value"])

    return change


def together(*changes: Change) -> Change:
    def change(data: Data) -> None:
        for one in changes:
            one(data)

    return change


def choosing(**options: Any) -> Change:
    def change(data: Data) -> None:
        data["options"].update({name.replace("__", "."): value for name, value in options.items()})

    return change


def not_met(result: Result) -> set[str]:
    return {condition.id for condition in result.conditions if not condition.met}


def test_trap_01_captured_stored_and_avoided_stand_side_by_side_and_differ(tmp_path: Path) -> None:
    outputs = methodology_of(CHAIN).spec.outputs
    assert outputs is not None
    assert outputs.reported[:3] == ["m_cap", "m_sto", "m_avo"]
    found = computed(f"{CHAIN}/farnsworth_stored_and_net", tmp_path)
    assert only(found, "m_cap") > only(found, "m_sto") > only(found, "m_avo")
    assert only(found, "f_sto") == Decimal("0.92")
    assert Decimal("0.793") < only(found, "f_avo") < Decimal("0.804")


def test_trap_01_more_captured_is_not_more_avoided(tmp_path: Path) -> None:
    found = computed(SALINE, tmp_path, metered(capture=1100))
    assert only(found, "FUG") == 105
    assert only(found, "NET") == only(computed(SALINE, tmp_path), "NET")


def test_trap_02_recycled_gas_adds_nothing_to_what_is_stored(tmp_path: Path) -> None:
    def recycled_more(data: Data) -> None:
        data["values"]["Q_m"]["rows"][1]["value"] += Decimal("30.6")
        data["values"]["Qw_m"]["rows"][0]["value"] += Decimal("37.5")  # 30 t of CO2, and 2 % of them with the oil
        data["values"]["m_entrained"]["at"]["2024"] += Decimal("0.6")
        data["values"]["m_native"]["at"]["2024"] += Decimal("0.6")

    before, after = computed(EOR, tmp_path), computed(EOR, tmp_path, recycled_more)
    assert only(after, "CO2I") - only(before, "CO2I") == Decimal("30.6")
    for name in ("SEQ", "m_VV", "STORED"):
        assert only(after, name) == only(before, name)
    assert only(before, "STORED") < only(before, "CO2I") - 60


def test_trap_02_input_of_an_eor_site_is_never_what_it_injects(tmp_path: Path) -> None:
    def injected_more(data: Data) -> None:
        data["values"]["Q_m"]["rows"][1]["value"] += 50

    before, after = computed(EOR, tmp_path), computed(EOR, tmp_path, injected_more)
    assert only(after, "m_input") == only(before, "m_input") == 105
    assert only(after, "STORED") == only(before, "STORED")


@pytest.mark.parametrize("leak", ["rr__FI", "rr__E_x"])
def test_trap_03_leak_of_the_site_is_deducted_once(leak: str, tmp_path: Path) -> None:
    before = computed(SALINE, tmp_path)
    after = computed(SALINE, tmp_path, setting(**{leak: 3 if leak == "rr__FI" else 2}))
    assert only(before, "m_avo") - only(after, "m_avo") == Decimal("0.98")  # a tonne times its permanence
    assert only(before, "PE") == only(after, "PE")
    assert only(after, "REV") == 0


def test_trap_03_losses_before_the_wellhead_are_no_project_emissions_again(tmp_path: Path) -> None:
    before = computed(SALINE, tmp_path)
    after = computed(SALINE, tmp_path, together(setting(VENT_cap=40), metered(capture=1030)))
    assert only(after, "OUT") - only(before, "OUT") == 30
    assert only(after, "r_loss") > only(before, "r_loss")
    assert (only(after, "PE"), only(after, "NET")) == (only(before, "PE"), only(before, "NET"))


def test_trap_04_density_is_that_of_60_fahrenheit_and_cannot_be_mixed(tmp_path: Path) -> None:
    found = computed(f"{RR}/all_received_is_injected_by_volume", tmp_path)
    assert set(found["D"].values()) == {Decimal("0.0018682")}
    assert Decimal("0.001977") / Decimal("0.0018682") > Decimal("1.058")

    def of_zero_celsius(data: Data) -> None:
        data["values"]["D"] = {"unit": "tCO2/Sm3_CO2", "value": Decimal("0.001977")}

    with pytest.raises(TonneError, match="D is set by the methodology"):
        computed(f"{RR}/all_received_is_injected_by_volume", tmp_path, of_zero_celsius)

    def normal(data: Data) -> None:
        data["values"]["Q_v"]["unit"] = "Nm3"

    with pytest.raises(TonneError, match="Nm3 cannot be converted to Sm3"):
        computed(f"{RR}/all_received_is_injected_by_volume", tmp_path, normal)


def test_trap_04_density_of_the_stream_goes_with_the_mass_fraction_only(tmp_path: Path) -> None:
    def by_volume_fraction(data: Data) -> None:
        data["options"]["metering"]["cap_gas"] = "volume"

    with pytest.raises(TonneError, match="C_v"):
        computed(RR_SALINE, tmp_path, by_volume_fraction)


def test_trap_05_capture_ratio_names_its_denominator(tmp_path: Path) -> None:
    def of_the_plant(data: Data) -> None:
        data["options"]["capture_ratio_of"] = "whole_plant"
        data["values"]["m_plant"] = {"unit": "tCO2", "value": 1600}
        del data["values"]["m_inlet"]

    assert only(computed(SALINE, tmp_path), "CR") == Decimal("0.8")
    assert only(computed(SALINE, tmp_path, of_the_plant), "CR") == Decimal("0.625")

    def unnamed(data: Data) -> None:
        del data["options"]["capture_ratio_of"]

    with pytest.raises(ProjectError, match="capture_ratio_of"):
        computed(SALINE, tmp_path, unnamed)


def test_trap_06_avoided_cement_is_on_a_line_of_its_own(tmp_path: Path) -> None:
    alone = computed(f"{CHAIN}/carboncure_utilisation_only", tmp_path)
    mixed = computed(f"{CHAIN}/carboncure_with_avoided_cement", tmp_path)
    for name in ("r_net", "m_sto", "m_avo", "NET", "BE"):
        assert only(mixed, name) == only(alone, name)
    assert only(mixed, "A") == Decimal("44.45")
    assert only(alone, "r_net").quantize(Decimal("0.001")) == Decimal("0.824")
    assert only(mixed, "r_mixed").quantize(Decimal("0.0001")) == Decimal("0.9967")
    shown = methodology_of(CHAIN).spec.equations["r_mixed"].name
    assert shown is not None
    assert "never a claim" in shown.en
    assert "不得用于声明" in shown.zh


def test_trap_06_removal_and_reduction_are_separate_lines(tmp_path: Path) -> None:
    found = computed(SALINE, tmp_path)
    assert only(found, "NET_rem") + only(found, "NET_red") == only(found, "m_avo")
    assert only(found, "GR") + only(found, "BE_red") == only(found, "m_perm")
    whole = computed(SALINE, tmp_path, choosing(pe_sharing="to_reduction"))
    assert only(whole, "NET_rem") == only(whole, "GR")
    assert only(whole, "NET") == only(found, "NET")


def test_trap_07_permanence_comes_before_the_net_ratio(tmp_path: Path) -> None:
    found = only(computed(f"{CHAIN}/permanence_standard_gas", tmp_path), "r_net")
    late = 1 - Decimal(2284) / 16766
    assert found.quantize(Decimal("0.001")) == Decimal("0.849")
    assert late.quantize(Decimal("0.001")) == Decimal("0.864")
    assert found != late


def test_trap_07_offer_is_grossed_up_by_division_and_rounded_once(tmp_path: Path) -> None:
    found = only(computed(f"{CHAIN}/buffer_of_an_offer_to_microsoft", tmp_path), "V_offer")
    assert found.quantize(Decimal("0.1")) == Decimal("184.6")
    assert (200 * (1 + Decimal("0.025")) * Decimal("0.9")).quantize(Decimal("0.1")) == Decimal("184.5")
    result = finished(f"{CHAIN}/buffer_of_a_forest_in_tennessee", tmp_path)
    assert result.by_year("NET")[2024] == Decimal("631845.26")
    assert result.rounded_total("reduction") == 631845


def test_trap_08_ledger_that_does_not_close_is_reported(tmp_path: Path) -> None:
    def ledger(stated: int) -> Change:
        def change(data: Data) -> None:
            data["options"]["rr.ledger"] = "stated"
            data["values"]["rr.CUM_supply_before"] = {"unit": "tCO2", "value": 6028768}
            data["values"]["rr.CUM_stated"] = {"unit": "tCO2", "value": stated}

        return together(change, metered(capture=435360, gate=435360, well=435360))

    closes, misses = (finished(NOYA, tmp_path, ledger(stated)) for stated in (6464128, 6434234))
    assert "supply_ledger" not in not_met(closes)
    assert "supply_ledger" in not_met(misses)
    assert "applicability.not_met" in {finding.code for finding in misses.findings}
    (ledger_total,) = computed(f"{RR}/boundary_dam_ledger_that_does_not_close", tmp_path)["CUM_PP"].values()
    assert ledger_total - 6434234 == 29894


def test_trap_08_over_reported_mass_is_measured_by_the_restated_one_and_paid_back(tmp_path: Path) -> None:
    found = only(computed(f"{RR}/sleipner_injection_restated", tmp_path), "OVER_share")
    assert found == Decimal("0.3125")
    assert Decimal("0.5") / Decimal("2.1") < Decimal("0.24")
    paid = computed(f"{CHAIN}/leak_after_injection_stopped", tmp_path)
    assert [paid["CANC"][index] + paid["OPER"][index] for index in paid["REV"]] == list(paid["REV"].values())
    assert sum(paid["REV"].values()) == 54


def test_trap_08_stated_ratio_that_does_not_follow_from_its_inputs_is_reported(tmp_path: Path) -> None:
    result = finished(f"{CHAIN}/charm_bio_oil_does_not_reproduce", tmp_path)
    assert not_met(result) == {"stated_ratio"}
    (ratio,) = result.values_of("r_net").values()
    assert abs(ratio - Decimal("0.773")) > Decimal("0.0006")
    least, most = (1 - Decimal(pe) / Decimal(gross) for pe, gross in (("0.355", "1.545"), ("0.345", "1.555")))
    assert least < Decimal("0.773") < most


def test_trap_09_rule_on_electricity_decides_the_net(tmp_path: Path) -> None:
    def supplied_at(factor: str) -> Change:
        def change(data: Data) -> None:
            data["members"]["consumer"] = ["fans"]
            data["options"] |= {
                "power.supply": {"fans": "grid"},
                "power.losses": {"fans": "own"},
                "stage": {"fans": "capture"},
            }
            at = {"consumer": "fans", "year": 2024}
            data["values"]["PE_oth"]["at"] = {"2024": 0}
            data["values"] |= {
                "power.EC": {"unit": "MWh", "rows": [{"value": 1000, "at": {"consumer": "fans", "month": "2024-01"}}]},
                "power.TDL_own": {"unit": "1", "value": 0},
                "power.EF_grid_CM": {"unit": "tCO2/MWh", "rows": [{"value": Decimal(factor), "at": at}]},
            }

        return change

    clean, grid = (computed(NOYA, tmp_path, supplied_at(factor)) for factor in ("0.317", "0.836"))
    assert only(clean, "m_avo") == 683
    assert only(grid, "m_avo") == 164
    assert only(clean, "m_sto") == only(grid, "m_sto") == 1000


def test_trap_10_movement_inside_the_containment_is_no_leak(tmp_path: Path) -> None:
    found = computed(RR_SALINE, tmp_path)
    assert only(found, "CO2E") == Decimal("1.5")

    def surfaced(data: Data) -> None:
        data["options"]["destination"]["lateral"] = "released"

    assert only(computed(RR_SALINE, tmp_path, surfaced), "SEQ") == only(found, "SEQ") - 307


def test_trap_11_permit_is_a_check_and_no_credit(tmp_path: Path) -> None:
    def permitted(tonnes: int) -> Change:
        def change(data: Data) -> None:
            name = {"zh": "注入许可", "en": "injection permit"}
            data["limits"] = {"permit": {"name": name, "quantities": ["rr.CO2I"], "at_most": tonnes, "unit": "tCO2"}}

        return change

    results = [finished(SALINE, tmp_path, permitted(tonnes)) for tonnes in (900, 5_000_000)]
    assert [any(found.code == "limit.exceeded" for found in result.findings) for result in results] == [True, False]
    assert results[0].by_year("NET") == results[1].by_year("NET")


def test_trap_12_use_in_urea_stores_nothing(tmp_path: Path) -> None:
    found = computed(f"{CHAIN}/urea_stores_nothing", tmp_path)
    assert only(found, "m_cap") == 100
    assert only(found, "m_sto") == only(found, "m_cred") == only(found, "BE") == 0
    assert only(found, "A") == 40
    assert only(found, "NET") == -5


def test_trap_13_mass_balance_of_storage_has_no_reduction() -> None:
    spec = methodology_of(RR).spec
    assert spec.kind == "module"
    assert spec.outputs is None
    assert spec.summary is not None
    assert "no emission reduction" in " ".join(spec.summary.en.split())
    assert "封存量不是减排量" in spec.summary.zh


def test_trap_13_energy_of_capture_and_transport_is_in_the_chain(tmp_path: Path) -> None:
    found = computed(SALINE, tmp_path)
    assert only(found, "m_sto") - only(found, "m_avo") > only(found, "PE_EN") > 140


thousandths = st.integers(0, 10**9).map(lambda number: Decimal(number) / 1000)
shares = st.integers(0, 400).map(lambda number: Decimal(number) / 1000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ccus")


@settings(max_examples=25, deadline=None)
@given(
    fresh=thousandths,
    native=thousandths,
    recycled=thousandths,
    lost=st.tuples(thousandths, thousandths, thousandths),
    beside=st.tuples(thousandths, thousandths, thousandths),
    entrained=shares,
)
def test_trap_14_rr_and_vv_store_the_same_whatever_is_recycled(
    folder: Path,
    fresh: Decimal,
    native: Decimal,
    recycled: Decimal,
    lost: tuple[Decimal, Decimal, Decimal],
    beside: tuple[Decimal, Decimal, Decimal],
    entrained: Decimal,
) -> None:
    leaked, vented, sent = lost
    at_injection, at_production, surfaced = beside
    separated = recycled + leaked + vented + sent

    def streams(data: Data) -> None:
        values = data["values"]
        values["Q_m"]["rows"][0]["value"] = fresh
        values["Q_m"]["rows"][1]["value"] = fresh + native + recycled
        values["Qw_m"]["rows"][0]["value"], values["Cw_w"]["rows"][0]["value"] = separated, 1
        values["Qw_v"]["rows"][0]["value"] = 0
        setting(X=entrained, FI=at_injection, FP=at_production, E_x=surfaced, m_complex=surfaced)(data)
        setting(m_leak=leaked + at_injection + at_production, m_vent=vented, m_transfer=sent, m_native=native)(data)
        setting(m_entrained=entrained * separated)(data)

    found = computed(EOR, folder, streams)
    losses = leaked + vented + sent + at_injection + at_production + surfaced + entrained * separated
    assert abs(only(found, "SEQ") - only(found, "m_VV")) < CLOSE
    assert abs(only(found, "STORED") - (fresh + native - losses)) < CLOSE
    assert abs(only(found, "m_input") - only(found, "LOSS") - only(found, "STORED")) < CLOSE


@settings(max_examples=15, deadline=None)
@given(
    injected=thousandths,
    vents=st.tuples(thousandths, thousandths),
    leaks=st.tuples(thousandths, thousandths),
    stock=thousandths,
    lost=thousandths,
)
def test_carbon_of_a_chain_closes_and_no_more_than_the_baseline_is_issued(
    folder: Path,
    injected: Decimal,
    vents: tuple[Decimal, Decimal],
    leaks: tuple[Decimal, Decimal],
    stock: Decimal,
    lost: Decimal,
) -> None:
    received = injected + vents[1]
    captured = received + lost + vents[0] + stock
    change = together(
        metered(capture=captured, gate=received, well=injected),
        setting(VENT_cap=vents[0], VENT_site=vents[1], dS=stock, rr__FI=leaks[0], rr__E_x=leaks[1]),
    )
    found = computed(SALINE, folder, change)
    stored = injected - leaks[0] - leaks[1]
    out = lost + sum(vents) + sum(leaks)
    assert abs(captured - out - stock - stored) < CLOSURE
    assert abs(only(found, "CLOSE")) < CLOSURE
    assert abs(only(found, "OUT") - out) < CLOSURE
    assert only(found, "m_sto") == stored
    assert 0 <= only(found, "m_cred") <= max(stored, Decimal(0))
    assert only(found, "NET") <= only(found, "m_avo") <= only(found, "BE")


def test_shares_of_a_hub_add_up_to_what_it_stores(tmp_path: Path) -> None:
    case = f"{CHAIN}/hub_with_a_leak_that_is_not_quantified"
    parts = [
        only(computed(case, tmp_path, setting(s_hub=Decimal(share))), "m_sto") for share in ("0.29", "0.31", "0.4")
    ]
    assert sum(parts) == 998 - 8


def test_solids_gain_mass_so_each_content_goes_with_its_own(tmp_path: Path) -> None:
    found = only(computed(f"{CHAIN}/steel_slag_carbonated_by_mass_of_solids", tmp_path), "m_fix")
    assert abs(found - Decimal("8.69")) < CLOSE
    of_one_mass = Fraction(132) * Fraction("0.0175") * Fraction(44, 12)
    assert of_one_mass == Fraction("8.47")


def test_unit_of_an_electricity_factor_is_converted_or_refused(tmp_path: Path) -> None:
    def in_kilogrammes(data: Data) -> None:
        factors = data["values"]["power.EF_grid_CM"]
        factors["unit"] = "kgCO2/kWh"

    def without_energy(data: Data) -> None:
        data["values"]["power.EF_grid_CM"]["unit"] = "tCO2/t"

    assert only(computed(SALINE, tmp_path, in_kilogrammes), "PE_EN") == only(computed(SALINE, tmp_path), "PE_EN")
    with pytest.raises(TonneError, match="cannot be converted"):
        computed(SALINE, tmp_path, without_energy)


def test_nothing_composed_is_called_official() -> None:
    spec = methodology_of(CHAIN).spec
    assert spec.scheme == "composed"
    assert "非CCER方法学" in spec.title.zh
    assert "not a CCER methodology" in spec.title.en
    assert "not_ccer" in {condition.id for condition in spec.conditions}

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.case_projects import written
from tonne.engine.data.domain import Index
from tonne.engine.data.nights import nights
from tonne.engine.errors import TonneError
from tonne.engine.findings import Finding, Severity, identified
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.verification.checks import CHECKS, check_of
from tonne.engine.verification.factors import _same_document

Made = Callable[..., Result]
HOURLY = {
    "readings": {
        "main": {
            "time": {"column": "time", "interval": "1 hour"},
            "value": {"column": "value", "unit": "kW", "reads": "average"},
        }
    },
    "location": {"text": {"zh": "某地", "en": "somewhere"}, "latitude": 36.4, "longitude": 95.2},
}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(spec: str = "plant", data: dict[str, Any] | None = None, **project: Any) -> Result:
        place = written({"spec": spec, "faulty": project, "faulty_data": data or {}}, "faulty", tmp_path)
        return run(place)

    return make


def found(result: Result, area: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.code.startswith(area)]


def only(result: Result, area: str) -> Finding:
    (finding,) = found(result, area)
    return finding


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def period(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"start": day(start), "end": day(end), **more}


def hourly(values: Callable[[int], object], date: str = "2024-01-01", days: int = 31) -> str:
    first = datetime.datetime.fromisoformat(f"{date}T00:00:00+08:00")
    moments = [first + datetime.timedelta(hours=hour) for hour in range(24 * days)]
    return "\n".join(
        ["time,meter,value", *(f"{moment.isoformat()},M1,{values(moment.hour)}" for moment in moments), ""]
    )


# -- periods


@pytest.mark.parametrize(
    ("earlier", "code", "days"),
    [
        (period("2023-07-01", "2024-01-01"), "period.overlap", 1),
        (period("2023-07-01", "2024-01-10"), "period.overlap", 10),
        (period("2024-01-05", "2024-01-09"), "period.overlap", 5),
        (period("2023-07-01", "2023-12-30"), "period.gap", 1),
        (period("2023-07-01", "2023-12-01"), "period.gap", 30),
        (period("2024-02-03", "2024-02-09"), "period.gap", 2),
    ],
)
def test_period_that_overlaps_or_leaves_days_out_is_found(
    made: Made, earlier: dict[str, Any], code: str, days: int
) -> None:
    result = made(earlier_periods=[earlier], crediting_period=period("2023-07-01", "2033-06-30"))
    finding = only(result, "period.")
    assert (finding.code, finding.evidence["days"]) == (code, days)
    assert result.failed is (code == "period.overlap")


def test_period_that_follows_the_earlier_ones_is_right(made: Made) -> None:
    earlier = [
        period("2023-10-01", "2023-12-31", number=2),
        period("2023-07-01", "2023-09-30", number=1),
    ]
    result = made(
        earlier_periods=earlier,
        crediting_period=period("2023-07-01", "2033-06-30"),
        monitoring_period=period("2024-01-01", "2024-01-31", number=3),
    )
    assert not found(result, "period.")


def test_numbers_of_periods_have_to_follow_each_other(made: Made) -> None:
    result = made(
        earlier_periods=[period("2023-07-01", "2023-12-31", number=1)],
        crediting_period=period("2023-07-01", "2033-06-30"),
        monitoring_period=period("2024-01-01", "2024-01-31", number=3),
    )
    assert only(result, "period.").code == "period.number_out_of_order"


def test_later_period_without_the_earlier_ones_is_asked_about(made: Made) -> None:
    result = made(monitoring_period=period("2024-01-01", "2024-01-31", number=3))
    assert only(result, "period.").code == "period.earlier_not_listed"


def test_earlier_period_across_the_start_of_crediting_is_found(made: Made) -> None:
    result = made(
        earlier_periods=[period("2023-07-01", "2023-12-31")], crediting_period=period("2023-12-01", "2033-11-30")
    )
    assert only(result, "period.").code == "period.outside_crediting"


# -- maxima


def test_readings_above_the_capacity_are_counted_with_what_is_at_stake(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW"}}
    result = made(data={"main.csv": hourly(lambda hour: 1500 if hour == 12 else 1000)}, capacities=capacity, **HOURLY)
    finding = only(result, "capacity.")
    assert finding.code == "capacity.exceeded"
    assert finding.evidence["count"] == 31
    assert finding.evidence["excess"] == {"2024-01": "15500"}
    # 31 hours of 500 kW, at 0.5 tCO2/MWh
    assert finding.stake is not None
    assert finding.stake.tonnes == Decimal("-7.75")


def test_meters_of_one_time_are_held_against_the_capacity_together(made: Made) -> None:
    both = {"main.csv": {"meters": {"M1": 14_000, "M2": 14_000}}}
    one = {"serial": "S", "mpe": "0.5 %", "calibrations": [{"date": day("2023-12-01")}]}
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW"}}
    result = made(data=both, meters={"M1": one, "M2": one}, capacities=capacity)
    finding = only(result, "capacity.")
    assert finding.evidence["count"] == 31
    assert finding.evidence["excess"] == {"2024-01": str(31 * 4_000)}


def test_tolerance_of_a_capacity_counts(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW", "tolerance": "50 %"}}
    result = made(data={"main.csv": hourly(lambda _hour: 1500)}, capacities=capacity, **HOURLY)
    assert not found(result, "capacity.")


def test_solar_plant_that_generates_in_the_dark_is_found_with_exact_count(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW", "dark_at_night": True}}
    dark = made(data={"main.csv": hourly(lambda hour: 500 if hour in {1, 12} else 0)}, capacities=capacity, **HOURLY)
    finding = only(dark, "capacity.")
    assert finding.code == "capacity.at_night"
    assert finding.evidence["count"] == 31
    assert {case["first"][11:16] for case in finding.evidence["cases"]} == {"01:00"}
    assert finding.evidence["excess"] == {"2024-01": str(31 * 500)}


def test_solar_plant_that_rests_at_night_is_right(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW", "dark_at_night": True}}
    result = made(data={"main.csv": hourly(lambda hour: 500 if 10 <= hour <= 18 else 0)}, capacities=capacity, **HOURLY)
    assert not found(result, "capacity.")


def test_time_stamps_in_utc_taken_for_local_show_as_generation_in_the_dark(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW", "dark_at_night": True}}
    result = made(data={"main.csv": hourly(lambda hour: 500 if 2 <= hour <= 10 else 0)}, capacities=capacity, **HOURLY)
    assert only(result, "capacity.").code == "capacity.at_night"


def test_dark_needs_the_place(made: Made) -> None:
    capacity = {"plant": {"parameter": "EG_export", "value": 1, "unit": "MW", "dark_at_night": True}}
    with pytest.raises(TonneError, match="needs the place of the plant"):
        made(capacities=capacity)


# Civil twilight of almanacs: Beijing, 21 June 2024, begins 4:13 and ends 20:19; 21 December, 7:02 and 17:22.
@pytest.mark.parametrize(("date", "dawn", "dusk"), [("2024-06-21", "04:13", "20:19"), ("2024-12-21", "07:02", "17:23")])
def test_nights_begin_and_end_with_civil_twilight(date: str, dawn: str, dusk: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    before, after = nights(39.9042, 116.4074, day(date), day(date))
    edges = [datetime.datetime.fromtimestamp(instant / 1e6, zone) for instant in (before[1], after[0])]
    for edge, expected in zip(edges, (dawn, dusk), strict=True):
        wanted = datetime.datetime.fromisoformat(f"{date}T{expected}:00").replace(tzinfo=zone)
        assert abs(edge - wanted) <= datetime.timedelta(minutes=2)


def test_polar_summer_has_no_night_and_polar_winter_no_day() -> None:
    assert nights(78, 15, day("2024-06-10"), day("2024-06-20")) == []
    dark = nights(85, 15, day("2024-12-10"), day("2024-12-12"))
    assert all(one[1] >= other[0] - 60_000_000 * 2 for one, other in pairwise(dark))


@pytest.mark.parametrize(("year", "hours", "wrong"), [(2015, 8784, True), (2016, 8784, False), (2015, 8760, False)])
def test_hours_of_a_year_are_those_of_the_calendar(made: Made, year: int, hours: int, wrong: bool) -> None:
    months = [f"{year}-{month:02},1,1" for month in range(1, 13)]
    data = {
        "gas.csv": "\n".join(["month,collected,used", *months, ""]),
        "hours.csv": f"year,hours\n{year},{hours}\n",
    }
    result = made("gas", data, monitoring_period=period(f"{year}-01-01", f"{year}-12-31"))
    assert [finding.code for finding in found(result, "balance.")] == ["balance.hours_exceed_step"] * wrong


@pytest.mark.parametrize(("eta", "wrong"), [(101, True), (100, False)])
def test_efficiency_above_one_is_found(made: Made, eta: int, wrong: bool) -> None:
    result = made("boiler", values={"eta": {"unit": "%", "value": eta, "source": "Test"}})
    assert [finding.code for finding in found(result, "balance.")] == ["balance.efficiency_above_one"] * wrong


def test_balance_is_compared_in_total_where_indices_differ(made: Made) -> None:
    balances = {"heat": {"name": {"zh": "热", "en": "heat"}, "enters": ["saved_power"], "leaves": ["saved"]}}
    result = made("boiler", balances=balances)
    finding = only(result, "balance.")
    assert finding.evidence["count"] == 3  # both by year
    assert finding.evidence["cases"][0] == {"at": "2013", "enters": "5", "leaves": "14", "excess": "9"}


# -- factors, versions, identity


@pytest.mark.parametrize(
    ("cited", "used", "same"),
    [
        ("CCER-01-002-V01", "CCER-01-002-V01", True),
        ("CCER-01-002-V02", "CCER-01-002-V01", False),
        ("ACM0002 version 22", "ACM0002 Grid-connected electricity generation, version 22.0", True),
        ("ACM0002 v21.0", "ACM0002 Grid-connected electricity generation, version 22.0", False),
        ("Tool v2.2.2", "Tool version 06.0", False),
    ],
)
def test_citations_are_the_same_when_document_and_version_are(cited: str, used: str, same: bool) -> None:
    assert _same_document(cited, used) is same


def test_name_that_differs_by_a_space_is_found(made: Made) -> None:
    plan = {"document": "Plan", "diagram": "main.csv", "project_name": {"zh": "案例项目", "en": "Ca se"}}
    finding = only(made(plan=plan), "identity.")
    assert finding.code == "identity.name_differs"
    assert "仅空格不同" in finding.zh


def test_registration_number_is_compared_to_the_letter(made: Made) -> None:
    plan = {"document": "Plan", "diagram": "main.csv", "registration": "R-1"}
    assert only(made(plan=plan, registration="R-2"), "identity.").code == "identity.number_differs"


def test_unknown_names_and_units_of_declarations_are_refused_with_their_places(made: Made) -> None:
    with pytest.raises(TonneError) as caught:
        made(
            capacities={"a": {"parameter": "EG_exprt", "value": 1, "unit": "MW"}},
            balances={"b": {"name": {"zh": "甲", "en": "b"}, "enters": ["EG_export"], "leaves": ["EF"]}},
            limits={"c": {"name": {"zh": "丙", "en": "c"}, "quantities": ["EG"], "at_most": 1, "unit": "t"}},
        )
    told = [str(problem) for problem in caught.value.problems]
    assert "unknown quantity 'EG_exprt'" in told[0]
    assert "did you mean EG_export" in told[0]
    assert "cannot be balanced" in told[1]
    assert "cannot be converted" in told[2]


# -- the registry, ids, stakes


def test_numbers_and_codes_of_the_checks_are_those_of_the_list() -> None:
    assert [check.number for check in CHECKS] == list(range(1, 23))
    codes = "CAL CAL-CORR MTR EQ DIM BR MINMAX EF ONE GAP XCHK BAL PER SUM DOC ANTE SMP CAP REQ VER RAW ID"
    assert [check.code for check in CHECKS] == codes.split()
    listed = [code for check in CHECKS for code in check.findings]
    assert len(listed) == len(set(listed))


def test_every_code_of_a_quantification_belongs_to_a_check() -> None:
    import ast
    import re

    root = Path(__file__).resolve().parents[2]
    missing = set()
    # Fitting a baseline is a command of its own: its findings are of the fit and reach no verification.
    engine = [path for path in (root / "engine").rglob("*.py") if path.parent.name != "savings"]
    for path in [*engine, *(root / "esg").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args:
                code = node.args[0]
                options = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
                for option in options:
                    if isinstance(option, ast.Constant) and check_of(str(option.value)) is None:
                        missing.add(option.value)
    assert not missing
    known = {code.partition(".")[0] for check in CHECKS for code in check.findings}
    assert all(re.fullmatch(r"[a-z_]+", area) for area in known)


def test_id_stays_when_amounts_change_and_differs_between_meters() -> None:
    def finding(meter: str, count: int, zh: str = "甲") -> Finding:
        return Finding("readings.gap", Severity.NOTE, zh, "a", {"meter": meter, "missing": count, "readings": count})

    one, other, again, third = identified(
        [finding("M1", 1), finding("M2", 1), finding("M1", 9, "乙"), finding("M3", 1)]
    )
    assert again.id == f"{one.id}-2"
    assert len({one.id, other.id, third.id}) == 3
    assert identified([finding("M1", 7)])[0].id == one.id


def test_stake_of_a_late_calibration_is_the_reduction_of_the_uncorrected_readings_less_this_one(made: Made) -> None:
    late = {"M1": {"calibrations": [{"date": day("2023-01-11")}, {"date": day("2024-01-21")}]}}
    result = made(data={"main.csv": {"meters": {"M1": 100_000}}}, meters=late)
    finding = only(result, "calibration.")
    # ten days of 100 MWh, 0.5 %, 0.5 tCO2/MWh
    assert finding.evidence["readings"] == 10
    assert finding.stake is not None
    assert finding.stake.tonnes == Decimal("2.5")


def test_stake_of_an_overlap_is_the_average_reduction_of_its_days(made: Made) -> None:
    earlier = period("2023-07-01", "2024-01-10")
    result = made(
        data={"main.csv": {"meters": {"M1": 100_000}}},
        earlier_periods=[earlier],
        crediting_period=period("2023-07-01", "2033-06-30"),
    )
    stake = only(result, "period.overlap").stake
    assert stake is not None
    assert stake.tonnes is not None
    assert abs(stake.tonnes + result.total("BE") * 10 / 31) < Decimal("1e-5")
    assert stake.tonnes < 0


def test_stake_of_substitutes_is_the_loss_when_they_count_as_zero(made: Made) -> None:
    rule = {"readings": "main", "method": "percentile", "percentile": "40 %", "reason": {"zh": "障", "en": "f"}}
    result = made(
        data={"main.csv": {"meters": {"M1": 100_000}, "without": [["M1", day("2024-01-05"), day("2024-01-06")]]}},
        substitutions=[rule],
    )
    stake = only(result, "readings.substituted").stake
    assert stake is not None
    assert stake.tonnes == Decimal(-100)


def test_stake_of_a_second_source_is_the_other_choice(made: Made) -> None:
    check = {
        "bill": {
            "parameter": "EG_export",
            "kind": "invoice",
            "unit": "kWh",
            "tolerance": "0.1 %",
            "at": {"2024-01": 3000},
        }
    }
    result = made(cross_checks=check)
    assert result.dataset.values["EG_export"] == {(2024 * 12,): Fraction(3000)}
    stake = only(result, "cross_check.").stake
    assert stake is not None
    assert stake.tonnes == Decimal("0.05")


def test_stake_of_a_default_that_was_replaced_is_that_of_the_default(made: Made) -> None:
    result = made("boiler", values={"eta": {"unit": "%", "value": 95, "source": "Test"}})
    finding = only(result, "parameter.default_replaced")
    assert finding.stake is not None
    factors = result.values_of("EF_OM")
    # 10 GWh a year, five percent less
    expected = -sum(factors.values(), Decimal(0)) * 500
    assert finding.stake.tonnes == expected.quantize(Decimal("1e-6"))


def test_values_that_nothing_depends_on_keep_their_numbers_when_others_change(made: Made) -> None:
    result = made("boiler")
    affected = result.plan.dependents(["saved_heat"])
    assert affected == {"saved", "BE", "ER"}
    changes: dict[str, dict[Index, Fraction]] = {"saved_heat": {(2013,): Fraction(20)}}
    other = result.reference.changed(changes, affected).compute_all(affected)
    whole = run_with(result, changes)
    assert other["ER"] == whole["ER"]


def run_with(result: Result, changes: dict[str, dict[Index, Fraction]]) -> Any:
    from dataclasses import replace

    from tonne.engine.compute.reference import Reference

    values = dict(result.dataset.values)
    for name, other in changes.items():
        values[name] = {**values[name], **other}
    return Reference(result.plan, replace(result.dataset, values=values)).compute_all()


MODULE = """\
format: 1
id: other
kind: module
title: {zh: 模块, en: Module}
source: {publisher: {zh: 自编, en: own}, document: Other, evidence: composed}
parameters:
  NCV: {unit: GJ/Nm3, from: fixed, bounds: {above: 0}}
equations:
  heat: {unit: GJ/Nm3, expr: NCV * 1}
"""


@pytest.mark.parametrize(("ncv", "differ"), [("0.036", True), ("0.0359", False)])
def test_one_parameter_in_two_specs_has_one_value(tmp_path: Path, ncv: str, differ: bool) -> None:
    case = {
        "spec": "boiler",
        "edits": {
            "expr: burned * NCV * EF_fuel": "expr: burned * (NCV + other.heat) / 2 * EF_fuel",
            "equations:\n": "uses: {other: {module: other}}\nequations:\n",
        },
        "faulty": {"values": {"other.NCV": {"unit": "GJ/Nm3", "value": float(ncv), "source": "Test"}}},
    }
    place = written(case, "faulty", tmp_path)
    (tmp_path / "specs" / "other").mkdir()
    (tmp_path / "specs" / "other" / "spec.yaml").write_text(MODULE, encoding="utf-8")
    result = run(place)
    assert [finding.code for finding in found(result, "value.")] == ["value.two_values"] * differ

"""Missing readings are filled by the project's rules, as far as the methodology allows, and never silently."""

import datetime
import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.filled_projects import ALL, KWH, collected, hours, refused
from tonne.engine.data.project import ProjectSpec
from tonne.engine.data.registers import Substitution
from tonne.engine.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = {hour: 100 + hour for hour in range(24)}
MISSING = (3, 4, 10)
GAPPY = {hour: value for hour, value in DAY.items() if hour not in MISSING}
MEASURED = sum(GAPPY.values())
METERS = {"M1": {"serial": "A1"}, "M2": {"serial": "A2", "role": "check", "checks": "M1"}}
CHECK = {"method": "check_meter", "meter": "M1", "check_meter": "M2"}
ZERO = {"method": "zero"}
EXTREME = {"method": "conservative_extreme"}
AVERAGE = {
    "value": {"column": "v", "unit": "kW", "reads": "average"},
    "time": {"column": "time", "interval": "30 minute"},
}
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def invoice(amount: float, **more: Any) -> dict[str, Any]:
    return {
        "inv": {"parameter": "EG", "kind": "invoice", "unit": "kWh", "at": {"2024-03": amount}, "tolerance": "1 %"}
        | more
    }


def test_a_gap_without_a_rule_stays_and_counts_as_nothing(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY))
    assert found.value() == MEASURED
    assert found.only("readings.gap").severity == Severity.CLARIFICATION
    assert found.only("readings.gap").evidence["missing"] == 3
    assert not found.found("readings.substituted")


def test_zero_adds_nothing_and_is_told(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY), rules=[ZERO])
    assert found.value() == MEASURED
    told = found.only("readings.substituted")
    assert told.severity == Severity.CLARIFICATION
    assert {
        key: told.evidence[key] for key in ("method", "substituted", "expected", "share_percent", "amount", "unit")
    } == {
        "method": "zero",
        "substituted": 3,
        "expected": 24,
        "share_percent": "12.50",
        "amount": "0",
        "unit": "kWh",
    }
    assert told.evidence["extents"] == [
        {"from": "2024-03-05T03:00:00+08:00", "to": "2024-03-05T05:00:00+08:00", "substituted": 2},
        {"from": "2024-03-05T10:00:00+08:00", "to": "2024-03-05T11:00:00+08:00", "substituted": 1},
    ]


def test_a_gap_that_is_filled_completely_asks_for_nothing_more(tmp_path: Path) -> None:
    gap = collected(tmp_path, hours(GAPPY), rules=[ZERO]).only("readings.gap")
    assert gap.severity == Severity.NOTE
    assert gap.evidence["substituted"] == 3
    assert "请说明" not in gap.zh
    assert "100.00 %" in gap.en


def test_a_gap_that_is_filled_in_part_still_asks(tmp_path: Path) -> None:
    rules = [ZERO | {"days": {"start": datetime.date(2024, 3, 5), "end": datetime.date(2024, 3, 5)}}]
    found = collected(tmp_path, hours(DAY, "2024-03-06"), rules=rules, period=("2024-03-05", "2024-03-07"))
    gap = found.only("readings.gap")
    assert (gap.evidence["missing"], gap.evidence["substituted"]) == (48, 24)
    assert gap.severity == Severity.CLARIFICATION
    assert "其余24个时段仍缺数据" in gap.zh


@pytest.mark.parametrize(("parameter", "expected"), [("EG", 100), ("EC", 123)])
def test_the_extreme_is_that_of_the_conservative_side(tmp_path: Path, parameter: str, expected: int) -> None:
    found = collected(tmp_path, hours(GAPPY), parameters=[parameter], rules=[EXTREME])
    assert found.value(parameter) == MEASURED + 3 * expected
    assert not found.found("gap.extreme_not_extreme")


def test_the_proved_side_counts_where_none_is_declared(tmp_path: Path) -> None:
    text = "    {unit: kWh, over: [month], from: monitored, bounds: {min: 0}, conservative: high"
    found = collected(
        tmp_path, hours(GAPPY), parameters=["EC"], rules=[EXTREME], spec_edit=(text, text.rpartition(",")[0])
    )
    assert found.value("EC") == MEASURED + 3 * 123


def test_an_extreme_outside_the_period_counts(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY) + hours({5: 7}, "2024-03-20"), rules=[EXTREME])
    assert found.value() == MEASURED + 3 * 7
    told = found.only("gap.extreme_not_extreme")
    assert told.severity == Severity.CLARIFICATION
    assert (told.evidence["present"], told.evidence["taken"], told.evidence["row"]) == ("100", "7", 23)


def earlier(**extreme: Any) -> list[dict[str, Any]]:
    period = {"number": 2, "start": datetime.date(2023, 1, 1), "end": datetime.date(2023, 12, 31)}
    return [period | {"extremes": {"EC": {"unit": "kWh"} | extreme}}]


def test_716_is_not_the_maximum_where_1120_occurred_before(tmp_path: Path) -> None:
    readings = hours({hour: 716 if hour == 8 else 500 for hour in range(24) if hour not in MISSING})
    faulty = {"parameters": ["EC"], "rules": [EXTREME | {"stated": 716}], "earlier_periods": earlier(highest=1120)}
    found = collected(tmp_path, readings, **faulty)
    told = found.only("gap.extreme_not_extreme")
    assert told.severity == Severity.CORRECTIVE_ACTION
    assert (told.evidence["stated"], told.evidence["taken"]) == ("716", "1120")
    assert "第2监测期（2023-01-01至2023-12-31）曾出现1120 kWh" in told.zh
    assert found.value("EC") == 716 + 500 * 20 + 3 * 1120
    corrected = faulty | {"rules": [EXTREME | {"stated": 1120}]}
    twin = collected(tmp_path, readings, **corrected)
    assert not twin.found("gap.extreme_not_extreme")
    assert twin.value("EC") == found.value("EC")


def test_an_earlier_extreme_is_converted_to_the_unit_of_the_file(tmp_path: Path) -> None:
    found = collected(
        tmp_path, hours(GAPPY), parameters=["EC"], rules=[EXTREME], earlier_periods=earlier(unit="MWh", highest=2)
    )
    assert found.value("EC") == MEASURED + 3 * 2000


def test_a_stated_extreme_beyond_all_readings_is_taken(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY), parameters=["EC"], rules=[EXTREME | {"stated": 900}])
    assert found.value("EC") == MEASURED + 3 * 900
    assert not found.found("gap.extreme_not_extreme")


@pytest.mark.parametrize("share", ["0 %", "1 %", "5 %", "10 %", "33.3 %", "49.9 %"])
def test_a_percentile_is_the_value_at_the_nearest_rank(tmp_path: Path, share: str) -> None:
    found = collected(tmp_path, hours(GAPPY), rules=[{"method": "percentile", "percentile": share}])
    rank = max(math.ceil(Fraction(share.removesuffix(" %")) / 100 * len(GAPPY)), 1)
    assert found.value() == MEASURED + 3 * sorted(GAPPY.values())[rank - 1]


def test_a_percentile_of_the_other_side_counts_for_an_import(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY), parameters=["EC"], rules=[{"method": "percentile", "percentile": "95 %"}])
    assert found.value("EC") == MEASURED + 3 * sorted(GAPPY.values())[20 - 1]  # 0.95 x 21 = 19.95


def test_the_check_meter_stands_in_for_the_same_hours(tmp_path: Path) -> None:
    beside = {hour: 1000 + hour for hour in range(24)}
    found = collected(tmp_path, hours(GAPPY) + hours(beside, meter="M2"), meters=METERS, rules=[CHECK])
    assert found.value() == MEASURED + 1003 + 1004 + 1010
    (part,) = found.origin()["substitutions"]
    assert part == {
        "meter": "M1",
        "method": "check_meter",
        "count": 3,
        "amount": "3017",
        "unit": "kWh",
        "check_meters": ["M2"],
    }


def test_rates_count_with_their_hours(tmp_path: Path) -> None:
    stamps = [f"2024-03-05T{hour:02d}:{minute:02d}:00+08:00,M1,60" for hour in range(24) for minute in (0, 30)][:-3]
    found = collected(tmp_path, stamps, entry=AVERAGE, rules=[EXTREME])
    assert found.value() == 24 * 60
    assert found.only("readings.substituted").evidence["amount"] == "90"
    assert found.only("readings.substituted").evidence["unit"] == "kW*h"


def test_states_are_filled_and_averaged(tmp_path: Path) -> None:
    state = {"value": {"column": "v", "unit": "kWh", "reads": "state"}}
    found = collected(tmp_path, hours(GAPPY), entry=state, rules=[EXTREME])
    assert found.value() == Fraction(MEASURED + 3 * 100, 24)
    (part,) = found.origin()["substitutions"]
    assert (part["amount"], part["averaged"]) == ("100", True)


@pytest.mark.parametrize("entry", [{}, {"time": {"column": "time", "interval": "1 hour", "marks": "end"}}])
def test_an_invoice_is_spread_evenly_so_that_the_total_is_its_amount(tmp_path: Path, entry: dict[str, Any]) -> None:
    rules = [{"method": "invoice", "cross_check": "inv"}]
    readings = hours({hour: value for hour, value in GAPPY.items() if hour or not entry})
    found = collected(tmp_path, readings, entry=entry, rules=rules, cross_checks=invoice(2600))
    assert found.value() == 2600
    told = found.only("readings.substituted").evidence
    measured = sum(GAPPY.values()) - (100 if entry else 0)
    assert told["amount"] == str(2600 - measured)
    assert Fraction(told["highest"]) - Fraction(told["lowest"]) <= Fraction(1, 10**18)


def test_an_invoice_becomes_a_rate_where_rates_are_read(tmp_path: Path) -> None:
    stamps = [f"2024-03-05T{hour:02d}:{minute:02d}:00+08:00,M1,60" for hour in range(24) for minute in (0, 30)][:-3]
    rules = [{"method": "invoice", "cross_check": "inv"}]
    found = collected(tmp_path, stamps, entry=AVERAGE, rules=rules, cross_checks=invoice(1500))
    assert found.value() == 1500
    assert found.only("readings.substituted").evidence["lowest"] == "100"  # 150 kWh in an hour and a half


def test_an_invoice_of_the_negative_part_is_filled_with_its_sign(tmp_path: Path) -> None:
    readings = hours({hour: -value for hour, value in GAPPY.items()})
    entry = {"feeds": [{"parameter": "EC", "take": "negative"}]}
    rules = [{"method": "invoice", "cross_check": "inv"}]
    sources = invoice(2600, parameter="EC")
    found = collected(tmp_path, readings, parameters=["EC"], entry=entry, rules=rules, cross_checks=sources)
    assert found.value("EC") == 2600
    assert found.only("readings.substituted").evidence["amount"] == str(MEASURED - 2600)


def test_an_invoice_below_the_readings_fills_zero(tmp_path: Path) -> None:
    rules = [{"method": "invoice", "cross_check": "inv"}]
    assert collected(tmp_path, hours(GAPPY), rules=rules, cross_checks=invoice(5)).value() == MEASURED


def test_an_invoice_that_filled_a_gap_is_no_second_source(tmp_path: Path) -> None:
    rules = [{"method": "invoice", "cross_check": "inv"}]
    found = collected(tmp_path, hours(GAPPY), rules=rules, cross_checks=invoice(2600))
    assert found.only("cross_check.not_independent").evidence["at"] == ["2024-03"]
    assert "cross_checks" not in found.origin()


def test_rules_work_in_their_order_and_on_their_days(tmp_path: Path) -> None:
    rules = [EXTREME | {"days": {"start": datetime.date(2024, 3, 5), "end": datetime.date(2024, 3, 5)}}, ZERO]
    readings = hours(GAPPY) + hours(GAPPY, "2024-03-06")
    found = collected(tmp_path, readings, rules=rules, period=("2024-03-05", "2024-03-06"))
    assert found.value() == 2 * MEASURED + 3 * 100
    assert [told.evidence["method"] for told in found.found("readings.substituted")] == ["conservative_extreme", "zero"]


def test_a_rule_without_a_gap_is_told(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(DAY), rules=[ZERO])
    assert found.only("substitution.not_used").severity == Severity.NOTE
    assert found.value() == sum(DAY.values())


def test_readings_before_the_transformer_ratio_are_multiplied_before_an_extreme_is_taken(tmp_path: Path) -> None:
    meters = {"M1": {"serial": "A1", "ratio": {"multiplier": 1000, "applied": False}}}
    found = collected(tmp_path, hours(GAPPY) + hours({0: 7}, "2024-03-20"), meters=meters, rules=[EXTREME])
    assert found.value() == 1000 * (MEASURED + 3 * 7)


@pytest.mark.parametrize(
    ("zone", "day", "slots", "first_offset", "last_offset"),
    [
        ("Europe/Paris", "2014-03-30", 23, "+01:00", "+02:00"),
        ("Europe/Paris", "2014-10-26", 25, "+02:00", "+01:00"),
        ("Asia/Shanghai", "2024-02-29", 24, "+08:00", "+08:00"),
    ],
)
def test_a_day_has_as_many_hours_as_the_clock_gives_it(
    tmp_path: Path, zone: str, day: str, slots: int, first_offset: str, last_offset: str
) -> None:
    rows = [f"{day}T00:00:00{first_offset},M1,5", f"{day}T23:00:00{last_offset},M1,5"]
    found = collected(tmp_path, rows, rules=[EXTREME], zone=zone, period=(day, day))
    gap = found.only("readings.gap")
    assert (gap.evidence["expected"], gap.evidence["missing"]) == (slots, slots - 2)
    assert found.value(label=day[:7]) == slots * 5


@pytest.mark.parametrize(("year", "days"), [("2023", 28), ("2024", 29)])
def test_february_has_its_leap_day(tmp_path: Path, year: str, days: int) -> None:
    entry = {"time": {"column": "time", "interval": "1 day"}}
    found = collected(
        tmp_path,
        [f"{year}-02-01T00:00:00+08:00,M1,4"],
        entry=entry,
        rules=[EXTREME],
        period=(f"{year}-02-01", f"{year}-02-{days}"),
    )
    assert found.value(label=f"{year}-02") == 4 * days
    assert found.only("readings.substituted").evidence["substituted"] == days - 1


REFUSALS: dict[str, tuple[list[str], dict[str, Any], list[str]]] = {
    "method not allowed": (
        hours(GAPPY),
        {"rules": [ZERO], "gaps": "{allow: [check_meter]}"},
        ["does not allow `zero`", "EG", "one of check_meter"],
    ),
    "nothing said, nothing allowed": (
        hours(GAPPY),
        {"rules": [ZERO], "gaps": "{}"},
        ["does not allow `zero`", "no substitution"],
    ),
    "zero for an import": (
        hours(GAPPY),
        {"parameters": ["EC"], "rules": [ZERO]},
        ["zero is not conservative for EC", "its conservative side is high"],
    ),
    "zero for a value that can be negative": (
        hours(GAPPY),
        {"rules": [ZERO], "spec_edit": ("bounds: {min: 0}, conservative: low", "conservative: low")},
        ["zero is not conservative for EG", "it can be below zero"],
    ),
    "no conservative side": (
        hours(GAPPY),
        {"parameters": ["W"], "rules": [EXTREME]},
        ["needs the conservative side of W", "neither declared nor proved"],
    ),
    "zero without a side": (hours(GAPPY), {"parameters": ["W"], "rules": [ZERO]}, ["neither declared nor proved"]),
    "percentile on the wrong side": (
        hours(GAPPY),
        {"rules": [{"method": "percentile", "percentile": "95 %"}]},
        ["not on the conservative side", "below 50 %", "95 %"],
    ),
    "percentile of the middle": (
        hours(GAPPY),
        {"parameters": ["EC"], "rules": [{"method": "percentile", "percentile": "50 %"}]},
        ["not on the conservative side", "above 50 %", "50 %"],
    ),
    "check meter without a reading": (
        hours(GAPPY) + hours({3: 1}, meter="M2"),
        {"rules": [CHECK], "meters": METERS},
        ["M2 has no reading either for 2 of the intervals", "2024-03-05T04:00:00+08:00"],
    ),
    "check meter that is none": (
        hours(GAPPY) + hours(DAY, meter="M2"),
        {"rules": [CHECK]},
        ["'M2' is not registered as a check or backup meter of 'M1'"],
    ),
    "unknown meter": (
        hours(GAPPY),
        {"rules": [ZERO | {"meter": "M11"}]},
        ["no readings of meter 'M11'", "did you mean M1?"],
    ),
    "unknown readings": (hours(GAPPY), {"rules": [ZERO | {"readings": "mainn"}]}, ["'mainn'", "did you mean main?"]),
    "unknown second source": (
        hours(GAPPY),
        {"rules": [{"method": "invoice", "cross_check": "imv"}], "cross_checks": invoice(9)},
        ["'imv'", "did you mean inv?"],
    ),
    "invoice of another parameter": (
        hours(GAPPY),
        {"rules": [{"method": "invoice", "cross_check": "inv"}], "cross_checks": invoice(9, parameter="EC")},
        ["holds no invoiced amounts of EG", "EC"],
    ),
    "invoice without the month": (
        hours(GAPPY) + hours(GAPPY, "2024-04-01"),
        {
            "rules": [{"method": "invoice", "cross_check": "inv"}],
            "cross_checks": invoice(9),
            "period": ("2024-03-31", "2024-04-01"),
        },
        ["inv has no whole amount for 2024-04"],
    ),
    "above the limit": (
        hours(GAPPY),
        {"rules": [ZERO], "gaps": ALL.replace("]}", "], limit: 12}")},
        [
            "too many readings of meter M1",
            "2024-03-05 and 2024-03-05",
            "at most 12 % of 24 intervals",
            "3 intervals, 12.50 %",
        ],
    ),
    "register": (
        hours({0: 5, 1: 9, 5: 20}),
        {"rules": [ZERO], "entry": {"value": KWH | {"reads": "register"}}},
        ["totals of a register", "inner gap", "first or last reading"],
    ),
    "earlier extreme of another kind": (
        hours(GAPPY),
        {"parameters": ["EC"], "rules": [EXTREME], "earlier_periods": earlier(unit="kW", highest=5)},
        ["kW"],
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_a_rule_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    readings, options, said = REFUSALS[name]
    text = "\n".join(map(str, refused(tmp_path, readings, **options)))
    assert [part for part in said if part not in text] == [], text


def test_a_share_at_the_limit_is_accepted(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(GAPPY), rules=[ZERO], gaps=ALL.replace("]}", "], limit: 12.5}"))
    assert found.only("readings.substituted").evidence["share_percent"] == "12.50"


def test_one_column_for_export_and_import_has_one_conservative_value(tmp_path: Path) -> None:
    feeds = [{"parameter": "EG", "take": "positive"}, {"parameter": "EC", "take": "negative"}]
    readings = hours({hour: 50 - 10 * hour for hour in range(24) if hour not in MISSING})
    options: dict[str, Any] = {"parameters": ["EG", "EC"], "entry": {"feeds": feeds}}
    found = collected(tmp_path, readings, rules=[EXTREME], **options)
    values = [50 - 10 * hour for hour in range(24) if hour not in MISSING] + 3 * [50 - 230]
    assert found.value("EG") == sum(value for value in values if value > 0)
    assert found.value("EC") == -sum(value for value in values if value < 0)
    assert [part["amount"] for part in found.origin("EC")["substitutions"]] == ["540"]
    problems = refused(tmp_path, readings, rules=[ZERO], **options)
    assert "zero is not conservative for EC" in str(problems[0])


def test_two_feeds_with_opposite_sides_have_no_conservative_value(tmp_path: Path) -> None:
    feeds = [{"parameter": "EG"}, {"parameter": "EC"}]
    problems = refused(tmp_path, hours(GAPPY), rules=[EXTREME], parameters=["EG", "EC"], entry={"feeds": feeds})
    assert "low for EG, high for EC" in str(problems[0])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"method": "percentile"}, "`percentile:`"),
        ({"method": "percentile", "percentile": 5}, "a number with its unit"),
        ({"method": "invoice"}, "`cross_check:`"),
        ({"method": "check_meter", "check_meter": "M2"}, "`meter:`"),
        ({"method": "zero", "percentile": "5 %"}, "only with `method: percentile`"),
        ({"method": "zero", "stated": 5}, "only with `method: conservative_extreme`"),
    ],
)
def test_a_rule_needs_what_its_method_needs(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Substitution.model_validate({"readings": "main", "reason": {"zh": "试", "en": "t"}} | rule)


def test_a_project_without_rules_has_none() -> None:
    assert ProjectSpec.model_fields["substitutions"].default == []


@QUICK
@given(
    values=st.lists(st.integers(0, 10_000), min_size=24, max_size=24),
    lost=st.sets(st.integers(0, 23), min_size=1, max_size=22),
    parameter=st.sampled_from(["EG", "EC"]),
)
def test_the_extreme_is_never_less_conservative_than_any_observed_reading(
    tmp_path: Path, values: list[int], lost: set[int], parameter: str
) -> None:
    kept = {hour: value for hour, value in enumerate(values) if hour not in lost}
    filled = collected(tmp_path, hours(kept), parameters=[parameter], rules=[EXTREME]).value(parameter)
    compare: Callable[[Fraction, int], bool] = Fraction.__le__ if parameter == "EG" else Fraction.__ge__
    for other in kept.values():
        assert compare(filled, sum(kept.values()) + len(lost) * other)


@QUICK
@given(
    values=st.lists(st.decimals(0, 1000, places=3), min_size=24, max_size=24),
    lost=st.sets(st.integers(0, 23), min_size=1, max_size=23),
    billed=st.decimals(0, 50_000, places=3),
)
def test_an_invoice_gives_the_larger_of_itself_and_what_was_measured(
    tmp_path: Path, values: list[Any], lost: set[int], billed: Any
) -> None:
    kept = {hour: value for hour, value in enumerate(values) if hour not in lost}
    rules = [{"method": "invoice", "cross_check": "inv"}]
    found = collected(tmp_path, hours(kept), rules=rules, cross_checks=invoice(float(billed)))
    assert found.value() == max(Fraction(billed), sum(map(Fraction, kept.values()), Fraction(0)))


@QUICK
@given(lost=st.sets(st.integers(0, 23), min_size=1, max_size=20), parameter=st.sampled_from(["EG", "EC"]))
def test_a_conservative_rule_is_never_more_favourable_than_the_lost_readings_in_range(
    tmp_path: Path, lost: set[int], parameter: str
) -> None:
    # The two ends stay, so that what is lost lies in the observed range.
    kept = {hour: value for hour, value in DAY.items() if hour not in lost or hour in {0, 23}}
    filled = collected(tmp_path, hours(kept), parameters=[parameter], rules=[EXTREME]).value(parameter)
    whole = sum(DAY.values())
    assert filled <= whole if parameter == "EG" else filled >= whole

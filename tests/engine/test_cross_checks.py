"""Monitored values are held against a second source index by index, and the conservative one counts."""

import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.filled_projects import collected, hours, refused
from tonne.engine.data.cross_checks import difference_percent
from tonne.engine.data.registers import CrossCheck, Cycle
from tonne.engine.data.second_sources import prorated, uncovered_days
from tonne.engine.findings import Severity

DAY = {hour: 100 + hour for hour in range(24)}
TOTAL = sum(DAY.values())
REASON = {"zh": "结算方取整。", "en": "The buyer rounds."}
EXPORT = ["2024-03-05T00:00:00+08:00,M1,48797160"]
DAILY = {"time": {"column": "time", "interval": "1 day"}}
METERS = {"M1": {"serial": "A1"}, "M2": {"serial": "A2", "role": "check", "checks": "M1"}}


def check(**more: Any) -> dict[str, Any]:
    source = {"parameter": "EG", "kind": "invoice", "unit": "kWh", "tolerance": "0.01 %"}
    return {"inv": source | ({} if {"cycles", "meter"} & more.keys() else {"at": {"2024-03": 2600}}) | more}


def date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def cycle(first: str, last: str, value: float) -> dict[str, Any]:
    return {"start": date(first), "end": date(last), "value": value}


def test_1c7mjilh4kfx0a5_the_lower_of_meter_and_invoice_counts(tmp_path: Path) -> None:
    sources = check(at={"2024-03": 48804719})
    found = collected(tmp_path, EXPORT, entry=DAILY, cross_checks=sources)
    assert found.value() == 48797160
    told = found.only("cross_check.differs")
    assert told.severity == Severity.CLARIFICATION
    (case,) = told.evidence["cases"]
    assert case == {
        "at": "2024-03",
        "monitored": "48797160",
        "second": "48804719",
        "difference": "7559",
        "difference_percent": "0.0155",
        "value": "48797160",
        "taken": "monitored",
    }


def test_1c7mjilh4kfx0a5_claiming_the_higher_is_a_corrective_action(tmp_path: Path) -> None:
    sources = check(at={"2024-03": 48804719}, take="second", reason=REASON)
    found = collected(tmp_path, EXPORT, entry=DAILY, cross_checks=sources)
    assert found.value() == 48804719
    told = found.only("cross_check.differs")
    assert told.severity == Severity.CORRECTIVE_ACTION
    assert told.evidence["less_conservative"] is True
    assert "所取数值并非保守值" in told.zh
    assert "The buyer rounds." in told.en
    twin = collected(tmp_path, EXPORT, entry=DAILY, cross_checks=check(at={"2024-03": 48797160}))
    assert not [code for code in twin.codes if code.startswith("cross_check.")]


def test_the_net_of_the_real_case_takes_lower_export_and_higher_import(tmp_path: Path) -> None:
    values = {"EC": {"unit": "MWh", "at": {"2024-03": 415.44}}}
    sources = check(at={"2024-03": 48804719}) | {
        "imp": check(parameter="EC", unit="MWh", at={"2024-03": 424.32})["inv"],
    }
    found = collected(tmp_path, EXPORT, entry=DAILY, parameters=["EG", "EC"], values=values, cross_checks=sources)
    assert found.value("EC") == 424320
    assert (found.value() - found.value("EC")) / 1000 == Fraction("48372.840")
    (told,) = found.origin("EC")["cross_checks"]
    assert (told["taken"], told["monitored"], told["second"]) == ("second", "415440", "424320")


def test_a_difference_within_the_tolerance_is_no_finding_but_the_lower_counts(tmp_path: Path) -> None:
    found = collected(tmp_path, hours(DAY), cross_checks=check(at={"2024-03": TOTAL - 1}, tolerance="0.1 %"))
    assert found.value() == TOTAL - 1
    assert not found.found("cross_check.differs")
    assert found.origin()["cross_checks"][0]["taken"] == "second"


def test_a_difference_equal_to_the_tolerance_is_within_it(tmp_path: Path) -> None:
    rows = hours(dict.fromkeys(range(24), 100))
    assert not collected(tmp_path, rows, cross_checks=check(at={"2024-03": 2424}, tolerance="1 %")).found(
        "cross_check.differs"
    )
    assert collected(tmp_path, rows, cross_checks=check(at={"2024-03": 2424.1}, tolerance="1 %")).found(
        "cross_check.differs"
    )


def test_the_monitored_value_with_a_reason_is_judged_at_each_index(tmp_path: Path) -> None:
    days = [f"2024-03-{day:02d}T00:00:00+08:00,M1,{10 if day != 17 else 12}" for day in range(1, 32)]
    second = {f"2024-03-{day:02d}": 11 for day in range(1, 32)}
    options: dict[str, Any] = {"parameters": ["Q"], "entry": DAILY, "period": ("2024-03-01", "2024-03-31")}
    sources = check(parameter="Q", at=second, tolerance="20 %", take="monitored", reason=REASON)
    found = collected(tmp_path, days, cross_checks=sources, **options)
    told = found.only("cross_check.differs")
    assert [case["at"] for case in told.evidence["cases"]] == ["2024-03-17"]
    assert "2024-03-17" in told.zh
    assert "2024-03-17" in told.en
    corrected = collected(tmp_path, days, cross_checks=check(parameter="Q", at=second, tolerance="20 %"), **options)
    assert corrected.value("Q", "2024-03-17") == 11
    assert corrected.value("Q", "2024-03-16") == 10
    assert not corrected.found("cross_check.differs")


def test_of_several_second_sources_the_lowest_counts_and_each_is_compared_with_the_monitored_value(
    tmp_path: Path,
) -> None:
    sources = check(at={"2024-03": TOTAL - 10}, tolerance="0 %") | {
        "settled": check(kind="settlement", at={"2024-03": TOTAL - 4}, tolerance="0 %")["inv"]
    }
    found = collected(tmp_path, hours(DAY), cross_checks=sources)
    assert found.value() == TOTAL - 10
    assert [told["difference"] for told in found.origin()["cross_checks"]] == ["-10", "-4"]
    assert [told["monitored"] for told in found.origin()["cross_checks"]] == [str(TOTAL)] * 2


def test_a_month_without_an_amount_is_told(tmp_path: Path) -> None:
    readings = hours(DAY, "2024-03-31") + hours(DAY, "2024-04-01")
    found = collected(
        tmp_path, readings, period=("2024-03-31", "2024-04-01"), cross_checks=check(at={"2024-03": TOTAL})
    )
    assert found.only("cross_check.not_covered").evidence["at"] == ["2024-04"]


CYCLES = [
    cycle("2023-12-21", "2024-01-20", 310),
    cycle("2024-01-21", "2024-02-20", 620),
    cycle("2024-02-21", "2024-03-20", 2900),
]
TWO_MONTHS = [
    f"2024-{month:02d}-{day:02d}T00:00:00+08:00,M1,10"
    for month, days in ((1, 31), (2, 29))
    for day in range(1, days + 1)
]


def test_billing_cycles_are_divided_by_days(tmp_path: Path) -> None:
    found = collected(
        tmp_path, TWO_MONTHS, entry=DAILY, period=("2024-01-01", "2024-02-29"), cross_checks=check(cycles=CYCLES)
    )
    # 310/31 a day for 20 days and 620/31 for 11; 620/31 for 20 and 2900/29 for 9 days: 2024 is a leap year
    second = {label: found.origin(label=label)["cross_checks"][0]["second"] for label in ("2024-01", "2024-02")}
    assert second == {"2024-01": str(20 * 10 + 11 * 20), "2024-02": str(20 * 20 + 9 * 100)}
    assert found.only("cross_check.cycles_prorated").evidence["count"] == 3
    assert not found.found("cross_check.cycles_not_aligned")


def test_july_to_june_against_january_to_december_is_not_aligned(tmp_path: Path) -> None:
    readings = [f"2024-{month:02d}-01T00:00:00+08:00,M1,10" for month in range(1, 13)]
    cycles = [cycle("2023-07-01", "2024-06-30", 366)]
    found = collected(
        tmp_path,
        readings,
        entry={"time": {"column": "time", "interval": "1 month"}},
        period=("2024-01-01", "2024-12-31"),
        cross_checks=check(cycles=cycles),
    )
    told = found.only("cross_check.cycles_not_aligned")
    assert told.evidence["days"] == 184
    assert told.evidence["uncovered"] == [{"first": "2024-07-01", "last": "2024-12-31"}]
    assert "cross_checks" in found.origin(label="2024-06")
    assert "cross_checks" not in found.origin(label="2024-07")


def test_aligned_cycles_are_no_finding(tmp_path: Path) -> None:
    cycles = [cycle("2024-01-01", "2024-01-31", 310), cycle("2024-02-01", "2024-02-29", 290)]
    found = collected(
        tmp_path, TWO_MONTHS, entry=DAILY, period=("2024-01-01", "2024-02-29"), cross_checks=check(cycles=cycles)
    )
    assert not [code for code in found.codes if code.startswith("cross_check.")]


def test_the_check_meter_is_a_second_source(tmp_path: Path) -> None:
    readings = hours(DAY) + hours({hour: value - 1 for hour, value in DAY.items()}, meter="M2")
    sources = check(kind="check_meter", meter="M2", readings="main", tolerance="0.5 %")
    found = collected(tmp_path, readings, meters=METERS, cross_checks=sources)
    assert found.value() == TOTAL - 24
    assert found.only("cross_check.differs").evidence["cases"][0]["second"] == str(TOTAL - 24)


def test_the_check_meter_stands_for_its_own_main_meter_alone(tmp_path: Path) -> None:
    meters = METERS | {"N1": {"serial": "B1"}}
    readings = hours(DAY) + hours(DAY, meter="N1") + hours({hour: value - 1 for hour, value in DAY.items()}, meter="M2")
    sources = check(kind="check_meter", meter="M2", readings="main", tolerance="0.5 %")
    assert collected(tmp_path, readings, meters=meters, cross_checks=sources).value() == 2 * TOTAL - 24


def test_a_check_meter_with_fewer_readings_is_not_compared(tmp_path: Path) -> None:
    readings = hours(DAY) + hours(dict.fromkeys(range(5), 1), meter="M2")
    sources = check(kind="check_meter", meter="M2", readings="main", tolerance="0.5 %")
    found = collected(tmp_path, readings, meters=METERS, cross_checks=sources)
    assert found.value() == TOTAL
    assert found.only("cross_check.readings_differ").evidence["at"] == ["2024-03"]


REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown parameter": ({"cross_checks": check(parameter="EGG")}, ["unknown parameter 'EGG'", "did you mean EG"]),
    "unknown month": ({"cross_checks": check(at={"2024-13": 1})}, ["EG has no value at '2024-13'", "2024-03"]),
    "unit of another kind": ({"cross_checks": check(unit="t")}, ["project.yaml", "t"]),
    "overlapping cycles": (
        {"cross_checks": check(cycles=[cycle("2024-02-21", "2024-03-20", 1), cycle("2024-03-20", "2024-04-20", 1)])},
        ["billing cycles of inv overlap", "a start after 2024-03-20", "2024-03-20 to 2024-04-20"],
    ),
    "no conservative side": (
        {"parameters": ["W"], "cross_checks": check(parameter="W")},
        ["W has no conservative side", "take: monitored"],
    ),
    "check meter that is none": (
        {"cross_checks": check(kind="check_meter", meter="M2", readings="main")},
        ["'M2' is not registered as a check or backup meter"],
    ),
    "check meter in an unknown file": (
        {"meters": METERS, "cross_checks": check(kind="check_meter", meter="M2", readings="mainn")},
        ["'mainn' is no file of readings that feeds EG", "did you mean main?"],
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_a_second_source_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    options, said = REFUSALS[name]
    text = "\n".join(map(str, refused(tmp_path, hours(DAY), **options)))
    assert [part for part in said if part not in text] == [], text


def test_a_parameter_without_a_side_can_be_compared_with_a_reason(tmp_path: Path) -> None:
    sources = check(parameter="W", take="monitored", reason=REASON)
    found = collected(tmp_path, hours(DAY), parameters=["W"], cross_checks=sources)
    assert found.value("W") == TOTAL
    assert found.only("cross_check.differs").severity == Severity.CLARIFICATION


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"at": {"2024-03": 1}, "take": "second"}, "`reason:`"),
        ({"at": {"2024-03": 1}, "tolerance": 0.01}, "a number with its unit"),
        ({"meter": "M2"}, "`meter:` together with `readings:`"),
        ({}, "one of `at:`, `cycles:` and `meter:`"),
    ],
)
def test_a_second_source_needs_its_parts(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CrossCheck.model_validate({"parameter": "EG", "kind": "invoice", "unit": "kWh", "tolerance": "1 %"} | entry)


@pytest.mark.parametrize(
    ("monitored", "second", "percent"), [(200, 201, "0.5"), (0, 5, None), (3, 4, "33.3333"), (-2, -1, "50")]
)
def test_a_difference_is_given_in_percent_of_the_monitored_value(
    monitored: int, second: int, percent: str | None
) -> None:
    assert difference_percent(Fraction(monitored), Fraction(second)) == percent


lengths = st.lists(st.integers(1, 60), min_size=1, max_size=14)
amounts = st.lists(st.fractions(-1000, 1000), min_size=14, max_size=14)


def contiguous(first: datetime.date, days: list[int], values: list[Fraction]) -> list[Cycle]:
    cycles = []
    for count, value in zip(days, values, strict=False):
        cycles.append(Cycle(start=first, end=first + datetime.timedelta(days=count - 1), value=value))
        first += datetime.timedelta(days=count)
    return cycles


@given(
    first=st.dates(datetime.date(2000, 1, 1), datetime.date(2090, 1, 1)),
    days=lengths,
    values=amounts,
    cut=st.lists(st.integers(1, 800)),
)
def test_the_parts_of_cycles_add_up_to_their_total_however_the_span_is_cut(
    first: datetime.date, days: list[int], values: list[Fraction], cut: list[int]
) -> None:
    cycles = contiguous(first, days, values)
    total = sum((item.value for item in cycles), Fraction(0))
    cuts = sorted({0, *(position for position in cut if position < sum(days)), sum(days)})
    spans = [
        (first + datetime.timedelta(days=one), first + datetime.timedelta(days=other - 1))
        for one, other in pairwise(cuts)
    ]
    assert sum((prorated(cycles, *span) for span in spans), Fraction(0)) == total
    assert uncovered_days(cycles, first, cycles[-1].end) == []


@given(
    first=st.dates(datetime.date(2000, 1, 1), datetime.date(2090, 1, 1)), days=lengths, values=amounts, lost=st.data()
)
def test_uncovered_days_are_those_of_the_cycles_that_are_missing(
    first: datetime.date, days: list[int], values: list[Fraction], lost: st.DataObject
) -> None:
    cycles = contiguous(first, days, values)
    kept = [item for item in cycles if lost.draw(st.booleans())]
    uncovered = uncovered_days(kept, first, cycles[-1].end)
    count = sum((last - begin).days + 1 for begin, last in uncovered)
    assert count == sum(days) - sum((item.end - item.start).days + 1 for item in kept)

import datetime
import zoneinfo
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.engine.data.calibration import Cause, due, lapses
from tonne.engine.data.meters import ALWAYS, Device, instant_at
from tonne.engine.data.registers import Calibration, Meter
from tonne.engine.errors import Place
from tonne.engine.spec.models import Calibration as Rule

ZONE = zoneinfo.ZoneInfo("Europe/Paris")  # its days have 23, 24 and 25 hours
RULE = Rule(every="30 day", uncalibrated="class_mpe", late="class_mpe", out_of_class="actual_error")
FIRST = datetime.date(2024, 3, 1)
DAYS = [FIRST + datetime.timedelta(days=number) for number in range(90)]
MPE = Fraction(2, 1000)


def device(calibrations: list[Calibration], begins: int = -ALWAYS, ends: int = ALWAYS) -> Device:
    meter = Meter.model_construct(serial="1", reads_as=None, mpe=MPE, calibrations=calibrations)
    return Device("A", meter, Place("project.yaml"), begins, ends)


def by_day(devices: list[Device]) -> dict[datetime.date, tuple[Cause, Fraction | None]]:
    """Give cause and error of each day that is not covered; every lapse consists of whole days."""
    edges = {instant_at(day, ZONE): day for day in DAYS}
    last = instant_at(DAYS[-1], ZONE, end=True)
    found: dict[datetime.date, tuple[Cause, Fraction | None]] = {}
    for lapse in lapses(devices, RULE, ZONE, instant_at(FIRST, ZONE), last):
        assert lapse.begins in edges
        assert lapse.ends in edges or lapse.ends == last
        for instant, day in edges.items():
            if lapse.begins <= instant < lapse.ends:
                assert day not in found
                found[day] = lapse.cause, lapse.error(RULE)
    return found


def expected_error(day: datetime.date, calibrations: list[Calibration]) -> Fraction:
    """Judge one day by itself."""
    errors = [Fraction(0)]
    before = [item for item in calibrations if item.date <= day]
    if not any(
        day < min(due(item.date, "30 day"), item.valid_until + datetime.timedelta(1))
        for item in before
        if item.valid_until
    ):
        errors.append(MPE)
    for position, item in enumerate(calibrations):
        if item.error is None or abs(item.error) <= MPE:
            continue
        # It was there since the last calibration that found none, or after which it was removed.
        since = max(
            (
                other.date
                for other in calibrations[:position]
                if other.error is None or abs(other.error) <= MPE or other.adjusted
            ),
            default=datetime.date.min,
        )
        until = (
            item.date
            if item.adjusted
            else (calibrations[position + 1].date if position + 1 < len(calibrations) else datetime.date.max)
        )
        if since <= day < until:
            errors.append(abs(item.error))
    return max(errors)


calibration = st.builds(
    lambda offset, valid, error, adjusted: Calibration(
        date=FIRST + datetime.timedelta(days=offset),
        valid_until=FIRST + datetime.timedelta(days=offset + valid),
        error=Fraction(error, 1000),
        adjusted=adjusted,
    ),
    st.integers(-40, 100),
    st.integers(0, 50),
    st.integers(-5, 5),
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(calibration, max_size=5, unique_by=lambda item: item.date))
def test_each_day_takes_the_error_that_it_has_by_itself(calibrations: list[Calibration]) -> None:
    ordered = sorted(calibrations, key=lambda item: item.date)
    found = by_day([device(calibrations)])
    for day in DAYS:
        error = expected_error(day, ordered)
        assert found.get(day, ("", Fraction(0)))[1] == error, day


def test_before_the_first_calibration_is_missing_and_after_one_has_expired_is_late() -> None:
    item = Calibration(date=FIRST + datetime.timedelta(days=10))
    causes = {day: cause for day, (cause, _) in by_day([device([item])]).items()}
    assert [day for day, cause in causes.items() if cause == "missing"] == DAYS[:10]
    assert [day for day, cause in causes.items() if cause == "late"] == DAYS[40:]


def test_instruments_that_follow_each_other_are_judged_by_their_own_calibrations() -> None:
    middle = instant_at(DAYS[45], ZONE)
    fresh = Calibration(date=DAYS[40])
    old = device([Calibration(date=DAYS[0]), Calibration(date=DAYS[25])], ends=middle)
    new = device([fresh], begins=middle)
    assert list(by_day([old, new])) == DAYS[70:]
    assert {cause for cause, _ in by_day([old]).values()} == {"out_of_service"}


def test_a_rule_that_is_silent_corrects_nothing() -> None:
    (lapse,) = lapses([device([])], Rule(), ZONE, 0, 10)
    assert lapse.treatment(Rule()) is None
    assert lapse.error(Rule()) == 0


def test_without_an_interval_a_calibration_holds_as_long_as_its_certificate_says() -> None:
    open_end, closed = (Calibration(date=FIRST, valid_until=until) for until in (None, DAYS[9]))
    span = instant_at(FIRST, ZONE), instant_at(DAYS[-1], ZONE, end=True)
    silent = Rule(late="class_mpe")
    assert lapses([device([open_end])], silent, ZONE, *span) == []
    (lapse,) = lapses([device([closed])], silent, ZONE, *span)
    assert (lapse.begins, lapse.ends) == (instant_at(DAYS[10], ZONE), span[1])

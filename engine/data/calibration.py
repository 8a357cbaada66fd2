"""When the readings of a meter are not covered by a valid calibration, and by how much they are then corrected.

Works on the register of meters and the rule of the methodology alone; which readings lie in such a time is found
in `corrections`.

A calibration is valid from its date until the day before its interval is over, and not longer than the certificate
says. Before the first calibration of an instrument its readings are uncalibrated; after one has expired they are late
until the next. CCER-01-002-V01 and CCER-01-001-V01, section 7.3.4, ask for the maximum permissible error of the
class in both cases, and for the error found where a calibration in time found one outside the class, in the time that
is affected.

Which time is affected, and what happens when both apply, that section does not say. Composed, as the conservative
choice: an error outside the class is taken to have been there since the last calibration that found none, and to go
on after it until the next, unless the instrument was adjusted; where several causes hold, the largest error counts; an
error is outside the class when it is larger than the smallest permissible one.
"""

import calendar as days
import datetime
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from tonne.engine.data.meters import ALWAYS, Device, instant_at
from tonne.engine.data.registers import Calibration
from tonne.engine.spec.models import Calibration as Rule

LAST_YEAR = 9900  # later than any period; a calendar ends with the year 9999
Cause = Literal["missing", "late", "out_of_class", "out_of_service"]
Treatment = Literal["actual_error", "class_mpe", "refuse"]


@dataclass(frozen=True)
class Lapse:
    """A time in which an instrument has no valid calibration, or was found outside its class."""

    device: Device
    cause: Cause
    begins: int
    ends: int
    calibration: Calibration | None = None  # the one that expired, or that found the error

    def treatment(self, rule: Rule) -> Treatment | None:
        """Say what the methodology asks for; None where it says nothing."""
        if self.cause == "out_of_class":
            return rule.out_of_class
        return rule.late if self.cause == "late" else rule.uncalibrated

    def error(self, rule: Rule) -> Fraction | None:
        """Give the largest share by which readings are corrected; None where it is not known or none would do."""
        asked = self.treatment(rule)
        if asked is None:
            return Fraction(0)
        if asked == "actual_error" and self.calibration is not None and self.calibration.error is not None:
            return abs(self.calibration.error)
        steps = self.device.permissible
        return max(step.mpe for step in steps) if steps and asked != "refuse" else None


def lapses(devices: Sequence[Device], rule: Rule, zone: zoneinfo.ZoneInfo, begins: int, ends: int) -> list[Lapse]:
    """List the times between two instants in which instruments are not covered, of which no two overlap.

    Args:
        devices: those that follow each other under one name.
        rule: what the methodology asks for.
        zone: where the days of the certificates begin.
        begins: the first instant.
        ends: the instant after the last.
    """
    found = [lapse for device in devices for lapse in _of_device(device, rule, zone)]
    found += _out_of_service(devices)
    clipped = [
        Lapse(lapse.device, lapse.cause, max(lapse.begins, begins), min(lapse.ends, ends), lapse.calibration)
        for lapse in found
    ]
    return list(_apart([lapse for lapse in clipped if lapse.begins < lapse.ends], rule))


def _of_device(device: Device, rule: Rule, zone: zoneinfo.ZoneInfo) -> Iterator[Lapse]:
    calibrations = sorted(device.meter.calibrations, key=lambda calibration: calibration.date)
    dates = [min(max(instant_at(item.date, zone), device.begins), device.ends) for item in calibrations]
    yield Lapse(device, "missing", device.begins, dates[0] if dates else device.ends)
    covered = device.begins
    for calibration, following in zip(calibrations, [*dates[1:], device.ends], strict=False):
        covered = max(covered, _expiry(calibration, rule, zone))
        yield Lapse(device, "late", covered, following, calibration)
    yield from _out_of_class(device, calibrations, dates)


def _out_of_class(device: Device, calibrations: Sequence[Calibration], dates: Sequence[int]) -> Iterator[Lapse]:
    steps = device.permissible
    if not steps:
        return
    smallest, good = min(step.mpe for step in steps), device.begins
    for calibration, date, following in zip(calibrations, dates, [*dates[1:], device.ends], strict=False):
        if calibration.error is None or abs(calibration.error) <= smallest:
            good = date
        else:
            yield Lapse(device, "out_of_class", good, date if calibration.adjusted else following, calibration)
            good = date if calibration.adjusted else good


def _out_of_service(devices: Sequence[Device]) -> Iterator[Lapse]:
    if devices:
        yield Lapse(devices[0], "out_of_service", -ALWAYS, devices[0].begins)
        for one, other in pairwise(devices):
            yield Lapse(one, "out_of_service", one.ends, other.begins)
        yield Lapse(devices[-1], "out_of_service", devices[-1].ends, ALWAYS)


def _expiry(calibration: Calibration, rule: Rule, zone: zoneinfo.ZoneInfo) -> int:
    """Give the instant from which a calibration is no longer valid."""
    known = []
    if calibration.valid_until is not None:
        known.append(instant_at(calibration.valid_until, zone, end=True))
    if rule.every is not None:
        known.append(instant_at(due(calibration.date, rule.every), zone))
    return min(known, default=ALWAYS)


def covered_until(device: Device, rule: Rule, zone: zoneinfo.ZoneInfo) -> datetime.date | None:
    """Give the last day that the newest calibration of an instrument covers; None without one, or without an end."""
    newest = max(device.meter.calibrations, key=lambda calibration: calibration.date, default=None)
    expiry = ALWAYS if newest is None else _expiry(newest, rule, zone)
    if expiry == ALWAYS:
        return None
    return datetime.datetime.fromtimestamp(expiry // 1_000_000, zone).date() - datetime.timedelta(days=1)


def due(date: datetime.date, every: str) -> datetime.date:
    """Give the day by which the next calibration is due.

    >>> due(datetime.date(2024, 2, 29), "1 year"), due(datetime.date(2024, 1, 31), "3 month")
    (datetime.date(2025, 3, 1), datetime.date(2024, 5, 1))
    """
    count, _, step = every.partition(" ")
    if date.year >= LAST_YEAR or (step == "year" and int(count) > LAST_YEAR - date.year):
        return datetime.date(LAST_YEAR, 1, 1)
    if step == "day":
        return date + datetime.timedelta(days=int(count))
    months = date.year * 12 + date.month - 1 + int(count) * (12 if step == "year" else 1)
    year, month = months // 12, months % 12 + 1
    if date.day > days.monthrange(year, month)[1]:  # the interval ends with the last day of that month
        year, month = (months + 1) // 12, (months + 1) % 12 + 1
        return datetime.date(year, month, 1)
    return datetime.date(year, month, date.day)


def _apart(found: Sequence[Lapse], rule: Rule) -> Iterator[Lapse]:
    """Divide the time among overlapping lapses: the one with the largest error counts, an unknown one above all."""
    edges = sorted({edge for lapse in found for edge in (lapse.begins, lapse.ends)})
    former: Lapse | None = None
    for begins, ends in pairwise(edges):
        holding = [lapse for lapse in found if lapse.begins <= begins and lapse.ends >= ends]
        if not holding:
            continue
        first = max(holding, key=lambda lapse: _weight(lapse.error(rule)))
        part = Lapse(first.device, first.cause, begins, ends, first.calibration)
        if former is not None and _joins(former, part):
            former = Lapse(part.device, part.cause, former.begins, ends, part.calibration)
            continue
        if former is not None:
            yield former
        former = part
    if former is not None:
        yield former


def _joins(one: Lapse, other: Lapse) -> bool:
    same = (one.device, one.cause, one.calibration) == (other.device, other.cause, other.calibration)
    return same and one.ends == other.begins


def _weight(error: Fraction | None) -> Fraction:
    return Fraction(2) if error is None else error

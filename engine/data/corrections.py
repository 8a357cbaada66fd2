"""Corrects the readings that no valid calibration covers, in the conservative direction, and says so.

Finds the readings that lie in a lapse of calibration, wholly or in part, and says by which share of their magnitude
they are changed; the sums are made in `feeds`, meter by meter, before anything is netted. A reading of which only a
part lies in a lapse counts as not covered.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tonne.engine.data.amounts import DECIMALS, exact_text
from tonne.engine.data.calibration import Lapse, Treatment, lapses
from tonne.engine.data.dataset import Sides
from tonne.engine.data.feeds import Adjusted, Adjustment, FeedValues, sql_number
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.meters import Device
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.store import Statements, text_literal
from tonne.engine.errors import Problem
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.models import Calibration as Rule
from tonne.engine.spec.models import Direction
from tonne.engine.units import Unit, conversion, parse_unit

_SIGNS: dict[Direction | None, int] = {"low": -1, "high": 1, None: 0}


@dataclass(frozen=True)
class Correction:
    """How the readings of a lapse, or those of one load in it, are treated; the error is None where it is not known."""

    lapse: Lapse
    treatment: Treatment | None
    error: Fraction | None


@dataclass(frozen=True)
class Corrections:
    """The corrections of one file for one parameter; that of class n is the n-th."""

    loaded: LoadedReadings
    parameter: str
    unit: Unit
    side: Direction | None
    items: tuple[Correction, ...]
    adjustment: Adjustment

    def provenance(self, adjusted: Adjusted) -> dict[str, Any]:
        """Say of the readings of one class in one value what was done to them, as plain data."""
        item = self.items[adjusted.number - 1]
        return {
            **_lapse_data(item.lapse, self.loaded),
            "readings": adjusted.count,
            "hours": exact_text(Fraction(adjusted.length, FIXED["hour"])),
            "share": share_text(self.adjustment.shares[adjusted.number]),
            "unit": self.unit.text,
            "before": exact_text(adjusted.before),
            "after": exact_text(adjusted.after),
        }


def share_text(share: Fraction) -> str:
    """Write a share in percent."""
    return f"{exact_text(share * 100)} %"


def find_corrections(
    store: Statements,
    loaded: LoadedReadings,
    target: tuple[str, Unit],
    rule: Rule,
    meters: Sequence[Sequence[Device]],
    sides: Sides,
) -> Corrections:
    """Find how the readings of a file are to be corrected for a parameter.

    Args:
        store: with the readings of the file as {table}.
        loaded: the file.
        target: the parameter and its unit.
        rule: what the methodology asks of its meters.
        meters: the instruments behind the readings, those that follow each other together.
        sides: gives the conservative side of the parameter.

    Raises:
        UnitError: the rated value of a meter does not fit its readings.
    """
    found = [
        lapse
        for devices in meters
        for lapse in lapses(devices, rule, loaded.time.zone, loaded.time.begins, loaded.time.ends)
    ]
    classes = [
        (condition, Correction(lapse, lapse.treatment(rule), error))
        for lapse in found
        for condition, error in _classes(store, loaded, lapse, rule)
    ]
    # A reading in two lapses takes the first that holds: the one with the largest error, an unknown one above all.
    classes.sort(key=lambda entry: _rank(entry[1].error), reverse=True)
    items = tuple(item for _, item in classes)
    cases = " ".join(f"WHEN {condition} THEN {number}" for number, (condition, _) in enumerate(classes, 1))
    side = sides(target[0]) if any(item.error for item in items) else None
    shares = tuple(_SIGNS[side] * (item.error or Fraction(0)) for item in items)
    adjustment = Adjustment(f"CASE {cases} ELSE 0 END", (Fraction(0), *shares)) if items else Adjustment()
    return Corrections(loaded, *target, side, items, adjustment)


def _rank(error: Fraction | None) -> Fraction:
    return Fraction(2) if error is None else error


def _classes(
    store: Statements, loaded: LoadedReadings, lapse: Lapse, rule: Rule
) -> Iterator[tuple[str, Fraction | None]]:
    """Divide the readings of a lapse by their error: one class, or one for each load with an error of its own."""
    inside = f"measured_by = {text_literal(lapse.device.label)} AND begins < {lapse.ends} AND ends > {lapse.begins}"
    steps = lapse.device.permissible
    if lapse.treatment(rule) != "class_mpe" or len(steps) < 2:
        yield inside, lapse.error(rule)
        return
    limits = [None, *(step.load for step in steps), None]
    for (least, below), error in zip(pairwise(limits), [lapse.error(rule), *(step.mpe for step in steps)], strict=True):
        for condition in _at_load(store, loaded, lapse, (least, below), inside):
            yield condition, error


def _at_load(
    store: Statements,
    loaded: LoadedReadings,
    lapse: Lapse,
    limits: tuple[Fraction | None, Fraction | None],
    inside: str,
) -> Iterator[str]:
    """Write the conditions for readings from a load to below another; amounts are held against their own time."""
    meter, reads = lapse.device.meter, loaded.spec.value.reads
    unit = parse_unit(loaded.spec.value.unit, loaded.unit_place)
    rate = unit / parse_unit("h") if reads in {"interval", "register"} else unit
    factor, _ = conversion(parse_unit(str(meter.rated_unit), lapse.device.place), rate, lapse.device.place)
    rated = (meter.rated or 0) * factor
    if rate is unit:
        yield f"{inside}{_between(limits, rated)}"
        return
    for (span,) in store.ask("SELECT DISTINCT ends - begins FROM {table} WHERE {inside}", inside=inside):
        amount = rated * Fraction(span, FIXED["hour"])
        yield f"{inside} AND ends - begins = {span}{_between(limits, amount)}"


def _between(limits: tuple[Fraction | None, Fraction | None], rated: Fraction) -> str:
    texts = (
        f" AND abs(value) {sign} {_at_least(limit * rated)}"
        for sign, limit in zip((">=", "<"), limits, strict=True)
        if limit is not None
    )
    return "".join(texts)


def _at_least(value: Fraction) -> str:
    scale = 10**DECIMALS
    return sql_number(Fraction(math.ceil(value * scale), scale))


def judge(corrections: Corrections, fed: FeedValues) -> tuple[list[Finding], list[Problem]]:
    """Report the readings that were not covered and what became of them; gives findings, and what stops the run."""
    state = corrections.loaded.spec.value.reads == "state"
    parts: defaultdict[int, _Sum] = defaultdict(_Sum)
    for source in fed.sources:
        for adjusted in source.adjusted:
            parts[adjusted.number].add(adjusted, state)
    grouped: defaultdict[tuple[str, str], list[tuple[Correction, _Sum]]] = defaultdict(list)
    problems: list[Problem] = []
    for number, part in sorted(parts.items()):
        item = corrections.items[number - 1]
        fault = _fault(corrections, item, part)
        if fault is not None:
            problems.append(fault)
        grouped[item.lapse.device.label, item.lapse.cause].append((item, part))
    findings = [_finding(corrections, each, state) for _, each in sorted(grouped.items(), key=lambda entry: entry[0])]
    return ([] if problems else findings), problems


@dataclass
class _Sum:
    count: int = 0
    before: Fraction = Fraction(0)
    after: Fraction = Fraction(0)

    def add(self, adjusted: Adjusted, state: bool) -> None:
        weight = adjusted.count if state else 1
        self.count += adjusted.count
        self.before += adjusted.before * weight
        self.after += adjusted.after * weight


def _fault(corrections: Corrections, item: Correction, part: _Sum) -> Problem | None:
    """Say what keeps a correction from being made."""
    lapse, time = item.lapse, corrections.loaded.time
    device = lapse.device
    span = f"{time.text(lapse.begins)} to {time.text(lapse.ends)}"
    which = f"{part.count} readings of meter {device.key} (serial {device.meter.serial})"
    if item.treatment == "refuse":
        return Problem(
            f"{which} are not covered by a calibration, and the methodology does not allow them for {corrections.parameter}",
            device.place,
            found=span,
            hint="add the calibration that covers this time to `calibrations:`, or leave the readings out",
        )
    if item.error is None:
        return Problem(
            f"meter {device.key} needs its maximum permissible error: {which} are not covered by a calibration",
            device.place,
            found=span,
            hint="state it with its unit, such as `mpe: 0.2 %`, as the accuracy class of the instrument has it",
        )
    if item.error and corrections.side is None:
        return Problem(
            f"{which} are to be corrected, but the conservative side of {corrections.parameter} is not known",
            device.place,
            found=span,
            hint="the methodology can declare it: `conservative: low` or `conservative: high`",
        )
    return None


def _lapse_data(lapse: Lapse, loaded: LoadedReadings) -> dict[str, Any]:
    data: dict[str, Any] = {
        "cause": lapse.cause,
        "meter": lapse.device.label,
        "device": lapse.device.key,
        "serial": lapse.device.meter.serial,
        "first": loaded.time.text(lapse.begins),
        "last": loaded.time.text(lapse.ends),
    }
    if lapse.calibration is not None:
        data["calibrated"] = str(lapse.calibration.date)
        if lapse.calibration.certificate is not None:
            data["certificate"] = lapse.calibration.certificate
        if lapse.cause == "out_of_class" and lapse.calibration.error is not None:
            data["error"] = share_text(lapse.calibration.error)
    return data


CODES = {
    "missing": "calibration.missing",
    "late": "calibration.late",
    "out_of_class": "calibration.out_of_class",
    "out_of_service": "meter.out_of_service",
}
_FACTS_ZH = {
    "missing": "未经校准",
    "late": "超过校准有效期而未按期校准",
    "out_of_class": "经校准发现误差超出准确度等级",
    "out_of_service": "不在台账所列投运期间",
}
_FACTS_EN = {
    "missing": "was not calibrated",
    "late": "was calibrated late",
    "out_of_class": "was found outside its accuracy class",
    "out_of_service": "was not in service by the register of meters",
}


def _finding(corrections: Corrections, each: Sequence[tuple[Correction, _Sum]], state: bool) -> Finding:
    """Make the finding of one meter and cause."""
    lapse, loaded = each[0][0].lapse, corrections.loaded
    device, cause = lapse.device, lapse.cause
    count = sum(part.count for _, part in each)
    weight = count if state else 1
    before, after = (sum(getattr(part, name) for _, part in each) / weight for name in ("before", "after"))
    # Readings at different loads share a lapse, whose time counts once.
    spans = sorted({(item.lapse.begins, item.lapse.ends) for item, _ in each})
    hours = exact_text(Fraction(sum(ends - begins for begins, ends in spans), FIXED["hour"]))
    first, last = loaded.time.text(spans[0][0]), loaded.time.text(spans[-1][1])
    told = each[0][0].treatment is not None
    errors = [share_text(error) for error in sorted({item.error or Fraction(0) for item, _ in each})]
    many = len(spans) > 1
    zh = (
        f"计量器具{device.label}（编号{device.meter.serial}）在{first}至{last}期间{f'有{len(spans)}段时间' if many else ''}"
        f"{_FACTS_ZH[cause]}，共{hours}小时，涉及{loaded.facts.shown}中{count}条读数（参数{corrections.parameter}）；"
    )
    en = (
        f"Meter {device.label} (serial {device.meter.serial}) {_FACTS_EN[cause]} from {first} to {last}"
        f"{f' in {len(spans)} parts' if many else ''}, {hours} h in all; {count} readings in {loaded.facts.shown} for "
        f"{corrections.parameter} are concerned. "
    )
    if told:
        unit = corrections.unit.text
        amounts = [exact_text(round(amount, 6)) for amount in (before, after)]
        by_zh = "校准所示误差绝对值" if each[0][0].treatment == "actual_error" else "最大允许误差"
        by_en = "the error found" if each[0][0].treatment == "actual_error" else "the maximum permissible error"
        zh += f"已按{by_zh}{'、'.join(errors)}作保守修正，由{amounts[0]} {unit}修正为{amounts[1]} {unit}。请说明原因并提供校准证书。"
        en += (
            f"They were corrected by {by_en}, {' and '.join(errors)}, from {amounts[0]} to {amounts[1]} {unit}. "
            "Please explain and provide the certificates."
        )
    else:
        zh += "方法学未规定修正方法，未作修正，请补充证据或提出处理办法。"
        en += "The methodology states no correction and none was made; please provide evidence or a treatment."
    return Finding(
        CODES[cause],
        Severity.CLARIFICATION if told else Severity.CORRECTIVE_ACTION,
        zh,
        en,
        {
            "parameter": corrections.parameter,
            "meter": device.label,
            "serial": device.meter.serial,
            "treatment": each[0][0].treatment,
            "hours": hours,
            "readings": count,
            "unit": corrections.unit.text,
            "before": exact_text(before),
            "after": exact_text(after),
            "files": [loaded.facts.shown],
            "parts": [*_parts(corrections, each, state)],
        },
        device.place,
    )


def _parts(corrections: Corrections, each: Iterable[tuple[Correction, _Sum]], state: bool) -> Iterator[dict[str, Any]]:
    for item, part in sorted(each, key=lambda entry: (entry[0].lapse.begins, entry[0].error or 0)):
        weight = part.count if state else 1
        yield {
            **_lapse_data(item.lapse, corrections.loaded),
            "hours": exact_text(Fraction(item.lapse.ends - item.lapse.begins, FIXED["hour"])),
            "readings": part.count,
            "share": share_text(_SIGNS[corrections.side] * (item.error or Fraction(0))),
            "before": exact_text(part.before / weight),
            "after": exact_text(part.after / weight),
        }

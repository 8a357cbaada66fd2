"""Turns the totals of a register into amounts, and readings before the transformer ratio into real ones.

A register begins again at 0 after its last digit, may be set back, and changes hands when the meter is exchanged:
all three are worked out from what the register of meters says. One that falls without such a reason is refused.

A fall counts as a roll-over only when the amount is then less than half of what the dial can show; a register that
runs backwards a little would otherwise become a large amount. Composed: no source states such a limit.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import duckdb

from tonne.engine.data.amounts import exact_text, rounded
from tonne.engine.data.intake import cut_problems
from tonne.engine.data.local_time import LocalTime
from tonne.engine.data.meters import Device, MeterRegister, instant_at
from tonne.engine.data.series import VALUE, Series
from tonne.engine.data.store import text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem
from tonne.engine.findings import Finding, Severity

MAX_FALLS = 10_000  # of one file; a register that rolls over more often is none


@dataclass(frozen=True)
class _Turn:
    """An instant at which a register goes on from another value: after a reset, or on another instrument."""

    at: int
    before: Device
    after: Device
    last: Fraction | None
    first: Fraction | None


@dataclass(frozen=True)
class _Pair:
    """Two readings of a register that follow each other."""

    row: int
    key: tuple[str, ...]
    former_row: int
    former_moment: int
    former: Fraction
    moment: int
    value: Fraction


def take_differences(series: Series, register: MeterRegister) -> list[Finding]:
    """Replace the totals of a register by the amounts between one reading and the next.

    Raises:
        DataError: a register falls, and the register of meters does not say why.
    """
    series.sql.ask(
        "CREATE OR REPLACE TABLE {pairs} AS SELECT *, lag(struct_pack(row := row, moment := moment, "
        "value := value)) OVER (PARTITION BY {key} ORDER BY moment) AS former FROM {table}"
    )
    turns = _turns(register, series.time)
    pairs = _odd_pairs(series, turns)
    amounts: dict[tuple[int, str, int], Fraction] = {}  # by row, meter and instant: a row can hold several meters
    problems: list[Problem] = []
    counted: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        crossed = [turn for turn in turns.get(pair.key[0], []) if pair.former_moment <= turn.at < pair.moment]
        found = _amount(series, pair, crossed, register, counted)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            amounts[pair.row, pair.key[0], pair.moment] = found
    if problems:
        raise DataError(cut_problems(problems[:SHOWN_PROBLEMS], len(problems), series.shown))
    series.sql.ask(
        "CREATE OR REPLACE TABLE {table} AS SELECT row, {key}, moment, slot, former.moment AS begins, "
        "moment AS ends, CAST(value - former.value AS {value}) AS value, former.row AS earlier, substituted, measured_by "
        "FROM {pairs} WHERE former IS NOT NULL",
        value=VALUE,
    )
    findings = apply_multipliers(series, register)
    _put(series, amounts)
    return [*findings, *_events(series, counted)]


def _turns(register: MeterRegister, time: LocalTime) -> dict[str, list[_Turn]]:
    """List the instants at which registers go on from another value, in order, by the name of the readings."""
    found: dict[str, list[_Turn]] = {}
    for label, devices in register.devices.items():
        for number, device in enumerate(devices):
            dial = device.meter.dial
            turns = found.setdefault(label, [])
            turns += [
                _Turn(instant_at(reset.at, time.zone), device, device, reset.last, reset.first)
                for reset in (dial.resets if dial else [])
            ]
            if number + 1 < len(devices):
                other = devices[number + 1]
                first = other.meter.dial.first if other.meter.dial else None
                turns.append(_Turn(other.begins, device, other, dial.last if dial else None, first))
        found[label].sort(key=lambda turn: turn.at)
    return found


def _odd_pairs(series: Series, turns: dict[str, list[_Turn]]) -> list[_Pair]:
    """Find the pairs of readings between which a register falls, or goes on from another value."""
    crossing = [
        f"(meter = {text_literal(label)} AND former.moment <= {turn.at} AND moment > {turn.at})"
        for label, each in turns.items()
        for turn in each
    ]
    rows = series.sql.ask(
        "SELECT row, {key}, former.row, former.moment, former.value, moment, value FROM {pairs} "
        "WHERE {odd} ORDER BY row LIMIT ?",
        MAX_FALLS + 1,
        odd=" OR ".join(["value < former.value", *crossing]),
    )
    if len(rows) > MAX_FALLS:
        what = f"registers fall or are exchanged more than {MAX_FALLS:,} times"
        raise DataError(Problem(what, Place(series.shown), hint="is `reads: register` right for this column?"))
    return [
        _Pair(row, tuple(key), earlier, begins, Fraction(before), moment, Fraction(value))
        for row, *key, earlier, begins, before, moment, value in rows
    ]


def _amount(
    series: Series, pair: _Pair, crossed: list[_Turn], register: MeterRegister, counted: Counter[tuple[str, str]]
) -> Fraction | Problem:
    """Add up what the register counted between two readings, turn by turn, as real amounts."""
    devices = register.of(pair.key[0])
    device = crossed[0].before if crossed else _in_service(devices, pair.former_moment)
    total, shown = Fraction(0), pair.former
    for turn in crossed:
        if turn.last is None or turn.first is None:
            return _unknown_turn(series, pair, turn)
        found = _step(series, pair, device, shown, turn.last, counted)
        if isinstance(found, Problem):
            return found
        total, shown, device = total + found, turn.first, turn.after
        counted[pair.key[0], "reset" if turn.before is turn.after else "swapped"] += 1
    found = _step(series, pair, device, shown, pair.value, counted)
    return found if isinstance(found, Problem) else total + found


def _in_service(devices: tuple[Device, ...], instant: int) -> Device | None:
    return next((device for device in reversed(devices) if device.begins <= instant), devices[0] if devices else None)


def _step(
    series: Series,
    pair: _Pair,
    device: Device | None,
    before: Fraction,
    after: Fraction,
    counted: Counter[tuple[str, str]],
) -> Fraction | Problem:
    amount = after - before
    dial = device.meter.dial if device else None
    if amount < 0:
        span = 10**dial.digits if dial and dial.digits else None
        if span is None or max(before, after) >= span or amount + span >= Fraction(span, 2):
            return _backwards(series, pair, before, after, span)
        amount += span
        counted[pair.key[0], "roll_over"] += 1
    return amount * multiplier_of(device)


def multiplier_of(device: Device | None) -> Fraction:
    """Give what the readings of an instrument are still to be multiplied by."""
    ratio = device.meter.ratio if device else None
    return ratio.multiplier if ratio and not ratio.applied else Fraction(1)


def _backwards(series: Series, pair: _Pair, before: Fraction, after: Fraction, span: int | None) -> Problem:
    hint = (
        "say in `meters:` why: `dial: {digits: …}` for a roll-over, `dial: {resets: […]}` for a reset, "
        "`in_service:` of both meters for an exchange; else correct the reading"
    )
    if span is not None:
        hint = (
            f"a roll-over at {span} would give {exact_text(after - before + span)}, half of the dial or more, or a reading "
            "has more digits than the dial; state a reset or an exchange in `meters:`, or correct the reading"
        )
    return Problem(
        f"the register of meter {series.name(pair.key)} runs backwards",
        series.place(pair.row, series.spec.value.column),
        f"at least {exact_text(before)}, as in row {pair.former_row}",
        exact_text(after),
        hint,
    )


def _unknown_turn(series: Series, pair: _Pair, turn: _Turn) -> Problem:
    missing = [
        f"`dial: {{{field}: …}}` of {device.key}"
        for field, device, value in (("last", turn.before, turn.last), ("first", turn.after, turn.first))
        if value is None
    ]
    return Problem(
        f"meter {turn.before.key} was exchanged for {turn.after.key} between two readings of {series.name(pair.key)}",
        series.place(pair.row, series.spec.value.column),
        hint=f"what the registers showed then is needed: state {' and '.join(missing)}",
    )


def note_exchanges(series: Series, register: MeterRegister) -> list[Finding]:
    """Say which meters that give amounts, rates or states were exchanged in the period.

    Raises:
        DataError: the two instruments differ in their multiplier, and a reading is of both.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for label, devices in register.devices.items():
        for one, other in pairwise(devices):
            rows = series.sql.ask(
                "SELECT min(row), min(row) FILTER (begins < ? AND ends > ?) FROM {table} WHERE meter = ? "
                "HAVING min(begins) < ? AND max(ends) > ?",
                *(other.begins, one.ends, label, other.begins, other.begins),
            )
            if not rows:
                continue
            counted[label, "exchanged"] += 1
            if rows[0][1] is not None and multiplier_of(one) != multiplier_of(other):
                what = f"meters {one.key} and {other.key} with different multipliers were exchanged within this reading"
                place = series.place(rows[0][1], series.spec.value.column)
                raise DataError(Problem(what, place, hint="give readings that begin and end with the exchange"))
    return _events(series, counted)


def apply_multipliers(series: Series, register: MeterRegister) -> list[Finding]:
    """Multiply the readings of the meters whose readings are stated before the transformer ratio.

    Raises:
        DataError: a value is too large.
    """
    findings = []
    for label, devices in register.devices.items():
        for device in devices:
            multiplier = multiplier_of(device)
            if multiplier == 1:
                continue
            ((count,),) = series.sql.ask(
                "SELECT count(*) FROM {table} WHERE {of_device}", of_device=_of_device(label, device)
            )
            if not count:
                continue
            _multiply(series, label, device, multiplier)
            findings.append(_multiplied(series, device, multiplier, count))
    return findings


def _of_device(label: str, device: Device) -> str:
    return f"meter = {text_literal(label)} AND begins >= {device.begins} AND begins < {device.ends}"


def _multiply(series: Series, label: str, device: Device, multiplier: Fraction) -> None:
    try:
        series.sql.ask(
            "UPDATE {table} SET value = CAST(value * CAST('{multiplier}' AS DECIMAL(20, {places})) AS {value}) "
            "WHERE {of_device}",
            multiplier=exact_text(multiplier),
            places="0" if multiplier.denominator == 1 else "6",
            value=VALUE,
            of_device=_of_device(label, device),
        )
    except duckdb.OutOfRangeException:
        what = f"readings of meter {device.key} are too large to be multiplied by {exact_text(multiplier)}"
        raise DataError(Problem(what, Place(series.shown), hint="state the values in a larger unit")) from None


def _multiplied(series: Series, device: Device, multiplier: Fraction, count: int) -> Finding:
    text = exact_text(multiplier)
    return Finding(
        "meter.multiplied",
        Severity.NOTE,
        f"{series.shown}中计量器具{device.key}的{count}条读数为未乘倍率的示值，已乘以倍率{text}。",
        f"{series.shown}: {count} readings of meter {device.key} are stated before the transformer ratio and were "
        f"multiplied by {text}.",
        {"meter": device.label, "device": device.key, "multiplier": text, "readings": count, "files": [series.shown]},
        device.place,
    )


def _put(series: Series, amounts: dict[tuple[int, str, int], Fraction]) -> None:
    """Put in the amounts of the pairs between which a register turned."""
    if not amounts:
        return
    values = {key: rounded(amount) for key, amount in amounts.items()}
    if None in values.values():
        what = f"an amount of column '{series.spec.value.column}' is too large"
        raise DataError(Problem(what, Place(series.shown), hint="state the values in a larger unit"))
    series.sql.ask(
        "UPDATE {table} SET value = CAST(turned.value AS {value}) "
        "FROM (SELECT unnest(?) AS row, unnest(?) AS meter, unnest(?) AS moment, unnest(?) AS value) AS turned "
        "WHERE {table}.row = turned.row AND {table}.meter = turned.meter AND {table}.moment = turned.moment",
        *(list(part) for part in zip(*values, strict=True)),
        [f"{value:f}" for value in values.values()],
        value=VALUE,
    )


_EVENTS: dict[str, tuple[str, str, str]] = {
    "roll_over": (
        "meter.roll_over",
        "计量点{meter}的示值在监测期内有{count}次翻转（到满量程后归零），已按字轮位数补足。",
        "The register of meter {meter} rolled over {count} time(s) in the period; the dial was added.",
    ),
    "reset": (
        "meter.reset",
        "计量点{meter}的示值在监测期内有{count}次人为复位，用量按复位前后示值分段计算。",
        "The register of meter {meter} was reset {count} time(s) in the period; the amounts are those before and after.",
    ),
    "swapped": (
        "meter.swapped",
        "计量点{meter}在监测期内更换计量器具{count}次，用量按拆回表止码和新装表起码分段计算。",
        "Meter {meter} was exchanged {count} time(s) in the period; the amounts are those before and after the exchange.",
    ),
    "exchanged": (
        "meter.swapped",
        "计量点{meter}在监测期内更换计量器具{count}次，读数按各自投运期间核对校准有效期。",
        "Meter {meter} was exchanged {count} time(s) in the period; each reading is held against its own instrument.",
    ),
}


def _events(series: Series, counted: Counter[tuple[str, str]]) -> list[Finding]:
    findings = []
    for (meter, event), count in sorted(counted.items()):
        code, zh, en = _EVENTS[event]
        evidence: dict[str, Any] = {"meter": meter, "count": count, "files": [series.shown]}
        words = {"meter": meter, "count": count}
        findings.append(
            Finding(
                code,
                Severity.NOTE,
                f"{series.shown}：{zh.format(**words)}",
                f"{series.shown}: {en.format(**words)}",
                evidence,
                Place(series.shown),
            )
        )
    return findings

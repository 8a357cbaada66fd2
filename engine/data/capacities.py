"""Holds every reading against the rated capacity behind its parameter, and those of the night against darkness.

Works on the readings as they are fed, all meters of a time together; values without readings are judged by step in
`verification`. Changes nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine.data.amounts import DECIMALS, exact_text
from tonne.engine.data.cross_checks import Loaded
from tonne.engine.data.dataset import DatasetBuilder
from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.feeds import TAKEN, sql_number
from tonne.engine.data.fillings import Fed
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.nights import nights
from tonne.engine.data.project import Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.registers import Capacity
from tonne.engine.data.store import Statements, quoted
from tonne.engine.errors import Problem, ProjectError
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import parse_unit, reading_conversion

SHOWN = 20
_SCALE = 10**DECIMALS


@dataclass(frozen=True)
class _Held:
    """One feed of one file that is held against a capacity."""

    project: Project
    name: str
    capacity: Capacity
    loaded: LoadedReadings
    item: Fed
    domain: Domain
    sql: Statements

    @property
    def rate(self) -> Fraction:
        """The capacity in the unit of the file, for an hour where the file holds amounts."""
        place = self.project.document.place("capacities", self.name, "unit", "=")
        loaded = self.loaded
        given, unit = parse_unit(self.capacity.unit, place), parse_unit(loaded.spec.value.unit, loaded.unit_place)
        if self.is_amount:
            given *= parse_unit("h")
        factor, _ = reading_conversion(given, unit, place)
        return self.capacity.value * factor

    @property
    def is_amount(self) -> bool:
        return self.loaded.spec.value.reads in {"interval", "register"}

    @property
    def to_parameter(self) -> Fraction:
        """What an amount of the file, or a rate times an hour, is multiplied by."""
        unit = parse_unit(self.loaded.spec.value.unit, self.loaded.unit_place)
        origin = unit if self.is_amount else unit * parse_unit("h")
        return reading_conversion(origin, self.item.target.unit, self.loaded.unit_place)[0]

    def hours(self, span: int) -> Fraction:
        return Fraction(span, FIXED["hour"])


def compare_capacities(
    project: Project, domain: Domain, store: duckdb.DuckDBPyConnection, read: Loaded, work: DatasetBuilder
) -> None:
    """Report the readings above the capacity behind them, and those of a solar plant in the dark."""
    for name, capacity in project.spec.capacities.items():
        for loaded, fed in read.values():
            item = fed.get(capacity.parameter)
            if item is None or loaded.spec.value.reads == "state":
                continue
            tables = {part: quoted(f"{part} {loaded.name}") for part in ("slots", "nights")}
            sql = Statements(store, {"table": loaded.fed, **tables})
            held = _Held(project, name, capacity, loaded, item, domain, sql)
            members = "".join(f", l{loaded.labels.index(column)}" for column in item.feed.by.values())
            sql.ask(
                "CREATE OR REPLACE TABLE {slots} AS SELECT begins, ends{members}, sum({taken}) AS total "
                "FROM {table} GROUP BY begins, ends{members}",
                members=members,
                taken=TAKEN[item.feed.take],
            )
            limits = _limits(held, 1 + capacity.tolerance)
            if limits:
                work.findings.extend(_exceeded(held, limits))
            if capacity.dark_at_night:
                work.findings.extend(_at_night(held))
            sql.ask("DROP TABLE {slots}")


def _limits(held: _Held, share: Fraction) -> str:
    """Write the SQL of the most that a time can hold, by its length; empty without readings."""
    rate = held.rate * share
    if not held.is_amount:
        return sql_number(Fraction(math.floor(rate * _SCALE), _SCALE))
    cases = [
        f"WHEN {span} THEN {sql_number(Fraction(math.floor(rate * held.hours(span) * _SCALE), _SCALE))}"
        for (span,) in held.sql.ask("SELECT DISTINCT ends - begins FROM {slots} ORDER BY ALL")
    ]
    return f"CASE ends - begins {' '.join(cases)} END" if cases else ""


def _excess(held: _Held, condition: str, amount: str) -> tuple[dict[Index, Fraction], list[dict[str, Any]], int]:
    """Add up by index what is too much; with the largest cases and the count."""
    target, time, by = held.item.target, held.loaded.time, list(held.item.feed.by)
    members = "".join(f", l{held.loaded.labels.index(column)}" for column in held.item.feed.by.values())
    number = time.number(target.step, "begins") if target.step else "NULL"
    rows = held.sql.ask(
        "SELECT {number} AS number{members}, {span} AS span, sum({amount}), count(*) FROM {slots} WHERE {condition} "
        "GROUP BY number{members}, span",
        number=number,
        members=members,
        span="0" if held.is_amount else "ends - begins",
        amount=amount,
        condition=condition,
    )
    found: dict[Index, Fraction] = {}
    count = 0
    for step, *names, span, total, cases in rows:
        named = dict(zip(by, names, strict=True)) | held.item.feed.at
        key = tuple(step if name == target.clock else named[name] for name in target.over)
        hours = Fraction(1) if held.is_amount else held.hours(span)
        found[key] = found.get(key, Fraction(0)) + Fraction(total) * hours * held.to_parameter
        count += cases
    largest = held.sql.ask(
        "SELECT begins, ends, total FROM {slots} WHERE {condition} ORDER BY {amount} DESC, begins LIMIT ?",
        SHOWN,
        condition=condition,
        amount=amount,
    )
    cases = [
        {"first": time.text(begins), "last": time.text(ends), "value": exact_text(total)}
        for begins, ends, total in largest
    ]
    return found, cases, count


def _exceeded(held: _Held, limits: str) -> list[Finding]:
    found, cases, count = _excess(held, f"total > {limits}", f"(total - {limits})")
    if not count:
        return []
    first, unit, capacity = cases[0], held.loaded.spec.value.unit, held.capacity
    rated = f"{exact_text(capacity.value)} {capacity.unit}"
    return [
        Finding(
            "capacity.exceeded",
            Severity.CORRECTIVE_ACTION,
            f"{held.loaded.facts.shown}：参数{capacity.parameter}有{count}个时段的读数超过装机（额定）能力{rated}，超出最多的时段自"
            f"{first['first']}至{first['last']}，读数为{first['value']} {unit}；请核实读数、倍率和单位。",
            f"{held.loaded.facts.shown}: {count} readings of {capacity.parameter} are above the rated capacity of {rated}, "
            f"most of all {first['value']} {unit} from {first['first']} to {first['last']}. Please verify readings, "
            "multiplier and unit.",
            _evidence(held, found, cases, count),
            held.project.document.place("capacities", held.name),
        )
    ]


def _at_night(held: _Held) -> list[Finding]:
    location = held.project.spec.location
    place = held.project.document.place("capacities", held.name, "dark_at_night", "=")
    if location is None or location.latitude is None or location.longitude is None:
        what = "`dark_at_night:` needs the place of the plant"
        raise ProjectError(Problem(what, place, hint="give `latitude:` and `longitude:` under `location:`"))
    period = held.loaded.time.period
    dark = nights(float(location.latitude), float(location.longitude), period.start, period.end)
    held.sql.ask(
        "CREATE OR REPLACE TABLE {nights} AS SELECT unnest(?) AS dusk, unnest(?) AS dawn",
        [begins for begins, _ in dark],
        [ends for _, ends in dark],
    )
    held.sql.ask(
        "CREATE OR REPLACE TABLE {slots} AS SELECT slots.* FROM {slots} AS slots ASOF JOIN {nights} AS nights "
        "ON slots.begins >= nights.dusk WHERE slots.ends <= nights.dawn"
    )
    least = _limits(held, held.capacity.tolerance)
    if not least:
        return []
    found, cases, count = _excess(held, f"total > {least}", "total")
    if not count:
        return []
    first, unit, parameter = cases[0], held.loaded.spec.value.unit, held.capacity.parameter
    return [
        Finding(
            "capacity.at_night",
            Severity.CORRECTIVE_ACTION,
            f"{held.loaded.facts.shown}：参数{parameter}有{count}个夜间时段（太阳低于地平线6度以下）存在发电读数，最大为{first['value']} "
            f"{unit}（自{first['first']}至{first['last']}）；请核实时区、时间戳和电量方向。",
            f"{held.loaded.facts.shown}: {count} readings of {parameter} show generation in the dark (sun more than 6 degrees "
            f"below the horizon), at most {first['value']} {unit} from {first['first']} to {first['last']}. Please verify "
            "time zone, time stamps and direction.",
            _evidence(held, found, cases, count),
            held.project.document.place("capacities", held.name),
        )
    ]


def _evidence(held: _Held, found: Mapping[Index, Fraction], cases: list[dict[str, Any]], count: int) -> dict[str, Any]:
    over = held.item.target.over
    return {
        "capacity": held.name,
        "parameter": held.capacity.parameter,
        "files": [held.loaded.facts.shown],
        "count": count,
        "cases": cases,
        "unit": held.item.target.unit.text,
        "excess": {held.domain.label(over, index): exact_text(value) for index, value in sorted(found.items())},
    }

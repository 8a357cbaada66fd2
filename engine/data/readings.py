"""Reads a file of time-stamped readings into the store: exact values, each with the interval it stands for.

Judges the cells, the meters, the time stamps and registers; what several readings of one meter say together
is in `series`, what becomes of them in `feeds`. Estimates nothing and fills no gap.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from tonne.engine.data.amounts import DECIMALS, DIGITS, NUMBER, exact_text, number_problem, shortened
from tonne.engine.data.intake import FileFacts, columns_query, cut_problems, inspect, read
from tonne.engine.data.local_time import Grid, LocalTime, lay_grid, local_time
from tonne.engine.data.project import Period, Project, Readings
from tonne.engine.data.series import SHOWN_EXAMPLES, VALUE, Series, find_gaps, resolve_duplicates, rounded
from tonne.engine.data.store import Statements, quoted, text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding, Severity

STAMP = (
    r"(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
    r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
)
LOCAL_STAMP = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
PLAIN = rf"[+-]?[0-9]{{1,{DIGITS}}}(\.[0-9]{{1,{DECIMALS}}})?"


@dataclass(frozen=True)
class LoadedReadings:
    """A file of readings in the store, one row for each that lies in the monitoring period.

    The columns of the table are row, meter, l0, l1, … (labels), moment, begins, ends, value and earlier. The
    value is the amount, rate or state of the time from `begins` to `ends`; of a register it is the difference
    to the reading in the row `earlier`. Instants are microseconds since 1970 in UTC.
    """

    name: str
    spec: Readings
    facts: FileFacts
    place: Place  # in the project file
    unit_place: Place
    time: LocalTime
    grid: Grid
    table: str
    labels: tuple[str, ...]
    count: int
    findings: tuple[Finding, ...]


def load_readings(
    store: duckdb.DuckDBPyConnection, project: Project, name: str, period: Period | None = None
) -> LoadedReadings:
    """Read, check and lay out one file of readings.

    Args:
        store: where the table is made, able to read the project's folder.
        project: the project.
        name: which of its files of readings.
        period: the monitoring period, if it is not the one of the project file.

    Raises:
        ProjectError: the file is not described well.
        DataError: the file cannot be used; with every fault of a kind.
    """
    spec = project.spec.readings[name]
    if spec.value.reads == "interval" and spec.time.marks == "instant":
        place = project.document.place("readings", name, "time", "marks", "=")
        hint = "say whether the time stamp is the start or the end of the interval"
        raise ProjectError(Problem("an amount belongs to an interval, not to an instant", place, hint=hint))
    facts = inspect(project.path(spec.file, "readings", name, "file"), spec.file)
    time = local_time(project.zone, period or project.spec.monitoring_period)
    labels = tuple(dict.fromkeys(column for feed in spec.feeds for column in feed.by.values()))
    key = ", ".join(["meter", *(f"l{index}" for index in range(len(labels)))])
    table = quoted(f"readings {name}")
    sql = Statements(store, {"table": table, "cells": quoted(f"cells {name}"), "key": key})
    series = Series(sql, spec, facts, time, lay_grid(spec.time.interval, time), labels)
    _read_cells(series)
    findings = [*_choose_meters(series), *_take_long_numbers(series)]
    _refuse_cells(series)
    findings += _lay_out(series)
    findings += resolve_duplicates(series)
    _refuse_off_grid(series)
    findings += find_gaps(series)
    if series.is_register:
        _take_differences(series)
    else:
        _refuse_crossing(series)
    sql.ask("DROP TABLE {cells}")
    ((count,),) = sql.ask("SELECT count(*) FROM {table}")
    document = project.document
    places = document.place("readings", name), document.place("readings", name, "value", "unit", "=")
    return LoadedReadings(
        name, spec, facts, *places, time, series.grid, table, labels, count, tuple(findings)
    )


def _read_cells(series: Series) -> None:
    spec = series.spec
    columns = {"stamp": spec.time.column, "amount": spec.value.column}
    columns |= {"meter": spec.meter.column} if spec.meter.column else {}
    columns |= {f"l{index}": column for index, column in enumerate(series.labels)}
    query, values = columns_query(series.facts, columns)
    meter = "" if spec.meter.name is None else f"{text_literal(spec.meter.name)} AS "
    statement = (
        "CREATE OR REPLACE TABLE {cells} AS SELECT row, {meter}{key}, "
        "CASE WHEN regexp_full_match(stamp, {stamp}) THEN epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)) END AS moment, "
        "CASE WHEN regexp_full_match(amount, {plain}) THEN TRY_CAST(amount AS {value}) END AS value, "
        "CASE WHEN moment IS NULL THEN stamp END AS odd_stamp, "
        "CASE WHEN value IS NULL THEN amount END AS odd_amount FROM ({query})"
    ).format(
        **series.sql.parts,
        meter=meter,
        query=query,
        value=VALUE,
        stamp=text_literal(STAMP),
        plain=text_literal(PLAIN),
    )
    read(series.sql.store, series.facts, statement, values)


def _choose_meters(series: Series) -> list[Finding]:
    only = series.spec.meter.only
    if only is None:
        return []
    found = dict(
        series.sql.ask(
            "SELECT meter, count(*) FROM {cells} WHERE meter IS NOT NULL GROUP BY meter ORDER BY meter"
        )
    )
    unknown = [meter for meter in only if meter not in found]
    if unknown:
        known = f"the meters are {listing(list(found))}"
        raise DataError(
            Problem(
                f"there are no readings of meter '{meter}'",
                Place(series.shown, field=series.spec.meter.column),
                hint=" ".join(filter(None, [nearest(meter, found), known])),
            )
            for meter in unknown
        )
    others = {meter: count for meter, count in found.items() if meter not in only}
    if not others:
        return []
    series.sql.ask("DELETE FROM {cells} WHERE meter NOT IN (SELECT unnest(?))", only)
    names = list(others)
    return [
        Finding(
            "readings.meters_left_out",
            Severity.NOTE,
            f"{series.shown}中{len(names)}个计量点({listing(names)})未列入项目文件，其读数未采用。",
            f"{series.shown}: the readings of {len(names)} meters that the project does not name are left out "
            f"({listing(names)}).",
            {"meters": others},
            Place(series.shown),
        )
    ]


def _take_long_numbers(series: Series) -> list[Finding]:
    """Read the numbers with an exponent, or with more digits than the store holds."""
    texts = series.sql.ask(
        "SELECT odd_amount, min(row), count(*) FROM {cells} WHERE regexp_full_match(odd_amount, {number}) "
        "GROUP BY odd_amount ORDER BY min(row)",
        number=text_literal(NUMBER),
    )
    taken = {text: value for text, _, _ in texts if (value := rounded(Fraction(text))) is not None}
    if not taken:
        return []
    series.sql.ask(
        "UPDATE {cells} SET value = CAST(taken.value AS {value}), odd_amount = NULL "
        "FROM (SELECT unnest(?) AS text, unnest(?) AS value) AS taken WHERE odd_amount = taken.text",
        list(taken),
        [f"{value:f}" for value in taken.values()],
        value=VALUE,
    )
    inexact = [
        (text, row, count) for text, row, count in texts if text in taken and taken[text] != Fraction(text)
    ]
    if not inexact:
        return []
    count = sum(count for _, _, count in inexact)
    text, row, _ = inexact[0]
    return [
        Finding(
            "readings.rounded",
            Severity.NOTE,
            f"{series.shown}中有{count}个数值的小数位超过{DECIMALS}位，已按四舍六入五成双修约至{DECIMALS}位"
            f"(首例：第{row}行，{text})。",
            f"{series.shown}: {count} values have more than {DECIMALS} decimals and are rounded half-even to "
            f"{DECIMALS} (first: {text} in row {row}).",
            {
                "count": count,
                "decimals": DECIMALS,
                "examples": [
                    {"row": row, "value": text, "taken": exact_text(taken[text])}
                    for text, row, _ in inexact[:SHOWN_EXAMPLES]
                ],
            },
            Place(series.shown),
        )
    ]


def _refuse_cells(series: Series) -> None:
    spec = series.spec
    columns = {"stamp": spec.time.column, "amount": spec.value.column, "meter": spec.meter.column}
    columns |= {f"l{index}": column for index, column in enumerate(series.labels)}
    empty = "SELECT row, '{0}' AS fault, NULL AS text FROM {{cells}} WHERE {0} IS NULL"
    faults = [
        "SELECT row, 'stamp' AS fault, odd_stamp AS text FROM {cells} WHERE moment IS NULL",
        "SELECT row, 'amount' AS fault, odd_amount AS text FROM {cells} WHERE odd_amount IS NOT NULL",
        *(empty.format(name) for name in columns if name not in {"stamp", "amount"}),
    ]
    rows = series.sql.ask(
        "SELECT row, fault, text, count(*) OVER () FROM ("
        + " UNION ALL ".join(faults)
        + ") ORDER BY row, fault LIMIT ?",
        SHOWN_PROBLEMS,
    )
    if rows:
        problems = [
            _cell_problem(series.place(row, columns[fault]), fault, text) for row, fault, text, _ in rows
        ]
        raise DataError(cut_problems(problems, rows[0][-1], series.shown))


def _cell_problem(place: Place, fault: str, text: str | None) -> Problem:
    if text is None:
        what = {"stamp": "there is no time", "meter": "there is no meter"}.get(fault, "there is no member")
        return Problem(what, place, found="an empty cell")
    if fault == "stamp":
        what = "the time is not a date and time with its offset from UTC"
        return Problem(
            what, place, "a form such as 2014-01-01T00:00:00+08:00", shortened(text), _stamp_hint(text)
        )
    return number_problem(place, text)


def _stamp_hint(text: str) -> str | None:
    if re.fullmatch(LOCAL_STAMP, text, re.ASCII):
        return "add the offset, as in +08:00 or Z; without it an hour of local time can occur twice"
    if re.fullmatch(STAMP, text, re.ASCII):
        return "there is no such day"
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]24:", text):
        return "midnight at the end of a day is 00:00 of the next day"
    return None


def _lay_out(series: Series) -> list[Finding]:
    """Make the table of the readings in the period, each with its interval."""
    grid, time, marks = series.grid, series.time, series.spec.time.marks
    if series.is_register:
        probe, inside = "moment", f"moment BETWEEN {time.begins} AND {time.ends}"
    elif marks == "end":
        probe, inside = "(moment - 1)", f"moment > {grid.begins} AND moment <= {grid.ends}"
    else:
        probe, inside = "moment", f"moment >= {grid.begins} AND moment < {time.ends}"
    begins, ends, edges = f"{grid.begins} + slot * {grid.size}", f"begins + {grid.size}", ""
    if grid.size is None:
        series.sql.ask(
            "CREATE OR REPLACE TEMP TABLE edges AS SELECT unnest(range(?)) AS slot, unnest(?) AS begins, "
            "unnest(?) AS ends",
            grid.count + 1,
            list(grid.edges),
            [*grid.edges[1:], grid.edges[-1]],
        )
        begins, ends, edges = "edges.begins", "edges.ends", "LEFT JOIN edges USING (slot)"
    series.sql.ask(
        "CREATE OR REPLACE TABLE {table} AS SELECT row, {key}, moment, slot, {begins} AS begins, {ends} AS ends, "
        "value, CAST(NULL AS BIGINT) AS earlier "
        "FROM (SELECT *, {slot} AS slot FROM {cells} WHERE value IS NOT NULL AND {inside}) {edges}",
        begins=begins,
        ends=ends,
        edges=edges,
        inside=inside,
        slot=grid.index(time, probe),
    )
    return _left_out(series, inside)


def _left_out(series: Series, inside: str) -> list[Finding]:
    time = series.time
    sides = series.sql.ask(
        "SELECT moment >= ? AS late, count(*), min(moment), max(moment) FROM {cells} "
        "WHERE value IS NOT NULL AND NOT ({inside}) GROUP BY late ORDER BY late",
        time.ends,
        inside=inside,
    )
    if not sides:
        return []
    extents = {
        "after" if late else "before": {"count": count, "first": time.text(first), "last": time.text(last)}
        for late, count, first, last in sides
    }
    total = sum(count for _, count, _, _ in sides)
    words = {"before": ("之前", "before"), "after": ("之后", "after")}
    zh = "，".join(
        f"监测期{words[side][0]}{part['count']}条(自{part['first']}至{part['last']})"
        for side, part in extents.items()
    )
    en = ", ".join(
        f"{part['count']} {words[side][1]} it from {part['first']} to {part['last']}"
        for side, part in extents.items()
    )
    return [
        Finding(
            "readings.outside_period",
            Severity.NOTE,
            f"{series.shown}中有{total}条读数不在监测期({time.period.start}至{time.period.end})内，未采用：{zh}。",
            f"{series.shown}: {total} readings are outside the monitoring period ({time.period.start} to "
            f"{time.period.end}) and left out: {en}.",
            {"count": total, **extents},
            Place(series.shown),
        )
    ]


def _refuse_off_grid(series: Series) -> None:
    spec, time = series.spec, series.time
    if spec.time.marks == "instant" and spec.value.reads in {"state", "register"}:
        return
    mark = "ends" if spec.time.marks == "end" and not series.is_register else "begins"
    rows = series.sql.ask(
        "SELECT row, {key}, moment, count(*) OVER () FROM {table} WHERE moment IS DISTINCT FROM {mark} ORDER BY row LIMIT ?",
        SHOWN_PROBLEMS,
        mark=mark,
    )
    if not rows:
        return
    ((distance,),) = series.sql.ask(
        "SELECT min(distance) FROM (SELECT moment - lag(moment) OVER (PARTITION BY {key} ORDER BY moment) "
        "AS distance FROM {table})"
    )
    hint = f"intervals of {spec.time.interval} are counted from local midnight"
    if distance:
        hint += f"; the closest readings of a meter are {_duration(distance)} apart"
    problems = [
        Problem(
            f"the reading of meter {series.name(key)} is not on the grid of its interval",
            series.place(row, spec.time.column),
            f"a time at which an interval of {spec.time.interval} {mark}",
            time.text(moment),
            hint,
        )
        for row, *key, moment, _ in rows
    ]
    raise DataError(cut_problems(problems, rows[0][-1], series.shown))


def _duration(length: int) -> str:
    for size, name in ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s")):
        if length % size == 0:
            return f"{length // size} {name}"
    return f"{exact_text(Fraction(length, 1_000_000))} s"


def _refuse_crossing(series: Series) -> None:
    """Refuse amounts of an interval that is only in part in the period; a state holds in that part."""
    time = series.time
    if series.spec.value.reads == "state":
        series.sql.ask("UPDATE {table} SET begins = ? WHERE begins < ?", time.begins, time.begins)
        series.sql.ask("UPDATE {table} SET ends = ? WHERE ends > ?", time.ends, time.ends)
        return
    rows = series.sql.ask(
        "SELECT row, begins, ends, count(*) OVER () FROM {table} WHERE begins < ? OR ends > ? ORDER BY row LIMIT ?",
        time.begins,
        time.ends,
        SHOWN_PROBLEMS,
    )
    if not rows:
        return
    problems = [
        Problem(
            "the interval of the reading crosses an end of the monitoring period",
            series.place(row, series.spec.time.column),
            f"readings that begin and end between {time.period.start} and {time.period.end}",
            f"{time.text(begins)} to {time.text(ends)}",
            "an amount cannot be divided; give readings of shorter intervals",
        )
        for row, begins, ends, _ in rows
    ]
    raise DataError(cut_problems(problems, rows[0][-1], series.shown))


def _take_differences(series: Series) -> None:
    """Replace the totals of a register by the differences between one reading and the next."""
    series.sql.ask(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT *, "
        "lag(struct_pack(row := row, moment := moment, value := value)) OVER (PARTITION BY {key} ORDER BY moment) "
        "AS former FROM {table}"
    )
    rows = series.sql.ask(
        "SELECT row, {key}, former.row, former.value, value, count(*) OVER () FROM pairs "
        "WHERE value < former.value ORDER BY row LIMIT ?",
        SHOWN_PROBLEMS,
    )
    if rows:
        hint = (
            "the roll-over and the exchange of a meter are declared in the register of meters, not read yet"
        )
        problems = [
            Problem(
                f"the register of meter {series.name(key)} runs backwards",
                series.place(row, series.spec.value.column),
                f"at least {exact_text(before)}, as in row {earlier}",
                exact_text(value),
                hint,
            )
            for row, *key, earlier, before, value, _ in rows
        ]
        raise DataError(cut_problems(problems, rows[0][-1], series.shown))
    series.sql.ask(
        "CREATE OR REPLACE TABLE {table} AS SELECT row, {key}, moment, slot, former.moment AS begins, "
        "moment AS ends, CAST(value - former.value AS {value}) AS value, former.row AS earlier "
        "FROM pairs WHERE former IS NOT NULL",
        value=VALUE,
    )

"""Reads a file of time-stamped readings into the store: exact values, each with the interval it stands for.

Judges where the readings lie: in the period and on the grid of their interval. Cells are judged in `cells`,
repetitions and gaps in `series`, register totals in `differences`. Estimates nothing and fills no gap.
"""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.cells import (
    bring_to_one_unit,
    choose_meters,
    open_readings,
    read_cells,
    refuse_cells,
    take_long_numbers,
)
from tonne.engine.data.differences import apply_multipliers, note_exchanges, take_differences
from tonne.engine.data.intake import FileFacts, cut_problems
from tonne.engine.data.local_time import Grid, LocalTime, lay_grid, local_time
from tonne.engine.data.meters import meter_register
from tonne.engine.data.project import Period, Project, Readings
from tonne.engine.data.series import Series, find_gaps, resolve_duplicates
from tonne.engine.data.store import Statements, quoted, text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, ProjectError
from tonne.engine.findings import Finding, Severity


@dataclass(frozen=True)
class LoadedReadings:
    """A file of readings in the store, one row for each that lies in the monitoring period.

    The columns of the table are row, meter, l0, l1, … (labels), moment, slot, begins, ends, value, earlier,
    substituted and measured_by; the value is the amount, rate or state of the time from `begins` to `ends`; of a
    register it is the difference to the reading in the row `earlier`. Instants are microseconds since 1970 in UTC.
    `substituted` is the method by which a missing reading was replaced, `measured_by` the meter that measured it.
    """

    name: str
    spec: Readings
    facts: FileFacts
    place: Place  # in the project file
    unit_place: Place
    time: LocalTime
    grid: Grid
    table: str
    fed: str  # the same without check and backup meters, which feed no parameter
    cells: str  # every reading of the file as it stands there; kept only where the project has substitutions for it
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
    register = meter_register(project)
    if spec.value.reads == "interval" and spec.time.marks == "instant":
        place = project.document.place("readings", name, "time", "marks", "=")
        hint = "say whether the time stamp is the start or the end of the interval"
        raise ProjectError(Problem("an amount belongs to an interval, not to an instant", place, hint=hint))
    facts = open_readings(store, project.path(spec.file, "readings", name, "file"), spec, quoted(f"file {name}"))
    time = local_time(project.zone, period or project.spec.monitoring_period)
    labels = spec.label_columns
    key = ", ".join(["meter", *(f"l{index}" for index in range(len(labels)))])
    table = quoted(f"readings {name}")
    # A name of a quantity has no blank in it, so that none of these can stand in the way of its table.
    passing = {part: quoted(f"{part} {name}") for part in ("cells", "edges", "repeated", "pairs")}
    cells = passing["cells"]
    sql = Statements(store, {"table": table, "key": key, **passing})
    series = Series(sql, spec, facts, time, lay_grid(spec.time.interval, time), labels)
    read_cells(series)
    findings = [*facts.notes, *choose_meters(series, register.beside), *take_long_numbers(series)]
    refuse_cells(series)
    bring_to_one_unit(series, project.document.place("readings", name, "value", "units"))
    findings += _lay_out(series)
    findings += resolve_duplicates(series)
    _refuse_off_grid(series)
    findings += find_gaps(series)
    if series.is_register:
        findings += take_differences(series, register)
    else:
        _refuse_crossing(series)
        findings += note_exchanges(series, register)
        findings += apply_multipliers(series, register)
    if any(rule.readings == name for rule in project.spec.substitutions):
        del passing["cells"]  # a substitute may be taken from any reading of the file
    for part in passing.values():
        sql.ask("DROP TABLE IF EXISTS {part}", part=part)
    ((count,),) = sql.ask("SELECT count(*) FROM {table}")
    document = project.document
    places = document.place("readings", name), document.place("readings", name, "value", "unit", "=")
    fed = _without(sql, register.beside, quoted(f"fed {name}"), table)
    return LoadedReadings(
        name, spec, facts, *places, time, series.grid, table, fed, cells, labels, count, tuple(findings)
    )


def _without(sql: Statements, beside: Collection[str], view: str, table: str) -> str:
    """Name the readings that may feed parameters: all but those of check and backup meters."""
    if not beside:
        return table
    labels = ", ".join(text_literal(label) for label in beside)
    sql.ask("CREATE OR REPLACE VIEW {view} AS FROM {table} WHERE meter NOT IN ({labels})", view=view, labels=labels)
    return view


def _lay_out(series: Series) -> list[Finding]:
    """Make the table of the readings in the period, each with its interval."""
    grid, time, marks = series.grid, series.time, series.spec.time.marks
    if series.is_register:
        probe, inside = "moment", f"moment BETWEEN {time.begins} AND {time.ends}"
    elif marks == "end":
        probe, inside = "(moment - 1)", f"moment > {grid.begins} AND moment <= {grid.ends}"
    else:
        probe, inside = "moment", f"moment >= {grid.begins} AND moment < {time.ends}"
    begins, ends, join = f"{grid.begins} + slot * {grid.size}", f"begins + {grid.size}", ""
    if grid.size is None:
        series.sql.ask(
            "CREATE OR REPLACE TABLE {edges} AS SELECT unnest(range(?)) AS slot, unnest(?) AS begins, "
            "unnest(?) AS ends",
            grid.count + 1,
            list(grid.edges),
            [*grid.edges[1:], grid.edges[-1]],
        )
        begins, ends, join = (
            "edges.begins",
            "edges.ends",
            series.sql.fill("LEFT JOIN {edges} AS edges USING (slot)"),
        )
    series.sql.ask(
        "CREATE OR REPLACE TABLE {table} AS SELECT row, {key}, moment, slot, {begins} AS begins, "
        "{ends} AS ends, value, CAST(NULL AS BIGINT) AS earlier, CAST(NULL AS VARCHAR) AS substituted, "
        "meter AS measured_by FROM (SELECT *, {slot} AS slot FROM {cells} WHERE value IS NOT NULL AND {inside}) {join}",
        begins=begins,
        ends=ends,
        join=join,
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
        f"监测期{words[side][0]}{part['count']}条（自{part['first']}至{part['last']}）"
        for side, part in extents.items()
    )
    en = ", ".join(
        f"{part['count']} {words[side][1]} it from {part['first']} to {part['last']}" for side, part in extents.items()
    )
    return [
        Finding(
            "readings.outside_period",
            Severity.NOTE,
            f"{series.shown}中有{total}条读数不在监测期（{time.period.start}至{time.period.end}）内，未采用：{zh}。",
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
        "SELECT row, {key}, moment, count(*) OVER () FROM {table} WHERE moment IS DISTINCT FROM {mark} "
        "ORDER BY row LIMIT ?",
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

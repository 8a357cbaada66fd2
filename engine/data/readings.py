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
from tonne.engine.data.differences import apply_multipliers, multiplier_of, note_exchanges, take_differences
from tonne.engine.data.file_rows import InFile, are_whole, readings_in_file
from tonne.engine.data.intake import FileFacts, cut_problems
from tonne.engine.data.local_time import Grid, Intervals, LocalTime, lay_grid, lay_intervals, local_time
from tonne.engine.data.meters import MeterRegister, meter_register
from tonne.engine.data.project import Period, Project, Readings
from tonne.engine.data.series import (
    Series,
    are_all_counted,
    count_slots,
    find_gaps,
    is_repeated,
    key_columns,
    resolve_duplicates,
)
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
    names: str  # a relation with a row for each meter and member; of a table, that table
    cells: str  # every reading of the file as it stands there; kept only where the project has substitutions for it
    labels: tuple[str, ...]
    count: int
    findings: tuple[Finding, ...]
    in_file: InFile | None = None  # where they stay in their file
    is_single: bool = False  # whether no interval of a series has two readings


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
    key = ", ".join(key_columns(labels))
    table = quoted(f"readings {name}")
    # A name of a quantity has no blank in it, so that none of these can stand in the way of its table.
    passing = {part: quoted(f"{part} {name}") for part in ("cells", "repeated", "pairs", "slots")}
    sql = Statements(store, {"table": table, "key": key, **passing})
    series = Series(sql, spec, facts, time, lay_grid(spec.time.interval, time), labels)
    filled = any(rule.readings == name for rule in project.spec.substitutions)
    in_file = None if filled or period else _leave_in_file(series, register)
    findings = list(facts.notes)
    if in_file is None:
        place = project.document.place("readings", name, "value", "units")
        findings += _read_into_table(series, register, place)
    is_single = not is_repeated(series)
    findings += _judged(series, register, in_file)
    # A substitute may be taken from any reading of the file.
    kept = {"cells"} if filled else {"cells", "slots"} if in_file else set()
    for part in passing.keys() - kept:
        sql.ask("DROP TABLE IF EXISTS {part}", part=passing[part])
    ((count,),) = sql.ask("SELECT count(*) FROM {table}")
    fed = _without(sql, register.beside, quoted(f"fed {name}"), table)
    return LoadedReadings(
        name=name,
        spec=spec,
        facts=facts,
        place=project.document.place("readings", name),
        unit_place=project.document.place("readings", name, "value", "unit", "="),
        time=time,
        grid=series.grid,
        table=table,
        fed=fed,
        names=passing["slots"] if in_file and fed == table else fed,
        cells=passing["cells"],
        labels=labels,
        count=count,
        findings=tuple(findings),
        in_file=in_file,
        is_single=is_single,
    )


def _read_into_table(series: Series, register: MeterRegister, place: Place) -> list[Finding]:
    """Bring the readings to the store cell by cell."""
    read_cells(series)
    findings = [*choose_meters(series, register.beside), *take_long_numbers(series)]
    refuse_cells(series)
    bring_to_one_unit(series, place)
    _lay_out(series, "TABLE")
    count_slots(series)
    return findings


def _judged(series: Series, register: MeterRegister, in_file: InFile | None) -> list[Finding]:
    """Judge where the readings lie, and settle what each of them stands for."""
    findings = [*_left_out(series), *resolve_duplicates(series)]
    _refuse_off_grid(series)
    findings += find_gaps(series)
    if series.is_register:
        return [*findings, *take_differences(series, register)]
    if in_file is None:  # otherwise the intervals of the grid fill the period
        _refuse_crossing(series)
    return [*findings, *note_exchanges(series, register), *apply_multipliers(series, register)]


def _leave_in_file(series: Series, register: MeterRegister) -> InFile | None:
    """Leave the readings where they are, with views of them, if nothing of them has to be changed."""
    try:
        found = readings_in_file(series)
        if found is not None and _are_left(series, register, found):
            return found
    except duckdb.Error:
        pass  # the file is damaged: reading its cells says where
    series.sql.ask("DROP VIEW IF EXISTS {table}")
    series.sql.ask("DROP VIEW IF EXISTS {cells}")
    return None


def _are_left(series: Series, register: MeterRegister, found: InFile) -> bool:
    """Make the views and count what they show; whether every reading can stay as it is."""
    known = series.sql.ask("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", found.counted)
    if not known and not are_whole(series, found):
        return False
    series.sql.ask("CREATE VIEW {cells} AS {rows}", rows=found.cells())
    _lay_out(series, "VIEW")
    # The hash has the store read every value, so that a damaged page is found here.
    ((absent, _),) = series.sql.ask("SELECT count(*) FILTER (value IS NULL), bit_xor(hash(value)) FROM {cells}")
    if absent:
        count_slots(series)
    else:
        if not known:
            count_slots(series, quoted(found.counted))
        series.sql.ask("CREATE TABLE {slots} AS FROM {rows}", rows=quoted(found.counted))
    meters = {meter for (meter,) in series.sql.ask("SELECT DISTINCT meter FROM {slots}")}
    devices = (device for label, devices in register.devices.items() if label in meters for device in devices)
    return not is_repeated(series) and all(multiplier_of(device) == 1 for device in devices)


def _without(sql: Statements, beside: Collection[str], view: str, table: str) -> str:
    """Name the readings that may feed parameters: all but those of check and backup meters."""
    if not beside:
        return table
    labels = ", ".join(text_literal(label) for label in beside)
    sql.ask("CREATE OR REPLACE VIEW {view} AS FROM {table} WHERE meter NOT IN ({labels})", view=view, labels=labels)
    return view


def _intervals(series: Series) -> Intervals:
    return lay_intervals(series.grid, series.time, "register" if series.is_register else series.spec.time.marks)


def _lay_out(series: Series, kind: str) -> None:
    """Make the table or view of the readings in the period, each with its interval, and count them."""
    series.sql.ask(
        "CREATE OR REPLACE {kind} {table} AS SELECT row, {key}, moment, slot, begins, ends, value, "
        "CAST(NULL AS BIGINT) AS earlier, CAST(NULL AS VARCHAR) AS substituted, meter AS measured_by "
        "FROM ({laid_out}) WHERE value IS NOT NULL",
        kind=kind,
        laid_out=_intervals(series).query(series.sql.fill("FROM {cells}")),
    )


def _left_out(series: Series) -> list[Finding]:
    if are_all_counted(series):
        return []
    time = series.time
    sides = series.sql.ask(
        "SELECT moment >= ? AS late, count(*), min(moment), max(moment) FROM {cells} "
        "WHERE value IS NOT NULL AND NOT ({inside}) GROUP BY late ORDER BY late",
        time.ends,
        inside=_intervals(series).inside,
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
    if not series.sql.ask("SELECT 1 FROM {slots} WHERE off_grid > 0 LIMIT 1"):
        return
    rows = series.sql.ask(
        "SELECT row, {key}, moment, count(*) OVER () FROM {table} WHERE moment IS DISTINCT FROM {mark} "
        "ORDER BY row LIMIT ?",
        SHOWN_PROBLEMS,
        mark=series.mark,
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
            f"a time at which an interval of {spec.time.interval} {series.mark}",
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

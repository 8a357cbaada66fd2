"""Reads tables of values by month, fuel and so on: exact sums at each index, with the rows they come from.

Every row names its index in full and its values may have a unit of their own. Judges no bounds, but that a flag is
0 or 1, and fills no gap: an index without a row has no value here.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import duckdb

from tonne.engine import calendar
from tonne.engine.data.amounts import DIGITS, YES_OR_NO, Key, Target, exact_text, number_problem, shortened
from tonne.engine.data.date_patterns import date_pattern
from tonne.engine.data.intake import FileFacts, columns_query, cut_problems, inspect, read
from tonne.engine.data.layout import Asked, is_plain, lay_out_file
from tonne.engine.data.number_text import plain_number
from tonne.engine.data.project import Period, Project, Records, TableColumn
from tonne.engine.data.store import quoted
from tonne.engine.errors import (
    SHOWN_PROBLEMS,
    DataError,
    Place,
    Problem,
    ProjectError,
    UnitError,
    listing,
    nearest,
)
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import Unit, parse_unit, reading_conversion

UnitFor = Callable[[str, dict[str, str]], Unit]

SHOWN_ROWS = 100
BATCH = 10_000

_FORMS = {
    "year": "2024",
    "month": "2024-03",
    "day": "2024-03-05",
    "hour": "2024-03-05T14",
    "minute": "2024-03-05T14:30",
}


@dataclass(frozen=True)
class RecordSource:
    """The rows that make one value of a parameter."""

    parameter: str
    key: Key
    count: int
    rows: tuple[int, ...]  # the first ones
    totals: Mapping[str, str]  # unit as written in the file to the exact sum of the values in it
    amount: str  # exact, in the unit of the parameter
    unit: str


@dataclass(frozen=True)
class LoadedRecords:
    """The values that one record table gives, by parameter and key."""

    name: str
    spec: Records
    facts: FileFacts
    values: Mapping[str, Mapping[Key, Fraction]]
    sources: tuple[RecordSource, ...]
    findings: tuple[Finding, ...]


@dataclass
class _Sum:
    """What has been added up at one index."""

    unit: Unit
    amount: Fraction = Fraction(0)
    count: int = 0
    rows: list[int] = field(default_factory=list)
    totals: dict[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class _Table:
    """A record table while its rows are read."""

    spec: Records
    facts: FileFacts
    period: Period
    targets: Mapping[str, Target]
    unit_for: UnitFor | None
    places: Mapping[str, Place]  # of the parameters in the project file
    conversions: dict[tuple[str, Unit], tuple[Fraction, Fraction]] = field(default_factory=dict)
    sums: dict[tuple[str, Key], _Sum] = field(default_factory=dict)
    empty: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def place(self, row: int, column: str | None) -> Place:
        return self.facts.place(row, column)


def load_records(
    store: duckdb.DuckDBPyConnection,
    project: Project,
    name: str,
    targets: Mapping[str, Target],
    unit_for: UnitFor | None = None,
    period: Period | None = None,
) -> LoadedRecords:
    """Read, check and add up one record table.

    Args:
        store: where the file is read, able to read the project's folder.
        project: the project.
        name: which of its record tables.
        targets: those of its parameters that are wanted, by name.
        unit_for: gives the unit of a parameter at some members, where it depends on them.
        period: the monitoring period, if it is not the one of the project file.

    Raises:
        ProjectError: the table is not described well.
        UnitError: a unit that the project file states does not fit the parameter.
        DataError: the file cannot be used; with every fault.
    """
    spec = project.spec.records[name]
    _check_index(spec, targets, project.document.place("records", name, "index"))
    facts = _opened(store, project, name, targets)
    period = period or project.spec.monitoring_period
    places = {target: project.document.place("records", name, "parameters", target) for target in targets}
    table = _Table(spec, facts, period, targets, unit_for, places)
    problems: list[Problem] = []
    faults = 0
    for row, cells in _rows(store, table):
        try:
            _take_row(table, row, cells)
        except DataError as error:
            faults += len(error.problems)
            problems += error.problems[: SHOWN_PROBLEMS - len(problems)]
    if problems:
        raise DataError(cut_problems(problems, faults, facts.shown))
    values: dict[str, dict[Key, Fraction]] = {parameter: {} for parameter in targets}
    sources = []
    for (parameter, key), total in sorted(table.sums.items(), key=lambda item: item[0]):
        values[parameter][key] = total.amount
        totals = {unit: exact_text(amount) for unit, amount in total.totals.items()}
        amount, unit = exact_text(total.amount), total.unit.text
        sources.append(RecordSource(parameter, key, total.count, tuple(total.rows), totals, amount, unit))
    return LoadedRecords(
        name, spec, facts, values, tuple(sources), (*facts.notes, *_empty_cells(table), *_added(table))
    )


def _opened(store: duckdb.DuckDBPyConnection, project: Project, name: str, targets: Mapping[str, Target]) -> FileFacts:
    spec = project.spec.records[name]
    path = project.path(spec.file, "records", name, "file")
    if is_plain(path, spec.form, None):
        return inspect(path, spec.file)
    columns = [spec.parameters[parameter] for parameter in targets]
    units = {column.column: str(column.unit) for column in columns if column.unit is not None}
    asked = Asked(_wanted(spec, targets), None, [column.column for column in columns], units)
    return lay_out_file(store, path, spec.file, spec.form, asked, quoted(f"file {name}"))


def _wanted(spec: Records, targets: Mapping[str, Target]) -> dict[str, str]:
    """Name the columns that are read, by alias."""
    columns = [*spec.index.values()]
    for column in (spec.parameters[parameter] for parameter in targets):
        columns += [column.column, *([column.unit_column] if column.unit_column else [])]
    return {f"c{index}": column for index, column in enumerate(dict.fromkeys(columns))}


def _check_index(spec: Records, targets: Mapping[str, Target], place: Place) -> None:
    problems = [
        Problem(
            f"the index of the table is not that of {parameter}",
            place,
            ", ".join(target.over) or "no index",
            ", ".join(spec.index) or "no index",
            "values at one index add up; parameters over other dimensions need a table of their own",
        )
        for parameter, target in targets.items()
        if set(target.over) != set(spec.index)
    ]
    if problems:
        raise ProjectError(problems)


def _rows(store: duckdb.DuckDBPyConnection, table: _Table) -> Iterator[tuple[int, dict[str, str | None]]]:
    wanted = _wanted(table.spec, table.targets)
    query, values = columns_query(table.facts, wanted)
    name = quoted(f"records {table.facts.shown}")
    # Into a table first, so that rows with a wrong number of fields are refused before any value is judged.
    read(store, table.facts, f"CREATE OR REPLACE TABLE {name} AS {query}", values)
    answer = store.cursor().execute(f"FROM {name} ORDER BY row")
    while batch := answer.fetchmany(BATCH):
        for row, *cells in batch:
            yield row, dict(zip(wanted.values(), cells, strict=True))
    for passing in filter(None, (name, table.facts.table)):
        store.execute(f"DROP TABLE {passing}")


def _take_row(table: _Table, row: int, cells: Mapping[str, str | None]) -> None:
    for parameter, target in table.targets.items():
        index = table.spec.index
        entries = {name: _index_entry(table, row, name, cells[index[name]], target) for name in target.over}
        text = cells[table.spec.parameters[parameter].column]
        if text is None or (table.spec.numbers and text in table.spec.numbers.no_value):
            table.empty[parameter].append(row)
        else:
            _add(table, row, parameter, entries, cells)


def _add(table: _Table, row: int, parameter: str, at: Mapping[str, int | str], cells: Mapping[str, str | None]) -> None:
    target, column = table.targets[parameter], table.spec.parameters[parameter]
    place = table.place(row, column.column)
    text = cells[column.column] or ""
    plain = plain_number(text, table.spec.numbers)
    number = Fraction(plain) if plain is not None else None
    if number is None or abs(number) >= 10**DIGITS:
        raise DataError(number_problem(place, text))
    members = {dimension: entry for dimension, entry in at.items() if isinstance(entry, str)}
    unit = table.unit_for(parameter, members) if table.unit_for else target.unit
    written = _unit_text(table, row, column, cells)
    factor, offset = _conversion(table, row, parameter, written, unit)
    if unit.is_flag and number * factor not in {0, 1}:
        hint = f"feed {parameter} from a column that says yes or no, not from one that measures"
        raise DataError(Problem(f"{parameter} is a flag", place, YES_OR_NO, f"{shortened(text)} in {written}", hint))
    total = table.sums.setdefault((parameter, tuple(at.values())), _Sum(unit))
    if offset and total.count:
        what = f"values in {written} have a zero of their own and cannot be added up"
        raise DataError(Problem(what, place, hint=f"row {total.rows[0]} is at the same index"))
    total.amount += number * factor + offset
    total.count += 1
    total.totals[written] = total.totals.get(written, Fraction(0)) + number
    if len(total.rows) < SHOWN_ROWS:
        total.rows.append(row)


def _index_entry(table: _Table, row: int, dimension: str, text: str | None, target: Target) -> int | str:
    place = table.place(row, table.spec.index[dimension])
    if text is None:
        raise DataError(Problem(f"there is no {dimension}", place, found="an empty cell"))
    step = target.steps.get(dimension)
    if step is None:
        known = target.members.get(dimension)
        if known is not None and text not in known:
            hint = nearest(text, known) or f"the members are {listing(list(known))}"
            raise DataError(Problem(f"{shortened(text)} is not a member of {dimension}", place, hint=hint))
        return text
    pattern = table.spec.patterns.get(dimension)
    number = _step_number(step, text, pattern)
    if number is None:
        expected = pattern or f"a form such as {_FORMS[step]}"
        raise DataError(Problem(f"not a {step}", place, expected, shortened(text)))
    period = table.period
    if number not in calendar.steps_between(step, period.start, period.end):
        expected = f"a {step} from {period.start} to {period.end}"
        raise DataError(Problem(f"the {step} is outside the monitoring period", place, expected, text))
    return number


def _step_number(step: str, text: str, pattern: str | None) -> int | None:
    """Read a step as the project writes it; a whole date must be the first moment of the step."""
    number = calendar.parse_label(step, text)
    if number is not None or pattern is None:
        return number
    try:
        moment = datetime.datetime.strptime(date_pattern(pattern).iso(text) or "", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    number = calendar.number(step, moment)
    return number if calendar.start(step, number) == moment else None


def _unit_text(table: _Table, row: int, column: TableColumn, cells: Mapping[str, str | None]) -> str:
    if column.unit_column is None:
        return str(column.unit)
    text = cells[column.unit_column]
    if text is None:
        raise DataError(Problem("there is no unit", table.place(row, column.unit_column), found="an empty cell"))
    return text


def _conversion(table: _Table, row: int, parameter: str, text: str, unit: Unit) -> tuple[Fraction, Fraction]:
    known = table.conversions.get((text, unit))
    if known is None:
        column = table.spec.parameters[parameter].unit_column
        place = table.place(row, column) if column else table.places[parameter]
        try:
            known = reading_conversion(parse_unit(text, place), unit, place)
        except UnitError as error:
            if column is None:
                raise
            raise DataError(error.problems) from None
        table.conversions[text, unit] = known
    return known


def _empty_cells(table: _Table) -> list[Finding]:
    return [
        Finding(
            "records.empty_cells",
            Severity.CLARIFICATION,
            f"{table.facts.shown}中参数{parameter}有{len(rows)}行未填数值（首处：第{rows[0]}行），未计入；"
            "如确无发生应填0，否则请补充数据。",
            f"{table.facts.shown}: {len(rows)} rows give no value of {parameter} (first: row {rows[0]}) and do "
            "not count; please write 0 where nothing occurred, or complete the data.",
            {"parameter": parameter, "count": len(rows), "rows": rows[:SHOWN_ROWS]},
            table.place(rows[0], table.spec.parameters[parameter].column),
        )
        for parameter, rows in table.empty.items()
    ]


def _added(table: _Table) -> list[Finding]:
    findings = []
    for parameter in table.targets:
        several = [total for (name, _), total in table.sums.items() if name == parameter and total.count > 1]
        if several:
            findings.append(
                Finding(
                    "records.added",
                    Severity.NOTE,
                    f"参数{parameter}有{len(several)}个取值由{table.facts.shown}中多行数值相加得到。",
                    f"{len(several)} values of {parameter} are sums of several rows of {table.facts.shown}.",
                    {"parameter": parameter, "values": len(several), "rows": several[0].rows},
                    Place(table.facts.shown),
                )
            )
    return findings

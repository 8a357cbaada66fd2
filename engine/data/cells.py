"""Brings the cells of a file of readings to exact values: which meter, which instant, which number.

Refuses what cannot be read, with file, row and column. Does not yet know the monitoring period.
"""

import math
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import duckdb

from tonne.engine.data.amounts import (
    DECIMALS,
    DIGITS,
    NUMBER,
    exact_text,
    number_problem,
    rounded,
    shortened,
)
from tonne.engine.data.intake import FileFacts, columns_query, cut_problems, inspect, read
from tonne.engine.data.layout import Asked, Spread, is_plain, lay_out_file
from tonne.engine.data.number_text import number_query, plain_number
from tonne.engine.data.project import Readings, TimeColumn
from tonne.engine.data.series import SHOWN_EXAMPLES, VALUE, Series
from tonne.engine.data.stamps import STAMP, moment_query, stamp_query
from tonne.engine.data.store import text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import parse_unit, reading_conversion

LOCAL_STAMP = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
SLASHED = r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}( .*)?"
PLAIN = rf"[+-]?[0-9]{{1,{DIGITS}}}(\.[0-9]{{1,{DECIMALS}}})?"


def open_readings(store: duckdb.DuckDBPyConnection, path: Path, spec: Readings, table: str) -> FileFacts:
    """Look at a file of readings, and bring it to a table of the store unless it is plain.

    Args:
        store: where the table is made.
        path: the file.
        spec: how the project describes it.
        table: a name for the table, quoted.

    Raises:
        DataError: the file cannot be used.
    """
    spread = _spread(spec)
    if is_plain(path, spec.form, spread):
        return inspect(path, spec.file)
    unit = {spec.value.column or "": str(spec.value.unit)}
    units = unit | {column: str(unit) for column, unit in spec.value.units.items()}
    amounts = [spec.value.column] if spec.value.column else []
    return lay_out_file(store, path, spec.file, spec.form, Asked(_columns(spec), spread, amounts, units), table)


def _columns(spec: Readings) -> dict[str, str]:
    """Name the columns of the file that are read, by alias."""
    columns = {"stamp": spec.time.column, "clock": spec.time.clock, "amount": spec.value.column}
    columns |= {"meter": spec.meter.column}
    columns |= {f"l{index}": column for index, column in enumerate(spec.label_columns)}
    return {alias: column for alias, column in columns.items() if column is not None}


def _spread(spec: Readings) -> Spread | None:
    if spec.time.across is not None:
        return Spread("clock", spec.time.across)
    if spec.meter.is_wide:
        return Spread("meter", spec.meter.columns, spec.meter.columns_except or ())
    return None


def read_cells(series: Series) -> None:
    """Read the file into the table of cells: instant and number, or the text that is neither.

    Raises:
        DataError: a column is missing, or a row has another number of fields.
    """
    spec, spread = series.spec, _spread(series.spec)
    columns = _columns(spec)
    if spread:
        columns |= {name: name for name in (spread.alias, "field", "amount")}
    query, values = columns_query(series.facts, columns)
    no_value = spec.numbers.no_value if spec.numbers else []
    statement = series.sql.fill(
        "CREATE OR REPLACE TABLE {cells} AS SELECT row, {meter}{key}, {field} AS field, "
        "{moment} AS moment, CASE WHEN regexp_full_match(plain, {plain}) THEN TRY_CAST(plain AS {value}) END "
        "AS value, CASE WHEN moment IS NULL THEN stamp END AS odd_stamp, "
        "CASE WHEN plain IS NULL THEN amount END AS odd_amount, CASE WHEN value IS NULL THEN plain END AS long_amount "
        "FROM (SELECT * REPLACE ({stamp} AS stamp, {amount} AS amount), {number} AS plain FROM ({query}))",
        meter="" if spec.meter.name is None else f"{text_literal(spec.meter.name)} AS ",
        field="field" if spread else "CAST(NULL AS VARCHAR)",
        stamp=stamp_query(spec.time),
        moment=moment_query(spec.time, series.time, "stamp"),
        amount=f"CASE WHEN NOT ({_listed('amount', no_value)}) THEN amount END" if no_value else "amount",
        number=number_query("amount", spec.numbers),
        query=query,
        value=VALUE,
        plain=text_literal(PLAIN),
    )
    read(series.sql.store, series.facts, statement, values)
    if series.facts.table:
        series.sql.ask(f"DROP TABLE {series.facts.table}")


def _listed(name: str, texts: Iterable[str]) -> str:
    return f"{name} IN ({', '.join(map(text_literal, texts))})"


def bring_to_one_unit(series: Series, place: Place) -> None:
    """Convert the columns of values that are in another unit than the rest; `place` is where the project says so.

    Raises:
        ProjectError: the other unit is not a whole multiple.
        DataError: a value becomes too large.
    """
    for column, text in series.spec.value.units.items():
        unit = parse_unit(series.spec.value.unit, place)
        factor, offset = reading_conversion(parse_unit(text, place), unit, place)
        if offset or factor.denominator != 1:
            hint = "state the smaller of the units as `unit:` and the larger ones under `units:`"
            what = f"the values of column '{column}' in {text} cannot be converted exactly to {unit.text}"
            raise ProjectError(Problem(what, place, hint=hint))
        limit = Fraction(10**DIGITS, factor.numerator)
        large = series.sql.ask(
            "SELECT row, value FROM {cells} WHERE field = ? AND abs(value) >= {limit} ORDER BY row LIMIT 1",
            column,
            limit=f"CAST('{exact_text(Fraction(math.floor(limit)))}' AS {VALUE})",
        )
        if large:
            what = f"the number is too large in {unit.text}"
            raise DataError(Problem(what, series.facts.place(large[0][0], column), found=exact_text(large[0][1])))
        series.sql.ask("UPDATE {cells} SET value = value * ? WHERE field = ?", int(factor), column)


def choose_meters(series: Series, beside: Mapping[str, str]) -> list[Finding]:
    """Leave out the meters that the project does not name, but for those that stand beside one of them.

    Args:
        series: the readings of a file.
        beside: names of check and backup meters, each with that of its main meter.

    Raises:
        DataError: a meter that it names is not in the file.
    """
    only = series.spec.meter.only
    if only is None:
        return []
    found = dict(
        series.sql.ask("SELECT meter, count(*) FROM {cells} WHERE meter IS NOT NULL GROUP BY meter ORDER BY meter")
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
    kept = {*only, *(meter for meter, main in beside.items() if main in only)}
    others = {meter: count for meter, count in found.items() if meter not in kept}
    if not others:
        return []
    series.sql.ask("DELETE FROM {cells} WHERE meter NOT IN (SELECT unnest(?))", sorted(kept))
    names = list(others)
    return [
        Finding(
            "readings.meters_left_out",
            Severity.NOTE,
            f"{series.shown}中{len(names)}个计量点（{listing(names)}）未列入项目文件，其读数未采用。",
            f"{series.shown}: the readings of {len(names)} meters that the project does not name are left "
            f"out ({listing(names)}).",
            {"meters": others},
            Place(series.shown),
        )
    ]


def take_long_numbers(series: Series) -> list[Finding]:
    """Take the numbers with an exponent, and round those with more decimals than the store holds."""
    texts = series.sql.ask(
        "SELECT long_amount, min(row), count(*) FROM {cells} WHERE regexp_full_match(long_amount, {number}) "
        "GROUP BY long_amount ORDER BY min(row)",
        number=text_literal(NUMBER),
    )
    taken = {text: value for text, _, _ in texts if (value := rounded(Fraction(text))) is not None}
    if not taken:
        return []
    series.sql.ask(
        "UPDATE {cells} SET value = CAST(taken.value AS {value}), long_amount = NULL "
        "FROM (SELECT unnest(?) AS text, unnest(?) AS value) AS taken WHERE long_amount = taken.text",
        list(taken),
        [f"{value:f}" for value in taken.values()],
        value=VALUE,
    )
    inexact = [(text, row, count) for text, row, count in texts if text in taken and taken[text] != Fraction(text)]
    if not inexact:
        return []
    count = sum(count for _, _, count in inexact)
    text, row, _ = inexact[0]
    return [
        Finding(
            "readings.rounded",
            Severity.NOTE,
            f"{series.shown}中有{count}个数值的小数位超过{DECIMALS}位，已按四舍六入五成双修约至{DECIMALS}位"
            f"（首例：第{row}行，{text}）。",
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


def refuse_cells(series: Series) -> None:
    """Refuse cells without an instant, number, meter or member; an empty value is a gap and no fault.

    Raises:
        DataError: with row, column and text of each.
    """
    spec = series.spec
    columns = {"stamp": spec.time.column, "amount": spec.value.column, "meter": spec.meter.column}
    columns |= {f"l{index}": column for index, column in enumerate(series.labels)}
    # A row of several values has one time, so that a fault of it is told once.
    faults = [
        "SELECT DISTINCT row, 'stamp' AS fault, odd_stamp AS text, NULL AS field FROM {cells} WHERE moment IS NULL",
        "SELECT row, 'amount', coalesce(odd_amount, long_amount) AS odd, field FROM {cells} WHERE odd IS NOT NULL",
    ]
    faults += [
        f"SELECT DISTINCT row, '{name}', NULL, NULL FROM {{cells}} WHERE {name} IS NULL"  # noqa: S608 (a name made here)
        for name in columns
        if name not in {"stamp", "amount"}
    ]
    rows = series.sql.ask(
        "SELECT row, fault, text, field, count(*) OVER () FROM ({faults}) ORDER BY row, fault, field LIMIT ?",
        SHOWN_PROBLEMS,
        faults=series.sql.fill(" UNION ALL ".join(faults)),
    )
    if rows:
        problems = [
            _cell_problem(series, series.facts.place(row, field or columns[fault]), fault, text)
            for row, fault, text, field, _ in rows
        ]
        raise DataError(cut_problems(problems, rows[0][-1], series.shown))


def _cell_problem(series: Series, place: Place, fault: str, text: str | None) -> Problem:
    if text is None:
        what = {"stamp": "there is no time", "meter": "there is no meter"}.get(fault, "there is no member")
        return Problem(what, place, found="an empty cell")
    if fault == "amount":
        form = series.spec.numbers
        if form is None or plain_number(text, form) is not None:
            return number_problem(place, text)
        what = "not a number of the form that the project declares"
        expected = f"1{form.thousands or ''}234{form.decimal}5"
        return Problem(what, place, expected, shortened(text), number_problem(place, text).hint)
    time = series.spec.time
    if time.zone is None:
        what = "the time is not a date and time with its offset from UTC"
        return Problem(what, place, "a form such as 2014-01-01T00:00:00+08:00", shortened(text), _stamp_hint(text))
    what = "the time is not a date and time of the form that the project declares"
    expected = time.pattern or "a form such as 2014-01-01 00:00:00"
    return Problem(what, place, expected, shortened(text), _local_hint(text, time, str(series.time.zone)))


def _stamp_hint(text: str) -> str | None:
    if re.fullmatch(LOCAL_STAMP, text, re.ASCII):
        return (
            "add the offset, as in +08:00 or Z; without it an hour of local time can occur twice; or declare "
            "`time: {zone: '+08:00'}`"
        )
    if re.fullmatch(SLASHED, text, re.ASCII):
        return "nobody can say which number is the month; declare `time: {pattern: …, zone: …}`, as in D/M/YYYY H:mm"
    if re.fullmatch(STAMP, text, re.ASCII):
        return "there is no such day"
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]24:", text):
        return "midnight at the end of a day is 00:00 of the next day"
    return None


def _local_hint(text: str, time: TimeColumn, zone: str) -> str | None:
    if re.search(r"[T ]24[:时]", text) and not time.hour_24:
        return "declare `hour_24: true` if 24:00 is the midnight at the end of the day"
    if time.zone == "local" and time.dst == "refuse":
        return (
            f"or the clocks of {zone} show this time twice, or never: `dst: first` or `second` says which one is meant"
        )
    return None

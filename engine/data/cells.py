"""Brings the cells of a file of readings to exact values: which meter, which instant, which number.

Refuses what cannot be read, with file, row and column. Does not yet know the monitoring period.
"""

import re
from fractions import Fraction

from tonne.engine.data.amounts import (
    DECIMALS,
    DIGITS,
    NUMBER,
    exact_text,
    number_problem,
    rounded,
    shortened,
)
from tonne.engine.data.intake import columns_query, cut_problems, read
from tonne.engine.data.series import SHOWN_EXAMPLES, VALUE, Series
from tonne.engine.data.store import text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, listing, nearest
from tonne.engine.findings import Finding, Severity

STAMP = (
    r"(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
    r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
)
LOCAL_STAMP = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
PLAIN = rf"[+-]?[0-9]{{1,{DIGITS}}}(\.[0-9]{{1,{DECIMALS}}})?"


def read_cells(series: Series) -> None:
    """Read the file into the table of cells: instant and number, or the text that is neither.

    Raises:
        DataError: a column is missing, or a row has another number of fields.
    """
    spec = series.spec
    columns = {"stamp": spec.time.column, "amount": spec.value.column}
    columns |= {"meter": spec.meter.column} if spec.meter.column else {}
    columns |= {f"l{index}": column for index, column in enumerate(series.labels)}
    query, values = columns_query(series.facts, columns)
    statement = series.sql.fill(
        "CREATE OR REPLACE TABLE {cells} AS SELECT row, {meter}{key}, "
        "CASE WHEN regexp_full_match(stamp, {stamp}) THEN epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)) END "
        "AS moment, CASE WHEN regexp_full_match(amount, {plain}) THEN TRY_CAST(amount AS {value}) END "
        "AS value, CASE WHEN moment IS NULL THEN stamp END AS odd_stamp, "
        "CASE WHEN value IS NULL THEN amount END AS odd_amount FROM ({query})",
        meter="" if spec.meter.name is None else f"{text_literal(spec.meter.name)} AS ",
        query=query,
        value=VALUE,
        stamp=text_literal(STAMP),
        plain=text_literal(PLAIN),
    )
    read(series.sql.store, series.facts, statement, values)


def choose_meters(series: Series) -> list[Finding]:
    """Leave out the meters that the project does not name.

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
    others = {meter: count for meter, count in found.items() if meter not in only}
    if not others:
        return []
    series.sql.ask("DELETE FROM {cells} WHERE meter NOT IN (SELECT unnest(?))", only)
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
    faults = [
        "SELECT row, 'stamp' AS fault, odd_stamp AS text FROM {cells} WHERE moment IS NULL",
        "SELECT row, 'amount', odd_amount FROM {cells} WHERE odd_amount IS NOT NULL",
    ]
    faults += [
        f"SELECT row, '{name}', NULL FROM {{cells}} WHERE {name} IS NULL"  # noqa: S608 (a name made here)
        for name in columns
        if name not in {"stamp", "amount"}
    ]
    rows = series.sql.ask(
        "SELECT row, fault, text, count(*) OVER () FROM ({faults}) ORDER BY row, fault LIMIT ?",
        SHOWN_PROBLEMS,
        faults=series.sql.fill(" UNION ALL ".join(faults)),
    )
    if rows:
        problems = [_cell_problem(series.place(row, columns[fault]), fault, text) for row, fault, text, _ in rows]
        raise DataError(cut_problems(problems, rows[0][-1], series.shown))


def _cell_problem(place: Place, fault: str, text: str | None) -> Problem:
    if text is None:
        what = {"stamp": "there is no time", "meter": "there is no meter"}.get(fault, "there is no member")
        return Problem(what, place, found="an empty cell")
    if fault == "stamp":
        what = "the time is not a date and time with its offset from UTC"
        return Problem(what, place, "a form such as 2014-01-01T00:00:00+08:00", shortened(text), _stamp_hint(text))
    return number_problem(place, text)


def _stamp_hint(text: str) -> str | None:
    if re.fullmatch(LOCAL_STAMP, text, re.ASCII):
        return "add the offset, as in +08:00 or Z; without it an hour of local time can occur twice"
    if re.fullmatch(STAMP, text, re.ASCII):
        return "there is no such day"
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]24:", text):
        return "midnight at the end of a day is 00:00 of the next day"
    return None

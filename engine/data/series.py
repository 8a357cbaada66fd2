"""What the readings of one meter say together: repeated readings are resolved, gaps are found.

A series is what one meter measures, for one combination of the members that the file names. Nothing is
estimated; what is dropped or missing becomes a finding.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import DECIMALS, exact_text, rounded
from tonne.engine.data.intake import FileFacts, cut_problems
from tonne.engine.data.local_time import Grid, LocalTime
from tonne.engine.data.project import Readings
from tonne.engine.data.store import Statements
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem
from tonne.engine.findings import Finding, Severity

VALUE = f"DECIMAL(38, {DECIMALS})"
SHOWN_EXAMPLES = 10
SHOWN_CASES = 50
SHOWN_GAPS = 100

_ORDERS = {
    "refuse": "row",
    "first": "row",
    "last": "row DESC",
    "lowest": "value, row",
    "highest": "value DESC, row",
    "mean": "row",
}
_RULES_ZH = {
    "first": "取首次出现的数值",
    "last": "取末次出现的数值",
    "lowest": "取最小值",
    "highest": "取最大值",
    "mean": "取平均值",
}
_RULES_EN = {
    "first": "the first one in the file counts",
    "last": "the last one in the file counts",
    "lowest": "the lowest counts",
    "highest": "the highest counts",
    "mean": "their mean counts",
}


@dataclass(frozen=True)
class Series:
    """The readings of one file while they are being judged."""

    sql: Statements  # {cells}: as read; {table}: with intervals; {key}: the columns that tell series apart
    spec: Readings
    facts: FileFacts
    time: LocalTime
    grid: Grid
    labels: tuple[str, ...]  # columns that name members

    @property
    def shown(self) -> str:
        """The file as messages name it."""
        return self.facts.shown

    @property
    def is_register(self) -> bool:
        """Whether the values are a running total."""
        return self.spec.value.reads == "register"

    @property
    def mark(self) -> str:
        """Which end of its interval the time of a reading is."""
        return "ends" if self.spec.time.marks == "end" and not self.is_register else "begins"

    def place(self, row: int, column: str | None = None) -> Place:
        """Point at a cell."""
        return self.facts.place(row, column)

    def name(self, key: Sequence[Any]) -> str:
        """Name a series: its meter, and the members if the file names any."""
        return series_name(key)


def key_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Name the columns that tell series apart: the meter, and one for each column of the file that names members."""
    return ("meter", *(f"l{index}" for index in range(len(labels))))


def series_name(key: Sequence[Any]) -> str:
    """Name a series by its meter, and the members if the file names any."""
    meter, *members = key
    return f"{meter} ({', '.join(members)})" if members else str(meter)


def count_slots(series: Series, counted: str = "{slots}") -> None:
    """Make the table of the series: their readings in the period, those off the grid, and the intervals with one."""
    last = series.grid.count - (not series.is_register)
    series.sql.ask(
        "CREATE OR REPLACE TABLE {counted} AS SELECT {key}, min(row) AS row, count(*) AS readings, "
        "count(*) FILTER (moment IS DISTINCT FROM {mark}) AS off_grid, "
        "bitstring_agg(CAST(slot AS BIGINT), CAST(0 AS BIGINT), CAST({last} AS BIGINT)) AS filled "
        "FROM {table} GROUP BY {key}",
        counted=series.sql.fill(counted),
        mark=series.mark,
        last=str(last),
    )


def are_all_counted(series: Series) -> bool:
    """Whether each row of the file has its reading in the period."""
    ((count,),) = series.sql.ask("SELECT sum(readings) FROM {slots}")
    return count == series.facts.rows and not series.spec.is_spread


def is_repeated(series: Series) -> bool:
    """Whether an interval may have two readings of one series."""
    return bool(series.sql.ask("SELECT 1 FROM {slots} WHERE readings > bit_count(filled) LIMIT 1"))


def resolve_duplicates(series: Series) -> list[Finding]:
    """Drop repeated readings, and resolve those that contradict each other by the rule of the project.

    Raises:
        DataError: readings contradict each other and the rule is to refuse; with both rows.
    """
    if not is_repeated(series):
        return []
    rule = series.spec.duplicates
    series.sql.ask(
        "CREATE OR REPLACE TABLE {repeated} AS SELECT *, row_number() OVER (PARTITION BY {key}, moment "
        "ORDER BY {order}) AS rank, min(value) OVER same <> max(value) OVER same AS contradicts "
        "FROM {table} SEMI JOIN (SELECT {key}, moment FROM {table} GROUP BY ALL HAVING count(*) > 1) "
        "USING ({key}, moment) WINDOW same AS (PARTITION BY {key}, moment)",
        order=_ORDERS[rule],
    )
    findings = [*_dropped(series), *_resolved(series)]
    if findings:
        if rule == "mean":
            _take_means(series)
        # A row of a table with one column for each meter holds several readings.
        series.sql.ask(
            "DELETE FROM {table} WHERE (row, meter, moment) IN (SELECT (row, meter, moment) FROM {repeated} WHERE rank > 1)"
        )
    return findings


def _dropped(series: Series) -> list[Finding]:
    cases = series.sql.ask(
        "SELECT {key}, moment, any_value(value), list(row ORDER BY row), "
        "CAST(sum(count(*) - 1) OVER () AS BIGINT) FROM {repeated} WHERE NOT contradicts "
        "GROUP BY {key}, moment ORDER BY min(row) LIMIT ?",
        SHOWN_EXAMPLES,
    )
    if not cases:
        return []
    count = cases[0][-1]
    examples = [
        {
            "meter": series.name(key),
            "time": series.time.text(moment),
            "value": exact_text(value),
            "rows": rows,
        }
        for *key, moment, value, rows, _ in cases
    ]
    first = examples[0]
    return [
        Finding(
            "readings.duplicates_dropped",
            Severity.NOTE,
            f"{series.shown}中有{count}条读数与另一条的计量点、时刻和数值均相同，已剔除，只计一次"
            f"（首例：{first['meter']}，{first['time']}）。",
            f"{series.shown}: {count} readings repeat another one of the same meter, time and value and "
            f"count once (first: {first['meter']} at {first['time']}).",
            {"count": count, "examples": examples},
            Place(series.shown),
        )
    ]


def _resolved(series: Series) -> list[Finding]:
    rule = series.spec.duplicates
    cases = series.sql.ask(
        "SELECT {key}, moment, list({{'row': row, 'value': value}} ORDER BY row), "
        "any_value(row) FILTER (rank = 1), count(*) OVER () FROM {repeated} WHERE contradicts "
        "GROUP BY {key}, moment ORDER BY min(row) LIMIT ?",
        SHOWN_CASES,
    )
    if not cases:
        return []
    count = cases[0][-1]
    if rule == "refuse":
        problems = [_contradiction(series, *case) for case in cases[:SHOWN_PROBLEMS]]
        raise DataError(cut_problems(problems, count, series.shown))
    listed = [
        {
            "meter": series.name(key),
            "time": series.time.text(moment),
            "values": [{"row": entry["row"], "value": exact_text(entry["value"])} for entry in entries],
        }
        | ({} if rule == "mean" else {"kept_row": kept})
        for *key, moment, entries, kept, _ in cases
    ]
    first = listed[0]
    return [
        Finding(
            "readings.duplicates_resolved",
            Severity.CLARIFICATION,
            f"{series.shown}中有{count}处同一计量点、同一时刻出现不同数值（首例：{first['meter']}，{first['time']}），"
            f"按项目文件规定{_RULES_ZH[rule]}，请说明重复的原因。",
            f"{series.shown}: {count} times one meter has different values for one time "
            f"(first: {first['meter']} at {first['time']}); {_RULES_EN[rule]}, as the project states. "
            "Please explain the repetition.",
            {"rule": rule, "count": count, "cases": listed},
            Place(series.shown),
        )
    ]


def _contradiction(series: Series, *case: Any) -> Problem:
    *key, moment, entries, _, _ = case
    one, other = entries[0], next(entry for entry in entries if entry["value"] != entries[0]["value"])
    return Problem(
        f"meter {series.name(key)} has different values for {series.time.text(moment)}",
        series.place(other["row"], series.spec.value.column),
        found=" and ".join(f"{exact_text(entry['value'])} in row {entry['row']}" for entry in (one, other)),
        hint="`duplicates:` in the project file says which one counts: first, last, lowest, highest or mean",
    )


def _take_means(series: Series) -> None:
    cases = series.sql.ask(
        "SELECT any_value(row) FILTER (rank = 1), meter, moment, list_distinct(list(value)) FROM {repeated} "
        "WHERE contradicts GROUP BY {key}, moment"
    )
    means = [rounded(sum(map(Fraction, values), Fraction(0)) / len(values)) for *_, values in cases]
    series.sql.ask(
        "UPDATE {table} SET value = CAST(means.value AS {value}) "
        "FROM (SELECT unnest(?) AS row, unnest(?) AS meter, unnest(?) AS moment, unnest(?) AS value) AS means "
        "WHERE {table}.row = means.row AND {table}.meter = means.meter AND {table}.moment = means.moment",
        [row for row, *_ in cases],
        [meter for _, meter, *_ in cases],
        [moment for _, _, moment, _ in cases],
        [f"{mean:f}" for mean in means],
        value=VALUE,
    )


def find_gaps(series: Series) -> list[Finding]:
    """Report for each series the intervals of the period, or of a register the times, without a reading."""
    total = series.grid.count + series.is_register
    cases = series.sql.ask(
        "SELECT {key}, CAST(filled AS VARCHAR) FROM (SELECT DISTINCT {key} FROM {all}) LEFT JOIN {slots} "
        "USING ({key}) WHERE filled IS NULL OR bit_count(filled) < ? ORDER BY {key}",
        total,
        all=series.sql.parts["slots" if are_all_counted(series) else "cells"],
    )
    return [_gap(series, total, *key, *_extents(filled or "0" * total)) for *key, filled in cases]


def _extents(filled: str) -> tuple[list[tuple[int, int]], int, int]:
    """Give the first gaps in a text with a 0 for each interval without a reading, and count gaps and intervals."""
    gaps = [match.span() for match in re.finditer("0+", filled)]
    return [(first, after - 1) for first, after in gaps[:SHOWN_GAPS]], len(gaps), filled.count("0")


def _gap(series: Series, total: int, *case: Any) -> Finding:
    *key, extents, gaps, missing = case
    register = series.is_register
    meter, (unit_zh, unit_en) = (
        series.name(key),
        ("次读数", "readings") if register else ("个时段", "intervals"),
    )
    listed = []
    for first, last in extents:
        extent = {
            "first": series.time.text(series.grid.edge(first)),
            "last": series.time.text(series.grid.edge(last)),
            "missing": last - first + 1,
        }
        # The difference over an inner gap of a register is known; only its course is not.
        listed.append(extent | ({"bridged": first > 0 and last < total - 1} if register else {}))
    share = coverage(total - missing, total)
    begins, ends = listed[0]["first"], listed[0]["last"]
    return Finding(
        "readings.gap",
        Severity.CLARIFICATION,
        f"{series.shown}：计量点{meter}在监测期内应有{total}{unit_zh}，缺{missing}{unit_zh}（共{gaps}处，"
        f"首处自{begins}至{ends}），数据完整率{share}%；请说明原因及替代数据的处理方法。",
        f"{series.shown}: meter {meter} lacks {missing} of {total} {unit_en} of the monitoring period in "
        f"{gaps} gaps (the first from {begins} to {ends}); coverage {share} %. Please explain the cause and "
        "the treatment.",
        {
            "meter": meter,
            "expected": total,
            "missing": missing,
            "coverage_percent": share,
            "gaps": gaps,
            "extents": listed,
        },
        Place(series.shown),
    )


def coverage(present: int, expected: int) -> str:
    """Give a share in percent with two decimals, never rounded up to 100."""
    hundredths = present * 10_000 // expected
    return f"{hundredths // 100}.{hundredths % 100:02d}"

"""Brings time stamps to instants: SQL for each form that the project file can declare.

ISO 8601 with an offset is always read. Without an offset a stamp needs `zone:`; another order of day and month needs
`pattern:`. Nothing is guessed: 12/03/2012 has no instant until the project says which number is the month.
"""

from tonne.engine.data.date_patterns import SERIAL, SERIAL_NUMBER, date_pattern
from tonne.engine.data.local_time import LocalTime
from tonne.engine.data.project import TimeColumn
from tonne.engine.data.store import text_literal

STAMP = (
    r"(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
    r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
)
_DATE = r"(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_MIDNIGHT = r"24:00(:00)?"
_EARLIEST = "TIMESTAMP '1970-01-01'"
EARLIEST, LATEST = 0, 253_402_300_799_999_999  # instants that a stamp can say


def stamp_query(time: TimeColumn) -> str:
    """Write the SQL that joins the cells of a time stamp: `stamp`, and `clock` where it has a column of its own."""
    if time.clock is None and time.across is None:
        return "stamp"
    return "CASE WHEN stamp IS NOT NULL AND clock IS NOT NULL THEN stamp || ' ' || clock END"


def moment_query(time: TimeColumn, local_time: LocalTime, stamp: str) -> str:
    """Write the SQL that gives the instant of a time stamp, NULL where it has none."""
    with_offset = (
        f"WHEN regexp_full_match({stamp}, {text_literal(STAMP)}) THEN epoch_us(TRY_CAST({stamp} AS TIMESTAMPTZ))"
    )
    if time.zone is None:
        return f"CASE {with_offset} END"
    local = f"epoch_us({_local_query(time, stamp)})"
    return f"CASE {with_offset} ELSE {_instant_query(time, local_time, local)} END"


def typed_moment_query(time: TimeColumn, local_time: LocalTime, column: str, kind: str) -> str | None:
    """Write the SQL that gives the instant of a column that holds time as such; None where it does not say enough."""
    if time.clock is not None or time.across is not None or time.pattern is not None:
        return None
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({column})"
    naive = kind == "TIMESTAMP" and time.zone is not None
    return _instant_query(time, local_time, f"epoch_us({column})") if naive else None


def _local_query(time: TimeColumn, stamp: str) -> str:
    """Write the SQL that gives the local time of a stamp as a timestamp without zone."""
    clock = f"({_CLOCK}|{_MIDNIGHT})" if time.hour_24 or time.across else _CLOCK
    iso = text_literal(f"{_DATE}([T ]{clock})?")
    cases = f"WHEN regexp_full_match({stamp}, {iso}) THEN TRY_CAST({stamp} AS TIMESTAMP)"
    if time.pattern in SERIAL:
        days = f"CAST(round(CAST({stamp} AS DOUBLE) * 86400) AS BIGINT)"
        moment = f"TIMESTAMP '{SERIAL[time.pattern]}' + to_seconds({days})"
        return f"CASE {cases} WHEN regexp_full_match({stamp}, {text_literal(SERIAL_NUMBER)}) THEN {moment} END"
    if time.pattern:
        pattern = date_pattern(f"{time.pattern} HH:mm" if time.across else time.pattern)
        written = text_literal(pattern.expression)
        put = f"regexp_replace({stamp}, {written}, {text_literal(pattern.template)})"
        allowed = "TRUE" if time.hour_24 or time.across else f"NOT regexp_matches({put}, ' 24:')"
        read = f"TRY_CAST({put} AS TIMESTAMP)"
        cases += f" WHEN regexp_full_match({stamp}, {written}) AND {allowed} AND {read} >= {_EARLIEST} THEN {read}"
    return f"CASE {cases} END"


def _instant_query(time: TimeColumn, local_time: LocalTime, local: str) -> str:
    """Write the SQL that brings local time, in microseconds, to the instant."""
    if time.zone != "local":
        return f"({local} - {_fixed_offset(time.zone or 'Z')})"
    (_, offset), *changes = local_time.offsets
    cases = ""
    for begins, after in changes:
        earlier, later = begins + min(offset, after), begins + max(offset, after)
        # Clocks put back: the hour occurs twice. Put forward: there is no such hour.
        twice = {"first": f"{local} - {offset}", "second": f"{local} - {after}", "refuse": "NULL"}[time.dst]
        between = twice if after < offset else "NULL"
        cases = f" WHEN {local} >= {later} THEN {local} - {after} WHEN {local} >= {earlier} THEN {between}{cases}"
        offset = after
    first = local_time.offsets[0][1]
    return f"(CASE{cases} ELSE {local} - {first} END)" if cases else f"({local} - {first})"


def _fixed_offset(zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes = zone[1:].split(":")
    size = (int(hours) * 60 + int(minutes)) * 60_000_000
    return -size if zone[0] == "-" else size

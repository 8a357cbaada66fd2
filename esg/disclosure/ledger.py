"""The credit ledger as a whole: no serial twice, none leaves before it came, balances, and what each vintage became.

Works in the store on whole numbers and days, so that a million movements are a few queries. A contradiction is an
error that names both rows. Knows nothing of verified tonnes; `claims` compares with them.
"""

import datetime
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from tonne.engine.data.file_form import FileForm
from tonne.engine.data.intake import FileFacts
from tonne.engine.data.store import open_store
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem
from tonne.esg.disclosure.facts import Lineage
from tonne.esg.disclosure.folding import folded
from tonne.esg.disclosure.ledger_file import read_ledger

SHOWN_ROWS = 5
SHOWN_RANGES = 20


@dataclass(frozen=True)
class Lot:
    """What became of the credits of one source, vintage and period of generation, at the end of the ledger.

    `retired_own` is by member (None for the group) and holds only what is fully recorded; `retired_later` is the same of
    after the reporting year. `unusable` was retired for the group, and its record lacks something. `begins` is None where the ledger does not say when the tonnes arose.
    """

    source: str
    vintage: int
    begins: datetime.date | None
    ends: datetime.date | None
    entered: int
    transferred: int
    retired_own: Mapping[str | None, int]
    retired_later: Mapping[str | None, int]
    retired_for_others: int
    unusable: int
    lineage: Lineage

    @property
    def held(self) -> int:
        """What is still there."""
        own = sum(self.retired_own.values()) + sum(self.retired_later.values())
        gone = self.transferred + own + self.retired_for_others + self.unusable
        return self.entered - gone


@dataclass(frozen=True)
class Account:
    """The movements of one instrument, source and vintage over the reporting year."""

    instrument: str
    source: str
    vintage: int
    held_at_start: int
    issued: int
    acquired: int
    transferred: int
    retired_own: int
    retired_for_others: int
    held_at_end: int
    lineage: Lineage


@dataclass(frozen=True)
class OwnRetirement:
    """Credits retired for the group inside the reporting year: one source, vintage, day, beneficiary and purpose."""

    source: str
    vintage: int
    on_day: datetime.date
    beneficiary: str | None
    purpose: str | None
    adjusted: bool | None
    tonnes: int
    serials: tuple[str, ...]
    ranges: int
    lineage: Lineage


@dataclass(frozen=True)
class Ledger:
    """A ledger without contradictions, summed."""

    shown: str
    digest: str
    rows: int
    last_issuance: Mapping[tuple[str, int], int]  # by source and vintage, the row of the file
    certificates: Mapping[tuple[str, int], int]  # by source and vintage, the MWh that ever entered
    lots: Mapping[str, tuple[Lot, ...]]  # by source
    accounts: tuple[Account, ...]
    retirements: tuple[OwnRetirement, ...]

    def issuance_place(self, source: str, vintage: int) -> Place | None:
        """Point at the last issuance of a source and vintage."""
        row = self.last_issuance.get((source, vintage))
        return Place(self.shown, row, field="amount") if row else None


def load_ledger(
    path: Path,
    shown: str,
    form: FileForm | None,
    sources: Mapping[str, str],
    own: Mapping[str, str | None],
    year: tuple[datetime.date, datetime.date],
    today: datetime.date,
) -> Ledger:
    """Read a ledger, hold its rows against each other, and sum it.

    Args:
        path: the file.
        shown: the name that messages use for it.
        form: its layout, None for the usual one.
        sources: by id, `project`, `uncredited` or `bought`.
        own: the beneficiaries that are of the group, folded, each with the member, None for the group as a whole.
        year: the first and last day of the reporting year.
        today: after which nothing can have happened yet.

    Raises:
        DataError: a row is wrong, or two rows contradict each other; with both rows.
    """
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch, open_store([path.parent], Path(scratch)) as store:
        facts = read_ledger(store, path, shown, form, sources)
        _separate(store, own)
        problems = [*_future(store, facts, today), *(problem for check in _CHECKS for problem in check(store, facts))]
        if problems:
            raise DataError(problems[:SHOWN_PROBLEMS])
        return Ledger(
            shown,
            facts.sha256,
            facts.rows,
            _last_issuance(store),
            _certificates(store),
            _by_source(_lots(store, facts, year[1])),
            tuple(_accounts(store, facts, year)),
            tuple(_retirements(store, facts, year)),
        )


def _separate(store: duckdb.DuckDBPyConnection, own: Mapping[str, str | None]) -> None:
    """Part the movements into what enters, what leaves, with the entry it came from, and what is said to be held."""
    named = store.execute("SELECT DISTINCT beneficiary FROM movements WHERE beneficiary IS NOT NULL").fetchall()
    mine = {name: own[alike] for (name,) in named if (alike := folded(name)) in own}
    store.execute("CREATE TEMP TABLE own (beneficiary VARCHAR PRIMARY KEY, member VARCHAR)")
    if mine:
        store.execute(
            "INSERT INTO own SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", [list(mine), list(mine.values())]
        )
    store.execute("CREATE TEMP TABLE entries AS SELECT * FROM movements WHERE movement IN ('issued', 'acquired')")
    store.execute(
        """
        CREATE TEMP TABLE exits AS
        SELECT m.*, member, movement = 'retired' AND (own.beneficiary IS NOT NULL OR m.beneficiary IS NULL) AS for_group
        FROM movements m LEFT JOIN own ON own.beneficiary = m.beneficiary WHERE movement IN ('transferred', 'retired')
        """
    )
    store.execute(
        """
        CREATE TEMP TABLE origins AS
        SELECT x.*, e.row AS entry_row, e.on_day AS entry_day, e.last AS entry_last, e.serials AS entry_serials,
          e.source AS entry_source, e.vintage AS entry_vintage, e.begins AS entry_begins, e.ends AS entry_ends
        FROM exits x ASOF LEFT JOIN entries e
          ON e.instrument = x.instrument AND e.prefix = x.prefix AND e.first <= x.first
        """
    )


def _overlaps(store: duckdb.DuckDBPyConnection, facts: FileFacts) -> Iterator[Problem]:
    """Find serials that enter, or leave, twice; of ranges in order, neighbours overlap if any two do."""
    for table, twice in (("entries", "enter the ledger twice"), ("exits", "are transferred or retired twice")):
        found = store.execute(
            f"""
            SELECT row, serials, movement, on_day, before.row, before.serials, before.movement, before.on_day FROM (
              SELECT *, lag(struct_pack(row := row, serials := serials, movement := movement, on_day := on_day,
                last := last)) OVER (PARTITION BY instrument, prefix ORDER BY first, row) AS before
              FROM {table}
            ) WHERE before.last >= first ORDER BY row LIMIT ?
            """,  # noqa: S608 (two names)
            [SHOWN_PROBLEMS],
        ).fetchall()
        for row, serials, movement, day, other, others, moved, earlier in found:
            yield Problem(
                f"serials {twice}: row {other} has {moved} {others} on {earlier}",
                facts.place(row, "serial_first"),
                "ranges that do not overlap",
                f"{movement} {serials} on {day}",
            )


def _origins(store: duckdb.DuckDBPyConnection, facts: FileFacts) -> Iterator[Problem]:
    """Find what leaves without having entered, before it entered, or under another source or vintage."""
    found = store.execute(
        """
        SELECT row, serials, movement, on_day, source, vintage, entry_row, entry_day, entry_last >= last, entry_serials,
          entry_source, entry_vintage, last > entry_last AND first <= entry_last
        FROM origins
        WHERE entry_row IS NULL OR entry_last < last OR on_day < entry_day OR source <> entry_source
          OR vintage <> entry_vintage
        ORDER BY row LIMIT ?
        """,
        [SHOWN_PROBLEMS],
    ).fetchall()
    for row, serials, movement, day, source, vintage, entry, entered, whole, known, origin, year, partly in found:
        if entry is None or not whole:
            hint = f"row {entry} has {known}; of several ranges each has its own row" if partly else None
            yield Problem(
                f"{movement} {serials} on {day} is more than was held: the serials never entered the ledger",
                facts.place(row, "serial_first"),
                "serials inside one range that was issued or acquired",
                hint=hint,
            )
        elif day < entered:
            what = f"{movement} {serials} on {day}, before row {entry} brought them in on {entered}: a negative balance"
            yield Problem(what, facts.place(row, "date"))
        else:
            yield Problem(
                f"{serials} entered in row {entry} as {origin} {year}",
                facts.place(row, "source" if source != origin else "vintage"),
                f"{origin} {year}",
                f"{source} {vintage}",
            )


def _future(store: duckdb.DuckDBPyConnection, facts: FileFacts, today: datetime.date) -> Iterator[Problem]:
    found = store.execute(
        "SELECT row, movement, on_day FROM movements WHERE on_day > ? ORDER BY row LIMIT ?", [today, SHOWN_PROBLEMS]
    ).fetchall()
    for row, movement, day in found:
        hint = "what is planned stands under `planned_use:` of the entity file"
        yield Problem(
            f"{movement} on a day to come", facts.place(row, "date"), f"{today} at the latest", str(day), hint
        )


def _early(store: duckdb.DuckDBPyConnection, facts: FileFacts) -> Iterator[Problem]:
    found = store.execute(
        "SELECT row, on_day, vintage FROM entries WHERE movement = 'issued' AND "
        "on_day <= coalesce(ends, make_date(vintage, 1, 1)) ORDER BY row LIMIT ?",
        [SHOWN_PROBLEMS],
    ).fetchall()
    for row, day, vintage in found:
        yield Problem(f"issued on {day}, before the tonnes of {vintage} arose", facts.place(row, "date"))


def _statements(store: duckdb.DuckDBPyConnection, facts: FileFacts) -> Iterator[Problem]:
    """Hold each statement of a holding against the movements up to its day."""
    found = store.execute(
        """
        WITH holdings AS (SELECT * FROM movements WHERE movement = 'held'),
        entered AS (
          SELECT h.*, e.row AS entry_row FROM holdings h ASOF LEFT JOIN entries e
            ON e.instrument = h.instrument AND e.prefix = h.prefix AND e.first <= h.first
        ),
        reaching AS (
          SELECT h.row, x.row AS other, x.on_day AS gone FROM holdings h ASOF JOIN exits x
            ON x.instrument = h.instrument AND x.prefix = h.prefix AND x.first < h.first
          WHERE x.last >= h.first AND x.on_day <= h.on_day
        ),
        marks AS (
          SELECT instrument, prefix, first, first AS until, on_day, row, true AS leaves FROM exits
          UNION ALL SELECT instrument, prefix, first, last, on_day, row, false FROM holdings
        ),
        within AS (
          SELECT row, on_day, leaves, min(CASE WHEN leaves THEN struct_pack(day := on_day, row := row) END) OVER (
            PARTITION BY instrument, prefix ORDER BY first
            RANGE BETWEEN CURRENT ROW AND until - first FOLLOWING
          ) AS gone
          FROM marks
        )
        SELECT h.row, h.serials, h.on_day, h.source, h.vintage, e.row, e.serials, e.on_day, e.last < h.last,
          e.source <> h.source OR e.vintage <> h.vintage,
          coalesce(r.other, CASE WHEN w.gone.day <= h.on_day THEN w.gone.row END),
          coalesce(r.gone, w.gone.day)
        FROM entered h LEFT JOIN entries e ON e.row = h.entry_row LEFT JOIN reaching r ON r.row = h.row
          LEFT JOIN within w ON w.row = h.row AND NOT w.leaves
        WHERE e.row IS NULL OR e.last < h.last OR e.on_day > h.on_day OR e.source <> h.source OR e.vintage <> h.vintage
          OR r.other IS NOT NULL OR w.gone.day <= h.on_day
        ORDER BY h.row LIMIT ?
        """,
        [SHOWN_PROBLEMS],
    ).fetchall()
    for row, serials, day, source, vintage, entry, known, entered, short, misnamed, other, gone in found:
        place = facts.place(row, "serial_first")
        if other is not None:
            yield Problem(
                f"{serials} is said to be held on {day}, but row {other} took some of it away on {gone}", place
            )
        elif entry is None or short:
            hint = f"row {entry} has {known}" if entry is not None else None
            yield Problem(f"{serials} is said to be held on {day}, but never entered as a whole", place, hint=hint)
        elif misnamed:
            yield Problem(
                f"{serials} entered in row {entry} under another source or vintage", place, found=f"{source} {vintage}"
            )
        else:
            yield Problem(f"{serials} is said to be held on {day}, but row {entry} brought it in on {entered}", place)


_CHECKS = (_overlaps, _origins, _early, _statements)


def _last_issuance(store: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], int]:
    found = store.execute(
        "SELECT source, vintage, max(row) FROM entries WHERE instrument = 'credit' AND movement = 'issued' GROUP BY ALL"
    ).fetchall()
    return {(source, vintage): row for source, vintage, row in found}


def _certificates(store: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], int]:
    found = store.execute(
        "SELECT source, vintage, CAST(sum(units) AS BIGINT) FROM entries WHERE instrument = 'certificate' GROUP BY ALL"
    ).fetchall()
    return {(source, vintage): units for source, vintage, units in found}


def _lots(store: duckdb.DuckDBPyConnection, facts: FileFacts, until: datetime.date) -> Iterator[Lot]:
    own: dict[tuple[object, ...], dict[bool, dict[str | None, int]]] = {}
    for *key, member, later, units in store.execute(
        """
        SELECT entry_source, entry_vintage, entry_begins, entry_ends, member, on_day > $until,
          CAST(sum(units) AS BIGINT) FROM origins
        WHERE instrument = 'credit' AND for_group AND beneficiary IS NOT NULL AND purpose IS NOT NULL GROUP BY ALL
        """,
        {"until": until},
    ).fetchall():
        own.setdefault(tuple(key), {False: {}, True: {}})[later][member] = units
    found = store.execute(
        """
        WITH went AS (
          SELECT entry_source, entry_vintage, entry_begins, entry_ends,
            sum(units) FILTER (movement = 'transferred') AS transferred,
            sum(units) FILTER (movement = 'retired' AND NOT for_group) AS others,
            sum(units) FILTER (for_group AND (beneficiary IS NULL OR purpose IS NULL)) AS unusable,
            list(row ORDER BY row)[:{most}] AS numbers, count(*) AS moved
          FROM origins WHERE instrument = 'credit' GROUP BY ALL
        ),
        came AS (
          SELECT source, vintage, begins, ends, sum(units) AS entered, list(row ORDER BY row)[:{most}] AS numbers,
            count(*) AS moved
          FROM entries WHERE instrument = 'credit' GROUP BY ALL
        )
        SELECT source, vintage, begins, ends, CAST(entered AS BIGINT), CAST(coalesce(transferred, 0) AS BIGINT),
          CAST(coalesce(others, 0) AS BIGINT), CAST(coalesce(unusable, 0) AS BIGINT),
          list_concat(came.numbers, coalesce(went.numbers, [])), came.moved + coalesce(went.moved, 0)
        FROM came LEFT JOIN went ON entry_source = source AND entry_vintage = vintage
          AND entry_begins IS NOT DISTINCT FROM begins AND entry_ends IS NOT DISTINCT FROM ends
        ORDER BY ALL
        """.replace("{most}", str(SHOWN_ROWS))
    ).fetchall()
    for source, vintage, begins, ends, entered, transferred, others, unusable, numbers, count in found:
        mine = own.get((source, vintage, begins, ends), {False: {}, True: {}})
        lineage = _lineage(facts, numbers, count)
        yield Lot(
            source, vintage, begins, ends, entered, transferred, mine[False], mine[True], others, unusable, lineage
        )


def _by_source(lots: Iterable[Lot]) -> dict[str, tuple[Lot, ...]]:
    return {source: tuple(found) for source, found in groupby(lots, key=lambda lot: lot.source)}


def _accounts(
    store: duckdb.DuckDBPyConnection, facts: FileFacts, year: tuple[datetime.date, datetime.date]
) -> Iterator[Account]:
    found = store.execute(
        """
        WITH moved AS (
          SELECT row, on_day, instrument, source, vintage, movement, units, false AS for_group FROM entries
          UNION ALL
          SELECT row, on_day, instrument, entry_source, entry_vintage, movement, units, for_group FROM origins
        ),
        signed AS (
          SELECT *, on_day BETWEEN $start AND $end AS inside,
            CASE WHEN movement IN ('issued', 'acquired') THEN units ELSE -units END AS change
          FROM moved WHERE on_day <= $end
        )
        SELECT instrument, source, vintage,
          CAST(coalesce(sum(change) FILTER (NOT inside), 0) AS BIGINT),
          CAST(coalesce(sum(units) FILTER (inside AND movement = 'issued'), 0) AS BIGINT),
          CAST(coalesce(sum(units) FILTER (inside AND movement = 'acquired'), 0) AS BIGINT),
          CAST(coalesce(sum(units) FILTER (inside AND movement = 'transferred'), 0) AS BIGINT),
          CAST(coalesce(sum(units) FILTER (inside AND movement = 'retired' AND for_group), 0) AS BIGINT),
          CAST(coalesce(sum(units) FILTER (inside AND movement = 'retired' AND NOT for_group), 0) AS BIGINT),
          CAST(sum(change) AS BIGINT), list(row ORDER BY row)[:$most], count(*)
        FROM signed GROUP BY instrument, source, vintage ORDER BY instrument, source, vintage
        """,
        {"start": year[0], "end": year[1], "most": SHOWN_ROWS},
    ).fetchall()
    for instrument, source, vintage, *amounts, numbers, count in found:
        start, issued, acquired, transferred, own, others, end = amounts
        lineage = _lineage(facts, numbers, count)
        yield Account(instrument, source, vintage, start, issued, acquired, transferred, own, others, end, lineage)


def _retirements(
    store: duckdb.DuckDBPyConnection, facts: FileFacts, year: tuple[datetime.date, datetime.date]
) -> Iterator[OwnRetirement]:
    found = store.execute(
        """
        SELECT entry_source, entry_vintage, on_day, beneficiary, purpose, adjusted, CAST(sum(units) AS BIGINT),
          list(serials ORDER BY prefix, first)[:$ranges], count(*), list(row ORDER BY row)[:$most]
        FROM origins WHERE instrument = 'credit' AND for_group AND on_day BETWEEN $start AND $end
        GROUP BY entry_source, entry_vintage, on_day, beneficiary, purpose, adjusted
        ORDER BY entry_source, entry_vintage, on_day, beneficiary, purpose, adjusted
        """,
        {"start": year[0], "end": year[1], "most": SHOWN_ROWS, "ranges": SHOWN_RANGES},
    ).fetchall()
    for source, vintage, day, beneficiary, purpose, adjusted, tonnes, serials, count, numbers in found:
        lineage = _lineage(facts, numbers, count)
        yield OwnRetirement(
            source, vintage, day, beneficiary, purpose, adjusted, tonnes, tuple(serials), count, lineage
        )


def _lineage(facts: FileFacts, rows: list[int], count: int) -> Lineage:
    shown = tuple(sorted(rows))[:SHOWN_ROWS]
    return Lineage("ledger", facts.shown, facts.sha256, rows=shown, row_count=count)

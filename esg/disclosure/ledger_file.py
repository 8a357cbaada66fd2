"""Reads the credit ledger, csv or xlsx, into a table of the store: one movement of one serial range in each row.

Judges each row alone: dates, names, serials, amounts. What rows say of each other is in `ledger`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from tonne.engine.data.file_form import FileForm
from tonne.engine.data.intake import (
    FileFacts,
    columns_query,
    cut_problems,
    inspect,
    read,
    require_columns,
)
from tonne.engine.data.layout import Asked, column_names, is_plain, lay_out_file, open_rows
from tonne.engine.data.store import Statements, quoted
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, nearest
from tonne.esg.disclosure.folding import DASHES, folded

NEEDED = ("date", "movement", "source", "vintage", "serial_first", "serial_last", "amount")
OPTIONAL = (
    *("instrument", "counterparty", "beneficiary", "purpose", "corresponding_adjustment"),
    *("period_start", "period_end"),
)
MOVEMENTS = ("issued", "acquired", "held", "transferred", "retired")
LARGEST = 10**12  # tonnes of one range
_MOST_DIGITS = 15

# What is wrong with one cell: the column, the condition under which it is, what is expected.
_CELLS: tuple[tuple[str, str, str, str | None], ...] = (
    ("date", "on_day IS NULL", "a day such as 2024-05-31", "every movement is dated"),
    ("movement", f"NOT coalesce(list_contains({list(MOVEMENTS)}, movement), false)", ", ".join(MOVEMENTS), None),
    (
        "instrument",
        "NOT list_contains(['credit', 'certificate'], instrument)",
        "credit or certificate (a green certificate, in MWh)",
        None,
    ),
    ("vintage", "year IS NULL OR year NOT BETWEEN 1990 AND 2100", "a calendar year", None),
    ("serial_first", "first IS NULL", f"a serial that ends in a number of at most {_MOST_DIGITS} digits", None),
    (
        "serial_last",
        "first IS NOT NULL AND (last IS NULL OR prefix IS DISTINCT FROM last_prefix OR last < first)",
        "the first serial with a number that is not smaller",
        "one row is one range; ranges of different blocks stand in rows of their own",
    ),
    (
        "amount",
        "units IS NULL OR (last >= first AND prefix = last_prefix AND units <> last - first + 1)",
        "the count of the serials, a whole number",
        "each serial is one tonne, or one MWh of a certificate",
    ),
    (
        "corresponding_adjustment",
        "corresponding_adjustment IS NOT NULL AND adjusted IS NULL",
        "yes, no, or nothing where it is not known",
        None,
    ),
    (
        "period_start",
        "bounded AND (begins IS NULL OR ends IS NULL OR ends < begins OR year(begins) <> year OR year(ends) <> year)",
        "first and last day of generation, both inside the vintage year",
        None,
    ),
    (
        "period_start",
        "bounded AND movement <> 'issued'",
        "days of generation in rows of issuance only",
        None,
    ),
)
# Which movement (as a pattern) of which instrument does not go with which kind of source.
_MISFITS = (
    (
        "issued",
        "%",
        "bought",
        "credits of others enter as `acquired`, and so do certificates",
    ),
    (
        "acquired",
        "credit",
        "project",
        "credits of a project of the entity enter as `issued`; they cannot be bought back here",
    ),
    ("%", "credit", "uncredited", "the entity file says `credits: none` of this project"),
)
_DAY = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?( 00:00(:00)?)?$"


def read_ledger(
    store: duckdb.DuckDBPyConnection, path: Path, shown: str, form: FileForm | None, sources: Mapping[str, str]
) -> FileFacts:
    """Make the table `movements` of a ledger; its rows are right one by one.

    Args:
        store: where the table is made.
        path: the file.
        shown: the name that messages use for it.
        form: its layout, None for the usual one.
        sources: by id, `project`, `uncredited` (a project that was never registered) or `bought`.

    Raises:
        DataError: the file cannot be read, or some rows are wrong; with every fault.
    """
    facts, query, values = _opened(store, path, shown, form)
    read(store, facts, f"CREATE TEMP TABLE written AS {query}", values)
    store.execute("CREATE TEMP TABLE sources (source VARCHAR PRIMARY KEY, kind VARCHAR)")
    if sources:
        store.execute(
            "INSERT INTO sources SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [list(sources), list(sources.values())],
        )
    store.execute(_TYPED)
    _fold_strange(store)
    problems = [*_cell_problems(store, facts), *_source_problems(store, facts, sources)]
    if problems:
        problems.sort(key=lambda problem: (problem.place.line or 0) if problem.place else 0)
        raise DataError(cut_problems(problems[:SHOWN_PROBLEMS], len(problems), shown))
    store.execute(_MOVEMENTS)
    store.execute("DROP TABLE typed; DROP TABLE written")
    return facts


# One block in two writings is one block: width, case, kind of dash, spaces and unseen characters do not count.
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + DASHES
_NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)).replace("'", "''") + "-" * len(DASHES)
_STRANGE = r"[^\x00-\x7F\x{4E00}-\x{9FFF}]"  # beyond what SQL brings into one form


def _alike(column: str) -> str:
    plain = f"translate({column}, '{_WIDE}', '{_NARROW}')"
    folding = f"regexp_replace({plain}, '[\\s\\p{{Z}}\\p{{C}}]', '', 'g')"
    # Of mere ASCII, which most ledgers are, nothing but spaces and case can differ.
    quick = f"CASE WHEN regexp_matches({column}, '[[:cntrl:][:space:]]') THEN {folding} ELSE {column} END"
    return f"lower(CASE WHEN strlen({column}) = length({column}) THEN {quick} ELSE {folding} END)"


_TYPED = f"""
CREATE TEMP TABLE typed AS
WITH folded AS (SELECT *, {_alike("serial_first")} AS first_alike, {_alike("serial_last")} AS last_alike FROM written)
SELECT * EXCLUDE (first_alike, last_alike),
  TRY_CAST(regexp_replace(date, '{_DAY}', '\\1-\\2-\\3') AS DATE) AS on_day,
  CASE WHEN regexp_full_match(vintage, '[0-9]{{4}}') THEN CAST(vintage AS INTEGER) END AS year,
  regexp_replace(first_alike, '[0-9]+$', '') AS prefix,
  regexp_replace(last_alike, '[0-9]+$', '') AS last_prefix,
  CASE WHEN regexp_matches(first_alike, '[0-9]+$') AND length(regexp_extract(first_alike, '[0-9]+$')) <= {_MOST_DIGITS}
    THEN CAST(regexp_extract(first_alike, '[0-9]+$') AS BIGINT) END AS first,
  CASE WHEN regexp_matches(last_alike, '[0-9]+$') AND length(regexp_extract(last_alike, '[0-9]+$')) <= {_MOST_DIGITS}
    THEN CAST(regexp_extract(last_alike, '[0-9]+$') AS BIGINT) END AS last,
  CASE WHEN regexp_full_match(amount, '[0-9]{{1,13}}(\\.0+)?') AND CAST(regexp_extract(amount, '^[0-9]+') AS BIGINT) BETWEEN 1 AND {LARGEST}
    THEN CAST(regexp_extract(amount, '^[0-9]+') AS BIGINT) END AS units,
  CASE lower(corresponding_adjustment) WHEN 'yes' THEN true WHEN 'true' THEN true WHEN '是' THEN true
    WHEN 'no' THEN false WHEN 'false' THEN false WHEN '否' THEN false END AS adjusted,
  period_start IS NOT NULL OR period_end IS NOT NULL AS bounded,
  TRY_CAST(regexp_replace(period_start, '{_DAY}', '\\1-\\2-\\3') AS DATE) AS begins,
  TRY_CAST(regexp_replace(period_end, '{_DAY}', '\\1-\\2-\\3') AS DATE) AS ends
FROM folded
"""  # noqa: S608 (text made here)

_MOVEMENTS = """
CREATE TEMP TABLE movements AS
SELECT row, on_day, movement, instrument, source, year AS vintage, prefix, first, last, units, beneficiary, purpose,
  adjusted, begins, ends, serial_first || CASE WHEN first = last THEN '' ELSE ' … ' || serial_last END AS serials
FROM typed
"""


def _fold_strange(store: duckdb.DuckDBPyConnection) -> None:
    """Bring the blocks that hold rare characters into one form as well; they are few."""
    found = store.execute(
        "SELECT DISTINCT unnest([prefix, last_prefix]) AS block FROM typed WHERE regexp_matches(prefix || last_prefix, ?)",
        [_STRANGE],
    ).fetchall()
    if not found:
        return
    store.execute("CREATE TEMP TABLE blocks (block VARCHAR PRIMARY KEY, alike VARCHAR)")
    written = [block for (block,) in found]
    store.execute(
        "INSERT INTO blocks SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", [written, [*map(folded, written)]]
    )
    for column in ("prefix", "last_prefix"):
        store.execute(f"UPDATE typed SET {column} = alike FROM blocks WHERE {column} = block")  # noqa: S608 (two names)
    store.execute("DROP TABLE blocks")


def _opened(
    store: duckdb.DuckDBPyConnection, path: Path, shown: str, form: FileForm | None
) -> tuple[FileFacts, str, list[object]]:
    """Give the query that reads the columns of a ledger as text; columns that may be missing are NULL."""
    plain = is_plain(path, form, None)
    if plain:
        facts = inspect(path, shown)
        names: tuple[str, ...] = facts.columns
    else:
        _, rows = open_rows(path, shown, form or FileForm())
        names, _ = column_names(rows, form or FileForm(), None, shown)
    require_columns(names, [*NEEDED, *(name for name in OPTIONAL if name in names)], Place(shown, 1))
    present = {name: name for name in (*NEEDED, *OPTIONAL) if name in names}
    if not plain:
        facts = lay_out_file(store, path, shown, form, Asked(present), quoted("laid_out"))
    query, values = columns_query(facts, present)
    missing = "".join(f", NULL::VARCHAR AS {quoted(name)}" for name in OPTIONAL if name not in present)
    filled = "* REPLACE (coalesce(instrument, 'credit') AS instrument)"
    return facts, f"SELECT {filled} FROM (SELECT *{missing} FROM ({query}))", values  # noqa: S608 (names quoted)


def _cell_problems(store: duckdb.DuckDBPyConnection, facts: FileFacts) -> Iterator[Problem]:
    statements = Statements(store, {})
    for column, condition, expected, hint in _CELLS:
        found = statements.ask(
            "SELECT row, {column} FROM typed WHERE {condition} ORDER BY row LIMIT {most}",
            column=quoted(column),
            condition=condition,
            most=str(SHOWN_PROBLEMS),
        )
        for row, text in found:
            yield Problem("the cell is not right", facts.place(row, column), expected, _shown(text), hint)


def _source_problems(
    store: duckdb.DuckDBPyConnection, facts: FileFacts, sources: Mapping[str, str]
) -> Iterator[Problem]:
    unknown = store.execute(
        "SELECT min(row), source FROM typed WHERE source IS NULL OR source NOT IN (SELECT source FROM sources) "
        "GROUP BY source ORDER BY 1 LIMIT ?",
        [SHOWN_PROBLEMS],
    ).fetchall()
    for row, name in unknown:
        hint = nearest(name or "", sources) or "name it under `projects:` (with `credits:`) or `sources:`"
        yield Problem("the source is not known", facts.place(row, "source"), found=_shown(name), hint=hint)
    for movement, instrument, kind, hint in _MISFITS:
        wrong = store.execute(
            "SELECT row, source, instrument FROM typed JOIN sources USING (source) WHERE movement LIKE ? AND kind = ? "
            "AND instrument LIKE ? ORDER BY row LIMIT ?",
            [movement, kind, instrument, SHOWN_PROBLEMS],
        ).fetchall()
        for row, name, what in wrong:
            yield Problem(f"{what}s of {name} cannot move so", facts.place(row, "movement"), hint=hint)


def _shown(text: str | None) -> str:
    return "nothing" if text is None else f"'{re.sub(r'[^ -~一-鿿]', '?', text)[:60]}'"

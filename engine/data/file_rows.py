"""Leaves the readings of a regular Parquet file where they are: the store reads them from the file whenever asked.

One pass over the file says whether its columns of time, number and names can be taken as they are. Where they cannot,
`cells` brings the file to the store cell by cell, finds what is wrong and names the row; nothing is refused here.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from tonne.engine.data.amounts import DECIMALS, DIGITS
from tonne.engine.data.intake import ROW, parquet_source, read
from tonne.engine.data.local_time import DAY, Intervals, lay_intervals
from tonne.engine.data.series import Series
from tonne.engine.data.stamps import EARLIEST, LATEST, typed_moment_query
from tonne.engine.data.store import file_pattern, quoted, text_literal

# The digits of whole numbers, by kind.
_WHOLE = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10}
_LARGE = frozenset({"BIGINT", "UBIGINT"})
# So many digits are those of one binary number only, and the shortest text of that number.
_BINARY = {"DOUBLE": 15, "FLOAT": 6}


@dataclass(frozen=True)
class FileRows:
    """The rows of a file, each with the instant and the members of a reading; how much it reads is in a column."""

    source: str  # SQL
    members: tuple[tuple[str, str], ...]  # alias and SQL
    moment: str
    intervals: Intervals

    def select(self, columns: Mapping[str, str]) -> str:
        """Select row, members and instant of every row, and some columns."""
        all_columns = [*self.members, ("moment", self.moment), *((quoted(name), sql) for name, sql in columns.items())]
        listed = ", ".join(f"{sql} AS {name}" for name, sql in all_columns)
        return f"SELECT {ROW} + 1 AS row, {listed} FROM {self.source}"  # noqa: S608 (names made here)

    def laid_out(self, columns: Mapping[str, str]) -> str:
        """Select the rows that lie in the period, each with its interval."""
        return self.intervals.query(self.select(columns))


@dataclass(frozen=True)
class InFile:
    """The readings of one column of a file, of which nothing has to be changed."""

    rows: FileRows
    meter: str  # SQL
    amount: str  # SQL of the exact value

    @property
    def counted(self) -> str:
        """Name the table of what is counted of these rows, whichever of their columns is read."""
        return f"rows {hashlib.sha256(repr((self.rows, self.meter)).encode()).hexdigest()}"

    def cells(self) -> str:
        """Select every row with its meter and value."""
        return self.rows.select({"meter": self.meter, "value": self.amount})


def readings_in_file(series: Series) -> InFile | None:
    """Tell how the readings of a file are read where they are; None where they cannot be.

    The values are those that the text of each number would give.
    """
    spec, facts, grid, time = series.spec, series.facts, series.grid, series.time
    described = spec.numbers or spec.value.units or spec.meter.only is not None or series.is_register
    if described or facts.table or facts.suffix != ".parquet" or grid.size is None or grid.ends != time.ends:
        return None
    source = parquet_source(text_literal(file_pattern(facts.path)))
    found = read(series.sql.store, facts, f"DESCRIBE SELECT * FROM {source}", []).fetchall()  # noqa: S608 (made here)
    kinds = {name: str(kind) for name, kind, *_ in found}
    texts = [*series.labels, *([] if spec.meter.column is None else [spec.meter.column])]
    if any(column not in kinds for column in [spec.time.column, spec.value.column, *texts]):
        return None
    moment = typed_moment_query(spec.time, time, quoted(spec.time.column), kinds[spec.time.column])
    if moment is None or any(kinds[column] != "VARCHAR" for column in texts):
        return None
    members = tuple((f"l{index}", quoted(column)) for index, column in enumerate(series.labels))
    rows = FileRows(source, members, moment, lay_intervals(grid, time, spec.time.marks))
    amount = _amount(series.sql.store, rows, str(spec.value.column), kinds[str(spec.value.column)])
    meter = text_literal(spec.meter.name or "") if spec.meter.column is None else quoted(spec.meter.column)
    return None if amount is None else InFile(rows, meter, amount)


def _amount(store: duckdb.DuckDBPyConnection, rows: FileRows, column: str, kind: str) -> str | None:
    """Write the SQL of the exact value in a column, None where it has none that is sure."""
    name = quoted(column)
    if kind in _WHOLE:
        return f"CAST({name} AS DECIMAL({_WHOLE[kind]}, 0))"
    for digits, scale in _decimals(kind):
        decimal = f"TRY_CAST({name} AS DECIMAL({digits}, {scale}))"
        other = f"CAST({decimal} AS {kind}) IS DISTINCT FROM {name}"
        if not store.execute(f"SELECT 1 FROM {rows.source} WHERE {other} LIMIT 1").fetchone():  # noqa: S608
            return decimal
    return None


def _decimals(kind: str) -> Iterator[tuple[int, int]]:
    """List the digits and decimals that the numbers of a column may have, of those that the store takes."""
    if kind.startswith("DECIMAL("):
        _, scale = (int(part) for part in kind[8:-1].split(","))
        yield from [(DIGITS + scale, scale)] if scale <= DECIMALS else []
    elif kind in _BINARY:
        yield from ((_BINARY[kind], scale) for scale in range(_BINARY[kind]))
    elif kind in _LARGE:
        yield DIGITS, 0


def are_whole(series: Series, found: InFile) -> bool:
    """Whether each row has its names, without blanks around them, and an instant that a text could say."""
    names = ["meter", *(alias for alias, _ in found.rows.members)]
    bad_names = "".join(f" OR {name} IS NULL OR {name} = '' OR {name} <> trim({name})" for name in names)
    # The first and the last day, in some zones, have no text.
    faults = f"moment IS NULL OR moment NOT BETWEEN {EARLIEST + DAY} AND {LATEST - DAY}{bad_names}"
    rows = found.rows.select({"meter": found.meter})
    return not series.sql.ask("SELECT 1 FROM ({rows}) WHERE {faults} LIMIT 1", rows=rows, faults=faults)

"""Parameters by the minute with more values than are held one by one: their values stay in the store.

A stream is what one parameter takes from its files of readings: a relation with a row for each index, and how a row
becomes a value in the parameter's unit. The arithmetic of a row is exact where a row is asked for (`exact`) and of
double precision where the store computes (`query`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.file_rows import FileRows, InFile
from tonne.engine.data.store import quoted, text_literal

_BOUNDS = ("min", "max", "above", "below")


@dataclass(frozen=True)
class FilePart:
    """Where each row of a part is a row of a file: what several parts of one file share, and what each has alone."""

    rows: FileRows
    step: str  # the SQL of the clock's step, of columns of the rows
    columns: tuple[tuple[str, str], ...]  # dimension to SQL
    at: tuple[tuple[str, str], ...]
    of: InFile = field(compare=False)
    taken: str = field(compare=False)  # the SQL of the total
    class_: str = field(compare=False)


@dataclass(frozen=True)
class StreamPart:
    """What one feed brings: a relation with the columns step, one for each dimension in it, total, count and class."""

    relation: str  # quoted
    columns: Mapping[str, str]  # dimension to a column of the relation
    at: Mapping[str, str]  # dimension to the one member that all rows belong to
    factor: Fraction
    offset: Fraction
    shares: tuple[Fraction, ...]  # by which a class is corrected, of its magnitude
    averaged: bool
    in_file: "FilePart | None" = None

    def value(self, total: str = "total", count: str = "count", class_: str = "class") -> str:
        """Write the SQL of the value of a row, in double precision."""
        value = f"CAST({total} AS DOUBLE)" + (f" / {count}" if self.averaged else "")
        if len(self.shares) > 1:
            cases = " ".join(f"WHEN {number} THEN {float(share)!r}" for number, share in enumerate(self.shares))
            value = f"({value} + CASE {class_} {cases} END * abs({value}))"
        offset = f" + {float(self.offset)!r}" if self.offset else ""
        return f"{value} * {float(self.factor)!r}{offset}"

    def exact(self, total: Any, count: int, class_: int) -> Fraction:
        """Give the exact value of a row."""
        amount = Fraction(total) / (count if self.averaged else 1)
        return (amount + self.shares[class_] * abs(amount)) * self.factor + self.offset

    def query(self, over: Sequence[str], clock: str) -> str:
        """Select the index and the value of every row."""
        keys = ", ".join(f"{self.key(name, clock)} AS {quoted(name)}" for name in over)
        return f"SELECT {keys}, {self.value()} AS value FROM {self.relation}"  # noqa: S608 (names made here)

    def key(self, name: str, clock: str) -> str:
        """Write where a row has a dimension."""
        if name == clock:
            return "step"
        return text_literal(self.at[name]) if name in self.at else self.columns[name]


@dataclass(frozen=True)
class Stream:
    """The values of one parameter: parts for different members, or one value for all indices."""

    name: str
    over: tuple[str, ...]
    clock: str
    origin: Mapping[str, Any]
    parts: tuple[StreamPart, ...] = ()
    constant: Fraction | None = None
    found: tuple[tuple[Index, Fraction], ...] = ()  # the extremes, once they were looked for
    size: int = 0  # how many values there are, once they were counted

    def beside(self, other: "Stream") -> "Stream":
        """Put two together."""
        meters = [*self.origin.get("meters", []), *other.origin.get("meters", [])]
        return replace(self, parts=(*self.parts, *other.parts), origin={**self.origin, "meters": meters})

    def query(self) -> str:
        """Select the index and the value of every row of all parts."""
        return " UNION ALL ".join(part.query(self.over, self.clock) for part in self.parts)

    def sample(
        self, store: duckdb.DuckDBPyConnection, steps: Sequence[int], members: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[Index, Fraction]]:
        """Go through the exact values at some steps and members."""
        for part in self.parts:
            among = [(part.key(name, self.clock), members[name]) for name in self.over if name != self.clock]
            inside = [is_among("step", steps), *(is_among(key, texts) for key, texts in among)]
            keys = ", ".join(part.key(name, self.clock) for name in self.over)
            rows = store.execute(
                f"SELECT {keys}, total, count, class FROM {part.relation} WHERE {' AND '.join(inside)}"  # noqa: S608
            ).fetchall()
            for *index, total, count, class_ in rows:
                yield tuple(index), part.exact(total, count, class_)

    def extremes(self, store: duckdb.DuckDBPyConnection) -> Iterator[tuple[Index, Fraction]]:
        """Give the least and the largest value of each part, exact."""
        if self.constant is not None:
            yield (), self.constant
        if self.found:
            yield from self.found
            return
        for part in self.parts:
            keys = ", ".join(part.key(name, self.clock) for name in self.over)
            limits = f"SELECT min({part.value()}), max({part.value()}) FROM {part.relation}"  # noqa: S608
            for limit in store.execute(limits).fetchone() or ():
                first = f"SELECT {keys}, total, count, class FROM {part.relation} WHERE {part.value()} = ? LIMIT 1"  # noqa: S608
                for *index, total, count, class_ in store.execute(first, [limit]).fetchall():
                    yield tuple(index), part.exact(total, count, class_)

    def counted(self, store: duckdb.DuckDBPyConnection, domain: Domain) -> "Stream":
        """Count the values: the rows of all parts, or every index for one value."""
        if self.constant is not None:
            return replace(self, size=domain.size(self.over))
        counts = [
            store.execute(f"SELECT count(*) FROM {part.relation}").fetchone()  # noqa: S608
            for part in self.parts
        ]
        return replace(self, size=sum(int(row[0]) for row in counts if row))

    def repeated(self, store: duckdb.DuckDBPyConnection) -> Index | None:
        """Find an index that two parts give a value for."""
        if len(self.parts) < 2 or _apart(self.parts):
            return None
        keys = ", ".join(quoted(name) for name in self.over)
        row = store.execute(
            f"SELECT {keys} FROM ({self.query()}) GROUP BY {keys} HAVING count(*) > 1 ORDER BY ALL LIMIT 1"  # noqa: S608
        ).fetchone()
        return tuple(row) if row else None

    def missing(self, store: duckdb.DuckDBPyConnection, domain: Domain, most: int) -> list[Index]:
        """Find the first indices without a value, once the values are counted."""
        if self.size == domain.size(self.over):
            return []
        grid, values = grid_query(domain, self.over)
        keys = ", ".join(quoted(name) for name in self.over)
        rows = store.execute(
            f"SELECT {keys} FROM ({grid}) ANTI JOIN ({self.query()}) USING ({keys}) ORDER BY ALL LIMIT ?",  # noqa: S608
            [*values, most],
        ).fetchall()
        return [tuple(row) for row in rows]


def is_among(column: str, members: Sequence[int | str]) -> str:
    """Write the SQL that holds a column against a few members, as constants that the store can look for in files."""
    return f"{column} IN ({', '.join(str(member) if isinstance(member, int) else text_literal(member) for member in members)})"


def _apart(parts: Sequence[StreamPart]) -> bool:
    """Whether parts belong to different members by what the feeds say."""
    said = [tuple(sorted(part.at.items())) for part in parts]
    return all(part.at for part in parts) and len(set(said)) == len(said) and all(not part.columns for part in parts)


def grid_query(domain: Domain, over: Sequence[str]) -> tuple[str, list[object]]:
    """Select every index of an index set; with the values for its question marks."""
    parts: list[str] = []
    values: list[object] = []
    for position, name in enumerate(over):
        kind = "BIGINT" if name in domain.steps else "VARCHAR"
        parts.append(f"(SELECT unnest(CAST(? AS {kind}[])) AS {quoted(name)}) AS d{position}")
        values.append(list(domain.members[name]))
    return f"SELECT * FROM {' CROSS JOIN '.join(parts)}", values  # noqa: S608 (names made here)

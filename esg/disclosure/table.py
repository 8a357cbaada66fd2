"""The neutral model of a table of a disclosure: texts and amounts, where each comes from, and lines of sums.

Knows no facts and no file format. A sum has no value where a term has none, or where terms rest on different sets of
warming potentials.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tonne.esg.disclosure.amounts import Number, exact_sum
from tonne.esg.disclosure.facts import Hit, Lineage
from tonne.esg.disclosure.potentials import mixed_sets
from tonne.esg.document import Phrase, same
from tonne.esg.numbers import ABSENT

NOTHING = same(ABSENT)
Cell = Phrase | Number


@dataclass(frozen=True)
class Column:
    """A column: key, heading, share of the width, and in which part of a divided table it stands; 0 is in every part."""

    key: str
    heading: Phrase
    share: int
    part: int = 1
    is_summed: bool = False


@dataclass(frozen=True)
class Row:
    """A row: its key, its cells, where they come from, and what it is added up with."""

    key: str
    cells: tuple[Cell, ...]
    lineage: tuple[Lineage, ...] = ()
    group: str = ""
    gwp: str | None = None


@dataclass(frozen=True)
class Sum:
    """A line of sums over consecutive rows, from `first` to `last`; a cell without a number is empty."""

    label: Phrase
    first: int
    last: int
    cells: tuple[Number | None, ...]


@dataclass(frozen=True)
class FactTable:
    """A table, ready to be written."""

    id: str
    title: Phrase
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sums: tuple[Sum, ...] = ()
    note: Phrase | None = None

    def position(self, column: str) -> int:
        """Find a column by its key."""
        return next(at for at, item in enumerate(self.columns) if item.key == column)

    @property
    def parts(self) -> tuple[int, ...]:
        """Into which parts the table is divided where a page is too narrow for it."""
        return tuple(sorted({column.part for column in self.columns if column.part}))

    def numbers(self) -> Iterator[tuple[Number, tuple[Lineage, ...]]]:
        """Go through every amount, with where it comes from; of sums, of all their rows."""
        for row in self.rows:
            for cell in row.cells:
                if isinstance(cell, Number):
                    yield cell, row.lineage
        for line in self.sums:
            for item in line.cells:
                if item is not None:
                    yield item, ()


def summed_table(
    id_: str,
    title: Phrase,
    columns: tuple[Column, ...],
    rows: Sequence[Row],
    labels: dict[str, Phrase],
    note: Phrase | None = None,
) -> FactTable:
    """Make a table whose rows stand by group, with a line of sums for each group that has a label."""
    ordered = sorted(rows, key=lambda row: row.group)  # stable: the order inside a group stays
    sums = []
    first = 0
    for group, members in groupby(ordered, key=lambda row: row.group):
        count = len(list(members))
        if group in labels:
            sums.append(_sum(id_, group, labels[group], columns, (first, ordered[first : first + count])))
        first += count
    return FactTable(id_, title, columns, tuple(ordered), tuple(sums), note)


def _sum(id_: str, group: str, label: Phrase, columns: tuple[Column, ...], part: tuple[int, list[Row]]) -> Sum:
    first, rows = part
    cells = tuple(
        total(f"{id_}.{column.key}@sum{f'.{group}' if group else ''}", rows, at) if column.is_summed else None
        for at, column in enumerate(columns)
    )
    return Sum(label, first, first + len(rows) - 1, cells)


def total(id_: str, rows: Sequence[Row], at: int) -> Number | None:
    """Add up a column; None where no row has an amount there."""
    counted: list[Number] = []
    sets: set[str] = set()
    for row in rows:
        cell = row.cells[at]
        if isinstance(cell, Number):
            counted.append(cell)
            if row.gwp is not None and cell.value:
                sets.add(row.gwp)
    if not counted:
        return None
    unit, values = counted[0].unit, [cell.value for cell in counted if cell.value is not None]
    why: dict[Hit, None] = {}
    if len(values) < len(counted):
        why = dict.fromkeys(hit for cell in counted if cell.value is None for hit in cell.why)
    if len(sets) > 1:
        why[mixed_sets("entity", sorted(sets))] = None
    if why or len(values) < len(counted):
        return Number(id_, None, unit, tuple(why))
    return Number(id_, exact_sum(values), unit)

"""The first relation of a frame whose values stay in the store: a row for each index, with the streams beside it.

Streams that are columns of the same files are read together, row by row, whenever the relation is asked. Others are
joined to the grid of all indices once.
"""

from collections.abc import Mapping, Sequence

import duckdb

from tonne.engine import calendar
from tonne.engine.compute.relations import Frame, Staged
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain
from tonne.engine.data.local_time import FIXED, step_number
from tonne.engine.data.store import quoted, text_literal
from tonne.engine.data.streams import FilePart, Stream, StreamPart, grid_query
from tonne.engine.plan import Plan


def make_stream_base(
    frame: Frame, base: str, staged: Staged, plan: Plan, dataset: Dataset, store: duckdb.DuckDBPyConnection
) -> None:
    """Make the first relation of a frame with streams: its index, the coarser steps of time, and each parameter."""
    (clock,) = (name for name in frame if name in dataset.domain.clock)
    names = [name for name, over in plan.needed.items() if set(over) == set(frame)]
    given = {name: dataset.streams[name] for name in names if name in dataset.streams}
    streams = {name: stream for name, stream in given.items() if stream.constant is None}
    rows = _rows_of_files(frame, clock, streams, dataset.domain, store)
    columns = [f"{quoted(name)} AS {quoted(staged.column(name))}" for name in frame]
    for name in plan.methodology.dimensions:
        if plan.methodology.step(name) and calendar.is_finer(clock, name):
            number = step_number(name, f"({quoted(clock)} * {FIXED[clock]})")
            columns.append(f"{number} AS {quoted(staged.column(name))}")
    for name in names:
        value = quoted(name) if name in streams else _constant(given.get(name))
        columns.append(f"CAST({value} AS DOUBLE) AS {quoted(staged.column(name))}")
    kind = "VIEW" if rows else "TABLE"
    source = rows or _joined(frame, streams, dataset.domain, store, base)
    store.execute(f"CREATE TEMP {kind} {quoted(base)} AS SELECT {', '.join(columns)} FROM ({source})")  # noqa: S608


def _constant(stream: Stream | None) -> str:
    return "NULL" if stream is None or stream.constant is None else repr(float(stream.constant))


def _rows_of_files(
    frame: Frame, clock: str, streams: Mapping[str, Stream], domain: Domain, store: duckdb.DuckDBPyConnection
) -> str | None:
    """Select index and values from rows of files, if each row has all of them and each index has one row."""
    shared: dict[FilePart, dict[str, StreamPart]] = {}
    for name, stream in streams.items():
        for part in stream.parts:
            if part.in_file is None or name in shared.setdefault(part.in_file, {}):
                return None
            shared[part.in_file][name] = part
    if not shared or any(columns.keys() != streams.keys() for columns in shared.values()):
        return None
    sources = [f"SELECT count(*) FROM ({file.rows.laid_out({})})" for file in shared]  # noqa: S608 (made here)
    counts = [row[0] for source in sources for row in store.execute(source).fetchall()]
    size = domain.size(frame)
    # The values of a stream have one index each; where there are as many as indices, no row is beside them.
    if sum(counts) != size or all(stream.size != size for stream in streams.values()):
        return None
    return " UNION ALL ".join(_rows_of_file(frame, clock, file, columns) for file, columns in shared.items())


def _rows_of_file(frame: Frame, clock: str, file: FilePart, columns: Mapping[str, StreamPart]) -> str:
    parts = {name: (number, part, part.in_file) for number, (name, part) in enumerate(columns.items()) if part.in_file}
    amounts = {f"amount {number}": own.of.amount for number, _, own in parts.values()}
    meters = {f"meter {number}": own.of.meter for number, _, own in parts.values()}
    source, values = file.rows.laid_out(amounts | meters), []
    for name, (number, part, own) in parts.items():
        amount, meter, total, class_ = (quoted(f"{what} {number}") for what in ("amount", "meter", "total", "class"))
        alone = f"SELECT *, {meter} AS measured_by, {amount} AS value FROM ({source})"  # noqa: S608 (names made here)
        source = (
            f"SELECT * EXCLUDE (measured_by, value), {own.taken} AS {total}, {own.class_} AS {class_} FROM ({alone})"  # noqa: S608
        )
        values.append(f"{part.value(total, '1', class_)} AS {quoted(name)}")
    of_rows = {clock: file.step, **dict(file.columns)}
    keys = [f"{of_rows.get(name) or text_literal(dict(file.at)[name])} AS {quoted(name)}" for name in frame]
    return f"SELECT {', '.join([*keys, *values])} FROM ({source})"  # noqa: S608 (names made here)


def _joined(
    frame: Frame, streams: Mapping[str, Stream], domain: Domain, store: duckdb.DuckDBPyConnection, base: str
) -> str:
    """Select every index of the domain, with the value of each stream there."""
    grid, members = grid_query(domain, frame)
    table = quoted(f"{base} grid")
    store.execute(f"CREATE TEMP TABLE {table} AS {grid}", members)
    joins = [
        f"LEFT JOIN ({stream.query()}) AS s{number} ON {_same(frame, number)}"
        for number, stream in enumerate(streams.values())
    ]
    values = [f"s{number}.value AS {quoted(name)}" for number, name in enumerate(streams)]
    keys = [f"grid.{quoted(name)} AS {quoted(name)}" for name in frame]
    return f"SELECT {', '.join([*keys, *values])} FROM {table} AS grid {' '.join(joins)}"  # noqa: S608 (made here)


def _same(frame: Sequence[str], number: int) -> str:
    return " AND ".join(f"s{number}.{quoted(name)} = grid.{quoted(name)}" for name in frame)

"""Runs a staged plan on DuckDB: base tables from a dataset, one table per relation, values by index."""

import duckdb
from sqlglot import exp

from tonne.engine import calendar
from tonne.engine.compute.relations import Frame, Staged
from tonne.engine.compute.staging import stage
from tonne.engine.compute.stream_base import make_stream_base
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Index
from tonne.engine.data.store import quoted
from tonne.engine.data.streams import is_among
from tonne.engine.errors import Problem, RunError
from tonne.engine.plan import Plan

DIALECT = "duckdb"


def compute_columnar(
    plan: Plan, dataset: Dataset, store: duckdb.DuckDBPyConnection
) -> dict[str, dict[Index, float | None]]:
    """Compute every equation of a plan at every index.

    Raises:
        RunError: a sum leaves the range in which it is exact.
    """
    try:
        staged = stage(plan, scalars=_constants(plan, dataset) if dataset.streams else None)
    except OverflowError:
        raise RunError(Problem("a number of the formulas leaves the range of the columnar evaluator")) from None
    try:
        for frame, base in staged.bases.items():
            if dataset.domain.is_streamed(frame):
                make_stream_base(frame, base, staged, plan, dataset, store)
            else:
                _make_base(frame, base, staged, plan, dataset, store)
        for relation in staged.relations:
            is_view = relation.row_level and dataset.domain.is_streamed(relation.frame)
            create = exp.Create(
                this=exp.to_table(f'"{relation.name}"'),
                kind="VIEW" if is_view else "TABLE",
                expression=relation.query,
                properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
            )
            store.execute(create.sql(dialect=DIALECT))
        return _values(plan, staged, dataset, store)
    except OverflowError:
        raise RunError(
            Problem(
                "a parameter leaves the range of the columnar evaluator",
                hint="look for values of absurd size",
            )
        ) from None
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as fault:
        raise _refused(
            "a sum leaves the range of the columnar evaluator", fault, "look for values of absurd size"
        ) from None
    except duckdb.Error as fault:
        raise _refused(
            "the columnar evaluator cannot compute this", fault, "split large formulas into equations"
        ) from None


def _refused(what: str, fault: duckdb.Error, hint: str) -> RunError:
    return RunError(Problem(what, found=str(fault).splitlines()[0][:200], hint=hint))


def whole_query(staged: Staged, final: exp.Query) -> exp.Query:
    """Put all relations of a staged plan and a last query into one statement."""
    query = final.copy()
    for relation in staged.relations:
        query = query.with_(
            exp.to_identifier(relation.name, quoted=True),
            as_=relation.query.copy(),
            materialized=False if relation.row_level else None,
            copy=False,  # otherwise each step copies all relations before it
        )
    return query


def _make_base(
    frame: Frame, base: str, staged: Staged, plan: Plan, dataset: Dataset, store: duckdb.DuckDBPyConnection
) -> None:
    """Make the table of a frame: every index of the domain, and the parameters of exactly that index set."""
    methodology = plan.methodology
    coarser = {
        name: [other for other in methodology.dimensions if methodology.step(other) and calendar.is_finer(name, other)]
        for name in frame
        if methodology.step(name)
    }
    indices = list(dataset.domain.indices(frame))
    columns: dict[str, tuple[str, list[object]]] = {}
    for position, name in enumerate(frame):
        kind = "VARCHAR" if _is_label(name, plan) else "BIGINT"
        members: list[object] = [index[position] for index in indices]
        if methodology.dimensions[name].ordered:
            members = [dataset.domain.positions(name)[index[position]] for index in indices]
        columns[name] = (kind, members)
        for other in coarser.get(name, []):
            columns[other] = (
                "BIGINT",
                [calendar.coarser(name, int(str(member)), other) for member in members],
            )
    for name, over in plan.needed.items():
        canonical = tuple(sorted(over, key=frame.index)) if set(over) == set(frame) else None
        if canonical != frame:
            continue
        known = dataset.values.get(name, {})
        at = [over.index(part) for part in frame]
        ordered = {tuple(index[place] for place in at): value for index, value in known.items()}
        columns[name] = (
            "DOUBLE",
            [None if (value := ordered.get(index)) is None else float(value) for index in indices],
        )
    if not columns:
        columns["_one"] = ("BIGINT", [1])
    declared = ", ".join(f"{quoted(staged.column(name))} {kind}" for name, (kind, _) in columns.items())
    store.execute(f"CREATE TEMP TABLE {quoted(base)} ({declared})")
    if indices:
        slots = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind, _ in columns.values())
        store.execute(f"INSERT INTO {quoted(base)} SELECT {slots}", [values for _, values in columns.values()])


def _constants(plan: Plan, dataset: Dataset) -> dict[str, float]:
    """Give the parameters that have the same value at all indices, which need not be joined to every row."""
    constants: dict[str, float] = {}
    for name, over in plan.needed.items():
        stream = dataset.streams.get(name)
        if stream is not None:
            values = set() if stream.constant is None else {stream.constant}
        else:
            known = dataset.values.get(name, {})
            values = set(known.values()) if len(known) == dataset.domain.size(over) else set()
        if len(values) == 1:
            constants[name] = float(values.pop())
    return constants


def _is_label(name: str, plan: Plan) -> bool:
    """Whether a dimension's column holds names; where the order counts it holds positions, as time holds numbers."""
    dimension = plan.methodology.dimensions[name]
    return dimension.time is None and not dimension.ordered


def _values(
    plan: Plan, staged: Staged, dataset: Dataset, store: duckdb.DuckDBPyConnection
) -> dict[str, dict[Index, float | None]]:
    values: dict[str, dict[Index, float | None]] = {}
    ordered = {
        name: dataset.domain.members[name]
        for name, dimension in plan.methodology.dimensions.items()
        if dimension.ordered
    }
    for frame, names in staged.columns.items():
        streamed = dataset.domain.is_streamed(frame)
        if not names or (streamed and dataset.shown is None):
            continue
        wanted = ", ".join(quoted(staged.column(name)) for name in (*frame, *names))
        query = f"SELECT {wanted} FROM {quoted(staged.final[frame])}"  # noqa: S608
        if streamed and dataset.shown is not None:
            shown = dataset.shown.members
            query += " WHERE " + " AND ".join(is_among(quoted(staged.column(name)), shown[name]) for name in frame)
        rows = store.execute(query).fetchall()
        for position, name in enumerate(names):
            over = plan.over(name)
            at = [frame.index(part) for part in over if part in frame]
            values[name] = {
                tuple(
                    ordered[frame[place]][row[place]] if frame[place] in ordered else row[place] for place in at
                ): row[len(frame) + position]
                for row in rows
            }
    return values

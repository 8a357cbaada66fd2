"""Leaves the readings of a parameter by the minute in the store, as a stream; adds up nothing beyond the minute."""

import duckdb

from tonne.engine.data.amounts import Target
from tonne.engine.data.feeds import (
    TAKEN,
    Adjustment,
    Feeding,
    feeding_of,
    refuse_crossing,
    refuse_unknown_members,
)
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.project import Feed
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.series import key_columns
from tonne.engine.data.store import quoted
from tonne.engine.data.streams import FilePart, StreamPart
from tonne.engine.errors import DataError, Place, Problem


def stream_feed(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    feed: Feed,
    target: Target,
    adjustment: Adjustment | None,
    name: str,
) -> StreamPart:
    """Leave the values of a parameter by the minute in the store, one row for each.

    Raises:
        ProjectError, UnitError, DataError: as `aggregate`; also where two readings of one minute are corrected
            differently.
    """
    feeding = feeding_of(store, loaded, feed, target, adjustment or Adjustment())
    factor, offset = feeding.conversion()
    refuse_unknown_members(feeding)
    refuse_crossing(feeding)
    relation = quoted(name)
    columns = {dimension: quoted(f"m{position}") for position, dimension in enumerate(feeding.columns)}
    members = "".join(f", {source} AS {columns[dimension]}" for dimension, source in feeding.columns.items())
    alone = loaded.grid.size == FIXED["minute"] and feeding.reads != "register" and _has_own_minutes(feeding)
    taken = TAKEN[feed.take]
    parts = {"relation": relation, "step": feeding.number("begins"), "members": members, "taken": taken}
    parts["class_"] = feeding.adjustment.number
    if alone:
        feeding.sql.ask(
            "CREATE TEMP VIEW {relation} AS SELECT {step} AS step{members}, {taken} AS total, 1 AS count, "
            "{class_} AS class FROM {table}",
            **parts,
        )
    else:
        feeding.sql.ask(
            "CREATE TEMP TABLE {relation} AS SELECT {step} AS step{members}, sum({taken}) AS total, "
            "count(*) AS count, min({class_}) AS class, max({class_}) AS last_class FROM {table} "
            "GROUP BY {index} ORDER BY {index}",
            index=", ".join(["step", *columns.values()]),
            **parts,
        )
        _refuse_mixed(feeding, relation)
    hours = feeding.hours(loaded.grid.size or FIXED["minute"])
    shares, averaged = feeding.adjustment.shares, feeding.reads == "state"
    in_file = _file_part(feeding) if alone else None
    return StreamPart(relation, columns, dict(feed.at), factor * hours, offset, shares, averaged, in_file)


def _file_part(feeding: Feeding) -> FilePart | None:
    """Say where the rows are in the file, if they are there and all feed the parameter."""
    found, loaded = feeding.loaded.in_file, feeding.loaded
    if found is None or loaded.fed != loaded.table:
        return None
    shared = feeding.number("begins"), tuple(feeding.columns.items()), tuple(feeding.feed.at.items())
    return FilePart(found.rows, *shared, found, TAKEN[feeding.feed.take], feeding.adjustment.number)


def _has_own_minutes(feeding: Feeding) -> bool:
    """Whether each reading is the only one of its minute: no two of a series, no series beside another."""
    if not feeding.loaded.is_single or feeding.loaded.time.has_changes:
        return False
    key = ", ".join(key_columns(feeding.loaded.labels))
    members = ", ".join(feeding.columns.values())
    groups = f"GROUP BY {members} " if members else ""
    shared = feeding.sql.ask(
        "SELECT 1 FROM (SELECT DISTINCT {key} FROM {names}) {groups}HAVING count(*) > 1 LIMIT 1",
        key=key,
        names=feeding.loaded.names,
        groups=groups,
    )
    return not shared


def _refuse_mixed(feeding: Feeding, relation: str) -> None:
    rows = feeding.sql.ask("SELECT step FROM {relation} WHERE class <> last_class LIMIT 1", relation=relation)
    if rows:
        what = f"readings of {feeding.feed.parameter} that add up in one minute are corrected differently"
        hint = "give the readings of each meter to a member of its own"
        raise DataError(Problem(what, Place(feeding.loaded.facts.shown), hint=hint))

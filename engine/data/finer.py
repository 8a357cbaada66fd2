"""Keeps what meters contributed to the values of a parameter by shorter steps than those of the values.

The parts of a value add up to it (those of a state average to it, weighted by their counts) exactly. The step is the
shortest for which the parts are not too many to be shown. Decides nothing: the values are those of `feeds`.
"""

from dataclasses import replace

import duckdb

from tonne.engine import calendar
from tonne.engine.data.domain import Index
from tonne.engine.data.feeds import Adjustment, FeedValues, FinerPart, aggregate
from tonne.engine.data.fillings import Fed
from tonne.engine.data.project import Period
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.errors import TonneError

MOST_PARTS = 4_000  # of all values of a project: what a sheet shows without becoming slow
SHORTEST = "hour"


def finer_parts(
    store: duckdb.DuckDBPyConnection,
    loaded: LoadedReadings,
    item: Fed,
    fed: FeedValues,
    adjustment: Adjustment | None,
    room: tuple[int, Period],
) -> dict[Index, tuple[FinerPart, ...]]:
    """Split the values of a feed into shorter steps; none where readings are not shorter or parts are too many.

    Args:
        store: where the readings are.
        loaded: the file.
        item: the feed and its parameter.
        fed: the values.
        adjustment: the corrections that went into the values.
        room: how many parts there may be, and the period.
    """
    target = item.target
    if target.clock is None or target.step is None:
        return {}
    most, period = room
    position = target.over.index(target.clock)
    rest = {(*source.key[:position], *source.key[position + 1 :], source.meter) for source in fed.sources}
    readings = sum(source.count for source in fed.sources)
    for step in calendar.STEPS:
        if calendar.is_finer(step, SHORTEST) or not calendar.is_finer(step, target.step):
            continue
        size = len(calendar.steps_between(step, period.start, period.end)) * len(rest)
        if min(size, readings) > most:
            continue
        try:
            finer = aggregate(store, loaded, item.feed, replace(target, steps={target.clock: step}), adjustment)
        except TonneError:  # readings that are longer than the step
            continue
        if len(finer.sources) > len(fed.sources):
            return _by_value(finer, step, target.step, position)
    return {}


def _by_value(finer: FeedValues, step: str, coarse: str, position: int) -> dict[Index, tuple[FinerPart, ...]]:
    parts: dict[Index, list[FinerPart]] = {}
    for source in finer.sources:
        number = int(source.key[position])
        key = (*source.key[:position], calendar.coarser(step, number, coarse), *source.key[position + 1 :])
        parts.setdefault(key, []).append(FinerPart(step, calendar.label(step, number), source))
    return {key: tuple(found) for key, found in parts.items()}

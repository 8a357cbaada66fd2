"""Walks from a value down to the raw readings it was made of, by opening the data files again."""

import tempfile
from pathlib import Path

from tonne.engine.data.feeds import ReadingRow, list_readings
from tonne.engine.data.metered import feed_target
from tonne.engine.data.readings import load_readings
from tonne.engine.data.store import open_store
from tonne.engine.result.result import Result
from tonne.engine.result.trace import Trace


def readings_of(result: Result, trace: Trace, limit: int) -> list[ReadingRow]:
    """List the readings of a value that comes from them, in the order of time; of others none."""
    origin = trace.origin or {}
    name = str(origin.get("readings", ""))
    spec = result.project.spec.readings.get(name)
    if spec is None:
        return []
    quantity = result.methodology.quantities[trace.quantity]
    over = result.plan.over(trace.quantity)
    domain = result.dataset.domain
    index = domain.parse(over, trace.id.partition("@")[2]) or ()
    at = {dimension: domain.label((dimension,), (member,)) for dimension, member in zip(over, index, strict=True)}
    rows: list[ReadingRow] = []
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        store = open_store([result.project.folder], Path(scratch))
        try:
            loaded = load_readings(store, result.project, name)
            for feed in spec.feeds:
                if feed.parameter == trace.quantity and all(at.get(key) == member for key, member in feed.at.items()):
                    target = feed_target(feed, quantity, result.plan, domain, result.project)
                    rows += list_readings(store, loaded, feed, target, index, limit)
        finally:
            store.close()
    return rows[:limit]

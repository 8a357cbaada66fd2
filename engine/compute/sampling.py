"""Compares the evaluators on a part of streamed data, where all of it is too much for the reference.

The part is a small dataset of its own: some hours, among them those with the least and the largest values, and some
members. Both evaluators compute it whole, from the minutes to the results. Of the whole data, what depends on streams
directly is taken from the columnar evaluator; what follows from that is computed by both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

import duckdb

from tonne.engine import calendar
from tonne.engine.compute.columnar import compute_columnar
from tonne.engine.compute.compare import Agreement, compare
from tonne.engine.compute.reference import Reference
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.data.store import open_store
from tonne.engine.errors import Problem, RunError
from tonne.engine.plan import Plan
from tonne.engine.spec.tree import names_in

HOURS = 8  # evenly spaced over the period, beside those of extreme values
MEMBERS = 2
EXAMPLES = 3  # minutes that documents show


def streamed_dependents(plan: Plan, dataset: Dataset) -> frozenset[str]:
    """Name the equations that are not streamed and read what is."""
    domain = dataset.domain
    streamed = {name for name in (*plan.needed, *plan.steps) if domain.is_streamed(plan.over(name))}
    return frozenset(
        name for name, step in plan.steps.items() if name not in streamed and names_in(step.tree) & streamed
    )


def taken_values(
    plan: Plan, dataset: Dataset, columnar: Mapping[str, Mapping[Index, float | None]]
) -> dict[str, dict[Index, Decimal]]:
    """Take what depends on streams directly from the columnar evaluator.

    Raises:
        RunError: there is no value, because a formula has none at some minute.
    """
    taken: dict[str, dict[Index, Decimal]] = {}
    for name in sorted(streamed_dependents(plan, dataset)):
        for index, value in columnar[name].items():
            if value is None:
                at = f"@{dataset.domain.label(plan.over(name), index)}" if plan.over(name) else ""
                what = f"{name}{at} has no value: a formula or a parameter has none at some minute of it"
                raise RunError(Problem(what, plan.methodology.quantities[name].place, hint="look for missing values"))
            taken.setdefault(name, {})[index] = Decimal(repr(value))
    return taken


def sample_of(plan: Plan, dataset: Dataset, store: duckdb.DuckDBPyConnection) -> Dataset:
    """Take a small dataset out of one with streams; its values are exact."""
    return _restricted(plan, dataset, _part(dataset, _hours(dataset, store)), store)


def with_examples(dataset: Dataset, sample: Dataset) -> Dataset:
    """Hold the exact values of a few minutes, so that documents and traces can show how one is computed."""
    part = _part(dataset, [_middle_hour(dataset)])
    (clock,) = {stream.clock for stream in dataset.streams.values()}
    shown = replace(part, members={**part.members, clock: part.members[clock][:EXAMPLES]})
    values = {
        name: {index: value for index, value in sample.values[name].items() if _inside(shown, stream.over, index)}
        for name, stream in dataset.streams.items()
    }
    return replace(dataset, values={**dataset.values, **values}, shown=shown)


def _middle_hour(dataset: Dataset) -> int:
    (minutes,) = {dataset.domain.members[stream.clock] for stream in dataset.streams.values()}
    return calendar.coarser("minute", int(minutes[len(minutes) // 2]), "hour")


def _restricted(plan: Plan, dataset: Dataset, domain: Domain, store: duckdb.DuckDBPyConnection) -> Dataset:
    values = {
        name: {index: value for index, value in known.items() if _inside(domain, plan.over(name), index)}
        for name, known in dataset.values.items()
    }
    members = {name: [str(member) for member in known] for name, known in domain.members.items()}
    for name, stream in dataset.streams.items():
        if stream.constant is not None:
            values[name] = dict.fromkeys(domain.indices(stream.over), stream.constant)
            continue
        steps = [int(step) for step in domain.members[stream.clock]]
        values[name] = dict(stream.sample(store, steps, members))
    return replace(dataset, domain=domain, values=values, streams={}, shown=None)


def compare_sample(plan: Plan, sample: Dataset) -> Agreement:
    """Compute a sample with both evaluators and compare every value.

    Raises:
        RunError: they differ.
    """
    store = open_store([])
    try:
        columnar = compute_columnar(plan, sample, store)
    finally:
        store.close()
    reference = Reference(plan, sample)
    return compare(reference, _computed(reference), columnar)


def _computed(reference: Reference) -> dict[str, dict[Index, Decimal]]:
    """Compute what has a value; a part of the data can lack what a mean or a quotient needs."""
    values: dict[str, dict[Index, Decimal]] = {}
    for name, step in reference.plan.steps.items():
        for index in reference.domain.indices(step.over):
            try:
                values.setdefault(name, {})[index] = reference.value(name, index)
            except RunError:
                continue
    return values


def _hours(dataset: Dataset, store: duckdb.DuckDBPyConnection) -> list[int]:
    """Choose hours: evenly spaced ones, the first, the last, and those of extreme values."""
    domain = dataset.domain
    (minutes,) = {domain.members[stream.clock] for stream in dataset.streams.values()}
    first, last = (calendar.coarser("minute", int(minute), "hour") for minute in (minutes[0], minutes[-1]))
    hours = range(first, last + 1)
    chosen = {hours[position * (len(hours) - 1) // (HOURS - 1)] for position in range(HOURS)}
    chosen.add(_middle_hour(dataset))
    for stream in dataset.streams.values():
        place = stream.over.index(stream.clock)
        chosen |= {
            calendar.coarser("minute", int(index[place]), "hour") for index, _ in stream.extremes(store) if index
        }
    return sorted(chosen)


def _part(dataset: Dataset, hours: list[int]) -> Domain:
    """Leave of the clock only some hours with their minutes, days, months and years, and some members."""
    domain = dataset.domain
    streamed = {name for stream in dataset.streams.values() for name in stream.over}
    members: dict[str, tuple[Member, ...]] = {}
    for name, known in domain.members.items():
        if name in domain.clock:
            members[name] = tuple(_steps(domain, name, hours))
        elif name in streamed:
            members[name] = tuple(dict.fromkeys(known[position * (len(known) - 1)] for position in range(MEMBERS)))
        else:
            members[name] = known
    return Domain(members, domain.steps, domain.clock, holds_all=True)


def _steps(domain: Domain, name: str, hours: list[int]) -> Iterator[Member]:
    step, known = domain.steps[name], domain.positions(name)
    if step == "minute":
        return (minute for hour in hours for minute in range(hour * 60, hour * 60 + 60) if minute in known)
    wanted = {calendar.coarser("hour", hour, step) for hour in hours}
    return (member for member in domain.members[name] if member in wanted)


def _inside(domain: Domain, over: tuple[str, ...], index: Index) -> bool:
    return all(member in domain.positions(name) for name, member in zip(over, index, strict=True))

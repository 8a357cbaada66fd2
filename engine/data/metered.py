"""Brings readings and record tables to the parameters that they feed, with the meters and rows behind each value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import duckdb

from tonne.engine import calendar
from tonne.engine.data.amounts import YES_OR_NO, Target, exact_text
from tonne.engine.data.check_meters import compare_check_meters
from tonne.engine.data.corrections import Corrections, find_corrections, judge
from tonne.engine.data.cross_checks import Loaded
from tonne.engine.data.dataset import DataFile, DatasetBuilder, Sides
from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.feeds import FeedSource, aggregate, first_rows_not_of_a_flag, first_rows_outside
from tonne.engine.data.fillings import Fed
from tonne.engine.data.finer import MOST_PARTS, finer_parts
from tonne.engine.data.intake import FileFacts
from tonne.engine.data.lookup import member_unit
from tonne.engine.data.meters import MeterRegister, meter_register, not_registered, register_findings
from tonne.engine.data.outlook import calibrations_due, unread
from tonne.engine.data.project import Feed, Project
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.records import RecordSource, load_records
from tonne.engine.data.second_sources import stated_amounts
from tonne.engine.data.store import Statements
from tonne.engine.data.streaming import stream_feed
from tonne.engine.data.streams import Stream
from tonne.engine.data.substitutes import substituted_parts
from tonne.engine.data.substitution import substitute, unknown_names
from tonne.engine.errors import Place, Problem, ProjectError, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import Plan
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.models import Calibration as Rule
from tonne.engine.units import Unit


def put_readings(
    project: Project,
    plan: Plan,
    domain: Domain,
    store: duckdb.DuckDBPyConnection,
    sides: Sides,
    work: DatasetBuilder,
) -> Loaded:
    """Read every file of readings, fill its gaps by rule, and take the values of the parameters that it feeds."""
    work.problems.extend(unknown_names(project))
    work.findings.extend(register_findings(project))
    stage = _Stage(project, plan, domain, store, sides, meter_register(project), work)
    read: dict[str, tuple[LoadedReadings, Mapping[str, Fed]]] = {}

    def invoiced(name: str, item: Fed) -> Mapping[Index, Fraction]:
        return stated_amounts(project, name, item.quantity, lambda _index: item.target.unit, domain).amounts

    for name, spec in project.spec.readings.items():
        feeds = [
            feed
            for position, feed in enumerate(spec.feeds)
            if _is_wanted(feed.parameter, ("readings", name, "feeds", position), project, plan, work)
        ]
        if not feeds:
            continue
        loaded = load_readings(store, project, name)
        fed = [_fed(feed, project, plan, domain) for feed in feeds]
        loaded = substitute(store, project, loaded, fed, sides, invoiced)
        read[name] = loaded, {item.quantity.id: item for item in fed}
        stage.labels[name] = _labels(loaded, store)
        work.files[loaded.facts.shown] = _data_file(loaded.facts)
        work.findings.extend(loaded.findings)
        for item in fed:
            _put_feed(loaded, item, stage)
            stage.fed.append((loaded, item.feed))
    work.findings.extend(not_registered(stage.unregistered, project))
    work.findings.extend(calibrations_due(project, stage.register, stage.rules))
    if len(read) == len(project.spec.readings):
        work.findings.extend(
            unread(project, stage.register, {label for labels in stage.labels.values() for label in labels})
        )
    work.findings.extend(compare_check_meters(store, stage.register, stage.fed))
    return read


@dataclass(frozen=True)
class _Stage:
    """What every feed of a run has in common."""

    project: Project
    plan: Plan
    domain: Domain
    store: duckdb.DuckDBPyConnection
    sides: Sides
    register: MeterRegister
    work: DatasetBuilder
    unregistered: dict[str, None] = field(default_factory=dict)  # meters under a rule for calibration
    fed: list[tuple[LoadedReadings, Feed]] = field(default_factory=list)
    labels: dict[str, list[str]] = field(default_factory=dict)  # the meters of each file of readings
    rules: dict[str, Rule] = field(default_factory=dict)  # for calibration, by the name of the meter's readings


def _fed(feed: Feed, project: Project, plan: Plan, domain: Domain) -> Fed:
    quantity = plan.methodology.quantities[feed.parameter]
    return Fed(feed, quantity, feed_target(feed, quantity, plan, domain, project))


def _put_feed(loaded: LoadedReadings, item: Fed, stage: _Stage) -> None:
    project, store, work = stage.project, stage.store, stage.work
    feed, quantity, target = item.feed, item.quantity, item.target
    corrections = _corrections(loaded, item, stage)
    adjustment = corrections.adjustment if corrections else None
    streamed = stage.domain.is_streamed(quantity.over)
    if streamed and target.clock:  # what is told of the readings is told by the month
        item = replace(item, target=replace(target, steps={target.clock: "month"}))
    fed = aggregate(store, loaded, feed, item.target, adjustment)
    work.findings.extend(() if streamed else fed.findings)
    if corrections:
        findings, problems = judge(corrections, fed)
        work.findings.extend(findings)
        work.problems.extend(problems)
    sources: dict[Index, list[FeedSource]] = {}
    for source in fed.sources:
        sources.setdefault(source.key, []).append(source)
    place = project.document.place("readings", loaded.name)
    work.problems.extend(_outside(loaded, feed, quantity, target, store))
    work.problems.extend(_neither_yes_nor_no(loaded, feed, quantity, target, store))
    substitutes = substituted_parts(store, project, loaded, item)
    if streamed and target.clock:
        name = f"stream {len(stage.fed)} {quantity.id}"
        part = stream_feed(store, loaded, feed, target, adjustment, name)
        origin = _origin(loaded, feed, place) | {
            "meters": [_meter(source, corrections) for source in fed.sources],
            "substitutions": [entry for entries in substitutes.values() for entry in entries],
        }
        work.stream(Stream(quantity.id, quantity.over, target.clock, origin, (part,)), place)
        return
    shared = _origin(loaded, feed, place)
    for key, value in fed.values.items():
        meters = [_meter(source, corrections) for source in sources.get(key, [])]
        origin = shared | {"meters": meters}
        origin |= {"substitutions": substitutes[key]} if key in substitutes else {}
        work.put(feed.parameter, _numbered(key, quantity, stage.plan, stage.domain), value, origin, place)
    room = MOST_PARTS // sum(len(spec.feeds) for spec in project.spec.readings.values()), project.spec.monitoring_period
    parts = finer_parts(store, loaded, item, fed, adjustment, room)
    work.parts.setdefault(feed.parameter, {}).update(
        {_numbered(key, quantity, stage.plan, stage.domain): found for key, found in parts.items()}
    )


def _origin(loaded: LoadedReadings, feed: Feed, place: Place) -> dict[str, object]:
    return {
        "kind": "readings",
        "file": loaded.facts.shown,
        "readings": loaded.name,
        "take": feed.take,
        "place": str(place),
        "source": _said(loaded.spec.source),
    }


def _corrections(loaded: LoadedReadings, item: Fed, stage: _Stage) -> Corrections | None:
    """Find what the calibration of the meters asks for; None where the methodology has no rule for the parameter."""
    monitoring = item.quantity.parameter.monitoring
    if monitoring is None or monitoring.calibration is None:
        return None
    labels, rule = stage.labels[loaded.name], monitoring.calibration
    stage.rules.update(dict.fromkeys(labels, rule))
    stage.unregistered.update((label, None) for label in labels if not stage.register.of(label))
    meters = [stage.register.of(label) for label in labels]
    target = item.quantity.id, item.target.unit
    table = Statements(stage.store, {"table": loaded.fed})
    return find_corrections(table, loaded, target, rule, meters, stage.sides)


def _labels(loaded: LoadedReadings, store: duckdb.DuckDBPyConnection) -> list[str]:
    names, column = (loaded.names, "meter") if loaded.in_file else (loaded.fed, "measured_by")
    found = Statements(store, {"names": names, "column": column}).ask(
        "SELECT DISTINCT {column} FROM {names} ORDER BY ALL"
    )
    return [label for (label,) in found if label]


def feed_target(feed: Feed, quantity: Quantity, plan: Plan, domain: Domain, project: Project) -> Target:
    """Describe a parameter to the readings stage; the unit is that of the member that the feed names."""
    if quantity.parameter.unit_of is not None and feed.by:
        raise ProjectError(
            Problem(
                f"{quantity.id} has a unit for each member, so one column of readings cannot feed them all",
                project.document.place("readings"),
                hint="feed each member on its own with `at:`, or use `records:` with a column of units",
            )
        )
    return _target(quantity, member_unit(plan, quantity, feed.at) if feed.at else quantity.unit, plan, domain)


def _target(quantity: Quantity, unit: Unit, plan: Plan, domain: Domain) -> Target:
    steps = {name: domain.steps[name] for name in quantity.over if plan.methodology.step(name)}
    members = {
        name: [domain.label((name,), (member,)) for member in domain.members[name]]
        for name in quantity.over
        if name not in steps
    }
    return Target(unit, quantity.over, steps, members)


def _numbered(key: Index, quantity: Quantity, plan: Plan, domain: Domain) -> Index:
    """Bring members of time dimensions outside the clock from labels to numbers."""
    if not any(name in domain.steps and name not in domain.clock for name in quantity.over):
        return key
    return tuple(
        calendar.parse_label(domain.steps[name], str(member)) or member
        if name in domain.steps and not plan.methodology.step(name)
        else member
        for name, member in zip(quantity.over, key, strict=True)
    )


def _outside(
    loaded: LoadedReadings, feed: Feed, quantity: Quantity, target: Target, store: duckdb.DuckDBPyConnection
) -> list[Problem]:
    bounds = quantity.parameter.bounds
    if bounds is None or feed.take != "all":
        return []
    maximum = bounds.max if loaded.spec.value.reads == "state" else None
    rows = first_rows_outside(store, loaded, feed, target, bounds.min, maximum)
    told = (
        f"{quantity.id} is at least {exact_text(bounds.min)}" if bounds.min is not None else f"{quantity.id} has bounds"
    )
    return [
        Problem(
            "the reading is outside the bounds of its parameter",
            loaded.facts.place(row.row, loaded.spec.column_of(row.meter)),
            told,
            f"{exact_text(row.value)} {loaded.spec.value.unit}",
            "if the sign tells the direction, say `take: positive` or `take: negative`",
        )
        for row in rows
    ]


def _neither_yes_nor_no(
    loaded: LoadedReadings, feed: Feed, quantity: Quantity, target: Target, store: duckdb.DuckDBPyConnection
) -> list[Problem]:
    if not quantity.unit.is_flag:
        return []
    return [
        Problem(
            f"{quantity.id} is a flag",
            loaded.facts.place(row.row, loaded.spec.column_of(row.meter)),
            YES_OR_NO,
            f"{exact_text(row.value)} {loaded.spec.value.unit}",
            f"feed {quantity.id} from a column that says yes or no, not from one that measures",
        )
        for row in first_rows_not_of_a_flag(store, loaded, feed, target)
    ]


def _meter(source: FeedSource, corrections: Corrections | None) -> dict[str, object]:
    data: dict[str, object] = {
        "meter": source.meter,
        "count": source.count,
        "taken": source.taken,
        "first": source.first,
        "last": source.last,
        "total": source.total,
        "total_unit": source.total_unit,
        "amount": source.amount,
    }
    if corrections and source.adjusted:
        data["uncorrected"] = source.uncorrected
        data["corrections"] = [corrections.provenance(adjusted) for adjusted in source.adjusted]
    return data


def put_records(
    project: Project, plan: Plan, domain: Domain, store: duckdb.DuckDBPyConnection, work: DatasetBuilder
) -> None:
    """Read every record table and take the values of the parameters that it gives."""
    for name, spec in project.spec.records.items():
        targets = {
            parameter: _target(
                plan.methodology.quantities[parameter],
                plan.methodology.quantities[parameter].unit,
                plan,
                domain,
            )
            for parameter in spec.parameters
            if _is_wanted(parameter, ("records", name, "parameters", parameter), project, plan, work)
        }
        if not targets:
            continue

        def unit_for(parameter: str, members: dict[str, str]) -> Unit:
            return member_unit(plan, plan.methodology.quantities[parameter], members)

        loaded = load_records(store, project, name, targets, unit_for)
        work.files[loaded.facts.shown] = _data_file(loaded.facts)
        work.findings.extend(loaded.findings)
        place = project.document.place("records", name)
        sources = {(source.parameter, source.key): source for source in loaded.sources}
        for parameter, values in loaded.values.items():
            quantity = plan.methodology.quantities[parameter]
            for key, value in values.items():
                origin = _record_origin(loaded.facts, name, spec.source, place, sources.get((parameter, key)))
                work.put(parameter, _numbered(key, quantity, plan, domain), value, origin, place)


def _record_origin(
    facts: FileFacts, name: str, source: object, place: Place, rows: RecordSource | None
) -> dict[str, object]:
    origin: dict[str, object] = {
        "kind": "records",
        "file": facts.shown,
        "records": name,
        "place": str(place),
        "source": _said(source),
    }
    if rows is not None:
        origin |= {"rows": list(rows.rows), "count": rows.count, "totals": dict(rows.totals)}
    return origin


def _said(source: object) -> object:
    dump = getattr(source, "model_dump", None)
    return dump() if dump else source


def _data_file(facts: FileFacts) -> DataFile:
    return DataFile(facts.shown, facts.sha256, facts.bytes)


def _is_wanted(
    parameter: str, steps: tuple[str | int, ...], project: Project, plan: Plan, work: DatasetBuilder
) -> bool:
    quantity = plan.methodology.parameters.get(parameter)
    place = project.document.place(*steps)
    if quantity is None:
        work.problems.append(
            Problem(
                f"unknown parameter '{parameter}'",
                place,
                hint=nearest(parameter, plan.methodology.parameters),
            )
        )
        return False
    if quantity.parameter.from_ not in {"monitored", "fixed"}:
        work.problems.append(Problem(f"{parameter} is set by the methodology, not by readings", place))
        return False
    if parameter not in plan.needed:
        work.findings.append(not_used(parameter))
        return False
    return True


def not_used(name: str) -> Finding:
    """Note that a value that is given does not enter the result."""
    return Finding(
        "project.value_not_used",
        Severity.NOTE,
        f"项目文件给出的 {name} 在所选分支下不参与计算。",
        f"{name} is given in the project file, but the chosen branches do not use it.",
        {"parameter": name},
    )

"""Collects the value of every parameter a plan needs: from the project file, its data files, and tables.

Nothing is filled in silently: a value that is missing, outside its bounds or given twice stops the run. So does a
flag that is neither 0 nor 1.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine import calendar
from tonne.engine.data.amounts import YES_OR_NO, exact_text
from tonne.engine.data.capacities import compare_capacities
from tonne.engine.data.cross_checks import compare_second_sources
from tonne.engine.data.dataset import Dataset, DatasetBuilder, Sides
from tonne.engine.data.declarations import declared_problems
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.data.lookup import Lookup, member_unit
from tonne.engine.data.metered import not_used, put_readings, put_records
from tonne.engine.data.project import Project, Value
from tonne.engine.data.streams import Stream
from tonne.engine.errors import Place, Problem, ProjectError, TonneError, UnitError, listing, nearest
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import Plan
from tonne.engine.spec.methodology import Quantity
from tonne.engine.units import parse_unit, reading_conversion

TOLD_GAPS = 5
_HOW_TO_FLAG = {
    "project": "write 1 where it holds and 0 where it does not",
    "readings": "give one reading for each value; several readings are added up or averaged",
    "records": "give one row for each value; several rows are added up",
}


def collect(project: Project, plan: Plan, store: duckdb.DuckDBPyConnection, sides: Sides) -> Dataset:
    """Collect the dataset of a run.

    Args:
        project: the project file as read.
        plan: what is needed.
        store: an open store that may read the project folder.
        sides: gives the conservative side of a parameter; it is asked only where one is needed.

    Raises:
        ProjectError, DataError: values are missing, doubled, outside bounds, or cannot be read.
    """
    work = DatasetBuilder()
    work.problems.extend(declared_problems(project, plan.methodology))
    wanted = _wanted(project, plan, work)
    labelled = {name: _given(name, value, plan.methodology.quantities[name], project) for name, value in wanted.items()}
    members = _members(project, plan, labelled)
    domain = _domain(project, plan, members)
    for name, rows in labelled.items():
        _put_given(name, rows, plan, domain, work)
    read = put_readings(project, plan, domain, store, sides, work)
    put_records(project, plan, domain, store, work)
    if not work.problems:
        compare_capacities(project, domain, store, read, work)
    compare_second_sources(project, plan, domain, store, read, sides, work)
    lookup = Lookup(plan, domain, project.document.place("options"))
    _put_looked_up(plan, domain, lookup, work)
    work.findings.extend([*lookup.findings, *lookup.unconfirmed()])
    _require_whole(project, plan, domain, work)
    _require_whole_streams(project, plan, domain, store, work)
    if work.problems:
        raise ProjectError(list(dict.fromkeys(work.problems)))
    files, findings = tuple(work.files.values()), tuple(work.findings)
    return Dataset(domain, work.values, work.provenance, files, findings, work.streams, parts=work.parts)


def _wanted(project: Project, plan: Plan, work: DatasetBuilder) -> dict[str, Value]:
    """Sort the values of the project file into needed, not needed and not allowed."""
    parameters = plan.methodology.parameters
    wanted: dict[str, Value] = {}
    for name, value in project.spec.values.items():
        place = project.document.place("values", name)
        quantity = parameters.get(name)
        if quantity is None:
            what = (
                f"{name} is an equation; its value is computed"
                if name in plan.methodology.quantities
                else f"unknown parameter '{name}'"
            )
            work.problems.append(Problem(what, place, hint=nearest(name, parameters)))
        elif name not in plan.needed:
            work.findings.append(not_used(name))
        elif quantity.parameter.from_ in {"factor", "option"} or (
            quantity.parameter.from_ == "default" and not quantity.parameter.replaceable
        ):
            work.problems.append(
                Problem(
                    f"{name} is set by the methodology",
                    place,
                    hint="remove it; a parameter that may differ is marked `replaceable: true`",
                )
            )
        else:
            wanted[name] = value
            if quantity.parameter.from_ == "default":
                work.findings.append(_default_replaced(name, quantity, value))
    return wanted


def _default_replaced(name: str, quantity: Quantity, value: Value) -> Finding:
    default = quantity.parameter.value
    return Finding(
        "parameter.default_replaced",
        Severity.CLARIFICATION,
        f"参数 {name} 未采用方法学缺省值 {default}，而采用项目给出的数值，须说明来源。",
        f"{name} does not take the methodology's default {default} but the project's own value, whose source must be shown.",
        {"parameter": name, "default": str(default), "value": str(value.value)},
    )


@dataclass(frozen=True)
class _Labelled:
    labels: Mapping[str, str]
    value: Fraction
    unit: str
    place: Place
    source: Any


def _given(name: str, value: Value, quantity: Quantity, project: Project) -> list[_Labelled]:
    """Bring the three forms of a value to labelled rows."""
    document = project.document
    source = value.source if isinstance(value.source, str) or value.source is None else value.source.model_dump()
    if value.value is not None:
        return [_Labelled({}, value.value, value.unit, document.place("values", name, "value", "="), source)]
    if value.at is not None:
        if len(quantity.over) != 1:
            raise ProjectError(
                Problem(
                    f"`at:` goes with a parameter over one dimension; {name} is over {', '.join(quantity.over) or 'none'}",
                    document.place("values", name, "at"),
                    hint="use `rows:`" if quantity.over else "use `value:`",
                )
            )
        return [
            _Labelled(
                {quantity.over[0]: label},
                number,
                value.unit,
                document.place("values", name, "at", label),
                source,
            )
            for label, number in value.at.items()
        ]
    return [
        _Labelled(
            dict(row.at),
            row.value,
            row.unit or value.unit,
            document.place("values", name, "rows", position),
            source,
        )
        for position, row in enumerate(value.rows or [])
    ]


def _members(project: Project, plan: Plan, labelled: Mapping[str, list[_Labelled]]) -> dict[str, tuple[str, ...]]:
    """Name the members of dimensions that are not of the monitoring clock, as labels."""
    members: dict[str, tuple[str, ...]] = {}
    for name in project.spec.members:
        if name not in plan.methodology.dimensions:
            raise ProjectError(
                Problem(
                    f"unknown dimension '{name}'",
                    project.document.place("members", name),
                    hint=nearest(name, plan.methodology.dimensions),
                )
            )
    for name, dimension in plan.methodology.dimensions.items():
        if plan.methodology.step(name):
            continue
        if isinstance(dimension.members, dict | list):
            members[name] = tuple(dimension.members)
        elif name in project.spec.members:
            members[name] = tuple(project.spec.members[name])
        else:
            seen = [row.labels[name] for rows in labelled.values() for row in rows if name in row.labels]
            members[name] = tuple(dict.fromkeys(seen))
        used = any(name in over for over in plan.needed.values())
        if used and not members[name] and name not in project.spec.members:  # an empty list says that there is none
            raise ProjectError(
                Problem(
                    f"dimension {name} has no members",
                    project.document.place("members"),
                    hint=f"add `{name}: […]` under members",
                )
            )
    return members


def _domain(project: Project, plan: Plan, labels: Mapping[str, tuple[str, ...]]) -> Domain:
    period = project.spec.monitoring_period
    steps: dict[str, str] = {}
    clock: set[str] = set()
    members: dict[str, tuple[Member, ...]] = {}
    for name, dimension in plan.methodology.dimensions.items():
        if plan.methodology.step(name):
            steps[name] = name
            clock.add(name)
            members[name] = tuple(calendar.steps_between(name, period.start, period.end))
        elif dimension.time:
            steps[name] = dimension.time
            numbers = [calendar.parse_label(dimension.time, label) for label in labels[name]]
            if None in numbers:
                raise ProjectError(
                    Problem(
                        f"a member of {name} is not a {dimension.time}",
                        project.document.place("members", name),
                        found=listing(labels[name]),
                    )
                )
            members[name] = tuple(sorted(number for number in numbers if number is not None))
        else:
            members[name] = labels[name]
    return Domain(members, steps, frozenset(clock))


def _put_given(name: str, rows: list[_Labelled], plan: Plan, domain: Domain, work: DatasetBuilder) -> None:
    quantity = plan.methodology.quantities[name]
    for row in rows:
        index = _index(name, quantity, row, domain, work)
        if index is None:
            continue
        try:
            unit = member_unit(plan, quantity, {key: str(label) for key, label in row.labels.items()})
            factor, offset = reading_conversion(parse_unit(row.unit, row.place), unit, row.place)
        except UnitError as fault:
            work.problems.extend(fault.problems)
            continue
        origin = {
            "kind": "project",
            "place": str(row.place),
            "unit": row.unit,
            "given": exact_text(row.value),
            "source": row.source,
        }
        value = row.value * factor + offset
        if domain.is_streamed(quantity.over):
            work.problems.extend(_one_value(name, row))
            work.stream(_constant(name, quantity.over, domain, origin, value), row.place)
            continue
        for position in [index] if row.labels or not quantity.over else domain.indices(quantity.over):
            work.put(name, position, value, origin, row.place)


def _one_value(name: str, row: _Labelled) -> list[Problem]:
    what = f"{name} has too many values to be given one by one"
    return [Problem(what, row.place, hint="give it as `readings:`, or one `value:` for all")] if row.labels else []


def _constant(name: str, over: tuple[str, ...], domain: Domain, origin: Mapping[str, Any], value: Fraction) -> Stream:
    clock = next(dimension for dimension in over if dimension in domain.clock)
    return Stream(name, over, clock, origin, constant=value)


def _index(name: str, quantity: Quantity, row: _Labelled, domain: Domain, work: DatasetBuilder) -> Index | None:
    if not row.labels:
        return ()
    if set(row.labels) != set(quantity.over):
        work.problems.append(
            Problem(
                f"the index of {name} is not complete",
                row.place,
                listing(quantity.over),
                listing(list(row.labels)),
            )
        )
        return None
    index = domain.parse(quantity.over, ",".join(row.labels[key] for key in quantity.over))
    for key, member in zip(quantity.over, index or (None,) * len(quantity.over), strict=True):
        if member not in domain.members[key]:
            known = [domain.label((key,), (other,)) for other in domain.members[key]]
            work.problems.append(
                Problem(
                    f"{name}: '{row.labels[key]}' is not a {key} of this run",
                    row.place,
                    f"one of {listing(known, 12)}",
                    hint=nearest(row.labels[key], known),
                )
            )
            return None
    return index


def _put_looked_up(plan: Plan, domain: Domain, lookup: Lookup, work: DatasetBuilder) -> None:
    for name, over in plan.needed.items():
        if name in work.values:
            continue
        if name.startswith("option:"):
            for index in domain.indices(over):
                value, origin = lookup.option_number(name, over, index)
                work.put(name, index, value, origin, lookup.project_place)
            continue
        quantity = plan.methodology.quantities[name]
        if quantity.parameter.from_ not in {"default", "option", "factor"}:
            continue
        if domain.is_streamed(over) and name not in work.streams:
            value, origin = lookup.value(quantity, next(domain.indices(over)))
            work.stream(_constant(name, over, domain, origin, value), quantity.place)
        if name in work.streams:
            continue
        for index in domain.indices(over):
            if not lookup.applies(quantity, index):
                continue
            try:
                value, origin = lookup.value(quantity, index)
            except TonneError as fault:
                work.problems.extend(fault.problems)
                break
            work.put(name, index, value, origin, quantity.place)


def _require_whole(project: Project, plan: Plan, domain: Domain, work: DatasetBuilder) -> None:
    """Require a value at every index, inside the bounds; of a flag 0 or 1."""
    reported = {str(problem) for problem in work.problems}
    for name, over in plan.needed.items():
        if domain.is_streamed(over):
            continue
        known = work.values.get(name, {})
        missing = [domain.label(over, index) for index in domain.indices(over) if index not in known]
        conditional = name in plan.conditional
        looked_up = not name.startswith("option:") and plan.methodology.quantities[name].parameter.from_ == "factor"
        if missing and not conditional and not (looked_up and reported):
            where = f" for {listing(missing, TOLD_GAPS)}" if over else ""
            work.problems.append(
                Problem(
                    f"{name} has no value{where}",
                    project.document.place("values"),
                    hint=_how_to_give(name, plan),
                )
            )
        _require_bounds(name, known, plan, domain, work)
        _require_yes_or_no(name, known, plan, domain, work)


def _require_whole_streams(
    project: Project, plan: Plan, domain: Domain, store: duckdb.DuckDBPyConnection, work: DatasetBuilder
) -> None:
    """Require a value at every index of each stream, one only, inside the bounds."""
    for name, over in plan.needed.items():
        if not domain.is_streamed(over):
            continue
        given = work.streams.get(name)
        stream = given and given.counted(store, domain)
        missing = stream.missing(store, domain, TOLD_GAPS + 1) if stream else [next(domain.indices(over))]
        if missing and name not in plan.conditional:
            where = listing([domain.label(over, index) for index in missing], TOLD_GAPS)
            hint = f"{_how_to_give(name, plan)}; a gap is filled by a rule under `substitutions:`"
            work.problems.append(
                Problem(f"{name} has no value for {where}", project.document.place("readings"), hint=hint)
            )
        if stream is None:
            continue
        again = stream.repeated(store)
        if again is not None:
            at = domain.label(over, again)
            work.problems.append(Problem(f"{name}@{at} is given a value twice", project.document.place("readings")))
        found = dict(stream.extremes(store))
        work.streams[name] = replace(stream, found=tuple(found.items())) if stream.parts else stream
        work.provenance[name] = dict.fromkeys(found, stream.origin)
        if not again:
            _require_bounds(name, found, plan, domain, work)
        del work.provenance[name]


def _how_to_give(name: str, plan: Plan) -> str:
    quantity = plan.methodology.quantities.get(name)
    if quantity is None:
        return "choose the option for every member"
    how = (
        "feed it from `readings:` or `records:`, or give it under `values:`"
        if quantity.parameter.from_ == "monitored"
        else "give it under `values:`"
    )
    return f"{how} (unit {quantity.unit.text})"


def _require_bounds(
    name: str, known: Mapping[Index, Fraction], plan: Plan, domain: Domain, work: DatasetBuilder
) -> None:
    quantity = plan.methodology.quantities.get(name)
    bounds = quantity.parameter.bounds if quantity else None
    if quantity is None or bounds is None:
        return
    rules = [
        (bounds.min, "at least", operator.lt),
        (bounds.max, "at most", operator.gt),
        (bounds.above, "above", operator.le),
        (bounds.below, "below", operator.ge),
    ]
    problems = []
    for index, value in known.items():
        for limit, words, broken in rules:
            if limit is not None and broken(value, limit):
                origin = work.provenance[name][index]
                label = f"@{domain.label(quantity.over, index)}" if quantity.over else ""
                problems.append(
                    Problem(
                        f"{name}{label} is outside its bounds (value from {origin.get('place', origin.get('kind'))})",
                        quantity.place,
                        f"{words} {exact_text(limit)} {quantity.unit.text}",
                        f"{exact_text(value)} {quantity.unit.text}",
                    )
                )
    work.problems.extend(_first(problems, f"{name} is outside its bounds"))


def _first(problems: list[Problem], what: str) -> list[Problem]:
    """Take the first problems of one quantity, so that they do not hide those of another, and count the rest."""
    if len(problems) <= TOLD_GAPS:
        return problems
    return [*problems[:TOLD_GAPS], Problem(f"{what} at {len(problems) - TOLD_GAPS} more places", problems[0].place)]


def _require_yes_or_no(
    name: str, known: Mapping[Index, Fraction], plan: Plan, domain: Domain, work: DatasetBuilder
) -> None:
    quantity = plan.methodology.quantities.get(name)
    if quantity is None or not quantity.unit.is_flag:
        return
    problems = []
    told = {problem.place.path for problem in work.problems if problem.place}
    for index, value in known.items():
        origin = work.provenance[name][index]
        if value == 0 or value == 1 or origin.get("file") in told:  # noqa: PLR1714 (a set is slow for ratios)
            continue
        label = f"@{domain.label(quantity.over, index)}" if quantity.over else ""
        problems.append(
            Problem(
                f"{name}{label} is a flag (value from {origin.get('place', origin.get('kind'))})",
                quantity.place,
                YES_OR_NO,
                exact_text(value),
                _HOW_TO_FLAG.get(str(origin["kind"])),
            )
        )
    work.problems.extend(_first(problems, f"{name} is a flag and is neither 0 nor 1"))

"""Fills missing readings by the rules that the project names and its methodology allows.

A gap without a rule stays as it is. Every value that is filled in is marked in the table of the readings with its
method, and with the meter that measured it if one did; what was filled becomes a finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import duckdb

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.dataset import Sides
from tonne.engine.data.differences import multiplier_of
from tonne.engine.data.extremes import by_extreme
from tonne.engine.data.fillings import (
    Fed,
    Filling,
    Invoiced,
    by_check_meter,
    by_invoice,
    by_percentile,
    by_zero,
)
from tonne.engine.data.local_time import local_time
from tonne.engine.data.meters import meter_register
from tonne.engine.data.project import Period, Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.series import VALUE, key_columns, series_name
from tonne.engine.data.store import Statements, quoted
from tonne.engine.data.substitutes import explained_gap, filled_findings, percent
from tonne.engine.errors import Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding

_METHODS: Mapping[str, Callable[[Filling], list[Finding]]] = {
    "check_meter": by_check_meter,
    "invoice": by_invoice,
    "conservative_extreme": by_extreme,
    "percentile": by_percentile,
    "zero": by_zero,
}
_SECTIONS = {"readings": "readings", "cross_check": "cross_checks"}


def substitute(
    store: duckdb.DuckDBPyConnection,
    project: Project,
    loaded: LoadedReadings,
    fed: Sequence[Fed],
    sides: Sides,
    invoiced: Invoiced,
) -> LoadedReadings:
    """Fill the gaps for which the project has a rule, in the order of the rules.

    Args:
        store: where the readings are.
        project: the project, with its rules.
        loaded: the readings; their table is changed.
        fed: the parameters that they go to.
        sides: gives the conservative side of a parameter.
        invoiced: gives the amounts of a second source, in the unit of the parameter.

    Returns:
        The readings with findings on what was filled.

    Raises:
        ProjectError: the methodology does not allow a rule, a rule is not conservative, or too much would be filled.
    """
    rules = [(at, rule) for at, rule in enumerate(project.spec.substitutions) if rule.readings == loaded.name]
    if not rules:
        return loaded
    beside = meter_register(project).beside
    key = ", ".join(key_columns(loaded.labels))
    parts = {part: quoted(f"{part} {loaded.name}") for part in ("missing", "filled")}
    sql = Statements(store, {"table": loaded.table, "cells": loaded.cells, "key": key, **parts})
    findings: list[Finding] = []
    _multiply(project, sql)
    for position, rule in rules:
        place = project.document.place("substitutions", position)
        if rule.cross_check is not None and rule.cross_check not in project.spec.cross_checks:
            continue  # reported among the unknown names
        filling = Filling(sql, project, loaded, tuple(fed), rule, place, beside, sides, invoiced)
        _refuse_rule(filling)
        _find_missing(filling)
        sql.ask(
            "CREATE OR REPLACE TABLE {filled} AS SELECT CAST(NULL AS BIGINT) AS row, {key}, slot, begins, ends, "
            "CAST(NULL AS {value}) AS value, CAST(NULL AS VARCHAR) AS measured_by FROM {missing} LIMIT 0",
            value=VALUE,
        )
        findings += _METHODS[rule.method](filling)
        findings += filled_findings(filling)
        sql.ask(
            "INSERT INTO {table} BY NAME SELECT *, {moment} AS moment, ? AS substituted FROM {filled}",
            rule.method,
            moment="ends" if loaded.spec.time.marks == "end" else "begins",
        )
    counts = _counts(sql)
    _refuse_above_limit(project, loaded, fed, counts)
    for part in (*parts.values(), loaded.cells):
        sql.ask("DROP TABLE IF EXISTS {part}", part=part)
    explained = tuple(explained_gap(finding, counts) for finding in loaded.findings)
    return replace(loaded, findings=(*explained, *findings))


def unknown_names(project: Project) -> list[Problem]:
    """List what the rules name and the project does not have."""
    spec, problems = project.spec, []
    for position, rule in enumerate(spec.substitutions):
        for field, known in (("readings", spec.readings), ("cross_check", spec.cross_checks)):
            name = getattr(rule, field)
            if name is not None and name not in known:
                place = project.document.place("substitutions", position, field, "=")
                problems.append(
                    Problem(f"nothing under `{_SECTIONS[field]}:` is named '{name}'", place, hint=nearest(name, known))
                )
    return problems


def _multiply(project: Project, sql: Statements) -> None:
    """Multiply what was read before the transformer ratio, as the readings of the period already are."""
    for label, devices in meter_register(project).devices.items():
        for device in devices:
            multiplier = multiplier_of(device)
            if multiplier != 1:
                sql.ask(
                    "UPDATE {cells} SET value = CAST(value * CAST(? AS DECIMAL(20, 6)) AS {value}) "
                    "WHERE meter = ? AND moment >= ? AND moment < ?",
                    *(exact_text(multiplier), label, device.begins, device.ends),
                    value=VALUE,
                )


def _refuse_rule(filling: Filling) -> None:
    """Refuse a rule that the methodology does not allow, or that cannot be used with such readings."""
    rule, loaded = filling.rule, filling.loaded
    if loaded.spec.value.reads == "register":
        what = f"{loaded.name} are totals of a register, and their missing readings are not substituted"
        hint = (
            "the difference over an inner gap is known from the readings before and after it; "
            "without the first or last reading of the period, give a reading taken on its boundary"
        )
        raise ProjectError(Problem(what, filling.place, hint=hint))
    problems = []
    for item in filling.fed:
        allowed = item.gaps.allow
        if rule.method in allowed:
            continue
        what = f"the methodology does not allow `{rule.method}` for missing readings of {item.quantity.id}"
        expected = (
            f"one of {listing(allowed)}"
            if allowed
            else "no substitution; its spec has no rule under `monitoring: gaps:`"
        )
        hint = "remove the rule; the gap stays open, as a finding, and what is missing counts as nothing"
        problems.append(Problem(what, filling.place, expected, rule.method, hint))
    if problems:
        raise ProjectError(problems)


def _find_missing(filling: Filling) -> None:
    """Make the table of the intervals without a reading that the rule is for."""
    sql, loaded, rule = filling.sql, filling.loaded, filling.rule
    grid, time = loaded.grid, loaded.time
    if rule.meter is not None:
        known = [str(meter) for (meter,) in sql.ask("SELECT DISTINCT meter FROM {cells} ORDER BY meter")]
        if rule.meter not in known:
            what = f"there are no readings of meter '{rule.meter}' in {loaded.facts.shown}"
            hint = nearest(rule.meter, known) or f"the meters are {listing(known)}"
            raise ProjectError(Problem(what, filling.place, hint=hint))
    begins, ends = time.begins, time.ends
    if rule.days is not None:
        days = local_time(time.zone, Period(start=rule.days.start, end=rule.days.end or time.period.end))
        begins, ends = days.begins, days.ends
    edges = [grid.edge(slot) for slot in range(grid.count + 1)] if grid.size is None else []
    slots = (
        f"SELECT unnest(range({grid.count})) AS slot, {grid.begins} + slot * {grid.size} AS begins, begins + {grid.size} AS ends"
        if grid.size
        else "SELECT unnest(range(len(edges) - 1)) AS slot, edges[slot + 1] AS begins, edges[slot + 2] AS ends "
        "FROM (SELECT CAST(? AS BIGINT[]) AS edges)"
    )
    sql.ask(
        "CREATE OR REPLACE TABLE {missing} AS SELECT {key}, slot, begins, ends FROM "
        "(SELECT DISTINCT {key} FROM {cells} WHERE {chosen}) CROSS JOIN ({slots}) "
        "ANTI JOIN {table} USING ({key}, slot) WHERE begins >= ? AND begins < ?",
        *([rule.meter] if rule.meter is not None else [list(filling.beside)]),
        *([edges] if edges else []),
        max(begins, grid.begins),
        ends,
        chosen="meter = ?" if rule.meter is not None else "meter NOT IN (SELECT unnest(?))",
        slots=slots,
    )
    if loaded.spec.value.reads == "state":
        sql.ask("UPDATE {missing} SET begins = greatest(begins, ?), ends = least(ends, ?)", time.begins, time.ends)
    crossing = sql.ask(
        "SELECT {key}, begins FROM {missing} WHERE begins < ? OR ends > ? LIMIT 1", time.begins, time.ends
    )
    if crossing:
        *series, instant = crossing[0]
        what = (
            f"the interval of meter {series_name(series)} that lacks a reading crosses an end of the monitoring period"
        )
        hint = "an amount cannot be divided; let the monitoring period begin and end with whole intervals"
        raise ProjectError(Problem(what, filling.place, found=time.text(instant), hint=hint))


def _counts(sql: Statements) -> dict[str, int]:
    cases = sql.ask("SELECT {key}, count(*) FROM {table} WHERE substituted IS NOT NULL GROUP BY {key} ORDER BY {key}")
    return {series_name(series): count for *series, count in cases}


def _refuse_above_limit(
    project: Project, loaded: LoadedReadings, fed: Sequence[Fed], counts: Mapping[str, int]
) -> None:
    limits = [(item.gaps.limit, item.quantity.id) for item in fed if item.gaps.limit is not None]
    if not limits:
        return
    limit, parameter = min(limits)
    total, period = loaded.grid.count, loaded.time.period
    problems = [
        Problem(
            f"too many readings of meter {meter} are substituted between {period.start} and {period.end}",
            project.document.place("substitutions"),
            f"at most {exact_text(limit)} % of {total} intervals, the limit of the methodology for {parameter}",
            f"{count} intervals, {percent(count, total)} %",
            "find the readings; otherwise leave the time of the gap out of the monitoring period",
        )
        for meter, count in counts.items()
        if Fraction(count * 100, total) > limit
    ]
    if problems:
        raise ProjectError(problems)

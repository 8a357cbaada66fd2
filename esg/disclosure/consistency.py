"""What an entity file says twice in ways that cannot both be right: scopes, shares, inventory, verification, dates.

Each contradiction is an error with its place; nothing is computed. That names exist and stand once is checked in `entity`.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping

from tonne.engine.errors import Problem, ProjectError
from tonne.esg.disclosure.entity import Entity, MemberEntry, ProjectEntry
from tonne.esg.disclosure.facts import ZERO
from tonne.esg.disclosure.folding import folded
from tonne.esg.disclosure.periods import Reading

_UPSTREAM = frozenset(f"3.{category}" for category in range(1, 9))
_DOWNSTREAM = frozenset(f"3.{category}" for category in range(9, 15))
_SCOPES = {"own": frozenset({"1", "2"}), "upstream": _UPSTREAM, "downstream": _DOWNSTREAM}
_SAID = {"own": "1 or 2", "upstream": "3.1 to 3.8", "downstream": "3.9 to 3.14"}


def require_consistent(entity: Entity) -> None:
    """Require that an entity file does not contradict itself.

    Raises:
        ProjectError: it does; with every fault.
    """
    problems = [
        *(problem for key, entry in entity.projects.items() for problem in _project(entity, key, entry)),
        *_members(entity),
        *_inventory(entity),
        *_planned(entity),
    ]
    if problems:
        raise ProjectError(problems)


def _project(entity: Entity, key: str, entry: ProjectEntry) -> Iterator[Problem]:
    if entry.effect == "avoided" or entry.boundary == "outside":
        return
    fitting, expected = _SCOPES[entry.boundary], _SAID[entry.boundary]
    if entry.scope == "3.15":
        what = "what investments reduce is reduced by others, and is no direct reduction"
        hint = "`boundary: outside`, without `scope:`"
        yield Problem(what, entity.place(key, "scope", "="), found="scope 3.15", hint=hint)
    elif entry.scope is None and entry.effect == "reduction":
        what = f"a reduction inside the boundary touches a scope of the inventory, and {key} names none"
        yield Problem(what, entity.place(key), f"`scope:` {expected} for boundary {entry.boundary}")
    elif entry.scope is not None and entry.scope not in fitting:
        what = f"the scope of {key} does not go with its boundary"
        hint = "own operations have scopes 1 and 2; upstream is 3.1 to 3.8, downstream 3.9 to 3.14"
        found = f"scope {entry.scope}, boundary {entry.boundary} at {entity.place(key, 'boundary', '=')}"
        yield Problem(what, entity.place(key, "scope", "="), f"scope {expected}", found, hint)


def _members(entity: Entity) -> Iterator[Problem]:
    spec, place = entity.spec, entity.document.place
    named: dict[str, tuple[str, MemberEntry]] = {}
    group = {folded(name) for name in (spec.name.zh, spec.name.en, spec.identifier.value)}
    for key, member in spec.members.items():
        where = place("members", key)
        if spec.approach != "equity_share" and member.share not in (0, 1):
            what = f"under {spec.approach} a member counts whole or not at all"
            hint = "or `approach: equity_share`"
            yield Problem(what, place("members", key, "share", "="), "100 % or 0 %", f"{float(member.share):.4%}", hint)
        names = {folded(name) for name in (key, member.name.zh, member.name.en)}
        if names & group and member.share != 1:
            what = f"member {key} has a name of the group, which counts whole, and another share"
            yield Problem(what, where, hint="give each its own name: retirements name their beneficiary by it")
        for name in sorted(names):
            other, entry = named.setdefault(name, (key, member))
            if other != key and entry.share != member.share:
                what = f"members {other} and {key} have a name in common and different shares"
                hint = f"the first is at {place('members', other)}; retirements name their beneficiary by it"
                yield Problem(what, where, "names of their own", hint=hint)
                break


def _inventory(entity: Entity) -> Iterator[Problem]:
    first: dict[tuple[str, str | None, str], int] = {}
    for number, line in enumerate(entity.spec.inventory):
        if line.amounts == "net":
            continue
        for field in ("current", "previous"):
            written = getattr(line, field)
            if written is not None and written.startswith("-") and written.strip("-0 ,."):
                what = f"inventory line {line.id} is gross and negative"
                where = entity.document.place("inventory", number, field, "=")
                yield Problem(what, where, "no less than 0", written, "with deductions in it, it is `amounts: net`")
        before = first.setdefault((folded(line.scope), line.basis, folded(line.unit)), number)
        if before != number:
            basis = f", {line.basis}-based" if line.basis else ""
            what = f"the inventory has two gross lines of scope {line.scope}{basis}"
            hint = (
                f"the first is at {entity.document.place('inventory', before)}; give one line for each scope and basis"
            )
            yield Problem(what, entity.document.place("inventory", number), hint=hint)


def _planned(entity: Entity) -> Iterator[Problem]:
    end = entity.spec.reporting_year.end
    for number, plan in enumerate(entity.spec.planned_use):
        if plan.by < end:
            where = entity.document.place("planned_use", number, "by", "=")
            hint = "what was retired by then stands in the ledger"
            yield Problem("a plan for a day that the report covers", where, f"{end} or later", str(plan.by), hint)


def require_confirmed(entity: Entity, readings: Mapping[str, Iterable[Reading]], today: datetime.date) -> None:
    """Require that each verification fits the result that it is of.

    Raises:
        ProjectError: one does not; with every fault.
    """
    problems = [
        problem
        for key, found in readings.items()
        for at, reading in enumerate(found)
        for problem in _verification(entity, (key, "results", at, "verification"), reading, today)
    ]
    if problems:
        raise ProjectError(problems)


def _verification(
    entity: Entity, steps: tuple[str, str, int, str], reading: Reading, today: datetime.date
) -> Iterator[Problem]:
    stated, result = reading.entry.verification, reading.result
    if stated is None:
        return
    when = f"from {result.end}, the last day of {result.shown}, to {today}"
    if not result.end <= stated.date <= today:
        yield Problem(
            "nobody verifies what is not over yet, or in days to come",
            entity.place(*steps, "date", "="),
            when,
            str(stated.date),
        )
    rounded = {lines.year: lines.rounded for lines in result.years}
    for year, tonnes in (stated.tonnes or {}).items():
        where = entity.place(*steps, "tonnes", str(year), "=")
        if year not in rounded:
            years = ", ".join(map(str, rounded))
            yield Problem(f"tonnes of {year} are verified, of which {result.shown} has none", where, years, str(year))
        elif tonnes < min(ZERO, rounded[year]):
            yield Problem("less than nothing is verified", where, "0 or more", f"{tonnes:f}")

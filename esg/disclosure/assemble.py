"""The way from an entity file to the facts of its disclosure, in one place.

entity file → results (digests verified) → parts of years → ledger (no contradictions) → credits laid on the parts
→ the rules, project by project → inventory, targets, certificates → facts
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

from tonne.engine.collector import collector_paused
from tonne.engine.errors import Problem, ProjectError
from tonne.esg.disclosure.boundary import is_measure
from tonne.esg.disclosure.case import Case
from tonne.esg.disclosure.claims import project_year
from tonne.esg.disclosure.consistency import require_confirmed, require_consistent
from tonne.esg.disclosure.credit_facts import (
    account_facts,
    certificate_facts,
    overlaps,
    planned_facts,
    retirement_facts,
)
from tonne.esg.disclosure.dated import within
from tonne.esg.disclosure.entity import Entity, inside, load_entity
from tonne.esg.disclosure.entity_rules import (
    Screen,
    cf_02,
    contribution,
    net_01,
    per_11,
    ret_08_adjusted,
    ret_08_own,
    s2_05,
    sold_03,
    tgt_07,
)
from tonne.esg.disclosure.facts import (
    ZERO,
    Disclosure,
    EntityFacts,
    Hit,
    InventoryLine,
    LegalEntity,
    Lineage,
    ProjectFacts,
    ProjectYear,
    TargetFacts,
)
from tonne.esg.disclosure.holdings import Earlier, Holding, laid_out, require_verified, with_earlier
from tonne.esg.disclosure.identity import require_distinct
from tonne.esg.disclosure.ledger import Ledger, Lot, load_ledger
from tonne.esg.disclosure.mapping import asks_for
from tonne.esg.disclosure.periods import Days, Part, Reading, empty_part, parts_of
from tonne.esg.disclosure.potentials import mixed_sets
from tonne.esg.disclosure.project_facts import project_facts
from tonne.esg.disclosure.results import load_result


@dataclass(frozen=True)
class _Read:
    """What was read, before anything is decided."""

    entity: Entity
    readings: dict[str, list[Reading]]
    parts: dict[str, list[Part]]
    ledger: Ledger | None
    claims: dict[str, dict[int, list[Earlier]]]
    hits: tuple[Hit, ...]

    @property
    def year(self) -> Days:
        year = self.entity.spec.reporting_year
        return year.start, year.end

    @property
    def shares(self) -> dict[str | None, Decimal]:
        return {None: Decimal(1), **{member: self.entity.share(member) for member in self.entity.spec.members}}


def assemble(reference: str | Path, told: Callable[[str], None] | None = None) -> Disclosure:
    """Read an entity file with all it names, and decide where each verified tonne is.

    Args:
        reference: an entity file, or the folder of one.
        told: is told each stage as it begins.

    Raises:
        TonneError: an input cannot be used, or two inputs contradict each other; both are named.
    """
    with collector_paused():
        return _assembled(reference, told or (lambda _stage: None))


def _assembled(reference: str | Path, tell: Callable[[str], None]) -> Disclosure:
    tell("entity file")
    entity = load_entity(reference)
    require_consistent(entity)
    readings = _readings(entity, tell)
    hits = require_distinct(entity, readings)
    # The day that it is somewhere already: only refuses what lies beyond, and is in no result.
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14))).date()
    require_confirmed(entity, readings, today)
    tell("calendar")
    parts = {key: _parts(entity, key, found) for key, found in readings.items()}
    tell("ledger")
    read = _Read(entity, readings, parts, _ledger(entity, today), _claims(entity), hits)
    tell("rules")
    return _decided(read)


def _parts(entity: Entity, key: str, readings: list[Reading]) -> list[Part]:
    year, entry = entity.spec.reporting_year, entity.projects[key]
    return parts_of(key, readings, (year.start, year.end), entry.split_by, entry.gwp)


def _readings(entity: Entity, tell: Callable[[str], None]) -> dict[str, list[Reading]]:
    """Read all results."""
    readings: dict[str, list[Reading]] = {}
    for number, (key, entry) in enumerate(entity.projects.items()):
        if number % 500 == 0:
            tell(f"results of {number:,} of {len(entity.projects):,} projects")
        wanted = {name for name in (entry.split_by, entry.electricity and entry.electricity.credited) if name}
        found = readings.setdefault(key, [])
        for at, item in enumerate(entry.results):
            place = entity.place(key, "results", at, "path", "=")
            result = load_result(inside(entity.folder, item.path, place), item.path, wanted, place)
            found.append(Reading(item, result, place))
    return readings


def _ledger(entity: Entity, today: datetime.date) -> Ledger | None:
    spec = entity.spec
    if spec.ledger is None:
        return None
    path = inside(entity.folder, spec.ledger.file, entity.document.place("ledger", "file"))
    if not path.is_file():
        raise ProjectError(Problem(f"there is no ledger {spec.ledger.file}", entity.document.place("ledger", "file")))
    sources = {key: "uncredited" if entry.credits == "none" else "project" for key, entry in entity.projects.items()}
    sources |= dict.fromkeys(spec.sources, "bought")
    year = (spec.reporting_year.start, spec.reporting_year.end)
    return load_ledger(path, spec.ledger.file, spec.ledger.form, sources, entity.own_names(), year, today)


def _claims(entity: Entity) -> dict[str, dict[int, list[Earlier]]]:
    claims: dict[str, dict[int, list[Earlier]]] = {}
    for number, claim in enumerate(entity.spec.claimed_before):
        covers = (claim.covers.start, claim.covers.end) if claim.covers else None
        earlier = Earlier(claim.tonnes, entity.document.place("claimed_before", number), covers)
        claims.setdefault(claim.project, {}).setdefault(claim.vintage, []).append(earlier)
    return claims


def _decided(read: _Read) -> Disclosure:
    entity, screen = read.entity, Screen()
    members = {
        key: LegalEntity(key, screen.text(key, member.name), entity.share(key))
        for key, member in entity.spec.members.items()
    }
    projects = {
        key: project_facts(key, entry, members[entry.owner], read.readings[key], read.parts[key], entity, screen)
        for key, entry in entity.projects.items()
    }
    overlap, kept_apart = overlaps(entity, read.readings, read.ledger)
    years = tuple(year for key in projects for year in _years(read, projects[key], overlap))
    inventory = tuple(_inventory(entity, screen))
    reported = [year for year in years if year.is_reported]
    retirements = retirement_facts(entity, read.ledger, read.shares, projects, overlap, screen)
    bought = sum((item.tonnes for item in retirements if item.project is None and item.usable), ZERO)
    targets = tuple(_targets(entity, reported, projects, bought, screen))
    hits = [hit for line in inventory for hit in line.hits]
    hits += cf_02(entity.spec.inventory, [year for year in reported if is_measure(projects[year.project])])
    hits += per_11(projects.values())
    hits += sold_03(projects.values(), list(entity.spec.sources), read.ledger is not None)
    hits += s2_05(entity.spec.inventory, retirements, projects)
    hits += [hit for year in years for hit in year.hits]
    hits += kept_apart
    hits += [hit for retirement in retirements if retirement.project is None for hit in retirement.hits]
    sets = {year.gwp for year in reported if year.gwp and year.disposition.claimed}
    hits += [mixed_sets("entity", sets)] if len(sets) > 1 else []
    hits += [hit for target in targets for hit in target.hits]
    accounts = account_facts(entity, read.ledger, projects, screen)
    planned = planned_facts(entity, read.ledger, projects, screen)
    hits += ret_08_own(((item.source, item.tonnes) for item in retirements), projects, "T3")
    hits += ret_08_own(((item.source, item.tonnes) for item in planned), projects, "P")
    if asks_for(entity.spec.frameworks, "credits_used_adjusted_share"):
        hits += ret_08_adjusted(item for item in retirements if item.project is None)
    facts = _entity_facts(entity, tuple(members.values()), screen)
    return Disclosure(
        facts,
        projects,
        years,
        accounts,
        retirements,
        certificate_facts(entity, read.ledger, overlap),
        inventory,
        targets,
        planned,
        (*read.hits, *hits, *screen.hits),
        read.ledger.shown if read.ledger else None,
        read.ledger.digest if read.ledger else None,
        version("tonne"),
        datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _years(read: _Read, project: ProjectFacts, overlap: dict[tuple[str, int], Decimal]) -> Iterator[ProjectYear]:
    entity, key = read.entity, project.id
    entry = entity.projects[key]
    lots: dict[int, list[Lot]] = {}
    for lot in read.ledger.lots.get(key, ()) if read.ledger else ():
        lots.setdefault(lot.vintage, []).append(lot)
    parts: dict[int, list[Part]] = {}
    for part in read.parts[key]:
        parts.setdefault(part.vintage, []).append(part)
    claims = read.claims.get(key, {})
    blocking = sum(reading.result.blocking for reading in read.readings[key])
    reversals = _reversals(read, key)
    last = max((part.vintage for part in read.parts[key] if part.is_reported), default=None)

    def decided(part: Part, holding: Holding, reversed_: Decimal) -> ProjectYear:
        return project_year(
            Case(
                project,
                entry,
                part,
                holding,
                project.owner.share,
                read.ledger is not None,
                overlap.get((key, part.vintage), ZERO),
                reversed_,
                blocking,
                entity.spec.gwp,
            )
        )

    for vintage in sorted({*lots, *parts, *claims}):
        found = parts.get(vintage, [])
        verified = sum((part.tonnes.get("verified", ZERO) for part in found), ZERO)
        if read.ledger:
            require_verified(key, vintage, verified, read.ledger, lots.get(vintage, ()), entity.place(key, "results"))
        if not found:
            what = f"no result of {key} covers {vintage}, for which an earlier claim is stated"
            raise ProjectError(Problem(what, claims[vintage][0].place))
        laid = laid_out(found, lots.get(vintage, []), read.shares, read.year)
        row = read.ledger.issuance_place(key, vintage) if read.ledger else None
        if vintage in claims:
            laid = with_earlier(found, laid, claims[vintage], row)
        for part, holding in zip(found, laid, strict=True):
            is_last = part.is_reported and vintage == last
            yield decided(part, holding, sum(reversals.values(), ZERO) if is_last else ZERO)
    if last is None:  # what was removed in earlier years can be reversed in one that removes nothing
        origin = (Lineage("entity", Path(entity.document.path).name, entity.document.digest),)
        for vintage, tonnes in reversals.items():
            yield decided(empty_part(vintage, read.year, project.status, origin), Holding(), tonnes)


def _reversals(read: _Read, key: str) -> dict[int, Decimal]:
    """Give by calendar year what was reversed in the reporting year."""
    removal = read.entity.projects[key].removal
    if removal is None:
        return {}
    place = read.entity.place(key, "removal", "reversals") if removal.reversals else read.entity.place(key)
    found = within(removal.reversals, read.year, "reversals", place)
    return {vintage: tonnes for vintage, tonnes in found.items() if tonnes}


def _inventory(entity: Entity, screen: Screen) -> Iterator[InventoryLine]:
    for number, line in enumerate(entity.spec.inventory):
        place = entity.document.place("inventory", number)
        yield InventoryLine(
            line.id,
            screen.plain(line.id, line.scope),
            line.basis,
            entity.written(number, "current") or line.current,
            entity.written(number, "previous"),
            line.unit,
            screen.text(line.id, line.method) if line.method else None,
            screen.text(line.id, line.source),
            line.amounts == "gross",
            tuple(net_01(line)),
            Lineage("entity", f"{Path(entity.document.path).name}:{place.line}", entity.document.digest),
        )


def _targets(
    entity: Entity, reported: list[ProjectYear], projects: dict[str, ProjectFacts], bought: Decimal, screen: Screen
) -> Iterator[TargetFacts]:
    for target in entity.spec.targets:
        figure, left_out = contribution(target, reported, projects)
        yield TargetFacts(
            target.id,
            screen.text(target.id, target.name),
            target.kind,
            target.gross_beside,
            target.base_year,
            target.target_year,
            target.stated,
            target.unit,
            figure,
            tuple(tgt_07(target, left_out + bought)),
        )


def _entity_facts(entity: Entity, members: tuple[LegalEntity, ...], screen: Screen) -> EntityFacts:
    spec = entity.spec
    return EntityFacts(
        screen.text("entity", spec.name),
        spec.identifier.value,
        spec.identifier.scheme,
        spec.reporting_year.start,
        spec.reporting_year.end,
        spec.approach,
        members,
        spec.gwp,
        tuple(spec.frameworks),
        Path(entity.document.path).name,
        entity.document.digest,
    )

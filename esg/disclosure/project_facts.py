"""What is said of a project beside its tonnes: from the entity file, and from its results."""

from collections.abc import Sequence
from decimal import Decimal

from tonne.engine.errors import Problem, ProjectError
from tonne.engine.spec.models import Text
from tonne.esg.disclosure.dated import within
from tonne.esg.disclosure.entity import Entity, ProjectEntry
from tonne.esg.disclosure.entity_rules import Screen
from tonne.esg.disclosure.facts import ZERO, LegalEntity, ProjectFacts, RemovalFacts, Status
from tonne.esg.disclosure.periods import Part, Reading
from tonne.esg.disclosure.results import UNSTATED


def project_facts(
    key: str,
    entry: ProjectEntry,
    owner: LegalEntity,
    readings: Sequence[Reading],
    parts: Sequence[Part],
    entity: Entity,
    screen: Screen,
) -> ProjectFacts:
    """Describe a project; texts with wording that is not repeated are withheld.

    Raises:
        ProjectError: its results differ in methodology or in status inside the reporting year, or contradict `gwp:`.
    """
    last = max(readings, key=lambda reading: reading.result.start)
    result = last.result
    scheme = None if entry.credits == "none" else entry.credits
    removal = entry.removal
    return ProjectFacts(
        key,
        screen.text(key, result.name),
        owner,
        result.methodology,
        result.title,
        result.methodology_digest,
        scheme.standard if scheme else result.scheme,
        "; ".join(reading.result.shown for reading in readings),
        "; ".join(reading.result.digest for reading in readings),
        entry.effect,
        entry.boundary,
        None if entry.effect == "avoided" else entry.scope,
        entry.measure,
        _status(key, last, parts, entity),
        _verification(key, readings, screen),
        scheme.registration if scheme else result.registration,
        scheme.country if scheme else None,
        screen.text(key, entry.user) if entry.user else None,
        screen.text(key, entry.baseline),
        sum(entry.investment.values(), ZERO) if isinstance(entry.investment, dict) else entry.investment,
        entry.currency,
        scheme.expected_per_year if scheme else None,
        _gwp(key, entry, readings, entity),
        result.rounding,
        RemovalFacts(
            removal.gas, screen.text(key, removal.pool), screen.text(key, removal.storage), removal.permanence_years
        )
        if removal
        else None,
        sum(reading.result.open_findings for reading in readings),
        tuple(screen.plain(key, item) for item in entry.evidence),
        scheme.registry if scheme else None,
        _invested(key, entry, entity),
    )


def _invested(key: str, entry: ProjectEntry, entity: Entity) -> Decimal | None:
    """Give what was spent in the reporting year; None where the investment is not dated."""
    if not isinstance(entry.investment, dict):
        return None
    year = entity.spec.reporting_year
    found = within(entry.investment, (year.start, year.end), "investments", entity.place(key, "investment"))
    return sum(found.values(), ZERO)


def _status(key: str, last: Reading, parts: Sequence[Part], entity: Entity) -> Status:
    found = {status for part in parts if part.is_reported for status in part.tonnes}
    if len(found) > 1:
        what = f"the results of {key} inside the reporting year have different status"
        hint = "what is not verified yet is a project of its own until it is"
        raise ProjectError(Problem(what, entity.place(key, "results"), found=", ".join(sorted(found)), hint=hint))
    return next(iter(found), last.status)


def _verification(key: str, readings: Sequence[Reading], screen: Screen) -> str | None:
    found = [reading.entry.verification for reading in readings if reading.entry.verification]
    said = [f"{item.statement} ({item.date})" for item in found]
    return screen.plain(key, "; ".join(said)) if said else None


def _gwp(key: str, entry: ProjectEntry, readings: Sequence[Reading], entity: Entity) -> str | None:
    """Name the sets of global warming potentials of the results; what is added up is decided by year."""
    found = {name for reading in readings for name in reading.result.gwp}
    told = found - {UNSTATED}
    if entry.gwp and told and told != {entry.gwp}:
        what = f"the results of {key} use other global warming potentials than `gwp:` says"
        raise ProjectError(Problem(what, entity.place(key, "gwp", "="), ", ".join(sorted(told)), entry.gwp))
    return entry.gwp or "+".join(sorted(found)) or None


def source_name(entity: Entity, projects: dict[str, ProjectFacts], source: str, screen: Screen) -> Text:
    """Give the name of a project or of a source of bought credits."""
    return projects[source].name if source in projects else screen.text(source, entity.spec.sources[source].name)

"""Accounts, retirements and green certificates of the ledger as facts, with what the entity file says of their source."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tonne.engine.errors import Problem, ProjectError
from tonne.esg.disclosure.entity import CreditScheme, Entity
from tonne.esg.disclosure.entity_rules import Screen
from tonne.esg.disclosure.facts import (
    ZERO,
    Certificates,
    CreditAccount,
    Effect,
    Hit,
    PlannedUse,
    ProjectFacts,
    Retirement,
    Rule,
)
from tonne.esg.disclosure.folding import folded
from tonne.esg.disclosure.ledger import Account, Ledger, OwnRetirement
from tonne.esg.disclosure.periods import Reading
from tonne.esg.disclosure.project_facts import source_name
from tonne.esg.disclosure.rules import tonnes_text
from tonne.esg.numbers import number_text

Overlaps = Mapping[tuple[str, int], Decimal]
_MWH = "MWh"


def overlaps(
    entity: Entity, readings: Mapping[str, list[Reading]], ledger: Ledger | None
) -> tuple[dict[tuple[str, int], Decimal], tuple[Hit, ...]]:
    """Give by project and year the MWh that are both credited and under green certificates, and what keeps others apart.

    A project that does not say how much it generated generated what it is credited for. What it says is in no result.

    Raises:
        ProjectError: there are certificates of a project that does not name its credited electricity, or that says that
            it generated less than it is credited for.
    """
    found: dict[tuple[str, int], Decimal] = {}
    hits: list[Hit] = []
    for (key, vintage), certified in ledger.certificates.items() if ledger else ():
        if key not in entity.projects:
            continue
        electricity = entity.projects[key].electricity
        if electricity is None:
            what = f"the ledger has green certificates of {key}, which does not name its credited electricity"
            raise ProjectError(Problem(what, entity.place(key), hint="add `electricity: {credited: QUANTITY}`"))
        credited = _credited(entity, key, readings[key], electricity.credited, vintage)
        generated = electricity.generated.get(vintage, credited)
        if generated < credited:
            what = f"{key} is said to have generated less in {vintage} than it is credited for"
            place = entity.place(key, "electricity", "generated", str(vintage), "=")
            raise ProjectError(Problem(what, place, f"at least {credited:f} MWh", f"{generated:f}"))
        over = credited + certified - generated
        if credited and over > 0:
            found[key, vintage] = over
        elif credited and certified:
            hits.append(_kept_apart(key, vintage, credited, Decimal(certified), generated))
    return found, tuple(hits)


def _kept_apart(key: str, vintage: int, credited: Decimal, certified: Decimal, generated: Decimal) -> Hit:
    amounts = [number_text(value, _MWH) for value in (credited, certified, generated)]
    zh = (
        "{}兆瓦时核算减排量，另有{}兆瓦时核发绿证；两者不是同一电量，仅以主体文件所填发电量{}兆瓦时为据，结果中并无此数。"
    ).format(*amounts)
    en = (
        "{} MWh are credited and {} MWh are under green certificates; that they are not the same rests only on the {} MWh "
        "which the entity file says were generated, and which no result holds."
    ).format(*amounts)
    return Hit(Rule.S2_05, "caveat", key, zh, en, vintage)


def _credited(entity: Entity, key: str, readings: Iterable[Reading], quantity: str, year: int) -> Decimal:
    total = ZERO
    for reading in readings:
        series = reading.result.series[quantity]
        if series.unit != _MWH:
            place = entity.place(key, "electricity", "credited", "=")
            raise ProjectError(Problem(f"{quantity} is no electricity", place, f"a quantity in {_MWH}", series.unit))
        total += sum((value for label, value in series.values.items() if label[:4] == str(year)), ZERO)
    return total


def account_facts(
    entity: Entity, ledger: Ledger | None, projects: dict[str, ProjectFacts], screen: Screen
) -> tuple[CreditAccount, ...]:
    """Give the accounts of credits over the reporting year."""
    found = [account for account in ledger.accounts if account.instrument == "credit"] if ledger else []
    return tuple(_account(entity, account, projects, screen) for account in found)


def _account(entity: Entity, account: Account, projects: dict[str, ProjectFacts], screen: Screen) -> CreditAccount:
    registry, standard, methodology, country, effect, registration = _described(entity, account.source, projects)
    return CreditAccount(
        account.source,
        account.source if account.source in projects else None,
        source_name(entity, projects, account.source, screen),
        account.vintage,
        registry,
        standard,
        methodology,
        country,
        effect,
        registration,
        Decimal(account.held_at_start),
        Decimal(account.issued),
        Decimal(account.acquired),
        Decimal(account.transferred),
        Decimal(account.retired_own),
        Decimal(account.retired_for_others),
        Decimal(account.held_at_end),
        account.lineage,
    )


def _described(
    entity: Entity, source: str, projects: dict[str, ProjectFacts]
) -> tuple[str, str, str, str, Effect, str | None]:
    """Give registry, standard, methodology, country, effect and registration of a source of credits."""
    if source not in projects:
        bought = entity.spec.sources[source]
        return bought.registry, bought.standard, bought.methodology, bought.country, bought.effect, bought.registration
    scheme, project = entity.projects[source].credits, projects[source]
    registry = scheme.registry if isinstance(scheme, CreditScheme) else ""
    effect: Effect = "removal" if project.effect == "removal" else "reduction"
    return registry, project.scheme, project.methodology, project.country or "", effect, project.registration


def retirement_facts(
    entity: Entity,
    ledger: Ledger | None,
    shares: Mapping[str | None, Decimal],
    projects: dict[str, ProjectFacts],
    overlap: Overlaps,
    screen: Screen,
) -> tuple[Retirement, ...]:
    """Give what was retired for the group inside the reporting year, with what keeps some of it from being used."""
    own = entity.own_names()
    made = []
    for item in ledger.retirements if ledger else ():
        hits = _refusals(item, overlap)
        registry, standard, methodology, country, effect, _ = _described(entity, item.source, projects)
        share = shares[own[folded(item.beneficiary)]] if item.beneficiary else ZERO
        made.append(
            Retirement(
                item.source,
                item.source if item.source in projects else None,
                source_name(entity, projects, item.source, screen),
                item.vintage,
                registry,
                standard,
                methodology,
                country,
                effect,
                ZERO if hits else Decimal(item.tonnes) * share,
                Decimal(item.tonnes),
                item.serials,
                item.ranges,
                item.on_day,
                item.beneficiary or "",
                screen.plain(item.source, item.purpose or ""),
                item.adjusted,
                not hits,
                hits,
                item.lineage,
            )
        )
    return tuple(made)


def _refusals(item: OwnRetirement, overlap: Overlaps) -> tuple[Hit, ...]:
    tonnes = Decimal(item.tonnes)
    if item.beneficiary is None or item.purpose is None:
        lacking = ("受益方", "a beneficiary") if item.beneficiary is None else ("用途", "a purpose")
        zh = f"{item.on_day}注销的{tonnes_text(tonnes)}吨缺少{lacking[0]}，不得作为已使用的碳信用披露。"
        en = f"The {tonnes_text(tonnes)} t retired on {item.on_day} lack {lacking[1]}: not credits used."
        return (Hit(Rule.RET_08, "block", item.source, zh, en, item.vintage, tonnes),)
    if (item.source, item.vintage) in overlap:
        mwh = number_text(overlap[item.source, item.vintage], _MWH)
        zh = f"注销的{tonnes_text(tonnes)}吨所属年份有{mwh}兆瓦时电量同时核发绿证，不得使用。"
        en = f"{mwh} MWh of the year of the {tonnes_text(tonnes)} t retired are under green certificates too: not used."
        return (Hit(Rule.S2_05, "block", item.source, zh, en, item.vintage, tonnes),)
    return ()


def certificate_facts(entity: Entity, ledger: Ledger | None, overlap: Overlaps) -> tuple[Certificates, ...]:
    """Give the green certificates of the reporting year."""
    found = [account for account in ledger.accounts if account.instrument == "certificate"] if ledger else []
    return tuple(
        Certificates(
            account.source if account.source in entity.projects else None,
            account.source,
            account.vintage,
            Decimal(account.issued),
            Decimal(account.acquired),
            Decimal(account.transferred),
            Decimal(account.retired_own),
            overlap.get((account.source, account.vintage), ZERO),
            account.lineage,
        )
        for account in found
    )


def planned_facts(
    entity: Entity, ledger: Ledger | None, projects: dict[str, ProjectFacts], screen: Screen
) -> tuple[PlannedUse, ...]:
    """Give what the entity plans to retire.

    Raises:
        ProjectError: more is planned of a source than the ledger holds of it.
    """
    held: dict[str, Decimal] = {}
    for source, lots in (ledger.lots if ledger else {}).items():
        held[source] = Decimal(sum(lot.held for lot in lots))
    planned = []
    for number, item in enumerate(entity.spec.planned_use):
        held[item.source] = held.get(item.source, ZERO) - item.tonnes
        if held[item.source] < 0:
            what = f"more credits of {item.source} are planned to be retired than the ledger holds"
            place = entity.document.place("planned_use", number)
            raise ProjectError(Problem(what, place, found=f"{-held[item.source]} t too many"))
        effect = _described(entity, item.source, projects)[4]
        planned.append(PlannedUse(item.source, item.tonnes, item.by, effect, screen.plain(item.source, item.purpose)))
    return tuple(planned)

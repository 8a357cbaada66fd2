"""The facts that a disclosure is made of, as they are handed from the rules to the tables; computes nothing but sums.

A tonne of a project stands in exactly one bucket of one `Disposition`. What cannot be decided has no value, and says why.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, localcontext
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from tonne.engine.spec.models import Text


class Rule(StrEnum):
    """The fourteen rules; the names are never changed."""

    NET_01 = "NET-01"
    CF_02 = "CF-02"
    SOLD_03 = "SOLD-03"
    BND_04 = "BND-04"
    S2_05 = "S2-05"
    REM_06 = "REM-06"
    TGT_07 = "TGT-07"
    RET_08 = "RET-08"
    EXA_09 = "EXA-09"
    GWP_10 = "GWP-10"
    PER_11 = "PER-11"
    SHR_12 = "SHR-12"
    CLM_13 = "CLM-13"
    LEAK_14 = "LEAK-14"


Action = Literal["block", "caveat", "move"]
Effect = Literal["reduction", "removal", "avoided"]
Boundary = Literal["own", "upstream", "downstream", "outside"]
Status = Literal["ex_ante", "monitored", "verified"]
Scope = Literal[
    "1",
    "2",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "3.5",
    "3.6",
    "3.7",
    "3.8",
    "3.9",
    "3.10",
    "3.11",
    "3.12",
    "3.13",
    "3.14",
    "3.15",
]
Measure = Literal["process_redesign", "equipment_retrofit", "process_improvement", "fuel_switch", "other"]
Approach = Literal["equity_share", "financial_control", "operational_control"]
ZERO = Decimal(0)
EXCLUDED = "excluded_activity"
_DIGITS = 60  # no product of tonnes and a share has more
_CLAIMS = frozenset(
    {"claimed", "claimable", "claimed_reduction", "claimed_removal", "counted_expected", "counted_estimated"}
    | {"others_share", "not_counted"}
)
_KNOWN_BUCKETS = frozenset({"transferred", "retired_for_others", "retired_own", "held", "counted_reversals"})


def of_share(amount: Decimal, share: Decimal) -> Decimal:
    """Multiply without rounding."""
    with localcontext() as context:
        context.prec = _DIGITS
        return amount * share


@dataclass(frozen=True)
class Hit:
    """One rule that fired.

    `subject` is the id of a project, target, inventory line or credit source, or `entity`; `moved_to` names the
    bucket of `Disposition`, or the table T1 … T7, that the tonnes went to.
    """

    rule: Rule
    action: Action
    subject: str
    zh: str
    en: str
    vintage: int | None = None
    tonnes: Decimal | None = None
    moved_to: str | None = None


@dataclass(frozen=True)
class Lineage:
    """Where a figure comes from: ids of values in a result (`ER@2024`, for `tonne trace`), or rows of the ledger.

    `source` is the id of a project, `ledger` or `entity`; of many rows the first are named, all are counted.
    """

    source: str
    file: str
    digest: str | None = None
    traces: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    row_count: int = 0


@dataclass(frozen=True)
class Figure:
    """A number for a cell; None is undetermined, and then `why` has the hits that block it."""

    value: Decimal | None
    lineage: tuple[Lineage, ...] = ()
    why: tuple[Hit, ...] = ()
    unit: str = "tCO2e"


@dataclass(frozen=True)
class Disposition:
    """Where the verified tonnes of a project and vintage year are; the buckets exclude each other and add up.

    `not_claimable` is by reason: `outside_boundary` (shown in T5), `others_share`, `excluded_activity`, `undetermined`,
    `other_period` (generated outside the reporting year and neither issued nor claimed before), `later_claim` (retired for
    own use after the reporting year), `unusable_record`.
    """

    claimed_reduction: Decimal = ZERO
    claimed_removal: Decimal = ZERO
    claimed_before: Decimal = ZERO
    retired_own: Decimal = ZERO
    transferred: Decimal = ZERO
    retired_for_others: Decimal = ZERO
    held: Decimal = ZERO
    not_claimable: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def claimed(self) -> Decimal:
        """The tonnes that the entity claims as reduction or removal, in this report or an earlier one."""
        return self.claimed_reduction + self.claimed_removal + self.claimed_before

    @property
    def unclaimable(self) -> Decimal:
        """All that is not claimable, for whatever reason."""
        return sum(self.not_claimable.values(), ZERO)

    @property
    def total(self) -> Decimal:
        """All buckets; equal to the verified tonnes."""
        gone = self.retired_own + self.transferred + self.retired_for_others
        return self.claimed + gone + self.held + self.unclaimable

    @property
    def others_share(self) -> Decimal:
        """What is of the other owners."""
        return self.not_claimable.get("others_share", ZERO)

    @property
    def not_counted(self) -> Decimal:
        """What is not claimable for another reason than the share of others."""
        return self.unclaimable - self.others_share

    def __add__(self, other: "Disposition") -> "Disposition":
        """Add two, bucket by bucket."""
        amounts = {
            item.name: getattr(self, item.name) + getattr(other, item.name)
            for item in fields(self)
            if item.name != "not_claimable"
        }
        reasons = dict.fromkeys([*self.not_claimable, *other.not_claimable])
        return Disposition(
            **amounts,
            not_claimable=MappingProxyType(
                {name: self.not_claimable.get(name, ZERO) + other.not_claimable.get(name, ZERO) for name in reasons}
            ),
        )


@dataclass(frozen=True)
class LegalEntity:
    """A legal entity of the group, and the share of it that the reporting boundary takes in."""

    id: str
    name: Text
    share: Decimal


@dataclass(frozen=True)
class EntityFacts:
    """Who reports, for which days, and how it consolidates."""

    name: Text
    identifier: str
    scheme: str
    start: datetime.date
    end: datetime.date
    approach: Approach
    members: tuple[LegalEntity, ...]
    gwp: str
    frameworks: tuple[str, ...]
    file: str
    digest: str

    @property
    def is_calendar_year(self) -> bool:
        """Whether the reporting year is a calendar year."""
        return (self.start.month, self.start.day, self.end.month, self.end.day) == (1, 1, 12, 31)


@dataclass(frozen=True)
class RemovalFacts:
    """What is known of a removal beside its tonnes."""

    gas: str
    pool: Text
    storage: Text
    permanence_years: int | None


@dataclass(frozen=True)
class ProjectFacts:
    """A project as the entity file and its result describe it; no tonnes.

    `scope` is None where no scope of the inventory is touched; `gwp` names the sets of its results with + between them,
    `unstated` where nobody tells it, and is None where only CO2 is concerned. `status` is that of the results inside the reporting year.
    """

    id: str
    name: Text
    owner: LegalEntity
    methodology: str
    methodology_title: Text
    methodology_digest: str
    scheme: str
    result_file: str
    result_digest: str
    effect: Effect
    boundary: Boundary
    scope: Scope | None
    measure: Measure
    status: Status
    verification: str | None
    registration: str | None
    country: str | None
    user: Text | None
    baseline: Text
    investment: Decimal | None
    currency: str | None
    expected_per_year: Decimal | None
    gwp: str | None
    rounding: str
    removal: RemovalFacts | None
    open_findings: int
    evidence: tuple[str, ...]
    registry: str | None = None  # where its credits are registered; None: nowhere
    invested: Decimal | None = None  # of the investment, what was spent in the reporting year; None: nobody dates it


@dataclass(frozen=True)
class ProjectYear:
    """A project and a vintage (calendar) year, or the part of it inside or outside the reporting year.

    `baseline − project − leakage = reduction` are exact and before rounding; `verified`, `estimated` (monitored, not
    verified) and `expected` (ex ante) exclude each other. `is_reported` tells the part inside the reporting year, the
    only one that feeds tables of claims; the other part is for conservation. `share` is that of the owner. These are
    amounts of the whole project; what of them counts for the entity is `counted_…` and `claimable`. Amounts of different
    `gwp`, the set of warming potentials, are not added up; a set that nobody states is named like no other.
    """

    project: str
    vintage: int
    start: datetime.date
    end: datetime.date
    is_reported: bool
    baseline: Decimal
    project_emissions: Decimal
    leakage: Decimal
    reduction: Decimal
    verified: Decimal
    estimated: Decimal
    expected: Decimal
    reversals: Decimal
    share: Decimal
    disposition: Disposition
    hits: tuple[Hit, ...]
    lineage: tuple[Lineage, ...]
    gwp: str | None = None

    @property
    def blocks(self) -> tuple[Hit, ...]:
        """The hits that keep this part from being claimed."""
        return tuple(hit for hit in self.hits if hit.action == "block")

    @property
    def counting(self) -> Decimal:
        """The share of the tonnes that counts for the entity: that of the owner, and none of an excluded activity."""
        return ZERO if any(hit.moved_to == EXCLUDED for hit in self.hits) else self.share

    @property
    def counted_expected(self) -> Decimal:
        """What counts of the tonnes expected ex ante."""
        return of_share(self.expected, self.counting)

    @property
    def counted_estimated(self) -> Decimal:
        """What counts of the tonnes that are monitored and not verified."""
        return of_share(self.estimated, self.counting)

    @property
    def counted_reversals(self) -> Decimal:
        """The owner's share of the reversals, whatever became of the removals."""
        return of_share(self.reversals, self.share)

    @property
    def counted_emissions(self) -> Decimal:
        """The owner's share of the emissions of the project and of its leakage."""
        return of_share(self.project_emissions, self.share) + of_share(self.leakage, self.share)

    @property
    def claimable(self) -> Decimal:
        """What is claimed in this report, and of the held credits what can be claimed once retired for own use."""
        where = self.disposition
        return where.claimed_reduction + where.claimed_removal + of_share(where.held, self.counting)

    @property
    def is_undivided(self) -> bool:
        """Whether the amounts are those of a longer time than the reporting year, which nothing allows to divide."""
        return any(hit.rule is Rule.PER_11 for hit in self.blocks)

    def figure(self, bucket: str) -> Figure:
        """Give a bucket of the disposition, `claimed`, or an amount of this class, as a figure.

        A bucket of claims has no value where a rule blocks it; where the year cannot be divided, no amount has one.
        """
        source = self.disposition if hasattr(self.disposition, bucket) else self
        is_known = bucket in _KNOWN_BUCKETS or not (self.is_undivided or (self.blocks and bucket in _CLAIMS))
        return Figure(
            getattr(source, bucket) if is_known else None, self.lineage, self.hits if is_known else self.blocks
        )


@dataclass(frozen=True)
class CreditAccount:
    """The credits of one source and vintage over the reporting year, in whole tonnes, and where they are at its end.

    `project` is None where the credits were bought from a project that is not the entity's. `held_at_start + issued +
    acquired − transferred − retired_own − retired_for_others = held_at_end`.
    """

    source: str
    project: str | None
    name: Text
    vintage: int
    registry: str
    standard: str
    methodology: str
    country: str
    effect: Effect
    registration: str | None
    held_at_start: Decimal
    issued: Decimal
    acquired: Decimal
    transferred: Decimal
    retired_own: Decimal
    retired_for_others: Decimal
    held_at_end: Decimal
    lineage: Lineage


@dataclass(frozen=True)
class Retirement:
    """Credits retired for own use inside the reporting year, of one source, vintage, day and purpose.

    `tonnes` are those that count for the entity: the beneficiary's share of what was `retired`. `serials` are the
    ranges, of very many the first. `usable` is False where the record lacks what RET-08 asks for, or S2-05 keeps the
    credits out: they feed no cell, and `tonnes` is zero.
    """

    source: str
    project: str | None
    name: Text
    vintage: int
    registry: str
    standard: str
    methodology: str
    country: str
    effect: Effect
    tonnes: Decimal
    retired: Decimal
    serials: tuple[str, ...]
    serial_ranges: int
    date: datetime.date
    beneficiary: str
    purpose: str
    corresponding_adjustment: bool | None
    usable: bool
    hits: tuple[Hit, ...]
    lineage: Lineage


@dataclass(frozen=True)
class Certificates:
    """Green certificates of a project (None: bought elsewhere) and year, in MWh, and the overlap with credited MWh.

    They feed the market-based account of purchased energy only.
    """

    project: str | None
    source: str
    vintage: int
    issued_mwh: Decimal
    acquired_mwh: Decimal
    transferred_mwh: Decimal
    retired_own_mwh: Decimal
    overlap_mwh: Decimal
    lineage: Lineage


@dataclass(frozen=True)
class InventoryLine:
    """One line of the inventory as its preparer wrote it, digit for digit; nothing is ever deducted from it."""

    id: str
    scope: str
    basis: str | None
    current: str
    previous: str | None
    unit: str
    method: Text | None
    source: Text
    is_gross: bool
    hits: tuple[Hit, ...]
    lineage: Lineage


@dataclass(frozen=True)
class TargetFacts:
    """A target as the entity states it, and what its own projects contribute to it, if that can be said."""

    id: str
    name: Text
    kind: Literal["gross", "net"]
    gross_beside: str | None
    base_year: int
    target_year: int
    stated: str
    unit: str
    contribution: Figure
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class PlannedUse:
    """Credits that the entity plans to retire for own use."""

    source: str
    tonnes: Decimal
    by: datetime.date
    effect: Effect
    purpose: str


@dataclass(frozen=True)
class Disclosure:
    """All facts of one disclosure."""

    entity: EntityFacts
    projects: Mapping[str, ProjectFacts]
    years: tuple[ProjectYear, ...]
    accounts: tuple[CreditAccount, ...]
    retirements: tuple[Retirement, ...]
    certificates: tuple[Certificates, ...]
    inventory: tuple[InventoryLine, ...]
    targets: tuple[TargetFacts, ...]
    planned: tuple[PlannedUse, ...]
    hits: tuple[Hit, ...]
    ledger_file: str | None
    ledger_digest: str | None
    engine_version: str
    made: str

    @property
    def reported(self) -> tuple[ProjectYear, ...]:
        """The parts inside the reporting year: the only ones that feed tables of claims."""
        return tuple(year for year in self.years if year.is_reported)

    def conservation(self) -> tuple[tuple[str, int, Decimal, Disposition], ...]:
        """Give project, vintage, verified tonnes and where they are, the parts of a vintage added up."""
        verified: dict[tuple[str, int], Decimal] = {}
        where: dict[tuple[str, int], Disposition] = {}
        for year in self.years:
            key = (year.project, year.vintage)
            verified[key] = verified.get(key, ZERO) + year.verified
            where[key] = where[key] + year.disposition if key in where else year.disposition
        return tuple((*key, verified[key], where[key]) for key in sorted(verified))

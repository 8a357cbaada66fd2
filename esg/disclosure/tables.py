"""The tables of a disclosure: which project, credit or line of the inventory stands in which row of which table.

T1 … T7 are those that are pasted into reports; beside them stand the proof that every tonne is somewhere, targets,
planned use and green certificates. Only parts inside the reporting year feed tables of claims.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number, exact_sum, number
from tonne.esg.disclosure.boundary import is_measure, is_outside, is_own_removal
from tonne.esg.disclosure.facts import Disclosure, Figure, Hit, Lineage, ProjectFacts, ProjectYear, Rule, of_share
from tonne.esg.disclosure.statement import statement_rows
from tonne.esg.disclosure.table import NOTHING, Cell, FactTable, Row, summed_table
from tonne.esg.document import Phrase, same
from tonne.esg.figures import phrase
from tonne.esg.numbers import ABSENT, share_text

MEGAWATT_HOURS = "MWh"
ZERO = Decimal(0)
_MOVEMENTS = (
    "held_at_start",
    "issued",
    "acquired",
    "transferred",
    "retired_own",
    "retired_for_others",
    "held_at_end",
)
_NO_LEDGER = (Rule.SOLD_03, "block", "entity")


def disclosure_tables(disclosure: Disclosure) -> dict[str, FactTable]:
    """Make every table, by its id; those beside T1 … T7 and the balance only where there is something in them."""
    made = [make(disclosure) for make in (*_ALWAYS, *_WHERE_GIVEN)]
    return {table.id: table for table in made if table.rows or table.id in {*words.NUMBERED, "C"}}


def row_key(year: ProjectYear) -> str:
    """Name the row of the reported part of a vintage."""
    return f"{year.project}/{year.vintage}"


def scope_words(scope: str | None) -> Phrase:
    """Name a scope of the inventory."""
    return words.SCOPE.filled(scope=scope) if scope else words.NO_SCOPE


# -- T1 … T7


def measures(disclosure: Disclosure) -> FactTable:
    """T1: measures and direct reductions, by scope."""
    rows, seen = [], set()
    for project, year in _reported(disclosure, is_measure):
        amounts = _Amounts("T1", project, year)
        # What was invested is told once, whatever the number of vintages in the reporting year.
        invested = NOTHING if project.id in seen or project.investment is None else _investment(project)
        seen.add(project.id)
        cells = (
            phrase(project.name),
            same(str(year.vintage)),
            scope_words(project.scope),
            same(share_text(year.share)),
            words.MEASURES[project.measure],
            phrase(project.baseline),
            amounts.of("baseline"),
            amounts.of("project", "project_emissions"),
            amounts.of("leakage"),
            amounts.of("reduction"),
            *amounts.by_status(),
            amounts.verified("claimed", "claimed_reduction"),
            amounts.verified("transferred"),
            amounts.verified("retired_own"),
            amounts.verified("retired_for_others"),
            amounts.verified("held"),
            amounts.verified("others_share"),
            amounts.verified("not_counted"),
            amounts.verified("claimable"),
            words.STATUSES[project.status],
            invested,
            NOTHING if invested is NOTHING else same(project.currency or ABSENT),
            same("; ".join(project.evidence) or ABSENT),
            _codes(year.hits),
        )
        rows.append(Row(amounts.key, cells, year.lineage, project.scope or "", year.gwp))
    scopes = dict.fromkeys(row.group for row in rows)
    return _table("T1", rows, {scope: words.SUM_OF_SCOPE.filled(scope=scope_words(scope)) for scope in scopes})


def accounts(disclosure: Disclosure) -> FactTable:
    """T2: registration and trading."""
    rows = []
    for account in disclosure.accounts:
        key = f"{account.source}/{account.vintage}"
        project = disclosure.projects.get(account.project or "")
        expected = project.expected_per_year if project else None
        cells = (
            same(
                account.standard if account.standard == account.registry else f"{account.standard} ({account.registry})"
            ),
            phrase(account.name),
            same(str(account.vintage)),
            same(account.registration or ABSENT),
            _registration(project, is_issued=True) if project else words.BOUGHT,
            same(account.methodology or ABSENT),
            NOTHING if expected is None else Number(f"T2.expected@{key}", expected),
            *(Number(f"T2.{column}@{key}", getattr(account, column)) for column in _MOVEMENTS),
        )
        rows.append(Row(key, cells, (account.lineage,)))
    moved = {account.project for account in disclosure.accounts}
    rows += [
        _unmoved(disclosure, item) for item in disclosure.projects.values() if item.registry and item.id not in moved
    ]
    return _table("T2", rows, {"": words.SUM})


def _unmoved(disclosure: Disclosure, project: ProjectFacts) -> Row:
    """Show a registered project of which nothing moved in the period; without a ledger nobody knows."""
    key = f"{project.id}/{words.NO_MOVEMENT}"
    value = Decimal(0) if disclosure.ledger_file else None
    lineage = Lineage("ledger", disclosure.ledger_file, disclosure.ledger_digest) if disclosure.ledger_file else None
    expected = project.expected_per_year
    cells = (
        same(project.scheme if project.scheme == project.registry else f"{project.scheme} ({project.registry})"),
        phrase(project.name),
        NOTHING,
        same(project.registration or ABSENT),
        _registration(project, is_issued=False if disclosure.ledger_file else None),
        same(project.methodology or ABSENT),
        NOTHING if expected is None else Number(f"T2.expected@{key}", expected),
        *(Number(f"T2.{column}@{key}", value, why=no_ledger(disclosure)) for column in _MOVEMENTS),
    )
    return Row(key, cells, (lineage or _entity_file(disclosure),))


def _registration(project: ProjectFacts, *, is_issued: bool | None) -> Phrase:
    return words.REGISTRATIONS[project.registration is not None, is_issued]


def no_ledger(disclosure: Disclosure) -> tuple[Hit, ...]:
    """Give what is to be said where credits move and there is no ledger."""
    return tuple(hit for hit in disclosure.hits if (hit.rule, hit.action, hit.subject) == _NO_LEDGER)


def credits_used(disclosure: Disclosure) -> FactTable:
    """T3: credits retired for own use, reductions and removals apart."""
    rows = []
    usable = [retirement for retirement in disclosure.retirements if retirement.usable]
    for at, retirement in enumerate(usable, 1):
        key = f"{retirement.source}/{retirement.vintage}/{at}"
        serials = "; ".join(retirement.serials)
        more = retirement.serial_ranges > len(retirement.serials)
        cells = (
            same(f"{retirement.standard} ({retirement.registry})"),
            phrase(retirement.name),
            same(retirement.country or ABSENT),
            same(str(retirement.vintage)),
            words.EFFECTS[retirement.effect],
            Number(f"T3.tonnes@{key}", retirement.tonnes),
            words.MORE_SERIALS.filled(shown=serials, count=f"{retirement.serial_ranges:,}") if more else same(serials),
            same(str(retirement.date)),
            same(retirement.beneficiary),
            same(retirement.purpose),
            words.ADJUSTED[retirement.corresponding_adjustment],
        )
        rows.append(Row(key, cells, (retirement.lineage,), retirement.effect))
    effects = dict.fromkeys(row.group for row in rows)
    return _table("T3", rows, {name: words.SUM_OF_EFFECT.filled(effect=words.EFFECTS[name]) for name in effects})


def removals(disclosure: Disclosure) -> FactTable:
    """T4: removals and storage inside the boundary."""
    rows = []
    for project, year in _reported(disclosure, is_own_removal):
        amounts = _Amounts("T4", project, year)
        removal = project.removal
        cells = (
            phrase(project.name),
            same(str(year.vintage)),
            words.BOUNDARIES[project.boundary],
            words.POOL.filled(pool=phrase(removal.pool), storage=phrase(removal.storage)) if removal else NOTHING,
            same(removal.gas) if removal else NOTHING,
            same(share_text(year.share)),
            *amounts.by_status(),
            amounts.verified("claimed", "claimed_removal"),
            amounts.of("own_emissions", "counted_emissions"),
            amounts.of("reversals", "counted_reversals"),
            amounts.verified("transferred"),
            words.STATUSES[project.status],
            _codes(year.hits),
        )
        rows.append(Row(amounts.key, cells, year.lineage, gwp=year.gwp))
    return _table("T4", rows, {"": words.SUM})


def avoided(disclosure: Disclosure) -> FactTable:
    """T5: what is avoided outside the inventory."""
    rows = []
    for project, year in _reported(disclosure, is_outside):
        amounts = _Amounts("T5", project, year)
        outside = year.disposition.not_claimable.get("outside_boundary", ZERO)
        expected, estimated, verified = amounts.by_status()
        if isinstance(verified, Number):
            stopped = year.blocks
            verified = number(f"T5.avoided@{amounts.key}", Figure(None if stopped else outside, why=stopped))
        cells = (
            phrase(project.name),
            same(str(year.vintage)),
            same(share_text(year.share)),
            phrase(project.user) if project.user else NOTHING,
            phrase(project.baseline),
            expected,
            estimated,
            verified,
            amounts.verified("transferred"),
            amounts.verified("held"),
            words.STATUSES[project.status],
            _codes(year.hits),
        )
        kind = "removal" if project.effect == "removal" else "avoided"
        rows.append(Row(amounts.key, cells, year.lineage, kind, year.gwp))
    kinds = dict.fromkeys(row.group for row in rows)  # removals are never added to the others
    labels = {kind: words.SUM_OF_EFFECT.filled(effect=words.EFFECTS[kind]) for kind in kinds}
    return _table("T5", rows, labels if "removal" in kinds else {"avoided": words.SUM})


def inventory_echo(disclosure: Disclosure) -> FactTable:
    """T6: the inventory, each number with the characters that its preparer wrote."""
    rows = []
    for line in disclosure.inventory:
        blocks = tuple(hit for hit in line.hits if hit.action == "block")
        current = Number(f"T6.current@{line.id}", None, line.unit, blocks, None if blocks else line.current)
        previous = Number(f"T6.previous@{line.id}", None, line.unit, blocks, None if blocks else line.previous)
        cells = (
            scope_words(line.scope) if line.scope[:1].isdigit() else same(line.scope),
            current,
            NOTHING if line.previous is None else previous,
            same(line.unit),
            words.BASES[line.basis],
            phrase(line.method) if line.method else NOTHING,
            phrase(line.source),
            _codes(line.hits),
        )
        rows.append(Row(line.id, cells, (line.lineage,)))
    return _table("T6", rows, {})


def statement(disclosure: Disclosure) -> FactTable:
    """T7: the statement of basis, with every rule that fired."""
    return _table("T7", [Row(str(at), cells) for at, cells in enumerate(statement_rows(disclosure), 1)], {})


# -- beside them


def conservation(disclosure: Disclosure) -> FactTable:
    """Where each verified tonne is."""
    lineage: dict[tuple[str, int], tuple[Lineage, ...]] = {}
    for year in disclosure.years:
        key = (year.project, year.vintage)
        lineage[key] = tuple(dict.fromkeys((*lineage.get(key, ()), *year.lineage)))
    rows = []
    for project, vintage, verified, where in disclosure.conservation():
        amounts = {
            "verified": verified,
            "claimed": where.claimed,
            "retired_own": where.retired_own,
            "transferred": where.transferred,
            "retired_for_others": where.retired_for_others,
            "held": where.held,
            "unclaimable": where.unclaimable,
            "difference": exact_sum((verified, -where.total)),
        }
        reasons = {
            words.REASONS[name]: Number("", tonnes).text for name, tonnes in where.not_claimable.items() if tonnes
        }
        cells: tuple[Cell, ...] = (
            phrase(disclosure.projects[project].name),
            same(str(vintage)),
            *(Number(f"C.{column}@{project}/{vintage}", value) for column, value in amounts.items()),
            Phrase(
                "；".join(f"{name.zh} {text.zh}" for name, text in reasons.items()) or ABSENT,
                "; ".join(f"{name.en} {text.en}" for name, text in reasons.items()) or ABSENT,
            ),
        )
        rows.append(Row(f"{project}/{vintage}", cells, lineage[project, vintage]))
    return _table("C", rows, {"": words.SUM})


def targets(disclosure: Disclosure) -> FactTable:
    """Targets as stated, and what the projects contribute to them."""
    rows = []
    for target in disclosure.targets:
        blocks = tuple(hit for hit in target.hits if hit.action == "block")
        stated = Number(f"G.stated@{target.id}", None, target.unit, blocks, None if blocks else target.stated)
        cells: tuple[Cell, ...] = (
            phrase(target.name),
            words.KINDS_OF_TARGET[target.kind],
            same(target.gross_beside or ABSENT),
            same(f"{target.base_year}–{target.target_year}"),
            stated,
            same(target.unit),
            number(f"G.contribution@{target.id}", target.contribution),
            _codes(target.hits),
        )
        rows.append(Row(target.id, cells, target.contribution.lineage))
    return _table("G", rows, {})


def planned_use(disclosure: Disclosure) -> FactTable:
    """Credits that are to be retired for own use, reductions and removals apart."""
    rows = []
    for at, plan in enumerate(disclosure.planned, 1):
        project = disclosure.projects.get(plan.source)
        cells = (
            phrase(project.name) if project else same(plan.source),
            words.EFFECTS[plan.effect],
            Number(f"P.tonnes@{at}", plan.tonnes),
            same(str(plan.by)),
            same(plan.purpose),
        )
        rows.append(Row(str(at), cells, (_entity_file(disclosure),), plan.effect))
    effects = dict.fromkeys(row.group for row in rows)
    return _table("P", rows, {name: words.SUM_OF_EFFECT.filled(effect=words.EFFECTS[name]) for name in effects})


def verifications(disclosure: Disclosure) -> FactTable:
    """What each result rests on, and the statement that verifies it."""
    rows = []
    for project in disclosure.projects.values():
        cells: tuple[Cell, ...] = (
            phrase(project.name),
            phrase(project.methodology_title),
            words.STATUSES[project.status],
            same(project.verification or ABSENT),
            same(str(project.open_findings)),
        )
        rows.append(Row(project.id, cells, (Lineage(project.id, project.result_file, project.result_digest),)))
    return _table("V", rows, {})


def capital(disclosure: Disclosure) -> FactTable:
    """What was spent on projects, inside and outside the boundary, in the reporting year and at the share of the owner."""
    undated = {hit.subject: hit for hit in disclosure.hits if hit.rule is Rule.PER_11 and hit.vintage is None}
    rows = []
    for project in disclosure.projects.values():
        if project.investment is None:
            continue
        unit, share = project.currency or "", project.owner.share
        why = (undated[project.id],) if project.id in undated else ()
        deployed = None if project.invested is None else of_share(project.invested, share)
        cells: tuple[Cell, ...] = (
            phrase(project.name),
            words.BOUNDARIES[project.boundary],
            same(share_text(share)),
            Number(f"I.stated@{project.id}", project.investment, unit),
            Number(f"I.deployed@{project.id}", deployed, unit, why),
            same(unit or ABSENT),
        )
        rows.append(Row(project.id, cells, (_entity_file(disclosure),)))
    return _table("I", rows, {})


def certificates(disclosure: Disclosure) -> FactTable:
    """Green certificates, which bear on the market-based account of purchased energy only."""
    rows = []
    for item in disclosure.certificates:
        key = f"{item.source}/{item.vintage}"
        project = disclosure.projects.get(item.project or "")
        amounts = {
            "issued": item.issued_mwh,
            "acquired": item.acquired_mwh,
            "transferred": item.transferred_mwh,
            "retired_own": item.retired_own_mwh,
            "overlap": item.overlap_mwh,
        }
        cells: tuple[Cell, ...] = (
            phrase(project.name) if project else same(item.source),
            same(str(item.vintage)),
            *(Number(f"E.{column}@{key}", value, MEGAWATT_HOURS) for column, value in amounts.items()),
        )
        rows.append(Row(key, cells, (item.lineage,)))
    return _table("E", rows, {"": words.SUM})


class _Amounts:
    """The amounts of one row: those of the verified stay empty where nothing is verified, and so on (EXA-09)."""

    def __init__(self, table: str, project: ProjectFacts, year: ProjectYear) -> None:
        self.key = row_key(year)
        self._table, self._project, self._year = table, project, year

    def of(self, column: str, bucket: str | None = None) -> Number:
        return number(f"{self._table}.{column}@{self.key}", self._year.figure(bucket or column))

    def verified(self, column: str, bucket: str | None = None) -> Cell:
        return self.of(column, bucket) if self._project.status == "verified" else NOTHING

    def by_status(self) -> tuple[Cell, Cell, Cell]:
        """Give expected, estimated and verified: only one of them has a number."""
        kinds = {"ex_ante": "expected", "monitored": "estimated", "verified": "verified"}
        wanted = kinds[self._project.status]
        buckets = {"expected": "counted_expected", "estimated": "counted_estimated", "verified": "verified"}
        expected, estimated, verified = (
            self.of(kind, bucket) if kind == wanted else NOTHING for kind, bucket in buckets.items()
        )
        return expected, estimated, verified


def _reported(
    disclosure: Disclosure, wanted: Callable[[ProjectFacts], bool]
) -> Iterable[tuple[ProjectFacts, ProjectYear]]:
    pairs = ((disclosure.projects[year.project], year) for year in disclosure.reported)
    return ((project, year) for project, year in pairs if wanted(project))


def _investment(project: ProjectFacts) -> Number:
    return Number(f"T1.investment@{project.id}", project.investment, project.currency or "")


def _codes(hits: Iterable[Hit]) -> Phrase:
    codes = sorted({hit.rule.value for hit in hits})
    return same(", ".join(codes) or ABSENT)


def _entity_file(disclosure: Disclosure) -> Lineage:
    return Lineage("entity", disclosure.entity.file, disclosure.entity.digest)


def _table(id_: str, rows: Sequence[Row], labels: dict[str, Phrase]) -> FactTable:
    return summed_table(id_, words.TITLES[id_], words.COLUMNS[id_], rows, labels, words.NOTES.get(id_))


_ALWAYS = (measures, accounts, credits_used, removals, avoided, inventory_echo, statement, conservation)
_WHERE_GIVEN = (verifications, targets, planned_use, certificates, capital)

"""The cells of a framework: what the mapping feeds into each, made of amounts of the tables, or why there is none.

One function for each feed. An amount is taken from one table only, and a sum with an undecided term is undecided.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from functools import cached_property

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import PRECISION, SHARE, SHARE_DECIMALS, Number, exact_sum, rounded
from tonne.esg.disclosure.entity_rules import ret_08_adjusted
from tonne.esg.disclosure.facts import Disclosure, Hit, Lineage, Retirement, Rule
from tonne.esg.disclosure.mapping import Feed, MappedCell, load_mapping
from tonne.esg.disclosure.mapping import Mapping as FrameworkMapping
from tonne.esg.disclosure.table import FactTable, Row, total
from tonne.esg.disclosure.tables import no_ledger
from tonne.esg.document import Phrase, same
from tonne.esg.numbers import share_text

NOT_FED = Phrase("项目数据不得填列，由编制人填写", "not fed by projects; left to the preparer")
NOTHING_TO_SAY = Phrase("本期无相关数据", "nothing in this period")
SEE_STATEMENT = Phrase("见表T7", "see T7")
NOTHING_OUTSIDE = Phrase("本期无价值链外的碳信用", "no credits of outside the value chain in this period")
NOT_GIVEN = Phrase("清单未提供", "not in the inventory")
NO_LEDGER = Phrase("未提供碳信用台账，由编制人确认", "no ledger was given; for the preparer to confirm")
NO_CODES = Phrase("国家未以两位代码注明，由编制人填写", "countries are no codes of two letters; left to the preparer")
CODE = 2  # letters of a country
EU = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905 (shorter)
)
CREDITS = "credits_"  # how the feeds begin that only a ledger can fill
LISTED = Phrase("{name}：{amount} {unit}", "{name}: {amount} {unit}")
AND_MORE = Phrase("等{count}项", "and others, {count} in all")
MOST_LISTED = 12
MOST_SENTENCES = 5  # of one rule beside a cell


@dataclass(frozen=True, slots=True)
class Term:
    """An amount that a cell is made of: where it stands in the tables, and what it belongs to."""

    table: str
    row: int
    column: int
    key: str
    label: Phrase
    number: Number
    lineage: tuple[Lineage, ...]


@dataclass(frozen=True)
class FilledCell:
    """A cell of a framework: an amount with its terms, or a text that says why there is none."""

    framework: str
    mapped: MappedCell
    number: Number | None
    text: Phrase
    terms: tuple[Term, ...] = ()
    caveats: tuple[Hit, ...] = ()

    @property
    def id(self) -> str:
        """The id of the cell, framework and version included."""
        return f"{self.framework}/{self.mapped.id}"

    @property
    def is_share(self) -> bool:
        """Whether it is a share, shown as percent."""
        return self.number is not None and self.number.unit == SHARE

    @property
    def why(self) -> tuple[Hit, ...]:
        """The hits that concern it: what keeps it from having a number, and else what must be said of the number."""
        return (*(self.number.why if self.number else ()), *self.caveats)

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that fired, of which some may not be among those that guard it."""
        return tuple(rule for rule, _, _, _ in self.by_rule)

    @cached_property
    def by_rule(self) -> tuple[tuple[str, tuple[Hit, ...], int, Decimal], ...]:
        """Give by rule the first hits, how many more there are, and the tonnes of these."""
        found: dict[str, list[Hit]] = {}
        for hit in self.why:
            found.setdefault(hit.rule.value, []).append(hit)
        return tuple(
            (rule, tuple(hits[:MOST_SENTENCES]), len(more), exact_sum(hit.tonnes or Decimal(0) for hit in more))
            for rule, hits in sorted(found.items())
            for more in (hits[MOST_SENTENCES:],)
        )


@dataclass(frozen=True)
class Framework:
    """A framework with its cells filled."""

    mapping: FrameworkMapping
    cells: tuple[FilledCell, ...]


Tables = Mapping[str, FactTable]
_Columns = dict[tuple[str, ...], tuple[Term, ...]]  # the amounts of columns, or of some rows, that were asked for


def filled_frameworks(disclosure: Disclosure, tables: Tables, names: Sequence[str]) -> tuple[Framework, ...]:
    """Fill the cells of the frameworks that are asked for."""
    made = []
    columns: _Columns = {}
    shared = [hit for hit in disclosure.hits if hit.subject == "entity" or hit.rule in {Rule.TGT_07, Rule.S2_05}]
    for name in names:
        mapping = load_mapping(name)
        cells = tuple(_filled(_Asked(name, cell, disclosure, tables, columns), shared) for cell in mapping.cells)
        made.append(Framework(mapping, cells))
    return tuple(made)


def _filled(asked: "_Asked", shared: Sequence[Hit]) -> FilledCell:
    """Fill a cell, and put beside it what must be said of its number."""
    cell = _without_ledger(asked) or _FEEDS[asked.cell.feeds](asked)
    return cell if _is_undecided(cell) else replace(cell, caveats=caveats(shared, cell))


def _is_undecided(cell: FilledCell) -> bool:
    return cell.number is not None and cell.number.value is None and cell.number.written is None


def _without_ledger(asked: "_Asked") -> FilledCell | None:
    """Say of credits that nothing is known of them where there is no ledger; None where there is one."""
    if asked.disclosure.ledger_file or not asked.cell.feeds.startswith(CREDITS):
        return None
    why = no_ledger(asked.disclosure)
    return asked.undecided(why) if why else asked.says(NO_LEDGER)


@dataclass(frozen=True)
class _Asked:
    framework: str
    cell: MappedCell
    disclosure: Disclosure
    tables: Tables
    columns: _Columns

    @property
    def id(self) -> str:
        return f"{self.framework}/{self.cell.id}"

    def says(self, text: Phrase) -> FilledCell:
        return FilledCell(self.framework, self.cell, None, text)

    def undecided(self, why: tuple[Hit, ...]) -> FilledCell:
        number = Number(self.id, None, why=why)
        return FilledCell(self.framework, self.cell, number, number.text)

    def terms(self, table: str, column: str, wanted: Callable[[Row], bool] = lambda _row: True) -> tuple[Term, ...]:
        """Take the amounts of a column."""
        if table not in self.tables:
            return ()
        whole = self.tables[table]
        if (table, column) not in self.columns:
            self.columns[table, column] = tuple(_terms(whole, column))
        return tuple(term for term in self.columns[table, column] if wanted(whole.rows[term.row]))

    def summed(self, terms: tuple[Term, ...]) -> FilledCell:
        """Add up the terms."""
        if not terms:
            return self.says(NOTHING_TO_SAY)
        rows = [self.tables[term.table].rows[term.row] for term in terms]
        number = total(self.id, rows, terms[0].column)
        return FilledCell(self.framework, self.cell, number, number.text if number else NOTHING_TO_SAY, terms)

    def listed(self, terms: tuple[Term, ...], named: Callable[[Term], Phrase] = lambda term: term.label) -> FilledCell:
        """List amounts that are not to be added up, each with its name and unit."""
        parts = [
            LISTED.filled(name=named(term), amount=term.number.text, unit=term.number.unit)
            for term in terms[:MOST_LISTED]
        ]
        if len(terms) > MOST_LISTED:
            parts.append(AND_MORE.filled(count=f"{len(terms):,}"))
        text = Phrase("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))
        return FilledCell(self.framework, self.cell, None, text, terms)


def caveats(shared: Sequence[Hit], cell: FilledCell) -> tuple[Hit, ...]:
    """Give what must be said of a number: the hits of its terms, and those of the whole disclosure that guard it."""
    guards = {*cell.mapped.rules, *([Rule.CF_02] if cell.mapped.feeds.startswith("reduction_") else ())}
    found = {id(hit): hit for hit in shared if hit.rule in guards and _is_shared(hit, cell)}
    found |= {id(hit): hit for term in cell.terms for hit in term.number.why}  # many terms share the same ones
    for hit in cell.number.why if cell.number else ():
        found.pop(id(hit), None)
    return tuple(found.values())


def _is_shared(hit: Hit, cell: FilledCell) -> bool:
    if hit.rule is Rule.TGT_07:
        return cell.mapped.feeds == "target_contribution"
    if hit.moved_to in {"T3", "P"}:
        return any(term.table == hit.moved_to for term in cell.terms)
    if hit.rule is Rule.S2_05 and cell.mapped.feeds == "inventory":
        return hit.action == "caveat"
    return hit.subject == "entity" and hit.action == "caveat" and (cell.number is not None or bool(cell.terms))


def _terms(table: FactTable, column: str) -> Iterator[Term]:
    at = table.position(column)
    name = next((position for position, item in enumerate(table.columns) if item.key == "name"), 0)
    for position, row in enumerate(table.rows):
        found, label = row.cells[at], row.cells[name]
        if isinstance(found, Number):
            shown = label if isinstance(label, Phrase) else same(row.key)
            yield Term(table.id, position, at, row.key, shown, found, row.lineage)


def _in_scope(scope: str | None) -> Callable[[Row], bool]:
    return lambda row: scope is None or row.group == scope or row.group.startswith(f"{scope}.")


def _inventory(asked: _Asked) -> FilledCell:
    cell = asked.cell
    lines = [line for line in asked.disclosure.inventory if line.scope == cell.scope]
    fitting = [line for line in lines if line.basis == cell.basis]
    if cell.basis is None and not fitting:
        fitting = lines  # a framework that does not tell the bases apart takes each as it is
    if not fitting:
        return asked.says(NOT_GIVEN)
    wanted = {line.id for line in fitting}
    terms = asked.terms("T6", "current", lambda row: row.key in wanted)
    if len(terms) > 1:
        return asked.listed(terms, lambda term: words.BASES[_basis_of(asked, term.key)])
    found = terms[0].number
    number = Number(asked.id, found.value, found.unit, found.why, found.written)
    return FilledCell(asked.framework, cell, number, number.text, terms)


def _basis_of(asked: _Asked, key: str) -> str | None:
    return next(line.basis for line in asked.disclosure.inventory if line.id == key)


def _table_column(table: str, column: str) -> Callable[[_Asked], FilledCell]:
    return lambda asked: asked.summed(asked.terms(table, column))


def _reductions(column: str) -> Callable[[_Asked], FilledCell]:
    return lambda asked: asked.summed(asked.terms("T1", column, _in_scope(asked.cell.scope)))


def _credits_issued(asked: _Asked) -> FilledCell:
    """Take the issuance of own projects; what was bought was issued to others."""
    own = {f"{item.source}/{item.vintage}" for item in asked.disclosure.accounts if item.project}
    wanted = asked.terms("T2", "issued", lambda row: row.key in own or row.key.endswith(f"/{words.NO_MOVEMENT}"))
    return asked.summed(wanted)


def _credits(table: str, effect: str | None = None) -> Callable[[_Asked], FilledCell]:
    """Take credits used or planned; where a cell asks for those outside the value chain, none of the group's projects."""

    def amount(asked: _Asked) -> FilledCell:
        said = tuple(hit for hit in asked.disclosure.hits if hit.subject == "entity" and hit.moved_to == table)
        terms = _credit_terms(asked, table)
        rows = asked.tables[table].rows if terms else ()
        filled = asked.summed(tuple(term for term in terms if effect in {None, rows[term.row].group}))
        if filled.number is None:
            return asked.says(NOTHING_OUTSIDE) if said else filled
        return replace(filled, number=replace(filled.number, why=(*filled.number.why, *said)))

    return amount


def _credit_terms(asked: _Asked, table: str) -> tuple[Term, ...]:
    """Take the tonnes of credits that a cell may count; asked for by many cells, picked out once."""
    key = (table, "tonnes", "outside" if asked.cell.outside_value_chain else "all")
    if key not in asked.columns:
        asked.columns[key] = asked.terms(table, "tonnes", _fitting(asked, table))
    return asked.columns[key]


def _fitting(asked: _Asked, table: str) -> Callable[[Row], bool]:
    if not asked.cell.outside_value_chain:
        return lambda _row: True
    projects, planned = asked.disclosure.projects, asked.disclosure.planned
    if table == "P":
        return lambda row: planned[int(row.key) - 1].source not in projects
    return lambda row: row.key.partition("/")[0] not in projects


def _share_of_credits(wanted: Callable[[_Asked], Callable[[Row], bool]]) -> Callable[[_Asked], FilledCell]:
    def share(asked: _Asked) -> FilledCell:
        counts, terms = wanted(asked), _credit_terms(asked, "T3")
        every = asked.summed(terms)
        rows = asked.tables["T3"].rows if terms else ()
        part = [term for term in terms if counts(rows[term.row])]
        if every.number is None or not every.number.value:
            return asked.says(NOTHING_TO_SAY)
        if asked.cell.feeds == "credits_used_adjusted_share" and (
            why := tuple(_unknown_adjustment(asked, every.terms))
        ):
            number = Number(asked.id, None, SHARE, why)
            return FilledCell(asked.framework, asked.cell, number, number.text, every.terms)
        with localcontext() as context:
            context.prec = PRECISION
            counted = sum((term.number.value or Decimal(0) for term in part), Decimal(0))
            value = rounded(counted / every.number.value, SHARE_DECIMALS)
        number = Number(asked.id, value, SHARE)
        return FilledCell(asked.framework, asked.cell, number, number.text, every.terms)

    return share


def _of_effect(effect: str) -> Callable[[_Asked], Callable[[Row], bool]]:
    return lambda _asked: lambda row: row.group == effect


def _by_standard(asked: _Asked) -> FilledCell:
    """List the share of each standard in the credits used."""
    terms = _credit_terms(asked, "T3")
    every = asked.summed(terms)
    if every.number is None or not every.number.value:
        return asked.says(NOTHING_TO_SAY)
    amounts: dict[str, Decimal] = {}
    for item in _retirements(asked, terms):
        amounts[item.standard] = amounts.get(item.standard, Decimal(0)) + item.tonnes
    with localcontext() as context:
        context.prec = PRECISION
        shares = {name: rounded(amount / every.number.value, SHARE_DECIMALS) for name, amount in amounts.items()}
    said = [(name, share_text(share)) for name, share in sorted(shares.items())]
    text = Phrase(
        "；".join(f"{name}：{share}" for name, share in said), "; ".join(f"{name}: {share}" for name, share in said)
    )
    return FilledCell(asked.framework, asked.cell, None, text, terms)


def _from_european_union(asked: _Asked) -> FilledCell:
    """Give the share of credits from projects in the European Union, where each country is a code of two letters."""
    counted = _retirements(asked, _credit_terms(asked, "T3"))
    if any(len(item.country) != CODE or not item.country.isupper() for item in counted):
        return asked.says(NO_CODES)
    return _share_of_credits(_where(lambda item: item.country in EU))(asked)


def _where(wanted: Callable[[Retirement], bool]) -> Callable[[_Asked], Callable[[Row], bool]]:
    def of(asked: _Asked) -> Callable[[Row], bool]:
        usable = _usable(asked)
        return lambda row: wanted(usable[_position(row.key)])

    return of


def _usable(asked: _Asked) -> list[Retirement]:
    return [item for item in asked.disclosure.retirements if item.usable]


def _position(key: str) -> int:
    """Give which of the usable retirements a row of T3 is."""
    return int(key.rpartition("/")[2]) - 1


def _retirements(asked: _Asked, terms: tuple[Term, ...]) -> list[Retirement]:
    usable = _usable(asked)
    return [usable[_position(term.key)] for term in terms]


def _is_adjusted(item: Retirement) -> bool:
    return item.corresponding_adjustment is True


def _unknown_adjustment(asked: _Asked, terms: tuple[Term, ...]) -> Iterator[Hit]:
    return ret_08_adjusted(_retirements(asked, terms))


def _contribution(asked: _Asked) -> FilledCell:
    """Show the contribution to each gross target; targets overlap, so that they are never added up."""
    gross = {target.id for target in asked.disclosure.targets if target.kind == "gross"}
    terms = asked.terms("G", "contribution", lambda row: row.key in gross)
    if len(terms) == 1:
        return asked.summed(terms)
    refused = tuple(hit for target in asked.disclosure.targets for hit in target.hits if hit.action == "block")
    if not terms and refused:
        return asked.undecided(refused)
    return asked.listed(terms) if terms else asked.says(NOTHING_TO_SAY)


def _investment(asked: _Asked) -> FilledCell:
    terms = asked.terms("I", "deployed")
    if len({term.number.unit for term in terms}) > 1:
        return asked.listed(terms)
    return asked.summed(terms)


_FEEDS: Mapping[Feed, Callable[[_Asked], FilledCell]] = {
    "inventory": _inventory,
    "reduction_claimed": _reductions("claimed"),
    "reduction_expected": _reductions("expected"),
    "removal_claimed": _table_column("T4", "claimed"),
    "removal_reversals": _table_column("T4", "reversals"),
    "removal_emissions": _table_column("T4", "own_emissions"),
    "credits_issued": _credits_issued,
    "credits_transferred": _table_column("T2", "transferred"),
    "credits_used": _credits("T3"),
    "credits_used_reductions": _credits("T3", "reduction"),
    "credits_used_removals": _credits("T3", "removal"),
    "credits_used_reduction_share": _share_of_credits(_of_effect("reduction")),
    "credits_used_removal_share": _share_of_credits(_of_effect("removal")),
    "credits_used_adjusted_share": _share_of_credits(_where(_is_adjusted)),
    "credits_used_standards": _by_standard,
    "credits_used_eu_share": _from_european_union,
    "credits_planned": _credits("P"),
    "target_contribution": _contribution,
    "investment": _investment,
    "statement": lambda asked: asked.says(SEE_STATEMENT),
    "nothing": lambda asked: asked.says(NOT_FED),
}

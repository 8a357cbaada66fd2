"""The cells of a framework: what the mapping feeds into each, made of amounts of the tables, or why there is none.

One function for each feed. An amount is taken from one table only, and a sum with an undecided term is undecided.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import PRECISION, SHARE, SHARE_DECIMALS, Number, rounded
from tonne.esg.disclosure.entity_rules import ret_08_adjusted
from tonne.esg.disclosure.facts import Disclosure, Hit, Lineage
from tonne.esg.disclosure.mapping import Feed, MappedCell, load_mapping
from tonne.esg.disclosure.mapping import Mapping as FrameworkMapping
from tonne.esg.disclosure.table import FactTable, Row, total
from tonne.esg.document import Phrase, same

NOT_FED = Phrase("项目数据不得填列，由编制人填写", "not fed by projects; left to the preparer")
NOTHING_TO_SAY = Phrase("本期无相关数据", "nothing in this period")
SEE_STATEMENT = Phrase("见表T7", "see T7")
NOTHING_OUTSIDE = Phrase("本期无价值链外的碳信用", "no credits of outside the value chain in this period")
NOT_GIVEN = Phrase("清单未提供", "not in the inventory")
LISTED = Phrase("{name}：{amount} {unit}", "{name}: {amount} {unit}")
AND_MORE = Phrase("等{count}项", "and others, {count} in all")
MOST_LISTED = 12


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
        """The hits that concern it."""
        return self.number.why if self.number else ()


@dataclass(frozen=True)
class Framework:
    """A framework with its cells filled."""

    mapping: FrameworkMapping
    cells: tuple[FilledCell, ...]


Tables = Mapping[str, FactTable]
_Columns = dict[tuple[str, str], tuple[Term, ...]]  # the amounts of columns that were asked for


def filled_frameworks(disclosure: Disclosure, tables: Tables, names: Sequence[str]) -> tuple[Framework, ...]:
    """Fill the cells of the frameworks that are asked for."""
    made = []
    columns: _Columns = {}
    for name in names:
        mapping = load_mapping(name)
        cells = tuple(_FEEDS[cell.feeds](_Asked(name, cell, disclosure, tables, columns)) for cell in mapping.cells)
        made.append(Framework(mapping, cells))
    return tuple(made)


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
    return asked.summed(asked.terms("T2", "issued", lambda row: row.key in own))


def _credits(table: str) -> Callable[[_Asked], FilledCell]:
    """Take credits used or planned; where a cell asks for those outside the value chain, none of the group's projects."""

    def amount(asked: _Asked) -> FilledCell:
        said = tuple(hit for hit in asked.disclosure.hits if hit.subject == "entity" and hit.moved_to == table)
        filled = asked.summed(asked.terms(table, "tonnes", _fitting(asked, table)))
        if filled.number is None:
            return asked.says(NOTHING_OUTSIDE) if said else filled
        return replace(filled, number=replace(filled.number, why=(*filled.number.why, *said)))

    return amount


def _fitting(asked: _Asked, table: str) -> Callable[[Row], bool]:
    if not asked.cell.outside_value_chain:
        return lambda _row: True
    projects, planned = asked.disclosure.projects, asked.disclosure.planned
    if table == "P":
        return lambda row: planned[int(row.key) - 1].source not in projects
    return lambda row: row.key.partition("/")[0] not in projects


def _share_of_credits(wanted: Callable[[_Asked], Callable[[Row], bool]]) -> Callable[[_Asked], FilledCell]:
    def share(asked: _Asked) -> FilledCell:
        fits, counts = _fitting(asked, "T3"), wanted(asked)
        every = asked.summed(asked.terms("T3", "tonnes", fits))
        part = asked.terms("T3", "tonnes", lambda row: fits(row) and counts(row))
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


def _adjusted(asked: _Asked) -> Callable[[Row], bool]:
    usable = [item for item in asked.disclosure.retirements if item.usable]
    return lambda row: usable[int(row.key.rpartition("/")[2]) - 1].corresponding_adjustment is True


def _unknown_adjustment(asked: _Asked, terms: tuple[Term, ...]) -> Iterator[Hit]:
    usable = [item for item in asked.disclosure.retirements if item.usable]
    return ret_08_adjusted(usable[int(term.key.rpartition("/")[2]) - 1] for term in terms)


def _contribution(asked: _Asked) -> FilledCell:
    """Show the contribution to each gross target; targets overlap, so that they are never added up."""
    gross = {target.id for target in asked.disclosure.targets if target.kind == "gross"}
    terms = asked.terms("G", "contribution", lambda row: row.key in gross)
    if len(terms) == 1:
        return asked.summed(terms)
    return asked.listed(terms) if terms else asked.says(NOTHING_TO_SAY)


def _investment(asked: _Asked) -> FilledCell:
    terms = asked.terms("T1", "investment")
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
    "credits_used_reduction_share": _share_of_credits(_of_effect("reduction")),
    "credits_used_removal_share": _share_of_credits(_of_effect("removal")),
    "credits_used_adjusted_share": _share_of_credits(_adjusted),
    "credits_planned": _credits("P"),
    "target_contribution": _contribution,
    "investment": _investment,
    "statement": lambda asked: asked.says(SEE_STATEMENT),
    "nothing": lambda asked: asked.says(NOT_FED),
}

"""Lays out the values of a result as rows: parameters, equations with live formulas, and the terms of their sums.

One row for each quantity and index, in the order of the plan, so that a sum over months is a range. What a sum takes
that is no value of its own, or only where a condition holds, gets rows on a sheet of terms. Values of index sets that
are too large for a sheet are not written, and the rows that need them say so.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tonne.engine.compute.reference import At
from tonne.engine.data.domain import Index
from tonne.engine.errors import RunError
from tonne.engine.plan import Step
from tonne.engine.result.result import Result
from tonne.engine.spec.tree import Name, Node, Previous, Reduce
from tonne.esg.document import Phrase
from tonne.esg.excel_formula import Cell, UnwritableError, excel_formula
from tonne.esg.figures import Figures, either, printed_unit, shown_place
from tonne.esg.formulas import whole_formula
from tonne.esg.linear import plain
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import FIRST_ROW, Amount, Column, Content, Sheet, both, number_format, without_empty_end
from tonne.esg.wording import EVIDENCE, KINDS

PARAMETERS, EQUATIONS, TERMS = "参数 Parameters", "公式 Equations", "分项 Terms"
VALUE_COLUMN = "F"
MAX_ROWS = 10_000  # of the values, and again of the terms; more would take long to write and to open
ERROR = "#N/A"
SAME = "〃"  # as in the row above
IN_FILE = Phrase("值，取自values.parquet", "value, from values.parquet")
NOT_LISTED = Phrase("取值过多，未逐行列出，见values.parquet", "too many values for rows; they are in values.parquet")

OPERATIONS = {
    "sum": Phrase("求和", "sum"),
    "mean": Phrase("平均", "mean"),
    "minimum": Phrase("最小值", "minimum"),
    "maximum": Phrase("最大值", "maximum"),
    "count": Phrase("计数", "count"),
    "stdev": Phrase("标准差", "standard deviation"),
}

_ID = Column("标识 / Id", 16)
_SYMBOL = Column("符号 / Symbol", 10)
_NAME = Column("名称 / Name", 27, wrap=True)
_INDEX = Column("索引 / Index", 10)
_UNIT = Column("单位 / Unit", 11, wrap=True)
_LIVE = Column("数值（公式） / Value (formula)", 16)
_EVIDENCE = Column("证据等级 / Evidence", 24, wrap=True)


@dataclass(slots=True)
class _Term:
    """A row of the sheet of terms, made before its formula is written."""

    id: str
    owner: str
    label: str
    operation: str
    amount: Amount | None = None
    note: str = ""


class ValueSheets:
    """The cells of every value of a result, and the sheets with them; the `Layout` of its formulas."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.figures = Figures(result)
        self.domain = result.dataset.domain
        self.limit = _limit(result)
        self.cells: dict[tuple[str, Index], Cell] = {}
        self.terms: list[_Term] = []
        for sheet, names in ((PARAMETERS, result.plan.needed), (EQUATIONS, result.values)):
            row = FIRST_ROW
            for name in names:
                for index in self.indices(name):
                    self.cells[name, index] = Cell(sheet, VALUE_COLUMN, row)
                    row += 1
                row += not self.is_written(name)

    def sheets(self) -> list[Sheet]:
        """Give the sheets; that of the terms only when a formula has some."""
        parameters, equations = self._parameters(), self._equations()
        return [parameters, equations, *([self._terms()] if self.terms else [])]

    def indices(self, name: str) -> list[Index]:
        """List the indices at which a quantity has a row."""
        if not self.is_written(name):
            return []
        known = self.result.values[name] if name in self.result.values else self.result.dataset.values.get(name, {})
        return [index for index in self.domain.indices(self.result.plan.over(name)) if index in known]

    # -- the layout of formulas

    def cell(self, name: str, index: Index) -> Cell | None:
        """Give the cell of a value; None when it has none."""
        return self.cells.get((name, index))

    def is_written(self, name: str) -> bool:
        """Whether the values of a quantity have rows."""
        return _size(self.result, name) <= self.limit

    def spread(self, node: Reduce, term: Node, at: At, owner: str) -> Sequence[Cell] | None:
        """Give each index that a reduction goes through a row on the sheet of terms."""
        if self.domain.is_streamed(node.over):
            return None
        inside = [{**at, **dict(zip(node.over, index, strict=True))} for index in self.domain.indices(node.over, at)]
        if len(self.terms) + len(inside) > MAX_ROWS or not self._are_written(node):
            return None
        labels = [self.domain.label(node.over, tuple(inner[name] for name in node.over)) for inner in inside]
        rows = [_Term(f"{owner} {label}", owner.partition(" ")[0], label, node.function) for label in labels]
        first = FIRST_ROW + len(self.terms)
        self.terms.extend(rows)
        for row, inner in zip(rows, inside, strict=True):
            value = self._term_value(node, term, inner)
            row.amount, row.note = self._amount(term, inner, row.id, TERMS, value, "")
        return [Cell(TERMS, VALUE_COLUMN, number) for number in range(first, first + len(rows))]

    def fixed(self, node: Reduce, at: At, owner: str) -> Cell | None:
        """Give a reduction that is too large a row with its value."""
        value = self.result.reference.evaluate(node, at)
        if value is None:
            return None
        label = ",".join(node.over)
        self.terms.append(
            _Term(
                owner,
                owner.partition(" ")[0],
                label,
                node.function,
                Amount(value, number_format(value, "")),
                both(IN_FILE),
            )
        )
        return Cell(TERMS, VALUE_COLUMN, FIRST_ROW + len(self.terms) - 1)

    def _are_written(self, node: Reduce) -> bool:
        """Whether all that a reduction takes has rows, itself or through reductions inside."""
        taken = [name for child in node.children for name in _named_outside_reductions(child)]
        return all(self.is_written(name) for name in taken if name not in self.domain.members)

    def _term_value(self, node: Reduce, term: Node, inner: At) -> Decimal | str:
        reference = self.result.reference
        if node.where is not None and node.function not in {"sum", "count"}:
            try:
                if not reference.holds(node.where, inner):
                    return ABSENT
            except RunError:
                return ERROR
            term = node.body
        value = reference.evaluate(term, inner)
        return ERROR if value is None else value

    def _amount(
        self, node: Node, at: At, owner: str, sheet: str, value: Decimal | str, unit: str
    ) -> tuple[Amount, str]:
        shown = number_format(value, unit) if isinstance(value, Decimal) else "0"
        made = len(self.terms)
        try:
            return Amount(value, shown, excel_formula(node, at, owner, sheet, self, self.result.reference)), ""
        except UnwritableError as fault:
            del self.terms[made:]
            return Amount(value, shown), f"{both(IN_FILE)} ({fault})"

    # -- the sheets

    def _parameters(self) -> Sheet:
        rows = [row for name in self.result.plan.needed for row in self._parameter_rows(name)]
        columns = (
            *(_ID, _SYMBOL, _NAME, _INDEX, _UNIT),
            Column("数值 / Value", 16),
            Column("取值方式 / Origin", 17, wrap=True),
            _EVIDENCE,
            Column("来源 / Source", 46, wrap=True),
            Column("位置 / Place", 26, wrap=True),
        )
        note = Phrase(
            "蓝色数值为输入，改动后其余各表随之重算。",
            "The values in blue are inputs; change one, and the other sheets follow.",
        )
        return Sheet(PARAMETERS, both(Phrase("参数", "Parameters")), both(note), columns, tuple(rows), inputs=True)

    def _parameter_rows(self, name: str) -> list[tuple[Content, ...]]:
        if not self.is_written(name):
            return [(*self._missing(name), "", "", both(NOT_LISTED), "")]
        values = self.result.values_of(name)
        rows: list[tuple[Content, ...]] = []
        for index in self.indices(name):
            origin = self.result.dataset.origin(name, index)
            kind, evidence = KINDS.get(str(origin.get("kind"))), EVIDENCE.get(str(origin.get("evidence")))
            amount = Amount(values[index], number_format(values[index], self.figures.unit_text(name, index)))
            rows.append(
                (
                    *self._head(name, index),
                    amount,
                    both(kind) if kind else ABSENT,
                    both(evidence) if evidence else ABSENT,
                    self._source(name, index),
                    shown_place(str(origin.get("place", ABSENT))),
                )
            )
        return rows

    def _equations(self) -> Sheet:
        rows = [row for step in self.result.plan.steps.values() for row in self._equation_rows(step)]
        columns = (
            *(_ID, _SYMBOL, _NAME, _INDEX, _UNIT, _LIVE),
            Column("公式 / Formula", 46, wrap=True),
            Column("出处 / Cite", 20, wrap=True),
            _EVIDENCE,
            Column("备注 / Note", 20, wrap=True),
        )
        note = Phrase(
            "数值均为活公式，由方法学的公式树生成，单位换算写明为因数。",
            "All values are live formulas made from the formulas of the methodology; changes of unit stand in them as factors.",
        )
        return without_empty_end(Sheet(EQUATIONS, both(Phrase("公式", "Equations")), both(note), columns, tuple(rows)))

    def _equation_rows(self, step: Step) -> list[tuple[Content, ...]]:
        layout, where = whole_formula(self.figures, step.id), self.figures.where(step.id)
        printed = Phrase(plain(layout.zh), plain(layout.en))
        formula, tail = (
            both(printed, "\n"),
            (both(where) if where else ABSENT, both(self.figures.evidence(step.id))),
        )
        if not self.is_written(step.id):
            return [(*self._missing(step.id), formula, *tail, both(NOT_LISTED))]
        rows: list[tuple[Content, ...]] = []
        values = self.result.values[step.id]
        for index in self.indices(step.id):
            at = dict(zip(step.over, index, strict=True))
            owner = self.result.label(step.id, index)
            amount, note = self._amount(step.tree, at, owner, EQUATIONS, values[index], step.unit.text)
            rows.append(
                (
                    *self._head(step.id, index),
                    amount,
                    SAME if rows and "\n" in formula else formula,
                    *tail,
                    note,
                )
            )
        return rows

    def _terms(self) -> Sheet:
        columns = (
            *(_ID, Column("所属 / Of", 12), _NAME, _INDEX, Column("运算 / Operation", 16), _LIVE),
            Column("备注 / Note", 30, wrap=True),
        )
        rows = tuple(
            (
                row.id,
                row.owner,
                self._name(row.owner.partition("@")[0]),
                row.label,
                both(OPERATIONS[row.operation]),
                row.amount,
                row.note,
            )
            for row in self.terms
        )
        note = Phrase(
            "求和、平均等运算的各项，每项一行；条件写成IF，不成立时求和与计数计0，其余运算记“—”（不计入）。",
            "What sums, means and the like take, one row each. A condition is an IF; where it does not hold, sums and counts "
            "take 0 and the others “—”, which they do not count.",
        )
        return without_empty_end(Sheet(TERMS, both(Phrase("分项", "Terms")), both(note), columns, rows))

    def _head(self, name: str, index: Index) -> tuple[str, ...]:
        label = self.domain.label(self.result.plan.over(name), index)
        unit = _unit(self.figures.unit_text(name, index))
        return self.result.label(name, index), self._symbol(name), self._name(name), label, unit

    def _missing(self, name: str) -> tuple[Content, ...]:
        """Say of a quantity without rows how many values it has."""
        count = both(Phrase(f"共{_size(self.result, name):,}个", f"{_size(self.result, name):,} values"))
        return name, self._symbol(name), self._name(name), count, _unit(self.figures.unit_text(name)), None

    @functools.cache  # noqa: B019 (lives as long as its workbook)
    def _symbol(self, name: str) -> str:
        return plain(self.figures.symbol(name).en)

    @functools.cache  # noqa: B019
    def _name(self, name: str) -> str:
        option = self.result.methodology.options.get(name.removeprefix("option:"))
        if option is None:
            return both(self.figures.name(name))
        return f"{both(self.figures.name(name))} ({', '.join(f'{number} = {value}' for number, value in enumerate(option.values))})"

    def _source(self, name: str, index: Index) -> str:
        """Say where the value of a parameter comes from, in the words of its source."""
        origin = self.result.dataset.origin(name, index)
        quantity = self.result.methodology.quantities.get(name)
        given = origin.get("source")
        said = Phrase(given["zh"], given["en"]) if isinstance(given, dict) else either(given)
        if said is None and quantity is not None and origin.get("kind") in {"default", "option"}:
            said = either(quantity.parameter.source)
        table = (
            f"{origin['table']}.{origin['column']} [{', '.join(origin['key'])}]"
            if origin.get("kind") == "factor"
            else ""
        )
        choice = f"{origin['option']} = {origin['choice']}" if origin.get("kind") == "option" else ""
        parts = [str(origin.get("file") or ""), table, choice, both(said) if said else ""]
        return " · ".join(filter(None, parts)) or ABSENT


@functools.cache
def _unit(text: str) -> str:
    return both(printed_unit(text)) or "1"


def _size(result: Result, name: str) -> int:
    """Count the indices of a quantity's index set."""
    return math.prod(len(result.dataset.domain.members[dimension]) for dimension in result.plan.over(name))


def _limit(result: Result) -> int:
    """Find the largest index set whose values are written, so that all rows together are not too many."""
    total, limit = 0, 0
    for size in sorted(_size(result, name) for name in [*result.plan.needed, *result.values]):
        total += size
        if total > MAX_ROWS:
            return min(limit, size - 1)
        limit = size
    return MAX_ROWS


def _named_outside_reductions(node: Node) -> list[str]:
    """List what a formula takes itself; reductions in it see for themselves."""
    if isinstance(node, Reduce):
        return []
    own = [node.id] if isinstance(node, Name) else [node.name] if isinstance(node, Previous) else []
    return own + [name for child in node.children for name in _named_outside_reductions(child)]

"""Lays out the values of a result as rows: parameters, equations with live formulas, and the terms of their sums.

One row for each quantity and index, in the order of the plan, so that a sum over months is a range. What a sum takes
that is no value of its own, or only where a condition holds, gets rows on a sheet of terms. Values of index sets that
are too large for a sheet are not written, and the rows that need them say so.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tonne.engine import calendar
from tonne.engine.compute.reference import CONTEXT, At
from tonne.engine.data.domain import Index
from tonne.engine.data.project import PROJECT_FILE
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
from tonne.esg.sheet import (
    FIRST_ROW,
    Amount,
    Column,
    Content,
    Kind,
    Sheet,
    both,
    defined_name,
    number_format,
    without_empty_end,
)
from tonne.esg.wording import EVIDENCE, KINDS
from tonne.esg.workbook_readings import ReadingRows

PARAMETERS, EQUATIONS, TERMS = "参数 Parameters", "公式 Equations", "分项 Terms"
VALUE_COLUMN = "F"
MAX_ROWS = 10_000  # of the values, and again of the terms; more would take long to write and to open
MOST_PARTS = 400  # of one sum that is too large: the days of a year
FIXED_STEPS = ("day", "month", "year")
ERROR = "#N/A"
SAME = "〃"  # as in the row above
IN_FILE = Phrase("值，取自引擎计算结果，活公式由此开始", "value of the engine; live formulas begin here")
BY_THE_MINUTE = Phrase("由逐分钟数据求得", "made of data by the minute")
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
        self._taken: set[str] = set()
        for sheet, names in ((PARAMETERS, result.plan.needed), (EQUATIONS, result.values)):
            row = FIRST_ROW
            for name in names:
                for index in self.indices(name):
                    self.cells[name, index] = Cell(sheet, VALUE_COLUMN, row, self.free_name(result.label(name, index)))
                    row += 1
                row += not self.is_written(name)

    def sheets(self) -> tuple[list[Sheet], Sheet, Sheet, list[Sheet]]:
        """Give the sheets of readings, parameters, equations, and terms if a formula has some."""
        readings = self._readings()
        parameters, equations = self._parameters(readings), self._equations()
        return [*readings.sheets()], parameters, equations, [self._terms()] if self.terms else []

    def free_name(self, id_: str) -> str | None:
        """Make a name of an id that no other value bears; None where it cannot be one."""
        name = defined_name(id_)
        if name is None or name.lower() in self._taken:
            return None
        self._taken.add(name.lower())
        return name

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

    def fixed(self, node: Reduce, at: At, owner: str) -> Sequence[Cell]:
        """Give a reduction that is too large rows with values: of a sum the longest list of parts by time that fits."""
        if self.domain.is_streamed(node.over):
            raise UnwritableError(both(BY_THE_MINUTE))
        first = FIRST_ROW + len(self.terms)
        for label, value in self._parts(node, at):
            amount = Amount(value, number_format(value, ""), kind="input")
            id_ = f"{owner} {label}" if label else owner
            self.terms.append(
                _Term(id_, owner.partition(" ")[0], label or ",".join(node.over), node.function, amount, both(IN_FILE))
            )
        return [Cell(TERMS, VALUE_COLUMN, row) for row in range(first, FIRST_ROW + len(self.terms))]

    def _parts(self, node: Reduce, at: At) -> list[tuple[str, Decimal]]:
        """Split a sum by the finest step of time for which there are rows enough."""
        clock = next((name for name in node.over if name in self.domain.steps), None)
        if node.function != "sum" or clock is None:
            value = self.result.reference.evaluate(node, at)
            return [] if value is None else [("", value)]
        position, step = node.over.index(clock), self.domain.steps[clock]
        indices = list(self.domain.indices(node.over, at))
        for target in (target for target in FIXED_STEPS if not calendar.is_finer(target, step)):
            numbers = [calendar.coarser(step, int(index[position]), target) for index in indices]
            if len(set(numbers)) <= MOST_PARTS and len(self.terms) + len(set(numbers)) <= MAX_ROWS:
                break
        sums: dict[int, Decimal] = {}
        with localcontext(CONTEXT):
            for number, index in zip(numbers, indices, strict=True):
                inner = {**at, **dict(zip(node.over, index, strict=True))}
                if node.where is not None and not self.result.reference.holds(node.where, inner):
                    continue
                value = self.result.reference.evaluate(node.body, inner)
                if value is None:
                    return []
                sums[number] = sums.get(number, Decimal(0)) + value
        return [(calendar.label(target, number), value) for number, value in sums.items()]

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
            return Amount(value, shown, kind="input"), f"{both(IN_FILE)} ({fault})"

    # -- the sheets

    def _parameters(self, readings: ReadingRows) -> Sheet:
        rows = [row for name in self.result.plan.needed for row in self._parameter_rows(name, readings)]
        columns = (
            *(_ID, _SYMBOL, _NAME, _INDEX, _UNIT),
            Column("数值 / Value", 16),
            Column("取值方式 / Origin", 17, wrap=True),
            _EVIDENCE,
            Column("来源 / Source", 46, wrap=True),
            Column("位置 / Place", 26, wrap=True),
        )
        note = Phrase(
            "有底色的数值为输入或缺省值，改动后其余各表随之重算；由读数合计的参数引用“读数”表。",
            "Values on a coloured ground are inputs or defaults; change one, and the other sheets follow. Parameters that are "
            "made of readings refer to the sheet of readings.",
        )
        title = both(Phrase("参数", "Parameters"))
        return Sheet(PARAMETERS, title, both(note), columns, tuple(rows), names=self._names(PARAMETERS))

    def _names(self, sheet: str) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells.values() if cell.name and cell.sheet == sheet}

    def _readings(self) -> ReadingRows:
        """Lay out what each meter, or each file of records, contributed to each value."""
        readings = ReadingRows(self.figures)
        for name in self.result.plan.needed:
            origins = self.result.dataset.provenance.get(name, {}).values()
            for index in self.indices(name):
                readings.add(name, index)
            if not self.is_written(name) and any(origin.get("kind") in {"readings", "records"} for origin in origins):
                readings.add_unlisted((name, both(self.figures.name(name)), *[""] * 9, both(NOT_LISTED), ""))
        return readings

    def _parameter_rows(self, name: str, readings: ReadingRows) -> list[tuple[Content, ...]]:
        if not self.is_written(name):
            return [(*self._missing(name), "", "", both(NOT_LISTED), "")]
        values = self.result.values_of(name)
        rows: list[tuple[Content, ...]] = []
        for index in self.indices(name):
            origin = self.result.dataset.origin(name, index)
            kind, evidence = KINDS.get(str(origin.get("kind"))), EVIDENCE.get(str(origin.get("evidence")))
            formula = readings.formula(name, index)
            amount = Amount(
                values[index],
                number_format(values[index], self.figures.unit_text(name, index)),
                f"={formula}" if formula else None,
                None if formula else _kind(str(origin.get("kind"))),
            )
            rows.append(
                (
                    *self._head(name, index),
                    amount,
                    both(kind) if kind else ABSENT,
                    both(evidence) if evidence else ABSENT,
                    self._source(name, index),
                    self._place(str(origin.get("place", ABSENT))),
                )
            )
        return rows

    def _place(self, text: str) -> str:
        """Shorten a place in the project's own file, which a reader has in the dossier."""
        return shown_place(text.removeprefix(self.result.project.document.path.removesuffix(PROJECT_FILE)))

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
        title = both(Phrase("公式", "Equations"))
        return without_empty_end(
            Sheet(EQUATIONS, title, both(note), columns, tuple(rows), names=self._names(EQUATIONS))
        )

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


def _kind(origin: str) -> Kind:
    """Say whether a value was given for the project or is one of the methodology."""
    return "default" if origin in {"default", "factor", "option"} else "input"


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

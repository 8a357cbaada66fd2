"""Writes formula trees as Excel formulas, one function per node type, for one index at a time.

Where a formula has no value the cell shows an error: #N/A by a guard for quotients, powers and cases, Excel's own for
roots and logarithms. Comparisons are left to Excel, which takes numbers alike in 15 digits for equal. Which rows a
sheet has is decided by a `Layout`; texts of specs and projects never reach a formula.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any, Protocol

from tonne.engine.compute.reference import DIGITS, GUARD_DIGITS, At, Reference
from tonne.engine.data.domain import Index
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Compare,
    Convert,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
    walk,
)
from tonne.esg.numbers import ABSENT, exact_text

LONGEST_FORMULA = 8000  # Excel takes 8,192 characters
DEEPEST_NESTING = 60  # and 64 levels
MOST_ARGUMENTS = 30  # 255, but nobody reads more
EXACT_DIGITS = 15  # Excel cuts what is longer
FEWEST_DECIMALS = 6  # of a value before it is rounded to a whole number: a gram in a tonne
NO_VALUE = "NA()"

COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
FUNCTIONS = {"min": "MIN", "max": "MAX", "abs": "ABS", "exp": "EXP", "log": "LN", "sqrt": "SQRT"}
REDUCTIONS = {
    "sum": "SUM",
    "count": "SUM",
    "mean": "AVERAGE",
    "minimum": "MIN",
    "maximum": "MAX",
    "stdev": "STDEV",
}
ROUNDINGS = {"floor": ROUND_FLOOR, "ceil": ROUND_CEILING, "round": ROUND_HALF_UP}

_ZERO, _ONE = Number(Fraction(0), "0"), Number(Fraction(1), "1")
_WIDE = Context(prec=20_000, Emax=20_000, Emin=-20_000)
_SETTLED = Context(prec=DIGITS - GUARD_DIGITS, Emax=20_000, Emin=-20_000)  # as the engine settles values


class UnwritableError(Exception):
    """A formula cannot stand in a cell; the words say why."""


@dataclass(frozen=True, slots=True)
class LeftOut(Node):
    """What a reduction passes over: a text, which AVERAGE, MIN, MAX and STDEV do not count."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the workbook, perhaps with a name; rows count from 1."""

    sheet: str
    column: str
    row: int
    name: str | None = field(default=None, compare=False)

    def seen_from(self, sheet: str) -> str:
        """Write the reference as a formula on a sheet needs it: its name, or where it is."""
        return self.name or self.place_from(sheet)

    def place_from(self, sheet: str) -> str:
        """Write where it is, as a formula on a sheet needs it."""
        return f"{_sheet(self.sheet, sheet)}{self.column}{self.row}"


class Layout(Protocol):
    """Where values stand in the workbook."""

    def cell(self, name: str, index: Index) -> Cell | None:
        """Give the cell of a value; None when it has none."""

    def is_written(self, name: str) -> bool:
        """Whether the values of a quantity have rows."""

    def spread(self, node: Reduce, term: Node, at: At, owner: str) -> Sequence[Cell] | None:
        """Give what a reduction takes rows of its own; None when there is too much of it."""

    def fixed(self, node: Reduce, at: At, owner: str) -> Sequence[Cell]:
        """Give a reduction rows with values alone, of which it is made again; none when it has no value.

        Raises:
            UnwritableError: its value is not known apart from what it is a part of.
        """


class Level(IntEnum):
    """How tightly a text holds together in Excel, where a minus binds tighter than a power."""

    COMPARISON = 0
    SUM = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


Written = tuple[str, Level]


def excel_formula(node: Node, at: At, owner: str, sheet: str, layout: Layout, reference: Reference) -> str:
    """Write a formula at an index.

    Args:
        node: the tree, with choices settled and changes of unit in place.
        at: the members of the dimensions.
        owner: the id of the value, from which the ids of the rows below a reduction are made.
        sheet: the sheet on which the formula will stand.
        layout: where other values stand.
        reference: tells how close a value is to the edge of a rounding.

    Raises:
        UnwritableError: a value has no cell, or the formula is too long or too deep for Excel.
    """
    text = f"={_Writer(layout, reference, sheet, owner).text(node, at)}"
    if len(text) > LONGEST_FORMULA:
        raise UnwritableError(f"{len(text):,} characters")
    if nesting(text) > DEEPEST_NESTING:
        raise UnwritableError(f"{nesting(text)} levels")
    return text


def nesting(text: str) -> int:
    """Count the levels of brackets in a formula."""
    level = deepest = 0
    for letter in text:
        level += (letter == "(") - (letter == ")")
        deepest = max(deepest, level)
    return deepest


def whole(function: str, text: str, exact: Decimal | None) -> Written:
    """Round to a whole number: floor, ceil or round, after the noise of floating point is taken off.

    Args:
        function: floor, ceil or round, as in formulas.
        text: the Excel text of the value.
        exact: the exact value, so that what lies close to the edge is not taken for noise.
    """
    settled = f"ROUND({text},{settled_decimals(function, exact)})"
    if function == "floor":
        return f"INT({settled})", Level.ATOM
    if function == "ceil":
        return f"-INT(-{settled})", Level.SUM
    return f"ROUND({settled},0)", Level.ATOM


def settled_decimals(function: str, exact: Decimal | None) -> int:
    """Choose the decimals to which a value is settled before it is rounded: 6, and more where it is closer to the edge."""
    if exact is None:
        return FEWEST_DECIMALS
    mode = ROUNDINGS[function]
    wanted = _SETTLED.plus(exact).to_integral_value(mode, _WIDE)
    for decimals in (FEWEST_DECIMALS, 9, 12):
        settled = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)
        if settled.to_integral_value(mode, _WIDE) == wanted:
            return decimals
    return EXACT_DIGITS


def cell_runs(cells: Sequence[Cell], sheet: str) -> list[str]:
    """Write cells as ranges of consecutive rows, in their order."""
    runs: list[tuple[Cell, Cell]] = []
    for cell in cells:
        if runs and (runs[-1][1].sheet, runs[-1][1].column, runs[-1][1].row + 1) == (
            cell.sheet,
            cell.column,
            cell.row,
        ):
            runs[-1] = (runs[-1][0], cell)
        else:
            runs.append((cell, cell))
    return [
        first.seen_from(sheet) if first == last else f"{first.place_from(sheet)}:{last.column}{last.row}"
        for first, last in runs
    ]


def literal(value: Fraction) -> Written:
    """Write an exact number: in full, as a ratio, or with the 15 digits that Excel keeps."""
    if value < 0:
        return f"-{_closed(literal(-value), Level.ATOM)}", Level.SUM
    text = exact_text(value)
    if len(text.replace(".", "").strip("0")) <= EXACT_DIGITS and len(text) <= 2 * EXACT_DIGITS:
        return text, Level.PRODUCT if "/" in text else Level.ATOM
    if max(value.numerator, value.denominator) < 10**EXACT_DIGITS:
        return f"{value.numerator}/{value.denominator}", Level.PRODUCT
    return f"{float(value):.{EXACT_DIGITS - 1}E}", Level.ATOM


def _sheet(name: str, here: str) -> str:
    return "" if name == here else f"'{name}'!"


def _closed(written: Written, level: Level) -> str:
    text, own = written
    return text if own >= level else f"({text})"


class _Writer:
    """Writes one formula; numbers the reductions in it."""

    def __init__(self, layout: Layout, reference: Reference, sheet: str, owner: str) -> None:
        self.layout = layout
        self.reference = reference
        self.domain = reference.domain
        self.sheet = sheet
        self.owner = owner
        self.reductions = 0

    def text(self, node: Node, at: At, level: Level = Level.COMPARISON) -> str:
        """Write a part, with brackets when it holds together less tightly than its place asks."""
        return _closed(self.written(node, at), level)

    def written(self, node: Node, at: At) -> Written:
        rule = _RULES.get(type(node))
        if rule is None:
            raise TypeError(f"no Excel rule for {type(node).__name__}")
        return rule(self, node, at)

    def number(self, node: Number, _at: At) -> Written:
        return literal(node.value)

    def name(self, node: Name, at: At) -> Written:
        if node.id in self.domain.members:
            return str(self.domain.position((node.id,), at)[0]), Level.ATOM
        return self.value(node.id, self.domain.position(self.reference.plan.over(node.id), at))

    def value(self, name: str, index: Index) -> Written:
        """Refer to a value; one that is not given has no cell, and may stand only where it is not needed."""
        cell = self.layout.cell(name, index)
        if cell is not None:
            return cell.seen_from(self.sheet), Level.ATOM
        if self.layout.is_written(name):
            return NO_VALUE, Level.ATOM
        raise UnwritableError(f"the values of {name} have no rows")

    def negate(self, node: Negate, at: At) -> Written:
        return f"-{self.text(node.operand, at, Level.ATOM)}", Level.SUM

    def arithmetic(self, node: Arithmetic, at: At) -> Written:
        if node.operator == "/":
            return self.quotient(node, at)
        if node.operator == "**":
            return self.power(node, at)
        level = Level.PRODUCT if node.operator == "*" else Level.SUM
        left, right = self.text(node.left, at, level), self.text(node.right, at, Level(level + 1))
        return f"{left}{node.operator}{right}", level

    def quotient(self, node: Arithmetic, at: At) -> Written:
        above, below = self.text(node.left, at, Level.PRODUCT), self.text(node.right, at, Level.POWER)
        if _constant(node.right):
            return f"{above}/{below}", Level.PRODUCT
        return f"IF({self.text(node.right, at, Level.SUM)}=0,{NO_VALUE},{above}/{below})", Level.ATOM

    def power(self, node: Arithmetic, at: At) -> Written:
        base, exponent = self.text(node.left, at, Level.ATOM), self.text(node.right, at, Level.ATOM)
        guard = _power_guard(node, self.text(node.left, at, Level.SUM), self.text(node.right, at, Level.SUM), exponent)
        power = f"{base}^{exponent}"
        return (f"IF({guard},{NO_VALUE},{power})", Level.ATOM) if guard else (power, Level.POWER)

    def convert(self, node: Convert, at: At) -> Written:
        factor, offset = node.factor, node.offset
        text, level = self.written(node.operand, at)
        if factor != 1:
            text, level = f"{_closed((text, level), Level.PRODUCT)}{_times(factor)}", Level.PRODUCT
        if offset:
            sign = "-" if offset < 0 else "+"
            text, level = f"{text}{sign}{_closed(literal(abs(offset)), Level.PRODUCT)}", Level.SUM
        return text, level

    def compare(self, node: Compare, at: At) -> Written:
        left, right = self.text(node.left, at, Level.SUM), self.text(node.right, at, Level.SUM)
        return f"{left}{COMPARISONS[node.operator]}{right}", Level.COMPARISON

    def logic(self, node: Logic, at: At) -> Written:
        """Join conditions; Excel looks at all of them, so that one without a value needs an IF before it."""
        parts = _operands(node, node.operator)
        if not any(self.may_lack(part) for part in parts[1:]):
            return f"{node.operator.upper()}({','.join(self.text(part, at) for part in parts)})", Level.ATOM
        text = self.text(parts[-1], at)
        for part in reversed(parts[:-1]):
            first = self.text(part, at)
            text = f"IF({first},{text},FALSE)" if node.operator == "and" else f"IF({first},TRUE,{text})"
        return text, Level.ATOM

    def deny(self, node: Not, at: At) -> Written:
        return f"NOT({self.text(node.operand, at)})", Level.ATOM

    def cases(self, node: Cases, at: At) -> Written:
        text = NO_VALUE if node.otherwise is None else self.text(node.otherwise, at)
        for when, expression in reversed(node.branches):
            text = f"IF({self.text(when, at)},{self.text(expression, at)},{text})"
        return text, Level.ATOM

    def call(self, node: Call, at: At) -> Written:
        arguments = [self.text(argument, at) for argument in node.arguments]
        if node.function in ROUNDINGS:
            return whole(node.function, arguments[0], self.reference.evaluate(node.arguments[0], at))
        return f"{FUNCTIONS[node.function]}({','.join(arguments)})", Level.ATOM

    def previous(self, node: Previous, at: At) -> Written:
        members = self.domain.members[node.dimension]
        here = self.domain.positions(node.dimension)[self.domain.position((node.dimension,), at)[0]]
        if here == 0:
            return self.written(node.initial, at)
        before = {**at, node.dimension: members[here - 1]}
        return self.value(node.name, self.domain.position(self.reference.plan.over(node.name), before))

    def reduce(self, node: Reduce, at: At) -> Written:
        """Refer to the rows that a reduction takes; where they are not there as they are, to rows made for it."""
        self.reductions += 1
        owner = f"{self.owner} ∑{self.reductions}"
        count = sum(1 for _ in self.domain.indices(node.over, at))
        if count == 0 or (node.function == "count" and node.where is None and not _is_condition(node.body)):
            return (str(count) if node.function in {"sum", "count"} else NO_VALUE), Level.ATOM
        cells = self.direct(node, at) or self.layout.spread(node, reduction_term(node), at, owner)
        if cells is None:
            cells = self.layout.fixed(node, at, owner)
            if len(cells) <= 1:
                return (cells[0].seen_from(self.sheet) if cells else NO_VALUE), Level.ATOM
        arguments = ",".join(cell_runs(cells, self.sheet))
        text = f"{REDUCTIONS[node.function]}({arguments})"
        if node.where is not None and node.function in {"minimum", "maximum"}:  # of nothing, Excel says 0
            text = f"IF(COUNT({arguments})=0,{NO_VALUE},{text})"
        return text, Level.ATOM

    def direct(self, node: Reduce, at: At) -> list[Cell] | None:
        """Find the cells of the values themselves, where a plain name is reduced without a condition."""
        body = node.body
        if node.where is not None or not isinstance(body, Name) or body.id in self.domain.members:
            return None
        over = self.reference.plan.over(body.id)
        cells = []
        for inner in self.reference.inside(node, at):
            cell = self.layout.cell(body.id, self.domain.position(over, inner))
            if cell is None:
                return None
            cells.append(cell)
        return cells if len(cell_runs(cells, self.sheet)) <= MOST_ARGUMENTS else None

    def left_out(self, _node: LeftOut, _at: At) -> Written:
        return f'"{ABSENT}"', Level.ATOM

    def may_lack(self, node: Node) -> bool:
        """Whether a part can be without a value while all that is needed is there."""
        return any(
            _may_lack(part) or (isinstance(part, Name) and part.id in self.reference.plan.conditional)
            for part in walk(node)
        )


def reduction_term(node: Reduce) -> Node:
    """Give the formula of each row of a reduction: its value, or what stands for an index that it does not take."""
    if node.function == "count":
        conditions = [part for part in (node.where, node.body) if part is not None and _is_condition(part)]
        condition = conditions[0] if len(conditions) == 1 else Logic("and", conditions[0], conditions[1])
        return Cases(((condition, _ONE),), _ZERO)
    if node.where is None:
        return node.body
    return Cases(((node.where, node.body),), _ZERO if node.function == "sum" else LeftOut())


def _is_condition(node: Node) -> bool:
    return isinstance(node, Compare | Logic | Not)


def _operands(node: Node, operator: str) -> list[Node]:
    if isinstance(node, Logic) and node.operator == operator:
        return [*_operands(node.left, operator), *_operands(node.right, operator)]
    return [node]


def _may_lack(node: Node) -> bool:
    if isinstance(node, Arithmetic):
        return (node.operator == "/" and not _constant(node.right)) or (
            node.operator == "**" and bool(_power_guard(node))
        )
    if isinstance(node, Call):
        return node.function in {"log", "sqrt"}
    if isinstance(node, Reduce):
        return node.function not in {"sum", "count"}
    return isinstance(node, Cases) and node.otherwise is None


def _constant(node: Node) -> Fraction | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negate) and isinstance(node.operand, Number):
        return -node.operand.value
    return None


def _power_guard(node: Arithmetic, base: str = "", exponent: str = "", closed: str = "") -> str:
    """Say when a power has no value: zero to what is not positive, a negative number to what is not whole."""
    constant, base_constant = _constant(node.right), _constant(node.left)
    if base_constant is not None and base_constant > 0:
        return ""
    if constant is None:
        return f"OR(AND({base}=0,{exponent}<=0),AND({base}<0,{closed}<>INT({exponent})))"
    is_whole = constant.denominator == 1
    if constant > 0:
        return "" if is_whole else f"{base}<0"
    return f"{base}=0" if is_whole else f"{base}<=0"


def _times(factor: Fraction) -> str:
    """Write a factor of a unit as the product or quotient that it is."""
    if factor.numerator == 1:
        return f"/{_closed(literal(Fraction(factor.denominator)), Level.ATOM)}"
    return f"*{_closed(literal(factor), Level.POWER)}"


_RULES: Mapping[type[Node], Callable[[_Writer, Any, At], Written]] = {
    Number: _Writer.number,
    Name: _Writer.name,
    Negate: _Writer.negate,
    Arithmetic: _Writer.arithmetic,
    Convert: _Writer.convert,
    Compare: _Writer.compare,
    Logic: _Writer.logic,
    Not: _Writer.deny,
    Cases: _Writer.cases,
    Call: _Writer.call,
    Previous: _Writer.previous,
    Reduce: _Writer.reduce,
    LeftOut: _Writer.left_out,
}

"""Lowers formula nodes to SQL expressions, as they are written; one function per node type.

Strict semantics on every engine: literals are typed, division, roots and logarithms are guarded and give
NULL where they have no value, min and max pass NULL on, and a condition that is NULL decides nothing.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from sqlglot import exp

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
    walk,
)

Hoist = Callable[[Node], Node]

NOISE = 1e-9  # what rounding functions take for floating-point noise, relative


def column(name: str, table: str | None = None) -> exp.Column:
    """Name a column, always quoted."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True) if table else None)


def literal(value: Fraction | float) -> exp.Expression:
    """Write a number as a typed literal: a bare 0.75 would be a DECIMAL on some engines."""
    return exp.cast(exp.Literal.number(repr(float(value))), exp.DataType.Type.DOUBLE)


class Lowering:
    """Lowers the trees of one frame.

    Args:
        labels: the dimensions whose names stand for their label.
        nullable: the columns that may be NULL.
        hoist: puts an expression into a column of its own and gives that column's name, so that what a
            guard repeats is short.
    """

    def __init__(self, labels: frozenset[str], nullable: set[str], hoist: Hoist) -> None:
        self.labels = labels
        self.nullable = nullable
        self.hoist = hoist

    def lower(self, node: Node) -> exp.Expression:
        """Lower a node that is a number or a condition."""
        rule = self._rules.get(type(node))
        if rule is None:
            raise TypeError(f"no translation rule for {type(node).__name__}")
        return rule(self, node)

    def may_be_null(self, node: Node) -> bool:
        """Whether a node can lack a value although all its inputs are there."""
        for part in walk(node):
            if isinstance(part, Name) and part.id in self.nullable:
                return True
            if isinstance(part, Arithmetic) and part.operator in {"/", "**"} and not _is_safe(part):
                return True
            if isinstance(part, Call) and part.function in {"log", "sqrt"}:
                return True
            if isinstance(part, Cases) and part.otherwise is None:
                return True
        return False

    def _short(self, node: Node) -> exp.Expression:
        """Lower what a guard will repeat."""
        return self.lower(node if isinstance(node, Name | Number) else self.hoist(node))

    def _number(self, node: Number) -> exp.Expression:
        return literal(node.value)

    def _name(self, node: Name) -> exp.Expression:
        if node.id in self.labels:
            return exp.cast(column(node.id), exp.DataType.Type.DOUBLE)
        return column(node.id)

    def _negate(self, node: Negate) -> exp.Expression:
        return exp.Neg(this=exp.paren(self.lower(node.operand)))

    def _arithmetic(self, node: Arithmetic) -> exp.Expression:
        if node.operator == "/":
            return self._divide(node)
        if node.operator == "**":
            return self._power(node)
        operation = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}[node.operator]
        return operation(this=exp.paren(self.lower(node.left)), expression=exp.paren(self.lower(node.right)))

    def _divide(self, node: Arithmetic) -> exp.Expression:
        if _is_safe(node):
            return exp.Div(this=exp.paren(self.lower(node.left)), expression=self.lower(node.right), typed=False, safe=False)
        divisor = self._short(node.right)
        quotient = exp.Div(this=exp.paren(self.lower(node.left)), expression=divisor.copy(), typed=False, safe=False)
        return exp.Case().when(exp.EQ(this=divisor, expression=literal(0)), exp.null()).else_(quotient)

    def _power(self, node: Arithmetic) -> exp.Expression:
        if _is_safe(node):
            return exp.Pow(this=self.lower(node.left), expression=self.lower(node.right))
        base, exponent = self._short(node.left), self._short(node.right)
        zero = exp.and_(exp.EQ(this=base.copy(), expression=literal(0)), exp.LTE(this=exponent.copy(), expression=literal(0)))
        negative = exp.and_(
            exp.LT(this=base.copy(), expression=literal(0)),
            exp.NEQ(this=exponent.copy(), expression=exp.Floor(this=exponent.copy())),
        )
        return exp.Case().when(exp.or_(zero, negative), exp.null()).else_(exp.Pow(this=base, expression=exponent))

    def _convert(self, node: Convert) -> exp.Expression:
        value = exp.paren(self.lower(node.operand))
        factor = node.factor
        if factor.numerator == 1 and factor.denominator != 1:
            scaled: exp.Expression = exp.Div(this=value, expression=literal(factor.denominator), typed=False, safe=False)
        elif factor != 1:
            scaled = exp.Mul(this=value, expression=literal(factor))
        else:
            scaled = value
        return exp.Add(this=exp.paren(scaled), expression=literal(node.offset)) if node.offset else scaled

    def _compare(self, node: Compare) -> exp.Expression:
        comparison = {"==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}[node.operator]
        left, right = _unconverted(node.left, node.right)
        return comparison(this=exp.paren(self.lower(left)), expression=exp.paren(self.lower(right)))

    def _logic(self, node: Logic) -> exp.Expression:
        join = exp.and_ if node.operator == "and" else exp.or_
        return join(self.lower(node.left), self.lower(node.right))

    def _not(self, node: Not) -> exp.Expression:
        return exp.not_(exp.paren(self.lower(node.operand)))

    def _cases(self, node: Cases) -> exp.Expression:
        case = exp.Case()
        for when, expression in node.branches:
            condition = self.lower(when)
            if self.may_be_null(when):
                case = case.when(exp.Is(this=exp.paren(condition.copy()), expression=exp.null()), exp.null())
            case = case.when(condition, self.lower(expression))
        return case.else_(self.lower(node.otherwise) if node.otherwise is not None else exp.null())

    def _call(self, node: Call) -> exp.Expression:
        if node.function in {"min", "max"}:
            return self._extreme(node)
        argument = node.arguments[0]
        if node.function == "exp":
            return exp.Exp(this=self.lower(argument))
        if node.function == "abs":
            return exp.Abs(this=self.lower(argument))
        value = self._short(argument)
        if node.function == "log":
            return exp.Case().when(exp.GT(this=value, expression=literal(0)), exp.Ln(this=value.copy())).else_(exp.null())
        if node.function == "sqrt":
            return exp.Case().when(exp.GTE(this=value, expression=literal(0)), exp.Sqrt(this=value.copy())).else_(exp.null())
        return _rounded(node.function, value)

    def _extreme(self, node: Call) -> exp.Expression:
        if len(node.arguments) > 2:
            shorter = Call(node.function, node.arguments[:-1], span=node.span)
            return self._extreme(Call(node.function, (self.hoist(shorter), node.arguments[-1]), span=node.span))
        left, right = (self._short(argument) for argument in node.arguments)
        missing = exp.or_(exp.Is(this=left.copy(), expression=exp.null()), exp.Is(this=right.copy(), expression=exp.null()))
        first = (exp.LTE if node.function == "min" else exp.GTE)(this=left.copy(), expression=right.copy())
        case = exp.Case().when(missing, exp.null()) if any(map(self.may_be_null, node.arguments)) else exp.Case()
        return case.when(first, left).else_(right)

    _rules: Mapping[type[Node], Callable[..., exp.Expression]] = {  # noqa: RUF012
        Number: _number,
        Name: _name,
        Negate: _negate,
        Arithmetic: _arithmetic,
        Convert: _convert,
        Compare: _compare,
        Logic: _logic,
        Not: _not,
        Cases: _cases,
        Call: _call,
    }


def _is_safe(node: Arithmetic) -> bool:
    """Whether a division or power always has a value: by a constant other than 0, to a whole power above 0."""
    if not isinstance(node.right, Number):
        return False
    value = node.right.value
    return value != 0 if node.operator == "/" else value > 0 and value.denominator == 1


def _unconverted(left: Node, right: Node) -> tuple[Node, Node]:
    """Leave out the change of unit of two sides of a comparison when it is the same, as of two temperatures."""
    if not isinstance(left, Convert) or not isinstance(right, Convert):
        return left, right
    same = (left.factor, left.offset) == (right.factor, right.offset) and left.factor > 0
    return (left.operand, right.operand) if same else (left, right)


def _rounded(function: str, value: exp.Expression) -> exp.Expression:
    """Round, taking what lies within floating-point noise of a whole number for that number."""
    nearest = exp.Round(this=value.copy())
    if function == "round":
        half = exp.Floor(this=exp.Add(this=exp.Abs(this=value.copy()), expression=literal(0.5 + NOISE)))
        return exp.Case().when(exp.LT(this=value.copy(), expression=literal(0)), exp.Neg(this=half.copy())).else_(half)
    distance = exp.Abs(this=exp.paren(exp.Sub(this=value.copy(), expression=nearest.copy())))
    scale = exp.Add(this=exp.Abs(this=value.copy()), expression=literal(1))
    close = exp.LTE(this=distance, expression=exp.Mul(this=literal(NOISE), expression=exp.paren(scale)))
    rounding = exp.Floor(this=value.copy()) if function == "floor" else exp.Ceil(this=value.copy())
    return exp.Case().when(close, nearest).else_(rounding)

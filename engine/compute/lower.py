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

# What counts as floating-point noise: relative to the terms of a difference, and beside it absolute.
RELATIVE_NOISE = 1e-13
ABSOLUTE_NOISE = 1e-12
ROUNDING_NOISE = 1e-9


def column(name: str, table: str | None = None) -> exp.Column:
    """Name a column, always quoted."""
    return exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True) if table else None
    )


def table(name: str) -> exp.Table:
    """Name a relation, always quoted."""
    return exp.to_table(f'"{name}"')


def literal(value: Fraction | float) -> exp.Expr:
    """Write a number as a typed literal: a bare 0.75 would be a DECIMAL on some engines, and lose digits."""
    digits = repr(abs(float(value)))
    number = exp.cast(exp.Literal.number(digits if "e" in digits else f"{digits}e0"), exp.DataType.Type.DOUBLE)
    return exp.Neg(this=number) if value < 0 else number


def nothing() -> exp.Expr:
    """Write the absence of a number."""
    return exp.cast(exp.null(), exp.DataType.Type.DOUBLE)


class Lowering:
    """Lowers the trees of one frame.

    Args:
        labels: the dimensions whose names stand for their label.
        nullable: the columns that may be NULL.
        exact: the columns that hold values as they were given, without floating-point noise.
        hoist: puts an expression into a column of its own and gives that column's name, so that what a
            guard repeats is short.
    """

    def __init__(self, labels: frozenset[str], nullable: set[str], exact: set[str], hoist: Hoist) -> None:
        self.labels = labels
        self.nullable = nullable
        self.exact = exact
        self.hoist = hoist

    def lower(self, node: Node) -> exp.Expr:
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

    def is_exact(self, node: Node) -> bool:
        """Whether a node has a given value or label as it is."""
        if isinstance(node, Name):
            return node.id in self.exact or node.id in self.labels
        if isinstance(node, Negate) or (isinstance(node, Call) and node.function in {"min", "max", "abs"}):
            return all(self.is_exact(child) for child in node.children)
        if isinstance(node, Cases):
            values = [value for _, value in node.branches] + ([node.otherwise] if node.otherwise is not None else [])
            return all(self.is_exact(value) for value in values)
        return isinstance(node, Number)

    def _short(self, node: Node) -> exp.Expr:
        """Lower what a guard will repeat."""
        return self.lower(node if isinstance(node, Name | Number) else self.hoist(node))

    def _number(self, node: Number) -> exp.Expr:
        return literal(node.value)

    def _name(self, node: Name) -> exp.Expr:
        if node.id in self.labels:
            return exp.cast(column(node.id), exp.DataType.Type.DOUBLE)
        return column(node.id)

    def _negate(self, node: Negate) -> exp.Expr:
        return exp.Neg(this=exp.paren(self.lower(node.operand)))

    def _arithmetic(self, node: Arithmetic) -> exp.Expr:
        if node.operator == "/":
            return self._divide(node)
        if node.operator == "**":
            return self._power(node)
        operation = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}[node.operator]
        return operation(this=exp.paren(self.lower(node.left)), expression=exp.paren(self.lower(node.right)))

    def _divide(self, node: Arithmetic) -> exp.Expr:
        if _is_safe(node):
            return exp.Div(
                this=exp.paren(self.lower(node.left)),
                expression=self.lower(node.right),
                typed=False,
                safe=False,
            )
        divisor = self._short(node.right)
        quotient = exp.Div(this=exp.paren(self.lower(node.left)), expression=divisor.copy(), typed=False, safe=False)
        return exp.Case().when(exp.EQ(this=divisor, expression=literal(0)), nothing()).else_(quotient)

    def _power(self, node: Arithmetic) -> exp.Expr:
        if _is_safe(node):
            return exp.Pow(this=self.lower(node.left), expression=self.lower(node.right))
        base, exponent = self._short(node.left), self._short(node.right)
        zero = exp.and_(
            exp.EQ(this=base.copy(), expression=literal(0)),
            exp.LTE(this=exponent.copy(), expression=literal(0)),
        )
        negative = exp.and_(
            exp.LT(this=base.copy(), expression=literal(0)),
            exp.NEQ(this=exponent.copy(), expression=exp.Floor(this=exponent.copy())),
        )
        return exp.Case().when(exp.or_(zero, negative), nothing()).else_(exp.Pow(this=base, expression=exponent))

    def _convert(self, node: Convert) -> exp.Expr:
        value = exp.paren(self.lower(node.operand))
        factor = node.factor
        if factor.numerator == 1 and factor.denominator != 1:
            scaled: exp.Expr = exp.Div(this=value, expression=literal(factor.denominator), typed=False, safe=False)
        elif factor != 1:
            scaled = exp.Mul(this=value, expression=literal(factor))
        else:
            scaled = value
        return exp.Add(this=exp.paren(scaled), expression=literal(node.offset)) if node.offset else scaled

    def _compare(self, node: Compare) -> exp.Expr:
        comparison = {"==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}[
            node.operator
        ]
        left, right = _unconverted(node.left, node.right)
        if self.is_exact(left) and self.is_exact(right):
            return comparison(this=exp.paren(self.lower(left)), expression=exp.paren(self.lower(right)))
        return self._compare_with_noise(node.operator, left, right)

    def _compare_with_noise(self, operator: str, left: Node, right: Node) -> exp.Expr:
        """Compare so that sides which differ by floating-point noise only are equal."""
        gap = exp.Sub(this=exp.paren(self._short(left)), expression=exp.paren(self._short(right)))
        noise = self._noise(left, right)
        if operator in {"==", "!="}:
            comparison = exp.LTE if operator == "==" else exp.GT
            return comparison(this=exp.Abs(this=gap), expression=noise)
        if operator in {">", "<="}:
            return (exp.GT if operator == ">" else exp.LTE)(this=exp.paren(gap), expression=noise)
        return (exp.GTE if operator == ">=" else exp.LT)(this=exp.paren(gap), expression=exp.Neg(this=exp.paren(noise)))

    def _noise(self, left: Node, right: Node) -> exp.Expr:
        """How far two sides may differ; where it decides, a column is as large as the number it is compared with."""
        for side, other in ((left, right), (right, left)):
            if isinstance(side, Name) and isinstance(other, Number):
                return literal(RELATIVE_NOISE * 2 * abs(float(other.value)) + ABSOLUTE_NOISE)
        size = exp.Add(this=self._size(left), expression=self._size(right))
        return exp.Add(
            this=exp.Mul(this=literal(RELATIVE_NOISE), expression=exp.paren(size)),
            expression=literal(ABSOLUTE_NOISE),
        )

    def _size(self, node: Node) -> exp.Expr:
        """How large the terms are whose sum or difference a node is."""
        if isinstance(node, Arithmetic) and node.operator in "+-":
            return exp.Add(this=self._size(node.left), expression=self._size(node.right))
        if isinstance(node, Negate):
            return self._size(node.operand)
        if isinstance(node, Convert) and node.offset:
            scaled = Convert(node.operand, node.factor, Fraction(0), node.origin, node.target)
            return exp.Add(this=self._size(scaled), expression=literal(abs(node.offset)))
        return exp.Abs(this=self._short(node))

    def _logic(self, node: Logic) -> exp.Expr:
        """Join conditions; an unknown left side stays unknown, as it stops the reference."""
        join = exp.and_ if node.operator == "and" else exp.or_
        left, right = self.lower(node.left), self.lower(node.right)
        if not self.may_be_null(node.left):
            return join(left, right)
        unknown = self._unknown(node.left, left)
        return exp.Case().when(unknown, exp.cast(exp.null(), exp.DataType.Type.BOOLEAN)).else_(join(left, right))

    def _unknown(self, node: Node, condition: exp.Expr) -> exp.Expr:
        """Lower whether a condition is unknown; of a comparison of columns, whether one of them is missing."""
        if isinstance(node, Not):
            return self._unknown(node.operand, condition)
        if isinstance(node, Compare):
            lacking = [side for side in _unconverted(node.left, node.right) if self.may_be_null(side)]
            if lacking and all(isinstance(side, Name) for side in lacking):
                return exp.or_(*(exp.Is(this=self.lower(side), expression=exp.null()) for side in lacking))
        return exp.Is(this=exp.paren(condition.copy()), expression=exp.null())

    def _not(self, node: Not) -> exp.Expr:
        return exp.not_(exp.paren(self.lower(node.operand)))

    def _cases(self, node: Cases) -> exp.Expr:
        otherwise = self.lower(node.otherwise) if node.otherwise is not None else nothing()
        if not node.branches:
            return otherwise
        case = exp.Case()
        for when, expression in node.branches:
            condition = self.lower(when)
            if self.may_be_null(when):
                case = case.when(self._unknown(when, condition), nothing())
            case = case.when(condition, self.lower(expression))
        return case.else_(otherwise)

    def _call(self, node: Call) -> exp.Expr:
        if node.function in {"min", "max"}:
            return self._extreme(node)
        argument = node.arguments[0]
        if node.function == "exp":
            return exp.Exp(this=self.lower(argument))
        if node.function == "abs":
            return exp.Abs(this=self.lower(argument))
        value = self._short(argument)
        if node.function == "log":
            return (
                exp.Case().when(exp.GT(this=value, expression=literal(0)), exp.Ln(this=value.copy())).else_(nothing())
            )
        if node.function == "sqrt":
            return (
                exp.Case()
                .when(exp.GTE(this=value, expression=literal(0)), exp.Sqrt(this=value.copy()))
                .else_(nothing())
            )
        return _rounded(node.function, value, exact=self.is_exact(argument))

    def _extreme(self, node: Call) -> exp.Expr:
        if len(node.arguments) > 2:
            shorter = Call(node.function, node.arguments[:-1], span=node.span)
            return self._extreme(Call(node.function, (self.hoist(shorter), node.arguments[-1]), span=node.span))
        left, right = (self._short(argument) for argument in node.arguments)
        missing = exp.or_(
            exp.Is(this=left.copy(), expression=exp.null()), exp.Is(this=right.copy(), expression=exp.null())
        )
        first = (exp.LTE if node.function == "min" else exp.GTE)(this=left.copy(), expression=right.copy())
        case = exp.Case().when(missing, nothing()) if any(map(self.may_be_null, node.arguments)) else exp.Case()
        return case.when(first, left).else_(right)

    _rules: Mapping[type[Node], Callable[..., exp.Expr]] = {
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


def _rounded(function: str, value: exp.Expr, exact: bool) -> exp.Expr:
    """Round, taking what lies within floating-point noise of a whole or half number for that number."""
    size = exp.Abs(this=value.copy())
    scaled = exp.Mul(this=literal(RELATIVE_NOISE), expression=size.copy())
    noise = literal(0) if exact else exp.Add(this=scaled, expression=literal(ROUNDING_NOISE))
    if function == "round":
        half = exp.Floor(this=exp.Add(this=exp.Add(this=size, expression=literal(0.5)), expression=noise))
        return exp.Case().when(exp.LT(this=value.copy(), expression=literal(0)), exp.Neg(this=half.copy())).else_(half)
    rounding = exp.Floor(this=value.copy()) if function == "floor" else exp.Ceil(this=value.copy())
    if exact:
        return rounding
    nearest = exp.Round(this=value.copy())
    distance = exp.Abs(this=exp.paren(exp.Sub(this=value.copy(), expression=nearest.copy())))
    return exp.Case().when(exp.LTE(this=distance, expression=noise), nearest).else_(rounding)

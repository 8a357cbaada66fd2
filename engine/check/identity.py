"""Proves that the reduction is baseline minus project minus leakage, for all inputs.

First by comparing sums of terms as they are written; when that does not decide, by the exact arithmetic of
polynomials, in which reductions, functions and cases stand as unknowns of their own. So "not the same" is
claimed only when nothing but names, numbers and arithmetic is left, if need be where every sum has one member.
What grows too large is not decided.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal

from tonne.engine.check.order import dependencies, groups, reachable
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.tree import Arithmetic, Convert, Name, Negate, Node, Number, Reduce, transform

Verdict = Literal["proved", "refuted", "undecided"]
Terms = dict[Node, Fraction]
Monomial = tuple[tuple[int, int], ...]
Polynomial = dict[Monomial, Fraction]
Ratio = tuple[Polynomial, Polynomial]

MAX_INLINED = 50
MAX_TERMS = 2000
MAX_BITS = 20_000
ONE_MONOMIAL: Monomial = ()


class _TooLarge(Exception):  # noqa: N818
    """A polynomial has more terms than are worth the time."""


def reduction_identity(methodology: Methodology, trees: Mapping[str, Node]) -> Verdict:
    """Decide whether ER ≡ BE − PE − LE; an output that the spec does not name is zero."""
    outputs = methodology.spec.outputs
    if outputs is None or outputs.reduction not in trees:
        return "undecided"
    difference: Node = Name(outputs.baseline)
    for name in (outputs.project, outputs.leakage):
        if name:
            difference = Arithmetic("-", difference, Name(name))
    verdict = same(trees[outputs.reduction], difference, trees)
    if verdict == "refuted":
        constants = {
            name: value for name, quantity in methodology.parameters.items() if (value := _given(quantity)) is not None
        }
        filled = {name: transform(tree, lambda node: _filled(node, constants)) for name, tree in trees.items()}
        return "proved" if same(filled[outputs.reduction], difference, filled) == "proved" else verdict
    return verdict


def _given(quantity: Quantity) -> Fraction | None:
    """Give the value of a parameter that no project can change."""
    return None if quantity.parameter.replaceable else quantity.parameter.value


def _filled(node: Node, constants: Mapping[str, Fraction]) -> Node:
    return Number(constants[node.id]) if isinstance(node, Name) and node.id in constants else node


def same(left: Node, right: Node, trees: Mapping[str, Node]) -> Verdict:
    """Decide whether two formulas have the same value for all inputs."""
    terms = _terms(Arithmetic("-", left, right))
    for _ in range(MAX_INLINED):
        if not terms:
            return "proved"
        names = [node.id for node in terms if isinstance(node, Name) and node.id in trees]
        if not names or len(terms) > MAX_TERMS:
            break
        for name in names:
            _add(terms, _terms(trees[name]), terms.pop(Name(name), Fraction(0)))
    return _by_algebra(Arithmetic("-", left, right), trees)


def _add(terms: Terms, others: Terms, factor: Fraction) -> None:
    for node, other in others.items():
        terms[node] = terms.get(node, Fraction(0)) + factor * other
        if not terms[node]:
            del terms[node]


def _terms(node: Node) -> Terms:
    """Write a formula as a sum of terms with exact factors; what is not a sum is one term."""
    terms: Terms = {}
    if isinstance(node, Number):
        _add(terms, {Number(Fraction(1)): node.value}, Fraction(1))
    elif isinstance(node, Negate):
        _add(terms, _terms(node.operand), Fraction(-1))
    elif isinstance(node, Convert) and not node.offset:
        _add(terms, _terms(node.operand), node.factor)
    elif isinstance(node, Arithmetic) and node.operator in "+-":
        _add(terms, _terms(node.left), Fraction(1))
        _add(terms, _terms(node.right), Fraction(1 if node.operator == "+" else -1))
    elif isinstance(node, Arithmetic) and node.operator == "*" and isinstance(node.left, Number):
        _add(terms, _terms(node.right), node.left.value)
    elif isinstance(node, Arithmetic) and node.operator == "*" and isinstance(node.right, Number):
        _add(terms, _terms(node.left), node.right.value)
    elif isinstance(node, Arithmetic) and node.operator == "/" and isinstance(node.right, Number) and node.right.value:
        _add(terms, _terms(node.left), 1 / node.right.value)
    else:
        terms[node] = Fraction(1)
    return terms


def counted_in(part: str, whole: str, trees: Mapping[str, Node]) -> Fraction:
    """Say how often a quantity is a term of another, through the equations that are terms of it."""
    count = Fraction(0)
    terms = _terms(trees[whole])
    for _ in range(MAX_INLINED):
        count += terms.pop(Name(part), Fraction(0))
        names = [node.id for node in terms if isinstance(node, Name) and node.id in trees]
        if not names or len(terms) > MAX_TERMS:
            break
        for name in names:
            _add(terms, _terms(trees[name]), terms.pop(Name(name), Fraction(0)))
    return count


def _by_algebra(difference: Node, trees: Mapping[str, Node]) -> Verdict:
    used = reachable(trees, dependencies(difference, trees))
    graph = {name: dependencies(tree, trees, earlier=False) for name, tree in trees.items() if name in used}
    order = [name for group in groups(graph) for name in group]
    try:
        rest = _Algebra().rest(difference, order, trees)
        if rest and not all(isinstance(node, Name) for node in rest):
            alone = {name: transform(trees[name], _alone) for name in order}
            rest = _Algebra().rest(transform(difference, _alone), order, alone) or rest
    except _TooLarge:
        return "undecided"
    if rest is None:
        return "proved"
    return "refuted" if all(isinstance(node, Name) for node in rest) else "undecided"


def _alone(node: Node) -> Node:
    """Give what a reduction is where its dimensions have one member each."""
    single = isinstance(node, Reduce) and node.where is None and node.function in {"sum", "mean", "minimum", "maximum"}
    return node.body if single else node  # type: ignore[attr-defined]


class _Algebra:
    """Writes formulas as ratios of polynomials."""

    def __init__(self) -> None:
        self.known: dict[str, Ratio] = {}
        self.unknowns: dict[Node, int] = {}

    def rest(self, difference: Node, order: Sequence[str], trees: Mapping[str, Node]) -> list[Node] | None:
        """List the unknowns of what a difference comes to, a number alone as none; None where it is zero."""
        for name in order:
            self.known[name] = self.ratio(trees[name])
        numerator, _ = self.ratio(difference)
        left = {unknown for monomial in numerator for unknown, _ in monomial}
        return [node for node, unknown in self.unknowns.items() if unknown in left] if numerator else None

    def ratio(self, node: Node) -> Ratio:
        """Write a formula as numerator and denominator."""
        if isinstance(node, Name) and node.id in self.known:
            return self.known[node.id]
        if isinstance(node, Number):
            return _constant(node.value), _constant(Fraction(1))
        if isinstance(node, Negate):
            return self.ratio(Arithmetic("-", Number(Fraction(0)), node.operand))
        if isinstance(node, Convert):
            scaled = Arithmetic("*", node.operand, Number(node.factor))
            return self.ratio(Arithmetic("+", scaled, Number(node.offset)))
        if isinstance(node, Arithmetic) and node.operator in {"+", "-", "*", "/"}:
            (above, below), (other, under) = self.ratio(node.left), self.ratio(node.right)
            if node.operator == "*":
                return _product(above, other), _product(below, under)
            if node.operator == "/" and other:
                return _product(above, under), _product(below, other)
            if node.operator in {"+", "-"}:
                sign = Fraction(1 if node.operator == "+" else -1)
                return _sum(_product(above, under), _product(other, below), sign), _product(below, under)
        number = self.unknowns.setdefault(node, len(self.unknowns))
        return {((number, 1),): Fraction(1)}, _constant(Fraction(1))


def _constant(value: Fraction) -> Polynomial:
    return {ONE_MONOMIAL: value} if value else {}


def _sum(one: Polynomial, other: Polynomial, sign: Fraction) -> Polynomial:
    total = dict(one)
    for monomial, factor in other.items():
        _put(total, monomial, sign * factor)
    return total


def _put(total: Polynomial, monomial: Monomial, factor: Fraction) -> None:
    value = total.get(monomial, Fraction(0)) + factor
    if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
        raise _TooLarge
    if value:
        total[monomial] = value
    else:
        total.pop(monomial, None)


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    if len(one) * len(other) > MAX_TERMS:
        raise _TooLarge
    total: Polynomial = {}
    for left, left_factor in one.items():
        for right, right_factor in other.items():
            powers = dict(left)
            for unknown, power in right:
                powers[unknown] = powers.get(unknown, 0) + power
            _put(total, tuple(sorted(powers.items())), left_factor * right_factor)
    return total

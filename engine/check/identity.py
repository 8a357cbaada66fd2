"""Proves that the reduction is baseline minus project minus leakage, for all inputs.

First by comparing sums of terms as they are written; only when that does not decide by computer algebra,
in which reductions and cases stand as unknowns of their own. So "not the same" is claimed only when
nothing but names, numbers and arithmetic is left.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Arithmetic, Convert, Name, Negate, Node, Number, transform

Verdict = Literal["proved", "refuted", "undecided"]
MAX_INLINED = 50


def reduction_identity(methodology: Methodology, trees: Mapping[str, Node]) -> Verdict:
    """Decide whether ER ≡ BE − PE − LE; an output that the spec does not name is zero."""
    outputs = methodology.spec.outputs
    if outputs is None or outputs.reduction not in trees:
        return "undecided"
    difference: Node = Name(outputs.baseline)
    for name in (outputs.project, outputs.leakage):
        if name:
            difference = Arithmetic("-", difference, Name(name))
    return same(trees[outputs.reduction], difference, trees)


def same(left: Node, right: Node, trees: Mapping[str, Node]) -> Verdict:
    """Decide whether two formulas have the same value for all inputs."""
    for _ in range(MAX_INLINED):
        terms = _terms(left)
        for node, factor in _terms(right).items():
            terms[node] = terms.get(node, Fraction(0)) - factor
        remaining = {node: factor for node, factor in terms.items() if factor}
        if not remaining:
            return "proved"
        names = {node.id for node in remaining if isinstance(node, Name) and node.id in trees}
        if not names:
            break
        left = transform(left, lambda node, names=names: _inlined(node, names, trees))  # type: ignore[misc]
        right = transform(right, lambda node, names=names: _inlined(node, names, trees))  # type: ignore[misc]
    return _by_algebra(left, right)


def _inlined(node: Node, names: set[str], trees: Mapping[str, Node]) -> Node:
    return trees[node.id] if isinstance(node, Name) and node.id in names else node


def _terms(node: Node) -> dict[Node, Fraction]:
    """Write a formula as a sum of terms with exact factors; what is not a sum is one term."""
    if isinstance(node, Number):
        return {Number(Fraction(1)): node.value} if node.value else {}
    if isinstance(node, Negate):
        return {term: -factor for term, factor in _terms(node.operand).items()}
    if isinstance(node, Convert) and not node.offset:
        return {term: factor * node.factor for term, factor in _terms(node.operand).items()}
    if isinstance(node, Arithmetic) and node.operator in "+-":
        sign = 1 if node.operator == "+" else -1
        terms = dict(_terms(node.left))
        for term, factor in _terms(node.right).items():
            terms[term] = terms.get(term, Fraction(0)) + sign * factor
        return terms
    if isinstance(node, Arithmetic) and node.operator == "*":
        for constant, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(constant, Number):
                return {term: factor * constant.value for term, factor in _terms(other).items()}
    if isinstance(node, Arithmetic) and node.operator == "/" and isinstance(node.right, Number) and node.right.value:
        return {term: factor / node.right.value for term, factor in _terms(node.left).items()}
    return {node: Fraction(1)}


def _by_algebra(left: Node, right: Node) -> Verdict:
    import sympy  # noqa: PLC0415 (slow to import, and rarely needed)

    unknowns: dict[Node, Any] = {}
    opaque: list[Node] = []

    def algebraic(node: Node) -> Any:
        if isinstance(node, Number):
            return sympy.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, Negate):
            return -algebraic(node.operand)
        if isinstance(node, Convert):
            factor, offset = node.factor, node.offset
            return algebraic(node.operand) * sympy.Rational(factor.numerator, factor.denominator) + sympy.Rational(
                offset.numerator, offset.denominator
            )
        if isinstance(node, Arithmetic) and node.operator in {"+", "-", "*", "/"}:
            one, other = algebraic(node.left), algebraic(node.right)
            return {"+": one + other, "-": one - other, "*": one * other}.get(node.operator) if node.operator != "/" else one / other
        if not isinstance(node, Name):
            opaque.append(node)
        return unknowns.setdefault(node, sympy.Symbol(f"x{len(unknowns)}"))

    difference = sympy.together(algebraic(left) - algebraic(right))
    if sympy.expand(sympy.numer(difference)) == 0:
        return "proved"
    return "undecided" if opaque else "refuted"

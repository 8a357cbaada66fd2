"""Finds what is counted twice: a share that multiplies a product twice over, an amount repeated in finer steps.

Products are followed through equations, sums over dimensions and modules. A square that is written as one (`** 2`)
is taken to be meant.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from tonne.engine import calendar
from tonne.engine.check.order import dependencies, groups
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Parameter
from tonne.engine.spec.tree import Arithmetic, Call, Cases, Convert, Name, Negate, Node, Number, Reduce

Factors = Counter[Node]

STEPS_ZH = {"minute": "分钟", "hour": "小时", "day": "日", "month": "月", "year": "年"}
AMOUNTS = {"mass", "energy", "normal volume", "standard volume"}


def repeated_factors(methodology: Methodology, trees: Mapping[str, Node]) -> list[Finding]:
    """Find equations that multiply or divide by the same share twice, once here and once in what they use."""
    work = _Products(methodology)
    graph = {name: dependencies(tree, trees, earlier=False) for name, tree in trees.items()}
    findings: list[Finding] = []
    for group in groups(graph):
        for name in group:
            work.known[name] = work.factors(trees[name])
            used = {other: work.known[other] for other in graph[name] if other in work.known and other != name}
            for factor, count in work.known[name].items():
                if abs(count) > 1 and not any(abs(found[factor]) > 1 for found in used.values()):
                    inside = [other for other in trees if other in used and used[other][factor]]
                    findings.append(_twice(methodology.quantities[name], factor, count, inside))
    return findings


def _twice(quantity: Quantity, factor: Node, count: int, inside: list[str]) -> Finding:
    share = factor.id if isinstance(factor, Name) else f"1 - {factor.right.id}"  # type: ignore[attr-defined]
    zh = f"公式 {quantity.id} 两次{'乘以' if count > 0 else '除以'} {share}" + (
        f"，其中一次在 {'、'.join(inside)} 中" if inside else ""
    )
    en = f"equation {quantity.id} {'multiplies' if count > 0 else 'divides'} by {share} twice" + (
        f", once in {', '.join(inside)}" if inside else ""
    )
    return Finding(
        "structure.factor_twice",
        Severity.CORRECTIVE_ACTION,
        zh,
        en,
        {"quantity": quantity.id},
        quantity.place,
    )


class _Products:
    """The shares that every value of a formula is a multiple of, each with its power."""

    def __init__(self, methodology: Methodology) -> None:
        self.methodology = methodology
        self.known: dict[str, Factors] = {}

    def factors(self, node: Node) -> Factors:
        """Collect the factors of a formula."""
        if isinstance(node, Name):
            return self.known.get(node.id) or Counter({node: 1} if self._is_share(node) else {})
        if isinstance(node, Convert) and not node.offset:
            return self.factors(node.operand)
        if isinstance(node, Negate):
            return self.factors(node.operand)
        if isinstance(node, Arithmetic):
            return self._arithmetic(node)
        if isinstance(node, Reduce) and node.function in {"sum", "mean", "minimum", "maximum"}:
            return self.factors(node.body)
        if isinstance(node, Cases):
            return self._shared(
                *(expression for _, expression in node.branches),
                *([node.otherwise] if node.otherwise else []),
            )
        if isinstance(node, Call) and node.function in {"min", "max"}:
            return self._shared(*node.arguments)
        return Counter()

    def _arithmetic(self, node: Arithmetic) -> Factors:
        if node.operator in {"*", "/"}:
            total = Counter(self.factors(node.left))
            sign = 1 if node.operator == "*" else -1
            for factor, count in self.factors(node.right).items():
                total[factor] += sign * count
            return total
        if node.operator == "-" and node.left == Number(Fraction(1)):
            share = node.right.operand if isinstance(node.right, Convert) else node.right
            if isinstance(share, Name) and self._is_share(share):
                return Counter({Arithmetic("-", node.left, share): 1})
        return self._shared(node.left, node.right) if node.operator in {"+", "-"} else Counter()

    def _shared(self, *nodes: Node) -> Factors:
        """Collect what every one of several formulas is a multiple of; a zero is a multiple of all."""
        parts = [self.factors(node) for node in nodes if not (isinstance(node, Number) and not node.value)]
        shared: Factors = Counter()
        for factor in parts[0] if parts else ():
            counts = [part[factor] for part in parts]
            if all(count > 0 for count in counts) or all(count < 0 for count in counts):
                shared[factor] = min(counts, key=abs)
        return shared

    def _is_share(self, node: Name) -> bool:
        """Whether a name is a parameter that is a part of a whole: an efficiency, a purity, an oxidation factor."""
        quantity = self.methodology.quantities.get(node.id)
        if quantity is None or not isinstance(quantity.spec, Parameter):
            return False
        unit = quantity.unit
        if not unit.is_dimensionless or unit.is_flag:
            return False
        bounds = quantity.spec.bounds
        values = [quantity.spec.value, *(quantity.spec.by or {}).values()]
        known = [bounds.max, bounds.below] if bounds else []
        limits = [
            limit
            for limit in (*known, *([] if any(limit is not None for limit in known) else values))
            if limit is not None
        ]
        return max(limits) * unit.factor <= 1 if limits else unit.factor < 1


def repeated_amounts(methodology: Methodology) -> list[Finding]:
    """Find modules that are given an amount of a coarser step than their own, so that every step would have it again."""
    findings: list[Finding] = []
    for quantity in methodology.quantities.values():
        if not isinstance(quantity.spec, Parameter) or not isinstance(quantity.tree, Name):
            continue
        given = methodology.quantities[quantity.tree.id]
        fine, coarse = _step(methodology, quantity), _step(methodology, given)
        if fine and coarse and calendar.is_finer(fine, coarse) and _is_amount(given):
            zh = f"{given.id} 每{STEPS_ZH[coarse]}的数量被 {quantity.id} 在每{STEPS_ZH[fine]}重复计入"
            en = f"{quantity.id} takes the amount {given.id} of each {coarse} again in each {fine}"
            findings.append(
                Finding(
                    "index.repeated",
                    Severity.CORRECTIVE_ACTION,
                    zh,
                    en,
                    {"quantity": quantity.id},
                    quantity.place,
                )
            )
    return findings


def _step(methodology: Methodology, quantity: Quantity) -> str | None:
    return next((step for step in quantity.over if methodology.step(step)), None)


def _is_amount(quantity: Quantity) -> bool:
    """Whether values of finer steps add up to those of a coarser one, as far as the unit says."""
    dimension = dict(quantity.unit.dimension)
    whole = any(name in AMOUNTS for name in dimension) or dimension.get("length") == 3
    return whole and all(exponent > 0 for exponent in dimension.values())

"""Translates two formulas so that equal sums are one unknown, whichever way they are written.

As `Generic`, one index stands for all. Inside a sum the index is the same for every sum over the same dimensions;
the term is written as a sum of products, what does not depend on the index is taken out, and a product of which
the sum is taken is known by its factors. So sum(a * k) is sum(a) * k where k does not depend on the index, and
sum(a + b) is sum(a) + sum(b). What is left is compared by the solver.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from tonne.engine import calendar
from tonne.engine.prove.encode import LEMMA_MS, MAX_POWER, At, Generic, exact
from tonne.engine.prove.joint import Joint
from tonne.engine.prove.places import reached, requirement
from tonne.engine.prove.polynomial import Algebra, Monomial, TooLargeError
from tonne.engine.prove.solver import holds
from tonne.engine.spec.tree import Arithmetic, Cases, Name, Negate, Node, Number, Previous, Reduce

MAX_PAIRS = 30

_ALL = frozenset({"*"})


@dataclass(frozen=True)
class _Reduction:
    """An unknown that stands for a reduction, and what it is made of."""

    unknown: Any
    function: str
    over: frozenset[str]
    bounds: tuple[tuple[str, Any], ...]
    tags: frozenset[str]
    value: Any
    taken: Any
    monomial: Monomial | None = None


class Sums(Generic):
    """The formulas of two methodologies in one vocabulary, at one index that stands for all."""

    def __init__(self, joint: Joint) -> None:
        super().__init__(joint.methodology, joint.trees)
        self.joint = joint
        self.algebra = Algebra()
        self.reductions: list[_Reduction] = []
        self.visited: dict[tuple[str, tuple[tuple[str, Any], ...]], None] = {}
        self._tags_of: dict[int, frozenset[str]] = {}
        self._alive: list[Any] = []
        self._known: dict[tuple[Any, ...], Any] = {}
        self._powers: dict[tuple[int, int], Any] = {}
        self._by_unknown: dict[int, _Reduction] = {}

    # -- unknowns, each with the indices on which it depends

    def _mark(self, term: Any, tags: frozenset[str]) -> Any:
        self._tags_of[term.get_id()] = tags
        self._alive.append(term)
        return term

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        tied = self.joint.by.get(name)
        if tied is not None:
            return chosen_value(self, tied, name, key)
        variable = super().parameter(name, key)
        if z3.is_const(variable) and not z3.is_rational_value(variable):
            self._mark(variable, frozenset(str(tag).removesuffix("-1") for tag in key))
        return variable

    def option(self, name: str, key: tuple[Any, ...]) -> Any:
        return self._mark(super().option(name, key), frozenset(map(str, key)))

    def label(self, dimension: str, at: At) -> Any:
        return self._mark(super().label(dimension, at), frozenset({str(at[dimension])}))

    def equation(self, name: str, at: At) -> Any:
        inner = self.inside(self.methodology.quantities[name].over, at)
        self.visited[name, tuple(sorted(inner.items()))] = None
        return super().equation(name, at)

    def previous(self, node: Previous, at: At) -> Any:
        result = super().previous(node, at)
        if z3.is_const(result) and not z3.is_rational_value(result):
            self._mark(result, frozenset(map(str, at.values())))
        return result

    def depends(self, term: Any, tags: frozenset[str]) -> bool:
        """Whether a term depends on the index of one of the reductions."""
        stack, seen = [term], set()
        while stack:
            part = stack.pop()
            if part.get_id() in seen:
                continue
            seen.add(part.get_id())
            if part.num_args():
                stack.extend(part.children())
            elif z3.is_const(part) and part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                own = self._tags_of.get(part.get_id(), _ALL)
                if "*" in own or own & tags:
                    return True
        return False

    def tags(self, term: Any) -> frozenset[str]:
        """Collect the indices on which a term depends."""
        found: frozenset[str] = frozenset()
        stack, seen = [term], set()
        while stack:
            part = stack.pop()
            if part.get_id() in seen:
                continue
            seen.add(part.get_id())
            if part.num_args():
                stack.extend(part.children())
            elif z3.is_const(part) and part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                found |= self._tags_of.get(part.get_id(), _ALL)
        return found

    # -- numbers that `Generic` would make a new unknown each time

    def number(self, node: Node, at: At) -> Any:
        if isinstance(node, Arithmetic) and node.operator == "/":
            return self.number(node.left, at) * self._inverse(self.number(node.right, at))
        if isinstance(node, Arithmetic) and node.operator == "**":
            return self._raised(node, at)
        if isinstance(node, Cases) and node.otherwise is None:
            value = self._mark(z3.Real("no case"), frozenset())
            for when, expression in reversed(node.branches):
                value = z3.If(self.truth(when, at), self.number(expression, at), value)
            return value
        return super().number(node, at)

    def _inverse(self, divisor: Any) -> Any:
        """Write one over a product as a product; where a factor is zero neither has a value."""
        try:
            terms = self.algebra.polynomial(divisor)
        except TooLargeError:
            terms = {}
        if len(terms) != 1:
            return exact(Fraction(1)) / z3.simplify(divisor)
        ((monomial, factor),) = terms.items()
        result = exact(1 / factor)
        for number, power in monomial:
            for _ in range(power):
                result = result * (exact(Fraction(1)) / self.algebra.factors[number])
        return result

    def _raised(self, node: Arithmetic, at: At) -> Any:
        base = self.number(node.left, at)
        exponent = _constant(node.right)
        if exponent is not None and exponent.denominator == 1 and 0 < abs(exponent) <= MAX_POWER:
            product = base
            for _ in range(abs(int(exponent)) - 1):
                product = product * base
            return product if exponent > 0 else self._inverse(product)
        base = z3.simplify(base, som=True)
        power = exact(exponent) if exponent is not None else z3.simplify(self.number(node.right, at), som=True)
        key = (base.get_id(), power.get_id())
        if key not in self._powers:
            self._alive += [base, power]
            raised = self._mark(self.unknown("power"), self.tags(base) | self.tags(power))
            self.facts.append(z3.Implies(base > 0, raised > 0))
            self._powers[key] = raised
        return self._powers[key]

    def _function(self, function: str, argument: Any) -> Any:
        simple = z3.simplify(argument, som=True)
        return self._mark(super()._function(function, simple), self.tags(simple))

    # -- reductions

    def inner(self, node: Reduce, at: At) -> dict[str, Any]:
        return self._with_coarser({**at, **{name: f"each {name}" for name in node.over}}, at)

    def reduce(self, node: Reduce, at: At) -> Any:
        inner = self.inner(node, at)
        value, taken = self.term(node, inner)
        taken = z3.simplify(taken)
        tags = frozenset(str(inner[name]) for name in node.over)
        frame = (frozenset(node.over), self._bounds(node, at), tags)
        if node.function in {"sum", "count", "mean"}:
            function = "mean" if node.function == "mean" else "sum"
            try:
                terms = self.algebra.polynomial(value)
            except TooLargeError:
                return self._unknown(function, frame, value, taken, None)
            parts = [
                exact(factor) * self._summed(function, frame, monomial, taken) for monomial, factor in terms.items()
            ]
            return z3.Sum(parts) if parts else exact(Fraction(0))
        return self._unknown(node.function, frame, z3.simplify(value, som=True), taken, None)

    def _bounds(self, node: Reduce, at: At) -> tuple[tuple[str, Any], ...]:
        """Give the coarser steps of the clock inside which a reduction stays."""
        steps = [name for name in node.over if self.methodology.step(name)]
        return tuple(
            sorted((name, tag) for name, tag in at.items() if steps and self.methodology.step(name) and self._is_coarser(name, steps))
        )

    def _is_coarser(self, name: str, steps: list[str]) -> bool:
        return any(calendar.is_finer(step, name) for step in steps)

    def _summed(self, function: str, frame: tuple[Any, ...], monomial: Monomial, taken: Any) -> Any:
        """Give the sum of a product: what does not depend on the index, times an unknown for the rest."""
        over, bounds, tags = frame
        outer = tuple(part for part in monomial if not self.depends(self.algebra.factors[part[0]], tags))
        rest = tuple(part for part in monomial if part not in outer)
        if function == "mean" and not rest:
            return self.algebra.term(outer)
        if function == "sum":
            over, bounds, tags, rest, taken = self._flat(over, bounds, tags, rest, taken)
        unknown = self._unknown(function, (over, bounds, tags), self.algebra.term(rest), taken, rest)
        return self.algebra.term(outer) * unknown if outer else unknown

    def _flat(self, over: Any, bounds: Any, tags: Any, rest: Monomial, taken: Any) -> tuple[Any, ...]:
        """Join a sum of sums into one, when nothing else depends on the inner index."""
        for part in rest:
            number, power = part
            inside = self._by_unknown.get(number)
            if inside is None or inside.function != "sum" or inside.monomial is None or power != 1:
                continue
            others = tuple(other for other in rest if other != part)
            free = any(self.depends(self.algebra.factors[other[0]], inside.tags) for other in others)
            if free or inside.tags & tags or any(str(tag) in tags for _, tag in inside.bounds) or self.depends(taken, inside.tags):
                continue
            joined = tuple(sorted((*others, *inside.monomial)))
            both = z3.simplify(z3.And(taken, inside.taken))
            outer = tuple(sorted({*bounds, *inside.bounds}))
            return self._flat(over | inside.over, outer, tags | inside.tags, joined, both)
        return over, bounds, tags, rest, taken

    def _unknown(self, function: str, frame: tuple[Any, ...], value: Any, taken: Any, monomial: Monomial | None) -> Any:
        over, bounds, tags = frame
        content = monomial if monomial is not None else ("term", value.get_id())
        key = (function, over, bounds, tags, content, taken.get_id())
        if key not in self._known:
            self._alive += [value, taken]
            outer = (self.tags(value) | self.tags(taken)) - tags
            unknown = self._mark(self.unknown(function), outer | {str(tag) for _, tag in bounds})
            reduction = _Reduction(unknown, function, over, bounds, tags, value, taken, monomial)
            self._known[key] = unknown
            self._by_unknown[unknown.get_id()] = reduction
            self.reductions.append(reduction)
        return self._known[key]

    # -- what is known beyond the sums of products

    def settle(self) -> None:
        """Add what the solver proves of the reductions: their signs, and which of them are equal."""
        for reduction in self.reductions:
            self._signs(reduction)
        pairs = 0
        for position, one in enumerate(self.reductions):
            for other in self.reductions[:position]:
                alike = (one.function, one.over, one.bounds, one.tags) == (other.function, other.over, other.bounds, other.tags)
                if alike and pairs < MAX_PAIRS:
                    pairs += 1
                    self._compare(one, other)

    def _signs(self, reduction: _Reduction) -> None:
        if reduction.function == "stdev":
            self.facts.append(reduction.unknown >= 0)
            return
        for sign in (lambda value: value >= 0, lambda value: value <= 0):
            if holds(sign(reduction.value), [*self.facts, reduction.taken], LEMMA_MS).proved:
                self.facts.append(sign(reduction.unknown))

    def _compare(self, one: _Reduction, other: _Reduction) -> None:
        if one.function == "sum":
            zero = exact(Fraction(0))
            claim = z3.If(one.taken, one.value, zero) == z3.If(other.taken, other.value, zero)
        else:
            claim = z3.And(one.taken == other.taken, z3.Implies(one.taken, one.value == other.value))
        if holds(claim, self.facts, LEMMA_MS).proved:
            self.facts.append(one.unknown == other.unknown)

    def requirements(self, name: str, at: At) -> dict[int, Any]:
        """Collect what must hold so that a quantity and all that it is made of has a value.

        Only of the equations that its formula reaches at the index, by the number of the claim.
        """
        self.visited.clear()
        self._equations.clear()
        self.number(Name(name), at)
        found: dict[int, Any] = {}
        for equation, inner in list(self.visited):
            for part in reached(self.trees[equation], dict(inner), self):
                for claim in self._needs(part):
                    needed = z3.simplify(z3.Implies(z3.And(*part.under), claim) if part.under else claim)
                    if not z3.is_true(needed):
                        self._alive.append(needed)
                        found[needed.get_id()] = needed
        return found

    def _needs(self, part: Any) -> list[Any]:
        if isinstance(part.node, Cases) and part.node.otherwise is None:
            return [z3.Or(*(self.truth(when, part.at) for when, _ in part.node.branches))]
        needed = requirement(part, self)
        return [needed[0]] if needed is not None else []


def chosen_value(encoder: Any, tied: tuple[str, Mapping[str, Fraction]], name: str, key: tuple[Any, ...]) -> Any:
    """Give the value of a parameter by option, which follows the choice."""
    option, by = tied
    over = encoder.methodology.quantities[name].over
    at = dict(zip(over, key, strict=True))
    spec = encoder.methodology.options[option]
    chosen = encoder.option(option, encoder.key(tuple(spec.over), at))
    values = list(spec.values)
    result = exact(Fraction(0))
    for choice, value in by.items():
        if choice in values:
            result = z3.If(chosen == values.index(choice), exact(value), result)
    return result


def _constant(node: Node) -> Fraction | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negate) and isinstance(node.operand, Number):
        return -node.operand.value
    return None

"""Translates two formulas so that equal sums are one unknown, whichever way they are written.

As `Generic`, one index stands for all. Inside a sum the index is the same for every sum over the same dimensions;
the term is written as a sum of products, what does not depend on the index is taken out, and a product of which
the sum is taken is known by its factors. So sum(a * k) is sum(a) * k where k does not depend on the index, and
sum(a + b) is sum(a) + sum(b). What is left is compared by the solver.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tonne.engine.prove.encode import MAX_POWER, At, Key, Unknowns
from tonne.engine.prove.generic import LEMMA_MS, Generic, coarser_steps
from tonne.engine.prove.interval import Interval
from tonne.engine.prove.joint import SAME, Joint
from tonne.engine.prove.needs import need_of
from tonne.engine.prove.places import Reached, reached
from tonne.engine.prove.polynomial import (
    Algebra,
    Monomial,
    TooLargeError,
    holds_always,
    is_unknown,
    simplified,
    unknowns_in,
)
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.solver import ONE, TRUE, ZERO, chosen, every, exact, implied, real, some
from tonne.engine.spec.tree import Arithmetic, Cases, Name, Node, Previous, Reduce, walk

MAX_PAIRS = 30

Frame = tuple[frozenset[str], tuple[tuple[str, Any], ...], frozenset[str]]

_ANY = frozenset({"any"})


class TaggedUnknowns(Unknowns):
    """Unknowns, each with the indices on which it depends; one that was not tagged may depend on any."""

    def __init__(self) -> None:
        super().__init__()
        self._tags_of: dict[int, frozenset[str]] = {}
        self.kept: list[Any] = []  # the solver gives the number of a term away when nothing holds it

    def tagged(self, term: Any, tags: frozenset[str]) -> Any:
        """Note the indices on which an unknown depends."""
        if is_unknown(term):
            self._tags_of[term.get_id()] = tags
            self.kept.append(term)
        return term

    def tags(self, *terms: Any) -> frozenset[str]:
        """Collect the indices on which terms depend."""
        found: frozenset[str] = frozenset()
        for term in terms:
            for unknown in unknowns_in(term):
                found |= self._tags_of.get(unknown.get_id(), _ANY)
        return found

    def function(self, function: str, argument: Any, interval: Interval, least: Any = None) -> Any:
        """Give the unknown of a function of a simple argument."""
        simple = simplified(argument)
        return self.tagged(super().function(function, simple, interval, least), self.tags(simple))


@dataclass(frozen=True)
class _Reduction:
    """An unknown that stands for a reduction, and what it is made of: `monomial` for the sum of one product."""

    unknown: Any
    function: str
    frame: Frame
    value: Any
    taken: Any
    monomial: Monomial | None = None


class Sums(Generic):
    """The formulas of two methodologies in one vocabulary, at one index that stands for all."""

    def __init__(self, joint: Joint, setting: Setting, induction: Mapping[str, str] | None = None) -> None:
        self.induction = induction or {}
        self._earlier: dict[tuple[str, str, tuple[tuple[str, Any], ...]], Any] = {}
        self.tagged = TaggedUnknowns()
        super().__init__(setting, self.tagged)
        self.joint = joint
        self.algebra = Algebra()
        self.reductions: dict[tuple[Any, ...], _Reduction] = {}
        self._by_unknown: dict[int, _Reduction] = {}
        self._powers: dict[tuple[int, int], Any] = {}
        self._factor_tags: dict[int, frozenset[str]] = {}

    def written_out(self, name: str, inner: At) -> Any:
        """Translate the formula of an equation."""
        value = super().written_out(name, inner)
        with contextlib.suppress(TooLargeError):
            self.algebra.polynomial(value)  # now, so that long chains of equations are no deep recursion
        return value

    # -- unknowns, each with the indices on which it depends

    def parameter(self, name: str, key: Key) -> Any:
        """Give the unknown of a parameter at an index."""
        return self.tagged.tagged(super().parameter(name, key), frozenset(map(str, key)))

    def option(self, name: str, key: Key) -> Any:
        """Give the unknown of an option."""
        return self.tagged.tagged(super().option(name, key), frozenset(map(str, key)))

    def label(self, dimension: str, at: At) -> Any:
        """Give the number of a step of time."""
        return self.tagged.tagged(super().label(dimension, at), frozenset({str(at[dimension])}))

    def previous(self, node: Previous, at: At) -> Any:
        """Give the initial value at the first step, else an unknown that is the same for both by induction."""
        first = self.tagged.tagged(
            real(f"first {node.dimension} {at[node.dimension]}"), frozenset({str(at[node.dimension])})
        )
        name = self.induction.get(node.name, node.name)
        place = tuple(sorted(self.inside(self.methodology.quantities[name].over, at).items()))
        if (name, node.dimension, place) not in self._earlier:
            unknown = self.tagged.unknown(f"earlier {name}", self.setting.enclosures.name(Name(name)))
            self._earlier[name, node.dimension, place] = self.tagged.tagged(
                unknown, frozenset(str(tag) for _, tag in place)
            )
        return chosen(first > 0, self.number(node.initial, at), self._earlier[name, node.dimension, place])

    def depends(self, factor: int, tags: frozenset[str]) -> bool:
        """Whether a factor may depend on one of several indices."""
        if factor not in self._factor_tags:
            self._factor_tags[factor] = self.tagged.tags(self.algebra.factors[factor])
        return _meets(self._factor_tags[factor], tags)

    # -- numbers that `Generic` would make a new unknown each time

    def number(self, node: Node, at: At) -> Any:
        """Translate a node that is a number; quotients and powers so that equal ones are one unknown."""
        if isinstance(node, Arithmetic) and node.operator == "/":
            return self.number(node.left, at) * self._inverse(self.number(node.right, at))
        if isinstance(node, Arithmetic) and node.operator == "**":
            return self._raised(node, at)
        if isinstance(node, Cases) and node.otherwise is None:
            value = self.tagged.tagged(real("no case"), frozenset())
            for when, expression in reversed(node.branches):
                value = chosen(self.truth(when, at), self.number(expression, at), value)
            return value
        return super().number(node, at)

    def _inverse(self, divisor: Any) -> Any:
        """Write one over a product as a product; where a factor is zero neither has a value."""
        try:
            terms = self.algebra.polynomial(divisor)
        except TooLargeError:
            terms = {}
        if len(terms) != 1:
            return ONE / simplified(divisor)
        ((monomial, factor),) = terms.items()
        result = exact(1 / factor)
        for number, power in monomial:
            for _ in range(power):
                result = result * (ONE / self.algebra.factors[number])
        return result

    def _raised(self, node: Arithmetic, at: At) -> Any:
        base = self.number(node.left, at)
        power = self.setting.enclosures.of(node.right)
        constant = power.low if power.is_point else None
        if constant is not None and constant.denominator == 1 and 0 < abs(constant) <= MAX_POWER:
            product = base
            for _ in range(abs(int(constant)) - 1):
                product = product * base
            return product if constant > 0 else self._inverse(product)
        interval = self.setting.enclosures.of(node)
        if constant is not None and constant > 0:
            return self.tagged.function(f"power {constant}", base, interval, ZERO)
        simple, exponent = simplified(base), simplified(self.number(node.right, at))
        key = (simple.get_id(), exponent.get_id())
        if key not in self._powers:
            self.tagged.kept += [simple, exponent]
            result = self.tagged.tagged(self.tagged.unknown("power", interval), self.tagged.tags(simple, exponent))
            self.facts.append(implied(simple > 0, result > 0))
            self._powers[key] = result
        return self._powers[key]

    # -- reductions

    def inner(self, node: Reduce, at: At) -> dict[str, Any]:
        """Give the index inside a reduction: the same for all over one dimension."""
        return self.with_coarser({**at, **{name: f"each {name}" for name in node.over}}, at)

    def reduce(self, node: Reduce, at: At) -> Any:
        """Give a reduction; a sum or mean as products of what is outside it and unknowns."""
        inner = self.inner(node, at)
        value, taken = self.term(node, inner)
        frame = self._frame(node, at, inner)
        if node.function not in {"sum", "count", "mean"}:
            return self._unknown(node.function, frame, simplified(value), simplified(taken))
        function = "mean" if node.function == "mean" else "sum"
        try:
            terms = self.algebra.polynomial(value)
        except TooLargeError:
            return self._unknown(function, frame, simplified(value), simplified(taken))
        result = ZERO
        for monomial, factor in terms.items():
            result = result + exact(factor) * self._summed(function, frame, monomial, simplified(taken))
        return result

    def _frame(self, node: Reduce, at: At, inner: At) -> Frame:
        """Give what a reduction goes over, the coarser steps of the clock inside which it stays, and its own tags."""
        coarser = {
            name for step in node.over if self.methodology.step(step) for name in coarser_steps(self.methodology, step)
        }
        bounds = tuple(sorted((name, tag) for name, tag in at.items() if name in coarser))
        return frozenset(node.over), bounds, frozenset(str(inner[name]) for name in node.over)

    def _summed(self, function: str, frame: Frame, monomial: Monomial, taken: Any) -> Any:
        """Give the sum of a product: what does not depend on the index, times an unknown for the rest."""
        outer = tuple(part for part in monomial if not self.depends(part[0], frame[2]))
        rest = tuple(part for part in monomial if part not in outer)
        if function == "mean" and not rest:
            return self.algebra.term(outer)
        if function == "sum":
            frame, rest, taken = self._flat(frame, rest, taken)
        unknown = self._unknown(function, frame, self.algebra.term(rest), taken, rest)
        return self.algebra.term(outer) * unknown if outer else unknown

    def _flat(self, frame: Frame, rest: Monomial, taken: Any) -> tuple[Frame, Monomial, Any]:
        """Join a sum of sums into one, when nothing else depends on the inner index."""
        over, bounds, tags = frame
        for part in rest:
            inside = self._by_unknown.get(part[0])
            if inside is None or inside.function != "sum" or inside.monomial is None or part[1] != 1:
                continue
            inner_over, inner_bounds, inner_tags = inside.frame
            others = tuple(other for other in rest if other != part)
            tied = any(self.depends(number, inner_tags) for number, _ in others)
            if (
                tied
                or inner_tags & tags
                or any(str(tag) in tags for _, tag in inner_bounds)
                or _meets(self.tagged.tags(taken), inner_tags)
            ):
                continue
            joined = (over | inner_over, tuple(sorted({*bounds, *inner_bounds})), tags | inner_tags)
            return self._flat(
                joined, tuple(sorted((*others, *inside.monomial))), simplified(every([taken, inside.taken]))
            )
        return frame, rest, taken

    def _unknown(self, function: str, frame: Frame, value: Any, taken: Any, monomial: Monomial | None = None) -> Any:
        content = ("term", value.get_id()) if monomial is None else monomial
        key = (function, frame, content, taken.get_id())
        if key not in self.reductions:
            self.tagged.kept += [value, taken]
            _, bounds, tags = frame
            outer = (self.tagged.tags(value, taken) - tags) | {str(tag) for _, tag in bounds}
            unknown = self.tagged.tagged(self.tagged.unknown(function), outer)
            self.reductions[key] = _Reduction(unknown, function, frame, value, taken, monomial)
            self._by_unknown[unknown.get_id()] = self.reductions[key]
        return self.reductions[key].unknown

    def has_enough(self, node: Reduce, at: At, least: int) -> Any:
        """Say that a reduction takes enough values."""
        inner = self.inner(node, at)
        taken = simplified(self.truth(node.where, inner)) if node.where is not None else TRUE
        return self._unknown("sum", self._frame(node, at, inner), ONE, taken, ()) >= least

    # -- what is known beyond the sums of products

    def settle(self) -> None:
        """Add what the solver proves of the reductions: their signs, and which of them are equal."""
        known = list(self.reductions.values())
        for reduction in known:
            self._signs_of(reduction)
        pairs = 0
        for position, one in enumerate(known):
            for other in known[:position]:
                if pairs < MAX_PAIRS and (one.function, one.frame) == (other.function, other.frame):
                    pairs += 1
                    self._compare(one, other)

    def _signs_of(self, reduction: _Reduction) -> None:
        if reduction.function == "stdev":
            self.facts.append(reduction.unknown >= 0)
            return
        if self._proved(reduction.value >= 0, reduction.taken):
            self.facts.append(reduction.unknown >= 0)
        elif self._proved(reduction.value <= 0, reduction.taken):
            self.facts.append(reduction.unknown <= 0)

    def _compare(self, one: _Reduction, other: _Reduction) -> None:
        if one.function == "sum":
            claim = chosen(one.taken, one.value, ZERO) == chosen(other.taken, other.value, ZERO)
        else:
            claim = every([one.taken == other.taken, implied(one.taken, one.value == other.value)])
        if self._proved(claim):
            self.facts.append(one.unknown == other.unknown)

    def _proved(self, claim: Any, *given: Any) -> bool:
        return self.setting.solver.holds(claim, [*self.facts, *given], LEMMA_MS).proved

    def cancels(self, difference: Any) -> bool:
        """Whether a difference is zero because the terms of its sums over the same members cancel."""
        try:
            terms = self.algebra.polynomial(difference)
        except TooLargeError:
            return False
        groups: dict[tuple[Any, ...], list[tuple[Fraction, _Reduction]]] = {}
        rest = 0
        for monomial, factor in terms.items():
            inside = [
                self._by_unknown[number] for number, power in monomial if number in self._by_unknown and power == 1
            ]
            if len(inside) != 1 or inside[0].function not in {"sum", "mean"}:
                rest += 1
                continue
            (reduction,) = inside
            outer = tuple(part for part in monomial if part[0] != reduction.unknown.get_id())
            taken = reduction.taken.get_id() if reduction.function == "mean" else 0
            groups.setdefault((outer, reduction.function, reduction.frame, taken), []).append((factor, reduction))
        return all([self._is_nothing(group) for group in groups.values()]) and rest == 0  # noqa: C419 (each adds a fact)

    def _is_nothing(self, group: list[tuple[Fraction, _Reduction]]) -> bool:
        """Prove that the terms of several sums add up to nothing at every index, and so the sums."""
        terms, whole = ZERO, ZERO
        for factor, reduction in group:
            terms = terms + exact(factor) * chosen(reduction.taken, reduction.value, ZERO)
            whole = whole + exact(factor) * reduction.unknown
        if not self._proved(terms == 0):
            return False
        self.facts.append(whole == 0)
        return True

    # -- where there is a value

    def needs(self, name: str) -> dict[int, Any]:
        """Collect what must hold so that all formulas a quantity depends on have a value, at the indices written so far."""
        found: dict[int, Any] = {}
        needed = self.joint.needed(name)
        for equation, place in list(self._equations):
            if equation not in needed:
                continue
            tree = self.setting.trees[equation]
            initial = {id(part) for node in initial_values(tree) for part in walk(node)}
            for part in reached(Reached(tree, dict(place)), self):
                if id(part.node) in initial:
                    continue  # needed at the first step only
                for claim in self._claims(part):
                    wanted = simplified(implied(every(part.under), claim))
                    if not holds_always(wanted):
                        self.tagged.kept.append(wanted)
                        found[wanted.get_id()] = wanted
        return found

    def _claims(self, part: Reached) -> list[Any]:
        if isinstance(part.node, Cases) and part.node.otherwise is None:
            return [some([self.truth(when, part.at) for when, _ in part.node.branches])]
        need = need_of(part.node, self.setting.enclosures)
        return [need.claim(part.at, self)] if need is not None else []


def initial_values(tree: Node) -> list[Node]:
    """List what counts at the first step only."""
    return [part.initial for part in walk(tree) if isinstance(part, Previous)]


def _meets(own: frozenset[str], tags: frozenset[str]) -> bool:
    return bool(own & tags) or own >= _ANY


def exact_scale(value: Any, scale: tuple[Fraction, Fraction]) -> Any:
    """Change the unit of a term."""
    factor, offset = scale
    return value if scale == SAME else value * exact(factor) + exact(offset)

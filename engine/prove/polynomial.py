"""Reads terms of the solver, and writes them as sums of products; what is not arithmetic is a factor of its own.

Exact. Two terms with the same sum of products are equal for all values; nothing is said of those whose sums differ.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import z3

Monomial = tuple[tuple[int, int], ...]
Polynomial = dict[Monomial, Fraction]

MAX_TERMS = 1500
MAX_BITS = 20_000


class TooLargeError(Exception):
    """A sum of products has more terms than are worth the time."""


class Algebra:
    """Sums of products over factors, each known by the number of its term."""

    def __init__(self) -> None:
        self.factors: dict[int, Any] = {}
        self._known: dict[int, tuple[Any, Polynomial]] = {}

    def polynomial(self, term: Any) -> Polynomial:
        """Write a term as a sum of products.

        Raises:
            TooLargeError: there would be too many of them.
        """
        known = self._known.get(term.get_id())
        if known is None:
            known = self._known[term.get_id()] = (term, self._written(term))
        return known[1]

    def _written(self, term: Any) -> Polynomial:
        if z3.is_rational_value(term) or z3.is_int_value(term):
            return self.constant(_value(term))
        if z3.is_add(term):
            total: Polynomial = {}
            for part in term.children():
                _add(total, self.polynomial(part), Fraction(1))
            return total
        if z3.is_sub(term):
            first, *others = term.children()
            total = dict(self.polynomial(first))
            for part in others:
                _add(total, self.polynomial(part), Fraction(-1))
            return total
        if z3.is_mul(term):
            product = self.constant(Fraction(1))
            for part in term.children():
                product = self.product(product, self.polynomial(part))
            return product
        if z3.is_app_of(term, z3.Z3_OP_UMINUS):
            return self.product(self.constant(Fraction(-1)), self.polynomial(term.children()[0]))
        return self._factor(z3.simplify(term))

    def _factor(self, term: Any) -> Polynomial:
        if z3.is_rational_value(term) or z3.is_int_value(term):
            return self.constant(_value(term))
        self.factors[term.get_id()] = term
        return {((term.get_id(), 1),): Fraction(1)}

    def constant(self, value: Fraction) -> Polynomial:
        """Write an exact number."""
        return {(): value} if value else {}

    def product(self, one: Polynomial, other: Polynomial) -> Polynomial:
        """Multiply two sums out."""
        if len(one) * len(other) > MAX_TERMS:
            raise TooLargeError
        total: Polynomial = {}
        for left, left_factor in one.items():
            for right, right_factor in other.items():
                powers = dict(left)
                for number, power in right:
                    powers[number] = powers.get(number, 0) + power
                _add(total, {tuple(sorted(powers.items())): left_factor * right_factor}, Fraction(1))
        return total

    def term(self, monomial: Monomial) -> Any:
        """Write a product as a term of the solver."""
        factors = [self.factors[number] for number, power in monomial for _ in range(power)]
        result = z3.RealVal(1)
        for position, factor in enumerate(factors):
            result = factor if position == 0 else result * factor
        return result

    def same(self, one: Any, other: Any) -> bool:
        """Whether two terms have the same sum of products."""
        try:
            total = dict(self.polynomial(one))
            _add(total, self.polynomial(other), Fraction(-1))
        except TooLargeError:
            return False
        return not total


def simplified(term: Any) -> Any:
    """Write a term in the solver's own simple form."""
    return z3.simplify(term, som=True)


def holds_always(term: Any) -> bool:
    """Whether a condition in simple form is true."""
    return bool(z3.is_true(term))


def unknowns_in(term: Any) -> Iterator[Any]:
    """Go through the unknowns of a term, each once."""
    stack, seen = [term], set()
    while stack:
        part = stack.pop()
        if part.get_id() in seen:
            continue
        seen.add(part.get_id())
        if part.num_args():
            stack.extend(part.children())
        elif part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            yield part


def is_unknown(term: Any) -> bool:
    """Whether a term is an unknown, and no number and nothing composed."""
    return bool(z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED)


def _add(total: Polynomial, other: Polynomial, sign: Fraction) -> None:
    for monomial, factor in other.items():
        value = total.get(monomial, Fraction(0)) + sign * factor
        if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            raise TooLargeError
        if value:
            total[monomial] = value
        else:
            total.pop(monomial, None)
    if len(total) > MAX_TERMS:
        raise TooLargeError


def _value(term: Any) -> Fraction:
    if z3.is_int_value(term):
        return Fraction(term.as_long())
    return Fraction(term.numerator_as_long(), term.denominator_as_long())

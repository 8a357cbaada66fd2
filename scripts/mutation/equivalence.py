"""Proves that a mutant means the same as the spec it was made of, or gives up.

Two specs mean the same when they take the same inputs, and every equation, condition and output has the same
value for all of them. A parameter in another unit of the same dimension holds the same quantity, because an
input carries its unit. Each equation is compared with the others taken as they are, which is enough: equations
do not depend on themselves.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import z3

from tonne.engine.check.identity import same
from tonne.engine.check.infer import Inference
from tonne.engine.prove.encode import Generic
from tonne.engine.prove.facts import Range, range_of
from tonne.engine.prove.solver import holds
from tonne.engine.result.result import ROLES
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Bounds, Parameter
from tonne.engine.spec.tree import Convert, Name, Node, Number, Reduce, transform, walk
from tonne.engine.units import conversion

LOOKED_UP = {"factor", "default", "option"}


class _Differs(Exception):  # noqa: N818
    """It is not proved that the two mean the same."""


def same_meaning(right: Methodology, right_inference: Inference, wrong: Methodology, wrong_inference: Inference) -> str:
    """Say why two specs mean the same; empty when that is not proved."""
    try:
        reasons = list(_Comparison(right, right_inference, wrong, wrong_inference).reasons())
    except _Differs:
        return ""
    return "; ".join(dict.fromkeys(reasons)) or "nothing that is computed differs"


class _Comparison:
    def __init__(self, right: Methodology, right_inference: Inference, wrong: Methodology, wrong_inference: Inference) -> None:
        self.right, self.wrong = right, wrong
        self.trees, self.wrong_trees = right_inference.trees, wrong_inference.trees
        self.tests, self.wrong_tests = right_inference.tests, wrong_inference.tests
        self.generic = Generic(right, self.trees)
        self.scaled: dict[str, tuple[Fraction, Fraction]] = {}

    def reasons(self) -> Iterator[str]:
        """Give what differs and why that does not matter.

        Raises:
            _Differs: something differs, or is not proved to be the same.
        """
        _require(set(self.right.quantities) == set(self.wrong.quantities))
        _require((self.right.options, self.right.fixed_options) == (self.wrong.options, self.wrong.fixed_options))
        for name, quantity in self.right.quantities.items():
            other = self.wrong.quantities[name]
            _require(quantity.is_parameter is other.is_parameter)
            if quantity.is_parameter:
                yield from self._parameter(quantity, other)
            else:
                _require((quantity.unit, quantity.over) == (other.unit, other.over))
        for name, tree in self.trees.items():
            yield from self._equation(self.right.quantities[name], tree, self._in_right_units(self.wrong_trees[name]))
        _require(set(self.tests) == set(self.wrong_tests))
        for name, test in self.tests.items():
            other_test = self._in_right_units(self.wrong_tests[name])
            if test != other_test:
                _require(self._proved(lambda test=test, other=other_test: self.generic.truth(test, {}) == self.generic.truth(other, {})))  # type: ignore[misc]
                yield f"condition {name} is proved to hold for the same inputs"
        yield from self._outputs()

    # -- parameters

    def _parameter(self, right: Quantity, wrong: Quantity) -> Iterator[str]:
        one, other = right.parameter, wrong.parameter
        changed = {field for field in Parameter.model_fields if getattr(one, field) != getattr(other, field)}
        _require(changed <= {"unit", "over", "when", "bounds"})
        if "unit" in changed:
            _require(one.from_ not in {"default", "option"} and right.unit.same_dimension(wrong.unit))
            self.scaled[right.id] = conversion(right.unit, wrong.unit)
            yield f"{right.id} is the same quantity in another unit; an input carries its unit"
        if "over" in changed:
            _require(one.from_ == "default" and not one.replaceable)
            yield f"{right.id} is one constant at every index"
        if "when" in changed:
            _require(one.from_ in LOOKED_UP)
            yield f"{right.id} is looked up where an equation needs it, whatever `when:` says"
        if changed & {"unit", "bounds"}:
            yield from self._limits(right, wrong)

    def _limits(self, right: Quantity, wrong: Quantity) -> Iterator[str]:
        if right.parameter.from_ in LOOKED_UP:
            _require(self._inside(self.right, right) and self._inside(self.wrong, wrong))
            yield f"every value that {right.id} can have lies inside both bounds"
            return
        factor, offset = self.scaled.get(right.id, (Fraction(1), Fraction(0)))
        one, other = right.parameter.bounds or Bounds(), wrong.parameter.bounds or Bounds()
        for end in Bounds.model_fields:
            limit, found = getattr(one, end), getattr(other, end)
            _require(found == (None if limit is None else limit * factor + offset))

    def _inside(self, methodology: Methodology, quantity: Quantity) -> bool:
        """Whether the values of a default or of a table column lie inside the bounds."""
        known = range_of(methodology, quantity)
        bounds = quantity.parameter.bounds or Bounds()
        allowed = Range(bounds.min, bounds.max, bounds.above, bounds.below)
        values = [value for value in (known.low, known.high, *known.values) if value is not None]
        return bool(values) and not quantity.parameter.replaceable and all(allowed.holds(value) for value in values)

    # -- formulas

    def _in_right_units(self, tree: Node) -> Node:
        """Write a formula of the mutant with the parameters of the original."""

        def change(node: Node) -> Node:
            if isinstance(node, Name) and node.id in self.scaled:
                factor, offset = self.scaled[node.id]
                return Convert(node, factor, offset, "", "")
            return node

        return transform(tree, change) if self.scaled else tree

    def _equation(self, quantity: Quantity, right: Node, wrong: Node) -> Iterator[str]:
        if right == wrong:
            return
        at = self.generic.start(quantity.over)
        wrong = self._with_known_sums(right, wrong, at)
        if same(right, wrong, self.trees) == "proved":
            yield f"{quantity.id} is the same sum of terms"
        else:
            _require(self._proved(lambda: self.generic.number(right, at) == self.generic.number(wrong, at)))
            yield f"{quantity.id} is proved to be the same for all inputs"

    def _with_known_sums(self, right: Node, wrong: Node, at: Mapping[str, Any]) -> Node:
        """Put the original's reductions in the place of those whose terms are proved to be the same."""
        known = [part for part in walk(right) if isinstance(part, Reduce) and part.where is None]

        def change(node: Node) -> Node:
            if not isinstance(node, Reduce) or node.where is not None:
                return node
            for part in known:
                if part == node or ((part.function, part.over) == (node.function, node.over) and self._same_terms(part, node, at)):
                    return part
            return node

        return transform(wrong, change)

    def _same_terms(self, one: Reduce, other: Reduce, at: Mapping[str, Any]) -> bool:
        inner = self.generic.inner(one, at)
        return self._proved(lambda: self.generic.number(one.body, inner) == self.generic.number(other.body, inner))

    def _proved(self, claim: Any) -> bool:
        try:
            made = claim()
            return holds(made, self.generic.facts).proved
        except (z3.Z3Exception, KeyError, TypeError):
            return False

    # -- outputs

    def _outputs(self) -> Iterator[str]:
        one, other = self.right.spec.outputs, self.wrong.spec.outputs
        if one == other:
            return
        if one is None or other is None:
            raise _Differs
        _require((one.reported, one.rounding) == (other.reported, other.rounding))
        for role in ROLES:
            names = getattr(one, role), getattr(other, role)
            if names[0] == names[1]:
                continue
            over = {self.right.quantities[name].over for name in names if name}
            _require(len(over) == 1)
            left, right = (Name(name) if name else Number(Fraction(0)) for name in names)
            _require(same(left, right, self.trees) == "proved")
            yield f"{names[0] or 0} and {names[1] or 0} are the same for all inputs"


def _require(condition: bool) -> None:
    if not condition:
        raise _Differs

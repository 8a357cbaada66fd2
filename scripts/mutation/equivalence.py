"""Proves that a mutant means the same as the spec it was made of, or gives up.

Two specs mean the same when they take the same inputs, and every equation, condition and output has the same
value for all of them. A parameter in another unit of the same dimension holds the same quantity, because an
input carries its unit. Formulas are compared by exact algebra, once for every combination of options; each with
the others taken as they are, which is enough, because equations do not depend on themselves. Comparisons of
numbers are not looked into: boundaries that no value can tell apart are not proved here.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod

from tonne.engine.check.identity import same
from tonne.engine.check.kinds import Inference
from tonne.engine.plan import settled
from tonne.engine.result.result import ROLES
from tonne.engine.spec.methodology import Methodology, Quantity, column_unit
from tonne.engine.spec.models import Bounds, Parameter
from tonne.engine.spec.tree import (
    Arithmetic,
    Compare,
    Convert,
    Logic,
    Name,
    Node,
    Not,
    Number,
    Reduce,
    transform,
    walk,
)
from tonne.engine.units import conversion

LOOKED_UP = {"factor", "default", "option"}
MAX_COMBINATIONS = 1000

Trees = Mapping[str, Node]


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
    def __init__(
        self, right: Methodology, right_inference: Inference, wrong: Methodology, wrong_inference: Inference
    ) -> None:
        self.right, self.wrong = right, wrong
        self.trees, self.wrong_trees = right_inference.trees, wrong_inference.trees
        self.tests, self.wrong_tests = right_inference.tests, wrong_inference.tests
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
            yield from self._equation(name, tree, self._in_right_units(self.wrong_trees[name]))
        _require(set(self.tests) == set(self.wrong_tests))
        for name, test in self.tests.items():
            yield from self._condition(name, test, self._in_right_units(self.wrong_tests[name]))
        yield from self._outputs()

    # -- parameters

    def _parameter(self, right: Quantity, wrong: Quantity) -> Iterator[str]:
        one, other = right.parameter, wrong.parameter
        changed = {field for field in Parameter.model_fields if getattr(one, field) != getattr(other, field)}
        _require(changed <= {"unit", "over", "when", "bounds"})
        if "unit" in changed:
            _require(one.from_ not in {"default", "option"} and right.unit.same_dimension(wrong.unit))
            self.scaled[right.id] = conversion(right.unit, wrong.unit)
            yield f"{right.id} is the same quantity in another unit, because an input carries its unit"
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
            _require(_lies_inside(self.right, right) and _lies_inside(self.wrong, wrong))
            if right.parameter.bounds != wrong.parameter.bounds:
                yield f"every value that {right.id} can have lies inside both bounds"
            return
        factor, offset = self.scaled.get(right.id, (Fraction(1), Fraction(0)))
        one, other = right.parameter.bounds or Bounds(), wrong.parameter.bounds or Bounds()
        for end in Bounds.model_fields:
            limit, found = getattr(one, end), getattr(other, end)
            _require(found == (None if limit is None else limit * factor + offset))

    # -- formulas

    def _in_right_units(self, tree: Node) -> Node:
        """Write a formula of the mutant with the parameters of the original."""

        def change(node: Node) -> Node:
            if isinstance(node, Name) and node.id in self.scaled:
                factor, offset = self.scaled[node.id]
                return Convert(node, factor, offset, "", "")
            return node

        return transform(tree, change) if self.scaled else tree

    def _equation(self, name: str, right: Node, wrong: Node) -> Iterator[str]:
        if right == wrong:
            return
        for choices in self._combinations():
            trees = {other: settled(tree, self.right, choices) for other, tree in self.trees.items()}
            _require(_same_value(trees[name], settled(wrong, self.right, choices), trees))
        yield f"{name} is proved to be the same for all inputs"

    def _combinations(self) -> Iterator[Mapping[str, str]]:
        """Give every combination of options."""
        options = self.right.options
        _require(not any(option.over for option in options.values()))
        values = [
            [self.right.fixed_options[name]] if name in self.right.fixed_options else list(option.values)
            for name, option in options.items()
        ]
        _require(prod(map(len, values)) <= MAX_COMBINATIONS)
        return (dict(zip(options, chosen, strict=True)) for chosen in product(*values))

    def _condition(self, name: str, right: Node, wrong: Node) -> Iterator[str]:
        if right != wrong:
            _require(self._same_truth(right, wrong))
            yield f"condition {name} is proved to hold for the same inputs"

    def _same_truth(self, right: Node, wrong: Node) -> bool:
        if isinstance(right, Compare) and isinstance(wrong, Compare) and right.operator == wrong.operator:
            one, other = (Arithmetic("-", node.left, node.right) for node in (right, wrong))
            factors = [Fraction(1), *(factor for factor, _ in self.scaled.values())]
            return any(
                _same_value(Convert(one, factor, Fraction(0), "", ""), other, self.trees)
                for factor in factors
                if factor > 0
            )
        same_kind = type(right) is type(wrong) and getattr(right, "operator", "") == getattr(wrong, "operator", "")
        if not same_kind or not isinstance(right, Logic | Not):
            return right == wrong
        return all(self._same_truth(one, other) for one, other in zip(right.children, wrong.children, strict=True))

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


def _lies_inside(methodology: Methodology, quantity: Quantity) -> bool:
    """Whether every value that is looked up lies inside the bounds."""
    parameter = quantity.parameter
    if parameter.replaceable:
        return False
    bounds = parameter.bounds or Bounds()
    return all(
        (bounds.min is None or value >= bounds.min)
        and (bounds.max is None or value <= bounds.max)
        and (bounds.above is None or value > bounds.above)
        and (bounds.below is None or value < bounds.below)
        for value in _looked_up(methodology, quantity)
    )


def _looked_up(methodology: Methodology, quantity: Quantity) -> list[Fraction]:
    parameter = quantity.parameter
    if parameter.from_ == "factor":
        table = methodology.tables[str(parameter.table)]
        factor, offset = conversion(column_unit(table, parameter), quantity.unit)
        found = (row.values.get(str(parameter.column)) for row in table.rows.values())
        return [Fraction(value) * factor + offset for value in found if value is not None]
    return list((parameter.by or {}).values()) + [value for value in [parameter.value] if value is not None]


def _same_value(right: Node, wrong: Node, trees: Trees) -> bool:
    return right == wrong or same(right, _with_known_sums(right, wrong, trees), trees) == "proved"


def _with_known_sums(right: Node, wrong: Node, trees: Trees) -> Node:
    """Put the original's reductions in the place of those whose terms are proved to be the same."""
    known = [part for part in walk(right) if isinstance(part, Reduce)]

    def change(node: Node) -> Node:
        if not isinstance(node, Reduce):
            return node
        alike = (
            part
            for part in known
            if (part.function, part.over, part.where) == (node.function, node.over, node.where)
            and _same_value(part.body, node.body, trees)
        )
        return next(alike, node)

    return transform(wrong, change)


def _require(condition: bool) -> None:
    if not condition:
        raise _Differs

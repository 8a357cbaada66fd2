"""Proves that a mutant means the same as the spec it was made of, or gives up.

Two specs mean the same when they take the same inputs, and every equation, condition and output has the same
value for all of them. A parameter in another unit of the same dimension holds the same quantity, because an
input carries its unit. Formulas are compared by exact algebra, once for every combination of the options they name;
each with the others taken as they are, which is enough, because equations do not depend on themselves. Under choices
for which no output and no condition reads a quantity, its formula may be any. Comparisons of
numbers are not looked into: boundaries that no value can tell apart are not proved here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

from tonne.engine.check.identity import same
from tonne.engine.check.kinds import Inference
from tonne.engine.plan import FALSE, TRUE, make_plan, settled
from tonne.engine.result.result import ROLES
from tonne.engine.spec.methodology import Methodology, Quantity, column_unit
from tonne.engine.spec.models import Bounds, Parameter
from tonne.engine.spec.tree import (
    Arithmetic,
    Cases,
    Chosen,
    Compare,
    Convert,
    Logic,
    Name,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
    transform,
    walk,
)
from tonne.engine.units import conversion

LOOKED_UP = {"factor", "default", "option"}
MAX_COMBINATIONS = 1000

FEW = 300
HOMOGENEOUS = {"sum", "mean", "minimum", "maximum"}

Trees = Mapping[str, Node]
Choices = Mapping[str, str]


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
        self.right_inference, self.wrong_inference = right_inference, wrong_inference
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
                yield from self._unit_of_equation(quantity, other)
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
            _require(
                self._given_alike(right.id, TRUE) and (one.from_ not in LOOKED_UP or self._given_alike(right.id, FALSE))
            )
            yield f"{right.id} is asked for under the same choices"
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

    def _unit_of_equation(self, right: Quantity, wrong: Quantity) -> Iterator[str]:
        _require(right.over == wrong.over)
        if right.unit == wrong.unit:
            return
        outputs = self.right.spec.outputs
        shown = {getattr(outputs, role) for role in ROLES} | set(outputs.reported) if outputs else set()
        earlier = {part.name for tree in self.trees.values() for part in walk(tree) if isinstance(part, Previous)}
        _require(right.id not in shown | earlier and right.unit.same_dimension(wrong.unit))
        factor, offset = conversion(right.unit, wrong.unit)
        _require(not offset)
        self.scaled[right.id] = factor, offset
        yield f"{right.id} is the same quantity in another unit, and what reads it converts it"

    def _in_right_units(self, tree: Node) -> Node:
        """Write a formula of the mutant with the parameters of the original."""

        def change(node: Node) -> Node:
            if isinstance(node, Name) and node.id in self.scaled:
                factor, offset = self.scaled[node.id]
                return Convert(node, factor, offset, "", "")
            return node

        return transform(transform(tree, change), _converted_inside) if self.scaled else tree

    def _equation(self, name: str, right: Node, wrong: Node) -> Iterator[str]:
        if self.scaled:
            right = transform(right, _converted_inside)
        if name in self.scaled:
            wrong = _converted_inside(Convert(wrong, 1 / self.scaled[name][0], Fraction(0), "", ""))
        if right == wrong:
            return
        if not self._same_value(right, wrong, self.trees):
            for choices in self._combinations(right, wrong):
                whole = self._of_the_project(choices)
                trees = {other: settled(tree, self.right, whole) for other, tree in self.trees.items()}
                one, other = (settled(tree, self.right, choices) for tree in (right, wrong))
                _require(self._same_value(one, other, trees) or not self._is_read(name, whole))
        yield f"{name} is proved to be the same for all inputs"

    def _combinations(self, *trees: Node) -> Iterator[Choices]:
        """Give every combination of the options that formulas name, and of others where that is not too many.

        An option that is chosen for each member may be taken as one choice in a formula at one index.
        """
        options = self.right.options
        parts = [part for tree in trees for part in walk(tree)]
        named = list(dict.fromkeys(part.option for part in parts if isinstance(part, Chosen)))
        by_member = [name for name in named if options[name].over]
        _require(not by_member or not any(isinstance(part, Reduce | Previous) for part in parts))
        values = {
            name: [self.right.fixed_options[name]] if name in self.right.fixed_options else list(option.values)
            for name, option in options.items()
        }
        _require(prod(len(values[name]) for name in named) <= MAX_COMBINATIONS)
        for name, option in options.items():
            if name not in named and not option.over and prod(len(values[each]) for each in [*named, name]) <= FEW:
                named.append(name)
        return (dict(zip(named, chosen, strict=True)) for chosen in product(*(values[name] for name in named)))

    def _of_the_project(self, choices: Choices) -> Choices:
        return {name: value for name, value in choices.items() if not self.right.options[name].over}

    def _is_read(self, name: str, choices: Choices) -> bool:
        """Whether outputs or conditions may need a quantity under some choices, in either spec."""
        plans = (
            make_plan(self.right, choices, self.right_inference),
            make_plan(self.wrong, choices, self.wrong_inference),
        )
        return any(name in plan.needed or name in plan.steps for plan in plans)

    def _given_alike(self, name: str, deciding: Node) -> bool:
        """Whether `when:` is settled to be true, or false, under the same choices, wherever a parameter is read.

        Where it is true, a value is required, and elsewhere by the formula that reads it alone; where it is false,
        nothing is looked up.
        """
        whens = [inference.whens.get(name, TRUE) for inference in (self.right_inference, self.wrong_inference)]
        asked = [{part.option for part in walk(when) if isinstance(part, Chosen)} for when in whens]
        readers = [tree for tree in self.trees.values() if Name(name) in walk(tree)]
        _require(
            asked[0] ^ asked[1] <= {part.option for tree in readers for part in walk(tree) if isinstance(part, Chosen)}
        )
        for choices in self._combinations(*whens):
            known = choices if deciding == FALSE else self._of_the_project(choices)
            one, other = (settled(when, self.right, known) for when in whens)
            if (one == deciding) is not (other == deciding) and self._is_read(name, self._of_the_project(choices)):
                return False
        return True

    def _condition(self, name: str, right: Node, wrong: Node) -> Iterator[str]:
        if right == wrong:
            return
        if not self._same_truth(right, wrong):
            asked = next(item.when for item in self.right.conditions if item.spec.id == name) or TRUE
            for choices in self._combinations(right, wrong, asked):
                if settled(asked, self.right, choices) != FALSE:
                    one, other = (settled(test, self.right, choices) for test in (right, wrong))
                    _require(self._same_truth(one, other))
        yield f"condition {name} is proved to hold for the same inputs"

    def _same_value(self, right: Node, wrong: Node, trees: Trees) -> bool:
        if right == wrong or same(right, self._with_known_sums(right, wrong, trees), trees) == "proved":
            return True
        if not isinstance(right, Cases) or not isinstance(wrong, Cases) or len(right.children) != len(wrong.children):
            return False
        branches = list(zip(right.branches, wrong.branches, strict=False))
        if len(right.branches) != len(wrong.branches) or not all(self._same_truth(a[0], b[0]) for a, b in branches):
            return False
        values = [(one[1], other[1]) for one, other in branches]
        if right.otherwise is not None and wrong.otherwise is not None:
            values.append((right.otherwise, wrong.otherwise))
        return all(self._same_value(one, other, trees) for one, other in values)

    def _with_known_sums(self, right: Node, wrong: Node, trees: Trees) -> Node:
        """Put the original's reductions in the place of those whose terms are proved to be the same."""
        known = [part for part in walk(right) if isinstance(part, Reduce)]

        def change(node: Node) -> Node:
            if not isinstance(node, Reduce):
                return node
            alike = (
                part
                for part in known
                if (part.function, part.over, part.where) == (node.function, node.over, node.where)
                and self._same_value(part.body, node.body, trees)
            )
            return next(alike, node)

        return transform(wrong, change)

    def _same_truth(self, right: Node, wrong: Node) -> bool:
        if isinstance(right, Compare) and isinstance(wrong, Compare) and right.operator == wrong.operator:
            one, other = (Arithmetic("-", node.left, node.right) for node in (right, wrong))
            factors = [Fraction(1), *(factor for factor, _ in self.scaled.values())]
            return any(
                self._same_value(Convert(one, factor, Fraction(0), "", ""), other, self.trees)
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


def _converted_inside(node: Node) -> Node:
    """Take a conversion by a factor into the branches and terms of what is converted."""
    if not isinstance(node, Convert) or node.offset or node.factor <= 0:
        return node

    def inside(part: Node) -> Node:
        return _converted_inside(Convert(part, node.factor, Fraction(0), "", ""))

    what = node.operand
    if isinstance(what, Convert) and not what.offset:
        factor = node.factor * what.factor
        return what.operand if factor == 1 else Convert(what.operand, factor, Fraction(0), "", "")
    if isinstance(what, Cases):
        otherwise = None if what.otherwise is None else inside(what.otherwise)
        return Cases(tuple((when, inside(value)) for when, value in what.branches), otherwise)
    if isinstance(what, Reduce) and what.function in HOMOGENEOUS:
        return replace(what, body=inside(what.body))
    return node


def _require(condition: bool) -> None:
    if not condition:
        raise _Differs

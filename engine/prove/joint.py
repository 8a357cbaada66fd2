"""Puts two methodologies into one vocabulary, so that a quantity of both is one unknown.

A quantity means the same in both when it has the same name, index set and kind, and a unit of the same
dimension; a change of unit is put into the formulas of the second. What does not mean the same stands beside
it under a name of its own. Nothing is proved here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.check.order import dependencies, groups, reachable
from tonne.engine.errors import SpecError
from tonne.engine.plan import FALSE, TRUE, refuse_cycles
from tonne.engine.prove.facts import Range, meet, range_of, ranges_of, unsatisfiable
from tonne.engine.prove.interval import point
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Dimension, Option, Text
from tonne.engine.spec.tree import Chosen, Convert, Name, Node, Previous, transform, walk
from tonne.engine.units import Unit, conversion

SECOND = "second "

Scale = tuple[Fraction, Fraction]

SAME: Scale = (Fraction(1), Fraction(0))


@dataclass
class Joint:
    """Two methodologies in one vocabulary: that of the first, and of the second what is its own.

    `names` leads from names of the second to joint ones; `scales` from a joint value to that of the second;
    `ranges` gives what both allow; `restricted` the options of which only the choices that both have are looked at;
    `obstacles` why a quantity cannot be compared.
    """

    first: Methodology
    second: Methodology
    inferences: tuple[Inference, Inference]
    methodology: Methodology
    trees: dict[str, Node] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    scales: dict[str, Scale] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    obstacles: dict[str, Text] = field(default_factory=dict)
    restricted: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def needed(self, *names: str) -> set[str]:
        """Collect all that quantities depend on, themselves included."""
        return reachable(self.trees, names)

    def scale(self, name: str) -> Scale:
        """Give factor and offset from a joint value to that of the second's quantity."""
        return self.scales.get(name, (Fraction(1), Fraction(0)))


def join(
    first: Methodology,
    second: Methodology,
    *,
    moved: Mapping[str, str] | None = None,
    equal: frozenset[str] = frozenset(),
    tied: bool = True,
) -> Joint:
    """Put two methodologies into one vocabulary.

    Args:
        first: the one whose names and units count.
        second: the other.
        moved: names of the second that the first has under another name.
        equal: names of equations of the first that the second has as well, proved equal.
        tied: constants keep their values, so that different ones are different quantities; otherwise different
            constants are taken for one input.

    Raises:
        SpecError: units or index sets of one of the two do not fit.
    """
    inferences = (infer(first), infer(second))
    for methodology, inference in zip((first, second), inferences, strict=True):
        if inference.problems:
            raise SpecError(inference.problems)
        refuse_cycles(methodology, inference.trees)
    return _Joiner(first, second, inferences, moved or {}, equal, tied).join()


class _Joiner:
    def __init__(
        self,
        first: Methodology,
        second: Methodology,
        inferences: tuple[Inference, Inference],
        moved: Mapping[str, str],
        equal: frozenset[str],
        tied: bool,
    ) -> None:
        self.first, self.second = first, second
        self.moved, self.equal, self.tied = moved, equal, tied
        self.quantities: dict[str, Quantity] = dict(first.quantities)
        self.dimensions: dict[str, Dimension] = {**second.dimensions, **first.dimensions}
        self.all_options: dict[str, Option] = dict(first.options)
        self.fixed: dict[str, str] = dict(first.fixed_options)
        bare = replace(first, spec=first.spec.model_copy(update={"outputs": None, "claims": None}), conditions=())
        self.joint = Joint(first, second, inferences, bare)

    def join(self) -> Joint:
        """Go through options, parameters and equations, what is needed first."""
        for name, option in self.second.options.items():
            self._option(name, option)
        self.joint.ranges.update(ranges_of(self.first))
        for name in self.first.parameters:
            self.quantities[name] = self._coupled(self.quantities[name], {})
        for name in self.second.parameters:
            self._parameter(name)
        self.joint.trees.update({name: self._restricted(tree) for name, tree in self.joint.inferences[0].trees.items()})
        trees = self.joint.inferences[1].trees
        for group in groups({name: dependencies(tree, trees) for name, tree in trees.items()}):
            self._group(group)
        self._odd_dimensions()
        for name in unsatisfiable(self.joint.ranges):
            self.joint.obstacles.setdefault(name, _no_value(name))
        self.joint.methodology = replace(
            self.joint.methodology,
            quantities=self.quantities,
            dimensions=self.dimensions,
            options=self.all_options,
            fixed_options=self.fixed,
        )
        return self.joint

    def _own(self, name: str) -> str:
        """Give a name to what only the second has."""
        taken = name in self.quantities or name in self.all_options or name in self.first.dimensions
        return SECOND + name if taken else name

    # -- options

    def _option(self, name: str, option: Option) -> None:
        known = self.first.options.get(name)
        if known is not None:
            both = [value for value in known.values if value in option.values]
            alike = known.over == option.over
            fixed = self.first.fixed_options.get(name) == self.second.fixed_options.get(name)
            if both and alike and fixed:
                self.joint.options[name] = name
                self.all_options[name] = known.model_copy(update={"values": both})
                if set(known.values) != set(option.values):
                    self.joint.restricted.add(name)
                return
        own = self._own(name)
        self.joint.options[name] = own
        self.all_options[own] = option
        if name in self.second.fixed_options:
            self.fixed[own] = self.second.fixed_options[name]

    def _restricted(self, tree: Node) -> Node:
        """Take choices that only one of the two has for not made."""
        return transform(tree, self._possible)

    def _possible(self, node: Node) -> Node:
        if isinstance(node, Chosen) and node.value not in self.all_options[node.option].values:
            return FALSE if node.equal else TRUE
        return node

    # -- parameters

    def _parameter(self, name: str) -> None:
        other = self.second.quantities[name]
        target = self.moved.get(name, name)
        known = self.first.quantities.get(target)
        if known is None:
            self._separate(name, None)
            return
        reason = _misfit(known, other)
        if reason is not None:
            self._separate(name, reason)
            self.joint.obstacles[target] = reason
            return
        scale = conversion(known.unit, other.unit)
        if self.tied and not _same_input(known, other, scale):
            self._separate(name, None)
            self._fix(target, known)
            self._fix(self.joint.names[name], other)
            return
        self._share(name, target, known, scale)

    def _separate(self, name: str, reason: Text | None) -> None:
        own = self._own(name)
        self.joint.names[name] = own
        other = self.second.quantities[name]
        self.quantities[own] = self._coupled(replace(other, id=own), self.joint.options)
        self.joint.ranges[own] = range_of(self.second, other)
        if reason is not None:
            self.joint.obstacles[own] = reason

    def _fix(self, joint: str, quantity: Quantity) -> None:
        """Take a default that differs for what the project does not give."""
        default = _default(quantity)
        if default is not None:
            self.joint.ranges[joint] = Range(point(default), (default,))

    def _coupled(self, quantity: Quantity, names: Mapping[str, str]) -> Quantity:
        """Couple a value by option to the joint option, for the choices that both have."""
        parameter = quantity.parameter
        if parameter.from_ != "option" or not parameter.by:
            return quantity
        option = quantity.prefix + str(parameter.option)
        joint = names.get(option, option)
        by = {choice: value for choice, value in parameter.by.items() if choice in self.all_options[joint].values}
        return replace(quantity, prefix="", spec=parameter.model_copy(update={"option": joint, "by": by}))

    def _share(self, name: str, target: str, known: Quantity, scale: Scale) -> None:
        other = self.second.quantities[name]
        self.joint.names[name] = target
        self.joint.shared.add(target)
        self.joint.scales[name] = scale
        if known.unit.is_flag or ((_is_constant(known) or _is_constant(other)) and _same_input(known, other, scale)):
            self._fix(target, known)
            return
        own, its = (_unfixed(quantity) for quantity in (known, other))
        interval = range_of(self.second, its).interval * point(1 / scale[0]) + point(-scale[1] / scale[0])
        both = Range(meet(range_of(self.first, own).interval, interval))
        if both.is_empty:
            self.joint.obstacles[target] = _no_value(target)
            return
        self.joint.ranges[target] = both
        self.quantities[target] = own

    # -- equations

    def _group(self, group: list[str]) -> None:
        trees = self.joint.inferences[1].trees
        targets = {name: self.moved.get(name, name) for name in group}
        self.joint.names.update(targets)
        if all(self._is_same(name, targets, trees[name]) for name in group):
            for name in group:
                self.joint.shared.add(targets[name])
                scale = conversion(self.first.quantities[targets[name]].unit, self.second.quantities[name].unit)
                self.joint.scales[name] = scale
            return
        for name in group:
            target = targets[name]
            known = self.first.quantities.get(target)
            if known is not None and known.tree is None:
                self.joint.obstacles[target] = _kinds(name)
                self.joint.obstacles[self._own(name)] = _kinds(name)
            own = self._own(name)
            self.joint.names[name] = own
            self.quantities[own] = replace(self.second.quantities[name], id=own)
        for name in group:
            self.joint.trees[self.joint.names[name]] = transform(trees[name], self._renamed)

    def _is_same(self, name: str, targets: Mapping[str, str], tree: Node) -> bool:
        known = self.first.quantities.get(targets[name])
        if known is None or targets[name] not in self.equal or _misfit(known, self.second.quantities[name]) is not None:
            return False
        for part in walk(tree):
            used = part.id if isinstance(part, Name) else part.name if isinstance(part, Previous) else ""
            outside = used in self.second.quantities and used not in targets
            if outside and self.joint.names[used] not in self.joint.shared:
                return False
            if isinstance(part, Chosen) and self.joint.options[part.option] != part.option:
                return False
        return True

    def _renamed(self, node: Node) -> Node:
        if isinstance(node, Name) and node.id in self.second.quantities:
            return self._converted(Name(self.joint.names[node.id], span=node.span), node.id)
        if isinstance(node, Previous):
            factor, offset = self.joint.scale(node.name)
            initial = _convert(node.initial, (1 / factor, -offset / factor))
            earlier = Previous(self.joint.names[node.name], node.dimension, initial, span=node.span)
            return self._converted(earlier, node.name)
        if isinstance(node, Chosen):
            return self._possible(replace(node, option=self.joint.options[node.option]))
        return node

    def _converted(self, node: Node, name: str) -> Node:
        return _convert(node, self.joint.scale(name))

    # -- dimensions

    def _odd_dimensions(self) -> None:
        """What goes over a dimension that the two declare differently cannot be compared."""
        for name, dimension in self.second.dimensions.items():
            known = self.first.dimensions.get(name)
            if known is None or (known.time, _members(known)) == (dimension.time, _members(dimension)):
                continue
            why = Text(zh=f"维度 {name} 在两者中的定义不同", en=f"dimension {name} is declared differently in the two")
            for quantity, spec in self.quantities.items():
                if name in spec.over:
                    self.joint.obstacles.setdefault(quantity, why)


def _members(dimension: Dimension) -> list[str] | str | None:
    return list(dimension.members) if isinstance(dimension.members, dict | list) else dimension.members


def _misfit(one: Quantity, other: Quantity) -> Text | None:
    """Say why two quantities of one name are not the same, if so."""
    if (one.tree is None) != (other.tree is None):
        return _kinds(one.id)
    if set(one.over) != set(other.over):
        sets = f"[{', '.join(one.over)}]", f"[{', '.join(other.over)}]"
        return Text(
            zh=f"{one.id} 的指标集由 {sets[0]} 变为 {sets[1]}",
            en=f"{one.id} is over {sets[0]} in the first and {sets[1]} in the second",
        )
    if not one.unit.same_dimension(other.unit):
        return Text(
            zh=f"{one.id} 的单位 {one.unit.text} 与 {other.unit.text} 量纲不同",
            en=f"{one.id} is in {one.unit.text} in the first and in {other.unit.text} in the second, which measure different things",
        )
    return None


def _no_value(name: str) -> Text:
    return Text(zh=f"{name} 没有双方取值范围都允许的数值", en=f"no value of {name} lies inside the bounds of both")


def _kinds(name: str) -> Text:
    return Text(
        zh=f"{name} 在一方为参数，在另一方为公式", en=f"{name} is a parameter in one and an equation in the other"
    )


def _is_constant(quantity: Quantity) -> bool:
    """Whether no project can give the value."""
    return quantity.parameter.from_ == "option" or (
        _default(quantity) is not None and not quantity.parameter.replaceable
    )


def _default(quantity: Quantity) -> Fraction | None:
    return quantity.parameter.value if quantity.parameter.from_ == "default" else None


def _same_input(one: Quantity, other: Quantity, scale: Scale) -> bool:
    """Whether two parameters take the same value in every project that gives both what it can."""
    factor, offset = scale
    own, its = _default(one), _default(other)
    if own is not None and its is not None:
        return own * factor + offset == its
    if one.parameter.from_ == other.parameter.from_ == "option":
        by = {choice: value * factor + offset for choice, value in (one.parameter.by or {}).items()}
        return one.parameter.option == other.parameter.option and by == other.parameter.by
    return not _is_constant(one) and not _is_constant(other)


def _unfixed(quantity: Quantity) -> Quantity:
    """Take a constant for an input."""
    if not _is_constant(quantity):
        return quantity
    freed = {"from_": "fixed", "value": None, "by": None, "option": None}
    return replace(quantity, spec=quantity.parameter.model_copy(update=freed))


def _convert(node: Node, scale: Scale) -> Node:
    factor, offset = scale
    return node if factor == 1 and offset == 0 else Convert(node, factor, offset, "", "", span=node.span)


def result_scale(joint: Joint, first: str, second: str) -> Scale | Text:
    """Give factor and offset from a result of the second to one of the first, or say why there are none."""
    one, other = joint.methodology.quantities[first], joint.methodology.quantities[second]
    reason = _misfit(one, other)
    return reason if reason is not None else _factor(other.unit, one.unit)


def _factor(origin: Unit, target: Unit) -> Scale:
    return conversion(origin, target)

"""What a part of a formula needs in order to have a value, in words and for the solver."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tonne.engine.prove.enclosure import Enclosures
from tonne.engine.prove.encode import At
from tonne.engine.prove.generic import Generic, dimensions_of
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import FALSE, TRUE
from tonne.engine.spec.tree import Arithmetic, Call, Name, Node, Number, Previous, Reduce

Kind = Literal["not zero", "positive", "not negative", "enough", "given"]


@dataclass(frozen=True)
class Need:
    """What must hold of an operand; of a reduction, how many values it takes; of a parameter, when it is given."""

    kind: Kind
    operand: Node
    zh: str
    en: str
    least: int = 0
    when: Node | None = None

    def is_met(self, enclosures: Enclosures) -> bool:
        """Whether the need is met wherever the operand has a value, by its enclosure alone."""
        if self.kind in {"enough", "given"}:
            return False
        values = enclosures.of(self.operand)
        if self.kind == "not negative":
            return values.is_nonnegative
        return values.is_positive or (self.kind == "not zero" and values.is_negative)

    def claim(self, at: At, encoder: Generic | Small) -> Any:
        """Say for the solver that the need is met at an index."""
        if isinstance(self.operand, Reduce) and self.kind == "enough":
            return encoder.has_enough(self.operand, at, self.least)
        if self.when is not None:
            return _given(self.when, self.operand, at, encoder)
        if self.is_met(encoder.setting.enclosures):
            return TRUE
        value = encoder.number(self.operand, at)
        return {"not zero": value != 0, "positive": value > 0}.get(self.kind, value >= 0)


def need_of_parameter(node: Node, whens: Mapping[str, Node]) -> Need | None:
    """Say what a name needs of a parameter that data give only where its `when:` holds; None of any other."""
    name = node.id if isinstance(node, Name) else node.name if isinstance(node, Previous) else ""
    if name not in whens:
        return None
    zh, en = f"仅在 {name} 的 when 条件成立处用到该参数", f"{name} is used only where its `when:` holds"
    return Need("given", node, zh, en, when=whens[name])


def _given(when: Node, node: Node, at: At, encoder: Generic | Small) -> Any:
    """Say that a condition holds where a parameter is named; for an earlier value, at the step before."""
    if not isinstance(node, Previous):
        return encoder.truth(when, at)
    if isinstance(encoder, Small):
        return TRUE if encoder.is_first(node, at) else encoder.truth(when, encoder.earlier(node, at))
    return FALSE if dimensions_of(when, encoder.methodology) else encoder.truth(when, at)


def need_of(node: Node, enclosures: Enclosures) -> Need | None:
    """Say what a part needs in order to have a value; None when nothing."""
    if isinstance(node, Arithmetic) and node.operator == "/":
        never = isinstance(node.right, Number) and node.right.value != 0
        return None if never else Need("not zero", node.right, "除数不为零", "the divisor is not zero")
    if isinstance(node, Arithmetic) and node.operator == "**":
        return _power(node, enclosures)
    if isinstance(node, Call) and node.function == "log":
        return Need("positive", node.arguments[0], "对数的真数大于零", "the logarithm is of a positive number")
    if isinstance(node, Call) and node.function == "sqrt":
        return Need(
            "not negative", node.arguments[0], "被开方数不小于零", "the root is of a number that is not negative"
        )
    return _enough(node, enclosures) if isinstance(node, Reduce) else None


def _power(node: Arithmetic, enclosures: Enclosures) -> Need | None:
    exponent = enclosures.of(node.right)
    if exponent.low is not None and exponent.is_point and exponent.low.denominator == 1:
        return (
            Need("not zero", node.left, "底数不为零", "the base of the power is not zero")
            if exponent.low <= 0
            else None
        )
    if exponent.is_positive:
        return Need("not negative", node.left, "底数不小于零", "the base of the power is not negative")
    return Need("positive", node.left, "底数大于零", "the base of the power is positive")


def _enough(node: Reduce, enclosures: Enclosures) -> Need | None:
    """Say how many values a reduction needs; without a condition data give one, and a day has many hours."""
    if node.function == "stdev" and (node.where is not None or not {"hour", "minute"}.intersection(node.over)):
        return Need("enough", node, "标准差至少有两个数值", "the standard deviation is of two values at least", 2)
    if node.function in {"mean", "minimum", "maximum"} and not enclosures.takes_something(node):
        return Need(
            "enough", node, "至少有一个成员满足筛选条件", "at least one member meets the condition of the reduction", 1
        )
    return None

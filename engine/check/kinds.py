"""What the unit check says of a node: its kind, the conversions it inserts, and how a misfit is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tonne.engine.errors import Problem, in_file_order
from tonne.engine.spec.tree import Arithmetic, Negate, Node, Number
from tonne.engine.units import Unit, dimension_words

Indices = frozenset[str]


@dataclass(frozen=True)
class Kind:
    """What a node is: unit (None for a bare zero), index set, and whether it is a condition or a temperature."""

    unit: Unit | None
    over: Indices
    condition: bool = False
    absolute: bool = False


@dataclass(frozen=True)
class Conversion:
    """A change of unit that the checker inserted."""

    quantity: str
    origin: str
    target: str
    factor: Fraction
    offset: Fraction


@dataclass(frozen=True)
class Inference:
    """The completed trees of a methodology, and what did not fit."""

    trees: Mapping[str, Node]
    whens: Mapping[str, Node]
    tests: Mapping[str, Node]
    conversions: tuple[Conversion, ...]
    unit_problems: tuple[Problem, ...]
    index_problems: tuple[Problem, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that keeps the methodology from being computed."""
        return tuple(in_file_order(self.index_problems + self.unit_problems))


class Misfit(Exception):  # noqa: N818
    """A part of a formula does not fit: by its unit or by its index set."""

    def __init__(
        self,
        kind: str,
        what: str,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.kind, self.what, self.expected, self.found, self.hint = kind, what, expected, found, hint
        self.node: Node | None = None


def kind_words(kind: Kind) -> str:
    """Name the unit of a kind, in messages."""
    return (
        "a condition"
        if kind.condition
        else f"{kind.unit.text} {dimension_words(kind.unit.dimension)}"
        if kind.unit
        else "0"
    )


def constant_of(node: Node) -> Fraction | None:
    """Give the number that a formula of numbers alone is; None for any other."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negate) and isinstance(node.operand, Number):
        return -node.operand.value
    if isinstance(node, Arithmetic) and node.operator == "/":
        left, right = constant_of(node.left), constant_of(node.right)
        return left / right if left is not None and right else None
    return None

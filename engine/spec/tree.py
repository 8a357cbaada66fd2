"""The nodes of a formula; what a node means is said by the passes that walk them.

A tree is made by `expression.parse`, completed by linking (cases, options) and by the unit check
(conversions), and from then on is the single origin of what is printed, computed and proved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a formula; the span is its place in the text."""

    span: Span = field(default=(0, 0), compare=False, repr=False)

    @property
    def children(self) -> tuple["Node", ...]:
        """The parts of the node, in the order they are written."""
        return ()

    def rebuilt(self, children: tuple["Node", ...]) -> "Node":
        """Make the same node of other parts."""
        return self


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An exact number; `text` is how it was written."""

    value: Fraction
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """The value of a parameter or equation, or the label of a time dimension."""

    id: str


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """Minus."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, operand=children[0])


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+ - * / **` of two operands."""

    operator: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, left=children[0], right=children[1])


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`== != < <= > >=` of two operands."""

    operator: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, left=children[0], right=children[1])


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and`, `or` of two conditions."""

    operator: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, left=children[0], right=children[1])


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The contrary of a condition."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, operand=children[0])


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of values at one index: min max abs exp log sqrt floor ceil round."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, arguments=children)


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """A function over all indices of dimensions: sum mean minimum maximum count stdev."""

    function: str
    body: Node
    over: tuple[str, ...]
    where: Node | None = None

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,) if self.where is None else (self.body, self.where)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, body=children[0], where=children[1] if len(children) > 1 else None)


@dataclass(frozen=True, slots=True)
class Previous(Node):
    """The value of a quantity one step earlier; at the first step the initial value."""

    name: str
    dimension: str
    initial: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.initial,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, initial=children[0])


@dataclass(frozen=True, slots=True)
class Chosen(Node):
    """Whether an option has a value; made of `option == value` by linking."""

    option: str
    value: str
    equal: bool = True


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """The expression of the first condition that holds; without `otherwise` one must hold."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None = None

    @property
    def children(self) -> tuple[Node, ...]:
        flat = tuple(part for branch in self.branches for part in branch)
        return flat if self.otherwise is None else (*flat, self.otherwise)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        count = 2 * len(self.branches)
        branches = tuple(zip(children[0:count:2], children[1:count:2], strict=True))
        return replace(self, branches=branches, otherwise=children[count] if len(children) > count else None)


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """A change of unit that the unit check inserts: value * factor + offset."""

    operand: Node
    factor: Fraction
    offset: Fraction
    origin: str
    target: str

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return replace(self, operand=children[0])


def walk(node: Node) -> Iterator[Node]:
    """Go through a node and all its parts, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """Rebuild a tree bottom-up, each node through `change`."""
    children = node.children
    changed = tuple(transform(child, change) for child in children)
    return change(node if all(a is b for a, b in zip(changed, children, strict=True)) else node.rebuilt(changed))


def names_in(node: Node) -> set[str]:
    """Collect the quantities a formula uses, those of earlier steps included."""
    return {
        part.id if isinstance(part, Name) else part.name for part in walk(node) if isinstance(part, Name | Previous)
    }


def depth(node: Node) -> int:
    """Count the levels of a tree, without recursion."""
    deepest = 0
    stack = [(node, 1)]
    while stack:
        current, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in current.children)
    return deepest

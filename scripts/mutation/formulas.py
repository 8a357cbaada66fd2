"""Makes wrong formulas out of a right one, each with one change; says nothing of who notices."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from tonne.engine.spec.tree import Arithmetic, Call, Compare, Logic, Name, Negate, Node, Not, Number, Reduce

OPERATORS = ("+", "-", "*", "/", "**")
REDUCTIONS = ("sum", "mean", "maximum")
COMPARISONS = {
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
}

Changed = tuple[str, Node]


@dataclass(frozen=True)
class Surroundings:
    """What a formula can name: quantities by dimension of their unit, options with values, dimensions."""

    alike: Mapping[str, tuple[str, ...]]
    options: Mapping[str, tuple[str, ...]]
    dimensions: tuple[str, ...]


def numbers_near(value: Fraction) -> list[Fraction]:
    """Give the wrong numbers that stand in for a number: twice, one more, zero, the inverse."""
    wrong = [value * 2, value + 1, Fraction(0), 1 / value if value else Fraction(0)]
    return [number for number in dict.fromkeys(wrong) if number != value]


def wrong_formulas(tree: Node, around: Surroundings) -> Iterator[Changed]:
    """Give every formula that differs from the right one at one node, with the kind of the change."""
    if not is_condition(tree) and tree != Number(Fraction(0)):
        yield "sign", Negate(tree)
    yield from _everywhere(tree, around, lambda node: node)


def is_condition(node: Node) -> bool:
    """Whether a node is true or false."""
    return isinstance(node, Compare | Logic | Not)


def _everywhere(node: Node, around: Surroundings, whole: Callable[[Node], Node]) -> Iterator[Changed]:
    for kind, wrong in _wrong_nodes(node, around):
        yield kind, whole(wrong)
    if _choice(node, around):
        return
    children = node.children
    for position, child in enumerate(children):

        def rebuilt(part: Node, position: int = position) -> Node:
            return whole(node.rebuilt((*children[:position], part, *children[position + 1 :])))

        yield from _everywhere(child, around, rebuilt)


def _choice(node: Node, around: Surroundings) -> bool:
    """Whether a comparison says which value an option has."""
    return isinstance(node, Compare) and isinstance(node.left, Name) and node.left.id in around.options


def _wrong_nodes(node: Node, around: Surroundings) -> Iterator[Changed]:
    if isinstance(node, Number):
        yield from (("constant", Number(value)) for value in numbers_near(node.value))
    elif isinstance(node, Name):
        yield from (("reference", Name(name)) for name in around.alike.get(node.id, ()))
    elif isinstance(node, Arithmetic):
        yield from _wrong_arithmetic(node)
    elif isinstance(node, Compare):
        yield from _wrong_comparison(node, around)
    elif isinstance(node, Logic):
        yield "boundary", replace(node, operator="or" if node.operator == "and" else "and")
        yield "boundary", Not(node)
        yield "boundary", node.left
        yield "boundary", node.right
    elif isinstance(node, Not):
        yield "boundary", node.operand
    elif isinstance(node, Reduce):
        yield from _wrong_reduction(node, around)
    elif isinstance(node, Call) and len(node.arguments) > 1:
        yield from (("dropped", argument) for argument in node.arguments)
        if node.function in {"min", "max"}:
            yield "operator", replace(node, function="max" if node.function == "min" else "min")


def _wrong_arithmetic(node: Arithmetic) -> Iterator[Changed]:
    yield from (("operator", replace(node, operator=other)) for other in OPERATORS if other != node.operator)
    yield "dropped", node.left
    if node.operator in "+*":
        yield "dropped", node.right
    elif node.operator == "-":
        yield "dropped", Negate(node.right)
    if node.operator in "+-":
        yield "sign", replace(node, left=Negate(node.left))
        yield "sign", replace(node, right=Negate(node.right))


def _wrong_comparison(node: Compare, around: Surroundings) -> Iterator[Changed]:
    yield from (("boundary", replace(node, operator=other)) for other in COMPARISONS[node.operator])
    yield "boundary", Not(node)
    if _choice(node, around) and isinstance(node.left, Name) and isinstance(node.right, Name):
        values = around.options[node.left.id]
        yield from (("option", replace(node, right=Name(value))) for value in values if value != node.right.id)


def _wrong_reduction(node: Reduce, around: Surroundings) -> Iterator[Changed]:
    yield from (("operator", replace(node, function=other)) for other in REDUCTIONS if other != node.function)
    for position in range(len(node.over)):
        before, after = node.over[:position], node.over[position + 1 :]
        if before + after:
            yield "index set", replace(node, over=before + after)
        others = [name for name in around.dimensions if name not in node.over]
        yield from (("index set", replace(node, over=(*before, other, *after))) for other in others)
    yield "index set", node.body
    if node.where is not None:
        yield "boundary", replace(node, where=None)

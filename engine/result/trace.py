"""Where a number comes from: its equation, what went into it, down to the values that were given."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from tonne.engine.compute.reference import At
from tonne.engine.data.domain import Index
from tonne.engine.errors import Problem, UnknownNameError, nearest
from tonne.engine.result.result import Result
from tonne.engine.spec.models import Cite
from tonne.engine.spec.tree import Cases, Logic, Name, Node, Previous, Reduce

MAX_DEPTH = 30


@dataclass(frozen=True)
class Trace:
    """A value with what it was made of; a parameter has an origin instead of inputs."""

    id: str
    quantity: str
    value: Decimal
    unit: str
    place: str
    cite: Cite | None
    origin: Mapping[str, Any] | None
    inputs: tuple["Trace", ...]
    left_out: int = 0  # inputs beyond those asked for


def trace(result: Result, name: str, index: Index, depth: int = MAX_DEPTH, most: int | None = None) -> Trace:
    """Trace the value of a quantity at an index.

    Args:
        result: the run.
        name: an equation or parameter.
        index: members in the order of the quantity's index set.
        depth: how many equations deep to go; below it inputs are left out.
        most: how many inputs to take of each equation; all if it is not said.
    """
    value = result.value(name, index)
    step = result.plan.steps.get(name)
    quantity = result.methodology.quantities.get(name)
    inputs: tuple[Trace, ...] = ()
    left_out = 0
    if step is not None and depth > 0:
        at = dict(zip(step.over, index, strict=True))
        found: dict[tuple[str, Index], None] = {}
        _used(step.tree, at, result, found)
        taken = list(islice(found, most))
        inputs = tuple(trace(result, other, position, depth - 1, most) for other, position in taken)
        left_out = len(found) - len(taken)
    return Trace(
        id=result.label(name, index),
        quantity=name,
        value=value,
        unit=result.plan.unit(name).text,
        place=str(quantity.place) if quantity else "",
        cite=quantity.spec.cite if quantity else None,
        origin=None if step else result.dataset.origin(name, index),
        inputs=inputs,
        left_out=left_out,
    )


def find_value(result: Result, text: str) -> tuple[str, Index]:
    """Read the id of a value, such as `BE@2024` or `EG_PJ@2024-03`.

    Raises:
        UnknownNameError: there is no such quantity, or no value there.
    """
    name, _, label = text.partition("@")
    quantity = result.quantity(name)
    known = result.values_of(quantity.id)
    index = result.dataset.domain.parse(quantity.over, label)
    if index is not None and index in known:
        return quantity.id, index
    if not label and len(known) == 1:
        return quantity.id, next(iter(known))
    labels = [result.label(quantity.id, other) for other in sorted(known)]
    if not labels:
        raise UnknownNameError(Problem(f"{quantity.id} is not used under the project's choices"))
    raise UnknownNameError(
        Problem(
            f"no value {text}",
            hint=nearest(text, labels) or f"values are {', '.join(labels[:5])}{' …' if len(labels) > 5 else ''}",
        )
    )


def _used(node: Node, at: At, result: Result, found: dict[tuple[str, Index], None]) -> None:
    """Collect the values that a formula took at an index: of cases only the one that held."""
    domain = result.dataset.domain
    if isinstance(node, Name):
        if node.id not in domain.members:
            found[node.id, domain.position(result.plan.over(node.id), at)] = None
        return
    if isinstance(node, Previous):
        _used_before(node, at, result, found)
        return
    if isinstance(node, Reduce):
        for inner in result.reference.inside(node, at):
            for child in node.children:
                _used(child, inner, result, found)
        return
    if isinstance(node, Cases):
        for when, expression in node.branches:
            _used(when, at, result, found)
            if result.reference.holds(when, at):
                _used(expression, at, result, found)
                return
        if node.otherwise is not None:
            _used(node.otherwise, at, result, found)
        return
    if isinstance(node, Logic):
        _used(node.left, at, result, found)
        if result.reference.holds(node.left, at) == (node.operator == "and"):
            _used(node.right, at, result, found)
        return
    for child in node.children:
        _used(child, at, result, found)


def _used_before(node: Previous, at: At, result: Result, found: dict[tuple[str, Index], None]) -> None:
    domain = result.dataset.domain
    members = domain.members[node.dimension]
    here = domain.positions(node.dimension)[domain.position((node.dimension,), at)[0]]
    if here == 0:
        _used(node.initial, at, result, found)
    else:
        before = {**at, node.dimension: members[here - 1]}
        found[node.name, domain.position(result.plan.over(node.name), before)] = None

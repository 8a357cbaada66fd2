"""Proves that no division, logarithm, root or power can fail for inputs inside the bounds."""

from collections.abc import Iterator
from typing import Any

import z3

from tonne.engine.prove.encode import Small
from tonne.engine.prove.places import Reached, reached, requirement
from tonne.engine.prove.question import Question
from tonne.engine.prove.solver import holds
from tonne.engine.prove.statement import Statement
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Node


def domain_statements(question: Question) -> Iterator[Statement]:
    """Say of every part that could fail whether it can."""
    for quantity in question.methodology.equations.values():
        tree = question.inference.trees.get(quantity.id)
        if tree is None:
            continue
        for part in reached(tree, question.generic.start(quantity.over), question.generic):
            needed = requirement(part, question.generic)
            if needed is not None:
                yield _statement(question, quantity, part, needed)


def _statement(question: Question, quantity: Quantity, part: Reached, needed: tuple[Any, str, str]) -> Statement:
    claim, zh_need, en_need = needed
    zh, en = f"{quantity.id}：{zh_need}", f"{quantity.id}: {en_need}"
    if holds(claim, [*question.generic.facts, *part.under]).proved:
        return Statement("domain.total", quantity.id, zh, en, "proved", place=quantity.place)

    def fails(small: Small) -> Iterator[tuple[Any, Any]]:
        for index in small.domain.indices(quantity.over):
            at = dict(zip(quantity.over, index, strict=True))
            yield _failing(part.node, small, at, quantity), index

    for replay, index in question.search(fails):
        if replay.evaluate(quantity.id, index) is None:
            point = replay.point(f"{quantity.id} has no value")
            return Statement("domain.total", quantity.id, zh, en, "refuted", (point,), place=quantity.place)
    return Statement("domain.total", quantity.id, zh, en, "undecided", limits=question.limits(part.node), place=quantity.place)


def _failing(node: Node, small: Small, at: dict[str, Any], quantity: Quantity) -> Any:
    """Say, for a part that may stand inside a reduction, that it fails at one of the indices it is evaluated at."""
    missing = [name for name in _needs(node, small) if name not in at and name not in _implied(at, small)]
    indices = small.domain.indices(tuple(missing), at) if missing else iter([()])
    claims = []
    for index in indices:
        inner = {**at, **dict(zip(missing, index, strict=True))}
        needed = requirement(Reached(node, inner, ()), small)  # type: ignore[arg-type]
        if needed is not None:
            claims.append(z3.Not(needed[0]))
    return z3.Or(*claims) if claims else z3.BoolVal(False)


def _needs(node: Node, small: Small) -> list[str]:
    from tonne.engine.prove.encode import Generic  # noqa: PLC0415

    free = Generic(small.methodology, small.trees).free(node)
    steps = [name for name in free if small.methodology.step(name)]
    from tonne.engine import calendar  # noqa: PLC0415

    finest = min(steps, key=calendar.STEPS.index) if steps else None
    return [name for name in small.methodology.dimensions if name in free and (name not in steps or name == finest)]


def _implied(at: dict[str, Any], small: Small) -> set[str]:
    from tonne.engine import calendar  # noqa: PLC0415

    steps = [name for name in at if small.methodology.step(name)]
    finest = min(steps, key=calendar.STEPS.index) if steps else None
    return {
        name
        for name in small.methodology.dimensions
        if finest and small.methodology.step(name) and calendar.is_finer(finest, name)
    }

"""Proves that no division, logarithm, root, power or mean can fail for inputs inside the bounds."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from tonne.engine.prove.encode import Key
from tonne.engine.prove.needs import Need, need_of
from tonne.engine.prove.places import Reached, Route, reached, reached_part
from tonne.engine.prove.question import Question, Wanted
from tonne.engine.prove.replay import Replay, Told
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import OutOfTime, Verdict, denied, every
from tonne.engine.prove.statement import Point, Statement
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Node, Reduce, walk


def domain_statements(question: Question) -> Iterator[Statement]:
    """Say of every part that could fail whether it can."""
    for quantity in question.methodology.equations.values():
        tree = question.inference.trees.get(quantity.id)
        if tree is not None:
            yield from _equation(question, quantity, tree)


def _equation(question: Question, quantity: Quantity, tree: Node) -> Iterator[Statement]:
    enclosures = question.setting.enclosures
    needs = [(node, need) for node in walk(tree) if (need := need_of(node, enclosures)) is not None]
    unmet = {id(node): (node, need) for node, need in needs if not need.is_met(enclosures)}
    decided = {} if not unmet or question.solver.is_out_of_time else _proved(question, quantity, tree, unmet)
    for node, need in needs:
        if id(node) not in unmet or decided.get(id(node)):
            yield _said(question, quantity, node, need, "proved")
            continue
        point = None if question.solver.is_out_of_time else _failure(question, quantity, tree, node)
        yield _said(question, quantity, node, need, "refuted" if point else "undecided", point)


def _said(
    question: Question, quantity: Quantity, node: Node, need: Need, verdict: Verdict, point: Point | None = None
) -> Statement:
    return Statement(
        "domain.total",
        quantity.id,
        f"{quantity.id}：{need.zh}",
        f"{quantity.id}: {need.en}",
        verdict,
        (point,) if point else (),
        question.setting.limits_of(need.operand) if verdict == "undecided" else "",
        place=question.methodology.place_of(node, quantity.prefix, quantity.place),
    )


def _proved(question: Question, quantity: Quantity, tree: Node, needs: dict[int, tuple[Node, Need]]) -> dict[int, bool]:
    """Say which needs are met wherever their part is reached; conditions that are too large are left out."""
    decided: dict[int, bool] = {}
    with suppress(OutOfTime):
        decided = _all_proved(question, quantity, tree, needs)
    return decided


def _all_proved(
    question: Question, quantity: Quantity, tree: Node, needs: dict[int, tuple[Node, Need]]
) -> dict[int, bool]:
    generic = question.generic()
    decided: dict[int, bool] = {}
    for part in reached(Reached(tree, generic.start(quantity.over)), generic):
        node, need = needs.get(id(part.node), (None, None))
        if node is None or need is None or question.setting.is_too_large(need.operand):
            continue
        claim = need.claim(part.at, generic)
        under = [
            claim
            for claim, (when, _, _) in zip(part.under, part.way, strict=True)
            if not question.setting.is_too_large(when)
        ]
        proved = question.solver.holds(claim, [*generic.facts, *under]).proved
        decided[id(node)] = decided.get(id(node), True) and proved
    return decided


def _failure(question: Question, quantity: Quantity, tree: Node, node: Node) -> Point | None:
    """Search a point at which a part is reached and has no value."""
    if question.setting.is_too_large(tree):
        return None

    route = Route(tree, node)

    def fails(small: Small) -> Iterator[Wanted]:
        for index, at in small.indices(quantity.id):
            for part in reached_part(route, Reached(tree, at), small):
                need = need_of(node, small.setting.enclosures)
                if need is not None:
                    claim = every([*part.under, denied(need.claim(part.at, small))])
                    yield Wanted(claim, _fails(quantity, index, part, need))

    return question.search(fails)


def _fails(quantity: Quantity, index: Key, part: Reached, need: Need) -> Callable[[Replay], Told | None]:
    def confirm(replay: Replay) -> Told | None:
        if any(replay.truth(when, at) is not held for when, at, held in part.way):
            return None
        if replay.evaluate(part.node, part.at) is not None or replay.value(quantity.id, index) is not None:
            return None
        if need.kind == "enough" and isinstance(need.operand, Reduce):
            taken = replay.taken(need.operand, part.at)
            return (
                (f"{quantity.id} 无值", f"{quantity.id} has no value")
                if taken is not None and taken < need.least
                else None
            )
        operand = replay.evaluate(need.operand, part.at)
        if operand is None:
            return None
        return f"{quantity.id} 无值", f"{quantity.id} has no value"

    return confirm

"""Proves that no division, logarithm, root, power or mean can fail for inputs inside the bounds.

And that a parameter is used only where data give it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from tonne.engine.prove.encode import Key
from tonne.engine.prove.needs import Need, need_of, need_of_parameter
from tonne.engine.prove.places import Reached, Route, reached, reached_part
from tonne.engine.prove.question import Question, Wanted
from tonne.engine.prove.replay import Replay, Told
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import OutOfTime, Verdict, denied, every
from tonne.engine.prove.statement import Point, Statement
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Node, Previous, Reduce, walk


def domain_statements(question: Question) -> Iterator[Statement]:
    """Say of every part that could fail whether it can."""
    for quantity in question.methodology.equations.values():
        tree = question.inference.trees.get(quantity.id)
        if tree is not None:
            yield from _equation(question, quantity, tree)


def _equation(question: Question, quantity: Quantity, tree: Node) -> Iterator[Statement]:
    enclosures = question.setting.enclosures
    needs = [(node, need) for node in walk(tree) if (need := _need(question, node)) is not None]
    unmet = {id(node): (node, need) for node, need in needs if not need.is_met(enclosures)}
    decided = {} if not unmet or question.solver.is_out_of_time else _proved(question, quantity, tree, unmet)
    said: dict[str, Statement] = {}
    for node, need in needs:
        met = id(node) not in unmet or decided.get(id(node), False)
        point = None if met or question.solver.is_out_of_time else _failure(question, quantity, tree, node)
        verdict: Verdict = "proved" if met else "refuted" if point else "undecided"
        place = need.en if need.kind == "given" else str(id(node))  # a parameter may be named more than once
        if place not in said or said[place].verdict == "proved":
            said[place] = _said(question, quantity, node, need, verdict, point)
    yield from said.values()


def _need(question: Question, node: Node) -> Need | None:
    whens = {name: when for name, when in question.inference.whens.items() if name not in question.inference.trees}
    return need_of(node, question.setting.enclosures) or need_of_parameter(node, whens)


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
        question.setting.limits_of(need.operand) if verdict == "undecided" else None,
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
        if node is None or need is None:
            continue
        if question.setting.is_too_large(need.operand):
            decided[id(node)] = False
            continue
        claim = need.claim(part.at, generic)
        under = [
            claim
            for claim, (when, _, _) in zip(part.under, part.way, strict=True)
            if not question.setting.is_too_large(when)
        ]
        proved = question.solver.holds(claim, [*generic.facts, *under]).proved
        decided[id(node)] = decided.get(id(node), True) and proved
    return {number: decided.get(number, True) for number in needs}  # what is never reached cannot fail


def _failure(question: Question, quantity: Quantity, tree: Node, node: Node) -> Point | None:
    """Search a point at which a part is reached and has no value."""
    if question.setting.is_too_large(tree):
        return None

    route = Route(tree, node)

    def fails(small: Small) -> Iterator[Wanted]:
        for index, at in small.indices(quantity.id):
            for part in reached_part(route, Reached(tree, at), small):
                need = _need(question, node)
                if need is not None:
                    claim = every([*part.under, denied(need.claim(part.at, small))])
                    yield Wanted(claim, _fails(quantity, index, part, need))

    return question.search(fails)


def _fails(quantity: Quantity, index: Key, part: Reached, need: Need) -> Callable[[Replay], Told | None]:
    def confirm(replay: Replay) -> Told | None:
        if not replay.computes(quantity.id) or any(replay.truth(when, at) is not held for when, at, held in part.way):
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
        if need.when is not None:
            earlier = isinstance(part.node, Previous)  # the value of a step before that data do not give
            missing = earlier or replay.truth(need.when, part.at) is False
            return (f"{quantity.id} 无值", f"{quantity.id} has no value") if missing else None
        if replay.evaluate(need.operand, part.at) is None:
            return None
        return f"{quantity.id} 无值", f"{quantity.id} has no value"

    return confirm

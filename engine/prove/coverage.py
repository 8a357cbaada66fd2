"""Proves that cases cover the domain, are all needed, and do not overlap with another result."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import z3

from tonne.engine.prove.encode import Small
from tonne.engine.prove.places import Reached, reached
from tonne.engine.prove.question import Question
from tonne.engine.prove.solver import holds, satisfiable
from tonne.engine.prove.statement import Point, Statement
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Cases


def case_statements(question: Question) -> Iterator[Statement]:
    """Say of every list of cases whether it is complete, and whether a case is never reached or hides another."""
    for quantity in question.methodology.equations.values():
        tree = question.inference.trees.get(quantity.id)
        if tree is None:
            continue
        at = question.generic.start(quantity.over)
        for part in reached(tree, at, question.generic):
            if isinstance(part.node, Cases) and not _is_flag(part.node):
                yield from _cases(question, quantity, part.node, part)


def _is_flag(node: Cases) -> bool:
    """Cases that the unit check made of a condition."""
    return len(node.branches) == 1 and node.span != (0, 0) and node.otherwise is not None and node.branches[0][1].span == (0, 0)


def _cases(question: Question, quantity: Quantity, node: Cases, part: Reached) -> Iterator[Statement]:
    conditions = [question.generic.truth(when, part.at) for when, _ in node.branches]
    given = [*question.generic.facts, *part.under]
    if node.otherwise is None:
        yield _complete(question, quantity, node, part, conditions)
    for number, condition in enumerate(conditions):
        before = [z3.Not(earlier) for earlier in conditions[:number]]
        if holds(z3.Not(condition), [*given, *before]).proved:
            yield Statement(
                "cases.unreachable",
                quantity.id,
                f"{quantity.id} 的第 {number + 1} 种情形永远不会出现",
                f"case {number + 1} of {quantity.id} is never reached",
                "refuted",
                place=quantity.place,
            )
    yield from _overlaps(question, quantity, node, part, conditions)


def _complete(question: Question, quantity: Quantity, node: Cases, part: Reached, conditions: list[Any]) -> Statement:
    zh, en = f"{quantity.id} 的各种情形覆盖全部取值", f"the cases of {quantity.id} cover all inputs inside the bounds"
    answer = holds(z3.Or(*conditions), [*question.generic.facts, *part.under])
    if answer.proved:
        return Statement("cases.complete", quantity.id, zh, en, "proved", place=quantity.place)

    def none_holds(small: Small) -> Iterator[tuple[Any, Any]]:
        for index in small.domain.indices(quantity.over):
            at = dict(zip(quantity.over, index, strict=True))
            yield z3.And(*(z3.Not(small.truth(when, at)) for when, _ in node.branches)), index

    for replay, index in question.search(none_holds):
        if replay.evaluate(quantity.id, index) is None:
            point = replay.point(f"no case of {quantity.id} applies")
            return Statement("cases.complete", quantity.id, zh, en, "refuted", (point,), place=quantity.place)
    return Statement("cases.complete", quantity.id, zh, en, "undecided", limits=question.limits(node), place=quantity.place)


def _overlaps(
    question: Question, quantity: Quantity, node: Cases, part: Reached, conditions: list[Any]
) -> Iterator[Statement]:
    """Say where two cases hold and give different values; the first counts, which the author may intend."""
    given = [*question.generic.facts, *part.under]
    for later in range(1, len(conditions)):
        for earlier in range(later):
            both = [conditions[earlier], conditions[later]]
            one, other = (question.generic.number(node.branches[position][1], part.at) for position in (earlier, later))
            if holds(z3.Implies(z3.And(*both), one == other), given).proved:
                continue
            model = satisfiable([*given, *both, one != other])
            if model is None:
                continue
            values = {
                name: question.value(model, variable)
                for (name, _), variable in question.generic.parameters.items()
                if _is_named(variable, both)
            }
            point = Point({name: value for name, value in values.items() if isinstance(value, Fraction)}, {}, "both hold; the first counts")
            yield Statement(
                "cases.overlap",
                quantity.id,
                f"{quantity.id} 的第 {earlier + 1} 与第 {later + 1} 种情形可同时成立且取值不同，以在前者为准",
                f"cases {earlier + 1} and {later + 1} of {quantity.id} can both hold with different values; the first counts",
                "refuted",
                (point,),
                faulty=False,
                place=quantity.place,
            )


def _is_named(variable: Any, claims: list[Any]) -> bool:
    text = " ".join(claim.sexpr() for claim in claims)
    return str(variable) in text

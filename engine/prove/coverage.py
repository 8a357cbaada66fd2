"""Proves that cases cover the domain, are all needed, and do not overlap with another result."""

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tonne.engine.prove.encode import Key
from tonne.engine.prove.generic import Generic
from tonne.engine.prove.places import Reached, Route, reached_part
from tonne.engine.prove.question import Question, Wanted
from tonne.engine.prove.replay import Replay, Told
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import OutOfTime, Verdict, denied, every, some
from tonne.engine.prove.statement import Point, Statement, short
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.models import Equation
from tonne.engine.spec.tree import Cases, Node, Number, walk

MAX_PAIRS = 60


def case_statements(question: Question) -> Iterator[Statement]:
    """Say of every list of cases whether it is complete, whether a case is never reached and whether two overlap."""
    for quantity in question.methodology.equations.values():
        tree = question.inference.trees.get(quantity.id)
        if tree is None:
            continue
        for node in walk(tree):
            if _is_list(node):
                yield from _list(question, quantity, tree, node)


def _list(question: Question, quantity: Quantity, tree: Node, node: Node) -> Iterator[Statement]:
    """Say everything of one list of cases, as far as the time goes."""
    generic = question.generic()
    try:
        for part in reached_part(Route(tree, node), Reached(tree, generic.start(quantity.over)), generic):
            if isinstance(part.node, Cases):
                yield from _List(question, quantity, tree, part.node, part, generic).statements()
    except OutOfTime:
        zh, en = "各种情形覆盖全部取值且互不重叠", "the cases cover all inputs inside the bounds and do not overlap"
        yield _said(question, quantity, "cases.complete", zh, en, "undecided")


def _is_list(node: Node) -> bool:
    """Whether cases are written as such; one branch of 1 or else 0 stands for a condition taken as a number."""
    if not isinstance(node, Cases):
        return False
    values = [expression for _, expression in node.branches] + [node.otherwise]
    return not (len(node.branches) == 1 and values == [Number(value) for value in (1, 0)])  # type: ignore[arg-type]


def _said(
    question: Question, quantity: Quantity, code: str, zh: str, en: str, verdict: Verdict, **more: Any
) -> Statement:
    limits = question.setting.limits_of(question.inference.trees[quantity.id]) if verdict == "undecided" else None
    return Statement(
        code,
        quantity.id,
        f"{quantity.id}：{zh}",
        f"{quantity.id}: {en}",
        verdict,
        limits=limits,
        place=quantity.place,
        **more,
    )


class _List:
    """One list of cases at one place of a formula."""

    def __init__(
        self, question: Question, quantity: Quantity, tree: Node, node: Cases, part: Reached, generic: Generic
    ) -> None:
        self.question, self.quantity, self.tree, self.node = question, quantity, tree, node
        self.generic, self.at, self.under = generic, part.at, part.under
        self.conditions = [generic.truth(when, part.at) for when, _ in node.branches]

    def statements(self) -> Iterator[Statement]:
        """Say everything of the list."""
        if self.node.otherwise is None:
            yield self._complete()
        yield from self._never_reached()
        spec = self.quantity.spec
        if not (isinstance(spec, Equation) and spec.ordered):
            yield from self._overlaps()

    def said(self, code: str, zh: str, en: str, verdict: Verdict, **more: Any) -> Statement:
        """Make a statement on the list."""
        return _said(self.question, self.quantity, code, zh, en, verdict, **more)

    def follows(self, claim: Any, *given: Any) -> bool:
        """Whether a claim follows where the list is reached."""
        if self.question.setting.is_too_large(self.tree):
            return False
        return self.question.solver.holds(claim, [*self.generic.facts, *self.under, *given]).proved

    def _complete(self) -> Statement:
        zh, en = "各种情形覆盖全部取值", "the cases cover all inputs inside the bounds"
        if self.follows(some(self.conditions)):
            return self.said("cases.complete", zh, en, "proved")
        point = self._search(
            lambda small, at: every(denied(small.truth(when, at)) for when, _ in self.node.branches), self._none_applies
        )
        verdict: Verdict = "refuted" if point else "undecided"
        return self.said("cases.complete", zh, en, verdict, points=(point,) if point else ())

    def _none_applies(self, replay: Replay, index: Key, at: Any) -> Told | None:
        if any(replay.truth(when, at) is not False for when, _ in self.node.branches):
            return None
        if not replay.computes(self.quantity.id) or replay.value(self.quantity.id, index) is not None:
            return None
        return f"{self.quantity.id} 无适用情形", f"no case of {self.quantity.id} applies"

    def _never_reached(self) -> Iterator[Statement]:
        """List the cases that cannot occur; those of a module may be meant for other specs that use it."""
        if not self.under or not self.follows(some([])):
            for number, condition in enumerate(self.conditions):
                if self.question.solver.is_out_of_time:
                    zh, en = (
                        f"第{number + 1}种及以后的情形会出现",
                        f"case {number + 1} and those after it can be reached",
                    )
                    yield self.said("cases.unreachable", zh, en, "undecided")
                    return
                before = [denied(earlier) for earlier in self.conditions[:number]]
                if self.follows(denied(condition), *before):
                    zh, en = f"第{number + 1}种情形永远不会出现", f"case {number + 1} is never reached"
                    yield self.said("cases.unreachable", zh, en, "refuted", faulty=not self.quantity.prefix)

    def _overlaps(self) -> Iterator[Statement]:
        """Say whether two cases hold at once with different values; the first counts, which the author may intend."""
        count = len(self.conditions)
        pairs = ((one, one + gap) for gap in range(1, count) for one in range(count - gap))
        told, points, open_pairs = [], [], count * (count - 1) // 2 > MAX_PAIRS
        for one, other in itertools.islice(pairs, MAX_PAIRS):
            together = [self.conditions[one], self.conditions[other]]
            if self.question.solver.holds(some([]), together).proved:
                continue  # as two values of one option: nothing need be known of the values
            values = [self.generic.number(self.node.branches[number][1], self.at) for number in (one, other)]
            if self.follows(values[0] == values[1], *together):
                continue
            point = self._search(self._both(one, other), self._differ(one, other))
            if point is None:
                open_pairs = True
            else:
                told.append((one + 1, other + 1))
                points.append(point)
        if told:
            zh = "、".join(f"第{one}与第{other}种情形" for one, other in told)
            en = ", ".join(f"cases {one} and {other}" for one, other in told)
            zh, en = (
                f"{zh}可同时成立且取值不同，以在前者为准",
                f"{en} can both hold with different values; the first counts",
            )
            yield self.said("cases.overlap", zh, en, "refuted", points=tuple(points), faulty=False)
        elif count > 1:
            zh, en = "任何两种情形不会同时成立而取值不同", "no two cases hold at once with different values"
            yield self.said("cases.overlap", zh, en, "undecided" if open_pairs else "proved", faulty=False)

    def _both(self, one: int, other: int) -> Callable[[Small, Any], Any]:
        def claim(small: Small, at: Any) -> Any:
            (first, value), (second, second_value) = self.node.branches[one], self.node.branches[other]
            different = small.number(value, at) != small.number(second_value, at)
            return every([small.truth(first, at), small.truth(second, at), different])

        return claim

    def _differ(self, one: int, other: int) -> Callable[[Replay, Key, Any], Told | None]:
        def confirm(replay: Replay, _index: Key, at: Any) -> Told | None:
            found: list[Decimal] = []
            for number in (one, other):
                when, expression = self.node.branches[number]
                value = replay.evaluate(expression, at) if replay.truth(when, at) else None
                if value is None:
                    return None
                found.append(value)
            if found[0] == found[1]:
                return None
            zh = f"第{one + 1}种情形得{short(found[0])}，第{other + 1}种得{short(found[1])}"
            return zh, f"case {one + 1} gives {short(found[0])}, case {other + 1} gives {short(found[1])}"

        return confirm

    def _search(
        self, claim: Callable[[Small, Any], Any], confirm: Callable[[Replay, Key, Any], Told | None]
    ) -> Point | None:
        """Search a point at which the list is reached and something holds of it."""
        if self.question.setting.is_too_large(self.node):
            return None

        route = Route(self.tree, self.node)

        def wanted(small: Small) -> Iterator[Wanted]:
            for index, at in small.indices(self.quantity.id):
                for part in reached_part(route, Reached(self.tree, at), small):
                    yield Wanted(every([*part.under, claim(small, part.at)]), _reaching(part, index, confirm))

        return self.question.search(wanted)


def _reaching(
    part: Reached, index: Key, confirm: Callable[[Replay, Key, Any], Told | None]
) -> Callable[[Replay], Told | None]:
    def reach_and_confirm(replay: Replay) -> Told | None:
        if any(replay.truth(when, at) is not held for when, at, held in part.way):
            return None
        return confirm(replay, index, part.at)

    return reach_and_confirm

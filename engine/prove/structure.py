"""Proves what a spec claims of its reduction as a whole: zero without activity, in proportion to it, within the baseline."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

from tonne.engine.check.identity import reduction_identity
from tonne.engine.prove.encode import At
from tonne.engine.prove.generic import LEMMA_MS, Generic
from tonne.engine.prove.needs import need_of
from tonne.engine.prove.places import Reached, reached
from tonne.engine.prove.question import Question, Wanted
from tonne.engine.prove.replay import Replay, Told
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import OutOfTime, denied, every, real, some
from tonne.engine.prove.statement import Statement, short
from tonne.engine.spec.tree import Name, Node, Previous, Reduce, names_in

CLOSE = Decimal("1e-30")


class _Scaled(Generic):
    """A second writing with the activity multiplied by one positive factor; it shares every other unknown."""

    def __init__(self, still: Generic, activity: frozenset[str], factor: Any) -> None:
        super().__init__(still.setting.with_multiples(activity), still.unknowns)
        self.still = still
        self.activity = activity
        self.factor = factor

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        value = self.still.parameter(name, key)
        return self.factor * value if name in self.activity else value

    def reduce(self, node: Reduce, at: At) -> Any:
        key = (node, self.relevant(node, at))
        if key not in self._reductions:
            self._reductions[key] = self._scaled(node, at)
        return self._reductions[key]

    def _scaled(self, node: Reduce, at: At) -> Any:
        before = self.still.reduce(node, at)
        inner = self.inner(node, at)
        (old, old_taken), (new, new_taken) = self.still.term(node, inner), self.term(node, inner)
        if self._follows(old_taken == new_taken):
            if self._follows(new == old, old_taken):
                return before
            if node.function != "count" and self._follows(new == self.factor * old, old_taken):
                return self.factor * before
        return self.unknowns.unknown(node.function)

    def previous(self, node: Previous, at: At) -> Any:
        """Carry proportion from step to step: it holds at first, and a step keeps it."""
        key = (node, tuple(sorted(at.items())))
        if key in self._reductions:
            return self._reductions[key]
        before = self.still.previous(node, at)
        for scaled in (before, self.factor * before):
            self._reductions[key] = scaled
            if self._keeps(node, at, scaled is not before):
                return scaled
        self._reductions[key] = self.unknowns.unknown(f"earlier {node.name}")
        return self._reductions[key]

    def _keeps(self, node: Previous, at: At, grows: bool) -> bool:
        step = _Scaled(self.still, self.activity, self.factor)
        step._reductions = dict(self._reductions)
        factor = self.factor if grows else 1
        initial = step.number(node.initial, at) == factor * self.still.number(node.initial, at)
        value = step.number(Name(node.name), at) == factor * self.still.number(Name(node.name), at)
        return self._follows(initial) and self._follows(value)

    def _follows(self, claim: Any, *given: Any) -> bool:
        return self.setting.solver.holds(claim, [*self.facts, self.factor > 0, *given], LEMMA_MS).proved


class _Claims:
    """The claims of one spec."""

    def __init__(self, question: Question, reduction: str, activity: frozenset[str]) -> None:
        self.question = question
        self.reduction = reduction
        self.activity = activity
        self.quantity = question.methodology.quantities[reduction]
        self.told = ", ".join(sorted(activity))
        self.too_large = question.setting.is_too_large(Name(reduction))

    def said(
        self,
        code: str,
        words: Told,
        proof: Callable[[], bool],
        wanted: Callable[[Small], Iterator[Wanted]],
        setting: Setting,
    ) -> Statement:
        """State a claim: proved, or refuted by a point of a search, or undecided."""
        zh, en = words
        code = f"structure.{code}"
        with suppress(OutOfTime):
            if not self.too_large and proof():
                return Statement(code, self.reduction, zh, en, "proved", place=self.quantity.place)
        point = None if self.too_large else self.question.search(wanted, setting)
        if point is not None:
            return Statement(code, self.reduction, zh, en, "refuted", (point,), place=self.quantity.place)
        limits = setting.limits_of(Name(self.reduction))
        return Statement(code, self.reduction, zh, en, "undecided", limits=limits, place=self.quantity.place)

    def holds(self, claim: Any, given: list[Any]) -> bool:
        """Whether a claim follows."""
        return self.question.solver.holds(claim, given).proved

    def idle(self) -> Statement:
        """Say whether the reduction is zero, and has a value, when every activity is zero."""
        setting = self.question.setting.with_zero(self.activity)

        def proof() -> bool:
            generic = self.question.generic(setting)
            value = generic.number(Name(self.reduction), generic.start(self.quantity.over))
            return self.holds(value == 0, generic.facts) and self._has_value(setting)

        words = (f"{self.told} 均为零时减排量为零", f"the reduction is zero when {self.told} are zero")

        def differs(small: Small) -> Iterator[Wanted]:
            failures = some(self._failures(small))
            for index, at in small.indices(self.reduction):

                def confirm(replay: Replay, index: tuple[Any, ...] = index) -> Told | None:
                    found = replay.value(self.reduction, index)
                    if found == 0:
                        return None
                    if found is None:
                        return "减排量无值", "the reduction has no value"
                    return f"减排量为 {short(found)}", f"the reduction is {short(found)}"

                yield Wanted(small.number(Name(self.reduction), at) != 0, confirm)
                yield Wanted(failures, confirm)

        return self.said("idle", words, proof, differs, setting)

    def _has_value(self, setting: Setting) -> bool:
        """Whether nothing that the reduction needs can fail in this setting."""
        for name in sorted(setting.needed(self.reduction) & set(setting.trees)):
            generic = self.question.generic(setting)
            start = generic.start(self.question.methodology.quantities[name].over)
            for part in reached(Reached(setting.trees[name], start), generic):
                need = need_of(part.node, setting.enclosures)
                if need is None or need.is_met(setting.enclosures):
                    continue
                if not self._depends_on_activity(need.operand):
                    continue
                if not self.holds(need.claim(part.at, generic), [*generic.facts, *part.under]):
                    return False
        return True

    def _failures(self, small: Small) -> Iterator[Any]:
        """Say of each part that the reduction needs that it is reached and has no value."""
        for name in sorted(small.setting.needed(self.reduction) & set(small.setting.trees)):
            for _, at in small.indices(name):
                for part in reached(Reached(small.setting.trees[name], at), small):
                    need = need_of(part.node, small.setting.enclosures)
                    if need is not None:
                        yield every([*part.under, denied(need.claim(part.at, small))])

    def _depends_on_activity(self, operand: Node) -> bool:
        """Whether an operand depends on the activity; of any other the domain statements speak."""
        touched = frozenset().union(*(self.question.setting.affected(name) for name in self.activity))
        return bool(touched & names_in(operand))

    def proportional(self) -> Statement:
        """Say whether the reduction is multiplied by what every activity is multiplied by."""

        def proof() -> bool:
            factor = real("factor")
            still = self.question.generic()
            scaled = _Scaled(still, self.activity, factor)
            at = still.start(self.quantity.over)
            before, after = still.number(Name(self.reduction), at), scaled.number(Name(self.reduction), at)
            return self.holds(after == factor * before, [*still.facts, factor > 0])

        words = (f"减排量与 {self.told} 成正比", f"the reduction is in proportion to {self.told}")
        return self.said("proportional", words, proof, self._out_of_proportion, self.question.setting)

    def _out_of_proportion(self, small: Small) -> Iterator[Wanted]:
        methodology = self.question.methodology
        doubled = {
            (name, index): 2 * small.parameter(name, index)
            for name in sorted(self.activity)
            for index in small.domain.indices(methodology.quantities[name].over)
        }
        other = Small(small.setting, small.unknowns, small.domain, doubled)
        for index, at in small.indices(self.reduction):
            before, after = small.number(Name(self.reduction), at), other.number(Name(self.reduction), at)

            def confirm(replay: Replay, index: tuple[Any, ...] = index) -> Told | None:
                twice = {place: 2 * replay.value_of(*place) for place in doubled}
                double = replay.with_values(twice)
                one, two = replay.value(self.reduction, index), double.value(self.reduction, index)
                if one is None or two is None or not double.is_inside:
                    return None
                if abs(two - 2 * one) <= CLOSE * (abs(one) + abs(two)):
                    return None
                zh = f"{self.told} 加倍时，减排量由 {short(one)} 变为 {short(two)}"
                return zh, f"doubling {self.told} moves the reduction from {short(one)} to {short(two)}"

            yield Wanted(after != 2 * before, confirm)

    def _takes_away(self) -> bool:
        """Whether the reduction is the baseline less amounts that are never below zero, which needs no solver."""
        methodology, setting = self.question.methodology, self.question.setting
        outputs = methodology.spec.outputs
        if outputs is None or reduction_identity(methodology, setting.trees) != "proved":
            return False
        taken = [Name(name) for name in (outputs.project, outputs.leakage) if name]
        return all(setting.enclosures.of(name).is_nonnegative for name in taken)

    def within(self, baseline: str) -> Statement:
        """Say whether the reduction never exceeds the baseline."""

        def proof() -> bool:
            generic = self.question.generic()
            at = generic.start(self.quantity.over)
            claim = generic.number(Name(self.reduction), at) <= generic.number(Name(baseline), at)
            if self.holds(claim, generic.facts):
                return True
            generic.relate_sums()
            return self.holds(claim, generic.facts)

        words = ("减排量不超过基准线排放量", "the reduction never exceeds the baseline emissions")

        if self._takes_away():
            code = "structure.within_baseline"
            return Statement(code, self.reduction, *words, "proved", place=self.quantity.place)

        def exceeds(small: Small) -> Iterator[Wanted]:
            for index, here in small.indices(self.reduction):

                def confirm(replay: Replay, index: tuple[Any, ...] = index) -> Told | None:
                    found, limit = replay.value(self.reduction, index), replay.value(baseline, index)
                    if found is None or limit is None or found <= limit:
                        return None
                    zh = f"减排量为 {short(found)}，基准线排放量为 {short(limit)}"
                    return zh, f"the reduction is {short(found)}, the baseline emissions are {short(limit)}"

                yield Wanted(small.number(Name(self.reduction), here) > small.number(Name(baseline), here), confirm)

        return self.said("within_baseline", words, proof, exceeds, self.question.setting)


def structure_statements(question: Question) -> Iterator[Statement]:
    """Say whether the claims of a spec on its reduction hold."""
    outputs, claims = question.methodology.spec.outputs, question.methodology.spec.claims
    if outputs is None or claims is None:
        return
    activity = frozenset(claims.activity)
    work = _Claims(question, outputs.reduction, activity)
    over = set(question.methodology.quantities[outputs.baseline].over)
    asked: list[Callable[[], Statement]] = []
    if activity:
        asked.append(work.idle)
    if activity and claims.proportional:
        asked.append(work.proportional)
    if claims.within_baseline and over == set(work.quantity.over):
        asked.append(lambda: work.within(outputs.baseline))
    for number, statement in enumerate(asked):
        with question.solver.share(1 / (len(asked) - number)):
            said = statement()
        yield said

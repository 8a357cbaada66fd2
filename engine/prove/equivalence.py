"""Decides whether two formulas or two equations have the same value for all inputs.

Proved equal; or different, with a point and both values from the reference evaluator; or undecided, with the
reason. A proof holds for any number of members of the dimensions; what it does not cover is said.
"""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from tonne.engine.data.domain import Domain, Index
from tonne.engine.prove.encode import At, Unknowns
from tonne.engine.prove.joint import SAME, Joint, Scale, join, result_scale
from tonne.engine.prove.needs import need_of
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.sides import TRIALS, Sides
from tonne.engine.prove.small import Small, small_domains
from tonne.engine.prove.solver import OutOfTime, Solver, number
from tonne.engine.prove.statement import Point, short
from tonne.engine.prove.sums import Sums, exact_scale, initial_values
from tonne.engine.spec.excerpt import alone, with_formula
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import Text
from tonne.engine.spec.tree import Arithmetic, Name, Node, Previous, transform, walk

Outcome = Literal["equal", "different", "undecided"]

PROOF_MS = 2000
SEARCH_MS = 700
SECONDS = 20.0
MAX_INDICES = 2
MISSING_TRIALS = 100
FEW_TRIALS = 6
SHARE = 0.25

INSIDE = Text(zh="在参数取值范围内的一切取值下", en="for all inputs inside the bounds")
FOLLOWED = Text(zh="以所引用各量按其公式展开至参数为前提", en="with what they name followed to the parameters")
WITH_VALUE = Text(zh="以双方各式均有值为限", en="wherever all formulas of both have a value")


@dataclass(frozen=True)
class Comparison:
    """What is known of two quantities.

    `as_written` says that the formulas are the same as written; `first` and `second` are the values at the
    point, in the unit of the first, None where there is none; `why` says what kept it from being decided and
    `limits` what an equality does not cover.
    """

    subject: str
    outcome: Outcome
    as_written: bool = False
    point: Point | None = None
    first: Decimal | None = None
    second: Decimal | None = None
    unit: str = ""
    why: Text | None = None
    limits: Text | None = None

    @property
    def said(self) -> Text:
        """What is known, in one sentence."""
        if self.outcome == "equal":
            limits_zh, limits_en = (f"（{self.limits.zh}）", f" ({self.limits.en})") if self.limits else ("", "")
            if self.as_written:
                return Text(zh=f"与原式相同{limits_zh}", en=f"equal as written{limits_en}")
            return Text(zh=f"已证明{INSIDE.zh}相等{limits_zh}", en=f"proved equal {INSIDE.en}{limits_en}")
        if self.outcome == "different" and self.point is not None:
            one, other = _value_words(self.first, self.unit), _value_words(self.second, self.unit)
            return Text(
                zh=f"不同：{self.point.words('zh')} 时，前者{one[0]}，后者{other[0]}",
                en=f"different: at {self.point.words()}, the first {one[1]} and the second {other[1]}",
            )
        why = self.why or Text(zh="原因不明", en="no reason known")
        return Text(zh=f"未判定：{why.zh}", en=f"not decided: {why.en}")

    def as_data(self) -> dict[str, Any]:
        """Give the comparison as plain data."""
        return {
            "subject": self.subject,
            "outcome": self.outcome,
            "as_written": self.as_written,
            "point": self.point.as_data() if self.point else None,
            "first": None if self.first is None else str(self.first),
            "second": None if self.second is None else str(self.second),
            "unit": self.unit,
            "zh": self.said.zh,
            "en": self.said.en,
            "limits": self.limits.model_dump() if self.limits else None,
        }


def _value_words(value: Decimal | None, unit: str) -> tuple[str, str]:
    if value is None:
        return "无值", "has no value"
    text = short(value) + (f" {unit}" if unit not in {"", "1"} else "")
    return f"为 {text}", f"is {text}"


def same_as(methodology: Methodology, equation: str, text: str) -> Comparison:
    """Decide whether a formula that is typed in is the same as an equation's own.

    What the equation or the formula names, equations too, are inputs; when the two differ so, they are compared
    again with all that they name followed to the parameters.

    Raises:
        TonneError: there is no such equation, or the formula cannot be read or does not fit its unit or index set.
    """
    typed = with_formula(methodology, equation, text)
    local = compared_alone(alone(methodology, equation), alone(typed, equation), equation, equation)
    if local.outcome == "equal":
        return local
    others = frozenset(methodology.equations) - {equation}
    joint = join(methodology, typed, equal=others)
    whole = decide(joint, equation, joint.names[equation])
    return replace(whole, limits=whole.limits or FOLLOWED) if whole.outcome == "equal" else local


def compared_alone(
    first: Methodology,
    second: Methodology,
    equation: str,
    other: str,
    moved: Mapping[str, str] | None = None,
    solver: Solver | None = None,
) -> Comparison:
    """Compare one equation of each of two methodologies that were made by `alone`.

    Args:
        first: the methodology of the one equation.
        second: that of the other.
        equation: the name in the first.
        other: the name in the second.
        moved: names of the second that the first has under another name.
        solver: one whose time limit is that of several questions.
    """
    names = {name: target for name, target in (moved or {}).items() if name in second.quantities}
    joint = join(first, second, moved={**names, other: equation}, tied=False)
    return decide(joint, equation, joint.names[other], solver)


def decide(joint: Joint, first: str, second: str, solver: Solver | None = None) -> Comparison:
    """Decide whether two quantities of a joint vocabulary are equal for all inputs."""
    if first == second:
        return Comparison(first, "equal", as_written=True)
    found = _decided(joint, first, second, solver)
    limits = _choices_of_both(joint)
    return replace(found, limits=found.limits or limits) if found.outcome == "equal" and limits else found


def _choices_of_both(joint: Joint) -> Text | None:
    names = ", ".join(sorted(joint.restricted))
    return Text(zh=f"以双方均有的 {names} 选项为限", en=f"for the choices of {names} that both have") if names else None


def _decided(joint: Joint, first: str, second: str, solver: Solver | None) -> Comparison:
    unit = joint.methodology.quantities[first].unit.text
    scale = result_scale(joint, first, second)
    reason = scale if isinstance(scale, Text) else _obstacle(joint, first, second)
    if isinstance(scale, Text) or reason is not None:
        return Comparison(first, "undecided", unit=unit, why=reason)
    if scale == SAME and joint.trees[first] == _named(joint.trees[second], second, first):
        return Comparison(first, "equal", as_written=True, unit=unit)
    work = _Decision(joint, first, second, scale, solver or Solver(SECONDS))
    return work.by_trials(FEW_TRIALS) or work.by_algebra() or work.by_trials() or work.by_solver() or work.undecided()


def _obstacle(joint: Joint, first: str, second: str) -> Text | None:
    needed = joint.needed(first, second)
    return next((reason for name, reason in joint.obstacles.items() if name in needed), None)


def _named(tree: Node, old: str, new: str) -> Node:
    """Name the earlier values of an equation by another name."""
    return transform(
        tree, lambda node: replace(node, name=new) if isinstance(node, Previous) and node.name == old else node
    )


@dataclass(frozen=True)
class _Pair:
    """Both quantities for the solver, what each needs to have a value, and what is known of the inputs alone."""

    work: Sums
    first: Any
    second: Any
    needs: tuple[dict[int, Any], dict[int, Any]]
    ranges: tuple[Any, ...]


class _Decision:
    """One question and what was found while it was worked on."""

    def __init__(self, joint: Joint, first: str, second: str, scale: Scale, solver: Solver) -> None:
        self.joint, self.first, self.second, self.scale = joint, first, second, scale
        self.unit = joint.methodology.quantities[first].unit.text
        self.over = joint.methodology.quantities[first].over
        self.domains = list(small_domains(joint.methodology))
        self.solver = solver
        self.setting = Setting.of(joint.methodology, joint.trees, joint.ranges, solver)
        self.fallback: Comparison | None = None

    def _sides(self, domain: Domain) -> Sides:
        return Sides(self.joint, self.first, self.second, domain, self.scale)

    # -- points that are simply tried

    def by_trials(self, count: int = TRIALS) -> Comparison | None:
        """Look for a point where the values differ among simple ones; few are enough when the time is over."""
        if self.solver.is_out_of_time and count > FEW_TRIALS:
            return None
        for domain in self.domains[:2]:
            sides = self._sides(domain)
            index = next(iter(domain.indices(self.over)))
            for values, choices in sides.trials(count):
                found = self._confirmed(sides, values, choices, index)
                if found is not None:
                    return found
        return None

    def _confirmed(self, sides: Sides, values: Any, choices: Any, index: Index) -> Comparison | None:
        """Evaluate both at a point; a point where only one has a value counts when no other is found."""
        one, other = sides.results(values, choices, index)
        if not sides.differ(one, other):
            return None
        subject = f"{self.first}@{sides.domain.label(self.over, index)}" if self.over else self.first
        point = sides.point(values, choices)
        found = Comparison(subject, "different", point=point, first=one, second=other, unit=self.unit)
        if one is None or other is None:
            self.fallback = self.fallback or found
            return None
        return found

    # -- proof

    def by_algebra(self) -> Comparison | None:
        """Prove that both are equal by writing them as sums of products, which takes no time."""
        if self._is_too_large():
            return None
        with self.solver.share(SHARE), suppress(OutOfTime):
            written = self._written()
            if written.work.algebra.same(written.first, written.second):
                return self._equal(written)
        return None

    def by_solver(self) -> Comparison | None:
        """Prove that both are equal, or find a point where they are not; what is too large is left undecided."""
        if self._is_too_large():
            return self.fallback
        with self.solver.share(SHARE), suppress(OutOfTime):
            return self._proved() or self._searched()
        return self.fallback

    def _is_too_large(self) -> bool:
        return any(self.setting.is_too_large(Name(name)) for name in (self.first, self.second))

    def _written(self) -> _Pair:
        """Write both at an index that stands for all.

        At the first step the initial values are compared; later the earlier values are equal when each step is.
        """
        work = Sums(self.joint, self.setting, {self.second: self.first} if self.scale == SAME else {})
        at = work.start(self.over)
        first = work.number(Name(self.first), at)
        second = exact_scale(work.number(Name(self.second), at), self.scale)
        needs = (work.needs(self.first), work.needs(self.second))
        return _Pair(work, first, second, needs, tuple(work.facts))

    def _proved(self) -> Comparison | None:
        """Prove that both are equal wherever they have values, by the terms of their sums or by the solver."""
        pair = self._written()
        pair.work.facts.extend(claim for side in pair.needs for claim in side.values())
        pair.work.settle()
        same = pair.work.cancels(pair.first - pair.second)
        if same or self.solver.holds(pair.first == pair.second, pair.work.facts, PROOF_MS).proved:
            return self._equal(pair)
        return None

    def _equal(self, pair: _Pair) -> Comparison:
        """Say that both are equal, and whether one has a value wherever the other has."""
        if self._same_initial_needs() and self._have_values_together(list(pair.ranges), pair.needs):
            return Comparison(self.first, "equal", unit=self.unit)
        return self._by_missing_value() or Comparison(self.first, "equal", unit=self.unit, limits=WITH_VALUE)

    def _have_values_together(self, ranges: list[Any], needs: tuple[dict[int, Any], dict[int, Any]]) -> bool:
        """Whether one has a value wherever the other has."""
        for mine, theirs in ((needs[0], needs[1]), (needs[1], needs[0])):
            given = [*ranges, *theirs.values()]
            for key, claim in mine.items():
                if key not in theirs and not self.solver.holds(claim, given).proved:
                    return False
        return True

    def _same_initial_needs(self) -> bool:
        """Whether what can fail in initial values is the same in both."""
        found = [
            {
                part
                for name in self.joint.needed(side) & set(self.joint.trees)
                for initial in initial_values(self.joint.trees[name])
                for part in walk(initial)
                if need_of(part, self.setting.enclosures) is not None
            }
            for side in (self.first, self.second)
        ]
        return found[0] == found[1]

    def _by_missing_value(self) -> Comparison | None:
        """Look for a point where only one of two equal formulas has a value."""
        for domain in self.domains:
            sides = self._sides(domain)
            index = next(iter(domain.indices(self.over)))
            for values, choices in sides.trials(MISSING_TRIALS):
                if self.fallback is not None:
                    return self.fallback
                self._confirmed(sides, values, choices, index)
        return self.fallback

    # -- points that the solver finds

    def _searched(self) -> Comparison | None:
        """Let the solver look for a point on small domains; only what the reference evaluator confirms counts."""
        for domain in self.domains:
            sides = self._sides(domain)
            for values, choices, index in self._candidates(domain):
                found = self._confirmed(sides, sides.completed(values, choices), choices, index)
                if found is not None:
                    return found
        return self.fallback

    def _candidates(self, domain: Domain) -> Iterator[tuple[dict[Any, Fraction], dict[Any, str], Index]]:
        for index in itertools.islice(domain.indices(self.over), MAX_INDICES):
            at = dict(zip(self.over, index, strict=True))
            for strict in (True, False):
                small = _Written(self.setting, Unknowns(), domain, strict)
                one = small.number(Name(self.first), at)
                other = exact_scale(small.number(Name(self.second), at), self.scale)
                model = self.solver.satisfiable([*small.facts, one != other], SEARCH_MS)
                if model is not None:
                    yield *self._point(small.unknowns, model), index

    def _point(self, unknowns: Unknowns, model: Any) -> tuple[dict[Any, Fraction], dict[Any, str]]:
        values = {key: number(model, variable) for key, variable in unknowns.parameters.items()}
        options = self.joint.methodology.options
        choices = {
            key: list(options[key[0]].values)[int(number(model, variable))]
            for key, variable in unknowns.options.items()
        }
        return values, choices

    def undecided(self) -> Comparison:
        """Say what keeps the question from being decided."""
        needed = self.joint.needed(self.first, self.second)
        told = self.setting.limits_of(*(self.joint.trees[name] for name in (self.first, self.second) if name in needed))
        why = Text(
            zh=f"未找到不同之处，也未能证明相等（{told.zh}）",
            en=f"no point was found where they differ, and no proof that they are equal ({told.en})",
        )
        return Comparison(self.first, "undecided", unit=self.unit, why=why)


class _Written(Small):
    """Both formulas written out on a small domain; strictly, with no divisor at zero."""

    def __init__(self, setting: Setting, unknowns: Unknowns, domain: Domain, strict: bool) -> None:
        super().__init__(setting, unknowns, domain)
        self.strict = strict

    def number(self, node: Node, at: At) -> Any:
        value = super().number(node, at)
        if self.strict and isinstance(node, Arithmetic) and node.operator == "/":
            self.facts.append(super().number(node.right, at) != 0)
        return value

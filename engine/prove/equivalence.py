"""Decides whether two formulas or two equations have the same value for all inputs.

Proved equal; or different, with a point and both values from the reference evaluator; or undecided, with the
reason. A proof holds for any number of members of the dimensions; what it does not cover is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import z3

from tonne.engine.data.domain import Index
from tonne.engine.errors import SpecError
from tonne.engine.prove.encode import Small
from tonne.engine.prove.joint import Joint, Scale, join, result_scale
from tonne.engine.prove.places import requirement  # noqa: F401
from tonne.engine.prove.question import SEARCH_MS, SIZES, Question
from tonne.engine.prove.sides import Sides, told
from tonne.engine.prove.solver import holds, number, satisfiable
from tonne.engine.prove.statement import Point
from tonne.engine.prove.sums import Sums, chosen_value
from tonne.engine.spec.excerpt import alone, with_formula
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import Text
from tonne.engine.spec.tree import Arithmetic, Name, Node

Outcome = Literal["equal", "different", "undecided"]

PROOF_MS = 3000
MAX_INDICES = 4

INSIDE = Text(zh="在参数取值范围内的一切取值下", en="for all inputs inside the bounds")
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
                return Text(zh="与原式相同", en="equal as written")
            return Text(zh=f"已证明{INSIDE.zh}相等{limits_zh}", en=f"proved equal {INSIDE.en}{limits_en}")
        if self.outcome == "different" and self.point is not None:
            one, other = _value_words(self.first, self.unit), _value_words(self.second, self.unit)
            at = self.point.words()
            return Text(
                zh=f"不同：{at} 时，前者为 {one[0]}，后者为 {other[0]}",
                en=f"different: at {at}, the first is {one[1]} and the second {other[1]}",
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
        return "无值", "without a value"
    text = f"{value:.10g}" + (f" {unit}" if unit not in {"", "1"} else "")
    return text, text


def same_as(methodology: Methodology, equation: str, text: str) -> Comparison:
    """Decide whether a formula that is typed in is the same as an equation's own.

    What the equation or the formula names, equations too, are inputs.

    Raises:
        TonneError: there is no such equation, or the formula cannot be read or does not fit its unit or index set.
    """
    own = alone(methodology, equation)
    typed = alone(with_formula(methodology, equation, text), equation)
    return compared_alone(own, typed, equation, equation)


def compared_alone(
    first: Methodology, second: Methodology, equation: str, other: str, moved: dict[str, str] | None = None
) -> Comparison:
    """Compare one equation of each of two methodologies that were made by `alone`.

    Args:
        first: the methodology of the one equation.
        second: that of the other.
        equation: the name in the first.
        other: the name in the second.
        moved: names of the second that the first has under another name.
    """
    names = {name: target for name, target in (moved or {}).items() if name in second.quantities}
    joint = join(first, second, moved={**names, other: equation}, tied=False)
    return decide(joint, equation, joint.names[other])


def decide(joint: Joint, first: str, second: str) -> Comparison:
    """Decide whether two quantities of a joint vocabulary are equal for all inputs."""
    if first == second:
        return Comparison(first, "equal", as_written=True)
    unit = joint.methodology.quantities[first].unit.text
    scale = result_scale(joint, first, second)
    reason = scale if isinstance(scale, Text) else _obstacle(joint, first, second)
    if isinstance(scale, Text) or reason is not None:
        return Comparison(first, "undecided", unit=unit, why=reason)
    if scale == (1, 0) and _same_tree(joint, joint.trees[first], joint.trees[second], first, second):
        return Comparison(first, "equal", as_written=True, unit=unit)
    work = _Decision(joint, first, second, scale)
    return work.by_trials() or work.by_proof() or work.by_search() or work.undecided()


def _obstacle(joint: Joint, first: str, second: str) -> Text | None:
    for name in joint.methodology.quantities:
        if name in joint.obstacles and name in joint.needed(first, second):
            return joint.obstacles[name]
    return None


def _same_tree(joint: Joint, one: Node, other: Node, first: str, second: str) -> bool:
    """Whether two trees are the same, where each may stand for its own earlier value."""
    def named(node: Node) -> Node:
        return Name(first) if isinstance(node, Name) and node.id == second else node

    del joint
    return one == named(other)


class _Decision:
    """One question and what was found while it was worked on."""

    def __init__(self, joint: Joint, first: str, second: str, scale: Scale) -> None:
        self.joint, self.first, self.second, self.scale = joint, first, second, scale
        self.unit = joint.methodology.quantities[first].unit.text
        self.over = joint.methodology.quantities[first].over
        self.fallback: Comparison | None = None

    # -- points that are simply tried

    def by_trials(self) -> Comparison | None:
        """Look for a point where the values differ among simple ones."""
        sides = self._sides(2)
        index = next(iter(sides.domain.indices(self.over)))
        for values, choices in sides.trials():
            found = self._confirmed(sides, values, choices, index)
            if found is not None:
                return found
        return None

    def _sides(self, size: int) -> Sides:
        return Sides(self.joint, self.first, self.second, size, self.scale)

    def _confirmed(self, sides: Sides, values: Any, choices: Any, index: Index) -> Comparison | None:
        """Evaluate both at a point; a point where only one has a value counts when no other is found."""
        one, other = sides.results(values, choices, index)
        if not sides.differ(one, other):
            return None
        label = sides.domain.label(self.over, index)
        point = sides.point(values, choices, "")
        subject = f"{self.first}@{label}" if self.over else self.first
        found = Comparison(subject, "different", point=point, first=one, second=other, unit=self.unit)
        if one is None or other is None:
            self.fallback = self.fallback or found
            return None
        return found

    # -- proof

    def by_proof(self) -> Comparison | None:
        """Prove that both are equal at an index that stands for all; by their sums of products, else by the solver."""
        work = Sums(self.joint)
        at = work.start(self.over)
        factor, offset = self.scale
        one = work.number(Name(self.first), at)
        other = work.number(Name(self.second), at) * _exact(factor) + _exact(offset)
        ranges = list(work.facts)
        needs = [work.requirements(name, at) for name in (self.first, self.second)]
        if not work.algebra.same(one, other):
            work.facts += [claim for side in needs for claim in side.values()]
            work.settle()
            if not holds(one == other, work.facts, PROOF_MS).proved:
                return None
        if self._have_values_together(ranges, needs):
            return Comparison(self.first, "equal", unit=self.unit)
        return self.fallback or self._by_missing_value() or Comparison(self.first, "equal", unit=self.unit, limits=WITH_VALUE)

    def _have_values_together(self, ranges: list[Any], needs: list[dict[int, Any]]) -> bool:
        """Whether one has a value wherever the other has."""
        for mine, theirs in ((needs[0], needs[1]), (needs[1], needs[0])):
            for key, claim in mine.items():
                if key not in theirs and not holds(claim, [*ranges, *theirs.values()]).proved:
                    return False
        return True

    def _by_missing_value(self) -> Comparison | None:
        """Look for a point where only one of two equal formulas has a value."""
        sides = self._sides(1)
        index = next(iter(sides.domain.indices(self.over)))
        for values, choices in sides.trials(200):
            if self._confirmed(sides, values, choices, index) is None and self.fallback is not None:
                return self.fallback
        return None

    # -- points that the solver finds

    def by_search(self) -> Comparison | None:
        """Let the solver look for a point on small domains; only what the reference evaluator confirms counts."""
        for size in SIZES:
            sides = self._sides(size)
            for values, choices, index in self._candidates(sides):
                found = self._confirmed(sides, sides.completed(values, choices), choices, index)
                if found is not None:
                    return found
        return self.fallback

    def _candidates(self, sides: Sides) -> Iterator[tuple[Any, Any, Index]]:
        factor, offset = self.scale
        for position, index in enumerate(sides.domain.indices(self.over)):
            if position >= MAX_INDICES:
                return
            at = dict(zip(self.over, index, strict=True))
            for strict in (True, False):
                small = _SmallJoint(self.joint, sides, strict)
                one = small.number(Name(self.first), at)
                other = small.number(Name(self.second), at) * _exact(factor) + _exact(offset)
                model = satisfiable([*small.facts, one != other], SEARCH_MS)
                if model is not None:
                    yield *_point(self.joint, small, model), index

    def undecided(self) -> Comparison:
        """Say what keeps the question from being decided."""
        question = Question(self.joint.methodology, self.joint.inferences[0])
        found = [question.limits(self.joint.trees[name]) for name in self.joint.trees if name in self.joint.needed(self.first, self.second)]
        parts = list(dict.fromkeys(part for text in found for part in text.split(", ") if part != "time limit of the solver"))
        told_parts = ", ".join(parts) or "time limit of the solver"
        why = Text(
            zh=f"未找到不同之处，也未能证明相等（{told_parts}）",
            en=f"no point found where they differ, and no proof that they are equal ({told_parts})",
        )
        return Comparison(self.first, "undecided", unit=self.unit, why=why)


class _SmallJoint(Small):
    """Two methodologies written out on a small domain; strictly, with no divisor at zero."""

    def __init__(self, joint: Joint, sides: Sides, strict: bool) -> None:
        super().__init__(joint.methodology, joint.trees, sides.domain)
        self.joint = joint
        self.strict = strict

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        tied = self.joint.by.get(name)
        return super().parameter(name, key) if tied is None else chosen_value(self, tied, name, key)

    def number(self, node: Node, at: Any) -> Any:
        value = super().number(node, at)
        if self.strict and isinstance(node, Arithmetic) and node.operator == "/":
            self.facts.append(super().number(node.right, at) != 0)
        return value


def _point(joint: Joint, small: Small, model: z3.ModelRef) -> tuple[dict[Any, Fraction], dict[Any, str]]:
    values = {key: number(model, variable) for key, variable in small.parameters.items()}
    choices = {
        key: list(joint.methodology.options[key[0]].values)[int(number(model, variable))] for key, variable in small.options.items()
    }
    return values, choices


def _exact(value: Fraction) -> Any:
    return z3.RealVal(f"{value.numerator}/{value.denominator}")

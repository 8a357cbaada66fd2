"""Decides whether the reduction grows or falls with each parameter, at any one index, everything else equal.

First by rules (`trend`). What they leave open is tried at round numbers with the reference evaluator, and then the
reduction is written twice for the solver, with two values of the parameter (`moved`): so jumps between cases, minima
and maxima count, not only derivatives. What is proved holds for the reduction at each index; points show its total.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from tonne.engine.errors import TonneError
from tonne.engine.prove.encode import Key
from tonne.engine.prove.moved import Moved
from tonne.engine.prove.probe import probes
from tonne.engine.prove.question import Question, Wanted, shown
from tonne.engine.prove.reasons import Reason
from tonne.engine.prove.replay import Replay, Told
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.small import Small
from tonne.engine.prove.solver import OutOfTime, Verdict, every, limits, real, total
from tonne.engine.prove.statement import Point, Statement, short
from tonne.engine.prove.trend import Trends
from tonne.engine.spec.methodology import Quantity
from tonne.engine.spec.tree import Name

Direction = Literal["increasing", "decreasing", "constant", "either", "undecided"]

_ZH = {
    "increasing": "{0} 增大时减排量不会减少",
    "decreasing": "{0} 增大时减排量不会增加",
    "constant": "减排量与 {0} 无关",
    "either": "{0} 增大时减排量可能增加，也可能减少",
    "undecided": "{0} 增大时减排量如何变化",
}
_EN = {
    "increasing": "the reduction never falls when {0} grows",
    "decreasing": "the reduction never grows when {0} grows",
    "constant": "the reduction does not depend on {0}",
    "either": "the reduction can grow and can fall when {0} grows",
    "undecided": "how the reduction changes when {0} grows",
}
_SAFE = {"increasing": "low", "decreasing": "high"}
_CLAIMED = {"low": ("取低值为保守", -1), "high": ("取高值为保守", 1)}


@dataclass(frozen=True)
class Decided:
    """The direction of the reduction in one parameter, with points that show where it moves up and down."""

    direction: Direction
    up: Point | None = None
    down: Point | None = None
    limits: Reason | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        """The points there are."""
        return tuple(point for point in (self.up, self.down) if point is not None)


def direction_statements(question: Question) -> Iterator[Statement]:
    """Say of every parameter how the reduction changes with it, and whether `conservative:` claims hold."""
    outputs = question.methodology.spec.outputs
    if outputs is None:
        return
    needed = question.setting.needed(outputs.reduction)
    quantities = [quantity for name, quantity in question.methodology.parameters.items() if name in needed]
    for number, quantity in enumerate(quantities):
        left = len(quantities) - number
        with question.solver.share(min(1.0, max(3 / left, 0.1))):
            try:
                decided = decide(question, quantity, outputs.reduction)
            except OutOfTime:
                decided = Decided("undecided", limits=question.setting.limits_of(Name(outputs.reduction)))
        yield _statement(quantity, decided)


def _statement(quantity: Quantity, decided: Decided) -> Statement:
    claimed = quantity.parameter.conservative
    direction = decided.direction
    data = {"direction": direction, "claimed": claimed, "conservative": _SAFE.get(direction)}
    zh, en = _ZH[direction].format(quantity.id), _EN[direction].format(quantity.id)
    verdict: Verdict = "undecided" if direction == "undecided" else "proved"
    points = decided.points if direction in {"either", "undecided"} else ()
    if claimed is not None and _is_wrong(claimed, decided):
        against = decided.down if claimed == "low" else decided.up
        zh = f"{quantity.id} {_CLAIMED[claimed][0]}（conservative: {claimed}），但{zh}"
        en = f"a {claimed} value of {quantity.id} is conservative (`conservative: {claimed}`), but {en}"
        if direction == "undecided":
            zh = f"{quantity.id} {_CLAIMED[claimed][0]}（conservative: {claimed}）"
            en = f"a {claimed} value of {quantity.id} is conservative (`conservative: {claimed}`)"
        points, verdict = (against,) if against else (), "refuted"
    return Statement(
        "direction.sign", quantity.id, zh, en, verdict, points, decided.limits, place=quantity.place, data=data
    )


def _is_wrong(claimed: str, decided: Decided) -> bool:
    """Whether the claimed side is not the safe one; a point against it is enough."""
    against = decided.down if claimed == "low" else decided.up
    wrong_way = decided.direction == ("decreasing" if claimed == "low" else "increasing")
    return wrong_way or against is not None


def decide(question: Question, quantity: Quantity, reduction: str) -> Decided:
    """Decide the direction of the reduction in a parameter."""
    setting = question.setting.with_free(quantity)
    affected = setting.affected(quantity.id)
    order = [group for group in setting.formulas.order if group[0] in affected]
    trends = Trends(setting.trees, setting.enclosures, quantity.id, order)
    trend = trends.named(reduction)
    claimed = quantity.parameter.conservative
    if trend == "constant":
        return Decided("constant")
    if trend != "unknown":
        up = trend == "up"
        against = claimed == ("high" if up else "low")
        point = _tried(question, setting, quantity, reduction, 1 if up else -1) if against else None
        return Decided("increasing", up=point) if up else Decided("decreasing", down=point)
    return _searched(question, setting, quantity, reduction, trends)


def _searched(question: Question, setting: Setting, quantity: Quantity, reduction: str, trends: Trends) -> Decided:
    """Look for movements both ways, and prove that there are none on the side where none is found."""
    up, down = (_tried(question, setting, quantity, reduction, sign) for sign in (1, -1))
    if up and down:
        return Decided("either", up, down)
    if setting.is_too_large(Name(reduction)):
        return Decided("undecided", up, down, setting.limits_of(Name(reduction)))
    rises, falls = _proved(question, setting, quantity, reduction, trends, (not down, not up))
    if rises and falls:
        return Decided("constant")
    if rises:
        return Decided("increasing", up=up)
    if falls:
        return Decided("decreasing", down=down)
    up = up or _found(question, setting, quantity, reduction, 1)
    down = down or _found(question, setting, quantity, reduction, -1)
    if up and down:
        return Decided("either", up, down)
    return Decided("undecided", up, down, setting.limits_of(Name(reduction)))


def _proved(
    question: Question, setting: Setting, quantity: Quantity, reduction: str, trends: Trends, asked: tuple[bool, bool]
) -> tuple[bool, bool]:
    """Say whether the reduction never falls and never rises, at each index that it can have."""
    still = question.generic(setting)
    moved = Moved(still, quantity, trends)
    ways = list(moved.settings_of(question.methodology.quantities[reduction].over))
    pairs = [(still.number(Name(reduction), at), moved.number(Name(reduction), at)) for at in ways]

    def both() -> tuple[bool, bool]:
        given = [*moved.facts, moved.growing]
        never_falls = asked[0] and all(question.solver.holds(after >= before, given).proved for before, after in pairs)
        never_rises = asked[1] and all(question.solver.holds(after <= before, given).proved for before, after in pairs)
        return never_falls, never_rises

    found = both()
    if not any(found):
        still.relate_sums()
        found = both()
    return found


def _tried(question: Question, setting: Setting, quantity: Quantity, reduction: str, sign: int) -> Point | None:
    """Try round numbers with the reference evaluator."""
    for replay, index, raised in probes(question, setting, quantity, reduction):
        found = _moves(replace(replay, raised=raised), quantity, index, reduction, sign)
        if found:
            return found
    return None


def _moves(replay: Replay, quantity: Quantity, index: Key, reduction: str, sign: int) -> Point | None:
    confirm = _Moves(quantity.id, index, reduction, sign)
    replay = replace(replay, mover=(quantity.id, index))
    try:
        return shown(replay, confirm)
    except TonneError:
        return None


@dataclass(frozen=True)
class _Moves:
    """Confirms that the total reduction moves in a direction when the parameter grows at an index."""

    name: str
    index: Key
    reduction: str
    sign: int

    def __call__(self, replay: Replay) -> Told | None:
        old, raised = replay.value_of(self.name, self.index), replay.raised
        if raised is None or raised <= old or not replay.setting.ranges[self.name].allows(raised):
            return None
        before = replay.total(self.reduction)
        after = replay.with_value(self.name, self.index, raised).total(self.reduction) if before is not None else None
        if (
            before is None
            or after is None
            or (after - before) * self.sign <= Decimal("1e-30") * (abs(before) + abs(after))
        ):
            return None
        first, second = short(before), short(after)
        zh = f"{self.name} 增至 {short(raised)} 时，减排量由 {first} 变为 {second}"
        return zh, f"{self.name} raised to {short(raised)} moves the reduction from {first} to {second}"


def _found(question: Question, setting: Setting, quantity: Quantity, reduction: str, sign: int) -> Point | None:
    """Let the solver find a point at which the reduction moves in a direction when the parameter grows."""

    def moves(small: Small) -> Iterator[Wanted]:
        indices = [index for index, _ in small.indices(quantity.id)]
        for index in dict.fromkeys((indices[0], indices[-1])):
            old = small.parameter(quantity.id, index)
            other = real(f"{quantity.id} raised")
            allowed = setting.ranges[quantity.id]
            raised = Small(setting, small.unknowns, small.domain, {(quantity.id, index): other})
            before, after = _total(small, reduction), _total(raised, reduction)
            inside = limits(other, allowed.interval, allowed.values)
            claim: Any = every([*inside, other > old, (after - before) * sign > 0])
            yield Wanted(claim, _Moves(quantity.id, index, reduction, sign), other, (quantity.id, index))

    return question.search(moves, setting)


def _total(small: Small, name: str) -> Any:
    return total(small.values(name).values())

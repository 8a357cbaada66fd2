"""How much the reduction changes with each parameter, and how much of it each month brings, from a finished result.

Values are changed and what depends on them is computed again with the reference evaluator. Nothing here is an
uncertainty: it says what a number weighs, not how well it is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from tonne.engine.check.order import reachable
from tonne.engine.compute.reference import CONTEXT
from tonne.engine.data.domain import Index, Member
from tonne.engine.errors import TonneError
from tonne.engine.result.result import Result

LOWERED = Fraction(99, 100)  # lower, because many parameters are shares that cannot be above one
MOST_VALUES = 5_000  # computed anew in all
NOISE = Decimal("1e-9")


@dataclass(frozen=True)
class Effect:
    """The change of the reduction, in its unit, when a parameter is lowered by 1 % and nothing else."""

    name: str
    change: Decimal


@dataclass(frozen=True)
class Effects:
    """The effects of the parameters, the largest first, and the names of those that were not computed."""

    found: tuple[Effect, ...]
    left_out: tuple[str, ...]


def parameter_effects(result: Result) -> Effects:
    """Lower each parameter that the reduction depends on by 1 %, each alone."""
    reduction = _reduction(result)
    trees = {name: step.tree for name, step in result.plan.steps.items()}
    used = reachable(trees, [reduction]) if reduction else frozenset()
    spent, found, left_out = 0, [], []
    for name in sorted(
        (name for name in result.plan.needed if name in used and _is_amount(result, name)),
        key=lambda name: _cost(result, name),
    ):
        spent += _cost(result, name)
        values = result.dataset.values.get(name, {})
        change = None
        if not result.is_streamed(name) and spent <= MOST_VALUES:
            change = _changed(result, {name: {index: value * LOWERED for index, value in values.items()}})
        if change is None:
            left_out.append(name)
        else:
            found.append(Effect(name, change))
    order = {name: position for position, name in enumerate(result.plan.needed)}
    found.sort(key=lambda effect: (-abs(effect.change), order[effect.name]))
    return Effects(tuple(found), tuple(sorted(left_out, key=order.__getitem__)))


def month_effects(result: Result) -> Mapping[Member, Decimal]:
    """Give what each month brings: the reduction less that with the monitored values of the month at zero.

    Empty unless the months add up to the reduction, since nothing else could be called the reduction of a month.
    """
    names = [
        name
        for name, quantity in result.methodology.parameters.items()
        if name in result.plan.needed
        and quantity.parameter.from_ == "monitored"
        and "month" in result.plan.over(name)
        and result.dataset.values.get(name)
    ]
    months = result.dataset.domain.members.get("month", ())
    if not names or len(months) < 2 or sum(_cost(result, name) for name in names) * len(months) > MOST_VALUES:
        return {}
    brought: dict[Member, Decimal] = {}
    for month in months:
        changes = {name: _in_month(result, name, month) for name in names}
        change = _changed(result, {name: values for name, values in changes.items() if values})
        if change is None:
            return {}
        brought[month] = -change
    with localcontext(CONTEXT):
        total = _total(result.values[_reduction(result)])
        rest = abs(sum(brought.values(), Decimal(0)) - total)
    return brought if rest <= NOISE * abs(total) else {}


def _in_month(result: Result, name: str, month: Member) -> dict[Index, Fraction]:
    position = result.plan.over(name).index("month")
    return {index: Fraction(0) for index in result.dataset.values[name] if index[position] == month}


def _reduction(result: Result) -> str:
    outputs = result.methodology.spec.outputs
    return outputs.reduction if outputs and outputs.reduction in result.values else ""


def _is_amount(result: Result, name: str) -> bool:
    """Whether a quantity can be changed by a share of it; a choice, a yes or no, and a year cannot."""
    quantity = result.methodology.quantities.get(name)
    if quantity is None or quantity.unit.is_flag or quantity.unit.text == "year":
        return False
    return result.is_streamed(name) or any(result.dataset.values.get(name, {}).values())


def _cost(result: Result, name: str) -> int:
    return sum(len(result.values[step]) for step in result.plan.dependents([name]))


def _changed(result: Result, changes: Mapping[str, Mapping[Index, Fraction]]) -> Decimal | None:
    """Compute the change of the reduction; None where it has no value then."""
    reduction = _reduction(result)
    affected = result.plan.dependents(changes)
    if not reduction or any(result.is_streamed(name) for name in affected):
        return None
    try:
        values = result.reference.changed(changes, affected).compute_all(affected)
    except TonneError:
        return None
    with localcontext(CONTEXT):
        return _total(values.get(reduction, result.values[reduction])) - _total(result.values[reduction])


def _total(values: Mapping[Index, Decimal]) -> Decimal:
    return sum(values.values(), Decimal(0))

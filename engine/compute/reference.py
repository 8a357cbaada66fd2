"""Evaluates a plan slowly and plainly in decimal arithmetic, one index at a time; the reference.

Every operation carries 60 digits. Before a comparison or a rounding the last twenty are dropped, and what is
left of terms that cancel to their last ten digits is zero, so that 1/3*3 is 1 and 1/3*3 - 1 is 0 and not a
little less. Shares no arithmetic with the columnar evaluator.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction

from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.errors import Problem, RunError
from tonne.engine.plan import Plan
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Compare,
    Convert,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
    names_in,
)

DIGITS = 60
GUARD_DIGITS = 20
CANCELLED = Decimal("1e-50")

_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
CONTEXT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emax=10_000, Emin=-10_000, traps=_TRAPS)
_SETTLED = Context(prec=DIGITS - GUARD_DIGITS, rounding=ROUND_HALF_EVEN, Emax=10_000, Emin=-10_000, traps=_TRAPS)

At = Mapping[str, Member]


class _NoValue(Exception):  # noqa: N818
    """A part of a formula has no value; the words say why."""


def decimal(value: Fraction) -> Decimal:
    """Turn an exact ratio into a decimal of 60 digits."""
    return CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


class Reference:
    """The values of a plan on a dataset, computed when asked for and remembered.

    What depends on streams directly is taken as it is given; the rest is computed.
    """

    def __init__(
        self, plan: Plan, dataset: Dataset, taken: Mapping[str, Mapping[Index, Decimal]] | None = None
    ) -> None:
        self.plan = plan
        self.dataset = dataset
        self.domain: Domain = dataset.domain
        self._steps = plan.steps
        self._streamed: dict[int, tuple[Reduce, bool]] = {}  # a tree takes long to hash
        self._known: dict[tuple[str, Index], Decimal] = {
            (name, index): value for name, values in (taken or {}).items() for index, value in values.items()
        }

    def changed(self, changes: Mapping[str, Mapping[Index, Fraction]], affected: Collection[str]) -> "Reference":
        """Give the same with other values of parameters; what does not depend on them is kept.

        Args:
            changes: the other values.
            affected: the equations that depend on the changed parameters.
        """
        values = {**self.dataset.values} | {
            name: {**self.dataset.values[name], **others} for name, others in changes.items()
        }
        other = Reference(self.plan, replace(self.dataset, values=values))
        gone = {*affected, *changes}
        other._known = {key: value for key, value in self._known.items() if key[0] not in gone}
        return other

    def compute_all(self, only: Collection[str] | None = None) -> dict[str, dict[Index, Decimal]]:
        """Compute every equation at every index; or those of some names.

        Raises:
            RunError: a formula has no value at an index.
        """
        values: dict[str, dict[Index, Decimal]] = {}
        with localcontext(CONTEXT):
            for whole in self.plan.groups:
                group = [step for step in whole if only is None or step.id in only]
                if not group:
                    continue
                if not self.domain.is_streamed(group[0].over):
                    values.update({step.id: {} for step in group})  # a dimension without members has no index
                for index in self.held(group[0].over):
                    at = dict(zip(group[0].over, index, strict=True))
                    for step in group:
                        own = tuple(at[name] for name in step.over)
                        values.setdefault(step.id, {})[own] = self.value(step.id, own)
        return values

    def held(self, over: tuple[str, ...]) -> Iterator[Index]:
        """Go through the indices of an index set; of a streamed one through the few whose inputs are held."""
        if not self.domain.is_streamed(over):
            return self.domain.indices(over)
        return self.dataset.shown.indices(over) if self.dataset.shown else iter(())

    def value(self, name: str, index: Index) -> Decimal:
        """Give the value of a quantity at an index of its own index set."""
        key = (name, index)
        known = self._known.get(key)
        if known is not None:
            return known
        step = self._steps.get(name)
        if step is None:
            given = self.dataset.value(name, index)
            if given is None:
                over = self.plan.over(name)
                raise _NoValue(
                    f"parameter {name} has no value" + (f" at {self.domain.label(over, index)}" if over else "")
                )
            result = decimal(given)
        else:
            at = dict(zip(step.over, index, strict=True))
            try:
                result = self._number(step.tree, at)
            except _NoValue as fault:
                raise self._error(name, index, str(fault)) from None
            except (InvalidOperation, DivisionByZero, Overflow) as fault:
                raise self._error(name, index, f"arithmetic fails: {type(fault).__name__}") from None
        self._known[key] = result
        return result

    def evaluate(self, node: Node, at: At) -> Decimal | None:
        """Give the value of a part of a formula at an index; None when it has none."""
        try:
            with localcontext(CONTEXT):
                return self._number(node, at)
        except (_NoValue, RunError, InvalidOperation, DivisionByZero, Overflow, KeyError):
            return None

    def holds(self, node: Node, at: At) -> bool:
        """Say whether a condition holds at an index.

        Raises:
            RunError: it cannot be decided.
        """
        try:
            with localcontext(CONTEXT):
                return self._truth(node, at)
        except (_NoValue, InvalidOperation, DivisionByZero, Overflow) as fault:
            raise RunError(Problem(f"a condition cannot be decided: {fault}")) from None

    def _error(self, name: str, index: Index, what: str) -> RunError:
        quantity = self.plan.methodology.quantities[name]
        label = f"{name}@{self.domain.label(quantity.over, index)}" if quantity.over else name
        return RunError(
            Problem(f"{label} has no value: {what}", quantity.place, hint="look at the inputs of that index")
        )

    # -- numbers, one rule per node type

    def _number(self, node: Node, at: At) -> Decimal:
        rule = self._numbers.get(type(node))
        if rule is None:
            raise TypeError(f"no evaluation rule for {type(node).__name__}")
        return rule(self, node, at)

    def _literal(self, node: Number, _at: At) -> Decimal:
        return decimal(node.value)

    def _name(self, node: Name, at: At) -> Decimal:
        if node.id in self.domain.members:
            return Decimal(self.domain.position((node.id,), at)[0])
        return self.value(node.id, self.domain.position(self.plan.over(node.id), at))

    def _negate(self, node: Negate, at: At) -> Decimal:
        return -self._number(node.operand, at)

    def _arithmetic(self, node: Arithmetic, at: At) -> Decimal:
        left, right = self._number(node.left, at), self._number(node.right, at)
        if node.operator == "+":
            return _uncancelled(left + right, abs(left) + abs(right))
        if node.operator == "-":
            return _uncancelled(left - right, abs(left) + abs(right))
        if node.operator == "*":
            return left * right
        if node.operator == "/":
            if right == 0:
                raise _NoValue("division by zero")
            return left / right
        return _power(left, right)

    def _convert(self, node: Convert, at: At) -> Decimal:
        return self._number(node.operand, at) * decimal(node.factor) + decimal(node.offset)

    def _cases(self, node: Cases, at: At) -> Decimal:
        for when, expression in node.branches:
            if self._truth(when, at):
                return self._number(expression, at)
        if node.otherwise is None:
            raise _NoValue("no case applies")
        return self._number(node.otherwise, at)

    def _call(self, node: Call, at: At) -> Decimal:
        arguments = [self._number(argument, at) for argument in node.arguments]
        return _FUNCTIONS[node.function](*arguments)

    def _reduce(self, node: Reduce, at: At) -> Decimal:
        if self.domain.is_streamed(node.over):
            raise _NoValue("it goes over data by the minute, which are not held")
        if node.function == "count":
            return Decimal(
                sum(1 for inner in self.inside(node, at) if _is_value(node.body) or self._truth(node.body, inner))
            )
        values = [self._number(node.body, inner) for inner in self.inside(node, at)]
        if node.function == "sum":
            return _sum(values)
        if not values:
            raise _NoValue(f"{node.function} of nothing")
        if node.function == "mean":
            return _sum(values) / len(values)
        if node.function == "stdev":
            return _sample_deviation(values)
        return min(values) if node.function == "minimum" else max(values)

    def inside(self, node: Reduce, at: At) -> Iterator[At]:
        """Go through the indices that a reduction takes; of streamed ones through the few whose inputs are held."""
        domain, shown = self.domain, self.dataset.shown
        if shown is not None and self._is_of_streams(node):
            domain = shown
            if any(member not in shown.positions(name) for name, member in at.items()):
                return
        for index in domain.indices(node.over, at):
            inner = {**at, **dict(zip(node.over, index, strict=True))}
            if node.where is None or self._truth(node.where, inner):
                yield inner

    def _is_of_streams(self, node: Reduce) -> bool:
        known = self._streamed.get(id(node))
        if known is None or known[0] is not node:
            names = names_in(node) - self.domain.members.keys()
            known = node, any(self.domain.is_streamed(self.plan.over(name)) for name in names)
            self._streamed[id(node)] = known
        return known[1]

    def before(self, node: Previous, at: At) -> Index | None:
        """Give the index of the earlier value; None at the first step."""
        members = self.domain.members[node.dimension]
        here = self.domain.positions(node.dimension)[self.domain.position((node.dimension,), at)[0]]
        if here == 0:
            return None
        return self.domain.position(self.plan.over(node.name), {**at, node.dimension: members[here - 1]})

    def _previous(self, node: Previous, at: At) -> Decimal:
        before = self.before(node, at)
        return self._number(node.initial, at) if before is None else self.value(node.name, before)

    _numbers: Mapping[type[Node], Callable[..., Decimal]] = {
        Number: _literal,
        Name: _name,
        Negate: _negate,
        Arithmetic: _arithmetic,
        Convert: _convert,
        Cases: _cases,
        Call: _call,
        Reduce: _reduce,
        Previous: _previous,
    }

    # -- conditions

    def _truth(self, node: Node, at: At) -> bool:
        if isinstance(node, Compare):
            left, right = _settle(self._number(node.left, at)), _settle(self._number(node.right, at))
            return _COMPARISONS[node.operator](left, right)
        if isinstance(node, Logic):
            if node.operator == "and":
                return self._truth(node.left, at) and self._truth(node.right, at)
            return self._truth(node.left, at) or self._truth(node.right, at)
        if isinstance(node, Not):
            return not self._truth(node.operand, at)
        raise TypeError(f"no condition rule for {type(node).__name__}")


def _is_value(node: Node) -> bool:
    return not isinstance(node, Compare | Logic | Not)


def _uncancelled(value: Decimal, size: Decimal) -> Decimal:
    """Take for zero what is left of terms that cancel to the last digits."""
    return Decimal(0) if abs(value) <= CANCELLED * size else value


def _sum(values: list[Decimal]) -> Decimal:
    return _uncancelled(sum(values, Decimal(0)), sum(map(abs, values), Decimal(0)))


def _settle(value: Decimal) -> Decimal:
    return _SETTLED.plus(value)


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 0 and exponent <= 0:
        raise _NoValue("zero to a power that is not positive")
    if base < 0 and exponent != exponent.to_integral_value():
        raise _NoValue("a negative number to a power that is not whole")
    return CONTEXT.power(base, exponent)


def _logarithm(value: Decimal) -> Decimal:
    if value <= 0:
        raise _NoValue("the logarithm of a number that is not positive")
    return CONTEXT.ln(value)


def _root(value: Decimal) -> Decimal:
    if value < 0:
        raise _NoValue("the root of a negative number")
    return CONTEXT.sqrt(value)


def _sample_deviation(values: list[Decimal]) -> Decimal:
    if len(values) < 2:
        raise _NoValue("the standard deviation of fewer than two values")
    mean = _sum(values) / len(values)
    distances = [_uncancelled(value - mean, abs(value) + abs(mean)) for value in values]
    return CONTEXT.sqrt(sum((distance**2 for distance in distances), Decimal(0)) / (len(values) - 1))


_FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "exp": CONTEXT.exp,
    "log": _logarithm,
    "sqrt": _root,
    "floor": lambda value: _settle(value).to_integral_value(ROUND_FLOOR),
    "ceil": lambda value: _settle(value).to_integral_value(ROUND_CEILING),
    "round": lambda value: _settle(value).to_integral_value(ROUND_HALF_UP),
}
_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

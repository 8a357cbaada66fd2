"""Translates formulas to the solver, exactly: rationals, no floats.

What differs between one index that stands for all and a few members written out is left to `generic` and `small`.
exp, log, roots and broken powers are unknowns bounded by what is true of the functions. Division is total for the
solver: x/0 is any number, so nothing that is proved says anything of points where a formula has no value.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import z3

from tonne.engine.prove.interval import Interval
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.solver import ONE, TRUE, ZERO, chosen, denied, every, exact, implied, limits, real, some
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
    Chosen,
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
)

At = Mapping[str, Any]
Key = tuple[Any, ...]
MAX_POWER = 8


class Unknowns:
    """The unknowns of a question with what is true of them; shared by two writings of the same formulas."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.parameters: dict[tuple[str, Key], Any] = {}
        self.options: dict[tuple[str, Key], Any] = {}
        self.labels: dict[tuple[str, Any], Any] = {}
        self._functions: dict[str, list[tuple[Any, Any]]] = {}
        self._count = 0

    def number_of(self, name: str) -> str:
        """Give a name that is not used yet."""
        self._count += 1
        return f"{name} #{self._count}"

    def unknown(self, name: str, interval: Interval = Interval()) -> Any:  # noqa: B008 (frozen)
        """Make a new unknown number that lies in an interval."""
        variable = real(self.number_of(name))
        self.facts += limits(variable, interval)
        return variable

    def function(self, function: str, argument: Any, interval: Interval, least: Any = None) -> Any:
        """Give the unknown of a function that rises, if from some argument on, with what is true of it."""
        known = self._functions.setdefault(function, [])
        for other, value in known:
            if other.eq(argument):
                return value
        result = self.unknown(function, interval)
        self.facts += _properties(function, argument, result)
        for other, value in known:
            rising = TRUE if least is None else every([other >= least, argument >= least])
            self.facts.append(implied(every([rising, other <= argument]), value <= result))
            self.facts.append(implied(every([rising, argument <= other]), result <= value))
        known.append((argument, result))
        return result


class Encoder:
    """Translates the formulas of a methodology at one index."""

    def __init__(self, setting: Setting, unknowns: Unknowns) -> None:
        self.setting = setting
        self.methodology = setting.methodology
        self.unknowns = unknowns
        self._equations: dict[tuple[str, tuple[tuple[str, Any], ...]], Any] = {}

    @property
    def facts(self) -> list[Any]:
        """What is true of the unknowns made so far."""
        return self.unknowns.facts

    def key(self, over: tuple[str, ...], at: At) -> Key:
        """Give the index of an index set that holds at an index."""
        raise NotImplementedError

    def inside(self, over: tuple[str, ...], at: At) -> dict[str, Any]:
        """Give the index at which an equation over an index set is evaluated."""
        raise NotImplementedError

    def label(self, dimension: str, at: At) -> Any:
        """Give the number of a step of time."""
        raise NotImplementedError

    def reduce(self, node: Reduce, at: At) -> Any:
        """Give a reduction."""
        raise NotImplementedError

    def previous(self, node: Previous, at: At) -> Any:
        """Give the value of the step before."""
        raise NotImplementedError

    def parameter(self, name: str, key: Key) -> Any:
        """Give the unknown of a parameter at an index, with what is known of it."""
        known = self.unknowns.parameters.get((name, key))
        if known is not None:
            return known
        allowed = self.setting.ranges[name]
        variable = real(f"{name}@{key}") if allowed.only is None else exact(allowed.only)
        self.unknowns.parameters[name, key] = variable
        if allowed.only is None:
            self.unknowns.facts += limits(variable, allowed.interval, allowed.values)
            self._couple(name, key, variable)
        return variable

    def _couple(self, name: str, key: Key, variable: Any) -> None:
        """Say that a value by option is that of the choice."""
        quantity = self.methodology.quantities[name]
        if quantity.parameter.from_ != "option" or name in self.setting.free:
            return
        option = quantity.prefix + str(quantity.parameter.option)
        at = dict(zip(quantity.over, key, strict=True))
        choice = self.option(option, tuple(at[dimension] for dimension in self.methodology.options[option].over))
        numbers = list(self.methodology.options[option].values)
        for value, amount in (quantity.parameter.by or {}).items():
            self.unknowns.facts.append(implied(choice == numbers.index(value), variable == exact(amount)))

    def option(self, name: str, key: Key) -> Any:
        """Give the unknown of an option: the number of its choice."""
        known = self.unknowns.options.get((name, key))
        if known is not None:
            return known
        values = list(self.methodology.options[name].values)
        fixed = self.methodology.fixed_options.get(name)
        variable = z3.IntVal(values.index(fixed)) if fixed else z3.Int(f"option {name}@{key}")
        self.unknowns.options[name, key] = variable
        if not fixed:
            self.unknowns.facts += [variable >= 0, variable < len(values)]
        return variable

    def equation(self, name: str, at: At) -> Any:
        """Give the value of an equation at an index, by its formula."""
        known = self._equations.get(self._place(name, at))
        if known is not None:
            return known
        waiting = [name]
        while waiting:  # what is named at the same index goes first, so that long chains are no deep recursion
            current = waiting[-1]
            missing = [
                other
                for other in self.setting.formulas.outright.get(current, ())
                if self._place(other, at) not in self._equations
            ]
            if missing:
                waiting += missing
            else:
                place = self._place(waiting.pop(), at)
                if place not in self._equations:
                    self._equations[place] = self.written_out(current, dict(place[1]))
        return self._equations[self._place(name, at)]

    def written_out(self, name: str, inner: At) -> Any:
        """Translate the formula of an equation."""
        return self.number(self.setting.trees[name], inner)

    def _place(self, name: str, at: At) -> tuple[str, tuple[tuple[str, Any], ...]]:
        return name, tuple(self.inside(self.methodology.quantities[name].over, at).items())

    def number(self, node: Node, at: At) -> Any:
        """Translate a node that is a number."""
        self.setting.solver.step()
        rule = _NUMBERS.get(type(node))
        if rule is None:
            raise TypeError(f"no solver rule for {type(node).__name__}")
        return rule(self, node, at)

    def truth(self, node: Node, at: At) -> Any:
        """Translate a node that is a condition."""
        if isinstance(node, Compare):
            return _COMPARISONS[node.operator](self.number(node.left, at), self.number(node.right, at))
        if isinstance(node, Logic):
            join = every if node.operator == "and" else some
            return join([self.truth(node.left, at), self.truth(node.right, at)])
        if isinstance(node, Not):
            return denied(self.truth(node.operand, at))
        if isinstance(node, Chosen):
            option = self.methodology.options[node.option]
            choice = self.option(node.option, self.key(tuple(option.over), at))
            same = choice == list(option.values).index(node.value)
            return same if node.equal else denied(same)
        raise TypeError(f"no solver rule for the condition {type(node).__name__}")

    def term(self, node: Reduce, inner: At) -> tuple[Any, Any]:
        """Give what a reduction takes at an index, and whether it takes it."""
        taken = self.truth(node.where, inner) if node.where is not None else TRUE
        if node.function == "count":
            counted = isinstance(node.body, Compare | Logic | Not | Chosen)
            return ONE, every([taken, self.truth(node.body, inner)]) if counted else taken
        return self.number(node.body, inner), taken


def _name(work: Encoder, node: Name, at: At) -> Any:
    if node.id in work.methodology.dimensions:
        return work.label(node.id, at)
    if node.id in work.setting.trees:
        return work.equation(node.id, at)
    return work.parameter(node.id, work.key(work.methodology.quantities[node.id].over, at))


def _arithmetic(work: Encoder, node: Arithmetic, at: At) -> Any:
    left = work.number(node.left, at)
    if node.operator == "**":
        return _power(work, node, left, at)
    right = work.number(node.right, at)
    if node.operator == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[node.operator]


def _power(work: Encoder, node: Arithmetic, base: Any, at: At) -> Any:
    exponent = work.setting.enclosures.of(node.right)
    constant = exponent.low if exponent.is_point else None
    if constant is not None and constant.denominator == 1 and 0 < constant <= MAX_POWER:
        product = base
        for _ in range(int(constant) - 1):
            product = product * base
        return product
    interval = work.setting.enclosures.of(node)
    if constant is not None and constant > 0:
        return work.unknowns.function(f"power {constant}", base, interval, ZERO)
    result = work.unknowns.unknown("power", interval)
    work.unknowns.facts.append(implied(base > 0, result > 0))
    return result


def _cases(work: Encoder, node: Cases, at: At) -> Any:
    value = work.number(node.otherwise, at) if node.otherwise is not None else work.unknowns.unknown("no case")
    for when, expression in reversed(node.branches):
        value = chosen(work.truth(when, at), work.number(expression, at), value)
    return value


def _call(work: Encoder, node: Call, at: At) -> Any:
    values = [work.number(argument, at) for argument in node.arguments]
    if node.function in {"min", "max"}:
        result = values[0]
        for value in values[1:]:
            smaller = result <= value
            low, high = (result, value) if node.function == "min" else (value, result)
            result = chosen(smaller, low, high)
        return result
    if node.function == "abs":
        return chosen(values[0] >= 0, values[0], -values[0])
    return work.unknowns.function(node.function, values[0], work.setting.enclosures.of(node))


_NUMBERS: Mapping[type[Node], Callable[..., Any]] = {
    Number: lambda _work, node, _at: exact(node.value),
    Name: _name,
    Negate: lambda work, node, at: -work.number(node.operand, at),
    Arithmetic: _arithmetic,
    Convert: lambda work, node, at: work.number(node.operand, at) * exact(node.factor) + exact(node.offset),
    Cases: _cases,
    Call: _call,
    Reduce: lambda work, node, at: work.reduce(node, at),
    Previous: lambda work, node, at: work.previous(node, at),
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _properties(function: str, argument: Any, result: Any) -> list[Any]:
    """What is true of a function at any argument at which it has a value."""
    if function == "exp":
        return [
            result > 0,
            result >= 1 + argument,
            implied(argument <= 0, result <= 1),
            implied(argument < 0, result < 1),
        ]
    if function == "log":
        return [implied(argument > 0, result <= argument - 1), implied(argument >= 1, result >= 0)]
    if function in {"sqrt", "power 1/2"}:
        return [result >= 0, implied(argument >= 0, result * result == argument)]
    if function == "floor":
        return [result <= argument, argument < result + 1, z3.IsInt(result)]
    if function == "ceil":
        return [result >= argument, argument > result - 1, z3.IsInt(result)]
    if function == "round":
        half = exact(Fraction(1, 2))
        return [result <= argument + half, result > argument - half, z3.IsInt(result)]
    return [implied(argument > 0, result > 0), implied(argument == 0, result == ZERO)]

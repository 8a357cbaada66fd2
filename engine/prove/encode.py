"""Translates formulas to the solver, exactly: rationals, no floats.

Two ways. `Generic` takes one index that stands for all: a sum is an unknown of which only its sign is known,
so what is proved holds for any number of members. `Small` takes two members of each dimension and writes
everything out, so that a point it finds can be replayed. exp, log and broken powers are unknowns bounded by what
is true of the functions; nothing else is left out.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import z3

from tonne.engine import calendar
from tonne.engine.data.domain import Domain
from tonne.engine.prove.facts import around, range_of
from tonne.engine.prove.solver import holds
from tonne.engine.spec.methodology import Methodology
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
    walk,
)

At = Mapping[str, Any]
MAX_POWER = 8
LEMMA_MS = 400


def exact(value: Fraction) -> Any:
    """Write an exact number for the solver."""
    return z3.RealVal(f"{value.numerator}/{value.denominator}")


class Encoder:
    """Translates the formulas of a methodology at one index.

    `facts` holds what is true of the unknowns made so far; `parameters` the unknowns of parameters, by name and
    index; `options` those of options; `freed` the constants that a question lets vary.
    """

    def __init__(self, methodology: Methodology, trees: Mapping[str, Node]) -> None:
        self.methodology = methodology
        self.trees = trees
        self.freed: frozenset[str] = frozenset()
        self.facts: list[Any] = []
        self.parameters: dict[tuple[str, tuple[Any, ...]], Any] = {}
        self.options: dict[tuple[str, tuple[Any, ...]], Any] = {}
        self._equations: dict[tuple[str, tuple[tuple[str, Any], ...]], Any] = {}
        self._functions: dict[str, list[tuple[Any, Any]]] = {}
        self._count = 0

    # -- what differs between the two ways

    def key(self, over: tuple[str, ...], at: At) -> tuple[Any, ...]:
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

    # -- unknowns

    def unknown(self, name: str) -> Any:
        """Make a new unknown number."""
        self._count += 1
        return z3.Real(f"{name} #{self._count}")

    def parameter(self, name: str, key: tuple[Any, ...]) -> Any:
        """Give the unknown of a parameter at an index, with what is known of it."""
        known = self.parameters.get((name, key))
        if known is not None:
            return known
        quantity = self.methodology.quantities[name]
        allowed = range_of(self.methodology, quantity)
        if name in self.freed and len(allowed.values) == 1:
            allowed = around(allowed.values[0])
        if len(allowed.values) == 1:
            self.parameters[name, key] = exact(allowed.values[0])
            return self.parameters[name, key]
        variable = z3.Real(f"{name}@{','.join(map(str, key))}" if key else name)
        self.parameters[name, key] = variable
        limits = (
            (allowed.low, lambda limit: variable >= limit),
            (allowed.high, lambda limit: variable <= limit),
            (allowed.above, lambda limit: variable > limit),
            (allowed.below, lambda limit: variable < limit),
        )
        self.facts += [make(exact(limit)) for limit, make in limits if limit is not None]
        if allowed.values:
            self.facts.append(z3.Or(*(variable == exact(value) for value in allowed.values)))
        return variable

    def option(self, name: str, key: tuple[Any, ...]) -> Any:
        """Give the unknown of an option: the number of its choice."""
        known = self.options.get((name, key))
        if known is not None:
            return known
        values = list(self.methodology.options[name].values)
        fixed = self.methodology.fixed_options.get(name)
        variable = z3.IntVal(values.index(fixed)) if fixed else z3.Int(f"option {name} {key}")
        self.options[name, key] = variable
        if not fixed:
            self.facts += [variable >= 0, variable < len(values)]
        return variable

    def equation(self, name: str, at: At) -> Any:
        """Give the value of an equation at an index, by its formula."""
        over = self.methodology.quantities[name].over
        inner = self.inside(over, at)
        key = (name, tuple(sorted(inner.items())))
        if key not in self._equations:
            self._equations[key] = self.number(self.trees[name], inner)
        return self._equations[key]

    # -- numbers

    def number(self, node: Node, at: At) -> Any:
        """Translate a node that is a number."""
        rule = self._rules.get(type(node))
        if rule is None:
            raise TypeError(f"no solver rule for {type(node).__name__}")
        return rule(self, node, at)

    def _literal(self, node: Number, _at: At) -> Any:
        return exact(node.value)

    def _name(self, node: Name, at: At) -> Any:
        if node.id in self.methodology.dimensions:
            return self.label(node.id, at)
        quantity = self.methodology.quantities[node.id]
        if node.id in self.trees:
            return self.equation(node.id, at)
        return self.parameter(node.id, self.key(quantity.over, at))

    def _negate(self, node: Negate, at: At) -> Any:
        return -self.number(node.operand, at)

    def _arithmetic(self, node: Arithmetic, at: At) -> Any:
        left = self.number(node.left, at)
        if node.operator == "**":
            return self._power(node, left, at)
        right = self.number(node.right, at)
        if node.operator == "/":
            return left / right
        return {"+": left + right, "-": left - right, "*": left * right}[node.operator]

    def _power(self, node: Arithmetic, base: Any, at: At) -> Any:
        exponent = node.right.value if isinstance(node.right, Number) else None
        if exponent is not None and exponent.denominator == 1 and 0 < exponent <= MAX_POWER:
            product = base
            for _ in range(int(exponent) - 1):
                product = product * base
            return product
        raised = self.unknown("power")
        self.facts.append(z3.Implies(base > 0, raised > 0))
        if exponent is not None and exponent > 0:
            self._monotone(f"power {exponent}", base, raised, base >= 0)
        else:
            self.number(node.right, at)
        return raised

    def _convert(self, node: Convert, at: At) -> Any:
        return self.number(node.operand, at) * exact(node.factor) + exact(node.offset)

    def _cases(self, node: Cases, at: At) -> Any:
        value = self.number(node.otherwise, at) if node.otherwise is not None else self.unknown("no case")
        for when, expression in reversed(node.branches):
            value = z3.If(self.truth(when, at), self.number(expression, at), value)
        return value

    def _call(self, node: Call, at: At) -> Any:
        values = [self.number(argument, at) for argument in node.arguments]
        if node.function in {"min", "max"}:
            result = values[0]
            for value in values[1:]:
                smaller = result <= value
                result = z3.If(smaller, result, value) if node.function == "min" else z3.If(smaller, value, result)
            return result
        if node.function == "abs":
            return z3.If(values[0] >= 0, values[0], -values[0])
        return self._function(node.function, values[0])

    def _function(self, function: str, argument: Any) -> Any:
        """Give an unknown with what is true of a function at its argument, and between its arguments."""
        for known, result in self._functions.get(function, []):
            if known.eq(argument):
                return result
        result = self.unknown(function)
        self.facts += _properties(function, argument, result)
        self._monotone(function, argument, result, z3.BoolVal(True))
        return result

    def _monotone(self, function: str, argument: Any, result: Any, where: Any) -> None:
        for other, value in self._functions.setdefault(function, []):
            self.facts.append(z3.Implies(z3.And(where, other <= argument), value <= result))
            self.facts.append(z3.Implies(z3.And(where, argument <= other), result <= value))
        self._functions[function].append((argument, result))

    _rules: Mapping[type[Node], Callable[..., Any]] = {  # noqa: RUF012
        Number: _literal,
        Name: _name,
        Negate: _negate,
        Arithmetic: _arithmetic,
        Convert: _convert,
        Cases: _cases,
        Call: _call,
        Reduce: lambda self, node, at: self.reduce(node, at),
        Previous: lambda self, node, at: self.previous(node, at),
    }

    # -- conditions

    def truth(self, node: Node, at: At) -> Any:
        """Translate a node that is a condition."""
        if isinstance(node, Compare):
            left, right = self.number(node.left, at), self.number(node.right, at)
            return _COMPARISONS[node.operator](left, right)
        if isinstance(node, Logic):
            join = z3.And if node.operator == "and" else z3.Or
            return join(self.truth(node.left, at), self.truth(node.right, at))
        if isinstance(node, Not):
            return z3.Not(self.truth(node.operand, at))
        if isinstance(node, Chosen):
            option = self.methodology.options[node.option]
            chosen = self.option(node.option, self.key(tuple(option.over), at)) == list(option.values).index(node.value)
            return chosen if node.equal else z3.Not(chosen)
        raise TypeError(f"no solver rule for the condition {type(node).__name__}")


class Generic(Encoder):
    """One index that stands for all: members are tags, a sum an unknown with the sign of its terms."""

    def __init__(self, methodology: Methodology, trees: Mapping[str, Node]) -> None:
        super().__init__(methodology, trees)
        self._reductions: dict[tuple[Node, tuple[tuple[str, Any], ...]], Any] = {}
        self._labels: dict[tuple[str, Any], Any] = {}
        self._tags = 0

    def start(self, over: tuple[str, ...]) -> dict[str, Any]:
        """Give the generic index of an index set."""
        return self._with_coarser(dict.fromkeys(over, "i"), {})

    def tag(self) -> str:
        """Make a tag for a member of its own."""
        self._tags += 1
        return f"j{self._tags}"

    def _with_coarser(self, at: dict[str, Any], outer: At) -> dict[str, Any]:
        """Add the coarser steps in which a step of the clock lies: those of the outer index, or generic ones."""
        clock = [name for name in at if self.methodology.step(name)]
        if clock:
            finest = min(clock, key=calendar.STEPS.index)
            for name in self.methodology.dimensions:
                if self.methodology.step(name) and calendar.is_finer(finest, name):
                    at.setdefault(name, outer.get(name, at[finest]))
        return at

    def key(self, over: tuple[str, ...], at: At) -> tuple[Any, ...]:
        return tuple(at[name] for name in over)

    def inside(self, over: tuple[str, ...], at: At) -> dict[str, Any]:
        return self._with_coarser({name: at[name] for name in over}, at)

    def label(self, dimension: str, at: At) -> Any:
        key = (dimension, at[dimension])
        if key not in self._labels:
            self._labels[key] = z3.Real(f"{dimension}={at[dimension]}")
            self.facts.append(self._labels[key] >= 1)
        return self._labels[key]

    def free(self, node: Node) -> set[str]:
        """The dimensions on which a node depends."""
        if isinstance(node, Name):
            if node.id in self.methodology.dimensions:
                return {node.id}
            return set(self.methodology.quantities[node.id].over)
        if isinstance(node, Chosen):
            return set(self.methodology.options[node.option].over)
        if isinstance(node, Previous):
            return set(self.methodology.quantities[node.name].over) | self.free(node.initial)
        inner = set().union(*(self.free(child) for child in node.children)) if node.children else set()
        if isinstance(node, Reduce):
            reduced = set(node.over)
            coarser = {
                name
                for name in self.methodology.dimensions
                for finer in reduced
                if self.methodology.step(name) and self.methodology.step(finer) and calendar.is_finer(finer, name)
            }
            return (inner - reduced) | coarser
        return inner

    def reduce(self, node: Reduce, at: At) -> Any:
        relevant = {name: tag for name, tag in at.items() if name in self.free(node)}
        key = (node, tuple(sorted(relevant.items())))
        if key not in self._reductions:
            self._reductions[key] = self._unknown_reduction(node, at)
        return self._reductions[key]

    def inner(self, node: Reduce, at: At) -> dict[str, Any]:
        """Give a generic index inside a reduction."""
        tag = self.tag()
        return self._with_coarser({**at, **dict.fromkeys(node.over, tag)}, at)

    def term(self, node: Reduce, inner: At) -> tuple[Any, Any]:
        """Give what a reduction takes at an index, and whether it takes it."""
        taken = self.truth(node.where, inner) if node.where is not None else z3.BoolVal(True)
        if node.function == "count":
            counted = isinstance(node.body, Compare | Logic | Not | Chosen)
            return exact(Fraction(1)), z3.And(taken, self.truth(node.body, inner)) if counted else taken
        return self.number(node.body, inner), taken

    def _unknown_reduction(self, node: Reduce, at: At) -> Any:
        result = self.unknown(node.function)
        if node.function in {"count", "stdev"}:
            self.facts.append(result >= 0)
            return result
        value, taken = self.term(node, self.inner(node, at))
        whole = node.where is None
        claims = [
            (value == 0, result == 0, node.function == "sum"),
            (value > 0, result > 0, whole or node.function != "sum"),
            (value >= 0, result >= 0, True),
            (value < 0, result < 0, whole or node.function != "sum"),
            (value <= 0, result <= 0, True),
            (value <= 1, result <= 1, node.function != "sum"),
        ]
        for claim, consequence, applies in claims:
            if applies and holds(claim, [*self.facts, taken], LEMMA_MS).proved:
                self.facts.append(consequence)
        return result

    def previous(self, node: Previous, at: At) -> Any:
        """Give the initial value, or an unknown of which only a sign is known that every step keeps."""
        initial = self.number(node.initial, at)
        if node.name not in self.trees:
            earlier = self.parameter(node.name, self.key(self.methodology.quantities[node.name].over, {**at, node.dimension: f"{at[node.dimension]}-1"}))
            return z3.If(z3.Bool(f"first {node.dimension} {at[node.dimension]}"), initial, earlier)
        key = (node, tuple(sorted(at.items())))
        if key in self._reductions:
            return self._reductions[key]
        result = self.unknown(f"earlier {node.name}")
        self._reductions[key] = result
        for sign in (lambda value: value >= 0, lambda value: value <= 0):
            if self._kept(node, at, result, initial, sign):
                self.facts.append(sign(result))
        return result

    def _kept(self, node: Previous, at: At, result: Any, initial: Any, sign: Callable[[Any], Any]) -> bool:
        """Whether a sign holds at first and is kept from step to step."""
        if not holds(sign(initial), self.facts, LEMMA_MS).proved:
            return False
        following = self.equation(node.name, at)
        return holds(sign(following), [*self.facts, sign(result)], LEMMA_MS).proved


class Small(Encoder):
    """A domain of two members: everything is written out, so that a point can be replayed."""

    def __init__(self, methodology: Methodology, trees: Mapping[str, Node], domain: Domain) -> None:
        super().__init__(methodology, trees)
        self.domain = domain

    def key(self, over: tuple[str, ...], at: At) -> tuple[Any, ...]:
        return self.domain.position(over, at)

    def inside(self, over: tuple[str, ...], at: At) -> dict[str, Any]:
        return dict(zip(over, self.domain.position(over, at), strict=True))

    def label(self, dimension: str, at: At) -> Any:
        return z3.RealVal(int(self.domain.position((dimension,), at)[0]))

    def reduce(self, node: Reduce, at: At) -> Any:
        parts = []
        for index in self.domain.indices(node.over, at):
            inner = {**at, **dict(zip(node.over, index, strict=True))}
            taken = self.truth(node.where, inner) if node.where is not None else z3.BoolVal(True)
            if node.function == "count":
                if isinstance(node.body, Compare | Logic | Not | Chosen):
                    taken = z3.And(taken, self.truth(node.body, inner))
                parts.append((exact(Fraction(1)), taken))
            else:
                parts.append((self.number(node.body, inner), taken))
        return self._joined(node.function, parts)

    def _joined(self, function: str, parts: list[tuple[Any, Any]]) -> Any:
        zero = exact(Fraction(0))
        total = z3.Sum([z3.If(taken, value, zero) for value, taken in parts]) if parts else zero
        if function in {"sum", "count"}:
            return total
        count = z3.Sum([z3.If(taken, exact(Fraction(1)), zero) for _, taken in parts])
        if function == "mean":
            return total / count
        if function == "stdev":
            result = self.unknown("stdev")
            self.facts.append(result >= 0)
            return result
        result = self.unknown(function)
        better = [result <= value if function == "minimum" else result >= value for value, _ in parts]
        self.facts += [z3.Implies(taken, claim) for claim, (_, taken) in zip(better, parts, strict=True)]
        self.facts.append(z3.Or(*(z3.And(taken, result == value) for value, taken in parts)))
        return result

    def previous(self, node: Previous, at: At) -> Any:
        members = self.domain.members[node.dimension]
        here = self.domain.positions(node.dimension)[self.domain.position((node.dimension,), at)[0]]
        if here == 0:
            return self.number(node.initial, at)
        return self.number(Name(node.name), {**at, node.dimension: members[here - 1]})


def _properties(function: str, argument: Any, result: Any) -> list[Any]:
    """What is true of a function at any argument."""
    if function == "exp":
        at_one = z3.And(z3.Implies(argument <= 0, result <= 1), z3.Implies(argument < 0, result < 1))
        return [result > 0, result >= 1 + argument, at_one]
    if function == "log":
        return [z3.Implies(argument > 0, result <= argument - 1), z3.Implies(argument >= 1, result >= 0)]
    if function == "sqrt":
        return [result >= 0, z3.Implies(argument >= 0, result * result == argument)]
    if function == "floor":
        return [result <= argument, argument < result + 1, z3.IsInt(result)]
    if function == "ceil":
        return [result >= argument, argument > result - 1, z3.IsInt(result)]
    return [result <= argument + exact(Fraction(1, 2)), result >= argument - exact(Fraction(1, 2)), z3.IsInt(result)]


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def depends(node: Node, name: str, trees: Mapping[str, Node], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a formula depends on a quantity, through other equations and earlier steps too."""
    for part in walk(node):
        used = part.id if isinstance(part, Name) else part.name if isinstance(part, Previous) else None
        if used == name:
            return True
        if used in trees and used not in seen and depends(trees[used], name, trees, seen | {used}):
            return True
    return False

"""What is computed for one project's choices: equations in order of dependency, each on its index set.

Choices that hold for the whole project are settled here, so that branches not chosen need no data; a
choice that differs by member becomes a parameter of its own, `option:<name>`, holding the choice's number.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.check.order import cycles, dependencies, groups, reachable, ring
from tonne.engine.errors import Problem, SpecError
from tonne.engine.spec.methodology import Methodology, lookup_keys
from tonne.engine.spec.tree import (
    Cases,
    Chosen,
    Compare,
    Logic,
    Name,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
    transform,
    walk,
)
from tonne.engine.units import ONE, Unit

TRUE = Compare("==", Number(Fraction(0), "0"), Number(Fraction(0), "0"))
FALSE = Compare("!=", Number(Fraction(0), "0"), Number(Fraction(0), "0"))

Choice = str | Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One equation to compute."""

    id: str
    tree: Node
    over: tuple[str, ...]
    unit: Unit


@dataclass(frozen=True)
class Plan:
    """Groups of steps in order; a group of several, or one that needs its own past, is a recurrence."""

    methodology: Methodology
    choices: Mapping[str, Choice]
    groups: tuple[tuple[Step, ...], ...]
    needed: Mapping[str, tuple[str, ...]]
    whens: Mapping[str, Node]
    tests: Mapping[str, Node]
    not_asked: frozenset[str]
    left_out: tuple[str, ...]

    def not_chosen(self, name: str, choice: Callable[[str], str]) -> bool:
        """Whether the choices at an index rule a conditional parameter out; `choice` gives that of an option."""
        return name in self.whens and _ruled_out(self.whens[name], self.methodology, choice)

    @property
    def conditional(self) -> frozenset[str]:
        """The parameters that need values only where their `when:` holds."""
        return frozenset(self.whens)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """The equations that are computed, in order."""
        return {step.id: step for group in self.groups for step in group}

    def dependents(self, names: Iterable[str]) -> frozenset[str]:
        """The equations that need one of some quantities, directly or through others."""
        found = set(names)
        given = frozenset(found)
        for group in self.groups:
            needs = set().union(*(dependencies(step.tree, found) for step in group))
            if needs:
                found.update(step.id for step in group)
        return frozenset(found - given)

    def over(self, name: str) -> tuple[str, ...]:
        """The index set of a quantity of the plan."""
        return self.needed[name] if name in self.needed else self.steps[name].over

    def unit(self, name: str) -> Unit:
        """The unit of a quantity of the plan."""
        return ONE if name.startswith("option:") else self.methodology.quantities[name].unit


def make_plan(
    methodology: Methodology,
    choices: Mapping[str, Choice],
    inference: Inference | None = None,
    also: Iterable[str] = (),
) -> Plan:
    """Plan what the outputs and conditions of a methodology need under a project's choices.

    Args:
        methodology: what is planned.
        choices: of its options.
        inference: what was found of its units, where that is known already.
        also: quantities that are wanted beside.

    Raises:
        SpecError: units or index sets do not fit, or equations need each other.
    """
    inference = inference or infer(methodology)
    if inference.problems:
        raise SpecError(inference.problems)
    trees = {name: settled(tree, methodology, choices) for name, tree in inference.trees.items()}
    refuse_cycles(methodology, trees)
    not_asked = _not_asked(methodology, trees, choices)
    tests = {
        name: settled(tree, methodology, choices) for name, tree in inference.tests.items() if name not in not_asked
    }
    whens = {name: settled(tree, methodology, choices) for name, tree in inference.whens.items()}
    used = reachable(
        {**trees, **{f"condition {name}": tree for name, tree in tests.items()}},
        [*_roots(methodology, trees, tests), *also],
    )
    graph = {name: dependencies(tree, trees) for name, tree in trees.items() if name in used}
    order = groups(graph)
    _refuse_odd_recurrences(methodology, trees, order)
    parameters = {name: quantity.over for name, quantity in methodology.parameters.items() if name in used}
    options = {
        name: tuple(methodology.options[name.removeprefix("option:")].over)
        for name in sorted(used)
        if name.startswith("option:")
    }
    return Plan(
        methodology=methodology,
        choices=choices,
        groups=tuple(
            tuple(
                Step(name, trees[name], methodology.quantities[name].over, methodology.quantities[name].unit)
                for name in group
            )
            for group in order
        ),
        needed={**parameters, **options},
        whens={name: whens[name] for name in parameters if name in whens and whens[name] != TRUE},
        tests=tests,
        not_asked=not_asked,
        left_out=tuple(name for name in methodology.quantities if name not in used and name not in parameters),
    )


def options_read(methodology: Methodology, choices: Mapping[str, Choice]) -> frozenset[str]:
    """Name the options that outputs and conditions read under the choices made so far; a branch not taken reads none."""
    inference = infer(methodology)
    trees = {name: settled(tree, methodology, choices) for name, tree in inference.trees.items()}
    not_asked = _not_asked(methodology, trees, choices)
    whens = {
        item.spec.id: settled(item.when, methodology, choices)
        for item in methodology.conditions
        if item.when is not None and item.spec.id not in not_asked
    }
    tests = {
        name: settled(tree, methodology, choices) for name, tree in inference.tests.items() if name not in not_asked
    }
    asked = {f"condition {name}": tree for name, tree in tests.items()}
    used = reachable({**trees, **asked}, _roots(methodology, trees, tests))
    used |= {part.id for tree in whens.values() for part in walk(tree) if isinstance(part, Name)}
    read = {name.removeprefix("option:") for name in used if name.startswith("option:")}
    for name, quantity in methodology.parameters.items():
        if name not in used:
            continue
        when = inference.whens.get(name)
        if when is not None:
            read |= {
                part.id.removeprefix("option:")
                for part in walk(settled(when, methodology, choices))
                if isinstance(part, Name) and part.id.startswith("option:")
            }
        sources = [source for source in lookup_keys(quantity.parameter).values() if isinstance(source, str)]
        if (rule := quantity.parameter.unit_of) is not None:
            sources += rule.sources(methodology.tables[rule.table].keys)
        sources += [quantity.parameter.option] if quantity.parameter.option else []
        read |= {quantity.prefix + source for source in sources}
    return frozenset(read & set(methodology.options))


def _not_asked(methodology: Methodology, trees: Mapping[str, Node], choices: Mapping[str, Choice]) -> frozenset[str]:
    """Name the conditions whose `when:` does not hold, and those of modules whose equations are not read."""
    read = reachable(trees, _roots(methodology, trees, {}))
    unread = {
        item.prefix
        for item in methodology.conditions
        if any(name.startswith(item.prefix) for name in trees)
        and not any(name.startswith(item.prefix) for name in read & set(trees))
    }
    return frozenset(
        item.spec.id
        for item in methodology.conditions
        if item.prefix in unread or (item.when is not None and settled(item.when, methodology, choices) == FALSE)
    )


def _roots(methodology: Methodology, trees: Mapping[str, Node], tests: Mapping[str, Node]) -> list[str]:
    outputs = methodology.spec.outputs
    if outputs is None:
        own = [name for name in trees if "." not in name]  # of a module: what it uses counts where it is read
        return [*own, *(f"condition {name}" for name in tests)]
    named = [outputs.baseline, outputs.project, outputs.leakage, outputs.reduction, *outputs.reported]
    return [name for name in named if name] + [f"condition {name}" for name in tests]


def refuse_cycles(methodology: Methodology, trees: Mapping[str, Node]) -> None:
    """Refuse equations that need each other within one step.

    Raises:
        SpecError: with every such ring.
    """
    found = cycles(trees)
    if found:
        raise SpecError(
            Problem(
                f"equations need each other: {ring(group)}",
                methodology.quantities[group[0]].place,
                hint="a stock that carries over uses prev(quantity, dimension, initial)",
            )
            for group in found
        )


def _refuse_odd_recurrences(methodology: Methodology, trees: Mapping[str, Node], order: list[list[str]]) -> None:
    """Refuse recurrences that do not go step by step along one dimension of one index set."""
    problems: list[Problem] = []
    for group in order:
        names = set(group)
        past = {
            part.dimension
            for name in group
            for part in walk(trees[name])
            if isinstance(part, Previous) and part.name in names
        }
        if not past:
            continue
        place = methodology.quantities[group[0]].place
        if len(past) > 1 or len({frozenset(methodology.quantities[name].over) for name in group}) > 1:
            what = f"the recurrence of {', '.join(group)} does not run along one dimension of one index set"
            problems.append(Problem(what, place, hint="give its equations the same `over:`"))
        for name in group:
            initial = sorted(
                {
                    found
                    for part in walk(trees[name])
                    if isinstance(part, Previous)
                    for found in dependencies(part.initial, names)
                }
            )
            if initial:
                what = f"the first step of {name} needs {', '.join(initial)} of its own recurrence"
                problems.append(
                    Problem(what, methodology.quantities[name].place, hint="give the initial value by parameters")
                )
            reduced = sorted(
                {found for part in walk(trees[name]) if isinstance(part, Reduce) for found in dependencies(part, names)}
            )
            if reduced:
                what = f"{name} adds up {', '.join(reduced)} inside its own recurrence"
                hint = "carry the running total as a stock of its own"
                problems.append(Problem(what, methodology.quantities[name].place, hint=hint))
    if problems:
        raise SpecError(problems)


def settled(tree: Node, methodology: Methodology, choices: Mapping[str, Choice]) -> Node:
    """Settle the choices in a tree and leave out the branches that are not chosen."""
    return transform(tree, lambda node: simplified(_choice(node, methodology, choices)))


def settled_as_fixed(tree: Node, methodology: Methodology) -> Node:
    """Settle what a spec fixes of its modules, and leave out the branches that nobody can choose."""
    fixed = methodology.fixed_options

    def decided(node: Node) -> Node:
        is_open = isinstance(node, Chosen) and node.option not in fixed
        return node if is_open else simplified(_choice(node, methodology, fixed))

    return transform(tree, decided)


def _choice(node: Node, methodology: Methodology, choices: Mapping[str, Choice]) -> Node:
    if not isinstance(node, Chosen):
        return node
    choice = choices.get(node.option)
    if isinstance(choice, str):
        return TRUE if (choice == node.value) is node.equal else FALSE
    number = list(methodology.options[node.option].values).index(node.value)
    operator = "==" if node.equal else "!="
    return Compare(operator, Name(f"option:{node.option}"), Number(Fraction(number), str(number)), span=node.span)


def simplified(node: Node) -> Node:
    """Leave out of one node what a settled condition in it rules out."""
    if isinstance(node, Not):
        return FALSE if node.operand == TRUE else TRUE if node.operand == FALSE else node
    if isinstance(node, Logic):
        neutral, deciding = (TRUE, FALSE) if node.operator == "and" else (FALSE, TRUE)
        if deciding in {node.left, node.right}:
            return deciding
        return node.right if node.left == neutral else node.left if node.right == neutral else node
    if isinstance(node, Previous):
        return _at_first_step(node)
    if isinstance(node, Reduce) and node.where == TRUE:
        return Reduce(node.function, node.body, node.over, None, span=node.span)
    if isinstance(node, Cases):
        return _fewer_cases(node)
    return node


def _at_first_step(node: Previous) -> Previous:
    """In an initial value, which counts at the first step only, take earlier values for their own initial values."""

    def first(part: Node) -> Node:
        return part.initial if isinstance(part, Previous) and part.dimension == node.dimension else part

    return Previous(node.name, node.dimension, transform(node.initial, first), span=node.span)


def _ruled_out(tree: Node, methodology: Methodology, choice: Callable[[str], str]) -> bool:
    """Settle the choices that differ by member as well; what else a condition asks is left open."""

    def decided(node: Node) -> Node:
        if isinstance(node, Compare) and isinstance(node.left, Name) and node.left.id.startswith("option:"):
            option = node.left.id.removeprefix("option:")
            number = list(methodology.options[option].values).index(choice(option))
            same = isinstance(node.right, Number) and node.right.value == number
            return TRUE if same is (node.operator == "==") else FALSE
        return simplified(node)

    return transform(tree, decided) == FALSE


def _fewer_cases(node: Cases) -> Node:
    branches: list[tuple[Node, Node]] = []
    otherwise = node.otherwise
    for when, expression in node.branches:
        if when == FALSE:
            continue
        if when == TRUE:
            otherwise = expression
            break
        branches.append((when, expression))
    if not branches and otherwise is not None:
        return otherwise
    return Cases(tuple(branches), otherwise, span=node.span)

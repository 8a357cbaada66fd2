"""What every proof of one methodology starts from: its formulas, the ranges of its parameters, what uses what."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tonne.engine.check.order import groups
from tonne.engine.prove.enclosure import Enclosures
from tonne.engine.prove.facts import Range, moved_range
from tonne.engine.prove.interval import POSITIVE, ZERO, Interval
from tonne.engine.prove.reasons import TIME_OF_CHECK, TIME_OF_SOLVER, TOO_LARGE, Reason, hard_parts, together
from tonne.engine.prove.solver import Solver
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.tree import Arithmetic, Name, Node, Number, Previous, Reduce, walk

MAX_DEGREE = 24

Changes = tuple[tuple[str, Range], ...]


class _Formulas:
    """The formulas of a methodology and how they hang together."""

    def __init__(self, methodology: Methodology, trees: Mapping[str, Node]) -> None:
        self.methodology = methodology
        self.trees = trees
        self.uses = {name: _used(tree) for name, tree in trees.items()}
        graph = {name: [used for used in sorted(uses) if used in trees] for name, uses in self.uses.items()}
        self.order = groups(graph)
        self.users: dict[str, list[str]] = {}
        for name, uses in self.uses.items():
            for used in uses:
                self.users.setdefault(used, []).append(name)
        self.outright = {name: _named_outright(tree, trees) for name, tree in trees.items()}
        self.large: dict[int, tuple[Node, bool]] = {}
        self.enclosed: dict[Changes, Enclosures] = {}

    @functools.cached_property
    def degrees(self) -> dict[str, int]:
        """The degree of every equation as a polynomial in what the solver takes for unknown."""
        found: dict[str, int] = {}
        for group in self.order:
            for name in group:
                found[name] = _degree(self.trees[name], found)
        return found


@dataclass(frozen=True)
class Setting:
    """The formulas and the ranges within which statements are made; `changes` are the ranges that a question sets."""

    formulas: _Formulas
    declared: Mapping[str, Range]
    solver: Solver
    changes: Changes = ()
    lemmas: dict[tuple[Changes, Node], Interval] = field(default_factory=dict)

    @classmethod
    def of(
        cls, methodology: Methodology, trees: Mapping[str, Node], ranges: Mapping[str, Range], solver: Solver
    ) -> "Setting":
        """Make the setting of a methodology."""
        return cls(_Formulas(methodology, trees), ranges, solver)

    @property
    def free(self) -> frozenset[str]:
        """The parameters whose declared range does not count."""
        return frozenset(name for name, _ in self.changes)

    @property
    def methodology(self) -> Methodology:
        """The methodology."""
        return self.formulas.methodology

    @property
    def trees(self) -> Mapping[str, Node]:
        """The formula of each equation."""
        return self.formulas.trees

    @functools.cached_property
    def ranges(self) -> Mapping[str, Range]:
        """The range of each parameter."""
        return {**self.declared, **dict(self.changes)}

    @property
    def enclosures(self) -> Enclosures:
        """The intervals in which the equations lie."""
        known = self.formulas.enclosed
        if self.changes not in known:
            known[self.changes] = Enclosures(self.methodology, self.trees, self.ranges, self.formulas.order)
        return known[self.changes]

    def with_free(self, quantity: Quantity) -> "Setting":
        """Let one parameter move, a constant too."""
        moved = moved_range(self.methodology, quantity, self.declared[quantity.id])
        return self if moved == self.declared[quantity.id] else replace(self, changes=((quantity.id, moved),))

    def with_zero(self, names: frozenset[str]) -> "Setting":
        """Set some parameters to zero."""
        nothing = Range(ZERO, (Fraction(0),))
        return replace(self, changes=tuple((name, nothing) for name in sorted(names)))

    def with_multiples(self, names: frozenset[str]) -> "Setting":
        """Let some parameters stand at any positive multiple of what they can be."""
        multiples = {name: Range(self.declared[name].interval * POSITIVE) for name in sorted(names)}
        return replace(self, changes=tuple(multiples.items()))

    def affected(self, name: str) -> frozenset[str]:
        """List the equations that depend on a quantity, through others and earlier steps too; itself included."""
        found = {name}
        waiting = [name]
        while waiting:
            for user in self.formulas.users.get(waiting.pop(), []):
                if user not in found:
                    found.add(user)
                    waiting.append(user)
        return frozenset(found)

    def needed(self, name: str) -> frozenset[str]:
        """List the quantities that one needs, through others and earlier steps too; itself included."""
        found = {name}
        waiting = [name]
        while waiting:
            for used in self.formulas.uses.get(waiting.pop(), ()):
                if used not in found:
                    found.add(used)
                    waiting.append(used)
        return frozenset(found)

    def is_too_large(self, node: Node) -> bool:
        """Whether a formula is a polynomial of a degree that the solver is not asked about."""
        known = self.formulas.large
        if id(node) not in known:
            known[id(node)] = (node, _degree(node, self.formulas.degrees) > MAX_DEGREE)
        return known[id(node)][1]

    def limits_of(self, *nodes: Node) -> Reason:
        """Say what in formulas keeps the solver from following them exactly."""
        if self.solver.is_out_of_time:
            return TIME_OF_CHECK
        if any(self.is_too_large(node) for node in nodes):
            return TOO_LARGE
        found: list[Reason] = []
        for node in nodes:
            equations = [self.trees[name] for name in sorted(_used(node)) if name in self.trees]
            found += [reason for tree in (node, *equations) for reason in hard_parts(tree)]
        return together(found or [TIME_OF_SOLVER])


def _used(tree: Node) -> frozenset[str]:
    return frozenset(
        part.id if isinstance(part, Name) else part.name for part in walk(tree) if isinstance(part, Name | Previous)
    )


def _named_outright(tree: Node, trees: Mapping[str, Node]) -> tuple[str, ...]:
    """List the equations a formula names outside reductions and earlier steps: at its own index."""
    found: dict[str, None] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Name) and node.id in trees:
            found[node.id] = None
        if not isinstance(node, Reduce):
            stack.extend(node.children)
    return tuple(found)


def _degree(node: Node, known: Mapping[str, int]) -> int:
    if isinstance(node, Name):
        return known.get(node.id, 1)
    if isinstance(node, Number):
        return 0
    if isinstance(node, Reduce):
        return max(1, *(_degree(child, known) for child in node.children))
    inner = [_degree(child, known) for child in node.children]
    if isinstance(node, Arithmetic) and node.operator in {"*", "/"}:
        return sum(inner)
    if isinstance(node, Arithmetic) and node.operator == "**" and isinstance(node.right, Number):
        return inner[0] * max(1, int(abs(node.right.value)))
    return max(inner, default=1)

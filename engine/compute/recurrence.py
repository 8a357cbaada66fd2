"""Writes a recurrence as a recursive query; the staging of what it needs from outside is not done here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from tonne.engine.check.order import dependencies, groups
from tonne.engine.compute.lower import column, table
from tonne.engine.spec.tree import Node, Previous


@dataclass(frozen=True)
class Recursion:
    """Builds the recursive query of a recurrence: the first step from the initial values, each next from the one before."""

    lower: Callable[[Node, set[str]], exp.Expr]
    source: str
    relation: str
    frame: tuple[str, ...]
    dimension: str
    slots: Mapping[Previous, str]
    trees: Mapping[str, Node]
    initials: Mapping[str, Node]

    @property
    def names(self) -> set[str]:
        """The columns of the recurrence itself."""
        return {*self.trees, *self.initials}

    def query(self) -> exp.Query:
        """Write the query."""
        numbered = f"{self.relation}_rows"
        loop = f"{self.relation}_loop"
        others = [key for key in self.frame if key != self.dimension]
        position = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(key) for key in others],
            order=exp.Order(expressions=[exp.Ordered(this=column(self.dimension))]),
        )
        rows = exp.select(exp.Star(), exp.alias_(position, "_step", quoted=True)).from_(table(self.source))
        anchor_slots = [
            exp.alias_(self.lower(tree, self.names), slot, quoted=True) for slot, tree in self.initials.items()
        ]
        anchor = (
            exp.select(exp.Star(), *anchor_slots)
            .from_(table(numbered))
            .where(exp.EQ(this=column("_step"), expression=exp.Literal.number(1)))
        )
        next_slots = [exp.alias_(column(part.name, "past"), slot, quoted=True) for part, slot in self.slots.items()]
        on = exp.and_(
            *(exp.EQ(this=column(key, "past"), expression=column(key, "now")) for key in others),
            exp.EQ(
                this=column("_step", "now"),
                expression=exp.Add(this=column("_step", "past"), expression=exp.Literal.number(1)),
            ),
        )
        following = (
            exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("now")), *next_slots)
            .from_(exp.alias_(table(loop), "past"))
            .join(exp.alias_(table(numbered), "now"), on=on)
        )
        body = exp.union(self._levels(anchor), self._levels(following), distinct=False)
        names = [*self.frame, *self.trees]
        query = exp.select(*(column(name) for name in names)).from_(table(loop))
        query = query.with_(exp.to_identifier(numbered, quoted=True), as_=rows, recursive=True)
        return query.with_(exp.to_identifier(loop, quoted=True), as_=body, recursive=True)

    def _levels(self, select: exp.Select) -> exp.Select:
        """Compute the equations of one step on top of a query that has their inputs and pasts."""
        graph = {name: dependencies(tree, self.trees, earlier=False) for name, tree in self.trees.items()}
        current = select
        for number, group in enumerate(groups(graph)):
            (name,) = group
            value = exp.alias_(self.lower(self.trees[name], self.names), name, quoted=True)
            current = exp.select(exp.Star(), value).from_(current.subquery(f"level_{number}"))
        kept = [*self.frame, "_step", *self.trees]
        return exp.select(*(column(name) for name in kept)).from_(current.subquery("whole"))

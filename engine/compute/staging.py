"""Turns a plan into relations: for each index set a chain of SELECTs, one layer per dependency level.

Every equation becomes a named column. A reduction becomes a GROUP BY of its finer frame, joined back; a
quantity of a smaller index set is joined in; `prev` becomes a window; a recurrence a recursive query.
Sums are taken over whole numbers of 2**-72, so that they depend neither on order nor on threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlglot import exp

from tonne.engine import calendar
from tonne.engine.compute.aggregates import aggregate, count
from tonne.engine.compute.lower import Lowering, column, literal, table
from tonne.engine.compute.recurrence import Recursion
from tonne.engine.compute.relations import Frame, Relation, Staged, told_apart, with_names
from tonne.engine.plan import FALSE, TRUE, Plan, Step, simplified
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Cases,
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

MOST_LAYERS = 50  # engines limit how deep a query may be


@dataclass
class _Chain:
    """The state of one frame while it is built."""

    latest: str | None
    layers: list[dict[str, exp.Expr]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    own: list[str] = field(default_factory=list)
    waiting: dict[Frame, dict[str, exp.Expr]] = field(default_factory=dict)


def stage(plan: Plan, bases: Mapping[Frame, str] | None = None, scalars: Mapping[str, float] | None = None) -> Staged:
    """Stage a plan.

    Args:
        plan: what to compute.
        bases: the relation that holds the parameters of a frame, by frame; by default named `base_<n>`.
            A base has a column for each dimension, for the coarser steps of its clock dimension, and for
            each parameter of exactly that index set. When bases are given, a frame that is not among them
            and has no parameters takes its indices from the first reduction into it, and any parameter may
            be NULL: what needs it is then NULL as well.
        scalars: values of parameters without dimensions, which become literals.
    """
    staged = _Stager(plan, bases or {}, scalars or {}).run()
    renamed = told_apart([*plan.methodology.dimensions, *plan.needed, *plan.steps])
    if not renamed:
        return staged
    relations = tuple(replace(relation, query=with_names(relation.query, renamed)) for relation in staged.relations)
    return replace(staged, relations=relations, renamed=renamed)


class _Stager:
    def __init__(self, plan: Plan, bases: Mapping[Frame, str], scalars: Mapping[str, float]) -> None:
        self.plan = plan
        self.methodology = plan.methodology
        self.order = {name: position for position, name in enumerate(self.methodology.dimensions)}
        self.clock = {name for name in self.order if self.methodology.step(name)}
        self.given_bases = bases
        self.scalars = scalars
        self.bases: dict[Frame, str] = {}
        self.chains: dict[Frame, _Chain] = {}
        self.relations: list[Relation] = []
        self.place: dict[str, Frame] = {name: self.frame(over) for name, over in plan.needed.items()}
        self.nullable: set[str] = set(plan.conditional)
        self.exact: set[str] = set(plan.needed)
        if bases:
            self.nullable |= set(plan.needed) - set(scalars)
        self.totals: set[str] = set()
        self.hidden = 0

    def run(self) -> Staged:
        for name, frame in self.place.items():
            self.chain(frame).known.add(name)
            self.source(frame)
        for group in self.plan.groups:
            if len(group) > 1 or _uses_own_past(group[0]):
                self.recurrence(group)
            else:
                step = group[0]
                self.define(
                    step.id,
                    self.hoisted(self.settled(step.tree), step.over, self.frame(step.over)),
                    self.frame(step.over),
                    own=True,
                )
        for frame in list(self.chains):
            self.flush(frame)
        return Staged(
            tuple(self.relations),
            {frame: self.source(frame) for frame in self.chains},
            {frame: tuple(chain.own) for frame, chain in self.chains.items()},
            self.bases,
        )

    # -- frames

    def frame(self, over: Sequence[str] | frozenset[str]) -> Frame:
        """Bring an index set to its one form: dimensions in order, of the clock only the finest step."""
        steps = [name for name in over if name in self.clock]
        finest = min(steps, key=calendar.STEPS.index) if steps else None
        kept = [name for name in set(over) if name not in self.clock or name == finest]
        return tuple(sorted(kept, key=self.order.__getitem__))

    def keys(self, frame: Frame) -> list[str]:
        """The key columns of a frame: its dimensions and the coarser steps of the clock."""
        keys = list(frame)
        for name in frame:
            if name in self.clock:
                keys += [other for other in self.order if other in self.clock and calendar.is_finer(name, other)]
        return keys

    def chain(self, frame: Frame) -> _Chain:
        if frame not in self.chains:
            self.chains[frame] = _Chain(None, known=set(self.keys(frame)))
            if not self.given_bases or frame in self.given_bases:
                self.source(frame)
        return self.chains[frame]

    def source(self, frame: Frame) -> str:
        """Name the relation that has what is known of a frame so far, at first its base."""
        chain = self.chain(frame)
        if chain.latest is None:
            chain.latest = self.bases[frame] = self.given_bases.get(frame, f"base_{len(self.bases)}")
        return chain.latest

    def indices(self, node: Node, context: frozenset[str]) -> frozenset[str]:
        """The dimensions a node varies over, inside a context."""
        if isinstance(node, Name):
            return frozenset({node.id}) if node.id in self.order else frozenset(self.place[node.id])
        if isinstance(node, Reduce):
            inside = self.indices_of(node.children, context | frozenset(node.over))
            outer = (
                {name for name in context if name in self.clock}
                if any(name in self.clock for name in node.over)
                else set()
            )
            return (frozenset(self.frame(inside)) - frozenset(node.over)) | frozenset(self.frame(tuple(outer)))
        if isinstance(node, Previous):
            return frozenset(self.place[node.name]) | self.indices_of(node.children, context)
        return self.indices_of(node.children, context)

    def indices_of(self, nodes: Sequence[Node], context: frozenset[str]) -> frozenset[str]:
        return frozenset().union(*(self.indices(node, context) for node in nodes))

    # -- layers

    def define(self, name: str, tree: Node, frame: Frame, own: bool = False) -> None:
        """Add a column to a frame; everything it names is a quantity of this frame or a smaller one."""
        self.bring_in(tree, frame)
        lowering = self.lowering(frame)
        expression = lowering.lower(self.with_literals(tree))
        if lowering.is_exact(tree):
            self.exact.add(name)
        if lowering.may_be_null(tree):
            self.nullable.add(name)
        self.add(name, expression, frame)
        self.place[name] = frame
        if own:
            self.chain(frame).own.append(name)

    def lower_step(self, tree: Node, names: set[str]) -> exp.Expr:
        """Lower a formula of a recurrence, where nothing can be put into a column of its own."""
        lowering = Lowering(frozenset(self.order), self.nullable | names, self.exact, lambda node: node)
        return lowering.lower(self.with_literals(tree))

    def lowering(self, frame: Frame) -> Lowering:
        return Lowering(frozenset(self.order), self.nullable, self.exact, lambda node: self.spill(node, frame))

    def add(self, name: str, expression: exp.Expr, frame: Frame) -> None:
        chain = self.chain(frame)
        used = {part.name for part in expression.find_all(exp.Column)}
        if not chain.layers or used & chain.fresh:
            if len(chain.layers) >= MOST_LAYERS:
                self.flush(frame)
            chain.layers.append({})
            chain.fresh = set()
        chain.layers[-1][name] = expression
        chain.fresh.add(name)
        chain.known.add(name)

    def with_literals(self, tree: Node) -> Node:
        return tree if not self.scalars else transform(tree, self._literal)

    def _literal(self, node: Node) -> Node:
        if isinstance(node, Name) and node.id in self.scalars:
            return Number(Fraction(self.scalars[node.id]), "", span=node.span)
        return node

    def settled(self, tree: Node) -> Node:
        """Leave out the branches that options with one value for all members rule out."""
        return tree if not self.scalars else transform(tree, self._settled)

    def _settled(self, node: Node) -> Node:
        match node:
            case Compare(operator, Name(id=name), Number(value=value)) if name.startswith("option:"):
                if name in self.scalars and operator in {"==", "!="}:
                    return TRUE if (self.scalars[name] == value) is (operator == "==") else FALSE
            case Cases(branches, None) if all(when == FALSE for when, _ in branches):
                return node  # without a value, as before
        return simplified(node)

    def spill(self, node: Node, frame: Frame) -> Node:
        """Put an expression into a hidden column of the frame."""
        name = self.new_name("part")
        self.define(name, node, frame)
        return Name(name)

    def new_name(self, kind: str) -> str:
        self.hidden += 1
        return f"_{kind}_{self.hidden}"

    def flush(self, frame: Frame) -> str:
        """Make a relation of the layers of a frame; returns the relation that has all its columns."""
        chain = self.chain(frame)
        self.gather(frame)
        source = self.source(frame)
        if not chain.layers:
            return source
        name = f"{'_'.join(frame) or 'scalar'}_{len(self.relations)}"
        query = exp.select()
        ctes: list[tuple[str, exp.Select]] = []
        for level, layer in enumerate(chain.layers):
            select = exp.select(
                exp.Star(), *(exp.alias_(value, key, quoted=True) for key, value in layer.items())
            ).from_(table(source))
            if level < len(chain.layers) - 1:
                source = f"{name}_level_{level}"
                ctes.append((source, select))
            else:
                query = select
        for cte, select in ctes:
            query = query.with_(exp.to_identifier(cte, quoted=True), as_=select, materialized=False, copy=False)
        self.relations.append(Relation(name, query, frame, row_level=True))
        chain.latest, chain.layers, chain.fresh = name, [], set()
        return name

    # -- quantities of smaller frames

    def bring_in(self, tree: Node, frame: Frame) -> None:
        """Join the quantities a tree names from other frames."""
        here = self.chain(frame)
        wanted: dict[Frame, list[str]] = {}
        for part in walk(tree):
            if (
                isinstance(part, Name)
                and part.id not in self.order
                and part.id not in here.known
                and part.id not in self.scalars
            ):
                names = wanted.setdefault(self.place[part.id], [])
                if part.id not in names:
                    names.append(part.id)
        for other, names in wanted.items():
            self.join(frame, self.flush(other), other, names)

    def join(self, frame: Frame, relation: str, other: Frame, names: Sequence[str]) -> None:
        """Join columns of a relation on the keys of its frame."""
        self.flush(frame)
        self.attach(frame, relation, other, names)

    def attach(self, frame: Frame, relation: str, other: Frame, names: Sequence[str]) -> None:
        """Join columns below the layers that are still open."""
        name = f"{'_'.join(frame) or 'scalar'}_{len(self.relations)}"
        query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("here"))).select(
            *(exp.alias_(self.joined(item, other), item, quoted=True) for item in names)
        )
        query = query.from_(exp.alias_(table(self.source(frame)), "here"))
        there = exp.alias_(table(relation), "there")
        if other:
            condition = exp.and_(*(exp.EQ(this=column(key, "here"), expression=column(key, "there")) for key in other))
            query = query.join(there, on=condition, join_type="left")
        else:
            query = query.join(there, join_type="cross")
        self.relations.append(Relation(name, query, frame, row_level=True))
        chain = self.chain(frame)
        chain.latest = name
        chain.known.update(names)

    def joined(self, name: str, frame: Frame) -> exp.Expr:
        """Take a joined column; a total of a group without rows is 0."""
        value = column(name, "there")
        if name not in self.totals or not frame:
            return value
        absent = exp.Is(this=column(frame[0], "there"), expression=exp.null())
        return exp.Coalesce(this=value, expressions=[exp.Case().when(absent, literal(0))])

    # -- reductions and earlier steps

    def hoisted(self, tree: Node, context: Sequence[str], frame: Frame) -> Node:
        """Replace reductions and earlier values in a tree by the names of columns that hold them."""
        if isinstance(tree, Reduce):
            return Name(self.reduction(tree, frozenset(context)))
        if isinstance(tree, Previous):
            return Name(self.earlier(tree, context, frame))
        children = tree.children
        if not children:
            return tree
        changed = tuple(self.hoisted(child, context, frame) for child in children)
        return tree.rebuilt(changed)

    def reduction(self, node: Reduce, context: frozenset[str]) -> str:
        """Stage a reduction and give the name of the column that holds it."""
        if node.function == "stdev":
            return self.deviation(node, context)
        inner_context = context | frozenset(node.over)
        body_frame = self.frame(self.indices_of(node.children, inner_context) | frozenset(node.over))
        result_frame = self.frame(self.indices(node, context))
        body = self.hoisted(node.body, tuple(inner_context), body_frame)
        where = self.hoisted(node.where, tuple(inner_context), body_frame) if node.where is not None else None
        for part in (body, where):
            if part is not None:
                self.bring_in(part, body_frame)
        lowering = self.lowering(body_frame)
        value = lowering.lower(self.with_literals(body))
        if not isinstance(body, Name) and node.function != "count":
            value = column(_spilled(self, value, body, lowering, body_frame))
        condition = lowering.lower(self.with_literals(where)) if where is not None else None
        strict = lowering.may_be_null(body) or (where is not None and lowering.may_be_null(where))
        name = self.new_name(node.function)
        if node.function == "count":
            result = count(value if isinstance(body, Compare | Logic | Not) else None, condition, strict)
        else:
            result = aggregate(node.function, value, condition, strict)
        if node.function in {"sum", "count"}:
            self.totals.add(name)
        if node.function == "count" or (node.function in {"minimum", "maximum"} and lowering.is_exact(body)):
            self.exact.add(name)
        if strict or node.function not in {"sum", "count"}:
            self.nullable.add(name)
        chain = self.chain(result_frame)
        chain.waiting.setdefault(body_frame, {})[name] = result
        chain.known.add(name)
        self.place[name] = result_frame
        return name

    def deviation(self, node: Reduce, context: frozenset[str]) -> str:
        """Stage a standard deviation by sums, which do not depend on order, of squares that are near 1."""
        inner = context | frozenset(node.over)
        body_frame = self.frame(self.indices_of(node.children, inner) | frozenset(node.over))
        where = self.hoisted(node.where, tuple(inner), body_frame) if node.where is not None else None
        body = self.spill(self.hoisted(node.body, tuple(inner), body_frame), body_frame)

        def reduced(function: str, part: Node) -> Node:
            return Name(self.reduction(Reduce(function, part, node.over, where), context))

        one, zero = Number(Fraction(1), "1"), Number(Fraction(0), "0")
        count = reduced("count", one)
        distance = Arithmetic("-", body, reduced("mean", body))
        largest = reduced("maximum", Call("abs", (distance,)))
        share = Cases(((Compare("==", largest, zero), zero),), Arithmetic("/", distance, largest))
        squares = reduced("sum", Arithmetic("*", share, share))
        mean_square = Arithmetic("/", squares, Arithmetic("-", count, one))
        deviation = Arithmetic("*", largest, Call("sqrt", (mean_square,)))
        name = self.new_name("stdev")
        enough = Compare(">=", count, Number(Fraction(2), "2"))
        self.define(name, Cases(((enough, deviation),), None), self.frame(self.indices(node, context)))
        return name

    def gather(self, frame: Frame) -> None:
        """Compute the reductions that wait to come into a frame, one GROUP BY for each finer frame."""
        chain = self.chain(frame)
        waiting, chain.waiting = chain.waiting, {}
        for finer, aggregates in waiting.items():
            source = self.flush(finer)
            keys = [column(key) for key in self.keys(frame)]
            query = exp.select(*keys, *(exp.alias_(value, name, quoted=True) for name, value in aggregates.items()))
            query = query.from_(table(source)).group_by(*(key.copy() for key in keys))
            relation = f"{'_'.join(frame) or 'scalar'}_from_{'_'.join(finer)}_{len(self.relations)}"
            self.relations.append(Relation(relation, query, frame, row_level=False))
            if chain.latest is None:
                chain.latest = relation
            else:
                self.attach(frame, relation, frame, list(aggregates))

    def earlier(self, node: Previous, context: Sequence[str], frame: Frame) -> str:
        """Stage the value of the step before as a window over the frame of the quantity."""
        home = self.frame(tuple(self.place[node.name]) + tuple(self.indices(node.initial, frozenset(context))))
        initial = self.hoisted(node.initial, context, frame)
        self.bring_in(Name(node.name), home)
        self.bring_in(initial, home)
        lowering = self.lowering(home)
        others = [column(key) for key in home if key != node.dimension]
        window = {
            "partition_by": others,
            "order": exp.Order(expressions=[exp.Ordered(this=column(node.dimension))]),
        }
        position = exp.Window(this=exp.RowNumber(), **_copied(window))
        before = exp.Window(this=exp.Lag(this=column(node.name)), **_copied(window))
        first = exp.EQ(this=position, expression=exp.Literal.number(1))
        name = self.new_name("earlier")
        if node.name in self.nullable or lowering.may_be_null(initial):
            self.nullable.add(name)
        if node.name in self.exact and lowering.is_exact(initial):
            self.exact.add(name)
        self.add(name, exp.Case().when(first, lowering.lower(self.with_literals(initial))).else_(before), home)
        self.place[name] = home
        return name

    def recurrence(self, group: tuple[Step, ...]) -> None:
        """Stage equations that need their own past as a recursive query along their time dimension."""
        frame = self.frame(group[0].over)
        names = {step.id for step in group}
        pasts = [
            part for step in group for part in walk(step.tree) if isinstance(part, Previous) and part.name in names
        ]
        (dimension,) = {part.dimension for part in pasts}  # the plan refuses any other
        slots = {part: f"_past_{position}" for position, part in enumerate(dict.fromkeys(pasts))}
        trees = {
            step.id: self.hoisted(
                transform(step.tree, lambda node: Name(slots[node]) if node in slots else node),
                step.over,
                frame,
            )
            for step in group
        }
        initials = {slot: self.hoisted(part.initial, group[0].over, frame) for part, slot in slots.items()}
        for tree in [*trees.values(), *initials.values()]:
            self.bring_in(_without(tree, {*slots.values(), *names}), frame)
        source = self.flush(frame)
        relation = f"recurrence_{len(self.relations)}"
        query = Recursion(self.lower_step, source, relation, frame, dimension, slots, trees, initials).query()
        self.relations.append(Relation(relation, query, frame, row_level=False))
        self.nullable.update(names)
        self.join(frame, relation, frame, [step.id for step in group])
        for step in group:
            self.place[step.id] = frame
            self.chain(frame).own.append(step.id)


def _spilled(stager: _Stager, value: exp.Expr, body: Node, lowering: Lowering, frame: Frame) -> str:
    name = stager.new_name("body")
    if lowering.may_be_null(body):
        stager.nullable.add(name)
    stager.add(name, value, frame)
    stager.place[name] = frame
    return name


def _without(tree: Node, names: set[str]) -> Node:
    return transform(tree, lambda node: Number(Fraction(0)) if isinstance(node, Name) and node.id in names else node)


def _uses_own_past(step: Step) -> bool:
    return any(isinstance(part, Previous) and part.name == step.id for part in walk(step.tree))


def _copied(window: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [item.copy() for item in value] if isinstance(value, list) else value.copy()
        for key, value in window.items()
    }

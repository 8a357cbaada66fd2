"""Gives every node of every formula its unit and its index set, and inserts the changes of unit.

The trees that come out are what is printed, computed and proved; each inserted change is listed.
A zero without a unit fits every unit. A temperature in °C is taken as kelvin inside formulas.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from tonne.engine import calendar
from tonne.engine.check.kinds import Conversion, Indices, Inference, Kind, Misfit, constant_of, kind_words
from tonne.engine.errors import Place, Problem, UnitError
from tonne.engine.spec.methodology import Methodology, Quantity, column_unit
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
from tonne.engine.units import FLAG, ONE, Unit, conversion, dimension_words, parse_unit


def infer(methodology: Methodology) -> Inference:
    """Give every formula of a methodology its units and index sets."""
    work = _Inferrer(methodology)
    trees: dict[str, Node] = {}
    whens: dict[str, Node] = {}
    tests: dict[str, Node] = {}
    for name, quantity in methodology.quantities.items():
        if quantity.tree is not None:
            tree = work.formula(quantity)
            if tree is not None:
                trees[name] = tree
        if quantity.when is not None:
            when = work.condition(quantity.when, quantity.over, quantity.place, name, quantity.prefix)
            if when is not None:
                whens[name] = when
    for condition in methodology.conditions:
        if condition.tree is not None:
            test = work.condition(condition.tree, (), condition.place, condition.spec.id, condition.prefix)
            if test is not None:
                tests[condition.spec.id] = test
    work.check_factors()
    return Inference(
        trees, whens, tests, tuple(work.conversions), tuple(work.unit_problems), tuple(work.index_problems)
    )


class _Inferrer:
    def __init__(self, methodology: Methodology) -> None:
        self.methodology = methodology
        self.conversions: list[Conversion] = []
        self.unit_problems: list[Problem] = []
        self.index_problems: list[Problem] = []
        self.owner = ""
        self.context: tuple[str, ...] = ()

    def formula(self, quantity: Quantity) -> Node | None:
        """Complete an equation's tree; None when it does not fit."""
        self.owner = quantity.id
        try:
            node, kind = self.value(quantity.tree or Number(Fraction(0)), tuple(quantity.over))
            self._require_within(kind.over, quantity)
            return self._as_declared(node, kind, quantity)
        except (Misfit, UnitError) as misfit:
            self._report(misfit, quantity.place, f"equation {quantity.id}", quantity.prefix)
            return None

    def condition(self, tree: Node, over: tuple[str, ...], place: Place, owner: str, prefix: str) -> Node | None:
        """Complete a condition's tree; None when it does not fit."""
        self.owner = owner
        try:
            node, kind = self.truth(tree, over)
            extra = self._beyond(kind.over, over)
            if extra:
                raise Misfit(
                    "index",
                    f"the condition goes over {', '.join(extra)}",
                    hint="reduce it, for instance with minimum(…)",
                )
            return node
        except (Misfit, UnitError) as misfit:
            self._report(misfit, place, f"condition of {owner}", prefix)
            return None

    def _report(self, misfit: Misfit | UnitError, place: Place, owner: str, prefix: str) -> None:
        if isinstance(misfit, UnitError):
            self.unit_problems.extend(
                replace(problem, what=f"{owner}: {problem.what}", place=place) for problem in misfit.problems
            )
            return
        if misfit.node is not None:
            place = self.methodology.place_of(misfit.node, prefix, place)
        problem = Problem(f"{owner}: {misfit.what}", place, misfit.expected, misfit.found, misfit.hint)
        (self.index_problems if misfit.kind == "index" else self.unit_problems).append(problem)

    # -- index sets

    def normal(self, over: Indices) -> Indices:
        """Leave out the clock steps that a finer one of the set implies."""
        steps = [name for name in over if self.methodology.step(name)]
        if len(steps) < 2:
            return over
        finest = min(steps, key=calendar.STEPS.index)
        return (over - frozenset(steps)) | {finest}

    def union(self, *parts: Indices) -> Indices:
        return self.normal(frozenset().union(*parts))

    def _beyond(self, over: Indices, allowed: tuple[str, ...]) -> list[str]:
        """List what an index set has that the allowed one cannot give."""
        steps = [name for name in allowed if self.methodology.step(name)]
        finest = min(steps, key=calendar.STEPS.index) if steps else None
        return sorted(
            name
            for name in over
            if name not in allowed and not (finest and self.methodology.step(name) and calendar.is_finer(finest, name))
        )

    def _require_within(self, over: Indices, quantity: Quantity) -> None:
        extra = self._beyond(over, quantity.over)
        if extra:
            declared = ", ".join(quantity.over) or "nothing"
            raise Misfit(
                "index",
                f"the formula has a value for each {', '.join(extra)}, but the equation is over {declared}",
                hint=f"add up with sum(…, over={extra[0]}), or add {extra[0]} to `over:`",
            )

    # -- values and conditions

    def value(self, node: Node, context: tuple[str, ...]) -> tuple[Node, Kind]:
        """Complete a node that must be a number; a condition becomes 1 or 0."""
        done, kind = self.any(node, context)
        if kind.condition:
            one, zero = Number(Fraction(1), "1"), Number(Fraction(0), "0")
            return Cases(((done, one),), zero, span=node.span), Kind(FLAG, kind.over)
        return done, kind

    def truth(self, node: Node, context: tuple[str, ...]) -> tuple[Node, Kind]:
        """Complete a node that must be a condition; a flag holds when it is not 0."""
        done, kind = self.any(node, context)
        if kind.condition:
            return done, kind
        if kind.unit is not None and kind.unit.is_flag:
            return Compare("!=", done, Number(Fraction(0), "0"), span=node.span), Kind(None, kind.over, condition=True)
        misfit = Misfit(
            "unit",
            "a number stands where a condition is needed",
            "a comparison, or a quantity with unit flag",
            kind_words(kind),
        )
        misfit.node = node
        raise misfit

    def any(self, node: Node, context: tuple[str, ...]) -> tuple[Node, Kind]:
        """Complete any node, by its type."""
        rule = self._rules.get(type(node))
        if rule is None:
            raise TypeError(f"no rule for {type(node).__name__}")
        try:
            return rule(self, node, context)
        except UnitError as fault:
            (problem,) = fault.problems
            misfit = Misfit("unit", problem.what, problem.expected, problem.found, problem.hint)
            misfit.node = node
            raise misfit from None
        except Misfit as misfit:
            misfit.node = misfit.node or node
            raise

    def _number(self, node: Number, _context: tuple[str, ...]) -> tuple[Node, Kind]:
        return node, Kind(None if node.value == 0 else ONE, frozenset())

    def _name(self, node: Name, context: tuple[str, ...]) -> tuple[Node, Kind]:
        if node.id in self.methodology.dimensions:
            return self._label(node, context)
        quantity = self.methodology.quantities[node.id]
        over = self.normal(frozenset(quantity.over))
        if quantity.unit.is_offset:
            base = parse_unit("K")
            factor, offset = conversion(quantity.unit, base)
            return (
                Convert(node, factor, offset, quantity.unit.text, "K", span=node.span),
                Kind(base, over, absolute=True),
            )
        return node, Kind(quantity.unit, over)

    def _label(self, node: Name, _context: tuple[str, ...]) -> tuple[Node, Kind]:
        step = self.methodology.dimensions[node.id].time
        if step is None:
            raise Misfit(
                "index",
                f"dimension {node.id} has no number",
                "a time dimension",
                hint="compare options, not members",
            )
        unit = {"minute": "min", "hour": "h", "day": "d"}.get(step, step)
        return node, Kind(parse_unit(unit), frozenset({node.id}))

    def _negate(self, node: Negate, context: tuple[str, ...]) -> tuple[Node, Kind]:
        operand, kind = self.value(node.operand, context)
        return replace(node, operand=operand), replace(kind, absolute=False)

    def _arithmetic(self, node: Arithmetic, context: tuple[str, ...]) -> tuple[Node, Kind]:
        left, left_kind = self.value(node.left, context)
        right, right_kind = self.value(node.right, context)
        over = self.union(left_kind.over, right_kind.over)
        if node.operator in "+-":
            return self._sum(node, (left, left_kind), (right, right_kind), over)
        left_unit, right_unit = left_kind.unit or ONE, right_kind.unit or ONE
        if node.operator == "**":
            return self._power(node, (left, left_unit), (right, right_unit), over)
        if left_unit.is_flag or right_unit.is_flag:
            raise Misfit("unit", "a flag is multiplied or divided", hint="use it as a condition in cases or where=")
        zero = left_kind.unit is None or (node.operator == "*" and right_kind.unit is None)
        unit = left_unit * right_unit if node.operator == "*" else left_unit / right_unit
        return replace(node, left=left, right=right), Kind(None if zero else unit, over)

    def _sum(
        self, node: Arithmetic, left: tuple[Node, Kind], right: tuple[Node, Kind], over: Indices
    ) -> tuple[Node, Kind]:
        (left_node, left_kind), (right_node, right_kind) = left, right
        if node.operator == "+" and left_kind.absolute and right_kind.absolute:
            raise Misfit(
                "unit",
                "two temperatures are added",
                hint="a temperature and a difference of temperatures can be added",
            )
        (left_node, right_node), unit = self._alike(
            [(left_node, left_kind), (right_node, right_kind)], f"'{node.operator}'"
        )
        absolute = left_kind.absolute != right_kind.absolute
        return replace(node, left=left_node, right=right_node), Kind(unit, over, absolute=absolute)

    def _power(
        self, node: Arithmetic, base: tuple[Node, Unit], exponent: tuple[Node, Unit], over: Indices
    ) -> tuple[Node, Kind]:
        if not exponent[1].is_dimensionless:
            raise Misfit("unit", "an exponent has a unit", "a plain number", kind_words(Kind(exponent[1], over)))
        constant = constant_of(node.right)
        if constant is not None:
            return replace(node, left=base[0], right=exponent[0]), Kind(base[1].power(constant), over)
        if not base[1].is_dimensionless:
            raise Misfit(
                "unit",
                "a quantity with a unit is raised to a power that is not a constant",
                "a plain number",
                base[1].text,
            )
        left = self._converted(base[0], Kind(base[1], over), ONE)
        right = self._converted(exponent[0], Kind(exponent[1], over), ONE)
        return replace(node, left=left, right=right), Kind(ONE, over)

    def _compare(self, node: Compare, context: tuple[str, ...]) -> tuple[Node, Kind]:
        left, left_kind = self.value(node.left, context)
        right, right_kind = self.value(node.right, context)
        (left, right), _ = self._alike([(left, left_kind), (right, right_kind)], f"'{node.operator}'")
        return replace(node, left=left, right=right), Kind(
            None, self.union(left_kind.over, right_kind.over), condition=True
        )

    def _logic(self, node: Logic, context: tuple[str, ...]) -> tuple[Node, Kind]:
        left, left_kind = self.truth(node.left, context)
        right, right_kind = self.truth(node.right, context)
        return replace(node, left=left, right=right), Kind(
            None, self.union(left_kind.over, right_kind.over), condition=True
        )

    def _not(self, node: Not, context: tuple[str, ...]) -> tuple[Node, Kind]:
        operand, kind = self.truth(node.operand, context)
        return replace(node, operand=operand), kind

    def _chosen(self, node: Chosen, _context: tuple[str, ...]) -> tuple[Node, Kind]:
        return node, Kind(None, frozenset(self.methodology.options[node.option].over), condition=True)

    def _cases(self, node: Cases, context: tuple[str, ...]) -> tuple[Node, Kind]:
        conditions = [self.truth(when, context) for when, _ in node.branches]
        values = [self.value(expression, context) for _, expression in node.branches]
        if node.otherwise is not None:
            values.append(self.value(node.otherwise, context))
        nodes, unit = self._alike(values, "the cases")
        over = self.union(*(kind.over for _, kind in conditions), *(kind.over for _, kind in values))
        absolute = all(kind.absolute for _, kind in values)
        branches = tuple((when, expression) for (when, _), expression in zip(conditions, nodes, strict=False))
        otherwise = nodes[-1] if node.otherwise is not None else None
        return replace(node, branches=branches, otherwise=otherwise), Kind(unit, over, absolute=absolute)

    def _call(self, node: Call, context: tuple[str, ...]) -> tuple[Node, Kind]:
        arguments = [self.value(argument, context) for argument in node.arguments]
        over = self.union(*(kind.over for _, kind in arguments))
        if node.function in {"exp", "log"}:
            (argument, kind) = arguments[0]
            if kind.unit is not None and not kind.unit.is_dimensionless:
                raise Misfit("unit", f"{node.function} of a quantity with a unit", "a plain number", kind_words(kind))
            return replace(node, arguments=(self._converted(argument, kind, ONE),)), Kind(ONE, over)
        if node.function == "sqrt":
            unit = arguments[0][1].unit
            return replace(node, arguments=(arguments[0][0],)), Kind(unit.power(Fraction(1, 2)) if unit else None, over)
        nodes, unit = self._alike(arguments, node.function)
        absolute = node.function in {"min", "max"} and all(kind.absolute for _, kind in arguments)
        return replace(node, arguments=tuple(nodes)), Kind(unit, over, absolute=absolute)

    def _reduce(self, node: Reduce, context: tuple[str, ...]) -> tuple[Node, Kind]:
        inner = tuple(dict.fromkeys((*context, *node.over)))
        for dimension in node.over:
            self._require_reducible(dimension, context)
        where, where_kind = (
            self.truth(node.where, inner) if node.where is not None else (None, Kind(None, frozenset(), condition=True))
        )
        body, kind = self.any(node.body, inner)
        if kind.condition:
            if node.function != "count":
                raise Misfit(
                    "unit",
                    f"{node.function} of a condition",
                    "a number",
                    hint="count(condition, over=…) counts where it holds",
                )
        elif kind.unit is not None and kind.unit.is_flag and node.function == "count":
            body, kind = self.truth(node.body, inner)
        over = self.union(kind.over, where_kind.over)
        for dimension in node.over:
            if dimension not in kind.over and dimension not in over:
                raise Misfit(
                    "index",
                    f"{node.function} goes over {dimension}, but what it takes has no {dimension}",
                    hint=f"it is over {', '.join(sorted(over)) or 'nothing'}",
                )
        result = (over - frozenset(node.over)) | self._outer_steps(node.over, context)
        unit = ONE if node.function == "count" else kind.unit
        absolute = kind.absolute and node.function in {"mean", "minimum", "maximum"}
        return replace(node, body=body, where=where), Kind(unit, self.normal(result), absolute=absolute)

    def _require_reducible(self, dimension: str, context: tuple[str, ...]) -> None:
        if dimension in context:
            raise Misfit(
                "index",
                f"a sum over {dimension} in an equation that is itself over {dimension}",
                hint="reduce over a finer dimension",
            )
        step = self.methodology.step(dimension)
        finer = [name for name in context if step and self.methodology.step(name) and calendar.is_finer(name, step)]
        if finer:
            raise Misfit(
                "index",
                f"a sum over {dimension} inside an equation over {finer[0]}",
                hint=f"a {finer[0]} lies in one {dimension}",
            )

    def _outer_steps(self, reduced: tuple[str, ...], context: tuple[str, ...]) -> Indices:
        """The clock step of the context, when a clock step was reduced inside it."""
        if not any(self.methodology.step(name) for name in reduced):
            return frozenset()
        steps = [name for name in context if self.methodology.step(name)]
        return frozenset({min(steps, key=calendar.STEPS.index)}) if steps else frozenset()

    def _previous(self, node: Previous, context: tuple[str, ...]) -> tuple[Node, Kind]:
        quantity = self.methodology.quantities.get(node.name)
        if quantity is None:
            raise Misfit("index", f"prev of {node.name}, which is not a quantity")
        dimension = self.methodology.dimensions[node.dimension]
        if dimension.time is None and not dimension.ordered:
            raise Misfit("index", f"prev goes along {node.dimension}, which is neither time nor `ordered: true`")
        if node.dimension not in quantity.over:
            raise Misfit("index", f"prev goes along {node.dimension}, but {node.name} is not over {node.dimension}")
        if node.dimension not in context:
            raise Misfit("index", f"prev along {node.dimension} in an equation that is not over {node.dimension}")
        initial, kind = self.value(node.initial, context)
        initial = self._converted(initial, kind, quantity.unit)
        over = self.union(self.normal(frozenset(quantity.over)), kind.over)
        earlier = replace(node, initial=initial)
        if not quantity.unit.is_offset:
            return earlier, Kind(quantity.unit, over)
        base = parse_unit("K")
        factor, offset = conversion(quantity.unit, base)
        return Convert(earlier, factor, offset, quantity.unit.text, "K", span=node.span), Kind(
            base, over, absolute=True
        )

    _rules: Mapping[type[Node], Callable[..., tuple[Node, Kind]]] = {
        Number: _number,
        Name: _name,
        Negate: _negate,
        Arithmetic: _arithmetic,
        Compare: _compare,
        Logic: _logic,
        Not: _not,
        Chosen: _chosen,
        Cases: _cases,
        Call: _call,
        Reduce: _reduce,
        Previous: _previous,
    }

    # -- units

    def _alike(self, parts: list[tuple[Node, Kind]], what: str) -> tuple[list[Node], Unit | None]:
        """Bring parts to the unit of the first that has one."""
        unit = next((kind.unit for _, kind in parts if kind.unit is not None), None)
        if unit is None:
            return [node for node, _ in parts], None
        for _, kind in parts:
            if kind.unit is not None and not kind.unit.same_dimension(unit):
                raise Misfit(
                    "unit",
                    f"{what} joins different units",
                    f"{unit.text} {dimension_words(unit.dimension)}",
                    kind_words(kind),
                    self._missing(unit, kind.unit, any(isinstance(node, Number) for node, _ in parts)),
                )
        return [self._converted(node, kind, unit) for node, kind in parts], unit

    def _converted(self, node: Node, kind: Kind, target: Unit) -> Node:
        if kind.unit is None:
            return node
        factor, offset = conversion(kind.unit, target)
        if factor == 1 and offset == 0:
            return node
        self.conversions.append(Conversion(self.owner, kind.unit.text, target.text, factor, offset))
        return Convert(node, factor, offset, kind.unit.text, target.text, span=node.span)

    def _as_declared(self, node: Node, kind: Kind, quantity: Quantity) -> Node:
        if kind.unit is None:
            return node
        unit = quantity.unit
        if not kind.unit.same_dimension(unit):
            raise Misfit(
                "unit",
                f"the formula does not have the declared unit {unit.text}",
                dimension_words(unit.dimension),
                kind_words(kind),
                self._missing(unit, kind.unit),
            )
        if unit.is_offset and not kind.absolute:
            raise Misfit("unit", f"a difference of temperatures is declared in {unit.text}", "K", unit.text)
        return self._converted(node, kind, unit)

    def _missing(self, expected: Unit, found: Unit, number: bool = False) -> str | None:
        """Name the parameter of the methodology whose unit would close the gap, if there is one."""
        if number:
            return "numbers in formulas have no unit; a number with a unit is a parameter"
        if found.dimension == (expected * expected).dimension:
            return "two quantities of this unit are multiplied; a sum may be meant"
        gap = expected / found
        for name, quantity in self.methodology.quantities.items():
            if quantity.unit.dimension == gap.dimension and not quantity.unit.is_dimensionless and name != self.owner:
                return f"a factor such as {name} ({quantity.unit.text}) may be missing"
        if gap.dimension and all(name.startswith("substance") for name, _ in gap.dimension):
            return "a factor between the substances may be missing, such as a GWP or a ratio of masses like 44/12"
        return None

    def check_factors(self) -> None:
        """Check that each factor parameter has the unit of its table column."""
        for quantity in self.methodology.parameters.values():
            parameter = quantity.parameter
            table = self.methodology.tables.get(parameter.table or "")
            if table is None or parameter.from_ != "factor" or parameter.column not in table.numeric:
                continue
            unit = column_unit(table, parameter)
            if not unit.same_dimension(quantity.unit):
                self.unit_problems.append(
                    Problem(
                        f"parameter {quantity.id} does not have the unit of its column {parameter.table}.{parameter.column}",
                        quantity.place,
                        unit.text,
                        quantity.unit.text,
                    )
                )

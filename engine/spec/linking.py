"""Makes a methodology of a spec: brings modules in, parses every formula, resolves every name.

Units and index sets are not looked at here; that is the work of `check`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tonne.engine import calendar
from tonne.engine.errors import (
    SHOWN_PROBLEMS,
    FormulaError,
    Place,
    Problem,
    SpecError,
    UnitError,
    UnknownNameError,
    in_file_order,
    listing,
    nearest,
)
from tonne.engine.spec.expression import parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.lookups import Lookups, barred, part_place
from tonne.engine.spec.methodology import LinkedCondition, Methodology, Quantity, place_in
from tonne.engine.spec.models import (
    Cite,
    Condition,
    Dimension,
    Direction,
    Equation,
    MethodologySpec,
    Option,
    Parameter,
    Use,
)
from tonne.engine.spec.source import Document, Steps
from tonne.engine.spec.tree import (
    Cases,
    Chosen,
    Compare,
    Logic,
    Name,
    Node,
    Not,
    Previous,
    Reduce,
    transform,
    walk,
)
from tonne.engine.units import ONE, Unit, parse_unit

MAX_MODULE_DEPTH = 5
MAX_QUANTITIES = 10_000
MAX_FORMULA_TEXT = 200_000
RESERVED = {"and", "or", "not"}

ModuleFinder = Callable[[str, Place], tuple[MethodologySpec, Document]]
TableFinder = Callable[[str, Place], FactorTable]


def link(spec: MethodologySpec, document: Document, find_module: ModuleFinder, find_table: TableFinder) -> Methodology:
    """Bring modules in, parse every formula and resolve every name.

    Raises:
        SpecError: with every fault of the whole, in file order.
    """
    linker = _Linker(find_module, find_table)
    linker.add(spec, document, "", {}, {}, {}, 0)
    linker.resolve()
    linker.require(spec, document)
    if linker.problems:
        raise SpecError(in_file_order(linker.problems))
    return Methodology(
        spec=spec,
        document=document,
        modules=linker.modules,
        dimensions=linker.dimensions,
        options=linker.options,
        fixed_options=linker.fixed_options,
        quantities=linker.quantities,
        conditions=tuple(linker.conditions),
        tables=linker.tables,
    )


class _Linker:
    def __init__(self, find_module: ModuleFinder, find_table: TableFinder) -> None:
        self.find_module = find_module
        self.find_table = find_table
        self.problems: list[Problem] = []
        self.modules: dict[str, tuple[MethodologySpec, Document]] = {}
        self.dimensions: dict[str, Dimension] = {}
        self.options: dict[str, Option] = {}
        self.fixed_options: dict[str, str] = {}
        self.quantities: dict[str, Quantity] = {}
        self.conditions: list[LinkedCondition] = []
        self.tables: dict[str, FactorTable] = {}
        self.documents: dict[str, Document] = {}
        self.formula_text = 0

    def add(
        self,
        spec: MethodologySpec,
        document: Document,
        prefix: str,
        bound: Mapping[str, tuple[str, Place]],
        choices: Mapping[str, str],
        sides: Mapping[str, Direction],
        level: int,
    ) -> None:
        """Add a spec's parts under a prefix; the sides are those that its host gives to parameters."""
        self.documents[prefix] = document
        self._add_dimensions(spec, document)
        own = frozenset(spec.dimensions)
        for name, option in spec.options.items():
            place = document.place("options", name)
            self._declare(prefix + name, place)
            self.options[prefix + name] = option
            self._resolve_dimensions(tuple(option.over), place, f"option {name}")
            if option.default is not None and option.default not in option.values:
                self._no_such_value(name, option, option.default, document.place("options", name, "default", "="))
            if name in choices:
                self.fixed_options[prefix + name] = choices[name]
        for name, parameter in spec.parameters.items():
            self._declare(prefix + name, document.place("parameters", name))
            sided = parameter.model_copy(update={"conservative": sides.get(name, parameter.conservative)})
            self._add_parameter(prefix, name, sided, own, bound.get(name))
        for name, equation in spec.equations.items():
            self._declare(prefix + name, document.place("equations", name))
            self._add_equation(prefix, name, equation, own)
        if len(self.quantities) > MAX_QUANTITIES:
            raise SpecError(
                Problem(
                    "too many parameters and equations",
                    document.place(),
                    f"at most {MAX_QUANTITIES:,} with all modules",
                )
            )
        for index, condition in enumerate(spec.conditions):
            self._add_condition(prefix, index, condition, own)
        for alias, use in spec.uses.items():
            place = document.place("uses", alias)
            self._declare(prefix + alias, place)
            if level >= MAX_MODULE_DEPTH:
                raise SpecError(
                    Problem(
                        "modules use modules too deeply, or each other",
                        place,
                        f"at most {MAX_MODULE_DEPTH} levels",
                    )
                )
            try:
                module, module_document = self.find_module(use.module, document.place("uses", alias, "module", "="))
            except (SpecError, UnknownNameError) as fault:
                self.problems.extend(fault.problems)
                continue
            inner = f"{prefix}{alias}."
            self.modules[inner[:-1]] = (module, module_document)
            self._check_use(module, use, document, alias)
            bindings = {
                name: (prefix + target, document.place("uses", alias, "bind", name, "="))
                for name, target in use.bind.items()
            }
            self.add(module, module_document, inner, bindings, use.options, use.conservative, level + 1)

    def _check_use(self, module: MethodologySpec, use: Use, document: Document, alias: str) -> None:
        for key, name in [
            *(("bind", name) for name in use.bind),
            *(("conservative", name) for name in use.conservative),
        ]:
            if name not in module.parameters:
                self.problems.append(
                    Problem(
                        f"module {module.id} has no parameter '{name}'",
                        document.place("uses", alias, key, name),
                        hint=nearest(name, module.parameters) or f"it has {listing(list(module.parameters))}",
                    )
                )
        for name, value in use.options.items():
            place = document.place("uses", alias, "options", name)
            if name not in module.options:
                self.problems.append(
                    Problem(
                        f"module {module.id} has no option '{name}'",
                        place,
                        hint=nearest(name, module.options),
                    )
                )
            elif value not in module.options[name].values:
                self._no_such_value(name, module.options[name], value, place)

    def _no_such_value(self, name: str, option: Option, value: str, place: Place) -> None:
        values = list(option.values)
        self.problems.append(
            Problem(
                f"option {name} has no value '{value}'",
                place,
                f"one of {listing(values)}",
                hint=nearest(value, values),
            )
        )

    def _add_dimensions(self, spec: MethodologySpec, document: Document) -> None:
        for name, dimension in spec.dimensions.items():
            known = self.dimensions.setdefault(name, dimension)
            if known.model_copy(update={"name": None}) != dimension.model_copy(update={"name": None}):
                self.problems.append(
                    Problem(
                        f"dimension {name} is declared differently here and in the spec that uses it",
                        document.place("dimensions", name),
                    )
                )

    def _declare(self, name: str, place: Place) -> None:
        if name in self.quantities or name in self.options:
            self.problems.append(
                Problem(
                    f"the name {name} is given twice",
                    place,
                    hint="names are shared by options, parameters and equations",
                )
            )
        if name in self.dimensions:
            self.problems.append(Problem(f"{name} is also a dimension", place, hint="rename one of the two"))
        if name.rpartition(".")[2] in RESERVED:
            self.problems.append(Problem(f"{name} is a word of the formula language", place, hint="rename it"))

    def _unit(self, text: str, place: Place) -> Unit:
        try:
            return parse_unit(text, place)
        except UnitError as fault:
            self.problems.extend(fault.problems)
            return ONE

    def _tree(self, text: str, steps: Steps, prefix: str, own: frozenset[str]) -> Node:
        """Parse a formula; from here on the spans of its nodes are places in the file."""
        document = self.documents[prefix]
        self.formula_text += len(text)
        if self.formula_text > MAX_FORMULA_TEXT:
            raise SpecError(
                Problem(
                    "too many formulas",
                    document.place(*steps),
                    f"at most {MAX_FORMULA_TEXT:,} characters with all modules",
                )
            )
        offsets = document.offsets(steps, text)
        try:
            tree = parse(text, lambda position: document.at(offsets[position]) if offsets else document.place(*steps))
        except FormulaError as fault:
            self.problems.extend(fault.problems)
            return Name("")
        return transform(tree, lambda node: _settled_name(node, prefix, own, offsets))

    def _add_condition(self, prefix: str, index: int, condition: Condition, own: frozenset[str]) -> None:
        place = self.documents[prefix].place("conditions", index)
        known = {item.spec.id for item in self.conditions}
        if condition.id in known and prefix:
            if condition.test is None:
                return  # a module that is used twice states its conditions once
            condition = condition.model_copy(update={"id": prefix + condition.id})
        elif condition.id in known:
            self.problems.append(
                Problem(f"condition {condition.id} is given twice", place, hint="rename one of the two")
            )
        tree = self._tree(condition.test, ("conditions", index, "test"), prefix, own) if condition.test else None
        when = self._tree(condition.when, ("conditions", index, "when"), prefix, own) if condition.when else None
        self.conditions.append(LinkedCondition(condition, tree, place, prefix, when))

    def _add_parameter(
        self,
        prefix: str,
        name: str,
        parameter: Parameter,
        own: frozenset[str],
        bound: tuple[str, Place] | None,
    ) -> None:
        document = self.documents[prefix]
        place = document.place("parameters", name)
        unit = self._unit(parameter.unit, document.place("parameters", name, "unit", "="))
        when = self._tree(parameter.when, ("parameters", name, "when"), prefix, own) if parameter.when else None
        tree = Name(bound[0]) if bound else None
        for table in [parameter.table, parameter.unit_of.table if parameter.unit_of else None]:
            if table and table not in self.tables:
                try:
                    self.tables[table] = self.find_table(table, document.place("parameters", name, "table", "="))
                except (SpecError, UnknownNameError) as fault:
                    self.problems.extend(fault.problems)
        self.quantities[prefix + name] = Quantity(
            prefix + name,
            parameter,
            unit,
            tuple(parameter.over),
            bound[1] if bound else place,
            tree,
            when,
            prefix,
        )

    def _add_equation(self, prefix: str, name: str, equation: Equation, own: frozenset[str]) -> None:
        document = self.documents[prefix]
        unit = self._unit(equation.unit, document.place("equations", name, "unit", "="))
        cites: list[Cite | None] = []
        if equation.expr is not None:
            tree = self._tree(equation.expr, ("equations", name, "expr"), prefix, own)
        else:
            branches: list[tuple[Node, Node]] = []
            otherwise: Node | None = None
            for index, case in enumerate(equation.cases or []):
                cites.append(case.cite)
                steps = ("equations", name, "cases", index)
                if case.otherwise is not None:
                    otherwise = self._tree(case.otherwise, (*steps, "otherwise"), prefix, own)
                else:
                    when = self._tree(case.when or "", (*steps, "when"), prefix, own)
                    branches.append((when, self._tree(case.expr or "", (*steps, "expr"), prefix, own)))
            tree = Cases(tuple(branches), otherwise)
        self.quantities[prefix + name] = Quantity(
            prefix + name,
            equation,
            unit,
            tuple(equation.over),
            document.place("equations", name),
            tree,
            None,
            prefix,
            tuple(cites),
        )

    def resolve(self) -> None:
        """Resolve every name in every formula, dimension list and key."""
        lookups = Lookups(self.dimensions, self.options, self.tables, self.documents, self.problems)
        for name, quantity in self.quantities.items():
            self._resolve_dimensions(quantity.over, part_place(self.documents, quantity, "over"), name)
            self._refuse_odd_index_set(name, quantity, part_place(self.documents, quantity, "over"))
            changes: dict[str, Node | None] = {}
            for field in ("tree", "when"):
                tree = getattr(quantity, field)
                if tree is not None:
                    changes[field] = self._resolved(tree, quantity.place, quantity.prefix)
            if changes:
                self.quantities[name] = replace(quantity, **changes)  # type: ignore[arg-type]
            if quantity.is_parameter:
                lookups.resolve(quantity)
        self.conditions = [
            replace(
                item,
                tree=self._resolved(item.tree, item.place, item.prefix) if item.tree else None,
                when=self._resolved_by_options(item) if item.when else None,
            )
            for item in self.conditions
        ]

    def _resolve_dimensions(self, dimensions: tuple[str, ...], place: Place, owner: str) -> None:
        for dimension in dimensions:
            if dimension not in self.dimensions:
                self.problems.append(
                    Problem(
                        f"{owner} is over '{dimension}', which is not a dimension",
                        place,
                        f"one of {listing(list(self.dimensions))}" if self.dimensions else None,
                        hint=nearest(dimension, self.dimensions),
                    )
                )

    def _refuse_odd_index_set(self, name: str, quantity: Quantity, place: Place) -> None:
        over = quantity.over
        steps = [part for part in over if part in self.dimensions and self.dimensions[part].time == part]
        if len(set(over)) < len(over):
            self.problems.append(Problem(f"{name} is over a dimension twice", place, found=listing(list(over))))
        elif len(steps) > 1:
            finest = min(steps, key=calendar.STEPS.index)
            self.problems.append(
                Problem(
                    f"{name} is over {' and '.join(steps)}, which nest",
                    place,
                    hint=f"keep {finest}, the finer one",
                )
            )

    def _resolved(self, tree: Node, otherwise: Place, prefix: str) -> Node:
        document = self.documents[prefix]
        chosen = transform(tree, lambda node: self._choice(node, place_in(document, node, otherwise)))
        for part in walk(chosen):
            place = place_in(document, part, otherwise)
            if isinstance(part, Name) and part.id:
                self._require_name(part.id, place)
            elif isinstance(part, Previous):
                self._require_name(part.name, place)
                self._resolve_dimensions((part.dimension,), place, "prev")
            elif isinstance(part, Reduce):
                self._resolve_dimensions(part.over, place, part.function)
        return chosen

    def _resolved_by_options(self, item: LinkedCondition) -> Node:
        """Resolve the `when:` of a condition, which the choices alone must decide."""
        tree = self._resolved(item.when or Name(""), item.place, item.prefix)
        over = {name for part in walk(tree) if isinstance(part, Chosen) for name in self.options[part.option].over}
        if over or not all(isinstance(part, Chosen | Logic | Not) for part in walk(tree)):
            what = f"`when:` of condition {item.spec.id} is not decided by options of the whole project"
            self.problems.append(Problem(what, item.place, "option == value, joined by `and`, `or`, `not`"))
        return tree

    def _choice(self, node: Node, place: Place) -> Node:
        """Turn `option == value` into a choice; values are names only beside their option."""
        if not isinstance(node, Compare) or not isinstance(node.left, Name) or node.left.id not in self.options:
            return node
        option = node.left.id
        values = list(self.options[option].values)
        written = node.right.id.rpartition(".")[2] if isinstance(node.right, Name) else ""
        if node.operator not in {"==", "!="} or not written:
            what = f"option {option} is compared with something that is not one of its values"
            self.problems.append(Problem(what, place, f"{option} == one of {listing(values)}"))
            return Chosen(option, values[0], span=node.span)
        if written not in values:
            self._no_such_value(option, self.options[option], written, place)
        return Chosen(option, written, node.operator == "==", span=node.span)

    def _require_name(self, name: str, place: Place) -> None:
        if name in self.quantities or name in self.dimensions:
            return
        if name in self.options:
            self.problems.append(Problem(f"option {name} is used as a number", place, f"{name} == value"))
            return
        shown = len(self.problems) < 2 * SHOWN_PROBLEMS  # to look for near names takes time
        near = nearest(name, [*self.quantities, *self.dimensions, *self.options]) if shown else None
        hint = near or f"declare {name} under parameters or equations"
        self.problems.append(Problem(f"unknown name '{name}'", place, hint=hint))

    def require(self, spec: MethodologySpec, document: Document) -> None:
        """Require what a methodology as a whole must have."""
        if spec.outputs is not None:
            unit = self._unit(spec.outputs.rounding.unit, document.place("outputs", "rounding", "unit", "="))
            for role in ("baseline", "project", "leakage", "reduction"):
                name = getattr(spec.outputs, role)
                quantity = self.quantities.get(name) if name else None
                if name and (quantity is None or quantity.is_parameter):
                    known = [key for key, value in self.quantities.items() if not value.is_parameter]
                    self.problems.append(
                        Problem(
                            f"output {role} '{name}' is not an equation",
                            document.place("outputs", role, "="),
                            hint=nearest(name, known),
                        )
                    )
                elif quantity is not None and (quantity.unit.factor, quantity.unit.dimension) != (
                    unit.factor,
                    unit.dimension,
                ):
                    what = f"output {role} {name} does not have the unit of the rounding"
                    self.problems.append(
                        Problem(what, document.place("outputs", role, "="), unit.text, quantity.unit.text)
                    )
                if quantity is not None and not quantity.is_parameter:
                    self._require_yearly(role, quantity, spec.outputs.reduction, document)
                    self.problems.extend(barred(role, quantity.id, self.quantities, self.tables, self.documents))
            for index, name in enumerate(spec.outputs.reported):
                if name not in self.quantities:
                    place = document.place("outputs", "reported", index)
                    self.problems.append(Problem(f"unknown name '{name}'", place, hint=nearest(name, self.quantities)))
        if spec.kind == "methodology":
            for name, quantity in self.quantities.items():
                if quantity.is_parameter and quantity.parameter.from_ == "input":
                    user, _, alias = quantity.prefix.removesuffix(".").rpartition(".")
                    place = self.documents[f"{user}." if user else ""].place("uses", alias)
                    self.problems.append(
                        Problem(
                            f"input {name} is not bound",
                            place,
                            hint=f"add `bind: {{{name.rpartition('.')[2]}: …}}`",
                        )
                    )

    def _require_yearly(self, role: str, quantity: Quantity, reduction: str, document: Document) -> None:
        """Require that the four results are all by year, or all scalars."""
        place = document.place("outputs", role, "=")
        whole = self.quantities.get(reduction, quantity)
        told = f"output {role} {quantity.id} is over {listing(list(quantity.over)) or 'nothing'}"
        if quantity.over not in {(), ("year",)}:
            self.problems.append(Problem(told, place, "over year, or over nothing"))
        elif quantity.over != whole.over and whole.over in {(), ("year",)}:
            self.problems.append(Problem(told, place, f"over {listing(list(whole.over)) or 'nothing'}, as {reduction}"))


def _settled_name(node: Node, prefix: str, own: frozenset[str], offsets: list[int]) -> Node:
    """Give a node its full name and its place in the file."""
    span = (offsets[node.span[0]], offsets[node.span[1]]) if offsets else (0, 0)
    if isinstance(node, Name) and node.id not in own:
        return Name(prefix + node.id, span=span)
    if isinstance(node, Previous):
        return Previous(prefix + node.name, node.dimension, node.initial, span=span)
    return replace(node, span=span)

"""A methodology ready for work: modules brought in, formulas parsed, every name resolved.

Units and index sets are not looked at here; that is the work of `check`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tonne.engine.errors import FormulaError, Place, Problem, SpecError, UnitError, UnknownNameError, listing, nearest
from tonne.engine.spec.expression import parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.models import Cite, Condition, Dimension, Equation, MethodologySpec, Option, Parameter
from tonne.engine.spec.source import Document
from tonne.engine.spec.tree import Cases, Chosen, Compare, Name, Node, Previous, Reduce, transform, walk
from tonne.engine.units import ONE, Unit, parse_unit

MAX_MODULE_DEPTH = 5


@dataclass(frozen=True)
class Quantity:
    """A parameter or an equation of the whole, with its full name."""

    id: str
    spec: Parameter | Equation
    unit: Unit
    over: tuple[str, ...]
    place: Place
    tree: Node | None = None
    when: Node | None = None
    prefix: str = ""
    cites: tuple[Cite | None, ...] = ()

    @property
    def is_parameter(self) -> bool:
        """Whether the value comes from outside the equations."""
        return self.tree is None

    @property
    def parameter(self) -> Parameter:
        """The parameter as written."""
        if not isinstance(self.spec, Parameter):
            raise TypeError(f"{self.id} is an equation")
        return self.spec

    @property
    def symbol(self) -> str:
        """The symbol as printed in the source; without one, the name."""
        return self.spec.symbol or self.id.rpartition(".")[2]


@dataclass(frozen=True)
class LinkedCondition:
    """A condition of applicability with its test."""

    spec: Condition
    tree: Node | None
    place: Place


@dataclass(frozen=True)
class Methodology:
    """A spec with its modules, tables and formula trees."""

    spec: MethodologySpec
    document: Document
    modules: Mapping[str, tuple[MethodologySpec, Document]]
    dimensions: Mapping[str, Dimension]
    options: Mapping[str, Option]
    fixed_options: Mapping[str, str]
    quantities: Mapping[str, Quantity]
    conditions: tuple[LinkedCondition, ...]
    tables: Mapping[str, FactorTable]

    @property
    def id(self) -> str:
        """The id of the spec."""
        return self.spec.id

    @property
    def equations(self) -> dict[str, Quantity]:
        """The quantities that are defined by a formula."""
        return {name: quantity for name, quantity in self.quantities.items() if not quantity.is_parameter}

    @property
    def parameters(self) -> dict[str, Quantity]:
        """The quantities that come from outside."""
        return {name: quantity for name, quantity in self.quantities.items() if quantity.is_parameter}

    @property
    def digest(self) -> str:
        """SHA-256 over the spec, its modules and its tables, by their own digests."""
        parts = [self.document.digest]
        parts += sorted(f"module {spec.id} {document.digest}" for spec, document in self.modules.values())
        parts += sorted(f"table {name} {table.document.digest}" for name, table in self.tables.items())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def step(self, dimension: str) -> str | None:
        """The step of a dimension of the monitoring clock: one named after its step; else None."""
        spec = self.dimensions[dimension]
        return spec.time if spec.time == dimension else None

    def users_of(self, name: str) -> list[str]:
        """List the equations whose formula names a quantity."""
        return [
            id_
            for id_, quantity in self.equations.items()
            if any(
                (isinstance(part, Name) and part.id == name) or (isinstance(part, Previous) and part.name == name)
                for part in walk(quantity.tree or Name(""))
            )
        ]


ModuleFinder = Callable[[str, Place], tuple[MethodologySpec, Document]]
TableFinder = Callable[[str, Place], FactorTable]


def link(spec: MethodologySpec, document: Document, find_module: ModuleFinder, find_table: TableFinder) -> Methodology:
    """Bring modules in, parse every formula and resolve every name.

    Raises:
        SpecError: with every fault of the whole, in file order.
    """
    linker = _Linker(find_module, find_table)
    linker.add(spec, document, "", {}, {}, 0)
    linker.resolve()
    linker.require(spec, document)
    if linker.problems:
        raise SpecError(list(dict.fromkeys(linker.problems)))
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

    def add(  # noqa: PLR0913 (one frame of the recursion through modules)
        self,
        spec: MethodologySpec,
        document: Document,
        prefix: str,
        bound: Mapping[str, tuple[str, Place]],
        choices: Mapping[str, str],
        level: int,
    ) -> None:
        """Add a spec's parts under a prefix."""
        self._add_dimensions(spec, document)
        for name, option in spec.options.items():
            self._declare(prefix + name, document.place("options", name))
            self.options[prefix + name] = option
            if name in choices:
                self.fixed_options[prefix + name] = choices[name]
        for name, parameter in spec.parameters.items():
            self._declare(prefix + name, document.place("parameters", name))
            self._add_parameter(prefix, name, parameter, document, bound.get(name))
        for name, equation in spec.equations.items():
            self._declare(prefix + name, document.place("equations", name))
            self._add_equation(prefix, name, equation, document)
        for index, condition in enumerate(spec.conditions):
            place = document.place("conditions", index, "test", "=")
            tree = self._tree(condition.test, place, prefix) if condition.test else None
            self.conditions.append(LinkedCondition(condition, tree, document.place("conditions", index)))
        for alias, use in spec.uses.items():
            place = document.place("uses", alias)
            if level >= MAX_MODULE_DEPTH:
                raise SpecError(Problem("modules use modules too deeply, or each other", place, f"at most {MAX_MODULE_DEPTH} levels"))
            try:
                module, module_document = self.find_module(use.module, document.place("uses", alias, "module", "="))
            except (SpecError, UnknownNameError) as fault:
                self.problems.extend(fault.problems)
                continue
            inner = f"{prefix}{alias}."
            self.modules[inner[:-1]] = (module, module_document)
            self._check_bindings(module, use.bind, use.options, document, alias)
            bindings = {
                name: (prefix + target, document.place("uses", alias, "bind", name, "=")) for name, target in use.bind.items()
            }
            self.add(module, module_document, inner, bindings, use.options, level + 1)

    def _check_bindings(
        self, module: MethodologySpec, bind: Mapping[str, str], options: Mapping[str, str], document: Document, alias: str
    ) -> None:
        for name in bind:
            if name not in module.parameters:
                self.problems.append(
                    Problem(
                        f"module {module.id} has no parameter '{name}'",
                        document.place("uses", alias, "bind", name),
                        hint=nearest(name, module.parameters) or f"it has {listing(list(module.parameters))}",
                    )
                )
        for name, value in options.items():
            place = document.place("uses", alias, "options", name)
            if name not in module.options:
                self.problems.append(Problem(f"module {module.id} has no option '{name}'", place, hint=nearest(name, module.options)))
            elif value not in module.options[name].values:
                self.problems.append(
                    Problem(f"option {name} has no value '{value}'", place, f"one of {listing(list(module.options[name].values))}")
                )

    def _add_dimensions(self, spec: MethodologySpec, document: Document) -> None:
        for name, dimension in spec.dimensions.items():
            known = self.dimensions.setdefault(name, dimension)
            if (known.time, known.members) != (dimension.time, dimension.members):
                self.problems.append(
                    Problem(f"dimension {name} is declared differently here and in the spec that uses it", document.place("dimensions", name))
                )

    def _declare(self, name: str, place: Place) -> None:
        if name in self.quantities or name in self.options:
            self.problems.append(Problem(f"the name {name} is given twice", place, hint="names are shared by options, parameters and equations"))
        if name in self.dimensions:
            self.problems.append(Problem(f"{name} is also a dimension", place, hint="rename one of the two"))

    def _unit(self, text: str, place: Place) -> Unit:
        try:
            return parse_unit(text, place)
        except UnitError as fault:
            self.problems.extend(fault.problems)
            return ONE

    def _tree(self, text: str, place: Place, prefix: str) -> Node:
        try:
            tree = parse(text, place)
        except FormulaError as fault:
            self.problems.extend(fault.problems)
            return Name("")
        return transform(tree, lambda node: _prefixed(node, prefix, self.dimensions)) if prefix else tree

    def _add_parameter(
        self, prefix: str, name: str, parameter: Parameter, document: Document, bound: tuple[str, Place] | None
    ) -> None:
        place = document.place("parameters", name)
        unit = self._unit(parameter.unit, document.place("parameters", name, "unit", "="))
        when = self._tree(parameter.when, document.place("parameters", name, "when", "="), prefix) if parameter.when else None
        tree = Name(bound[0]) if bound else None
        for table in [parameter.table, parameter.unit_of.table if parameter.unit_of else None]:
            if table and table not in self.tables:
                try:
                    self.tables[table] = self.find_table(table, document.place("parameters", name, "table", "="))
                except (SpecError, UnknownNameError) as fault:
                    self.problems.extend(fault.problems)
        self.quantities[prefix + name] = Quantity(
            prefix + name, parameter, unit, tuple(parameter.over), bound[1] if bound else place, tree, when, prefix
        )

    def _add_equation(self, prefix: str, name: str, equation: Equation, document: Document) -> None:
        unit = self._unit(equation.unit, document.place("equations", name, "unit", "="))
        cites: list[Cite | None] = []
        if equation.expr is not None:
            tree = self._tree(equation.expr, document.place("equations", name, "expr", "="), prefix)
        else:
            branches: list[tuple[Node, Node]] = []
            otherwise: Node | None = None
            for index, case in enumerate(equation.cases or []):
                cites.append(case.cite)
                steps = ("equations", name, "cases", index)
                if case.otherwise is not None:
                    otherwise = self._tree(case.otherwise, document.place(*steps, "otherwise", "="), prefix)
                else:
                    when = self._tree(case.when or "", document.place(*steps, "when", "="), prefix)
                    branches.append((when, self._tree(case.expr or "", document.place(*steps, "expr", "="), prefix)))
            tree = Cases(tuple(branches), otherwise)
        self.quantities[prefix + name] = Quantity(
            prefix + name, equation, unit, tuple(equation.over), document.place("equations", name), tree, None, prefix, tuple(cites)
        )

    def resolve(self) -> None:
        """Resolve every name in every formula, dimension list and key."""
        for name, quantity in self.quantities.items():
            self._resolve_dimensions(quantity.over, quantity.place, name)
            changes: dict[str, Node | None] = {}
            for field in ("tree", "when"):
                tree = getattr(quantity, field)
                if tree is not None:
                    changes[field] = self._resolved(tree, quantity.place)
            if changes:
                self.quantities[name] = Quantity(**{**quantity.__dict__, **changes})
            if quantity.is_parameter:
                self._resolve_lookup(quantity)
        self.conditions = [
            LinkedCondition(item.spec, self._resolved(item.tree, item.place) if item.tree else None, item.place)
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

    def _resolved(self, tree: Node, place: Place) -> Node:
        chosen = transform(tree, lambda node: self._choice(node, place))
        for part in walk(chosen):
            if isinstance(part, Name) and part.id:
                self._require_name(part.id, place)
            elif isinstance(part, Previous):
                self._require_name(part.name, place)
                self._resolve_dimensions((part.dimension,), place, "prev")
            elif isinstance(part, Reduce):
                self._resolve_dimensions(part.over, place, part.function)
        return chosen

    def _choice(self, node: Node, place: Place) -> Node:
        """Turn `option == value` into a choice; values are names only beside their option."""
        if not isinstance(node, Compare) or not isinstance(node.left, Name) or node.left.id not in self.options:
            return node
        option = node.left.id
        values = list(self.options[option].values)
        written = node.right.id.rpartition(".")[2] if isinstance(node.right, Name) else ""
        if node.operator not in {"==", "!="} or written not in values:
            self.problems.append(
                Problem(
                    f"option {option} is compared with something that is not one of its values",
                    place,
                    f"{option} == one of {listing(values)}",
                    hint=nearest(written, values) if written else None,
                )
            )
            return node
        return Chosen(option, written, node.operator == "==", span=node.span)

    def _require_name(self, name: str, place: Place) -> None:
        if name in self.quantities or name in self.dimensions:
            return
        if name in self.options:
            self.problems.append(Problem(f"option {name} is used as a number", place, f"{name} == value"))
            return
        known = [*self.quantities, *self.dimensions, *self.options]
        self.problems.append(
            Problem(f"unknown name '{name}'", place, hint=nearest(name, known) or f"declare {name} under parameters or equations")
        )

    def _resolve_lookup(self, quantity: Quantity) -> None:
        parameter = quantity.parameter
        if parameter.option is not None:
            self._resolve_by_option(quantity, parameter)
        if parameter.from_ != "factor" or parameter.table not in self.tables:
            return
        table = self.tables[parameter.table]
        if parameter.column not in table.spec.columns:
            self.problems.append(
                Problem(
                    f"table {parameter.table} has no column '{parameter.column}'",
                    quantity.place,
                    f"one of {listing(list(table.spec.columns))}",
                    hint=nearest(str(parameter.column), table.spec.columns),
                )
            )
        elif parameter.column not in table.units:
            self.problems.append(Problem(f"column {parameter.column} of {parameter.table} is text, not a number", quantity.place))
        keys = lookup_keys(parameter)
        if set(keys) != set(table.keys):
            self.problems.append(
                Problem(f"the key of {quantity.id} does not fit table {parameter.table}", quantity.place, listing(table.keys), listing(list(keys)))
            )
        for source in keys.values():
            if isinstance(source, str) and not (
                source in self.dimensions or quantity.prefix + source in self.options or source in self.options
            ):
                self.problems.append(
                    Problem(
                        f"key '{source}' of {quantity.id} is neither a dimension nor an option",
                        quantity.place,
                        hint=nearest(source, [*self.dimensions, *self.options]),
                    )
                )
            elif source in self.dimensions and source not in quantity.over and not self._nests(source, quantity.over):
                self.problems.append(Problem(f"{quantity.id} is looked up by {source}, but is not over it", quantity.place))

    def _nests(self, source: str, over: tuple[str, ...]) -> bool:
        clock = [name for name in over if name in self.dimensions and self.dimensions[name].time == name]
        return self.dimensions[source].time == source and bool(clock)

    def _resolve_by_option(self, quantity: Quantity, parameter: Parameter) -> None:
        option = self.options.get(quantity.prefix + str(parameter.option))
        if option is None:
            self.problems.append(
                Problem(f"unknown option '{parameter.option}'", quantity.place, hint=nearest(str(parameter.option), self.options))
            )
        elif set(parameter.by or {}) != set(option.values):
            self.problems.append(
                Problem(f"{quantity.id} does not give a value for each choice", quantity.place, listing(list(option.values)), listing(list(parameter.by or {})))
            )

    def require(self, spec: MethodologySpec, document: Document) -> None:
        """Require what a methodology as a whole must have."""
        if spec.outputs is not None:
            for role in ("baseline", "project", "leakage", "reduction"):
                name = getattr(spec.outputs, role)
                quantity = self.quantities.get(name) if name else None
                if name and (quantity is None or quantity.is_parameter):
                    known = [key for key, value in self.quantities.items() if not value.is_parameter]
                    self.problems.append(
                        Problem(f"output {role} '{name}' is not an equation", document.place("outputs", role, "="), hint=nearest(name, known))
                    )
        if spec.kind == "methodology":
            for name, quantity in self.quantities.items():
                if quantity.is_parameter and quantity.parameter.from_ == "input":
                    self.problems.append(
                        Problem(f"input {name} is not bound", quantity.place, hint=f"add `bind: {{{name.rpartition('.')[2]}: …}}` where the module is used")
                    )


def lookup_keys(parameter: Parameter) -> dict[str, str | dict[str, str]]:
    """Give, for each key of the table, the dimension or option that it comes from, or the constant it is."""
    if isinstance(parameter.key, list):
        return {name: name for name in parameter.key}
    return {name: dict(source) if isinstance(source, dict) else source for name, source in (parameter.key or {}).items()}  # type: ignore[misc]


def _prefixed(node: Node, prefix: str, dimensions: Mapping[str, Dimension]) -> Node:
    if isinstance(node, Name) and node.id not in dimensions:
        return Name(prefix + node.id, span=node.span)
    if isinstance(node, Previous):
        return Previous(prefix + node.name, node.dimension, node.initial, span=node.span)
    return node

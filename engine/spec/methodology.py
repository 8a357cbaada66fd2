"""A methodology ready for work: modules brought in, formulas parsed, every name resolved.

How it is made from a spec is said in `linking`; units and index sets are looked at by `check`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from tonne.engine.errors import Place
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.models import Cite, Condition, Dimension, Equation, MethodologySpec, Option, Parameter
from tonne.engine.spec.source import Document
from tonne.engine.spec.tree import Name, Node, Previous, walk
from tonne.engine.units import Unit


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
    prefix: str = ""
    when: Node | None = None


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

    def place_of(self, node: Node, prefix: str, otherwise: Place) -> Place:
        """Give the place of a part of a formula of the spec or of the module under a prefix."""
        document = self.modules[prefix[:-1]][1] if prefix else self.document
        return place_in(document, node, otherwise)

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


def lookup_keys(parameter: Parameter) -> dict[str, str | Mapping[str, str]]:
    """Give, for each key of the table, the dimension or option that it comes from, or the constant it is."""
    if isinstance(parameter.key, list):
        return {name: name for name in parameter.key}
    return {
        name: {"is": source["is"]} if isinstance(source, dict) else source
        for name, source in (parameter.key or {}).items()
    }


def column_unit(table: FactorTable, parameter: Parameter) -> Unit:
    """Give the unit of the table column that a parameter is looked up in, for the constants of its key."""
    constants = {name: source["is"] for name, source in lookup_keys(parameter).items() if isinstance(source, Mapping)}
    return table.unit(str(parameter.column), constants)


def place_in(document: Document, node: Node, otherwise: Place) -> Place:
    """Give the place of a part of a linked formula; of what stands in no file, another place."""
    return document.at(node.span[0]) if node.span[0] else otherwise

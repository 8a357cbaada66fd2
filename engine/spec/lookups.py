"""Checks how parameters find their values: columns and keys of factor tables, units of members, choices of options."""

from collections.abc import Iterator, Mapping

from tonne.engine import calendar
from tonne.engine.errors import Place, Problem, listing, nearest
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.methodology import Quantity, lookup_keys
from tonne.engine.spec.models import Dimension, MemberUnit, Option, Parameter
from tonne.engine.spec.source import Document
from tonne.engine.spec.tree import names_in


def part_place(documents: Mapping[str, Document], quantity: Quantity, *steps: str) -> Place:
    """Find where a part of a parameter or equation stands; the documents are by prefix."""
    kind = "parameters" if isinstance(quantity.spec, Parameter) else "equations"
    return documents[quantity.prefix].place(kind, quantity.id.removeprefix(quantity.prefix), *steps)


def barred(
    role: str,
    output: str,
    quantities: Mapping[str, Quantity],
    tables: Mapping[str, FactorTable],
    documents: Mapping[str, Document],
) -> Iterator[Problem]:
    """Find the factors on which an output depends although their table may not be used for it."""
    seen, waiting = {output}, [output]
    while waiting:
        quantity = quantities[waiting.pop()]
        if quantity.is_parameter and quantity.tree is None and quantity.parameter.table in tables:
            table = tables[str(quantity.parameter.table)].spec
            if role in table.never_in:
                what = f"output {role} {output} depends on {quantity.id}, whose table {table.id} is never used for it"
                hint = f"not for: {table.not_for.en}" if table.not_for else None
                yield Problem(what, part_place(documents, quantity, "table", "="), hint=hint)
        used = names_in(quantity.tree) & set(quantities) if quantity.tree is not None else set()
        waiting += sorted(used - seen)
        seen |= used


class Lookups:
    """The dimensions, options and tables that lookups refer to; problems are added to the list that is given."""

    def __init__(
        self,
        dimensions: Mapping[str, Dimension],
        options: Mapping[str, Option],
        tables: Mapping[str, FactorTable],
        documents: Mapping[str, Document],
        problems: list[Problem],
    ) -> None:
        self.dimensions = dimensions
        self.options = options
        self.tables = tables
        self.documents = documents
        self.problems = problems

    def resolve(self, quantity: Quantity) -> None:
        """Check that a parameter finds its value."""
        parameter = quantity.parameter
        if parameter.option is not None:
            self._resolve_by_option(quantity, parameter)
        if parameter.unit_of is not None and parameter.unit_of.table in self.tables:
            self._resolve_member_unit(quantity, self.tables[parameter.unit_of.table], parameter.unit_of)
        if parameter.from_ != "factor" or parameter.table not in self.tables:
            return
        table = self.tables[str(parameter.table)]
        if parameter.column not in table.numeric:
            what = "is text, not a number" if parameter.column in table.spec.columns else "does not exist"
            self.problems.append(
                Problem(
                    f"column '{parameter.column}' of table {parameter.table} {what}",
                    part_place(self.documents, quantity, "column", "="),
                    f"one of {listing(sorted(table.numeric))}",
                    hint=nearest(str(parameter.column), table.numeric),
                )
            )
        keys = lookup_keys(parameter)
        if set(keys) != set(table.keys):
            self.problems.append(
                Problem(
                    f"the key of {quantity.id} does not fit table {parameter.table}",
                    part_place(self.documents, quantity, "key"),
                    listing(table.keys),
                    listing(list(keys)),
                )
            )
            return
        for key, source in keys.items():
            if isinstance(source, Mapping):
                self._resolve_constant_key(quantity, table, key, source["is"])
            else:
                self._resolve_key(quantity, source)
                self._require_kind(quantity, table, key, source)

    def _resolve_key(self, quantity: Quantity, source: str) -> None:
        place = part_place(self.documents, quantity, "key")
        if source in self.dimensions:
            if source not in quantity.over and not self._nests(source, quantity.over):
                self.problems.append(Problem(f"{quantity.id} is looked up by {source}, but is not over it", place))
            return
        option = self.options.get(quantity.prefix + source) or self.options.get(source)
        if option is not None:
            self._require_over(quantity, source, option, place)
            return
        near = nearest(source, [*self.dimensions, *self.options])
        self.problems.append(
            Problem(f"key '{source}' of {quantity.id} is neither a dimension nor an option", place, hint=near)
        )

    def _require_kind(self, quantity: Quantity, table: FactorTable, key: str, source: str) -> None:
        """Require a step of time for a key that is a number, and members or choices for one that is a name."""
        dimension = self.dimensions.get(source)
        by_number = table.members(key) is None
        is_number = dimension is not None and dimension.time is not None
        is_known = dimension is not None or quantity.prefix + source in self.options or source in self.options
        if is_known and by_number != is_number:
            expected = "a dimension of time" if by_number else "an option, or a dimension of members"
            place = part_place(self.documents, quantity, "key")
            self.problems.append(Problem(f"key {key} of {quantity.id} cannot come from {source}", place, expected))

    def _require_over(self, quantity: Quantity, name: str, option: Option, place: Place) -> None:
        lacking = [part for part in option.over if part not in quantity.over]
        if lacking:
            what = f"option {name} is chosen for each {listing(lacking)}, but {quantity.id} is not over it"
            self.problems.append(Problem(what, place))

    def _resolve_constant_key(self, quantity: Quantity, table: FactorTable, key: str, constant: str) -> None:
        members = table.members(key)
        expected = "a whole number" if members is None else f"one of {listing(list(members))}"
        if not (constant.removeprefix("-").isdecimal() if members is None else constant in members):
            what = f"key {key} of {quantity.id} is not right"
            near = nearest(constant, members or ())
            self.problems.append(
                Problem(what, part_place(self.documents, quantity, "key", key), expected, f"'{constant}'", near)
            )

    def _resolve_member_unit(self, quantity: Quantity, table: FactorTable, rule: MemberUnit) -> None:
        column = rule.column
        known = [name for name, spec in table.spec.columns.items() if spec.text]
        place = part_place(self.documents, quantity, "unit_of")
        if column not in known:
            what = f"table {table.spec.id} has no text column '{column}'"
            self.problems.append(Problem(what, place, listing(known) or None, hint=nearest(column, known)))
        sources = rule.sources(table.keys)
        options = {name: self.options[found] for name in sources if (found := quantity.prefix + name) in self.options}
        for name, option in options.items():
            self._require_over(quantity, name, option, place)
        lacking = listing([name for name in sources if name not in quantity.over and name not in options])
        if lacking:
            what = f"the unit of {quantity.id} is looked up by {lacking}, but it is not over {lacking}"
            self.problems.append(Problem(what, place))

    def _nests(self, source: str, over: tuple[str, ...]) -> bool:
        clock = [name for name in over if name in self.dimensions and self.dimensions[name].time == name]
        step = self.dimensions[source].time
        return step == source and any(calendar.is_finer(name, step) for name in clock)

    def _resolve_by_option(self, quantity: Quantity, parameter: Parameter) -> None:
        place = part_place(self.documents, quantity, "option", "=")
        option = self.options.get(quantity.prefix + str(parameter.option))
        if option is None:
            near = nearest(str(parameter.option), self.options)
            self.problems.append(Problem(f"unknown option '{parameter.option}'", place, hint=near))
            return
        self._require_over(quantity, str(parameter.option), option, place)
        given = list(parameter.by or {})
        if set(given) != set(option.values):
            what = f"{quantity.id} does not give a value for each choice"
            self.problems.append(
                Problem(what, part_place(self.documents, quantity, "by"), listing(list(option.values)), listing(given))
            )

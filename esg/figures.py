"""Makes figures of a result's values, and says the names, symbols, units and sources of its quantities.

The same functions print a number for a document and say what a document that is read back must show.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

from tonne.engine.check.checks import evidence_of
from tonne.engine.data.domain import Index, Member
from tonne.engine.data.lookup import accounting_row, member_unit
from tonne.engine.errors import Problem, UnitError, UnknownNameError
from tonne.engine.plan import Step
from tonne.engine.result.derived import Derived, derived
from tonne.engine.result.result import ROLES, Result, plain
from tonne.engine.spec.models import Cite, Text
from tonne.engine.units import unit_label
from tonne.engine.verification.effects import Effects, month_effects, parameter_effects
from tonne.esg.document import Content, Figure, Formula, Inline, Phrase, same
from tonne.esg.numbers import exact_text, number_text, read_number
from tonne.esg.symbols import symbol
from tonne.esg.wording import (
    COLON,
    COMMA,
    DAY,
    EVIDENCE,
    IN_BRACKETS,
    IN_SQUARE,
    MODULE_PART,
    NUMBER,
    PAGE,
    PART,
    TITLED_PART,
)

ROUNDED = ".rounded"
FUEL_AMOUNT = "fuel_amount"
STORED_DIGITS = 9
SCALAR_YEAR = "-"  # the year of outputs that are not by year

_ABSOLUTE = re.compile(r"^(?:/|[A-Za-z]:[\\/]).*[\\/]")


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of one result."""

    result: Result

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """The equations that are computed, in order."""
        return self.result.plan.steps

    @cached_property
    def digest(self) -> str:
        """The digest of the result, which takes long to make of many values."""
        return self.result.digest

    @cached_property
    def effects(self) -> Effects:
        """What each parameter weighs in the reduction."""
        return parameter_effects(self.result)

    @cached_property
    def month_effects(self) -> Mapping[Member, Decimal]:
        """What each month brings of the reduction, where the months add up to it."""
        return month_effects(self.result)

    def value(self, name: str, index: Index) -> Figure:
        """Make the figure of a value."""
        unit = self.unit_text(name, index)
        return _figure(self.result.label(name, index), self.result.value(name, index), unit)

    def rounded(self, role: str, year: str) -> Figure:
        """Make the figure of an output as rounded for a year."""
        totals = next((totals for totals in self.result.years if totals.year == year), None)
        if totals is None:
            raise UnknownNameError(Problem(f"there is no year {year}"))
        id_ = f"{role}{ROUNDED}" if year == SCALAR_YEAR else f"{role}{ROUNDED}@{year}"
        return _figure(id_, totals.rounded[role], self.rounding_unit, whole=self.is_whole(role))

    def rounded_total(self, role: str) -> Figure:
        """Make the figure of the sum of the rounded years; it is printed as the sum of the years as they are printed."""
        total = self.result.rounded_total(role)
        figure = _figure(f"{role}{ROUNDED}", total, self.rounding_unit, whole=self.is_whole(role))
        if len(self.result.years) < 2:
            return figure
        shown = [read_number(self.rounded(role, year.year).text.en) or Decimal(0) for year in self.result.years]
        decimals = max(max(0, -int(number.as_tuple().exponent)) for number in shown)
        return replace(figure, text=same(number_text(sum(shown, Decimal(0)), decimals=decimals)))

    @cached_property
    def derived(self) -> Mapping[str, Derived]:
        """The numbers that documents make of totals, by their ids."""
        return derived(self.result)

    def made(self, id_: str) -> Figure:
        """Make the figure of a number that documents make of totals."""
        number = self.derived[id_]
        text = number_text(number.value, decimals=2 if number.value.denominator != 1 else 0)
        return Figure(id_, same(text), exact_text(number.value), printed_unit(number.unit))

    @property
    def rounding_unit(self) -> str:
        """The unit in which outputs are rounded."""
        outputs = self.result.methodology.spec.outputs
        return outputs.rounding.unit if outputs else "tCO2e"

    def is_whole(self, role: str) -> bool:
        """Whether the rule of the methodology rounds an output to whole units."""
        outputs = self.result.methodology.spec.outputs
        mode = outputs.rounding.mode if outputs else "none"
        return mode in {"half_up", "conservative"} or (mode == "floor" and role == "reduction")

    def by_id(self, id_: str) -> Figure:
        """Make the figure of an id.

        Raises:
            UnknownNameError: the result has no value of that id.
        """
        name, _, label = id_.partition("@")
        role = name.removesuffix(ROUNDED)
        if name.endswith(ROUNDED) and role in ROLES:
            return self.rounded(role, label) if label else self.rounded_total(role)
        if id_ in self.derived:
            return self.made(id_)
        if name not in self.result.methodology.quantities and not name.startswith("option:"):
            raise UnknownNameError(Problem(f"no quantity '{name}'"))
        try:
            over = self.result.plan.over(name)
        except KeyError:
            raise UnknownNameError(Problem(f"{name} is not used under the project's choices")) from None
        index = self.result.dataset.domain.parse(over, label)
        if index is None:
            raise UnknownNameError(Problem(f"{name} has no value '{label}'"))
        return self.value(name, index)

    def unit_text(self, name: str, index: Index | None = None) -> str:
        """Give the unit of a quantity, at an index that of its member."""
        quantity = self.result.methodology.quantities.get(name)
        if quantity is None:
            return "1"
        if index and quantity.is_parameter and quantity.parameter.unit_of is not None:
            members = {over: str(member) for over, member in zip(quantity.over, index, strict=True)}
            return member_unit(self.result.plan, quantity, members).text
        return self._of_member(quantity.unit.text, quantity.over, index) if index else quantity.unit.text

    def _of_member(self, unit: str, over: tuple[str, ...], index: Index) -> str:
        """Say of which unit of its fuel a value is, where the declared unit says `fuel_amount`."""
        if FUEL_AMOUNT not in unit:
            return unit
        at = {name: str(member) for name, member in zip(over, index, strict=True)}
        for quantity in self.result.methodology.parameters.values():
            rule = quantity.parameter.unit_of
            table = self.result.methodology.tables.get(rule.table) if rule else None
            if rule is None or table is None:
                continue
            options = self.result.methodology.options
            sources = [(name, options.get(quantity.prefix + name)) for name in rule.sources(table.keys)]
            if {part for name, option in sources for part in (option.over if option else [name])} <= set(over):
                row = accounting_row(self.result.plan, quantity, rule, at)
                return unit if row is None else unit.replace(FUEL_AMOUNT, str(row.values[rule.column]))
        return unit

    def unit(self, name: str, index: Index | None = None) -> Phrase:
        """Print the unit of a quantity."""
        return printed_unit(self.unit_text(name, index))

    def with_unit(self, name: str, index: Index) -> Content:
        """Print a value with its unit."""
        return followed(self.value(name, index))

    def is_scalar(self, name: str) -> bool:
        """Whether a quantity has one value."""
        known = name in self.result.methodology.quantities
        return known and not self.result.plan.over(name) and () in self.result.values_of(name)

    def name(self, name: str) -> Phrase:
        """Give the name of a quantity or option in words."""
        quantity = self.result.methodology.quantities.get(name)
        option = self.result.methodology.options.get(name.removeprefix("option:"))
        text = quantity.spec.name if quantity else option.name if option else None
        return phrase(text) if text else same(name)

    def named(self, name: str) -> Content:
        """Print the symbol of a quantity with its name after it, where it has one."""
        words = self.name(name)
        return (self.symbol(name), same(" "), words) if words.en != name else (self.symbol(name),)

    def symbol(self, name: str) -> Formula:
        """Lay out the symbol of a quantity."""
        quantity = self.result.methodology.quantities.get(name)
        layout = symbol(quantity.symbol if quantity else name.removeprefix("option:"))
        return Formula(layout, layout)

    def label(self, over: tuple[str, ...], index: Index) -> Phrase:
        """Print an index: time as in ids, members by their names."""
        return joined((self.member(name, member) for name, member in zip(over, index, strict=True)), COMMA)

    def member(self, dimension: str, member: Member) -> Phrase:
        """Print a member of a dimension."""
        domain = self.result.dataset.domain
        if dimension in domain.steps:
            return same(domain.label((dimension,), (member,)))
        declared = self.result.methodology.dimensions[dimension].members
        if isinstance(declared, dict):
            return phrase(declared[str(member)])
        for table in self.result.methodology.tables.values():
            named = (table.members(dimension) if dimension in table.keys else None) or {}
            if str(member) in named:
                return phrase(named[str(member)])
        return same(str(member))

    def dimension(self, name: str) -> Phrase:
        """Give the name of a dimension."""
        text = self.result.methodology.dimensions[name].name
        return phrase(text) if text else same(name)

    def evidence(self, name: str) -> Phrase:
        """Say how well a quantity is confirmed."""
        return EVIDENCE[evidence_of(self.result.methodology, self.result.methodology.quantities[name])]

    def where(self, name: str) -> Phrase | None:
        """Say where a quantity stands in its source document."""
        quantity = self.result.methodology.quantities[name]
        cites = [cite for cite in (quantity.spec.cite, *quantity.cites) if cite is not None]
        said = [place for cite in dict.fromkeys(cites) if (place := cited(cite))]
        if not said:
            return None
        module = self.result.methodology.modules.get(quantity.prefix.removesuffix("."))
        place = joined(said, COMMA)
        return MODULE_PART.filled(id=module[0].id, place=place) if module else place

    def number(self, name: str) -> str | None:
        """Give the number that an equation has in its source."""
        quantity = self.result.methodology.quantities[name]
        return next((cite.number for cite in (quantity.spec.cite, *quantity.cites) if cite and cite.number), None)


def _figure(id_: str, value: Decimal, unit: str, *, whole: bool = False) -> Figure:
    text = Phrase(
        number_text(value, unit, "zh", rounded=whole),
        number_text(value, unit, "en", rounded=whole),
    )
    return Figure(id_, text, plain(value), Phrase("", "") if unit == "flag" else printed_unit(unit))


@lru_cache(maxsize=4096)
def printed_unit(text: str) -> Phrase:
    """Print a unit in both languages."""
    return Phrase(unit_label(text, "zh"), unit_label(text, "en"))


def stored_amount(number: str, unit: str) -> Phrase:
    """Print an exact amount of the data stage as documents print numbers."""
    try:
        printed = printed_unit(unit)
    except UnitError:
        printed = same(unit)
    try:
        text = number_text(Fraction(number), unit, digits=STORED_DIGITS)
    except (ValueError, ZeroDivisionError):
        text = number
    return Phrase(f"{text} {printed.zh}".strip(), f"{text} {printed.en}".strip())


def followed(figure: Figure) -> Content:
    """Print a figure with its unit after it."""
    unit = figure.unit
    return (figure, Phrase(f" {unit.zh}", f" {unit.en}")) if unit.zh else (figure,)


def phrase(text: Text) -> Phrase:
    """Take a text of a spec or project."""
    return Phrase(text.zh, text.en)


def either(text: str | Text | None) -> Phrase | None:
    """Take a text that may be the same in both languages."""
    return text if text is None else same(text) if isinstance(text, str) else phrase(text)


def joined(parts: Iterable[Phrase], separator: Phrase) -> Phrase:
    """Join phrases by a separator."""
    taken = list(parts)
    return Phrase(separator.zh.join(part.zh for part in taken), separator.en.join(part.en for part in taken))


def spread(parts: Iterable[Content], separator: Inline) -> Content:
    """Put contents after each other with a separator between."""
    found: list[Inline] = []
    for part in parts:
        found += [separator, *part] if found else part
    return tuple(found)


def in_brackets(text: Phrase) -> Phrase:
    """Put a phrase into brackets; nothing stays nothing."""
    return IN_BRACKETS.filled(text=text) if text.zh else text


def in_square(text: Phrase) -> Phrase:
    """Put a phrase that may hold brackets into square ones; nothing stays nothing."""
    return IN_SQUARE.filled(text=text) if text.zh else text


def day(date: datetime.date) -> Phrase:
    """Print a date."""
    return DAY.filled(year=date.year, month=date.month, day=date.day)


def cited(cite: Cite) -> Phrase | None:
    """Print a place in a source document; the note stands in for it when there is nothing else."""
    parts = []
    if cite.section:
        parts.append((PART if cite.section[:1].isdigit() else TITLED_PART).filled(section=cite.section))
    if cite.number:
        parts.append(NUMBER.filled(number=cite.number))
    if cite.page:
        parts.append(PAGE.filled(page=cite.page))
    if parts:
        return Phrase("，".join(part.zh for part in parts), ", ".join(part.en for part in parts))
    return phrase(cite.note) if cite.note else None


def labelled(label: Phrase, text: Phrase) -> Phrase:
    """Put a label before a text."""
    return Phrase(f"{label.zh}{COLON.zh}{text.zh}", f"{label.en}{COLON.en}{text.en}")


def shown_place(text: str) -> str:
    """Shorten the place of something to the name of its file where its path is that of one machine only."""
    return _ABSOLUTE.sub("", text)

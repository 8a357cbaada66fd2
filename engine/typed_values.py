"""Reads values that are typed in as `name=value`: numbers with units, lists, values at an index, choices.

Knows no methodology beyond the units and index sets of its quantities; evaluates nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tonne.engine.data.amounts import NUMBER
from tonne.engine.errors import DataError, Problem
from tonne.engine.spec.methodology import Quantity
from tonne.engine.units import Unit, parse_unit, reading_conversion

Typed = str | int | Decimal | Fraction | Sequence[str | int | Decimal | Fraction]

_AMOUNT = re.compile(rf"\s*(?P<number>{NUMBER}(\s*/\s*[0-9]{{1,40}}(?![0-9.]))?)\s*(?P<unit>.*?)\s*", re.DOTALL)
_FLAGS = {"yes": 1, "true": 1, "是": 1, "no": 0, "false": 0, "否": 0}


@dataclass(frozen=True)
class TypedValue:
    """A value in the quantity's own unit, with what was typed."""

    value: Fraction
    text: str
    unit: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    @property
    def is_converted(self) -> bool:
        """Whether the unit that was typed is not the quantity's own."""
        return self.factor != 1 or self.offset != 0


def split_assignments(arguments: Sequence[str]) -> dict[str, str]:
    """Split `name=value` arguments.

    Raises:
        DataError: an argument is not of that form, or a name is given twice.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for argument in arguments:
        name, mark, value = argument.partition("=")
        name = name.strip()
        if not mark or not name or not value.strip():
            problems.append(Problem(f"'{argument[:80]}' is not an input", expected="name=value, such as EG_PJ=100"))
        elif name in found:
            problems.append(Problem(f"{name} is given twice"))
        found[name] = value.strip()
    if problems:
        raise DataError(problems)
    return found


def typed_list(quantity: Quantity, typed: Typed) -> list[TypedValue]:
    """Read one or several values of a quantity; a unit after the last one is that of all.

    Raises:
        DataError: what is typed is not a number, or its unit does not fit.
    """
    parts = [part.strip() for part in typed.split(",")] if isinstance(typed, str) else _as_texts(typed)
    units = [_split(part, quantity)[1] for part in parts]
    common = units[-1] if not any(units[:-1]) else ""
    return [_typed(quantity, part, common) for part in parts]


def _as_texts(typed: Typed) -> list[str]:
    return [str(part) for part in typed] if isinstance(typed, Sequence) else [str(typed)]


def _split(text: str, quantity: Quantity) -> tuple[str, str]:
    if quantity.unit.is_flag and text.lower() in _FLAGS:
        return str(_FLAGS[text.lower()]), ""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        unit = quantity.unit.text
        raise DataError(
            Problem(f"{quantity.id}: '{text[:80]}' is not a value", expected=f"a number, in {unit} or with its unit")
        )
    return re.sub(r"\s", "", match["number"]), match["unit"]


def _typed(quantity: Quantity, text: str, common: str) -> TypedValue:
    number, unit = _split(text, quantity)
    value = _exact(number, quantity)
    if quantity.unit.is_flag and value not in {0, 1}:
        raise DataError(Problem(f"{quantity.id}: '{text[:80]}' is not a value", expected="yes or no"))
    written = unit or common
    if not written:
        return TypedValue(value, number, quantity.unit.text)
    try:
        origin: Unit = parse_unit(written)
        factor, offset = reading_conversion(origin, quantity.unit)
    except ValueError as fault:
        problems: Sequence[Problem] = getattr(fault, "problems", ())
        raise DataError(
            [Problem(f"{quantity.id}: {part.what}", None, part.expected, part.found, part.hint) for part in problems]
        ) from None
    return TypedValue(value * factor + offset, number, origin.text, factor, offset)


def _exact(number: str, quantity: Quantity) -> Fraction:
    above, _, below = number.partition("/")
    if below and int(below) == 0:
        raise DataError(Problem(f"{quantity.id}: '{number}' is not a value", expected="a divisor that is not zero"))
    return Fraction(above) / int(below or 1)


def split_index(name: str) -> tuple[str, str | None]:
    """Split `EG_PJ@2024-01` into the quantity and the label of its index."""
    quantity, mark, label = name.partition("@")
    return quantity, label if mark else None


def by_quantity(values: Mapping[str, Typed]) -> dict[str, dict[str | None, Typed]]:
    """Group what is typed by quantity; under None what is typed without an index."""
    found: dict[str, dict[str | None, Typed]] = {}
    for name, typed in values.items():
        quantity, label = split_index(name)
        found.setdefault(quantity, {})[label] = typed
    return found

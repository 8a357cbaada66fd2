"""Factor tables: dated, sourced values that are looked up by keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tonne.engine.errors import Place, Problem, SpecError, listing, nearest
from tonne.engine.spec.models import FactorTableSpec, Number
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document
from tonne.engine.units import Unit, parse_unit

Key = tuple[str | int, ...]

_NUMBER: TypeAdapter[Fraction] = TypeAdapter(Number)
_PLACEHOLDER = re.compile(r"<([A-Za-z][A-Za-z0-9_]*)>")
_ROW_FIELDS = ("evidence", "source", "note")
_EVIDENCE = ("source-checked", "secondary", "expert-recall", "composed")


@dataclass(frozen=True)
class Row:
    """One line of a table, with its own evidence and place."""

    values: Mapping[str, Fraction | str]
    evidence: str
    source: str
    place: Place


@dataclass(frozen=True)
class FactorTable:
    """A table as read: rows by key, units by column."""

    spec: FactorTableSpec
    document: Document
    rows: Mapping[Key, Row]
    numeric: frozenset[str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the keys, in order."""
        return tuple(self.spec.keys)

    def unit(self, column: str, constants: Mapping[str, str]) -> Unit:
        """Give the unit of a column; where it names a key by `<key>`, that of the constant the key has.

        Without a constant the substance is the key itself, as in t_gas.
        """
        text = str(self.spec.columns[column].unit)
        for key in _PLACEHOLDER.findall(text):
            substance = self.spec.substances.get(key, {}).get(constants.get(key, ""), key)
            text = text.replace(f"<{key}>", substance)
        return parse_unit(text, self.document.place("columns", column, "unit", "="))

    def members(self, key: str) -> dict[str, Any] | None:
        """Give the allowed values of a text key with their names; None for a number."""
        known = self.spec.keys[key]
        return None if known == "integer" else dict(known)


def factor_table(document: Document) -> FactorTable:
    """Read a factor table.

    Raises:
        SpecError: rows with unknown keys or columns, missing or doubled keys, values that are not numbers.
    """
    spec = shaped(FactorTableSpec, document, SpecError)
    problems: list[Problem] = []
    rows: dict[Key, Row] = {}
    for index, raw in enumerate(spec.rows):
        key, values = _row(spec, raw, document, index, problems)
        if key is None:
            continue
        if key in rows:
            problems.append(
                Problem(
                    f"a second row for {' '.join(map(str, key))}",
                    document.place("rows", index),
                    hint=f"the first is on line {rows[key].place.line}",
                )
            )
            continue
        evidence = str(raw.get("evidence", spec.source.evidence))
        if evidence not in _EVIDENCE:
            problems.append(
                Problem(
                    "unknown evidence",
                    document.place("rows", index, "evidence"),
                    f"one of {listing(_EVIDENCE)}",
                    evidence,
                )
            )
        rows[key] = Row(values, evidence, str(raw.get("source", spec.source.document)), document.place("rows", index))
    if problems:
        raise SpecError(problems)
    table = FactorTable(spec, document, rows, frozenset(name for name, column in spec.columns.items() if column.unit))
    for column in table.numeric:
        table.unit(column, {})
    return table


def _row(
    spec: FactorTableSpec, raw: Mapping[str, Any], document: Document, index: int, problems: list[Problem]
) -> tuple[Key | None, dict[str, Fraction | str]]:
    known = [*spec.keys, *spec.columns, *_ROW_FIELDS]
    before = len(problems)
    values: dict[str, Fraction | str] = {}
    for name, value in raw.items():
        place = document.place("rows", index, name)
        if name not in known:
            problems.append(
                Problem(f"unknown column '{name}'", place, f"one of {listing(known)}", hint=nearest(name, known))
            )
        elif name in spec.columns:
            if spec.columns[name].text:
                values[name] = str(value)
            else:
                try:
                    values[name] = _NUMBER.validate_python(value)
                except ValidationError:
                    problems.append(Problem(f"{name} is not right", place, "a number", f"'{value}'"))
    key = tuple(_key_value(spec, name, raw, document.place("rows", index, name), problems) for name in spec.keys)
    return (None if len(problems) > before else key), values


def _key_value(
    spec: FactorTableSpec, name: str, raw: Mapping[str, Any], place: Place, problems: list[Problem]
) -> str | int:
    allowed = spec.keys[name]
    value = raw.get(name)
    if allowed == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        problems.append(Problem(f"key {name} is not right", place, "a whole number", f"'{value}'"))
        return 0
    if value not in allowed:
        problems.append(
            Problem(
                f"key {name} is not right",
                place,
                f"one of {listing(list(allowed))}",
                f"'{value}'",
                nearest(str(value), allowed),
            )
        )
    return str(value)

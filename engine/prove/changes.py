"""Lists what differs between two specs as they are written, part by part, in words.

Formulas are compared as trees, so that spaces and brackets do not count; whether two formulas that differ are
equal all the same is said by `difference`. Factor tables are compared row by row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from tonne.engine.data.amounts import exact_text
from tonne.engine.errors import FormulaError
from tonne.engine.prove.change_words import AREAS, field_words, value_words
from tonne.engine.spec.expression import parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import MethodologySpec, Text

Kind = Literal["added", "removed", "changed", "moved"]

MAX_ROWS = 200
LONGEST = 120

_NAMED = ("dimensions", "options", "parameters", "equations", "uses", "conditions")
_FORMULAS = {"expr", "otherwise", "when", "test"}
_HEAD = ("format", "id", "kind", "title", "category", "scheme", "source", "summary", "crediting_period")
_NUMBERS = {"value", "by", "bounds"}


@dataclass(frozen=True)
class Change:
    """One thing that differs: where, what of it, and how it was written before and after."""

    area: str
    subject: str
    kind: Kind
    field: str = ""
    before: str = ""
    after: str = ""

    @property
    def said(self) -> Text:
        """The change in one sentence."""
        area = AREAS[self.area]
        zh_head, en_head = f"{area.zh} {self.subject}".strip(), f"{area.en} {self.subject}".strip()
        if self.kind == "added":
            told = f"（{self.after}）", f" ({self.after})"
            return Text(
                zh=f"{zh_head}：新增{told[0] if self.after else ''}",
                en=f"{en_head}: added{told[1] if self.after else ''}",
            )
        if self.kind == "removed":
            told = f"（{self.before}）", f" ({self.before})"
            return Text(
                zh=f"{zh_head}：删除{told[0] if self.before else ''}",
                en=f"{en_head}: removed{told[1] if self.before else ''}",
            )
        if self.kind == "moved":
            return Text(zh=f"{zh_head}：更名为 {self.after}", en=f"{en_head}: now named {self.after}")
        field = field_words(self.field)
        before, after = self.before or "—", self.after or "—"
        zh_before, zh_after = (value_words(self.field, value) for value in (before, after))
        return Text(
            zh=f"{zh_head}：{field.zh} {zh_before} → {zh_after}", en=f"{en_head}: {field.en} {before} → {after}"
        )

    @property
    def is_text(self) -> bool:
        """Whether only words for readers differ, and nothing that is computed or shown as a number."""
        parts = self.field.split(".")
        return self.kind == "changed" and (parts[-1] in {"zh", "en"} or parts[0] in {"source", "cite", "url"})

    def as_data(self) -> dict[str, Any]:
        """Give the change as plain data."""
        return {
            "area": self.area,
            "subject": self.subject,
            "kind": self.kind,
            "field": self.field,
            "before": self.before,
            "after": self.after,
            "zh": self.said.zh,
            "en": self.said.en,
        }


def changes(first: Methodology, second: Methodology) -> tuple[Change, ...]:
    """List what differs between two methodologies, their modules and their factor tables."""
    found = list(_specs(first.spec, second.spec, ""))
    for alias in first.modules:
        if alias in second.modules:
            found += _specs(first.modules[alias][0], second.modules[alias][0], f"{alias}.")
    for name, table in first.tables.items():
        other = second.tables.get(name)
        if other is not None and table.document.digest != other.document.digest:
            found += _tables(table, other)
    return tuple(found)


# -- specs


def _specs(first: MethodologySpec, second: MethodologySpec, prefix: str) -> Iterator[Change]:
    one, other = (_plain(spec) for spec in (first, second))
    head = prefix.removesuffix(".")
    for area in _HEAD:
        yield from _fields("head", head, {area: one.get(area)}, {area: other.get(area)})
    for area in _NAMED:
        yield from _named(area, prefix, one.get(area, {}), other.get(area, {}))
    for area in ("outputs", "claims"):
        yield from _fields(area, head, one.get(area, {}), other.get(area, {}))
    for area in ("boundary", "not_covered"):
        yield from _listed(area, head, one.get(area, []), other.get(area, []))


def _plain(spec: MethodologySpec) -> dict[str, Any]:
    data = spec.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True, mode="json")
    data["conditions"] = {item.pop("id"): item for item in data.get("conditions", [])}
    return data


def _named(area: str, prefix: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    for name in one:
        if name not in other:
            yield Change(area, prefix + name, "removed", before=_summary(area, one[name]))
    for name, value in other.items():
        if name not in one:
            yield Change(area, prefix + name, "added", after=_summary(area, value))
        else:
            yield from _fields(area, prefix + name, one[name], value)


def _summary(area: str, value: Any) -> str:
    """Describe a part that only one of the two has."""
    if not isinstance(value, dict):
        return ""
    parts: list[str] = []
    if area == "parameters":
        parts = [_shown("from", value.get("from")), _shown("unit", value.get("unit"))]
        parts += [_shown("value", value["value"])] if "value" in value else []
        parts += [f"{value['table']}.{value['column']}"] if "table" in value else []
    elif area == "equations":
        parts = [
            str(value["expr"]) if "expr" in value else f"{len(value.get('cases', []))} cases",
            _shown("unit", value.get("unit")),
        ]
    elif area == "conditions":
        parts = [str(value["test"])] if "test" in value else []
    elif area == "uses":
        parts = [str(value.get("module", ""))]
    return _cut(", ".join(part for part in parts if part))


def _fields(area: str, subject: str, one: Any, other: Any) -> Iterator[Change]:
    before, after = dict(_flat(one)), dict(_flat(other))
    for field in (*before, *(field for field in after if field not in before)):
        old, new = before.get(field), after.get(field)
        if old == new or _same_formula(field, old, new):
            continue
        if area == "equations" and _last(field) in {"expr", "otherwise"}:
            continue  # formulas are compared by what they mean
        yield Change(area, subject, "changed", field, _shown(field, old), _shown(field, new))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """List the leaves of a part with their paths; a list of plain values is one leaf, cases are numbered from 1."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for position, inner in enumerate(value, 1):
            yield from _flat(inner, f"{path}.{position}")
    elif value is not None:
        yield path, value


def _listed(area: str, subject: str, one: list[Any], other: list[Any]) -> Iterator[Change]:
    if one == other:
        return
    removed = sum(1 for item in one if item not in other)
    added = sum(1 for item in other if item not in one)
    yield Change(area, subject, "changed", "rows", f"−{removed}", f"+{added}")


def _last(field: str) -> str:
    return field.rpartition(".")[2]


def _same_formula(field: str, old: Any, new: Any) -> bool:
    if _last(field) not in _FORMULAS or not isinstance(old, str) or not isinstance(new, str):
        return False
    try:
        return parse(old) == parse(new)
    except FormulaError:
        return False


def _shown(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.split(".", maxsplit=1)[0] in _NUMBERS and isinstance(value, str):
        return exact_text(Fraction(value))
    return _cut(" ".join(str(value).split()))


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text


# -- factor tables


def _tables(one: FactorTable, other: FactorTable) -> Iterator[Change]:
    name = one.spec.id
    found = [*_columns(one, other), *_rows(one, other)]
    yield from found[:MAX_ROWS]
    if len(found) > MAX_ROWS:
        yield Change("tables", name, "changed", "more", "", str(len(found) - MAX_ROWS))
    before = one.spec.model_dump(mode="json", exclude={"rows", "columns", "format"})
    after = other.spec.model_dump(mode="json", exclude={"rows", "columns", "format"})
    texts = list(_fields("tables", name, before, after))
    yield from texts
    if not found and not texts:
        yield Change("tables", name, "changed", "notes")


def _columns(one: FactorTable, other: FactorTable) -> Iterator[Change]:
    name = one.spec.id
    for column in dict.fromkeys((*one.spec.columns, *other.spec.columns)):
        old, new = (table.spec.columns.get(column) for table in (one, other))
        if old is None or new is None:
            yield Change("tables", f"{name}.{column}", "added" if old is None else "removed")
        elif old.unit != new.unit:
            yield Change("tables", f"{name}.{column}", "changed", "unit", str(old.unit or ""), str(new.unit or ""))


def _rows(one: FactorTable, other: FactorTable) -> Iterator[Change]:
    for key in dict.fromkeys((*one.rows, *other.rows)):
        label = f"{one.spec.id} {' '.join(map(str, key))}"
        old, new = one.rows.get(key), other.rows.get(key)
        if old is None or new is None:
            yield Change("tables", label, "added" if old is None else "removed")
            continue
        for column in dict.fromkeys((*old.values, *new.values)):
            before, after = old.values.get(column), new.values.get(column)
            if before != after:
                yield Change("tables", f"{label} {column}", "changed", "value", _cell(before), _cell(after))
        if old.evidence != new.evidence:
            yield Change("tables", label, "changed", "evidence", old.evidence, new.evidence)


def _cell(value: Fraction | str | None) -> str:
    return exact_text(value) if isinstance(value, Fraction) else str(value or "")

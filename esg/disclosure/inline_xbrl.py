"""Writes facts as inline XBRL: a page for people in which each tagged number is also a fact for machines.

Knows the form of inline XBRL 1.1, no framework: which element a number has is said by the mapping. It computes
nothing, and does not look whether the elements exist; `taxonomy_check` does.
"""

import base64
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup, escape

from tonne.engine.errors import Problem, ReportError
from tonne.esg.document import Figure, Inline, Marked, Phrase, Section, Table
from tonne.esg.layout import printable
from tonne.esg.numbers import MINUS
from tonne.esg.render import environment

Unit = Literal["tCO2e", "MWh", "pure"]

UNIT_MEASURES: Mapping[Unit, str] = {"tCO2e": "utr:tCO2e", "MWh": "utr:MWh", "pure": "xbrli:pure"}
EXTENSION = "urn:tonne:disclosure:1"
EXTENSION_FILE = "tonne.xsd"
EXTENSION_SCHEMA = Path(__file__).with_name("taxonomy") / EXTENSION_FILE
PERCENT_SCALE = -2


@dataclass(frozen=True, slots=True)
class Name:
    """A qualified name of a taxonomy."""

    namespace: str
    prefix: str
    local: str

    def __str__(self) -> str:
        return f"{self.prefix}:{self.local}"


@dataclass(frozen=True, slots=True)
class TypedMember:
    """A member of a typed axis: the axis, the element that holds the member, and its text."""

    axis: Name
    domain: Name
    text: str


@dataclass(frozen=True, slots=True)
class TaggedFact:
    """A number or text with its element; a share of one is shown as percent."""

    id: str
    element: Name
    value: Decimal | str
    unit: Unit | None = None
    decimals: int | None = None
    members: tuple[TypedMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing and what it shows; the drawing is SVG that we made."""

    svg: str
    caption: Phrase


@dataclass(frozen=True, slots=True)
class Extract:
    """All that the page holds; `scheme` and `entity` identify the reporting entity, `schemas` the taxonomies."""

    title: Phrase
    label: Phrase
    scheme: str
    entity: str
    start: datetime.date
    end: datetime.date
    schemas: tuple[str, ...]
    sections: tuple[Section, ...]
    facts: tuple[TaggedFact, ...]
    pictures: tuple[Picture, ...] = ()


def write_inline_xbrl(extract: Extract, path: Path) -> None:
    """Write the page.

    Raises:
        ReportError: two facts have the same element and context, or a fact has no place in the sections.
    """
    _require_distinct(extract.facts)
    tags = _Tags(extract)
    jinja = environment()
    jinja.filters["both"] = _both
    jinja.filters["kind"] = lambda item: type(item).__name__
    jinja.filters["tagged"] = tags.line
    # The body comes first: it says which facts have a place.
    template = jinja.get_template("disclosure.xhtml.j2")
    text = template.render(extract=extract, tags=tags, pictures=[*map(_picture, extract.pictures)])
    lost = [fact.id for fact in extract.facts if fact.id not in tags.placed]
    if lost:
        raise ReportError(Problem("facts have no place in the page", found=", ".join(lost[:10])))
    path.write_text(text, "utf-8", newline="\n")


def context_key(fact: TaggedFact) -> tuple[tuple[str, str], ...]:
    """Give what tells the context of a fact from others: its members, in order of their axes."""
    return tuple(sorted((str(member.axis), member.text) for member in fact.members))


def _require_distinct(facts: Sequence[TaggedFact]) -> None:
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], TaggedFact] = {}
    for fact in facts:
        first = seen.setdefault((str(fact.element), context_key(fact)), fact)
        if first is not fact:
            what = f"{fact.element} is given twice in one context"
            raise ReportError(Problem(what, expected=f"{first.id} = {first.value}", found=f"{fact.id} = {fact.value}"))


class _Tags:
    """Contexts and units of the page, and the marks around numbers."""

    def __init__(self, extract: Extract) -> None:
        self.facts = {fact.id: fact for fact in extract.facts}
        self.placed: set[str] = set()
        keys = dict.fromkeys(context_key(fact) for fact in extract.facts)
        self._contexts = {key: f"c{number}" for number, key in enumerate(keys, 1)}
        self.contexts = [(self._contexts[context_key(fact)], fact.members) for fact in self._first_of_each(extract)]
        self.units = [(unit, UNIT_MEASURES[unit]) for unit in dict.fromkeys(f.unit for f in extract.facts if f.unit)]
        names = [name for fact in extract.facts for name in _names(fact)]
        self.namespaces = {name.prefix: name.namespace for name in names}
        self.numbers = {fact.id: f"f{number}" for number, fact in enumerate(extract.facts, 1)}

    def _first_of_each(self, extract: Extract) -> list[TaggedFact]:
        firsts: dict[tuple[tuple[str, str], ...], TaggedFact] = {}
        for fact in extract.facts:
            firsts.setdefault(context_key(fact), fact)
        return list(firsts.values())

    def line(self, content: Sequence[Inline]) -> Markup:
        """Write the parts of a line; the first figure of a fact carries its mark."""
        return Markup("".join(map(self._part, content)))  # noqa: S704 (each part is escaped)

    def rows(self, table: Table) -> Markup:
        """Write the rows of a table; there may be very many."""
        classes = [column.align for column in table.columns]
        rows = (
            "".join(
                f'<td class="{class_}">{"".join(map(self._part, cell))}</td>'
                for class_, cell in zip(classes, row, strict=True)
            )
            for row in table.rows
        )
        return Markup("".join(f"<tr>{row}</tr>\n" for row in rows))  # noqa: S704 (each part is escaped)

    def _part(self, item: Inline) -> str:
        if isinstance(item, Figure):
            fact = self.facts.get(item.id)
            if fact is None or fact.id in self.placed:
                return str(escape(_both(item.text)))
            self.placed.add(fact.id)
            return self._number(fact) if fact.unit else self._text(fact)
        if isinstance(item, Phrase):
            return str(escape(_both(item)))
        if isinstance(item, Marked):
            return f'<span class="{item.mark}">{escape(_both(item.text))}</span>'
        return "<br />"

    def _number(self, fact: TaggedFact) -> str:
        value = Decimal(fact.value)
        percent = fact.unit == "pure"
        shown = abs(value).scaleb(-PERCENT_SCALE) if percent else abs(value)
        attributes = {
            **self._attributes(fact),
            "unitRef": fact.unit,
            "decimals": fact.decimals if fact.decimals is not None else "INF",
            "format": "ixt:num-dot-decimal",
            **({"scale": PERCENT_SCALE} if percent else {}),
            **({"sign": "-"} if value < 0 else {}),
        }
        number = f"<ix:nonFraction {_written(attributes)}>{shown:,f}</ix:nonFraction>"
        return f"{MINUS if value < 0 else ''}{number}{'%' if percent else ''}"

    def _text(self, fact: TaggedFact) -> str:
        attributes = {**self._attributes(fact), "escape": "true"}
        return f"<ix:nonNumeric {_written(attributes)}>{escape(printable(str(fact.value)))}</ix:nonNumeric>"

    def _attributes(self, fact: TaggedFact) -> dict[str, Any]:
        return {"id": self.numbers[fact.id], "name": fact.element, "contextRef": self._contexts[context_key(fact)]}


def _written(attributes: Mapping[str, Any]) -> str:
    return " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items())


def _names(fact: TaggedFact) -> list[Name]:
    return [fact.element, *(name for member in fact.members for name in (member.axis, member.domain))]


def _both(phrase: Phrase) -> str:
    zh, en = printable(phrase.zh), printable(phrase.en)
    return zh if zh == en else f"{zh} / {en}"


def _picture(picture: Picture) -> dict[str, Any]:
    data = base64.b64encode(picture.svg.encode()).decode()
    return {"source": f"data:image/svg+xml;base64,{data}", "caption": _both(picture.caption)}

"""Mappings: which cells a framework has, which facts feed each, which rules guard it; data, read like specs.

A framework is keyed by its version too, because the same number means different things in two versions. Labels are our
own; no text of a standard is held here. What a feed holds is said by `cells`.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.spec.models import Evidence, Model, Name, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import read_yaml
from tonne.esg.disclosure.facts import Rule

FOLDER = Path(__file__).with_name("mappings")

Feed = Literal[
    "inventory",
    "reduction_claimed",
    "reduction_expected",
    "removal_claimed",
    "removal_reversals",
    "removal_emissions",
    "credits_issued",
    "credits_transferred",
    "credits_used",
    "credits_used_reductions",
    "credits_used_removals",
    "credits_used_reduction_share",
    "credits_used_removal_share",
    "credits_used_adjusted_share",
    "credits_used_standards",
    "credits_used_eu_share",
    "credits_planned",
    "target_contribution",
    "investment",
    "statement",
    "nothing",
]
TableId = Literal["T1", "T2", "T3", "T4", "T5", "T6", "T7"]
ByScope = Literal["1", "2", "3"]
Element = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=200)]
CLAIMS = frozenset({"reduction_claimed", "removal_claimed"})
# Elements whose meaning is known, and the only feeds that may have them.
ELEMENT_FEEDS = {
    "AchievedGHGEmissionReductions": "reduction_claimed",
    "ExpectedGHGEmissionReductions": "reduction_expected",
    "GHGRemovalsAndStorage": "removal_claimed",
}


class TaxonomyKey(Model):
    """Where the elements of a framework come from; the package itself is the user's."""

    namespace: Annotated[str, Field(pattern=r"^https?://[^ ]+$")]
    prefix: Name
    entry_point: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\.xsd$")]


class MappedCell(Model):
    """One cell of a framework."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    where: Annotated[str, Field(max_length=80, description="where in the framework it stands")]
    label: Text
    feeds: Feed
    scope: ByScope | None = Field(None, description="of the inventory, or of the reductions")
    basis: Literal["location", "market"] | None = Field(None, description="of purchased energy")
    outside_value_chain: bool = Field(False, description="of credits: only those of projects of others")
    table: TableId | None = Field(None, description="the table that shows what the cell is made of")
    rules: tuple[Rule, ...] = Field(description="what guards the cell")
    evidence: Evidence
    element: Element | None = Field(None, description="of the framework's taxonomy")
    axis: Element | None = Field(None, description="the typed axis by which the element is reported")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.feeds == "inventory" and self.scope is None:
            raise ValueError("a cell of the inventory needs `scope:`")
        if self.outside_value_chain and not self.feeds.startswith(("credits_used", "credits_planned")):
            raise ValueError("`outside_value_chain:` is of credits that are used or planned to be")
        if self.axis and not self.element:
            raise ValueError("`axis:` without `element:`")
        expected = ELEMENT_FEEDS.get(self.element or "")
        if expected and self.feeds != expected:
            raise ValueError(f"{self.element} takes `feeds: {expected}` only")
        if self.feeds == "inventory" and Rule.NET_01 not in self.rules:
            raise ValueError("a cell of the inventory is guarded by NET-01")
        if self.feeds in CLAIMS and not {Rule.SOLD_03, Rule.EXA_09, Rule.BND_04} <= set(self.rules):
            raise ValueError("a claim is guarded by SOLD-03, EXA-09 and BND-04")
        return self


class Mapping(Model):
    """The cells of one version of a framework."""

    format: int = Field(ge=1, le=1)
    id: Name
    framework: Annotated[str, Field(max_length=40)]
    version: Annotated[str, Field(max_length=20)]
    title: Text
    evidence: Evidence
    note: Text | None = None
    taxonomy: TaxonomyKey | None = None
    cells: tuple[MappedCell, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [cell.id for cell in self.cells]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            raise ValueError(f"cells are given twice: {', '.join(twice)}")
        if self.taxonomy is None and any(cell.element for cell in self.cells):
            raise ValueError("`element:` needs `taxonomy:`")
        return self

    def tables(self) -> tuple[TableId, ...]:
        """List the tables that the cells are made of, in order."""
        return tuple(sorted({cell.table for cell in self.cells if cell.table}))


def mapping_ids() -> tuple[str, ...]:
    """List the frameworks, each with its version, that there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load_mapping(name: str) -> Mapping:
    """Read the mapping of a framework.

    Raises:
        ReportError: there is none of that name, or it is not well formed.
    """
    known = mapping_ids()
    if name not in known:
        hint = nearest(name, known) or f"frameworks: {', '.join(known)}"
        raise ReportError(Problem(f"no framework '{name[:80]}'", hint=hint))
    mapping = read_mapping(FOLDER / f"{name}.yaml", f"mappings/{name}.yaml")
    if mapping.id != name:
        raise ReportError(Problem(f"mappings/{name}.yaml has another id", expected=name, found=mapping.id))
    return mapping


def asks_for(names: Iterable[str], feed: Feed) -> bool:
    """Whether a cell of these frameworks, of all where none is named, takes a feed."""
    return any(cell.feeds == feed for name in tuple(names) or mapping_ids() for cell in load_mapping(name).cells)


def read_mapping(path: Path, shown: str) -> Mapping:
    """Read a mapping from a file."""
    return shaped(Mapping, read_yaml(path, shown, ReportError), ReportError)

"""Outlines: which sections a document has, in which order, under which headings; data, read like specs.

An outline names the blocks of its sections and the rows of its cover; what they hold is said by the document's own
modules. Outlines of users are read in the same way, from the folder that they name.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tonne.engine.data.description import Narrative
from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.result.result import Result
from tonne.engine.spec.models import Evidence, Model, Name, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import read_yaml

FOLDER = Path(__file__).with_name("outlines")
PLAIN = "monitoring_plain"
LARGEST_OUTLINE = 1_000_000  # bytes


class OutlineSection(Model):
    """One section: a block of content, a text of the project, a fixed sentence, or further sections."""

    id: Name
    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)
    evidence: Evidence | None = Field(None, description="of the heading; else that of the outline")
    block: Name | None = None
    text: Name | None = Field(None, description="of the project's `narrative:`")
    says: Text | None = Field(None, description="a sentence that stands in every document")
    numbered: bool = True
    mandatory: bool = Field(
        True, description="stands with the text `absent` when there is nothing to say; else left out"
    )
    absent: Text | None = None
    sections: "tuple[OutlineSection, ...]" = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        forms = (self.block, self.text, self.says, self.sections or None)
        if sum(form is not None for form in forms) != 1:
            raise ValueError("one of `block:`, `text:`, `says:` and `sections:`")
        if (self.block or self.text) and self.mandatory and self.absent is None:
            raise ValueError("a mandatory section needs `absent:`, the text when it does not apply")
        if self.text and self.text not in Narrative.model_fields:
            known = ", ".join(sorted(Narrative.model_fields))
            raise ValueError(f"`text:` with a name of the project's narrative: {known}")
        return self


class CoverRow(Model):
    """A row of the cover, under the label of the form where that is not the usual one."""

    row: Name
    zh: str | None = Field(None, min_length=1, max_length=200)
    en: str | None = Field(None, min_length=1, max_length=200)
    evidence: Evidence | None = None


class Outline(Model):
    """An outline."""

    format: int = Field(ge=1, le=1)
    id: Name
    version: int = Field(ge=1)
    title: Text
    scheme: Literal["CCER", "CDM", "GS", "none"] = "none"
    stage: Literal["design", "monitoring"] = "monitoring"
    form: Text | None = Field(None, description="the official form that the headings follow")
    evidence: Evidence = Field(description="of the headings, unless they say otherwise")
    numbering: Literal["decimal", "letters"] = Field("decimal", description="of the outermost sections")
    cover: tuple[CoverRow, ...] | None = Field(None, description="else the rows of the plain report")
    sections: tuple[OutlineSection, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [section.id for section in every_section(self.sections)]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            raise ValueError(f"sections of different ids; {twice[0]} occurs twice")
        return self


def every_section(sections: tuple[OutlineSection, ...]) -> tuple[OutlineSection, ...]:
    """List sections with those inside them, in reading order."""
    return tuple(found for section in sections for found in (section, *every_section(section.sections)))


def outline_ids() -> list[str]:
    """List the outlines that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_outline(name: str, folder: Path | None = None) -> Outline:
    """Read an outline: one of the package, or of a folder beside.

    Raises:
        ReportError: there is none of that name, or it is not well formed.
    """
    own = {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}
    known = [*outline_ids(), *own]
    if name not in known:
        raise ReportError(Problem(f"no outline '{name}'", hint=nearest(name, known) or f"outlines: {', '.join(known)}"))
    path = own.get(name, FOLDER / f"{name}.yaml")
    if path.stat().st_size > LARGEST_OUTLINE:
        raise ReportError(Problem(f"outline {name} is larger than {LARGEST_OUTLINE:,} bytes"))
    read = shaped(Outline, read_yaml(path, f"outlines/{name}.yaml", ReportError), ReportError)
    if read.id != name:
        raise ReportError(Problem(f"outlines/{name}.yaml is named differently inside", None, name, read.id))
    return read


def usual_outlines(result: Result) -> tuple[str, ...]:
    """Say which outlines a project's documents follow: those it names, else the plain one and its scheme's own."""
    spec = result.project.spec
    if spec.outlines is not None:
        return tuple(dict.fromkeys(spec.outlines))
    scheme = result.methodology.spec.scheme
    own = [
        name
        for name in outline_ids()
        if (outline := load_outline(name)).scheme == scheme and outline.stage == spec.stage
    ]
    return (PLAIN, *own)

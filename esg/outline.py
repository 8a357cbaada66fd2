"""Outlines: which sections a document has, in which order, under which headings; data, read like specs.

An outline names the blocks of its sections; what the blocks hold is said by the document's own module.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.spec.models import Evidence, Model, Name, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import read_yaml

FOLDER = Path(__file__).with_name("outlines")


class OutlineSection(Model):
    """One section: a block of content, or further sections."""

    id: Name
    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)
    block: Name | None = None
    mandatory: bool = Field(
        True, description="stands with the text `absent` when there is nothing to say; else left out"
    )
    absent: Text | None = None
    sections: "tuple[OutlineSection, ...]" = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.block is None) == (not self.sections):
            raise ValueError("either `block:` or `sections:`")
        if self.block and self.mandatory and self.absent is None:
            raise ValueError("a mandatory section needs `absent:`, the text when it does not apply")
        return self


class Outline(Model):
    """An outline."""

    format: int = Field(ge=1, le=1)
    id: Name
    version: int = Field(ge=1)
    title: Text
    evidence: Evidence
    sections: tuple[OutlineSection, ...] = Field(min_length=1)


def outline_ids() -> list[str]:
    """List the outlines that are there."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_outline(name: str) -> Outline:
    """Read an outline.

    Raises:
        ReportError: there is none of that name, or it is not well formed.
    """
    known = outline_ids()
    if name not in known:
        raise ReportError(Problem(f"no outline '{name}'", hint=nearest(name, known) or f"outlines: {', '.join(known)}"))
    return shaped(Outline, read_yaml(FOLDER / f"{name}.yaml", f"outlines/{name}.yaml", ReportError), ReportError)

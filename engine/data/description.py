"""What a project file says in words for its documents: narrative, changes, version, annexes. Models only; no number."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tonne.engine.spec.models import Model, Text

FilePath = Annotated[str, Field(min_length=1, max_length=300, description="relative to the project file")]
ChangeKind = Literal[
    "temporary_deviation",
    "correction",
    "crediting_period",
    "plan_added",
    "plan_changed",
    "design_changed",
    "forestry",
    "other",
]


class Narrative(Model):
    """Texts that the sections of an outline ask for by these names; a section without its text says so."""

    purpose: Text | None = Field(None, description="what the project is for, and how it stands")
    technology: Text | None = Field(None, description="equipment, capacity, service life")
    ownership: Text | None = None
    funding: Text | None = None
    legality: Text | None = Field(None, description="approvals and their numbers")
    uniqueness: Text | None = Field(None, description="no other mechanism, and no certificates for the same energy")
    status: Text | None = Field(None, description="how it ran in the period: outages, failures, special events")
    compliance: Text | None = Field(None, description="environmental permits, penalties")
    monitoring_system: Text | None = Field(None, description="what is measured where; beside diagram and register")
    organisation: Text | None = Field(None, description="who is responsible for the monitoring")
    data_flow: Text | None = Field(None, description="from meter to report: collection, transfer, storage")
    quality_assurance: Text | None = None
    abnormal_data: Text | None = Field(None, description="how failures and missing data are dealt with")
    baseline_scenario: Text | None = None
    additionality: Text | None = None
    crediting_choice: Text | None = Field(None, description="kind of crediting period, renewal")
    environment: Text | None = Field(None, description="environmental impact")
    sustainable_development: Text | None = None
    consultation: Text | None = Field(None, description="publication, comments of stakeholders and what became of them")
    sampling: Text | None = Field(None, description="sampling plan and how it was carried out")
    estimate_method: Text | None = Field(None, description="how the estimated inputs were found")
    scale: Text | None = Field(None, description="of small-scale activities: that the limit is kept")
    safeguards: Text | None = None
    grievances: Text | None = Field(None, description="how stakeholders are heard, and what they brought forward")
    legal_contests: Text | None = None


class Change(Model):
    """A change after registration."""

    what: Text
    kind: ChangeKind = "other"
    date: datetime.date
    reason: Text
    effect: Text | None = Field(None, description="on applicability, additionality and calculation")
    approval: str | None = Field(None, max_length=200, description="reference and date of the approval")
    evidence: str | None = Field(None, max_length=300)


class Edition(Model):
    """The edition of the documents, as the cover shows it."""

    version: str = Field(min_length=1, max_length=40)
    date: datetime.date | None = Field(None, description="when it was completed")
    first: bool = Field(True, description="the first report of this monitoring period")


class Milestones(Model):
    """Dates of the activity."""

    construction: datetime.date | None = None
    operation: datetime.date | None = None
    lifetime_years: int | None = Field(None, ge=1, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.construction and self.operation and self.operation < self.construction:
            raise ValueError(f"an operation that begins on or after the construction {self.construction}")
        return self


class Annex(Model):
    """A file that is handed in with the report; its digest is printed."""

    title: Text
    file: FilePath

"""The project file: one activity, its methodology, periods, choices, values and data files."""

import datetime
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from tonne.engine.data.registers import (
    Balance,
    Capacity,
    CrossCheck,
    DottedName,
    EarlierPeriod,
    Meter,
    Plan,
    Substitution,
)
from tonne.engine.errors import Problem, ProjectError, nearest
from tonne.engine.spec.models import Evidence, Label, Model, Name, Number, Text, UnitText
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

PROJECT_FILE = "project.yaml"
FilePath = Annotated[str, Field(min_length=1, max_length=300, description="relative to the project file")]


class Period(Model):
    """From the first to the last day, both included, in the project's time zone."""

    start: datetime.date
    end: datetime.date
    number: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"an end on or after the start {self.start}")
        return self

    @property
    def days(self) -> int:
        """Count the days, both ends included."""
        return (self.end - self.start).days + 1


class Location(Model):
    """Where the activity is."""

    text: Text
    latitude: Number | None = None
    longitude: Number | None = None


class Row(Model):
    """One value at one index."""

    value: Number
    at: dict[Name, Label]
    unit: UnitText | None = Field(None, description="when it is not that of the whole")


class Value(Model):
    """A value that the project gives: one number, one for each member, or rows."""

    unit: UnitText
    value: Number | None = None
    at: dict[Label, Number] | None = Field(None, description="for a parameter over one dimension")
    rows: list[Row] | None = Field(None, max_length=10_000)
    source: str | Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(form is not None for form in (self.value, self.at, self.rows)) != 1:
            raise ValueError("one of `value:`, `at:` and `rows:`")
        return self


class Statement(Model):
    """What the project says about a condition of applicability."""

    met: bool | None = None
    fact: Text
    evidence: str | None = None


class TimeColumn(Model):
    """The column of time stamps, which carry their offset."""

    column: str = Field(min_length=1)
    marks: Literal["start", "end", "instant"] = Field("start", description="what part of the interval is stamped")
    interval: str = Field(pattern=r"^[1-9][0-9]{0,4} (second|minute|hour|day|month)$")


class ValueColumn(Model):
    """The column of values and what they are."""

    column: str = Field(min_length=1)
    unit: UnitText
    reads: Literal["interval", "average", "register", "state"] = Field(
        description="interval: the amount in the interval; average: the mean rate over it; register: the running total; "
        "state: a value that holds in it"
    )


class MeterColumn(Model):
    """Which meter a row belongs to: a column, or one meter for the file."""

    column: str | None = None
    only: list[Label] | None = Field(None, description="the meters that count; others are left out, with a finding")
    name: Label | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.column is None) == (self.name is None):
            raise ValueError("either `column:` or `name:`")
        return self


class Feed(Model):
    """Which parameter the readings go to, and which part of them."""

    parameter: DottedName
    take: Literal["all", "positive", "negative"] = Field(
        "all", description="negative: the amount of the negative readings, as a positive number"
    )
    at: dict[Name, Label] = Field({}, description="members of the parameter's other dimensions")
    by: dict[Name, str] = Field({}, description="columns that name the members of the parameter's other dimensions")


class Readings(Model):
    """A file of time-stamped readings."""

    file: FilePath
    time: TimeColumn
    value: ValueColumn
    meter: MeterColumn
    duplicates: Literal["refuse", "first", "last", "lowest", "highest", "mean"] = Field(
        "refuse", description="what becomes of several different values for one meter and time"
    )
    feeds: list[Feed] = Field(min_length=1)
    source: str | Text | None = None


class TableColumn(Model):
    """A column of a record table."""

    column: str = Field(min_length=1)
    unit: UnitText | None = None
    unit_column: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.unit is None) == (self.unit_column is None):
            raise ValueError("either `unit:` or `unit_column:`")
        return self


class Records(Model):
    """A file of values by month, fuel and so on, without time stamps; values at one index add up."""

    file: FilePath
    index: dict[Name, str] = Field(description="dimension to column")
    parameters: dict[DottedName, TableColumn] = Field(min_length=1)
    source: str | Text | None = None


class ProjectSpec(Model):
    """A project file."""

    format: Literal[1]
    name: Text
    methodology: str
    statement: Text | None = Field(None, description="a statement that every document carries in front")
    description: Text | None = None
    owner: Text | None = None
    location: Location | None = None
    registration: str | None = None
    time_zone: str
    crediting_period: Period
    monitoring_period: Period
    options: dict[DottedName, Label | dict[Label, Label]] = {}
    members: dict[Name, list[Label]] = Field({}, description="members of dimensions that the data name")
    values: dict[DottedName, Value] = {}
    conditions: dict[Name, Statement] = {}
    readings: dict[Name, Readings] = {}
    records: dict[Name, Records] = {}
    meters: dict[Name, Meter] = {}
    substitutions: list[Substitution] = []
    cross_checks: dict[Name, CrossCheck] = {}
    capacities: dict[Name, Capacity] = {}
    balances: dict[Name, Balance] = {}
    earlier_periods: list[EarlierPeriod] = []
    plan: Plan | None = None
    ex_ante: dict[Label, Number] | None = Field(None, description="estimated reductions by calendar year, tCO2e")
    ex_ante_explanation: Text | None = Field(None, description="why the reduction differs from the estimate")
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Project:
    """A project file as read, with the folder its data files are relative to."""

    spec: ProjectSpec
    document: Document
    folder: Path

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone in which days, months and years begin."""
        return zoneinfo.ZoneInfo(self.spec.time_zone)

    def path(self, file: str, *where: str | int) -> Path:
        """Find a data file, inside the project folder.

        Raises:
            ProjectError: the file is outside the folder, or does not exist.
        """
        place = self.document.place(*where, "=")
        path = (self.folder / file).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise ProjectError(
                Problem(f"data file {file} is outside the project folder", place, hint="copy it into the folder")
            )
        if not path.is_file():
            near = [str(entry.relative_to(self.folder)) for entry in self.folder.rglob("*") if entry.is_file()][:1000]
            raise ProjectError(Problem(f"no data file {file}", place, hint=nearest(file, near)))
        return path


def load_project(reference: str | Path) -> Project:
    """Read a project file, or the `project.yaml` of a folder.

    Raises:
        UnknownNameError: there is no such file.
        ProjectError: it is not well formed; with every fault.
    """
    path = Path(reference)
    if path.is_dir():
        path = path / PROJECT_FILE
    document = read_yaml(path, error=ProjectError)
    spec = shaped(ProjectSpec, document, ProjectError)
    return checked_project(spec, document, path.parent)


def checked_project(spec: ProjectSpec, document: Document, folder: Path) -> Project:
    """Check what the shape alone does not show: the time zone, and the periods against each other.

    Raises:
        ProjectError: with the first fault.
    """
    monitoring, crediting = spec.monitoring_period, spec.crediting_period
    if monitoring.start < crediting.start or monitoring.end > crediting.end:
        raise ProjectError(
            Problem(
                "the monitoring period is outside the crediting period",
                document.place("monitoring_period"),
                f"inside {crediting.start} to {crediting.end}",
                f"{monitoring.start} to {monitoring.end}",
                "split the monitoring period, or correct the dates",
            )
        )
    try:
        zoneinfo.ZoneInfo(spec.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known: Any = zoneinfo.available_timezones()
        raise ProjectError(
            Problem(
                f"unknown time zone '{spec.time_zone}'",
                document.place("time_zone", "="),
                "a name of the IANA database, such as Asia/Shanghai",
                hint=nearest(spec.time_zone, known),
            )
        ) from None
    return Project(spec, document, folder)

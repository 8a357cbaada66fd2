"""The project file: one activity, its methodology, periods, choices, values and data files."""

import datetime
import re
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from tonne.engine.data.date_patterns import SERIAL, date_pattern
from tonne.engine.data.description import Annex, Change, Edition, FilePath, Milestones, Narrative
from tonne.engine.data.file_form import FileForm, NumberForm
from tonne.engine.data.registers import (
    Balance,
    Capacity,
    CrossCheck,
    DottedName,
    EarlierPeriod,
    Limit,
    Meter,
    Plan,
    Substitution,
)
from tonne.engine.errors import Problem, ProjectError, nearest
from tonne.engine.spec.models import Evidence, Label, Model, Name, Number, Text, UnitText
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

PROJECT_FILE = "project.yaml"
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


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
    """The column of time stamps, which carry their offset unless `zone:` says how to read those that do not."""

    column: str = Field(min_length=1)
    clock: str | None = Field(
        None, min_length=1, description="the column of the time of day, where dates have their own"
    )
    across: dict[Label, str] | None = Field(
        None, min_length=1, max_length=1440, description="one column for each time of day: column to HH:mm, up to 24:00"
    )
    marks: Literal["start", "end", "instant"] = Field("start", description="what part of the interval is stamped")
    interval: str = Field(pattern=r"^[1-9][0-9]{0,4} (second|minute|hour|day|month)$")
    pattern: str | None = Field(
        None,
        min_length=1,
        max_length=60,
        description="such as YYYY/M/D H:mm, where it is not ISO 8601; `serial` for the day numbers of spreadsheets",
    )
    zone: str | None = Field(
        None,
        pattern=r"^(local|Z|[+-](0\d|1[0-4]):[0-5]\d)$",
        description="of time stamps without an offset: `local` for that of the project, or an offset such as +08:00",
    )
    dst: Literal["first", "second", "refuse"] = Field(
        "refuse", description="which of the two a local time means that occurs twice when clocks are put back"
    )
    hour_24: bool = Field(False, description="24:00 is written for the midnight at the end of a day")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.clock is not None and self.across is not None:
            raise ValueError("either `clock:` or `across:`")
        if self.zone is None and (self.pattern or self.clock or self.across or self.hour_24):
            raise ValueError("`zone:`, because these time stamps have no offset from UTC; China is +08:00")
        if self.dst != "refuse" and self.zone != "local":
            raise ValueError("`dst:` only with `zone: local`; a fixed offset has no hour twice")
        odd = [clock for clock in (self.across or {}).values() if not _CLOCK.fullmatch(clock)]
        if odd:
            raise ValueError(f"under `across:` times from 00:00 to 24:00, not {odd[0]}")
        if self.pattern and self.pattern not in SERIAL:
            date_pattern(self.pattern)
        return self


class ValueColumn(Model):
    """The column of values and what they are."""

    column: str | None = Field(None, min_length=1, description="unless several columns hold values")
    unit: UnitText
    units: dict[Label, UnitText] = Field({}, description="of several columns of values: those in another unit")
    reads: Literal["interval", "average", "register", "state"] = Field(
        description="interval: the amount in the interval; average: the mean rate over it; register: the running total; "
        "state: a value that holds in it"
    )


class MeterColumn(Model):
    """Which meter a value belongs to: a column says it, there is one meter, or each has a column of values."""

    column: str | None = None
    columns: dict[Label, Label] | None = Field(
        None, min_length=1, max_length=2000, description="one column of values for each meter: column to meter"
    )
    columns_except: list[Label] | None = Field(
        None, description="all columns but these and those of time are meters of their names"
    )
    only: list[Label] | None = Field(None, description="the meters that count; others are left out, with a finding")
    name: Label | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (self.column, self.name, self.columns, self.columns_except)
        if sum(form is not None for form in forms) != 1:
            raise ValueError("one of `column:`, `name:`, `columns:` and `columns_except:`")
        return self

    @property
    def is_wide(self) -> bool:
        """Whether each meter has a column of values."""
        return self.columns is not None or self.columns_except is not None


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
    form: FileForm | None = Field(None, description="unless it is plain: UTF-8, commas, names in the first row")
    numbers: NumberForm | None = Field(None, description="unless numbers are written as 1234.5")
    time: TimeColumn
    value: ValueColumn
    meter: MeterColumn
    duplicates: Literal["refuse", "first", "last", "lowest", "highest", "mean"] = Field(
        "refuse", description="what becomes of several different values for one meter and time"
    )
    feeds: list[Feed] = Field(min_length=1)
    source: str | Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.is_spread == (self.value.column is not None):
            raise ValueError("`value: {column: …}`, or several columns under `meter:` or `time: {across: …}`")
        if self.meter.is_wide and self.time.across is not None:
            raise ValueError("columns for meters or for times of day, not both")
        if self.value.units and not self.is_spread:
            raise ValueError("`value: {units: …}` only where several columns hold values")
        return self

    @property
    def is_spread(self) -> bool:
        """Whether several columns of a row hold values."""
        return self.meter.is_wide or self.time.across is not None

    def column_of(self, meter: str) -> str | None:
        """Name the column that holds the values of a meter."""
        if self.meter.columns is not None:
            return next((column for column, label in self.meter.columns.items() if label == meter), None)
        return meter if self.meter.columns_except is not None else self.value.column

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns that name members."""
        return tuple(dict.fromkeys(column for feed in self.feeds for column in feed.by.values()))


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
    form: FileForm | None = Field(None, description="unless it is plain: UTF-8, commas, names in the first row")
    numbers: NumberForm | None = Field(None, description="unless numbers are written as 1234.5")
    index: dict[Name, str] = Field(description="dimension to column")
    patterns: dict[Name, str] = Field({}, description="of dimensions of time that are not written as 2024-03")
    parameters: dict[DottedName, TableColumn] = Field(min_length=1)
    source: str | Text | None = None

    @model_validator(mode="after")
    def _known_patterns(self) -> Self:
        for dimension, pattern in self.patterns.items():
            if dimension not in self.index:
                raise ValueError(f"patterns of dimensions of `index:`; {dimension} is none")
            date_pattern(pattern)
        return self


class ProjectSpec(Model):
    """A project file."""

    format: Literal[1]
    name: Text
    methodology: str
    statement: Text | None = Field(None, description="a statement that every document carries in front")
    description: Text | None = None
    stage: Literal["design", "monitoring"] = Field(
        "monitoring",
        description="design: all values are estimates, and the monitoring period is the whole crediting period",
    )
    outlines: list[Name] | None = Field(
        None, min_length=1, max_length=20, description="of the documents; else the plain one and that of the scheme"
    )
    edition: Edition | None = None
    owner: Text | None = None
    participants: list[Text] = Field([], max_length=100)
    host: Text | None = Field(None, description="the country in which the activity is")
    sector: Text | None = Field(None, description="sector or scope as the scheme names it")
    location: Location | None = None
    registration: str | None = None
    milestones: Milestones | None = None
    narrative: Narrative | None = None
    changes: list[Change] = Field([], max_length=200, description="changes after registration")
    annexes: list[Annex] = Field([], max_length=500)
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
    limits: dict[Name, Limit] = {}
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
        try:
            path = (self.folder / file).resolve()
        except (OSError, RuntimeError):
            what = f"data file {file} cannot be followed: it is a link that leads to itself"
            raise ProjectError(Problem(what, place, hint="put the file itself there")) from None
        if not path.is_relative_to(self.folder.resolve()):
            raise ProjectError(
                Problem(f"data file {file} is outside the project folder", place, hint="copy it into the folder")
            )
        if not path.is_file():
            near = [str(entry.relative_to(self.folder)) for entry in self.folder.rglob("*") if entry.is_file()][:1000]
            raise ProjectError(Problem(f"no data file {file}", place, hint=nearest(file, near)))
        return path


def is_project(path: Path) -> bool:
    """Whether a path is a project file, or a folder with one; a file names its methodology."""
    if path.is_dir():
        return (path / PROJECT_FILE).is_file()
    if path.name == PROJECT_FILE:
        return True
    if path.suffix not in {".yaml", ".yml"} or not path.is_file():
        return False
    data = read_yaml(path, error=ProjectError).data
    return isinstance(data, dict) and "methodology" in data


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
    if spec.stage == "design" and (monitoring.start, monitoring.end) != (crediting.start, crediting.end):
        raise ProjectError(
            Problem(
                "a project in the design stage is estimated for its whole crediting period",
                document.place("monitoring_period"),
                f"{crediting.start} to {crediting.end}",
                f"{monitoring.start} to {monitoring.end}",
                "give the crediting period as monitoring period, or leave out `stage: design`",
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

"""The file that asks for a modelled baseline: which meter, which weather, which periods, which kind of model.

Reads the file and the readings it names into plain series. Fits nothing.
"""

import datetime
import tempfile
import zoneinfo
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import Field

from tonne.engine.data.description import FilePath
from tonne.engine.data.project import (
    Feed,
    MeterColumn,
    Period,
    Project,
    ProjectSpec,
    Readings,
    TimeColumn,
    ValueColumn,
    checked_project,
)
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.store import Statements, open_store
from tonne.engine.errors import DataError, Problem, ProjectError
from tonne.engine.findings import Finding
from tonne.engine.spec.models import Model, Number, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml
from tonne.engine.units import conversion, parse_unit

TASK_FILE = "baseline.yaml"
Kind = Literal["hourly", "daily", "billing"]
Carrier = Literal["electricity", "fuel"]
_EXPECTED: dict[str, tuple[str, ...]] = {"energy": ("interval", "register"), "temperature": ("state",)}


class SeriesFile(Model):
    """A file of time-stamped readings, described as in a project."""

    file: FilePath
    time: TimeColumn
    value: ValueColumn
    meter: MeterColumn
    duplicates: Literal["refuse", "first", "last", "lowest", "highest", "mean"] = "refuse"
    source: str | Text | None = None


class TaskReadings(Model):
    """The meter before the retrofit, and the outdoor temperature of both periods."""

    energy: SeriesFile
    temperature: SeriesFile


class TaskSpec(Model):
    """A file that asks for a modelled baseline."""

    format: Literal[1]
    name: Text
    time_zone: str
    baseline_period: Period = Field(description="before the retrofit; the model is fitted to it")
    reporting_period: Period = Field(description="after the retrofit; the baseline is modelled for its weather")
    carrier: Carrier = Field(description="electricity: a reading of zero counts as missing; fuel: zero is a value")
    model: Kind = Field(description="hourly and daily: readings of that length or shorter; billing: monthly bills")
    largest_cvrmse: Number | None = Field(None, description="refuse a poorer fit, beside the limits of the package")
    readings: TaskReadings


@dataclass(frozen=True)
class Reading:
    """What a meter counted, or the temperature that held, from one instant to another."""

    begins: datetime.datetime
    ends: datetime.datetime
    value: Fraction


@dataclass(frozen=True)
class SourceFile:
    """A file that was read, with the digest of its bytes."""

    role: str
    shown: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Task:
    """A task as read, with its series; temperatures in degrees Fahrenheit, which the models take."""

    spec: TaskSpec
    document: Document
    energy: tuple[Reading, ...]
    baseline_temperature: tuple[Reading, ...]
    reporting_temperature: tuple[Reading, ...]
    files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone in which days begin."""
        return zoneinfo.ZoneInfo(self.spec.time_zone)

    @property
    def unit(self) -> str:
        """The unit of the modelled energy, which is that of the meter."""
        return self.spec.readings.energy.value.unit


def load_task(reference: str | Path) -> Task:
    """Read a task, or the `baseline.yaml` of a folder, and its readings.

    Raises:
        UnknownNameError: there is no such file.
        ProjectError: it is not well formed, or its periods overlap.
        DataError: a file of readings cannot be used.
    """
    path = Path(reference)
    if path.is_dir():
        path = path / TASK_FILE
    document = read_yaml(path, error=ProjectError)
    spec = shaped(TaskSpec, document, ProjectError)
    _require_order(spec, document)
    _require_kinds(spec, document)
    project = _project(spec, document, path.parent)
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        store = open_store([path.parent], Path(scratch))
        try:
            metered, energy = _series(store, project, "energy", spec.baseline_period)
            before, weather_before = _series(store, project, "temperature", spec.baseline_period)
            after, weather_after = _series(store, project, "temperature", spec.reporting_period)
        finally:
            store.close()
    # The files go on beyond a period by design, and bills are as far apart as they are: the models judge that.
    expected = {"readings.outside_period"}
    findings = [
        finding
        for loaded in (metered, before, after)
        for finding in loaded.findings
        if finding.code
        not in (expected | {"readings.gap"} if loaded is metered and spec.model == "billing" else expected)
    ]
    return Task(
        spec,
        document,
        energy,
        _in_fahrenheit(before, weather_before),
        _in_fahrenheit(after, weather_after),
        tuple(
            SourceFile(loaded.name, loaded.spec.file, loaded.facts.sha256, loaded.facts.rows)
            for loaded in (metered, before)
        ),
        tuple(findings),
    )


def _require_order(spec: TaskSpec, document: Document) -> None:
    if spec.reporting_period.start <= spec.baseline_period.end:
        raise ProjectError(
            Problem(
                "the reporting period begins before the baseline period has ended",
                document.place("reporting_period"),
                f"a start after {spec.baseline_period.end}",
                str(spec.reporting_period.start),
                "leave the months of the works between the two",
            )
        )


def _require_kinds(spec: TaskSpec, document: Document) -> None:
    for name, allowed in _EXPECTED.items():
        column: ValueColumn = getattr(spec.readings, name).value
        if column.reads not in allowed:
            raise ProjectError(
                Problem(
                    f"readings of {name} cannot be used that way",
                    document.place("readings", name, "value", "reads", "="),
                    f"`reads: {' or '.join(allowed)}`",
                    column.reads,
                    "a mean rate (kW) is turned into amounts before" if column.reads == "average" else None,
                )
            )


def _project(spec: TaskSpec, document: Document, folder: Path) -> Project:
    """Describe the files to the readers of a project, which know no other way to be told."""
    readings = {
        name: Readings(**getattr(spec.readings, name).model_dump(), feeds=[Feed(parameter=name)]) for name in _EXPECTED
    }
    whole = Period(start=spec.baseline_period.start, end=spec.reporting_period.end)
    return checked_project(
        ProjectSpec(
            format=1,
            name=spec.name,
            methodology="",
            time_zone=spec.time_zone,
            crediting_period=whole,
            monitoring_period=whole,
            readings=readings,
        ),
        document,
        folder,
    )


def _series(
    store: duckdb.DuckDBPyConnection, project: Project, name: str, period: Period
) -> tuple[LoadedReadings, tuple[Reading, ...]]:
    """Load a file; of energy, the meters add up, and an interval that one of them lacks is left out."""
    loaded = load_readings(store, project, name, period)
    sql = Statements(store, {"table": loaded.table})
    ((meters,),) = sql.ask("SELECT count(DISTINCT meter) FROM {table}")
    rows = sql.ask("SELECT begins, ends, sum(value), count(*) FROM {table} GROUP BY begins, ends ORDER BY begins")
    if not rows:
        document = project.document
        raise DataError(
            Problem(
                f"{loaded.spec.file} has no readings of {name} in the period",
                document.place("readings", name),
                f"readings between {period.start} and {period.end}",
                "none",
            )
        )
    shares = 1 if name == "energy" else meters
    series = tuple(
        Reading(loaded.time.moment(begins), loaded.time.moment(ends), Fraction(total) / shares)
        for begins, ends, total, count in rows
        if count == meters
    )
    return loaded, series


def _in_fahrenheit(loaded: LoadedReadings, series: tuple[Reading, ...]) -> tuple[Reading, ...]:
    unit = parse_unit(loaded.spec.value.unit, loaded.unit_place)
    factor, offset = conversion(unit, parse_unit("degF"), loaded.unit_place)
    return tuple(Reading(item.begins, item.ends, item.value * factor + offset) for item in series)

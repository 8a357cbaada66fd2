"""What a project file says beside the readings: meters, calibrations, substitutions, second sources, earlier periods.

Models only: shape and units of each entry. What follows from them is worked out where the readings are judged.
"""

import datetime
import re
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from tonne.engine.spec.models import Label, Model, Name, Number, Text, UnitText

_SHARE = re.compile(r"(\d{1,6}(?:\.\d{1,12})?) ?(%|‰|ppm)")
_PARTS = {"%": 100, "‰": 1000, "ppm": 1_000_000}


def parse_share(value: Any) -> Fraction:
    """Read a share such as `0.2 %`; a number without a unit is refused, because 0.2 could mean 20 %.

    Raises:
        ValueError: there is no unit, or no number.
    """
    if isinstance(value, Fraction):
        return value
    found = _SHARE.fullmatch(str(value).strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a number with its unit, such as 0.2 %, 2 ‰ or 2000 ppm; a bare number could mean either")
    return Fraction(found[1]) / _PARTS[found[2]]


def parse_error(value: Any) -> Fraction:
    """Read an error found in a calibration, such as `-0.35 %`: a share with its sign."""
    text = str(value).strip()
    sign = -1 if text[:1] in {"-", "−"} else 1
    return sign * parse_share(text.lstrip("+-−").strip() if isinstance(value, str) else value)


Share = Annotated[
    Fraction,
    BeforeValidator(parse_share),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "description": "a number with its unit: %, ‰ or ppm"}),
]
SignedShare = Annotated[
    Fraction,
    BeforeValidator(parse_error),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "description": "a number with sign and unit: %, ‰ or ppm"}),
]
DottedName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$", max_length=200)]


class Days(Model):
    """From the first to the last day, both included; without an end it goes on."""

    start: datetime.date
    end: datetime.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"an end on or after the start {self.start}")
        return self


class ErrorAtLoad(Model):
    """The maximum permissible error of a class from a load upwards, as a share of the rated value."""

    load: Share
    mpe: Share


class Ratio(Model):
    """Instrument transformers of an electricity meter, and whether the readings already carry their ratio."""

    ct: str | None = Field(None, pattern=r"^\d{1,6}(\.\d+)?/\d{1,6}(\.\d+)?$", description="current, such as 600/5")
    pt: str | None = Field(None, pattern=r"^\d{1,7}(\.\d+)?/\d{1,6}(\.\d+)?$", description="voltage, such as 35000/100")
    multiplier: Number = Field(gt=0)
    applied: bool = Field(description="true: the readings already are multiplied")


class Dial(Model):
    """The register of a meter that shows a running total."""

    digits: int = Field(ge=1, le=15, description="whole digits; a roll-over begins again at 0")


class Calibration(Model):
    """One calibration with its certificate."""

    date: datetime.date
    valid_until: datetime.date | None = Field(None, description="else the interval of the methodology counts")
    error: SignedShare | None = Field(None, description="the largest basic error found, with its sign")
    certificate: str | None = Field(None, max_length=200)
    laboratory: str | Text | None = None
    serial: str | None = Field(None, max_length=100, description="as the certificate prints it")


class Meter(Model):
    """One instrument; of instruments that follow each other at one place each has an entry."""

    serial: str = Field(min_length=1, max_length=100)
    reads_as: Label | None = Field(None, description="the meter's name in the data files, if not its key")
    role: Literal["main", "check", "backup"] = "main"
    checks: Name | None = Field(None, description="of a check or backup meter: the main one")
    quantity: Text | None = None
    parameters: list[DottedName] = []
    accuracy_class: str | None = Field(None, max_length=40)
    mpe: Share | list[ErrorAtLoad] | None = Field(None, description="maximum permissible error, plain or by load")
    rated: Number | None = Field(None, gt=0, description="the rated value that loads are shares of")
    rated_unit: UnitText | None = None
    ratio: Ratio | None = None
    dial: Dial | None = None
    location: Text | None = None
    in_service: Days | None = None
    calibrations: list[Calibration] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.rated is None) != (self.rated_unit is None):
            raise ValueError("`rated:` and `rated_unit:` together")
        if isinstance(self.mpe, list) and self.rated is None:
            raise ValueError("`rated:`, because the maximum permissible error is stated by load")
        if self.role != "main" and self.checks is None:
            raise ValueError(f"`checks:`, the main meter that this {self.role} meter stands beside")
        return self


class Substitution(Model):
    """How the missing readings of a meter are replaced; the methodology says which ways it allows."""

    readings: Name = Field(description="which file of readings")
    meter: Label | None = Field(None, description="else every meter of the file")
    days: Days | None = Field(None, description="else every gap of the period")
    method: Literal["check_meter", "invoice", "conservative_extreme", "percentile", "zero"]
    check_meter: Label | None = None
    cross_check: Name | None = Field(None, description="of `invoice`: the second source that holds the amounts")
    percentile: Share | None = None
    reason: Text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {"check_meter": self.check_meter, "percentile": self.percentile, "invoice": self.cross_check}
        if self.method in needed and needed[self.method] is None:
            field = "cross_check" if self.method == "invoice" else self.method
            raise ValueError(f"`{field}:`, which the method {self.method} needs")
        return self


class Cycle(Model):
    """An amount of a billing cycle, both days included; it is divided by days where it crosses a month."""

    start: datetime.date
    end: datetime.date
    value: Number

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"an end on or after the start {self.start}")
        return self


class CrossCheck(Model):
    """A second source for a monitored parameter, and which of the two counts."""

    parameter: DottedName
    kind: Literal["invoice", "settlement", "check_meter", "capacity", "balance", "other"]
    unit: UnitText
    at: dict[Label, Number] | None = Field(None, description="amounts by the parameter's index")
    cycles: list[Cycle] | None = Field(None, description="amounts by billing cycle")
    meter: Label | None = Field(None, description="of `check_meter`: whose readings are the second source")
    readings: Name | None = Field(None, description="of `check_meter`: the file with its readings")
    tolerance: Share
    take: Literal["conservative", "monitored", "second"] = "conservative"
    reason: Text | None = Field(None, description="why not the conservative one")
    evidence: str | Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(form is not None for form in (self.at, self.cycles, self.meter)) != 1:
            raise ValueError("one of `at:`, `cycles:` and `meter:`")
        if self.take != "conservative" and self.reason is None:
            raise ValueError(f"`reason:`, because `take: {self.take}` is not the conservative choice")
        return self


class Capacity(Model):
    """The most that a parameter can be by the rated capacity behind it."""

    parameter: DottedName
    value: Number = Field(gt=0)
    unit: UnitText = Field(description="a rate such as MW, t/h or Nm3/h")
    tolerance: Share = Fraction(0)
    dark_at_night: bool = Field(False, description="a photovoltaic or solar plant; needs the location")


class Balance(Model):
    """A mass or energy balance: what leaves is never more than what enters."""

    name: Text
    enters: list[DottedName] = Field(min_length=1, description="parameters or equations of the methodology")
    leaves: list[DottedName] = Field(min_length=1)
    tolerance: Share = Fraction(0)


class Extreme(Model):
    """The extreme readings of a parameter in an earlier period."""

    unit: UnitText
    lowest: Number | None = None
    highest: Number | None = None


class EarlierPeriod(Model):
    """A monitoring period that was reported before."""

    number: int | None = Field(None, ge=1)
    start: datetime.date
    end: datetime.date
    reduction: Number | None = Field(None, description="as issued or verified, tCO2e")
    extremes: dict[DottedName, Extreme] = {}
    source: str | Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"an end on or after the start {self.start}")
        return self


class PlannedMeter(Model):
    """A meter as the registered monitoring plan has it."""

    serial: str | None = None
    accuracy_class: str | None = None
    multiplier: Number | None = None
    monitoring_point: Text | None = None


class Plan(Model):
    """What the registered design document says, to be compared with what is reported."""

    document: str
    version: str | None = None
    date: datetime.date | None = None
    project_name: Text | None = None
    registration: str | None = None
    methodology: str | None = Field(None, description="document and version as the plan cites it")
    meters: dict[Name, PlannedMeter] = {}
    parameters: dict[DottedName, Literal["monitored", "fixed", "default"]] = {}
    diagram: str | None = Field(None, description="the file of the metering diagram, inside the project folder")

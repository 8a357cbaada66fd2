"""What a project file says beside the readings: meters, calibrations, substitutions, second sources, earlier periods.

Models only: shape and units of each entry. What follows from them is worked out where the readings are judged.
"""

import datetime
import re
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from tonne.engine.spec.models import Label, Model, Name, Number, Text, UnitText

_SHARE = re.compile(r"(\d{1,6}(?:\.\d{1,12})?) ?(%|‰|ppm)")
_PARTS = {"%": 100, "‰": 1000, "ppm": 1_000_000}
_NEEDED = {"check_meter": "check_meter", "percentile": "percentile", "invoice": "cross_check"}  # method to its field


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
Moment = Annotated[AwareDatetime | datetime.date, Field(union_mode="left_to_right")]
Serial = Annotated[Label, Field(min_length=1)]
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


class Service(Model):
    """When an instrument is in service: whole days, or from and to a time stamped with its offset."""

    start: Moment
    end: Moment | None = Field(None, description="a day is included; a time is when the instrument was taken out")


class ErrorAtLoad(Model):
    """The maximum permissible error of a class from a load upwards, as a share of the rated value."""

    load: Share
    mpe: Share = Field(lt=1)


class Ratio(Model):
    """Instrument transformers of an electricity meter, and whether the readings already carry their ratio."""

    ct: str | None = Field(None, pattern=r"^\d{1,6}(\.\d+)?/\d{1,6}(\.\d+)?$", description="current, such as 600/5")
    pt: str | None = Field(None, pattern=r"^\d{1,7}(\.\d+)?/\d{1,6}(\.\d+)?$", description="voltage, such as 35000/100")
    multiplier: Number = Field(gt=0)
    applied: bool = Field(description="true: the readings already are multiplied")


class Reset(Model):
    """The register of a meter was set to another value; amounts in the unit of its readings."""

    at: Moment = Field(description="a time with its offset; of a day the first instant")
    last: Number = Field(ge=0, description="what it showed before")
    first: Number = Field(Fraction(0), ge=0, description="what it showed after")


class Dial(Model):
    """The register of a meter that shows a running total; amounts in the unit of its readings."""

    digits: int | None = Field(None, ge=1, le=15, description="whole digits; a roll-over begins again at 0")
    first: Number | None = Field(None, ge=0, description="what it showed when the meter was put in service")
    last: Number | None = Field(None, ge=0, description="what it showed when the meter was taken out")
    resets: list[Reset] = []


class Calibration(Model):
    """One calibration with its certificate."""

    date: datetime.date
    valid_until: datetime.date | None = Field(
        None, description="this day is included; the interval of the methodology counts where it ends earlier"
    )
    error: SignedShare | None = Field(
        None,
        gt=-1,
        lt=1,
        description="the largest basic error found, with its sign, held against the smallest permissible one",
    )
    adjusted: bool = Field(False, description="the error was removed on that day, so that it does not go on")
    certificate: str | None = Field(None, max_length=200)
    laboratory: str | Text | None = None
    serial: Serial | None = Field(None, description="as the certificate prints it")


class Meter(Model):
    """One instrument; of instruments that follow each other at one place each has an entry."""

    serial: Serial
    reads_as: Label | None = Field(None, description="the meter's name in the data files, if not its key")
    role: Literal["main", "check", "backup"] = "main"
    checks: Name | None = Field(None, description="of a check or backup meter: the main one")
    quantity: Text | None = None
    parameters: list[DottedName] = []
    accuracy_class: Label | None = None
    mpe: Share | list[ErrorAtLoad] | None = Field(None, description="maximum permissible error, plain or by load")
    rated: Number | None = Field(None, gt=0, description="the rated value that loads are shares of")
    rated_unit: UnitText | None = None
    ratio: Ratio | None = None
    dial: Dial | None = None
    location: Text | None = None
    in_service: Service | None = None
    calibrations: list[Calibration] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if isinstance(self.mpe, Fraction) and self.mpe >= 1:
            raise ValueError("a maximum permissible error below 100 %")
        if isinstance(self.mpe, list) and not self.mpe:
            raise ValueError("at least one maximum permissible error")
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
    percentile: Share | None = Field(None, le=1)
    stated: Number | None = Field(
        None, description="of `conservative_extreme`: the extreme as the report states it, in the unit of the file"
    )
    reason: Text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = _NEEDED.get(self.method)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"`{needed}:`, which the method {self.method} needs")
        if self.method == "check_meter" and self.meter is None:
            raise ValueError("`meter:`, the main meter that the check meter stands in for")
        others = {field: method for method, field in _NEEDED.items()} | {"stated": "conservative_extreme"}
        for field, method in others.items():
            if method != self.method and getattr(self, field) is not None:
                raise ValueError(f"`{field}:` only with `method: {method}`")
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
        if (self.meter is None) != (self.readings is None):
            raise ValueError("`meter:` together with `readings:`, the file that holds its readings")
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


class Limit(Model):
    """The most that quantities may come to together in a calendar year, such as the limit of a small-scale activity."""

    name: Text
    quantities: list[DottedName] = Field(min_length=1, description="parameters or equations of the methodology")
    at_most: Number = Field(gt=0)
    unit: UnitText
    source: str | Text | None = None


class Stated(Model):
    """What another document says of a quantity: one value, or one for each index."""

    unit: UnitText
    value: Number | None = None
    at: dict[Label, Number] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.value is None) == (self.at is None):
            raise ValueError("either `value:` or `at:`")
        return self


class EarlierPeriod(Model):
    """A monitoring period that was reported before."""

    number: int | None = Field(None, ge=1)
    start: datetime.date
    end: datetime.date
    reduction: Number | None = Field(None, description="as issued or verified, tCO2e")
    extremes: dict[DottedName, Extreme] = {}
    values: dict[DottedName, Stated] = Field({}, description="values that were reported and are used again")
    source: str | Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"an end on or after the start {self.start}")
        return self


class PlannedMeter(Model):
    """A meter as the registered monitoring plan has it."""

    serial: Serial | None = None
    accuracy_class: Label | None = None
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
    tools: dict[Name, str] = Field({}, description="documents of the modules as the plan cites them, by their alias")
    meters: dict[Name, PlannedMeter] = {}
    parameters: dict[DottedName, Literal["monitored", "fixed", "default"]] = {}
    values: dict[DottedName, Stated] = Field({}, description="values that the plan fixes")
    bound_until: datetime.date | None = Field(
        None, description="until when the confidence bound may be used where a sample misses its precision"
    )
    diagram: str | None = Field(None, description="the file of the metering diagram, inside the project folder")

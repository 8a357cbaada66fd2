"""Frozen models of a methodology as written; no behaviour beyond the validation of shape.

Everything that is text in both languages is a `Text`; every number is exact.
"""

import datetime
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

_RATIO = re.compile(r"([-+]?[0-9]{1,40})/([1-9][0-9]{0,40})\Z")
_FOLDED = re.compile(r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])")
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,59}$"
FULL_NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$"


def _exact(value: Any) -> Fraction:
    """Take an exact number; a ratio such as 44/12 is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str | Fraction):
        raise ValueError("a number, or a ratio such as 44/12")  # noqa: TRY004 (pydantic collects ValueError)
    if isinstance(value, str):
        ratio = _RATIO.match(value)
        if not ratio:
            raise ValueError("a number (not in quotes), or a ratio such as 44/12")
        return Fraction(int(ratio[1]), int(ratio[2]))
    return Fraction(value)


def _formula_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _joined(value: Any) -> Any:
    """Take out the space that a line break of YAML leaves between Chinese characters."""
    return _FOLDED.sub("", value) if isinstance(value, str) else value


Number = Annotated[
    Fraction,
    BeforeValidator(_exact),
    PlainSerializer(str),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[-+]?[0-9]+/[1-9][0-9]*$"}]}),
]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
FullName = Annotated[
    str, Field(pattern=FULL_NAME_PATTERN, max_length=200, description="`alias.name` names a part of a module")
]
Formula = Annotated[
    str,
    BeforeValidator(_formula_text),
    Field(max_length=4000),
    WithJsonSchema({"type": ["string", "number"], "description": "a formula of the expression language"}),
]
UnitText = Annotated[
    str,
    BeforeValidator(_formula_text),
    Field(max_length=100),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Label = Annotated[str, BeforeValidator(_formula_text), Field(max_length=80)]
Evidence = Literal["source-checked", "secondary", "expert-recall", "composed"]
Step = Literal["minute", "hour", "day", "month", "year"]
Origin = Literal["monitored", "fixed", "default", "factor", "option", "input"]
Direction = Literal["low", "high"]


class Model(BaseModel):
    """Unknown keys are errors, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Text(Model):
    """A text in Chinese and English."""

    zh: Annotated[str, BeforeValidator(_joined)] = Field(max_length=4000)
    en: str = Field(max_length=4000)


class Cite(Model):
    """Where in the source document something stands."""

    section: Label | None = None
    number: Label | None = Field(None, description="number of the equation or table")
    page: Label | None = None
    note: Text | None = None


class Source(Model):
    """The document that a spec or a table follows, and how well that is confirmed."""

    publisher: Text
    document: str
    date: datetime.date | None = None
    url: str | None = None
    evidence: Evidence
    note: Text | None = None


class Dimension(Model):
    """An index set: time with a step, or members that the spec or the data name."""

    name: Text | None = None
    time: Step | None = None
    members: Literal["from_data"] | dict[Name, Text] | list[Name] | None = None
    ordered: bool = Field(False, description="the order of the members counts, and `prev` goes along it")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.time is None) == (self.members is None):
            raise ValueError("either `time: <step>` or `members: …`")
        if self.ordered and self.members is None:
            raise ValueError("`ordered:` only with `members: …`")
        return self


class Option(Model):
    """A named choice that a project makes once, or once per member of a dimension."""

    name: Text
    values: dict[Name, Text] | list[Name] = Field(min_length=1)
    over: list[Name] = []
    default: Name | None = None
    cite: Cite | None = None


class Bounds(Model):
    """The range outside which a value cannot be right, in the parameter's unit."""

    min: Number | None = None
    max: Number | None = None
    above: Number | None = Field(None, description="greater than, never equal")
    below: Number | None = Field(None, description="less than, never equal")


class Calibration(Model):
    """What the methodology asks of a meter, and what follows when it is not met."""

    every: str | None = Field(None, pattern=r"^[1-9][0-9]{0,3} (day|month|year)$")
    standard: str | None = None
    uncalibrated: Literal["class_mpe", "refuse"] | None = None
    late: Literal["class_mpe", "refuse"] | None = None
    out_of_class: Literal["actual_error", "class_mpe", "refuse"] | None = None
    cite: Cite | None = None


class Gaps(Model):
    """Which substitutes for missing readings the methodology allows, and up to what share of a period."""

    allow: list[Literal["check_meter", "invoice", "conservative_extreme", "percentile", "zero"]] = []
    limit: Number | None = Field(None, ge=0, le=100, description="percent of the readings; above it the run stops")
    evidence: Evidence | None = None
    cite: Cite | None = None


class Monitoring(Model):
    """The parameter card; equations that use the parameter are derived, never typed."""

    description: Text | None = None
    source: Text | None = None
    monitoring_point: Text | None = None
    instrument: Text | None = None
    procedure: Text | None = None
    frequency: Text | None = None
    qa_qc: Text | None = None
    cross_check: Text | None = None
    calibration: Calibration | None = None
    gaps: Gaps | None = None
    purpose: Text | None = None
    remarks: Text | None = None
    vvb_key_points: Text | None = None


class MemberUnit(Model):
    """The accounting unit of each member, from a text column of a factor table."""

    table: Name
    column: Name
    key: dict[Name, Name] = Field(
        {}, description="the dimension or option that a key comes from, where it has another name"
    )

    def sources(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Give the dimensions and options that the keys of the table come from."""
        return tuple(self.key.get(name, name) for name in keys)


class Parameter(Model):
    """A quantity that comes from outside the equations."""

    symbol: str | None = Field(None, max_length=120)
    name: Text | None = None
    unit: UnitText
    unit_of: MemberUnit | None = None
    over: list[Name] = []
    from_: Origin = Field(alias="from")
    value: Number | None = None
    by: dict[Name, Number] | None = Field(None, description="the value for each choice of an option")
    option: Name | None = None
    evidence: Evidence | None = None
    source: str | Text | None = None
    cite: Cite | None = None
    table: Name | None = None
    column: Name | None = None
    key: list[Name] | dict[Name, Name | dict[Literal["is"], Label]] | None = None
    missing_year: Literal["latest"] | None = Field(
        None, description="when the table has no row for a year: the latest one before it, with a finding"
    )
    bounds: Bounds | None = None
    conservative: Direction | None = None
    when: Formula | None = None
    replaceable: bool = Field(False, description="a project may give its own value instead of the default")
    monitoring: Monitoring | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _origin_fits(self) -> Self:
        needs = {"default": ("value",), "factor": ("table", "column", "key"), "option": ("option", "by")}
        for field in needs.get(self.from_, ()):
            if getattr(self, field) is None:
                raise ValueError(f"`{field}:` with `from: {self.from_}`")
        for origin, fields in needs.items():
            for field in fields:
                if origin != self.from_ and getattr(self, field) is not None:
                    raise ValueError(f"`{field}:` only with `from: {origin}`")
        return self


class Case(Model):
    """One branch: the first whose condition holds counts."""

    when: Formula | None = None
    expr: Formula | None = None
    otherwise: Formula | None = None
    cite: Cite | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ordinary = self.when is not None and self.expr is not None and self.otherwise is None
        last = self.otherwise is not None and self.when is None and self.expr is None
        if not (ordinary or last):
            raise ValueError("either `when:` with `expr:`, or `otherwise:` alone")
        return self


class Equation(Model):
    """Defines one quantity from others."""

    symbol: str | None = Field(None, max_length=120)
    name: Text | None = None
    over: list[Name] = []
    unit: UnitText
    expr: Formula | None = None
    cases: list[Case] | None = Field(None, min_length=1, max_length=1000)
    ordered: bool = Field(False, description="cases overlap by intention: the first that holds counts")
    cite: Cite | None = None
    evidence: Evidence | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_definition(self) -> Self:
        if (self.expr is None) == (self.cases is None):
            raise ValueError("either `expr:` or `cases:`")
        if self.ordered and self.cases is None:
            raise ValueError("`ordered:` only with `cases:`")
        for case in (self.cases or [])[:-1]:
            if case.otherwise is not None:
                raise ValueError("`otherwise:` as the last case only")
        return self


class Use(Model):
    """Brings in the equations of a module under a prefix."""

    module: Name
    bind: dict[Name, FullName] = {}
    options: dict[Name, Name] = Field({}, description="options of the module that this spec fixes")
    conservative: dict[Name, Direction] = Field(
        {}, description="the conservative side of parameters of the module, where it depends on what they are used for"
    )


class Rounding(Model):
    """How and where the reduction is rounded; everything before stays exact.

    floor: the reduction down; half_up: each value to the nearest; conservative: baseline down,
    project and leakage up, reduction the difference.
    """

    unit: UnitText = "tCO2e"
    mode: Literal["floor", "half_up", "conservative", "none"]
    at: Literal["year"] = "year"
    evidence: Evidence | None = None
    cite: Cite | None = None


class Outputs(Model):
    """Which equations are the four results."""

    baseline: FullName
    project: FullName | None = None
    leakage: FullName | None = None
    reduction: FullName
    reported: list[FullName] = Field([], description="other equations that the documents show")
    rounding: Rounding


class Claims(Model):
    """What the author claims of the reduction as a whole; the prover decides it."""

    activity: list[Name] = Field([], description="parameters that measure activity: all zero gives zero")
    proportional: bool = Field(False, description="the reduction is in proportion to the activity")
    within_baseline: bool = Field(False, description="the reduction never exceeds the baseline emissions")


class Condition(Model):
    """A condition of applicability; without a test the project states how it is met."""

    id: Name
    text: Text
    test: Formula | None = None
    when: Formula | None = Field(None, description="by options alone: the condition is asked only where it holds")
    cite: Cite | None = None
    evidence: Evidence | None = None


class EmissionSource(Model):
    """A row of the project boundary table."""

    scenario: Literal["baseline", "project", "leakage"]
    source: Text
    gas: str
    included: bool
    reason: Text | None = None


class CreditingPeriod(Model):
    """The longest crediting period the source allows."""

    longest_years: int = Field(ge=1, le=100)
    renewals: int = Field(0, ge=0, le=10)
    evidence: Evidence | None = None
    cite: Cite | None = None


class NotCovered(Model):
    """Something the source says that this spec leaves out."""

    text: Text
    cite: Cite | None = None


Category = Literal[
    "efficiency",
    "renewables",
    "waste_energy",
    "methane",
    "heat_pumps",
    "hydrogen_metallurgy",
    "ccus",
    "raw_material_substitution",
    "carbon_sinks",
]


class MethodologySpec(Model):
    """A methodology, or a module that methodologies use."""

    format: Literal[1]
    id: Name
    kind: Literal["methodology", "module"] = "methodology"
    title: Text
    category: Category | None = None
    scheme: Literal["CCER", "CDM", "composed", "other"] = "other"
    source: Source
    summary: Text | None = None
    crediting_period: CreditingPeriod | None = None
    dimensions: dict[Name, Dimension] = {}
    options: dict[Name, Option] = {}
    parameters: dict[Name, Parameter] = {}
    uses: dict[Name, Use] = {}
    equations: dict[Name, Equation] = Field({}, max_length=2000)
    outputs: Outputs | None = None
    claims: Claims | None = None
    conditions: list[Condition] = []
    boundary: list[EmissionSource] = []
    not_covered: list[NotCovered] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "methodology" and self.outputs is None:
            raise ValueError("`outputs:` in a methodology")
        if self.kind == "methodology" and self.category is None:
            raise ValueError("`category:` in a methodology")
        return self


class Column(Model):
    """A column of a factor table: a number with a unit, or text."""

    name: Text | None = None
    symbol: str | None = None
    unit: UnitText | None = Field(None, description="t_<key> stands for the substance that the key's member is")
    text: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.unit is None) != self.text:
            raise ValueError("either `unit:` or `text: true`")
        return self


class FactorTableSpec(Model):
    """Dated, sourced values, looked up by keys."""

    format: Literal[1]
    id: Name
    title: Text
    source: Source
    not_for: Text | None = None
    never_in: list[Literal["baseline", "project", "leakage"]] = Field(
        [], description="outputs that may not depend on the table: a spec where they do is refused"
    )
    keys: dict[Name, Literal["integer"] | dict[Name, Text]] = Field(min_length=1)
    substances: dict[Name, dict[Name, Name]] = Field(
        {},
        description="for a key, the substance of each of its members; a unit such as t_<gas> names the key",
    )
    columns: dict[Name, Column] = Field(min_length=1)
    rows: list[dict[str, Any]] = Field(max_length=50_000)

"""The entity file: who reports, for which days, with which shares, inventory, projects, ledger and targets.

Reads it and checks what can be said from it alone. Opens no result and no ledger; computes nothing.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from tonne.engine.data.description import FilePath
from tonne.engine.data.file_form import FileForm
from tonne.engine.data.registers import Share
from tonne.engine.errors import Place, Problem, ProjectError, TonneError, nearest
from tonne.engine.spec.models import Label, Model, Name, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml
from tonne.esg.disclosure.facts import Approach, Boundary, Effect, Measure, Scope, Status
from tonne.esg.disclosure.folding import folded

ENTITY_FILE = "entity.yaml"
GwpSet = Literal["ar2", "ar4", "ar5", "ar6"]
_LARGEST = Decimal(10) ** 12
_PLACES = 12
_LONGEST_YEAR, _SHORTEST_YEAR = 378, 350  # 52 or 53 weeks, and twelve months


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number, not in quotes")  # noqa: TRY004 (pydantic collects ValueError)
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if abs(number) > _LARGEST or not isinstance(exponent, int) or exponent < -_PLACES:
        raise ValueError(f"a number up to {_LARGEST:,} with at most {_PLACES} decimals")
    return number


def _written(value: Any) -> Any:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(str),
    WithJsonSchema({"type": "number"}),
    Field(allow_inf_nan=False),
]
Written = Annotated[
    str,
    BeforeValidator(_written),
    Field(pattern=r"^-?[0-9][0-9 ,]*(\.[0-9]+)?$", max_length=40),
    WithJsonSchema({"type": ["string", "number"], "description": "repeated digit for digit"}),
]
Year = Annotated[int, Field(ge=1990, le=2100)]
_YEARS = range(1990, 2101)


def _dated(value: Any) -> str:
    text = str(value)
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else datetime.date.fromisoformat(text).year
    if year not in _YEARS:
        raise ValueError(f"a year from {_YEARS[0]} to {_YEARS[-1]}, or a day of one")
    return text


DayOrYear = Annotated[str, BeforeValidator(_dated), Field(pattern="^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$")]
ScopeText = Annotated[Scope, BeforeValidator(_written), WithJsonSchema({"type": ["string", "number"]})]


class Identifier(Model):
    """The number under which an entity is known."""

    scheme: Literal["lei", "uscc", "other"] = Field(description="uscc: unified social credit code (统一社会信用代码)")
    value: Label


class ReportingYear(Model):
    """The first and last day of the reporting year, both included; it need not be a calendar year."""

    start: datetime.date
    end: datetime.date

    @model_validator(mode="after")
    def _one_year(self) -> Self:
        days = (self.end - self.start).days + 1
        if not _SHORTEST_YEAR <= days <= _LONGEST_YEAR:
            raise ValueError(f"one year from the first to the last day, not {days} days")
        return self


class MemberEntry(Model):
    """A legal entity of the group."""

    name: Text
    share: Share = Field(ge=0, le=1, description="what the reporting boundary takes in, such as 40 % or 100 %")

    @model_validator(mode="after")
    def _exact_share(self) -> Self:
        if self.share.limit_denominator(10**8) != self.share or 10**8 % self.share.denominator:
            raise ValueError("a share with at most six decimals of a percent")
        return self


class InventoryEntry(Model):
    """A line of the inventory, which someone else prepared; repeated as written, never computed."""

    id: Name
    scope: Annotated[str, BeforeValidator(_written)] = Field(max_length=40, description="1, 2, 3, 3.1 … or total")
    basis: Literal["location", "market"] | None = Field(None, description="of scope 2")
    current: Written
    previous: Written | None = None
    unit: str = Field("tCO2e", max_length=40)
    amounts: Literal["gross", "net"] = Field(description="net: credits or removals are deducted; then it is not shown")
    method: Text | None = None
    source: Text


class Verification(Model):
    """What a verifier confirmed."""

    statement: str = Field(min_length=1, max_length=300, description="number or name of the statement")
    body: Text | None = None
    date: datetime.date
    tonnes: dict[Year, Amount] | None = Field(
        None, description="by calendar year, where fewer were confirmed than the result has"
    )


class CreditScheme(Model):
    """Where the credits of a project are registered."""

    registry: str = Field(min_length=1, max_length=120)
    standard: str = Field(min_length=1, max_length=120)
    registration: str | None = Field(None, max_length=120)
    country: Label
    expected_per_year: Amount | None = None


class Removal(Model):
    """What a removal needs to be shown."""

    gas: Label = "CO2"
    pool: Text
    storage: Text
    permanence_years: int | None = Field(None, ge=0, le=100_000)
    reversals: dict[DayOrYear, Annotated[Amount, Field(ge=0)]] = Field(
        {},
        description="of earlier removals, whatever their vintage: tonnes by the day of the reversal, or its calendar year",
    )


class Electricity(Model):
    """The electricity that a project is credited for, against which green certificates are held."""

    credited: Label = Field(description="the quantity of the result that gives the credited MWh")
    generated: dict[Year, Amount] = Field(
        {}, description="MWh of the plant by calendar year; without it, those credited"
    )


class ResultEntry(Model):
    """A result of a project, of one monitoring period, and how far it is confirmed."""

    path: FilePath = Field(
        description="an output folder of `tonne run`, its result.json (also as .gz or .xz), or a dossier"
    )
    status: Status
    verification: Verification | None = None

    @model_validator(mode="after")
    def _confirmed(self) -> Self:
        if (self.status == "verified") != (self.verification is not None):
            raise ValueError("`verification:` where the status is verified, and only there")
        return self


class ProjectEntry(Model):
    """A project: its results, whose it is, what it does to which emissions, and whether it has credits."""

    results: list[ResultEntry] = Field(min_length=1, max_length=40)
    owner: Name = Field(description="one of `members:`")
    effect: Effect
    boundary: Boundary
    scope: ScopeText | None = Field(None, description="of the inventory, where the project touches one")
    measure: Measure = "other"
    credits: CreditScheme | Literal["none"] = Field(description="none: never registered with a crediting mechanism")
    excluded: Literal["production_cut", "outsourcing"] | None = Field(
        None, description="the reduction comes from making less, or from having others make it"
    )
    baseline: Text = Field(description="what the reduction is measured against, and by which method")
    user: Text | None = Field(None, description="of avoided emissions: who uses the output")
    investment: Amount | dict[DayOrYear, Annotated[Amount, Field(ge=0)]] | None = Field(
        None,
        description="of the whole project; by the day it was spent, or its calendar year, where it is to be disclosed",
    )
    currency: str | None = Field(None, max_length=20)
    gwp: GwpSet | None = Field(None, description="where the result does not tell it")
    split_by: Label | None = Field(
        None, description="a quantity of the result by month or day, over which a calendar year is divided"
    )
    removal: Removal | None = None
    electricity: Electricity | None = None
    evidence: list[str] = Field([], max_length=50)


class SourceEntry(Model):
    """Where credits or green certificates were bought: a project of others."""

    name: Text
    registry: str = Field(min_length=1, max_length=120)
    standard: str = Field(min_length=1, max_length=120)
    methodology: str = Field("", max_length=120)
    registration: str | None = Field(None, max_length=120)
    country: Label
    effect: Effect = "reduction"


class LedgerEntry(Model):
    """The file of the movements of credits and green certificates."""

    file: FilePath
    form: FileForm | None = None


class CoveredDays(Model):
    """The first and last day that an earlier report covered, both included."""

    start: datetime.date
    end: datetime.date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("the last day is not before the first")
        return self


class EarlierClaim(Model):
    """Tonnes of a project that an earlier report has claimed."""

    project: Name
    vintage: Year
    tonnes: Amount = Field(gt=0, description="of the project as a whole, before the share of its owner")
    covers: CoveredDays | None = Field(
        None, description="where that report covered days of this reporting year as well, as after a change of the year"
    )
    report: str = Field(min_length=1, max_length=200)


class TargetEntry(Model):
    """A target, as the entity states it elsewhere."""

    id: Name
    name: Text
    kind: Literal["gross", "net"]
    gross_beside: Name | None = Field(None, description="of a net target: the gross one that is shown beside it")
    base_year: Year
    target_year: Year
    stated: Written
    unit: str = Field("tCO2e", max_length=40)
    scopes: list[ScopeText] = Field([], description="whose projects contribute; none means all scopes")


class PlannedEntry(Model):
    """Credits that the entity plans to retire for own use."""

    source: Name
    tonnes: Amount = Field(gt=0)
    by: datetime.date
    purpose: str = Field(min_length=1, max_length=300)


class ProjectsFile(Model):
    """Further projects, where one file would be too large."""

    format: Literal[1]
    projects: dict[Name, ProjectEntry]


class EntitySpec(Model):
    """An entity file."""

    format: Literal[1]
    name: Text
    identifier: Identifier
    reporting_year: ReportingYear
    approach: Approach
    gwp: GwpSet = Field(description="the assessment report whose potentials the inventory uses")
    frameworks: list[Label] = Field([], description="which tables are written; none means all that are known")
    members: dict[Name, MemberEntry] = Field(min_length=1)
    inventory: list[InventoryEntry] = []
    projects: dict[Name, ProjectEntry] = {}
    more_projects: list[FilePath] = Field([], max_length=200, description="files with `format:` and `projects:`")
    sources: dict[Name, SourceEntry] = {}
    ledger: LedgerEntry | None = None
    claimed_before: list[EarlierClaim] = []
    targets: list[TargetEntry] = []
    planned_use: list[PlannedEntry] = []


@dataclass(frozen=True)
class Entity:
    """An entity file as read, with its further projects, and the document and path of each."""

    spec: EntitySpec
    document: Document
    folder: Path
    projects: dict[str, ProjectEntry]
    documents: dict[str, Document]

    def place(self, project: str, *steps: str | int) -> Place:
        """Find where a part of a project stands."""
        return self.documents[project].place("projects", project, *steps)

    def share(self, member: str) -> Decimal:
        """Give the share of a legal entity as an exact decimal."""
        share = self.spec.members[member].share
        return Decimal(share.numerator) / Decimal(share.denominator)

    def own_names(self) -> dict[str, str | None]:
        """Give the names under which the group appears as beneficiary, each with the member, None for the group.

        They are folded: case, width and spaces make no other name.
        """
        names: dict[str, str | None] = {}
        for key, member in self.spec.members.items():
            names |= dict.fromkeys(map(folded, (key, member.name.zh, member.name.en)), key)
        group = (self.spec.name.zh, self.spec.name.en, self.spec.identifier.value)
        return names | dict.fromkeys(map(folded, group))

    def written(self, line: int, field: str) -> str | None:
        """Give a number of the inventory with the characters that stand in the file."""
        steps = ("inventory", line, field)
        if steps not in self.document.scalars or getattr(self.spec.inventory[line], field) is None:
            return None
        start, end, style = self.document.scalars[steps]
        return self.document.text[start:end].strip(style) if style in {"'", '"'} else self.document.text[start:end]


def load_entity(reference: str | Path) -> Entity:
    """Read an entity file, or the `entity.yaml` of a folder, and the files of further projects.

    Raises:
        UnknownNameError: there is no such file.
        ProjectError: it is not well formed, or contradicts itself; with every fault.
    """
    path = Path(reference)
    if path.is_dir():
        path = path / ENTITY_FILE
    document = read_yaml(path, error=ProjectError)
    spec = shaped(EntitySpec, document, ProjectError)
    projects, documents = dict(spec.projects), dict.fromkeys(spec.projects, document)
    problems: list[Problem] = []
    for number, name in enumerate(spec.more_projects):
        further = inside(path.parent, name, document.place("more_projects", number))
        found = read_yaml(further, name, ProjectError)
        for key, entry in shaped(ProjectsFile, found, ProjectError).projects.items():
            if key in projects:
                first = documents[key].place("projects", key)
                problems.append(
                    Problem(f"project '{key}' is given twice", found.place("projects", key), hint=f"first at {first}")
                )
            projects[key], documents[key] = entry, found
    entity = Entity(spec, document, path.parent, projects, documents)
    problems += _contradictions(entity)
    if problems:
        raise ProjectError(problems)
    return entity


def inside(folder: Path, name: str, place: Place, error: type[TonneError] = ProjectError) -> Path:
    """Give the path of a file that is named relative to the entity file and must stand beside or below it.

    Raises:
        error: it leads elsewhere.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise error(Problem("a path that leads outside the folder of the entity file", place, found=name[:80]))
    return path


def _contradictions(entity: Entity) -> Iterator[Problem]:
    spec, place = entity.spec, entity.document.place
    for key in spec.sources.keys() & entity.projects.keys():
        yield Problem(f"'{key}' is a project and a source of bought credits", place("sources", key))
    yield from _project_contradictions(entity)
    yield from _repeated(entity)
    for number, claim in enumerate(spec.claimed_before):
        if claim.project not in entity.projects:
            yield _unknown("project", claim.project, entity.projects, place("claimed_before", number, "project", "="))
    known = {**entity.projects, **spec.sources}
    for number, plan in enumerate(spec.planned_use):
        if plan.source not in known:
            yield _unknown("project or source", plan.source, known, place("planned_use", number, "source", "="))
    gross = {target.id for target in spec.targets if target.kind == "gross"}
    for number, target in enumerate(spec.targets):
        if target.gross_beside is not None and target.gross_beside not in gross:
            where = place("targets", number, "gross_beside", "=")
            yield _unknown("gross target", target.gross_beside, dict.fromkeys(gross), where)


def _project_contradictions(entity: Entity) -> Iterator[Problem]:
    for key, entry in entity.projects.items():
        if entry.owner not in entity.spec.members:
            yield _unknown("member", entry.owner, entity.spec.members, entity.place(key, "owner", "="))
        if entry.boundary == "outside" and entry.scope is not None:
            what = "a project outside the boundary touches no scope of the inventory"
            yield Problem(what, entity.place(key, "scope"), hint="remove `scope:`, or correct `boundary:`")
        if (entry.effect == "removal") != (entry.removal is not None):
            expected = "`removal:` for a removal, and for nothing else"
            yield Problem(f"{key} is not right", entity.place(key, "effect"), expected, f"effect {entry.effect}")


def _repeated(entity: Entity) -> Iterator[Problem]:
    spec = entity.spec
    ids = {"inventory": [line.id for line in spec.inventory], "targets": [target.id for target in spec.targets]}
    for key, names in ids.items():
        for number, name in enumerate(names):
            if name in names[:number]:
                first = entity.document.place(key, names.index(name)).line
                where = entity.document.place(key, number, "id", "=")
                yield Problem(f"'{name}' is given twice", where, hint=f"the first is on line {first}")


def _unknown(kind: str, name: str, known: dict[str, Any], place: Place) -> Problem:
    return Problem(f"there is no {kind} '{name[:80]}'", place, hint=nearest(name, known))

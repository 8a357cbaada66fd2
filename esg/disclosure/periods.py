"""Cuts the results of a project along calendar years and the reporting year.

A calendar year that the reporting year divides is divided by a quantity by month or day, in whole tonnes that add up;
without one it stays whole, and says so. Sells, claims and shares nothing.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from tonne.engine.compute.reference import CONTEXT
from tonne.engine.errors import Place, Problem, ProjectError
from tonne.engine.result.result import ROLES
from tonne.esg.disclosure.entity import ResultEntry
from tonne.esg.disclosure.facts import ZERO, Lineage, Status
from tonne.esg.disclosure.results import UNSTATED, ProjectResult, Series, YearLines

Days = tuple[datetime.date, datetime.date]


@dataclass(frozen=True)
class Reading:
    """A result of a project, with what the entity file says of it and where."""

    entry: ResultEntry
    result: ProjectResult
    place: Place

    @property
    def status(self) -> Status:
        """How far it is confirmed; what blocks a result keeps it from counting as verified."""
        return "monitored" if self.entry.status == "verified" and self.result.blocking else self.entry.status


@dataclass(frozen=True)
class Part:
    """The tonnes of a calendar year of a project inside the reporting year, or outside it.

    `divided_by` names the quantity that the year was divided by; `is_undivided` is a year that could not be.
    """

    vintage: int
    start: datetime.date
    end: datetime.date
    is_reported: bool
    exact: Mapping[str, Decimal]
    tonnes: Mapping[Status, Decimal]
    divided_by: str | None
    is_undivided: bool
    lineage: tuple[Lineage, ...]
    gwp: frozenset[str] = frozenset()  # of each result that it is made of, as `gwp_set` names them


def empty_part(vintage: int, year: Days, status: Status, lineage: tuple[Lineage, ...]) -> Part:
    """Make a part of the reporting year in which a project did nothing."""
    start, end = max(year[0], datetime.date(vintage, 1, 1)), min(year[1], datetime.date(vintage, 12, 31))
    return Part(vintage, start, end, True, dict.fromkeys(ROLES, ZERO), {status: ZERO}, None, False, lineage)


def require_apart(project: str, readings: Sequence[Reading], place: Place) -> None:
    """Require that the monitoring periods of a project's results do not overlap.

    Raises:
        ProjectError: two do; with both named.
    """
    ordered = sorted(readings, key=lambda reading: reading.result.start)
    for first, second in pairwise(ordered):
        if second.result.start <= first.result.end:
            what = f"two results of {project} are of the same days: {first.result.shown} until {first.result.end}"
            hint = "each tonne is in one result only"
            found = f"{second.result.shown} from {second.result.start}"
            raise ProjectError(Problem(what, place, found=found, hint=hint))


def gwp_set(result: ProjectResult, stated: str | None) -> str | None:
    """Name the set of global warming potentials of a result; None where no gas but CO2 is concerned.

    What the entity file states counts where the result does not tell it. Several sets in one result, and one that
    nobody states, are like no other: they are named with the digest of the result.
    """
    names = sorted(result.gwp)
    if not names or stated:
        return stated
    return names[0] if names[0] != UNSTATED and len(names) == 1 else f"{'+'.join(names)}:{result.digest}"


def parts_of(
    project: str, readings: Iterable[Reading], year: Days, split_by: str | None, gwp: str | None = None
) -> list[Part]:
    """Cut the results of a project; the parts of one calendar year on one side of the reporting year are added up."""
    pieces: dict[tuple[int, bool], list[Part]] = {}
    for reading in readings:
        sets = frozenset(name for name in (gwp_set(reading.result, gwp),) if name)
        for lines in reading.result.years:
            for part in _cut(project, reading, lines, year, split_by):
                pieces.setdefault((part.vintage, part.is_reported), []).append(replace(part, gwp=sets))
    return [_joined(pieces[key]) for key in sorted(pieces)]


def confirmed(reading: Reading, lines: YearLines) -> Decimal:
    """Give the tonnes of a year: those of the verification statement where it states them, else the rounded ones.

    Raises:
        ProjectError: more were confirmed than the result has.
    """
    verification = reading.entry.verification
    stated = (verification.tonnes or {}).get(lines.year) if verification else None
    if stated is not None and stated > lines.rounded:
        what = f"more tonnes of {lines.year} are verified than the result {reading.result.shown} has"
        raise ProjectError(Problem(what, reading.place, f"at most {lines.rounded:f}", f"{stated:f}"))
    return lines.rounded if stated is None else stated


def _cut(project: str, reading: Reading, lines: YearLines, year: Days, split_by: str | None) -> Iterator[Part]:
    tonnes = confirmed(reading, lines)
    digest, shown = reading.result.digest, reading.result.shown
    traces = (f"{reading.result.reduction}@{lines.year}",)
    if lines.end < year[0] or lines.start > year[1] or (year[0] <= lines.start and lines.end <= year[1]):
        inside = year[0] <= lines.start and lines.end <= year[1]
        lineage = (Lineage(project, shown, digest, traces),)
        yield Part(
            lines.year, lines.start, lines.end, inside, lines.exact, {reading.status: tonnes}, None, False, lineage
        )
        return
    series = reading.result.series.get(split_by) if split_by else None
    cuts = sorted(
        {lines.start, *(day for day in (year[0], year[1] + datetime.timedelta(1)) if lines.start < day <= lines.end)}
    )
    shares = _shares(series, lines, cuts) if series else None
    if shares is None:
        lineage = (Lineage(project, shown, digest, traces),)
        yield Part(lines.year, lines.start, lines.end, True, lines.exact, {reading.status: tonnes}, None, True, lineage)
        return
    ends = [*(day - datetime.timedelta(1) for day in cuts[1:]), lines.end]
    for start, end, below, above in zip(cuts, ends, shares, shares[1:], strict=False):
        inside = year[0] <= start and end <= year[1]
        exact = _portion(lines.exact, above - below)
        # Whole tonnes up to each cut, so that the parts of neighbouring reporting years add up to the year.
        amount = _up_to(tonnes, above) - _up_to(tonnes, below)
        lineage = (Lineage(project, shown, digest, (*traces, str(split_by))),)
        yield Part(lines.year, start, end, inside, exact, {reading.status: amount}, split_by, False, lineage)


def _shares(series: Series, lines: YearLines, cuts: Sequence[datetime.date]) -> list[Fraction] | None:
    """Give the share of a year before each cut, and 1; None where the quantity does not tell it."""
    steps = []
    for label, value in series.values.items():
        days = _days(label)
        if days is not None and days[1] >= lines.start and days[0] <= lines.end:
            steps.append((days, Fraction(value)))
    whole = sum((value for _, value in steps), Fraction(0))
    astride = any(begin < cut <= end for cut in cuts[1:] for (begin, end), _ in steps)
    if whole <= 0 or astride or any(value < 0 for _, value in steps) or not _covers(steps, lines):
        return None
    before = [sum((value for (_, end), value in steps if end < cut), Fraction(0)) / whole for cut in cuts]
    return [*before, Fraction(1)]


def _covers(steps: Iterable[tuple[Days, Fraction]], lines: YearLines) -> bool:
    """Whether steps cover all days of a year's part."""
    reached = lines.start
    for (begin, end), _ in sorted(steps):
        if begin > reached:
            return False
        reached = max(reached, end + datetime.timedelta(1))
    return reached > lines.end


def _days(label: str) -> Days | None:
    """Give the first and last day of a month or day; a year is no help."""
    if len(label) == 10:
        day = datetime.date.fromisoformat(label)
        return day, day
    if len(label) != 7:
        return None
    first = datetime.date.fromisoformat(f"{label}-01")
    following = (first + datetime.timedelta(31)).replace(day=1)
    return first, following - datetime.timedelta(1)


def _portion(exact: Mapping[str, Decimal], share: Fraction) -> dict[str, Decimal]:
    """Give a share of the outputs; the reduction is the difference of the others, so that the lines add up."""
    with localcontext(CONTEXT):
        parts = {role: exact[role] * share.numerator / share.denominator for role in ROLES if role != "reduction"}
        return {**parts, "reduction": parts["baseline"] - parts["project"] - parts["leakage"]}


def _up_to(tonnes: Decimal, share: Fraction) -> Decimal:
    if share == 1:
        return tonnes
    with localcontext(CONTEXT):
        return (tonnes * share.numerator / share.denominator).to_integral_value(ROUND_FLOOR)


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    with localcontext(CONTEXT):
        exact = {role: sum((part.exact[role] for part in parts), ZERO) for role in ROLES}
        tonnes: dict[Status, Decimal] = {}
        for part in parts:
            for status, amount in part.tonnes.items():
                tonnes[status] = tonnes.get(status, ZERO) + amount
    first = parts[0]
    return Part(
        first.vintage,
        min(part.start for part in parts),
        max(part.end for part in parts),
        first.is_reported,
        exact,
        tonnes,
        next((part.divided_by for part in parts if part.divided_by), None),
        any(part.is_undivided for part in parts),
        tuple(dict.fromkeys(lineage for part in parts for lineage in part.lineage)),
        frozenset(name for part in parts for name in part.gwp),
    )

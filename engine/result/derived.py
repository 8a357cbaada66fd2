"""Numbers of documents that are made of totals: the estimate for the days of the period, differences, means, splits.

Each has an id, and names the numbers that it is made of. They are no values of the result, and no digest holds them.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tonne.engine.data.project import Period, ProjectSpec
from tonne.engine.result.result import Result

HUNDREDTH = Fraction(1, 100)
REDUCTION = "reduction.rounded"
UNIT, PERCENT = "tCO2e", "percent"
# [CDM] The periods by which a monitoring report splits its reductions: Kyoto's first and second, and after.
SPLITS: Mapping[str, tuple[datetime.date, datetime.date]] = {
    "reduction.until_2012": (datetime.date.min, datetime.date(2012, 12, 31)),
    "reduction.2013_to_2020": (datetime.date(2013, 1, 1), datetime.date(2020, 12, 31)),
    "reduction.from_2021": (datetime.date(2021, 1, 1), datetime.date.max),
}

Kind = Literal["estimate", "prorated", "difference", "percent", "sum", "mean", "split"]


@dataclass(frozen=True)
class Derived:
    """One number: what kind it is, its value and unit, and the ids it is made of."""

    kind: Kind
    value: Fraction
    unit: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """The part of a year's estimate that falls to the monitoring period, by days."""

    year: str
    estimate: Fraction
    days: int
    of: int

    @property
    def amount(self) -> Fraction:
        """The part, rounded half up to a hundredth so that the rows of a table add up to its total."""
        return hundredth(self.estimate * self.days / self.of)


def hundredth(value: Fraction) -> Fraction:
    """Round half up to a hundredth."""
    return (value / HUNDREDTH + Fraction(1, 2)).__floor__() * HUNDREDTH


def days_in(period: Period, year: int) -> int:
    """Count the days of a calendar year that lie in a period."""
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    return max(0, (min(last, period.end) - max(first, period.start)).days + 1)


def estimated_shares(spec: ProjectSpec) -> tuple[Share, ...]:
    """Divide the estimates by the days of the monitoring period among those of the crediting period in each year."""
    shares = []
    for year, estimate in sorted((spec.ex_ante or {}).items()):
        if year.isdecimal():
            days, of = days_in(spec.monitoring_period, int(year)), days_in(spec.crediting_period, int(year))
            shares += [Share(year, estimate, days, of)] if days else []
    return tuple(shares)


def missing_estimates(spec: ProjectSpec) -> tuple[int, ...]:
    """List the years of the monitoring period without an estimate."""
    period = spec.monitoring_period
    return tuple(
        year for year in range(period.start.year, period.end.year + 1) if str(year) not in (spec.ex_ante or {})
    )


def derived(result: Result) -> dict[str, Derived]:
    """Give every such number of a result by its id."""
    return dict([*_estimates(result.project.spec), *_differences(result), *_means(result), *_splits(result)])


def _estimates(spec: ProjectSpec) -> Iterator[tuple[str, Derived]]:
    estimates = {year: value for year, value in sorted((spec.ex_ante or {}).items()) if year.isdecimal()}
    for year, value in estimates.items():
        yield f"ex_ante@{year}", Derived("estimate", value, UNIT)
    if estimates:
        ids = tuple(f"ex_ante@{year}" for year in estimates)
        total = sum(estimates.values(), Fraction(0))
        yield "ex_ante", Derived("sum", total, UNIT, ids)
        yield "ex_ante.mean", Derived("mean", hundredth(total / _years_of(spec, estimates)), UNIT, ("ex_ante",))


def _years_of(spec: ProjectSpec, years: Mapping[str, Fraction]) -> Fraction:
    """Count the years that yearly values span: those of the crediting period, the first and the last by their days."""
    whole = _whole_years(spec.crediting_period)
    covered = {str(year) for year in range(spec.crediting_period.start.year, spec.crediting_period.end.year + 1)}
    return Fraction(whole) if whole and set(years) >= covered else Fraction(len(years))


def _whole_years(period: Period) -> int | None:
    after = period.end + datetime.timedelta(days=1)
    same_day = (after.month, after.day) == (period.start.month, period.start.day)
    return after.year - period.start.year if same_day else None


def _differences(result: Result) -> Iterator[tuple[str, Derived]]:
    spec = result.project.spec
    shares = estimated_shares(spec)
    for share in shares:
        yield f"ex_ante.prorated@{share.year}", Derived("prorated", share.amount, UNIT, (f"ex_ante@{share.year}",))
    if not shares or missing_estimates(spec):
        return
    total = sum((share.amount for share in shares), Fraction(0))
    yield "ex_ante.prorated", Derived("sum", total, UNIT, tuple(f"ex_ante.prorated@{share.year}" for share in shares))
    achieved = {year.year: Fraction(year.rounded["reduction"]) for year in result.years}
    for share in shares:
        if share.year in achieved:
            yield from _difference(f"@{share.year}", achieved[share.year], share.amount)
    yield from _difference("", Fraction(result.rounded_total("reduction")), total)


def _difference(at: str, achieved: Fraction, estimate: Fraction) -> Iterator[tuple[str, Derived]]:
    inputs = (f"{REDUCTION}{at}", f"ex_ante.prorated{at}")
    difference = achieved - estimate
    yield f"ex_ante.difference{at}", Derived("difference", difference, UNIT, inputs)
    if estimate:
        share = hundredth(difference / estimate * 100)
        yield f"ex_ante.difference_percent{at}", Derived("percent", share, PERCENT, inputs)


def _means(result: Result) -> Iterator[tuple[str, Derived]]:
    """The mean year of a design: the reduction of the crediting period over its years."""
    if result.project.spec.stage != "design":
        return
    period = result.project.spec.crediting_period
    years = _whole_years(period) or Fraction(period.days, 365)
    yield (
        "reduction.mean",
        Derived("mean", hundredth(Fraction(result.rounded_total("reduction")) / years), UNIT, (REDUCTION,)),
    )


def _splits(result: Result) -> Iterator[tuple[str, Derived]]:
    period = result.project.spec.monitoring_period
    years = [(year.year, Fraction(year.rounded["reduction"])) for year in result.years]
    for id_, (first, last) in SPLITS.items():
        if all(year.isdecimal() for year, _ in years):
            taken = [(year, value) for year, value in years if first.year <= int(year) <= last.year]
            inputs = tuple(f"{REDUCTION}@{year}" for year, _ in taken)
        elif first <= period.start and period.end <= last:
            taken, inputs = years, (REDUCTION,)
        else:
            taken, inputs = [], ()
            if period.start <= last and first <= period.end:
                continue  # one value for a period that a boundary cuts
        yield id_, Derived("split", sum((value for _, value in taken), Fraction(0)), UNIT, inputs)

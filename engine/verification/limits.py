"""Limits per calendar year that a project states, such as that of a small-scale activity.

Limits that the methodology itself sets are conditions of applicability, which are tested with the result.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from tonne.engine import calendar
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.domain import Index
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result
from tonne.engine.units import parse_unit, reading_conversion

WHOLE = "-"


def check_limits(result: Result) -> Iterator[Finding]:
    """Add up the quantities of each limit by calendar year, and compare."""
    for name, limit in result.project.spec.limits.items():
        totals: dict[str, Fraction] = {}
        parts: dict[str, list[str]] = {}
        for quantity in limit.quantities:
            by_year = _by_year(result, quantity)
            factor, _ = reading_conversion(result.methodology.quantities[quantity].unit, parse_unit(limit.unit))
            for year, value in by_year.items():
                totals[year] = totals.get(year, Fraction(0)) + value * factor
                parts.setdefault(year, []).append(exact_text(round(value * factor, 6)))
        for year, total in sorted(totals.items()):
            if total <= limit.at_most:
                continue
            most, sums = exact_text(limit.at_most), " + ".join(parts[year])
            at_zh, at_en = ("监测期内", "in the period") if year == WHOLE else (f"{year}年", f"in {year}")
            yield Finding(
                "limit.exceeded",
                Severity.BLOCKING,
                f"{at_zh}{'、'.join(limit.quantities)}合计{sums} = {exact_text(round(total, 6))} {limit.unit}，超过“{limit.name.zh}”"
                f"的上限{most} {limit.unit}；超出部分不得申报。",
                f"{limit.name.en}: {', '.join(limit.quantities)} come to {sums} = {exact_text(round(total, 6))} {limit.unit} "
                f"{at_en}, above the limit of {most} {limit.unit}; what is above it may not be claimed.",
                {"limit": name, "quantities": limit.quantities, "year": year, "total": exact_text(total), "most": most},
                result.project.document.place("limits", name),
            )


def _by_year(result: Result, name: str) -> dict[str, Fraction]:
    """Add up a quantity by calendar year; one that knows no time counts once."""
    values = result.values.get(name) or result.dataset.values.get(name, {})
    if name not in result.values and name not in result.dataset.values:
        return {}
    domain, over = result.dataset.domain, result.plan.over(name)
    period = result.project.spec.monitoring_period
    otherwise = str(period.start.year) if period.start.year == period.end.year else WHOLE
    found: dict[str, Fraction] = {}
    for index, value in values.items():
        year = _year(index, over, domain.steps) or otherwise
        found[year] = found.get(year, Fraction(0)) + Fraction(value)
    return found


def _year(index: Index, over: tuple[str, ...], steps: Mapping[str, str]) -> str | None:
    for name, member in zip(over, index, strict=True):
        if name in steps:
            return str(calendar.coarser(steps[name], int(member), "year"))
    return None

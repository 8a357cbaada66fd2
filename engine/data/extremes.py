"""The extreme reading of a meter over all periods: in the file, also outside the period, and in earlier periods.

Says so when the present period alone does not hold it; a report that calls a lesser value the extreme is corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.fillings import Filling, fill_constant, incomplete, more_extreme, stored
from tonne.engine.data.series import series_name
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.models import Direction
from tonne.engine.units import parse_unit, reading_conversion

_ZH = {"low": "最小值", "high": "最大值"}
_EN = {"low": "lowest", "high": "highest"}


@dataclass(frozen=True)
class _Candidate:
    """A value that may be the extreme, and where it occurred."""

    value: Fraction
    row: int | None
    zh: str
    en: str


def by_extreme(filling: Filling) -> list[Finding]:
    """Take the lowest or highest reading of each meter over all periods.

    Raises:
        ProjectError: there is no reading at all, or no side is conservative.
    """
    side = filling.side()
    findings: list[Finding] = []
    for series in incomplete(filling):
        taken, found = _taken(filling, side, series)
        findings += found
        fill_constant(filling, series, taken.row, stored(taken.value, side))
    return findings


def _taken(filling: Filling, side: Direction, series: Sequence[str]) -> tuple[_Candidate, list[Finding]]:
    """Find the extreme of a series, and say what is wrong with another that is called so."""
    present = _first(filling, "{table} WHERE substituted IS NULL", side, series, ("本监测期", "this period"))
    outside = ("数据文件中监测期以外", "the file outside this period")
    anywhere = _first(filling, "{cells} WHERE value IS NOT NULL", side, series, outside)
    found = [item for item in (present, anywhere, *_earlier(filling, side)) if item is not None]
    if not found:
        raise filling.refusal(f"meter {series_name(series)} has no reading, and no earlier extreme is given")
    taken = found[0]
    for item in found[1:]:
        taken = item if more_extreme(side, item.value, taken.value) else taken
    stated = filling.rule.stated
    if stated is not None:
        if more_extreme(side, taken.value, stated):
            return taken, [_misstated(filling, series, side, stated, taken)]
        return _Candidate(stated, taken.row if stated == taken.value else None, "监测报告", "the report"), []
    if present is not None and more_extreme(side, taken.value, present.value):
        return taken, [_surpassed(filling, series, side, present, taken)]
    return taken, []


def _first(
    filling: Filling, source: str, side: Direction, series: Sequence[str], words: tuple[str, str]
) -> _Candidate | None:
    rows = filling.sql.ask(
        "SELECT row, value FROM {source} AND {same} ORDER BY {order} LIMIT 1",
        *series,
        source=filling.sql.fill(source),
        same=" AND ".join(f"{column} = ?" for column in filling.columns),
        order="value, row" if side == "low" else "value DESC, row",
    )
    return _Candidate(Fraction(rows[0][1]), rows[0][0], *words) if rows else None


def _earlier(filling: Filling, side: Direction) -> list[_Candidate]:
    """List the extremes of earlier periods as values of the file."""
    loaded, document = filling.loaded, filling.project.document
    unit = parse_unit(loaded.spec.value.unit, loaded.unit_place)
    found = []
    for position, period in enumerate(filling.project.spec.earlier_periods):
        zh = f"{f'第{period.number}监测期' if period.number else '以往监测期'}（{period.start}至{period.end}）"
        en = f"monitoring period {f'{period.number} ' if period.number else ''}({period.start} to {period.end})"
        for item in filling.fed:
            extreme = period.extremes.get(item.quantity.id)
            if extreme is None:
                continue
            place = document.place("earlier_periods", position, "extremes", item.quantity.id, "unit", "=")
            factor, offset = reading_conversion(parse_unit(extreme.unit, place), unit, place)
            negative = item.feed.take == "negative"
            amount = extreme.highest if (side == "high") != negative else extreme.lowest
            if amount is not None:
                found.append(_Candidate((amount * factor + offset) * (-1 if negative else 1), None, zh, en))
    return found


def _surpassed(
    filling: Filling, series: Sequence[str], side: Direction, present: _Candidate, taken: _Candidate
) -> Finding:
    loaded = filling.loaded
    unit, name, shown = loaded.spec.value.unit, series_name(series), loaded.facts.shown
    here, there = exact_text(present.value), exact_text(taken.value)
    return Finding(
        "gap.extreme_not_extreme",
        Severity.CLARIFICATION,
        f"{shown}：计量点{name}本监测期读数的{_ZH[side]}为{here} {unit}，但{taken.zh}曾出现{there} {unit}；"
        f"替代数据按全部时期的{_ZH[side]}取{there} {unit}，请在监测报告中说明。",
        f"{shown}: the {_EN[side]} reading of meter {name} in this period is {here} {unit}, but {there} {unit} occurred "
        f"in {taken.en}; the substitutes take the extreme over all periods, {there} {unit}. Please state this in the report.",
        _evidence(filling, series, side, taken) | {"present": here},
        filling.place,
    )


def _misstated(
    filling: Filling, series: Sequence[str], side: Direction, stated: Fraction, taken: _Candidate
) -> Finding:
    loaded = filling.loaded
    unit, name, shown = loaded.spec.value.unit, series_name(series), loaded.facts.shown
    said, there = exact_text(stated), exact_text(taken.value)
    return Finding(
        "gap.extreme_not_extreme",
        Severity.CORRECTIVE_ACTION,
        f"{shown}：报告称计量点{name}读数的{_ZH[side]}为{said} {unit}，与事实不符，{taken.zh}曾出现{there} {unit}；"
        f"替代数据已取{there} {unit}，请更正监测报告。",
        f"{shown}: the report calls {said} {unit} the {_EN[side]} reading of meter {name}, but {there} {unit} occurred in "
        f"{taken.en}; the substitutes take {there} {unit}. Please correct the report.",
        _evidence(filling, series, side, taken) | {"stated": said},
        filling.place,
    )


def _evidence(filling: Filling, series: Sequence[str], side: Direction, taken: _Candidate) -> dict[str, Any]:
    loaded = filling.loaded
    return {
        "readings": loaded.name,
        "meter": series_name(series),
        "parameters": [item.quantity.id for item in filling.fed],
        "side": side,
        "taken": exact_text(taken.value),
        "taken_from": {"zh": taken.zh, "en": taken.en},
        "row": taken.row,
        "unit": loaded.spec.value.unit,
        "files": [loaded.facts.shown],
    }

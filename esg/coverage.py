"""The calendar of the readings: on which days readings are missing or were replaced, from the findings of a result.

A finding lists at most a hundred gaps of a meter; where there are more, the calendar says that it does not show all.
"""

import calendar
import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from tonne.engine.findings import Finding
from tonne.esg.document import Block, Chart, Paragraph, Phrase
from tonne.esg.drawing import GREY, ORANGE, PALE, RED, SMALL, WIDTH, Box, Drawing, Label, Shape, text_width
from tonne.esg.figures import Figures, joined
from tonne.esg.wording import COMMA, SEMICOLON

LEFT, TOP, CELL = 62, 40, 18.4
DAY_ROWS = 30  # more months than these are shown a year to a row
MAX_NAMED = 8

COMPLETE, SUBSTITUTED, MISSING = 0, 1, 2
COLOURS = {COMPLETE: PALE, SUBSTITUTED: ORANGE, MISSING: RED}
STATES: Mapping[int, Phrase] = {
    COMPLETE: Phrase("无缺失", "nothing missing"),
    SUBSTITUTED: Phrase("缺失，已替代", "missing, replaced"),
    MISSING: Phrase("缺失，未替代", "missing, not replaced"),
}
CAPTION = Phrase("读数完整性日历（全部计量点）", "Calendar of the readings, all meters together")
ALT = Phrase(
    "日历图，{start}至{end}共{days}天：{complete}天无缺失，{substituted}天有缺失但已替代，{missing}天有未替代的缺失。",
    "Calendar, {start} to {end}, {days} days: on {complete} nothing is missing, on {substituted} readings are missing and "
    "replaced, on {missing} readings are missing and not replaced.",
)
METERS = Phrase("有缺失的计量点：{meters}。", " Meters with gaps: {meters}.")
METER = Phrase(
    "{meter}（缺{missing}/{expected}，完整率{share}%）", "{meter} ({missing} of {expected} missing, coverage {share} %)"
)
MORE = Phrase("等共{count}个", " and others, {count} in all")
CUT = Phrase(
    "计量点{meters}的缺失超过所列数目，日历只画出其中的前100处。",
    " Of {meters} only the first 100 gaps are drawn.",
)
DAY_TIP = Phrase("{day}：{state}", "{day}: {state}")


def coverage_chart(figures: Figures) -> tuple[Block, ...]:
    """Draw the days of the monitoring period with what is missing on them."""
    result = figures.result
    if not result.project.spec.readings:
        return ()
    period = result.project.spec.monitoring_period
    days = {period.start + datetime.timedelta(days=count): COMPLETE for count in range(period.days)}
    gaps = [finding for finding in result.findings if finding.code == "readings.gap"]
    for finding in gaps:
        for day, state in _days_of(finding, _interval(figures, finding)):
            if day in days:
                days[day] = max(days[day], state)
    counts = {state: sum(found == state for found in days.values()) for state in STATES}
    alt = ALT.filled(
        start=str(period.start),
        end=str(period.end),
        days=f"{period.days:,}",
        complete=f"{counts[COMPLETE]:,}",
        substituted=f"{counts[SUBSTITUTED]:,}",
        missing=f"{counts[MISSING]:,}",
    )
    months = sorted({(day.year, day.month) for day in days})
    shapes = _by_day(days, months) if len(months) <= DAY_ROWS else _by_month(days, months)
    height = max(shape.y + shape.height for shape in shapes if isinstance(shape, Box)) + 4
    chart = Chart("chart_coverage", CAPTION, alt, Drawing(WIDTH, height, (*_key(), *shapes)))
    said = _said(gaps)
    return (chart, Paragraph(said, "small")) if said else (chart,)


def _interval(figures: Figures, finding: Finding) -> str:
    """Say for how long each reading of a finding's file stands; of several in one file the longest in days."""
    files = figures.result.project.spec.readings.values()
    found = [spec.time.interval for spec in files if finding.place and spec.file == finding.place.path]
    return max(found, key=lambda interval: (interval.endswith("month"), interval.endswith("day")), default="1 hour")


def _last_day(last: datetime.date, interval: str) -> datetime.date:
    """Give the last day of an interval that begins on a day."""
    count, _, step = interval.partition(" ")
    if step == "day":
        return last + datetime.timedelta(days=int(count) - 1)
    if step == "month":
        month = last.year * 12 + last.month - 1 + int(count)
        return datetime.date(month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)
    return last


def _days_of(finding: Finding, interval: str) -> Iterator[tuple[datetime.date, int]]:
    """List the days of the gaps of a meter; all are replaced or none, since rules go by meter."""
    evidence = finding.evidence
    state = SUBSTITUTED if evidence.get("substituted", 0) >= evidence["missing"] else MISSING
    for extent in evidence["extents"]:
        if extent.get("bridged"):
            continue
        first, last = (datetime.date.fromisoformat(str(extent[key])[:10]) for key in ("first", "last"))
        for count in range((_last_day(last, interval) - first).days + 1):
            yield first + datetime.timedelta(days=count), state


def _key() -> list[Shape]:
    shapes: list[Shape] = []
    x = float(LEFT)
    for state, words in STATES.items():
        shapes.append(Box(x, 2, 14, 12, COLOURS[state], hatched=state == SUBSTITUTED))
        shapes.append(Label(x + 20, 8, words.zh, words.en, size=SMALL))
        x += 40 + max(text_width(words.zh, SMALL), text_width(words.en, SMALL))
    return shapes


def _by_day(days: Mapping[datetime.date, int], months: list[tuple[int, int]]) -> list[Shape]:
    shapes: list[Shape] = [
        Label(LEFT + (day - 0.5) * CELL, TOP - 9, str(day), str(day), "middle", SMALL, GREY)
        for day in range(1, 32)
        if day == 1 or day % 5 == 0
    ]
    for row, (year, month) in enumerate(months):
        y = TOP + row * CELL
        text = f"{year}-{month:02}"
        shapes.append(Label(LEFT - 8, y + CELL / 2, text, text, "end", SMALL, GREY))
        for day in range(1, calendar.monthrange(year, month)[1] + 1):
            date = datetime.date(year, month, day)
            if date in days:
                shapes.append(_cell(LEFT + (day - 1) * CELL, y, CELL, days[date], str(date)))
    return shapes


def _by_month(days: Mapping[datetime.date, int], months: list[tuple[int, int]]) -> list[Shape]:
    """Show the worst state of each month, with the number of days on which something is missing."""
    width = (WIDTH - LEFT) / 12
    shapes: list[Shape] = [
        Label(LEFT + (month - 0.5) * width, TOP - 9, f"{month:02}", f"{month:02}", "middle", SMALL, GREY)
        for month in range(1, 13)
    ]
    first = months[0][0]
    for year in range(first, months[-1][0] + 1):
        y = TOP + (year - first) * CELL * 1.3
        shapes.append(Label(LEFT - 8, y + CELL * 0.65, str(year), str(year), "end", SMALL, GREY))
    for year, month in months:
        inside = [state for day, state in days.items() if (day.year, day.month) == (year, month)]
        x, y = LEFT + (month - 1) * width, TOP + (year - first) * CELL * 1.3
        touched = sum(state != COMPLETE for state in inside)
        shapes.append(_cell(x, y, width, max(inside), f"{year}-{month:02}", CELL * 1.3))
        if touched:
            shapes.append(Box(x + width / 2 - 10, y + 5, 20, 14, "#ffffff"))
            shapes.append(Label(x + width / 2, y + CELL * 0.65, str(touched), str(touched), "middle", SMALL))
    return shapes


def _cell(x: float, y: float, width: float, state: int, name: str, height: float = CELL) -> Box:
    tip = DAY_TIP.filled(day=name, state=STATES[state])
    return Box(
        x + 0.8, y + 0.8, width - 1.6, height - 1.6, COLOURS[state], hatched=state == SUBSTITUTED, tip=(tip.zh, tip.en)
    )


def _said(gaps: list[Finding]) -> tuple[Phrase, ...]:
    if not gaps:
        return ()
    named = [METER.filled(**_evidence(finding.evidence)) for finding in gaps[:MAX_NAMED]]
    meters = joined(named, SEMICOLON)
    if len(gaps) > MAX_NAMED:
        more = MORE.filled(count=len(gaps))
        meters = Phrase(meters.zh + more.zh, meters.en + more.en)
    said = [METERS.filled(meters=meters)]
    cut = [finding.evidence["meter"] for finding in gaps if len(finding.evidence["extents"]) < finding.evidence["gaps"]]
    if cut:
        said.append(CUT.filled(meters=joined((Phrase(name, name) for name in cut[:MAX_NAMED]), COMMA)))
    return tuple(said)


def _evidence(evidence: Mapping[str, Any]) -> dict[str, str]:
    return {
        "meter": str(evidence["meter"]),
        "missing": f"{evidence['missing']:,}",
        "expected": f"{evidence['expected']:,}",
        "share": str(evidence["coverage_percent"]),
    }

"""Draws the charts of a disclosure: reductions by project and year, and where each verified tonne went.

Drawings are of plain shapes; `svg` and `raster` write them. Every amount that is drawn stands beside it in words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tonne.esg.disclosure.amounts import Number, exact_sum
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.flow import ENDS, OTHERS, Flow, tonne_flow
from tonne.esg.document import Phrase
from tonne.esg.drawing import (
    BLUE,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    PALE,
    RED,
    SMALL,
    WIDTH,
    Anchor,
    Box,
    Drawing,
    Label,
    Shape,
    Stroke,
    shortened,
)
from tonne.esg.figures import phrase

COLOURS = {
    "claimed": GREEN,
    "retired_own": "#7cc4ad",
    "held": PALE,
    "transferred": ORANGE,
    "retired_for_others": "#c9a15a",
    "outside_boundary": "#b9bfc6",
    "others_share": "#8d96a0",
    "not_claimable": "#d3a5a5",
}
NODE, LEFT, RIGHT = 12, 214, 480  # width of the ends of a flow, and where they stand
TOP, HEIGHT, GAP, LEAST = 30, 300, 14, 1.2
TWO_LINES = 30  # from the middle of the words beside a block to those of the next
STEPS = 24
THREAD = 1.4  # thickness of the lines that fill a ribbon
SOURCE_WORDS, END_WORDS = 192, WIDTH - RIGHT - NODE - 8
BAR, BETWEEN, MOST_BARS = 15, 5, 24
NAME_WORDS, AMOUNT_WORDS = 270, 90

FLOW = Phrase("每吨已核查减排量的去向（tCO2e）", "Where each verified tonne went (tCO2e)")
FLOW_ALT = Phrase("流向图：已核查共{total}；{ends}。", "Flow: {total} verified in all; {ends}.")
BY_YEAR = Phrase("各项目逐年减排量（项目全额，tCO2e）", "Reductions by project and year (whole projects, tCO2e)")
BY_YEAR_ALT = Phrase("条形图：{bars}。", "Bars: {bars}.")
PART = Phrase("{name} {amount}", "{name} {amount}")
STATUS_COLOURS = {"verified": BLUE, "estimated": PALE, "expected": "#e3e9ef"}
STATUS_WORDS = {
    "verified": Phrase("已核查", "verified"),
    "estimated": Phrase("已监测，未经核查", "monitored, not verified"),
    "expected": Phrase("事前预估", "ex ante"),
}


@dataclass(frozen=True)
class Chart:
    """A drawing with its caption and the words that stand in for it."""

    id: str
    caption: Phrase
    alt: Phrase
    drawing: Drawing


def charts(disclosure: Disclosure) -> tuple[Chart, ...]:
    """Draw every chart for which there is something to draw.

    Raises:
        ReportError: the flow of tonnes does not close.
    """
    flow = tonne_flow(disclosure)
    made = [_bars_chart(disclosure)]
    if flow.total:
        made.append(_flow_chart(flow))
    return tuple(chart for chart in made if chart)


def _amount(value: Decimal) -> Phrase:
    return Number("", value).text


# -- the flow


def _flow_chart(flow: Flow) -> Chart:
    shapes: list[Shape] = [
        Label(LEFT + NODE, 12, "项目", "Projects", "end", SMALL, GREY),
        Label(RIGHT, 12, "去向", "Ends", "start", SMALL, GREY),
    ]
    room = HEIGHT - GAP * (max(len(flow.sources), len(flow.ends)) - 1)
    scale = room / float(flow.total)
    left = _stacked([(source, flow.of_source(source)) for source in flow.sources], scale)
    right = _stacked([(end, flow.of_end(end)) for end in flow.ends], scale)
    shapes += _ribbons(flow, scale, left, right)
    for source, (top, height) in left.items():
        name = flow.sources[source]
        shapes.append(Box(LEFT, top, NODE, height, GREY))
        shapes += _words(LEFT - 6, top + height / 2, name, flow.of_source(source), "end")
    for end, (top, height) in right.items():
        shapes.append(Box(RIGHT, top, NODE, height, COLOURS[end]))
        shapes += _words(RIGHT + NODE + 6, top + height / 2, ENDS[end], flow.of_end(end), "start")
    bottom = max(top + height for top, height in (*left.values(), *right.values()))
    total = _amount(flow.total)
    parts = [PART.filled(name=ENDS[end], amount=_amount(flow.of_end(end))) for end in flow.ends]
    alt = FLOW_ALT.filled(total=total, ends=Phrase("，".join(p.zh for p in parts), ", ".join(p.en for p in parts)))
    return Chart("flow", FLOW, alt, Drawing(WIDTH, bottom + 16, tuple(shapes)))


def _stacked(amounts: Sequence[tuple[str, Decimal]], scale: float) -> dict[str, tuple[float, float]]:
    """Put blocks under each other; words need room, so that small blocks stand further apart."""
    placed, top, middle = {}, float(TOP), 0.0
    for name, amount in amounts:
        height = max(LEAST, float(amount) * scale)
        top = max(top, middle + TWO_LINES - height / 2)
        placed[name] = (top, height)
        middle = top + height / 2
        top += height + GAP
    return placed


def _ribbons(
    flow: Flow, scale: float, left: dict[str, tuple[float, float]], right: dict[str, tuple[float, float]]
) -> list[Shape]:
    leaving = {source: top for source, (top, _) in left.items()}
    arriving = {end: top for end, (top, _) in right.items()}
    made: list[Shape] = []
    for source in flow.sources:
        for end in flow.ends:
            amount = flow.tonnes.get((source, end))
            if amount:
                width = max(LEAST, float(amount) * scale)
                made += _ribbon(leaving[source], arriving[end], width, _pale(COLOURS[end]))
                leaving[source] += width
                arriving[end] += width
    return made


def _ribbon(one: float, other: float, width: float, colour: str) -> list[Shape]:
    """Fill a ribbon with thin lines: thick bent ones would have gaps, and be thinner where they are steep."""
    count = max(1, math.ceil(width / THREAD))
    step = width / count
    middles = [step * (position + 0.5) for position in range(count)]
    return [Stroke(_curve(one + middle, other + middle), colour, min(width, step + 0.8)) for middle in middles]


def _curve(one: float, other: float) -> tuple[tuple[float, float], ...]:
    """Go smoothly from one height to another, level at both ends."""
    start, stop = LEFT + NODE, RIGHT
    points = []
    for step in range(STEPS + 1):
        part = step / STEPS
        eased = part * part * (3 - 2 * part)
        points.append((start + (stop - start) * part, one + (other - one) * eased))
    return tuple(points)


def _pale(colour: str) -> str:
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * 0.45):02x}" for part in parts)


def _words(x: float, y: float, name: Phrase, amount: Decimal, anchor: Anchor) -> list[Shape]:
    width = SOURCE_WORDS if anchor == "end" else END_WORDS
    text = _amount(amount)
    zh, en = (shortened(word, width, SMALL) for word in (name.zh, name.en))
    return [
        Label(x, y - 6, zh, en, anchor, SMALL),
        Label(x, y + 7, text.zh, text.en, anchor, SMALL, GREY),
    ]


# -- reductions by project and year


def _bars_chart(disclosure: Disclosure) -> Chart | None:
    rows = _bars(disclosure)
    if not rows:
        return None
    largest = max(abs(amount) for _, _, _, amount in rows) or Decimal(1)
    room = WIDTH - NAME_WORDS - AMOUNT_WORDS
    shapes: list[Shape] = []
    x = float(NAME_WORDS)
    for kind in dict.fromkeys(kind for _, _, kind, _ in rows):
        word = STATUS_WORDS[kind]
        shapes += [
            Box(x, 4, 10, 10, STATUS_COLOURS[kind], LINE),
            Label(x + 15, 9, word.zh, word.en, "start", SMALL, GREY),
        ]
        x += 150
    top, last = 24.0, ""
    for name, year, kind, amount in rows:
        if name.zh != last:
            top += 4
            zh, en = (shortened(word, NAME_WORDS - 62, SMALL) for word in (name.zh, name.en))
            shapes.append(Label(NAME_WORDS - 46, top + BAR / 2, zh, en, "end", SMALL))
            last = name.zh
        shapes.append(Label(NAME_WORDS - 8, top + BAR / 2, year, year, "end", SMALL, GREY))
        width = float(abs(amount) / largest) * room
        shapes.append(Box(NAME_WORDS, top, max(width, LEAST), BAR, RED if amount < 0 else STATUS_COLOURS[kind], LINE))
        text = _amount(amount)
        shapes.append(Label(NAME_WORDS + width + 6, top + BAR / 2, text.zh, text.en, "start", SMALL))
        top += BAR + BETWEEN
    shapes.append(Stroke(((NAME_WORDS, 22), (NAME_WORDS, top)), LINE))
    parts = [
        Phrase(f"{name.zh} {year}年 {_amount(a).zh}", f"{name.en} {year} {_amount(a).en}") for name, year, _, a in rows
    ]
    alt = BY_YEAR_ALT.filled(bars=Phrase("，".join(p.zh for p in parts), ", ".join(p.en for p in parts)))
    return Chart("by_year", BY_YEAR, alt, Drawing(WIDTH, top + 8, tuple(shapes)))


def _bars(disclosure: Disclosure) -> list[tuple[Phrase, str, str, Decimal]]:
    """Give project, year, status and tonnes; of very many the largest projects, the others together by year."""
    amounts: dict[str, dict[tuple[str, str], Decimal]] = {}
    for year in disclosure.years:
        for kind in STATUS_COLOURS:
            value = getattr(year, kind)
            if value:
                found = amounts.setdefault(year.project, {})
                key = (str(year.vintage), kind)
                found[key] = found.get(key, Decimal(0)) + value
    ordered = sorted(amounts, key=lambda project: -exact_sum(abs(value) for value in amounts[project].values()))
    shown: list[str] = []
    count = 0
    for project in ordered:
        count += len(amounts[project])
        if count > MOST_BARS and len(ordered) > 1:
            break
        shown.append(project)
    rows = [
        (phrase(disclosure.projects[project].name), year, kind, value)
        for project in shown
        for (year, kind), value in sorted(amounts[project].items())
    ]
    rest = ordered[len(shown) :]
    together: dict[tuple[str, str], Decimal] = {}
    for project in rest:
        for key, value in amounts[project].items():
            together[key] = together.get(key, Decimal(0)) + value
    others = OTHERS.filled(count=f"{len(rest):,}")
    return rows + [(others, year, kind, value) for (year, kind), value in sorted(together.items())]

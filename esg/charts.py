"""Charts of a result: what was monitored and reduced by month, and from baseline to reduction.

Each chart has its words: an alternative text with the numbers that matter. Nothing is drawn that the result does not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tonne.engine.data.domain import Member
from tonne.engine.result.result import ROLES
from tonne.esg.axis import LEFT, RIGHT, Axis, axis
from tonne.esg.document import Block, Chart, Paragraph, Phrase
from tonne.esg.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    WIDTH,
    Box,
    Drawing,
    Label,
    Shape,
    Stroke,
    shortened,
)
from tonne.esg.effect_chart import effect_chart
from tonne.esg.figures import Figures, in_brackets, joined, printed_unit
from tonne.esg.numbers import number_text
from tonne.esg.wording import COMMA, SEMICOLON
from tonne.esg.wording import ROLES as ROLE_WORDS

PANEL, GAP = 130, 62  # heights
SHOWN_MONTHS = 24  # labels below the bars

REDUCED_BY_YEAR = Phrase("分日历年减排量（修约后）", "Emission reductions by calendar year, rounded")
REDUCED = Phrase("减排量", "Emission reductions")
MONTHS = Phrase("逐月监测量与减排量", "Monitored quantity by month, and emission reductions")
MONTHS_ALONE = Phrase("逐月监测量", "Monitored quantity by month")
MONTHS_ALT = Phrase(
    "柱状图，{first}至{last}，共{count}个月。{parts}。", "Bar chart, {first} to {last}, {count} months. {parts}."
)
PANEL_ALT = Phrase(
    "{name}：最高{highest}（{high_month}），最低{lowest}（{low_month}），合计{total}",
    "{name}: highest {highest} ({high_month}), lowest {lowest} ({low_month}), sum {total}",
)
MONTHS_SAID = Phrase(
    "某月减排量为核算期减排量与该月全部监测值计为零时减排量之差，未修约；各月之和等于核算期减排量。",
    "The reduction of a month is that of the period less what it is with all monitored values of the month at zero, "
    "not rounded; the months add up to the reduction of the period.",
)
WATERFALL = Phrase("从基准线排放量到减排量", "From baseline emissions to emission reductions")
WATERFALL_ALT = Phrase("瀑布图，核算期合计，修约后：{parts}。", "Waterfall chart, whole period, as rounded: {parts}.")


@dataclass(frozen=True)
class Bars:
    """One row of bars: a title, a unit, and for each month a value with its printed text and id."""

    title: Phrase
    unit: Phrase
    colour: str
    bars: Mapping[Member, tuple[Fraction, str, str]]


def month_chart(figures: Figures) -> tuple[Block, ...]:
    """Draw the monitored quantity that weighs most, and the reductions, by month."""
    months = figures.result.dataset.domain.members.get("month", ())
    main = _main_quantity(figures) if len(months) > 1 else None
    if main is None:
        return ()
    panels = [main]
    brought = figures.month_effects
    if brought:
        unit = figures.unit(figures.result.quantity("reduction").id)
        texts = {month: number_text(value, "tCO2e") for month, value in brought.items()}
        bars = {month: (Fraction(value), texts[month], "") for month, value in brought.items()}
        panels.append(Bars(REDUCED, unit, GREEN, bars))
    label = {month: figures.member("month", month).en for month in months}
    if not brought and len(figures.result.years) > 1:
        panels.append(_years(figures))
        label |= {totals.year: totals.year for totals in figures.result.years}
    shapes: list[Shape] = []
    for number, panel in enumerate(panels):
        shapes += _panel(panel, label, 26 + number * (PANEL + GAP))
    parts = joined((_panel_words(panel, label) for panel in panels), SEMICOLON)
    alt = MONTHS_ALT.filled(first=label[months[0]], last=label[months[-1]], count=len(months), parts=parts)
    drawing = Drawing(WIDTH, len(panels) * (PANEL + GAP), tuple(shapes))
    chart = Chart("chart_months", MONTHS if len(panels) > 1 else MONTHS_ALONE, alt, drawing)
    return (chart, Paragraph((MONTHS_SAID,), "small")) if brought else (chart,)


def _years(figures: Figures) -> Bars:
    """Take the reductions by calendar year, where they cannot be divided among months."""
    unit = printed_unit(figures.rounding_unit)
    found = {totals.year: figures.rounded("reduction", totals.year) for totals in figures.result.years}
    bars: dict[Member, tuple[Fraction, str, str]] = {
        year: (Fraction(figure.exact), figure.text.en, figure.id) for year, figure in found.items()
    }
    return Bars(REDUCED_BY_YEAR, unit, GREEN, bars)


def _main_quantity(figures: Figures) -> Bars | None:
    """Choose the monitored quantity by month on which the reduction depends most."""
    result = figures.result
    known = result.methodology.parameters
    monthly = [
        name
        for name, quantity in known.items()
        if quantity.parameter.from_ == "monitored" and name in result.plan.needed and "month" in result.plan.over(name)
        if any(result.dataset.values.get(name, {}).values())
    ]
    if not monthly:
        return None
    effects = [effect.name for effect in figures.effects.found]
    name = min(monthly, key=lambda name: effects.index(name) if name in effects else len(effects))
    over = result.plan.over(name)
    at = over.index("month")
    bars: dict[Member, tuple[Fraction, str, str]] = {}
    for month in result.dataset.domain.members["month"]:
        inside = {index: value for index, value in result.dataset.values[name].items() if index[at] == month}
        total = sum(inside.values(), Fraction(0))
        id_ = result.label(name, next(iter(inside))) if len(inside) == 1 else ""
        bars[month] = (total, number_text(total, figures.unit_text(name)), id_)
    return Bars(figures.name(name), figures.unit(name), BLUE, bars)


def _panel(panel: Bars, label: Mapping[Member, str], top: float) -> list[Shape]:
    scale = axis([value for value, _, _ in panel.bars.values()], top, PANEL)
    title = Phrase(panel.title.zh, panel.title.en)
    unit = in_brackets(panel.unit)
    shapes: list[Shape] = [
        Label(0, top - 17, shortened(title.zh + unit.zh, WIDTH), shortened(title.en + unit.en, WIDTH), bold=True)
    ]
    shapes += scale.lines()
    pitch = (WIDTH - LEFT - RIGHT) / len(panel.bars)
    every = next((step for step in (1, 2, 3, 6) if len(panel.bars) <= step * SHOWN_MONTHS), 12)
    for position, (month, (value, text, id_)) in enumerate(panel.bars.items()):
        x = LEFT + position * pitch
        tip = f"{label[month]}：{text} {panel.unit.zh}", f"{label[month]}: {text} {panel.unit.en}"
        shapes.append(_bar(scale, x + pitch * 0.14, pitch * 0.72, value, panel.colour, id_, tip))
        shapes += _month_label(label[month], x + pitch / 2, top + PANEL + 10, every, first=position == 0)
    shapes.append(Stroke(((LEFT, scale.y(Fraction(0))), (WIDTH - RIGHT, scale.y(Fraction(0)))), GREY))
    return shapes


def _month_label(text: str, x: float, y: float, every: int, *, first: bool) -> list[Shape]:
    """Write a month, with its year below January and the first one; or a year."""
    year, _, month = text.partition("-")
    if not month:
        return [Label(x, y, year, year, "middle", SMALL, GREY)]
    if (int(month) - 1) % every:
        return []
    shapes: list[Shape] = [Label(x, y, month, month, "middle", SMALL, GREY)]
    if (first and every == 1) or month == "01":
        shapes.append(Label(x, y + 14, year, year, "middle", SMALL, GREY))
    return shapes


def _bar(scale: Axis, x: float, width: float, value: Fraction, colour: str, id_: str, tip: tuple[str, str]) -> Box:
    y, zero = scale.y(value), scale.y(Fraction(0))
    return Box(x, min(y, zero), width, abs(y - zero), colour, id=id_, tip=tip)


def _panel_words(panel: Bars, label: Mapping[Member, str]) -> Phrase:
    values = {month: value for month, (value, _, _) in panel.bars.items()}
    high, low = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
    total = number_text(sum(values.values(), Fraction(0)), decimals=2)
    return PANEL_ALT.filled(
        name=panel.title,
        highest=_with_unit(panel.bars[high][1], panel.unit),
        high_month=label[high],
        lowest=_with_unit(panel.bars[low][1], panel.unit),
        low_month=label[low],
        total=_with_unit(total, panel.unit),
    )


def _with_unit(text: str, unit: Phrase) -> Phrase:
    return Phrase(f"{text} {unit.zh}".strip(), f"{text} {unit.en}".strip())


def result_charts(figures: Figures) -> tuple[Block, ...]:
    """Draw how the reduction comes about, and what it depends on."""
    return (*waterfall_chart(figures), *effect_chart(figures))


def waterfall_chart(figures: Figures) -> tuple[Block, ...]:
    """Draw how project emissions and leakage take away from the baseline what is not reduced."""
    result = figures.result
    if result.methodology.spec.outputs is None or not result.years:
        return ()
    totals = {role: Fraction(result.rounded_total(role)) for role in ROLES}
    after_project = totals["baseline"] - totals["project"]
    spans = {
        "baseline": (Fraction(0), totals["baseline"]),
        "project": (totals["baseline"], after_project),
        "leakage": (after_project, after_project - totals["leakage"]),
        "reduction": (Fraction(0), totals["reduction"]),
    }
    colours = {"baseline": BLUE, "project": ORANGE, "leakage": ORANGE, "reduction": GREEN}
    scale = axis([edge for span in spans.values() for edge in span], 44, 190)
    unit = printed_unit(figures.rounding_unit)
    shapes: list[Shape] = [Label(0, 9, unit.zh, unit.en, bold=True), *scale.lines()]
    pitch = (WIDTH - LEFT - RIGHT) / len(ROLES)
    parts = []
    for position, (role, (start, end)) in enumerate(spans.items()):
        figure = figures.rounded_total(role)
        x, y, other = LEFT + position * pitch, scale.y(max(start, end)), scale.y(min(start, end))
        sign = "−" if role in {"project", "leakage"} and totals[role] > 0 else ""
        tip = tuple(f"{words} {figure.text.en} {unit.en}" for words in (ROLE_WORDS[role].zh, ROLE_WORDS[role].en))
        taken = role in {"project", "leakage"}
        shapes.append(
            Box(
                x + pitch * 0.2,
                y,
                pitch * 0.6,
                max(other - y, 1.5),
                colours[role],
                hatched=taken,
                id=figure.id,
                tip=(tip[0], tip[1]),
            )
        )
        text = f"{sign}{figure.text.en}"
        shapes.append(Label(x + pitch / 2, y - 9, text, text, "middle", bold=True))
        shapes += _role_label(role, x + pitch / 2, scale.y(scale.low) + 14)
        if position < len(ROLES) - 1:
            level = scale.y(end)
            shapes.append(Stroke(((x + pitch * 0.8, level), (x + pitch * 1.2, level)), GREY, dashed=True))
        parts.append(Phrase(tip[0], tip[1]))
    alt = WATERFALL_ALT.filled(parts=joined(parts, COMMA))
    return (Chart("chart_waterfall", WATERFALL, alt, Drawing(WIDTH, 262, tuple(shapes))),)


def _role_label(role: str, x: float, y: float) -> list[Shape]:
    words = ROLE_WORDS[role]
    return [Label(x, y, words.zh, words.en, "middle")]

"""The calibrations of the meters against the monitoring period: one bar for each meter, gaps drawn and said in words.

When a calibration holds is judged by the same function as the corrections of the readings.
"""

import datetime
from collections.abc import Iterable, Mapping

from tonne.engine.data.calibration import Lapse, lapses
from tonne.engine.data.meters import Device, instant_at, meter_register
from tonne.engine.spec.models import Calibration as Rule
from tonne.esg.document import Block, Chart, Paragraph, Phrase, same
from tonne.esg.drawing import (
    BLUE,
    GREY,
    INK,
    LINE,
    ORANGE,
    PALE,
    RED,
    SHADE,
    SMALL,
    WIDTH,
    Box,
    Drawing,
    Label,
    Shape,
    Stroke,
    shortened,
    text_width,
)
from tonne.esg.figures import Figures, in_brackets, joined
from tonne.esg.wording import CAUSES, SEMICOLON

ROWS = 42  # in one picture, so that it fits on a page
ROW, TOP, LEFT = 16, 44, 150
MARGIN = 0.06  # of the monitoring period, shown before and after it
MOST_SAID = 20

CAPTION = Phrase("校准有效期与监测期", "Calibrations and the monitoring period")
PART = Phrase("（{number}/{count}）", " ({number}/{count})")
ALT = Phrase(
    "时间条图，监测期{start}至{end}，{meters}台计量器具，每台一条；{said}",
    "Bars in time, monitoring period {start} to {end}, {meters} meters, one bar each. {said}",
)
ALL_VALID = Phrase(
    "监测期内在用计量器具的校准均有效。", "All meters in service have valid calibrations in the whole period."
)
GAPS = Phrase("下列时段没有有效校准：{gaps}。", "No valid calibration holds in these times: {gaps}.")
GAP = Phrase("{meter}自{first}至{last}（{cause}）", "{meter} from {first} to {last} ({cause})")
MORE = Phrase("等共{count}处", " and others, {count} in all")
VALID, CALIBRATED, PERIOD = (
    Phrase("校准有效", "calibration valid"),
    Phrase("校准日期", "calibrated"),
    Phrase("监测期", "monitoring period"),
)
LAPSED = Phrase("未校准或超期", "not calibrated, or late")
WRONG = Phrase("误差超出等级", "error outside the class")


def calibration_timeline(figures: Figures) -> tuple[Block, ...]:
    """Draw a bar for each registered meter, and say in words when no calibration holds."""
    result = figures.result
    if not result.project.spec.meters:
        return ()
    window = _Window(figures)
    devices = [(one, found) for found in meter_register(result.project).devices.values() for one in found]
    gaps = [gap for device, found in devices for gap in window.gaps(found, inside=True) if gap.device is device]
    said = _said(window, gaps)
    period = result.project.spec.monitoring_period
    alt = ALT.filled(start=str(period.start), end=str(period.end), meters=len(devices), said=said)
    count = -(-len(devices) // ROWS)
    charts = []
    for number in range(count):
        part = devices[number * ROWS : (number + 1) * ROWS]
        more = PART.filled(number=number + 1, count=count) if count > 1 else same("")
        caption = Phrase(CAPTION.zh + more.zh, CAPTION.en + more.en)
        shapes = [*_key(), *window.ground(len(part))]
        for row, (device, found) in enumerate(part):
            shapes += window.bar(device, found, TOP + row * ROW)
        drawing = Drawing(WIDTH, TOP + len(part) * ROW + 26, tuple(shapes))
        charts.append(Chart(f"calibration_timeline_{number + 1}", caption, alt, drawing))
    return (*charts, Paragraph((said,), "small"))


class _Window:
    """The time that is shown, and where an instant stands in it."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        project = figures.result.project
        self.zone = project.zone
        self.period = project.spec.monitoring_period
        self.begins = instant_at(self.period.start, self.zone)
        self.ends = instant_at(self.period.end, self.zone, end=True)
        margin = int((self.ends - self.begins) * MARGIN)
        self.first, self.last = self.begins - margin, self.ends + margin

    def x(self, instant: int) -> float:
        """Say how far right an instant stands."""
        inside = min(max(instant, self.first), self.last)
        return LEFT + (WIDTH - LEFT) * (inside - self.first) / (self.last - self.first)

    def day(self, instant: int) -> str:
        """Write the day of an instant."""
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(microseconds=instant)
        return moment.astimezone(self.zone).date().isoformat()

    def gaps(self, devices: tuple[Device, ...], *, inside: bool = False) -> list[Lapse]:
        """List the times without a valid calibration; those out of service are none."""
        edges = (self.begins, self.ends) if inside else (self.first, self.last)
        found = lapses(devices, self._rule(devices), self.zone, *edges)
        return [lapse for lapse in found if lapse.cause != "out_of_service"]

    def _rule(self, devices: tuple[Device, ...]) -> Rule:
        known = self.figures.result.methodology.parameters
        for device in devices:
            for name in device.meter.parameters:
                card = known[name].parameter.monitoring if name in known else None
                if card and card.calibration:
                    return card.calibration
        return Rule()

    def ground(self, rows: int) -> list[Shape]:
        """Draw the monitoring period behind the bars, with the beginnings of its years or months below."""
        bottom = TOP + rows * ROW
        left, right = self.x(self.begins), self.x(self.ends)
        shapes: list[Shape] = [
            Box(left, TOP - 4, right - left, bottom - TOP + 8, SHADE),
            Label((left + right) / 2, TOP - 13, PERIOD.zh, PERIOD.en, "middle", SMALL, GREY),
        ]
        for date in _dates(self.period.start, self.period.end):
            x = self.x(instant_at(date, self.zone))
            shapes.append(Stroke(((x, TOP - 4), (x, bottom + 4)), LINE))
            text = f"{date:%Y-%m}"
            shapes.append(Label(x, bottom + 14, text, text, "middle", SMALL, GREY))
        return shapes

    def bar(self, device: Device, devices: tuple[Device, ...], y: float) -> list[Shape]:
        """Draw the service of a meter, with its gaps and its calibrations."""
        key = shortened(device.key, LEFT - 8, SMALL)
        shapes: list[Shape] = [Label(LEFT - 8, y + ROW / 2, key, key, "end", SMALL, INK)]
        left, right = self.x(device.begins), self.x(device.ends)
        if left < right:
            shapes.append(Box(left, y + 3, right - left, ROW - 6, PALE))
        for gap in self.gaps(devices):
            if gap.device is device:
                x = self.x(gap.begins)
                colour = RED if gap.cause == "out_of_class" else ORANGE
                words = GAP.filled(
                    meter=device.key, first=self.day(gap.begins), last=self.day(gap.ends - 1), cause=CAUSES[gap.cause]
                )
                shapes.append(
                    Box(x, y + 2, self.x(gap.ends) - x, ROW - 4, colour, hatched=True, tip=(words.zh, words.en))
                )
        for calibration in device.meter.calibrations:
            instant = instant_at(calibration.date, self.zone)
            if self.first <= instant <= self.last:
                shapes.append(Stroke(((self.x(instant), y + 1), (self.x(instant), y + ROW - 1)), BLUE, 2.4))
        return shapes


def _dates(start: datetime.date, end: datetime.date) -> Iterable[datetime.date]:
    """Give at most a dozen beginnings of months, evenly apart."""
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    every = next((step for step in (1, 2, 3, 6, 12, 24) if months / step <= 9), 60)
    for count in range(0, months + 1, every):
        month = start.year * 12 + start.month - 1 + count
        date = datetime.date(month // 12, month % 12 + 1, 1)
        if start <= date <= end:
            yield date


def _key() -> list[Shape]:
    shapes: list[Shape] = []
    x = 0.0
    entries: Mapping[Phrase, Box] = {
        VALID: Box(0, 4, 16, 10, PALE),
        LAPSED: Box(0, 3, 16, 12, ORANGE, hatched=True),
        WRONG: Box(0, 3, 16, 12, RED, hatched=True),
    }
    for words, box in entries.items():
        shapes.append(Box(x, box.y, box.width, box.height, box.fill, hatched=box.hatched))
        shapes.append(Label(x + 21, 9, words.zh, words.en, size=SMALL))
        x += 36 + max(text_width(words.zh, SMALL), text_width(words.en, SMALL))
    shapes.append(Stroke(((x + 3, 2), (x + 3, 16)), BLUE, 2.4))
    shapes.append(Label(x + 10, 9, CALIBRATED.zh, CALIBRATED.en, size=SMALL))
    return shapes


def _named(device: Device) -> Phrase:
    serial = in_brackets(same(device.meter.serial))
    return Phrase(device.key + serial.zh, device.key + serial.en)


def _said(window: _Window, gaps: list[Lapse]) -> Phrase:
    if not gaps:
        return ALL_VALID
    told = [
        GAP.filled(
            meter=_named(gap.device),
            first=window.day(gap.begins),
            last=window.day(gap.ends - 1),
            cause=CAUSES[gap.cause],
        )
        for gap in gaps[:MOST_SAID]
    ]
    text = joined(told, SEMICOLON)
    if len(gaps) > MOST_SAID:
        more = MORE.filled(count=len(gaps))
        text = Phrase(text.zh + more.zh, text.en + more.en)
    return GAPS.filled(gaps=text)

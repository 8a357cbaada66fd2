"""Which meter measures what, drawn from the register of meters and the meters behind the values.

A scheme of meters and parameters, not a single-line diagram: the register says nothing of lines and transformers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tonne.engine.data.registers import Meter
from tonne.esg.document import Block, Chart, Phrase, same
from tonne.esg.drawing import GREY, INK, PALE, PAPER, SHADE, SMALL, WIDTH, Box, Drawing, Label, Shape, Stroke, shortened
from tonne.esg.figures import Figures, joined, phrase
from tonne.esg.linear import plain
from tonne.esg.wording import COMMA

MOST_BOXES = 16  # more meters are drawn in groups
MOST_NAMED = 3
METER_WIDTH, PARAMETER_LEFT = 286, 404
ROW, ROW_GAP = 46, 10

CAPTION = Phrase(
    "计量点与监测参数关系示意图（由计量器具台账和读数生成，非电气主接线图）",
    "Meters and the parameters they measure (made from register and readings; no single-line diagram)",
)
ALT = Phrase("示意图：{parts}。", "Scheme: {parts}.")
FEEDS = Phrase("{meter}用于{parameters}", "{parameters} from {meter}")
BESIDE = Phrase("{meter}校核{main}", "{meter} beside {main}, to check it")
GROUP = Phrase("{names}等{count}台", "{names} and others, {count} in all")
NOT_REGISTERED = Phrase("台账未登记", "not in the register")
CHECKS = Phrase("校核表", "check meter")


@dataclass(frozen=True)
class Place:
    """A meter, or several of a kind: names, what is known of it, the parameters it feeds, and whether it only checks."""

    keys: tuple[str, ...]
    words: Phrase
    about: Phrase
    parameters: tuple[str, ...]
    checks: str = ""


def metering_diagram(figures: Figures) -> tuple[Block, ...]:
    """Draw the meters, main and check, with arrows to the parameters that they feed."""
    places = _places(figures)
    if len(places) > MOST_BOXES:
        places = _grouped(places)
    fed = list(dict.fromkeys(name for place in places if not place.checks for name in place.parameters))
    if not fed:
        return ()
    tops: dict[tuple[str, ...], float] = {
        place.keys: position * (ROW + ROW_GAP) + 2 for position, place in enumerate(places)
    }
    height = max(len(places), len(fed)) * (ROW + ROW_GAP)
    shapes: list[Shape] = []
    middles = _middles(places, tops, fed, height)
    for place in places:
        shapes += _arrows(place, tops, middles)
    for place in places:
        shapes += _meter_box(place, tops[place.keys])
    for name in fed:
        shapes += _parameter_box(figures, name, middles[name])
    parts = joined((_said(figures, place) for place in places), Phrase("；", "; "))
    return (Chart("metering_diagram", CAPTION, ALT.filled(parts=parts), Drawing(WIDTH, height, tuple(shapes))),)


def _places(figures: Figures) -> list[Place]:
    """List the meters: each main one with its check meters after it, then those that only the readings name."""
    behind = _behind(figures)
    meters = figures.result.project.spec.meters
    mains = [key for key, meter in meters.items() if meter.role == "main"]
    ordered = [
        key for main in mains for key in (main, *(other for other, meter in meters.items() if meter.checks == main))
    ]
    known = figures.result.plan.needed
    places = []
    for key in ordered:
        meter = meters[key]
        label = meter.reads_as or key
        names = tuple(name for name in (meter.parameters or behind.get(label, ())) if name in known)
        places.append(Place((key,), same(key), _about(meter), names, meter.checks or ""))
    registered = {meter.reads_as or key for key, meter in meters.items()}
    places += [
        Place((label,), same(label), NOT_REGISTERED if meters else same(""), tuple(names))
        for label, names in behind.items()
        if label not in registered
    ]
    return [place for place in places if place.parameters]


def _behind(figures: Figures) -> dict[str, tuple[str, ...]]:
    """Say which parameters the readings of each meter went into."""
    found: dict[str, dict[str, None]] = {}
    result = figures.result
    for name in result.plan.needed:
        origins = result.dataset.provenance.get(name, {}).values()
        streamed = (result.dataset.streams[name].origin,) if name in result.dataset.streams else ()
        for origin in (*origins, *streamed):
            for meter in origin.get("meters", ()):
                found.setdefault(str(meter["meter"]), {})[name] = None
    return {label: tuple(names) for label, names in found.items()}


def _about(meter: Meter) -> Phrase:
    location = phrase(meter.location) if meter.location else same("")
    accuracy = meter.accuracy_class or ""
    zh = "，".join(part for part in (meter.serial, accuracy, location.zh) if part)
    en = ", ".join(part for part in (meter.serial, accuracy, location.en) if part)
    return Phrase(zh, en)


def _grouped(places: Iterable[Place]) -> list[Place]:
    """Put meters that feed the same parameters into one box."""
    groups: dict[tuple[tuple[str, ...], bool], list[Place]] = {}
    for place in places:
        groups.setdefault((place.parameters, bool(place.checks)), []).append(place)
    found = []
    for (parameters, checking), members in groups.items():
        if len(members) == 1:
            found.append(members[0])
            continue
        names = joined((member.words for member in members[:MOST_NAMED]), COMMA)
        words = GROUP.filled(names=names, count=len(members)) if len(members) > MOST_NAMED else names
        keys = tuple(member.keys[0] for member in members)
        found.append(Place(keys, words, same(""), parameters, "…" if checking else ""))
    return found


def _middles(
    places: list[Place], tops: dict[tuple[str, ...], float], fed: list[str], height: float
) -> dict[str, float]:
    """Put each parameter at the height of the meters that feed it, and below the one before."""
    found: dict[str, float] = {}
    least = ROW / 2 + 2
    for position, name in enumerate(fed):
        own = [tops[place.keys] + ROW / 2 for place in places if name in place.parameters and not place.checks]
        most = height - (len(fed) - position - 0.5) * (ROW + ROW_GAP) + ROW_GAP / 2
        found[name] = min(max(sum(own) / len(own), least), max(most, least))
        least = found[name] + ROW + ROW_GAP
    return found


def _arrows(place: Place, tops: dict[tuple[str, ...], float], middles: dict[str, float]) -> list[Shape]:
    top = tops[place.keys]
    y = top + ROW / 2
    if not place.checks:
        return [
            Stroke(((METER_WIDTH, y), (PARAMETER_LEFT, middles[name])), GREY, 1.2, arrow=True)
            for name in place.parameters
        ]
    main = tops.get((place.checks,))
    if main is None:
        return []
    return [Stroke(((12, main + ROW), (12, y), (28, y)), GREY, 1.2, dashed=True)]


def _meter_box(place: Place, top: float) -> list[Shape]:
    left = 28 if place.checks else 0
    width = METER_WIDTH - left
    middle = top + ROW / 2
    room = width - 16
    words, about = place.words, place.about
    if place.checks:
        words = Phrase(f"{words.zh}　{CHECKS.zh}", f"{words.en} · {CHECKS.en}")
    zh, en = shortened(words.zh, room), shortened(words.en, room)
    shapes: list[Shape] = [
        Box(left, top, width, ROW, PAPER if place.checks else PALE, stroke=GREY),
        Label(left + 8, middle - 9 if about.en else middle, zh, en, bold=True),
    ]
    if about.en:
        zh, en = shortened(about.zh, room, SMALL), shortened(about.en, room, SMALL)
        shapes.append(Label(left + 8, middle + 9, zh, en, size=SMALL, colour=INK))
    return shapes


def _parameter_box(figures: Figures, name: str, middle: float) -> list[Shape]:
    width = WIDTH - PARAMETER_LEFT - 1
    words, symbol = figures.name(name), plain(figures.symbol(name).en)
    room = width - 16
    return [
        Box(PARAMETER_LEFT, middle - ROW / 2, width, ROW, SHADE, stroke=GREY),
        Label(PARAMETER_LEFT + 8, middle - 9, shortened(words.zh, room), shortened(words.en, room)),
        Label(PARAMETER_LEFT + 8, middle + 9, symbol, symbol, size=SMALL),
    ]


def _said(figures: Figures, place: Place) -> Phrase:
    if place.checks:
        return BESIDE.filled(meter=place.words, main=place.checks)
    return FEEDS.filled(meter=place.words, parameters=joined(map(figures.name, place.parameters), COMMA))

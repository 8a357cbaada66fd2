"""Draws which quantity is made of which, from the traces of a report: results on the left, what was given on the right.

Made for pages, where a quantity can be clicked and a wide drawing scrolled.
"""

from collections import defaultdict
from collections.abc import Mapping

from tonne.esg.document import Chart, Phrase, TraceList
from tonne.esg.drawing import GREY, LINE, PALE, SHADE, SMALL, Box, Drawing, Label, Shape, Stroke, shortened
from tonne.esg.figures import joined
from tonne.esg.linear import plain
from tonne.esg.wording import COMMA, SEMICOLON

WIDTH, HEIGHT = 168, 36  # of a quantity
APART, BELOW = 60, 10
SWEEPS = 4

CAPTION = Phrase(
    "公式图：左为结果，右为给定值；点击任一量查看其公式、数值与来源",
    "Formula graph: results on the left, given values on the right; click a quantity for its formula, values and origin",
)
ALT = Phrase("公式图。{parts}。", "Formula graph. {parts}.")
MADE = Phrase("{name}由{inputs}得到", "{name} is made of {inputs}")


def formula_graph(traces: TraceList) -> Chart | None:
    """Draw the results of a report and the quantities behind them; None when nothing was computed."""
    first = {entry.quantity: entry for entry in reversed(traces.entries) if entry.quantity}
    uses: dict[str, dict[str, None]] = defaultdict(dict)
    for entry in traces.entries:
        if entry.quantity:
            used = (figure.id.partition("@")[0] for figure in entry.inputs)
            uses[entry.quantity] |= dict.fromkeys(name for name in used if name in first and name != entry.quantity)
    outputs = (figure.id.partition("@")[0] for entry in traces.entries if not entry.quantity for figure in entry.inputs)
    uses = _behind(uses, [name for name in dict.fromkeys(outputs) if name in first])
    if not any(uses.values()):
        return None
    columns = _columns(uses)
    places = {
        name: (number * (WIDTH + APART) + 1.0, row * (HEIGHT + BELOW) + 1.0)
        for number, column in enumerate(columns)
        for row, name in enumerate(column)
    }
    shapes: list[Shape] = []
    for name, inputs in uses.items():
        x, y = places[name]
        for other in inputs:
            to_x, to_y = places[other]
            middle = HEIGHT / 2
            points = ((x + WIDTH, y + middle), (x + WIDTH + APART / 3, y + middle), (to_x - APART / 3, to_y + middle))
            shapes.append(Stroke((*points, (to_x, to_y + middle)), LINE))
    symbols = {name: plain(traces.symbols[name].en) for name in places}
    for name, (x, y) in places.items():
        entry, room = first[name], WIDTH - 12
        fill = PALE if name in traces.formulas else SHADE
        shapes.append(Box(x, y, WIDTH, HEIGHT, fill, stroke=GREY, id=entry.id, tip=(entry.name.zh, entry.name.en)))
        shapes.append(Label(x + 6, y + 11, *(2 * (shortened(symbols[name], room),)), bold=True, id=entry.id))
        zh, en = (shortened(text, room, SMALL) for text in (entry.name.zh, entry.name.en))
        shapes.append(Label(x + 6, y + 26, zh, en, size=SMALL, id=entry.id))
    drawing = Drawing(
        len(columns) * (WIDTH + APART) - APART + 2, max(map(len, columns)) * (HEIGHT + BELOW) + 2, tuple(shapes)
    )
    return Chart("formula_graph", CAPTION, _words(uses, symbols), drawing)


def _behind(uses: Mapping[str, dict[str, None]], outputs: list[str]) -> dict[str, dict[str, None]]:
    """Keep the results and what is behind them; conditions and what nothing used are left out."""
    found: dict[str, dict[str, None]] = {}
    waiting = outputs
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = uses.get(name, {})
            waiting = [*waiting, *found[name]]
    return found


def _words(uses: Mapping[str, Mapping[str, None]], symbols: Mapping[str, str]) -> Phrase:
    parts = (
        MADE.filled(
            name=symbols[name], inputs=joined((Phrase(symbols[other], symbols[other]) for other in inputs), COMMA)
        )
        for name, inputs in uses.items()
        if inputs
    )
    return ALT.filled(parts=joined(parts, SEMICOLON))


def _columns(uses: Mapping[str, Mapping[str, None]]) -> list[list[str]]:
    """Put each quantity to the right of all that use it, near to them, and what is given near to its first use."""
    depth: dict[str, int] = dict.fromkeys(uses, 0)
    for _ in uses:
        moved = False
        for name, inputs in uses.items():
            for other in inputs:
                if depth[other] <= depth[name] < len(uses):
                    depth[other], moved = depth[name] + 1, True
        if not moved:
            break
    levels = sorted(set(depth.values()))
    columns = [[name for name in depth if depth[name] == level] for level in levels]
    for sweep in range(SWEEPS):
        rows = {name: row / len(column) for column in columns for row, name in enumerate(column)}
        users: dict[str, list[float]] = defaultdict(list)
        for name, inputs in uses.items():
            for other in inputs:
                users[other if sweep % 2 == 0 else name].append(rows[name if sweep % 2 == 0 else other])
        for column in columns:
            column.sort(key=lambda name: sum(users[name]) / len(users[name]) if users[name] else rows[name])
    return columns

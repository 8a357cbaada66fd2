"""Writes a drawing as SVG in one language, inline in a page or as a picture of its own.

The bytes depend on the drawing alone. Texts stay texts; the fonts are those of the reader.
"""

from collections.abc import Iterator
from functools import singledispatch
from xml.sax.saxutils import escape, quoteattr

from tonne.esg.drawing import SHRUNK, Box, Drawing, Label, Shape, Stroke, runs
from tonne.esg.layout import printable
from tonne.esg.numbers import Language

FONTS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, SimHei, sans-serif"
HATCH_STEP = 5
BASELINE = 0.36  # of the size of letters, from their middle down to the line they stand on


def svg(drawing: Drawing, language: Language, alt: str, *, linked: bool = False) -> str:
    """Write a drawing as one `svg` element.

    Args:
        drawing: the shapes.
        language: of the words.
        alt: what it shows, in words.
        linked: name the value that a shape stands for, so that a page can show where it comes from.
    """
    shapes = "".join(_svg(shape, language, linked) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" '
        f'role="{"group" if linked else "img"}" aria-label={quoteattr(printable(alt))} '
        f'font-family="{FONTS}">{shapes}</svg>'
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(printable(text))


@singledispatch
def _svg(shape: Shape, _language: Language, _linked: bool) -> str:
    raise TypeError(f"no SVG for {type(shape).__name__}")


@_svg.register
def _box(shape: Box, language: Language, linked: bool) -> str:
    stroke = f' stroke="{shape.stroke}"' if shape.stroke else ""
    tip = _text(shape.tip[0 if language == "zh" else 1])
    title = f"<title>{tip}</title>" if tip else ""
    link = _link(shape.id, linked)
    body = (
        f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
        f'fill="{shape.fill}"{stroke}{link}'
    )
    body += f">{title}</rect>" if title else "/>"
    if not shape.hatched:
        return body
    path = "".join(f"M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}" for (x1, y1), (x2, y2) in hatching(shape))
    return f'{body}<path d="{path}" stroke="#fff" stroke-width="1.2" pointer-events="none"/>'


@_svg.register
def _stroke(shape: Stroke, _language: Language, _linked: bool) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
    dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
    body = f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{_n(shape.width)}"{dashes}/>'
    if shape.arrow:
        head = " ".join(f"{_n(x)},{_n(y)}" for x, y in arrow_head(shape))
        body += f'<polygon points="{head}" fill="{shape.colour}"/>'
    return body


@_svg.register
def _label(shape: Label, language: Language, linked: bool) -> str:
    text = shape.said(language)
    if not text:
        return ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    weight = ' font-weight="bold"' if shape.bold else ""
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y + BASELINE * shape.size)}" font-size="{_n(shape.size)}" '
        f'fill="{shape.colour}"{anchor}{weight}{_link(shape.id, linked)}>{_runs(text, shape.size)}</text>'
    )


def _runs(text: str, size: float) -> str:
    written, down = "", 0.0
    for piece, shift in runs(printable(text)):
        change = (shift - down) * size
        down = shift
        if not change and not shift:
            written += escape(piece)
            continue
        small = f' font-size="{_n(size * SHRUNK)}"' if shift else ""
        written += f'<tspan dy="{_n(change)}"{small}>{escape(piece)}</tspan>'
    return written


def _link(id_: str, linked: bool) -> str:
    return f' data-figure={quoteattr(printable(id_))} tabindex="0" role="button"' if id_ and linked else ""


def hatching(box: Box) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Give the slanted lines that hatch a box."""
    step = HATCH_STEP
    while step < box.width + box.height:
        down = min(step, box.height), max(0.0, step - box.height)
        across = max(0.0, step - box.width), min(step, box.width)
        yield (box.x + down[1], box.y + down[0]), (box.x + across[1], box.y + across[0])
        step += HATCH_STEP


def arrow_head(stroke: Stroke) -> tuple[tuple[float, float], ...]:
    """Give the three corners of the arrow at the end of a line."""
    (x1, y1), (x2, y2) = stroke.points[-2:]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1
    dx, dy = (x2 - x1) / length * 8, (y2 - y1) / length * 8
    return (x2, y2), (x2 - dx - dy * 0.4, y2 - dy + dx * 0.4), (x2 - dx + dy * 0.4, y2 - dy - dx * 0.4)

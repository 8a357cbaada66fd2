"""Draws a drawing as a PNG picture, for formats that take no shapes; Word is one.

The bytes depend on the drawing and the font alone. Without a Chinese font the words are English, in the small font
that the library brings along; the caller says so beside the picture.
"""

import io
from functools import cache, lru_cache, singledispatch

from PIL import Image, ImageDraw, ImageFont

from tonne.esg.drawing import QUARTER_MILLIMETRES_PER_INCH, SHRUNK, Box, Drawing, Label, Shape, Stroke, runs
from tonne.esg.fonts import chinese_font
from tonne.esg.layout import printable
from tonne.esg.numbers import Language
from tonne.esg.svg import BASELINE, arrow_head, hatching

RESOLUTION = 220  # dots per inch
SCALE = RESOLUTION / QUARTER_MILLIMETRES_PER_INCH
COLOURS = 64
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}  # what part of the words stands before the place


@lru_cache(maxsize=64)
def png(drawing: Drawing, language: Language) -> bytes:
    """Draw a drawing in one language; several reports hold the same."""
    size = (round(drawing.width * SCALE), round(drawing.height * SCALE))
    image = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(image)
    spoken: Language = language if chinese_font() else "en"
    for shape in drawing.shapes:
        _draw(shape, canvas, spoken)
    written = io.BytesIO()
    few = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(written, "PNG", dpi=(RESOLUTION, RESOLUTION))
    return written.getvalue()


@singledispatch
def _draw(shape: Shape, _canvas: ImageDraw.ImageDraw, _language: Language) -> None:
    raise TypeError(f"no picture for {type(shape).__name__}")


@_draw.register
def _box(shape: Box, canvas: ImageDraw.ImageDraw, _language: Language) -> None:
    if shape.width <= 0 or shape.height <= 0:
        return
    corners = [(shape.x * SCALE, shape.y * SCALE), ((shape.x + shape.width) * SCALE, (shape.y + shape.height) * SCALE)]
    canvas.rectangle(corners, fill=shape.fill, outline=shape.stroke or None, width=round(SCALE))
    if shape.hatched:
        for one, other in hatching(shape):
            canvas.line([_at(one), _at(other)], fill="white", width=round(1.2 * SCALE))


@_draw.register
def _stroke(shape: Stroke, canvas: ImageDraw.ImageDraw, _language: Language) -> None:
    width = max(1, round(shape.width * SCALE))
    for one, other in zip(shape.points, shape.points[1:], strict=False):
        for start, end in _dashes(one, other) if shape.dashed else [(one, other)]:
            canvas.line([_at(start), _at(end)], fill=shape.colour, width=width)
    if shape.arrow:
        canvas.polygon([_at(point) for point in arrow_head(shape)], fill=shape.colour)


@_draw.register
def _label(shape: Label, canvas: ImageDraw.ImageDraw, language: Language) -> None:
    pieces = [
        (text, shift, _font(shape.size * (SHRUNK if shift else 1)))
        for text, shift in runs(printable(shape.said(language)))
    ]
    x, y = _at((shape.x, shape.y))
    x -= ANCHORS[shape.anchor] * sum(font.getlength(text) for text, _, font in pieces)
    for text, shift, font in pieces:
        place = (x, y + (BASELINE + shift) * shape.size * SCALE)
        canvas.text(place, text, shape.colour, font, anchor="ls", stroke_width=0.6 if shape.bold else 0)
        x += font.getlength(text)


def _at(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * SCALE, point[1] * SCALE


def _dashes(
    one: tuple[float, float], other: tuple[float, float]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    (x1, y1), (x2, y2) = one, other
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    if not length:
        return []
    cuts = [(start, min(start + 4, length)) for start in range(0, int(length) + 1, 7)]
    return [
        (
            (x1 + (x2 - x1) * start / length, y1 + (y2 - y1) * start / length),
            (x1 + (x2 - x1) * end / length, y1 + (y2 - y1) * end / length),
        )
        for start, end in cuts
    ]


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    found = chinese_font()
    if found is None:
        font = ImageFont.load_default(size * SCALE)
        assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 (with a size it always is one)
        return font
    path, face = found
    return ImageFont.truetype(str(path), size * SCALE, index=face)

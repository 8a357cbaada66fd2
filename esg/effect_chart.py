"""The chart of what each parameter weighs in the reduction, the largest effect first.

The effects are those of `engine/verification/effects`; nothing is worked out here.
"""

from decimal import Decimal
from fractions import Fraction

from tonne.esg.axis import NOTHING
from tonne.esg.document import Block, Chart, Paragraph, Phrase
from tonne.esg.drawing import BLUE, GREY, ORANGE, SMALL, WIDTH, Box, Drawing, Label, Shape, Stroke, wrapped
from tonne.esg.figures import Figures, joined
from tonne.esg.linear import plain
from tonne.esg.numbers import number_text, share_text
from tonne.esg.wording import COMMA, SEMICOLON

SHOWN_PARAMETERS = 12
LEAST_SHOWN = Fraction(1, 10**6)  # of the reduction
WORDS_LEFT = 236  # beside bars that lie
EFFECTS = Phrase("各参数单独降低1%时减排量的变化", "Change of the reductions when a parameter alone is lowered by 1 %")
EFFECTS_ALT = Phrase("条形图，按影响大小排列：{parts}。", "Bars in the order of their effect: {parts}.")
EFFECTS_SAID = Phrase(
    "由程序将每个参数的全部取值降低1%、其余不变后重新计算得到，表示各参数对减排量的影响程度，不是不确定度。",
    "Computed anew with all values of one parameter lowered by 1 % and all else unchanged; it says what a parameter weighs, "
    "and is no uncertainty.",
)
OTHERS = Phrase(
    "另有{count}个参数的影响更小，未画出。", " {count} more parameters have smaller effects and are not drawn."
)
NOT_COMPUTED = Phrase(
    "未重新计算（取值过多或重新计算无值）：{names}。",
    " Not computed anew, because of too many values or none: {names}.",
)


def effect_chart(figures: Figures) -> tuple[Block, ...]:
    """Draw how much the reduction changes with each parameter, the largest effect first."""
    effects = figures.effects
    total = figures.result.total("reduction") if effects.found else Decimal(0)
    moving = [effect for effect in effects.found if effect.change]
    if not moving or not total:
        return ()
    whole = abs(Fraction(total))
    shown = [effect for effect in moving if abs(Fraction(effect.change)) >= LEAST_SHOWN * whole][:SHOWN_PARAMETERS]
    if not shown:
        return ()
    shares = [Fraction(effect.change) / whole for effect in shown]
    low, high = min([*shares, NOTHING]), max([*shares, NOTHING])
    room = WIDTH - WORDS_LEFT - 60 * ((low < 0) + (high > 0))
    zero = WORDS_LEFT + 60 * (low < 0) + room * float(-low / (high - low))
    shapes: list[Shape] = []
    parts = []
    for position, (effect, share) in enumerate(zip(shown, shares, strict=True)):
        y = 8 + position * 30
        name = figures.name(effect.name)
        symbol = plain(figures.symbol(effect.name).en)
        long = room * float(abs(share) / (high - low))
        text = share_text(share) if abs(share) >= Fraction(5, 10**5) else f"{number_text(share * 100, digits=1)}%"
        text = f"+{text}" if share > 0 else text
        x = zero if share > 0 else zero - long
        shapes += _name_lines(name, symbol, y + 9)
        shapes.append(Box(x, y, max(long, 1), 18, ORANGE if share > 0 else BLUE, hatched=share > 0))
        shapes.append(
            Label(zero + long + 5, y + 9, text, text) if share > 0 else Label(x - 5, y + 9, text, text, "end")
        )
        parts.append(Phrase(f"{name.zh} {text}", f"{name.en} {text}"))
    height = 8 + len(shown) * 30
    shapes.append(Stroke(((zero, 2), (zero, height - 4)), GREY))
    said = [EFFECTS_SAID]
    if len(shown) < len(moving):
        said.append(OTHERS.filled(count=len(moving) - len(shown)))
    if effects.left_out:
        names = joined((figures.name(name) for name in effects.left_out[:SHOWN_PARAMETERS]), COMMA)
        said.append(NOT_COMPUTED.filled(names=names))
    chart = Chart(
        "chart_effects",
        EFFECTS,
        EFFECTS_ALT.filled(parts=joined(parts, SEMICOLON)),
        Drawing(WIDTH, height, tuple(shapes)),
    )
    return (chart, Paragraph(tuple(said), "small"))


def _name_lines(name: Phrase, symbol: str, y: float) -> list[Shape]:
    """Write a name and its symbol on at most two lines in each language."""
    shapes: list[Shape] = []
    for at, text in enumerate((name.zh, name.en)):
        lines = wrapped(f"{text} {symbol}" if text != symbol else text, WORDS_LEFT - 10, 2, SMALL)
        for position, line in enumerate(lines):
            middle = y + (position - (len(lines) - 1) / 2) * 12
            shapes.append(Label(0, middle, "" if at else line, line if at else "", size=SMALL))
    return shapes

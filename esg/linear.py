r"""Writes layouts as lines of characters: LaTeX, and plain text for terminals and alternative texts.

Plain text puts brackets where a fraction bar, a brace or a raised position says it in print, so that it reads
in one way only. It says nothing about the order of operations that the layout does not say.
"""

from functools import singledispatch

from tonne.engine.units import SUBSCRIPT, SUPERSCRIPT
from tonne.esg.layout import (
    Accent,
    Choices,
    Digits,
    Fence,
    Fraction,
    Function,
    Layout,
    Letters,
    Lines,
    Operator,
    Root,
    Row,
    Scripts,
    Sum,
    Under,
    Words,
    printable,
)
from tonne.esg.symbols import GREEK, SIGNS

_LATEX_GREEK = {letter: name for name, letter in GREEK.items()}
_LATEX_SIGNS = {sign: f"\\{name}" for name, sign in SIGNS.items()} | {"−": "-"}
_LATEX_FENCES = {"⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil"}
_LATEX_ESCAPES = str.maketrans(
    {sign: f"\\{sign}" for sign in "{}$&#%_"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
)
_LATEX_ACCENTS = {"bar": "overline", "hat": "hat", "tilde": "tilde", "dot": "dot"}
_COMBINING = {"bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "dot": "\u0307"}
_RAISED = set("0123456789−")
_TO_RAISED = SUPERSCRIPT | {ord("−"): "⁻"}


@singledispatch
def latex(layout: Layout) -> str:
    """Write a layout in LaTeX for mathematics mode; it needs amsmath."""
    raise TypeError(f"no layout for {type(layout).__name__}")


@latex.register
def _latex_letters(layout: Letters) -> str:
    text = printable(layout.text)
    if text in _LATEX_GREEK:
        return f"\\{_LATEX_GREEK[text]}"
    if not text.replace("_", "").replace("-", "").isascii():
        return _latex_text(text)
    escaped = text.translate(_LATEX_ESCAPES)
    if layout.is_upright:
        return rf"\mathrm{{{escaped}}}"
    return escaped if len(text) == 1 else rf"\mathit{{{escaped}}}"


@latex.register
def _latex_digits(layout: Digits) -> str:
    return printable(layout.text).replace(",", "{,}")


@latex.register
def _latex_words(layout: Words) -> str:
    return _latex_text(printable(layout.text))


def _latex_text(text: str) -> str:
    return rf"\text{{{text.translate(_LATEX_ESCAPES)}}}"


@latex.register
def _latex_operator(layout: Operator) -> str:
    text = printable(layout.text)
    if text.strip("′") == "":
        return r"\prime" * len(text)
    sign = _LATEX_SIGNS.get(text, text if text.isascii() and text not in r"\{}$&#%_^~" else _latex_text(text))
    return {"around": f" {sign} ", "after": f"{sign} ", "none": sign}[layout.spacing]


@latex.register
def _latex_row(layout: Row) -> str:
    return "".join(_apart(latex(part)) for part in layout.parts).strip()


def _apart(text: str) -> str:
    """Keep a command that ends in a letter from swallowing the letter after it."""
    command = text.rpartition("\\")[2]
    return f"{text} " if "\\" in text and command.isalpha() else text


@latex.register
def _latex_lines(layout: Lines) -> str:
    lines = r" \\ ".join(latex(part) for part in layout.parts)
    return rf"\substack{{{lines}}}"


@latex.register
def _latex_fraction(layout: Fraction) -> str:
    return rf"\frac{{{latex(layout.above)}}}{{{latex(layout.below)}}}"


@latex.register
def _latex_scripts(layout: Scripts) -> str:
    main = latex(layout.main)
    text = f"{{{main}}}" if isinstance(layout.main, Scripts | Row) else main
    if layout.sub is not None:
        text += f"_{{{latex(layout.sub)}}}"
    return text if layout.sup is None else f"{text}^{{{latex(layout.sup)}}}"


@latex.register
def _latex_root(layout: Root) -> str:
    return rf"\sqrt{{{latex(layout.body)}}}"


@latex.register
def _latex_accent(layout: Accent) -> str:
    return rf"\{_LATEX_ACCENTS[layout.mark]}{{{latex(layout.body)}}}"


@latex.register
def _latex_fence(layout: Fence) -> str:
    left, right = (_LATEX_FENCES.get(sign, sign) for sign in (layout.left, layout.right))
    return rf"\left{left} {latex(layout.body)} \right{right}"


@latex.register
def _latex_under(layout: Under) -> str:
    return rf"\mathop{{{latex(layout.main)}}}\limits_{{{latex(layout.below)}}}"


@latex.register
def _latex_function(layout: Function) -> str:
    name = latex(layout.name) if isinstance(layout.name, Under) else rf"\mathop{{{latex(layout.name)}}}"
    return name + latex(layout.argument)


@latex.register
def _latex_sum(layout: Sum) -> str:
    return rf"\sum\limits_{{{latex(layout.below)}}} {latex(layout.body)}"


@latex.register
def _latex_choices(layout: Choices) -> str:
    rows = r" \\ ".join(f"{latex(value)} & {latex(condition)}" for value, condition in layout.rows)
    return rf"\begin{{cases}} {rows} \end{{cases}}"


@singledispatch
def plain(layout: Layout) -> str:
    """Write a layout in one line of plain text."""
    raise TypeError(f"no layout for {type(layout).__name__}")


@plain.register
def _plain_text(layout: Letters | Digits | Words) -> str:
    return printable(layout.text)


@plain.register
def _plain_operator(layout: Operator) -> str:
    text = printable(layout.text)
    return {"around": f" {text} ", "after": f"{text} ", "none": text}[layout.spacing]


@plain.register
def _plain_row(layout: Row) -> str:
    return "".join(plain(_bare(part)) for part in layout.parts)


def _bare(layout: Layout) -> Layout:
    """Take a sum out of its fence, since in plain text it has brackets of its own."""
    return layout.body if isinstance(layout, Fence) and isinstance(layout.body, Sum) else layout


@plain.register
def _plain_lines(layout: Lines) -> str:
    return "; ".join(plain(part) for part in layout.parts)


@plain.register
def _plain_fraction(layout: Fraction) -> str:
    return f"{_closed(layout.above)}/{_closed(layout.below)}"


@plain.register
def _plain_scripts(layout: Scripts) -> str:
    text = plain(layout.main)
    if layout.sub is not None:
        sub = plain(layout.sub)
        text += sub.translate(SUBSCRIPT) if sub.isdecimal() and sub.isascii() else f"_{_script(sub)}"
    if layout.sup is None:
        return text
    sup = plain(layout.sup)
    if set(sup) <= {"′", "*"}:
        return text + sup
    return text + (sup.translate(_TO_RAISED) if set(sup) <= _RAISED else f"^{_script(sup)}")


def _script(text: str) -> str:
    """Bracket a script that would not be seen to end."""
    return text if all(letter.isalnum() or letter in ",._-" for letter in text) else f"({text})"


@plain.register
def _plain_root(layout: Root) -> str:
    return f"√({plain(layout.body)})"


@plain.register
def _plain_accent(layout: Accent) -> str:
    text = plain(layout.body)
    return text + _COMBINING[layout.mark] if len(text) == 1 else f"{layout.mark}({text})"


@plain.register
def _plain_fence(layout: Fence) -> str:
    body = plain(layout.body)
    return f"abs({body})" if layout.left == "|" and "|" in body else f"{layout.left}{body}{layout.right}"


@plain.register
def _plain_under(layout: Under) -> str:
    return f"{plain(layout.main)}[{plain(layout.below)}]"


@plain.register
def _plain_function(layout: Function) -> str:
    return plain(layout.name) + plain(layout.argument)


@plain.register
def _plain_sum(layout: Sum) -> str:
    body = layout.body.body if isinstance(layout.body, Fence) and layout.body.left == "(" else layout.body
    return f"∑[{plain(layout.below)}]({plain(body)})"


@plain.register
def _plain_choices(layout: Choices) -> str:
    rows = "; ".join(f"{plain(value)}, {plain(condition)}" for value, condition in layout.rows)
    return f"{{{rows}}}"


def _closed(layout: Layout) -> str:
    """Bracket what would fall apart beside a slash."""
    text = plain(layout)
    return f"({text})" if isinstance(layout, Row | Fraction) else text

"""Writes layouts as XML: MathML for browsers, and OMML, the native equations of Word.

MathML is presentation markup of the Core level, with the plain text beside it for readers that do not see it.
OMML is one `m:oMath` that declares its namespaces, to be put into a paragraph; display and numbering belong
to the document.
"""

from functools import singledispatch
from xml.sax.saxutils import escape, quoteattr

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
from tonne.esg.linear import plain

MATHML = "http://www.w3.org/1998/Math/MathML"
OMML = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORDML = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NO_BREAK_SPACE = "\u00a0"
# The form is said because words count as space, beside which a browser takes an operator for a prefix.
_SPACING = {"around": 'form="infix"', "after": 'lspace="0" rspace="0.28em"', "none": 'lspace="0" rspace="0"'}
_ACCENTS = {"bar": "‾", "hat": "^", "tilde": "~", "dot": "˙"}
_COMBINING = {"hat": "\u0302", "tilde": "\u0303", "dot": "\u0307"}
_UPRIGHT = '<m:rPr><m:sty m:val="p"/></m:rPr>'
_WORDS = "<m:rPr><m:nor/></m:rPr>"
# Names are marked as text, since LibreOffice slants them otherwise and reads some (over, sum) as commands.
_NAME = f'{_WORDS}<w:rPr><w:rFonts w:ascii="Cambria Math" w:hAnsi="Cambria Math"/></w:rPr>'


def mathml(layout: Layout) -> str:
    """Write a layout in MathML, displayed as a block."""
    text = quoteattr(plain(layout))
    return f'<math xmlns="{MATHML}" display="block" alttext={text}>{_math(layout)}</math>'


def omml(layout: Layout) -> str:
    """Write a layout as an equation of Word."""
    return f'<m:oMath xmlns:m="{OMML}" xmlns:w="{WORDML}">{_word(layout)}</m:oMath>'


def _text(text: str) -> str:
    return escape(printable(text))


@singledispatch
def _math(layout: Layout) -> str:
    raise TypeError(f"no layout for {type(layout).__name__}")


@_math.register
def _math_letters(layout: Letters) -> str:
    # Browsers slant a single letter and no others.
    variant = ' mathvariant="normal"' if layout.is_upright and len(layout.text) == 1 else ""
    style = ' style="font-style: italic"' if not layout.is_upright and len(layout.text) > 1 else ""
    return f"<mi{variant}{style}>{_text(layout.text)}</mi>"


@_math.register
def _math_digits(layout: Digits) -> str:
    return f"<mn>{_text(layout.text)}</mn>"


@_math.register
def _math_words(layout: Words) -> str:
    # Browsers drop ordinary spaces at the ends.
    return f"<mtext>{_text(layout.text).replace(' ', NO_BREAK_SPACE)}</mtext>"


@_math.register
def _math_operator(layout: Operator) -> str:
    return f'<mo stretchy="false" {_SPACING[layout.spacing]}>{_text(layout.text)}</mo>'


@_math.register
def _math_row(layout: Row) -> str:
    return f"<mrow>{''.join(_math(part) for part in layout.parts)}</mrow>"


@_math.register
def _math_lines(layout: Lines) -> str:
    rows = "".join(f'<mtr><mtd style="padding: 0">{_math(part)}</mtd></mtr>' for part in layout.parts)
    return f"<mtable>{rows}</mtable>"


@_math.register
def _math_fraction(layout: Fraction) -> str:
    return f"<mfrac>{_math(layout.above)}{_math(layout.below)}</mfrac>"


@_math.register
def _math_scripts(layout: Scripts) -> str:
    scripts = "".join(_math(part) for part in (layout.sub, layout.sup) if part is not None)
    tag = f"m{'sub' if layout.sub is not None else ''}{'sup' if layout.sup is not None else ''}"
    return f"<{tag}>{_math(layout.main)}{scripts}</{tag}>" if scripts else _math(layout.main)


@_math.register
def _math_root(layout: Root) -> str:
    return f"<msqrt>{_math(layout.body)}</msqrt>"


@_math.register
def _math_accent(layout: Accent) -> str:
    stretchy = "true" if layout.mark == "bar" else "false"
    mark = f'<mo stretchy="{stretchy}">{_ACCENTS[layout.mark]}</mo>'
    return f'<mover accent="true">{_math(layout.body)}{mark}</mover>'


@_math.register
def _math_fence(layout: Fence) -> str:
    left, right = _bracket(layout.left, "prefix"), _bracket(layout.right, "postfix")
    return f"<mrow>{left}{_math(layout.body)}{right}</mrow>"


def _bracket(sign: str, form: str) -> str:
    return f'<mo form="{form}" fence="true" stretchy="true">{sign}</mo>'


@_math.register
def _math_under(layout: Under) -> str:
    return f"<munder>{_math(layout.main)}{_math(layout.below)}</munder>"


@_math.register
def _math_function(layout: Function) -> str:
    return f"<mrow>{_math(layout.name)}<mo>\u2061</mo>{_math(layout.argument)}</mrow>"


@_math.register
def _math_sum(layout: Sum) -> str:
    sign = '<mo largeop="true" movablelimits="false">∑</mo>'
    return f"<mrow><munder>{sign}{_math(layout.below)}</munder>{_math(layout.body)}</mrow>"


@_math.register
def _math_choices(layout: Choices) -> str:
    rows = "".join(f"<mtr>{_cell(value)}{_cell(condition)}</mtr>" for value, condition in layout.rows)
    return f'<mrow>{_bracket("{", "prefix")}<mtable columnalign="left left">{rows}</mtable></mrow>'


def _cell(layout: Layout) -> str:
    # Said twice, because browsers differ in which of the two ways they know.
    return f'<mtd style="text-align: left"><mstyle displaystyle="true">{_math(layout)}</mstyle></mtd>'


@singledispatch
def _word(layout: Layout) -> str:
    raise TypeError(f"no layout for {type(layout).__name__}")


def _run(text: str, properties: str = "") -> str:
    return f'<m:r>{properties}<m:t xml:space="preserve">{_text(text)}</m:t></m:r>'


def _part(tag: str, layout: Layout | None) -> str:
    return f"<m:{tag}>{_word(layout)}</m:{tag}>" if layout is not None else ""


def _delimited(content: str, left: str, right: str) -> str:
    signs = f"<m:begChr m:val={quoteattr(left)}/><m:endChr m:val={quoteattr(right)}/>"
    return f"<m:d><m:dPr>{signs}<m:grow/></m:dPr><m:e>{content}</m:e></m:d>"


@_word.register
def _word_letters(layout: Letters) -> str:
    return _run(layout.text, _NAME if layout.is_upright else "")


@_word.register
def _word_digits(layout: Digits) -> str:
    return _run(layout.text, _UPRIGHT)


@_word.register
def _word_words(layout: Words) -> str:
    return _run(layout.text, _WORDS)


@_word.register
def _word_operator(layout: Operator) -> str:
    return _run(layout.text, _UPRIGHT)


@_word.register
def _word_row(layout: Row) -> str:
    return "".join(_word(part) for part in layout.parts)


@_word.register
def _word_lines(layout: Lines) -> str:
    return f"<m:eqArr>{''.join(_part('e', part) for part in layout.parts)}</m:eqArr>"


@_word.register
def _word_fraction(layout: Fraction) -> str:
    return f"<m:f>{_part('num', layout.above)}{_part('den', layout.below)}</m:f>"


@_word.register
def _word_scripts(layout: Scripts) -> str:
    if layout.sub is None and layout.sup is None:
        return _word(layout.main)
    tag = f"s{'Sub' if layout.sub is not None else ''}{'Sup' if layout.sup is not None else ''}"
    return f"<m:{tag}>{_part('e', layout.main)}{_part('sub', layout.sub)}{_part('sup', layout.sup)}</m:{tag}>"


@_word.register
def _word_root(layout: Root) -> str:
    return f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/>{_part("e", layout.body)}</m:rad>'


@_word.register
def _word_accent(layout: Accent) -> str:
    if layout.mark == "bar":
        return f'<m:bar><m:barPr><m:pos m:val="top"/></m:barPr>{_part("e", layout.body)}</m:bar>'
    sign = f'<m:chr m:val="{_COMBINING[layout.mark]}"/>'
    return f"<m:acc><m:accPr>{sign}</m:accPr>{_part('e', layout.body)}</m:acc>"


@_word.register
def _word_fence(layout: Fence) -> str:
    return _delimited(_word(layout.body), layout.left, layout.right)


@_word.register
def _word_under(layout: Under) -> str:
    return f"<m:limLow>{_part('e', layout.main)}{_part('lim', layout.below)}</m:limLow>"


@_word.register
def _word_function(layout: Function) -> str:
    return f"<m:func>{_part('fName', layout.name)}{_part('e', layout.argument)}</m:func>"


@_word.register
def _word_sum(layout: Sum) -> str:
    sign = '<m:chr m:val="∑"/><m:limLoc m:val="undOvr"/><m:grow m:val="1"/><m:supHide m:val="1"/>'
    parts = f"{_part('sub', layout.below)}<m:sup/>{_part('e', layout.body)}"
    return f"<m:nary><m:naryPr>{sign}</m:naryPr>{parts}</m:nary>"


@_word.register
def _word_choices(layout: Choices) -> str:
    # A matrix, because LibreOffice prints the alignment marks of an equation array.
    rows = "".join(f"<m:mr>{_part('e', value)}{_part('e', condition)}</m:mr>" for value, condition in layout.rows)
    columns = '<m:mcs><m:mc><m:mcPr><m:count m:val="2"/><m:mcJc m:val="left"/></m:mcPr></m:mc></m:mcs>'
    return _delimited(f"<m:m><m:mPr>{columns}</m:mPr>{rows}</m:m>", "{", "")

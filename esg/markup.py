"""Writes layouts as XML: MathML for browsers, and OMML, the native equations of Word.

MathML is presentation markup of the Core level, with the plain text beside it for readers that do not see it. OMML is
one `m:oMath` that declares its namespace, to be put into a paragraph; display and numbering belong to the document.
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
NO_BREAK_SPACE = "\u00a0"
_SPACING = {"around": "", "after": ' lspace="0" rspace="0.28em"', "none": ' lspace="0" rspace="0"'}
_ACCENTS = {"bar": "¯", "hat": "^", "tilde": "~", "dot": "˙"}
_COMBINING = {"hat": "\u0302", "tilde": "\u0303", "dot": "\u0307"}
_LEFT = ' style="text-align: left"'


def mathml(layout: Layout) -> str:
    """Write a layout in MathML, displayed as a block."""
    text = quoteattr(plain(layout))
    return f'<math xmlns="{MATHML}" display="block" alttext={text}>{_math(layout)}</math>'


def omml(layout: Layout) -> str:
    """Write a layout as an equation of Word."""
    return f'<m:oMath xmlns:m="{OMML}">{_word(layout)}</m:oMath>'


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
    return f'<mo stretchy="false"{_SPACING[layout.spacing]}>{_text(layout.text)}</mo>'


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
    return f'<mover accent="true">{_math(layout.body)}<mo stretchy="{stretchy}">{_ACCENTS[layout.mark]}</mo></mover>'


@_math.register
def _math_fence(layout: Fence) -> str:
    left, right = (f'<mo fence="true" stretchy="true">{_text(sign)}</mo>' for sign in (layout.left, layout.right))
    return f"<mrow>{left}{_math(layout.body)}{right}</mrow>"


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
    rows = "".join(
        f'<mtr><mtd{_LEFT}><mstyle displaystyle="true">{_math(value)}</mstyle></mtd><mtd{_LEFT}>{_math(condition)}</mtd></mtr>'
        for value, condition in layout.rows
    )
    return f'<mrow><mo fence="true" stretchy="true">{{</mo><mtable columnalign="left left">{rows}</mtable></mrow>'


@singledispatch
def _word(layout: Layout) -> str:
    raise TypeError(f"no layout for {type(layout).__name__}")


def _run(text: str, style: str = "") -> str:
    properties = f"<m:rPr>{style}</m:rPr>" if style else ""
    return f'<m:r>{properties}<m:t xml:space="preserve">{_text(text)}</m:t></m:r>'


def _part(tag: str, layout: Layout | None) -> str:
    return f"<m:{tag}>{_word(layout)}</m:{tag}>" if layout is not None else ""


def _delimited(content: str, left: str, right: str) -> str:
    signs = f"<m:begChr m:val={quoteattr(left)}/><m:endChr m:val={quoteattr(right)}/>"
    return f"<m:d><m:dPr>{signs}<m:grow/></m:dPr><m:e>{content}</m:e></m:d>"


@_word.register
def _word_letters(layout: Letters) -> str:
    return _run(layout.text, '<m:sty m:val="p"/>' if layout.is_upright else "")


@_word.register
def _word_digits(layout: Digits) -> str:
    return _run(layout.text, '<m:sty m:val="p"/>')


@_word.register
def _word_words(layout: Words) -> str:
    return _run(layout.text, "<m:nor/>")


@_word.register
def _word_operator(layout: Operator) -> str:
    return _run(layout.text, '<m:sty m:val="p"/>')


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
    properties = '<m:chr m:val="∑"/><m:limLoc m:val="undOvr"/><m:grow m:val="1"/><m:subHide m:val="0"/><m:supHide m:val="1"/>'
    return f"<m:nary><m:naryPr>{properties}</m:naryPr>{_part('sub', layout.below)}<m:sup/>{_part('e', layout.body)}</m:nary>"


@_word.register
def _word_choices(layout: Choices) -> str:
    rows = "".join(
        f"<m:e>{_run('&')}{_word(value)}{_run('&&')}{_run('  ', '<m:nor/>')}{_word(condition)}</m:e>"
        for value, condition in layout.rows
    )
    return _delimited(f"<m:eqArr>{rows}</m:eqArr>", "{", "")

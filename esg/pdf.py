"""Writes a report as PDF/A by typst: the report becomes data, and `templates/report.typ` lays it out.

Nothing is put together as source text of typst, so no text of a project can become a command. The bytes depend on the
report, the version of typst and the fonts alone. Needs the extra `pdf`, and a font with Chinese letters.
"""

import json
from functools import cache, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonne.engine.errors import Problem, ReportError
from tonne.esg.breaking import lines_of
from tonne.esg.document import (
    Break,
    Chart,
    Equation,
    Figure,
    Formula,
    Inline,
    KeyValues,
    Marked,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Signatures,
    Table,
)
from tonne.esg.fonts import INSTALL
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
from tonne.esg.numbers import Language
from tonne.esg.render import TEMPLATES
from tonne.esg.svg import svg
from tonne.esg.word import CONTENTS, PAGE_AFTER, PAGE_BEFORE, PAGE_BETWEEN

if TYPE_CHECKING:
    from types import ModuleType

TEMPLATE = TEMPLATES / "report.typ"
STANDARD = "a-2b"
SERIF = ("Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "Source Han Serif CN", "Songti SC", "SimSun")
LONGEST_EQUATION, LONGEST_IN_CELL = 70, 46  # characters of plain text

Data = dict[str, Any]


def write_pdf(report: Report, language: Language, path: Path) -> None:
    """Write a report in one language as PDF/A-2b.

    Raises:
        ReportError: typst is not installed, there is no font with Chinese letters, or typst refuses the document.
    """
    typst = _typst()
    data = json.dumps(report_data(report, language, _serif()), ensure_ascii=False)
    try:
        written = _compiler().compile(sys_inputs={"data": data}, pdf_standards=[STANDARD])
    except typst.TypstError as fault:
        raise ReportError(Problem("typst cannot lay out the report", found=str(fault)[:300])) from None
    path.write_bytes(written)


def require_pdf() -> None:
    """Refuse before anything is computed what would fail in the end.

    Raises:
        ReportError: typst or its reader is not installed, or there is no font with Chinese letters.
    """
    _serif()


def _typst() -> "ModuleType":
    try:
        import pypdfium2  # noqa: F401, PLC0415 (an optional extra; what is written is read back)
        import typst  # noqa: PLC0415 (an optional extra)
    except ImportError:
        hint = "install it with: pip install 'tonne[pdf]'"
        raise ReportError(Problem("PDF needs typst, which is not installed", hint=hint)) from None
    return typst


@cache
def _fonts() -> Any:
    return _typst().Fonts()


@cache
def _compiler() -> Any:
    """Make typst ready once, because looking for fonts takes longer than a page."""
    return _typst().Compiler(TEMPLATE, root=TEMPLATES, font_paths=_fonts())


@cache
def _serif() -> str:
    """Choose the font of Chinese letters; typst would leave boxes where there is none."""
    families = set(_fonts().families())
    found = next((name for name in SERIF if name in families), None)
    if found is None:
        expected = f"one of {', '.join(SERIF)}"
        raise ReportError(Problem("there is no font with Chinese letters for the PDF", expected=expected, hint=INSTALL))
    return found


def report_data(report: Report, language: Language, font: str) -> Data:
    """Give a report in one language as plain data for the template."""
    return {
        "language": language,
        "font": font,
        "title": _said(report.title, language),
        "subject": _said(report.subject, language),
        "statement": _said(report.statement, language) if report.statement else None,
        "warning": _said(report.warning, language) if report.warning else None,
        "contents": CONTENTS.said(language),
        "page": [part.said(language) for part in (PAGE_BEFORE, PAGE_BETWEEN, PAGE_AFTER)],
        "engine": report.engine,
        "cover": _block(report.cover, language),
        "sections": [_section(section, language) for section in report.sections],
    }


def _said(phrase: Phrase, language: Language) -> str:
    return printable(phrase.said(language))


def _section(section: Section, language: Language) -> Data:
    return {
        "heading": printable(section.title_in(language)),
        "level": section.level,
        "blocks": [_block(block, language) for block in section.blocks],
    }


@singledispatch
def _block(block: Any, language: Language) -> Data:
    raise TypeError(f"no PDF form for {type(block).__name__} in {language}")


@_block.register
def _paragraph(block: Paragraph, language: Language) -> Data:
    return {"kind": "paragraph", "style": block.style, "content": _line(block.content, language)}


@_block.register
def _note(block: Note, language: Language) -> Data:
    return {"kind": "note", "warning": block.warning, "content": _line(block.content, language)}


@_block.register
def _key_values(block: KeyValues, language: Language) -> Data:
    return {
        "kind": "card",
        "rows": [[_said(label, language), _line(content, language, LONGEST_IN_CELL)] for label, content in block.rows],
    }


@_block.register
def _table(block: Table, language: Language) -> Data:
    return {
        "kind": "table",
        "caption": _said(block.caption, language) if block.caption else None,
        "shares": [column.share for column in block.columns],
        "aligns": [column.align for column in block.columns],
        "head": [_line(column.head, language) for column in block.columns],
        "rows": [[_line(cell, language, LONGEST_IN_CELL) for cell in row] for row in block.rows],
        "totals": block.totals,
    }


@_block.register
def _equation(block: Equation, language: Language) -> Data:
    lines = lines_of(block.formula.said(language), LONGEST_EQUATION)
    return {
        "kind": "equation",
        "alt": printable(plain(block.formula.said(language))),
        "lines": [_layout(line) for line in lines],
        "number": _said(block.number, language),
    }


@_block.register
def _signatures(block: Signatures, language: Language) -> Data:
    return {"kind": "signatures", "places": [_said(place, language) for place in block.places]}


@_block.register
def _chart(block: Chart, language: Language) -> Data:
    alt = _said(block.alt, language)
    return {
        "kind": "chart",
        "caption": _said(block.caption, language),
        "alt": alt,
        "svg": svg(block.drawing, language, alt),
    }


def _line(content: tuple[Inline, ...], language: Language, longest: int | None = None) -> list[Data]:
    """Give the parts of a line; a formula is broken into lines where it stands in a cell."""
    found: list[Data] = []
    for item in content:
        match item:
            case Break():
                found.append({"kind": "break"})
            case Phrase():
                found.append({"kind": "text", "text": _said(item, language)})
            case Figure():
                found.append({"kind": "text", "text": _said(item.text, language)})
            case Marked():
                found.append({"kind": item.mark, "text": _said(item.text, language)})
            case Formula():
                layout = item.said(language)
                lines = lines_of(layout, longest) if longest else [layout]
                alt = printable(plain(layout))
                found.append({"kind": "formula", "alt": alt, "lines": [_layout(line) for line in lines]})
    return found


def _layout(layout: Layout) -> Data:  # noqa: C901 (one case for each kind of layout)
    """Give a formula as plain data: its kind and its parts."""
    match layout:
        case Letters():
            return {"kind": "letters", "text": printable(layout.text), "upright": layout.is_upright}
        case Digits():
            return {"kind": "digits", "text": printable(layout.text)}
        case Words():
            return {"kind": "words", "text": printable(layout.text)}
        case Operator():
            return {"kind": "operator", "text": printable(layout.text), "spacing": layout.spacing}
        case Row() | Lines():
            kind = "row" if isinstance(layout, Row) else "lines"
            return {"kind": kind, "parts": [_layout(part) for part in layout.parts]}
        case Fraction():
            return {"kind": "fraction", "above": _layout(layout.above), "below": _layout(layout.below)}
        case Scripts():
            scripts = {"sub": layout.sub, "sup": layout.sup}
            given = {name: _layout(part) for name, part in scripts.items() if part is not None}
            return {"kind": "scripts", "main": _layout(layout.main), **given}
        case Root():
            return {"kind": "root", "body": _layout(layout.body)}
        case Accent():
            return {"kind": "accent", "mark": layout.mark, "body": _layout(layout.body)}
        case Fence():
            return {"kind": "fence", "body": _layout(layout.body), "left": layout.left, "right": layout.right}
        case Under():
            return {"kind": "under", "main": _layout(layout.main), "below": _layout(layout.below)}
        case Function():
            return {"kind": "function", "name": _layout(layout.name), "argument": _layout(layout.argument)}
        case Sum():
            return {"kind": "sum", "below": _layout(layout.below), "body": _layout(layout.body)}
        case Choices():
            rows = [[_layout(value), _layout(condition)] for value, condition in layout.rows]
            return {"kind": "choices", "rows": rows}
    raise TypeError(f"no PDF form for {type(layout).__name__}")

"""Writes the blocks of a report as WordprocessingML, one function for each type of block.

Numbers stand in inline content controls whose tag is the number's id. Styles and fonts are the skeleton's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

from lxml import etree

from tonne.esg.breaking import lines_of
from tonne.esg.document import (
    Break,
    Chart,
    Column,
    Content,
    Equation,
    Figure,
    Formula,
    Inline,
    KeyValues,
    Marked,
    Note,
    Paragraph,
    Phrase,
    Section,
    Signatures,
    Table,
    tag_of,
)
from tonne.esg.fonts import chinese_font
from tonne.esg.layout import Layout, printable
from tonne.esg.markup import OMML, WORDML, omml
from tonne.esg.numbers import Language
from tonne.esg.raster import png

W, M = f"{{{WORDML}}}", f"{{{OMML}}}"
NAMESPACES = {"w": WORDML, "m": OMML}
DRAWINGML = "http://schemas.openxmlformats.org/drawingml/2006"
PICTURE_FRAME = (
    f'<w:drawing xmlns:w="{WORDML}" xmlns:wp="{DRAWINGML}/wordprocessingDrawing" xmlns:a="{DRAWINGML}/main" '
    f'xmlns:pic="{DRAWINGML}/picture" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent/><wp:docPr/>'
    '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
    f'<a:graphic><a:graphicData uri="{DRAWINGML}/picture"><pic:pic>'
    "<pic:nvPicPr><pic:cNvPr/><pic:cNvPicPr/></pic:nvPicPr>"
    "<pic:blipFill><a:blip/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>"
    '<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
    "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
)
EMU_PER_UNIT = 9000  # of a drawing, a quarter of a millimetre
NO_FONT = Phrase("（生成本文件的计算机未安装中文字体，图中文字为英文。）", "")
SPACE = "{http://www.w3.org/XML/1998/namespace}space"

TEXT_WIDTH = 9070  # twentieths of a point between the margins of an A4 page
LABEL_WIDTH = 2500
NUMBER_WIDTH = 1100
SIGNATURE_HEIGHT = 850
LONGEST_EQUATION = 64  # characters of plain text
LETTER_WIDTH = 118  # of a character of a formula in a cell
AMBIGUOUS = set("“”‘’…—·")  # Word takes these from the Latin font unless it is told that they are Chinese

CELL_STYLES = {"left": "TableText", "right": "TableNumber", "centre": "TableCentre"}
PARAGRAPH_STYLES = {"body": "Normal", "lead": "Lead", "where": "Where", "small": "Small"}
SHADE = "EEF2F6"

Element = Any  # lxml elements carry no types


def element(tag: str, *children: Element, **attributes: str | int) -> Element:
    """Make a WordprocessingML element; attributes are of the same namespace."""
    made = etree.Element(f"{W}{tag}", nsmap=NAMESPACES)
    for name, value in attributes.items():
        made.set(f"{W}{name}", str(value))
    made.extend(children)
    return made


def run(text: str, language: Language, *properties: Element) -> Element:
    """Make a run of text without what must not stand in XML."""
    made = element("r")
    chosen = list(properties)
    if language == "zh" and AMBIGUOUS & set(text):
        # Word wants the properties in this order.
        style = sum(item.tag == f"{W}rStyle" for item in chosen)
        chosen.insert(style, element("rFonts", hint="eastAsia"))
    if chosen:
        made.append(element("rPr", *chosen))
    words = element("t")
    words.set(SPACE, "preserve")
    words.text = printable(text)
    made.append(words)
    return made


def paragraph(style: str, *children: Element, keep: bool = False) -> Element:
    """Make a paragraph; `keep` holds it on the page of the next."""
    properties = element("pPr", element("pStyle", val=style))
    if keep:
        properties.append(element("keepNext"))
    return element("p", properties, *children)


def equation(layout: Layout) -> Element:
    """Make a native equation of Word."""
    return etree.fromstring(omml(layout))


def displayed(layout: Layout, justified: str = "left") -> Element:
    """Make an equation that has its line for itself."""
    made = etree.Element(f"{M}oMathPara", nsmap=NAMESPACES)
    properties = etree.SubElement(made, f"{M}oMathParaPr")
    etree.SubElement(properties, f"{M}jc").set(f"{M}val", justified)
    made.append(equation(layout))
    return made


@dataclass
class WordBlocks:
    """Writes blocks in one language; numbers content controls and bookmarks as it goes."""

    language: Language
    picture: Callable[[bytes], str]  # takes a picture into the document, and gives the id of its relation
    _numbers: int = 0
    _bookmarks: dict[str, str] = field(default_factory=dict)

    # -- inline

    @singledispatchmethod
    def inline(self, item: Any) -> Element:
        """Write one part of a line."""
        raise TypeError(f"no Word form for {type(item).__name__}")

    @inline.register
    def _phrase(self, item: Phrase) -> Element:
        return run(item.said(self.language), self.language)

    @inline.register
    def _marked(self, item: Marked) -> Element:
        text = item.text.said(self.language)
        if item.mark == "code":
            return run(text, self.language, element("rStyle", val="Code"))
        properties = [element("b")]
        if item.mark == "warning":
            properties.append(element("color", val="A61C1C"))
        return run(text, self.language, *properties)

    @inline.register
    def _formula(self, item: Formula) -> Element:
        return equation(item.said(self.language))

    @inline.register
    def _figure(self, item: Figure) -> Element:
        self._numbers += 1
        properties = element(
            "sdtPr", element("tag", val=tag_of(item.id)), element("id", val=self._numbers), element("text")
        )
        content = element("sdtContent", run(item.text.said(self.language), self.language))
        return element("sdt", properties, content)

    def line(self, content: Iterable[Inline]) -> list[Element]:
        """Write the parts of a line; breaks stay breaks."""
        return [element("r", element("br")) if isinstance(item, Break) else self.inline(item) for item in content]

    # -- blocks

    @singledispatchmethod
    def block(self, item: Any) -> list[Element]:
        """Write one block."""
        raise TypeError(f"no Word form for {type(item).__name__}")

    @block.register
    def _paragraph(self, item: Paragraph) -> list[Element]:
        return [paragraph(PARAGRAPH_STYLES[item.style], *self.line(item.content))]

    @block.register
    def _note(self, item: Note) -> list[Element]:
        return [paragraph("Warning" if item.warning else "Note", *self.line(item.content))]

    @block.register
    def _key_values(self, item: KeyValues) -> list[Element]:
        widths = [LABEL_WIDTH, TEXT_WIDTH - LABEL_WIDTH]
        rows = []
        for position, (label, content) in enumerate(item.rows):
            # A card neither begins on the last line of a page nor ends on the first of another.
            keep = position < 2 or position == len(item.rows) - 2
            head = self.cell((label,), widths[0], "left", keep=keep, shade=True)
            rows.append(_row(head, self.cell(content, widths[1], "left", keep=keep)))
        return [_table(widths, rows), paragraph("Gap")]

    @block.register
    def _table_block(self, item: Table) -> list[Element]:
        widths = column_widths(item.columns)
        heads = [self.head(column, width) for column, width in zip(item.columns, widths, strict=True)]
        rows = [_row(*heads, head=True)]
        for position, contents in enumerate(item.rows):
            total = position >= len(item.rows) - item.totals
            cells = zip(contents, widths, item.columns, strict=True)
            rows.append(
                _row(*(self.cell(content, width, column.align, bold=total) for content, width, column in cells))
            )
        made = [_table(widths, rows), paragraph("Gap")]
        if item.caption:
            made[0][0].append(element("tblCaption", val=printable(item.caption.said(self.language))))
            made.insert(0, paragraph("Caption", self.inline(item.caption), keep=True))
        return made

    @block.register
    def _equation(self, item: Equation) -> list[Element]:
        widths = [TEXT_WIDTH - NUMBER_WIDTH, NUMBER_WIDTH]
        lines = lines_of(item.formula.said(self.language), LONGEST_EQUATION)
        left = [paragraph("Equation", displayed(line), keep=True) for line in lines]
        right = paragraph("EquationNumber", run(item.number.said(self.language), self.language), keep=True)
        row = _row(_cell(widths[0], *left), _cell(widths[1], right))
        return [_table(widths, [row], plain=True), paragraph("Gap", keep=True)]

    @block.register
    def _signatures(self, item: Signatures) -> list[Element]:
        widths = [LABEL_WIDTH, TEXT_WIDTH - LABEL_WIDTH]
        rows = []
        for place in item.places:
            row = _row(self.cell((place,), widths[0], "left", shade=True), _cell(widths[1], paragraph("TableText")))
            row[0].append(element("trHeight", val=SIGNATURE_HEIGHT, hRule="atLeast"))
            rows.append(row)
        return [_table(widths, rows), paragraph("Gap")]

    @block.register
    def _chart(self, item: Chart) -> list[Element]:
        self._numbers += 1
        drawing = etree.fromstring(PICTURE_FRAME)
        size = {
            "cx": str(round(item.drawing.width * EMU_PER_UNIT)),
            "cy": str(round(item.drawing.height * EMU_PER_UNIT)),
        }
        named = {"id": str(self._numbers), "name": item.id, "descr": printable(item.alt.said(self.language))}
        relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
        for node in drawing.iter("{*}extent", "{*}ext", "{*}docPr", "{*}cNvPr", "{*}blip"):
            kind = etree.QName(node).localname
            if kind == "blip":
                node.set(relation, self.picture(png(item.drawing, self.language)))
                continue
            for name, value in (size if kind in {"extent", "ext"} else named).items():
                node.set(name, value)
        made = [
            paragraph("Normal", element("r", drawing), keep=True),
            paragraph("Caption", self.inline(item.caption)),
        ]
        if self.language == "zh" and chinese_font() is None:
            made.append(paragraph("Small", self.inline(NO_FONT)))
        return made

    # -- cells

    def head(self, column: Column, width: int) -> Element:
        """Write the head of a column."""
        return _cell(width, paragraph("TableHead", *self.line(column.head)), shade=True)

    def cell(
        self,
        content: Content,
        width: int,
        align: str,
        *,
        keep: bool = False,
        bold: bool = False,
        shade: bool = False,
    ) -> Element:
        """Write a cell, each line a paragraph; a formula alone on its line is displayed."""
        lines = [part for line in _lines(content) for part in self._cell_lines(line, align, width)]
        if bold:
            for line in lines:
                _embolden(line)
        return _cell(width, *(paragraph(CELL_STYLES[align], *line, keep=keep) for line in lines), shade=shade)

    def _cell_lines(self, line: list[Inline], align: str, width: int) -> list[list[Element]]:
        if len(line) == 1 and isinstance(line[0], Formula):
            justified = "right" if align == "right" else "left"
            longest = max(1, width // LETTER_WIDTH)
            return [[displayed(part, justified)] for part in lines_of(line[0].said(self.language), longest)]
        return [self.line(line)]

    # -- sections

    def section(self, item: Section) -> list[Element]:
        """Write a section: its heading, which the contents link to, and its blocks."""
        name = f"_Toc{len(self._bookmarks) + 1:06}"
        self._bookmarks[item.id] = name
        number = len(self._bookmarks)
        text = item.title_in(self.language)
        heading = paragraph(
            f"Heading{min(item.level, 3)}",
            element("bookmarkStart", id=number, name=name),
            run(text, self.language),
            element("bookmarkEnd", id=number),
        )
        if number == 1:
            heading[0].append(element("pageBreakBefore"))
        return [heading, *(part for block in item.blocks for part in self.block(block))]

    def contents(self, sections: Iterable[Section]) -> list[Element]:
        """Write the table of contents: a field that Word brings up to date, filled with linked headings."""
        entries = [item for item in sections if item.level <= 2]
        made = []
        for item in entries:
            text = item.title_in(self.language)
            link = element("hyperlink", run(text, self.language), anchor=self._bookmarks[item.id], history=1)
            made.append(paragraph(f"toc{item.level}", link))
        if made:
            instruction = element("instrText")
            instruction.set(SPACE, "preserve")
            instruction.text = ' TOC \\o "1-2" \\h \\z \\u '
            marks = [
                element("r", element("fldChar", fldCharType="begin", dirty="true")),
                element("r", instruction),
                element("r", element("fldChar", fldCharType="separate")),
            ]
            for position, mark in enumerate(marks):
                made[0].insert(1 + position, mark)
            made[-1].append(element("r", element("fldChar", fldCharType="end")))
        return made


def column_widths(columns: tuple[Column, ...]) -> list[int]:
    """Share out the width of the text; the last column takes what division leaves."""
    whole = sum(column.share for column in columns)
    widths = [TEXT_WIDTH * column.share // whole for column in columns]
    widths[-1] += TEXT_WIDTH - sum(widths)
    return widths


def _lines(content: Content) -> list[list[Inline]]:
    lines: list[list[Inline]] = [[]]
    for item in content:
        if isinstance(item, Break):
            lines.append([])
        else:
            lines[-1].append(item)
    return lines


def _embolden(parts: list[Element]) -> None:
    for part in parts:
        for piece in part.iter(f"{W}r"):
            properties = piece.find(f"{W}rPr")
            if properties is None:
                properties = element("rPr")
                piece.insert(0, properties)
            properties.append(element("b"))


def _cell(width: int, *paragraphs: Element, shade: bool = False) -> Element:
    properties = element("tcPr", element("tcW", w=width, type="dxa"))
    if shade:
        properties.append(element("shd", val="clear", color="auto", fill=SHADE))
    properties.append(element("vAlign", val="center"))
    return element("tc", properties, *paragraphs)


def _row(*cells: Element, head: bool = False) -> Element:
    properties = element("trPr", element("cantSplit"))
    if head:
        properties.append(element("tblHeader"))
    return element("tr", properties, *cells)


def _table(widths: list[int], rows: list[Element], *, plain: bool = False) -> Element:
    properties = element(
        "tblPr",
        element("tblStyle", val="TableNormal" if plain else "ReportTable"),
        element("tblW", w=sum(widths), type="dxa"),
        element("tblLayout", type="fixed"),
    )
    grid = element("tblGrid", *(element("gridCol", w=width) for width in widths))
    return element("tbl", properties, grid, *rows)

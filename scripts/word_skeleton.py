"""Makes esg/templates/report.docx, the skeleton of Word reports: page, styles, fonts, cover, header and footer.

The skeleton may be edited in Word afterwards, as long as its placeholders and style names stay.
"""

import io
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from tonne.esg.word import timeless

TARGET = Path(__file__).resolve().parent.parent / "esg" / "templates" / "report.docx"

LATIN, BODY, HEADING, CODE = "Times New Roman", "仿宋", "宋体", "Courier New"
# What a reader without the customary fonts gets instead; the fonts themselves are never shipped.
ALTERNATIVES = {
    "仿宋": ("FangSong", "Noto Serif CJK SC"),
    "宋体": ("SimSun", "Noto Serif CJK SC"),
}
INK, GREY, RED = RGBColor(0x1A, 0x1A, 0x1A), RGBColor(0x55, 0x5B, 0x61), RGBColor(0xA6, 0x1C, 0x1C)
LINE = "9AA5B1"

TABLE_STYLE = f"""
<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="ReportTable">
  <w:name w:val="Report Table"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="59"/><w:qFormat/>
  <w:tblPr>
    <w:tblBorders>
      <w:top w:val="single" w:sz="8" w:space="0" w:color="{LINE}"/>
      <w:left w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>
      <w:bottom w:val="single" w:sz="8" w:space="0" w:color="{LINE}"/>
      <w:right w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>
      <w:insideH w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>
      <w:insideV w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>
    </w:tblBorders>
    <w:tblCellMar>
      <w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>
      <w:bottom w:w="40" w:type="dxa"/><w:right w:w="85" w:type="dxa"/>
    </w:tblCellMar>
  </w:tblPr>
</w:style>"""


def set_fonts(style: Any, east_asian: str, latin: str = LATIN) -> None:
    """Name the fonts of a style; theme fonts would take precedence and are removed."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for script, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", east_asian)):
        fonts.set(qn(f"w:{script}"), font)


def paragraph_style(  # noqa: PLR0913 (each is one visible property)
    document: Any,
    name: str,
    size: float,
    *,
    east_asian: str = BODY,
    bold: bool = False,
    colour: RGBColor = INK,
    before: float = 0,
    after: float = 0,
    line: float = 1.0,
    align: WD_ALIGN_PARAGRAPH | None = None,
    keep: bool = False,
) -> Any:
    """Make a paragraph style, or change the one that is there."""
    known = {style.name for style in document.styles}
    style = (
        document.styles[name]
        if name in known
        else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=name.startswith("toc "))
    )
    set_fonts(style, east_asian)
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.color.rgb = colour
    for tag in ("w:spacing", "w:kern"):  # of letters, from the empty document
        for extra in style.element.rPr.findall(qn(tag)):
            style.element.rPr.remove(extra)
    layout = style.paragraph_format
    layout.space_before, layout.space_after, layout.line_spacing = Pt(before), Pt(after), line
    layout.keep_with_next = keep
    if align is not None:
        layout.alignment = align
    style.quick_style = True
    return style


def framed(style: Any, colour: str, fill: str) -> None:
    """Give a paragraph style a bar at its left and a light ground."""
    properties = style.element.get_or_add_pPr()
    borders = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="18" w:space="8" w:color="{colour}"/></w:pBdr>'
    )
    shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
    spacing = properties.find(qn("w:spacing"))
    for element in (borders, shade):
        spacing.addprevious(element)


def make_styles(document: Any) -> None:
    """Make every style that the writer names."""
    centre, right = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
    paragraph_style(document, "Normal", 10.5, after=5, line=1.25)
    paragraph_style(document, "Title", 22, east_asian=HEADING, bold=True, before=70, after=16, line=1.1, align=centre)
    for border in document.styles["Title"].element.pPr.findall(qn("w:pBdr")):
        document.styles["Title"].element.pPr.remove(border)
    paragraph_style(document, "Subtitle", 15, east_asian=HEADING, after=30, line=1.1, align=centre)
    paragraph_style(document, "Heading 1", 15, east_asian=HEADING, bold=True, before=18, after=7, line=1.1, keep=True)
    paragraph_style(document, "Heading 2", 12.5, east_asian=HEADING, bold=True, before=13, after=5, line=1.1, keep=True)
    paragraph_style(document, "Heading 3", 11, east_asian=HEADING, bold=True, before=9, after=4, line=1.1, keep=True)
    paragraph_style(document, "Caption", 9.5, east_asian=HEADING, bold=True, before=7, after=3, keep=True)
    paragraph_style(document, "Contents Heading", 15, east_asian=HEADING, bold=True, after=10)
    paragraph_style(document, "toc 1", 10, before=2)
    paragraph_style(document, "toc 2", 10).paragraph_format.left_indent = Mm(7)
    paragraph_style(document, "Lead", 10.5, before=9, after=2, line=1.15, keep=True)
    paragraph_style(document, "Small", 9, colour=GREY, before=2, after=4, line=1.15)
    paragraph_style(document, "Where", 9, colour=GREY, before=2, after=4, line=1.15, keep=True)
    paragraph_style(document, "Equation", 11, before=2, after=2)
    paragraph_style(document, "Table Text", 9, line=1.1)
    paragraph_style(document, "Table Head", 9, east_asian=HEADING, bold=True, line=1.1, align=centre, keep=True)
    paragraph_style(document, "Table Number", 9, line=1.1, align=right)
    paragraph_style(document, "Table Centre", 9, line=1.1, align=centre)
    paragraph_style(document, "Equation Number", 10.5, align=right)
    paragraph_style(document, "Gap", 4, line=1.0)
    note = paragraph_style(document, "Note", 10, before=4, after=6, line=1.2)
    warning = paragraph_style(document, "Warning", 10, bold=True, colour=RED, before=4, after=6, line=1.2)
    framed(note, "5B7C99", "F3F6F9")
    framed(warning, "A61C1C", "FBF1F1")
    paragraph_style(
        document, "Statement", 12, east_asian=HEADING, bold=True, colour=RED, before=6, after=6, align=centre
    )
    for name in ("Header", "Footer"):
        paragraph_style(document, name, 8.5, colour=GREY, after=4 if name == "Header" else 0, align=centre)
    code = document.styles.add_style("Code", WD_STYLE_TYPE.CHARACTER)
    set_fonts(code, BODY, CODE)
    code.font.size = Pt(6.5)
    document.styles.element.append(parse_xml(TABLE_STYLE))


def name_fonts(document: Any) -> None:
    """Write the font table, with what may stand in for the customary Chinese fonts."""
    fonts = "".join(
        f'<w:font w:name="{font}"><w:altName w:val="{",".join(others)}"/>'
        '<w:charset w:val="86"/><w:family w:val="roman"/><w:pitch w:val="variable"/></w:font>'
        for font, others in ALTERNATIVES.items()
    )
    part = next(part for part in document.part.package.iter_parts() if str(part.partname) == "/word/fontTable.xml")
    part._blob = f'<?xml version="1.0" encoding="UTF-8"?><w:fonts {nsdecls("w")}>{fonts}</w:fonts>'.encode()  # noqa: SLF001


def drop_what_is_not_used(document: Any) -> None:
    """Leave out the styles, effects and thumbnail that come with an empty document."""
    kept = {
        "Normal",
        "Title",
        "Subtitle",
        "Caption",
        "Header",
        "Footer",
        "Normal Table",
        "Default Paragraph Font",
        "No List",
    }
    kept |= {"Heading 1", "Heading 2", "Heading 3"}
    for style in list(document.styles):
        linked = style.element.find(qn("w:link"))
        if linked is not None:
            style.element.remove(linked)
        if style.name.endswith(" Char") or (
            style.builtin and style.name not in kept and not style.name.startswith("toc ")
        ):
            style.element.getparent().remove(style.element)
    for owner in (document.part, document.part.package):
        for key, relation in list(owner.rels.items()):
            if relation.reltype.endswith(("/stylesWithEffects", "/customXml", "/thumbnail", "/numbering")):
                del owner.rels[key]


def name_languages(document: Any) -> None:
    """Say which languages the text is in, so that Word checks spelling and breaks lines rightly."""
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    for language in document.settings.element.iter(qn("w:themeFontLang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    for setting in document.settings.element.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")  # tables then begin at the margin
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.title = properties.comments = properties.keywords = ""


def field(paragraph: Any, instruction: str) -> None:
    """Add a field such as the page number."""
    for kind, text in (
        ("begin", None),
        (None, instruction),
        ("separate", None),
        ("result", "1"),
        ("end", None),
    ):
        run = paragraph.add_run()
        if kind in {"begin", "separate", "end"}:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)  # noqa: SLF001
        elif kind == "result":
            run.text = text
        else:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {text} "
            run._r.append(code)  # noqa: SLF001


def make_page(document: Any) -> None:
    """Set A4 with margins, header and footer; the cover has neither."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(30), Mm(24)
    section.header_distance = section.footer_distance = Mm(12)
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].add_run("{%p if statement %}")
    for text in ("{{ statement }}", "{%p endif %}", "{{ header }}"):
        section.header.add_paragraph(text, "Header")
    footer = section.footer.paragraphs[0]
    footer.add_run("{{ page_before }}")
    field(footer, "PAGE")
    footer.add_run("{{ page_between }}")
    field(footer, "NUMPAGES")
    footer.add_run("{{ page_after }}")


def make_text(document: Any) -> None:
    """Write the cover and the places of contents and body."""
    for text, style in (
        ("{{ title }}", "Title"),
        ("{{ subject }}", "Subtitle"),
        ("{%p if statement %}", "Statement"),
        ("{{ statement }}", "Statement"),
        ("{%p endif %}", "Statement"),
        ("{%p if warning %}", "Warning"),
        ("{{ warning }}", "Warning"),
        ("{%p endif %}", "Warning"),
        ("{{p cover }}", "Normal"),
    ):
        document.add_paragraph(text, style)
    heading = document.add_paragraph("{{ contents_heading }}", "Contents Heading")
    heading.paragraph_format.page_break_before = True
    document.add_paragraph("{{p contents }}", "Normal")
    document.add_paragraph("{{p body }}", "Normal")


def main() -> None:
    """Make the skeleton."""
    document = Document()
    make_styles(document)
    name_fonts(document)
    drop_what_is_not_used(document)
    name_languages(document)
    make_page(document)
    make_text(document)
    TARGET.parent.mkdir(exist_ok=True)
    written = io.BytesIO()
    document.save(written)
    TARGET.write_bytes(timeless(written.getvalue()))
    print(TARGET)


if __name__ == "__main__":
    main()

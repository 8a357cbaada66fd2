"""Writes a report as a Word document: the skeleton's cover, header and footer, and the blocks as its body.

The bytes depend on the report alone. Layout and fonts are those of `templates/report.docx`.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from docxtpl import DocxTemplate
from lxml import etree
from markupsafe import Markup

from tonne.esg.document import Phrase, Report
from tonne.esg.layout import printable
from tonne.esg.numbers import Language
from tonne.esg.render import TEMPLATES, environment
from tonne.esg.word_blocks import Element, WordBlocks

SKELETON = TEMPLATES / "report.docx"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip archive can tell

HEADER = Phrase("{subject}　{title}", "{subject} · {title}")
CONTENTS = Phrase("目录", "Contents")
PAGE_BEFORE, PAGE_BETWEEN, PAGE_AFTER = Phrase("第 ", "Page "), Phrase(" 页，共 ", " of "), Phrase(" 页", "")

_CLOCK = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>")


def write_word(report: Report, language: Language, path: Path, skeleton: Path = SKELETON) -> None:
    """Write a report in one language as a Word document, in the layout of a skeleton that was checked."""
    template = DocxTemplate(skeleton)
    part = template.get_docx().part
    blocks = WordBlocks(language, lambda picture: str(part.get_or_add_image(io.BytesIO(picture))[0]))
    cover = blocks.block(report.cover)
    body = [part for section in report.sections for part in blocks.section(section)]
    contents = blocks.contents(report.sections)
    statement = printable(report.statement.said(language)) if report.statement else ""
    title, subject = (printable(text.said(language)) for text in (report.title, report.subject))
    template.render(
        {
            "title": title,
            "subject": subject,
            "statement": statement,
            "warning": printable(report.warning.said(language)) if report.warning else "",
            "header": HEADER.filled(subject=subject, title=title).said(language),
            "page_before": PAGE_BEFORE.said(language),
            "page_between": PAGE_BETWEEN.said(language),
            "page_after": PAGE_AFTER.said(language),
            "contents_heading": CONTENTS.said(language),
            "cover": _xml(cover),
            "contents": _xml(contents),
            "body": _xml(body),
        },
        jinja_env=environment(),
        autoescape=True,
    )
    properties = template.docx.core_properties
    properties.title, properties.subject, properties.author = (
        f"{title} {subject}"[:255],
        subject[:255],
        report.engine,
    )
    properties.language = {"zh": "zh-CN", "en": "en"}[language]
    written = io.BytesIO()
    template.save(written)
    path.write_bytes(timeless(written.getvalue()))


def _xml(parts: Iterable[Element]) -> Markup:
    return Markup("".join(etree.tostring(part, encoding="unicode") for part in parts))  # noqa: S704 (made of escaped parts)


def timeless(archive: bytes) -> bytes:
    """Write an Office archive anew without the times at which it was made."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _CLOCK.sub(b"", content)
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return made.getvalue()

"""Reads a PDF back and holds its numbers against the report that it was made of, in reading order.

A PDF does not say what a number is of, so the order is what is checked: each number of the report must be found after
the one before it. A number that is missing or was altered is named with the heading it stands under.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError

from tonne.engine.errors import Place, Problem, ReportError
from tonne.esg.document import Figure, Report, figures_in
from tonne.esg.numbers import Language
from tonne.esg.readback import Difference


def read_back_pdf(path: Path, report: Report, language: Language) -> int:
    """Read the numbers of a PDF and compare them with its report; gives how many there are.

    Raises:
        ReportError: the file cannot be read, or a number of the report is not where it belongs.
    """
    differences = pdf_differences(path, report, language)
    if differences:
        raise ReportError([difference.problem for difference in differences])
    return len(report.figures)


def pdf_differences(path: Path, report: Report, language: Language) -> list[Difference]:
    """List the numbers of a report that a PDF does not show where they belong; ReportError if it cannot be read."""
    text, at = pdf_text(path), 0
    found: list[Difference] = []
    for heading, figure in _figures(report, language):
        match = _pattern(figure.text.said(language)).search(text, at)
        if match:
            at = match.end()
            continue
        place = Place(str(path), field=heading or None)
        problem = Problem(
            f"{figure.id} differs from the result, or is missing",
            place,
            figure.text.said(language),
            text[at : at + 60].replace("\n", " ") or "the end of the document",
            "write the documents anew",
        )
        found.append(Difference("document.number_differs", figure.id, problem))
    return found


def pdf_text(path: Path) -> str:
    """Give the words of a PDF; ReportError if it cannot be read."""
    try:
        with PdfDocument(path) as document:
            return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    except PdfiumError as fault:
        raise ReportError(Problem("this is not a PDF document", Place(str(path)), found=str(fault)[:200])) from None


def _figures(report: Report, language: Language) -> Iterator[tuple[str, Figure]]:
    yield from (("", figure) for figure in figures_in(report.cover))
    for section in report.sections:
        yield from ((section.title_in(language), figure) for figure in figures_in(section.blocks))


def _pattern(text: str) -> re.Pattern[str]:
    """Look for a number that stands alone; readers of PDF put blanks where they like."""
    apart = r"\s*".join(map(re.escape, text))
    return re.compile(rf"(?<![\d.,−]){apart}(?!\d|[.,]\d)")

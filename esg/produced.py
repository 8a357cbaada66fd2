"""Reads each produced document again before it counts, or when somebody asks whether it still says what was computed.

`readback` compares single numbers, `completeness` looks at a document as a whole; here they meet for each kind of file.
"""

from collections.abc import Mapping
from pathlib import Path

from tonne.engine.errors import ReportError
from tonne.engine.result.result import Result
from tonne.esg.completeness import (
    empty_sections,
    missing_figures,
    report_differences,
    unfilled_places,
    unlike_languages,
)
from tonne.esg.document import LANGUAGES, Report
from tonne.esg.document_names import page_file, word_file
from tonne.esg.numbers import Language
from tonne.esg.readback import Difference, ReadText, figure_differences, read_page, read_word


def word_faults(path: Path, read: ReadText, result: Result, report: Report | None = None) -> list[Difference]:
    """List what is wrong with a Word document that was read; without its report, what the result alone can tell."""
    return [
        *figure_differences(path, read.figures, result),
        *(missing_figures(path, read.figures, report) if report else []),
        *unfilled_places(path, read.text, result),
        *empty_sections(path, read.sections),
    ]


def page_faults(
    path: Path, read: Mapping[Language, ReadText], result: Result, report: Report | None = None
) -> list[Difference]:
    """List what is wrong with a page that was read, as of a Word document; and where its languages are not alike."""
    faults = [fault for language in LANGUAGES for fault in word_faults(path, read[language], result, report)]
    faults += unlike_languages(path, read["zh"].figures, read["en"].figures)
    return list({fault.problem: fault for fault in faults}.values())


def read_back_outline(folder: Path, outline: str, result: Result, report: Report) -> None:
    """Read the documents of an outline.

    Raises:
        ReportError: with every place that is not as in the result, or not whole.
    """
    page = folder / page_file(outline)
    faults = report_differences(page, report)
    words = {language: read_word(folder / word_file(outline, language)) for language in LANGUAGES}
    for language, read in words.items():
        faults += word_faults(folder / word_file(outline, language), read, result, report)
    faults += page_faults(page, read_page(page), result, report)
    faults += unlike_languages(folder / word_file(outline, "en"), words["zh"].figures, words["en"].figures)
    if faults:
        raise ReportError([fault.problem for fault in faults])

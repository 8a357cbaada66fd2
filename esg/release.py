"""Writes the files of a result: reports, workbook, values, dossier; each is read back before it counts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tonne.engine.collector import collector_paused
from tonne.engine.result.files import (
    DOSSIER_FILE,
    RESULT_FILE,
    VALUES_FILE,
    write_dossier,
    write_result,
    write_values,
)
from tonne.engine.result.result import Result
from tonne.esg.document import LANGUAGES, Report
from tonne.esg.document_names import page_file, pdf_file, word_file
from tonne.esg.figures import Figures
from tonne.esg.folder import whole_folder
from tonne.esg.monitoring import monitoring_report
from tonne.esg.outline import PLAIN, Outline, load_outline, usual_outlines
from tonne.esg.own_templates import OwnTemplates
from tonne.esg.page import write_page
from tonne.esg.produced import read_back_outline
from tonne.esg.word import SKELETON, write_word
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_check import read_back_workbook

WORD_FILES = {language: word_file(PLAIN, language) for language in LANGUAGES}
PAGE_FILE = page_file(PLAIN)
WORKBOOK_FILE = "workbook.xlsx"


def release(
    result: Result,
    out: Path,
    told: Callable[[str], None] | None = None,
    *,
    outlines: Sequence[str] = (),
    templates: OwnTemplates | None = None,
    pdf: bool = False,
) -> Path:
    """Write every file of a result into a folder, as a whole or not at all.

    An earlier output there is replaced; a folder with other files is left alone.

    Args:
        result: what is written.
        out: the folder.
        told: is told each stage as it begins.
        outlines: which reports to write; else those that the project names, or the usual ones.
        templates: a user's own outlines and styles.
        pdf: also write each report as PDF, which needs the extra `pdf`.

    Raises:
        ReportError: the folder holds other files, there is no such outline, or a document does not agree with the result.
    """
    out, own = out.resolve(), templates or OwnTemplates()
    chosen = [load_outline(name, own.outlines) for name in dict.fromkeys(outlines) or usual_outlines(result)]
    with collector_paused(), whole_folder(out) as folder:
        reports = _write_all(result, folder, told or (lambda _stage: None), chosen, own)
        if pdf:
            _write_pdf(reports, folder, told or (lambda _stage: None))
    return out


def _write_all(
    result: Result, folder: Path, tell: Callable[[str], None], outlines: list[Outline], own: OwnTemplates
) -> Mapping[str, Report]:
    tell("result")
    write_result(result, folder / RESULT_FILE)
    write_values(result, folder / VALUES_FILE)
    tell("reports")
    figures = Figures(result)
    reports = {outline.id: monitoring_report(result, outline, figures) for outline in outlines}
    for outline in outlines:
        report = reports[outline.id]
        for language in LANGUAGES:
            write_word(report, language, folder / word_file(outline.id, language), own.skeleton or SKELETON)
        write_page(report, folder / page_file(outline.id), own.style)
    tell("workbook")
    sheets = write_workbook(result, folder / WORKBOOK_FILE)
    tell("reading back")
    for outline in outlines:
        read_back_outline(folder, outline.id, result, reports[outline.id])
    read_back_workbook(folder / WORKBOOK_FILE, result, sheets)
    tell("dossier")
    write_dossier(result, folder / DOSSIER_FILE, folder)
    return reports


def _write_pdf(reports: Mapping[str, Report], folder: Path, tell: Callable[[str], None]) -> None:
    from tonne.esg.pdf import write_pdf  # noqa: PLC0415 (an optional extra)
    from tonne.esg.pdf_check import read_back_pdf  # noqa: PLC0415

    tell("PDF")
    for outline, report in reports.items():
        for language in LANGUAGES:
            path = folder / pdf_file(outline, language)
            write_pdf(report, language, path)
            read_back_pdf(path, report, language)

"""Writes the files of a result: reports, workbook, values, dossier; each is read back before it counts."""

from collections.abc import Callable
from pathlib import Path

from tonne.engine.result.files import (
    DOSSIER_FILE,
    RESULT_FILE,
    VALUES_FILE,
    write_dossier,
    write_result,
    write_values,
)
from tonne.engine.result.result import Result
from tonne.esg.folder import whole_folder
from tonne.esg.monitoring import monitoring_report
from tonne.esg.numbers import Language
from tonne.esg.page import write_page
from tonne.esg.readback import read_back_page, read_back_word
from tonne.esg.word import write_word
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_check import read_back_workbook

WORD_FILES: dict[Language, str] = {"zh": "report.zh.docx", "en": "report.en.docx"}
PAGE_FILE = "report.html"
WORKBOOK_FILE = "workbook.xlsx"


def release(result: Result, out: Path, told: Callable[[str], None] | None = None) -> Path:
    """Write every file of a result into a folder, as a whole or not at all.

    An earlier output there is replaced; a folder with other files is left alone.

    Raises:
        ReportError: the folder holds other files, or a document does not agree with the result.
    """
    out = out.resolve()
    with whole_folder(out) as folder:
        _write_all(result, folder, told or (lambda _stage: None))
    return out


def _write_all(result: Result, folder: Path, tell: Callable[[str], None]) -> None:
    tell("result")
    write_result(result, folder / RESULT_FILE)
    write_values(result, folder / VALUES_FILE)
    tell("reports")
    report = monitoring_report(result)
    for language, name in WORD_FILES.items():
        write_word(report, language, folder / name)
    write_page(report, folder / PAGE_FILE)
    tell("workbook")
    write_workbook(result, folder / WORKBOOK_FILE)
    tell("reading back")
    for name in WORD_FILES.values():
        read_back_word(folder / name, result)
    read_back_page(folder / PAGE_FILE, result)
    read_back_workbook(folder / WORKBOOK_FILE, result)
    tell("dossier")
    write_dossier(result, folder / DOSSIER_FILE)

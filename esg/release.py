"""Writes the output folder of a run: all of it, read back and agreeing with the result, or nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.files import (
    DOSSIER_FILE,
    RESULT_FILE,
    VALUES_FILE,
    write_dossier,
    write_result,
    write_values,
)
from tonne.engine.result.result import Result
from tonne.esg.monitoring import monitoring_report
from tonne.esg.page import write_page
from tonne.esg.readback import read_back_page, read_back_word
from tonne.esg.word import write_word
from tonne.esg.workbook import write_workbook
from tonne.esg.workbook_check import read_back_workbook

WORD_FILES = {"zh": "report.zh.docx", "en": "report.en.docx"}
PAGE_FILE = "report.html"
WORKBOOK_FILE = "workbook.xlsx"


def release(result: Result, out: Path, told: Callable[[str], None] | None = None) -> Path:
    """Write every file of a result into a folder.

    The files are written into a temporary folder beside it, read back and compared, and only then moved.
    A folder that an earlier run wrote is replaced; any other that is not empty is left alone.

    Raises:
        ReportError: the folder holds other files, or a document does not agree with the result.
    """
    tell = told or (lambda _stage: None)
    out = out.resolve()
    require_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write_all(result, scratch, tell)
        scratch.chmod(0o755)
        _replace(scratch, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out


def require_free(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier output.

    Raises:
        ReportError: it is a file, or holds other files.
    """
    if out.is_file():
        raise ReportError(Problem("the output folder is a file", Place(str(out)), hint="name a folder"))
    if out.is_dir() and any(out.iterdir()) and not (out / RESULT_FILE).is_file():
        raise ReportError(
            Problem("the output folder holds files that are not an earlier output", Place(str(out)), hint="name an empty or new folder")
        )


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


def _replace(new: Path, out: Path) -> None:
    """Move a finished folder into place; the earlier one goes only when the new one stands."""
    if not out.exists():
        new.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    os.rename(out, old / "out")  # noqa: PTH104 (rename, never copy)
    try:
        new.rename(out)
    except OSError:
        os.rename(old / "out", out)  # noqa: PTH104
        raise
    shutil.rmtree(old, ignore_errors=True)

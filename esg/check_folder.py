"""Writes check reports into a folder: a page and its data for each methodology, and a list when there are several.

Everything is made before anything is written; each file is moved into place as a whole. Earlier check reports are
replaced, and no other file ever is.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.prove.report import KIND, ProofReport
from tonne.esg.check_page import index_text, page_text

INDEX = "index.html"
_MARKED_WITHIN = 400  # bytes from the beginning in which a report says what it is


def page_name(report: ProofReport) -> str:
    """Name the page of a report."""
    return f"{report.methodology.id}.check.html"


def write_check_reports(reports: Sequence[ProofReport], out: Path) -> list[Path]:
    """Write the reports into a folder, which may hold other files and earlier check reports.

    Returns:
        the files written.

    Raises:
        ReportError: the folder is a file, two methodologies have one id, or a file that is no check report has
            the name of one.
    """
    texts = _texts(_distinct(reports))
    out = out.resolve()
    _require_free(out, list(texts))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".check-", dir=out) as scratch:
        for name, text in texts.items():
            (Path(scratch) / name).write_text(text, "utf-8", newline="\n")
        for name in texts:
            (Path(scratch) / name).replace(out / name)
    return [out / name for name in texts]


def _distinct(reports: Sequence[ProofReport]) -> list[ProofReport]:
    """Leave out what is given twice."""
    found: dict[str, ProofReport] = {}
    for report in reports:
        known = found.setdefault(report.methodology.id, report)
        if known.methodology.digest != report.methodology.digest:
            raise ReportError(
                Problem(
                    f"two different specs have the id '{report.methodology.id}', and reports are named by it",
                    hint="write them into different folders",
                )
            )
    return list(found.values())


def _texts(reports: list[ProofReport]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for report in reports:
        texts[page_name(report)] = page_text(report)
        texts[f"{report.methodology.id}.check.json"] = json.dumps(report.as_data(), ensure_ascii=False, indent=1) + "\n"
    if len(reports) > 1:
        texts[INDEX] = index_text(reports, {report.methodology.id: page_name(report) for report in reports})
    return texts


def _require_free(out: Path, names: list[str]) -> None:
    if out.exists() and not out.is_dir():
        raise ReportError(Problem("the folder for the reports is a file", Place(str(out)), hint="name a folder"))
    problems = [
        Problem(
            "this file is no check report and would be replaced",
            Place(str(out / name)),
            hint="name another folder",
        )
        for name in names
        if (out / name).exists() and not _is_ours(out / name)
    ]
    if problems:
        raise ReportError(problems)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return KIND.encode() in file.read(_MARKED_WITHIN)

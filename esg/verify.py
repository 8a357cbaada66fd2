"""Verifies what a run has written: computes it again from its dossier, and compares every file with that.

Knows neither how a result is computed nor how a file is read; `engine.reopen` and `documents_check` do.
"""

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonne.engine.errors import Place, Problem, UnknownNameError
from tonne.engine.findings import Finding, Severity, identified
from tonne.engine.reopen import altered_files, reopened
from tonne.engine.result.files import DOSSIER_FILE, RESULT_FILE, VALUES_FILE
from tonne.engine.result.result import Result, plain
from tonne.esg.document import Phrase
from tonne.esg.documents_check import Examined, examined_data, examined_folder, of_another_result
from tonne.esg.numbers import Language

VERIFIED = Phrase(
    "已由dossier.zip重算并核对{files}个文件、{numbers}处数值与内容，全部一致；减排量{reduction} tCO2e",
    "computed again from the dossier; {numbers} numbers and cells in {files} files agree; reduction {reduction} tCO2e",
)
NOT_VERIFIED = Phrase(
    "已由dossier.zip重算并核对{files}个文件、{numbers}处数值与内容，{differences}处不一致",
    "computed again from the dossier; of {numbers} numbers and cells in {files} files {differences} differ",
)


@dataclass(frozen=True)
class Verification:
    """What verifying found: the result computed anew, and each file that was compared."""

    result: Result
    files: tuple[Examined, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that differs, file by file."""
        return identified(finding for file in self.files for finding in file.findings)

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not any(finding.severity != Severity.NOTE for finding in self.findings)

    def said(self, language: Language) -> str:
        """Sum it up in a sentence."""
        differences = sum(finding.severity != Severity.NOTE for finding in self.findings)
        return (
            (NOT_VERIFIED if differences else VERIFIED)
            .filled(
                files=len(self.files),
                numbers=f"{sum(file.compared for file in self.files):,}",
                differences=differences,
                reduction=plain(self.result.rounded_total("reduction")),
            )
            .said(language)
        )

    def as_data(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "passed": self.passed,
            "digest": self.result.digest,
            "files": [{"name": file.name, "compared": file.compared} for file in self.files],
            "differences": [_as_data(finding) for finding in self.findings],
        }


def verify(reference: str | Path, told: Callable[[str], None] | None = None) -> Verification:
    """Compute an output folder or a dossier again, and compare all that stands in it.

    Args:
        reference: the output folder of a run, or a dossier.
        told: is told each stage as it begins.

    Raises:
        UnknownNameError: there is no dossier.
        TonneError: the dossier is damaged, or its project cannot be computed.
    """
    path, tell = Path(reference), told or (lambda _stage: None)
    archive = path / DOSSIER_FILE if path.is_dir() else path
    if path.is_dir() and not archive.is_file():
        raise UnknownNameError(
            Problem(f"no dossier in {reference}", hint="`tonne check PROJECT --documents DIR` compares without one")
        )
    with reopened(archive, told) as (result, stated):
        tell("comparison of files")
        files = examined_folder(path, result) if path.is_dir() else []
        files.append(_dossier(archive, result, stated))
    return Verification(result, tuple(files))


def _dossier(archive: Path, result: Result, stated: str) -> Examined:
    """Compare what a dossier says of its own files, and the result in it."""
    findings = [_altered(archive, *fault) for fault in altered_files(archive)]
    if stated != result.digest:
        findings.append(of_another_result(archive, stated, result.digest))
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch, zipfile.ZipFile(archive) as opened:
        for name in {RESULT_FILE, VALUES_FILE} & set(opened.namelist()):
            opened.extract(name, scratch)
        inside = examined_data(Path(scratch), result)
    findings += [finding for file in inside for finding in file.findings]
    return Examined(archive.name, sum(file.compared for file in inside), tuple(findings))


def _altered(archive: Path, name: str, stated: str, found: str) -> Finding:
    return Finding(
        "document.dossier_altered",
        Severity.CORRECTIVE_ACTION,
        f"{archive.name}中的{name}与清单不符：清单摘要值{stated[:12]}，文件为{found[:12]}。",
        f"{name} in {archive.name} is not the file of its manifest: digest {stated[:12]} there, {found[:12]} of the file.",
        {"file": archive.name, "tag": name, "expected": stated, "printed": found},
        Place(str(archive)),
    )


def _as_data(finding: Finding) -> dict[str, Any]:
    evidence = finding.evidence
    place = finding.place
    return {
        "id": finding.id,
        "code": finding.code,
        "file": evidence.get("file"),
        "place": place.field if place and place.field else evidence.get("cell") or evidence.get("tag"),
        "expected": evidence.get("expected") or evidence.get("computed"),
        "found": evidence.get("printed") or evidence.get("stated"),
        "zh": finding.zh,
        "en": finding.en,
    }

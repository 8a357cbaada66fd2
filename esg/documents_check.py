"""Reads an output folder again and reports, as findings, every number, formula and name that is not as in the result.

Knows which files a release writes; what stands in them is read by `readback` and `workbook_check`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError, UnknownNameError
from tonne.engine.findings import Finding, Severity, identified
from tonne.engine.result.files import DOSSIER_FILE, RESULT_FILE, VALUES_FILE
from tonne.engine.result.result import Result
from tonne.esg.document import LANGUAGES, Phrase, Report
from tonne.esg.document_names import page_file, pdf_file, word_file, written_outlines
from tonne.esg.figures import phrase
from tonne.esg.monitoring import monitoring_report
from tonne.esg.numbers import Language
from tonne.esg.outline import PLAIN, load_outline, outline_ids
from tonne.esg.produced import page_faults, word_faults
from tonne.esg.readback import Difference, read_page, read_word
from tonne.esg.release import WORKBOOK_FILE
from tonne.esg.result_check import result_differences, stated_digest, values_differences
from tonne.esg.workbook_check import cell_count, workbook_differences

READ = {".docx", ".html", ".pdf", ".xlsx"}

_SENTENCES: dict[str, Phrase] = {
    "document.number_differs": Phrase(
        "{file}{where}：{subject}为{found}，计算结果为{expected}，两者不一致；请更正，或重新生成文件。",
        "{file}{where}: {subject} is {found}, but {expected} in the result. Please correct it, or write the documents anew.",
    ),
    "document.number_unknown": Phrase(
        "{file}{where}：数值{subject}（{found}）在计算结果中不存在。",
        "{file}{where}: {subject} ({found}) is not in the result.",
    ),
    "document.result_missing": Phrase(
        "{file}：缺少结果{subject}，或其标记已被删除。",
        "{file}: the result {subject} is missing, or its mark was removed.",
    ),
    "workbook.formula_differs": Phrase(
        "{file}，单元格{subject}：公式为{found}，与方法学公式{expected}不一致。",
        "{file}, cell {subject}: the formula is {found}, where the methodology has {expected}.",
    ),
    "workbook.formula_replaced": Phrase(
        "{file}，单元格{subject}：公式已被数值{found}覆盖，无法由原始数据重算；应为{expected}。",
        "{file}, cell {subject}: the formula was replaced by {found}, so that it cannot be recomputed; it should be {expected}.",
    ),
    "workbook.value_differs": Phrase(
        "{file}，单元格{subject}：数值为{found}，计算结果为{expected}。",
        "{file}, cell {subject}: the value is {found}, but {expected} in the result.",
    ),
    "workbook.text_differs": Phrase(
        "{file}，单元格{subject}：文字为“{found}”，应为“{expected}”。",
        "{file}, cell {subject}: the text is “{found}”, where “{expected}” belongs.",
    ),
    "workbook.cell_unexpected": Phrase(
        "{file}，单元格{subject}：不应有内容，现为{found}。",
        "{file}, cell {subject}: {found} does not belong there.",
    ),
    "document.not_filled": Phrase(
        "{file}：“{found}”处未填入内容；请重新生成文件。",
        "{file}: “{found}” was not filled in. Please write the documents anew.",
    ),
    "document.section_empty": Phrase("{file}：“{subject}”一节没有内容。", "{file}: the section “{subject}” is empty."),
    "document.sum_differs": Phrase(
        "{file}{where}：{subject}为{found}，不等于上方各行之和{expected}。",
        "{file}{where}: {subject} is {found}, but the rows above it add up to {expected}.",
    ),
    "document.languages_differ": Phrase(
        "{file}{where}：中英文内容不对应（{subject}）。",
        "{file}{where}: the languages do not say the same ({subject}).",
    ),
    "workbook.id_missing": Phrase("{file}：缺少数值{subject}。", "{file}: the value {subject} is missing."),
}


@dataclass(frozen=True)
class Examined:
    """A file that was compared: how many numbers, texts and cells, and what was found."""

    name: str
    compared: int
    findings: tuple[Finding, ...]


def document_findings(folder: Path, result: Result) -> tuple[Finding, ...]:
    """Compare every file of an output folder with a result.

    Raises:
        UnknownNameError: there is no such folder.
    """
    return identified(finding for file in examined_folder(folder, result) for finding in file.findings)


def examined_folder(folder: Path, result: Result) -> list[Examined]:
    """Compare every file of an output folder with a result, one after the other.

    Raises:
        UnknownNameError: there is no such folder.
    """
    if not folder.is_dir():
        raise UnknownNameError(Problem(f"no folder {folder}", hint="give the output folder of `tonne run`"))
    files = [_examined(folder / RESULT_FILE, lambda path: _result_file(path, result))]
    files.append(_examined(folder / VALUES_FILE, lambda path: _values_file(path, result)))
    for outline in written_outlines(folder) or [PLAIN]:
        files += _outline_files(folder, outline, result)
    files.append(_examined(folder / WORKBOOK_FILE, lambda path: _workbook(path, result)))
    known = {file.name for file in files} | {DOSSIER_FILE}
    stray = [path for path in sorted(folder.iterdir()) if path.suffix in READ and path.name not in known]
    return files + [Examined(path.name, 0, (_unexpected(path),)) for path in stray]


def examined_data(folder: Path, result: Result) -> list[Examined]:
    """Compare the result and the values that a dossier holds, unpacked into a folder."""
    return [
        _examined(folder / RESULT_FILE, lambda path: _result_file(path, result)),
        _examined(folder / VALUES_FILE, lambda path: _values_file(path, result)),
    ]


def _examined(path: Path, read: Callable[[Path], tuple[int, Iterable[Finding]]]) -> Examined:
    if not path.is_file():
        return Examined(path.name, 0, (_missing(path),))
    try:
        compared, findings = read(path)
        return Examined(path.name, compared, tuple(findings))
    except ReportError as fault:
        return Examined(path.name, 0, (_unreadable(path, str(fault.problems[0])),))


def _outline_files(folder: Path, outline: str, result: Result) -> Iterator[Examined]:
    report = monitoring_report(result, load_outline(outline)) if outline in outline_ids() else None

    def word(path: Path, language: Language) -> tuple[int, Iterable[Finding]]:
        read = read_word(path)
        found = [_differs(path, difference) for difference in word_faults(path, read, result, report)]
        return len(read.figures), [*found, *_names(path, read.text, result, [language])]

    def page(path: Path) -> tuple[int, Iterable[Finding]]:
        read = read_page(path)
        found = [_differs(path, difference) for difference in page_faults(path, read, result, report)]
        for language in LANGUAGES:
            found += _names(path, read[language].text, result, [language])
        return sum(len(part.figures) for part in read.values()), found

    for language in LANGUAGES:
        yield _examined(folder / word_file(outline, language), partial(word, language=language))
    yield _examined(folder / page_file(outline), page)
    for language in LANGUAGES:
        path = folder / pdf_file(outline, language)
        if path.is_file():
            yield _examined(path, partial(_pdf, report=report, language=language))


def _pdf(path: Path, report: Report | None, language: Language) -> tuple[int, Iterable[Finding]]:
    """Compare a PDF with its report; without the extra that reads it, or an outline that is known, that is said."""
    try:
        from tonne.esg.pdf_check import pdf_differences  # noqa: PLC0415 (an optional extra)
    except ImportError:
        return 0, [_unreadable(path, "pip install 'tonne[pdf]'")]
    if report is None:
        return 0, [_unreadable(path, "its outline is not known")]
    return len(report.figures), [_differs(path, difference) for difference in pdf_differences(path, report, language)]


def _workbook(path: Path, result: Result) -> tuple[int, Iterable[Finding]]:
    return cell_count(result), [_differs(path, difference) for difference in workbook_differences(path, result)]


def _values_file(path: Path, result: Result) -> tuple[int, Iterable[Finding]]:
    count, differences = values_differences(path, result)
    return count, [_differs(path, difference) for difference in differences]


def _result_file(path: Path, result: Result) -> tuple[int, Iterable[Finding]]:
    stated, digest = stated_digest(path), result.digest
    count, differences = result_differences(path, result)
    findings = [_differs(path, difference) for difference in differences]
    if stated != digest:
        findings.insert(0, of_another_result(path, stated, digest))
    return count, findings


def of_another_result(path: Path, stated: str, digest: str) -> Finding:
    """Say that a file belongs to another result than that of the present data."""
    return Finding(
        "document.of_another_result",
        Severity.CORRECTIVE_ACTION,
        f"{path.name}的结果摘要值为{stated[:12]}，按现有项目文件和数据重算为{digest[:12]}；文件与数据不对应，请重新生成。",
        f"{path.name} has the result digest {stated[:12]}; computed from the present project it is {digest[:12]}. The "
        "documents belong to other data; please write them anew.",
        {"file": path.name, "stated": stated, "computed": digest},
        Place(str(path)),
    )


def _differs(path: Path, difference: Difference) -> Finding:
    problem = difference.problem
    heading = problem.place.field if problem.place else None
    where = Phrase(f"（{heading}）", f" ({heading})") if heading else Phrase("", "")
    if path.suffix == ".docx" and not heading:
        where = Phrase("（封面）", " (cover)")
    said = _SENTENCES[difference.code].filled(
        file=path.name,
        where=where,
        subject=difference.subject,
        found=problem.found or "—",
        expected=problem.expected or "—",
    )
    is_cell = difference.code.startswith("workbook.")
    evidence = {
        "file": path.name,
        "cell" if is_cell else "tag": difference.subject,
        "expected": problem.expected,
        "printed": problem.found,
    }
    return Finding(difference.code, Severity.CORRECTIVE_ACTION, said.zh, said.en, evidence, problem.place)


def _names(path: Path, text: str, result: Result, languages: list[Language]) -> Iterator[Finding]:
    """Report a document that does not show the project's name and number to the letter."""
    spec = result.project.spec
    wanted = [("name", phrase(spec.name).zh if language == "zh" else phrase(spec.name).en) for language in languages]
    wanted += [("registration", spec.registration)] if spec.registration else []
    for what, expected in wanted:
        if expected not in text:
            yield Finding(
                "document.name_differs",
                Severity.CORRECTIVE_ACTION,
                f"{path.name}中没有与项目文件一致的项目{'名称' if what == 'name' else '登记编号'}“{expected}”；请更正。",
                f"{path.name} does not show the project's {'name' if what == 'name' else 'registration number'} “{expected}” as the "
                "project file has it. Please correct.",
                {"file": path.name, "tag": what, "expected": expected},
                Place(str(path)),
            )


def _unexpected(path: Path) -> Finding:
    zh, en = (
        f"输出文件夹中的{path.name}不属于本次结果，未核对。",
        f"{path.name} does not belong to this result and was not compared.",
    )
    return Finding("document.unexpected", Severity.NOTE, zh, en, {"file": path.name}, Place(str(path)))


def _missing(path: Path) -> Finding:
    zh, en = f"输出文件夹中没有{path.name}。", f"There is no {path.name} in the output folder."
    return Finding("document.missing", Severity.CORRECTIVE_ACTION, zh, en, {"file": path.name}, Place(str(path)))


def _unreadable(path: Path, why: str) -> Finding:
    zh, en = f"{path.name}无法读取：{why}", f"{path.name} cannot be read: {why}"
    return Finding("document.unreadable", Severity.CORRECTIVE_ACTION, zh, en, {"file": path.name}, Place(str(path)))

"""Reads an output folder again and reports, as findings, every number, formula and name that is not as in the result.

Knows which files a release writes; what stands in them is read by `readback` and `workbook_check`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError, UnknownNameError
from tonne.engine.findings import Finding, Severity, identified
from tonne.engine.result.files import RESULT_FILE
from tonne.engine.result.result import Result
from tonne.esg.document import LANGUAGES, Phrase
from tonne.esg.figures import phrase
from tonne.esg.readback import Difference, page_differences, page_text, word_differences, word_text
from tonne.esg.release import PAGE_FILE, WORD_FILES, WORKBOOK_FILE
from tonne.esg.workbook_check import workbook_differences

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
    "workbook.id_missing": Phrase("{file}：缺少数值{subject}。", "{file}: the value {subject} is missing."),
}


def document_findings(folder: Path, result: Result) -> tuple[Finding, ...]:
    """Compare every file of an output folder with a result.

    Raises:
        UnknownNameError: there is no such folder.
    """
    if not folder.is_dir():
        raise UnknownNameError(Problem(f"no folder {folder}", hint="give the output folder of `tonne run`"))
    readers: list[tuple[str, Callable[[Path, Result], list[Difference]], Callable[[Path], str] | None, list[str]]] = [
        *[(WORD_FILES[language], word_differences, word_text, [str(language)]) for language in LANGUAGES],
        (PAGE_FILE, page_differences, page_text, list(LANGUAGES)),
        (WORKBOOK_FILE, workbook_differences, None, []),
    ]
    found = list(_result_file(folder / RESULT_FILE, result))
    for name, read, words, languages in readers:
        path = folder / name
        if not path.is_file():
            found.append(_missing(path))
            continue
        try:
            found += [_differs(path, difference) for difference in read(path, result)]
            if words is not None:
                found += _names(path, words(path), result, languages)
        except ReportError as fault:
            found.append(_unreadable(path, str(fault.problems[0])))
    return identified(found)


def _result_file(path: Path, result: Result) -> Iterator[Finding]:
    if not path.is_file():
        yield _missing(path)
        return
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        stated, digest = str(data["digest"]), result.digest
        quantities = {item["id"]: item["values"] or {} for item in data["quantities"]}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        yield _unreadable(path, str(fault))
        return
    if stated != digest:
        yield Finding(
            "document.of_another_result",
            Severity.CORRECTIVE_ACTION,
            f"{path.name}的结果摘要值为{stated[:12]}，按现有项目文件和数据重算为{digest[:12]}；文件与数据不对应，请重新生成。",
            f"{path.name} has the result digest {stated[:12]}; computed from the present project it is {digest[:12]}. The "
            "documents belong to other data; please write them anew.",
            {"file": path.name, "stated": stated, "computed": digest},
            Place(str(path)),
        )
    for item in result.as_data()["quantities"]:
        written = quantities.get(item["id"], {})
        for at, value in (item["values"] or {}).items():
            if written.get(at) != value:
                subject = item["id"] if at == "-" else f"{item['id']}@{at}"
                problem = Problem("differs", Place(str(path)), value, str(written.get(at)))
                yield _differs(path, Difference("document.number_differs", subject, problem))


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


def _names(path: Path, text: str, result: Result, languages: list[str]) -> Iterator[Finding]:
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


def _missing(path: Path) -> Finding:
    zh, en = f"输出文件夹中没有{path.name}。", f"There is no {path.name} in the output folder."
    return Finding("document.missing", Severity.CORRECTIVE_ACTION, zh, en, {"file": path.name}, Place(str(path)))


def _unreadable(path: Path, why: str) -> Finding:
    zh, en = f"{path.name}无法读取：{why}", f"{path.name} cannot be read: {why}"
    return Finding("document.unreadable", Severity.CORRECTIVE_ACTION, zh, en, {"file": path.name}, Place(str(path)))

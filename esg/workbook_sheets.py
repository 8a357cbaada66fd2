"""Arranges a result as the sheets of a workbook: what it is, readings, parameters, equations, results, findings.

Everything is taken from the result and nothing from the clock, so that the same result gives the same sheets.
"""

from collections.abc import Mapping

from tonne.engine.check.checks import evidence_counts
from tonne.engine.result.result import Result
from tonne.esg.cases import STATUSES, reply_words, stake_words
from tonne.esg.document import Phrase, same
from tonne.esg.figures import joined, phrase, shown_place
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import (
    Amount,
    Column,
    Content,
    Kind,
    Sheet,
    both,
)
from tonne.esg.wording import COMMA, EVIDENCE, PERIOD, SEVERITIES
from tonne.esg.workbook_readings import STEP_WORDS
from tonne.esg.workbook_results import agreement_sheet, results_sheet
from tonne.esg.workbook_values import ValueSheets

READ_ME, FINDINGS = "说明 Read me", "发现项 Findings"
EXACT_COLUMN, ROUNDED_COLUMN = "E", "G"

HOW_TO_READ: tuple[tuple[Phrase, Phrase], ...] = (
    (
        Phrase("标识", "Ids"),
        Phrase(
            "每个数值旁有标识，如BE@2024、EG_PJ@2024-03；报告、result.json和values.parquet使用同一标识。单元格以此命名，公式按名称引用，"
            "如BE_2024、EG_PJ_2024_03（标识中的@、-、逗号写作下划线）。",
            "Beside each value stands its id, such as BE@2024 or EG_PJ@2024-03; reports, result.json and values.parquet use the "
            "same ids. Cells are named after them and formulas use the names, such as BE_2024 or EG_PJ_2024_03, with underscores "
            "for @, - and commas.",
        ),
    ),
    (
        Phrase("活公式", "Live formulas"),
        Phrase(
            "公式由方法学的公式树生成，按名称引用单元格；改动输入后全部重算。打开前保存的数值来自引擎的60位十进制计算，本表按双精度重算，末位可能不同；“核对”表逐一比较。",
            "Formulas are made from those of the methodology and call cells by name; change an input and all is computed again. "
            "The stored values come from the engine, which computes with 60 decimal digits; a spreadsheet has about 15, so that "
            "the last ones may differ. The sheet “Check” compares each.",
        ),
    ),
    (
        Phrase("无值", "No value"),
        Phrase(
            "除数为零、无适用情形等无值之处显示#N/A或Excel自身的错误值，不以零代替。",
            "Where there is no value, as in a division by zero or where no case applies, the cell shows #N/A or an error of "
            "Excel, never zero.",
        ),
    ),
    (
        Phrase("取整", "Whole numbers"),
        Phrase(
            "取整前先以ROUND(x,6)消除浮点误差（吨的百万分之一）；精确值距取整界限更近时位数增至9、12或15，再近则双精度无法分辨，以引擎保存的数值为准。向下取整用INT，负值亦向下。",
            "Before a value is rounded to a whole number, ROUND(x,6) takes off the noise of floating point (a millionth of a "
            "tonne); where the exact value lies closer to the edge, 9, 12 or 15 decimals are kept; closer still, a spreadsheet cannot tell, "
            "and the stored value of the engine counts. INT rounds down, also below zero.",
        ),
    ),
    (
        Phrase("条件求和", "Conditions in sums"),
        Phrase(
            "求和、平均等运算附条件时，各项在“分项”表逐项列出，条件写成IF，随数据变化。",
            "Where a sum, mean or the like has a condition, its terms stand on the sheet “Terms”, each with an IF that follows "
            "the data.",
        ),
    ),
    (
        Phrase("未列出的数值", "Values without rows"),
        Phrase(
            "取值过多的索引集（如逐分钟数据）不逐行列出；由其求和得到的数值按日、月或年的小计写入，活公式由此开始，并在备注中注明。"
            "这些小计可由dossier.zip重算：tonne verify。",
            "Very large index sets, such as minutes, have no rows; what is summed from them is written as subtotals by day, month or "
            "year, where live formulas begin, and the note beside says so. dossier.zip computes them again: tonne verify.",
        ),
    ),
    (
        Phrase("工作表保护", "Protection"),
        Phrase(
            "各表有保护而无密码，防止误改公式；输入和缺省值可直接改动，其余在“审阅”中撤销保护后改动。",
            "The sheets are protected, without a password, so that formulas are not overwritten by accident. Inputs and defaults "
            "can be changed; for anything else take the protection off.",
        ),
    ),
)
LEGEND: tuple[tuple[Kind, Phrase], ...] = (
    (
        "input",
        Phrase(
            "输入：读数、记录和项目给定值，可改动", "input: readings, records and values of the project; may be changed"
        ),
    ),
    (
        "default",
        Phrase(
            "缺省值：方法学缺省值、因子表和所作选择，可改动",
            "default: of the methodology, a factor table or a choice; may be changed",
        ),
    ),
    ("computed", Phrase("计算值：活公式", "computed: a live formula")),
)


def workbook_sheets(result: Result) -> list[Sheet]:
    """Make every sheet of a result's workbook."""
    values = ValueSheets(result)
    readings, parameters, equations, terms = values.sheets()
    results = results_sheet(values)
    agreement = agreement_sheet(equations, results)
    begin = _where_formulas_begin(values, equations)
    return [_read_me(result, begin), *readings, parameters, equations, *terms, results, agreement, _findings(result)]


def _read_me(result: Result, begin: list[tuple[Phrase, Phrase]]) -> Sheet:
    rows: list[tuple[Content, ...]] = [
        (both(label), shown_place(text.zh), shown_place(text.en))
        for label, text in (*_facts(result), *begin, *HOW_TO_READ)
    ]
    rows += [
        (both(Phrase("颜色", "Colours")), Amount(said.zh, "@", kind=kind), Amount(said.en, "@", kind=kind))
        for kind, said in LEGEND
    ]
    columns = (
        Column("项目 / Item", 30, wrap=True),
        Column("中文", 58, wrap=True),
        Column("English", 58, wrap=True),
    )
    return Sheet(READ_ME, both(Phrase("计算工作簿", "Calculation workbook")), "", columns, tuple(rows), filtered=False)


def _where_formulas_begin(values: ValueSheets, equations: Sheet) -> list[tuple[Phrase, Phrase]]:
    """Say how fine the readings are, what has no rows, and which values are not live."""
    steps: dict[str, dict[str, None]] = {}
    for name, found in values.result.dataset.parts.items():
        for parts in found.values():
            if values.is_written(name) and parts:
                steps.setdefault(parts[0].step, {})[name] = None
    rows = [
        (
            Phrase("读数汇总至", "Readings are summed by"),
            Phrase(f"{STEP_WORDS[step].zh}：{'、'.join(names)}", f"{STEP_WORDS[step].en}: {', '.join(names)}"),
        )
        for step, names in steps.items()
    ]
    unlisted = [name for name in (*values.result.plan.needed, *values.result.values) if not values.is_written(name)]
    fixed = [str(row[0]) for row in equations.rows if isinstance(row[5], Amount) and row[5].formula is None]
    fixed += sorted({term.owner for term in values.terms if term.amount and term.amount.kind == "input"})
    for label, names in (
        (Phrase("未逐行列出的量", "Quantities without rows"), unlisted),
        (Phrase("活公式的起点（按值写入）", "Where live formulas begin (written as values)"), fixed),
    ):
        if names:
            rows.append((label, Phrase("、".join(names), ", ".join(names))))
    return rows


def _facts(result: Result) -> list[tuple[Phrase, Phrase]]:
    spec, methodology = result.project.spec, result.methodology
    source = methodology.spec.source
    rows = [(Phrase("项目", "Project"), phrase(spec.name))]
    if spec.statement:
        rows.append((Phrase("声明", "Statement"), phrase(spec.statement)))
    if spec.registration:
        rows.append((Phrase("登记编号", "Registration"), same(spec.registration)))
    for label, period in (
        (Phrase("监测期", "Monitoring period"), spec.monitoring_period),
        (Phrase("计入期", "Crediting period"), spec.crediting_period),
    ):
        rows.append((label, PERIOD.filled(start=str(period.start), end=str(period.end), days=f"{period.days:,}")))
    rows += [
        (Phrase("时区", "Time zone"), same(spec.time_zone)),
        (Phrase("方法学", "Methodology"), phrase(methodology.spec.title)),
        (
            Phrase("方法学文件", "Document"),
            Phrase(f"{source.publisher.zh}，{source.document}", f"{source.publisher.en}, {source.document}"),
        ),
        (Phrase("方法学文件证据等级", "Evidence of the document"), EVIDENCE[source.evidence]),
        (Phrase("公式与缺省值证据等级", "Evidence of equations and defaults"), _evidence(result)),
        (
            Phrase("所作选择", "Choices"),
            same("; ".join(f"{name} = {_choice(choice)}" for name, choice in result.plan.choices.items()) or ABSENT),
        ),
        (
            Phrase("两套算法核对", "Agreement of the two evaluators"),
            Phrase(
                f"比较{result.agreement.compared:,}个数值，最大相对差{result.agreement.largest:.1e}",
                f"{result.agreement.compared:,} values compared; largest relative difference {result.agreement.largest:.1e}",
            ),
        ),
        (Phrase("引擎", "Engine"), same(f"tonne {result.engine_version}")),
        (Phrase("结果摘要值（SHA-256）", "Digest of the result (SHA-256)"), same(result.digest)),
        (Phrase("方法学摘要值", "Digest of the methodology"), same(f"{methodology.id} {methodology.digest}")),
        (Phrase("项目文件摘要值", "Digest of the project file"), same(result.project.document.digest)),
    ]
    rows += [
        (Phrase("数据文件摘要值", "Digest of a data file"), same(f"{file.path} {file.sha256}"))
        for file in result.dataset.files
    ]
    return rows


def _evidence(result: Result) -> Phrase:
    counts = evidence_counts(result.methodology)
    return joined(
        (
            Phrase(f"{EVIDENCE[word].zh} {count}", f"{EVIDENCE[word].en} {count}")
            for word, count in counts.items()
            if count
        ),
        COMMA,
    )


def _choice(choice: str | Mapping[str, str]) -> str:
    return choice if isinstance(choice, str) else ", ".join(f"{member}: {value}" for member, value in choice.items())


# -- findings


def _findings(result: Result) -> Sheet:
    rows = tuple(
        (
            str(number),
            both(SEVERITIES[finding.severity.value]),
            finding.id,
            finding.zh,
            finding.en,
            both(stake, "\n") if (stake := stake_words(finding)) else ABSENT,
            "\n".join([both(STATUSES[finding.status]), *(both(reply) for reply in reply_words(finding))]),
            shown_place(str(finding.place)) if finding.place else ABSENT,
        )
        for number, finding in enumerate(result.findings, 1)
    )
    columns = (
        Column("序号 / No.", 6),
        Column("等级 / Severity", 18, wrap=True),
        Column("代码 / Code", 24),
        Column("中文", 46, wrap=True),
        Column("English", 46, wrap=True),
        Column("涉及减排量 / Tonnes at stake", 26, wrap=True),
        Column("状态与答复 / Status and answers", 30, wrap=True),
        Column("位置 / Place", 26, wrap=True),
    )
    empty = Phrase("本次计算没有发现项。", "This run has no findings.")
    return Sheet(FINDINGS, both(Phrase("发现项", "Findings")), "" if rows else both(empty), columns, rows)

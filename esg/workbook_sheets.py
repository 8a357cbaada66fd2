"""Arranges a result as the sheets of a workbook: what it is, readings, parameters, equations, results, findings.

Everything is taken from the result and nothing from the clock, so that the same result gives the same sheets.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tonne.engine.check.checks import evidence_counts
from tonne.engine.compute.reference import CONTEXT, decimal
from tonne.engine.data.domain import Index
from tonne.engine.result.result import ROLES, Result, YearTotals
from tonne.esg.cases import STATUSES, reply_words, stake_words
from tonne.esg.document import Phrase, same
from tonne.esg.excel_formula import Cell, cell_runs, whole
from tonne.esg.figures import ROUNDED, SCALAR_YEAR, cited, joined, labelled, phrase, printed_unit, shown_place
from tonne.esg.meters import correction_words
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import (
    FIRST_ROW,
    WHOLE,
    Amount,
    Column,
    Content,
    Sheet,
    both,
    number_format,
    without_empty_end,
)
from tonne.esg.wording import COMMA, EVIDENCE, PERIOD, ROUNDING, SEVERITIES, TAKEN, TOTAL
from tonne.esg.wording import ROLES as ROLE_WORDS
from tonne.esg.workbook_values import NOT_LISTED, ValueSheets

READ_ME, READINGS, RESULTS, FINDINGS = "说明 Read me", "读数 Readings", "结果 Results", "发现项 Findings"
EXACT_COLUMN, ROUNDED_COLUMN = "E", "G"

HOW_TO_READ: tuple[tuple[Phrase, Phrase], ...] = (
    (
        Phrase("标识", "Ids"),
        Phrase(
            "每个数值旁有标识，如BE@2024、EG_PJ@2024-03；报告、result.json和values.parquet使用同一标识。无索引的数值另以标识作为名称。",
            "Beside each value stands its id, such as BE@2024 or EG_PJ@2024-03; reports, result.json and values.parquet use the "
            "same ids. Values without an index also bear their id as a defined name.",
        ),
    ),
    (
        Phrase("活公式", "Live formulas"),
        Phrase(
            "公式由方法学的公式树生成，引用参数单元格；改动参数后全部重算。打开前保存的数值来自引擎的60位十进制计算，本表按双精度重算，末位可能不同。",
            "Formulas are made from those of the methodology and refer to the cells of the parameters; change one and all is "
            "computed again. The stored values come from the engine, which computes with 60 decimal digits; a spreadsheet has "
            "about 15, so that the last ones may differ.",
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
            "取值过多的索引集（如逐分钟数据）不逐行列出；由其求和等得到的数值按值写入，并在备注中注明。",
            "Very large index sets, such as minutes, have no rows; what is summed from them is written as a value, and the note "
            "beside it says so.",
        ),
    ),
)


def workbook_sheets(result: Result) -> list[Sheet]:
    """Make every sheet of a result's workbook."""
    values = ValueSheets(result)
    return [_read_me(result), _readings(values), *values.sheets(), _results(values), _findings(result)]


def _read_me(result: Result) -> Sheet:
    rows = [
        (both(label), shown_place(text.zh), shown_place(text.en)) for label, text in (*_facts(result), *HOW_TO_READ)
    ]
    columns = (
        Column("项目 / Item", 30, wrap=True),
        Column("中文", 58, wrap=True),
        Column("English", 58, wrap=True),
    )
    return Sheet(READ_ME, both(Phrase("计算工作簿", "Calculation workbook")), "", columns, tuple(rows), filtered=False)


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


# -- readings


def _readings(values: ValueSheets) -> Sheet:
    """List what each meter, or each file of records, contributed to each value."""
    rows: list[tuple[Content, ...]] = []
    for name in values.result.plan.needed:
        if values.is_written(name):
            for index in values.indices(name):
                rows += _contributions(values, name, index)
        elif any(
            origin.get("kind") in {"readings", "records"}
            for origin in values.result.dataset.provenance.get(name, {}).values()
        ):
            rows.append((name, both(values.figures.name(name)), *[""] * 9, both(NOT_LISTED), ""))
    columns = (
        Column("标识 / Id", 16),
        Column("名称 / Name", 24, wrap=True),
        Column("计量点 / Meter", 12),
        Column("读数 / Readings", 10),
        Column("取用 / Taken", 9),
        Column("起 / First", 12),
        Column("止 / Last", 12),
        Column("合计或均值 / Sum or mean", 15),
        Column("单位 / Unit", 8, wrap=True),
        Column("按参数单位 / In the parameter's unit", 15),
        Column("单位 / Unit", 8, wrap=True),
        Column("文件 / File", 36, wrap=True),
        Column("修正 / Correction", 46, wrap=True),
    )
    empty = Phrase("本次计算没有读数或记录文件。", "This run has no files of readings or records.")
    note = Phrase(
        "每个计量点（或记录文件）对每个数值的贡献。",
        "What each meter, or each file of records, contributed to each value.",
    )
    return Sheet(READINGS, both(Phrase("读数", "Readings")), both(note if rows else empty), columns, tuple(rows))


def _contributions(values: ValueSheets, name: str, index: Index) -> list[tuple[Content, ...]]:
    origin = values.result.dataset.origin(name, index)
    head = (values.result.label(name, index), both(values.figures.name(name)))
    unit, file = values.figures.unit_text(name, index), str(origin.get("file", ""))
    if origin.get("kind") == "records":
        count = Amount(Decimal(origin.get("count", 0)), WHOLE)
        return [
            (
                *head,
                ABSENT,
                count,
                count,
                "",
                "",
                _exact(total, unit_),
                both(printed_unit(unit_)),
                None,
                "",
                file,
                "",
            )
            for unit_, total in origin.get("totals", {}).items()
        ]
    take = TAKEN.get(str(origin.get("take")))
    return [
        (
            *head,
            str(meter["meter"]),
            Amount(Decimal(meter["count"]), WHOLE),
            Amount(Decimal(meter["taken"]), WHOLE),
            str(meter["first"]),
            str(meter["last"]),
            _exact(meter["total"], meter["total_unit"]),
            both(printed_unit(meter["total_unit"])),
            _exact(meter["amount"], unit),
            both(printed_unit(unit)),
            f"{file} ({both(take)})" if take else file,
            "\n".join(both(correction_words(item)) for item in meter.get("corrections", [])),
        )
        for meter in origin.get("meters", [])
    ]


def _exact(text: Any, unit: str) -> Amount:
    value = decimal(Fraction(text))
    return Amount(value, number_format(value, unit))


# -- results


def _results(values: ValueSheets) -> Sheet:
    """Give the four outputs of each year, exact and rounded, and their totals."""
    result = values.result
    outputs = result.methodology.spec.outputs
    rows: list[tuple[Content, ...]] = []
    for year in result.years:
        first = FIRST_ROW + len(rows)
        rows += [_output(values, role, year, first) for role in ROLES]
    strong = {position for position in range(len(rows)) if position % len(ROLES) == len(ROLES) - 1}
    if [year.year for year in result.years] != [SCALAR_YEAR]:
        strong |= set(range(len(rows), len(rows) + len(ROLES)))
        rows += [_total(values, role) for role in ROLES]
    columns = (
        Column("年度 / Year", 10),
        Column("项目 / Item", 30),
        Column("单位 / Unit", 9),
        Column("标识 / Id", 14),
        Column("精确值 / Exact", 18),
        Column("标识（修约后） / Id (rounded)", 24),
        Column("修约后 / Rounded", 18),
        Column("备注 / Note", 26, wrap=True),
    )
    note = ""
    if outputs is not None:
        rule = ROUNDING[outputs.rounding.mode].filled(unit=printed_unit(outputs.rounding.unit))
        where = cited(outputs.rounding.cite) if outputs.rounding.cite else None
        evidence = EVIDENCE.get(outputs.rounding.evidence or "")
        note = "\n".join(
            both(part, "\n")
            for part in (
                rule,
                labelled(Phrase("证据等级", "Evidence"), evidence) if evidence else None,
                where,
            )
            if part
        )
    return without_empty_end(
        Sheet(RESULTS, both(Phrase("结果", "Results")), note, columns, tuple(rows), frozenset(strong))
    )


def _output(values: ValueSheets, role: str, year: YearTotals, first: int) -> tuple[Content, ...]:
    result = values.result
    outputs = result.methodology.spec.outputs
    name = getattr(outputs, role) if outputs else None
    row = first + ROLES.index(role)
    exact, index = year.exact[role], _index(values, name, year)
    cell = values.cell(name, index) if name and index is not None else None
    unit = values.figures.unit_text(name) if name else values.figures.rounding_unit
    missing = Phrase("方法学没有设此项，计为0", "the methodology has no such term; taken as 0")
    return (
        year.year if year.year != SCALAR_YEAR else both(Phrase("监测期", "Period")),
        both(ROLE_WORDS[role]),
        both(printed_unit(unit)),
        result.label(name, index) if name and index is not None else ABSENT,
        Amount(exact, number_format(exact, unit), f"={cell.seen_from(RESULTS)}" if cell else None),
        f"{role}{ROUNDED}" if year.year == SCALAR_YEAR else f"{role}{ROUNDED}@{year.year}",
        Amount(
            year.rounded[role],
            _rounded_format(values, role, year.rounded[role]),
            _rounding(values, role, row, exact),
        ),
        "" if cell else both(missing),
    )


def _index(values: ValueSheets, name: str | None, year: YearTotals) -> Index | None:
    if not name:
        return None
    index = values.domain.parse(values.result.plan.over(name), year.year)
    return index if index is not None and index in values.result.values[name] else None


def _rounding(values: ValueSheets, role: str, row: int, exact: Decimal) -> str:
    """Write the methodology's rule for an output; the exact value stands in the same row."""
    outputs = values.result.methodology.spec.outputs
    mode = outputs.rounding.mode if outputs else "none"
    here = f"{EXACT_COLUMN}{row}"
    if mode == "conservative":
        if role == "reduction":
            return f"={ROUNDED_COLUMN}{row - 3}-{ROUNDED_COLUMN}{row - 2}-{ROUNDED_COLUMN}{row - 1}"
        return f"={whole('floor' if role == 'baseline' else 'ceil', here, exact)[0]}"
    if mode == "half_up":
        return f"={whole('round', here, exact)[0]}"
    return f"={whole('floor', here, exact)[0]}" if mode == "floor" and role == "reduction" else f"={here}"


def _rounded_format(values: ValueSheets, role: str, value: Decimal) -> str:
    return WHOLE if values.figures.is_whole(role) else number_format(value, values.figures.rounding_unit)


def _total(values: ValueSheets, role: str) -> tuple[Content, ...]:
    result = values.result
    years = range(len(result.years))
    rows = [FIRST_ROW + len(ROLES) * position + ROLES.index(role) for position in years]
    exact_cells, rounded_cells = (
        [Cell(RESULTS, column, row) for row in rows] for column in (EXACT_COLUMN, ROUNDED_COLUMN)
    )
    with localcontext(CONTEXT):
        exact = sum((year.exact[role] for year in result.years), Decimal(0))
    rounded = result.rounded_total(role)
    unit = values.figures.rounding_unit
    return (
        both(TOTAL),
        both(ROLE_WORDS[role]),
        both(printed_unit(unit)),
        ABSENT,
        Amount(exact, number_format(exact, unit), f"=SUM({','.join(cell_runs(exact_cells, RESULTS))})"),
        f"{role}{ROUNDED}",
        Amount(
            rounded,
            _rounded_format(values, role, rounded),
            f"=SUM({','.join(cell_runs(rounded_cells, RESULTS))})",
        ),
        "",
    )


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

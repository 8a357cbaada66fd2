"""Arranges a result as a monitoring report, by an outline; says what is there and decides nothing.

Every section stands with content or with the reason why there is none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tonne.engine.check.checks import evidence_counts
from tonne.engine.data.domain import Index
from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.findings import Severity
from tonne.engine.result.result import ROLES, ConditionResult, Result
from tonne.engine.spec.models import Source
from tonne.engine.spec.tree import Name, walk
from tonne.engine.units import SUBSCRIPT
from tonne.esg import calculation, cards
from tonne.esg.document import (
    Block,
    Break,
    Column,
    Content,
    KeyValues,
    Marked,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Signatures,
    Table,
    figures_in,
    same,
)
from tonne.esg.figures import Figures, cited, day, followed, in_brackets, in_square, joined, labelled, phrase, spread
from tonne.esg.numbers import number_text
from tonne.esg.outline import Outline, OutlineSection, load_outline
from tonne.esg.tracing import stored_number, trace_list
from tonne.esg.wording import (
    CATEGORIES,
    EQUALS,
    EVIDENCE,
    MET,
    NOT_GIVEN,
    PERIOD,
    ROLES as ROLE_WORDS,
    SCENARIOS,
    SCHEMES,
    SEMICOLON,
    SEVERITIES,
    TAKEN,
    WHOLE_PERIOD,
)

MAX_READING_ROWS = 400

YES, NO = Phrase("是", "yes"), Phrase("否", "no")
DASH = same("—")
PROJECT_NAME = Phrase("项目名称", "Project")
REGISTRATION = Phrase("项目登记编号", "Registration number")
OWNER = Phrase("项目业主", "Project owner")
METHODOLOGY = Phrase("应用的方法学", "Methodology")
DOCUMENT = Phrase("方法学原文", "Source document")
SCHEME = Phrase("所属机制", "Scheme")
EVIDENCE_WORDS = Phrase("证据等级", "Evidence")
OF_EQUATIONS = Phrase("公式与缺省值", "equations and defaults")
OF_FACTORS = Phrase("因子表取值", "values from factor tables")
COUNTED = Phrase("{word}{count}项", "{count} {word}")
MONITORING_PERIOD = Phrase("监测期", "Monitoring period")
PERIOD_NUMBER = Phrase("第{number}期，", "No. {number}, ")
CREDITING_PERIOD = Phrase("计入期", "Crediting period")
BY_YEAR = Phrase("分日历年减排量", "Reductions by calendar year")
RESULT_DIGEST = Phrase("结果摘要值（SHA-256）", "Digest of the result (SHA-256)")
ENGINE = Phrase("计算程序版本", "Engine")
OUTLINE = Phrase("报告体例", "Outline")
OUTLINE_NAME = Phrase("{id}第{version}版（{evidence}）", "{id}, version {version} ({evidence})")
FAILED = Phrase(
    "本次计算存在阻断项或纠正措施要求（见“{heading}”一节）；关闭之前，所列减排量不得用于申报。",
    "The run found blocking points or corrective actions (see “{heading}”); until they are closed, the reductions must not be claimed.",
)
OPTION, CHOICE = Phrase("选项", "Option"), Phrase("选择", "Choice")
BY_METHODOLOGY = Phrase("由方法学确定", "set by the methodology")
CONDITION, FACT, VERDICT = Phrase("适用条件", "Condition"), Phrase("项目情况", "Project"), Phrase("判定", "Verdict")
TESTED = Phrase("经程序检验", "tested by the engine")
STATED = Phrase("依据项目说明", "as the project states")
SCENARIO, SOURCE, GAS = Phrase("情景", "Scenario"), Phrase("排放源", "Source"), Phrase("温室气体", "Gas")
INCLUDED, REASON = Phrase("是否计入", "Included"), Phrase("理由", "Reason")
NOT_COVERED, PLACE = Phrase("内容", "What is left out"), Phrase("原文位置", "Place in the source")
FILE, SIZE, DIGEST = Phrase("文件", "File"), Phrase("字节数", "Bytes"), Phrase("摘要值（SHA-256）", "Digest (SHA-256)")
PARAMETER, AT, METER = Phrase("参数", "Parameter"), Phrase("时段", "Period"), Phrase("计量点/记录", "Meter / records")
READINGS, IN_FILE, TAKEN_AS = Phrase("读数条数", "Readings"), Phrase("文件中数值", "In the file"), Phrase("计入值", "Value")
READING_VALUES = Phrase("由数据文件得到的参数取值", "Values made of data files")
MORE_READINGS = Phrase(
    "共{count}行，此处列出前{shown}行；全部来源见result.json。",
    "{count} rows, of which the first {shown} are shown; all origins are in result.json.",
)
SEVERITY, CODE, FINDING = Phrase("类别", "Severity"), Phrase("代码", "Code"), Phrase("内容", "Finding")
AGREED = Phrase(
    "参考求值程序（60位十进制）与列式求值程序（双精度浮点）对同一组公式各自独立求值。共比较{count}个数值，最大相对偏差为{largest}{at}，"
    "未超过容许值1×10⁻⁹。本报告采用参考求值程序的数值。",
    "The reference evaluator (60 decimal digits) and the columnar evaluator (double precision) each computed the same formulas on "
    "their own. {count} values were compared; the largest relative difference is {largest}{at}, within the tolerance of 1×10⁻⁹. "
    "The values in this report are those of the reference evaluator.",
)
MODULES, TABLES = Phrase("所用模块", "Modules"), Phrase("所用因子表", "Factor tables")
ID, TITLE, EVIDENCE_HEAD = Phrase("代码", "Id"), Phrase("名称与文件", "Title and document"), Phrase("证据等级", "Evidence")
LIMITS = Phrase("{name}使用限制", "{name}: not for")
SIGNATURE_PLACES = (
    Phrase("项目业主（盖章）", "Project owner (seal)"),
    Phrase("编制人（签字）", "Prepared by (signature)"),
    Phrase("审核人（签字）", "Reviewed by (signature)"),
    Phrase("日期", "Date"),
)
UNSIGNED = Phrase(
    "签字、盖章和日期由相关责任人填写，程序不予填写。",
    "Signatures, seals and dates are for the persons responsible; the engine fills in none of them.",
)


def monitoring_report(result: Result, outline: str = "monitoring_plain") -> Report:
    """Arrange a result as a monitoring report.

    Raises:
        ReportError: there is no such outline, or it names a block that is not there.
    """
    plan = load_outline(outline)
    figures = Figures(result)
    cover = KeyValues(_cover(figures, plan))
    sections = tuple(_sections(figures, plan.sections, "", plan))
    spec = result.project.spec
    warning = FAILED.filled(heading=_heading(plan.sections, "findings")) if result.failed else None
    shown = (cover, *sections)
    return Report(
        outline=f"{plan.id} {plan.version}",
        title=Phrase(plan.title.zh, plan.title.en),
        subject=phrase(spec.name),
        statement=phrase(spec.statement) if spec.statement else None,
        warning=warning,
        cover=cover,
        sections=sections,
        traces=trace_list(figures, figures_in(shown)),
        digest=result.digest,
        engine=f"tonne {result.engine_version}",
    )


def _sections(figures: Figures, items: list[OutlineSection], prefix: str, plan: Outline) -> list[Section]:
    sections: list[Section] = []
    for item in items:
        blocks = _blocks(figures, item, plan)
        if item.block and not blocks:
            continue
        number = f"{prefix}{1 + sum(section.number.count('.') == prefix.count('.') for section in sections)}"
        level = 1 + prefix.count(".")
        sections.append(Section(item.id, number, Phrase(item.zh, item.en), level, blocks))
        sections += _sections(figures, item.sections, f"{number}.", plan)
    return sections


def _blocks(figures: Figures, item: OutlineSection, plan: Outline) -> tuple[Block, ...]:
    if item.block is None:
        return ()
    maker = BLOCKS.get(item.block)
    if maker is None:
        raise ReportError(Problem(f"outline {plan.id} names an unknown block '{item.block}'", hint=nearest(item.block, BLOCKS)))
    blocks = maker(figures, plan)
    if blocks or not item.mandatory or item.absent is None:
        return blocks
    return (Note((phrase(item.absent),)),)


def _heading(items: list[OutlineSection], block: str) -> Phrase:
    for item in items:
        if item.block == block:
            return Phrase(item.zh, item.en)
        found = _heading(item.sections, block)
        if found.zh:
            return found
    return same("")


def _cover(figures: Figures, plan: Outline) -> tuple[tuple[Phrase, Content], ...]:
    result = figures.result
    spec, methodology = result.project.spec, result.methodology
    number = spec.monitoring_period.number
    period = _period(spec.monitoring_period)
    if number:
        prefix = PERIOD_NUMBER.filled(number=number)
        period = Phrase(prefix.zh + period.zh, prefix.en + period.en)
    evidence = OUTLINE_NAME.filled(id=plan.id, version=plan.version, evidence=EVIDENCE[plan.evidence])
    return (
        (PROJECT_NAME, (phrase(spec.name),)),
        (REGISTRATION, (same(spec.registration) if spec.registration else NOT_GIVEN,)),
        (OWNER, (phrase(spec.owner) if spec.owner else NOT_GIVEN,)),
        (METHODOLOGY, (phrase(methodology.spec.title), in_brackets(same(methodology.id)))),
        (DOCUMENT, (same(methodology.spec.source.document),)),
        (SCHEME, (SCHEMES[methodology.spec.scheme],)),
        (EVIDENCE_WORDS, _evidence_summary(result)),
        (MONITORING_PERIOD, (period,)),
        (CREDITING_PERIOD, (_period(spec.crediting_period),)),
        *((ROLE_WORDS[role], followed(figures.rounded_total(role))) for role in ROLES),
        (BY_YEAR, calculation.year_lines(figures, "reduction")),
        (RESULT_DIGEST, (Marked(same(result.digest), "code"),)),
        (ENGINE, (same(f"tonne {result.engine_version}"),)),
        (OUTLINE, (evidence,)),
    )


def _period(period: Any) -> Phrase:
    return PERIOD.filled(start=day(period.start), end=day(period.end), days=f"{period.days:,}")


def _evidence_summary(result: Result) -> Content:
    """Count how well equations, defaults and the factors of the run are confirmed."""
    factors: dict[str, int] = {}
    for name in result.plan.needed:
        found = {origin["evidence"] for origin in result.dataset.provenance.get(name, {}).values() if origin["kind"] == "factor"}
        for word in found:
            factors[word] = factors.get(word, 0) + 1
    lines: list[Content] = [(labelled(OF_EQUATIONS, _counted(evidence_counts(result.methodology))),)]
    if factors:
        lines.append((labelled(OF_FACTORS, _counted(factors)),))
    return spread(lines, Break())


def _counted(counts: Mapping[str, int]) -> Phrase:
    return joined((COUNTED.filled(word=word, count=counts[key]) for key, word in EVIDENCE.items() if counts.get(key)), SEMICOLON)


def project_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Say what the project is, where and when."""
    spec = figures.result.project.spec
    place: Content = (NOT_GIVEN,)
    if spec.location:
        place = (phrase(spec.location.text),)
        if spec.location.latitude is not None and spec.location.longitude is not None:
            latitude, longitude = (number_text(value, digits=12) for value in (spec.location.latitude, spec.location.longitude))
            place += (in_brackets(Phrase(f"纬度{latitude}°，经度{longitude}°", f"latitude {latitude}°, longitude {longitude}°")),)
    rows = (
        (PROJECT_NAME, (phrase(spec.name),)),
        (OWNER, (phrase(spec.owner) if spec.owner else NOT_GIVEN,)),
        (Phrase("项目简介", "Description"), (phrase(spec.description) if spec.description else NOT_GIVEN,)),
        (Phrase("项目地点", "Location"), place),
        (REGISTRATION, (same(spec.registration) if spec.registration else NOT_GIVEN,)),
        (MONITORING_PERIOD, (_period(spec.monitoring_period),)),
        (CREDITING_PERIOD, (_period(spec.crediting_period),)),
        (Phrase("时区", "Time zone"), (same(spec.time_zone),)),
    )
    return (KeyValues(rows),)


def methodology_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Say which methodology, modules and tables were applied, and how well they are confirmed."""
    methodology = figures.result.methodology
    spec, source = methodology.spec, methodology.spec.source
    rows: list[tuple[Phrase, Content]] = [
        (METHODOLOGY, (phrase(spec.title), in_brackets(same(spec.id)))),
        (DOCUMENT, (same(source.document),)),
        (Phrase("发布机构", "Publisher"), (phrase(source.publisher),)),
        (Phrase("发布日期", "Date"), (day(source.date) if source.date else Phrase("方法学文件未注明", "not stated"),)),
        (SCHEME, (SCHEMES[spec.scheme],)),
        (EVIDENCE_WORDS, _evidence_summary(figures.result)),
    ]
    if spec.category:
        rows.insert(4, (Phrase("领域", "Category"), (CATEGORIES[spec.category],)))
    if source.note:
        rows.append((Phrase("核对说明", "On the evidence"), (phrase(source.note),)))
    blocks: list[Block] = [Paragraph((phrase(spec.summary),))] if spec.summary else []
    blocks.append(KeyValues(tuple(rows)))
    modules = [_sourced(alias, module.id, phrase(module.title), module.source) for alias, (module, _) in methodology.modules.items()]
    columns = (Column((ID,), 3), Column((TITLE,), 8), Column((EVIDENCE_HEAD,), 3))
    if modules:
        blocks.append(Table(columns, tuple(modules), MODULES))
    tables = [_sourced("", name, phrase(table.spec.title), table.spec.source) for name, table in methodology.tables.items()]
    if tables:
        blocks.append(Table(columns, tuple(tables), TABLES))
        limits = [
            labelled(LIMITS.filled(name=name), phrase(table.spec.not_for))
            for name, table in methodology.tables.items()
            if table.spec.not_for
        ]
        blocks += [Paragraph((limit,), "small") for limit in limits]
    return tuple(blocks)


def _sourced(alias: str, id_: str, title: Phrase, source: Source) -> tuple[Content, ...]:
    name: Content = (same(id_), in_brackets(same(alias))) if alias else (same(id_),)
    return (name, (title, Break(), same(source.document)), (EVIDENCE[source.evidence],))


def choice_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List the options and what was chosen."""
    result = figures.result
    rows: list[tuple[Content, ...]] = []
    for name, option in result.methodology.options.items():
        choice = result.plan.choices.get(name)
        fixed = name in result.methodology.fixed_options
        if choice is None:
            continue
        if isinstance(choice, str):
            told: Content = (_option_value(option.values, choice),)
        else:
            told = spread(((labelled(same(member), _option_value(option.values, value)),) for member, value in choice.items()), Break())
        rows.append(((phrase(option.name),), (*told, in_brackets(BY_METHODOLOGY)) if fixed else told))
    return (Table((Column((OPTION,), 2), Column((CHOICE,), 3)), tuple(rows)),) if rows else ()


def _option_value(values: Mapping[str, Any] | list[str], choice: str) -> Phrase:
    return phrase(values[choice]) if isinstance(values, Mapping) and choice in values else same(choice)


def applicability_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Hold each condition of applicability against the facts."""
    specs = {condition.spec.id: condition.spec for condition in figures.result.methodology.conditions}
    rows = []
    for item in figures.result.conditions:
        spec = specs[item.id]
        place = cited(spec.cite) if spec.cite else None
        word = EVIDENCE[spec.evidence] if spec.evidence else None
        about = joined([part for part in (place, word) if part], SEMICOLON)
        rows.append(((phrase(item.text), in_square(about)), _fact(figures, item), _verdict(item)))
    columns = (Column((CONDITION,), 7), Column((FACT,), 6), Column((VERDICT,), 3))
    return (Table(columns, tuple(rows)),) if rows else ()


def _fact(figures: Figures, item: ConditionResult) -> Content:
    lines: list[Content] = []
    if item.fact:
        lines.append((phrase(item.fact),))
    tree = figures.result.plan.tests.get(item.id)
    for name in dict.fromkeys(part.id for part in walk(tree) if isinstance(part, Name)) if tree else ():
        if name in figures.result.methodology.quantities and not figures.result.plan.over(name):
            lines.append((figures.name(name), EQUALS, *figures.with_unit(name, ())))
    if item.evidence:
        lines.append((labelled(Phrase("证据", "evidence"), same(item.evidence)),))
    return spread(lines, Break()) or (NOT_GIVEN,)


def _verdict(item: ConditionResult) -> Content:
    if item.met is None:
        return (MET[None],)
    return (MET[item.met], in_brackets(TESTED if item.tested else STATED))


def boundary_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List the sources of the boundary."""
    rows = tuple(
        (
            (SCENARIOS[item.scenario],),
            (phrase(item.source),),
            (same(item.gas if "-" in item.gas else item.gas.translate(SUBSCRIPT)),),
            (YES if item.included else NO,),
            (phrase(item.reason) if item.reason else DASH,),
        )
        for item in figures.result.methodology.spec.boundary
    )
    columns = (
        Column((SCENARIO,), 2),
        Column((SOURCE,), 5),
        Column((GAS,), 2, "centre"),
        Column((INCLUDED,), 2, "centre"),
        Column((REASON,), 5),
    )
    return (Table(columns, rows),) if rows else ()


def not_covered_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List what the source says and the spec leaves out, modules included."""
    methodology = figures.result.methodology
    rows: list[tuple[Content, ...]] = []
    for spec in (methodology.spec, *(module for module, _ in methodology.modules.values())):
        for item in spec.not_covered:
            place = (item.cite and cited(item.cite)) or DASH
            where = Phrase(f"《{spec.title.zh}》{place.zh}", f"{spec.title.en}: {place.en}") if spec is not methodology.spec else place
            rows.append(((phrase(item.text),), (where,)))
    return (Table((Column((NOT_COVERED,), 4), Column((PLACE,), 1)), tuple(rows)),) if rows else ()


def reading_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List the data files, and what each meter or record contributed."""
    files = tuple(
        ((same(file.path),), (same(f"{file.bytes:,}"),), (Marked(same(file.sha256), "code"),))
        for file in figures.result.dataset.files
    )
    if not files:
        return ()
    blocks: list[Block] = [Table((Column((FILE,), 4), Column((SIZE,), 2, "right"), Column((DIGEST,), 10)), files)]
    rows = cards.fed_values(figures)
    shown = tuple(_fed_row(figures, name, index) for name, index in rows[:MAX_READING_ROWS])
    columns = (
        Column((PARAMETER,), 3),
        Column((AT,), 3),
        Column((METER,), 5),
        Column((READINGS,), 2, "right"),
        Column((IN_FILE,), 4, "right"),
        Column((TAKEN_AS,), 4, "right"),
    )
    if shown:
        blocks.append(Table(columns, shown, READING_VALUES))
    if len(rows) > len(shown):
        blocks.append(Paragraph((MORE_READINGS.filled(count=f"{len(rows):,}", shown=len(shown)),), "small"))
    return tuple(blocks)


def _fed_row(figures: Figures, name: str, index: Index) -> tuple[Content, ...]:
    """Show one value with a line for each meter, or for each unit of a record file."""
    origin = figures.result.dataset.provenance[name][index]
    meters, counts, totals = [], [], []
    for meter in origin.get("meters", []):
        meters.append(same(str(meter["meter"])))
        counts.append(same(f"{int(meter['taken']):,}"))
        totals.append(same(f"{stored_number(str(meter['total']))} {meter['total_unit']}"))
    if origin["kind"] == "records":
        meters.append(same(str(origin.get("file", ""))))
        counts.append(same(f"{int(origin.get('count', 0)):,}"))
        totals += [same(f"{stored_number(str(total))} {unit}") for unit, total in origin.get("totals", {}).items()]
    elif origin.get("take", "all") != "all":
        meters.append(TAKEN[origin["take"]])
    over = figures.result.plan.over(name)
    label = figures.label(over, index) if over else WHOLE_PERIOD
    lines = (spread(((item,) for item in column), Break()) for column in (meters, counts, totals))
    return ((figures.symbol(name),), (label,), *lines, figures.with_unit(name, index))


def finding_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List the findings, heaviest first."""
    order = list(Severity)
    found = sorted(figures.result.findings, key=lambda finding: order.index(finding.severity))
    rows = tuple(
        ((SEVERITIES[finding.severity.value],), (Marked(same(finding.code), "code"),), (Phrase(finding.zh, finding.en),))
        for finding in found
    )
    return (Table((Column((SEVERITY,), 5), Column((CODE,), 9), Column((FINDING,), 18)), rows),) if rows else ()


def agreement_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Say how well the two evaluators agree."""
    agreement = figures.result.agreement
    if not agreement.compared:
        return ()
    at = in_brackets(same(agreement.at)) if agreement.at else same("")
    text = AGREED.filled(count=f"{agreement.compared:,}", largest=number_text(agreement.largest, digits=3), at=at)
    return (Paragraph((text,)),)


def digest_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """List the digests by which every input and the result can be recognised."""
    result = figures.result
    methodology = result.methodology
    documents = [methodology.document, *(document for _, document in methodology.modules.values())]
    documents += [table.document for table in methodology.tables.values()]
    listed = {document.path: document.digest for document in documents}
    rows: list[tuple[Phrase, str]] = [
        (Phrase("计算结果", "Result"), result.digest),
        (Phrase("项目文件", "Project file"), result.project.document.digest),
        (Phrase("方法学（含模块和因子表）", "Methodology with modules and tables"), methodology.digest),
        *((same(path), digest) for path, digest in sorted(listed.items())),
        *((same(file.path), file.sha256) for file in result.dataset.files),
    ]
    table = tuple(((label,), (Marked(same(digest), "code"),)) for label, digest in rows)
    return (Table((Column((FILE,), 6), Column((DIGEST,), 10)), table),)


def signature_blocks(_figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Leave places for signatures, seals and dates."""
    return (Signatures(SIGNATURE_PLACES), Paragraph((UNSIGNED,), "small"))


def _month_heading(plan: Outline) -> Phrase | None:
    heading = _heading(plan.sections, "months")
    return heading if heading.zh else None


BLOCKS: Mapping[str, Callable[[Figures, Outline], tuple[Block, ...]]] = {
    "project": project_blocks,
    "methodology": methodology_blocks,
    "choices": choice_blocks,
    "applicability": applicability_blocks,
    "boundary": boundary_blocks,
    "not_covered": not_covered_blocks,
    "fixed": lambda figures, _plan: cards.fixed_cards(figures),
    "monitored": lambda figures, plan: cards.monitored_cards(figures, _month_heading(plan)),
    "months": lambda figures, _plan: cards.month_tables(figures),
    "readings": reading_blocks,
    "baseline": lambda figures, _plan: calculation.role_blocks(figures, "baseline"),
    "project_emissions": lambda figures, _plan: calculation.role_blocks(figures, "project"),
    "leakage": lambda figures, _plan: calculation.role_blocks(figures, "leakage"),
    "reduction": lambda figures, _plan: calculation.role_blocks(figures, "reduction"),
    "other_equations": lambda figures, _plan: calculation.role_blocks(figures, None),
    "conversions": lambda figures, _plan: calculation.conversion_blocks(figures),
    "years": lambda figures, _plan: calculation.year_blocks(figures),
    "findings": finding_blocks,
    "agreement": agreement_blocks,
    "digests": digest_blocks,
    "signatures": signature_blocks,
}

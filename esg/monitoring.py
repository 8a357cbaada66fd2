"""Arranges a result as a monitoring report, by an outline; says what is there and decides nothing.

Every section stands with content or with the reason why there is none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.result.result import ROLES, Result
from tonne.esg import basis, calculation, cards, cases, meters, quality
from tonne.esg.document import (
    Block,
    Content,
    KeyValues,
    Marked,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Signatures,
    figures_in,
    same,
)
from tonne.esg.figures import (
    Figures,
    day,
    followed,
    in_brackets,
    phrase,
)
from tonne.esg.numbers import number_text
from tonne.esg.outline import Outline, OutlineSection, load_outline
from tonne.esg.tracing import trace_list
from tonne.esg.wording import (
    EVIDENCE,
    NOT_GIVEN,
    PERIOD,
    SCHEMES,
)
from tonne.esg.wording import (
    ROLES as ROLE_WORDS,
)

PROJECT_NAME = Phrase("项目名称", "Project")
REGISTRATION = Phrase("项目登记编号", "Registration number")
OWNER = Phrase("项目业主", "Project owner")
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
        digest=figures.digest,
        engine=f"tonne {result.engine_version}",
    )


def _sections(figures: Figures, items: tuple[OutlineSection, ...], prefix: str, plan: Outline) -> list[Section]:
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
        raise ReportError(
            Problem(f"outline {plan.id} names an unknown block '{item.block}'", hint=nearest(item.block, BLOCKS))
        )
    blocks = maker(figures, plan)
    if blocks or not item.mandatory or item.absent is None:
        return blocks
    return (Note((phrase(item.absent),)),)


def _heading(items: tuple[OutlineSection, ...], block: str) -> Phrase:
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
        (basis.METHODOLOGY, (phrase(methodology.spec.title), in_brackets(same(methodology.id)))),
        (basis.DOCUMENT, (same(methodology.spec.source.document),)),
        (basis.SCHEME, (SCHEMES[methodology.spec.scheme],)),
        (basis.EVIDENCE_WORDS, basis.evidence_summary(result)),
        (MONITORING_PERIOD, (period,)),
        (CREDITING_PERIOD, (_period(spec.crediting_period),)),
        *((ROLE_WORDS[role], followed(figures.rounded_total(role))) for role in ROLES),
        (BY_YEAR, calculation.year_lines(figures, "reduction")),
        (RESULT_DIGEST, (Marked(same(figures.digest), "code"),)),
        (ENGINE, (same(f"tonne {result.engine_version}"),)),
        (OUTLINE, (evidence,)),
    )


def _period(period: Any) -> Phrase:
    return PERIOD.filled(start=day(period.start), end=day(period.end), days=f"{period.days:,}")


def project_blocks(figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Say what the project is, where and when."""
    spec = figures.result.project.spec
    place: Content = (NOT_GIVEN,)
    if spec.location:
        place = (phrase(spec.location.text),)
        if spec.location.latitude is not None and spec.location.longitude is not None:
            latitude, longitude = (
                number_text(value, digits=12) for value in (spec.location.latitude, spec.location.longitude)
            )
            place += (
                in_brackets(
                    Phrase(f"纬度{latitude}°，经度{longitude}°", f"latitude {latitude}°, longitude {longitude}°")
                ),
            )
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


def signature_blocks(_figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Leave places for signatures, seals and dates."""
    return (Signatures(SIGNATURE_PLACES), Paragraph((UNSIGNED,), "small"))


def _month_heading(plan: Outline) -> Phrase | None:
    heading = _heading(plan.sections, "months")
    return heading if heading.zh else None


BLOCKS: Mapping[str, Callable[[Figures, Outline], tuple[Block, ...]]] = {
    "project": project_blocks,
    "methodology": lambda figures, _plan: basis.methodology_blocks(figures),
    "choices": lambda figures, _plan: basis.choice_blocks(figures),
    "applicability": lambda figures, _plan: basis.applicability_blocks(figures),
    "boundary": lambda figures, _plan: basis.boundary_blocks(figures),
    "not_covered": lambda figures, _plan: basis.not_covered_blocks(figures),
    "fixed": lambda figures, _plan: cards.fixed_cards(figures),
    "monitored": lambda figures, plan: cards.monitored_cards(figures, _month_heading(plan)),
    "months": lambda figures, _plan: cards.month_tables(figures),
    "meters": lambda figures, _plan: meters.meter_blocks(figures),
    "corrections": lambda figures, _plan: meters.correction_blocks(figures),
    "readings": lambda figures, _plan: quality.reading_blocks(figures),
    "baseline": lambda figures, _plan: calculation.role_blocks(figures, "baseline"),
    "project_emissions": lambda figures, _plan: calculation.role_blocks(figures, "project"),
    "leakage": lambda figures, _plan: calculation.role_blocks(figures, "leakage"),
    "reduction": lambda figures, _plan: calculation.role_blocks(figures, "reduction"),
    "other_equations": lambda figures, _plan: calculation.role_blocks(figures, None),
    "conversions": lambda figures, _plan: calculation.conversion_blocks(figures),
    "years": lambda figures, _plan: calculation.year_blocks(figures),
    "findings": lambda figures, _plan: cases.finding_blocks(figures),
    "agreement": lambda figures, _plan: quality.agreement_blocks(figures),
    "digests": lambda figures, _plan: quality.digest_blocks(figures),
    "signatures": signature_blocks,
}

"""Arranges a result as a report, by an outline; says what is there and decides nothing.

Every section stands with content or with the reason why there is none.
"""

from collections.abc import Callable, Mapping

from tonne.engine.errors import Problem, ReportError, nearest
from tonne.engine.result.result import Result
from tonne.esg import (
    basis,
    calculation,
    cards,
    cases,
    charts,
    comparison,
    cover,
    coverage,
    metering,
    meters,
    narrative,
    proved,
    quality,
    timeline,
    treatments,
)
from tonne.esg.document import (
    Block,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Signatures,
    figures_in,
    same,
)
from tonne.esg.figures import Figures, joined, phrase
from tonne.esg.outline import PLAIN, Outline, OutlineSection, load_outline
from tonne.esg.tracing import trace_list

FAILED = Phrase(
    "本次计算存在阻断项或纠正措施要求（见“{heading}”一节）；关闭之前，所列减排量不得用于申报。",
    "The run found blocking points or corrective actions (see “{heading}”); until they are closed, the reductions must not be claimed.",
)
OF_ESTIMATES = Phrase(
    "本报告的监测参数均为设计阶段的估算值，所列减排量不是核算结果。",
    "The monitored parameters of this report are estimates of the design stage; the reductions are not achieved ones.",
)
OF_MONITORING = Phrase(
    "项目文件为监测阶段的数据，本设计文件中的计算采用监测期数据，不是事前估算。",
    "The project file is one of the monitoring stage: what this design document computes are results of the monitoring period, "
    "no estimates.",
)
SIGNATURE_PLACES = (
    Phrase("项目业主（盖章）", "Project owner (seal)"),
    Phrase("编制人（签字）", "Prepared by (signature)"),
    Phrase("审核人（签字）", "Reviewed by (signature)"),
    Phrase("联系人及联系方式", "Contact"),
    Phrase("日期", "Date"),
)
UNSIGNED = Phrase(
    "签字、盖章和日期由相关责任人填写，程序不予填写。",
    "Signatures, seals and dates are for the persons responsible; the engine fills in none of them.",
)
BETWEEN = Phrase("", " ")


def monitoring_report(result: Result, outline: str | Outline = PLAIN, figures: Figures | None = None) -> Report:
    """Arrange a result as a report.

    Args:
        result: what is reported.
        outline: the name of one of the package, or one that was read.
        figures: those of the same result, where they were made for another report.

    Raises:
        ReportError: there is no such outline, or it names a block that is not there.
    """
    plan = load_outline(outline) if isinstance(outline, str) else outline
    _require_known(plan)
    figures = figures or Figures(result)
    front = cover.cover_rows(figures, plan)
    sections = tuple(_sections(figures, plan.sections, "", plan))
    spec = result.project.spec
    shown = (front, *sections)
    return Report(
        outline=f"{plan.id} {plan.version}",
        title=Phrase(plan.title.zh, plan.title.en),
        subject=phrase(spec.name),
        statement=phrase(spec.statement) if spec.statement else None,
        warning=_warning(result, plan),
        cover=front,
        sections=sections,
        traces=trace_list(figures, figures_in(shown)),
        digest=figures.digest,
        engine=f"tonne {result.engine_version}",
    )


def _require_known(plan: Outline) -> None:
    """Refuse an outline that names a row of the cover that is not there; blocks are refused where they stand."""
    for item in plan.cover or ():
        if item.row not in cover.ROWS:
            what = f"outline {plan.id} names an unknown row '{item.row}' of the cover"
            raise ReportError(Problem(what, hint=nearest(item.row, cover.ROWS)))


def _warning(result: Result, plan: Outline) -> Phrase | None:
    """Say what keeps the numbers from being used as the document is meant."""
    stage = result.project.spec.stage
    told = [FAILED.filled(heading=_heading(plan.sections, "findings"))] if result.failed else []
    if stage != plan.stage:
        told.append(OF_ESTIMATES if stage == "design" else OF_MONITORING)
    return joined(told, BETWEEN) if told else None


def _sections(
    figures: Figures, items: tuple[OutlineSection, ...], prefix: str, plan: Outline, level: int = 1
) -> list[Section]:
    sections: list[Section] = []
    count = 0
    for item in items:
        blocks = _blocks(figures, item, plan)
        if not item.sections and not blocks:
            continue
        count += item.numbered
        number = f"{prefix}{_numeral(count, plan, level)}" if item.numbered else ""
        inside = _sections(figures, item.sections, f"{number}." if number else "", plan, level + 1)
        if item.sections and not inside:
            count -= item.numbered
            continue
        sections.append(Section(item.id, number, Phrase(item.zh, item.en), level, blocks))
        sections += inside
    return sections


def _numeral(count: int, plan: Outline, level: int) -> str:
    return chr(ord("A") + count - 1) if plan.numbering == "letters" and level == 1 else str(count)


def _blocks(figures: Figures, item: OutlineSection, plan: Outline) -> tuple[Block, ...]:
    if item.sections:
        return ()
    if item.says is not None:
        return narrative.sentence_blocks(item.says)
    if item.text is not None:
        blocks = narrative.narrative_blocks(figures, [item.text])
    else:
        maker = BLOCKS.get(item.block or "")
        if maker is None:
            what = f"outline {plan.id} names an unknown block '{item.block}'"
            raise ReportError(Problem(what, hint=nearest(item.block or "", BLOCKS)))
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


def signature_blocks(_figures: Figures, _plan: Outline) -> tuple[Block, ...]:
    """Leave places for signatures, seals and dates."""
    return (Signatures(SIGNATURE_PLACES), Paragraph((UNSIGNED,), "small"))


def _month_heading(plan: Outline) -> Phrase | None:
    heading = _heading(plan.sections, "months")
    return heading if heading.zh else None


def _changes_of(kind: str) -> Callable[[Figures, Outline], tuple[Block, ...]]:
    return lambda figures, _plan: narrative.change_blocks(figures, kind)


BLOCKS: Mapping[str, Callable[[Figures, Outline], tuple[Block, ...]]] = {
    "project": lambda figures, _plan: narrative.project_blocks(figures),
    "purpose": lambda figures, _plan: narrative.purpose_blocks(figures),
    "location": lambda figures, _plan: narrative.location_blocks(figures),
    "parties": lambda figures, _plan: narrative.party_blocks(figures),
    "crediting": lambda figures, _plan: narrative.crediting_blocks(figures),
    "milestones": lambda figures, _plan: narrative.milestone_blocks(figures),
    "status": lambda figures, _plan: narrative.status_blocks(figures),
    "changes": lambda figures, _plan: narrative.change_blocks(figures),
    **{f"changes_{kind}": _changes_of(kind) for kind in narrative.CHANGE_KINDS},
    "monitoring_system": lambda figures, _plan: (
        *narrative.system_blocks(figures),
        *metering.metering_diagram(figures),
    ),
    "monitoring_points": lambda figures, _plan: (
        *narrative.narrative_blocks(figures, ["monitoring_system"]),
        *metering.metering_diagram(figures),
    ),
    "methodology": lambda figures, _plan: basis.methodology_blocks(figures),
    "choices": lambda figures, _plan: basis.choice_blocks(figures),
    "applicability": lambda figures, _plan: basis.applicability_blocks(figures),
    "boundary": lambda figures, _plan: basis.boundary_blocks(figures),
    "not_covered": lambda figures, _plan: basis.not_covered_blocks(figures),
    "fixed": lambda figures, _plan: cards.fixed_cards(figures),
    "monitored": lambda figures, plan: cards.monitored_cards(figures, _month_heading(plan)),
    "months": lambda figures, _plan: (*charts.month_chart(figures), *cards.month_tables(figures)),
    "meters": lambda figures, _plan: (
        *meters.meter_blocks(figures),
        *timeline.calibration_timeline(figures),
    ),
    "gaps": lambda figures, _plan: (*coverage.coverage_chart(figures), *treatments.gap_blocks(figures)),
    "corrections": lambda figures, _plan: meters.correction_blocks(figures),
    "readings": lambda figures, _plan: quality.reading_blocks(figures),
    "baseline": lambda figures, _plan: calculation.role_blocks(figures, "baseline"),
    "project_emissions": lambda figures, _plan: calculation.role_blocks(figures, "project"),
    "leakage": lambda figures, _plan: calculation.role_blocks(figures, "leakage"),
    "reduction": lambda figures, _plan: calculation.role_blocks(figures, "reduction"),
    "other_equations": lambda figures, _plan: calculation.role_blocks(figures, None),
    "conversions": lambda figures, _plan: calculation.conversion_blocks(figures),
    "years": lambda figures, _plan: (*calculation.year_blocks(figures), *charts.result_charts(figures)),
    "yearly_estimate": lambda figures, _plan: (
        *comparison.yearly_estimate_blocks(figures),
        *charts.result_charts(figures),
    ),
    "estimate_method": lambda figures, _plan: comparison.estimate_method_blocks(figures),
    "splits": lambda figures, _plan: comparison.split_blocks(figures),
    "comparison": lambda figures, _plan: comparison.comparison_blocks(figures),
    "comparison_reason": lambda figures, _plan: comparison.reason_blocks(figures),
    "previous_period": lambda figures, _plan: comparison.previous_blocks(figures),
    "findings": lambda figures, _plan: cases.finding_blocks(figures),
    "proof": lambda figures, _plan: proved.proof_blocks(figures),
    "agreement": lambda figures, _plan: quality.agreement_blocks(figures),
    "digests": lambda figures, _plan: quality.digest_blocks(figures),
    "annexes": lambda figures, _plan: narrative.annex_blocks(figures),
    "signatures": signature_blocks,
}

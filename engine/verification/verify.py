"""Makes every check on a result, and brings its findings together with stakes and answers."""

from collections.abc import Iterator
from dataclasses import replace

from tonne.engine.data.answers import Answers
from tonne.engine.errors import nearest
from tonne.engine.findings import Finding, Severity, identified
from tonne.engine.result.result import Result
from tonne.engine.verification.checks import RESULT_CHECKS
from tonne.engine.verification.stakes import with_stakes

PRODUCED = ("document.", "workbook.")  # known only when produced files are read


def verified(result: Result, answers: Answers | None) -> Result:
    """Give the result with the findings of all checks, each with its id, its stake and what was answered."""
    made = [finding for check in RESULT_CHECKS.values() for finding in check(result)]
    findings = with_stakes(result, identified([*result.findings, *made]))
    return replace(result, findings=answered(findings, answers))


def answered(findings: tuple[Finding, ...], answers: Answers | None) -> tuple[Finding, ...]:
    """Give the findings with their histories, and report answers to what was not found."""
    if answers is None:
        return findings
    return (*replied(findings, answers), *identified(_unknown(findings, answers)))


def replied(findings: tuple[Finding, ...], answers: Answers | None) -> tuple[Finding, ...]:
    """Give the findings with what was answered to them."""
    histories = answers.histories if answers else {}
    return tuple(
        replace(finding, replies=histories[finding.id].replies) if finding.id in histories else finding
        for finding in findings
    )


def _unknown(findings: tuple[Finding, ...], answers: Answers) -> Iterator[Finding]:
    known = [finding.id for finding in findings]
    for id_, history in answers.histories.items():
        if id_ in known or id_.startswith(PRODUCED):
            continue
        closed = history.replies[-1].status == "closed"
        near = None if closed else nearest(id_, known)
        zh = "该发现已关闭，本次计算中不再出现。" if closed else "请核对编号；如该问题已消除，请将其关闭。"
        en = (
            "It is closed and does not arise any more."
            if closed
            else f"Please verify the id{f' ({near})' if near else ''}; if the matter is settled, close it."
        )
        yield Finding(
            "answers.unknown",
            Severity.NOTE if closed else Severity.CLARIFICATION,
            f"答复所指的发现{id_}不在本次计算的发现之中。{zh}",
            f"Finding {id_}, which was answered, is not among the findings of this run. {en}",
            {"finding": id_},
            history.place,
        )

"""Findings as validation practice has them: number, kind, sentence, tonnes at stake, answers, status.

Decides nothing: what a finding weighs and how far it is stands in the result.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result, plain
from tonne.engine.verification.checks import check_of
from tonne.esg.document import Block, Break, Column, Content, Marked, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, in_brackets
from tonne.esg.numbers import Language, number_text
from tonne.esg.wording import SEVERITIES

KINDS: Mapping[str | None, Phrase] = {
    "CAR": Phrase("不符合项（CAR）", "CAR"),
    "CL": Phrase("澄清项（CL）", "CL"),
    "FAR": Phrase("后续行动项（FAR）", "FAR"),
    None: Phrase("说明", "note"),
}
STATUSES: Mapping[str, Phrase] = {
    "open": Phrase("未答复", "open"),
    "answered": Phrase("已答复", "answered"),
    "closed": Phrase("已关闭", "closed"),
    "reopened": Phrase("重新打开", "reopened"),
}
_HEADS = (
    Column((Phrase("类别、编号与代码", "Kind, number and code"),), 9),
    Column((Phrase("内容与答复", "Finding and answers"),), 20),
    Column((Phrase("涉及减排量", "Tonnes at stake"),), 6),
    Column((Phrase("状态", "Status"),), 4),
)
_STAKE = Phrase("若{case}：{tonnes} tCO₂e", "{tonnes} tCO₂e if {case}")
_NO_STAKE = Phrase("未计算：{case}", "not computed: {case}")
_REPLY = Phrase("{when} {who}（{status}）：{what}{evidence}", "{when} {who} ({status}): {what}{evidence}")
_EVIDENCE = Phrase("；证据：{text}", "; evidence: {text}")
_ABOUT = Phrase(
    "代码由问题所涉及的对象确定，数值变化时不变；涉及减排量为另一种情形下监测期减排量的变化量。",
    "The code after the number stays the same when amounts change. Tonnes at stake are the change of the reduction of the period "
    "in the other case.",
)


def heaviest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Put findings in the order of their severity."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def stake_words(finding: Finding) -> Phrase | None:
    """Say what is at stake; None where nothing is known of it."""
    stake = finding.stake
    if stake is None:
        return None
    case = Phrase(stake.zh, stake.en)
    if stake.tonnes is None:
        return _NO_STAKE.filled(case=case)
    sign = "+" if stake.tonnes > 0 else ""
    return _STAKE.filled(case=case, tonnes=f"{sign}{number_text(stake.tonnes, digits=15)}")


def reply_words(finding: Finding) -> list[Phrase]:
    """Say who answered what and when, in order."""
    return [
        _REPLY.filled(
            when=str(reply.when),
            who=reply.who,
            status=STATUSES[reply.status],
            what=Phrase(reply.zh, reply.en),
            evidence=_EVIDENCE.filled(text=reply.evidence) if reply.evidence else same(""),
        )
        for reply in finding.replies
    ]


def finding_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the findings with their answers, heaviest first."""
    found = heaviest_first(figures.result.findings)
    if not found:
        return ()
    numbers: Counter[str | None] = Counter()
    rows = []
    for finding in found:
        numbers[finding.kind] += 1
        rows.append(_row(finding, numbers[finding.kind]))
    return (Table(_HEADS, tuple(rows)), Paragraph((_ABOUT,), "small"))


def _row(finding: Finding, number: int) -> tuple[Content, ...]:
    kind = KINDS[finding.kind]
    head: Content = (Phrase(f"{kind.zh}{number}", f"{kind.en} {number}"),)
    if finding.kind is not None:
        head += (in_brackets(SEVERITIES[finding.severity.value]),)
    said: Content = (Phrase(finding.zh, finding.en),)
    for reply in reply_words(finding):
        said += (Break(), reply)
    stake = stake_words(finding)
    return (
        (*head, Break(), Marked(same(finding.id), "code")),
        said,
        (stake,) if stake else (),
        (STATUSES[finding.status],) if finding.kind is not None else (),
    )


def case_rows(findings: Iterable[Finding], language: Language) -> list[list[str]]:
    """Write findings for a terminal: kind, check and id, sentence, tonnes, status."""
    rows = []
    for finding in heaviest_first(findings):
        check = check_of(finding.code)
        stake = stake_words(finding)
        sentence = finding.zh if language == "zh" else finding.en
        lines = [sentence, *(reply.said(language) for reply in reply_words(finding))]
        lines += [str(finding.place)] if finding.place else []
        rows.append(
            [
                SEVERITIES[finding.severity.value].said(language),
                f"{check.code if check else ''}\n{finding.id}".strip(),
                "\n".join(lines),
                stake.said(language) if stake else "",
                STATUSES[finding.status].said(language) if finding.kind else "",
            ]
        )
    return rows


def case_data(result: Result, findings: Iterable[Finding]) -> dict[str, Any]:
    """Give the findings of a project as plain data, with the check that each belongs to."""
    listed = heaviest_first(findings)
    checks = [check_of(finding.code) for finding in listed]
    return {
        "project": result.project.spec.name.model_dump(),
        "methodology": result.methodology.id,
        "digest": result.digest,
        "passed": not any(finding.failed for finding in listed),
        "reduction": plain(result.rounded_total("reduction")),
        "findings": [
            {"check": check.code if check else None, **finding.as_case()}
            for check, finding in zip(checks, listed, strict=True)
        ],
    }


def answers_template(findings: Iterable[Finding], language: Language) -> str:
    """Write the start of an answers file, with an entry for each finding that waits for an answer."""
    lines = ["format: 1", "answers:"]
    waiting = [
        finding for finding in heaviest_first(findings) if finding.kind and finding.status in {"open", "reopened"}
    ]
    for finding in waiting:
        sentence = finding.zh if language == "zh" else finding.en
        lines += [
            f"  # {finding.kind}: {' '.join(sentence.split())}",
            f"  - finding: {json.dumps(finding.id)}",
            "    who: ''",
            "    when:    # YYYY-MM-DD",
            "    what: ''",
            "    status: answered",
        ]
    return "\n".join(lines if waiting else ["format: 1", "answers: []"])

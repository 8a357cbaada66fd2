"""What the prover says of the methodology of a report: each check with its counts, and what is not proved."""

from tonne.engine.prove.known import ProofSummary, known_summary
from tonne.esg.check_wording import WORDS
from tonne.esg.document import Block, Column, Content, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, in_brackets

MOST_OPEN = 30
CHECK = Phrase("检查项", "Check")
PROVED, REFUTED = Phrase("已证明", "Proved"), Phrase("不成立", "Refuted")
UNDECIDED, NOTED = Phrase("未判定", "Not decided"), Phrase("已举例证实", "Shown by points")
PASSED = Phrase("结论", "Outcome")
ABOUT = Phrase(
    "上述结论针对方法学{id}（摘要值{digest}）的机读公式，对声明界限内的一切输入成立，与本项目的数据无关；公式与方法学原文是否一致，见各公式的证据等级。"
    "完整的证明报告由tonne check生成。",
    "This is said of the formulas of {id} (digest {digest}) for all inputs inside the declared bounds, whatever the data of this project. "
    "Whether the formulas are those of the source is shown by their evidence. `tonne check` writes the complete report.",
)
CONCLUSION = {
    "open": Phrase("以下{count}项未获证明：", "{count} statements are not proved:"),
    "none": Phrase("全部{count}项陈述均已证明或已举例证实。", "All {count} statements are proved, or shown by points."),
}
MORE = Phrase("另有{count}项，见完整的证明报告。", "and {count} more, which are in the complete report.")
NOT_PROVED = {"refuted": REFUTED, "undecided": UNDECIDED}


def proof_blocks(figures: Figures) -> tuple[Block, ...]:
    """Count the statements of each check and list those that are not proved."""
    summary = _summary(figures)
    rows: list[tuple[Content, ...]] = []
    for check in summary.checks:
        numbers: list[Content] = [(same(str(count) if count else "—"),) for count in check.counts]
        rows.append(((Phrase(check.zh, check.en),), *numbers, (WORDS[check.outcome],)))
    columns = (
        Column((CHECK,), 7),
        *(Column((head,), 2, "centre") for head in (PROVED, NOTED, UNDECIDED, REFUTED)),
        Column((PASSED,), 2, "centre"),
    )
    blocks: list[Block] = [Table(columns, tuple(rows))]
    left = summary.left
    blocks.append(Paragraph((CONCLUSION["open" if left else "none"].filled(count=len(left) or summary.total),)))
    for zh, en, verdict in left[:MOST_OPEN]:
        blocks.append(Paragraph((Phrase(zh, en), in_brackets(NOT_PROVED[verdict])), "small"))
    if len(left) > MOST_OPEN:
        blocks.append(Paragraph((MORE.filled(count=len(left) - MOST_OPEN),), "small"))
    digest = figures.result.methodology.digest[:12]
    return (*blocks, Paragraph((ABOUT.filled(id=figures.result.methodology.id, digest=digest),), "small"))


def _summary(figures: Figures) -> ProofSummary:
    methodology = figures.result.methodology
    known = known_summary(methodology)
    if known is not None:
        return known
    from tonne.engine.prove.report import proof_summary  # noqa: PLC0415 (loads the solver)

    return proof_summary(methodology)

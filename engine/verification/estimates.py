"""Compares the reduction with the estimate made before the event, for the days of the monitoring period.

Composed: an excess of more than a tenth, in a calendar year or in total, has to be explained.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from tonne.engine.data.amounts import exact_text
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.derived import estimated_shares
from tonne.engine.result.result import Result, plain

THRESHOLD = Fraction(1, 10)


def check_estimates(result: Result) -> Iterator[Finding]:
    """Report a reduction that is above its estimate."""
    spec = result.project.spec
    if not spec.ex_ante:
        return
    actual = {year.year: year.rounded["reduction"] for year in result.years}
    estimates = {share.year: share.amount for share in estimated_shares(spec)}
    if "-" in actual and len(estimates) == 1:
        actual = dict.fromkeys(estimates, actual["-"])
    pairs = {year: (actual[year], estimate) for year, estimate in estimates.items() if year in actual}
    if not pairs:
        return
    total = sum((value for value, _ in pairs.values()), Decimal(0)), sum((e for _, e in pairs.values()), Fraction(0))
    above = [(year, *pair) for year, pair in pairs.items() if _excess(*pair) > THRESHOLD]
    above += [("", *total)] if len(pairs) > 1 and _excess(*total) > THRESHOLD else []
    if not above:
        return
    words = [
        (f"{year or '合计'}", f"{year or 'in total'}", *_texts(value, estimate)) for year, value, estimate in above
    ]
    zh = "；".join(
        f"{at}：{value} tCO2e，事前估算{estimate} tCO2e，超出{share}%" for at, _, value, estimate, share in words
    )
    en = "; ".join(
        f"{at}: {value} tCO2e, estimated {estimate} tCO2e, {share} % more" for _, at, value, estimate, share in words
    )
    told = spec.ex_ante_explanation
    end_zh = f"。项目说明：{told.zh}" if told else "。请说明原因。"
    end_en = f". The project explains: {told.en}" if told else ". Please explain."
    yield Finding(
        "estimate.explained" if told else "estimate.exceeded",
        Severity.NOTE if told else Severity.CLARIFICATION,
        f"监测期减排量高于事前估算10%以上——{zh}{end_zh}",
        f"The reduction is more than 10 % above the estimate: {en}{end_en}",
        {
            "threshold_percent": exact_text(THRESHOLD * 100),
            "cases": [
                {
                    "at": at,
                    "value": plain(value),
                    "estimate": exact_text(estimate),
                    "percent": _texts(value, estimate)[2],
                }
                for at, value, estimate in above
            ],
            "difference": exact_text(Fraction(total[0]) - total[1]),
        },
        result.project.document.place("ex_ante"),
    )


def _excess(value: Decimal, estimate: Fraction) -> Fraction:
    """Give by which share of the estimate a value is above it."""
    if estimate <= 0:
        return Fraction(2) if Fraction(value) > 0 else Fraction(0)
    return Fraction(value) / estimate - 1


def _texts(value: Decimal, estimate: Fraction) -> tuple[str, str, str]:
    return plain(value), exact_text(estimate), exact_text(round(_excess(value, estimate) * 100, 2))

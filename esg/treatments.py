"""What documents say of the readings behind a value: what was missing, what was substituted, which source counts."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.cross_checks import KINDS_EN, KINDS_ZH
from tonne.engine.data.substitutes import METHODS_EN, METHODS_ZH
from tonne.esg.document import Block, Break, Column, Content, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, joined, labelled, phrase, spread, stored_amount
from tonne.esg.wording import COMMA, ORIGINS

MAX_LINES = 20
MAX_PLACES = 6

GAP = Phrase(
    "缺失数据：计量点{meter}应有读数{expected}条，缺{missing}条，数据完整率{coverage}%",
    "Missing readings: meter {meter} lacks {missing} of {expected}, coverage {coverage} %",
)
MOST_GAPS = 8  # told meter by meter
GAPS = Phrase(
    "缺失数据：{count}个计量点应有读数{expected}条，缺{missing}条；完整率最低的是{meter}，为{coverage}%（逐点见“发现”）",
    "Missing readings: {count} meters lack {missing} of {expected}; the lowest coverage is that of {meter}, {coverage} % (each is a "
    "finding)",
)
MORE_LINES = Phrase("另有{count}项，见result.json", "and {count} more, which are in result.json")
SUBSTITUTED = Phrase(
    "计量点{meter}的{count}条读数{method}，计{amount}", "{count} readings of meter {meter}: {method}, {amount}"
)
CHOSEN = Phrase(
    "{name}：监测值{monitored}，{kind}{second}{difference}，取{taken}",
    "{name}: {monitored} monitored, {second} in {kind}{difference}; {taken} counts",
)
COMPARED = Phrase(
    "{name}：{count}个数值与{kind}核对，其中{second}个取{kind}{at}",
    "{name}: {count} values compared with {kind}, which counts for {second} of them{at}",
)
DIFFERENCE = Phrase("（相差{percent}%）", " ({percent} % apart)")
PLACES = Phrase("（{at}{more}）", " ({at}{more})")
MORE = Phrase("等", " and others")
PARAMETER, TREATMENT = Phrase("参数", "Parameter"), Phrase("缺失、替代与核对", "Missing, substituted, compared")
MONITORED = Phrase("监测值", "the monitored value")


def gap_blocks(figures: Figures) -> tuple[Block, ...]:
    """List for each monitored parameter what was missing, substituted, or settled by a second source."""
    rows: list[tuple[Content, ...]] = []
    for name in figures.result.plan.needed:
        if name in figures.result.methodology.quantities:
            lines = treatment_lines(figures, name)
            rows += [(figures.named(name), spread(((line,) for line in lines), Break()))] if lines else []
    texts = figures.result.project.spec.narrative
    told: tuple[Block, ...] = ()
    if texts and texts.abnormal_data:
        told = (Paragraph((phrase(texts.abnormal_data),)),)
    return (*told, Table((Column((PARAMETER,), 4), Column((TREATMENT,), 12)), tuple(rows))) if rows else told


def substituted(part: Mapping[str, Any]) -> Phrase:
    """Say how many readings of a value were substituted, how, and what they come to."""
    return SUBSTITUTED.filled(
        meter=part["meter"],
        count=f"{part['count']:,}",
        method=Phrase(METHODS_ZH[part["method"]], METHODS_EN[part["method"]]),
        amount=stored_amount(str(part["amount"]), str(part["unit"])),
    )


def chosen(check: Mapping[str, Any]) -> Phrase:
    """Say what a second source holds beside the monitored value, and which of them counts."""
    percent, kind = check["difference_percent"], _kind(check)
    return CHOSEN.filled(
        name=check["name"],
        kind=kind,
        monitored=stored_amount(check["monitored"], check["unit"]),
        second=stored_amount(check["second"], check["unit"]),
        difference=DIFFERENCE.filled(percent=percent) if percent is not None else same(""),
        taken=kind if check["taken"] == "second" else MONITORED,
    )


def _kind(check: Mapping[str, Any]) -> Phrase:
    return Phrase(KINDS_ZH[check["kind"]], KINDS_EN[check["kind"]])


def treatment_lines(figures: Figures, name: str) -> list[Phrase]:
    """Say of a parameter what its card should: gaps, substitutes and second sources, each once for the period."""
    origins = figures.result.dataset.provenance.get(name, {})
    files = {str(origin["file"]) for origin in origins.values() if origin.get("kind") == "readings"}
    gaps = [
        finding.evidence
        for finding in figures.result.findings
        if finding.code == "readings.gap" and finding.place and finding.place.path in files
    ]
    lines = [_gap(evidence) for evidence in gaps] if len(gaps) <= MOST_GAPS else [_gaps(gaps)]
    lines += [labelled(ORIGINS["substitution"], substituted(part)) for part in _substitutes(origins)]
    lines += [labelled(ORIGINS["cross_check"], line) for line in _second_sources(figures, name)]
    left_out = len(lines) - MAX_LINES
    return [*lines[:MAX_LINES], MORE_LINES.filled(count=left_out)] if left_out > 0 else lines


def _gap(evidence: Mapping[str, Any]) -> Phrase:
    return GAP.filled(
        meter=evidence["meter"],
        expected=f"{evidence['expected']:,}",
        missing=f"{evidence['missing']:,}",
        coverage=evidence["coverage_percent"],
    )


def _gaps(gaps: list[Mapping[str, Any]]) -> Phrase:
    """Say of many meters together what is missing, and which is the worst."""
    worst = max(gaps, key=lambda evidence: Fraction(evidence["missing"], evidence["expected"]))
    return GAPS.filled(
        count=len(gaps),
        expected=f"{sum(evidence['expected'] for evidence in gaps):,}",
        missing=f"{sum(evidence['missing'] for evidence in gaps):,}",
        meter=worst["meter"],
        coverage=worst["coverage_percent"],
    )


def _substitutes(origins: Mapping[Any, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Add up the substitutes of a meter by method; means of a state do not add up and are told one by one."""
    sums: dict[tuple[str, str, str, Any], tuple[int, Fraction]] = {}
    for index, origin in origins.items():
        for part in origin.get("substitutions", []):
            key = part["meter"], part["method"], part["unit"], index if part.get("averaged") else None
            count, amount = sums.get(key, (0, Fraction(0)))
            sums[key] = count + part["count"], amount + Fraction(part["amount"])
    return [
        {"meter": meter, "method": method, "unit": unit, "count": count, "amount": exact_text(amount)}
        for (meter, method, unit, _), (count, amount) in sums.items()
    ]


def _second_sources(figures: Figures, name: str) -> list[Phrase]:
    """Say for each second source how many values were compared, and where it counts; a single value is shown itself."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for origin in figures.result.dataset.provenance.get(name, {}).values():
        for check in origin.get("cross_checks", []):
            found.setdefault(check["name"], []).append(check)
    lines = []
    for source, checks in found.items():
        if len(checks) == 1:
            lines.append(chosen(checks[0]))
            continue
        at = [check["at"] for check in checks if check["taken"] == "second"]
        more = MORE if len(at) > MAX_PLACES else same("")
        places = PLACES.filled(at=joined(map(same, at[:MAX_PLACES]), COMMA), more=more) if at else same("")
        kind = _kind(checks[0])
        lines.append(COMPARED.filled(name=source, kind=kind, count=len(checks), second=len(at), at=places))
    return lines

"""What documents say of the readings behind a value: what was missing, what was substituted, which source counts."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.cross_checks import KINDS_EN, KINDS_ZH
from tonne.engine.data.substitutes import METHODS_EN, METHODS_ZH
from tonne.esg.document import Phrase, same
from tonne.esg.figures import Figures, joined, labelled, stored_amount
from tonne.esg.wording import COMMA, ORIGINS

MAX_LINES = 20
MAX_PLACES = 6

GAP = Phrase(
    "缺失数据：计量点{meter}应有读数{expected}条，缺{missing}条，数据完整率{coverage}%",
    "Missing readings: meter {meter} lacks {missing} of {expected}, coverage {coverage} %",
)
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
MONITORED = Phrase("监测值", "the monitored value")


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
    lines = [
        GAP.filled(
            meter=finding.evidence["meter"],
            expected=f"{finding.evidence['expected']:,}",
            missing=f"{finding.evidence['missing']:,}",
            coverage=finding.evidence["coverage_percent"],
        )
        for finding in figures.result.findings
        if finding.code == "readings.gap" and finding.place and finding.place.path in files
    ]
    lines += [labelled(ORIGINS["substitution"], substituted(part)) for part in _substitutes(origins)]
    lines += [labelled(ORIGINS["cross_check"], line) for line in _second_sources(figures, name)]
    return lines[:MAX_LINES]


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

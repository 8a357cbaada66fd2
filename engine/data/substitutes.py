"""What was substituted: as findings with count, share, method, amount and extent, and as parts of each value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import duckdb

from tonne.engine.data.amounts import Key, exact_text
from tonne.engine.data.feeds import TAKEN
from tonne.engine.data.fillings import Fed, Filling, converted
from tonne.engine.data.local_time import FIXED
from tonne.engine.data.project import Project
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.series import SHOWN_GAPS, coverage, series_name
from tonne.engine.data.store import Statements
from tonne.engine.errors import Place
from tonne.engine.findings import Finding, Severity

METHODS_ZH = {
    "check_meter": "采用备用表（校核表）同时段读数",
    "invoice": "采用结算凭证电量或用量减去已计量部分，在缺失时段平均分摊",
    "conservative_extreme": "采用保守方向的极值读数",
    "percentile": "采用保守侧分位数读数",
    "zero": "按零计",
}
METHODS_EN = {
    "check_meter": "the readings of the check meter for the same intervals",
    "invoice": "the invoiced amount less what was measured, spread evenly",
    "conservative_extreme": "the extreme reading on the conservative side",
    "percentile": "a percentile of the readings on the conservative side",
    "zero": "zero",
}


def filled_findings(filling: Filling) -> list[Finding]:
    """Say for each series what a rule filled in, or that it found nothing to fill."""
    cases = filling.sql.ask(
        "SELECT {key}, count(*), min(value), max(value), list(DISTINCT row) FROM {filled} GROUP BY {key} ORDER BY {key}"
    )
    if not cases:
        return [_idle(filling)]
    return [_substituted(filling, series, count, low, high, rows) for *series, count, low, high, rows in cases]


def _idle(filling: Filling) -> Finding:
    shown, rule = filling.loaded.facts.shown, filling.rule
    meter = (
        {"zh": f"计量点{rule.meter}", "en": f"meter {rule.meter}"}
        if rule.meter
        else {"zh": "各计量点", "en": "any meter"}
    )
    return Finding(
        "substitution.not_used",
        Severity.NOTE,
        f"{shown}：{meter['zh']}在所述时段内没有缺失数据，替代规则（{METHODS_ZH[rule.method]}）未使用。",
        f"{shown}: no readings of {meter['en']} are missing in the stated days; the rule for their substitution "
        f"by {METHODS_EN[rule.method]} was not used.",
        {"readings": filling.loaded.name, "method": rule.method},
        filling.place,
    )


def _substituted(filling: Filling, series: Sequence[Any], count: int, low: Any, high: Any, rows: list[Any]) -> Finding:
    loaded, rule = filling.loaded, filling.rule
    meter, shown, total = series_name(series), loaded.facts.shown, loaded.grid.count
    share = percent(count, total)
    amount, unit = _amount(filling, series)
    extents = _extents(filling, series)
    text = f"{exact_text(amount)} {unit}"
    reason_zh, reason_en = rule.reason.zh.rstrip("。.；;"), rule.reason.en.rstrip(".;")
    evidence: dict[str, Any] = {
        "readings": loaded.name,
        "meter": meter,
        "parameters": [item.quantity.id for item in filling.fed],
        "method": rule.method,
        "substituted": count,
        "expected": total,
        "share_percent": share,
        "amount": exact_text(amount),
        "unit": unit,
        "lowest": exact_text(low),
        "highest": exact_text(high),
        "extents": extents,
        "files": [shown],
        "reason": rule.reason.model_dump(),
    }
    if rule.method in {"conservative_extreme", "percentile"} and rows[0] is not None:
        evidence["row"] = rows[0]
    averaged = loaded.spec.value.reads == "state"
    return Finding(
        "readings.substituted",
        Severity.CLARIFICATION,
        f"{shown}：计量点{meter}在监测期内有{count}个时段的读数为替代数据，占应有{total}个时段的{share}%，"
        f"处理方法为{METHODS_ZH[rule.method]}，{'替代数据均值' if averaged else '替代数据合计'}{text}；"
        f"项目说明：{reason_zh}。请提供缺失原因和替代数据的证明材料。",
        f"{shown}: {count} of {total} readings of meter {meter} in the monitoring period ({share} %) are substitutes, by "
        f"{METHODS_EN[rule.method]}; {'their mean is' if averaged else 'they add up to'} {text}. The project states: "
        f"{reason_en}. Please show the cause of the gap and evidence for the substitutes.",
        evidence,
        Place(shown),
    )


def percent(part: int, whole: int) -> str:
    """Give a share in percent with two decimals, never rounded down to nothing."""
    hundredths = -(-part * 10_000 // whole)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _amount(filling: Filling, series: Sequence[Any]) -> tuple[Fraction, str]:
    """Add up what was filled in for a series, rates times their hours; of states the mean."""
    reads, unit = filling.loaded.spec.value.reads, filling.loaded.spec.value.unit
    same = " AND ".join(f"{column} = ?" for column in filling.columns)
    rows = filling.sql.ask(
        "SELECT ends - begins AS span, sum(value), count(*) FROM {filled} WHERE {same} GROUP BY span",
        *series,
        same=same,
    )
    if reads == "average":
        return sum((Fraction(total) * span / FIXED["hour"] for span, total, _ in rows), Fraction(0)), f"{unit}*h"
    total = sum((Fraction(total) for _, total, _ in rows), Fraction(0))
    return total / sum(count for _, _, count in rows) if reads == "state" else total, unit


def _extents(filling: Filling, series: Sequence[Any]) -> list[dict[str, Any]]:
    same = " AND ".join(f"{column} = ?" for column in filling.columns)
    rows = filling.sql.ask(
        "SELECT min(begins), max(ends), count(*) FROM (SELECT begins, ends, slot - row_number() OVER (ORDER BY slot) "
        "AS run FROM {filled} WHERE {same}) GROUP BY run ORDER BY min(begins) LIMIT ?",
        *series,
        SHOWN_GAPS,
        same=same,
    )
    text = filling.loaded.time.text
    return [{"from": text(first), "to": text(last), "substituted": count} for first, last, count in rows]


def explained_gap(finding: Finding, counts: Mapping[str, int]) -> Finding:
    """Say of a gap how much of it was filled; one that is filled completely asks for nothing more."""
    evidence = finding.evidence
    count = counts.get(str(evidence.get("meter")), 0)
    if finding.code != "readings.gap" or not count:
        return finding
    missing, total = evidence["missing"], evidence["expected"]
    whole = count == missing
    zh, en = finding.zh.partition("；请说明")[0], finding.en.partition(" Please explain")[0]
    more_zh = "" if whole else f"其余{missing - count}个时段仍缺数据，请说明原因及处理方法。"
    more_en = "" if whole else f" {missing - count} are still missing. Please explain the cause and the treatment."
    return replace(
        finding,
        severity=Severity.NOTE if whole else finding.severity,
        zh=f"{zh}；已按规则替代{count}个时段，替代后完整率{coverage(total - missing + count, total)}%。{more_zh}",
        en=f"{en} {count} are substituted by a rule, after which the coverage is "
        f"{coverage(total - missing + count, total)} %.{more_en}",
        evidence={**evidence, "substituted": count},
    )


def substituted_parts(
    store: duckdb.DuckDBPyConnection, project: Project, loaded: LoadedReadings, item: Fed
) -> dict[Key, list[dict[str, Any]]]:
    """Say for each value how much of it was filled in, by meter and method, in the unit of the parameter."""
    rules = [rule for rule in project.spec.substitutions if rule.readings == loaded.name]
    if not rules:
        return {}
    columns = {dimension: f"l{loaded.labels.index(column)}" for dimension, column in item.feed.by.items()}
    members = "".join(f", {column}" for column in columns.values())
    factor, offset = converted(loaded, item)
    rate, state = loaded.spec.value.reads == "average", loaded.spec.value.reads == "state"
    rows = Statements(store, {"table": loaded.fed}).ask(
        "SELECT {number} AS number, meter{members}, substituted, {span} AS span, count(*), sum({taken}) FROM {table} "
        "WHERE substituted IS NOT NULL GROUP BY number, meter{members}, substituted, span "
        "ORDER BY number, meter{members}, substituted, span",
        number=loaded.time.number(item.target.step, "begins") if item.target.step else "NULL",
        members=members,
        span="ends - begins" if rate else "0",
        taken=TAKEN[item.feed.take],
    )
    sums: dict[tuple[Key, str, str], tuple[int, Fraction]] = {}
    for number, meter, *labels, method, span, count, total in rows:
        named = dict(zip(columns, labels, strict=True)) | item.feed.at
        key = tuple(number if name == item.target.clock else named[name] for name in item.target.over)
        amount = Fraction(total) * (Fraction(span, FIXED["hour"]) if rate else 1)
        known = sums.get((key, meter, method), (0, Fraction(0)))
        sums[key, meter, method] = known[0] + count, known[1] + amount
    parts: dict[Key, list[dict[str, Any]]] = {}
    for (key, meter, method), (count, total) in sums.items():
        amount = (total / count if state else total) * factor + offset
        part = {
            "meter": meter,
            "method": method,
            "count": count,
            "amount": exact_text(amount),
            "unit": item.target.unit.text,
        }
        used = [rule for rule in rules if rule.method == method and rule.meter in {None, meter}]
        if state:
            part["averaged"] = True
        if method == "invoice":
            part["cross_checks"] = [rule.cross_check for rule in used]
        elif method == "check_meter":
            part["check_meters"] = [rule.check_meter for rule in used]
        parts.setdefault(key, []).append(part)
    return parts

"""What the commands print of a result and of a disclosure: lines and a table, as text; prints nothing itself."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tonne.engine.result.result import ROLES, Result
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.numbers import number_text


@dataclass(frozen=True)
class Summary:
    """Lines above a table, the table, and lines below it."""

    above: tuple[str, ...]
    headings: list[str]
    rows: list[list[str]]
    below: tuple[str, ...]


def tonnes_text(value: Decimal) -> str:
    """Print tonnes; whole ones without decimals."""
    return number_text(value, "tCO2e", rounded=value == value.to_integral_value())


def result_summary(result: Result, out: str) -> Summary:
    """Sum up a result and say where its files are."""
    spec, methodology = result.project.spec, result.methodology.spec
    above = [f"{spec.name.en} · {methodology.title.en} ({methodology.source.document})"]
    if spec.statement:
        above.append(f"note: {spec.statement.en}")
    rows = [[year.year, *(tonnes_text(year.rounded[role]) for role in ROLES)] for year in result.years]
    rows.append(["total", *(tonnes_text(result.rounded_total(role)) for role in ROLES)])
    severities: dict[str, int] = {}
    for finding in result.findings:
        severities[finding.severity.value] = severities.get(finding.severity.value, 0) + 1
    told = ", ".join(f"{count} {severity}" for severity, count in severities.items()) or "none"
    failed = [f"  {item.severity.value}: {item.en} [{item.code}]" for item in result.findings if item.failed]
    agreement = result.agreement
    files = "result.json, report.zh.docx, report.en.docx, report.html, workbook.xlsx, values.parquet, dossier.zip"
    below = (
        f"findings: {told}",
        *failed,
        f"two evaluators agree on {agreement.compared:,} values, largest relative difference {agreement.largest:.1e}",
        f"written to {out}: {files}",
    )
    headings = ["year", *(f"{role} tCO2e" for role in ROLES)]
    return Summary(tuple(above), headings, rows, below)


_BUCKETS = ("claimed", "transferred", "retired_for_others", "held", "unclaimable")


def disclosure_summary(disclosure: Disclosure, out: str) -> Summary:
    """Sum up a disclosure: where the tonnes of each project and year went, and which rules keep cells empty."""
    entity = disclosure.entity
    above = (
        f"{entity.name.en} · {entity.start} to {entity.end}",
        "extract for the preparer, not a filing · 供编制人使用的摘录，非申报文件",
    )
    rows = [
        [project, str(vintage), tonnes_text(verified), *(tonnes_text(getattr(where, name)) for name in _BUCKETS)]
        for project, vintage, verified, where in disclosure.conservation()
    ]
    headings = ["project", "year", "verified tCO2e", "claimed", "transferred", "retired for others", "held"]
    blocked = [f"  {hit.rule.value} {hit.subject}: {hit.en}" for hit in disclosure.hits if hit.action == "block"]
    below = (
        f"rules: {len(disclosure.hits)} hits, {len(blocked)} keep a cell from being disclosed",
        *blocked,
        f"written to {out}: disclosure.xlsx, disclosure.zh.docx, disclosure.en.docx, disclosure.xhtml, facts.json",
    )
    return Summary(above, [*headings, "not claimable"], rows, below)


def disclosure_data(disclosure: Disclosure) -> dict[str, Any]:
    """Give the same as plain data, with the reasons why tonnes are not claimable."""
    return {
        "entity": disclosure.entity.identifier,
        "start": str(disclosure.entity.start),
        "end": str(disclosure.entity.end),
        "tonnes": [
            {
                "project": project,
                "year": vintage,
                "verified": f"{verified:f}",
                **{name: f"{getattr(where, name):f}" for name in _BUCKETS},
                "reasons": {reason: f"{amount:f}" for reason, amount in where.not_claimable.items()},
            }
            for project, vintage, verified, where in disclosure.conservation()
        ],
        "hits": [
            {
                "rule": hit.rule.value,
                "action": hit.action,
                "subject": hit.subject,
                "year": hit.vintage,
                "tonnes": None if hit.tonnes is None else f"{hit.tonnes:f}",
                "zh": hit.zh,
                "en": hit.en,
            }
            for hit in disclosure.hits
        ],
    }

"""Writes small groups to disclose: results with true digests, a ledger, and an entity file (JSON is YAML)."""

import csv
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.errors import DataError, ProjectError
from tonne.engine.result.result import data_digest
from tonne.esg.disclosure.assemble import assemble
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.facts import Disclosure, Hit, ProjectYear, Rule
from tonne.esg.disclosure.mapping import mapping_ids
from tonne.esg.disclosure.tables import disclosure_tables

COLUMNS = (
    *("date", "movement", "instrument", "source", "vintage", "serial_first", "serial_last", "amount"),
    *("beneficiary", "purpose", "corresponding_adjustment", "period_start", "period_end"),
)
TEXT = {"zh": "虚构", "en": "fictitious"}
VERIFIED = {"status": "verified", "verification": {"statement": "VR-1", "date": "2025-02-01"}}
CREDITS = {"registry": "CCER", "standard": "CCER", "country": "CN"}
BOUGHT = {"name": TEXT, "registry": "VCS", "standard": "VCS", "country": "ID", "effect": "removal"}
REMOVAL = {"pool": TEXT, "storage": TEXT}


def result_data(
    name: str,
    years: dict[int, int],
    *,
    period: tuple[str, str] | None = None,
    lines: tuple[str, str, str] | None = None,
    series: dict[str, tuple[str, str, dict[str, str]]] | None = None,
    gwp: str | None = None,
    blocking: int = 0,
) -> dict[str, Any]:
    """Make what `result.json` holds; `series` is by quantity: unit, step, values by label."""
    start, end = period or (f"{min(years)}-01-01", f"{max(years)}-12-31")
    rows = []
    for year, tonnes in years.items():
        baseline, project, leakage = lines or (str(tonnes + 12), "10.5", "1.5")
        exact = {"baseline": baseline, "project": project, "leakage": leakage, "reduction": str(tonnes)}
        rows.append({"year": str(year), "exact": exact, "rounded": exact})
    quantities: list[dict[str, Any]] = [
        {"id": key, "kind": "parameter", "unit": unit, "over": [step], "count": len(values), "values": values}
        for key, (unit, step, values) in (series or {}).items()
    ]
    if gwp:
        origin = {"table": "gwp", "key": ["ch4", gwp]}
        known = {"kind": "parameter", "unit": "tCO2e/tCH4", "over": [], "count": 1, "values": {"-": "28"}}
        quantities.append({"id": "GWP_CH4", **known, "origins": {"-": origin}})
    data = {
        "format": 1,
        "made": "2025-01-01T00:00:00+00:00",
        "engine": {"name": "tonne", "version": "0.1.0"},
        "project": {
            "name": {"zh": f"项目{name}", "en": f"Project {name}"},
            "registration": None,
            "monitoring_period": {"start": start, "end": end},
            "digest": data_digest({"findings": [], "name": name}),
        },
        "methodology": {"id": "demo", "title": TEXT, "scheme": "demo", "digest": "0" * 64},
        "outputs": {"reduction": "ER", "rounding": {"unit": "tCO2e", "mode": "floor", "at": "year"}},
        "years": rows,
        "quantities": quantities,
        "findings": [{"severity": "blocking", "status": "open", "replies": []}] * blocking,
    }
    return {"digest": data_digest(data), **data}


@dataclass
class Group:
    """A group in a folder; change its parts, then `disclose`."""

    folder: Path
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    has_ledger: bool = True
    more: dict[str, Any] = field(default_factory=dict)

    def project(self, name: str, result: dict[str, Any], **entry: Any) -> None:
        """Add a project with one verified result and credits, unless `entry` says otherwise."""
        (self.folder / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
        confirmed = entry.pop("confirmed", VERIFIED)
        self.projects[name] = {
            "results": [{"path": f"{name}.json", **confirmed}],
            "owner": "works",
            "effect": "reduction",
            "boundary": "own",
            "scope": "1",
            "credits": CREDITS,
            "baseline": TEXT,
            **entry,
        }

    def moved(self, movement: str, source: str, first: int, last: int, /, **cells: Any) -> None:
        """Add a row of the ledger; serials are those of the source."""
        row = {"date": "2025-03-01", "movement": movement, "source": source, "vintage": 2024}
        row |= {"serial_first": f"{source}-{first:06d}", "serial_last": f"{source}-{last:06d}"}
        self.rows.append({**row, "amount": last - first + 1, **cells})

    def write(self) -> Path:
        """Write the entity file and the ledger."""
        spec: dict[str, Any] = {
            "format": 1,
            "name": {"zh": "某集团", "en": "Group"},
            "identifier": {"scheme": "other", "value": "G-1"},
            "reporting_year": {"start": "2024-01-01", "end": "2024-12-31"},
            "approach": "equity_share",
            "gwp": "ar5",
            "members": {
                "works": {"name": {"zh": "工厂", "en": "Works"}, "share": "100 %"},
                "partly": {"name": {"zh": "合资公司", "en": "Joint venture"}, "share": "40 %"},
            },
            "sources": {"bought": BOUGHT},
            "projects": self.projects,
            **({"ledger": {"file": "ledger.csv"}} if self.has_ledger else {}),
            **self.more,
        }
        path = self.folder / "entity.yaml"
        path.write_text(json.dumps(spec, ensure_ascii=False, indent=1), encoding="utf-8")
        with (self.folder / "ledger.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows or [_IDLE])
        return path

    def disclose(self) -> Disclosure:
        """Write the group and give its facts."""
        return assemble(self.write())


_IDLE = {
    "date": "2020-01-01",
    "movement": "acquired",
    "source": "bought",
    "vintage": 2019,
    "serial_first": "idle-1",
    "serial_last": "idle-1",
    "amount": 1,
}


def refused(group: "Group") -> str:
    """Give the refusal of a disclosure."""
    with pytest.raises((DataError, ProjectError)) as fault:
        group.disclose()
    return str(fault.value)


def hits_of(disclosure: Disclosure, rule: str, action: str | None = None) -> list[Hit]:
    """List the hits of a rule."""
    return [hit for hit in disclosure.hits if hit.rule is Rule(rule) and action in {None, hit.action}]


def year_of(disclosure: Disclosure, project: str, vintage: int = 2024) -> ProjectYear:
    """Give the reported part of a vintage."""
    return next(year for year in disclosure.reported if (year.project, year.vintage) == (project, vintage))


def cells_of(disclosure: Disclosure) -> dict[str, Any]:
    """Fill the cells of every framework; gives them by id."""
    frameworks = filled_frameworks(disclosure, disclosure_tables(disclosure), mapping_ids())
    return {cell.id: cell for framework in frameworks for cell in framework.cells}


def months(year: int, values: list[int]) -> dict[str, str]:
    """Give a quantity by month from January."""
    return {f"{year}-{month:02d}": str(value) for month, value in enumerate(values, 1)}


def claims(disclosure: Disclosure) -> dict[str, Decimal]:
    """Give by project what is claimed as reduction or removal."""
    found: dict[str, Decimal] = {}
    for year in disclosure.reported:
        where = year.disposition
        found[year.project] = found.get(year.project, Decimal(0)) + where.claimed_reduction + where.claimed_removal
    return found

"""Builds small projects with gaps, rules and second sources, and collects their data."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.check.infer import infer
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.collect import collect
from tonne.engine.data.dataset import Dataset, Provenance
from tonne.engine.data.project import load_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import Problem, TonneError
from tonne.engine.findings import Finding
from tonne.engine.plan import make_plan
from tonne.engine.run import conservative_side, find_methodology

REASON = {"zh": "采集终端故障。", "en": "The data logger failed."}
SPEC = """\
format: 1
id: gappy
title: {zh: 缺失数据, en: Missing data}
category: renewables
source: {publisher: {zh: 自编, en: own}, document: Test, evidence: composed}
dimensions: {month: {time: month}, day: {time: day}}
parameters:
  EG:
    {unit: kWh, over: [month], from: monitored, bounds: {min: 0}, conservative: low, monitoring: {gaps: GAPS}}
  EC:
    {unit: kWh, over: [month], from: monitored, bounds: {min: 0}, conservative: high, monitoring: {gaps: GAPS}}
  Q:
    {unit: kWh, over: [day], from: monitored, bounds: {min: 0}, conservative: low, monitoring: {gaps: GAPS}}
  EF: {unit: tCO2/MWh, from: fixed, bounds: {min: 0}}
  C: {unit: kWh, from: fixed, bounds: {above: 0}}
  W: {unit: kWh, over: [month], from: monitored, bounds: {min: 0}, monitoring: {gaps: GAPS}}
equations:
  BE: {unit: tCO2e, expr: "EXPRESSION"}
outputs: {baseline: BE, reduction: BE, rounding: {mode: none}}
"""
ALL = "{allow: [check_meter, invoice, conservative_extreme, percentile, zero]}"
TERMS = {
    "EG": "sum(EG, over=month) * EF",
    "EC": "-sum(EC, over=month) * EF",
    "Q": "sum(Q, over=day) * EF",
    "W": "sum(W, over=month) * (C - sum(W, over=month)) / C * EF",  # neither side is conservative
}
KWH = {"column": "v", "unit": "kWh", "reads": "interval"}


@dataclass(frozen=True)
class Filled:
    """What was collected."""

    data: Dataset

    def value(self, name: str = "EG", label: str = "2024-03") -> Fraction:
        index = self.data.domain.parse(self._over(label), label)
        found = self.data.value(name, index or ())
        assert found is not None
        return found

    def text(self, name: str = "EG", label: str = "2024-03") -> str:
        return exact_text(self.value(name, label))

    def origin(self, name: str = "EG", label: str = "2024-03") -> Provenance:
        return self.data.origin(name, self.data.domain.parse(self._over(label), label) or ())

    def found(self, code: str) -> list[Finding]:
        return [finding for finding in self.data.findings if finding.code == code]

    def only(self, code: str) -> Finding:
        (finding,) = self.found(code)
        return finding

    @property
    def codes(self) -> list[str]:
        return sorted(finding.code for finding in self.data.findings)

    def _over(self, label: str) -> tuple[str, ...]:
        return {1: ("month",), 2: ("day",)}[label.count("-")]


def hours(values: Mapping[int, object], day: str = "2024-03-05", meter: str = "M1") -> list[str]:
    """Write readings of some hours of a day."""
    return [f"{day}T{hour:02d}:00:00+08:00,{meter},{value}" for hour, value in values.items()]


def collected(folder: Path, readings: list[str] | dict[str, list[str]], **options: Any) -> Filled:
    """Collect a project: one day of hourly readings of EG, unless the options say other."""
    gaps = options.pop("gaps", ALL)
    first, last = options.pop("period", ("2024-03-05", "2024-03-05"))
    used = options.pop("parameters", ["EG"])
    spec = SPEC.replace("GAPS", gaps).replace("EXPRESSION", " + ".join(TERMS[name] for name in used))
    before, after = options.pop("spec_edit", ("", ""))
    assert before in spec
    (folder / "spec.yaml").write_text(spec.replace(before, after) if before else spec)
    files = readings if isinstance(readings, dict) else {"main": readings}
    entry: dict[str, Any] = options.pop("entry", {})
    sections: dict[str, Any] = {}
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text("\n".join(["time,meter,v", *rows, ""]))
        sections[name] = {
            "file": f"{name}.csv",
            "time": {"column": "time", "interval": "1 hour"},
            "value": KWH,
            "meter": {"column": "meter"},
            "feeds": [{"parameter": used[0]}],
        } | entry
    values = {"EF": {"unit": "tCO2/MWh", "value": 0.5}, "C": {"unit": "kWh", "value": 10}} | options.pop("values", {})
    document: dict[str, Any] = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": "./spec.yaml",
        "time_zone": options.pop("zone", "Asia/Shanghai"),
        "crediting_period": {"start": datetime.date(2000, 1, 1), "end": datetime.date(2099, 12, 31)},
        "monitoring_period": {"start": datetime.date.fromisoformat(first), "end": datetime.date.fromisoformat(last)},
        "values": values,
        "readings": sections,
    }
    rules = [{"readings": "main", "reason": dict(REASON)} | rule for rule in options.pop("rules", [])]
    if rules:
        document["substitutions"] = rules
    (folder / "project.yaml").write_text(yaml.safe_dump(document | options, allow_unicode=True))
    project = load_project(folder)
    methodology = find_methodology(project)
    plan = make_plan(methodology, {}, infer(methodology))
    store = open_store([folder])
    try:
        return Filled(collect(project, plan, store, conservative_side(methodology)))
    finally:
        store.close()


def refused(folder: Path, readings: list[str] | dict[str, list[str]], **options: Any) -> list[Problem]:
    """Give the problems for which a project is refused."""
    with pytest.raises(TonneError) as caught:
        collected(folder, readings, **options)
    return list(caught.value.problems)

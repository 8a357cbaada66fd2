"""The example of metered savings: both steps, against its raw files and against what its generator knows."""

import csv
import datetime
import gzip
import hashlib
import importlib.util
import json
import math
import re
import runpy
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.errors import ProjectError
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.savings.baseline import model_baseline
from tonne.engine.savings.task import TaskSpec
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import parse_yaml

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "building_retrofit"
CARRIERS = {"electricity": "kWh", "gas": "Nm3"}

needs_extra = pytest.mark.skipif(importlib.util.find_spec("opendsm") is None, reason="tonne[savings] is not installed")


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    return list(csv.DictReader((gzip.decompress(content) if path.suffix == ".gz" else content).decode().splitlines()))


def column(carrier: str, name: str) -> Fraction:
    return sum((Fraction(row[name]) for row in rows(EXAMPLE / "modelled" / carrier / "baseline.csv")), Fraction(0))


@pytest.fixture(scope="module")
def result() -> Result:
    return run(EXAMPLE)


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    """What the building of before would have used in 2024, without chance."""
    script = runpy.run_path(str(EXAMPLE / "generate.py"))
    hours: dict[str, list[float]] = {}
    for row in rows(EXAMPLE / "data/temperature.csv.gz"):
        hours.setdefault(row["time"][:10], []).append(float(row["degC"]))
    days = [
        script["used"](script["BEFORE"], datetime.date.fromisoformat(day), sum(values) / 24)
        for day, values in hours.items()
        if day.startswith("2024")
    ]
    return {"electricity": sum(kwh for kwh, _ in days), "gas": sum(nm3 for _, nm3 in days)}


def test_result_equals_a_calculation_from_the_raw_files(result: Result) -> None:
    metered = [row for row in rows(EXAMPLE / "data/electricity.csv.gz") if row["day"].startswith("2024")]
    register = {row["time"][:10]: Fraction(row["nm3"]) for row in rows(EXAMPLE / "data/gas_register.csv")}
    submeter = {row["time"][:10]: Fraction(row["kwh"]) for row in rows(EXAMPLE / "data/server_room_register.csv")}
    added = submeter["2025-01-01"] - submeter["2024-01-01"]
    assert added == 184 * 144  # 6 kW from July
    # 0.7921 and 0.3870 tCO2/MWh, half and half; 389.31 GJ per 10^4 Nm3, 0.0153 tC/GJ, 99 % oxidised
    power = (Fraction("0.7921") + Fraction("0.3870")) / 2 / 1000
    gas = Fraction("389.31") * Fraction("0.0153") * Fraction("0.99") * Fraction(44, 12) / 10_000
    baseline = (column("electricity", "baseline [kWh]") + added) * power + column("gas", "baseline [Nm3]") * gas
    project = sum(Fraction(row["kwh"]) for row in metered) * power
    project += (register["2025-01-01"] - register["2024-01-01"]) * gas
    assert float(result.by_year("BE")[2024]) == pytest.approx(float(baseline), rel=1e-12)
    assert float(result.by_year("PE")[2024]) == pytest.approx(float(project), rel=1e-12)
    assert result.rounded_total("reduction") == Decimal(
        (baseline - project).numerator // (baseline - project).denominator
    )
    spread = math.hypot(
        math.sqrt(column("electricity", "half_width_90_squared [(kWh)^2]")) * power,
        math.sqrt(column("gas", "half_width_90_squared [(Nm3)^2]")) * gas,
    )
    assert float(result.by_year("U")[2024]) == pytest.approx(spread, rel=1e-9)
    assert result.by_year("D")[2024] == 0


def test_modelled_baseline_is_the_true_one_within_its_half_width(truth: dict[str, float]) -> None:
    for carrier, unit in CARRIERS.items():
        modelled = column(carrier, f"baseline [{unit}]")
        half_width = math.sqrt(column(carrier, f"half_width_90_squared [({unit})^2]"))
        assert abs(float(modelled) - truth[carrier]) < half_width


@needs_extra
@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_first_step_gives_the_committed_readings_again(carrier: str) -> None:
    # Optimisers end within their tolerance, and where exactly is a matter of processor and libraries.
    modelled = model_baseline(EXAMPLE / f"{carrier}.yaml")
    committed = rows(EXAMPLE / "modelled" / carrier / "baseline.csv")
    assert [row["start"] for row in committed] == [point.begins.isoformat() for point in modelled.fitted.points]
    amounts = [float(row[f"baseline [{CARRIERS[carrier]}]"]) for row in committed]
    assert [point.energy for point in modelled.fitted.points] == pytest.approx(amounts, rel=1e-3)
    assert modelled.total == pytest.approx(sum(amounts), rel=1e-4)


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_committed_statement_names_the_committed_files(carrier: str) -> None:
    folder = EXAMPLE / "modelled" / carrier
    data: dict[str, Any] = json.loads((folder / "statement.json").read_text(encoding="utf-8"))
    digests = {EXAMPLE / file["shown"]: file["sha256"] for file in data["files"]}
    digests |= {
        EXAMPLE / data["task"]["file"]: data["task"]["sha256"],
        folder / "baseline.csv": data["readings"]["sha256"],
    }
    for path, digest in digests.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path


def test_task_on_the_page_of_savings_is_one() -> None:
    page = (ROOT / "docs" / "savings.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(format: 1\n.*?)```", page, re.DOTALL)
    spec = shaped(TaskSpec, parse_yaml(text, "savings.md", ProjectError), ProjectError)
    committed = parse_yaml((EXAMPLE / "electricity.yaml").read_text(encoding="utf-8"), "electricity.yaml", ProjectError)
    assert spec.baseline_period == shaped(TaskSpec, committed, ProjectError).baseline_period


def test_readings_on_the_page_of_savings_are_those_of_the_example() -> None:
    page = (ROOT / "docs" / "savings.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(readings:\n.*?)```", page, re.DOTALL)
    (shown,) = parse_yaml(text, "savings.md", ProjectError).data["readings"].values()
    project = parse_yaml((EXAMPLE / "project.yaml").read_text(encoding="utf-8"), "project.yaml", ProjectError)
    used = project.data["readings"]["electricity_square"]
    assert shown == {key: used[key] for key in shown}

"""The example of landfill gas: its minutes, calculated again by a plain loop over the raw files."""

import csv
import gzip
import math
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import yaml

from tonne.engine.compute import stream_base
from tonne.engine.data import domain
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.cards import fixed_cards, monitored_cards, parameter_names
from tonne.esg.document import KeyValues, Note
from tonne.esg.figures import Figures

EXAMPLE = Path(__file__).parent.parent / "examples" / "landfill_gas"
DENSITY = 101325 * 16.04 / (8314 * 273.15)  # kg/Nm3 at 0 degrees C and 1 atm
# The analyser was found 3.4 % off on 22 August; the calibration of 18 April was in order.
DRIFT = (datetime.fromisoformat("2023-04-18T00:00:00+08:00"), datetime.fromisoformat("2023-08-22T00:00:00+08:00"))
MINUTES = 365 * 1440


class Minute(NamedTuple):
    at: datetime
    gas: float | None  # Nm3/h
    methane: float | None  # percent
    flame: int
    exhaust: float  # degrees C


def minutes() -> Iterator[Minute]:
    path = str(EXAMPLE / "data" / "flare.parquet")
    table = duckdb.execute("SELECT epoch_us(时间), 燃气流量, 甲烷浓度, 火焰, 排烟温度 FROM read_parquet(?)", [path])
    while rows := table.fetchmany(10_000):
        for at, gas, methane, flame, exhaust in rows:
            moment = datetime.fromtimestamp(at / 1e6, DRIFT[0].tzinfo)
            yield Minute(moment, gas, None if methane is None else float(methane), flame, exhaust)


def hours(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(gzip.decompress((EXAMPLE / "data" / name).read_bytes()).decode().splitlines())


def fraction(percent: float, at: datetime) -> float:
    return percent / 100 * (1 - 0.034 if DRIFT[0] <= at < DRIFT[1] else 1)


def efficiency(minute: Minute) -> float:
    inside = 850 <= minute.exhaust <= 1200 and 120 <= (minute.gas or 0) <= 1600
    return 0.9 if minute.flame and inside else 0.0


@pytest.fixture(scope="module")
def result() -> Result:
    return run(EXAMPLE)


@pytest.fixture(scope="module")
def year() -> list[Minute]:
    return list(minutes())


def near(value: object, expected: float) -> bool:
    return math.isclose(float(str(value)), expected, rel_tol=1e-12)


def test_the_minutes_of_the_flare_equal_a_plain_loop(result: Result, year: list[Minute]) -> None:
    assert len(year) == MINUTES
    measured = [minute for minute in year if minute.gas is not None and minute.methane is not None]
    methane = [
        (minute.gas or 0) / 60 * fraction(minute.methane or 0, minute.at) * DENSITY / 1000 for minute in measured
    ]
    sent = math.fsum(methane)
    burned = math.fsum(mass * efficiency(minute) for mass, minute in zip(methane, measured, strict=True))
    assert near(result.by_year("F_CH4_sent_flare")[2023], sent)
    assert near(result.by_year("F_CH4_flared")[2023], burned)
    assert near(result.by_year("flaring.PE_flare")[2023], (sent - burned) * 28)


def test_minutes_read_from_the_rows_of_the_file_are_corrected_as_by_a_plain_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: list[Minute]
) -> None:
    shutil.copytree(EXAMPLE / "data", tmp_path / "data")
    captured = (EXAMPLE / "data" / "captured.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "data" / "captured.csv").write_text("".join(captured[:1] + captured[4:6]), encoding="utf-8")
    project = yaml.safe_load((EXAMPLE / "project.yaml").read_text("utf-8"))
    project["monitoring_period"] = {"start": date(2023, 4, 1), "end": date(2023, 5, 31), "number": 2}
    del project["substitutions"]
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(stream_base, "_joined", None)  # nothing needs to be joined
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    found = run(tmp_path)
    months = [minute for minute in year if minute.at.month in {4, 5}]
    burned = math.fsum(
        (minute.gas or 0) / 60 * fraction(minute.methane or 0, minute.at) * DENSITY / 1000 * efficiency(minute)
        for minute in months
    )
    assert near(found.by_year("F_CH4_flared")[2023], burned)


def test_averages_of_the_year_would_claim_more_than_the_minutes_give(result: Result, year: list[Minute]) -> None:
    gas = math.fsum(minute.gas or 0 for minute in year) / MINUTES * 8760
    methane = math.fsum(minute.methane or 0 for minute in year) / MINUTES / 100
    averaged = gas * methane * DENSITY / 1000 * 0.9
    assert averaged > float(result.by_year("F_CH4_flared")[2023]) * 1.005


def test_the_hours_of_the_engines_equal_a_plain_loop(result: Result) -> None:
    used: list[float] = []
    idle: list[float] = []
    for row in hours("engines.csv.gz"):
        share = fraction(float(row["甲烷浓度_%"]), datetime.fromisoformat(row["小时开始"]))
        for engine in ("J-1", "J-2"):
            mass = float(row[f"{engine}燃气量_Nm3"]) * share * DENSITY / 1000
            (used if row[f"{engine}运行"] == "1" else idle).append(mass)
    assert math.fsum(idle) > 1  # tonnes that were vented and are not counted
    assert near(result.by_year("F_CH4_EL")[2023], math.fsum(used))


def test_the_reduction_follows_from_the_raw_files(result: Result) -> None:
    captured = math.fsum(
        float(row["甲烷_t"]) for row in csv.DictReader((EXAMPLE / "data" / "captured.csv").read_text().splitlines())
    )
    power = list(hours("electricity.csv.gz"))
    export, bought = (math.fsum(float(row[name]) for row in power) / 1000 for name in ("上网电量_kWh", "下网电量_kWh"))
    factor = (0.8587 + 0.2854) / 2
    destroyed = float(result.by_year("F_CH4_flared")[2023] + result.by_year("F_CH4_EL")[2023])
    methane = (0.9 * destroyed - 0.2 * captured) * 28
    expected = methane + export * factor * 1.03 - bought * factor * 1.2
    assert near(result.by_year("ER")[2023], expected)
    assert result.rounded_total("reduction") == math.floor(expected)


def test_the_gap_counts_as_nothing_destroyed_and_is_told(result: Result, year: list[Minute]) -> None:
    missing = sum(minute.gas is None for minute in year)
    gaps = [finding.evidence for finding in result.findings if finding.code == "readings.gap"]
    assert missing > 2000
    assert {gap["meter"]: gap["missing"] for gap in gaps} == {"流量计FT-03": missing, "分析仪AT-01": missing}


def test_the_drift_of_the_analyser_lowers_every_reading_since_the_last_calibration(
    result: Result, year: list[Minute]
) -> None:
    lowered = [finding.evidence for finding in result.findings if finding.code == "calibration.out_of_class"]
    assert {item["parameter"] for item in lowered} == {"residual.v_CH4", "gas.v_CH4"}
    (minute,) = (item for item in lowered if item["parameter"] == "residual.v_CH4")
    inside = sum(DRIFT[0] <= entry.at < DRIFT[1] and entry.methane is not None for entry in year)
    assert minute["readings"] == inside


def test_the_values_by_the_minute_are_streamed_and_counted(result: Result) -> None:
    assert result.is_streamed("flaring.eta")
    assert result.count("flaring.eta") == MINUTES


def test_what_the_options_do_not_ask_for_is_counted_as_nothing_and_named_in_place_of_a_card(result: Result) -> None:
    assert result.is_streamed("residual.m_H2O")
    assert result.count("residual.m_H2O") == 0
    assert result.count("residual.v_CH4") == MINUTES
    figures = Figures(result)
    for monitored in (False, True):
        names = parameter_names(figures, monitored=monitored)
        blocks = monitored_cards(figures, None) if monitored else fixed_cards(figures)
        cards = [block for block in blocks if isinstance(block, KeyValues)]
        notes = "".join(str(block.content) for block in blocks if isinstance(block, Note))
        assert len(cards) == sum(result.count(name) > 0 for name in names)
        assert all(figures.name(name).en in notes for name in names if not result.count(name))

"""Data by the minute that stay in the store give what they give when every value is held."""

import copy
import csv
import datetime
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tonne.engine import calendar
from tonne.engine.compute import sampling, stream_base
from tonne.engine.data import domain
from tonne.engine.errors import TonneError
from tonne.engine.reopen import reopened
from tonne.engine.result.files import write_dossier
from tonne.engine.result.result import Result
from tonne.engine.result.trace import trace
from tonne.engine.run import run

SPEC = """\
format: 1
id: flares
title: {zh: 火炬, en: Flares}
category: methane
source: {publisher: {zh: 测试, en: Test}, document: Test, evidence: composed}
dimensions:
  flare: {members: from_data}
  minute: {time: minute}
  hour: {time: hour}
  year: {time: year}
parameters:
  F: {unit: kg_CH4, over: [flare, minute], from: monitored, bounds: {min: 0, max: 900}, conservative: low}
  flame: {unit: flag, over: [flare, minute], from: monitored}
  T: {unit: degC, over: [flare, minute], from: monitored}
  T_min: {unit: degC, from: default, value: 500, evidence: composed}
  load: {unit: '1', over: [flare, minute], from: fixed, bounds: {min: 0}}
  eta_max: {unit: '1', over: [flare], from: fixed, bounds: {min: 0, max: 1}}
  GWP_CH4: {unit: tCO2e/tCH4, from: default, value: 28, evidence: composed}
equations:
  eta:
    over: [flare, minute]
    unit: '1'
    cases:
      - {when: flame and T >= T_min, expr: eta_max}
      - {otherwise: 0}
    evidence: composed
  burnt: {over: [flare, minute], unit: tCH4, expr: F * load * eta, evidence: composed}
  eta_hour:
    over: [flare, hour]
    unit: '1'
    expr: sum(burnt, over=minute) / max(sum(F * load, over=minute), one)
    evidence: composed
  BE: {over: [year], unit: tCO2e, expr: 'sum(burnt, over=[flare, minute]) * GWP_CH4', evidence: composed}
  ER: {over: [year], unit: tCO2e, expr: BE, evidence: composed}
outputs: {baseline: BE, reduction: ER, reported: [eta_hour], rounding: {mode: none, unit: tCO2e}}
"""
SPEC = SPEC.replace("  GWP_CH4:", "  one: {unit: kg_CH4, from: default, value: 0.001, evidence: composed}\n  GWP_CH4:")

PROJECT = """\
format: 1
name: {zh: 火炬, en: Flares}
methodology: ./spec.yaml
time_zone: Asia/Shanghai
crediting_period: {start: 2024-01-01, end: 2024-12-31}
monitoring_period: {start: 2024-03-01, end: 2024-03-01}
members: {flare: [A, B]}
values:
  load: {unit: '1', value: 0.5}
  eta_max: {unit: '1', at: {A: 0.9, B: 0.98}}
readings:
  flow:
    file: data.csv
    time: {column: time, interval: 1 minute}
    value: {column: F, unit: kg_CH4/h, reads: average}
    meter: {column: flare}
    feeds: [{parameter: F, by: {flare: flare}}]
  flame:
    file: data.csv
    time: {column: time, interval: 1 minute}
    value: {column: flame, unit: flag, reads: state}
    meter: {column: flare}
    feeds: [{parameter: flame, by: {flare: flare}}]
  heat_a:
    file: heat_a.csv
    time: {column: time, interval: 30 second}
    value: {column: T, unit: degC, reads: state}
    meter: {name: TA}
    feeds: [{parameter: T, at: {flare: A}}]
  heat_b:
    file: heat_b.csv
    time: {column: time, interval: 1 minute}
    value: {column: T, unit: degC, reads: state}
    meter: {name: TB}
    feeds: [{parameter: T, at: {flare: B}}]
"""


def write_day(folder: Path, begins: str, minutes: int = 1440) -> None:
    chance = random.Random(5)
    start = datetime.datetime.fromisoformat(begins)
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "flare", "F", "flame"])
        for minute in range(minutes):
            stamp = (start + datetime.timedelta(minutes=minute)).isoformat()
            rows.writerows(
                [stamp, flare, f"{chance.uniform(0, 300):.2f}", int(chance.random() > 0.1)] for flare in "AB"
            )
    for flare, seconds in (("a", 30), ("b", 60)):
        with (folder / f"heat_{flare}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["time", "T"])
            for part in range(minutes * 60 // seconds):
                stamp = (start + datetime.timedelta(seconds=part * seconds)).isoformat()
                rows.writerow([stamp, f"{chance.uniform(480, 900):.1f}"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    write_day(tmp_path, "2024-03-01T00:00:00+08:00")
    return tmp_path


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)


def replaced(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def in_rows(folder: Path, files: dict[str, str], but: tuple[str, ...] = (), where: str = "TRUE") -> None:
    """Write the readings into Parquet files with a row for each minute of some flares."""
    document = yaml.safe_load((folder / "project.yaml").read_text("utf-8"))
    old = {name: readings for name, readings in document["readings"].items() if name not in but}
    with duckdb.connect() as store:
        store.execute("SET TimeZone = 'UTC'")
        heat = " UNION ALL ".join(
            f"SELECT time, '{flare.upper()}' AS flare, T FROM '{folder}/heat_{flare}.csv' WHERE second(time) = 0"  # noqa: S608
            for flare in "ab"
        )
        for file, flares in files.items():
            rows = (
                "SELECT CAST(time AS TIMESTAMPTZ) AS time, flare, CAST(F AS DOUBLE) AS F, "  # noqa: S608 (of this test)
                f"CAST(flame AS TINYINT) AS flame, CAST(T AS DECIMAL(6, 1)) AS T FROM '{folder}/data.csv' JOIN ({heat}) USING (time, flare) "
                f"WHERE contains('{flares}', flare) AND {where} ORDER BY hash(time)"
            )
            store.execute(f"COPY ({rows}) TO '{folder / file}' (FORMAT parquet)")
    names = {"F": "flow", "flame": "flame", "T": "heat_b"}
    document["readings"] = {name: readings for name, readings in document["readings"].items() if name in but}
    for file, flares in files.items():
        at = {"by": {"flare": "flare"}} if len(flares) > 1 else {"at": {"flare": flares}}
        meter = {"column": "flare"} if len(flares) > 1 else {"name": f"M{flares}"}
        for parameter, name in names.items():
            if name in old:
                value = {**old[name]["value"], "column": parameter}
                document["readings"][f"{name}_{flares}"] = {
                    "file": file,
                    "time": {"column": "time", "interval": "1 minute"},
                    "value": value,
                    "meter": dict(meter),
                    "feeds": [{"parameter": parameter, **copy.deepcopy(at)}],
                }
    (folder / "project.yaml").write_text(
        yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def refusal(folder: Path) -> str:
    with pytest.raises(TonneError) as refused:
        run(folder)
    return str(refused.value)


def test_streamed_data_give_what_held_data_give(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = run(project)
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    streamed = run(project)
    assert held.agreement.sampled == 0
    assert streamed.dataset.streams
    assert streamed.agreement.sampled > 1000
    assert "burnt" in held.values
    assert 0 < len(streamed.values["burnt"]) < 10  # a few to be shown
    assert streamed.values["burnt"].items() <= held.values["burnt"].items()
    for name in ("BE", "ER", "eta_hour"):
        assert set(held.values[name]) == set(streamed.values[name])
        for index, value in held.values[name].items():
            assert abs(streamed.values[name][index] - value) <= Decimal("1e-13") * abs(value), (name, index)


FROM_ROWS = {
    "one file": {"rows.parquet": "AB"},
    "a file for each flare": {"a.parquet": "A", "b.parquet": "B"},
}


@pytest.mark.parametrize("files", FROM_ROWS.values(), ids=FROM_ROWS)
def test_rows_of_files_give_what_held_data_give(
    project: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    in_rows(project, files)
    held = run(project)
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    monkeypatch.setattr(stream_base, "_joined", None)  # nothing needs to be joined
    streamed = run(project)
    assert streamed.dataset.streams
    for name in ("BE", "ER", "eta_hour"):
        assert set(held.values[name]) == set(streamed.values[name])
        for index, value in held.values[name].items():
            assert abs(streamed.values[name][index] - value) <= Decimal("1e-13") * abs(value), (name, index)


def test_rows_that_do_not_go_together_are_joined(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = run(project)
    in_rows(project, {"rows.parquet": "AB"}, but=("heat_a", "heat_b"))
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    streamed = run(project)
    assert streamed.dataset.streams["F"].parts[0].in_file
    assert abs(streamed.total("reduction") - held.total("reduction")) <= Decimal("1e-13") * held.total("reduction")


@pytest.mark.usefixtures("streamed")
def test_missing_minute_in_rows_of_a_file_is_told(project: Path) -> None:
    in_rows(project, {"rows.parquet": "AB"}, where="NOT (flare = 'B' AND time = TIMESTAMPTZ '2024-03-01 11:40+08')")
    assert "T has no value for B,2024-03-01T11:40" in refusal(project)


@pytest.mark.usefixtures("streamed")
def test_streamed_total_equals_a_calculation_from_the_files(project: Path) -> None:
    with (project / "data.csv").open(encoding="utf-8") as file:
        data = list(csv.DictReader(file))
    heat: dict[tuple[str, str], list[Fraction]] = {}
    for flare in "AB":
        with (project / f"heat_{flare.lower()}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                heat.setdefault((flare, row["time"][:16]), []).append(Fraction(row["T"]))
    total = Fraction(0)
    for row in data:
        temperature = heat[row["flare"], row["time"][:16]]
        if row["flame"] == "1" and sum(temperature) / len(temperature) >= 500:
            total += Fraction(row["F"]) / 60 / 1000 / 2 * Fraction("0.9" if row["flare"] == "A" else "0.98")
    (found,) = run(project).values["BE"].values()
    assert abs(Fraction(found) - total * 28) < Fraction(1, 10**12)


@pytest.mark.usefixtures("streamed")
def test_what_was_made_of_minutes_that_are_not_held_is_traced_to_none_of_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MEMBERS", 1)
    result = run(project)
    held = {index[0] for index in result.values["burnt"]}
    (hour,) = {calendar.coarser("minute", int(index[1]), "hour") for index in result.values["burnt"]}
    inputs = {flare: trace(result, "eta_hour", (flare, hour), depth=1).inputs for flare in "AB"}
    assert held == {"A"}
    assert {item.quantity for item in inputs["A"]} >= {"burnt", "F"}
    assert {item.quantity for item in inputs["B"]} == {"one"}


@pytest.mark.usefixtures("streamed")
def test_missing_minute_of_a_stream_is_told(project: Path) -> None:
    text = (project / "heat_b.csv").read_text(encoding="utf-8").splitlines()
    del text[701]
    (project / "heat_b.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    assert "T has no value for B,2024-03-01T11:40" in refusal(project)


@pytest.mark.usefixtures("streamed")
def test_stream_outside_its_bounds_is_told(project: Path) -> None:
    replaced(project, "spec.yaml", "max: 900}", "max: 2}")
    assert "F@" in refusal(project)
    assert "at most 2 kg_CH4" in refusal(project)


@pytest.mark.usefixtures("streamed")
def test_minute_that_two_files_give_is_told(project: Path) -> None:
    replaced(
        project, "project.yaml", "feeds: [{parameter: T, at: {flare: B}}]", "feeds: [{parameter: T, at: {flare: A}}]"
    )
    told = refusal(project)
    assert "T@A,2024-03-01T" in told
    assert "is given a value twice" in told


@pytest.mark.usefixtures("streamed")
def test_stream_and_one_value_together_are_refused(project: Path) -> None:
    replaced(project, "project.yaml", "values:\n", "values:\n  T: {unit: degC, value: 600}\n")
    assert "T is given both readings and one value" in refusal(project)


@pytest.mark.usefixtures("streamed")
def test_values_by_the_minute_are_not_given_one_by_one(project: Path) -> None:
    rows = "rows: [{value: 0.5, at: {flare: A, minute: 2024-03-01T00:00}}]"
    replaced(project, "project.yaml", "load: {unit: '1', value: 0.5}", f"load: {{unit: '1', {rows}}}")
    assert "load has too many values to be given one by one" in refusal(project)


INSTANTS = (
    "    time: {column: time, interval: 1 minute, marks: instant}\n    value: {column: T, unit: degC, reads: state}\n"
)
STARTS = INSTANTS.replace(", marks: instant", "")


def close(one: Result, other: Result) -> bool:
    return abs(one.total("reduction") - other.total("reduction")) <= Decimal("1e-12") * one.total("reduction")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_several_readings_of_a_minute_are_its_mean(project: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    replaced(project, "project.yaml", f"heat_b.csv\n{STARTS}", f"heat_b.{suffix}\n{INSTANTS}")
    lines = (project / "heat_b.csv").read_text("utf-8").splitlines()
    lines += [line.replace(":00+08:00", ":30+08:00").rpartition(",")[0] + ",470" for line in lines[30::7]]
    (project / "heat_b.csv").write_text("\n".join(lines) + "\n", "utf-8")
    if suffix == "parquet":
        with duckdb.connect() as store:
            store.execute(f"COPY (FROM '{project}/heat_b.csv') TO '{project}/heat_b.parquet' (FORMAT parquet)")
    held = run(project)
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    streamed = run(project)
    assert streamed.dataset.streams["T"].size == 2880
    assert close(streamed, held)


@pytest.mark.usefixtures("streamed")
def test_a_minute_with_two_readings_does_not_stand_in_for_one_without(project: Path) -> None:
    replaced(project, "project.yaml", f"heat_b.csv\n{STARTS}", f"heat_b.csv\n{INSTANTS}")
    text = (project / "heat_b.csv").read_text("utf-8")
    (project / "heat_b.csv").write_text(text.replace("T11:40:00", "T11:39:30"), "utf-8")
    assert "T has no value for B,2024-03-01T11:40" in refusal(project)


def test_the_hour_that_comes_twice_when_clocks_go_back_is_one_hour(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_day(project, "2024-10-27T00:00:00+02:00", 1500)
    for old, new in (
        ("Asia/Shanghai", "Europe/Berlin"),
        ("{start: 2024-03-01, end: 2024-03-01}", "{start: 2024-10-27, end: 2024-10-27}"),
    ):
        replaced(project, "project.yaml", old, new)
    text = (project / "data.csv").read_text("utf-8")  # a flag of two hours has no mean
    (project / "data.csv").write_text(
        "\n".join(line.rpartition(",")[0] + ",1" for line in text.splitlines()[1:]), "utf-8"
    )
    replaced(project, "data.csv", "2024", "time,flare,F,flame\n2024")
    in_rows(project, {"rows.parquet": "AB"})
    held = run(project)
    monkeypatch.setattr(domain, "MOST_LISTED", 1000)
    assert close(run(project), held)


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("change", ["doubled", "gone"])
def test_a_file_that_changes_during_the_run_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    in_rows(project, {"rows.parquet": "AB"})
    path = project / "rows.parquet"

    def changed(*given: Any) -> Any:
        if change == "gone":
            path.unlink()
        else:
            with duckdb.connect() as store:
                store.execute(f"CREATE TABLE r AS FROM '{path}'")
                store.execute(f"COPY (FROM r UNION ALL FROM r) TO '{path}' (FORMAT parquet)")
        return sampling.sample_of(*given)

    monkeypatch.setattr("tonne.engine.run.sample_of", changed)
    told = refusal(project)
    assert "rows.parquet: the file changed during the run; expected sha256" in told
    assert "nothing writes to the file" in told


def test_a_dossier_of_a_methodology_beside_the_project_is_computed_again(project: Path) -> None:
    result = run(project)
    write_dossier(result, project / "dossier.zip")
    with reopened(project / "dossier.zip") as (again, stated):
        assert again.digest == result.digest == stated

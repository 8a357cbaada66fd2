"""Baselines from weather models, against what opendsm publishes of its own sample meters and what they simulate."""

import csv
import datetime
import gzip
import hashlib
import importlib.util
import json
import math
import subprocess
import sys
import zoneinfo
from collections.abc import Iterable
from decimal import Decimal
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tonne.cli import cli
from tonne.engine.errors import DataError, ProjectError, ReportError, RunError
from tonne.engine.savings.baseline import Baseline, as_data, model_baseline
from tonne.engine.savings.task import load_task
from tonne.engine.savings.weather_model import fit
from tonne.esg.savings_statement import write_baseline

Row = tuple[datetime.datetime, str]

CHICAGO = zoneinfo.ZoneInfo("America/Chicago")  # where the midnights of the daily samples are
YEAR = {"baseline_period": ("2015-12-27", "2016-12-25"), "reporting_period": ("2017-01-05", "2018-01-04")}
PUBLISHED = {"baseline_period": ("2015-12-27", "2016-12-25"), "reporting_period": ("2018-03-01", "2018-04-29")}
# The samples are simulated: 10,000 kWh a year before the retrofit and 9,000 kWh after it, in the same weather.
REMAINS = 0.9

needs_extra = pytest.mark.skipif(importlib.util.find_spec("opendsm") is None, reason="tonne[savings] is not installed")


def sample(name: str) -> list[Row]:
    """Read a sample of the package: its instants and what the file says."""
    content = (files("opendsm.eemeter.samples") / f"il-{name}.csv.gz").read_bytes()
    rows = csv.DictReader(gzip.decompress(content).decode().splitlines())
    return [(datetime.datetime.fromisoformat(stamp), value) for stamp, value in (row.values() for row in rows)]


def sixty_days(zone: zoneinfo.ZoneInfo, days: int = 60) -> list[Row]:
    """The weather of the package's own tests: 30 °F, and one more each day; here after the baseline, not before it."""
    first = datetime.datetime(2018, 3, 1, tzinfo=zone)
    moment, rows = first.astimezone(datetime.UTC), []
    while (day := (moment.astimezone(zone).date() - first.date()).days) < days:
        rows.append((moment, str(30 + day)))
        moment += datetime.timedelta(hours=1)
    return rows


def write_task(
    folder: Path,
    model: str,
    meter: Iterable[Row],
    weather: Iterable[Row],
    periods: dict[str, tuple[str, str]],
    zone: str = CHICAGO.key,
    **changes: Any,
) -> Path:
    """Write a task and its files; bills are written as what the register of a meter shows."""
    rows = list(meter)
    time = {"column": "time", "marks": "start", "interval": {"hourly": "1 hour", "daily": "1 day"}.get(model)}
    reads = "interval"
    if model == "billing":
        totals = accumulate((Decimal(value) for _, value in rows[:-1]), initial=Decimal(1000))
        rows = [(moment, str(total)) for (moment, _), total in zip(rows, totals, strict=True)]
        time, reads = {"column": "time", "marks": "instant", "interval": "1 day"}, "register"
    for name, column, content in (("meter.csv", "kwh", rows), ("weather.csv", "degF", weather)):
        lines = [f"{moment.isoformat()},{value}" for moment, value in content if value not in {"", "nan"}]
        (folder / name).write_text("\n".join([f"time,{column}", *lines]) + "\n", encoding="utf-8")
    energy = {"file": "meter.csv", "time": time, "value": {"column": "kwh", "unit": "kWh", "reads": reads}}
    temperature = {
        "file": "weather.csv",
        "time": {"column": "time", "marks": "start", "interval": "1 hour"},
        "value": {"column": "degF", "unit": "degF", "reads": "state"},
    }
    task = {
        "format": 1,
        "name": {"zh": "样例电表", "en": "Sample meter"},
        "time_zone": zone,
        **{name: {"start": start, "end": end} for name, (start, end) in periods.items()},
        "carrier": "electricity",
        "model": model,
        "readings": {
            "energy": {**energy, "meter": {"name": "M1"}},
            "temperature": {**temperature, "meter": {"name": "T1"}},
        },
        **changes,
    }
    path = folder / "baseline.yaml"
    path.write_text(yaml.safe_dump(task, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def of_reporting_period(rows: list[Row]) -> float:
    start, end = YEAR["reporting_period"]
    return sum(float(value) for moment, value in rows if start <= moment.astimezone(CHICAGO).date().isoformat() <= end)


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    folder = tmp_path_factory.mktemp("daily")
    return model_baseline(write_task(folder, "daily", sample("electricity-cdd-hdd-daily"), sample("tempF"), YEAR))


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    folder = tmp_path_factory.mktemp("hourly")
    return model_baseline(write_task(folder, "hourly", sample("electricity-cdd-hdd-hourly"), sample("tempF"), YEAR))


@needs_extra
def test_daily_model_gives_the_savings_that_the_package_publishes(tmp_path: Path) -> None:
    meter, weather = sample("electricity-cdd-hdd-daily"), sample("tempF") + sixty_days(CHICAGO)
    modelled = model_baseline(write_task(tmp_path, "daily", meter, weather, PUBLISHED))
    # tests/test_derivatives.py of 1.2.7: 1630 kWh within 1 %, for 60 days on which 1 kWh a day was used.
    assert len(modelled.fitted.points) == 60
    assert modelled.total - 60 == pytest.approx(1630, rel=1e-2)


@needs_extra
def test_billing_model_gives_the_energy_that_the_package_publishes(tmp_path: Path) -> None:
    bills = [
        row
        for row in sample("electricity-cdd-hdd-billing_monthly")
        if "2016-01-20" <= row[0].isoformat() < "2016-12-26"
    ]
    utc = zoneinfo.ZoneInfo("UTC")
    periods = {"baseline_period": ("2016-01-22", "2016-12-19"), "reporting_period": ("2018-03-01", "2018-04-28")}
    weather = sample("tempF") + sixty_days(utc, 59)
    modelled = model_baseline(write_task(tmp_path, "billing", bills, weather, periods, utc.key))
    # tests/test_derivatives.py of 1.2.7: 1607.1 kWh within 0.1 %; its weather ends with the first hour of day 60,
    # so that 59 days are modelled.
    assert modelled.fitted.statistics["n"] == 332
    assert modelled.total == pytest.approx(1607.1, rel=1e-3)


@needs_extra
def test_hourly_model_is_that_of_the_package_used_directly(hourly: Baseline) -> None:
    import pandas as pd
    from opendsm import eemeter

    def frame(rows: list[Row], column: str) -> Any:
        moments = pd.DatetimeIndex([moment for moment, _ in rows], tz="UTC")
        return pd.Series([float(value) for _, value in rows], index=moments, name=column).tz_convert(CHICAGO)

    both = pd.concat(
        [frame(sample("electricity-cdd-hdd-hourly"), "observed"), frame(sample("tempF"), "temperature")], axis=1
    )
    before, after = (both.loc[start : f"{end} 23:59"] for start, end in YEAR.values())
    model = eemeter.HourlyModel().fit(eemeter.HourlyBaselineData(before, is_electricity_data=True))
    expected = model.predict(eemeter.HourlyReportingData(after, is_electricity_data=True))
    # A whole year with a day of 23 and one of 25 hours, although our reporting period has no metered values.
    assert len(hourly.fitted.points) == len(expected) == 8760
    assert [point.energy for point in hourly.fitted.points] == pytest.approx(list(expected["predicted"]))


@needs_extra
@pytest.mark.parametrize("model", ["hourly", "daily"])
def test_modelled_savings_are_those_that_the_samples_simulate(model: str, request: pytest.FixtureRequest) -> None:
    modelled = request.getfixturevalue(model)
    metered = of_reporting_period(sample(f"electricity-cdd-hdd-{model}"))
    assert abs(REMAINS * modelled.total - metered) < modelled.fitted.uncertainty
    assert 0.005 < modelled.relative_uncertainty < 0.05


@needs_extra
def test_uncertainty_follows_the_formula_of_guideline_14(daily: Baseline) -> None:
    figures, points = daily.fitted.statistics, daily.fitted.points
    m, months = len(points), 12
    spread = figures["cvrmse_adj"] * daily.total / m
    growth = math.sqrt(figures["n"] / figures["n_prime"] * (1 + 2 / figures["n_prime"]) * m)
    normal = NormalDist().inv_cdf(0.95)  # Student's t has 357 degrees of freedom and is half a percent above
    expected = normal * spread * growth * (-0.00024 * months**2 + 0.03535 * months + 1.00286)
    assert daily.fitted.uncertainty == pytest.approx(expected, rel=0.005)


@needs_extra
def test_hourly_uncertainty_is_at_90_percent_where_the_package_takes_10(hourly: Baseline) -> None:
    figures = hourly.fitted.statistics
    m = len(hourly.fitted.points)
    growth = math.sqrt(figures["n"] / figures["n_prime"] * (1 + 2 / figures["n_prime"]) * m)
    expected = 1.26 * NormalDist().inv_cdf(0.95) * figures["cvrmse_adj"] * hourly.total / m * growth
    assert hourly.fitted.uncertainty == pytest.approx(expected, rel=0.005)


@needs_extra
def test_squares_of_half_widths_add_up_to_that_of_the_total(daily: Baseline, tmp_path: Path) -> None:
    write_baseline(daily, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out/baseline.csv").read_text(encoding="utf-8").splitlines()))
    squares = sum(Decimal(row["half_width_90_squared [(kWh)^2]"]) for row in rows)
    assert math.sqrt(squares) == pytest.approx(daily.fitted.uncertainty, rel=1e-6)
    assert float(sum(Decimal(row["baseline [kWh]"]) for row in rows)) == pytest.approx(daily.total, rel=1e-6)


@needs_extra
def test_days_colder_or_warmer_than_the_baseline_are_marked_and_found(daily: Baseline, tmp_path: Path) -> None:
    low, high = daily.fitted.range
    assert any(point.outside for point in daily.fitted.points)
    assert all(point.outside is not (low <= point.temperature <= high) for point in daily.fitted.points)
    (finding,) = (item for item in daily.findings if item.code == "baseline.outside_range")
    assert finding.evidence["share"] == pytest.approx(daily.share_outside, abs=1e-6)
    write_baseline(daily, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out/baseline.csv").read_text(encoding="utf-8").splitlines()))
    outside = [row["baseline_outside_range [kWh]"] for row in rows]
    assert sum(value != "0" for value in outside) == finding.evidence["intervals"]


@needs_extra
def test_interval_without_temperature_has_no_baseline_and_a_finding(tmp_path: Path) -> None:
    lost = {f"2017-03-{day:02d}" for day in (20, 21)}
    weather = [row for row in sample("tempF") if row[0].isoformat()[:10] not in lost]
    task = write_task(tmp_path, "hourly", sample("electricity-cdd-hdd-hourly"), weather, YEAR)
    modelled = model_baseline(task)
    assert lost.isdisjoint({point.begins.date().isoformat() for point in modelled.fitted.points})
    assert len(modelled.fitted.points) == 8760 - 48
    assert {"baseline.not_modelled", "readings.gap"} <= {finding.code for finding in modelled.findings}


@needs_extra
def test_baseline_of_half_a_year_is_refused_with_what_is_needed(tmp_path: Path) -> None:
    periods = {**YEAR, "baseline_period": ("2016-06-26", "2016-12-25")}
    task = write_task(tmp_path, "daily", sample("electricity-cdd-hdd-daily"), sample("tempF"), periods)
    with pytest.raises(DataError) as refusal:
        model_baseline(task)
    told = str(refusal.value)
    assert "baseline.yaml:" in told
    assert "the daily model is disqualified" in told
    assert "expected 329 to 366 days of baseline, found n_days_total 183" in told
    assert "hint: take the twelve months before the works began" in told


@needs_extra
def test_model_that_fits_badly_is_refused_with_its_figures(tmp_path: Path) -> None:
    # As in the package's own test of this: fifty days with 3,000 kWh more each.
    meter = [
        (moment, str(float(value) + 3000) if "2015-12-27" <= moment.isoformat()[:10] < "2016-02-15" else value)
        for moment, value in sample("electricity-cdd-hdd-daily")
        if value != "nan"
    ]
    with pytest.raises(DataError) as refusal:
        model_baseline(write_task(tmp_path, "daily", meter, sample("tempF"), YEAR))
    told = str(refusal.value)
    assert "poor fit [eemeter.model_fit_metrics]; expected CVRMSE or PNRMSE within its limit, found cvrmse " in told
    assert "cvrmse_threshold 1, " in told


@needs_extra
def test_task_can_ask_for_a_better_fit_than_the_package_does(tmp_path: Path) -> None:
    meter, weather = sample("electricity-cdd-hdd-daily"), sample("tempF")
    task = write_task(tmp_path, "daily", meter, weather, YEAR, largest_cvrmse=0.25)
    with pytest.raises(
        DataError, match=r"worse than the task allows; expected a CVRMSE of at most 0\.25, found 0\.2508"
    ):
        model_baseline(task)
    task = write_task(tmp_path, "daily", meter, weather, YEAR, largest_cvrmse=0.26)
    assert model_baseline(task).fitted.statistics["cvrmse_adj"] < 0.26


@needs_extra
def test_reporting_period_without_weather_is_refused(tmp_path: Path) -> None:
    weather = [row for row in sample("tempF") if row[0].isoformat() < "2017-09-01"]
    task = write_task(tmp_path, "daily", sample("electricity-cdd-hdd-daily"), weather, YEAR)
    with pytest.raises(DataError, match="the baseline cannot be modelled for enough of the reporting period"):
        model_baseline(task)


@needs_extra
def test_numeric_warnings_are_stated_and_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    from opendsm import eemeter

    predict = eemeter.DailyModel.predict

    def warning(*given: Any, **named: Any) -> Any:
        warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
        return predict(*given, **named)

    monkeypatch.setattr(eemeter.DailyModel, "predict", warning)
    modelled = model_baseline(write_task(tmp_path, "daily", sample("electricity-cdd-hdd-daily"), sample("tempF"), YEAR))
    assert modelled.fitted.numeric["RuntimeWarning: divide by zero"] == 1
    assert "baseline.numeric_warnings" in {finding.code for finding in modelled.findings}


@needs_extra
def test_statement_names_model_fit_files_and_version(daily: Baseline, tmp_path: Path) -> None:
    names = {path.name for path in write_baseline(daily, tmp_path / "out")}
    assert names == {"baseline.csv", "statement.json", "statement.zh.md", "statement.en.md"}
    data = json.loads((tmp_path / "out/statement.json").read_text(encoding="utf-8"))
    assert data["package"] == {"name": "opendsm", "version": "1.2.7"}
    assert data["readings"]["sha256"] == hashlib.sha256((tmp_path / "out/baseline.csv").read_bytes()).hexdigest()
    folder = Path(daily.task.document.path).parent
    for file in data["files"]:
        assert file["sha256"] == hashlib.sha256((folder / file["shown"]).read_bytes()).hexdigest()
    (submodel,) = data["parameters"]["submodels"].values()
    # The samples are simulated with a base load of 2,000 of 10,000 kWh and balance points of 60 and 65 °F.
    assert submodel["coefficients"]["model_type"].startswith("hdd_tidd_cdd")
    for language, words in {"zh": ("逐日模型", "供冷平衡点"), "en": ("daily model", "cooling balance point")}.items():
        text = (tmp_path / f"out/statement.{language}.md").read_text(encoding="utf-8")
        assert all(word in text for word in (*words, data["readings"]["sha256"], "CVRMSE"))


@needs_extra
def test_the_same_task_gives_the_same_files(daily: Baseline, tmp_path: Path) -> None:
    again = model_baseline(daily.task.document.path)
    for name, modelled in {"first": daily, "second": again}.items():
        write_baseline(modelled, tmp_path / name)
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


@needs_extra
def test_folder_with_other_files_is_left_alone(daily: Baseline, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ReportError, match="files that are not an earlier output"):
        write_baseline(daily, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@needs_extra
def test_command_writes_the_files_and_says_how_good_the_model_is(daily: Baseline, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["baseline", daily.task.document.path, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "CVRMSE 0.251 (≤ 1.00)" in done.output
    assert (tmp_path / "out/baseline.csv").is_file()
    done = CliRunner().invoke(cli, ["baseline", daily.task.document.path, "--out", str(tmp_path / "out"), "--json"])
    assert json.loads(done.stdout)["total"] == as_data(daily)["total"]


def simple_task(folder: Path, **changes: Any) -> Path:
    moments = [
        datetime.datetime(2022, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(hours=hour) for hour in range(17520)
    ]
    periods = {"baseline_period": ("2022-01-01", "2022-12-31"), "reporting_period": ("2023-01-01", "2023-12-31")}
    rows = [(moment, "50") for moment in moments]
    days = [(moment, "10") for moment in moments if moment.hour == 0]
    return write_task(folder, "daily", days, rows, {**periods, **changes.pop("periods", {})}, "UTC", **changes)


def test_without_the_package_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opendsm", None)
    with pytest.raises(RunError, match=r"pip install 'tonne\[savings\]'"):
        model_baseline(simple_task(tmp_path))


def test_running_and_reporting_do_not_import_the_package() -> None:
    code = (
        "import sys, tonne.engine.run, tonne.esg.release, tonne.engine.savings.baseline, tonne.esg.savings_statement;"
        "print([name for name in ('opendsm', 'pandas', 'sklearn', 'numba') if name in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_periods_that_overlap_are_refused(tmp_path: Path) -> None:
    task = simple_task(tmp_path, periods={"reporting_period": ("2022-12-31", "2023-12-31")})
    with pytest.raises(ProjectError, match="the reporting period begins before the baseline period has ended"):
        load_task(task)


def test_mean_rates_are_refused(tmp_path: Path) -> None:
    task = simple_task(tmp_path)
    task.write_text(task.read_text().replace("reads: interval", "reads: average"))
    with pytest.raises(ProjectError, match="`reads: interval or register`, found average"):
        load_task(task)


def test_temperature_in_another_dimension_is_refused(tmp_path: Path) -> None:
    task = simple_task(tmp_path)
    task.write_text(task.read_text().replace("unit: degF", "unit: kWh"))
    with pytest.raises(ValueError, match="kWh cannot be converted to degF"):
        load_task(task)


def test_temperatures_reach_the_model_in_fahrenheit(tmp_path: Path) -> None:
    task = simple_task(tmp_path)
    task.write_text(task.read_text().replace("unit: degF", "unit: degC"))
    assert {reading.value for reading in load_task(task).baseline_temperature} == {50 * 9 / 5 + 32}


def test_task_without_readings_in_its_period_is_refused(tmp_path: Path) -> None:
    task = simple_task(tmp_path, periods={"baseline_period": ("2020-01-01", "2020-12-31")})
    with pytest.raises(DataError, match=r"meter\.csv has no readings of energy in the period"):
        load_task(task)


@needs_extra
def test_what_the_package_cannot_do_is_told_without_a_traceback(tmp_path: Path) -> None:
    task = load_task(simple_task(tmp_path))
    days, hours = task.energy[:2], task.baseline_temperature[:2]
    with pytest.raises(RunError, match="the hourly model cannot be fitted to these readings; found "):
        fit("hourly", days, hours, hours[:0], task.zone, zero_is_missing=True)

import csv
import datetime
import gzip
import random
import shutil
import zoneinfo
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonne.engine import calendar
from tonne.engine.data.amounts import Target, exact_text
from tonne.engine.data.feeds import FeedValues, aggregate, first_rows_not_of_a_flag, first_rows_outside, list_readings
from tonne.engine.data.project import load_project
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.store import open_store
from tonne.engine.errors import DataError, Problem, ProjectError, UnitError
from tonne.engine.findings import Finding
from tonne.engine.units import parse_unit

SCADA = Path(__file__).parents[2] / "examples/onshore_wind/data/la_haute_borne_scada_2014.csv.gz"
SHANGHAI = "Asia/Shanghai"
HOURS = {"column": "time", "interval": "1 hour"}
KWH = {"column": "v", "unit": "kWh", "reads": "interval"}
KW = {"column": "v", "unit": "kW", "reads": "average"}
REGISTER = {"column": "v", "unit": "kWh", "reads": "register"}
DAY = ("2024-03-05", "2024-03-05")
EXACT = st.decimals(-10_000, 10_000, allow_nan=False, places=4)
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Case:
    store: duckdb.DuckDBPyConnection
    loaded: LoadedReadings

    def finding(self, code: str) -> Finding:
        (found,) = (finding for finding in self.loaded.findings if finding.code == f"readings.{code}")
        return found

    @property
    def codes(self) -> list[str]:
        return [finding.code.removeprefix("readings.") for finding in self.loaded.findings]

    def values(self, unit: str = "kWh", step: str | None = "month", feed: int = 0, **more: Any) -> FeedValues:
        over = ((step,) if step else ()) + tuple(more.pop("over", ()))
        target = Target(parse_unit(unit), over, {step: step} if step else {}, **more)
        return aggregate(self.store, self.loaded, self.loaded.spec.feeds[feed], target)

    def labelled(self, unit: str = "kWh", step: str = "month", feed: int = 0) -> dict[str, str]:
        values = self.values(unit, step, feed).values
        return {calendar.label(step, int(key[0])): exact_text(value) for key, value in values.items()}


def load(folder: Path, content: str | bytes | Path, **options: Any) -> Case:
    first, last = options.pop("period", DAY)
    zone = options.pop("zone", SHANGHAI)
    if isinstance(content, Path):
        file = content.name
        shutil.copy(content, folder / file)
    else:
        file = "r.csv"
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    readings = {
        "file": file,
        "time": HOURS,
        "value": KWH,
        "meter": {"name": "M1"},
        "feeds": [{"parameter": "eg"}],
    }
    document = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": "m",
        "time_zone": zone,
        "crediting_period": {"start": datetime.date(2000, 1, 1), "end": datetime.date(2099, 12, 31)},
        "monitoring_period": {
            "start": datetime.date.fromisoformat(first),
            "end": datetime.date.fromisoformat(last),
        },
        "readings": {"meter": readings | options},
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    store = open_store([folder])
    return Case(store, load_readings(store, load_project(folder), "meter"))


def table(*rows: str, header: str = "time,v") -> str:
    return "\n".join([header, *rows, ""])


def hourly(values: Sequence[object], day: str = DAY[0], offset: str = "+08:00") -> list[str]:
    return [f"{day}T{hour:02d}:00:00{offset},{value}" for hour, value in enumerate(values)]


def refused(folder: Path, content: str | bytes, **options: Any) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        load(folder, content, **options)
    return list(caught.value.problems)


@pytest.fixture(scope="module")
def scada(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return load(
        tmp_path_factory.mktemp("scada"),
        SCADA,
        zone="Europe/Paris",
        period=("2014-01-01", "2014-12-31"),
        time={"column": "Date_time", "interval": "10 minute"},
        value={"column": "P_avg", "unit": "kW", "reads": "average"},
        meter={"column": "Wind_turbine_name"},
        duplicates="lowest",
        feeds=[
            {"parameter": "eg", "take": "positive", "by": {"turbine": "Wind_turbine_name"}},
            {"parameter": "ec", "take": "negative", "by": {"turbine": "Wind_turbine_name"}},
            {"parameter": "net", "by": {"turbine": "Wind_turbine_name"}},
            {"parameter": "all"},
        ],
    )


def independent_scada() -> dict[tuple[str, datetime.datetime], Decimal]:
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    kept: dict[tuple[str, datetime.datetime], Decimal] = {}
    with gzip.open(SCADA, "rt") as file:
        for row in csv.DictReader(file):
            moment = datetime.datetime.fromisoformat(row["Date_time"]).astimezone(paris)
            if row["P_avg"] and moment.year == 2014:
                key = (row["Wind_turbine_name"], moment.astimezone(datetime.UTC))
                value = Decimal(row["P_avg"])
                kept[key] = min(kept.get(key, value), value)
    return kept


class TestRealData:
    def test_sums_by_turbine_and_local_month_equal_an_independent_calculation(self, scada: Case) -> None:
        paris = zoneinfo.ZoneInfo("Europe/Paris")
        expected: list[dict[tuple[int | str, ...], Fraction]] = [defaultdict(Fraction) for _ in range(3)]
        for (turbine, moment), value in independent_scada().items():
            local = moment.astimezone(paris)
            key = (local.year * 12 + local.month - 1, turbine)
            amounts = max(value, Decimal(0)), max(-value, Decimal(0)), value
            for sums, amount in zip(expected, amounts, strict=True):
                sums[key] += Fraction(amount) / 6
        for feed, sums in enumerate(expected):
            assert scada.values(feed=feed, over=["turbine"]).values == sums
        assert len(expected[0]) == 48

    def test_the_parts_of_both_signs_make_the_whole(self, scada: Case) -> None:
        sums = [sum(scada.values(feed=feed, over=["turbine"]).values.values()) for feed in range(3)]
        assert sums[0] - sums[1] == sums[2] == sum(scada.values(feed=3).values.values())

    def test_sums_of_turbines_agree_with_the_published_ones_apart_from_what_was_dropped(self, scada: Case) -> None:
        published = {"R80711": 3.15126e6, "R80721": 2.48397e6, "R80736": 2.74011e6, "R80790": 2.85516e6}
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for key, value in scada.values(feed=2, over=["turbine"]).values.items():
            sums[str(key[1])] += value
        for turbine, kwh in published.items():
            assert float(sums[turbine]) == pytest.approx(kwh, rel=1e-3)

    def test_findings_count_what_the_raw_file_shows(self, scada: Case) -> None:
        kept = independent_scada()
        assert scada.loaded.count == len(kept)
        resolved = scada.finding("duplicates_resolved").evidence
        assert (resolved["count"], resolved["rule"], len(resolved["cases"])) == (24, "lowest", 24)
        first = resolved["cases"][0]
        assert [(entry["row"], entry["value"]) for entry in first["values"]] == [
            (50714, "202.32001"),
            (50721, "172.61"),
        ]
        gaps = [finding.evidence for finding in scada.loaded.findings if finding.code == "readings.gap"]
        assert {gap["meter"].split(" ")[0] for gap in gaps} == {turbine for turbine, _ in kept}
        missing = {gap["meter"].split(" ")[0]: gap["missing"] for gap in gaps}
        for turbine, number in missing.items():
            assert number == 365 * 144 - sum(name == turbine for name, _ in kept)
        assert all(sum(extent["missing"] for extent in gap["extents"]) == gap["missing"] for gap in gaps)
        outside = scada.finding("outside_period").evidence
        assert (outside["count"], "before" in outside) == (24, False)
        assert outside["after"]["first"] == "2015-01-01T00:00:00+01:00"

    def test_sources_add_up_to_the_values(self, scada: Case) -> None:
        fed = scada.values("MWh", feed=3)
        for key, value in fed.values.items():
            sources = [source for source in fed.sources if source.key == key]
            assert len(sources) == 4
            assert sum(Fraction(source.amount) for source in sources) == value
            assert sum(Fraction(source.total) for source in sources) == value * 1000
            assert {source.total_unit for source in sources} == {"kW*h"}

    def test_a_number_is_walked_down_to_its_readings(self, scada: Case) -> None:
        feed, month = scada.loaded.spec.feeds[3], calendar.parse_label("month", "2014-05")
        target = Target(parse_unit("kWh"), ("month",), {"month": "month"})
        assert month is not None
        rows = list_readings(scada.store, scada.loaded, feed, target, (month,), 100_000)
        assert sum(Fraction(row.value) for row in rows) / 6 == scada.values(feed=3).values[month,]
        assert rows[0].time == "2014-05-01T00:00:00+02:00"
        with gzip.open(SCADA, "rt") as file:
            lines = file.read().splitlines()
        row = rows[len(rows) // 3]
        turbine, stamp, value = lines[row.row - 1].split(",")
        assert (row.file, row.meter, row.time, row.value) == (SCADA.name, turbine, stamp, Decimal(value))


class TestCells:
    @pytest.mark.parametrize(
        ("stamp", "hint"),
        [
            ("2024-03-05T00:00:00", "add the offset"),
            ("2024-03-05 00:00", "add the offset"),
            ("2024-03-05", "add the offset"),
            ("2024/3/5 0:00", "which number is the month"),
            ("2024-02-30T00:00:00+08:00", "there is no such day"),
            ("2024-03-05T24:00:00+08:00", "00:00 of the next day"),
            ("2024-03-05T00:00:00+25:00", None),
            ("2024-03-05T00:00:00 Asia/Shanghai", None),
            ("２０２４-03-05T00:00:00+08:00", None),
            ("infinity", None),
            ("45356.5", None),
        ],
    )
    def test_a_time_without_date_or_offset_is_refused(self, tmp_path: Path, stamp: str, hint: str | None) -> None:
        (problem,) = refused(tmp_path, table("2024-03-05T01:00:00+08:00,1", f"{stamp},2"))
        assert (str(problem.place), problem.found) == ("r.csv:3 (column time)", f"'{stamp}'")
        assert problem.expected == "a form such as 2014-01-01T00:00:00+08:00"
        assert problem.hint is None if hint is None else hint in str(problem.hint)

    @pytest.mark.parametrize(
        "stamp",
        [
            "2024-03-05T01:00:00+08:00",
            "2024-03-05T01:00+0800",
            "2024-03-05 01:00:00+08",
            "2024-03-04T17:00:00.000Z",
        ],
    )
    def test_the_forms_of_one_instant_are_the_same(self, tmp_path: Path, stamp: str) -> None:
        case = load(tmp_path, table(f"{stamp},7"))
        assert case.values().sources[0].first == "2024-03-05T01:00:00+08:00"

    @pytest.mark.parametrize(
        ("value", "hint"),
        [
            ('"1,234.5"', "without separators of thousands"),
            ('"12,5"', "write the decimal mark as a point"),
            ("NaN", "leave the cell empty"),
            ("inf", "leave the cell empty"),
            ("-", "leave the cell empty"),
            ("0x10", None),
            ("1_000", None),
            ("１２", None),
            ("12 kWh", "units are stated in the project file"),
            ("5万", "units are stated in the project file"),
            ("true", "units"),
            ("1e5.5", None),
        ],
    )
    def test_what_is_not_a_plain_number_is_refused(self, tmp_path: Path, value: str, hint: str | None) -> None:
        (problem,) = refused(tmp_path, table(*hourly([1, value, 3])))
        bare = value.strip('"')
        assert str(problem.place) == "r.csv:3 (column v)"
        assert (problem.what, problem.found) == ("not a number", f"'{bare}'")
        assert hint is None or bare == "true" or hint in str(problem.hint)

    @pytest.mark.parametrize(
        ("value", "exact"),
        [
            ("1e-3", "0.001"),
            ("1E+2", "100"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("+7", "7"),
            ("0.123456789012345678", "0.123456789012345678"),
            ("000000000000000000012.5", "12.5"),
            ("999999999999999.5", "999999999999999.5"),
            (" 4 ", "4"),
        ],
    )
    def test_numbers_are_exact(self, tmp_path: Path, value: str, exact: str) -> None:
        case = load(tmp_path, table(*hourly([value])))
        assert case.labelled() == {"2024-03": exact}
        assert "rounded" not in case.codes

    @pytest.mark.parametrize(
        ("value", "taken"),
        [
            ("0.1234567890123456785", "0.123456789012345678"),
            ("0.1234567890123456775", "0.123456789012345678"),
            ("1e-19", "0"),
            ("-0.00000000000000000051", "-0.000000000000000001"),
        ],
    )
    def test_more_than_18_decimals_are_rounded_half_even_with_a_finding(
        self, tmp_path: Path, value: str, taken: str
    ) -> None:
        case = load(tmp_path, table(*hourly([1, value])))
        evidence = case.finding("rounded").evidence
        assert evidence["examples"] == [{"row": 3, "value": value, "taken": taken}]
        assert case.labelled() == {"2024-03": exact_text(1 + Fraction(taken))}

    def test_a_number_that_is_too_large_is_refused(self, tmp_path: Path) -> None:
        for value in ("1000000000000000", "1e999"):
            (problem,) = refused(tmp_path, table(*hourly([value])))
            assert problem.what == "the number has more than 15 digits before the decimal point"

    def test_all_faults_are_told_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        rows = ["2024-03-05T00:00:00+08:00,x,M", "2024-03-05T01:00:00,1,M", ",3,M", "2024-03-05T03:00:00Z,3,"]
        problems = refused(tmp_path, table(*rows, header="time,v,m"), meter={"column": "m"})
        assert [str(problem.place) for problem in problems] == [
            "r.csv:2 (column v)",
            "r.csv:3 (column time)",
            "r.csv:4 (column time)",
            "r.csv:5 (column m)",
        ]
        assert problems[2].what == "there is no time"

    def test_twenty_faults_are_told_and_the_others_counted(self, tmp_path: Path) -> None:
        problems = refused(tmp_path, table(*(f"2024-03-05T00:00:00+08:00,x{n}" for n in range(100))))
        assert (len(problems), problems[-1].what) == (20, "and 81 more")

    def test_a_missing_column_is_refused(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, table(*hourly([1]), header="Time,v"))
        assert problem.what == "there is no column 'time'"
        assert problem.hint == "did you mean Time? the columns are Time, v"

    def test_a_parquet_file_gives_the_same_values(self, tmp_path: Path) -> None:
        path = tmp_path / "in" / "r.parquet"
        path.parent.mkdir()
        rows = "SELECT TIMESTAMPTZ '2024-03-05 00:00:00+08' + INTERVAL (i) HOUR AS time, i / 10 AS v FROM range(3) t(i)"
        duckdb.connect().execute(f"COPY ({rows}) TO '{path}'")
        assert load(tmp_path, path).labelled() == {"2024-03": "0.3"}

    def test_a_parquet_file_with_local_times_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "in" / "r.parquet"
        path.parent.mkdir()
        duckdb.connect().execute(f"COPY (SELECT TIMESTAMP '2024-03-05 00:00:00' AS time, 1 AS v) TO '{path}'")
        with pytest.raises(DataError, match=r"r\.parquet:1 \(column time\)"):
            load(tmp_path, path)


class TestMeters:
    ROWS = table(
        "A,2024-03-05T00:00:00+08:00,1",
        "B,2024-03-05T00:00:00+08:00,10",
        "C,2024-03-05T00:00:00+08:00,x",
        header="m,time,v",
    )

    def test_meters_that_are_not_named_are_left_out_with_a_note(self, tmp_path: Path) -> None:
        case = load(tmp_path, self.ROWS, meter={"column": "m", "only": ["A"]})
        assert case.labelled() == {"2024-03": "1"}
        assert case.finding("meters_left_out").evidence == {"meters": {"B": 1, "C": 1}}

    def test_a_meter_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, self.ROWS, meter={"column": "m", "only": ["A", "D"]})
        assert problem.what == "there are no readings of meter 'D'"
        assert "the meters are A, B, C" in str(problem.hint)

    def test_one_meter_without_any_reading_in_the_period_is_a_gap(self, tmp_path: Path) -> None:
        rows = table("A,2024-03-05T00:00:00+08:00,1", "B,2024-03-05T00:00:00+08:00,", header="m,time,v")
        case = load(tmp_path, rows, meter={"column": "m"})
        gaps = {finding.evidence["meter"]: finding.evidence for finding in case.loaded.findings}
        assert (gaps["A"]["missing"], gaps["B"]["missing"], gaps["B"]["coverage_percent"]) == (23, 24, "0.00")

    def test_a_meter_name_cannot_leave_its_quotes(self, tmp_path: Path) -> None:
        hostile = "'; DROP TABLE x; --{key}"
        case = load(tmp_path, table(*hourly([1, 2])), meter={"name": hostile})
        assert case.values().sources[0].meter == hostile


class TestDuplicates:
    ROWS = (*hourly([1, 2]), "2024-03-05T01:00:00+08:00,5", "2024-03-04T17:00:00Z,2.0")

    def test_the_same_reading_counts_once(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([1, 2]), "2024-03-04T17:00:00Z,2.00"))
        assert case.labelled() == {"2024-03": "3"}
        evidence = case.finding("duplicates_dropped").evidence
        example = {"meter": "M1", "time": "2024-03-05T01:00:00+08:00", "value": "2", "rows": [3, 4]}
        assert evidence == {"count": 1, "examples": [example]}

    def test_contradicting_readings_are_refused_with_both_rows(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, table(*self.ROWS))
        assert str(problem.place) == "r.csv:4 (column v)"
        assert problem.found == "2 in row 3 and 5 in row 4"

    @pytest.mark.parametrize(
        ("rule", "total"),
        [("first", "3"), ("last", "3"), ("lowest", "3"), ("highest", "6"), ("mean", "4.5")],
    )
    def test_contradicting_readings_are_resolved_by_the_rule(self, tmp_path: Path, rule: str, total: str) -> None:
        case = load(tmp_path, table(*self.ROWS), duplicates=rule)
        assert case.labelled() == {"2024-03": total}
        evidence = case.finding("duplicates_resolved").evidence
        assert (evidence["rule"], evidence["count"]) == (rule, 1)
        (only,) = evidence["cases"]
        assert [(entry["row"], entry["value"]) for entry in only["values"]] == [(3, "2"), (4, "5"), (5, "2")]

    def test_the_mean_of_three_is_rounded_to_what_the_store_holds(self, tmp_path: Path) -> None:
        rows = [f"2024-03-05T00:00:00+08:00,{value}" for value in (1, 2, 2.5, 1)]
        case = load(tmp_path, table(*rows), duplicates="mean")
        assert case.labelled() == {"2024-03": "1.833333333333333333"}

    def test_an_empty_cell_beside_a_value_is_no_contradiction(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([1]), "2024-03-05T00:00:00+08:00,"))
        assert case.codes == ["gap"]


class TestGaps:
    def test_a_whole_period_has_no_finding(self, tmp_path: Path) -> None:
        assert load(tmp_path, table(*hourly(range(24)))).codes == []

    def test_missing_intervals_and_empty_cells_are_told_with_their_local_extent(self, tmp_path: Path) -> None:
        values = ["" if hour in {3, 4, 5} else 1 for hour in range(23)]
        case = load(tmp_path, table(*hourly(values)[1:]))
        evidence = case.finding("gap").evidence
        assert evidence == {
            "meter": "M1",
            "expected": 24,
            "missing": 5,
            "coverage_percent": "79.16",
            "gaps": 3,
            "extents": [
                {"first": "2024-03-05T00:00:00+08:00", "last": "2024-03-05T00:00:00+08:00", "missing": 1},
                {"first": "2024-03-05T03:00:00+08:00", "last": "2024-03-05T05:00:00+08:00", "missing": 3},
                {"first": "2024-03-05T23:00:00+08:00", "last": "2024-03-05T23:00:00+08:00", "missing": 1},
            ],
        }

    def test_a_hundred_gaps_are_listed_and_all_counted(self, tmp_path: Path) -> None:
        rows = [row for day in range(10, 28) for row in hourly(range(24), f"2024-03-{day}")[::2]]
        evidence = load(tmp_path, table(*rows), period=("2024-03-10", "2024-03-27")).finding("gap").evidence
        assert (evidence["gaps"], evidence["missing"], len(evidence["extents"])) == (216, 216, 100)

    def test_readings_outside_the_period_are_left_out_with_a_note(self, tmp_path: Path) -> None:
        rows = ["2024-03-04T23:00:00+08:00,100", *hourly(range(24)), "2024-03-06T00:00:00+08:00,1000"]
        case = load(tmp_path, table(*rows))
        assert case.labelled() == {"2024-03": "276"}
        assert case.finding("outside_period").evidence["count"] == 2
        assert set(case.finding("outside_period").evidence) == {"count", "before", "after"}

    def test_stamps_at_the_end_shift_the_period_by_one_interval(self, tmp_path: Path) -> None:
        rows = ["2024-03-05T00:00:00+08:00,100", *hourly(range(24))[1:], "2024-03-06T00:00:00+08:00,24"]
        case = load(tmp_path, table(*rows), time=HOURS | {"marks": "end"})
        assert case.codes == ["outside_period"]
        assert case.labelled() == {"2024-03": "300"}


class TestGrid:
    def test_a_reading_off_the_grid_is_refused(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, table(*hourly([1, 2]), "2024-03-05T02:30:00+08:00,3"))
        assert str(problem.place) == "r.csv:4 (column time)"
        assert problem.found == "2024-03-05T02:30:00+08:00"
        assert "closest readings of a meter are 1 h apart" in str(problem.hint)

    def test_an_interval_that_is_too_long_is_refused(self, tmp_path: Path) -> None:
        problems = refused(tmp_path, table(*hourly(range(24))), time={"column": "time", "interval": "2 hour"})
        assert len(problems) == 12

    def test_an_amount_at_an_instant_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectError, match="belongs to an interval, not to an instant"):
            load(tmp_path, table(*hourly([1])), time=HOURS | {"marks": "instant"})

    def test_an_interval_over_the_boundary_of_a_step_is_refused(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly(range(24))))
        assert case.values(step="hour").values
        with pytest.raises(DataError, match="crosses the boundary of a minute") as caught:
            case.values(step="minute")
        assert "intervals that divide a minute of local time (Asia/Shanghai)" in str(caught.value)

    def test_an_interval_of_three_days_over_a_month_end_is_refused(self, tmp_path: Path) -> None:
        rows = [f"2024-03-{day}T00:00:00+08:00,1" for day in (27, 30)]
        options: dict[str, Any] = {
            "time": {"column": "time", "interval": "3 day"},
            "period": ("2024-03-27", "2024-04-01"),
        }
        case = load(tmp_path, table(*rows), **options)
        with pytest.raises(DataError, match=r"found 2024-03-30T00:00:00\+08:00 to 2024-04-02T00:00:00\+08:00"):
            case.values(step="month")
        assert case.labelled(step="year") == {"2024": "2"}

    def test_an_amount_of_a_month_that_is_only_partly_in_the_period_is_refused(self, tmp_path: Path) -> None:
        rows = ["2024-03-01T00:00:00+08:00,1", "2024-04-01T00:00:00+08:00,1"]
        monthly = {"column": "time", "interval": "1 month"}
        (problem,) = refused(tmp_path, table(*rows), time=monthly, period=("2024-03-15", "2024-04-30"))
        assert str(problem.place) == "r.csv:2 (column time)"
        assert "crosses an end of the monitoring period" in problem.what

    def test_calendar_months_and_days_are_local(self, tmp_path: Path) -> None:
        rows = ["2024-01-31T16:00:00Z,1", "2024-02-29T16:00:00Z,2"]
        case = load(
            tmp_path,
            table(*rows),
            time={"column": "time", "interval": "1 month"},
            period=("2024-02-01", "2024-03-31"),
        )
        assert case.labelled() == {"2024-02": "1", "2024-03": "2"}
        assert case.codes == []


class TestTimeZones:
    @pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)])
    def test_a_local_day_of_paris_has_the_hours_that_it_has(self, tmp_path: Path, day: str, hours: int) -> None:
        start = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
        first = start.astimezone(datetime.UTC)
        rows = [f"{first + n * datetime.timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ},6" for n in range(-6, 6 * 25 + 6)]
        case = load(
            tmp_path,
            table(*rows),
            zone="Europe/Paris",
            period=(day, day),
            time={"column": "time", "interval": "10 minute"},
            value=KW,
        )
        assert case.loaded.count == hours * 6
        assert case.labelled(step="day") == {day: str(hours * 6)}
        assert "gap" not in case.codes

    def test_the_hour_that_occurs_twice_is_not_a_repetition(self, tmp_path: Path) -> None:
        rows = ["2024-10-27T02:00:00+02:00,1", "2024-10-27T02:00:00+01:00,2"]
        case = load(tmp_path, table(*rows), zone="Europe/Paris", period=("2024-10-27", "2024-10-27"))
        assert case.codes == ["gap"]
        assert case.labelled(step="hour") == {"2024-10-27T02": "3"}
        assert case.finding("gap").evidence["extents"][0]["last"] == "2024-10-27T01:00:00+02:00"

    def test_a_mean_power_over_local_days_counts_23_24_and_25_hours(self, tmp_path: Path) -> None:
        days = {"2024-03-30": 24, "2024-03-31": 23, "2024-04-01": 24}
        rows = ["2024-03-30T00:00:00+01:00,1", "2024-03-31T00:00:00+01:00,1", "2024-04-01T00:00:00+02:00,1"]
        case = load(
            tmp_path,
            table(*rows),
            zone="Europe/Paris",
            period=("2024-03-30", "2024-04-01"),
            time={"column": "time", "interval": "1 day"},
            value=KW,
        )
        assert case.labelled(step="day") == {day: str(hours) for day, hours in days.items()}
        assert case.labelled(step="month") == {"2024-03": "47", "2024-04": "24"}

    @pytest.mark.parametrize(
        ("zone", "offset", "number"),
        [("Asia/Shanghai", "+08:00", 24), ("Asia/Kolkata", "+05:30", 24), ("Asia/Kathmandu", "+05:45", 24)],
    )
    def test_local_days_begin_at_local_midnight(self, tmp_path: Path, zone: str, offset: str, number: int) -> None:
        case = load(tmp_path, table(*hourly([1] * 24, offset=offset)), zone=zone)
        assert case.codes == []
        assert case.labelled(step="day") == {"2024-03-05": str(number)}
        assert case.values(step="day").sources[0].first == f"2024-03-05T00:00:00{offset}"

    def test_readings_of_utc_hours_are_off_the_grid_of_india(self, tmp_path: Path) -> None:
        problems = refused(tmp_path, table(*hourly([1] * 10, offset="Z")), zone="Asia/Kolkata")
        assert problems[0].found == "2024-03-05T05:30:00+05:30"

    @pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe"])
    def test_every_local_step_is_numbered_as_python_numbers_it(self, tmp_path: Path, zone: str) -> None:
        # Clocks change at midnight in three of these, and by half an hour in the fourth.
        begin = datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(datetime.UTC)
        rows = [f"{begin + n * datetime.timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ},1" for n in range(366 * 48)]
        options: dict[str, Any] = {"time": {"column": "time", "interval": "30 minute"}}
        case = load(tmp_path, table(*rows), zone=zone, period=("2024-01-01", "2024-12-31"), **options)
        assert case.codes == []
        for step in ("hour", "day", "month"):
            expected: dict[tuple[int | str, ...], Fraction] = defaultdict(Fraction)
            for n in range(366 * 48):
                local = (begin + n * datetime.timedelta(minutes=30)).astimezone(zoneinfo.ZoneInfo(zone))
                expected[calendar.number(step, local),] += 1
            assert case.values(step=step).values == expected


class TestRegister:
    def case(self, folder: Path, *rows: str, **options: Any) -> Case:
        return load(folder, table(*rows), value=REGISTER, **options)

    def test_amounts_are_differences_and_need_both_ends(self, tmp_path: Path) -> None:
        rows = [*hourly(range(0, 2400, 100)), "2024-03-06T00:00:00+08:00,2500.5"]
        case = self.case(tmp_path, *rows)
        assert case.labelled(step="day") == {"2024-03-05": "2500.5"}
        assert case.labelled(step="hour")["2024-03-05T23"] == "200.5"
        assert (case.codes, case.loaded.count) == ([], 24)

    def test_a_missing_reading_is_a_gap_and_the_amount_is_kept(self, tmp_path: Path) -> None:
        rows = [*hourly([10, 20, 30, 40, 50]), "2024-03-06T00:00:00+08:00,90"]
        case = self.case(tmp_path, *(row for row in rows if "T02" not in row))
        assert case.labelled(step="day") == {"2024-03-05": "80"}
        extents = case.finding("gap").evidence["extents"]
        assert [(extent["missing"], extent["bridged"]) for extent in extents] == [(1, True), (19, True)]
        assert extents[0]["first"] == extents[0]["last"] == "2024-03-05T02:00:00+08:00"

    def test_what_is_before_the_first_reading_is_a_gap_that_nothing_bridges(self, tmp_path: Path) -> None:
        case = self.case(tmp_path, "2024-03-04T23:00:00+08:00,1", *hourly(range(24))[1:])
        extents = case.finding("gap").evidence["extents"]
        assert [extent["bridged"] for extent in extents] == [False, False]
        assert case.labelled(step="day") == {"2024-03-05": "22"}

    def test_a_difference_over_the_boundary_of_a_step_is_refused(self, tmp_path: Path) -> None:
        rows = ["2024-03-31T22:00:00+08:00,1", "2024-03-31T23:00:00+08:00,2", "2024-04-01T01:00:00+08:00,4"]
        case = self.case(tmp_path, *rows, period=("2024-03-31", "2024-04-01"))
        with pytest.raises(DataError, match=r"r\.csv:4 \(column time\): the difference to row 3 crosses") as caught:
            case.values()
        assert "a reading of the register at the start of every month" in str(caught.value)
        assert case.labelled(step="year") == {"2024": "3"}

    def test_a_register_that_runs_backwards_is_refused_with_both_rows(self, tmp_path: Path) -> None:
        with pytest.raises(DataError) as caught:
            self.case(tmp_path, *hourly([10, 20, 15, 16]))
        (problem,) = caught.value.problems
        assert str(problem.place) == "r.csv:4 (column v)"
        assert (problem.expected, problem.found) == ("at least 20, as in row 3", "15")
        assert "roll-over" in str(problem.hint)

    def test_readings_by_hand_need_no_grid(self, tmp_path: Path) -> None:
        rows = ["2024-03-05T00:03:00+08:00,1", "2024-03-05T09:17:31+08:00,5", "2024-03-05T23:59:00+08:00,9"]
        case = self.case(tmp_path, *rows, time=HOURS | {"marks": "instant"})
        assert case.labelled() == {"2024-03": "8"}

    def test_rows_of_a_difference_are_listed_with_the_former_row(self, tmp_path: Path) -> None:
        case = self.case(tmp_path, *hourly([10, 20, 40]))
        target = Target(parse_unit("kWh"), (), {})
        rows = list_readings(case.store, case.loaded, case.loaded.spec.feeds[0], target, ())
        assert [(row.row, row.earlier, row.value) for row in rows] == [
            (3, 2, Decimal(10)),
            (4, 3, Decimal(20)),
        ]
        assert case.values(step=None).values == {(): 30}


class TestStates:
    def test_several_states_in_a_step_are_averaged_with_a_note(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([20, 21, 23])), value={"column": "v", "unit": "degC", "reads": "state"})
        fed = case.values("K", step="day")
        assert list(fed.values.values()) == [Fraction(64, 3) + Fraction("273.15")]
        (finding,) = fed.findings
        assert finding.code == "readings.averaged"
        assert finding.evidence["cases"] == [{"at": ["2024-03-05"], "count": 3}]

    def test_samples_at_any_instant_hold_in_their_interval(self, tmp_path: Path) -> None:
        rows = [
            "2024-03-04T10:12:00+08:00,20",
            "2024-03-20T11:00:00+08:00,22",
            "2024-04-02T08:00:00+08:00,30",
        ]
        case = load(
            tmp_path,
            table(*rows),
            time={"column": "time", "marks": "instant", "interval": "1 month"},
            value={"column": "v", "unit": "GJ/t", "reads": "state"},
            period=("2024-03-01", "2024-05-31"),
        )
        assert case.labelled("GJ/t") == {"2024-03": "21", "2024-04": "30"}
        assert case.finding("gap").evidence["missing"] == 1

    def test_a_monthly_state_holds_in_a_month_that_is_partly_in_the_period(self, tmp_path: Path) -> None:
        case = load(
            tmp_path,
            table("2024-03-01T00:00:00+08:00,5"),
            time={"column": "time", "interval": "1 month"},
            value={"column": "v", "unit": "GJ/t", "reads": "state"},
            period=("2024-03-15", "2024-03-20"),
        )
        assert case.labelled("GJ/t") == {"2024-03": "5"}
        assert case.codes == []

    def test_temperatures_are_never_added_up(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([20])), value={"column": "v", "unit": "degC", "reads": "interval"})
        with pytest.raises(ProjectError, match="cannot be added up"):
            case.values("K")


class TestFeeds:
    def test_units_are_converted_exactly(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly(["0.1", "0.2"])))
        assert case.labelled("GJ") == {"2024-03": "0.00108"}
        with pytest.raises(UnitError, match=r"project\.yaml:\d+:\d+: kWh cannot be converted to t"):
            case.values("t")

    def test_a_mean_rate_times_its_interval_is_an_amount(self, tmp_path: Path) -> None:
        rows = [f"2024-03-05T00:{minute:02d}:00+08:00,7" for minute in range(0, 60, 10)]
        ten = {"column": "time", "interval": "10 minute"}
        flow = {"column": "v", "unit": "Nm3/h", "reads": "average"}
        assert load(tmp_path, table(*rows[:1]), time=ten, value=KW).labelled() == {"2024-03": "7/6"}
        assert load(tmp_path, table(*rows), time=ten, value=flow).labelled("Nm3_CH4") == {"2024-03": "7"}

    def test_a_step_of_the_other_sign_has_the_value_nought(self, tmp_path: Path) -> None:
        feeds = [{"parameter": "a", "take": "positive"}, {"parameter": "b", "take": "negative"}]
        case = load(tmp_path, table(*hourly([-1, 0, "-0.5"])), feeds=feeds)
        assert (case.labelled(feed=0), case.labelled(feed=1)) == ({"2024-03": "0"}, {"2024-03": "1.5"})
        (source,) = case.values(feed=1).sources
        assert (source.count, source.taken, source.total) == (3, 2, "1.5")

    def test_a_step_without_readings_has_no_value(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([1])), period=("2024-03-01", "2024-04-30"))
        assert case.labelled() == {"2024-03": "1"}

    def test_members_come_from_the_feed_or_from_a_column(self, tmp_path: Path) -> None:
        rows = ["2024-03-05T00:00:00+08:00,1,coal", "2024-03-05T00:00:00+08:00,2,gas"]
        feeds = [{"parameter": "q", "at": {"site": "S"}, "by": {"fuel": "fuel"}}]
        case = load(tmp_path, table(*rows, header="time,v,fuel"), feeds=feeds)
        month = calendar.parse_label("month", "2024-03")
        values = case.values(over=["fuel", "site"], members={"fuel": ["coal", "gas"]}).values
        assert values == {(month, "coal", "S"): 1, (month, "gas", "S"): 2}
        with pytest.raises(DataError, match=r"r\.csv:3 \(column fuel\): 'gas' is not a member of fuel"):
            case.values(over=["fuel", "site"], members={"fuel": ["coal", "oil"]})
        with pytest.raises(ProjectError, match="do not say which kiln they belong to"):
            case.values(over=["fuel", "site", "kiln"])
        with pytest.raises(ProjectError, match="q is not over 'fuel'"):
            case.values(over=["site"])

    def test_rows_that_alone_break_a_bound_are_named(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([1, -2, 3, -4, 500])))
        feed, target = case.loaded.spec.feeds[0], Target(parse_unit("MWh"), (), {})

        def rows(minimum: object, maximum: object) -> list[int]:
            low, high = (None if bound is None else Fraction(str(bound)) for bound in (minimum, maximum))
            return [row.row for row in first_rows_outside(case.store, case.loaded, feed, target, low, high)]

        assert rows(0, None) == [3, 5]
        assert rows("-0.002", None) == [5]
        assert rows(None, "0.499") == [6]
        assert rows(0, "0.5") == [3, 5]
        assert rows("0.1", None) == rows(None, None) == []

    @pytest.mark.parametrize(
        ("unit", "rows"), [("flag", [4, 5, 6, 7]), ("% flag", [3, 4, 5, 6]), ("3 flag", [3, 4, 5, 6, 7])]
    )
    def test_rows_of_a_flag_that_say_neither_yes_nor_no_are_named(
        self, tmp_path: Path, unit: str, rows: list[int]
    ) -> None:
        value = {"column": "v", "unit": unit, "reads": "state"}
        case = load(tmp_path, table(*hourly([0, 1, 2, -1, "0.999999999999999999", 100])), value=value)
        target = Target(parse_unit("flag"))
        found = first_rows_not_of_a_flag(case.store, case.loaded, case.loaded.spec.feeds[0], target)
        assert [row.row for row in found] == rows

    def test_sums_too_large_for_the_store_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "in" / "r.parquet"
        path.parent.mkdir()
        rows = (
            "SELECT make_timestamptz(1709568000000000 + i * 1000000) AS time, CAST(999999999999999 AS DECIMAL(33, 18)) AS v "
            "FROM range({}) t(i)"
        )
        options: dict[str, Any] = {
            "time": {"column": "time", "interval": "1 second"},
            "period": ("2024-03-05", "2024-03-07"),
        }
        duckdb.connect().execute(f"COPY ({rows.format(1000)}) TO '{path}'")
        assert load(tmp_path, path, **options).labelled() == {"2024-03": str(1000 * (10**15 - 1))}
        duckdb.connect().execute(f"COPY ({rows.format(200_000)}) TO '{path}'")
        with pytest.raises(DataError, match="the sum of column 'v' is too large"):
            load(tmp_path, path, **options).values()

    def test_the_names_of_tables_stay_free_for_quantities(self, tmp_path: Path) -> None:
        case = load(tmp_path, table(*hourly([1, 1, 2])), value=REGISTER)
        assert case.store.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("readings meter",)]


@st.composite
def series(draw: st.DrawFn) -> list[str]:
    values = draw(st.lists(EXACT, min_size=2, max_size=48))
    hours = draw(st.lists(st.integers(0, 24 * 31 - 1), min_size=len(values), max_size=len(values)))
    return [
        f"2024-03-{hour // 24 + 1:02d}T{hour % 24:02d}:00:00+08:00,{value}"
        for hour, value in zip(hours, values, strict=True)
    ]


MARCH: dict[str, Any] = {
    "period": ("2024-03-01", "2024-03-31"),
    "feeds": [{"parameter": "a"}, {"parameter": "b", "take": "positive"}],
}


class TestLaws:
    @QUICK
    @given(rows=series(), seed=st.randoms(), rule=st.sampled_from(["lowest", "highest", "mean"]))
    def test_the_order_of_rows_changes_nothing(
        self, tmp_path: Path, rows: list[str], seed: random.Random, rule: str
    ) -> None:
        one = load(tmp_path, table(*rows), duplicates=rule, **MARCH)
        seed.shuffle(rows)
        other = load(tmp_path, table(*rows), duplicates=rule, **MARCH)
        assert one.codes == other.codes
        for feed in (0, 1):
            assert one.values(step="day", feed=feed).values == other.values(step="day", feed=feed).values

    @QUICK
    @given(rows=series(), last=st.integers(1, 30))
    def test_two_parts_of_a_period_add_up_to_the_whole(self, tmp_path: Path, rows: list[str], last: int) -> None:
        periods = [
            MARCH["period"],
            ("2024-03-01", f"2024-03-{last:02d}"),
            (f"2024-03-{last + 1:02d}", "2024-03-31"),
        ]
        whole, *parts = (
            load(tmp_path, table(*rows), **MARCH | {"period": period, "duplicates": "lowest"}) for period in periods
        )
        assert sum(part.loaded.count for part in parts) == whole.loaded.count
        for feed in (0, 1):
            sums = [sum(case.values(feed=feed).values.values()) for case in (whole, *parts)]
            assert sums[0] == sums[1] + sums[2]

    @QUICK
    @given(rows=series())
    def test_the_unit_of_the_file_changes_nothing(self, tmp_path: Path, rows: list[str]) -> None:
        def values(factor: Decimal, unit: str) -> list[FeedValues]:
            scaled = [f"{stamp},{Decimal(value) * factor:f}" for stamp, value in (row.split(",") for row in rows)]
            case = load(tmp_path, table(*scaled), value=KW | {"unit": unit}, duplicates="highest", **MARCH)
            return [case.values(step="day", feed=feed) for feed in (0, 1)]

        for kilo, mega in zip(values(Decimal(1), "kW"), values(Decimal("0.001"), "MW"), strict=True):
            assert kilo.values == mega.values

    @QUICK
    @given(rows=series())
    def test_readings_kept_and_missing_make_the_period(self, tmp_path: Path, rows: list[str]) -> None:
        case = load(tmp_path, table(*rows), duplicates="first", **MARCH)
        assert case.loaded.count + case.finding("gap").evidence["missing"] == 31 * 24
        assert case.loaded.count == len({row.split(",")[0] for row in rows})


def test_findings_are_plain_data_in_both_languages(scada: Case) -> None:
    for finding in scada.loaded.findings:
        assert yaml.safe_load(yaml.safe_dump(finding.as_data())) == finding.as_data()
        assert any("\u4e00" <= character <= "\u9fff" for character in finding.zh)

"""Readings that stay in their Parquet file are those that its cells give one by one."""

import copy
import datetime
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonne.engine.data import readings
from tonne.engine.data.amounts import Target
from tonne.engine.data.feeds import aggregate
from tonne.engine.data.intake import inspect
from tonne.engine.data.project import load_project
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.store import open_store, quoted
from tonne.engine.data.streaming import stream_feed
from tonne.engine.errors import TonneError
from tonne.engine.units import parse_unit

KINDS = ("SMALLINT", "UBIGINT", "DECIMAL(6, 2)", "DECIMAL(38, 4)", "DOUBLE", "FLOAT")
START = datetime.datetime.fromisoformat("2024-03-30T00:00:00+08:00")
MINUTES = 15
TOLD = dict[str, Any]


@contextmanager
def cell_by_cell() -> Iterator[None]:
    with patch.object(readings, "readings_in_file", lambda _series: None):
        yield


def write(folder: Path, rows: list[tuple[object, ...]], kind: str, stamp: str = "TIMESTAMPTZ", **options: Any) -> None:
    with duckdb.connect() as store:
        store.execute("SET TimeZone = 'UTC'")
        store.execute(f"CREATE TABLE r (t {stamp}, m VARCHAR, v {kind})")
        if rows:
            store.executemany("INSERT INTO r VALUES (?, ?, ?)", rows)
        store.execute(f"COPY r TO '{folder}/r.parquet' (FORMAT parquet)")
    document = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": "m",
        "time_zone": "Asia/Shanghai",
        "crediting_period": {"start": datetime.date(2020, 1, 1), "end": datetime.date(2029, 12, 31)},
        "monitoring_period": {"start": datetime.date(2024, 3, 31), "end": datetime.date(2024, 4, 1)},
        "readings": {
            "meter": {
                "file": "r.parquet",
                "time": {"column": "t", "interval": f"{MINUTES} minute"},
                "value": {"column": "v", "unit": "kWh", "reads": "interval"},
                "meter": {"column": "m"},
                "feeds": [{"parameter": "EG"}],
            }
            | options
        },
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def told(folder: Path) -> TOLD:
    """Everything that a file of readings gives: rows, findings, sums; or why it is refused."""
    store = open_store([folder])
    try:
        loaded = load_readings(store, load_project(folder), "meter")
    except TonneError as fault:
        return {"refused": str(fault)}
    unit = parse_unit("kW" if loaded.spec.value.reads == "state" else "kWh")
    sums = aggregate(store, loaded, loaded.spec.feeds[0], Target(unit, ("month",), {"month": "month"}))
    columns = (
        "row, meter, moment, slot, begins, ends, CAST(value AS DECIMAL(38, 18)), earlier, substituted, measured_by"
    )
    rows = store.execute(f"SELECT {columns} FROM {loaded.table} ORDER BY ALL").fetchall()  # noqa: S608
    return {
        "stays": loaded.in_file is not None,
        "rows": rows,
        "count": loaded.count,
        "findings": loaded.findings,
        "sums": sums.values,
        "sources": sums.sources,
    }


def told_twice(folder: Path) -> tuple[TOLD, TOLD]:
    one = told(folder)
    with cell_by_cell():
        other = told(folder)
    assert not other.pop("stays", False)
    return one, other


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[object, ...]]]:
    kind = draw(st.sampled_from(KINDS))
    digits, decimals = (4, draw(st.integers(0, 2))) if kind in {"DOUBLE", "FLOAT"} else (4, 0)
    numbers = st.integers(0, 10**digits - 1).map(lambda whole: whole / 10**decimals)
    if kind.startswith("DECIMAL"):
        numbers = st.integers(0, 10**digits - 1).map(lambda whole: f"{whole / 100:.2f}")
    slots = draw(st.lists(st.tuples(st.integers(0, 4 * 4 * 24), st.sampled_from("AB")), unique=True, max_size=60))
    rows: list[tuple[object, ...]] = [
        (START + slot * datetime.timedelta(minutes=MINUTES), meter, draw(st.none() | numbers)) for slot, meter in slots
    ]
    return kind, rows or [(START, "A", 1)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables(), marks=st.sampled_from(["start", "end", "instant"]), reads=st.sampled_from(["interval", "state"]))
def test_rows_in_the_file_are_what_its_cells_give(
    tmp_path: Path, table: tuple[str, list[tuple[object, ...]]], marks: str, reads: str
) -> None:
    kind, rows = table
    time = {"column": "t", "interval": f"{MINUTES} minute", "marks": "start" if reads == "interval" else marks}
    unit = "kWh" if reads == "interval" else "kW"
    write(tmp_path, rows, kind, time=time, value={"column": "v", "unit": unit, "reads": reads})
    one, other = told_twice(tmp_path)
    assert one.pop("stays")
    assert one == other


def test_time_without_offset_stays_in_the_file_where_its_zone_is_declared(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(f"2024-03-31 {hour:02d}:00", "A", hour) for hour in range(24)]
    declared = {"column": "t", "interval": "1 hour", "zone": "local"}
    write(tmp_path, rows, "SMALLINT", "TIMESTAMP", time=declared)
    one, other = told_twice(tmp_path)
    assert one.pop("stays")
    assert one == other
    assert one["count"] == 24


HOUR = datetime.timedelta(hours=1)
FIRST = START + 24 * HOUR
ODD: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "two readings at one time": ("SMALLINT", [(FIRST, "A", 1), (FIRST, "A", 2)]),
    "one reading twice": ("SMALLINT", [(FIRST, "A", 1), (FIRST, "A", 1)]),
    "no time": ("SMALLINT", [(FIRST, "A", 1), (None, "A", 1)]),
    "no meter": ("SMALLINT", [(FIRST, None, 1)]),
    "a meter of blanks": ("SMALLINT", [(FIRST, " ", 1)]),
    "a meter with a blank behind it": ("SMALLINT", [(FIRST, "A ", 1), (FIRST + HOUR, "A", 2)]),
    "a time that never was": ("SMALLINT", [("infinity", "A", 1)]),
    "not a number": ("DOUBLE", [(FIRST, "A", float("nan"))]),
    "endless": ("DOUBLE", [(FIRST, "A", float("inf"))]),
    "a sum of doubles": ("DOUBLE", [(FIRST, "A", 0.1 + 0.2)]),
    "a tiny number": ("DOUBLE", [(FIRST, "A", 1e-15)]),
    "a double of many digits": ("DOUBLE", [(FIRST, "A", 123456789.123456789)]),
    "a float of many digits": ("FLOAT", [(FIRST, "A", 1234.5678)]),
    "beside the grid": ("SMALLINT", [(FIRST + datetime.timedelta(seconds=7), "A", 1)]),
    "text": ("VARCHAR", [(FIRST, "A", "1.5")]),
    "a truth": ("BOOLEAN", [(FIRST, "A", True)]),
    "a large whole number": ("BIGINT", [(FIRST, "A", 10**15 - 1)]),
    "a whole number beyond the store": ("BIGINT", [(FIRST, "A", 10**15)]),
    "a huge decimal": ("DECIMAL(38, 2)", [(FIRST, "A", "1" * 30)]),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_rows_are_told_as_their_cells_tell_them(tmp_path: Path, case: str) -> None:
    kind, rows = ODD[case]
    write(tmp_path, rows, kind)
    one, other = told_twice(tmp_path)
    one.pop("stays", None)
    assert one == other


@pytest.mark.parametrize("rule", ["mean", "highest"])
def test_contradictions_are_settled_cell_by_cell(tmp_path: Path, rule: str) -> None:
    write(tmp_path, [(FIRST, "A", 1), (FIRST, "A", 2), (FIRST + HOUR, "A", 5)], "SMALLINT", duplicates=rule)
    one, other = told_twice(tmp_path)
    assert not one.pop("stays")
    assert one == other


def test_a_transformer_ratio_is_applied_to_readings_in_a_file(tmp_path: Path) -> None:
    write(tmp_path, [(FIRST, "A", 3), (FIRST + HOUR, "A", 5)], "SMALLINT")
    path = tmp_path / "project.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    document["meters"] = {"M": {"serial": "1", "reads_as": "A", "ratio": {"multiplier": 100, "applied": False}}}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    one, other = told_twice(tmp_path)
    assert not one.pop("stays")
    assert one == other
    assert sum(one["sums"].values()) == 800


def test_columns_of_one_file_are_counted_once(tmp_path: Path) -> None:
    write(
        tmp_path, [(FIRST + minute * datetime.timedelta(minutes=15), "A", minute) for minute in range(50)], "SMALLINT"
    )
    path = tmp_path / "project.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    document["readings"]["again"] = copy.deepcopy(document["readings"]["meter"])
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    store = open_store([tmp_path])
    project = load_project(tmp_path)
    loaded: list[LoadedReadings] = [load_readings(store, project, name) for name in ("meter", "again")]
    assert loaded[0].in_file == loaded[1].in_file
    assert loaded[0].findings == loaded[1].findings
    counted = store.execute("SELECT count(*) FROM duckdb_tables() WHERE starts_with(table_name, 'rows ')").fetchone()
    assert counted == (1,)


def test_a_damaged_page_of_values_is_told_as_its_cells_tell_it(tmp_path: Path) -> None:
    quarters: list[tuple[object, ...]] = [
        (FIRST + number * HOUR / 4, "A", number * 7919 % 1000) for number in range(190)
    ]
    write(tmp_path, quarters, "SMALLINT")
    path = tmp_path / "r.parquet"
    good = path.read_bytes()
    found = duckdb.execute("SELECT data_page_offset, total_compressed_size FROM parquet_metadata(?)", [str(path)])
    begins, length = found.fetchall()[-1]
    for at in range(begins, begins + length, 13):
        path.write_bytes(good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :])
        one, other = told_twice(tmp_path)
        one.pop("stays", None)
        assert one == other, at


def test_names_that_mean_something_to_the_store_are_names_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "a'b [x] {y} *"
    folder.mkdir()
    names = {"t": "time {0}", "m": 'me"ter', "v": "flow {value} 'x'"}
    described: dict[str, Any] = {
        "time": {"column": names["t"], "interval": "15 minute"},
        "meter": {"column": names["m"]},
        "value": {"column": names["v"], "unit": "kWh", "reads": "interval"},
    }
    write(tmp_path, [(FIRST, "A {b} 'c'", 3), (FIRST + HOUR, "A {b} 'c'", 5)], "DOUBLE", **described)
    columns = ", ".join(f"{column} AS {quoted(name)}" for column, name in names.items())
    with duckdb.connect() as store:
        query = f"SELECT {columns} FROM read_parquet('{tmp_path}/r.parquet')"  # noqa: S608 (of this test)
        store.execute(f"COPY ({query}) TO '{tmp_path}/named.parquet' (FORMAT parquet)")
    (tmp_path / "named.parquet").rename(folder / "r.parquet")
    (tmp_path / "project.yaml").rename(folder / "project.yaml")
    one, other = told_twice(folder)
    assert one.pop("stays")
    assert one == other
    assert sum(one["sums"].values()) == 8


def test_folders_above_a_file_are_no_columns_of_it(tmp_path: Path) -> None:
    write(tmp_path, [(FIRST, "A", 3), (FIRST + HOUR, "A", 5)], "DOUBLE")
    folder = tmp_path / "v=9" / "m=Z" / "t=2024-04-01"
    folder.mkdir(parents=True)
    for name in ("r.parquet", "project.yaml"):
        (tmp_path / name).rename(folder / name)
    for found in told_twice(folder):
        assert {row[1] for row in found["rows"]} == {"A"}
        assert sum(found["sums"].values()) == 8


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("value_1", "columns have the same name, or names that differ only in capitals; found value_1"),
        ("VALUE_1", "columns have the same name, or names that differ only in capitals; found VALUE_1, value_1"),
        ("file_row_number", "a column has the name file_row_number, by which the rows of the file are counted"),
    ],
)
def test_columns_that_cannot_be_told_apart_are_refused(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / "r.parquet"
    other = "value_2".ljust(len(name), "_")
    duckdb.execute(f"COPY (SELECT 1 AS value_1, 2 AS {other}) TO '{path}' (FORMAT parquet)")
    path.write_bytes(path.read_bytes().replace(other.encode(), name.encode()))
    with pytest.raises(TonneError, match=message):
        inspect(path, "r.parquet")


def test_a_group_of_columns_is_one_column(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    duckdb.execute(
        f"COPY (SELECT {{'a': 1, 'b': {{'c': 2}}}} AS group_, [1, 2] AS list_, 3 AS v) TO '{path}' (FORMAT parquet)"
    )
    assert inspect(path, "r.parquet").columns == ("group_", "list_", "v")


def test_instants_without_a_local_time_are_told_in_utc(tmp_path: Path) -> None:
    last = datetime.datetime(9999, 12, 31, 23, tzinfo=datetime.UTC)
    write(tmp_path, [(FIRST, "A", 3), (last, "A", 5)], "DOUBLE")
    one, other = told_twice(tmp_path)
    assert not one.pop("stays")
    assert one == other
    (outside,) = (finding for finding in one["findings"] if finding.code == "readings.outside_period")
    assert outside.evidence["after"]["last"] == "9999-12-31T23:00:00+00:00"


def test_a_link_that_leads_to_itself_is_told(tmp_path: Path) -> None:
    write(tmp_path, [(FIRST, "A", 3)], "DOUBLE")
    (tmp_path / "r.parquet").unlink()
    (tmp_path / "r.parquet").symlink_to(tmp_path / "r.parquet")
    assert "a link that leads to itself" in told(tmp_path)["refused"]


def test_series_that_a_feed_does_not_tell_apart_add_up_in_a_stream(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(FIRST + datetime.timedelta(minutes=n), m, 1) for n in range(60) for m in "AB"]
    feeds = [{"parameter": "EG", "by": {"unit": "m"}}, {"parameter": "EF"}]
    described: dict[str, Any] = {
        "time": {"column": "t", "interval": "1 minute"},
        "meter": {"name": "M"},
        "feeds": feeds,
    }
    write(tmp_path, rows, "DOUBLE", **described)
    store = open_store([tmp_path])
    loaded = load_readings(store, load_project(tmp_path), "meter")
    target = Target(parse_unit("kWh"), ("minute",), {"minute": "minute"})
    part = stream_feed(store, loaded, loaded.spec.feeds[1], target, None, "both")
    found = store.execute(f"SELECT count(*), count(DISTINCT step), sum(total) FROM {part.relation}").fetchone()  # noqa: S608
    assert found == (60, 60, 120)


def test_added_up_minutes_lie_in_order_so_that_the_first_of_equal_values_is_always_the_same(tmp_path: Path) -> None:
    half = datetime.timedelta(seconds=30)
    rows: list[tuple[object, ...]] = [(FIRST + n * half, m, 1) for n in range(2880) for m in "AB"]
    random.Random(7).shuffle(rows)
    described: dict[str, Any] = {
        "time": {"column": "t", "interval": "30 second"},
        "feeds": [{"parameter": "EG", "by": {"unit": "m"}}],
    }
    write(tmp_path, rows, "DOUBLE", **described)
    store = open_store([tmp_path])
    loaded = load_readings(store, load_project(tmp_path), "meter")
    target = Target(parse_unit("kWh"), ("minute", "unit"), {"minute": "minute"}, {"unit": ("A", "B")})
    part = stream_feed(store, loaded, loaded.spec.feeds[0], target, None, "sums")
    found = store.execute(f"SELECT step, m0 FROM {part.relation}").fetchall()  # noqa: S608 (made here)
    assert len(found) == 2880
    assert found == sorted(found)

import gzip
import hashlib
import time
import tracemalloc
from pathlib import Path

import duckdb
import pytest

from tonne.engine.data import intake
from tonne.engine.data.intake import FileFacts, columns_query, inspect, read
from tonne.engine.data.store import file_pattern, open_store, quoted, text_literal
from tonne.engine.errors import DataError, Place, Problem

SCADA = Path(__file__).parents[2] / "examples/onshore_wind/data/la_haute_borne_scada_2014.csv.gz"
ROW = b"R1,2014-01-01T00:00:00+01:00,1\n"
GOOD = b"meter,time,kW\n" + ROW * 3


def made(folder: Path, content: bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path) -> Problem:
    with pytest.raises(DataError) as caught:
        inspect(path, path.name)
    (problem,) = caught.value.problems
    return problem


def cells(facts: FileFacts, **columns: str) -> list[tuple[object, ...]]:
    query, values = columns_query(facts, columns)
    with open_store([facts.path.parent]) as store:
        return read(store, facts, query, values).fetchall()


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("other"), GOOD)


def test_a_real_file_is_measured_as_published() -> None:
    facts = inspect(SCADA, "scada.csv.gz")
    assert (facts.rows, facts.columns) == (210_240, ("Wind_turbine_name", "Date_time", "P_avg"))
    assert facts.sha256 == hashlib.sha256(SCADA.read_bytes()).hexdigest()
    assert facts.bytes == SCADA.stat().st_size


def test_the_number_of_rows_is_what_the_csv_module_counts(tmp_path: Path) -> None:
    for content in (GOOD, GOOD[:-1], GOOD + b"\n\n", GOOD.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + GOOD):
        facts = inspect(made(tmp_path, content), "data.csv")
        assert (facts.rows, facts.columns) == (3, ("meter", "time", "kW"))
        assert len(cells(facts, value="kW")) == 3


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"", "data.csv", "the file is empty"),
        (b"meter,time,kW\n", "data.csv", "a header and no rows"),
        (b"meter,time,kW", "data.csv", "a header and no rows"),
        (b"meter,time,kW\n\n\n", "data.csv", "a header and no rows"),
        (GOOD.replace(b"\n", b"\r"), "data.csv:1", "cannot be read as the names of the columns"),
        (b"," * 2_000 + b"\n" + ROW, "data.csv:1", "more than 2000 columns"),
        (b"\n" + GOOD, "data.csv:1", "the first line is empty"),
        (GOOD + b"\n" + ROW, "data.csv:5", "the line is empty and others follow"),
        (GOOD.replace(b"\n", b"\r\n") + b"\r\n" + ROW, "data.csv:5", "the line is empty"),
        (GOOD + b"R\x001,t,1\n", "data.csv:5", "a NUL byte, byte 2 of the line"),
        (GOOD.decode().encode("utf-16"), "data.csv:1", "a NUL byte, byte 4"),
        (GOOD.decode().encode("utf-16-le"), "data.csv:1", "a NUL byte, byte 2"),
        (GOOD + ROW + "R1,é,1\n".encode("latin-1"), "data.csv:6", "not UTF-8: 0xe9 is byte 4"),
        (GOOD + b"x" * 2**20 + b"x" + b"\n" + ROW, "data.csv:5", "a line is longer than 1 MB"),
        (GOOD + b"R1,t,1\r\n", "data.csv:5", "some lines end in LF and some in CR LF"),
        (GOOD.replace(b"\n", b"\r\n") + b"R1,t,1\n", "data.csv:5", "some lines end in LF and some in CR LF"),
    ],
)
def test_a_bad_text_file_is_refused_with_its_line(tmp_path: Path, content: bytes, place: str, what: str) -> None:
    problem = refused(made(tmp_path, content))
    assert (str(problem.place), what in problem.what) == (place, True), problem


def test_a_fault_far_into_the_file_has_the_right_line(tmp_path: Path) -> None:
    lines = 100_000  # several chunks
    path = made(tmp_path, b"meter,time,kW\n" + ROW * lines + b"R\xff,t,1\n" + ROW * lines)
    assert refused(path).place == Place("data.csv", lines + 2)
    path = made(tmp_path, b"meter,time,kW\n" + ROW * lines + b"\n" + ROW)
    assert refused(path).place == Place("data.csv", lines + 2)


def test_text_in_the_older_chinese_encoding_is_recognised(tmp_path: Path) -> None:
    problem = refused(made(tmp_path, GOOD + "一号表,t,1\n".encode("gb18030")))
    assert "GB18030" in str(problem.hint)


def test_text_outside_ascii_is_read(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, "计量点,时间,电量\n一号表,t,1\n".encode()), "data.csv")
    assert cells(facts, meter="计量点") == [(2, "一号表")]


def test_other_kinds_of_file_are_refused_with_those_that_are_read(tmp_path: Path) -> None:
    problem = refused(made(tmp_path, GOOD, "data.xlsx"))
    assert problem.expected == "a name that ends in .csv, .csv.gz, .parquet"


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:-4],
        lambda packed: packed[:-8] + bytes(4) + packed[-4:],
        lambda packed: packed + b"garbage",
        lambda _packed: GOOD,
        lambda packed: packed[:20] + b"\xff" * 5 + packed[25:],
    ],
    ids=["half", "no length", "wrong checksum", "something follows", "not compressed", "overwritten"],
)
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, damage: object) -> None:
    packed = gzip.compress(b"".join(b"R%d,2014-01-01T00:00:00Z,%d\n" % (n % 4, n * n) for n in range(9_000)))
    assert callable(damage)
    problem = refused(made(tmp_path, damage(packed), "data.csv.gz"))
    assert problem.what == "the gzip file is damaged or cut off"


def test_a_gzip_file_of_nothing_is_empty(tmp_path: Path) -> None:
    assert refused(made(tmp_path, gzip.compress(b""), "data.csv.gz")).what == "the file is empty"


def test_gzip_members_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, gzip.compress(GOOD) + gzip.compress(ROW), "data.csv.gz"), "data.csv.gz")
    assert facts.rows == len(cells(facts, value="kW")) == 4


def test_a_file_that_unpacks_out_of_proportion_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, gzip.compress(GOOD + ROW * 300_000), "data.csv.gz")
    monkeypatch.setattr(intake, "RATIO_MATTERS_FROM", 1_000_000)
    monkeypatch.setattr(intake, "LARGEST_RATIO", 100)
    assert refused(path).what == "the file unpacks to more than 100 times its size; readings never do"
    monkeypatch.setattr(intake, "LARGEST_TEXT", 2_000_000)
    assert "unpacks to more than" in refused(path).what


def test_a_line_without_end_is_refused_at_once_and_in_little_memory(tmp_path: Path) -> None:
    path = made(tmp_path, GOOD)
    with path.open("r+b") as file:
        file.truncate(10**9)
    tracemalloc.start()
    begun = time.perf_counter()
    with pytest.raises(DataError, match=r"data\.csv:5: a line is longer than 1 MB"):
        intake._text_facts(path, "data.csv", ".csv")
    assert time.perf_counter() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_missing_column_is_refused_with_the_nearest_and_the_known_ones(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, GOOD), "data.csv")
    with pytest.raises(DataError) as caught:
        columns_query(facts, {"stamp": "tme", "amount": "kw"})
    first, second = caught.value.problems
    assert first == Problem(
        "there is no column 'tme'",
        Place("data.csv", 1),
        hint="did you mean time? the columns are meter, time, kW",
    )
    assert second.what == "there is no column 'kw'"


def test_a_column_named_twice_is_refused_when_it_is_used(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, b"time,kW,kW\nt,1,2\n"), "data.csv")
    assert cells(facts, stamp="time") == [(2, "t")]
    with pytest.raises(DataError, match="2 columns are named 'kW'"):
        columns_query(facts, {"amount": "kW"})


def test_semicolons_between_fields_are_recognised(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, GOOD.replace(b",", b";")), "data.csv")
    with pytest.raises(DataError, match="separated by semicolons"):
        columns_query(facts, {"amount": "kW"})


def test_rows_with_a_wrong_number_of_fields_are_all_refused(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, GOOD + b"R1,t\n" + ROW + b"R1,t,1,234.5\n"), "data.csv")
    with pytest.raises(DataError) as caught:
        cells(facts, value="kW")
    few, many = caught.value.problems
    assert (few.place, few.what, few.found) == (Place("data.csv", 5), "the row has too few fields", "2")
    assert (many.place, many.what, many.found) == (Place("data.csv", 7), "the row has too many fields", "4")
    assert many.expected == "3 fields, as in the header"


def test_twenty_faults_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, GOOD + b"R1,t\n" * 50), "data.csv")
    with pytest.raises(DataError) as caught:
        cells(facts, value="kW")
    assert len(caught.value.problems) == 20
    assert str(caught.value).endswith("data.csv: and 31 more")


def test_a_quote_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, GOOD + b'"R1,t,1\n' + ROW), "data.csv")
    with pytest.raises(DataError, match=r"data\.csv:5: a quote is not closed"):
        cells(facts, value="kW")


def test_columns_are_found_by_name_and_not_by_position(tmp_path: Path) -> None:
    facts = inspect(made(tmp_path, b'kW,"a ""b"", c", time\n 1 ,x,t\n,y,\n'), "data.csv")
    assert cells(facts, odd='a "b", c', amount="kW", stamp="time") == [
        (2, "x", "1", "t"),
        (3, "y", None, None),
    ]


def test_a_parquet_file_is_read_as_text_with_rows_from_one(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    rows = "SELECT TIMESTAMPTZ '2014-01-01 00:00:00+00' AS \"the time\", 0.1::DOUBLE AS v UNION ALL SELECT NULL, 1e-7"
    open_store([tmp_path]).execute(f"COPY ({rows}) TO '{path}'")
    facts = inspect(path, "data.parquet")
    assert (facts.rows, facts.columns) == (2, ("the time", "v"))
    assert cells(facts, stamp="the time", amount="v") == [
        (1, "2014-01-01 00:00:00+00", "0.1"),
        (2, None, "1e-07"),
    ]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    problem = refused(made(tmp_path, b"PAR1" + bytes(100) + b"PAR1", "data.parquet"))
    assert problem.what == "not a Parquet file, or a damaged one"


@pytest.mark.parametrize("name", ["a[1].csv", "what?.csv", 'it\'s "all" *.csv'])
def test_a_file_whose_name_looks_like_a_pattern_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "[it's] *"
    folder.mkdir()
    facts = inspect(made(folder, GOOD, name), name)
    assert len(cells(facts, value="kW")) == 3


@pytest.mark.parametrize("elsewhere", ["/etc/passwd", "https://example.org/a.csv", "s3://bucket/a.csv"])
def test_the_store_reaches_no_other_file_and_no_network(tmp_path: Path, elsewhere: str) -> None:
    with open_store([tmp_path]) as store, pytest.raises(duckdb.Error):
        store.execute("SELECT * FROM read_text(?)", [elsewhere])


def test_the_store_does_not_follow_a_link_or_path_out_of_the_folder(tmp_path: Path, other: Path) -> None:
    (tmp_path / "link.csv").symlink_to(other)
    with open_store([tmp_path]) as store:
        for path in (tmp_path / "link.csv", tmp_path / ".." / other.parent.name / other.name):
            with pytest.raises(duckdb.PermissionException):
                store.execute("SELECT * FROM read_text(?)", [file_pattern(path)])


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET TimeZone = 'Asia/Shanghai'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '/tmp/other.duckdb'",
        "COPY (SELECT 1) TO '/tmp/other.csv'",
    ],
)
def test_the_store_cannot_be_opened_up(tmp_path: Path, statement: str) -> None:
    with open_store([tmp_path]) as store, pytest.raises(duckdb.Error):
        store.execute(statement)


def test_names_and_texts_cannot_leave_their_quotes() -> None:
    hostile = "x\"'; DROP TABLE t; --"
    found = duckdb.connect().execute(f"SELECT {text_literal(hostile)} AS {quoted(hostile)}")
    assert (found.description[0][0], found.fetchall()) == (hostile, [(hostile,)])

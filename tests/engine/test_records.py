import datetime
import random
from collections import defaultdict
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
from tonne.engine.data.amounts import Target
from tonne.engine.data.project import load_project
from tonne.engine.data.records import LoadedRecords, UnitFor, load_records
from tonne.engine.data.store import open_store
from tonne.engine.errors import DataError, Problem, ProjectError, UnitError
from tonne.engine.units import Unit, parse_unit

FUELS = {"fuel": ["coal", "gas"]}
MONTHLY = Target(parse_unit("t"), ("month", "fuel"), {"month": "month"}, FUELS)
HEADER = "month,fuel,amount,unit"
UNITS = {"column": "amount", "unit_column": "unit"}


def load(
    folder: Path,
    *rows: str,
    header: str = HEADER,
    index: dict[str, str] | None = None,
    parameters: dict[str, Any] | None = None,
    targets: dict[str, Target] | None = None,
    unit_for: UnitFor | None = None,
    file: str = "fuel.csv",
) -> LoadedRecords:
    if rows:
        (folder / file).write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    crediting = {"start": datetime.date(2024, 1, 1), "end": datetime.date(2030, 12, 31)}
    period = {"start": datetime.date(2024, 1, 1), "end": datetime.date(2024, 6, 30)}
    document = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": "m",
        "time_zone": "Asia/Shanghai",
        "crediting_period": crediting,
        "monitoring_period": period,
        "records": {
            "fuel": {
                "file": file,
                "index": {"month": "month", "fuel": "fuel"} if index is None else index,
                "parameters": parameters or {"fc": UNITS},
            }
        },
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with open_store([folder]) as store:
        loaded = load_records(store, load_project(folder), "fuel", targets or {"fc": MONTHLY}, unit_for)
        assert store.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []
        return loaded


def refused(folder: Path, *rows: str, **options: Any) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        load(folder, *rows, **options)
    return list(caught.value.problems)


def month(label: str) -> int:
    number = calendar.parse_label("month", label)
    assert number is not None
    return number


def test_values_at_one_index_add_up_exactly_in_their_units(tmp_path: Path) -> None:
    loaded = load(tmp_path, "2024-01,coal,0.1,t", "2024-01,coal,200,kg", "2024-03,gas,1e-3,kt", "2024-03,coal,4,t")
    assert loaded.values == {
        "fc": {
            (month("2024-01"), "coal"): Fraction("0.3"),
            (month("2024-03"), "coal"): 4,
            (month("2024-03"), "gas"): 1,
        }
    }
    source = loaded.sources[0]
    assert (source.rows, source.count, source.amount, source.unit) == ((2, 3), 2, "0.3", "t")
    assert source.totals == {"t": "0.1", "kg": "200"}
    (finding,) = loaded.findings
    assert (finding.code, finding.evidence["values"]) == ("records.added", 1)


def test_one_unit_for_the_column_is_enough(tmp_path: Path) -> None:
    loaded = load(tmp_path, "2024-01,gas,12,", parameters={"fc": {"column": "amount", "unit": "kg"}})
    assert loaded.values["fc"] == {(month("2024-01"), "gas"): Fraction("0.012")}
    with pytest.raises(UnitError, match=r"project\.yaml:\d+:\d+: there is no unit 'Mg'"):
        load(tmp_path, "2024-01,gas,12,", parameters={"fc": {"column": "amount", "unit": "Mg"}})


def test_the_order_of_dimensions_is_that_of_the_parameter(tmp_path: Path) -> None:
    target = Target(parse_unit("t"), ("fuel", "month"), {"month": "month"}, FUELS)
    loaded = load(tmp_path, "2024-01,gas,12,t", targets={"fc": target})
    assert loaded.values["fc"] == {("gas", month("2024-01")): 12}


def test_years_and_scalars_are_indices_too(tmp_path: Path) -> None:
    yearly = Target(parse_unit("t"), ("year",), {"year": "year"})
    options: dict[str, Any] = {"parameters": {"fc": {"column": "amount", "unit": "t"}}}
    loaded = load(tmp_path, "2024,1", header="y,amount", index={"year": "y"}, targets={"fc": yearly}, **options)
    assert loaded.values["fc"] == {(2024,): 1}
    loaded = load(tmp_path, "3", "4", header="amount", index={}, targets={"fc": Target(parse_unit("t"))}, **options)
    assert loaded.values["fc"] == {(): 7}


def test_the_unit_can_depend_on_the_member(tmp_path: Path) -> None:
    def unit_for(parameter: str, members: dict[str, str]) -> Unit:
        assert parameter == "fc"
        return parse_unit({"coal": "t", "gas": "10^4 Nm3"}[members["fuel"]])

    loaded = load(tmp_path, "2024-01,coal,5000,kg", "2024-01,gas,25000,Nm3", unit_for=unit_for)
    assert loaded.values["fc"] == {(month("2024-01"), "coal"): 5, (month("2024-01"), "gas"): Fraction("2.5")}
    assert {source.unit for source in loaded.sources} == {"t", "10^4 Nm3"}
    (problem,) = refused(tmp_path, "2024-01,coal,5000,kg", "2024-01,gas,2,t", unit_for=unit_for)
    assert str(problem.place) == "fuel.csv:3 (column unit)"
    assert "t cannot be converted to 10^4 Nm3" in problem.what


def test_several_parameters_come_from_one_table(tmp_path: Path) -> None:
    target = Target(parse_unit("GJ/t"), ("month", "fuel"), {"month": "month"}, FUELS)
    loaded = load(
        tmp_path,
        "2024-01,coal,5,20.9",
        "2024-02,coal,6,",
        header="month,fuel,amount,ncv",
        parameters={"fc": {"column": "amount", "unit": "t"}, "ncv": {"column": "ncv", "unit": "MJ/kg"}},
        targets={"fc": MONTHLY, "ncv": target},
    )
    assert loaded.values["ncv"] == {(month("2024-01"), "coal"): Fraction("20.9")}
    (finding,) = loaded.findings
    assert (finding.code, finding.evidence["rows"]) == ("records.empty_cells", [3])
    assert str(finding.place) == "fuel.csv:3 (column ncv)"


def test_a_parameter_that_is_not_wanted_is_not_read(tmp_path: Path) -> None:
    parameters = {"fc": {"column": "amount", "unit": "t"}, "other": {"column": "not there", "unit": "t"}}
    assert set(load(tmp_path, "2024-01,coal,5,", parameters=parameters).values) == {"fc"}


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        ("2024-1,coal,1,t", "month", "not a month; expected a form such as 2024-03, found '2024-1'"),
        ("2024-13,coal,1,t", "month", "not a month"),
        ("Jan 2024,coal,1,t", "month", "not a month"),
        (
            "2023-12,coal,1,t",
            "month",
            "outside the monitoring period; expected a month from 2024-01-01 to 2024-06-30",
        ),
        ("2024-07,coal,1,t", "month", "found 2024-07"),
        (",coal,1,t", "month", "there is no month"),
        ("2024-01,cole,1,t", "fuel", "'cole' is not a member of fuel\n  hint: did you mean coal?"),
        ("2024-01,wood,1,t", "fuel", "the members are coal, gas"),
        ("2024-01,,1,t", "fuel", "there is no fuel"),
        ('2024-01,coal,"1,000",t', "amount", "without separators of thousands"),
        ("2024-01,coal,n/a,t", "amount", "leave the cell empty"),
        ("2024-01,coal,1e400,t", "amount", "more than 15 digits"),
        ("2024-01,coal,1,", "unit", "there is no unit"),
        ("2024-01,coal,1,tonne", "unit", "there is no unit 'tonne'"),
        ("2024-01,coal,1,m3", "unit", "m3 cannot be converted to t"),
    ],
)
def test_a_bad_cell_is_refused_with_row_and_column(tmp_path: Path, row: str, column: str, told: str) -> None:
    (problem,) = refused(tmp_path, "2024-01,coal,1,t", row)
    assert str(problem.place) == f"fuel.csv:3 (column {column})"
    assert told in str(problem)


def test_every_bad_row_is_told_and_after_twenty_counted(tmp_path: Path) -> None:
    problems = refused(tmp_path, *["2024-01,coal,x,t", "2024-01,coal,1,t", "2024-99,coal,1,t"] * 15)
    assert [problem.place.line for problem in problems[:4] if problem.place] == [2, 4, 5, 7]
    assert (len(problems), problems[-1].what) == (20, "and 11 more")


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, "2024-01,coal,1,t", header="Month,fuel,amount,unit")
    assert "did you mean" in str(problem)
    assert problem.what == "there is no column 'month'"


def test_a_row_of_another_width_is_refused(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, "2024-01,coal,1,t", "2024-02,coal,1")
    assert (str(problem.place), problem.what) == ("fuel.csv:3", "the row has too few fields")


def test_an_index_that_is_not_the_parameters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        load(tmp_path, "2024-01,coal,1,t", targets={"fc": Target(parse_unit("t"), ("fuel",), {}, FUELS)})
    (problem,) = caught.value.problems
    assert (problem.expected, problem.found) == ("fuel", "fuel, month")


def test_temperatures_at_one_index_are_not_added_up(tmp_path: Path) -> None:
    kelvin = Target(parse_unit("K"), ("month", "fuel"), {"month": "month"}, FUELS)
    loaded = load(tmp_path, "2024-01,coal,20,degC", targets={"fc": kelvin})
    assert loaded.values["fc"] == {(month("2024-01"), "coal"): Fraction("293.15")}
    (problem,) = refused(tmp_path, "2024-01,coal,20,degC", "2024-01,coal,20,degC", targets={"fc": kelvin})
    assert problem.hint == "row 2 is at the same index"


def test_a_parquet_file_gives_the_same_values(tmp_path: Path) -> None:
    rows = "SELECT '2024-01' AS month, 'gas' AS fuel, 0.1::DOUBLE AS amount, 't' AS unit"
    duckdb.connect().execute(f"COPY ({rows}) TO '{tmp_path / 'fuel.parquet'}'")
    loaded = load(tmp_path, file="fuel.parquet")
    assert loaded.values["fc"] == {(month("2024-01"), "gas"): Fraction("0.1")}
    assert loaded.sources[0].rows == (1,)


def test_a_flag_is_0_or_1_in_every_row(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "header": "month,on,unit",
        "index": {"month": "month"},
        "parameters": {"on": {"column": "on", "unit_column": "unit"}},
        "targets": {"on": Target(parse_unit("flag"), ("month",), {"month": "month"})},
    }
    loaded = load(tmp_path, "2024-01,0,flag", "2024-02,1.0,flag", "2024-03,100,% flag", **options)
    assert loaded.values["on"] == {(month("2024-01"),): 0, (month("2024-02"),): 1, (month("2024-03"),): 1}
    problems = refused(tmp_path, "2024-01,2,flag", "2024-01,-1,flag", "2024-02,0,flag", "2024-03,1,% flag", **options)
    assert [str(problem.place) for problem in problems] == [f"fuel.csv:{row} (column on)" for row in (2, 3, 5)]
    assert "on is a flag; expected 1 for yes or 0 for no, found '2' in flag" in str(problems[0])


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["2024-01", "2024-06"]),
        st.sampled_from(FUELS["fuel"]),
        st.decimals(0, 10**6, places=6),
        st.sampled_from(["t", "kg", "kt"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, seed=st.randoms())
def test_sums_equal_those_of_python_in_any_order(
    tmp_path: Path, rows: list[tuple[str, str, Decimal, str]], seed: random.Random
) -> None:
    expected: dict[tuple[int | str, ...], Fraction] = defaultdict(Fraction)
    for label, fuel, amount, unit in rows:
        expected[month(label), fuel] += Fraction(amount) * Fraction({"t": "1", "kg": "0.001", "kt": "1000"}[unit])
    seed.shuffle(rows)
    lines = [f"{label},{fuel},{amount:f},{unit}" for label, fuel, amount, unit in rows]
    assert load(tmp_path, *lines).values["fc"] == expected

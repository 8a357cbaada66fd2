import datetime
import io
import os
import re
import subprocess
import sys
import time
import zipfile
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import openpyxl
import pytest
import xlsxwriter
import yaml
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tonne.engine.data.amounts import NUMBER, Target
from tonne.engine.data.date_patterns import date_pattern
from tonne.engine.data.file_form import NumberForm
from tonne.engine.data.number_text import number_query, plain_number
from tonne.engine.data.project import load_project
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.records import LoadedRecords, load_records
from tonne.engine.data.store import open_store
from tonne.engine.errors import DataError, Problem, ProjectError
from tonne.engine.units import parse_unit

LOCAL = {"column": "时间", "interval": "1 hour", "zone": "+08:00"}
KWH = {"column": "电量", "unit": "kWh", "reads": "interval"}
WIDE = {"unit": "kWh", "reads": "interval"}
CHINA = datetime.timezone(datetime.timedelta(hours=8))
EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001
MIDNIGHT = datetime.datetime(2024, 5, 1, tzinfo=CHINA)


@dataclass
class Case:
    store: duckdb.DuckDBPyConnection
    loaded: LoadedReadings

    def rows(self) -> list[tuple[int, str, datetime.datetime, Decimal]]:
        found = self.store.execute(f"SELECT row, meter, moment, value FROM {self.loaded.table} ORDER BY meter, moment")  # noqa: S608
        return [
            (row, meter, EPOCH.replace(tzinfo=datetime.UTC) + datetime.timedelta(microseconds=moment), value)
            for row, meter, moment, value in found.fetchall()
        ]

    def values(self, meter: str = "M1") -> list[Any]:
        return [value for _, name, _, value in self.rows() if name == meter]

    def hours(self, meter: str = "M1") -> list[Any]:
        return [
            (moment - MIDNIGHT) / datetime.timedelta(hours=1) for _, name, moment, _ in self.rows() if name == meter
        ]

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.loaded.findings}

    def evidence(self, code: str) -> dict[str, Any]:
        (found,) = (finding for finding in self.loaded.findings if finding.code == code)
        return dict(found.evidence)


def load(folder: Path, content: bytes | Callable[[Path], None], name: str = "导出.csv", **options: Any) -> Case:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    readings = {
        "file": name,
        "time": LOCAL,
        "value": KWH,
        "meter": {"name": "M1"},
        "feeds": [{"parameter": "eg"}],
    }
    document = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": "m",
        "time_zone": options.pop("project_zone", "Asia/Shanghai"),
        "crediting_period": {"start": datetime.date(2020, 1, 1), "end": datetime.date(2029, 12, 31)},
        "monitoring_period": options.pop(
            "period", {"start": datetime.date(2024, 5, 1), "end": datetime.date(2024, 5, 1)}
        ),
        "readings": {"meter": readings | options},
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    store = open_store([folder])
    return Case(store, load_readings(store, load_project(folder), "meter"))


def refused(
    folder: Path, content: bytes | Callable[[Path], None], name: str = "导出.csv", **options: Any
) -> list[Problem]:
    with pytest.raises((DataError, ProjectError)) as caught:
        load(folder, content, name, **options)
    return list(caught.value.problems)


def csv(*rows: str, header: str = "时间,电量", encoding: str = "utf-8") -> bytes:
    return "\n".join([header, *rows, ""]).encode(encoding)


def workbook(*rows: Sequence[Any], **more: Callable[[Worksheet], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        sheet.title = "表1"
        for row in rows:
            sheet.append(list(row))
        for change in more.values():
            change(sheet)
        book.save(path)

    return write


HOURS = [(MIDNIGHT.replace(hour=hour, tzinfo=None), hour + 0.25) for hour in range(24)]
NAMES = ("时间", "电量")


class TestText:
    @pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16"])
    def test_a_declared_encoding_is_read(self, tmp_path: Path, encoding: str) -> None:
        content = csv("2024-05-01 00:00,1.5", "2024-05-01 01:00,2", encoding=encoding)
        case = load(tmp_path, content, form={"encoding": encoding})
        assert (case.values(), case.hours()) == ([Decimal("1.5"), Decimal(2)], [0, 1])
        assert case.loaded.facts.bytes == len(content)

    def test_an_encoding_is_never_guessed(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, csv("2024-05-01 00:00,1", encoding="gbk"))
        assert "not UTF-8" in problem.what
        assert "encoding" in str(problem.hint)

    def test_bytes_of_another_encoding_are_refused_with_their_line(self, tmp_path: Path) -> None:
        content = csv("2024-05-01 00:00,1", encoding="gbk") + b"2024-05-01 01:00,2\xff\n"
        (problem,) = refused(tmp_path, content, form={"encoding": "gbk"})
        assert (str(problem.place), "gbk" in problem.what) == ("导出.csv:3", True)

    @pytest.mark.parametrize(("name", "mark"), [(";", ";"), ("tab", "\t"), ("|", "|")])
    def test_a_declared_delimiter_is_read(self, tmp_path: Path, name: str, mark: str) -> None:
        content = csv(f"2024-05-01 00:00{mark}1,5", header=f"时间{mark}电量")
        case = load(tmp_path, content, form={"delimiter": name}, numbers={"decimal": ","})
        assert case.values() == [Decimal("1.5")]

    def test_preface_units_and_totals_are_left_out_as_declared(self, tmp_path: Path) -> None:
        content = csv(
            "报表日期：2024-05-01",
            ",正向有功,,反向有功",
            "时间,1号表,2号表,1号表",
            "(h),(kWh),(kWh),(kWh)",
            "2024-05-01 00:00,1,2,3",
            "",
            "2024-05-01 01:00,4,5,6",
            "合计,5,7,9",
            "制表人：张三",
            header="某风电场电量报表",
        )
        form = {"header": {"rows": [3, 4], "units": 5}, "footer": ["合计", "制表人"]}
        time = LOCAL | {"column": "时间"}
        case = load(tmp_path, content, form=form, time=time, value=KWH | {"column": "正向有功 2号表"})
        assert case.values() == [2, 5]
        assert [row for row, *_ in case.rows()] == [6, 8]
        assert case.evidence("file.rows_left_out")["rows"] == [9, 10]
        (problem,) = refused(
            tmp_path, content, form=form, time=time, value=KWH | {"column": "正向有功 2号表", "unit": "MWh"}
        )
        assert (problem.expected, problem.found) == ("MWh", "kWh")

    def test_totals_that_are_not_declared_are_refused(self, tmp_path: Path) -> None:
        problems = refused(tmp_path, csv("2024-05-01 00:00,1", "合计,1"), form={"encoding": "utf-8", "skip": None})
        assert [str(problem.place) for problem in problems] == ["导出.csv:3 (column 时间)"]

    def test_cells_that_repeat_the_one_above_are_filled_only_as_declared(self, tmp_path: Path) -> None:
        content = csv("2024-05-01,0:00,1", ",1:00,2", header="日期,时刻,电量")
        time = {"column": "日期", "clock": "时刻", "interval": "1 hour", "zone": "+08:00", "pattern": "YYYY-MM-DD H:mm"}
        assert load(tmp_path, content, time=time, form={"fill_down": ["日期"]}).hours() == [0, 1]
        (problem,) = refused(tmp_path, content, time=time)
        assert "there is no time" in problem.what

    def test_a_row_of_another_length_is_refused(self, tmp_path: Path) -> None:
        problems = refused(
            tmp_path, csv("2024-05-01 00:00", "2024-05-01 01:00,2,3"), form={"delimiter": ",", "footer": ["x"]}
        )
        assert [(problem.place.line, problem.what) for problem in problems if problem.place] == [
            (2, "the row has too few fields"),
            (3, "the row has too many fields"),
        ]


class TestWide:
    CONTENT = csv("2024-05-01 00:00,1,10", "2024-05-01 01:00,2,", "2024-05-01 01:00,2,30", header="时间,1号,2号")

    def test_each_column_is_a_meter(self, tmp_path: Path) -> None:
        case = load(tmp_path, self.CONTENT, value=WIDE, meter={"columns": {"1号": "M1", "2号": "M2"}})
        assert (case.values("M1"), case.values("M2")) == ([1, 2], [10, 30])
        assert case.evidence("readings.duplicates_dropped")["count"] == 1

    def test_all_columns_but_some_are_meters_and_the_order_of_columns_changes_nothing(self, tmp_path: Path) -> None:
        case = load(tmp_path, self.CONTENT, value=WIDE, meter={"columns_except": []})
        assert (case.values("1号"), case.values("2号")) == ([1, 2], [10, 30])
        case = load(tmp_path, self.CONTENT, value=WIDE, meter={"columns_except": ["2号"]})
        assert {meter for _, meter, *_ in case.rows()} == {"1号"}

    def test_columns_in_other_units_are_converted_exactly(self, tmp_path: Path) -> None:
        meter = {"columns": {"1号": "M1", "2号": "M2"}}
        case = load(tmp_path, self.CONTENT, value=WIDE | {"units": {"2号": "MWh"}}, meter=meter)
        assert (case.values("M1"), case.values("M2")) == ([1, 2], [10_000, 30_000])
        (problem,) = refused(tmp_path, self.CONTENT, value=WIDE | {"unit": "MWh", "units": {"2号": "kWh"}}, meter=meter)
        assert "exactly" in problem.what

    def test_contradictions_in_one_row_do_not_touch_the_other_meter(self, tmp_path: Path) -> None:
        content = csv("2024-05-01 00:00,1,10", "2024-05-01 00:00,1,12", header="时间,1号,2号")
        meter = {"columns": {"1号": "M1", "2号": "M2"}}
        for rule, kept in (("lowest", 10), ("highest", 12), ("mean", 11), ("last", 12)):
            case = load(tmp_path, content, value=WIDE, meter=meter, duplicates=rule)
            assert (case.values("M1"), case.values("M2")) == ([1], [kept])

    def test_each_column_is_an_hour(self, tmp_path: Path) -> None:
        header = ",".join(["日期", *(f"{hour}时" for hour in range(1, 25))])
        content = csv("2024年5月1日," + ",".join(str(hour) for hour in range(1, 25)), header=header)
        across = {f"{hour}时": f"{hour:02d}:00" for hour in range(1, 25)}
        time = LOCAL | {"column": "日期", "across": across, "pattern": "YYYY年M月D日", "marks": "end"}
        case = load(tmp_path, content, time=time, value=WIDE)
        assert (case.values(), case.hours()) == (list(range(1, 25)), list(range(1, 25)))
        assert "readings.gap" not in case.codes

    def test_a_fault_names_its_column(self, tmp_path: Path) -> None:
        content = csv("2024-05-01 00:00,1,坏", "1 May,2,3", header="时间,1号,2号")
        problems = refused(tmp_path, content, value=WIDE, meter={"columns": {"1号": "M1", "2号": "M2"}})
        assert [str(problem.place) for problem in problems] == ["导出.csv:2 (column 2号)", "导出.csv:3 (column 时间)"]

    def test_registers_of_several_columns_turn_each_on_its_own(self, tmp_path: Path) -> None:
        rows = [f"2024-05-01 0{hour}:00,{hour * 5},{100 - hour * 0}" for hour in range(3)]
        meter = {"columns": {"1号": "M1", "2号": "M2"}}
        case = load(
            tmp_path,
            csv(*rows, header="时间,1号,2号"),
            value=WIDE | {"reads": "register"},
            meter=meter,
            time=LOCAL | {"marks": "instant"},
        )
        assert (case.values("M1"), case.values("M2")) == ([5, 5], [0, 0])


class TestTime:
    @pytest.mark.parametrize(
        ("pattern", "stamp"),
        [
            ("YYYY/M/D H:mm", "2024/5/1 9:05"),
            ("YYYY年M月D日 H时m分", "2024年5月1日 9时5分"),
            ("D/M/YYYY H:mm", "1/5/2024 9:05"),
            ("M/D/YY HH:mm", "5/1/24 09:05"),
            ("YYYYMMDDHHmm", "202405010905"),
            ("YYYY.MM.DD HH:mm:ss", "2024.05.01 09:05:00"),
            ("serial", "45413.378472222219"),
            ("serial-1904", "43951.378472222219"),
        ],
    )
    def test_a_declared_pattern_is_read(self, tmp_path: Path, pattern: str, stamp: str) -> None:
        case = load(tmp_path, csv(f"{stamp},1"), time=LOCAL | {"pattern": pattern, "interval": "5 minute"})
        assert case.rows()[0][2] == MIDNIGHT + datetime.timedelta(hours=9, minutes=5)

    def test_day_and_month_are_never_guessed(self, tmp_path: Path) -> None:
        for described in (LOCAL, {"column": "时间", "interval": "1 hour"}):
            (problem,) = refused(tmp_path, csv("12/03/2012 09:00,1"), time=described)
            assert problem.found == "'12/03/2012 09:00'"
        assert "month" in str(problem.hint)

    def test_a_text_that_does_not_fit_the_pattern_is_refused(self, tmp_path: Path) -> None:
        rows = ("2024/5/1 9:05,1", "2024/13/1 9:00,2", "2024/2/30 9:00,3", "2024/5/1 24:00,4", "x,5", "1/5/2024 1:00,6")
        problems = refused(tmp_path, csv(*rows), time=LOCAL | {"pattern": "YYYY/M/D H:mm"})
        assert [problem.place.line for problem in problems if problem.place] == [3, 4, 5, 6, 7]
        assert "hour_24" in str(problems[2].hint)

    def test_midnight_written_as_24_is_the_next_day(self, tmp_path: Path) -> None:
        rows = ("2024/5/1 1:00,1", "2024/5/1 24:00,2")
        time = LOCAL | {"pattern": "YYYY/M/D H:mm", "hour_24": True, "marks": "end"}
        assert load(tmp_path, csv(*rows), time=time).hours() == [1, 24]
        assert load(tmp_path, csv("2024-05-01 24:00:00,2"), time=LOCAL | {"hour_24": True, "marks": "end"}).hours() == [
            24
        ]
        refused(tmp_path, csv("2024-05-01 24:30,2"), time=LOCAL | {"hour_24": True})

    def test_a_stamp_with_its_own_offset_keeps_it(self, tmp_path: Path) -> None:
        assert load(tmp_path, csv("2024-04-30T16:00:00Z,1", "2024-05-01 01:00,2")).hours() == [0, 1]

    @pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"])
    @pytest.mark.parametrize("rule", ["first", "second"])
    def test_local_time_is_that_of_the_zone_database(self, tmp_path: Path, zone: str, rule: str) -> None:
        info = zoneinfo.ZoneInfo(zone)
        start = datetime.datetime(2024, 1, 1)  # noqa: DTZ001
        stamps = [start + datetime.timedelta(minutes=30 * step) for step in range(48 * 366)]
        fold = int(rule == "second")
        instants = {}
        for stamp in stamps:
            instant = stamp.replace(tzinfo=info, fold=fold).astimezone(datetime.UTC)
            if instant.astimezone(info).replace(tzinfo=None) == stamp:
                instants[stamp] = instant
        case = load(
            tmp_path,
            csv(*(f"{stamp:%Y-%m-%d %H:%M},1" for stamp in instants)),
            time=LOCAL | {"zone": "local", "dst": rule, "interval": "30 minute"},
            project_zone=zone,
            period={"start": datetime.date(2024, 1, 1), "end": datetime.date(2024, 12, 31)},
            duplicates="first",
        )
        assert sorted(moment for _, _, moment, _ in case.rows()) == sorted(instants.values())

    def test_an_hour_that_occurs_twice_or_never_is_refused(self, tmp_path: Path) -> None:
        options: dict[str, Any] = {
            "project_zone": "Europe/Paris",
            "period": {"start": datetime.date(2024, 1, 1), "end": datetime.date(2024, 12, 31)},
        }
        content = csv("2024-10-27 01:00,1", "2024-10-27 02:00,2", "2024-10-27 03:00,3", "2024-03-31 02:30,4")
        problems = refused(tmp_path, content, time=LOCAL | {"zone": "local"}, **options)
        assert [problem.place.line for problem in problems if problem.place] == [3, 5]
        assert all("dst" in str(problem.hint) for problem in problems)
        problems = refused(tmp_path, content, time=LOCAL | {"zone": "local", "dst": "first"}, **options)
        assert [problem.place.line for problem in problems if problem.place] == [5]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"pattern": "YYYY/M/D", "zone": None}, "zone"),
            ({"pattern": "DD/DD/YYYY"}, "day comes twice"),
            ({"pattern": "YYYY-MM-DD hh:mm"}, "hh stands for nothing"),
            ({"pattern": "H:mm"}, "year and month"),
            ({"dst": "first"}, "zone: local"),
            ({"zone": "Beijing"}, "local"),
            ({"across": {"a": "25:00"}}, "25:00"),
        ],
    )
    def test_a_description_that_cannot_be_meant_is_refused(
        self, tmp_path: Path, change: dict[str, Any], said: str
    ) -> None:
        time = {key: value for key, value in (LOCAL | change).items() if value is not None}
        (problem, *_) = refused(tmp_path, csv("2024-05-01 00:00,1"), time=time)
        assert said in str(problem)

    @given(
        st.integers(0, 4_102_444_799).map(lambda second: EPOCH + datetime.timedelta(seconds=second)),
        st.sampled_from(["%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y年%m月%d日%H时%M分%S秒", "%Y%m%d%H%M%S"]),
    )
    def test_a_pattern_reads_what_its_format_writes(self, moment: datetime.datetime, form: str) -> None:
        pattern = form
        for mark, token in {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "mm", "%S": "ss"}.items():
            pattern = pattern.replace(mark, token)
        iso = date_pattern(pattern).iso(moment.strftime(form))
        assert iso is not None
        assert datetime.datetime.strptime(iso, "%Y-%m-%d %H:%M:%S") == moment  # noqa: DTZ007


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "form", "value"),
        [
            ("1,234.5", {"thousands": ","}, "1234.5"),
            ("1，234．5", {"thousands": ","}, "1234.5"),
            ("１２３", {}, "123"),
            ("1.234,5", {"thousands": ".", "decimal": ","}, "1234.5"),
            ("1 234,5", {"thousands": " ", "decimal": ","}, "1234.5"),
            ("－1,5", {"decimal": ","}, "-1.5"),
            ("12,34", {"thousands": ","}, None),
            ("1234,567", {"thousands": ","}, None),
            ("1.5", {"decimal": ","}, None),
            ("1,5", {}, None),
            ("1,234.5 kWh", {"thousands": ","}, None),
        ],
    )
    def test_numbers_are_read_as_declared(
        self, tmp_path: Path, text: str, form: dict[str, str], value: str | None
    ) -> None:
        content = csv(f'2024-05-01 00:00,"{text}"')
        if value is None:
            (problem,) = refused(tmp_path, content, numbers=form)
            assert "not a number" in problem.what
        else:
            assert load(tmp_path, content, numbers=form).values() == [Decimal(value)]

    def test_texts_for_no_reading_are_gaps_as_declared(self, tmp_path: Path) -> None:
        content = csv("2024-05-01 00:00,1", "2024-05-01 01:00,--", "2024-05-01 02:00,NaN")
        case = load(tmp_path, content, numbers={"no_value": ["--", "NaN"]})
        assert (case.values(), case.evidence("readings.gap")["missing"]) == ([1], 23)
        assert len(refused(tmp_path, content)) == 2

    @given(
        st.text(alphabet="0123456789,. -+e１，．'", max_size=12),
        st.sampled_from([NumberForm(), NumberForm(thousands=","), NumberForm(thousands=".", decimal=",")]),
    )
    def test_store_and_python_read_the_same(self, text: str, form: NumberForm) -> None:
        query = f"SELECT {number_query('text', form)} FROM (SELECT ? AS text)"  # noqa: S608
        with duckdb.connect() as connection:
            ((found,),) = connection.execute(query, [text]).fetchall()
        assert found == plain_number(text, form)
        assert found is None or re.fullmatch(NUMBER, found)


class TestWorkbooks:
    def test_times_and_numbers_of_a_workbook_are_read(self, tmp_path: Path) -> None:
        case = load(tmp_path, workbook(NAMES, *HOURS), "导出.xlsx")
        assert case.hours() == list(range(24))
        assert case.values() == [Decimal(hour) + Decimal("0.25") for hour in range(24)]
        assert [row for row, *_ in case.rows()] == list(range(2, 26))

    def test_a_double_is_its_shortest_decimal(self, tmp_path: Path) -> None:
        numbers = [0.1, 1 / 3, 123456.789, 1e-7, 2.0**40, 0.1 + 0.2]

        def write(path: Path) -> None:
            book = xlsxwriter.Workbook(path)
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, NAMES)
            for hour, number in enumerate(numbers):
                sheet.write_string(hour + 1, 0, f"2024-05-01 {hour:02d}:00")
                sheet.write_number(hour + 1, 1, number)
            book.close()

        # The writer keeps 16 digits, so what is read is the double nearest to these.
        expected = [Decimal(repr(float(f"{number:.16G}"))) for number in numbers]
        assert load(tmp_path, write, "导出.xlsx").values() == expected

    @pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
    def test_both_systems_of_dates_are_read(self, tmp_path: Path, epoch: Any) -> None:
        def write(path: Path) -> None:
            book = openpyxl.Workbook()
            if epoch:
                book.epoch = epoch
            assert isinstance(book.active, Worksheet)
            for row in (NAMES, *HOURS):
                book.active.append(list(row))
            book.save(path)

        assert load(tmp_path, write, "导出.xlsx").hours() == list(range(24))

    def test_date_and_time_of_day_in_columns_of_their_own(self, tmp_path: Path) -> None:
        rows = [(datetime.date(2024, 5, 1), datetime.time(hour), hour) for hour in range(24)]
        time = LOCAL | {"column": "日期", "clock": "时刻"}
        assert load(tmp_path, workbook(("日期", "时刻", "电量"), *rows), "导出.xlsx", time=time).hours() == list(
            range(24)
        )

    def test_merged_names_and_totals_of_a_report(self, tmp_path: Path) -> None:
        def merge(sheet: Worksheet) -> None:
            sheet.merge_cells("A1:E1")
            sheet.merge_cells("A2:A3")
            sheet.merge_cells("B2:C2")
            sheet.merge_cells("D2:E2")

        content = workbook(
            ("某风电场2024年5月电量日报表",),
            ("时间", "1#主变", None, "2#主变", None),
            (None, "正向有功\n(kWh)", "反向有功(kWh)", "正向有功(kWh)", "反向有功(kWh)"),
            *((moment, value, 0.5, value * 2, 0.25) for moment, value in HOURS),
            ("合计", *(f"=SUM({letter}4:{letter}27)" for letter in "BCDE")),
            merge=merge,
        )
        case = load(
            tmp_path,
            content,
            "导出.xlsx",
            form={"header": {"rows": [2, 3]}, "footer": ["合计"]},
            value=WIDE,
            meter={"columns": {"1#主变 正向有功 (kWh)": "M1", "2#主变 正向有功(kWh)": "M2"}},
        )
        assert sum(case.values("M1")) == Decimal(282)
        assert sum(case.values("M2")) == Decimal(564)
        assert case.evidence("file.rows_left_out")["rows"] == [28]
        assert "readings.gap" not in case.codes

    def test_a_fault_names_sheet_and_cell(self, tmp_path: Path) -> None:
        (problem,) = refused(tmp_path, workbook(NAMES, *HOURS[:3], (HOURS[3][0], "坏")), "导出.xlsx")
        assert str(problem.place) == "导出.xlsx:5 (column 电量, 表1!B5)"

    def test_cells_in_error_and_formulas_without_values_are_refused(self, tmp_path: Path) -> None:
        def spoil(sheet: Worksheet) -> None:
            sheet["B3"] = "#DIV/0!"
            sheet["B3"].data_type = "e"
            sheet["B5"] = "=B4*2"

        first, second = refused(tmp_path, workbook(NAMES, *HOURS, spoil=spoil), "导出.xlsx")
        assert (str(first.place), first.found) == ("导出.xlsx:3 (column 电量, 表1!B3)", "'#DIV/0!'")
        assert str(second.place) == "导出.xlsx:5 (column 电量, 表1!B5)"
        assert "stored value" in str(second.found)

    def test_a_formula_has_its_stored_value(self, tmp_path: Path) -> None:
        def write(path: Path) -> None:
            book = xlsxwriter.Workbook(path)
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, NAMES)
            for hour, value in enumerate((7.5, "#N/A")):
                sheet.write_string(hour + 1, 0, f"2024-05-01 {hour:02d}:00")
                sheet.write_formula(hour + 1, 1, "=[other.xlsx]Sheet1!A1+1", None, value)
            book.close()

        (problem,) = refused(tmp_path, write, "导出.xlsx")
        assert (problem.place and problem.place.line, problem.found) == (3, "'#N/A'")

    def test_a_merged_value_is_refused_and_a_merged_meter_holds_for_its_rows(self, tmp_path: Path) -> None:
        rows = [("M1" if hour == 0 else None, *HOURS[hour]) for hour in range(4)]
        names = ("表计", *NAMES)
        content = workbook(names, *rows, merge=lambda sheet: sheet.merge_cells("A2:A5"))
        case = load(tmp_path, content, "导出.xlsx", meter={"column": "表计"})
        assert (len(case.values()), case.evidence("file.merged_cells")["count"]) == (4, 3)
        content = workbook(names, *rows, merge=lambda sheet: sheet.merge_cells("C3:C5"))
        (problem,) = refused(tmp_path, content, "导出.xlsx", meter={"name": "M1"})
        assert str(problem.place) == "导出.xlsx:3 (column 电量)"
        assert "merged" in problem.what

    def test_a_sheet_is_chosen_and_hidden_ones_are_told(self, tmp_path: Path) -> None:
        def write(path: Path) -> None:
            book = openpyxl.Workbook()
            for name in ("说明", "数据", "旧"):
                sheet = book.create_sheet(name)
                for row in (NAMES, *HOURS):
                    sheet.append(row)
            book["旧"].sheet_state = "hidden"
            book.remove(book["Sheet"])
            book.save(path)

        for sheet in ("数据", 2):
            case = load(tmp_path, write, "导出.xlsx", form={"sheet": sheet})
            assert case.evidence("file.hidden_sheets")["hidden"] == ["旧"]
        (problem,) = refused(tmp_path, write, "导出.xlsx")
        assert "说明, 数据, 旧 (hidden)" in str(problem.hint)
        (problem,) = refused(tmp_path, write, "导出.xlsx", form={"sheet": "说"})
        assert "did you mean 说明" in str(problem.hint)


def archive(*parts: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts:
            file.writestr(name, content)
    return target.getvalue()


def changed_sheet(change: Callable[[bytes], bytes]) -> bytes:
    source = io.BytesIO()
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    for row in (NAMES, *HOURS):
        book.active.append(list(row))
    book.save(source)
    with zipfile.ZipFile(source) as file:
        parts = [(name, file.read(name)) for name in file.namelist()]
    return archive(*((name, change(text) if "sheet1" in name else text) for name, text in parts))


def lying_size() -> bytes:
    honest = changed_sheet(lambda text: text.replace(b"</sheetData>", b" " * 80_000_000 + b"</sheetData>"))
    size = len(changed_sheet(lambda text: text))
    position = honest.rfind(b"xl/worksheets/sheet1.xml") - 46 + 24
    return honest[:position] + size.to_bytes(4, "little") + honest[position + 4 :]


HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "bomb": (lambda: changed_sheet(lambda text: text + b" " * 400_000_000), ".xlsx", "out of proportion"),
    "bomb that lies about its size": (lying_size, ".xlsx", "damaged"),
    "cells far apart": (
        lambda: changed_sheet(
            lambda text: text.replace(
                b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
            )
        ),
        ".xlsx",
        "far apart",
    ),
    "broken zip": (lambda: changed_sheet(lambda text: text)[:-500], ".xlsx", "damaged"),
    "broken sheet": (lambda: changed_sheet(lambda text: text[: len(text) // 2]), ".xlsx", "damaged"),
    "no workbook in the zip": (lambda: archive(("a.txt", b"x")), ".xlsx", "no workbook"),
    "workbook in binary form": (lambda: archive(("xl/workbook.bin", b"x")), ".xlsx", "binary form"),
    "password": (
        lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(2000),
        ".xlsx",
        "password",
    ),
    "older workbook under a new name": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000), ".xlsx", "older"),
    "web page under the name of a workbook": (lambda: b"<html><table></table></html>", ".xls", "no workbook"),
    "older workbook that is damaged": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + os.urandom(4000), ".xls", "damaged"),
    "many entities": (
        lambda: changed_sheet(
            lambda text: (
                b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
                + text.replace(b">0.25<", b">&b;<")
            )
        ),
        ".xlsx",
        "damaged",
    ),
    "empty": (lambda: b"", ".xlsx", "empty"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_workbook_is_refused_quickly(kind: str, tmp_path: Path) -> None:
    make, suffix, said = HOSTILE[kind]
    content = make()
    began = time.monotonic()
    (problem, *_) = refused(tmp_path, content, f"导出{suffix}")
    assert time.monotonic() - began < 5
    assert said in problem.what


def test_the_process_that_reads_a_sheet_has_little_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "a.xlsx"
    path.write_bytes(HOSTILE["cells far apart"][0]())
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tonne.engine.data.sheets", str(path), "null"], capture_output=True, check=False
    )
    assert done.returncode != 0


class TestRecords:
    TARGETS: ClassVar = {"fuel": Target(parse_unit("t"), ("kind", "month"), {"month": "month"})}

    def records(self, folder: Path, content: Callable[[Path], None], **options: Any) -> LoadedRecords:
        content(folder / "台账.xlsx")
        table = {
            "file": "台账.xlsx",
            "index": {"kind": "燃料", "month": "月份"},
            "parameters": {"fuel": {"column": "用量", "unit": "kg"}},
        }
        document = {
            "format": 1,
            "name": {"zh": "试", "en": "Test"},
            "methodology": "m",
            "time_zone": "Asia/Shanghai",
            "crediting_period": {"start": datetime.date(2024, 1, 1), "end": datetime.date(2029, 12, 31)},
            "monitoring_period": {"start": datetime.date(2024, 1, 1), "end": datetime.date(2024, 12, 31)},
            "records": {"fuels": table | options},
        }
        (folder / "project.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return load_records(open_store([folder]), load_project(folder), "fuels", self.TARGETS)

    def test_a_ledger_in_a_workbook_is_added_up(self, tmp_path: Path) -> None:
        content = workbook(
            ("某电厂燃料台账",),
            ("月份", "燃料", "用量"),
            (None, None, "(kg)"),
            ("2024年1月", "柴油", "1,200.5"),
            ("2024年1月", "柴油", 99.5),
            ("2024年2月", "柴油", "--"),
            ("2024年12月", "汽油", 7),
            ("合计", None, "=SUM(C4:C7)"),
        )
        form = {"header": {"rows": [2], "units": 3}, "footer": ["合计"]}
        loaded = self.records(
            tmp_path,
            content,
            form=form,
            numbers={"thousands": ",", "no_value": ["--"]},
            patterns={"month": "YYYY年M月"},
        )
        january, december = 2024 * 12, 2024 * 12 + 11
        assert loaded.values["fuel"] == {("柴油", january): Fraction(13, 10), ("汽油", december): Fraction(7, 1000)}
        assert {finding.code for finding in loaded.findings} == {
            "file.rows_left_out",
            "records.empty_cells",
            "records.added",
        }
        assert [source.rows for source in loaded.sources] == [(4, 5), (7,)]

    def test_a_month_is_the_first_of_it_and_no_other_day(self, tmp_path: Path) -> None:
        names = ("月份", "燃料", "用量")
        pattern = {"month": "YYYY-MM-DD"}
        first = workbook(names, (datetime.date(2024, 3, 1), "柴油", 1000))
        assert list(self.records(tmp_path, first, patterns=pattern).values["fuel"]) == [("柴油", 2024 * 12 + 2)]
        with pytest.raises(DataError) as caught:
            self.records(tmp_path, workbook(names, (datetime.date(2024, 3, 5), "柴油", 1000)), patterns=pattern)
        assert str(caught.value.problems[0].place) == "台账.xlsx:2 (column 月份, 表1!A2)"

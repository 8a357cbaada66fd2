import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from tonne.cli import main
from tonne.engine.data.preview import preview
from tonne.engine.data.project import load_project
from tonne.engine.data.proposal import flow, propose
from tonne.engine.data.readings import LoadedReadings, load_readings
from tonne.engine.data.store import open_store
from tonne.engine.spec.source import parse_yaml

SCADA = Path(__file__).parents[2] / "examples/onshore_wind/data/la_haute_borne_scada_2014.csv.gz"
MAY = [datetime.date(2024, 5, day) for day in range(1, 32)]
PROJECT = """\
format: 1
name: {zh: 试, en: Test}
methodology: cdm_acm0002
time_zone: Asia/Shanghai
crediting_period: {start: 2020-01-01, end: 2029-12-31}
monitoring_period: {start: 2024-05-01, end: 2024-05-31}
"""


def quarters() -> list[datetime.datetime]:
    start = datetime.datetime(2024, 5, 1)  # noqa: DTZ001
    return [start + datetime.timedelta(minutes=15 * step) for step in range(31 * 96)]


def dcs_export(folder: Path) -> Path:
    """A wide table of a control system: GBK, a preface, thousands, a dash where the line was down, a total."""
    rows = ["大唐某风电场 关口表电量,,,,", "导出时间：2024-06-01 08:00:00,,,,"]
    rows.append("序号,时间,301主变正向有功(kWh),302主变正向有功(kWh),备注")
    for number, moment in enumerate(quarters()):
        if number in {100, 101}:
            continue
        second = "--" if number == 200 else f'"{2000 + number / 4:,.2f}"'
        stamp = f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute:02d}"
        rows.append(f"{number + 1},{stamp},{number / 2},{second},")
    rows += [rows[10], ",合计,1,2,"]
    path = folder / "DCS导出.csv"
    path.write_bytes("\r\n".join([*rows, ""]).encode("gbk"))
    return path


def daily_report(folder: Path) -> Path:
    """A monthly report in a workbook: a title, merged names, units below them, a row of totals, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "5月"
    sheet.append(["某光伏电站2024年5月电量日报"])
    sheet.append(["日期", "并网点一", None, "并网点二", None])
    sheet.append([None, "上网", "下网", "上网", "下网"])
    sheet.append([None, "(MWh)", "(MWh)", "(MWh)", "(MWh)"])
    for cells in ("A1:E1", "A2:A3", "B2:C2", "D2:E2"):
        sheet.merge_cells(cells)
    for day in MAY:
        sheet.append([day, day.day * 1.5, 0.25, day.day * 2.5, 0.5])
    sheet.append(["合计", *(f"=SUM({letter}5:{letter}35)" for letter in "BCDE")])
    book.create_sheet("说明").append(["内部资料"])
    path = folder / "daily.xlsx"
    book.save(path)
    return path


def hours_across(folder: Path) -> Path:
    header = ",".join(["日期", *(f"{hour}时" for hour in range(1, 25))])
    rows = [f"2024年5月{day.day}日," + ",".join(str(hour * day.day) for hour in range(1, 25)) for day in MAY]
    path = folder / "hours.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def long_table(folder: Path) -> Path:
    rows = [f"{day:%d/%m/%Y};0{hour}:00;T{meter};1,{hour}" for day in MAY for hour in range(8) for meter in (1, 2)]
    path = folder / "export.csv"
    path.write_text("\n".join(["Date;Time;Turbine;Energy [kWh]", *rows, ""]), encoding="utf-16")
    return path


def iso_with_offset(folder: Path) -> Path:
    rows = [f"{moment.isoformat()}+08:00,{number}" for number, moment in enumerate(quarters())]
    path = folder / "plain.csv"
    path.write_text("\n".join(["time,value", *rows, ""]), encoding="utf-8")
    return path


def load(folder: Path, yaml_text: str) -> LoadedReadings:
    (folder / "project.yaml").write_text(PROJECT + yaml_text, encoding="utf-8")
    project = load_project(folder)
    (name,) = project.spec.readings
    return load_readings(open_store([folder]), project, name)


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (dcs_export, 2 * (31 * 96 - 2) - 1),
        (daily_report, 31 * 4),
        (hours_across, 31 * 24),
        (long_table, 31 * 8 * 2),
        (iso_with_offset, 31 * 96),
    ],
)
def test_a_proposal_loads_as_it_is_and_reads_every_value(
    make: Callable[[Path], Path], count: int, tmp_path: Path
) -> None:
    path = make(tmp_path)
    proposal = propose(preview(path), path.name)
    loaded = load(tmp_path, proposal.yaml)
    assert loaded.count == count
    assert proposal.decisions


def test_an_export_of_a_control_system_is_understood(tmp_path: Path) -> None:
    found = preview(dcs_export(tmp_path))
    assert (found.form.encoding, found.form.skip, found.form.footer) == ("gb18030", 2, ["合计"])
    assert found.numbers is not None
    assert (found.numbers.thousands, found.numbers.no_value) == (",", ["--"])
    assert found.times is not None
    assert (found.times.column, found.times.pattern, found.times.interval) == ("时间", "YYYY/M/D H:mm", "15 minute")
    assert (found.times.first, found.times.last) == ("2024-05-01 00:00:00", "2024-05-31 23:45:00")
    assert (found.times.missing, found.times.repeated) == (2, 1)
    assert [(column.name, column.unit) for column in found.values] == [
        ("301主变正向有功(kWh)", "kWh"),
        ("302主变正向有功(kWh)", "kWh"),
    ]
    assert found.is_wide


def test_a_report_in_a_workbook_is_understood(tmp_path: Path) -> None:
    found = preview(daily_report(tmp_path))
    assert found.form.sheet == "5月"
    assert found.form.header is not None
    assert (found.form.header.rows, found.form.header.units, found.form.footer) == ([2, 3], 4, ["合计"])
    assert [column.name for column in found.values] == [
        "并网点一 上网",
        "并网点一 下网",
        "并网点二 上网",
        "并网点二 下网",
    ]
    assert {column.unit for column in found.values} == {"MWh"}


def test_sums_of_a_report_are_those_of_its_cells(tmp_path: Path) -> None:
    path = daily_report(tmp_path)
    text = propose(preview(path), path.name).yaml
    document: dict[str, Any] = parse_yaml(text, "proposal").data
    (entry,) = document["readings"].values()
    entry["meter"] = {"columns": {"并网点一 上网": "M1", "并网点二 上网": "M2"}}
    loaded = load(tmp_path, yaml.safe_dump({"readings": {"report": entry}}, allow_unicode=True))
    assert loaded.count == 62
    assert "file.rows_left_out" in {finding.code for finding in loaded.findings}


def test_hours_in_columns_are_understood(tmp_path: Path) -> None:
    found = preview(hours_across(tmp_path))
    assert found.times is not None
    assert (found.times.pattern, found.times.interval, found.times.across["24时"]) == (
        "YYYY年M月D日",
        "1 hour",
        "24:00",
    )


def test_a_long_table_with_date_and_time_apart_is_understood(tmp_path: Path) -> None:
    found = preview(long_table(tmp_path))
    assert (found.form.encoding, found.form.delimiter, found.meter, found.meters) == (
        "utf-16",
        ";",
        "Turbine",
        ("T1", "T2"),
    )
    assert found.times is not None
    assert (found.times.clock, found.times.pattern) == ("Time", "D/M/YYYY HH:mm")
    assert found.numbers is not None
    assert found.numbers.decimal == ","


def test_day_and_month_that_cannot_be_told_apart_are_for_a_human(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,v\n12/03/2012 10:00,1\n12/03/2012 11:00,2\n", encoding="utf-8")
    found = preview(path)
    assert found.times is not None
    assert found.times.other_pattern == "M/D/YYYY HH:mm"
    assert any("fit alike" in decision for decision in propose(found, "a.csv").decisions)


def test_real_data_are_counted_as_the_run_counts_them() -> None:
    found = preview(SCADA)
    assert (found.rows, found.meter, len(found.meters)) == (210_240, "Wind_turbine_name", 4)
    assert found.times is not None
    assert (found.times.interval, found.times.missing, found.times.repeated) == ("10 minute", 24, 24)


def test_texts_of_a_strange_file_cannot_leave_their_quotes(tmp_path: Path) -> None:
    odd = ["yes", "a: b", "[x]", '"', "# no", "1:30", "{}", "电量", "é", "~", "null", "'"]
    assert parse_yaml(f"a: {flow(odd)}\n", "flow").data == {"a": odd}


def test_the_command_line_proposes_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = daily_report(tmp_path)
    folder = tmp_path / "project"
    for names in ([], ["cdm_acm0002", str(folder)]):
        monkeypatch.setattr("sys.argv", ["tonne", "init", "--from", str(path), *names])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        said = capsys.readouterr().out
        assert all(word in said for word in ("并网点一 上网", "value.reads", "readings:", "2024-05-31"))
    assert (folder / "data" / "daily.xlsx").read_bytes() == path.read_bytes()
    written = (folder / "project.yaml").read_text(encoding="utf-8").partition("# readings:\n")
    loaded = load(folder, "readings:\n" + re.sub("(?m)^# ", "", written[2]))
    assert (loaded.count, loaded.spec.feeds[0].parameter) == (124, "EG_export")
    monkeypatch.setattr("sys.argv", ["tonne", "init", "--from", str(path), str(folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "a file of that name" in capsys.readouterr().err

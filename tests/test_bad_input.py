"""What a user gets for a faulty project: one clear message, code 2, and no trace of an output folder."""

import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tonne.cli import main

EVERY_NODE = Path(__file__).parent / "fixtures" / "every_node"
PROJECT = """\
format: 1
name: {zh: 某项目, en: A project}
methodology: ccer_01_002_v01
time_zone: Asia/Shanghai
crediting_period: {start: 2024-01-01, end: 2033-12-31}
monitoring_period: {start: 2024-01-01, end: 2024-01-31}
options: {grid_region: south}
values:
  distance_to_shore: {unit: km, value: 35}
  water_depth: {unit: m, value: 40}
  EG_import: {unit: MWh, at: {2024-01: 1}}
readings:
  main:
    file: data/export.csv
    time: {column: time, marks: start, interval: 1 day}
    value: {column: energy, unit: kWh, reads: interval}
    meter: {name: M1}
    feeds: [{parameter: EG_export}]
"""
ROWS = [f"2024-01-{day:02d}T00:00:00+08:00,{day * 1000}" for day in range(1, 32)]
CSV = "\n".join(["time,energy", *ROWS]) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "project.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "data" / "export.csv").write_text(CSV, encoding="utf-8")
    return folder


def refused(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a project from the command line; gives what it says when it refuses."""
    out = project.parent / "out"
    monkeypatch.setattr("sys.argv", ["tonne", "run", str(project), "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert sorted(path.name for path in project.parent.iterdir()) == ["project"], "nothing half-written remains"
    return said.err


def edited(old: str, new: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        path = project / "project.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def more(text: str) -> Callable[[Path], None]:
    return edited("    feeds: [{parameter: EG_export}]\n", f"    feeds: [{{parameter: EG_export}}]\n{text}\n")


def data(text: str | bytes) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        (project / "data" / "export.csv").write_bytes(content)

    return change


def gzipped(content: bytes) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        (project / "data" / "export.csv.gz").write_bytes(content)
        edited("data/export.csv", "data/export.csv.gz")(project)

    return change


def year_2011(project: Path) -> None:
    edited("2024-01-01, end: 2033", "2011-01-01, end: 2020")(project)
    edited("{start: 2024-01-01, end: 2024-01-31}", "{start: 2011-01-01, end: 2011-01-31}")(project)
    edited("at: {2024-01: 1}", "at: {2011-01: 1}")(project)
    data(CSV.replace("2024-", "2011-"))(project)


FAULTS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "missing column": (data(CSV.replace("energy", "energie")), ["data/export.csv", "energy", "energie"]),
    "unknown unit": (edited("unit: kWh", "unit: kwh"), ["project.yaml:16:", "kwh", "kWh"]),
    "unit of another kind": (edited("unit: kWh", "unit: kg"), ["project.yaml:16:", "kg", "energy"]),
    "wrong type": (data(CSV.replace(",5000", ",five")), ["data/export.csv:6", "energy", "'five'", "number"]),
    "date without offset": (
        data(CSV.replace("2024-01-07T00:00:00+08:00", "2024-01-07 00:00:00")),
        ["data/export.csv:8", "time", "2024-01-07 00:00:00", "offset"],
    ),
    "period outside the crediting period": (
        edited("monitoring_period: {start: 2024-01-01", "monitoring_period: {start: 2023-12-31"),
        ["project.yaml:6:", "outside the crediting period", "2024-01-01", "2023-12-31"],
    ),
    "end before start": (edited("end: 2024-01-31", "end: 2023-01-31"), ["project.yaml:6:", "end"]),
    "crediting period too long": (
        edited("end: 2033-12-31", "end: 2034-12-31"),
        ["project.yaml:5:", "at most 10 years"],
    ),
    "unknown option value": (
        edited("grid_region: south", "grid_region: sooth"),
        ["project.yaml:7:", "sooth", "did you mean south"],
    ),
    "unknown option": (
        edited("grid_region: south", "grid: south"),
        ["project.yaml:7:", "unknown option 'grid'", "grid_region"],
    ),
    "unknown key": (
        edited("time_zone:", "timezone:"),
        ["project.yaml:4:1", "unknown key 'timezone'", "did you mean time_zone"],
    ),
    "unknown time zone": (edited("Asia/Shanghai", "Asia/Shangai"), ["project.yaml:4:12", "Asia/Shanghai"]),
    "unknown methodology": (
        edited("ccer_01_002_v01", "ccer_01_002_v1"),
        ["ccer_01_002_v1", "ccer_01_002_v01"],
    ),
    "unknown parameter": (
        edited("water_depth", "water_depht"),
        ["project.yaml:10:", "water_depht", "did you mean water_depth"],
    ),
    "value of a parameter missing": (
        edited("  water_depth: {unit: m, value: 40}\n", ""),
        ["water_depth has no value", "unit m"],
    ),
    "factor missing for a year": (
        year_2011,
        ["cn_grid_baseline", "year 2011", "EF_OM", "2012"],
    ),
    "negative where bounds forbid": (
        data(CSV.replace(",9000", ",-9000")),
        ["data/export.csv:10", "energy", "-9000 kWh", "at least 0"],
    ),
    "contradicting rows": (
        data(CSV + ROWS[3].replace("4000", "4001") + "\n"),
        ["data/export.csv", "4000", "4001"],
    ),
    "a row with too many fields": (data(CSV.replace(",5000", ",5000,1")), ["data/export.csv:6"]),
    "empty file": (data(""), ["data/export.csv", "empty"]),
    "only a header": (data("time,energy\n"), ["data/export.csv"]),
    "truncated gzip": (gzipped(gzip.compress(CSV.encode())[:-20]), ["data/export.csv.gz", "gzip"]),
    "no gzip at all": (gzipped(CSV.encode()), ["data/export.csv.gz", "gzip"]),
    "not UTF-8": (data(CSV.encode().replace(b",5000", b",5000\xff")), ["data/export.csv:6", "UTF-8"]),
    "file outside the project": (
        edited("data/export.csv", "../../etc/passwd"),
        ["project.yaml:14:", "outside the project"],
    ),
    "no such data file": (
        edited("data/export.csv", "data/exprt.csv"),
        ["project.yaml:14:", "did you mean data/export.csv"],
    ),
    "not YAML": (
        edited("options: {grid_region: south}", "options: {grid_region: south"),
        ["project.yaml:", "not YAML"],
    ),
    "key twice": (
        edited("time_zone: Asia/Shanghai", "time_zone: Asia/Shanghai\ntime_zone: Asia/Tokyo"),
        ["project.yaml:5:1", "given twice", "line 4"],
    ),
    "substitution that the methodology does not allow": (
        more("substitutions: [{readings: main, method: percentile, percentile: 5 %, reason: {zh: 故障, en: fault}}]"),
        ["project.yaml:19:", "does not allow `percentile`", "EG_export", "one of check_meter, zero"],
    ),
    "substitution without its reason": (
        more("substitutions: [{readings: main, method: zero}]"),
        ["project.yaml:19:", "reason"],
    ),
    "share without a unit": (
        more(
            "cross_checks: {bill: {parameter: EG_export, kind: invoice, unit: kWh, tolerance: 0.2, at: {2024-01: 1}}}"
        ),
        ["project.yaml:19:", "a number with its unit, such as 0.2 %"],
    ),
    "overlapping billing cycles": (
        more(
            "cross_checks: {bill: {parameter: EG_export, kind: invoice, unit: kWh, tolerance: 0.2 %, cycles: "
            "[{start: 2024-01-01, end: 2024-01-20, value: 1}, {start: 2024-01-20, end: 2024-01-31, value: 1}]}}"
        ),
        ["project.yaml:19:", "billing cycles of bill overlap", "a start after 2024-01-20"],
    ),
    "whole period without readings": (
        data("time,energy\n2020-01-01T00:00:00+08:00,1\n"),
        ["EG_export", "2024-01"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_project_is_refused_with_its_place_and_a_way_out(
    fault: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = FAULTS[fault]
    change(project)
    said = refused(project, capsys, monkeypatch)
    for word in words:
        assert word in said, said


LOCAL = "zone: '+08:00', marks: start, interval: 1 day"
LOCAL_CSV = CSV.replace("T00:00:00+08:00", "")


def described(content: bytes, form: str = "", time: str = LOCAL, name: str = "export.csv") -> Callable[[Path], None]:
    """Put another file in the place of the plain one, and describe it."""

    def change(project: Path) -> None:
        (project / "data" / "export.csv").unlink()
        (project / "data" / name).write_bytes(content)
        edited("data/export.csv", f"data/{name}{form}")(project)
        edited("marks: start, interval: 1 day", time)(project)

    return change


def workbook(*rows: list[object], sheets: tuple[str, ...] = ("表1",)) -> bytes:
    """Make a workbook with the same rows in every sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


TABLE: list[list[object]] = [["time", "energy"]]
TABLE += [[f"2024-01-{day:02d}", day * 1000] for day in range(1, 32)]
FORM_FAULTS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "encoding that the file does not have": (
        described(LOCAL_CSV.replace(",5000", ",5000时").encode("gbk"), "\n    form: {encoding: utf-16}"),
        ["data/export.csv:1", "not utf-16", "encoding"],
    ),
    "encoding that is not declared": (
        described(LOCAL_CSV.replace("energy", "电量").encode("gbk")),
        ["data/export.csv:1", "not UTF-8", "form: {encoding: …}"],
    ),
    "delimiter that is not declared": (
        described(LOCAL_CSV.replace(",", ";").encode()),
        ["data/export.csv:1", "semicolons", "form: {delimiter: …}"],
    ),
    "day and month that nobody can tell": (
        data(CSV.replace("2024-01-05T00:00:00+08:00", "12/03/2012 00:00")),
        ["data/export.csv:6", "12/03/2012", "which number is the month", "pattern"],
    ),
    "pattern that does not fit": (
        described(LOCAL_CSV.replace("2024-01-05", "2024/1/5").encode(), time=f"{LOCAL}, pattern: D/M/YYYY"),
        ["data/export.csv:6", "expected D/M/YYYY", "2024/1/5"],
    ),
    "pattern without a zone": (
        edited("interval: 1 day", "interval: 1 day, pattern: D/M/YYYY"),
        ["project.yaml:15:", "no offset", "+08:00"],
    ),
    "separators of thousands that are not declared": (
        data(CSV.replace(",5000", ',"5,000"')),
        ["data/export.csv:6", "'5,000'", "numbers: {thousands: …}"],
    ),
    "number of another form than declared": (
        described(LOCAL_CSV.replace(",5000", ',"5,00"').encode(), "\n    numbers: {thousands: ','}"),
        ["data/export.csv:6", "'5,00'", "1,234.5"],
    ),
    "row of totals that is not declared": (
        described((LOCAL_CSV + "合计,496000\n").encode(), "\n    form: {fill_down: []}"),
        ["data/export.csv:33", "合计"],
    ),
    "column of a meter that is not there": (
        edited("meter: {name: M1}", "meter: {columns: {enrgy: M1}}"),
        ["project.yaml:", "column"],
    ),
    "sheet that is not clear": (
        described(workbook(*TABLE, sheets=("表1", "表2")), name="export.xlsx"),
        ["data/export.xlsx", "which sheet", "表1, 表2", "form: {sheet: …}"],
    ),
    "cell of a workbook that is no number": (
        described(workbook(*TABLE[:5], ["2024-01-05", "五千"], *TABLE[6:]), name="export.xlsx"),
        ["data/export.xlsx:6", "表1!B6", "'五千'"],
    ),
    "cell of a workbook in error": (
        described(workbook(*TABLE[:5], ["2024-01-05", "#DIV/0!"], *TABLE[6:]), name="export.xlsx"),
        ["data/export.xlsx:6", "表1!B6", "'#DIV/0!'", "mend its formula"],
    ),
    "formula that was never computed": (
        described(workbook(*TABLE[:5], ["2024-01-05", "=B5+1000"], *TABLE[6:]), name="export.xlsx"),
        ["data/export.xlsx:6", "表1!B6", "without a stored value", "save it"],
    ),
    "workbook that is cut off": (
        described(workbook(*TABLE)[:-200], name="export.xlsx"),
        ["data/export.xlsx", "damaged or cut off", "save it again"],
    ),
    "web page under the name of a workbook": (
        described(b"<html><table><tr><td>1</td></tr></table></html>", name="export.xls"),
        ["data/export.xls", "no workbook", "<html>"],
    ),
    "units of the file and of the project": (
        described(
            workbook(TABLE[0], ["", "(MWh)"], *TABLE[1:]),
            "\n    form: {header: {rows: [1], units: 2}}",
            name="export.xlsx",
        ),
        ["data/export.xlsx:2", "another unit", "expected kWh, found MWh"],
    ),
}


@pytest.mark.parametrize("fault", FORM_FAULTS)
def test_file_of_another_form_than_declared_is_refused(
    fault: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = FORM_FAULTS[fault]
    change(project)
    said = refused(project, capsys, monkeypatch)
    for word in words:
        assert word in said, said


FLAG = "  runs: {unit: flag, at: {2023-10: 0, 2023-11: 1, 2023-12: 0, 2024-01: 0, 2024-02: 1}}\n"
FLAG_READINGS = """\
readings:
  plant:
    file: data/runs.csv
    time: {column: time, interval: 1 day}
    value: {column: runs, unit: flag, reads: state}
    meter: {name: M1}
    feeds: [{parameter: runs}]
"""
FLAG_RECORDS = """\
records:
  plant: {file: data/runs.csv, index: {month: month}, parameters: {runs: {column: runs, unit: flag}}}
"""
FLAG_FAULTS: dict[str, tuple[str, list[str], list[str]]] = {
    "value": (
        FLAG.replace("2023-12: 0", "2023-12: 0.5"),
        [],
        [
            "spec.yaml:23:3: runs@2023-12 is a flag (value from ",
            "project.yaml:15:51); expected 1 for yes or 0 for no, found 0.5\n",
            "hint: write 1 where",
        ],
    ),
    "value that is negative": (FLAG.replace("2023-11: 1", "2023-11: -1"), [], ["runs@2023-11 is a flag", "found -1"]),
    "row": (
        FLAG_RECORDS,
        ["month,runs", "2023-10,0", "2023-11,1", "2023-12,100", "2024-01,0", "2024-02,1"],
        [
            "data/runs.csv:4 (column runs): runs is a flag; expected 1 for yes or 0 for no, found '100' in flag",
            "hint: feed",
        ],
    ),
    "rows that add up": (
        FLAG_RECORDS,
        ["month,runs", "2023-10,1", "2023-10,1", "2023-11,1", "2023-12,1", "2024-01,0", "2024-02,1"],
        ["runs@2023-10 is a flag", "found 2\n", "give one row for each value"],
    ),
    "reading": (
        FLAG_READINGS,
        ["time,runs", *(f"2023-{month}-01T00:00:00+08:00,{month - 10}" for month in (10, 11, 12))],
        ["data/runs.csv:4 (column runs): runs is a flag; expected 1 for yes or 0 for no, found 2 flag", "hint: feed"],
    ),
    "readings that are averaged": (
        FLAG_READINGS,
        ["time,runs", "2023-10-01T00:00:00+08:00,1", "2023-10-02T00:00:00+08:00,0"],
        ["runs@2023-10 is a flag", "found 0.5\n", "give one reading for each value"],
    ),
}


@pytest.mark.parametrize("fault", FLAG_FAULTS)
def test_flag_that_is_neither_yes_nor_no_is_refused(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(EVERY_NODE, folder)
    given, rows, words = FLAG_FAULTS[fault]
    text = (folder / "project.yaml").read_text(encoding="utf-8")
    assert FLAG in text
    text = text.replace(FLAG, given) if given.startswith("  runs:") else text.replace(FLAG, "") + given
    (folder / "project.yaml").write_text(text, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "runs.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    said = refused(folder, capsys, monkeypatch)
    for word in words:
        assert word in said, said
    assert said.count("is a flag") == 1, "each fault is told once"


def test_line_of_a_gigabyte_is_refused_quickly(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = gzip.compress(b"7" * 10_000_000, compresslevel=1)
    gzipped(gzip.compress(CSV.encode()) + block * 108)(project)
    said = refused(project, capsys, monkeypatch)
    assert "data/export.csv.gz:33" in said
    assert "line" in said


def test_folder_with_other_files_is_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = project.parent / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["tonne", "run", str(project), "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "not an earlier output" in capsys.readouterr().err
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_many_problems_are_told_at_once(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data(CSV.replace(",5000", ",five").replace(",7000", ",seven").replace("2024-01-09T00:00:00+08:00", "9.1.2024"))(
        project
    )
    said = refused(project, capsys, monkeypatch)
    assert all(word in said for word in (":6", "five", ":8", "seven", ":10", "9.1.2024"))


def test_one_quantity_outside_its_bounds_everywhere_does_not_hide_another(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    months = ", ".join(f"2024-{month:02d}: -{month}" for month in range(1, 13))
    text = PROJECT.partition("readings:")[0].replace("{2024-01: 1}", f"{{{months}}}")
    text += f"  EG_export: {{unit: MWh, at: {{{months}}}}}\n"
    (project / "project.yaml").write_text(text.replace("2024-01-31", "2024-12-31"), encoding="utf-8")
    said = refused(project, capsys, monkeypatch)
    for name in ("EG_import", "EG_export"):
        assert f"{name}@2024-01 is outside its bounds" in said
        assert f"{name} is outside its bounds at 7 more places" in said

"""`tonne check PROJECT`: the same findings as a run, answers and their history, produced files read again."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import tonne
from tests.case_projects import written
from tonne.cli import main
from tonne.engine.data.answers import load_answers
from tonne.engine.data.project import load_project
from tonne.engine.errors import ProjectError
from tonne.engine.findings import Finding
from tonne.engine.reopen import reopened
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.cases import finding_blocks
from tonne.esg.document import Phrase, Table
from tonne.esg.figures import Figures
from tonne.esg.release import release

ROOT = Path(__file__).resolve().parent.parent
Said = Callable[..., tuple[int, str, str]]
LATE = {"meters": {"M1": {"calibrations": [{"date": "2023-01-11"}, {"date": "2024-01-21"}]}}}
LIMIT = {
    "limits": {
        "small": {"name": {"zh": "上限", "en": "limit"}, "quantities": ["EG"], "at_most": 1, "unit": "kWh"},
    }
}


def dated(data: Any) -> Any:
    """Bring what YAML reads as dates from text to dates."""
    return yaml.safe_load(re.sub(r"'(\d{4}-\d\d-\d\d)'", r"\1", yaml.safe_dump(data, allow_unicode=True)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written({"spec": "plant", "faulty": dated(LATE | LIMIT)}, "faulty", tmp_path)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["tonne", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def finding(result: Result, code: str) -> Finding:
    (found,) = [item for item in result.findings if item.code == code]
    return found


def answer(project: Path, *entries: dict[str, Any]) -> None:
    text = yaml.safe_dump(dated({"format": 1, "answers": list(entries)}), allow_unicode=True)
    (project / "findings.yaml").write_text(text, encoding="utf-8")


def entry(id_: str, status: str, when: str = "2025-01-02", **more: Any) -> dict[str, Any]:
    return {"finding": id_, "who": "张工", "when": when, "what": "已处理", "status": status} | more


def test_check_lists_the_findings_of_a_run_and_fails_on_what_blocks(project: Path, said: Said) -> None:
    code, out, _ = said("check", project, "--json")
    told = json.loads(out)
    assert code == 1
    assert told["passed"] is False
    run_findings = [item.as_case() for item in run(project).findings]
    key = json.dumps
    assert sorted(key({k: v for k, v in item.items() if k != "check"}) for item in told["findings"]) == sorted(
        map(key, run_findings)
    )
    by_code = {item["code"]: item for item in told["findings"]}
    assert by_code["limit.exceeded"]["check"] == "CAP"
    assert by_code["calibration.late"]["stake"]["tonnes"] == "0.0025"
    assert [path.name for path in project.parent.iterdir() if path.name == "out"] == []


def test_project_file_is_as_good_as_its_folder(project: Path, said: Said) -> None:
    assert said("check", project / "project.yaml", "--json")[0] == 1


def test_example_passes_and_its_table_shows_everything(said: Said) -> None:
    code, out, _ = said("check", ROOT / "examples" / "offshore_wind", "--lang", "zh")
    flat = re.sub(r"[\s│]+", "", out)
    assert code == 0
    assert "calibration.late-" in flat
    assert "若不作该项修正：+13.524049tCO₂e" in flat
    assert "其中0项未关闭前不得申报减排量708,642tCO2e" in flat


def test_specs_are_checked_as_before(said: Said) -> None:
    code, out, _ = said("check", "ccer_01_002_v01", "--no-proofs")
    assert code == 0
    assert "1 names: passed" in out


@pytest.mark.parametrize("words", [["ccer_01_002_v01", "examples/onshore_wind"], ["ccer_01_002_v01", "--answers"]])
def test_a_project_is_checked_alone(words: list[str], said: Said) -> None:
    code, _, err = said("check", *words)
    assert code == 2
    assert "name one project alone" in err


def test_answered_and_closed_findings_keep_their_history_and_stop_failing(project: Path, said: Said) -> None:
    id_ = finding(run(project), "limit.exceeded").id
    answer(project, entry(id_, "answered"))
    assert said("check", project)[0] == 1
    answer(project, entry(id_, "answered"), entry(id_, "closed", "2025-01-05", who="李审核员", evidence="报告"))
    code, out, _ = said("check", project)
    assert code == 0
    flat = re.sub(r"\s+", "", out)
    assert "2025-01-0" in flat
    assert "李审核员" in flat
    shown = finding(run(project), "limit.exceeded")
    assert [(reply.who, str(reply.when), reply.status) for reply in shown.replies] == [
        ("张工", "2025-01-02", "answered"),
        ("李审核员", "2025-01-05", "closed"),
    ]
    answer(
        project,
        entry(id_, "answered"),
        entry(id_, "closed", "2025-01-05"),
        entry(id_, "reopened", "2025-02-01"),
    )
    again = finding(run(project), "limit.exceeded")
    assert again.failed
    assert again.status == "reopened"
    assert len(again.replies) == 3


def test_digest_of_a_result_does_not_change_with_the_answers(project: Path) -> None:
    before = run(project)
    answer(project, entry(finding(before, "limit.exceeded").id, "answered"))
    assert run(project).digest == before.digest


def test_template_of_answers_is_one_that_is_read_once_it_is_filled_in(project: Path, said: Said) -> None:
    _, out, _ = said("check", project, "--answers")
    waiting = {item.id for item in run(project).findings if item.kind}
    assert waiting == set(re.findall(r'finding: "(.+)"', out))
    text = out.replace("who: ''", "who: 张工").replace("what: ''", "what: 已处理")
    (project / "findings.yaml").write_text(re.sub(r"when: .*", "when: 2025-01-02", text), encoding="utf-8")
    assert {item.status for item in run(project).findings if item.kind} == {"answered"}
    assert yaml.safe_load(said("check", project, "--answers")[1]) == {"format": 1, "answers": []}


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([entry("x-1", "closed")], "finding x-1 is open and cannot be closed"),
        ([entry("x-1", "reopened")], "cannot be reopened"),
        ([entry("x-1", "answered"), entry("x-1", "closed", "2024-12-31")], "not in the order of time"),
        ([entry("x-1", "answered", who="")], "answers.0.who is not right"),
        (
            [{key: value for key, value in entry("x-1", "answered").items() if key != "when"}],
            "answers.0.when is missing",
        ),
        ([entry("x-1", "answered", whom="y")], "unknown key 'whom'"),
    ],
)
def test_answers_out_of_order_or_without_person_and_date_are_refused(
    project: Path, entries: list[dict[str, Any]], told: str
) -> None:
    answer(project, *entries)
    with pytest.raises(ProjectError, match=re.escape(told)) as caught:
        run(project)
    assert "findings.yaml:" in str(caught.value)


def test_answer_to_what_was_not_found_is_told_with_the_nearest_id(project: Path) -> None:
    id_ = finding(run(project), "limit.exceeded").id
    answer(project, entry(f"{id_[:-1]}x", "answered"))
    unknown = finding(run(project), "answers.unknown")
    assert unknown.kind == "CL"
    assert id_ in unknown.en
    answer(project, entry("gone-1", "answered"), entry("gone-1", "closed"))
    assert finding(run(project), "answers.unknown").kind is None


def test_report_shows_number_kind_tonnes_answers_and_status(project: Path) -> None:
    id_ = finding(run(project), "calibration.late").id
    answer(project, entry(id_, "answered", what={"zh": "检定排期延误", "en": "The laboratory was late"}))
    table = finding_blocks(Figures(run(project)))[0]
    assert isinstance(table, Table)
    rows = [[" ".join(part.zh for part in cell if isinstance(part, Phrase)) for cell in row] for row in table.rows]
    (row,) = [row for row in rows if "延期" in row[1] or "未按期校准" in row[1]]
    assert row[0].startswith("澄清项（CL）")
    assert "2025-01-02 张工（已答复）：检定排期延误" in row[1]
    assert row[2] == "若不作该项修正：+0.0025 tCO₂e"
    assert row[3] == "已答复"
    assert rows[0][0].startswith("不符合项（CAR）1")


def test_answers_travel_in_the_dossier(project: Path, tmp_path: Path) -> None:
    answer(project, entry(finding(run(project), "limit.exceeded").id, "answered"))
    out = release(run(project), tmp_path / "out")
    with reopened(out) as (result, stated):
        assert result.digest == stated
        assert finding(result, "limit.exceeded").status == "answered"


def test_produced_files_that_nobody_touched_agree_and_a_missing_one_is_told(tmp_path: Path, said: Said) -> None:
    project = written({"spec": "plant", "faulty": {}}, "faulty", tmp_path)
    release(run(project), tmp_path / "out")
    code, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    assert (code, json.loads(out)["findings"]) == (0, [])
    (tmp_path / "out" / "report.en.docx").unlink()
    (tmp_path / "out" / "workbook.xlsx").write_bytes(b"PK")
    code, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    assert code == 1
    assert sorted(item["code"] for item in json.loads(out)["findings"]) == ["document.missing", "document.unreadable"]


def test_findings_on_produced_files_are_answered_like_others(tmp_path: Path, said: Said) -> None:
    project = written({"spec": "plant", "faulty": {}}, "faulty", tmp_path)
    release(run(project), tmp_path / "out")
    (tmp_path / "out" / "report.en.docx").unlink()
    _, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    (told,) = json.loads(out)["findings"]
    answer(project, entry(told["id"], "answered"), entry(told["id"], "closed"))
    code, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    found = {item["code"]: item["status"] for item in json.loads(out)["findings"]}
    assert found["document.missing"] == "closed"
    assert "answers.unknown" not in found
    assert not [item for item in run(project).findings if item.code == "answers.unknown"]
    assert code == 0


def test_files_of_other_data_are_told_with_both_digests(tmp_path: Path, said: Said) -> None:
    project = written({"spec": "plant", "faulty": {}}, "faulty", tmp_path)
    release(run(project), tmp_path / "out")
    text = (project / "main.csv").read_text(encoding="utf-8")
    (project / "main.csv").write_text(text.replace("M1,100\n", "M1,1000\n", 1), encoding="utf-8")
    _, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    codes = {item["code"] for item in json.loads(out)["findings"]}
    assert {"document.of_another_result", "document.number_differs", "workbook.value_differs"} <= codes


def test_name_of_the_project_has_to_stand_in_the_documents_to_the_letter(tmp_path: Path, said: Said) -> None:
    project = written({"spec": "plant", "faulty": {}}, "faulty", tmp_path)
    release(run(project), tmp_path / "out")
    path = project / "project.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("zh: 案例项目", "zh: 案例项目二"), encoding="utf-8")
    _, out, _ = said("check", project, "--documents", tmp_path / "out", "--json")
    assert [
        item["evidence"]["file"] for item in json.loads(out)["findings"] if item["code"] == "document.name_differs"
    ] == [
        "report.zh.docx",
        "report.html",
    ]


def test_folder_that_is_not_there_is_refused(said: Said, tmp_path: Path) -> None:
    project = written({"spec": "plant", "faulty": {}}, "faulty", tmp_path)
    assert said("check", project, "--documents", tmp_path / "none")[0] == 2
    shutil.rmtree(project)


def test_run_from_python_carries_ids_stakes_and_status(project: Path) -> None:
    result = tonne.run(project)
    late = finding(result, "calibration.late")
    assert late.id.startswith("calibration.late-")
    assert (late.kind, late.status) == ("CL", "open")


def test_answers_on_the_page_of_checks_are_ones_that_can_be_read(project: Path) -> None:
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (project / "findings.yaml").write_text(text, encoding="utf-8")
    answers = load_answers(load_project(project))
    assert answers is not None
    (history,) = answers.histories.values()
    assert [reply.status for reply in history.replies] == ["answered", "closed"]

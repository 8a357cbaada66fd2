from pathlib import Path

import pytest

from tonne.esg.folder import whole_folder


def write(out: Path, *names: str) -> None:
    with whole_folder(out) as folder:
        for name in ("result.json", *names):
            (folder / name).write_text(str(len(names)), "utf-8")


def names_in(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def test_what_an_output_did_not_write_stays_beside_the_next_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "report.html")
    (out / "my_notes.txt").write_text("mine", "utf-8")
    (out / "scans").mkdir()
    (out / "scans" / "page.html").write_text("mine", "utf-8")
    (out / "own.html").write_text("mine", "utf-8")
    write(out, "report.html")
    assert names_in(out) == {"result.json", "report.html", "my_notes.txt", "scans", "own.html"}
    assert (out / "my_notes.txt").read_text("utf-8") == (out / "scans" / "page.html").read_text("utf-8") == "mine"
    assert names_in(tmp_path) == {"out"}


def test_documents_of_another_outline_do_not_outlive_the_result_they_show(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "cdm_mr.zh.docx", "cdm_mr.en.docx", "cdm_mr.html", "cdm_mr.zh.pdf")
    write(out, "report.zh.docx", "report.en.docx", "report.html")
    assert names_in(out) == {"result.json", "report.zh.docx", "report.en.docx", "report.html"}


def test_a_run_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "report.html")
    (out / "my_notes.txt").write_text("mine", "utf-8")
    with pytest.raises(FileNotFoundError):
        write(out, "missing/report.html")
    assert names_in(out) == {"result.json", "report.html", "my_notes.txt"}
    assert (out / "result.json").read_text("utf-8") == "1"
    assert names_in(tmp_path) == {"out"}

"""The documentation shows only what works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tonne
from tonne.engine.data.project import load_project

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "methodologies").rglob("*.md")),
]
SPECS = re.findall(
    r"```yaml\n(format: 1\n.*?)```", (ROOT / "docs" / "spec-format.md").read_text(encoding="utf-8"), re.DOTALL
)


PROJECT = """\
format: 1
name: {zh: 试, en: Test}
methodology: m
time_zone: Asia/Shanghai
crediting_period: {start: 2024-01-01, end: 2033-12-31}
monitoring_period: {start: 2024-01-01, end: 2024-12-31}
"""
SECTIONS = re.findall(
    r"```yaml\n(\w+:\n.*?)```", (ROOT / "docs" / "project-format.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("text", SECTIONS, ids=lambda text: text.partition(":")[0])
def test_section_on_the_project_page_has_the_shape_of_a_project(text: str, tmp_path: Path) -> None:
    path = tmp_path / "project.yaml"
    path.write_text(PROJECT + text, encoding="utf-8")
    load_project(path)


@pytest.mark.parametrize("text", SPECS, ids=lambda text: re.search(r"id: (\w+)", text)[1])  # type: ignore[index]
def test_spec_on_the_format_page_loads_and_passes_its_checks(text: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    report = tonne.check(path)
    assert report.passed, [str(finding.en) for finding in report.findings if finding.failed]


def test_the_format_page_shows_a_methodology_a_module_and_a_stock() -> None:
    assert len(SPECS) == 3


def test_intended_order_on_the_format_page_is_needed_there(tmp_path: Path) -> None:
    (text,) = (spec for spec in SPECS if "ordered: true" in spec)
    path = tmp_path / "spec.yaml"
    told = []
    for changed in (text, re.sub(r"\n +ordered: true.*", "", text)):
        path.write_text(changed, encoding="utf-8")
        told.append([finding.en for finding in tonne.check(path).findings if finding.code == "cases.overlap"])
    assert told[0] == []
    assert "can both hold with different values; the first counts" in told[1][0]


def test_python_snippet_of_the_readme_runs() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    subprocess.run([sys.executable, "-W", "error", "-c", snippet], check=True, cwd=ROOT)


def test_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"uv run tonne (\w+)", text))
    listed = subprocess.run(
        [sys.executable, "-m", "tonne", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert used == {command for command in used if re.search(rf"^  {command} ", listed, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "script", ["schemas.py", "methodology_table.py", "checks_table.py", "outline_tables.py", "proved.py"]
)
def test_generated_file_is_current(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


def test_project_speaks_of_itself_alone() -> None:
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    forbidden = re.compile(r"\.\./shared|/work/|helper-\d|pypi\.org|pythonhosted")
    for name in names:
        path = ROOT / name
        if (
            name == "uv.lock"
            or path.is_symlink()
            or path.suffix in {".gz", ".xz", ".docx", ".parquet", ".zip"}
            or path.name == Path(__file__).name
        ):
            continue
        assert not forbidden.search(path.read_text(encoding="utf-8")), name

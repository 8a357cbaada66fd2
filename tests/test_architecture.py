"""What the house promises of its own code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tonne

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("engine", "esg", "tonne") for path in (ROOT / folder).rglob("*.py") if not path.is_symlink()
)
MODULES = sorted({path.resolve() for path in SOURCES})
BANNED = {"utils", "helpers", "common", "base", "core", "misc", "manager"}
CONFINED = {
    "pint": {"engine/units.py"},
    "lark": {"engine/spec/expression.py"},
    "yaml": {"engine/spec/source.py"},
    "xlsxwriter": {"esg/disclosure/sheet_rows.py", "esg/disclosure/workbook.py", "esg/workbook.py"},
    "arelle": {"esg/disclosure/taxonomy_check.py"},
    "PIL": {"esg/raster.py"},
    "openpyxl": {"esg/workbook_check.py"},
    "pypdfium2": {"esg/pdf.py", "esg/pdf_check.py"},
    "typst": {"esg/pdf.py"},
    "astral": {"engine/data/nights.py"},
    "rich": {"tonne/terminal.py"},
    "click": {
        "tonne/check_command.py",
        "tonne/cli.py",
        "tonne/esg_command.py",
        "tonne/init_command.py",
        "tonne/methodology_commands.py",
        "tonne/project_commands.py",
        "tonne/terminal.py",
        "tonne/verify_command.py",
    },
    "opendsm": {"engine/savings/weather_model.py"},
    "pandas": {"engine/savings/weather_model.py"},
    "python_calamine": {"engine/data/sheets.py"},
}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_short_and_named_for_what_it_is(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
    assert path.stem not in BANNED
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module says what it does"


@pytest.mark.parametrize("library", sorted(CONFINED))
def test_library_is_confined_to_its_rooms(library: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports_of(path))
    }
    assert users <= CONFINED[library]


def test_nothing_opens_a_network_connection() -> None:
    forbidden = {"socket", "urllib.request", "http.client", "requests", "httpx"}
    assert not {str(path) for path in MODULES if imports_of(path) & forbidden}


def test_public_names_are_sorted_and_exist() -> None:
    assert tonne.__all__ == sorted(tonne.__all__)
    assert all(getattr(tonne, name).__doc__ for name in tonne.__all__)


def test_looking_at_the_package_does_not_import_the_engine() -> None:
    code = "import sys, tonne, tonne.cli; print([name for name in sys.modules if name.startswith(('duckdb', 'z3', 'pint', 'tonne.engine'))])"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert seen.stdout.strip() == "[]"


def test_running_a_project_does_not_import_the_solver() -> None:
    code = "import sys, tonne; tonne.check('ccer_01_002_v01', proofs=False); import tonne.esg.release; print('z3' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert seen.stdout.strip() == "False"


def test_the_three_folders_stand_under_one_name() -> None:
    for name in ("engine", "esg", "methodologies"):
        link = ROOT / "tonne" / name
        if not link.is_symlink():
            pytest.skip("checked out without symbolic links")
        assert link.resolve() == ROOT / name

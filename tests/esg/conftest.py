"""Results to make documents of, and workbooks computed again by LibreOffice."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tonne.engine.data.project import ProjectSpec, checked_project
from tonne.engine.errors import ProjectError
from tonne.engine.result.result import Result
from tonne.engine.run import find_methodology, run, run_project
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import parse_yaml

EVERY_NODE = Path(__file__).parent.parent / "fixtures" / "every_node"

Values = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="session")
def every_node() -> Result:
    return run(EVERY_NODE)


@pytest.fixture(scope="session")
def every_node_with() -> Callable[[Mapping[str, str]], Result]:
    """Runs the project with parts of its text replaced."""

    def changed(replacements: Mapping[str, str]) -> Result:
        text = (EVERY_NODE / "project.yaml").read_text(encoding="utf-8")
        for old, new in replacements.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        document = parse_yaml(text, "project.yaml")
        project = checked_project(shaped(ProjectSpec, document, ProjectError), document, EVERY_NODE)
        return run_project(project, find_methodology(project), lambda _stage: None)

    return changed


@pytest.fixture(scope="session")
def recompute(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, Path]], dict[str, Values]]:
    """Takes the stored values out of workbooks, has LibreOffice compute them anew, and reads them by sheet and cell."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed")

    profile = tmp_path_factory.mktemp("profile")

    def recomputed(paths: Mapping[str, Path]) -> dict[str, Values]:
        folder = tmp_path_factory.mktemp("libreoffice")
        bare = folder / "bare"
        bare.mkdir()
        for name, path in paths.items():
            _without_values(path, bare / f"{name}.xlsx")
        subprocess.run(
            [soffice, f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "xlsx", "--outdir",
             str(folder / "done"), *(str(bare / f"{name}.xlsx") for name in paths)],
            check=True, capture_output=True, timeout=600,
        )  # fmt: skip
        return {name: _values(folder / "done" / f"{name}.xlsx") for name in paths}

    return recomputed


def _without_values(path: Path, target: Path) -> None:
    """Take the stored values of formulas out of a workbook, and leave everything else as it is."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>|<f/>)<v>[^<]*</v>", rb"\1", content)
                assert b"</f><v>" not in content
            copy.writestr(name, content)


def _values(path: Path) -> Values:
    workbook: Any = openpyxl.load_workbook(path, data_only=True, read_only=True)
    return {
        sheet.title: {
            cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None
        }
        for sheet in workbook.worksheets
    }

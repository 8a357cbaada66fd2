"""What is installed is what is in the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a clean copy of the tracked files."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(copy)], check=True)
    build = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", build, str(folder)],
        check=True,
        cwd=copy,
        capture_output=True,
        text=True,
    )
    return zipfile.ZipFile(folder / done.stdout.split()[-1])


def test_wheel_has_one_top_level_name(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name} == {"tonne"}


@pytest.mark.parametrize("folder", ["engine", "esg", "methodologies"])
def test_wheel_holds_every_tracked_file_of_a_folder(wheel: zipfile.ZipFile, folder: str) -> None:
    committed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", folder],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    expected = {f"tonne/{name}" for name in committed.stdout.split("\n") if name}
    assert expected == {name for name in wheel.namelist() if name.startswith(f"tonne/{folder}/")}

"""Opens an output folder or a dossier and computes it again from what it holds, and from nothing else."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tonne.engine.data.project import PROJECT_FILE, load_project
from tonne.engine.errors import DataError, Place, Problem, UnknownNameError
from tonne.engine.result.files import DOSSIER_FILE, RESULT_FILE
from tonne.engine.result.result import Result
from tonne.engine.run import run_project
from tonne.engine.spec.catalogue import Shelf, load_methodology

MAX_UNPACKED = 20 << 30
MAX_ENTRIES = 10_000


@contextmanager
def reopened(reference: str | Path, told: Callable[[str], None] | None = None) -> Iterator[tuple[Result, str]]:
    """Compute a dossier again; gives the result and the digest that the dossier states.

    The data files stand unpacked as long as the context lasts.

    Raises:
        UnknownNameError: there is no dossier.
        DataError: the dossier is damaged, or holds what it should not.
    """
    path = Path(reference)
    archive = path / DOSSIER_FILE if path.is_dir() else path
    if not archive.is_file():
        raise UnknownNameError(
            Problem(f"no dossier at {reference}", hint="give the output folder of `tonne run`, or its dossier.zip")
        )
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        folder = Path(scratch)
        _unpack(archive, folder)
        stated = _manifest(folder, archive)
        project = load_project(folder / "project" / PROJECT_FILE)
        name = _methodology_id(folder, archive)
        methodology = load_methodology(name, Shelf(folder / "methodologies", "methodologies"))
        yield run_project(project, methodology, told or (lambda _stage: None)), stated


def altered_files(archive: Path) -> list[tuple[str, str, str]]:
    """List the files of a dossier that are not those of its manifest, with the digests stated and found.

    Raises:
        DataError: the dossier is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            stated = json.loads(opened.read("manifest.json"))["files"]
            found = {entry: _digest(opened, entry) for entry in opened.namelist() if entry != "manifest.json"}
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as fault:
        raise DataError(Problem(f"the dossier cannot be opened: {fault}", Place(str(archive)))) from None
    names = dict.fromkeys((*stated, *found))
    return [
        (name, str(stated.get(name, "nothing")), found.get(name, "nothing"))
        for name in names
        if stated.get(name) != found.get(name)
    ]


def _digest(opened: zipfile.ZipFile, entry: str) -> str:
    digest = hashlib.sha256()
    with opened.open(entry) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    place = Place(str(archive))
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise DataError(Problem("the dossier is too large", place))
            for entry in entries:
                parts = PurePosixPath(entry.filename)
                if parts.is_absolute() or ".." in parts.parts or "\\" in entry.filename:
                    raise DataError(
                        Problem(f"the dossier holds a path that leads outside: {entry.filename[:80]}", place)
                    )
            opened.extractall(folder)
    except (zipfile.BadZipFile, EOFError, OSError) as fault:
        raise DataError(Problem(f"the dossier cannot be opened: {fault}", place)) from None


def _manifest(folder: Path, archive: Path) -> str:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return str(manifest["result_digest"])
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(Problem("the dossier has no manifest that can be read", Place(str(archive)))) from None


def _methodology_id(folder: Path, archive: Path) -> str:
    """Find the methodology that the result names; the project may name it by a path that led elsewhere."""
    try:
        named = json.loads((folder / RESULT_FILE).read_bytes())["methodology"]["id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise DataError(Problem("the dossier has no result that names a methodology", Place(str(archive)))) from None
    if named in {path.parent.name for path in (folder / "methodologies").glob("*/spec.yaml")}:
        return str(named)
    raise DataError(Problem(f"the dossier lacks the methodology {str(named)[:100]}", Place(str(archive))))

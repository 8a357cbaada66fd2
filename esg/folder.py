"""An output folder that is written as a whole or not at all."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError

MARK = "result.json"

_DOCUMENT = re.compile(r"(?P<stem>.+?)\.(?:html|(?:zh|en)\.(?:docx|pdf))")


def require_free(out: Path, mark: str = MARK) -> None:
    """Refuse a folder that holds anything but an earlier output, which the file `mark` tells.

    Raises:
        ReportError: it is a file, or holds other files.
    """
    if out.is_file():
        raise ReportError(Problem("the output folder is a file", Place(str(out)), hint="name a folder"))
    if out.is_dir() and any(out.iterdir()) and not (out / mark).is_file():
        raise ReportError(
            Problem(
                "the output folder holds files that are not an earlier output",
                Place(str(out)),
                hint="name an empty or new folder",
            )
        )


@contextmanager
def whole_folder(out: Path, mark: str = MARK) -> Iterator[Path]:
    """Give a temporary folder beside the target, and move it there when everything went well.

    The files of an earlier output are replaced; what else lies in the target stays there.

    Raises:
        ReportError: the target holds files that are not an earlier output.
    """
    require_free(out, mark)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        _replace(scratch, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace(new: Path, out: Path) -> None:
    """Move a finished folder into place; the earlier one goes only when the new one stands with what others put there."""
    if not out.exists():
        new.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    os.rename(out, old / "out")  # noqa: PTH104 (rename, never copy)
    try:
        new.rename(out)
    except OSError:
        os.rename(old / "out", out)  # noqa: PTH104
        old.rmdir()
        raise
    for entry in _of_others(old / "out", out):
        entry.rename(out / entry.name)
    shutil.rmtree(old, ignore_errors=True)


def _of_others(old: Path, new: Path) -> list[Path]:
    """List what an output did not write: neither a file that the new one has too, nor documents of another outline."""
    names = {entry.name for entry in old.iterdir()}
    found = [entry for entry in old.iterdir() if not (new / entry.name).exists()]
    return [entry for entry in found if not _is_document(entry.name, names)]


def _is_document(name: str, names: set[str]) -> bool:
    match = _DOCUMENT.fullmatch(name)
    return match is not None and {f"{match['stem']}.zh.docx", f"{match['stem']}.en.docx"} <= names

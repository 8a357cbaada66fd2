"""An output folder that is written as a whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tonne.engine.errors import Place, Problem, ReportError

MARK = "result.json"


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
    """Move a finished folder into place; the earlier one goes only when the new one stands."""
    if not out.exists():
        new.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    os.rename(out, old / "out")  # noqa: PTH104 (rename, never copy)
    try:
        new.rename(out)
    except OSError:
        os.rename(old / "out", out)  # noqa: PTH104
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)

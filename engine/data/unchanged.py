"""Holds the files that the store reads from where they are against the digests that the result states."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tonne.engine.data.dataset import DataFile
from tonne.engine.errors import DataError, Place, Problem

READ_IN_PLACE = ".parquet"


@contextmanager
def unchanged_files(folder: Path, files: Iterable[DataFile]) -> Iterator[None]:
    """Require, when a block ends and when it fails, that no file was written to since its digest was taken.

    Raises:
        DataError: one is another now, or gone.
    """
    try:
        yield
    except Exception:
        _require_unchanged(folder, files)  # a file that was written to explains what fails
        raise
    _require_unchanged(folder, files)


def changed_file(shown: str, stated: str, found: str) -> Problem:
    """Say that a file is not what it was when the run began."""
    hint = "run again when nothing writes to the file"
    return Problem("the file changed during the run", Place(shown), f"sha256 {stated}", found, hint)


def _require_unchanged(folder: Path, files: Iterable[DataFile]) -> None:
    problems = []
    for file in files:
        if not file.path.endswith(READ_IN_PLACE):
            continue
        try:
            with (folder / file.path).open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            found = error.strerror or "it cannot be read"
        if found != file.sha256:
            problems.append(changed_file(file.path, file.sha256, found))
    if problems:
        raise DataError(problems)

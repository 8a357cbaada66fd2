"""Opens the column store: in memory, two threads, and shut off from every file but the project's own.

The only module that configures DuckDB. Nothing is ever installed or loaded at run time, no network can be
reached, and the configuration is locked, so that no text of a stranger's file can undo this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

MEMORY_LIMIT = "1200MB"  # with what Python and the reading of files take it stays under 2 GB; the rest goes to disk
THREADS = 2

_CLOSED = {
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def open_store(folders: Sequence[Path], temporary: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an empty store that can read the files of some folders and no other.

    Args:
        folders: where data files are.
        temporary: where to put what does not fit into memory; without it memory is the limit.
    """
    settings = {"memory_limit": MEMORY_LIMIT, "threads": str(THREADS)}
    spill = str(temporary.resolve()) if temporary else ""
    store = duckdb.connect(":memory:", config={**_CLOSED, **settings, "temp_directory": spill})
    # A path is held against these both as it is and as the pattern that finds it.
    paths = {form for folder in folders for form in (str(folder.resolve()), file_pattern(folder.resolve()))}
    allowed = ", ".join(text_literal(f"{path.rstrip('/')}/") for path in sorted(paths))
    for statement in (
        f"SET allowed_directories = [{allowed}]",
        "SET python_enable_replacements = false",
        "SET TimeZone = 'UTC'",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        store.execute(statement)
    return store


def quoted(name: str) -> str:
    """Write a name of a table or column so that it can be nothing else."""
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def text_literal(text: str) -> str:
    """Write a text as a constant of SQL, for the statements that take no parameters."""
    return exp.Literal.string(text).sql("duckdb")


def file_pattern(path: Path) -> str:
    """Write a path so that the store, which reads paths as patterns, finds this one file."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


@dataclass(frozen=True)
class Statements:
    """Runs statements in a store; `{name}` in a statement stands for a part that is SQL already."""

    store: duckdb.DuckDBPyConnection
    parts: Mapping[str, str]

    def ask(self, statement: str, *values: object, **parts: str) -> list[tuple[Any, ...]]:
        """Run a statement, with values for its question marks, and give the rows of its answer."""
        return self.store.execute(self.fill(statement, **parts), list(values)).fetchall()

    def fill(self, statement: str, **parts: str) -> str:
        """Write out a statement."""
        return statement.format(**self.parts, **parts)

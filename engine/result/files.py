"""Writes a result as files: `result.json`, `values.parquet`, and the dossier with all that made it."""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import duckdb

from tonne.engine.data.answers import ANSWERS_FILE
from tonne.engine.data.unchanged import changed_file
from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.result import Result, plain

RESULT_FILE = "result.json"
VALUES_FILE = "values.parquet"
DOSSIER_FILE = "dossier.zip"

INDENTED = 4  # result, list of quantities, quantity, its values
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_result(result: Result, path: Path) -> None:
    """Write `result.json`: the same bytes for the same inputs, but for the time stamp; a value or origin in each line."""
    data = {"digest": result.digest, **result.as_data()}
    path.write_text(_indented(data, 0) + "\n", encoding="utf-8")


def _indented(data: Any, depth: int) -> str:
    """Write JSON in lines as far down as single values; it may be tens of megabytes."""
    if depth == INDENTED or not data or not isinstance(data, dict | list):
        return json.dumps(data, ensure_ascii=False)
    pad = " " * (depth + 1)
    if isinstance(data, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_indented(item, depth + 1)}" for key, item in data.items()]
        opened, closed = "{", "}"
    else:
        parts = [_indented(item, depth + 1) for item in data]
        opened, closed = "[", "]"
    lines = f",\n{pad}".join(parts)
    return f"{opened}\n{pad}{lines}\n{pad[1:]}{closed}"


def write_values(result: Result, path: Path) -> None:
    """Write `values.parquet`: every quantity at every index, with unit, equation and exact digits.

    Of quantities with very many values by the minute, which are not held, only the few that documents show.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("id", "quantity", "kind", "at", "value", "exact", "unit", "section", "equation")
    }
    for name in [*result.plan.needed, *result.values]:
        quantity = result.methodology.quantities.get(name)
        cite = quantity.spec.cite if quantity else None
        unit = result.plan.unit(name).text
        kind = "equation" if name in result.values else "parameter"
        over = result.plan.over(name)
        for index, value in sorted(result.values_of(name).items()):
            columns["id"].append(result.label(name, index))
            columns["quantity"].append(name)
            columns["kind"].append(kind)
            columns["at"].append(result.dataset.domain.label(over, index))
            columns["value"].append(float(value))
            columns["exact"].append(plain(value))
            columns["unit"].append(unit)
            columns["section"].append(cite.section if cite else None)
            columns["equation"].append(cite.number if cite else None)
    store = duckdb.connect(
        ":memory:",
        config={
            "threads": "1",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    try:
        kinds = ["DOUBLE" if name == "value" else "VARCHAR" for name in columns]
        slots = ", ".join(f'unnest(CAST(? AS {kind}[])) AS "{name}"' for name, kind in zip(columns, kinds, strict=True))
        store.execute(f"CREATE TEMP TABLE all_values AS SELECT {slots}", list(columns.values()))
        store.execute("COPY all_values TO ? (FORMAT parquet, COMPRESSION zstd)", [str(path)])
    finally:
        store.close()


def read_values(path: Path) -> dict[str, tuple[float | None, str | None]]:
    """Read a `values.parquet`: the number and the exact digits of each id.

    Raises:
        ReportError: it cannot be read.
    """
    store = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        rows = store.execute("SELECT id, value, exact FROM read_parquet(?)", [str(path)]).fetchall()
    except duckdb.Error as fault:
        what = "this is not a file of values that can be read"
        raise ReportError(Problem(what, Place(str(path)), found=str(fault)[:200])) from None
    finally:
        store.close()
    return {id_: (number, exact) for id_, number, exact in rows}


def write_dossier(result: Result, path: Path, written: Path | None = None) -> None:
    """Write one file with everything that is needed to recompute the result elsewhere.

    Args:
        result: the result.
        path: the file.
        written: the folder that holds `result.json` and `values.parquet` already.
    """
    parts: dict[str, bytes] = {"project/project.yaml": result.project.document.text.encode()}
    answers = result.project.folder / ANSWERS_FILE
    if answers.is_file():
        parts[f"project/{ANSWERS_FILE}"] = answers.read_bytes()
    spec_documents = [
        result.methodology.document,
        *(document for _, document in result.methodology.modules.values()),
    ]
    for document in spec_documents:
        parts[f"methodologies/{document.data['id']}/spec.yaml"] = document.text.encode()
    for name, table in result.methodology.tables.items():
        parts[f"methodologies/factors/{name}.yaml"] = table.document.text.encode()
    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        for writer, name in ((write_result, RESULT_FILE), (write_values, VALUES_FILE)):
            file = (written or Path(scratch)) / name
            if written is None:
                writer(result, file)
            parts[name] = file.read_bytes()
    files = {f"project/{file.path}": result.project.folder / file.path for file in result.dataset.files}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    digests |= {f"project/{file.path}": file.sha256 for file in result.dataset.files}
    manifest = {
        "format": 1,
        "engine": {"name": "tonne", "version": result.engine_version},
        "result_digest": result.digest,
        "files": dict(sorted(digests.items())),
    }
    parts["manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            archive.writestr(_entry(name), parts[name])
        for name in sorted(files):
            with (
                archive.open(_entry(name, stored=name.endswith((".gz", ".parquet"))), "w") as target,
                files[name].open("rb") as source,
            ):
                digest = hashlib.sha256()
                while block := source.read(1 << 20):
                    digest.update(block)
                    target.write(block)
            if digest.hexdigest() != digests[name]:
                raise ReportError(changed_file(files[name].name, digests[name], digest.hexdigest()))


def _entry(name: str, stored: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry

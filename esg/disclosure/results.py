"""The results of a project as they were left by a run: a folder, a `result.json`, or a dossier; digests are verified.

Takes out what a disclosure needs: the four outputs by calendar year, the set of global warming potentials, and single
quantities by month or day. Computes no emissions and trusts no number whose digest does not fit.
"""

import datetime
import gzip
import hashlib
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from tonne.engine.data.answers import ANSWERS_FILE
from tonne.engine.errors import DataError, Place, Problem, nearest
from tonne.engine.result.files import DOSSIER_FILE, RESULT_FILE
from tonne.engine.result.result import ROLES, data_digest, rounded
from tonne.engine.spec.models import Text

LARGEST = 400_000_000  # bytes of a result.json
LARGEST_DOSSIER = 8_000_000_000  # bytes of all its files, unpacked
MOST_FILES = 10_000
CHUNK = 1 << 20
AGAIN = "run the project again with `tonne run`, and take its output as it is"
UNSTATED = "unstated"

_NUMBER = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?")
_STEPS = ("hour", "day", "month", "year")
_STATUSES = {"open", "answered", "closed", "reopened"}
_SETS = {"ar2", "ar4", "ar5", "ar6"}
_WEIGHED = re.compile(r"tCO2e/k?[tg](?!CO2)[A-Z]")  # the unit of a global warming potential of another gas


@dataclass(frozen=True)
class YearLines:
    """The outputs of one calendar year: exact, and the reduction as rounded by the methodology."""

    year: int
    start: datetime.date
    end: datetime.date
    exact: Mapping[str, Decimal]
    rounded: Decimal


@dataclass(frozen=True)
class Series:
    """A quantity by day, month or year, other indices and hours added up; labels: `2024-05-31`, `2024-05` or `2024`."""

    quantity: str
    unit: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True)
class ProjectResult:
    """What a disclosure takes from one result."""

    shown: str
    digest: str
    project_digest: str
    name: Text
    registration: str | None
    scheme: str
    methodology: str
    title: Text
    methodology_digest: str
    start: datetime.date
    end: datetime.date
    reduction: str
    rounding: str
    years: tuple[YearLines, ...]
    gwp: frozenset[str]
    open_findings: int
    blocking: int
    files: frozenset[str]  # the digests of its data files
    series: Mapping[str, Series]


def load_result(path: Path, shown: str, wanted: Iterable[str], place: Place) -> ProjectResult:
    """Read a result and verify its digest.

    Args:
        path: an output folder, a `result.json` (also packed as .gz or .xz), or a dossier.
        shown: the name that messages use for it.
        wanted: quantities by month or day that are needed.
        place: where the entity file names it.

    Raises:
        DataError: there is none, its digest does not fit, it is damaged, or a quantity is not there by month or day.
    """
    text = _text(path, shown, place)
    try:
        data = json.loads(text)
        if data["format"] != 1 or data_digest(data) != data["digest"]:
            what = "the digest of the result is not that of its content: it was changed, or is of another format"
            raise DataError(Problem(what, Place(shown), str(data["digest"])[:64], data_digest(data), hint=AGAIN))
        return _taken(data, shown, wanted, place)
    except (KeyError, TypeError, ValueError, ValidationError, AttributeError, RecursionError) as fault:
        if isinstance(fault, DataError):
            raise
        raise DataError(Problem("this is no result.json of this format", Place(shown), found=_brief(fault))) from None


def _text(path: Path, shown: str, place: Place) -> bytes:
    if path.is_dir():
        inner = next((path / name for name in (RESULT_FILE, DOSSIER_FILE) if (path / name).is_file()), None)
        if inner is None:
            hint = "name the output folder of `tonne run`, or its dossier"
            raise DataError(Problem(f"the folder {shown} has no {RESULT_FILE} and no {DOSSIER_FILE}", place, hint=hint))
        path = inner
    if not path.is_file():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(Problem(f"there is no result at {shown}", place, hint=nearest(path.name, siblings)))
    if zipfile.is_zipfile(path):
        return _from_dossier(path, shown)
    try:
        with _open(path) as file:
            text = file.read(LARGEST + 1)
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as fault:
        raise DataError(Problem("the result cannot be unpacked", Place(shown), found=_brief(fault))) from None
    if len(text) > LARGEST:
        raise DataError(Problem("the result is too large", Place(shown), f"at most {LARGEST:,} bytes"))
    return text


def _open(path: Path) -> IO[bytes] | gzip.GzipFile | lzma.LZMAFile:
    if path.suffix == ".gz":
        return gzip.GzipFile(path)
    return lzma.LZMAFile(path) if path.suffix == ".xz" else path.open("rb")


def _from_dossier(path: Path, shown: str) -> bytes:
    """Take the result out of a dossier, every file of which must have the digest that its manifest states."""
    place = Place(shown)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            sizes = {name: entry.file_size for name, entry in entries.items()}
            if len(entries) > MOST_FILES or sum(sizes.values()) > LARGEST_DOSSIER:
                most = f"at most {MOST_FILES:,} files and {LARGEST_DOSSIER:,} bytes"
                raise DataError(Problem("the dossier is too large", place, most))
            if any(sizes[name] > LARGEST for name in (RESULT_FILE, "manifest.json")):
                raise DataError(Problem("the dossier's result is too large", place, f"at most {LARGEST:,} bytes"))
            manifest = json.loads(archive.read("manifest.json"))
            for name, stated in manifest["files"].items():
                found = _digest(archive, name)
                if found != stated:
                    what = f"{name[:200]} in the dossier is not what its manifest states"
                    raise DataError(Problem(what, place, str(stated)[:64], found, hint=AGAIN))
            text = archive.read(RESULT_FILE)
            if RESULT_FILE not in manifest["files"] or json.loads(text)["digest"] != manifest["result_digest"]:
                raise DataError(Problem("the dossier's manifest is of another result", place, hint=AGAIN))
            return text
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, AttributeError, ValueError) as fault:
        if isinstance(fault, DataError):
            raise
        raise DataError(Problem("the dossier cannot be opened", place, found=_brief(fault))) from None


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _taken(data: Mapping[str, Any], shown: str, wanted: Iterable[str], place: Place) -> ProjectResult:
    project, methodology, outputs = data["project"], data["methodology"], data["outputs"]
    start, end = (datetime.date.fromisoformat(project["monitoring_period"][name]) for name in ("start", "end"))
    quantities = {quantity["id"]: quantity for quantity in data["quantities"]}
    failing = [finding for finding in data["findings"] if _status(finding, shown) != "closed"]
    return ProjectResult(
        shown,
        data["digest"],
        project["digest"],
        Text.model_validate(project["name"]),
        project["registration"],
        str(methodology["scheme"]),
        str(methodology["id"]),
        Text.model_validate(methodology["title"]),
        methodology["digest"],
        start,
        end,
        str(outputs["reduction"]),
        f"{outputs['rounding']['mode']}, {outputs['rounding']['unit']}",
        _years(data, start, end, shown),
        _potentials(quantities.values()),
        sum(finding["severity"] in {"corrective action", "clarification"} for finding in failing),
        sum(finding["severity"] == "blocking" for finding in failing),
        frozenset(str(file["sha256"]) for file in data.get("data") or ()),
        {name: _series(quantities, name, shown, place) for name in wanted},
    )


def _status(finding: Mapping[str, Any], shown: str) -> str:
    """Take how far a finding is; only a reply moves it, which the digest of a result leaves out."""
    status, replies = str(finding["status"]), finding["replies"]
    last = str(replies[-1]["status"]) if replies else "open"
    if status != last:
        what = f"finding {str(finding.get('id'))[:100]} has another status than its last reply"
        hint = f"write the answer into {ANSWERS_FILE} beside the project, and run it again"
        raise DataError(Problem(what, Place(shown), last[:40], status[:40], hint))
    if status not in _STATUSES:
        raise ValueError(f"not a status of a finding: {status[:40]}")
    return status


def _years(data: Mapping[str, Any], start: datetime.date, end: datetime.date, shown: str) -> tuple[YearLines, ...]:
    """Take the years; each once, and rounded as the result says that it rounds."""
    years = tuple(_year(item, start, end) for item in data["years"])
    if len({year.year for year in years}) != len(years):
        raise ValueError("a year is listed twice")
    mode = str(data["outputs"]["rounding"]["mode"])
    for year in years:
        meant = rounded(year.exact, mode)["reduction"]
        if year.rounded != meant:
            what = f"the reduction of {year.year} is not what its exact value rounds to ({mode})"
            raise DataError(Problem(what, Place(shown), f"{meant:f}", f"{year.rounded:f}", AGAIN))
    return years


def _year(item: Mapping[str, Any], start: datetime.date, end: datetime.date) -> YearLines:
    year = int(item["year"])
    first, last = max(start, datetime.date(year, 1, 1)), min(end, datetime.date(year, 12, 31))
    if last < first:
        raise ValueError(f"the year {year} is outside the monitoring period")
    return YearLines(
        year,
        first,
        last,
        {role: _number(item["exact"][role]) for role in ROLES},
        _number(item["rounded"]["reduction"]),
    )


def _number(text: object) -> Decimal:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {str(text)[:40]}")
    return Decimal(text)


def _potentials(quantities: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Find the assessment reports of the global warming potentials that were used; `unstated` where it is not told."""
    found: set[str] = set()
    for quantity in quantities:
        if quantity["kind"] != "parameter" or not quantity["count"]:
            continue
        for origin in (quantity.get("origins") or {"": {}}).values():
            if "gwp" in str(origin.get("table", "")):
                found |= ({str(key) for key in origin.get("key", ())} & _SETS) or {UNSTATED}
            elif _WEIGHED.match(quantity["unit"]):
                found.add(UNSTATED)
    return frozenset(found)


def _series(quantities: Mapping[str, Mapping[str, Any]], name: str, shown: str, place: Place) -> Series:
    quantity = quantities.get(name)
    if quantity is None:
        raise DataError(Problem(f"{shown} has no quantity '{name}'", place, hint=nearest(name, quantities)))
    axes = [position for position, over in enumerate(quantity["over"]) if over in _STEPS]
    if len(axes) != 1 or quantity["values"] is None:
        found = f"over {quantity['over']}" if quantity["values"] is not None else "values that are not listed"
        raise DataError(
            Problem(f"{name} of {shown} is not by time", place, f"a quantity over one of {', '.join(_STEPS)}", found)
        )
    values: dict[str, Decimal] = {}
    for label, value in quantity["values"].items():
        moment = label.split(",")[axes[0]][:10]  # of an hour, its day
        values[moment] = values.get(moment, Decimal(0)) + _number(value)
    return Series(name, quantity["unit"], values)


def _brief(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault)[:100]}"

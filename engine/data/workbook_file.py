"""Takes the rows of one sheet out of a workbook of a stranger: xlsx and xlsm, and xls as far as it goes.

Looks at the file before it is read (is it one, is it protected, is its size in proportion), has another process
read it, and refuses what that reading would hide: cells in error, formulas without a stored value. Macros, links
to other files and formulas are never followed. Of the older xls the library does not tell which cells are in
error; they come out empty.
"""

import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree as ET

from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, listing, nearest

LARGEST = 1_000_000_000  # bytes of a workbook after decompression
LARGEST_XLS = 100_000_000
LARGEST_RATIO = 100  # sheets of readings compress to a tenth or a twentieth
RATIO_MATTERS_FROM = 50_000_000
MOST_PARTS = 5_000
CHUNK = 1 << 20

_ZIP, _COMPOUND = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FAULTY = re.compile(
    rb"""<(?:\w+:)?c\b(?=[^<>]{0,300}\br=["']([A-Z]{1,3}[0-9]{1,7})["'])(?:"""
    rb"""(?=[^<>]{0,300}\bt=["']e["'])[^<>]{0,300}>(?:<(?:\w+:)?f\b[^<]*(?:</(?:\w+:)?f>)?)?<(?:\w+:)?v>([^<]{1,20})<"""
    rb"""|[^<>]{0,300}><(?:\w+:)?f\b(?:[^<>]{0,300}/>|[^<]*</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>)"""
)
_LONGEST_CELL = 1 << 16
_CELL = re.compile(r"([A-Z]+)(\d+)")


@dataclass(frozen=True)
class Sheet:
    """One sheet: which, and its rows as text, None where a cell is empty."""

    name: str
    others: tuple[str, ...]  # the other sheets that are shown
    hidden: tuple[str, ...]  # those that are not
    column: int  # of the first cell of each row, from 0
    merged: tuple[tuple[int, int, int, int], ...]  # first and last row, first and last column, from 0
    faults: dict[tuple[int, int], str]  # row and column to the error, or empty for a formula without a value
    rows: Iterator[list[str | None]]


def open_sheet(path: Path, shown: str, wanted: str | int | None) -> Sheet:
    """Open a sheet of a workbook.

    Args:
        path: the workbook.
        shown: the name that messages use for it.
        wanted: the name or number of the sheet, None where there is only one.

    Raises:
        DataError: it is no workbook, protected, damaged, out of proportion, or the sheet is not clear.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(8)
    zipped = start.startswith(_ZIP)
    if zipped:
        _check_parts(path, shown)
    elif start == _COMPOUND:
        _check_compound(path, shown, suffix)
    else:
        what = f"this is no workbook, although its name ends in {suffix}"
        hint = "some systems write text or a web page under that name: open it and save it as xlsx"
        raise DataError(Problem(what, Place(shown), found=f"a file that begins with {start!r}", hint=hint))
    lines = _lines(path, shown, wanted)
    head = next(lines)
    if "fault" in head:
        _refuse(head, shown)
    sheets = dict(head["sheets"])
    if head["sheet"] is None:
        _refuse_sheet(sheets, wanted, shown)
    name = str(head["sheet"])
    others = tuple(other for other, visible in sheets.items() if visible and other != name)
    hidden = tuple(other for other, visible in sheets.items() if not visible and other != name)
    merged = tuple((first[0], last[0], first[1], last[1]) for first, last in head["merged"])
    faults = _faults(path, name) if zipped else {}
    return Sheet(name, others, hidden, head["column"], merged, faults, lines)


def column_letters(column: int) -> str:
    """Name a column of a sheet, numbered from 0.

    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(702)
    ('A', 'Z', 'AA', 'AAA')
    """
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


def _check_parts(path: Path, shown: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if len(parts) > MOST_PARTS or len(names) < len(parts):
                _damaged(shown, "too many parts, or one twice")
            if "xl/workbook.xml" not in names:
                kind = "a workbook in binary form" if "xl/workbook.bin" in names else "no workbook"
                raise DataError(Problem(f"this is {kind}", Place(shown), hint="save it as xlsx"))
            _check_size(sum(part.file_size for part in parts), path.stat().st_size, shown)
            for part in parts:
                _check_part(path, part, shown)
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        _damaged(shown, str(error))


def _check_part(path: Path, part: zipfile.ZipInfo, shown: str) -> None:
    """Unpack a part and throw it away: its size must be what the archive says."""
    if part.flag_bits & 1 or part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        _damaged(shown, f"part {part.filename} is encrypted or packed in an unusual way")
    if part.compress_type == zipfile.ZIP_STORED:
        if part.file_size != part.compress_size:
            _damaged(shown, f"part {part.filename} has another size than it states")
        return
    total = 0
    unpack = zlib.decompressobj(-15)
    with path.open("rb") as file:
        file.seek(part.header_offset + 26)
        lengths = file.read(4)
        file.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
        left = part.compress_size
        while left > 0 and not unpack.eof and (packed := file.read(min(CHUNK, left))):
            left -= len(packed)
            while packed and total <= part.file_size:
                text = unpack.decompress(packed, CHUNK)
                if b"<!DOCTYPE" in text:
                    _damaged(shown, f"part {part.filename} defines names of its own")
                total += len(text)
                packed = unpack.unconsumed_tail
    if total != part.file_size or not unpack.eof:
        _damaged(shown, f"part {part.filename} has another size than it states")


def _check_size(total: int, size: int, shown: str) -> None:
    if total > LARGEST or (total > RATIO_MATTERS_FROM and total > size * LARGEST_RATIO):
        limit = f"at most {LARGEST // 10**6} MB and {LARGEST_RATIO} times its size"
        raise DataError(
            Problem(
                "the workbook is out of proportion",
                Place(shown),
                f"{limit} after unpacking",
                f"{total // 10**6} MB from {size / 10**6:.1f} MB",
                "save the readings as csv",
            )
        )


def _check_compound(path: Path, shown: str, suffix: str) -> None:
    if path.stat().st_size > LARGEST_XLS:
        raise DataError(Problem("the workbook is too large", Place(shown), hint="save it as csv or xlsx"))
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        _refuse({"fault": "password"}, shown)
    if suffix != ".xls":
        hint = "open it and save it as xlsx"
        raise DataError(
            Problem(f"this is an older workbook, although its name ends in {suffix}", Place(shown), hint=hint)
        )


def _lines(path: Path, shown: str, wanted: str | int | None) -> Iterator[Any]:
    """Have the sheet read by another process, and give what it says, line by line."""
    command = [sys.executable, "-P", "-m", "tonne.engine.data.sheets", str(path.resolve()), json.dumps(wanted)]
    with subprocess.Popen(  # noqa: S603 (the interpreter that runs; a path that cannot be an option)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        if process.stdout is None:
            return
        try:
            yield from map(json.loads, process.stdout)
        except json.JSONDecodeError:
            _ended(shown)
        except GeneratorExit:
            process.kill()
            raise
        if process.wait() != 0:
            _ended(shown)


def _ended(shown: str) -> NoReturn:
    what = "the workbook cannot be read: it is damaged, or its cells lie so far apart that it needs more than 1 GB"
    hint = "delete what stands far to the right or below the readings, or save the sheet as csv"
    raise DataError(Problem(what, Place(shown), hint=hint))


def _refuse(head: dict[str, str], shown: str) -> NoReturn:
    if head["fault"] == "password":
        hint = "save it without a password"
        raise DataError(Problem("the workbook is protected by a password", Place(shown), hint=hint))
    _damaged(shown, head.get("found", ""))


def _damaged(shown: str, found: str) -> NoReturn:
    hint = "open it and save it again as xlsx"
    raise DataError(Problem("the workbook is damaged or cut off", Place(shown), found=found or None, hint=hint))


def _refuse_sheet(sheets: dict[str, bool], wanted: str | int | None, shown: str) -> NoReturn:
    known = f"the sheets are {listing([name if visible else f'{name} (hidden)' for name, visible in sheets.items()])}"
    if wanted is None:
        what = "it is not clear which sheet is meant"
        hint = f"{known}; say `form: {{sheet: …}}`"
    else:
        what = f"there is no sheet {wanted}" if isinstance(wanted, int) else f"there is no sheet '{wanted}'"
        hint = " ".join(filter(None, [nearest(str(wanted), sheets), known]))
    raise DataError(Problem(what, Place(shown), hint=hint))


def _faults(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Find the cells in error, and the formulas whose value was never stored, in the text of the sheet itself."""
    found: dict[tuple[int, int], str] = {}
    with zipfile.ZipFile(path) as archive:
        name = _part_of(archive, sheet)
        if name not in archive.namelist():
            return found
        with archive.open(name) as part:
            rest = b""
            while chunk := part.read(CHUNK):
                block = rest + chunk
                for match in _FAULTY.finditer(block):
                    found[_position(match[1].decode())] = (match[2] or b"").decode(errors="replace")
                    if len(found) > 100 * SHOWN_PROBLEMS:
                        return found
                cut = block.rfind(b"<c ", max(0, len(block) - _LONGEST_CELL))
                rest = block[cut:] if cut >= 0 else block[-_LONGEST_CELL:]
    return found


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Find the part that holds a sheet."""
    workbook, relations = (_parsed(archive, name) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
    ids = [
        entry.get(_RELATION) for entry in workbook.iter() if entry.tag.endswith("}sheet") and entry.get("name") == sheet
    ]
    targets = [entry.get("Target", "") for entry in relations.iter() if entry.get("Id") in ids]
    return targets[0].lstrip("/") if targets and targets[0].startswith("/") else f"xl/{targets[0] if targets else ''}"


def _parsed(archive: zipfile.ZipFile, name: str) -> ET.Element:
    try:
        text = archive.read(name) if archive.getinfo(name).file_size < 10 * CHUNK else b"<none/>"
        return ET.fromstring(b"<none/>" if b"<!DOCTYPE" in text else text)  # noqa: S314 (no entities, and small)
    except (KeyError, ET.ParseError):
        return ET.Element("none")


def _position(cell: str) -> tuple[int, int]:
    found = _CELL.fullmatch(cell)
    if found is None:
        return 0, 0
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, column - 1

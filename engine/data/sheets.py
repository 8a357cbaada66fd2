"""Reads one sheet of a workbook in a process of its own, and writes its rows as lines of JSON.

The only module that knows the workbook library. Run as `python -m tonne.engine.data.sheets PATH SHEET`: what a
hostile file can do to the library ends with this process, whose memory is limited. Formulas are never evaluated;
their stored values are read. Judges nothing: every cell is written as text, an empty one as null.

The first line says which sheets there are, which one is read, its first column, and which cells are merged.
"""

import contextlib
import datetime
import json
import sys

import python_calamine

MEMORY = 1 << 30
LONGEST_CELL = 500  # no number, time or name is longer
MOST_MERGED = 100_000

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def cell_text(cell: Cell) -> str | None:
    """Write a cell as text: numbers as the shortest decimal that is the same double, times to the second.

    >>> [cell_text(cell) for cell in (1200.0, 0.1, True, " 电量 ", "", datetime.date(2024, 5, 1))]
    ['1200', '0.1', 'TRUE', '电量', None, '2024-05-01']
    """
    if isinstance(cell, str):
        text = cell[: LONGEST_CELL + 1].strip()
        return (text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…") or None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        whole = (cell + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
        return whole.isoformat(sep=" ")
    if isinstance(cell, datetime.time):
        cell = datetime.timedelta(
            hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond
        )
    if isinstance(cell, datetime.timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)


def main(path: str, wanted: str) -> None:
    """Write a sheet to the standard output; `wanted` is JSON: a name, a number from 1, or null for the only one."""
    _limit_memory()
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [
            (entry.name, entry.visible == python_calamine.SheetVisibleEnum.Visible)
            for entry in workbook.sheets_metadata
            if entry.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        name = _chosen(sheets, json.loads(wanted))
        sheet = workbook.get_sheet_by_name(name) if name is not None else None
    except python_calamine.PasswordError:
        _say({"fault": "password"})
        return
    except Exception as error:  # noqa: BLE001 (whatever the library says of a file, it is the file's fault)
        _say({"fault": "damaged", "found": str(error)[:200]})
        return
    _, column = (sheet.start if sheet else None) or (0, 0)
    merged = (sheet.merged_cell_ranges if sheet else None) or []
    _say({"sheets": sheets, "sheet": name, "column": column, "merged": merged[:MOST_MERGED]})
    for cells in sheet.iter_rows() if sheet else ():
        _say([cell_text(cell) for cell in cells])


def _chosen(sheets: list[tuple[str, bool]], wanted: str | int | None) -> str | None:
    names = [name for name, _ in sheets]
    if isinstance(wanted, int):
        return names[wanted - 1] if wanted <= len(names) else None
    visible = [name for name, shown in sheets if shown]
    if wanted is None:
        return visible[0] if len(visible) == 1 else None
    return wanted if wanted in names else None


def _say(line: object) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False))
    sys.stdout.write("\n")


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 (not on every system)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    main(sys.argv[1], sys.argv[2])

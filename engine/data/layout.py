"""Brings a file of any declared form to a table of the store: one row for each value, every cell as text.

Knows text files and workbooks, names of columns over several rows, rows of totals, merged cells, and tables with
one column for each meter or time of day. Keeps the row of the file and the column for messages. Values are not
judged here; a plain file never comes this way.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import duckdb

from tonne.engine.data.amounts import NO_STORED_VALUE
from tonne.engine.data.encodings import text_rows
from tonne.engine.data.file_form import FileForm
from tonne.engine.data.intake import (
    MOST_COLUMNS,
    SUFFIXES,
    WORKBOOKS,
    FileFacts,
    cut_problems,
    require_columns,
    suffix_of,
)
from tonne.engine.data.workbook_file import Sheet, column_letters, open_sheet
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, UnitError
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import parse_unit, reading_conversion

BLOCK = 5_000
SHOWN_ROWS = 100

Row = list[str | None]


@dataclass(frozen=True)
class Spread:
    """Columns of which each holds the values of one meter, or of one time of day."""

    alias: str  # `meter` or `clock`: what the column stands for
    columns: Mapping[str, str] | None = None  # column to meter or time; None for all that are not excepted
    excepted: Collection[str] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked of a file: columns by alias, and which hold values, with the units that the project states."""

    columns: Mapping[str, str]
    spread: Spread | None = None
    amounts: Collection[str] = ()  # columns that hold values, beside those of the spread
    units: Mapping[str, str] = field(default_factory=dict)  # column to unit; "" for every column of a spread


@dataclass
class _Body:
    """The rows below the names while they are read."""

    shown: str
    form: FileForm
    names: tuple[str, ...]
    asked: Mapping[str, int]  # alias to position
    amounts: frozenset[int]  # positions that hold values
    spread: Sequence[tuple[int, str]]  # position to meter or time of day
    sheet: Sheet | None
    problems: list[Problem] = field(default_factory=list)
    faults: int = 0
    left_out: list[int] = field(default_factory=list)
    filled: int = 0

    @property
    def wanted(self) -> list[int]:
        """The positions that are read."""
        return sorted({*self.asked.values(), *(position for position, _ in self.spread)})

    def refuse(self, row: int, position: int | None, what: str, found: str | None, hint: str | None) -> None:
        self.faults += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            name = None if position is None else self.names[position]
            self.problems.append(Problem(what, Place(self.shown, row, field=name), found=found, hint=hint))


def is_plain(path: Path, form: FileForm | None, spread: Spread | None) -> bool:
    """Whether the store reads a file from where it is."""
    return form in (None, FileForm()) and spread is None and suffix_of(path.name) in SUFFIXES


def lay_out_file(
    store: duckdb.DuckDBPyConnection, path: Path, shown: str, form: FileForm | None, asked: Asked, table: str
) -> FileFacts:
    """Make a table of the columns that are asked for.

    Args:
        store: where the table is made.
        path: the file.
        shown: the name that messages use for it.
        form: its layout, None for the usual one.
        asked: which columns.
        table: the name of the table, quoted; its columns are `row`, the aliases, and of a spread `amount`, what
            the column stands for, and `field`, the name of the column.

    Raises:
        DataError: the file cannot be read under this form, or a column is not there.
    """
    form = form or FileForm()
    if path.stat().st_size == 0:
        raise DataError(Problem("the file is empty", Place(shown)))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    sheet, rows = open_rows(path, shown, form)
    names, units = column_names(rows, form, sheet, shown)
    require_columns(names, asked.columns.values(), Place(shown, form.header_rows[-1]))
    spread = _spread(names, asked, Place(shown, form.header_rows[-1]))
    positions = {alias: names.index(column) for alias, column in asked.columns.items()}
    _check_units(units, names, asked, spread, Place(shown, form.header.units if form.header else None))
    amounts = frozenset([position for position, _ in spread] + [names.index(column) for column in asked.amounts])
    body = _Body(shown, form, names, positions, amounts, spread, sheet)
    count = _fill(store, table, body, _body_rows(rows, body), asked.spread)
    if body.problems:
        raise DataError(cut_problems(body.problems, body.faults, shown))
    if not count:
        raise DataError(Problem("the file has no rows below the names of its columns", Place(shown)))
    letters = {name: column_letters(sheet.column + index) for index, name in enumerate(names)} if sheet else {}
    suffix = suffix_of(path.name) or ""
    facts = FileFacts(path, shown, suffix, digest, path.stat().st_size, count, names)
    return replace(facts, table=table, sheet=sheet.name if sheet else None, letters=letters, notes=tuple(_notes(body)))


def open_rows(path: Path, shown: str, form: FileForm) -> tuple[Sheet | None, Iterator[tuple[int, Row]]]:
    """Give the rows of a file as they are, numbered from 1, None where a cell is empty; of a workbook the sheet too.

    Raises:
        DataError: the file is not of this form.
    """
    suffix = suffix_of(path.name)
    if suffix in WORKBOOKS:
        sheet = open_sheet(path, shown, form.sheet)
        return sheet, enumerate(sheet.rows, start=1)
    if suffix is None or suffix == ".parquet":
        expected = f"a name that ends in {', '.join((*SUFFIXES, *WORKBOOKS))}"
        what = "a Parquet file has no such form" if suffix else "this kind of file is not read"
        hint = "remove `form:`" if suffix else None
        raise DataError(Problem(what, Place(shown), None if suffix else expected, hint=hint))
    cells = text_rows(path, shown, form.encoding, form.delimiter)
    return None, ((row, [text.strip() or None for text in texts]) for row, texts in cells)


def column_names(
    rows: Iterator[tuple[int, Row]], form: FileForm, sheet: Sheet | None, shown: str
) -> tuple[tuple[str, ...], Row]:
    """Read the names of the columns, and the row of units if there is one.

    Raises:
        DataError: there are none, or too many.
    """
    tops: list[Row] = []
    units: Row = []
    for row, cells in islice(rows, form.body_row - 1):
        if row in form.header_rows:
            tops.append(_spanned(cells, row, last=row == form.header_rows[-1], sheet=sheet))
        elif form.header and row == form.header.units:
            units = cells
        if row >= form.body_row - 1:
            break
    width = max(map(len, tops), default=0)
    if width > MOST_COLUMNS:
        raise DataError(Problem(f"the file has more than {MOST_COLUMNS} columns", Place(shown, form.header_rows[-1])))
    parts = [[cells[index] if index < len(cells) else None for cells in tops] for index in range(width)]
    names = tuple(" ".join(" ".join(part.split()) for part in dict.fromkeys(column) if part) for column in parts)
    if not any(names):
        what = "the row that names the columns is empty"
        hint = "`form: {skip: …}` or `form: {header: {rows: […]}}` says which row it is"
        raise DataError(Problem(what, Place(shown, form.header_rows[-1]), hint=hint))
    return names, units


def _spanned(cells: Row, row: int, *, last: bool, sheet: Sheet | None) -> Row:
    """Repeat the name of a merged cell over its columns; text files show a merged cell as empty ones after it."""
    if sheet is not None:
        cells = list(cells)
        for first, _, left, right in sheet.merged:
            begin = left - sheet.column
            if first == row - 1 and right > left and 0 <= begin < len(cells):
                end = min(right - sheet.column + 1, MOST_COLUMNS)
                cells += [None] * (end - len(cells))
                cells[begin:end] = [cells[begin]] * (end - begin)
        return cells
    if last:
        return cells
    spanned: Row = []
    for cell in cells:
        spanned.append(cell or (spanned[-1] if spanned else None))
    return spanned


def _spread(names: Sequence[str], asked: Asked, place: Place) -> list[tuple[int, str]]:
    spread = asked.spread
    if spread is None:
        return []
    if spread.columns is None:
        require_columns(names, spread.excepted, place)
        others = {*spread.excepted, *asked.columns.values(), ""}
        columns = {name: name for name in names if name not in others}
    else:
        columns = dict(spread.columns)
    require_columns(names, columns, place)
    if not columns:
        raise DataError(Problem("no column is left that could hold values", place))
    return [(names.index(name), meaning) for name, meaning in columns.items()]


def _check_units(
    units: Row, names: Sequence[str], asked: Asked, spread: Sequence[tuple[int, str]], place: Place
) -> None:
    """Hold the units that the file states against those of the project."""
    stated = {names[position]: asked.units.get(names[position], asked.units.get("", "")) for position, _ in spread}
    stated |= {column: unit for column, unit in asked.units.items() if column in names}
    problems = []
    for column, unit in stated.items():
        position = names.index(column)
        written = (units[position] if position < len(units) else None) or ""
        written = written.strip("()（）[]【】 ")
        if written and not _same_unit(written, unit):
            what = "the file states another unit than the project"
            problems.append(Problem(what, replace(place, field=column), unit, written))
    if problems:
        raise DataError(problems)


def _same_unit(one: str, other: str) -> bool:
    try:
        return reading_conversion(parse_unit(one), parse_unit(other)) == (Fraction(1), Fraction(0))
    except UnitError:
        return one == other


def _body_rows(rows: Iterator[tuple[int, Row]], body: _Body) -> Iterator[tuple[int, Row]]:
    """Give the rows of values: without empty rows and totals, merged cells filled, all of one length."""
    width, footer = len(body.names), tuple(body.form.footer)
    require_columns(body.names, body.form.fill_down, Place(body.shown, body.form.header_rows[-1]))
    down = [body.names.index(column) for column in body.form.fill_down]
    above: dict[int, str | None] = {}
    spans = _spans(body)
    open_spans: dict[int, tuple[int, str | None]] = {}
    faults = body.sheet.faults if body.sheet else {}
    offset = body.sheet.column if body.sheet else 0
    for row, given in rows:
        first = next((cell for cell in given if cell), None)
        if first is None and not spans and not faults:
            continue
        if first is not None and footer and first.startswith(footer):
            body.left_out.append(row)
            continue
        cells = _fitted(given, width, row, body)
        if faults:
            for position in body.wanted:
                fault = faults.get((row - 1, position + offset))
                cells[position] = (fault or NO_STORED_VALUE) if fault is not None else cells[position]
        if spans:
            _fill_merged(cells, row, body, spans, open_spans)
        if not any(cells):
            continue
        for position in down:
            above[position] = cells[position] = cells[position] or above.get(position)
        yield row, cells


def _fitted(cells: Row, width: int, row: int, body: _Body) -> Row:
    if len(cells) == width:
        return cells
    if len(cells) < width and body.sheet is None:
        found = f"{len(cells)} fields instead of {width}"
        hint = "a row of totals or remarks is left out by `form: {footer: […]}`"
        body.refuse(row, None, "the row has too few fields", found, hint)
    if any(cells[width:]):
        hint = "a text that contains the delimiter is written in quotes; a row of remarks goes under `footer:`"
        body.refuse(row, None, "the row has too many fields", f"{len(cells)} fields instead of {width}", hint)
    return [*cells[:width], *[None] * (width - len(cells))]


def _spans(body: _Body) -> dict[int, dict[int, tuple[int, bool]]]:
    """Sort the merged cells below the names by column and first row."""
    spans: dict[int, dict[int, tuple[int, bool]]] = defaultdict(dict)
    for first, last, left, right in body.sheet.merged if body.sheet else ():
        if last < body.form.body_row - 1:
            continue
        for position in body.wanted:
            column = position + (body.sheet.column if body.sheet else 0)
            if left <= column <= right and (last > first or position in body.amounts):
                spans[position][first + 1] = (last + 1, column == left)
    return spans


def _fill_merged(
    cells: Row,
    row: int,
    body: _Body,
    spans: Mapping[int, Mapping[int, tuple[int, bool]]],
    open_spans: dict[int, tuple[int, str | None]],
) -> None:
    for position, starts in spans.items():
        if row in starts:
            last, leftmost = starts[row]
            open_spans[position] = (last, cells[position] if leftmost else None)
            if position in body.amounts and (cells[position] or not leftmost):
                hint = "an amount of several intervals or meters cannot be divided; give each cell its own"
                body.refuse(row, position, "a merged cell holds the value", cells[position], hint)
        last, text = open_spans.get(position, (0, None))
        if row <= last and cells[position] is None and position not in body.amounts:
            cells[position] = text
            body.filled += text is not None


def _fill(
    store: duckdb.DuckDBPyConnection,
    table: str,
    body: _Body,
    rows: Iterator[tuple[int, Row]],
    spread: Spread | None,
) -> int:
    """Write the rows into the table, block by block; gives how many values there are."""
    names = [*body.asked, *([spread.alias, "field", "amount"] if spread else [])]
    columns = "".join(f", {name} VARCHAR" for name in names)
    marks = ", ".join(["unnest(?)"] * (len(names) + 1))
    store.execute(f"CREATE OR REPLACE TABLE {table} (row BIGINT{columns})")
    count = 0
    size = max(1, BLOCK // max(1, len(body.spread)))
    while block := list(islice(rows, size)):
        lists: list[Sequence[object]] = [[row for row, _ in block]]
        lists += [[cells[position] for _, cells in block] for position in body.asked.values()]
        if spread:
            times = len(body.spread)
            lists = [[entry for entry in entries for _ in range(times)] for entries in lists]
            lists.append([meaning for _, meaning in body.spread] * len(block))
            lists.append([body.names[position] for position, _ in body.spread] * len(block))
            lists.append([cells[position] for _, cells in block for position, _ in body.spread])
        store.execute(f"INSERT INTO {table} SELECT {marks}", lists)
        count += len(lists[0])
    return count


def _notes(body: _Body) -> Iterator[Finding]:
    place = Place(body.shown)
    if body.sheet and body.sheet.hidden:
        names = list(body.sheet.hidden)
        yield Finding(
            "file.hidden_sheets",
            Severity.NOTE,
            f"{body.shown}含{len(names)}个隐藏工作表（{'、'.join(names)}），未采用其中的数据；采用的工作表为“{body.sheet.name}”。",
            f"{body.shown} has {len(names)} hidden sheets ({', '.join(names)}), which are not read; "
            f"the sheet '{body.sheet.name}' is.",
            {"sheet": body.sheet.name, "hidden": names},
            place,
        )
    if body.left_out:
        rows = body.left_out
        yield Finding(
            "file.rows_left_out",
            Severity.NOTE,
            f"{body.shown}中有{len(rows)}行为合计或说明（首处：第{rows[0]}行），按项目文件规定未采用。",
            f"{body.shown}: {len(rows)} rows of totals or remarks (first: row {rows[0]}) are left out, as the project "
            "states.",
            {"count": len(rows), "rows": rows[:SHOWN_ROWS], "begin_with": list(body.form.footer)},
            place,
        )
    if body.filled:
        yield Finding(
            "file.merged_cells",
            Severity.NOTE,
            f"{body.shown}中有{body.filled}个单元格属于合并单元格，取其左上角内容。",
            f"{body.shown}: {body.filled} cells are part of merged cells and take what stands in the first one.",
            {"count": body.filled},
            place,
        )

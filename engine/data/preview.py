"""Looks at a data file that nobody has described yet, and says what it seems to be.

Used when a project is set up, never while one runs: what is found here is a proposal, and what a file cannot say
(what the values read, which direction, which offset) is listed for a human to decide.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import get_args

from tonne.engine.data.column_kinds import (
    NO_VALUE,
    Column,
    Row,
    fitting_patterns,
    has_offset,
    number_of,
    tell_columns,
    unit_of,
)
from tonne.engine.data.encodings import likely_encoding
from tonne.engine.data.file_form import Delimiter, FileForm, Header, NumberForm
from tonne.engine.data.intake import WORKBOOKS, chunks, suffix_of
from tonne.engine.data.layout import column_names, open_rows
from tonne.engine.data.number_text import plain_number
from tonne.engine.data.stamp_counts import StampCounts, Times, tell_times
from tonne.engine.errors import DataError, Place, Problem, listing

LOOKED_AT = 300  # rows from which columns are judged
MOST_HEADER_ROWS = 3

_METER_NAME = re.compile("表号|表计|计量点|机组|风机|设备|逆变器|meter|turbine|device|point|name|tag", re.IGNORECASE)


@dataclass(frozen=True)
class Preview:
    """What a file seems to be."""

    path: Path
    form: FileForm
    numbers: NumberForm | None
    sheets: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int
    times: Times | None
    meter: str | None  # the column of meters
    meters: tuple[str, ...]
    values: tuple[Column, ...]

    @property
    def is_wide(self) -> bool:
        """Whether several columns hold values in one unit or none, and no column names meters."""
        return (
            self.meter is None
            and not self.across
            and len({column.unit for column in self.values}) == 1 < len(self.values)
        )

    def said(self) -> list[str]:
        """Say what the stamps show, line by line."""
        times = self.times
        if times is None or times.first is None:
            return ["no column of dates was found"]
        lines = [f"time: {times.first} to {times.last}, every {times.interval or '?'}"]
        lines.append(f"      {times.missing:,} stamps are missing in between, {times.repeated:,} are repeated")
        if self.meter is not None:
            lines.append(f"meters: {listing(self.meters, 12)}")
        return lines

    @property
    def across(self) -> Mapping[str, str]:
        """The columns of times of day."""
        return self.times.across if self.times else {}


def preview(path: Path) -> Preview:
    """Look at a file.

    Raises:
        DataError: it cannot be read in any way that is known.
    """
    form = _file_form(path)
    sheet, rows = open_rows(path, path.name, form)
    head = list(islice(rows, LOOKED_AT))
    if sheet is not None and (sheet.others or sheet.hidden):
        form = form.model_copy(update={"sheet": sheet.name})
    form = _with_header(form, head)
    names, units = column_names(iter(head), form, sheet, path.name)
    body = [(row, _fitted(cells, len(names))) for row, cells in head if row >= form.body_row and any(cells)]
    if not body:
        raise DataError(Problem("no rows of values are found", Place(path.name)))
    sample = [cells for _, cells in body]
    columns = tell_columns(names, units, sample)
    times = tell_times(columns, sample)
    rest = ((row, _fitted(cells, len(names))) for row, cells in rows)
    found = StampCounts(names, times, _meter(columns, sample))
    found.count(chain(body, rest), form)
    if times and found.footer:
        form = form.model_copy(update={"footer": [*form.footer, *found.footer]})
    values = tuple(
        column for column in columns if column.kind == "value" and column.name not in (times.across if times else ())
    )
    return Preview(
        path,
        form,
        _number_form(columns, sample, names),
        (sheet.name, *sheet.others) if sheet else (),
        columns,
        found.rows,
        found.times(),
        found.meter,
        tuple(found.stamps),
        values,
    )


def _file_form(path: Path) -> FileForm:
    """Find an encoding and a delimiter; of a workbook with several sheets the first."""
    if suffix_of(path.name) in WORKBOOKS:
        try:
            open_rows(path, path.name, FileForm())
        except DataError as error:
            if "which sheet" not in str(error):
                raise
            return FileForm(sheet=1)
        return FileForm()
    compressed = path.name.lower().endswith(".gz")
    sample = next(chunks(path, path.name, compressed=compressed), b"")
    encoding = likely_encoding(sample, whole=len(sample) >= path.stat().st_size and not compressed)
    if encoding is None:
        hint = "save it as csv in UTF-8"
        raise DataError(Problem("the file is text in no known encoding", Place(path.name), hint=hint))
    best, width = FileForm(encoding=encoding), 0
    for delimiter in get_args(Delimiter):
        form = FileForm(encoding=encoding, delimiter=delimiter)
        try:
            lengths = Counter(len(cells) for _, cells in islice(open_rows(path, path.name, form)[1], LOOKED_AT))
        except DataError:
            continue
        usual = max(lengths, key=lambda length: (lengths[length], length), default=1)
        if usual > width:
            best, width = form, usual
    return best


def _with_header(form: FileForm, head: Sequence[tuple[int, Row]]) -> FileForm:
    """Find the rows that name the columns: those with several texts above the first row of values."""
    first = next((index for index, (_, cells) in enumerate(head) if _is_body(cells)), None)
    if first is None or first == 0:
        return form
    units = None
    above = first - 1
    texts = [cell for cell in head[above][1] if cell]
    if above > 0 and texts and all(unit_of(cell.strip("()（）[]【】 ")) or cell in {"-", "/"} for cell in texts):
        units, above = head[above][0], above - 1
    rows = [head[above][0]]
    while len(rows) < MOST_HEADER_ROWS and above > 0 and sum(cell is not None for cell in head[above - 1][1]) > 1:
        above -= 1
        rows.insert(0, head[above][0])
    if rows == [1] and units is None:
        return form
    if len(rows) == 1 and units is None:
        return form.model_copy(update={"skip": rows[0] - 1})
    return form.model_copy(update={"header": Header(rows=rows, units=units)})


def _is_body(cells: Row) -> bool:
    filled = [cell for cell in cells if cell]
    numbers = sum(number_of(cell) is not None for cell in filled)
    return numbers >= 1 and (
        numbers * 2 >= len(filled) or any(fitting_patterns(cell) or has_offset(cell) for cell in filled)
    )


def _fitted(cells: Row, width: int) -> Row:
    return [*cells[:width], *[None] * (width - len(cells))]


def _meter(columns: Sequence[Column], sample: Sequence[Row]) -> str | None:
    """Find the column that names meters: texts that come again and again."""
    likely = []
    for index, column in enumerate(columns):
        labels = {cells[index] for cells in sample if cells[index]}
        if column.kind == "text" and labels and (_METER_NAME.search(column.name) or len(labels) * 2 < len(sample)):
            likely.append((not _METER_NAME.search(column.name), column.filled < len(sample), index, column.name))
    return min(likely)[-1] if likely else None


def _number_form(columns: Sequence[Column], sample: Sequence[Row], names: Sequence[str]) -> NumberForm | None:
    """Say how numbers are written, if not plainly."""
    positions = [names.index(column.name) for column in columns if column.kind == "value"]
    texts = {cells[position] for cells in sample for position in positions} - {None}
    empty = [text for text in NO_VALUE if text in texts]
    odd = [text for text in texts if text and text not in NO_VALUE and plain_number(text, None) is None]
    if odd and all(plain_number(text, NumberForm(thousands=",")) is not None for text in odd):
        return NumberForm(thousands=",", no_value=empty)
    if odd:
        return NumberForm(decimal=",", no_value=empty)
    return NumberForm(no_value=empty) if empty else None

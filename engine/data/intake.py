"""Looks at a data file before it is read: is it whole, is it text, is its size sane; and reads its columns.

Everything that would make the column store read wrongly, slowly or without end is refused here, with the
line. Values are not judged: every column comes out as text.
"""

import csv
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import duckdb

from tonne.engine.data.store import file_pattern, open_store, quoted, text_literal
from tonne.engine.errors import SHOWN_PROBLEMS, DataError, Place, Problem, listing, nearest
from tonne.engine.findings import Finding

SUFFIXES = (".csv", ".csv.gz", ".parquet")
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
CHUNK = 1 << 20
LONGEST_LINE = CHUNK
MOST_COLUMNS = 2_000
LARGEST_TEXT = 20_000_000_000  # bytes after decompression
LARGEST_RATIO = 500  # readings compress to a tenth or a thirtieth
RATIO_MATTERS_FROM = 100_000_000

ROW = "file_row_number"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True)
class FileFacts:
    """What is known of a data file without judging its values."""

    path: Path
    shown: str
    suffix: str
    sha256: str
    bytes: int
    rows: int
    columns: tuple[str, ...]
    table: str | None = None  # in the store, where the file could not be read from where it is
    sheet: str | None = None
    letters: Mapping[str, str] = field(default_factory=dict)  # column to its letters in the sheet
    notes: tuple[Finding, ...] = ()

    def place(self, row: int, column: str | None = None) -> Place:
        """Point at a cell; in a workbook with its sheet and letters, as in 表1!C17."""
        letters = self.letters.get(column or "")
        return Place(self.shown, row, field=f"{column}, {self.sheet}!{letters}{row}" if letters else column)


def inspect(path: Path, shown: str) -> FileFacts:
    """Look at a data file as a whole.

    Args:
        path: the file.
        shown: the name that messages use for it.

    Raises:
        DataError: it is empty, cut off, corrupt, not UTF-8, out of proportion, or of a kind that is not read.
    """
    suffix = suffix_of(path.name)
    if suffix not in SUFFIXES:
        raise DataError(
            Problem("this kind of file is not read", Place(shown), f"a name that ends in {', '.join(SUFFIXES)}")
        )
    size = path.stat().st_size
    if size == 0:
        raise DataError(Problem("the file is empty", Place(shown)))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    rows, columns = _parquet_facts(path, shown) if suffix == ".parquet" else _text_facts(path, shown, suffix)
    if not rows:
        raise DataError(Problem("the file has a header and no rows", Place(shown)))
    return FileFacts(path, shown, suffix, digest, size, rows, columns)


def suffix_of(name: str) -> str | None:
    """Give the ending of a file name that says how the file is read."""
    known = (*reversed(SUFFIXES), *WORKBOOKS)
    return next((suffix for suffix in known if name.lower().endswith(suffix)), None)


def columns_query(facts: FileFacts, columns: Mapping[str, str]) -> tuple[str, list[object]]:
    """Write the query that gives `row` and some columns, trimmed text, NULL where a cell is empty.

    Args:
        facts: the file.
        columns: the alias of each column that is wanted, and the name that the file gives it.

    Returns:
        The query and its parameters; blank lines do not occur, so that `row` is the line of the file unless
        a cell holds a line break, and the row of a spreadsheet always.

    Raises:
        DataError: a column is not there.
    """
    if facts.table:
        aliases = "".join(f", {quoted(alias)}" for alias in columns)
        return f"SELECT row{aliases} FROM {facts.table}", []  # noqa: S608 (quoted)
    near = _separator_hint(facts)
    require_columns(facts.columns, columns.values(), Place(facts.shown, 1), near)
    if facts.suffix == ".parquet":
        names = {alias: f"CAST({quoted(column)} AS VARCHAR)" for alias, column in columns.items()}
        source, row = parquet_source("?"), f"{ROW} + 1"
    else:
        names = {alias: f"c{facts.columns.index(column)}" for alias, column in columns.items()}
        source, row = _csv_source(facts), "row_number() OVER () + 1"
    cells = "".join(f", nullif(trim({name}), '') AS {quoted(alias)}" for alias, name in names.items())
    return f"SELECT {row} AS row{cells} FROM {source}", [file_pattern(facts.path)]  # noqa: S608 (quoted)


def read(
    store: duckdb.DuckDBPyConnection, facts: FileFacts, statement: str, values: list[object]
) -> duckdb.DuckDBPyConnection:
    """Run a statement that reads a file.

    Raises:
        DataError: rows have too many or too few fields, quotes are not closed, or the file cannot be read.
    """
    try:
        return store.execute(statement, values)
    except duckdb.Error as error:
        problems = _field_faults(facts) if facts.suffix != ".parquet" else []
        first = str(error).partition("\n")[0]
        raise DataError(problems or Problem("the file cannot be read", Place(facts.shown), found=first)) from None


def cut_problems(problems: Iterable[Problem], total: int, shown: str) -> list[Problem]:
    """Cut a list of problems to what is shown, and say how many more rows have one."""
    listed = list(problems)
    if total <= SHOWN_PROBLEMS:
        return listed
    kept = listed[: SHOWN_PROBLEMS - 1]
    return [*kept, Problem(f"and {total - len(kept)} more", Place(shown))]


def _csv_source(facts: FileFacts, extra: str = "") -> str:
    compression = "gzip" if facts.suffix == ".csv.gz" else "none"
    columns = ", ".join(f"{text_literal(f'c{index}')}: 'VARCHAR'" for index in range(len(facts.columns)))
    return (
        "read_csv(?, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"compression = '{compression}', encoding = 'utf-8', strict_mode = true, null_padding = false, "
        f"max_line_size = {4 * LONGEST_LINE}, columns = {{{columns}}}{extra})"
    )


def require_columns(names: Sequence[str], columns: Iterable[str], place: Place, near: str | None = None) -> None:
    """Require that each of some columns is there once.

    Raises:
        DataError: one is not there, or more than once.
    """
    problems = []
    for column in dict.fromkeys(columns):
        count = names.count(column)
        if count == 1:
            continue
        what = f"{count} columns are named" if count else "there is no column"
        known = f"the columns are {listing(names)}"
        hint = None if count else nearest(column, names) or near
        problems.append(Problem(f"{what} '{column}'", place, hint=f"{hint} {known}" if hint else known))
    if problems:
        raise DataError(problems)


def _separator_hint(facts: FileFacts) -> str | None:
    if len(facts.columns) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("，", "full-width commas")):
            if mark in facts.columns[0]:
                return (
                    f"fields are separated by {name}; save the file with commas, or declare `form: {{delimiter: …}}`;"
                )
    return None


def _field_faults(facts: FileFacts) -> list[Problem]:
    source = _csv_source(facts, ", store_rejects = true, rejects_limit = 10000")
    with open_store([facts.path.parent]) as store:
        try:
            counted = f"SELECT count(*) FROM {source}"  # noqa: S608 (text made here)
            store.execute(counted, [file_pattern(facts.path)]).fetchall()
        except duckdb.Error:
            return []
        faults = store.execute(
            "SELECT line, any_value(CAST(error_type AS VARCHAR)), any_value(error_message), count(*) OVER () "
            "FROM reject_errors GROUP BY line ORDER BY line LIMIT ?",
            [SHOWN_PROBLEMS],
        ).fetchall()
    expected = f"{len(facts.columns)} fields, as in the header"
    problems = []
    for row, kind, message, _ in faults:
        place = Place(facts.shown, row)
        if kind in {"MISSING COLUMNS", "TOO MANY COLUMNS"}:
            what = f"the row has too {'many' if kind.startswith('TOO') else 'few'} fields"
            found = message.rpartition("Found: ")[2]
            hint = "a text that contains a comma, and 1,234.5 too, is written in quotes"
            problems.append(Problem(what, place, expected, found, hint if kind.startswith("TOO") else None))
        else:
            what = "a quote is not closed, or text follows a closing quote"
            problems.append(Problem(what, place, hint='write " inside quotes as ""'))
    return cut_problems(problems, faults[0][3], facts.shown) if faults else []


def _parquet_facts(path: Path, shown: str) -> tuple[int, tuple[str, ...]]:
    with open_store([path.parent]) as store:
        try:
            tree = store.execute(
                "SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)", [file_pattern(path)]
            ).fetchall()
            names = _top_names(tree)
            _refuse_names(names, shown)
            rows = store.execute(
                f"SELECT count(*) FROM {parquet_source('?')}",  # noqa: S608 (text made here)
                [file_pattern(path)],
            ).fetchone()
        except (duckdb.Error, RuntimeError) as error:  # a name of a column that is no text is the latter
            first = str(error).partition("\n")[0]
            raise DataError(Problem("not a Parquet file, or a damaged one", Place(shown), found=first)) from None
    return int(rows[0]) if rows else 0, names


def _top_names(tree: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Take the columns of a Parquet file, as it names them, out of its schema, where groups stand before their parts."""
    names: list[str] = []
    position = 1  # the first is the file
    while position < len(tree):
        names.append(tree[position][0])
        open_ = 1
        while open_ and position < len(tree):
            open_ += tree[position][1] - 1
            position += 1
    return tuple(names)


def _refuse_names(names: Sequence[str], shown: str) -> None:
    """Refuse columns that the store cannot tell apart, or takes for its own."""
    folded = [name.casefold() for name in names]
    if ROW in folded:
        what = f"a column has the name {ROW}, by which the rows of the file are counted"
        raise DataError(Problem(what, Place(shown), hint="give the column another name"))
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        what = "columns have the same name, or names that differ only in capitals"
        hint = "give each column a name of its own"
        raise DataError(Problem(what, Place(shown), found=listing(twice), hint=hint))


def parquet_source(path: str) -> str:
    """Write the SQL that reads a Parquet file, with the number of each row; folders above it are no columns of it.

    Args:
        path: the path as SQL.
    """
    return f"read_parquet({path}, {ROW} = true, hive_partitioning = false)"


def _text_facts(path: Path, shown: str, suffix: str) -> tuple[int, tuple[str, ...]]:
    header = None
    lines = 0
    blank = 0
    ending: bytes | None = None
    for block in _blocks(chunks(path, shown, compressed=suffix == ".csv.gz"), shown):
        if header is None:
            header = _header(block.removeprefix(_BYTE_ORDER_MARK), shown)
        _check_text(block, lines, shown)
        blank = _check_blank(block, lines, blank, shown)
        ending = _check_endings(block, lines, ending, shown)
        lines += block.count(b"\n") + (not block.endswith(b"\n"))
    if header is None:
        raise DataError(Problem("the file is empty", Place(shown)))
    return (blank - 1 if blank else lines) - 1, header


def chunks(path: Path, shown: str, *, compressed: bool) -> Iterator[bytes]:
    """Give the bytes of a file in chunks, unpacked if it is compressed.

    Raises:
        DataError: it is damaged, cut off or out of proportion.
    """
    with path.open("rb") as file:
        if not compressed:
            while chunk := file.read(CHUNK):
                yield chunk
            return
        size = path.stat().st_size
        unpack = zlib.decompressobj(31)
        total = 0
        while packed := file.read(CHUNK):
            while packed:
                try:
                    chunk = unpack.decompress(packed, CHUNK)
                except zlib.error as error:
                    _damaged(shown, str(error))
                total += len(chunk)
                _check_size(total, size, shown)
                yield chunk
                packed = unpack.unconsumed_tail
                if unpack.eof:
                    packed = unpack.unused_data
                    unpack = zlib.decompressobj(31) if packed or file.peek(1) else unpack
        if not unpack.eof:
            _damaged(shown, "the file ends before its compressed data do")


def _damaged(shown: str, found: str) -> NoReturn:
    hint = "copy or download the file again; a file that is not compressed must not end in .gz"
    raise DataError(Problem("the gzip file is damaged or cut off", Place(shown), found=found, hint=hint))


def _check_size(total: int, size: int, shown: str) -> None:
    if total > LARGEST_TEXT:
        what = f"the file unpacks to more than {LARGEST_TEXT // 10**9} GB"
        raise DataError(Problem(what, Place(shown), hint="split it by year"))
    if total > RATIO_MATTERS_FROM and total > size * LARGEST_RATIO:
        what = f"the file unpacks to more than {LARGEST_RATIO} times its size; readings never do"
        raise DataError(Problem(what, Place(shown)))


def _blocks(chunks: Iterable[bytes], shown: str) -> Iterator[bytes]:
    # Blocks of whole lines; a line is only ever longer than a chunk when a chunk has no line break.
    rest = b""
    lines = 0
    for chunk in chunks:
        end = chunk.find(b"\n")
        if len(rest) + (end if end >= 0 else len(chunk)) > LONGEST_LINE:
            hint = "lines must end in a line feed (LF or CR LF)"
            what = f"a line is longer than {LONGEST_LINE >> 20} MB"
            raise DataError(Problem(what, Place(shown, lines + 1), hint=hint))
        cut = chunk.rfind(b"\n") + 1
        if cut:
            block = rest + chunk[:cut]
            lines += block.count(b"\n")
            yield block
            rest = chunk[cut:]
        else:
            rest += chunk
    if rest:
        yield rest


def _header(block: bytes, shown: str) -> tuple[str, ...]:
    line = block.partition(b"\n")[0].removesuffix(b"\r")
    _check_text(line, 0, shown)
    try:
        names = next(csv.reader([line.decode()]), [])
    except csv.Error as error:
        what = "the first line cannot be read as the names of the columns"
        hint = "lines must end in a line feed (LF or CR LF)"
        raise DataError(Problem(what, Place(shown, 1), found=str(error), hint=hint)) from None
    if len(names) > MOST_COLUMNS:
        raise DataError(Problem(f"the file has more than {MOST_COLUMNS} columns", Place(shown, 1)))
    if not any(name.strip() for name in names):
        raise DataError(Problem("the first line is empty; it must name the columns", Place(shown, 1)))
    return tuple(name.strip() for name in names)


def _check_text(block: bytes, lines: int, shown: str) -> None:
    position = block.find(b"\0")
    if position >= 0:
        place, byte = _byte_place(block, position, lines, shown)
        hint = "the file looks like UTF-16 or is not text; save it as CSV in UTF-8"
        raise DataError(Problem(f"a NUL byte, byte {byte} of the line", place, hint=hint))
    if block.isascii():
        return
    try:
        block.decode()
    except UnicodeDecodeError as error:
        place, byte = _byte_place(block, error.start, lines, shown)
        hint = "save the file as CSV in UTF-8, or declare `form: {encoding: …}`"
        if _is_gb18030(_line_at(block, error.start)):
            hint += " (this line can be read as GB18030, the encoding of older Chinese software)"
        what = f"the file is not UTF-8: 0x{block[error.start]:02x} is byte {byte} of the line"
        raise DataError(Problem(what, place, hint=hint)) from None


def _byte_place(block: bytes, position: int, lines: int, shown: str) -> tuple[Place, int]:
    line = lines + block.count(b"\n", 0, position) + 1
    return Place(shown, line), position - block.rfind(b"\n", 0, position)


def _is_gb18030(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _line_at(block: bytes, position: int) -> bytes:
    end = block.find(b"\n", position)
    return block[block.rfind(b"\n", 0, position) + 1 : end if end >= 0 else len(block)]


def _check_blank(block: bytes, lines: int, blank: int, shown: str) -> int:
    """Refuse an empty line unless only empty lines follow; give the first line of these, or 0."""
    content = block.rstrip(b"\r\n")
    if blank and content:
        _refuse_blank(blank, shown)
    found = min((place for place in (content.find(b"\n\n"), content.find(b"\n\r\n")) if place >= 0), default=None)
    if block.startswith((b"\n", b"\r\n")) and content:
        _refuse_blank(lines + 1, shown)
    if found is not None:
        _refuse_blank(lines + content.count(b"\n", 0, found) + 2, shown)
    if blank:
        return blank
    ends = block[len(content) :].count(b"\n")
    first = lines + content.count(b"\n") + (2 if content else 1)
    return first if ends > (1 if content else 0) else 0


def _refuse_blank(line: int, shown: str) -> NoReturn:
    hint = "delete it; if nothing was measured, leave the value empty and keep the time"
    raise DataError(Problem("the line is empty and others follow", Place(shown, line), hint=hint))


def _check_endings(block: bytes, lines: int, ending: bytes | None, shown: str) -> bytes | None:
    """Refuse a mixture of line endings; give the ending of the first line."""
    if ending is None and b"\n" in block:
        ending = b"\r\n" if block[: block.index(b"\n")].endswith(b"\r") else b"\n"
    if ending == b"\r\n" and block.count(b"\n") != block.count(b"\r\n"):
        odd = _BARE_LINE_FEED.search(block)
        position = odd.start() if odd else 0
    elif ending == b"\n" and b"\r\n" in block:
        position = block.index(b"\r\n")
    else:
        return ending
    what = "some lines end in LF and some in CR LF"
    hint = "save the file with one kind of line ending; remove line breaks inside cells"
    line = lines + block.count(b"\n", 0, position) + 1
    raise DataError(Problem(what, Place(shown, line), hint=hint))

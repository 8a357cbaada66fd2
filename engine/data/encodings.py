"""Reads text files under the encoding and delimiter that the project declares, row by row.

Nothing is replaced or guessed: bytes that are not of the encoding are refused with their line. Which encoding could
be meant is asked only for a hint, and when a project is set up.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from tonne.engine.data.file_form import Encoding
from tonne.engine.data.intake import LONGEST_LINE, chunks
from tonne.engine.errors import DataError, Place, Problem

MARKS = {"tab": "\t"}


def text_rows(path: Path, shown: str, encoding: Encoding, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a text file, each with the line in which it begins.

    Raises:
        DataError: the text is not of the encoding, a line is too long, or a quote is not closed.
    """
    reader = csv.reader(_lines(path, shown, encoding), delimiter=MARKS.get(delimiter, delimiter), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        hint = 'write " inside quotes as "" and end lines in a line feed (LF or CR LF)'
        raise DataError(
            Problem("the line cannot be read", Place(shown, before + 1), found=str(error), hint=hint)
        ) from None


def likely_encoding(sample: bytes, *, whole: bool) -> Encoding | None:
    """Say in which encoding a piece of a file is text; what is UTF-8 by chance is hardly ever anything else.

    >>> likely_encoding("时间,电量".encode("gbk"), whole=True)
    'gb18030'
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or sample.count(0) > len(sample) // 10:
        return "utf-16" if _is_text(sample, "utf-16", whole=whole) else None
    likely: tuple[Encoding, ...] = ("utf-8", "gb18030")
    return next((encoding for encoding in likely if _is_text(sample, encoding, whole=whole)), None)


def _is_text(sample: bytes, encoding: Encoding, *, whole: bool) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample, whole)
    except UnicodeError:
        return False
    return "\0" not in text


def _lines(path: Path, shown: str, encoding: Encoding) -> Iterator[str]:
    rest = ""
    count = 0
    for text in _decoded(path, shown, encoding):
        *whole, rest = (rest + text).split("\n")
        nul = "\0" in text
        if nul or max(map(len, (*whole, rest))) > LONGEST_LINE:
            what = "the file is not text" if nul else f"a line is longer than {LONGEST_LINE >> 20} MB"
            hint = "declare the `encoding:` it has" if nul else "lines must end in a line feed (LF or CR LF)"
            raise DataError(Problem(what, Place(shown, count + 1), hint=hint))
        for line in whole:
            count += 1
            yield f"{line}\n"
    if rest:
        yield rest


def _decoded(path: Path, shown: str, encoding: Encoding) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    lines = 0
    try:
        for chunk in chunks(path, shown, compressed=path.name.lower().endswith(".gz")):
            text = decoder.decode(chunk)
            lines += text.count("\n")
            yield text
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].decode(encoding, "replace").count("\n") + 1
        other = likely_encoding(error.object, whole=False)
        hint = f"it can be read as {other}" if other else f"one of {', '.join(get_args(Encoding))}"
        what = f"the file is not {encoding}: byte 0x{error.object[error.start]:02x}"
        raise DataError(Problem(what, Place(shown, line), hint=hint)) from None
    except UnicodeError:
        what = f"the file is not {encoding}: it does not begin with a byte order mark"
        raise DataError(Problem(what, Place(shown, 1), hint="declare the `encoding:` it has")) from None

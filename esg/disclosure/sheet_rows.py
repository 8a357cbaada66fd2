"""Writes the rows of a sheet as the XML of a workbook; xlsxwriter makes all the rest of the file.

Says nothing of looks or content. A disclosure may have millions of cells, and xlsxwriter takes 7 µs for each; what is
written here is read back and compared as a whole, so that a change inside xlsxwriter cannot go unnoticed.
"""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.worksheet import Worksheet

from tonne.esg.sheet import Amount, letter

_LETTERS = [letter(position) for position in range(104)]

Cell = tuple[str | Amount | None, int]  # what stands there and the number of its look; None is an empty cell


class RowSheet(Worksheet):  # type: ignore[misc]  # xlsxwriter ships no types
    """A sheet to which whole rows are added, from the first on."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[str] = []

    def add_row(self, cells: Sequence[Cell | None], height: float | None) -> None:
        """Add the next row; a cell that is None is left out, and a row without any is."""
        row = self.row_count
        number = str(row + 1)
        written = [
            f'<c r="{_LETTERS[at]}{number}" s="{cell[1]}"{self._content(cell[0])}</c>'
            for at, cell in enumerate(cells)
            if cell is not None
        ]
        size = "" if height is None else f' ht="{height:.16g}" customHeight="1"'
        self._rows.append(f'<row r="{number}"{size}>{"".join(written)}</row>' if written else "")
        if written:
            self._check_dimensions(row, 0)
            self._check_dimensions(row, len(cells) - 1)

    @property
    def row_count(self) -> int:
        """How many rows there are so far."""
        return len(self._rows)

    def _content(self, content: str | Amount | None) -> str:
        if content is None:
            return ">"
        if isinstance(content, str):
            return f' t="s"><v>{self.str_table._get_shared_string_index(content)}</v>'  # noqa: SLF001
        formula = "" if content.formula is None else f"<f>{escape(content.formula.removeprefix('='))}</f>"
        if isinstance(content.value, str):
            return f' t="str">{formula}<v>{escape(content.value)}</v>'
        return f">{formula}<v>{float(content.value)!r}</v>"

    def _write_sheet_data(self) -> None:
        self.fh.write("<sheetData>")
        self.fh.writelines(self._rows)
        self.fh.write("</sheetData>")


def look_number(look: Any) -> int:
    """Give the number by which cells name a format of xlsxwriter."""
    return int(look._get_xf_index())  # noqa: SLF001

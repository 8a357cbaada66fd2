"""How a data file is laid out and how it writes numbers, as the project file declares it.

Models only. A plain file (UTF-8, commas, names in the first row, numbers such as 1234.5) needs none of this, and
nothing here is ever guessed while a project runs; `tonne init --from FILE` proposes it.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tonne.engine.spec.models import Label, Model

Encoding = Literal["utf-8", "gbk", "gb18030", "utf-16"]
Delimiter = Literal[",", ";", "tab", "|"]


class Header(Model):
    """The rows that name the columns, where it is not the first one."""

    rows: list[int] = Field(
        min_length=1, max_length=5, description="numbered from 1; a name is joined from top to bottom with blanks"
    )
    units: int | None = Field(None, ge=1, description="the row below that states units; it is held against `unit:`")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        rows = [*self.rows, *([self.units] if self.units else [])]
        if rows != sorted(set(rows)) or rows[0] < 1:
            raise ValueError("row numbers from 1, from top to bottom, the row of units last")
        return self


class FileForm(Model):
    """The layout of a text file or workbook."""

    encoding: Encoding = "utf-8"
    delimiter: Delimiter = ","
    sheet: Annotated[int, Field(strict=True)] | Label | None = Field(
        None,
        union_mode="left_to_right",
        description="its name, or its number from 1; needed where there are several",
    )
    skip: int | None = Field(None, ge=1, le=1000, description="rows above the one that names the columns")
    header: Header | None = None
    footer: list[Label] = Field([], description="rows whose first filled cell begins so are left out, as 合计")
    fill_down: list[Label] = Field([], description="columns whose empty cells repeat the cell above")

    @model_validator(mode="after")
    def _one_header(self) -> Self:
        if self.skip is not None and self.header is not None:
            raise ValueError("either `skip:` or `header:`")
        if isinstance(self.sheet, int) and self.sheet < 1:
            raise ValueError("sheets are numbered from 1")
        if any(not text.strip() for text in self.footer):
            raise ValueError("under `footer:` texts that are not empty")
        return self

    @property
    def header_rows(self) -> list[int]:
        """The rows that name the columns."""
        return self.header.rows if self.header else [(self.skip or 0) + 1]

    @property
    def body_row(self) -> int:
        """The first row of values."""
        return max(self.header_rows[-1], (self.header and self.header.units) or 0) + 1


class NumberForm(Model):
    """How numbers are written as text; full-width digits and signs count as the plain ones."""

    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    no_value: list[Label] = Field([], description="texts that stand where there is no reading, such as --")

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("different marks for decimals and thousands")
        return self

"""Lays out readings: what each meter contributed to each value, and by shorter steps as far as rows allow.

A value is written as the sum (of states: the mean weighted by counts) of its meters, and what a meter contributed as
that of its steps, wherever the exact numbers say that it is. Elsewhere, as after a substitution by rule, it stays a number.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tonne.engine.compute.reference import decimal
from tonne.engine.data.domain import Index
from tonne.engine.data.feeds import FinerPart
from tonne.esg.document import Phrase
from tonne.esg.figures import Figures, printed_unit
from tonne.esg.meters import correction_words
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import FIRST_ROW, WHOLE, Amount, Column, Content, Kind, Sheet, both, number_format
from tonne.esg.wording import TAKEN

READINGS, STEPS = "读数 Readings", "分时读数 Readings by step"
COUNT_COLUMN, TOTAL_COLUMN, AMOUNT_COLUMN = "D", "H", "J"  # of the readings
STEP_COUNT_COLUMN, STEP_AMOUNT_COLUMN = "E", "F"  # of those by step
STEP_WORDS = {"day": Phrase("日", "day"), "hour": Phrase("小时", "hour"), "month": Phrase("月", "month")}

Row = tuple[Content, ...]


class ReadingRows:
    """The rows of readings, and the formulas of the values that are made of them."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.result = figures.result
        self.rows: list[Row] = []
        self.step_rows: list[Row] = []
        self._formulas: dict[tuple[str, Index], str] = {}

    def add(self, name: str, index: Index) -> None:
        """Lay out what a value is made of."""
        origin = self.result.dataset.origin(name, index)
        first = FIRST_ROW + len(self.rows)
        if origin.get("kind") == "records":
            self.rows += self._records(name, index)
            column, counts = TOTAL_COLUMN, []
            parts = [Fraction(total) for total in origin.get("totals", {}).values()]
        else:
            meters = origin.get("meters", [])
            self.rows += self._meters(name, index)
            column, counts = AMOUNT_COLUMN, [int(meter["count"]) for meter in meters]
            parts = [Fraction(meter["amount"]) for meter in meters]
        weights = counts if self._is_state(origin) else None
        whole = self.result.dataset.value(name, index)
        if whole is not None and _made_of(parts, weights) == whole:
            counts_at = f"'{READINGS}'!{COUNT_COLUMN}" if weights else None
            self._formulas[name, index] = _combined(f"'{READINGS}'!{column}", counts_at, first, len(parts))

    def add_unlisted(self, row: Row) -> None:
        """Lay out a row that says why there are none."""
        self.rows.append(row)

    def formula(self, name: str, index: Index) -> str | None:
        """Write a value as what its readings make; None where they do not, or there are none."""
        return self._formulas.get((name, index))

    def _is_state(self, origin: Any) -> bool:
        spec = self.result.project.spec.readings.get(str(origin.get("readings", "")))
        return spec is not None and spec.value.reads == "state"

    def _records(self, name: str, index: Index) -> list[Row]:
        origin = self.result.dataset.origin(name, index)
        count = Amount(Decimal(origin.get("count", 0)), WHOLE)
        return [
            (
                *(self.result.label(name, index), both(self.figures.name(name)), ABSENT, count, count, "", ""),
                _exact(total, unit, "input"),
                *(both(printed_unit(unit)), None, "", str(origin.get("file", "")), ""),
            )
            for unit, total in origin.get("totals", {}).items()
        ]

    def _meters(self, name: str, index: Index) -> list[Row]:
        origin = self.result.dataset.origin(name, index)
        unit, file = self.figures.unit_text(name, index), str(origin.get("file", ""))
        take = TAKEN.get(str(origin.get("take")))
        parts = self.result.dataset.parts.get(name, {}).get(index, ())
        return [
            (
                *(self.result.label(name, index), both(self.figures.name(name)), str(meter["meter"])),
                Amount(Decimal(meter["count"]), WHOLE),
                Amount(Decimal(meter["taken"]), WHOLE),
                *(str(meter["first"]), str(meter["last"])),
                _exact(meter["total"], meter["total_unit"], None),
                both(printed_unit(meter["total_unit"])),
                self._amount(name, index, meter, [part for part in parts if part.source.meter == meter["meter"]]),
                both(printed_unit(unit)),
                f"{file} ({both(take)})" if take else file,
                "\n".join(both(correction_words(item)) for item in meter.get("corrections", [])),
            )
            for meter in origin.get("meters", [])
        ]

    def _amount(self, name: str, index: Index, meter: Any, parts: Sequence[FinerPart]) -> Amount:
        """Write what a meter contributed, by the rows of its shorter steps where they give it."""
        unit = self.figures.unit_text(name, index)
        amounts = [Fraction(part.source.amount) for part in parts]
        is_state = self._is_state(self.result.dataset.origin(name, index))
        weights = [part.source.count for part in parts] if is_state else None
        whole = Fraction(meter["amount"])
        if _made_of(amounts, weights) != whole:
            return _exact(meter["amount"], unit, "input")
        first = FIRST_ROW + len(self.step_rows)
        value = decimal(whole)
        shown = number_format(value, unit)
        self.step_rows += [
            (
                *(self.result.label(name, index), part.source.meter, both(STEP_WORDS[part.step]), part.label),
                Amount(Decimal(part.source.count), WHOLE),
                Amount(decimal(amount), shown, kind="input"),
                both(printed_unit(unit)),
            )
            for part, amount in zip(parts, amounts, strict=True)
        ]
        counts = f"'{STEPS}'!{STEP_COUNT_COLUMN}" if weights else None
        formula = _combined(f"'{STEPS}'!{STEP_AMOUNT_COLUMN}", counts, first, len(parts))
        return Amount(value, shown, f"={formula}")

    # -- the sheets

    def sheets(self) -> Iterator[Sheet]:
        """Give the sheets; that by step only when there is one."""
        columns = (
            Column("标识 / Id", 16),
            Column("名称 / Name", 24, wrap=True),
            Column("计量点 / Meter", 12),
            Column("读数 / Readings", 10),
            Column("取用 / Taken", 9),
            Column("起 / First", 12),
            Column("止 / Last", 12),
            Column("合计或均值 / Sum or mean", 15),
            Column("单位 / Unit", 8, wrap=True),
            Column("按参数单位 / In the parameter's unit", 15),
            Column("单位 / Unit", 8, wrap=True),
            Column("文件 / File", 36, wrap=True),
            Column("修正 / Correction", 46, wrap=True),
        )
        empty = Phrase("本次计算没有读数或记录文件。", "This run has no files of readings or records.")
        note = Phrase(
            "每个计量点（或记录文件）对每个数值的贡献；参数由此合计。",
            "What each meter, or each file of records, contributed to each value; the parameters are made of it.",
        )
        title = both(Phrase("读数", "Readings"))
        yield Sheet(READINGS, title, both(note if self.rows else empty), columns, tuple(self.rows))
        if self.step_rows:
            yield self._steps()

    def _steps(self) -> Sheet:
        columns = (
            Column("标识 / Id", 16),
            Column("计量点 / Meter", 12),
            Column("步长 / Step", 10),
            Column("时段 / Interval", 12),
            Column("读数 / Readings", 10),
            Column("合计或均值 / Sum or mean", 16),
            Column("单位 / Unit", 12),
        )
        note = Phrase(
            "各计量点的读数按行数允许的最短时段汇总，修正和换算后按参数单位列出；“读数”表由此合计。原始读数在dossier.zip中。",
            "Readings of each meter by the shortest step for which there are rows enough, after corrections and in the unit of the "
            "parameter; the sheet of readings adds them up. The raw readings are in dossier.zip.",
        )
        return Sheet(STEPS, both(Phrase("分时读数", "Readings by step")), both(note), columns, tuple(self.step_rows))


def _made_of(parts: Sequence[Fraction], weights: Sequence[int] | None) -> Fraction | None:
    """Add parts up, or average them; None when there are none."""
    if not parts or (weights is not None and not sum(weights)):
        return None
    if weights is None:
        return sum(parts, Fraction(0))
    return sum((part * weight for part, weight in zip(parts, weights, strict=True)), Fraction(0)) / sum(weights)


def _combined(column: str, counts: str | None, first: int, size: int) -> str:
    """Write the sum of rows of a column, or their mean weighted by those of another."""
    if size == 1:
        return f"{column}{first}"
    letter = column[-1]
    rows = f"{column}{first}:{letter}{first + size - 1}"
    if counts is None:
        return f"SUM({rows})"
    weights = f"{counts}{first}:{counts[-1]}{first + size - 1}"
    return f"SUMPRODUCT({weights},{rows})/SUM({weights})"


def _exact(text: Any, unit: str, kind: Kind | None) -> Amount:
    value = decimal(Fraction(text))
    return Amount(value, number_format(value, unit), kind=kind)

"""Lays out the outputs of each year, exact and rounded, and the comparison of every computed cell with the engine."""

from dataclasses import replace
from decimal import Decimal, localcontext

from tonne.engine.compute.reference import CONTEXT
from tonne.engine.data.domain import Index
from tonne.engine.result.result import ROLES, YearTotals
from tonne.esg.document import Phrase
from tonne.esg.excel_formula import Cell, cell_runs, whole
from tonne.esg.figures import ROUNDED, SCALAR_YEAR, cited, labelled, printed_unit
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import (
    FIRST_ROW,
    SCIENTIFIC,
    WHOLE,
    Amount,
    Column,
    Content,
    Sheet,
    both,
    number_format,
    without_empty_end,
)
from tonne.esg.wording import EVIDENCE, ROUNDING, TOTAL
from tonne.esg.wording import ROLES as ROLE_WORDS
from tonne.esg.workbook_values import VALUE_COLUMN, ValueSheets

RESULTS, AGREEMENT = "结果 Results", "核对 Check"
EXACT_COLUMN, ROUNDED_COLUMN = "E", "G"
ENGINE_COLUMN = "D"  # of the comparison
AGREEMENT_DECIMALS = 9
AGREES, DIFFERS = "一致 agrees", "不一致 DIFFERS"
DIFFERENT = Phrase("不一致的数值个数", "Values that differ")


def results_sheet(values: ValueSheets) -> Sheet:
    """Give the four outputs of each year, exact and rounded, and their totals."""
    result = values.result
    outputs = result.methodology.spec.outputs
    rows: list[tuple[Content, ...]] = []
    for year in result.years:
        first = FIRST_ROW + len(rows)
        rows += [_output(values, role, year, first) for role in ROLES]
    strong = {position for position in range(len(rows)) if position % len(ROLES) == len(ROLES) - 1}
    if [year.year for year in result.years] != [SCALAR_YEAR]:
        strong |= set(range(len(rows), len(rows) + len(ROLES)))
        rows += [_total(values, role) for role in ROLES]
    columns = (
        Column("年度 / Year", 10),
        Column("项目 / Item", 30),
        Column("单位 / Unit", 9),
        Column("标识 / Id", 14),
        Column("精确值 / Exact", 18),
        Column("标识（修约后） / Id (rounded)", 24),
        Column("修约后 / Rounded", 18),
        Column("备注 / Note", 26, wrap=True),
    )
    note = ""
    if outputs is not None:
        rule = ROUNDING[outputs.rounding.mode].filled(unit=printed_unit(outputs.rounding.unit))
        where = cited(outputs.rounding.cite) if outputs.rounding.cite else None
        evidence = EVIDENCE.get(outputs.rounding.evidence or "")
        note = "\n".join(
            both(part, "\n")
            for part in (
                rule,
                labelled(Phrase("证据等级", "Evidence"), evidence) if evidence else None,
                where,
            )
            if part
        )
    return without_empty_end(
        Sheet(
            RESULTS,
            both(Phrase("结果", "Results")),
            note,
            columns,
            tuple(rows),
            frozenset(strong),
            names=_names(values, rows),
        )
    )


def _names(values: ValueSheets, rows: list[tuple[Content, ...]]) -> dict[str, Cell]:
    named = ((values.free_name(str(row[5])), number) for number, row in enumerate(rows, FIRST_ROW))
    return {name: Cell(RESULTS, ROUNDED_COLUMN, number) for name, number in named if name}


def _output(values: ValueSheets, role: str, year: YearTotals, first: int) -> tuple[Content, ...]:
    result = values.result
    outputs = result.methodology.spec.outputs
    name = getattr(outputs, role) if outputs else None
    row = first + ROLES.index(role)
    exact, index = year.exact[role], _index(values, name, year)
    cell = values.cell(name, index) if name and index is not None else None
    unit = values.figures.unit_text(name) if name else values.figures.rounding_unit
    missing = Phrase("方法学没有设此项，计为0", "the methodology has no such term; taken as 0")
    return (
        year.year if year.year != SCALAR_YEAR else both(Phrase("监测期", "Period")),
        both(ROLE_WORDS[role]),
        both(printed_unit(unit)),
        result.label(name, index) if name and index is not None else ABSENT,
        Amount(exact, number_format(exact, unit), f"={cell.seen_from(RESULTS)}" if cell else None),
        f"{role}{ROUNDED}" if year.year == SCALAR_YEAR else f"{role}{ROUNDED}@{year.year}",
        Amount(
            year.rounded[role],
            _rounded_format(values, role, year.rounded[role]),
            _rounding(values, role, row, exact),
        ),
        "" if cell else both(missing),
    )


def _index(values: ValueSheets, name: str | None, year: YearTotals) -> Index | None:
    if not name:
        return None
    index = values.domain.parse(values.result.plan.over(name), year.year)
    return index if index is not None and index in values.result.values[name] else None


def _rounding(values: ValueSheets, role: str, row: int, exact: Decimal) -> str:
    """Write the methodology's rule for an output; the exact value stands in the same row."""
    outputs = values.result.methodology.spec.outputs
    mode = outputs.rounding.mode if outputs else "none"
    here = f"{EXACT_COLUMN}{row}"
    if mode == "conservative":
        if role == "reduction":
            return f"={ROUNDED_COLUMN}{row - 3}-{ROUNDED_COLUMN}{row - 2}-{ROUNDED_COLUMN}{row - 1}"
        return f"={whole('floor' if role == 'baseline' else 'ceil', here, exact)[0]}"
    if mode == "half_up":
        return f"={whole('round', here, exact)[0]}"
    return f"={whole('floor', here, exact)[0]}" if mode == "floor" and role == "reduction" else f"={here}"


def _rounded_format(values: ValueSheets, role: str, value: Decimal) -> str:
    return WHOLE if values.figures.is_whole(role) else number_format(value, values.figures.rounding_unit)


def _total(values: ValueSheets, role: str) -> tuple[Content, ...]:
    result = values.result
    years = range(len(result.years))
    rows = [FIRST_ROW + len(ROLES) * position + ROLES.index(role) for position in years]
    exact_cells, rounded_cells = (
        [Cell(RESULTS, column, row) for row in rows] for column in (EXACT_COLUMN, ROUNDED_COLUMN)
    )
    with localcontext(CONTEXT):
        exact = sum((year.exact[role] for year in result.years), Decimal(0))
    rounded = result.rounded_total(role)
    unit = values.figures.rounding_unit
    return (
        both(TOTAL),
        both(ROLE_WORDS[role]),
        both(printed_unit(unit)),
        ABSENT,
        Amount(exact, number_format(exact, unit), f"=SUM({','.join(cell_runs(exact_cells, RESULTS))})"),
        f"{role}{ROUNDED}",
        Amount(
            rounded,
            _rounded_format(values, role, rounded),
            f"=SUM({','.join(cell_runs(rounded_cells, RESULTS))})",
        ),
        "",
    )


# -- the comparison


def agreement_sheet(equations: Sheet, results: Sheet) -> Sheet:
    """Compare every computed value with that of the engine, in formulas of its own."""
    found = [
        (str(row[id_at]), str(row[name_at]), amount, named.get(cell, cell))
        for sheet, column, id_at, name_at in ((equations, VALUE_COLUMN, 0, 2), (results, ROUNDED_COLUMN, 5, 1))
        for named in [{cell: replace(cell, name=name) for name, cell in sheet.names.items()}]
        for number, row in enumerate(sheet.rows, FIRST_ROW)
        for amount in [row["ABCDEFGH".index(column)]]
        for cell in [Cell(sheet.name, column, number)]
        if isinstance(amount, Amount) and isinstance(amount.value, Decimal) and amount.formula is not None
    ]
    first, last = FIRST_ROW + 1, FIRST_ROW + len(found)
    count = Amount(Decimal(0), WHOLE, f"=ROWS(E{first}:E{last})-COUNTIF(E{first}:E{last},0)") if found else None
    rows: list[tuple[Content, ...]] = [(ABSENT, both(DIFFERENT), count, None, None, _verdict(FIRST_ROW, "C"))]
    for number, (id_, name, amount, cell) in enumerate(found, first):
        value, shown = amount.value, amount.format
        relative = f"=ROUND(IF(D{number}=0,ABS(C{number}),ABS(C{number}/D{number}-1)),{AGREEMENT_DECIMALS})"
        rows.append(
            (
                *(id_, name),
                Amount(value, shown, f"={cell.seen_from(AGREEMENT)}"),
                Amount(value, shown),
                Amount(Decimal(0), SCIENTIFIC, relative),
                _verdict(number, "E"),
            )
        )
    columns = (
        Column("标识 / Id", 16),
        Column("名称 / Name", 34, wrap=True),
        Column("本表 / Workbook", 18),
        Column("引擎 / Engine", 18),
        Column("相对差 / Relative difference", 14),
        Column("结论 / Verdict", 18),
    )
    note = Phrase(
        "本表重算值与引擎值逐一比较，相对差在5×10⁻¹⁰以内为一致。改动输入后出现不一致属正常，差值即改动的影响。",
        "Each value as recomputed here, compared with that of the engine; a relative difference below 5×10⁻¹⁰ agrees. After an "
        "input was changed differences are to be expected: they are what the change does.",
    )
    title = both(Phrase("与引擎核对", "Comparison with the engine"))
    return Sheet(AGREEMENT, title, both(note), columns, tuple(rows), frozenset({0}))


def _verdict(row: int, column: str) -> Amount:
    return Amount(AGREES, "@", f'=IF({column}{row}=0,"{AGREES}","{DIFFERS}")')

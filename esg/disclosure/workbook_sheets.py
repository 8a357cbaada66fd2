"""What stands on which sheet of the disclosure workbook: a sheet for each framework, one for each table, and how to read.

A sheet is a grid of texts and amounts; a formula stands beside its value. Knows no file format; `workbook` writes the
grid out and `workbook_check` compares a file with it. Beside each row of facts stands where it comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number
from tonne.esg.disclosure.cells import FilledCell, Framework, Term
from tonne.esg.disclosure.facts import Disclosure, Hit, Lineage
from tonne.esg.disclosure.table import FactTable, Row
from tonne.esg.document import Phrase, same
from tonne.esg.figures import phrase
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import Amount, both, letter
from tonne.esg.wording import EVIDENCE

Kind = Literal["title", "note", "label", "heading", "text", "code", "number", "total", "total_label", "undecided"]

READ_ME = "说明 Read me"
LONGEST_REPEATED = 200  # rows of a table that is repeated on the sheet of a framework
WIDEST_TABLE = max(len(columns) for columns in words.COLUMNS.values()) + 3
STATEMENT = "T7"  # the same for every framework, and of long texts
SHOWN_TRACES, SHOWN_DIGEST = 8, 16
LINEAGE_HEADINGS = (
    Phrase("来源文件", "File"),
    Phrase("追溯标识或台账行", "Trace ids or ledger rows"),
    Phrase("摘要值", "Digest"),
)
CELL_HEADINGS = (
    (Phrase("标识", "Id"), 26),
    (Phrase("位置", "Where"), 16),
    (Phrase("内容", "Content"), 32),
    (Phrase("数值", "Value"), 18),
    (Phrase("单位", "Unit"), 16),
    (Phrase("说明", "Explanation"), 34),
    (Phrase("守则", "Guarded by"), 16),
    (Phrase("组成", "Made of"), 16),
    *((heading, width) for heading, width in zip(LINEAGE_HEADINGS, (24, 26, 20), strict=True)),
    (Phrase("依据等级", "Evidence"), 16),
)
ROWS = Phrase("台账第{rows}行", "ledger rows {rows}")
MORE = Phrase("等{count}项", "and others, {count} in all")
ELSEWHERE = Phrase("共{count}行，见工作表{sheet}。", "{count} rows, on sheet {sheet}.")
# Formulas inside a row: the column, and what it is made of.
ROW_FORMULAS: Mapping[tuple[str, str], str] = {
    ("T1", "reduction"): "={baseline}-{project}-{leakage}",
    ("T2", "held_at_end"): "={held_at_start}+{issued}+{acquired}-{transferred}-{retired_own}-{retired_for_others}",
    ("C", "difference"): "={verified}-{claimed}-{transferred}-{retired_for_others}-{held}-{unclaimable}",
}
HOW_TO_READ = (
    Phrase(
        "数值未经项目以外任何调整；合计、差额和引用均为活公式。", "Sums, differences and references are live formulas."
    ),
    Phrase(
        "“不可披露”表示依现有资料不能判定，说明栏列出原因，不得以全额代替。",
        "'Undetermined' means that what is there does not decide it; the explanation says why. The full amount never stands instead.",
    ),
    Phrase(
        "追溯标识可在项目目录用 tonne trace 查看其由来；台账行号为数据行的顺序号。",
        "Trace ids are shown by `tonne trace` in the project's folder; ledger rows are counted as in the file.",
    ),
    Phrase(
        "各框架的条目名称为自拟简称，填报前须与官方文本核对；“依据等级”说明其核对程度。",
        "Labels are our own; compare with the official text before use. 'Evidence' says how well each is confirmed.",
    ),
)


@dataclass(frozen=True)
class Placed:
    """A cell of a sheet: a text or an amount, and its kind, which decides the look."""

    content: str | Amount
    kind: Kind


@dataclass
class Grid:
    """A sheet as it is filled: cells by row and column from 0, widths of columns, and merged rows."""

    name: str
    widths: list[float]
    cells: dict[tuple[int, int], Placed] = field(default_factory=dict)
    frozen: int = 0
    heights: dict[int, str] = field(default_factory=dict)  # texts that go across the sheet

    def put(self, row: int, column: int, content: str | Amount, kind: Kind) -> None:
        """Put something into a cell; nothing is left out."""
        if content != "":
            self.cells[row, column] = Placed(content, kind)

    def across(self, row: int, text: str, kind: Kind) -> None:
        """Put a text over all columns."""
        self.heights[row] = text
        self.put(row, 0, text, kind)


def workbook_grids(
    disclosure: Disclosure, tables: Mapping[str, FactTable], frameworks: Sequence[Framework]
) -> list[Grid]:
    """Make every sheet."""
    own = {table.id: _table_sheet(table) for table in tables.values()}
    framework_sheets = [_framework_sheet(framework, tables) for framework in frameworks]
    return [_read_me(disclosure, frameworks), *framework_sheets, *own.values()]


def place(sheet: str, row: int, column: int) -> str:
    """Name a cell as seen from another sheet; rows and columns count from 0."""
    return f"'{sheet}'!{letter(column)}{row + 1}"


# -- a table on its own sheet

FIRST = 3  # the row of the first facts, under title, label and headings


def _table_sheet(table: FactTable) -> Grid:
    widths = [max(9.0, column.share * 1.1) for column in table.columns] + [26, 26, 20]
    grid = Grid(table.id, widths, frozen=FIRST)
    grid.across(0, both(table.title), "title")
    note = f"{both(words.LABEL)}\n{both(table.note, chr(10))}" if table.note else both(words.LABEL)
    grid.across(1, note, "label")
    _fill(grid, table, FIRST - 1)
    return grid


def _fill(grid: Grid, table: FactTable, top: int) -> int:
    """Put headings, rows and sums of a table; gives the row after them."""
    for at, heading in enumerate([*(column.heading for column in table.columns), *LINEAGE_HEADINGS]):
        grid.put(top, at, both(heading, "\n"), "heading")
    first = top + 1
    for position, row in enumerate(table.rows):
        for at, cell in enumerate(row.cells):
            if isinstance(cell, Number):
                _put_number(grid, (first + position, at), cell, _row_formula(table, row, first + position, at))
            else:
                grid.put(first + position, at, both(cell), "text")
        _put_lineage(grid, first + position, len(table.columns), row.lineage)
    below = first + len(table.rows)
    for position, line in enumerate(table.sums):
        row_number = below + position
        grid.put(row_number, 0, both(line.label), "total_label")
        for at, item in enumerate(line.cells):
            if item is not None:
                run = f"{letter(at)}{first + line.first + 1}:{letter(at)}{first + line.last + 1}"
                _put_number(grid, (row_number, at), item, f"=SUM({run})", "total")
    return below + len(table.sums)


def _row_formula(table: FactTable, row: Row, at_row: int, at: int) -> str | None:
    key = (table.id, table.columns[at].key)
    if key not in ROW_FORMULAS:
        return None
    pattern = ROW_FORMULAS[key]
    there = {}
    for position, column in enumerate(table.columns):
        if f"{{{column.key}}}" in pattern:
            cell = row.cells[position]
            if not isinstance(cell, Number) or cell.value is None:
                return None
            there[column.key] = f"{letter(position)}{at_row + 1}"
    return pattern.format_map(there)


def _put_number(
    grid: Grid, where: tuple[int, int], number: Number, formula: str | None = None, kind: Kind = "number"
) -> None:
    if number.value is None:
        written = number.written is not None
        grid.put(*where, number.written or both(number.text), kind if written else "undecided")
        return
    grid.put(*where, Amount(number.value, number_format(number.decimals), formula), kind)


def number_format(decimals: int) -> str:
    """Give the format of numbers with so many decimals."""
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def _put_lineage(grid: Grid, row: int, column: int, lineage: Sequence[Lineage]) -> None:
    for at, text in enumerate(lineage_texts(lineage)):
        grid.put(row, column + at, both(text), "code")


def lineage_texts(lineage: Sequence[Lineage]) -> tuple[Phrase, Phrase, Phrase]:
    """Say where a row comes from: files, trace ids or rows, digests."""
    files = same("\n".join(dict.fromkeys(item.file for item in lineage)) or ABSENT)
    digests = same("\n".join(dict.fromkeys((item.digest or ABSENT)[:SHOWN_DIGEST] for item in lineage)) or ABSENT)
    traces = list(dict.fromkeys(trace for item in lineage for trace in item.traces))
    rows = [number for item in lineage for number in item.rows]
    count = sum(item.row_count for item in lineage) or len(rows)
    parts = []
    if traces:
        parts.append(_listed(traces, len(traces)))
    if rows:
        listed = _listed([str(number) for number in rows], count)
        parts.append(ROWS.filled(rows=listed))
    said = Phrase("；".join(part.zh for part in parts), "; ".join(part.en for part in parts)) if parts else same(ABSENT)
    return files, said, digests


def _listed(items: Sequence[str], count: int) -> Phrase:
    shown = ", ".join(items[:SHOWN_TRACES])
    if count <= len(items[:SHOWN_TRACES]):
        return same(shown)
    more = MORE.filled(count=f"{count:,}")
    return Phrase(f"{shown} {more.zh}", f"{shown} {more.en}")


# -- a framework


def _framework_sheet(framework: Framework, tables: Mapping[str, FactTable]) -> Grid:
    mapping = framework.mapping
    widths = [float(width) for _, width in CELL_HEADINGS]
    grid = Grid(sheet_name(framework), [*widths, *[16.0] * (WIDEST_TABLE - len(widths))])
    grid.across(0, both(phrase(mapping.title)), "title")
    note = f"{both(words.LABEL)}\n{both(phrase(mapping.note), chr(10))}" if mapping.note else both(words.LABEL)
    grid.across(1, note, "label")
    for at, (heading, _) in enumerate(CELL_HEADINGS):
        grid.put(2, at, both(heading, "\n"), "heading")
    row = FIRST
    for cell in framework.cells:
        _put_cell(grid, row, cell)
        row += 1
    for id_ in mapping.tables():
        table = tables[id_]
        row += 1
        grid.across(row, both(table.title), "note")
        if id_ == STATEMENT or len(table.rows) > LONGEST_REPEATED:
            grid.put(row + 1, 0, both(ELSEWHERE.filled(count=f"{len(table.rows):,}", sheet=id_)), "text")
            row += 2
        else:
            row = _fill(grid, table, row + 1)
    return grid


def sheet_name(framework: Framework) -> str:
    """Name the sheet of a framework; Excel takes 31 characters and not all signs."""
    name = f"{framework.mapping.framework} {framework.mapping.version}"
    return "".join(character for character in name if character not in "[]:*?/\\'")[:31]


def _put_cell(grid: Grid, row: int, cell: FilledCell) -> None:
    mapped = cell.mapped
    grid.put(row, 0, mapped.id, "code")
    grid.put(row, 1, mapped.where, "text")
    grid.put(row, 2, both(phrase(mapped.label), "\n"), "text")
    if cell.number is None:
        grid.put(row, 3, both(cell.text, "\n"), "text")
    elif cell.number.written is not None and cell.terms:
        grid.put(row, 3, Amount(cell.number.written, "@", f"={_term_place(cell.terms[0])}"), "number")
    elif cell.is_share and cell.number.value is not None:
        grid.put(row, 3, Amount(cell.number.value, "0.00%"), "number")
    else:
        _put_number(grid, (row, 3), cell.number, f"=SUM({','.join(_runs(cell.terms))})")
    grid.put(row, 4, "%" if cell.is_share else cell.number.unit if cell.number else "", "text")
    grid.put(row, 5, explanation(cell, "\n"), "text")
    grid.put(row, 6, ", ".join(mapped.rules) or ABSENT, "text")
    grid.put(row, 7, ", ".join(_runs(cell.terms)[:3]) or ABSENT, "code")
    _put_lineage(grid, row, 8, list(dict.fromkeys(line for term in cell.terms for line in term.lineage)))
    grid.put(row, 11, both(EVIDENCE[mapped.evidence]), "text")


def explanation(cell: FilledCell, separator: str) -> str:
    """Say in both languages why a cell has no number, and what else must be said of it."""
    return separator.join(both(phrase, separator) for phrase in explanation_phrases(cell))


def explanation_phrases(cell: FilledCell) -> list[Phrase]:
    """Give the sentences of the hits that concern a cell."""
    return [hit_words(hit) for hit in dict.fromkeys(cell.why)]


def hit_words(hit: Hit) -> Phrase:
    """Give the sentence of a hit with its code."""
    return Phrase(f"{hit.rule.value}：{hit.zh}", f"{hit.rule.value}: {hit.en}")


def _term_place(term: Term) -> str:
    return place(term.table, FIRST + term.row, term.column)


def _runs(terms: Sequence[Term]) -> list[str]:
    """Name the cells of terms, neighbours together."""
    runs: list[list[Term]] = []
    for term in terms:
        last = runs[-1][-1] if runs else None
        if last and (last.table, last.column, last.row + 1) == (term.table, term.column, term.row):
            runs[-1].append(term)
        else:
            runs.append([term])
    return [
        _term_place(run[0]) + (f":{letter(run[-1].column)}{FIRST + run[-1].row + 1}" if len(run) > 1 else "")
        for run in runs
    ]


# -- how to read


def _read_me(disclosure: Disclosure, frameworks: Sequence[Framework]) -> Grid:
    grid = Grid(READ_ME, [34, 60, 60])
    entity = disclosure.entity
    grid.across(0, both(Phrase("披露数据工作簿", "Disclosure workbook")), "title")
    grid.across(1, both(words.LABEL), "label")
    facts = [
        (Phrase("报告主体", "Entity"), phrase(entity.name)),
        (Phrase("主体代码", "Identifier"), same(f"{entity.scheme}: {entity.identifier}")),
        (
            Phrase("报告期", "Reporting period"),
            Phrase(f"{entity.start}至{entity.end}", f"{entity.start} to {entity.end}"),
        ),
        (Phrase("合并方法", "Consolidation"), words.APPROACHES[entity.approach]),
        (
            Phrase("框架", "Frameworks"),
            Phrase(
                "；".join(sheet_name(item) for item in frameworks), "; ".join(sheet_name(item) for item in frameworks)
            ),
        ),
        (Phrase("项目数", "Projects"), same(f"{len(disclosure.projects):,}")),
        (Phrase("主体文件摘要值", "Digest of the entity file"), same(disclosure.entity.digest)),
        (Phrase("台账摘要值", "Digest of the ledger"), same(disclosure.ledger_digest or ABSENT)),
        (Phrase("引擎", "Engine"), same(f"tonne {disclosure.engine_version}")),
    ]
    facts += [(Phrase("使用说明", "How to read"), text) for text in HOW_TO_READ]
    for row, (label, text) in enumerate(facts, FIRST - 1):
        grid.put(row, 0, both(label), "heading")
        grid.put(row, 1, text.zh, "text")
        grid.put(row, 2, text.en, "text")
    return grid

"""What stands on which sheet of the disclosure workbook: a sheet for each framework, one for each table, and how to read.

A sheet is a grid of texts and amounts; a formula stands beside its value. Knows no file format; `workbook` writes the
grid out and `workbook_check` compares a file with it. Beside each row of facts stands where it comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number
from tonne.esg.disclosure.cells import FilledCell, Framework, Term
from tonne.esg.disclosure.facts import Disclosure, Hit, Lineage
from tonne.esg.disclosure.table import FactTable, Row
from tonne.esg.document import Phrase, same
from tonne.esg.figures import phrase
from tonne.esg.numbers import ABSENT
from tonne.esg.sheet import Amount, both, letter, shown_text
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
    (Phrase("守则（适用）", "Guarded by"), 16),
    (Phrase("触发规则", "Rules that fired"), 16),
    (Phrase("组成", "Made of"), 16),
    *((heading, width) for heading, width in zip(LINEAGE_HEADINGS, (24, 26, 20), strict=True)),
    (Phrase("依据等级", "Evidence"), 16),
)
ROWS = Phrase("台账第{rows}行", "ledger rows {rows}")
MORE = Phrase("等{count}项", "and others, {count} in all")
MORE_HITS = Phrase("{rule}：另有{count}项，合计{tonnes}吨，见表T7。", "{rule}: {count} more, {tonnes} t in all, in T7.")
ELSEWHERE = Phrase("共{count}行，见工作表{sheet}。", "{count} rows, on sheet {sheet}.")
# Formulas inside a row: the column, and what it is made of.
ROW_FORMULAS: Mapping[tuple[str, str], str] = {
    ("T1", "reduction"): "={baseline}-{project}-{leakage}",
    ("T2", "held_at_end"): "={held_at_start}+{issued}+{acquired}-{transferred}-{retired_own}-{retired_for_others}",
    ("C", "difference"): "={verified}-{claimed}-{retired_own}-{transferred}-{retired_for_others}-{held}-{unclaimable}",
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
        "追溯标识可在项目目录用 tonne trace 查看其由来；台账行号与台账文件中的行号一致（含表头）。",
        "Trace ids are shown by `tonne trace` in the project's folder; ledger rows are those of the file, head included.",
    ),
    Phrase(
        "各框架的条目名称为自拟简称，填报前须与官方文本核对；“依据等级”说明其核对程度。",
        "Labels are our own; compare with the official text before use. 'Evidence' says how well each is confirmed.",
    ),
)


class Placed(NamedTuple):
    """A cell of a sheet: a text as it is shown, or an amount, and its kind, which decides the look."""

    content: str | Amount
    kind: Kind


@dataclass
class Grid:
    """A sheet as it is filled: widths of columns, and row after row; `across` are the rows of one text over all columns."""

    name: str
    widths: list[float]
    frozen: int = 0
    rows: list[Sequence[Placed | None]] = field(default_factory=list)
    across: dict[int, Placed] = field(default_factory=dict)

    def add(self, *cells: Placed | None) -> None:
        """Add a row."""
        self.rows.append(cells)

    def add_across(self, text: str, kind: Kind) -> None:
        """Add a text over all columns."""
        placed = self.across[len(self.rows)] = Placed(shown_text(text), kind)
        self.add(placed)


def _text(text: str, kind: Kind = "text") -> Placed | None:
    shown = shown_text(text)
    return Placed(shown, kind) if shown else None


def _words(words: Phrase, kind: Kind = "text") -> Placed | None:
    return _text(words.zh, kind) if words.zh is words.en else _shared_words(words, kind)


@lru_cache(maxsize=10_000)
def _shared_words(words: Phrase, kind: Kind) -> Placed | None:
    """Make the cell of a phrase that many rows have; they share it."""
    return _text(both(words), kind)


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
    grid.add_across(both(table.title), "title")
    note = f"{both(words.LABEL)}\n{both(table.note, chr(10))}" if table.note else both(words.LABEL)
    grid.add_across(note, "label")
    _fill(grid, table)
    return grid


def _fill(grid: Grid, table: FactTable) -> None:
    """Add headings, rows and sums of a table."""
    headings = [*(column.heading for column in table.columns), *LINEAGE_HEADINGS]
    grid.add(*(_text(both(heading, "\n"), "heading") for heading in headings))
    first = len(grid.rows)
    patterns = [ROW_FORMULAS.get((table.id, column.key)) for column in table.columns]
    for number, row in enumerate(table.rows, first + 1):
        cells = [
            _number(cell, pattern and _row_formula(table, row, number, pattern))
            if isinstance(cell, Number)
            else _words(cell)
            for cell, pattern in zip(row.cells, patterns, strict=True)
        ]
        grid.add(*cells, *_lineage(row.lineage))
    for line in table.sums:
        sums = [
            None if item is None else _number(item, _sum_formula(at, first + line.first, first + line.last), "total")
            for at, item in enumerate(line.cells[1:], 1)
        ]
        grid.add(_text(both(line.label), "total_label"), *sums)


def _sum_formula(column: int, first: int, last: int) -> str:
    """Add up rows of a column, counted from 0."""
    return f"=SUM({letter(column)}{first + 1}:{letter(column)}{last + 1})"


def _row_formula(table: FactTable, row: Row, number: int, pattern: str) -> str | None:
    """Fill a formula with the cells of a row, which is counted from 1; None where one of them has no amount."""
    there = {}
    for position, column in enumerate(table.columns):
        if f"{{{column.key}}}" in pattern:
            cell = row.cells[position]
            if not isinstance(cell, Number) or cell.value is None:
                return None
            there[column.key] = f"{letter(position)}{number}"
    return pattern.format_map(there)


def _number(number: Number, formula: str | None = None, kind: Kind = "number") -> Placed | None:
    if number.written is not None:
        return _text(number.written, kind)
    if number.value is None:
        return _words(number.text, "undecided")
    return Placed(Amount(number.value, number_format(number.decimals), formula), kind)


def number_format(decimals: int) -> str:
    """Give the format of numbers with so many decimals."""
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def _lineage(lineage: Sequence[Lineage]) -> list[Placed | None]:
    return [_text(both(words), "code") for words in lineage_texts(lineage)]


def lineage_texts(lineage: Sequence[Lineage]) -> tuple[Phrase, Phrase, Phrase]:
    """Say where a row comes from: files, trace ids or rows, digests."""
    files = same("\n".join(dict.fromkeys([item.file for item in lineage])) or ABSENT)
    digests = same("\n".join(dict.fromkeys([(item.digest or ABSENT)[:SHOWN_DIGEST] for item in lineage])) or ABSENT)
    traces = list(dict.fromkeys([trace for item in lineage for trace in item.traces]))
    rows = [number for item in lineage for number in item.rows]
    count = sum([item.row_count for item in lineage]) or len(rows)
    said = [_listed(traces, len(traces))] if traces else []
    if rows:
        said.append(ROWS.filled(rows=_listed([str(number) for number in rows[:SHOWN_TRACES]], count)))
    if len(said) == 2:
        said = [Phrase("；".join(part.zh for part in said), "; ".join(part.en for part in said))]
    return files, said[0] if said else same(ABSENT), digests


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
    grid.add_across(both(phrase(mapping.title)), "title")
    note = f"{both(words.LABEL)}\n{both(phrase(mapping.note), chr(10))}" if mapping.note else both(words.LABEL)
    grid.add_across(note, "label")
    grid.add(*(_text(both(heading, "\n"), "heading") for heading, _ in CELL_HEADINGS))
    for cell in framework.cells:
        grid.add(*_framework_row(cell))
    for id_ in mapping.tables():
        table = tables[id_]
        grid.add()
        grid.add_across(both(table.title), "note")
        if id_ == STATEMENT or len(table.rows) > LONGEST_REPEATED:
            grid.add(_text(both(ELSEWHERE.filled(count=f"{len(table.rows):,}", sheet=id_))))
        else:
            _fill(grid, table)
    return grid


def sheet_name(framework: Framework) -> str:
    """Name the sheet of a framework; Excel takes 31 characters and not all signs."""
    name = f"{framework.mapping.framework} {framework.mapping.version}"
    return "".join(character for character in name if character not in "[]:*?/\\'")[:31]


def _framework_row(cell: FilledCell) -> list[Placed | None]:
    mapped = cell.mapped
    runs = _runs(cell.terms)
    return [
        _text(mapped.id, "code"),
        _text(mapped.where),
        _text(both(phrase(mapped.label), "\n")),
        _framework_value(cell, runs),
        _text("%" if cell.is_share else cell.number.unit if cell.number else ""),
        _text(explanation(cell, "\n")),
        _text(", ".join(mapped.rules) or ABSENT),
        _text(", ".join(cell.fired) or ABSENT),
        _text(", ".join(runs[:3]) or ABSENT, "code"),
        *_lineage(list(dict.fromkeys(line for term in cell.terms for line in term.lineage))),
        _text(both(EVIDENCE[mapped.evidence])),
    ]


def _framework_value(cell: FilledCell, runs: Sequence[str]) -> Placed | None:
    number = cell.number
    if number is None:
        return _text(both(cell.text, "\n"))
    if number.written is not None and cell.terms:
        return Placed(Amount(shown_text(number.written), "@", f"={_term_place(cell.terms[0])}"), "number")
    if cell.is_share and number.value is not None:
        return Placed(Amount(number.value, "0.00%"), "number")
    return _number(number, f"=SUM({','.join(runs)})")


def explanation(cell: FilledCell, separator: str) -> str:
    """Say in both languages why a cell has no number, and what else must be said of it."""
    return separator.join(both(phrase, separator) for phrase in explanation_phrases(cell))


def explanation_phrases(cell: FilledCell) -> list[Phrase]:
    """Give the sentences of the hits that concern a cell; of very many by rule the first, and how many tonnes more."""
    said = []
    for rule, hits, more, tonnes in cell.by_rule:
        said += [hit_words(hit) for hit in hits]
        if more:
            said.append(MORE_HITS.filled(rule=same(rule), count=f"{more:,}", tonnes=Number("", tonnes).text))
    return said


def hit_words(hit: Hit) -> Phrase:
    """Give the sentence of a hit with its code and what it is about."""
    about = "" if hit.subject == "entity" else f" {hit.subject} {hit.vintage or ''}".rstrip()
    return Phrase(f"{hit.rule.value}{about}：{hit.zh}", f"{hit.rule.value}{about}: {hit.en}")


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
    grid.add_across(both(Phrase("披露数据工作簿", "Disclosure workbook")), "title")
    grid.add_across(both(words.LABEL), "label")
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
    for label, text in facts:
        grid.add(_text(both(label), "heading"), _text(text.zh), _text(text.en))
    return grid

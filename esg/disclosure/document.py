"""Arranges a disclosure as a Word report: entity, where each tonne went, the cells of each framework, the tables.

Tables that are too wide for a page are divided, those that are too long are left to the workbook. Writes through the
same modules as every report; pictures are put in afterwards, and numbers are read back against the tables.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
from docx.shared import Mm

from tonne.engine.errors import Place, Problem, ReportError
from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number
from tonne.esg.disclosure.cells import FilledCell, Framework
from tonne.esg.disclosure.charts import Chart
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.table import Cell, FactTable, Sum
from tonne.esg.disclosure.workbook_sheets import explanation_phrases, lineage_texts
from tonne.esg.document import (
    Block,
    Break,
    Column,
    Content,
    Figure,
    KeyValues,
    Marked,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Table,
    TraceList,
    same,
    tag_of,
)
from tonne.esg.figures import joined, phrase, spread
from tonne.esg.layout import printable
from tonne.esg.markup import WORDML
from tonne.esg.numbers import ABSENT, Language
from tonne.esg.raster import png
from tonne.esg.word import timeless, write_word
from tonne.esg.wording import COMMA, EVIDENCE

LONGEST = 120  # rows of a table in Word
WORKBOOK_FILE = "disclosure.xlsx"
PICTURE_WIDTH = Mm(158)
W = f"{{{WORDML}}}"

TITLE = Phrase("可持续信息披露表（减排项目部分）", "Disclosure tables on emission reduction projects")
BASIS = Phrase("报告主体与口径", "Entity and basis")
WHERE = Phrase("减排量去向", "Where each tonne went")
FRAMEWORKS = Phrase("各框架披露条目", "Cells of each framework")
TABLES = Phrase("数据表", "Tables")
LINEAGE = Phrase("数据来源与追溯", "Where the data come from")
TOO_LONG = Phrase(
    "本表共{count}行，见{file}工作表{sheet}；此处仅列合计。",
    "This table has {count} rows, which are in {file}, sheet {sheet}; only sums stand here.",
)
EMPTY = Phrase("本期无此项。", "There is nothing of this in the period.")
PLACE = "⟦{id}⟧"


def disclosure_report(
    disclosure: Disclosure, tables: Mapping[str, FactTable], frameworks: Sequence[Framework], charts: Sequence[Chart]
) -> Report:
    """Make the report."""
    entity = disclosure.entity
    sections = [
        Section("basis", "1", BASIS, 1, (_basis(disclosure),)),
        Section("where", "2", WHERE, 1, (*_pictures(charts), *_table_blocks(tables["C"]))),
        Section("frameworks", "3", FRAMEWORKS, 1, ()),
    ]
    for number, framework in enumerate(frameworks, 1):
        title = framework.mapping.title
        sections.append(
            Section(framework.mapping.id, f"3.{number}", phrase(title), 2, tuple(_framework_blocks(framework)))
        )
    sections.append(Section("tables", "4", TABLES, 1, ()))
    shown = [table for table in tables.values() if table.id != "C"]
    for number, table in enumerate(shown, 1):
        sections.append(Section(table.id, f"4.{number}", table.title, 2, tuple(_table_blocks(table))))
    sections.append(Section("lineage", "5", LINEAGE, 1, tuple(_lineage_blocks(tables))))
    return Report(
        outline="disclosure",
        title=TITLE,
        subject=phrase(entity.name),
        statement=None,
        warning=words.LABEL,
        cover=_basis(disclosure),
        sections=tuple(sections),
        traces=TraceList((), {}, {}),
        digest=entity.digest,
        engine=f"tonne {disclosure.engine_version}",
    )


def write_document(report: Report, charts: Sequence[Chart], language: Language, path: Path) -> None:
    """Write the report in one language, its charts as pictures."""
    write_word(report, language, path)
    document = docx.Document(str(path))
    places = {PLACE.format(id=chart.id): chart for chart in charts}
    for paragraph in document.paragraphs:
        chart = places.get(paragraph.text)
        if chart is None:
            continue
        paragraph.clear()
        picture = paragraph.add_run().add_picture(io.BytesIO(png(chart.drawing, language)), width=PICTURE_WIDTH)
        picture._inline.docPr.set("descr", printable(chart.alt.said(language)))  # noqa: SLF001 (the library has no other way)
    written = io.BytesIO()
    document.save(written)
    path.write_bytes(timeless(written.getvalue()))


def read_back_document(path: Path, report: Report, language: Language) -> None:
    """Compare every number of a written document with the report.

    Raises:
        ReportError: numbers differ or are missing.
    """
    expected = [(tag_of(figure.id), figure.text.said(language)) for figure in report.figures]
    found = list(_figures(path))
    problems = [
        Problem(f"{tag} differs", Place(str(path)), wanted, text)
        for (tag, wanted), (_, text) in zip(expected, found, strict=False)
        if (tag, wanted) != (_, text)
    ]
    if len(found) != len(expected):
        what = "numbers are missing or too many"
        problems.append(Problem(what, Place(str(path)), f"{len(expected)}", f"{len(found)}"))
    if problems:
        raise ReportError(problems)


def _figures(path: Path) -> Iterator[tuple[str, str]]:
    body = docx.Document(str(path)).element.body
    for node in body.iter(f"{W}sdt"):
        tag = node.find(f"{W}sdtPr/{W}tag")
        if tag is not None:
            yield str(tag.get(f"{W}val")), "".join(piece.text or "" for piece in node.iter(f"{W}t"))


# -- blocks


def _basis(disclosure: Disclosure) -> KeyValues:
    entity = disclosure.entity
    rows: list[tuple[Phrase, Content]] = [
        (Phrase("报告主体", "Entity"), (phrase(entity.name),)),
        (Phrase("主体代码", "Identifier"), (same(f"{entity.scheme}: {entity.identifier}"),)),
        (
            Phrase("报告期", "Reporting period"),
            (Phrase(f"{entity.start}至{entity.end}", f"{entity.start} to {entity.end}"),),
        ),
        (Phrase("合并方法", "Consolidation"), (words.APPROACHES[entity.approach],)),
        (Phrase("项目数", "Projects"), (same(f"{len(disclosure.projects):,}"),)),
        (Phrase("主体文件", "Entity file"), (Marked(same(entity.digest), "code"),)),
    ]
    if disclosure.ledger_digest:
        rows.append((Phrase("碳信用台账", "Credit ledger"), (Marked(same(disclosure.ledger_digest), "code"),)))
    return KeyValues(tuple(rows))


def _pictures(charts: Sequence[Chart]) -> Iterator[Block]:
    for chart in charts:
        yield Paragraph((Marked(chart.caption, "strong"),), "lead")
        yield Paragraph((same(PLACE.format(id=chart.id)),))
        yield Paragraph((chart.alt,), "small")


def _framework_blocks(framework: Framework) -> Iterator[Block]:
    note = framework.mapping.note
    if note:
        yield Paragraph((phrase(note),), "small")
    columns = (
        Column((Phrase("标识", "Id"),), 19),
        Column((Phrase("位置", "Where"),), 12),
        Column((Phrase("内容", "Content"),), 30),
        Column((Phrase("数值", "Value"),), 20, "right"),
        Column((Phrase("单位", "Unit"),), 9),
        Column((Phrase("依据等级", "Evidence"),), 22),
    )
    rows = []
    concerned: dict[Phrase, list[str]] = {}
    for cell in framework.cells:
        label = phrase(cell.mapped.label)
        unit = "%" if cell.is_share else cell.number.unit if cell.number else ABSENT
        where = same(cell.mapped.where)
        evidence = EVIDENCE[cell.mapped.evidence]
        rows.append(((same(cell.mapped.id),), (where,), (label,), (_cell_value(cell),), (same(unit),), (evidence,)))
        for sentence in explanation_phrases(cell):
            concerned.setdefault(sentence, []).append(cell.mapped.id)
    yield Table(columns, tuple(rows))
    yield from _explanations(concerned)


def _cell_value(cell: FilledCell) -> Phrase | Figure:
    return cell.text if cell.number is None else _figure(cell.number, cell.text)


def _explanations(concerned: Mapping[Phrase, Sequence[str]]) -> Iterator[Block]:
    """Say each sentence once, after the ids of the cells that it concerns; sentences on the same cells together."""
    of_cells: dict[tuple[str, ...], list[Phrase]] = {}
    for sentence, ids in concerned.items():
        of_cells.setdefault(tuple(ids), []).append(sentence)
    for ids, sentences in of_cells.items():
        named = joined(map(same, ids), COMMA)
        said = spread(((sentence,) for sentence in sentences), Break())
        yield Paragraph((Marked(named, "strong"), Break(), *said), "small")


def _figure(number: Number, text: Phrase | None = None) -> Figure:
    exact = number.written or ("" if number.value is None else f"{number.value:f}")
    return Figure(number.id, text or number.text, exact, same(number.unit))


def _table_blocks(table: FactTable) -> Iterator[Block]:
    if table.note:
        yield Note((table.note,))
    if not table.rows:
        yield Paragraph((EMPTY,))
        return
    too_long = len(table.rows) > LONGEST
    if too_long:
        count = f"{len(table.rows):,}"
        yield Note((TOO_LONG.filled(count=count, file=WORKBOOK_FILE, sheet=table.id),))
        if not table.sums:
            return
    for part in table.parts:
        at = [position for position, column in enumerate(table.columns) if column.part in {0, part}]
        columns = tuple(
            Column((table.columns[position].heading,), table.columns[position].share, _align(table, position))
            for position in at
        )
        rows = [] if too_long else [tuple(_content(row.cells[position]) for position in at) for row in table.rows]
        sums = [line for line in table.sums if any(line.cells[position] is not None for position in at)]
        rows += [_sum_row(line, at) for line in sums]
        yield Table(columns, tuple(rows), totals=len(sums))


def _align(table: FactTable, position: int) -> Any:
    cells = [row.cells[position] for row in table.rows[:LONGEST]]
    return "right" if any(isinstance(cell, Number) for cell in cells) else "left"


def _content(cell: Cell) -> Content:
    return (_figure(cell),) if isinstance(cell, Number) else (cell,)


def _sum_row(line: Sum, at: Sequence[int]) -> tuple[Content, ...]:
    cells: list[Content] = [() if line.cells[position] is None else _content(line.cells[position]) for position in at]  # type: ignore[arg-type]
    cells[0] = (line.label,)
    return tuple(cells)


def _lineage_blocks(tables: Mapping[str, FactTable]) -> Iterator[Block]:
    lines = dict.fromkeys(
        (table.id, row.key, row.lineage)
        for table in tables.values()
        if len(table.rows) <= LONGEST
        for row in table.rows
        if row.lineage
    )
    columns = (
        Column((Phrase("表", "Table"),), 6),
        Column((Phrase("行", "Row"),), 18),
        Column((Phrase("来源文件", "File"),), 24),
        Column((Phrase("追溯标识或台账行", "Trace ids or ledger rows"),), 30),
        Column((Phrase("摘要值", "Digest"),), 18),
    )
    rows = []
    for table, key, lineage in lines:
        files, traces, digests = lineage_texts(lineage)
        rows.append(((same(table),), (same(key),), (files,), (traces,), (Marked(digests, "code"),)))
    yield Table(columns, tuple(rows)) if rows else Paragraph((EMPTY,))

"""How good the data are: the files read and what they gave, the two evaluators, the digests."""

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.dataset import DataFile
from tonne.engine.data.domain import Index
from tonne.esg import cards
from tonne.esg.document import Block, Break, Column, Content, Marked, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, in_brackets, spread, stored_amount
from tonne.esg.numbers import number_text
from tonne.esg.wording import TAKEN, WHOLE_PERIOD

MAX_READING_ROWS = 400
FINE_ROWS = 6  # of a parameter by the hour

FILE, SIZE, DIGEST = (
    Phrase("文件", "File"),
    Phrase("字节数", "Bytes"),
    Phrase("摘要值（SHA-256）", "Digest (SHA-256)"),
)
PARAMETER, AT, METER = (
    Phrase("参数", "Parameter"),
    Phrase("时段", "Period"),
    Phrase("计量点/记录", "Meter / records"),
)
READINGS, IN_FILE, TAKEN_AS = (
    Phrase("读数条数", "Readings"),
    Phrase("文件中数值", "In the file"),
    Phrase("计入值", "Value"),
)
MOST_METERS = 6  # in the row of a value
METERS = Phrase("{count}个计量点", "{count} meters")
BY_METER = Phrase("各计量点全期读数合计", "Readings of each meter over the whole period")
READING_VALUES = Phrase("由数据文件得到的参数取值", "Values made of data files")
MORE_READINGS = Phrase(
    "共{count}行，此处列出{shown}行；全部来源见result.json。",
    "{count} rows, of which {shown} are shown; all origins are in result.json.",
)
AGREED = Phrase(
    "参考求值程序（60位十进制）与列式求值程序（双精度浮点）对同一组公式各自独立求值。共比较{count}个数值，最大相对偏差为{largest}{at}，"
    "未超过容许值1×10⁻⁹。本报告采用参考求值程序的数值。",
    "The reference evaluator (60 decimal digits) and the columnar evaluator (double precision) each computed the same formulas on "
    "their own. {count} values were compared; the largest relative difference is {largest}{at}, within the tolerance of 1×10⁻⁹. "
    "The values in this report are those of the reference evaluator.",
)

SAMPLED = Phrase(
    "其中{count}个数值取自逐分钟数据的一部分（均匀抽取的小时，以及各参数最小值、最大值所在的小时），两程序均由分钟数据独立算至结果；"
    "对全部逐分钟数据，直接由其汇总而得的数值采用列式求值程序的结果，其后各步由两程序分别计算。",
    "{count} of them are of a part of the data by the minute (hours evenly spaced, and those with the least and the largest value of "
    "each parameter), which both computed from the minutes to the results. Of all data by the minute, what is summed up from them "
    "directly is of the columnar evaluator; what follows was computed by both.",
)


def reading_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the data files, and what each meter or record contributed."""
    files = tuple(
        ((same(file.path),), (same(f"{file.bytes:,}"),), (Marked(same(file.sha256), "code"),))
        for file in _data_files(figures)
    )
    if not files:
        return ()
    blocks: list[Block] = [Table((Column((FILE,), 4), Column((SIZE,), 2, "right"), Column((DIGEST,), 10)), files)]
    rows = cards.fed_values(figures)
    shown = tuple(_fed_row(figures, name, index) for name, index in _told(figures, rows)[:MAX_READING_ROWS])
    columns = (
        Column((PARAMETER,), 4),
        Column((AT,), 3),
        Column((METER,), 4),
        Column((READINGS,), 3, "right"),
        Column((IN_FILE,), 4, "right"),
        Column((TAKEN_AS,), 4, "right"),
    )
    if shown:
        blocks.append(Table(columns, shown, READING_VALUES))
    blocks += _by_meter(figures, rows)
    if len(rows) > len(shown):
        blocks.append(Paragraph((MORE_READINGS.filled(count=f"{len(rows):,}", shown=len(shown)),), "small"))
    return tuple(blocks)


def _told(figures: Figures, rows: list[tuple[str, Index]]) -> list[tuple[str, Index]]:
    """Keep a few values of each parameter that goes over hours or finer steps, and all of the others."""
    steps, plan = figures.result.dataset.domain.steps, figures.result.plan
    counts: Counter[str] = Counter()
    told = []
    for name, index in rows:
        counts[name] += 1
        if counts[name] <= FINE_ROWS or not any(steps.get(over) in {"hour", "minute"} for over in plan.over(name)):
            told.append((name, index))
    return told


def _data_files(figures: Figures) -> list[DataFile]:
    """List the files that readings and records come from, without annexes."""
    spec = figures.result.project.spec
    read = {item.file for item in spec.readings.values()} | {item.file for item in spec.records.values()}
    return [file for file in figures.result.dataset.files if file.path in read]


def _fed_row(figures: Figures, name: str, index: Index) -> tuple[Content, ...]:
    """Show one value with a line for each meter, or for each unit of a record file."""
    origin = figures.result.dataset.provenance[name][index]
    meters, counts, totals = [], [], []
    listed = origin.get("meters", [])
    if len(listed) > MOST_METERS:
        meters.append(METERS.filled(count=len(listed)))
        counts.append(same(f"{sum(int(meter['taken']) for meter in listed):,}"))
        totals += [stored_amount(exact_text(total), unit) for unit, total in _sums(listed).items()]
        listed = []
    for meter in listed:
        meters.append(same(str(meter["meter"])))
        counts.append(same(f"{int(meter['taken']):,}"))
        totals.append(stored_amount(str(meter["total"]), str(meter["total_unit"])))
    if origin["kind"] == "records":
        meters.append(same(str(origin.get("file", ""))))
        counts.append(same(f"{int(origin.get('count', 0)):,}"))
        totals += [stored_amount(str(total), unit) for unit, total in origin.get("totals", {}).items()]
    taken: Content = () if origin.get("take", "all") == "all" else (Break(), TAKEN[origin["take"]])
    over = figures.result.plan.over(name)
    members = zip(over, index, strict=True)
    at = spread(((figures.member(dimension, member),) for dimension, member in members), Break()) or (WHOLE_PERIOD,)
    lines = (spread(((item,) for item in column), Break()) for column in (meters, counts, totals))
    return ((figures.symbol(name), *taken), at, *lines, figures.with_unit(name, index))


def _sums(meters: Iterable[Mapping[str, Any]]) -> dict[str, Fraction]:
    """Add up what meters gave, by unit."""
    sums: dict[str, Fraction] = {}
    for meter in meters:
        unit = str(meter["total_unit"])
        sums[unit] = sums.get(unit, Fraction(0)) + Fraction(str(meter["total"]))
    return sums


def _by_meter(figures: Figures, rows: Iterable[tuple[str, Index]]) -> tuple[Block, ...]:
    """Say what each meter gave in the whole period, where meters are too many to be told value by value."""
    provenance = figures.result.dataset.provenance
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    many = False
    for name, index in rows:
        meters = provenance[name][index].get("meters", [])
        many = many or len(meters) > MOST_METERS
        for meter in meters:
            found.setdefault((name, str(meter["meter"])), []).append(meter)
    if not many:
        return ()
    columns = (
        Column((PARAMETER,), 5),
        Column((METER,), 4),
        Column((READINGS,), 3, "right"),
        Column((IN_FILE,), 5, "right"),
    )
    table = tuple(
        (
            (figures.symbol(name),),
            (same(meter),),
            (same(f"{sum(int(part['taken']) for part in parts):,}"),),
            spread(((stored_amount(exact_text(total), unit),) for unit, total in _sums(parts).items()), Break()),
        )
        for (name, meter), parts in list(found.items())[:MAX_READING_ROWS]
    )
    return (Table(columns, table, BY_METER),)


def agreement_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say how well the two evaluators agree."""
    agreement = figures.result.agreement
    if not agreement.compared:
        return ()
    at = in_brackets(same(agreement.at)) if agreement.at else same("")
    text = AGREED.filled(count=f"{agreement.compared:,}", largest=number_text(agreement.largest, digits=3), at=at)
    if not agreement.sampled:
        return (Paragraph((text,)),)
    return Paragraph((text,)), Paragraph((SAMPLED.filled(count=f"{agreement.sampled:,}"),))


def digest_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the digests by which every input and the result can be recognised."""
    result = figures.result
    methodology = result.methodology
    documents = [methodology.document, *(document for _, document in methodology.modules.values())]
    documents += [table.document for table in methodology.tables.values()]
    listed = {document.path: document.digest for document in documents}
    rows: list[tuple[Phrase, str]] = [
        (Phrase("计算结果", "Result"), figures.digest),
        (Phrase("项目文件", "Project file"), result.project.document.digest),
        (Phrase("方法学（含模块和因子表）", "Methodology with modules and tables"), methodology.digest),
        *((same(path), digest) for path, digest in sorted(listed.items())),
        *((same(file.path), file.sha256) for file in result.dataset.files),
    ]
    table = tuple(((label,), (Marked(same(digest), "code"),)) for label, digest in rows)
    return (Table((Column((FILE,), 6), Column((DIGEST,), 10)), table),)

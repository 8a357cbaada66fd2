"""Holds the reduction against the estimate, the period against the one before, and shows estimates year by year."""

from fractions import Fraction

from tonne.engine.data.registers import EarlierPeriod
from tonne.engine.result.derived import Share, estimated_shares, missing_estimates
from tonne.engine.result.result import Result
from tonne.esg import calculation
from tonne.esg.document import Block, Break, Column, Content, KeyValues, Note, Paragraph, Phrase, Table, same
from tonne.esg.figures import SCALAR_YEAR, Figures, followed, in_brackets, phrase, printed_unit, stored_amount
from tonne.esg.narrative import narrative_blocks
from tonne.esg.numbers import number_text
from tonne.esg.wording import SPAN, TOTAL

MOST_ROWS = 200
DASH = same("—")
YEAR = Phrase("日历年", "Year")
ESTIMATE = Phrase("设计文件预估", "Estimate of the design document")
DAYS = Phrase("天数折算", "Share by days")
PRORATED = Phrase("本期预估", "Estimate for the period")
ACHIEVED = Phrase("本期核算", "Achieved in the period")
DIFFERENCE, PERCENT = Phrase("差异", "Difference"), Phrase("差异（%）", "Difference (%)")
HOW = Phrase(
    "折算方法：设计文件各日历年的预估减排量，乘以本期在该年的天数与计入期在该年的天数之比（全年为365天或366天），逐年四舍五入至0.01 {unit}后相加。",
    "How it is divided: the estimate of each calendar year is multiplied by the days of the period in that year over those of "
    "the crediting period in that year (365 or 366 where the year is whole), rounded half up to 0.01 {unit}, and added up.",
)
MISSING = Phrase(
    "项目文件未给出{years}年的预估减排量，因此不计算合计的差异。",
    "The project file gives no estimate for {years}, so that the totals are not compared.",
)
WHOLE_ONLY = Phrase(
    "方法学给出的是整个监测期的单一数值，差异只按合计计算。",
    "The methodology gives one value for the whole period; only the totals are compared.",
)
NOT_ABOVE = Phrase(
    "本期核算减排量未超过预估减排量（差异{difference} {unit}），不需要说明增加的原因。",
    "The reduction is not above the estimate (difference {difference} {unit}); no increase has to be explained.",
)
UNEXPLAINED = Phrase(
    "本期核算减排量高于预估减排量{difference} {unit}，项目文件未说明原因。",
    "The reduction is {difference} {unit} above the estimate, and the project file does not explain why.",
)
OF_PROJECT = Phrase(
    "计入期各年的预估减排量（设计文件）", "Estimated reductions by year of the crediting period (design document)"
)
OF_DESIGN = Phrase(
    "本项目处于设计阶段：监测参数均取估算值，计算公式与监测阶段相同。",
    "The project is in the design stage: all monitored parameters are estimates, and the equations are those of the monitoring stage.",
)
OF_PERIOD = Phrase(
    "本项目文件为监测阶段的数据。下表为监测期的核算结果，不是事前估算。",
    "The project file is one of the monitoring stage. What follows are the results of the monitoring period and no estimate.",
)
MEAN = Phrase("计入期年均减排量", "Mean yearly reductions of the crediting period")
SPANS = {
    "reduction.until_2012": Phrase("2013年1月1日以前", "Before 1 January 2013"),
    "reduction.2013_to_2020": Phrase("2013年1月1日至2020年12月31日", "1 January 2013 to 31 December 2020"),
    "reduction.from_2021": Phrase("2021年1月1日及以后", "From 1 January 2021"),
}
SPAN_OF_YEARS = Phrase("时段", "Period")
REDUCTION = Phrase("减排量", "Emission reductions")
PARAMETER, AT = Phrase("参数", "Parameter"), Phrase("时段或成员", "Index")
BEFORE, NOW = Phrase("上一期取值", "Last period"), Phrase("本期取值", "This period")
CHANGE = Phrase("变化", "Change")
LAST_PERIOD = Phrase("上一监测期：{span}", "Last monitoring period: {span}")
SAME = Phrase("相同", "same")
MORE_ROWS = Phrase("共{count}行，此处列出前{shown}行。", "{count} rows, of which the first {shown} are shown.")
LESS_CONSERVATIVE = Phrase(
    "取值变得不如上一期保守的，须由项目业主说明理由；程序只列出变化，不作判断。",
    "Where a value became less conservative than before, the owner has to explain it; the change is shown here and not judged.",
)


def comparison_blocks(figures: Figures) -> tuple[Block, ...]:
    """Compare the reduction with the estimate for the days of the period, and say how these were counted."""
    spec = figures.result.project.spec
    shares = estimated_shares(spec)
    if not shares or spec.stage == "design":
        return ()
    unit = figures.made(f"ex_ante@{shares[0].year}").unit
    columns = (
        Column((YEAR,), 3),
        Column((ESTIMATE, Break(), in_brackets(unit)), 5, "right"),
        Column((DAYS,), 3, "centre"),
        Column((PRORATED, Break(), in_brackets(unit)), 5, "right"),
        Column((ACHIEVED, Break(), in_brackets(unit)), 5, "right"),
        Column((DIFFERENCE, Break(), in_brackets(unit)), 5, "right"),
        Column((PERCENT,), 4, "right"),
    )
    years = {year.year for year in figures.result.years}
    rows = [_year_row(figures, share, share.year in years) for share in shares]
    total: tuple[Content, ...] = (
        (TOTAL,),
        (DASH,),
        (DASH,),
        _made(figures, "ex_ante.prorated"),
        (figures.rounded_total("reduction"),),
        _made(figures, "ex_ante.difference"),
        _made(figures, "ex_ante.difference_percent"),
    )
    blocks: list[Block] = [
        Table(columns, (*rows, total), totals=1),
        Paragraph((HOW.filled(unit=unit),), "small"),
    ]
    missing = missing_estimates(spec)
    if missing:
        named = ", ".join(map(str, missing))
        blocks.append(Note((MISSING.filled(years=named),)))
    if SCALAR_YEAR in years:
        blocks.append(Paragraph((WHOLE_ONLY,), "small"))
    return tuple(blocks)


def _year_row(figures: Figures, share: Share, is_year: bool) -> tuple[Content, ...]:
    at = f"@{share.year}"
    return (
        (same(share.year),),
        (figures.made(f"ex_ante{at}"),),
        (same(f"{share.days}/{share.of}"),),
        (figures.made(f"ex_ante.prorated{at}"),),
        (figures.rounded("reduction", share.year),) if is_year else (DASH,),
        _made(figures, f"ex_ante.difference{at}"),
        _made(figures, f"ex_ante.difference_percent{at}"),
    )


def _made(figures: Figures, id_: str) -> Content:
    return (figures.made(id_),) if id_ in figures.derived else (DASH,)


def reason_blocks(figures: Figures) -> tuple[Block, ...]:
    """Explain the difference in the words of the project; an increase without words stands out."""
    spec = figures.result.project.spec
    if spec.ex_ante_explanation and spec.ex_ante:
        return (Paragraph((phrase(spec.ex_ante_explanation),)),)
    number = figures.derived.get("ex_ante.difference")
    if number is None or spec.stage == "design":
        return ()
    figure = figures.made("ex_ante.difference")
    above = number.value > 0
    told = (UNEXPLAINED if above else NOT_ABOVE).filled(difference=figure.text, unit=figure.unit)
    return (Note((told,), warning=above),)


def estimate_method_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say how the estimate was made."""
    texts = narrative_blocks(figures, ["estimate_method"])
    if figures.result.project.spec.stage == "design":
        return (Paragraph((OF_DESIGN,)), *texts)
    return (*texts, Note((OF_PERIOD,)))


def yearly_estimate_blocks(figures: Figures) -> tuple[Block, ...]:
    """Show the estimate for each year of the crediting period; beside it the results of a period that was monitored."""
    if figures.result.project.spec.stage == "design":
        mean = KeyValues(((MEAN, followed(figures.made("reduction.mean"))),))
        return (*calculation.year_blocks(figures), mean)
    blocks: list[Block] = []
    years = [id_ for id_ in figures.derived if id_.startswith("ex_ante@")]
    if years:
        unit = figures.made(years[0]).unit
        columns = (Column((YEAR,), 1), Column((REDUCTION, in_brackets(unit)), 2, "right"))
        rows = tuple(((same(id_.partition("@")[2]),), (figures.made(id_),)) for id_ in years)
        blocks.append(Table(columns, (*rows, ((TOTAL,), (figures.made("ex_ante"),))), OF_PROJECT, totals=1))
    return (*blocks, Note((OF_PERIOD,)), *calculation.year_blocks(figures))


def split_blocks(figures: Figures) -> tuple[Block, ...]:
    """Divide the reduction at the ends of the commitment periods."""
    if not all(id_ in figures.derived for id_ in SPANS):
        return ()
    unit = printed_unit(figures.rounding_unit)
    columns = (Column((SPAN_OF_YEARS,), 1), Column((REDUCTION, in_brackets(unit)), 1, "right"))
    rows = tuple(((told,), (figures.made(id_),)) for id_, told in SPANS.items())
    return (Table(columns, (*rows, ((TOTAL,), (figures.rounded_total("reduction"),))), totals=1),)


def previous_blocks(figures: Figures) -> tuple[Block, ...]:
    """Compare the values that an earlier period reported with those of this one."""
    earlier = [period for period in figures.result.project.spec.earlier_periods if period.values]
    if not earlier:
        return ()
    last = max(earlier, key=lambda period: period.end)
    rows = _previous_rows(figures, last)
    columns = (
        Column((PARAMETER,), 5),
        Column((AT,), 3),
        Column((BEFORE,), 4, "right"),
        Column((NOW,), 4, "right"),
        Column((CHANGE,), 3, "right"),
    )
    span = SPAN.filled(start=str(last.start), end=str(last.end))
    blocks: list[Block] = [Table(columns, tuple(rows[:MOST_ROWS]), LAST_PERIOD.filled(span=span))]
    if len(rows) > MOST_ROWS:
        blocks.append(Paragraph((MORE_ROWS.filled(count=f"{len(rows):,}", shown=MOST_ROWS),), "small"))
    return (*blocks, Paragraph((LESS_CONSERVATIVE,), "small"))


def _previous_rows(figures: Figures, last: EarlierPeriod) -> list[tuple[Content, ...]]:
    result = figures.result
    rows: list[tuple[Content, ...]] = []
    for name, stated in last.values.items():
        if name not in result.methodology.quantities:
            continue
        if name not in result.plan.needed and name not in result.values:
            continue
        told = {"": stated.value} if stated.at is None else dict(stated.at)
        for at, value in told.items():
            rows.append(_previous_row(figures, name, at, value, stated.unit))
    return rows


def _previous_row(figures: Figures, name: str, at: str, value: Fraction | None, unit: str) -> tuple[Content, ...]:
    over = figures.result.plan.over(name)
    before = stored_amount(str(value), unit)
    index = figures.result.dataset.domain.parse(over, at) if bool(at) == bool(over) else None
    if index is None or not _has(figures.result, name, index):
        return (figures.named(name), (same(at) if at else DASH,), (before,), (DASH,), (DASH,))
    now = figures.with_unit(name, index)
    shown = figures.label(over, index) if over else DASH
    return (figures.named(name), (shown,), (before,), now, (_change(figures, name, index, value, unit),))


def _has(result: Result, name: str, index: tuple[int | str, ...]) -> bool:
    return index in result.values_of(name)


def _change(figures: Figures, name: str, index: tuple[int | str, ...], value: Fraction | None, unit: str) -> Phrase:
    """Say by how many percent a value changed, where both are in the same unit."""
    now = Fraction(figures.result.value(name, index))
    if value is None or unit != figures.unit_text(name, index):
        return DASH
    if now == value:
        return SAME
    if value == 0:
        return DASH
    share = (now / value - 1) * 100
    return same(f"{'+' if share > 0 else ''}{number_text(share, decimals=2)}%")

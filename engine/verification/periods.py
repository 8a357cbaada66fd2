"""Monitoring periods: that each follows the one before, and none is claimed twice.

The dates inside one project file are judged when it is read; billing cycles where second sources are compared.
"""

import datetime
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tonne.engine.errors import Place
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result

_ONE_DAY = datetime.timedelta(days=1)


class _Span:
    """A monitoring period among others."""

    def __init__(self, number: int | None, start: datetime.date, end: datetime.date, place: Place) -> None:
        self.number, self.start, self.end, self.place = number, start, end, place

    @property
    def zh(self) -> str:
        """The period in words."""
        return f"{f'第{self.number}监测期' if self.number else '监测期'}（{self.start}至{self.end}）"

    @property
    def en(self) -> str:
        """The period in words."""
        return f"monitoring period {f'{self.number} ' if self.number else ''}({self.start} to {self.end})"


def check_periods(result: Result) -> Iterator[Finding]:
    """Compare the monitoring period with the earlier ones and with the crediting period."""
    project = result.project
    spec, document = project.spec, project.document
    now = spec.monitoring_period
    spans = [
        _Span(period.number, period.start, period.end, document.place("earlier_periods", position))
        for position, period in enumerate(spec.earlier_periods)
    ]
    spans.append(_Span(now.number, now.start, now.end, document.place("monitoring_period")))
    spans.sort(key=lambda span: (span.start, span.end))
    for one, other in pairwise(spans):
        yield from _joined(one, other)
    yield from _numbered(spans)
    yield from _across_the_start(result, spans)
    yield from _begins_late(result, spans)


def _joined(one: _Span, other: _Span) -> Iterator[Finding]:
    if other.start <= one.end:
        days = (min(one.end, other.end) - other.start).days + 1
        yield Finding(
            "period.overlap",
            Severity.BLOCKING,
            f"{other.zh}与{one.zh}重叠{days}天，重叠期间的减排量会被重复申报；请更正监测期。",
            f"The {other.en} overlaps the {one.en} by {days} days, whose reductions would be claimed twice. Please correct "
            "the periods.",
            {"start": str(other.start), "end": str(other.end), "days": days},
            other.place,
        )
    elif other.start > one.end + _ONE_DAY:
        days = (other.start - one.end).days - 1
        first, last = one.end + _ONE_DAY, other.start - _ONE_DAY
        yield Finding(
            "period.gap",
            Severity.CLARIFICATION,
            f"{one.zh}与{other.zh}之间有{days}天（{first}至{last}）不属于任何监测期；请说明该期间的减排量如何处理。",
            f"Between the {one.en} and the {other.en} there are {days} days ({first} to {last}) in no monitoring period. "
            "Please say what becomes of their reductions.",
            {"start": str(first), "end": str(last), "days": days},
            other.place,
        )


def _numbered(spans: Sequence[_Span]) -> Iterator[Finding]:
    for one, other in pairwise(spans):
        if one.number is not None and other.number is not None and other.number != one.number + 1:
            yield Finding(
                "period.number_out_of_order",
                Severity.CLARIFICATION,
                f"监测期编号不连续：{one.zh}之后为{other.zh}；请更正编号，或补充缺少的监测期。",
                f"The numbers of the periods do not follow each other: the {one.en} is followed by the {other.en}. Please "
                "correct the numbers, or add the period that is missing.",
                {"start": str(other.start), "former": one.number, "number": other.number},
                other.place,
            )


def _across_the_start(result: Result, spans: Sequence[_Span]) -> Iterator[Finding]:
    crediting = result.project.spec.crediting_period
    for span in spans:
        if span.start < crediting.start <= span.end or span.start <= crediting.end < span.end:
            yield Finding(
                "period.outside_crediting",
                Severity.CORRECTIVE_ACTION,
                f"{span.zh}有一部分不在计入期（{crediting.start}至{crediting.end}）内；计入期以外的减排量不得申报。",
                f"A part of the {span.en} is outside the crediting period ({crediting.start} to {crediting.end}), where no "
                "reduction may be claimed.",
                {"start": str(span.start), "end": str(span.end)},
                span.place,
            )


def _begins_late(result: Result, spans: Sequence[_Span]) -> Iterator[Finding]:
    spec = result.project.spec
    if spec.earlier_periods or (spec.monitoring_period.number or 1) == 1:
        return
    now = spans[-1]
    yield Finding(
        "period.earlier_not_listed",
        Severity.CLARIFICATION,
        f"本期为{now.zh}，但项目文件未列出以往监测期（earlier_periods），无法核对监测期是否连续、有无重叠；请补充。",
        f"This is the {now.en}, but the project file lists no earlier ones (earlier_periods), so that gaps and overlaps cannot "
        "be seen. Please add them.",
        {"start": str(now.start), "number": now.number},
        now.place,
    )

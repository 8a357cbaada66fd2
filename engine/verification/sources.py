"""Where values come from: that each is traceable to a source, and monitored ones to records instead of typed sums."""

from collections.abc import Iterator

from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result


def check_sources(result: Result) -> Iterator[Finding]:
    """Report values of the project file without a source, and monitored ones in time that were typed in."""
    clock = result.dataset.domain.clock
    quantities = result.methodology.parameters
    given = {name: value for name, value in result.project.spec.values.items() if name in result.plan.needed}
    nameless = [name for name, value in given.items() if value.source is None]
    typed = [
        name for name in given if quantities[name].parameter.from_ == "monitored" and clock & set(quantities[name].over)
    ]
    place = result.project.document.place("values")
    if nameless:
        yield Finding(
            "source.missing",
            Severity.CLARIFICATION,
            f"项目文件给定的{len(nameless)}个参数未说明数值来源（source）和推导过程：{'、'.join(nameless)}；请补充，以便由原始资料重算。",
            f"{len(nameless)} parameters are given in the project file without source (source) and derivation: {', '.join(nameless)}. "
            "Please add them, so that the values can be computed from the raw material.",
            {"count": len(nameless), "named": nameless},
            place,
        )
    if typed:
        yield Finding(
            "source.not_raw",
            Severity.CLARIFICATION,
            f"{len(typed)}个监测参数按时段的数值直接写入项目文件，未由计量读数或台账得到：{'、'.join(typed)}；请提供原始记录，经分摊或汇总的"
            "数值不能作为原始数据。",
            f"{len(typed)} monitored parameters are typed into the project file by step of time, and do not come from readings or "
            f"records: {', '.join(typed)}. Please give the raw records; values that were apportioned or added up are none.",
            {"count": len(typed), "named": typed},
            place,
        )

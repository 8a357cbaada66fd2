"""Where values come from: that each is traceable to a source, and monitored ones to records instead of typed sums."""

from collections.abc import Iterator

from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result


def check_sources(result: Result) -> Iterator[Finding]:
    """Report values of the project file without a source, and monitored ones in time that were typed in."""
    clock = result.dataset.domain.clock
    for name, value in result.project.spec.values.items():
        quantity = result.methodology.parameters.get(name)
        if quantity is None or name not in result.plan.needed:
            continue
        place = result.project.document.place("values", name)
        if value.source is None:
            yield Finding(
                "source.missing",
                Severity.CLARIFICATION,
                f"参数{name}的数值在项目文件中给定，但未说明来源（source）和推导过程；请补充，以便由原始资料重算。",
                f"{name} is given in the project file without its source (source) and derivation. Please add them, so that it can be "
                "computed from the raw material.",
                {"parameter": name},
                place,
            )
        if quantity.parameter.from_ == "monitored" and clock & set(quantity.over):
            yield Finding(
                "source.not_raw",
                Severity.CLARIFICATION,
                f"监测参数{name}按时段的数值直接写入项目文件，未由计量读数或台账得到；请提供原始记录，经分摊或汇总的数值不能作为原始数据。",
                f"The monitored parameter {name} is typed into the project file by step of time, and does not come from readings or "
                "records. Please give the raw records; values that were apportioned or added up are none.",
                {"parameter": name},
                place,
            )

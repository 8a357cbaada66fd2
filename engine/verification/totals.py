"""Sums and single values: rounding only where the methodology rounds, vintages that add up, one value for one thing."""

from collections.abc import Iterator

from tonne.engine.check.order import reachable
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result
from tonne.engine.spec.tree import Call, walk

_ROUNDING = {"round", "floor", "ceil"}


def check_totals(result: Result) -> Iterator[Finding]:
    """Check where formulas round, and which calendar years several periods share."""
    yield from _rounded_inside(result)
    yield from _shared_years(result)


def _rounded_inside(result: Result) -> Iterator[Finding]:
    """Note equations of the reduction that round before the step at which the methodology rounds."""
    outputs = result.methodology.spec.outputs
    if outputs is None:
        return
    steps = result.plan.steps
    used = reachable({name: step.tree for name, step in steps.items()}, [outputs.reduction])
    for name, step in steps.items():
        found = sorted({part.function for part in walk(step.tree) if isinstance(part, Call)} & _ROUNDING)
        if name in used and found:
            yield Finding(
                "total.rounded_inside",
                Severity.NOTE,
                f"公式{name}在最终结果之前进行取整（{'、'.join(found)}）；除方法学明确规定外，中间结果不应修约，请核对方法学原文。",
                f"Equation {name} rounds ({', '.join(found)}) before the end; nothing is rounded on the way unless the methodology "
                "says so. Compare with its text.",
                {"equation": name, "functions": found},
                result.methodology.quantities[name].place,
            )


def _shared_years(result: Result) -> Iterator[Finding]:
    """Note calendar years of which another period holds a part: the vintage is the sum of both."""
    period = result.project.spec.monitoring_period
    own = set(range(period.start.year, period.end.year + 1))
    for position, earlier in enumerate(result.project.spec.earlier_periods):
        shared = sorted(own & set(range(earlier.start.year, earlier.end.year + 1)))
        if shared:
            years = [str(year) for year in shared]
            yield Finding(
                "total.shared_year",
                Severity.NOTE,
                f"{'、'.join(years)}年的减排量分属两个监测期（另一监测期为{earlier.start}至{earlier.end}）；按年度（vintage）签发时须合并计算，"
                "各监测期已分别修约。",
                f"The reductions of {', '.join(years)} belong to two monitoring periods (the other is {earlier.start} to "
                f"{earlier.end}); a vintage is the sum of both, each rounded by itself.",
                {"years": years, "start": str(earlier.start)},
                result.project.document.place("earlier_periods", position),
            )


def check_single_values(result: Result) -> Iterator[Finding]:
    """Report fixed parameters of different specs that mean the same and have different values.

    Several uses of one module are meant to have values of their own.
    """
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for name, over in result.plan.needed.items():
        quantity = result.methodology.parameters.get(name)
        if quantity is not None and quantity.parameter.from_ in {"fixed", "default", "factor"}:
            alias, _, local = name.rpartition(".")
            spec = result.methodology.modules[alias][0].id if alias in result.methodology.modules else alias
            groups.setdefault((local, f"{quantity.unit.text} {over}"), {}).setdefault(spec, name)
    for (local, _), by_spec in groups.items():
        names = list(by_spec.values())
        first = result.dataset.values.get(names[0], {})
        for other in names[1:]:
            values = result.dataset.values.get(other, {})
            differing = [index for index in first.keys() & values.keys() if first[index] != values[index]]
            if differing:
                yield Finding(
                    "value.two_values",
                    Severity.CLARIFICATION,
                    f"参数{names[0]}与{other}名称和单位相同（{local}），但有{len(differing)}处取值不同；同一参数应取同一数值，请核对。",
                    f"{names[0]} and {other} have one name and unit ({local}) but differ in {len(differing)} values. One parameter has "
                    "one value; please verify.",
                    {"parameters": [names[0], other], "count": len(differing)},
                    result.methodology.quantities[other].place,
                )

"""Compares what is reported with the registered plan: parameters and their kind, fixed values, diagram, name, number.

Meters are compared with the plan where the register of meters is read.
"""

from collections.abc import Iterator
from fractions import Fraction

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.registers import Plan, Stated
from tonne.engine.errors import Place
from tonne.engine.findings import Finding, Severity
from tonne.engine.result.result import Result
from tonne.engine.spec.models import Text
from tonne.engine.units import parse_unit, reading_conversion

_KINDS_ZH = {"monitored": "监测", "fixed": "事前确定", "default": "缺省值"}
_SHOWN = 20
_STATED = {"monitored": "monitored", "fixed": "fixed"}  # every other origin is a default of the methodology


def check_plan(result: Result) -> Iterator[Finding]:
    """Compare parameters, monitoring points and the diagram with the registered plan."""
    plan = result.project.spec.plan
    if plan is None:
        return
    yield from _parameters(result, plan)
    yield from _points(result, plan)
    yield from _diagram(result, plan)


def _parameters(result: Result, plan: Plan) -> Iterator[Finding]:
    place = result.project.document.place("plan", "parameters")
    if not plan.parameters:
        return
    for name in result.plan.needed:
        quantity = result.methodology.parameters.get(name)
        if quantity is None:
            continue
        origin = quantity.parameter.from_
        kind = _STATED.get(origin, "default")
        planned = plan.parameters.get(name)
        if planned is None and origin == "monitored":
            yield Finding(
                "plan.parameter_missing",
                Severity.CORRECTIVE_ACTION,
                f"方法学要求监测的参数{name}未列入{plan.document}的监测计划；请补充，或说明已批准的监测计划变更。",
                f"The methodology has {name} monitored, but the monitoring plan of {plan.document} does not list it. Please "
                "add it, or show that a change of the plan was approved.",
                {"parameter": name, "document": plan.document},
                place,
            )
        elif planned is not None and planned != kind:
            yield Finding(
                "plan.kind_differs",
                Severity.CORRECTIVE_ACTION,
                f"参数{name}在{plan.document}中为“{_KINDS_ZH[planned]}”，本报告按“{_KINDS_ZH[kind]}”处理；请更正或说明。",
                f"{name} is “{planned}” in {plan.document}, but “{kind}” in this report. Please correct or explain.",
                {"parameter": name, "document": plan.document, "planned": planned, "reported": kind},
                result.project.document.place("plan", "parameters", name),
            )


def _points(result: Result, plan: Plan) -> Iterator[Finding]:
    for key, planned in plan.meters.items():
        meter = result.project.spec.meters.get(key)
        point = planned.monitoring_point
        if meter is None or point is None or meter.location is None or _same(point.zh, meter.location.zh):
            continue
        yield Finding(
            "plan.monitoring_point_differs",
            Severity.CLARIFICATION,
            f"计量器具{key}的安装位置为“{meter.location.zh}”，{plan.document}规定的监测点为“{point.zh}”；请确认两者一致。",
            f"Meter {key} is at “{meter.location.en}”, while {plan.document} has the monitoring point “{point.en}”. Please "
            "confirm that they are the same.",
            {"meter": key, "document": plan.document},
            result.project.document.place("meters", key, "location"),
        )


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _diagram(result: Result, plan: Plan) -> Iterator[Finding]:
    place = result.project.document.place("plan", "diagram", "=")
    if plan.diagram is None:
        yield Finding(
            "plan.diagram_missing",
            Severity.CLARIFICATION,
            "项目文件未提供标明全部监测点的计量接线图（plan.diagram）；请补充。",
            "No diagram of the metering with all monitoring points is given (plan.diagram). Please add it.",
            {"document": plan.document},
            place,
        )
        return
    path = (result.project.folder / plan.diagram).resolve()
    if not path.is_relative_to(result.project.folder.resolve()) or not path.is_file():
        yield Finding(
            "plan.diagram_missing",
            Severity.CORRECTIVE_ACTION,
            f"项目文件所列计量接线图{plan.diagram}不存在；请补充该文件。",
            f"The metering diagram {plan.diagram} that the project file names does not exist. Please add the file.",
            {"document": plan.document, "file": plan.diagram},
            place,
        )


def check_identity(result: Result) -> Iterator[Finding]:
    """Compare name and number of the project with those of the registered plan, to the letter."""
    spec = result.project.spec
    plan = spec.plan
    if plan is None:
        return
    pairs = []
    if plan.project_name is not None:
        pairs += [
            ("name_differs", plan.project_name.zh, spec.name.zh),
            ("name_differs", plan.project_name.en, spec.name.en),
        ]
    if plan.registration is not None:
        pairs.append(("number_differs", plan.registration, spec.registration or "—"))
    words = {"name_differs": ("项目名称", "name"), "number_differs": ("项目登记编号", "registration number")}
    for fact, planned, reported in pairs:
        if planned == reported:
            continue
        zh, en = words[fact]
        spaces = "".join(planned.split()) == "".join(reported.split())
        more_zh, more_en = ("（仅空格不同）", " (only the spaces differ)") if spaces else ("", "")
        yield Finding(
            f"identity.{fact}",
            Severity.CORRECTIVE_ACTION,
            f"{zh}与{plan.document}不一致：本报告为“{reported}”，{plan.document}为“{planned}”{more_zh}；请更正。",
            f"The {en} of the project differs: “{reported}” here, “{planned}” in {plan.document}{more_en}. Please correct.",
            {"document": plan.document, "found": reported},
            result.project.document.place("plan"),
        )


def check_stated_values(result: Result) -> Iterator[Finding]:
    """Compare the values used with those that the plan fixes and that earlier periods reported."""
    spec, document = result.project.spec, result.project.document
    if spec.plan is not None:
        for name, stated in spec.plan.values.items():
            source = Text(zh=spec.plan.document, en=spec.plan.document)
            yield from _stated(result, name, stated, source, document.place("plan", "values", name))
    for position, period in enumerate(spec.earlier_periods):
        source = Text(
            zh=f"以往监测期（{period.start}至{period.end}）的报告",
            en=f"the report of the period {period.start} to {period.end}",
        )
        for name, stated in period.values.items():
            yield from _stated(
                result, name, stated, source, document.place("earlier_periods", position, "values", name)
            )


def _stated(result: Result, name: str, stated: Stated, source: Text, place: Place) -> Iterator[Finding]:
    if name not in result.values and name not in result.dataset.values:
        return
    over, unit = result.plan.over(name), result.plan.unit(name)
    factor, offset = reading_conversion(parse_unit(stated.unit), unit)
    used = {result.dataset.domain.label(over, index): value for index, value in result.values_of(name).items()}
    wanted = dict(stated.at) if stated.at is not None else dict.fromkeys(used, stated.value or Fraction(0))
    cases = [
        {
            "at": at,
            "stated": exact_text(value),
            "used": exact_text(round((Fraction(f"{used[at]:.40g}") - offset) / factor, 12)),
        }
        for at, value in wanted.items()
        if at in used and abs(Fraction(used[at]) - (value * factor + offset)) > abs(Fraction(used[at])) / 10**12
    ]
    if not cases:
        return
    first = cases[0]
    at_zh, at_en = (f"{first['at']}，", f" at {first['at']}") if over else ("", "")
    here, there = (f"{first[key]} {stated.unit}".removesuffix(" 1") for key in ("used", "stated"))
    yield Finding(
        "value.differs",
        Severity.CORRECTIVE_ACTION,
        f"同一参数{name}出现不同数值（{at_zh}共{len(cases)}处）：本报告为{here}，{source.zh}为{there}；同一参数在各文件中应为"
        "同一数值，请更正或说明。",
        f"{name} has two values in {len(cases)} cases, first{at_en}: {here} in this report, {there} in {source.en}. One parameter has "
        "one value in all documents; please correct or explain.",
        {"parameter": name, "source": source.en, "count": len(cases), "cases": cases[:_SHOWN]},
        place,
    )

"""The meters of a project as a monitoring report shows them, with their calibrations and what was corrected.

The corrections are those of the findings on calibration; nothing is worked out here.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.registers import Calibration, Meter
from tonne.engine.findings import Finding
from tonne.esg.document import Block, Break, Column, Content, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, day, either, in_brackets, joined, labelled, phrase, spread, stored_amount
from tonne.esg.numbers import number_text
from tonne.esg.wording import CAUSES, COMMA, CORRECTED, METER_ROLES, NOT_GIVEN, SEMICOLON, SPAN

METER, SERIAL = Phrase("计量器具", "Meter"), Phrase("出厂编号", "Serial number")
CLASS, MPE = Phrase("准确度等级", "Accuracy class"), Phrase("最大允许误差", "maximum permissible error")
MULTIPLIER = Phrase("倍率", "multiplier")
LOCATION, ROLE = Phrase("安装位置与用途", "Location and role"), Phrase("监测参数", "parameters")
SERVICE = Phrase("投运期间", "In service")
CALIBRATIONS = Phrase("校准（检定）", "Calibrations")
VALID = Phrase("有效期至{date}", "valid until {date}")
ERROR = Phrase("误差{error}", "error {error}")
ADJUSTED = Phrase("已调整", "adjusted")
FROM = Phrase("{start}起", "from {start}")
NONE = Phrase("台账未列校准记录", "no calibration in the register")
AT_LOAD = Phrase("负荷{load}及以上{error}", "{error} from a load of {load}")
REGISTER = Phrase("计量器具台账", "Register of meters")
CORRECTIONS = Phrase(
    "校准有效期未覆盖读数的保守修正", "Conservative correction of readings that no valid calibration covers"
)
PARAMETER, CAUSE, TIME = Phrase("参数", "Parameter"), Phrase("原因", "Cause"), Phrase("时段", "Period")
HOURS, READINGS = Phrase("小时数", "Hours"), Phrase("读数条数", "Readings")
SHARE = Phrase("修正比例", "Correction")
BEFORE, AFTER, CHANGE = Phrase("修正前", "Before"), Phrase("修正后", "After"), Phrase("变化量", "Change")
PER_METER = Phrase(
    "修正按计量器具逐一进行，只涉及所列时段内的读数，上网与下网（或各参数）分别修正后再相减；跨越时段边界的读数按未覆盖处理。",
    "Each meter was corrected by itself, only in its readings of the periods listed, and each parameter before any net was "
    "taken; a reading that crosses the edge of a period counts as not covered.",
)
NONE_CORRECTED = Phrase(
    "全部已登记计量器具的读数均在校准有效期内，无需修正。",
    "Valid calibrations cover all readings of the registered meters; nothing was corrected.",
)


def meter_blocks(figures: Figures) -> tuple[Block, ...]:
    """Show the register of meters with their calibrations."""
    meters = figures.result.project.spec.meters
    if not meters:
        return ()
    columns = (
        Column((METER, Break(), SERIAL), 4),
        Column((CLASS, Break(), MPE), 4),
        Column((LOCATION,), 5),
        Column((SERVICE,), 3),
        Column((CALIBRATIONS,), 6),
    )
    return (Table(columns, tuple(_meter_row(figures, key, meter) for key, meter in meters.items()), REGISTER),)


def _meter_row(figures: Figures, key: str, meter: Meter) -> tuple[Content, ...]:
    name: list[Content] = [(same(key),), (same(meter.serial),)]
    if meter.reads_as:
        name.insert(1, (in_brackets(same(meter.reads_as)),))
    accuracy = [(same(meter.accuracy_class) if meter.accuracy_class else NOT_GIVEN,)]
    accuracy += [(labelled(MPE, _permissible(meter)),)] if meter.mpe is not None else []
    if meter.ratio:
        accuracy.append((labelled(MULTIPLIER, same(number_text(meter.ratio.multiplier, digits=15))),))
    known = figures.result.methodology.quantities
    parameters = [figures.name(name) for name in meter.parameters if name in known]
    place = [(phrase(meter.location) if meter.location else NOT_GIVEN,), (METER_ROLES[meter.role],)]
    place += [(phrase(meter.quantity),)] if meter.quantity else []
    place += [(labelled(ROLE, joined(parameters, COMMA)),)] if parameters else []
    calibrations = [_calibration(item) for item in meter.calibrations]
    return (
        *(spread(cell, Break()) for cell in (name, accuracy, place)),
        (_service(meter),),
        spread(((line,) for line in calibrations), Break()) or (NONE,),
    )


def _permissible(meter: Meter) -> Phrase:
    if isinstance(meter.mpe, list):
        steps = (AT_LOAD.filled(load=_percent(step.load), error=_percent(step.mpe)) for step in meter.mpe)
        return joined(steps, SEMICOLON)
    return same(_percent(meter.mpe or Fraction(0)))


def _percent(share: Fraction) -> str:
    return f"{number_text(share * 100, digits=12)}%"


def _service(meter: Meter) -> Phrase:
    service = meter.in_service
    if service is None:
        return NOT_GIVEN
    if service.end is None:
        return FROM.filled(start=str(service.start))
    return SPAN.filled(start=str(service.start), end=str(service.end))


def _calibration(item: Calibration) -> Phrase:
    parts = [day(item.date)]
    parts += [VALID.filled(date=str(item.valid_until))] if item.valid_until else []
    parts += [ERROR.filled(error=_percent(item.error))] if item.error is not None else []
    parts += [ADJUSTED] if item.adjusted else []
    parts += [same(item.certificate)] if item.certificate else []
    laboratory = either(item.laboratory)
    return joined([*parts, laboratory] if laboratory else parts, SEMICOLON)


def correction_blocks(figures: Figures) -> tuple[Block, ...]:
    """Show what was corrected, a row for each meter, parameter and period."""
    if not figures.result.project.spec.meters:
        return ()
    rows = tuple(
        _correction_row(figures, finding.evidence, part) for finding, part in corrected(figures.result.findings)
    )
    if not rows:
        return (Paragraph((NONE_CORRECTED,)),)
    columns = (
        Column((METER,), 4),
        Column((PARAMETER,), 3),
        Column((CAUSE,), 4),
        Column((TIME,), 5),
        Column((HOURS,), 2, "right"),
        Column((READINGS,), 2, "right"),
        Column((SHARE,), 2, "right"),
        Column((BEFORE,), 4, "right"),
        Column((AFTER,), 4, "right"),
        Column((CHANGE,), 4, "right"),
    )
    return (Table(columns, rows, CORRECTIONS), Paragraph((PER_METER,), "small"))


def corrected(findings: Iterable[Finding]) -> list[tuple[Finding, Mapping[str, Any]]]:
    """List the parts of the findings on readings that no calibration covers."""
    return [
        (finding, part)
        for finding in findings
        if finding.code.partition(".")[0] in {"calibration", "meter"}
        for part in finding.evidence.get("parts", [])
    ]


def correction_words(item: Mapping[str, Any]) -> Phrase:
    """Say what was corrected in the readings of a meter that went into one value, and why."""
    return CORRECTED.filled(
        cause=CAUSES[item["cause"]],
        first=item["first"],
        last=item["last"],
        count=f"{item['readings']:,}",
        share=_signed(item["share"]),
        before=stored_amount(item["before"], item["unit"]),
        after=stored_amount(item["after"], item["unit"]),
    )


def _signed(share: Any) -> str:
    return str(share).replace(" ", "").replace("-", "−")


def _correction_row(figures: Figures, evidence: Mapping[str, Any], part: Mapping[str, Any]) -> tuple[Content, ...]:
    unit = str(evidence["unit"])
    change = Fraction(part["after"]) - Fraction(part["before"])
    return (
        (same(str(part["meter"])), in_brackets(same(str(part["serial"])))),
        (figures.name(str(evidence["parameter"])),),
        (CAUSES[part["cause"]],),
        (SPAN.filled(start=part["first"], end=part["last"]),),
        (stored_amount(part["hours"], "1"),),
        (same(f"{part['readings']:,}"),),
        (same(_signed(part["share"])),),
        (stored_amount(part["before"], unit),),
        (stored_amount(part["after"], unit),),
        (stored_amount(exact_text(change), unit),),
    )

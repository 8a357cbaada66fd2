"""The meters of a project as a monitoring report shows them, with their calibrations and what was corrected.

The corrections are those of the findings on calibration; nothing is worked out here.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.project import Period
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
ADJUSTED_NOTE = Phrase("（已调整）", " (adjusted)")
DASH = same("—")
MOST_IN_CELL = 3  # calibrations of a meter in its cell of the register
SEVERAL = Phrase(
    "本期内有{count}次校准，见计量器具清单", "{count} calibrations in the period, see the register of meters"
)
IN_TABLE = Phrase("{count}次，见下表", "{count}, see the table below")
CALIBRATED, VALID_UNTIL = Phrase("校准日期", "Calibrated"), Phrase("有效期至", "Valid until")
LARGEST_ERROR, CERTIFICATE = Phrase("误差", "Error"), Phrase("证书编号", "Certificate")
LABORATORY = Phrase("校准机构", "Laboratory")
FROM = Phrase("{start}起", "from {start}")
VALIDITY = Phrase("校准{start}，有效至{end}", "calibrated {start}, valid until {end}")
OPEN_END = Phrase("方法学规定的期限", "the end of the methodology's interval")
NO_VALID = Phrase("本期内没有有效的校准", "no calibration that is valid in the period")
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
    "时间为项目所在时区（{zone}）的时间。修正按计量器具逐一进行，只涉及所列时段内的读数，上网与下网（或各参数）分别修正后再相减；跨越时段边界的读数按未覆盖处理。",
    "Times are in the time zone of the project ({zone}). Each meter was corrected by itself, only in its readings of the periods listed, and each parameter before any net was "
    "taken; a reading that crosses the edge of a period counts as not covered.",
)
UNTIL = Phrase("至{time}", "to {time}")
NONE_CORRECTED = Phrase(
    "全部已登记计量器具的读数均在校准有效期内，无需修正。",
    "Valid calibrations cover all readings of the registered meters; nothing was corrected.",
)


def meter_blocks(figures: Figures) -> tuple[Block, ...]:
    """Show the register of meters with their calibrations."""
    meters = figures.result.project.spec.meters
    if not meters:
        return ()
    is_long = any(len(meter.calibrations) > MOST_IN_CELL for meter in meters.values())
    columns = (
        Column((METER, Break(), SERIAL), 4),
        Column((CLASS, Break(), MPE), 4),
        Column((LOCATION,), 9 if is_long else 5),
        Column((SERVICE,), 3),
        Column((CALIBRATIONS,), 3 if is_long else 6),
    )
    rows = tuple(_meter_row(figures, key, meter, is_long) for key, meter in meters.items())
    return (Table(columns, rows, REGISTER), *((_calibration_table(meters),) if is_long else ()))


def _calibration_table(meters: Mapping[str, Meter]) -> Table:
    """List calibrations a row each, where they are too many for the cells of the register."""
    columns = (
        Column((METER,), 3),
        Column((CALIBRATED,), 3),
        Column((VALID_UNTIL,), 3),
        Column((LARGEST_ERROR,), 2, "right"),
        Column((CERTIFICATE,), 4),
        Column((LABORATORY,), 5),
    )
    rows = tuple(
        (
            (same(key),),
            (same(str(item.date)),),
            (same(str(item.valid_until)) if item.valid_until else OPEN_END,),
            (
                same(_percent(item.error)) if item.error is not None else DASH,
                *((ADJUSTED_NOTE,) if item.adjusted else ()),
            ),
            (same(item.certificate) if item.certificate else DASH,),
            (either(item.laboratory) or DASH,),
        )
        for key, meter in meters.items()
        for item in meter.calibrations
    )
    return Table(columns, rows, CALIBRATIONS)


def _meter_row(figures: Figures, key: str, meter: Meter, is_long: bool) -> tuple[Content, ...]:
    name: list[Content] = [(same(key),), (same(meter.serial),)]
    if meter.reads_as:
        name.insert(1, (in_brackets(same(meter.reads_as)),))
    accuracy = [(same(meter.accuracy_class) if meter.accuracy_class else NOT_GIVEN,)]
    accuracy += [(labelled(MPE, _permissible(meter)),)] if meter.mpe is not None else []
    if meter.ratio:
        accuracy.append((labelled(MULTIPLIER, same(number_text(meter.ratio.multiplier, digits=15))),))
    known = figures.result.methodology.quantities
    parameters = [figures.name(name) for name in meter.parameters if name in known]
    about = [METER_ROLES[meter.role]]
    about += [phrase(meter.quantity)] if meter.quantity else []
    about += [labelled(ROLE, joined(parameters, COMMA))] if parameters else []
    place: list[Content] = [(phrase(meter.location) if meter.location else NOT_GIVEN,), (joined(about, SEMICOLON),)]
    count = len(meter.calibrations)
    in_table = [IN_TABLE.filled(count=count)] if count else []
    calibrations = in_table if is_long else [_calibration(item) for item in meter.calibrations]
    return (
        *(spread(cell, Break()) for cell in (name, accuracy, place)),
        (_service(meter),),
        spread(((line,) for line in calibrations), Break()) or (NONE,),
    )


def instrument_words(key: str, meter: Meter, period: Period) -> Phrase:
    """Say in a line which instrument it is, its class, and which of its calibrations reach into a period."""
    parts = [labelled(CLASS, same(meter.accuracy_class))] if meter.accuracy_class else []
    ends = [item.valid_until for item in meter.calibrations]
    valid = [
        VALIDITY.filled(start=str(item.date), end=str(end) if end else OPEN_END)
        for item, end in zip(meter.calibrations, ends, strict=True)
        if item.date <= period.end and (end is None or end >= period.start)
    ]
    if len(valid) > MOST_IN_CELL:
        valid = [SEVERAL.filled(count=len(valid))]
    parts.append(joined(valid, COMMA) if valid else NO_VALID)
    serial = in_brackets(same(meter.serial))
    return labelled(Phrase(key + serial.zh, key + serial.en), joined(parts, SEMICOLON))


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
        Column((METER,), 5),
        Column((PARAMETER,), 3),
        Column((CAUSE,), 3),
        Column((TIME,), 6),
        Column((HOURS,), 3, "right"),
        Column((READINGS,), 3, "right"),
        Column((SHARE,), 3, "right"),
        Column((BEFORE,), 4, "right"),
        Column((AFTER,), 4, "right"),
        Column((CHANGE,), 4, "right"),
    )
    return (
        Table(columns, rows, CORRECTIONS),
        Paragraph((PER_METER.filled(zone=figures.result.project.spec.time_zone),), "small"),
    )


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


def _moment(stamp: str) -> Phrase:
    """Print a time stamp without its offset and without seconds that are none, to fit into a column."""
    day_, _, time = stamp.partition("T")
    clock = re.sub(r"(?:Z|[+-]\d\d:\d\d)$", "", time).removesuffix(":00") if time.count(":") > 1 else time
    return same(f"{day_} {clock}".strip())


def _signed(share: Any) -> str:
    return str(share).replace(" ", "").replace("-", "−")


def _correction_row(figures: Figures, evidence: Mapping[str, Any], part: Mapping[str, Any]) -> tuple[Content, ...]:
    unit = str(evidence["unit"])
    change = Fraction(part["after"]) - Fraction(part["before"])
    return (
        (same(str(part["meter"])), in_brackets(same(str(part["serial"])))),
        (figures.name(str(evidence["parameter"])),),
        (CAUSES[part["cause"]],),
        (_moment(part["first"]), Break(), UNTIL.filled(time=_moment(part["last"]))),
        (stored_amount(part["hours"], "1"),),
        (same(f"{part['readings']:,}"),),
        (same(_signed(part["share"])),),
        (stored_amount(part["before"], unit),),
        (stored_amount(part["after"], unit),),
        (stored_amount(exact_text(change), unit),),
    )

"""What the next monitoring period needs of the instruments that are in service at the end of this one.

Looks ahead only: what the present readings lack is told where they are corrected.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping

from tonne.engine.data.calibration import covered_until
from tonne.engine.data.meters import Device, MeterRegister, instant_at
from tonne.engine.data.project import Project
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.models import Calibration as Rule

AHEAD = datetime.timedelta(days=30)  # composed: time enough to make an appointment with a laboratory


def calibrations_due(project: Project, register: MeterRegister, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """Say which calibrations end within 30 days after the monitoring period.

    Args:
        project: with the monitoring period.
        register: the instruments.
        rules: what the methodology asks for, by the name of the readings that feed its parameters.
    """
    last = project.spec.monitoring_period.end
    ends = instant_at(last, project.zone, end=True)
    for label, rule in rules.items():
        for device in register.of(label):
            until = covered_until(device, rule, project.zone) if device.begins < ends < device.ends else None
            if until is not None and last <= until <= last + AHEAD:
                yield _due(device, until, last)


def unread(project: Project, register: MeterRegister, read: set[str]) -> Iterator[Finding]:
    """Say which main meters of the register were in service in the period and occur in no file of readings."""
    period, fed = project.spec.monitoring_period, _fed_otherwise(project)
    begins, ends = instant_at(period.start, project.zone), instant_at(period.end, project.zone, end=True)
    for label, devices in register.devices.items():
        serving = [device for device in devices if device.begins < ends and device.ends > begins]
        if label in read or not serving or serving[0].meter.role != "main" or fed(serving[0]):
            continue
        yield Finding(
            "meter.not_read",
            Severity.CLARIFICATION,
            f"计量器具台账登记了{serving[0].key}，但所有数据文件中均没有它的读数；请补充读数，或说明该器具不参与核算。",
            f"The register of meters holds {serving[0].key}, but no file has readings of it. Please add them, or say that the "
            "meter takes no part in the calculation.",
            {"meter": serving[0].key},
            serving[0].place,
        )


def _fed_otherwise(project: Project) -> Callable[[Device], bool]:
    """Tell whether a meter may stand behind record tables, or behind values given in the project file."""
    read = {feed.parameter for spec in project.spec.readings.values() for feed in spec.feeds}

    def otherwise(device: Device) -> bool:
        named = device.meter.parameters
        return not read.intersection(named) if named else bool(project.spec.records) or not read

    return otherwise


def _due(device: Device, until: datetime.date, last: datetime.date) -> Finding:
    return Finding(
        "calibration.due",
        Severity.FORWARD_ACTION,
        f"计量器具{device.key}的校准有效至{until}，本监测期止于{last}；请在到期前完成下一次校准，下一监测期核查时须予以确认。",
        f"The calibration of meter {device.key} holds until {until}, and this period ends on {last}. Please have it calibrated "
        "before; the verification of the next period will have to confirm it.",
        {"meter": device.key, "until": str(until), "end": str(last)},
        device.place,
    )

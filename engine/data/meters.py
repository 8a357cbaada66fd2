"""The register of meters of a project: which instrument stands behind the readings of a name at an instant.

Checks that the register holds together and compares it with certificates and the registered plan. Reads no
data file; calibrations are judged in `calibration`, register totals in `differences`.
"""

import datetime
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tonne.engine.data.amounts import exact_text
from tonne.engine.data.local_time import instant_of
from tonne.engine.data.project import Project
from tonne.engine.data.registers import ErrorAtLoad, Meter, PlannedMeter
from tonne.engine.errors import Place, Problem, ProjectError, listing, nearest
from tonne.engine.findings import Finding, Severity

ALWAYS = 1 << 62  # microseconds; further from 1970 than any instant
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LAST_DAY = datetime.date(9990, 1, 1)


@dataclass(frozen=True)
class Device:
    """One instrument of the register and the time in which it is in service, from `begins` to before `ends`."""

    key: str
    meter: Meter
    place: Place
    begins: int
    ends: int

    @property
    def label(self) -> str:
        """The name of its readings in the data files."""
        return self.meter.reads_as or self.key

    @property
    def permissible(self) -> tuple[ErrorAtLoad, ...]:
        """The maximum permissible errors by load, the lowest load first; empty when the register has none."""
        mpe = self.meter.mpe
        if mpe is None:
            return ()
        steps = mpe if isinstance(mpe, list) else [ErrorAtLoad.model_construct(load=Fraction(0), mpe=mpe)]
        return tuple(sorted(steps, key=lambda step: step.load))


@dataclass(frozen=True)
class MeterRegister:
    """The instruments of a project, by the name of their readings and in the order of their service."""

    devices: Mapping[str, tuple[Device, ...]]

    def of(self, label: str) -> tuple[Device, ...]:
        """Give the instruments that followed each other under a name; none if the name is not registered."""
        return self.devices.get(label, ())

    @property
    def beside(self) -> Mapping[str, str]:
        """The names of check and backup meters, which feed no parameter, each with that of its main meter."""
        labels = {device.key: label for label, devices in self.devices.items() for device in devices}
        return {
            label: labels[str(devices[0].meter.checks)]
            for label, devices in self.devices.items()
            if devices[0].meter.role != "main"
        }


def meter_register(project: Project) -> MeterRegister:
    """Bring the meters of a project file into order.

    Raises:
        ProjectError: two instruments are in service under one name at one time, or names do not fit.
    """
    meters = project.spec.meters
    found: dict[str, list[Device]] = {}
    for key, meter in meters.items():
        begins, ends = _service(meter, project)
        device = Device(key, meter, project.document.place("meters", key), begins, ends)
        found.setdefault(device.label, []).append(device)
    problems = [*_unknown_main(project), *_not_lawful(project)]
    for devices in found.values():
        devices.sort(key=lambda device: device.begins)
        problems += _overlaps(devices)
    if problems:
        raise ProjectError(problems)
    return MeterRegister({label: tuple(devices) for label, devices in found.items()})


def instant_at(moment: datetime.date, zone: zoneinfo.ZoneInfo, *, end: bool = False) -> int:
    """Give the instant of a time, or of the beginning of a day; with `end` of the day after it."""
    if isinstance(moment, datetime.datetime):
        return (moment - _EPOCH) // datetime.timedelta(microseconds=1)
    day = min(moment, _LAST_DAY) + datetime.timedelta(days=end)
    return instant_of(datetime.datetime.combine(day, datetime.time()), zone)


def _service(meter: Meter, project: Project) -> tuple[int, int]:
    service = meter.in_service
    if service is None:
        return -ALWAYS, ALWAYS
    ends = ALWAYS if service.end is None else instant_at(service.end, project.zone, end=True)
    return instant_at(service.start, project.zone), ends


def _overlaps(devices: list[Device]) -> Iterable[Problem]:
    for one, other in pairwise(devices):
        if other.begins < one.ends:
            yield Problem(
                f"meters {one.key} and {other.key} both read as '{one.label}' and are in service at one time",
                other.place,
                hint="let `in_service:` of the first end before that of the second begins; where they were exchanged "
                "within a day, give the time with its offset: 2024-06-11T10:30:00+08:00",
            )
        if (one.meter.role, one.meter.checks) != (other.meter.role, other.meter.checks):
            what = f"meters {one.key} and {other.key} both read as '{one.label}' and differ in their role"
            yield Problem(what, other.place, hint="meters that follow each other have one `role:` and `checks:`")


def _unknown_main(project: Project) -> Iterable[Problem]:
    meters = project.spec.meters
    mains = [key for key, meter in meters.items() if meter.role == "main"]
    for key, meter in meters.items():
        place = project.document.place("meters", key, "checks", "=")
        if meter.role == "main" and meter.checks is not None:
            yield Problem(f"meter {key} is a main meter and checks none", place, hint="say `role: check`")
        elif meter.checks is not None and meter.checks not in mains:
            known = nearest(meter.checks, mains) or f"main meters are {listing(mains)}"
            yield Problem(f"meter {key} stands beside '{meter.checks}', which is no main meter", place, hint=known)


def _not_lawful(project: Project) -> Iterable[Problem]:
    for key, meter in project.spec.meters.items():
        begins, ends = _service(meter, project)
        if begins >= ends:
            place = project.document.place("meters", key, "in_service", "end", "=")
            yield Problem(f"meter {key} goes out of service before it is in service", place)
        multiplier = meter.ratio.multiplier if meter.ratio else Fraction(1)
        if (multiplier * 10**6).denominator != 1 or multiplier >= 10**9:
            place = project.document.place("meters", key, "ratio", "multiplier", "=")
            yield Problem(f"the multiplier of meter {key} is not a number of at most six decimals below 10^9", place)


def transformer_ratio(meter: Meter) -> Fraction | None:
    """Multiply the ratios of the instrument transformers; None when neither is stated."""
    found = [_quotient(text) for text in (meter.ratio.ct, meter.ratio.pt) if text] if meter.ratio else []
    product = Fraction(1)
    for ratio in found:
        if ratio is None:
            return None
        product *= ratio
    return product if found else None


def _quotient(text: str) -> Fraction | None:
    primary, _, secondary = text.partition("/")
    return Fraction(primary) / Fraction(secondary) if Fraction(secondary) else None


def not_registered(labels: Iterable[str], project: Project) -> list[Finding]:
    """Say of which meters the register knows nothing, so that their calibration could not be judged."""
    names = list(labels)
    if not names:
        return []
    return [
        Finding(
            "meter.not_registered",
            Severity.CLARIFICATION,
            f"方法学规定了计量器具的校准要求，但项目文件的计量器具台账（meters）未登记{'、'.join(names)}，无法核对校准有效期；"
            "请补充出厂编号、准确度等级和校准证书。",
            "The methodology asks for calibrated meters, but the register of the project file (meters) does not hold "
            f"{listing(names)}, so that calibration was not judged. Please add serial number, accuracy class and certificates.",
            {"meters": names},
            project.document.place("meters"),
        )
    ]


def register_findings(project: Project) -> list[Finding]:
    """Compare each meter with its certificates, its transformers, and the registered plan."""
    found: list[Finding] = []
    for key, meter in project.spec.meters.items():
        place = project.document.place("meters", key)
        for calibration in meter.calibrations:
            if calibration.serial is not None and calibration.serial != meter.serial:
                document = calibration.certificate or str(calibration.date)
                found.append(
                    _differs(
                        "serial",
                        key,
                        Phrases(f"校准证书{document}", f"calibration certificate {document}"),
                        calibration.serial,
                        meter.serial,
                        place,
                    )
                )
        if meter.mpe is None and (meter.role == "check" or any(item.error is not None for item in meter.calibrations)):
            found.append(_not_judged(key, meter, place))
        ratio = transformer_ratio(meter)
        if ratio is not None and meter.ratio and ratio != meter.ratio.multiplier:
            words = Phrases("电流、电压互感器变比之积", "the product of the transformer ratios")
            texts = exact_text(ratio), exact_text(meter.ratio.multiplier)
            found.append(_differs("multiplier", key, words, *texts, place))
    return [*found, *_plan_findings(project)]


def _not_judged(key: str, meter: Meter, place: Place) -> Finding:
    return Finding(
        "meter.mpe_missing",
        Severity.CLARIFICATION,
        f"计量器具{key}（编号{meter.serial}）未填最大允许误差（mpe），无法判断校准误差或主表与校核表之差是否超出准确度等级，请补充。",
        f"Meter {key} (serial {meter.serial}) has no maximum permissible error (mpe), so that neither the errors found in its "
        "calibrations nor its difference to another meter can be held against its class. Please add it.",
        {"meter": key, "serial": meter.serial},
        place,
    )


def _plan_findings(project: Project) -> list[Finding]:
    plan, meters = project.spec.plan, project.spec.meters
    if plan is None or not plan.meters or not meters:
        return []
    found: list[Finding] = []
    for key, planned in plan.meters.items():
        if key not in meters:
            place = project.document.place("plan", "meters", key)
            zh = f"监测计划所列计量器具{key}未在项目文件的计量器具台账中登记，请说明。"
            en = f"Meter {key} of the registered plan is not in the register of meters; please explain."
            evidence = {"meter": key, "document": plan.document}
            found.append(Finding("meter.not_registered", Severity.CLARIFICATION, zh, en, evidence, place))
        else:
            found += _planned(key, meters[key], planned, project)
    for key in meters.keys() - plan.meters.keys():
        zh = f"计量器具{key}（编号{meters[key].serial}）不在监测计划中，请说明是否属于计量器具更换或监测计划变更。"
        en = f"Meter {key} (serial {meters[key].serial}) is not in the registered plan; please say whether it replaces another one or the plan was changed."
        evidence = {"meter": key, "serial": meters[key].serial, "document": plan.document}
        place = project.document.place("meters", key)
        found.append(Finding("meter.not_in_plan", Severity.CLARIFICATION, zh, en, evidence, place))
    return sorted(found, key=lambda finding: (finding.code, str(finding.evidence["meter"])))


def _planned(key: str, meter: Meter, planned: PlannedMeter, project: Project) -> Iterable[Finding]:
    place = project.document.place("meters", key)
    words = Phrases("监测计划", "the registered plan")
    if planned.serial is not None and planned.serial != meter.serial:
        yield _differs("serial", key, words, planned.serial, meter.serial, place)
    if planned.accuracy_class is not None and planned.accuracy_class != meter.accuracy_class:
        yield _differs("class", key, words, planned.accuracy_class, meter.accuracy_class or "—", place)
    multiplier = meter.ratio.multiplier if meter.ratio else Fraction(1)
    if planned.multiplier is not None and planned.multiplier != multiplier:
        yield _differs("multiplier", key, words, exact_text(planned.multiplier), exact_text(multiplier), place)


@dataclass(frozen=True)
class Phrases:
    """Words in both languages."""

    zh: str
    en: str


_FACTS = {
    "serial": Phrases("出厂编号", "serial number"),
    "class": Phrases("准确度等级", "accuracy class"),
    "multiplier": Phrases("倍率", "multiplier"),
}


def _differs(fact: str, key: str, source: Phrases, other: str, registered: str, place: Place) -> Finding:
    words = _FACTS[fact]
    return Finding(
        f"meter.{fact}_differs",
        Severity.CORRECTIVE_ACTION,
        f"计量器具{key}的{words.zh}不一致：台账为{registered}，{source.zh}为{other}；请核实并更正。",
        f"The {words.en} of meter {key} differs: {registered} in the register, {other} in {source.en}. Please verify and "
        "correct.",
        {"meter": key, "registered": registered, "found": other, "source": source.en},
        place,
    )

"""Models the energy that a building or plant would have used without its retrofit, or says why that cannot be done.

A model that the package disqualifies is refused, with what it objects to. Computes no savings: the modelled
energy goes into a project as readings do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonne.engine.errors import DataError, Place, Problem
from tonne.engine.findings import Finding, Severity
from tonne.engine.savings.task import Task, load_task
from tonne.engine.savings.weather_model import CONFIDENCE, PACKAGE, Fitted, Remark, fit

LEAST_COVERAGE = 0.9  # of the intervals of the reporting period: CalTRACK's limit for the baseline, applied to both
INTERVALS = {"hourly": "1 hour", "daily": "1 day", "billing": "1 day"}
_AREA = "eemeter.sufficiency_criteria."
# By code of the package: what it expects, which of its figures were found, and what can be done.
_WORDS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    _AREA + "no_data": (
        "readings of meter and temperature at the same times",
        (),
        "compare the periods with the files",
    ),
    _AREA + "incorrect_number_of_total_days": (
        "329 to 366 days of baseline",
        ("n_days_total",),
        "take the twelve months before the works began as `baseline_period:`",
    ),
    _AREA + "negative_observed_values": (
        "no negative fuel",
        ("n_negative_observed_values",),
        "correct the readings; a model of fuel takes no credit notes",
    ),
    _AREA + "too_many_days_with_missing_temperature_data": (
        "temperatures on at least 90 % of the days",
        ("n_valid_temperature_data_days", "n_days_total"),
        "complete the temperatures from the same station, or take another station",
    ),
    _AREA + "too_many_days_with_missing_observed_data": (
        "meter readings on at least 90 % of the days",
        ("n_valid_observed_data_days", "n_days_total"),
        "complete the readings, or move the baseline period; where zero is a true reading say `carrier: fuel`",
    ),
    _AREA + "too_many_days_with_missing_joint_data": (
        "meter and temperature together on at least 90 % of the days",
        ("n_valid_joint_data_days", "n_days_total"),
        "complete the series that has the gaps",
    ),
    _AREA + "missing_monthly_temperature_data": (
        "temperatures for at least 90 % of every month",
        ("lowest_monthly_coverage",),
        "complete the temperatures of that month",
    ),
    "eemeter.model_fit_metrics": (
        "CVRMSE or PNRMSE within its limit",
        ("cvrmse", "cvrmse_adj", "cvrmse_threshold", "pnrmse", "pnrmse_adj", "pnrmse_threshold"),
        (
            "look for changes of use in the baseline period, and for energy that the weather does not drive; "
            "try a coarser model, or another baseline"
        ),
    ),
}


@dataclass(frozen=True)
class Baseline:
    """A modelled baseline that may be used, with the task it answers and what is worth knowing of it."""

    task: Task
    fitted: Fitted
    findings: tuple[Finding, ...]

    @property
    def interval(self) -> str:
        """The length of the intervals of the modelled energy, as a project says it."""
        return INTERVALS[self.task.spec.model]

    @property
    def total(self) -> float:
        """The modelled energy of the reporting period."""
        return sum(point.energy for point in self.fitted.points)

    @property
    def relative_uncertainty(self) -> float:
        """The half-width of the total at 90 %, relative to the total."""
        return self.fitted.uncertainty / self.total

    @property
    def share_outside(self) -> float:
        """The share of the modelled energy at temperatures that the baseline period did not see."""
        return sum(point.energy for point in self.fitted.points if point.outside) / self.total


def model_baseline(reference: str | Path, progress: Callable[[str], None] | None = None) -> Baseline:
    """Fit the model that a task asks for, and predict with it.

    Args:
        reference: a task file, or the folder of one with a `baseline.yaml`.
        progress: is told each stage as it begins.

    Raises:
        TonneError: the task or its files cannot be used, the package is missing, or the model is disqualified.
    """
    told = progress or (lambda _stage: None)
    told("readings")
    task = load_task(reference)
    told("weather model")
    spec = task.spec
    fitted = fit(
        spec.model,
        task.energy,
        task.baseline_temperature,
        task.reporting_temperature,
        task.zone,
        zero_is_missing=spec.carrier == "electricity",
    )
    if fitted.disqualifications:
        raise DataError(_refusal(task, remark) for remark in fitted.disqualifications)
    _require_fit(task, fitted)
    _require_prediction(task, fitted)
    baseline = Baseline(task, fitted, ())
    return Baseline(task, fitted, (*task.findings, *_findings(baseline)))


def _refusal(task: Task, remark: Remark) -> Problem:
    expected, figures, hint = _WORDS.get(remark.code, (None, (), None))
    data = remark.data if isinstance(remark.data, dict) else {}
    found = ", ".join(f"{name} {_figure(data[name])}" for name in figures if data.get(name) is not None)
    steps = ("model",) if remark.code == "eemeter.model_fit_metrics" else ("baseline_period",)
    what = f"the {task.spec.model} model is disqualified: {remark.text.rstrip('.').lower()} [{remark.code}]"
    return Problem(what, task.document.place(*steps), expected, found or None, hint)


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _require_fit(task: Task, fitted: Fitted) -> None:
    limit, cvrmse = task.spec.largest_cvrmse, fitted.statistics["cvrmse_adj"]
    if limit is not None and cvrmse > limit:
        raise DataError(
            Problem(
                "the model fits worse than the task allows",
                task.document.place("largest_cvrmse"),
                f"a CVRMSE of at most {float(limit):.4g}",
                _figure(cvrmse),
                _WORDS["eemeter.model_fit_metrics"][2],
            )
        )


def _require_prediction(task: Task, fitted: Fitted) -> None:
    place = task.document.place("reporting_period")
    covered = len(fitted.points) / fitted.expected if fitted.expected else 0.0
    days = task.spec.reporting_period.days
    expected = days * 24 if task.spec.model == "hourly" else days
    covered = min(covered, len(fitted.points) / expected)
    if covered < LEAST_COVERAGE:
        raise DataError(
            Problem(
                "the baseline cannot be modelled for enough of the reporting period",
                place,
                f"temperatures for at least {LEAST_COVERAGE:.0%} of its {expected} intervals",
                f"{len(fitted.points)}",
                "complete the temperatures of the reporting period from the same station",
            )
        )
    if sum(point.energy for point in fitted.points) <= 0:
        raise DataError(
            Problem(
                "the modelled baseline of the reporting period is not positive",
                place,
                hint="a meter that is fed back into cannot be modelled like this",
            )
        )


def _findings(baseline: Baseline) -> list[Finding]:
    task, fitted = baseline.task, baseline.fitted
    place = Place(task.document.path)
    found = []
    outside = sum(point.outside for point in fitted.points)
    if outside:
        share = baseline.share_outside
        found.append(
            Finding(
                "baseline.outside_range",
                Severity.CLARIFICATION,
                f"报告期有{outside}个时段的气温超出基准期气温范围，对应基准能耗占{share:.1%}，属模型外推，须说明其可信程度。",
                f"The temperature of {outside} of {len(fitted.points)} intervals of the reporting period is outside the "
                f"range of the baseline period. They hold {share:.1%} of the modelled energy, which is extrapolated.",
                {"intervals": outside, "share": round(share, 6)},
                place,
            )
        )
    missing = fitted.expected - len(fitted.points)
    if missing > 0:
        found.append(
            Finding(
                "baseline.not_modelled",
                Severity.CLARIFICATION,
                f"报告期有{missing}个时段缺少气温，未给出基准能耗，也未补插。",
                f"{missing} of {fitted.expected} intervals of the reporting period lack a temperature; their baseline is "
                "left out, not filled.",
                {"intervals": missing},
                place,
            )
        )
    negative = sum(point.energy < 0 for point in fitted.points)
    if negative:
        found.append(
            Finding(
                "baseline.negative",
                Severity.CLARIFICATION,
                f"有{negative}个时段的模拟基准能耗为负值，按原值保留，使合计不偏高。",
                f"The modelled energy of {negative} of {len(fitted.points)} intervals is negative. It is kept so, and the "
                "total is not raised.",
                {"intervals": negative},
                place,
            )
        )
    found += [_remark(remark, place) for remark in fitted.remarks]
    if fitted.numeric:
        count = sum(fitted.numeric.values())
        found.append(
            Finding(
                "baseline.numeric_warnings",
                Severity.NOTE,
                f"拟合过程中数值计算库给出{count}条警告，全部列于声明文件。",
                f"The numeric libraries gave {count} warnings while fitting; all are listed in the statement.",
                {"warnings": dict(fitted.numeric)},
                place,
            )
        )
    return found


def _remark(remark: Remark, place: Place) -> Finding:
    return Finding(
        "baseline.package_remark",
        Severity.NOTE,
        f"{PACKAGE}提示（{remark.code}）：{remark.text}",
        f"{PACKAGE} remarks ({remark.code}): {remark.text}",
        {"code": remark.code, "data": remark.data},
        place,
    )


def as_data(baseline: Baseline) -> dict[str, Any]:
    """Give everything that the statement says, as plain data."""
    task, fitted = baseline.task, baseline.fitted
    spec = task.spec
    return {
        "format": 1,
        "name": spec.name.model_dump(),
        "task": {"file": Path(task.document.path).name, "sha256": task.document.digest},
        "files": [vars(file) for file in task.files],
        "model": spec.model,
        "carrier": spec.carrier,
        "time_zone": spec.time_zone,
        "baseline_period": {"start": str(spec.baseline_period.start), "end": str(spec.baseline_period.end)},
        "reporting_period": {"start": str(spec.reporting_period.start), "end": str(spec.reporting_period.end)},
        "package": {"name": PACKAGE, "version": fitted.version},
        "unit": task.unit,
        "temperature_unit_of_the_model": "degF",
        "statistics": fitted.statistics,
        "limits": fitted.limits,
        "baseline_temperature_range_degF": list(fitted.range),
        "intervals": len(fitted.points),
        "total": baseline.total,
        "confidence": CONFIDENCE,
        "half_width_of_total": fitted.uncertainty,
        "relative_half_width": baseline.relative_uncertainty,
        "share_outside_range": baseline.share_outside,
        "numeric_warnings": fitted.numeric,
        "findings": [finding.as_data() for finding in baseline.findings],
        "parameters": fitted.model,
    }

"""Fits a weather model to a meter and predicts with it: the only module that knows opendsm and pandas.

Numbers here are floating point, as in the package. Judges nothing: what the package objects to is handed on.
"""

import datetime
import json
import logging
import math
import warnings
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from tonne.engine.errors import Problem, RunError
from tonne.engine.savings.task import Kind, Reading

PACKAGE = "opendsm"
CONFIDENCE = 0.90
_STATISTICS = ("n", "n_prime", "ddof", "num_model_params", "cvrmse_adj", "pnrmse_adj", "rmse_adj", "r_squared", "nmbe")
_TRACE = 400  # characters of an explanation that are shown


@dataclass(frozen=True)
class Remark:
    """What the package says about data or fit: its own code and sentence, and the figures behind it."""

    code: str
    text: str
    data: Any


@dataclass(frozen=True)
class Point:
    """The modelled energy of one interval; the half-width is that of the interval alone, at 90 %."""

    begins: datetime.datetime
    energy: float
    half_width: float
    temperature: float
    outside: bool


@dataclass(frozen=True)
class Fitted:
    """A model of the baseline period and what it predicts for the weather of the reporting period."""

    version: str
    disqualifications: tuple[Remark, ...]
    remarks: tuple[Remark, ...]
    numeric: dict[str, int] = field(default_factory=dict)
    statistics: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    range: tuple[float, float] = (math.nan, math.nan)
    points: tuple[Point, ...] = ()
    expected: int = 0
    uncertainty: float = math.nan


def fit(
    kind: Kind,
    energy: Sequence[Reading],
    before: Sequence[Reading],
    after: Sequence[Reading],
    zone: zoneinfo.ZoneInfo,
    *,
    zero_is_missing: bool,
) -> Fitted:
    """Fit a model and predict; a disqualified one comes back with its disqualifications and without points.

    Args:
        kind: hourly, daily or billing.
        energy: the meter in the baseline period.
        before: temperatures of the baseline period in °F.
        after: temperatures of the reporting period in °F.
        zone: where days begin.
        zero_is_missing: whether a reading of zero is a fault of the meter, as the package holds for electricity.

    Raises:
        RunError: the package is not installed, cannot be imported, or fails.
    """
    package = _package()
    with _quiet() as caught:
        try:
            fitted = _fit(package, kind, energy, before, after, zone, zero_is_missing)
        except (ValueError, TypeError, LookupError, ArithmeticError) as fault:
            raise RunError(
                Problem(
                    f"the {kind} model cannot be fitted to these readings",
                    found=f"{type(fault).__name__}: {str(fault)[:_TRACE]}",
                    hint="compare the interval of the readings with the kind of model, and the two periods with the data",
                )
            ) from fault
    numeric = Counter(f"{item.category.__name__}: {str(item.message)[:_TRACE]}" for item in caught)
    return Fitted(**{**vars(fitted), "numeric": dict(sorted(numeric.items()))})


def _package() -> Any:
    hint = "pip install 'tonne[savings]'"
    try:
        from opendsm import eemeter  # noqa: PLC0415 (an optional extra, and slow to import)
    except ModuleNotFoundError as fault:
        found = f"no module named {fault.name}"
    except (ImportError, TypeError, AttributeError) as fault:
        found = f"{type(fault).__name__}: {str(fault)[:_TRACE]}"
    else:
        return eemeter
    what = "weather models need an optional part of the package"
    raise RunError(Problem(what, expected=f"the package {PACKAGE}", found=found, hint=hint))


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect numeric warnings, which are stated, and keep the log silent: its lines come back as remarks."""
    log = logging.getLogger("eemeter")
    held = log.disabled
    log.disabled = True
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        log.disabled = held


def _fit(
    package: Any,
    kind: Kind,
    energy: Sequence[Reading],
    before: Sequence[Reading],
    after: Sequence[Reading],
    zone: zoneinfo.ZoneInfo,
    zero_is_missing: bool,
) -> Fitted:
    name = kind.capitalize()
    data_type, reporting_type = (getattr(package, f"{name}{period}Data") for period in ("Baseline", "Reporting"))
    meter, temperature = _meter(energy, zone, kind), _frame(_to_the_end(before, kind), zone, "temperature")
    if kind == "hourly":
        baseline = data_type(temperature.join(meter, how="outer"), is_electricity_data=zero_is_missing)
        # The package counts metered values to find the days of 23 and 25 hours, and fails where there are none.
        weather = _frame(after, zone, "temperature").assign(observed=1.0)
        reporting = reporting_type(weather, is_electricity_data=zero_is_missing)
    else:
        baseline = data_type.from_series(meter, temperature["temperature"], is_electricity_data=zero_is_missing)
        weather = _frame(after, zone, "temperature")["temperature"]
        reporting = reporting_type.from_series(None, weather, is_electricity_data=zero_is_missing, tzinfo=zone)
    said = _remarks(baseline.warnings)
    if baseline.disqualification:
        return Fitted(version(PACKAGE), _remarks(baseline.disqualification), said)
    model = getattr(package, f"{name}Model")().fit(baseline)
    metrics = model.baseline_metrics
    statistics = {key: float(getattr(metrics, key)) for key in _STATISTICS}
    limits = {key: float(getattr(model.settings, key)) for key in ("cvrmse_threshold", "pnrmse_threshold")}
    stated = {"statistics": statistics, "limits": limits, "model": _plain(model.to_dict())}
    if model.disqualification:
        return Fitted(version(PACKAGE), _remarks(model.disqualification), said, **stated)
    predicted = model.predict(reporting)
    known = _measured(predicted, "temperature")
    total = _uncertainty(metrics, known, kind)
    seen = _measured(baseline.df, "observed", "temperature")["temperature"]
    low, high = float(seen.min()), float(seen.max())
    share = total / math.sqrt(len(known))
    points = tuple(
        Point(moment.to_pydatetime(), float(amount), share, float(degrees), not low <= degrees <= high)
        for moment, amount, degrees in zip(known.index, known["predicted"], known["temperature"], strict=True)
    )
    return Fitted(
        version(PACKAGE),
        (),
        said,
        **stated,
        range=(low, high),
        points=points,
        expected=len(predicted),
        uncertainty=total,
    )


def _frame(readings: Sequence[Reading], zone: zoneinfo.ZoneInfo, column: str) -> Any:
    import pandas as pd  # noqa: PLC0415 (comes with the package)

    moments = [item.begins.astimezone(datetime.UTC) for item in readings]
    index = pd.DatetimeIndex(moments, tz="UTC").as_unit("ns").tz_convert(zone)
    return pd.DataFrame({column: [float(item.value) for item in readings]}, index=index)


def _meter(energy: Sequence[Reading], zone: zoneinfo.ZoneInfo, kind: Kind) -> Any:
    """Lay out the meter; a last row without a value marks where the last bill ends."""
    import pandas as pd  # noqa: PLC0415 (comes with the package)

    frame = _frame(energy, zone, "observed")
    if kind != "billing":
        return frame
    last = energy[-1]
    end = _frame([Reading(last.ends, last.ends, last.value)], zone, "observed")
    end.loc[:, "observed"] = math.nan
    return pd.concat([frame, end])


def _to_the_end(temperature: Sequence[Reading], kind: Kind) -> Sequence[Reading]:
    """Repeat the last temperature at the end of the last bill: without one there, the package drops that bill."""
    last = temperature[-1]
    return [*temperature, Reading(last.ends, last.ends, last.value)] if kind == "billing" else temperature


def _measured(frame: Any, *columns: str) -> Any:
    """Keep the rows whose columns were measured: neither missing nor interpolated by the package."""
    kept = frame
    for column in columns:
        kept = kept[kept[column].notna()]
        if f"interpolated_{column}" in kept:
            kept = kept[~kept[f"interpolated_{column}"].fillna(value=False).astype(bool)]
    return kept


def _uncertainty(metrics: Any, predicted: Any, kind: Kind) -> float:
    """Give the half-width of the 90 % interval of the modelled total, by ASHRAE Guideline 14 as in the package.

    The package's own column `predicted_unc` is not used: that of its daily model knows no autocorrelation, and
    that of its hourly model is at 10 % confidence, because version 1.2.7 hands the significance level on as
    the confidence level.
    """
    from opendsm.common.metrics import ReportingMetrics  # noqa: PLC0415 (an optional extra)

    # Of what was metered after the retrofit only the count enters, so that the model's own values stand in.
    frame = predicted[["predicted"]].assign(observed=predicted["predicted"])
    figures = ReportingMetrics(
        baseline_metrics=metrics,
        reporting_df=frame,
        data_frequency=kind,
        confidence_level=CONFIDENCE,
        t_tail=2,
    )
    total = figures.total_savings_uncertainty
    if total is None or not math.isfinite(total):
        raise ArithmeticError("the uncertainty of the modelled total has no value")
    return float(total)


def _remarks(said: Sequence[Any]) -> tuple[Remark, ...]:
    distinct = {item.qualified_name: item for item in said}
    return tuple(Remark(code, item.description, _plain(item.data)) for code, item in distinct.items())


def _plain(data: Any) -> Any:
    """Turn data of the package into plain JSON values; what is not a finite number becomes null."""
    text = json.dumps(data, default=lambda item: item.item() if hasattr(item, "item") else str(item))
    return json.loads(text, parse_constant=lambda _name: None)

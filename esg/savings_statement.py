"""Writes a modelled baseline: the readings that a project takes, and a statement of where they come from.

The folder is written as a whole or not at all, and replaces only an earlier one of its kind.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from tonne.engine.savings.baseline import Baseline, as_data
from tonne.engine.savings.task import Task
from tonne.engine.savings.weather_model import PACKAGE
from tonne.esg.folder import whole_folder
from tonne.esg.numbers import exact_text, number_text, share_text

READINGS = "baseline.csv"
STATEMENT = "statement.json"
DIGITS = 7  # significant digits of the readings: far below the uncertainty, and the same on every machine
Language = Literal["zh", "en"]

_MODELS = {
    "hourly": ("逐时模型（OpenDSM HourlyModel）", "hourly model (OpenDSM HourlyModel)"),
    "daily": ("逐日模型（OpenDSM DailyModel）", "daily model (OpenDSM DailyModel)"),
    "billing": ("账单模型（OpenDSM BillingModel）", "billing model (OpenDSM BillingModel)"),
}
_ROLES = {"energy": ("能耗", "energy"), "temperature": ("室外气温", "outdoor temperature")}
_SPLITS = {
    "su": ("夏季", "summer"),
    "sh": ("过渡季", "shoulder season"),
    "wi": ("冬季", "winter"),
    "fw": ("每日", "all days"),
    "wd": ("工作日", "weekdays"),
    "we": ("周末", "weekends"),
}
_COEFFICIENTS = (
    ("hdd_bp", "采暖平衡点", "heating balance point"),
    ("hdd_beta", "采暖斜率", "heating slope"),
    ("cdd_bp", "供冷平衡点", "cooling balance point"),
    ("cdd_beta", "供冷斜率", "cooling slope"),
)


def write_baseline(baseline: Baseline, out: Path) -> list[Path]:
    """Write readings and statement into a folder.

    Returns:
        the files written.

    Raises:
        ReportError: the folder holds files that are not an earlier baseline.
    """
    readings = readings_text(baseline)
    digest = hashlib.sha256(readings.encode()).hexdigest()
    data = {**as_data(baseline), "readings": {"file": READINGS, "sha256": digest, "interval": baseline.interval}}
    texts = {
        READINGS: readings,
        STATEMENT: json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        "statement.zh.md": statement_text(baseline, digest, "zh"),
        "statement.en.md": statement_text(baseline, digest, "en"),
    }
    out = out.resolve()
    with whole_folder(out, STATEMENT) as scratch:
        for name, text in texts.items():
            (scratch / name).write_text(text, "utf-8", newline="\n")
    return [out / name for name in texts]


def summary_lines(baseline: Baseline) -> list[str]:
    """Say in a few lines what was modelled, for the terminal."""
    task, fitted = baseline.task, baseline.fitted
    figures, limits = fitted.statistics, fitted.limits
    return [
        f"{task.spec.name.en} · {_MODELS[task.spec.model][1]}",
        (
            f"CVRMSE {_fit(figures['cvrmse_adj'], limits['cvrmse_threshold'])}, "
            f"PNRMSE {_fit(figures['pnrmse_adj'], limits['pnrmse_threshold'])}"
        ),
        (
            f"modelled energy {_number(baseline.total, 1)} {task.unit}, "
            f"± {share_text(Fraction(baseline.relative_uncertainty), 1)} at 90 %"
        ),
        *(f"{finding.severity.value}: {finding.en} [{finding.code}]" for finding in baseline.findings),
    ]


def readings_text(baseline: Baseline) -> str:
    """Write the readings; the squares of the half-widths add up from interval to month, half-widths do not."""
    unit = baseline.task.unit
    head = (
        f"start,baseline [{unit}],baseline_outside_range [{unit}],half_width_90 [{unit}],"
        f"half_width_90_squared [({unit})^2],temperature [degC]"
    )
    lines = [head]
    for point in baseline.fitted.points:
        energy, width = _rounded(point.energy), _rounded(point.half_width)
        outside = energy if point.outside else Decimal(0)
        cells = [point.begins.isoformat(), *(exact_text(number) for number in (energy, outside, width, width * width))]
        lines.append(",".join([*cells, f"{_celsius(point.temperature):.2f}"]))
    return "\n".join(lines) + "\n"


def _rounded(value: float) -> Decimal:
    return Decimal(f"{value:.{DIGITS - 1}e}")


def _celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32) / 1.8


def statement_text(baseline: Baseline, digest: str, language: Language) -> str:
    """Write the statement for people."""
    task, fitted = baseline.task, baseline.fitted
    spec, figures = task.spec, fitted.statistics
    zh = language == "zh"
    low, high = (_number(_celsius(value), 1) for value in fitted.range)
    total = f"{_number(baseline.total, 1)} {task.unit}"
    width = f"{_number(fitted.uncertainty, 1)} {task.unit}"
    share = share_text(Fraction(baseline.relative_uncertainty), 1)
    outside = share_text(Fraction(baseline.share_outside), 1)
    cvrmse, pnrmse = (_fit(figures[f"{name}_adj"], fitted.limits[f"{name}_threshold"]) for name in ("cvrmse", "pnrmse"))
    rows = [
        ("模型", "model", _MODELS[spec.model][not zh]),
        ("软件", "package", f"{PACKAGE} {fitted.version}"),
        ("基准期", "baseline period", f"{spec.baseline_period.start} – {spec.baseline_period.end}"),
        ("报告期", "reporting period", f"{spec.reporting_period.start} – {spec.reporting_period.end}"),
        ("时区", "time zone", spec.time_zone),
        ("基准期气温范围", "temperatures of the baseline period", f"{low} – {high} °C"),
        ("CVRMSE（修正自由度）", "CVRMSE, adjusted", cvrmse),
        ("PNRMSE（修正自由度）", "PNRMSE, adjusted", pnrmse),
        ("平均偏差（NMBE）", "mean bias (NMBE)", share_text(Fraction(round(figures["nmbe"], 4)), 2)),
        ("决定系数R²", "R²", _number(figures["r_squared"], 3)),
        ("样本数n、自相关修正后n′", "n, and n′ for autocorrelation", f"{figures['n']:.0f}, {figures['n_prime']:.0f}"),
        ("报告期基准能耗合计", "modelled energy of the reporting period", total),
        (
            "合计的90%置信区间半宽",
            "half-width of the 90 % interval of the total",
            f"{width}（{share}）" if zh else f"{width} ({share})",
        ),
        ("超出基准期气温范围的能耗占比", "share of energy outside the range of temperatures", outside),
    ]
    lines = [
        f"# {spec.name.zh if zh else spec.name.en}",
        "",
        "由气象模型得出的基准能耗声明。数值以statement.json为准。"
        if zh
        else "Statement of an energy baseline from a weather model. The figures of statement.json are decisive.",
        "",
        "| 项目 | 内容 |" if zh else "| item | value |",
        "|---|---|",
        *(f"| {chinese if zh else english} | {value} |" for chinese, english, value in rows),
        "",
        *_coefficient_lines(fitted.model, task, language),
        "## 数据文件" if zh else "## Files",
        "",
        *_file_lines(task, digest, language),
        "",
        "## 发现" if zh else "## Findings",
        "",
        *([f"- {item.zh if zh else item.en} [{item.code}]" for item in baseline.findings] or ["无" if zh else "none"]),
        "",
        "## 不确定度" if zh else "## Uncertainty",
        "",
        (
            "按ASHRAE指南14的节能量不确定度公式，计入残差自相关，由模型残差得出；不含电能表、气温和非常规调整的不确定度。"
            "各时段半宽的平方可以相加。"
        )
        if zh
        else (
            "By the formula of ASHRAE Guideline 14 for savings, from the residuals of the model and their autocorrelation. "
            "Meters, temperatures and non-routine adjustments are not in it. Squares of half-widths add up."
        ),
    ]
    return "\n".join(lines) + "\n"


def _number(value: float, decimals: int) -> str:
    return number_text(Fraction(round(value, decimals)), decimals=decimals)


def _fit(value: float, limit: float) -> str:
    return f"{_number(value, 3)} (≤ {_number(limit, 2)})"


def _file_lines(task: Task, digest: str, language: Language) -> list[str]:
    zh = language == "zh"
    rows = [(_ROLES[file.role][not zh], file.shown, file.sha256) for file in task.files]
    rows += [("任务文件" if zh else "task", Path(task.document.path).name, task.document.digest)]
    rows += [("本声明的读数文件" if zh else "readings of this statement", READINGS, digest)]
    head = ["| 用途 | 文件 | SHA-256 |" if zh else "| use | file | SHA-256 |", "|---|---|---|"]
    return head + [f"| {role} | {name} | `{sha256}` |" for role, name, sha256 in rows]


def _coefficient_lines(model: Mapping[str, Any], task: Task, language: Language) -> list[str]:
    """Write out what a daily or billing model consists of; an hourly one has hundreds of coefficients."""
    zh = language == "zh"
    submodels = model.get("submodels")
    if not submodels:
        return []
    per_day = f"{task.unit}/d"
    lines = ["## 模型系数" if zh else "## Coefficients", ""]
    for split, submodel in submodels.items():
        held = submodel["coefficients"]
        parts = [f"{'基础能耗' if zh else 'base'} {_number(held['intercept'], 2)} {per_day}"]
        for key, chinese, english in _COEFFICIENTS:
            value = held.get(key)
            if value is not None:
                text = (
                    f"{_number(_celsius(value), 1)} °C"
                    if key.endswith("_bp")
                    else f"{_number(abs(value) * 1.8, 2)} {per_day}/°C"  # the package writes some downward slopes as negative
                )
                parts.append(f"{chinese if zh else english} {text}")
        lines.append(
            f"- {_split_words(split, language)}：{'，'.join(parts)}"
            if zh
            else f"- {_split_words(split, language)}: {', '.join(parts)}"
        )
    return [*lines, ""]


def _split_words(split: str, language: Language) -> str:
    days, _, seasons = split.partition("-")
    words = [_SPLITS[part][language == "en"] for part in (days, *seasons.split("_"))]
    return f"{words[0]}（{'、'.join(words[1:])}）" if language == "zh" else f"{words[0]} ({', '.join(words[1:])})"

"""The 22 checks of validators: their codes, what each works on, where it is made, and which findings belong to it.

Numbers and codes are never changed. A check gives findings as data and never raises.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tonne.engine.findings import Finding
from tonne.engine.result.result import Result
from tonne.engine.spec.models import Text
from tonne.engine.verification.balances import check_balances, check_maxima
from tonne.engine.verification.estimates import check_estimates
from tonne.engine.verification.factors import check_factors, check_versions
from tonne.engine.verification.limits import check_limits
from tonne.engine.verification.periods import check_periods
from tonne.engine.verification.registration import check_identity, check_plan, check_stated_values
from tonne.engine.verification.sampling import check_sampling
from tonne.engine.verification.sources import check_sources
from tonne.engine.verification.totals import check_single_values, check_totals

WorksOn = Literal["spec", "data", "result", "documents"]


@dataclass(frozen=True)
class Check:
    """One of the 22; every code of a finding belongs to one."""

    number: int
    code: str
    name: Text
    works_on: tuple[WorksOn, ...]
    findings: tuple[str, ...]
    made_in: tuple[str, ...]
    refused: str = ""  # what ends the work instead of becoming a finding


def _check(
    number: int, code: str, names: tuple[str, str], works_on: str, findings: str, made_in: str, refused: str = ""
) -> Check:
    kinds: list[WorksOn] = [kind for kind in get_args(WorksOn) if kind in works_on.split()]
    name = Text(zh=names[0], en=names[1])
    return Check(number, code, name, tuple(kinds), tuple(findings.split()), tuple(made_in.split()), refused)


CHECKS: tuple[Check, ...] = (
    _check(
        1,
        "CAL",
        ("校准有效期覆盖全部读数", "Calibration covers every reading"),
        "data",
        "calibration.late calibration.missing calibration.due meter.out_of_service",
        "data/calibration data/outlook",
        "readings that a methodology does not allow without calibration",
    ),
    _check(
        2,
        "CAL-CORR",
        ("计量误差的保守修正", "Correction of uncovered readings"),
        "data",
        "calibration.out_of_class",
        "data/corrections",
        "a share without its unit",
    ),
    _check(
        3,
        "MTR",
        ("计量器具台账、证书与计划一致", "Meters: register, certificates, plan"),
        "data",
        "meter.serial_differs meter.class_differs meter.multiplier_differs meter.not_registered meter.not_in_plan "
        "meter.check_differs meter.not_read meter.mpe_missing meter.multiplied meter.reset meter.roll_over meter.swapped",
        "data/meters data/differences data/check_meters",
        "two instruments in service under one name",
    ),
    _check(
        4,
        "EQ",
        ("报告和工作簿的公式与计算一致", "Formulas printed are those computed"),
        "spec documents",
        "workbook.formula_differs structure.identity structure.factor_twice structure.counted_twice",
        "prove/equivalence esg/documents_check",
    ),
    _check(
        5,
        "DIM",
        ("量纲和单位", "Dimensions and units"),
        "spec",
        "units.misfit units.converted units.by_hand units.percentage index.misfit index.repeated",
        "check/infer",
        "units that do not fit",
    ),
    _check(
        6,
        "BR",
        ("分支条件覆盖且不重叠", "Branches cover the domain"),
        "spec",
        "cases.complete cases.overlap cases.unreachable domain.total",
        "prove/coverage prove/needs",
    ),
    _check(
        7,
        "MINMAX",
        ("保守方向与取大取小", "Conservative direction, lower-of and higher-of"),
        "spec",
        "direction.sign structure.proportional structure.within_baseline structure.idle",
        "prove/directions prove/joint",
    ),
    _check(
        8,
        "EF",
        ("排放因子、年份规则与GWP", "Factors, vintages, GWP"),
        "data",
        "factor.vintage_mixed factor.gwp_set factor.latest_used parameter.default_replaced "
        "evidence.unconfirmed_factor evidence.missing evidence.words",
        "verification/factors data/lookup",
        "a factor table without the row that is needed",
    ),
    _check(
        9,
        "ONE",
        ("同一参数同一数值", "One parameter, one value"),
        "data result",
        "value.differs value.two_values",
        "verification/registration verification/totals",
        "a value given twice",
    ),
    _check(
        10,
        "GAP",
        ("数据缺失与替代", "Gaps and substitutes"),
        "data",
        "readings.gap readings.substituted gap.extreme_not_extreme substitution.not_used",
        "data/series data/substitution data/extremes",
        "substitutes above the limit or by a rule that is not allowed",
    ),
    _check(
        11,
        "XCHK",
        ("两个独立来源交叉核对", "Two independent sources"),
        "data",
        "cross_check.differs cross_check.not_covered cross_check.not_independent cross_check.readings_differ",
        "data/cross_checks",
    ),
    _check(
        12,
        "BAL",
        ("物料、能量平衡与理论上限", "Balances and theoretical maxima"),
        "data result",
        "balance.violated balance.hours_exceed_step balance.efficiency_above_one capacity.exceeded capacity.at_night "
        "bounds.empty bounds.value",
        "data/capacities verification/balances",
        "a value outside the bounds of its parameter",
    ),
    _check(
        13,
        "PER",
        ("监测期连续、不重叠", "Periods follow each other"),
        "data",
        "period.overlap period.gap period.number_out_of_order period.outside_crediting period.earlier_not_listed "
        "cross_check.cycles_not_aligned cross_check.cycles_prorated readings.outside_period",
        "verification/periods data/second_sources",
        "a period outside the crediting period, a date that is not ISO 8601",
    ),
    _check(
        14,
        "SUM",
        ("合计与修约", "Sums and rounding"),
        "result",
        "total.rounded_inside total.shared_year",
        "verification/totals result/result",
    ),
    _check(
        15,
        "DOC",
        ("文件中每个数值与结果一致", "Every number in the documents"),
        "documents",
        "document.number_differs document.number_unknown document.result_missing document.unreadable document.missing "
        "document.not_filled document.section_empty document.sum_differs document.languages_differ document.unexpected "
        "document.dossier_altered "
        "workbook.value_differs workbook.text_differs workbook.cell_unexpected workbook.id_missing",
        "esg/readback esg/documents_check",
    ),
    _check(
        16,
        "ANTE",
        ("与事前估算比较", "Comparison with the estimate"),
        "result",
        "estimate.exceeded estimate.explained",
        "verification/estimates",
    ),
    _check(
        17,
        "SMP",
        ("抽样精度", "Precision of samples"),
        "data result",
        "sampling.precision_missed sampling.bound_not_allowed",
        "verification/sampling",
    ),
    _check(
        18,
        "CAP",
        ("年度上限", "Limits per calendar year"),
        "result",
        "limit.exceeded applicability.not_met applicability.not_stated",
        "verification/limits run",
    ),
    _check(
        19,
        "REQ",
        ("监测计划的参数齐全", "Parameters of the plan present"),
        "spec data",
        "plan.parameter_missing plan.kind_differs plan.monitoring_point_differs plan.diagram_missing "
        "project.value_not_used names.unused names.shared_symbol names.cycle",
        "verification/registration data/collect",
        "a parameter without a value",
    ),
    _check(
        20,
        "VER",
        ("文件版本一致", "Versions are the same everywhere"),
        "data documents",
        "version.differs",
        "verification/factors",
    ),
    _check(
        21,
        "RAW",
        ("由原始读数可重算", "Recomputable from raw readings"),
        "data documents",
        "workbook.formula_replaced source.missing source.not_raw readings.averaged readings.duplicates_dropped "
        "readings.duplicates_resolved readings.meters_left_out readings.rounded records.added records.empty_cells "
        "file.hidden_sheets file.merged_cells file.rows_left_out",
        "verification/sources esg/workbook_check esg/documents_check",
    ),
    _check(
        22,
        "ID",
        ("项目编号、名称一致", "Number and name constant"),
        "data documents",
        "identity.name_differs identity.number_differs document.of_another_result document.name_differs answers.unknown",
        "verification/registration esg/documents_check",
        "a name that nothing has",
    ),
)

RESULT_CHECKS: Mapping[str, Callable[[Result], Iterator[Finding]]] = {
    "PER": check_periods,
    "EF": check_factors,
    "VER": check_versions,
    "BAL": check_balances,
    "BAL maxima": check_maxima,
    "SMP": check_sampling,
    "CAP": check_limits,
    "ANTE": check_estimates,
    "SUM": check_totals,
    "ONE": check_single_values,
    "ONE stated": check_stated_values,
    "REQ": check_plan,
    "RAW": check_sources,
    "ID": check_identity,
}


def check_of(code: str) -> Check | None:
    """Find the check that a finding belongs to."""
    return next((check for check in CHECKS if code in check.findings), None)

"""The fixed words of the documents in Chinese and English, as data; no sentence is put together from pieces elsewhere."""

from collections.abc import Mapping

from tonne.esg.document import Phrase

EVIDENCE: Mapping[str, Phrase] = {
    "source-checked": Phrase("原文核对", "source-checked"),
    "secondary": Phrase("二手资料", "secondary"),
    "expert-recall": Phrase("专家回忆（待核对官方文本）", "expert recall (to be confirmed)"),
    "composed": Phrase("自行构建", "composed"),
}
SCHEMES: Mapping[str, Phrase] = {
    "CCER": Phrase("温室气体自愿减排（CCER）", "China Certified Emission Reduction (CCER)"),
    "CDM": Phrase("清洁发展机制（CDM）", "Clean Development Mechanism (CDM)"),
    "composed": Phrase("自行构建，不属于任何减排机制", "composed; belongs to no crediting scheme"),
    "other": Phrase("其他", "other"),
}
CATEGORIES: Mapping[str, Phrase] = {
    "efficiency": Phrase("节能与能效", "Energy efficiency"),
    "renewables": Phrase("可再生能源", "Renewable energy"),
    "waste_energy": Phrase("余能利用", "Waste energy recovery"),
    "methane": Phrase("甲烷利用与减排", "Methane"),
    "heat_pumps": Phrase("热泵", "Heat pumps"),
    "hydrogen_metallurgy": Phrase("氢冶金", "Hydrogen metallurgy"),
    "ccus": Phrase("碳捕集、利用与封存", "Carbon capture, use and storage"),
    "raw_material_substitution": Phrase("原料替代", "Substitution of raw materials"),
    "carbon_sinks": Phrase("碳汇", "Carbon sinks"),
}
SEVERITIES: Mapping[str, Phrase] = {
    "blocking": Phrase("阻断项", "blocking"),
    "corrective action": Phrase("纠正措施要求", "corrective action"),
    "clarification": Phrase("澄清要求", "clarification"),
    "forward action": Phrase("后续行动要求", "forward action"),
    "note": Phrase("说明", "note"),
}
ROLES: Mapping[str, Phrase] = {
    "baseline": Phrase("基准线排放量", "Baseline emissions"),
    "project": Phrase("项目排放量", "Project emissions"),
    "leakage": Phrase("泄漏量", "Leakage"),
    "reduction": Phrase("减排量", "Emission reductions"),
}
SCENARIOS: Mapping[str, Phrase] = {
    "baseline": Phrase("基准线", "Baseline"),
    "project": Phrase("项目", "Project"),
    "leakage": Phrase("泄漏", "Leakage"),
}
PURPOSES: Mapping[str, Phrase] = {
    "baseline": Phrase("计算基准线排放量", "baseline emissions"),
    "project": Phrase("计算项目排放量", "project emissions"),
    "leakage": Phrase("计算泄漏量", "leakage"),
    "condition": Phrase("判断适用条件", "test of applicability"),
}
ROUNDING: Mapping[str, Phrase] = {
    "floor": Phrase(
        "修约规则：减排量按日历年向下取整至{unit}整数，总量为各年取整后之和；其余各列不修约，按两位小数显示。",
        "Rounding: the reductions of each calendar year are rounded down to whole {unit}, and the total is the sum of the "
        "rounded years. The other columns are not rounded and are shown with two decimals.",
    ),
    "half_up": Phrase(
        "修约规则：各列逐年四舍五入至{unit}整数，总量为各年修约后之和。",
        "Rounding: each value of each calendar year is rounded half up to whole {unit}, and the total is the sum of the "
        "rounded years.",
    ),
    "conservative": Phrase(
        "修约规则：按日历年，基准线排放量向下取整，项目排放量和泄漏量向上取整至{unit}整数，减排量为三者之差；总量为各年之和。",
        "Rounding: for each calendar year the baseline is rounded down, project emissions and leakage are rounded up to whole "
        "{unit}, and the reduction is the difference. The total is the sum of the years.",
    ),
    "none": Phrase(
        "修约规则：方法学未作修约，按两位小数显示；总量为各年之和。",
        "Rounding: the methodology does not round; values in {unit} are shown with two decimals. The total is the sum of the years.",
    ),
}
KINDS: Mapping[str, Phrase] = {
    "readings": Phrase("计量读数", "meter readings"),
    "records": Phrase("台账记录", "records"),
    "project": Phrase("项目文件给定", "given in the project file"),
    "default": Phrase("方法学缺省值", "default of the methodology"),
    "factor": Phrase("因子表", "factor table"),
    "option": Phrase("由所作选择确定", "set by a choice"),
}
ORIGINS: Mapping[str, Phrase] = {
    "kind": Phrase("取值方式", "Kind"),
    "file": Phrase("数据文件", "Data file"),
    "take": Phrase("读数取用", "Readings taken"),
    "place": Phrase("位置", "Place"),
    "given": Phrase("给定值", "Given value"),
    "source": Phrase("来源", "Source"),
    "evidence": Phrase("证据等级", "Evidence"),
    "table": Phrase("因子表", "Table"),
    "column": Phrase("列", "Column"),
    "key": Phrase("检索键", "Key"),
    "choice": Phrase("所作选择", "Choice"),
    "rows": Phrase("行", "Rows"),
    "count": Phrase("行数", "Number of rows"),
    "totals": Phrase("文件中合计", "Totals in the file"),
    "meter": Phrase("计量点", "Meter"),
    "substitution": Phrase("替代数据", "Substituted readings"),
    "cross_check": Phrase("交叉核对", "Cross-check"),
}
TAKEN: Mapping[str, Phrase] = {
    "all": Phrase("全部读数", "all readings"),
    "positive": Phrase("仅正向读数", "positive readings only"),
    "negative": Phrase("仅反向读数", "negative readings only"),
}
METER = Phrase(
    "{meter}：{count}条读数，{first}至{last}，合计（或均值）{total}",
    "{meter}: {count} readings, {first} to {last}, sum (or mean) {total}",
)
CAUSES: Mapping[str, Phrase] = {
    "missing": Phrase("未经校准", "not calibrated"),
    "late": Phrase("延迟校准", "calibrated late"),
    "out_of_class": Phrase("误差超出准确度等级", "error outside the accuracy class"),
    "out_of_service": Phrase("不在投运期间", "not in service"),
}
METER_ROLES: Mapping[str, Phrase] = {
    "main": Phrase("主表", "main meter"),
    "check": Phrase("校核表（不计入）", "check meter (feeds nothing)"),
    "backup": Phrase("备用表（不计入）", "backup meter (feeds nothing)"),
}
CORRECTED = Phrase(
    "{cause}，{first}至{last}的{count}条读数按{share}修正，由{before}修正为{after}",
    "{cause}: {count} readings from {first} to {last} corrected by {share}, from {before} to {after}",
)
STEPS: Mapping[str, Phrase] = {
    "minute": Phrase("分钟", "minute"),
    "hour": Phrase("小时", "hour"),
    "day": Phrase("日", "day"),
    "month": Phrase("月", "month"),
    "year": Phrase("年", "year"),
}
MET: Mapping[bool | None, Phrase] = {
    True: Phrase("满足", "met"),
    False: Phrase("不满足", "not met"),
    None: Phrase("未说明", "not stated"),
}
CARD: Mapping[str, Phrase] = {
    "name": Phrase("数据/参数名称", "Data / parameter"),
    "equations": Phrase("应用的公式编号", "Equations that use it"),
    "description": Phrase("数据描述", "Description"),
    "unit": Phrase("数据单位", "Unit"),
    "source": Phrase("数据来源", "Source of data"),
    "monitoring_point": Phrase("监测点要求", "Monitoring point"),
    "instrument": Phrase("监测仪表要求", "Instrument"),
    "procedure": Phrase("监测程序与方法要求", "Procedure and method"),
    "frequency": Phrase("监测频次与记录要求", "Frequency and recording"),
    "qa_qc": Phrase("质量保证/质量控制程序要求", "QA/QC"),
    "purpose": Phrase("数据用途", "Purpose"),
    "remarks": Phrase("备注", "Remarks"),
    "value": Phrase("数值", "Value"),
    "monitored": Phrase("监测值", "Monitored value"),
    "estimated": Phrase("估算值", "Estimated value"),
    "instruments": Phrase("本期计量器具", "Instruments in this period"),
    "actual": Phrase("本期数据来源与缺失、替代", "Origin in this period, gaps and substitutes"),
    "conservative": Phrase("保守方向", "Conservative side"),
}
SIDES: Mapping[str, Phrase] = {"low": Phrase("取低值", "low"), "high": Phrase("取高值", "high")}
CONSERVATIVE: Mapping[str, Phrase] = {
    "proved": Phrase("{side}（方法学规格已声明，且已证明）", "{side} (declared by the spec and proved)"),
    "filled_in": Phrase(
        "{side}（方法学规格未声明，依据已证明的变化方向填列）",
        "{side} (not declared by the spec; filled in from the proved direction)",
    ),
    "declared": Phrase("{side}（方法学规格已声明，但未获证明）", "{side} (declared by the spec; not proved)"),
    "refuted": Phrase("方法学规格声明{side}，经检验不成立", "declared {side} by the spec, which is refuted"),
    "idle": Phrase(
        "{side}（方法学规格已声明；已证明减排量与该参数无关）",
        "{side} (declared by the spec; proved that the reduction does not depend on it)",
    ),
    "undecided": Phrase(
        "未判定（方法学规格未声明，变化方向未获证明）",
        "undecided (not declared by the spec; the direction is not proved)",
    ),
    "constant": Phrase("无（已证明减排量与该参数无关）", "none (proved that the reduction does not depend on it)"),
    "either": Phrase(
        "无（已举例证实该参数增大时减排量可增可减）",
        "none (shown by points that the reduction can grow and can fall with it)",
    ),
    "unused": Phrase("不适用（减排量的公式不引用该参数）", "not applicable (no formula of the reduction uses it)"),
}
CALIBRATION = Phrase("校准周期", "Calibration")
STANDARD = Phrase("校准依据", "Calibration standard")
EVERY: Mapping[str, Phrase] = {
    "day": Phrase("每{count}日", "every {count} day(s)"),
    "month": Phrase("每{count}个月", "every {count} month(s)"),
    "year": Phrase("每{count}年", "every {count} year(s)"),
}

NOT_GIVEN = Phrase("项目文件未提供", "not given in the project file")
NOT_IN_SPEC = Phrase("方法学参数卡未规定", "not specified by the methodology")
NOT_IN_PLAN = Phrase("不用于计算，仅用于判断适用条件", "none; used in the conditions of applicability only")
COMMA = Phrase("、", ", ")
SEMICOLON = Phrase("；", "; ")
FULL_STOP = Phrase("。", ".")
COLON = Phrase("：", ": ")
EQUALS = Phrase(" = ", " = ")
TOTAL = Phrase("合计", "Total")
PERIOD = Phrase("{start}至{end}（含首尾两日，共{days}天）", "{start} to {end} (both days included, {days} days)")
DAY = Phrase("{year}年{month:02}月{day:02}日", "{year}-{month:02}-{day:02}")
SPAN = Phrase("{start}至{end}", "{start} to {end}")
WHOLE_PERIOD = Phrase("整个监测期", "Whole period")
WHERE = Phrase("式中：", "where: ")
PART = Phrase("{section}节", "section {section}")
TITLED_PART = Phrase("“{section}”一节", "section “{section}”")
NUMBER = Phrase("式（{number}）", "equation ({number})")
EQUATION_NUMBER = Phrase("（{number}）", "({number})")
PAGE = Phrase("第{page}页", "page {page}")
EVIDENCE_LABEL = Phrase("证据等级", "evidence")
MODULE_PART = Phrase("模块{id}，{place}", "module {id}, {place}")
IN_SQUARE = Phrase("〔{text}〕", " [{text}]")  # around what may itself hold brackets
IN_BRACKETS = Phrase("（{text}）", " ({text})")
FIRST_ONES = Phrase(
    "共{count}个取值，此处列出前{shown}个；全部取值见计算工作簿和values.parquet。",
    "{count} values, of which the first {shown} are shown; all of them are in the workbook and in values.parquet.",
)
BY_THE_MINUTE = Phrase(
    "共{count}个逐分钟取值，此处列出{shown}个作为示例；其余取值由所列数据文件和公式逐一算出，不逐条列示。",
    "{count} values by the minute, of which {shown} are shown as examples; the others are computed in the same way from the "
    "data files and are not listed.",
)
IN_MONTHS = Phrase("逐月数值见“{heading}”一节的表。", "The values are in the table of the section “{heading}”.")
VALUES_ELSEWHERE = Phrase(
    "共{count}个取值，见计算工作簿和values.parquet。", "{count} values; see the workbook and values.parquet."
)
ZERO = Phrase("计为0 {unit}，因为：{reason}", "0 {unit}, because: {reason}")
ZERO_BY_TEXT = Phrase("方法学在{where}中规定为零。", "the methodology sets it to zero ({where}).")
NO_EQUATION = Phrase("计为0 {unit}，因为方法学没有设此项。", "0 {unit}, because the methodology has no such term.")
BRANCH = Phrase("所取分支的条件：", "Branch taken, where: ")

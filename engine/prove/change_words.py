"""The words for the parts of a spec and their fields, Chinese and English, as a list of changes uses them."""

import re
from collections.abc import Mapping

from tonne.engine.spec.models import Text

AREAS: Mapping[str, Text] = {
    "head": Text(zh="方法学", en="methodology"),
    "dimensions": Text(zh="维度", en="dimension"),
    "options": Text(zh="选项", en="option"),
    "parameters": Text(zh="参数", en="parameter"),
    "equations": Text(zh="公式", en="equation"),
    "uses": Text(zh="引用工具", en="module"),
    "conditions": Text(zh="适用条件", en="condition"),
    "outputs": Text(zh="输出", en="outputs"),
    "claims": Text(zh="声明", en="claims"),
    "boundary": Text(zh="项目边界表", en="project boundary"),
    "not_covered": Text(zh="未涵盖内容", en="what is not covered"),
    "tables": Text(zh="因子表", en="factor table"),
}

_FIELDS: Mapping[str, Text] = {
    "id": Text(zh="标识", en="id"),
    "kind": Text(zh="类别", en="kind"),
    "title": Text(zh="名称", en="title"),
    "name": Text(zh="名称", en="name"),
    "category": Text(zh="领域", en="category"),
    "scheme": Text(zh="机制", en="scheme"),
    "source": Text(zh="来源", en="source"),
    "document": Text(zh="文件", en="document"),
    "publisher": Text(zh="发布机构", en="publisher"),
    "date": Text(zh="日期", en="date"),
    "url": Text(zh="网址", en="address"),
    "evidence": Text(zh="证据等级", en="evidence"),
    "note": Text(zh="说明", en="note"),
    "summary": Text(zh="摘要", en="summary"),
    "crediting_period": Text(zh="计入期", en="crediting period"),
    "longest_years": Text(zh="最长年数", en="longest, in years"),
    "renewals": Text(zh="续期次数", en="renewals"),
    "time": Text(zh="时间步长", en="step of time"),
    "members": Text(zh="成员", en="members"),
    "values": Text(zh="可选值", en="values"),
    "over": Text(zh="指标集", en="index set"),
    "default": Text(zh="缺省选择", en="default choice"),
    "symbol": Text(zh="符号", en="symbol"),
    "unit": Text(zh="单位", en="unit"),
    "unit_of": Text(zh="成员单位", en="unit of each member"),
    "from": Text(zh="来源方式", en="origin"),
    "value": Text(zh="取值", en="value"),
    "by": Text(zh="按选项取值", en="value for the choice"),
    "option": Text(zh="所依选项", en="option"),
    "table": Text(zh="因子表", en="table"),
    "column": Text(zh="列", en="column"),
    "key": Text(zh="查找键", en="key"),
    "missing_year": Text(zh="缺年规则", en="rule for a missing year"),
    "bounds": Text(zh="取值范围", en="bounds"),
    "min": Text(zh="下限（含）", en="least"),
    "max": Text(zh="上限（含）", en="greatest"),
    "above": Text(zh="下限（不含）", en="above"),
    "below": Text(zh="上限（不含）", en="below"),
    "conservative": Text(zh="保守方向", en="conservative side"),
    "when": Text(zh="条件", en="condition"),
    "replaceable": Text(zh="可由项目替换", en="replaceable by the project"),
    "description": Text(zh="说明", en="description"),
    "monitoring_point": Text(zh="监测点", en="monitoring point"),
    "instrument": Text(zh="监测仪表", en="instrument"),
    "procedure": Text(zh="监测程序", en="procedure"),
    "frequency": Text(zh="监测频次", en="frequency"),
    "qa_qc": Text(zh="质量保证与控制", en="quality assurance"),
    "cross_check": Text(zh="交叉核对", en="cross-check"),
    "purpose": Text(zh="用途", en="purpose"),
    "remarks": Text(zh="备注", en="remarks"),
    "vvb_key_points": Text(zh="核查要点", en="points for the verifier"),
    "every": Text(zh="周期", en="interval"),
    "standard": Text(zh="标准", en="standard"),
    "monitoring": Text(zh="监测要求", en="monitoring"),
    "calibration": Text(zh="校准", en="calibration"),
    "cite": Text(zh="出处", en="place in the source"),
    "section": Text(zh="章节", en="section"),
    "number": Text(zh="编号", en="number"),
    "page": Text(zh="页码", en="page"),
    "cases": Text(zh="情形", en="case"),
    "expr": Text(zh="公式", en="formula"),
    "otherwise": Text(zh="其他情形", en="otherwise"),
    "module": Text(zh="工具", en="module"),
    "bind": Text(zh="绑定", en="binding"),
    "options": Text(zh="固定选项", en="fixed option"),
    "baseline": Text(zh="基准线排放量", en="baseline"),
    "project": Text(zh="项目排放量", en="project"),
    "leakage": Text(zh="泄漏", en="leakage"),
    "reduction": Text(zh="减排量", en="reduction"),
    "reported": Text(zh="另行报告", en="also reported"),
    "rounding": Text(zh="修约", en="rounding"),
    "mode": Text(zh="方式", en="mode"),
    "at": Text(zh="层级", en="level"),
    "activity": Text(zh="活动水平", en="activity"),
    "proportional": Text(zh="成正比", en="in proportion"),
    "within_baseline": Text(zh="不超过基准线", en="within the baseline"),
    "text": Text(zh="文字", en="text"),
    "test": Text(zh="判断式", en="test"),
    "rows": Text(zh="行", en="rows"),
    "more": Text(zh="其余不同之处", en="further differences"),
    "notes": Text(zh="文字说明", en="texts"),
    "zh": Text(zh="（中文）", en="(zh)"),
    "en": Text(zh="（英文）", en="(en)"),
}


_VALUES: Mapping[tuple[str, str], str] = {
    ("from", "monitored"): "监测",
    ("from", "fixed"): "事前确定",
    ("from", "default"): "缺省值",
    ("from", "factor"): "因子表",
    ("from", "option"): "按选项取值",
    ("from", "input"): "由引用方给出",
    ("conservative", "low"): "取低值",
    ("conservative", "high"): "取高值",
    ("evidence", "source-checked"): "原文核对",
    ("evidence", "secondary"): "二手资料",
    ("evidence", "expert-recall"): "专家回忆，待核对官方文本",
    ("evidence", "composed"): "自行构建",
    ("", "yes"): "是",
    ("", "no"): "否",
}


def value_words(field: str, value: str) -> str:
    """Say a value of a field in Chinese, where it is a word of the spec language."""
    return _VALUES.get((field.rpartition(".")[2], value)) or _VALUES.get(("", value), value)


def field_words(field: str) -> Text:
    """Name a field by its path, such as `bounds.min` or `cases.2.when`; an unknown part stands for itself."""
    zh: list[str] = []
    en: list[str] = []
    for part in field.split("."):
        known = _FIELDS.get(part)
        zh.append(known.zh if known else f" {part} ")
        en.append(known.en if known else part)
    return Text(zh=re.sub(" +", " ", "".join(zh)).strip(), en=" ".join(en))

"""A methodology in readable form for the terminal: what it takes, its formulas, its conditions."""

from collections.abc import Iterator

from tonne.engine.check.checks import evidence_of
from tonne.engine.check.infer import infer
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Cite, Text
from tonne.engine.spec.tree import Cases
from tonne.engine.units import unit_label
from tonne.esg.linear import plain
from tonne.esg.numbers import Language
from tonne.esg.symbols import symbol
from tonne.esg.typeset import equation_layout

EVIDENCE = {
    "source-checked": {"zh": "原文核对", "en": "source-checked"},
    "secondary": {"zh": "二手资料", "en": "secondary source"},
    "expert-recall": {"zh": "专家回忆，待核对官方文本", "en": "expert recall, to be confirmed"},
    "composed": {"zh": "自行构建", "en": "composed"},
}
_ORIGINS = {
    "monitored": {"zh": "监测", "en": "monitored"},
    "fixed": {"zh": "事前确定", "en": "fixed ex ante"},
    "default": {"zh": "缺省值", "en": "default"},
    "factor": {"zh": "因子表", "en": "factor table"},
    "option": {"zh": "按选项取值", "en": "by option"},
    "input": {"zh": "由引用方给出", "en": "input"},
}
_HEADINGS = {
    "options": {"zh": "选项", "en": "Options"},
    "parameters": {"zh": "参数", "en": "Parameters"},
    "equations": {"zh": "公式", "en": "Equations"},
    "conditions": {"zh": "适用条件", "en": "Conditions of applicability"},
    "not_covered": {"zh": "未涵盖", "en": "Not covered"},
    "modules": {"zh": "引用的工具", "en": "Modules"},
}


def methodology_text(methodology: Methodology, language: Language) -> str:
    """Write a methodology as plain text."""
    return "\n".join(_lines(methodology, language))


def _said(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def _lines(methodology: Methodology, language: Language) -> Iterator[str]:
    spec = methodology.spec
    yield f"{spec.id} · {_said(spec.title, language)}"
    yield f"{_said(spec.source.publisher, language)}, {spec.source.document}" + (
        f", {spec.source.date}" if spec.source.date else ""
    )
    yield EVIDENCE[spec.source.evidence][language]
    if spec.summary:
        yield from ("", _said(spec.summary, language))
    if methodology.modules:
        yield from ("", _HEADINGS["modules"][language])
        for alias, (module, _) in methodology.modules.items():
            yield f"  {alias}: {module.id} · {_said(module.title, language)}"
    if methodology.options:
        yield from ("", _HEADINGS["options"][language])
        for name, option in methodology.options.items():
            values = (
                option.values
                if isinstance(option.values, list)
                else [f"{key} ({_said(text, language)})" for key, text in option.values.items()]
            )
            yield f"  {name}: {_said(option.name, language)} = {' | '.join(values)}"
    yield from ("", _HEADINGS["parameters"][language])
    for quantity in methodology.parameters.values():
        yield from _parameter(methodology, quantity, language)
    yield from ("", _HEADINGS["equations"][language])
    inference = infer(methodology)
    for name, quantity in methodology.equations.items():
        tree = inference.trees.get(name, quantity.tree)
        if tree is None:
            continue
        over = f" [{', '.join(quantity.over)}]" if quantity.over else ""
        where = _where(quantity.spec.cite or next((cite for cite in quantity.cites if cite), None), language)
        yield f"  {name}{over}, {unit_label(quantity.unit.text, language) or '1'}{where}; {EVIDENCE[evidence_of(methodology, quantity)][language]}"
        indent = "      " if isinstance(tree, Cases) else "    "
        yield indent + plain(equation_layout(quantity, tree, methodology, language)).replace("\n", "\n" + indent)
    if methodology.conditions:
        yield from ("", _HEADINGS["conditions"][language])
        for condition in methodology.conditions:
            yield f"  {condition.spec.id}: {_said(condition.spec.text, language)}" + (
                f"  ({condition.spec.test})" if condition.spec.test else ""
            )
            if condition.spec.when:
                yield f"      when {condition.spec.when}"
    if spec.not_covered:
        yield from ("", _HEADINGS["not_covered"][language])
        for item in spec.not_covered:
            yield f"  – {_said(item.text, language)}"


def _parameter(methodology: Methodology, quantity: Quantity, language: Language) -> Iterator[str]:
    parameter = quantity.parameter
    over = f" [{', '.join(quantity.over)}]" if quantity.over else ""
    name = f" · {_said(parameter.name, language)}" if parameter.name else ""
    origin = _ORIGINS[parameter.from_][language]
    if parameter.table:
        origin += f" {parameter.table}.{parameter.column}"
    if parameter.value is not None:
        origin += f" {parameter.value}; {EVIDENCE[evidence_of(methodology, quantity)][language]}"
    unit = unit_label(quantity.unit.text, language) or "1"
    yield f"  {quantity.id} ({plain(symbol(quantity.symbol))}){name}{over}, {unit}, {origin}"


def _where(cite: Cite | None, language: Language) -> str:
    if cite is None:
        return ""
    section = (f"第 {cite.section} 节" if language == "zh" else f"section {cite.section}") if cite.section else ""
    number = (f"式（{cite.number}）" if language == "zh" else f"equation ({cite.number})") if cite.number else ""
    return ", " + " ".join(part for part in (section, number) if part) if section or number else ""

"""Writes one equation evaluated alone as text: formula, formula with numbers, inputs, conversions, value."""

from collections.abc import Callable, Iterator, Mapping

from tonne.engine.check.checks import evidence_of
from tonne.engine.check.kinds import Conversion
from tonne.engine.data.domain import Index, Member
from tonne.engine.result.result import plain
from tonne.engine.single import Evaluation, Input
from tonne.engine.spec import tree
from tonne.engine.spec.models import Cite, Text
from tonne.engine.spec.tree import Node
from tonne.engine.units import unit_label
from tonne.esg.layout import Layout
from tonne.esg.linear import plain as plain_layout
from tonne.esg.numbers import Language, exact_text, number_text
from tonne.esg.reading import EVIDENCE
from tonne.esg.symbols import symbol
from tonne.esg.typeset import formula, substituted, symbols_of

MAX_TERMS = 6
MAX_INDICES = 24

_WORDS: Mapping[str, Text] = {
    "inputs": Text(zh="输入", en="inputs"),
    "options": Text(zh="选项", en="options"),
    "conversions": Text(zh="单位换算", en="conversions of units"),
    "none": Text(zh="无", en="none"),
    "exactly": Text(zh="精确值", en="exactly"),
    "printed": Text(zh="修约显示", en="printed"),
    "case": Text(zh="适用情形", en="case that holds"),
    "otherwise": Text(zh="其他", en="otherwise"),
    "note": Text(zh="说明", en="note"),
    "agree": Text(zh="两套核算程序一致，最大相对差", en="the two evaluators agree, largest relative difference"),
    "more": Text(zh="其余取值见 --json", en="the other values are in --json"),
}


def evaluation_text(evaluation: Evaluation, language: Language) -> str:
    """Write an evaluation as plain text."""
    return "\n".join(_lines(evaluation, language))


def _said(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def _word(key: str, language: Language) -> str:
    return _said(_WORDS[key], language)


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "


def _lines(evaluation: Evaluation, language: Language) -> Iterator[str]:
    quantity = evaluation.quantity
    name = f" · {_said(quantity.spec.name, language)}" if quantity.spec.name else ""
    evidence = EVIDENCE[evidence_of(evaluation.methodology, quantity)][language]
    yield f"{evaluation.methodology.id} · {quantity.id}{name}; {evidence}"
    yield f"  {plain_layout(_whole(evaluation, language))}"
    yield from _inputs(evaluation, language)
    yield from _conversions(evaluation.conversions, language)
    for position, (index, value) in enumerate(sorted(evaluation.values.items())):
        if position == MAX_INDICES:
            yield f"  {_word('more', language)}"
            break
        yield f"  {evaluation.label(index)}{_cited(evaluation.cite_of(index), language)}"
        condition, filled = _filled(evaluation, index, language)
        if condition is not None:
            yield f"    {_word('case', language)}{_colon(language)}{condition}"
        yield f"    {plain_layout(filled)}"
        unit = unit_label(quantity.unit.text, language)
        yield f"    {_word('exactly', language)} {plain(value)} {unit}".rstrip()
        yield f"    {_word('printed', language)} {number_text(value, quantity.unit.text, language)} {unit}".rstrip()
    for note in evaluation.notes:
        yield f"  {_word('note', language)}{_colon(language)}{_said(note, language)}"
    largest = evaluation.agreement.largest
    yield f"  {_word('agree', language)} {f'{largest:.1e}' if largest else '0'}"


def _whole(evaluation: Evaluation, language: Language) -> Layout:
    """Lay out the formula as the methodology has it."""
    node = evaluation.quantity.tree or evaluation.plan.steps[evaluation.name].tree
    left = symbol(evaluation.quantity.symbol)
    return formula(left, node, symbols_of(evaluation.methodology), language, evaluation.methodology.options)


def _inputs(evaluation: Evaluation, language: Language) -> Iterator[str]:
    yield f"  {_word('inputs', language)}{_colon(language)}{'' if evaluation.inputs else _word('none', language)}".rstrip()
    shown: dict[tuple[str, str, str], list[str]] = {}
    for item in evaluation.inputs:
        shown.setdefault((item.name, _amount(item, language), _said(item.origin, language)), []).append(item.label)
    for (name, amount, origin), labels in shown.items():
        several = len(labels) > 1
        head = f"{name}@{labels[0]} … {labels[-1]}" if several else f"{name}@{labels[0]}" if labels[0] else name
        yield f"    {head} = {amount}" + (f"（{origin}）" if language == "zh" else f"  ({origin})")
    for name, choice in evaluation.plan.choices.items():
        if isinstance(choice, str):
            yield f"    {name} = {choice}"
        else:
            yield from (f"    {name}@{label} = {text}" for label, text in choice.items())


def _amount(item: Input, language: Language) -> str:
    unit = unit_label(item.unit, language)
    own = f"{exact_text(item.value)} {unit}".rstrip()
    if item.typed is None or not item.typed.is_converted:
        return own
    return f"{item.typed.text} {item.typed.unit} = {own}"


def _conversions(conversions: tuple[Conversion, ...], language: Language) -> Iterator[str]:
    for item in dict.fromkeys(conversions):
        factor = f"× {exact_text(item.factor)}" if item.factor != 1 else ""
        offset = f"+ {exact_text(item.offset)}" if item.offset else ""
        told = " ".join(part for part in (factor, offset) if part)
        yield f"  {_word('conversions', language)}{_colon(language)}{item.origin} → {item.target}, {told}"


def _filled(evaluation: Evaluation, index: Index, language: Language) -> tuple[str | None, Layout]:
    """Lay out the formula with the numbers of an index, and say the condition of the case that held."""
    step = evaluation.plan.steps[evaluation.name]
    at = dict(zip(step.over, index, strict=True))
    methodology = evaluation.methodology
    node, condition = step.tree, None
    branch = evaluation.branches[index]
    written = evaluation.quantity.tree
    if branch is not None and isinstance(written, tree.Cases):
        condition = _word("otherwise", language)
        if branch < len(written.branches):
            when = written.branches[branch][0]
            condition = plain_layout(formula(None, when, symbols_of(methodology), language, methodology.options))
        node = _taken(evaluation, step.tree, at)
    value_of = _values(evaluation, at, language)
    left = symbol(evaluation.quantity.symbol)
    return condition, substituted(
        node, value_of, symbols_of(methodology), language, options=methodology.options, left=left
    )


def _taken(evaluation: Evaluation, node: Node, at: Mapping[str, Member]) -> Node:
    """Follow the cases that the choices leave to the one that held."""
    if not isinstance(node, tree.Cases):
        return node
    for when, expression in node.branches:
        if evaluation.reference.holds(when, at):
            return expression
    return node.otherwise or node


def _values(evaluation: Evaluation, at: Mapping[str, Member], language: Language) -> Callable[[Node], str | None]:
    domain, plan, reference = evaluation.domain, evaluation.plan, evaluation.reference

    def value_of(node: Node) -> str | None:
        if isinstance(node, tree.Name) and node.id in domain.members:
            return domain.label((node.id,), domain.position((node.id,), at))
        if isinstance(node, tree.Reduce):
            return _terms(evaluation, node, at, language)
        value = reference.evaluate(node, at)
        unit = plan.unit(node.id).text if isinstance(node, tree.Name) else None
        return None if value is None else number_text(value, unit, language)

    return value_of


def _terms(evaluation: Evaluation, node: tree.Reduce, at: Mapping[str, Member], language: Language) -> str | None:
    """Write a sum as its terms when they are few, any other reduction as its value."""
    value = evaluation.reference.evaluate(node, at)
    if value is None:
        return None
    places = list(evaluation.reference.inside(node, at))
    if node.function != "sum" or not 1 < len(places) <= MAX_TERMS:
        return number_text(value, None, language)
    parts = []
    for inner in places:
        term = substituted(
            node.body,
            _values(evaluation, inner, language),
            symbols_of(evaluation.methodology),
            language,
            options=evaluation.methodology.options,
        )
        loose = isinstance(node.body, tree.Negate) or (
            isinstance(node.body, tree.Arithmetic) and node.body.operator in "+-"
        )
        text = plain_layout(term)
        parts.append(f"({text})" if loose or text.startswith("−") else text)
    return f"({' + '.join(parts)})"


def _cited(cite: Cite | None, language: Language) -> str:
    if cite is None:
        return ""
    section = (f"第 {cite.section} 节" if language == "zh" else f"section {cite.section}") if cite.section else ""
    number = (f"式（{cite.number}）" if language == "zh" else f"equation ({cite.number})") if cite.number else ""
    told = ", ".join(part for part in (section, number) if part)
    return f"  [{told}]" if told else ""

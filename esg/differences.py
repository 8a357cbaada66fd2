"""Writes what differs between two specs as text, and what it gains or costs a project."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from tonne.engine.prove.change_words import AREAS, field_words
from tonne.engine.prove.changes import Change
from tonne.engine.prove.difference import Difference, EquationComparison
from tonne.engine.result.result import Result
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import Text
from tonne.engine.versions import Revision, Versions
from tonne.esg.numbers import Language, number_text

_WORDS: Mapping[str, Text] = {
    "equal": Text(zh="两份方法学相同：", en="the two are equal: "),
    "equal_why": Text(
        zh="各项内容一致，全部公式与原式相同或已证明相等",
        en="nothing else differs, and every formula is as written or proved equal",
    ),
    "changes": Text(zh="内容差异", en="what is written differently"),
    "none": Text(zh="无", en="nothing"),
    "texts": Text(zh="文字有改动", en="wording changed"),
    "equations": Text(zh="公式（以所引用的量为输入）", en="equations, with the quantities they name as inputs"),
    "outputs": Text(zh="输出（展开至参数）", en="outputs, followed to the parameters"),
    "as_written": Text(zh="与原式相同", en="equal as written"),
    "tonnes": Text(zh="对项目的影响，tCO2e", en="what it gains or costs the project, tCO2e"),
    "total": Text(zh="合计", en="total"),
    "refused": Text(zh="拒绝计算", en="refuses the project"),
    "first": Text(zh="前者", en="first"),
    "second": Text(zh="后者", en="second"),
    "against": Text(zh="影响减排量申报的发现项", en="findings against the reduction"),
    "same_tonnes": Text(zh="各年结果相同", en="the same tonnes in every year"),
}


def revision_text(revision: Revision, language: Language) -> str:
    """Write what a second methodology changes as plain text."""
    return "\n".join(_lines(revision.difference, language, revision.project))


def _said(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def _word(key: str, language: Language) -> str:
    return _said(_WORDS[key], language)


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "


def _lines(difference: Difference, language: Language, versions: Versions | None) -> Iterator[str]:
    yield f"{_head('first', difference.first, language)}"
    yield f"{_head('second', difference.second, language)}"
    if difference.is_equal:
        yield _word("equal", language) + _word("equal_why", language)
    yield from _changes(difference.changes, language)
    yield from _equations(difference.equations, language)
    if difference.outputs:
        yield f"{_word('outputs', language)}{_colon(language)}".rstrip()
        for role, comparison in difference.outputs.items():
            role_word = _said(field_words(role), language)
            yield f"  {role_word} {comparison.subject.partition('@')[0]}{_colon(language)}{_said(comparison.said, language)}"
    if versions is not None:
        yield from _tonnes(versions, language)


def _head(side: str, methodology: Methodology, language: Language) -> str:
    return f"{_word(side, language)}{_colon(language)}{methodology.id} ({methodology.document.path}, {methodology.digest[:12]})"


def _changes(changes: tuple[Change, ...], language: Language) -> Iterator[str]:
    yield f"{_word('changes', language)}{_colon(language)}{'' if changes else _word('none', language)}".rstrip()
    for change in changes:
        if not change.is_text:
            yield f"  {_said(change.said, language)}"
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for change in changes:
        if change.is_text:
            field = ".".join(part for part in change.field.split(".") if part not in {"zh", "en"})
            texts.setdefault((change.area, change.subject), {})[_said(field_words(field), language)] = None
    for (area, subject), fields in texts.items():
        head = f"{_said(AREAS[area], language)} {subject}".strip()
        listed = ("、" if language == "zh" else ", ").join(fields)
        yield f"  {head}{_colon(language)}{_word('texts', language)}" + (
            f"（{listed}）" if language == "zh" else f" ({listed})"
        )


def _equations(equations: tuple[EquationComparison, ...], language: Language) -> Iterator[str]:
    if not equations:
        return
    yield f"{_word('equations', language)}{_colon(language)}".rstrip()
    same = [item.name for item in equations if item.comparison.as_written]  # in one line, for most are
    if same:
        yield f"  {', '.join(same)}{_colon(language)}{_word('as_written', language)}"
    for item in equations:
        if item.comparison.as_written:
            continue
        name = item.name if item.name == item.second else f"{item.name} → {item.second}"
        yield f"  {name}{_colon(language)}{_said(item.comparison.said, language)}"
        if not item.same_formula:
            yield f"    − {item.formulas[0]}"
            yield f"    + {item.formulas[1]}"


def _tonnes(versions: Versions, language: Language) -> Iterator[str]:
    yield f"{_word('tonnes', language)}{_colon(language)}".rstrip()
    for side, fault in versions.refusals.items():
        yield f"  {_word(side, language)} {_word('refused', language)}{_colon(language)}" + str(fault).replace(
            "\n", "\n    "
        )
    if versions.years and versions.is_equal:
        yield f"  {_word('same_tonnes', language)}"
    for year in versions.years:
        yield f"  {year.year}{_colon(language)}{_amounts(year.first['reduction'], year.second['reduction'], year.gain('reduction'))}"
    if isinstance(versions.first, Result) and isinstance(versions.second, Result):
        one, other = (side.rounded_total("reduction") for side in (versions.first, versions.second))
        yield f"  {_word('total', language)}{_colon(language)}{_amounts(one, other, versions.total('reduction'))}"
    for side, outcome in (("first", versions.first), ("second", versions.second)):
        if isinstance(outcome, Result):
            for finding in outcome.findings:
                if finding.failed:
                    told = finding.zh if language == "zh" else finding.en
                    yield f"  {_word(side, language)}, {_word('against', language)}{_colon(language)}{told} [{finding.code}]"


def _amounts(first: Decimal, second: Decimal, gain: Decimal) -> str:
    one, other, more = (
        number_text(amount, "tCO2e", rounded=amount == amount.to_integral_value()) for amount in (first, second, gain)
    )
    return f"{one} → {other} ({'+' if gain > 0 else ''}{more})"

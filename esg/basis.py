"""What a calculation rests on: the methodology, the choices made in it, its conditions, boundary and limits."""

from collections.abc import Mapping
from typing import Any

from tonne.engine.check.checks import evidence_counts
from tonne.engine.plan import Plan
from tonne.engine.result.result import ConditionResult, Result
from tonne.engine.spec.models import Source
from tonne.engine.spec.tree import Name, walk
from tonne.engine.units import SUBSCRIPT
from tonne.esg.document import Block, Break, Column, Content, KeyValues, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, cited, day, in_brackets, in_square, joined, labelled, phrase, spread
from tonne.esg.wording import CATEGORIES, EQUALS, EVIDENCE, MET, NOT_GIVEN, SCENARIOS, SCHEMES, SEMICOLON

YES, NO = Phrase("是", "yes"), Phrase("否", "no")
DASH = same("—")
METHODOLOGY = Phrase("应用的方法学", "Methodology")
DOCUMENT = Phrase("方法学原文", "Source document")
SCHEME = Phrase("所属机制", "Scheme")
EVIDENCE_WORDS = Phrase("证据等级", "Evidence")
OF_EQUATIONS = Phrase("公式与缺省值", "equations and defaults")
OF_FACTORS = Phrase("因子表取值", "values from factor tables")
COUNTED = Phrase("{word}{count}项", "{count} {word}")
OPTION, CHOICE = Phrase("选项", "Option"), Phrase("选择", "Choice")
BY_METHODOLOGY = Phrase("由方法学确定", "set by the methodology")
CONDITION, FACT, VERDICT = (
    Phrase("适用条件", "Condition"),
    Phrase("项目情况", "Project"),
    Phrase("判定", "Verdict"),
)
TESTED = Phrase("经程序检验", "tested by the engine")
STATED = Phrase("依据项目说明", "as the project states")
SCENARIO, SOURCE, GAS = Phrase("情景", "Scenario"), Phrase("排放源", "Source"), Phrase("温室气体", "Gas")
INCLUDED, REASON = Phrase("是否计入", "Included"), Phrase("理由", "Reason")
OF_MODULE = Phrase("模块{id}", "Module {id}")
NOT_COVERED, PLACE = Phrase("内容", "What is left out"), Phrase("原文位置", "Place in the source")
MODULES, TABLES = Phrase("所用模块", "Modules"), Phrase("所用因子表", "Factor tables")
ID, TITLE, EVIDENCE_HEAD = (
    Phrase("代码", "Id"),
    Phrase("名称与文件", "Title and document"),
    Phrase("证据等级", "Evidence"),
)
LIMITS = Phrase("{name}使用限制", "{name}: not for")


def evidence_summary(result: Result) -> Content:
    """Count how well equations, defaults and the factors of the run are confirmed."""
    factors: dict[str, int] = {}
    for name in result.plan.needed:
        found = {
            origin["evidence"]
            for origin in result.dataset.provenance.get(name, {}).values()
            if origin["kind"] == "factor"
        }
        for word in found:
            factors[word] = factors.get(word, 0) + 1
    lines: list[Content] = [(labelled(OF_EQUATIONS, _counted(evidence_counts(result.methodology))),)]
    if factors:
        lines.append((labelled(OF_FACTORS, _counted(factors)),))
    return spread(lines, Break())


def _counted(counts: Mapping[str, int]) -> Phrase:
    return joined(
        (COUNTED.filled(word=word, count=counts[key]) for key, word in EVIDENCE.items() if counts.get(key)),
        SEMICOLON,
    )


def methodology_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say which methodology, modules and tables were applied, and how well they are confirmed."""
    methodology = figures.result.methodology
    spec, source = methodology.spec, methodology.spec.source
    rows: list[tuple[Phrase, Content]] = [
        (METHODOLOGY, (phrase(spec.title), in_brackets(same(spec.id)))),
        (DOCUMENT, (same(source.document),)),
        (Phrase("发布机构", "Publisher"), (phrase(source.publisher),)),
        (
            Phrase("发布日期", "Date"),
            (day(source.date) if source.date else Phrase("方法学文件未注明", "not stated"),),
        ),
        (SCHEME, (SCHEMES[spec.scheme],)),
        (EVIDENCE_WORDS, evidence_summary(figures.result)),
    ]
    if spec.category:
        rows.insert(4, (Phrase("领域", "Category"), (CATEGORIES[spec.category],)))
    if source.note:
        rows.append((Phrase("核对说明", "On the evidence"), (phrase(source.note),)))
    blocks: list[Block] = [Paragraph((phrase(spec.summary),))] if spec.summary else []
    blocks.append(KeyValues(tuple(rows)))
    modules = [
        _sourced(alias, module.id, phrase(module.title), module.source)
        for alias, (module, _) in methodology.modules.items()
    ]
    columns = (Column((ID,), 3), Column((TITLE,), 8), Column((EVIDENCE_HEAD,), 3))
    if modules:
        blocks.append(Table(columns, tuple(modules), MODULES))
    tables = [
        _sourced("", name, phrase(table.spec.title), table.spec.source) for name, table in methodology.tables.items()
    ]
    if tables:
        blocks.append(Table(columns, tuple(tables), TABLES))
        limits = [
            labelled(LIMITS.filled(name=name), phrase(table.spec.not_for))
            for name, table in methodology.tables.items()
            if table.spec.not_for
        ]
        blocks += [Paragraph((limit,), "small") for limit in limits]
    return tuple(blocks)


def _sourced(alias: str, id_: str, title: Phrase, source: Source) -> tuple[Content, ...]:
    name: Content = (same(id_), in_brackets(same(alias))) if alias else (same(id_),)
    return (name, (title, Break(), same(source.document)), (EVIDENCE[source.evidence],))


def choice_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the options and what was chosen."""
    result = figures.result
    rows: list[tuple[Content, ...]] = []
    for name, option in result.methodology.options.items():
        choice = result.plan.choices.get(name)
        fixed = name in result.methodology.fixed_options
        if choice is None or (fixed and not _is_computed(result.plan, name.rpartition(".")[0])):
            continue
        if isinstance(choice, str):
            told: Content = (_option_value(option.values, choice),)
        else:
            told = spread(
                ((labelled(same(member), _option_value(option.values, value)),) for member, value in choice.items()),
                Break(),
            )
        if not told:  # one choice for each member of a kind of which there is none
            continue
        rows.append(((phrase(option.name),), (*told, in_brackets(BY_METHODOLOGY)) if fixed else told))
    return (Table((Column((OPTION,), 2), Column((CHOICE,), 3)), tuple(rows)),) if rows else ()


def _is_computed(plan: Plan, alias: str) -> bool:
    """Whether the plan needs anything of a module, or of the methodology itself where the alias is empty."""
    return any(name.startswith(f"{alias}.") for name in (*plan.steps, *plan.needed)) or not alias


def _option_value(values: Mapping[str, Any] | list[str], choice: str) -> Phrase:
    return phrase(values[choice]) if isinstance(values, Mapping) and choice in values else same(choice)


def applicability_blocks(figures: Figures) -> tuple[Block, ...]:
    """Hold each condition of applicability against the facts."""
    specs = {condition.spec.id: condition.spec for condition in figures.result.methodology.conditions}
    rows = []
    for item in figures.result.conditions:
        spec = specs[item.id]
        place = cited(spec.cite) if spec.cite else None
        word = EVIDENCE[spec.evidence] if spec.evidence else None
        about = joined([part for part in (place, word) if part], SEMICOLON)
        rows.append(((phrase(item.text), in_square(about)), _fact(figures, item), _verdict(item)))
    columns = (Column((CONDITION,), 7), Column((FACT,), 6), Column((VERDICT,), 3))
    return (Table(columns, tuple(rows)),) if rows else ()


def _fact(figures: Figures, item: ConditionResult) -> Content:
    lines: list[Content] = []
    if item.fact:
        lines.append((phrase(item.fact),))
    tree = figures.result.plan.tests.get(item.id)
    names = dict.fromkeys(part.id for part in walk(tree) if isinstance(part, Name)) if tree else {}
    lines += [(figures.name(name), EQUALS, *figures.with_unit(name, ())) for name in names if figures.is_scalar(name)]
    if item.evidence:
        lines.append((labelled(Phrase("证据", "evidence"), same(item.evidence)),))
    return spread(lines, Break()) or (NOT_GIVEN,)


def _verdict(item: ConditionResult) -> Content:
    if item.met is None:
        return (MET[None],)
    return (MET[item.met], in_brackets(TESTED if item.tested else STATED))


def boundary_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the sources of the boundary."""
    rows = tuple(
        (
            (SCENARIOS[item.scenario],),
            (phrase(item.source),),
            (same(item.gas if "-" in item.gas else item.gas.translate(SUBSCRIPT)),),
            (YES if item.included else NO,),
            (phrase(item.reason) if item.reason else DASH,),
        )
        for item in figures.result.methodology.spec.boundary
    )
    columns = (
        Column((SCENARIO,), 2),
        Column((SOURCE,), 5),
        Column((GAS,), 2, "centre"),
        Column((INCLUDED,), 2, "centre"),
        Column((REASON,), 5),
    )
    return (Table(columns, rows),) if rows else ()


def not_covered_blocks(figures: Figures) -> tuple[Block, ...]:
    """List what the source says and the spec leaves out, modules included."""
    methodology = figures.result.methodology
    columns = (Column((NOT_COVERED,), 3), Column((PLACE,), 1))
    tables: list[Block] = []
    specs = {spec.id: spec for spec in (methodology.spec, *(module for module, _ in methodology.modules.values()))}
    for spec in specs.values():
        rows = tuple(((phrase(item.text),), ((item.cite and cited(item.cite)) or DASH,)) for item in spec.not_covered)
        caption = None if spec is methodology.spec else OF_MODULE.filled(id=spec.id)
        if rows:
            tables.append(Table(columns, rows, caption))
    return tuple(tables)

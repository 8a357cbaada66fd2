"""The rows of the statement of basis: rules that fired, potentials, consolidation, rounding, methods and digests."""

from collections.abc import Iterator, Mapping

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.facts import Disclosure, Hit
from tonne.esg.disclosure.potentials import gwp_listing, gwp_names
from tonne.esg.disclosure.table import NOTHING
from tonne.esg.document import Phrase, same
from tonne.esg.figures import phrase
from tonne.esg.numbers import share_text

HIT = Phrase("{subject}（{action}）", "{subject} ({action})")
GWP = Phrase("温室气体清单采用{inventory}；各项目采用{projects}", "Inventory: {inventory}. Projects: {projects}")
NO_POTENTIALS = Phrase("仅涉CO2", "CO2 only")
MEMBER = Phrase("{name}：{share}", "{name}: {share}")
RULE = Phrase("{how}（{unit}）", "{how} ({unit})")
METHODOLOGY = Phrase("{title}（{id}）", "{title} ({id})")
ROUNDING: Mapping[str, Phrase] = {
    "floor": Phrase("减排量向下取整", "the reduction rounded down"),
    "half_up": Phrase("各项四舍五入取整", "each amount rounded half up"),
    "conservative": Phrase("各项按保守方向取整", "each amount rounded to its conservative side"),
    "none": Phrase("不取整", "none"),
}
PROJECT = Phrase(
    "{status}；{methodology}；修约：{rounding}；结果SHA-256 {result}；方法学SHA-256 {spec}",
    "{status}; {methodology}; rounding: {rounding}; result SHA-256 {result}; methodology SHA-256 {spec}",
)


def statement_rows(disclosure: Disclosure) -> Iterator[tuple[Phrase, Phrase, Phrase]]:
    """Give item, value and code of every row."""
    for hit in distinct_hits(disclosure):
        subject = HIT.filled(subject=hit_subject(disclosure, hit), action=words.ACTIONS[hit.action])
        yield subject, Phrase(hit.zh, hit.en), same(hit.rule.value)
    entity = disclosure.entity
    yield (
        Phrase("报告期", "Reporting period"),
        Phrase(f"{entity.start}至{entity.end}", f"{entity.start} to {entity.end}"),
        same("PER-11"),
    )
    yield Phrase("合并方法", "Consolidation approach"), words.APPROACHES[entity.approach], same("SHR-12")
    for member in entity.members:
        share = MEMBER.filled(name=phrase(member.name), share=share_text(member.share))
        yield Phrase("合并比例", "Consolidation share"), share, same("SHR-12")
    sets = {name for project in disclosure.projects.values() if project.gwp for name in gwp_names(project.gwp)}
    zh, en = gwp_listing(sets)
    used = Phrase(zh, en) if sets else NO_POTENTIALS
    yield (
        Phrase("全球增温潜势", "Warming potentials"),
        GWP.filled(inventory=entity.gwp.upper(), projects=used),
        same("GWP-10"),
    )
    yield (
        Phrase("数值修约", "Rounding"),
        Phrase(
            "项目年度减排量按各方法学规则取整；本文件各数至多显示两位小数（四舍五入），合计按未修约值计算。",
            "Yearly reductions are rounded as each methodology says; here at most two decimals are shown, half up, and "
            "sums are made of values before that.",
        ),
        NOTHING,
    )
    yield (
        Phrase("减排量计算", "Computation"),
        Phrase(
            "减排量＝基准线排放量－项目排放量－泄漏量，泄漏只扣一次。",
            "Reduction = baseline − project − leakage; leakage is deducted once.",
        ),
        same("LEAK-14"),
    )
    for project in disclosure.projects.values():
        value = PROJECT.filled(
            status=words.STATUSES[project.status],
            methodology=METHODOLOGY.filled(title=phrase(project.methodology_title), id=project.methodology),
            rounding=_rounding(project.rounding),
            result=project.result_digest,
            spec=project.methodology_digest,
        )
        yield phrase(project.name), value, NOTHING
    yield Phrase("主体文件", "Entity file"), same(f"{entity.file} SHA-256 {entity.digest}"), NOTHING
    if disclosure.ledger_file:
        ledger = same(f"{disclosure.ledger_file} SHA-256 {disclosure.ledger_digest}")
        yield Phrase("碳信用台账", "Credit ledger"), ledger, NOTHING
    yield Phrase("引擎", "Engine"), same(f"tonne {disclosure.engine_version}"), NOTHING


def _rounding(rule: str) -> Phrase:
    """Name the rule of rounding of a result, with its unit."""
    mode, _, unit = rule.partition(", ")
    return RULE.filled(how=ROUNDING.get(mode, same(mode)), unit=unit)


def distinct_hits(disclosure: Disclosure) -> tuple[Hit, ...]:
    """List every hit once, by rule."""
    return tuple(
        sorted(dict.fromkeys(disclosure.hits), key=lambda hit: (hit.rule.value, hit.subject, hit.vintage or 0))
    )


def hit_subject(disclosure: Disclosure, hit: Hit) -> Phrase:
    """Name what a hit is about."""
    project = disclosure.projects.get(hit.subject)
    name = phrase(project.name) if project else same(hit.subject)
    if hit.subject == "entity":
        name = Phrase("报告主体", "entity")
    return Phrase(f"{name.zh} {hit.vintage}", f"{name.en} {hit.vintage}") if hit.vintage else name

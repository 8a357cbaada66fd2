"""The rules about the inventory, targets, sums and texts of a whole disclosure; no tonne of a project moves by them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from tonne.engine.spec.models import Text
from tonne.esg.disclosure.boundary import is_measure
from tonne.esg.disclosure.entity import InventoryEntry, TargetEntry
from tonne.esg.disclosure.facts import (
    ZERO,
    Figure,
    Hit,
    Lineage,
    ProjectFacts,
    ProjectYear,
    Retirement,
    Rule,
)
from tonne.esg.disclosure.neutrality import WITHHELD, claims_of_neutrality
from tonne.esg.disclosure.potentials import mixed_sets
from tonne.esg.disclosure.rules import tonnes_text
from tonne.esg.numbers import number_text

_MOST_NAMED = 12


def net_01(line: InventoryEntry) -> Iterator[Hit]:
    """Refuse an inventory line from which something was deducted."""
    if line.amounts == "net":
        zh = f"清单项“{line.id}”（{line.current}）已作抵减，不得列为排放总量。"
        en = f"Inventory line {line.id} ({line.current}) has deductions in it and is no gross amount."
        yield Hit(Rule.NET_01, "block", line.id, zh, en)


def cf_02(lines: Sequence[InventoryEntry], years: Sequence[ProjectYear]) -> Iterator[Hit]:
    """Say that reductions against a baseline, also expected ones, are no change of an inventory of two years."""
    names = ("claimed_reduction", "counted_expected", "counted_estimated")
    amounts = {name: [year.figure(name).value or ZERO for year in years if year.is_reported] for name in names}
    sums = {name: sum(found, ZERO) for name, found in amounts.items()}
    shown, unverified = sum(sums.values(), ZERO), sums["counted_expected"] + sums["counted_estimated"]
    both = [line.id for line in lines if line.previous is not None]
    if shown and both:
        part = (
            f"（含预期或估算{tonnes_text(unverified)}吨）",
            f" (expected or estimated: {tonnes_text(unverified)} t)",
        )
        zh, en = part if unverified else ("", "")
        zh = f"{tonnes_text(shown)}吨{zh}为相对基准线的减排量，不是清单两年之差；清单项{'、'.join(both)}的上期数仅作回显。"
        en = (
            f"{tonnes_text(shown)} t{en} are against baselines and are no difference of two years of the inventory; "
            f"the previous year of {', '.join(both)} is only repeated."
        )
        yield Hit(Rule.CF_02, "caveat", "entity", zh, en, tonnes=shown)


def per_11(projects: Iterable[ProjectFacts]) -> Iterator[Hit]:
    """Refuse to take an investment for capital of the reporting year where nobody says when it was spent."""
    for project in projects:
        if project.investment and project.invested is None:
            amount = f"{number_text(project.investment, '')} {project.currency or ''}".strip()
            zh = f"投入{amount}未注明支出日期，属于本报告期的部分无从判断，不列为本期投入资本；可按日或年份填写investment。"
            en = (
                f"When the investment of {amount} was spent is not stated: what of it is of this reporting year is not known, "
                "and it is no capital deployed in it. Give `investment:` by day or year."
            )
            yield Hit(Rule.PER_11, "block", project.id, zh, en)


def sold_03(projects: Iterable[ProjectFacts], sources: Sequence[str], has_ledger: bool) -> Iterator[Hit]:
    """Refuse to say what was issued, sold or used where projects are registered, or credits bought, without a ledger."""
    registered = [project.id for project in projects if project.registry]
    if has_ledger or not (registered or sources):
        return
    zh = f"{len(registered)}个项目已登记于减排机制、{len(sources)}个外购来源而未提供台账，签发、转让和注销数量无从判断，不予披露。"
    en = (
        f"{len(registered)} projects are registered for credits, {len(sources)} sources of bought ones are named, and there "
        "is no ledger: what was issued, sold or retired is not known."
    )
    yield Hit(Rule.SOLD_03, "block", "entity", zh, en)


def s2_05(
    lines: Sequence[InventoryEntry], retirements: Iterable[Retirement], projects: dict[str, ProjectFacts]
) -> Iterator[Hit]:
    """Say beside scope 2 that credits which were used do not change it."""
    used = sum((item.tonnes for item in retirements if item.usable and not _is_scope_2(item, projects)), ZERO)
    if used and any(line.scope == "2" for line in lines):
        zh = f"本期注销自用的{tonnes_text(used)}吨碳信用不改变范围二排放，无论基于位置还是基于市场。"
        en = f"{tonnes_text(used)} t of credits retired in the period change scope 2 in neither of its forms."
        yield Hit(Rule.S2_05, "caveat", "entity", zh, en, tonnes=used)


def _is_scope_2(item: Retirement, projects: dict[str, ProjectFacts]) -> bool:
    return item.project is not None and projects[item.project].scope == "2"  # its own hit says so


def tgt_07(target: TargetEntry, left_out: Decimal) -> Iterator[Hit]:
    """Refuse a net target without its gross one; keep removals, credits and avoided emissions out of a gross one."""
    if target.kind == "net" and target.gross_beside is None:
        zh = f"净量目标“{target.id}”未同时列示总量目标，不予披露。"
        en = f"Net target {target.id} has no gross target beside it: it is not shown."
        yield Hit(Rule.TGT_07, "block", target.id, zh, en)
    elif target.kind == "gross" and left_out:
        zh = f"清除量、碳信用和避免排放合计{tonnes_text(left_out)}吨，不计入总量目标“{target.id}”的进展。"
        en = f"{tonnes_text(left_out)} t of removals, credits and avoided emissions do not count to gross target {target.id}."
        yield Hit(Rule.TGT_07, "caveat", target.id, zh, en, tonnes=left_out)


def contribution(
    target: TargetEntry, years: Iterable[ProjectYear], projects: dict[str, ProjectFacts]
) -> tuple[Figure, Decimal]:
    """Add up the reductions of a reporting year that count to a target, and what is left out of it.

    A year that a rule blocks leaves the sum without a value; so do several sets of global warming potentials.
    """
    counted, left_out = ZERO, ZERO
    blocks: list[Hit] = []
    sets: set[str] = set()
    lineage: list[Lineage] = []
    for year in years:
        project = projects[year.project]
        left_out += year.disposition.claimed_removal + year.disposition.retired_own
        left_out += year.disposition.not_claimable.get("outside_boundary", ZERO)
        if not is_measure(project):
            continue
        if target.scopes and project.scope not in target.scopes:
            continue
        blocks += year.blocks
        counted += year.disposition.claimed_reduction
        sets |= {year.gwp} if year.gwp and year.disposition.claimed_reduction else set()
        lineage += year.lineage
    known = not blocks and len(sets) <= 1
    if len(sets) > 1:
        blocks.append(mixed_sets(target.id, sets))
    return Figure(counted if known else None, tuple(lineage), tuple(blocks)), left_out


def ret_08_own(
    credits_: Iterable[tuple[str, Decimal]], projects: Mapping[str, ProjectFacts], table: Literal["T3", "P"]
) -> Iterator[Hit]:
    """Say which credits used, or planned to be, are of projects of the group and so not of outside its value chain.

    Args:
        credits_: source and tonnes of each.
        projects: those of the group.
        table: T3 of credits used, P of those planned.
    """
    found: dict[bool, dict[str, Decimal]] = {True: {}, False: {}}
    for source, tonnes in credits_:
        if tonnes and (project := projects.get(source)):
            amounts = found[is_measure(project)]
            amounts[source] = amounts.get(source, ZERO) + tonnes
    words = {"T3": ("自用注销", "retired for own use"), "P": ("计划自用注销", "planned for own use")}[table]
    for in_inventory, amounts in found.items():
        if not amounts:
            continue
        total = sum(amounts.values(), ZERO)
        more = len(amounts) > _MOST_NAMED
        names = list(amounts)[:_MOST_NAMED]
        zh = f"{words[0]}的碳信用中{tonnes_text(total)}吨来自本集团项目（{'、'.join(names)}{'等' if more else ''}）"
        en = f"{tonnes_text(total)} t of the credits {words[1]} are of projects of the group ({', '.join(names)}{' and others' if more else ''})"
        if in_inventory:
            zh += "，其减排效果已体现在清单总排放量中，用于抵销即重复计算"
            en += "; their effect is already in the gross inventory, and offsetting with them counts it twice"
        zh += "；不属价值链外的碳信用，不列入ESRS E1第56(b)段的数额。"
        en += "; they are not of outside the value chain and in no amount of ESRS E1 ¶56(b)."
        yield Hit(Rule.RET_08, "caveat", "entity", zh, en, tonnes=total, moved_to=table)


def ret_08_adjusted(retirements: Iterable[Retirement]) -> Iterator[Hit]:
    """Refuse a share of credits with a corresponding adjustment where the ledger does not say of all whether they have one."""
    used = [item for item in retirements if item.usable]
    unknown = sum((item.tonnes for item in used if item.corresponding_adjustment is None), ZERO)
    if unknown:
        whole = sum((item.tonnes for item in used), ZERO)
        zh = f"自用注销的{tonnes_text(whole)}吨碳信用中，{tonnes_text(unknown)}吨未记录是否作相应调整，占比无法判定，不予披露。"
        en = (
            f"Of {tonnes_text(whole)} t of credits retired for own use, the ledger does not say of "
            f"{tonnes_text(unknown)} t whether they have a corresponding adjustment: no share is disclosed."
        )
        yield Hit(Rule.RET_08, "block", "entity", zh, en, tonnes=unknown)


class Screen:
    """Withholds texts with wording of neutrality (CLM-13), and keeps a hit for each."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def text(self, subject: str, text: Text) -> Text:
        """Give a text, or what stands instead of it."""
        return Text(zh=WITHHELD.zh, en=WITHHELD.en) if self._is_caught(subject, f"{text.zh}\n{text.en}") else text

    def plain(self, subject: str, text: str) -> str:
        """Give a text of one language, or what stands instead of it."""
        return f"{WITHHELD.zh} {WITHHELD.en}" if self._is_caught(subject, text) else text

    def _is_caught(self, subject: str, text: str) -> bool:
        if not claims_of_neutrality(text):
            return False
        zh = "所给文字含有不得由减排量支持的表述，未予转载。"
        en = "A text that was given makes a claim that reductions do not support; it is withheld."
        hit = Hit(Rule.CLM_13, "block", subject, zh, en)
        if hit not in self.hits:
            self.hits.append(hit)
        return True

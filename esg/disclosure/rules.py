"""The rules that decide about the tonnes of a project and part of a year, each a function named as its code.

A rule sees the case and the tonnes that the rules before it have left, and gives hits. What a hit moves to a bucket of
tonnes that are not claimable is taken from these; a block takes them all. The rules about whole disclosures, which no
tonne moves by, are in `entity_rules`.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

from tonne.engine.compute.reference import CONTEXT
from tonne.esg.disclosure.boundary import is_outside
from tonne.esg.disclosure.case import Case
from tonne.esg.disclosure.facts import EXCLUDED, ZERO, Action, Hit, Rule, of_share
from tonne.esg.disclosure.potentials import gwp_names, gwp_text, mixed_sets
from tonne.esg.numbers import number_text, share_text

UNDETERMINED = "undetermined"
_TOLERANCE = Decimal("1e-30")  # results state their values to 34 digits
_STATUS = {"ex_ante": ("事前预计", "expected ex ante"), "monitored": ("已监测、未经核查", "monitored and not verified")}
_EXCLUDED = {"production_cut": ("减产", "lower production"), "outsourcing": ("业务外包", "outsourcing")}
_APPROACH = {
    "equity_share": ("股权比例法", "equity share"),
    "financial_control": ("财务控制权法", "financial control"),
    "operational_control": ("运营控制权法", "operational control"),
}


def tonnes_text(value: Decimal) -> str:
    """Print tonnes: whole ones without decimals."""
    return number_text(value, "tCO2e", rounded=value == value.to_integral_value())


def _hit(
    rule: Rule, action: Action, case: Case, zh: str, en: str, tonnes: Decimal | None = None, to: str | None = None
) -> Hit:
    return Hit(rule, action, case.project.id, zh, en, case.part.vintage, tonnes, to)


def per_11(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Divide a calendar year only by days or months; say so where it was divided."""
    part, year = case.part, case.part.vintage
    if part.is_undivided:
        zh = (
            f"报告年度与{year}年度只有部分重合，而结果中没有逐月或逐日数据可供划分；"
            f"本期数额不予披露，更不得以全年{tonnes_text(case.verified)}吨代替。"
        )
        en = (
            f"The reporting year takes in only a part of {year}, and the result has no months or days to divide it by: "
            f"no amount is disclosed, least of all the {tonnes_text(case.verified)} t of the whole."
        )
        yield _hit(Rule.PER_11, "block", case, zh, en, rest, UNDETERMINED)
    elif part.divided_by:
        zh = (
            f"{year}年度按“{part.divided_by}”的逐月或逐日数值比例划分，"
            f"{part.start}至{part.end}计{tonnes_text(sum(part.tonnes.values(), ZERO))}吨。"
        )
        en = (
            f"{year} is divided in proportion to {part.divided_by} by month or day: "
            f"{tonnes_text(sum(part.tonnes.values(), ZERO))} t from {part.start} to {part.end}."
        )
        yield _hit(Rule.PER_11, "caveat", case, zh, en, sum(part.tonnes.values(), ZERO))
    if case.holding.undated:
        amount = case.holding.undated
        zh = f"台账未注明{year}年份{tonnes_text(amount)}吨减排量的产生日期，按最不利情形全部从本报告年度扣除。"
        en = (
            f"The ledger does not say on which days of {year} the tonnes of {tonnes_text(amount)} t of credits arose; "
            "as the least favourable case, all are taken from this reporting year."
        )
        yield _hit(Rule.PER_11, "caveat", case, zh, en, amount)


def leak_14(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Require reduction = baseline − project − leakage of the lines that are shown."""
    lines = case.part.exact
    with localcontext(CONTEXT):
        net = lines["baseline"] - lines["project"] - lines["leakage"]
        size = max(abs(value) for value in lines.values())
        agrees = abs(net - lines["reduction"]) <= size * _TOLERANCE
    if agrees:
        return
    shown = [number_text(lines[name], "tCO2e") for name in ("baseline", "project", "leakage", "reduction")]
    zh = "基准线排放{}－项目排放{}－泄漏{}不等于所示减排量{}吨，不予披露。".format(*shown)
    en = "Baseline {} − project {} − leakage {} is not the reduction shown, {} t: nothing is claimed.".format(*shown)
    yield _hit(Rule.LEAK_14, "block", case, zh, en, rest, UNDETERMINED)


def exa_09(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Keep what is not verified out of the columns of verified tonnes."""
    for status, column in (("ex_ante", "expected"), ("monitored", "estimated")):
        amount = sum((value for key, value in case.part.tonnes.items() if key == status), ZERO)
        if status not in case.part.tonnes:
            continue
        words = _STATUS[status]
        zh = f"{tonnes_text(amount)}吨为{words[0]}数据，只列入预计或估算栏，不作为已实现减排量。"
        en = f"{tonnes_text(amount)} t are {words[1]}: shown as {column} only, never as achieved."
        if case.blocking and status == "monitored":
            zh += f"结果中有{case.blocking}项否决性发现未关闭。"
            en += f" The result has {case.blocking} blocking finding(s) that are not closed."
        yield _hit(Rule.EXA_09, "move", case, zh, en, amount, column)


def sold_03(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Take what was sold out of every claim; without a ledger nothing is known."""
    if not case.has_ledger and case.entry.credits != "none" and case.verified:
        zh = f"项目已登记于减排机制而未提供台账，{tonnes_text(case.verified)}吨中已转让多少无从判断，不予披露。"
        en = (
            f"The project is registered for credits and there is no ledger: how much of the {tonnes_text(case.verified)} t "
            "was sold is not known, so nothing is claimed."
        )
        yield _hit(Rule.SOLD_03, "block", case, zh, en, rest, UNDETERMINED)
    if case.has_ledger and case.entry.credits != "none" and rest > 0:
        silent = (
            ("台账没有该年减排量的任何签发记录", "of which the ledger has no issuance")
            if not case.holding.issued
            else None
        )
        known = silent or ("台账只签发了其中一部分", "of which the ledger has issued a part")
        zh = f"项目已登记于减排机制，{known[0]}；尚未签发的{tonnes_text(rest)}吨以后仍可能签发并转让，其后转让的不得主张。"
        en = (
            f"The project is registered for credits, {known[1]}: {tonnes_text(rest)} t are not issued and may still be "
            "issued and sold, and what is sold later is in no claim."
        )
        yield _hit(Rule.SOLD_03, "caveat", case, zh, en, rest)
    for bucket, words in (
        ("transferred", ("已转让", "were transferred")),
        ("retired_for_others", ("已为他人注销", "were retired for others")),
    ):
        amount: Decimal = getattr(case.holding, bucket)
        if amount:
            zh = f"{tonnes_text(case.verified)}吨中{tonnes_text(amount)}吨{words[0]}，不得主张，仅列入登记与交易表。"
            en = f"Of {tonnes_text(case.verified)} t, {tonnes_text(amount)} t {words[1]}: in no claim, only in T2."
            yield _hit(Rule.SOLD_03, "move", case, zh, en, amount, bucket)
    if case.holding.held:
        amount = case.holding.held
        zh = f"{tonnes_text(amount)}吨已签发而仍持有，可以转让；自用注销之前不得主张。"
        en = f"{tonnes_text(amount)} t are issued and held, and can still be sold: no claim before they are retired."
        yield _hit(Rule.SOLD_03, "move", case, zh, en, amount, "held")


def ret_08(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Leave out what was retired: it is a credit used, once, or none at all; and what an earlier report has claimed."""
    used, others = case.holding.retired_own, case.holding.others_share
    if used and not case.overlap:
        zh = f"{tonnes_text(used + others)}吨的碳信用已自用注销，按受益方的合并比例计{tonnes_text(used)}吨，不再作为减排量或清除量主张；仅本报告期内注销的列入T3。"
        en = (
            f"{tonnes_text(used + others)} t of credits were retired for own use, {tonnes_text(used)} t at the beneficiary's "
            "share: no claim as reduction or removal besides; T3 holds those retired in the period."
        )
        yield _hit(Rule.RET_08, "move", case, zh, en, used, "retired_own")
    if case.holding.unusable and not case.overlap:
        amount = case.holding.unusable
        zh = f"{tonnes_text(amount)}吨的注销记录缺少受益方或用途，不得作为已使用的碳信用披露。"
        en = f"The record of {tonnes_text(amount)} t retired lacks a beneficiary or a purpose: not credits used."
        yield _hit(Rule.RET_08, "move", case, zh, en, amount, "unusable_record")
    if case.holding.retired_later and not case.overlap:
        amount = case.holding.retired_later
        zh = f"{tonnes_text(amount)}吨在报告年度结束后自用注销，属以后报告的主张，本期不计。"
        en = f"{tonnes_text(amount)} t were retired for own use after the reporting year: a claim of a later report."
        yield _hit(Rule.RET_08, "move", case, zh, en, amount, "later_claim")
    if case.holding.claimed_before:
        amount = case.holding.claimed_before
        zh = f"{tonnes_text(amount)}吨已在以前的报告中主张，不再计入。"
        en = f"{tonnes_text(amount)} t were claimed in an earlier report and do not count again."
        yield _hit(Rule.RET_08, "move", case, zh, en, amount, "claimed_before")


def s2_05(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Block a year in which the same electricity is credited and under green certificates; never touch scope 2."""
    if case.overlap:
        overlap = number_text(case.overlap, "MWh")
        zh = f"{case.part.vintage}年有{overlap}兆瓦时电量既核算减排量又核发绿证，同一电量不得重复主张，本年度不予披露。"
        en = (
            f"In {case.part.vintage}, {overlap} MWh are both credited and under green certificates; the same electricity "
            "is claimed once, so nothing of this year is."
        )
        yield _hit(Rule.S2_05, "block", case, zh, en, rest, UNDETERMINED)
    if case.project.scope == "2" and case.holding.issued:
        amount = case.holding.issued
        zh = f"{tonnes_text(amount)}吨碳信用不改变范围二排放，无论基于位置还是基于市场。"
        en = f"{tonnes_text(amount)} t of credits change scope 2 in neither its location-based nor its market-based form."
        yield _hit(Rule.S2_05, "caveat", case, zh, en, amount)


def bnd_04(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Move avoided emissions, and what is outside the boundary, to the table of its own."""
    if not is_outside(case.project):
        return
    amount = case.counted(rest)
    if not amount:
        return
    kind = ("清除量", "removed") if case.project.effect == "removal" else ("避免排放", "avoided")
    zh = f"{tonnes_text(amount)}吨属清单边界之外的{kind[0]}，列入T5，不填排放范围，不计入直接减排量。"
    en = f"{tonnes_text(amount)} t are {kind[1]} outside the inventory: in T5, with no scope, and no direct reduction."
    yield _hit(Rule.BND_04, "move", case, zh, en, amount, "outside_boundary")


def shr_12(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Leave out what comes from less production or from outsourcing, and the share of the other owners.

    Of tonnes that are not verified too, and of the credits that are held.
    """
    amount, held = rest + case.unverified, case.holding.held
    if case.entry.excluded and (amount or held):
        words = _EXCLUDED[case.entry.excluded]
        zh = f"{tonnes_text(amount)}吨来自{words[0]}，不属于减排措施的效果，不计入。"
        en = f"{tonnes_text(amount)} t come from {words[1]} and are no effect of a measure: left out."
        if held:
            zh += f"持有的{tonnes_text(held)}吨碳信用同样不可主张。"
            en += f" Nor are the {tonnes_text(held)} t of credits held claimable."
        yield _hit(Rule.SHR_12, "move", case, zh, en, amount, EXCLUDED)
    elif case.share != 1 and amount:
        own = of_share(amount, case.share)
        zh = f"按合并比例{share_text(case.share)}计入{tonnes_text(own)}吨，其余{tonnes_text(amount - own)}吨属其他权益方。"
        en = (
            f"At a consolidation share of {share_text(case.share)}, {tonnes_text(own)} t count; "
            f"{tonnes_text(amount - own)} t are of the other owners."
        )
        yield _hit(Rule.SHR_12, "move", case, zh, en, amount - own, "others_share")
    if case.share != 1 and held and not case.entry.excluded:
        own = of_share(held, case.share)
        zh = (
            f"期末持有的{tonnes_text(held)}吨碳信用，按合并比例{share_text(case.share)}至多{tonnes_text(own)}吨可主张。"
        )
        en = (
            f"Of {tonnes_text(held)} t of credits held, at most {tonnes_text(own)} t are claimable at a consolidation "
            f"share of {share_text(case.share)}."
        )
        yield _hit(Rule.SHR_12, "caveat", case, zh, en, held - own)


def rem_06(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Show removals apart from reductions, with reversals beside them."""
    if case.project.effect != "removal":
        return
    amount, is_inside = case.counted(rest), case.project.boundary != "outside"
    table = "T4" if is_inside else "T5"
    zh = f"{tonnes_text(amount)}吨为清除量，列入{table}，不与减排量相加；活动自身排放与泄漏另列。"
    en = f"{tonnes_text(amount)} t are removals: in {table}, never added to reductions; emissions of the activity stand apart."
    if not is_inside:
        zh = f"{tonnes_text(amount)}吨为清单边界之外的清除量，列入T5单独小计，不进入T4，也不与避免排放相加。"
        en = f"{tonnes_text(amount)} t are removals outside the inventory: in T5 with a subtotal of their own, not in T4."
    if case.reversals:
        counted = of_share(case.reversals, case.share)
        zh += f"本期逆转量{tonnes_text(case.reversals)}吨（按合并比例{tonnes_text(counted)}吨）单独列示，不予抵扣。"
        en += (
            f" {tonnes_text(case.reversals)} t were reversed in the period ({tonnes_text(counted)} t at the consolidation "
            "share): shown apart and not netted."
        )
    yield _hit(Rule.REM_06, "move", case, zh, en, amount, table)


def gwp_10(case: Case, rest: Decimal) -> Iterator[Hit]:
    """Refuse a year whose results rest on different sets; say which set it is where the inventory uses another."""
    sets = sorted(case.part.gwp)
    if len(sets) > 1:
        mixed = mixed_sets(case.project.id, sets)
        yield _hit(Rule.GWP_10, "block", case, mixed.zh, mixed.en, rest, UNDETERMINED)
    if set(sets) <= {case.gwp}:
        return
    texts = [gwp_text(name) for name in sorted({name for item in sets for name in gwp_names(item)})]
    zh = f"方法学采用的全球增温潜势为{'、'.join(text[0] for text in texts)}，清单采用{gwp_text(case.gwp)[0]}，未重新计算。"
    en = f"The methodology uses {', '.join(text[1] for text in texts)}, the inventory {gwp_text(case.gwp)[1]}; not recomputed."
    yield _hit(Rule.GWP_10, "caveat", case, zh, en, case.verified + case.unverified)


def approach_text(name: str) -> tuple[str, str]:
    """Name an approach of consolidation."""
    return _APPROACH[name]


# In this order: what cannot be known or is wrong blocks all; then tonnes leave for other tables and owners.
PROJECT_RULES: tuple[Callable[[Case, Decimal], Iterator[Hit]], ...] = (
    per_11,
    leak_14,
    exa_09,
    sold_03,
    ret_08,
    s2_05,
    gwp_10,
    shr_12,
    rem_06,
    bnd_04,
)

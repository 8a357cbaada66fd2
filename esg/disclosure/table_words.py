"""The fixed words of disclosure tables in Chinese and English, as data: titles, headings and names of kinds."""

from collections.abc import Mapping

from tonne.esg.disclosure.table import Column
from tonne.esg.document import Phrase, same

LABEL = Phrase("供编制人使用的摘录，非申报文件", "extract for the preparer, not a filing")
SCOPE = Phrase("范围{scope}", "scope {scope}")
NO_SCOPE = Phrase("不触及清单范围", "no scope of the inventory")
SUM = Phrase("合计", "Total")
SUM_OF_SCOPE = Phrase("小计（{scope}）", "Subtotal ({scope})")
SUM_OF_EFFECT = Phrase("小计（{effect}）", "Subtotal ({effect})")
BOUGHT = Phrase("外购", "bought")
UNIT_OF_TONNES = same("tCO2e")
POOL = Phrase("{pool}；{storage}", "{pool}; {storage}")
MORE_SERIALS = Phrase("{shown}等{count}段", "{shown} and others, {count} ranges")

STATUSES: Mapping[str, Phrase] = {
    "ex_ante": Phrase("事前预估", "ex ante"),
    "monitored": Phrase("已监测，未经核查", "monitored, not verified"),
    "verified": Phrase("已核查", "verified"),
}
REGISTRATIONS: Mapping[tuple[bool, bool | None], Phrase] = {  # is the number given; are there movements, or no ledger
    (True, True): Phrase("已登记，有信用变动", "registered, credits moved"),
    (True, False): Phrase("已登记，本期无变动", "registered, no movement in the period"),
    (False, True): Phrase("有信用变动，登记编号未提供", "credits moved, number not given"),
    (True, None): Phrase("已登记", "registered"),
    (False, None): Phrase("已登记，编号未提供", "registered, number not given"),
    (False, False): Phrase("已登记，编号未提供，本期无变动", "registered, number not given, no movement in the period"),
}
NO_MOVEMENT = "registered"
EFFECTS: Mapping[str, Phrase] = {
    "reduction": Phrase("减排", "reduction"),
    "removal": Phrase("清除", "removal"),
    "avoided": Phrase("避免排放", "avoided"),
}
BOUNDARIES: Mapping[str, Phrase] = {
    "own": Phrase("自身运营", "own operations"),
    "upstream": Phrase("上游", "upstream"),
    "downstream": Phrase("下游", "downstream"),
    "outside": Phrase("边界外", "outside"),
}
MEASURES: Mapping[str, Phrase] = {
    "process_redesign": Phrase("重新设计生产流程", "process redesign"),
    "equipment_retrofit": Phrase("改造设备", "equipment retrofit"),
    "process_improvement": Phrase("改进工艺", "process improvement"),
    "fuel_switch": Phrase("更换燃料", "fuel switch"),
    "other": Phrase("其他", "other"),
}
APPROACHES: Mapping[str, Phrase] = {
    "equity_share": Phrase("股权比例法", "equity share"),
    "financial_control": Phrase("财务控制权法", "financial control"),
    "operational_control": Phrase("运营控制权法", "operational control"),
}
BASES: Mapping[str | None, Phrase] = {
    "location": Phrase("基于位置", "location-based"),
    "market": Phrase("基于市场", "market-based"),
    None: same("—"),
}
ADJUSTED: Mapping[bool | None, Phrase] = {
    True: Phrase("是", "yes"),
    False: Phrase("否", "no"),
    None: Phrase("未记录", "not recorded"),
}
ACTIONS: Mapping[str, Phrase] = {
    "block": Phrase("不予披露", "blocked"),
    "caveat": Phrase("附说明", "caveat"),
    "move": Phrase("移列", "moved"),
}
KINDS_OF_TARGET: Mapping[str, Phrase] = {
    "gross": Phrase("总量目标", "gross"),
    "net": Phrase("净量目标", "net"),
}
REASONS: Mapping[str, Phrase] = {
    "outside_boundary": Phrase("边界外", "outside the boundary"),
    "others_share": Phrase("其他股东份额", "share of others"),
    "excluded_activity": Phrase("减产或外包", "less production, or outsourced"),
    "undetermined": Phrase("无法判定", "undetermined"),
    "other_period": Phrase("其他报告期", "other period"),
    "later_claim": Phrase("报告期后自用注销", "retired for own use after the reporting year"),
    "unusable_record": Phrase("注销记录不全", "incomplete record of retirement"),
}

_NAME = Column("name", Phrase("项目", "Project"), 20, part=0)
_VINTAGE = Column("vintage", Phrase("年份", "Vintage"), 10, part=0)
_EXPECTED = Column("expected", Phrase("预期量（事前）", "Expected (ex ante)"), 12, is_summed=True)
_ESTIMATED = Column("estimated", Phrase("估算量（未核查）", "Estimated (not verified)"), 12, is_summed=True)
_VERIFIED = Column("verified", Phrase("已核查量", "Verified"), 12, is_summed=True)
_TRANSFERRED = Column("transferred", Phrase("已转让量", "Transferred"), 14, is_summed=True)

NUMBERED = ("T1", "T2", "T3", "T4", "T5", "T6", "T7")
TITLES: Mapping[str, Phrase] = {
    "T1": Phrase("表T1 减排措施与直接减排量（tCO2e）", "T1 Measures and direct reductions (tCO2e)"),
    "T2": Phrase(
        "表T2 CCER及其他机制的登记与交易（tCO2e）", "T2 Registration and trading in CCER and other mechanisms (tCO2e)"
    ),
    "T3": Phrase("表T3 使用的碳信用（tCO2e）", "T3 Carbon credits used (tCO2e)"),
    "T4": Phrase("表T4 清除与储存（tCO2e）", "T4 Removals and storage (tCO2e)"),
    "T5": Phrase("表T5 避免排放，清单外（tCO2e）", "T5 Avoided emissions, outside the inventory (tCO2e)"),
    "T6": Phrase(
        "表T6 排放总量回显（编制人清单，未作任何抵减）", "T6 Inventory as its preparer wrote it, nothing deducted"
    ),
    "T7": Phrase("表T7 口径声明", "T7 Statement of basis"),
    "C": Phrase("减排量去向平衡表（tCO2e）", "Where each verified tonne is (tCO2e)"),
    "G": Phrase("气候目标与项目贡献", "Targets, and what projects contribute"),
    "P": Phrase("计划使用的碳信用（tCO2e）", "Planned use of carbon credits (tCO2e)"),
    "V": Phrase("项目结果与核查依据", "Results of projects, and what verifies them"),
    "I": Phrase("项目投入资本", "Capital deployed in projects"),
    "E": Phrase("绿色电力证书（MWh）", "Green certificates (MWh)"),
}
NOTES: Mapping[str, Phrase] = {
    "T1": Phrase(
        "减排量为基准线排放量减项目排放量和泄漏量，属项目法结果，不代表清单年际变化。“计入主张量”仅含本报告期、边界内、已核查且未转让的部分；“可主张量”另含期末持有的碳信用，注销自用前不得主张。已核查量＝计入主张量＋已转让量＋自用注销＋为他方注销＋期末持有＋其他股东份额＋其他不可主张。预期量、估算量、计入主张量和可主张量按合并比例列示；基准线至本期减排量、已核查量和碳信用各栏为项目全额。",
        "A reduction is baseline less project emissions and leakage: project accounting, not a change of the inventory. "
        "'Claimed' holds what is of the period, inside the boundary, verified and not transferred. 'Claimable' adds credits "
        "held at the end, which are not claimed until they are retired for own use. Verified = claimed + transferred + "
        "retired (own use, for others) + held + share of others + otherwise not claimable. Expected, estimated, claimed and "
        "claimable are at the consolidation share; lines, reduction, verified and credits are those of the whole project.",
    ),
    "T4": Phrase(
        "清除量不并入减排量，逆转量与活动自身排放单列。除已核查量和已售出量为项目全额外，各数按合并比例列示。",
        "Removals are no reductions; reversals and emissions of the activity stand apart. Amounts are at the consolidation "
        "share; only what is verified, and what was sold, is of the whole project.",
    ),
    "T5": Phrase(
        "本表各项不进入温室气体清单任何范围，不得作为自身减排量主张。预期量、估算量和避免量按合并比例列示，不含已签发碳信用的部分；碳信用各栏为项目全额。",
        "Nothing here enters a scope of the inventory or is claimed as own reduction. Expected, estimated and avoided are "
        "at the consolidation share, and without what was issued as credits; the credits are those of the whole project.",
    ),
    "T6": Phrase(
        "各数按编制人清单原样列示；项目减排量、清除量和碳信用均未抵减。",
        "Repeated as written; no reduction, removal or credit is deducted.",
    ),
    "V": Phrase(
        "核查陈述由主体文件列示；未关闭发现项数取自项目结果，含纠正措施要求和澄清要求。",
        "Statements are those that the entity file names; open findings are counted in the results: corrective actions and "
        "clarifications.",
    ),
    "I": Phrase(
        "含清单边界之外的项目；“本期投入”仅含报告期内支出的部分，按合并比例列示。不同单位不相加。",
        "Projects outside the boundary included; 'deployed' holds what was spent in the period, at the consolidation share. "
        "Units are not mixed.",
    ),
    "C": Phrase(
        "已核查量＝已主张＋自用注销＋已转让＋为他方注销＋期末持有＋不可主张，逐年逐项目成立。“自用注销”含截至台账末行的注销，仅本报告期内注销的列入T3。",
        "Verified = claimed + retired for own use + transferred + retired for others + held + not claimable, for every "
        "project and vintage. 'Retired' counts to the last row of the ledger; T3 holds what was retired in the period.",
    ),
}
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "T1": (
        Column("name", Phrase("措施", "Measure"), 22, part=0),
        _VINTAGE,
        Column("scope", Phrase("排放范围", "Scope"), 10),
        Column("share", Phrase("合并比例", "Share"), 11),
        Column("measure", Phrase("措施类型", "Type"), 16, part=4),
        Column("basis", Phrase("基准与方法", "Baseline, method"), 24, part=4),
        Column("baseline", Phrase("基准线排放量", "Baseline emissions"), 16, part=3),
        Column("project", Phrase("项目排放量", "Project emissions"), 15, part=3),
        Column("leakage", Phrase("泄漏量", "Leakage"), 12, part=3),
        Column("reduction", Phrase("本期减排量", "Reduction"), 15, part=3),
        _EXPECTED,
        _ESTIMATED,
        _VERIFIED,
        Column("claimed", Phrase("计入主张量", "Claimed"), 12, part=2, is_summed=True),
        Column("transferred", Phrase("已转让量", "Transferred"), 14, part=2, is_summed=True),
        Column("retired_own", Phrase("自用注销", "Retired, own use"), 13, part=2, is_summed=True),
        Column("retired_for_others", Phrase("为他方注销", "Retired for others"), 13, part=2, is_summed=True),
        Column("held", Phrase("期末持有", "Held"), 11, part=2, is_summed=True),
        Column("others_share", Phrase("其他股东份额", "Share of others"), 13, part=5, is_summed=True),
        Column("not_counted", Phrase("其他不可主张", "Otherwise not claimable"), 13, part=5, is_summed=True),
        Column("claimable", Phrase("可主张量", "Claimable"), 13, part=5, is_summed=True),
        Column("status", Phrase("状态", "Status"), 14),
        Column("investment", Phrase("投入（项目总额）", "Investment (whole project)"), 14, part=4),
        Column("currency", Phrase("投入单位", "Unit of investment"), 10, part=4),
        Column("evidence", Phrase("证据", "Evidence"), 22, part=4),
        Column("note", Phrase("所涉规则", "Rules"), 16, part=5),
    ),
    "T2": (
        Column("mechanism", Phrase("机制", "Mechanism"), 13),
        Column("name", Phrase("项目名称", "Project"), 20, part=0),
        _VINTAGE,
        Column("registration", Phrase("登记编号", "Reg. no."), 13),
        Column("status", Phrase("状态", "Status"), 13),
        Column("methodology", Phrase("方法学", "Methodology"), 13),
        Column("expected", Phrase("年均预计减排量", "Expected per year"), 13),
        Column("held_at_start", Phrase("期初持有", "Held at start"), 13, part=2, is_summed=True),
        Column("issued", Phrase("本期登记量", "Registered"), 13, part=2, is_summed=True),
        Column("acquired", Phrase("本期购入量", "Acquired"), 13, part=2, is_summed=True),
        Column("transferred", Phrase("本期转让量", "Transferred"), 13, part=2, is_summed=True),
        Column("retired_own", Phrase("本期自用注销量", "Retired, own use"), 13, part=3, is_summed=True),
        Column("retired_for_others", Phrase("本期为他方注销量", "Retired for others"), 13, part=3, is_summed=True),
        Column("held_at_end", Phrase("期末持有", "Held at end"), 13, part=3, is_summed=True),
    ),
    "T3": (
        Column("standard", Phrase("来源/标准", "Source, standard"), 16),
        Column("name", Phrase("项目", "Project"), 22, part=0),
        Column("country", Phrase("国家", "Country"), 11),
        Column("vintage", Phrase("减排量年份", "Vintage"), 10, part=0),
        Column("effect", Phrase("减排/清除", "Reduction, removal"), 13),
        Column("tonnes", Phrase("数量", "Tonnes"), 12, is_summed=True),
        Column("serials", Phrase("序列号", "Serials"), 26, part=2),
        Column("date", Phrase("注销日", "Cancelled on"), 14, part=2),
        Column("beneficiary", Phrase("受益方", "Beneficiary"), 18, part=2),
        Column("purpose", Phrase("用途", "Purpose"), 18, part=2),
        Column("adjusted", Phrase("相应调整", "CA"), 12),
    ),
    "T4": (
        Column("name", Phrase("活动", "Activity"), 20, part=0),
        _VINTAGE,
        Column("place", Phrase("自身/上游/下游", "Place"), 12, part=2),
        Column("type", Phrase("类型（碳库与储存）", "Pool, storage"), 24, part=2),
        Column("gas", Phrase("气体", "Gas"), 8, part=2),
        Column("share", Phrase("合并比例", "Share"), 10, part=2),
        _EXPECTED,
        _ESTIMATED,
        _VERIFIED,
        Column("claimed", Phrase("计入清除量", "Removed, claimed"), 13, is_summed=True),
        Column("own_emissions", Phrase("活动自身排放", "Own emissions"), 13, is_summed=True),
        Column("reversals", Phrase("逆转量", "Reversals"), 12, is_summed=True),
        Column("transferred", Phrase("已作为信用售出", "Sold as credits"), 13, is_summed=True),
        Column("status", Phrase("状态", "Status"), 12, part=2),
        Column("note", Phrase("所涉规则", "Rules"), 14, part=2),
    ),
    "T5": (
        _NAME,
        _VINTAGE,
        Column("share", Phrase("合并比例", "Share"), 11),
        Column("user", Phrase("受益方", "Who uses the output"), 15, part=2),
        Column("basis", Phrase("基准", "Baseline"), 24, part=2),
        _EXPECTED,
        _ESTIMATED,
        Column("avoided", Phrase("避免量（已核查）", "Avoided (verified)"), 13, is_summed=True),
        _TRANSFERRED,
        Column("held", Phrase("持有的信用", "Credits held"), 11, is_summed=True),
        Column("status", Phrase("状态", "Status"), 14, part=2),
        Column("note", Phrase("说明", "Note"), 14, part=2),
    ),
    "T6": (
        Column("scope", Phrase("范围", "Scope"), 12),
        Column("current", Phrase("本期", "This period"), 14),
        Column("previous", Phrase("上期", "Previous period"), 14),
        Column("unit", Phrase("单位", "Unit"), 9),
        Column("basis", Phrase("口径", "Basis"), 12),
        Column("method", Phrase("方法", "Method"), 22),
        Column("source", Phrase("来源", "Source"), 22),
        Column("note", Phrase("所涉规则", "Rules"), 12),
    ),
    "T7": (
        Column("item", Phrase("项", "Item"), 22),
        Column("value", Phrase("值", "Value"), 70),
        Column("rule", Phrase("触发规则", "Rule"), 12),
    ),
    "C": (
        _NAME,
        _VINTAGE,
        _VERIFIED,
        Column("claimed", Phrase("已主张", "Claimed"), 12, is_summed=True),
        Column("retired_own", Phrase("自用注销", "Retired, own use"), 11, is_summed=True),
        Column("transferred", Phrase("已转让", "Transferred"), 16, is_summed=True),
        Column("retired_for_others", Phrase("为他方注销", "Retired for others"), 11, is_summed=True),
        Column("held", Phrase("期末持有", "Held"), 11, is_summed=True),
        Column("unclaimable", Phrase("不可主张", "Not claimable"), 12, is_summed=True),
        Column("difference", Phrase("差额", "Difference"), 14, is_summed=True),
        Column("reasons", Phrase("不可主张的原因", "Why not claimable"), 40, part=2),
    ),
    "G": (
        Column("name", Phrase("目标", "Target"), 24),
        Column("kind", Phrase("类型", "Kind"), 10),
        Column("beside", Phrase("并列的总量目标", "Gross target beside it"), 14),
        Column("years", Phrase("基准年—目标年", "Base year – target year"), 14),
        Column("stated", Phrase("目标值", "As stated"), 12),
        Column("unit", Phrase("单位", "Unit"), 9),
        Column("contribution", Phrase("项目贡献", "Contribution of projects"), 13),
        Column("note", Phrase("所涉规则", "Rules"), 12),
    ),
    "P": (
        Column("source", Phrase("来源", "Source"), 24),
        Column("effect", Phrase("减排/清除", "Reduction, removal"), 12),
        Column("tonnes", Phrase("数量", "Tonnes"), 12, is_summed=True),
        Column("by", Phrase("计划注销日", "To be retired by"), 13),
        Column("purpose", Phrase("用途", "Purpose"), 30),
    ),
    "V": (
        Column("name", Phrase("项目", "Project"), 22),
        Column("methodology", Phrase("方法学", "Methodology"), 24),
        Column("status", Phrase("状态", "Status"), 12),
        Column("statement", Phrase("核查陈述（日期）", "Verification statement (date)"), 20),
        Column("open_findings", Phrase("未关闭发现项", "Open findings"), 11),
    ),
    "I": (
        Column("name", Phrase("项目", "Project"), 24),
        Column("place", Phrase("自身/上游/下游/边界外", "Place"), 14),
        Column("share", Phrase("合并比例", "Share"), 10),
        Column("stated", Phrase("投入（项目总额）", "Investment (whole project)"), 15),
        Column("deployed", Phrase("本期投入（按比例）", "Deployed in the period (at the share)"), 17),
        Column("unit", Phrase("单位", "Unit"), 10),
    ),
    "E": (
        Column("name", Phrase("项目或来源", "Project or source"), 24),
        _VINTAGE,
        Column("issued", Phrase("核发", "Issued"), 12, is_summed=True),
        Column("acquired", Phrase("购入", "Acquired"), 12, is_summed=True),
        Column("transferred", Phrase("转让", "Transferred"), 12, is_summed=True),
        Column("retired_own", Phrase("自用核销", "Retired, own use"), 12, is_summed=True),
        Column("overlap", Phrase("与碳信用重叠电量", "Overlap with credited MWh"), 14, is_summed=True),
    ),
}

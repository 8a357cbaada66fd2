"""The fixed words of the check report in Chinese and English."""

from collections.abc import Mapping

from tonne.esg.document import Phrase, same

WORDS: Mapping[str, Phrase] = {
    "title": Phrase("方法学检查与证明报告", "Check and proof report"),
    "index_title": Phrase("方法学检查与证明报告目录", "Check and proof reports"),
    "statement": Phrase(
        "本报告由程序依据方法学的机读文本生成，不能代替审定与核查机构的判断。",
        "Made by a program from the machine-readable text of the methodology; it does not replace the judgement of a "
        "validation and verification body.",
    ),
    "passed": Phrase("通过", "passed"),
    "failed": Phrase("未通过", "failed"),
    "not_made": Phrase("未进行", "not made"),
    "open": Phrase("尚有待确认项", "open points"),
    "whole.passed": Phrase("各项检查均通过，全部陈述已证明。", "Every check passed, and every statement is proved."),
    "whole.open": Phrase(
        "没有不成立的陈述；未判定和待确认的各项须由人工判断。",
        "Nothing is refuted. What is not decided or to be confirmed is left to the reader's judgement.",
    ),
    "whole.failed": Phrase("有检查未通过，须予更正。", "A check failed; this must be mended."),
    "proofs_not_made": Phrase(
        "名称、指标集或单位存在不符，未进行证明。",
        "Not proved, because names, index sets or units do not fit.",
    ),
    "no_reduction": Phrase(
        "本规格为供引用的模块，没有减排量，本项不适用。",
        "This spec is a module without a reduction; the check does not apply.",
    ),
    "no_cases": Phrase("没有须证明的分情形公式。", "There are no cases that need a proof."),
    "no_partial": Phrase(
        "公式中没有除以变量、对数、开方等可能无意义的运算。",
        "No formula divides by a quantity, or takes a logarithm, a root or a power that could have no value.",
    ),
    "no_claims": Phrase("没有须证明的结论。", "There is nothing to prove."),
    "no_conversions": Phrase(
        "各公式单位一致，无须换算。",
        "The units of every formula fit as they are; no change of unit was needed.",
    ),
    "nothing_found": Phrase("未发现问题。", "Nothing was found."),
    "scope": Phrase("结论的适用范围", "What the results mean"),
    "summary": Phrase("检查结果汇总", "Summary"),
    "cover.title": Phrase("方法学", "Methodology"),
    "cover.id": Phrase("标识", "Id"),
    "cover.source": Phrase("来源文件", "Source document"),
    "cover.scheme": Phrase("减排机制", "Scheme"),
    "cover.evidence": Phrase("来源的证据等级", "Evidence of the source"),
    "cover.engine": Phrase("核算引擎", "Engine"),
    "cover.digest": Phrase("总摘要（SHA-256）", "Digest of all parts (SHA-256)"),
    "check": Phrase("检查项", "Check"),
    "claim": Phrase("检查内容", "What is checked"),
    "result": Phrase("结论", "Result"),
    "statements": Phrase("陈述数", "Statements"),
    "place": Phrase("位置：", "at "),
    "why": Phrase("未能判定的原因：", "why: "),
    "leaves_out": Phrase("证明未涉及：", "not covered by the proof: "),
    "counterexample": Phrase("反例", "Counterexample"),
    "point": Phrase("示例", "Example"),
    "others": Phrase("其余输入：", "other inputs: "),
    "any_input": Phrase("任意输入", "any input"),
    "conversions": Phrase("引擎插入的单位换算", "Changes of unit that were inserted"),
    "equation": Phrase("公式", "Equation"),
    "from": Phrase("原单位", "From"),
    "to": Phrase("换算为", "To"),
    "factor": Phrase("乘以", "Times"),
    "offset": Phrase("再加", "Plus"),
    "parameter": Phrase("参数", "Parameter"),
    "symbol": Phrase("符号", "Symbol"),
    "unit": Phrase("单位", "Unit"),
    "direction": Phrase("参数增大时减排量", "Reduction as it grows"),
    "claimed": Phrase("声明的保守取值", "Conservative, as claimed"),
    "conservative": Phrase("证明的保守取值", "Conservative, as proved"),
    "directions_note": Phrase(
        "“保守取值”指使减排量不被高估的一侧。声明一栏为“—”的，方法学规格未作声明，以证明的结果为准；可增可减的参数没有统一的保守取值。",
        "The conservative side is the one that does not overstate the reduction. Where none is claimed (—), the proved one "
        "counts; a parameter that can move the reduction both ways has none.",
    ),
    "where": Phrase("出处", "Source"),
    "evidence": Phrase("证据等级", "Evidence"),
    "outputs": Phrase("减排量及其组成：", "The reduction and its parts:"),
    "equations_and_defaults": Phrase("公式与缺省值", "Equations and defaults"),
    "not_covered": Phrase("方法学规格未涵盖的原文内容", "What the source says and the spec does not cover"),
    "parts": Phrase("文件摘要", "Digests"),
    "kind": Phrase("类别", "Kind"),
    "part": Phrase("文件", "Part"),
    "digest": Phrase("SHA-256摘要值", "SHA-256"),
    "methodology": Phrase("方法学", "Methodology"),
}
HEADINGS: Mapping[str, Phrase] = {
    "names": Phrase("名称", "Names"),
    "index sets": Phrase("指标集", "Index sets"),
    "units": Phrase("单位与物质", "Units and substances"),
    "cases": Phrase("分情形公式", "Cases"),
    "domain": Phrase("运算有意义", "Domain"),
    "direction": Phrase("变化方向", "Direction"),
    "structure": Phrase("减排量的结构", "Structure"),
    "evidence": Phrase("来源与证据", "Source and evidence"),
}
CLAIMS: Mapping[str, Phrase] = {
    "names": Phrase(
        "名称均可解析，没有多余的参数和公式，也没有循环引用。",
        "Names resolve; no parameter or equation is unused, and no equations need each other.",
    ),
    "index sets": Phrase(
        "每个公式的指标（年、月、燃料种类等）与其声明相符。",
        "Every formula fits its index set (years, months, fuels and so on).",
    ),
    "units": Phrase(
        "各公式、条件和因子的单位与物质相符；引擎插入的单位换算逐一列出。",
        "Units and substances fit in every formula, condition and factor; changes of unit that were inserted are listed.",
    ),
    "cases": Phrase(
        "分情形公式的各种情形覆盖全部取值，每种情形均可能出现，且互不冲突。",
        "The cases of a formula cover all inputs, each of them can occur, and they do not contradict each other.",
    ),
    "domain": Phrase(
        "对界限内的一切输入，除法、对数、开方和乘方均有意义。",
        "No division, logarithm, root or power can fail for inputs inside the bounds.",
    ),
    "direction": Phrase(
        "其他输入不变，某一参数增大时减排量如何变化；声明的保守取值是否成立。",
        "How the reduction changes as one parameter grows, all else equal, and whether the conservative side that is claimed holds.",
    ),
    "structure": Phrase(
        "减排量恒等于基准线排放量减去项目排放量和泄漏量；方法学规格对减排量的其他声明成立。",
        "The reduction is baseline − project − leakage, and whatever else the spec claims of it holds.",
    ),
    "evidence": Phrase(
        "各公式和缺省值均注明出处；证据等级说明其核对程度。",
        "Every equation and default cites its source; the evidence word says how well it is confirmed.",
    ),
}
STANDINGS: Mapping[str, Phrase] = {
    "proved": Phrase("已证明", "proved"),
    "refuted": Phrase("不成立", "refuted"),
    "undecided": Phrase("未判定", "not decided"),
    "noted": Phrase("待确认", "to be confirmed"),
}
DIRECTIONS: Mapping[str, Phrase] = {
    "increasing": Phrase("不减小", "never falls"),
    "decreasing": Phrase("不增大", "never grows"),
    "constant": Phrase("不变", "does not change"),
    "either": Phrase("可增可减", "can grow, can fall"),
    "undecided": Phrase("未判定", "not decided"),
}
PARTS: Mapping[str, Phrase] = {
    "spec": Phrase("方法学规格", "spec"),
    "module": Phrase("引用的模块", "module"),
    "table": Phrase("因子表", "factor table"),
}


def worded(words: Mapping[str, Phrase], key: str) -> Phrase:
    """Give the words of a key; one that is not known is shown as it is."""
    return words.get(key) or same(key)

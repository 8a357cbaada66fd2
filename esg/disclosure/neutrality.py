"""Finds wording of neutrality, which is never written (CLM-13), and says what stands instead of a text that holds it.

What an entity may say of itself is for claims law; these tables never say it, whatever a ledger or a name says. Width,
case, dashes, spaces between characters and characters that nobody sees make no difference. Names of things (vehicles of a
kind, factors, waste water that is not discharged) are no claims.
"""

import re
import unicodedata

from tonne.esg.disclosure.folding import DASHES
from tonne.esg.document import Phrase

WITHHELD = Phrase("（原文用词未予转载，CLM-13）", "(wording withheld, CLM-13)")
_GAP = rf"[\s\-{DASHES}·・‧•_/]{{0,4}}"
_UNSEEN = "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF, 0xAD, 0x180E, *range(0xFE00, 0xFE10)))
)
_PIECE, _REACH = 1 << 20, 1 << 12
_AROUND = 60  # characters before and after a sign in which its phrase is looked for


_THINGS_ZH = "(?:车|汽车|电动|公交|巴士|客车|卡车|货车|重卡|船|机车|叉车|机械|燃料|因子|系数)"
_WASTE = "".join(f"(?<!{word})" for word in ("废水", "污水", "废液", "液体", "固废", "废渣", "粉尘"))
_ALL = "(?:全 部|所 有|一 切|100 ?%|百 分 之 百)"
_GASES = "(?:碳 |二 氧 化 碳 |温 室 气 体 )?"
_WHOSE = "(?:了 )?(?:其 |本 公 司 |本 集 团 |我 们 |自 身 )?(?:的 )?"
_CHINESE = (  # a space stands for a gap
    "(?:碳|气 候|温 室 气 体) 中 [和性]",
    "排 放 中 性",
    "中 和 (?:碳|二 氧 化 碳|温 室 气 体|全 部 排 放|所 有 排 放)",
    "净 零",
    "零 碳",
    "负 碳",
    "净 负 排 放",
    "净 0 [碳排]",
    r"净 (?:碳 )?排 放 (?:量 )?(?:为 |是 |达 到 |降 至 |归 )?(?:零|0(?!\.?[0-9]))",
    f"{_WASTE}零 排 (?:放(?! {_THINGS_ZH})|碳)",
    "(?:碳|排 放|排 放 量|足 迹) [清归] 零",
    f"抵 [消销] {_WHOSE}{_ALL} (?:的 )?{_GASES}排 放",
    f"{_ALL} (?:的 )?{_GASES}排 放 (?:量 )?(?:(?:均|已|都|得 到|被) )*抵 [消销]",
    f"(?:完 全|{_ALL}) 抵 [消销] {_WHOSE}{_GASES}排 放",
    f"排 放 (?:量 )?(?:(?:均|已|都|得 到|被) )*(?:完 全|{_ALL}) (?:得 到 |被 )?抵 [消销]",
)
_THINGS = (
    r"(?:factor|coefficient|rate|value|vehicle|bus|car|truck|van|lorr|ship|vessel|locomotive|forklift|fleet|fuel|excavator"
    r"|machine)"
)
_SUBJECT = "(?:carbon|climate|klima|co2e?|ghg|greenhouse gas(?:es)?|emissions?)"
_OURS = r"(?:(?:of|our|its|their|the|all|remaining|residual)\s+){0,3}(?:[a-z0-9]+\s+){0,2}"
_ENGLISH = (
    rf"{_SUBJECT}{_GAP}neutral\w*",
    rf"(?:carbon|climate|co2|ghg){_GAP}(?:negative|positive)\w*",
    r"neutral\w*\s+(?:in|of|for)\s+(?:carbon|co2|ghg)",
    r"neutrali[sz]\w*\s+(?:\w+\s+){0,3}(?:carbon|co2|ghg|footprint)",
    rf"nett?{_GAP}zero",
    rf"nett?[\-{DASHES}]?0\b(?![.,][0-9])",
    r"nett?\s0\s(?:carbon|emission|ghg|co2|target|plan|by\s|20[0-9][0-9])",
    rf"zero{_GAP}(?:net{_GAP})?carbon",
    rf"carbon{_GAP}zero",
    rf"(?<!non-)(?<!non )zero{_GAP}(?:ghg{_GAP}|co2{_GAP}|net{_GAP})?emissions?\b(?!{_GAP}{_THINGS})",
    rf"(?:carbon|co2){_GAP}free",
    rf"emissions?{_GAP}free\b(?!{_GAP}{_THINGS})",
    rf"offset(?:s|ting)?\s+(?:all|100\s?%|every)\s+{_OURS}(?:emission|carbon|footprint)",
    rf"(?:fully|completely|entirely|100\s?%)\s+offset(?:s|ting)?\s+{_OURS}(?:emission|carbon|footprint)",
    r"emissions?\s+(?:(?:are|is|were|was|have|has|been)\s+)*(?:fully|completely|entirely|100\s?%)\s+offset",
)
_BANNED = re.compile("|".join((*(words.replace(" ", _GAP) for words in _CHINESE), *_ENGLISH)))
# Every phrase holds one of these. Looking for them first, and for phrases only near them, is far faster on long texts.
_SIGNS = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in {
        "中": f"中{_GAP}[和性]",
        "零": f"零{_GAP}[碳排]",
        "净": "净",
        "负": f"负{_GAP}碳",
        "清": f"清{_GAP}零",
        "归": f"归{_GAP}零",
        "抵": f"抵{_GAP}[消销]",
        "net": rf"nett?(?=\s?[\-{DASHES}]?0)",
        **{word: word for word in ("neutral", "zero", "negative", "positive", "free", "offset")},
    }.items()
)


def claims_of_neutrality(text: str | bytes) -> list[str]:
    """List the phrases of a text, which may be the bytes of a file, that must not be written."""
    if len(text) <= _PIECE:
        return list(_found(text).values())
    # What a long text holds is found piece by piece: a piece reaches into the next, and few are held at a time.
    pieces = (text[start : start + _PIECE + _REACH] for start in range(0, len(text), _PIECE))
    return list(dict.fromkeys(phrase for piece in pieces for phrase in _found(piece).values()))


def _found(text: str | bytes) -> dict[int, str]:
    plain = text if isinstance(text, str) else text.decode(errors="ignore")  # a piece may begin inside a character
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
        if any(character in plain for character in _UNSEEN):
            plain = plain.translate(str.maketrans("", "", _UNSEEN))
    plain = plain.lower()
    found: dict[int, str] = {}
    for sign in (match for word, pattern in _SIGNS if word in plain for match in pattern.finditer(plain)):
        near = (max(0, sign.start() - _AROUND), sign.end() + _AROUND)
        found |= {phrase.start(): phrase.group() for phrase in _BANNED.finditer(plain, *near)}
    return found

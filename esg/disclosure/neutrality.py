"""Finds wording of neutrality, which is never written (CLM-13), and says what stands instead of a text that holds it.

What an entity may say of itself is for claims law; these tables never say it, whatever a ledger or a name says.
"""

import re

from tonne.esg.document import Phrase

WITHHELD = Phrase("（原文用词未予转载，CLM-13）", "(wording withheld, CLM-13)")
_BANNED = re.compile(
    r"碳\s*中和|气候\s*中和|碳\s*中性|气候\s*中性|净\s*零|零\s*碳|负\s*碳|净\s*负\s*排放"
    r"|(?:carbon|climate|co2|ghg)[\s\-‐–]*(?:neutral|negative|positive)\w*"
    r"|net[\s\-‐–]*zero|zero[\s\-‐–]*carbon|carbon[\s\-‐–]*free",
    re.IGNORECASE,
)


# Every phrase holds one of these; looking for them first is a hundred times faster on long texts, and faster on bytes.
_SIGNS = tuple(
    sign.encode() for sign in ("中和", "中性", "零", "负", "neutral", "zero", "negative", "positive", "free")
)


def claims_of_neutrality(text: str | bytes) -> list[str]:
    """List the phrases of a text, which may be the bytes of a file, that must not be written."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    lowered = data.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return []
    return _BANNED.findall(text if isinstance(text, str) else text.decode())

"""Brings texts that people write in several ways into one form, for comparison only; what is shown stays as written."""

import re
import unicodedata

DASHES = "‐‑‒–—―⁃−﹘﹣－⸺⸻"
_ALIKE = str.maketrans(dict.fromkeys(DASHES, "-"))
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\u00ad\u180e]+")
_ASIDE = re.compile(r"\([^()]*\)")
_RUNS = re.compile(r"[0-9]+|[^\W\d_]+")
_NO_REGISTRATION = frozenset(
    (
        *("无", "暂无", "尚无", "没有", "未登记", "未注册", "未备案", "未申请", "尚未登记", "不适用", "待定", "待登记"),
        *(
            "申请中",
            "办理中",
            "未知",
            "none",
            "no",
            "na",
            "nil",
            "null",
            "tbd",
            "tba",
            "unknown",
            "pending",
            "unregistered",
        ),
        *("notregistered", "notyet", "noneyet", "notapplicable"),
    )
)


def folded(text: str) -> str:
    """Give a text without regard to case, width, kind of dash, spaces and characters that nobody sees."""
    narrow = unicodedata.normalize("NFKC", text).translate(_ALIKE).casefold()
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", narrow))


def registration_key(registration: str | None, registry: str) -> tuple[str, ...] | None:
    """Give what two writings of one registration have in common; None where a text says that there is none.

    A number without letters says nothing without its registry.
    """
    text = folded(registration or "")
    runs = [run.lstrip("0") or "0" for run in _RUNS.findall(_ASIDE.sub("", text) or text)]
    if not runs or "".join(runs) in _NO_REGISTRATION or set(runs) == {"0"}:
        return None
    return (folded(registry), *runs) if all(run.isdigit() for run in runs) else ("", *runs)

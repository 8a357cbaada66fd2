"""Names sets of global warming potentials, and refuses sums across them.

A set is `ar2` … `ar6`; `unstated:…` is one that nobody tells, and like no other; + stands between several.
"""

from collections.abc import Iterable

from tonne.esg.disclosure.facts import Hit, Rule
from tonne.esg.disclosure.results import UNSTATED


def mixed_sets(subject: str, sets: Iterable[str]) -> Hit:
    """Refuse a sum across sets of global warming potentials, or of which the sets are not known to be the same."""
    names = {name for item in sets for name in gwp_names(item)}
    named = gwp_listing(names)
    zh = f"所含各项采用的全球增温潜势不同（{named[0]}），不得相加。"
    en = f"The projects use different sets of global warming potentials ({named[1]}): no sum."
    if UNSTATED in names:
        zh = f"所含各项采用的全球增温潜势不同或未注明（{named[0]}），不得相加；确知的可在项目条目以gwp:注明。"
        en = (
            f"The sets of global warming potentials differ or are not stated ({named[1]}): no sum. A set that is known can "
            "be stated with `gwp:` of the project."
        )
    return Hit(Rule.GWP_10, "block", subject, zh, en)


def gwp_names(sets: str) -> set[str]:
    """Take apart the name of one set, or of several: ar2 … ar6, or `unstated`."""
    return {name.partition(":")[0] for name in sets.split("+")}


def gwp_listing(names: Iterable[str]) -> tuple[str, str]:
    """List sets of global warming potentials in both languages."""
    told = [name.upper() for name in sorted(names) if name != UNSTATED]
    is_unstated = UNSTATED in names
    return "、".join([*told, *["未注明"] * is_unstated]), ", ".join([*told, *["not stated"] * is_unstated])


def gwp_text(name: str) -> tuple[str, str]:
    """Name a set of global warming potentials."""
    if name == UNSTATED:
        return "未注明的数值", "values of a set that is not stated"
    numbers = {"ar2": ("二", "Second"), "ar4": ("四", "Fourth"), "ar5": ("五", "Fifth"), "ar6": ("六", "Sixth")}
    zh, en = numbers[name]
    return f"IPCC第{zh}次评估报告数值", f"the values of the IPCC {en} Assessment Report"

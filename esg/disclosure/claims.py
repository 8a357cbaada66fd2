"""Decides for each project and part of a year where every verified tonne is: each in one bucket, exactly.

Runs the rules over a case and keeps the books; the sum is proved for every part before it is handed on.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType

from tonne.engine.errors import Problem, ReportError
from tonne.esg.disclosure.amounts import PRECISION
from tonne.esg.disclosure.case import Case
from tonne.esg.disclosure.facts import EXCLUDED, ZERO, Disposition, Hit, ProjectYear
from tonne.esg.disclosure.rules import PROJECT_RULES, UNDETERMINED

TAKEN = ("outside_boundary", "others_share", EXCLUDED, UNDETERMINED)


def project_year(case: Case) -> ProjectYear:
    """Apply the rules to a case and give its facts.

    Raises:
        ReportError: the buckets do not add up to the verified tonnes; a fault of this package.
    """
    with localcontext() as context:
        context.prec = PRECISION  # shares leave decimals, and none is lost
        hits, disposition = settled(case)
        require_closed(case, disposition)
    part, tonnes = case.part, case.part.tonnes
    return ProjectYear(
        case.project.id,
        part.vintage,
        part.start,
        part.end,
        part.is_reported,
        part.exact["baseline"],
        part.exact["project"],
        part.exact["leakage"],
        part.exact["reduction"],
        case.verified,
        tonnes.get("monitored", ZERO),
        tonnes.get("ex_ante", ZERO),
        case.reversals,
        case.share,
        disposition,
        hits,
        (*part.lineage, *case.holding.lineage),
        "+".join(sorted(part.gwp)) or None,
    )


def settled(case: Case) -> tuple[tuple[Hit, ...], Disposition]:
    """Run the rules over a case; gives their hits, and where the tonnes are."""
    hits: list[Hit] = []
    away: dict[str, Decimal] = {}
    rest = case.free
    if case.part.is_reported:
        for rule in PROJECT_RULES:
            for hit in rule(case, rest):
                hits.append(hit)
                if hit.moved_to in TAKEN and hit.tonnes and "verified" in case.part.tonnes:
                    away[hit.moved_to] = away.get(hit.moved_to, ZERO) + hit.tonnes
                    rest -= hit.tonnes
    elif rest:
        away["other_period"] = rest
        rest = ZERO
    return tuple(hits), _disposition(case, rest, away)


def _disposition(case: Case, claimed: Decimal, away: Mapping[str, Decimal]) -> Disposition:
    holding = case.holding
    # Credits of electricity that is under green certificates as well are used in no cell.
    retired, later = (ZERO, ZERO) if case.overlap else (holding.retired_own, holding.retired_later)
    elsewhere = {
        **away,
        "others_share": away.get("others_share", ZERO) + holding.others_share,
        "later_claim": later,
        "unusable_record": holding.unusable + holding.retired_own - retired + holding.retired_later - later,
    }
    return Disposition(
        **{case.counts_as: claimed},
        claimed_before=holding.claimed_before,
        retired_own=retired,
        transferred=holding.transferred,
        retired_for_others=holding.retired_for_others,
        held=holding.held,
        not_claimable=MappingProxyType({name: amount for name, amount in elsewhere.items() if amount}),
    )


def require_closed(case: Case, disposition: Disposition) -> None:
    """Require that the buckets add up to the verified tonnes, to the last digit.

    Raises:
        ReportError: they do not.
    """
    if disposition.total != case.verified:
        raise ReportError(
            Problem(
                f"the tonnes of {case.project.id} {case.part.vintage} do not add up",
                expected=f"{case.verified:f} t verified",
                found=f"{disposition.total:f} t",
            )
        )

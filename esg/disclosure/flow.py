"""Where each verified tonne went, as a flow from projects to ends; it closes exactly, or nothing is drawn.

Knows amounts only; `charts` draws it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tonne.engine.errors import Problem, ReportError
from tonne.esg.disclosure.amounts import exact_sum
from tonne.esg.disclosure.facts import Disclosure, Disposition
from tonne.esg.document import Phrase
from tonne.esg.figures import phrase

LARGEST_SHOWN = 10
OTHERS = Phrase("其余{count}个项目", "{count} other projects")
ENDS: Mapping[str, Phrase] = {
    "claimed": Phrase("已主张", "claimed"),
    "retired_own": Phrase("自用注销", "retired, own use"),
    "held": Phrase("期末持有", "held"),
    "transferred": Phrase("已转让", "sold"),
    "retired_for_others": Phrase("为他方注销", "retired for others"),
    "outside_boundary": Phrase("边界外", "outside the boundary"),
    "others_share": Phrase("其他股东份额", "share of others"),
    "not_claimable": Phrase("其他不可主张", "otherwise not claimable"),
}


@dataclass(frozen=True)
class Flow:
    """Verified tonnes by source and end; sources in order of their size."""

    sources: Mapping[str, Phrase]
    tonnes: Mapping[tuple[str, str], Decimal]

    def of_source(self, source: str) -> Decimal:
        """Add up what leaves a source."""
        return exact_sum(amount for (name, _), amount in self.tonnes.items() if name == source)

    def of_end(self, end: str) -> Decimal:
        """Add up what arrives at an end."""
        return exact_sum(amount for (_, name), amount in self.tonnes.items() if name == end)

    @property
    def total(self) -> Decimal:
        """All tonnes."""
        return exact_sum(self.tonnes.values())

    @property
    def ends(self) -> tuple[str, ...]:
        """The ends at which something arrives."""
        return tuple(end for end in ENDS if self.of_end(end))


def tonnes_by_end(where: Disposition) -> dict[str, Decimal]:
    """Divide the verified tonnes of a project and vintage by their ends."""
    reasons = dict(where.not_claimable)
    return {
        "claimed": where.claimed_reduction + where.claimed_removal + where.claimed_before,
        "retired_own": where.retired_own,
        "held": where.held,
        "transferred": where.transferred,
        "retired_for_others": where.retired_for_others,
        "outside_boundary": reasons.pop("outside_boundary", Decimal(0)),
        "others_share": reasons.pop("others_share", Decimal(0)),
        "not_claimable": exact_sum(reasons.values()),
    }


def tonne_flow(disclosure: Disclosure) -> Flow:
    """Make the flow of all projects and vintages, small projects together.

    Raises:
        ReportError: tonnes are lost or doubled, with project, vintage and both amounts.
    """
    by_project: dict[str, dict[str, Decimal]] = {}
    for project, vintage, verified, where in disclosure.conservation():
        ends = tonnes_by_end(where)
        if exact_sum(ends.values()) != verified:
            what = f"the tonnes of {project}, vintage {vintage}, are not all somewhere"
            raise ReportError(Problem(what, expected=f"{verified} t", found=f"{exact_sum(ends.values())} t"))
        found = by_project.setdefault(project, dict.fromkeys(ENDS, Decimal(0)))
        for end, amount in ends.items():
            found[end] += amount
    sized = {project: exact_sum(ends.values()) for project, ends in by_project.items()}
    ordered = sorted((project for project, size in sized.items() if size), key=lambda project: -sized[project])
    shown = ordered if len(ordered) <= LARGEST_SHOWN + 1 else ordered[:LARGEST_SHOWN]
    sources = {project: phrase(disclosure.projects[project].name) for project in shown}
    tonnes = {(project, end): amount for project in shown for end, amount in by_project[project].items() if amount}
    if len(shown) < len(ordered):
        rest = ordered[len(shown) :]
        sources[""] = OTHERS.filled(count=f"{len(rest):,}")
        tonnes |= {("", end): amount for end in ENDS if (amount := _added(by_project, rest, end))}
    flow = Flow(sources, tonnes)
    _require_closed(flow, exact_sum(verified for _, _, verified, _ in disclosure.conservation()))
    return flow


def _added(by_project: Mapping[str, Mapping[str, Decimal]], projects: Iterable[str], end: str) -> Decimal:
    return exact_sum(by_project[project][end] for project in projects)


def _require_closed(flow: Flow, verified: Decimal) -> None:
    arrived = exact_sum(flow.of_end(end) for end in ENDS)
    left = exact_sum(flow.of_source(source) for source in flow.sources)
    if not arrived == left == verified:
        raise ReportError(
            Problem("the flow of tonnes does not close", expected=f"{verified} t", found=f"{left} t, {arrived} t")
        )

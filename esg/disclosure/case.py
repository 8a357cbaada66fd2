"""What the rules look at: a project and a part of a year with its credits, before anything is claimed."""

from dataclasses import dataclass
from decimal import Decimal

from tonne.esg.disclosure.entity import GwpSet, ProjectEntry
from tonne.esg.disclosure.facts import ZERO, ProjectFacts
from tonne.esg.disclosure.holdings import Holding
from tonne.esg.disclosure.periods import Part


@dataclass(frozen=True)
class Case:
    """A project and a part of a calendar year.

    `overlap` is the electricity of that year, in MWh, that is both credited and under green certificates.
    """

    project: ProjectFacts
    entry: ProjectEntry
    part: Part
    holding: Holding
    share: Decimal
    has_ledger: bool
    overlap: Decimal
    reversals: Decimal
    blocking: int
    gwp: GwpSet

    @property
    def verified(self) -> Decimal:
        """The verified tonnes."""
        return self.part.tonnes.get("verified", ZERO)

    @property
    def free(self) -> Decimal:
        """The verified tonnes that were neither issued as credits nor claimed in an earlier report."""
        return self.verified - self.holding.issued - self.holding.claimed_before

    @property
    def counts_as(self) -> str:
        """The bucket that a claim of these tonnes goes to."""
        return "claimed_removal" if self.project.effect == "removal" else "claimed_reduction"

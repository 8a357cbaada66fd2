"""What the rules look at: a project and a part of a year with its credits, before anything is claimed."""

from dataclasses import dataclass
from decimal import Decimal

from tonne.esg.disclosure.entity import GwpSet, ProjectEntry
from tonne.esg.disclosure.facts import ZERO, ProjectFacts, of_share
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
    def counting(self) -> Decimal:
        """The share of the tonnes that counts for the entity; none of an excluded activity."""
        return ZERO if self.entry.excluded else self.share

    @property
    def unverified(self) -> Decimal:
        """The tonnes that are expected or estimated; none where the year cannot be divided."""
        if "verified" in self.part.tonnes or self.part.is_undivided:
            return ZERO
        return sum(self.part.tonnes.values(), ZERO)

    def counted(self, rest: Decimal) -> Decimal:
        """Give what is left after the share: of verified tonnes `rest`, of others what counts of them."""
        return rest if "verified" in self.part.tonnes else of_share(self.unverified, self.counting)

    @property
    def counts_as(self) -> str:
        """The bucket that a claim of these tonnes goes to."""
        return "claimed_removal" if self.project.effect == "removal" else "claimed_reduction"

"""What the ledger says became of the tonnes of a project and vintage, laid on the parts of that year.

Credits whose days of generation are known stay with their part. Of the others nobody can say; they are taken from the
reporting year as far as they fit, so that no tonne that may be sold is claimed. Issuance above what is verified, and
issuance of tonnes that an earlier report has claimed, are errors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from tonne.engine.errors import DataError, Place, Problem
from tonne.esg.disclosure.facts import ZERO, Lineage
from tonne.esg.disclosure.ledger import Ledger, Lot
from tonne.esg.disclosure.periods import Days, Part


@dataclass(frozen=True)
class Holding:
    """The credits issued for a part of a year, by what became of them; `others_share` is of those retired for own use.

    `retired_later` is what was retired for own use after the reporting year.
    """

    transferred: Decimal = ZERO
    retired_for_others: Decimal = ZERO
    retired_own: Decimal = ZERO
    retired_later: Decimal = ZERO
    others_share: Decimal = ZERO
    unusable: Decimal = ZERO
    held: Decimal = ZERO
    claimed_before: Decimal = ZERO
    undated: Decimal = ZERO  # of all these: taken from this part without being known to be of it
    lineage: tuple[Lineage, ...] = ()

    @property
    def issued(self) -> Decimal:
        """All credits of the part."""
        own = self.retired_own + self.retired_later + self.others_share
        return self.transferred + self.retired_for_others + own + self.unusable + self.held


@dataclass(frozen=True)
class Earlier:
    """What an earlier report has claimed of a vintage, where the entity file says so, and which days it covered."""

    tonnes: Decimal
    place: Place
    covers: Days | None

    def is_of(self, part: Part) -> bool:
        """Whether tonnes of a part can have been claimed by it."""
        if self.covers is None:
            return not part.is_reported
        return self.covers[0] <= part.end and part.start <= self.covers[1]


_AMOUNTS = ("transferred", "retired_for_others", "retired_own", "retired_later", "others_share", "unusable", "held")


def holding_of(lot: Lot, shares: Mapping[str | None, Decimal]) -> Holding:
    """Give a lot as tonnes; of those retired for a member, its share counts."""
    own = sum((Decimal(units) * shares[member] for member, units in lot.retired_own.items()), ZERO)
    later = sum((Decimal(units) * shares[member] for member, units in lot.retired_later.items()), ZERO)
    retired = sum(lot.retired_own.values()) + sum(lot.retired_later.values())
    return Holding(
        Decimal(lot.transferred),
        Decimal(lot.retired_for_others),
        own,
        later,
        Decimal(retired) - own - later,
        Decimal(lot.unusable),
        Decimal(lot.held),
        lineage=(lot.lineage,),
    )


def laid_out(
    parts: Sequence[Part], lots: Sequence[Lot], shares: Mapping[str | None, Decimal], year: Days
) -> list[Holding]:
    """Lay the lots of a vintage on its parts, in their order.

    Args:
        parts: one or two: inside the reporting year, and outside it.
        lots: all of the vintage, together not above the verified tonnes.
        shares: by member, and of the group under None.
        year: the first and last day of the reporting year.
    """
    if len(parts) == 1:
        return [_sum(holding_of(lot, shares) for lot in lots)]
    known: dict[bool, list[Holding]] = {True: [], False: []}
    undated: list[Holding] = []
    for lot in lots:
        side = _side(lot, year)
        (undated if side is None else known[side]).append(holding_of(lot, shares))
    sums = {side: _sum(found) for side, found in known.items()}
    # A division in proportion may leave a part a little smaller than the credits of its days: then none is known.
    if any(0 < sums[part.is_reported].issued > _verified(part) for part in parts):
        undated += [holding for found in known.values() for holding in found]
        sums = {True: Holding(), False: Holding()}
    inside = next(part for part in parts if part.is_reported)
    room = max(ZERO, _verified(inside) - sums[True].issued)
    taken, left = _filled(_sum(undated), room)
    taken = replace(taken, undated=taken.issued)
    laid = {True: _sum([sums[True], taken]), False: _sum([sums[False], left])}
    return [laid[part.is_reported] for part in parts]


def _side(lot: Lot, year: Days) -> bool | None:
    if lot.begins is None or lot.ends is None:
        return None
    if year[0] <= lot.begins and lot.ends <= year[1]:
        return True
    return False if lot.ends < year[0] or lot.begins > year[1] else None


def _verified(part: Part) -> Decimal:
    return part.tonnes.get("verified", ZERO)


def _filled(holding: Holding, room: Decimal) -> tuple[Holding, Holding]:
    """Take credits up to an amount, those that are gone first; gives what was taken and what is left."""
    taken: dict[str, Decimal] = {}
    for name in _AMOUNTS:
        taken[name] = min(getattr(holding, name), room)
        room -= taken[name]
    left = {name: getattr(holding, name) - amount for name, amount in taken.items()}
    return Holding(**taken, lineage=holding.lineage), Holding(**left, lineage=holding.lineage)


def _sum(holdings: Iterable[Holding]) -> Holding:
    total = Holding()
    for holding in holdings:
        amounts = {
            item.name: getattr(total, item.name) + getattr(holding, item.name)
            for item in fields(Holding)
            if item.name != "lineage"
        }
        total = Holding(**amounts, lineage=tuple(dict.fromkeys((*total.lineage, *holding.lineage))))
    return total


def require_verified(
    source: str, vintage: int, verified: Decimal, ledger: Ledger, lots: Iterable[Lot], place: Place
) -> None:
    """Require that no more was issued than is verified.

    Raises:
        DataError: more was; with the last row of issuance and the place of the project.
    """
    issued = sum(lot.entered for lot in lots)
    if issued and issued > verified:  # a year of negative reductions without credits is no contradiction
        row = ledger.issuance_place(source, vintage)
        raise DataError(
            Problem(
                f"{issued:,} t of {source} {vintage} are issued up to this row",
                row,
                f"at most the {verified:,f} t that the results at {place} verify",
                hint="name every verified result of the project, or correct the ledger",
            )
        )


def with_earlier(
    parts: Sequence[Part], laid: Sequence[Holding], claims: Iterable[Earlier], row: Place | None
) -> list[Holding]:
    """Add what earlier reports have claimed to the parts of their days, first to that of the reporting year.

    A claim that does not say which days its report covered is of the part outside the reporting year.

    Raises:
        DataError: those tonnes are of this reporting year, or were issued as credits since; both places are named.
    """
    holdings = list(laid)
    for claim in claims:
        rest = claim.tonnes
        order = sorted(range(len(parts)), key=lambda at: not parts[at].is_reported)
        fitting = [at for at in order if claim.is_of(parts[at])]
        for at in fitting:
            taken = min(rest, max(ZERO, _verified(parts[at]) - holdings[at].issued - holdings[at].claimed_before))
            holdings[at] = replace(holdings[at], claimed_before=holdings[at].claimed_before + taken)
            rest -= taken
        if not fitting:
            what = "tonnes of this reporting year cannot have been claimed before"
            if claim.covers:
                what = (
                    f"a report from {claim.covers[0]} to {claim.covers[1]} covers no day of the results of this vintage"
                )
            hint = "an earlier report covers other days; where it took in some of this year, say so by `covers: {start, end}`"
            raise DataError(Problem(what, claim.place, hint=hint))
        if rest:
            issued = sum((holdings[at].issued for at in fitting), ZERO)
            claimed = rest + sum((holdings[at].claimed_before for at in fitting), ZERO)
            what = f"{claimed:f} t of {parts[0].vintage} were claimed before, and {issued:f} t of the same were issued"
            raise DataError(
                Problem(
                    f"{what} ({row})" if row else what,
                    claim.place,
                    f"together at most the {sum((_verified(parts[at]) for at in fitting), ZERO):f} t verified",
                    hint="a tonne is claimed once; correct the earlier report, or do not issue the credits",
                )
            )
    return holdings

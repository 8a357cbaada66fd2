"""How amounts of a disclosure are printed: exact to two decimals, an undecided one as such and never as a number."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from tonne.esg.disclosure.facts import Figure, Hit
from tonne.esg.document import Phrase, same
from tonne.esg.numbers import number_text, share_text

UNDETERMINED = Phrase("不可披露", "undetermined")
MOST_DECIMALS = 2
SHARE, SHARE_DECIMALS = "pure", 4  # shown as percent with two decimals
PRECISION = 60
_EXACT = Context(prec=PRECISION)


@dataclass(frozen=True, slots=True)
class Number:
    """An amount in a cell: its id, exact value, unit; without a value, what keeps it from having one.

    `written` is what the preparer of the inventory wrote, repeated as it is.
    """

    id: str
    value: Decimal | None
    unit: str = "tCO2e"
    why: tuple[Hit, ...] = ()
    written: str | None = None

    @property
    def decimals(self) -> int:
        """How many decimals are shown."""
        if self.unit == SHARE:
            return SHARE_DECIMALS
        return shown_decimals(self.value) if self.value is not None else 0

    @property
    def shown(self) -> Decimal | None:
        """The value with the decimals that are shown, half up."""
        return None if self.value is None else rounded(self.value, self.decimals)

    @property
    def text(self) -> Phrase:
        """What the cell says."""
        if self.written is not None:
            return same(self.written)
        if self.value is None:
            return UNDETERMINED
        if self.unit == SHARE:
            return same(share_text(self.value))
        return same(number_text(self.value, decimals=self.decimals, rounded=self.decimals == 0))

    @property
    def codes(self) -> tuple[str, ...]:
        """The rules that concern it."""
        return tuple(dict.fromkeys(hit.rule.value for hit in self.why))


def number(id_: str, figure: Figure) -> Number:
    """Give a figure of the facts its id."""
    return Number(id_, figure.value, figure.unit, figure.why)


def shown_decimals(value: Decimal) -> int:
    """Count the decimals that a value has, at most two."""
    if value == value.to_integral_value():
        return 0
    exponent = value.normalize().as_tuple().exponent
    return min(MOST_DECIMALS, max(0, -exponent)) if isinstance(exponent, int) else 0


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half up, away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Add up without rounding."""
    with localcontext() as context:
        context.prec = PRECISION
        return sum(values, Decimal(0))

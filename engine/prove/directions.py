"""The proved directions of a methodology by parameter, for those who need no more than that.

Reads the statements of the prover; proves nothing itself.
"""

from dataclasses import dataclass

from tonne.engine.prove.prove import statements
from tonne.engine.prove.solver import Verdict
from tonne.engine.spec.methodology import Methodology

CODE = "direction.sign"


@dataclass(frozen=True)
class ProvedDirection:
    """How the reduction changes with a parameter, and its conservative side: as claimed, and as proved."""

    direction: str
    claimed: str | None
    conservative: str | None
    verdict: Verdict


def proved_directions(methodology: Methodology) -> dict[str, ProvedDirection]:
    """Give what is known of each parameter that the reduction depends on, whether it is proved or not."""
    return {
        item.subject: ProvedDirection(
            item.data["direction"], item.data["claimed"], item.data["conservative"], item.verdict
        )
        for item in statements(methodology)
        if item.code == CODE
    }


def directions(methodology: Methodology) -> dict[str, str]:
    """Give how the reduction changes with each parameter that it depends on.

    Returns:
        increasing, decreasing, constant, either or undecided, by parameter.
    """
    return {name: found.direction for name, found in proved_directions(methodology).items()}


def conservative_sides(methodology: Methodology) -> dict[str, str]:
    """Give the conservative side of each parameter for which it is proved, whether the spec claims one or not.

    Returns:
        low or high, by parameter; a parameter that can move the reduction both ways has none.
    """
    return {
        name: found.conservative
        for name, found in proved_directions(methodology).items()
        if found.conservative is not None
    }

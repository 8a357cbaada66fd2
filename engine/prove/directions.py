"""The proved directions of a methodology by parameter, for those who need no more than that.

Reads what is known of bundled methodologies, else the statements of the prover; proves nothing itself.
"""

from tonne.engine.prove.known import ProvedDirection, known_directions
from tonne.engine.spec.methodology import Methodology

CODE = "direction.sign"


def proved_directions(methodology: Methodology) -> dict[str, ProvedDirection]:
    """Give what is known of each parameter that the reduction depends on, whether it is proved or not."""
    known = known_directions(methodology)
    return directions_of(methodology) if known is None else known


def directions_of(methodology: Methodology) -> dict[str, ProvedDirection]:
    """Prove the directions of a methodology afresh."""
    from tonne.engine.prove.prove import statements  # noqa: PLC0415 (loads the solver)

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

"""The proved directions of a methodology by parameter, for those who need no more than that.

Reads the statements of the prover; proves nothing itself.
"""

from typing import Any

from tonne.engine.prove.prove import statements
from tonne.engine.spec.methodology import Methodology

CODE = "direction.sign"


def directions(methodology: Methodology) -> dict[str, str]:
    """Give how the reduction changes with each parameter that it depends on.

    Returns:
        increasing, decreasing, constant, either or undecided, by parameter.
    """
    return _read(methodology, "direction")


def conservative_sides(methodology: Methodology) -> dict[str, str]:
    """Give the conservative side of each parameter for which it is proved, whether the spec claims one or not.

    Returns:
        low or high, by parameter; a parameter that can move the reduction both ways has none.
    """
    return _read(methodology, "conservative")


def _read(methodology: Methodology, field: str) -> dict[str, Any]:
    found = {item.subject: item.data.get(field) for item in statements(methodology) if item.code == CODE}
    return {name: value for name, value in found.items() if value is not None}

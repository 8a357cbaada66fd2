"""The directions of the bundled methodologies as they were proved when the package was made.

Proofs take seconds, stop at a limit of time, and would leave a card of a slow machine undecided that a fast one fills; so
what a report says of a bundled methodology is proved once, by scripts/proved_directions.py. It counts only for the very
spec, modules, tables and prover it was proved with; for anything else there is nothing here, and `directions` proves
afresh. `tonne check` never reads this.
"""

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonne.engine.spec.methodology import Methodology

if TYPE_CHECKING:
    from tonne.engine.prove.solver import Verdict  # at run time this would load the solver, which is what is saved

FILE = Path(__file__).with_name("known.json")


@dataclass(frozen=True)
class ProvedDirection:
    """How the reduction changes with a parameter, and its conservative side: as claimed, and as proved."""

    direction: str
    claimed: str | None
    conservative: str | None
    verdict: "Verdict"


def known_directions(methodology: Methodology) -> dict[str, ProvedDirection] | None:
    """Give the directions of a methodology if they were proved for exactly this one by exactly this prover."""
    entry = _entries().get(methodology.id)
    if entry is None or entry["digest"] != methodology.digest:
        return None
    return {name: ProvedDirection(*values) for name, values in entry["directions"].items()}


def prover_digest() -> str:
    """Give the SHA-256 over the source of the prover."""
    whole = hashlib.sha256()
    for path in sorted(FILE.parent.glob("*.py")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


@functools.cache
def _entries() -> dict[str, Any]:
    if not FILE.is_file():
        return {}
    data = json.loads(FILE.read_text(encoding="utf-8"))
    entries: dict[str, Any] = data["methodologies"] if data["prover"] == prover_digest() else {}
    return entries

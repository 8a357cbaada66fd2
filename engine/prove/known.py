"""What was proved of the bundled methodologies when the package was made: directions, and a summary of all checks.

Proofs take seconds, stop at a limit of time, and would leave a card of a slow machine undecided that a fast one fills; so
what a report says of a bundled methodology is proved once, by scripts/proved.py. It counts only for the very
spec, modules, tables and prover it was proved with; for anything else there is nothing here, and it is proved
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


@dataclass(frozen=True)
class CheckCount:
    """One check: how many statements are proved, shown by points, undecided and refuted, and what came of it."""

    zh: str
    en: str
    counts: tuple[int, ...]
    outcome: str


@dataclass(frozen=True)
class ProofSummary:
    """What a report says of the proofs of a methodology; `left` is what is not proved, with its standing."""

    checks: tuple[CheckCount, ...]
    left: tuple[tuple[str, str, str], ...]
    total: int


def known_summary(methodology: Methodology) -> ProofSummary | None:
    """Give the summary of a methodology if it was made for exactly this one by exactly this prover."""
    entry = _entry(methodology)
    if entry is None:
        return None
    checks = tuple(CheckCount(zh, en, tuple(counts), outcome) for zh, en, counts, outcome in entry["checks"])
    return ProofSummary(checks, tuple((zh, en, standing) for zh, en, standing in entry["left"]), entry["total"])


def known_directions(methodology: Methodology) -> dict[str, ProvedDirection] | None:
    """Give the directions of a methodology if they were proved for exactly this one by exactly this prover."""
    entry = _entry(methodology)
    if entry is None:
        return None
    return {name: ProvedDirection(*values) for name, values in entry["directions"].items()}


def prover_digest() -> str:
    """Give the SHA-256 over the source of the prover and of the checks."""
    whole = hashlib.sha256()
    for path in sorted([*FILE.parent.glob("*.py"), *FILE.parent.parent.joinpath("check").glob("*.py")]):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _entry(methodology: Methodology) -> dict[str, Any] | None:
    entry: dict[str, Any] | None = _entries().get(methodology.id)
    return entry if entry is not None and entry["digest"] == methodology.digest else None


@functools.cache
def _entries() -> dict[str, Any]:
    if not FILE.is_file():
        return {}
    data = json.loads(FILE.read_text(encoding="utf-8"))
    entries: dict[str, Any] = data["methodologies"] if data["prover"] == prover_digest() else {}
    return entries

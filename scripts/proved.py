"""Proves what can be proved of every bundled methodology and writes engine/prove/known.json.

With --check, only says for which methodologies the file is not current. Writing takes some minutes.
"""

import json
import sys
from collections.abc import Iterable
from multiprocessing import Pool
from typing import Any

from tonne.engine.prove.directions import directions_of
from tonne.engine.prove.known import FILE, known_directions, prover_digest
from tonne.engine.prove.report import proof_summary
from tonne.engine.spec.catalogue import bundled, load_methodology


def main() -> None:
    """Write the file, or compare and end with 1 where it is not current."""
    names = bundled().ids()
    if "--check" in sys.argv:
        stale = [name for name in names if known_directions(load_methodology(name)) is None]
        if stale:
            sys.exit(f"not current for {', '.join(stale)}; run `uv run python scripts/proved.py`")
        return
    with Pool() as pool:
        entries = dict(zip(names, pool.imap(entry, names), strict=True))
    data = {"prover": prover_digest(), "methodologies": entries}
    FILE.write_text(text(data), encoding="utf-8")


def entry(name: str) -> dict[str, Any]:
    """Prove one methodology."""
    methodology = load_methodology(name)
    found, summary = directions_of(methodology), proof_summary(methodology)
    return {
        "digest": methodology.digest,
        "total": summary.total,
        "checks": [[item.zh, item.en, item.counts, item.outcome] for item in summary.checks],
        "left": summary.left,
        "directions": {
            parameter: [item.direction, item.claimed, item.conservative, item.verdict]
            for parameter, item in sorted(found.items())
        },
    }


def text(data: dict[str, Any]) -> str:
    """Write one line for each parameter, check and statement."""
    blocks = []
    for name, known in data["methodologies"].items():
        parts = [
            f'"digest": "{known["digest"]}"',
            f'"total": {known["total"]}',
            f'"checks": [{_lines(map(_plain, known["checks"]))}]',
            f'"left": [{_lines(map(_plain, known["left"]))}]',
            f'"directions": {{{_lines(f"{_plain(key)}: {_plain(item)}" for key, item in known["directions"].items())}}}',
        ]
        blocks.append(f" {_plain(name)}: {{\n  " + ",\n  ".join(parts) + "\n }")
    return f'{{\n"prover": "{data["prover"]}",\n"methodologies": {{\n' + ",\n".join(blocks) + "\n}\n}\n"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(items: Iterable[str]) -> str:
    return ",".join(f"\n   {item}" for item in items)


if __name__ == "__main__":
    main()

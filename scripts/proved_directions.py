"""Proves the directions of every bundled methodology and writes engine/prove/known.json.

With --check, only says for which methodologies the file is not current. Writing takes some minutes.
"""

import json
import sys
from multiprocessing import Pool
from typing import Any

from tonne.engine.prove.directions import directions_of
from tonne.engine.prove.known import FILE, known_directions, prover_digest
from tonne.engine.spec.catalogue import bundled, load_methodology


def main() -> None:
    """Write the file, or compare and end with 1 where it is not current."""
    names = bundled().ids()
    if "--check" in sys.argv:
        stale = [name for name in names if known_directions(load_methodology(name)) is None]
        if stale:
            sys.exit(f"not current for {', '.join(stale)}; run `uv run python scripts/proved_directions.py`")
        return
    with Pool() as pool:
        entries = dict(zip(names, pool.imap(entry, names), strict=True))
    data = {"prover": prover_digest(), "methodologies": entries}
    FILE.write_text(text(data), encoding="utf-8")


def entry(name: str) -> dict[str, Any]:
    """Prove one methodology."""
    methodology = load_methodology(name)
    found = directions_of(methodology)
    return {
        "digest": methodology.digest,
        "directions": {
            parameter: [item.direction, item.claimed, item.conservative, item.verdict]
            for parameter, item in sorted(found.items())
        },
    }


def text(data: dict[str, Any]) -> str:
    """Write one line for each parameter."""
    blocks = []
    for name, known in data["methodologies"].items():
        rows = ",\n".join(f"   {json.dumps(key)}: {json.dumps(values)}" for key, values in known["directions"].items())
        directions = "{\n" + rows + "\n  }" if rows else "{}"
        blocks.append(f' {json.dumps(name)}: {{\n  "digest": "{known["digest"]}",\n  "directions": {directions}\n }}')
    return f'{{\n"prover": "{data["prover"]}",\n"methodologies": {{\n' + ",\n".join(blocks) + "\n}\n}\n"


if __name__ == "__main__":
    main()

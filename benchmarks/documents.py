"""Measures the whole set of documents of an example: every report of its outlines, workbook, values and dossier.

Each round is a process of its own, as a user's run is. Ends with 1 when the fastest round misses the target.

    uv run python benchmarks/documents.py [EXAMPLE] [--rounds N] [--pdf]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = 5.0  # seconds


def measured(example: str, *, pdf: bool) -> dict[str, float]:
    """Compute an example and write its documents, in this process; gives the seconds of each stage."""
    from tonne.engine.run import run  # noqa: PLC0415 (imports are measured)

    result = run(ROOT / "examples" / example)
    stages: dict[str, float] = {}
    began = time.process_time()
    last = ["imports", time.perf_counter()]

    def told(stage: str) -> None:
        now = time.perf_counter()
        stages[str(last[0])] = stages.get(str(last[0]), 0.0) + now - float(last[1])
        last[:] = [stage, now]

    from tonne.esg.release import release  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="tonne-") as scratch:
        release(result, Path(scratch) / "out", told, pdf=pdf)
        told("end")
        stages["CPU"] = time.process_time() - began
        names = sorted(path.name for path in (Path(scratch) / "out").iterdir())
    print(f"{len(names)} files: {', '.join(names)}", file=sys.stderr)
    return stages


def main() -> None:
    """Measure some rounds, and print the stages of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("example", nargs="?", default="onshore_wind")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pdf", action="store_true", help="also as PDF")
    parser.add_argument("--once", action="store_true", help="one round in this process, as JSON")
    given = parser.parse_args()
    if given.once:
        print(json.dumps(measured(given.example, pdf=given.pdf)))
        return
    rounds = []
    for number in range(1, given.rounds + 1):
        words = [sys.executable, __file__, given.example, "--once", *(["--pdf"] if given.pdf else [])]
        ended = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 (itself)
        stages: dict[str, float] = json.loads(ended.stdout)
        processor = stages.pop("CPU")
        rounds.append(sum(stages.values()))
        told = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in stages.items())
        print(f"round {number}: {rounds[-1]:.2f} s, {processor:.2f} s of processor time ({told})")
    print(ended.stderr.strip())
    print(f"{given.example}: fastest {min(rounds):.2f} s, target {TARGET:.0f} s")
    if min(rounds) > TARGET:
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Makes wrong specs out of every bundled one, and measures who notices them.

Prints how many mutants the checks, the proofs and the golden cases notice; with --write also writes
docs/mutations.md. A run takes some minutes. Ends with 1 when a mutant survives that is not listed with a reason in
tests/methodologies/survivors.yaml.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from mutation.judgement import Bench, Verdict
from mutation.mutants import KINDS

from tonne.engine.spec.source import read_yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mutations.md"
SURVIVORS = ROOT / "tests" / "methodologies" / "survivors.yaml"

HEAD = """# Mutants

Made by `uv run python scripts/mutations.py --write`; do not edit the tables.

A check that nothing is wrong with a spec is worth what it notices when something is. So every bundled spec is made
wrong on purpose, one change at a time, and each mutant is given to those who should notice:

1. **checks**: the spec does not load, or a static check fails: names, index sets, units, the identity of the reduction,
   evidence;
2. **proofs**: the prover refutes something, with a point where it fails: cases that leave a gap, a claim of the spec
   that no longer holds, a `conservative:` that points the wrong way;
3. **cases**: a golden case gives another value, total, finding or condition than it says, is refused, or is no longer
   refused in the same words. A mutant of a module is given to the methodologies that use it too.

A mutant that nobody notices is compared with the spec it was made of. It is **equivalent** when both are proved to
take the same inputs and to give the same values for all of them. What remains **survives**, and is listed below with
the reason; a test fails when it is not.

What is changed: operators, signs, constants and default values, units, comparisons and cases, index sets, references
to another quantity of the same dimension, terms and factors that are left out, choices and keys of factor tables,
bounds and `conservative:`, roles of the outputs and the mode of rounding. Texts, monitoring cards and sources are left
alone. So are `claims:`, the crediting period and `rounding.at`, and the values of factor tables, which have
tests of their own.
"""

SAMPLE = 1500
FOOT = f"""
## Run it

`uv run python scripts/mutations.py` judges every mutant and takes some minutes, nearly all of them for proofs; a proof
that meets the time limit of the solver proves nothing, so on a slow machine a mutant more may be left to the cases.
The tests judge the same mutants, but ask for a proof only where no case notices, and take a fixed sample where there are more
than {SAMPLE:,}. They check that no survivor is missing from the list.
"""


def main() -> None:
    """Judge every mutant, print the tables, and write the page when asked to."""
    bench = Bench()
    failing = list(bench.failing_cases())
    if failing:
        sys.exit("cases fail on the specs as they are:\n" + "\n".join(failing))
    verdicts: list[Verdict] = []
    for name in bench.originals:
        found = [bench.judge(mutant, proofs_first=True) for mutant in bench.mutants(name)]
        verdicts += found
        print(f"{name}: {len(found)} mutants", file=sys.stderr)
    listed = listed_survivors()
    body = tables(verdicts, listed)
    print(body)
    if "--write" in sys.argv:
        PAGE.write_text(HEAD + body + FOOT, encoding="utf-8")
    unlisted = [
        verdict.mutant.id for verdict in verdicts if verdict.by == "survivor" and verdict.mutant.id not in listed
    ]
    if unlisted:
        sys.exit("not noticed, and not listed:\n" + "\n".join(unlisted))


def listed_survivors() -> dict[str, str]:
    """Read the survivors that are known, with their reasons."""
    if not SURVIVORS.is_file():
        return {}
    return {entry["mutant"]: entry["reason"] for entry in read_yaml(SURVIVORS).data["survivors"]}


def tables(verdicts: list[Verdict], listed: Mapping[str, str]) -> str:
    """Write the measured part of the page."""
    by_spec = _table("spec", [verdict.mutant.methodology for verdict in verdicts], verdicts)
    by_kind = _table("change", [verdict.mutant.kind for verdict in verdicts], verdicts, KINDS)
    return "\n".join(
        [
            "\n## Measured\n",
            "Shares are of the mutants that are not equivalent.\n",
            by_spec,
            by_kind,
            "## What notices\n",
            _reasons(verdict.how.split(":")[0] for verdict in verdicts if verdict.by in {"checks", "proofs"}),
            "## Why equivalent\n",
            _reasons(_general(verdict) for verdict in verdicts if verdict.by == "equivalent"),
            "## Survivors\n",
            _survivors(verdicts, listed),
        ]
    )


def _table(title: str, groups: list[str], verdicts: list[Verdict], order: Iterable[str] = ()) -> str:
    lines = [
        f"| {title} | mutants | equivalent | checks | proofs | cases | survive | checks alone | checks and proofs | all |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for group in [*(order or dict.fromkeys(groups)), "all"]:
        counts = Counter(verdict.by for verdict, own in zip(verdicts, groups, strict=True) if group in {own, "all"})
        total = sum(counts.values())
        real = total - counts["equivalent"]
        noticed = [counts["checks"], counts["checks"] + counts["proofs"], real - counts["survivor"]]
        shares = " | ".join(f"{100 * part / real:.1f} %" if real else "" for part in noticed)
        lines.append(
            f"| {group} | {total} | {counts['equivalent']} | {counts['checks']} | {counts['proofs']} | {counts['cases']} "
            f"| {counts['survivor']} | {shares} |"
        )
    return "\n".join(lines) + "\n"


def _reasons(reasons: Iterable[str]) -> str:
    counts = Counter(reasons)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(["| | mutants |", "|---|---|", *(f"| {reason} | {count} |" for reason, count in ordered)]) + "\n"


def _general(verdict: Verdict) -> str:
    """Say a reason without the names of quantities, so that the same reasons are counted together."""
    first = verdict.how.split("; ")[0]
    names = verdict.mutant.where.split(".")
    known = [name for name in names[1:2] if name in first]
    return first.replace(known[0], "the quantity") if known else first


def _survivors(verdicts: list[Verdict], listed: Mapping[str, str]) -> str:
    lines = [
        f"- `{verdict.mutant.id}`: {listed.get(verdict.mutant.id, 'not listed')}"
        for verdict in verdicts
        if verdict.by == "survivor"
    ]
    return ("\n".join(lines) or "None.") + "\n"


if __name__ == "__main__":
    main()

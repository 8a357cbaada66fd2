"""Makes wrong specs out of every bundled one, and measures who notices them.

Prints how many mutants the checks, the proofs and the golden cases notice; with --write also writes
docs/mutations.md. A run takes about an hour on two cores. Ends with 1 when a mutant survives that is not listed with a reason in
tests/methodologies/survivors.yaml.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing import Pool
from operator import attrgetter
from pathlib import Path

from mutation.judgement import Bench, By, Verdict
from mutation.mutants import KINDS, Mutant

from tonne.engine.spec.source import read_yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mutations.md"
SURVIVORS = ROOT / "tests" / "methodologies" / "survivors.yaml"

HEAD = """# Mutants

Made by `uv run python scripts/mutations.py --write`; do not edit the tables.

A check that nothing is wrong with a spec is worth what it notices when something is. So every bundled spec is made
wrong on purpose, one change at a time, and the mutants are given to those who should notice:

1. **checks**: the spec does not load, or a static check fails: names, index sets, units, the identity of the reduction,
   evidence;
2. **proofs**: the prover refutes something, with a point where it fails: cases that leave a gap, a claim of the spec
   that no longer holds, a `conservative:` that points the wrong way. Those of the methodologies that use a mutant module
   are asked for only where nothing else notices;
3. **cases**: a golden case gives another value, total, finding or condition than it says, is refused, or is no longer
   refused in the same words.

The checks and the cases are also asked of the methodologies that use a mutant module.

A mutant that nobody notices is compared with the spec it was made of. It is **equivalent** when both are proved to
take the same inputs and to give the same values for all of them. What remains **survives**, and is listed below with
the reason; the script fails when it is not, and so does a test for the mutants that the tests judge.

What is changed: operators, signs, constants and default values, units, comparisons and cases, index sets, references
to another quantity of the same dimension, terms and factors that are left out, choices and keys of factor tables,
bounds and `conservative:`, roles of the outputs and the mode of rounding. Texts, monitoring cards and sources are left
alone. So are `claims:`, the crediting period and `rounding.at`, and the values of factor tables, which have
tests of their own.
"""

WHOLE = 400
SAMPLE = 200
FOOT = """
## Run it

`uv run python scripts/mutations.py` judges on every core, and takes about an hour on two, nearly all of
it for proofs; a proof that meets the time limit of the solver proves nothing, so on a slow machine a mutant more may be
left to the cases. Tests judge about ten mutants of each spec out of those judged here, without those that are listed, and
ask for a proof only where no case notices.
"""


def main() -> None:
    """Judge the mutants, print the tables, and write the page when asked to."""
    with Pool(initializer=_start) as pool:
        bench = Bench()
        failing = list(bench.failing_cases())
        if failing:
            sys.exit("cases fail on the specs as they are:\n" + "\n".join(failing))
        made = {name: bench.mutants(name) for name in bench.originals}
        judged = [mutant for mutants in made.values() for mutant in sample(mutants)]
        found = pool.imap(_judged, [mutant.id for mutant in judged], chunksize=8)
        verdicts = [Verdict(mutant, by, how) for mutant, (by, how) in zip(judged, found, strict=True)]
    listed = listed_survivors()
    body = tables([mutant for mutants in made.values() for mutant in mutants], verdicts, listed)
    print(body)
    if "--write" in sys.argv:
        PAGE.write_text(HEAD + body + FOOT, encoding="utf-8")
    survivors = [verdict.mutant.id for verdict in verdicts if verdict.by == "survivor"]
    noticed = [verdict.mutant.id for verdict in verdicts if verdict.by != "survivor" and verdict.mutant.id in listed]
    unlisted = [survivor for survivor in survivors if survivor not in listed]
    for told, mutants in (("not noticed, and not listed", unlisted), ("listed, but noticed or equivalent", noticed)):
        if mutants:
            print(f"{told}:\n" + "\n".join(mutants), file=sys.stderr)
    sys.exit(1 if unlisted else 0)


def sample(mutants: Sequence[Mutant]) -> Sequence[Mutant]:
    """Give the mutants of a spec that are judged: all, or evenly spaced ones where there are too many."""
    return mutants if len(mutants) <= WHOLE else mutants[:: -(-len(mutants) // SAMPLE)]


_worker: dict[str, Bench] = {}
_known: dict[str, Mutant] = {}


def _start() -> None:
    """Read everything once in each process; a mutant is sent by its line, because it marks what is absent by identity."""
    _worker["bench"] = Bench()
    _known.update(
        {mutant.id: mutant for name in _worker["bench"].originals for mutant in _worker["bench"].mutants(name)}
    )


def _judged(line: str) -> tuple[By, str]:
    verdict = _worker["bench"].judge(_known[line], proofs_first=True)
    return verdict.by, verdict.how


def listed_survivors() -> dict[str, str]:
    """Read the survivors that are known, with their reasons."""
    if not SURVIVORS.is_file():
        return {}
    return {entry["mutant"]: entry["reason"] for entry in read_yaml(SURVIVORS).data["survivors"]}


def tables(
    made: list[Mutant], verdicts: list[Verdict], listed: Mapping[str, str], unmeasured: Sequence[str] = ()
) -> str:
    """Write the measured part of the page; specs that were not measured are named."""
    by_spec = _table("spec", attrgetter("methodology"), made, verdicts)
    by_kind = _table("change", attrgetter("kind"), made, verdicts, KINDS)
    return "\n".join(
        [
            "\n## Measured\n",
            _judged_of(len(made), len(verdicts)),
            by_spec,
            by_kind,
            "## What notices\n",
            _reasons(verdict.how.split(":")[0] for verdict in verdicts if verdict.by in {"checks", "proofs"}),
            "## Why equivalent\n",
            _reasons(_general(verdict) for verdict in verdicts if verdict.by == "equivalent"),
            "## Survivors\n",
            _survivors(verdicts, listed),
            *(["## Not measured yet\n", _unmeasured(unmeasured)] if unmeasured else []),
        ]
    )


def _unmeasured(names: Sequence[str]) -> str:
    return (
        "Of these specs about ten mutants each are judged by the tests, and none is measured here:\n\n"
        + "\n".join(f"- {name}" for name in names)
        + "\n"
    )


def _judged_of(made: int, judged: int) -> str:
    return (
        f"{made:,} mutants are made, and {judged:,} of them are judged: all those of a spec that has no more than {WHOLE},\n"
        f"else evenly spaced ones, about {SAMPLE} or somewhat fewer. The choice is fixed as long as the spec is as it is;\n"
        "of the others nothing is known. Shares are of the judged mutants that are not equivalent.\n"
    )


def _table(
    title: str,
    group_of: Callable[[Mutant], str],
    made: list[Mutant],
    verdicts: list[Verdict],
    order: Iterable[str] = (),
) -> str:
    columns = [title, "made", "judged", "equivalent", "checks", "proofs", "cases", "survive"]
    columns += ["checks alone", "checks and proofs", "all"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for group in [*(order or dict.fromkeys(map(group_of, made))), "all"]:
        counts = Counter(verdict.by for verdict in verdicts if group in {group_of(verdict.mutant), "all"})
        total = sum(group in {group_of(mutant), "all"} for mutant in made)
        real = counts.total() - counts["equivalent"]
        noticed = [counts["checks"], counts["checks"] + counts["proofs"], real - counts["survivor"]]
        shares = " | ".join(f"{100 * part / real:.1f} %" if real else "" for part in noticed)
        lines.append(
            f"| {group} | {total} | {counts.total()} | {counts['equivalent']} | {counts['checks']} | {counts['proofs']} "
            f"| {counts['cases']} | {counts['survivor']} | {shares} |"
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

"""Times a disclosure of 10,000 projects and a ledger of a million movements, and checks that its tonnes add up.

    uv run python benchmarks/disclosure.py [PROJECTS] [MOVEMENTS] [--documents]

Writes its inputs into a temporary folder: results of the size that the wind example has, each with a true digest.
What is timed is reading and deciding, and with --documents writing and reading back every file as well.
"""

import copy
import csv
import datetime
import json
import lzma
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tonne.engine.result.result import data_digest
from tonne.esg.disclosure.assemble import assemble
from tonne.esg.disclosure.release import release_disclosure

TEMPLATE = Path(__file__).resolve().parent.parent / "examples/esg_group/results/offshore_wind.json.xz"
PER_FILE = 2_000
TEXT = {"zh": "虚构", "en": "fictitious"}
COLUMNS = ("date", "movement", "source", "vintage", "serial_first", "serial_last", "amount", "beneficiary", "purpose")


def write_group(folder: Path, projects: int, movements: int) -> None:
    """Write results, ledger and entity files."""
    template = json.loads(lzma.decompress(TEMPLATE.read_bytes()))
    entries: dict[str, object] = {}
    (folder / "results").mkdir()
    for number in range(projects):
        data = copy.copy(template)
        name = {"zh": f"项目{number}", "en": f"Project {number}"}
        data["project"] = {**template["project"], "digest": f"{number:064x}", "name": name}
        data["data"] = [{"path": "data/export.csv", "sha256": f"{number:064x}", "bytes": 1}]
        data["digest"] = data_digest(data)
        (folder / f"results/{number}.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        entries[f"p{number}"] = {
            "results": [
                {
                    "path": f"results/{number}.json",
                    "status": "verified",
                    "verification": {"statement": f"VR-{number}", "date": "2025-02-01"},
                }
            ],
            "owner": "works" if number % 3 else "partly",
            "effect": "avoided" if number % 5 == 0 else "reduction",
            "boundary": "own",
            "scope": "2",
            "split_by": "EG_PJ",
            "credits": {"registry": "CCER", "standard": "CCER", "country": "CN"},
            "baseline": TEXT,
        }
    write_entities(folder, entries)
    write_ledger(folder / "ledger.csv", projects, movements)


def write_entities(folder: Path, entries: dict[str, object]) -> None:
    """Write the entity file, and the files of its projects."""
    names = list(entries)
    files = []
    for start in range(0, len(names), PER_FILE):
        part = {name: entries[name] for name in names[start : start + PER_FILE]}
        files.append(f"projects_{start}.yaml")
        (folder / files[-1]).write_text(json.dumps({"format": 1, "projects": part}, ensure_ascii=False), "utf-8")
    spec = {
        "format": 1,
        "name": TEXT,
        "identifier": {"scheme": "other", "value": "G"},
        "reporting_year": {"start": "2023-07-01", "end": "2024-06-30"},
        "approach": "equity_share",
        "gwp": "ar5",
        "members": {
            "works": {"name": {"zh": "工厂", "en": "Works"}, "share": "100 %"},
            "partly": {"name": {"zh": "合资公司", "en": "Joint venture"}, "share": "40 %"},
        },
        "more_projects": files,
        "ledger": {"file": "ledger.csv"},
    }
    (folder / "entity.yaml").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")


def write_ledger(path: Path, projects: int, movements: int) -> None:
    """Write issuances, and the sales, retirements and holdings that follow each."""
    drawn = random.Random(9)  # noqa: S311 (no secret)
    each = max(3, movements // projects)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        written = 0
        for number in range(projects):
            source, block = f"p{number}", f"CCER-{number:06d}-"
            last = 100 * each
            serials = (f"{block}{1:010d}", f"{block}{last:010d}")
            writer.writerow(("2024-02-01", "issued", source, 2023, *serials, last, "", ""))
            first = 1
            for _ in range(each - 2 + (number < movements - each * projects)):
                until = first + drawn.randint(0, 90)
                day = datetime.date(2024, 2, 2) + datetime.timedelta(drawn.randint(0, 500))
                movement, beneficiary, purpose = drawn.choice(
                    [("transferred", "", ""), ("retired", "works", "own use"), ("retired", "a customer", "theirs")]
                )
                serials = (f"{block}{first:010d}", f"{block}{until:010d}")
                count = until - first + 1
                writer.writerow((day, movement, source, 2023, *serials, count, beneficiary, purpose))
                first = until + 1
            serials = (f"{block}{first:010d}", f"{block}{last:010d}")
            writer.writerow(("2025-12-31", "held", source, 2023, *serials, last - first + 1, "", ""))
            written += each
    print(f"{written:,} movements, {path.stat().st_size / 1e6:.0f} MB")


def main() -> None:
    """Write the inputs, time the work, check the sums."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    projects, movements = [*numbers, *(10_000, 1_000_000)[len(numbers) :]]
    with tempfile.TemporaryDirectory(prefix="tonne-bench-") as scratch:
        folder = Path(scratch)
        write_group(folder, projects, movements)
        began = (time.perf_counter(), time.process_time())
        disclosure = assemble(folder)
        print(f"read and decided: {spent(began)}")
        if any(verified != where.total for _, _, verified, where in disclosure.conservation()):
            sys.exit("the tonnes do not add up")
        if "--documents" in sys.argv:
            release_disclosure(disclosure, folder / "out")
            print(f"with all files: {spent(began)}")


def spent(began: tuple[float, float]) -> str:
    """Say what was spent since: by the clock, of the processors, and the largest resident size."""
    clock, processors = time.perf_counter() - began[0], time.process_time() - began[1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"{clock:.1f} s by the clock, {processors:.1f} s of processors, {memory:.2f} GB at most"


if __name__ == "__main__":
    main()

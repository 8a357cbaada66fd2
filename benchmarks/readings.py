"""Measures how long readings take from the file to the values of a parameter, and how much memory that needs.

Two jobs, each in a process of its own so that its peak memory is its own: the readings of the onshore example (all of
`collect`), and a file of minute readings made here, `reads: interval`, brought to months. Times vary with the machine
and its load. It does not measure the evaluators or the documents.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

EXAMPLE = Path(__file__).parent.parent / "examples" / "onshore_wind"
METERS = 100
MOST_SECONDS, MOST_MEMORY = 3.0, 2_000_000_000  # for the example; for the made file

PROJECT = """\
format: 1
name: {{zh: 测量, en: Measurement}}
methodology: cdm_acm0002
time_zone: Asia/Shanghai
crediting_period: {{start: 2020-01-01, end: 2026-12-31}}
monitoring_period: {{start: 2023-01-01, end: 2023-12-31}}
readings:
  plant:
    file: {file}
    time: {{column: time, interval: 1 minute}}
    value: {{column: value, unit: kWh, reads: interval}}
    meter: {{column: meter}}
    feeds: [{{parameter: EG_export}}]
"""


def make(folder: Path, rows: int, suffix: str, seed: int) -> None:
    """Write minute readings of many meters: the same seed gives the same file."""
    minutes = min(365 * 1440, -(-rows // METERS))
    stamp = f"strftime(TIMESTAMP '2023-01-01' + to_minutes(i // {METERS}), '%Y-%m-%dT%H:%M:00+08:00')"
    if suffix == "parquet":
        stamp = f"to_timestamp(epoch(TIMESTAMPTZ '2023-01-01 00:00:00+08') + 60 * (i // {METERS}))"
    query = (
        f"SELECT {stamp} AS time, 'M' || (i % {METERS} + 1) AS meter, "
        f"CAST(hash(i, {seed}) % 100000 / 1000 AS DECIMAL(9, 3)) AS value FROM range({min(rows, minutes * METERS)}) AS t(i)"
    )
    options = "FORMAT parquet" if suffix == "parquet" else "FORMAT csv, HEADER"
    with duckdb.connect(config={"temp_directory": str(folder), "memory_limit": "2GB"}) as store:
        store.execute(f"COPY ({query}) TO '{folder}/plant.{suffix}' ({options})")
    (folder / "project.yaml").write_text(PROJECT.format(file=f"plant.{suffix}"), encoding="utf-8")


def months(folder: Path) -> dict[str, object]:
    """Load the made file and add it up by month."""
    from tonne.engine.data.amounts import Target  # noqa: PLC0415 (the time of importing is not measured)
    from tonne.engine.data.feeds import aggregate  # noqa: PLC0415
    from tonne.engine.data.project import load_project  # noqa: PLC0415
    from tonne.engine.data.readings import load_readings  # noqa: PLC0415
    from tonne.engine.data.store import open_store  # noqa: PLC0415
    from tonne.engine.units import parse_unit  # noqa: PLC0415

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch, open_store([folder], Path(scratch)) as store:
        loaded = load_readings(store, load_project(folder), "plant")
        read = time.perf_counter()
        fed = aggregate(store, loaded, loaded.spec.feeds[0], Target(parse_unit("MWh"), ("month",), {"month": "month"}))
        done = time.perf_counter()
        return {
            "readings": loaded.count,
            "loaded": read - begun,
            "aggregated": done - read,
            "total": str(sum(fed.values.values())),
        }


def collected() -> dict[str, object]:
    """Collect the data of the example, as a run does."""
    from tonne.engine.check.infer import infer  # noqa: PLC0415
    from tonne.engine.data.choices import chosen_options  # noqa: PLC0415
    from tonne.engine.data.collect import collect  # noqa: PLC0415
    from tonne.engine.data.project import load_project  # noqa: PLC0415
    from tonne.engine.data.store import open_store  # noqa: PLC0415
    from tonne.engine.plan import make_plan  # noqa: PLC0415
    from tonne.engine.run import conservative_side, find_methodology  # noqa: PLC0415

    project = load_project(EXAMPLE)
    methodology = find_methodology(project)
    plan = make_plan(methodology, chosen_options(project, methodology), infer(methodology))
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch, open_store([project.folder], Path(scratch)) as store:
        dataset = collect(project, plan, store, conservative_side(methodology))
        return {"collected": time.perf_counter() - begun, "findings": len(dataset.findings)}


def measured(job: str, folder: Path) -> dict[str, object]:
    """Run a job in a process of its own, and give what it says."""
    command = [sys.executable, __file__, "--job", job, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 (this file)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--suffix", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--job", choices=["months", "collected"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        said = months(given.folder) if given.job == "months" else collected()
        print(json.dumps(said | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
        return
    example = measured("collected", EXAMPLE)
    print(f"example: {example} (at most {MOST_SECONDS} s)")
    with tempfile.TemporaryDirectory(prefix="tonne-benchmark-") as name:
        folder = Path(name)
        make(folder, given.rows, given.suffix, given.seed)
        print(f"{given.rows:,} rows of {given.suffix}: {measured('months', folder)} (at most {MOST_MEMORY:,} bytes)")


if __name__ == "__main__":
    main()

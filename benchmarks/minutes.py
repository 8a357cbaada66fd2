"""Times a project with a year of minutes for many flares from its Parquet file to its result, and its peak memory.

    uv run python benchmarks/minutes.py [--flares 100] [--doubles]

The project is that of the landfill example with more flares; the minutes are made here from a seed, one row for each
minute of each flare with flow, methane, flame and temperature. What is timed is `run`: reading, checking, both
evaluators and their comparison, the checks of a validator. Documents are not. The methane burned in
the flares is compared with that of a query written by hand.
"""

import argparse
import math
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import yaml

EXAMPLE = Path(__file__).resolve().parent.parent / "examples/landfill_gas"
MOST_SECONDS, MOST_MEMORY = 15, 2_000_000_000
ROWS = """
SELECT to_timestamp(epoch(TIMESTAMPTZ '2023-01-01 00:00:00+08') + minute * 60) AS "时间",
       'F' || flare AS "火炬",
       CAST(300 + hash(minute, flare, 1) % 150 AS {whole}) AS "燃气流量",
       CAST(48 + hash(minute, flare, 2) % 60 / 10 AS {decimal}) AS "甲烷浓度",
       CAST(hash(minute, flare, 3) % 200 > 0 AS {flag}) AS "火焰",
       CAST(840 + hash(minute, flare, 4) % 200 AS {whole}) AS "排烟温度"
FROM range(1, {flares} + 1) AS flares(flare) CROSS JOIN range(525600) AS minutes(minute)
"""
FLARED = """
SELECT sum(CASE WHEN "火焰" = 1 AND "排烟温度" BETWEEN 850 AND 1200 AND "燃气流量" BETWEEN 120 AND 1600
           THEN CAST("燃气流量" AS DOUBLE) / 60 * "甲烷浓度" / 100 * (101325 * 16.04 / (8314 * 273.15)) / 1000 * 0.9
           ELSE 0 END)
FROM read_parquet(?)
"""


def make(folder: Path, flares: int, *, doubles: bool) -> None:
    """Write the minutes and the project file; the same arguments give the same files."""
    types = {"whole": "DOUBLE", "decimal": "DOUBLE", "flag": "DOUBLE"}
    if not doubles:
        types = {"whole": "SMALLINT", "decimal": "DECIMAL(4, 1)", "flag": "TINYINT"}
    (folder / "data").mkdir()
    for file in (EXAMPLE / "data").iterdir():
        if file.name != "flare.parquet":
            shutil.copy(file, folder / "data")
    with duckdb.connect(config={"temp_directory": str(folder), "memory_limit": "1GB"}) as store:
        rows = ROWS.format(flares=flares, **types)
        store.execute(f"COPY ({rows}) TO '{folder}/data/flares.parquet' (FORMAT parquet, COMPRESSION zstd)")
    project = yaml.safe_load((EXAMPLE / "project.yaml").read_text("utf-8"))
    names = [f"F{number}" for number in range(1, flares + 1)]
    project["members"]["flare"] = names
    for values in (project["options"], *(value.get("at", {}) for value in project["values"].values())):
        for value in values.values() if values is project["options"] else [values]:
            if isinstance(value, dict) and "F1" in value:
                value.update(dict.fromkeys(names, value["F1"]))
    for name in ("flare_gas", "flare_methane", "flare_flame", "flare_temperature"):
        reading = project["readings"][name]
        reading["file"] = "data/flares.parquet"
        reading["meter"] = {"column": "火炬"}
        reading["feeds"] = [{"parameter": reading["feeds"][0]["parameter"], "by": {"flare": "火炬"}}]
    del project["substitutions"], project["meters"]
    text = yaml.safe_dump(project, allow_unicode=True, sort_keys=False)
    (folder / "project.yaml").write_text(text, encoding="utf-8")


def main() -> int:
    """Make the project, run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flares", type=int, default=100)
    parser.add_argument("--doubles", action="store_true", help="columns of double precision instead of decimals")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make(folder, given.flares, doubles=given.doubles)
        size = (folder / "data/flares.parquet").stat().st_size
        print(f"rows: {given.flares * 525600:,}, {size / 1e6:.0f} MB; load before: {os.getloadavg()[0]:.1f}")
        child = os.fork()
        if not child:
            sys.stdout.flush()
            os._exit(_run(folder))
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run(folder: Path) -> int:
    from tonne.engine.run import run  # noqa: PLC0415 (the time of importing is told apart)

    begun = time.perf_counter()
    last: list[Any] = [begun, "start"]

    def told(stage: str) -> None:
        now = time.perf_counter()
        print(f"  {last[1]}: {now - last[0]:.2f} s, {_peak() / 1e9:.2f} GB", flush=True)
        last[:] = [now, stage]

    result = run(folder, told)
    told("")
    seconds = time.perf_counter() - begun
    met = seconds <= MOST_SECONDS and _peak() <= MOST_MEMORY
    (flared,) = duckdb.execute(FLARED, [str(folder / "data/flares.parquet")]).fetchone() or (0,)
    found = float(result.by_year("F_CH4_flared")[2023])
    print(f"methane burned: {found} t, by hand {flared} t")
    if not math.isclose(found, flared, rel_tol=1e-9):
        return 1
    print(
        f"run: {seconds:.1f} s (bound {MOST_SECONDS}), {_peak() / 1e9:.2f} GB (bound 2): {'met' if met else 'not met'}"
    )
    return 0 if met else 1


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())

"""Measures the columnar evaluator: compiled SQL against DuckDB's own scan and against SQL written by hand.

Times vary with the machine and its load; what is judged is the ratio of two times of the same round. It
does not measure reading of CSV files, the reference evaluator or the documents.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import fsum, ulp
from pathlib import Path

import duckdb
from sqlglot import exp

from tonne.engine.check.infer import infer
from tonne.engine.compute.aggregates import GRID
from tonne.engine.compute.columnar import DIALECT, whole_query
from tonne.engine.compute.relations import Frame, Staged
from tonne.engine.compute.staging import stage
from tonne.engine.plan import make_plan
from tonne.engine.spec.catalogue import load_methodology

HERE = Path(__file__).parent
CHECKED = "ccer_01_002_v01"


@dataclass(frozen=True)
class Job:
    """A spec, the relations that hold its data, and what is asked of it."""

    spec: str
    bases: Mapping[Frame, str]
    frame: Frame
    asked: tuple[str, ...]
    scanned: tuple[str, ...]
    scalars: Mapping[str, float] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """The relation that is scanned."""
        return self.spec

    def staged(self) -> Staged:
        """Compile the spec as a run does."""
        methodology = load_methodology(HERE / "specs" / self.spec)
        return stage(make_plan(methodology, {}, infer(methodology)), self.bases, self.scalars)

    def compiled(self, frame: Frame, names: Sequence[str]) -> str:
        """The compiled statement that gives quantities of a frame."""
        staged = self.staged()
        columns = [exp.column(name, quoted=True) for name in (*frame, *names)]
        final = exp.select(*columns).from_(exp.to_table(f'"{staged.final[frame]}"'))
        return whole_query(staged, final).sql(dialect=DIALECT)

    def by_hand(self, file: str) -> str:
        """A statement written by hand."""
        text = (HERE / "specs" / self.spec / file).read_text(encoding="utf-8")
        return text.format(grid=repr(GRID), step=repr(1 / GRID))

    def totals(self, statement: str) -> str:
        """Wrap a statement so that every value is computed and one row comes back."""
        parts = [f"{function}({name})" for name in self.asked for function in ("COUNT", "SUM", "MIN", "MAX")]
        return f"SELECT COUNT(*), {', '.join(parts)} FROM ({statement})"

    def scan(self) -> str:
        """DuckDB's own scan of the columns that the compiled statement reads."""
        return f"SELECT {', '.join(f'SUM({name})' for name in self.scanned)} FROM {self.data}"


MONTHS = Job(
    spec="grid_months",
    bases={("region", "project", "month"): "grid_months", ("region", "year"): "factors"},
    frame=("region", "project", "year"),
    asked=("BE",),
    scanned=("region", "project", "year", "EG_export", "EG_import"),
)
MINUTES = Job(
    spec="flare_minutes",
    bases={("site", "minute"): "flare_minutes"},
    frame=("site", "year"),
    asked=("PE", "eta_year"),
    scanned=("site", "hour", "year", "F_RG", "F_EG", "T_EG", "flame"),
    scalars={
        "w_CH4": 0.62,
        "rho_CH4": 0.716,
        "GWP_CH4": 28,
        "interval": 1,
        "T_low": 500,
        "T_mid": 850,
        "T_high": 1100,
    },
)
JOBS = (MONTHS, MINUTES)
TABLES = ("grid_months", "factors", "flare_minutes")


@dataclass(frozen=True)
class Row:
    """One line of the report; without a limit it is for information."""

    what: str
    value: str
    target: str = ""
    met: bool | None = None


# -- data


def generate(folder: Path, scale: float, seed: int) -> None:
    """Write the data of both jobs: rounded readings like those of meters, a few of them missing or 0.

    `hash` of a row number and the seed is the source of chance, so that the same seed gives the same rows.
    """
    store = duckdb.connect()
    projects, minutes = max(50, round(69_444 * scale)), max(525_600, round(50_000_000 * scale))

    def chance(salt: int) -> str:
        return f"hash(i, {seed}, {salt})"

    queries = {
        "grid_months": f"""
            SELECT (i // 144 % 50)::INT AS region, (i // 144)::INT AS project,
                (2010 * 12 + i % 144)::INT AS month, (2010 + i % 144 // 12)::INT AS year,
                CASE WHEN {chance(1)} % 5000 > 0 THEN round({chance(2)} % 100000000 / 1e5 + {chance(3)} % 97 / 9, 6) END
                    AS EG_export,
                round({chance(4)} % 1000000 / 1e4, 4) AS EG_import
            FROM range({projects * 144}) AS t(i)""",
        "factors": f"""
            SELECT region::INT AS region, year::INT AS year, round(0.2 + hash(region, year, {seed}) % 7000 / 1e4, 4) AS EF
            FROM range(50) AS a(region), range(2010, 2022) AS b(year)""",
        "flare_minutes": f"""
            SELECT (i // 525600)::INT AS site, (27878400 + i % 525600)::INT AS minute,
                ((27878400 + i % 525600) // 60)::INT AS hour, 2023::INT AS year,
                CASE WHEN {chance(1)} % 100 = 0 THEN 0 ELSE round({chance(2)} % 500000 / 1e3 + {chance(3)} % 89 / 7, 4) END
                    AS F_RG,
                CASE WHEN i // 525600 % 10 <> 3 OR {chance(4)} % 10000 > 0 THEN round({chance(5)} % 50000 / 1e4, 4) END
                    AS F_EG,
                round(300 + {chance(6)} % 9000 / 1e1, 1) AS T_EG, ({chance(7)} % 50 > 0)::TINYINT AS flame
            FROM range({minutes}) AS t(i)""",
    }
    for name, query in queries.items():
        store.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
    store.close()


def connect(folder: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """Open a database whose views are the Parquet files."""
    store = duckdb.connect(config={"threads": threads})
    for name in TABLES:
        store.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
    return store


# -- speed


def interleaved(store: duckdb.DuckDBPyConnection, statements: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """Time statements in shuffled order inside each round, after one warm-up."""
    chance = random.Random(1)  # noqa: S311 (an order, no secret)
    times: dict[str, list[float]] = {name: [] for name in statements}
    for turn in range(rounds + 1):
        for name in chance.sample(list(statements), len(statements)):
            begin = time.perf_counter()
            store.execute(statements[name]).fetchall()
            if turn:
                times[name].append(time.perf_counter() - begin)
    return times


def ratio(above: Sequence[float], below: Sequence[float]) -> tuple[float, str]:
    """The median of the ratios of each round, and how it is shown."""
    ratios = [first / second for first, second in zip(above, below, strict=True)]
    middle = statistics.median(ratios)
    return middle, f"{middle:.2f} [{min(ratios):.2f}-{max(ratios):.2f}]"


def speed(job: Job, store: duckdb.DuckDBPyConnection, rounds: int) -> list[Row]:
    """Compare the compiled statement with a scan and with statements written by hand."""
    statements = {
        "scan": job.scan(),
        "compiled": job.totals(job.compiled(job.frame, job.asked)),
        "by hand": job.totals(job.by_hand("by_hand.sql")),
        "by hand, plain SUM": job.totals(job.by_hand("by_hand_plain.sql")),
    }
    times = interleaved(store, statements, rounds)
    scan, scan_shown = ratio(times["scan"], times["compiled"])
    hand, hand_shown = ratio(times["compiled"], times["by hand"])
    (count,) = store.execute(f"SELECT COUNT(*) FROM {job.data}").fetchall()[0]
    return [
        Row(f"{job.spec}: rows", f"{count:,}"),
        *(Row(f"{job.spec}: {name}", f"{statistics.median(taken):.3f} s") for name, taken in times.items()),
        Row(f"{job.spec}: scan / compiled", scan_shown, ">= 0.30", scan >= 0.30),
        Row(f"{job.spec}: compiled / by hand", hand_shown, "<= 1.15", hand <= 1.15),
        Row(f"{job.spec}: scan / by hand", ratio(times["scan"], times["by hand"])[1]),
        Row(
            f"{job.spec}: compiled / by hand, plain SUM",
            ratio(times["compiled"], times["by hand, plain SUM"])[1],
        ),
    ]


# -- correctness


def same_bits(job: Job, folder: Path) -> Row:
    """Compare all results of one thread and of two, bit by bit."""
    columns = (*job.frame, *job.asked)
    digest = f"SELECT COUNT(*), BIT_XOR(HASH({', '.join(columns)})) FROM ({job.compiled(job.frame, job.asked)})"
    found = set()
    for threads in (1, 2, 2):
        store = connect(folder, threads)
        found.update(store.execute(digest).fetchall())
        store.close()
    return Row(f"{job.spec}: different results of 1 and 2 threads", str(len(found) - 1), "0", len(found) == 1)


def same_as_by_hand(job: Job, store: duckdb.DuckDBPyConnection) -> Row:
    """Compare every result with the statement written by hand."""
    keys = ", ".join(job.frame)
    differs = " OR ".join(
        f"(a.{name} IS NULL) <> (b.{name} IS NULL) OR ABS(a.{name} - b.{name}) > 1e-12 * ABS(b.{name})"
        for name in job.asked
    )
    missing = " OR ".join(f"b.{name} IS NULL" for name in job.asked)
    different, empty, count = store.execute(
        f"SELECT COUNT(*) FILTER (WHERE {differs}), COUNT(*) FILTER (WHERE {missing}), COUNT(*) "
        f"FROM ({job.compiled(job.frame, job.asked)}) AS a FULL JOIN ({job.by_hand('by_hand.sql')}) AS b USING ({keys})"
    ).fetchall()[0]
    what = f"{job.spec}: of {count:,} results ({empty:,} without value), not those by hand"
    return Row(what, str(different), "0", different == 0)


def exact_months(store: duckdb.DuckDBPyConnection) -> Row:
    """Compare 500 project-years with exact fractions of the same readings."""
    compiled = MONTHS.compiled(MONTHS.frame, MONTHS.asked)
    rows = store.execute(
        f"SELECT region, project, year, BE FROM ({compiled}) WHERE BE IS NOT NULL ORDER BY HASH(project, year) LIMIT 500"
    ).fetchall()
    factors = {(region, year): Fraction(value) for region, year, value in store.execute("FROM factors").fetchall()}
    pairs = []
    for region, project, year, value in rows:
        months = store.execute(
            "SELECT EG_export, EG_import FROM grid_months WHERE project = ? AND year = ?", [project, year]
        ).fetchall()
        net = sum((max(Fraction(out) - Fraction(back), Fraction(0)) for out, back in months), Fraction(0))
        pairs.append((value, net * factors[region, year]))
    return _error("grid_months: 500 project-years", pairs)


def exact_hours(store: duckdb.DuckDBPyConnection) -> list[Row]:
    """Compare the hours of a day with exact fractions, and the year with a correctly rounded sum of its hours."""
    compiled = MINUTES.compiled(("site", "hour"), ("PE_hour", "eta_hour"))
    hours = store.execute(f"SELECT hour, PE_hour, eta_hour FROM ({compiled}) WHERE site = 0 ORDER BY hour").fetchall()
    first = hours[0][0]
    emissions = dict.fromkeys(range(first, first + 48), Fraction(0))
    for hour, *reading in store.execute(
        "SELECT hour, F_RG, F_EG, T_EG, flame FROM flare_minutes WHERE site = 0 AND hour < ?", [first + 48]
    ).fetchall():
        emissions[hour] += exact_minute(*map(Fraction, reading))
    pairs = [(value, emissions[hour]) for hour, value, _ in hours[:48]]
    year = MINUTES.compiled(MINUTES.frame, MINUTES.asked)
    total, mean = store.execute(f"SELECT PE, eta_year FROM ({year}) WHERE site = 0").fetchall()[0]
    sums = [fsum(value for _, value, _ in hours), fsum(value for _, _, value in hours) / len(hours)]
    return [
        _error("flare_minutes: 48 hours of 60 minutes", pairs),
        _error("flare_minutes: a year of 8,760 hours", list(zip((total, mean), map(Fraction, sums), strict=True))),
    ]


def exact_minute(flow: Fraction, out: Fraction, temperature: Fraction, flame: Fraction) -> Fraction:
    """What a flare lets pass in a minute, calculated independently of the spec."""
    density = Fraction(0.716)
    gas, passed = flow * Fraction(0.62) * density / 60, out * density / 60
    if flame == 0 or temperature < 500:
        efficiency = Fraction(0)
    elif temperature >= 1100:
        efficiency = Fraction(0.9)
    elif gas and 1 - passed / gas < Fraction(1, 2):
        efficiency = Fraction(0.5)
    else:
        efficiency = Fraction(0.98) if temperature >= 850 else Fraction(0.995)
    return gas * (1 - efficiency) * 28 / 1000


def _error(what: str, pairs: Sequence[tuple[float, Fraction]]) -> Row:
    worst = max(float(abs(Fraction(value) - exact) / Fraction(ulp(float(exact)))) for value, exact in pairs)
    relative = max(float(abs(Fraction(value) - exact) / exact) for value, exact in pairs)
    return Row(f"{what}: largest error", f"{relative:.1e} ({worst:.1f} ulp)", "<= 1e-14", relative <= 1e-14)


# -- memory, start and compilation


def peak_memory(folder: Path, threads: int) -> Row:
    """The peak resident memory of a process that computes the minutes and nothing else."""
    command = [sys.executable, __file__, "--data", str(folder), "--threads", str(threads), "--memory"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (own file)
    peak = int(told.stdout) / 1e9
    return Row("flare_minutes: peak resident memory", f"{peak:.2f} GB", "< 1 GB", peak < 1)


def print_own_memory(folder: Path, threads: int) -> None:
    """Compute the minutes, then print the peak memory of this process in bytes."""
    connect(folder, threads).execute(MINUTES.totals(MINUTES.compiled(MINUTES.frame, MINUTES.asked))).fetchall()
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def process_time(what: str, arguments: Sequence[str], limit: float) -> Row:
    """The time of a fresh process, median of five after a first one, which compiles the modules to bytecode."""
    times = []
    with tempfile.TemporaryDirectory(prefix="tonne-bytecode-") as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        for _ in range(6):
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)  # noqa: S603
            times.append(time.perf_counter() - begin)
    return _timed(what, times[1:], limit, "s")


def compile_times(folder: Path) -> list[Row]:
    """The time from a spec of 40 equations and 60 parameters to SQL, median of five after one warm-up."""
    reading, lowering = [], []
    for turn in range(6):
        path = folder / f"synthetic_{turn}.yaml"
        path.write_text(synthetic_spec(f"p{turn}_"), encoding="utf-8")
        begin = time.perf_counter()
        methodology = load_methodology(path)
        inference = infer(methodology)
        read = time.perf_counter()
        staged = stage(make_plan(methodology, {}, inference))
        whole_query(staged, exp.select(exp.Star()).from_(staged.final["year",])).sql(dialect=DIALECT)
        if turn:
            reading.append((read - begin) * 1000)
            lowering.append((time.perf_counter() - read) * 1000)
    return [
        _timed("40 equations: read, parse, check units", reading, None, "ms"),
        _timed("40 equations: plan, stage, write SQL", lowering, 150, "ms"),
    ]


def synthetic_spec(parameter: str) -> str:
    """A spec of 30 hourly equations of all kinds and 10 yearly ones, on 60 parameters whose names begin so."""
    lines = [
        "format: 1\nid: synthetic\ntitle: {zh: 合成, en: Synthetic}\ncategory: methane",
        "source: {publisher: {zh: 无, en: None}, document: none, evidence: composed}",
        "dimensions: {hour: {time: hour}, year: {time: year}}\nparameters:",
        *(f"  {parameter}{n}: {{unit: tCO2e, over: [hour], from: monitored}}" for n in range(60)),
        "equations:",
    ]
    for n in range(30):
        a, b, before = f"{parameter}{2 * n}", f"{parameter}{2 * n + 1}", f"e{n - 1}" if n else f"{parameter}0"
        last = f"{before} * exp(-{b} / {a}) + ({a} + {b}) * (1 - {a} / {b})"
        forms = (
            f"expr: '{a} * 0.75 + {b} * 0.25 - {before} / 12'",
            f"expr: 'max({a} - {b}, 0) + min({before}, {b})'",
            f"expr: '{a} * ({b} / ({before} + {a}))'",
            f"cases: [{{when: '{a} > {b} and {before} < {a}', expr: '{a} - {b}'}}, {{otherwise: '{last}'}}]",
        )
        lines.append(f"  e{n}: {{over: [hour], unit: tCO2e, evidence: composed, {forms[n % 4]}}}")
    for n in range(10):
        share = f"e{3 * n + 1} * e{3 * n + 2} / ({parameter}{n} + {parameter}{n + 1})"
        expression = f"sum(e{3 * n}, over=hour) + sum({share}, over=hour)" + (f" + y{n - 1}" if n else "")
        lines.append(f"  y{n}: {{over: [year], unit: tCO2e, evidence: composed, expr: '{expression}'}}")
    lines.append("outputs: {baseline: y9, reduction: y9, rounding: {mode: none}}\n")
    return "\n".join(lines)


def _timed(what: str, times: Sequence[float], limit: float | None, unit: str) -> Row:
    middle = statistics.median(times)
    digits = 2 if unit == "s" else 0
    shown = f"{middle:.{digits}f} [{min(times):.{digits}f}-{max(times):.{digits}f}] {unit}"
    return Row(what, shown) if limit is None else Row(what, shown, f"<= {limit:g} {unit}", middle <= limit)


# -- report


def show(rows: Sequence[Row]) -> None:
    """Print the report as a Markdown table."""
    words = {None: "", True: "met", False: "not met"}
    cells = [("measure", "value", "target", ""), ("---", "---", "---", "---")]
    cells += [(row.what, row.value, row.target, words[row.met]) for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(4)]
    for line in cells:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")


def main() -> None:
    """Run everything and print the table; ends with 1 when a target is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scale", type=float, default=1, help="1 is 10 M months and 50 M minutes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=20240101)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.memory:
        print_own_memory(chosen.data, chosen.threads)
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tonne-benchmark-") as scratch:
        folder = Path(scratch)
        generate(folder, chosen.scale, chosen.seed)
        store = connect(folder, chosen.threads)
        rows = [row for job in JOBS for row in speed(job, store, chosen.rounds)]
        rows += [same_as_by_hand(job, store) for job in JOBS]
        rows += [exact_months(store), *exact_hours(store)]
        store.close()
        rows += [same_bits(job, folder) for job in JOBS]
        rows.append(peak_memory(folder, chosen.threads))
        rows += compile_times(folder)
    rows.append(
        process_time(f"tonne check {CHECKED} --no-proofs", ["-m", "tonne", "check", CHECKED, "--no-proofs"], 0.5)
    )
    rows.append(process_time("tonne --help", ["-m", "tonne", "--help"], 0.5))
    rows.append(Row(f"load before and after, of {os.cpu_count()} cores", f"{load:.1f}, {os.getloadavg()[0]:.1f}"))
    show(rows)
    sys.exit(any(row.met is False for row in rows))


if __name__ == "__main__":
    main()

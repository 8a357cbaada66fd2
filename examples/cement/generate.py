"""Writes the invented data of this example: a cement kiln that burns carbide slag in place of limestone, for a year.

Invents production, analyses, fuel and electricity with a seeded generator. Measures nothing: no figure here is of
a real works.

The kiln stands in the weeks of staggered winter production. Analyses are made daily and given as monthly means,
weighted by clinker or by feed, because a mean of days would let idle days count as much as full ones.
"""

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

SEED = 20250615
DATA = Path(__file__).parent / "data"
FIRST = dt.date(2024, 1, 1)
DAYS = 366
STOPS = ((dt.date(2024, 1, 15), dt.date(2024, 2, 10)), (dt.date(2024, 12, 8), dt.date(2024, 12, 31)))
CLINKER = 5050.0  # t in a full day
SLAG = 0.345  # t of dry carbide slag for a tonne of clinker
HEAT = 3.19  # GJ per t of clinker
NCV = 22.41  # GJ per t of coal, as in the project file
OXIDES = ("熟料CaO", "熟料MgO", "生料非碳酸盐CaO", "生料非碳酸盐MgO", "生料有机碳")

Sums = defaultdict[tuple[str, str], Decimal]


def main() -> None:
    """Write the three files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    sums: Sums = defaultdict(Decimal)
    kiln = ["日期,熟料_t,生料_t,电石渣_t,烧成用电_kWh,电石渣制备用电_kWh"]
    kiln += [_day(rng, FIRST + dt.timedelta(days=number), sums) for number in range(DAYS)]
    months = sorted({month for month, _ in sums})
    lab = ["月份," + ",".join(f"{name}_pct" for name in OXIDES) + ",外排窑灰_t"]
    fuel = ["月份,燃料,数量_t"]
    for month in months:
        lab.append(_laboratory(rng, month, sums))
        coal = sums[month, "clinker"] * Decimal(HEAT) / Decimal(NCV)
        fuel.append(f"{month},bituminous,{coal * Decimal(f'{rng.uniform(0.985, 1.015):.4f}'):.1f}")
        starts = 1 if month in {"2024-02", "2024-12"} else 0
        fuel.append(f"{month},diesel,{starts * rng.uniform(18, 24) + rng.uniform(0.4, 1.2):.2f}")
    for name, lines in (("kiln", kiln), ("laboratory", lab), ("fuel", fuel)):
        (DATA / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _day(rng: random.Random, day: dt.date, sums: Sums) -> str:
    month = f"{day:%Y-%m}"
    runs = not any(first <= day <= last for first, last in STOPS)
    short = 0.55 if rng.random() < 0.02 else 1.0
    clinker = round(CLINKER * short * rng.uniform(0.96, 1.03)) if runs else 0
    slag = round(clinker * SLAG * rng.uniform(0.93, 1.05))
    raw = round(clinker * 1.545 - slag * 0.47 + (rng.uniform(-20, 20) if runs else 0))
    kiln_power = round(clinker * rng.uniform(57.5, 60.5)) + (0 if runs else 9000)
    slag_power = round(slag * rng.uniform(20.5, 22.5)) + 400
    values = {
        "熟料CaO": (clinker, rng.uniform(65.2, 65.9)),
        "熟料MgO": (clinker, rng.uniform(1.9, 2.3)),
        "生料非碳酸盐CaO": (raw, 61.5 * slag / raw + rng.uniform(0.2, 0.5) if raw else 0.0),
        "生料非碳酸盐MgO": (raw, 0.35 * slag / raw + rng.uniform(0.10, 0.20) if raw else 0.0),
        "生料有机碳": (raw, rng.uniform(0.11, 0.15)),
    }
    sums[month, "clinker"] += clinker
    sums[month, "raw"] += raw
    for name, (weight, share) in values.items():
        sums[month, name] += weight * Decimal(f"{share:.3f}")
    return f"{day.isoformat()}T00:00:00+08:00,{clinker},{raw},{slag},{kiln_power},{slag_power}"


def _laboratory(rng: random.Random, month: str, sums: Sums) -> str:
    weights = ("clinker", "clinker", "raw", "raw", "raw")
    means = [sums[month, name] / sums[month, weight] for name, weight in zip(OXIDES, weights, strict=True)]
    return ",".join([month, *(f"{mean:.3f}" for mean in means), f"{rng.uniform(60, 140):.1f}"])


if __name__ == "__main__":
    main()

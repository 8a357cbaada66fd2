"""Writes the invented data of this example: hourly readings of coke dry quenching and a top-gas turbine for a year.

Invents operation with a seeded generator. Measures nothing: no figure here is of a real steel works.

Circulating gas follows the coke that is pushed, its temperature wanders slowly, and the turbine gives a share
of the heat. Stops, starts and releases are hours of abnormal operation; some energy is sent out in them too.
"""

import datetime as dt
import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20240608
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2025, 1, 1, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)

# First and last day of each stop; the hours around it are abnormal as well.
QUENCHING_STOPS = (((3, 11), (3, 15)), ((9, 20), (9, 22)))
FURNACE_STOPS = (((5, 6), (5, 9)), ((11, 2), (11, 3)))
FAULT = 0.002  # share of hours with a release or a fault
HEAT = 0.0142  # GJ per 10^4 Nm3 and kelvin
COLUMNS = (
    "时段开始,干熄焦正常,循环气量_万Nm3,循环气温度_C,干熄焦发电_MWh,干熄焦自用_MWh,"
    "供汽_t,供汽比焓_kJ_kg,TRT正常,煤气量_万Nm3,TRT发电_MWh,TRT自用_MWh"
)
GAS = (0.62, 0.21, 0.84, 0.18, 0.55, 0.0, 0.12, 0.3, 0.71, 0.2, 0.66, 0.4)  # 10^4 Nm3 of natural gas, by month


@dataclass
class Plant:
    """What wanders from hour to hour."""

    load: float = 0.0
    warmth: float = 0.0
    blast: float = 0.0


def main() -> None:
    """Write the readings and the fuel ledger."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    lines = [COLUMNS, *_rows(rng)]
    ledger = ["月份,燃料,数量", *(f"2024-{month:02d},natural_gas,{amount}" for month, amount in enumerate(GAS, 1))]
    DATA.mkdir(exist_ok=True)
    (DATA / "fuel.csv").write_text("\n".join(ledger) + "\n", encoding="utf-8")
    (DATA / "hourly.csv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def _rows(rng: random.Random) -> Iterator[str]:
    plant = Plant()
    begins = FIRST
    while begins < LAST:
        plant.load = 0.95 * plant.load + rng.gauss(0, 0.012)
        plant.warmth = 0.97 * plant.warmth + rng.gauss(0, 3.5)
        plant.blast = 0.94 * plant.blast + rng.gauss(0, 0.014)
        figures = _quenching(rng, plant, begins) + _top_gas(rng, plant, begins)
        yield f"{begins.isoformat()}," + ",".join(figures)
        begins += HOUR


def _quenching(rng: random.Random, plant: Plant, begins: dt.datetime) -> list[str]:
    if _inside(begins, QUENCHING_STOPS):
        return [
            "0",
            "0.00",
            f"{120 + rng.uniform(-20, 20):.0f}",
            "0.00",
            f"{rng.uniform(0.4, 0.6):.2f}",
            "0.0",
            "2780.0",
        ]
    normal = rng.random() > FAULT
    gas = 19.6 * (1 + plant.load) * (1 if normal else rng.uniform(0.3, 0.7))
    temperature = 905 + plant.warmth
    heat = gas * HEAT * temperature
    steam = max(0, 18 + rng.gauss(0, 1.2)) * (1.5 if begins.month in {11, 12, 1, 2, 3} else 1)
    power = max(0, heat / 3.6 * 0.335 - steam * 0.19)
    own = 1.7 + 0.03 * power + rng.uniform(-0.1, 0.1)
    enthalpy = 2790 + rng.gauss(0, 4)
    return [
        str(int(normal)),
        f"{gas:.2f}",
        f"{temperature:.0f}",
        f"{power:.2f}",
        f"{own:.2f}",
        f"{steam:.1f}",
        f"{enthalpy:.1f}",
    ]


def _top_gas(rng: random.Random, plant: Plant, begins: dt.datetime) -> list[str]:
    if _inside(begins, FURNACE_STOPS):
        return ["0", "0.00", "0.00", f"{rng.uniform(0.02, 0.04):.3f}"]
    normal = rng.random() > FAULT
    gas = 49.0 * (1 + plant.blast) * (1 if normal else rng.uniform(0.4, 0.8))
    power = gas * 0.295 * (1 + 0.6 * plant.blast)
    return [str(int(normal)), f"{gas:.2f}", f"{power:.2f}", f"{0.09 + 0.002 * power:.3f}"]


def _inside(begins: dt.datetime, stops: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> bool:
    return any(first <= (begins.month, begins.day) <= last for first, last in stops)


if __name__ == "__main__":
    main()

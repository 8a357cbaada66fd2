"""Writes the invented data of this example: hourly readings of heat and electricity of the heat pumps of a hotel.

Invents weather, guests and operation with a seeded generator. Measures nothing: no figure here is of a real
hotel.

The outdoor temperature is a yearly and a daily wave with noise that decays; heating follows the difference
to 16 degrees, hot water the guests. The coefficient of performance is a share of the Carnot value, less in
the cold and damp hours in which the evaporators must be defrosted.
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20240425
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2025, 1, 1, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)

MEAN, YEARLY, DAILY = 15.6, 6.6, 4.8  # degrees Celsius of the outdoor air
ROOM, LOSS, CAPACITY = 16.0, 19.0, 330.0  # degrees; kW per degree; kW of all heat pumps
SEASON = {11, 12, 1, 2, 3}
GUESTS = (0.52, 0.74, 0.66, 0.68, 0.71, 0.66, 0.84, 0.86, 0.67, 0.80, 0.60, 0.56)  # rooms in use, by month
LITRES = 23_500.0  # of hot water in a day with every room in use
TAPPED = (1, 1, 1, 1, 2, 6, 11, 10, 7, 4, 3, 3, 3, 3, 2, 2, 3, 4, 6, 8, 10, 9, 6, 3)  # by hour of the day
SUPPLY_HEATING, SUPPLY_WATER = 45.0, 55.0
CARNOT = 0.50
WATER = 4.1868 / 3.6  # kWh per m3 and degree
TOPPED_UP = {4: 0.9, 10: 0.6}  # kg of refrigerant, by month
COLUMNS = "时段开始,采暖累计热量_GJ,热水热量_kWh,热泵机组_kWh,循环水泵_kWh,电加热_kWh"


@dataclass
class Plant:
    """The register of the heat meter, and the weather as it runs on."""

    register: float = 1042.6
    noise: float = 0.0


def main() -> None:
    """Write both files; in the last row of the readings only the register of the heat meter is read."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    plant = Plant()
    lines = [COLUMNS, *_rows(rng, plant), f"{LAST.isoformat()},{plant.register:.4f},,,,"]
    log = ["月份,设备,补充量", *(f"2024-{month:02d},HP,{TOPPED_UP.get(month, 0)}" for month in range(1, 13))]
    (DATA / "refrigerant.csv").write_text("\n".join(log) + "\n", encoding="utf-8")
    (DATA / "meters.csv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def _rows(rng: random.Random, plant: Plant) -> Iterator[str]:
    begins = FIRST
    while begins < LAST:
        outside = _outside(rng, plant, begins)
        heating = LOSS * max(ROOM - outside, 0) * rng.uniform(0.92, 1.08) if begins.month in SEASON else 0.0
        volume = LITRES / 1000 * GUESTS[begins.month - 1] * TAPPED[begins.hour] / sum(TAPPED) * rng.uniform(0.7, 1.3)
        water = volume * WATER * (SUPPLY_WATER - _cold_water(begins))
        pumped, backup = min(heating, max(CAPACITY - water, 0)), max(heating + water - CAPACITY, 0)
        power = pumped / _performance(SUPPLY_HEATING, outside) + water / _performance(SUPPLY_WATER, outside)
        pumps = 0.6 + 0.012 * (pumped + water) + (2.2 if heating else 0)
        figures = (water, power + 0.35, pumps, backup)
        yield f"{begins.isoformat()},{plant.register:.4f}," + ",".join(f"{figure:.2f}" for figure in figures)
        plant.register += pumped * 0.0036
        begins += HOUR


def _outside(rng: random.Random, plant: Plant, begins: dt.datetime) -> float:
    plant.noise = 0.97 * plant.noise + rng.gauss(0, 0.75)
    day = begins.timetuple().tm_yday
    return (
        MEAN
        - YEARLY * math.cos(2 * math.pi * (day - 12) / 366)
        + DAILY * math.cos(2 * math.pi * (begins.hour - 15) / 24)
        + plant.noise
    )


def _cold_water(begins: dt.datetime) -> float:
    return MEAN - 0.6 - 4.5 * math.cos(2 * math.pi * (begins.timetuple().tm_yday - 40) / 366)


def _performance(supply: float, outside: float) -> float:
    warm, cold = supply + 5 + 273.15, outside - 6 + 273.15
    defrost = 0.88 if outside < 4 else 1.0  # below, ice forms
    return min(CARNOT * warm / (warm - cold), 6.0) * defrost


if __name__ == "__main__":
    main()

"""Writes the invented meters and weather of this example: an office building before and after its retrofit.

Invents temperatures, electricity by day and monthly gas registers with a seeded generator. Measures nothing: no
figure here is of a real building. What the retrofit truly saves is known here, and the tests compare with it.
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 2024
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST, LAST = dt.date(2022, 10, 1), dt.date(2024, 12, 31)
WORKS = (dt.date(2023, 10, 1), dt.date(2023, 12, 31))

MEAN, SEASON, DAILY = 17.2, 12.0, 3.4  # °C: mean of the year, half-ranges of year and day
WARMEST = 205  # day of the year, 24 July
WEATHER, PERSISTENCE = 2.9, 0.985  # °C, from hour to hour

COOLING_FROM, HEATING_BELOW = 19.5, 14.5  # °C, mean of the day
SERVER_ROOM = (dt.date(2024, 7, 1), 144)  # 6 kW from this day on, in kWh/d: nothing to do with the retrofit
REGISTER_NM3 = 418_220


@dataclass(frozen=True)
class Building:
    """What the building uses: kWh/d on workdays and at weekends, kWh/d per °C, Nm3/d, Nm3/d per °C."""

    workday: float
    weekend: float
    cooling: float
    hot_water: float
    heating: float


BEFORE = Building(6_400, 3_900, 465, 58, 132)
AFTER = Building(5_650, 3_500, 318, 55, 97)  # LED lamps, new chillers and pumps, condensing boilers


def main() -> None:
    """Write the files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    temperatures = ["time,degC"]
    means: dict[dt.date, float] = {}
    for moment, value in _weather(rng):
        temperatures.append(f"{moment.isoformat()},{value:.1f}")
        means[moment.date()] = means.get(moment.date(), 0) + value / 24
    electricity, gas = ["day,kwh"], ["time,nm3"]
    register = float(REGISTER_NM3)
    for day, mean in means.items():
        if day.day == 1:
            gas.append(f"{_midnight(day).isoformat()},{register:.0f}")
        kwh, nm3 = used(building_on(day), day, mean)
        electricity.append(f"{_midnight(day).isoformat()},{kwh * rng.gauss(1, 0.03) + server_room(day):.1f}")
        register += nm3 * rng.gauss(1, 0.04)
    gas.append(f"{_midnight(LAST + dt.timedelta(days=1)).isoformat()},{register:.0f}")
    _write("server_room_register.csv", ["time,kwh", *_server_room_register()])
    _write(
        "static_factors.csv",
        ["month,change,gas_adjustment_nm3", *(f"{LAST.year}-{month:02d},none,0" for month in range(1, 13))],
    )
    _write("temperature.csv.gz", temperatures)
    _write("electricity.csv.gz", electricity)
    _write("gas_register.csv", gas)


def building_on(day: dt.date) -> Building:
    """Give the building of a day; the works take effect halfway."""
    if day < WORKS[0]:
        return BEFORE
    return AFTER if day > WORKS[1] else Building(*((vars(BEFORE)[key] + vars(AFTER)[key]) / 2 for key in vars(BEFORE)))


def used(building: Building, day: dt.date, mean: float) -> tuple[float, float]:
    """Give kWh and Nm3 of a day without chance: what depends on weather and weekday."""
    load = building.workday if day.weekday() < 5 else building.weekend
    kwh = load + building.cooling * max(mean - COOLING_FROM, 0)
    return kwh, building.hot_water + building.heating * max(HEATING_BELOW - mean, 0)


def server_room(day: dt.date) -> float:
    """Give what the server room adds to a day, in kWh."""
    return SERVER_ROOM[1] if day >= SERVER_ROOM[0] else 0


def _server_room_register() -> Iterator[str]:
    """Read the submeter at the beginning of every month of the last year, and at its end; it was new in December."""
    register, day = 0, dt.date(LAST.year, 1, 1)
    while day <= LAST + dt.timedelta(days=1):
        if day.day == 1:
            yield f"{_midnight(day).isoformat()},{register}"
        register += server_room(day)
        day += dt.timedelta(days=1)


def _weather(rng: random.Random) -> Iterator[tuple[dt.datetime, float]]:
    state, moment = 0.0, _midnight(FIRST)
    while moment < _midnight(LAST) + dt.timedelta(days=1):
        season = SEASON * math.cos(2 * math.pi * (moment.timetuple().tm_yday - WARMEST) / 365.25)
        state = PERSISTENCE * state + math.sqrt(1 - PERSISTENCE**2) * rng.gauss(0, WEATHER)
        yield moment, round(MEAN + season + DAILY * math.cos(2 * math.pi * (moment.hour - 15) / 24) + state, 1)
        moment += dt.timedelta(hours=1)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


def _write(name: str, lines: list[str]) -> None:
    content = ("\n".join(lines) + "\n").encode()
    (DATA / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)


if __name__ == "__main__":
    main()

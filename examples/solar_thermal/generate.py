"""Writes the invented data of this example: hourly meter readings, and fuel by month, of a solar tower.

Invents weather, operation and fuel use with a seeded generator. Measures nothing: no figure here is of a
real plant.

Direct irradiance of a clear sky follows the air mass, 1353 * 0.73^(AM^0.678) W/m2; clouds change from day to
day as a Markov chain. Heat of the receiver goes into molten salt; the turbine empties the salt tank, and in
winter waits for the evening peak.
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SEED = 20240101
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2025, 1, 1, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)

LATITUDE, SOLAR_DELAY = 36.4, (120 - 95.24) / 15  # degrees; hours that the sun is behind the clock
FIELD_M2, RECEIVER_LIMIT = 540_000, 255  # mirrors; MW of heat
OPTICAL, RECEIVER = 0.50, 0.84
GROSS, LEAST = 50, 15  # MW of the turbine, full and lowest load
CYCLE = 0.415  # heat to electricity
TANK = 7 * GROSS / CYCLE  # MWh of heat: seven hours of full load
OWN_USE, STANDBY, SALT_PUMPS, TRACING = 4.6, 0.9, 1.6, 1.1  # MW
OVERHAUL = (dt.date(2024, 10, 8), dt.date(2024, 10, 24))

CLEAR_DAYS = (0.60, 0.55, 0.50, 0.48, 0.46, 0.42, 0.42, 0.48, 0.52, 0.62, 0.64, 0.62)  # share, by month
SAME_SKY = 0.35  # chance that a day repeats the sky of the day before
WINTER = {11, 12, 1, 2, 3}
FUELS = (  # fuel, use, unit
    ("natural_gas", "启动锅炉", "10^4 Nm3"),
    ("natural_gas", "防凝加热炉", "10^4 Nm3"),
    ("diesel", "应急发电机", "t"),
    ("diesel", "镜面清洗车", "t"),
)


@dataclass
class Plant:
    """The state of the plant from hour to hour, and the days on which it burned gas."""

    tank: float = TANK / 2
    running: bool = False
    starts: list[int] = field(default_factory=lambda: [0] * 12)
    cold_days: list[int] = field(default_factory=lambda: [0] * 12)


def main() -> None:
    """Write both files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    plant = Plant()
    lines = ["时段开始,上网电量,下网电量"]
    for begins, irradiance, sky in _hours(rng):
        net = _operate(plant, begins, irradiance) + rng.gauss(0, 0.05)
        if begins.hour == 0 and sky == "overcast" and begins.month in WINTER:
            plant.cold_days[begins.month - 1] += 1
        lines.append(f"{begins.isoformat()},{max(net, 0):.3f},{max(-net, 0):.3f}")
    (DATA / "meter.csv.gz").write_bytes(gzip.compress(_content(lines), mtime=0))
    (DATA / "fuel.csv").write_bytes(_content(["月份,燃料,用途,数量,单位", *_fuel(rng, plant)]))


def _hours(rng: random.Random) -> Iterator[tuple[dt.datetime, float, str]]:
    """Go through the hours with their irradiance in W/m2 and the sky of the day."""
    sky, begins = "clear", FIRST
    while begins < LAST:
        clear = CLEAR_DAYS[begins.month - 1]
        if rng.random() > SAME_SKY:
            drawn = rng.random()
            sky = "clear" if drawn < clear else "broken" if drawn < clear + (1 - clear) * 0.6 else "overcast"
        day = {"clear": (0.90, 1.0), "broken": (0.35, 0.75), "overcast": (0.0, 0.12)}[sky]
        share = rng.uniform(*day)
        for hour in range(24):
            passing = rng.uniform(0.6, 1.3) if sky == "broken" else 1
            yield begins + hour * HOUR, min(share * passing, 1) * _clear_sky(begins, hour), sky
        begins += 24 * HOUR


def _clear_sky(day: dt.datetime, hour: int) -> float:
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day.timetuple().tm_yday) / 365)
    angle = math.radians(15 * (hour + 0.5 - SOLAR_DELAY - 12))
    latitude = math.radians(LATITUDE)
    height = math.sin(latitude) * math.sin(declination)
    height += math.cos(latitude) * math.cos(declination) * math.cos(angle)
    return 1353 * 0.73 ** ((1 / height) ** 0.678) if height > 0.08 else 0


def _operate(plant: Plant, begins: dt.datetime, irradiance: float) -> float:
    """Run the plant for an hour; give the net power in MW, negative when it draws from the grid."""
    winter = begins.month in WINTER
    standstill = STANDBY + (TRACING if winter else 0)
    if OVERHAUL[0] <= begins.date() <= OVERHAUL[1]:
        plant.running = False
        return -standstill
    heat = min(irradiance * FIELD_M2 * OPTICAL * RECEIVER / 1e6, RECEIVER_LIMIT) if irradiance > 280 else 0
    plant.tank = min(plant.tank * 0.9995 + heat, TANK + GROSS / CYCLE)
    pumps = SALT_PUMPS if heat else 0
    enough = plant.tank > 2 * GROSS / CYCLE
    wanted = begins.hour >= 15 or begins.hour < 6 if winter else begins.hour >= 10 or begins.hour < 6
    if not plant.running and enough and (wanted or plant.tank > 0.8 * TANK):
        plant.running = True
        plant.starts[begins.month - 1] += 1
    gross = min(GROSS, plant.tank * CYCLE)
    if plant.running and gross < LEAST:
        plant.running = False
    if not plant.running:
        return -standstill - pumps
    plant.tank -= gross / CYCLE
    return gross - OWN_USE - pumps


def _fuel(rng: random.Random, plant: Plant) -> Iterator[str]:
    for month in range(12):
        winter = month + 1 in WINTER
        amounts = (
            plant.starts[month] * rng.uniform(0.055, 0.075),
            plant.cold_days[month] * rng.uniform(0.8, 1.1) if winter else 0,
            rng.uniform(0.2, 0.5),
            rng.uniform(1.6, 3.4),
        )
        for (fuel, use, unit), amount in zip(FUELS, amounts, strict=True):
            yield f"2024-{month + 1:02d},{fuel},{use},{amount:.3f},{unit}"


def _content(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


if __name__ == "__main__":
    main()

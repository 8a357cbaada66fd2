"""Writes the invented data of this example: an oxidation unit on the ventilation air of a coal mine, for a year.

Invents the air of the mine and the operation of the unit with a seeded generator. Measures nothing: no figure
here is of a real mine.

The methane in the ventilation air follows the work of the mine, more on working days and in the day shift, and falls
when more air is blown. The unit, when it trips or is serviced, passes what it is fed unburned until its bed is hot again.
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20250103
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
HOURS = 8784
HOUR = dt.timedelta(hours=1)

FLOW = 356_000.0  # m3/h
METHANE = 0.47  # per cent
SERVICE = range(2520, 2712)  # hours of the year
TRIPS = 0.0011  # in an hour
LOST = range(4100, 4130)  # hours in which the outlet analyser was lost
POWER = 0.21  # of the heat of the oxidation becomes electricity
LOWER_HEATING_VALUE = 13.9  # kWh per kg of methane
COLUMNS = "时段开始,进口流量_m3h,进口甲烷_pct,出口甲烷_ppm,进口温度_C,进口压力_kPa,热气旁通_m3h,运行"


@dataclass
class Mine:
    """What runs on from hour to hour: noise of methane, and hours until the bed is hot again."""

    noise: float = 0.0
    cold: int = 0


def main() -> None:
    """Write both files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    mine = Mine()
    oxidised: list[float] = []
    lines = [COLUMNS, *_unit(rng, mine, oxidised)]
    meters = ["时段开始,供电_kWh,供热_GJ,用电_kWh", *_energy(rng, oxidised)]
    for name, text in (("oxidiser", lines), ("energy", meters)):
        (DATA / f"{name}.csv.gz").write_bytes(gzip.compress(("\n".join(text) + "\n").encode(), mtime=0))


def _unit(rng: random.Random, mine: Mine, oxidised: list[float]) -> Iterator[str]:
    for hour in range(HOURS):
        begins = FIRST + hour * HOUR
        air = 1 + 0.06 * math.sin(hour / 37) + rng.uniform(-0.02, 0.02)
        methane = _methane(rng, mine, begins) / air
        flow = FLOW * air * rng.uniform(0.985, 1.015)
        runs = _runs(rng, mine, hour)
        outlet = methane * 10_000 * (rng.uniform(0.016, 0.028) if runs else rng.uniform(0.96, 0.99))
        degrees = 17.5 + 5.5 * math.sin((hour - 2900) / HOURS * 2 * math.pi) + rng.uniform(-0.8, 0.8)
        oxidised.append(flow * methane / 100 * 0.62 * runs)
        shown = "" if hour in LOST else f"{outlet:.0f}"
        yield (
            f"{begins.isoformat()},{flow:.0f},{methane:.3f},{shown},{degrees:.1f},"
            f"{rng.uniform(88.6, 90.4):.1f},{flow * 0.055 * runs:.0f},{runs}"
        )


def _methane(rng: random.Random, mine: Mine, begins: dt.datetime) -> float:
    mine.noise = 0.96 * mine.noise + rng.gauss(0, 0.011)
    shift = 1.08 if 8 <= begins.hour < 16 else 0.97
    rest = 0.82 if begins.weekday() == 6 or (begins.month == 2 and 9 <= begins.day <= 18) else 1.0
    return max(METHANE * shift * rest + mine.noise, 0.12)


def _runs(rng: random.Random, mine: Mine, hour: int) -> int:
    if hour in SERVICE:
        mine.cold = 6
        return 0
    if mine.cold:
        mine.cold -= 1
        return 0
    if rng.random() < TRIPS:
        mine.cold = rng.randint(3, 30)
        return 0
    return 1


def _energy(rng: random.Random, oxidised: list[float]) -> Iterator[str]:
    for hour, burned in enumerate(oxidised):
        begins = FIRST + hour * HOUR
        heat = burned * LOWER_HEATING_VALUE
        wanted = 2.1 if begins.month in {11, 12, 1, 2, 3} else 0.35  # GJ in an hour, for the shafts and the baths
        supplied = min(wanted * rng.uniform(0.9, 1.1), heat * 0.0036 * 0.4)
        power = max(heat - supplied / 0.0036, 0) * POWER * rng.uniform(0.97, 1.0)
        yield f"{begins.isoformat()},{power:.0f},{supplied:.3f},{rng.uniform(430, 470) if burned else 90:.0f}"


if __name__ == "__main__":
    main()

"""Writes the invented data of this example: a flare minute by minute, and two gas engines hour by hour.

Invents the gas, its analyser and the operation with a seeded generator. Measures nothing: no figure here is of a
real landfill.

The engines take what they can and the flare burns the rest. A flare that goes out has gas until its valve shuts,
and burns cold after it is lit again. The analyser reads more and more too high until it is adjusted. The logger
of its gas meter and analyser wrote nothing for a day and a half.
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

SEED = 20230101
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2023, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)

COLUMNS = {
    "时间": "TIMESTAMPTZ",
    "燃气流量": "SMALLINT",
    "甲烷浓度": "DECIMAL(4, 1)",
    "火焰": "TINYINT",
    "排烟温度": "SMALLINT",
}
ENGINES = ("J-1", "J-2")
ENGINE_GAS = 545.0  # Nm3 of gas an hour at full load
KWH_PER_NM3_CH4 = 9.97 * 0.385  # heat of methane times the efficiency of the engine
DENSITY = 0.71568  # kg of methane in a Nm3
OWN_USE = 0.055  # of what is generated: blowers, cooling, auxiliaries
STANDBY_KWH = 46  # bought in an hour in which no engine runs
HOT, AMBIENT = 958.0, 60.0  # degrees C, of the exhaust gas of the flare
FLAME_OUTS = 0.9 / 1440  # chance of one in a minute
SHUTS_AFTER = 4  # minutes with gas and without flame
# The analyser was adjusted on the first day of the drift and then at its end.
DRIFT = (dt.datetime(2023, 4, 18, tzinfo=ZONE), dt.datetime(2023, 8, 22, 9, tzinfo=ZONE), 0.034)
LOGGER_FAILED = (dt.datetime(2023, 7, 14, 3, 20, tzinfo=ZONE), dt.datetime(2023, 7, 15, 15, 5, tzinfo=ZONE))
OVERHAULS = {
    "J-1": (dt.datetime(2023, 5, 8, 8, tzinfo=ZONE), dt.datetime(2023, 5, 16, 18, tzinfo=ZONE)),
    "J-2": (dt.datetime(2023, 10, 9, 8, tzinfo=ZONE), dt.datetime(2023, 10, 19, 16, tzinfo=ZONE)),
}


@dataclass
class Flare:
    """The state of the flare from one minute to the next."""

    temperature: float = HOT
    out: int = 0  # minutes left without flame
    since: int = 0  # minutes since the flame went out

    def minute(self, gas: float, rng: random.Random) -> tuple[int, bool, int]:
        """Give gas in Nm3/h, whether there is a flame, and the temperature of the exhaust gas."""
        if self.out == 0 and rng.random() < FLAME_OUTS:
            self.out, self.since = 3 + int(rng.expovariate(1 / 14)), 0
        burning = self.out == 0
        if not burning:
            self.out -= 1
            self.since += 1
        flows = gas if burning or self.since <= SHUTS_AFTER else 0.0
        target = HOT + 0.06 * (gas - 400) if burning else AMBIENT
        self.temperature += (target - self.temperature) * (0.16 if burning else 0.11)
        shown = self.temperature + rng.gauss(0, 2.2) if burning else self.temperature
        return round(flows), burning, round(shown)


def main() -> None:
    """Write the files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    flare = Flare()
    minutes: list[str] = []
    hours = ["小时开始,J-1燃气量_Nm3,J-2燃气量_Nm3,J-1运行,J-2运行,甲烷浓度_%"]
    power = ["小时开始,上网电量_kWh,下网电量_kWh"]
    captured: dict[str, float] = dict.fromkeys((f"2023-{month:02d}" for month in range(1, 13)), 0.0)
    tripped = dict.fromkeys(ENGINES, 0)
    for begins, collected, methane in _landfill(rng):
        loads = {engine: _load(engine, begins, tripped, rng) for engine in ENGINES}
        used = {engine: round(load * ENGINE_GAS) for engine, load in loads.items()}
        surplus = max(collected - sum(used.values()), 0.0)
        shown = []
        for number in range(60):
            at = begins + number * MINUTE
            gas, burning, temperature = flare.minute(surplus * rng.uniform(0.985, 1.015), rng)
            share = round((methane + rng.gauss(0, 0.05)) * (1 + _drift(at)), 1)
            shown.append(share)
            measured = "," if LOGGER_FAILED[0] <= at < LOGGER_FAILED[1] else f"{gas},{share}"
            minutes.append(f"{at.isoformat()},{measured},{burning:d},{temperature}")
        hours.append(
            f"{begins.isoformat()},{used['J-1']},{used['J-2']},{loads['J-1'] > 0.4:d},{loads['J-2'] > 0.4:d},"
            f"{sum(shown) / 60:.2f}"
        )
        captured[f"{begins:%Y-%m}"] += collected * sum(shown) / 6000 * DENSITY / 1000
        generated = sum(gas for engine, gas in used.items() if loads[engine] > 0.4) * methane / 100 * KWH_PER_NM3_CH4
        net = generated * (1 - OWN_USE)
        power.append(f"{begins.isoformat()},{round(net)},{0 if net else STANDBY_KWH}")
    _write_minutes(minutes)
    (DATA / "engines.csv.gz").write_bytes(gzip.compress(_content(hours), mtime=0))
    header = ["月份,甲烷_t", *(f"{month},{tonnes:.3f}" for month, tonnes in captured.items())]
    (DATA / "captured.csv").write_bytes(_content(header))
    (DATA / "electricity.csv.gz").write_bytes(gzip.compress(_content(power), mtime=0))


def _landfill(rng: random.Random) -> Iterator[tuple[dt.datetime, float, float]]:
    """Go through the hours with the gas collected in Nm3/h and its methane in percent."""
    begins, pressure, methane = FIRST, 0.0, 0.0
    while begins < LAST:
        day = (begins - FIRST).total_seconds() / 86400
        pressure = 0.985 * pressure + rng.gauss(0, 7)  # a falling barometer draws gas out
        methane = 0.98 * methane + rng.gauss(0, 0.16)
        season = math.cos((day - 205) / 365 * 2 * math.pi)
        yield begins, 1380 + 75 * season + pressure, 51.2 + 1.1 * season + methane
        begins += HOUR


def _load(engine: str, begins: dt.datetime, tripped: dict[str, int], rng: random.Random) -> float:
    """Give the share of full load; an engine that trips still draws a little gas in that hour."""
    if OVERHAULS[engine][0] <= begins < OVERHAULS[engine][1]:
        return 0.0
    if tripped[engine]:
        tripped[engine] -= 1
        return 0.0
    if rng.random() < 0.006:
        tripped[engine] = rng.randrange(1, 9)
        return rng.uniform(0.02, 0.2)
    return rng.uniform(0.93, 1.0)


def _drift(at: dt.datetime) -> float:
    """Give the error of the analyser, relative to what it should read."""
    begins, ends, error = DRIFT
    return error * ((at - begins) / (ends - begins)) if begins <= at < ends else 0.0


def _write_minutes(lines: list[str]) -> None:
    """Write one row a minute; neighbouring rows are alike, and Parquet stores them small."""
    text = DATA / "flare.csv"
    text.write_bytes(_content([",".join(COLUMNS), *lines]))
    with duckdb.connect() as store:
        store.read_csv(str(text), header=True, columns=COLUMNS).create("minutes")
        file = str(DATA / "flare.parquet")
        store.execute("COPY minutes TO $file (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)", {"file": file})
    text.unlink()


def _content(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


if __name__ == "__main__":
    main()

"""Writes the invented data of this example: line meters, generator registers and yearly records of a hydro plant.

Invents rain, reservoir and operation with a seeded generator. Measures nothing: no figure here is of a
real plant.

Inflow is a seasonal base flow with storms that recede exponentially. The reservoir is drawn down in the dry
season, when the plant runs at the peaks of the day, and fills in the monsoon, when it runs day and night and
the rest is spilled.
"""

import datetime as dt
import gzip
import random
from collections.abc import Iterator
from pathlib import Path

SEED = 20190101
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2019, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2020, 1, 1, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)

UNITS = {"1F": 20.0, "2F": 20.0, "3F": 30.0}  # MW; the third unit is the one that was added
REGISTERS_MWH = {"1F": 412_806, "2F": 398_154, "3F": 21_067}  # at the start of the year
HEAD, DRAWDOWN, EFFICIENCY = 84.0, 9.0, 0.885  # m at full level, m of the live storage
LIVE = 40.0  # 10^6 m3
FULL_KM2 = 6.4  # with the raised dam
BASE_FLOW = (15, 13, 12, 16, 28, 50, 68, 72, 60, 40, 26, 18)  # m3/s, January to December
STORMS = (0.01, 0.01, 0.02, 0.05, 0.10, 0.19, 0.24, 0.24, 0.17, 0.09, 0.03, 0.01)  # chance of one, by day
RECESSION = 0.985  # of a storm's flow, from hour to hour
PEAK_HOURS = {8, 9, 10, 11, 17, 18, 19, 20, 21}
OWN_USE_SHARE, OWN_USE_MW = 0.006, 0.21
LINE_EFFICIENCY = 0.9925  # main transformers and the line to the metering point

OVERHAUL = ("2F", dt.datetime(2019, 2, 11, 8, tzinfo=ZONE), dt.datetime(2019, 3, 6, 18, tzinfo=ZONE))
# The line was dead after a lightning stroke; the auxiliaries were fed through the standby line.
LINE_OUTAGE = (dt.datetime(2019, 7, 20, 15, tzinfo=ZONE), dt.datetime(2019, 7, 21, 4, tzinfo=ZONE))


def main() -> None:
    """Write the readings and the yearly records."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    lines = ["电能表,时段开始,上网kWh,下网kWh"]
    registers = dict.fromkeys(UNITS, 0.0) | {unit: float(mwh) for unit, mwh in REGISTERS_MWH.items()}
    totals = ["机组,时间,累计电量MWh", *_register_rows(registers, FIRST)]
    storage = 0.72 * LIVE
    for begins, inflow in _inflow(rng):
        wanted = _wanted(begins, inflow, storage)
        available = {unit: mw for unit, mw in UNITS.items() if not _stands_still(unit, begins)}
        outputs = _dispatch(wanted, available, rng)
        metres = HEAD - DRAWDOWN * (1 - storage / LIVE)
        released = sum(outputs.values()) / (9.81e-3 * metres * EFFICIENCY)
        storage = min(storage + (inflow - released) * 3600e-6, LIVE)
        if storage < 0:
            outputs, storage = dict.fromkeys(outputs, 0.0), storage + released * 3600e-6
        for unit, mw in outputs.items():
            registers[unit] += mw
        lines += _meter_rows(begins, sum(outputs.values()))
        if (begins + HOUR).hour == 0:
            totals += _register_rows(registers, begins + HOUR)
    plates = ["年份,机组,额定功率MW", *(f"{FIRST.year},{unit},{mw:.0f}" for unit, mw in UNITS.items())]
    (DATA / "name_plates.csv").write_bytes(_content(plates))
    (DATA / "reservoir.csv").write_bytes(_content(["年份,满库面积km2", f"{FIRST.year},{FULL_KM2}"]))
    (DATA / "line_meters.csv.gz").write_bytes(gzip.compress(_content(lines), mtime=0))
    (DATA / "generator_registers.csv.gz").write_bytes(gzip.compress(_content(totals), mtime=0))


def _inflow(rng: random.Random) -> Iterator[tuple[dt.datetime, float]]:
    """Go through the hours with the flow into the reservoir in m3/s."""
    begins, storm = FIRST, 0.0
    while begins < LAST:
        if begins.hour == 0 and rng.random() < STORMS[begins.month - 1]:
            storm += rng.expovariate(1 / 45)
        storm *= RECESSION
        yield begins, BASE_FLOW[begins.month - 1] * rng.uniform(0.94, 1.06) + storm
        begins += HOUR


def _wanted(begins: dt.datetime, inflow: float, storage: float) -> float:
    """Give the power in MW that the operator wants: more when the reservoir is full, and at the peaks."""
    filling = storage / LIVE
    mean = 9.81e-3 * HEAD * EFFICIENCY * inflow * (0.35 + 1.15 * filling)
    if filling > 0.9:
        return mean * 1.4
    return mean * (1.9 if begins.hour in PEAK_HOURS else 0.46)


def _stands_still(unit: str, begins: dt.datetime) -> bool:
    if LINE_OUTAGE[0] <= begins < LINE_OUTAGE[1]:
        return True
    return unit == OVERHAUL[0] and OVERHAUL[1] <= begins < OVERHAUL[2]


def _dispatch(wanted: float, available: dict[str, float], rng: random.Random) -> dict[str, float]:
    """Share the power among the units, the new one first; a unit runs at no less than 45 % of its capacity."""
    outputs: dict[str, float] = {}
    for unit, capacity in sorted(available.items(), reverse=True):
        output = min(wanted, capacity) * rng.uniform(0.99, 1.0)
        outputs[unit] = output if output >= 0.45 * capacity else 0.0
        wanted -= outputs[unit]
    return outputs


def _meter_rows(begins: dt.datetime, gross: float) -> Iterator[str]:
    """Write the revenue meter and, while the line is dead, the meter of the standby line."""
    own_use = OWN_USE_MW + OWN_USE_SHARE * gross
    net = (gross - own_use) * LINE_EFFICIENCY if gross > own_use else gross - own_use
    dead = LINE_OUTAGE[0] <= begins < LINE_OUTAGE[1]
    kwh = 0 if dead else round(net * 1000)
    yield f"110kV,{begins.isoformat()},{max(kwh, 0)},{max(-kwh, 0)}"
    yield f"10kV,{begins.isoformat()},0,{round(-net * 1000) if dead else 0}"


def _register_rows(registers: dict[str, float], moment: dt.datetime) -> list[str]:
    return [f"{unit},{moment.isoformat()},{mwh:.2f}" for unit, mwh in registers.items()]


def _content(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


if __name__ == "__main__":
    main()

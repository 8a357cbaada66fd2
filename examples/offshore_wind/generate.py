"""Writes the invented meter data of this example: hourly export, and import registers, of two lines.

Invents wind, repairs and outages with a seeded generator. Measures nothing: no figure here is of a
real plant.

Wind at hub height follows a Weibull distribution whose mean changes with the monsoon; its hours are tied
together by a first-order autoregressive normal process z, through v = scale * (-ln(1 - Phi(z)))^(1/shape).
"""

import datetime as dt
import gzip
import math
import random
from collections.abc import Iterator
from pathlib import Path

SEED = 300
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2023, 10, 1, tzinfo=ZONE)
LAST = dt.datetime(2025, 1, 1, tzinfo=ZONE)
HOUR = dt.timedelta(hours=1)

TURBINE_KW = 12_000
LINES = {"GX1": 12, "GX2": 13}  # export lines and the turbines on each: 300 MW
MEAN_SPEED = (9.3, 9.0, 8.4, 7.9, 7.6, 7.9, 7.6, 7.4, 8.0, 9.2, 9.5, 9.4)  # m/s, January to December
SHAPE = 2.3
PERSISTENCE = 0.95  # from one hour to the next: the weather turns within a day or two
CUT_IN, RATED, CUT_OUT = 3.0, 11.6, 25.0
WAKE = 0.92
ELECTRICAL = (0.960, 0.970)  # least and best efficiency from the turbines to the meters
FAILURE = 1 / 1700  # per turbine and hour
TURBINE_OWN_USE_KW, LINE_OWN_USE_KW = 35, 600

TYPHOON = dt.datetime(2024, 9, 5, 20, tzinfo=ZONE)
# The line stays live while its turbines stand still for work on the offshore substation.
STANDSTILL = ("GX1", dt.datetime(2024, 6, 11, 8, tzinfo=ZONE), dt.datetime(2024, 6, 14, 18, tzinfo=ZONE))
# Seven hours of the main meter of the second line were lost; its check meter went on.
LOST = ("GX2-M", dt.datetime(2024, 5, 18, 2, tzinfo=ZONE), dt.datetime(2024, 5, 18, 8, tzinfo=ZONE))
REGISTERS_KWH = {"GX1": 18_406, "GX2": 21_932}  # at the start of the first hour


def main() -> None:
    """Write both files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    exports, imports = ["meter,time,kwh"], ["meter,time,mwh"]
    registers = dict(REGISTERS_KWH)
    imports += [_register(line, FIRST, kwh) for line, kwh in registers.items()]
    out = {line: [0] * turbines for line, turbines in LINES.items()}  # hours until each turbine is repaired
    for begins, speed in _wind(rng):
        ends = begins + HOUR
        for line, repairs in out.items():
            gross = _power(speed * rng.gauss(1, 0.02)) * _available(rng, repairs, begins)
            if line == STANDSTILL[0] and STANDSTILL[1] <= begins < STANDSTILL[2]:
                gross = 0
            own_use = LINE_OWN_USE_KW + TURBINE_OWN_USE_KW * len(repairs)
            net = round(gross * rng.uniform(*ELECTRICAL) - own_use)
            exports += _export(rng, line, ends, max(net, 0))
            registers[line] += max(-net, 0)
            if not _is_lost(f"{line}-M", ends):
                imports.append(_register(line, ends, registers[line]))
    _write("export.csv.gz", exports)
    _write("import_registers.csv.gz", imports)


def _wind(rng: random.Random) -> Iterator[tuple[dt.datetime, float]]:
    state, begins = rng.gauss(0, 1), FIRST
    while begins < LAST:
        state = PERSISTENCE * state + math.sqrt(1 - PERSISTENCE**2) * rng.gauss(0, 1)
        exceeded = math.erfc(state / math.sqrt(2)) / 2
        scale = MEAN_SPEED[begins.month - 1] / math.gamma(1 + 1 / SHAPE)
        speed = scale * (-math.log(exceeded)) ** (1 / SHAPE)
        hours = (begins - TYPHOON) / HOUR
        yield begins, max(speed, 44 * math.exp(-((hours / 15) ** 2)))
        begins += HOUR


def _power(speed: float) -> float:
    """Give the power of one turbine of the farm in kW."""
    if speed < CUT_IN or speed >= CUT_OUT:
        return 0
    share = (speed**3 - CUT_IN**3) / (RATED**3 - CUT_IN**3)
    return TURBINE_KW * min(1.0, share * WAKE)


def _available(rng: random.Random, repairs: list[int], begins: dt.datetime) -> int:
    """Count the turbines that run in an hour; in the winter monsoon the sea delays repairs."""
    rough = begins.month in {10, 11, 12, 1, 2}
    for turbine, hours in enumerate(repairs):
        if hours:
            repairs[turbine] = hours - 1
        elif rng.random() < FAILURE:
            repairs[turbine] = rng.randint(24, 160 if rough else 80)
    return repairs.count(0)


def _export(rng: random.Random, line: str, ends: dt.datetime, kwh: int) -> Iterator[str]:
    if not _is_lost(f"{line}-M", ends):
        yield f"{line}-M,{ends.isoformat()},{kwh}"
    yield f"{line}-C,{ends.isoformat()},{round(kwh * rng.gauss(1.0004, 0.0002))}"


def _register(line: str, moment: dt.datetime, kwh: int) -> str:
    return f"{line}-M,{moment.isoformat()},{kwh // 1000}.{kwh % 1000:03d}"


def _is_lost(meter: str, stamp: dt.datetime) -> bool:
    return meter == LOST[0] and LOST[1] <= stamp <= LOST[2]


def _write(name: str, lines: list[str]) -> None:
    content = ("\n".join(lines) + "\n").encode()
    (DATA / name).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main()

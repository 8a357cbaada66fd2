"""Writes the invented data of this example: running hours, count and service of the fans and pumps of a textile mill.

Invents shifts, holidays, standby pumps and the reading of hour meters with a seeded generator. Measures
nothing: no figure here is of a real plant.

Ten motors run with the shifts of the mill, two circulation pumps take turns. Each has an hour meter that is
read by the control system at midnight, with a resolution of a tenth of an hour.
"""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

SEED = 20240701
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
LAST = dt.datetime(2025, 1, 1, tzinfo=ZONE)
DAY = dt.timedelta(days=1)

# motor, hours of a working day, of a Sunday, chance of a standstill that takes part of the day
MOTORS = (
    ("FAN01", 22.5, 16.0, 0.03),
    ("FAN02", 22.5, 16.0, 0.03),
    ("FAN03", 22.0, 12.0, 0.05),
    ("FAN04", 22.0, 12.0, 0.05),
    ("FAN05", 15.5, 0.0, 0.04),
    ("FAN06", 15.5, 0.0, 0.04),
    ("CWP01", 23.5, 20.0, 0.02),
    ("CWP02", 23.5, 20.0, 0.02),
    ("CHP01", 14.0, 4.0, 0.04),
    ("CHP02", 14.0, 4.0, 0.04),
)
TURNS = ("HWP01", "HWP02")  # one runs, the other stands by, changed every Monday
TURN_HOURS, TURN_SUNDAY = 23.0, 18.0
HOLIDAYS = ((dt.date(2024, 2, 8), dt.date(2024, 2, 17)), (dt.date(2024, 10, 1), dt.date(2024, 10, 4)))
SUMMER = {6, 7, 8, 9}  # chilled-water pumps run longer
DELIVERED = (912.00, 939.36)  # 10^6 m3 of air and water, in 2023 and 2024
LEAST_SHARE, SCATTER = 0.2, 0.4  # of a standstill; hours


def main() -> None:
    """Write the register readings, midnight before the first day and every midnight after, and the yearly records."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    registers = {motor: round(rng.uniform(800, 9000), 1) for motor in [*(row[0] for row in MOTORS), *TURNS]}
    lines = ["time,motor,hours"]
    lines += _readings(FIRST, registers)
    day = FIRST
    while day < LAST:
        for motor, hours in _hours(rng, day):
            registers[motor] = round(registers[motor] + hours, 1)
        day += DAY
        lines += _readings(day, registers)
    before, after = DELIVERED
    _write("hour_meters.csv", lines)
    _write("count.csv", ["year,motor,in_operation", *(f"{FIRST.year},{motor},1" for motor in registers)])
    _write(
        "service.csv",
        ["year,million_m3_2023,million_m3,ratio", f"{FIRST.year},{before:.2f},{after:.2f},{after / before:.2f}"],
    )


def _write(name: str, lines: list[str]) -> None:
    (DATA / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _readings(moment: dt.datetime, registers: dict[str, float]) -> list[str]:
    return [f"{moment.isoformat()},{motor},{value:.1f}" for motor, value in registers.items()]


def _hours(rng: random.Random, day: dt.datetime) -> Iterator[tuple[str, float]]:
    """Give the hours that each motor runs on a day."""
    closed = any(first <= day.date() <= last for first, last in HOLIDAYS)
    sunday = day.weekday() == 6
    for motor, working, idle_day, stops in MOTORS:
        hours = idle_day if sunday else working
        if motor.startswith("CHP"):
            hours = min(hours * 1.4, 23) if day.month in SUMMER else hours * 0.5
        if rng.random() < stops:
            hours *= rng.uniform(LEAST_SHARE, 1)
        yield motor, 0 if closed else _within_a_day(hours + rng.gauss(0, SCATTER) if hours else 0)
    active = day.isocalendar().week % 2
    for number, motor in enumerate(TURNS):
        hours = (TURN_SUNDAY if sunday else TURN_HOURS) if number == active and not closed else 0
        yield motor, _within_a_day(hours + rng.gauss(0, SCATTER) if hours else 0)


def _within_a_day(hours: float) -> float:
    return min(max(hours, 0), 24)


if __name__ == "__main__":
    main()

"""Writes the invented data of this example: daily flows of a chain from a cement works to a saline aquifer, for a year.

Invents the operation of the chain with a seeded generator. Measures nothing: no figure here is of a real plant.

Masses of the stream are whole kilogrammes, and every kilogramme that enters leaves, stays in the line or is injected, so
the carbon of the chain closes exactly. Real meters do not do that.
"""

import datetime as dt
import gzip
import random
from decimal import Decimal
from pathlib import Path

SEED = 20250611
DATA = Path(__file__).parent / "data"
FIRST = dt.date(2024, 1, 1)
DAYS = 366

FULL = 300_000  # kg of the stream in a day of full operation
SERVICE = range(196, 214)  # days of the year
TRIPS = 0.02  # in a day
ROAD = 0.08  # of the stream goes by truck
FRACTION = (Decimal("0.9952"), Decimal("0.9948"), Decimal("0.9955"), Decimal("0.9950"))  # CO2 by mass, by quarter
METERS = ("M-01", "M-02", "W-01", "M-03")
STREAMS = ["日期", "捕集_t", "管道交接_t", "槽车装车_t", "槽车卸车_t", "注入_t"]
ENERGY = ["日期", "捕集用电_kWh", "压缩用电_kWh", "泵站用电_kWh", "注入监测用电_kWh", "蒸汽_GJ"]
EVENTS = ["年", "日期", "捕集端放空_t", "槽车蒸发_t", "场址放空_t", "设备泄漏_t", "存量增加_t"]


def main() -> None:
    """Write all files."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    streams, energy, events = [STREAMS], [ENERGY], [EVENTS]
    line = 0
    for number in range(DAYS):
        day = FIRST + dt.timedelta(days=number)
        captured = _captured(rng, number)
        vented = rng.randint(2_000, 9_000) if captured and rng.random() < TRIPS else 0
        loaded = round((captured - vented) * ROAD * rng.uniform(0.8, 1.2))
        boiled = round(loaded * rng.uniform(0.002, 0.006))
        stock = rng.randint(-1_500, 1_600) if captured else -min(line, 4_000)
        line += stock
        delivered = captured - vented - loaded - stock
        released = rng.randint(200, 1_500) if captured and rng.random() < TRIPS else 0
        leaked = rng.randint(3, 9)
        injected = delivered + loaded - boiled - released
        streams.append(
            [str(day), *(_tonnes(mass) for mass in (captured, delivered, loaded, loaded - boiled, injected))]
        )
        energy.append([str(day), *_energy(rng, captured, delivered, injected)])
        share = FRACTION[(day.month - 1) // 3]
        masses = (Decimal(mass) / 1000 * share for mass in (vented, boiled, released, leaked, stock))
        events.append([str(day.year), str(day), *map(str, masses)])
    _write_packed("streams", streams)
    _write_packed("energy", energy)
    _write_packed("events", events)
    rows = [[f"2024-{month:02d}", meter, str(FRACTION[(month - 1) // 3])] for month in range(1, 13) for meter in METERS]
    _write("concentration", [["月份", "流量计", "质量分数"], *rows])
    solvent = [[f"2024-{month:02d}", f"{rng.uniform(6.5, 11):.2f}"] for month in range(1, 13)]
    _write("solvent", [["月份", "溶剂补充_t"], *solvent])


def _captured(rng: random.Random, number: int) -> int:
    if number in SERVICE:
        return 0
    return round(FULL * rng.uniform(0.86, 1.0))


def _energy(rng: random.Random, captured: int, delivered: int, injected: int) -> list[str]:
    power = ((captured, 62, 900), (captured, 96, 300), (delivered, 4.2, 150), (injected, 9.5, 700))
    used = [f"{mass / 1000 * rate * rng.uniform(0.97, 1.03) + standing:.0f}" for mass, rate, standing in power]
    return [*used, f"{captured / 1000 * 2.45 * rng.uniform(0.97, 1.04):.2f}"]


def _tonnes(kilogrammes: int) -> str:
    return str(Decimal(kilogrammes) / 1000)


def _text(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def _write(name: str, rows: list[list[str]]) -> None:
    (DATA / f"{name}.csv").write_text(_text(rows), encoding="utf-8")


def _write_packed(name: str, rows: list[list[str]]) -> None:
    (DATA / f"{name}.csv.gz").write_bytes(gzip.compress(_text(rows).encode(), mtime=0))


if __name__ == "__main__":
    main()

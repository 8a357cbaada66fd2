"""Writes the invented data of this example: a hydrogen shaft furnace with an electric arc furnace, for a year.

Invents production, hydrogen, power and materials with a seeded generator, by the day and by the month. Measures
nothing: no figure here is of a real plant.

Steel follows the furnace, which stands for repairs in October. Hydrogen does three fifths of the reduction and natural
gas the rest. Wind and sun by direct wire feed the electrolysers when they blow and shine, what is left goes to the gas heater, and the grid does the rest.
"""

import datetime as dt
import math
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

SEED = 20250307
DATA = Path(__file__).parent / "data"
ZONE = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2024, 1, 1, tzinfo=ZONE)
DAYS = 366
REPAIR = range(279, 293)  # days of the year
LOST = range(131, 134)  # days in which the meter of the grid's electrolysis was lost

STEEL = 1720.0  # t in a day
SCRAP_SHARE = 0.2
METALLISATION = 0.94
HYDROGEN_SHARE = 0.6
STOICHIOMETRIC = 0.05415  # t of hydrogen per t of iron
BYPRODUCT = 19.0  # t of hydrogen in a day
ELECTROLYSIS = 53.5  # MWh per t of hydrogen
GAS_FOR_IRON = 118.0  # Nm3 of natural gas per t of iron from ore
DIVERTED = 7050.0  # Nm3 of coke oven gas per t of by-product hydrogen, net of the tail gas that is returned

DAILY = (
    "日期,粗钢_t,电解氢_t,副产氢_t,驰放氢_t,制氢直连_kWh,制氢电网_kWh,其他直连_kWh,其他电网_kWh,天然气_Nm3,分流煤气_Nm3"
)


@dataclass
class Month:
    """What the monthly ledgers follow."""

    steel: float = 0.0
    ore: float = 0.0


@dataclass
class Ledgers:
    """The lines of the monthly files, and the stocks that run on."""

    iron: list[str] = field(default_factory=lambda: ["月份,废钢含铁_t,矿石含铁_t"])
    materials: list[str] = field(default_factory=lambda: ["月份,物料,购入_t,月末库存_t"])
    carbon: list[str] = field(default_factory=lambda: ["月份,物料,含碳量"])
    gas: list[str] = field(default_factory=lambda: ["月份,气体,组分,体积分数"])
    heat: list[str] = field(default_factory=lambda: ["月份,焦炉煤气热值_MJ_Nm3"])
    sold: list[str] = field(default_factory=lambda: ["月份,产出,外售_t,含碳量"])
    bought: list[str] = field(default_factory=lambda: ["月份,中间产品,购入_t"])
    stocks: dict[str, float] = field(
        default_factory=lambda: {"charge_carbon": 620.0, "electrode": 110.0, "charcoal": 90.0}
    )


def main() -> None:
    """Write every file."""
    rng = random.Random(SEED)  # noqa: S311 (not a secret)
    months: dict[str, Month] = defaultdict(Month)
    daily = [DAILY, *(_day(rng, day, months) for day in range(DAYS))]
    ledgers = Ledgers()
    for name, month in months.items():
        _month(rng, name, month, ledgers)
    files = {
        "daily": daily,
        "iron": ledgers.iron,
        "materials": ledgers.materials,
        "carbon": ledgers.carbon,
        "natural_gas": ledgers.gas,
        "coke_oven_gas": ledgers.heat,
        "dust": ledgers.sold,
        "intermediates": ledgers.bought,
    }
    for name, lines in files.items():
        (DATA / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _day(rng: random.Random, day: int, months: dict[str, Month]) -> str:
    begins = FIRST + dt.timedelta(days=day)
    runs = 0.0 if day in REPAIR else rng.uniform(0.93, 1.04)
    steel = STEEL * runs
    ore = steel * (1 - SCRAP_SHARE) * 1.03 * rng.uniform(0.99, 1.01)
    months[begins.strftime("%Y-%m")].steel += round(steel, 1)
    months[begins.strftime("%Y-%m")].ore += ore
    needed = ore * METALLISATION * HYDROGEN_SHARE * STOICHIOMETRIC * rng.uniform(1.07, 1.13)
    byproduct = min(BYPRODUCT * rng.uniform(0.94, 1.03), needed) if runs else 0.0
    own = needed - byproduct
    power = own * ELECTROLYSIS * rng.uniform(0.985, 1.02)
    season = 0.62 + 0.12 * math.sin((day - 20) / 366 * 2 * math.pi)
    wind_and_sun = power * max(0.0, season + rng.gauss(0, 0.2))
    direct = min(power, wind_and_sun)
    heater = wind_and_sun - direct
    other = steel * rng.uniform(0.80, 0.84) + 96 - heater
    grid = "" if day in LOST else f"{(power - direct) * 1000:.0f}"
    gas = ore * GAS_FOR_IRON * rng.uniform(0.96, 1.04)
    return (
        f"{begins.isoformat()},{steel:.1f},{own:.3f},{byproduct:.3f},{needed * rng.uniform(0.025, 0.04):.3f},"
        f"{direct * 1000:.0f},{grid},{heater * 1000:.0f},{other * 1000:.0f},{gas:.0f},{byproduct * DIVERTED * rng.uniform(0.98, 1.02):.0f}"
    )


def _month(rng: random.Random, name: str, month: Month, ledgers: Ledgers) -> None:
    scrap = month.ore * SCRAP_SHARE / (1 - SCRAP_SHARE)
    ledgers.iron.append(f"{name},{scrap:.1f},{month.ore:.1f}")
    for material, rate in (("charge_carbon", 0.0105), ("electrode", 0.0016), ("charcoal", 0.0022)):
        used = month.steel * rate * rng.uniform(0.96, 1.04)
        bought = round(max(used + rng.uniform(-0.25, 0.25) * ledgers.stocks[material], 0.0), 1)
        ledgers.stocks[material] += bought - used
        ledgers.materials.append(f"{name},{material},{bought:.1f},{ledgers.stocks[material]:.1f}")
    ledgers.carbon.append(f"{name},charge_carbon,{rng.uniform(0.842, 0.868):.4f}")
    for component, share in (("ch4", 0.938), ("c2h6", 0.024), ("c3h8", 0.006), ("co2", 0.011)):
        ledgers.gas.append(f"{name},natural_gas,{component},{share * rng.uniform(0.99, 1.01):.5f}")
    ledgers.heat.append(f"{name},{rng.uniform(16.9, 17.6):.2f}")
    ledgers.sold.append(f"{name},dust,{month.steel * rng.uniform(0.011, 0.013):.1f},{rng.uniform(0.014, 0.019):.4f}")
    ledgers.bought.append(f"{name},pellets,{month.ore * rng.uniform(1.50, 1.53):.0f}")
    ledgers.bought.append(f"{name},lime,{month.steel * rng.uniform(0.046, 0.05):.0f}")


if __name__ == "__main__":
    main()

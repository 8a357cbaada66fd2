"""A small disclosure made by hand: what the outputs are tested with, without any computation before them."""

import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from tonne.engine.spec.models import Text
from tonne.esg.disclosure.facts import (
    Certificates,
    CreditAccount,
    Disclosure,
    Disposition,
    EntityFacts,
    Figure,
    Hit,
    InventoryLine,
    LegalEntity,
    Lineage,
    PlannedUse,
    ProjectFacts,
    ProjectYear,
    RemovalFacts,
    Retirement,
    Rule,
    TargetFacts,
)

ZERO = Decimal(0)
START, END = datetime.date(2024, 7, 1), datetime.date(2025, 6, 30)
DIGEST = "ab" * 32
PLANT = LegalEntity("plant", Text(zh="示例制造有限公司", en="Sample Manufacturing"), Decimal(1))
FARM = LegalEntity("farm", Text(zh="示例林业有限公司", en="Sample Forestry"), Decimal("0.4"))
LEDGER = Lineage("ledger", "ledger.csv", DIGEST, rows=(2, 3, 4), row_count=3)
NO_LEDGER = Hit(
    Rule.SOLD_03,
    "block",
    "motors",
    "项目已登记减排机制但未提供碳信用台账，其80吨是否已转让无法判定。",
    "The project is registered and there is no ledger: whether its 80 t were sold cannot be decided.",
    2024,
    Decimal(80),
)
OUTSIDE = Hit(
    Rule.BND_04,
    "move",
    "solar",
    "并网光伏减排量50.5吨发生在边界外，移列表T5。",
    "50.5 t of grid solar lie outside the boundary and stand in T5.",
    2024,
    Decimal("50.5"),
    "T5",
)


def text(zh: str, en: str | None = None) -> Text:
    return Text(zh=zh, en=en or zh)


def project(id_: str, name: Text, **changes) -> ProjectFacts:
    given: dict[str, Any] = {
        "owner": PLANT,
        "methodology": "composed_motor_retrofit",
        "methodology_title": text("电机改造", "Motor retrofit"),
        "methodology_digest": DIGEST,
        "scheme": "composed",
        "result_file": f"{id_}/result.json",
        "result_digest": DIGEST,
        "effect": "reduction",
        "boundary": "own",
        "scope": "1",
        "measure": "equipment_retrofit",
        "status": "verified",
        "verification": "V-1",
        "registration": None,
        "country": "CN",
        "user": None,
        "baseline": text("改造前三年平均", "Mean of three years before"),
        "investment": Decimal(1200),
        "invested": Decimal(1200),
        "currency": "CNY",
        "expected_per_year": Decimal(100),
        "gwp": None,
        "rounding": "floor, tCO2e",
        "removal": None,
        "open_findings": 0,
        "evidence": ("report.pdf",),
    }
    return ProjectFacts(id=id_, name=name, **(given | changes))


def year(id_: str, reduction: str, disposition: Disposition, vintage: int = 2024, **changes) -> ProjectYear:
    amount = Decimal(reduction)
    given: dict[str, Any] = {
        "start": START,
        "end": datetime.date(2024, 12, 31),
        "is_reported": True,
        "baseline": amount + 30,
        "project_emissions": Decimal(25),
        "leakage": Decimal(5),
        "reduction": amount,
        "verified": Decimal(0),
        "estimated": Decimal(0),
        "expected": Decimal(0),
        "reversals": Decimal(0),
        "share": Decimal(1),
        "hits": (),
        "lineage": (Lineage(id_, f"{id_}/result.json", DIGEST, (f"ER@{vintage}",)),),
    }
    return ProjectYear(project=id_, vintage=vintage, disposition=disposition, **(given | changes))


def where(**amounts) -> Disposition:
    reasons = amounts.pop("not_claimable", {})
    values = {name: Decimal(value) for name, value in amounts.items()}
    return Disposition(
        **values, not_claimable=MappingProxyType({name: Decimal(value) for name, value in reasons.items()})
    )


PROJECTS = (
    project("boiler", text("锅炉改造", "Boiler retrofit"), registration="CCER-001"),
    project("motors", text("电机系统改造", "Motors"), scope="2", registration="CCER-002"),
    project(
        "solar",
        text("并网光伏", "Grid solar"),
        boundary="outside",
        effect="avoided",
        scope=None,
        user=text("电网用户", "Users of the grid"),
    ),
    project(
        "forest",
        text("造林", "Afforestation"),
        owner=FARM,
        effect="removal",
        scope=None,
        boundary="own",
        removal=RemovalFacts("CO2", text("生物量", "biomass"), text("林木", "standing forest"), 40),
    ),
    project("pumps", text("水泵改造", "Pumps"), scope="2", status="monitored", verification=None),
    project("kiln", text("窑炉改造 <计划> & 更多", "Kiln <planned> & more"), status="ex_ante", verification=None),
)
YEARS = (
    year("boiler", "100", where(claimed_reduction=50, held=10, transferred=40), verified=Decimal(100)),
    year("boiler", "30", where(claimed_reduction=30), 2025, verified=Decimal(30)),
    year("boiler", "70", where(not_claimable={"other_period": 70}), 2023, verified=Decimal(70), is_reported=False),
    year("motors", "80", where(not_claimable={"undetermined": 80}), verified=Decimal(80), hits=(NO_LEDGER,)),
    year("solar", "50.5", where(not_claimable={"outside_boundary": "50.5"}), verified=Decimal("50.5"), hits=(OUTSIDE,)),
    year(
        "forest",
        "20",
        where(claimed_removal=8, not_claimable={"others_share": 12}),
        verified=Decimal(20),
        reversals=Decimal(2),
        share=Decimal("0.4"),
    ),
    year("pumps", "12.345", where(), estimated=Decimal("12.345")),
    year("kiln", "500", where(), expected=Decimal(500)),
)


def account(source: str, **amounts) -> CreditAccount:
    values = dict.fromkeys(
        ("held_at_start", "issued", "acquired", "transferred", "retired_own", "retired_for_others", "held_at_end"),
        Decimal(0),
    ) | {name: Decimal(value) for name, value in amounts.items()}
    own = source in {item.id for item in PROJECTS}
    return CreditAccount(
        source=source,
        project=source if own else None,
        name=text("锅炉改造", "Boiler retrofit") if own else text("外购信用", "Bought credits"),
        vintage=2024,
        registry="CCER",
        standard="CCER",
        methodology="CCER-01",
        country="CN",
        effect="reduction",
        registration="CCER-001",
        lineage=LEDGER,
        **values,
    )


def retirement(effect: str = "reduction", tonnes: int = 15, **changes) -> Retirement:
    given: dict[str, Any] = {
        "source": "bought",
        "project": None,
        "name": text("外购信用", "Bought credits"),
        "vintage": 2022,
        "registry": "Verra",
        "standard": "VCS",
        "methodology": "VM0007",
        "country": "PE",
        "effect": effect,
        "tonnes": Decimal(tonnes),
        "retired": Decimal(tonnes),
        "serials": ("A-1-15",),
        "serial_ranges": 1,
        "date": datetime.date(2025, 3, 1),
        "beneficiary": "plant",
        "purpose": "差旅排放",
        "corresponding_adjustment": None,
        "usable": True,
        "hits": (),
        "lineage": LEDGER,
    }
    return Retirement(**(given | changes))


def line(id_: str, scope: str, current: str, basis: str | None = None) -> InventoryLine:
    lineage = Lineage("entity", "entity.yaml", DIGEST)
    return InventoryLine(
        id_,
        scope,
        basis,
        current,
        "1 000",
        "tCO2e",
        text("排放因子法", "emission factors"),
        text("盘查报告", "GHG report"),
        True,
        (),
        lineage,
    )


def sample(**changes) -> Disclosure:
    """Make the disclosure, with other facts where asked for."""
    years = changes.get("years", YEARS)
    given: dict[str, Any] = {
        "entity": EntityFacts(
            text("示例集团", "Sample Group"),
            "529900T8BM49AURSDO55",
            "lei",
            START,
            END,
            "operational_control",
            (PLANT, FARM),
            "ar6",
            (),
            "entity.yaml",
            DIGEST,
        ),
        "projects": {item.id: item for item in PROJECTS},
        "years": YEARS,
        "accounts": (
            account("boiler", issued=50, transferred=40, held_at_end=10),
            account("bought", held_at_start=20, retired_own=20),
        ),
        "retirements": (retirement(), retirement("removal", 5, corresponding_adjustment=True)),
        "certificates": (Certificates("solar", "solar", 2024, Decimal(90), ZERO, Decimal(90), ZERO, ZERO, LEDGER),),
        "inventory": (
            line("s1", "1", "12,345.60"),
            line("s2l", "2", "4000", "location"),
            line("s2m", "2", "3 500.5", "market"),
            line("s3", "3", "99999999.123"),
        ),
        "targets": (
            TargetFacts(
                "cut30", text("总量减30%", "Gross −30 %"), "gross", None, 2020, 2030, "30", "%", Figure(Decimal(80)), ()
            ),
        ),
        "planned": (PlannedUse("bought", Decimal(7), datetime.date(2026, 12, 31), "reduction", "residual"),),
        "hits": tuple(hit for item in years for hit in item.hits),
        "ledger_file": "ledger.csv",
        "ledger_digest": DIGEST,
        "engine_version": "0.1.0",
        "made": "2026-01-01T00:00:00+00:00",
    }
    return Disclosure(**(given | changes))

import datetime
import itertools
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.esg.disclosure.group import REMOVAL, Group, result_data
from tonne.esg.disclosure.amounts import Number
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.mapping import mapping_ids
from tonne.esg.disclosure.tables import disclosure_tables

EFFECTS = ("reduction", "removal", "avoided")
YEARS = (2023, 2024)
TARGET = {"id": "t", "name": {"zh": "目标", "en": "t"}, "kind": "gross", "base_year": 2020, "target_year": 2030}
# Where the tonnes of a cell are claimed as the entity's own; what only tells of trade or of others is none.
CLAIMS = {"T1": "claimed", "T3": "tonnes", "T4": "claimed"}

# A failing group is written, read and decided for every try, so that shrinking it would take minutes.
QUICK = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)

steps = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from(["held", "transferred", "retired_own", "retired_partly", "retired_others", "unusable"]),
        st.dates(min_value=datetime.date(2024, 2, 1), max_value=datetime.date(2025, 12, 31)),
    ),
    max_size=6,
)
projects = st.lists(
    st.fixed_dictionaries(
        {
            "effect": st.sampled_from(EFFECTS),
            "owner": st.sampled_from(["works", "partly"]),
            "status": st.sampled_from(["verified", "verified", "monitored"]),
            "is_divisible": st.booleans(),
            "tonnes": st.tuples(st.integers(-20, 300), st.integers(0, 300)),
            "moves": st.tuples(steps, steps),
            "claimed_before": st.integers(0, 40),
            "gwp": st.sampled_from([None, "ar4", "ar5"]),
        }
    ),
    min_size=1,
    max_size=4,
)
years = st.sampled_from([("2024-01-01", "2024-12-31"), ("2023-07-01", "2024-06-30"), ("2024-04-01", "2025-03-31")])


def built(folder: Path, drawn: list[dict[str, Any]], year: tuple[str, str], has_ledger: bool) -> Group:
    """Write a group whose ledger is right by construction, whatever was drawn."""
    group = Group(folder, has_ledger=has_ledger)
    group.more["reporting_year"] = {"start": year[0], "end": year[1]}
    group.more["targets"] = [{**TARGET, "stated": "100"}]
    for number, item in enumerate(drawn):
        name = f"p{number}"
        months = {f"{of}-{month:02d}": str(month) for of in YEARS for month in range(1, 13)}
        series = {"EG": ("MWh", "month", months)}
        tonnes = dict(zip(YEARS, item["tonnes"], strict=True))
        entry = {"effect": item["effect"], "owner": item["owner"]}
        if item["effect"] == "removal":
            entry["removal"] = REMOVAL
        if item["is_divisible"]:
            entry["split_by"] = "EG"
        if item["status"] == "monitored":
            entry["confirmed"] = {"status": "monitored"}
        group.project(name, result_data(name, tonnes, series=series, gwp=item["gwp"]), **entry)
        if item["status"] == "verified" and has_ledger:
            serial = itertools.count(1)
            for vintage, moves in zip(YEARS, item["moves"], strict=True):
                room = max(0, tonnes[vintage])
                for amount, what, day in moves:
                    if amount > room:
                        continue
                    room -= amount
                    first = next(serial)
                    last = first + amount - 1
                    serial = itertools.count(last + 1)
                    group.moved("issued", name, first, last, vintage=vintage, date=f"{vintage + 1}-01-15")
                    _left(group, name, (first, last, vintage), what, max(str(day), f"{vintage + 1}-01-15"))
    return group


def _left(group: Group, name: str, lot: tuple[int, int, int], what: str, day: str) -> None:
    first, last, vintage = lot
    cells = {"vintage": vintage, "date": day}
    beneficiaries = {"retired_own": "works", "retired_partly": "partly", "retired_others": "someone", "unusable": ""}
    if what == "transferred":
        group.moved("transferred", name, first, last, **cells)
    elif what in beneficiaries:
        group.moved("retired", name, first, last, **cells, beneficiary=beneficiaries[what], purpose="use")


def claimed_in_tables(disclosure: Disclosure) -> dict[str, Decimal]:
    """Add up by project what the tables claim as the entity's own."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    tables = disclosure_tables(disclosure)
    for name, column in CLAIMS.items():
        if name not in tables:
            continue
        at = tables[name].position(column)
        for row in tables[name].rows:
            cell = row.cells[at]
            if isinstance(cell, Number) and cell.value is not None:
                found[row.key.split("/")[0]] += cell.value
    return found


@settings(QUICK, max_examples=60)
@given(projects, years, st.booleans())
def test_no_tonne_is_claimed_twice_and_none_is_lost(drawn, year, has_ledger):
    with tempfile.TemporaryDirectory() as folder:
        group = built(Path(folder), drawn, year, has_ledger)
        disclosure = group.disclose()
    issued: Counter[tuple[str, int]] = Counter()
    gone: Counter[tuple[str, int]] = Counter()
    for row in group.rows:
        key = (row["source"], row["vintage"])
        if row["movement"] == "issued":
            issued[key] += row["amount"]
        elif row["movement"] == "transferred" or row["beneficiary"] == "someone":
            gone[key] += row["amount"]
    for project, vintage, verified, where in disclosure.conservation():
        item = drawn[int(project[1:])]
        wanted = item["tonnes"][YEARS.index(vintage)] if item["status"] == "verified" else 0
        assert verified == where.total == wanted
        assert where.transferred + where.retired_for_others == gone[project, vintage]
        # What was issued can be claimed as a retired credit only, and the rest as a reduction only.
        assert where.claimed_reduction + where.claimed_removal <= max(0, wanted - issued[project, vintage])
    tables = claimed_in_tables(disclosure)
    for number, item in enumerate(drawn):
        whole = sum(max(0, tonnes) for tonnes in item["tonnes"]) if item["status"] == "verified" else 0
        sold = sum(amount for (project, _), amount in gone.items() if project == f"p{number}")
        assert tables[f"p{number}"] <= whole - sold
        if item["effect"] == "avoided":
            own = [found.tonnes for found in disclosure.retirements if found.source == f"p{number}"]
            assert tables[f"p{number}"] == sum(own)


@settings(QUICK, max_examples=25)
@given(projects)
def test_two_reporting_years_in_a_row_claim_no_tonne_twice(drawn):
    claimed: defaultdict[str, Decimal] = defaultdict(Decimal)
    with tempfile.TemporaryDirectory() as folder:
        for year in (("2022-07-01", "2023-06-30"), ("2023-07-01", "2024-06-30"), ("2024-07-01", "2025-06-30")):
            disclosure = built(Path(folder), drawn, year, has_ledger=True).disclose()
            for part in disclosure.reported:
                where = part.disposition
                claimed[part.project] += where.claimed_reduction + where.claimed_removal
            for item in disclosure.retirements:
                claimed[item.source] += item.tonnes
    for number, item in enumerate(drawn):
        if item["status"] == "verified" and all(tonnes >= 0 for tonnes in item["tonnes"]):
            assert claimed[f"p{number}"] <= sum(item["tonnes"])


@settings(QUICK, max_examples=25)
@given(projects, years)
def test_no_cell_of_a_framework_shows_more_than_is_claimed(drawn, year):
    positive = [{**item, "tonnes": tuple(map(abs, item["tonnes"]))} for item in drawn]
    with tempfile.TemporaryDirectory() as folder:
        disclosure = built(Path(folder), positive, year, has_ledger=True).disclose()
    most = {
        "reduction_claimed": sum((part.disposition.claimed_reduction for part in disclosure.reported), Decimal(0)),
        "credits_used": sum((item.tonnes for item in disclosure.retirements), Decimal(0)),
    }
    for framework in filled_frameworks(disclosure, disclosure_tables(disclosure), mapping_ids()):
        for cell in framework.cells:
            if cell.mapped.feeds in most and cell.number is not None and cell.number.value is not None:
                assert cell.number.value <= most[cell.mapped.feeds]

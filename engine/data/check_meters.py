"""Holds the amounts of main meters against those of their check meters, month by month.

Only readings of the same time are compared, so that a gap of one of the two is no difference. Composed: the two may
differ by the sum of their maximum permissible errors, relative to the main meter; where an error depends on the
load, the largest counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import duckdb

from tonne.engine import calendar
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.feeds import TAKEN
from tonne.engine.data.meters import MeterRegister
from tonne.engine.data.project import Feed
from tonne.engine.data.readings import LoadedReadings
from tonne.engine.data.store import Statements
from tonne.engine.findings import Finding, Severity
from tonne.engine.units import conversion, parse_unit


@dataclass(frozen=True)
class _Compared:
    """Two meters of one feed, each in the file that holds its readings."""

    feed: Feed
    main: tuple[LoadedReadings, str]
    check: tuple[LoadedReadings, str]
    limit: Fraction


@dataclass
class _Sums:
    main: Fraction = field(default=Fraction(0))
    check: Fraction = field(default=Fraction(0))


def compare_check_meters(
    store: duckdb.DuckDBPyConnection,
    register: MeterRegister,
    fed: Sequence[tuple[LoadedReadings, Feed]],
) -> list[Finding]:
    """Report the months in which a main and a check meter differ by more than their classes explain.

    Raises:
        UnitError: the readings of the two have units that do not fit.
    """
    findings = []
    for check, main in register.beside.items():
        limit = _limit(register, main, check)
        if limit is None or register.of(check)[0].meter.role != "check":
            continue
        for loaded, feed in fed:
            for other, beside in fed:
                if (feed.parameter, feed.take, feed.at, feed.by) == (
                    beside.parameter,
                    beside.take,
                    beside.at,
                    beside.by,
                ) and loaded.spec.value.reads == other.spec.value.reads:
                    found = _differences(store, _Compared(feed, (loaded, main), (other, check), limit))
                    findings += found
    return findings


def _limit(register: MeterRegister, main: str, check: str) -> Fraction | None:
    """Add up the maximum permissible errors of two meters; None when one is not stated."""
    total = Fraction(0)
    for label in (main, check):
        steps = [step.mpe for device in register.of(label) for step in device.permissible]
        if not steps:
            return None
        total += max(steps)
    return total


def _differences(store: duckdb.DuckDBPyConnection, compared: _Compared) -> list[Finding]:
    sums = _sums(store, compared)
    months = [
        (calendar.label("month", number), of, share)
        for number, of in sorted(sums.items())
        if (share := _share(of)) is None or share > compared.limit
    ]
    if not months:
        return []
    (loaded, main), (other, check) = compared.main, compared.check
    month, of, share = max(months, key=lambda entry: Fraction(10**9) if entry[2] is None else entry[2])
    limit, unit = _percent(compared.limit), loaded.spec.value.unit
    shown = "—" if share is None else _percent(share)
    return [
        Finding(
            "meter.check_differs",
            Severity.CLARIFICATION,
            f"主表{main}与校核表{check}（参数{compared.feed.parameter}）有{len(months)}个月的相对差值超过两表最大允许误差之和"
            f"{limit}（判定规则为自行构建）；最大的是{month}：{exact_text(of.main)}与{exact_text(of.check)} {unit}，"
            f"相差{shown}。请查明原因，必要时安排校准。",
            f"Main meter {main} and check meter {check} ({compared.feed.parameter}) differ in {len(months)} month(s) by more "
            f"than the sum of their maximum permissible errors, {limit} (a composed rule); most in {month}: "
            f"{exact_text(of.main)} and {exact_text(of.check)} {unit}, {shown}. Please find the cause, and calibrate if needed.",
            {
                "parameter": compared.feed.parameter,
                "meter": main,
                "check_meter": check,
                "limit": limit,
                "unit": unit,
                "months": [
                    {
                        "month": label,
                        "main": exact_text(each.main),
                        "check": exact_text(each.check),
                        "difference": None if part is None else _percent(part),
                    }
                    for label, each, part in months
                ],
                "files": list(dict.fromkeys([loaded.facts.shown, other.facts.shown])),
            },
            loaded.place,
        )
    ]


def _share(of: _Sums) -> Fraction | None:
    """Give the relative difference; None when the main meter counted nothing and the other something."""
    if of.main == 0:
        return None if of.check else Fraction(0)
    return abs(of.main - of.check) / abs(of.main)


def _percent(share: Fraction) -> str:
    return f"{exact_text(round(share * 100, 4))} %"


def _sums(store: duckdb.DuckDBPyConnection, compared: _Compared) -> Mapping[int, _Sums]:
    (loaded, main), (other, check) = compared.main, compared.check
    members = "".join(f", l{loaded.labels.index(column)}" for column in compared.feed.by.values())
    others = "".join(f", l{other.labels.index(column)}" for column in compared.feed.by.values())
    taken = TAKEN[compared.feed.take]
    part = "SELECT begins, ends, {taken} AS taken{members} FROM {table} WHERE meter = ? AND substituted IS NULL"
    factor, offset = conversion(
        parse_unit(other.spec.value.unit, other.unit_place), parse_unit(loaded.spec.value.unit, loaded.unit_place)
    )
    sql = Statements(store, {})
    one = sql.fill(part, taken=taken, members=members, table=loaded.table)
    two = sql.fill(part, taken=taken, members=others, table=other.table)
    rows = sql.ask(
        "SELECT {month} AS month, {span} AS span, count(*), sum(main.taken), sum(beside.taken) FROM ({one}) AS main "
        "JOIN ({two}) AS beside ON {same} GROUP BY ALL",
        main,
        check,
        month=loaded.time.number("month", "main.begins"),
        span="main.ends - main.begins" if loaded.spec.value.reads == "average" else "1",
        one=one,
        two=two,
        same=" AND ".join(
            f"main.{left} = beside.{right}"
            for left, right in zip(
                ("begins", "ends", *members.split(", ")[1:]), ("begins", "ends", *others.split(", ")[1:]), strict=True
            )
        ),
    )
    found: dict[int, _Sums] = {}
    hour = 3_600_000_000
    for month, span, count, amount, other_amount in rows:
        of = found.setdefault(month, _Sums())
        length = Fraction(span, hour) if loaded.spec.value.reads == "average" else Fraction(1)
        of.main += Fraction(amount) * length
        of.check += (Fraction(other_amount) * factor + offset * count) * length
    return found

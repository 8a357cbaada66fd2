"""Proposes the `readings:` of a project file for a file that was looked at; it loads as it is.

What a file cannot say is proposed all the same, with a comment, and listed: a human decides it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tonne.engine.data.preview import Preview
from tonne.engine.data.stamp_counts import Times

CHINA = "+08:00"
UNDECIDED = "PARAMETER"

_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff./]*|\d+ [a-z]+")
_NAMES = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_AMBIGUOUS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


@dataclass(frozen=True)
class Proposal:
    """The mapping as YAML, and what a human must decide."""

    yaml: str
    decisions: tuple[str, ...]


def propose(found: Preview, file: str, parameter: str | None = None, unit: str | None = None) -> Proposal:
    """Propose how the project describes a file.

    Args:
        found: what the file seems to be.
        file: its name relative to the project.
        parameter: the parameter that it feeds, if one is known.
        unit: the unit of values where the file states none.
    """
    decisions: list[str] = []
    times = found.times
    time = _time(times, decisions)
    value, meter = _value(found, unit, decisions), _meter(found, decisions)
    entry: dict[str, object] = {"file": file}
    form = found.form.model_dump(exclude_defaults=True)
    entry |= {"form": form} if form else {}
    entry |= {"numbers": found.numbers.model_dump(exclude_defaults=True)} if found.numbers else {}
    entry |= {"time": time, "value": value, "meter": meter}
    entry["feeds"] = [{"parameter": parameter or UNDECIDED}]
    if len(found.sheets) > 1:
        decisions.append(f"sheet: one of {', '.join(found.sheets)}")
    which = "which parameter the readings feed, and " if parameter is None else ""
    decisions.append(f"feeds: {which}whether a sign tells the direction (`take: positive` or `negative`)")
    notes = {"time": "what part of the interval is stamped?", "value": "interval | average | register | state?"}
    lines = ["readings:", f"  {_entry_name(found)}:"]
    for key, part in entry.items():
        note = f"          # {notes[key]}" if key in notes else ""
        lines.append(f"    {key}: {flow(part)}{note}")
    return Proposal("\n".join(lines) + "\n", tuple(decisions))


def _time(times: Times | None, decisions: list[str]) -> dict[str, object]:
    if times is None:
        decisions.append("time: no column of dates was found; values by month and member belong under `records:`")
        return {"column": "TIME", "interval": "1 hour"}
    described: dict[str, object] = {"column": times.column}
    described |= {"clock": times.clock} if times.clock else {}
    described |= {"across": dict(times.across)} if times.across else {}
    at_end = times.across and "24:00" in times.across.values()
    described["marks"] = "end" if at_end else "start"
    described["interval"] = times.interval or "1 hour"
    if not at_end:
        decisions.append("time.marks: whether a stamp is the start or the end of its interval")
    if times.interval is None:
        decisions.append("time.interval: there are too few stamps to see it")
    if times.pattern:
        described["pattern"] = times.pattern
    if times.other_pattern:
        decisions.append(f"time.pattern: {times.pattern} and {times.other_pattern} fit alike; only a human knows")
    if not times.has_offset:
        described["zone"] = CHINA
        decisions.append(f"time.zone: the stamps have no offset; {CHINA} is that of China, `local` that of the project")
    if times.hour_24:
        described["hour_24"] = True
    return described


def _value(found: Preview, unit: str | None, decisions: list[str]) -> dict[str, object]:
    decisions.append("value.reads: an amount of the interval, a mean rate, the total of a register, or a state")
    if found.across:
        decisions.append("value.unit: the columns of times of day state none")
        return {"unit": unit or "1", "reads": "interval"}
    if not found.values:
        decisions.append("value.column: no column of numbers was found")
        return {"column": "VALUE", "unit": unit or "1", "reads": "interval"}
    first = found.values[0]
    stated = first.unit or unit or "1"
    if first.unit is None:
        decisions.append(f"value.unit: column {first.name} states none")
    if found.is_wide:
        return {"unit": stated, "reads": "interval"}
    if len(found.values) > 1:
        others = ", ".join(column.name for column in found.values[1:])
        decisions.append(f"value.column: {first.name}, or one of {others}; each needs an entry of its own")
    return {"column": first.name, "unit": stated, "reads": "interval"}


def _meter(found: Preview, decisions: list[str]) -> dict[str, object]:
    if found.meter is not None:
        return {"column": found.meter}
    if found.is_wide:
        decisions.append("meter.columns: which columns are meters that count, and their names; leave out totals")
        return {"columns": {column.name: column.name for column in found.values}}
    decisions.append("meter.name: the file names none")
    return {"name": "M1"}


def _entry_name(found: Preview) -> str:
    parts = _NAMES.findall(found.path.name.partition(".")[0])
    return "_".join(parts)[:40] or "readings"


def flow(value: object) -> str:
    """Write plain data as YAML on one line; texts that YAML could take for something else are quoted.

    >>> flow({"column": "时间", "rows": [2, 3], "zone": "+08:00"})
    '{column: 时间, rows: [2, 3], zone: "+08:00"}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _AMBIGUOUS
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)

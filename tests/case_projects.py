"""Writes the small projects of the telling cases: a template for each spec, overlays, and readings made by rule."""

import copy
import datetime
import shutil
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "telling_cases"


def merged(one: Any, other: Any) -> Any:
    """Lay one mapping over another; null removes a key."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return copy.deepcopy(other)
    found = {key: merged(one.get(key), value) for key, value in other.items() if value is not None}
    return {key: value for key, value in one.items() if key not in other} | found


def written(case: dict[str, Any], side: str, folder: Path) -> Path:
    """Write the project of a side of a case; gives its folder."""
    shutil.copytree(FOLDER / "specs", folder / "specs")
    spec = folder / "specs" / case["spec"] / "spec.yaml"
    text = spec.read_text(encoding="utf-8")
    for old, new in case.get("edits", {}).items():
        assert old in text
        text = text.replace(old, new)
    spec.write_text(text, encoding="utf-8")
    template = yaml.safe_load((FOLDER / "specs" / case["spec"] / "project.yaml").read_text(encoding="utf-8"))
    project = merged(merged(template["project"], case.get("project", {})), case[side])
    data = merged(merged(template["data"], case.get("data", {})), case.get(f"{side}_data", {}))
    place = folder / side
    place.mkdir()
    for name, content in data.items():
        (place / name).write_text(
            content if isinstance(content, str) else rows(content, project["monitoring_period"]), encoding="utf-8"
        )
    head = {
        "format": 1,
        "name": {"zh": "案例项目", "en": "Case"},
        "methodology": f"../specs/{case['spec']}",
        "time_zone": "Asia/Shanghai",
    }
    (place / "project.yaml").write_text(yaml.safe_dump(head | project, allow_unicode=True), encoding="utf-8")
    return place


def rows(content: dict[str, Any], period: dict[str, Any]) -> str:
    """Write daily readings of meters, or amounts by month, of a whole period."""
    if not isinstance(period["start"], datetime.date):
        return "time,meter,value\n"
    count = (period["end"] - period["start"]).days + 1
    days = [period["start"] + datetime.timedelta(days=number) for number in range(count)]
    if "months" in content:
        months = dict.fromkeys(f"{day:%Y-%m}" for day in days)
        return "\n".join(["month,value", *(f"{month},{content['months']}" for month in months), ""])
    without = content.get("without", [])
    lines = [
        f"{day}T00:00:00+08:00,{meter},{content.get('except', {}).get(meter, {}).get(day, value)}"
        for day in days
        for meter, value in content["meters"].items()
        if not any(meter == name and first <= day <= last for name, first, last in without)
    ]
    return "\n".join(["time,meter,value", *lines, ""])

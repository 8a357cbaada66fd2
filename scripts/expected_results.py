"""Recomputes every example and writes what the tests expect of it, `expected.json` beside its project file.

Run it after a change that is meant to change results, and read the difference before it is committed. It
judges nothing: that the numbers are right is shown by the independent calculations in tests/test_examples.py.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tonne.engine.result.result import Result
from tonne.engine.run import run

EXAMPLES = Path(__file__).parent.parent / "examples"
EXPECTED_FILE = "expected.json"
MOST_VALUES = 1000


def main() -> None:
    """Write the expected result of each example."""
    for project in sorted(EXAMPLES.glob("*/project.yaml")):
        expected = expected_result(run(project))
        text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
        (project.parent / EXPECTED_FILE).write_text(text, encoding="utf-8")
        print(f"{project.parent.name}: {expected['total']['reduction']} tCO2e")


def expected_result(result: Result) -> dict[str, Any]:
    """Give totals by year, the values of every equation but those by the hour, and how many findings there are of each code."""
    data = result.as_data()
    equations = {
        entry["id"]: entry["values"]
        for entry in data["quantities"]
        if entry["kind"] == "equation" and entry["values"] is not None and len(entry["values"]) <= MOST_VALUES
    }
    return {
        "methodology": data["methodology"]["id"],
        "years": data["years"],
        "total": data["total"],
        "equations": equations,
        "findings": dict(sorted(Counter(finding.code for finding in result.findings).items())),
    }


if __name__ == "__main__":
    main()

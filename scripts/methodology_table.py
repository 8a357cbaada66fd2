"""Writes the table of methodologies in methodologies/README.md; with --check, only compares."""

import sys
from pathlib import Path

from tonne.engine.spec.source import read_yaml
from tonne.listing import methodology_rows

README = Path(__file__).resolve().parent.parent / "methodologies" / "README.md"

HEAD = """# Methodologies

Made by `scripts/methodology_table.py`; edit the specs, not this table. The last column counts equations and defaults
by how well they are confirmed: *source-checked* was read in a public copy of the document, *secondary* comes from
someone else's copy, *expert-recall* must be confirmed against the official text, *composed* is our own construction.
The spec of each says it for every equation.

| id | title | category | scheme | source document | cases | evidence |
|---|---|---|---|---|---|---|
"""

PUBLISHED = """
## Published figures among the cases

A case with a published figure proves as much as its source publishes: *full calculation* when all inputs and the result
are published, *last step only* when inputs of earlier steps are not. All other cases are calculated by hand.

| methodology | case | proves | source |
|---|---|---|---|
"""


def published() -> str:
    """Write the table of the cases whose expected values were published."""
    lines = []
    for path in sorted(README.parent.glob("*/cases/good/*.yaml")):
        case = read_yaml(path).data
        if case["origin"] == "published":
            title = f"[{case['title']['en']}]({path.relative_to(README.parent)})"
            lines.append(f"| {path.parts[-4]} | {title} | {case['proves']} | {case['source']} |")
    return PUBLISHED + "\n".join(lines) + "\n"


def table() -> str:
    """Write the page."""
    lines = [
        f"| [{row['id']}]({row['id']}/README.md) | {row['title']['en']}<br>{row['title']['zh']} | {row['category'] or row['kind']} "
        f"| {row['scheme']} | {row['document']} | {row['cases']} | {row['evidence']} |"
        for row in methodology_rows()
    ]
    return HEAD + "\n".join(lines) + "\n" + published()


def main() -> None:
    """Write, or compare and end with 1 when the table is not current."""
    if "--check" in sys.argv:
        if README.read_text(encoding="utf-8") != table():
            sys.exit("methodologies/README.md is not current; run `uv run python scripts/methodology_table.py`")
    else:
        README.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()

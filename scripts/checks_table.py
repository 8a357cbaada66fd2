"""Writes the table of the 22 checks into docs/checks.md; with --check, only compares."""

import sys
from pathlib import Path

from tonne.engine.verification.checks import CHECKS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"
BEGIN = "<!-- made by scripts/checks_table.py -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """Write the table."""
    lines = ["| # | code | check | works on | findings | made in | stops the run |", "|--:|---|---|---|---|---|---|"]
    for check in CHECKS:
        cells = (
            str(check.number),
            f"**{check.code}**",
            f"{check.name.en}<br>{check.name.zh}",
            ", ".join(check.works_on),
            " ".join(f"`{code}`" for code in check.findings),
            " ".join(f"`{module}`" for module in check.made_in),
            check.refused or "–",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Put the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Write, or compare and end with 1 when the table is not current."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        if text != page(text):
            sys.exit("docs/checks.md is not current; run `uv run python scripts/checks_table.py`")
    else:
        PAGE.write_text(page(text), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes the headings of every outline with their evidence into docs/outlines.md; with --check, only compares."""

import sys
from pathlib import Path

from tonne.esg.outline import Outline, OutlineSection, load_outline, outline_ids

PAGE = Path(__file__).resolve().parent.parent / "docs" / "outlines.md"
BEGIN = "<!-- made by scripts/outline_tables.py -->\n"
END = "<!-- end -->\n"


def tables() -> str:
    """Write a table for each outline."""
    return "\n".join(_table(load_outline(name)) for name in outline_ids())


def _table(outline: Outline) -> str:
    form = f" Form: {outline.form.en}." if outline.form else ""
    about = f"Scheme: {outline.scheme}; stage: {outline.stage}; evidence: {outline.evidence}"
    lines = [
        f"### {outline.id}, version {outline.version}",
        "",
        f"{outline.title.zh} · {outline.title.en}. {about}.{form}",
        "",
        "| | 中文 | English | evidence | holds |",
        "|---|---|---|---|---|",
        *_rows(outline.sections, "", outline, 1),
    ]
    return "\n".join(lines) + "\n"


def _rows(sections: tuple[OutlineSection, ...], prefix: str, outline: Outline, level: int) -> list[str]:
    rows, count = [], 0
    for item in sections:
        count += item.numbered
        first = outline.numbering == "letters" and level == 1
        number = f"{prefix}{chr(ord('A') + count - 1) if first else count}" if item.numbered else ""
        held = f"`{item.block}`" if item.block else f"narrative `{item.text}`" if item.text else ""
        held = "a fixed sentence" if item.says else held
        held += "" if item.mandatory or item.sections else ", if any"
        rows.append(f"| {number} | {item.zh} | {item.en} | {item.evidence or outline.evidence} | {held} |")
        rows += _rows(item.sections, f"{number}." if number else "", outline, level + 1)
    return rows


def page(text: str) -> str:
    """Put the tables between their marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def main() -> None:
    """Write, or compare and end with 1 when the tables are not current."""
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        if text != page(text):
            sys.exit("docs/outlines.md is not current; run `uv run python scripts/outline_tables.py`")
    else:
        PAGE.write_text(page(text), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes a report as one self-contained page with both languages, in which each number shows where it comes from.

Needs no network: style, script, formulas and traces are inside. The languages are switched without the script.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tonne.esg.breaking import lines_of
from tonne.esg.document import LANGUAGES, Chart, Column, Formula, Phrase, Report, Table, TraceEntry
from tonne.esg.formula_graph import formula_graph
from tonne.esg.layout import printable
from tonne.esg.markup import mathml
from tonne.esg.numbers import Language
from tonne.esg.render import TEMPLATES, environment
from tonne.esg.svg import svg
from tonne.esg.wording import ORIGINS

LONGEST_LINE = 64  # characters of a formula as plain text
GRAPH = Phrase("公式图", "Formula graph")
WORDS = {
    "source": ("出处与证据", "Source and evidence"),
    "inputs": ("由下列数值得到：", "Made of:"),
    "more": ("另有{count}个数值，见values.parquet", "and {count} more, which are in values.parquet"),
    "others": ("同一量的其他数值：", "Other values of this quantity:"),
    "raw": ("在输出文件夹中查看原始读数：", "The raw readings, in the output folder:"),
    "back": ("返回", "Back"),
    "close": ("关闭", "Close"),
}


def write_page(report: Report, path: Path, own_style: str = "") -> None:
    """Write a report in both languages as one HTML file; a style of the user's own follows that of the package."""
    script = (TEMPLATES / "report.js").read_text("utf-8")
    style = (TEMPLATES / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    jinja = environment()
    jinja.filters |= {"said": _said, "clean": printable, "kind": _kind, "mathml": _mathml, "svg": _svg, "width": _width}
    text = jinja.get_template("report.html.j2").render(
        report=report,
        languages=LANGUAGES,
        graph=formula_graph(report.traces),
        graph_heading=GRAPH,
        style=Markup(style + own_style),  # noqa: S704 (the package's own file, and one without markup)
        script=Markup(script),  # noqa: S704 (the package's own file)
        script_hash=f"sha256-{digest}",
        traces=_data(report),
    )
    path.write_text(text, "utf-8", newline="\n")


def _said(phrase: Phrase, language: Language) -> str:
    return printable(phrase.said(language))


def _kind(item: object) -> str:
    return type(item).__name__


def _mathml(formula: Formula, language: Language) -> Markup:
    lines = lines_of(formula.said(language), LONGEST_LINE)
    return Markup("<br>".join(mathml(line) for line in lines))  # noqa: S704 (the writer escapes)


def _svg(chart: Chart, language: Language) -> Markup:
    return Markup(svg(chart.drawing, language, chart.alt.said(language), linked=True))  # noqa: S704 (the writer escapes)


def _width(table: Table, column: Column) -> str:
    return f"{100 * column.share / sum(other.share for other in table.columns):.4g}%"


def _data(report: Report) -> Markup:
    data = {"words": WORDS, "traces": {printable(entry.id): _trace(entry) for entry in report.traces.entries}}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # A script element ends at the first `</`, whatever stands around it.
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 (cannot leave its element)


def _trace(entry: TraceEntry) -> dict[str, Any]:
    return {
        "quantity": entry.quantity,
        "name": _pair(entry.name),
        "exact": entry.exact,
        "unit": _pair(entry.unit),
        "source": _pair(entry.source),
        "origin": [[_pair(label), _pair(text)] for label, text in entry.origin],
        "inputs": [[printable(figure.id), _pair(figure.text), _pair(figure.unit)] for figure in entry.inputs],
        "more": entry.left_out,
        "raw": any(label == ORIGINS["meter"] for label, _ in entry.origin),
    }


def _pair(phrase: Phrase) -> tuple[str, str]:
    return printable(phrase.zh), printable(phrase.en)

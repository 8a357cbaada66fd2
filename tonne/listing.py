"""Rows and lines that the command line prints."""

from collections.abc import Iterator
from typing import Any

from tonne.engine.check.checks import evidence_counts
from tonne.engine.result.result import Result, plain
from tonne.engine.result.trace import Trace
from tonne.engine.result.walk import readings_of
from tonne.engine.spec.catalogue import bundled, load_methodology, methodology_ids
from tonne.engine.spec.models import Cite
from tonne.engine.units import unit_label
from tonne.esg.linear import plain as plain_layout
from tonne.esg.meters import correction_words
from tonne.esg.numbers import exact_text, number_text
from tonne.esg.treatments import chosen, substituted
from tonne.esg.typeset import equation_layout


def methodology_rows() -> list[dict[str, Any]]:
    """Describe every bundled methodology and module."""
    return [_methodology_row(name) for name in methodology_ids()]


def _methodology_row(name: str) -> dict[str, Any]:
    methodology = load_methodology(name)
    spec = methodology.spec
    counts = {word: count for word, count in evidence_counts(methodology).items() if count}
    return {
        "id": name,
        "kind": spec.kind,
        "title": spec.title.model_dump(),
        "category": spec.category,
        "scheme": spec.scheme,
        "document": spec.source.document,
        "evidence": ", ".join(f"{word} {count}" for word, count in counts.items()),
        "cases": len(list((bundled().spec_path(name).parent / "cases" / "good").glob("*.yaml"))),
    }


def trace_data(trace: Trace) -> dict[str, Any]:
    """Give a trace as plain data."""
    return {
        "id": trace.id,
        "value": plain(trace.value),
        "unit": trace.unit,
        "place": trace.place,
        "cite": trace.cite.model_dump(exclude_none=True) if trace.cite else None,
        "origin": dict(trace.origin) if trace.origin is not None else None,
        "inputs": [trace_data(item) for item in trace.inputs],
    }


def trace_lines(result: Result, trace: Trace, readings: int = 0, indent: str = "") -> Iterator[str]:
    """Write a trace as an indented tree, each value once."""
    yield from _lines(result, trace, readings, indent, set())


def _lines(result: Result, trace: Trace, readings: int, indent: str, seen: set[str]) -> Iterator[str]:
    unit = unit_label(trace.unit)
    head = f"{indent}{trace.id} = {number_text(trace.value, trace.unit, digits=10, decimals=None)} {unit}".rstrip()
    if trace.id in seen:
        yield f"{head}  (shown above)"
        return
    seen.add(trace.id)
    yield f"{head}{_cited(trace.cite)}"
    step = result.plan.steps.get(trace.quantity)
    if step is not None and trace.quantity in seen:
        yield f"{indent}  exactly {plain(trace.value)}"
    elif step is not None:
        seen.add(trace.quantity)
        quantity = result.methodology.quantities[trace.quantity]
        formula = plain_layout(equation_layout(quantity, quantity.tree or step.tree, result.methodology, "en"))
        yield f"{indent}  {formula.replace(chr(10), chr(10) + indent + '  ')}"
        yield f"{indent}  exactly {plain(trace.value)}, {trace.place}"
    for line in _origin(trace):
        yield f"{indent}  {line}"
    if readings and trace.origin is not None and trace.origin.get("kind") == "readings":
        yield from (f"{indent}    {line}" for line in _reading_lines(result, trace, readings))
    for item in trace.inputs:
        yield from _lines(result, item, readings, indent + "    ", seen)


def _cited(cite: Cite | None) -> str:
    if cite is None:
        return ""
    parts = [
        f"section {cite.section}" if cite.section else "",
        f"equation ({cite.number})" if cite.number else "",
    ]
    told = ", ".join(part for part in parts if part)
    return f"  [{told}]" if told else ""


def _origin(trace: Trace) -> Iterator[str]:
    origin = trace.origin
    if not origin:
        return
    kind = origin.get("kind")
    if kind == "readings":
        yield f"readings of {origin.get('file')} ({origin.get('place')})"
        for source in origin.get("meters", []):
            yield f"meter {source['meter']}: {source['count']:,} readings, {source['first']} to {source['last']}, {source['amount']} {trace.unit}"
            yield from (f"  {correction_words(item).en}" for item in source.get("corrections", []))
    else:
        told = ", ".join(
            f"{key} {value}"
            for key, value in origin.items()
            if key not in {"kind", "cross_checks"} and value not in (None, "", [])
        )
        yield f"{kind}: {told}"
    yield from (f"substituted: {substituted(part).en}" for part in origin.get("substitutions", []))
    yield from (f"cross-check {chosen(check).en}" for check in origin.get("cross_checks", []))


def _reading_lines(result: Result, trace: Trace, limit: int) -> Iterator[str]:
    column = result.project.spec.readings[str((trace.origin or {})["readings"])].value
    for row in readings_of(result, trace, limit):
        difference = f" (difference to row {row.earlier})" if row.earlier else ""
        yield f"{row.file}:{row.row}: {row.meter} {row.time} {exact_text(row.value)} {column.unit}{difference}"

"""Compares `result.json` and `values.parquet` with a result computed anew, value by value."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.files import read_values
from tonne.engine.result.result import Result, plain
from tonne.esg.readback import Difference

# The clock, places, and what was answered to findings since; the digest is compared as a whole.
NOT_COMPARED = {"made", "digest", "path", "place", "replies", "status"}
CLOSE = Decimal("1e-15")  # of a stored number of double precision
SHOWN = 200


def stated_digest(path: Path) -> str:
    """Give the digest that a `result.json` states; ReportError if it cannot be read."""
    return str(_loaded(path)["digest"])


def result_differences(path: Path, result: Result) -> tuple[int, list[Difference]]:
    """List what a `result.json` says otherwise than the result; and count what was compared."""
    stated = _loaded(path)
    expected = json.loads(json.dumps(result.as_data(), ensure_ascii=False))
    leaves = list(_compared(expected, stated, ""))
    return len(leaves), [_differs(path, *leaf) for leaf in leaves if leaf[1] != leaf[2]]


def values_differences(path: Path, result: Result) -> tuple[int, list[Difference]]:
    """List the values of a `values.parquet` that are not those of the result; and count them."""
    found = read_values(path)
    expected = {
        result.label(name, index): value
        for name in (*result.plan.needed, *result.values)
        for index, value in result.values_of(name).items()
    }
    differences = []
    for id_, value in expected.items():
        number, exact = found.pop(id_, (None, None))
        if exact != plain(value):
            differences.append(_differs(path, id_, plain(value), exact))
        elif number is None or abs(Decimal(number) - value) > CLOSE * abs(value):
            differences.append(_differs(path, id_, str(float(value)), str(number)))
    for id_, (_, exact) in found.items():
        what = f"the file holds {id_}, which the result does not have"
        differences.append(
            Difference("document.number_unknown", id_, Problem(what, Place(str(path)), found=str(exact)))
        )
    return len(expected), differences


def _loaded(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and isinstance(data["digest"], str):
            return data
    except (OSError, ValueError, KeyError) as fault:
        raise ReportError(
            Problem("this is not a result that can be read", Place(str(path)), found=str(fault)[:SHOWN])
        ) from None
    raise ReportError(Problem("this is not a result that can be read", Place(str(path))))


def _compared(expected: Any, found: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    """Go through all that either says, by place; values of quantities by their ids."""
    if isinstance(expected, dict) and isinstance(found, dict):
        owner = expected.get("id") if "values" in expected else None
        for key in dict.fromkeys((*expected, *found)):
            if key in NOT_COMPARED:
                continue
            inner = f"{at}.{key}" if at else str(key)
            one, other = expected.get(key), found.get(key)
            if owner is not None and key == "values" and isinstance(one, dict) and isinstance(other, dict):
                yield from (
                    (str(owner) if label == "-" else f"{owner}@{label}", one.get(label), other.get(label))
                    for label in dict.fromkeys((*one, *other))
                )
            else:
                yield from _compared(one, other, inner)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            named = one.get("id") if isinstance(one, dict) else None
            yield from _compared(one, other, f"{at}[{named if isinstance(named, str) else number}]")
    else:
        yield at, expected, found


def _differs(path: Path, id_: str, expected: Any, found: Any) -> Difference:
    one, other = ("nothing" if value is None else str(value)[:SHOWN] for value in (expected, found))
    return Difference("document.number_differs", id_, Problem(f"{id_} differs", Place(str(path)), one, other))

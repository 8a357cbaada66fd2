"""Finds bounds that leave no value, and defaults that lie outside their own bounds.

Values that a project gives are compared with the bounds when they are read; this looks at the spec alone.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Bounds


def faulty_bounds(methodology: Methodology) -> list[Finding]:
    """Find parameters whose bounds exclude every value, or the value that the spec itself gives."""
    return [finding for quantity in methodology.quantities.values() for finding in _of(quantity)]


def _of(quantity: Quantity) -> Iterator[Finding]:
    spec = quantity.spec
    bounds = getattr(spec, "bounds", None)
    if bounds is None:
        return
    name, told = quantity.id, _words(bounds)
    if _is_empty(bounds):
        zh, en = (
            f"参数 {name} 的取值界限（{told}）不含任何数值",
            f"the bounds of parameter {name} leave no value ({told})",
        )
        yield Finding("bounds.empty", Severity.CORRECTIVE_ACTION, zh, en, {"quantity": name}, quantity.place)
        return
    for choice, value in ((None, quantity.parameter.value), *(quantity.parameter.by or {}).items()):
        if value is None or _holds(bounds, value):
            continue
        zh = (
            f"参数 {name} 的取值 {_written(value)}"
            + (f"（选项 {choice}）" if choice else " ")
            + f"超出其界限（{told}）"
        )
        en = (
            f"the value {_written(value)} of parameter {name}"
            + (f" for {choice}" if choice else "")
            + f" lies outside its own bounds ({told})"
        )
        yield Finding("bounds.value", Severity.CORRECTIVE_ACTION, zh, en, {"quantity": name}, quantity.place)


def _is_empty(bounds: Bounds) -> bool:
    low = max((limit for limit in (bounds.min, bounds.above) if limit is not None), default=None)
    high = min((limit for limit in (bounds.max, bounds.below) if limit is not None), default=None)
    return low is not None and high is not None and (low > high or (low == high and not _holds(bounds, low)))


def _holds(bounds: Bounds, value: Fraction) -> bool:
    return (
        (bounds.min is None or value >= bounds.min)
        and (bounds.max is None or value <= bounds.max)
        and (bounds.above is None or value > bounds.above)
        and (bounds.below is None or value < bounds.below)
    )


def _words(bounds: Bounds) -> str:
    limits = (("≥", bounds.min), (">", bounds.above), ("≤", bounds.max), ("<", bounds.below))
    return ", ".join(f"{sign} {_written(limit)}" for sign, limit in limits if limit is not None)


def _written(value: Fraction) -> str:
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{decimal.normalize():f}" if Fraction(decimal) == value and abs(decimal.adjusted()) < 20 else str(value)

"""Writes reductions as aggregate functions that depend neither on order nor on threads.

Sums are taken over whole numbers of 2**-72; where something may be NULL, one NULL makes the whole NULL.
"""

from sqlglot import exp

from tonne.engine.compute.lower import literal, nothing

GRID = 2.0**72  # exact for |x| >= 2**-20, total error below 2**-73 per value, totals up to 2**55


def exact_sum(value: exp.Expr) -> exp.Expr:
    """Add up whole multiples of 2**-72, so that neither order nor threads change the result."""
    scaled = exp.cast(exp.Mul(this=exp.paren(value), expression=literal(GRID)), exp.DataType.Type.INT128)
    return exp.Mul(this=exp.cast(exp.Sum(this=scaled), exp.DataType.Type.DOUBLE), expression=literal(1 / GRID))


def aggregate(function: str, value: exp.Expr, condition: exp.Expr | None, strict: bool) -> exp.Expr:
    """Lower a reduction; when something may be NULL, one NULL makes the whole NULL."""
    taken = exp.Case().when(condition.copy(), value.copy()) if condition is not None else value.copy()
    summed = exact_sum(taken)
    number = exp.func("NULLIF", exp.Count(this=taken.copy()), exp.Literal.number(0))
    results: dict[str, exp.Expr] = {
        "sum": exp.Coalesce(this=summed, expressions=[literal(0)]),
        "mean": exp.Div(this=summed, expression=number, typed=False, safe=False),
        "minimum": exp.Add(this=exp.Min(this=taken), expression=literal(0)),  # of 0.0 and -0.0 either may come
        "maximum": exp.Add(this=exp.Max(this=taken), expression=literal(0)),
    }
    return _whole(results[function], value, condition) if strict else results[function]


def count(value: exp.Expr | None, condition: exp.Expr | None, strict: bool) -> exp.Expr:
    """Count where a condition and a value that is a condition hold."""
    tests = [part.copy() for part in (condition, value) if part is not None]
    if not tests:
        return exp.cast(exp.Count(this=exp.Star()), exp.DataType.Type.DOUBLE)
    held = exp.Case().when(exp.and_(*tests), exp.Literal.number(1))
    counted = exp.cast(exp.Count(this=held), exp.DataType.Type.DOUBLE)
    return _whole(counted, value, condition) if strict else counted


def _whole(result: exp.Expr, value: exp.Expr | None, condition: exp.Expr | None) -> exp.Expr:
    """Give a reduction no value when a condition is not known, or where it holds a value is missing."""
    if condition is None and value is not None:  # counting a column is cheaper than testing it
        lacks = exp.LT(this=exp.Count(this=value.copy()), expression=exp.Count(this=exp.Star()))
        return exp.Case().when(lacks, nothing()).else_(result)
    missing: list[exp.Expr] = []
    if condition is not None:
        missing.append(exp.Is(this=exp.paren(condition.copy()), expression=exp.null()))
    if value is not None:
        lacking: exp.Expr = exp.Is(this=exp.paren(value.copy()), expression=exp.null())
        missing.append(exp.and_(condition.copy(), lacking) if condition is not None else lacking)
    lacked = exp.Count(this=exp.Case().when(exp.or_(*missing), exp.Literal.number(1)))
    return exp.Case().when(exp.GT(this=lacked, expression=exp.Literal.number(0)), nothing()).else_(result)

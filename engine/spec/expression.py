"""Formula text to formula tree by a grammar with a whitelist; nothing is ever evaluated from text."""

import functools
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files
from typing import Any

import lark

from tonne.engine.errors import FormulaError, Place, Problem, listing, nearest
from tonne.engine.spec.tree import (
    Arithmetic,
    Call,
    Compare,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Previous,
    Reduce,
    depth,
    walk,
)

SCALAR_FUNCTIONS = {"min": (2, 20), "max": (2, 20), "abs": (1, 1), "exp": (1, 1), "log": (1, 1), "sqrt": (1, 1),
                    "floor": (1, 1), "ceil": (1, 1), "round": (1, 1)}  # fmt: skip
REDUCTIONS = ("sum", "mean", "minimum", "maximum", "count", "stdev")
FUNCTIONS = (*SCALAR_FUNCTIONS, *REDUCTIONS, "prev")

Locate = Callable[[int], Place]

MAX_LENGTH = 4000
MAX_DEPTH = 80
MAX_NODES = 1500
MAX_EXPONENT = 64
MAX_NUMBER_LENGTH = 40
MAX_TEN_EXPONENT = 60

_TERMINALS = {
    "NUMBER": "a number", "NAME": "a name", "LPAR": "'('", "RPAR": "')'", "LSQB": "'['", "RSQB": "']'",
    "COMMA": "','", "EQUAL": "'='", "SIGN": "+ or -", "SCALE": "* or /", "POWER": "**", "AND": "and", "OR": "or",
    "NOT": "not", "COMPARISON": "a comparison", "KEYWORD": "over= or where=", "$END": "the end",
}  # fmt: skip


class _Refused(Exception):  # noqa: N818
    """A construct the language does not have; carries the span and the words."""

    def __init__(self, start: int, what: str, expected: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.start, self.what, self.expected, self.hint = start, what, expected, hint


def parse(text: str, locate: Locate | None = None) -> Node:
    """Read a formula.

    Args:
        text: at most 4,000 characters.
        locate: gives the place of a character of the text.

    Raises:
        FormulaError: with the place of the fault inside the text.
    """
    if len(text) > MAX_LENGTH:
        raise _error(text, locate, 0, f"{len(text):,} characters", f"at most {MAX_LENGTH:,}", "split it into equations")
    try:
        tree = _parser().parse(text)
    except lark.exceptions.VisitError as fault:
        refused = fault.orig_exc
        if not isinstance(refused, _Refused):
            raise
        raise _error(text, locate, refused.start, refused.what, refused.expected, refused.hint) from None
    except _Refused as refused:
        raise _error(text, locate, refused.start, refused.what, refused.expected, refused.hint) from None
    except lark.exceptions.UnexpectedToken as fault:
        end = fault.token.type == "$END"
        start = len(text) if end else (fault.token.start_pos or 0)
        what = "it ends too early" if end else f"unexpected '{fault.token}'"
        expected = sorted({_TERMINALS.get(name, name) for name in fault.accepts or fault.expected})
        raise _error(text, locate, start, what, f"one of {listing(expected)}", _hint(text, start)) from None
    except lark.exceptions.UnexpectedCharacters as fault:
        start = fault.pos_in_stream
        raise _error(text, locate, start, f"unexpected '{text[start]}'", None, _hint(text, start)) from None
    except lark.exceptions.UnexpectedInput as fault:
        raise _error(text, locate, fault.pos_in_stream or 0, "unexpected input", None, None) from None
    return _limited(tree, text, locate)


def _error(
    text: str, locate: Locate | None, start: int, what: str, expected: str | None, hint: str | None
) -> FormulaError:
    where = locate(start) if locate else None
    shown = text if len(text) <= 80 else f"…{text[max(0, start - 30) : start + 30]}…"
    return FormulaError(Problem(f"formula '{' '.join(shown.split())}': {what}", where, expected=expected, hint=hint))


def _hint(text: str, start: int) -> str | None:
    rest = text[start : start + 2]
    if rest.startswith("^"):
        return "a power is written **"
    if rest.startswith(("×", "·")):
        return "a product is written *"
    if rest.startswith(("'", '"')):
        return "there are no texts in formulas; an option's value is written without quotes"
    if rest.startswith("=") and not rest.startswith("=="):
        return "equality is written =="
    if rest.startswith("%"):
        return "percent is a unit of a parameter"
    if rest[:1] and rest[0] in "&|!":
        return "write and, or, not"
    if rest.startswith(("，", "（", "）", "－")):
        return "use ASCII punctuation"
    return None


def _limited(tree: Node, text: str, locate: Locate | None) -> Node:
    count = sum(1 for _ in walk(tree))
    if count > MAX_NODES:
        raise _error(text, locate, 0, f"{count:,} parts", f"at most {MAX_NODES:,}", "split it into several equations")
    levels = depth(tree)
    if levels > MAX_DEPTH:
        raise _error(text, locate, 0, f"nested {levels} levels deep", f"at most {MAX_DEPTH}", "split it into equations")
    return tree


@functools.cache
def _parser() -> Any:
    grammar = files("tonne.engine.spec").joinpath("formula.lark").read_text(encoding="utf-8")
    return lark.Lark(
        grammar, parser="lalr", transformer=_Builder(), propagate_positions=False, maybe_placeholders=False
    )


def _span(first: Any, last: Any) -> tuple[int, int]:
    start = first.start_pos if isinstance(first, lark.Token) else first.span[0]
    end = last.end_pos if isinstance(last, lark.Token) else last.span[1]
    return (start, end)


class _Builder(lark.Transformer):  # type: ignore[misc]
    """Builds nodes while the text is parsed, so that depth never reaches Python's stack."""

    def number(self, parts: list[Any]) -> Node:
        (token,) = parts
        mantissa, _, exponent = token.lower().partition("e")
        if len(token) > MAX_NUMBER_LENGTH or abs(int(exponent or 0)) > MAX_TEN_EXPONENT:
            raise _Refused(token.start_pos, "a number of extreme length", f"at most {MAX_NUMBER_LENGTH} characters")
        return Number(Fraction(mantissa) * Fraction(10) ** int(exponent or 0), str(token), span=_span(token, token))

    def name(self, parts: list[Any]) -> Node:
        (token,) = parts
        return Name(str(token), span=_span(token, token))

    def disjoin(self, parts: list[Any]) -> Node:
        return Logic("or", parts[0], parts[-1], span=_span(parts[0], parts[-1]))

    def conjoin(self, parts: list[Any]) -> Node:
        return Logic("and", parts[0], parts[-1], span=_span(parts[0], parts[-1]))

    def deny(self, parts: list[Any]) -> Node:
        return Not(parts[-1], span=parts[-1].span)

    def compare(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        return Compare(str(operator), left, right, span=_span(left, right))

    def arithmetic(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        exponent = right.operand if isinstance(right, Negate) else right
        if operator == "**" and isinstance(exponent, Number) and exponent.value > MAX_EXPONENT:
            raise _Refused(right.span[0], f"exponent {exponent.text}", f"at most {MAX_EXPONENT}")
        return Arithmetic(str(operator), left, right, span=_span(left, right))

    def sign(self, parts: list[Any]) -> Node:
        operator, operand = parts
        return operand if operator == "+" else Negate(operand, span=_span(operator, operand))

    def positional(self, parts: list[Any]) -> Any:
        return (None, parts[0])

    def keyword(self, parts: list[Any]) -> Any:
        return (parts[0], parts[1])

    def keyword_list(self, parts: list[Any]) -> Any:
        return (parts[0], tuple(str(part) for part in parts[1:]))

    def call(self, parts: list[Any]) -> Node:
        function, *arguments = parts
        arguments = [argument for argument in arguments if argument is not None]
        span = _span(function, function)
        positional = [value for key, value in arguments if key is None]
        keywords = {str(key): (key, value) for key, value in arguments if key is not None}
        if len(keywords) + len(positional) != len(arguments):
            raise _Refused(span[0], f"{function} is given an argument twice")
        if function in SCALAR_FUNCTIONS:
            return _scalar_call(str(function), positional, keywords, span)
        if function in REDUCTIONS:
            return _reduction(str(function), positional, keywords, span)
        if function == "prev":
            return _previous(positional, keywords, span)
        raise _Refused(
            span[0],
            f"unknown function '{function}'",
            f"one of {', '.join(FUNCTIONS)}",
            nearest(str(function), FUNCTIONS),
        )


def _scalar_call(function: str, positional: list[Node], keywords: dict[str, Any], span: tuple[int, int]) -> Node:
    least, most = SCALAR_FUNCTIONS[function]
    if keywords:
        other = {"min": "minimum", "max": "maximum"}.get(function)
        hint = f"over a dimension it is {other}(x, over=…)" if other else None
        raise _Refused(span[0], f"{function} takes no {next(iter(keywords))}=", hint=hint)
    if not least <= len(positional) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        raise _Refused(span[0], f"{function} is given {len(positional)} arguments", f"{count}")
    return Call(function, tuple(positional), span=span)


def _reduction(function: str, positional: list[Node], keywords: dict[str, Any], span: tuple[int, int]) -> Node:
    if len(positional) != 1 or "over" not in keywords:
        raise _Refused(span[0], f"{function} needs one value and the dimensions it goes over", f"{function}(x, over=…)")
    over = keywords["over"][1]
    if isinstance(over, Name):
        over = (over.id,)
    if not isinstance(over, tuple):
        raise _Refused(span[0], "over= is not a dimension", "a dimension, or [dimension, dimension]")
    if len(set(over)) != len(over):
        raise _Refused(span[0], "over= names a dimension twice")
    where = keywords["where"][1] if "where" in keywords else None
    if isinstance(where, tuple):
        raise _Refused(span[0], "where= is not a condition")
    return Reduce(function, positional[0], over, where, span=span)


def _previous(positional: list[Node], keywords: dict[str, Any], span: tuple[int, int]) -> Node:
    if keywords or len(positional) != 3 or not all(isinstance(part, Name) for part in positional[:2]):
        raise _Refused(span[0], "prev is not complete", "prev(quantity, dimension, initial value)")
    quantity, dimension, initial = positional
    return Previous(quantity.id, dimension.id, initial, span=span)  # type: ignore[attr-defined]

"""Writes a formula tree, as `expression.parse` makes it, back as text of the expression language."""

from fractions import Fraction

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
)

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(9)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def rendered(node: Node) -> str:
    """Write a tree as text that parses to the same tree, with no more brackets than that needs."""
    return _text(node)[0]


def number_text(value: Fraction) -> str:
    """Write an exact number: as decimal digits where they end, else as a ratio."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    return f"{float(value):.{digits}f}" if digits else str(value.numerator)


def _text(node: Node) -> tuple[str, int]:
    """Give the text of a node and how tightly it binds."""
    if isinstance(node, Number):
        text = number_text(node.value)
        return text, _PRODUCT if "/" in text else _SIGN if text.startswith("-") else _ATOM
    if isinstance(node, Name):
        return node.id, _ATOM
    if isinstance(node, Negate):
        return f"-{_inside(node.operand, _SIGN)}", _SIGN
    if isinstance(node, Not):
        return f"not {_inside(node.operand, _NOT)}", _NOT
    if isinstance(node, Compare):
        return f"{_inside(node.left, _SUM)} {node.operator} {_inside(node.right, _SUM)}", _COMPARE
    if isinstance(node, Logic):
        level = _OR if node.operator == "or" else _AND
        return f"{_inside(node.left, level)} {node.operator} {_inside(node.right, level + 1)}", level
    if isinstance(node, Arithmetic):
        level = _LEVELS[node.operator]
        left, right = (_ATOM, _SIGN) if node.operator == "**" else (level, level + 1)
        return f"{_inside(node.left, left)} {node.operator} {_inside(node.right, right)}", level
    return _call_text(node), _ATOM


def _call_text(node: Node) -> str:
    if isinstance(node, Call):
        return f"{node.function}({', '.join(rendered(part) for part in node.arguments)})"
    if isinstance(node, Previous):
        return f"prev({node.name}, {node.dimension}, {rendered(node.initial)})"
    if isinstance(node, Reduce):
        over = node.over[0] if len(node.over) == 1 else f"[{', '.join(node.over)}]"
        where = f", where={rendered(node.where)}" if node.where is not None else ""
        return f"{node.function}({rendered(node.body)}, over={over}{where})"
    raise TypeError(f"no text for {type(node).__name__}")


def _inside(node: Node, least: int) -> str:
    text, level = _text(node)
    return text if level >= least else f"({text})"

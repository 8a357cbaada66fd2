"""Finds changes of unit that a formula makes by hand, although the unit check makes them already.

A thousand, a million, 3.6 or 100 beside quantities with units is nearly always such a change; so is a number
above one beside a percentage. Formulas without a unit may use powers of ten for what they like.
"""

from collections.abc import Iterator
from fractions import Fraction

from tonne.engine.check.kinds import Inference
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Arithmetic, Call, Compare, Convert, Node, Number, walk

PERCENT = Fraction(1, 100)
LEAST_POWER = 1000
LEAST_FACTOR = 60
HEAT = {Fraction(18, 5), Fraction(5, 18)}


def converted_by_hand(methodology: Methodology, inference: Inference) -> list[Finding]:
    """Find numbers that change a unit once more, and numbers that read as a percentage and are none."""
    findings: list[Finding] = []
    for name, tree in inference.trees.items():
        quantity = methodology.quantities[name]
        for number in dict.fromkeys(_scales(tree, plain=quantity.unit.is_dimensionless)):
            zh = f"公式 {name} 中的 {_shown(number)} 疑为手工换算单位；单位由引擎自动换算，有单位的数值应设为参数"
            en = (
                f"equation {name} multiplies or divides by {_shown(number)}, which looks like a change of unit; "
                "units are converted anyway, and a number with a unit is a parameter"
            )
            place = methodology.place_of(number, quantity.prefix, quantity.place)
            findings.append(Finding("units.by_hand", Severity.CORRECTIVE_ACTION, zh, en, {"quantity": name}, place))
        for number in dict.fromkeys(_percentages(tree)):
            zh = f"公式 {name} 中与百分数并列的 {_shown(number)} 按 {_percent(number)} % 计；应写作小数，或设为以 % 为单位的参数"
            en = (
                f"in equation {name} the number {_shown(number)} stands beside a percentage and counts as "
                f"{_percent(number)} %; write the fraction, or declare a parameter in %"
            )
            place = methodology.place_of(number, quantity.prefix, quantity.place)
            findings.append(Finding("units.percentage", Severity.CORRECTIVE_ACTION, zh, en, {"quantity": name}, place))
    return findings


def _scales(tree: Node, *, plain: bool) -> Iterator[Number]:
    inserted = {part.factor for part in walk(tree) if isinstance(part, Convert) and not part.offset}
    for part in walk(tree):
        if isinstance(part, Arithmetic) and part.operator in {"*", "/"}:
            for side in (part.left, part.right):
                if isinstance(side, Number) and side.value > 0 and _is_scale(side.value, inserted, plain=plain):
                    yield side


def _is_scale(value: Fraction, inserted: set[Fraction], *, plain: bool) -> bool:
    size = max(value, 1 / value)
    if not plain and size >= LEAST_POWER and size.denominator == 1 and str(size.numerator).rstrip("0") == "1":
        return True
    return (size >= LEAST_FACTOR or value in HEAT) and (value in inserted or 1 / value in inserted)


def _percentages(tree: Node) -> Iterator[Number]:
    for part in walk(tree):
        if isinstance(part, Convert) and isinstance(part.operand, Number) and part.factor == 1 / PERCENT:
            sides: tuple[Node, ...] = (part.operand,)
        elif isinstance(part, Compare | Call) or (isinstance(part, Arithmetic) and part.operator in {"+", "-"}):
            sides = part.children
            if not any(isinstance(side, Convert) and side.factor == PERCENT and not side.offset for side in sides):
                continue
        else:
            continue
        yield from (side for side in sides if isinstance(side, Number) and side.value > 1)


def _percent(number: Number) -> Fraction:
    return number.value / PERCENT


def _shown(number: Number) -> str:
    return number.text or str(number.value)

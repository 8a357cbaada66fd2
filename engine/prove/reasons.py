"""The reasons why something is not decided, in Chinese and English.

Finds in a formula what the solver cannot follow exactly; decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tonne.engine.spec.tree import Arithmetic, Call, Node, Number, Previous, Reduce, walk


@dataclass(frozen=True)
class Reason:
    """Why something is not decided."""

    zh: str
    en: str

    def as_data(self) -> dict[str, str]:
        """Give the reason as plain data."""
        return {"zh": self.zh, "en": self.en}


TIME_OF_CHECK = Reason("超出检查的总时限", "time limit of the check")
TIME_OF_SOLVER = Reason("超出单次求解的时限", "time limit of the solver")
TOO_LARGE = Reason("连乘的量过多", "a product of too many quantities")
TOO_DEEP = Reason("公式嵌套过深", "formulas nested too deep")
NOT_EXPANDED = Reason("未展开求和与分情形公式", "sums and cases were not looked into")
VARIABLE_POWER = Reason("指数不是常数的乘方", "a power that is not a constant")

_FUNCTIONS: Mapping[str, str] = {
    "exp": "指数函数exp",
    "log": "对数函数log",
    "sqrt": "开平方",
    "floor": "向下取整",
    "ceil": "向上取整",
    "round": "四舍五入取整",
}
_REDUCTIONS: Mapping[str, str] = {
    "sum": "求和",
    "mean": "求平均值",
    "minimum": "取最小值",
    "maximum": "取最大值",
    "count": "计数",
    "stdev": "求标准差",
}


def contradicting_bounds(name: str) -> Reason:
    """Say that a parameter has no allowed value."""
    return Reason(f"{name} 的界限自相矛盾", f"the bounds of {name} contradict each other")


def hard_parts(tree: Node) -> Iterator[Reason]:
    """Name the parts of a formula that the solver cannot follow exactly."""
    for part in walk(tree):
        if isinstance(part, Call) and part.function in _FUNCTIONS:
            yield Reason(_FUNCTIONS[part.function], part.function)
        elif isinstance(part, Arithmetic) and part.operator == "**" and not isinstance(part.right, Number):
            yield VARIABLE_POWER
        elif isinstance(part, Reduce):
            over = f"对 {'、'.join(part.over)} {_REDUCTIONS[part.function]}"
            yield Reason(over, f"{part.function} over {', '.join(part.over)}")
        elif isinstance(part, Previous):
            yield Reason(f"{part.name} 的前期值", f"earlier values of {part.name}")


def together(reasons: Iterable[Reason]) -> Reason:
    """Write several reasons as one, each once."""
    distinct = list(dict.fromkeys(reasons))
    return Reason("；".join(item.zh for item in distinct), ", ".join(item.en for item in distinct))

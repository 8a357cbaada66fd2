import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tonne.engine.spec import tree
from tonne.engine.spec.expression import parse
from tonne.engine.spec.tree import Node
from tonne.esg.layout import Layout
from tonne.esg.linear import latex, plain
from tonne.esg.markup import mathml, omml
from tonne.esg.symbols import symbol
from tonne.esg.typeset import formula, substituted

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"

# What a name looks like can itself need brackets: q is printed as a square, r as a ratio.
VALUES = {
    "a": Fraction(3, 2),
    "b": Fraction(-5, 3),
    "c": Fraction(7),
    "q": Fraction(4),
    "r": Fraction(44, 12),
}
PRINTED = {"q": "d^{2}", "r": r"\frac{44}{12}"}
MEANINGS = {"d": Fraction(2)} | VALUES
# Any function will do to tell where an argument ends, if no two places give the same.
FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "sqrt": lambda x: x * x + 1,
    "exp": lambda x: x * x + x + 2,
    "ln": lambda x: x * x * x - 5,
    "min": min,
    "max": max,
    "∑": lambda x: x * x + 7,
}


def show(name: tree.Name) -> Layout:
    return symbol(PRINTED.get(name.id, name.id))


def value(node: Node) -> Fraction:
    match node:
        case tree.Number():
            return node.value
        case tree.Name():
            return VALUES[node.id]
        case tree.Negate():
            return -value(node.operand)
        case tree.Call(function="abs"):
            return abs(value(node.arguments[0]))
        case tree.Call():
            return FUNCTIONS[{"log": "ln"}.get(node.function, node.function)](*map(value, node.arguments))
        case tree.Reduce():
            return FUNCTIONS["∑"](value(node.body))
        case tree.Arithmetic():
            return combined(node.operator, value(node.left), value(node.right))
    raise AssertionError(node)


def combined(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator == "**":
        return Fraction(left ** int(right))
    if operator == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


class Reader:
    """Reads mathematics as people do: a sum sign takes the product after it, a minus stands first."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, "end"]
        self.position = 0

    def take(self, *expected: str) -> str:
        token = self.tokens[self.position]
        assert not expected or token in expected, f"{token} for {expected} in {self.tokens}"
        self.position += 1
        return token

    @property
    def ahead(self) -> str:
        return self.tokens[self.position]

    def total(self) -> Fraction:
        sign = -1 if self.ahead == "−" and self.take() else 1
        result = sign * self.product()
        while self.ahead in {"+", "−"}:
            result = combined({"−": "-"}.get(self.ahead, "+"), result, self.product() if self.take() else result)
        return result

    def product(self) -> Fraction:
        if self.ahead == "∑":
            self.take()
            return FUNCTIONS["∑"](self.product())
        result = self.power()
        while self.ahead in {"×", "/"}:
            operator = self.take()
            if self.ahead == "∑":
                return combined("*", result, self.product())
            result = combined({"×": "*"}.get(operator, "/"), result, self.power())
        return result

    def power(self) -> Fraction:
        base, raisable = self.atom()
        if self.ahead != "^":
            return base
        assert raisable, f"an exponent after an open base in {self.tokens}"
        self.take()
        self.take("(")
        exponent = self.total()
        self.take(")")
        assert self.ahead != "^"
        return combined("**", base, exponent)

    def atom(self) -> tuple[Fraction, bool]:
        sign = self.take()
        if sign in {"(", "|", "⟦"}:
            inner = self.total()
            if sign == "⟦" and self.ahead == "⟧/⟦":
                self.take()
                inner /= self.total()
            self.take({"(": ")", "|": "|", "⟦": "⟧"}[sign])
            return (abs(inner) if sign == "|" else inner), sign != "⟦"
        if sign == "abs":
            return abs(self.arguments()[0]), True
        if sign == "S":
            return FUNCTIONS["∑"](*self.arguments()), False
        if sign in FUNCTIONS:
            return FUNCTIONS[sign](*self.arguments()), False
        return (MEANINGS[sign] if sign.isalpha() else Fraction(sign)), True

    def arguments(self) -> list[Fraction]:
        self.take("(")
        result = [self.total()]
        while self.take(",", ")") == ",":
            result.append(self.total())
        return result


def read(tokens: list[str]) -> Fraction:
    reader = Reader(tokens)
    result = reader.total()
    reader.take("end")
    return result


def plain_tokens(text: str) -> list[str]:
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: f"^({unicodedata.normalize('NFKC', found[0])})", text)
    text = re.sub(r"\^([0-9.a-z]+)", r"^(\1)", text).replace("∑[k]", "S").replace("√", "sqrt")
    return re.findall(r"[0-9.]+|[A-Za-z]+|\S", text)


def latex_tokens(text: str) -> list[str]:
    words = re.findall(r"\\[A-Za-z]+|[0-9.]+|[A-Za-z]|\S", text)
    signs = {r"\times": "×", "-": "−", r"\left": "", r"\right": "", r"\mathop": "", r"\limits": ""}

    def group() -> list[str]:
        assert words.pop(0) == "{"
        return items("}")

    def items(closing: str) -> list[str]:
        result: list[str] = []
        while words and words[0] != closing:
            word = words.pop(0)
            if word == "{":
                result += items("}")
            elif word == "^":
                result += ["^", "(", *group(), ")"]
            elif word == r"\frac":
                result += ["⟦", *group(), "⟧/⟦", *group(), "⟧"]
            elif word == r"\sqrt":
                result += ["sqrt", "(", *group(), ")"]
            elif word == r"\mathrm":
                result.append("".join(group()))
            elif word == r"\sum":
                assert words.pop(0) == r"\limits"
                assert words.pop(0) == "_"
                group()
                result.append("∑")
            else:
                result += [signs.get(word, word)] if signs.get(word, word) else []
        del words[:1]
        return result

    return items("")


def mathml_tokens(text: str) -> list[str]:
    def tokens(element: ET.Element) -> list[str]:
        tag, parts = element.tag.removeprefix(MATHML), [tokens(child) for child in element]
        if tag in {"mi", "mn", "mo"}:
            return [element.text] if element.text not in {None, "\u2061"} else []
        if tag == "mfrac":
            return ["⟦", *parts[0], "⟧/⟦", *parts[1], "⟧"]
        if tag == "msup":
            return [*parts[0], "^", "(", *parts[1], ")"]
        if tag == "msqrt":
            return ["sqrt", "(", *(token for part in parts for token in part), ")"]
        assert tag in {"math", "mrow", "munder"}
        return parts[0] if tag == "munder" else [token for part in parts for token in part]

    return tokens(ET.fromstring(text))  # noqa: S314 (our own output)


def omml_tokens(text: str) -> list[str]:
    def tokens(element: ET.Element) -> list[str]:
        parts = {child.tag.removeprefix(M): tokens(child) for child in element}
        match element.tag.removeprefix(M):
            case "t":
                return [element.text or ""]
            case "f":
                return ["⟦", *parts["num"], "⟧/⟦", *parts["den"], "⟧"]
            case "sSup":
                return [*parts["e"], "^", "(", *parts["sup"], ")"]
            case "rad":
                return ["sqrt", "(", *parts["e"], ")"]
            case "nary":
                return ["∑", *parts["e"]]
            case "func":
                return [*parts["fName"], *parts["e"]]
            case "d":
                left = element.find(f"{M}dPr/{M}begChr")
                right = element.find(f"{M}dPr/{M}endChr")
                assert left is not None
                assert right is not None
                return [left.attrib[f"{M}val"], *parts["e"], right.attrib[f"{M}val"]]
        return [token for child in element for token in tokens(child)]

    return tokens(ET.fromstring(text))  # noqa: S314 (our own output)


READINGS: list[tuple[Callable[[Layout], str], Callable[[str], list[str]]]] = [
    (plain, plain_tokens),
    (latex, latex_tokens),
    (mathml, mathml_tokens),
    (omml, omml_tokens),
]

LEAVES = st.one_of(
    st.sampled_from([tree.Name(name) for name in VALUES]),
    st.sampled_from(["2", "0.50", "12", "3e-2", "1.5e2"]).map(parse),
    st.sampled_from([Fraction(-3), Fraction(1, 3), Fraction(-2, 7)]).map(tree.Number),
)


def grown(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    exponents = st.sampled_from(["0", "2", "3", "-1", "1 + 1", "-(-2)"]).map(parse)
    return st.one_of(
        st.builds(tree.Arithmetic, st.sampled_from("+-*/"), parts, parts),
        st.builds(tree.Arithmetic, st.just("**"), parts, exponents),
        st.builds(tree.Negate, parts),
        st.builds(tree.Call, st.sampled_from(["abs", "sqrt", "exp", "log"]), st.tuples(parts)),
        st.builds(tree.Call, st.sampled_from(["min", "max"]), st.tuples(parts, parts)),
        st.builds(tree.Reduce, st.just("sum"), parts, st.just(("k",))),
    )


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=9))
@example(parse("sum(a, over=k) * b"))
@example(parse("a * sum(b, over=k) * c"))
@example(parse("-sum(a, over=k) * b"))
@example(parse("a - (-b - c) * -(a + b)"))
@example(parse("(a / b)**2 / (c / (a - b))**-1"))
@example(parse("a * b * 44/12 * c"))
@example(parse("abs(a + abs(b)) * abs(c)"))
def test_every_writing_reads_back_as_the_formula_that_is_computed(node: Node) -> None:
    try:
        expected = value(node)
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(len(str(expected)) < 2000)
    layout = formula(None, node, show, "en")
    for write, tokens in READINGS:
        assert read(tokens(write(layout))) == expected, write(layout)


def test_substituted_numbers_compute_to_the_same_value() -> None:
    texts = {"a": "1.5", "b": "−1,234.5", "c": "3.309×10⁻⁵", "q": "4", "r": "2"}
    node = parse("-a * b**2 / (c - b) - (c * a)**3 * -q + r")
    worth = {
        "a": Fraction("1.5"),
        "b": Fraction("-1234.5"),
        "c": Fraction("3.309e-5"),
        "q": Fraction(4),
        "r": Fraction(2),
    }
    a, b, c, q, r = worth.values()
    expected = -a * b**2 / (c - b) - (c * a) ** 3 * -q + r
    layout = substituted(node, lambda part: texts[part.id] if isinstance(part, tree.Name) else None, show, "en")
    for write, tokens in READINGS:
        text = write(layout).replace("{,}", "").replace("1,234", "1234")
        assert read(tokens(text)) == expected

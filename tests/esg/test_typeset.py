import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tonne.engine.check.infer import infer
from tonne.engine.errors import Place, SpecError
from tonne.engine.spec import tree
from tonne.engine.spec.expression import MAX_DEPTH, parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.methodology import Methodology, link
from tonne.engine.spec.models import MethodologySpec, Option
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, parse_yaml
from tonne.engine.spec.tree import Node
from tonne.esg.layout import Layout, Letters, Scripts
from tonne.esg.linear import latex, plain
from tonne.esg.markup import mathml, omml
from tonne.esg.numbers import Language
from tonne.esg.symbols import symbol
from tonne.esg.typeset import equation_layout, formula, substituted, symbols_of, value_layout

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
WRITERS: list[Callable[[Layout], str]] = [latex, mathml, omml, plain]

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


def laid_out(text: str, language: Language = "en") -> Layout:
    return formula(None, parse(text), show, language)


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
    """Reads printed mathematics as people do: a sum sign takes the whole product after it, a minus stands first."""

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
            result = combined(
                {"−": "-"}.get(self.ahead, "+"), result, self.product() if self.take() else result
            )
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


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - (b - c)", "a − (b − c)"),
        ("a - b - c", "a − b − c"),
        ("(a + b) * c", "(a + b) × c"),
        ("a / (b * c)", "a/(b × c)"),
        ("a * b * 44/12", "a × b × 44/12"),
        ("-a ** 2", "−a²"),
        ("(-a) ** 2", "(−a)²"),
        ("a ** -2", "a⁻²"),
        ("a ** (b / c)", "a^(b/c)"),
        ("-a * b + c", "−a × b + c"),
        ("q ** 2", "(d²)²"),
        ("sum(a, over=k) * b", "∑[k](a) × b"),
        ("sum(a * b, over=[k, l], where=a > 1)", "∑[k, l; a > 1](a × b)"),
        ("mean(a, over=k)", "mean[k](a)"),
        ("minimum(a, over=k) - maximum(b, over=k, where=not a >= 1)", "min[k](a) − max[k; not a ≥ 1](b)"),
        ("count(a > 0, over=k) / stdev(a, over=k)", "N[k](a > 0)/s[k](a)"),
        ("min(a, b, c) + floor(a) + ceil(b) + round(c)", "min(a, b, c) + ⌊a⌋ + ⌈b⌉ + round(c)"),
        ("log(a) + sqrt(b + c)", "ln(a) + √(b + c)"),
        ("a * 3.309e-5", "a × (3.309 × 10⁻⁵)"),
        ("a == 1 and (b != 2 or c <= 3)", "a = 1 and (b ≠ 2 or c ≤ 3)"),
    ],
)
def test_formulas_print_as_in_methodology_documents(text: str, expected: str) -> None:
    assert plain(laid_out(text)) == expected


def test_the_sum_sign_has_dimensions_and_condition_underneath() -> None:
    layout = laid_out("sum(a, over=[k, month], where=b > 0)")
    assert latex(layout) == r"\sum\limits_{\substack{k, \mathrm{month} \\ b > 0}} a"
    nary = ET.fromstring(omml(layout))[0]  # noqa: S314
    assert [part.tag.removeprefix(M) for part in nary] == ["naryPr", "sub", "sup", "e"]
    assert nary.find(f"{M}naryPr/{M}limLoc") is not None
    assert [len(list(part.iter(f"{M}t"))) for part in nary] == [0, 6, 0, 1]
    assert "<munder>" in mathml(layout)


def test_an_earlier_step_has_its_index_and_its_initial_value_is_said() -> None:
    names = {"S": "S_{DOC,y}", "T": "T", "X": "X_{y}^{2}"}

    def by_symbol(name: tree.Name) -> Layout:
        return symbol(names[name.id]) if name.id in names else Letters(name.id)

    def printed(text: str, language: Language) -> str:
        return plain(formula(symbol("R"), parse(text), by_symbol, language))

    assert printed("prev(S, year, 0) + 1", "zh") == "R = S_(DOC,y−1) + 1，首期 S_(DOC,y−1) = 0"
    assert printed("prev(T, month, a)", "en") == "R = T_(month−1), initially T_(month−1) = a"
    assert printed("prev(S, month, 2)", "en") == "R = S_(DOC,y,month−1), initially S_(DOC,y,month−1) = 2"
    assert printed("prev(X, year, 0) ** 2", "en").startswith("R = (X_(y−1)²)²")
    assert printed("prev(T, year, 0) * prev(T, year, 0)", "en").count("initially") == 1


FLARE = Option.model_validate(
    {
        "name": {"zh": "火炬类型", "en": "Flare type"},
        "values": {"open": {"zh": "开放式", "en": "open"}, "closed": {"zh": "密闭式", "en": "enclosed"}},
    }
)


def test_cases_read_in_both_languages() -> None:
    node = tree.Cases(
        (
            (tree.Chosen("flare", "open"), parse("0")),
            (tree.Logic("and", tree.Chosen("flare", "closed", equal=False), parse("a > 1")), parse("a / b")),
        ),
        parse("0.5"),
    )
    options = {"flare": FLARE}
    assert plain(formula(None, node, show, "zh", options)) == (
        "{0, 若 火炬类型 = 开放式; a/b, 若 火炬类型 ≠ 密闭式 且 a > 1; 0.5, 其他}"
    )
    english = formula(None, node, show, "en", options)
    assert (
        plain(english) == "{0, if Flare type = open; a/b, if Flare type ≠ enclosed and a > 1; 0.5, otherwise}"
    )
    assert latex(english).startswith(r"\begin{cases} 0 & \text{if }\text{Flare type = open} \\ \frac{a}{b} &")
    assert plain(formula(None, tree.Arithmetic("*", parse("2"), node), show, "en", options)).startswith(
        "2 × ({"
    )
    assert plain(formula(None, node, show, "en")).startswith("{0, if flare = open;")


def test_options_without_texts_show_their_ids() -> None:
    option = Option.model_validate({"name": {"zh": "炉型", "en": "Furnace"}, "values": ["arc", "blast"]})
    assert plain(formula(None, tree.Chosen("f", "arc"), show, "zh", {"f": option})) == "炉型 = arc"


CONVERTED = tree.Arithmetic(
    "*",
    tree.Convert(tree.Name("a"), Fraction(1, 1000), Fraction(0), "kWh", "MWh"),
    tree.Convert(tree.Name("b"), Fraction(1), Fraction("273.15"), "degC", "K"),
)


def values_of(node: Node) -> str | None:
    if isinstance(node, tree.Reduce):
        return "1,234.50" if node.over == ("month",) else None
    return {"a": "1,234,567", "b": "−0.5703"}.get(getattr(node, "id", ""))


def test_changes_of_unit_show_only_beside_numbers() -> None:
    assert plain(formula(None, CONVERTED, show, "en")) == "a × b"
    layout = substituted(CONVERTED, values_of, show, "en", left=symbol("BE_y"))
    assert plain(layout) == "BE_y = 1,234,567 / 1000 × (−0.5703 + 273.15)"
    assert latex(layout).endswith(r"1{,}234{,}567 / 1000 \times \left( -0.5703 + 273.15 \right)")
    heat = tree.Convert(parse("a + b"), Fraction(36, 10), Fraction(0), "MWh", "GJ")
    assert plain(substituted(heat, values_of, show, "en")) == "(1,234,567 + (−0.5703)) × 3.6"
    odd = tree.Convert(tree.Name("c"), Fraction(5, 18), Fraction(-1, 2), "x", "y")
    assert plain(substituted(odd, values_of, show, "en")) == "c × 5/18 − 0.5"


def test_a_sum_with_a_value_becomes_its_value_and_one_without_keeps_its_form() -> None:
    layout = substituted(parse("sum(a, over=month) * b - sum(a, over=k)"), values_of, show, "en")
    assert plain(layout) == "1,234.50 × (−0.5703) − ∑[k](a)"


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
    layout = substituted(
        node, lambda part: texts[part.id] if isinstance(part, tree.Name) else None, show, "en"
    )
    for write, tokens in READINGS:
        text = write(layout).replace("{,}", "").replace("1,234", "1234")
        assert read(tokens(text)) == expected


def test_values_keep_their_sign_and_exponent() -> None:
    assert latex(value_layout("−3.309×10⁻⁵")) == r"-3.309 \times 10^{-5}"
    assert plain(value_layout("12,345.6 MWh")) == "12,345.6 MWh"
    assert plain(value_layout("是")) == "是"


def test_mathml_stands_alone_and_carries_its_plain_text() -> None:
    root = ET.fromstring(mathml(laid_out("a / b")))  # noqa: S314
    assert root.tag == f"{MATHML}math"
    assert root.attrib == {"display": "block", "alttext": "a/b"}


@pytest.mark.parametrize("step", ["exp(", "abs(", "1 / (1 + ", "-(1 + ", "sqrt("])
def test_the_deepest_formula_that_is_accepted_can_be_written(step: str) -> None:
    levels = (MAX_DEPTH - 2) // (2 if " + " in step else 1)
    layout = laid_out(step * levels + "a" + ")" * levels)
    for write in WRITERS:
        assert write(layout)


def test_an_unknown_part_is_refused_by_name() -> None:
    class Integral(Node):
        pass

    class Matrix(Layout):
        pass

    with pytest.raises(TypeError, match="no layout for Integral"):
        formula(None, Integral(), show, "en")
    for write in WRITERS:
        with pytest.raises(TypeError, match="no layout for Matrix"):
            write(Matrix())


def test_every_node_type_has_a_layout() -> None:
    examples = {
        tree.Previous: tree.Previous("a", "year", parse("0")),
        tree.Chosen: tree.Chosen("o", "v"),
        tree.Cases: tree.Cases(((parse("a > 1"), parse("a")),)),
        tree.Convert: tree.Convert(parse("a"), Fraction(2), Fraction(0), "", ""),
        tree.Not: parse("not a > 1"),
        tree.Logic: parse("a > 1 or b > 1"),
        tree.Compare: parse("a > 1"),
        tree.Reduce: parse("sum(a, over=k)"),
        tree.Call: parse("exp(a)"),
        tree.Arithmetic: parse("a + b"),
        tree.Negate: parse("-a"),
        tree.Name: parse("a"),
        tree.Number: parse("1"),
    }
    kinds = {kind for kind in vars(tree).values() if isinstance(kind, type) and issubclass(kind, Node)}
    assert set(examples) == kinds - {Node}
    for node in examples.values():
        for write in WRITERS:
            assert write(formula(None, node, show, "zh"))


SPEC = """
format: 1
id: wind
category: renewables
title: {zh: 风电, en: Wind power}
source: {publisher: {zh: 部, en: Ministry}, document: D, evidence: composed}
dimensions: {month: {time: month}, year: {time: year}}
parameters:
  EG_export: {symbol: 'EG_{export,m}', unit: kWh, over: [month], from: monitored}
  EG_import: {unit: MWh, over: [month], from: monitored}
  EF: {symbol: 'EF_{grid,CM,y}', unit: tCO2/MWh, over: [year], from: fixed}
equations:
  EG_PJ: {symbol: 'EG_{PJ,m}', over: [month], unit: MWh, expr: EG_export - EG_import}
  BE: {symbol: 'BE_y', over: [year], unit: tCO2e, expr: 'sum(EG_PJ, over=month) * EF'}
outputs: {baseline: BE, reduction: BE, rounding: {mode: floor}}
"""


def nothing(name: str, place: Place) -> tuple[MethodologySpec, Document]:
    raise AssertionError(name)


def no_table(name: str, place: Place) -> FactorTable:
    raise AssertionError(name)


def wind() -> Methodology:
    document = parse_yaml(SPEC, "wind.yaml")
    return link(shaped(MethodologySpec, document, SpecError), document, nothing, no_table)


def test_an_equation_prints_with_the_symbols_of_its_methodology() -> None:
    methodology = wind()
    trees = infer(methodology).trees
    printed = {
        name: plain(equation_layout(quantity, trees[name], methodology, "zh"))
        for name, quantity in methodology.equations.items()
    }
    assert printed == {
        "EG_PJ": "EG_PJ,m = EG_export,m − EG_import",
        "BE": "BE_y = ∑[month](EG_PJ,m) × EF_grid,CM,y",
    }


def test_the_changes_of_unit_of_the_check_show_in_the_numbers() -> None:
    methodology = wind()
    quantity = methodology.quantities["EG_PJ"]
    texts = {"EG_export": "1,500,000", "EG_import": "12.5"}
    layout = substituted(
        infer(methodology).trees["EG_PJ"],
        lambda node: texts.get(getattr(node, "id", "")),
        symbols_of(methodology),
        "en",
        left=symbol(quantity.symbol),
    )
    assert plain(layout) == "EG_PJ,m = (1,500,000 − 12.5 × 1000) / 1000"


def test_scripts_of_a_power_stand_over_each_other() -> None:
    layout = formula(None, parse("a ** 2"), lambda _: symbol("x_i"), "en")
    assert layout == Scripts(Letters("x"), Letters("i"), layout.sup if isinstance(layout, Scripts) else None)
    assert latex(layout) == "x_{i}^{2}"

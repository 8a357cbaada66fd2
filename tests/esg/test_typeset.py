from collections.abc import Callable
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from tonne.engine.check.infer import infer
from tonne.engine.errors import Place, SpecError
from tonne.engine.spec import tree
from tonne.engine.spec.expression import MAX_DEPTH, parse
from tonne.engine.spec.factors import FactorTable
from tonne.engine.spec.linking import link
from tonne.engine.spec.methodology import Methodology
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

PRINTED = {"q": "d^{2}"}


def show(name: tree.Name) -> Layout:
    return symbol(PRINTED.get(name.id, name.id))


def laid_out(text: str, language: Language = "en") -> Layout:
    return formula(None, parse(text), show, language)


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
    assert plain(english) == "{0, if Flare type = open; a/b, if Flare type ≠ enclosed and a > 1; 0.5, otherwise}"
    assert latex(english).startswith(r"\begin{cases} 0 & \text{if }\text{Flare type = open} \\ \frac{a}{b} &")
    assert plain(formula(None, tree.Arithmetic("*", parse("2"), node), show, "en", options)).startswith("2 × ({")
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

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonne.esg.layout import Words
from tonne.esg.linear import latex, plain
from tonne.esg.markup import mathml, omml
from tonne.esg.symbols import symbol

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
PIECES = [
    "_", "^", "{", "}", "'", "\\", ",", "-", "=", "a", "EG", "CH4", "2", "上网", "&", "<", " ", "\x00", "_{",
    "^{", r"\frac{", r"\text{", r"\bar{", r"\mathrm{", r"\omega", r"\foo", r"\%",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "as_latex", "as_plain"),
    [
        ("EG_{export,y}", r"\mathrm{EG}_{\mathrm{export},y}", "EG_export,y"),
        (r"\omega_{OM}", r"\omega_{\mathrm{OM}}", "ω_OM"),
        (r"\sigma", r"\sigma", "σ"),
        (r"\frac{44}{12}", r"\frac{44}{12}", "44/12"),
        ("GWP_{CH4}", r"\mathrm{GWP}_{\mathrm{CH}_{4}}", "GWP_CH₄"),
        (r"\eta_{flare,m}", r"\eta_{\mathrm{flare},m}", "η_flare,m"),
        ("X^{2}", "X^{2}", "X²"),
        ("x'", r"x^{\prime}", "x′"),
        (r"\mathrm{ER}_y", r"\mathrm{ER}_{y}", "ER_y"),
        (r"\mathrm{a}", r"\mathrm{a}", "a"),
        (r"\text{上网电量}_y", r"\text{上网电量}_{y}", "上网电量_y"),
        (r"Q_{\text{上网},y}", r"Q_{\text{上网},y}", "Q_上网,y"),
        ("EF_{OM-adj,y-1}", r"\mathrm{EF}_{\mathrm{OM}\mathrm{-}\mathrm{adj},y-1}", "EF_(OM-adj,y−1)"),
        (r"\Delta T_y", r"\Delta T_{y}", "ΔT_y"),
        (r"\bar{T}", r"\overline{T}", "T̄"),
        ("eg_pj_y", r"\mathrm{eg}_{\mathrm{pj},y}", "eg_pj,y"),
        (r"MS\%_{BL}", r"\mathrm{MS}\text{\%}_{\mathrm{BL}}", "MS%_BL"),
        ("k_1", "k_{1}", "k₁"),
    ],
)  # fmt: skip
def test_symbols_print_as_in_the_source(text: str, as_latex: str, as_plain: str) -> None:
    layout = symbol(text)
    assert latex(layout) == as_latex
    assert plain(layout) == as_plain


@pytest.mark.parametrize(
    "text",
    [r"\write18{ls}", r"\frac{1}", "a}", "{a", "x_", r"\text{a{b}}", "a & <b>", "{" * 60 + "}" * 60, " "],
)
def test_a_symbol_that_cannot_be_read_is_shown_as_text(text: str) -> None:
    assert symbol(text) == Words(text)


def test_a_symbol_of_extreme_length_is_shortened() -> None:
    assert len(plain(symbol("_{a" * 100_000))) < 300


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    )
)
def test_no_symbol_breaks_a_document(text: str) -> None:
    layout = symbol(text)
    ET.fromstring(mathml(layout))  # noqa: S314
    ET.fromstring(omml(layout))  # noqa: S314
    assert plain(layout).isprintable()
    assert balanced(latex(layout))


def balanced(text: str) -> bool:
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


def test_text_of_strangers_is_escaped_in_every_format() -> None:
    layout = Words("<b>&\x1b[31m\u202e\\input{x}$#%_^~\x00")
    assert plain(layout) == "<b>&[31m\\input{x}$#%_^~"
    assert latex(layout) == (r"\text{<b>\&[31m\textbackslash{}input\{x\}\$\#\%\_\textasciicircum{}\textasciitilde{}}")
    for write in (mathml, omml):
        assert "".join(ET.fromstring(write(layout)).itertext()) == "<b>&[31m\\input{x}$#%_^~"  # noqa: S314


def test_names_of_several_letters_stand_upright_and_single_letters_slant() -> None:
    word = omml(symbol("EG_y"))
    name, index = ET.fromstring(word).iter(f"{M}r")  # noqa: S314
    assert name.find(f"{M}rPr/{M}nor") is not None
    assert index.find(f"{M}rPr") is None
    assert "<mi>EG</mi>" in mathml(symbol("EG_y"))
    assert '<mi mathvariant="normal">a</mi>' in mathml(symbol(r"\mathrm{a}"))

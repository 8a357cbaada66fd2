r"""Reads the symbols of specs: the small part of LaTeX in which sources print them.

    EG_{export,y}  \omega_{OM}  GWP_{CH4}  \frac{44}{12}  X^{2}  x'  \mathrm{ER}  \text{上网电量}  \bar{T}

Unlike in TeX, letters side by side are one name (EG), a script without braces takes the whole word, and a
second subscript is joined to the first, so that a name such as eg_pj_y prints well. What cannot be read is
shown as text: a symbol comes from a stranger and must never stop a document.
"""

import re
from collections.abc import Callable

from tonne.esg.layout import (
    Accent,
    Digits,
    Fraction,
    Layout,
    Letters,
    Operator,
    Row,
    Scripts,
    Words,
    row,
    series,
)

LONGEST_TEXT = 200
DEEPEST_NESTING = 8
OPEN, CLOSE, END = ("mark", "{"), ("mark", "}"), ("end", "")

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
SIGNS = {
    "times": "×", "cdot": "·", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠",
    "infty": "∞",
}  # fmt: skip
SPACES = {",", ";", ":", " ", "!", "quad", "left", "right", "displaystyle"}
ESCAPED = {"%": "%", "_": "_", "&": "&", "#": "#", "$": "$"}
ACCENTS = {"bar": "bar", "overline": "bar", "hat": "hat", "tilde": "tilde", "dot": "dot"}
# Words whose digits are subscripts.
FORMULAS = frozenset((
    "CO2", "CO2e", "CO2eq", "CH4", "N2O", "SF6", "NF3", "H2", "H2O", "O2", "N2", "NH3", "SO2", "C2H6", "C2F6",
    "CF4", "H2S", "CaCO3", "MgCO3", "Na2CO3",
))  # fmt: skip

_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z]+)\s*|\\(?P<escaped>.)|(?P<word>[A-Za-z][A-Za-z0-9]*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)|\s*(?P<mark>[{}_^,;&=+<>/])\s*|(?P<prime>['′]+)|(?P<hyphen>[-−–])"
    r"|(?P<space>\s+)|(?P<han>[\u2e80-\u9fff]+)|(?P<other>.)",
    re.DOTALL,
)


class _Unreadable(Exception):  # noqa: N818
    """The text is not in the subset."""


def symbol(text: str) -> Layout:
    """Lay out a symbol; what cannot be read is shown as text, shortened when it is too long."""
    if len(text) > LONGEST_TEXT:
        return Words(f"{text[:LONGEST_TEXT]}…")
    try:
        reader = _Reader(text.strip())
        layout = reader.row(END)
    except _Unreadable:
        return Words(text)
    return Words(text) if layout == Row(()) else layout


class _Reader:
    """Reads the tokens of one symbol from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.matches = list(_TOKEN.finditer(text))
        self.tokens = [(str(match.lastgroup), match[str(match.lastgroup)]) for match in self.matches]
        self.position = 0
        self.depth = 0
        self.upright: bool | None = None

    @property
    def ahead(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else END

    def take(self) -> tuple[str, str]:
        found = self.ahead
        self.position += 1
        return found

    def row(self, closing: tuple[str, str]) -> Layout:
        """Read parts up to a closing token, which stays."""
        parts: list[Layout] = []
        while self.ahead != closing:
            kind, text = self.ahead
            if kind == "end":
                raise _Unreadable
            if (kind, text) in {("mark", "_"), ("mark", "^")} or kind == "prime":
                parts[-1:] = [self.scripted(parts[-1] if parts else Words(""))]
            else:
                parts.append(self.part())
        return row(*(part for part in parts if part != Words("")))

    def scripted(self, main: Layout) -> Layout:
        kind, text = self.take()
        base = main if isinstance(main, Scripts) else Scripts(main)
        if kind == "prime":
            return Scripts(base.main, base.sub, _joined(base.sup, Operator("′" * len(text), "none"), None))
        script = self.part()
        if text == "_":
            return Scripts(base.main, _joined(base.sub, script, Operator(",", "none")), base.sup)
        return Scripts(base.main, base.sub, _joined(base.sup, script, None))

    def part(self) -> Layout:
        kind, text = self.take()
        rule = _RULES.get(kind)
        if rule is None:
            raise _Unreadable
        return rule(self, text)

    def word(self, text: str) -> Layout:
        if text not in FORMULAS:
            return Letters(text, self.upright)
        pieces = re.findall(r"[A-Za-z]+|[0-9]+", text)
        parts: list[Layout] = []
        for piece in pieces:
            if piece.isdigit():
                parts[-1] = Scripts(parts[-1], Digits(piece))
            else:
                parts.append(Letters(piece, upright=True))
        return Row((*parts,))  # a script after it belongs to the whole

    def number(self, text: str) -> Layout:
        return Digits(text)

    def mark(self, text: str) -> Layout:
        if text == "{":
            return self.group()
        if text in "}_^&":
            raise _Unreadable
        return Operator(text, "none")

    def group(self) -> Layout:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise _Unreadable
        inner = self.row(CLOSE)
        self.take()
        self.depth -= 1
        return inner

    def braced(self) -> Layout:
        if self.take() != OPEN:
            raise _Unreadable
        return self.group()

    def hyphen(self, _text: str) -> Layout:
        """A hyphen between words joins them (OM-adj); elsewhere it is a minus (y−1)."""
        before = self.tokens[self.position - 2][0] if self.position > 1 else ""
        words = before == self.ahead[0] == "word"
        return Letters("-", upright=True) if words else Operator("−", "none")

    def han(self, text: str) -> Layout:
        return Words(text)

    def space(self, _text: str) -> Layout:
        return Words(" ")

    def escaped(self, text: str) -> Layout:
        if text in SPACES:
            return Words("")
        if text not in ESCAPED:
            raise _Unreadable
        return Words(ESCAPED[text])

    def other(self, text: str) -> Layout:
        return Letters(text, self.upright) if "\u0370" <= text <= "\u03ff" else Words(text)

    def command(self, name: str) -> Layout:
        if name in GREEK:
            return Letters(GREEK[name], upright=True if name[0].isupper() else self.upright)
        if name in SIGNS:
            return Operator(SIGNS[name], "none")
        if name in SPACES:
            return Words("")
        if name == "prime":
            return Operator("′", "none")
        if name in {"frac", "dfrac", "tfrac"}:
            return Fraction(self.braced(), self.braced())
        if name in ACCENTS:
            return Accent(ACCENTS[name], self.braced())
        if name in {"mathrm", "operatorname", "mathit"}:
            return self.lettered(upright=name != "mathit")
        if name in {"text", "textrm", "mbox"}:
            return self.text_group()
        raise _Unreadable

    def lettered(self, *, upright: bool) -> Layout:
        outer, self.upright = self.upright, upright
        inner = self.braced()
        self.upright = outer
        return inner

    def text_group(self) -> Layout:
        """Take the text up to the closing brace as it is written."""
        if self.take() != OPEN:
            raise _Unreadable
        start = self.matches[self.position - 1].start("mark") + 1
        while self.ahead != CLOSE:
            if self.ahead in {END, OPEN}:
                raise _Unreadable
            self.take()
        words = self.text[start : self.matches[self.position].start("mark")]
        self.take()
        return self.word(words) if words in FORMULAS else Words(re.sub(r"\\([%_&#$])", r"\1", words))


_RULES: dict[str, Callable[[_Reader, str], Layout]] = {
    "command": _Reader.command,
    "escaped": _Reader.escaped,
    "word": _Reader.word,
    "number": _Reader.number,
    "mark": _Reader.mark,
    "hyphen": _Reader.hyphen,
    "han": _Reader.han,
    "space": _Reader.space,
    "other": _Reader.other,
}


def _joined(first: Layout | None, second: Layout, separator: Layout | None) -> Layout:
    if first is None:
        return second
    return series([first, second], separator) if separator else row(first, second)

"""Units and dimensional arithmetic, exact: reads unit texts, combines and converts units, prints them.

The only module that knows the unit library, and it asks the library only for the names in `units.txt`; a
unit text comes from strangers and is read by the small grammar here. No quantities, no rounding, no floats.

    unit    = term { ("*" | "·" | " ") term | "/" term }       a/b/c is (a/b)/c
    term    = scale | [ scale ] ( name | "(" unit ")" ) [ power ]
    scale   = number [ power ] [ "万" | "亿" ]                  10^4 Nm3, 1e3 t, 万kWh
    power   = ( "^" | "**" ) integer | superscript             from -9 to 9

A scale belongs to the unit it stands before, so GJ/10^4 Nm3 is GJ/(10^4 Nm3). A product written with a space
or a dot after a quotient, as in J/mol K, is refused because it is read both ways.

`t_coal`, `Nm3_CH4`, `kmol_CO2` name an amount of a substance, and each substance is a dimension of its own.
`unit_vehicle` counts vehicles in the same way; a count of nothing in particular is `1`, there is no `pc`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tonne.engine.errors import Place, Problem, UnitError, nearest

if TYPE_CHECKING:
    import pint

Dimension = tuple[tuple[str, Fraction], ...]

LONGEST_TEXT = 100
LARGEST_POWER = 9
LARGEST_FACTOR_BITS = 1024  # far above any unit, far below what would take time to compute
DEEPEST_BRACKETS = 9

SUBSTANCE = "substance "
COUNT = "number of "
# Dimensions that can hold an amount of a substance, with the exponent of one such amount.
CARRIERS = {"mass": 1, "normal volume": 1, "standard volume": 1, "amount": 1, "length": 3}
LENGTHS = {1: "length", 2: "area", 3: "volume"}
# One tonne of CO2e is the mass of CO2 with the same warming effect and the GWP of CO2 is 1 by definition, so
# both are the same dimension. Any other gas needs its GWP.
SAME_SUBSTANCE = {"CO2e": "CO2", "CO2eq": "CO2"}
GLUED = {
    unit + gas: (unit, gas)
    for unit in ("g", "kg", "t", "kt", "Gg", "Mt")
    for gas in ("CO2", "CO2e", "CH4", "N2O", "SF6", "C", "H2")
}

NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?"
MULTIPLE = "万亿|万|亿"
POWER = r"[ ]*(?:\^|\*\*)[ ]*[+-]?[0-9]+|[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
SUBSTANCE_MARK = "_[A-Za-z0-9_]+"
TOKEN = re.compile(
    rf"(?P<space>[ ]+)"
    rf"|(?P<scale>{NUMBER}(?:{POWER})?(?:[ ]*(?:{MULTIPLE}))?|{MULTIPLE})"
    rf"|(?P<volume>(?:[NS]m(?:\^|\*\*)?[3³](?![A-Za-z0-9])|m(?:\^|\*\*)?[3³](?=_))(?:{SUBSTANCE_MARK})?)"
    rf"|(?P<name>°?[A-Za-z][A-Za-z0-9]*(?:{SUBSTANCE_MARK})?|[%‰℃]|[\u4e00-\u9fff]+)"
    rf"|(?P<power>{POWER})"
    r"|(?P<times>\*)|(?P<dot>[·⋅])|(?P<over>/)|(?P<open>\()|(?P<close>\))"
)
SCALE = re.compile(rf"(?P<number>{NUMBER})?(?P<power>{POWER})?[ ]*(?P<multiple>{MULTIPLE})?")
THING = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}")
MULTIPLES = {"万": 4, "亿": 8, "万亿": 12}
CHINESE_MULTIPLES = {"10⁴": "万", "10⁸": "亿"}

SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
FORMULA = re.compile(r"(?:[A-Z][a-z]?[0-9]?)+e?q?")
# Printed forms, English and Chinese, of the names that are not printed as they are written.
PRINTED = {
    "percent": ("%", "%"),
    "permille": ("‰", "‰"),
    "degC": ("°C", "°C"),
    "degF": ("°F", "°F"),
    "year": ("a", "年"),
    "month": ("month", "月"),
    "CNY": ("CNY", "元"),
    "flag": ("yes/no", "是/否"),
    "fuel_amount": ("t or 10⁴ Nm³", "t或万Nm³"),
}


@dataclass(frozen=True)
class Unit:
    """A unit: base value = value * factor + offset.

    The dimension is sorted by name and () for a pure number; the offset is 0 except for degC and degF.
    """

    text: str
    factor: Fraction
    offset: Fraction
    dimension: Dimension
    parts: Dimension = field(default=(), compare=False, repr=False)  # what a derived text is made of

    def __mul__(self, other: "Unit") -> "Unit":
        return _combined(self, other, 1)

    def __truediv__(self, other: "Unit") -> "Unit":
        return _combined(self, other, -1)

    def power(self, exponent: Fraction) -> "Unit":
        """Raise the unit to a power; UnitError if it has an offset or the power no exact factor."""
        _refuse_offset(self)
        factor = _exact_power(self.factor, Fraction(exponent))
        if factor is None:
            raise UnitError(Problem(f"({self.text})^({exponent}) has no exact or no reasonable size"))
        parts = _merged((), self.parts, exponent)
        return Unit(_composed(parts), factor, Fraction(0), _merged((), self.dimension, exponent), parts)

    @property
    def is_dimensionless(self) -> bool:
        """Whether the unit is a pure number such as 1, % or kWh/MWh."""
        return not self.dimension

    @property
    def is_offset(self) -> bool:
        """Whether the zero of the unit is not the zero of the quantity."""
        return self.offset != 0

    @property
    def is_flag(self) -> bool:
        """Whether values are true or false."""
        return self.dimension == FLAG.dimension

    def same_dimension(self, other: "Unit") -> bool:
        """Say whether values of the one can be converted to the other."""
        return self.dimension == other.dimension

    def delta(self) -> "Unit":
        """Give the unit of differences: for degC and degF the one without offset, else the unit itself."""
        return _named(f"delta_{self.parts[0][0]}") if self.is_offset else self


ONE = Unit("1", Fraction(1), Fraction(0), ())
FLAG = Unit("flag", Fraction(1), Fraction(0), (("flag", Fraction(1)),), (("flag", Fraction(1)),))


def parse_unit(text: str, place: Place | None = None) -> Unit:
    """Read a unit text; UnitError, with near names as a hint, if it is none."""
    try:
        return _parsed(text)
    except UnitError as error:
        raise UnitError([replace(problem, place=place) for problem in error.problems]) from None


def conversion(origin: Unit, target: Unit, place: Place | None = None) -> tuple[Fraction, Fraction]:
    """Give the exact factor and offset from origin to target values; UnitError if the dimensions differ."""
    if not origin.same_dimension(target):
        raise UnitError(
            Problem(
                f"{origin.text} cannot be converted to {target.text}",
                place,
                expected=dimension_words(target.dimension),
                found=dimension_words(origin.dimension),
                hint=_difference_hint(origin, target),
            )
        )
    return origin.factor / target.factor, (origin.offset - target.offset) / target.factor


def reading_conversion(origin: Unit, target: Unit, place: Place | None = None) -> tuple[Fraction, Fraction]:
    """Convert as `conversion` does, but a plain amount may stand for one of the target's substance.

    A meter reads t or Nm3 and the parameter says of what; a ratio of two substances needs both named.
    """
    held = dict(origin.dimension)
    assumed = [
        (name, exponent)
        for name, exponent in target.dimension
        if name.startswith(SUBSTANCE) and name not in held and _carrier(held, exponent)
    ]
    stated = replace(origin, dimension=tuple(sorted(_merged(origin.dimension, assumed, 1))))
    return conversion(stated if stated.same_dimension(target) else origin, target, place)


def dimension_words(dimension: Dimension) -> str:
    """Say a dimension in words, as in `[mass of CH4]/[energy]`."""
    rest = dict(dimension)
    words: list[tuple[str, Fraction]] = []
    for name, exponent in dimension:
        if name.startswith(SUBSTANCE):
            del rest[name]
            carrier = _carrier(rest, exponent)
            if carrier:
                rest[carrier] -= exponent * CARRIERS[carrier]
            amount = "volume" if carrier == "length" else carrier
            substance = name.removeprefix(SUBSTANCE)
            words.append((f"[{amount} of {substance}]" if amount else f"[{substance}]", exponent))
    for name, exponent in rest.items():
        size = 3 if exponent % 3 == 0 else 2 if abs(exponent) == 2 else 1
        word, size = (LENGTHS[size], size) if name == "length" else (name, 1)
        words += [(f"[{word}]", exponent / size)] if exponent else []
    return _composed(words) if words else "dimensionless"


def unit_label(text: str, language: str = "en") -> str:
    """Print a unit text: tCO₂e, m³, 10⁴ Nm³ (zh: 万Nm³); empty for `1`, since a pure number bears no unit."""
    parse_unit(text)
    tokens = _tokens(text)
    if tokens == [("scale", "1")]:
        return ""
    chinese = language == "zh"
    label = ""
    for (kind, token), (following, _) in pairwise([*tokens, ("end", "")]):
        if kind == "scale":
            label += _scale_label(token, chinese=chinese, counted=following in {"name", "open"})
        elif kind == "name":
            name = _name_label(token, chinese=chinese)
            several = len(tokens) > 1 and token in {"flag", "fuel_amount"}
            raised = following == "power" and not name.isalpha()
            label += f"({name})" if several or raised else name
        elif kind == "power":
            label += str(_integer(token)).translate(SUPERSCRIPT)
        else:
            label += "·" if kind in {"times", "dot"} else token
        if kind in {"name", "power", "close"} and following in {"name", "open"}:
            label += "·"
    return label


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Unit:
    if len(text) > LONGEST_TEXT:
        _refuse(text, f"a unit has at most {LONGEST_TEXT} characters")
    tokens = [("end", ""), *reversed(_tokens(text))]
    unit = _product(text, tokens, 0)
    if tokens[-1][0] == "close":
        _refuse(text, "a bracket is closed that was not opened")
    return replace(unit, text=text.strip())


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            _refuse(text, f"{text[position]!r} has no meaning in a unit")
        position = match.end()
        if match.lastgroup == "volume":
            tokens.append(("name", re.sub(r"(?:\^|\*\*)?[3³]", "3", match[0], count=1)))
        elif match.lastgroup != "space":
            tokens.append((str(match.lastgroup), match[0]))
    return tokens


def _product(text: str, tokens: list[tuple[str, str]], depth: int) -> Unit:
    unit = _term(text, tokens, depth)
    divided = False
    while (kind := tokens[-1][0]) not in {"end", "close"}:
        if kind in {"scale", "power"}:
            _refuse(text, "a number stands before its unit and a power right after it")
        if divided and kind not in {"over", "times"}:
            _refuse(text, "a product after a quotient needs brackets", "write J/(mol*K) or J*K/mol")
        if kind in {"over", "times", "dot"}:
            tokens.pop()
        term = _term(text, tokens, depth)
        unit = unit / term if kind == "over" else unit * term
        divided = divided or kind == "over"
    return unit


def _term(text: str, tokens: list[tuple[str, str]], depth: int) -> Unit:
    scale = _scale(text, tokens.pop()[1]) if tokens[-1][0] == "scale" else None
    if tokens[-1][0] == "name":
        unit = _named(tokens.pop()[1])
    elif tokens[-1][0] == "open":
        tokens.pop()
        if depth == DEEPEST_BRACKETS:
            _refuse(text, f"brackets are nested deeper than {DEEPEST_BRACKETS}")
        unit = _product(text, tokens, depth + 1)
        if tokens.pop()[0] != "close":
            _refuse(text, "a bracket is not closed")
    elif scale:
        return scale
    else:
        _refuse(text, "a unit is missing", "write 1 for a pure number")
    if tokens[-1][0] == "power":
        unit = unit.power(_power(text, tokens.pop()[1]))
    return scale * unit if scale else unit


def _scale(text: str, scale: str) -> Unit:
    number, power, multiple = _scale_parts(scale)
    factor = Fraction(number or 1)
    if power and factor:
        factor **= _power(text, power).numerator
    if multiple:
        factor *= 10 ** MULTIPLES[multiple]
    if not factor or _bits(factor) > LARGEST_FACTOR_BITS:
        _refuse(text, "a multiple is not 0 and of a reasonable size")
    written = "".join(scale.split())
    return Unit(written, factor, Fraction(0), (), ((written, Fraction(1)),) if factor != 1 else ())


def _scale_parts(scale: str) -> tuple[str, str, str]:
    match = SCALE.fullmatch(scale)
    return (match["number"] or "", match["power"] or "", match["multiple"] or "") if match else ("", "", "")


def _integer(power: str) -> int:
    return int(power.translate(PLAIN).strip(" ^*")[:4])


def _power(text: str, power: str) -> Fraction:
    exponent = _integer(power)
    if not 1 <= abs(exponent) <= LARGEST_POWER:
        _refuse(text, f"a power is a whole number from -{LARGEST_POWER} to {LARGEST_POWER} and not 0")
    return Fraction(exponent)


def _refuse(text: str, what: str, hint: str | None = None) -> NoReturn:
    shown = f"{text[:40]!r}..." if len(text) > 40 else repr(text)
    raise UnitError(Problem(f"{shown} cannot be read as a unit: {what}", hint=hint))


@cache
def _registry() -> "pint.UnitRegistry[Fraction]":
    # Imported with the first unit, not with this module: a command that reads no unit should not wait.
    from pint import UnitRegistry  # noqa: PLC0415

    definitions = Path(__file__).with_name("units.txt")
    return UnitRegistry(definitions, non_int_type=Fraction, on_redefinition="raise", cache_folder=None)


@cache
def _names() -> frozenset[str]:
    return frozenset(_registry())


def _named(name: str) -> Unit:
    if name == FLAG.text:
        return FLAG
    if name in _names():
        return _listed(name)
    written, thing = GLUED.get(name) or name.partition("_")[::2]
    if THING.fullmatch(thing):
        if written == "unit":
            dimension: Dimension = ((COUNT + thing, Fraction(1)),)
            return Unit(name, Fraction(1), Fraction(0), dimension, ((name, Fraction(1)),))
        if written in _names():
            return _of_substance(name, _listed(written), thing)
    raise UnitError(Problem(f"there is no unit {name!r}", hint=_near(name)))


def _listed(name: str) -> Unit:
    registry = _registry()
    known = registry.get_name(name)
    zero = registry.Quantity(Fraction(0), registry.UnitsContainer({known: 1}))
    one = registry.Quantity(Fraction(1), registry.UnitsContainer({known: 1}))
    offset = Fraction(zero.to_root_units().magnitude)
    factor = Fraction(one.to_root_units().magnitude) - offset
    powers = sorted((base.strip("[]"), Fraction(str(power))) for base, power in one.dimensionality.items())
    dimension = tuple((base.replace("_", " "), power) for base, power in powers)
    return Unit(known, factor, offset, dimension, ((known, Fraction(1)),))


def _of_substance(name: str, unit: Unit, substance: str) -> Unit:
    if len(unit.dimension) != 1 or CARRIERS.get(unit.dimension[0][0]) != unit.dimension[0][1]:
        expected = "a unit of mass, volume or amount of substance before the underscore"
        found = dimension_words(unit.dimension)
        raise UnitError(Problem(f"{name!r} is not an amount of a substance", expected=expected, found=found))
    marker = SUBSTANCE + SAME_SUBSTANCE.get(substance, substance)
    dimension = tuple(sorted((*unit.dimension, (marker, Fraction(1)))))
    return Unit(name, unit.factor, Fraction(0), dimension, ((name, Fraction(1)),))


def _near(name: str) -> str:
    written, mark, thing = name.partition("_")
    known = sorted({name for name in _names() if not name.startswith(("delta", "Δ"))} | GLUED.keys())
    same = [unit + mark + thing for unit in known if unit.casefold() == written.casefold()]
    if same and name not in same:
        return f"did you mean {', '.join(same)}?"
    forms = "a substance is written as in t_coal, a count as in unit_person"
    near = nearest(name, known)
    return f"{near} {forms}" if near else forms


def _refuse_offset(*units: Unit) -> None:
    for unit in units:
        if unit.is_offset:
            what = f"{unit.text} has a zero of its own and cannot be multiplied or divided"
            raise UnitError(Problem(what, hint="declare K; readings in degC are converted"))


def _combined(left: Unit, right: Unit, sign: int) -> Unit:
    _refuse_offset(left, right)
    factor = left.factor * right.factor**sign
    if _bits(factor) > LARGEST_FACTOR_BITS:
        raise UnitError(Problem("the size of a unit is out of proportion"))
    parts = _merged(left.parts, right.parts, sign)
    dimension = tuple(sorted(_merged(left.dimension, right.dimension, sign)))
    return Unit(_composed(parts), factor, Fraction(0), dimension, parts)


def _merged(left: Dimension, right: Iterable[tuple[str, Fraction]], exponent: Fraction | int) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, Fraction(0)) + power * exponent
    return tuple((name, power) for name, power in powers.items() if power)


def _bits(factor: Fraction) -> int:
    return max(factor.numerator.bit_length(), factor.denominator.bit_length())


def _exact_power(factor: Fraction, exponent: Fraction) -> Fraction | None:
    if factor == 1:
        return factor
    if _bits(factor) * abs(exponent.numerator) > LARGEST_FACTOR_BITS:
        return None
    above = _exact_root(factor.numerator, exponent.denominator)
    below = _exact_root(factor.denominator, exponent.denominator)
    return Fraction(above, below) ** exponent.numerator if above and below else None


def _exact_root(value: int, degree: int) -> int | None:
    if degree == 1 or value == 1:
        return value
    if degree >= value.bit_length():
        return None  # 2 ** degree is already larger
    root = 0
    for bit in reversed(range(value.bit_length() // degree + 1)):
        if (root | 1 << bit) ** degree <= value:
            root |= 1 << bit
    return root if root**degree == value else None


def _composed(parts: Iterable[tuple[str, Fraction]]) -> str:
    above = [(name, power) for name, power in parts if power > 0]
    below = [(name, -power) for name, power in parts if power < 0]
    text = _product_text(above) or "1"
    if not below:
        return text
    return f"{text}/({_product_text(below)})" if len(below) > 1 else f"{text}/{_product_text(below)}"


def _product_text(parts: list[tuple[str, Fraction]]) -> str:
    text = ""
    scale = False
    for name, power in parts:
        text += (" " if scale else "*") if text else ""
        scale = SCALE.fullmatch(name) is not None
        exponent = f"^{power}" if power.denominator == 1 else f"^({power})"
        text += name if power == 1 else (f"({name})" if scale else name) + exponent
    return text


def _carrier(held: Mapping[str, Fraction], exponent: Fraction) -> str | None:
    for name, size in CARRIERS.items():
        if held.get(name, Fraction(0)) / (exponent * size) >= 1:
            return name
    return None


def _difference_hint(origin: Unit, target: Unit) -> str | None:
    names = {name for name, _ in origin.dimension} ^ {name for name, _ in target.dimension}
    if {"time", "calendar"} <= names:
        return "a year or month is not a fixed number of hours; say how many hours were operated"
    if len(names) > 1 and names <= {"normal volume", "standard volume", "length"}:
        return "gas volumes at different states are related by temperature and pressure"
    if names and all(name.startswith(SUBSTANCE) for name in names):
        return "amounts of different substances are related by a factor such as a GWP or a mass ratio"
    return None


def _scale_label(scale: str, *, chinese: bool, counted: bool) -> str:
    number, power, multiple = _scale_parts(scale)
    printed = number + (str(_integer(power)).translate(SUPERSCRIPT) if power else "")
    if chinese and counted and printed in CHINESE_MULTIPLES:
        return CHINESE_MULTIPLES[printed] + multiple
    if chinese and multiple:
        return printed + multiple
    if multiple:
        printed += ("×10" if printed else "10") + str(MULTIPLES[multiple]).translate(SUPERSCRIPT)
    return printed + (" " if counted else "")


def _name_label(name: str, *, chinese: bool) -> str:
    known = _named(name).parts[0][0].removeprefix("delta_")
    if known in PRINTED:
        return PRINTED[known][chinese]
    if name in _names():
        return known[:-1] + known[-1].translate(SUPERSCRIPT)
    written, thing = GLUED.get(name) or name.partition("_")[::2]
    if written == "unit":
        return thing
    formula = thing.translate(SUBSCRIPT) if FORMULA.fullmatch(thing) else thing
    space = "" if name in GLUED else " "
    return _name_label(written, chinese=chinese) + space + formula

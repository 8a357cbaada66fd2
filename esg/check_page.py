"""Arranges the check report of a methodology as one self-contained page in both languages.

Every statement of the prover stands there once, beside the formula it is about. Without a script: the languages
are switched by the style alone. Proves and decides nothing; files are written by `check_folder`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from markupsafe import Markup, escape

from tonne.engine.check.checks import evidence_of
from tonne.engine.errors import UnitError
from tonne.engine.findings import Finding, Severity
from tonne.engine.prove.report import PROPERTIES, SCOPE, Group, ProofReport, parts, shown_place, standing
from tonne.engine.prove.statement import Point, Statement
from tonne.engine.spec.methodology import Quantity
from tonne.esg.breaking import lines_of
from tonne.esg.check_wording import (
    CLAIMS,
    DIRECTIONS,
    HEADINGS,
    PARTS,
    STANDINGS,
    WORDS,
    worded,
)
from tonne.esg.document import LANGUAGES, Formula, Phrase, same
from tonne.esg.figures import FUEL_AMOUNT, cited, in_brackets, joined, phrase, printed_unit
from tonne.esg.layout import Layout, Operator, Words, printable, row
from tonne.esg.markup import mathml
from tonne.esg.numbers import ABSENT, MINUS, Language, number_text, read_number
from tonne.esg.render import TEMPLATES, environment
from tonne.esg.symbols import symbol
from tonne.esg.typeset import equation_layout, value_layout
from tonne.esg.wording import COMMA, EQUATION_NUMBER, EVIDENCE, MODULE_PART, SCHEMES, SEVERITIES, SIDES

OPEN = {Severity.CLARIFICATION, Severity.FORWARD_ACTION}
LONGEST_LINE = 64  # characters of a formula as plain text
POINT_DIGITS = 10
DASH = same(ABSENT)
DIRECTION = "direction.sign"
BY_EQUATION = {"cases", "domain"}  # their statements stand beside the formula
IN_TABLES = {"units.converted", "evidence.words"}  # findings of which a table says more
# Statements that, when refuted, say what is wrong; the verdict is of the property, so that stands in front.
FAULTS = {"cases.unreachable", "cases.overlap"}

_MINUS = re.compile(r"(?<![\w.])-(?=[0-9])")


@dataclass(frozen=True)
class ShownPoint:
    """A point: what happened, the inputs that matter, and those it was confirmed with besides."""

    outcome: Phrase | None
    inputs: tuple[tuple[Phrase, Phrase], ...]
    others: tuple[tuple[Phrase, Phrase], ...]


@dataclass(frozen=True)
class ShownStatement:
    """A statement with everything that is said of it."""

    id: str
    standing: str
    verdict: Phrase
    code: str
    subject: str
    sentence: Phrase
    remark: Phrase | None
    points: tuple[ShownPoint, ...]
    place: str | None


@dataclass(frozen=True)
class ShownEquation:
    """A formula with its names, its place in the source, its evidence, and the statements about it."""

    id: str
    name: Phrase | None
    formula: Formula
    number: Phrase | None
    unit: Phrase
    where: Phrase
    evidence: Phrase
    statements: tuple[ShownStatement, ...] = ()


@dataclass(frozen=True)
class ShownDirection:
    """A parameter in the table of directions."""

    statement: ShownStatement
    name: Phrase | None
    symbol: Formula
    unit: Phrase
    direction: Phrase
    claimed: Phrase
    conservative: Phrase


@dataclass(frozen=True)
class ShownConversion:
    """A change of unit in a formula."""

    quantity: str
    origin: Phrase
    target: Phrase
    factor: str
    offset: str


@dataclass(frozen=True)
class ShownCheck:
    """One check of the list, ready to be laid out; what it does not have is empty."""

    number: int
    heading: Phrase
    claim: Phrase
    state: str
    tally: tuple[tuple[str, int], ...]
    note: Phrase | None
    findings: tuple[tuple[Phrase, Phrase, str | None], ...]
    equations: tuple[ShownEquation, ...]
    statements: tuple[ShownStatement, ...]
    directions: tuple[ShownDirection, ...]
    conversions: tuple[ShownConversion, ...]
    sources: tuple[ShownEquation, ...]


def page_text(report: ProofReport) -> str:
    """Write the check report of a methodology as HTML."""
    spec = report.methodology.spec
    source = spec.source
    dated = f"{source.document}, {source.date}" if source.date else source.document
    publisher = phrase(source.publisher)
    cover = (
        (WORDS["cover.title"], phrase(spec.title)),
        (WORDS["cover.id"], same(spec.id)),
        (WORDS["cover.source"], Phrase(f"{publisher.zh}，{dated}", f"{publisher.en}, {dated}")),
        (WORDS["cover.scheme"], SCHEMES[spec.scheme]),
        (WORDS["cover.evidence"], EVIDENCE[source.evidence]),
        (WORDS["cover.engine"], same(f"tonne {report.engine_version}")),
    )
    return _rendered(
        "check.html.j2",
        report=report,
        state=state_of(report.passed, report.statements, report.checked.findings),
        title=WORDS["title"],
        subject=phrase(spec.title),
        cover=cover,
        counts=[(name, STANDINGS[name], count) for name, count in report.counts.items() if count or name != "noted"],
        checks=_Maker(report).checks(),
        scope=[Phrase(*item) for item in SCOPE],
        not_covered=[(phrase(item.text), cited(item.cite) if item.cite else None) for item in spec.not_covered],
        parts=[(PARTS[item["kind"]], item["id"], item["sha256"]) for item in parts(report.methodology)],
    )


def index_text(reports: Iterable[ProofReport], name_of: dict[str, str]) -> str:
    """Write the list of several check reports as HTML, with a link to each page."""
    rows = [
        (
            name_of[item.methodology.id],
            item.methodology.id,
            phrase(item.methodology.spec.title),
            state_of(item.passed, item.statements, item.checked.findings),
            item.counts,
            item.methodology.digest,
        )
        for item in reports
    ]
    return _rendered("check_index.html.j2", title=WORDS["index_title"], rows=rows)


def state_of(passed: bool, statements: Iterable[Statement], findings: Iterable[Finding]) -> str:
    """Say in a word how a check, or a methodology, stands: passed, open or failed."""
    if not passed:
        return "failed"
    open_statements = any(standing(item) != "proved" for item in statements)
    return "open" if open_statements or any(item.severity in OPEN for item in findings) else "passed"


def _rendered(template: str, **values: object) -> str:
    style = "".join((TEMPLATES / name).read_text("utf-8") for name in ("report.css", "check.css"))
    jinja = environment()
    jinja.filters |= {"said": _said, "clean": printable, "parted": _parted, "mathml": _mathml}
    return jinja.get_template(template).render(
        languages=LANGUAGES,
        words=WORDS,
        standings=STANDINGS,
        style=Markup(style),  # noqa: S704 (the package's own files)
        **values,
    )


def _said(text: Phrase, language: Language) -> str:
    return printable(text.said(language))


def _parted(name: str) -> Markup:
    """Let a long name break after its points and underscores."""
    escaped = str(escape(printable(name)))
    return Markup(escaped.replace(".", ".<wbr>").replace("_", "_<wbr>"))  # noqa: S704 (escaped above)


def _mathml(formula: Formula, language: Language) -> Markup:
    lines = lines_of(formula.said(language), LONGEST_LINE)
    return Markup("<br>".join(mathml(line) for line in lines))  # noqa: S704 (the writer escapes)


def _unit(text: str) -> Phrase:
    """Print a unit; one that the checker put together may have no other form."""
    try:
        return printed_unit(text)
    except UnitError:
        return same(text)


class _Maker:
    """Makes what is shown of one report; statements are numbered in the order of the list."""

    def __init__(self, report: ProofReport) -> None:
        self.report = report
        self.methodology = report.methodology
        self.trees = report.checked.inference.trees
        self.number = 0

    def checks(self) -> tuple[ShownCheck, ...]:
        return tuple(self.check(group) for group in self.report.groups)

    def check(self, group: Group) -> ShownCheck:
        name = group.check.name
        state = state_of(group.passed, group.statements, group.findings) if group.made else "not_made"
        found = [standing(item) for item in group.statements]
        tally = tuple((word, found.count(word)) for word in STANDINGS if word in found)
        shown = [(item, self.statement(item)) for item in group.statements]
        beside = [pair for pair in shown if name in BY_EQUATION and pair[0].subject in self.trees]
        directed = [pair for pair in shown if pair[0].code == DIRECTION]
        return ShownCheck(
            group.check.number,
            worded(HEADINGS, name),
            CLAIMS.get(name) or Phrase(group.check.zh, group.check.en),
            state,
            tally,
            self.note(group),
            tuple(self.findings(group)),
            self.outputs() if name == "structure" else self.with_statements(beside),
            tuple(pair[1] for pair in shown if pair not in beside and pair not in directed),
            tuple(self.direction(item, made) for item, made in directed),
            self.conversions() if name == "units" else (),
            self.sources() if name == "evidence" else (),
        )

    def note(self, group: Group) -> Phrase | None:
        """Say why a check shows nothing."""
        if not group.made:
            return WORDS["proofs_not_made"]
        name = group.check.name
        if group.statements or (name not in BY_EQUATION and any(item.code not in IN_TABLES for item in group.findings)):
            return None
        if name in {"direction", "structure"}:
            return WORDS["no_claims" if self.methodology.spec.outputs else "no_reduction"]
        if name == "units":
            return None if self.report.checked.inference.conversions else WORDS["no_conversions"]
        return {"cases": WORDS["no_cases"], "domain": WORDS["no_partial"], "evidence": None}.get(
            name, WORDS["nothing_found"]
        )

    def findings(self, group: Group) -> Iterator[tuple[Phrase, Phrase, str | None]]:
        for item in group.findings:
            if item.code not in IN_TABLES:
                yield SEVERITIES[item.severity.value], Phrase(item.zh, item.en), shown_place(item.place)

    def statement(self, item: Statement) -> ShownStatement:
        self.number += 1
        sentence = Phrase(item.zh, item.en)
        if item.code in FAULTS and item.verdict == "refuted":
            before = Phrase(*PROPERTIES[item.code])
            sentence = Phrase(f"{before.zh}——{sentence.zh}", f"{before.en} — {sentence.en}")
        remark = None
        if item.limits:
            label = WORDS["why" if item.verdict == "undecided" else "leaves_out"]
            remark = Phrase(f"{label.zh}{item.limits.zh}", f"{label.en}{item.limits.en}")
        place = shown_place(item.place) if item.verdict != "proved" else None
        shown = tuple(self.point(point) for point in item.points)
        word = standing(item)
        verdict = STANDINGS[word] if word != "proved" else Phrase(item.heading("zh"), item.heading("en"))
        return ShownStatement(f"s{self.number}", word, verdict, item.code, item.subject, sentence, remark, shown, place)

    def point(self, point: Point) -> ShownPoint:
        told: list[tuple[str, Fraction | str]] = [*point.values.items(), *point.options.items()]
        inputs = [self.input(name, value) for name, value in told]
        others = [self.input(name, value) for name, value in point.others.items()]
        outcome = Phrase(_MINUS.sub(MINUS, point.zh), _MINUS.sub(MINUS, point.en)) if point.en else None
        return ShownPoint(outcome, tuple(inputs), tuple(others))

    def input(self, name: str, value: Fraction | str) -> tuple[Phrase, Phrase]:
        """Name an input with its value, or an option with its choice; both may stand at an index."""
        bare, _, index = name.partition("@")
        if not isinstance(value, str):
            return same(name), self.value(bare, value)
        option = self.methodology.options.get(bare)
        if option is None:
            return same(name), same(value)
        named = option.values[value] if isinstance(option.values, dict) and value in option.values else None
        told = phrase(option.name)
        return Phrase(told.zh + f"（{index}）" * bool(index), told.en + f" ({index})" * bool(index)), phrase(
            named
        ) if named else same(value)

    def value(self, name: str, value: Fraction) -> Phrase:
        quantity = self.methodology.quantities.get(name)
        if quantity is not None and quantity.unit.is_flag:
            return Phrase(number_text(value, "flag", "zh"), number_text(value, "flag", "en"))
        text = same(number_text(value, digits=POINT_DIGITS))
        if quantity is None:
            return text
        unit = _unit(quantity.unit.text)
        # The unit of an amount of fuel is two words.
        told = in_brackets(unit) if quantity.unit.text == FUEL_AMOUNT else Phrase(f" {unit.zh}", f" {unit.en}")
        return Phrase((text.zh + told.zh).rstrip(), (text.en + told.en).rstrip())

    def direction(self, item: Statement, shown: ShownStatement) -> ShownDirection:
        quantity = self.methodology.quantities[item.subject]
        side, claimed = item.data.get("conservative"), item.data.get("claimed")
        return ShownDirection(
            shown,
            self.name(quantity),
            self.symbol(quantity),
            _unit(quantity.unit.text),
            worded(DIRECTIONS, str(item.data.get("direction"))),
            worded(SIDES, str(claimed)) if claimed else DASH,
            worded(SIDES, str(side)) if side else DASH,
        )

    def conversions(self) -> tuple[ShownConversion, ...]:
        return tuple(
            ShownConversion(
                item.quantity,
                _unit(item.origin),
                _unit(item.target),
                number_text(item.factor, digits=POINT_DIGITS),
                number_text(item.offset, digits=POINT_DIGITS) if item.offset else ABSENT,
            )
            for item in dict.fromkeys(self.report.checked.inference.conversions)
        )

    def with_statements(self, shown: list[tuple[Statement, ShownStatement]]) -> tuple[ShownEquation, ...]:
        """Put the statements beside the formulas they are about."""
        subjects = dict.fromkeys(item.subject for item, _ in shown)
        return tuple(
            self.equation(
                self.methodology.quantities[subject],
                tuple(made for item, made in shown if item.subject == subject),
            )
            for subject in subjects
        )

    def outputs(self) -> tuple[ShownEquation, ...]:
        outputs = self.methodology.spec.outputs
        if outputs is None:
            return ()
        named = (outputs.reduction, outputs.baseline, outputs.project, outputs.leakage)
        found = dict.fromkeys(name for name in named if name and name in self.methodology.quantities)
        return tuple(self.equation(self.methodology.quantities[name]) for name in found)

    def sources(self) -> tuple[ShownEquation, ...]:
        """Show every equation, and every default with its value."""
        return tuple(
            self.equation(quantity)
            for quantity in self.methodology.quantities.values()
            if not quantity.is_parameter or quantity.parameter.from_ in {"default", "option"}
        )

    def equation(self, quantity: Quantity, statements: tuple[ShownStatement, ...] = ()) -> ShownEquation:
        number = next((cite.number for cite in (quantity.spec.cite, *quantity.cites) if cite and cite.number), None)
        return ShownEquation(
            quantity.id,
            self.name(quantity),
            Formula(self.layout(quantity, "zh"), self.layout(quantity, "en")),
            EQUATION_NUMBER.filled(number=number) if number else None,
            _unit(quantity.unit.text),
            self.where(quantity),
            EVIDENCE[evidence_of(self.methodology, quantity)],
            statements,
        )

    def layout(self, quantity: Quantity, language: Language) -> Layout:
        tree = self.trees.get(quantity.id, quantity.tree)
        if tree is not None:
            return equation_layout(quantity, tree, self.methodology, language)
        left, parameter = symbol(quantity.symbol), quantity.parameter
        if parameter.value is not None:
            text = number_text(parameter.value, digits=POINT_DIGITS)
            sign = "=" if Fraction(read_number(text) or 0) == parameter.value else "≈"
            return row(left, Operator(sign), value_layout(text))
        values = [number_text(value, digits=POINT_DIGITS) for value in (parameter.by or {}).values()]
        return (
            row(left, Operator("="), Words("；".join(values) if language == "zh" else "; ".join(values)))
            if values
            else left
        )

    def name(self, quantity: Quantity) -> Phrase | None:
        return phrase(quantity.spec.name) if quantity.spec.name else None

    def symbol(self, quantity: Quantity) -> Formula:
        layout = symbol(quantity.symbol)
        return Formula(layout, layout)

    def where(self, quantity: Quantity) -> Phrase:
        """Say where a quantity stands in its source document, or what source it names."""
        cites = dict.fromkeys(cite for cite in (quantity.spec.cite, *quantity.cites) if cite is not None)
        said = [place for cite in cites if (place := cited(cite))]
        source = quantity.parameter.source if quantity.is_parameter else None
        named = same(source) if isinstance(source, str) else phrase(source) if source else None
        place = joined(said, COMMA) if said else None
        module = self.methodology.modules.get(quantity.prefix.removesuffix("."))
        if place and module:
            place = MODULE_PART.filled(id=module[0].id, place=place)
        if named and place:
            return Phrase(named.zh + in_brackets(place).zh, named.en + in_brackets(place).en)
        return named or place or DASH

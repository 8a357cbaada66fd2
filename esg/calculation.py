"""The calculation of a result, equation by equation, and its outputs by calendar year."""

import datetime
from fractions import Fraction

from tonne.engine.check.order import reachable
from tonne.engine.data.domain import Index
from tonne.engine.plan import FALSE, TRUE, settled
from tonne.engine.result.result import ROLES
from tonne.engine.spec import tree
from tonne.engine.spec.tree import Convert, Number, walk
from tonne.esg.breaking import width
from tonne.esg.document import Block, Break, Column, Content, Equation, Note, Paragraph, Phrase, Table, same
from tonne.esg.figures import (
    SCALAR_YEAR,
    Figures,
    followed,
    in_brackets,
    in_square,
    joined,
    labelled,
    phrase,
    printed_unit,
    spread,
)
from tonne.esg.formulas import branch_formula, condition_text, source_tree, whole_formula, with_numbers
from tonne.esg.numbers import number_text
from tonne.esg.wording import (
    BRANCH,
    BY_THE_MINUTE,
    COMMA,
    EQUATION_NUMBER,
    EVIDENCE,
    EVIDENCE_LABEL,
    FIRST_ONES,
    FULL_STOP,
    NO_EQUATION,
    ROUNDING,
    SEMICOLON,
    SPAN,
    TOTAL,
    WHERE,
    WHOLE_PERIOD,
    ZERO,
    ZERO_BY_TEXT,
)
from tonne.esg.wording import (
    ROLES as ROLE_WORDS,
)

FEW_INDICES = 6  # all of which are shown
SHOWN_INDICES = 3

LONGEST_CONDITION = 30
LONGEST_WHOLE = 60  # of a formula with a brace, which no line end can divide

SOURCE = Phrase("出处", "source")
EQUATION_AND_CONDITION = Phrase("公式及其适用情形", "Equation, and when it applies")
IF = Phrase("情形：", "if ")
HERE = Phrase("本项目", "This project")
TAKEN, NOT_TAKEN = Phrase("采用", "applies"), Phrase("不采用", "does not apply")
BY_VALUES = Phrase("按数值判断", "decided by values")
EVERYWHERE = Phrase("{first}至{last}（共{count}个，均相同）", "{first} to {last} ({count}, all the same)")
OTHERWISE = Phrase("情形：其他", "otherwise")
NO_SOURCE = Phrase("无原文出处", "no place in a source")
FILLED_IN = Phrase("代入数值", "With numbers")
RESULT = Phrase("结果", "Result")
EXACT = Phrase("各年度计算值（未修约）", "Calculated values by calendar year, not rounded")
ROUNDED = Phrase("各年度核算结果（修约后）", "Results by calendar year, rounded")
SPAN_HEAD = Phrase("时段", "Period")
EQUATION = Phrase("公式", "Equation")
FROM = Phrase("原单位", "From")
TO = Phrase("目标单位", "To")
FACTOR = Phrase("换算", "Conversion")
ADDED = Phrase(
    "未修约各列的合计为表中所列各年数值之和，与全精度合计的差异不超过显示位数的舍入误差。",
    "The totals of columns that are not rounded are sums of the numbers as shown; they differ from the exact totals by no more than "
    "what is rounded for display.",
)
WITHOUT_MEMBERS = Phrase(
    "公式所涉及的类别在本项目中没有成员，因此没有取值。",
    "The equation goes over kinds of which this project has none; it has no value.",
)
DISPLAYED = Phrase(
    "计算全程不修约；表中按固定位数显示，精确值见result.json。",
    "The calculation itself is not rounded; the table shows fixed decimals, and the exact values are in result.json.",
)


def role_blocks(figures: Figures, role: str | None) -> tuple[Block, ...]:
    """Show the equations of one output, without those that an earlier output has shown; None takes the rest."""
    outputs = figures.result.methodology.spec.outputs
    trees = {name: step.tree for name, step in figures.steps.items()}
    seen: set[str] = set()
    for other in ROLES:
        output = getattr(outputs, other)
        names = [name for name in figures.steps if output and name in reachable(trees, [output]) and name not in seen]
        if other == role:
            return _equations(figures, names) or (_no_equation(figures),)
        seen.update(names)
    return _equations(figures, [name for name in figures.steps if name not in seen])


def _no_equation(figures: Figures) -> Block:
    return Note((NO_EQUATION.filled(unit=printed_unit(figures.rounding_unit)),))


def _equations(figures: Figures, names: list[str]) -> tuple[Block, ...]:
    return tuple(block for name in names for block in equation_blocks(figures, name))


def equation_blocks(figures: Figures, name: str) -> tuple[Block, ...]:
    """Show one equation: source, formula, the numbers put in, and what is to be said of it."""
    quantity = figures.result.methodology.quantities[name]
    number = figures.number(name)
    blocks: list[Block] = [
        Paragraph(_lead(figures, name), "lead"),
        _branch_table(figures, name)
        or Equation(whole_formula(figures, name), EQUATION_NUMBER.filled(number=number) if number else same("")),
    ]
    explained = _where(figures, name)
    if explained:
        blocks.append(Paragraph(explained, "where"))
    zero = figures.steps[name].tree == Number(Fraction(0))
    blocks += _filled_in(figures, name)
    note = quantity.spec.note
    if zero:
        where = figures.where(name) or NO_SOURCE
        reason = phrase(note) if note else ZERO_BY_TEXT.filled(where=where)
        blocks.append(Note((ZERO.filled(unit=figures.unit(name), reason=reason),)))
    elif note:
        blocks.append(Paragraph((phrase(note),), "small"))
    return tuple(blocks)


def _branch_table(figures: Figures, name: str) -> Table | None:
    """Show cases whose conditions are too long to stand beside a brace as a table, and which one the choices leave."""
    written = source_tree(figures, name)
    if not isinstance(written, tree.Cases):
        return None
    conditions = [condition_text(figures, when) for when, _ in written.branches]
    whole = whole_formula(figures, name)
    if max(width(whole.zh), width(whole.en)) <= LONGEST_WHOLE and all(
        len(text.en) <= LONGEST_CONDITION and len(text.zh) <= LONGEST_CONDITION for text in conditions
    ):
        return None
    plan = figures.result.plan
    open_ = True
    rows: list[tuple[Content, ...]] = []
    for (when, expression), text in zip(written.branches, conditions, strict=True):
        held = settled(when, plan.methodology, plan.choices)
        taken = TAKEN if open_ and held == TRUE else NOT_TAKEN if not open_ or held == FALSE else BY_VALUES
        open_ = open_ and held != TRUE
        rows.append(((branch_formula(figures, name, expression), Break(), IF, text), (taken,)))
    if written.otherwise is not None:
        otherwise: Content = (branch_formula(figures, name, written.otherwise), Break(), OTHERWISE)
        taken = NOT_TAKEN if not open_ else BY_VALUES if _is_open(figures, name) else TAKEN
        rows.append((otherwise, (taken,)))
    return Table((Column((EQUATION_AND_CONDITION,), 12), Column((HERE,), 3)), tuple(rows))


def _is_open(figures: Figures, name: str) -> bool:
    """Whether values, and not choices alone, decide between the cases."""
    return isinstance(figures.steps[name].tree, tree.Cases)


def _lead(figures: Figures, name: str) -> Content:
    where = figures.where(name)
    source = labelled(SOURCE, where) if where else NO_SOURCE
    evidence = labelled(EVIDENCE_LABEL, figures.evidence(name))
    about = in_square(joined((source, evidence), SEMICOLON))
    return (*figures.named(name), about)


def _where(figures: Figures, name: str) -> Content:
    """Explain the symbols of a formula."""
    known = figures.result.methodology.quantities
    used = dict.fromkeys(
        part.id if isinstance(part, tree.Name) else part.name
        for part in walk(source_tree(figures, name))
        if isinstance(part, tree.Name | tree.Previous)
    )
    lines: list[Content] = []
    for other in used:
        if other in known and other != name:
            unit = figures.unit(other)
            lines.append((*figures.named(other), in_brackets(unit)))
    return (WHERE, *spread(lines, SEMICOLON), FULL_STOP) if lines else ()


def _filled_in(figures: Figures, name: str) -> list[Block]:
    step = figures.steps[name]
    indices = list(figures.result.values[name])
    if not indices:
        return [Note((WITHOUT_MEMBERS,))]
    whole = step.over in {(), ("year",)}
    shown = indices if whole or len(indices) <= FEW_INDICES else indices[:SHOWN_INDICES]
    units = dict.fromkeys(figures.unit(name, index) for index in shown)
    unit = next(iter(units)) if len(units) == 1 else same("")
    head = joined((figures.dimension(dimension) for dimension in step.over), COMMA) if step.over else SPAN_HEAD
    trivial = isinstance(step.tree, Number)
    columns = [Column((head,), 1 + max(1, len(step.over)))]
    if not trivial:
        columns.append(Column((FILLED_IN,), 9))
    columns.append(Column((RESULT, in_brackets(unit)), 3, "right"))
    if trivial and len(indices) > SHOWN_INDICES:
        return _one_value(figures, name, indices, columns)
    rows = []
    for index in shown:
        label = figures.label(step.over, index) if step.over else WHOLE_PERIOD
        cells: list[Content] = [(label,)]
        if not trivial:
            cells.append(_numbers(figures, name, index))
        rows.append((*cells, (figures.value(name, index),) if unit.zh else figures.with_unit(name, index)))
    blocks: list[Block] = [Table(tuple(columns), tuple(rows))]
    if figures.result.is_streamed(name):
        count = f"{figures.result.count(name):,}"
        blocks.append(Paragraph((BY_THE_MINUTE.filled(count=count, shown=len(shown)),), "small"))
    elif len(shown) < len(indices):
        blocks.append(Paragraph((FIRST_ONES.filled(count=f"{len(indices):,}", shown=len(shown)),), "small"))
    return blocks


def _one_value(figures: Figures, name: str, indices: list[Index], columns: list[Column]) -> list[Block]:
    """Show in one row what is the same number everywhere."""
    over = figures.steps[name].over
    first, last = figures.label(over, indices[0]), figures.label(over, indices[-1])
    label = EVERYWHERE.filled(first=first, last=last, count=f"{len(indices):,}")
    return [Table(tuple(columns), (((label,), (figures.value(name, indices[0]),)),))]


def _numbers(figures: Figures, name: str, index: Index) -> Content:
    formula, when = with_numbers(figures, name, index)
    return (formula, Break(), BRANCH, when) if when else (formula,)


def conversion_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the changes of unit that the unit check put into the formulas."""
    found = {
        (name, part.origin, part.target, part.factor, part.offset): None
        for name, step in figures.steps.items()
        for part in walk(step.tree)
        if isinstance(part, Convert)
    }
    if not found:
        return ()
    rows = []
    for name, origin, target, factor, offset in found:
        shift = "" if not offset else f" {'−' if offset < 0 else '+'} {number_text(abs(offset), digits=12)}"
        number = figures.number(name)
        equation: Content = (
            (EQUATION_NUMBER.filled(number=number), same(" "), figures.symbol(name))
            if number
            else (figures.symbol(name),)
        )
        conversion = same(f"× {number_text(factor, digits=12)}{shift}")
        rows.append((equation, (_converted(origin),), (_converted(target),), (conversion,)))
    columns = (Column((EQUATION,), 4), Column((FROM,), 3), Column((TO,), 3), Column((FACTOR,), 3, "right"))
    return (Table(columns, tuple(rows)),)


def _converted(unit: str) -> Phrase:
    printed = printed_unit(unit)
    return printed if printed.zh else Phrase("无量纲", "dimensionless")


def year_blocks(figures: Figures) -> tuple[Block, ...]:
    """Make the yearly tables, exact and as rounded, with the rule under them."""
    result = figures.result
    outputs = result.methodology.spec.outputs
    if outputs is None or not result.years:
        return ()
    unit = in_brackets(printed_unit(figures.rounding_unit))
    columns = (
        Column((SPAN_HEAD,), 5),
        *(Column((ROLE_WORDS[role], Break(), unit), 4, "right") for role in ROLES),
    )
    exact = tuple(
        (_span(figures, totals.year), *(_exact(figures, role, totals.year) for role in ROLES))
        for totals in result.years
    )
    rounded = tuple(
        (_span(figures, totals.year), *((figures.rounded(role, totals.year),) for role in ROLES))
        for totals in result.years
    )
    total: tuple[Content, ...] = ((TOTAL,), *((figures.rounded_total(role),) for role in ROLES))
    rule = outputs.rounding
    told = ROUNDING[rule.mode].filled(unit=printed_unit(rule.unit))
    evidence = in_square(labelled(EVIDENCE_LABEL, EVIDENCE[rule.evidence])) if rule.evidence else same("")
    blocks: list[Block] = [
        Table(columns, exact, EXACT),
        Paragraph((DISPLAYED,), "small"),
        Table(columns, (*rounded, total), ROUNDED, totals=1),
        Paragraph((told, evidence), "small"),
    ]
    if not all(figures.is_whole(role) for role in ROLES) and len(result.years) > 1:
        blocks.append(Paragraph((ADDED,), "small"))
    if rule.cite and rule.cite.note:
        blocks.append(Paragraph((phrase(rule.cite.note),), "small"))
    return tuple(blocks)


def _exact(figures: Figures, role: str, year: str) -> Content:
    name = getattr(figures.result.methodology.spec.outputs, role)
    domain = figures.result.dataset.domain
    for index in figures.result.values.get(name or "", {}):
        if domain.label(figures.result.plan.over(name), index) == year:
            return (figures.value(name, index),)
    return (same("0"),)


def _span(figures: Figures, year: str) -> Content:
    """Print the days of a calendar year that lie in the monitoring period."""
    period = figures.result.project.spec.monitoring_period
    first, last = period.start, period.end
    if year != SCALAR_YEAR:
        first = max(first, datetime.date(int(year), 1, 1))
        last = min(last, datetime.date(int(year), 12, 31))
    return (SPAN.filled(start=str(first), end=str(last)),)


def year_lines(figures: Figures, role: str) -> Content:
    """Print the rounded output of each calendar year on a line of its own."""
    return spread(
        (
            (
                labelled(same(totals.year), same("")) if totals.year != SCALAR_YEAR else same(""),
                *followed(figures.rounded(role, totals.year)),
            )
            for totals in figures.result.years
        ),
        Break(),
    )

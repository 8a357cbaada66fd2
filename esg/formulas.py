"""Lays out the equations of a result: as the methodology has them, and with the numbers of one index put in."""

from collections.abc import Callable
from dataclasses import replace

from tonne.engine.data.domain import Index
from tonne.engine.plan import FALSE, settled
from tonne.engine.spec import tree
from tonne.engine.spec.models import Parameter
from tonne.engine.spec.tree import Node
from tonne.esg.document import Formula, Phrase
from tonne.esg.figures import Figures
from tonne.esg.layout import Fence, Layout, Letters, Operator, Words, series
from tonne.esg.linear import plain
from tonne.esg.numbers import Language, number_text
from tonne.esg.symbols import symbol
from tonne.esg.typeset import formula, substituted

MAX_TERMS = 4
MAX_BRANCHES = 8  # beyond, the branches that the project's choices leave are shown, not those of the methodology


def whole_formula(figures: Figures, name: str) -> Formula:
    """Lay out an equation with its symbols, as the methodology has it."""
    return branch_formula(figures, name, source_tree(figures, name))


def branch_formula(figures: Figures, name: str, node: Node) -> Formula:
    """Lay out an equation with a right-hand side, such as one of its branches."""
    options = figures.result.methodology.options
    left = symbol(figures.result.methodology.quantities[name].symbol)
    return Formula(
        formula(left, node, _show(figures, "zh"), "zh", options),
        formula(left, node, _show(figures, "en"), "en", options),
    )


def condition_text(figures: Figures, node: Node) -> Phrase:
    """Write a condition as a line of text."""
    options = figures.result.methodology.options
    return Phrase(
        plain(formula(None, node, _show(figures, "zh"), "zh", options)),
        plain(formula(None, node, _show(figures, "en"), "en", options)),
    )


def source_tree(figures: Figures, name: str) -> Node:
    """Give the tree as written; of very many cases, or where a spec has none, the one that is computed."""
    quantity = figures.result.methodology.quantities[name]
    settled = figures.steps[name].tree
    written = quantity.tree
    if written is None or isinstance(quantity.spec, Parameter):
        return settled
    return settled if isinstance(written, tree.Cases) and len(written.branches) > MAX_BRANCHES else written


def with_numbers(figures: Figures, name: str, index: Index) -> tuple[Formula, Phrase | None]:
    """Lay out the right-hand side with the numbers of an index, and say the condition of the branch taken, if any."""
    step = figures.steps[name]
    at = dict(zip(step.over, index, strict=True))
    position, node = _branch(figures, step.tree, at)
    condition = condition_text(figures, _conditions(figures, name)[position]) if position is not None else None
    return _terms(figures, node, at) or _filled(figures, node, at), condition


def _conditions(figures: Figures, name: str) -> list[Node]:
    """List the conditions as written of the cases that the project's choices leave open."""
    written, plan = figures.result.methodology.quantities[name].tree, figures.result.plan
    if not isinstance(written, tree.Cases):  # a condition alone is computed as the cases of a flag
        computed = figures.steps[name].tree
        written = computed.operand if isinstance(computed, tree.Convert) else computed
    conditions = [when for when, _ in written.branches] if isinstance(written, tree.Cases) else []
    return [when for when in conditions if settled(when, plan.methodology, plan.choices) != FALSE]


def _terms(figures: Figures, node: Node, at: dict[str, int | str]) -> Formula | None:
    """Write a sum that is the whole right-hand side as its terms: all of a few, else the first and the last."""
    if not isinstance(node, tree.Reduce) or node.function != "sum":
        return None
    places = list(figures.result.reference.inside(node, at))
    if not places:
        return None
    left_out = len(places) > MAX_TERMS
    shown = [*places[: MAX_TERMS - 2], places[-1]] if left_out else places
    terms = [_term(figures, node.body, dict(inner)) for inner in shown]

    def summed(language: Language) -> Layout:
        parts = [term.said(language) for term in terms]
        if left_out:
            parts.insert(-1, Operator("⋯", "none"))
        return series(parts, Operator("+"))

    return Formula(summed("zh"), summed("en"))


def _term(figures: Figures, body: Node, at: dict[str, int | str]) -> Formula:
    """Write one term of a sum, in brackets where it is a sum itself or negative."""
    term = _filled(figures, body, at)
    value = figures.result.reference.evaluate(body, at)
    loose = isinstance(body, tree.Negate) or (isinstance(body, tree.Arithmetic) and body.operator in "+-")
    return Formula(Fence(term.zh), Fence(term.en)) if loose or (value is not None and value < 0) else term


def _filled(figures: Figures, node: Node, at: dict[str, int | str]) -> Formula:
    options = figures.result.methodology.options

    def written(language: Language) -> Layout:
        return substituted(node, _values(figures, at, language), _show(figures, language), language, options=options)

    return Formula(written("zh"), written("en"))


def _show(figures: Figures, language: Language) -> Callable[[tree.Name], Layout]:
    """Show quantities by their symbols, dimensions by their names."""
    methodology = figures.result.methodology

    def show(name: tree.Name) -> Layout:
        quantity = methodology.quantities.get(name.id)
        if quantity is not None:
            return symbol(quantity.symbol)
        if language == "zh" and name.id in methodology.dimensions:
            return Words(figures.dimension(name.id).zh)
        return Letters(name.id.removeprefix("option:"))

    return show


def _values(figures: Figures, at: dict[str, int | str], language: Language) -> Callable[[Node], str | None]:
    result = figures.result

    def value_of(node: Node) -> str | None:
        if isinstance(node, tree.Name):
            if node.id in result.dataset.domain.members:
                return result.dataset.domain.label((node.id,), result.dataset.domain.position((node.id,), at))
            index = result.dataset.domain.position(result.plan.over(node.id), at)
            return figures.value(node.id, index).text.said(language)
        value = result.reference.evaluate(node, at)
        if value is None:
            return None
        unit = None
        if isinstance(node, tree.Previous):
            unit = figures.unit_text(node.name)
        elif isinstance(node, tree.Reduce) and isinstance(node.body, tree.Name) and node.function != "count":
            unit = figures.unit_text(node.body.id)
        return number_text(value, unit, language)

    return value_of


def _branch(figures: Figures, node: Node, at: dict[str, int | str]) -> tuple[int | None, Node]:
    """Follow an equation of cases to the branch that held, with its position; there are no cases inside formulas.

    The unit of all cases together may be converted, which then holds for the branch.
    """
    if isinstance(node, tree.Convert) and isinstance(node.operand, tree.Cases):
        position, inner = _branch(figures, node.operand, at)
        return position, replace(node, operand=inner)
    if not isinstance(node, tree.Cases):
        return None, node
    for position, (when, expression) in enumerate(node.branches):
        if figures.result.reference.holds(when, at):
            return position, expression
    return None, node.otherwise or node

"""Lays out the equations of a result: as the methodology has them, and with the numbers of one index put in."""

from collections.abc import Callable

from tonne.engine.data.domain import Index
from tonne.engine.spec import tree
from tonne.engine.spec.models import Parameter
from tonne.engine.spec.tree import Node
from tonne.esg.document import Formula
from tonne.esg.figures import Figures
from tonne.esg.layout import Fence, Layout, Letters, Operator, Words, series
from tonne.esg.numbers import Language, number_text
from tonne.esg.symbols import symbol
from tonne.esg.typeset import formula, substituted

MAX_TERMS = 4
MAX_BRANCHES = 8  # beyond, the branches that the project's choices leave are shown, not those of the methodology


def whole_formula(figures: Figures, name: str) -> Formula:
    """Lay out an equation with its symbols, as the methodology has it."""
    node = source_tree(figures, name)
    options = figures.result.methodology.options
    left = symbol(figures.result.methodology.quantities[name].symbol)
    return Formula(
        formula(left, node, _show(figures, "zh"), "zh", options),
        formula(left, node, _show(figures, "en"), "en", options),
    )


def source_tree(figures: Figures, name: str) -> Node:
    """Give the tree as written; of very many cases, or where a spec has none, the one that is computed."""
    quantity = figures.result.methodology.quantities[name]
    settled = figures.steps[name].tree
    written = quantity.tree
    if written is None or isinstance(quantity.spec, Parameter):
        return settled
    return settled if isinstance(written, tree.Cases) and len(written.branches) > MAX_BRANCHES else written


def with_numbers(figures: Figures, name: str, index: Index) -> tuple[Formula, Formula | None]:
    """Lay out the right-hand side with the numbers of an index, and the condition of the branch taken, if any."""
    step = figures.steps[name]
    at = dict(zip(step.over, index, strict=True))
    node, when = _branch(figures, step.tree, at)
    node = _without_cases(figures, node, at)
    shown = _terms(figures, node, at) or _filled(figures, node, at)
    return shown, _filled(figures, when, at) if when is not None else None


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
    node = _without_cases(figures, body, at)
    term = _filled(figures, node, at)
    value = figures.result.reference.evaluate(node, at)
    loose = isinstance(node, tree.Negate) or (isinstance(node, tree.Arithmetic) and node.operator in "+-")
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


def _branch(figures: Figures, node: Node, at: dict[str, int | str]) -> tuple[Node, Node | None]:
    """Follow an equation of cases to the branch that held, with its condition."""
    if not isinstance(node, tree.Cases):
        return node, None
    for when, expression in node.branches:
        if figures.result.reference.holds(when, at):
            return expression, when
    return (node.otherwise, None) if node.otherwise is not None else (node, None)


def _without_cases(figures: Figures, node: Node, at: dict[str, int | str]) -> Node:
    """Replace cases by the branch that held; reductions stay, since theirs differ by index."""
    if isinstance(node, tree.Reduce | tree.Previous):
        return node
    if isinstance(node, tree.Cases):
        taken = _branch(figures, node, at)[0]
        return node if taken is node else _without_cases(figures, taken, at)
    return node.rebuilt(tuple(_without_cases(figures, child, at) for child in node.children)) if node.children else node

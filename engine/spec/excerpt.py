"""Takes one equation out of a methodology: what it names directly becomes its inputs, equations too.

Also puts a formula that was typed in into an equation's place. Units and index sets are not looked at here.
"""

from dataclasses import replace

from tonne.engine.errors import FormulaError, Place, Problem, UnknownNameError, listing, nearest
from tonne.engine.spec.expression import parse
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Equation, Parameter
from tonne.engine.spec.tree import Chosen, Compare, Name, Node, Previous, Reduce, names_in, transform, walk

TYPED = Place("formula")


def alone(methodology: Methodology, equation: str) -> Methodology:
    """Give the methodology that has one equation, with what it names directly as inputs.

    Raises:
        UnknownNameError: there is no such equation.
    """
    quantity = equation_of(methodology, equation)
    named = names_in(quantity.tree or Name("")) & set(methodology.quantities)
    inputs = {name: _input(part) for name, part in methodology.quantities.items() if name in named and name != equation}
    return replace(
        methodology,
        spec=methodology.spec.model_copy(update={"outputs": None, "claims": None, "conditions": []}),
        quantities={**inputs, equation: replace(quantity, when=None)},
        conditions=(),
    )


def equation_of(methodology: Methodology, name: str) -> Quantity:
    """Find an equation.

    Raises:
        UnknownNameError: there is no such equation.
    """
    quantity = methodology.quantities.get(name)
    if quantity is None or quantity.tree is None:
        known = list(methodology.equations)
        what = f"{name} is a parameter" if quantity is not None else f"no equation '{name[:80]}'"
        hint = nearest(name, known) or f"equations are {listing(known)}"
        raise UnknownNameError(Problem(f"{what} in {methodology.id}", hint=hint))
    return quantity


def _input(quantity: Quantity) -> Quantity:
    """Make an input of a quantity; it keeps unit, index set and printed names."""
    if isinstance(quantity.spec, Equation) or quantity.tree is not None:
        spec = Parameter.model_validate(
            {
                "from": "fixed",
                "unit": quantity.spec.unit,
                "over": list(quantity.over),
                "symbol": quantity.spec.symbol,
                "name": quantity.spec.name,
                "bounds": quantity.spec.bounds if isinstance(quantity.spec, Parameter) else None,
            }
        )
        return replace(quantity, spec=spec, tree=None, when=None, cites=())
    return replace(quantity, when=None)


def with_formula(methodology: Methodology, equation: str, text: str) -> Methodology:
    """Put a formula into the place of an equation's own.

    Raises:
        FormulaError: it cannot be read, or names what the methodology does not have.
        UnknownNameError: there is no such equation.
    """
    quantity = equation_of(methodology, equation)
    tree = formula_tree(methodology, text, quantity.prefix)
    typed = replace(quantity, tree=tree, place=TYPED, cites=())
    return replace(methodology, quantities={**methodology.quantities, equation: typed})


def formula_tree(methodology: Methodology, text: str, prefix: str = "") -> Node:
    """Read a formula in the names of a methodology; inside a module, its own names come first.

    Raises:
        FormulaError: it cannot be read, or names what the methodology does not have.
    """
    chosen = transform(parse(text), lambda node: _choice(replace(node, span=(0, 0)), methodology, prefix))
    tree = transform(chosen, lambda node: _named(node, methodology, prefix))
    problems = list(dict.fromkeys(_unknown(tree, methodology)))
    if problems:
        raise FormulaError(problems)
    return tree


def _choice(node: Node, methodology: Methodology, prefix: str) -> Node:
    if not isinstance(node, Compare) or not isinstance(node.left, Name) or not isinstance(node.right, Name):
        return node
    option = prefix + node.left.id if prefix + node.left.id in methodology.options else node.left.id
    if option not in methodology.options:
        return node
    values = list(methodology.options[option].values)
    if node.right.id not in values or node.operator not in {"==", "!="}:
        what = f"option {option} is compared with something that is not one of its values"
        raise FormulaError(Problem(what, TYPED, f"{option} == one of {listing(values)}"))
    return Chosen(option, node.right.id, node.operator == "==")


def _named(node: Node, methodology: Methodology, prefix: str) -> Node:
    if isinstance(node, Name) and prefix + node.id in methodology.quantities:
        return Name(prefix + node.id)
    if isinstance(node, Previous) and prefix + node.name in methodology.quantities:
        return replace(node, name=prefix + node.name)
    return node


def _unknown(tree: Node, methodology: Methodology) -> list[Problem]:
    known = [*methodology.quantities, *methodology.dimensions]
    quantities = [
        part.id if isinstance(part, Name) else part.name for part in walk(tree) if isinstance(part, Name | Previous)
    ]
    dimensions = [name for part in walk(tree) if isinstance(part, Reduce) for name in part.over]
    dimensions += [part.dimension for part in walk(tree) if isinstance(part, Previous)]
    problems = [
        Problem(f"unknown name '{name}'", TYPED, hint=nearest(name, known)) for name in quantities if name not in known
    ]
    problems += [
        Problem(f"unknown dimension '{name}'", TYPED, hint=nearest(name, methodology.dimensions))
        for name in dimensions
        if name not in methodology.dimensions
    ]
    return problems

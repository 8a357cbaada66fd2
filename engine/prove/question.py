"""The setting in which questions are asked: the encodings of one methodology, and the search for points."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import z3

from tonne.engine.check.kinds import Inference
from tonne.engine.prove.encode import Generic, Small
from tonne.engine.prove.replay import Replay, replayed, small_domain
from tonne.engine.prove.solver import number, satisfiable
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Arithmetic, Call, Node, Number, Previous, Reduce, walk

SEARCH_MS = 1500
SIZES = (1, 2)


class Question:
    """A methodology in the solver's terms."""

    def __init__(self, methodology: Methodology, inference: Inference) -> None:
        self.methodology = methodology
        self.inference = inference
        self.generic = Generic(methodology, inference.trees)

    def fresh(self) -> None:
        """Forget the unknowns of earlier questions, so that the next is not slowed by them."""
        self.generic = Generic(self.methodology, self.inference.trees)

    def search(self, claims: Callable[[Small], Iterable[tuple[Any, Any]]]) -> Iterator[tuple[Replay, Any]]:
        """Search small domains for points at which a claim holds; gives each with what the claim was about."""
        for size in SIZES:
            small = Small(self.methodology, self.inference.trees, small_domain(self.methodology, size))
            for claim, subject in claims(small):
                model = satisfiable([*small.facts, claim], SEARCH_MS)
                if model is None:
                    continue
                replay = replayed(self.methodology, self.inference, small, model)
                if replay is not None:
                    yield replay, subject

    def value(self, model: z3.ModelRef, variable: Any) -> Fraction | None:
        """Read a value of a point; None where the solver has none."""
        try:
            return number(model, variable)
        except (z3.Z3Exception, AttributeError):
            return None

    def limits(self, node: Node) -> str:
        """Say what in a formula the solver cannot follow exactly."""
        found: list[str] = []
        for part in walk(node):
            if isinstance(part, Call) and part.function in {"exp", "log", "sqrt", "floor", "ceil", "round"}:
                found.append(part.function)
            elif isinstance(part, Arithmetic) and part.operator == "**" and not isinstance(part.right, Number):
                found.append("a power that is not a constant")
            elif isinstance(part, Reduce):
                found.append(f"{part.function} over {', '.join(part.over)}")
            elif isinstance(part, Previous):
                found.append(f"earlier values of {part.name}")
        return ", ".join(dict.fromkeys(found)) or "time limit of the solver"

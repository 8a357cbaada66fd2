"""All that is said of a methodology: the static checks and the proofs, in the order of the list."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tonne.engine.check.checks import CHECKS, Check, CheckReport, Outcome
from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.check.order import cycles
from tonne.engine.plan import settled_as_fixed
from tonne.engine.prove.coverage import case_statements
from tonne.engine.prove.direction import direction_statements
from tonne.engine.prove.domains import domain_statements
from tonne.engine.prove.facts import ranges_of, unsatisfiable
from tonne.engine.prove.question import Question
from tonne.engine.prove.reasons import TOO_DEEP, contradicting_bounds
from tonne.engine.prove.statement import Statement
from tonne.engine.prove.structure import structure_statements
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.tree import Node

Prover = Callable[[Question], Iterator[Statement]]


@dataclass(frozen=True)
class Proof:
    """One group of statements: its number in the list of checks, its name, what it claims, and its function.

    `share` is the part of the time still left that it may take.
    """

    number: int
    name: str
    zh: str
    en: str
    function: Prover
    share: float


PROOFS: tuple[Proof, ...] = (
    Proof(4, "cases", "分情形公式覆盖全部取值", "cases cover the domain", case_statements, 0.4),
    Proof(5, "domain", "公式处处有值", "nothing can fail inside the bounds", domain_statements, 0.5),
    Proof(
        6,
        "direction",
        "减排量随各参数的变化方向",
        "the direction of the reduction in every parameter",
        direction_statements,
        0.7,
    ),
    Proof(7, "structure", "减排量的结构", "what the spec claims of the reduction holds", structure_statements, 1.0),
)

Groups = tuple[tuple[int, tuple[Statement, ...]], ...]


@functools.lru_cache(maxsize=64)
def _proved(methodology: "_ByDigest") -> Groups:
    inference = infer(methodology.value)
    if inference.problems or cycles(inference.trees):
        return ()
    return _groups(methodology.value, _without_fixed_choices(methodology.value, inference))


def _without_fixed_choices(methodology: Methodology, inference: Inference) -> Inference:
    """Leave out the branches of modules that the spec rules out by `uses: options:`; nothing is claimed of them."""

    def settled(trees: Mapping[str, Node]) -> dict[str, Node]:
        return {name: settled_as_fixed(tree, methodology) for name, tree in trees.items()}

    return replace(inference, trees=settled(inference.trees), whens=settled(inference.whens))


def _groups(methodology: Methodology, inference: Inference) -> Groups:
    contradicted = unsatisfiable(ranges_of(methodology))
    if contradicted:
        return tuple((proof.number, tuple(_nothing_follows(methodology, proof, contradicted))) for proof in PROOFS)
    question = Question(methodology, inference)
    groups: list[tuple[int, tuple[Statement, ...]]] = []
    for proof in PROOFS:
        with question.solver.share(proof.share):
            groups.append((proof.number, tuple(_within_depth(question, proof))))
    return tuple(groups)


def _within_depth(question: Question, proof: Proof) -> Iterator[Statement]:
    """Make the statements of a group; formulas that are nested too deep for it are not decided."""
    try:
        yield from proof.function(question)
    except RecursionError:
        yield Statement(
            f"{proof.name}.depth",
            question.methodology.id,
            proof.zh,
            proof.en,
            "undecided",
            limits=TOO_DEEP,
        )


def _nothing_follows(methodology: Methodology, proof: Proof, contradicted: list[str]) -> Iterator[Statement]:
    """Say for parameters without any allowed value that nothing is proved: otherwise anything would be."""
    for name in contradicted:
        place = methodology.quantities[name].place
        limits = contradicting_bounds(name)
        yield Statement(f"{proof.name}.bounds", name, proof.zh, proof.en, "undecided", limits=limits, place=place)


class _ByDigest:
    """A methodology that is the same when its digest is, for the cache."""

    def __init__(self, value: Methodology) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and self.value.digest == other.value.digest

    def __hash__(self) -> int:
        return hash(self.value.digest)


def statements(methodology: Methodology) -> tuple[Statement, ...]:
    """Give every statement of the proofs; the same spec is proved once in a session."""
    return tuple(item for _, group in _proved(_ByDigest(methodology)) for item in group)


def check_and_prove(methodology: Methodology) -> CheckReport:
    """Run the static checks and the proofs.

    Proofs are made only where names, index sets and units fit.
    """
    inference = infer(methodology)
    static = {item.number: Outcome(item, tuple(item.function(methodology, inference))) for item in CHECKS}
    groups = dict(_proved(_ByDigest(methodology)))
    outcomes: list[Outcome] = []
    proofs = {proof.number: proof for proof in PROOFS}
    for number in sorted({*static, *groups}):
        before = static.get(number)
        found = tuple(item.finding() for item in groups.get(number, ()))
        if before is not None:
            outcomes.append(Outcome(before.check, before.findings + found))
        else:
            proof = proofs[number]
            outcomes.append(Outcome(Check(number, proof.name, proof.zh, proof.en, _nothing), found))
    return CheckReport(methodology.id, methodology.digest, tuple(outcomes), inference)


def _nothing(_methodology: Methodology, _inference: Any) -> list[Any]:
    return []

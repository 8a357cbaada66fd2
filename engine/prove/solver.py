"""Asks the solver one question at a time, each with a limit and all with one; and the few words of its language.

The limit of all is one of processor time, so that a busy machine does not change what is decided.
A refutation is one of the encoding: it counts only when the reference evaluator confirms its point.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import z3

from tonne.engine.prove.interval import Interval

Verdict = Literal["proved", "refuted", "undecided"]

QUESTION_MS = 1000
WHOLE_SECONDS = 3.5
STEPS_BETWEEN_LOOKS = 200
TRUE, FALSE = z3.BoolVal(val=True), z3.BoolVal(val=False)
ZERO, ONE = z3.RealVal(0), z3.RealVal(1)


class OutOfTime(Exception):  # noqa: N818 (the question is given up, nothing is wrong)
    """The time for a question is over."""


@dataclass(frozen=True)
class Answer:
    """What the solver says of a claim; a refutation comes with the values of a point."""

    verdict: Verdict
    point: Any = None

    @property
    def proved(self) -> bool:
        """Whether the claim holds for all inputs."""
        return self.verdict == "proved"


class Solver:
    """The solver with a time limit for everything that is asked of it."""

    def __init__(self, seconds: float = WHOLE_SECONDS) -> None:
        self._end = time.process_time() + seconds
        self._steps = 0

    def step(self) -> None:
        """Count a step of work; now and then look at the clock, and give up when the time is over."""
        self._steps += 1
        if self._steps % STEPS_BETWEEN_LOOKS == 0 and self.is_out_of_time:
            raise OutOfTime

    @contextmanager
    def share(self, fraction: float) -> Iterator[None]:
        """Let what is asked inside take only a part of the time that is left."""
        whole, now = self._end, time.process_time()
        self._end = min(whole, now + max(0.0, whole - now) * fraction)
        try:
            yield
        finally:
            self._end = whole

    @property
    def is_out_of_time(self) -> bool:
        """Whether the limit of the whole is reached; from then on nothing is decided."""
        return time.process_time() >= self._end

    def holds(self, claim: Any, given: Iterable[Any], milliseconds: int = QUESTION_MS) -> Answer:
        """Ask whether a claim follows from what is given."""
        if z3.is_true(claim):
            return Answer("proved")
        return self._ask([*given, z3.Not(claim)], milliseconds)

    def satisfiable(self, given: Iterable[Any], milliseconds: int = QUESTION_MS) -> Any:
        """Give a point at which everything given holds, or None when none is found."""
        return self._ask(given, milliseconds).point

    def _ask(self, given: Iterable[Any], milliseconds: int) -> Answer:
        left = int((self._end - time.process_time()) * 1000)
        if left <= 0:
            return Answer("undecided")
        solver = z3.Solver()
        solver.set("timeout", min(milliseconds, left))
        try:
            solver.add(*given)
            answer = solver.check()
            if answer == z3.sat:
                return Answer("refuted", solver.model())
        except z3.Z3Exception:
            return Answer("undecided")
        return Answer("proved" if answer == z3.unsat else "undecided")


def exact(value: Fraction | int) -> Any:
    """Write an exact number for the solver."""
    return z3.RealVal(f"{value.numerator}/{value.denominator}")


def real(name: str) -> Any:
    """Make an unknown number."""
    return z3.Real(name)


def every(claims: Iterable[Any]) -> Any:
    """Say that all of several claims hold."""
    return z3.And(*claims)


def some(claims: Iterable[Any]) -> Any:
    """Say that one of several claims holds."""
    return z3.Or(*claims)


def denied(claim: Any) -> Any:
    """Say that a claim does not hold."""
    return z3.Not(claim)


def implied(condition: Any, claim: Any) -> Any:
    """Say that a claim holds where a condition does."""
    return z3.Implies(condition, claim)


def chosen(condition: Any, value: Any, otherwise: Any) -> Any:
    """Give one value where a condition holds and another where it does not."""
    return z3.If(condition, value, otherwise)


def total(values: Iterable[Any]) -> Any:
    """Add up."""
    parts = list(values)
    return z3.Sum(parts) if parts else ZERO


def limits(variable: Any, interval: Interval, values: Sequence[Fraction] = ()) -> list[Any]:
    """Say that a number lies in an interval, and is one of a few values where there are any."""
    facts: list[Any] = []
    if interval.low is not None:
        low = exact(interval.low)
        facts.append(variable > low if interval.low_open else variable >= low)
    if interval.high is not None:
        high = exact(interval.high)
        facts.append(variable < high if interval.high_open else variable <= high)
    if values:
        facts.append(some(variable == exact(value) for value in values))
    return facts


def number(model: Any, variable: Any) -> Fraction:
    """Read the value of a variable at a point; an irrational one to 20 digits."""
    value = model.eval(variable, model_completion=True)
    if z3.is_algebraic_value(value):
        value = value.approx(20)
    if z3.is_int_value(value):
        return Fraction(value.as_long())
    return Fraction(value.numerator_as_long(), value.denominator_as_long())

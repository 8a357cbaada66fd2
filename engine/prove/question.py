"""The setting in which questions are asked of one methodology, and the search for points that answer them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tonne.engine.check.kinds import Inference
from tonne.engine.errors import TonneError
from tonne.engine.prove.encode import Key, Unknowns
from tonne.engine.prove.facts import ranges_of
from tonne.engine.prove.generic import Generic
from tonne.engine.prove.replay import Replay, Told, described, read, simplified
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.small import Small, small_domains
from tonne.engine.prove.solver import OutOfTime, Solver
from tonne.engine.prove.statement import Point
from tonne.engine.spec.methodology import Methodology

SEARCH_MS = 500


@dataclass(frozen=True)
class Wanted:
    """What a search is after: a claim for the solver, and what must happen at its point."""

    claim: Any
    confirm: Callable[[Replay], Told | None]
    raised: Any = None
    mover: tuple[str, Key] | None = None


class Question:
    """A methodology in the solver's terms, with one time limit for all that is asked of it."""

    def __init__(self, methodology: Methodology, inference: Inference, solver: Solver | None = None) -> None:
        self.methodology = methodology
        self.inference = inference
        self.solver = solver or Solver()
        self.setting = Setting.of(methodology, inference.trees, ranges_of(methodology), self.solver)

    def generic(self, setting: Setting | None = None) -> Generic:
        """Start a new writing with one index that stands for all."""
        return Generic(setting or self.setting, Unknowns())

    def search(self, wanted: Callable[[Small], Iterable[Wanted]], setting: Setting | None = None) -> Point | None:
        """Search small domains for a point at which something happens, and make it simple."""
        try:
            return self._searched(wanted, setting or self.setting)
        except OutOfTime:
            return None

    def _searched(self, wanted: Callable[[Small], Iterable[Wanted]], setting: Setting) -> Point | None:
        for domain in small_domains(self.methodology):
            small = Small(setting, Unknowns(), domain)
            for item in wanted(small):
                model = self.solver.satisfiable([*small.facts, item.claim], SEARCH_MS)
                if model is None:
                    continue
                replay = read(small, self.inference, model, item.raised, item.mover)
                found = self._confirmed(replay, item.confirm)
                if found is not None:
                    return found
        return None

    def _confirmed(self, replay: Replay, confirm: Callable[[Replay], Told | None]) -> Point | None:
        try:
            return shown(replay, confirm) if replay.is_inside else None
        except TonneError:
            return None


def shown(replay: Replay, confirm: Callable[[Replay], Told | None]) -> Point | None:
    """Make a point simple and describe it; None when what is said of it does not happen."""
    if confirm(replay) is None:
        return None
    simple, values, choices = simplified(replay, confirm)
    told = confirm(simple)
    return described(simple, told, values, choices) if told is not None else None

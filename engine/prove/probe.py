"""Tries round numbers: points of a small domain at which one parameter stands at two values."""

from collections.abc import Iterator
from fractions import Fraction

from tonne.engine.data.domain import Domain
from tonne.engine.prove.encode import Key
from tonne.engine.prove.question import Question
from tonne.engine.prove.replay import Replay
from tonne.engine.prove.setting import Setting
from tonne.engine.prove.small import small_domains
from tonne.engine.spec.methodology import Quantity

TRIES = 24


def probes(
    question: Question, setting: Setting, quantity: Quantity, reduction: str
) -> Iterator[tuple[Replay, Key, Fraction]]:
    """Go through points with an index of the parameter and a larger value for it."""
    needed = sorted(setting.needed(reduction) & set(question.methodology.parameters))
    for domain in list(small_domains(question.methodology))[:2]:
        indices = list(domain.indices(quantity.over))
        for turn in range(TRIES):
            if question.solver.is_out_of_time:
                return
            replay = _point(question, setting, domain, needed, turn)
            index = indices[turn % len(indices)]
            old = replay.value_of(quantity.id, index)
            larger = sorted(value for value in setting.ranges[quantity.id].candidates() if value > old)
            if larger:
                yield replay, index, larger[turn % len(larger)]


def _point(question: Question, setting: Setting, domain: Domain, needed: list[str], turn: int) -> Replay:
    """Take a value for every parameter and choice, each in a stride of its own."""
    values: dict[tuple[str, Key], Fraction] = {}
    place = 0
    for name in needed:
        candidates = setting.ranges[name].candidates()
        for index in domain.indices(question.methodology.quantities[name].over):
            place += 1
            values[name, index] = candidates[_turned(turn, place) % len(candidates)]
    choices: dict[str, dict[Key, str]] = {}
    for name, option in question.methodology.options.items():
        known = list(option.values)
        fixed = question.methodology.fixed_options.get(name)
        choices[name] = {}
        for key in domain.indices(tuple(option.over)):
            place += 1
            choices[name][key] = fixed or known[_turned(turn, place) % len(known)]
    return Replay(setting, question.inference, domain, choices, values)


def _turned(turn: int, place: int) -> int:
    """Give a number that runs through different values for different places as the turns go on."""
    mixed = (turn * 7919 + place * 104_729 + turn * place * 6151) % 1_000_003
    return mixed * mixed // 1009 if turn else 0

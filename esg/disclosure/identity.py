"""Finds projects of an entity file that are one and the same, so that no tonne is claimed under two keys.

A result is recognised by its project file, by its registration, and by what it rests on: its data files with its name or
its yearly values, or its name with its yearly values. Only results of the same days can hold the same tonnes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from tonne.engine.errors import Place, Problem, ProjectError
from tonne.esg.disclosure.entity import CreditScheme, Entity
from tonne.esg.disclosure.facts import Hit, Rule
from tonne.esg.disclosure.folding import folded, registration_key
from tonne.esg.disclosure.periods import Reading, require_apart

Readings = Mapping[str, list[Reading]]
_Sign = tuple[object, ...]
_Found = tuple[str, Reading]  # the key of a project, and a result of it


def require_distinct(entity: Entity, readings: Readings) -> tuple[Hit, ...]:
    """Require that no two results are of one project and the same days; say which merely rest on the same data.

    Raises:
        ProjectError: two are, or a project is also a source of bought credits; both places are named.
    """
    _refuse(_twice(readings, _by_project_file, "the same result is given twice"))
    for key, found in readings.items():
        require_apart(key, found, entity.place(key, "results"))
    registered = _twice(
        readings, lambda item: _by_registration(entity, item), "one registration, given as two projects"
    )
    same = "one project, given as two: methodology and data files, name or yearly values are the same"
    _refuse(chain(registered, _twice(readings, _by_content, same), _bought_of_oneself(entity, readings)))
    return tuple(_resting_on_the_same(readings))


def _refuse(problems: Iterable[Problem]) -> None:
    found = list({str(problem.place): problem for problem in problems}.values())
    if found:
        raise ProjectError(found)


def _twice(readings: Readings, signs: Callable[[_Found], Iterator[_Sign]], what: str) -> Iterator[Problem]:
    for (first, one), (second, other) in _pairs(readings, signs):
        days = f"{other.result.shown}, {other.result.start} to {other.result.end}"
        hint = f"the first is at {one.place} ({one.result.shown}); give each project once"
        if first != second:
            hint = f"projects {first} and {second}: {hint}"
        yield Problem(what, other.place, "results of which no two hold the same tonnes", days, hint)


def _pairs(readings: Readings, signs: Callable[[_Found], Iterator[_Sign]]) -> Iterator[tuple[_Found, _Found]]:
    """Give results that share a sign and a day; of many, neighbours."""
    alike: dict[_Sign, list[_Found]] = {}
    for item in ((key, reading) for key, found in readings.items() for reading in found):
        for sign in set(signs(item)):
            # What is expected is no claim, and may stand beside what was measured.
            alike.setdefault((item[1].status == "ex_ante", *sign), []).append(item)
    for found in alike.values():
        ordered = sorted(found, key=lambda item: item[1].result.start) if len(found) > 1 else found
        last = ordered[0]
        for item in ordered[1:]:
            if item[1].result.start <= last[1].result.end:
                yield last, item
            last = max(last, item, key=lambda one: one[1].result.end)


def _by_project_file(item: _Found) -> Iterator[_Sign]:
    yield (item[1].result.project_digest,)


def _by_registration(entity: Entity, item: _Found) -> Iterator[_Sign]:
    key, reading = item
    scheme = entity.projects[key].credits
    if isinstance(scheme, CreditScheme) and (sign := registration_key(scheme.registration, scheme.registry)):
        yield sign
    registry = scheme.registry if isinstance(scheme, CreditScheme) else reading.result.scheme
    if sign := registration_key(reading.result.registration, registry):
        yield sign


def _by_content(item: _Found) -> Iterator[_Sign]:
    result = item[1].result
    names = [("zh", folded(result.name.zh)), ("en", folded(result.name.en))]
    values = [(lines.year, *sorted(lines.exact.items())) for lines in result.years if any(lines.exact.values())]
    yield from ((result.methodology, name, value) for name in names for value in values)
    if result.files:
        yield from ((result.methodology, result.files, sign) for sign in (*names, *values))


def _bought_of_oneself(entity: Entity, readings: Readings) -> Iterator[Problem]:
    own: dict[_Sign, Place] = {}
    for key, found in readings.items():
        for reading in found:
            own |= dict.fromkeys(_by_registration(entity, (key, reading)), entity.place(key))
    for key, source in entity.spec.sources.items():
        sign = registration_key(source.registration, source.registry)
        if sign in own:
            what = f"source {key} has the registration of a project of the entity"
            hint = f"the project is at {own[sign]}; credits and certificates of it move under its own key"
            place = entity.document.place("sources", key, "registration")
            yield Problem(what, place, "a project of others", source.registration, hint)


def _resting_on_the_same(readings: Readings) -> Iterator[Hit]:
    """Say which results rest on the same data files and differ in name and values, which may be right."""
    for (first, one), (second, other) in _pairs(readings, lambda item: iter([(item[1].result.files,)])):
        if not one.result.files or first == second:
            continue
        zh = (
            f"本项目结果{other.result.shown}与项目{first}的结果{one.result.shown}所用数据文件完全相同，"
            "编制人应确认两者不含同一减排量。"
        )
        en = (
            f"The result {other.result.shown} rests on the same data files as {one.result.shown} of project {first}; "
            "the preparer has to confirm that they do not hold the same tonnes."
        )
        yield Hit(Rule.RET_08, "caveat", second, zh, en)

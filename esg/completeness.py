"""Looks at a produced report as a whole.

Its numbers against the report it was made of, places left unfilled, sections without content, sums of shown rows, and both
languages alike. Single numbers are compared by `readback`, which reads the files.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tonne.engine.errors import Place, Problem, ReportError
from tonne.engine.result.result import Result
from tonne.esg.document import LANGUAGES, Content, Figure, Phrase, Report, Section, Table, tag_of
from tonne.esg.layout import printable
from tonne.esg.numbers import Language, read_number
from tonne.esg.readback import Difference, FoundFigure, FoundSection

# What a template or a sentence leaves behind when nothing was put in its place.
_UNFILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{[a-z_]{2,30}\}|\b(?:None|undefined|Undefined|nan|NaN)\b")


def missing_figures(path: Path, found: Iterable[FoundFigure], report: Report) -> list[Difference]:
    """List the numbers of a report that a file does not show as often as the report does."""
    shown = Counter(figure.tag for figure in found)
    wanted = Counter(tag_of(figure.id) for figure in report.figures)
    return [
        Difference(
            "document.result_missing",
            tag,
            Problem(
                "a number of the report is missing in the document",
                Place(str(path)),
                f"{tag}, {count} times",
                f"{shown[tag]} times",
            ),
        )
        for tag, count in wanted.items()
        if shown[tag] < count
    ]


def unfilled_places(path: Path, text: str, result: Result) -> list[Difference]:
    """List what looks like a place that was not filled, unless somebody gave it as a text."""
    found = dict.fromkeys(_plain(match[0]) for match in _UNFILLED.finditer(text))
    return [
        Difference(
            "document.not_filled", part[:80], Problem("a place was not filled", Place(str(path)), found=part[:80])
        )
        for part in found
        if not any(
            part in _plain(text) for text in _given(result)
        )  # nearly always one of the first, those of the specs
    ]


def _plain(text: str) -> str:
    return " ".join(printable(text).split())


def _given(result: Result) -> Iterator[str]:
    """Give the texts that documents take from elsewhere: from project, specs, data files and findings."""
    documents = [result.project.document, result.methodology.document]
    documents += [document for _, document in result.methodology.modules.values()]
    documents += [table.document for table in result.methodology.tables.values()]
    for document in documents:
        yield from _texts(document.data)
    for finding in result.findings:
        yield from (finding.zh, finding.en)
        for reply in finding.replies:
            yield from (reply.zh, reply.en, reply.who, reply.evidence or "")
    for origins in result.dataset.provenance.values():
        for origin in origins.values():
            yield from _texts(origin)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for item in data:
            yield from _texts(item)


def empty_sections(path: Path, sections: Iterable[FoundSection]) -> list[Difference]:
    """List the headings under which nothing stands, neither content nor a heading of a lower level."""
    listed = list(sections)
    followers = [*listed[1:], None]
    return [
        Difference(
            "document.section_empty",
            section.heading[:80],
            Problem("a section is empty", Place(str(path), field=section.heading[:200])),
        )
        for section, follower in zip(listed, followers, strict=True)
        if not section.filled and (follower is None or follower.level <= section.level)
    ]


def unlike_languages(path: Path, one: Iterable[FoundFigure], other: Iterable[FoundFigure]) -> list[Difference]:
    """List the numbers that stand in one language and not in the other, or in another order."""
    first, second = [figure.tag for figure in one], [figure.tag for figure in other]
    if first == second:
        return []
    difference = next(((a, b) for a, b in zip([*first, None], [*second, None], strict=False) if a != b), (None, None))
    problem = Problem(
        "the languages do not show the same numbers in the same order",
        Place(str(path)),
        difference[0] or "the end",
        difference[1] or "the end",
    )
    return [Difference("document.languages_differ", str(difference[1] or difference[0]), problem)]


def report_differences(path: Path, report: Report) -> list[Difference]:
    """List the totals that are not the sums of the rows shown above them, and what only one language says."""
    return [
        difference
        for section in report.sections
        for difference in (
            *(item for block in section.blocks if isinstance(block, Table) for item in _sums(path, section, block)),
            *_one_language(path, section),
        )
    ]


def _sums(path: Path, section: Section, table: Table) -> Iterator[Difference]:
    if not table.totals:
        return
    body, total = table.rows[: -table.totals], table.rows[-table.totals]
    for position, cell in enumerate(total):
        whole = _figure(cell)
        parts = [_figure(row[position]) for row in body if position < len(row)]
        if whole is None or not parts or not all(parts):
            continue
        shown = [figure for figure in parts if figure is not None]
        for language in LANGUAGES:
            expected, slack = _sum_of_shown(shown, whole, language)
            if abs(_shown(whole, language) - expected) > slack:
                problem = Problem(
                    f"{whole.id} is not the sum of the rows shown above it",
                    Place(str(path), field=section.title_in(language)),
                    str(expected),
                    whole.text.said(language),
                )
                yield Difference("document.sum_differs", whole.id, problem)


def _figure(cell: Content) -> Figure | None:
    figures = [item for item in cell if isinstance(item, Figure)]
    return figures[0] if len(figures) == 1 else None


def _sum_of_shown(parts: list[Figure], whole: Figure, language: Language) -> tuple[Decimal, Decimal]:
    """Add up what is shown; each number that shows fewer digits than it has may be off by half its last one."""
    slack = sum((_half_digit(figure, language) for figure in [*parts, whole]), Decimal(0))
    return sum((_shown(figure, language) for figure in parts), Decimal(0)), slack


def _shown(figure: Figure, language: Language) -> Decimal:
    value = read_number(figure.text.said(language))
    if value is None:
        raise ReportError(Problem(f"{figure.id} shows no number", found=figure.text.said(language)))
    return value


def _half_digit(figure: Figure, language: Language) -> Decimal:
    shown = _shown(figure, language)
    exponent = shown.as_tuple().exponent
    is_exact = Fraction(shown) == Fraction(figure.exact)
    return Decimal(0) if is_exact or not isinstance(exponent, int) else Decimal(5).scaleb(exponent - 1)


def _one_language(path: Path, section: Section) -> Iterator[Difference]:
    for text in (section.heading, *_phrases(section.blocks)):
        if bool(text.zh.strip()) != bool(text.en.strip()):
            place = Place(str(path), field=section.title_in("en"))
            problem = Problem("a text stands in one language only", place, found=(text.zh or text.en)[:80])
            yield Difference("document.languages_differ", section.id, problem)


def _phrases(part: Any) -> Iterator[Phrase]:
    if isinstance(part, Phrase):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _phrases(item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _phrases(getattr(part, field.name))

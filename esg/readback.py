"""Reads produced documents back and holds every number against the result.

Knows the files, not the writers: a Word document by its content controls, a page by its marked elements. What a
person changed in a document since is found as well.
"""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import etree, html

from tonne.engine.errors import Place, Problem, ReportError, UnknownNameError
from tonne.engine.result.result import ROLES, Result
from tonne.esg.document import LANGUAGES, tag_of
from tonne.esg.figures import ROUNDED, SCALAR_YEAR, Figures
from tonne.esg.markup import OMML, WORDML
from tonne.esg.numbers import Language, read_number

W = f"{{{WORDML}}}"
LARGEST_PART = 200_000_000  # bytes of XML


@dataclass(frozen=True)
class FoundFigure:
    """A number as it stands in a document: its tag, its text, and the heading above it."""

    tag: str
    text: str
    heading: str


@dataclass(frozen=True)
class FoundSection:
    """A heading of a document, and whether anything stands under it."""

    heading: str
    level: int
    filled: bool


@dataclass(frozen=True)
class ReadText:
    """What stands in a document, or in one language of it: numbers, headings and words."""

    figures: tuple[FoundFigure, ...]
    sections: tuple[FoundSection, ...]
    text: str


@dataclass(frozen=True)
class Difference:
    """One thing in a produced file that is not as in the result: a code, what it concerns, and the words."""

    code: str
    subject: str  # the id of a value, or a cell
    problem: Problem


def read_back_word(path: Path, result: Result) -> tuple[FoundFigure, ...]:
    """Read the numbers of a Word document and compare each with the result.

    Raises:
        ReportError: the file is not a Word document, a number differs from the result, or a total is missing.
    """
    found = tuple(_word_figures(_word_root(path)))
    _refuse(_differences(path, found, result))
    return found


def read_word(path: Path) -> ReadText:
    """Read a Word document; ReportError if it cannot be read."""
    root = _word_root(path)
    body = root.find(f"{W}body")
    parts = [] if body is None else [(_heading_level(node), _text(node), node) for node in body]
    sections = _sections((level, text, level == 0 and _is_filled(node, text)) for level, text, node in parts)
    return ReadText(tuple(_word_figures(root)), sections, _words(root))


def read_page(path: Path) -> dict[Language, ReadText]:
    """Read a page, language by language; ReportError if it cannot be read."""
    document = _page(path)
    return {
        language: ReadText(tuple(_page_figures(document, language)), _page_sections(document, language), text)
        for language in LANGUAGES
        for text in ["\n".join(str(main.text_content()) for main in _mains(document, language))]
    }


def figure_differences(path: Path, found: Iterable[FoundFigure], result: Result) -> list[Difference]:
    """List the numbers of a document that are not as in the result, and the results that are missing."""
    return _differences(path, tuple(found), result)


def _page_sections(document: Any, language: Language) -> tuple[FoundSection, ...]:
    parts = [
        (int(node.tag[1]) if node.tag in {"h2", "h3", "h4", "h5"} else 0, node.text_content().strip(), node)
        for main in _mains(document, language)
        for node in main.iterchildren(tag=etree.Element)
        if node.tag not in {"header", "nav", "footer"}
    ]
    return _sections(
        (level, text, bool(text) or next(node.iter("svg"), None) is not None) for level, text, node in parts
    )


def _mains(document: Any, language: Language) -> list[Any]:
    return [main for main in document.iter("main") if main.get("data-language") == language]


def _sections(parts: Iterable[tuple[int, str, bool]]) -> tuple[FoundSection, ...]:
    sections: list[FoundSection] = []
    for level, text, filled in parts:
        if level:
            sections.append(FoundSection(text, level, filled=False))
        elif filled and sections:
            sections[-1] = replace(sections[-1], filled=True)
    return tuple(sections)


def _heading_level(node: Any) -> int:
    style = node.find(f"{W}pPr/{W}pStyle")
    name = "" if style is None else str(style.get(f"{W}val"))
    return int(name[-1]) if name.startswith("Heading") and name[-1].isdigit() else 0


def _is_filled(node: Any, text: str) -> bool:
    drawn = (f"{W}drawing", f"{{{OMML}}}t")
    return bool(text.strip()) or next(node.iter(*drawn), None) is not None


def word_text(path: Path) -> str:
    """Give the words of a Word document, a line for each paragraph; ReportError if it cannot be read."""
    return _words(_word_root(path))


def page_text(path: Path) -> str:
    """Give the words of a page, in both languages, without those that only its script knows."""
    return "\n".join(read.text for read in read_page(path).values())


def _words(root: Any) -> str:
    return "\n".join(_text(node) for node in root.iter(f"{W}p"))


def read_back_page(path: Path, result: Result) -> tuple[FoundFigure, ...]:
    """Read the numbers of a page, in each language, and compare each with the result.

    Raises:
        ReportError: a number differs from the result, or a total is missing in a language.
    """
    document = _page(path)
    every: list[FoundFigure] = []
    for language in LANGUAGES:
        found = tuple(_page_figures(document, language))
        _refuse(_differences(path, found, result))
        every += found
    return tuple(every)


def _page(path: Path) -> Any:
    root = html.parse(str(path), parser=html.HTMLParser(encoding="utf-8", huge_tree=True)).getroot()
    if root is None:
        raise ReportError(Problem("this is not a page", Place(str(path))))
    return root


def _word_root(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("word/document.xml").file_size > LARGEST_PART:
                raise ReportError(Problem("the document is too large to be read back", Place(str(path))))
            content = archive.read("word/document.xml")
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as fault:
        raise ReportError(Problem("this is not a Word document", Place(str(path)), found=str(fault)[:200])) from None


def _word_figures(root: Any) -> Iterator[FoundFigure]:
    heading = ""
    for node in root.iter(f"{W}p", f"{W}sdt"):
        if node.tag == f"{W}p":
            style = node.find(f"{W}pPr/{W}pStyle")
            if style is not None and str(style.get(f"{W}val")).startswith("Heading"):
                heading = _text(node)
            continue
        tag = node.find(f"{W}sdtPr/{W}tag")
        if tag is not None:
            yield FoundFigure(str(tag.get(f"{W}val")), _text(node.find(f"{W}sdtContent")), heading)


def _text(node: Any) -> str:
    return "" if node is None else "".join(piece.text or "" for piece in node.iter(f"{W}t"))


def _page_figures(document: Any, language: Language) -> Iterator[FoundFigure]:
    heading = ""
    for main in _mains(document, language):
        for node in main.iter("h1", "h2", "h3", "h4", "button"):
            if node.tag != "button":
                heading = node.text_content().strip()
            elif node.get("data-figure") is not None:
                yield FoundFigure(node.get("data-figure"), node.text_content(), heading)


@dataclass(frozen=True, eq=False)
class _Expected:
    """What the result says of a tag."""

    figures: Figures

    @cached_property
    def shortened(self) -> dict[str, str]:
        """The ids that are too long for a tag, by their tags."""
        result = self.figures.result
        ids = [
            result.label(name, index)
            for name in [*result.plan.needed, *result.values]
            for index in result.values_of(name)
        ]
        return {tag: id_ for id_ in ids if (tag := tag_of(id_)) != id_}

    def text(self, tag: str, language: Language) -> str:
        """Print the value of a tag."""
        id_ = self.shortened.get(tag, tag) if "~" in tag else tag
        return self.figures.by_id(id_).text.said(language)


def _refuse(differences: Iterable[Difference]) -> None:
    problems = [difference.problem for difference in differences]
    if problems:
        raise ReportError(problems)


def _differences(path: Path, found: Iterable[FoundFigure], result: Result) -> list[Difference]:
    expected = _Expected(Figures(result))
    differences = [difference for figure in found if (difference := _difference(path, figure, expected))]
    tags = {figure.tag for figure in found}
    hint = (
        None if tags else "no number is marked any more: some programs drop the tags of content controls when they save"
    )
    return differences + [
        Difference(
            "document.result_missing",
            id_,
            Problem("a result is missing in the document", Place(str(path)), expected=id_, hint=hint),
        )
        for id_ in _required(result)
        if id_ not in tags
    ]


def _difference(path: Path, figure: FoundFigure, expected: _Expected) -> Difference | None:
    place = Place(str(path), field=figure.heading or None)
    try:
        # The language only matters for the words of a flag, which are read as 0 and 1.
        wanted = expected.text(figure.tag, "en")
    except UnknownNameError:
        what = f"the document shows {figure.tag[:80]}, which the result does not have"
        return Difference("document.number_unknown", figure.tag[:80], Problem(what, place, found=figure.text[:60]))
    try:
        if read_number(figure.text) == read_number(wanted):
            return None
    except ReportError:
        pass
    problem = Problem(
        f"{figure.tag} differs from the result", place, wanted, figure.text[:60], "write the documents anew"
    )
    return Difference("document.number_differs", figure.tag, problem)


def _required(result: Result) -> Iterator[str]:
    for role in ROLES:
        yield f"{role}{ROUNDED}"
        yield from (f"{role}{ROUNDED}@{totals.year}" for totals in result.years if totals.year != SCALAR_YEAR)

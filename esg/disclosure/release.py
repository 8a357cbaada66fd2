"""Writes the files of a disclosure as a whole or not at all; each is read back before it counts.

Every text that was written is searched for wording of neutrality (CLM-13).
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from markupsafe import escape

from tonne.engine.collector import collector_paused
from tonne.engine.errors import Place, Problem, ReportError, listing
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.charts import charts
from tonne.esg.disclosure.document import WORKBOOK_FILE, disclosure_report, read_back_document, write_document
from tonne.esg.disclosure.extract import disclosure_extract, resolved_taxonomies
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.facts_json import facts_data, write_facts
from tonne.esg.disclosure.inline_xbrl import (
    EXTENSION_FILE,
    EXTENSION_SCHEMA,
    Extract,
    Picture,
    TaggedFact,
    context_key,
    write_inline_xbrl,
)
from tonne.esg.disclosure.mapping import mapping_ids
from tonne.esg.disclosure.neutrality import claims_of_neutrality
from tonne.esg.disclosure.tables import disclosure_tables
from tonne.esg.disclosure.taxonomy_check import ReadFact, Validation, validate
from tonne.esg.disclosure.workbook import write_workbook
from tonne.esg.disclosure.workbook_check import TEXTS, read_back_workbook
from tonne.esg.disclosure.workbook_sheets import workbook_grids
from tonne.esg.document import Phrase
from tonne.esg.folder import whole_folder
from tonne.esg.numbers import Language
from tonne.esg.readback import word_text
from tonne.esg.svg import svg

FACTS_FILE = "facts.json"
PAGE_FILE = "disclosure.xhtml"
WORD_FILES: dict[Language, str] = {"zh": "disclosure.zh.docx", "en": "disclosure.en.docx"}


def release_disclosure(
    disclosure: Disclosure,
    out: Path,
    packages: Sequence[Path] = (),
    told: Callable[[str], None] | None = None,
) -> Validation | None:
    """Write every file of a disclosure into a folder; gives what Arelle says where taxonomy packages are given.

    Args:
        disclosure: the facts.
        out: the folder; an earlier output there is replaced, other files are left alone.
        packages: taxonomy packages of the user, needed to tag elements of a framework.
        told: is told the stages.

    Raises:
        ReportError: tonnes are not conserved, a document does not agree with the facts, or the page is not valid.
    """
    tell = told or (lambda _stage: None)
    with collector_paused(), whole_folder(out.resolve(), FACTS_FILE) as folder:
        return _write_all(disclosure, folder, packages, tell)


def chosen_frameworks(disclosure: Disclosure) -> tuple[str, ...]:
    """List the frameworks that are written: those that are asked for, or all."""
    return disclosure.entity.frameworks or mapping_ids()


def _write_all(
    disclosure: Disclosure, folder: Path, packages: Sequence[Path], tell: Callable[[str], None]
) -> Validation | None:
    tell("tables")
    tables = disclosure_tables(disclosure)
    frameworks = filled_frameworks(disclosure, tables, chosen_frameworks(disclosure))
    drawn = charts(disclosure)
    tell("inline XBRL")
    pictures = tuple(
        Picture(svg(chart.drawing, "zh", chart.alt.zh), Phrase(chart.caption.zh, chart.caption.en)) for chart in drawn
    )
    extract = disclosure_extract(disclosure, frameworks, resolved_taxonomies(frameworks, packages), pictures)
    write_inline_xbrl(extract, folder / PAGE_FILE)
    (folder / EXTENSION_FILE).write_bytes(EXTENSION_SCHEMA.read_bytes())
    write_facts(facts_data(disclosure, tables, frameworks, extract.facts), folder / FACTS_FILE)
    validation = _validated(folder / PAGE_FILE, extract, packages) if packages else None
    tell("workbook")
    grids = workbook_grids(disclosure, tables, frameworks)
    made = disclosure.entity.end
    write_workbook(grids, folder / WORKBOOK_FILE, disclosure.entity.identifier, made)
    tell("documents")
    report = disclosure_report(disclosure, tables, frameworks, drawn)
    for language, name in WORD_FILES.items():
        write_document(report, drawn, language, folder / name)
    tell("reading back")
    read_back_workbook(folder / WORKBOOK_FILE, grids)
    for language, name in WORD_FILES.items():
        read_back_document(folder / name, report, language)
    _require_no_claim(folder)
    return validation


def _validated(page: Path, extract: Extract, packages: Sequence[Path]) -> Validation:
    """Validate the page, and compare what Arelle reads with what was meant.

    Raises:
        ReportError: it is not valid, or a fact differs.
    """
    validation = validate(page, packages)
    problems = [Problem(f"{item.code}: {item.text[:300]}", Place(page.name)) for item in validation.refusals]
    problems += read_back_differences(page, extract.facts, validation.facts)
    if problems:
        raise ReportError(problems)
    return validation


def read_back_differences(page: Path, meant: Iterable[TaggedFact], read: Iterable[ReadFact]) -> list[Problem]:
    """List the facts that are not read as they are meant."""
    wanted = {(str(fact.element), context_key(fact)): _comparable(fact) for fact in meant}
    found = {(fact.element, fact.members): (fact.value, fact.unit, fact.decimals) for fact in read}
    return [
        Problem(
            f"{element} {dict(members)} is not read as it is meant",
            Place(page.name),
            f"{wanted.get(key)}",
            f"{found.get(key)}",
        )
        for key in wanted.keys() | found.keys()
        for element, members in [key]
        if wanted.get(key) != found.get(key)
    ]


def _comparable(fact: TaggedFact) -> tuple[object, str | None, str | None]:
    value = str(escape(fact.value)) if isinstance(fact.value, str) else fact.value
    return value, fact.unit, None if fact.decimals is None else str(fact.decimals)


def _require_no_claim(folder: Path) -> None:
    for name, text in _texts(folder):
        found = claims_of_neutrality(text)
        if found:
            what = "a text claims neutrality, which is never written (CLM-13)"
            raise ReportError(Problem(what, Place(name), found=listing(list(dict.fromkeys(found)))))


def _texts(folder: Path) -> Iterator[tuple[str, str | bytes]]:
    """Give the text of each file, one after the other: some are long."""
    for name in WORD_FILES.values():
        yield name, word_text(folder / name)
    for name in (PAGE_FILE, FACTS_FILE):
        yield name, (folder / name).read_bytes()
    with zipfile.ZipFile(folder / WORKBOOK_FILE) as archive:
        yield WORKBOOK_FILE, archive.read(TEXTS)

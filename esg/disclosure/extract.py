"""Chooses what of a disclosure is tagged for machines, and arranges it as the sections of the inline-XBRL page.

Elements of a framework are tagged where its taxonomy package is given, and every mapped name is looked up there first;
the lines of each project's calculation have elements of our own. An undecided amount is never tagged.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from tonne.engine.errors import Problem, ReportError, listing
from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number, exact_sum, rounded, shown_decimals
from tonne.esg.disclosure.cells import FilledCell, Framework
from tonne.esg.disclosure.facts import Disclosure, Hit
from tonne.esg.disclosure.inline_xbrl import EXTENSION, EXTENSION_FILE, Extract, Name, Picture, TaggedFact, TypedMember
from tonne.esg.disclosure.mapping import MappedCell, TaxonomyKey
from tonne.esg.disclosure.taxonomy_check import Taxonomy, chosen_entry_point, resolve
from tonne.esg.disclosure.workbook_sheets import explanation_phrases, hit_words
from tonne.esg.document import Column, Content, Figure, Phrase, Section, Table, same
from tonne.esg.figures import joined, phrase
from tonne.esg.numbers import ABSENT

SCHEMES = {"lei": "http://standards.iso.org/iso/17442", "uscc": "urn:tonne:uscc", "other": "urn:tonne:entity"}
OWN_ELEMENTS = {
    "BaselineEmissions": ("baseline", Phrase("基准线排放量", "Baseline emissions")),
    "ProjectEmissions": ("project_emissions", Phrase("项目排放量", "Project emissions")),
    "LeakageEmissions": ("leakage", Phrase("泄漏量", "Leakage")),
    "VerifiedEmissionReductions": ("verified", Phrase("已核查减排量", "Verified reductions")),
}
HEADS = (
    Phrase("内容", "Content"),
    Phrase("项目或活动", "Project or activity"),
    Phrase("数值", "Value"),
    Phrase("单位", "Unit"),
    Phrase("说明", "Remark"),
)
TITLE = Phrase("可持续信息披露摘录", "Extract of sustainability information")
LINES = Phrase("项目核算结果（报告期内）", "Results of projects in the reporting period")
LONGEST_REMARKED = 200  # projects whose remarks are written in full
SEE_WORKBOOK = Phrase("{codes}，见工作簿表T7", "{codes}, see T7 of the workbook")
NOT_TAGGED = Phrase("单位不是tCO2e，未作机器标记", "not tagged for machines: its unit is not tCO2e")


def resolved_taxonomies(frameworks: Sequence[Framework], packages: Sequence[Path]) -> dict[str, Taxonomy]:
    """Load the taxonomy of each framework that has one, and look up every mapped name.

    Raises:
        ReportError: no package fits, it does not load, or a mapped name is not in it.
    """
    found: dict[str, Taxonomy] = {}
    for framework in frameworks:
        mapping = framework.mapping
        if mapping.taxonomy is None or not packages:
            continue
        key = mapping.taxonomy
        entry = chosen_entry_point(packages, key.namespace, key.entry_point)
        taxonomy = resolve(entry, key.namespace, packages)
        names = [name for cell in mapping.cells for name in (cell.element, cell.axis) if name]
        missing = sorted({name for name in names if name not in taxonomy.elements})
        missing += sorted(
            {cell.axis for cell in mapping.cells if cell.axis and cell.axis not in taxonomy.typed_domains}
        )
        if missing:
            what = f"the taxonomy has not every name that the mapping {mapping.id} uses"
            raise ReportError(Problem(what, expected=listing(list(dict.fromkeys(missing))), found=entry))
        found[mapping.id] = taxonomy
    return found


def disclosure_extract(
    disclosure: Disclosure,
    frameworks: Sequence[Framework],
    taxonomies: Mapping[str, Taxonomy],
    pictures: tuple[Picture, ...] = (),
) -> Extract:
    """Make the page."""
    parts = [(LINES, *_own_facts(disclosure))]
    for framework in frameworks:
        taxonomy = taxonomies.get(framework.mapping.id)
        key = framework.mapping.taxonomy
        if taxonomy and key:
            title = framework.mapping.title
            parts.append((phrase(title), *_framework_facts(disclosure, framework, key, taxonomy)))
    sections = tuple(
        Section(f"s{number}", str(number), title, 1, (_table(rows),))
        for number, (title, _, rows) in enumerate(parts, 1)
    )
    entity = disclosure.entity
    return Extract(
        title=Phrase(*(f"{name}　{word}" for name, word in zip(_pair(phrase(entity.name)), _pair(TITLE), strict=True))),
        label=words.LABEL,
        scheme=SCHEMES.get(entity.scheme, entity.scheme),
        entity=entity.identifier,
        start=entity.start,
        end=entity.end,
        schemas=(EXTENSION_FILE, *dict.fromkeys(taxonomy.entry_point for taxonomy in taxonomies.values())),
        sections=sections,
        facts=tuple(fact for _, facts, _ in parts for fact in facts),
        pictures=pictures,
    )


Rows = list[tuple[Content, ...]]


def _pair(phrase: Phrase) -> tuple[str, str]:
    return phrase.zh, phrase.en


def _table(rows: Rows) -> Table:
    columns = tuple(Column((head,), 1, "right" if head.en == "Value" else "left") for head in HEADS)
    return Table(columns, tuple(rows))


def _own_facts(disclosure: Disclosure) -> tuple[list[TaggedFact], Rows]:
    """Tag the lines of each project's calculation, vintages of the reporting year together.

    They are what was calculated, not what may be claimed; every rule that fired stands beside the verified tonnes.
    """
    by_project: dict[str, dict[str, list[Decimal]]] = {}
    undivided = {year.project for year in disclosure.reported if year.is_undivided}
    hits: dict[str, dict[Hit, None]] = {}
    for year in disclosure.reported:
        hits.setdefault(year.project, {}).update(dict.fromkeys(year.hits))
        if year.project in undivided:
            continue
        lines = by_project.setdefault(year.project, {})
        for name, (attribute, _) in OWN_ELEMENTS.items():
            lines.setdefault(name, []).append(getattr(year, attribute))
    are_many = len(by_project) > LONGEST_REMARKED
    facts, rows = [], []
    for project, lines in by_project.items():
        facts_of_project = disclosure.projects[project]
        for name, amounts in lines.items():
            if name == "VerifiedEmissionReductions" and facts_of_project.status != "verified":
                continue
            member = TypedMember(_own("ProjectTypedAxis"), _own("ProjectId"), project)
            fact = _tonnes(f"tonne/{name}@{project}", _own(name), exact_sum(amounts), (member,))
            facts.append(fact)
            label = OWN_ELEMENTS[name][1]
            fired = hits.get(project, {}) if name == "VerifiedEmissionReductions" else {}
            rows.append(_row(label, phrase(facts_of_project.name), fact, _fired(fired, are_many=are_many)))
    return facts, rows


def _own(name: str) -> Name:
    return Name(EXTENSION, "tonne", name)


def _tonnes(id_: str, element: Name, value: Decimal, members: tuple[TypedMember, ...] = ()) -> TaggedFact:
    decimals = shown_decimals(value)
    return TaggedFact(id_, element, rounded(value, decimals), "tCO2e", decimals, members)


def _row(label: Phrase, member: Phrase, fact: TaggedFact, remark: Phrase) -> tuple[Content, ...]:
    unit = "%" if fact.unit == "pure" else fact.unit or ""
    figure = Figure(fact.id, same(str(fact.value)), str(fact.value), same(unit))
    return (label,), (member,), (figure,), (same(unit),), (remark,)


def _fired(hits: Iterable[Hit], *, are_many: bool) -> Phrase:
    """Say which rules fired; of many projects their codes, as the sentences stand in the workbook."""
    if not are_many:
        return _remark(map(hit_words, hits))
    codes = ", ".join(sorted({hit.rule.value for hit in hits}))
    return SEE_WORKBOOK.filled(codes=codes) if codes else same("")


def _remark(sentences: Iterable[Phrase]) -> Phrase:
    return joined(dict.fromkeys(sentences), same(" "))


def _framework_facts(
    disclosure: Disclosure, framework: Framework, key: TaxonomyKey, taxonomy: Taxonomy
) -> tuple[list[TaggedFact], Rows]:
    facts, rows = [], []
    for cell in framework.cells:
        mapped = cell.mapped
        if mapped.element is None or cell.number is None:
            continue
        element = Name(key.namespace, key.prefix, mapped.element)
        label = phrase(mapped.label)
        if mapped.axis is None:
            fact = _whole(cell, element)
            remark = _remark(explanation_phrases(cell))
            if fact:
                facts.append(fact)
                rows.append(_row(label, same(ABSENT), fact, remark))
            elif cell.number.written is not None:
                rows.append(((label,), (same(ABSENT),), (cell.text,), (same(cell.number.unit),), (NOT_TAGGED,)))
            continue
        for project, amount in _by_project(cell).items():
            fact = _tonnes(f"{cell.id}@{project}", element, amount, (_member(key, taxonomy, mapped, project),))
            facts.append(fact)
            rows.append(_row(label, phrase(disclosure.projects[project].name), fact, same("")))
    return facts, rows


def _whole(cell: FilledCell, element: Name) -> TaggedFact | None:
    number = cell.number
    if number is None:
        return None
    if number.written is not None:
        if not _is_tonnes(number.unit):
            return None
        # The inventory is tagged with the decimals that its preparer wrote.
        value = Decimal(number.written.replace(",", "").replace(" ", ""))
        exponent = value.as_tuple().exponent
        return TaggedFact(cell.id, element, value, "tCO2e", max(0, -exponent) if isinstance(exponent, int) else 0)
    if number.value is None:
        return None
    if cell.is_share:
        return TaggedFact(cell.id, element, number.value, "pure", number.decimals)
    return _tonnes(cell.id, element, number.value)


def _is_tonnes(unit: str) -> bool:
    """Whether a unit as the preparer of the inventory wrote it is tonnes of CO2 equivalent."""
    return "".join(unicodedata.normalize("NFKC", unit).split()) == "tCO2e"


def _by_project(cell: FilledCell) -> dict[str, Decimal]:
    """Add up the terms of each project; one that has an undecided term is left out."""
    terms: dict[str, list[Number]] = {}
    for term in cell.terms:
        terms.setdefault(term.key.rpartition("/")[0], []).append(term.number)
    return {
        project: exact_sum(number.value for number in numbers if number.value is not None)
        for project, numbers in terms.items()
        if all(number.value is not None for number in numbers)
    }


def _member(key: TaxonomyKey, taxonomy: Taxonomy, mapped: MappedCell, project: str) -> TypedMember:
    axis = mapped.axis or ""
    return TypedMember(Name(key.namespace, key.prefix, axis), Name(*taxonomy.typed_domains[axis]), project)

"""A user's folder of templates: outlines, a skeleton for Word, a style for the page. Read as data, never run.

What a skeleton may hold is checked before it is used: places to be filled and conditions on them, no other code, no
macros, nothing that is fetched from elsewhere.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from docxtpl import DocxTemplate
from lxml import etree

from tonne.engine.errors import Place, Problem, ReportError, UnknownNameError, nearest
from tonne.esg.markup import WORDML
from tonne.esg.outline import load_outline, outline_ids
from tonne.esg.render import TemplateFault, environment, faults_of_code

OUTLINES, SKELETON, STYLE = "outlines", "report.docx", "report.css"
KNOWN = (OUTLINES, SKELETON, STYLE)
LARGEST_SKELETON, LARGEST_UNPACKED, MOST_PARTS = 20_000_000, 100_000_000, 1000
LARGEST_STYLE = 500_000
FIELDS = frozenset(
    [
        "title",
        "subject",
        "statement",
        "warning",
        "header",
        "page_before",
        "page_between",
        "page_after",
        "contents_heading",
        "cover",
        "contents",
        "body",
    ]
)
NEEDED_FIELDS = ("cover", "body")
NEEDED_STYLES = [
    "Heading1",
    "Heading2",
    "Heading3",
    "Caption",
    "Lead",
    "Small",
    "Where",
    "Equation",
    "EquationNumber",
    "TableText",
    "TableHead",
    "TableNumber",
    "TableCentre",
    "Gap",
    "Note",
    "Warning",
    "ReportTable",
    "Code",
]
_CODE = re.compile(rb"\{\{|\{%|\{#|\{(?:<[^>]*>)+[{%#]")
_W = f"{{{WORDML}}}"


@dataclass(frozen=True)
class OwnTemplates:
    """What a folder holds; what it lacks is taken from the package."""

    outlines: Path | None = None
    skeleton: Path | None = None
    style: str = ""

    @property
    def outline_ids(self) -> list[str]:
        """List the outlines of the folder."""
        return sorted(path.stem for path in self.outlines.glob("*.yaml")) if self.outlines else []


def read_templates(folder: Path) -> OwnTemplates:
    """Read a folder of templates and check everything in it.

    Raises:
        UnknownNameError: there is no such folder.
        ReportError: something in it is unknown, not well formed, or more than data.
    """
    if not folder.is_dir():
        raise UnknownNameError(
            Problem(f"no folder {folder}", hint="a folder with outlines/, report.docx or report.css")
        )
    problems = [
        Problem("not a template", Place(entry.name), f"one of {', '.join(KNOWN)}", hint=nearest(entry.name, KNOWN))
        for entry in sorted(folder.iterdir())
        if entry.name not in KNOWN and not entry.name.startswith((".", "README"))
    ]
    if problems:
        raise ReportError(problems)
    outlines = folder / OUTLINES if (folder / OUTLINES).is_dir() else None
    own = OwnTemplates(
        outlines,
        folder / SKELETON if (folder / SKELETON).is_file() else None,
        _style(folder / STYLE) if (folder / STYLE).is_file() else "",
    )
    for name in own.outline_ids:
        if name in outline_ids():
            what = f"outline {name} is one of the package; a changed one needs a name of its own"
            raise ReportError(Problem(what, Place(f"{OUTLINES}/{name}.yaml")))
        load_outline(name, outlines)
    if own.skeleton:
        check_skeleton(own.skeleton)
    return own


def _style(path: Path) -> str:
    place = Place(path.name)
    if path.stat().st_size > LARGEST_STYLE:
        raise ReportError(Problem(f"the style is larger than {LARGEST_STYLE:,} bytes", place))
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ReportError(Problem("the style is not UTF-8", place)) from None
    if "<" in text or "@import" in text.lower():
        raise ReportError(Problem("a style with markup or with other styles to fetch", place, "rules of CSS alone"))
    return text


def check_skeleton(path: Path) -> None:
    """Refuse a skeleton of a Word document that is damaged, or holds more than places to be filled.

    Raises:
        ReportError: with everything that was found.
    """
    place = Place(path.name)
    if path.stat().st_size > LARGEST_SKELETON:
        raise ReportError(Problem(f"the skeleton is larger than {LARGEST_SKELETON:,} bytes", place))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
                raise ReportError(Problem("the skeleton is too large when unpacked", place))
            parts = {
                entry.filename: archive.read(entry) for entry in entries if entry.filename.endswith((".xml", ".rels"))
            }
            names = [entry.filename for entry in entries]
        problems = [*_carried(names, parts), *_code(path, parts), *_lacking(parts)]
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError, etree.XMLSyntaxError) as fault:
        raise ReportError(Problem("this is not a Word document", place, found=str(fault)[:200])) from None
    if problems:
        raise ReportError(problems)
    _try_out(path)


def _try_out(path: Path) -> None:
    """Fill a skeleton that holds nothing but fields, to see that Word's own tags do not stand in their way."""
    template = DocxTemplate(path)
    try:
        template.render(dict.fromkeys(FIELDS, ""), jinja_env=environment(), autoescape=True)
    except (TemplateFault, etree.XMLSyntaxError) as fault:
        raise ReportError(Problem("the skeleton cannot be filled", Place(path.name), found=str(fault)[:200])) from None


def _carried(names: list[str], parts: dict[str, bytes]) -> list[Problem]:
    """Report macros and embedded objects, and what would be fetched when the document is opened."""
    problems = [
        Problem("a skeleton with macros or embedded objects", Place(f"{SKELETON}/{name}"))
        for name in names
        if "vbaProject" in name or "/embeddings/" in name or "/activeX/" in name
    ]
    for name, content in parts.items():
        if not name.endswith(".rels"):
            continue
        for relation in _tree(content).iter("{*}Relationship"):
            kind = str(relation.get("Type", "")).rpartition("/")[2]
            if relation.get("TargetMode") == "External" and kind != "hyperlink":
                what = "a skeleton that fetches something when it is opened"
                problems.append(
                    Problem(what, Place(f"{SKELETON}/{name}"), found=f"{kind}: {relation.get('Target')}"[:200])
                )
    return problems


def _code(path: Path, parts: dict[str, bytes]) -> list[Problem]:
    """Report template code that is more than the fields and conditions on them."""
    template = DocxTemplate(path)
    problems: list[Problem] = []
    for name, content in parts.items():
        if _CODE.search(content):
            source = template.patch_xml(content.decode("utf-8"))
            problems += [
                Problem("a skeleton may hold fields and conditions on them alone", Place(f"{SKELETON}/{name}"), found=fault,
                        hint=f"fields: {', '.join(sorted(FIELDS))}")
                for fault in faults_of_code(source, FIELDS)
            ]  # fmt: skip
    return problems


def _lacking(parts: dict[str, bytes]) -> list[Problem]:
    body = "".join(_tree(parts["word/document.xml"]).itertext())
    problems = [
        Problem(
            f"the skeleton has no place for `{name}`", Place(SKELETON), f"{{{{p {name} }}}} in a paragraph of its own"
        )
        for name in NEEDED_FIELDS
        if not re.search(rf"\{{\{{p\s+{name}\s*\}}\}}", body)
    ]
    styles = {style.get(f"{_W}styleId") for style in _tree(parts["word/styles.xml"]).iter(f"{_W}style")}
    missing = [name for name in NEEDED_STYLES if name not in styles]
    if missing:
        hint = "start from the report.docx of the package, and change its styles"
        problems.append(Problem(f"the skeleton lacks the styles {', '.join(missing)}", Place(SKELETON), hint=hint))
    return problems


def _tree(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))

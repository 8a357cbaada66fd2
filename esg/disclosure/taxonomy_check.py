"""Validates inline XBRL with Arelle, offline, and reads its facts back; resolves names in a user's taxonomy package.

Arelle is an optional extra and imported only here, when something is asked of it. One session at a time in a process.
"""

import gc
import importlib
import json
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from tonne.engine.errors import Place, Problem, ReportError, listing

INSTALL = "install the extra: pip install 'tonne[xbrl]'"
REFUSED_LEVELS = {"error", "critical"}
# The formula rules of ESRS only warn where emissions are in another unit; a wrong unit is an error here.
UNIT_CODES = ("utre:", "esrs.unit")
# One warning for each mandatory tag that an extract cannot have.
MANDATORY_TAGS = "eu_tags_"
LARGEST_ENTRY = 20_000_000
PACKAGE_FILE = "META-INF/taxonomyPackage.xml"
ENTRY_POINT = "{http://xbrl.org/2016/taxonomy-package}entryPointDocument"


@dataclass(frozen=True)
class ReadFact:
    """A fact as Arelle reads it back from a page."""

    element: str
    value: Decimal | str
    unit: str | None
    decimals: str | None
    members: tuple[tuple[str, str], ...]
    start: str
    end: str  # the last day


@dataclass(frozen=True)
class Message:
    """What Arelle says of a page."""

    code: str
    level: str
    text: str

    @property
    def is_refusal(self) -> bool:
        """Whether the page must not be used."""
        return self.level in REFUSED_LEVELS or (self.level != "info" and self.code.startswith(UNIT_CODES))


@dataclass(frozen=True)
class Validation:
    """The outcome: facts, messages other than those on mandatory tags, and how many of those there were."""

    facts: tuple[ReadFact, ...]
    messages: tuple[Message, ...]
    mandatory_tags_missing: int

    @property
    def refusals(self) -> tuple[Message, ...]:
        """The messages that keep the page from being used."""
        return tuple(message for message in self.messages if message.is_refusal)


@dataclass(frozen=True)
class Taxonomy:
    """What a package says of names: the domain element of each typed axis, as (namespace, prefix, local name)."""

    entry_point: str
    elements: frozenset[str]
    typed_domains: Mapping[str, tuple[str, str, str]]


def validate(page: Path, packages: Sequence[Path]) -> Validation:
    """Validate a page offline with the packages, and read its facts.

    Raises:
        ReportError: Arelle is not installed.
    """
    with _loaded(str(page), packages) as (model, messages):
        missing = sum(message.code.startswith(MANDATORY_TAGS) for message in messages)
        kept = tuple(message for message in messages if not message.code.startswith(MANDATORY_TAGS))
        return Validation(tuple(_facts(model)) if model is not None else (), kept, missing)


def resolve(entry_point: str, namespace: str, packages: Sequence[Path]) -> Taxonomy:
    """Load a taxonomy by the address of its entry point, and list the elements of a namespace.

    Raises:
        ReportError: Arelle is not installed, or the taxonomy does not load from the packages.
    """
    with _loaded(entry_point, packages) as (model, messages):
        refused = [message for message in messages if message.is_refusal]
        concepts = getattr(model, "qnameConcepts", {})
        if refused or not concepts:
            found = "; ".join(f"{message.code}: {message.text[:200]}" for message in refused[:3]) or "no element"
            hint = "give every package that this one needs, such as that of the country codes"
            raise ReportError(Problem("the taxonomy does not load", Place(entry_point), found=found, hint=hint))
        own = {name.localName: concept for name, concept in concepts.items() if name.namespaceURI == namespace}
        domains = {
            name: (domain.qname.namespaceURI, domain.qname.prefix or "domain", domain.qname.localName)
            for name, concept in own.items()
            if concept.isTypedDimension and (domain := concept.typedDomainElement) is not None
        }
        return Taxonomy(entry_point, frozenset(own), domains)


@contextmanager
def _loaded(entry: str, packages: Sequence[Path]) -> Iterator[tuple[Any, list[Message]]]:
    """Load and validate something in a session of its own: a second run of one session does not find its packages."""
    try:
        session_type = importlib.import_module("arelle.api.Session").Session
        options_type = importlib.import_module("arelle.RuntimeOptions").RuntimeOptions
    except ImportError:
        raise ReportError(
            Problem("inline XBRL is validated with Arelle, which is not installed", hint=INSTALL)
        ) from None
    with _files_closed(), tempfile.TemporaryDirectory(prefix="tonne-arelle-") as folder, session_type() as session:
        session.run(
            options_type(
                entrypointFile=entry,
                packages=[str(package) for package in packages],
                workOffline=True,
                validate=True,
                utrValidate=True,
                logFile="logToBuffer",
                disablePersistentConfig=True,
                xdgConfigHome=folder,
                keepOpen=True,
            )
        )
        models = session.get_models()
        entries = json.loads(session.get_logs("json"))["log"]
        messages = [
            Message(item.get("code", ""), item.get("level", ""), _words(item.get("message"))) for item in entries
        ]
        yield models[-1] if models else None, messages
        del models


@contextmanager
def _files_closed() -> Iterator[None]:
    """Close what Arelle leaves open: package files that only the collector closes, with a warning for each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def entry_points(packages: Iterable[Path]) -> list[str]:
    """List the entry points of taxonomy packages.

    Raises:
        ReportError: a file is not a taxonomy package.
    """
    return [address for package in packages for address in _entry_points(package)]


def chosen_entry_point(packages: Sequence[Path], namespace: str, preferred: str) -> str:
    """Choose the entry point of a namespace: the preferred file name, or the only one there is.

    Raises:
        ReportError: none fits, or several do.
    """
    every = entry_points(packages)
    fitting = [address for address in every if address.startswith(f"{namespace}/")]
    best = [address for address in fitting if address.rpartition("/")[2] == preferred] or fitting
    if len(best) != 1:
        what = "no taxonomy package has an entry point of this namespace" if not best else "several entry points fit"
        raise ReportError(Problem(what, expected=f"{namespace}/{preferred}", found=listing(best or every) or "none"))
    return best[0]


def _entry_points(package: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(package) as archive:
            name = next(name for name in archive.namelist() if f"/{name}".endswith(f"/{PACKAGE_FILE}"))
            if archive.getinfo(name).file_size > LARGEST_ENTRY:
                raise ReportError(Problem(f"{PACKAGE_FILE} is too large", Place(str(package))))
            root = etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))
    except (OSError, zipfile.BadZipFile, StopIteration, etree.XMLSyntaxError) as fault:
        what = "this is not a taxonomy package"
        expected = f"a zip archive with {PACKAGE_FILE}"
        raise ReportError(Problem(what, Place(str(package)), expected, str(fault)[:200] or None)) from None
    for node in root.iter(ENTRY_POINT):
        yield str(node.get("href"))


def _facts(model: Any) -> Iterator[ReadFact]:
    for fact in model.factsInInstance:
        context = fact.context
        if context is None or fact.concept is None:
            continue  # the messages tell of them
        value = fact.xValue
        yield ReadFact(
            str(fact.qname),
            value if isinstance(value, Decimal) else Decimal(value) if isinstance(value, int) else str(fact.value),
            _unit(fact),
            fact.decimals,
            tuple(sorted((str(axis), _member(member)) for axis, member in context.qnameDims.items())),
            str(context.startDatetime.date()),
            str(context.endDate),
        )


def _unit(fact: Any) -> str | None:
    if fact.unit is None:
        return None
    numerator, denominator = fact.unit.measures
    return " / ".join(" × ".join(measure.localName for measure in part) for part in (numerator, denominator) if part)


def _member(member: Any) -> str:
    return str(member.typedMember.stringValue) if member.isTyped else str(member.memberQname)


def _words(message: Any) -> str:
    return str(message.get("text", "")) if isinstance(message, dict) else str(message or "")

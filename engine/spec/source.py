"""Reads YAML from strangers: plain mappings, lists and scalars, exact numbers, the place of every key.

Anchors, aliases, tags, several documents, duplicate keys, deep nesting and large files are refused.
Nothing is constructed but dict, list, str, int, Decimal, bool and None.
"""

import bisect
import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tonne.engine.errors import Place, Problem, SpecError, TonneError, UnknownNameError, nearest

MAX_BYTES = 2_000_000
MAX_DEPTH = 24
MAX_NODES = 200_000
MAX_DIGITS = 60

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]+([eE][-+]?[0-9]{1,3})?|[1-9][0-9]*[eE][-+]?[0-9]{1,3})\Z")
_LINE_BREAK = re.compile("\\r\\n|[\\r\\n\\x85\\u2028\\u2029]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file: its data, where each part stands, and the digest of its bytes."""

    path: str
    data: Any
    places: dict[Steps, Place]
    digest: str
    text: str
    scalars: dict[Steps, tuple[int, int, str]] = field(default_factory=dict, repr=False)

    def place(self, *steps: str | int) -> Place:
        """Find where a part stands; of a missing part, where its nearest parent stands."""
        for length in range(len(steps), -1, -1):
            found = self.places.get(steps[:length])
            if found:
                return found
        return Place(self.path)

    def offsets(self, steps: Steps, value: str) -> list[int]:
        """Say for each character of a text value, and for its end, where it stands in the file.

        Quotes, folding and indentation change only spaces, so the characters that are not spaces are
        counted; where a text has escapes, all is taken to stand at its start.
        """
        if steps not in self.scalars:
            return []
        start, end, style = self.scalars[steps]
        if style in {"|", ">"}:
            start = self.text.find("\n", start, end) + 1
        elif style in {"'", '"'}:
            start, end = start + 1, end - 1
        raw = self.text[start:end]
        if (style == "'" and "''" in raw) or (style == '"' and "\\" in raw):
            return [start] * (len(value) + 1)
        written = [start + index for index, character in enumerate(raw) if not character.isspace()]
        found: list[int] = []
        count = 0
        for character in value:
            found.append(written[min(count, len(written) - 1)] if written else start)
            count += not character.isspace()
        length = len(value.rstrip())
        last = written[-1] + 1 if written else start
        return found[:length] + [last] * (len(value) + 1 - length)

    def at(self, offset: int) -> Place:
        """Give line and column of a character of the file."""
        line = bisect.bisect_right(self._lines, offset)
        return Place(self.path, line, offset - self._lines[line - 1] + 1)

    @functools.cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_BREAK.finditer(self.text))]


def read_yaml(path: Path, shown: str | None = None, error: type[TonneError] = SpecError) -> Document:
    """Read a YAML file.

    Args:
        path: the file.
        shown: the name that messages use for it.
        error: the class of error that a fault raises.

    Raises:
        UnknownNameError: there is no such file.
        error: the file is not text, not YAML, or uses what is refused.
    """
    name = shown or str(path)
    if not path.is_file():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UnknownNameError(
            Problem("no such file", Place(name), hint=nearest(path.name, siblings) or "check the path")
        )
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise error(
            Problem(
                "the file is too large",
                Place(name),
                expected=f"at most {MAX_BYTES:,} bytes",
                found=f"{size:,} bytes",
                hint="readings belong in csv or Parquet files",
            )
        )
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise error(
            Problem(
                "the file is not UTF-8 text",
                Place(name, line),
                found=f"byte 0x{raw[fault.start]:02x}",
                hint="save the file as UTF-8",
            )
        ) from None
    return parse_yaml(text, name, error)


def parse_yaml(text: str, name: str, error: type[TonneError] = SpecError) -> Document:
    """Read YAML text; see `read_yaml`."""
    reader = _Reader(name, error)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise error(
            Problem(
                f"this is not YAML: {fault.problem or fault.context}",
                place,
                hint="check indentation and quotes",
            )
        ) from None
    except TonneError:
        raise
    except (yaml.YAMLError, ValueError) as fault:
        raise error(Problem(f"this is not YAML: {str(fault).splitlines()[0]}", Place(name))) from None
    if reader.problems:
        raise error(reader.problems)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(name, reader.root, reader.places, digest, text, reader.scalars)


class _Reader:
    """Builds data from YAML events without recursion, so that nesting cannot exhaust the stack."""

    def __init__(self, name: str, error: type[TonneError]) -> None:
        self.name = name
        self.error = error
        self.root: Any = None
        self.places: dict[Steps, Place] = {}
        self.scalars: dict[Steps, tuple[int, int, str]] = {}
        self.problems: list[Problem] = []
        self._stack: list[tuple[Any, Steps]] = []
        self._key: list[str | None] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        action = self._actions.get(type(event))
        if action:
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise self.error(Problem(f"more than {MAX_NODES:,} entries", self._at(event)))
            action(self, event)

    def _at(self, event: Any) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self.error(Problem("a second YAML document", self._at(event), expected="one document in a file"))

    def _alias(self, event: yaml.AliasEvent) -> None:
        raise self.error(
            Problem(
                f"alias *{event.anchor}",
                self._at(event),
                expected="no anchors or aliases",
                hint="write it out",
            )
        )

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor:
            raise self.error(Problem(f"anchor &{event.anchor}", self._at(event), expected="no anchors or aliases"))
        if event.tag and event.tag != "!":
            raise self.error(Problem(f"tag {event.tag}", self._at(event), expected="no tags", hint="remove it"))

    def _open(self, event: Any, container: Any) -> None:
        self._refuse_extras(event)
        path = self._place_for(container, event)
        if len(self._stack) >= MAX_DEPTH:
            raise self.error(Problem(f"nested deeper than {MAX_DEPTH} levels", self._at(event)))
        self._stack.append((container, path))
        self._key.append(None)

    def _close(self, _event: yaml.Event) -> None:
        self._stack.pop()
        self._key.pop()

    def _scalar(self, event: Any) -> None:
        self._refuse_extras(event)
        is_key = self._stack and isinstance(self._stack[-1][0], dict) and self._key[-1] is None
        if is_key:
            self._take_key(event)
        else:
            here = self._place_for(self._value(event), event)
            self.scalars[here] = (event.start_mark.index, event.end_mark.index, event.style or "")

    def _take_key(self, event: yaml.ScalarEvent) -> None:
        mapping, path = self._stack[-1]
        key = str(event.value)
        if key in mapping:
            first = self.places[(*path, key)]
            self.problems.append(
                Problem(
                    f"key '{key[:80]}' is given twice",
                    self._at(event),
                    hint=f"the first is on line {first.line}; keep one of the two",
                )
            )
        mapping.setdefault(key, None)
        self.places.setdefault((*path, key), self._at(event))
        self._key[-1] = key

    def _place_for(self, value: Any, event: Any) -> Steps:
        """Put a value where it belongs and remember its place; returns its path."""
        if not self._stack:
            self.root = value
            self.places[()] = self._at(event)
            return ()
        container, path = self._stack[-1]
        if isinstance(container, list):
            here: Steps = (*path, len(container))
            container.append(value)
            self.places[here] = self._at(event)
            return here
        key = self._key[-1]
        if key is None:
            raise self.error(Problem("a key that is not plain text", self._at(event), expected="a name as key"))
        container[key] = value
        self._key[-1] = None
        here = (*path, key)
        self.places[(*here, "=")] = self._at(event)
        return here

    def _value(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if event.style not in {None, ""}:
            return text
        if text in {"", "~", "null"}:
            return None
        if text in {"true", "false"}:
            return text == "true"
        if _INTEGER.match(text) and len(text) <= MAX_DIGITS:
            return int(text)
        if _DECIMAL.match(text) and len(text) <= MAX_DIGITS:
            return Decimal(text)
        return text

    _actions: dict[type, Callable[[Any, Any], None]] = {  # noqa: RUF012
        yaml.DocumentStartEvent: _document,
        yaml.AliasEvent: _alias,
        yaml.MappingStartEvent: lambda self, event: self._open(event, {}),
        yaml.SequenceStartEvent: lambda self, event: self._open(event, []),
        yaml.MappingEndEvent: _close,
        yaml.SequenceEndEvent: _close,
        yaml.ScalarEvent: _scalar,
    }

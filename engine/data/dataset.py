"""The exact values of every parameter a plan needs, at every index, each with where it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tonne.engine.data.domain import Domain, Index
from tonne.engine.data.feeds import FinerPart
from tonne.engine.data.streams import Stream
from tonne.engine.errors import Place, Problem
from tonne.engine.findings import Finding
from tonne.engine.spec.models import Direction

Provenance = Mapping[str, Any]
Sides = Callable[[str], Direction | None]  # the conservative side of a parameter


@dataclass(frozen=True)
class DataFile:
    """A data file that was read."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Dataset:
    """Parameter values in the parameters' own units, exact."""

    domain: Domain
    values: Mapping[str, Mapping[Index, Fraction]]
    provenance: Mapping[str, Mapping[Index, Provenance]]
    files: tuple[DataFile, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    streams: Mapping[str, Stream] = field(default_factory=dict)  # their values are in the store alone
    shown: Domain | None = None  # the few indices at which the values of streams are held
    parts: Mapping[str, Mapping[Index, tuple[FinerPart, ...]]] = field(default_factory=dict)  # of values from readings

    def value(self, name: str, index: Index) -> Fraction | None:
        """Give the value of a parameter at an index of its index set; None when there is none."""
        return self.values.get(name, {}).get(index)

    def origin(self, name: str, index: Index) -> Provenance:
        """Say where a value comes from."""
        if name in self.streams:
            return self.streams[name].origin
        return self.provenance.get(name, {}).get(index, {})


@dataclass
class DatasetBuilder:
    """A dataset while it is collected, with what was found wrong so far."""

    values: dict[str, dict[Index, Fraction]] = field(default_factory=dict)
    provenance: dict[str, dict[Index, Provenance]] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    parts: dict[str, dict[Index, tuple[FinerPart, ...]]] = field(default_factory=dict)
    files: dict[str, DataFile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def put(self, name: str, index: Index, value: Fraction, origin: Provenance, place: Place) -> None:
        """Take a value of a parameter; a second one at the same index is a problem."""
        known = self.values.setdefault(name, {})
        if index in known:
            self.problems.append(
                Problem(
                    f"{name} is given a value twice at one index",
                    place,
                    hint=f"the other comes from {self.provenance[name][index].get('place')}",
                )
            )
            return
        known[index] = value
        self.provenance.setdefault(name, {})[index] = origin

    def stream(self, stream: Stream, place: Place) -> None:
        """Take readings of a parameter that is streamed, beside those of other members."""
        known = self.streams.get(stream.name)
        if known is None:
            self.streams[stream.name] = stream
        elif known.constant is not None or stream.constant is not None:
            self.problems.append(Problem(f"{stream.name} is given both readings and one value", place))
        else:
            self.streams[stream.name] = known.beside(stream)

    def amend(self, name: str, index: Index, value: Fraction, origin: Provenance) -> None:
        """Put another value in the place of one that was taken before, with what led to it."""
        self.values[name][index] = value
        self.provenance[name][index] = origin

"""The exact values of every parameter a plan needs, at every index, each with where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tonne.engine.data.domain import Domain, Index
from tonne.engine.findings import Finding

Provenance = Mapping[str, Any]


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

    def value(self, name: str, index: Index) -> Fraction | None:
        """Give the value of a parameter at an index of its index set; None when there is none."""
        return self.values.get(name, {}).get(index)

    def origin(self, name: str, index: Index) -> Provenance:
        """Say where a value comes from."""
        return self.provenance.get(name, {}).get(index, {})

"""Observations that do not stop the work, as data: code, severity, sentence in both languages, evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tonne.engine.errors import Place


class Severity(StrEnum):
    """How much a finding weighs, heaviest first; the words are those of validation practice."""

    BLOCKING = "blocking"
    CORRECTIVE_ACTION = "corrective action"
    CLARIFICATION = "clarification"
    FORWARD_ACTION = "forward action"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One observation.

    The code is `area.fact` and is never renamed; evidence holds plain JSON values.
    """

    code: str
    severity: Severity
    zh: str
    en: str
    evidence: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    place: Place | None = None

    @property
    def failed(self) -> bool:
        """Whether a check that reports this has failed."""
        return self.severity in {Severity.BLOCKING, Severity.CORRECTIVE_ACTION}

    def as_data(self) -> dict[str, Any]:
        """Give the finding as plain data for `result.json`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "zh": self.zh,
            "en": self.en,
            "evidence": dict(self.evidence),
            "place": str(self.place) if self.place else None,
        }

"""Observations that do not stop the work, as data: code, severity, sentence in both languages, evidence."""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal

from tonne.engine.errors import Place

Status = Literal["open", "answered", "closed", "reopened"]
# What a finding is about, of the keys of its evidence; amounts and counts are none of it.
_SUBJECT = (
    *("parameter", "parameters", "quantity", "quantities", "equation", "condition", "option", "module", "group"),
    *("meter", "meters", "readings", "cross_check", "balance", "capacity", "limit", "table", "method", "cause"),
    *("file", "files", "document", "source", "tag", "cell", "finding", "year", "start", "end"),
)


class Severity(StrEnum):
    """How much a finding weighs, heaviest first; the words are those of validation practice."""

    BLOCKING = "blocking"
    CORRECTIVE_ACTION = "corrective action"
    CLARIFICATION = "clarification"
    FORWARD_ACTION = "forward action"
    NOTE = "note"


def _tells(key: str, value: Any) -> bool:
    """Whether the evidence of a key is a name, or names; a count under the same key is not."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str) or (key == "year" and isinstance(value, int))


_KINDS = {
    Severity.BLOCKING: "CAR",
    Severity.CORRECTIVE_ACTION: "CAR",
    Severity.CLARIFICATION: "CL",
    Severity.FORWARD_ACTION: "FAR",
}


@dataclass(frozen=True)
class Stake:
    """By how much the reduction would change in another case, in tCO2e; without an amount the words say why."""

    tonnes: Decimal | None
    zh: str
    en: str


@dataclass(frozen=True)
class Reply:
    """One entry of the history of a finding."""

    who: str
    when: datetime.date
    zh: str
    en: str
    status: Status
    evidence: str | None = None


@dataclass(frozen=True)
class Finding:
    """One observation.

    The code is `area.fact` and is never renamed; evidence holds plain JSON values. Id, stake and replies are known
    when all findings of a run are.
    """

    code: str
    severity: Severity
    zh: str
    en: str
    evidence: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    place: Place | None = None
    id: str = ""
    stake: Stake | None = None
    replies: tuple[Reply, ...] = ()

    @property
    def status(self) -> Status:
        """How far the finding is: that of the last reply."""
        return self.replies[-1].status if self.replies else "open"

    @property
    def kind(self) -> str | None:
        """What validators call it: CAR, CL or FAR; None for a note."""
        return _KINDS.get(self.severity)

    @property
    def failed(self) -> bool:
        """Whether a check that reports this has failed: it weighs enough and is not closed."""
        return self.severity in {Severity.BLOCKING, Severity.CORRECTIVE_ACTION} and self.status != "closed"

    @property
    def subject(self) -> dict[str, Any]:
        """What the finding is about, without any amount."""
        about = {key: self.evidence[key] for key in _SUBJECT if _tells(key, self.evidence.get(key))}
        return about | ({"in": PurePath(self.place.path).name} if self.place else {})

    def as_data(self) -> dict[str, Any]:
        """Give the finding as plain data."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "zh": self.zh,
            "en": self.en,
            "evidence": dict(self.evidence),
            "place": str(self.place) if self.place else None,
        }

    def as_case(self) -> dict[str, Any]:
        """Give the finding with its id, stake and history, as `result.json` holds it."""
        stake = self.stake
        tonnes = f"{stake.tonnes:f}" if stake and stake.tonnes is not None else None
        replies = [
            {
                "who": reply.who,
                "when": str(reply.when),
                "zh": reply.zh,
                "en": reply.en,
                "status": reply.status,
                "evidence": reply.evidence,
            }
            for reply in self.replies
        ]
        return {
            "id": self.id,
            **self.as_data(),
            "kind": self.kind,
            "stake": {"tonnes": tonnes, "zh": stake.zh, "en": stake.en} if stake else None,
            "status": self.status,
            "replies": replies,
        }


def identified(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give each finding its stable id: the code and a digest of what it is about.

    The id stays when amounts, counts or wording change. Of several findings of one code on the same thing the second
    ends with -2, in the order in which they are reported.
    """
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        text = json.dumps([finding.code, finding.subject], ensure_ascii=False, sort_keys=True)
        id_ = f"{finding.code}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        seen[id_] += 1
        found.append(replace(finding, id=f"{id_}-{seen[id_]}" if seen[id_] > 1 else id_))
    return tuple(found)

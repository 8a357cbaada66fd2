"""What is said of a methodology: a statement, whether it is proved, and a point where it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from tonne.engine.errors import Place
from tonne.engine.findings import Finding, Severity
from tonne.engine.prove.solver import Verdict


VERDICTS = {
    "proved": {"zh": "已证明", "en": "proved"},
    "refuted": {"zh": "不成立", "en": "refuted"},
    "undecided": {"zh": "未判定", "en": "not decided"},
}


@dataclass(frozen=True)
class Point:
    """Values of parameters and options at which something happens, confirmed by the reference evaluator."""

    values: Mapping[str, Fraction]
    options: Mapping[str, str]
    outcome: str = ""

    def words(self) -> str:
        """Write the point in one line."""
        parts = [f"{name} = {_short(value)}" for name, value in self.values.items()]
        parts += [f"{name} = {choice}" for name, choice in self.options.items()]
        told = ", ".join(parts) or "any input"
        return f"{told}: {self.outcome}" if self.outcome else told

    def as_data(self) -> dict[str, Any]:
        """Give the point as plain data."""
        values = {name: str(value) for name, value in self.values.items()}
        return {"values": values, "options": dict(self.options), "outcome": self.outcome}


@dataclass(frozen=True)
class Statement:
    """One thing said of a methodology for all inputs inside the declared bounds.

    The code is `area.fact` and is never renamed; `faulty` says that a refutation must be mended; `limits` what the
    proof does not cover.
    """

    code: str
    subject: str
    zh: str
    en: str
    verdict: Verdict
    points: tuple[Point, ...] = ()
    limits: str = ""
    faulty: bool = True
    place: Place | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def area(self) -> str:
        """The part of the code before the point: cases, domain, direction, structure."""
        return self.code.partition(".")[0]

    def finding(self) -> Finding:
        """Give the statement as a finding of the checks."""
        severity = Severity.NOTE
        if self.verdict == "refuted" and self.faulty:
            severity = Severity.CORRECTIVE_ACTION
        elif self.verdict != "proved":
            severity = Severity.CLARIFICATION
        points_zh = "；".join(point.words() for point in self.points)
        points_en = "; ".join(point.words() for point in self.points)
        zh = f"{VERDICTS[self.verdict]['zh']}：{self.zh}" + (f"（{points_zh}）" if self.points else "") + (f"（未能判定的原因：{self.limits}）" if self.verdict == "undecided" else "")
        en = f"{VERDICTS[self.verdict]['en']}: {self.en}" + (f" ({points_en})" if self.points else "") + (f" (why: {self.limits})" if self.verdict == "undecided" else "")
        return Finding(self.code, severity, zh, en, self.as_data(), self.place)

    def as_data(self) -> dict[str, Any]:
        """Give the statement as plain data."""
        return {
            "code": self.code,
            "subject": self.subject,
            "zh": self.zh,
            "en": self.en,
            "verdict": self.verdict,
            "points": [point.as_data() for point in self.points],
            "limits": self.limits,
            "place": str(self.place) if self.place else None,
            **self.data,
        }


def _short(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    decimal = value.limit_denominator(10**12)
    number = float(decimal)
    return f"{number:.10g}"

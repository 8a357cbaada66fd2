"""What is said of a methodology: a statement, whether it is proved, and a point where it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from tonne.engine.errors import Place
from tonne.engine.findings import Finding, Severity
from tonne.engine.prove.reasons import Reason
from tonne.engine.prove.solver import Verdict

VERDICTS = {
    "proved": {"zh": "已证明", "en": "proved"},
    "refuted": {"zh": "不成立", "en": "refuted"},
    "undecided": {"zh": "未判定", "en": "not decided"},
}
SHOWN = {"zh": "已举例证实", "en": "shown by points"}

_READABLE = Context(prec=10)


@dataclass(frozen=True)
class Point:
    """Values at which something happens, confirmed by the reference evaluator.

    `values` and `options` are those that matter; `others` are further values that it was confirmed with; `moved` are
    second values that the point is compared with.
    """

    values: Mapping[str, Fraction]
    options: Mapping[str, str]
    zh: str = ""
    en: str = ""
    others: Mapping[str, Fraction | str] = field(default_factory=lambda: MappingProxyType({}))
    moved: Mapping[str, Fraction] = field(default_factory=lambda: MappingProxyType({}))

    def words(self, language: str = "en") -> str:
        """Write the point in one line."""
        told, mark, comma = (self.zh, "：", "，") if language == "zh" else (self.en, ": ", ", ")
        parts = [f"{name} = {short(value)}" for name, value in self.values.items()]
        parts += [f"{name} = {choice}" for name, choice in self.options.items()]
        where = comma.join(parts) or ("任何输入" if language == "zh" else "any input")
        return f"{where}{mark}{told}" if told else where

    def as_data(self) -> dict[str, Any]:
        """Give the point as plain data."""
        return {
            "values": {name: str(value) for name, value in self.values.items()},
            "options": dict(self.options),
            "others": {name: str(value) for name, value in self.others.items()},
            "moved": {name: str(value) for name, value in self.moved.items()},
            "outcome": {"zh": self.zh, "en": self.en},
        }


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
    limits: Reason | None = None
    faulty: bool = True
    place: Place | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def area(self) -> str:
        """The part of the code before the point: cases, domain, direction, structure."""
        return self.code.partition(".")[0]

    def heading(self, language: str) -> str:
        """Say whether the statement holds; what points alone decide is shown by them."""
        if self.verdict == "proved" and self.points:
            return SHOWN[language]
        return VERDICTS[self.verdict][language]

    def finding(self) -> Finding:
        """Give the statement as a finding of the checks."""
        severity = Severity.NOTE
        if self.verdict == "refuted" and self.faulty:
            severity = Severity.CORRECTIVE_ACTION
        elif self.verdict != "proved":
            severity = Severity.CLARIFICATION
        zh, en = f"{self.heading('zh')}：{self.zh}", f"{self.heading('en')}: {self.en}"
        if self.points:
            zh += f"（{'；'.join(point.words('zh') for point in self.points)}）"
            en += f" ({'; '.join(point.words() for point in self.points)})"
        if self.verdict == "undecided" and self.limits is not None:
            zh, en = f"{zh}（未能判定的原因：{self.limits.zh}）", f"{en} (why: {self.limits.en})"
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
            "limits": self.limits.as_data() if self.limits else None,
            "place": str(self.place) if self.place else None,
            **self.data,
        }


def short(value: Fraction | Decimal) -> str:
    """Write a number with ten digits at most."""
    if isinstance(value, Fraction):
        value = _READABLE.divide(Decimal(value.numerator), Decimal(value.denominator))
    text = f"{_READABLE.plus(value).normalize():f}"
    return text if len(text) <= 20 else f"{value:.6g}"

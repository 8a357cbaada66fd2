"""The check report of a methodology as data: every check, every statement with its verdict and points, and the scope.

Holds no time and no path of a machine: the same spec gives the same report. Proves nothing itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import PurePath
from typing import Any, Literal

from tonne.engine.check.checks import Check, CheckReport, evidence_counts, evidence_of
from tonne.engine.check.order import cycles
from tonne.engine.errors import Place
from tonne.engine.findings import Finding
from tonne.engine.prove.known import CheckCount, ProofSummary
from tonne.engine.prove.prove import PROOFS, check_and_prove, statements
from tonne.engine.prove.reasons import NOT_EXPANDED
from tonne.engine.prove.statement import Point, Statement
from tonne.engine.spec.methodology import Methodology

Standing = Literal["proved", "refuted", "undecided", "noted"]

STANDINGS: tuple[Standing, ...] = ("proved", "refuted", "undecided", "noted")
KIND = "tonne check"
IDENTITY = "structure.identity"
# What a verdict is about: the sentence of a statement may say the opposite, such as that a case is never reached.
PROPERTIES: Mapping[str, tuple[str, str]] = {
    "cases.complete": ("各情形覆盖全部取值", "the cases cover all inputs"),
    "cases.unreachable": ("每种情形均可能出现", "every case can occur"),
    "cases.overlap": ("同时成立的情形取值相同", "cases that hold together give the same value"),
    "domain.total": ("运算处处有值", "the operation always has a value"),
    "direction.sign": ("变化方向已确定，且与声明一致", "the direction is known and is the one claimed"),
    "structure.identity": (
        "减排量恒等于基准线排放量 − 项目排放量 − 泄漏量",
        "the reduction is baseline − project − leakage, for all inputs",
    ),
    "structure.idle": ("无活动则无减排量", "no activity gives no reduction"),
    "structure.proportional": ("减排量与活动水平成正比", "the reduction is in proportion to the activity"),
    "structure.within_baseline": (
        "减排量不超过基准线排放量",
        "the reduction never exceeds the baseline emissions",
    ),
}
SCOPE: tuple[tuple[str, str], ...] = (
    (
        "“已证明”指结论对声明界限内的一切输入成立，而非仅对若干算例成立：月份数和成员数不限（各至少一个），选项可任意选择。",
        (
            "“Proved” means: holds for all inputs inside the declared bounds, not for a number of examples; for any number of "
            "months and of members (at least one of each), and for every choice of options."
        ),
    ),
    (
        "“已举例证实”指陈述本身即为存在何种情况，所附示例已足以证实。",
        "“Shown by points” means: the statement is that something can happen, and the points show it.",
    ),
    (
        "“不成立”指存在反例，或者相反的结论已得到证明。反例和示例均由参照核算程序按原公式复算确认。",
        (
            "“Refuted” means: there is a counterexample, or the contrary is proved. Counterexamples and points are confirmed by the "
            "reference evaluator with the formulas themselves."
        ),
    ),
    (
        "“未判定”既不表示成立，也不表示不成立。",
        "“Not decided” says neither that a statement holds nor that it does not.",
    ),
    (
        "因子值可取其因子表中最小值与最大值之间、参数界限之内的任意值。",
        "Factor values are any values between the least and the greatest of their table, inside the bounds of the parameter.",
    ),
    (
        "除数为零的情形，仅在已证明不会出现之处予以排除（见第5项）。",
        "Division by zero is excluded where that is proved (see 5).",
    ),
    (
        "变化方向是在其他输入均不变时，就参数的任意一个取值（如某一个月的数值）证明的；固定的缺省值为此视为可在其界限内变动，正负号不变。",
        (
            "A direction is proved for any one value of a parameter (that of one month, for instance), all other inputs equal; "
            "a fixed default is let vary inside its bounds for this, with its sign kept."
        ),
    ),
    (
        "证明针对公式的精确算术，不以适用条件得到满足为前提。修约、监测数据的质量，以及公式与原文是否一致，不在证明范围之内；最后一项见第8项的证据等级。",
        (
            "Proofs are of the exact arithmetic of the formulas and do not presuppose the conditions of applicability. "
            "Rounding, the quality of monitored data, and whether the formulas are those of the source are not proved; "
            "for the last see the evidence in 8."
        ),
    ),
)


@dataclass(frozen=True)
class Group:
    """One check of the list: what it found without proof, and its statements; not made where the formulas do not fit."""

    check: Check
    passed: bool
    made: bool
    findings: tuple[Finding, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class ProofReport:
    """All that is said of a methodology before any data is seen."""

    methodology: Methodology
    checked: CheckReport
    groups: tuple[Group, ...]
    engine_version: str

    @property
    def passed(self) -> bool:
        """Whether nothing must be mended."""
        return self.checked.passed

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement, in the order of the list."""
        return tuple(item for group in self.groups for item in group.statements)

    @property
    def counts(self) -> dict[Standing, int]:
        """How many statements are proved, refuted, not decided, and only noted."""
        found = [standing(item) for item in self.statements]
        return {name: found.count(name) for name in STANDINGS}

    def as_data(self) -> dict[str, Any]:
        """Give the report as plain data; its shape is `check_schema`."""
        spec = self.methodology.spec
        inference = self.checked.inference
        return {
            "report": KIND,
            "format": 1,
            "engine": {"name": "tonne", "version": self.engine_version},
            "methodology": {
                "id": spec.id,
                "kind": spec.kind,
                "title": {"zh": spec.title.zh, "en": spec.title.en},
                "scheme": spec.scheme,
                "document": spec.source.document,
                "evidence": spec.source.evidence,
                "digest": self.methodology.digest,
                "parts": parts(self.methodology),
            },
            "passed": self.passed,
            "counts": dict(self.counts),
            "scope": [{"zh": zh, "en": en} for zh, en in SCOPE],
            "checks": [_group(group) for group in self.groups],
            "conversions": [
                {
                    "quantity": item.quantity,
                    "from": item.origin,
                    "to": item.target,
                    "factor": str(item.factor),
                    "offset": str(item.offset),
                }
                for item in dict.fromkeys(inference.conversions)
            ],
            "evidence": {
                "counts": evidence_counts(self.methodology),
                "quantities": {
                    name: evidence_of(self.methodology, quantity)
                    for name, quantity in self.methodology.quantities.items()
                },
            },
            "not_covered": [{"zh": item.text.zh, "en": item.text.en} for item in spec.not_covered],
        }


def proof_report(methodology: Methodology) -> ProofReport:
    """Check and prove a methodology and put everything found in order."""
    checked = check_and_prove(methodology)
    proved = statements(methodology)
    outcomes = {outcome.check.number: outcome for outcome in checked.outcomes}
    checks = {proof.number: Check(proof.number, proof.name, proof.zh, proof.en, _nothing) for proof in PROOFS}
    checks |= {number: outcome.check for number, outcome in outcomes.items()}
    made = not checked.inference.problems and not cycles(checked.inference.trees)
    groups = []
    for number, check in sorted(checks.items()):
        own = tuple(item for item in proved if item.area == check.name)
        outcome = outcomes.get(number)
        told = outcome.findings if outcome else ()
        static = tuple(finding for finding in told if finding.code not in {item.code for item in own})
        identity = tuple(_identity(methodology, finding) for finding in static if finding.code == IDENTITY)
        groups.append(
            Group(
                check,
                outcome.passed if outcome else False,
                made or number not in {proof.number for proof in PROOFS},
                tuple(finding for finding in static if finding.code != IDENTITY),
                (*identity, *own),
            )
        )
    return ProofReport(methodology, checked, tuple(groups), version("tonne"))


def standing(statement: Statement) -> Standing:
    """Give the verdict; what does not hold and need not is only noted."""
    return "noted" if statement.verdict == "refuted" and not statement.faulty else statement.verdict


def proof_summary(methodology: Methodology) -> ProofSummary:
    """Prove a methodology, count the statements of each check, and list those that are not proved."""
    report = proof_report(methodology)
    checks = []
    for group in report.groups:
        counts = dict.fromkeys(("proved", "noted", "undecided", "refuted"), 0)
        for item in group.statements:
            counts[standing(item)] += 1
        outcome = "not_made" if not group.made else "passed" if group.passed else "failed"
        checks.append(CheckCount(group.check.zh, group.check.en, tuple(counts.values()), outcome))
    left = tuple(
        (item.zh, item.en, standing(item)) for item in report.statements if standing(item) in {"undecided", "refuted"}
    )
    return ProofSummary(tuple(checks), left, len(report.statements))


def parts(methodology: Methodology) -> list[dict[str, str]]:
    """List the spec, its modules and its factor tables with their digests."""
    found = [{"kind": "spec", "id": methodology.id, "sha256": methodology.document.digest}]
    modules = {spec.id: document.digest for spec, document in methodology.modules.values()}
    found += [{"kind": "module", "id": name, "sha256": digest} for name, digest in sorted(modules.items())]
    tables = {name: table.document.digest for name, table in methodology.tables.items()}
    return found + [{"kind": "table", "id": name, "sha256": digest} for name, digest in sorted(tables.items())]


def shown_place(place: Place | None) -> str | None:
    """Give a place without the folders of one machine."""
    if place is None:
        return None
    text = str(place)
    path = PurePath(place.path)
    return path.name + text.removeprefix(place.path) if path.is_absolute() else text


def _identity(methodology: Methodology, finding: Finding) -> Statement:
    """Take the identity ER ≡ BE − PE − LE, which the static checks decide, as a statement like the others."""
    outputs = methodology.spec.outputs
    zh, en = PROPERTIES[IDENTITY]
    verdict = finding.evidence.get("verdict", "refuted")
    limits = NOT_EXPANDED if verdict == "undecided" else None
    return Statement(
        IDENTITY, outputs.reduction if outputs else "", zh, en, verdict, limits=limits, place=finding.place
    )


def _group(group: Group) -> dict[str, Any]:
    return {
        "number": group.check.number,
        "name": group.check.name,
        "zh": group.check.zh,
        "en": group.check.en,
        "made": group.made,
        "passed": group.passed,
        "findings": [{**finding.as_data(), "place": shown_place(finding.place)} for finding in group.findings],
        "statements": [_statement(group.check, item) for item in group.statements],
    }


def _statement(check: Check, item: Statement) -> dict[str, Any]:
    zh, en = PROPERTIES.get(item.code, (check.zh, check.en))
    return {
        "code": item.code,
        "subject": item.subject,
        "property": {"zh": zh, "en": en},
        "verdict": standing(item),
        "zh": item.zh,
        "en": item.en,
        "points": [_point(point) for point in item.points],
        "limits": item.limits.as_data() if item.limits else None,
        "data": dict(item.data),
        "place": shown_place(item.place),
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "values": {name: str(value) for name, value in point.values.items()},
        "options": dict(point.options),
        "others": {name: str(value) for name, value in point.others.items()},
        "moved": {name: str(value) for name, value in point.moved.items()},
        "outcome": {"zh": point.zh, "en": point.en},
    }


def _nothing(_methodology: Methodology, _inference: Any) -> list[Any]:
    return []

"""The static checks of a methodology, in order; each is a function that returns findings.

The numbers are those of the list in the documentation; 4, 5, 6 and 9 are proofs and have their place
between. What a check does not prove is said in its own words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tonne.engine.check.bounds import faulty_bounds
from tonne.engine.check.identity import counted_in, reduction_identity
from tonne.engine.check.infer import infer
from tonne.engine.check.kinds import Inference
from tonne.engine.check.order import cycles, reachable, ring
from tonne.engine.check.products import repeated_amounts, repeated_factors
from tonne.engine.check.scales import converted_by_hand
from tonne.engine.errors import Problem
from tonne.engine.findings import Finding, Severity
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Equation, Parameter
from tonne.engine.spec.tree import Chosen, Name, Node, Previous, Reduce, names_in, walk


@dataclass(frozen=True)
class Check:
    """One check: its number, its name, what it claims when nothing is found, and its function."""

    number: int
    name: str
    zh: str
    en: str
    function: Callable[[Methodology, Inference], list[Finding]]


@dataclass(frozen=True)
class Outcome:
    """What one check found."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found that must be mended."""
        return not any(finding.failed for finding in self.findings)


@dataclass(frozen=True)
class CheckReport:
    """What the checks say of a methodology."""

    methodology: str
    digest: str
    outcomes: tuple[Outcome, ...]
    inference: Inference

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(outcome.passed for outcome in self.outcomes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found, in the order of the checks."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings)

    def as_data(self) -> dict[str, Any]:
        """Give the report as plain data."""
        return {
            "methodology": self.methodology,
            "digest": self.digest,
            "passed": self.passed,
            "checks": [
                {
                    "number": outcome.check.number,
                    "name": outcome.check.name,
                    "passed": outcome.passed,
                    "findings": [finding.as_data() for finding in outcome.findings],
                }
                for outcome in self.outcomes
            ],
        }


def check(methodology: Methodology) -> CheckReport:
    """Run every check on a methodology."""
    inference = infer(methodology)
    outcomes = tuple(Outcome(item, tuple(item.function(methodology, inference))) for item in CHECKS)
    return CheckReport(methodology.id, methodology.digest, outcomes, inference)


def names(methodology: Methodology, _inference: Inference) -> list[Finding]:
    """Find what is declared and not used, what no result needs, and equations that need each other."""
    trees = {name: quantity.tree for name, quantity in methodology.equations.items() if quantity.tree is not None}
    findings = [
        _fault(
            "names.cycle",
            f"公式相互依赖：{ring(group)}",
            f"equations need each other: {ring(group)}; a stock that carries over uses prev(…)",
            methodology.quantities[group[0]],
        )
        for group in cycles(trees)
    ]
    findings += faulty_bounds(methodology)
    findings += _shared_symbols(methodology, trees)
    if methodology.spec.outputs is None:
        return findings + _unused_in_module(methodology, trees)
    used = reachable(trees, _roots(methodology)) | _named_in_conditions(methodology) | _named_in_whens(methodology)
    for name, quantity in methodology.quantities.items():
        if name in used or _is_module_part(name):
            continue
        kind_zh, kind_en = ("参数", "parameter") if quantity.is_parameter else ("公式", "equation")
        findings.append(
            _fault(
                "names.unused",
                f"{kind_zh} {name} 不影响任何结果",
                f"{kind_en} {name} contributes to no output, condition or reported value",
                quantity,
            )
        )
    findings += _unused_modules(methodology, trees)
    return findings + _unused_options_and_dimensions(methodology)


def _shared_symbols(methodology: Methodology, trees: dict[str, Node]) -> list[Finding]:
    """Find equations that, as printed, name different quantities by one symbol."""
    findings: list[Finding] = []
    for name, tree in trees.items():
        owners: dict[str, str] = {}
        parts = [
            name,
            *(part.id for part in walk(tree) if isinstance(part, Name) and part.id in methodology.quantities),
        ]
        for part in dict.fromkeys(parts):
            symbol = methodology.quantities[part].symbol
            if owners.setdefault(symbol, part) != part and tree != Name(part):
                told = f"{owners[symbol]}, {part}: {symbol}"
                findings.append(
                    _fault(
                        "names.shared_symbol",
                        f"公式 {name} 中不同的量使用同一符号（{told}）",
                        f"equation {name} prints different quantities by one symbol ({told})",
                        methodology.quantities[name],
                    )
                )
    return findings


def _unused_in_module(methodology: Methodology, trees: dict[str, Node]) -> list[Finding]:
    used = (
        {
            part.id if isinstance(part, Name) else part.name
            for tree in trees.values()
            for part in walk(tree)
            if isinstance(part, Name | Previous)
        }
        | _named_in_conditions(methodology)
        | _named_in_whens(methodology)
    )
    return [
        _fault(
            "names.unused",
            f"参数 {name} 未被任何公式使用",
            f"no equation of the module uses parameter {name}",
            quantity,
        )
        for name, quantity in methodology.parameters.items()
        if name not in used
    ]


def _unused_modules(methodology: Methodology, trees: dict[str, Node]) -> list[Finding]:
    """Find modules of which nothing is used; one with several alternative results is used by any of its parts."""
    return [
        _placed(
            "names.unused",
            f"模块 {alias} 不影响任何结果",
            f"module {alias} contributes to no output, condition or reported value",
            methodology,
            "uses",
            alias,
        )
        for alias in methodology.spec.uses
        if not any(name.startswith(f"{alias}.") for name in _named_outside(f"{alias}.", methodology, trees))
    ]


def _named_outside(prefix: str, methodology: Methodology, trees: dict[str, Node]) -> set[str]:
    """Give what the results need, and what is named outside a module; a module's own conditions are a use of it."""
    outside = [quantity for name, quantity in methodology.quantities.items() if not name.startswith(prefix)]
    whens = [quantity.when for quantity in outside if quantity.when is not None]
    read = [quantity.tree for quantity in outside if quantity.tree is not None]
    read += [*whens, *(tree for item in methodology.conditions for tree in (item.tree, item.when) if tree is not None)]
    options = {part.option for tree in read for part in walk(tree) if isinstance(part, Chosen)}
    named = {name for tree in whens for name in names_in(tree)}
    stated = {item.prefix for item in methodology.conditions}
    return (
        reachable(trees, [*_roots(methodology), *sorted(named)]) | options | stated | _named_in_conditions(methodology)
    )


def _is_module_part(name: str) -> bool:
    """Parts of a module that one user does not need are no fault of that user."""
    return "." in name


def _roots(methodology: Methodology) -> list[str]:
    outputs = methodology.spec.outputs
    if outputs is None:
        return []
    return [
        name
        for name in (outputs.baseline, outputs.project, outputs.leakage, outputs.reduction, *outputs.reported)
        if name
    ]


def _named_in_conditions(methodology: Methodology) -> set[str]:
    trees = {name: quantity.tree for name, quantity in methodology.equations.items() if quantity.tree is not None}
    direct = {
        part.id
        for item in methodology.conditions
        if item.tree is not None
        for part in walk(item.tree)
        if isinstance(part, Name)
    }
    return reachable(trees, direct)


def _named_in_whens(methodology: Methodology) -> set[str]:
    return {
        part.id
        for quantity in methodology.quantities.values()
        if quantity.when is not None
        for part in walk(quantity.when)
        if isinstance(part, Name)
    }


def _unused_options_and_dimensions(methodology: Methodology) -> list[Finding]:
    trees = [
        tree
        for quantity in methodology.quantities.values()
        for tree in (quantity.tree, quantity.when)
        if tree is not None
    ]
    trees += [tree for item in methodology.conditions for tree in (item.tree, item.when) if tree is not None]
    options = {part.option for tree in trees for part in walk(tree) if isinstance(part, Chosen)}
    options |= {
        quantity.prefix + str(quantity.parameter.option)
        for quantity in methodology.parameters.values()
        if quantity.parameter.option
    }
    dimensions = {name for quantity in methodology.quantities.values() for name in quantity.over}
    dimensions |= {name for tree in trees for part in walk(tree) if isinstance(part, Reduce) for name in part.over}
    dimensions |= {
        part.id for tree in trees for part in walk(tree) if isinstance(part, Name) and part.id in methodology.dimensions
    }
    for quantity in methodology.parameters.values():
        for source in _lookup_sources(quantity):
            options |= {quantity.prefix + source, source}
            dimensions.add(source)
    findings = [
        _placed("names.unused", f"选项 {name} 未使用", f"option {name} is not used", methodology, "options", name)
        for name in methodology.options
        if name not in options and not _is_module_part(name)
    ]
    return findings + [
        _placed(
            "names.unused",
            f"维度 {name} 未使用",
            f"dimension {name} is not used",
            methodology,
            "dimensions",
            name,
        )
        for name in methodology.spec.dimensions
        if name not in dimensions
    ]


def _lookup_sources(quantity: Quantity) -> list[str]:
    key = quantity.parameter.key
    if isinstance(key, list):
        return list(key)
    return [source for source in (key or {}).values() if isinstance(source, str)]


def index_sets(methodology: Methodology, inference: Inference) -> list[Finding]:
    """Find sums over dimensions that are not there, and formulas that do not fit their index set."""
    found = [_from_problem("index.misfit", "指标集不符", problem) for problem in inference.index_problems]
    return found + repeated_amounts(methodology)


def units(methodology: Methodology, inference: Inference) -> list[Finding]:
    """Find formulas whose units do not fit or are changed by hand, and list the conversions that were inserted."""
    findings = [_from_problem("units.misfit", "单位不符", problem) for problem in inference.unit_problems]
    findings += converted_by_hand(methodology, inference)
    shown = [
        f"{item.quantity}: {item.origin} → {item.target} (× {item.factor})"
        for item in dict.fromkeys(inference.conversions)
    ]
    if shown:
        findings.append(
            Finding(
                "units.converted",
                Severity.NOTE,
                f"引擎插入了 {len(shown)} 处单位换算：{'；'.join(shown)}",
                f"{len(shown)} changes of unit were inserted: {'; '.join(shown)}",
                {"conversions": shown},
            )
        )
    return findings


def structure(methodology: Methodology, inference: Inference) -> list[Finding]:
    """Prove ER ≡ BE − PE − LE, and find what is taken twice."""
    outputs = methodology.spec.outputs
    if outputs is None or inference.problems:
        return []
    found = _counted_twice(methodology, inference) + repeated_factors(methodology, inference.trees)
    return [_identity(methodology, inference, methodology.quantities[outputs.reduction]), *found]


def _counted_twice(methodology: Methodology, inference: Inference) -> list[Finding]:
    """Find results that are a part of another result, so that the reduction takes them twice."""
    outputs = methodology.spec.outputs
    parts = {"project": ("项目排放", 1), "leakage": ("泄漏", 1), "baseline": ("基准线排放", -1)}
    named = {role: name for role in parts if (name := getattr(outputs, role))}
    return [
        _fault(
            "structure.counted_twice",
            f"{parts[role][0]} {whole} 已含{parts[other][0]} {part}，减排量重复扣除",
            f"{role} {whole} includes {other} {part}, so the reduction deducts it twice",
            methodology.quantities[whole],
        )
        for role, whole in named.items()
        for other, part in named.items()
        if other not in {role, "baseline"} and counted_in(part, whole, inference.trees) == parts[role][1]
    ]


def _identity(methodology: Methodology, inference: Inference, quantity: Quantity) -> Finding:
    verdict = reduction_identity(methodology, inference.trees)
    if verdict == "proved":
        return Finding(
            "structure.identity",
            Severity.NOTE,
            "已证明：减排量恒等于基准线排放 − 项目排放 − 泄漏。",
            "proved: the reduction is baseline − project − leakage, for all inputs",
            {"verdict": verdict},
            quantity.place,
        )
    if verdict == "refuted":
        return _fault(
            "structure.identity",
            "减排量不等于基准线排放 − 项目排放 − 泄漏",
            f"{quantity.id} is not baseline − project − leakage",
            quantity,
        )
    return Finding(
        "structure.identity",
        Severity.CLARIFICATION,
        "未能判定减排量是否恒等于基准线排放 − 项目排放 − 泄漏。",
        "not decided: whether the reduction is baseline − project − leakage (sums and cases were not looked into)",
        {"verdict": verdict},
        quantity.place,
    )


def evidence(methodology: Methodology, _inference: Inference) -> list[Finding]:
    """Find defaults and equations that do not cite their source, and count how well the rest is confirmed."""
    findings: list[Finding] = []
    for name, quantity in methodology.quantities.items():
        spec = quantity.spec
        if (
            isinstance(spec, Parameter)
            and spec.from_ in {"default", "option"}
            and not (spec.source or spec.cite or spec.evidence)
        ):
            findings.append(
                _fault(
                    "evidence.missing",
                    f"缺省值 {name} 未注明来源",
                    f"default {name} cites no source",
                    quantity,
                )
            )
        if isinstance(spec, Equation) and not spec.cite and not any(quantity.cites) and spec.evidence != "composed":
            findings.append(
                _fault(
                    "evidence.missing",
                    f"公式 {name} 未注明出处",
                    f"equation {name} does not cite where it stands in the source",
                    quantity,
                )
            )
    counts = evidence_counts(methodology)
    told = ", ".join(f"{word} {count}" for word, count in counts.items() if count)
    findings.append(
        Finding(
            "evidence.words",
            Severity.NOTE,
            f"公式与缺省值的证据等级：{told}",
            f"evidence of equations and defaults: {told}",
            counts,
        )
    )
    return findings


def evidence_counts(methodology: Methodology) -> dict[str, int]:
    """Count equations and defaults by how well they are confirmed; a module's own source counts for its parts."""
    counts = dict.fromkeys(("source-checked", "secondary", "expert-recall", "composed"), 0)
    for quantity in methodology.quantities.values():
        if isinstance(quantity.spec, Equation) or quantity.spec.from_ in {"default", "option"}:
            counts[evidence_of(methodology, quantity)] += 1
    return counts


def evidence_of(methodology: Methodology, quantity: Quantity) -> str:
    """Give the evidence word of a quantity: its own, or that of the document it stands in."""
    if quantity.spec.evidence:
        return quantity.spec.evidence
    module = methodology.modules.get(quantity.prefix.removesuffix("."))
    return (module[0] if module else methodology.spec).source.evidence


def _fault(code: str, zh: str, en: str, quantity: Quantity) -> Finding:
    return Finding(code, Severity.CORRECTIVE_ACTION, zh, en, {"quantity": quantity.id}, quantity.place)


def _placed(code: str, zh: str, en: str, methodology: Methodology, *steps: str) -> Finding:
    return Finding(code, Severity.CORRECTIVE_ACTION, zh, en, {"name": steps[-1]}, methodology.document.place(*steps))


def _from_problem(code: str, zh: str, problem: Problem) -> Finding:
    told = Problem(problem.what, None, problem.expected, problem.found, problem.hint)
    detail = str(told).replace("\n  hint: ", "; hint: ")
    return Finding(code, Severity.BLOCKING, f"{zh}：{detail}", detail, {}, problem.place)


CHECKS: tuple[Check, ...] = (
    Check(
        1,
        "names",
        "名称均可解析，无多余、无循环",
        "names resolve; nothing unused, nothing unreachable, no cycles",
        names,
    ),
    Check(2, "index sets", "指标集相符", "every formula fits its index set", index_sets),
    Check(3, "units", "单位与物质相符", "units and substances fit in every formula, condition and factor", units),
    Check(7, "structure", "减排量恒等式", "the reduction is baseline − project − leakage", structure),
    Check(8, "evidence", "来源与证据等级", "every default and equation cites its source", evidence),
)

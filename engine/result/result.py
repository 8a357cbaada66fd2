"""What a run leaves behind: every value, totals by calendar year, conditions, findings, digests.

The values are those of the reference evaluator, exact to 60 digits; documents are made from nothing else.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property
from typing import Any

from tonne.engine.compute.compare import Agreement
from tonne.engine.compute.reference import CONTEXT, GUARD_DIGITS, Reference, decimal
from tonne.engine.data.dataset import Dataset
from tonne.engine.data.domain import Index
from tonne.engine.data.project import Project
from tonne.engine.errors import Problem, UnknownNameError, nearest
from tonne.engine.findings import Finding
from tonne.engine.plan import Plan
from tonne.engine.spec.methodology import Methodology, Quantity
from tonne.engine.spec.models import Rounding, Text

ROLES = ("baseline", "project", "leakage", "reduction")
SHOWN_DIGITS = 34
MAX_LISTED = 20_000
_PLACES = frozenset({"place", "path"})


@dataclass(frozen=True)
class YearTotals:
    """The four results of one calendar year, exact and as rounded by the methodology's rule."""

    year: str
    exact: Mapping[str, Decimal]
    rounded: Mapping[str, Decimal]


@dataclass(frozen=True)
class ConditionResult:
    """Whether a condition of applicability is met: by test, by the project's statement, or not stated."""

    id: str
    text: Text
    met: bool | None
    tested: bool
    fact: Text | None
    evidence: str | None


@dataclass(frozen=True)
class Result:
    """The outcome of a run."""

    project: Project
    methodology: Methodology
    plan: Plan
    dataset: Dataset
    reference: Reference
    values: Mapping[str, Mapping[Index, Decimal]]
    years: tuple[YearTotals, ...]
    conditions: tuple[ConditionResult, ...]
    findings: tuple[Finding, ...]
    agreement: Agreement
    engine_version: str
    made: str

    def quantity(self, name: str) -> Quantity:
        """Find a quantity by its name, or by the role of an output.

        Raises:
            UnknownNameError: nothing has that name.
        """
        outputs = self.methodology.spec.outputs
        if outputs is not None and name in ROLES:
            name = getattr(outputs, name) or name
        quantity = self.methodology.quantities.get(name)
        if quantity is None:
            raise UnknownNameError(Problem(f"no quantity '{name}'", hint=nearest(name, self.methodology.quantities)))
        return quantity

    def value(self, name: str, index: Index) -> Decimal:
        """Give the value of a quantity at an index.

        Raises:
            UnknownNameError: the quantity was not computed, or not at that index.
        """
        if name in self.values and index in self.values[name]:
            return self.values[name][index]
        given = self.dataset.value(name, index)
        if given is None:
            raise UnknownNameError(Problem(f"{name} has no value at {index}"))
        return decimal(given)

    def values_of(self, name: str) -> dict[Index, Decimal]:
        """Give all values of an equation or parameter, by index."""
        if name in self.values:
            return dict(self.values[name])
        return {index: decimal(value) for index, value in self.dataset.values.get(name, {}).items()}

    def count(self, name: str) -> int:
        """Count the values of a quantity; of one by the minute, few of which are held, all that there are."""
        if not self.is_streamed(name):
            return len(self.values[name] if name in self.values else self.dataset.values.get(name, ()))
        if name in self.values:
            return self.dataset.domain.size(self.plan.over(name))
        return self.dataset.streams[name].size if name in self.dataset.streams else 0

    def is_streamed(self, name: str) -> bool:
        """Whether a quantity has so many values by the minute that only a few are held."""
        return self.dataset.domain.is_streamed(self.plan.over(name))

    def label(self, name: str, index: Index) -> str:
        """Write the id of a value: `BE@2024`, `FC@diesel,2024-05`; a scalar is its name."""
        over = self.plan.over(name)
        return f"{name}@{self.dataset.domain.label(over, index)}" if over else name

    def by_year(self, name: str) -> dict[int, Decimal]:
        """Give the values of a quantity over years by calendar year."""
        quantity = self.quantity(name)
        if quantity.over != ("year",):
            raise UnknownNameError(
                Problem(
                    f"{quantity.id} is not by year",
                    expected="a quantity over [year]",
                    found=f"over {list(quantity.over)}",
                )
            )
        return {int(index[0]): value for index, value in self.values_of(quantity.id).items()}

    def total(self, name: str) -> Decimal:
        """Add up a quantity over all its indices."""
        with localcontext(CONTEXT):
            return sum(self.values_of(self.quantity(name).id).values(), Decimal(0))

    def rounded_total(self, role: str) -> Decimal:
        """Add up the rounded years of an output."""
        with localcontext(CONTEXT):
            return sum((year.rounded[role] for year in self.years), Decimal(0))

    @property
    def failed(self) -> bool:
        """Whether the run found something that keeps the reduction from being claimed."""
        return any(finding.failed for finding in self.findings)

    @cached_property  # many values take seconds
    def digest(self) -> str:
        """SHA-256 of the result without the time it was made, places in files, and what was answered to findings."""
        return data_digest(self.as_data())

    def as_data(self) -> dict[str, Any]:
        """Give the result as plain data, for `result.json`; paths are relative to the project."""
        folder = self.project.document.path.removesuffix("project.yaml")
        return _relative(self._data(), folder) if folder else self._data()

    def _data(self) -> dict[str, Any]:
        spec = self.project.spec
        return {
            "format": 1,
            "made": self.made,
            "engine": {"name": "tonne", "version": self.engine_version},
            "project": {
                "name": spec.name.model_dump(),
                "statement": spec.statement.model_dump() if spec.statement else None,
                "registration": spec.registration,
                "time_zone": spec.time_zone,
                "crediting_period": {
                    "start": str(spec.crediting_period.start),
                    "end": str(spec.crediting_period.end),
                },
                "monitoring_period": {
                    "start": str(spec.monitoring_period.start),
                    "end": str(spec.monitoring_period.end),
                },
                "digest": self.project.document.digest,
            },
            "methodology": {
                "id": self.methodology.id,
                "title": self.methodology.spec.title.model_dump(),
                "scheme": self.methodology.spec.scheme,
                "document": self.methodology.spec.source.document,
                "evidence": self.methodology.spec.source.evidence,
                "digest": self.methodology.digest,
                "files": self._files(),
            },
            "choices": {
                name: dict(choice) if isinstance(choice, Mapping) else choice
                for name, choice in self.plan.choices.items()
            },
            "outputs": self._outputs(),
            "years": [
                {"year": year.year, "exact": _texts(year.exact), "rounded": _texts(year.rounded)} for year in self.years
            ],
            "total": {role: plain(self.rounded_total(role)) for role in ROLES},
            "conditions": [
                {
                    "id": item.id,
                    "met": item.met,
                    "tested": item.tested,
                    "fact": item.fact.model_dump() if item.fact else None,
                }
                for item in self.conditions
            ],
            "quantities": [self._quantity_data(name) for name in [*self.plan.needed, *self.values]],
            "data": [{"path": file.path, "sha256": file.sha256, "bytes": file.bytes} for file in self.dataset.files],
            "findings": [finding.as_case() for finding in self.findings],
            "agreement": {
                "values_compared": self.agreement.compared,
                "largest_relative_difference": f"{self.agreement.largest:.3e}",
                "at": self.agreement.at,
                "values_of_a_sample": self.agreement.sampled,
            },
        }

    def _files(self) -> list[dict[str, str]]:
        documents = [
            self.methodology.document,
            *(document for _, document in self.methodology.modules.values()),
        ]
        documents += [table.document for table in self.methodology.tables.values()]
        return sorted(({"path": item.path, "sha256": item.digest} for item in documents), key=lambda item: item["path"])

    def _outputs(self) -> dict[str, Any]:
        outputs = self.methodology.spec.outputs
        if outputs is None:
            return {}
        rounding = outputs.rounding
        return {
            **{role: getattr(outputs, role) for role in ROLES},
            "rounding": {"unit": rounding.unit, "mode": rounding.mode, "at": rounding.at},
        }

    def _quantity_data(self, name: str) -> dict[str, Any]:
        values = self.values_of(name)
        over = self.plan.over(name)
        data: dict[str, Any] = {
            "id": name,
            "kind": "equation" if name in self.values else "parameter",
            "unit": self.plan.unit(name).text,
            "over": list(over),
            "count": self.count(name),
        }
        if self.is_streamed(name):
            note = "by the minute: computed in the column store and not listed"
            origin = self.dataset.origin(name, ())
            return {**data, "values": None, "note": note, **({"origins": {"*": dict(origin)}} if origin else {})}
        if len(values) > MAX_LISTED:
            return {**data, "values": None, "note": "the values are in values.parquet"}
        label = self.dataset.domain.label
        data["values"] = {label(over, index): plain(value) for index, value in sorted(values.items())}
        if name not in self.values:
            origins = {
                label(over, index): dict(origin)
                for index, origin in sorted(self.dataset.provenance.get(name, {}).items())
            }
            data["origins"] = _shortened(origins)
        return data


def _relative(data: Any, folder: str) -> Any:
    """Leave the project's folder out of every text that begins with it."""
    if isinstance(data, dict):
        return {key: _relative(value, folder) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_relative(value, folder) for value in data]
    return data.removeprefix(folder) if isinstance(data, str) else data


def _without_places(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            key: value if isinstance(value, str) else _without_places(value)  # most values are texts
            for key, value in data.items()
            if key not in _PLACES
        }
    if isinstance(data, list | tuple):
        return [_without_places(value) for value in data]
    return data


def _shortened(origins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Say once what is the same at every index."""
    distinct = list({canonical_json(origin): origin for origin in origins.values()}.values())
    return {"*": distinct[0]} if len(distinct) == 1 and len(origins) > 1 else origins


def plain(value: Decimal) -> str:
    """Write a value as decimal digits, to 34 significant ones, without an exponent."""
    with localcontext(CONTEXT) as context:
        context.prec = SHOWN_DIGITS
        shortened = +value
    text = f"{shortened:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def data_digest(data: Mapping[str, Any]) -> str:
    """Give the digest of a result as plain data; of a `result.json` as well, which states it."""
    kept = {name: value for name, value in data.items() if name not in {"digest", "made"}}
    answers = {"replies", "status"}
    kept["findings"] = [
        {key: value for key, value in finding.items() if key not in answers} for finding in data["findings"]
    ]
    return hashlib.sha256(canonical_json(_without_places(kept)).encode()).hexdigest()


def canonical_json(data: Any) -> str:
    """Write data as JSON in one form: sorted keys, no spaces."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _texts(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {role: plain(value) for role, value in values.items()}


def year_totals(exact: Mapping[str, Mapping[str, Decimal]], rounding: Rounding) -> tuple[YearTotals, ...]:
    """Round the outputs of each year by the methodology's rule.

    Args:
        exact: for each year, the value of each role.
        rounding: the rule; before rounding, digits that can only be noise are dropped.
    """
    return tuple(YearTotals(year, values, rounded(values, rounding.mode)) for year, values in sorted(exact.items()))


def rounded(values: Mapping[str, Decimal], mode: str) -> dict[str, Decimal]:
    """Round the four outputs of a year."""
    settled = {role: _settled(value) for role, value in values.items()}
    if mode == "none":
        return settled
    if mode == "half_up":
        return {role: _whole(value, ROUND_HALF_UP) for role, value in settled.items()}
    if mode == "conservative":
        whole = {
            "baseline": _whole(settled["baseline"], ROUND_FLOOR),
            "project": _whole(settled["project"], ROUND_CEILING),
            "leakage": _whole(settled["leakage"], ROUND_CEILING),
        }
        return {**whole, "reduction": whole["baseline"] - whole["project"] - whole["leakage"]}
    return {role: _whole(value, ROUND_FLOOR) if role == "reduction" else value for role, value in settled.items()}


def _settled(value: Decimal) -> Decimal:
    with localcontext(CONTEXT) as context:
        context.prec -= GUARD_DIGITS
        return +value


def _whole(value: Decimal, mode: str) -> Decimal:
    return value.to_integral_value(mode) + 0

"""Samples: the precision achieved, and until when the bound of the confidence interval may stand in for it.

What a sample says is computed by a module of the methodology; a module is taken for one of sampling when it has the
equations named here. Nothing is estimated anew.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from tonne.engine.check.infer import infer
from tonne.engine.data.amounts import exact_text
from tonne.engine.data.domain import Index
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import settled
from tonne.engine.result.result import Result
from tonne.engine.units import conversion, parse_unit

MET, PRECISION, SIZE, REQUIRED = "met", "precision", "n", "n_required"
_SHOWN = 20


def check_sampling(result: Result) -> Iterator[Finding]:
    """Report groups whose sample misses the precision that is asked for."""
    for alias, (module, _) in result.methodology.modules.items():
        names = {part: f"{alias}.{part}" for part in (MET, PRECISION, SIZE, REQUIRED)}
        if set(names) <= set(module.equations) and any(name.startswith(f"{alias}.") for name in result.plan.steps):
            yield from _missed(result, _Sample(result, names))


class _Sample:
    """The equations of a module of sampling, also those that the reduction does not need."""

    def __init__(self, result: Result, names: Mapping[str, str]) -> None:
        self.result = result
        self.names = names
        known = infer(result.methodology).trees
        self._trees = {
            name: settled(known[name], result.methodology, result.plan.choices)
            for name in names.values()
            if name not in result.plan.steps
        }

    def value(self, part: str, index: Index) -> Fraction | None:
        """Give the value of an equation; None where it has none."""
        name = self.names[part]
        found = self.result.values.get(name, {}).get(index)
        if found is None and name in self._trees:
            over = self.result.methodology.quantities[name].over
            found = self.result.reference.evaluate(self._trees[name], dict(zip(over, index, strict=True)))
        return Fraction(f"{found:.40g}") if found is not None else None

    def text(self, part: str, index: Index, factor: Fraction = Fraction(1)) -> str:
        """Write a value with at most four decimals."""
        found = self.value(part, index)
        return exact_text(round(found * factor, 4)) if found is not None else "—"


def _missed(result: Result, sample: _Sample) -> Iterator[Finding]:
    names = sample.names
    quantity = result.methodology.quantities[names[MET]]
    over = quantity.over
    missed = [
        index
        for index in result.dataset.domain.indices(over)
        if (met := sample.value(MET, index)) is not None and not met
    ]
    if not missed:
        return
    percent, _ = conversion(result.methodology.quantities[names[PRECISION]].unit, parse_unit("%"))
    cases = [
        {
            "at": result.dataset.domain.label(over, index),
            "precision_percent": sample.text(PRECISION, index, percent),
            "size": sample.text(SIZE, index),
            "required": sample.text(REQUIRED, index),
        }
        for index in missed
    ]
    first, spec = cases[0], result.project.spec
    until = spec.plan.bound_until if spec.plan else None
    late = until is not None and spec.monitoring_period.end > until
    quantity = result.methodology.quantities[names[MET]]
    which_zh, which_en = (
        (
            f"有{len(cases)}组未达到精度要求，首个为{first['at']}",
            f"misses its precision in {len(cases)} groups, first {first['at']}",
        )
        if over
        else ("未达到精度要求", "misses its precision")
    )
    fact_zh = f"抽样（{names[MET]}）{which_zh}：样本量{first['size']}，相对精度{first['precision_percent']}%，所需样本量{first['required']}。"
    fact_en = (
        f"Sampling ({names[MET]}) {which_en}: {first['size']} observations, relative precision {first['precision_percent']} %, "
        f"{first['required']} observations needed. "
    )
    evidence = {"quantity": names[MET], "count": len(cases), "cases": cases[:_SHOWN]}
    if late:
        yield Finding(
            "sampling.bound_not_allowed",
            Severity.CORRECTIVE_ACTION,
            f"{fact_zh}采用置信区间界限的做法只允许到{until}，本监测期已超过该期限；须补充抽样直至达到精度。",
            f"{fact_en}The confidence bound may stand in only until {until}, which this period passes; the sample must be "
            "enlarged until the precision is met.",
            evidence | {"until": str(until)},
            quantity.place,
        )
        return
    yield Finding(
        "sampling.precision_missed",
        Severity.CLARIFICATION,
        f"{fact_zh}已按方法学采用置信区间保守一侧的界限；请说明原因，并在下一监测期增加样本量。",
        f"{fact_en}The bound of the confidence interval on the conservative side counts, as the methodology has it. Please "
        "explain, and enlarge the sample in the next period.",
        evidence,
        quantity.place,
    )

"""The indices at which an equation is evaluated alone: those that are typed, and one of each dimension else."""

from collections.abc import Mapping
from dataclasses import dataclass

from tonne.engine import calendar
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.errors import DataError, Problem, listing, nearest
from tonne.engine.plan import Plan
from tonne.engine.spec.models import Text
from tonne.engine.spec.tree import Name, Previous, Reduce, walk
from tonne.engine.typed_values import TypedValue

YEAR = 2024

Given = Mapping[str, Mapping[str | None, list[TypedValue]]]


@dataclass(frozen=True)
class Members:
    """The domain, and what was taken for granted in it."""

    domain: Domain
    notes: tuple[Text, ...]
    listed: Mapping[str, str]

    def placed(
        self, name: str, over: tuple[str, ...], typed: Mapping[str | None, list[TypedValue]]
    ) -> dict[Index, TypedValue]:
        """Give the typed values of a quantity by index: one for all, one for each member, or at labels.

        Raises:
            DataError: there are more or fewer values than members.
        """
        found: dict[Index, TypedValue] = {}
        values = typed.get(None)
        if values is not None:
            if len(values) == 1:
                found = dict.fromkeys(self.domain.indices(over), values[0])
            else:
                along = self.listed[name]
                members = self.domain.members[along]
                if len(members) != len(values):
                    labels = [self.domain.label((along,), (member,)) for member in members]
                    expected = f"{len(members)}, for {listing(labels, 12)}"
                    raise DataError(Problem(f"{name} is given {len(values)} values", expected=expected))
                position = over.index(along)
                found = {index: values[members.index(index[position])] for index in self.domain.indices(over)}
        for label, several in typed.items():
            if label is None:
                continue
            index = self.domain.parse(over, label)
            if len(several) != 1 or index is None:
                raise DataError(_wrong_label(name, over, label))
            found[index] = several[0]
        return found


def single_domain(
    plan: Plan, equation: str, typed: Given, chosen: Mapping[str, list[str]], dimensions: Mapping[str, str]
) -> Members:
    """Make the domain of one equation.

    Args:
        plan: the plan of the equation alone.
        equation: its name.
        typed: the values that are typed.
        chosen: the labels at which an option is chosen.
        dimensions: the members that are typed as `year=2024`.

    Raises:
        DataError: a label is not one of its dimension, or several values belong to no one dimension.
    """
    maker = _Maker(plan, equation, typed)
    for name, text in dimensions.items():
        for label in text.split(","):
            maker.take(name, label.strip(), name)
    for name, labels in chosen.items():
        for label in labels:
            maker.take_index(name, tuple(plan.methodology.options[name].over), label)
    return maker.make()


class _Maker:
    def __init__(self, plan: Plan, equation: str, typed: Given) -> None:
        self.plan = plan
        self.methodology = plan.methodology
        self.equation = equation
        self.typed = {name: values for name, values in typed.items() if name in plan.needed}
        self.own = plan.over(equation)
        self.used = self._used()
        self.labels: dict[str, dict[Member, None]] = {name: {} for name in self.used}
        self.counts: dict[str, int] = {}
        self.listed: dict[str, str] = {}
        self.notes: list[Text] = []

    def _used(self) -> list[str]:
        """List the dimensions of the equation, of its inputs and of its sums."""
        names = set(self.own)
        for over in self.plan.needed.values():
            names |= set(over)
        for part in walk(self.plan.steps[self.equation].tree):
            if isinstance(part, Reduce):
                names |= set(part.over)
            elif isinstance(part, Previous):
                names.add(part.dimension)
            elif isinstance(part, Name) and part.id in self.methodology.dimensions:
                names.add(part.id)
        return [name for name in self.methodology.dimensions if name in names]

    def make(self) -> Members:
        """Collect the labels and counts that are typed, and complete them."""
        for name, labelled in self.typed.items():
            over = self.plan.over(name)
            for label, values in labelled.items():
                if label is not None:
                    self.take_index(name, over, label)
                elif len(values) > 1:
                    along = self._along(name, over)
                    self.listed[name] = along
                    self.counts[along] = max(self.counts.get(along, 1), len(values))
        members: dict[str, tuple[Member, ...]] = {}
        steps = {
            name: str(self.methodology.dimensions[name].time)
            for name in self.used
            if self.methodology.dimensions[name].time
        }
        clock = [name for name in self.used if self.methodology.step(name)]
        members.update(self._clock(sorted(clock, key=calendar.STEPS.index)))
        for name in self.used:
            if name not in members:
                members[name] = self._members(name, members)
        return Members(Domain(members, steps, frozenset(clock)), tuple(self.notes), self.listed)

    def _along(self, name: str, over: tuple[str, ...]) -> str:
        """Say which dimension several values of a quantity go along: one that the equation does not have, else its only one."""
        inner = [part for part in over if part not in self.own]
        candidates = inner if len(inner) == 1 else list(over)
        if len(candidates) == 1:
            return candidates[0]
        if not over:
            raise DataError(Problem(f"{name} is given several values, but has no dimension", expected="one value"))
        what = f"{name} is given several values, but goes over {listing(list(over))}"
        raise DataError(Problem(what, hint=f"give each with its index: {name}@{','.join(over)}=…"))

    def take_index(self, name: str, over: tuple[str, ...], label: str) -> None:
        """Take the members of a label."""
        parts = [part.strip() for part in label.split(",")]
        if len(parts) != len(over):
            raise DataError(_wrong_label(name, over, label))
        for dimension, part in zip(over, parts, strict=True):
            self.take(dimension, part, name)

    def take(self, dimension: str, label: str, owner: str) -> None:
        """Take a member of a dimension."""
        spec = self.methodology.dimensions[dimension]
        if dimension not in self.labels:
            raise DataError(
                Problem(f"{self.equation} has no {dimension}", hint=f"it goes over {listing(self.used) or 'nothing'}")
            )
        if spec.time:
            number = calendar.parse_label(spec.time, label)
            if number is None:
                raise DataError(
                    Problem(f"'{label[:80]}' is not a {spec.time}", expected=_EXAMPLES[spec.time], found=f"{owner}")
                )
            self.labels[dimension][number] = None
            return
        known = list(spec.members) if isinstance(spec.members, dict | list) else None
        if known is not None and label not in known:
            raise DataError(
                Problem(
                    f"dimension {dimension} has no member '{label[:80]}'",
                    expected=f"one of {listing(known)}",
                    hint=nearest(label, known),
                )
            )
        self.labels[dimension][label] = None

    # -- members

    def _clock(self, names: list[str]) -> dict[str, tuple[Member, ...]]:
        """Give the steps of the clock: of the finest what is typed or the first of the year, of the others those around."""
        if not names:
            return {}
        finest, *coarser = names
        steps = [int(step) for step in self.labels[finest]]
        if not steps:
            steps = self._first_steps(finest, coarser)
        steps.sort()
        members: dict[str, tuple[Member, ...]] = {finest: tuple(steps)}
        for name in coarser:
            around = sorted({calendar.coarser(finest, step, name) for step in steps})
            odd = [calendar.label(name, int(step)) for step in self.labels[name] if step not in around]
            if odd:
                raise DataError(Problem(f"no {finest} is given for {name} {listing(odd)}"))
            members[name] = tuple(around)
        return members

    def _first_steps(self, finest: str, coarser: list[str]) -> list[int]:
        start = None
        for name in coarser:
            if self.labels[name]:
                start = calendar.start(name, min(int(step) for step in self.labels[name]))
                break
        if start is None:
            start = calendar.start("year", YEAR)
            first = calendar.label(finest, calendar.number(finest, start))
            self._assume(finest, first)
        begin = calendar.number(finest, start)
        return [begin + position for position in range(self.counts.get(finest, 1))]

    def _members(self, name: str, known: Mapping[str, tuple[Member, ...]]) -> tuple[Member, ...]:
        spec = self.methodology.dimensions[name]
        typed = list(self.labels[name])
        count = self.counts.get(name, 1)
        if spec.time:
            if typed:
                return tuple(sorted(typed, key=int))
            last = (
                int(known["year"][-1])
                if spec.time == "year" and "year" in known
                else calendar.number(spec.time, calendar.start("year", YEAR))
            )
            self._assume(name, calendar.label(spec.time, last))
            return tuple(range(last - count + 1, last + 1))
        if typed:
            return tuple(typed)
        if isinstance(spec.members, dict | list):
            listed = list(spec.members)
            if count > len(listed):
                raise DataError(
                    Problem(
                        f"{count} values are given for {name}", expected=f"at most {len(listed)}, for {listing(listed)}"
                    )
                )
            self._assume(name, listing(listed[:count]))
            return tuple(listed[:count])
        return tuple(f"{name}_{position}" for position in range(1, count + 1))

    def _assume(self, dimension: str, label: str) -> None:
        self.notes.append(
            Text(
                zh=f"未指定 {dimension}，从 {label} 起取值",
                en=f"{dimension} is not given; {label} is taken, or counted from",
            )
        )


_EXAMPLES = {
    "year": "2024",
    "month": "2024-01",
    "day": "2024-01-31",
    "hour": "2024-01-31T08",
    "minute": "2024-01-31T08:30",
}


def _wrong_label(name: str, over: tuple[str, ...], label: str) -> Problem:
    expected = f"one value at {name}@{','.join(over)}" if over else f"{name} without an index"
    return Problem(f"'{name}@{label[:80]}' is not right", expected=expected)

"""Values that need no data file: defaults, values by option, factor tables, and the unit of a member."""

from collections.abc import Mapping
from fractions import Fraction

from tonne.engine.data.dataset import Provenance
from tonne.engine.data.domain import Domain, Index, Member
from tonne.engine.errors import Place, Problem, ProjectError, listing
from tonne.engine.findings import Finding, Severity
from tonne.engine.plan import Choice, Plan
from tonne.engine.spec.factors import FactorTable, Key, Row
from tonne.engine.spec.methodology import Quantity, column_unit, lookup_keys
from tonne.engine.spec.models import MemberUnit
from tonne.engine.units import Unit, conversion, parse_unit

Found = tuple[Fraction, Provenance]

AMOUNT = "fuel_amount"

_EVIDENCE_ZH = {"secondary": "二手资料", "expert-recall": "专家回忆", "composed": "自行构建"}
_EVIDENCE_EN = {
    "secondary": "from a secondary source",
    "expert-recall": "from expert recall",
    "composed": "composed by us",
}


class Lookup:
    """Looks parameters up for one project's choices; collects what it notices."""

    def __init__(self, plan: Plan, domain: Domain, project_place: Place) -> None:
        self.plan = plan
        self.methodology = plan.methodology
        self.domain = domain
        self.project_place = project_place
        self.findings: list[Finding] = []
        self._latest: dict[tuple[str, int, int], None] = {}
        self._unconfirmed: dict[tuple[str, str, str], None] = {}

    def value(self, quantity: Quantity, index: Index) -> Found:
        """Give the value of a default, option or factor parameter at an index.

        Raises:
            ProjectError: the table has no row for it.
        """
        parameter = quantity.parameter
        if parameter.from_ == "factor":
            return self._factor(quantity, index)
        evidence = parameter.evidence or self.methodology.spec.source.evidence
        origin: dict[str, object] = {
            "kind": parameter.from_,
            "evidence": evidence,
            "place": str(quantity.place),
        }
        if parameter.from_ == "option":
            choice = self._choice(quantity.prefix + str(parameter.option), quantity.over, index)
            return (parameter.by or {})[choice], {**origin, "option": parameter.option, "choice": choice}
        return parameter.value if parameter.value is not None else Fraction(0), origin

    def unconfirmed(self) -> list[Finding]:
        """Note the values of factor tables that rest on less than a copy of their source."""
        return [
            Finding(
                "evidence.unconfirmed_factor",
                Severity.CLARIFICATION,
                f"参数 {name} 的取值来自因子表 {table}，证据等级为{_EVIDENCE_ZH[evidence]}，提交前须与官方发布核对。",
                f"{name} takes its value from factor table {table}, which is {_EVIDENCE_EN[evidence]} there; compare it with the official publication before it is used.",
                {"parameter": name, "table": table, "evidence": evidence},
            )
            for name, table, evidence in self._unconfirmed
        ]

    def applies(self, quantity: Quantity, index: Index) -> bool:
        """Whether the choices at an index leave a parameter in question; one with `when:` may be ruled out."""
        over = quantity.over
        at = dict(zip(over, index, strict=True))

        def choice(option: str) -> str:
            inner = tuple(self.methodology.options[option].over)
            return self._choice(option, inner, tuple(at[name] for name in inner))

        return not self.plan.not_chosen(quantity.id, choice)

    def option_number(self, name: str, over: tuple[str, ...], index: Index) -> Found:
        """Give the number of the choice that holds at an index."""
        option = name.removeprefix("option:")
        choice = self._choice(option, over, index)
        number = list(self.methodology.options[option].values).index(choice)
        return Fraction(number), {"kind": "option", "option": option, "choice": choice}

    def _choice(self, option: str, over: tuple[str, ...], index: Index) -> str:
        found = _chosen(self.plan, option, dict(zip(over, index, strict=True)))
        if found is None:
            label = _members_of(self.plan, option, dict(zip(over, index, strict=True)))
            raise ProjectError(Problem(f"option {option} is not chosen for {label}", self.project_place))
        return found

    def _factor(self, quantity: Quantity, index: Index) -> Found:
        parameter = quantity.parameter
        table = self.methodology.tables[str(parameter.table)]
        column = str(parameter.column)
        at = dict(zip(quantity.over, index, strict=True))
        key = tuple(
            self._key(table, name, source, quantity, at) for name, source in self._ordered(quantity, table).items()
        )
        row, used = self._row(quantity, table, key, column)
        factor, offset = conversion(column_unit(table, parameter), quantity.unit, quantity.place)
        value = Fraction(row.values[column]) * factor + offset
        if row.evidence != "source-checked":
            self._unconfirmed[quantity.id, table.spec.id, row.evidence] = None
        return value, {
            "kind": "factor",
            "table": table.spec.id,
            "column": column,
            "key": [str(part) for part in used],
            "evidence": row.evidence,
            "source": row.source,
            "place": str(row.place),
        }

    def _ordered(self, quantity: Quantity, table: FactorTable) -> dict[str, str | Mapping[str, str]]:
        keys = lookup_keys(quantity.parameter)
        return {name: keys[name] for name in table.keys}

    def _key(
        self,
        table: FactorTable,
        name: str,
        source: str | Mapping[str, str],
        quantity: Quantity,
        at: Mapping[str, Member],
    ) -> str | int:
        if isinstance(source, Mapping):
            constant = source["is"]
            return int(constant) if table.members(name) is None else constant
        if source in self.methodology.dimensions:
            return self.domain.position((source,), at)[0]
        option = quantity.prefix + source if quantity.prefix + source in self.methodology.options else source
        return self._choice(option, quantity.over, tuple(at[dimension] for dimension in quantity.over))

    def _row(self, quantity: Quantity, table: FactorTable, key: Key, column: str) -> tuple[Row, Key]:
        row = table.rows.get(key)
        if row is not None and column in row.values:
            return row, key
        years = [position for position, name in enumerate(table.keys) if table.members(name) is None]
        alike = {
            other[years[0]]: (found, other)
            for other, found in table.rows.items()
            if years and column in found.values and _same_but(other, key, years[0])
        }
        if quantity.parameter.missing_year == "latest" and years:
            earlier = [year for year in alike if int(year) < int(key[years[0]])]
            if earlier:
                latest = max(earlier)
                self._note_latest(quantity, table, int(key[years[0]]), int(latest), alike[latest][0])
                return alike[latest]
        named = ", ".join(f"{name} {part}" for name, part in zip(table.keys, key, strict=True))
        has = (
            f"it has {listing([str(year) for year in sorted(alike)])} for the same other keys"
            if alike
            else "no row has these keys"
        )
        raise ProjectError(
            Problem(
                f"factor table {table.spec.id} has no {column} for {named}, which {quantity.id} needs",
                self.project_place,
                hint=f"{has}; choose another period or table",
            )
        )

    def _note_latest(self, quantity: Quantity, table: FactorTable, year: int, used: int, row: Row) -> None:
        if (quantity.id, year, used) in self._latest:
            return
        self._latest[quantity.id, year, used] = None
        name = quantity.spec.name
        zh, en = (name.zh, _uncapitalised(name.en)) if name else (quantity.id, quantity.id)
        self.findings.append(
            Finding(
                "factor.latest_used",
                Severity.CLARIFICATION,
                f"因子表 {table.spec.id} 没有 {year} 年的{zh}，按方法学规则采用此前最近一年（{used} 年）的数值。",
                f"Factor table {table.spec.id} has no {en} for {year}; the latest one before it ({used}) was used, as the methodology provides.",
                {"parameter": quantity.id, "year": year, "used": used, "evidence": row.evidence},
                row.place,
            )
        )


def _uncapitalised(text: str) -> str:
    """Write a name as it stands inside a sentence; abbreviations stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _members_of(plan: Plan, option: str, at: Mapping[str, Member]) -> str:
    return ",".join(str(at.get(dimension, "")) for dimension in plan.methodology.options[option].over)


def _chosen(plan: Plan, option: str, at: Mapping[str, Member]) -> str | None:
    """Give the choice of an option at some members; None where none is made."""
    choice: Choice | None = plan.choices.get(option)
    if choice is None or isinstance(choice, str):
        return choice
    return choice.get(_members_of(plan, option, at), plan.methodology.options[option].default)


def member_unit(plan: Plan, quantity: Quantity, members: Mapping[str, str]) -> Unit:
    """Give the unit in which a member of a parameter is accounted; `fuel_amount` in it is the member's unit."""
    rule = quantity.parameter.unit_of
    if rule is None:
        return quantity.unit
    row = accounting_row(plan, quantity, rule, members)
    if row is None:
        shown = ", ".join(f"{name} {member}" for name, member in members.items()) or "a value without members"
        hint = f"{quantity.id} has a unit for each member; give it for each with `at:` or `rows:`"
        raise ProjectError(Problem(f"factor table {rule.table} has no row for {shown}", quantity.place, hint=hint))
    own = str(row.values[rule.column])
    return parse_unit(
        own if quantity.unit.text == AMOUNT else quantity.unit.text.replace(AMOUNT, f"({own})"), row.place
    )


def accounting_row(plan: Plan, quantity: Quantity, rule: MemberUnit, members: Mapping[str, str]) -> Row | None:
    """Find the row that names the accounting unit at some members; a key may come from an option chosen for them."""
    table = plan.methodology.tables[rule.table]
    key: list[str] = []
    for name in rule.sources(table.keys):
        option = plan.methodology.options.get(quantity.prefix + name)
        if not set(option.over if option else [name]) <= set(members):
            return None
        key.append(members[name] if option is None else _chosen(plan, quantity.prefix + name, members) or "")
    return table.rows.get(tuple(key))


def _same_but(one: Key, other: Key, position: int) -> bool:
    return one[:position] == other[:position] and one[position + 1 :] == other[position + 1 :]

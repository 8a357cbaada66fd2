"""The relations of a staged plan, and the names of their columns, which SQL tells apart without regard to case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

Frame = tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """A named query; `frame` is its index set."""

    name: str
    query: exp.Query
    frame: Frame
    row_level: bool


@dataclass(frozen=True)
class Staged:
    """The relations of a plan in order, and which relation holds the values of each frame at the end."""

    relations: tuple[Relation, ...]
    final: Mapping[Frame, str]
    columns: Mapping[Frame, tuple[str, ...]]
    bases: Mapping[Frame, str]
    renamed: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """Name the column of a quantity or dimension; engines do not tell `f` from `F`, so one of them is renamed."""
        return self.renamed.get(name, name)


def told_apart(names: Sequence[str]) -> dict[str, str]:
    """Rename what differs from an earlier name by upper and lower case only."""
    seen: dict[str, int] = {}
    renamed: dict[str, str] = {}
    for name in dict.fromkeys(names):
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        if count > 1:
            renamed[name] = f"{name}~{count}"
    return renamed


def with_names(query: exp.Query, renamed: Mapping[str, str]) -> exp.Query:
    """Give a query with other names of columns."""
    copied = query.copy()
    for identifier in copied.find_all(exp.Identifier):
        identifier.set("this", renamed.get(identifier.this, identifier.this))
    return copied

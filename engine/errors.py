"""What can be wrong with an input, said so that its author can mend it.

    TonneError
    ├── SpecError (ValueError)         a methodology or factor table is not well formed
    │   ├── FormulaError               a formula cannot be read
    │   └── UnitError                  a unit cannot be read, or units do not fit
    ├── ProjectError (ValueError)      a project file is not well formed or contradicts its methodology
    ├── DataError (ValueError)         a data file cannot be used
    ├── UnknownNameError (LookupError) nothing has that name
    ├── RunError (ArithmeticError)     the computation has no value, or the two evaluators differ
    └── ReportError (RuntimeError)     a document could not be written, or does not agree with its result

An error carries one or several problems; each says where, what, expected, found, and how to mend it.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file: line and column count from 1; in data files the row and the column's name."""

    path: str
    line: int | None = None
    column: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        parts = [self.path]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        text = ":".join(parts)
        return f"{text} (column {self.field})" if self.field else text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    what: str
    place: Place | None = None
    expected: str | None = None
    found: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}" if self.place else self.what
        if self.expected and self.found:
            text += f"; expected {self.expected}, found {self.found}"
        elif self.expected:
            text += f"; expected {self.expected}"
        elif self.found:
            text += f"; found {self.found}"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class TonneError(Exception):
    """One or several problems that stop the work."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        more = len(self.problems) - SHOWN_PROBLEMS
        if more > 0:
            shown.append(f"and {more} more")
        return "\n".join(shown)


class SpecError(TonneError, ValueError):
    """A methodology or factor table is not well formed."""


class FormulaError(SpecError):
    """A formula cannot be read."""


class UnitError(SpecError):
    """A unit cannot be read, or units do not fit together."""


class ProjectError(TonneError, ValueError):
    """A project file is not well formed or contradicts its methodology."""


class DataError(TonneError, ValueError):
    """A data file cannot be used."""


class UnknownNameError(TonneError, LookupError):
    """Nothing has that name."""


class RunError(TonneError, ArithmeticError):
    """The computation has no value, or the two evaluators differ."""


class ReportError(TonneError, RuntimeError):
    """A document could not be written, or does not agree with its result."""


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by line and column, file by file; the files stay in the order in which they come."""
    distinct = list(dict.fromkeys(problems))
    paths = list(dict.fromkeys(problem.place.path if problem.place else "" for problem in distinct))

    def position(problem: Problem) -> tuple[int, int, int]:
        place = problem.place or Place("")
        return (paths.index(place.path), place.line or 0, place.column or 0)

    return sorted(distinct, key=position)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Say which known names a misspelt one may mean, or None."""
    close = difflib.get_close_matches(name[:200], list(known)[:5000], n=3, cutoff=0.6)
    return f"did you mean {', '.join(close)}?" if close else None


def listing(names: Sequence[str], limit: int = 30) -> str:
    """List names in a sentence, cut after a readable number."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown

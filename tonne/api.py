"""The public functions of the package."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tonne.engine.check.checks import CheckReport
from tonne.engine.check.checks import check as check_methodology
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.engine.spec.methodology import Methodology

if TYPE_CHECKING:
    from tonne.engine.result.result import Result

__all__ = ["check", "list_methodologies", "load_methodology", "run"]


def run(
    project: str | Path, out: str | Path | None = None, progress: Callable[[str], None] | None = None
) -> "Result":
    """Compute a project, and write its documents when a folder is given.

    Args:
        project: a project file, or the folder of one.
        out: the output folder; written as a whole or not at all.
        progress: is told each stage as it begins.

    Returns:
        the result: `total("ER")`, `by_year("ER")`, `values_of("BE")`, `findings`, `digest` and more.

    Raises:
        TonneError: an input cannot be used, the evaluators differ, or a document does not agree.
    """
    from tonne.engine.run import run as run_project  # noqa: PLC0415 (checking a spec needs no database)

    result = run_project(project, progress)
    if out is not None:
        from tonne.esg.release import release  # noqa: PLC0415 (documents are not always wanted)

        release(result, Path(out), progress)
    return result


def check(methodology: str | Path | Methodology, *, proofs: bool = True) -> CheckReport:
    """Check a methodology: names, index sets, units, cases, domain, directions, structure, evidence.

    Args:
        methodology: an id, a path, or what `load_methodology` gave.
        proofs: also prove what holds for all inputs inside the bounds.

    Returns:
        the report: `passed`, `findings`, `outcomes`, `as_data()`.

    Raises:
        TonneError: the spec cannot be read.
    """
    loaded = methodology if isinstance(methodology, Methodology) else load_methodology(methodology)
    if not proofs:
        return check_methodology(loaded)
    from tonne.engine.prove.prove import check_and_prove  # noqa: PLC0415 (the solver is not always wanted)

    return check_and_prove(loaded)


def list_methodologies() -> list[str]:
    """List the ids of the bundled methodologies and modules."""
    return methodology_ids()

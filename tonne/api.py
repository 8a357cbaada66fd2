"""The public functions of the package."""

from collections.abc import Callable
from pathlib import Path

from tonne.engine.check.checks import CheckReport
from tonne.engine.check.checks import check as check_methodology
from tonne.engine.result.result import Result
from tonne.engine.run import run as run_project
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.engine.spec.methodology import Methodology

__all__ = ["check", "list_methodologies", "load_methodology", "run"]


def run(
    project: str | Path, out: str | Path | None = None, progress: Callable[[str], None] | None = None
) -> Result:
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
    result = run_project(project, progress)
    if out is not None:
        from tonne.esg.release import release  # noqa: PLC0415 (documents are not always wanted)

        release(result, Path(out), progress)
    return result


def check(methodology: str | Path | Methodology) -> CheckReport:
    """Check a methodology: names, index sets, units, structure, evidence.

    Args:
        methodology: an id, a path, or what `load_methodology` gave.

    Returns:
        the report: `passed`, `findings`, `outcomes`, `as_data()`.

    Raises:
        TonneError: the spec cannot be read.
    """
    loaded = methodology if isinstance(methodology, Methodology) else load_methodology(methodology)
    return check_methodology(loaded)


def list_methodologies() -> list[str]:
    """List the ids of the bundled methodologies and modules."""
    return methodology_ids()

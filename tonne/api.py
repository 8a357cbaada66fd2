"""The public functions of the package."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tonne.engine.check.checks import CheckReport
from tonne.engine.check.checks import check as check_methodology
from tonne.engine.spec.catalogue import load_methodology, methodology_ids
from tonne.engine.spec.methodology import Methodology

if TYPE_CHECKING:
    from tonne.engine.prove.equivalence import Comparison
    from tonne.engine.result.result import Result
    from tonne.engine.savings.baseline import Baseline
    from tonne.engine.single import Evaluation
    from tonne.engine.typed_values import Typed
    from tonne.engine.versions import Revision
    from tonne.esg.disclosure.facts import Disclosure
    from tonne.esg.verify import Verification

__all__ = [
    "baseline",
    "check",
    "diff",
    "disclose",
    "evaluate",
    "list_methodologies",
    "load_methodology",
    "run",
    "same_as",
    "verify",
]


def run(
    project: str | Path,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    outlines: Sequence[str] = (),
    templates: str | Path | None = None,
    pdf: bool = False,
) -> "Result":
    """Compute a project, and write its documents when a folder is given.

    Args:
        project: a project file, or the folder of one.
        out: the output folder; written as a whole or not at all.
        progress: is told each stage as it begins.
        outlines: which reports to write, by their ids; else those that the project names, or the plain one and that of
            the methodology's scheme.
        templates: a folder of outlines and styles of one's own.
        pdf: also write each report as PDF, which needs `tonne[pdf]`.

    Returns:
        the result: `total("ER")`, `by_year("ER")`, `values_of("BE")`, `findings`, `digest` and more.

    Raises:
        TonneError: an input cannot be used, the evaluators differ, or a document does not agree.
    """
    from tonne.engine.run import run as run_project  # noqa: PLC0415 (checking a spec needs no database)

    if out is None:
        return run_project(project, progress)
    from tonne.esg.own_templates import read_templates  # noqa: PLC0415 (documents are not always wanted)
    from tonne.esg.release import release  # noqa: PLC0415 (as above)

    if pdf:
        from tonne.esg.pdf import require_pdf  # noqa: PLC0415 (an optional extra)

        require_pdf()
    own = read_templates(Path(templates)) if templates is not None else None
    result = run_project(project, progress)
    release(result, Path(out), progress, outlines=outlines, templates=own, pdf=pdf)
    return result


def verify(folder: str | Path, progress: Callable[[str], None] | None = None) -> "Verification":
    """Compute an output folder or a dossier again, and compare every number in its files.

    Args:
        folder: the output folder of a run, or a dossier.
        progress: is told each stage as it begins.

    Returns:
        the verification: `passed`, `findings`, `files` with what was compared, `result`, `as_data()`.

    Raises:
        TonneError: there is no dossier, it is damaged, or its project cannot be computed.
    """
    from tonne.esg.verify import verify as verify_folder  # noqa: PLC0415 (as in `run`)

    return verify_folder(folder, progress)


def baseline(
    task: str | Path, out: str | Path | None = None, progress: Callable[[str], None] | None = None
) -> "Baseline":
    """Model the energy that would have been used without a retrofit, from meter and weather before it.

    Args:
        task: a task file, or the folder of one with a `baseline.yaml`.
        out: the folder for readings and statement; written as a whole or not at all.
        progress: is told each stage as it begins.

    Returns:
        the baseline: `total`, `relative_uncertainty`, `fitted` with its `points`, `findings`.

    Raises:
        TonneError: an input cannot be used, the model is disqualified, or `tonne[savings]` is not installed.
    """
    from tonne.engine.savings.baseline import model_baseline  # noqa: PLC0415 (as in `run`)

    modelled = model_baseline(task, progress)
    if out is not None:
        from tonne.esg.savings_statement import write_baseline  # noqa: PLC0415 (as in `run`)

        write_baseline(modelled, Path(out))
    return modelled


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


def diff(
    first: str | Path | Methodology,
    second: str | Path | Methodology,
    project: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> "Revision":
    """Say what differs between two methodologies, and what that gains or costs a project in tonnes.

    Args:
        first: an id, a path, or what `load_methodology` gave.
        second: the other.
        project: a project file, or the folder of one, that is run under both.
        progress: is told each stage as it begins.

    Returns:
        the revision: `is_equal`, `difference` with `changes`, `equations` and `outputs`, `project`, `as_data()`.

    Raises:
        TonneError: a spec cannot be read or its units do not fit, or both refuse the project.
    """
    from tonne.engine.versions import revision  # noqa: PLC0415 (the solver is not always wanted)

    return revision(_loaded(first), _loaded(second), project, progress)


def disclose(
    entity: str | Path,
    out: str | Path | None = None,
    packages: Sequence[str | Path] = (),
    progress: Callable[[str], None] | None = None,
) -> "Disclosure":
    """Decide which tonnes of many projects may be disclosed where, and write the tables when a folder is given.

    Args:
        entity: an entity file, or the folder of one.
        out: the output folder; written as a whole or not at all.
        packages: taxonomy packages of your own to validate the inline XBRL page against; needs `tonne[xbrl]`.
        progress: is told each stage as it begins.

    Returns:
        the disclosure: `conservation()`, `years`, `accounts`, `retirements`, `hits` and more.

    Raises:
        TonneError: an input cannot be used, two inputs contradict each other, or a document does not agree.
    """
    from tonne.esg.disclosure.assemble import assemble  # noqa: PLC0415 (as in `run`)

    disclosure = assemble(entity, progress)
    if out is not None:
        from tonne.esg.disclosure.release import release_disclosure  # noqa: PLC0415 (as in `run`)

        release_disclosure(disclosure, Path(out), [Path(package) for package in packages], progress)
    return disclosure


def evaluate(methodology: str | Path | Methodology, equation: str, values: "Mapping[str, Typed]") -> "Evaluation":
    """Evaluate one equation alone, from the quantities it names directly.

    Args:
        methodology: an id, a path, or what `load_methodology` gave.
        equation: the name of the equation.
        values: by name, `name@index`, option or dimension, such as `{"EG_PJ": [100, 200], "EF_CM": "0.5"}`.

    Returns:
        the evaluation: `value`, `values` by index, `inputs`, `conversions`, `as_data()`.

    Raises:
        TonneError: a value is missing or cannot be read, or the equation has no value.
    """
    from tonne.engine.single import evaluate as evaluate_equation  # noqa: PLC0415 (as in `run`)

    return evaluate_equation(_loaded(methodology), equation, values)


def same_as(methodology: str | Path | Methodology, equation: str, formula: str) -> "Comparison":
    """Decide whether a formula has the same value as an equation's own, for all inputs inside the bounds.

    Args:
        methodology: an id, a path, or what `load_methodology` gave.
        equation: the name of the equation.
        formula: a formula in the names of the methodology.

    Returns:
        the comparison: `outcome` is equal, different (with `point`, `first`, `second`) or undecided (with `why`).

    Raises:
        TonneError: the formula cannot be read, or does not fit the unit or index set of the equation.
    """
    from tonne.engine.prove.equivalence import same_as as compare_formula  # noqa: PLC0415 (as in `diff`)

    return compare_formula(_loaded(methodology), equation, formula)


def _loaded(methodology: str | Path | Methodology) -> Methodology:
    return methodology if isinstance(methodology, Methodology) else load_methodology(methodology)


def list_methodologies() -> list[str]:
    """List the ids of the bundled methodologies and modules."""
    return methodology_ids()

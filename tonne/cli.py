"""The command line: reads arguments, calls the package, prints; knows no methodology and no arithmetic.

Everything that takes time to import is imported by the command that needs it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from tonne.summary import Summary

FAILED = 1
REFUSED = 2


def main() -> None:
    """Run the command line; an input that is refused ends with its message and code 2."""
    from tonne.engine.errors import TonneError  # noqa: PLC0415

    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except TonneError as fault:
        click.echo(f"error: {fault}", err=True)
    except click.exceptions.Abort:
        click.echo("interrupted; nothing was written", err=True)
    except click.ClickException as fault:
        fault.show()
    except OSError as fault:
        click.echo(f"error: {fault.filename or ''}: {fault.strerror or fault}", err=True)
    sys.exit(REFUSED)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tonne", prog_name="tonne")
def cli() -> None:
    """Quantify emission reductions: methodologies as checked, computed and documented data.

    Start with `tonne list`, then `tonne init ID DIR`, fill in the project file, and `tonne run DIR --out out`.
    """


@cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the bundled methodologies and modules, with how well each is confirmed."""
    from tonne.listing import methodology_rows  # noqa: PLC0415

    rows = methodology_rows()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    _table(
        ["id", "title", "category", "scheme", "evidence of equations and defaults", "cases"],
        [
            [
                row["id"],
                f"{row['title']['en']}\n{row['title']['zh']}",
                row["category"] or row["kind"],
                row["scheme"],
                row["evidence"],
                str(row["cases"]),
            ]
            for row in rows
        ],
    )


@cli.command()
@click.argument("methodology")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of names and texts.",
)
def show(methodology: str, lang: str) -> None:
    """Show a methodology in readable form: parameters, equations, conditions, what it does not cover."""
    from tonne.engine.spec.catalogue import load_methodology  # noqa: PLC0415
    from tonne.esg.reading import methodology_text  # noqa: PLC0415

    click.echo(methodology_text(load_methodology(methodology), "zh" if lang == "zh" else "en"))


@cli.command()
@click.argument("names", nargs=-1, metavar="[ID|PATH|PROJECT]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the findings.",
)
@click.option("--proofs/--no-proofs", default=True, help="Prove what holds for all inputs.  [default: proofs]")
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(),
    help="Also write, for each methodology, a page with every statement and the same as JSON.",
)
@click.option(
    "--documents",
    metavar="DIR",
    type=click.Path(),
    help="Of a project: also read an output folder of `tonne run` again and compare it.",
)
@click.option("--answers", is_flag=True, help="Of a project: print a file of answers to fill in, for what is open.")
def check(
    names: tuple[str, ...],
    as_json: bool,
    lang: str,
    proofs: bool,
    folder: str | None,
    documents: str | None,
    answers: bool,
) -> None:
    """Check methodologies, or a project.

    Of methodologies: names, index sets, units and substances, structure, evidence; and proved, or refuted with a
    point where it fails: that cases cover the domain, that nothing can fail inside the bounds, how the reduction
    changes with each parameter, and what the spec claims of it. Without an argument all bundled ones are checked.

    Of a project (its folder or file): what validators check in data and results, as in a run, but without
    documents. Answers in findings.yaml beside it are shown with their findings.

    Ends with 1 when a check fails: for a project when something blocking or a corrective action is not closed.
    """
    from tonne.engine.data.project import is_project  # noqa: PLC0415

    projects = [name for name in names if is_project(Path(name))]
    if not projects and not documents and not answers:
        _check_methodologies(names, as_json, lang, proofs, folder)
        return
    if len(projects) != 1 or len(names) != 1 or folder:
        raise click.UsageError("name one project alone, without --report; or methodologies without --documents")
    _check_project(projects[0], documents, "zh" if lang == "zh" else "en", as_json=as_json, answers=answers)


def _check_project(
    name: str, documents: str | None, language: Literal["zh", "en"], *, as_json: bool, answers: bool
) -> None:
    from tonne.engine.run import run as compute  # noqa: PLC0415
    from tonne.esg.cases import answers_template, case_data, case_rows  # noqa: PLC0415
    from tonne.summary import tonnes_text  # noqa: PLC0415

    with _progress() as told:
        result = compute(name, told)
    findings = result.findings
    if documents:
        from tonne.engine.data.answers import load_answers  # noqa: PLC0415
        from tonne.engine.verification.verify import replied  # noqa: PLC0415
        from tonne.esg.documents_check import document_findings  # noqa: PLC0415

        findings += replied(document_findings(Path(documents), result), load_answers(result.project))
    if answers:
        click.echo(answers_template(findings, language))
    elif as_json:
        click.echo(json.dumps(case_data(result, findings), ensure_ascii=False, indent=1))
    else:
        heads = {"zh": ["类别", "检查项与编号", "内容", "涉及减排量", "状态"]}.get(
            language, ["severity", "check and id", "finding", "tonnes at stake", "status"]
        )
        _table(heads, case_rows(findings, language))
        failed = sum(finding.failed for finding in findings)
        reduction = tonnes_text(result.rounded_total("reduction"))
        summary = (
            f"共{len(findings)}项发现，其中{failed}项未关闭前不得申报减排量{reduction} tCO2e"
            if language == "zh"
            else f"{len(findings)} findings, {failed} against the claim of {reduction} tCO2e"
        )
        click.echo(summary)
    if any(finding.failed for finding in findings):
        sys.exit(FAILED)


def _check_methodologies(
    methodologies: tuple[str, ...], as_json: bool, lang: str, proofs: bool, folder: str | None
) -> None:
    from tonne.api import check as run_checks  # noqa: PLC0415
    from tonne.api import list_methodologies, load_methodology  # noqa: PLC0415

    if folder and not proofs:
        raise click.UsageError("--report needs the proofs; leave out --no-proofs")
    loaded = [load_methodology(name) for name in methodologies or list_methodologies()]
    reports = [run_checks(methodology, proofs=proofs) for methodology in loaded]
    if as_json:
        click.echo(json.dumps([report.as_data() for report in reports], ensure_ascii=False, indent=1))
    for report in [] if as_json else reports:
        click.echo(f"{report.methodology}: {'passed' if report.passed else 'FAILED'}  (digest {report.digest[:12]})")
        for outcome in report.outcomes:
            click.echo(f"  {outcome.check.number} {outcome.check.name}: {'passed' if outcome.passed else 'FAILED'}")
            for finding in outcome.findings:
                where = f"{finding.place}: " if finding.failed and finding.place else ""
                click.echo(f"      {where}{finding.zh if lang == 'zh' else finding.en} [{finding.code}]")
    if folder:
        from tonne.engine.prove.report import proof_report  # noqa: PLC0415
        from tonne.esg.check_folder import write_check_reports  # noqa: PLC0415

        for path in write_check_reports([proof_report(methodology) for methodology in loaded], Path(folder)):
            click.echo(f"wrote {path}", err=as_json)
    if not all(report.passed for report in reports):
        sys.exit(FAILED)


@cli.command("eval")
@click.argument("methodology")
@click.argument("equation")
@click.argument("inputs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--against", metavar="FORMULA", help="A formula to compare the equation's own with, for all inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of names and texts."
)
def eval_(
    methodology: str, equation: str, inputs: tuple[str, ...], against: str | None, as_json: bool, lang: str
) -> None:
    """Run one equation of a methodology alone.

    What the equation names directly is its input, other equations too: EG_PJ=100, with a unit
    EG_export='5 万kWh', at an index EG_PJ@2024-01=5, for several members EG_PJ=100,200,300; a choice as
    option=value, a year as year=2024. Defaults of the spec fill the rest. With --against, a formula is proved
    equal or shown to differ, and the command ends with 1 when it is not equal.
    """
    from tonne.api import evaluate, same_as  # noqa: PLC0415
    from tonne.engine.typed_values import split_assignments  # noqa: PLC0415
    from tonne.esg.evaluation import evaluation_text  # noqa: PLC0415

    language: Literal["zh", "en"] = "zh" if lang == "zh" else "en"
    comparison = same_as(methodology, equation, against) if against is not None else None
    evaluation = evaluate(methodology, equation, split_assignments(inputs)) if inputs or against is None else None
    if as_json:
        data = evaluation.as_data() if evaluation else {"methodology": methodology, "equation": equation}
        against_data = {"against": {"formula": against, **comparison.as_data()}} if comparison else {}
        click.echo(json.dumps({**data, **against_data}, ensure_ascii=False, indent=1))
    else:
        if evaluation is not None:
            click.echo(evaluation_text(evaluation, language))
        if comparison is not None:
            said = comparison.said.zh if language == "zh" else comparison.said.en
            click.echo(f"{equation} = {against}{'：' if language == 'zh' else ': '}{said}")
    if comparison is not None and comparison.outcome != "equal":
        sys.exit(FAILED)


@cli.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--project", type=click.Path(), help="A project to run under both: what B gains or costs in tonnes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the sentences."
)
def diff(first: str, second: str, project: str | None, as_json: bool, lang: str) -> None:
    """Say what differs between two methodologies: in words, formula by formula, and in tonnes.

    Each formula of both is the same as written, proved equal for all inputs inside the bounds, different with a
    point and both values, or not decided. Ends with 0 when they are equal, 1 when they differ.
    """
    from tonne.api import diff as compare_specs  # noqa: PLC0415
    from tonne.esg.differences import revision_text  # noqa: PLC0415

    with _progress() as told:
        revision = compare_specs(first, second, project, told)
    if as_json:
        click.echo(json.dumps(revision.as_data(), ensure_ascii=False, indent=1))
    else:
        click.echo(revision_text(revision, "zh" if lang == "zh" else "en"))
    if not revision.is_equal:
        sys.exit(FAILED)


@cli.command()
@click.argument("project", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the output; made or replaced as a whole.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def run(project: str, out: str, as_json: bool) -> None:
    """Compute a project and write its documents.

    PROJECT is a project file or the folder of one. Ends with 1 when a blocking finding or a corrective
    action stands against the reduction.
    """
    from tonne.api import run as run_project  # noqa: PLC0415
    from tonne.esg.folder import require_free  # noqa: PLC0415
    from tonne.summary import result_summary  # noqa: PLC0415

    require_free(Path(out).resolve())
    with _progress() as told:
        result = run_project(project, out, told)
    if as_json:
        data = result.as_data()
        click.echo(
            json.dumps(
                {key: data[key] for key in ("years", "total", "findings", "agreement")},
                ensure_ascii=False,
                indent=1,
            )
        )
    else:
        _print_summary(result_summary(result, out))
    if result.failed:
        sys.exit(FAILED)


@cli.command()
@click.argument("task", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for readings and statement.")
@click.option("--json", "as_json", is_flag=True, help="Print the statement as JSON.")
def baseline(task: str, out: str, as_json: bool) -> None:
    """Model the energy use without a retrofit, from meter and weather before it.

    TASK is a task file or the folder of one with a `baseline.yaml`. Writes readings that a project takes as it
    takes any others, and a statement of model, fit and files. Needs `pip install 'tonne[savings]'`; running the
    project does not.
    """
    from tonne.api import baseline as model_baseline  # noqa: PLC0415
    from tonne.engine.savings.baseline import as_data  # noqa: PLC0415
    from tonne.esg.folder import require_free  # noqa: PLC0415
    from tonne.esg.savings_statement import STATEMENT, summary_lines  # noqa: PLC0415

    require_free(Path(out).resolve(), STATEMENT)
    with _progress() as told:
        modelled = model_baseline(task, out, told)
    if as_json:
        click.echo(json.dumps(as_data(modelled), ensure_ascii=False, indent=1))
        return
    for line in summary_lines(modelled):
        click.echo(line)
    click.echo(f"written to {out}")


@cli.command()
@click.argument("entity", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the output; made or replaced as a whole.")
@click.option(
    "--taxonomy",
    "packages",
    multiple=True,
    metavar="ZIP",
    type=click.Path(),
    help="A taxonomy package of yours, against which the page is validated; needs `tonne[xbrl]`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where each tonne went as JSON.")
def esg(entity: str, out: str, packages: tuple[str, ...], as_json: bool) -> None:
    """Make disclosure tables of many projects, a ledger of credits and an inventory into a folder.

    ENTITY is an entity file or the folder of one. Ends with 1 when a rule keeps a cell from being disclosed.
    """
    from tonne.api import disclose  # noqa: PLC0415
    from tonne.summary import disclosure_data, disclosure_summary  # noqa: PLC0415

    with _progress() as told:
        disclosure = disclose(entity, out, packages, told)
    if as_json:
        click.echo(json.dumps(disclosure_data(disclosure), ensure_ascii=False, indent=1))
    else:
        _print_summary(disclosure_summary(disclosure, out))
    if any(hit.action == "block" for hit in disclosure.hits):
        sys.exit(FAILED)


@cli.command()
@click.argument("folder", metavar="DIR|DOSSIER", type=click.Path())
@click.argument("quantity", metavar="QUANTITY[@INDEX]")
@click.option("--depth", default=30, show_default=True, help="How many equations deep to go.")
@click.option(
    "--readings",
    "rows",
    default=0,
    show_default=True,
    help="Show up to so many raw readings under each value that comes from them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trace(folder: str, quantity: str, depth: int, rows: int, as_json: bool) -> None:
    """Show where a number comes from, down to the readings.

    DIR is the output folder of `tonne run`. Everything is computed again from its dossier, so what is
    shown is what the numbers are really made of. INDEX is as in the reports: BE@2024, EG_PJ@2024-03.
    """
    from tonne.engine.reopen import reopened  # noqa: PLC0415
    from tonne.engine.result.trace import find_value  # noqa: PLC0415
    from tonne.engine.result.trace import trace as trace_value  # noqa: PLC0415

    with _progress() as told, reopened(folder, told) as (result, stated):
        if result.digest != stated:
            click.echo(
                f"warning: the dossier states digest {stated[:12]}, computed again it is {result.digest[:12]}",
                err=True,
            )
        name, index = find_value(result, quantity)
        found = trace_value(result, name, index, depth)
        from tonne.listing import trace_data, trace_lines  # noqa: PLC0415

        if as_json:
            click.echo(json.dumps(trace_data(found), ensure_ascii=False, indent=1))
            return
        for line in trace_lines(result, found, rows):
            click.echo(line)


@cli.command()
@click.argument("names", nargs=-1, metavar="[ID] [DIR]")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="A data file to look at: prints what it seems to hold and proposes `readings:` for it.",
)
def init(names: tuple[str, ...], source: str | None) -> None:
    """Make a new project folder: a project file to fill in, and empty data files with headers.

    With --from, a file of readings (csv, xlsx, xls) is looked at, and a description of it is proposed: printed,
    and with DIR written into its project file as a comment, with a copy of the file. What the file cannot say is
    listed for you to decide.
    """
    from tonne.engine.data.scaffold import first_reading, scaffold  # noqa: PLC0415
    from tonne.engine.spec.catalogue import load_methodology  # noqa: PLC0415

    if len(names) > 2 or (source is None and len(names) != 2):
        raise click.UsageError("name a methodology and a new folder; `tonne list` shows methodologies")
    folder = Path(names[-1]) if names else None
    quantity = None
    if len(names) == 2:
        methodology = load_methodology(names[0])
        for path in scaffold(methodology, Path(names[1])):
            click.echo(f"wrote {path}")
        quantity = first_reading(methodology)
    if source:
        _propose(Path(source), folder, *((quantity.id, quantity.unit.text) if quantity else (None, None)))
    if len(names) == 2:
        click.echo(f"fill in {Path(names[1]) / 'project.yaml'}, then: tonne run {names[1]} --out out")


def _propose(source: Path, folder: Path | None, parameter: str | None, unit: str | None) -> None:
    """Print what a data file seems to hold, and propose its description."""
    from tonne.engine.data.preview import preview  # noqa: PLC0415
    from tonne.engine.data.proposal import propose  # noqa: PLC0415
    from tonne.engine.data.scaffold import add_proposal, take_in  # noqa: PLC0415

    found = preview(source)
    file = take_in(folder, source) if folder else f"data/{source.name}"
    proposal = propose(found, file, parameter, unit)
    click.echo(f"{source}: {found.rows:,} rows of values")
    columns = [column for column in found.columns if column.name or column.filled]
    _table(
        ["column", "seems to be", "unit", "first value"],
        [[column.name or "(no name)", column.kind, column.unit or "", column.example or ""] for column in columns],
    )
    for line in found.said():
        click.echo(line)
    click.echo("to be decided by you:")
    for decision in proposal.decisions:
        click.echo(f"  {decision}")
    click.echo(f"\n{proposal.yaml}")
    if folder:
        click.echo(f"wrote the proposal into {add_proposal(folder, file, proposal)}, as a comment")


def _table(headings: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # Chinese has no blanks to break a line at
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(table)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show the stage that runs, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _stage: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("starting") as status:
        yield lambda stage: status.update(f"{stage} …")


def _print_summary(summary: "Summary") -> None:
    for line in summary.above:
        click.echo(line)
    _table(summary.headings, summary.rows)
    for line in summary.below:
        click.echo(line)

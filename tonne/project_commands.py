"""The commands about projects: run, baseline, trace, init.

Everything that takes time to import is imported by the command that needs it.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonne.terminal import FAILED, progress, table, tonnes

if TYPE_CHECKING:
    from tonne.engine.result.result import Result


@click.command()
@click.argument("project", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the output; made or replaced as a whole.")
@click.option(
    "--outline",
    "outlines",
    multiple=True,
    metavar="ID",
    help="A report to write, such as ccer_er_2023; may be repeated. Else the plain one and that of the scheme.",
)
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False),
    help="Folder with outlines and styles of your own.",
)
@click.option("--pdf", is_flag=True, help="Also write each report as PDF/A; needs `pip install 'tonne[pdf]'`.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def run(project: str, out: str, outlines: tuple[str, ...], templates: str | None, pdf: bool, as_json: bool) -> None:
    """Compute a project and write its documents.

    PROJECT is a project file or the folder of one. Ends with 1 when a blocking finding or a corrective
    action stands against the reduction.
    """
    from tonne.api import run as run_project  # noqa: PLC0415
    from tonne.esg.folder import require_free  # noqa: PLC0415

    require_free(Path(out).resolve())
    with progress() as told:
        result = run_project(project, out, told, outlines=outlines, templates=templates, pdf=pdf)
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
        _print_result(result, out)
    if result.failed:
        sys.exit(FAILED)


def _print_result(result: "Result", out: str) -> None:
    from tonne.engine.result.result import ROLES  # noqa: PLC0415

    spec = result.project.spec
    click.echo(f"{spec.name.en} · {result.methodology.spec.title.en} ({result.methodology.spec.source.document})")
    if spec.statement:
        click.echo(f"note: {spec.statement.en}")
    rows = [[year.year, *(tonnes(year.rounded[role]) for role in ROLES)] for year in result.years]
    rows.append(["total", *(tonnes(result.rounded_total(role)) for role in ROLES)])
    table(["year", "baseline tCO2e", "project tCO2e", "leakage tCO2e", "reduction tCO2e"], rows)
    severities: dict[str, int] = {}
    for finding in result.findings:
        severities[finding.severity.value] = severities.get(finding.severity.value, 0) + 1
    told = ", ".join(f"{count} {severity}" for severity, count in severities.items()) or "none"
    click.echo(f"findings: {told}")
    for finding in result.findings:
        if finding.failed:
            click.echo(f"  {finding.severity.value}: {finding.en} [{finding.code}]")
    agreement = result.agreement
    click.echo(
        f"two evaluators agree on {agreement.compared:,} values, largest relative difference {agreement.largest:.1e}"
    )
    click.echo(f"written to {out}: {', '.join(sorted(path.name for path in Path(out).iterdir()))}")


@click.command()
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
    with progress() as told:
        modelled = model_baseline(task, out, told)
    if as_json:
        click.echo(json.dumps(as_data(modelled), ensure_ascii=False, indent=1))
        return
    for line in summary_lines(modelled):
        click.echo(line)
    click.echo(f"written to {out}")


@click.command()
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

    with progress() as told, reopened(folder, told) as (result, stated):
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

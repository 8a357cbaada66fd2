"""The command `tonne init`: a new project folder, and a proposal for a data file."""

from pathlib import Path

import click

from tonne.terminal import table


@click.command()
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
    table(
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

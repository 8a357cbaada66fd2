"""The command line: its commands, and what ends them; knows no methodology and no arithmetic."""

import sys

import click

from tonne.check_command import check
from tonne.esg_command import esg
from tonne.init_command import init
from tonne.methodology_commands import diff, eval_, list_, show
from tonne.project_commands import baseline, run, trace
from tonne.terminal import REFUSED
from tonne.verify_command import verify


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


for command in (list_, show, check, eval_, diff, run, baseline, trace, verify, esg, init):
    cli.add_command(command)

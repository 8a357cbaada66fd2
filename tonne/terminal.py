"""What the commands share: the language option, tables, the stage that runs, amounts, exit codes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from decimal import Decimal

FAILED = 1
REFUSED = 2


def language_option(help_: str) -> Callable[[Any], Any]:
    """Make the option `--lang`."""
    return click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help=help_)


def table(headings: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    drawn = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for column in drawn.columns:
        column.overflow = "fold"  # Chinese has no blanks to break a line at
    for row in rows:
        drawn.add_row(*row)
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(drawn)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show the stage that runs, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _stage: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("starting") as status:
        yield lambda stage: status.update(f"{stage} …")


def tonnes(value: "Decimal") -> str:
    """Print an amount of tonnes."""
    from tonne.esg.numbers import number_text  # noqa: PLC0415

    return number_text(value, "tCO2e", rounded=value == value.to_integral_value())

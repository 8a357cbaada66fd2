"""The command `tonne esg`: disclosure tables of many projects, and what is printed of them."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tonne.terminal import FAILED, progress, table, tonnes

if TYPE_CHECKING:
    from tonne.esg.disclosure.facts import Disclosure

_BUCKETS = ("claimed", "retired_own", "transferred", "retired_for_others", "held", "unclaimable")


@click.command()
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

    with progress() as told:
        disclosure = disclose(entity, out, packages, told)
    if as_json:
        click.echo(json.dumps(_as_data(disclosure), ensure_ascii=False, indent=1))
    else:
        _print_disclosure(disclosure, out)
    if any(hit.action == "block" for hit in disclosure.hits):
        sys.exit(FAILED)


def _print_disclosure(disclosure: "Disclosure", out: str) -> None:
    """Print where the tonnes of each project and year went, and which rules keep cells empty."""
    entity = disclosure.entity
    click.echo(f"{entity.name.en} · {entity.start} to {entity.end}")
    click.echo("extract for the preparer, not a filing · 供编制人使用的摘录，非申报文件")
    headings = [
        "project",
        "year",
        "verified tCO2e",
        "claimed",
        "retired, own use",
        "transferred",
        "retired for others",
        "held",
    ]
    rows = [
        [project, str(vintage), tonnes(verified), *(tonnes(getattr(where, name)) for name in _BUCKETS)]
        for project, vintage, verified, where in disclosure.conservation()
    ]
    table([*headings, "not claimable"], rows)
    blocked = [hit for hit in disclosure.hits if hit.action == "block"]
    click.echo(f"rules: {len(disclosure.hits)} hits, {len(blocked)} keep a cell from being disclosed")
    for hit in blocked:
        click.echo(f"  {hit.rule.value} {hit.subject}: {hit.en}")
    click.echo(
        f"written to {out}: disclosure.xlsx, disclosure.zh.docx, disclosure.en.docx, disclosure.xhtml, facts.json"
    )


def _as_data(disclosure: "Disclosure") -> dict[str, Any]:
    """Give the same as plain data, with the reasons why tonnes are not claimable."""
    return {
        "entity": disclosure.entity.identifier,
        "start": str(disclosure.entity.start),
        "end": str(disclosure.entity.end),
        "tonnes": [
            {
                "project": project,
                "year": vintage,
                "verified": f"{verified:f}",
                **{name: f"{getattr(where, name):f}" for name in _BUCKETS},
                "reasons": {reason: f"{amount:f}" for reason, amount in where.not_claimable.items()},
            }
            for project, vintage, verified, where in disclosure.conservation()
        ],
        "hits": [
            {
                "rule": hit.rule.value,
                "action": hit.action,
                "subject": hit.subject,
                "year": hit.vintage,
                "tonnes": None if hit.tonnes is None else f"{hit.tonnes:f}",
                "zh": hit.zh,
                "en": hit.en,
            }
            for hit in disclosure.hits
        ],
    }

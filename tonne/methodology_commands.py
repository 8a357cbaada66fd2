"""The commands about methodologies: list, show, eval, diff.

Everything that takes time to import is imported by the command that needs it.
"""

import json
import sys
from typing import Literal

import click

from tonne.terminal import FAILED, language_option, progress, table


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the bundled methodologies and modules, with how well each is confirmed."""
    from tonne.listing import methodology_rows  # noqa: PLC0415

    rows = methodology_rows()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table(
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


@click.command()
@click.argument("methodology")
@language_option("Language of names and texts.")
def show(methodology: str, lang: str) -> None:
    """Show a methodology in readable form: parameters, equations, conditions, what it does not cover."""
    from tonne.engine.spec.catalogue import load_methodology  # noqa: PLC0415
    from tonne.esg.reading import methodology_text  # noqa: PLC0415

    click.echo(methodology_text(load_methodology(methodology), "zh" if lang == "zh" else "en"))


@click.command("eval")
@click.argument("methodology")
@click.argument("equation")
@click.argument("inputs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--against", metavar="FORMULA", help="A formula to compare the equation's own with, for all inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@language_option("Language of names and texts.")
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


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--project", type=click.Path(), help="A project to run under both: what B gains or costs in tonnes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@language_option("Language of the sentences.")
def diff(first: str, second: str, project: str | None, as_json: bool, lang: str) -> None:
    """Say what differs between two methodologies: in words, formula by formula, and in tonnes.

    Each formula of both is the same as written, proved equal for all inputs inside the bounds, different with a
    point and both values, or not decided. Ends with 0 when they are equal, 1 when they differ.
    """
    from tonne.api import diff as compare_specs  # noqa: PLC0415
    from tonne.esg.differences import revision_text  # noqa: PLC0415

    with progress() as told:
        revision = compare_specs(first, second, project, told)
    if as_json:
        click.echo(json.dumps(revision.as_data(), ensure_ascii=False, indent=1))
    else:
        click.echo(revision_text(revision, "zh" if lang == "zh" else "en"))
    if not revision.is_equal:
        sys.exit(FAILED)

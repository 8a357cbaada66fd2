"""The command `tonne verify`: an output folder or a dossier computed again and compared."""

import json
import sys
from typing import Literal

import click

from tonne.terminal import FAILED, language_option, progress, table


@click.command()
@click.argument("folder", metavar="DIR|DOSSIER", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@language_option("Language of the sentences.")
def verify(folder: str, as_json: bool, lang: str) -> None:
    """Compute an output folder again, and compare every number in its files.

    DIR is the output folder of `tonne run`: everything is computed again from its dossier alone, and result.json,
    values.parquet, all reports in both languages and the workbook are compared with that, each number by its id.
    Of a DOSSIER, what it holds is compared. Ends with 1 when something differs, and names file, place, expected and found.
    """
    from tonne.api import verify as verify_folder  # noqa: PLC0415

    language: Literal["zh", "en"] = "zh" if lang == "zh" else "en"
    with progress() as told:
        verified = verify_folder(folder, told)
    if as_json:
        click.echo(json.dumps(verified.as_data(), ensure_ascii=False, indent=1))
    else:
        heads = ["文件", "核对数", "不一致"] if language == "zh" else ["file", "compared", "findings"]
        table(heads, [[file.name, f"{file.compared:,}", str(len(file.findings))] for file in verified.files])
        for finding in verified.findings:
            click.echo(f"{finding.zh if language == 'zh' else finding.en} [{finding.code}]")
        click.echo(verified.said(language))
    if not verified.passed:
        sys.exit(FAILED)

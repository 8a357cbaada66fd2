"""The command `tonne check`: methodologies, or a project."""

import json
import sys
from pathlib import Path
from typing import Literal

import click

from tonne.terminal import FAILED, language_option, progress, table, tonnes


@click.command()
@click.argument("names", nargs=-1, metavar="[ID|PATH|PROJECT]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@language_option("Language of the findings.")
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

    with progress() as told:
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
        table(heads, case_rows(findings, language))
        failed = sum(finding.failed for finding in findings)
        reduction = tonnes(result.rounded_total("reduction"))
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

"""Each case that validators really found, rebuilt as a small faulty project and its corrected twin."""

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.case_projects import FOLDER, written
from tonne.engine.errors import TonneError
from tonne.engine.findings import Finding
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg.documents_check import document_findings
from tonne.esg.release import release

CASES = [
    (f"{path.stem}-{case['class']}-{position}", case)
    for path in sorted(FOLDER.glob("*.yaml"))
    for position, case in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8")))
]
REFUSED = [(name, case) for name, case in CASES if "refused" in case]
FOUND = [(name, case) for name, case in CASES if "expect" in case]


def open_codes(findings: tuple[Finding, ...]) -> Counter[str]:
    """Count what a validator would ask about; notes ask nothing."""
    return Counter(finding.code for finding in findings if finding.kind is not None)


def base(case: dict[str, Any]) -> Counter[str]:
    template = yaml.safe_load((FOLDER / "specs" / case["spec"] / "project.yaml").read_text(encoding="utf-8"))
    return Counter([*template.get("base", []), *case.get("base", [])])


def edited(path: Path, document: dict[str, Any]) -> None:
    """Change a produced file as somebody would by hand."""
    done = 0
    if path.suffix == ".html":
        text, done = re.subn(
            document["pattern"], document["replacement"], path.read_text(encoding="utf-8"), count=document["edits"]
        )
        path.write_text(text, encoding="utf-8")
    else:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                if name == "word/document.xml" or name.startswith("xl/worksheets/"):
                    left = document["edits"] - done
                    text = content.decode()
                    made = 0
                    if left:
                        text, made = re.subn(document["pattern"], document["replacement"], text, count=left)
                    done += made
                    content = text.encode()
                archive.writestr(name, content)
    assert done == document["edits"]


def findings_of(case: dict[str, Any], side: str, folder: Path) -> tuple[Result, tuple[Finding, ...]]:
    result = run(written(case, side, folder))
    document = case.get("document")
    if document is None:
        return result, result.findings
    out = release(result, folder / "out")
    if side == "faulty":
        edited(out / document["file"], document)
    return result, (*result.findings, *document_findings(out, result))


@pytest.mark.parametrize(("name", "case"), FOUND, ids=[name for name, _ in FOUND])
def test_the_right_finding_fires_and_nothing_else(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    result, findings = findings_of(case, "faulty", tmp_path)
    found = open_codes(findings)
    assert Counter(case["expect"]) == found - base(case), [finding.en for finding in findings]
    assert base(case) - found == Counter()
    concerned = [finding for finding in findings if finding.code in case["expect"]]
    for key, value in case.get("evidence", {}).items():
        assert {finding.evidence[key] for finding in concerned} == {value}
    for label, value in case.get("values", {}).items():
        quantity, at = label.split("@")
        index = result.dataset.domain.parse(result.plan.over(quantity), at)
        assert index is not None
        assert str(float(result.value(quantity, index))) == str(float(value))
    if "percents" in case:
        assert [item["percent"] for item in concerned[0].evidence["cases"]][: len(case["percents"])] == case["percents"]
    for finding in concerned:
        assert re.search(r"[\u4e00-\u9fff]", finding.zh)
        assert finding.id.startswith(f"{finding.code}-")
    if "document" in case:
        (finding,) = concerned
        assert case["document"]["file"] in finding.en


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_nothing_fires_on_the_corrected_twin(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    result, findings = findings_of(case, "corrected", tmp_path)
    found = open_codes(findings)
    assert set(found) <= set(base(case)), [finding.en for finding in findings]
    for label, value in case.get("corrected_values", {}).items():
        quantity, at = label.split("@")
        index = result.dataset.domain.parse(result.plan.over(quantity), at)
        assert index is not None
        assert result.value(quantity, index) == value


@pytest.mark.parametrize(("name", "case"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_cannot_be_used_is_refused_with_its_reason(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TonneError, match=re.escape(case["refused"])):
        run(written(case, "faulty", tmp_path))


def test_every_case_is_rebuilt_or_listed_with_its_reason() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rebuilt = {path.stem for path in FOLDER.glob("*.yaml")} | {id_ for _, case in CASES for id_ in case.get("also", [])}
    listed = set(re.findall(r"`([0-9A-Z]{15}|[0-9A-Z]{30})`", text))
    assert rebuilt <= listed
    for id_ in listed - rebuilt:
        assert re.search(rf"`{id_}`[^\n]*not rebuilt", text), id_

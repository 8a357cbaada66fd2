"""The answers to findings: a file beside the project with who said what and when, and how far each finding is.

Reads the file and brings each history into order; which findings there are is known only after a run.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from tonne.engine.data.project import Project
from tonne.engine.errors import Place, Problem, ProjectError, listing
from tonne.engine.findings import Reply, Status
from tonne.engine.spec.models import Model, Text
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import read_yaml

ANSWERS_FILE = "findings.yaml"
_BEFORE: Mapping[Status, tuple[Status, ...]] = {
    "answered": ("open", "answered", "reopened"),
    "closed": ("answered",),
    "reopened": ("answered", "closed"),
}


class Answer(Model):
    """One entry: a person answers a finding, closes it, or opens it again."""

    finding: str = Field(min_length=1, max_length=200, description="the id, as `tonne check` prints it")
    who: str = Field(min_length=1, max_length=200)
    when: datetime.date
    what: str | Text
    status: Literal["answered", "closed", "reopened"]
    evidence: str | None = Field(None, max_length=2000)


class AnswersSpec(Model):
    """A file of answers; entries on one finding stand in the order of time."""

    format: Literal[1]
    answers: list[Answer]


@dataclass(frozen=True)
class History:
    """What was said on one finding, and where that begins."""

    replies: tuple[Reply, ...]
    place: Place


@dataclass(frozen=True)
class Answers:
    """The histories by id of a finding, and the text of the file."""

    histories: Mapping[str, History]
    text: str


def load_answers(project: Project) -> Answers | None:
    """Read the answers beside a project; None where there is no such file.

    Raises:
        ProjectError: it is not well formed, or a history is not in order; with every fault.
    """
    path = project.folder / ANSWERS_FILE
    if not path.is_file():
        return None
    document = read_yaml(path, error=ProjectError)
    spec = shaped(AnswersSpec, document, ProjectError)
    problems: list[Problem] = []
    found: dict[str, History] = {}
    for position, answer in enumerate(spec.answers):
        place = document.place("answers", position)
        known = found.get(answer.finding)
        former = known.replies[-1] if known else None
        status: Status = former.status if former else "open"
        if status not in _BEFORE[answer.status]:
            what = f"finding {answer.finding} is {status} and cannot be {answer.status}"
            expected = f"one that is {listing(list(_BEFORE[answer.status]))}"
            hint = "a finding is answered, then closed; one that was answered or closed can be reopened"
            problems.append(Problem(what, place, expected, hint=hint))
        if former and answer.when < former.when:
            what = f"the answers to {answer.finding} are not in the order of time"
            problems.append(Problem(what, place, f"{former.when} or later", str(answer.when)))
        zh, en = (answer.what, answer.what) if isinstance(answer.what, str) else (answer.what.zh, answer.what.en)
        reply = Reply(answer.who, answer.when, zh, en, answer.status, answer.evidence)
        found[answer.finding] = History((*(known.replies if known else ()), reply), known.place if known else place)
    if problems:
        raise ProjectError(problems)
    return Answers(found, document.text)

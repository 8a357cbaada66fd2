"""Takes the digests of the files that are handed in with a report; what is in them is not read."""

import hashlib
from pathlib import Path

from tonne.engine.data.dataset import DataFile
from tonne.engine.data.project import Project

BLOCK = 1 << 20


def annex_files(project: Project, known: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
    """Describe the annexes of a project and its metering diagram, but for those that are data files anyway.

    Raises:
        ProjectError: an annex is outside the project folder, or does not exist.
    """
    paths = {
        annex.file: project.path(annex.file, "annexes", position, "file")
        for position, annex in enumerate(project.spec.annexes)
    }
    diagram = project.spec.plan.diagram if project.spec.plan else None
    if diagram and _stands(project, diagram):  # that it is missing is a finding of the comparison with the plan
        paths[diagram] = project.folder / diagram
    listed = {file.path for file in known}
    return tuple(_described(file, path) for file, path in paths.items() if file not in listed)


def _stands(project: Project, file: str) -> bool:
    path = (project.folder / file).resolve()
    return path.is_relative_to(project.folder.resolve()) and path.is_file()


def _described(file: str, path: Path) -> DataFile:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
            size += len(block)
    return DataFile(file, digest.hexdigest(), size)

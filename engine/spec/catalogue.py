"""Finds, lists and loads methodologies, modules and factor tables, bundled or of the user's own."""

import functools
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from tonne.engine.errors import Place, Problem, SpecError, UnknownNameError, listing, nearest
from tonne.engine.spec.factors import FactorTable, factor_table
from tonne.engine.spec.linking import link
from tonne.engine.spec.methodology import Methodology
from tonne.engine.spec.models import MethodologySpec
from tonne.engine.spec.shape import shaped
from tonne.engine.spec.source import Document, read_yaml

SPEC_FILE = "spec.yaml"


@dataclass(frozen=True)
class Shelf:
    """A folder of methodologies with a folder of factor tables."""

    root: Path
    shown: str

    def spec_path(self, name: str) -> Path:
        """Where a methodology of that id stands."""
        return self.root / name / SPEC_FILE

    def ids(self) -> list[str]:
        """List the ids on the shelf."""
        if not self.root.is_dir():
            return []
        return sorted(entry.name for entry in self.root.iterdir() if (entry / SPEC_FILE).is_file())

    def table_ids(self) -> list[str]:
        """List the factor tables on the shelf."""
        folder = self.root / "factors"
        return sorted(entry.stem for entry in folder.glob("*.yaml")) if folder.is_dir() else []


@functools.cache
def bundled() -> Shelf:
    """The methodologies that come with the package."""
    with as_file(files("tonne.methodologies")) as folder:
        return Shelf(Path(folder), "methodologies")


def methodology_ids() -> list[str]:
    """List the ids of the bundled methodologies and modules."""
    return bundled().ids()


def load_methodology(reference: str | Path, shelf: Shelf | None = None) -> Methodology:
    """Load a methodology by id, by its folder, or by its spec file.

    Modules and tables are looked for beside the spec first, then among the bundled ones; with a shelf,
    everything is looked for there alone.

    Raises:
        UnknownNameError: nothing has that id, and no such file exists.
        SpecError: the spec, a module or a table is not well formed; with every fault.
    """
    path, shelves, shown = _locate(reference) if shelf is None else _on_shelf(str(reference), shelf)
    document = read_yaml(path, shown)
    spec = shaped(MethodologySpec, document, SpecError)
    if path.name == SPEC_FILE and path.parent.name != spec.id and path.parent.parent == bundled().root:
        raise SpecError(
            Problem("the id is not the folder's name", document.place("id", "="), path.parent.name, spec.id)
        )

    def find_module(name: str, place: Place) -> tuple[MethodologySpec, Document]:
        found = _find(name, place, shelves)
        return shaped(MethodologySpec, found, SpecError), found

    def find_table(name: str, place: Place) -> FactorTable:
        return _table(name, place, shelves)

    return link(spec, document, find_module, find_table)


def read_spec(name: str) -> MethodologySpec:
    """Read a bundled spec alone, without modules, tables or formulas; for lists."""
    document = read_yaml(bundled().spec_path(name), f"{bundled().shown}/{name}/{SPEC_FILE}")
    return shaped(MethodologySpec, document, SpecError)


def _locate(reference: str | Path) -> tuple[Path, tuple[Shelf, ...], str]:
    shelf = bundled()
    text = str(reference)
    if text in shelf.ids():
        return shelf.spec_path(text), (shelf,), f"{shelf.shown}/{text}/{SPEC_FILE}"
    path = Path(reference)
    if path.is_dir():
        path = path / SPEC_FILE
    if path.is_file():
        own = Shelf(path.parent.parent, str(path.parent.parent))
        beside = Shelf(path.parent, str(path.parent))
        return path, (beside, own, shelf), text if Path(reference).is_file() else str(path)
    raise UnknownNameError(
        Problem(
            f"no methodology '{text}'",
            hint=nearest(text, shelf.ids()) or f"bundled: {listing(shelf.ids())}; or give the path of a spec.yaml",
        )
    )


def _on_shelf(name: str, shelf: Shelf) -> tuple[Path, tuple[Shelf, ...], str]:
    return shelf.spec_path(name), (shelf,), f"{shelf.shown}/{name}/{SPEC_FILE}"


def _find(name: str, place: Place, shelves: tuple[Shelf, ...]) -> Document:
    for shelf in shelves:
        path = shelf.spec_path(name)
        if path.is_file():
            return read_yaml(path, f"{shelf.shown}/{name}/{SPEC_FILE}")
    known = sorted({known for shelf in shelves for known in shelf.ids()})
    raise UnknownNameError(
        Problem(f"no module '{name}'", place, hint=nearest(name, known) or f"known: {listing(known)}")
    )


def _table(name: str, place: Place, shelves: tuple[Shelf, ...]) -> FactorTable:
    for shelf in shelves:
        path = shelf.root / "factors" / f"{name}.yaml"
        if path.is_file():
            return _read_table(path, f"{shelf.shown}/factors/{name}.yaml", path.stat().st_mtime_ns)
    known = sorted({known for shelf in shelves for known in shelf.table_ids()})
    raise UnknownNameError(
        Problem(f"no factor table '{name}'", place, hint=nearest(name, known) or f"known: {listing(known)}")
    )


@functools.lru_cache(maxsize=64)
def _read_table(path: Path, shown: str, _changed: int) -> FactorTable:
    return factor_table(read_yaml(path, shown))

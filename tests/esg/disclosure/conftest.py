"""A disclosure written out once, with a taxonomy package of our own."""

import runpy
from pathlib import Path

import pytest

from tests.esg.disclosure.group import Group, result_data
from tests.esg.disclosure.sample import sample
from tonne.esg.disclosure.facts import Disclosure
from tonne.esg.disclosure.release import release_disclosure

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def stub_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = runpy.run_path(str(ROOT / "scripts" / "stub_taxonomy.py"))
    made: Path = script["stub_taxonomy"](tmp_path_factory.mktemp("taxonomy") / "stub.zip")
    return made


@pytest.fixture
def group(tmp_path: Path) -> Group:
    """A group with one project of 100 verified tonnes."""
    made = Group(tmp_path)
    made.project("mill", result_data("mill", {2024: 100}))
    return made


@pytest.fixture(scope="session")
def disclosure() -> Disclosure:
    return sample()


@pytest.fixture(scope="session")
def released(disclosure: Disclosure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files without taxonomy packages, as where Arelle is not installed."""
    out = tmp_path_factory.mktemp("disclosure") / "out"
    assert release_disclosure(disclosure, out) is None
    return out

"""Wrong specs that are made of the bundled ones are noticed; scripts/mutations.py measures by whom."""

import importlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tonne.engine.check.infer import infer
from tonne.engine.errors import TonneError
from tonne.engine.spec.catalogue import bundled
from tonne.engine.spec.expression import parse

ROOT = Path(__file__).resolve().parents[2]
NAMES = bundled().ids()
TESTED = 10


@cache
def script(name: str) -> Any:
    """A module of scripts/, which is no package of its own."""
    if str(ROOT / "scripts") not in sys.path:
        sys.path.insert(0, str(ROOT / "scripts"))
    return importlib.import_module(name)


@cache
def bench() -> Any:
    return script("mutation.judgement").Bench()


@cache
def mutants(name: str) -> tuple[Any, ...]:
    return tuple(bench().mutants(name))


@cache
def judged(name: str) -> tuple[Any, ...]:
    """The verdicts on some of the mutants that the script judges, without those that are known to survive."""
    sample, listed = script("mutations").sample(mutants(name)), script("mutations").listed_survivors()
    some = sample[:: -(-len(sample) // TESTED)]
    return tuple(bench().judge(mutant, proofs_first=False) for mutant in some if mutant.id not in listed)


def test_every_case_passes_on_the_specs_as_they_are() -> None:
    assert list(bench().failing_cases()) == []


@pytest.mark.parametrize("name", NAMES)
def test_wrong_spec_is_noticed_or_listed_with_a_reason(name: str) -> None:
    assert [verdict.mutant.id for verdict in judged(name) if verdict.by == "survivor"] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_case_notices_is_never_proved_to_mean_the_same(name: str) -> None:
    same_meaning = script("mutation.equivalence").same_meaning
    original = bench().originals[name]
    noticed = [verdict.mutant for verdict in judged(name) if verdict.by == "cases" and verdict.mutant.kind != "unit"]
    assert noticed
    for mutant in noticed:
        wrong = next(iter(bench().linked(mutant)))
        assert same_meaning(original, infer(original), wrong, infer(wrong)) == "", mutant.id


@pytest.mark.parametrize("name", NAMES)
def test_mutant_differs_from_the_spec_and_from_every_other(name: str) -> None:
    original = bench().originals[name].document.data
    ids = [mutant.id for mutant in mutants(name)]
    assert len(set(ids)) == len(ids)
    assert all(mutant.data(original) != original for mutant in mutants(name))


@pytest.mark.parametrize("name", NAMES)
def test_formula_of_a_mutant_reads_back_as_the_same_formula(name: str) -> None:
    rendered = script("mutation.rendering").rendered
    for mutant in mutants(name):
        for steps, value in mutant.changes:
            if steps[-1] in {"expr", "when", "otherwise", "test"} and isinstance(value, str):
                try:
                    tree = parse(value)
                except TonneError:
                    continue
                assert parse(rendered(tree)) == tree, value


def test_every_listed_survivor_is_a_judged_mutant() -> None:
    known = {mutant.id for name in NAMES for mutant in script("mutations").sample(mutants(name))}
    assert set(script("mutations").listed_survivors()) <= known


def test_page_counts_the_mutants_that_are_made_or_says_that_none_is_measured() -> None:
    page = (ROOT / "docs" / "mutations.md").read_text(encoding="utf-8")
    for name in NAMES:
        if f"\n- {name}\n" in page.partition("## Not measured yet")[2]:
            continue
        row = re.search(rf"^\| {name} \| (\d+) \| (\d+) \|", page, re.MULTILINE)
        assert row, name
        assert int(row[1]) == len(mutants(name)), "run scripts/mutations.py --write"
        assert int(row[2]) == len(script("mutations").sample(mutants(name))), "run scripts/mutations.py --write"

import shutil
from pathlib import Path

import pytest

from tonne.engine.prove.directions import directions_of, proved_directions
from tonne.engine.prove.known import known_directions, known_summary
from tonne.engine.prove.report import proof_summary
from tonne.engine.spec.catalogue import load_methodology

METHODOLOGIES = Path(__file__).resolve().parents[3] / "methodologies"


@pytest.mark.parametrize("name", ["ccer_01_002_v01", "cdm_ams_i_d", "cdm_tool03_v03"])
def test_what_is_known_is_what_is_proved_afresh(name: str) -> None:
    methodology = load_methodology(name)
    known, afresh = known_directions(methodology), directions_of(methodology)
    assert known is not None
    assert set(known) == set(afresh)
    for parameter, direction in afresh.items():
        # A slow machine decides less before its time is over, and never otherwise.
        assert direction == known[parameter] or direction.direction == "undecided"


@pytest.mark.parametrize("name", ["ccer_01_002_v01", "cdm_tool03_v03"])
def test_the_summary_known_is_that_of_a_fresh_check(name: str) -> None:
    methodology = load_methodology(name)
    known, afresh = known_summary(methodology), proof_summary(methodology)
    assert known is not None
    assert (known.total, [check.en for check in known.checks]) == (afresh.total, [check.en for check in afresh.checks])
    assert set(known.left) <= set(afresh.left)  # a slow machine leaves more
    assert sum(sum(check.counts) for check in known.checks) == sum(sum(check.counts) for check in afresh.checks)


def test_nothing_is_known_of_a_spec_that_was_changed(tmp_path: Path) -> None:
    spec = tmp_path / "changed" / "spec.yaml"
    spec.parent.mkdir()
    text = (METHODOLOGIES / "ccer_01_002_v01" / "spec.yaml").read_text(encoding="utf-8")
    spec.write_text(text.replace("expr: BE - PE", "expr: PE - BE", 1), encoding="utf-8")
    changed = load_methodology(spec)
    assert changed.id == "ccer_01_002_v01"
    assert known_directions(changed) is None
    assert known_summary(changed) is None
    shutil.copy(METHODOLOGIES / "ccer_01_002_v01" / "spec.yaml", spec)
    assert known_directions(load_methodology(spec)) == proved_directions(load_methodology("ccer_01_002_v01"))

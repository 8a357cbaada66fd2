import json
import re

import pytest

from tests.esg.disclosure.group import TEXT, Group
from tonne.engine.errors import ProjectError, TonneError

TARGET = {"id": "t", "name": TEXT, "kind": "net", "base_year": 2020, "target_year": 2030, "stated": "900"}
LINE = {"id": "s", "scope": 1, "current": "5", "amounts": "gross", "source": TEXT}
PLAN = {"source": "mill", "tonnes": 5, "by": "2026-01-01", "purpose": "own use"}
CLAIM = {"project": "mill", "vintage": 2024, "tonnes": 5, "report": "ESG 2023"}


def refused(group: Group) -> str:
    with pytest.raises(ProjectError) as fault:
        group.disclose()
    assert "entity.yaml:" in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"owner": "work"}, "did you mean works?"),
        ({"boundary": "outside"}, "touches no scope"),
        ({"effect": "removal"}, "`removal:` for a removal"),
        ({"scope": "4"}, "scope is not right"),
        ({"effects": "x"}, "unknown key 'effects'"),
        ({"credits": "some"}, "credits"),
        ({"results": [{"path": "mill.json", "status": "verified"}]}, "`verification:` where the status is verified"),
        ({"results": [{"path": "../mill.json", "status": "monitored"}]}, "leads outside"),
    ],
)
def test_a_wrong_project_is_named_with_its_place(group, entry, message):
    group.projects["mill"] |= entry
    assert message in refused(group)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"reporting_year": {"start": "2024-01-01", "end": "2024-06-30"}}, "one year from the first to the last day"),
        ({"members": {"works": {"name": TEXT, "share": "33.3333333 %"}}}, "six decimals of a percent"),
        ({"members": {"works": {"name": TEXT, "share": 0.4}}}, "a number with its unit"),
        ({"members": {"works": {"name": TEXT, "share": "140 %"}}}, "less than or equal to 1"),
        ({"inventory": [LINE, LINE]}, "'s' is given twice"),
        ({"targets": [{**TARGET, "gross_beside": "g"}]}, "there is no gross target 'g'"),
        ({"claimed_before": [{**CLAIM, "project": "mil"}]}, "did you mean mill?"),
        ({"claimed_before": [{**CLAIM, "vintage": 2022}]}, "no result of mill covers 2022"),
        ({"planned_use": [PLAN]}, "more credits of mill are planned to be retired than the ledger holds"),
        (
            {"sources": {"mill": {"name": TEXT, "registry": "R", "standard": "S", "country": "CN"}}},
            "is a project and a",
        ),
        ({"ledger": {"file": "none.csv"}}, "there is no ledger none.csv"),
        ({"more_projects": ["more.yaml"]}, "project 'mill' is given twice"),
    ],
)
def test_a_contradiction_is_named_with_its_place(group, more, message):
    (group.folder / "more.yaml").write_text(
        "format: 1\nprojects:\n  mill:\n    results: [{path: x, status: ex_ante}]\n    owner: works\n    effect: reduction\n"
        "    boundary: own\n    credits: none\n    baseline: {zh: 无, en: none}\n",
        encoding="utf-8",
    )
    group.more |= more
    with pytest.raises(TonneError, match=re.escape(message)):
        group.disclose()


def test_further_projects_count_as_those_of_the_entity_file(group):
    path = group.folder / "more.yaml"
    path.write_text('{"format": 1, "projects": {"mill": ' + json.dumps(group.projects.pop("mill")) + "}}")
    group.more["more_projects"] = ["more.yaml"]
    assert group.disclose().years[0].disposition.claimed == 100


def test_a_fiscal_year_is_no_calendar_year(group):
    assert group.disclose().entity.is_calendar_year
    group.more["reporting_year"] = {"start": "2023-04-01", "end": "2024-03-31"}
    assert not group.disclose().entity.is_calendar_year


def test_planned_credits_are_held_ones(group):
    group.moved("issued", "mill", 1, 5)
    group.more["planned_use"] = [PLAN]
    assert group.disclose().planned[0].tonnes == 5

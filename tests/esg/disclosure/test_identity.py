import copy
from pathlib import Path
from typing import Any

import pytest

from tests.esg.disclosure.group import BOUGHT, CREDITS, Group, claims, hits_of, result_data
from tonne.engine.errors import ProjectError
from tonne.engine.result.result import data_digest
from tonne.esg.disclosure.folding import folded, registration_key

FILES = [{"path": "data/meters.csv", "sha256": "a" * 64, "bytes": 9}]


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path)


def changed(result: dict[str, Any], /, **project: Any) -> dict[str, Any]:
    """Give a result as it would be after the project file, or its data, were changed."""
    made = copy.deepcopy(result)
    made["data"] = project.pop("data", made.get("data", []))
    made["project"] |= project
    return {**made, "digest": data_digest({key: value for key, value in made.items() if key != "digest"})}


def refused(group: Group) -> str:
    with pytest.raises(ProjectError) as fault:
        group.disclose()
    return str(fault.value)


def test_a_comment_in_the_project_file_makes_no_second_project(group):
    data = result_data("mill", {2024: 100})
    group.project("mill", data)
    group.project("again", changed(data, digest="1" * 64), owner="partly")
    message = refused(group)
    assert "one project, given as two" in message
    assert "projects mill and again" in message
    assert message.count("entity.yaml:") == 2


@pytest.mark.parametrize(
    "other",
    [
        {"digest": "1" * 64, "name": {"zh": "另一名称", "en": "Another name"}},
        {"digest": "1" * 64, "monitoring_period": {"start": "2024-02-01", "end": "2024-12-31"}},
    ],
)
def test_the_same_data_files_with_the_same_name_or_values_are_one_project(group, other):
    data = changed(result_data("mill", {2024: 100}), data=FILES)
    group.project("mill", data)
    group.project("again", changed(data, **other))
    assert "one project, given as two" in refused(group)


def test_the_same_data_files_alone_are_told(group):
    group.project("mill", changed(result_data("mill", {2024: 100}), data=FILES))
    group.project("kiln", changed(result_data("kiln", {2024: 70}), data=FILES))
    (hit,) = hits_of(group.disclose(), "RET-08", "caveat")
    assert "project mill" in hit.en


@pytest.mark.parametrize("other", [result_data("kiln", {2024: 100}), result_data("mill", {2024: 70})])
def test_projects_without_data_that_differ_in_name_or_values_are_two(group, other):
    group.project("mill", result_data("mill", {2024: 100}))
    group.project("kiln", changed(other, digest="1" * 64))
    disclosure = group.disclose()
    assert sum(claims(disclosure).values()) > 100
    assert not hits_of(disclosure, "RET-08")


def test_the_same_project_in_other_years_is_no_second_claim(group):
    data = changed(result_data("mill", {2023: 100}), data=FILES, registration="CCER-1")
    group.project("mill", result_data("mill", {2024: 100}), credits={**CREDITS, "registration": "CCER-1"})
    group.project("earlier", changed(data, digest="1" * 64))
    assert claims(group.disclose())["mill"] == 100


@pytest.mark.parametrize("written", ["CCER-001", "ccer 001", "ＣＣＥＲ－００１", "CCER—001（一期）", "CCER001"])
def test_one_registration_is_one_project(group, written):
    group.project("mill", result_data("mill", {2024: 100}), credits={**CREDITS, "registration": "CCER-001"})
    group.project("kiln", result_data("kiln", {2024: 70}), credits={**CREDITS, "registration": written})
    message = refused(group)
    assert "one registration, given as two projects" in message
    assert message.count("entity.yaml:") == 2


def test_the_registration_of_a_result_counts_as_well(group):
    group.project("mill", result_data("mill", {2024: 100}), credits={**CREDITS, "registration": "CCER-001"})
    group.project("kiln", changed(result_data("kiln", {2024: 70}), registration="CCER-001"), credits="none")
    assert "one registration" in refused(group)


@pytest.mark.parametrize("written", ["无", "无（虚构项目）", "none", "N/A", "—", " - ", "暂无", "000"])
def test_what_says_that_there_is_no_registration_is_none(group, written):
    for name, tonnes in (("mill", 100), ("kiln", 70)):
        group.project(name, result_data(name, {2024: tonnes}), credits={**CREDITS, "registration": written})
    assert len(claims(group.disclose())) == 2


def test_a_number_without_letters_is_of_its_registry():
    assert registration_key("1234", "VCS") != registration_key("1234", "CDM")
    assert registration_key("1234", "VCS") == registration_key("01234", "vcs ")
    assert registration_key("A-1-11", "VCS") != registration_key("A-11-1", "VCS")


def test_a_project_is_not_bought_of_oneself(group):
    group.project("mill", result_data("mill", {2024: 100}), credits={**CREDITS, "registration": "X1"})
    group.more["sources"] = {"bought": BOUGHT, "mine": {**BOUGHT, "registration": "x-1"}}
    message = refused(group)
    assert "source mine has the registration of a project of the entity" in message
    assert message.count("entity.yaml:") == 2


def test_what_is_expected_may_stand_beside_what_was_verified(group):
    scheme = {**CREDITS, "registration": "X1"}
    group.project("mill", result_data("mill", {2024: 100}), credits=scheme)
    group.project("design", result_data("design", {2024: 90}), credits=scheme, confirmed={"status": "ex_ante"})
    assert claims(group.disclose()) == {"mill": 100, "design": 0}


def test_texts_are_folded_for_comparison():
    assert folded("Ａb － c\u200b1") == folded("AB—C1") == "ab-c1"

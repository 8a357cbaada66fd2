import gzip
import hashlib
import json
import lzma
import zipfile
from decimal import Decimal, localcontext
from typing import Any

import pytest

from tests.esg.disclosure.group import Group, months, refused, result_data, year_of
from tonne.engine.compute.reference import CONTEXT
from tonne.engine.result.result import data_digest
from tonne.esg.disclosure.facts import Disclosure


def named(group: Group, path: str) -> Disclosure:
    group.projects["mill"]["results"][0] = {**group.projects["mill"]["results"][0], "path": path}
    return group.disclose()


@pytest.mark.parametrize("change", ['"100"', '"year": "2024"', '"demo"'])
def test_a_result_that_was_changed_is_refused(group, change):
    path = group.folder / "mill.json"
    changed = change.replace("100", "101").replace("2024", "2023").replace("demo", "other")
    path.write_text(path.read_text("utf-8").replace(change, changed, 1), "utf-8")
    assert "the digest of the result is not that of its content" in refused(group)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"format": 1}', '{"format": 1, "findings": 3}', "[" * 9999]
)
def test_what_is_no_result_is_refused(group, text):
    (group.folder / "mill.json").write_text(text, "utf-8")
    assert "mill.json" in refused(group)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_packed_result_is_the_same_result(group, suffix, pack):
    (group.folder / f"mill.json{suffix}").write_bytes(pack((group.folder / "mill.json").read_bytes()))
    assert year_of(named(group, f"mill.json{suffix}"), "mill").verified == 100
    (group.folder / f"mill.json{suffix}").write_bytes(b"no archive")
    assert "cannot be unpacked" in refused(group)


def write_dossier(group: Group, **other: str | dict[str, str]) -> None:
    text = (group.folder / "mill.json").read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    manifest = {"files": {"result.json": digest}, "result_digest": json.loads(text)["digest"], **other}
    with zipfile.ZipFile(group.folder / "mill.zip", "w") as archive:
        archive.writestr("result.json", text)
        archive.writestr("manifest.json", json.dumps(manifest))


def test_a_dossier_is_read_when_its_manifest_holds(group):
    write_dossier(group)
    assert year_of(named(group, "mill.zip"), "mill").verified == 100


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"files": {"result.json": "0" * 64}}, "not what its manifest states"),
        ({"result_digest": "0" * 64}, "of another result"),
        ({"files": {}}, "of another result"),
        ({"files": {"missing.csv": "0"}}, "cannot be opened"),
    ],
)
def test_a_dossier_with_another_digest_is_refused(group, manifest, message):
    write_dossier(group, **manifest)
    group.projects["mill"]["results"][0]["path"] = "mill.zip"
    assert message in refused(group)


def test_a_folder_is_read_as_its_result(group):
    (group.folder / "out").mkdir()
    (group.folder / "mill.json").rename(group.folder / "out" / "result.json")
    assert year_of(named(group, "out"), "mill").verified == 100


def test_the_same_result_in_two_projects_is_refused(group):
    group.projects["copy"] = group.projects["mill"]
    assert "the same result is given twice" in refused(group)


def test_results_of_the_same_days_are_refused(group):
    group.project("other", result_data("other", {2024: 5}, period=("2024-12-31", "2025-06-30")))
    group.projects["mill"]["results"] += group.projects.pop("other")["results"]
    assert "two results of mill are of the same days: mill.json until 2024-12-31" in refused(group)


def test_no_more_is_verified_than_the_result_has(group):
    statement = {"statement": "VR-1", "date": "2025-02-01", "tonnes": {2024: 101}}
    group.projects["mill"]["results"][0]["verification"] = statement
    assert "more tonnes of 2024 are verified" in refused(group)
    statement["tonnes"] = {2024: 90}
    assert year_of(group.disclose(), "mill").disposition.claimed == 90


def test_results_by_half_year_need_no_division(group):
    group.project("mill", result_data("a", {2023: 40}, period=("2023-07-01", "2023-12-31")))
    group.project("late", result_data("b", {2024: 60}, period=("2024-01-01", "2024-06-30")))
    group.projects["mill"]["results"] += group.projects.pop("late")["results"]
    group.more["reporting_year"] = {"start": "2023-07-01", "end": "2024-06-30"}
    disclosure = group.disclose()
    assert {hit.rule.value for hit in disclosure.hits} == {"SOLD-03"}  # registered, and nothing issued yet
    assert sum(year.disposition.claimed for year in disclosure.reported) == 100


@pytest.mark.parametrize(
    ("step", "values", "share"),
    [
        ("month", months(2024, list(range(1, 13))), Decimal(21) / 78),
        (
            "day",
            {
                f"2024-{month:02d}-{day:02d}": "1"
                for month, days in zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True)
                for day in range(1, days + 1)
            },
            Decimal(182) / 366,
        ),
    ],
)
def test_a_year_is_divided_in_proportion_and_adds_up(group, step, values, share):
    group.project("mill", result_data("mill", {2024: 1000}, series={"EG": ("MWh", step, values)}), split_by="EG")
    group.more["reporting_year"] = {"start": "2023-07-01", "end": "2024-06-30"}
    disclosure = group.disclose()
    inside = year_of(disclosure, "mill")
    assert inside.verified == int(1000 * share)
    assert sum(year.verified for year in disclosure.years) == 1000
    with localcontext(CONTEXT):
        assert abs(sum(year.baseline for year in disclosure.years) - 1012) < Decimal("1e-50")
        assert inside.reduction == inside.baseline - inside.project_emissions - inside.leakage


@pytest.mark.parametrize(
    "values", [{"2024": "5"}, {"2024-01": "1"}, months(2024, [0] * 12), months(2024, [5, -1, *[1] * 10])]
)
def test_what_cannot_divide_a_year_divides_none(group, values):
    step = "year" if len(values) == 1 and "2024" in values else "month"
    group.project("mill", result_data("mill", {2024: 1000}, series={"EG": ("MWh", step, values)}), split_by="EG")
    group.more["reporting_year"] = {"start": "2023-07-01", "end": "2024-06-30"}
    assert year_of(group.disclose(), "mill").is_undivided


def test_an_unknown_quantity_is_named_with_its_place(group):
    group.projects["mill"]["split_by"] = "EGG"
    assert "has no quantity 'EGG'" in refused(group)


def test_a_dossier_is_known_by_its_content_and_not_by_its_name(group):
    write_dossier(group)
    (group.folder / "mill.zip").rename(group.folder / "mill.DOSSIER")
    assert year_of(named(group, "mill.DOSSIER"), "mill").verified == 100


def test_a_file_that_was_changed_in_a_dossier_is_told_with_both_digests(group):
    write_dossier(group, files={"result.json": "0" * 64})
    group.projects["mill"]["results"][0]["path"] = "mill.zip"
    said = refused(group)
    assert f"expected {'0' * 64}, found" in said
    assert "run the project again" in said


def with_finding(group: Group, status: str, *replies: str) -> None:
    data = result_data("mill", {2024: 100}, blocking=1)
    data["findings"][0] |= {"status": status, "replies": [{"status": reply} for reply in replies]}
    (group.folder / "mill.json").write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize(("status", "replies"), [("closed", []), ("closed", ["answered"]), ("open", ["answered"])])
def test_a_finding_has_the_status_of_its_last_reply(group, status, replies):
    with_finding(group, status, *replies)
    assert "another status than its last reply" in refused(group)


def test_a_status_that_is_none_is_refused(group):
    with_finding(group, "resolved", "resolved")
    assert "not a status of a finding: resolved" in refused(group)


@pytest.mark.parametrize(("replies", "verified"), [(["answered"], 0), (["answered", "closed"], 100)])
def test_a_blocking_finding_is_open_until_it_is_closed(group, replies, verified):
    with_finding(group, replies[-1], *replies)
    assert year_of(group.disclose(), "mill").verified == verified


def written(group: Group, data: dict[str, Any]) -> None:
    data["digest"] = data_digest(data)
    (group.folder / "mill.json").write_text(json.dumps(data), "utf-8")


def test_a_reduction_is_rounded_as_the_result_says(group):
    data = result_data("mill", {2024: 100})
    data["years"][0]["rounded"] = {**data["years"][0]["rounded"], "reduction": "999"}
    written(group, data)
    assert "not what its exact value rounds to (floor); expected 100, found 999" in refused(group)


def test_a_year_that_is_listed_twice_is_refused(group):
    data = result_data("mill", {2024: 100})
    data["years"] *= 2
    written(group, data)
    assert "a year is listed twice" in refused(group)

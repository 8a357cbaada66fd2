import datetime
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonne.engine.data.choices import chosen_options
from tonne.engine.data.collect import collect
from tonne.engine.data.dataset import Dataset, Sides
from tonne.engine.data.project import load_project
from tonne.engine.data.store import open_store
from tonne.engine.errors import ProjectError, TonneError
from tonne.engine.findings import Finding
from tonne.engine.plan import make_plan
from tonne.engine.run import conservative_side, run
from tonne.engine.spec.catalogue import load_methodology
from tonne.engine.spec.models import Calibration as Rule
from tonne.engine.spec.models import Direction

METHODOLOGY = "ccer_01_002_v01"
RULE = Rule(every="1 year", uncalibrated="class_mpe", late="class_mpe", out_of_class="actual_error")
START, END = datetime.date(2024, 7, 1), datetime.date(2024, 7, 10)
ZONE = datetime.timezone(datetime.timedelta(hours=8))
VALUES = {"distance_to_shore": {"unit": "km", "value": 40}, "water_depth": {"unit": "m", "value": 40}}
EXPIRED = {"date": "2023-07-01", "valid_until": "2024-06-30", "error": "0.05 %", "certificate": "C-23", "serial": "A1"}
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def meter(**more: Any) -> dict[str, Any]:
    return {"serial": "A1", "mpe": "0.2 %", "accuracy_class": "0.2S", "calibrations": [EXPIRED]} | more


def hours(start: datetime.date = START, end: datetime.date = END) -> list[datetime.datetime]:
    first = datetime.datetime.combine(start, datetime.time(), ZONE)
    return [first + datetime.timedelta(hours=number) for number in range(((end - start).days + 1) * 24)]


def csv(meters: dict[str, list[Any]], start: datetime.date = START) -> str:
    rows = [
        f"{name},{moment.isoformat()},{value}"
        for name, values in meters.items()
        for moment, value in zip(hours(start, start + datetime.timedelta(days=400)), values, strict=False)
    ]
    return table(rows)


def made(folder: Path, text: str, meters: dict[str, Any], **more: Any) -> Path:
    readings = {
        "file": "export.csv",
        "time": {"column": "time", "marks": "start", "interval": "1 hour"},
        "value": {"column": "mwh", "unit": "MWh", "reads": more.pop("reads", "interval")},
        "meter": {"column": "meter"},
        "feeds": more.pop("feeds", [{"parameter": "EG_export"}]),
    }
    start, end = more.pop("period", (START, END))
    months = {f"{year}-{month:02d}": 0 for year in (start.year,) for month in range(start.month, end.month + 1)}
    values = dict(VALUES)
    if all(feed["parameter"] != "EG_import" for feed in readings["feeds"]):
        values["EG_import"] = {"unit": "MWh", "at": months}
    document = {
        "format": 1,
        "name": {"zh": "试", "en": "Test"},
        "methodology": METHODOLOGY,
        "time_zone": "Asia/Shanghai",
        "crediting_period": {"start": datetime.date(2023, 1, 1), "end": datetime.date(2032, 12, 31)},
        "monitoring_period": {"start": start, "end": end},
        "options": {"grid_region": "south"},
        "values": values,
        "readings": {"export": readings},
        "meters": meters,
    } | more
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "export.csv").write_text(text, encoding="utf-8")
    (folder / "project.yaml").write_text(json.dumps(document, default=str), encoding="utf-8")
    return folder


def collected(folder: Path, sides: Sides | None = None) -> Dataset:
    project, methodology = load_project(folder), load_methodology(METHODOLOGY)
    plan = make_plan(methodology, chosen_options(project, methodology))
    with open_store([folder]) as store:
        return collect(project, plan, store, sides or conservative_side(methodology))


def total(dataset: Dataset, name: str = "EG_export") -> Fraction:
    return sum(dataset.values[name].values(), Fraction(0))


def found(dataset: Dataset, area: str) -> list[Finding]:
    return [finding for finding in dataset.findings if finding.code.startswith(area)]


def table(rows: list[str]) -> str:
    return "\n".join(["meter,time,mwh", *rows, ""])


def change(folder: Path, **parts: Any) -> None:
    """Change parts of the project file, leaving the others of a mapping as they are."""

    def merged(old: Any, new: Any) -> Any:
        if isinstance(old, dict) and isinstance(new, dict):
            return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
        return new

    path = folder / "project.yaml"
    path.write_text(json.dumps(merged(yaml.safe_load(path.read_text()), parts), default=str), encoding="utf-8")


def refused(folder: Path) -> str:
    with pytest.raises(TonneError) as caught:
        collected(folder)
    return str(caught.value)


class TestLateCalibration:
    def test_the_finding_names_240_hours_and_that_meter_only(self, tmp_path: Path) -> None:
        text = csv({"A": [1] * 240, "B": [2] * 240})
        valid = meter(serial="B1", calibrations=[{"date": "2024-06-01", "serial": "B1"}])
        dataset = collected(made(tmp_path, text, {"A": meter(), "B": valid}))
        (finding,) = found(dataset, "calibration.")
        assert finding.code == "calibration.late"
        evidence = finding.evidence
        assert (evidence["hours"], evidence["readings"], evidence["meter"]) == ("240", 240, "A")
        assert (evidence["before"], evidence["after"], evidence["unit"]) == ("240", "239.52", "MWh")
        assert total(dataset) == 240 * Fraction("0.998") + 480
        assert "240小时" in finding.zh
        assert "240 h" in finding.en

    def test_exactly_the_readings_of_the_late_interval_change(self, tmp_path: Path) -> None:
        start, end = datetime.date(2024, 6, 25), datetime.date(2024, 7, 10)
        values = [1000 + number for number in range(16 * 24)]
        late = meter(calibrations=[EXPIRED, {"date": "2024-07-04", "serial": "A1"}])
        folder = made(tmp_path, csv({"A": values}, start), {"A": late}, period=(start, end))
        plain = collected(made(tmp_path / "plain", csv({"A": values}, start), {}, period=(start, end)))
        dataset = collected(folder)
        changed = [
            value
            for value, moment in zip(values, hours(start, end), strict=True)
            if (7, 1) <= (moment.month, moment.day) < (7, 4)
        ]
        assert len(changed) == 72
        assert total(plain) - total(dataset) == sum(changed) * Fraction("0.002")
        assert dataset.value("EG_export", (2024 * 12 + 5,)) == plain.value("EG_export", (2024 * 12 + 5,))
        (finding,) = found(dataset, "calibration.")
        assert finding.evidence["readings"] == 72

    def test_a_calibration_in_time_leaves_no_finding(self, tmp_path: Path) -> None:
        good = meter(calibrations=[EXPIRED, {"date": "2024-07-01", "serial": "A1"}])
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": good}))
        assert found(dataset, "calibration.") == found(dataset, "meter.") == []
        assert total(dataset) == 240

    def test_an_import_is_raised(self, tmp_path: Path) -> None:
        feeds = [{"parameter": "EG_export", "take": "positive"}, {"parameter": "EG_import", "take": "negative"}]
        values = [5, -1] * 120
        dataset = collected(made(tmp_path, csv({"A": values}), {"A": meter()}, feeds=feeds))
        assert total(dataset) == 600 * Fraction("0.998")
        assert total(dataset, "EG_import") == 120 * Fraction("1.002")

    def test_a_reading_that_is_late_only_in_part_counts_as_late(self, tmp_path: Path) -> None:
        stamps = {"01T01:00": 0, "01T23:30": 10, "02T00:30": 30, "02T02:00": 60}
        rows = [f"A,2024-07-{stamp}:00+08:00,{value}" for stamp, value in stamps.items()]
        late = meter(calibrations=[EXPIRED | {"date": "2023-07-10", "valid_until": "2024-07-01"}])
        folder = made(tmp_path, table(rows), {"A": late}, reads="register")
        change(folder, readings={"export": {"time": {"marks": "instant"}}})
        dataset = collected(folder)
        (finding,) = found(dataset, "calibration.")
        assert (finding.evidence["readings"], finding.evidence["before"], finding.evidence["hours"]) == (2, "50", "216")
        assert total(dataset) == 10 + 50 * Fraction("0.998")

    def test_the_methodologys_interval_counts_where_a_certificate_promises_more(self, tmp_path: Path) -> None:
        long = meter(calibrations=[EXPIRED | {"valid_until": "2028-06-30"}])
        (finding,) = found(collected(made(tmp_path, csv({"A": [1] * 240}), {"A": long})), "calibration.")
        assert finding.evidence["hours"] == "240"


class TestOtherCauses:
    def test_readings_before_the_first_calibration_are_uncalibrated(self, tmp_path: Path) -> None:
        new = meter(calibrations=[{"date": "2024-07-03", "serial": "A1"}])
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": new}))
        (finding,) = found(dataset, "calibration.")
        assert (finding.code, finding.evidence["hours"]) == ("calibration.missing", "48")
        assert total(dataset) == 48 * Fraction("0.998") + 192

    def test_an_error_outside_the_class_counts_since_the_calibration_before_and_until_it_is_adjusted(
        self, tmp_path: Path
    ) -> None:
        bad = {"date": "2024-07-06", "error": "-0.5 %", "serial": "A1", "certificate": "C-24"}
        good = {"date": "2024-07-02", "error": "0.1 %", "serial": "A1"}
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": meter(calibrations=[good, bad])}))
        assert {finding.code: finding.evidence["hours"] for finding in found(dataset, "calibration.")} == {
            "calibration.missing": "24",
            "calibration.out_of_class": "216",
        }
        assert total(dataset) == 24 * Fraction("0.998") + 216 * Fraction("0.995")
        mended = meter(calibrations=[good, bad | {"adjusted": True}])
        dataset = collected(made(tmp_path / "mended", csv({"A": [1] * 240}), {"A": mended}))
        assert total(dataset) == 24 * Fraction("0.998") + 96 * Fraction("0.995") + 120

    def test_the_larger_error_counts_where_a_late_calibration_finds_one_outside_the_class(self, tmp_path: Path) -> None:
        bad = {"date": "2024-07-06", "error": "0.35 %", "serial": "A1", "adjusted": True}
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": meter(calibrations=[EXPIRED, bad])}))
        assert total(dataset) == 120 * Fraction("0.9965") + 120

    def test_an_error_by_load_takes_that_of_the_readings_own_load_and_below_all_the_largest(
        self, tmp_path: Path
    ) -> None:
        steps = [{"load": "5 %", "mpe": "0.5 %"}, {"load": "20 %", "mpe": "0.2 %"}]
        values = [1, 5, 20, 100] * 60  # of 100 MW
        by_load = meter(mpe=steps, rated=100_000, rated_unit="kW")
        dataset = collected(made(tmp_path, csv({"A": values}), {"A": by_load}))
        lost = 60 * ((1 + 5) * Fraction("0.005") + (20 + 100) * Fraction("0.002"))
        assert total(dataset) == sum(values) - lost
        (finding,) = found(dataset, "calibration.")
        assert (finding.evidence["hours"], finding.evidence["readings"]) == ("240", 240)

    def test_readings_outside_the_service_of_every_instrument_are_reported(self, tmp_path: Path) -> None:
        gone = meter(
            calibrations=[{"date": "2024-06-20", "serial": "A1"}],
            in_service={"start": "2024-06-20", "end": "2024-07-08"},
        )
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": gone}))
        (finding,) = found(dataset, "meter.")
        assert (finding.code, finding.evidence["hours"]) == ("meter.out_of_service", "48")
        assert total(dataset) == 192 + 48 * Fraction("0.998")

    def test_readings_that_the_methodology_refuses_stop_the_run(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [1] * 240}), {"A": meter(calibrations=[])})
        options = {"project_type": "greenfield", "technology": "photovoltaic", "storage": "without"}
        options |= {"grid.grid_region": "south", "grid.technology": "wind_solar", "grid.period": "first"}
        change(folder, methodology="cdm_acm0002", options=options, values=None)
        document = yaml.safe_load((folder / "project.yaml").read_text())
        del document["options"]["grid_region"]
        document["values"] = {"EG_import": {"unit": "MWh", "at": {"2024-07": 0}}}
        (folder / "project.yaml").write_text(json.dumps(document, default=str))
        with pytest.raises(ProjectError, match=r"240 readings of meter A .* does not allow them for EG_export"):
            run(folder)


class TestAmounts:
    def test_a_bare_number_for_an_error_is_refused(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [1] * 240}), {"A": meter(mpe=0.2)})
        message = refused(folder)
        assert "0.2 %" in message
        assert "a bare number could mean either" in message

    def test_a_meter_without_its_permissible_error_is_named_with_the_way_to_mend_it(self, tmp_path: Path) -> None:
        bare = {key: value for key, value in meter().items() if key != "mpe"}
        message = refused(made(tmp_path, csv({"A": [1] * 240}), {"A": bare}))
        assert "meter A needs its maximum permissible error: 240 readings of meter A (serial A1)" in message
        assert "mpe: 0.2 %" in message

    def test_without_need_no_permissible_error_is_asked_for(self, tmp_path: Path) -> None:
        bare = {key: value for key, value in meter(calibrations=[{"date": "2024-06-01"}]).items() if key != "mpe"}
        assert total(collected(made(tmp_path, csv({"A": [1] * 240}), {"A": bare}))) == 240

    @pytest.mark.parametrize(
        "faulty", [{"mpe": "120 %"}, {"mpe": []}, {"calibrations": [{"date": "2024-01-01", "error": "-100 %"}]}]
    )
    def test_an_error_of_the_whole_reading_is_refused(self, tmp_path: Path, faulty: dict[str, Any]) -> None:
        assert "project.yaml" in refused(made(tmp_path, csv({"A": [1] * 240}), {"A": meter(**faulty)}))

    @QUICK
    @given(
        values=st.lists(st.decimals(-1000, 1000, allow_nan=False, places=3), min_size=1, max_size=48),
        mpe=st.integers(1, 999),
        take=st.sampled_from(["positive", "negative"]),
    )
    def test_a_correction_never_raises_a_low_parameter_nor_lowers_a_high_one(
        self, tmp_path: Path, values: list[Decimal], mpe: int, take: str
    ) -> None:
        feeds = [{"parameter": "EG_export", "take": take}, {"parameter": "EG_import", "take": take}]
        text = csv({"A": values})
        plain = collected(made(tmp_path, text, {}, feeds=feeds))
        dataset = collected(made(tmp_path, text, {"A": meter(mpe=f"{mpe} ‰")}, feeds=feeds))
        sign = 1 if take == "positive" else -1
        whole = sum((Fraction(max(sign * value, Decimal(0))) for value in values), Fraction(0))
        assert total(plain) == whole
        assert total(dataset) == whole * (1 - Fraction(mpe, 1000)) <= total(plain)
        assert total(dataset, "EG_import") == whole * (1 + Fraction(mpe, 1000)) >= total(plain, "EG_import")

    def test_the_net_is_that_of_corrected_export_and_import(self, tmp_path: Path) -> None:
        feeds = [{"parameter": "EG_export", "take": "positive"}, {"parameter": "EG_import", "take": "negative"}]
        folder = made(tmp_path, csv({"A": [100, -40] * 120, "B": [10] * 240}), {"A": meter()}, feeds=feeds)
        dataset = collected(folder)
        assert total(dataset) - total(dataset, "EG_import") == 12_000 * Fraction("0.998") + 2400 - 4800 * Fraction(
            "1.002"
        )

    def test_the_conservative_side_is_asked_for_only_where_a_reading_is_corrected(self, tmp_path: Path) -> None:
        asked: list[str] = []

        def side(name: str) -> Direction | None:
            asked.append(name)
            return None

        valid = meter(calibrations=[{"date": "2024-06-01"}])
        collected(made(tmp_path, csv({"A": [1] * 240}), {"A": valid}), side)
        assert asked == []
        with pytest.raises(ProjectError, match="the conservative side of EG_export is not known"):
            collected(made(tmp_path, csv({"A": [1] * 240}), {"A": meter()}), side)
        assert asked == ["EG_export"]

    def test_a_side_that_the_spec_does_not_declare_is_proved(self) -> None:
        methodology = load_methodology(METHODOLOGY)
        declared = conservative_side(methodology)
        bare = {
            name: replace(quantity, spec=quantity.spec.model_copy(update={"conservative": None}))
            for name, quantity in methodology.quantities.items()
            if name in methodology.parameters
        }
        proved = conservative_side(replace(methodology, quantities={**methodology.quantities, **bare}))
        assert [proved(name) for name in ("EG_export", "EG_import")] == ["low", "high"]
        assert [declared(name) for name in ("EG_export", "EG_import")] == ["low", "high"]

    def test_origins_tell_what_was_corrected(self, tmp_path: Path) -> None:
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), {"A": meter()}))
        (origin,) = dataset.provenance["EG_export"].values()
        (source,) = origin["meters"]
        assert (source["uncorrected"], source["amount"], source["total"]) == ("240", "239.52", "240")
        (correction,) = source["corrections"]
        assert (correction["cause"], correction["share"], correction["hours"]) == ("late", "-0.2 %", "240")
        assert (correction["certificate"], correction["readings"]) == ("C-23", 240)


class TestRegisterTotals:
    def case(self, folder: Path, values: list[Any], meters: dict[str, Any]) -> Dataset:
        return collected(made(folder, csv({"A": values}), meters, reads="register"))

    def test_a_roll_over_goes_on_from_zero_and_is_noted(self, tmp_path: Path) -> None:
        valid = meter(calibrations=[{"date": "2024-06-01"}], dial={"digits": 5})
        dataset = self.case(tmp_path, [99_980, 99_990, 15, 40], {"A": valid})
        assert total(dataset) == 10 + 25 + 25
        (finding,) = found(dataset, "meter.")
        assert (finding.code, finding.evidence["count"]) == ("meter.roll_over", 1)

    @pytest.mark.parametrize(
        ("dial", "hint"), [({}, "`dial: {digits: …}`"), ({"dial": {"digits": 5}}, "half of the dial")]
    )
    def test_a_register_that_falls_without_reason_is_refused(self, tmp_path: Path, dial: Any, hint: str) -> None:
        folder = made(tmp_path, csv({"A": [99_980, 99_990, 99_985]}), {"A": meter(**dial)}, reads="register")
        message = refused(folder)
        assert "the register of meter A runs backwards; expected at least 99990" in message
        assert hint in message

    def test_a_reading_longer_than_the_dial_is_no_roll_over(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [999_990, 15]}), {"A": meter(dial={"digits": 5})}, reads="register")
        assert "runs backwards" in refused(folder)

    def test_an_exchange_counts_up_to_the_last_reading_of_one_and_from_the_first_of_the_other(
        self, tmp_path: Path
    ) -> None:
        exchange = "2024-07-01T02:20:00+08:00"
        valid = [{"date": "2024-06-01"}]
        old = meter(
            calibrations=valid,
            reads_as="A",
            in_service={"start": "2020-01-01", "end": exchange},
            dial={"last": "5035/10"},
        )
        new = meter(serial="A2", calibrations=valid, reads_as="A", in_service={"start": exchange}, dial={"first": 2})
        dataset = self.case(tmp_path, [480, 490, 500, 9, 20], {"old": old, "new": new})
        assert total(dataset) == 20 + Fraction("3.5") + 7 + 11
        assert [finding.code for finding in found(dataset, "meter.")] == ["meter.swapped"]

    def test_an_exchange_for_a_meter_that_shows_more_is_not_overlooked(self, tmp_path: Path) -> None:
        exchange = "2024-07-01T02:20:00+08:00"
        old = meter(reads_as="A", in_service={"start": "2020-01-01", "end": exchange})
        new = meter(serial="A2", reads_as="A", in_service={"start": exchange}, dial={"first": 9000})
        folder = made(tmp_path, csv({"A": [480, 490, 500, 9001]}), {"old": old, "new": new}, reads="register")
        assert "`dial: {last: …}` of old" in refused(folder)

    def test_a_reset_is_bridged(self, tmp_path: Path) -> None:
        reset = {"at": "2024-07-01T01:30:00+08:00", "last": 495}
        valid = meter(calibrations=[{"date": "2024-06-01"}], dial={"resets": [reset]})
        dataset = self.case(tmp_path, [480, 490, 3, 10], {"A": valid})
        assert total(dataset) == 10 + 5 + 3 + 7
        assert [finding.code for finding in found(dataset, "meter.")] == ["meter.reset"]

    def test_readings_before_the_transformers_are_multiplied_over_a_roll_over_too(self, tmp_path: Path) -> None:
        ratio = {"ct": "600/5", "pt": "35000/100", "multiplier": 42_000, "applied": False}
        valid = meter(calibrations=[{"date": "2024-06-01"}], dial={"digits": 2}, ratio=ratio)
        dataset = self.case(tmp_path, [97, "99.5", "1.25"], {"A": valid})
        assert total(dataset) == 42_000 * Fraction("4.25")
        assert {finding.code for finding in found(dataset, "meter.")} == {"meter.multiplied", "meter.roll_over"}


class TestRegister:
    def test_only_the_meters_under_a_rule_that_are_not_registered_are_named_once(self, tmp_path: Path) -> None:
        feeds = [{"parameter": "EG_export", "take": "positive"}, {"parameter": "EG_import", "take": "negative"}]
        folder = made(
            tmp_path,
            csv({"A": [1] * 24, "B": [1] * 24}),
            {"A": meter(calibrations=[{"date": "2024-06-01"}])},
            feeds=feeds,
        )
        (finding,) = found(collected(folder), "meter.")
        assert (finding.code, finding.evidence["meters"]) == ("meter.not_registered", ["B"])

    def test_two_meters_in_service_under_one_name_are_refused(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [1]}), {"old": meter(reads_as="A"), "new": meter(reads_as="A", serial="A2")})
        assert "both read as 'A' and are in service at one time" in refused(folder)

    def test_a_check_meter_names_its_main_meter(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [1]}), {"A": meter(), "C": meter(role="check", checks="B")})
        assert "meter C stands beside 'B', which is no main meter" in refused(folder)

    def test_a_name_of_a_meter_is_a_name_whatever_its_signs(self, tmp_path: Path) -> None:
        name = "1号'表{x}"
        dial = {"digits": 3}
        folder = made(tmp_path, csv({name: [998, 2]}), {"A": meter(reads_as=name, dial=dial)}, reads="register")
        assert total(collected(folder)) == 4 * Fraction("0.998")

    def test_an_error_that_cannot_be_held_against_a_class_is_asked_about(self, tmp_path: Path) -> None:
        bare = meter(calibrations=[{"date": "2024-06-01", "error": "0.3 %"}])
        del bare["mpe"]
        (finding,) = found(collected(made(tmp_path, csv({"A": [1]}), {"A": bare})), "meter.")
        assert finding.code == "meter.mpe_missing"

    def test_one_digit_of_the_serial_in_the_certificate_is_found(self, tmp_path: Path) -> None:
        wrong = meter(calibrations=[{"date": "2024-06-01", "serial": "A7", "certificate": "C-24"}])
        (finding,) = found(collected(made(tmp_path, csv({"A": [1]}), {"A": wrong})), "meter.")
        assert finding.code == "meter.serial_differs"
        assert (finding.evidence["registered"], finding.evidence["found"]) == ("A1", "A7")
        assert "C-24" in finding.zh

    def test_serial_class_and_multiplier_are_those_of_the_plan_and_of_the_transformers(self, tmp_path: Path) -> None:
        ratio = {"ct": "600/5", "pt": "35000/100", "multiplier": 40_000, "applied": True}
        entry = meter(calibrations=[{"date": "2024-06-01"}], ratio=ratio)
        plan = {"document": "PDD", "meters": {"A": {"serial": "A0", "accuracy_class": "0.5S", "multiplier": 42_000}}}
        dataset = collected(made(tmp_path, csv({"A": [1]}), {"A": entry}, plan=plan))
        assert [(finding.code, finding.evidence["found"]) for finding in found(dataset, "meter.")] == [
            ("meter.multiplier_differs", "42000"),  # the transformers
            ("meter.class_differs", "0.5S"),
            ("meter.multiplier_differs", "42000"),  # the plan
            ("meter.serial_differs", "A0"),
        ]

    def test_the_twin_of_a_faulty_register_has_no_finding(self, tmp_path: Path) -> None:
        ratio = {"ct": "600/5", "pt": "35000/100", "multiplier": 42_000, "applied": True}
        entry = meter(calibrations=[{"date": "2024-06-01", "serial": "A1"}], ratio=ratio)
        plan = {"document": "PDD", "meters": {"A": {"serial": "A1", "accuracy_class": "0.2S", "multiplier": 42_000}}}
        assert found(collected(made(tmp_path, csv({"A": [1]}), {"A": entry}, plan=plan)), "meter.") == []


class TestCheckMeters:
    def meters(self, checking: str = "0.2 %") -> dict[str, Any]:
        valid = [{"date": "2024-06-01"}]
        return {
            "A": meter(calibrations=valid),
            "C": meter(serial="C1", calibrations=valid, role="check", checks="A", mpe=checking),
        }

    def test_a_check_meter_is_read_compared_and_never_added(self, tmp_path: Path) -> None:
        dataset = collected(made(tmp_path, csv({"A": [100] * 240, "C": ["100.4"] * 240}), self.meters()))
        assert total(dataset) == 24_000
        assert found(dataset, "meter.") == []

    def test_a_difference_above_both_permissible_errors_names_the_month(self, tmp_path: Path) -> None:
        dataset = collected(made(tmp_path, csv({"A": [100] * 240, "C": ["100.5"] * 240}), self.meters()))
        (finding,) = found(dataset, "meter.")
        assert finding.code == "meter.check_differs"
        assert finding.evidence["limit"] == "0.4 %"
        assert finding.evidence["months"] == [
            {"month": "2024-07", "main": "24000", "check": "24120", "difference": "0.5 %"}
        ]
        assert "composed" in finding.en

    def test_a_gap_of_one_of_the_two_is_no_difference(self, tmp_path: Path) -> None:
        dataset = collected(made(tmp_path, csv({"A": [100] * 240, "C": [100] * 20}), self.meters()))
        assert found(dataset, "meter.") == []

    def test_a_file_that_names_its_meters_keeps_those_that_stand_beside_them(self, tmp_path: Path) -> None:
        folder = made(tmp_path, csv({"A": [100] * 240, "C": [101] * 240, "D": [1] * 240}), self.meters())
        change(folder, readings={"export": {"meter": {"only": ["A"]}}})
        dataset = collected(folder)
        assert total(dataset) == 24_000
        assert [finding.evidence["meters"] for finding in found(dataset, "readings.meters")] == [{"D": 240}]
        assert [finding.code for finding in found(dataset, "meter.")] == ["meter.check_differs"]


class TestWhatComesNext:
    def test_a_calibration_that_ends_soon_after_the_period_asks_for_a_forward_action(self, tmp_path: Path) -> None:
        def due(valid_until: str) -> list[tuple[str, Any]]:
            device = meter(calibrations=[{"date": "2024-02-01", "valid_until": valid_until, "serial": "A1"}])
            dataset = collected(made(tmp_path / valid_until, csv({"A": [1] * 240}), {"A": device}))
            return [(item.severity.value, item.evidence["until"]) for item in found(dataset, "calibration.due")]

        assert due("2024-07-10") == [("forward action", "2024-07-10")]
        assert due("2024-08-09") == [("forward action", "2024-08-09")]
        assert due("2024-08-10") == []

    def test_a_newer_calibration_or_an_instrument_taken_out_asks_for_nothing(self, tmp_path: Path) -> None:
        old = {"date": "2023-08-01", "valid_until": "2024-07-20", "serial": "A1"}
        renewed = meter(calibrations=[old, {"date": "2024-07-05", "serial": "A1"}])
        taken_out = meter(serial="B1", calibrations=[old | {"serial": "B1"}])
        taken_out["in_service"] = {"start": "2023-08-01", "end": "2024-07-10"}
        folder = made(tmp_path, csv({"A": [1] * 240, "B": [1] * 240}), {"A": renewed, "B": taken_out})
        assert found(collected(folder), "calibration.due") == []

    def test_a_registered_meter_without_readings_is_asked_for(self, tmp_path: Path) -> None:
        valid = [{"date": "2024-06-01"}]
        there = meter(calibrations=valid)
        silent = meter(serial="B1", calibrations=valid)
        gone = silent | {"serial": "C1", "in_service": {"start": "2023-01-01", "end": "2024-06-30"}}
        beside = silent | {"serial": "D1", "role": "backup", "checks": "A"}
        other = silent | {"serial": "E1", "parameters": ["EG_import"]}
        registered = {"A": there, "B": silent, "C": gone, "D": beside, "E": other}
        dataset = collected(made(tmp_path, csv({"A": [1] * 240}), registered))
        assert [item.evidence["meter"] for item in found(dataset, "meter.not_read")] == ["B"]

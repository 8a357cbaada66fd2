"""Documents say which readings were missing, what stands in for them, and which source counts."""

import pytest

from tests.test_bad_input import PROJECT, ROWS
from tonne.engine.result.result import Result
from tonne.engine.result.trace import trace
from tonne.engine.run import run
from tonne.esg.document import KeyValues, Phrase, Section
from tonne.esg.figures import Figures
from tonne.esg.monitoring import monitoring_report
from tonne.esg.tracing import origin_rows
from tonne.esg.treatments import treatment_lines
from tonne.listing import trace_lines

RULES = """
substitutions:
  - {readings: main, method: zero, reason: {zh: 采集终端故障, en: The data logger failed}}
cross_checks:
  bills: {parameter: EG_export, kind: settlement, unit: kWh, tolerance: 1 %, at: {2024-01: 490000}}
  import: {parameter: EG_import, kind: invoice, unit: MWh, tolerance: 0.1 %, at: {2024-01: 1.1}}
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("treated")
    (folder / "data").mkdir()
    rows = [row for row in ROWS if row[:10] not in {"2024-01-03", "2024-01-04"}]
    (folder / "data" / "export.csv").write_text("\n".join(["time,energy", *rows, ""]), encoding="utf-8")
    (folder / "project.yaml").write_text(PROJECT + RULES, encoding="utf-8")
    return run(folder)


def lines(result: Result, name: str) -> list[Phrase]:
    return treatment_lines(Figures(result), name)


def test_a_card_says_what_was_missing_substituted_and_compared(result: Result) -> None:
    # 1 + 2 + … + 31 MWh without those of the 3rd and 4th day
    assert lines(result, "EG_export") == [
        Phrase(
            "缺失数据：计量点M1应有读数31条，缺2条，数据完整率93.54%",
            "Missing readings: meter M1 lacks 2 of 31, coverage 93.54 %",
        ),
        Phrase(
            "替代数据：计量点M1的2条读数按零计，计0 MWh",
            "Substituted readings: 2 readings of meter M1: zero, 0 MWh",
        ),
        Phrase(
            "交叉核对：bills：监测值489.000 MWh，结算凭证490.000 MWh（相差0.2045%），取监测值",
            "Cross-check: bills: 489.000 MWh monitored, 490.000 MWh in the settlement record (0.2045 % apart); "
            "the monitored value counts",
        ),
    ]


def test_a_card_names_the_second_source_where_it_counts(result: Result) -> None:
    (line,) = lines(result, "EG_import")
    assert line.zh == "交叉核对：import：监测值1.000 MWh，发票1.100 MWh（相差10%），取发票"
    assert line.en.endswith("1.100 MWh in the invoice (10 % apart); the invoice counts")


def test_the_monitoring_report_shows_them_in_the_card(result: Result) -> None:
    sections = [part for part in monitoring_report(result).sections if isinstance(part, Section)]
    cards = [block for part in sections for block in part.blocks if isinstance(block, KeyValues)]
    shown = [phrase for card in cards for _, content in card.rows for phrase in content if isinstance(phrase, Phrase)]
    assert set(lines(result, "EG_export")) <= set(shown)


def test_a_trace_shows_them(result: Result) -> None:
    (index,) = result.dataset.values["EG_import"]
    labels = [label.en for label, _ in origin_rows(result.dataset.origin("EG_export", index))]
    assert labels[-2:] == ["Substituted readings", "Cross-check"]
    listed = "\n".join(trace_lines(result, trace(result, "EG_import", index)))
    assert "cross-check import: 1.000 MWh monitored, 1.100 MWh in the invoice" in listed
    assert "{'name'" not in listed
    assert "substituted: 2 readings of meter M1" in "\n".join(trace_lines(result, trace(result, "EG_export", index)))


def test_the_result_takes_the_chosen_values(result: Result) -> None:
    (index,) = result.dataset.values["EG_export"]
    assert result.dataset.values["EG_export"][index] == 489
    assert str(float(result.dataset.values["EG_import"][index])) == "1.1"

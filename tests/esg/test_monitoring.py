from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tonne.engine.errors import ReportError
from tonne.engine.prove import directions
from tonne.engine.prove.known import ProvedDirection
from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.esg import outline as outlines
from tonne.esg.document import (
    LANGUAGES,
    Equation,
    Formula,
    KeyValues,
    Note,
    Paragraph,
    Phrase,
    Report,
    Section,
    Signatures,
    Table,
    figures_in,
)
from tonne.esg.linear import plain
from tonne.esg.monitoring import monitoring_report
from tonne.esg.numbers import read_number
from tonne.esg.wording import EVIDENCE

ROOT = Path(__file__).resolve().parents[2]
TWO_FUELS = ROOT / "methodologies" / "ccer_01_001_v01" / "cases" / "good" / "two_fuels.yaml"

Made = Callable[..., Result]


@pytest.fixture(scope="module")
def two_fuels(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Runs the hand-calculated case of two fuels, with parts of its project replaced."""

    def made(**changes: Any) -> Result:
        case = yaml.safe_load(TWO_FUELS.read_text(encoding="utf-8"))
        project = {
            "format": 1,
            "name": case["title"],
            "methodology": "ccer_01_001_v01",
            **case["project"],
            **changes,
        }
        path = tmp_path_factory.mktemp("project") / "project.yaml"
        path.write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return run(path)

    return made


@pytest.fixture(scope="module")
def report(two_fuels: Made) -> Report:
    return monitoring_report(two_fuels())


@pytest.fixture(scope="module")
def offshore() -> Result:
    return run(ROOT / "examples" / "offshore_wind")


def section(report: Report, id_: str) -> Section:
    return next(item for item in report.sections if item.id == id_)


def tables(part: Section) -> list[Table]:
    return [block for block in part.blocks if isinstance(block, Table)]


def phrases(part: Any) -> list[Phrase]:
    if isinstance(part, Phrase):
        return [part]
    if isinstance(part, tuple):
        return [found for item in part for found in phrases(item)]
    if isinstance(part, Formula) or not hasattr(part, "__dataclass_fields__"):
        return []
    return [found for name in part.__dataclass_fields__ for found in phrases(getattr(part, name))]


def words(part: Any, language: str = "zh") -> str:
    return "".join(getattr(phrase, language) for phrase in phrases(part))


def test_hand_calculated_numbers_are_put_into_the_formulas(report: Report) -> None:
    # [two_fuels.yaml] PE = 1.5 x 3.1451224933... + 2.25 x 3.0425472 = 11.56341494 tCO2e
    (table,) = [
        table for table in tables(section(report, "project_emissions")) if words(table.columns).startswith("年")
    ]
    ((_, (formula,), (result,)),) = table.rows
    assert isinstance(formula, Formula)
    assert plain(formula.zh) == "1.5 × 3.14512 + 2.25 × 3.04255"
    assert (result.id, result.text.zh, result.exact) == ("PE@2019", "11.56", "11.56341494")  # type: ignore[union-attr]


def test_total_is_that_of_the_hand_calculation(report: Report) -> None:
    (total,) = {figure.text.en for figure in report.figures if figure.id == "reduction.rounded"}
    assert total == "3,523"


def test_every_figure_shows_the_value_of_its_id(two_fuels: Made, report: Report) -> None:
    result = two_fuels()
    assert len(report.figures) > 30
    for figure in report.figures:
        if ".rounded" in figure.id:
            continue
        name, _, label = figure.id.partition("@")
        index = result.dataset.domain.parse(result.plan.over(name), label)
        assert index is not None
        value = result.value(name, index)
        assert abs(Decimal(figure.exact) - value) <= abs(value) * Decimal("1e-33")
        shown = read_number(figure.text.zh)
        assert shown is not None
        assert abs(shown - value) <= abs(value) * Decimal("0.00001") + Decimal("0.005")


@pytest.mark.parametrize("id_", ["offshore", "two_fuels"])
def test_displayed_years_add_up_to_the_displayed_total(id_: str, offshore: Result, report: Report) -> None:
    shown = monitoring_report(offshore) if id_ == "offshore" else report
    rounded = tables(section(shown, "years"))[1]
    numbers = [[read_number(cell[0].text.en) for cell in row[1:]] for row in rounded.rows]  # type: ignore[union-attr]
    *years, total = numbers
    assert rounded.totals == 1
    assert [sum(column) for column in zip(*years, strict=True)] == total


def test_rounding_rule_stands_under_the_table(report: Report) -> None:
    blocks = section(report, "years").blocks
    after = blocks[blocks.index(tables(section(report, "years"))[1]) + 1]
    assert "减排量按日历年向下取整至tCO₂e整数" in words(after)
    assert EVIDENCE["expert-recall"].zh in words(after)


@pytest.mark.parametrize("fixture", ["every_node", "offshore"])
def test_no_section_is_blank_and_languages_have_the_same(fixture: str, request: pytest.FixtureRequest) -> None:
    shown = monitoring_report(request.getfixturevalue(fixture))
    parents = {part.number.rpartition(".")[0] for part in shown.sections}
    for part in shown.sections:
        assert part.heading.zh
        assert part.heading.en
        assert part.blocks or part.number in parents, part.id
        for phrase in phrases(part.blocks):
            assert bool(phrase.zh.strip()) == bool(phrase.en.strip()), phrase


def test_section_that_does_not_apply_says_why(every_node: Result) -> None:
    shown = monitoring_report(every_node)
    for id_ in ("applicability", "boundary", "not_covered", "readings"):
        (note,) = section(shown, id_).blocks
        assert isinstance(note, Note)
        assert words(note).startswith("不适用，因为")
        assert words(note, "en").startswith("Not applicable, because")


def test_zero_gives_its_reason(offshore: Result, every_node: Result) -> None:
    assert "计为0 tCO₂e，因为：上游开采" in words(section(monitoring_report(offshore), "leakage"))
    assert "because the methodology has no such term" in words(section(monitoring_report(every_node), "leakage"), "en")


def test_nothing_is_called_by_a_scheme_it_does_not_belong_to(every_node: Result) -> None:
    assert "CCER" not in words(monitoring_report(every_node))
    assert "自行构建，不属于任何减排机制" in words(monitoring_report(every_node).cover)


def test_every_equation_stands_once_with_number_source_and_evidence(offshore: Result) -> None:
    shown = monitoring_report(offshore)
    blocks = [block for part in shown.sections for block in part.blocks]
    leads = [words(block) for block in blocks if isinstance(block, Paragraph) and block.style == "lead"]
    assert len(leads) == len(offshore.plan.steps)
    assert all("出处：" in lead and "证据等级：原文核对" in lead for lead in leads)
    numbers = [block.number.zh for block in blocks if isinstance(block, Equation)]
    assert numbers == ["（2）", "（3）", "（1）", "", "", "（4）"]


def test_formula_of_fine_index_shows_three_values_and_says_where_the_others_are(offshore: Result) -> None:
    part = section(monitoring_report(offshore), "baseline")
    months = next(table for table in tables(part) if words(table.columns[0].head) == "月")
    assert len(months.rows) == 3
    assert "共15个取值，此处列出前3个；全部取值见计算工作簿和values.parquet。" in words(part)


def test_cards_have_the_fields_of_the_form(report: Report) -> None:
    fixed = [block for block in section(report, "fixed").blocks if isinstance(block, KeyValues)]
    monitored = [block for block in section(report, "monitored").blocks if isinstance(block, KeyValues)]
    assert {len(card.rows) for card in fixed} == {9}  # the 8 fields and the conservative side
    assert {len(card.rows) for card in monitored} == {
        16
    }  # the 12 fields, value, instruments, origin, conservative side
    assert [row[0].zh for row in fixed[0].rows][:2] == ["数据/参数名称", "应用的公式编号"]


def conservative(report: Report, language: str) -> dict[str, str]:
    """Read the conservative side from the card of each parameter, by its name in the language."""
    blocks = [block for id_ in ("fixed", "monitored") for block in section(report, id_).blocks]
    rows = [block.rows for block in blocks if isinstance(block, KeyValues)]
    label = {"zh": "保守方向", "en": "Conservative side"}[language]
    assert {getattr(row[-1][0], language) for row in rows} == {label}
    return {words(row[0][1], language).strip(): words(row[-1][1], language) for row in rows}


def test_cards_say_whether_the_conservative_side_is_declared_or_filled_in(report: Report) -> None:
    zh, en = conservative(report, "zh"), conservative(report, "en")
    assert zh["上网电量"] == "取低值（方法学规格已声明，且已证明）"
    assert "low (declared by the spec and proved)" in en.values()
    assert "取高值（方法学规格未声明，依据已证明的变化方向填列）" in zh.values()
    assert "high (not declared by the spec; filled in from the proved direction)" in en.values()
    assert "无（已举例证实该参数增大时减排量可增可减）" in zh.values()


def test_parameter_of_conditions_alone_has_no_conservative_side(offshore: Result) -> None:
    en = conservative(monitoring_report(offshore), "en")
    assert list(en.values()).count("not applicable (no formula of the reduction uses it)") == 4


@pytest.mark.parametrize(
    ("found", "zh", "en"),
    [
        (
            ProvedDirection("undecided", "low", None, "undecided"),
            "取低值（方法学规格已声明，但未获证明）",
            "low (declared by the spec; not proved)",
        ),
        (
            ProvedDirection("undecided", None, None, "undecided"),
            "未判定（方法学规格未声明，变化方向未获证明）",
            "undecided (not declared by the spec; the direction is not proved)",
        ),
        (
            ProvedDirection("increasing", "high", "low", "refuted"),
            "方法学规格声明取高值，经检验不成立",
            "declared high by the spec, which is refuted",
        ),
        (
            ProvedDirection("constant", "high", None, "proved"),
            "取高值（方法学规格已声明；已证明减排量与该参数无关）",
            "high (declared by the spec; proved that the reduction does not depend on it)",
        ),
        (
            ProvedDirection("constant", None, None, "proved"),
            "无（已证明减排量与该参数无关）",
            "none (proved that the reduction does not depend on it)",
        ),
    ],
)
def test_cards_say_plainly_what_is_not_proved(
    two_fuels: Made, monkeypatch: pytest.MonkeyPatch, found: ProvedDirection, zh: str, en: str
) -> None:
    monkeypatch.setattr(
        directions, "proved_directions", lambda methodology: dict.fromkeys(methodology.parameters, found)
    )
    report = monitoring_report(two_fuels())
    assert set(conservative(report, "zh").values()) == {zh}
    assert set(conservative(report, "en").values()) == {en}


def test_parameters_of_which_nothing_could_be_proved_are_undecided(
    two_fuels: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "proved_directions", lambda _: {})
    en = set(conservative(monitoring_report(two_fuels()), "en").values())
    assert "low (declared by the spec; not proved)" in en
    assert "undecided (not declared by the spec; the direction is not proved)" in en


def test_equations_that_use_a_parameter_are_derived(report: Report) -> None:
    cards = [block for block in section(report, "monitored").blocks if isinstance(block, KeyValues)]
    users = {words(card.rows[0][1]).strip(): words(card.rows[1][1]).strip() for card in cards}
    assert users == {"上网电量": "式（2）", "下网电量": "式（2）", "化石燃料消耗量": "式（4）"}


def test_values_of_a_fuel_bear_the_unit_of_the_fuel(report: Report) -> None:
    units = {figure.id: figure.unit.zh for figure in report.figures}
    assert units["NCV@diesel"] == "GJ/t"
    assert units["FC@diesel,2019-04"] == "t"


def test_months_are_a_table_of_the_monitored_values(offshore: Result) -> None:
    (table,) = tables(section(monitoring_report(offshore), "months"))
    assert len(table.rows) == 15
    assert {figure.id for figure in figures_in(table)} == {
        offshore.label(name, index) for name in ("EG_export", "EG_import") for index in offshore.values_of(name)
    }


def test_readings_are_listed_by_meter_with_their_counts(offshore: Result) -> None:
    files, values = tables(section(monitoring_report(offshore), "readings"))
    assert [words(row[0]) for row in files.rows] == ["data/export.csv.gz", "data/import_registers.csv.gz"]
    january = next(row for row in values.rows if words(row[1]) == "2024-01")
    assert [item.zh for item in january[2][::2]] == ["GX1-M", "GX2-M"]  # type: ignore[union-attr]
    assert [item.zh for item in january[3][::2]] == ["744", "744"]  # type: ignore[union-attr]


def test_findings_come_heaviest_first(two_fuels: Made) -> None:
    case = yaml.safe_load(TWO_FUELS.read_text(encoding="utf-8"))["project"]["conditions"]
    case["technology"]["met"] = False
    shown = monitoring_report(two_fuels(conditions=case))
    (table,) = tables(section(shown, "findings"))
    assert "阻断项" in words(table.rows[0][0])
    assert "不满足（依据项目说明）" in words(section(shown, "applicability"))
    assert shown.warning is not None
    assert "不得用于申报" in shown.warning.zh


def test_condition_that_nobody_speaks_of_is_not_stated(two_fuels: Made) -> None:
    shown = monitoring_report(two_fuels(conditions={}))
    assert words(section(shown, "applicability")).count("未说明") == 4


def test_statement_of_the_project_is_kept(two_fuels: Made) -> None:
    shown = monitoring_report(two_fuels(statement={"zh": "仅供演示", "en": "For demonstration only"}))
    assert shown.statement == Phrase("仅供演示", "For demonstration only")


def test_signature_places_are_empty(report: Report) -> None:
    (places, _) = section(report, "signatures").blocks
    assert isinstance(places, Signatures)


def test_condition_of_the_branch_taken_is_said(every_node: Result) -> None:
    text = words(section(monitoring_report(every_node), "other_equations"))
    assert "所取分支的条件：x ≥ limit 或 x = limit/5 或 x ≠ x" in text


def test_conversions_are_listed(report: Report) -> None:
    (table,) = tables(section(report, "conversions"))
    assert words(table.rows[0][3]) == "× 0.01"  # per cent to a share


def test_traces_lead_down_to_what_was_given(offshore: Result) -> None:
    traces = {entry.id: entry for entry in monitoring_report(offshore).traces.entries}
    waiting, leaves = ["reduction.rounded"], set()
    while waiting:
        entry = traces[waiting.pop()]
        waiting += [figure.id for figure in entry.inputs]
        if not entry.inputs and entry.quantity:
            leaves.add(entry.quantity)
            assert entry.origin or entry.quantity in offshore.plan.steps, entry.id
    assert {"EG_export", "EG_import", "EF_OM", "EF_BM"} <= leaves


def test_trace_of_a_reading_names_its_meters(offshore: Result) -> None:
    traces = {entry.id: entry for entry in monitoring_report(offshore).traces.entries}
    origin = " ".join(text.en for _, text in traces["EG_export@2024-01"].origin)
    assert "data/export.csv.gz" in origin
    assert "GX1-M: 744 readings" in origin


def test_places_do_not_show_the_machine(two_fuels: Made) -> None:
    result = two_fuels()
    told = words(monitoring_report(result).traces.entries, "en")
    assert str(result.project.folder) not in told
    assert "project.yaml:" in told


def test_unknown_outline_is_refused_with_those_that_are_there(every_node: Result) -> None:
    with pytest.raises(ReportError, match="monitoring_plain"):
        monitoring_report(every_node, "monitoring_plan")


OUTLINE = """\
format: 1
id: short
version: 3
title: {zh: 简, en: Short}
evidence: composed
sections:
"""


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ("- {id: a, zh: 甲, en: A, block: monthes, absent: {zh: 无, en: none}}", "did you mean months"),
        ("- {id: a, zh: 甲, en: A, block: months}", "needs `absent:`"),
        ("- {id: a, zh: 甲, en: A}", "one of `block:`, `text:`, `says:` and `sections:`"),
    ],
)
def test_faulty_outline_is_refused(
    sections: str, message: str, every_node: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "short.yaml").write_text(OUTLINE + sections, encoding="utf-8")
    monkeypatch.setattr(outlines, "FOLDER", tmp_path)
    with pytest.raises(ReportError, match=message):
        monitoring_report(every_node, "short")


def test_outline_decides_what_stands_where(every_node: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sections = """\
- {id: years, zh: 结果, en: Results, block: years, absent: {zh: 无, en: none}}
- {id: readings, zh: 读数, en: Readings, block: readings, mandatory: false}
- {id: signed, zh: 签字, en: Signed, block: signatures, absent: {zh: 无, en: none}}
"""
    (tmp_path / "short.yaml").write_text(OUTLINE + sections, encoding="utf-8")
    monkeypatch.setattr(outlines, "FOLDER", tmp_path)
    shown = monitoring_report(every_node, "short")
    assert [(part.number, part.id) for part in shown.sections] == [("1", "years"), ("2", "signed")]
    assert "short第3版" in words(shown.cover)


def test_evidence_of_values_is_counted_beside_that_of_equations(report: Report) -> None:
    rows: Mapping[str, str] = {label.zh: words(content) for label, content in report.cover.rows}
    assert rows["证据等级"] == "公式与缺省值：原文核对8项因子表取值：二手资料5项"
    assert set(LANGUAGES) == {"zh", "en"}


def test_an_equation_that_is_a_condition_is_shown_with_its_numbers(tmp_path: Path) -> None:
    text = (ROOT / "methodologies" / "ccer_01_001_v01" / "spec.yaml").read_text(encoding="utf-8")
    flag = (
        "  is_large:\n    symbol: L_y\n    name: {zh: 基准线排放量较大, en: Large baseline emissions}\n    over: [year]\n"
        "    unit: flag\n    expr: BE > PE\n    evidence: composed\n"
    )
    changed = text.replace("\nequations:\n", f"\nequations:\n{flag}", 1).replace(
        "\noutputs:\n", "\noutputs:\n  reported: [is_large]\n", 1
    )
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "spec.yaml").write_text(changed, encoding="utf-8")
    case = yaml.safe_load(TWO_FUELS.read_text(encoding="utf-8"))
    project = {"format": 1, "name": case["title"], "methodology": "own/spec.yaml", **case["project"]}
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    result = run(tmp_path)
    assert {str(value) for value in result.values["is_large"].values()} == {"1"}
    shown = monitoring_report(result)
    assert "is_large@2019" in {figure.id for figure in shown.figures}

import hashlib
import io
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from tonne.engine.result.result import Result
from tonne.engine.run import run
from tonne.engine.verification.effects import month_effects, parameter_effects
from tonne.esg import charts, coverage, effect_chart, fonts, metering, raster, timeline
from tonne.esg.axis import axis
from tonne.esg.document import LANGUAGES, Chart
from tonne.esg.drawing import Box, Drawing, Label, runs, shortened, text_width, wrapped
from tonne.esg.figures import Figures
from tonne.esg.formula_graph import formula_graph
from tonne.esg.monitoring import monitoring_report
from tonne.esg.page import write_page
from tonne.esg.raster import png
from tonne.esg.svg import svg
from tonne.esg.word import write_word

ROOT = Path(__file__).parents[2]
MAKERS = (
    charts.month_chart,
    charts.waterfall_chart,
    effect_chart.effect_chart,
    coverage.coverage_chart,
    metering.metering_diagram,
    timeline.calibration_timeline,
)


@pytest.fixture(scope="module")
def offshore() -> Result:
    return run(ROOT / "examples" / "offshore_wind")


@pytest.fixture(scope="module")
def figures(offshore: Result) -> Figures:
    return Figures(offshore)


@pytest.fixture(scope="module")
def drawn(figures: Figures) -> dict[str, Chart]:
    return {block.id: block for make in MAKERS for block in make(figures) if isinstance(block, Chart)}


def labels(chart: Chart) -> set[str]:
    return {shape.en for shape in chart.drawing.shapes if isinstance(shape, Label)}


def test_export_less_import_moves_the_reduction_by_the_same_share(offshore: Result) -> None:
    effects = {effect.name: float(effect.change) for effect in parameter_effects(offshore).found}
    net = effects["EG_export"] + effects["EG_import"]
    assert net == pytest.approx(float(-offshore.total("reduction") / 100), rel=1e-12)
    assert effects["EG_export"] < 0 < effects["EG_import"]
    assert next(iter(effects)) == "EG_export"


def test_the_effects_of_two_factors_are_those_of_the_product_rule(offshore: Result) -> None:
    effects = {effect.name: float(effect.change) for effect in parameter_effects(offshore).found}
    margins = effects["EF_OM"] + effects["EF_BM"]
    assert effects["EF_OM"] == pytest.approx(effects["w_OM"], rel=1e-12)
    assert margins == pytest.approx(float(-offshore.total("reduction") / 100), rel=1e-12)


def test_the_reductions_of_the_months_add_up_and_follow_the_factor_of_their_year(offshore: Result) -> None:
    months = month_effects(offshore)
    assert sum(months.values()) == pytest.approx(offshore.total("reduction"))
    net = {index[0]: value for index, value in offshore.values["EG_PJ"].items()}
    factors = offshore.by_year("EF_CM")
    for month, brought in months.items():
        year = int(offshore.dataset.domain.label(("month",), (month,))[:4])
        assert float(brought) == pytest.approx(float(net[month] * factors[year]), rel=1e-12)


def test_every_chart_is_drawn_with_words_in_both_languages(drawn: dict[str, Chart]) -> None:
    assert list(drawn) == [
        "chart_months",
        "chart_waterfall",
        "chart_effects",
        "chart_coverage",
        "metering_diagram",
        "calibration_timeline_1",
    ]
    for chart in drawn.values():
        for language in LANGUAGES:
            alt = chart.alt.said(language)
            assert "{" not in alt
            assert len(alt) > 30
        assert re.search("[\u4e00-\u9fff]", chart.caption.zh)
        assert not re.search("[\u4e00-\u9fff（）]", chart.caption.en + chart.alt.en)


def test_the_waterfall_shows_the_totals_of_the_cover(offshore: Result, drawn: dict[str, Chart]) -> None:
    assert {"708,643.32", "708,642", "0"} <= labels(drawn["chart_waterfall"])
    assert offshore.rounded_total("reduction") == 708_642
    bars = {shape.id: shape for shape in drawn["chart_waterfall"].drawing.shapes if isinstance(shape, Box) and shape.id}
    share = bars["reduction.rounded"].height / bars["baseline.rounded"].height
    whole = float(offshore.rounded_total("baseline"))
    assert share == pytest.approx(708_642 / whole, rel=1e-12)


def test_bars_are_as_high_as_their_months(offshore: Result, drawn: dict[str, Chart]) -> None:
    bars = {shape.id: shape for shape in drawn["chart_months"].drawing.shapes if isinstance(shape, Box) and shape.id}
    assert len(bars) == 15
    one, other = bars["EG_export@2023-10"], bars["EG_export@2024-06"]
    values = {
        offshore.label("EG_export", index): value for index, value in offshore.dataset.values["EG_export"].items()
    }
    assert one.height / other.height == pytest.approx(float(values[one.id] / values[other.id]), rel=1e-9)
    assert "128,180.964 MWh" in one.tip[1]


def test_the_calendar_marks_the_day_with_the_gap_and_counts_it(drawn: dict[str, Chart]) -> None:
    tips = [shape.tip[1] for shape in drawn["chart_coverage"].drawing.shapes if isinstance(shape, Box) and shape.tip[1]]
    assert len(tips) == 458
    assert [tip for tip in tips if "nothing" not in tip] == ["2024-05-18: missing, not replaced"]
    assert "457天无缺失" in drawn["chart_coverage"].alt.zh


def test_the_timeline_says_which_calibration_was_late_and_when(drawn: dict[str, Chart]) -> None:
    chart = drawn["calibration_timeline_1"]
    told = "GX2_main (SH23080117) from 2024-08-16 to 2024-08-26 (calibrated late)"
    assert told in chart.alt.en
    assert any(
        shape.hatched and "2024-08-26" in shape.tip[1] for shape in chart.drawing.shapes if isinstance(shape, Box)
    )


def test_check_meters_feed_nothing_in_the_diagram(drawn: dict[str, Chart]) -> None:
    assert "GX1_check校核GX1_main" in drawn["metering_diagram"].alt.zh
    assert "GX1_main用于上网电量、下网电量" in drawn["metering_diagram"].alt.zh


def test_pictures_and_svg_are_the_same_each_time_and_hold_no_foreign_markup(drawn: dict[str, Chart]) -> None:
    for chart in drawn.values():
        for language in LANGUAGES:
            first = png(chart.drawing, language)
            raster.png.cache_clear()
            assert hashlib.sha256(first).digest() == hashlib.sha256(png(chart.drawing, language)).digest()
            root = etree.fromstring(svg(chart.drawing, language, chart.alt.said(language)))
            names = {etree.QName(node).localname for node in root.iter()}
            assert names <= {"svg", "rect", "polyline", "polygon", "path", "text", "tspan", "title"}
            assert root.get("aria-label") == chart.alt.said(language)


def test_hostile_words_stay_words() -> None:
    words = '</text><script>alert(1)</script>"\u202e'
    text = svg(Drawing(10, 10, (Label(0, 0, words, words), Box(0, 0, 1, 1, id=words, tip=(words, words)))), "zh", words)
    root = etree.fromstring(text)
    assert {etree.QName(node).localname for node in root.iter()} == {"svg", "text", "rect", "title"}
    assert "\u202e" not in text


def test_hatching_tells_bars_apart_in_grey(drawn: dict[str, Chart]) -> None:
    image = Image.open(io.BytesIO(png(drawn["chart_effects"].drawing, "en"))).convert("L")
    dark = sum(count for level, count in enumerate(image.histogram()) if level < 128)
    assert dark > 10_000


def test_without_a_chinese_font_pictures_are_english_and_the_document_says_so(
    offshore: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = monitoring_report(offshore)
    for module in ("raster", "word_blocks"):
        monkeypatch.setattr(f"tonne.esg.{module}.chinese_font", lambda: None)
    raster._font.cache_clear()
    raster.png.cache_clear()
    write_word(report, "zh", tmp_path / "report.docx")
    raster._font.cache_clear()
    raster.png.cache_clear()
    with zipfile.ZipFile(tmp_path / "report.docx") as archive:
        text = archive.read("word/document.xml").decode()
    assert "未安装中文字体" in text
    assert fonts.INSTALL.startswith("install")


def test_word_holds_each_picture_once_with_its_alternative_text(offshore: Result, tmp_path: Path) -> None:
    report = monitoring_report(offshore)
    write_word(report, "en", tmp_path / "report.docx")
    charts_shown = [block for section in report.sections for block in section.blocks if isinstance(block, Chart)]
    with zipfile.ZipFile(tmp_path / "report.docx") as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
    told = [node.get("descr") for node in root.iter("{*}docPr")]
    assert told == [chart.alt.en for chart in charts_shown]
    assert len(pictures) == len({chart.drawing for chart in charts_shown})
    ids = [node.get("id") for node in root.iter("{*}docPr")]
    assert len(set(ids)) == len(ids)


def test_the_graph_leads_from_the_reduction_to_what_was_given(offshore: Result, tmp_path: Path) -> None:
    report = monitoring_report(offshore)
    graph = formula_graph(report.traces)
    assert graph is not None
    boxes = {shape.id: shape for shape in graph.drawing.shapes if isinstance(shape, Box)}
    quantities = {id_.partition("@")[0] for id_ in boxes}
    assert {"ER", "BE", "EG_PJ", "EF_CM", "EG_export", "EG_import"} <= quantities
    assert "water_depth" not in quantities
    at = {id_.partition("@")[0]: box.x for id_, box in boxes.items()}
    assert at["ER"] < at["BE"] < at["EG_PJ"] < at["EG_export"]
    write_page(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert set(re.findall(r'<rect[^>]*data-figure="([^"]+)"', text)) <= {entry.id for entry in report.traces.entries}


@pytest.mark.parametrize(
    ("values", "low", "high", "step"),
    [
        ([Fraction(134_818)], 0, 150_000, 50_000),
        ([Fraction(-3), Fraction(7)], -5, Fraction(15, 2), Fraction(5, 2)),
        ([Fraction(0)], 0, Fraction(1, 4), Fraction(1, 4)),
        ([Fraction(1, 1000)], 0, Fraction(1, 1000), Fraction(1, 4000)),
    ],
)
def test_axis_holds_its_values_between_round_numbers(
    values: list[Fraction], low: Fraction, high: Fraction, step: Fraction
) -> None:
    found = axis(values, 0, 100)
    assert (found.low, found.high, found.step) == (low, high, step)
    assert all(0 <= found.y(value) <= 100 for value in values)


def test_small_digits_are_written_as_plain_ones_lower_or_higher() -> None:
    assert [(text, shift > 0, shift < 0) for text, shift in runs("tCO₂e×10⁻⁵")] == [
        ("tCO", False, False),
        ("2", True, False),
        ("e×10", False, False),
        ("−5", False, True),
    ]


def test_long_words_are_cut_and_broken_to_fit() -> None:
    assert shortened("短", 100) == "短"
    assert text_width(shortened("很长的名称" * 10, 100)) <= 100
    assert text_width(shortened("W" * 10_000, 100)) <= 100
    assert len(wrapped("长" * 10_000, 100, 2)) == 2
    lines = wrapped("Electricity imported from the grid by the project", 130, 2)
    assert len(lines) == 2
    assert all(text_width(line) <= 130 for line in lines)
    assert lines[0] == "Electricity imported"

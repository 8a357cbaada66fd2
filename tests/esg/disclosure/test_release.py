import dataclasses
import datetime
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from decimal import Decimal

import docx
import openpyxl
import pytest
from lxml import etree

from tests.esg.disclosure.sample import YEARS, line, project, sample, text, where, year
from tonne.engine.errors import ReportError
from tonne.esg.disclosure import extract as extract_module
from tonne.esg.disclosure import neutrality
from tonne.esg.disclosure.cells import filled_frameworks
from tonne.esg.disclosure.document import disclosure_report, read_back_document
from tonne.esg.disclosure.facts import Hit, Rule
from tonne.esg.disclosure.inline_xbrl import EXTENSION, Extract, Name, TaggedFact, write_inline_xbrl
from tonne.esg.disclosure.mapping import FOLDER, mapping_ids
from tonne.esg.disclosure.neutrality import claims_of_neutrality
from tonne.esg.disclosure.release import release_disclosure
from tonne.esg.disclosure.tables import disclosure_tables
from tonne.esg.disclosure.workbook_check import read_back_workbook
from tonne.esg.disclosure.workbook_sheets import explanation_phrases, workbook_grids
from tonne.esg.document import Phrase, Table
from tonne.esg.readback import word_text
from tonne.esg.render import TEMPLATES

FILES = {"disclosure.xlsx", "disclosure.zh.docx", "disclosure.en.docx", "disclosure.xhtml", "facts.json", "tonne.xsd"}
LABELS = ("供编制人使用的摘录，非申报文件", "extract for the preparer, not a filing")


def grids_of(disclosure):
    tables = disclosure_tables(disclosure)
    return workbook_grids(disclosure, tables, filled_frameworks(disclosure, tables, mapping_ids()))


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_file_is_written_and_labelled(released):
    assert {path.name for path in released.iterdir()} == FILES
    assert LABELS[0] in word_text(released / "disclosure.zh.docx")
    assert LABELS[1] in word_text(released / "disclosure.en.docx")
    assert LABELS[1] in (released / "disclosure.xhtml").read_text("utf-8")
    workbook = openpyxl.load_workbook(released / "disclosure.xlsx")
    assert all(LABELS[0] in str(sheet["A2"].value) for sheet in workbook.worksheets)


def test_the_same_facts_give_the_same_bytes(released, tmp_path):
    release_disclosure(sample(), tmp_path / "out")
    assert digests(tmp_path / "out") == digests(released)


def test_there_is_a_sheet_for_each_framework_and_table(released):
    names = openpyxl.load_workbook(released / "disclosure.xlsx", read_only=True).sheetnames
    assert {
        "GRI 305 2016",
        "ESRS E1 2023",
        "ESRS E1 2026",
        "IFRS S2 2023",
        "HKEX 2025",
        "CDP 2024",
        *["C", "G", "P", "E"],
    } <= set(names)
    assert [name for name in names if name[0] == "T"] == ["T1", "T2", "T3", "T4", "T5", "T6", "T7"]


def test_formulas_compute_to_their_stored_values(released, recompute):
    path = released / "disclosure.xlsx"
    stored = {
        sheet.title: {
            cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None
        }
        for sheet in openpyxl.load_workbook(path, data_only=True).worksheets
    }
    computed = recompute({"disclosure": path})["disclosure"]
    formulas = 0
    for sheet in openpyxl.load_workbook(path).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    formulas += 1
                    here = sheet.title, cell.coordinate
                    one, other = stored[here[0]][here[1]], computed[here[0]][here[1]]
                    assert one == pytest.approx(other, rel=1e-12) if isinstance(one, int | float) else one == other
    assert formulas > 60


def test_lineage_stands_beside_every_row_of_facts(released):
    sheet = openpyxl.load_workbook(released / "disclosure.xlsx")["T1"]
    headings = [cell.value for cell in sheet[3]]
    file, trace = headings.index("来源文件\nFile"), headings.index("追溯标识或台账行\nTrace ids or ledger rows")
    rows = [row for row in sheet.iter_rows(min_row=4, values_only=True) if row[1]]
    assert [(row[file], row[trace]) for row in rows][:2] == [
        ("boiler/result.json", "ER@2024"),
        ("boiler/result.json", "ER@2025"),
    ]
    assert all(row[file] and row[trace] for row in rows)


def test_an_undecided_cell_shows_the_words_and_the_reason(released):
    sheet = openpyxl.load_workbook(released / "disclosure.xlsx")["GRI 305 2016"]
    row = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "305-5.scope_2")
    assert row[3] == "不可披露 / undetermined"
    assert "SOLD-03" in str(row[5])
    assert "80吨" in str(row[5])
    assert "不可披露" in word_text(released / "disclosure.zh.docx")


def test_a_number_with_a_caveat_carries_it_in_every_file(tmp_path):
    moved = Hit(
        Rule.SHR_12, "move", "boiler", "其余77吨属其他权益方。", "77 t are of the other owners.", 2024, Decimal(77)
    )
    years = tuple(dataclasses.replace(item, hits=(moved,)) if item.project == "boiler" else item for item in YEARS)
    release_disclosure(sample(years=years), tmp_path / "out")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "disclosure.xlsx")["GRI 305 2016"]
    headings = [str(cell.value).splitlines()[-1] for cell in sheet[3]]
    rows = {
        row[0]: dict(zip(headings, map(str, row), strict=False)) for row in sheet.iter_rows(min_row=4, values_only=True)
    }
    row = rows["305-5.scope_1"]
    assert "77吨" in row["Explanation"]
    assert "77 t" in row["Explanation"]
    assert row["Rules that fired"] == "SHR-12"
    assert "LEAK-14" in row["Guarded by"]
    assert rows["305-1"]["Rules that fired"] == "—"
    facts = json.loads((tmp_path / "out" / "facts.json").read_text("utf-8"))["facts"]
    fact = next(fact for fact in facts if fact["id"].endswith("/305-5.scope_1"))
    assert (fact["value"], fact["fired"]) == ("80", ["SHR-12"])
    assert "77吨" in fact["explanation"][0]["zh"]
    assert word_text(tmp_path / "out" / "disclosure.zh.docx").count("其余77吨") > 1
    assert "77 t are of the other owners" in word_text(tmp_path / "out" / "disclosure.en.docx")


def test_of_very_many_caveats_the_rest_is_summed():
    hits = [Hit(Rule.SHR_12, "move", f"p{at}", f"{at}吨", f"{at} t", 2024, Decimal(at)) for at in range(1, 9)]
    projects = {f"p{at}": project(f"p{at}", text(f"p{at}")) for at in range(1, 9)}
    years = tuple(year(hit.subject, "9", where(claimed_reduction=1), verified=Decimal(9), hits=(hit,)) for hit in hits)
    disclosure = sample(projects=projects, years=years, accounts=())
    (framework,) = filled_frameworks(disclosure, disclosure_tables(disclosure), ["gri_305_2016"])
    cell = next(cell for cell in framework.cells if cell.mapped.id == "305-5.scope_1")
    said = explanation_phrases(cell)
    assert len(said) == 6
    assert said[-1].en == "SHR-12: 3 more, 21 t in all, in T7."


def test_facts_have_concept_unit_decimals_and_lineage(released):
    data = json.loads((released / "facts.json").read_text("utf-8"))
    facts = {fact["id"]: fact for fact in data["facts"]}
    assert data["period"] == {"start": "2024-07-01", "end": "2025-06-30"}
    claimed = facts["T1.claimed@boiler/2024"]
    assert (claimed["concept"], claimed["value"], claimed["unit"], claimed["decimals"]) == (
        "T1.claimed",
        "50",
        "tCO2e",
        0,
    )
    assert data["lineage"][claimed["lineage"][0]]["traces"] == ["ER@2024"]
    assert facts["T1.estimated@pumps/2024"]["exact"] == "12.345"
    assert facts["T1.estimated@pumps/2024"]["value"] == "12.35"
    assert facts["gri_305_2016/305-5.scope_2"]["value"] is None
    assert facts["gri_305_2016/305-5.scope_2"]["undetermined"] == ["SOLD-03"]
    assert facts["esrs_e1_2023/E1-6.scope_1"]["value"] == "12,345.60"
    assert set(facts["esrs_e1_2023/E1-3.achieved"]["made_of"]) <= facts.keys()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("12,345.60", "12,345.61", r"sheet 'T6', cell B4: the text differs; expected 12,345.60, found 12,345.61"),
        ("<v>50.5</v>", "<v>50.6</v>", r"the value differs; expected 50.5, found 50.6"),
        ("<f>SUM(", "<f>MAX(", r"the formula differs; expected =SUM\(.*, found =MAX\("),
        ('<c r="B4"', '<c r="Y4"', r"cell Y4: a cell that does not belong there"),
        ('<row r="4"', '<row r="400"', "not a workbook that can be read"),
        ("<v>50.5</v>", "<v></v>", r"the value differs; expected 50.5"),
        ('name="T6"', 'name="T60"', r"sheet 'T60', cell A1: a cell that does not belong there"),
    ],
)
def test_a_changed_cell_is_found_on_reading_back(released, tmp_path, old, new, message):
    path = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(released / "disclosure.xlsx") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old.encode(), new.encode()))
    with pytest.raises(ReportError, match=message):
        read_back_workbook(path, grids_of(sample()))


def test_a_row_that_is_missing_is_found_on_reading_back(released, tmp_path):
    path = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(released / "disclosure.xlsx") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, re.sub(rb'<row r="5".*?</row>', b"", source.read(name)))
    with pytest.raises(ReportError, match=r"sheet '说明 Read me', cell A5: the text differs; expected 报告期"):
        read_back_workbook(path, grids_of(sample()))


def test_a_changed_number_in_word_is_found_on_reading_back(released, tmp_path):
    disclosure = sample()
    tables = disclosure_tables(disclosure)
    report = disclosure_report(disclosure, tables, filled_frameworks(disclosure, tables, mapping_ids()), ())
    document = docx.Document(str(released / "disclosure.en.docx"))
    control = next(
        node for node in document.element.body.iter("{*}sdt") if "T1.claimed@boiler" in etree.tostring(node).decode()
    )
    next(control.iter("{*}t")).text = "100"
    document.save(str(tmp_path / "changed.docx"))
    with pytest.raises(ReportError, match=r"T1\.claimed@boiler/2024 differs; expected 50, found 100|differs"):
        read_back_document(tmp_path / "changed.docx", report, "en")


def test_both_charts_stand_in_word_with_words_for_them(released):
    for name in ("disclosure.zh.docx", "disclosure.en.docx"):
        document = docx.Document(str(released / name))
        alts = [node.get("descr") for node in document.element.body.iter("{*}docPr")]
        assert len(alts) == 2
        assert all("350.5" in alt or "50.5" in alt for alt in alts)
        assert "⟦" not in word_text(released / name)


def test_the_page_is_well_formed_and_fetches_nothing(released):
    page = (released / "disclosure.xhtml").read_bytes()
    root = etree.fromstring(page)
    sources = [node.get("src") for node in root.iter("{http://www.w3.org/1999/xhtml}img")]
    assert len(sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not list(root.iter("{http://www.w3.org/1999/xhtml}script"))


def test_without_a_taxonomy_only_elements_of_our_own_are_tagged(released):
    tagged = json.loads((released / "facts.json").read_text("utf-8"))["tagged"]
    assert {fact["element"].partition(":")[0] for fact in tagged} == {"tonne"}
    lines = {
        fact["element"]: Decimal(fact["value"])
        for fact in tagged
        if fact["dimensions"] == {"tonne:ProjectTypedAxis": "boiler"}
    }
    assert lines["tonne:BaselineEmissions"] - lines["tonne:ProjectEmissions"] - lines["tonne:LeakageEmissions"] == 130


def test_a_fact_that_is_given_twice_is_refused(tmp_path):
    name = Name(EXTENSION, "tonne", "LeakageEmissions")
    facts = tuple(TaggedFact(id_, name, Decimal(value), "tCO2e", 0) for id_, value in (("a", 1), ("b", 2)))
    day = datetime.date(2025, 1, 1)
    extract = Extract(Phrase("", ""), Phrase("", ""), "urn:x", "x", day, day, (), (), facts)
    with pytest.raises(
        ReportError, match=r"tonne:LeakageEmissions is given twice in one context; expected a = 1, found b = 2"
    ):
        write_inline_xbrl(extract, tmp_path / "page.xhtml")


def test_lost_tonnes_leave_no_output_behind(tmp_path):
    lost = (year("boiler", "100", where(claimed_reduction=99), verified=Decimal(100)),)
    with pytest.raises(ReportError, match="are not all somewhere"):
        release_disclosure(sample(years=lost), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ReportError, match="holds files that are not an earlier output"):
        release_disclosure(sample(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_text_that_claims_neutrality_leaves_no_output(tmp_path):
    projects = {**sample().projects, "boiler": project("boiler", text("碳中和工厂"))}
    with pytest.raises(ReportError, match=r"claims neutrality, which is never written \(CLM-13\)"):
        release_disclosure(sample(projects=projects), tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        *(
            "碳中和工厂",
            "净零 2050",
            "Net-Zero plan",
            "a climate neutral site",
            "carbon-free power",
        ),
        *(
            "零碳园区",
            "零排放",
            "净0排放",
            "碳足迹归零",
            "碳排放清零",
            "抵消全部排放",
            "zero emissions",
        ),
        *(
            "zero-emission plant",
            "net\u2011zero",
            "net-0",
            "CO₂-neutral",
            "carbon\u2212neutral",
        ),
        *(
            "ｃａｒｂｏｎ\u3000ｎｅｕｔｒａｌ",
            "carbon\u2014neutral",
            "碳 中 和",
            "碳·中和",
            "碳-中和",
            "净\u200b零",
        ),
        *(
            "fully offset our emissions",
            "neutral in carbon",
            "climate neutral",
            "GHG-neutral",
        ),
        *(
            "greenhouse gas neutral",
            "emissions-neutral",
            "GHG neutrality",
            "碳达峰碳中和",
        ),
        *(
            "Net\u2011Zero product 2025",
            "零排碳",
            "中和碳排放",
            "klimaneutral",
            "净 零",
            "零 碳 园区",
        ),
        *(
            "碳\u000a中和",
            "抵消了全部碳排放",
            "100%抵消排放",
            "实现零排放",
            "本公司排放已全部抵销",
            "全部排放均已抵消",
        ),
        *(
            "neu\u200btral carbon-neu\u200btral",
            "Carbon positive",
            "net zero",
            "nett-zero",
        ),
        *(
            "净排放量为0",
            "offsets all of our residual emissions",
            "净零排放",
            "负碳",
        ),
        *(
            "a zero emissions mill",
            "carbon neutral",
            "net0",
            "carbon-zero",
        ),
        *("emission-free works",),
    ],
)
def test_wording_of_neutrality_is_found(words):
    assert claims_of_neutrality(f"…{words}…")
    assert claims_of_neutrality(f"x {words} y".encode())


@pytest.mark.parametrize(
    "words",
    [
        *(
            "净量目标",
            "net target",
            "neutral point of a pH scale",
            "零售",
            "carbon credits",
            "中和池",
        ),
        *(
            "零排放车辆",
            "零排放汽车改造",
            "废水零排放系统",
            "zero emissions factor",
            "zero-emission vehicles",
        ),
        *(
            "non-zero emissions",
            "net 0.5 t",
            "净0.5",
            "排放量为0",
            "climate friendly",
            "在排放中和清单中",
        ),
        *(
            "net 0 t",
            "freely given carbon",
            "抵销用碳信用（与减排量分列）",
            "neutral",
            "emission free fuel",
        ),
        *(
            "zero-emission buses",
            "零部件",
            "零排放因子",
            "负荷",
            "碳排放量",
            "subnet 0x",
            "抵消排放",
        ),
        *(
            "offset emissions",
            "净排放量为0.5",
        ),
    ],
)
def test_other_words_are_left_alone(words):
    assert not claims_of_neutrality(words)


def test_a_phrase_at_the_end_of_a_long_text_is_found():
    assert claims_of_neutrality("negative balance, offset, " * 20_000 + "Net\u2011Zero") == ["net\u2010zero"]


def test_no_text_of_the_package_claims_neutrality():
    folder = FOLDER.parent
    own = [
        path for path in folder.rglob("*") if path.suffix in {".py", ".yaml", ".xsd"} and path.name != "neutrality.py"
    ]
    own += [TEMPLATES / "disclosure.xhtml.j2"]
    assert len(own) > 30
    assert {path.name: found for path in own if (found := claims_of_neutrality(path.read_text("utf-8")))} == {}


def test_strange_texts_stay_texts_everywhere(tmp_path):
    strange = text("=1+1 <b>&\"'\x07", "</ix:header> ]]> {{ 7*7 }}")
    projects = {**sample().projects, "boiler": project("boiler", strange, evidence=("@SUM(A1)", "+1"))}
    lines = (line("s1", "1", "-12.5"),)
    release_disclosure(sample(projects=projects, inventory=lines), tmp_path / "out")
    etree.parse(str(tmp_path / "out" / "disclosure.xhtml"))
    sheet = openpyxl.load_workbook(tmp_path / "out" / "disclosure.xlsx")["T1"]
    assert sheet["A4"].data_type == "s"
    assert "{{ 7*7 }}" in word_text(tmp_path / "out" / "disclosure.en.docx")


def test_many_projects_go_to_the_workbook_and_word_keeps_the_sums(tmp_path):
    many = {
        f"p{number:04}": project(f"p{number:04}", text(f"项目{number}", f"Project {number}")) for number in range(300)
    }
    years = tuple(year(id_, "10", where(claimed_reduction=6, transferred=4), verified=Decimal(10)) for id_ in many)
    release_disclosure(sample(projects=many, years=years, accounts=(), certificates=()), tmp_path / "out")
    words = word_text(tmp_path / "out" / "disclosure.zh.docx")
    assert "本表共300行" in words
    assert "1,800" in words
    sheet = openpyxl.load_workbook(tmp_path / "out" / "disclosure.xlsx", data_only=True)["GRI 305 2016"]
    assert next(row[3] for row in sheet.iter_rows(values_only=True) if row[0] == "305-5.scope_1") == 1800


def test_writing_does_not_import_arelle():
    code = "import sys, tonne.esg.disclosure.release; print([name for name in sys.modules if name.startswith(('arelle', 'matplotlib'))])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_years_outside_the_reporting_year_feed_no_claim():
    tables = disclosure_tables(sample())
    assert not any(row.key.endswith("/2023") for row in tables["T1"].rows)
    assert any(item.vintage == 2023 for item in YEARS)
    assert any(row.key == "boiler/2023" for row in tables["C"].rows)


@pytest.mark.parametrize("claim", ["碳中和", "net-zero"])
def test_wording_of_neutrality_is_found_wherever_a_long_file_is_cut(monkeypatch, claim):
    monkeypatch.setattr(neutrality, "_PIECE", 50)
    monkeypatch.setattr(neutrality, "_REACH", 80)
    for before in range(120):
        text = f"{'汉' * before} {claim} {'汉' * 100}"
        assert claims_of_neutrality(text) == claims_of_neutrality(text.encode()) == [claim]


def test_of_many_projects_the_page_names_the_rules_and_the_workbook_says_why(monkeypatch):
    monkeypatch.setattr(extract_module, "LONGEST_REMARKED", 0)
    disclosure = sample()
    frameworks = filled_frameworks(disclosure, disclosure_tables(disclosure), [])
    page = extract_module.disclosure_extract(disclosure, frameworks, {})
    tables = [block for section in page.sections for block in section.blocks if isinstance(block, Table)]
    remarks = [part.en for table in tables for row in table.rows for part in row[4] if isinstance(part, Phrase)]
    assert "see T7 of the workbook" in "".join(remarks)
    assert not any(hit.en in remark for hit in disclosure.hits for remark in remarks)

"""What a project says of itself in words and dates: purpose, place, parties, periods, implementation, changes."""

from collections.abc import Iterable, Sequence
from typing import Any

from tonne.engine.data.description import Change
from tonne.esg.cover import (
    CREDITING_PERIOD,
    MONITORING_PERIOD,
    OWNER,
    PROJECT_NAME,
    REGISTRATION,
    given,
    monitoring_words,
    period_words,
)
from tonne.esg.document import Block, Break, Column, Content, KeyValues, Marked, Paragraph, Phrase, Table, same
from tonne.esg.figures import Figures, day, in_brackets, phrase, spread
from tonne.esg.numbers import number_text
from tonne.esg.wording import NOT_GIVEN

DASH = same("—")
PLACE = Phrase("项目地点", "Location")
HOST = Phrase("所在国", "Host country")
COORDINATES = Phrase("地理坐标", "Coordinates")
LATITUDE_LONGITUDE = Phrase("纬度{latitude}°，经度{longitude}°", "latitude {latitude}°, longitude {longitude}°")
TIME_ZONE = Phrase("时区", "Time zone")
ZONE_USED = Phrase("{zone}（日、月、年按此划分）", "{zone}, in which days, months and years begin")
PARTICIPANT = Phrase("参与方", "Participant")
CONSTRUCTION, OPERATION = Phrase("开工日期", "Start of construction"), Phrase("投产日期", "Start of operation")
LIFETIME, YEARS = Phrase("寿命期", "Lifetime"), Phrase("{count}年", "{count} years")
STAGE = Phrase("数据性质", "Kind of data")
ESTIMATED = Phrase("设计阶段：全部监测参数取估算值", "design stage: all monitored parameters are estimates")
DESCRIPTION = Phrase("项目简介", "Description")
KIND, WHAT, WHEN = Phrase("类别", "Kind"), Phrase("变更内容", "Change"), Phrase("时间", "Date")
WHY = Phrase("原因", "Reason")
EFFECT = Phrase("对适用条件、额外性和计算的影响", "Effect on applicability, additionality and calculation")
SUPPORT = Phrase("批准与支撑文件", "Approval and evidence")
CHANGE_KINDS = {
    "temporary_deviation": Phrase("临时偏离", "temporary deviation"),
    "correction": Phrase("更正", "correction"),
    "crediting_period": Phrase("计入期变更", "crediting period"),
    "plan_added": Phrase("补入监测计划", "monitoring plan included"),
    "plan_changed": Phrase("监测计划永久变更", "permanent change of the plan"),
    "design_changed": Phrase("项目设计变更", "change of design"),
    "forestry": Phrase("造林再造林变更", "afforestation, reforestation"),
    "other": Phrase("其他", "other"),
}
NUMBER, ANNEX = Phrase("序号", "No."), Phrase("附件名称", "Annex")
FILE, DIGEST = Phrase("文件", "File"), Phrase("摘要值（SHA-256）", "Digest (SHA-256)")
DIAGRAM, DATA_FILE = Phrase("计量接线图", "Metering diagram"), Phrase("监测数据文件", "Data file")
BESIDE = Phrase("随本报告生成，内含结果摘要值", "made with this report; holds the digest of the result")
OF_RESULT = Phrase("计算结果摘要值（SHA-256）：", "Digest of the result (SHA-256): ")
OUTPUT_FILES = {
    "workbook.xlsx": Phrase("计算工作簿", "Calculation workbook"),
    "result.json": Phrase("计算结果", "Result"),
    "dossier.zip": Phrase(
        "复算档案（方法学、项目文件与全部数据）", "Dossier with methodology, project file and all data"
    ),
}
SYSTEM_TEXTS = ("monitoring_system", "organisation", "data_flow", "quality_assurance", "abnormal_data")


def narrative_blocks(figures: Figures, names: Sequence[str]) -> tuple[Block, ...]:
    """Take texts of the project's narrative, each a paragraph."""
    told = figures.result.project.spec.narrative
    texts = [getattr(told, name) for name in names] if told else []
    return tuple(Paragraph((phrase(text),)) for text in texts if text)


def purpose_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say what the project is for."""
    description = figures.result.project.spec.description
    first = (Paragraph((phrase(description),)),) if description else ()
    return (*first, *narrative_blocks(figures, ["purpose"]))


def project_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say on one card what the project is, where and when."""
    spec = figures.result.project.spec
    rows: list[tuple[Phrase, Content]] = [
        (PROJECT_NAME, (phrase(spec.name),)),
        (OWNER, given(spec.owner)),
        (DESCRIPTION, given(spec.description)),
        (PLACE, _place(figures)),
        (REGISTRATION, given(spec.registration)),
        (MONITORING_PERIOD, (monitoring_words(figures),)),
        (CREDITING_PERIOD, (period_words(spec.crediting_period),)),
        (TIME_ZONE, (same(spec.time_zone),)),
    ]
    if spec.stage == "design":
        rows.append((STAGE, (ESTIMATED,)))
    return (KeyValues(tuple(rows)), *narrative_blocks(figures, ["purpose"]))


def _place(figures: Figures) -> Content:
    location = figures.result.project.spec.location
    if location is None:
        return (NOT_GIVEN,)
    coordinates = _coordinates(location)
    return (phrase(location.text), in_brackets(coordinates)) if coordinates else (phrase(location.text),)


def _coordinates(location: Any) -> Phrase | None:
    if location.latitude is None or location.longitude is None:
        return None
    latitude, longitude = (number_text(value, digits=12) for value in (location.latitude, location.longitude))
    return LATITUDE_LONGITUDE.filled(latitude=latitude, longitude=longitude)


def location_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say where the project is."""
    spec = figures.result.project.spec
    if spec.location is None and spec.host is None:
        return ()
    rows: list[tuple[Phrase, Content]] = [(HOST, given(spec.host))] if spec.host else []
    if spec.location:
        coordinates = _coordinates(spec.location)
        rows.append((PLACE, (phrase(spec.location.text),)))
        rows.append((COORDINATES, (coordinates or NOT_GIVEN,)))
    rows.append((TIME_ZONE, (ZONE_USED.filled(zone=spec.time_zone),)))
    return (KeyValues(tuple(rows)),)


def party_blocks(figures: Figures) -> tuple[Block, ...]:
    """List the owner and the participants."""
    spec = figures.result.project.spec
    rows: list[tuple[Phrase, Content]] = [(OWNER, (phrase(spec.owner),))] if spec.owner else []
    rows += [(PARTICIPANT, (phrase(text),)) for text in spec.participants]
    rows += [(HOST, (phrase(spec.host),))] if spec.host else []
    texts = narrative_blocks(figures, ["ownership"])
    return (KeyValues(tuple(rows)), *texts) if rows else texts


def crediting_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say which crediting period the project has, and which part of it is reported."""
    spec = figures.result.project.spec
    rows: list[tuple[Phrase, Content]] = [(CREDITING_PERIOD, (period_words(spec.crediting_period),))]
    if spec.stage == "monitoring":
        rows.append((MONITORING_PERIOD, (monitoring_words(figures),)))
    return (KeyValues(tuple(rows)), *narrative_blocks(figures, ["crediting_choice"]))


def milestone_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say when the activity began and how long it lasts."""
    dates = figures.result.project.spec.milestones
    if dates is None:
        return ()
    rows: list[tuple[Phrase, Content]] = []
    rows += [(CONSTRUCTION, (day(dates.construction),))] if dates.construction else []
    rows += [(OPERATION, (day(dates.operation),))] if dates.operation else []
    rows += [(LIFETIME, (YEARS.filled(count=dates.lifetime_years),))] if dates.lifetime_years else []
    return (KeyValues(tuple(rows)),) if rows else ()


def status_blocks(figures: Figures) -> tuple[Block, ...]:
    """Say how the project was implemented and how it ran."""
    return (*milestone_blocks(figures), *narrative_blocks(figures, ["technology", "status"]))


def system_blocks(figures: Figures) -> tuple[Block, ...]:
    """Describe the monitoring system in words."""
    return narrative_blocks(figures, SYSTEM_TEXTS)


def change_blocks(figures: Figures, kind: str | None = None) -> tuple[Block, ...]:
    """List the changes after registration, all or those of one kind."""
    changes = figures.result.project.spec.changes
    taken = [change for change in changes if kind is None or change.kind == kind]
    if not taken:
        return ()
    first = [Column((KIND,), 3)] if kind is None else []
    columns = (
        *first,
        Column((WHAT,), 6),
        Column((WHEN,), 3),
        Column((WHY,), 5),
        Column((EFFECT,), 6),
        Column((SUPPORT,), 4),
    )
    return (Table(columns, tuple(_change_row(change, kind is None) for change in taken)),)


def _change_row(change: Change, with_kind: bool) -> tuple[Content, ...]:
    support: Iterable[Content] = [(same(text),) for text in (change.approval, change.evidence) if text]
    cells: tuple[Content, ...] = (
        (phrase(change.what),),
        (same(str(change.date)),),
        (phrase(change.reason),),
        (phrase(change.effect),) if change.effect else (NOT_GIVEN,),
        spread(support, Break()) or (NOT_GIVEN,),
    )
    return ((CHANGE_KINDS[change.kind],), *cells) if with_kind else cells


def sentence_blocks(text: Any) -> tuple[Block, ...]:
    """Take a sentence of an outline."""
    return (Paragraph((phrase(text),)),)


def annex_blocks(figures: Figures) -> tuple[Block, ...]:
    """List what is handed in with the report: annexes of the project, the metering diagram, and the files beside it."""
    result = figures.result
    spec = result.project.spec
    digests = {file.path: file.sha256 for file in result.dataset.files}
    titles: dict[str, Phrase] = {annex.file: phrase(annex.title) for annex in spec.annexes}
    if spec.plan and spec.plan.diagram in digests:
        titles.setdefault(spec.plan.diagram, DIAGRAM)
    rows: list[tuple[Phrase, Content, Content]] = [
        (title, (same(path),), (Marked(same(digests[path]), "code"),)) for path, title in titles.items()
    ]
    rows += [
        (DATA_FILE, (same(file.path),), (Marked(same(file.sha256), "code"),))
        for file in result.dataset.files
        if file.path not in titles
    ]
    rows += [(title, (same(name),), (BESIDE,)) for name, title in OUTPUT_FILES.items()]
    columns = (Column((NUMBER,), 1, "centre"), Column((ANNEX,), 4), Column((FILE,), 4), Column((DIGEST,), 7))
    table = tuple(
        ((same(str(position)),), (title,), file, digest) for position, (title, file, digest) in enumerate(rows, start=1)
    )
    return (Table(columns, table), Paragraph((OF_RESULT, Marked(same(figures.digest), "code")), "small"))

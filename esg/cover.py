"""The rows of the cover, each by its name; an outline says which stand on it, and under which labels."""

from collections.abc import Callable, Mapping
from typing import Any

from tonne.engine.result.result import ROLES
from tonne.esg import basis, calculation
from tonne.esg.document import Content, KeyValues, Marked, Phrase, same
from tonne.esg.figures import Figures, day, followed, in_brackets, joined, phrase
from tonne.esg.outline import CoverRow, Outline
from tonne.esg.wording import NOT_GIVEN, PERIOD, SCHEMES, SEMICOLON
from tonne.esg.wording import ROLES as ROLE_WORDS

PROJECT_NAME = Phrase("项目名称", "Project")
REGISTRATION = Phrase("项目登记编号", "Registration number")
OWNER = Phrase("项目业主", "Project owner")
MONITORING_PERIOD = Phrase("监测期", "Monitoring period")
PERIOD_NUMBER = Phrase("第{number}期，", "No. {number}, ")
CREDITING_PERIOD = Phrase("计入期", "Crediting period")
BY_YEAR = Phrase("分日历年减排量", "Reductions by calendar year")
OUTLINE_NAME = Phrase("{id}第{version}版", "{id}, version {version}")
NO_ESTIMATE = Phrase("项目文件未提供预估减排量", "no estimate in the project file")
NO_SPLIT = Phrase("无法按此日期划分", "cannot be divided at this date")
FIRST_REPORT = Phrase("第1份", "1")
LATER_REPORT = Phrase("修订版", "revised")

PLAIN_ROWS = (
    "name registration owner methodology document scheme evidence monitoring_period crediting_period "
    "baseline project leakage reduction by_year digest engine outline"
)


def cover_rows(figures: Figures, outline: Outline) -> KeyValues:
    """Fill the rows that an outline puts on its cover."""
    asked = outline.cover or tuple(CoverRow(row=name) for name in PLAIN_ROWS.split())
    rows = []
    for item in asked:
        label, content = ROWS[item.row]
        own = Phrase(item.zh or label.zh, item.en or label.en)
        rows.append((own, content(figures, outline)))
    return KeyValues(tuple(rows))


def period_words(period: Any) -> Phrase:
    """Print a period with its days."""
    return PERIOD.filled(start=day(period.start), end=day(period.end), days=f"{period.days:,}")


def monitoring_words(figures: Figures) -> Phrase:
    """Print the monitoring period with its number."""
    period = figures.result.project.spec.monitoring_period
    told = period_words(period)
    if not period.number:
        return told
    prefix = PERIOD_NUMBER.filled(number=period.number)
    return Phrase(prefix.zh + told.zh, prefix.en + told.en)


def given(text: Any) -> Content:
    """Take a text of the project, or say that there is none."""
    if text is None or text == "":
        return (NOT_GIVEN,)
    return (same(text),) if isinstance(text, str) else (phrase(text),)


def _edition(figures: Figures, field: str) -> Content:
    edition = figures.result.project.spec.edition
    if edition is None:
        return (NOT_GIVEN,)
    if field == "number":
        return (FIRST_REPORT if edition.first else LATER_REPORT,)
    if field == "date":
        return (day(edition.date),) if edition.date else (NOT_GIVEN,)
    return (same(edition.version),)


def _plan_version(figures: Figures) -> Content:
    plan = figures.result.project.spec.plan
    if plan is None:
        return (NOT_GIVEN,)
    return (joined([same(part) for part in (plan.document, plan.version) if part], SEMICOLON),)


def _construction(figures: Figures) -> Content:
    dates = figures.result.project.spec.milestones
    return (day(dates.construction),) if dates and dates.construction else (NOT_GIVEN,)


def _parties(figures: Figures) -> Content:
    spec = figures.result.project.spec
    named = [phrase(text) for text in (spec.owner, *spec.participants) if text]
    return (joined(dict.fromkeys(named), SEMICOLON),) if named else (NOT_GIVEN,)


def _made(figures: Figures, id_: str, otherwise: Phrase) -> Content:
    return followed(figures.made(id_)) if id_ in figures.derived else (otherwise,)


def _estimated(figures: Figures, of_design: str, otherwise: str) -> Content:
    """Show a total of the design: as computed where the run is one, else as the project gives it."""
    if figures.result.project.spec.stage == "design":
        return followed(figures.by_id(of_design))
    return _made(figures, otherwise, NO_ESTIMATE)


Row = tuple[Phrase, Callable[[Figures, Outline], Content]]
ROWS: Mapping[str, Row] = {
    "name": (PROJECT_NAME, lambda figures, _: (phrase(figures.result.project.spec.name),)),
    "registration": (REGISTRATION, lambda figures, _: given(figures.result.project.spec.registration)),
    "owner": (OWNER, lambda figures, _: _parties(figures)),
    "host": (Phrase("所在国", "Host country"), lambda figures, _: given(figures.result.project.spec.host)),
    "sector": (Phrase("行业领域", "Sector"), lambda figures, _: given(figures.result.project.spec.sector)),
    "methodology": (
        basis.METHODOLOGY,
        lambda figures, _: (
            phrase(figures.result.methodology.spec.title),
            in_brackets(same(figures.result.methodology.id)),
        ),
    ),
    "document": (basis.DOCUMENT, lambda figures, _: (same(figures.result.methodology.spec.source.document),)),
    "scheme": (basis.SCHEME, lambda figures, _: (SCHEMES[figures.result.methodology.spec.scheme],)),
    "evidence": (basis.EVIDENCE_WORDS, lambda figures, _: basis.evidence_summary(figures.result)),
    "plan_version": (Phrase("设计文件", "Design document"), lambda figures, _: _plan_version(figures)),
    "edition": (Phrase("版本号", "Version"), lambda figures, _: _edition(figures, "version")),
    "edition_date": (Phrase("编制完成日期", "Date of completion"), lambda figures, _: _edition(figures, "date")),
    "edition_number": (Phrase("本期报告序号", "Report of this period"), lambda figures, _: _edition(figures, "number")),
    "construction": (Phrase("开工日期", "Start of construction"), lambda figures, _: _construction(figures)),
    "monitoring_period": (MONITORING_PERIOD, lambda figures, _: (monitoring_words(figures),)),
    "crediting_period": (
        CREDITING_PERIOD,
        lambda figures, _: (period_words(figures.result.project.spec.crediting_period),),
    ),
    **{
        role: (ROLE_WORDS[role], lambda figures, _, role=role: followed(figures.rounded_total(role)))  # type: ignore[misc]
        for role in ROLES
    },
    "by_year": (BY_YEAR, lambda figures, _: calculation.year_lines(figures, "reduction")),
    "estimated": (
        Phrase("预估减排量", "Reductions estimated"),
        lambda figures, _: _made(figures, "ex_ante.prorated", NO_ESTIMATE),
    ),
    "estimated_mean": (
        Phrase("年均预估减排量", "Mean yearly estimate"),
        lambda figures, _: _estimated(figures, "reduction.mean", "ex_ante.mean"),
    ),
    "estimated_total": (
        Phrase("计入期预估减排量", "Estimate for the crediting period"),
        lambda figures, _: _estimated(figures, "reduction.rounded", "ex_ante"),
    ),
    "split_until_2012": (
        Phrase("2012年及以前减排量", "Reductions until 2012"),
        lambda figures, _: _made(figures, "reduction.until_2012", NO_SPLIT),
    ),
    "split_2013_to_2020": (
        Phrase("2013年至2020年减排量", "Reductions from 2013 to 2020"),
        lambda figures, _: _made(figures, "reduction.2013_to_2020", NO_SPLIT),
    ),
    "split_from_2021": (
        Phrase("2021年及以后减排量", "Reductions from 2021"),
        lambda figures, _: _made(figures, "reduction.from_2021", NO_SPLIT),
    ),
    "digest": (
        Phrase("结果摘要值（SHA-256）", "Digest of the result (SHA-256)"),
        lambda figures, _: (Marked(same(figures.digest), "code"),),
    ),
    "engine": (
        Phrase("计算程序版本", "Engine"),
        lambda figures, _: (same(f"tonne {figures.result.engine_version}"),),
    ),
    "outline": (
        Phrase("报告体例", "Outline"),
        lambda _, outline: (OUTLINE_NAME.filled(id=outline.id, version=outline.version),),
    ),
}

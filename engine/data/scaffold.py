"""Makes a new project folder for a methodology: what must be filled in, and nothing that computes as it is.

A data file that is there already is copied in, and what it seems to hold is proposed as a comment.
"""

import shutil
from pathlib import Path

from tonne.engine.data.project import PROJECT_FILE
from tonne.engine.data.proposal import Proposal
from tonne.engine.errors import Place, Problem, ProjectError
from tonne.engine.spec.methodology import Methodology, Quantity

DATA_FOLDER = "data"
FIRST_YEAR = 2025


def scaffold(methodology: Methodology, folder: Path) -> list[Path]:
    """Write a project file and empty data files with headers; gives the paths.

    Raises:
        ProjectError: the methodology is a module, or the folder is not empty.
    """
    if methodology.spec.outputs is None:
        raise ProjectError(
            Problem(f"{methodology.id} is a module, not a methodology", hint="`tonne list` shows methodologies")
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(Problem("the folder is not empty", Place(str(folder)), hint="name a new folder"))
    monitored = [quantity for quantity in methodology.parameters.values() if quantity.parameter.from_ == "monitored"]
    files = {
        DATA_FOLDER + "/" + _file_name(quantity): _header(quantity)
        for quantity in monitored
        if _is_clocked(methodology, quantity)
    }
    (folder / DATA_FOLDER).mkdir(parents=True)
    (folder / PROJECT_FILE).write_text("\n".join(_lines(methodology, monitored)) + "\n", encoding="utf-8")
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / PROJECT_FILE, *(folder / name for name in files)]


def first_reading(methodology: Methodology) -> Quantity | None:
    """Give the first parameter that readings can feed, which a proposal names until a human decides."""
    return next(
        (
            quantity
            for quantity in methodology.parameters.values()
            if quantity.parameter.from_ == "monitored"
            and _is_clocked(methodology, quantity)
            and len(quantity.over) == 1
        ),
        None,
    )


def take_in(folder: Path, source: Path) -> str:
    """Copy a data file into a project folder, unless it is there; gives its name relative to the folder.

    Raises:
        ProjectError: there is no project file, or another file of that name.
    """
    if not (folder / PROJECT_FILE).is_file():
        hint = "name a methodology too, to make a new project"
        raise ProjectError(Problem(f"there is no {PROJECT_FILE} in the folder", Place(str(folder)), hint=hint))
    inside = source.resolve()
    if inside.is_relative_to(folder.resolve()):
        return inside.relative_to(folder.resolve()).as_posix()
    copy = folder / DATA_FOLDER / source.name
    if copy.exists():
        raise ProjectError(Problem("there is a file of that name", Place(str(copy)), hint="rename one of them"))
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, copy)
    return f"{DATA_FOLDER}/{source.name}"


def add_proposal(folder: Path, source: str, proposal: Proposal) -> Path:
    """Write a proposal at the end of the project file, as a comment; gives the path."""
    path = folder / PROJECT_FILE
    lines = [
        "",
        f"# Proposed for {source}; take out the marks and put it under `readings:`. To be decided:",
        *(f"#   - {decision}" for decision in proposal.decisions),
        *(f"# {line}" for line in proposal.yaml.splitlines()),
    ]
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _file_name(quantity: Quantity) -> str:
    return f"{quantity.id.replace('.', '_')}.csv"


def _is_clocked(methodology: Methodology, quantity: Quantity) -> bool:
    return any(methodology.step(name) for name in quantity.over)


def _others(methodology: Methodology, quantity: Quantity) -> list[str]:
    return [name for name in quantity.over if not methodology.step(name)]


def _header(quantity: Quantity) -> str:
    if len(quantity.over) > 1:
        return ",".join([*quantity.over, "value", "unit"]) + "\n"
    return "time,meter,value\n"


def _lines(methodology: Methodology, monitored: list[Quantity]) -> list[str]:
    spec = methodology.spec
    year = FIRST_YEAR
    lines = [
        "format: 1",
        "name: {zh: 待填, en: to be filled in}",
        f"methodology: {methodology.id}          # {spec.title.en} · {spec.title.zh}",
        "time_zone: Asia/Shanghai          # days, months and years begin in this zone",
        f"crediting_period: {{start: {year}-01-01, end: {year + 9}-12-31}}",
        f"monitoring_period: {{start: {year}-01-01, end: {year}-12-31, number: 1}}",
    ]
    options = {name: option for name, option in methodology.options.items() if name not in methodology.fixed_options}
    if options:
        lines.append("options:")
        lines += [
            f"  {name}: {option.default or 'CHOOSE'}          # {option.name.en}: {' | '.join(option.values)}"
            for name, option in options.items()
        ]
    fixed = [quantity for quantity in methodology.parameters.values() if quantity.parameter.from_ == "fixed"]
    if fixed:
        lines.append("values:")
        lines += [
            f"  {quantity.id}: {{unit: '{quantity.unit.text}', value: FILL}}          # {_name(quantity)}"
            for quantity in fixed
        ]
    stated = [condition.spec for condition in methodology.conditions if condition.tree is None]
    if stated:
        lines.append("conditions:")
        lines += [
            f"  {item.id}: {{met: FILL, fact: {{zh: 待填, en: to be filled in}}}}          # {item.text.en}"
            + (f" Only if {item.when}." if item.when else "")
            for item in stated
        ]
    readings = [quantity for quantity in monitored if _is_clocked(methodology, quantity) and len(quantity.over) == 1]
    records = [quantity for quantity in monitored if _is_clocked(methodology, quantity) and len(quantity.over) > 1]
    if readings:
        lines.append("readings:")
        for quantity in readings:
            lines += _reading(quantity)
    if records:
        lines.append("records:")
        for quantity in records:
            lines += _record(methodology, quantity)
    return lines


def _reading(quantity: Quantity) -> list[str]:
    return [
        f"  {quantity.id.replace('.', '_')}:          # {_name(quantity)}",
        f"    file: {DATA_FOLDER}/{_file_name(quantity)}",
        "    time: {column: time, marks: start, interval: 1 hour}          # 2025-01-01T00:00:00+08:00",
        f"    value: {{column: value, unit: '{quantity.unit.text}', reads: interval}}          # interval | average | register | state",
        "    meter: {column: meter}",
        f"    feeds: [{{parameter: {quantity.id}}}]",
    ]


def _record(methodology: Methodology, quantity: Quantity) -> list[str]:
    index = ", ".join(f"{name}: {name}" for name in quantity.over)
    return [
        f"  {quantity.id.replace('.', '_')}:          # {_name(quantity)}; {', '.join(_others(methodology, quantity))}",
        f"    file: {DATA_FOLDER}/{_file_name(quantity)}",
        f"    index: {{{index}}}",
        f"    parameters: {{{quantity.id}: {{column: value, unit_column: unit}}}}",
    ]


def _name(quantity: Quantity) -> str:
    name = quantity.spec.name
    return f"{name.en} · {name.zh}" if name else quantity.symbol

"""The options of a project: each chosen once, or once per member; checked against the methodology.

An option that only branches not taken would read need not be chosen, nor one over a dimension without members.
"""

from collections.abc import Mapping

from tonne.engine.data.project import Project
from tonne.engine.errors import Problem, ProjectError, listing, nearest
from tonne.engine.plan import options_read
from tonne.engine.spec.methodology import Methodology


def chosen_options(project: Project, methodology: Methodology) -> dict[str, str | Mapping[str, str]]:
    """Give the choice of every option that is read.

    Raises:
        ProjectError: an option is unknown, has no such value, or is not chosen.
    """
    problems: list[Problem] = []
    choices: dict[str, str | Mapping[str, str]] = {}
    given = project.spec.options
    for name, choice in given.items():
        place = project.document.place("options", name)
        option = methodology.options.get(name)
        if option is None:
            hint = nearest(name, methodology.options) or f"options are {listing(list(methodology.options)) or 'none'}"
            problems.append(Problem(f"unknown option '{name}'", place, hint=hint))
            continue
        if name in methodology.fixed_options:
            problems.append(
                Problem(f"option {name} is fixed by the methodology", place, methodology.fixed_options[name])
            )
            continue
        if isinstance(choice, Mapping) is not bool(option.over):
            each = f"a value for each {', '.join(option.over)}" if option.over else "one value"
            problems.append(Problem(f"option {name} is not right", place, each))
            continue
        for value in choice.values() if isinstance(choice, Mapping) else [choice]:
            if value not in option.values:
                values = list(option.values)
                problems.append(
                    Problem(
                        f"option {name} has no value '{value}'",
                        place,
                        f"one of {listing(values)}",
                        hint=nearest(value, values),
                    )
                )
        choices[name] = choice
    choices |= methodology.fixed_options
    without = {name for name, members in project.spec.members.items() if not members}
    choices |= {name: {} for name, option in methodology.options.items() if without.intersection(option.over)}
    open_ones = {name: option for name, option in methodology.options.items() if name not in choices}
    read = options_read(methodology, choices) if open_ones else frozenset()
    for name, option in open_ones.items():
        if name in read and name not in given and option.default is not None:
            choices[name] = {} if option.over else option.default
    read = options_read(methodology, choices) if open_ones else frozenset()  # the defaults leave branches out
    problems.extend(
        Problem(
            f"option {name} ({option.name.en}) is not chosen",
            project.document.place("options"),
            f"one of {listing(list(option.values))}",
            hint=f"add `{name}: …` under options",
        )
        for name, option in open_ones.items()
        if name in read and name not in given and name not in choices
    )
    if problems:
        raise ProjectError(problems)
    return choices

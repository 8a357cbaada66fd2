"""Where the tonnes of a project stand toward the inventory: reduced or removed inside its boundary, or outside of it."""

from tonne.esg.disclosure.facts import ProjectFacts


def is_outside(project: ProjectFacts) -> bool:
    """Whether the tonnes of a project touch nothing that the inventory holds."""
    return project.boundary == "outside" or project.effect == "avoided"


def is_measure(project: ProjectFacts) -> bool:
    """Whether a project reduces emissions inside the boundary."""
    return project.effect == "reduction" and not is_outside(project)


def is_own_removal(project: ProjectFacts) -> bool:
    """Whether a project removes carbon inside the boundary."""
    return project.effect == "removal" and not is_outside(project)

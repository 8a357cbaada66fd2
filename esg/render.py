"""The Jinja2 environment of the documents: sandboxed, strict about what is missing, escaping everything.

Templates hold layout only; numbers arrive as text.
"""

from collections.abc import Set as AbstractSet
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2 import TemplateError as TemplateFault
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["TEMPLATES", "TemplateFault", "environment", "faults_of_code"]

PLAIN_NODES = {"Template", "Output", "TemplateData", "Name", "If", "Not"}
TEMPLATES = Path(__file__).with_name("templates")


def environment() -> SandboxedEnvironment:
    """Make the environment in which templates are rendered."""
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def faults_of_code(source: str, fields: AbstractSet[str]) -> list[str]:
    """List what a template holds besides text, the fields and conditions on them; it is read here and never run."""
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as fault:
        return [f"{fault.message}"[:200]]
    faults = [f"unknown field {name.name}" for name in tree.find_all(nodes.Name) if name.name not in fields]
    found = {type(node).__name__ for node in tree.find_all(nodes.Node)} - PLAIN_NODES
    return [*faults, *(f"code: {kind}" for kind in sorted(found))]

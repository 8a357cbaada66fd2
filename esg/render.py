"""The Jinja2 environment of the documents: sandboxed, strict about what is missing, escaping everything.

Templates hold layout only; numbers arrive as text.
"""

from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

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

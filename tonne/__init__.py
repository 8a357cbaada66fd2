"""Emission-reduction methodologies as checked, computed and documented data.

>>> import tonne
>>> tonne.check("ccer_01_002_v01").passed
True
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tonne.api import (
        baseline,
        check,
        diff,
        disclose,
        evaluate,
        list_methodologies,
        load_methodology,
        run,
        same_as,
        verify,
    )

__all__ = [
    "baseline",
    "check",
    "diff",
    "disclose",
    "evaluate",
    "list_methodologies",
    "load_methodology",
    "run",
    "same_as",
    "verify",
]


def __getattr__(name: str) -> Any:
    # The engine takes a moment to import; `tonne --help` and tools that only look need not wait for it.
    if name in __all__:
        from tonne import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module 'tonne' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Turns what the models refuse into problems with line, column, what was expected and what was found."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tonne.engine.errors import Problem, TonneError, listing, nearest
from tonne.engine.spec.models import FULL_NAME_PATTERN, NAME_PATTERN
from tonne.engine.spec.source import Document

M = TypeVar("M", bound=BaseModel)

_PATTERNS = {
    NAME_PATTERN: "a name of letters, digits and _ that begins with a letter, at most 60 characters",
    FULL_NAME_PATTERN: "a name, or `alias.name` for a part of a module",
}


def shaped(model: type[M], document: Document, error: type[TonneError]) -> M:
    """Give a document its model.

    Raises:
        error: with every place where the document does not have the model's shape.
    """
    if not isinstance(document.data, dict):
        raise error(
            Problem(
                "the file is not a mapping",
                document.place(),
                expected="`key: value` lines",
                found=_shown(document.data),
            )
        )
    try:
        return model.model_validate(document.data)
    except ValidationError as fault:
        problems = [_problem(item, model, document) for item in fault.errors(include_url=False)]
        unique = list(dict.fromkeys(problems))
        raise error(sorted(unique, key=lambda problem: (problem.place.line or 0) if problem.place else 0)) from None


def _problem(item: Any, model: type[BaseModel], document: Document) -> Problem:
    steps = _real_steps(item["loc"], document)
    kind = item["type"]
    name = ".".join(str(step) for step in steps)
    if kind == "extra_forbidden":
        allowed = _allowed_keys(model, steps[:-1])
        return Problem(
            f"unknown key '{str(steps[-1])[:80]}'"
            + (f" in {'.'.join(map(str, steps[:-1]))[:200]}" if steps[:-1] else ""),
            document.place(*steps),
            expected=f"one of {listing(allowed)}" if allowed else None,
            hint=nearest(str(steps[-1]), allowed) or "remove it",
        )
    if kind == "missing":
        return Problem(f"{name[:200]} is missing", document.place(*steps[:-1]), hint=f"add `{steps[-1]}:`")
    expected = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ").replace("a valid ", "a ")
    expected = expected.replace("a dictionary", "a mapping").replace("instance of Fraction", "a number")
    if kind == "string_type":
        expected = (
            "text (put it in quotes)"
            if isinstance(item["input"], (int | bool)) or hasattr(item["input"], "as_tuple")
            else "text"
        )
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(item["ctx"]["pattern"], expected)
    of_key = item["loc"][-1:] == ("[key]",)
    place = document.place(*steps) if of_key or (*steps, "=") not in document.places else document.place(*steps, "=")
    found = None if kind == "value_error" and isinstance(item["input"], dict | list) else _shown(item["input"])
    return Problem(f"{name[:200] or 'the file'} is not right", place, expected=expected, found=found)


def _real_steps(location: tuple[str | int, ...], document: Document) -> tuple[str | int, ...]:
    """Drop the steps that pydantic adds for unions and keys; they stand in no document."""
    steps: tuple[str | int, ...] = ()
    for index, step in enumerate(location):
        last = index == len(location) - 1
        if (*steps, step) in document.places or (last and isinstance(step, str) and not _is_tag(step)):
            steps = (*steps, step)
    return steps


def _is_tag(step: str) -> bool:
    return "[" in step or step in {"str", "Text", "dict", "list"}


def _allowed_keys(model: type[BaseModel], steps: tuple[str | int, ...]) -> list[str]:
    """List the keys of the model that stands at a path."""
    current: list[type[BaseModel]] = [model]
    for step in steps:
        following: list[type[BaseModel]] = []
        for candidate in current:
            for name, field in candidate.model_fields.items():
                if (field.alias or name) == step:
                    following.extend(_models_in(field.annotation))
        if following:
            current = following
    return sorted({field.alias or name for candidate in current for name, field in candidate.model_fields.items()})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in getattr(annotation, "__args__", ()) for found in _models_in(argument)]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"

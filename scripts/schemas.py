"""Writes the JSON Schemas of all files that are read and written into docs/; with --check, only compares."""

import json
import sys
from pathlib import Path
from typing import Any

from tonne.engine.data.answers import AnswersSpec
from tonne.engine.data.project import ProjectSpec
from tonne.engine.prove.schema import check_schema
from tonne.engine.result.schema import result_schema
from tonne.engine.savings.task import TaskSpec
from tonne.engine.spec.models import FactorTableSpec, MethodologySpec
from tonne.esg.disclosure.entity import EntitySpec, ProjectsFile

DOCS = Path(__file__).resolve().parent.parent / "docs"


def schemas() -> dict[str, dict[str, Any]]:
    """Give every schema by file name."""
    return {
        "spec.schema.json": MethodologySpec.model_json_schema(by_alias=True),
        "factor-table.schema.json": FactorTableSpec.model_json_schema(by_alias=True),
        "project.schema.json": ProjectSpec.model_json_schema(by_alias=True),
        "baseline.schema.json": TaskSpec.model_json_schema(by_alias=True),
        "result.schema.json": result_schema(),
        "answers.schema.json": AnswersSpec.model_json_schema(by_alias=True),
        "check.schema.json": check_schema(),
        "entity.schema.json": EntitySpec.model_json_schema(by_alias=True),
        "entity-projects.schema.json": ProjectsFile.model_json_schema(by_alias=True),
    }


def text(schema: dict[str, Any]) -> str:
    """Write a schema as it stands in docs/."""
    return (
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema},
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def main() -> None:
    """Write, or compare and end with 1 where a file is not current."""
    stale = []
    for name, schema in schemas().items():
        path = DOCS / name
        if "--check" in sys.argv:
            if not path.is_file() or path.read_text(encoding="utf-8") != text(schema):
                stale.append(name)
        else:
            path.write_text(text(schema), encoding="utf-8")
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run `uv run python scripts/schemas.py`")


if __name__ == "__main__":
    main()

"""The published shape of `result.json`."""

from typing import Any

_EXACT = {
    "type": "string",
    "pattern": "^-?[0-9]+(\\.[0-9]+)?$",
    "description": "decimal digits, to 34 significant ones",
}
_TEXT = {
    "type": "object",
    "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
    "required": ["zh", "en"],
    "additionalProperties": False,
}
_DAYS = {
    "type": "object",
    "properties": {
        "start": {"type": "string", "format": "date"},
        "end": {"type": "string", "format": "date"},
    },
    "required": ["start", "end"],
    "additionalProperties": False,
}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ROLES = {
    "type": "object",
    "properties": dict.fromkeys(("baseline", "project", "leakage", "reduction"), _EXACT),
    "required": ["baseline", "project", "leakage", "reduction"],
    "additionalProperties": False,
}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def result_schema() -> dict[str, Any]:
    """Give the JSON Schema of `result.json`; values are in the unit of their quantity."""
    text, whole = {"type": "string"}, {"type": "integer", "minimum": 0}
    project = {
        "name": _TEXT,
        "statement": _nullable(_TEXT),
        "registration": _nullable(text),
        "time_zone": text,
        "crediting_period": _DAYS,
        "monitoring_period": _DAYS,
        "digest": _DIGEST,
    }
    methodology = {
        "id": text,
        "title": _TEXT,
        "scheme": text,
        "document": text,
        "evidence": text,
        "digest": _DIGEST,
        "files": {"type": "array", "items": _object({"path": text, "sha256": _DIGEST})},
    }
    outputs = {
        **dict.fromkeys(("baseline", "project", "leakage", "reduction"), _nullable(text)),
        "rounding": _object({"unit": text, "mode": text, "at": text}),
    }
    quantity = {
        "id": text,
        "kind": {"enum": ["parameter", "equation"]},
        "unit": text,
        "over": {"type": "array", "items": text},
        "count": whole,
        "values": _nullable({"type": "object", "additionalProperties": _EXACT}),
        "origins": {
            "type": "object",
            "description": "by index; * where all are the same",
            "additionalProperties": {"type": "object"},
        },
        "note": text,
    }
    reply = {
        "who": text,
        "when": {"type": "string", "format": "date"},
        "zh": text,
        "en": text,
        "status": {"enum": ["answered", "closed", "reopened"]},
        "evidence": _nullable(text),
    }
    finding = {
        "id": {**text, "description": "stays when amounts change; answers name it"},
        "code": text,
        "severity": {"enum": ["blocking", "corrective action", "clarification", "forward action", "note"]},
        "zh": text,
        "en": text,
        "evidence": {"type": "object"},
        "place": _nullable(text),
        "kind": {"enum": ["CAR", "CL", "FAR", None]},
        "stake": _nullable(_object({"tonnes": _nullable(_EXACT), "zh": text, "en": text})),
        "status": {"enum": ["open", "answered", "closed", "reopened"]},
        "replies": {"type": "array", "items": _object(reply)},
    }
    condition = {
        "id": text,
        "met": {"type": ["boolean", "null"]},
        "tested": {"type": "boolean"},
        "fact": _nullable(_TEXT),
    }
    return {
        "title": "result.json",
        "description": "What a run of tonne leaves behind. Ids of values are quantity@index, such as BE@2024.",
        **_object(
            {
                "digest": {**_DIGEST, "description": "of everything here but `made`, places in files and answers"},
                "format": {"const": 1},
                "made": {"type": "string", "format": "date-time"},
                "engine": _object({"name": {"const": "tonne"}, "version": text}),
                "project": _object(project),
                "methodology": _object(methodology),
                "choices": {"type": "object"},
                "outputs": _object(outputs),
                "years": {
                    "type": "array",
                    "items": _object({"year": text, "exact": _ROLES, "rounded": _ROLES}),
                },
                "total": _ROLES,
                "conditions": {"type": "array", "items": _object(condition)},
                "quantities": {"type": "array", "items": _object(quantity, ("origins", "note"))},
                "data": {
                    "type": "array",
                    "items": _object({"path": text, "sha256": _DIGEST, "bytes": whole}),
                },
                "findings": {"type": "array", "items": _object(finding)},
                "agreement": _object(
                    {
                        "values_compared": whole,
                        "largest_relative_difference": text,
                        "at": _nullable(text),
                        "values_of_a_sample": {
                            **whole,
                            "description": "of those compared: computed from a part of data by the minute",
                        },
                    }
                ),
            }
        ),
    }

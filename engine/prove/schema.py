"""The published shape of `<id>.check.json`."""

from typing import Any

_STRING = {"type": "string"}
_WHOLE = {"type": "integer", "minimum": 0}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_RATIO = {
    "type": "string",
    "pattern": "^-?[0-9]+(/[1-9][0-9]*)?$",
    "description": "an exact ratio, such as 44/12",
}
_PLACE = {"type": ["string", "null"], "description": "file:line:column"}
_EVIDENCE = {"enum": ["source-checked", "secondary", "expert-recall", "composed"]}
_VERDICT = {
    "enum": ["proved", "refuted", "undecided", "noted"],
    "description": "of the property; noted: it does not hold and need not, so the author confirms that it is meant",
}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _by_name(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_TEXT = _object({"zh": _STRING, "en": _STRING})
_POINT = _object(
    {
        "values": {
            **_by_name(_RATIO),
            "description": "by parameter or parameter@index, in the parameter's unit",
        },
        "options": _by_name(_STRING),
        "others": {**_by_name(_STRING), "description": "further inputs with which it was confirmed"},
        "moved": {**_by_name(_RATIO), "description": "the second value of what is moved"},
        "outcome": _TEXT,
    }
)


def check_schema() -> dict[str, Any]:
    """Give the JSON Schema of `<id>.check.json`."""
    methodology = {
        "id": _STRING,
        "kind": {"enum": ["methodology", "module"]},
        "title": _TEXT,
        "scheme": _STRING,
        "document": _STRING,
        "evidence": _EVIDENCE,
        "digest": {**_DIGEST, "description": "over the digests of all parts"},
        "parts": _list(_object({"kind": {"enum": ["spec", "module", "table"]}, "id": _STRING, "sha256": _DIGEST})),
    }
    finding = {
        "code": _STRING,
        "severity": {"enum": ["blocking", "corrective action", "clarification", "forward action", "note"]},
        "zh": _STRING,
        "en": _STRING,
        "evidence": {"type": "object"},
        "place": _PLACE,
    }
    statement = {
        "code": {**_STRING, "pattern": "^[a-z_]+\\.[a-z_]+$"},
        "subject": {**_STRING, "description": "the quantity it is said of"},
        "property": {**_TEXT, "description": "what the verdict is about"},
        "verdict": _VERDICT,
        "zh": _STRING,
        "en": _STRING,
        "points": {
            **_list(_POINT),
            "description": "inputs at which it was seen, computed by the reference evaluator",
        },
        "limits": {
            "anyOf": [_TEXT, {"type": "null"}],
            "description": "why it is not decided, or what the proof leaves out",
        },
        "data": {
            "type": "object",
            "properties": {
                "direction": {"enum": ["increasing", "decreasing", "constant", "either", "undecided"]},
                "claimed": {"enum": ["low", "high", None]},
                "conservative": {
                    "enum": ["low", "high", None],
                    "description": "the proved conservative side",
                },
            },
        },
        "place": _PLACE,
    }
    check = {
        "number": {"type": "integer", "minimum": 1},
        "name": _STRING,
        "zh": _STRING,
        "en": _STRING,
        "made": {
            "type": "boolean",
            "description": "false where names, index sets or units keep proofs from being made",
        },
        "passed": {"type": "boolean"},
        "findings": _list(_object(finding)),
        "statements": _list(_object(statement)),
    }
    conversion = {"quantity": _STRING, "from": _STRING, "to": _STRING, "factor": _RATIO, "offset": _RATIO}
    return {
        "title": "<id>.check.json",
        "description": "What `tonne check ID --report DIR` says of a methodology; no time, no path of a machine.",
        **_object(
            {
                "report": {"const": "tonne check"},
                "format": {"const": 1},
                "engine": _object({"name": {"const": "tonne"}, "version": _STRING}),
                "methodology": _object(methodology),
                "passed": {"type": "boolean"},
                "counts": _object(dict.fromkeys(_VERDICT["enum"], _WHOLE)),
                "scope": {**_list(_TEXT), "description": "what the verdicts mean and do not cover"},
                "checks": _list(_object(check)),
                "conversions": {**_list(_object(conversion)), "description": "to = from × factor + offset"},
                "evidence": _object({"counts": _by_name(_WHOLE), "quantities": _by_name(_EVIDENCE)}),
                "not_covered": {
                    **_list(_TEXT),
                    "description": "what the source says and the spec leaves out",
                },
            }
        ),
    }

"""Gives every fact of a disclosure as plain data: concept, period, unit, decimals, dimensions, value and lineage.

The values are those that the documents show; `exact` has all decimals where they show fewer.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from tonne.esg.disclosure import table_words as words
from tonne.esg.disclosure.amounts import Number, rounded
from tonne.esg.disclosure.cells import Framework
from tonne.esg.disclosure.facts import Disclosure, Hit, Lineage
from tonne.esg.disclosure.inline_xbrl import TaggedFact
from tonne.esg.disclosure.statement import distinct_hits
from tonne.esg.disclosure.table import FactTable
from tonne.esg.disclosure.workbook_sheets import explanation_phrases

FORMAT = 1
_line = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def facts_data(
    disclosure: Disclosure,
    tables: Mapping[str, FactTable],
    frameworks: Sequence[Framework],
    tagged: Sequence[TaggedFact],
) -> dict[str, Any]:
    """Make the whole of `facts.json`; of what is very long, each part as it is asked for."""
    entity = disclosure.entity
    origins = _Origins()
    period = {"start": str(entity.start), "end": str(entity.end)}
    return {
        "format": FORMAT,
        "label": {"zh": words.LABEL.zh, "en": words.LABEL.en},
        "made": disclosure.made,
        "engine": {"name": "tonne", "version": disclosure.engine_version},
        "entity": {
            "identifier": entity.identifier,
            "scheme": entity.scheme,
            "file": entity.file,
            "digest": entity.digest,
            "approach": entity.approach,
            "gwp": entity.gwp,
        },
        "ledger": {"file": disclosure.ledger_file, "digest": disclosure.ledger_digest},
        "period": period,
        "facts": chain(
            (_fact(number, lineage, origins) for table in tables.values() for number, lineage in table.numbers()),
            (cell for framework in frameworks for cell in _cells(framework)),
        ),
        "lineage": origins.listed,  # known once the facts are written
        "tagged": map(_tagged, tagged),
        "rules": [_hit(hit) for hit in distinct_hits(disclosure)],
    }


def write_facts(data: Mapping[str, Any], path: Path) -> None:
    """Write `facts.json`, one fact a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("{")
        for number, (key, value) in enumerate(data.items()):
            file.write(f'{"," if number else ""}\n "{key}": ')
            if isinstance(value, str | int | dict) or value is None:
                file.write(_line(value))
            else:
                _write_list(value, file)
        file.write("\n}\n")


def _write_list(items: Iterable[Any], file: TextIO) -> None:
    file.write("[")
    separator = "\n  "
    for item in items:
        file.write(f"{separator}{_line(item)}")
        separator = ",\n  "
    file.write("]" if separator == "\n  " else "\n ]")


def _amount(number: Number) -> dict[str, Any]:
    """Give value, exact value, decimals and unit; without a value the codes of what keeps it from having one."""
    if number.written is not None:
        return {"value": number.written, "as_written": True, "unit": number.unit}
    if number.value is None:
        return {"value": None, "undetermined": list(number.codes), "unit": number.unit}
    decimals = number.decimals
    shown = rounded(number.value, decimals)
    exact = {"exact": f"{number.value:f}"} if shown != number.value else {}
    return {"value": f"{shown:f}", **exact, "decimals": decimals, "unit": number.unit}


class _Origins:
    """Where facts come from, each told once; facts name them by their position, from 0."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self._positions: dict[Lineage, int] = {}

    def position(self, line: Lineage) -> int:
        found = self._positions.get(line)
        if found is None:
            found = self._positions[line] = len(self.listed)
            self.listed.append(_lineage(line))
        return found


def _fact(number: Number, lineage: Sequence[Lineage], origins: _Origins) -> dict[str, Any]:
    concept, _, row = number.id.partition("@")
    return {
        "id": number.id,
        "concept": concept,
        "dimensions": {"row": row},
        **_amount(number),
        **({"lineage": [origins.position(line) for line in lineage]} if lineage else {}),
    }


def _cells(framework: Framework) -> list[dict[str, Any]]:
    made = []
    for cell in framework.cells:
        amount = (
            _amount(cell.number) if cell.number else {"value": None, "says": {"zh": cell.text.zh, "en": cell.text.en}}
        )
        made.append(
            {
                "id": cell.id,
                "concept": cell.id,
                "dimensions": {"framework": framework.mapping.framework, "version": framework.mapping.version},
                **amount,
                "guarded_by": [rule.value for rule in cell.mapped.rules],
                "fired": list(cell.fired),
                "explanation": [{"zh": said.zh, "en": said.en} for said in explanation_phrases(cell)],
                "evidence": cell.mapped.evidence,
                "made_of": [term.number.id for term in cell.terms],
            }
        )
    return made


def _tagged(fact: TaggedFact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "element": str(fact.element),
        "namespace": fact.element.namespace,
        "value": f"{fact.value:f}" if isinstance(fact.value, Decimal) else fact.value,
        "unit": fact.unit,
        "decimals": fact.decimals,
        "dimensions": {str(member.axis): member.text for member in fact.members},
    }


def _lineage(line: Lineage) -> dict[str, Any]:
    return {
        "source": line.source,
        "file": line.file,
        **({"digest": line.digest} if line.digest else {}),
        **({"traces": list(line.traces)} if line.traces else {}),
        **({"rows": list(line.rows), "row_count": line.row_count} if line.rows else {}),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "rule": hit.rule.value,
        "action": hit.action,
        "subject": hit.subject,
        "vintage": hit.vintage,
        "tonnes": None if hit.tonnes is None else f"{hit.tonnes:f}",
        "moved_to": hit.moved_to,
        "zh": hit.zh,
        "en": hit.en,
    }

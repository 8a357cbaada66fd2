"""Amounts that the entity file dates with a day or a calendar year, and those of them that are of the reporting year."""

import datetime
from collections.abc import Mapping
from decimal import Decimal

from tonne.engine.errors import Place, Problem, ProjectError
from tonne.esg.disclosure.periods import Days

_YEAR = 4  # characters of a calendar year


def within(amounts: Mapping[str, Decimal], year: Days, what: str, place: Place) -> dict[int, Decimal]:
    """Give by calendar year what falls into the reporting year.

    Args:
        amounts: by day (`2024-05-12`) or calendar year (`2024`).
        year: the first and last day of the reporting year.
        what: names the amounts in messages.
        place: where they stand.

    Raises:
        ProjectError: a calendar year is only in part in the reporting year, or a day of it is given beside it.
    """
    found: dict[int, Decimal] = {}
    for label, amount in amounts.items():
        start, end = _days(label)
        if start != end and any(other.startswith(f"{label}-") for other in amounts):
            hint = f"give days only, or {label} only"
            raise ProjectError(
                Problem(f"{what} of {label} are given for the year and for days of it", place, hint=hint)
            )
        if end < year[0] or start > year[1]:
            continue
        if start < year[0] or end > year[1]:
            raise ProjectError(
                Problem(
                    f"the reporting year takes in only a part of {label}, for which {what} are given",
                    place,
                    expected="the day of each, such as 2024-05-12",
                    found=f"{label}: {amount:f}",
                    hint="what of it is of this reporting year cannot be told from the year alone",
                )
            )
        found[start.year] = found.get(start.year, Decimal(0)) + amount
    return found


def _days(label: str) -> Days:
    if len(label) > _YEAR:
        day = datetime.date.fromisoformat(label)
        return day, day
    return datetime.date(int(label), 1, 1), datetime.date(int(label), 12, 31)

"""When it is dark at a place, from its coordinates and the date alone.

Dark is what lies between the end of civil dusk and the beginning of civil dawn, with the sun more than six degrees
below the horizon. Composed, as the careful choice: in twilight a panel may still feed a trace.
"""

import datetime
from collections.abc import Iterator

from astral import Observer
from astral.sun import dawn, dusk, elevation, noon

DEPRESSION = 6
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_ONE_DAY = datetime.timedelta(days=1)


def nights(latitude: float, longitude: float, first: datetime.date, last: datetime.date) -> list[tuple[int, int]]:
    """List the dark times that touch a period, in order, as instants in microseconds since 1970.

    Args:
        latitude: in degrees, north positive.
        longitude: in degrees, east positive.
        first: the first day.
        last: the last day, included.
    """
    return list(_nights(Observer(latitude, longitude), first, last))


def _nights(observer: Observer, first: datetime.date, last: datetime.date) -> Iterator[tuple[int, int]]:
    day = first - _ONE_DAY
    while day <= last:
        following = day + _ONE_DAY
        try:
            begins, ends = _edge(dusk, observer, day), _edge(dawn, observer, following)
        except ValueError:  # the sun stays above the limit all night
            begins, ends = 0, 0
        if begins < ends:
            yield begins, ends
        day = following


def _edge(event: object, observer: Observer, day: datetime.date) -> int:
    """Give the instant of dusk or dawn nearest to the noon of a day; noon itself where it is dark even then."""
    middle = noon(observer, day)
    if elevation(observer, middle, with_refraction=False) < -DEPRESSION:
        return _instant(middle)
    found = event(observer, day, depression=DEPRESSION)  # type: ignore[operator]
    while found - middle > _ONE_DAY / 2:
        found -= _ONE_DAY
    while middle - found > _ONE_DAY / 2:
        found += _ONE_DAY
    return _instant(found)


def _instant(moment: datetime.datetime) -> int:
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)

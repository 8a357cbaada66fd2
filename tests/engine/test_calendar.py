"""Steps of time and how they nest."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine import calendar

MOMENTS = st.datetimes(min_value=datetime.datetime(1, 1, 1), max_value=datetime.datetime(9998, 12, 31, 23, 59))  # noqa: DTZ001


@given(MOMENTS, st.sampled_from(calendar.STEPS), st.sampled_from(calendar.STEPS))
def test_a_step_lies_in_the_coarser_step_of_its_first_moment(moment: datetime.datetime, one: str, other: str) -> None:
    step, target = (one, other) if calendar.is_finer(one, other) else (other, one)
    number = calendar.number(step, moment)
    assert calendar.coarser(step, number, target) == calendar.number(target, moment)
    assert calendar.number(step, calendar.start(step, number)) == number


@pytest.mark.parametrize("step", calendar.STEPS)
@given(MOMENTS)
def test_a_label_reads_back_as_its_step(step: str, moment: datetime.datetime) -> None:
    number = calendar.number(step, moment)
    assert calendar.parse_label(step, calendar.label(step, number)) == number

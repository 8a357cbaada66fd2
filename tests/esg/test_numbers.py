from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.engine.errors import ReportError
from tonne.esg.numbers import exact_text, number_text, read_number, share_text

VALUES = st.one_of(
    st.fractions(),
    st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20),
    st.builds(
        lambda mantissa, power: Fraction(mantissa) * Fraction(10) ** power,
        st.integers(),
        st.integers(-40, 40),
    ),
)
UNITS = st.sampled_from([None, "tCO2e", "MWh", "tCO2/MWh", "CNY", "1", "%"])


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("804345.2", "tCO2e", "804,345.20"),
        ("1234567.891", "MWh", "1,234,567.891"),
        ("0.5703", "tCO2/MWh", "0.5703"),
        ("0.00003309", None, "3.309×10⁻⁵"),
        ("-0.00003309", None, "−3.309×10⁻⁵"),
        ("330900", None, "330,900"),
        ("3.309e20", None, "3.309×10²⁰"),
        ("0.0001", None, "0.0001"),
        ("12345678.9", None, "12,345,679"),
        ("0.50000049", None, "0.500000"),
        ("0.5", None, "0.5"),
        ("-12", "t_coal", "−12"),
        ("0", "tCO2e", "0"),
        ("0.00009999999996", None, "1.00000×10⁻⁴"),
        ("0.0000099999999", None, "1.00000×10⁻⁵"),
    ],
)
def test_numbers_print_by_unit_and_size(value: str, unit: str | None, expected: str) -> None:
    assert number_text(Decimal(value), unit) == expected


def test_ratios_print_with_six_significant_digits() -> None:
    assert number_text(Fraction(44, 12)) == "3.66667"
    assert number_text(Fraction(-1, 3), "tCO2e") == "−0.33"


def test_a_tie_goes_away_from_zero() -> None:
    assert [number_text(Decimal(text), decimals=2) for text in ("0.125", "0.135", "-0.125", "2.675")] == [
        "0.13", "0.14", "−0.13", "2.68",
    ]  # fmt: skip


def test_a_rounded_amount_is_shown_whole() -> None:
    assert number_text(Decimal(804345), "tCO2e", rounded=True) == "804,345"
    assert number_text(Decimal("-1234.0"), "tCO2e", rounded=True) == "−1,234"


def test_a_value_that_is_not_zero_never_prints_as_zero() -> None:
    assert number_text(Decimal("0.004"), "tCO2e") == "0.004"
    assert number_text(Decimal("0.3"), "tCO2e", rounded=True) == "0.3"
    assert share_text(Decimal("0.0000001")) == "1×10⁻⁵%"


def test_absent_values_and_flags_have_words() -> None:
    assert number_text(None) == share_text(None) == "—"
    assert read_number("—") is None
    assert number_text(Fraction(1), "flag", "zh") == "是"
    assert number_text(Fraction(0), "flag", "en") == "no"
    assert read_number("是") == read_number("yes") == 1
    assert read_number("否") == read_number("no") == 0


def test_shares_print_as_percent_and_read_back_as_shares() -> None:
    assert share_text(Fraction(1, 8)) == "12.50%"
    assert share_text(Decimal("-0.0512345")) == "−5.12%"
    assert share_text(Fraction(0)) == "0%"
    assert read_number("−5.12%") == Decimal("-0.0512")


def test_exact_text_gives_every_digit() -> None:
    assert exact_text(Decimal("1234567890.000000000000000000001")) == "1234567890.000000000000000000001"
    assert exact_text(Fraction(-1, 8)) == "-0.125"
    assert exact_text(Decimal("1E+3")) == "1000"
    assert exact_text(Fraction(44, 12)) == "11/3"
    assert exact_text(Fraction(0)) == "0"


@given(VALUES)
def test_exact_text_loses_nothing(value: Fraction | Decimal) -> None:
    assert Fraction(exact_text(value)) == value


def within_half_of_the_last_digit(text: str, value: Fraction | Decimal) -> bool:
    read = read_number(text)
    assert read is not None
    exponent = read.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(Fraction(read) - Fraction(value)) <= Fraction(10) ** exponent / 2


@given(VALUES, UNITS, st.integers(1, 12))
def test_a_printed_number_reads_back_within_half_of_its_last_digit(
    value: Fraction | Decimal, unit: str | None, digits: int
) -> None:
    assert within_half_of_the_last_digit(number_text(value, unit, digits=digits), value)


@given(VALUES, st.integers(0, 8), st.booleans())
def test_fixed_decimals_read_back_within_half_of_the_last_digit(
    value: Fraction | Decimal, decimals: int, rounded: bool
) -> None:
    assert within_half_of_the_last_digit(number_text(value, decimals=decimals, rounded=rounded), value)


@given(VALUES, st.integers(0, 6))
def test_a_printed_share_reads_back_within_half_of_its_last_digit(value: Fraction | Decimal, decimals: int) -> None:
    assert within_half_of_the_last_digit(share_text(value, decimals), value)


@given(VALUES, UNITS)
def test_sign_and_zero_are_never_lost(value: Fraction | Decimal, unit: str | None) -> None:
    text = number_text(value, unit)
    read = read_number(text)
    assert read is not None
    assert (read > 0, read < 0) == (value > 0, value < 0)
    assert text.startswith("−") == (value < 0)


@given(VALUES, VALUES, UNITS)
def test_printing_keeps_the_order(first: Fraction | Decimal, second: Fraction | Decimal, unit: str | None) -> None:
    low, high = sorted([Fraction(first), Fraction(second)])
    printed_low, printed_high = read_number(number_text(low, unit)), read_number(number_text(high, unit))
    assert printed_low is not None
    assert printed_high is not None
    assert printed_low <= printed_high


@pytest.mark.parametrize("text", ["", "1.2.3", "1,23", "12,3456", "1e5", "-3", "５", "3×10", "nan", "1" * 500, "1 t"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ReportError, match="is not a printed number"):
        read_number(text)

"""Amounts are exact from the keyboard to the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import Money, NotAnAmount


@given(
    st.integers(0, 10**12 - 1), st.sampled_from(["UAH", "JPY", "KWD"]), st.sampled_from([".", ","])
)
def test_an_amount_typed_as_it_is_exported_is_the_same_amount(
    minor: int, currency: str, mark: str
) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money.major).replace(".", mark), currency) == money


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("7.505", "UAH"),
        ("1.5", "JPY"),
        ("-1", "UAH"),
        ("1,000.00", "UAH"),
        ("1 000", "UAH"),
        ("1e3", "UAH"),
        ("٣", "UAH"),
        (".5", "UAH"),
        ("5.", "UAH"),
        ("9" * 13, "UAH"),
        ("", "UAH"),
    ],
)
def test_text_that_could_mean_two_amounts_or_none_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotAnAmount):
        Money.parse(text, currency)


def test_trailing_zeros_change_no_amount() -> None:
    assert Money.parse(" 7.500 ", "UAH") == Money(750, "UAH")
    assert Money.parse("100.00", "JPY") == Money(100, "JPY")


def test_letters_of_a_currency_do_not_touch_the_figure() -> None:
    assert Money(123456, "UAH").text("en") == "UAH\u00a01,234.56"
    assert Money(123456, "UAH").text("uk") == "1\u00a0234,56\u00a0₴"


def test_a_large_amount_loses_nothing() -> None:
    assert Money(9_007_199_254_740_993, "UAH").text("en") == "UAH\u00a090,071,992,547,409.93"


def test_two_currencies_are_not_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "UAH") + Money(1, "EUR")

"""What strangers send is read strictly, and numbers are numbers."""

from decimal import Decimal

import pytest

from app.gateways.adapter import BadOptions, Call, Option, Unreadable
from app.gateways.choosing import read_options
from app.gateways.numbers import msisdn
from app.gateways.reading import Fields, fields_of, form_of, json_of, object_of, plain
from app.gateways.words import instant
from tests.gateways.recorded import FORM


def a_form(body: bytes, kind: str = FORM) -> Call:
    return Call("POST", "https://pdi.example/", {"content-type": kind}, (), body)


def a_json(body: str) -> Call:
    return Call(
        "POST", "https://pdi.example/", {"content-type": "application/json"}, (), body.encode()
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
        "",
        "{",
        "\ufffe",
    ],
    ids=["nan", "infinity", "twice", "twice deep", "deep", "long", "empty", "cut", "no text"],
)
def test_what_is_no_json_anybody_means_is_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        json_of(a_json(body))


def test_a_decimal_stays_exact() -> None:
    assert json_of(a_json('{"price": 0.1000000000000000055}')) == {
        "price": Decimal("0.1000000000000000055")
    }


def test_a_text_loses_what_no_database_keeps() -> None:
    assert form_of(a_form(b"text=a%00b%ff")).text("text") == "ab\ufffd"
    assert object_of(a_json('{"text": "a\\u0000b\\ud800c"}')).text("text") == "abc"
    assert plain({"text": "a\x00\ud800b"}, "text") == "ab"


def test_a_name_that_comes_twice_has_no_value() -> None:
    fields = form_of(a_form(b"text=STOP&text=HOURS&from=1"))
    assert fields.text("from") == "1"
    with pytest.raises(Unreadable):
        fields.text("text")


@pytest.mark.parametrize("value", ["a\nb", "a b", "ї", "x" * 201, "", "\x7f"])
def test_an_identifier_can_be_logged(value: str) -> None:
    with pytest.raises(Unreadable):
        Fields([("id", value)]).word("id")


def test_a_text_of_any_script_may_be_long_but_not_endless() -> None:
    assert Fields([("text", "ї" * 10_000)]).text("text") == "ї" * 10_000
    with pytest.raises(Unreadable):
        Fields([("text", "ї" * 10_001)]).text("text")


def test_more_fields_than_any_provider_has_are_refused() -> None:
    query = [("a", "b")] * 101
    with pytest.raises(Unreadable):
        fields_of(Call("GET", "https://pdi.example/", {}, query, b""))
    with pytest.raises(Unreadable):
        form_of(a_form(b"&".join([b"a=b"] * 101)))


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/json"]
)
def test_a_form_is_only_what_says_so(kind: str) -> None:
    with pytest.raises(Unreadable):
        form_of(a_form(b"a=b", kind))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "40404",
        "Operator",
        "1-800-FLOWERS",
        "+1800FLOWERS",
        "0711000111",
        "٢٥٤٧١١٠٠٠١١١",
        "+254711000111 ext. 5",
        "+2547110001112223",
        "+9991234567",
        "+38050123",
        "+254711000",
        "tel:",
        "+254711000111\n1",
        "9" * 500,
    ],
)
def test_who_cannot_be_reached_is_nobody(text: str) -> None:
    assert msisdn(text) is None


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "now", ""]
)
def test_a_time_that_cannot_be_told_is_none(text: str) -> None:
    assert instant(text) is None


@pytest.mark.parametrize("value", ["a\nb", "a\x00", "x" * 2_001])
def test_an_option_is_a_line_of_text(value: str) -> None:
    with pytest.raises(BadOptions) as refused:
        read_options([Option("key", "Key", is_secret=True)], {"key": value})
    assert value not in str(refused.value)

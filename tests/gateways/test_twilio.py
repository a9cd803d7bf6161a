"""Twilio's own library signs what we verify, and verifies what we compute."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from app.domain.channels.events import Inbound
from app.gateways.adapter import BadOptions, Call, Forged, Hook
from app.gateways.registry import adapter_for
from app.gateways.twilio import signature
from tests.gateways.cases import CASES, NOW, TWILIO_TOKEN, Repeatable, adapter
from tests.gateways.recorded import FORM, calls_of

TWILIO = adapter("twilio")
JUDGE = RequestValidator(TWILIO_TOKEN)
URLS = [
    "https://pdi.example/gw/twilio/c/s/inbound",
    "https://pdi.example:8443/gw/twilio/c/s/inbound",
    "https://pdi.example:443/gw/twilio/c/s/status?id=0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    "https://pdi.example/gw/twilio/c/s/status?id=1&id=2&empty=&mark=a%20b+c%26",
    "http://192.0.2.7:8000/gw/twilio/c/s/inbound",
    "http://192.0.2.7/gw/twilio/c/s/inbound?a=:443/",
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAIRS = st.lists(
    st.tuples(st.one_of(st.sampled_from(["Body", "From", "Ім'я"]), TEXT), TEXT), max_size=8
)


def as_form(pairs: Sequence[tuple[str, str]]) -> Repeatable:
    form = Repeatable()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def called(url: str, pairs: Sequence[tuple[str, str]], signed: str) -> Call:
    headers = {"content-type": f"{FORM}; charset=utf-8", "x-twilio-signature": signed}
    return Call("POST", url, headers, (), urlencode(pairs).encode())


@given(url=st.sampled_from(URLS), pairs=PAIRS)
def test_what_twilio_signs_we_take(url: str, pairs: list[tuple[str, str]]) -> None:
    signed = JUDGE.compute_signature(url, as_form(pairs))
    TWILIO.verify(called(url, pairs, signed), Hook.INBOUND, now=NOW)


@given(url=st.sampled_from(URLS), pairs=PAIRS)
def test_what_we_compute_twilio_takes(url: str, pairs: list[tuple[str, str]]) -> None:
    assert JUDGE.validate(url, as_form(pairs), signature(TWILIO_TOKEN, url, pairs))


@given(
    url=st.sampled_from(URLS),
    pairs=PAIRS,
    others=PAIRS,
    other_url=st.sampled_from(URLS),
)
def test_we_take_no_call_that_twilio_would_not(
    url: str, pairs: list[tuple[str, str]], others: list[tuple[str, str]], other_url: str
) -> None:
    signed = JUDGE.compute_signature(url, as_form(pairs))
    call = called(other_url, others, signed)
    if JUDGE.validate(other_url, as_form(others), signed):
        TWILIO.verify(call, Hook.INBOUND, now=NOW)
    else:
        with pytest.raises(Forged):
            TWILIO.verify(call, Hook.INBOUND, now=NOW)


@pytest.mark.parametrize("url", URLS)
def test_the_port_may_be_left_out_or_named_by_whoever_signs(url: str) -> None:
    pairs = [("Body", "Де ви?"), ("From", "+15005550006")]
    usual = "443" if url.startswith("https") else "80"
    place = url.split("/")[2]
    other = url.replace(place, place.split(":")[0] if ":" in place else f"{place}:{usual}", 1)
    signed = JUDGE.compute_signature(other, as_form(pairs))
    assert JUDGE.validate(url, as_form(pairs), signed)
    TWILIO.verify(called(url, pairs, signed), Hook.INBOUND, now=NOW)


@pytest.mark.parametrize("signed", ["", "=", "é", "A" * 5000, "\u0000"])
def test_what_is_no_signature_is_forged(signed: str) -> None:
    with pytest.raises(Forged):
        TWILIO.verify(called(URLS[0], [("Body", "x")], signed), Hook.INBOUND, now=NOW)


def test_a_body_that_is_no_form_is_forged_even_with_its_signature() -> None:
    signed = JUDGE.compute_signature(URLS[0], {})
    call = called(URLS[0], [], signed)
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
        headers = {**call.headers, "content-type": kind}
        with pytest.raises(Forged):
            TWILIO.verify(replace(call, headers=headers), Hook.INBOUND, now=NOW)


def test_an_address_whose_port_is_none_is_forged() -> None:
    with pytest.raises(Forged):
        TWILIO.verify(called("https://pdi.example:port/", [], "x"), Hook.INBOUND, now=NOW)


def test_a_reply_is_xml_that_says_the_same_words() -> None:
    said = "1 < 2 & \"3\" > 'x' ]]> Де?\n\x07\x00\ud800 <Message>"
    answer = TWILIO.render(calls_of("twilio")[0].call(), Hook.INBOUND, text=said, ends=True)
    response = ElementTree.fromstring(answer.body.decode())
    assert [each.tag for each in response] == ["Message"]
    assert response[0].text == "1 < 2 & \"3\" > 'x' ]]> Де?\n <Message>"


def test_no_words_are_an_empty_response() -> None:
    answer = TWILIO.render(calls_of("twilio")[0].call(), Hook.INBOUND, text=None, ends=True)
    assert answer.body == b"<Response></Response>"


def test_a_word_that_comes_twice_in_a_signed_form_is_not_chosen_from() -> None:
    """Twilio's signature covers both, but which of them would be meant?"""
    pairs = [("MessageSid", "SM1"), ("From", "+15005550006"), ("Body", "STOP"), ("Body", "HOURS")]
    signed = JUDGE.compute_signature(URLS[0], as_form(pairs))
    call = called(URLS[0], pairs, signed)
    TWILIO.verify(call, Hook.INBOUND, now=NOW)
    with pytest.raises(Exception, match="Body comes twice"):
        TWILIO.parse(call, Hook.INBOUND)


def test_texts_of_every_script_arrive_whole() -> None:
    text = "Ґанок, їжак 🙂 €[]"
    pairs = [("MessageSid", "SM1"), ("From", "+15005550006"), ("Body", text)]
    call = called(URLS[0], pairs, JUDGE.compute_signature(URLS[0], as_form(pairs)))
    TWILIO.verify(call, Hook.INBOUND, now=NOW)
    assert TWILIO.parse(call, Hook.INBOUND) == [Inbound("SM1", "+15005550006", text)]


@pytest.mark.parametrize(
    "sid", ["AC1", "../AC" + "0" * 32, "ac" + "0" * 32, "AC" + "0" * 32 + "/x"]
)
def test_an_account_that_would_change_the_address_is_refused(sid: str) -> None:
    with pytest.raises(BadOptions):
        adapter_for("twilio", {**CASES["twilio"].options, "account_sid": sid})

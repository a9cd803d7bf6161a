"""What Africa's Talking is shown, and asked to send."""

from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import pytest

from app.domain.channels.events import HungUp, OptedOut
from app.gateways.adapter import Answer, Hook, Sms
from app.gateways.registry import adapter_for
from tests.gateways.cases import SMS, adapter
from tests.gateways.recorded import calls_of

GATEWAY = adapter("africastalking")
BY_NAME = {each.name: each for each in calls_of("africastalking")}
TURN = BY_NAME["ussd-opened"].call()


def asked_of(options: dict[str, str], sms: Sms) -> httpx.Request:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        adapter_for("africastalking", options).send(sms, http)
    return asked[0]


@pytest.mark.parametrize(("ends", "shown"), [(False, b"CON 1 Hours"), (True, b"END 1 Hours")])
def test_a_screen_says_whether_the_session_goes_on(ends: bool, shown: bytes) -> None:
    answer = GATEWAY.render(TURN, Hook.USSD, text="1 Hours", ends=ends)
    assert answer == Answer(shown)
    assert answer.media_type.startswith("text/plain")


def test_nothing_is_shown_to_a_telephone_that_hung_up() -> None:
    call = BY_NAME["ussd-ended"].call()
    assert GATEWAY.parse(call, Hook.USSD) == [HungUp("ATUid_f20a1a5b9d3c")]
    assert GATEWAY.render(call, Hook.USSD, text=None, ends=True) == Answer()


def test_a_reply_to_a_text_is_a_message_of_its_own() -> None:
    call = BY_NAME["sms"].call()
    assert not GATEWAY.replies_inline
    assert GATEWAY.render(call, Hook.INBOUND, text="Hours", ends=True) == Answer()


def test_a_history_grows_by_what_was_typed_even_where_that_is_nothing() -> None:
    turns = ["", "1", "1*", "1**00", "*"]
    found = []
    for text in turns:
        call = replace(TURN, body=TURN.body.replace(b"text=", f"text={text}".encode()))
        [event] = GATEWAY.parse(call, Hook.USSD)
        found.append((event.text, event.turn, event.is_new))  # type: ignore[union-attr]
    assert found == [
        ("", 0, True),
        ("1", 1, False),
        ("", 2, False),
        ("00", 3, False),
        ("", 2, False),
    ]


def test_stopping_twice_is_told_twice() -> None:
    """Whoever begins again at a desk and stops again must not be taken for a repeat."""
    call = BY_NAME["opted-out"].call()
    [first], [second] = (GATEWAY.parse(call, Hook.STATUS) for _ in "12")
    assert isinstance(first, OptedOut)
    assert isinstance(second, OptedOut)
    assert first.sender == second.sender
    assert first.event_id != second.event_id


def test_the_sandbox_is_an_address_of_its_own() -> None:
    live = asked_of({"username": "outreach", "api_key": "k"}, SMS)
    tried = asked_of({"username": "sandbox", "api_key": "k"}, SMS)
    assert live.url.host == "api.africastalking.com"
    assert tried.url.host == "api.sandbox.africastalking.com"


def test_without_a_sender_the_provider_chooses_its_own() -> None:
    request = asked_of({"username": "sandbox", "api_key": "k"}, replace(SMS, sender=""))
    assert "from" not in dict(parse_qsl(request.content.decode(), keep_blank_values=True))

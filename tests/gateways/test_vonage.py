"""How Vonage signs: by sorted fields, in five ways, for five minutes."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from app.gateways.adapter import BadOptions, Call, Forged, Hook, Sms
from app.gateways.reading import Fields
from app.gateways.registry import adapter_for
from app.gateways.vonage import METHODS, signature
from tests.gateways.cases import CASES, NOW, SMS, VONAGE_SECRET, adapter, by_vonage
from tests.gateways.recorded import FORM, calls_of

VONAGE = adapter("vonage")
BY_GET = next(each for each in calls_of("vonage") if each.name == "sms-by-get")
FIELDS = [("timestamp", "1461605396"), ("b", "a&c=d"), ("a", "Де ви?")]


def test_the_five_methods_are_those_of_its_clients() -> None:
    """[src] Vonage's clients: & and = in a value become _, md5hash ends in the secret, the others are keyed by it."""
    text = "&a=Де ви?&b=a_c_d&timestamp=1461605396".encode()
    expected = {
        "md5hash": hashlib.md5(text + b"secret").hexdigest(),
        **{name: hmac.new(b"secret", text, name).hexdigest() for name in METHODS[1:]},
    }
    assert {name: signature("secret", name, Fields(FIELDS)) for name in METHODS} == expected
    assert len(set(expected.values())) == 5


@pytest.mark.parametrize("method", METHODS)
def test_a_channel_takes_the_method_it_was_set_to_and_no_other(method: str) -> None:
    pairs = [*BY_GET.query, ("timestamp", str(int(NOW.timestamp())))]
    pairs.append(("sig", signature(VONAGE_SECRET, method, Fields(pairs))))
    call = replace(BY_GET.call(), query=pairs)
    for each in METHODS:
        options = {**CASES["vonage"].options, "signature_method": each}
        if each == method:
            adapter_for("vonage", options).verify(call, Hook.INBOUND, now=NOW)
        else:
            with pytest.raises(Forged):
                adapter_for("vonage", options).verify(call, Hook.INBOUND, now=NOW)


def test_a_method_that_is_none_is_refused() -> None:
    with pytest.raises(BadOptions):
        adapter_for("vonage", {**CASES["vonage"].options, "signature_method": "none"})


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_call_is_good_for_five_minutes(minutes: int) -> None:
    call = by_vonage(BY_GET.call(), Hook.INBOUND)
    VONAGE.verify(call, Hook.INBOUND, now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("seconds", [-301, 301, 3600])
def test_a_call_kept_for_later_is_forged(seconds: int) -> None:
    call = by_vonage(BY_GET.call(), Hook.INBOUND)
    with pytest.raises(Forged):
        VONAGE.verify(call, Hook.INBOUND, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("told", ["", "soon", "-1", "1e9", "٣", "9" * 40, None])
def test_a_signed_call_without_a_time_is_forged(told: str | None) -> None:
    pairs = list(BY_GET.query) + ([] if told is None else [("timestamp", told)])
    pairs.append(("sig", signature(VONAGE_SECRET, "sha256", Fields(pairs))))
    with pytest.raises(Forged):
        VONAGE.verify(replace(BY_GET.call(), query=pairs), Hook.INBOUND, now=NOW)


def test_fields_cannot_be_joined_or_split_under_a_good_signature() -> None:
    """The signed text of a=1&b=2 is also that of one field named a=1&b, and signs nothing apart."""
    pairs = [*BY_GET.query, ("timestamp", str(int(NOW.timestamp())))]
    good = signature(VONAGE_SECRET, "sha256", Fields(pairs))
    kept = dict(pairs)
    joined = f"keyword={kept['keyword']}&message-timestamp"
    others = [each for each in pairs if each[0] not in {"keyword", "message-timestamp"}]
    tampered = [*others, (joined, kept["message-timestamp"]), ("sig", good)]
    assert signature(VONAGE_SECRET, "sha256", Fields(tampered)) == good
    with pytest.raises(Forged):
        VONAGE.verify(replace(BY_GET.call(), query=tampered), Hook.INBOUND, now=NOW)


def test_a_field_that_comes_twice_is_forged() -> None:
    pairs = [*BY_GET.query, ("text", "STOP"), ("timestamp", str(int(NOW.timestamp())))]
    pairs.append(("sig", signature(VONAGE_SECRET, "sha256", Fields(pairs))))
    call = Call("POST", BY_GET.call().url, {"content-type": FORM}, (), urlencode(pairs).encode())
    with pytest.raises(Forged):
        VONAGE.verify(call, Hook.INBOUND, now=NOW)


def test_a_text_in_cyrillic_is_sent_as_unicode() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        VONAGE.send(Sms(SMS.our_id, SMS.to, "Де ви?", SMS.sender), http)
    assert b"type=unicode" in asked[0]

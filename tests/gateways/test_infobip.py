"""Infobip's batches, and the host that gets its key."""

import json
from dataclasses import replace

import pytest

from app.gateways.adapter import BadOptions, Hook, Unreadable
from app.gateways.registry import adapter_for
from tests.gateways.cases import adapter
from tests.gateways.recorded import calls_of

GATEWAY = adapter("infobip")
SMS_CALL = next(each for each in calls_of("infobip") if each.name == "sms").call()


def test_a_batch_of_nothing_is_nothing() -> None:
    call = replace(SMS_CALL, body=json.dumps({"results": []}).encode())
    assert GATEWAY.parse(call, Hook.INBOUND) == []


@pytest.mark.parametrize("hook", [Hook.INBOUND, Hook.STATUS])
def test_a_batch_of_which_nothing_can_be_read_says_so(hook: Hook) -> None:
    call = replace(SMS_CALL, body=json.dumps({"results": [{}, {"messageId": 1}]}).encode())
    with pytest.raises(Unreadable):
        GATEWAY.parse(call, hook)


@pytest.mark.parametrize(
    "host",
    [
        "infobip.com.example",
        "evil.example/?.infobip.com",
        "a@b.infobip.com",
        "localhost",
        "http://x.api.infobip.com",
        "x.infobip.com:8443",
        ".infobip.com",
    ],
)
def test_the_key_is_sent_to_nobody_else(host: str) -> None:
    with pytest.raises(BadOptions):
        adapter_for("infobip", {"host": host, "api_key": "key"})


def test_a_host_is_understood_as_it_is_copied_from_the_page() -> None:
    pasted = adapter_for("infobip", {"host": "https://ABC123.api.infobip.com/", "api_key": "key"})
    assert pasted == adapter_for("infobip", {"host": "abc123.api.infobip.com", "api_key": "key"})

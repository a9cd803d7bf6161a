"""Infobip: text messages by its version 3 of JSON, in batches both ways. It signs nothing, and keeps our own id of a message."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self

import httpx

from app.core.i18n import N_
from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    Inbound,
    Medium,
)
from app.gateways.adapter import (
    Accepted,
    Answer,
    BadOptions,
    Call,
    Hook,
    Option,
    Options,
    Outcome,
    Rejected,
    Retry,
    Sms,
    Stopped,
    Uncertain,
    Unreadable,
)
from app.gateways.choosing import read_options
from app.gateways.network import answered, ask, refusal
from app.gateways.numbers import bare, msisdn
from app.gateways.reading import JSON_TYPE, Json, fields_in, json_of, objects_in, plain
from app.gateways.words import code, instant, minor, our_id, state_in, whole

# The key goes there, so it may be nobody else's.
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.infobip\.com")
POST = frozenset({"POST"})

# By group, but for the names that say less than their group does.
GROUPS: Mapping[str, DeliveryState] = {
    "ACCEPTED": DeliveryState.QUEUED,
    "OK": DeliveryState.QUEUED,
    "PENDING": DeliveryState.SENT,
    "DELIVERED": DeliveryState.DELIVERED,
    "UNDELIVERABLE": DeliveryState.FAILED,
    "EXPIRED": DeliveryState.FAILED,
    "REJECTED": DeliveryState.FAILED,
}
NAMES: Mapping[str, DeliveryState] = {
    "PENDING_ACCEPTED": DeliveryState.QUEUED,
    # The operator has it; whether the telephone does is still to be told.
    "DELIVERED_TO_OPERATOR": DeliveryState.SENT,
}
NO_ERROR = "NO_ERROR"
OPTED_OUT = frozenset({"REJECTED_DESTINATION", "EC_DEST_ADDRESS_BLACKLISTED"})

TAKEN = frozenset({"ACCEPTED", "OK", "PENDING", "DELIVERED"})
# It has this id already: an earlier request arrived whose answer did not.
TAKEN_BEFORE = "REJECTED_DUPLICATE_MESSAGE_ID"
LATER = frozenset({"REJECTED_SYSTEM_ERROR", "REJECTED_FLOODING_FILTER", "REJECTED_NOT_REACHABLE"})
OUR_ACCOUNT = frozenset(
    {
        "REJECTED_NOT_ENOUGH_CREDITS",
        "REJECTED_PREPAID_PACKAGE_EXPIRED",
        "REJECTED_SENDER",
        "REJECTED_SOURCE",
        "REJECTED_ROUTE_NOT_AVAILABLE",
        "REJECTED_DESTINATION_NOT_REGISTERED",
        "REJECTED_NETWORK",
    }
)


@dataclass(frozen=True)
class Infobip:
    host: str
    api_key: str = field(repr=False)

    slug: ClassVar[str] = "infobip"
    name: ClassVar[str] = "Infobip"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {Hook.INBOUND: POST, Hook.STATUS: POST}
    options: ClassVar[Sequence[Option]] = (
        Option("host", N_("Host of the account, ending in infobip.com")),
        Option("api_key", N_("API key"), is_secret=True),
    )
    replies_inline: ClassVar[bool] = False

    @classmethod
    def from_options(cls, options: Options) -> Self:
        chosen = read_options(cls.options, options)
        host = chosen["host"].lower().removeprefix("https://").removesuffix("/")
        if not HOST.fullmatch(host):
            raise BadOptions("host", "must end in .infobip.com")
        return cls(host, chosen["api_key"])

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Nothing to verify: nothing is signed."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        read = _delivery if hook is Hook.STATUS else _inbound
        events: list[GatewayEvent] = []
        faults: list[Unreadable] = []
        results = objects_in(json_of(call), "results")
        for result in results:
            try:
                events += read(result)
            except Unreadable as fault:
                faults.append(fault)
        # One that cannot be read must not take the others with it: nobody would send them again.
        if results and len(faults) == len(results):
            raise faults[0]
        return events

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        return Answer()

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        message: dict[str, object] = {
            "sender": bare(sms.sender),
            "destinations": [{"to": bare(sms.to), "messageId": str(sms.our_id)}],
            "content": {"text": sms.text},
        }
        if sms.status_url:
            message["webhooks"] = {"delivery": {"url": sms.status_url}, "contentType": JSON_TYPE}
        response = ask(
            http,
            "POST",
            f"https://{self.host}/sms/3/messages",
            json={"messages": [message]},
            headers={"authorization": f"App {self.api_key}", "accept": JSON_TYPE},
        )
        if not isinstance(response, httpx.Response):
            return response
        return refusal(response) or _outcome(answered(response))


def _inbound(result: Json) -> list[GatewayEvent]:
    fields = fields_in(result)
    event_id, sender = fields.word("messageId"), msisdn(fields.text("from"))
    text, to = fields.text("text", ""), fields.text("to", "")
    sent_at = instant(fields.text("receivedAt", ""))
    return [Inbound(event_id, sender, text, to=to, sent_at=sent_at)] if sender else []


def _delivery(result: Json) -> list[GatewayEvent]:
    provider_id = fields_in(result).word("messageId")
    group, name = plain(result, "status", "groupName"), code(plain(result, "status", "name"))
    error = code(plain(result, "error", "name"))
    state = NAMES.get(name) or state_in(GROUPS, group)
    price, currency = (plain(result, "price", each) for each in ("pricePerMessage", "currency"))
    return [
        Delivery(
            f"{provider_id} {name or state}",
            state,
            our_id=our_id(provider_id),
            provider_id=provider_id,
            error="" if error == NO_ERROR else error,
            is_opted_out=not OPTED_OUT.isdisjoint({name, error}),
            cost=f"{price} {currency}" if minor(price, currency) is not None else "",
        )
    ]


def _outcome(told: Json) -> Outcome:
    group, name = (plain(told, "messages", 0, "status", each) for each in ("groupName", "name"))
    reason = f"Infobip {code(name or group)}"
    if group in TAKEN or name == TAKEN_BEFORE:
        return Accepted(
            plain(told, "messages", 0, "messageId"),
            parts=whole(plain(told, "messages", 0, "details", "messageCount")),
        )
    if name in OPTED_OUT:
        return Stopped()
    if name in LATER:
        return Retry(reason)
    if group in GROUPS:
        return Rejected(reason, is_channel=name in OUR_ACCOUNT)
    return Uncertain("an answer that is not understood")

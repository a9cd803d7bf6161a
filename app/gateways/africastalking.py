"""Africa's Talking: text messages and USSD in many African countries.

It signs nothing, so the secret address and the list of allowed addresses are what proves a call. Its reports name a message by
its own id only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self
from uuid import uuid4

import httpx

from app.core.i18n import N_
from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    HungUp,
    Inbound,
    Medium,
    OptedOut,
    Pressed,
)
from app.gateways.adapter import (
    Accepted,
    Answer,
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
)
from app.gateways.choosing import read_options
from app.gateways.network import answered, ask, refusal
from app.gateways.numbers import msisdn
from app.gateways.reading import Fields, Json, at, form_of, plain
from app.gateways.words import code, instant, minor, state_in, whole

SANDBOX = "sandbox"
LIVE_URL = "https://api.africastalking.com/version1/messaging"
SANDBOX_URL = "https://api.sandbox.africastalking.com/version1/messaging"

STATES: Mapping[str, DeliveryState] = {
    "Buffered": DeliveryState.QUEUED,
    "Submitted": DeliveryState.SENT,
    "Sent": DeliveryState.SENT,
    # A telephone that is off now may be on again before the message expires.
    "AbsentSubscriber": DeliveryState.SENT,
    "Success": DeliveryState.DELIVERED,
    "Rejected": DeliveryState.FAILED,
    "Failed": DeliveryState.FAILED,
    "Expired": DeliveryState.FAILED,
}
STOPPED = frozenset({"UserInBlacklist"})

TAKEN = frozenset({"100", "101", "102"})
REFUSED: Mapping[str, Outcome] = {
    # Held for a person to look at: it may go out yet.
    "401": Uncertain("RiskHold"),
    "402": Rejected("InvalidSenderId", is_channel=True),
    "403": Rejected("InvalidPhoneNumber"),
    "404": Rejected("UnsupportedNumberType"),
    "405": Rejected("InsufficientBalance", is_channel=True),
    "406": Stopped(),
    "407": Rejected("CouldNotRoute"),
    # A country's register of numbers that take no bulk messages; she asked us for ours.
    "409": Rejected("DoNotDisturbRejection"),
    "500": Retry("InternalServerError"),
    "501": Retry("GatewayError"),
    "502": Rejected("RejectedByGateway"),
}
# What stands in place of recipients when the whole request was refused.
NOBODY: Mapping[str, Outcome] = {
    "InvalidSenderId": Rejected("InvalidSenderId", is_channel=True),
    "InsufficientBalance": Rejected("InsufficientBalance", is_channel=True),
    "InvalidPhoneNumber": Rejected("InvalidPhoneNumber"),
}
COST = re.compile(r"([A-Z]{3}) ([0-9.]{1,20})")


@dataclass(frozen=True)
class AfricasTalking:
    username: str
    api_key: str = field(repr=False)

    slug: ClassVar[str] = "africastalking"
    name: ClassVar[str] = "Africa's Talking"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS, Medium.USSD})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = dict.fromkeys(Hook, frozenset({"POST"}))
    options: ClassVar[Sequence[Option]] = (
        Option("username", N_("Name of the app, or sandbox")),
        Option("api_key", N_("API key"), is_secret=True),
    )
    replies_inline: ClassVar[bool] = False

    @classmethod
    def from_options(cls, options: Options) -> Self:
        return cls(**read_options(cls.options, options))

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Nothing to verify: nothing is signed."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = form_of(call)
        if hook is Hook.INBOUND:
            return _inbound(fields)
        if hook is Hook.USSD and fields.has("text"):
            return _pressed(fields)
        # The end of a session is told wherever the account's owner had it sent.
        if fields.has("sessionId"):
            return [HungUp(fields.word("sessionId"))]
        if fields.has("senderId", "phoneNumber") and not fields.has("status"):
            return _opted_out(fields)
        return [_delivery(fields)]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        if hook is not Hook.USSD or text is None:
            return Answer()
        return Answer(f"{'END' if ends else 'CON'} {text}".encode())

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        form = {"username": self.username, "to": sms.to, "message": sms.text}
        if sms.sender:
            form["from"] = sms.sender
        response = ask(
            http,
            "POST",
            SANDBOX_URL if self.username == SANDBOX else LIVE_URL,
            data=form,
            headers={"apikey": self.api_key, "accept": "application/json"},
        )
        if not isinstance(response, httpx.Response):
            return response
        return refusal(response) or _outcome(answered(response).get("SMSMessageData"))


def _inbound(fields: Fields) -> list[GatewayEvent]:
    event_id, text = fields.word("id"), fields.text("text")
    sender = msisdn(fields.text("from"))
    if sender is None:
        return []
    sent_at = instant(fields.text("date", ""))
    return [Inbound(event_id, sender, text, to=fields.text("to", ""), sent_at=sent_at)]


def _pressed(fields: Fields) -> list[GatewayEvent]:
    """A turn. Africa's Talking repeats all that was typed since the code was dialled, joined by asterisks."""
    session_id, typed = fields.word("sessionId"), fields.text("text")
    sender = msisdn(fields.text("phoneNumber"))
    if sender is None:
        return []
    history = tuple(typed.split("*")) if typed else ()
    return [
        Pressed(
            session_id,
            sender,
            text=history[-1] if history else "",
            is_new=not history,
            turn=len(history),
            history=history,
        )
    ]


def _opted_out(fields: Fields) -> list[GatewayEvent]:
    """Someone followed the link or the keyword by which Africa's Talking itself stops a sender's messages.

    Neither an id nor a time comes along. To stop twice does no harm, but the second time someone stops, having begun again in
    between, must not pass for a repeat.
    """
    sender = msisdn(fields.text("phoneNumber"))
    return [OptedOut(uuid4().hex, sender)] if sender else []


def _delivery(fields: Fields) -> GatewayEvent:
    provider_id, word = fields.word("id"), fields.word("status")
    reason = code(fields.text("failureReason", ""))
    return Delivery(
        f"{provider_id} {word} {fields.word('retryCount', '0')}",
        state_in(STATES, word),
        provider_id=provider_id,
        error="" if reason == "None" else reason,
        is_opted_out=reason in STOPPED,
    )


def _outcome(told: Json) -> Outcome:
    """What an answer says of the one recipient: that the request succeeded says nothing of her."""
    if at(told, "Recipients") == []:
        return NOBODY.get(plain(told, "Message"), Rejected("no recipient was taken"))
    status = plain(told, "Recipients", 0, "statusCode")
    if status not in TAKEN:
        return REFUSED.get(status, Uncertain("an answer that is not understood"))
    provider_id, parts = (
        plain(told, "Recipients", 0, name) for name in ("messageId", "messageParts")
    )
    cost = COST.fullmatch(plain(told, "Recipients", 0, "cost"))
    return Accepted(
        provider_id,
        parts=whole(parts),
        cost_minor=minor(cost[2], cost[1]) if cost else None,
        currency=cost[1] if cost else "",
    )

"""Hubtel: USSD in Ghana. https://developers.hubtel.com/docs/business/api_documentation/ussd

It signs nothing. A turn has a number of its own, so a repeat is known by session and turn.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

import httpx

from app.domain.channels.events import GatewayEvent, HungUp, Medium, Pressed
from app.gateways.adapter import Answer, Call, Hook, Option, Options, Outcome, Rejected, Sms
from app.gateways.choosing import read_options
from app.gateways.numbers import msisdn
from app.gateways.reading import object_of
from app.gateways.words import whole

OPENS, ANSWERS = "initiation", "response"
GOES_ON, ENDS = "response", "release"
STATE = "pdi"


@dataclass(frozen=True)
class Hubtel:
    """A USSD code at Hubtel."""

    slug: ClassVar[str] = "hubtel"
    name: ClassVar[str] = "Hubtel"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.USSD})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {Hook.USSD: frozenset({"POST"})}
    options: ClassVar[Sequence[Option]] = ()
    replies_inline: ClassVar[bool] = False

    @classmethod
    def from_options(cls, options: Options) -> Self:
        """Raises: BadOptions."""
        read_options(cls.options, options)
        return cls()

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """The secret address and the list of allowed addresses are all that proves a call."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = object_of(call)
        session, kind = fields.word("SessionId"), fields.word("Type").lower()
        if kind not in {OPENS, ANSWERS}:
            return [HungUp(session)]
        sender = msisdn(fields.text("Mobile", ""), "GH")
        if sender is None:
            return []
        is_new = kind == OPENS
        return [
            Pressed(
                session_id=session,
                sender=sender,
                text="" if is_new else fields.text("Message", ""),  # first comes what was dialled
                is_new=is_new,
                turn=whole(fields.word("Sequence", "")),
            )
        ]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        if not text:
            return Answer()
        told = {
            "SessionId": object_of(call).word("SessionId"),
            "Type": ENDS if ends else GOES_ON,
            "Message": text,
            # Where someone is in the menu is ours to keep; this comes back and is not read.
            "ClientState": STATE,
        }
        return Answer(json.dumps(told).encode(), "application/json")

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        return Rejected("this provider takes no text messages here", is_channel=True)

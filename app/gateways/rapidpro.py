"""RapidPro's external channel: it hands us what a person wrote, and we hand it what she is to read.

RapidPro keeps the operators; a flow on its side passes a telephone's words on to this channel, and ours on to the telephone. On
both ways RapidPro names the person: ``to`` in what it sends, ``from`` in what it receives. Set up there (channel type *External
API*): the Send URL is this channel's inbound address, the method POST, the body as RapidPro proposes it, and the Authorization
header value is what stands in the option ``authorization`` here.

Source: the channel type ``external`` of temba, and courier's handler of the same name.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

import httpx

from app.core.i18n import N_
from app.domain.channels.events import GatewayEvent, Inbound, Medium
from app.gateways import network
from app.gateways.adapter import (
    Accepted,
    Answer,
    BadOptions,
    Call,
    Forged,
    Hook,
    Option,
    Options,
    Outcome,
    Rejected,
    Sms,
    Uncertain,
)
from app.gateways.choosing import read_options
from app.gateways.numbers import msisdn
from app.gateways.reading import WORD, fields_of, plain

# What courier says it made of a message.
TAKEN, IGNORED = "msg", "info"
SHORTEST_AUTHORIZATION = 16


@dataclass(frozen=True)
class RapidPro:
    """An external channel of a workspace."""

    slug: ClassVar[str] = "rapidpro"
    name: ClassVar[str] = "RapidPro"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {Hook.INBOUND: frozenset({"GET", "POST"})}
    options: ClassVar[Sequence[Option]] = (
        Option("url", N_("Address of RapidPro")),
        Option("channel", N_("UUID of the channel there")),
        Option("authorization", N_("Authorization header value"), is_secret=True),
    )
    replies_inline: ClassVar[bool] = False

    url: str
    channel: UUID
    authorization: str = field(repr=False)

    @classmethod
    def from_options(cls, options: Options) -> Self:
        """Raises: BadOptions."""
        read = read_options(cls.options, options)
        try:
            channel = UUID(read["channel"])
        except ValueError:
            raise BadOptions("channel", "must be a UUID") from None
        if not read["url"].startswith(("https://", "http://")):
            raise BadOptions("url", "must be an address")
        if len(read["authorization"]) < SHORTEST_AUTHORIZATION:
            raise BadOptions("authorization", f"must have {SHORTEST_AUTHORIZATION} characters")
        return cls(read["url"].rstrip("/"), channel, read["authorization"])

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        given = call.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self.authorization.encode()):
            raise Forged

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = fields_of(call)
        event_id = fields.word("uuid", "") or fields.word("id")
        person = msisdn(fields.text("to").removeprefix("tel:"))
        if person is None:
            return []  # a contact that is reached by something other than a telephone
        return [Inbound(event_id, person, fields.text("text"), fields.text("from", ""))]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        return Answer(b"OK")  # RapidPro looks at nothing but the status, and reads no reply here

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        answer = network.ask(
            http,
            "POST",
            f"{self.url}/c/ex/{self.channel}/receive",
            data={"from": sms.to, "text": sms.text},
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if refused := network.refusal(answer):
            return refused
        told = network.answered(answer)
        kind, made = plain(told, "data", 0, "type"), plain(told, "data", 0, "msg_uuid")
        if kind == IGNORED:
            return Rejected("RapidPro ignores it")
        if kind != TAKEN:
            return Uncertain("an answer that is not in the table")
        return Accepted(made if WORD.fullmatch(made) else "")

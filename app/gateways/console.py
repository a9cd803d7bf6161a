"""No provider at all, for development, the demonstration and tests: what is sent is written to a file, and a form is a telephone.

A telephone's part is ``POST`` of ``from``, ``text`` and perhaps ``id`` to ``/inbound``, and of ``from``, ``session`` and ``text`` to ``/ussd``, where an
empty ``text`` opens the menu. Nothing is printed.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
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
    Pressed,
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
    Sms,
    Unreadable,
)
from app.gateways.choosing import read_options
from app.gateways.numbers import msisdn
from app.gateways.reading import Fields, form_of
from app.gateways.words import our_id, state_in, whole
from app.telephone.lengths import measure

STATES: Mapping[str, DeliveryState] = {each.value: each for each in DeliveryState}
ENDING = ".outbox.jsonl"
IF_IT_IS_THERE = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW


@dataclass(frozen=True)
class Console:
    """``outbox`` is the file, one JSON object a line; without one, what is sent is gone.

    It is never made, for whoever may edit channels could have any file made: a person with a shell on the server puts it there.
    """

    slug: ClassVar[str] = "console"
    name: ClassVar[str] = "Console (for development)"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS, Medium.USSD})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {
        Hook.INBOUND: frozenset({"POST"}),
        Hook.USSD: frozenset({"POST"}),
        Hook.STATUS: frozenset({"POST"}),
    }
    options: ClassVar[Sequence[Option]] = (
        Option(
            "outbox",
            N_("File that gets every number and text sent (it exists and ends in .outbox.jsonl)"),
            is_required=False,
        ),
    )
    replies_inline: ClassVar[bool] = True

    outbox: Path | None

    @classmethod
    def from_options(cls, options: Options) -> Self:
        """Raises: BadOptions."""
        outbox = read_options(cls.options, options)["outbox"]
        if outbox and not outbox.endswith(ENDING):
            raise BadOptions("outbox", f"must end in {ENDING}")
        return cls(Path(outbox) if outbox else None)

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Whoever knows the secret address is a telephone."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = form_of(call)
        if hook is Hook.STATUS:
            return [_report(fields)]
        sender = msisdn(fields.text("from"))
        if sender is None:
            return []
        if hook is Hook.INBOUND:
            return [Inbound(fields.word("id", "") or uuid4().hex, sender, fields.text("text"))]
        session = fields.word("session")
        if fields.has("hangs_up"):
            return [HungUp(session)]
        text = fields.text("text", "")
        return [
            Pressed(session, sender, text, is_new=not text, turn=whole(fields.word("turn", "")))
        ]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        if not text:
            return Answer()
        if hook is Hook.USSD:
            text = f"{'END' if ends else 'CON'} {text}"
        return Answer(text.encode())

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        if self.outbox:
            told = {
                "our_id": str(sms.our_id),
                "to": sms.to,
                "from": sms.sender,
                "text": sms.text,
                "status_url": sms.status_url,
            }
            try:
                with os.fdopen(os.open(self.outbox, IF_IT_IS_THERE), "a") as file:
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
            except (OSError, ValueError):
                return Rejected("the file cannot be written", is_channel=True)
        return Accepted(parts=measure(sms.text).parts)


def _report(fields: Fields) -> Delivery:
    ours = our_id(fields.word("our_id"))
    if ours is None:
        raise Unreadable("our_id is none of our ids")
    state = state_in(STATES, fields.word("state"))
    return Delivery(f"{ours}:{state}", state, our_id=ours)

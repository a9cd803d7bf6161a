"""What telephones send us, whoever the provider is: the words every gateway speaks. Numbers are E.164 and in no ``repr``."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Medium(StrEnum):
    SMS = "sms"
    USSD = "ussd"


class DeliveryState(StrEnum):
    """What a provider says became of a message. It only moves forward: down this list, ``DELIVERED`` and ``FAILED`` are final."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Inbound:
    """A text message from a telephone."""

    event_id: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    to: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Pressed:
    """One turn of a USSD session. ``text`` is the last input, empty when the menu is opened.

    ``turn`` is the provider's own number of the turn, if it has one. ``history`` is all that was typed since the menu was
    opened, from providers that send it: a way to recover, never more. ``is_new`` is None where a provider does not say.
    ``event_id`` is the provider's own id of the call, which a repeat has too; empty where it has none.
    """

    session_id: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    is_new: bool | None = None
    turn: int | None = None
    history: tuple[str, ...] | None = field(default=None, repr=False)
    event_id: str = ""


@dataclass(frozen=True)
class HungUp:
    """A USSD session ended on the other side; nothing is answered."""

    session_id: str


@dataclass(frozen=True)
class Delivery:
    """A report of one message, known by our own id (of the attempt), by the provider's, or by both."""

    event_id: str
    state: DeliveryState
    our_id: UUID | None = None
    provider_id: str = ""
    error: str = ""
    is_opted_out: bool = False
    cost: str = ""


@dataclass(frozen=True)
class OptedOut:
    """A provider tells that a number wants no more messages (or had it stopped on its side)."""

    event_id: str
    sender: str = field(repr=False)


GatewayEvent = Inbound | Pressed | HungUp | Delivery | OptedOut

"""What every gateway can do. An adapter is a frozen dataclass of a channel's options; only ``send`` touches the network.

An adapter knows its provider's words and nothing of the programme: what a message means is decided by ``domain/messaging``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import httpx

from app.domain.channels.events import GatewayEvent, Medium


class Hook(StrEnum):
    """What a provider calls us for: the last part of the address."""

    INBOUND = "inbound"
    STATUS = "status"
    USSD = "ussd"


class Forged(Exception):
    """The call does not prove that it is the provider's. It says nothing else, to nobody."""


class Unreadable(Exception):
    """The provider's call lacks what we need or is not in its own format; ``reason`` is safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadOptions(Exception):
    """A channel's options are not those its adapter needs; ``option`` is the first that is wrong, ``reason`` in English."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option, self.reason = option, reason


@dataclass(frozen=True)
class Call:
    """A request as it came. ``url`` is the public one, which some providers sign; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    query: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What the provider gets back."""

    body: bytes = field(default=b"", repr=False)
    media_type: str = "text/plain; charset=UTF-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sms:
    """One message to send. ``our_id`` is the attempt's; ``status_url`` is where its report may go, empty for nowhere."""

    our_id: UUID
    to: str = field(repr=False)
    text: str = field(repr=False)
    sender: str
    status_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Accepted:
    """The provider has taken it. ``parts`` and the cost, in its own ``currency``, where the provider says so."""

    provider_id: str = ""
    parts: int | None = None
    cost_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True)
class Retry:
    """Surely not taken, for now: the same again later, or through another channel. ``after`` is what the provider asks for."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True)
class Rejected:
    """Surely not taken, and never will be by this provider. ``is_channel`` tells that it is our account and not this message."""

    reason: str
    is_channel: bool = False


@dataclass(frozen=True)
class Stopped:
    """Not taken, because the provider knows that the number wants no messages."""


@dataclass(frozen=True)
class Uncertain:
    """The request left and no usable answer came: it may have been taken."""

    reason: str


Outcome = Accepted | Retry | Rejected | Stopped | Uncertain


@dataclass(frozen=True)
class Option:
    """A setting of a channel of this kind, as forms and ``pdi gateway`` ask for it. ``label`` is English for translation.

    ``is_long`` tells that it is a text of many lines.
    """

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = True
    default: str = ""
    is_long: bool = False


class Adapter(Protocol):
    """A provider. ``verify`` is called first, ``parse`` only after it, ``render`` once the domain has answered.

    ``replies_inline`` tells that the text ``render`` gives for an SMS reaches the telephone; where it does not, the reply is a
    message of its own. On USSD the answer always is what the telephone shows.
    """

    @property
    def slug(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def media(self) -> frozenset[Medium]: ...

    @property
    def hooks(self) -> Mapping[Hook, frozenset[str]]: ...

    @property
    def options(self) -> Sequence[Option]: ...

    @property
    def replies_inline(self) -> bool: ...

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Raises: Forged. Where a provider signs nothing, the secret address (checked before) is all there is."""
        ...

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        """Every event of a call, in order. Raises: Unreadable."""
        ...

    def render(
        self,
        call: Call,
        hook: Hook,
        *,
        text: str | None,
        ends: bool,
    ) -> Answer:
        """What the provider expects back: a text for the telephone, or None for nothing to say. ``ends`` closes a session."""
        ...

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        """Send one message. It never raises for what the network or the provider does."""
        ...


Options = Mapping[str, str]
"""``from_options(options: Options) -> Adapter`` of each module raises BadOptions."""

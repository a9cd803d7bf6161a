"""A channel of a programme, and telephones that call by it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels import rules
from app.domain.channels.actions import open_channel
from app.domain.channels.events import Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.channels.rules import ChannelSettings
from app.gateways.adapter import Options
from tests.factories import LATER, NOON, Place, a_place, client

HER = "+380501112233"
OTHER = "+380671112233"
BOTH = frozenset({Medium.SMS, Medium.USSD})

_numbers = count(1)


def a_channel(
    session: Session,
    place: Place,
    slug: str = "console",
    *,
    options: Options | None = None,
    now: datetime = NOON,
    **given: Any,
) -> tuple[ChannelFacts, str]:
    """A channel and its secret; everyone may call."""
    usual: dict[str, Any] = {"name": "Test line", "media": BOTH, "language": "en"}
    settings = ChannelSettings(**(usual | {"options": options or {}} | given))
    return open_channel(session, place.programme.id, slug, settings, by=None, now=now)


@dataclass
class Line:
    """A programme that can be called, by a console or as Africa's Talking calls. Its clock moves when told to."""

    place: Place
    channel: ChannelFacts
    secret: str
    http: httpx.Client
    clock: list[datetime] = field(default_factory=lambda: [LATER])

    def path(self, hook: str, secret: str | None = None) -> str:
        return rules.path(self.channel.slug, self.channel.id, secret or self.secret, hook)

    def later(self, **by: float) -> datetime:
        self.clock[0] += timedelta(**by)
        return self.clock[0]

    def post(self, hook: str, **form: object) -> httpx.Response:
        return self.http.post(
            self.path(hook), data={name: str(each) for name, each in form.items()}
        )

    def text(self, words: str, *, sender: str = HER, event: str | None = None) -> str:
        """What is answered to a text message."""
        event = event or f"event-{next(_numbers)}"
        return self.post("inbound", **{"from": sender, "text": words, "id": event}).text

    def dial(self, *, sender: str = HER) -> "Menu":
        menu = Menu(self, sender, f"session-{next(_numbers)}")
        menu.press("")
        return menu

    def walk(self, *keys: str, sender: str = HER) -> str:
        """The last screen after the menu was opened and these were typed."""
        menu = self.dial(sender=sender)
        for key in keys:
            menu.press(key)
        return menu.shown


@dataclass
class Menu:
    """A call of the menu. Each turn comes two seconds after the last, as people type."""

    line: Line
    sender: str
    session: str
    typed: list[str] = field(default_factory=list)
    shown: str = ""

    def press(self, text: str) -> str:
        self.line.later(seconds=2)
        if text:
            self.typed.append(text)
        self.shown = self.repeat(text)
        return self.shown

    def repeat(self, text: str = "") -> str:
        """Send a turn as it is, at this moment."""
        if self.line.channel.slug == "africastalking":
            form = {
                "sessionId": self.session,
                "serviceCode": "*384#",
                "phoneNumber": self.sender,
                "networkCode": "1",
                "text": "*".join(self.typed),
            }
        else:
            form = {"from": self.sender, "session": self.session, "text": text}
        reply = self.line.http.post(self.line.path("ussd"), data=form)
        assert reply.status_code == 200, reply.status_code
        return reply.text

    @property
    def is_over(self) -> bool:
        return self.shown.startswith("END ")


def a_line(
    database: Database,
    keyring: Keyring,
    slug: str = "console",
    *,
    options: Options | None = None,
    place: Place | None = None,
    clock: Callable[[], datetime] | None = None,
    settings: dict[str, Any] | None = None,
    **given: Any,
) -> Line:
    """A programme with one channel, two days after ``NOON``."""
    if slug == "africastalking":
        options = options or {"username": "sandbox", "api_key": "a-key"}
    with database.transaction() as session:
        place = place or a_place(session)
        channel, secret = a_channel(session, place, slug, options=options, **given)
    moments = [LATER]
    http = client(database, keyring, now=clock or (lambda: moments[0]), **(settings or {}))
    return Line(place, channel, secret, http, moments)

"""Someone who can be written to, and providers that a test makes up: the network is the only thing that is not real."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.appointments.actions import agree
from app.domain.appointments.rules import AppointmentKind
from app.domain.attempts.actions import report
from app.domain.channels.actions import switch
from app.domain.channels.events import Delivery, DeliveryState, Medium
from app.domain.channels.queries import ChannelFacts
from app.domain.contacts.actions import keep_contact
from app.domain.messages.models import Message, MessageAttempt
from app.domain.messages.rules import AttemptState, MessageState
from app.domain.notices.actions import remind_of_appointments
from app.domain.participants.rules import Sex
from app.domain.programmes.rules import MessageRules, Protocol
from app.domain.stipends.rules import Method
from app.domain.traffic.models import ChannelDay, MessageCap
from app.sending.messages import send_due
from tests.factories import NOON, Place, a_place, a_seed
from tests.telephones import a_channel

ANY_TIME = MessageRules(quiet_from=0, quiet_until=0, most_a_day=0, most_a_week=0)
# Noon in Kyiv, the day before the appointments of these tests.
DAY_BEFORE = datetime.fromisoformat("2026-03-08T10:00:00+00:00")
DAY = date(2026, 3, 9)

_numbers = count(1)


class Killed(BaseException):
    """The worker is gone at this very point: nothing after it runs."""


@dataclass
class Gateway:
    """Kannels by the name in their address. Each takes what comes, unless it is told to answer something else first."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    taken: list[tuple[str, UUID | None, str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(lambda request: self.answer(request)))

    def says(self, *answers: Any, name: str = "one") -> None:
        """What is answered to the next calls: a status, a response, or something that is raised."""
        self.answers.setdefault(name, []).extend(answers)

    @property
    def numbers(self) -> list[str]:
        return [to for _, _, to, _ in self.taken]

    @property
    def texts(self) -> list[str]:
        return [text for _, _, _, text in self.taken]

    def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.strip("/")
        self.calls.append(name)
        waiting = self.answers.get(name, [])
        answer = waiting.pop(0) if waiting else 202
        if isinstance(answer, BaseException):
            raise answer
        response = answer if isinstance(answer, httpx.Response) else httpx.Response(answer)
        if response.status_code == 202:
            report = parse_qs(urlsplit(request.headers.get("x-kannel-dlr-url", "")).query)
            ours = UUID(report["ours"][0]) if report else None
            to, text = request.headers["x-kannel-to"], request.content.decode()
            self.taken.append((name, ours, to, text))
        return response


@dataclass
class Line:
    """A programme that sends through one or more providers, at a moment that a test moves on."""

    database: Database
    place: Place
    channels: dict[str, ChannelFacts]
    gateway: Gateway = field(default_factory=Gateway)
    now: datetime = DAY_BEFORE

    def send(self, **later: float) -> int:
        """What one worker does at this moment, or so much later; until nothing is due any more."""
        self.now += timedelta(**later)
        done = 0
        with self.gateway.client() as http:
            while looked := send_due(
                self.database, lambda: self.now, http, public_url="https://pdi.example.org"
            ):
                done += looked
        return done

    def remind(self) -> int:
        with self.database.transaction() as session:
            return remind_of_appointments(session, self.place.programme.id, now=self.now)

    def report(self, state: DeliveryState, number: int = -1, **given: Any) -> bool:
        """What the provider says of the message that it took as this one."""
        name, ours, _, _ = self.gateway.taken[number]
        delivery = Delivery(event_id=str(uuid4()), state=state, our_id=ours, **given)
        return self.hear(delivery, name)

    def hear(self, delivery: Delivery, name: str = "one") -> bool:
        with self.database.transaction() as session:
            return report(session, self.channels[name].id, delivery, now=self.now)

    @property
    def message(self) -> Message:
        """The only one there is."""
        with self.database.snapshot() as session:
            return session.scalars(select(Message)).one()

    @property
    def state(self) -> MessageState:
        return self.message.state

    @property
    def attempts(self) -> list[AttemptState]:
        with self.database.snapshot() as session:
            rows = session.scalars(select(MessageAttempt).order_by(MessageAttempt.number))
            return [row.state for row in rows]

    def day(self, name: str = "one") -> ChannelDay:
        with self.database.snapshot() as session:
            return session.scalars(
                select(ChannelDay).where(ChannelDay.channel_id == self.channels[name].id)
            ).one()

    @property
    def counted(self) -> int:
        """How many messages count for all numbers."""
        with self.database.snapshot() as session:
            return sum(session.scalars(select(MessageCap.messages)))


def a_line(
    database: Database,
    *names: str,
    rules: MessageRules = ANY_TIME,
    now: datetime = DAY_BEFORE,
    **given: Any,
) -> Line:
    """A programme with one provider after another; ``given`` is said of each."""
    with database.transaction() as session:
        place = a_place(session, protocol=Protocol(messages=rules))
        channels = {
            name: a_provider(session, place, name, priority=number, **given)
            for number, name in enumerate(names or ("one",), 1)
        }
    return Line(database, place, channels, now=now)


def a_line_with_ids(database: Database, *ids: str, **given: Any) -> Line:
    """The same with one provider that names what it takes by ids of its own, in this order."""
    line = a_line(database, **given)
    with database.transaction() as session:
        switch(session, line.channels["one"].id, is_on=False, by=None, now=line.now)
        options = {"account_sid": f"AC{'0' * 32}", "auth_token": "a-token"}
        channel, _ = a_channel(
            session,
            line.place,
            "twilio",
            options=options,
            media=frozenset({Medium.SMS}),
            sender="+15005550006",
            sends=True,
        )
    line.channels["one"], waiting = channel, list(ids)

    def answer(request: httpx.Request) -> httpx.Response:
        form = {name: each[0] for name, each in parse_qs(request.content.decode()).items()}
        report = parse_qs(urlsplit(form["StatusCallback"]).query)
        line.gateway.taken.append(("one", UUID(report["id"][0]), form["To"], form["Body"]))
        return httpx.Response(201, json={"sid": waiting.pop(0)})

    line.gateway.answer = answer  # type: ignore[method-assign]
    return line


def a_provider(session: Session, place: Place, name: str, **given: Any) -> ChannelFacts:
    options = {
        "sendsms_url": f"http://gateway.example.org/{name}",
        "username": "u",
        "password": "p",
    }
    usual: dict[str, Any] = {
        "name": name,
        "media": frozenset({Medium.SMS}),
        "sends": True,
        "receives": True,
        "price_minor": 10,
    }
    facts, _ = a_channel(session, place, "kannel", options=options, **(usual | given))
    return facts


def someone(
    session: Session,
    place: Place,
    *,
    number: str | None = None,
    may_remind: bool = True,
    language: str = "en",
    **given: Any,
) -> UUID:
    """A participant with a telephone, who agreed to be reminded."""
    person = a_seed(session, place, sex=Sex.FEMALE, **given)
    call_her(session, place, person, number=number, may_remind=may_remind, language=language)
    return person


def call_her(
    session: Session,
    place: Place,
    person: UUID,
    *,
    number: str | None = None,
    may_remind: bool = True,
    language: str = "en",
) -> None:
    keep_contact(
        session,
        person,
        method=Method.CASH,
        number=number or f"+38050{next(_numbers):07}",
        may_remind=may_remind,
        language=language,
        by=place.intake,
        now=NOON,
    )


def an_appointment(
    session: Session, place: Place, person: UUID, *, day: date = DAY, **given: Any
) -> UUID:
    defaults: dict[str, Any] = {"kind": AppointmentKind.VISIT}
    agreed = agree(
        session,
        uuid4(),
        person,
        site_id=place.site.id,
        day=day,
        by=place.intake,
        now=NOON,
        **(defaults | given),
    )
    return agreed.id


def expected(line: Line, people: int = 1, **given: Any) -> list[UUID]:
    """People who agreed to come on ``DAY`` and are reminded of it now."""
    with line.database.transaction() as session:
        found = [someone(session, line.place, **given) for _ in range(people)]
        for each in found:
            an_appointment(session, line.place, each)
    assert line.remind() == people
    return found

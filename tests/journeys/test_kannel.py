"""A real Kannel between real telephones' protocols and the real program: what is texted, pressed and sent arrives on both sides.

The telephone network is the only thing that is made up: lines of text, or an operator's message centre that speaks SMPP.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.core.clock import local_date, utc_now
from app.core.db import Database
from app.domain.appointments.actions import agree
from app.domain.appointments.rules import AppointmentKind
from app.domain.channels import rules as channels
from app.domain.channels.queries import ChannelFacts
from app.domain.coupons.queries import PrintedCoupon
from app.domain.feedback.queries import said
from app.domain.feedback.rules import FeedbackState
from app.domain.messages.models import Message
from app.domain.messages.rules import MessageState
from app.domain.notices.actions import remind_of_appointments
from app.domain.opt_outs.queries import has_opted_out
from app.domain.programmes.rules import Protocol
from tests.factories import Place, a_bundle, a_place, a_seed
from tests.kannel import (
    FAKE,
    SHORT_CODE,
    SMPP,
    Phone,
    Ports,
    look_for_kannel,
    running_kannel,
    wait_for,
)
from tests.messages import ANY_TIME, call_her
from tests.serving import free_port, serving, working
from tests.smsc import ANSWERS, ASKS, ENDS, OPENS, Sent, running_smsc
from tests.telephones import a_channel

HER, OTHER, THIRD = "+380501112233", "+380671112244", "+380631112255"
UNREACHABLE = "+380501112239"  # the message centre says so of every number with this last digit
NOT_USABLE = "Not usable. Ask at the desk."


@pytest.fixture(autouse=True)
def _kannel() -> None:
    look_for_kannel()


@dataclass(frozen=True)
class Town:
    """A programme whose channel is a Kannel, and the address where it is served."""

    database: Database
    key_file: Path
    place: Place
    channel: ChannelFacts
    secret: str
    card: PrintedCoupon
    ports: Ports
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def inbound(self) -> str:
        return self.url + channels.path("kannel", self.channel.id, self.secret, "inbound")

    @contextmanager
    def served(self) -> Iterator[None]:
        """The program and its worker, which an embedded database has inside."""
        url, key_file = self.database.url, self.key_file
        with ExitStack() as stack:
            stack.enter_context(serving(url, key_file, port=self.port, PDI_PUBLIC_URL=self.url))
            if not self.database.is_sqlite:
                stack.enter_context(working(url, key_file, PDI_PUBLIC_URL=self.url))
            yield

    def expect(self, number: str, language: str) -> UUID:
        """Someone who agreed to come tomorrow and to be reminded of it, and now is."""
        now = utc_now()
        with self.database.transaction() as session:
            person = a_seed(session, self.place, now=now)
            call_her(session, self.place, person, number=number, language=language)
            agree(
                session,
                uuid4(),
                person,
                site_id=self.place.site.id,
                kind=AppointmentKind.VISIT,
                day=local_date(now, "Europe/Kyiv") + timedelta(days=1),
                by=self.place.intake,
                now=now,
            )
            before = set(session.scalars(select(Message.id)))
            assert remind_of_appointments(session, self.place.programme.id, now=now) == 1
            [queued] = set(session.scalars(select(Message.id))) - before
        return queued

    def becomes(self, message_id: UUID, state: MessageState) -> bool:
        with self.database.snapshot() as session:
            return session.get_one(Message, message_id).state is state

    def has_opted_out(self, number: str) -> bool:
        with self.database.snapshot() as session:
            return has_opted_out(session, self.place.programme.id, number)

    def said(self) -> list[str]:
        """What someone has said to the programme without a name."""
        with self.database.snapshot() as session:
            found = said(session, self.place.programme.id, FeedbackState.WAITING)
            return [each.text for each in found]


@pytest.fixture
def town(database: Database, key_file: Path) -> Town:
    ports, made = Ports(), utc_now() - timedelta(days=3)
    with database.transaction() as session:
        place = a_place(session, now=made, protocol=Protocol(messages=ANY_TIME))
        card = a_bundle(session, place, now=made).coupons[0]
        channel, secret = a_channel(
            session, place, "kannel", options=ports.options, sender=SHORT_CODE, now=made
        )
    return Town(database, key_file, place, channel, secret, card, ports, free_port())


def test_texts_are_answered_and_reminders_sent_and_reported(town: Town, tmp_path: Path) -> None:
    with (
        town.served(),
        running_kannel(tmp_path, town.ports, network=FAKE, inbound=town.inbound),
        phones(town) as phone,
    ):
        # Someone checks a card.
        phone.text(town.card.code, sender=HER)
        answer = phone.wait(HER)
        assert answer.startswith("This card can be used until")
        assert str(town.card.state.usable_until.day) in answer

        # A card that is none gets the words of every card that cannot be used.
        phone.text("CHECK 5678 1234 5674", sender=OTHER)
        assert phone.wait(OTHER)

        # Ukrainian comes whole, and what is answered in it does too.
        phone.text("ВІДГУК Дякуємо! Ґанок, їжа, є «все» № 5", sender=THIRD)
        assert wait_for(town.said, "what was said") == ["Дякуємо! Ґанок, їжа, є «все» № 5"]
        phone.text("ДОПОМОГА", sender=THIRD)
        assert phone.wait(THIRD, lambda words: "СТОП" in words)

        # A reminder leaves, arrives, and the report of it comes back.
        message = town.expect(HER, "uk")
        reminder = phone.wait(HER, lambda words: "Центр здоров'я" in words)
        assert "?" not in reminder
        wait_for(lambda: town.becomes(message, MessageState.DELIVERED), "the report")

        # STOP is heard at once.
        phone.text("STOP", sender=HER)
        assert phone.wait(HER, lambda words: "no more messages" in words)
        assert town.has_opted_out(HER)
        assert not town.has_opted_out(OTHER)


def test_a_text_that_came_while_we_were_away_is_answered_once(town: Town, tmp_path: Path) -> None:
    with (
        running_kannel(tmp_path, town.ports, network=FAKE, inbound=town.inbound),
        phones(town) as phone,
    ):
        phone.text(town.card.code, sender=HER)
        with town.served():
            assert phone.wait(HER).startswith("This card can be used until")
            phone.text("HELP", sender=OTHER)
            assert phone.wait(OTHER)
            assert len(phone.shown(HER)) == 1


def test_a_menu_is_walked_and_messages_reported_over_smpp(town: Town, tmp_path: Path) -> None:
    def screen_asking(sent: Sent) -> bool:
        return sent.ussd_op == ASKS

    with (
        town.served(),
        running_smsc(town.ports.network) as smsc,
        running_kannel(tmp_path, town.ports, network=SMPP, inbound=town.inbound),
    ):
        wait_for(lambda: smsc.is_bound, "Kannel at the message centre")

        # A menu is opened, walked and ended.
        smsc.press("*384*96#", sender=HER, op=OPENS)
        home = smsc.wait(HER, screen_asking)
        assert home.text.startswith("Welcome.")
        assert home.service == "USSD"
        smsc.press("1", sender=HER, op=ANSWERS)
        smsc.wait(HER, lambda sent: screen_asking(sent) and "12 digits" in sent.text)
        smsc.press(town.card.code, sender=HER, op=ANSWERS)
        last = smsc.wait(HER, lambda sent: sent.ussd_op == ENDS)
        assert last.text.startswith("This card can be used until")

        # The same code dialled again is a menu of its own.
        smsc.press("*384*96#", sender=HER, op=OPENS)
        wait_for(lambda: [each.text for each in smsc.sent].count(home.text) == 2, "a second menu")

        # Texts go the same way, in every alphabet.
        smsc.text("ВІДГУК Ґанок, їжа, є", sender=OTHER)
        assert wait_for(town.said, "what was said") == ["Ґанок, їжа, є"]
        smsc.text("ДОПОМОГА", sender=THIRD)
        assert "СТОП" in smsc.wait(THIRD).text

        # Of two reminders one arrives and the other cannot, and each is told of the right one.
        arrives, fails = town.expect(OTHER, "uk"), town.expect(UNREACHABLE, "en")
        assert "Центр здоров'я" in smsc.wait(OTHER, lambda sent: "здоров" in sent.text).text
        wait_for(lambda: town.becomes(arrives, MessageState.DELIVERED), "the report of success")
        wait_for(lambda: town.becomes(fails, MessageState.FAILED), "the report of failure")


@contextmanager
def phones(town: Town) -> Iterator[Phone]:
    phone = Phone(town.ports.network)
    try:
        yield phone
    finally:
        phone.close()

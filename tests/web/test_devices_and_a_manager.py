"""Two devices and a coupon manager, whatever they do in whatever order: everything that must hold holds after each step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import installation
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.errors import DomainError
from app.domain.conflicts import actions as conflicts
from app.domain.conflicts.rules import Decision
from app.domain.corrections.actions import take_back
from app.domain.coupons.queries import read as read_coupon
from app.domain.pads import actions as pads
from app.domain.participants.rules import SamePerson
from app.domain.programmes.rules import Protocol
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import books_of
from app.domain.stipends.rules import Account
from app.verification import CHECKS
from tests.devices import DeskDevice, a_device
from tests.factories import LATER, NOON, Place, a_bundle, a_place, a_seed, client
from tests.pads import a_pad

FEE = 750
UICS = ("", "OLENA0785", "IRYNA1190")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass
class Desks:
    """What two devices and a manager have between them."""

    database: Database
    http: httpx.Client
    place: Place
    recruiter: UUID
    devices: tuple[DeskDevice, DeskDevice]
    cards: list[str]
    pads: list[str]
    came: list[tuple[UUID, UUID]] = field(default_factory=list)
    payments: list[UUID] = field(default_factory=list)
    minutes: int = 0

    @property
    def now(self) -> datetime:
        return LATER + timedelta(minutes=self.minutes)

    def arrive(self, draw: Draw) -> None:
        device = draw(st.sampled_from(self.devices))
        card, uic = (
            draw(st.sampled_from([*self.cards, *self.pads, None])),
            draw(st.sampled_from(UICS)),
        )
        person = device.arrive(card, at=self.now, **({"uic": uic} if uic else {}))
        self.came.append((person, UUID(device.sealed[-1]["id"])))

    def visit(self, draw: Draw) -> None:
        device, (person, _) = draw(st.sampled_from(self.devices)), draw(st.sampled_from(self.came))
        device.go_through_visit(person, at=self.now, correct=draw(st.sampled_from([3, 8])))

    def fee(self, draw: Draw) -> None:
        device, (person, _) = draw(st.sampled_from(self.devices)), draw(st.sampled_from(self.came))
        payment = draw(st.sampled_from([*self.payments, uuid4()]))
        self.payments.append(payment)
        minor = draw(st.sampled_from([FEE, FEE, FEE - 1, 0]))
        fields = {"payment_id": str(payment), "minor": str(minor)}
        device.work("fee", person, fields, at=self.now)

    def undo(self, draw: Draw) -> None:
        device = draw(st.sampled_from(self.devices))
        (person, _), (_, scan) = (draw(st.sampled_from(self.came)) for _ in range(2))
        device.work("undo", person, {"scan": str(scan)}, at=self.now)

    def undo_own(self, draw: Draw) -> None:
        device, (person, scan) = (
            draw(st.sampled_from(self.devices)),
            draw(st.sampled_from(self.came)),
        )
        device.work("undo", person, {"scan": str(scan)}, at=self.now)

    def give(self, draw: Draw) -> None:
        device, (person, _) = draw(st.sampled_from(self.devices)), draw(st.sampled_from(self.came))
        card = draw(st.sampled_from(self.pads))
        given = str(draw(st.integers(0, 4)))
        device.work("bundle", person, {"coupon": card, "given": given}, at=self.now)

    def send(self, draw: Draw) -> None:
        draw(st.sampled_from(self.devices)).upload(self.http, now=self.now)

    def send_wildly(self, draw: Draw) -> None:
        device = draw(st.sampled_from(self.devices))
        if not device.sealed:
            return
        some = draw(st.lists(st.sampled_from(device.sealed), unique_by=lambda each: each["seq"]))
        device.send(
            self.http, some, now=self.now, waiting=draw(st.sampled_from([0, len(some), 99]))
        )

    def decide(self, draw: Draw) -> None:
        (_, scan), decision = draw(st.sampled_from(self.came)), draw(st.sampled_from(Decision))
        self._manage(lambda session, by: conflicts.decide_conflict(session, scan, decision, **by))

    def say_who(self, draw: Draw) -> None:
        (person, _), decision = draw(st.sampled_from(self.came)), draw(st.sampled_from(SamePerson))
        self._manage(
            lambda session, by: conflicts.decide_duplicate(session, person, decision, **by)
        )

    def take_back(self, draw: Draw) -> None:
        person, scan = draw(st.sampled_from(self.came))
        self._manage(lambda session, by: take_back(session, scan, participant_id=person, **by))

    def void(self, draw: Draw) -> None:
        pad = read_coupon(draw(st.sampled_from(self.pads)))
        self._manage(lambda session, by: pads.void_pad(session, pad, **by))

    def pay(self, draw: Draw) -> None:
        person = draw(st.sampled_from([self.recruiter, *(person for person, _ in self.came)]))
        payment = draw(st.sampled_from([*self.payments, uuid4()]))
        self.payments.append(payment)

        def pay(session: Session, by: dict[str, Any]) -> None:
            books, _ = books_of(session, self.place.programme.id, self.place.site.id, now=self.now)
            pay_in_cash(
                session,
                books,
                payment_id=payment,
                participant_id=person,
                by=self.place.intake.staff_id,
            )

        self._manage(pay)

    def wait(self, draw: Draw) -> None:
        self.minutes += draw(st.integers(1, 7))

    def _manage(self, act: Callable[[Session, dict[str, Any]], None]) -> None:
        try:
            with self.database.transaction() as session:
                act(session, {"reason": "So", "by": self.place.manager, "now": self.now})
        except DomainError:
            pass  # refused as a whole

    def faults(self) -> list[str]:
        with self.database.snapshot() as session:
            found = [fault for check in CHECKS.values() for fault in check(session)]
            paid = session.scalars(
                select(LedgerEntry.amount_minor).where(
                    LedgerEntry.debit == Account.CASH_FLOAT, LedgerEntry.reverses.is_(None)
                )
            ).all()
        return [*found, *(f"cash came back by itself: {each}" for each in paid)]


ALONE = (Desks.arrive, Desks.wait, Desks.send)
WITH_SOMEONE = (
    Desks.visit,
    Desks.fee,
    Desks.undo,
    Desks.undo_own,
    Desks.give,
    Desks.send_wildly,
    Desks.decide,
    Desks.say_who,
    Desks.take_back,
    Desks.void,
    Desks.pay,
)


def some_desks(database: Database, keyring: Keyring) -> Desks:
    with database.transaction() as session:
        installation.ensure_installed(session, now=NOON)
        place = a_place(session, protocol=Protocol(fee_offline=True))
        recruiter = a_seed(session, place)
        cards = [coupon.code for coupon in a_bundle(session, place, recruiter).coupons[:2]]
        printed = [a_pad(session, place)[0][1].text for _ in range(2)]
        devices = (
            a_device(session, place, keyring),
            a_device(session, place, keyring, label="Tablet 2", by=place.manager),
        )
    http = client(database, keyring, now=lambda: desks.now)
    desks = Desks(database, http, place, recruiter, devices, cards, printed)
    return desks


@settings(
    max_examples=3,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # the database goes on: nothing to shrink in
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_two_devices_and_a_manager_do_everything_holds_after_each_step(
    database: Database, keyring: Keyring, data: st.DataObject
) -> None:
    desks = some_desks(database, keyring)
    before = desks.faults()  # of an example that failed: one database is for all

    for _ in range(data.draw(st.integers(5, 25))):
        acts = [*ALONE, *WITH_SOMEONE] if desks.came else [*ALONE]
        data.draw(st.sampled_from(acts))(desks, data.draw)
        assert [fault for fault in desks.faults() if fault not in before] == []
    for device in desks.devices:
        device.upload(desks.http, now=desks.now)
    assert [fault for fault in desks.faults() if fault not in before] == []

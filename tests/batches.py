"""People who are owed money, and the staff it takes to pay them together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.domain.batches import queries
from app.domain.batches.actions import approve, prepare, release
from app.domain.batches.queries import BatchFacts, LineFacts
from app.domain.batches.rules import Selection
from app.domain.contacts.actions import keep_contact
from app.domain.programmes.queries import SiteFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter, pay_in_cash
from app.domain.stipends.queries import Earner, Payment, books_of
from app.domain.stipends.rules import Account, Method
from tests.factories import LATER, Place, a_place, a_seed, an_actor

ANYONE = Selection()


@dataclass(frozen=True)
class Office:
    """A place with the people whom a batch needs: one prepares, two approve, one pays."""

    place: Place
    payer: Actor

    @property
    def preparer(self) -> Actor:
        return self.place.finance

    @property
    def approver(self) -> Actor:
        return self.place.lead

    @property
    def second(self) -> Actor:
        return self.place.staff[Role.ADMINISTRATOR]

    @property
    def programme_id(self) -> UUID:
        return self.place.programme.id


def an_office(session: Session, **given: Any) -> Office:
    place = a_place(session, **given)
    payer = an_actor(session, Role.FINANCE, programme_id=place.programme.id, site_id=place.site.id)
    return Office(place, payer)


def someone_owed(
    session: Session,
    place: Place,
    *minors: int,
    method: Method | None = None,
    number: str | None = None,
    site: SiteFacts | None = None,
    now: datetime = LATER,
) -> UUID:
    """A person with an accrual for each amount, the first for taking part; without a ``method`` she gave no contact."""
    where = place.at(site) if site else place
    person = a_seed(session, where, now=now)
    books, _ = books_of(session, place.programme.id, where.site.id, now=now)
    for number_of, minor in enumerate(minors or (750,)):
        enter(
            session,
            books,
            minor,
            debit=Account.EXPENSE_PRIMARY,
            credit=Account.STIPENDS_PAYABLE,
            earner=Earner(person, number_of - 1 if number_of else None),
            cause=("primary", uuid4() if number_of else person),
        )
    if method:
        keep_contact(
            session,
            person,
            method=method,
            number=number,
            may_remind=False,
            language="uk",
            by=place.intake,
            now=now,
        )
    return person


def a_batch(
    session: Session,
    office: Office,
    selection: Selection = ANYONE,
    *,
    profiles: Mapping[Method, str] | None = None,
    now: datetime = LATER,
) -> BatchFacts:
    return prepare(session, uuid4(), selection, profiles=profiles, by=office.preparer, now=now)


def an_approved_batch(
    session: Session, office: Office, selection: Selection = ANYONE, *, now: datetime = LATER
) -> BatchFacts:
    found = a_batch(session, office, selection, now=now)
    return sign(session, found, office.approver, now=now)


def sign(session: Session, batch: BatchFacts, by: Actor, *, now: datetime = LATER) -> BatchFacts:
    """Approve a batch as it stands."""
    seen = queries.seen(session, batch.id, programme_id=by.programme_id)
    return approve(session, batch.id, seen=seen, by=by, now=now).batch


def a_released_batch(
    session: Session, office: Office, selection: Selection = ANYONE, *, now: datetime = LATER
) -> BatchFacts:
    found = an_approved_batch(session, office, selection, now=now)
    signed = release(session, found.id, by=office.payer, now=now)
    assert not signed.changed
    return signed.batch


def the_lines(session: Session, batch: BatchFacts) -> list[LineFacts]:
    return queries.lines(session, batch.id)


def pay_at_the_desk(session: Session, place: Place, person: UUID) -> Payment:
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    by = place.intake.staff_id
    return pay_in_cash(session, books, payment_id=uuid4(), participant_id=person, by=by)

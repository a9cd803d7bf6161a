"""How someone wants to be paid: kept sealed, found again by a keyed digest, gone when she likes."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.core.db import Database
from app.domain.contacts import queries
from app.domain.contacts.actions import keep_contact, remove_contact
from app.domain.contacts.errors import BadNumber, NumberNeeded, UnknownLanguage
from app.domain.contacts.models import ContactNumber, ParticipantContact
from app.domain.contacts.rules import read_msisdn
from app.domain.participants.errors import UnknownParticipant
from app.domain.stipends.rules import Method
from app.domain.tables import METADATA
from tests.factories import NOON, Place, a_place, a_seed

TYPED, KEPT = "050 123 45 67", "+380501234567"


def keep(session: Session, place: Place, person: UUID, **given: Any) -> None:
    defaults: dict[str, Any] = {
        "method": Method.MOBILE_MONEY,
        "number": TYPED,
        "may_remind": True,
        "language": "uk",
        "by": place.intake,
        "now": NOON,
    }
    keep_contact(session, person, **(defaults | given))


def test_a_number_is_kept_as_the_world_writes_it_and_only_sealed(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)

    keep(session, place, person)

    contact = queries.contact_of(session, person)
    assert contact is not None
    assert (contact.method, contact.msisdn, contact.may_remind) == (Method.MOBILE_MONEY, KEPT, True)
    assert KEPT not in repr(contact)
    assert queries.holders_of(session, place.programme.id, KEPT) == [person]
    for name, table in METADATA.tables.items():
        for row in session.execute(select(table)):
            assert "501234567" not in repr(tuple(row)), name


def test_numbers_typed_at_a_site_are_of_its_country_and_bad_ones_are_not_repeated() -> None:
    assert read_msisdn("+254 712 345678", "UA") == "+254712345678"
    assert read_msisdn("(050) 123-45-67", "UA") == KEPT
    for wrong in (
        "",
        "123",
        "050 123",
        "050 123 45 67 890 12",
        "abc",
        "050 123 45 67 доб. 5",
        "9" * 500,
    ):
        with pytest.raises(BadNumber) as refusal:
            read_msisdn(wrong, "UA")
        assert refusal.value.facts == {}
        assert refusal.value.__cause__ is None


def test_a_sealed_number_opens_in_no_other_row(session: Session) -> None:
    place = a_place(session)
    one, other = a_seed(session, place), a_seed(session, place)
    keep(session, place, one)
    keep(session, place, other, number="067 765 43 21")
    rows = {each.participant_id: each for each in session.scalars(select(ParticipantContact))}
    rows[one].sealed_msisdn, rows[other].sealed_msisdn = (
        rows[other].sealed_msisdn,
        rows[one].sealed_msisdn,
    )
    session.flush()

    with pytest.raises(KeyProblem):
        queries.contact_of(session, one)


def test_nothing_is_left_of_a_number_that_was_removed_or_replaced(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    keep(session, place, person)
    keep(session, place, person, number="067 765 43 21")

    assert queries.holders_of(session, place.programme.id, KEPT) == []
    assert len(session.scalars(select(ContactNumber)).all()) == 1

    assert remove_contact(session, person, by=place.intake, now=NOON)
    assert not remove_contact(session, person, by=place.intake, now=NOON)
    assert session.scalars(select(ContactNumber)).all() == []
    assert session.scalars(select(ParticipantContact)).all() == []
    assert queries.contact_of(session, person) is None


def test_two_people_with_one_number_are_counted_and_not_joined(session: Session) -> None:
    place = a_place(session)
    people = [a_seed(session, place) for _ in range(3)]
    for person, number in zip(people, (TYPED, TYPED, "067 765 43 21"), strict=True):
        keep(session, place, person, number=number)

    assert queries.shared_numbers(session, place.programme.id) == {2: 1}
    assert set(queries.holders_of(session, place.programme.id, KEPT)) == set(people[:2])
    remove_contact(session, people[0], by=place.intake, now=NOON)
    assert queries.holders_of(session, place.programme.id, KEPT) == [people[1]]
    assert queries.shared_numbers(session, place.programme.id) == {}


def test_what_goes_to_a_telephone_needs_a_number_and_cash_needs_none(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)

    for method in (Method.MOBILE_MONEY, Method.AIRTIME):
        with pytest.raises(NumberNeeded):
            keep(session, place, person, method=method, number=None)
    keep(session, place, person, method=Method.CASH, number=None)

    contact = queries.contact_of(session, person)
    assert contact is not None
    assert not contact.may_remind  # nobody can be reminded without a number
    with pytest.raises(UnknownLanguage):
        keep(session, place, person, language="xx")


def test_people_of_another_programme_are_nobody_here(session: Session) -> None:
    place, elsewhere = a_place(session), a_place(session)
    person = a_seed(session, place)

    with pytest.raises(UnknownParticipant):
        keep(session, elsewhere, person)
    keep(session, place, person)
    assert queries.contacts_of_all(session, elsewhere.programme.id) == {}
    assert set(queries.contacts_of_all(session, place.programme.id)) == {person}


def test_a_digest_of_a_number_is_keyed(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        keep(session, place, a_seed(session, place))
        digest = session.scalars(select(ContactNumber.number_digest)).one()
        mine = keyring_of(session)
        assert digest == mine.digest("msisdn", place.programme.id.hex, KEPT)
        other = Keyring(b"\x07" * 32).digest("msisdn", place.programme.id.hex, KEPT)
        assert digest != other

"""A card of her own and a PIN: whoever finds the card, or guesses, gets nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimCode, ClaimToken, is_own, new_claim_code, read_claim
from app.core.codes import MalformedCode, is_well_formed, new_code, new_token, read_scanned
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.errors import DomainError
from app.domain.audit.models import AuditEvent
from app.domain.claims import queries
from app.domain.claims.actions import end_card, forget_old_misses, give_card, set_pin, try_card
from app.domain.claims.errors import (
    BadPin,
    NoClaimCard,
    NotHerCode,
    PinLocked,
    TooManyMisses,
    UnknownClaimCard,
    WeakPin,
    WrongPin,
)
from app.domain.claims.models import ClaimCard, ClaimMiss
from app.domain.claims.rules import MISSES_AN_HOUR, WRONG_PINS_MOST, CardState
from tests.factories import NOON, Place, a_place, a_seed

PIN, WRONG = "4071", "9236"
HERS = "OLENA 0785"


def a_card(session: Session, place: Place, person: UUID, pin: str = PIN) -> ClaimCode:
    card = give_card(session, person, pin, card_id=uuid4(), by=place.intake, now=NOON)
    names = queries.names_of(session, card.id, programme_id=place.programme.id)
    return ClaimCode(names.digits)


def attempt(
    session: Session, place: Place, name: ClaimCode | ClaimToken, pin: str, **given: Any
) -> UUID | DomainError:
    defaults: dict[str, Any] = {"site_id": place.site.id, "by": place.intake, "now": NOON}
    return try_card(session, name, pin, **(defaults | given))


def test_a_card_and_its_pin_lead_to_whose_it_is(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    card = give_card(session, person, PIN, card_id=uuid4(), by=place.intake, now=NOON)
    names = queries.names_of(session, card.id, programme_id=place.programme.id)

    for typed in (names.digits, f" {names.digits[:4]}-{names.digits[4:]}", names.token.lower()):
        assert attempt(session, place, read_claim(typed), PIN) == person
    assert attempt(session, place, read_claim(names.token), "４０７１") == person


def test_a_claim_card_is_never_a_coupon_and_a_coupon_never_a_claim_card() -> None:
    for _ in range(300):
        card, coupon = new_claim_code().digits, new_code().digits
        assert is_own(card)
        assert not is_well_formed(card)
        assert not is_own(coupon)
        with pytest.raises(MalformedCode):
            read_scanned(card)
        with pytest.raises(MalformedCode, match="coupon"):
            read_claim(coupon)
    with pytest.raises(MalformedCode, match="own_card"):
        read_scanned("P1" + new_token().text[2:])
    with pytest.raises(MalformedCode, match="coupon"):
        read_claim(new_token().text)


def test_every_wrong_digit_and_swap_of_a_claim_card_is_found() -> None:
    digits = new_claim_code().digits
    for place, figure in enumerate(digits):
        for other in set("0123456789") - {figure}:
            assert not is_own(digits[:place] + other + digits[place + 1 :])
    for place in range(11):
        one, two = digits[place], digits[place + 1]
        if one != two:
            assert not is_own(digits[:place] + two + one + digits[place + 2 :])


@pytest.mark.parametrize(
    "pin", ["0000", "1234", "4321", "9012", "1212", "112233"[:4], "2580", "1987", "2004", "123123"]
)
def test_a_pin_that_is_tried_first_is_refused(session: Session, pin: str) -> None:
    place = a_place(session)

    with pytest.raises(WeakPin):
        a_card(session, place, a_seed(session, place), pin)


@pytest.mark.parametrize("pin", ["", "123", "1234567", "12a4", "+407"])
def test_a_pin_has_four_to_six_digits(session: Session, pin: str) -> None:
    place = a_place(session)

    with pytest.raises(BadPin):
        a_card(session, place, a_seed(session, place), pin)


def test_five_wrong_pins_lock_a_card_even_for_the_right_one(session: Session) -> None:
    place = a_place(session)
    name = a_card(session, place, a_seed(session, place))

    for left in (4, 3, 2, 1):
        refusal = attempt(session, place, name, WRONG)
        assert isinstance(refusal, WrongPin)
        assert refusal.facts == {"left": left}
    assert isinstance(attempt(session, place, name, WRONG), PinLocked)
    assert isinstance(attempt(session, place, name, PIN), PinLocked)
    acts = session.scalars(select(AuditEvent.action)).all()
    assert acts.count("claim_card.pin_locked") == 1


def test_a_right_pin_begins_the_count_anew(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    name = a_card(session, place, person)

    for _ in range(3):
        for _ in range(WRONG_PINS_MOST - 1):
            attempt(session, place, name, WRONG, now=NOON)
        assert attempt(session, place, name, PIN) == person


def test_guessing_is_stopped_for_ever_whatever_restarts(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        person = a_seed(session, place)
        name = a_card(session, place, person, "4071")
    found = []
    for guess in range(4000, 4200):  # the right one is among them
        again = Database(database.url, keyring)  # as after a restart
        with again.transaction() as session:
            answer = attempt(session, place, name, str(guess), now=NOON + timedelta(hours=guess))
        again.close()
        found.append(answer)
        if guess > 4010:
            break
    with database.transaction() as session:
        found.append(attempt(session, place, name, "4071", now=NOON + timedelta(days=900)))

    assert person not in found
    assert [type(each) for each in found[:5]] == [WrongPin] * 4 + [PinLocked]
    assert {type(each) for each in found[5:]} == {PinLocked}


def test_a_site_that_misses_too_often_waits_for_the_next_hour(session: Session) -> None:
    place = a_place(session)
    name = a_card(session, place, person := a_seed(session, place))

    for _ in range(MISSES_AN_HOUR):
        assert isinstance(attempt(session, place, new_claim_code(), PIN), UnknownClaimCard)
    assert isinstance(attempt(session, place, name, PIN), TooManyMisses)
    assert attempt(session, place, name, PIN, now=NOON + timedelta(hours=1)) == person
    assert session.scalars(select(ClaimMiss.misses)).all() == [MISSES_AN_HOUR]
    forget_old_misses(session, now=NOON + timedelta(days=3))
    assert session.scalars(select(ClaimMiss.misses)).all() == []


def test_a_lost_card_is_replaced_and_worth_nothing_from_then_on(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    old = a_card(session, place, person)
    new = a_card(session, place, person, "8351")

    assert isinstance(attempt(session, place, old, PIN), UnknownClaimCard)
    assert attempt(session, place, new, "8351") == person
    rows = {row.state: row for row in session.scalars(select(ClaimCard))}
    assert set(rows) == {CardState.ACTIVE, CardState.REPLACED}
    assert rows[CardState.REPLACED].sealed_names is None
    assert rows[CardState.REPLACED].pin_digest is None

    assert end_card(session, person, by=place.intake, now=NOON)
    assert not end_card(session, person, by=place.intake, now=NOON)
    assert isinstance(attempt(session, place, new, "8351"), UnknownClaimCard)


def test_the_same_form_twice_gives_one_card(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place)
    form = uuid4()

    one = give_card(session, person, PIN, card_id=form, by=place.intake, now=NOON)
    two = give_card(session, person, PIN, card_id=form, by=place.intake, now=NOON)

    assert one == two
    assert len(session.scalars(select(ClaimCard)).all()) == 1


def test_the_database_lets_nobody_have_two_cards(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        person = a_seed(session, place)
        a_card(session, place, person)
        row = session.scalars(select(ClaimCard)).one()
        values = {each.name: getattr(row, each.name) for each in ClaimCard.__table__.columns}
    values |= {"id": uuid4(), "code_digest": b"1" * 32, "token_digest": b"2" * 32}

    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(ClaimCard(**values))


def test_another_pin_is_chosen_with_her_own_code_or_with_a_coupon_manager(session: Session) -> None:
    place = a_place(session)
    person = a_seed(session, place, uic=HERS)
    with pytest.raises(NoClaimCard):
        set_pin(session, person, "8351", uic=HERS, by=place.intake, now=NOON)
    name = a_card(session, place, person)
    for _ in range(WRONG_PINS_MOST):
        attempt(session, place, name, WRONG)

    for said in ("IRYNA 0786", None, ""):
        with pytest.raises(NotHerCode):
            set_pin(session, person, "8351", uic=said, by=place.intake, now=NOON)
    assert isinstance(attempt(session, place, name, PIN), PinLocked)

    set_pin(session, person, "8351", uic="олена-07/85", by=place.intake, now=NOON)
    assert attempt(session, place, name, "8351") == person
    set_pin(session, person, "6194", uic=None, by=place.manager, now=NOON)
    assert attempt(session, place, name, "6194") == person
    with pytest.raises(WeakPin):
        set_pin(session, person, "1111", uic=HERS, by=place.intake, now=NOON)


def test_a_card_of_another_programme_is_not_known(session: Session) -> None:
    place, elsewhere = a_place(session), a_place(session)
    name = a_card(session, place, a_seed(session, place))

    assert isinstance(attempt(session, elsewhere, name, PIN), UnknownClaimCard)

"""Whatever is wrong with a code sounds the same, costs the database the same, and is counted."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimCode, own_check_digit
from app.core.codes import Code, new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.claims.actions import end_card, give_card, try_card, try_card_by_telephone
from app.domain.claims.queries import card_of, names_of
from app.domain.claims.rules import WRONG_PINS_MOST
from app.domain.coupons.actions import end_coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.inquiries import actions as inquiries
from app.domain.inquiries.actions import answer
from app.domain.inquiries.rules import Caller
from app.domain.limits.queries import misses
from app.domain.screens.rules import (
    AnswerIs,
    CardSays,
    CheckCoupon,
    CouponUsable,
    Locked,
    MyCard,
    NotRight,
    NotUsable,
    ReadAnswer,
)
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
)
from tests.telephones import HER, a_channel
from tests.test_statements import statements

PIN = "407182"


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


def a_caller(session: Session, place: Place, *, number: int = 0) -> Caller:
    channel, _ = a_channel(session, place)
    return Caller(place.programme.id, channel.id, HER, number.to_bytes(32, "big"), "en", LATER)


def her_card(session: Session, place: Place, person: UUID | None = None) -> tuple[UUID, str]:
    person = person or a_finished_visit(session, place).participant_id
    card = give_card(session, person, PIN, card_id=uuid4(), by=place.intake, now=LATER)
    return person, names_of(session, card.id, programme_id=place.programme.id).digits


def test_a_coupon_is_usable_until_its_last_day_where_it_was_issued(
    session: Session, place: Place
) -> None:
    coupon = a_bundle(session, place).coupons[0]

    told = answer(session, CheckCoupon(coupon.code), a_caller(session, place))

    assert told == CouponUsable(coupon.state.usable_until)


def test_a_coupon_that_was_just_given_is_told_with_its_first_day(
    session: Session, place: Place
) -> None:
    coupon = a_bundle(session, place, now=LATER).coupons[0]

    told = answer(session, CheckCoupon(coupon.code), a_caller(session, place))

    assert told == CouponUsable(coupon.state.usable_until, since=coupon.state.usable_from)


def not_usable(session: Session, place: Place) -> dict[str, str]:
    """A code for each way of not being usable."""
    used, void, lost = a_bundle(session, place).coupons
    a_redemption(session, place, used)
    for coupon, word in ((void, CouponStatus.VOID), (lost, CouponStatus.LOST)):
        end_coupon(session, Code(coupon.code), word, reason="torn", by=place.manager, now=LATER)
    expired = a_bundle(session, place, now=NOON - timedelta(days=400)).coupons[0]
    foreign = a_bundle(session, a_place(session)).coupons[0]
    return {
        "unknown": new_code().digits,
        "used": used.code,
        "void": void.code,
        "lost": lost.code,
        "expired": expired.code,
        "another programme's": foreign.code,
        "for training": "999999990007",
    }


def test_whatever_is_wrong_with_a_coupon_is_told_alike_for_the_same_statements(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        caller = a_caller(session, place)
        codes = not_usable(session, place)

    sent: dict[str, list[str]] = {}
    for number, (what, code) in enumerate(codes.items(), 1):
        one = Caller(caller.programme_id, caller.channel_id, HER, bytes([number]) * 32, "en", LATER)
        with statements(database) as of_this, database.transaction() as session:
            assert answer(session, CheckCoupon(code), one) == NotUsable(), what
        sent[what] = of_this

    assert len(sent) == 7
    assert all(each == sent["unknown"] for each in sent.values()), sent
    assert len(sent["unknown"]) == 4


def test_whatever_is_wrong_with_a_card_is_told_alike_for_the_same_statements(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        caller = a_caller(session, place)
        _, digits = her_card(session, place)
        _, locked = her_card(session, place)
        for _ in range(3):
            try_card_by_telephone(session, locked, "0000", programme_id=place.programme.id)
        ended_of, ended = her_card(session, place)
        end_card(session, ended_of, by=place.intake, now=LATER)
        _, foreign = her_card(session, a_place(session))

    sent: dict[str, list[str]] = {}
    asks = {
        "unknown": MyCard("00000000572" + own_check_digit("00000000572"), PIN),
        "another PIN": MyCard(digits, "0000"),
        "locked": MyCard(locked, PIN),
        "ended": MyCard(ended, PIN),
        "another programme's": MyCard(foreign, PIN),
    }
    for number, (what, ask) in enumerate(asks.items(), 1):
        one = Caller(caller.programme_id, caller.channel_id, HER, bytes([number]) * 32, "en", LATER)
        with statements(database) as of_this, database.transaction() as session:
            assert answer(session, ask, one) == NotRight(), what
        sent[what] = [
            re.sub(r"wrong_pins=[^,]*?(?= WHERE)", "wrong_pins=…", each) for each in of_this
        ]

    assert all(each == sent["unknown"] for each in sent.values()), sent


def test_a_card_with_its_pin_tells_how_many_came_back_and_what_is_due_and_no_more(
    session: Session, place: Place
) -> None:
    recruiter = a_seed(session, place)
    first, second, _ = a_bundle(session, place, recruiter).coupons
    a_finished_visit(session, place, first, recruiter_id=recruiter)
    a_redemption(session, place, second)
    _, digits = her_card(session, place, recruiter)

    told = answer(session, MyCard(digits, PIN), a_caller(session, place))

    assert isinstance(told, CardSays)
    assert (told.returned, told.currency) == (2, "UAH")
    assert told.due_minor > 0


def test_three_wrong_pins_by_telephone_leave_the_card_to_the_desk(
    session: Session, place: Place
) -> None:
    person, digits = her_card(session, place)
    here = {"programme_id": place.programme.id}

    for _ in range(3):
        assert try_card_by_telephone(session, digits, "0000", **here) is None
    assert try_card_by_telephone(session, digits, PIN, **here) is None

    session.expire_all()
    card = card_of(session, person)
    assert card
    assert card.wrong_pins == 3 < WRONG_PINS_MOST
    here_she_is = try_card(
        session, ClaimCode(digits), PIN, site_id=place.site.id, by=place.intake, now=LATER
    )
    assert here_she_is == person
    session.flush()
    assert try_card_by_telephone(session, digits, PIN, **here) == person


def test_a_right_pin_forgets_the_wrong_ones(session: Session, place: Place) -> None:
    _, digits = her_card(session, place)
    here = {"programme_id": place.programme.id}

    for _ in range(4):
        assert try_card_by_telephone(session, digits, "0000", **here) is None
        assert try_card_by_telephone(session, digits, PIN, **here) is not None


def test_a_number_that_was_wrong_five_times_is_told_nothing_more(
    session: Session, place: Place
) -> None:
    caller = a_caller(session, place)
    coupon = a_bundle(session, place).coupons[0]
    for _ in range(5):
        assert answer(session, CheckCoupon(new_code().digits), caller) == NotUsable()

    assert answer(session, CheckCoupon(coupon.code), caller) == Locked()
    assert answer(session, MyCard("000000005726", PIN), caller) == Locked()
    other = Caller(caller.programme_id, caller.channel_id, HER, b"\x01" * 32, "en", LATER)
    assert isinstance(answer(session, CheckCoupon(coupon.code), other), CouponUsable)


def test_a_receipt_that_was_never_given_counts_and_one_that_cannot_be_does_not(
    session: Session, place: Place
) -> None:
    caller = a_caller(session, place)

    assert answer(session, ReadAnswer("0000005724"), caller) == AnswerIs(None)
    assert answer(session, ReadAnswer("0000005742"), caller) == AnswerIs(None)

    assert len(misses(session, place.programme.id, now=LATER)) == 1


def test_guessing_goes_on_where_nothing_is_counted(
    session: Session, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the lock is what stops it."""
    nothing: Callable[..., None] = lambda *_, **__: None
    monkeypatch.setattr(inquiries, "count_miss", nothing)
    caller = a_caller(session, place)

    told = [answer(session, CheckCoupon(new_code().digits), caller) for _ in range(200)]

    assert told == [NotUsable()] * 200


def test_ten_thousand_guesses_are_told_a_hundred_times_no(
    database: Database, keyring: Keyring
) -> None:
    """In small: four hundred from forty numbers by three lines, and the counters outlive the server."""
    with database.transaction() as session:
        place = a_place(session)
        lines = [a_channel(session, place)[0].id for _ in range(3)]
    told = []
    again = Database(database.url, keyring)  # another process
    for guess in range(400):
        number = bytes([guess % 40]) * 32
        caller = Caller(place.programme.id, lines[guess % 3], HER, number, "en", LATER)
        with (again if guess > 200 else database).transaction() as session:
            told.append(answer(session, CheckCoupon(new_code().digits), caller))
    again.close()

    assert told.count(NotUsable()) == 100
    assert told.count(Locked()) == 300
    assert told[-1] == Locked()

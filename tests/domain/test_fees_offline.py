"""Money that a desk handed out without a network: it pays what is owed, and is a loss with an owner where nothing is."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.domain.arrivals.actions import arrive
from app.domain.conflicts.actions import decide_conflict, decide_duplicate
from app.domain.conflicts.rules import Decision
from app.domain.corrections.actions import take_back
from app.domain.participants.errors import UnknownParticipant
from app.domain.participants.models import Participant
from app.domain.participants.rules import SamePerson, Standing
from app.domain.programmes.errors import BadProtocol
from app.domain.programmes.rules import Protocol
from app.domain.stipends.actions import note_fee_paid, pay_in_cash
from app.domain.stipends.errors import BadAmount, NothingToPay, PaymentIdReused, RewardAlreadyPaid
from app.domain.stipends.models import Payout
from app.domain.stipends.queries import balances, books_of, owed_to
from app.domain.stipends.rules import Account
from app.domain.visits import actions as visits
from tests.domain.test_arrivals import someone_alike
from tests.domain.test_taking_back import refused, sound
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_scan,
    go_through_visit,
)

FEE = 750


def hand_out(session: Session, place: Place, person: UUID, **given: Any) -> bool:
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    usual: dict[str, Any] = {"payment_id": uuid4(), "minor": FEE}
    return note_fee_paid(
        session,
        books,
        participant_id=person,
        by=place.intake.staff_id,
        now=LATER,
        **usual | given,
    )


def in_the_books(session: Session, place: Place) -> dict[Account, int]:
    found = balances(session, place.programme.id)
    return {each.account: each.balance.minor for each in found if each.balance.minor}


def test_a_fee_that_is_owed_is_paid_with_it_and_not_again(session: Session) -> None:
    place = a_place(session)
    person = a_redemption(session, place).participant_id
    go_through_visit(session, place, person)
    payment = uuid4()

    assert [hand_out(session, place, person, payment_id=payment) for _ in range(2)] == [True] * 2

    assert owed_to(session, person) == []
    assert in_the_books(session, place)[Account.CASH_FLOAT] == -FEE
    assert session.get_one(Payout, payment).paid_by == place.intake.staff_id
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    with refused(session, NothingToPay):
        pay_in_cash(
            session, books, payment_id=uuid4(), participant_id=person, by=place.intake.staff_id
        )
    assert sound(session)


def test_a_fee_that_is_not_owed_is_a_loss_of_whoever_handed_it_out(session: Session) -> None:
    place, _, person = someone_alike(session)
    go_through_visit(session, place, person)
    payment = uuid4()

    assert [hand_out(session, place, person, payment_id=payment) for _ in range(2)] == [False] * 2

    found = in_the_books(session, place)
    assert (found[Account.CASH_FLOAT], found[Account.CASH_LOSS]) == (-FEE, FEE)
    assert session.get_one(Payout, payment).paid_by == place.intake.staff_id
    assert sound(session)


def test_a_loss_becomes_the_payment_when_it_is_owed_after_all(session: Session) -> None:
    place, _, person = someone_alike(session)
    go_through_visit(session, place, person)
    payment = uuid4()
    hand_out(session, place, person, payment_id=payment)

    decide_duplicate(
        session, person, SamePerson.NOT_THE_SAME, reason="So", by=place.manager, now=LATER
    )

    assert owed_to(session, person) == []
    found = in_the_books(session, place)
    assert (found[Account.CASH_FLOAT], found.get(Account.CASH_LOSS)) == (-FEE, None)
    assert hand_out(session, place, person, payment_id=payment)  # heard again, and paid no more
    assert in_the_books(session, place) == found
    assert sound(session)


def test_a_loss_stays_one_when_she_came_before(session: Session) -> None:
    place, _, person = someone_alike(session)
    go_through_visit(session, place, person)
    hand_out(session, place, person)

    decide_duplicate(session, person, SamePerson.SAME, reason="So", by=place.manager, now=LATER)

    assert in_the_books(session, place)[Account.CASH_LOSS] == FEE
    assert sound(session)


def test_the_second_of_a_conflict_has_her_fee_when_it_is_decided_for_her(session: Session) -> None:
    place, person = a_place(session), uuid4()
    coupon = a_bundle(session, place).coupons[0]
    a_redemption(session, place, coupon)
    scan = a_scan(coupon, place, participant_id=person)
    arrive(session, scan, by=place.intake, now=LATER)
    go_through_visit(session, place, person)
    assert not hand_out(session, place, person)

    decide_conflict(
        session, scan.id, Decision.SECOND_STANDS, reason="So", by=place.manager, now=LATER
    )

    assert owed_to(session, person) == []
    assert Account.CASH_LOSS not in in_the_books(session, place)
    assert sound(session)


def test_another_amount_than_is_owed_is_a_loss_and_the_fee_stays_owed(session: Session) -> None:
    place = a_place(session)
    person = a_redemption(session, place).participant_id
    go_through_visit(session, place, person)

    assert not hand_out(session, place, person, minor=FEE - 1)

    assert [each.amount.minor for each in owed_to(session, person)] == [FEE]
    assert sound(session)


def test_a_second_fee_is_a_loss(session: Session) -> None:
    place = a_place(session)
    person = a_redemption(session, place).participant_id
    go_through_visit(session, place, person)

    assert [hand_out(session, place, person) for _ in range(2)] == [True, False]
    assert in_the_books(session, place)[Account.CASH_LOSS] == FEE
    assert sound(session)


def test_whoever_was_given_money_was_here(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)
    hand_out(session, place, verdict.participant_id)

    with refused(session, RewardAlreadyPaid):
        take_back(session, verdict.id, reason=None, by=place.intake, now=LATER)
    assert session.get_one(Participant, verdict.participant_id).standing is Standing.ARRIVED
    assert sound(session)


def test_what_was_reversed_is_owed_again_when_the_answer_changes_back(session: Session) -> None:
    place = a_place(session)
    visit = a_finished_visit(session, place)
    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    for participation in (False, True, False, True):
        consent = {"participation": participation, "follow_up": False}
        visits.ask_consent(session, visit.participant_id, consent, **by)
        owed = sum(each.amount.minor for each in owed_to(session, visit.recruiter_id))
        assert owed == (590 if participation else 0)
    assert sound(session)


def test_what_cannot_be_is_refused(session: Session) -> None:
    place = a_place(session)
    one, other = (a_redemption(session, place).participant_id for _ in range(2))
    payment = uuid4()
    hand_out(session, place, one, payment_id=payment)

    for person, given, error in (
        (one, {"minor": 0}, BadAmount),
        (one, {"payment_id": payment, "minor": 1}, PaymentIdReused),
        (other, {"payment_id": payment}, PaymentIdReused),
        (uuid4(), {}, UnknownParticipant),
    ):
        with refused(session, error):
            hand_out(session, place, person, **given)


def test_whether_a_fee_may_leave_without_a_network_is_yes_or_no() -> None:
    assert Protocol().fee_offline is False
    assert Protocol.from_json({"fee_offline": True}).fee_offline is True
    for value in ("yes", 1, None):
        with pytest.raises(BadProtocol):
            Protocol.from_json({"fee_offline": value})

"""Two people were served with one coupon: both visits are kept, a person decides, the reward is earned once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.codes import new_code
from app.core.db import Database
from app.domain.arrivals.actions import record_conflict
from app.domain.audit.errors import ReasonNeeded
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.errors import ConflictCannotMove, ConflictDecided, UnknownConflict
from app.domain.conflicts.queries import decided_conflicts, open_conflicts
from app.domain.conflicts.rules import Decision
from app.domain.coupons.errors import UnknownCoupon, WrongProgramme
from app.domain.intake.actions import redeem
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome, Verdict
from app.domain.participants.models import Participant
from app.domain.participants.queries import origin_of
from app.domain.participants.rules import Came
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.errors import NothingToPay, RewardAlreadyPaid
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import books_of, held_for, owed_to
from app.domain.visits import actions as visits
from app.web.scanning import take_arrival
from tests.factories import (
    LATER,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    answers,
    go_through_visit,
)

MOST_A_RECRUIT = 590


@dataclass(frozen=True)
class Dispute:
    place: Place
    recruiter: UUID
    first: Verdict
    second: Verdict

    def decide(self, session: Session, decision: Decision, *, reason: str = "She said so") -> None:
        decide_conflict(
            session,
            self.second.id,
            decision,
            reason=reason,
            by=self.place.manager,
            now=LATER + timedelta(days=1),
        )


def a_dispute(session: Session) -> Dispute:
    """One coupon, redeemed at one desk and then handed in offline at another."""
    place = a_place(session)
    recruiter = a_seed(session, place)
    coupon = a_bundle(session, place, recruiter).coupons[0]
    first = a_redemption(session, place, coupon)
    scan = a_scan(coupon, place, device_id="desk-2")
    second = record_conflict(session, scan, by=place.intake, now=LATER)
    return Dispute(place, recruiter, first, second)


def owed(session: Session, person: UUID) -> int:
    return sum(accrual.amount.minor for accrual in owed_to(session, person))


def test_an_offline_visit_with_a_spent_coupon_is_kept_as_a_conflict_and_its_reward_held(
    session: Session,
) -> None:
    dispute = a_dispute(session)

    assert dispute.second.outcome is Outcome.CONFLICT
    person = session.get_one(Participant, dispute.second.participant_id)
    assert (person.came, person.wave, person.sealed_origin) == (Came.WALK_IN, None, None)
    assert held_for(session, dispute.recruiter) == 250 + 250
    assert owed(session, dispute.recruiter) == 0
    (waiting,) = open_conflicts(session, dispute.place.programme.id)
    assert waiting.code_tail == dispute.first.coupon[-4:]
    assert (waiting.first.redemption_id, waiting.second.redemption_id) == (
        dispute.first.id,
        dispute.second.id,
    )


def test_the_offline_door_makes_the_conflict_and_repeats_its_answer(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        coupon = a_bundle(session, place).coupons[0]
        a_redemption(session, place, coupon)
    scan = a_scan(coupon, place)

    verdicts = [take_arrival(database, scan, by=place.intake, now=LATER) for _ in range(2)]

    assert verdicts[0] == verdicts[1]
    assert verdicts[0].outcome == "conflict"
    with database.snapshot() as session:
        assert len(open_conflicts(session, place.programme.id)) == 1


def test_no_reward_becomes_payable_while_a_conflict_is_open_for_the_second(
    session: Session,
) -> None:
    dispute = a_dispute(session)

    go_through_visit(session, dispute.place, dispute.second.participant_id, correct=None)

    assert owed(session, dispute.recruiter) == 0


def test_when_the_first_stands_the_second_reward_is_taken_back_and_the_first_earned_once(
    session: Session,
) -> None:
    dispute = a_dispute(session)
    go_through_visit(session, dispute.place, dispute.first.participant_id)

    dispute.decide(session, Decision.FIRST_STANDS)

    assert owed(session, dispute.recruiter) == MOST_A_RECRUIT
    assert held_for(session, dispute.recruiter) == 0
    second = session.get_one(Participant, dispute.second.participant_id)
    assert (second.came, second.wave) == (Came.WALK_IN, None)
    assert open_conflicts(session, dispute.place.programme.id) == []
    (decided,) = decided_conflicts(session, dispute.place.programme.id)
    assert (decided.decision, decided.reason) == (Decision.FIRST_STANDS, "She said so")


def test_when_the_second_stands_she_takes_the_place_in_the_chain_and_the_reward_follows_once(
    session: Session,
) -> None:
    dispute = a_dispute(session)
    go_through_visit(session, dispute.place, dispute.first.participant_id)
    go_through_visit(session, dispute.place, dispute.second.participant_id, correct=None)
    assert owed(session, dispute.recruiter) == MOST_A_RECRUIT

    dispute.decide(session, Decision.SECOND_STANDS)

    first = session.get_one(Participant, dispute.first.participant_id)
    second = session.get_one(Participant, dispute.second.participant_id)
    assert (first.came, first.wave, origin_of(session, first)) == (Came.WALK_IN, None, None)
    origin = origin_of(session, second)
    assert origin is not None
    assert (second.came, second.wave, origin.recruiter_id) == (
        Came.RECRUIT,
        1,
        dispute.recruiter,
    )
    assert session.get_one(Redemption, dispute.first.id).outcome is Outcome.OVERRULED
    assert session.get_one(Redemption, dispute.second.id).outcome is Outcome.ACCEPTED
    assert (owed(session, dispute.recruiter), held_for(session, dispute.recruiter)) == (0, 250)
    by = {"by": dispute.place.intake, "now": LATER}
    visits.take_knowledge_test(session, second.id, answers(8), **by)  # type: ignore[arg-type]
    assert (owed(session, dispute.recruiter), held_for(session, dispute.recruiter)) == (590, 0)
    (decided,) = decided_conflicts(session, dispute.place.programme.id)
    assert decided.decision is Decision.SECOND_STANDS
    assert decided.conflict.first.redemption_id == dispute.first.id


def test_the_first_persons_own_fee_stays_hers_whoever_stands(session: Session) -> None:
    dispute = a_dispute(session)
    go_through_visit(session, dispute.place, dispute.first.participant_id)

    dispute.decide(session, Decision.SECOND_STANDS)

    assert owed(session, dispute.first.participant_id) == 750


def test_the_first_desk_hears_again_what_it_heard_first(session: Session) -> None:
    dispute = a_dispute(session)
    coupon = dispute.first.coupon
    dispute.decide(session, Decision.SECOND_STANDS)

    scan = a_scan(coupon, dispute.place, id=dispute.first.id)
    assert redeem(session, scan, by=dispute.place.intake, now=LATER) == dispute.first


def test_a_reward_that_was_paid_is_not_taken_back(session: Session) -> None:
    dispute = a_dispute(session)
    go_through_visit(session, dispute.place, dispute.first.participant_id)
    pay(session, dispute)

    with pytest.raises(RewardAlreadyPaid):
        dispute.decide(session, Decision.SECOND_STANDS)


def test_a_reward_taken_back_is_not_paid(session: Session) -> None:
    dispute = a_dispute(session)
    go_through_visit(session, dispute.place, dispute.first.participant_id)
    dispute.decide(session, Decision.SECOND_STANDS)

    with pytest.raises(NothingToPay):
        pay(session, dispute)


def test_a_first_person_who_holds_coupons_keeps_her_place(session: Session) -> None:
    dispute = a_dispute(session)
    person = dispute.first.participant_id
    go_through_visit(session, dispute.place, person)
    visits.train(session, person, by=dispute.place.intake, now=LATER)
    a_bundle(session, dispute.place, person, now=LATER)

    with pytest.raises(ConflictCannotMove):
        dispute.decide(session, Decision.SECOND_STANDS)


@pytest.mark.parametrize("decision", Decision)
def test_a_conflict_is_decided_once(session: Session, decision: Decision) -> None:
    dispute = a_dispute(session)
    dispute.decide(session, decision)

    for again in Decision:
        with pytest.raises(ConflictDecided):
            dispute.decide(session, again)


def test_a_decision_needs_a_reason_and_a_conflict(session: Session) -> None:
    dispute = a_dispute(session)
    by, now = dispute.place.manager, LATER

    with pytest.raises(ReasonNeeded):
        dispute.decide(session, Decision.FIRST_STANDS, reason=" \n")
    for nothing in (uuid4(), dispute.first.id):
        with pytest.raises(UnknownConflict):
            decide_conflict(session, nothing, Decision.FIRST_STANDS, reason="So", by=by, now=now)
    stranger = a_place(session).manager
    with pytest.raises(UnknownConflict):
        decide_conflict(
            session, dispute.second.id, Decision.FIRST_STANDS, reason="So", by=stranger, now=now
        )


def test_the_reason_a_person_gave_stands_in_no_second_table(session: Session) -> None:
    dispute = a_dispute(session)
    dispute.decide(session, Decision.FIRST_STANDS, reason="Oksana knows her")

    reasons = session.scalars(select(LedgerEntry.reason)).all()
    assert "Oksana knows her" not in reasons


@pytest.mark.parametrize("refusal", [UnknownCoupon, WrongProgramme])
def test_a_conflict_needs_a_coupon_of_the_programme(
    session: Session, refusal: type[Exception]
) -> None:
    place = a_place(session)
    coupon = a_bundle(session, a_place(session)).coupons[0]
    scan = a_scan(new_code() if refusal is UnknownCoupon else coupon, place)

    with pytest.raises(refusal):
        record_conflict(session, scan, by=place.intake, now=LATER)


def pay(session: Session, dispute: Dispute) -> None:
    place = dispute.place
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    pay_in_cash(
        session,
        books,
        payment_id=uuid4(),
        participant_id=dispute.recruiter,
        by=place.intake.staff_id,
    )

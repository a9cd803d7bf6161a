"""A scan that was a mistake is undone: for minutes by whoever made it, later by a coupon manager with a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.arrivals.actions import record_conflict
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.queries import latest
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.queries import open_conflicts
from app.domain.conflicts.rules import Decision
from app.domain.corrections.actions import take_back
from app.domain.corrections.errors import HoldsCoupons, UndoOver, UnknownScan
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import UnknownCoupon
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import record_refusal, redeem, welcome_walk_in
from app.domain.intake.models import Redemption
from app.domain.intake.queries import open_visits
from app.domain.intake.rules import UNDO_WITHIN, Outcome
from app.domain.participants import queries as participants
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.errors import RewardAlreadyPaid
from app.domain.stipends.queries import balances, books_of, held_for, owed_to
from app.domain.visits import actions as visits
from app.verification import CHECKS
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    an_actor,
    go_through_visit,
)

SOON = LATER + UNDO_WITHIN
TOO_LATE = SOON + timedelta(seconds=1)
OF_THE_DATA = {name: check for name, check in CHECKS.items() if name.split(":")[0] not in ("key",)}


def sound(session: Session) -> bool:
    """Everything ``pdi verify`` looks at holds."""
    session.flush()
    return {name: list(check(session)) for name, check in OF_THE_DATA.items()} == {
        name: [] for name in OF_THE_DATA
    }


@contextmanager
def refused(session: Session, error: type[Exception]) -> Iterator[None]:
    with pytest.raises(error), session.begin_nested():
        yield


def test_a_scan_is_taken_back_within_five_minutes_as_if_it_had_not_been(session: Session) -> None:
    place = a_place(session)
    recruiter = a_seed(session, place)
    coupon = a_bundle(session, place, recruiter).coupons[0]
    verdict = a_redemption(session, place, coupon)

    for _ in range(2):
        take_back(session, verdict.id, reason=None, by=place.intake, now=SOON)

    person = session.get_one(Participant, verdict.participant_id)
    assert (person.standing, person.came, person.wave) == (Standing.MISTAKEN, Came.WALK_IN, None)
    row = session.get_one(Coupon, coupon.id, populate_existing=True)
    assert (row.status, row.status_on) == (CouponStatus.ISSUED, NOON.date())
    assert held_for(session, recruiter) == 0
    assert participants.reached(session, place.programme.id) == 1
    assert (
        open_visits(session, place.site.id, programme_id=place.programme.id, on=LATER.date()) == []
    )
    assert sound(session)


def test_a_coupon_whose_scan_was_taken_back_is_used_by_whoever_it_is_for(session: Session) -> None:
    place = a_place(session)
    coupon = a_bundle(session, place).coupons[0]
    mistake = a_redemption(session, place, coupon)
    take_back(session, mistake.id, reason=None, by=place.intake, now=SOON)

    again = a_redemption(session, place, coupon, now=SOON)

    assert again.outcome is Outcome.ACCEPTED
    assert again.participant_id != mistake.participant_id
    assert sound(session)


def test_the_desk_hears_again_what_it_was_told_of_a_scan_it_took_back(session: Session) -> None:
    place = a_place(session)
    coupon = a_bundle(session, place).coupons[0]
    verdict = a_redemption(session, place, coupon)
    take_back(session, verdict.id, reason=None, by=place.intake, now=SOON)

    assert (
        redeem(session, a_scan(coupon, place, id=verdict.id), by=place.intake, now=SOON) == verdict
    )


def test_whoever_has_begun_her_visit_stays_as_a_walk_in(session: Session) -> None:
    place = a_place(session)
    recruiter = a_seed(session, place)
    verdict = a_redemption(session, place, a_bundle(session, place, recruiter).coupons[0])
    go_through_visit(session, place, verdict.participant_id)
    assert sum(each.amount.minor for each in owed_to(session, recruiter)) == 590

    take_back(session, verdict.id, reason=None, by=place.intake, now=SOON)

    person = session.get_one(Participant, verdict.participant_id)
    assert (person.standing, person.came) == (Standing.ENROLLED, Came.WALK_IN)
    assert owed_to(session, recruiter) == owed_to(session, person.id) == []
    assert participants.reached(session, place.programme.id) == 2
    assert {each.balance.minor for each in balances(session, place.programme.id)} == {0}
    assert sound(session)


def test_five_minutes_later_it_takes_a_coupon_manager_and_a_reason(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)

    with refused(session, UndoOver):
        take_back(session, verdict.id, reason="Wrong card", by=place.intake, now=TOO_LATE)
    with refused(session, ReasonNeeded):
        take_back(session, verdict.id, reason="  ", by=place.manager, now=TOO_LATE)
    take_back(session, verdict.id, reason=" Wrong card ", by=place.manager, now=TOO_LATE)

    act = latest(session, place.programme.id)[0]
    assert (act.action, act.facts) == ("redemption.taken_back", {"reason": "Wrong card"})
    assert sound(session)


def test_nobody_takes_back_a_colleagues_scan(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)
    colleague = an_actor(session, Role.INTAKE, programme_id=place.programme.id)

    with refused(session, NotAllowed):
        take_back(session, verdict.id, reason="Wrong card", by=colleague, now=LATER)


def test_a_scan_made_offline_is_undone_by_the_desks_own_clock(session: Session) -> None:
    place = a_place(session)
    cards = a_bundle(session, place).coupons
    sent = LATER + timedelta(hours=6)
    in_time, too_late = (a_scan(card, place) for card in cards[:2])
    for scan in (in_time, too_late):
        redeem(session, scan, by=place.intake, now=sent)
    by: dict[str, Any] = {"reason": None, "by": place.intake}

    take_back(session, in_time.id, now=LATER + timedelta(minutes=4), **by)
    with refused(session, UndoOver):
        take_back(session, too_late.id, now=LATER + timedelta(minutes=6), **by)


def test_a_reward_that_was_paid_keeps_the_scan(session: Session) -> None:
    place = a_place(session)
    recruiter = a_seed(session, place)
    verdict = a_redemption(session, place, a_bundle(session, place, recruiter).coupons[0])
    go_through_visit(session, place, verdict.participant_id)
    pay(session, place, recruiter)

    for by in (place.intake, place.manager):
        with refused(session, RewardAlreadyPaid):
            take_back(session, verdict.id, reason="Wrong card", by=by, now=SOON)
    assert session.get_one(Redemption, verdict.id).outcome is Outcome.ACCEPTED


def test_her_own_fee_once_paid_keeps_the_scan(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)
    go_through_visit(session, place, verdict.participant_id)
    pay(session, place, verdict.participant_id)

    with refused(session, RewardAlreadyPaid):
        take_back(session, verdict.id, reason=None, by=place.intake, now=SOON)


def test_whoever_holds_coupons_keeps_her_place(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)
    person = verdict.participant_id
    go_through_visit(session, place, person)
    visits.train(session, person, by=place.intake, now=LATER)
    a_bundle(session, place, person, now=LATER)

    for by in (place.intake, place.manager):
        with refused(session, HoldsCoupons):
            take_back(session, verdict.id, reason="Wrong card", by=by, now=SOON)


def test_when_the_first_scan_is_taken_back_the_one_that_waited_stands(session: Session) -> None:
    place, recruiter, first, second = a_dispute(session)
    go_through_visit(session, place, second)
    assert owed_to(session, recruiter) == []

    take_back(session, first, reason=None, by=place.intake, now=SOON)

    row = session.scalars(select(Redemption).where(Redemption.participant_id == second)).one()
    assert row.outcome is Outcome.ACCEPTED
    winner = session.get_one(Participant, second)
    assert (winner.came, winner.wave) == (Came.RECRUIT, 1)
    assert sum(each.amount.minor for each in owed_to(session, recruiter)) == 590
    assert open_conflicts(session, place.programme.id) == []
    assert sound(session)


def test_of_several_that_waited_the_first_to_arrive_stands_and_the_others_wait_on(
    session: Session,
) -> None:
    place, _, first, second = a_dispute(session)
    coupon = coupons.open_origin(
        keyring_of(session),
        *session.execute(
            select(Coupon.id, Coupon.sealed_origin)
            .join(Redemption, Redemption.coupon_id == Coupon.id)
            .where(Redemption.id == first)
        ).one(),
    ).code
    record_conflict(
        session, a_scan(coupon, place), by=place.intake, now=LATER + timedelta(minutes=1)
    )

    take_back(session, first, reason=None, by=place.intake, now=SOON)

    standing = session.scalars(
        select(Redemption.participant_id).where(Redemption.outcome == Outcome.ACCEPTED)
    ).all()
    assert standing == [second]
    assert len(open_conflicts(session, place.programme.id)) == 1
    assert sound(session)


def test_the_second_of_a_conflict_is_taken_back_and_the_first_stays(session: Session) -> None:
    place, recruiter, first, second = a_dispute(session)
    row = session.scalars(select(Redemption).where(Redemption.participant_id == second)).one()

    take_back(session, row.id, reason=None, by=place.intake, now=SOON)

    assert session.get_one(Participant, second).standing is Standing.MISTAKEN
    assert session.get_one(Redemption, first).outcome is Outcome.ACCEPTED
    assert open_conflicts(session, place.programme.id) == []
    assert held_for(session, recruiter) == 250
    assert sound(session)


@pytest.mark.parametrize("decision", Decision)
def test_what_stood_after_a_decision_is_taken_back_by_a_manager(
    session: Session, decision: Decision
) -> None:
    place, recruiter, first, second = a_dispute(session)
    row = session.scalars(select(Redemption).where(Redemption.participant_id == second)).one()
    decide_conflict(session, row.id, decision, reason="So", by=place.manager, now=LATER)
    stands = first if decision is Decision.FIRST_STANDS else row.id

    take_back(session, stands, reason="Wrong card", by=place.manager, now=TOO_LATE)

    coupon = session.get_one(Coupon, row.coupon_id, populate_existing=True)
    assert coupon.status is CouponStatus.ISSUED
    assert held_for(session, recruiter) == 0
    assert sound(session)


def test_whoever_came_without_a_card_is_taken_back_if_nothing_was_noted(session: Session) -> None:
    place = a_place(session)
    here, gone = (a_walk_in(session, place) for _ in range(2))
    visits.screen(
        session,
        here,
        sex=session.get_one(Participant, here).sex,
        age=30,
        adult_confirmed=True,
        injected_recently=True,
        by=place.intake,
        now=LATER,
    )

    for person in (here, gone):
        take_back(session, person, reason=None, by=place.intake, now=SOON)

    standings = [session.get_one(Participant, each).standing for each in (here, gone)]
    assert standings == [Standing.ARRIVED, Standing.MISTAKEN]
    assert sound(session)


def test_nobody_takes_back_whom_a_colleague_welcomed(session: Session) -> None:
    """Not under the person's own id, and not under that of a refused scan of one's own."""
    place = a_place(session)
    person, own = a_walk_in(session, place), a_scan(a_bundle(session, place).coupons[0], place)
    other = an_actor(session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id)
    record_refusal(session, own, UnknownCoupon(), by=other, now=LATER)

    for scan in (person, own.id, uuid4()):
        with refused(session, NotAllowed):
            take_back(session, scan, reason=None, by=other, now=LATER, participant_id=person)
    assert session.get_one(Participant, person).standing is Standing.ARRIVED

    take_back(session, person, reason="So", by=place.manager, now=LATER)
    assert session.get_one(Participant, person).standing is Standing.MISTAKEN
    assert sound(session)


def test_only_a_scan_of_the_programme_is_taken_back(session: Session) -> None:
    place = a_place(session)
    verdict = a_redemption(session, place)
    stranger = a_place(session).manager

    for scan, by in ((uuid4(), place.manager), (verdict.id, stranger)):
        with refused(session, UnknownScan):
            take_back(session, scan, reason="Wrong card", by=by, now=LATER)
    with refused(session, UnknownScan):  # a recruit is no walk-in, whatever the scan is said to be
        take_back(
            session,
            uuid4(),
            reason=None,
            by=place.intake,
            now=LATER,
            participant_id=verdict.participant_id,
        )


def a_walk_in(session: Session, place: Place, *, now: datetime = LATER) -> UUID:
    return welcome_walk_in(
        session, site=place.site.code, uic=None, by=place.intake, now=now, arrival_id=uuid4()
    )


def a_dispute(session: Session) -> tuple[Place, UUID, UUID, UUID]:
    """A place, a recruiter, the scan that came first and the person who came with the same coupon offline."""
    place = a_place(session)
    recruiter = a_seed(session, place)
    coupon = a_bundle(session, place, recruiter).coupons[0]
    first = a_redemption(session, place, coupon)
    by: dict[str, Any] = {"by": place.intake, "now": LATER}
    second = record_conflict(session, a_scan(coupon, place, device_id="desk-2"), **by)
    return place, recruiter, first.id, second.participant_id


def pay(session: Session, place: Place, person: UUID) -> None:
    books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
    by: Actor = place.intake
    pay_in_cash(session, books, payment_id=uuid4(), participant_id=person, by=by.staff_id)

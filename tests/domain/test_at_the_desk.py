"""What a desk finds again during a day, and how far a visit may be turned back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.codes import group
from app.domain.audit.errors import ReasonNeeded
from app.domain.coupons.actions import end_coupon
from app.domain.coupons.errors import CouponExpired, DuplicateParticipant
from app.domain.coupons.queries import came_back, read
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import record_refusal, welcome_walk_in
from app.domain.intake.queries import open_visits, scans_of
from app.domain.participants.rules import Came, Standing
from app.domain.services.actions import give
from app.domain.services.queries import given_to
from app.domain.services.rules import Service, State
from app.domain.visits.rules import Progress, Step, next_step, openable, steps
from tests.factories import (
    LATER,
    a_bundle,
    a_coupon,
    a_finished_visit,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
)

ARRIVED = Progress(
    came=Came.RECRUIT,
    standing=Standing.ARRIVED,
    screened=False,
    consented=None,
    tested=False,
    interviewed=False,
    trained=False,
    served=False,
    owed_minor=0,
    has_bundle=False,
)


def test_visits_of_today_stand_in_the_order_of_arrival_until_the_cards_are_given(
    session: Session,
) -> None:
    place = a_place(session)
    late = a_redemption(session, place, now=LATER + timedelta(hours=1)).participant_id
    early = a_redemption(session, place, now=LATER).participant_id
    a_redemption(session, place, now=LATER - timedelta(days=1))
    a_finished_visit(session, place, now=LATER, with_bundle=True)
    walk_in = welcome_walk_in(session, site=place.site.code, uic=None, by=place.intake, now=LATER)
    found = open_visits(session, place.site.id, programme_id=place.programme.id, on=LATER.date())

    assert [each.participant_id for each in found] == [early, late, walk_in]
    assert found[-1].at is None


def test_someone_sees_her_own_scans_newest_first_by_the_tail_of_the_code(session: Session) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place, now=LATER - timedelta(days=2))
    a_redemption(session, place, coupon)
    refused = a_scan(a_coupon(session, place), place)
    later = LATER + timedelta(minutes=1)
    record_refusal(session, refused, CouponExpired(), by=place.intake, now=later)
    when: dict[str, Any] = {"programme_id": place.programme.id, "since": LATER, "now": later}
    mine = scans_of(session, place.intake.staff_id, **when)
    hers = scans_of(session, place.manager.staff_id, **when)

    assert (
        [(each.outcome, each.code_tail, each.may_undo) for each in mine]
        == [
            ("expired", refused.card.digits[-4:], False),  # type: ignore[union-attr]
            ("accepted", coupon.code[-4:], True),
        ]
    )
    assert hers == []


def test_a_recruiter_hears_how_many_came_back(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    assert came_back(session, seed) is None
    bundle = a_bundle(session, place, seed)
    for coupon in bundle.coupons[:2]:
        a_redemption(session, place, coupon)
    assert came_back(session, seed) == 2


def test_a_walk_in_is_the_same_person_under_the_same_arrival(session: Session) -> None:
    place, arrival = a_place(session), uuid4()
    both = {
        welcome_walk_in(
            session,
            site=place.site.code,
            uic="olena 85",
            by=place.intake,
            now=LATER,
            arrival_id=arrival,
        )
        for _ in range(2)
    }
    assert both == {arrival}
    with pytest.raises(DuplicateParticipant):
        welcome_walk_in(session, site=place.site.code, uic="olena85", by=place.intake, now=LATER)


def test_services_asked_for_twice_under_one_request_are_noted_once(session: Session) -> None:
    place = a_place(session)
    person, request = a_seed(session, place), uuid4()
    for quantity in (20, 20):
        give(
            session,
            person,
            [(Service.NEEDLES_AND_SYRINGES, State.GIVEN, quantity)],
            programme_id=place.programme.id,
            site_id=place.site.id,
            by=place.intake.staff_id,
            on=LATER.date(),
            request_id=request,
        )
    noted = [(Service.NEEDLES_AND_SYRINGES, State.GIVEN, 20)]
    assert given_to(session, person) == given_to(session, person, on=LATER.date()) == noted
    assert given_to(session, person, on=LATER.date() - timedelta(days=1)) == []


def test_a_coupon_is_not_ended_without_a_reason(session: Session) -> None:
    place = a_place(session)
    coupon = read(group(a_coupon(session, place).code))
    with pytest.raises(ReasonNeeded):
        end_coupon(session, coupon, CouponStatus.LOST, reason=" ", by=place.manager, now=LATER)


def test_a_seed_begins_at_services_since_staff_screened_and_trained_her() -> None:
    seed = replace(ARRIVED, came=Came.SEED, standing=Standing.ENROLLED, trained=True)
    assert next_step(seed) is Step.SERVICES
    assert steps(seed) == (Step.SERVICES, Step.STIPEND, Step.BUNDLE, Step.DONE)
    assert openable(seed) == set(steps(seed))


def test_a_desk_turns_back_until_the_interview_and_teaches_only_after_the_test() -> None:
    screened = replace(ARRIVED, screened=True)
    consented = replace(screened, consented=True)
    interviewed = replace(
        consented, tested=True, interviewed=True, standing=Standing.ENROLLED, owed_minor=750
    )

    assert openable(ARRIVED) == {Step.ELIGIBILITY}
    assert openable(screened) == {Step.ELIGIBILITY, Step.CONSENT}
    assert openable(consented) == {Step.ELIGIBILITY, Step.CONSENT, Step.KNOWLEDGE_TEST}
    assert not openable(interviewed) & {Step.ELIGIBILITY, Step.CONSENT}
    assert {Step.STIPEND, Step.TRAINING, Step.BUNDLE} <= openable(interviewed)


@pytest.mark.parametrize(
    "person",
    [
        replace(ARRIVED, screened=True, standing=Standing.INELIGIBLE),
        replace(ARRIVED, screened=True, consented=False),
        replace(ARRIVED, came=Came.WALK_IN, screened=True, consented=True),
    ],
)
def test_whoever_gets_no_cards_is_still_served(person: Progress) -> None:
    assert Step.SERVICES in openable(person)
    assert not openable(person) & {Step.TRAINING, Step.BUNDLE}

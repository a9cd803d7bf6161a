"""Coupons are issued once to a person, fewer near the target, and what became of one is final."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import Code, is_well_formed, read_scanned
from app.core.db import Database
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.queries import latest
from app.domain.coupons.actions import end, end_coupon
from app.domain.coupons.errors import (
    BundleAlreadyIssued,
    CouponIsFinal,
    TargetReached,
    UnknownBundle,
    UnknownCoupon,
)
from app.domain.coupons.models import Coupon, CouponBundle
from app.domain.coupons.queries import bundle as load_bundle
from app.domain.coupons.queries import came_back
from app.domain.coupons.rules import CouponStatus
from app.domain.programmes.rules import Protocol
from app.domain.visits.actions import give_bundle
from app.domain.visits.errors import NotReadyForBundle
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_coupon,
    a_finished_visit,
    a_place,
    a_redemption,
    a_seed,
)

ENDS = [CouponStatus.VOID, CouponStatus.LOST, CouponStatus.REFUSED]


def test_a_bundle_holds_three_coupons_for_the_days_of_the_protocol(session: Session) -> None:
    place = a_place(session)

    bundle = a_bundle(session, place)

    assert len({coupon.code for coupon in bundle.coupons}) == 3
    assert len({coupon.token for coupon in bundle.coupons}) == 3
    for coupon in bundle.coupons:
        assert is_well_formed(coupon.code)
        assert read_scanned(coupon.token)
        assert coupon.state.usable_from == date(2026, 3, 3)
        assert coupon.state.usable_until == date(2026, 4, 1)


def test_a_bundle_is_read_back_as_it_was_issued(session: Session) -> None:
    place = a_place(session)
    bundle = a_bundle(session, place)

    assert load_bundle(session, bundle.id, programme_id=place.programme.id) == bundle
    for programme in (a_place(session).programme.id, uuid4()):
        with pytest.raises(UnknownBundle):
            load_bundle(session, bundle.id, programme_id=programme)


def test_codes_and_tokens_are_stored_nowhere(session: Session) -> None:
    bundle = a_bundle(session, a_place(session))

    stored = [
        bytes(part)
        for row in session.execute(
            select(Coupon.code_digest, Coupon.token_digest, Coupon.sealed_origin)
        )
        for part in row
    ] + [bytes(sealed) for sealed in session.scalars(select(CouponBundle.sealed_contents))]
    for coupon in bundle.coupons:
        assert not [part for part in stored if coupon.code.encode() in part]
        assert not [part for part in stored if coupon.token.encode() in part]


def test_a_second_bundle_is_refused_and_names_the_first(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    bundle = a_bundle(session, place, seed)
    end(
        session,
        Code(bundle.coupons[0].code),
        CouponStatus.LOST,
        programme_id=place.programme.id,
        on=NOON.date(),
    )

    with pytest.raises(BundleAlreadyIssued) as refused:  # what is lost is not replaced
        a_bundle(session, place, seed)
    assert refused.value.facts == {"bundle_id": str(bundle.id)}


def test_someone_who_had_her_coupons_hears_so_even_when_the_target_is_reached(
    session: Session,
) -> None:
    place = a_place(session, target=2)
    seed = a_seed(session, place)
    bundle = a_bundle(session, place, seed)
    a_seed(session, place)

    with pytest.raises(BundleAlreadyIssued) as refused:
        a_bundle(session, place, seed)
    assert refused.value.facts == {"bundle_id": str(bundle.id)}


def test_two_desks_issuing_at_once_issue_one_bundle(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        seed = a_seed(session, place)

    def attempt(_: int) -> bool:
        try:
            with database.transaction() as session:
                a_bundle(session, place, seed)
        except BundleAlreadyIssued:
            return False
        return True

    with ThreadPoolExecutor(6) as desks:
        assert sum(desks.map(attempt, range(6))) == 1
    with database.snapshot() as session:
        assert session.scalar(select(func.count()).select_from(Coupon)) == 3


@pytest.mark.parametrize(
    ("reached", "size"), [(7, 3), (8, 2), (9, 1)], ids=["under 80 %", "80 %", "90 %"]
)
def test_bundles_shrink_near_the_target(session: Session, reached: int, size: int) -> None:
    place = a_place(session, target=10)
    seeds = [a_seed(session, place) for _ in range(reached)]

    assert len(a_bundle(session, place, seeds[0]).coupons) == size


def test_at_the_target_no_more_coupons_are_given(session: Session) -> None:
    place = a_place(session, target=2)
    seeds = [a_seed(session, place) for _ in range(2)]

    with pytest.raises(TargetReached):
        a_bundle(session, place, seeds[0])


def test_a_programme_decides_how_many_coupons_and_days(session: Session) -> None:
    rules = Protocol(coupons_per_bundle=2, activation_delay_days=0, validity_days=7)
    place = a_place(session, protocol=rules)

    bundle = a_bundle(session, place)

    assert len(bundle.coupons) == 2
    state = bundle.coupons[0].state
    assert (state.usable_from, state.usable_until) == (date(2026, 3, 2), date(2026, 3, 9))


def test_a_recruit_who_was_not_trained_is_told_what_is_missing(session: Session) -> None:
    place = a_place(session)
    arrived = a_redemption(session, place).participant_id
    finished = a_finished_visit(session, place).participant_id

    with pytest.raises(NotReadyForBundle) as refused:
        give_bundle(session, arrived, by=place.intake, now=LATER)
    assert refused.value.facts == {
        "missing": ["eligibility", "consent", "knowledge_test", "interview", "training"]
    }
    with pytest.raises(NotReadyForBundle) as refused:
        give_bundle(session, finished, by=place.intake, now=LATER)
    assert refused.value.facts == {"missing": ["training"]}


def test_a_recruiter_hears_only_how_many_came_back(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    assert came_back(session, seed) is None
    bundle = a_bundle(session, place, seed)
    for coupon in bundle.coupons[:2]:
        a_redemption(session, place, coupon)

    assert came_back(session, seed) == 2


@pytest.mark.parametrize("status", ENDS)
def test_what_became_of_a_coupon_is_final(session: Session, status: CouponStatus) -> None:
    place = a_place(session)
    coupon = Code(a_coupon(session, place).code)
    ending(session, place, coupon, status)

    ending(session, place, coupon, status)  # saying it again changes nothing
    for other in (*ENDS, CouponStatus.REDEEMED):
        if other is not status:
            with pytest.raises(CouponIsFinal):
                ending(session, place, coupon, other)


@pytest.mark.parametrize("status", ENDS)
def test_a_redeemed_coupon_cannot_be_ended(session: Session, status: CouponStatus) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place)
    a_redemption(session, place, coupon)

    with pytest.raises(CouponIsFinal):
        ending(session, place, Code(coupon.code), status)


def test_a_coupon_is_ended_with_a_reason_that_is_kept(session: Session) -> None:
    place = a_place(session)
    coupon = Code(a_coupon(session, place).code)
    lost, by = CouponStatus.LOST, place.manager

    with pytest.raises(ReasonNeeded):
        end_coupon(session, coupon, lost, reason=" ", by=by, now=NOON)
    end_coupon(session, coupon, lost, reason="It was in the wash", by=by, now=NOON)

    facts = latest(session, place.programme.id)[0].facts
    assert facts == {"status": "lost", "reason": "It was in the wash"}


def test_another_programme_cannot_end_a_coupon(session: Session) -> None:
    coupon = Code(a_coupon(session, a_place(session)).code)

    with pytest.raises(UnknownCoupon):
        ending(session, a_place(session), coupon, CouponStatus.VOID)


def ending(session: Session, place: Place, coupon: Code, status: CouponStatus) -> None:
    end(session, coupon, status, programme_id=place.programme.id, on=NOON.date())

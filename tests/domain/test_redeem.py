"""Redemption: a coupon counts once, and whoever brought it is served whatever the coupon is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import Code, Token, new_code
from app.core.db import Database
from app.domain.coupons.actions import end
from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponExpired,
    CouponLost,
    CouponNotYetActive,
    CouponRefused,
    CouponVoid,
    DuplicateParticipant,
    MistypedCode,
    SelfRecruitment,
    UnknownCoupon,
    WrongProgramme,
)
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import PrintedCoupon, read
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import record_refusal, redeem
from app.domain.intake.errors import PersonAlreadyHere, ScanIdReused
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Outcome, Scan
from app.domain.participants.models import Participant
from app.domain.participants.queries import origin_of
from app.domain.participants.rules import Came, Standing
from app.domain.programmes.errors import UnknownSite
from app.domain.stipends.models import LedgerEntry
from app.domain.visits.actions import train
from app.web.scanning import take_scan
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_coupon,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
    go_through_visit,
)


def test_a_redeemed_coupon_welcomes_a_recruit_one_wave_below_its_holder(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    coupon = a_bundle(session, place, seed).coupons[0]

    verdict = a_redemption(session, place, coupon)

    assert (verdict.outcome, verdict.coupon, verdict.flags) == (
        Outcome.ACCEPTED,
        coupon.code,
        (),
    )
    recruit = session.get_one(Participant, verdict.participant_id)
    assert (recruit.came, recruit.standing, recruit.wave) == (Came.RECRUIT, Standing.ARRIVED, 1)
    origin = origin_of(session, recruit)
    assert origin is not None
    assert (origin.recruiter_id, origin.chain_id) == (seed, seed)
    assert session.get_one(Coupon, coupon.id).status is CouponStatus.REDEEMED


def test_a_recruit_of_a_recruit_stands_in_the_same_chain_at_wave_two(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place)
    first = a_redemption(session, place, a_bundle(session, place, seed).coupons[0])
    go_through_visit(session, place, first.participant_id)
    train(session, first.participant_id, by=place.intake, now=LATER)
    hers = a_bundle(session, place, first.participant_id, now=LATER).coupons[0]

    second = a_redemption(session, place, hers, now=LATER + timedelta(days=2))

    row = session.get_one(Participant, second.participant_id)
    origin = origin_of(session, row)
    assert origin is not None
    assert (row.wave, origin.recruiter_id, origin.chain_id) == (2, first.participant_id, seed)


def test_the_camera_and_the_keyboard_name_the_same_coupon(session: Session) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place)

    verdict = redeem(session, a_scan(Token(coupon.token), place), by=place.intake, now=LATER)

    assert verdict.coupon == coupon.code
    with pytest.raises(CouponAlreadyRedeemed):
        redeem(session, a_scan(Code(coupon.code), place), by=place.intake, now=LATER)


def unknown(session: Session, place: Place) -> Scan:
    return a_scan(new_code(), place)


def too_early(session: Session, place: Place) -> Scan:
    return a_scan(a_coupon(session, place, now=LATER), place)


def too_late(session: Session, place: Place) -> Scan:
    return a_scan(a_coupon(session, place, now=LATER - timedelta(days=31)), place)


def spent(session: Session, place: Place) -> Scan:
    coupon = a_coupon(session, place)
    a_redemption(session, place, coupon)
    return a_scan(coupon, place)


def ended(status: CouponStatus) -> Callable[[Session, Place], Scan]:
    def make(session: Session, place: Place) -> Scan:
        coupon = a_coupon(session, place)
        an_end(session, place, coupon, status)
        return a_scan(coupon, place)

    return make


def an_end(session: Session, place: Place, coupon: PrintedCoupon, status: CouponStatus) -> None:
    end(session, Code(coupon.code), status, programme_id=place.programme.id, on=NOON.date())


def foreign(session: Session, place: Place) -> Scan:
    return a_scan(a_coupon(session, a_place(session)), place)


def her_own(session: Session, place: Place) -> Scan:
    seed = a_seed(session, place, uic="OLE-07-85")
    return a_scan(a_bundle(session, place, seed).coupons[0], place, uic="оле 0785")


def seen_before(session: Session, place: Place) -> Scan:
    a_redemption(session, place, uic="IRY0190")
    return a_scan(a_coupon(session, place), place, uic="iry-01-90")


REFUSALS = {
    UnknownCoupon: unknown,
    CouponNotYetActive: too_early,
    CouponExpired: too_late,
    CouponAlreadyRedeemed: spent,
    CouponVoid: ended(CouponStatus.VOID),
    CouponLost: ended(CouponStatus.LOST),
    WrongProgramme: foreign,
    SelfRecruitment: her_own,
    DuplicateParticipant: seen_before,
}


@pytest.mark.parametrize(("refusal", "make"), REFUSALS.items(), ids=[r.code for r in REFUSALS])
def test_each_refusal_says_why_and_keeps_nothing_but_its_answer(
    database: Database,
    refusal: type[CouponRefused],
    make: Callable[[Session, Place], Scan],
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        scan = make(session, place)
    before = state(database)

    for _ in range(2):  # the second time from what was kept
        with pytest.raises(refusal) as refused:
            take_scan(database, scan, by=place.intake, now=LATER)
        assert type(refused.value) is refusal

    after = state(database)
    assert after.pop("refused") == before.pop("refused") + 1
    assert after == before


def state(database: Database) -> dict[str, int]:
    with database.snapshot() as session:
        counts = {
            "refused": select(func.count()).select_from(RefusedScan),
            "redeemed": select(func.count()).select_from(Redemption),
            "people": select(func.count()).select_from(Participant),
            "owed": select(func.count()).select_from(LedgerEntry),
            "spent": select(func.count()).where(Coupon.status == CouponStatus.REDEEMED),
        }
        return {name: session.scalar(count) or 0 for name, count in counts.items()}


def test_every_refusal_of_a_coupon_is_tried_here() -> None:
    only_offline = {MistypedCode, PersonAlreadyHere}
    assert {*REFUSALS, *only_offline} == set(CouponRefused.__subclasses__())


def test_a_slip_of_the_finger_is_told_without_asking_the_database() -> None:
    with pytest.raises(MistypedCode):
        read("0000 0000 5742")


def test_a_coupon_that_its_holder_refused_is_as_good_as_cancelled(session: Session) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place)
    an_end(session, place, coupon, CouponStatus.REFUSED)

    with pytest.raises(CouponVoid):
        redeem(session, a_scan(coupon, place), by=place.intake, now=LATER)


def test_a_spent_coupon_says_when_on_the_desks_clock_and_never_by_whom(session: Session) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place)
    first = a_redemption(session, place, coupon)

    with pytest.raises(CouponAlreadyRedeemed) as refused:
        redeem(session, a_scan(coupon, place), by=place.intake, now=LATER)

    assert refused.value.facts == {"redeemed_at": "2026-03-04T14:00+02:00"}
    assert str(first.participant_id) not in str(refused.value.facts)


def test_a_spent_coupon_never_says_a_time_to_come(session: Session) -> None:
    place = a_place(session)
    coupon = a_coupon(session, place)
    ahead = a_scan(coupon, place, scanned_at=LATER + timedelta(days=9))
    redeem(session, ahead, by=place.intake, now=LATER)

    with pytest.raises(CouponAlreadyRedeemed) as refused:
        redeem(session, a_scan(coupon, place), by=place.intake, now=LATER)

    assert refused.value.facts == {"redeemed_at": "2026-03-04T14:00+02:00"}


def test_the_same_scan_twice_is_one_redemption_with_one_answer(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place)

    first = redeem(session, scan, by=place.intake, now=LATER)
    again = redeem(session, scan, by=place.intake, now=LATER + timedelta(days=300))

    assert again == first
    assert session.scalar(select(func.count()).select_from(Redemption)) == 1


def test_a_refused_scan_keeps_its_first_answer_when_the_coupon_has_become_usable(
    database: Database,
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        coupon = a_coupon(session, place)
    early = a_scan(coupon, place, scanned_at=NOON)
    for now in (NOON, LATER):
        with pytest.raises(CouponNotYetActive) as refused:
            take_scan(database, early, by=place.intake, now=now)
        assert refused.value.facts == {"usable_from": "2026-03-03"}

    take_scan(database, a_scan(coupon, place), by=place.intake, now=LATER)


def test_a_refusal_is_kept_once_however_often_it_is_recorded(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(new_code(), place)

    for _ in range(2):
        record_refusal(session, scan, UnknownCoupon(), by=place.intake, now=LATER)

    kept = session.scalars(select(RefusedScan)).one()
    assert (kept.code, kept.received_at) == ("unknown_coupon", LATER)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_scan_id_with_another_coupon_is_refused(database: Database, accepted: bool) -> None:
    with database.transaction() as session:
        place = a_place(session)
        bundle = a_bundle(session, place)
    first = a_scan(bundle.coupons[0] if accepted else new_code(), place)
    try:
        take_scan(database, first, by=place.intake, now=LATER)
    except UnknownCoupon:
        assert not accepted

    other = a_scan(bundle.coupons[1], place, id=first.id)
    with pytest.raises(ScanIdReused):
        take_scan(database, other, by=place.intake, now=LATER)
    with database.snapshot() as session:
        assert session.get_one(Coupon, bundle.coupons[1].id).status is CouponStatus.ISSUED


def test_a_scan_of_a_site_nobody_knows_is_refused(session: Session) -> None:
    place = a_place(session)
    elsewhere = a_place(session)
    scan = a_scan(a_coupon(session, place), place, site=elsewhere.site.code)

    with pytest.raises(UnknownSite):
        redeem(session, scan, by=place.intake, now=LATER)


def test_of_desks_racing_for_one_coupon_exactly_one_wins(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        coupon = a_coupon(session, place)
    scans = [a_scan(coupon, place) for _ in range(16)]

    def attempt(scan: Scan) -> bool:
        try:
            take_scan(database, scan, by=place.intake, now=LATER)
        except CouponAlreadyRedeemed:
            return False
        return True

    with ThreadPoolExecutor(16) as desks:
        assert sum(desks.map(attempt, scans)) == 1
    counts = state(database)
    assert (counts["redeemed"], counts["people"], counts["owed"]) == (1, 2, 1)
    assert counts["refused"] == 15


@pytest.mark.parametrize("known", [True, False])
def test_one_scan_sent_many_times_at_once_gets_one_answer(database: Database, known: bool) -> None:
    with database.transaction() as session:
        place = a_place(session)
        scan = a_scan(a_coupon(session, place) if known else new_code(), place)

    def attempt(_: int) -> object:
        try:
            return take_scan(database, scan, by=place.intake, now=LATER)
        except UnknownCoupon as refusal:
            return refusal.code

    with ThreadPoolExecutor(16) as desks:
        answers = list(desks.map(attempt, range(16)))

    assert all(answer == answers[0] for answer in answers)
    counts = state(database)
    assert (counts["redeemed"], counts["refused"]) == ((1, 0) if known else (0, 1))

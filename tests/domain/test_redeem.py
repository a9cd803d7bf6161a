"""Redemption: a coupon counts once, and whoever brought it is served whatever the coupon is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

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
from app.domain.intake.actions import Scan, record_refusal, redeem, welcome_walk_in
from app.domain.intake.errors import LateReasonNeeded, ScanIdReused
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.participants.queries import origin_of, possible_duplicates, uic_digest
from app.domain.participants.rules import Came, Standing
from app.domain.programmes.errors import UnknownSite
from app.domain.staff.errors import NotAllowed
from app.domain.staff.rules import Role
from app.domain.stipends.models import LedgerEntry
from app.domain.visits.actions import screen, train
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
    a_site,
    go_through_visit,
)

LAST_DAY = datetime(2026, 4, 1, 12, tzinfo=UTC)  # thirty days after NOON


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
    assert {*REFUSALS, MistypedCode} == set(CouponRefused.__subclasses__())


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


# Kyiv goes over to summer time on 29 March 2026 at 03:00: its days begin at 22:00 UTC before, at 21:00 after.
@pytest.mark.parametrize(
    ("scanned_at", "usable"),
    [
        (datetime(2026, 3, 2, 21, 59, 59, tzinfo=UTC), False),  # the day of issue, by a second
        (datetime(2026, 3, 2, 22, 0, tzinfo=UTC), True),  # its first day
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), True),  # the night of the clocks
        (datetime(2026, 4, 1, 20, 59, 59, tzinfo=UTC), True),  # its last second
        (datetime(2026, 4, 1, 21, 0, tzinfo=UTC), False),
    ],
)
def test_a_coupon_is_usable_from_its_first_to_its_last_day_on_the_sites_calendar(
    session: Session, scanned_at: datetime, usable: bool
) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=scanned_at)

    if usable:
        assert redeem(session, scan, by=place.intake, now=scanned_at).outcome is Outcome.ACCEPTED
    else:
        with pytest.raises((CouponNotYetActive, CouponExpired)):
            redeem(session, scan, by=place.intake, now=scanned_at)


def test_the_day_is_that_of_the_site_where_the_coupon_is_scanned(session: Session) -> None:
    place = a_place(session)
    west = a_site(session, place.programme.id, timezone="Atlantic/Azores")
    bundle = a_bundle(session, place)
    late_evening = datetime(2026, 4, 1, 22, 30, tzinfo=UTC)  # already the 2nd in Kyiv

    with pytest.raises(CouponExpired):
        redeem(
            session,
            a_scan(bundle.coupons[0], place, scanned_at=late_evening),
            by=place.intake,
            now=late_evening,
        )
    verdict = redeem(
        session,
        a_scan(bundle.coupons[1], place.at(west), scanned_at=late_evening),
        by=place.intake,
        now=late_evening,
    )
    assert verdict.flags == ("other_site",)


def test_expiry_is_judged_at_the_scan_not_at_the_upload(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=LAST_DAY)

    verdict = redeem(session, scan, by=place.intake, now=LAST_DAY + timedelta(days=4))

    assert verdict.flags == ()
    person = session.get_one(Participant, verdict.participant_id)
    assert person.came_on == date(2026, 4, 1)


def test_an_upload_after_more_than_five_days_is_taken_and_flagged(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=LAST_DAY)

    verdict = redeem(session, scan, by=place.intake, now=LAST_DAY + timedelta(days=6))

    assert verdict.flags == ("late_upload",)


@pytest.mark.parametrize(
    ("ahead", "flags"),
    [
        (timedelta(minutes=4), ()),
        (timedelta(minutes=6), ("clock_ahead",)),
        (timedelta(days=700), ("clock_ahead",)),
    ],
)
def test_a_device_clock_ahead_is_not_believed(
    session: Session, ahead: timedelta, flags: tuple[str, ...]
) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=LATER + ahead)

    verdict = redeem(session, scan, by=place.intake, now=LATER)

    assert verdict.flags == flags
    assert session.get_one(Participant, verdict.participant_id).came_on == LATER.date()
    kept = session.get_one(Redemption, verdict.id)
    assert (kept.scanned_at, kept.received_at) == (LATER + ahead, LATER)


def test_a_device_clock_ahead_cannot_bring_a_coupon_forward(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=LATER)

    with pytest.raises(CouponNotYetActive):
        redeem(session, scan, by=place.intake, now=NOON)


@pytest.mark.parametrize("claimed", [NOON - timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)])
def test_a_scan_before_its_coupon_was_issued_is_judged_by_the_servers_time(
    session: Session, claimed: datetime
) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=claimed)

    verdict = redeem(session, scan, by=place.intake, now=LATER)

    assert verdict.flags == ("clock_behind",)
    assert session.get_one(Participant, verdict.participant_id).came_on == LATER.date()


def test_a_device_clock_behind_cannot_save_an_expired_coupon(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=NOON - timedelta(days=1))

    with pytest.raises(CouponExpired):
        redeem(session, scan, by=place.intake, now=LAST_DAY + timedelta(days=1))


def test_a_coupon_of_another_site_is_accepted_and_flagged(session: Session) -> None:
    place = a_place(session)
    other = place.at(a_site(session, place.programme.id))

    verdict = a_redemption(session, other, a_coupon(session, place))

    assert (verdict.outcome, verdict.flags) == (Outcome.ACCEPTED, ("other_site",))


@pytest.mark.parametrize(("days", "accepted"), [(1, True), (7, True), (8, False)])
def test_a_supervisor_may_accept_a_coupon_up_to_a_week_late_and_her_reason_is_kept(
    session: Session, days: int, accepted: bool
) -> None:
    place = a_place(session)
    now = LAST_DAY + timedelta(days=days)
    coupon = a_coupon(session, place)
    scan = a_scan(coupon, place, scanned_at=now, late_reason="The road was closed")

    if accepted:
        verdict = redeem(session, scan, by=place.manager, now=now)
        assert verdict.flags == ("accepted_late",)
        assert session.get_one(Redemption, scan.id).late_reason == "The road was closed"
    else:
        with pytest.raises(CouponExpired):
            redeem(session, scan, by=place.manager, now=now)


def test_a_late_coupon_needs_a_supervisor_and_a_reason(session: Session) -> None:
    place = a_place(session)
    now = LAST_DAY + timedelta(days=2)
    coupon = a_coupon(session, place)
    late = a_scan(coupon, place, scanned_at=now)

    with pytest.raises(CouponExpired):
        redeem(session, late, by=place.manager, now=now)
    for role in (Role.INTAKE, Role.HEALTH_EDUCATOR, Role.PROGRAMME_LEAD):
        with pytest.raises(NotAllowed):
            redeem(
                session,
                a_scan(coupon, place, scanned_at=now, late_reason="The road was closed"),
                by=place.staff[role],
                now=now,
            )
    with pytest.raises(LateReasonNeeded):
        redeem(
            session,
            a_scan(coupon, place, scanned_at=now, late_reason="  "),
            by=place.manager,
            now=now,
        )


def test_no_reason_makes_a_coupon_usable_too_early(session: Session) -> None:
    place = a_place(session)
    scan = a_scan(a_coupon(session, place), place, scanned_at=NOON, late_reason="She is in a hurry")

    with pytest.raises(CouponNotYetActive):
        redeem(session, scan, by=place.manager, now=NOON)


def test_two_people_with_one_code_whom_the_desk_told_apart_are_both_enrolled(
    session: Session,
) -> None:
    place = a_place(session)
    earlier = a_redemption(session, place, uic="IRY0190").participant_id
    scan = a_scan(a_coupon(session, place), place, uic="IRY-01-90", not_the_same=(earlier,))

    later = redeem(session, scan, by=place.intake, now=LATER).participant_id

    digest = uic_digest(session, place.programme.id, "Iry 0190")
    assert possible_duplicates(session, place.programme.id, digest, besides=later) == []
    assert possible_duplicates(session, place.programme.id, digest, besides=earlier) == []
    both = possible_duplicates(session, place.programme.id, digest)
    assert {match.participant_id for match in both} == {earlier, later}


def test_someone_told_apart_from_one_is_still_asked_about_another(session: Session) -> None:
    place = a_place(session)
    first = a_redemption(session, place, uic="IRY0190").participant_id
    a_redemption(session, place, uic="IRY0190", not_the_same=(first,))

    third = a_scan(a_coupon(session, place), place, uic="IRY0190", not_the_same=(first,))
    with pytest.raises(DuplicateParticipant):
        redeem(session, third, by=place.intake, now=LATER)


def test_a_recruiter_told_apart_from_her_recruit_is_not_self_recruitment(session: Session) -> None:
    place = a_place(session)
    seed = a_seed(session, place, uic="OLE0785")
    coupon = a_bundle(session, place, seed).coupons[0]

    scan = a_scan(coupon, place, uic="OLE0785", not_the_same=(seed,))

    assert redeem(session, scan, by=place.intake, now=LATER).outcome is Outcome.ACCEPTED


def test_the_same_code_in_another_programme_is_another_person(session: Session) -> None:
    place, other = a_place(session), a_place(session)
    a_redemption(session, other, uic="IRY0190")

    assert a_redemption(session, place, uic="IRY0190").outcome is Outcome.ACCEPTED


def test_a_walk_in_is_served_without_a_coupon_and_earns_nobody_anything(session: Session) -> None:
    place = a_place(session)

    person = welcome_walk_in(
        session, site=place.site.code, uic="HAN0381", by=place.intake, now=LATER
    )

    row = session.get_one(Participant, person)
    assert (row.came, row.wave, row.sealed_origin) == (Came.WALK_IN, None, None)
    reasons = screen(
        session,
        person,
        sex=row.sex,
        age=40,
        adult_confirmed=True,
        injected_recently=True,
        by=place.intake,
        now=LATER,
    )
    assert reasons == []
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


def test_a_walk_in_asked_for_twice_under_one_arrival_is_one_person(session: Session) -> None:
    place, arrival = a_place(session), uuid4()

    for _ in range(2):
        person = welcome_walk_in(
            session,
            site=place.site.code,
            uic="HAN0381",
            by=place.intake,
            now=LATER,
            arrival_id=arrival,
        )
        assert person == arrival
    assert session.scalar(select(func.count()).select_from(Participant)) == 1


def test_a_refused_coupon_does_not_stand_in_the_way_of_a_walk_in(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
    with pytest.raises(UnknownCoupon):
        take_scan(database, a_scan(new_code(), place), by=place.intake, now=LATER)

    with database.transaction() as session:
        assert welcome_walk_in(session, site=place.site.code, uic=None, by=place.intake, now=LATER)


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

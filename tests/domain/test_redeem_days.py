"""The days of a coupon, the clocks of devices, and what a supervisor may accept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.coupons.errors import (
    CouponExpired,
    CouponNotYetActive,
)
from app.domain.intake.actions import redeem
from app.domain.intake.errors import LateReasonNeeded
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.staff.errors import NotAllowed
from app.domain.staff.rules import Role
from tests.factories import (
    LATER,
    NOON,
    a_bundle,
    a_coupon,
    a_place,
    a_redemption,
    a_scan,
    a_site,
)

LAST_DAY = datetime(2026, 4, 1, 12, tzinfo=UTC)  # thirty days after NOON


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

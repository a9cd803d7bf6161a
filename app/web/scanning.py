"""A scan at any door: one transaction for a redemption, another to keep a refusal."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.core.db import Database
from app.domain.arrivals.actions import Arrival, arrive
from app.domain.coupons.errors import CouponRefused
from app.domain.intake.actions import record_refusal, redeem
from app.domain.intake.queries import Look, look_up
from app.domain.intake.rules import Scan, Verdict
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

MOST_ATTEMPTS = 3


def look_at(
    db: Database, scan: Scan, *, by: Actor, now: datetime, timezone: str
) -> tuple[Look | None, CouponRefused | None]:
    """A coupon as it was read, not redeemed: what is known of it, and why it cannot be used.

    A refusal is kept as the answer to this scan, when it was read by someone who redeems.
    """
    look: Look | None = None
    try:
        with db.snapshot() as session:
            look = look_up(
                session, scan.card, programme_id=by.programme_id, now=now, timezone=timezone
            )
        refusal = look.refusal
    except CouponRefused as unknown:
        refusal = unknown
    if refusal and by.may(Permission.REDEEM):
        with db.transaction() as session:
            record_refusal(session, scan, refusal, by=by, now=now)
    return look, refusal


def take_scan(db: Database, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Redeem, or keep the refusal and raise it. Raises: whatever ``redeem`` raises."""
    try:
        return _take(db, scan, by, now)
    except IntegrityError:
        # The same scan came twice at once: the other one is kept by now and has the answer.
        return _take(db, scan, by, now)


def take_arrival(db: Database, scan: Scan, *, by: Actor, now: datetime) -> Arrival:
    """Keep a visit that happened without a network: it is a fact, whatever became of the coupon.

    Raises: ScanIdReused, UnknownSite.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            with db.transaction() as session:
                return arrive(session, scan, by=by, now=now)
        except IntegrityError:
            # The same scan came twice at once: the other one is kept by now and has the answer.
            if attempt == MOST_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _take(db: Database, scan: Scan, by: Actor, now: datetime) -> Verdict:
    try:
        with db.transaction() as session:
            return redeem(session, scan, by=by, now=now)
    except CouponRefused as refusal:
        with db.transaction() as session:
            record_refusal(session, scan, refusal, by=by, now=now)
        raise

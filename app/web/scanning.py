"""A scan at any door: one transaction for a redemption, another to keep a refusal."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.core.db import Database
from app.domain.coupons.errors import CouponAlreadyRedeemed, CouponRefused
from app.domain.intake.actions import Scan, Verdict, record_conflict, record_refusal, redeem
from app.domain.intake.queries import Look, look_up
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission


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
                session, scan.coupon, programme_id=by.programme_id, now=now, timezone=timezone
            )
        refusal = look.refusal
    except CouponRefused as unknown:
        refusal = unknown
    if refusal and by.may(Permission.REDEEM):
        with db.transaction() as session:
            record_refusal(session, scan, refusal, by=by, now=now)
    return look, refusal


def take_scan(
    db: Database, scan: Scan, *, by: Actor, now: datetime, happened_offline: bool = False
) -> Verdict:
    """Redeem, or keep the refusal and raise it. Raises: whatever ``redeem`` raises.

    A visit that happened offline is a fact: a coupon that was spent elsewhere becomes a conflict.
    """
    try:
        return _take(db, scan, by, now, happened_offline)
    except IntegrityError:
        # The same scan came twice at once: the other one is kept by now and has the answer.
        return _take(db, scan, by, now, happened_offline)


def _take(db: Database, scan: Scan, by: Actor, now: datetime, happened_offline: bool) -> Verdict:
    try:
        with db.transaction() as session:
            return redeem(session, scan, by=by, now=now)
    except CouponRefused as refusal:
        with db.transaction() as session:
            if happened_offline and isinstance(refusal, CouponAlreadyRedeemed):
                return record_conflict(session, scan, by=by, now=now)
            record_refusal(session, scan, refusal, by=by, now=now)
        raise

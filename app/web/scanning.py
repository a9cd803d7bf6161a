"""A scan at any door: one transaction for a redemption, another to keep a refusal."""

from datetime import datetime

from app.core.db import Database
from app.domain.coupons.errors import CouponAlreadyRedeemed, CouponRefused
from app.domain.intake.actions import Scan, Verdict, record_conflict, record_refusal, redeem
from app.domain.staff.queries import Actor


def take_scan(db: Database, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Redeem, or keep the refusal and raise it. Raises: whatever ``redeem`` raises."""
    try:
        with db.transaction() as session:
            return redeem(session, scan, by=by, now=now)
    except CouponRefused as refusal:
        with db.transaction() as session:
            record_refusal(session, scan, refusal, by=by, now=now)
        raise


def take_offline_scan(db: Database, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Take in a scan of a visit that already happened: a coupon spent elsewhere becomes a conflict."""
    try:
        with db.transaction() as session:
            return redeem(session, scan, by=by, now=now)
    except CouponAlreadyRedeemed:
        with db.transaction() as session:
            return record_conflict(session, scan, by=by, now=now)
    except CouponRefused as refusal:
        with db.transaction() as session:
            record_refusal(session, scan, refusal, by=by, now=now)
        raise

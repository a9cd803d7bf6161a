"""Coupons of the demonstration that can be redeemed right now."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code
from app.core.crypto import keyring_of
from app.domain.coupons.errors import CouponRefused, TargetReached
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import open_origin
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.queries import look_up
from app.domain.participants.rules import EntryRoute, Sex
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import by_api_key
from app.domain.visits.actions import enrol_seed, give_bundle

HOW_MANY = 20
BEFORE_YESTERDAY_ENDS = timedelta(hours=26)


def usable_coupons(
    session: Session, programme_code: str, *, known: Iterable[str], manager_key: str, now: datetime
) -> tuple[str, ...]:
    """Twenty codes: those known that still can be redeemed, others that can, and if need be new ones.

    New ones are of seeds enrolled yesterday, for no coupon can be used on its first day. Fewer than twenty
    only when the programme has reached its target.
    """
    programme_id = programmes.programme_by_code(session, programme_code).id
    sites = programmes.sites(session, programme_id)
    zone = sites[0].timezone

    def is_usable(code: str) -> bool:
        try:
            look = look_up(session, Code(code), programme_id=programme_id, now=now, timezone=zone)
        except CouponRefused:
            return False
        return look.refusal is None

    codes = dict.fromkeys(code for code in known if is_usable(code))
    today = local_date(now, zone)
    live = session.scalars(
        select(Coupon)
        .where(
            Coupon.programme_id == programme_id,
            Coupon.status == CouponStatus.ISSUED,
            Coupon.usable_from <= today,
            Coupon.usable_until >= today,
        )
        .order_by(Coupon.usable_until.desc(), Coupon.code_digest)
        .limit(2 * HOW_MANY)
    )
    keyring = keyring_of(session)
    codes |= dict.fromkeys(open_origin(keyring, row.id, row.sealed_origin).code for row in live)
    manager = by_api_key(session, manager_key)
    while len(codes) < HOW_MANY:
        seed_id = enrol_seed(
            session,
            site=sites[len(codes) % len(sites)],
            sex=Sex.FEMALE,
            age=32,
            network_size=15,
            entry_route=EntryRoute.FRIEND,
            by=manager,
            now=now - BEFORE_YESTERDAY_ENDS,
        )
        try:
            bundle = give_bundle(session, seed_id, by=manager, now=now - BEFORE_YESTERDAY_ENDS)
        except TargetReached:
            break
        codes |= dict.fromkeys(coupon.code for coupon in bundle.coupons)
    return tuple(codes)[:HOW_MANY]

from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code
from app.core.crypto import keyring_of
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import CouponNotYetActive
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponState, reason_unusable
from app.domain.programmes import queries as programmes
from app.domain.programmes.models import Site
from app.domain.screens.rules import (
    CouponUsable,
    NotUsable,
    SiteHours,
    SiteLine,
    SiteList,
)

_COUPON = (
    select(Coupon.status, Coupon.usable_from, Coupon.usable_until, Site.timezone)
    .join(Site, Site.id == Coupon.site_id)
    .where(
        Coupon.code_digest == bindparam("digest"),
        Coupon.programme_id == bindparam("programme", type_=Uuid()),
    )
)


def coupon_says(
    session: Session, programme_id: UUID, digits: str, *, now: datetime
) -> CouponUsable | NotUsable:
    """Whether a coupon can be used where it was issued, today or from its first day on: one statement, whatever becomes of it."""
    digest = coupons.code_digest(keyring_of(session), Code(digits))
    given = {"digest": digest, "programme": programme_id}
    found = session.connection().execute(_COUPON, given).first()
    if found is None:
        return NotUsable()
    state = CouponState(found.status, found.usable_from, found.usable_until)
    refused = reason_unusable(state, on=local_date(now, found.timezone))
    if isinstance(refused, CouponNotYetActive):
        return CouponUsable(found.usable_until, since=found.usable_from)
    return NotUsable() if refused else CouponUsable(found.usable_until)


def site_list(session: Session, programme_id: UUID) -> SiteList:
    """Where people can come, by code."""
    sites = programmes.sites(session, programme_id)
    return SiteList(tuple(SiteLine(each.code, each.name) for each in sites))


def site_hours(session: Session, programme_id: UUID, code: str) -> SiteHours | NotUsable:
    site = site_of(session, programme_id, code)
    if site is None:
        return NotUsable()
    return SiteHours(site.name, site.address, site.phone, site.opening_hours)


def site_of(session: Session, programme_id: UUID, code: str) -> programmes.SiteFacts | None:
    sites = programmes.sites(session, programme_id)
    return next((each for each in sites if each.code == code), None)

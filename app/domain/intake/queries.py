from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code, Token
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import CouponRefused, UnknownCoupon, WrongProgramme
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponState, CouponStatus, reason_unusable
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import Outcome
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.models import Programme, ProtocolVersion, Site
from app.domain.programmes.queries import SiteFacts, site_facts
from app.domain.programmes.rules import Protocol


@dataclass(frozen=True)
class Surroundings:
    """All that a scan needs to know of where it happened, from one statement."""

    site: SiteFacts
    protocol_id: UUID
    protocol: Protocol
    currency: str
    redemption: Redemption | None
    refused: RefusedScan | None


@dataclass(frozen=True)
class Look:
    """A coupon as a desk may see it: its state, never whose it is."""

    status: CouponStatus
    usable_from: date
    usable_until: date
    refusal: CouponRefused | None


_NEWEST = (
    select(func.max(ProtocolVersion.version))
    .where(ProtocolVersion.programme_id == bindparam("programme"))
    .scalar_subquery()
)
# Built once: making the statement anew costs more than running it.
_SURROUNDINGS = (
    select(Site, ProtocolVersion, Programme.currency, Redemption, RefusedScan)
    .join(Programme, Programme.id == Site.programme_id)
    .join(
        ProtocolVersion,
        (ProtocolVersion.programme_id == Site.programme_id) & (ProtocolVersion.version == _NEWEST),
    )
    .outerjoin(Redemption, Redemption.id == bindparam("scan"))
    .outerjoin(RefusedScan, RefusedScan.id == bindparam("scan"))
    .where(Site.programme_id == bindparam("programme"), Site.code == bindparam("site"))
)


def surroundings(
    session: Session, *, programme_id: UUID, site_code: str, scan_id: UUID
) -> Surroundings:
    """The site, the rules in force, and what this scan was answered before. Raises: UnknownSite."""
    row = session.execute(
        _SURROUNDINGS, {"programme": programme_id, "site": site_code, "scan": scan_id}
    ).first()
    if row is None:
        raise UnknownSite(site=site_code)
    site, protocol, currency, redemption, refused = row
    rules = Protocol.from_json(protocol.rules)
    return Surroundings(site_facts(site), protocol.id, rules, currency, redemption, refused)


def look_up(
    session: Session, scanned: Code | Token, *, programme_id: UUID, now: datetime, timezone: str
) -> Look:
    """Whether a coupon can be redeemed now, without redeeming it.

    Raises:
        UnknownCoupon, WrongProgramme.
    """
    row, state = coupon_state(session, scanned, programme_id=programme_id)
    refusal = reason_unusable(state, on=local_date(now, timezone))
    return Look(row.status, row.usable_from, row.usable_until, refusal)


def coupon_state(
    session: Session, scanned: Code | Token, *, programme_id: UUID
) -> tuple[Coupon, CouponState]:
    """A coupon and, when it is redeemed, since when. Raises: UnknownCoupon, WrongProgramme."""
    found = session.execute(
        select(Coupon, Redemption.scanned_at)
        .outerjoin(
            Redemption,
            (Redemption.coupon_id == Coupon.id) & (Redemption.outcome == Outcome.ACCEPTED),
        )
        .where(coupons.names(session, scanned))
    ).first()
    if found is None:
        raise UnknownCoupon
    coupon, redeemed_at = found
    if coupon.programme_id != programme_id:
        raise WrongProgramme
    return coupon, CouponState(coupon.status, coupon.usable_from, coupon.usable_until, redeemed_at)


def accepted_redemption(session: Session, coupon_id: UUID) -> Redemption | None:
    return session.scalar(
        select(Redemption).where(
            Redemption.coupon_id == coupon_id, Redemption.outcome == Outcome.ACCEPTED
        )
    )


def redemption_of(session: Session, participant_id: UUID) -> UUID | None:
    """The redemption by which a participant came, if she came by one."""
    return session.scalar(select(Redemption.id).where(Redemption.participant_id == participant_id))

"""Decisions about coupons: facts in, a verdict or an error out."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponExpired,
    CouponIsFinal,
    CouponLost,
    CouponNotYetActive,
    CouponRefused,
    CouponVoid,
)


class CouponStatus(StrEnum):
    """What is stored. *Not yet active* and *expired* follow from the dates and are stored nowhere."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    VOID = "void"
    LOST = "lost"
    REFUSED = "refused"


@dataclass(frozen=True)
class CouponState:
    """What decides whether a coupon can be redeemed."""

    status: CouponStatus
    usable_from: date
    usable_until: date
    redeemed_at: datetime | None = None


def check_redeemable(coupon: CouponState, *, on: date, grace_days: int = 0) -> None:
    """Refuse a coupon that is spent, ended or outside its days, the last day being inside.

    Raises:
        CouponAlreadyRedeemed, CouponLost, CouponVoid, CouponNotYetActive, CouponExpired.
    """
    if coupon.status is CouponStatus.REDEEMED:
        when = coupon.redeemed_at.isoformat() if coupon.redeemed_at else None
        raise CouponAlreadyRedeemed(redeemed_at=when)
    if coupon.status is CouponStatus.LOST:
        raise CouponLost
    if coupon.status is not CouponStatus.ISSUED:
        raise CouponVoid
    if on < coupon.usable_from:
        raise CouponNotYetActive(usable_from=coupon.usable_from.isoformat())
    if (on - coupon.usable_until).days > grace_days:
        raise CouponExpired(usable_until=coupon.usable_until.isoformat())


def reason_unusable(coupon: CouponState, *, on: date) -> CouponRefused | None:
    """Why a coupon cannot be redeemed on a day; None when it can."""
    try:
        check_redeemable(coupon, on=on)
    except CouponRefused as refusal:
        return refusal
    return None


def check_can_end(coupon: CouponState) -> None:
    """Raises: CouponIsFinal."""
    if coupon.status is not CouponStatus.ISSUED:
        raise CouponIsFinal(status=coupon.status.value)

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.coupons.rules import CouponStatus


class CouponBundle(Base):
    """Three coupons for one person. Whose they are and which they are is sealed; ``holder_digest`` keeps it to one each."""

    __tablename__ = "coupon_bundle"
    __table_args__ = (UNORDERED,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    protocol_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    holder_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_contents: Mapped[bytes]
    size: Mapped[int]
    issued_on: Mapped[date]
    issued_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))


class ReservedCoupon(Base):
    """A code and a token on a pad that was printed before anyone held it.

    Its digests are of another purpose than a coupon's own: what is known of pads does not group the coupons they became.
    """

    __tablename__ = "reserved_coupon"
    __table_args__ = (Index("ix_reserved_coupon_pad_id", "pad_id"), UNORDERED)

    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    pad_id: Mapped[UUID] = mapped_column(ForeignKey("coupon_pad.id"))


class Coupon(Base):
    """One coupon. Its code and token are kept only as keyed digests; where it came from is sealed."""

    __tablename__ = "coupon"
    __table_args__ = (
        Index("ix_coupon_live", "programme_id", "status", "usable_until"),
        CheckConstraint("usable_from <= usable_until", name="dates_in_order"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    code_digest: Mapped[bytes] = mapped_column(unique=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_origin: Mapped[bytes]
    status: Mapped[CouponStatus] = mapped_column(choice(CouponStatus))
    usable_from: Mapped[date]
    usable_until: Mapped[date]
    status_on: Mapped[date]

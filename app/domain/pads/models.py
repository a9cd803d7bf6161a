from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.pads.rules import PadStatus


class PadBatch(Base):
    """Pads that are printed in one go. Its id is the request's, so that asking twice prints once.

    Its pads count from ``printed_at`` on, the moment at which the sheets were first taken away: what was never on paper
    can be nobody's.
    """

    __tablename__ = "pad_batch"
    __table_args__ = (Index("ix_pad_batch_programme", "programme_id", "requested_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    pads: Mapped[int]
    cards: Mapped[int]
    run_id: Mapped[UUID | None]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    requested_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]


class CouponPad(Base):
    """A bundle on paper that is nobody's yet. Its codes and tokens, and who was promised it, are sealed."""

    __tablename__ = "coupon_pad"
    __table_args__ = (
        Index("ix_coupon_pad_batch", "batch_id", "status"),
        Index("ix_coupon_pad_programme", "programme_id", "status"),
        CheckConstraint("status <> 'promised' OR promised_digest IS NOT NULL", name="promised_to"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("pad_batch.id"))
    sealed_contents: Mapped[bytes]
    size: Mapped[int]
    status: Mapped[PadStatus] = mapped_column(choice(PadStatus))
    promised_digest: Mapped[bytes | None] = mapped_column(unique=True)
    status_on: Mapped[date]

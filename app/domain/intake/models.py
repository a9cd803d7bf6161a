from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.domain.intake.rules import Answer, Outcome


class Redemption(Base):
    """A coupon handed in and a person served. Its id is made by the device before it sends, so a retry is the same row."""

    __tablename__ = "redemption"
    __table_args__ = (
        Index(
            "uq_redemption_accepted",
            "coupon_id",
            unique=True,
            sqlite_where=text("outcome = 'accepted'"),
            postgresql_where=text("outcome = 'accepted'"),
        ),
        Index("ix_redemption_coupon", "coupon_id"),
        Index("ix_redemption_received", "programme_id", "received_at"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    coupon_id: Mapped[UUID] = mapped_column(ForeignKey("coupon.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    answer: Mapped[Answer] = mapped_column(choice(Answer))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    device_id: Mapped[str]
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime]
    protocol_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    flags: Mapped[list[str]]
    late_reason: Mapped[str | None]
    request_digest: Mapped[bytes]


class RefusedScan(Base):
    """A scan that redeemed nothing, with the answer it was given: the same scan gets the same answer.

    ``sealed_tail`` is the end of the digits that were read, for the list of last scans of whoever read them.
    """

    __tablename__ = "refused_scan"
    __table_args__ = (Index("ix_refused_scan_received", "programme_id", "received_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    device_id: Mapped[str]
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime]
    code: Mapped[str]
    facts: Mapped[dict[str, Any]]
    request_digest: Mapped[bytes]
    sealed_tail: Mapped[bytes | None]

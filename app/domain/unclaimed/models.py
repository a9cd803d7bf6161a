from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import uuid7
from app.domain.unclaimed.rules import RequestState


class ClaimReminder(Base):
    """That someone was reminded, and how often while the same was owed. Who is told by the key only."""

    __tablename__ = "claim_reminder"
    __table_args__ = (CheckConstraint("number >= 0", name="number_counted"), UNORDERED)

    person_digest: Mapped[bytes] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    sent_on: Mapped[date]


class WriteOffRequest(Base):
    """That a site's expired money, all that expired until a day, is given up. Asked by one person, decided by another."""

    __tablename__ = "write_off_request"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
        CheckConstraint("(state = 'waiting') = (decided_by IS NULL)", name="decided_by_someone"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_write_off_request_programme", "programme_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    expired_until: Mapped[date]
    rewards: Mapped[int]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[RequestState] = mapped_column(choice(RequestState))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    requested_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None]

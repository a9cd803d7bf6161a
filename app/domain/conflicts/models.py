from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.domain.conflicts.rules import Decision


class ConflictDecision(Base):
    """Which of two redemptions of one coupon stands. Decided once, by a person, with a reason."""

    __tablename__ = "conflict_decision"

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    decision: Mapped[Decision] = mapped_column(choice(Decision))
    reason: Mapped[str]
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]

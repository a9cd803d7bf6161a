from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.feedback.rules import FeedbackState


class Feedback(Base):
    """What someone said without a name. It holds no number and no time: a day is all that tells when.

    Its receipt is known only as a digest, so that nobody who answers can read the answer in her place.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("(state = 'answered') = (sealed_answer IS NOT NULL)", name="answer_there"),
        CheckConstraint(
            "(state = 'waiting') = (handled_on IS NULL) AND (handled_on IS NULL) = (handled_by IS NULL)",
            name="handled_by_someone",
        ),
        CheckConstraint("first_read_on IS NULL OR state = 'answered'", name="answer_read"),
        Index("ix_feedback_programme", "programme_id", "state", "said_on"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    receipt_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_text: Mapped[bytes]
    language: Mapped[str]
    said_on: Mapped[date]
    state: Mapped[FeedbackState] = mapped_column(choice(FeedbackState))
    is_urgent: Mapped[bool]
    sealed_answer: Mapped[bytes | None]
    handled_on: Mapped[date | None]
    handled_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    first_read_on: Mapped[date | None]


class FeedbackNotice(Base):
    """That a programme's staff were told on a day that something waits to be answered."""

    __tablename__ = "feedback_notice"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    told_on: Mapped[date] = mapped_column(primary_key=True)

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.domain.answers.rules import FileState

_APPLIED = text("state = 'applied'")


class PayoutAnswerFile(Base):
    """A file that came back for a batch, looked at, then booked as a whole or dropped. The same file is booked once."""

    __tablename__ = "payout_answer_file"
    __table_args__ = (
        CheckConstraint(
            "(state = 'applied') = (applied_by IS NOT NULL)"
            " AND (applied_by IS NULL) = (applied_at IS NULL)",
            name="applied_by_someone",
        ),
        Index(
            "uq_payout_answer_file_applied",
            "programme_id",
            "sha256",
            unique=True,
            sqlite_where=_APPLIED,
            postgresql_where=_APPLIED,
        ),
        Index("ix_payout_answer_file_batch", "batch_id", "uploaded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("payout_batch.id"))
    profile: Mapped[str]
    sha256: Mapped[bytes]
    state: Mapped[FileState] = mapped_column(choice(FileState), default=FileState.PREVIEWED)
    lines: Mapped[int]
    sealed_answers: Mapped[bytes]
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    uploaded_at: Mapped[datetime]
    applied_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    applied_at: Mapped[datetime | None]

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class SignalReview(Base):
    """A look at a pattern: set aside, or taken up again. Append-only; the newest of a digest counts.

    ``signal_digest`` is keyed: it names the pattern, and so a chain or a person, only with the key. ``excess`` is how much
    more than expected there was at the time.
    """

    __tablename__ = "signal_review"
    __table_args__ = (Index("ix_signal_review_programme", "programme_id", "signal_digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    signal_digest: Mapped[bytes]
    kind: Mapped[str]
    excess: Mapped[int]
    is_aside: Mapped[bool]
    note: Mapped[str]
    reviewed_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    reviewed_at: Mapped[datetime]

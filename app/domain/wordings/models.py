from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class MessageTemplate(Base):
    """A programme's own words for a template in a language; an empty text goes back to ours. The newest number holds."""

    __tablename__ = "message_template"
    __table_args__ = (UniqueConstraint("programme_id", "name", "language", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    name: Mapped[str]
    language: Mapped[str]
    number: Mapped[int]
    text: Mapped[str]
    written_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    written_at: Mapped[datetime]

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base
from app.core.ids import random_id


class CodeMiss(Base):
    """A code or PIN that was wrong by telephone. Gone after a day: it is only there to be counted."""

    __tablename__ = "code_miss"
    __table_args__ = (Index("ix_code_miss_at", "programme_id", "at"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    caller_digest: Mapped[bytes]
    at: Mapped[datetime]


class ReplyCount(Base):
    """How many text messages of a number were answered in an hour, so that two machines do not answer each other for ever."""

    __tablename__ = "reply_count"
    __table_args__ = (CheckConstraint("replies > 0", name="counted"), UNORDERED)

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    number_digest: Mapped[bytes] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    replies: Mapped[int]

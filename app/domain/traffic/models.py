from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base


class ChannelDay(Base):
    """What a channel did and cost on a day of the programme's clock. ``rests_until``: its provider asked for a pause."""

    __tablename__ = "channel_day"
    __table_args__ = (CheckConstraint("spent_minor >= 0 AND parts >= 0", name="counted"), UNORDERED)

    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    parts: Mapped[int] = mapped_column(default=0)
    spent_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[datetime | None]


class MessageCap(Base):
    """How many messages a number got on a day, through whatever channel; kept as long as a week counts."""

    __tablename__ = "message_cap"
    __table_args__ = (CheckConstraint("messages >= 0", name="counted"), UNORDERED)

    number_digest: Mapped[bytes] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    messages: Mapped[int] = mapped_column(default=0)

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Channel(Base):
    """A provider's account. What opens it there is sealed; ``allowed_addresses`` are whence its calls may come."""

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_counted"),
        CheckConstraint("daily_budget_minor IS NULL OR daily_budget_minor >= 0", name="budget"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    slug: Mapped[str]
    name: Mapped[str]
    media: Mapped[list[str]]
    sender: Mapped[str]
    sealed_options: Mapped[bytes]
    allowed_addresses: Mapped[list[str]]
    receives: Mapped[bool]
    sends: Mapped[bool]
    priority: Mapped[int]
    price_minor: Mapped[int]
    currency: Mapped[str]
    daily_budget_minor: Mapped[int | None]
    language: Mapped[str]
    is_on: Mapped[bool]
    opened_at: Mapped[datetime]


class ChannelSecret(Base):
    """What a provider shows in the address it calls: a keyed digest, and sealed, for the addresses we give it with each message.

    A channel has two slots, so that one secret can take over from another.
    """

    __tablename__ = "channel_secret"
    __table_args__ = (
        CheckConstraint("slot IN (1, 2)", name="two_at_most"),
        UniqueConstraint("channel_id", "slot"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    slot: Mapped[int]
    digest: Mapped[bytes]
    sealed_secret: Mapped[bytes]
    made_at: Mapped[datetime]

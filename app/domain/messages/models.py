"""Whom a message is for and which number it goes to is sealed.

Days stand where an instant would join messages that were queued or delivered in one breath. The instants there are, of a lease
or of the next try, are those of a worker's clock, and are emptied as soon as they have served.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.channels.events import DeliveryState
from app.domain.messages.rules import AttemptState, MessageKind, MessageState


class Message(Base):
    """One message to one person, or an answer to a telephone. The same cause queues it once.

    ``available_at`` is when it is looked at next, None when only a person can move it on. ``tries`` counts since it was queued
    or sent again; ``counted_on`` is the day under which it counts for the number it goes to.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_waiting", "state", "available_at"),
        Index("ix_message_programme", "programme_id", "state"),
        CheckConstraint(
            "(state IN ('leased', 'sending')) = (leased_until IS NOT NULL)", name="leased"
        ),
        CheckConstraint(
            "(state IN ('delivered', 'failed', 'dropped', 'dead')) = (ended_on IS NOT NULL)",
            name="ended",
        ),
        CheckConstraint("state <> 'waiting' OR available_at IS NOT NULL", name="looked_at"),
        CheckConstraint("tries >= 0", name="tries_counted"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    cause_digest: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind))
    sealed_body: Mapped[bytes | None]
    state: Mapped[MessageState] = mapped_column(choice(MessageState))
    reason: Mapped[str | None]
    queued_on: Mapped[date]
    expires_at: Mapped[datetime]
    available_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    tries: Mapped[int] = mapped_column(default=0)
    counted_on: Mapped[date | None]
    ended_on: Mapped[date | None]


class MessageAttempt(Base):
    """One call of a provider: its id is our id there."""

    __tablename__ = "message_attempt"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    number: Mapped[int]
    state: Mapped[AttemptState] = mapped_column(choice(AttemptState))
    sealed_number: Mapped[bytes | None]
    reason: Mapped[str | None]
    parts: Mapped[int]
    cost_minor: Mapped[int] = mapped_column(BigInteger)
    made_on: Mapped[date]


class ProviderMessage(Base):
    """What a provider calls a message of ours, as a keyed digest: whoever learns it first, we or a report that came before us.

    One key for both, so that of two at the same moment the second finds what the first has left.
    """

    __tablename__ = "provider_message"
    __table_args__ = (Index("ix_provider_message_attempt", "attempt_id"), UNORDERED)

    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    provider_digest: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("message_attempt.id"))
    state: Mapped[DeliveryState | None] = mapped_column(choice(DeliveryState))
    reason: Mapped[str | None]
    is_opted_out: Mapped[bool]
    learnt_on: Mapped[date]

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base
from app.core.ids import random_id


class ProviderEvent(Base):
    """What a provider told us once: by its digest it is known again, and gets the same answer.

    The number, the screen that was answered and when are sealed; in clear stands only the day. Where what was said is
    anonymous ``caller_digest`` is empty, nothing sealed has the number, and the answer is gone at ``scrub_at``, within minutes.
    """

    __tablename__ = "provider_event"
    __table_args__ = (
        UniqueConstraint("channel_id", "digest"),
        Index("ix_provider_event_heard_on", "heard_on"),
        Index("ix_provider_event_scrub_at", "scrub_at"),
        Index("ix_provider_event_caller", "programme_id", "caller_digest"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    digest: Mapped[bytes]
    heard_on: Mapped[date]
    scrub_at: Mapped[datetime | None]
    caller_digest: Mapped[bytes | None]
    sealed_contents: Mapped[bytes | None]


class UssdSession(Base):
    """A conversation on a telephone's menu, for a day: where it is, what was shown last and to whom, sealed."""

    __tablename__ = "ussd_session"
    __table_args__ = (
        UniqueConstraint("channel_id", "digest"),
        Index("ix_ussd_session_caller", "channel_id", "caller_digest"),
        Index("ix_ussd_session_touched_at", "touched_at"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"))
    digest: Mapped[bytes]
    caller_digest: Mapped[bytes | None]
    touched_at: Mapped[datetime]
    sealed_contents: Mapped[bytes]


class RawCall(Base):
    """A provider's call as it came, sealed, for three days; none that held digits, a PIN or what someone said without a name."""

    __tablename__ = "raw_call"
    __table_args__ = (Index("ix_raw_call_heard_on", "heard_on"), UNORDERED)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channel.id"), index=True)
    heard_on: Mapped[date]
    sealed_contents: Mapped[bytes]

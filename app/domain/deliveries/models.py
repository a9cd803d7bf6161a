from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.domain.deliveries.rules import Outcome, Settled

_UNBOOKED = text("sealed_body IS NOT NULL")


class DeskEvent(Base):
    """The answer to something a device did and sent, for ever. Append-only.

    What was done, with whom and when is not here: numbers of one device follow each other, and would join people. ``digest``
    is keyed and tells another event under the same id; ``envelope_hash`` is what the next event must name. Only what could
    not be booked is kept, sealed, until someone has looked at it. Two events may claim one number, from a device that was
    set back: both happened.
    """

    __tablename__ = "desk_event"
    __table_args__ = (
        Index("ix_desk_event_seq", "device_id", "seq"),
        Index(
            "ix_desk_event_unbooked",
            "programme_id",
            "received_at",
            sqlite_where=_UNBOOKED,
            postgresql_where=_UNBOOKED,
        ),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    seq: Mapped[int]
    received_at: Mapped[datetime]
    digest: Mapped[bytes]
    envelope_hash: Mapped[bytes]
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    code: Mapped[str | None]
    flags: Mapped[list[str]]
    sealed_body: Mapped[bytes | None]


class DeskEventSettlement(Base):
    """What someone decided about an event that could not be booked, once. Append-only."""

    __tablename__ = "desk_event_settlement"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("desk_event.id"), primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    settled_as: Mapped[Settled] = mapped_column(choice(Settled))
    sealed_reason: Mapped[bytes | None]
    settled_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    settled_at: Mapped[datetime]

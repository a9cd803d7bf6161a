"""Events are rows written in the same transaction as the change they report.

Bodies are sealed: an event names a person or a coupon, and the order of events would join them.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.crypto import keyring_of
from app.core.db import Base, put
from app.core.ids import uuid7


@dataclass(frozen=True)
class Event:
    """A fact about the past. Subclasses hold only JSON values."""


class OutboxRow(Base):
    """An event on its way. ``leased_until`` is how long one worker may keep it to itself."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "delivered_at", "available_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID]
    kind: Mapped[str]
    sealed_body: Mapped[bytes]
    at: Mapped[datetime]
    available_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None]
    failure: Mapped[str | None]


def emit(session: Session, event: Event, *, programme_id: UUID, at: datetime) -> None:
    """Put an event on its way; it leaves when, and only when, the transaction commits."""
    row = uuid7()
    body = json.dumps(asdict(event)).encode()
    put(
        session,
        OutboxRow,
        {
            "id": row,
            "programme_id": programme_id,
            "kind": type(event).__name__,
            "sealed_body": keyring_of(session).seal(
                body, table="outbox", column="sealed_body", row=row
            ),
            "at": at,
            "available_at": at,
            "attempts": 0,
        },
    )


def body_of(session: Session, row: OutboxRow) -> dict[str, Any]:
    """The JSON values of a waiting event."""
    sealed = keyring_of(session).open(
        row.sealed_body, table="outbox", column="sealed_body", row=row.id
    )
    return dict(json.loads(sealed))

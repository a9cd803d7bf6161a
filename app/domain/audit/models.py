"""The record of who did what and who read what: append-only, and chained."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class AuditEvent(Base):
    """One act. ``mac`` proves at once that the row is as it was written; ``AuditLink`` that none is missing.

    Facts hold states, counts and reasons: never a phone, a code, a name, or both ends of a recruitment.
    """

    __tablename__ = "audit_event"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID | None] = mapped_column(index=True)
    at: Mapped[datetime]
    staff_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]]
    mac: Mapped[bytes]

    def text(self) -> str:
        """The event as one line, the same on every database."""
        fields = [self.id, self.programme_id, self.at.astimezone(UTC).isoformat(), self.staff_id]
        words = [None if each is None else str(each) for each in fields]
        return json.dumps([*words, self.action, self.subject, self.facts], sort_keys=True)


class AuditLink(Base):
    """The place of an event in the chain: ``hash`` covers the event and the hash before it."""

    __tablename__ = "audit_link"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_event.id"), unique=True)
    hash: Mapped[bytes]
